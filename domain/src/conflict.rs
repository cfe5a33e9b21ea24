//! Conflicts: two values of one field whose writers did not know of each other.
//!
//! The later one stands (the merge says so); the other one is shown to both until somebody decides. A phone is told of the
//! conflicts that are still open, with the records they belong to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{AccountId, RecordId};
use crate::stamp::Stamp;
use crate::world::Millis;

/// At most so many open conflicts of one record are told, the latest first.
pub const CONFLICTS_TOLD_MAX: usize = 20;
/// A conflict that nobody decided is told for this long (90 days, in milliseconds); the history keeps it for ever.
pub const CONFLICT_TOLD_FOR: Millis = 90 * 24 * 60 * 60 * 1000;

/// A value that was set aside for another of the same field, as one phone is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflict {
    /// The record.
    pub record: RecordId,
    /// The field.
    pub field: String,
    /// The value that was set aside.
    #[cfg_attr(feature = "openapi", schema(value_type = Value))]
    pub value: Value,
    /// When it was written. Record, field and this stamp name the conflict.
    pub stamp: Stamp,
    /// Who wrote it; none: it came with a register that was loaded whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Writer>,
    /// The stamp of the value that it was set aside for.
    pub won_stamp: Stamp,
    /// Who wrote that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub won_by: Option<Writer>,
}

/// Who wrote a value, as one phone may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Writer {
    /// The account.
    pub account: AccountId,
    /// The person's name, as shown.
    pub name: String,
    /// Where it was written.
    pub hand: Hand,
}

/// Where a value was written, as seen from the phone that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Hand {
    /// On this very phone.
    ThisPhone,
    /// On another phone, of the same account or of another.
    OtherPhone,
    /// At the desk, or by the server itself.
    Desk,
}
