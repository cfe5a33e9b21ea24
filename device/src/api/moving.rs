//! Moving: a household goes to another door with everybody in it, or leaves the cell; a resident goes to another household.

use chrono::NaiveDate;
use domain::kinds::person::Person;
use domain::moving::{Home, Said, moving};
use domain::validate::today;
use domain::{CellCode, Fields, Kind, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::record::normalised;
use super::{Failure, found};
use crate::open::New;
use crate::{Device, DeviceError, Open};

/// Moves a household to another door.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct MoveHouseholdArgs {
    /// The household.
    pub household: RecordId,
    /// Behind which door it lives from now on.
    pub dwelling: RecordId,
}

/// The whole household leaves.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct MoveOutArgs {
    /// The household.
    pub household: RecordId,
    /// On which day, `YYYY-MM-DD`.
    pub on: String,
    /// Where to, in words.
    pub to: Option<String>,
}

/// A resident moves to another household.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct MovePersonArgs {
    /// The resident.
    pub person: RecordId,
    /// The household, or the door behind which a household of their own begins.
    pub to: RecordId,
    /// What the resident is to the householder there (GB/T 4761); none where the household is their own.
    pub relation: Option<String>,
    /// Who is householder of those who stay; asked only where the householder leaves others.
    pub next_head: Option<RecordId>,
    /// Since when, `YYYY-MM-DD`.
    pub on: String,
}

/// A resident who moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct MovedPerson {
    /// The resident.
    pub id: RecordId,
    /// The household where the resident lives now.
    pub household: RecordId,
    /// How many stay behind whose relation was said of the householder who left: somebody has to look at these.
    pub relations: i64,
    /// It lies in another cell now.
    pub other_cell: bool,
    /// Hazard points that list the household that was left, or the new one: somebody has to look at these.
    pub threatened: i64,
}

/// What moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Moved {
    /// The household.
    pub id: RecordId,
    /// How many residents went along.
    pub people: i64,
    /// It lies in another cell now.
    pub other_cell: bool,
    /// Hazard points that still list it as threatened: somebody has to look at these.
    pub threatened: i64,
}

pub(super) fn move_household(device: &Device, args: MoveHouseholdArgs) -> Result<Moved, Failure> {
    device.with_open(|open: &mut Open| {
        let household = found(open, args.household, &Kind::Household)?;
        let door = found(open, args.dwelling, &Kind::Dwelling);
        let door = door.map_err(|_| Failure::problem("dwelling", ProblemCode::MissingTarget))?;
        if !open.cells().contains(&door.cell) {
            return Err(Failure::problem("dwelling", ProblemCode::ForeignCell));
        }
        let other_cell = household.cell != door.cell;
        let members = open.store().of_parent(&Kind::Person, household.id)?;
        let mut at_home = Fields::from([("dwelling".to_owned(), json!(door.id))]);
        let mut writes = Vec::new();
        if other_cell {
            at_home.insert("cell".to_owned(), json!(door.cell));
            // The household first: what moves after it finds it there.
            writes.push((household.id, at_home));
            let mut along = open.store().gave_way_to(household.id)?;
            along.extend(members.iter().cloned());
            writes.extend(that_go_along(open, along, &door.cell)?);
        } else {
            writes.push((household.id, at_home));
        }
        open.write_several(writes)?;
        let people = members.iter().filter(|member| !has_left(member)).count();
        let threatened = threatened(open, household.id)?;
        Ok(Moved { id: household.id, people: count(people), other_cell, threatened })
    })
}

/// What moves to a cell with these records: the care plans of residents, and the entries that gave way to any of these. What was
/// seen before stays where it was seen.
fn that_go_along(
    open: &Open,
    mut waiting: Vec<Record>,
    cell: &CellCode,
) -> Result<Vec<(RecordId, Fields)>, DeviceError> {
    let store = open.store();
    let mut writes = Vec::new();
    while let Some(record) = waiting.pop() {
        waiting.extend(store.gave_way_to(record.id)?);
        if record.kind == Kind::Person {
            // A plan that is not shown to this worker goes along all the same: it is its responsible's.
            waiting.extend(store.of_parent(&Kind::CarePlan, record.id)?);
        }
        let moved = Fields::from([("cell".to_owned(), json!(cell))]);
        writes.extend((record.cell != *cell).then_some((record.id, moved)));
    }
    writes.sort_by_key(|(id, _)| *id);
    writes.dedup_by_key(|(id, _)| *id);
    Ok(writes)
}

