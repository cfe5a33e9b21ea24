//! 隐患点: a slope, gully, dam or building that may force people to leave.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::kinds::{Position, position, text};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a hazard point.
pub const FIELDS: &[FieldSpec] = &[
    required("name", FieldType::Text { max: 100 }),
    required("hazard_kind", FieldType::Code { list: CodeList::HazardKind }),
    optional("place", FieldType::Lines { max: 200 }),
    optional("position", FieldType::Position),
    optional("monitor_name", FieldType::Name),
    optional("monitor_phone", FieldType::Phone),
    optional("signal", FieldType::Text { max: 100 }),
    optional("route", FieldType::Lines { max: 500 }),
    optional("shelter", FieldType::Lines { max: 200 }),
    optional("retired_on", FieldType::PastDate),
];

/// A hazard point, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HazardPoint {
    /// What it is called.
    pub name: String,
    /// Code of the kind.
    pub hazard_kind: String,
    /// Where it is, in words.
    pub place: Option<String>,
    /// Where it is.
    pub position: Option<Position>,
    /// Who watches it.
    pub monitor_name: Option<String>,
    /// Whom to ring.
    pub monitor_phone: Option<String>,
    /// What warns the people: a gong, a siren, a call.
    pub signal: Option<String>,
    /// The way out.
    pub route: Option<String>,
    /// Where to.
    pub shelter: Option<String>,
    /// Day from which it threatens nobody any more.
    pub retired_on: Option<String>,
}

impl From<&Record> for HazardPoint {
    fn from(record: &Record) -> Self {
        Self {
            name: text(record, "name").unwrap_or_default(),
            hazard_kind: text(record, "hazard_kind").unwrap_or_default(),
            place: text(record, "place"),
            position: position(record, "position"),
            monitor_name: text(record, "monitor_name"),
            monitor_phone: text(record, "monitor_phone"),
            signal: text(record, "signal"),
            route: text(record, "route"),
            shelter: text(record, "shelter"),
            retired_on: text(record, "retired_on"),
        }
    }
}
