//! Buildings and doors of a cell: stairwells with units, floors and rooms in town, farm houses by group and number in villages.

use domain::world::Millis;
use domain::{AccountId, Kind, RecordId};
use serde_json::json;

use super::Cell;
use super::chance::Chance;
use super::land;
use super::ledger::{Ledger, fields};

/// A door, as later steps need it.
pub(crate) struct Door {
    /// The dwelling.
    pub(crate) id: RecordId,
    /// Code of use.
    pub(crate) usage: &'static str,
    /// As people write it.
    pub(crate) address: String,
}

const STREETS: &[&str] = &[
    "江湾路",
    "滨江路",
    "朝阳路",
    "博望路",
    "民主街",
    "建设路",
    "和平路",
    "文化路",
    "新华路",
    "丰庆路",
    "城南路",
    "莲花路",
];

const NATURAL_VILLAGES: &[&str] =
    &["上湾", "下湾", "老院子", "堰塘边", "河坝", "坡底", "梁上", "沟口", "柳树湾", "新院", "水井湾", "桥头"];

/// Writes a cell's buildings and dwellings and returns its doors.
pub(crate) fn build(ledger: &mut Ledger, chance: &mut Chance, cell: &Cell, at: Millis, by: &AccountId) -> Vec<Door> {
    if cell.urban { town(ledger, chance, cell, at, by) } else { village(ledger, chance, cell, at, by) }
}

fn town(ledger: &mut Ledger, chance: &mut Chance, cell: &Cell, at: Millis, by: &AccountId) -> Vec<Door> {
    let street = chance.pick(STREETS);
    let mut doors = Vec::new();
    let mut built = 0;
    while doors.len() < cell.doors() {
        built += 1;
        let left = cell.doors() - doors.len();
        // Numbers run through the whole community, so no two doors of it have one address.
        let name = format!("{}号楼", (cell.ordinal - 1) * 10 + built);
        let units = if left < 24 { 1 } else { chance.between(2, 3) };
        let floors = if left < 24 { chance.between(3, 5) } else { chance.between(5, 7) };
        let rooms = chance.between(2, 3);
        let id = chance.record_id(at);
        ledger.write(
            at,
            by,
            id,
            Kind::Building,
            fields([
                ("name", json!(name)),
                ("building_kind", json!("residential")),
                ("street", json!(street)),
                ("floors", json!(floors)),
                ("units", json!(units)),
                ("position", land::slot(cell, built - 1)),
            ]),
        );
        for (unit, floor, room) in stairs(units, floors, rooms) {
            let usage = chance.weighted(&[("own", 76), ("let", 15), ("vacant", 9)]);
            let number = format!("{floor}{room:02}");
            doors.push(door(ledger, chance, at, by, Place::Room { building: (id, &name), unit, floor, number }, usage));
        }
    }
    if cell.full {
        doors.extend(shops(ledger, chance, cell, street, at, by));
    }
    doors
}

fn stairs(units: i64, floors: i64, rooms: i64) -> impl Iterator<Item = (i64, i64, i64)> {
    (1..=units)
        .flat_map(move |unit| (1..=floors).flat_map(move |floor| (1..=rooms).map(move |room| (unit, floor, room))))
}

/// The shops have no position yet: the first worker can try how one is set.
fn shops(ledger: &mut Ledger, chance: &mut Chance, cell: &Cell, street: &str, at: Millis, by: &AccountId) -> Vec<Door> {
    let id = chance.record_id(at);
    let name = format!("{}号楼", (cell.ordinal - 1) * 10 + 10);
    let values = [
        ("name", json!(name)),
        ("building_kind", json!("commercial")),
        ("street", json!(street)),
        ("floors", json!(1)),
        ("units", json!(1)),
    ];
    ledger.write(at, by, id, Kind::Building, fields(values));
    let count = chance.between(4, 7);
    (1..=count)
        .map(|room| {
            let number = format!("{:02}", 100 + room);
            door(ledger, chance, at, by, Place::Room { building: (id, &name), unit: 1, floor: 1, number }, "shop")
        })
        .collect()
}

fn village(ledger: &mut Ledger, chance: &mut Chance, cell: &Cell, at: Millis, by: &AccountId) -> Vec<Door> {
    let groups = if cell.full { 3 } else { 2 };
    let first = (cell.ordinal - 1) * groups + 1;
    let mut doors = Vec::new();
    for group in first..first + groups {
        let street = chance.pick(NATURAL_VILLAGES);
        for house in 1..=cell.doors() / groups + 1 {
            let usage = chance.weighted(&[("own", 82), ("vacant", 14), ("let", 4)]);
            doors.push(door(ledger, chance, at, by, Place::House { street, group, house }, usage));
        }
    }
    doors
}

enum Place<'a> {
    Room { building: (RecordId, &'a str), unit: i64, floor: i64, number: String },
    House { street: &'a str, group: usize, house: usize },
}

fn door(
    ledger: &mut Ledger,
    chance: &mut Chance,
    at: Millis,
    by: &AccountId,
    place: Place<'_>,
    usage: &'static str,
) -> Door {
    let id = chance.record_id(at);
    let (mut values, address) = match place {
        Place::Room { building: (building, name), unit, floor, number } => (
            fields([
                ("building", json!(building)),
                ("unit", json!(unit.to_string())),
                ("floor", json!(floor)),
                ("room", json!(number)),
            ]),
            format!("{name} {unit}单元 {number}室"),
        ),
        Place::House { street, group, house } => (
            fields([
                ("street", json!(street)),
                ("group", json!(format!("{group}组"))),
                ("house_number", json!(format!("{house}号"))),
            ]),
            format!("{street} {group}组 {house}号"),
        ),
    };
    values.insert("use".to_owned(), json!(usage));
    ledger.write(at, by, id, Kind::Dwelling, values);
    Door { id, usage, address }
}
