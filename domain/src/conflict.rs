//! Conflicts: two values of one field whose writers did not know of each other.
//!
//! The later one stands (the merge says so); the other one is shown to both until somebody decides. A phone is told of the
//! conflicts that are still open, with the records they belong to.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::ids::{AccountId, RecordId};
use crate::stamp::Stamp;
use crate::world::Millis;

/// At most so many open conflicts of one record are told, the latest first. Of a case file whose parties name nobody any more, lists of
/// parties that do come before all others.
pub const CONFLICTS_TOLD_MAX: usize = 20;
/// A conflict that nobody decided is told for this long (90 days, in milliseconds); the history keeps it for ever. Such lists of parties are
/// told as long as nobody has decided: for them the file is about somebody still.
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
    /// In a way that only a newer version tells apart. Read, never sent.
    #[serde(other)]
    Newer,
}

/// Conflicts as they are told, each for itself: one in a form of a newer version must not hold up the records that come with it.
pub(crate) fn each_readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Conflict>, D::Error> {
    let told = Vec::<Value>::deserialize(deserializer)?;
    Ok(told.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize)]
    struct Told(#[serde(deserialize_with = "each_readable")] Vec<Conflict>);

    #[test]
    fn a_conflict_that_a_newer_server_tells_otherwise_holds_up_no_other() {
        let id = "00000000-0000-0000-0000-000000000001";
        let told = |hand: &str| {
            json!({"record": id, "field": "phone", "value": "1", "stamp": "0".repeat(32), "won_stamp": "1".repeat(32),
                "by": {"account": "worker", "name": "甲", "hand": hand}})
        };
        let read: Told = serde_json::from_value(json!([told("desk"), {"record": 7}, told("robot")])).unwrap();
        let hands: Vec<Hand> = read.0.iter().filter_map(|told| Some(told.by.as_ref()?.hand)).collect();
        assert_eq!(hands, [Hand::Desk, Hand::Newer]);
    }
}
