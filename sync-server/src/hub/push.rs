//! Taking changes: judged one by one, merged by the one merge, stored with their history. All within one transaction.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::incident::sees;
use domain::kinds::dispute::is_about_nobody;
use domain::kinds::photo::PHOTOS_PER_RECORD_MAX;
use domain::kinds::review::{Review, Said};
use domain::merge::{MergeError, Merged, merge};
use domain::protocol::Verdict;
use domain::record::write_canonical;
use domain::review::{self, ReviewState};
use domain::scope::Role;
use domain::validate::{Setting, today};
use domain::world::Millis;
use domain::{AccountId, CellCode, Change, Kind, ProblemCode, Record, RecordId, Scope, Stamps};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::hub::county::server_account;
use crate::hub::erasure::{says_about_one, without_erased};
use crate::hub::judge::{Author, Bench, Fault, NUMBER, county, named_author, parts_of_number, references, step_fault};
use crate::hub::{Hub, HubError, conflicts};
use crate::store::{
    Approval, ChangeDigest, LostValue, Place, Reading, Run, Store, StoredRecord, Taken, Writing, Written,
};

/// What the first look said of a change.
enum Look {
    /// Refused, with the record as it stood.
    Refused(Fault, Option<Box<Record>>),
    /// Everything in it is known: nothing will be written.
    Known,
    /// It can be taken, if the records that it names can; with the record as it will stand until then, and what comes of both.
    Fits { creates: bool, current: Option<Box<Record>>, merged: Box<Merged> },
}

impl Look {
    /// The cell into which this brings a record that was not there: a new one, or one that moves.
    fn brings_into(&self) -> Option<&CellCode> {
        let Look::Fits { current, merged, .. } = self else { return None };
        let there = current.as_ref().is_some_and(|current| current.cell == merged.record.cell);
        (!there).then_some(&merged.record.cell)
    }
}

impl<S: Store> Hub<S> {
    /// Takes what can be taken, and answers for every change in its order. Nothing is durable before the transaction is.
    pub(super) fn take(
        &self,
        writing: &mut dyn Writing,
        author: Author<'_>,
        changes: &[Change],
    ) -> Result<Vec<Verdict>, HubError> {
        let emptied = without_erased(writing, changes)?;
        let changes = emptied.as_deref().unwrap_or(changes);
        let lists = self.lists();
        let setting = Setting { now: self.now(), lists: &lists };
        let bench = Bench { author, setting, lost_until: self.lost_times.end() };
        let mut looks = look_at_all(writing, &bench, changes)?;
        refuse_missing_targets(writing, changes, &mut looks)?;
        let mut verdicts = Vec::with_capacity(changes.len());
        let mut looked = BTreeSet::new();
        for (change, look) in changes.iter().zip(looks) {
            // Only an earlier change of this push can have moved the record since it was looked at, or have been refused since.
            let repeated = !looked.insert(change.id);
            verdicts.push(match look {
                Look::Refused(fault, current) => Verdict::Refused(bench.refusal(fault, current.as_deref())),
                Look::Known => Verdict::Accepted,
                Look::Fits { creates, .. } if repeated => {
                    let current = standing(writing, change)?;
                    let merged = merge(current.as_ref(), change);
                    self.store_one(writing, &bench, change, creates, current, merged)?
                }
                Look::Fits { creates, current, merged } => {
                    self.store_one(writing, &bench, change, creates, current.map(|record| *record), Ok(*merged))?
                }
            });
        }
        Ok(verdicts)
    }

    /// Stores what came of a change that was found fitting.
    fn store_one(
        &self,
        writing: &mut dyn Writing,
        bench: &Bench<'_>,
        change: &Change,
        creates: bool,
        current: Option<Record>,
        merged: Result<Merged, MergeError>,
    ) -> Result<Verdict, HubError> {
        if current.is_none() && !creates {
            // An earlier change of the same push would have created it, and was refused after the look.
            let fault = Fault::new("", ProblemCode::MissingTarget);
            return Ok(Verdict::Refused(bench.refusal(fault, None)));
        }
        let merged = match merged {
            Ok(merged) => merged,
            Err(error) => return Ok(Verdict::Refused(bench.refusal(merge_fault(&error), current.as_ref()))),
        };
        if !nothing_new(writing, change, &merged)? {
            self.time().clock.observe(change.latest(), bench.setting.now);
            self.store_merged(writing, bench, change, merged, current.as_ref())?;
        }
        Ok(Verdict::Accepted)
    }

