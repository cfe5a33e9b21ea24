//! What the server refused: the worker's own words, to be corrected or dropped.

use domain::record::Fields;
use domain::{Kind, Problem, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A refused change.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct RefusedItem {
    /// The record.
    pub record_id: RecordId,
    /// What it is about.
    pub kind: Kind,
    /// Its name.
    pub title: String,
    /// Why, in one word.
    pub code: ProblemCode,
    /// What is wrong with which field.
    pub problems: Vec<Problem>,
    /// The worker's own words.
    #[ts(type = "{ [key in string]: unknown }")]
    pub fields: Fields,
    /// When it was refused.
    pub at: i64,
}

/// Names a refused change by its record.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OfRefused {
    /// The record.
    pub record_id: RecordId,
}
