//! 九小场所: a small shop, clinic or workshop behind a door, as fire safety counts them (九小场所).

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a small premises.
pub const FIELDS: &[FieldSpec] = &[
    required("dwelling", FieldType::Ref),
    required("name", FieldType::Text { max: 100 }),
    required("premises_kind", FieldType::Code { list: CodeList::PremisesKind }),
    optional("area_m2", FieldType::Int { min: 1, max: 100000 }),
    optional("contact_name", FieldType::Name),
    optional("contact_phone", FieldType::Phone),
    optional("sleeps_in", FieldType::Bool),
    optional("gas", FieldType::Bool),
    optional("closed_on", FieldType::PastDate),
];
