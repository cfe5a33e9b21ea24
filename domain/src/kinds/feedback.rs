//! 意见反馈: what a user of this app wants to say about it, and what was answered.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a feedback.
pub const FIELDS: &[FieldSpec] = &[
    optional("text", FieldType::Lines { max: 2000 }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("about", FieldType::Ref),
    optional("rating", FieldType::Int { min: 1, max: 5 }),
];

/// A feedback, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Feedback {
    /// In words.
    pub text: Option<String>,
    /// When.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
    /// The feedback that it answers or rates.
    #[ts(type = "string | null")]
    pub about: Option<RecordId>,
    /// 1–5, for an answer.
    pub rating: Option<i64>,
}

impl From<&Record> for Feedback {
    fn from(record: &Record) -> Self {
        Self {
            text: text(record, "text"),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            about: record.reference("about"),
            rating: record.int("rating"),
        }
    }
}
