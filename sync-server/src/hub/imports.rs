//! Taking an existing register in from a table: uploaded, looked at, tried without writing, then written in the background.
//!
//! The batch is named by the file's content, and every record by the batch and what it is: doing it again, or going on after a
//! stop, writes nothing twice. Records enter through the same judging and history as every other change, as acts of the county's
//! office ([`Duty::Import`]); the office vouches for its register, so they stand as approved.

mod divisions;
mod ids;
mod plan;
mod run;
mod words;

use std::collections::BTreeMap;

use domain::codes::CodeList;
use domain::import::{Target, guess};
use domain::protocol::CallRefusal;
use domain::scope::{Actor, Duty, has_duty};
use domain::{Problem, ProblemCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use words::{Finding, ImportColumn, ImportLine, ImportOf, ImportPlan, ImportReport, ImportState};

use crate::hub::phones::note;
use crate::hub::{Hub, HubError};
use crate::store::{ImportBatch, Reading, Store};
use crate::tables::{self, Table};

/// So many findings are told; the rest is counted.
const FINDINGS_MAX: usize = 1_000;
/// So many rows are shown before anything is done.
const SAMPLE_ROWS: usize = 8;
/// A table that nobody went on with is thrown away after a week.
const KEPT: i64 = 7 * 24 * 60 * 60 * 1000;

impl<S: Store> Hub<S> {
    /// Takes a table for looking at. The same file of the same account is the same batch.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles; [`CallRefusal::Invalid`] when it is no table.
    pub fn upload_table(
        &self,
        actor: &Actor,
        name: &str,
        what: ImportOf,
        bytes: &[u8],
    ) -> Result<ImportLine, HubError> {
        may_import(actor, what)?;
        let table = tables::read(bytes)?;
        let now = self.now();
        let id = batch_id(actor, what, bytes);
        let name: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
        let plan = ImportPlan { columns: guesses(&table, what), cell: None };
        let total = table.rows.len() as u64;
        self.store.write(|writing| {
            if let Some(known) = writing.import(&id)?
                && matches!(known.state.as_str(), "running" | "checking")
            {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            let batch = ImportBatch {
                id: id.clone(),
                by: actor.account.clone(),
                at: now,
                name,
                what: word(&what)?,
                plan: text(&plan)?,
                state: word(&ImportState::Uploaded)?,
                done: 0,
                total,
                report: text(&ImportReport::default())?,
            };
            writing.put_import(&batch)?;
            writing.put_import_file(&id, bytes)?;
            note(writing, now, actor.account.as_str(), "import_upload", &id)?;
            line(batch)
        })
    }

    /// The own batches, the latest first.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles.
    pub fn imports_for(&self, actor: &Actor) -> Result<Vec<ImportLine>, HubError> {
        may_keep(actor)?;
        let batches = self.store.read(|reading| reading.imports())?;
        batches.into_iter().filter(|batch| batch.by == actor.account).map(line).collect()
    }

    /// One of the own batches, with the columns of its table while that is there.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] for others.
    pub fn import_for(&self, actor: &Actor, id: &str) -> Result<(ImportLine, Vec<ImportColumn>), HubError> {
        let (found, bytes) =
            self.store.read(|reading| Ok::<_, HubError>((own(reading, actor, id)?, reading.import_file(id)?)))?;
        let wants_columns = matches!(found.state, ImportState::Uploaded | ImportState::Checked);
        let columns = match bytes.filter(|_| wants_columns) {
            Some(bytes) => columns(&tables::read(&bytes)?, found.what),
            None => Vec::new(),
        };
        Ok((found, columns))
    }

    /// How far one of the own batches is.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] for others.
    pub fn import_progress(&self, actor: &Actor, id: &str) -> Result<ImportLine, HubError> {
        self.store.read(|reading| own(reading, actor, id))
    }

    /// Begins to try a batch with these columns; [`Hub::go_on_with_import`] does it.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] for others, [`CallRefusal::Stale`] while it is at work or when it is done, [`CallRefusal::Invalid`]
    /// when the columns do not fit.
    pub fn begin_check(&self, actor: &Actor, id: &str, plan: &ImportPlan) -> Result<(), HubError> {
        self.store.write(|writing| {
            let found = own(writing, actor, id)?;
            if !matches!(found.state, ImportState::Uploaded | ImportState::Checked)
                || writing.import_file(id)?.is_none()
            {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            check_plan(actor, found.what, plan)?;
            let (plan, state) = (text(plan)?, word(&ImportState::Checking)?);
            let report = text(&ImportReport::default())?;
            Ok(writing.put_import(&ImportBatch { plan, state, report, done: 0, ..found.batch })?)
        })
    }

    /// Begins to write a batch that was tried, or goes on with one that stopped; [`Hub::go_on_with_import`] does it.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] for others, [`CallRefusal::Stale`] when it is not the time: a second click, another tab.
    pub fn begin_import(&self, actor: &Actor, id: &str) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let found = own(writing, actor, id)?;
            let (done, report) = match found.state {
                // What the trial found is found again, as things stand by then.
                ImportState::Checked => (0, text(&ImportReport::default())?),
                ImportState::Stopped => (found.batch.done, found.batch.report.clone()),
                _ => return Err(HubError::refused(CallRefusal::Stale)),
            };
            let state = word(&ImportState::Running)?;
            writing.put_import(&ImportBatch { state, done, report, ..found.batch })?;
            note(writing, now, actor.account.as_str(), "import_begin", id)
        })
    }

    /// Throws a batch away. What it has written stays.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] for others, [`CallRefusal::Stale`] while it is at work.
    pub fn discard_import(&self, actor: &Actor, id: &str) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let found = own(writing, actor, id)?;
            if matches!(found.state, ImportState::Checking | ImportState::Running) {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            writing.remove_import(id)?;
            note(writing, now, actor.account.as_str(), "import_discard", id)
        })
    }

    /// Throws away what nobody went on with: a table of residents is not kept for nothing.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn forget_old_imports(&self) -> Result<(), HubError> {
        let long_ago = self.now() - KEPT;
        self.store.write(|writing| {
            for old in writing.imports()?.into_iter().filter(|old| old.at < long_ago) {
                if !matches!(old.state.as_str(), "running" | "checking") {
                    writing.remove_import(&old.id)?;
                }
            }
            Ok(())
        })
    }

    /// What was at work when the server stopped is not at work any more: told when it starts.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn imports_have_stopped(&self) -> Result<(), HubError> {
        self.store.write(|writing| {
            for batch in writing.imports()? {
                let state = match batch.state.as_str() {
                    "running" => ImportState::Stopped,
                    "checking" => ImportState::Uploaded,
                    _ => continue,
                };
                writing.put_import(&ImportBatch { state: word(&state)?, ..batch })?;
            }
            Ok(())
        })
    }
}

