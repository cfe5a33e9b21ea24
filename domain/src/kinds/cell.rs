//! 网格: the piece of a village or community that workers look after. Written on the desk only.

use serde_json::Value;

use crate::codes::CodeList;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a cell.
pub const FIELDS: &[FieldSpec] = &[
    required("code", FieldType::Division),
    required("name", FieldType::Text { max: 60 }),
    required("cell_kind", FieldType::Code { list: CodeList::CellKind }),
    optional("village_name", FieldType::Text { max: 60 }),
    optional("town_name", FieldType::Text { max: 60 }),
    optional("boundary", FieldType::Boundary),
    optional("public_phone", FieldType::Phone),
    optional("succeeded_by", FieldType::Division),
];

/// The boundary of a cell, a GeoJSON geometry; none when it was never drawn or cannot be read.
pub fn boundary(record: &Record) -> Option<&Value> {
    record.fields.get("boundary").filter(|value| crate::boundary::is_readable(value))
}
