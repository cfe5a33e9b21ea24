//! 点名: a mark for one person in an evacuation. The latest mark stands.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a roll-call mark.
pub const FIELDS: &[FieldSpec] = &[
    required("evacuation", FieldType::Ref),
    required("person", FieldType::Ref),
    required("mark", FieldType::Code { list: CodeList::RollMark }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("note", FieldType::Text { max: 200 }),
];
