//! 九小场所: a small shop, clinic or workshop behind a door, as fire safety counts them (九小场所).

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::{flag, text};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a small premises.
pub const FIELDS: &[FieldSpec] = &[
    required("dwelling", FieldType::Ref),
    required("name", FieldType::Text { max: 100 }),
    required("premises_kind", FieldType::Code { list: CodeList::PremisesKind }),
    optional("area_m2", FieldType::Int { min: 1, max: 100000 }),
    optional("contact_name", FieldType::Name),
    optional("contact_phone", FieldType::Phone),
    optional("sleeps_in", FieldType::Bool),
    optional("gas", FieldType::Bool),
    optional("closed_on", FieldType::PastDate),
];

/// A small premises, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Premises {
    /// Behind which door.
    #[ts(type = "string | null")]
    pub dwelling: Option<RecordId>,
    /// What it is called.
    pub name: String,
    /// Code of the kind.
    pub premises_kind: String,
    /// Square metres.
    pub area_m2: Option<i64>,
    /// Who answers for it.
    pub contact_name: Option<String>,
    /// Their telephone.
    pub contact_phone: Option<String>,
    /// Somebody sleeps there.
    pub sleeps_in: bool,
    /// It uses gas.
    pub gas: bool,
    /// Since when it is closed.
    pub closed_on: Option<String>,
}

impl From<&Record> for Premises {
    fn from(record: &Record) -> Self {
        Self {
            dwelling: record.reference("dwelling"),
            name: text(record, "name").unwrap_or_default(),
            premises_kind: text(record, "premises_kind").unwrap_or_default(),
            area_m2: record.int("area_m2"),
            contact_name: text(record, "contact_name"),
            contact_phone: text(record, "contact_phone"),
            sleeps_in: flag(record, "sleeps_in"),
            gas: flag(record, "gas"),
            closed_on: text(record, "closed_on"),
        }
    }
}
