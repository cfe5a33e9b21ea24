//! 排查: a checklist gone through at a place: the answers, and the hazards that must be put right.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
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
    optional("facts", FieldType::ItemWords),
    optional("hazards", FieldType::Hazards),
    optional("note", FieldType::Lines { max: 500 }),
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

/// An inspection, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Inspection {
    /// Where.
    #[ts(type = "string | null")]
    pub subject: Option<RecordId>,
    /// Kind of that place.
    pub subject_kind: String,
    /// Code of the checklist.
    pub checklist: String,
    /// Version of the lists that it was taken from.
    pub checklist_version: i64,
    /// When.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
    /// By item.
    pub answers: BTreeMap<String, Answer>,
    /// By item, where it asks for more than yes or no.
    pub facts: BTreeMap<String, String>,
    /// What must be put right.
    pub hazards: Vec<Hazard>,
    /// In words.
    pub note: Option<String>,
}

impl From<&Record> for Inspection {
    fn from(record: &Record) -> Self {
        Self {
            subject: record.reference("subject"),
            subject_kind: text(record, "subject_kind").unwrap_or_default(),
            checklist: text(record, "checklist").unwrap_or_default(),
            checklist_version: record.int("checklist_version").unwrap_or_default(),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            answers: answers(record),
            facts: shaped(record, "facts"),
            hazards: hazards(record),
            note: text(record, "note"),
        }
    }
}

/// The answers, each for itself: one that only a newer version can give stands in the way of no other.
fn answers(record: &Record) -> BTreeMap<String, Answer> {
    let given = record.fields.get("answers").and_then(Value::as_object).into_iter().flatten();
    given.filter_map(|(item, answer)| Some((item.clone(), serde_json::from_value(answer.clone()).ok()?))).collect()
}

/// The hazards that can be read.
fn hazards(record: &Record) -> Vec<Hazard> {
    let found = record.fields.get("hazards").and_then(Value::as_array).into_iter().flatten();
    found.filter_map(|hazard| serde_json::from_value(hazard.clone()).ok()).collect()
}

fn shaped<T: DeserializeOwned + Default>(record: &Record, field: &str) -> T {
    let value = record.fields.get(field).cloned();
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}
