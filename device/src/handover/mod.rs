//! An evacuation from phone to phone without any server (转移名单交接): the records of one evacuation as the changes that a server
//! would get, packed small enough for a sequence of QR codes, or sealed in a file.
//!
//! A phone takes records of the cells that it holds and of the four kinds of this work only, judged as the server would judge
//! them. They lie beside the register (`store/received.rs`): they count at once, and are never sent from here, because nobody
//! can vouch for another's words: the phone that wrote them sends them, and when the server sends them here, these go. What it never
//! sends goes some weeks after the evacuation.

mod ended;
mod pack;
mod sealed;

use domain::RecordId;

pub(crate) use ended::leave_ended;
pub(crate) use pack::{pack, take};
pub(crate) use sealed::{open, seal};

use crate::DeviceError;

/// Why what another phone handed over was not taken. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandoverError {
    /// Not a handover, or not a whole one.
    #[error("this is no handover, or not all of one")]
    Unreadable,
    /// Not the code that the other phone shows, or the file was changed.
    #[error("the code does not open the file")]
    Code,
    /// More bytes or records than an evacuation ever has.
    #[error("more than an evacuation ever has")]
    TooLarge,
    /// It is of a cell that this phone does not hold.
    #[error("it is of another cell")]
    Foreign,
    /// There is something in it that has nothing to do with an evacuation.
    #[error("there is something else in it")]
    Other,
    /// It was written further in the future than clocks go wrong.
    #[error("it was written in the future")]
    Clock,
    /// The register, not the handover.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// What was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The evacuation.
    pub(crate) evacuation: RecordId,
    /// Records that were new here, or newer.
    pub(crate) new: usize,
    /// Marks among them.
    pub(crate) marks: usize,
    /// Records that this version cannot judge.
    pub(crate) left_out: usize,
}
