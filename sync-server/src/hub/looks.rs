//! Looking at a resident's name or numbers in full: only for a reason from the list, and never without leaving a note of it.

use domain::codes::{CodeList, is_code};
use domain::scope::Actor;
use domain::world::Millis;
use domain::{Problem, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};

use crate::hub::{Hub, HubError};
use crate::store::{AuditEntry, AuditLine, AuditQuery, Reading, Store, Writing};

/// Somebody saw it in full on the screen.
pub const LOOK: &str = "look";
/// Somebody took it away on paper.
pub const PRINT: &str = "print";
/// Somebody searched for a resident; nobody was seen in full.
pub const FIND: &str = "find";

/// Looks that are listed of one record at most.
const LISTED_MAX: usize = 500;

/// What the audit log keeps of a look beside who, when and whose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookDetail {
    /// Code of the reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The fields that were seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// Whose what is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The record.
    pub of: RecordId,
    /// Its fields.
    pub fields: Vec<String>,
}

/// A reason must be one of the list.
///
/// # Errors
/// [`domain::protocol::CallRefusal::Invalid`] otherwise.
pub fn check_reason(reason: &str) -> Result<(), HubError> {
    if is_code(CodeList::LookReason, reason) {
        return Ok(());
    }
    let code = if reason.is_empty() { ProblemCode::Required } else { ProblemCode::UnknownCode };
    Err(HubError::invalid(vec![Problem::new("reason", code)]))
}

/// Notes what somebody is about to see. Nothing is shown before this is durable.
pub(super) fn note_looks(
    writing: &mut dyn Writing,
    (actor, now): (&Actor, Millis),
    action: &str,
    reason: &str,
    looks: &[Look],
) -> Result<(), HubError> {
    check_reason(reason)?;
    for look in looks {
        let detail = LookDetail { reason: reason.to_owned(), fields: look.fields.clone() };
        let detail = serde_json::to_string(&detail).map_err(|error| HubError::Broken(error.to_string()))?;
        let entry = AuditEntry {
            at: now,
            who: actor.account.to_string(),
            action: action.to_owned(),
            subject: look.of.to_string(),
        };
        writing.append_audit_with(&entry, &detail)?;
    }
    Ok(())
}

impl<S: Store> Hub<S> {
    /// Notes looks of an action, all or none. The caller has made sure that the actor may see what is looked at.
    ///
    /// # Errors
    /// [`domain::protocol::CallRefusal::Invalid`] when the reason is not in the list.
    pub fn note_looks(&self, actor: &Actor, action: &str, reason: &str, looks: &[Look]) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| note_looks(writing, (actor, now), action, reason, looks))
    }
}

/// Who looked at these records in full and why, the latest first.
pub fn looks_at(reading: &dyn Reading, records: &[RecordId]) -> Result<Vec<AuditLine>, HubError> {
    let mut found = Vec::new();
    for id in records {
        for action in [LOOK, PRINT] {
            let query = AuditQuery {
                action: Some(action.to_owned()),
                subject: Some(id.to_string()),
                limit: LISTED_MAX,
                ..AuditQuery::default()
            };
            found.extend(reading.audit_page(&query)?);
        }
    }
    found.sort_by_key(|line| std::cmp::Reverse(line.seq));
    Ok(found)
}
