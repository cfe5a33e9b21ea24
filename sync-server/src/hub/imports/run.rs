//! Carrying a batch out: the trial, which writes nothing, and the import, some rows at a time, each with how far it is.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use domain::import::Target;
use domain::protocol::Verdict;
use domain::review::ReviewState;
use domain::scope::{Actor, Duty};
use domain::validate::Setting;
use domain::{Change, Kind, Record, RecordId, Stamp, Stamps};

use super::ids::Ids;
use super::plan::{Planned, Planner};
use super::{Finding, ImportLine, ImportOf, ImportReport, ImportState, own, text, word};
use crate::hub::judge::Author;
use crate::hub::phones::note;
use crate::hub::{Hub, HubError, secrets};
use crate::store::{Approval, ImportBatch, Reading, Store, Writing};
use crate::tables::{self, Table};

/// So many rows are written with one transaction: others write in between.
const ROWS_AT_ONCE: usize = 500;
/// How often at most a trial tells how far it is, in rows.
const TOLD_EVERY: usize = 4_000;

impl<S: Store> Hub<S> {
    /// Does what [`Hub::begin_check`] or [`Hub::begin_import`] has begun; returns when that is done or has stopped. Called on a
    /// thread of its own.
    ///
    /// # Errors
    /// [`HubError::Store`]; the batch has then stopped and can be gone on with.
    pub fn go_on_with_import(&self, actor: &Actor, id: &str) -> Result<(), HubError> {
        let turn = self.importing.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.carry_out(actor, id);
        drop(turn);
        if done.is_err() {
            self.store.write(|writing| {
                let found = own(writing, actor, id)?;
                let running = found.state == ImportState::Running;
                let state = if running { ImportState::Stopped } else { ImportState::Uploaded };
                Ok::<_, HubError>(writing.put_import(&ImportBatch { state: word(&state)?, ..found.batch })?)
            })?;
        }
        done
    }

    fn carry_out(&self, actor: &Actor, id: &str) -> Result<(), HubError> {
        let (found, bytes) =
            self.store.read(|reading| Ok::<_, HubError>((own(reading, actor, id)?, reading.import_file(id)?)))?;
        let table = tables::read(&bytes.unwrap_or_default())?;
        match (found.what, found.state) {
            (ImportOf::Register, ImportState::Checking) => self.try_register(actor, &found, &table),
            (ImportOf::Register, ImportState::Running) => self.write_register(actor, &found, &table),
            (ImportOf::Divisions, ImportState::Checking) => self.try_divisions(actor, &found, &table),
            (ImportOf::Divisions, ImportState::Running) => self.write_divisions(actor, &found, &table),
            _ => Ok(()),
        }
    }

    fn ids(&self, found: &ImportLine) -> Result<Ids, HubError> {
        let fresh = secrets::token(self.time().world.as_mut());
        Ids::of(&self.store, &fresh, &found.batch.id, found.batch.at)
    }

    fn try_register(&self, actor: &Actor, found: &ImportLine, table: &Table) -> Result<(), HubError> {
        let ids = self.ids(found)?;
        let lists = self.lists();
        let setting = Setting { now: self.now(), lists: &lists };
        let mut report = ImportReport::default();
        let mut next = 0;
        let mut planner = self.store.read(|reading| Planner::new(reading, actor, &found.plan, &ids, setting, 0..0))?;
        while next < table.rows.len() {
            let end = (next + TOLD_EVERY).min(table.rows.len());
            self.store.read(|reading| {
                for index in next..end {
                    let planned = self.look(&mut planner, reading, table, index)?;
                    let Some(planned) = planned else { continue };
                    count(&mut report, &planned, planned.changes.iter().filter(|change| creates(change)));
                }
                Ok::<_, HubError>(())
            })?;
            next = end;
            self.store.write(|writing| {
                let batch = own(writing, actor, &found.batch.id)?.batch;
                Ok::<_, HubError>(writing.put_import(&ImportBatch { done: next as u64, ..batch })?)
            })?;
        }
        self.end(actor, &found.batch.id, ImportState::Checked, next as u64, &report)
    }

    /// What a row comes to; none: it is empty.
    fn look(
        &self,
        planner: &mut Planner<'_>,
        reading: &(impl Reading + ?Sized),
        table: &Table,
        index: usize,
    ) -> Result<Option<Planned>, HubError> {
        let cells = &table.rows[index];
        if cells.iter().all(String::is_empty) {
            return Ok(None);
        }
        planner.row(reading, table.first + index, cells).map(Some)
    }

