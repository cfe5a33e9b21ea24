//! 避险转移: an order (or drill) to bring people to safety, with the roster as it was when it was given.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of an evacuation.
pub const FIELDS: &[FieldSpec] = &[
    required("reason", FieldType::Text { max: 200 }),
    required("level", FieldType::Code { list: CodeList::WarningLevel }),
    required("drill", FieldType::Bool),
    required("points", FieldType::Refs { max: 50 }),
    required("ordered_at", FieldType::PastMoment),
    required("by", FieldType::Account),
    required("roster", FieldType::Roster),
    optional("ended_at", FieldType::PastMoment),
];

/// Most people on one roster.
pub const ROSTER_MAX: usize = 600;

/// Somebody on the roster. The snapshot carries the names so that a list can be printed where nothing else is at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct Listed {
    /// The resident.
    pub person: RecordId,
    /// Their household.
    pub household: RecordId,
    /// The hazard point that threatens them.
    pub point: RecordId,
    /// Their name.
    pub name: String,
    /// Needs help moving.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_help: bool,
}
