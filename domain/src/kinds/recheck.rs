//! 复查: whether a hazard that an inspection found was put right.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a re-check.
pub const FIELDS: &[FieldSpec] = &[
    required("inspection", FieldType::Ref),
    required("item", FieldType::Text { max: 20 }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    required("result", FieldType::Code { list: CodeList::RecheckResult }),
    optional("due", FieldType::Date),
    optional("note", FieldType::Text { max: 500 }),
];
