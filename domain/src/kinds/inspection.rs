//! 排查: a checklist gone through at a place: the answers, and the hazards that must be put right.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of an inspection.
pub const FIELDS: &[FieldSpec] = &[
    required("subject", FieldType::Ref),
    required("subject_kind", FieldType::Code { list: CodeList::SubjectKind }),
    required("checklist", FieldType::Text { max: 40 }),
    required("checklist_version", FieldType::Int { min: 1, max: i64::MAX }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    required("answers", FieldType::Answers),
    optional("hazards", FieldType::Hazards),
    optional("note", FieldType::Text { max: 500 }),
];

/// Most items of a checklist, and so most answers and hazards.
pub const ITEMS_MAX: usize = 60;

/// How an item of a checklist was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Answer {
    /// 符合.
    Ok,
    /// 不符合: a hazard.
    Bad,
    /// 不适用.
    Na,
}

/// A hazard that must be put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct Hazard {
    /// The checklist's item.
    pub item: String,
    /// What was found, in words, at most 300 characters.
    pub text: String,
    /// 1 most urgent … 4.
    pub severity: u8,
    /// Until when it must be put right, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
}
