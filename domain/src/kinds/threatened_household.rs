//! 受威胁户: a household that a hazard point threatens, and who brings it to safety (包户责任人).

use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a threatened household.
pub const FIELDS: &[FieldSpec] = &[
    required("hazard_point", FieldType::Ref),
    required("household", FieldType::Ref),
    optional("needs_help", FieldType::Bool),
    optional("help_note", FieldType::Text { max: 200 }),
    optional("contact_name", FieldType::Name),
    optional("contact_phone", FieldType::Phone),
    optional("card_issued_on", FieldType::PastDate),
];
