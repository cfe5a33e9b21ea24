//! Why the hub did not do something.

use domain::Problem;
use domain::protocol::{CallError, CallRefusal};

use crate::store::StoreError;

/// The hub's errors: what the caller did wrong, or what broke here.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The caller may not, or asked for what is not there.
    #[error("refused: {code:?}")]
    Refused {
        /// Why.
        code: CallRefusal,
        /// What is wrong with which field.
        problems: Vec<Problem>,
    },
    /// The bytes of an upload go on somewhere else.
    #[error("the upload stands at {offset}")]
    WrongOffset {
        /// Where.
        offset: u64,
    },
    /// The database broke.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The photo folder broke.
    #[error("the photo folder: {0}")]
    Photos(#[from] std::io::Error),
    /// Something that cannot happen with sound data.
    #[error("{0}")]
    Broken(String),
}

impl HubError {
    /// A refusal without particulars.
    pub fn refused(code: CallRefusal) -> Self {
        HubError::Refused { code, problems: Vec::new() }
    }

    /// A refusal because of fields.
    pub fn invalid(problems: Vec<Problem>) -> Self {
        HubError::Refused { code: CallRefusal::Invalid, problems }
    }

    /// The code that a caller sees.
    pub fn code(&self) -> CallRefusal {
        match self {
            HubError::Refused { code, .. } => *code,
            HubError::WrongOffset { .. } => CallRefusal::WrongOffset,
            HubError::Store(_) | HubError::Photos(_) | HubError::Broken(_) => CallRefusal::Internal,
        }
    }
}

impl From<HubError> for CallError {
    fn from(error: HubError) -> Self {
        match error.code() {
            CallRefusal::SignedOut => CallError::SignedOut,
            CallRefusal::Revoked => CallError::Revoked,
            CallRefusal::Ordered => CallError::Ordered,
            CallRefusal::Internal => CallError::Unavailable(error.to_string()),
            code => CallError::Refused { code },
        }
    }
}
