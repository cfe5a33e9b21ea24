//! 走访: somebody was at a door, or tried. Append-only; target and result are enough.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::{text, texts};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a visit.
pub const FIELDS: &[FieldSpec] = &[
    required("target", FieldType::Ref),
    required("target_kind", FieldType::Code { list: CodeList::SubjectKind }),
    required("at", FieldType::PastMoment),
    required("result", FieldType::Code { list: CodeList::VisitResult }),
    required("by", FieldType::Account),
    optional("way", FieldType::Code { list: CodeList::VisitWay }),
    optional("purposes", FieldType::Codes { list: CodeList::VisitPurpose }),
    optional("needs", FieldType::Codes { list: CodeList::VisitNeed }),
    optional("note", FieldType::Lines { max: 500 }),
    optional("incidents", FieldType::Refs { max: 20 }),
    optional("replaces", FieldType::Ref),
    optional("care_plan", FieldType::Ref),
];

/// A visit, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Visit {
    /// The household or person visited.
    #[ts(type = "string | null")]
    pub target: Option<RecordId>,
    /// `household` or `person`.
    pub target_kind: Option<String>,
    /// When, by the phone's corrected clock.
    pub at: i64,
    /// Code of the result.
    pub result: String,
    /// Who went: an account.
    pub by: Option<String>,
    /// Code of the way.
    pub way: Option<String>,
    /// Codes of the purposes.
    pub purposes: Vec<String>,
    /// Codes of what was asked for.
    pub needs: Vec<String>,
    /// In words.
    pub note: Option<String>,
    /// The visit that this one corrects.
    #[ts(type = "string | null")]
    pub replaces: Option<RecordId>,
    /// The care plan that it was made for.
    #[ts(type = "string | null")]
    pub care_plan: Option<RecordId>,
}

impl From<&Record> for Visit {
    fn from(record: &Record) -> Self {
        Self {
            target: record.reference("target"),
            target_kind: text(record, "target_kind"),
            at: record.int("at").unwrap_or_default(),
            result: text(record, "result").unwrap_or_default(),
            by: text(record, "by"),
            way: text(record, "way"),
            purposes: texts(record, "purposes"),
            needs: texts(record, "needs"),
            note: text(record, "note"),
            replaces: record.reference("replaces"),
            care_plan: record.reference("care_plan"),
        }
    }
}
