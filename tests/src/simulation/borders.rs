//! The county draws its cells anew: its office merges cells and splits them while phones know nothing of it. And the law of that, looked at
//! right after: what belongs to the other cell by now lies there with all its words and their stamps, everything else is as it was, and
//! whoever got the records got what stayed behind.

use std::collections::{BTreeMap, BTreeSet};

use domain::review::ReviewState;
use domain::{AccountId, CellCode, Kind, Record, RecordId, Scope, Stamp};
use serde_json::{Value, json};
use sync_server::hub::cells::SplitParts;
use sync_server::store::Division;

use super::county::{County, Held, everywhere};
use super::history::History;
use super::orders::administrator;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// The cells that the village may get beside those with which it began.
const NEW_CELLS: [&str; 2] = ["610722001001004", "610722001001005"];

/// No record lies so many steps from its house, those that gave way to others included.
const STEPS_UP: usize = 20;

impl County {
    /// Its cells, by code, those that are over too.
    pub(super) fn grid(&self) -> Outcome<Vec<Division>> {
        let scope = everywhere()?;
        let mut all = self.ask(|reading| reading.divisions(std::slice::from_ref(&scope)))?;
        all.retain(|division| code_of(division).is_some());
        Ok(all)
    }

    /// The cells that go on, by code.
    pub(super) fn open_cells(&self) -> Outcome<Vec<CellCode>> {
        Ok(open(&self.grid()?))
    }

    /// Every cell in which anything lies or lay, by code: also one that is over, or that a restored database does not know.
    pub(super) fn every_cell(&self) -> Outcome<Vec<CellCode>> {
        let scope = everywhere()?;
        self.ask(|reading| reading.cells_within(&scope))
    }
}

fn code_of(division: &Division) -> Option<CellCode> {
    CellCode::new(division.code.as_str()).ok()
}

fn open(grid: &[Division]) -> Vec<CellCode> {
    grid.iter().filter(|cell| cell.retired_at.is_none()).filter_map(code_of).collect()
}

/// What took the place of a cell, if it is over.
fn successor(grid: &[Division], cell: &CellCode) -> Option<CellCode> {
    let found = grid.iter().find(|one| one.code.as_str() == cell.as_str())?;
    CellCode::new(found.succeeded_by.as_ref()?.as_str()).ok()
}

/// Where the records of a cell went: it goes on itself, or the last that it was merged into does.
fn went_to(grid: &[Division], cell: &CellCode) -> CellCode {
    let mut at = cell.clone();
    for _ in grid {
        at = successor(grid, &at).unwrap_or(at);
    }
    at
}

/// A cell with all that were merged into it, and into those: what is written once lies there still.
pub(super) fn with_merged(grid: &[Division], cell: &CellCode) -> BTreeSet<CellCode> {
    let all = grid.iter().filter_map(code_of);
    let leads_here = |from: &CellCode| {
        let mut at = from.clone();
        for _ in grid {
            if at == *cell {
                return true;
            }
            at = successor(grid, &at).unwrap_or(at);
        }
        at == *cell
    };
    all.filter(leads_here).chain([cell.clone()]).collect()
}

/// Who of those that carry a phone here holds which cells, as the server says it.
pub(super) fn held_now(county: &County) -> Outcome<Held> {
    let workers: Vec<String> = take(&county.held).keys().cloned().collect();
    let workers: Vec<AccountId> =
        workers.iter().map(|worker| AccountId::new(worker)).collect::<Result<_, _>>().doing("naming workers")?;
    county.ask(|reading| {
        let mut held = Held::new();
        for worker in &workers {
            let now = reading.holdings(worker)?.into_iter().filter(|held| held.until.is_none());
            held.insert(worker.to_string(), now.map(|held| held.cell).collect());
        }
        Ok(held)
    })
}

/// The county as its office draws it.
#[derive(Debug, Clone, PartialEq)]
struct Drawn {
    /// Every record, with where it stands with the supervisors.
    records: BTreeMap<RecordId, (Record, ReviewState)>,
    grid: Vec<Division>,
    /// Who holds which cells.
    held: Held,
}

impl Drawn {
    fn look(county: &County) -> Outcome<Self> {
        let (grid, every) = (county.grid()?, county.every_cell()?);
        let held = held_now(county)?;
        county.ask(|reading| {
            let mut records = BTreeMap::new();
            for cell in &every {
                let ids = reading.ids_in(cell)?;
                let found = reading.records(&Scope::from(cell), &ids)?;
                records.extend(found.into_iter().map(|stored| (stored.record.id, (stored.record, stored.state))));
            }
            Ok(Self { records, grid, held })
        })
    }