pub(super) fn move_person(device: &Device, args: MovePersonArgs) -> Result<MovedPerson, Failure> {
    device.with_open(|open: &mut Open| {
        let person = found(open, args.person, &Kind::Person)?;
        let from = match person.reference("household") {
            Some(household) => open.store().standing(household)?.filter(Record::is_present),
            None => None,
        };
        let from = from.map(|household| home(open, &household)).transpose()?;
        let on = past_day(open, &args.on)?;
        let Target { to, begins } = target(open, args.to, &person, from.as_ref())?;
        let said = Said { relation: args.relation.as_deref(), next_head: args.next_head, on: &on };
        let mut writes =
            moving(&person, from.as_ref(), &to, said).map_err(|problem| Failure::invalid(vec![problem]))?;
        let other_cell = person.cell != to.cell;
        if other_cell {
            writes.extend(entries_along(open, &person, &to)?);
        }
        let left_head = from.as_ref().is_some_and(|from| from.id != to.id && from.head == Some(person.id));
        let staying = from.as_ref().map_or(0, |from| from.living.iter().filter(|one| **one != person.id).count());
        let begun = begins.filter(|_| !writes.is_empty());
        open.create_and_write(begun.into_iter().collect(), writes)?;
        let homes: Vec<RecordId> = from.iter().map(|from| from.id).filter(|id| *id != to.id).chain([to.id]).collect();
        let listed = homes.into_iter().map(|household| threatened(open, household)).sum::<Result<i64, _>>()?;
        let relations = if left_head { count(staying.saturating_sub(1)) } else { 0 };
        Ok(MovedPerson { id: person.id, household: to.id, relations, other_cell, threatened: listed })
    })
}

/// Where a resident moves to.
struct Target {
    to: Home,
    /// The household is a new one: behind which door.
    begins: Option<New>,
}

/// The household that was named, or a new one behind the door that was named. Who lives there alone already has it.
fn target(open: &Open, to: RecordId, person: &Record, from: Option<&Home>) -> Result<Target, Failure> {
    let named = open.store().standing(to)?.filter(Record::is_present);
    let named = named.ok_or_else(|| Failure::problem("to", ProblemCode::MissingTarget))?;
    if !open.cells().contains(&named.cell) {
        return Err(Failure::problem("to", ProblemCode::ForeignCell));
    }
    match named.kind {
        Kind::Household => Ok(Target { to: home(open, &named)?, begins: None }),
        Kind::Dwelling => {
            if let Some(own) = from.filter(|from| from.living == [person.id])
                && let Some(household) = open.store().get(own.id)?
                && let Some(door) = household.reference("dwelling")
                && open.store().survivor(door)? == named.id
            {
                return Ok(Target { to: own.clone(), begins: None });
            }
            let to = Home { id: open.new_id(), cell: named.cell.clone(), head: None, living: Vec::new() };
            let fields = Fields::from([("dwelling".to_owned(), json!(named.id))]);
            let begins = New { kind: Kind::Household, id: to.id, cell: named.cell, fields };
            Ok(Target { to, begins: Some(begins) })
        }
        _ => Err(Failure::problem("to", ProblemCode::MissingTarget)),
    }
}

/// A household as a move sees it.
fn home(open: &Open, household: &Record) -> Result<Home, DeviceError> {
    let members = open.store().of_parent(&Kind::Person, household.id)?;
    let head = household.reference("head").map(|head| open.store().survivor(head)).transpose()?;
    let living = members.iter().filter(|member| !has_left(member)).map(|member| member.id).collect();
    Ok(Home { id: household.id, cell: household.cell.clone(), head, living })
}

/// What goes to another cell with a resident. Entries that gave way to theirs name the new household too: a record names only what
/// lies in its own cell.
fn entries_along(open: &Open, person: &Record, to: &Home) -> Result<Vec<(RecordId, Fields)>, DeviceError> {
    let mut writes = that_go_along(open, vec![person.clone()], &to.cell)?;
    writes.retain(|(id, _)| *id != person.id);
    for (id, fields) in &mut writes {
        if open.store().get(*id)?.is_some_and(|record| record.kind == Kind::Person) {
            fields.insert("household".to_owned(), json!(to.id));
        }
    }
    Ok(writes)
}

/// A day that was typed, and has come.
fn past_day(open: &Open, on: &str) -> Result<String, Failure> {
    let on = on.trim();
    let day: NaiveDate = on.parse().map_err(|_| Failure::problem("on", ProblemCode::NoSuchDate))?;
    if day > today(open.now()) {
        return Err(Failure::problem("on", ProblemCode::InFuture));
    }
    Ok(on.to_owned())
}

fn has_left(member: &Record) -> bool {
    Person::from(member).has_left()
}

/// At how many hazard points a household is listed.
fn threatened(open: &Open, household: RecordId) -> Result<i64, DeviceError> {
    let listed = open.store().of_kind(&Kind::ThreatenedHousehold, None)?;
    let mut found = 0;
    for record in listed {
        if let Some(named) = record.reference("household") {
            found += i64::from(open.store().survivor(named)? == household);
        }
    }
    Ok(found)
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

pub(super) fn move_out(device: &Device, args: MoveOutArgs) -> Result<Moved, Failure> {
    device.with_open(|open: &mut Open| {
        let household = found(open, args.household, &Kind::Household)?;
        let on = past_day(open, &args.on)?;
        let mut fields = Fields::from([("moved_out_on".to_owned(), json!(on))]);
        fields.extend(args.to.map(|to| ("moved_to".to_owned(), json!(to))));
        let fields = normalised(&Kind::Person, fields);
        let members = open.store().of_parent(&Kind::Person, household.id)?;
        let leaving: Vec<&Record> = members.iter().filter(|member| !has_left(member)).collect();
        let writes = leaving.iter().map(|member| (member.id, fields.clone())).collect();
        let people = count(leaving.len());
        open.write_several(writes)?;
        Ok(Moved { id: household.id, people, other_cell: false, threatened: threatened(open, household.id)? })
    })
}
