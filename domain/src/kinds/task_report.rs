//! 任务反馈: what came of a task.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a task report.
pub const FIELDS: &[FieldSpec] = &[
    required("task", FieldType::Ref),
    required("result", FieldType::Code { list: CodeList::TaskResult }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("note", FieldType::Text { max: 500 }),
];
