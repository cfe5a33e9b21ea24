//! 意见反馈: what a user of this app wants to say about it, and what was answered.

use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a feedback.
pub const FIELDS: &[FieldSpec] = &[
    required("text", FieldType::Text { max: 2000 }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("about", FieldType::Ref),
    optional("rating", FieldType::Int { min: 1, max: 5 }),
];
