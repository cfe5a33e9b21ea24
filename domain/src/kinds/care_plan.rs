//! 关爱计划: somebody is looked after at an interval, with their or their guardian's consent. No diagnosis, no score: the reason is a code.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a care plan.
pub const FIELDS: &[FieldSpec] = &[
    required("person", FieldType::Ref),
    required("reason", FieldType::Code { list: CodeList::CareReason }),
    required("level", FieldType::Code { list: CodeList::CareLevel }),
    required("responsible", FieldType::Account),
    required("consent", FieldType::Code { list: CodeList::Consent }),
    required("starts_on", FieldType::Date),
    optional("ends_on", FieldType::Date),
    optional("helper_name", FieldType::Name),
    optional("helper_phone", FieldType::Phone),
];