    fn store_merged(
        &self,
        writing: &mut dyn Writing,
        bench: &Bench<'_>,
        change: &Change,
        merged: Merged,
        before: Option<&Record>,
    ) -> Result<(), HubError> {
        let (author, now, record) = (bench.author, bench.setting.now, merged.record);
        let by = author.actor().account.clone();
        let conflicts = conflicts::found(writing, bench, change, &merged.lost, &record)?;
        if let Some(before) = before {
            conflicts::settle(writing, author, change, &merged.taken, before, now)?;
        }
        let number = if before.is_none() { self.number(writing, &record, now)? } else { None };
        let record = match &number {
            Some(number) => {
                let numbered = merge(Some(&record), number).map_err(|error| HubError::Broken(error.to_string()))?;
                numbered.record
            }
            None => record,
        };
        // A conflict goes to everybody, also to the run whose own writing is not sent back to it otherwise; so does a number.
        let own = conflicts.is_empty() && number.is_none();
        let run = if own { author.run() } else { Run::SERVER };
        if !merged.taken.is_empty() {
            let state = match before {
                Some(_) => review_state(writing, &record)?,
                // Nobody can have reviewed what was not there.
                None => review::state(&record, []),
            };
            let is_new = before.is_none();
            writing.put_record(&record, &Written { at: now, by: by.clone(), run, state, is_new })?;
        } else if !conflicts.is_empty() {
            writing.tell_again(&record.cell, record.id)?;
        }
        conflicts::keep(writing, &record, conflicts)?;
        let lost = merged.lost.into_iter().map(|lost| LostValue {
            field: lost.field,
            value: lost.value,
            stamp: lost.stamp,
            incoming: lost.incoming,
        });
        let lost: Vec<LostValue> = lost.collect();
        let taken = Taken { at: now, by: &by, device: author.device(), change, lost: &lost };
        writing.append_history(&record.cell, taken, &digest(change))?;
        if let Some(number) = number {
            let taken = Taken { at: now, by: &server_account(), device: None, change: &number, lost: &[] };
            writing.append_history(&record.cell, taken, &digest(&number))?;
        }
        match record.kind {
            Kind::Review => settle_review(writing, &record),
            Kind::Cell => name_cell(writing, &record),
            Kind::Evacuation if before.is_none() => self.leave_new_list(writing, &record, now),
            _ => Ok(()),
        }
    }

    /// The number of a new incident, as a change of the server's own that is stored with it: it reaches the phone through the
    /// feed. None for other kinds, and for an incident that comes back with the number it had.
    fn number(&self, writing: &mut dyn Writing, incident: &Record, now: Millis) -> Result<Option<Change>, HubError> {
        if incident.kind != Kind::Incident {
            return Ok(None);
        }
        let county = county(&incident.cell);
        if let Some(number) = incident.text(NUMBER) {
            remember_number(writing, &county, number)?;
            return Ok(None);
        }
        let day = today(now).format("%Y%m%d").to_string();
        let taken = writing.take_number(&sequence(&county, &day))?;
        Ok(Some(Change {
            id: incident.id,
            kind: incident.kind.clone(),
            cell: incident.cell.clone(),
            fields: BTreeMap::from([(NUMBER.to_owned(), Value::from(format!("{county}-{day}-{taken:04}")))]),
            stamps: Stamps::all(self.stamp_after(incident.latest())),
            base: BTreeMap::new(),
        }))
    }
}

/// The sequence of a county's incidents of one day.
fn sequence(county: &Scope, day: &str) -> String {
    format!("incident {county} {day}")
}

/// A number comes back that was given out before a restore: it is not given out again.
fn remember_number(writing: &mut dyn Writing, county: &Scope, number: &str) -> Result<(), HubError> {
    if let Some((day, taken)) = parts_of_number(county, number) {
        writing.pass_number(&sequence(county, day), taken)?;
    }
    Ok(())
}