fn may_keep(actor: &Actor) -> Result<(), HubError> {
    if has_duty(actor.role, Duty::Import) { Ok(()) } else { Err(HubError::refused(CallRefusal::NotAllowed)) }
}

fn may_import(actor: &Actor, what: ImportOf) -> Result<(), HubError> {
    may_keep(actor)?;
    let duty = if what == ImportOf::Divisions { Duty::Divisions } else { Duty::Import };
    if has_duty(actor.role, duty) { Ok(()) } else { Err(HubError::refused(CallRefusal::NotAllowed)) }
}

/// A batch of the actor's own. Nobody learns of others whether they exist.
fn own(reading: &(impl Reading + ?Sized), actor: &Actor, id: &str) -> Result<ImportLine, HubError> {
    may_keep(actor)?;
    let found = reading.import(id)?.filter(|batch| batch.by == actor.account);
    line(found.ok_or_else(|| HubError::refused(CallRefusal::NotFound))?)
}

fn line(batch: ImportBatch) -> Result<ImportLine, HubError> {
    Ok(ImportLine {
        what: unword(&batch.what)?,
        state: unword(&batch.state)?,
        plan: untext(&batch.plan)?,
        report: untext(&batch.report)?,
        batch,
    })
}

/// Names a file by its content and whose it is.
fn batch_id(actor: &Actor, what: ImportOf, bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(actor.account.as_str());
    hash.update([0, what as u8]);
    hash.update(bytes);
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn belongs(target: Target, what: ImportOf) -> bool {
    let of_divisions = matches!(target, Target::Code | Target::DivisionName);
    of_divisions == (what == ImportOf::Divisions)
}

/// What each column probably says: a target is given to the first column that claims it.
fn guesses(table: &Table, what: ImportOf) -> BTreeMap<Target, usize> {
    let mut found = BTreeMap::new();
    for (index, head) in table.heads.iter().enumerate() {
        if let Some(target) = guess(head).filter(|target| belongs(*target, what)) {
            found.entry(target).or_insert(index);
        }
    }
    found
}

fn columns(table: &Table, what: ImportOf) -> Vec<ImportColumn> {
    let guessed = guesses(table, what);
    let column = |index: usize, head: &String| {
        let before = table.heads[..index].iter().position(|other| !head.is_empty() && other == head);
        let samples = table.rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty()));
        ImportColumn {
            letters: letters(index),
            head: head.clone(),
            same_as: before.map(letters),
            guess: guessed.iter().find(|(_, column)| **column == index).map(|(target, _)| *target),
            samples: samples.take(SAMPLE_ROWS).map(|row| row[index].clone()).collect(),
        }
    };
    table.heads.iter().enumerate().map(|(index, head)| column(index, head)).collect()
}