    /// The record in which a cell says to the phones what it is.
    fn own_record(&self, cell: &CellCode) -> Option<RecordId> {
        let mut all = self.records.values().map(|(record, _)| record);
        all.find(|record| record.kind == Kind::Cell && record.cell == *cell).map(|record| record.id)
    }

    fn knows(&self, cell: &CellCode) -> bool {
        self.grid.iter().any(|one| one.code.as_str() == cell.as_str())
    }
}

/// Whether records of a kind go along when cells are drawn anew: what is written once stays where it was written, and what only a newer
/// version knows is left alone.
fn goes_along(kind: &Kind) -> bool {
    !kind.is_append_only() && !matches!(kind, Kind::Cell | Kind::Other(_))
}

impl History {
    /// The office merges a cell into another; or once more one that is over, for what came late.
    pub(super) fn merge_some_cells(&mut self) -> Outcome {
        self.mend()?;
        let grid = self.county.grid()?;
        let over: Vec<CellCode> = grid.iter().filter(|cell| cell.retired_at.is_some()).filter_map(code_of).collect();
        let again = self.latest.percent(40);
        if let Some(cell) = self.latest.pick(&over).cloned().filter(|_| again) {
            let Some(into) = successor(&grid, &cell) else { return Ok(()) };
            return self.merge(&cell, &into).map(|_| ());
        }
        let mut open = open(&grid);
        if open.len() < 2 {
            return Ok(());
        }
        let cell = open.swap_remove(self.latest.below(open.len()));
        let into = open.swap_remove(self.latest.below(open.len()));
        self.merge(&cell, &into).map(|_| ())
    }

    /// The office merges a cell into another; how many records moved.
    pub(super) fn merge(&mut self, cell: &CellCode, into: &CellCode) -> Outcome<usize> {
        self.say(|| format!("{cell} is merged into {into}"));
        let before = Drawn::look(&self.county)?;
        let merged = self.county.hub()?.merge_cell(&administrator()?, cell, into);
        let Some(unheard) = self.is_unheard(merged.is_err(), &before)? else { return Ok(0) };
        let told = if unheard { None } else { Some(merged.doing("merging cells")?) };
        let after = Drawn::look(&self.county)?;
        if unheard && after == before {
            take(&self.ledger).count("cells not merged".into());
            return Ok(0);
        }
        let moved = was_merged(&before, &after, cell, into)?;
        if told.is_some_and(|told| told != moved) {
            return trouble(format!("{moved} records moved when {cell} was merged into {into}, not {told:?}."));
        }
        let how = if successor(&before.grid, cell).is_some() { "merged again" } else { "merged" };
        take(&self.ledger).count(format!("cells {how}"));
        self.note_drawn(&before, &after);
        Ok(moved)
    }

    /// The office splits houses off a cell: into a new one, which somebody gets mostly, or into another that is there.
    pub(super) fn split_some_cell(&mut self) -> Outcome {
        self.mend()?;
        let grid = self.county.grid()?;
        let mut open = open(&grid);
        if open.is_empty() {
            return Ok(());
        }
        let from = open.swap_remove(self.latest.below(open.len()));
        let mut houses: Vec<RecordId> = (self.county.records(&from)?.iter())
            .filter(|record| record.kind == Kind::Building)
            .map(|record| record.id)
            .collect();
        while houses.len() > 1 && self.latest.percent(70) {
            houses.swap_remove(self.latest.below(houses.len()));
        }
        let fresh = NEW_CELLS.iter().find(|code| !grid.iter().any(|cell| cell.code.as_str() == **code));
        let fresh = fresh.map(|code| CellCode::new(code)).transpose().doing("naming a new cell")?;
        let another = self.latest.pick(&open).cloned();
        let to = if self.latest.percent(65) { fresh.or(another) } else { another.or(fresh) };
        let Some(to) = to.filter(|_| !houses.is_empty()) else { return Ok(()) };
        self.split(&from, &houses.into_iter().collect(), &to)?;
        self.give_to_somebody(&to)
    }

