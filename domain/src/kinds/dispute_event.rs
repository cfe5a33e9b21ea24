//! 调解过程: something that happened in a mediation: rights told, facts looked into, a meeting, a follow-up.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::kinds::{flag, text, texts};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a mediation event.
pub const FIELDS: &[FieldSpec] = &[
    required("dispute", FieldType::Ref),
    required("event", FieldType::Code { list: CodeList::DisputeStep }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("place", FieldType::Lines { max: 200 }),
    optional("present", FieldType::Names),
    optional("text", FieldType::Lines { max: 4000 }),
    optional("signed", FieldType::Bool),
    optional("until", FieldType::Date),
];

/// A mediation event, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DisputeEvent {
    /// Code of the step.
    pub event: String,
    /// When.
    pub at: i64,
    /// Who recorded it: an account.
    pub by: Option<String>,
    /// Where.
    pub place: Option<String>,
    /// Who was there.
    pub present: Vec<String>,
    /// In words.
    pub text: Option<String>,
    /// Whether the parties signed.
    pub signed: bool,
    /// Of an extension: until when.
    pub until: Option<String>,
}

impl From<&Record> for DisputeEvent {
    fn from(record: &Record) -> Self {
        Self {
            event: text(record, "event").unwrap_or_default(),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            place: text(record, "place"),
            present: texts(record, "present"),
            text: text(record, "text"),
            signed: flag(record, "signed"),
            until: text(record, "until"),
        }
    }
}
