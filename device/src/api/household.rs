//! A household with its people, visits and incidents.

use domain::kinds::dwelling::Dwelling;
use domain::kinds::household::Household;
use domain::{CellCode, RecordId};
use serde::Serialize;
use ts_rs::TS;

use super::incident::IncidentLine;
use super::review::ReviewInfo;
use super::visit::VisitLine;

/// A person in a household's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PersonLine {
    /// The person.
    pub id: RecordId,
    /// Full name.
    pub name: String,
    /// GB/T 2261.1.
    pub sex: Option<String>,
    /// Completed years.
    pub age: Option<i64>,
    /// Relation to the householder, GB/T 4761.
    pub relation: Option<String>,
    /// Telephone, masked.
    pub phone_masked: Option<String>,
    /// Moved out or died.
    pub left: bool,
}

/// A household with everything at it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct HouseholdPage {
    /// The household.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub household: Household,
    /// Behind which door.
    pub dwelling_id: Option<RecordId>,
    /// That door.
    pub dwelling: Option<Dwelling>,
    /// Written out.
    pub address: String,
    /// The people, householder first, those who left last.
    pub people: Vec<PersonLine>,
    /// The latest thirty visits, newest first.
    pub visits: Vec<VisitLine>,
    /// Incidents at this door.
    pub incidents: Vec<IncidentLine>,
    /// Where the household stands with the supervisor.
    pub review: ReviewInfo,
    /// Nothing of it is unsent.
    pub sent: bool,
}