    /// The office splits houses off a cell into another, which is made if it is not there; how many records moved.
    pub(super) fn split(&mut self, from: &CellCode, houses: &BTreeSet<RecordId>, to: &CellCode) -> Outcome<usize> {
        self.say(|| format!("{houses:?} are split off {from} into {to}"));
        let before = Drawn::look(&self.county)?;
        let name = (!before.knows(to)).then(|| format!("第{}网格", to.as_str().trim_start_matches(to.village())));
        let off = SplitParts { buildings: houses.clone(), ..SplitParts::default() };
        let split = self.county.hub()?.split_cell(&administrator()?, from, &off, to, name.as_deref());
        let Some(unheard) = self.is_unheard(split.is_err(), &before)? else { return Ok(0) };
        let told = if unheard { None } else { Some(split.doing("splitting a cell")?) };
        let after = Drawn::look(&self.county)?;
        if unheard && after == before {
            take(&self.ledger).count("cells not split".into());
            return Ok(0);
        }
        let moved = was_split(&before, &after, (from, houses, to))?;
        if told.is_some_and(|told| told != moved) {
            return trouble(format!("{moved} records moved when {from} was split, not {told:?}."));
        }
        take(&self.ledger).count("cells split".into());
        self.note_drawn(&before, &after);
        Ok(moved)
    }

    /// The office moves what came late into a cell to where the thing lies by now that it belongs to.
    pub(super) fn move_what_came_late(&mut self) -> Outcome {
        self.mend()?;
        let cells: Vec<CellCode> = self.county.grid()?.iter().filter_map(code_of).collect();
        let Some(cell) = self.latest.pick(&cells).cloned() else { return Ok(()) };
        self.say(|| format!("what came late into {cell} is moved"));
        let before = Drawn::look(&self.county)?;
        let moved = self.county.hub()?.move_late(&administrator()?, &cell);
        let Some(unheard) = self.is_unheard(moved.is_err(), &before)? else { return Ok(()) };
        let told = if unheard { None } else { Some(moved.doing("moving what came late")?) };
        let after = Drawn::look(&self.county)?;
        if unheard && after == before {
            return Ok(());
        }
        let moved = went_late(&before, &after, &cell)?;
        if told.is_some_and(|told| told != moved) {
            return trouble(format!("{moved} records moved that had come late into {cell}, not {told:?}."));
        }
        if moved > 0 {
            take(&self.ledger).count("what came late moved".into());
        }
        self.note_drawn(&before, &after);
        Ok(())
    }

    /// Whether nothing was said of what the office drew. None: the server started again as well, and carried out an erasure of which nobody
    /// had heard: what is other than before says nothing of the drawing then.
    fn is_unheard(&mut self, failed: bool, before: &Drawn) -> Outcome<Option<bool>> {
        let erasing = self.county.erasing;
        let unheard = self.desk_heard_nothing(failed)?;
        if erasing && !self.county.erasing {
            self.note_drawn(before, &Drawn::look(&self.county)?);
            return Ok(None);
        }
        Ok(Some(unheard))
    }

    /// What the office wrote is noted like all that is written at the desk; and who holds what by now, which was looked at before.
    fn note_drawn(&self, before: &Drawn, after: &Drawn) {
        let mut ledger = take(&self.ledger);
        for (id, (now, _)) in &after.records {
            let was = before.records.get(id).map(|(was, _)| was);
            let mut fields = now.fields.clone();
            fields.retain(|field, value| {
                was.is_none_or(|was| {
                    was.fields.get(field) != Some(value) || was.stamps.of(field) != now.stamps.of(field)
                })
            });
            if fields.is_empty() {
                continue;
            }
            ledger.written_at_desk(now, &fields);
            match now.kind {
                // No phone writes it: it comes back by its proof.
                Kind::Cell => ledger.tasks.insert(*id),
                _ => ledger.redrawn.insert(*id),
            };
        }
        drop(ledger);
        take(&self.county.held).clone_from(&after.held);
    }

    /// Somebody gets a cell beside the own ones, mostly.
    fn give_to_somebody(&mut self, cell: &CellCode) -> Outcome {
        let held = take(&self.county.held).clone();
        let workers: Vec<&String> = held.keys().collect();
        let worker = self.latest.pick(&workers).copied();
        let may = !self.county.full && !self.county.has_fuse() && self.latest.percent(75);
        let (Some(worker), true) = (worker, may) else { return Ok(()) };
        let mut cells = held[worker].clone();
        // Where the split was not made there is no such cell.
        if cells.contains(cell) || !self.county.open_cells()?.contains(cell) {
            return Ok(());
        }
        cells.push(cell.clone());
        self.county.assign(worker, &cells)
    }

