//! Where a record stands with the supervisor: a fold over its reviews, never a stored status.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::RecordId;
use crate::kinds::review::Review;
use crate::record::Record;

/// What the desk and the phone show of a record's review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ReviewState {
    /// Nobody has looked at this version yet.
    Waiting,
    /// This very version was approved.
    Approved,
    /// This very version was returned: the worker's turn.
    Returned,
    /// Nobody reviews this kind.
    NotReviewed,
}

/// The state of a record, given its reviews in any order. Only a review that names the present version counts, the latest of
/// them decides: an approval of an earlier version does not cover a later edit, and a corrected record waits again.
pub fn state<'a>(record: &Record, reviews: impl IntoIterator<Item = &'a Record>) -> ReviewState {
    if !record.kind.is_reviewed() {
        return ReviewState::NotReviewed;
    }
    match deciding(record, reviews) {
        None => ReviewState::Waiting,
        Some(review) if review.approved => ReviewState::Approved,
        Some(_) => ReviewState::Returned,
    }
}

/// The review that decides the present version's state.
pub fn deciding<'a>(record: &Record, reviews: impl IntoIterator<Item = &'a Record>) -> Option<Review> {
    let version = record.version();
    reviews
        .into_iter()
        .filter(|review| review.reference("target") == Some(record.id))
        .map(|review| ((review.latest(), review.id), Review::from(review)))
        .filter(|(_, review)| review.version.as_ref() == Some(&version))
        .max_by_key(|(order, _): &((_, RecordId), Review)| *order)
        .map(|(_, review)| review)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{CellCode, Kind, Node, Stamp, Stamps};

    fn record(kind: Kind, id: u128, at: i64, fields: serde_json::Value) -> Record {
        Record {
            id: RecordId(Uuid::from_u128(id)),
            kind,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps { common: Stamp::new(at, 0, Node(1)), except: BTreeMap::new() },
        }
    }

    fn review_of(target: &Record, id: u128, at: i64, verdict: &str) -> Record {
        let fields = json!({"target": target.id, "version": target.version(), "verdict": verdict, "at": at});
        record(Kind::Review, id, at, fields)
    }

    #[test]
    fn the_latest_review_of_the_present_version_decides() {
        let incident = record(Kind::Incident, 1, 10, json!({"title": "井盖破损"}));
        assert_eq!(state(&incident, []), ReviewState::Waiting);
        let returned = review_of(&incident, 2, 20, "returned");
        let approved = review_of(&incident, 3, 30, "approved");
        assert_eq!(state(&incident, [&returned]), ReviewState::Returned);
        assert_eq!(state(&incident, [&approved, &returned]), ReviewState::Approved);
    }

    #[test]
    fn an_approval_does_not_cover_an_edit_that_came_later() {
        let before = record(Kind::Incident, 1, 10, json!({"title": "井盖破损"}));
        let approved = review_of(&before, 2, 20, "approved");
        let after = record(Kind::Incident, 1, 15, json!({"title": "井盖缺失"}));
        assert_eq!(state(&after, [&approved]), ReviewState::Waiting);
    }
}
