//! A resident.

use domain::kinds::person::Person;
use domain::{CellCode, RecordId};
use serde::Serialize;
use ts_rs::TS;

use super::review::ReviewInfo;
use super::visit::VisitLine;

/// What is shown of a person before a tap asks for it in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct MaskedPerson {
    /// `138****5678`.
    pub phone: Option<String>,
    /// `610***********123X`.
    pub document_number: Option<String>,
}

/// A resident with everything at them.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct PersonPage {
    /// The person.
    pub id: RecordId,
    /// Their cell.
    pub cell: CellCode,
    /// Their fields, in full.
    pub person: Person,
    /// What is shown at first.
    pub masked: MaskedPerson,
    /// Where they live.
    pub household_id: Option<RecordId>,
    /// Written out.
    pub address: String,
    /// The latest thirty visits to them, newest first.
    pub visits: Vec<VisitLine>,
    /// Where the entry stands with the supervisor.
    pub review: ReviewInfo,
    /// Nothing of it is unsent.
    pub sent: bool,
}
