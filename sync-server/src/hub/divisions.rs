//! Divisions and cells: created, renamed, retired. A code that is over stays readable, with the one that took its place.

use domain::protocol::CallRefusal;
use domain::scope::{Actor, Duty, has_duty};
use domain::validate::line_problem;
use domain::{CellCode, Fields, Kind, Problem, ProblemCode, RecordId, Scope, Stamp};
use serde_json::json;

use crate::hub::phones::note;
use crate::hub::reviews::{DeskChange, refused_words};
use crate::hub::{Hub, HubError};
use crate::store::{Division, DivisionChange, Reading, Store, Writing};

/// At most so many characters of a name.
const NAME_MAX: usize = 60;

/// A division in the office's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DivisionLine {
    /// The division or cell.
    pub division: Division,
    /// Who holds it, when it is a cell.
    pub holders: Vec<String>,
    /// How many records lie in it, when it is a cell: the cell's own among them.
    pub records: u64,
}

impl<S: Store> Hub<S> {
    /// The divisions and cells of the own scope, by code, with those that are over.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles.
    pub fn divisions_for(&self, actor: &Actor) -> Result<Vec<DivisionLine>, HubError> {
        may_divide(actor)?;
        self.store.read(|reading| {
            let mut lines = Vec::new();
            for division in reading.divisions(&actor.scopes)? {
                let cell = CellCode::new(division.code.as_str()).ok();
                let (holders, records) = match &cell {
                    Some(cell) => (reading.holders(cell)?, reading.cell_state(cell)?.records),
                    None => (Vec::new(), 0),
                };
                let holders = holders.iter().map(ToString::to_string).collect();
                lines.push(DivisionLine { division, holders, records });
            }
            Ok(lines)
        })
    }

    /// A division of the own scope with what became of it.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope.
    pub fn division_for(&self, actor: &Actor, code: &Scope) -> Result<(Division, Vec<DivisionChange>), HubError> {
        self.store.read(|reading| Ok((own_division(reading, actor, code)?, reading.division_changes(code)?)))
    }

    /// Creates a division or a cell below one that is there.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] outside the scope, [`CallRefusal::Invalid`] when the code is taken, stands below nothing or
    /// below something that is over, or the name does not fit.
    pub fn create_division(&self, actor: &Actor, code: &Scope, name: &str) -> Result<(), HubError> {
        may_divide(actor)?;
        self.store.write(|writing| self.create_within(writing, actor, code, name))
    }

    /// The same within a transaction of more.
    pub(super) fn create_within(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        code: &Scope,
        name: &str,
    ) -> Result<(), HubError> {
        if let Some(problem) = new_division_problem(writing, actor, code, name)? {
            return Err(HubError::invalid(vec![problem]));
        }
        let name = name.trim();
        match CellCode::new(code.as_str()) {
            Ok(cell) => self.write_cell(writing, actor, &cell, name)?,
            Err(_) => writing.put_division(&plain(code, name))?,
        }
        self.became(writing, actor, code, "created", name, None)?;
        note(writing, self.now(), actor.account.as_str(), "division_create", code.as_str())
    }

