//! Why a test could not go on: one sentence for the person who reads the test's output.

/// What every step of a test returns.
pub type Outcome<T = ()> = Result<T, Trouble>;

/// One sentence about what was expected and did not come.
#[derive(thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);

// A test that returns an error prints it with `Debug`: the sentence itself is what its reader wants.
impl std::fmt::Debug for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says that something is not as it should be.
///
/// # Errors
/// Always: that is its purpose.
pub fn trouble<T>(sentence: impl Into<String>) -> Outcome<T> {
    Err(Trouble(sentence.into()))
}

/// Adds what was being done to an error of somebody else.
pub trait Doing<T> {
    /// Turns the error into a sentence that begins with what was being done.
    ///
    /// # Errors
    /// When `self` is one.
    fn doing(self, what: &str) -> Outcome<T>;
}

impl<T, E: std::fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: &str) -> Outcome<T> {
        self.map_err(|error| Trouble(format!("{what}: {error}")))
    }
}