/// The first look: every change by itself, each on what the ones before it would leave behind.
fn look_at_all(reading: &dyn Writing, bench: &Bench<'_>, changes: &[Change]) -> Result<Vec<Look>, HubError> {
    // Where among the looks a record was last seen to be taken.
    let mut ahead: BTreeMap<RecordId, usize> = BTreeMap::new();
    let mut photos: BTreeMap<RecordId, usize> = BTreeMap::new();
    let mut looks: Vec<Look> = Vec::with_capacity(changes.len());
    for change in changes {
        let before = Ahead { places: &ahead, looks: &looks };
        let current = match before.record(change.id) {
            Some(record) => Some(record.clone()),
            None => reading.record(&county(&change.cell), change.id)?.map(|stored| stored.record),
        };
        let look = look_at(reading, bench, change, current.as_ref(), &before, &mut photos)?;
        looks.push(match look {
            Ok(Some(merged)) => {
                ahead.insert(change.id, looks.len());
                Look::Fits { creates: current.is_none(), current: current.map(Box::new), merged: Box::new(merged) }
            }
            Ok(None) => Look::Known,
            Err(fault) => Look::Refused(fault, current.map(Box::new)),
        });
    }
    Ok(looks)
}

/// What the changes before one would leave behind.
struct Ahead<'a> {
    places: &'a BTreeMap<RecordId, usize>,
    looks: &'a [Look],
}

impl Ahead<'_> {
    fn record(&self, id: RecordId) -> Option<&Record> {
        match self.looks.get(*self.places.get(&id)?)? {
            Look::Fits { merged, .. } => Some(&merged.record),
            _ => None,
        }
    }
}

/// The record as it would stand after the change; none when nothing in it is new.
fn look_at(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    change: &Change,
    current: Option<&Record>,
    ahead: &Ahead<'_>,
    photos: &mut BTreeMap<RecordId, usize>,
) -> Result<Result<Option<Merged>, Fault>, HubError> {
    if let Some(fault) = bench.place_fault(change, current) {
        return Ok(Err(fault));
    }
    if current.is_none() && reading.erased(&county(&change.cell), change.id)? {
        return Ok(Err(Fault::new("", ProblemCode::Erased)));
    }
    let merged = merge(current, change);
    // Whoever repeats what is known has lost an answer; that is no fault, whatever the rules have become since.
    if let (Some(current), Ok(merged)) = (current, &merged)
        && bench.may_know(change, current)
        && nothing_new(reading, change, merged)?
    {
        return Ok(Ok(None));
    }
    if let Some(fault) = bench.fault(change, current) {
        return Ok(Err(fault));
    }
    let merged = match merged {
        Ok(merged) => merged,
        Err(error) => return Ok(Err(merge_fault(&error))),
    };
    if let Some(by) = named_author(change)
        && by != bench.author.actor().account
        && reading.account(&by)?.is_none()
    {
        return Ok(Err(Fault::new("by", ProblemCode::OtherAuthor)));
    }
    if current.is_none()
        && let Some(fault) = step_not_allowed(reading, bench, &merged.record, ahead)?
    {
        return Ok(Err(fault));
    }
    if current.is_none()
        && let Some(fault) = about_nobody(reading, &merged.record, ahead)?
    {
        return Ok(Err(fault));
    }
    if current.is_none()
        && let Some(fault) = too_many_photos(reading, &merged.record, photos)?
    {
        return Ok(Err(fault));
    }
    Ok(Ok(Some(merged)))
}

/// Refuses a step of an incident that is not its author's to take. What comes late is taken: the fold marks it.
fn step_not_allowed(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    step: &Record,
    ahead: &Ahead<'_>,
) -> Result<Option<Fault>, HubError> {
    if step.kind != Kind::IncidentStep {
        return Ok(None);
    }
    // An incident that is nowhere is refused as a missing target, later.
    let Some(incident) = step.reference("incident") else { return Ok(None) };
    let incident = match ahead.record(incident) {
        Some(record) => Some(record.clone()),
        None => reading.record(&county(&step.cell), incident)?.map(|stored| stored.record),
    };
    let Some(incident) = incident else { return Ok(None) };
    // Whoever answers for a department speaks of what that department has, whichever way the step comes in.
    if bench.author.actor().role == Role::Handler {
        let row = reading.incident_row(&county(&step.cell), incident.id)?;
        if !row.is_some_and(|row| sees(bench.author.actor(), &row.departments)) {
            return Ok(Some(Fault::new("", ProblemCode::ForeignRecord)));
        }
    }
    // After a restore a phone brings back what a supervisor did: then it is the supervisor's right that counts.
    let actor = bench.author.actor();
    let role = match step.text("by").and_then(|by| AccountId::new(by).ok()) {
        Some(by) if by != actor.account => reading.account(&by)?.map_or(actor.role, |account| account.role),
        _ => actor.role,
    };
    Ok(step_fault(step, &incident, role))
}

