//! 关爱计划: somebody is looked after at an interval, with their or their guardian's consent. No diagnosis, no score: the reason is a code.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a care plan.
pub const FIELDS: &[FieldSpec] = &[
    required("person", FieldType::Ref),
    required("reason", FieldType::Code { list: CodeList::CareReason }),
    required("level", FieldType::Code { list: CodeList::CareLevel }),
    required("responsible", FieldType::Account),
    required("consent", FieldType::Code { list: CodeList::Consent }),
    required("starts_on", FieldType::Date),
    optional("ends_on", FieldType::Date),
    optional("helper_name", FieldType::Name),
    optional("helper_phone", FieldType::Phone),
];

/// A care plan, read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CarePlan {
    /// Who is looked after.
    #[ts(type = "string | null")]
    pub person: Option<RecordId>,
    /// Code of the reason.
    pub reason: Option<String>,
    /// Code of the level.
    pub level: String,
    /// Who looks after them: an account.
    pub responsible: Option<String>,
    /// How consent was given.
    pub consent: Option<String>,
    /// First day, `YYYY-MM-DD`.
    pub starts_on: Option<String>,
    /// Last day; none while it goes on.
    pub ends_on: Option<String>,
    /// Who else can be asked: a relative or neighbour.
    pub helper_name: Option<String>,
    /// Their telephone.
    pub helper_phone: Option<String>,
}

impl CarePlan {
    /// The plan as it asks for visits: it ends at the latest when its resident left.
    pub fn until_left(mut self, left_on: Option<NaiveDate>) -> Self {
        let ends = self.ends_on.as_deref().and_then(|day| day.parse().ok());
        self.ends_on = [ends, left_on].into_iter().flatten().min().map(|day: NaiveDate| day.to_string());
        self
    }
}

impl From<&Record> for CarePlan {
    fn from(record: &Record) -> Self {
        Self {
            person: record.reference("person"),
            reason: text(record, "reason"),
            level: text(record, "level").unwrap_or_default(),
            responsible: text(record, "responsible"),
            consent: text(record, "consent"),
            starts_on: text(record, "starts_on"),
            ends_on: text(record, "ends_on"),
            helper_name: text(record, "helper_name"),
            helper_phone: text(record, "helper_phone"),
        }
    }
}
