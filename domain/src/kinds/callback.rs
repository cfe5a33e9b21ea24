//! 回访: somebody asked a resident whether it was really put right.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a call-back.
pub const FIELDS: &[FieldSpec] = &[
    required("target", FieldType::Ref),
    required("target_kind", FieldType::Code { list: CodeList::SubjectKind }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    required("reached", FieldType::Bool),
    optional("satisfaction", FieldType::Code { list: CodeList::Satisfaction }),
    optional("words", FieldType::Lines { max: 500 }),
];