    /// Gives a division or cell another name; `seen` is the name that the caller had before them. Cells that say which town or
    /// village they lie in say the new name.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::Stale`] when it is called something else by now,
    /// [`CallRefusal::Invalid`] when the name does not fit.
    pub fn rename_division(&self, actor: &Actor, code: &Scope, seen: &str, name: &str) -> Result<(), HubError> {
        self.store.write(|writing| {
            let found = own_division(writing, actor, code)?;
            if found.name != seen {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            if let Some(problem) = name_problem(name) {
                return Err(HubError::invalid(vec![problem]));
            }
            let name = name.trim();
            if name == found.name {
                return Ok(());
            }
            match CellCode::new(code.as_str()) {
                Ok(cell) => self.write_cell(writing, actor, &cell, name)?,
                Err(_) => {
                    writing.put_division(&Division { name: name.to_owned(), ..found })?;
                    self.tell_cells(writing, actor, code)?;
                }
            }
            self.became(writing, actor, code, "renamed", name, None)?;
            note(writing, self.now(), actor.account.as_str(), "division_rename", code.as_str())
        })
    }

    /// Retires a division or cell. Nothing may rest on it any more; what takes its place is of the same level and goes on.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::Stale`] when it is over already, [`CallRefusal::Invalid`] when
    /// something rests on it or the successor does not fit.
    pub fn retire_division(&self, actor: &Actor, code: &Scope, successor: Option<&Scope>) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let found = own_division(writing, actor, code)?;
            if found.retired_at.is_some() {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            if rests_on(writing, code)? {
                return Err(HubError::invalid(vec![Problem::new("code", ProblemCode::InUse)]));
            }
            check_successor(writing, actor, code, successor)?;
            self.mark_retired(writing, actor, found, successor)?;
            self.became(writing, actor, code, "retired", "", successor.map(Scope::as_str))?;
            note(writing, now, actor.account.as_str(), "division_retire", code.as_str())
        })
    }

    /// A division is over; a cell's own record says so to the phones.
    pub(super) fn mark_retired(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        found: Division,
        successor: Option<&Scope>,
    ) -> Result<(), HubError> {
        // A cell that was named without a record of its own has none to say it in.
        if let (Ok(cell), Some(successor)) = (CellCode::new(found.code.as_str()), successor)
            && cell_record(writing, &cell)?.is_some()
        {
            self.write_cell_fields(writing, actor, &cell, Fields::from([("succeeded_by".into(), json!(successor))]))?;
        }
        let (now, successor) = (self.now(), successor.cloned());
        Ok(writing.put_division(&Division { retired_at: Some(now), succeeded_by: successor, ..found })?)
    }

    /// Notes what became of a division.
    pub(super) fn became(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        code: &Scope,
        what: &str,
        name: &str,
        other: Option<&str>,
    ) -> Result<(), HubError> {
        let (at, by) = (self.now(), actor.account.clone());
        let name = if name.is_empty() {
            writing.division(code)?.map_or_else(String::new, |found| found.name)
        } else {
            name.to_owned()
        };
        let change = DivisionChange { at, by, what: what.to_owned(), name, other: other.map(str::to_owned) };
        Ok(writing.append_division_change(code, &change)?)
    }

    /// Names a cell in its own record, which names the place too.
    fn write_cell(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        cell: &CellCode,
        name: &str,
    ) -> Result<(), HubError> {
        let mut fields = Fields::from([("name".to_owned(), json!(name))]);
        if cell_record(writing, cell)?.is_none() {
            fields.extend([("code".to_owned(), json!(cell)), ("cell_kind".to_owned(), json!("general"))]);
            fields.extend(places_above(writing, cell)?);
        }
        self.write_cell_fields(writing, actor, cell, fields)
    }

    fn write_cell_fields(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        cell: &CellCode,
        fields: Fields,
    ) -> Result<(), HubError> {
        let id = match cell_record(writing, cell)? {
            Some(id) => id,
            None => self.record_id(),
        };
        let change = DeskChange { id, kind: Kind::Cell, cell: cell.clone(), fields };
        self.write_at_desk(writing, actor, change, Stamp::ZERO)?.map_err(refused_words)
    }

    /// The cells of a town or village that has another name say it.
    fn tell_cells(&self, writing: &mut dyn Writing, actor: &Actor, code: &Scope) -> Result<(), HubError> {
        for below in writing.divisions(std::slice::from_ref(code))? {
            let Ok(cell) = CellCode::new(below.code.as_str()) else { continue };
            if cell_record(writing, &cell)?.is_some() {
                let fields = places_above(writing, &cell)?;
                self.write_cell_fields(writing, actor, &cell, fields)?;
            }
        }
        Ok(())
    }
}

pub(super) fn may_divide(actor: &Actor) -> Result<(), HubError> {
    if has_duty(actor.role, Duty::Divisions) { Ok(()) } else { Err(HubError::refused(CallRefusal::NotAllowed)) }
}

