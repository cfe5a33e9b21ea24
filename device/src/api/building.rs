//! Buildings and the board of their doors.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::address::AddressParts;
use domain::kinds::Position;
use domain::kinds::dwelling::Dwelling;
use domain::kinds::premises::Premises;
use domain::world::Millis;
use domain::{CellCode, Kind, RecordId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::today::met_within;
use super::{Failure, Nothing};
use crate::read::{
    DwellingFacts, HouseholdFacts, MET_LATELY, OVERDUE, Piece, Register, Within, care_due_among, natural,
    plain_building, plain_parts,
};
use crate::{Device, DeviceError, Open};

/// A building, or a village group whose dwellings have no building.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct BuildingLine {
    /// The building's id, or `group:<cell>:<group>`.
    pub id: String,
    /// As written on the wall; for a group its name (may be empty when the dwellings name none).
    pub name: String,
    /// Code of the building's kind; none for a group.
    pub kind_code: Option<String>,
    /// Stairwells.
    pub units: i64,
    /// Storeys.
    pub floors: i64,
    /// Dwellings.
    pub doors: i64,
    /// Households that were not met for 90 days or more, or never.
    pub not_met_90d: i64,
    /// Its cell.
    pub cell: CellCode,
    /// Where it stands; none for a group, and where nobody has said so yet.
    pub position: Option<Position>,
}

/// Asks for a building's board.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct DoorsArgs {
    /// A building's id, or `group:<cell>:<group>`.
    pub building: String,
}

/// What a door on the board tells at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DoorState {
    /// Somebody was met less than 90 days ago; `last_met` says when.
    Met,
    /// Somebody tried within 30 days and met nobody.
    Absent,
    /// Nobody was ever met, and nobody tried lately.
    Never,
    /// Let, and nobody of the tenants is registered.
    ToLet,
    /// A shop.
    Shop,
    /// Nobody lives there.
    Vacant,
    /// Not met for 90 days or more.
    Overdue,
}

/// A door on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Door {
    /// The dwelling.
    pub dwelling_id: RecordId,
    /// Who lives behind it.
    pub household_id: Option<RecordId>,
    /// Room or house number.
    pub label: String,
    /// Code of the dwelling's use.
    #[serde(rename = "use")]
    pub usage: Option<String>,
    /// The householder.
    pub head_name: Option<String>,
    /// Residents living there.
    pub people: i64,
    /// When somebody was last met.
    pub last_met: Option<i64>,
    /// When somebody last tried.
    pub latest_at: Option<i64>,
    /// Code of that visit's result.
    pub latest_result: Option<String>,
    /// At a glance.
    pub state: DoorState,
    /// Somebody there is to be seen today by a care plan that this worker is shown.
    pub care_due: bool,
    /// Open premises there: what the first is called.
    pub shop_name: Option<String>,
}

/// A storey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Floor {
    /// Its number; empty in a village group.
    pub floor: String,
    /// Its doors, in the order of their numbers.
    pub doors: Vec<Door>,
}

/// A stairwell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Unit {
    /// Its number; empty where there are none.
    pub unit: String,
    /// Its storeys, from the top down.
    pub floors: Vec<Floor>,
}

/// A building's doors.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct DoorBoard {
    /// The building.
    pub building: BuildingLine,
    /// Its stairwells.
    pub units: Vec<Unit>,
}

const GROUP: &str = "group:";

/// The name of the board that a dwelling without a building stands on.
pub(crate) fn group_id(cell: &CellCode, dwelling: &Dwelling) -> String {
    format!("{GROUP}{cell}:{}", plain_group(dwelling))
}

/// The group in its one spelling: `2村民小组` and `二组` are one.
fn plain_group(dwelling: &Dwelling) -> String {
    let group = dwelling.group.as_deref().unwrap_or_default();
    let [_, _, _, _, group, _] = plain_parts(AddressParts { group, ..Default::default() });
    group
}

pub(super) fn buildings(device: &Device, _: Nothing) -> Result<Vec<BuildingLine>, Failure> {
    device.with_open(|open: &mut Open| Ok(lines(&*Register::whole(open)?, open.now())))
}

/// The lines of all buildings and groups: buildings first, then the groups of a village, each in the order of their numbers.
pub(super) fn lines(register: &Register, now: Millis) -> Vec<BuildingLine> {
    let mut boards: BTreeMap<String, Vec<&DwellingFacts>> = BTreeMap::new();
    for id in register.buildings.keys() {
        boards.insert(id.to_string(), Vec::new());
    }
    for facts in register.dwellings.values() {
        let board = facts.dwelling.building.map(|building| building.to_string());
        boards.entry(board.unwrap_or_else(|| group_id(&facts.cell, &facts.dwelling))).or_default().push(facts);
    }
    let mut lines: Vec<BuildingLine> =
        boards.iter().filter_map(|(id, dwellings)| line(register, id, dwellings, now)).collect();
    lines.sort_by_cached_key(|line| {
        (line.cell.clone(), line.id.starts_with(GROUP), natural(&plain_building(&line.name)), line.id.clone())
    });
    lines
}

