//! 任务: work that the desk asks for. It names the published purpose that it serves: nothing else can be asked.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a task.
pub const FIELDS: &[FieldSpec] = &[
    required("title", FieldType::Text { max: 100 }),
    required("purpose", FieldType::Code { list: CodeList::VisitPurpose }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("text", FieldType::Text { max: 2000 }),
    optional("due_on", FieldType::Date),
    optional("target", FieldType::Ref),
    optional("target_kind", FieldType::Code { list: CodeList::SubjectKind }),
    optional("ended_at", FieldType::PastMoment),
];
