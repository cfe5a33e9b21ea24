//! What a screen shows of a record's review.

use std::collections::BTreeMap;

use domain::review::ReviewState;
use serde::Serialize;
use ts_rs::TS;

/// Where a record stands with the supervisor, and what they said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ReviewInfo {
    /// Where it stands.
    pub state: ReviewState,
    /// A remark on the whole.
    pub note: Option<String>,
    /// Remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// Who reviewed it: an account.
    pub by: Option<String>,
    /// When, by the server's clock.
    pub at: Option<i64>,
    /// What a supervisor put right last, as long as the record stands so.
    pub correction: Option<Correction>,
}

/// What a supervisor put right in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Correction {
    /// Who: an account.
    pub by: String,
    /// When, by the server's clock.
    pub at: i64,
    /// Which fields.
    pub fields: Vec<String>,
    /// Why, in words.
    pub note: Option<String>,
}