/// The line of a building or group; none for a building that is not here and has no dwellings.
fn line(register: &Register, id: &str, dwellings: &[&DwellingFacts], now: Millis) -> Option<BuildingLine> {
    let building = id.parse::<RecordId>().ok().and_then(|id| register.buildings.get(&id));
    let first = dwellings.iter().min_by_key(|facts| facts.id);
    let distinct = |part: &dyn Fn(&DwellingFacts) -> Option<String>| {
        dwellings.iter().filter_map(|facts| part(facts)).collect::<std::collections::BTreeSet<_>>().len() as i64
    };
    let overdue = |household: &&HouseholdFacts| !met_within(household, now, OVERDUE);
    let behind = |facts: &&DwellingFacts| register.behind(facts.id).filter(overdue).count();
    Some(BuildingLine {
        id: id.to_owned(),
        name: match building {
            Some(building) => building.name.clone(),
            None => first.map(|facts| group_name(&facts.dwelling)).unwrap_or_default(),
        },
        kind_code: building.and_then(|building| building.kind.clone()),
        units: building
            .and_then(|b| b.units)
            .unwrap_or_else(|| distinct(&|facts| Some(plain_unit(&facts.dwelling)).filter(|unit| !unit.is_empty()))),
        floors: building
            .and_then(|b| b.floors)
            .unwrap_or_else(|| distinct(&|facts| floor_of(&facts.dwelling).map(|floor| floor.to_string()))),
        doors: dwellings.len() as i64,
        not_met_90d: dwellings.iter().map(behind).sum::<usize>() as i64,
        cell: building.map(|building| &building.cell).or(first.map(|facts| &facts.cell))?.clone(),
        position: building.and_then(|building| building.position),
    })
}

/// The stairwell in its one spelling: `2单元` and `2` are one.
pub(super) fn plain_unit(dwelling: &Dwelling) -> String {
    let unit = dwelling.unit.as_deref().unwrap_or_default();
    let [_, _, unit, ..] = plain_parts(AddressParts { unit, ..Default::default() });
    unit
}

/// The board that a dwelling stands on: its id and its name.
pub(super) fn board_of(register: &Register, facts: &DwellingFacts) -> (String, String) {
    match facts.dwelling.building {
        Some(building) => (building.to_string(), register.building_name(&facts.dwelling).to_owned()),
        None => (group_id(&facts.cell, &facts.dwelling), group_name(&facts.dwelling)),
    }
}

fn group_name(dwelling: &Dwelling) -> String {
    let group = dwelling.group.clone().unwrap_or_default();
    if group.is_empty() || group.ends_with('组') { group } else { format!("{group}组") }
}

pub(super) fn doors(device: &Device, args: DoorsArgs) -> Result<DoorBoard, Failure> {
    device.with_open(|open: &mut Open| {
        let (register, wanted) = match args.building.strip_prefix(GROUP) {
            Some(rest) => {
                let (cell, group) = rest.split_once(':').ok_or_else(Failure::not_found)?;
                let cell = CellCode::new(cell).map_err(|_| Failure::not_found())?;
                (Register::load(open, &Within::Villages(&cell))?, Some(group))
            }
            None => {
                let id = args.building.parse().map_err(|_| Failure::not_found())?;
                (Register::load(open, &Within::Building(id))?, None)
            }
        };
        let here = |facts: &&DwellingFacts| wanted.is_none_or(|group| plain_group(&facts.dwelling) == group);
        let dwellings: Vec<&DwellingFacts> = register.dwellings.values().filter(here).collect();
        let now = open.now();
        let building = line(&register, &args.building, &dwellings, now).ok_or_else(Failure::not_found)?;
        let doors: HashSet<RecordId> = dwellings.iter().map(|facts| facts.id).collect();
        let beside = Beside { now, care_due: care_due_among(open, &register)?, shops: shops_among(open, &doors)? };
        Ok(DoorBoard { units: units(&register, &dwellings, &beside), building })
    })
}

/// A storey's place on the board: from the top down, those without a number last.
type FloorOrder = std::cmp::Reverse<Option<i64>>;

/// A stairwell's place on the board, and how it is written.
type UnitOrder = (Vec<Piece>, String);

/// The storeys of a stairwell, each door with its place on the storey.
type Floors = BTreeMap<FloorOrder, Vec<(Vec<Piece>, Door)>>;

