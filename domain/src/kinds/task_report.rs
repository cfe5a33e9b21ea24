//! 任务反馈: what came of a task.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a task report.
pub const FIELDS: &[FieldSpec] = &[
    required("task", FieldType::Ref),
    required("result", FieldType::Code { list: CodeList::TaskResult }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("note", FieldType::Lines { max: 500 }),
];

/// A task report, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TaskReport {
    /// Which task.
    #[ts(type = "string | null")]
    pub task: Option<RecordId>,
    /// Code of the result.
    pub result: String,
    /// When.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
    /// In words.
    pub note: Option<String>,
}

impl From<&Record> for TaskReport {
    fn from(record: &Record) -> Self {
        Self {
            task: record.reference("task"),
            result: text(record, "result").unwrap_or_default(),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            note: text(record, "note"),
        }
    }
}
