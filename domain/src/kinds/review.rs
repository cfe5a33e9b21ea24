//! 审核: what a supervisor said of one version of a record. Append-only, written on the desk only.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::{RecordId, Version};
use crate::kinds::text;
use crate::record::Record;
use crate::review::Level;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a review.
pub const FIELDS: &[FieldSpec] = &[
    required("target", FieldType::Ref),
    required("target_kind", FieldType::Code { list: CodeList::SubjectKind }),
    required("version", FieldType::Version),
    required("verdict", FieldType::Code { list: CodeList::Verdict }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("remarks", FieldType::Remarks),
    optional("note", FieldType::Lines { max: 500 }),
    optional("level", FieldType::Code { list: CodeList::ReviewLevel }),
    optional("takes_back", FieldType::Ref),
    optional("corrected", FieldType::FieldNames),
];

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Said {
    /// It stands.
    Approved,
    /// The worker is asked to look at it again.
    Returned,
    /// The supervisor put something right; this decides nothing.
    Corrected,
    /// An earlier review of the same account does not count.
    TakenBack,
}

/// A review, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Review {
    /// The record that was looked at.
    #[ts(type = "string | null")]
    pub target: Option<RecordId>,
    /// The state that was looked at.
    pub version: Option<Version>,
    /// What it says; none: something that only a newer version knows.
    pub said: Option<Said>,
    /// For which of two levels; none: where one is enough.
    pub level: Option<Level>,
    /// The review that does not count any more.
    #[ts(type = "string | null")]
    pub takes_back: Option<RecordId>,
    /// The fields that the supervisor put right.
    pub corrected: Vec<String>,
    /// When, by the server's clock.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
    /// Remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// A remark on the whole.
    pub note: Option<String>,
}

fn read<T: DeserializeOwned>(record: &Record, field: &str) -> Option<T> {
    record.fields.get(field).and_then(|value| serde_json::from_value(value.clone()).ok())
}

impl From<&Record> for Review {
    fn from(record: &Record) -> Self {
        Self {
            target: record.reference("target"),
            version: record.text("version").and_then(|version| Version::new(version).ok()),
            said: read(record, "verdict"),
            level: read(record, "level"),
            takes_back: record.reference("takes_back"),
            corrected: read(record, "corrected").unwrap_or_default(),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            remarks: read(record, "remarks").unwrap_or_default(),
            note: text(record, "note"),
        }
    }
}
