//! Records of any kind: reading one, saving fields of it, taking it out of the register and putting it back.

use domain::record::{Fields, Record};
use domain::validate::Warning;
use domain::{CellCode, Kind, RecordId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::review::ReviewInfo;

/// Names one record.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OfRecord {
    /// Its id.
    pub id: RecordId,
}

/// A record of any kind, for editing it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct RecordPage {
    /// The record.
    pub record: Record,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// Saves fields of a record, or a new record.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct SaveArgs {
    /// What it is about.
    pub kind: Kind,
    /// The record; none for a new one.
    pub id: Option<RecordId>,
    /// The cell of a new record; may be left out when the phone holds one cell only or the record belongs to another.
    pub cell: Option<CellCode>,
    /// The fields that changed. `null` empties a field.
    #[ts(type = "{ [key in string]: unknown }", optional = false)]
    pub fields: Fields,
}

/// What became of saving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Saved {
    /// The record.
    pub id: RecordId,
    /// What looks odd but was taken.
    pub warnings: Vec<Warning>,
}