    fn write_register(&self, actor: &Actor, found: &ImportLine, table: &Table) -> Result<(), HubError> {
        let ids = self.ids(found)?;
        let lists = self.lists();
        let setting = Setting { now: self.now(), lists: &lists };
        let mut report = found.report.clone();
        let mut next = found.batch.done as usize;
        let mut planner = self.store.read(|reading| {
            let done = table.first..table.first + next;
            let mut planner = Planner::new(reading, actor, &found.plan, &ids, setting, done)?;
            // What the rows came to that were done before it stopped: those that follow go on from there.
            for index in 0..next {
                self.look(&mut planner, reading, table, index)?;
            }
            Ok::<_, HubError>(planner)
        })?;
        while next < table.rows.len() {
            let end = (next + ROWS_AT_ONCE).min(table.rows.len());
            self.store.write(|writing| {
                let account = writing.account(&actor.account)?.filter(|account| account.closed_at.is_none());
                if account.is_none_or(|account| account.actor() != *actor) {
                    // Whoever has lost the right does not go on using it.
                    return Err(HubError::refused(domain::protocol::CallRefusal::NotAllowed));
                }
                planner.leave_what_is_over(&*writing)?;
                let mut changes = Vec::new();
                let mut rows = Vec::new();
                for index in next..end {
                    let Some(planned) = self.look(&mut planner, &*writing, table, index)? else { continue };
                    let mut fresh = Vec::new();
                    for change in &planned.changes {
                        // What this batch wrote before it stopped, or when it ran before, is left as it stands now; and so is the head
                        // that somebody has named meanwhile.
                        let there = writing.record(&change.cell.county(), change.id)?;
                        let names_head = |there: &Record| !creates(change) && !there.fields.contains_key("head");
                        if there.is_none_or(|there| names_head(&there.record)) {
                            fresh.push(self.with_stamp(change));
                        }
                    }
                    rows.push((table.first + index, planned, changes.len()..changes.len() + fresh.len()));
                    changes.extend(fresh);
                }
                self.enter(writing, actor, &changes, rows, &mut report)?;
                let batch = own(writing, actor, &found.batch.id)?.batch;
                let report = text(&report)?;
                Ok::<_, HubError>(writing.put_import(&ImportBatch { done: end as u64, report, ..batch })?)
            })?;
            next = end;
        }
        self.end(actor, &found.batch.id, ImportState::Done, next as u64, &report)
    }

    fn with_stamp(&self, change: &Change) -> Change {
        Change { stamps: Stamps::all(self.stamp_after(Stamp::ZERO)), ..change.clone() }
    }

    /// Has the changes judged and stored, and counts what became of each row.
    fn enter(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        changes: &[Change],
        rows: Vec<(usize, Planned, std::ops::Range<usize>)>,
        report: &mut ImportReport,
    ) -> Result<(), HubError> {
        let unread = unread(writing, changes)?;
        let verdicts = self.take(writing, Author::Office(actor, Duty::Import), changes)?.verdicts;
        let approval = Approval { at: self.now(), by: actor.account.clone() };
        for (number, mut planned, own) in rows {
            for (change, verdict) in changes[own.clone()].iter().zip(&verdicts[own.clone()]) {
                match verdict {
                    // What somebody wrote in a household is not read by its being given a head: it goes on waiting.
                    Verdict::Accepted if unread.contains(&change.id) => {}
                    Verdict::Accepted => {
                        writing.set_review(&change.cell, change.id, ReviewState::Approved, Some(&approval))?;
                    }
                    Verdict::Refused(refusal) => planned.findings.push(Finding {
                        row: number,
                        field: String::new(),
                        code: word(&refusal.code)?,
                        wrong: true,
                        other: None,
                    }),
                }
            }
            let accepted = changes[own.clone()].iter().zip(&verdicts[own]);
            let accepted = accepted.filter(|(change, verdict)| creates(change) && **verdict == Verdict::Accepted);
            count(report, &planned, accepted.map(|(change, _)| change));
        }
        Ok(())
    }

    /// Notes that a trial or an import is done.
    pub(super) fn end(
        &self,
        actor: &Actor,
        id: &str,
        state: ImportState,
        done: u64,
        report: &ImportReport,
    ) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let batch = own(writing, actor, id)?.batch;
            writing.put_import(&ImportBatch { state: word(&state)?, done, report: text(report)?, ..batch })?;
            if state == ImportState::Done {
                // Nobody needs the table of residents any more.
                writing.remove_import_file(id)?;
                note(writing, now, actor.account.as_str(), "import_done", id)?;
            }
            Ok(())
        })
    }
}

/// A change that brings a record, not one that only names a household's head.
fn creates(change: &Change) -> bool {
    change.kind != Kind::Household || change.fields.contains_key("dwelling")
}

/// Which of the households that these changes only name a head of are not approved as they stand: somebody has written in them since an
/// import brought them.
fn unread(reading: &(impl Reading + ?Sized), changes: &[Change]) -> Result<BTreeSet<RecordId>, HubError> {
    let mut found = BTreeSet::new();
    for change in changes.iter().filter(|change| !creates(change)) {
        let stored = reading.record(&change.cell.county(), change.id)?;
        if stored.is_some_and(|stored| stored.state != ReviewState::Approved) {
            found.insert(change.id);
        }
    }
    Ok(found)
}

fn count<'c>(report: &mut ImportReport, planned: &Planned, created: impl Iterator<Item = &'c Change>) {
    report.rows += 1;
    for change in created {
        *report.created.entry(change.kind.as_str().to_owned()).or_default() += 1;
    }
    if planned.findings.iter().any(|finding| finding.wrong) {
        report.wrong += 1;
    } else if planned.known {
        report.known += 1;
    } else if !planned.findings.is_empty() {
        report.odd += 1;
    }
    for finding in &planned.findings {
        report.find(finding.clone());
    }
}

/// The column of a target, as it stands in a row.
pub(super) fn cell_of<'r>(found: &ImportLine, row: &'r [String], target: Target) -> &'r str {
    found.plan.columns.get(&target).and_then(|column| row.get(*column)).map_or("", String::as_str)
}
