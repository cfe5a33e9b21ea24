//! Moving: a household goes to another door with everybody in it, or leaves the cell.

use chrono::NaiveDate;
use domain::kinds::person::Person;
use domain::validate::today;
use domain::{CellCode, Fields, Kind, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::record::normalised;
use super::{Failure, found};
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
            writes.extend(that_go_along(open, &household, &members, &door.cell)?);
        } else {
            writes.push((household.id, at_home));
        }
        open.write_several(writes)?;
        let people = members.iter().filter(|member| !has_left(member)).count();
        let threatened = threatened(open, household.id)?;
        Ok(Moved { id: household.id, people: count(people), other_cell, threatened })
    })
}

/// What belongs to the household and nobody else moves to its cell: its residents, their care plans, and the entries that gave way
/// to any of these. What was seen there stays where it was seen.
fn that_go_along(
    open: &Open,
    household: &Record,
    members: &[Record],
    cell: &CellCode,
) -> Result<Vec<(RecordId, Fields)>, DeviceError> {
    let store = open.store();
    let mut waiting: Vec<Record> = store.gave_way_to(household.id)?;
    waiting.extend(members.iter().cloned());
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

fn has_left(member: &Record) -> bool {
    let person = Person::from(member);
    person.moved_out_on.is_some() || person.died_on.is_some()
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
        let on = args.on.trim();
        let day: NaiveDate = on.parse().map_err(|_| Failure::problem("on", ProblemCode::NoSuchDate))?;
        if day > today(open.now()) {
            return Err(Failure::problem("on", ProblemCode::InFuture));
        }
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
