//! 已告知: a household was told of a notice.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a household told.
pub const FIELDS: &[FieldSpec] = &[
    required("notice", FieldType::Ref),
    required("household", FieldType::Ref),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("way", FieldType::Code { list: CodeList::VisitWay }),
];

/// A household told, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NoticeAck {
    /// Of what.
    #[ts(type = "string | null")]
    pub notice: Option<RecordId>,
    /// Who.
    #[ts(type = "string | null")]
    pub household: Option<RecordId>,
    /// When.
    pub at: i64,
    /// By whom: an account.
    pub by: Option<String>,
}

impl From<&Record> for NoticeAck {
    fn from(record: &Record) -> Self {
        Self {
            notice: record.reference("notice"),
            household: record.reference("household"),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
        }
    }
}
