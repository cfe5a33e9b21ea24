//! 租住: a dwelling that is let: whom to ring, how many live there, until when.

use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a tenancy.
pub const FIELDS: &[FieldSpec] = &[
    required("dwelling", FieldType::Ref),
    optional("landlord_name", FieldType::Name),
    optional("landlord_phone", FieldType::Phone),
    optional("tenants", FieldType::Int { min: 0, max: 99 }),
    optional("starts_on", FieldType::Date),
    optional("ends_on", FieldType::Date),
    optional("safety_checked_on", FieldType::PastDate),
];