/// A division of the own scope. Nobody learns of others whether they exist.
pub(super) fn own_division(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    code: &Scope,
) -> Result<Division, HubError> {
    may_divide(actor)?;
    let found = if actor.contains(code) { reading.division(code)? } else { None };
    found.ok_or_else(|| HubError::refused(CallRefusal::NotFound))
}

/// A successor is there, goes on, is another one of the same level in the same county, and lies in the own scope: an account may be for
/// two counties, a record never leaves the one that it is in.
pub(super) fn check_successor(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    code: &Scope,
    successor: Option<&Scope>,
) -> Result<(), HubError> {
    let Some(successor) = successor else { return Ok(()) };
    let found = if actor.contains(successor) && code.county().contains(successor) {
        reading.division(successor)?
    } else {
        None
    };
    let problem = match found {
        None => Some(ProblemCode::ForeignCell),
        Some(found) if found.retired_at.is_some() => Some(ProblemCode::Retired),
        Some(_) if successor == code || successor.as_str().len() != code.as_str().len() => Some(ProblemCode::WrongType),
        Some(_) => None,
    };
    problem.map_or(Ok(()), |code| Err(HubError::invalid(vec![Problem::new("succeeded_by", code)])))
}

/// What is wrong with a division that is to be made.
pub(super) fn new_division_problem(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    code: &Scope,
    name: &str,
) -> Result<Option<Problem>, HubError> {
    let above = match code.as_str().len() {
        9 => 6,
        12 => 9,
        15 => 12,
        _ => return Ok(Some(Problem::new("code", ProblemCode::WrongType))),
    };
    if !actor.contains(code) {
        return Ok(Some(Problem::new("code", ProblemCode::ForeignCell)));
    }
    if reading.division(code)?.is_some() {
        return Ok(Some(Problem::new("code", ProblemCode::Taken)));
    }
    let parent = Scope::new(&code.as_str()[..above]).expect("a shorter prefix of a division code is one");
    let problem = match reading.division(&parent)? {
        // The county itself may never have been named.
        None if above == 6 => None,
        None => Some(Problem::new("code", ProblemCode::MissingTarget)),
        Some(parent) if parent.retired_at.is_some() => Some(Problem::new("code", ProblemCode::Retired)),
        Some(_) => None,
    };
    Ok(problem.or_else(|| name_problem(name)))
}

fn name_problem(name: &str) -> Option<Problem> {
    line_problem("name", name.trim(), NAME_MAX)
}

fn plain(code: &Scope, name: &str) -> Division {
    Division { code: code.clone(), name: name.to_owned(), retired_at: None, succeeded_by: None }
}

/// Whether a cell has records besides its own or somebody who holds it, or a division something that goes on in it.
fn rests_on(reading: &(impl Reading + ?Sized), code: &Scope) -> Result<bool, HubError> {
    if let Ok(cell) = CellCode::new(code.as_str()) {
        return Ok(reading.cell_state(&cell)?.records > 1 || !reading.holders(&cell)?.is_empty());
    }
    let below = reading.divisions(std::slice::from_ref(code))?;
    Ok(below.iter().any(|division| division.code != *code && division.retired_at.is_none()))
}

/// The record of the cell itself.
pub(super) fn cell_record(reading: &(impl Reading + ?Sized), cell: &CellCode) -> Result<Option<RecordId>, HubError> {
    Ok(reading.cells(&Scope::from(cell))?.first().map(|stored| stored.record.id))
}

/// What a cell says of the town and village that it lies in.
fn places_above(reading: &(impl Reading + ?Sized), cell: &CellCode) -> Result<Fields, HubError> {
    let mut fields = Fields::new();
    for (name, digits) in [("town_name", 9), ("village_name", 12)] {
        let code =
            Scope::new(&cell.as_str()[..digits]).expect("a prefix of a cell code of this length is a division code");
        if let Some(found) = reading.division(&code)? {
            fields.insert(name.to_owned(), json!(found.name));
        }
    }
    Ok(fields)
}
