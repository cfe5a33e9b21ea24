//! 通知公告: information for residents, or a warning. The worker marks households as told.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a notice.
pub const FIELDS: &[FieldSpec] = &[
    required("title", FieldType::Text { max: 100 }),
    required("text", FieldType::Text { max: 4000 }),
    required("notice_kind", FieldType::Code { list: CodeList::NoticeKind }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("level", FieldType::Code { list: CodeList::WarningLevel }),
    optional("valid_until", FieldType::Date),
];
