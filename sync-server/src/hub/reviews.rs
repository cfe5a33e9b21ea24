//! What the desk writes: reviews above all, and corrections of its own.

use std::collections::{BTreeMap, BTreeSet};

use domain::lines::in_one_line;
use domain::protocol::{CallRefusal, Refusal, Verdict};
use domain::review::rules::ReviewRules;
use domain::review::{Approving, ReviewState, TAKE_BACK_ALLOWED, approving};
use domain::scope::{Action, Actor, allowed};
use domain::{CellCode, Change, Fields, Kind, Problem, ProblemCode, Record, RecordId, Stamp, Stamps, Version};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::hub::desk::{Desk, readable};
use crate::hub::judge::Author;
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
    /// Where that version stood when it was looked at.
    pub seen: ReviewState,
    /// What is said of it.
    pub verdict: ReviewVerdict,
    /// Remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// A remark on the whole.
    pub note: Option<String>,
}

/// A version that somebody looked at, to be approved among many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedAt {
    /// The record.
    pub id: RecordId,
    /// The version.
    pub version: Version,
    /// Where it stood then.
    pub seen: ReviewState,
}

/// What became of many approvals at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManyApproved {
    /// How many were approved.
    pub approved: usize,
    /// The approvals that were written, to take them back.
    pub reviews: Vec<RecordId>,
    /// Those that have changed or were decided since they were looked at, or are not there (any more).
    pub stale: Vec<RecordId>,
    /// Those that nobody approves among many: their risk is not low, or another level comes first.
    pub left: Vec<RecordId>,
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
    /// the record has changed since or somebody else has decided, [`CallRefusal::Invalid`] when a return says nothing or a remark is
    /// malformed.
    pub fn review(&self, desk: &Desk, review: &ReviewOf) -> Result<RecordId, HubError> {
        self.store.write(|writing| {
            writing.forget_approved_before(self.now() - TAKE_BACK_ALLOWED)?;
            let written = self.write_review(writing, &desk.actor, review)?;
            Ok(written.unwrap_or(review.id))
        })
    }

    /// Approves many versions in one transaction; those that have changed or were decided since are left out and named, and so are
    /// those whose risk is not low by the county's rules.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles.
    pub fn approve_many(&self, desk: &Desk, items: &[LookedAt]) -> Result<ManyApproved, HubError> {
        self.store.write(|writing| {
            let rules = self.review_rules_in(writing)?;
            writing.forget_approved_before(self.now() - TAKE_BACK_ALLOWED)?;
            let mut outcome = ManyApproved::default();
            for LookedAt { id, version, seen } in items {
                let review = ReviewOf {
                    id: *id,
                    version: version.clone(),
                    seen: *seen,
                    verdict: ReviewVerdict::Approved,
                    remarks: BTreeMap::new(),
                    note: None,
                };
                if !passes_among_many(writing, &desk.actor, &rules, *id)? {
                    outcome.left.push(*id);
                    continue;
                }
                match self.write_review(writing, &desk.actor, &review) {
                    Ok(written) => {
                        outcome.approved += 1;
                        outcome.reviews.extend(written);
                    }
                    Err(HubError::Refused { code: CallRefusal::NotYet, .. }) => outcome.left.push(*id),
                    Err(HubError::Refused { code: CallRefusal::Stale | CallRefusal::NotFound, .. }) => {
                        outcome.stale.push(*id);
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(outcome)
        })
    }

    /// Writes a review; none when it stands already.
    fn write_review(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        review: &ReviewOf,
    ) -> Result<Option<RecordId>, HubError> {
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
        let reviews = reviews_of(writing, &record)?;
        let level = match self.weigh(writing, actor, &record, &reviews, review.verdict)? {
            // A second click, or two supervisors of one mind: it stands already.
            Approving::Already => return Ok(None),
            // Somebody else has decided since: nobody wipes out a word that they have not read.
            _ if state != review.seen => return Err(HubError::refused(CallRefusal::Stale)),
            Approving::As(level) => level,
            Approving::NotYet => return Err(HubError::refused(CallRefusal::NotYet)),
        };
        let now = self.now();
        let mut fields = Fields::from([
            ("target".to_owned(), json!(review.id)),
            ("target_kind".to_owned(), json!(record.kind)),
            ("version".to_owned(), json!(version)),
            ("verdict".to_owned(), json!(review.verdict)),
            ("at".to_owned(), json!(now)),
            ("by".to_owned(), json!(actor.account)),
        ]);
        if let Some(level) = level {
            fields.insert("level".to_owned(), json!(level));
        }
        if !review.remarks.is_empty() {
            fields.insert("remarks".to_owned(), json!(review.remarks));
        }
        if let Some(words) = review.note.as_deref().map(str::trim).filter(|words| !words.is_empty()) {
            fields.insert("note".to_owned(), Value::from(words));
        }
        let id = self.record_id();
        let change = DeskChange { id, kind: Kind::Review, cell: record.cell.clone(), fields };
        self.write_at_desk(writing, actor, change, latest_said(&record, &reviews))?.map_err(refused_words)?;
        note(writing, now, actor.account.as_str(), "review", &review.id.to_string())?;
        Ok(Some(id))
    }

    /// What a verdict would be: whoever reviews may return at any time, an approval has its turn.
    fn weigh(
        &self,
        reading: &dyn Writing,
        actor: &Actor,
        record: &Record,
        reviews: &[Record],
        verdict: ReviewVerdict,
    ) -> Result<Approving, HubError> {
        if verdict == ReviewVerdict::Returned {
            return Ok(Approving::As(None));
        }
        let two_levels = self.review_rules_in(reading)?.two_levels;
        Ok(approving(two_levels, actor, record, reviews))
    }

    /// Writes a change of the desk's own, judged like any other, stamped after everything that the record holds, as somebody who
    /// has all before their eyes that the cell's feed tells.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn write_as_desk(&self, actor: &Actor, change: DeskChange) -> Result<Verdict, HubError> {
        self.store.write(|writing| {
            let reached = writing.feed_reached(&change.cell)?;
            let written = self.write_by(writing, Author::Desk(actor, Some(reached)), change, Stamp::ZERO)?;
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
        self.write_by(writing, Author::Desk(actor, None), change, seen)
    }

    /// The same in the course of a duty too.
    pub(super) fn write_by(
        &self,
        writing: &mut dyn Writing,
        author: Author<'_>,
        change: DeskChange,
        seen: Stamp,
    ) -> Result<Result<(), Refusal>, HubError> {
        let change = self.stamped(writing, change, seen)?;
        let verdict = self.take(writing, author, std::slice::from_ref(&change))?.verdicts.pop();
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
        let current = reading.record(&change.cell.county(), change.id)?.map(|stored| stored.record);
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
            fields: in_one_line(&change.kind, change.fields),
            kind: change.kind,
            cell: change.cell,
            stamps: Stamps::all(stamp),
            base,
        })
    }
}

/// What the desk has said of a record so far.
pub(super) fn reviews_of(reading: &dyn Writing, record: &Record) -> Result<Vec<Record>, HubError> {
    let reviews = reading.referring(&record.cell.county(), record.id, &Kind::Review)?;
    Ok(reviews.into_iter().map(|stored| stored.record).collect())
}

/// The latest stamp of a record and of what was said of it. Whatever is said next comes after it: the clock may have been ahead when
/// that was said, and the later word counts.
pub(super) fn latest_said(record: &Record, reviews: &[Record]) -> Stamp {
    reviews.iter().map(Record::latest).fold(record.latest(), Stamp::max)
}

/// Whether a record may be approved among many. What is not there is left to the review itself to refuse.
fn passes_among_many(
    reading: &dyn Writing,
    actor: &Actor,
    rules: &ReviewRules,
    id: RecordId,
) -> Result<bool, HubError> {
    let Some(stored) = readable(reading, actor, id)? else { return Ok(true) };
    let changed = changed_fields(reading, &stored)?;
    Ok(rules.low_risk.covers(&stored.record, stored.approved_version.is_none(), changed.iter().map(String::as_str)))
}

/// The fields of a record that differ from what was approved last; of one that never was, all.
pub(crate) fn changed_fields<R: Reading + ?Sized>(reading: &R, stored: &StoredRecord) -> Result<Vec<String>, HubError> {
    let record = &stored.record;
    let before = match &stored.approved_version {
        Some(version) if *version == stored.version => return Ok(Vec::new()),
        Some(_) => {
            reading.approved(&record.cell.county(), record.id)?.map(|approved| approved.fields).unwrap_or_default()
        }
        None => Fields::new(),
    };
    Ok(differing(&before, &record.fields))
}

/// The names of fields whose values differ; emptied and missing are the same.
fn differing(before: &Fields, after: &Fields) -> Vec<String> {
    let says = |fields: &Fields, name: &String| {
        fields.get(name).filter(|value| !value.is_null() && value.as_str() != Some("")).cloned()
    };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| says(before, name) != says(after, name)).cloned().collect()
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