    /// The cells that somebody gets, as the county is drawn by now: in the place of one that was merged the one that its records went to,
    /// perhaps one that is new, and mostly what was merged into them, as the office gives it too.
    pub(super) fn as_drawn_by_now(&mut self, wanted: Vec<CellCode>) -> Outcome<Vec<CellCode>> {
        let grid = self.county.grid()?;
        if wanted.is_empty() || open(&grid) == self.county.first_cells {
            return Ok(wanted);
        }
        let mut cells: BTreeSet<CellCode> = wanted.iter().map(|cell| went_to(&grid, cell)).collect();
        for cell in open(&grid) {
            if !self.county.first_cells.contains(&cell) && self.latest.percent(40) {
                cells.insert(cell);
            }
        }
        if self.latest.percent(85) {
            let merged: BTreeSet<CellCode> = cells.iter().flat_map(|cell| with_merged(&grid, cell)).collect();
            cells.extend(merged);
        }
        Ok(cells.into_iter().collect())
    }
}

/// After a merger: whatever can be moved lies in the other cell, nothing of it in the one that is over; that one says so to the phones; and
/// whoever holds the other holds it too, with what was merged into it before, and nobody else does. Answers how many records moved.
fn was_merged(before: &Drawn, after: &Drawn, cell: &CellCode, into: &CellCode) -> Outcome<usize> {
    let again = successor(&before.grid, cell).is_some();
    let into = &went_to(&before.grid, into);
    let told = before.own_record(cell).filter(|_| !again);
    let goes = |record: &Record| (record.cell == *cell && goes_along(&record.kind)).then(|| into.clone());
    let moved = records_went(before, after, &goes, told.map(|told| (told, into)))?;
    if let Some(new) = after.records.keys().find(|id| !before.records.contains_key(*id)) {
        return trouble(format!("{new} came to be when cells were merged."));
    }
    for (was, is) in before.grid.iter().zip(&after.grid) {
        let merged = was.code.as_str() == cell.as_str() && !again;
        let over = is.retired_at.is_some() && is.succeeded_by == Some(Scope::from(into));
        if was.code != is.code || (merged && !over) || (!merged && was != is) {
            return trouble(format!("{cell} was merged into {into}, and {was:?} is {is:?}."));
        }
    }
    if before.grid.len() != after.grid.len() {
        return trouble(format!("{cell} was merged into {into}, and there are others: {:?}.", after.grid));
    }
    is_held_along(before, after, cell, into)?;
    Ok(moved)
}

/// After something of a cell went: what lies elsewhere belongs to something there, or the cell is over, and then nothing is left of what
/// can be moved. Nothing else is another than before. Answers how many records moved.
fn went_late(before: &Drawn, after: &Drawn, cell: &CellCode) -> Outcome<usize> {
    let open = open(&after.grid);
    let into = went_to(&before.grid, cell);
    let goes = |record: &Record| {
        let at = after.records.get(&record.id).map(|(is, _)| is.cell.clone())?;
        (record.cell == *cell && at != *cell && goes_along(&record.kind) && open.contains(&at)).then_some(at)
    };
    let moved = records_went(before, after, &goes, None)?;
    let left = after.records.values().find(|(record, _)| record.cell == *cell && goes_along(&record.kind));
    if let Some((left, _)) = left.filter(|_| into != *cell) {
        return trouble(format!("{cell} is over, and of what came late this was left: {left:?}."));
    }
    if after.records.len() != before.records.len() || after.grid != before.grid {
        return trouble(format!("What came late into {cell} was moved, and of {before:?} came {after:?}."));
    }
    match into == *cell {
        true if after.held != before.held => {
            trouble(format!("What came late into {cell} was moved, and others hold it."))
        }
        true => Ok(moved),
        false => is_held_along(before, after, cell, &into).map(|()| moved),
    }
}

/// Whoever holds a cell holds also what was merged into it, and nobody else does.
fn is_held_along(before: &Drawn, after: &Drawn, cell: &CellCode, into: &CellCode) -> Outcome {
    let along = with_merged(&before.grid, cell);
    for (worker, held) in &before.held {
        let mut cells: BTreeSet<CellCode> = held.iter().filter(|held| !along.contains(*held)).cloned().collect();
        if held.contains(into) {
            cells.extend(along.iter().cloned());
        }
        let (now, cells) = (after.held.get(worker), cells.into_iter().collect::<Vec<_>>());
        if now != Some(&cells) {
            return trouble(format!("{cell} was merged into {into}, and {worker} holds {now:?}, not {cells:?}."));
        }
    }
    Ok(())
}

