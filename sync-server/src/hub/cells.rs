//! Cells that are merged, split and handed over, as the county draws its grid anew.
//!
//! What can be overwritten moves with its cell; what cannot (visits, photos, reviews) stays where it was written, so whoever gets
//! the records of a cell that is over gets that cell too, and nobody else has it, whether the other was merged itself since, is handed
//! over or named with an account. Phones that had unsent work then send it into the old cell, and the office moves it on (`late.rs`).

mod late;

use std::collections::{BTreeMap, BTreeSet};

use domain::protocol::{CallRefusal, Verdict};
use domain::review::ReviewState;
use domain::scope::{Actor, Duty, Role};
use domain::{AccountId, CellCode, Fields, Kind, Problem, ProblemCode, Record, RecordId, Scope, Stamp};
use serde_json::json;

use crate::hub::divisions::{cell_record, check_successor, own_division};
use crate::hub::judge::Author;
use crate::hub::known_time::known_now;
use crate::hub::phones::{administers, note};
use crate::hub::reviews::DeskChange;
use crate::hub::{Hub, HubError};
use crate::store::{Account, Approval, Device, Reading, Store, StoredRecord, Writing};

/// So many records move with one look at them.
const AT_ONCE: usize = 1_000;

/// A cell before it is handed over, merged or split.
#[derive(Debug, Clone, PartialEq)]
pub struct CellStanding {
    /// Who holds it.
    pub holders: Vec<Holder>,
    /// How many records lie in it.
    pub records: u64,
    /// Its houses and groups, as parts that can be split off.
    pub parts: Vec<CellPart>,
}

/// Somebody who holds a cell, and what the server knows of the phones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The account.
    pub account: Account,
    /// How many cells it holds.
    pub cells: usize,
    /// Its phones that are not shut out, with the changes that they have handed in and nobody has taken in.
    pub phones: Vec<(Device, u64)>,
}

/// A house, or a group of a village: no residents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellPart {
    /// The house; none: a group.
    pub building: Option<RecordId>,
    /// Street or natural village.
    pub street: String,
    /// The house's name, or the group.
    pub name: String,
    /// Its doors.
    pub dwellings: usize,
}

/// Which houses and groups are split off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SplitParts {
    /// Houses.
    pub buildings: BTreeSet<RecordId>,
    /// Groups: street and group.
    pub groups: BTreeSet<(String, String)>,
}

impl<S: Store> Hub<S> {
    /// How a cell stands: who holds it, what their phones are known to owe, what can be split off.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope.
    pub fn cell_standing(&self, actor: &Actor, cell: &CellCode) -> Result<CellStanding, HubError> {
        self.store.read(|reading| {
            own_division(reading, actor, &Scope::from(cell))?;
            let mut holders = Vec::new();
            for id in reading.holders(cell)? {
                let Some(account) = reading.account(&id)? else { continue };
                let held = reading.holdings(&id)?.into_iter().filter(|held| held.until.is_none()).count();
                holders.push(Holder { account, cells: held, phones: phones_of(reading, &id)? });
            }
            let parts = parts(&movable(reading, cell)?);
            Ok(CellStanding { holders, records: reading.cell_state(cell)?.records, parts })
        })
    }

