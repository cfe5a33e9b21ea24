//! What comes into a cell from phones that have not heard of how the cells were drawn anew. It is stored where it was written, as what came
//! in time was, and the office moves it after that: to where the thing lies by now that it belongs to, and from a cell that is over all
//! the rest to the one that took its place.

use std::collections::{BTreeMap, BTreeSet};

use domain::scope::Actor;
use domain::{CellCode, Kind, Record, RecordId, Scope};

use super::{along_with, goes_with, ids_of, left_one_of, movable, went_to, with_all_along, with_former};
use crate::hub::divisions::own_division;
use crate::hub::evacuations::has_moved_away;
use crate::hub::phones::note;
use crate::hub::{Hub, HubError};
use crate::store::{Store, StoredRecord, Writing};

impl<S: Store> Hub<S> {
    /// Moves what came late into a cell: what belongs to something that was split off, merged or moved away goes where that is by now, and
    /// if the cell is over the rest goes to the cell that took its place. Answers how many records moved.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`](domain::protocol::CallRefusal::NotFound) outside the scope,
    /// [`CallRefusal::Invalid`](domain::protocol::CallRefusal::Invalid) when the cell is over, none in the scope took its place, and nothing
    /// has moved before that was found.
    pub fn move_late(&self, actor: &Actor, cell: &CellCode) -> Result<usize, HubError> {
        self.store.write(|writing| {
            let division = own_division(writing, actor, &Scope::from(cell))?;
            let mut rest = movable(writing, cell)?;
            let mut moved = 0;
            let from = with_former(writing, std::slice::from_ref(cell))?;
            for (to, ids) in followers(writing, actor, &from, &rest)? {
                let (late, others): (Vec<StoredRecord>, Vec<StoredRecord>) =
                    rest.into_iter().partition(|stored| ids.contains(&stored.record.id));
                rest = others;
                self.move_records(writing, actor, &late, &to)?;
                self.went_late(writing, actor, cell, &to)?;
                moved += late.len();
            }
            let (into, over) = (went_to(writing, cell)?, division.retired_at.is_some());
            // That nothing took its place is told, unless something has moved all the same.
            if over && (goes_on(writing, actor, &into)? || (moved == 0 && !rest.is_empty())) {
                self.move_into(writing, actor, (cell, &into), &rest)?;
                if !rest.is_empty() {
                    self.went_late(writing, actor, cell, &into)?;
                }
                moved += rest.len();
            }
            Ok(moved)
        })
    }

    /// Notes that something of a cell was moved late.
    fn went_late(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        cell: &CellCode,
        to: &CellCode,
    ) -> Result<(), HubError> {
        self.became(writing, actor, &Scope::from(cell), "late", "", Some(to.as_str()))?;
        note(writing, self.now(), actor.account.as_str(), "cell_late", &format!("{cell} {to}"))
    }
}

/// What belongs to something that has left the cell, with all that goes along with it, by the cell where that is by now. `from`: the cell, and
/// those whose place it took, for what had come late into one of them went with it when it was merged.
fn followers(
    reading: &dyn Writing,
    actor: &Actor,
    from: &[CellCode],
    all: &[StoredRecord],
) -> Result<BTreeMap<CellCode, BTreeSet<RecordId>>, HubError> {
    let here = ids_of(all);
    let records = || all.iter().map(|stored| &stored.record);
    let mut first = BTreeMap::new();
    for record in records() {
        // The nearest decides, whether it has left or is here.
        for thing in goes_with(record).take_while(|thing| !here.contains(thing)) {
            if let Some(to) = followed(reading, actor, (from, record), thing)? {
                first.insert(record.id, to);
                break;
            }
        }
    }
    let along = along_with(records().filter(|record| !first.contains_key(&record.id)), &here);
    let mut by_cell: BTreeMap<CellCode, BTreeSet<RecordId>> = BTreeMap::new();
    for (id, to) in first {
        by_cell.entry(to).or_default().insert(id);
    }
    Ok(by_cell.into_iter().map(|(to, ids)| (to, with_all_along(&along, ids))).collect())
}

/// Where a record goes after a thing that lay in its cell.
fn followed(
    reading: &dyn Writing,
    actor: &Actor,
    (from, record): (&[CellCode], &Record),
    thing: RecordId,
) -> Result<Option<CellCode>, HubError> {
    let Some(stored) = reading.record(&record.cell.county(), thing)? else { return Ok(None) };
    let thing = stored.record;
    if !has_gone(reading, from, &thing)? {
        return Ok(None);
    }
    // Whoever moves by themselves takes along whoever lives with them and how they are cared for, and leaves the rest.
    let clings = matches!(record.kind, Kind::Person | Kind::CarePlan) || record.merged_into() == Some(thing.id);
    if !clings && went_by_itself(reading, from, &thing)? {
        return Ok(None);
    }
    let to = went_to(reading, &thing.cell)?;
    Ok(if goes_on(reading, actor, &to)? { Some(to) } else { None })
}

/// Whether something lay in one of these cells, and lies in none of them by now.
fn has_gone(reading: &dyn Writing, from: &[CellCode], thing: &Record) -> Result<bool, HubError> {
    Ok(!from.contains(&thing.cell) && left_one_of(reading, from, thing.id)?)
}

/// Whether a household or resident moved away from the cell, while its house stayed or went elsewhere.
fn went_by_itself(reading: &dyn Writing, from: &[CellCode], thing: &Record) -> Result<bool, HubError> {
    match thing.kind {
        Kind::Household => left_its_house(reading, from, thing),
        Kind::Person => {
            let Some(household) = thing.reference("household") else { return Ok(false) };
            let Some(stored) = reading.record(&thing.cell.county(), household)? else { return Ok(false) };
            let home = stored.record;
            Ok(!has_gone(reading, from, &home)? || left_its_house(reading, from, &home)?)
        }
        _ => Ok(false),
    }
}

/// Whether a household that has gone did so by itself. A phone writes its new door and cell at once, the office, which takes the house along,
/// the cell alone: under one stamp the two need no other sign, and the door may be one that had been split off from here before.
fn left_its_house(reading: &dyn Writing, from: &[CellCode], household: &Record) -> Result<bool, HubError> {
    let at_once = household.stamps.of("dwelling") == household.stamps.of("cell");
    Ok(at_once || has_moved_away(reading, from, household.id, household)?)
}

/// Whether the office may move something into a cell: it lies in the scope and is not over.
fn goes_on(reading: &dyn Writing, actor: &Actor, cell: &CellCode) -> Result<bool, HubError> {
    let found = if actor.covers(cell) { reading.division(&Scope::from(cell))? } else { None };
    Ok(found.is_some_and(|division| division.retired_at.is_none()))
}