/// Refuses an event of a case file that is about nobody any more: its words were erased, and no others come to it.
fn about_nobody(reading: &dyn Writing, event: &Record, ahead: &Ahead<'_>) -> Result<Option<Fault>, HubError> {
    let Some(case) = event.reference("dispute").filter(|_| event.kind == Kind::DisputeEvent) else { return Ok(None) };
    let case = match ahead.record(case) {
        Some(record) => Some(record.clone()),
        None => reading.record(&county(&event.cell), case)?.map(|stored| stored.record),
    };
    let parties = case.as_ref().and_then(|case| case.fields.get("parties"));
    Ok(parties.filter(|parties| is_about_nobody(parties)).map(|_| Fault::new("dispute", ProblemCode::Erased)))
}

fn too_many_photos(
    reading: &dyn Writing,
    photo: &Record,
    counted: &mut BTreeMap<RecordId, usize>,
) -> Result<Option<Fault>, HubError> {
    let (Kind::Photo, Some(subject)) = (&photo.kind, photo.reference("subject")) else { return Ok(None) };
    let so_far = match counted.get(&subject) {
        Some(count) => *count,
        None => reading.count_referring(&Scope::from(&photo.cell), subject, &Kind::Photo)?,
    };
    if so_far >= PHOTOS_PER_RECORD_MAX {
        return Ok(Some(Fault::new("subject", ProblemCode::TooManyPhotos)));
    }
    counted.insert(subject, so_far + 1);
    Ok(None)
}

/// The record that a change is about, as it stands.
fn standing(reading: &dyn Writing, change: &Change) -> Result<Option<Record>, HubError> {
    Ok(reading.record(&county(&change.cell), change.id)?.map(|stored| stored.record))
}

/// Refuses changes that name records which are neither in the cell where the change leaves its own, nor among those that this push
/// brings there. Refusing one can
/// leave another without its target, so it goes on until nothing more falls.
fn refuse_missing_targets(reading: &dyn Writing, changes: &[Change], looks: &mut [Look]) -> Result<(), HubError> {
    let mut coming: BTreeMap<RecordId, (CellCode, Kind)> = BTreeMap::new();
    for (change, look) in changes.iter().zip(looks.iter()) {
        if let Some(cell) = look.brings_into() {
            coming.insert(change.id, (cell.clone(), change.kind.clone()));
        }
    }
    // What is not in the store and can only come with this push, for every change that waits for something.
    let mut waiting: Vec<(usize, String, RecordId)> = Vec::new();
    // Many visits of one household name it: it is looked for once.
    let mut kinds: BTreeMap<(Scope, RecordId), Option<Kind>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (index, change) in changes.iter().enumerate() {
        let Look::Fits { current, merged, .. } = &looks[index] else { continue };
        let cell = &merged.record.cell.clone();
        let current = if seen.insert(change.id) { current.as_deref().cloned() } else { standing(reading, change)? };
        for (field, id, kind) in references(change, current.as_ref()) {
            let fits_kind = |found: &Kind| kind.as_ref().is_none_or(|kind| kind == found);
            let found = match kinds.entry((Scope::from(cell), id)) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(place) => {
                    let found = reading.record(&place.key().0, id)?.map(|stored| stored.record.kind);
                    place.insert(found)
                }
            };
            if found.as_ref().is_some_and(fits_kind) {
                continue;
            }
            if coming.get(&id).is_some_and(|(there, kind)| there == cell && fits_kind(kind)) {
                waiting.push((index, field, id));
            } else {
                let erased = says_about_one(&change.kind, &field) && reading.erased(&county(cell), id)?;
                let code = if erased { ProblemCode::Erased } else { ProblemCode::MissingTarget };
                refuse(looks, index, Fault::new(&field, code), current.as_ref());
            }
        }
    }
    loop {
        let arriving: BTreeSet<RecordId> = (changes.iter().zip(looks.iter()))
            .filter(|(_, look)| look.brings_into().is_some())
            .map(|(change, _)| change.id)
            .collect();
        let refused: BTreeSet<RecordId> = coming.keys().filter(|id| !arriving.contains(id)).copied().collect();
        if refused.is_empty() {
            return Ok(());
        }
        coming.retain(|id, _| !refused.contains(id));
        for (index, field, id) in &waiting {
            if refused.contains(id) && matches!(looks[*index], Look::Fits { .. }) {
                // Without what stands its phone would take the record for one that the server does not have, and drop it.
                let current = standing(reading, &changes[*index])?;
                refuse(looks, *index, Fault::new(field, ProblemCode::MissingTarget), current.as_ref());
            }
        }
    }
}

