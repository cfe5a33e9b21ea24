//! Taking changes: judged one by one, merged by the one merge, stored with their history. All within one transaction.

use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::review::{Review, Said};
use domain::merge::{Lost, MergeError, Merged, cell_of, merge};
use domain::protocol::Verdict;
use domain::review::{self, ReviewState};
use domain::validate::{Setting, today};
use domain::world::Millis;
use domain::{AccountId, CellCode, Change, Kind, ProblemCode, Record, Scope, Stamps};
use serde_json::Value;

use crate::hub::case_files::{Late, without_erased};
use crate::hub::county::server_account;
use crate::hub::doomed::doom_bytes;
use crate::hub::first_look::{
    Look, Looks, digest, look_at_all, merge_fault, nothing_new, refuse_missing_targets, standing,
};
use crate::hub::judge::{Author, Bench, CELL, Fault, NUMBER, parts_of_number};
use crate::hub::so_far::{Pasts, SoFar};
use crate::hub::{Hub, HubError, conflicts};
use crate::store::{Approval, LostValue, Place, Run, Store, StoredRecord, Taken, Writing, Written, WrittenBy};

/// What became of changes.
pub(super) struct Judged {
    /// For each of them, in their order.
    pub(super) verdicts: Vec<Verdict>,
    /// Whether bytes of photos were doomed by it: their files are to be removed once all of it is durable.
    pub(super) dooms: bool,
}

impl<S: Store> Hub<S> {
    /// Takes what can be taken, and answers for every change. Nothing is durable before the transaction is.
    pub(super) fn take(
        &self,
        writing: &mut dyn Writing,
        author: Author<'_>,
        changes: &[Change],
    ) -> Result<Judged, HubError> {
        let sent = changes;
        let lists = self.lists();
        let setting = Setting { now: self.now(), lists: &lists };
        let bench = Bench { author, setting, lost_until: self.lost_times.end(), proof_key: &self.proof_key };
        let mut so_far = SoFar::default();
        let (late, looks) = look_without_erased(writing, &bench, sent, &mut so_far.pasts)?;
        let changes = late.emptied.as_deref().unwrap_or(sent);
        let mut judged = Judged { verdicts: Vec::with_capacity(changes.len()), dooms: false };
        let mut looked = BTreeSet::new();
        for (change, look) in changes.iter().zip(looks.each) {
            // Only an earlier change of this push can have moved the record since it was looked at, or have been refused since.
            let repeated = !looked.insert(change.id);
            judged.verdicts.push(match look {
                Look::Refused(fault, current) => {
                    // A database that was put back has lost the record of a picture, and somebody of it was erased before it came again:
                    // the bytes are here, and nothing names them.
                    if fault.code == ProblemCode::Erased {
                        judged.dooms |= doom_bytes(writing, &change.kind, &change.fields)?.is_some();
                    }
                    Verdict::Refused(bench.refusal(fault, current.as_deref()))
                }
                Look::Known(_) if repeated => self.store_repeated(writing, &bench, change, false, &mut so_far)?,
                Look::Fits { creates, .. } if repeated => {
                    self.store_repeated(writing, &bench, change, creates, &mut so_far)?
                }
                Look::Known(lies_in) => {
                    tell_whoever_holds_it_elsewhere(writing, author, change, lies_in.as_ref(), false)?;
                    Verdict::Accepted
                }
                Look::Fits { creates, current, merged } => {
                    let current = current.map(|record| *record);
                    self.store_one(writing, &bench, change, (creates, current), Ok(*merged), &mut so_far)?
                }
            });
        }
        judged.dooms |= self.leave_late_files(writing, (sent, &judged.verdicts), (&late, &so_far), setting)?;
        Ok(judged)
    }

    /// Stores another change of this push to a record, on what stands by now.
    fn store_repeated(
        &self,
        writing: &mut dyn Writing,
        bench: &Bench<'_>,
        change: &Change,
        creates: bool,
        so_far: &mut SoFar,
    ) -> Result<Verdict, HubError> {
        let current = standing(writing, change)?;
        let merged = merge(current.as_ref(), change);
        self.store_one(writing, bench, change, (creates, current), merged, so_far)
    }

    /// Stores what came of a change that was found fitting.
    fn store_one(
        &self,
        writing: &mut dyn Writing,
        bench: &Bench<'_>,
        change: &Change,
        (creates, current): (bool, Option<Record>),
        merged: Result<Merged, MergeError>,
        so_far: &mut SoFar,
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
        let news = !nothing_new(writing, change, &merged)?;
        let lies_in = Some(merged.record.cell.clone());
        if news {
            self.time().clock.observe(change.latest(), bench.setting.now);
            self.store_merged(writing, bench, change, merged, current.as_ref(), so_far)?;
        }
        tell_whoever_holds_it_elsewhere(writing, bench.author, change, lies_in.as_ref(), news)?;
        Ok(Verdict::Accepted)
    }

