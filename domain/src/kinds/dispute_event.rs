//! 调解过程: something that happened in a mediation: rights told, facts looked into, a meeting, a follow-up.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a mediation event.
pub const FIELDS: &[FieldSpec] = &[
    required("dispute", FieldType::Ref),
    required("event", FieldType::Code { list: CodeList::DisputeStep }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("place", FieldType::Text { max: 200 }),
    optional("present", FieldType::Names),
    optional("text", FieldType::Text { max: 4000 }),
    optional("signed", FieldType::Bool),
];
