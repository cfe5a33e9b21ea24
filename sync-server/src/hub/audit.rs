//! The audit log: who reads it, and whether it is whole.

use domain::protocol::CallRefusal;
use domain::scope::{Actor, Role};

use crate::hub::phones::note;
use crate::hub::{Hub, HubError};
use crate::store::chain::{self, Link};
use crate::store::{AuditLine, AuditQuery, Reading, Store};

/// Entries that are read at once while all are gone through.
const PART: usize = 2_000;
/// Entries of an export at most: what a sheet of a workbook holds, with room for its head.
pub const EXPORT_MAX: usize = 1_000_000;

/// Where the log is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditFault {
    /// The entries between these two numbers are gone.
    Missing {
        /// The first that is missing.
        from: i64,
        /// The last that is missing.
        to: i64,
    },
    /// This entry does not follow from the one before: it was changed or put in.
    Altered {
        /// Its number.
        seq: i64,
    },
    /// Entries were taken off the end or put there: the database remembers another last one.
    End {
        /// The last one that the database remembers.
        remembered: i64,
        /// The last one that is there.
        found: i64,
    },
    /// The head that was noted elsewhere is not in this log.
    NotedHead {
        /// Its number.
        seq: i64,
    },
}

/// What going through the whole log said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// The number and link of the last one: to be noted where nobody who can reach the database can reach it.
    pub head: (i64, String),
    /// The first fault, if there is one.
    pub fault: Option<AuditFault>,
}

/// Whether somebody of this role reads the audit log.
pub fn may_audit(role: Role) -> bool {
    matches!(role, Role::Auditor | Role::Admin)
}

impl<S: Store> Hub<S> {
    /// A page of the audit log, within the reader's scope.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles than auditors and administrators.
    pub fn audit_page(&self, actor: &Actor, query: AuditQuery) -> Result<Vec<AuditLine>, HubError> {
        let query = within(actor, query)?;
        Ok(self.store.read(|reading| reading.audit_page(&query))?)
    }

    /// The actions that the reader's entries name.
    ///
    /// # Errors
    /// As [`Hub::audit_page`].
    pub fn audit_actions(&self, actor: &Actor) -> Result<Vec<String>, HubError> {
        within(actor, AuditQuery::default())?;
        Ok(self.store.read(|reading| reading.audit_actions(&actor.scopes))?)
    }

    /// Entries to be taken away as a file, the latest first; that they were taken is an entry itself.
    ///
    /// # Errors
    /// As [`Hub::audit_page`].
    pub fn audit_export(&self, actor: &Actor, query: AuditQuery, form: &str) -> Result<Vec<AuditLine>, HubError> {
        let query = AuditQuery { limit: EXPORT_MAX, ..within(actor, query)? };
        let now = self.now();
        self.store.write(|writing| note(writing, now, actor.account.as_str(), "audit_export", form))?;
        Ok(self.store.read(|reading| reading.audit_page(&query))?)
    }

    /// Goes through the whole log. `noted` is a head that was noted earlier, elsewhere.
    ///
    /// # Errors
    /// [`HubError::Store`] when it cannot be read; a fault is an answer.
    pub fn verify_audit(&self, noted: Option<(i64, &str)>) -> Result<Verified, HubError> {
        self.store.read(|reading| verify(reading, noted))
    }
}

fn within(actor: &Actor, query: AuditQuery) -> Result<AuditQuery, HubError> {
    if !may_audit(actor.role) {
        return Err(HubError::refused(CallRefusal::NotAllowed));
    }
    Ok(AuditQuery { scopes: Some(actor.scopes.clone()), ..query })
}

fn verify(reading: &dyn Reading, noted: Option<(i64, &str)>) -> Result<Verified, HubError> {
    let (mut last, mut before): (i64, Link) = (0, chain::START);
    let (mut entries, mut fault, mut noted_is_there) = (0, None, noted.is_none());
    loop {
        let part = reading.audit_after(last, PART)?;
        if part.is_empty() {
            break;
        }
        for AuditLine { seq, entry, detail, link } in &part {
            let found = if *seq != last + 1 {
                Some(AuditFault::Missing { from: last + 1, to: seq - 1 })
            } else if *link != chain::link(&before, *seq, entry, detail) {
                Some(AuditFault::Altered { seq: *seq })
            } else {
                None
            };
            fault = fault.or(found);
            noted_is_there |=
                noted.is_some_and(|(at, head)| at == *seq && chain::written(link).eq_ignore_ascii_case(head));
            (last, before) = (*seq, *link);
            entries += 1;
        }
    }
    let head = (last, chain::written(&before));
    let (remembered, end) = reading.audit_head()?.unwrap_or((0, chain::written(&chain::START)));
    let end = (remembered, end) != head;
    let fault = fault
        .or_else(|| end.then_some(AuditFault::End { remembered, found: last }))
        .or_else(|| noted.filter(|_| !noted_is_there).map(|(seq, _)| AuditFault::NotedHead { seq }));
    Ok(Verified { entries, head, fault })
}
