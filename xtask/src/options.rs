//! Reads what follows a verb on the command line.

use crate::sh::{Outcome, fail};

/// The options given to one verb.
#[derive(Debug, Default)]
pub(crate) struct Options {
    flags: Vec<String>,
    values: Vec<(String, String)>,
}

impl Options {
    /// Reads flags (`--release`) and options with a value (`--data DIR`); anything else is refused by name.
    pub(crate) fn read(arguments: Vec<String>, flags: &[&str], with_value: &[&str]) -> Outcome<Self> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if flags.contains(&argument.as_str()) {
                options.flags.push(argument);
            } else if with_value.contains(&argument.as_str()) {
                match arguments.next() {
                    Some(value) => options.values.push((argument, value)),
                    None => return fail(format!("`{argument}` needs a value.")),
                }
            } else {
                let known = flags.iter().chain(with_value).copied().collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() { "there are no options here".to_owned() } else { known };
                return fail(format!("`{argument}` is not known; known: {known}."));
            }
        }
        Ok(options)
    }

    /// Whether a flag was given.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// The last value given for an option.
    pub(crate) fn value(&self, option: &str) -> Option<&str> {
        self.values.iter().rev().find(|(name, _)| name == option).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Outcome<Options> {
        Options::read(line.split_whitespace().map(str::to_owned).collect(), &["--release"], &["--data"])
    }

    #[test]
    fn flags_and_values_are_read() {
        let options = read("--data there --release").unwrap();
        assert!(options.has("--release"));
        assert_eq!(options.value("--data"), Some("there"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(read("--fast").unwrap_err().0, "`--fast` is not known; known: --release, --data.");
        assert_eq!(read("--data").unwrap_err().0, "`--data` needs a value.");
    }
}
