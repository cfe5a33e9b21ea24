//! What the desk writes: reviews above all, and corrections of its own.

use std::collections::BTreeMap;

use domain::protocol::{CallRefusal, Refusal, Verdict};
use domain::review::ReviewState;
use domain::scope::{Action, Actor, allowed};
use domain::{CellCode, Change, Fields, Kind, Problem, ProblemCode, RecordId, Stamp, Stamps, Version};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::hub::desk::{Desk, readable};
use crate::hub::judge::{Author, county};
use crate::hub::phones::note;
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store, StoredRecord, Writing};

/// What a supervisor says of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ReviewVerdict {
    /// It stands.
    Approved,
    /// The worker is asked to look at it again.
    Returned,
}

/// A review to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewOf {
    /// The record.
    pub id: RecordId,
    /// The version that was looked at.
    pub version: Version,
    /// What is said of it.
    pub verdict: ReviewVerdict,
    /// Remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// A remark on the whole.
    pub note: Option<String>,
}

/// What became of many approvals at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManyApproved {
    /// How many were approved.
    pub approved: usize,
    /// Those that have changed since they were looked at, or are not there (any more).
    pub stale: Vec<RecordId>,
}

/// What somebody at the desk writes into a record; the hub stamps it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeskChange {
    /// The record; a fresh id creates one.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its cell.
    pub cell: CellCode,
    /// The new values.
    pub fields: Fields,
}

impl<S: Store> Hub<S> {
    /// Approves or returns one version of a record. Answers with the review's id.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::NotAllowed`] for other roles, [`CallRefusal::Stale`] when
    /// the record has changed since, [`CallRefusal::Invalid`] when a return says nothing or a remark is malformed.
    pub fn review(&self, desk: &Desk, review: &ReviewOf) -> Result<RecordId, HubError> {
        self.store.write(|writing| self.write_review(writing, &desk.actor, review))
    }

    /// Approves many versions in one transaction; those that have changed since are left out and named.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles.
    pub fn approve_many(&self, desk: &Desk, items: &[(RecordId, Version)]) -> Result<ManyApproved, HubError> {
        self.store.write(|writing| {
            let mut outcome = ManyApproved::default();
            for (id, version) in items {
                let review = ReviewOf {
                    id: *id,
                    version: version.clone(),
                    verdict: ReviewVerdict::Approved,
                    remarks: BTreeMap::new(),
                    note: None,
                };
                match self.write_review(writing, &desk.actor, &review) {
                    Ok(_) => outcome.approved += 1,
                    Err(HubError::Refused { code: CallRefusal::Stale | CallRefusal::NotFound, .. }) => {
                        outcome.stale.push(*id);
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(outcome)
        })
    }

    fn write_review(&self, writing: &mut dyn Writing, actor: &Actor, review: &ReviewOf) -> Result<RecordId, HubError> {
        if !allowed(actor.role, Action::Write, &Kind::Review) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        let found = readable(writing, actor, review.id)?.filter(|found| found.record.kind.is_reviewed());
        let StoredRecord { record, version, state, .. } =
            found.ok_or_else(|| HubError::refused(CallRefusal::NotFound))?;
        if version != review.version {
            return Err(HubError::refused(CallRefusal::Stale));
        }
        check_words(review)?;
        if review.verdict == ReviewVerdict::Approved && state == ReviewState::Approved {
            // A second click, or two supervisors of one mind: it stands already.
            return Ok(review.id);
        }
        let now = self.now();
        let mut fields = Fields::from([
            ("target".to_owned(), json!(review.id)),
            ("target_kind".to_owned(), json!(record.kind)),
            ("version".to_owned(), json!(version)),
            ("verdict".to_owned(), json!(review.verdict)),
            ("at".to_owned(), json!(now)),
            ("by".to_owned(), json!(actor.account)),
        ]);
        if !review.remarks.is_empty() {
            fields.insert("remarks".to_owned(), json!(review.remarks));
        }
        if let Some(words) = review.note.as_deref().map(str::trim).filter(|words| !words.is_empty()) {
            fields.insert("note".to_owned(), Value::from(words));
        }
        let id = self.record_id();
        let change = DeskChange { id, kind: Kind::Review, cell: record.cell.clone(), fields };
        self.write_at_desk(writing, actor, change, record.latest())?.map_err(refused_words)?;
        note(writing, now, actor.account.as_str(), "review", &review.id.to_string())?;
        Ok(id)
    }

    /// Writes a change of the desk's own, judged like any other, stamped after everything that the record holds.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn write_as_desk(&self, actor: &Actor, change: DeskChange) -> Result<Verdict, HubError> {
        self.store.write(|writing| {
            let written = self.write_at_desk(writing, actor, change, Stamp::ZERO)?;
            Ok(written.map_or_else(Verdict::Refused, |()| Verdict::Accepted))
        })
    }

    pub(super) fn write_at_desk(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        change: DeskChange,
        seen: Stamp,
    ) -> Result<Result<(), Refusal>, HubError> {
        let change = self.stamped(writing, change, seen)?;
        let verdict = self.take(writing, Author::Desk(actor), std::slice::from_ref(&change))?.pop();
        match verdict {
            Some(Verdict::Accepted) => Ok(Ok(())),
            Some(Verdict::Refused(refusal)) => Ok(Err(refusal)),
            None => Err(HubError::Broken("a change without a verdict".into())),
        }
    }

    /// A change of the desk's own, stamped after `seen` and after everything that the record holds, with what stands as its base.
    pub(super) fn stamped(
        &self,
        reading: &(impl Reading + ?Sized),
        change: DeskChange,
        seen: Stamp,
    ) -> Result<Change, HubError> {
        let current = reading.record(&county(&change.cell), change.id)?.map(|stored| stored.record);
        let stamp = self.stamp_after(current.as_ref().map_or(seen, |record| record.latest().max(seen)));
        let base = match &current {
            Some(record) => {
                let known = change.fields.keys().filter(|field| record.fields.contains_key(*field));
                known.map(|field| (field.clone(), record.stamps.of(field))).collect()
            }
            None => BTreeMap::new(),
        };
        Ok(Change {
            id: change.id,
            kind: change.kind,
            cell: change.cell,
            fields: change.fields,
            stamps: Stamps::all(stamp),
            base,
        })
    }
}

/// A return must say what is to be looked at.
fn check_words(review: &ReviewOf) -> Result<(), HubError> {
    let said = |text: &String| !text.trim().is_empty();
    let silent = !review.remarks.values().any(said) && !review.note.as_ref().is_some_and(said);
    if review.verdict == ReviewVerdict::Returned && silent {
        return Err(HubError::invalid(vec![Problem::new("note", ProblemCode::Required)]));
    }
    Ok(())
}

pub(super) fn refused_words(refusal: Refusal) -> HubError {
    match refusal.code {
        ProblemCode::NotAllowed | ProblemCode::ForeignCell | ProblemCode::ForeignRecord => {
            HubError::refused(CallRefusal::NotAllowed)
        }
        _ => HubError::invalid(refusal.problems),
    }
}
