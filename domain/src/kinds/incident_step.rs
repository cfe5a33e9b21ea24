//! 事件环节: what somebody did about an incident. Where the incident stands is a fold over its steps.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a step of an incident.
pub const FIELDS: &[FieldSpec] = &[
    required("incident", FieldType::Ref),
    required("step", FieldType::Code { list: CodeList::IncidentStage }),
    required("action", FieldType::Code { list: CodeList::IncidentAction }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("from", FieldType::Text { max: 100 }),
    optional("to", FieldType::Text { max: 200 }),
    optional("opinion", FieldType::Text { max: 1000 }),
    optional("due", FieldType::Moment),
];