/// What a door shows besides its visits.
struct Beside {
    now: Millis,
    /// Households in which somebody is to be seen.
    care_due: HashSet<RecordId>,
    /// Open premises by their door.
    shops: HashMap<RecordId, String>,
}

/// The open premises of these doors, by door: the first by name.
fn shops_among(open: &Open, doors: &HashSet<RecordId>) -> Result<HashMap<RecordId, String>, DeviceError> {
    let mut found: HashMap<RecordId, String> = HashMap::new();
    for record in open.store().of_kind(&Kind::Premises, None)? {
        let premises = Premises::from(&record);
        let Some(door) = premises.dwelling.map(|door| open.store().survivor(door)).transpose()? else { continue };
        if premises.closed_on.is_none() && doors.contains(&door) {
            let name = found.entry(door).or_insert_with(|| premises.name.clone());
            *name = name.clone().min(premises.name);
        }
    }
    Ok(found)
}

fn units(register: &Register, dwellings: &[&DwellingFacts], beside: &Beside) -> Vec<Unit> {
    let mut board: BTreeMap<UnitOrder, Floors> = BTreeMap::new();
    for facts in dwellings {
        let unit = plain_unit(&facts.dwelling);
        let floors = board.entry((natural(&unit), unit)).or_default();
        let doors = floors.entry(std::cmp::Reverse(floor_of(&facts.dwelling))).or_default();
        let label = facts.dwelling.room.as_ref().or(facts.dwelling.house_number.as_ref()).cloned().unwrap_or_default();
        let mut households = register.behind(facts.id).peekable();
        if households.peek().is_none() {
            doors.push((natural(&label), door(register, facts, &label, None, beside)));
        }
        for household in households {
            doors.push((natural(&label), door(register, facts, &label, Some(household), beside)));
        }
    }
    let floor = |(number, mut doors): (FloorOrder, Vec<(Vec<Piece>, Door)>)| {
        doors.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.dwelling_id.cmp(&b.dwelling_id)));
        let floor = number.0.map(|number| number.to_string()).unwrap_or_default();
        Floor { floor, doors: doors.into_iter().map(|(_, door)| door).collect() }
    };
    let unit =
        |((_, unit), floors): (UnitOrder, Floors)| Unit { unit, floors: floors.into_iter().map(floor).collect() };
    board.into_iter().map(unit).collect()
}

/// The storey: as entered, or from the room's number (501 is on 5, 1203 on 12).
fn floor_of(dwelling: &Dwelling) -> Option<i64> {
    dwelling.floor.or_else(|| {
        let room = domain::address::half_width(dwelling.room.as_deref()?);
        let digits = matches!(room.len(), 3 | 4) && room.bytes().all(|b| b.is_ascii_digit());
        room.get(..room.len().checked_sub(2)?).filter(|_| digits)?.parse().ok()
    })
}

fn door(
    register: &Register,
    facts: &DwellingFacts,
    label: &str,
    household: Option<&HouseholdFacts>,
    beside: &Beside,
) -> Door {
    let now = beside.now;
    let latest = household.and_then(|household| household.history.latest.as_ref());
    Door {
        dwelling_id: facts.id,
        household_id: household.map(|household| household.id),
        label: label.to_owned(),
        usage: facts.dwelling.usage.clone(),
        head_name: household.and_then(|household| register.head_name(household)),
        people: household.map_or(0, |household| household.people),
        last_met: household.and_then(|household| household.history.last_met),
        latest_at: latest.map(|(at, _)| *at),
        latest_result: latest.map(|(_, result)| result.clone()),
        state: door_state(facts.dwelling.usage.as_deref(), household, now),
        care_due: household.is_some_and(|household| beside.care_due.contains(&household.id)),
        shop_name: beside.shops.get(&facts.id).cloned(),
    }
}

/// What a door tells at a glance. An unused door says what it is; where people live, their visits speak.
fn door_state(usage: Option<&str>, household: Option<&HouseholdFacts>, now: Millis) -> DoorState {
    let lived_in = household.filter(|household| household.people > 0 || household.history.latest.is_some());
    let Some(household) = lived_in else {
        return match usage {
            Some("shop") => DoorState::Shop,
            Some("let") => DoorState::ToLet,
            Some("vacant") => DoorState::Vacant,
            _ => DoorState::Never,
        };
    };
    let history = &household.history;
    let tried = history.latest.as_ref().map(|(at, _)| *at);
    match (history.last_met, tried) {
        (met, Some(tried)) if met.is_none_or(|met| met < tried) && now - tried < MET_LATELY => DoorState::Absent,
        (Some(met), _) if now - met < OVERDUE => DoorState::Met,
        (Some(_), _) => DoorState::Overdue,
        (None, _) => DoorState::Never,
    }
}