/// After a split: just the houses and what belongs to them lie in the other cell, and nobody holds anything else than before. Answers how
/// many records moved.
fn was_split(
    before: &Drawn,
    after: &Drawn,
    (from, houses, to): (&CellCode, &BTreeSet<RecordId>, &CellCode),
) -> Outcome<usize> {
    let goes = |record: &Record| {
        let moves = record.cell == *from && goes_along(&record.kind) && belongs_to_one_of(before, record, houses);
        moves.then(|| to.clone())
    };
    let moved = records_went(before, after, &goes, None)?;
    let new: Vec<&Record> = (after.records.iter())
        .filter(|(id, _)| !before.records.contains_key(*id))
        .map(|(_, (record, _))| record)
        .collect();
    let is_own = |record: &&Record| record.kind == Kind::Cell && record.cell == *to;
    if new.len() > usize::from(!before.knows(to)) || !new.iter().all(is_own) {
        return trouble(format!("{from} was split, and {new:?} came to be."));
    }
    let others = after.grid.iter().filter(|cell| before.knows(to) || cell.code.as_str() != to.as_str());
    let is_there = open(&after.grid).contains(to);
    if !is_there || others.ne(&before.grid) || after.held != before.held {
        return trouble(format!("{from} was split into {to}, and of {before:?} this came: {after:?}."));
    }
    Ok(moved)
}

/// Every record is where it belongs by now. Those that moved differ in nothing but their cell, which is stamped after all that stood; what
/// was approved stays so, and what else stood with a supervisor waits for review. `goes`: to which cell a record goes. `told`: the own
/// record of a cell, which says what took its place. Answers how many moved.
fn records_went(
    before: &Drawn,
    after: &Drawn,
    goes: &dyn Fn(&Record) -> Option<CellCode>,
    told: Option<(RecordId, &CellCode)>,
) -> Outcome<usize> {
    let mut moved = 0;
    for (id, (was, stood)) in &before.records {
        let Some((is, stands)) = after.records.get(id) else {
            return trouble(format!("{was:?} is not there any more since cells were drawn anew."));
        };
        let fits = if let Some(to) = goes(was) {
            moved += 1;
            let waits = !matches!(stood, ReviewState::Approved | ReviewState::NotReviewed);
            let state = if waits { ReviewState::Waiting } else { *stood };
            is.cell == to && differs_by(was, is, "cell", &json!(to)) && *stands == state
        } else if let Some((_, to)) = told.filter(|(told, _)| told == id) {
            is.cell == was.cell && differs_by(was, is, "succeeded_by", &json!(to)) && stands == stood
        } else {
            is == was && stands == stood
        };
        if !fits {
            return trouble(format!("Cells were drawn anew, and of {was:?} ({stood:?}) became {is:?} ({stands:?})."));
        }
    }
    Ok(moved)
}

/// Whether one field of a record says this, stamped after all that stood in it, and everything else is as it was.
fn differs_by(was: &Record, is: &Record, field: &str, value: &Value) -> bool {
    let rest = |record: &Record| -> Vec<(String, Value, Stamp)> {
        let others = record.fields.iter().filter(|(name, _)| name.as_str() != field);
        others.map(|(name, value)| (name.clone(), value.clone(), record.stamps.of(name))).collect()
    };
    is.kind == was.kind
        && rest(is) == rest(was)
        && is.fields.get(field) == Some(value)
        && is.stamps.of(field) > was.latest()
}

/// Whether a record belongs to one of these houses, by what it names, and that, up to its house. A door or household that gave way belongs
/// where the one does that stands for it; a household that is threatened belongs to itself, not to the slope above it.
fn belongs_to_one_of<'d>(before: &'d Drawn, record: &'d Record, houses: &BTreeSet<RecordId>) -> bool {
    let here = |id: RecordId| {
        let found = before.records.get(&id).map(|(above, _)| above);
        found.filter(|above| above.cell == record.cell && goes_along(&above.kind))
    };
    let mut at = record;
    for _ in 0..STEPS_UP {
        let stands = at.merged_into().filter(|_| at.kind != Kind::Person).and_then(here);
        if at.kind == Kind::Building && stands.is_none() {
            return houses.contains(&at.id);
        }
        let places = || at.kind.places().find_map(|field| at.reference(field));
        let above = if at.kind == Kind::ThreatenedHousehold { at.reference("household") } else { places() };
        let named = || above.and_then(here);
        match stands.or_else(named) {
            Some(above) => at = above,
            None => return false,
        }
    }
    false
}