    /// Gives a cell from one account to another, with what was merged into it, whoever holds that; `seen` says who the caller saw holding
    /// the cell itself. One that is over is given to nobody else; one in whose place there is another is not taken away either, for it
    /// comes and goes with that.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::Stale`] when others hold it by now, [`CallRefusal::Invalid`]
    /// when it is over, or the account that gets it is not below the actor or carries no phone.
    pub fn hand_over_cell(
        &self,
        actor: &Actor,
        cell: &CellCode,
        seen: &[AccountId],
        to: &[AccountId],
    ) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let at = known_now(now, writing)?;
            let division = own_division(writing, actor, &Scope::from(cell))?;
            let (holders, wanted) = (writing.holders(cell)?, BTreeSet::from_iter(to.iter().cloned()));
            if BTreeSet::from_iter(holders.iter()) != BTreeSet::from_iter(seen.iter()) {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            let comes = wanted.iter().any(|id| !holders.contains(id));
            let goes = holders.iter().any(|id| !wanted.contains(id));
            if division.retired_at.is_some() && (comes || goes && division.succeeded_by.is_some()) {
                return Err(HubError::invalid(vec![Problem::new("to", ProblemCode::Retired)]));
            }
            for id in wanted.iter().filter(|id| !holders.contains(id)) {
                check_new_holder(writing, actor, id)?;
            }
            let along = given_along(writing, std::slice::from_ref(cell))?;
            give_to_just(writing, &along, &wanted, at)?;
            let names: Vec<&str> = wanted.iter().map(AccountId::as_str).collect();
            self.became(writing, actor, &division.code, "handed_over", "", Some(&names.join(" ")))?;
            note(writing, now, actor.account.as_str(), "cell_hand_over", cell.as_str())
        })
    }

    /// Merges a cell into another: its records move, it is retired, and who holds the other holds it too, for what was written in
    /// it, with what was merged into it before. Merging again moves what came late, to where the rest has gone by now. Answers how many
    /// records moved.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::Invalid`] when the other does not fit or is not the one that it
    /// was merged into before.
    pub fn merge_cell(&self, actor: &Actor, cell: &CellCode, into: &CellCode) -> Result<usize, HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let (code, into_code) = (Scope::from(cell), Scope::from(into));
            let division = own_division(writing, actor, &code)?;
            let again = division.retired_at.is_some();
            if again && division.succeeded_by.as_ref() != Some(&into_code) {
                return Err(HubError::invalid(vec![Problem::new("succeeded_by", ProblemCode::Retired)]));
            }
            let into = &if again { went_to(writing, into)? } else { into.clone() };
            let records = movable(writing, cell)?;
            self.move_into(writing, actor, (cell, into), &records)?;
            if !again {
                self.mark_retired(writing, actor, division, Some(&Scope::from(into)))?;
            }
            if !again || !records.is_empty() {
                self.became(writing, actor, &code, "merged", "", Some(into.as_str()))?;
                note(writing, now, actor.account.as_str(), "cell_merge", &format!("{cell} {into}"))?;
            }
            Ok(records.len())
        })
    }

    /// Splits houses and groups off a cell into another, which is made when it has a name and is not there. Everybody who lives
    /// there moves along. Answers how many records moved.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::Stale`] when none of the parts is in the cell any more,
    /// [`CallRefusal::Invalid`] when the other does not fit.
    pub fn split_cell(
        &self,
        actor: &Actor,
        cell: &CellCode,
        off: &SplitParts,
        to: &CellCode,
        name: Option<&str>,
    ) -> Result<usize, HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let (code, to_code) = (Scope::from(cell), Scope::from(to));
            own_division(writing, actor, &code)?;
            if let (Some(name), None) = (name, writing.division(&to_code)?) {
                self.create_within(writing, actor, &to_code, name)?;
            }
            check_successor(writing, actor, &code, Some(&to_code))?;
            let all = movable(writing, cell)?;
            let chosen = chosen(&all, off);
            if chosen.is_empty() {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            self.move_records(writing, actor, &chosen, to)?;
            self.became(writing, actor, &code, "split", "", Some(to.as_str()))?;
            note(writing, now, actor.account.as_str(), "cell_split", &format!("{cell} {to}"))?;
            Ok(chosen.len())
        })
    }

    /// Moves records of a cell into the one that takes its place. Whoever holds that one, and nobody else, holds the other too, with what
    /// was merged into it before.
    fn move_into(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        (cell, into): (&CellCode, &CellCode),
        records: &[StoredRecord],
    ) -> Result<(), HubError> {
        check_successor(writing, actor, &Scope::from(cell), Some(&Scope::from(into)))?;
        let at = known_now(self.now(), writing)?;
        self.move_records(writing, actor, records, into)?;
        let holders = writing.holders(into)?.into_iter().collect();
        let along = given_along(writing, std::slice::from_ref(cell))?;
        give_to_just(writing, &along, &holders, at)
    }

    /// Moves records to another cell, as changes of the office's own that alter nothing else. What was approved stays so: nobody
    /// wrote anything that a supervisor should look at.
    fn move_records(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        records: &[StoredRecord],
        to: &CellCode,
    ) -> Result<(), HubError> {
        for some in records.chunks(AT_ONCE) {
            let mut approvals = Vec::new();
            let mut changes = Vec::with_capacity(some.len());
            for StoredRecord { record, state, .. } in some {
                let approved =
                    if *state == ReviewState::Approved { writing.approved(&to.county(), record.id)? } else { None };
                approvals.extend(approved.map(|found| (record.id, Approval { at: found.at, by: found.by })));
                let fields = Fields::from([("cell".to_owned(), json!(to))]);
                let Record { id, kind, cell, .. } = record.clone();
                changes.push(self.stamped(writing, DeskChange { id, kind, cell, fields }, Stamp::ZERO)?);
            }
            let verdicts = self.take(writing, Author::Office(actor, Duty::Divisions), &changes)?.verdicts;
            if let Some(Verdict::Refused(refusal)) = verdicts.into_iter().find(|verdict| *verdict != Verdict::Accepted)
            {
                return Err(HubError::invalid(refusal.problems));
            }
            for (id, approval) in approvals {
                writing.set_review(to, id, ReviewState::Approved, Some(&approval))?;
            }
        }
        Ok(())
    }
}

