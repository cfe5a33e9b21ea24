//! 矛盾纠纷: a mediation case file. How it was mediated is told by its events.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a dispute.
pub const FIELDS: &[FieldSpec] = &[
    required("type", FieldType::Code { list: CodeList::DisputeType }),
    required("source", FieldType::Code { list: CodeList::DisputeSource }),
    required("accepted_on", FieldType::PastDate),
    required("parties", FieldType::Parties),
    optional("number", FieldType::Text { max: 40 }),
    optional("place", FieldType::Text { max: 200 }),
    optional("facts", FieldType::Text { max: 4000 }),
    optional("claim", FieldType::Text { max: 2000 }),
    optional("amount", FieldType::Yuan),
    optional("mediators", FieldType::Names),
    optional("agreement", FieldType::Code { list: CodeList::DisputeOutcome }),
    optional("agreed_on", FieldType::PastDate),
    optional("terms", FieldType::Text { max: 4000 }),
    optional("perform_how", FieldType::Text { max: 500 }),
    optional("perform_by", FieldType::Date),
    optional("performed_on", FieldType::PastDate),
    optional("confirmed", FieldType::Bool),
    optional("transferred_to", FieldType::Text { max: 100 }),
    optional("by", FieldType::Account),
];

/// Most parties of a dispute.
pub const PARTIES_MAX: usize = 20;

/// A party of a dispute: one of the register's residents, or somebody from elsewhere by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct Party {
    /// The resident, if the register knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "string | null")]
    pub person: Option<RecordId>,
    /// Their name, or an organisation's.
    pub name: String,
    /// `applicant` or `respondent`.
    pub side: Side,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Where they live or have their seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// On which side of a dispute somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Side {
    /// 申请人.
    Applicant,
    /// 被申请人.
    Respondent,
}
