//! 事件环节: what somebody did about an incident. Where the incident stands is a fold over its steps: [`crate::incident`].

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::{text, texts};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};
use crate::world::Millis;

/// The fields of a step of an incident.
pub const FIELDS: &[FieldSpec] = &[
    required("incident", FieldType::Ref),
    required("step", FieldType::Code { list: CodeList::IncidentStage }),
    required("action", FieldType::Code { list: CodeList::IncidentAction }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("from", FieldType::Text { max: 100 }),
    optional("to", FieldType::Lines { max: 200 }),
    optional("opinion", FieldType::Lines { max: 1000 }),
    optional("due", FieldType::Moment),
    optional("answers", FieldType::Ref),
    optional("departments", FieldType::Departments { max: 10 }),
    optional("level", FieldType::Int { min: 1, max: 3 }),
    optional("rating", FieldType::Code { list: CodeList::Satisfaction }),
    optional("into", FieldType::Ref),
    optional("photos", FieldType::Refs { max: 9 }),
];

/// A step, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentStep {
    /// Of which incident.
    pub incident: Option<RecordId>,
    /// Code of the stage that it belongs to, as its writer says. Nothing goes by it: the action tells ([`crate::incident::stage_of`]).
    pub step: Option<String>,
    /// Code of what was done.
    pub action: String,
    /// When.
    pub at: Millis,
    /// Who: an account.
    pub by: Option<String>,
    /// On whose behalf.
    pub from: Option<String>,
    /// Whose turn it is now, or which incident it was merged into.
    pub to: Option<String>,
    /// In words.
    pub opinion: Option<String>,
    /// Until when.
    pub due: Option<Millis>,
    /// The step that this one judges: a check names the result that was looked at.
    pub answers: Option<RecordId>,
    /// Codes of departments: whose turn it is now, the one that leads first; who speaks; who is rated.
    pub departments: Vec<String>,
    /// Of a whistle, how far it is heard: 1 community, 2 town, 3 county.
    pub level: Option<i64>,
    /// What is said of a department's work.
    pub rating: Option<String>,
    /// The incident that this one was merged into.
    pub into: Option<RecordId>,
    /// Photos of the incident that show what the step tells.
    pub photos: Vec<RecordId>,
}

impl From<&Record> for IncidentStep {
    fn from(record: &Record) -> Self {
        Self {
            incident: record.reference("incident"),
            step: text(record, "step"),
            action: text(record, "action").unwrap_or_default(),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            from: text(record, "from"),
            to: text(record, "to"),
            opinion: text(record, "opinion"),
            due: record.int("due"),
            answers: record.reference("answers"),
            departments: texts(record, "departments"),
            level: record.int("level"),
            rating: text(record, "rating"),
            into: record.reference("into"),
            photos: texts(record, "photos").iter().filter_map(|id| id.parse().ok()).collect(),
        }
    }
}