/// Gives cells to an account, or takes them back; the other cells of the account stay.
fn give(writing: &mut dyn Writing, id: &AccountId, which: &[CellCode], gives: bool, at: i64) -> Result<(), HubError> {
    let held = writing.holdings(id)?.into_iter().filter(|held| held.until.is_none() && !which.contains(&held.cell));
    let mut cells: Vec<CellCode> = held.map(|held| held.cell).collect();
    if gives {
        cells.extend_from_slice(which);
    }
    Ok(writing.set_holdings(id, &cells, at)?)
}

/// These accounts hold the cells from now on, and nobody else does: also whoever was left with one of them when the cell went on that it was
/// merged into, as an older version left it.
fn give_to_just(
    writing: &mut dyn Writing,
    cells: &[CellCode],
    to: &BTreeSet<AccountId>,
    at: i64,
) -> Result<(), HubError> {
    let mut former = BTreeSet::new();
    for cell in cells {
        former.extend(writing.holders(cell)?.into_iter().filter(|id| !to.contains(id)));
    }
    for id in &former {
        give(writing, id, cells, false, at)?;
    }
    for id in to {
        give(writing, id, cells, true, at)?;
    }
    Ok(())
}

/// Cells with all whose place they took, and whose place these had taken: first the cells themselves.
pub(super) fn with_former(reading: &(impl Reading + ?Sized), cells: &[CellCode]) -> Result<Vec<CellCode>, HubError> {
    let counties: BTreeSet<Scope> = cells.iter().map(CellCode::county).collect();
    let divisions = reading.divisions(&counties.into_iter().collect::<Vec<_>>())?;
    let mut all = cells.to_vec();
    let mut looked = 0;
    while let Some(into) = all.get(looked).map(Scope::from) {
        looked += 1;
        let former = divisions.iter().filter(|division| division.succeeded_by.as_ref() == Some(&into));
        for code in former.filter_map(|division| CellCode::new(division.code.as_str()).ok()) {
            if !all.contains(&code) {
                all.push(code);
            }
        }
    }
    Ok(all)
}

