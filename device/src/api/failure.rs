//! Why a command did not lead to an answer: one stable code that the screens translate, and what is wrong with which field.

use domain::protocol::{CallError, CallRefusal};
use domain::{Problem, ProblemCode};
use serde::Serialize;
use ts_rs::TS;

use crate::DeviceError;

/// The codes of failures. The language files have one sentence for each (`failure.<code>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FailureCode {
    /// The register is sealed: the PIN is wanted first.
    Locked,
    /// The desk locked this phone: the PIN opens nothing until the desk lifts the lock.
    LockedByDesk,
    /// Not this phone's PIN.
    WrongPin,
    /// Too many wrong PINs: `wait_ms` says for how long nothing is tried.
    TooManyTries,
    /// This phone belongs to nobody yet.
    NotEnrolled,
    /// This phone belongs to another account than the enrolment code is for.
    AlreadyEnrolled,
    /// The server does not know this enrolment code, or not any more.
    WrongCode,
    /// Fields are wrong; `problems` says which.
    Invalid,
    /// No such thing on this phone.
    NotFound,
    /// Bytes that are no picture this app can read.
    NotAnImage,
    /// The phone's storage is full. What was saved before is safe.
    StorageFull,
    /// The phone's storage cannot be read or written.
    StorageBroken,
    /// A newer version of the app wrote the register: it is whole, and this version cannot read it.
    NewerFile,
    /// The register's file was damaged: it is set aside, what could be read of it and was unsent is kept. The PIN is needed again.
    RegisterDamaged,
    /// It needs the server, and the server cannot be reached.
    Offline,
    /// The server said no.
    Refused,
    /// It was offered to the server already, or belongs to an append-only record: it stays.
    Sealed,
    /// Arguments of another shape than the command has.
    Malformed,
    /// No such command.
    UnknownCommand,
    /// Not six digits.
    PinForm,
    /// The phone's system did not recognise whoever it is, or cannot look: the PIN is wanted.
    Biometry,
    /// Not what another phone hands over, or not all of it.
    HandoverUnreadable,
    /// Not the code that the other phone shows, or the file was changed.
    HandoverCode,
    /// Larger than what any phone hands over.
    HandoverTooLarge,
    /// What another phone handed over is of a cell that this one does not hold.
    HandoverForeign,
    /// There is something in it that does not belong to an evacuation.
    HandoverOther,
    /// It was written in the future: one of the two clocks is wrong.
    HandoverClock,
}

/// A command's failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, thiserror::Error)]
#[error("{code:?}")]
#[ts(export)]
pub struct Failure {
    /// Why.
    pub code: FailureCode,
    /// What is wrong with which field, for [`FailureCode::Invalid`].
    pub problems: Vec<Problem>,
    /// For how long nothing is tried, for [`FailureCode::TooManyTries`] and [`FailureCode::WrongPin`].
    pub wait_ms: Option<i64>,
}

impl Failure {
    /// A failure that needs no more words than its code.
    pub fn new(code: FailureCode) -> Self {
        Self { code, problems: Vec::new(), wait_ms: None }
    }

    /// Fields are wrong.
    pub fn invalid(problems: Vec<Problem>) -> Self {
        Self { code: FailureCode::Invalid, problems, wait_ms: None }
    }

    /// One field is wrong.
    pub fn problem(field: &str, code: ProblemCode) -> Self {
        Self::invalid(vec![Problem::new(field, code)])
    }

    /// No such thing on this phone.
    pub fn not_found() -> Self {
        Self::new(FailureCode::NotFound)
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        let code = match error {
            DeviceError::Invalid(problems) => return Failure::invalid(problems),
            DeviceError::WrongPin { wait_ms } => {
                return Failure { wait_ms: Some(wait_ms), ..Failure::new(FailureCode::WrongPin) };
            }
            DeviceError::TooManyTries { wait_ms } => {
                return Failure { wait_ms: Some(wait_ms), ..Failure::new(FailureCode::TooManyTries) };
            }
            DeviceError::Locked => FailureCode::Locked,
            DeviceError::LockedByDesk => FailureCode::LockedByDesk,
            DeviceError::NotEnrolled => FailureCode::NotEnrolled,
            DeviceError::AlreadyEnrolled => FailureCode::AlreadyEnrolled,
            DeviceError::PinForm => FailureCode::PinForm,
            DeviceError::NotFound => FailureCode::NotFound,
            DeviceError::Sealed => FailureCode::Sealed,
            DeviceError::StorageFull => FailureCode::StorageFull,
            DeviceError::RegisterDamaged => FailureCode::RegisterDamaged,
            DeviceError::NewerFile { .. } => {
                tracing::error!(%error, "the register cannot be used");
                FailureCode::NewerFile
            }
            DeviceError::StorageBroken(_) => {
                tracing::error!(%error, "the register cannot be used");
                FailureCode::StorageBroken
            }
            DeviceError::Call(error) => call_failure(&error),
        };
        Failure::new(code)
    }
}

fn call_failure(error: &CallError) -> FailureCode {
    match error {
        CallError::Offline(_) | CallError::Unavailable(_) => FailureCode::Offline,
        CallError::Refused { code: CallRefusal::WrongCode } => FailureCode::WrongCode,
        CallError::Refused { code: CallRefusal::TooManyTries } => FailureCode::TooManyTries,
        CallError::Refused { code: CallRefusal::NotFound } => FailureCode::NotFound,
        CallError::SignedOut | CallError::Revoked | CallError::Ordered | CallError::Refused { .. } => {
            FailureCode::Refused
        }
        CallError::Unreadable(_) => {
            tracing::warn!(%error, "the server's answer cannot be read");
            FailureCode::Offline
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        DeviceError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_another_account_is_not_told_as_a_record_that_was_sent() {
        assert_eq!(Failure::from(DeviceError::AlreadyEnrolled).code, FailureCode::AlreadyEnrolled);
    }

    #[test]
    fn a_register_of_a_newer_app_is_not_told_as_a_storage_that_does_not_work() {
        assert_eq!(Failure::from(DeviceError::NewerFile { found: 2, known: 1 }).code, FailureCode::NewerFile);
    }
}