/// The letters that a spreadsheet names a column by.
fn letters(index: usize) -> String {
    let letter = |n: usize| char::from(b'A' + (n % 26) as u8);
    if index < 26 { letter(index).to_string() } else { format!("{}{}", letter(index / 26 - 1), letter(index)) }
}

fn check_plan(actor: &Actor, what: ImportOf, plan: &ImportPlan) -> Result<(), HubError> {
    let mut problems = Vec::new();
    let has = |target| plan.columns.contains_key(&target);
    let fits = plan.columns.keys().all(|target| belongs(*target, what));
    let mut columns: Vec<usize> = plan.columns.values().copied().collect();
    columns.sort_unstable();
    let twice = columns.windows(2).any(|pair| pair[0] == pair[1]);
    if !fits || twice || columns.last().is_some_and(|last| *last >= 100) {
        problems.push(Problem::new("columns", ProblemCode::WrongType));
    }
    match what {
        ImportOf::Divisions if !has(Target::Code) || !has(Target::DivisionName) => {
            problems.push(Problem::new("columns", ProblemCode::Required));
        }
        ImportOf::Register if !has(Target::Room) && !has(Target::HouseNumber) => {
            problems.push(Problem::new("columns", ProblemCode::Required));
        }
        ImportOf::Register if !has(Target::Cell) && plan.cell.is_none() => {
            problems.push(Problem::new("cell", ProblemCode::Required));
        }
        _ => {}
    }
    if plan.cell.as_ref().is_some_and(|cell| !actor.covers(cell)) {
        problems.push(Problem::new("cell", ProblemCode::ForeignCell));
    }
    if problems.is_empty() { Ok(()) } else { Err(HubError::invalid(problems)) }
}

/// A code of one word, as it is stored.
fn word<T: Serialize>(value: &T) -> Result<String, HubError> {
    let value = serde_json::to_value(value).map_err(|error| HubError::Broken(error.to_string()))?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

fn unword<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, HubError> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|error| HubError::Broken(error.to_string()))
}

fn text<T: Serialize>(value: &T) -> Result<String, HubError> {
    serde_json::to_string(value).map_err(|error| HubError::Broken(error.to_string()))
}

fn untext<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, HubError> {
    serde_json::from_str(text).map_err(|error| HubError::Broken(error.to_string()))
}

/// The relation that a householder has to the householder.
fn is_head(code: &str) -> bool {
    domain::codes::is_code(CodeList::Relation, code) && code == "02"
}