/// Whether something lay in one of these cells and lies there no more.
pub(super) fn left_one_of(
    reading: &(impl Reading + ?Sized),
    cells: &[CellCode],
    id: RecordId,
) -> Result<bool, HubError> {
    for cell in cells {
        if reading.has_left(cell, id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is given along with these cells, and the cells themselves: of those whose place they took all that were merged, for what is written
/// once lies there still, and of those that were retired the ones that have more than their own record: what their last workers sent late.
fn given_along(reading: &(impl Reading + ?Sized), cells: &[CellCode]) -> Result<Vec<CellCode>, HubError> {
    let mut along = Vec::new();
    for cell in with_former(reading, cells)? {
        let merged = reading.division_changes(&Scope::from(&cell))?.iter().any(|change| change.what == "merged");
        let own = u64::from(cell_record(reading, &cell)?.is_some());
        if cells.contains(&cell) || merged || reading.cell_state(&cell)?.records > own {
            along.push(cell);
        }
    }
    Ok(along)
}

/// The cells that an account holds once the office has named these, by code, with what is given along with them.
pub(super) fn held_by_naming(
    reading: &(impl Reading + ?Sized),
    held: &[CellCode],
    named: &[CellCode],
) -> Result<Vec<CellCode>, HubError> {
    let all = given_along(reading, &named_themselves(reading, held, named)?)?;
    Ok(all.into_iter().collect::<BTreeSet<_>>().into_iter().collect())
}

/// Of the cells that the office names for an account those that it is given for themselves. One that is over comes and goes with a cell to
/// which its records went, if the account gets that or holds it so far (`held`).
pub(super) fn named_themselves(
    reading: &(impl Reading + ?Sized),
    held: &[CellCode],
    named: &[CellCode],
) -> Result<Vec<CellCode>, HubError> {
    let others = [named, held].concat();
    let mut themselves = Vec::new();
    for cell in named {
        if !comes_with(reading, cell, &others)? {
            themselves.push(cell.clone());
        }
    }
    Ok(themselves)
}

/// Whether a cell comes along with one of these: it is over, and its records went there.
pub(super) fn comes_with(
    reading: &(impl Reading + ?Sized),
    cell: &CellCode,
    others: &[CellCode],
) -> Result<bool, HubError> {
    Ok(way_of(reading, cell)?.iter().skip(1).any(|later| others.contains(later)))
}

/// Where the records of a cell are by now: the cell itself, or the last of those into which one was merged after the other.
fn went_to(reading: &(impl Reading + ?Sized), cell: &CellCode) -> Result<CellCode, HubError> {
    Ok(way_of(reading, cell)?.pop().unwrap_or_else(|| cell.clone()))
}

/// A cell, and those that took its place one after the other.
fn way_of(reading: &(impl Reading + ?Sized), cell: &CellCode) -> Result<Vec<CellCode>, HubError> {
    let mut way = vec![cell.clone()];
    while let Some(last) = way.last() {
        let next = reading.division(&Scope::from(last))?.and_then(|division| division.succeeded_by);
        match next.and_then(|next| CellCode::new(next.as_str()).ok()).filter(|next| !way.contains(next)) {
            Some(next) => way.push(next),
            None => break,
        }
    }
    Ok(way)
}

fn check_new_holder(reading: &(impl Reading + ?Sized), actor: &Actor, id: &AccountId) -> Result<(), HubError> {
    let account = reading.account(id)?.filter(|account| account.closed_at.is_none());
    let carries = |account: &Account| matches!(account.role, Role::Worker | Role::Informant | Role::Supervisor);
    let below = match &account {
        Some(account) => carries(account) && administers(reading, actor, account)?,
        None => false,
    };
    if below { Ok(()) } else { Err(HubError::invalid(vec![Problem::new("to", ProblemCode::NotAllowed)])) }
}

fn phones_of(reading: &(impl Reading + ?Sized), id: &AccountId) -> Result<Vec<(Device, u64)>, HubError> {
    let mut phones = Vec::new();
    for device in reading.devices()?.into_iter().filter(|device| device.account == *id && device.revoked_at.is_none()) {
        let pieces = reading.hand_ins(device.id)?;
        let waiting = pieces.iter().filter(|piece| piece.kept && piece.taken_at.is_none()).map(|piece| piece.changes);
        let waiting = waiting.sum();
        phones.push((device, waiting));
    }
    Ok(phones)
}

/// The records of a cell that can be moved to another.
fn movable(reading: &(impl Reading + ?Sized), cell: &CellCode) -> Result<Vec<StoredRecord>, HubError> {
    Ok(reading.of_kinds(cell, &|kind| *kind != Kind::Cell && Duty::Divisions.writes(kind))?)
}

/// The group that a door without a house counts to.
fn group_of(record: &Record) -> (String, String) {
    let text = |field| record.text(field).unwrap_or_default().to_owned();
    (text("street"), text("group"))
}

fn parts(records: &[StoredRecord]) -> Vec<CellPart> {
    let doors: Vec<&Record> = (records.iter().map(|stored| &stored.record))
        .filter(|record| record.kind == Kind::Dwelling && record.is_present())
        .collect();
    let mut parts = BTreeSet::new();
    for building in records.iter().map(|stored| &stored.record).filter(|record| record.kind == Kind::Building) {
        let dwellings = doors.iter().filter(|door| door.reference("building") == Some(building.id)).count();
        let text = |field| building.text(field).unwrap_or_default().to_owned();
        parts.insert(CellPart { building: Some(building.id), street: text("street"), name: text("name"), dwellings });
    }
    let alone = || doors.iter().filter(|door| door.reference("building").is_none());
    for (street, name) in alone().map(|door| group_of(door)).collect::<BTreeSet<_>>() {
        let dwellings = alone().filter(|door| group_of(door) == (street.clone(), name.clone())).count();
        parts.insert(CellPart { building: None, street, name, dwellings });
    }
    parts.into_iter().collect()
}

/// With what a record goes along when cells are drawn anew, the nearest first: the entry that stands for it, what it belongs to. A household
/// that is threatened goes with its household, not with the slope above it.
fn goes_with(record: &Record) -> impl Iterator<Item = RecordId> {
    // Who gave way to another lives on in the own household.
    let into = record.merged_into().filter(|_| record.kind != Kind::Person);
    let own = (record.kind == Kind::ThreatenedHousehold).then_some("household");
    let others = record.kind.places().filter(move |_| own.is_none());
    into.into_iter().chain(own.into_iter().chain(others).filter_map(move |field| record.reference(field)))
}

fn ids_of(records: &[StoredRecord]) -> BTreeSet<RecordId> {
    records.iter().map(|stored| stored.record.id).collect()
}

/// What goes along with each of those that are here: every record with the nearest.
fn along_with<'a>(
    records: impl Iterator<Item = &'a Record>,
    here: &BTreeSet<RecordId>,
) -> BTreeMap<RecordId, Vec<RecordId>> {
    let mut along: BTreeMap<RecordId, Vec<RecordId>> = BTreeMap::new();
    for record in records {
        if let Some(nearest) = goes_with(record).find(|id| here.contains(id)) {
            along.entry(nearest).or_default().push(record.id);
        }
    }
    along
}

/// The first ones and everything that goes along with them.
fn with_all_along(along: &BTreeMap<RecordId, Vec<RecordId>>, first: BTreeSet<RecordId>) -> BTreeSet<RecordId> {
    let mut next: Vec<RecordId> = first.iter().copied().collect();
    let mut ids = first;
    while let Some(id) = next.pop() {
        next.extend(along.get(&id).into_iter().flatten().filter(|more| ids.insert(**more)));
    }
    ids
}

/// The chosen houses and groups with everything that belongs to them.
fn chosen(all: &[StoredRecord], off: &SplitParts) -> Vec<StoredRecord> {
    let here = ids_of(all);
    // A door that gave way, with what hangs on it, goes where the one goes that stands for it.
    let gave_way = |record: &Record| record.merged_into().is_some_and(|into| here.contains(&into));
    let first = |record: &&Record| match record.kind {
        _ if gave_way(record) => false,
        Kind::Building => off.buildings.contains(&record.id),
        Kind::Dwelling => record.reference("building").is_none() && off.groups.contains(&group_of(record)),
        _ => false,
    };
    let records = all.iter().map(|stored| &stored.record);
    let along = along_with(records.clone(), &here);
    let ids = with_all_along(&along, records.filter(first).map(|record| record.id).collect());
    all.iter().filter(|stored| ids.contains(&stored.record.id)).cloned().collect()
}