    fn store_merged(
        &self,
        writing: &mut dyn Writing,
        bench: &Bench<'_>,
        change: &Change,
        merged: Merged,
        before: Option<&Record>,
        so_far: &mut SoFar,
    ) -> Result<(), HubError> {
        let (author, now, record) = (bench.author, bench.setting.now, merged.record);
        let by = author.actor().account.clone();
        let conflicts = conflicts::found(writing, bench, change, &merged.lost, &record, &mut so_far.pasts)?;
        if let Some(before) = before {
            conflicts::settle(writing, author, (change, &merged.taken), before, now, so_far)?;
        }
        let number = if before.is_none() { self.number(writing, &record, now)? } else { None };
        let record = match &number {
            Some(number) => merge(Some(&record), number).map_err(|error| HubError::Broken(error.to_string()))?.record,
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
        if before.is_some_and(|before| before.cell != record.cell) {
            so_far.moved(&record, writing.feed_reached(&record.cell)?);
        }
        conflicts::keep(writing, &record, conflicts, so_far)?;
        let writer = WrittenBy { by, device: author.device() };
        keep_history(writing, &record.cell, (writer, now), change, merged.lost, &mut so_far.pasts)?;
        if let Some(number) = number {
            let server = WrittenBy { by: server_account(), device: None };
            keep_history(writing, &record.cell, (server, now), &number, Vec::new(), &mut so_far.pasts)?;
        }
        if record.kind == Kind::Evacuation {
            so_far.forget_open(&record);
        }
        let stored = so_far.pasts.knows(&record).then(|| record.clone());
        self.follow(writing, record, change, &merged.taken, now)?;
        stored.map_or(Ok(()), |stored| so_far.add_what_was_emptied(writing, &stored))
    }

    /// What follows from a change that is stored, by the kind of its record.
    fn follow(
        &self,
        writing: &mut dyn Writing,
        record: Record,
        change: &Change,
        taken: &[String],
        now: Millis,
    ) -> Result<(), HubError> {
        match record.kind {
            Kind::Review => settle_review(writing, &record),
            Kind::Cell => name_cell(writing, &record),
            Kind::Evacuation => self.leave_late_lists(writing, &record, change, now),
            Kind::Photo => self.note_if_here(writing, &record, now),
            _ => self.leave_reference(writing, record, taken, now),
        }
    }

    /// The number of a new incident, as a change of the server's own that is stored with it: it reaches the phone through the
    /// feed. None for other kinds, and for an incident that comes back with the number it had.
    fn number(&self, writing: &mut dyn Writing, incident: &Record, now: Millis) -> Result<Option<Change>, HubError> {
        if incident.kind != Kind::Incident {
            return Ok(None);
        }
        let county = incident.cell.county();
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

/// The first look at changes, without what case files among them say of residents who were erased. Whom a file is about in the end, its lists
/// of parties decide; where one of these is refused, all are looked at once more as if it had not come.
fn look_without_erased(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    sent: &[Change],
    pasts: &mut Pasts,
) -> Result<(Late, Looks), HubError> {
    let mut refused = BTreeSet::new();
    loop {
        let late = without_erased(reading, bench, sent, &refused, pasts)?;
        let changes = late.emptied.as_deref().unwrap_or(sent);
        let mut looks = look_at_all(reading, bench, changes, &late)?;
        refuse_missing_targets(reading, bench, changes, &mut looks)?;
        let lists = |change: &Change| change.kind == Kind::Dispute && change.fields.contains_key("parties");
        let is_refused = |index: &usize| matches!(looks.each[*index], Look::Refused(..)) && lists(&changes[*index]);
        let found: BTreeSet<usize> = (0..changes.len()).filter(is_refused).collect();
        if found.is_empty() || !refused.is_empty() {
            return Ok((late, looks));
        }
        refused = found;
    }
}

/// A phone that holds a record where it does not lie is told so by the feed of that cell: its move lost against a later one, or was never
/// taken. Where it once lay, the feed says so already, unless this phone has just taken it there again.
fn tell_whoever_holds_it_elsewhere(
    writing: &mut dyn Writing,
    author: Author<'_>,
    change: &Change,
    lies_in: Option<&CellCode>,
    news: bool,
) -> Result<(), HubError> {
    // Whoever wrote it holds the record where it was found, or where it was moved by this.
    let held_in = cell_of(&change.fields, &change.cell);
    if !author.is_phone() || lies_in.is_none_or(|cell| *cell == held_in) {
        return Ok(());
    }
    let moved_now = news && change.fields.contains_key(CELL);
    if moved_now || !writing.has_left(&held_in, change.id)? {
        writing.tell_gone(&held_in, change.id)?;
    }
    Ok(())
}

/// What a change brought, and what gave way to it or to what stood, for the history of its record.
fn keep_history(
    writing: &mut dyn Writing,
    cell: &CellCode,
    (writer, now): (WrittenBy, Millis),
    change: &Change,
    lost: Vec<Lost>,
    pasts: &mut Pasts,
) -> Result<(), HubError> {
    let lost =
        lost.into_iter().map(|Lost { field, value, stamp, incoming }| LostValue { field, value, stamp, incoming });
    let lost: Vec<LostValue> = lost.collect();
    let taken = Taken { at: now, by: &writer.by, device: writer.device, change, lost: &lost };
    writing.append_history(cell, taken, &digest(change))?;
    pasts.add(cell, change, &writer);
    Ok(())
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

/// Where a record stands with the supervisor, from the reviews that are stored.
pub(super) fn review_state(reading: &dyn Writing, record: &Record) -> Result<review::ReviewState, HubError> {
    if !record.kind.is_reviewed() {
        return Ok(review::ReviewState::NotReviewed);
    }
    let reviews = reading.referring(&record.cell.county(), record.id, &Kind::Review)?;
    Ok(review::state(record, reviews.iter().map(|stored| &stored.record)))
}

/// A review came in: its target's state is folded anew.
fn settle_review(writing: &mut dyn Writing, review: &Record) -> Result<(), HubError> {
    let Some(target) = review.reference("target") else { return Ok(()) };
    let county = review.cell.county();
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
