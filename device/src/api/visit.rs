//! Visits: one tap at a door.

use domain::RecordId;
use domain::review::ReviewState;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A visit in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct VisitLine {
    /// The visit.
    pub id: RecordId,
    /// Who was visited.
    pub target_id: RecordId,
    /// `household` or `person`.
    pub target_kind: String,
    /// Their name.
    pub title: String,
    /// Where.
    pub address: String,
    /// Code of the result.
    pub result: String,
    /// Code of the way.
    pub way: Option<String>,
    /// In words.
    pub note: Option<String>,
    /// Who went: an account.
    pub by: Option<String>,
    /// When.
    pub at: i64,
    /// Where it stands with the supervisor.
    pub review: ReviewState,
    /// Nothing of it is unsent.
    pub sent: bool,
    /// A later visit corrects this one.
    pub replaced: bool,
    /// It was never offered to the server, so `take_back` leaves no trace of it.
    pub may_take_back: bool,
}

/// Records a visit. Target and result are enough.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct RecordVisitArgs {
    /// The household or person.
    pub target: RecordId,
    /// `household` or `person`.
    pub target_kind: String,
    /// Code of the result.
    pub result: String,
    /// Code of the way; at the door when left out.
    pub way: Option<String>,
    /// Codes of the purposes.
    pub purposes: Option<Vec<String>>,
    /// Codes of what was asked for.
    pub needs: Option<Vec<String>>,
    /// In words.
    pub note: Option<String>,
    /// When; now when left out.
    pub at: Option<i64>,
    /// The visit that this one corrects.
    pub replaces: Option<RecordId>,
}