fn refuse(looks: &mut [Look], index: usize, fault: Fault, current: Option<&Record>) {
    looks[index] = Look::Refused(fault, current.cloned().map(Box::new));
}

fn merge_fault(error: &MergeError) -> Fault {
    match error {
        MergeError::OtherKind => Fault::new("", ProblemCode::OtherKind),
        MergeError::Sealed { field } => Fault::new(field, ProblemCode::Sealed),
    }
}

/// Whether a change brings nothing: all of it stands in the record, or lost before and stands in the history.
fn nothing_new<R: Reading + ?Sized>(reading: &R, change: &Change, merged: &Merged) -> Result<bool, HubError> {
    if !merged.taken.is_empty() {
        return Ok(false);
    }
    Ok(merged.lost.is_empty() || reading.knows_change(&change.cell, change.id, &digest(change))?)
}

/// Names a change by its content: the record, and every field with its stamp and value.
pub(crate) fn digest(change: &Change) -> ChangeDigest {
    // Written out first: hashing once is much quicker than hashing every piece.
    let mut written = Vec::with_capacity(16 + 64 * change.fields.len());
    written.extend_from_slice(change.id.0.as_bytes());
    for (field, value) in &change.fields {
        written.extend_from_slice(field.as_bytes());
        written.push(0);
        written.extend_from_slice(&change.stamps.of(field).to_bytes());
        write_canonical(value, &mut written);
        written.push(0);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(&written)[..16]);
    ChangeDigest(first)
}

/// Where a record stands with the supervisor, from the reviews that are stored.
pub(super) fn review_state(reading: &dyn Writing, record: &Record) -> Result<review::ReviewState, HubError> {
    if !record.kind.is_reviewed() {
        return Ok(review::ReviewState::NotReviewed);
    }
    let reviews = reading.referring(&county(&record.cell), record.id, &Kind::Review)?;
    Ok(review::state(record, reviews.iter().map(|stored| &stored.record)))
}

/// A review came in: its target's state is folded anew.
fn settle_review(writing: &mut dyn Writing, review: &Record) -> Result<(), HubError> {
    let Some(target) = review.reference("target") else { return Ok(()) };
    let county = county(&review.cell);
    let Some(StoredRecord { record, .. }) = writing.record(&county, target)? else { return Ok(()) };
    let reviews = writing.referring(&county, target, &Kind::Review)?;
    let (state, deciding) = review::fold(&record, reviews.iter().map(|stored| &stored.record));
    let said = Review::from(review);
    if let Some(back) = said.takes_back.filter(|_| said.said == Some(Said::TakenBack)) {
        writing.restore_approved(&record.cell, target, back)?;
        return Ok(writing.set_review(&record.cell, target, state, None)?);
    }
    let approves = said.said == Some(Said::Approved) && state == ReviewState::Approved;
    let approval = deciding.filter(|_| approves).and_then(|deciding| {
        let by = deciding.by.as_deref().and_then(|by| AccountId::new(by).ok())?;
        Some(Approval { at: deciding.at, by })
    });
    if approval.is_some() {
        writing.keep_approved_before(&record.cell, target, review.id, said.at)?;
    }
    Ok(writing.set_review(&record.cell, target, state, approval.as_ref())?)
}

/// A cell's record names the place.
fn name_cell(writing: &mut dyn Writing, cell: &Record) -> Result<(), HubError> {
    let Some(name) = cell.text("name") else { return Ok(()) };
    let place = Place { code: Scope::from(&cell.cell), name: name.to_owned() };
    Ok(writing.put_place(&place)?)
}
