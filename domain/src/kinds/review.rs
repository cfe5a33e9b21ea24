//! 审核: what a supervisor said of one version of a record. Append-only, written on the desk only.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::{RecordId, Version};
use crate::kinds::text;
use crate::record::Record;
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
    optional("note", FieldType::Text { max: 500 }),
];

/// A review, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Review {
    /// The record that was looked at.
    #[ts(type = "string | null")]
    pub target: Option<RecordId>,
    /// The state that was looked at.
    pub version: Option<Version>,
    /// Whether it was approved (else returned).
    pub approved: bool,
    /// When, by the server's clock.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
    /// Remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// A remark on the whole.
    pub note: Option<String>,
}

impl From<&Record> for Review {
    fn from(record: &Record) -> Self {
        Self {
            target: record.reference("target"),
            version: record.text("version").and_then(|version| Version::new(version).ok()),
            approved: record.text("verdict") == Some("approved"),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            remarks: record
                .fields
                .get("remarks")
                .and_then(|value| serde_json::from_value(value.clone()).ok())
                .unwrap_or_default(),
            note: text(record, "note"),
        }
    }
}
