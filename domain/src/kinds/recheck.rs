//! 复查: whether a hazard that an inspection found was put right.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a re-check.
pub const FIELDS: &[FieldSpec] = &[
    required("inspection", FieldType::Ref),
    required("item", FieldType::Text { max: 20 }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    required("result", FieldType::Code { list: CodeList::RecheckResult }),
    optional("due", FieldType::Date),
    optional("note", FieldType::Lines { max: 500 }),
    optional("incident", FieldType::Ref),
];

/// A re-check, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Recheck {
    /// The checklist's item whose hazard was looked at.
    pub item: String,
    /// When.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
    /// Code of the result.
    pub result: String,
    /// The new date, of a hazard that was not put right.
    pub due: Option<String>,
    /// In words.
    pub note: Option<String>,
    /// The incident that the hazard was reported as.
    #[ts(type = "string | null")]
    pub incident: Option<RecordId>,
}

impl From<&Record> for Recheck {
    fn from(record: &Record) -> Self {
        Self {
            item: text(record, "item").unwrap_or_default(),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            result: text(record, "result").unwrap_or_default(),
            due: text(record, "due"),
            note: text(record, "note"),
            incident: record.reference("incident"),
        }
    }
}
