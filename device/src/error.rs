//! What can go wrong on the phone. Callers branch on the variants; the screens get a code, the log the rest.

use domain::Problem;
use domain::protocol::CallError;

/// Why something did not happen. Nothing that was stored before is lost by any of these.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The register is sealed: the PIN is needed.
    #[error("the register is locked")]
    Locked,
    /// The desk ordered this phone to lock itself: the PIN opens nothing until the desk lifts the lock.
    #[error("the desk locked this phone")]
    LockedByDesk,
    /// This phone has not been enrolled yet.
    #[error("the phone is not enrolled")]
    NotEnrolled,
    /// This phone is enrolled already; its register is not replaced.
    #[error("the phone is enrolled already")]
    AlreadyEnrolled,
    /// A PIN that is not six digits.
    #[error("a PIN has six digits")]
    PinForm,
    /// Not the PIN; another try is taken after so many milliseconds.
    #[error("wrong PIN, next try in {wait_ms} ms")]
    WrongPin {
        /// Milliseconds until the next try is taken.
        wait_ms: i64,
    },
    /// The pause after wrong PINs is not over; the PIN was not looked at.
    #[error("too many wrong PINs, next try in {wait_ms} ms")]
    TooManyTries {
        /// Milliseconds until the next try is taken.
        wait_ms: i64,
    },
    /// Fields that may not be stored like this.
    #[error("{} problems in what was to be stored", .0.len())]
    Invalid(Vec<Problem>),
    /// No such record, draft, photo or refusal.
    #[error("no such thing is stored")]
    NotFound,
    /// An append-only record, or one that has been offered to the server: it cannot be changed or taken back any more.
    #[error("this can no longer be changed")]
    Sealed,
    /// The phone's storage is full; what was stored before is untouched.
    #[error("the storage is full")]
    StorageFull,
    /// The file was written by a newer version of the app: it is left alone.
    #[error("the register was written by a newer version ({found}; this one knows {known})")]
    NewerFile {
        /// The file's version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The register's file is damaged. It is set aside under another name; what could be read of it and was unsent is in the new
    /// one, which the PIN opens next.
    #[error("the register's file is damaged")]
    RegisterDamaged,
    /// A file cannot be read or written, or does not hold what it should.
    #[error("the storage does not work: {0}")]
    StorageBroken(String),
    /// A call to the server did not lead to an answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<rusqlite::Error> for DeviceError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => DeviceError::StorageFull,
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                DeviceError::RegisterDamaged
            }
            // The index of the log could not grow: the same thing under another name.
            _ if error
                .sqlite_error()
                .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) =>
            {
                DeviceError::StorageFull
            }
            _ => DeviceError::StorageBroken(error.to_string()),
        }
    }
}

impl From<std::io::Error> for DeviceError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => DeviceError::StorageFull,
            _ => DeviceError::StorageBroken(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for DeviceError {
    fn from(error: serde_json::Error) -> Self {
        // Line and column only: the message of serde can repeat the text, which is a resident's.
        DeviceError::StorageBroken(format!("stored JSON does not fit at {}:{}", error.line(), error.column()))
    }
}
