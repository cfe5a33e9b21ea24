//! 隐患点: a slope, gully, dam or building that may force people to leave.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a hazard point.
pub const FIELDS: &[FieldSpec] = &[
    required("name", FieldType::Text { max: 100 }),
    required("hazard_kind", FieldType::Code { list: CodeList::HazardKind }),
    optional("place", FieldType::Text { max: 200 }),
    optional("position", FieldType::Position),
    optional("monitor_name", FieldType::Name),
    optional("monitor_phone", FieldType::Phone),
    optional("signal", FieldType::Text { max: 100 }),
    optional("route", FieldType::Text { max: 500 }),
    optional("shelter", FieldType::Text { max: 200 }),
    optional("retired_on", FieldType::PastDate),
];
