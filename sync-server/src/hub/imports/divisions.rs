//! Divisions and cells from a table: codes and names, the upper ones first, whatever their order in the table.

use std::collections::BTreeSet;

use domain::import::Target;
use domain::scope::Actor;
use domain::{Problem, ProblemCode, Scope};

use super::run::cell_of;
use super::{Finding, ImportLine, ImportReport, ImportState, word};
use crate::hub::divisions::new_division_problem;
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store};
use crate::tables::Table;

/// A division that a row asks for.
struct Asked {
    row: usize,
    code: String,
    name: String,
}

/// The rows by the length of their codes: towns before their villages.
fn asked(found: &ImportLine, table: &Table) -> Vec<Asked> {
    let rows = table.rows.iter().enumerate().filter(|(_, row)| row.iter().any(|cell| !cell.is_empty()));
    let mut asked: Vec<Asked> = rows
        .map(|(index, row)| Asked {
            row: table.first + index,
            code: domain::address::half_width(cell_of(found, row, Target::Code)),
            name: cell_of(found, row, Target::DivisionName).to_owned(),
        })
        .collect();
    asked.sort_by_key(|one| (one.code.len(), one.row));
    asked
}

/// What stands in the way of a row, or that it is there already.
fn judged(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    one: &Asked,
    coming: &BTreeSet<String>,
) -> Result<Option<Problem>, HubError> {
    let Ok(code) = Scope::new(&one.code) else {
        return Ok(Some(Problem::new("code", ProblemCode::WrongType)));
    };
    let problem = new_division_problem(reading, actor, &code, &one.name)?;
    let awaited = |problem: &Problem| {
        // What it lies in comes with the same table.
        problem.code == ProblemCode::MissingTarget
            && coming.iter().any(|above| code.as_str().starts_with(above.as_str()))
    };
    Ok(problem.filter(|problem| !awaited(problem)))
}

impl<S: Store> Hub<S> {
    pub(super) fn try_divisions(&self, actor: &Actor, found: &ImportLine, table: &Table) -> Result<(), HubError> {
        let report = self.store.read(|reading| {
            let mut report = ImportReport::default();
            let mut coming = BTreeSet::new();
            for one in asked(found, table) {
                let problem = judged(reading, actor, &one, &coming)?;
                let twice = problem.is_none() && !coming.insert(one.code.clone());
                settle(
                    reading,
                    &mut report,
                    &one,
                    if twice { Some(Problem::new("code", ProblemCode::Taken)) } else { problem },
                )?;
            }
            Ok::<_, HubError>(report)
        })?;
        self.end(actor, &found.batch.id, ImportState::Checked, table.rows.len() as u64, &report)
    }

    pub(super) fn write_divisions(&self, actor: &Actor, found: &ImportLine, table: &Table) -> Result<(), HubError> {
        let report = self.store.write(|writing| {
            let mut report = ImportReport::default();
            for one in asked(found, table) {
                let problem = judged(&*writing, actor, &one, &BTreeSet::new())?;
                if problem.is_none() {
                    let code = Scope::new(&one.code).map_err(|error| HubError::Broken(error.to_string()))?;
                    self.create_within(writing, actor, &code, &one.name)?;
                }
                settle(&*writing, &mut report, &one, problem)?;
            }
            Ok::<_, HubError>(report)
        })?;
        self.end(actor, &found.batch.id, ImportState::Done, table.rows.len() as u64, &report)
    }
}

/// Counts a row. One that is there by the same name says nothing new.
fn settle(
    reading: &(impl Reading + ?Sized),
    report: &mut ImportReport,
    one: &Asked,
    problem: Option<Problem>,
) -> Result<(), HubError> {
    report.rows += 1;
    let Some(problem) = problem else {
        *report.created.entry("division".to_owned()).or_default() += 1;
        return Ok(());
    };
    let standing = match Scope::new(&one.code) {
        Ok(code) => reading.division(&code)?,
        Err(_) => None,
    };
    let known = problem.code == ProblemCode::Taken && standing.is_some_and(|found| found.name == one.name.trim());
    let code = if known { "already_there".to_owned() } else { word(&problem.code)? };
    if known {
        report.known += 1;
    } else {
        report.wrong += 1;
    }
    report.find(Finding { row: one.row, field: problem.field, code, wrong: !known, other: problem.limit });
    Ok(())
}
