//! 事件环节: what somebody did about an incident. Where the incident stands is a fold over its steps: [`crate::incident`].

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::text;
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
    optional("to", FieldType::Text { max: 200 }),
    optional("opinion", FieldType::Text { max: 1000 }),
    optional("due", FieldType::Moment),
    optional("answers", FieldType::Ref),
];

/// A step, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentStep {
    /// Of which incident.
    pub incident: Option<RecordId>,
    /// Code of the stage that it belongs to.
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
        }
    }
}
