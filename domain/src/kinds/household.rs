//! 户: the people who live behind one door.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a household. When it was last met is derived from its visits.
pub const FIELDS: &[FieldSpec] = &[
    required("dwelling", FieldType::Ref),
    optional("head", FieldType::Ref),
    optional("contact_phone", FieldType::Phone),
    optional("best_time", FieldType::Text { max: 100 }),
    optional("access_note", FieldType::Lines { max: 200 }),
    optional("merged_into", FieldType::Ref),
    optional("merged_before", FieldType::Values),
];

/// A household, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Household {
    /// Behind which door.
    #[ts(type = "string | null")]
    pub dwelling: Option<RecordId>,
    /// The householder.
    #[ts(type = "string | null")]
    pub head: Option<RecordId>,
    /// Whom to ring.
    pub contact_phone: Option<String>,
    /// When somebody is at home.
    pub best_time: Option<String>,
    /// What to know at the door: a dog, a bell that does not work.
    pub access_note: Option<String>,
}

impl From<&Record> for Household {
    fn from(record: &Record) -> Self {
        Self {
            dwelling: record.reference("dwelling"),
            head: record.reference("head"),
            contact_phone: text(record, "contact_phone"),
            best_time: text(record, "best_time"),
            access_note: text(record, "access_note"),
        }
    }
}
