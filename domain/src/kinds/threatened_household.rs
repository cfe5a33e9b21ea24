//! 受威胁户: a household that a hazard point threatens, and who brings it to safety (包户责任人).

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::RecordId;
use crate::kinds::{flag, text};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a threatened household.
pub const FIELDS: &[FieldSpec] = &[
    required("hazard_point", FieldType::Ref),
    required("household", FieldType::Ref),
    optional("needs_help", FieldType::Bool),
    optional("help_note", FieldType::Lines { max: 200 }),
    optional("contact_name", FieldType::Name),
    optional("contact_phone", FieldType::Phone),
    optional("card_issued_on", FieldType::PastDate),
];

/// A threatened household, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ThreatenedHousehold {
    /// What threatens it.
    #[ts(type = "string | null")]
    pub hazard_point: Option<RecordId>,
    /// The household.
    #[ts(type = "string | null")]
    pub household: Option<RecordId>,
    /// Somebody in it needs help moving.
    pub needs_help: bool,
    /// What help.
    pub help_note: Option<String>,
    /// Who brings it to safety (包户责任人).
    pub contact_name: Option<String>,
    /// Their telephone.
    pub contact_phone: Option<String>,
    /// Day on which the household got its card (明白卡).
    pub card_issued_on: Option<String>,
}

impl From<&Record> for ThreatenedHousehold {
    fn from(record: &Record) -> Self {
        Self {
            hazard_point: record.reference("hazard_point"),
            household: record.reference("household"),
            needs_help: flag(record, "needs_help"),
            help_note: text(record, "help_note"),
            contact_name: text(record, "contact_name"),
            contact_phone: text(record, "contact_phone"),
            card_issued_on: text(record, "card_issued_on"),
        }
    }
}
