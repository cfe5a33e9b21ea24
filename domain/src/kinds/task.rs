//! 任务: work that the desk asks for. It names the published purpose that it serves: nothing else can be asked.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a task.
pub const FIELDS: &[FieldSpec] = &[
    required("title", FieldType::Text { max: 100 }),
    required("purpose", FieldType::Code { list: CodeList::VisitPurpose }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("text", FieldType::Lines { max: 2000 }),
    optional("due_on", FieldType::Date),
    optional("target", FieldType::Ref),
    optional("target_kind", FieldType::Code { list: CodeList::SubjectKind }),
    optional("ended_at", FieldType::PastMoment),
];

/// A task, read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Task {
    /// In one line.
    pub title: String,
    /// Code of the published purpose that it serves.
    pub purpose: String,
    /// When it was given.
    pub at: i64,
    /// Who gave it: an account.
    pub by: Option<String>,
    /// In full.
    pub text: Option<String>,
    /// By when, `YYYY-MM-DD`.
    pub due_on: Option<String>,
    /// Whom or what it is about.
    #[ts(type = "string | null")]
    pub target: Option<RecordId>,
    /// What kind of record that is.
    pub target_kind: Option<String>,
    /// When it was withdrawn.
    pub ended_at: Option<i64>,
}

impl From<&Record> for Task {
    fn from(record: &Record) -> Self {
        Self {
            title: text(record, "title").unwrap_or_default(),
            purpose: text(record, "purpose").unwrap_or_default(),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            text: text(record, "text"),
            due_on: text(record, "due_on"),
            target: record.reference("target"),
            target_kind: text(record, "target_kind"),
            ended_at: record.int("ended_at"),
        }
    }
}
