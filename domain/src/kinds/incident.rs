//! 事件: something that is broken, dangerous or needed, and where.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::{Position, flag, position, text};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of an incident. Its status and due date are derived; its number is written by the server.
pub const FIELDS: &[FieldSpec] = &[
    required("category", FieldType::Category),
    required("list_version", FieldType::Int { min: 1, max: i64::MAX }),
    required("severity", FieldType::Int { min: 1, max: 4 }),
    required("title", FieldType::Text { max: 100 }),
    required("happened_at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("text", FieldType::Lines { max: 2000 }),
    optional("number", FieldType::Text { max: 40 }),
    optional("dwelling", FieldType::Ref),
    optional("household", FieldType::Ref),
    optional("place", FieldType::Lines { max: 200 }),
    optional("position", FieldType::Position),
    optional("source", FieldType::Code { list: CodeList::IncidentSource }),
    optional("contact_name", FieldType::Name),
    optional("contact_phone", FieldType::Phone),
    optional("reply_wanted", FieldType::Bool),
    optional("on_behalf", FieldType::Bool),
    optional("materials", FieldType::Lines { max: 500 }),
];

/// An incident, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Incident {
    /// Code of the category.
    pub category: String,
    /// 1 most urgent … 4.
    pub severity: i64,
    /// One line.
    pub title: String,
    /// When it was noticed.
    pub happened_at: i64,
    /// Who reported it: an account.
    pub by: Option<String>,
    /// In words.
    pub text: Option<String>,
    /// The county's number, once the server gave one.
    pub number: Option<String>,
    /// At which door.
    #[ts(type = "string | null")]
    pub dwelling: Option<RecordId>,
    /// At which household.
    #[ts(type = "string | null")]
    pub household: Option<RecordId>,
    /// Where, in words.
    pub place: Option<String>,
    /// Where, on the map.
    pub position: Option<Position>,
    /// Code of the source.
    pub source: Option<String>,
    /// The resident who told, or who waits for an answer.
    pub contact_name: Option<String>,
    /// Their telephone.
    pub contact_phone: Option<String>,
    /// Whether they want to hear what came of it.
    pub reply_wanted: bool,
    /// Done for a resident (代办).
    pub on_behalf: bool,
    /// What was handed over for it.
    pub materials: Option<String>,
}

impl From<&Record> for Incident {
    fn from(record: &Record) -> Self {
        Self {
            category: text(record, "category").unwrap_or_default(),
            severity: record.int("severity").unwrap_or(3),
            title: text(record, "title").unwrap_or_default(),
            happened_at: record.int("happened_at").unwrap_or_default(),
            by: text(record, "by"),
            text: text(record, "text"),
            number: text(record, "number"),
            dwelling: record.reference("dwelling"),
            household: record.reference("household"),
            place: text(record, "place"),
            position: position(record, "position"),
            source: text(record, "source"),
            contact_name: text(record, "contact_name"),
            contact_phone: text(record, "contact_phone"),
            reply_wanted: flag(record, "reply_wanted"),
            on_behalf: flag(record, "on_behalf"),
            materials: text(record, "materials"),
        }
    }
}
