//! 居民: a resident, with no more than a service to residents needs (see DOMAIN, "never stored").

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a person.
pub const FIELDS: &[FieldSpec] = &[
    required("household", FieldType::Ref),
    required("name", FieldType::Name),
    optional("sex", FieldType::Code { list: CodeList::Sex }),
    optional("birth_date", FieldType::PastDate),
    optional("document_kind", FieldType::Code { list: CodeList::DocumentKind }),
    optional("document_number", FieldType::DocumentNumber),
    optional("phone", FieldType::Phone),
    optional("relation", FieldType::Code { list: CodeList::Relation }),
    optional("residence", FieldType::Code { list: CodeList::Residence }),
    optional("moved_in_on", FieldType::PastDate),
    optional("moved_out_on", FieldType::PastDate),
    optional("moved_to", FieldType::Text { max: 100 }),
    optional("died_on", FieldType::PastDate),
    optional("consent", FieldType::Code { list: CodeList::Consent }),
    optional("merged_into", FieldType::Ref),
    optional("merged_before", FieldType::Values),
];

/// A person, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Person {
    /// Where they live.
    #[ts(type = "string | null")]
    pub household: Option<RecordId>,
    /// Full name.
    pub name: String,
    /// GB/T 2261.1.
    pub sex: Option<String>,
    /// `YYYY-MM-DD`.
    pub birth_date: Option<String>,
    /// Code of the document's kind.
    pub document_kind: Option<String>,
    /// The document's number.
    pub document_number: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Relation to the householder, GB/T 4761.
    pub relation: Option<String>,
    /// Code of residence.
    pub residence: Option<String>,
    /// Day of moving in.
    pub moved_in_on: Option<String>,
    /// Day of moving out.
    pub moved_out_on: Option<String>,
    /// Where to.
    pub moved_to: Option<String>,
    /// Day of death.
    pub died_on: Option<String>,
    /// How consent was given.
    pub consent: Option<String>,
}

impl Person {
    /// Moved out or died.
    pub fn has_left(&self) -> bool {
        self.moved_out_on.is_some() || self.died_on.is_some()
    }
}

impl From<&Record> for Person {
    fn from(record: &Record) -> Self {
        Self {
            household: record.reference("household"),
            name: text(record, "name").unwrap_or_default(),
            sex: text(record, "sex"),
            birth_date: text(record, "birth_date"),
            document_kind: text(record, "document_kind"),
            document_number: text(record, "document_number"),
            phone: text(record, "phone"),
            relation: text(record, "relation"),
            residence: text(record, "residence"),
            moved_in_on: text(record, "moved_in_on"),
            moved_out_on: text(record, "moved_out_on"),
            moved_to: text(record, "moved_to"),
            died_on: text(record, "died_on"),
            consent: text(record, "consent"),
        }
    }
}
