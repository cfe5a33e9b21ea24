//! 楼栋: a house with one or many doors.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::kinds::{Position, position, text};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a building.
pub const FIELDS: &[FieldSpec] = &[
    required("name", FieldType::Text { max: 60 }),
    required("building_kind", FieldType::Code { list: CodeList::BuildingKind }),
    optional("street", FieldType::Text { max: 60 }),
    optional("floors", FieldType::Int { min: 1, max: 200 }),
    optional("units", FieldType::Int { min: 1, max: 99 }),
    optional("position", FieldType::Position),
];

/// A building, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Building {
    /// Name or number, as written on the wall.
    pub name: String,
    /// Code of 楼栋 kind.
    pub building_kind: Option<String>,
    /// Street or natural village.
    pub street: Option<String>,
    /// Storeys.
    pub floors: Option<i64>,
    /// Stairwells.
    pub units: Option<i64>,
    /// Where.
    pub position: Option<Position>,
}

impl From<&Record> for Building {
    fn from(record: &Record) -> Self {
        Self {
            name: text(record, "name").unwrap_or_default(),
            building_kind: text(record, "building_kind"),
            street: text(record, "street"),
            floors: record.int("floors"),
            units: record.int("units"),
            position: position(record, "position"),
        }
    }
}
