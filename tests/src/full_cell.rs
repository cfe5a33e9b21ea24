//! A cell as large as they get: 2,500 residents and 10,000 records, made up and the same every time; and one four times that size,
//! with ten times as many records, in which every kind of work stands.

mod work;

use std::path::Path;

use domain::review::ReviewState;
use domain::scope::Role;
use domain::world::Millis;
use domain::{AccountId, CellCode, Fields, Kind, Node, Record, RecordId, Stamp, Stamps};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use sync_server::hub::{Hub, open_folder};
use sync_server::store::{Account, BulkRecord, Store};

use crate::trouble::{Doing, Outcome};

/// Residents of the cell.
pub const RESIDENTS: usize = 2_500;
/// Records of the cell.
pub const RECORDS: usize = 10_000;
/// The account that carries its phones.
pub const WORKER: &str = "bench-worker";

/// How much stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Residents.
    pub residents: usize,
    /// Records of all kinds.
    pub records: usize,
}

impl Size {
    /// As large as a cell gets.
    pub const FULL: Size = Size { residents: RESIDENTS, records: RECORDS };
    /// Far larger than any: what the phone must bear all the same.
    pub const STRESS: Size = Size { residents: 4 * RESIDENTS, records: 10 * RECORDS };
}

const CELL: &str = "610722001001001";
const DAY: Millis = 24 * 60 * 60 * 1000;
const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗单查曾翟仇解";
const GIVEN: &str = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英文华建国玉兰";

/// Fills an empty data folder of a server with the cell and its worker.
///
/// # Errors
/// When the folder cannot be written.
pub fn fill(data: &Path) -> Outcome {
    let hub = open_folder(data).doing("opening the server's folder")?;
    let maker = Maker::new(&hub, Size::FULL)?;
    load(&hub, maker.make()?)
}

/// Fills a hub with a cell of that size and its worker: beside the register all the work that a phone has a page for.
///
/// # Errors
/// When it cannot be stored.
pub fn fill_with_work<S: Store>(hub: &Hub<S>, size: Size) -> Outcome {
    let mut maker = Maker::new(hub, size)?;
    maker.register()?;
    maker.work()?;
    load(hub, maker.visits()?)
}

fn load<S: Store>(hub: &Hub<S>, records: Vec<BulkRecord>) -> Outcome {
    for part in records.chunks(10_000) {
        hub.load(part).doing("loading the cell")?;
    }
    Ok(())
}

struct Maker {
    cell: CellCode,
    by: AccountId,
    now: Millis,
    chance: StdRng,
    size: Size,
    made: Vec<BulkRecord>,
    households: Vec<RecordId>,
    dwellings: Vec<RecordId>,
    /// Each with the household and the name.
    people: Vec<(RecordId, RecordId, String)>,
}

impl Maker {
    /// A maker for a cell of the hub, whose worker is added.
    fn new<S: Store>(hub: &Hub<S>, size: Size) -> Outcome<Self> {
        let cell = CellCode::new(CELL).doing("naming the cell")?;
        let by = AccountId::new(WORKER).doing("naming the worker")?;
        let account = Account {
            id: by.clone(),
            display_name: "测试网格员".to_owned(),
            role: Role::Worker,
            scopes: Vec::new(),
            password_hash: None,
            closed_at: None,
            department: None,
        };
        hub.put_account(account, None, std::slice::from_ref(&cell)).doing("adding the worker")?;
        let chance = StdRng::seed_from_u64(610_722);
        let (made, households, dwellings, people) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Ok(Self { cell, by, now: hub.now(), chance, size, made, households, dwellings, people })
    }

    fn make(mut self) -> Outcome<Vec<BulkRecord>> {
        self.register()?;
        self.visits()
    }

    /// The cell, its buildings and doors, and who lives there.
    fn register(&mut self) -> Outcome {
        self.add(Kind::Cell, json!({ "code": CELL, "name": "第1网格", "cell_kind": "general" }))?;
        let mut building = None;
        while self.people.len() < self.size.residents {
            let door = self.households.len();
            if door.is_multiple_of(24) {
                let name = format!("{}幢", door / 24 + 1);
                let fields = json!({ "name": name, "building_kind": "residential", "units": 2, "floors": 6 });
                building = Some(self.add(Kind::Building, fields)?);
            }
            let (unit, floor) = (door % 24 / 12 + 1, door % 12 / 2 + 1);
            let room = format!("{floor}0{}", door % 2 + 1);
            let fields =
                json!({ "building": building, "unit": unit.to_string(), "floor": floor, "room": room, "use": "own" });
            let dwelling = self.add(Kind::Dwelling, fields)?;
            let household = self.id();
            let mut head = None;
            for member in 0..self.chance.random_range(2..=4) {
                if self.people.len() < self.size.residents {
                    let relation = if member == 0 { "02" } else { "20" };
                    let person = self.resident(household, relation)?;
                    head = head.or(Some(person));
                }
            }
            self.add_as(household, Kind::Household, json!({ "dwelling": dwelling, "head": head }))?;
            self.dwellings.push(dwelling);
            self.households.push(household);
        }
        Ok(())
    }

    /// Visits until the cell has as many records as it should.
    fn visits(mut self) -> Outcome<Vec<BulkRecord>> {
        while self.made.len() < self.size.records {
            let target = self.households[self.chance.random_range(0..self.households.len())];
            let at = self.now - self.chance.random_range(1..300) * DAY;
            let result = ["met", "absent", "met", "proxy"][self.chance.random_range(0..4)];
            let fields = json!({
                "target": target, "target_kind": "household", "at": at, "result": result, "by": self.by, "way": "door",
            });
            self.add(Kind::Visit, fields)?;
        }
        Ok(self.made)
    }

    fn resident(&mut self, household: RecordId, relation: &str) -> Outcome<RecordId> {
        let (one, other, last) = (self.character(SURNAMES), self.character(GIVEN), self.character(GIVEN));
        let name = if self.chance.random_bool(0.7) { format!("{one}{other}{last}") } else { format!("{one}{other}") };
        let phone = format!("13{}", self.chance.random_range(100_000_000..999_999_999_u64));
        let born = format!("19{}-0{}-1{}", self.number(30, 99), self.number(1, 9), self.number(0, 9));
        let fields = json!({
            "household": household, "name": name, "sex": "1", "birth_date": born, "phone": phone, "relation": relation,
            "residence": "resident",
        });
        let id = self.add(Kind::Person, fields)?;
        self.people.push((id, household, name));
        Ok(id)
    }

    fn number(&mut self, least: u32, most: u32) -> u32 {
        self.chance.random_range(least..=most)
    }

    fn character(&mut self, from: &str) -> char {
        let place = self.chance.random_range(0..from.chars().count());
        from.chars().nth(place).unwrap_or('王')
    }

    fn id(&mut self) -> RecordId {
        let at = self.now - 400 * DAY + self.made.len() as Millis;
        RecordId(uuid::Builder::from_unix_timestamp_millis(at as u64, &self.chance.random()).into_uuid())
    }

    fn add(&mut self, kind: Kind, fields: Value) -> Outcome<RecordId> {
        let id = self.id();
        self.add_as(id, kind, fields)?;
        Ok(id)
    }

    fn add_as(&mut self, id: RecordId, kind: Kind, fields: Value) -> Outcome {
        let fields: Fields = serde_json::from_value(fields).doing("making a record")?;
        let at = self.now - 300 * DAY;
        let stamps = Stamps::all(Stamp::new(at, self.made.len() as u16, Node(1)));
        let record = Record { id, kind, cell: self.cell.clone(), fields, stamps };
        self.made.push(BulkRecord { record, by: self.by.clone(), at, state: ReviewState::Approved });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_work_has_as_many_records_as_it_says_and_a_server_would_take_every_one() {
        use domain::validate::{Setting, problems};
        let folder = tempfile::tempdir().unwrap();
        let hub = open_folder(folder.path()).unwrap();
        let mut maker = Maker::new(&hub, Size::FULL).unwrap();
        maker.register().unwrap();
        maker.work().unwrap();
        let made = maker.visits().unwrap();
        assert_eq!(made.len(), RECORDS);
        let (now, lists) = (hub.now(), hub.lists());
        for BulkRecord { record, .. } in made {
            let change = domain::Change {
                id: record.id,
                kind: record.kind.clone(),
                cell: record.cell.clone(),
                fields: record.fields.clone(),
                stamps: record.stamps.clone(),
                base: Default::default(),
            };
            let found = problems(&change, None, Setting { now, lists: &lists });
            assert!(found.is_empty(), "{}: {found:?} {:?}", record.kind, record.fields);
        }
    }

    #[test]
    fn a_full_cell_has_as_many_residents_and_records_as_it_says() {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path()).unwrap();
        let hub = open_folder(folder.path()).unwrap();
        use sync_server::store::{Reading, Run, Store, StoreError};
        let cell = CellCode::new(CELL).unwrap();
        let entries = hub.store().read(|reading: &dyn Reading| reading.feed_after(&cell, None, Run::SERVER));
        assert_eq!(entries.map_err(|error: StoreError| error.to_string()).unwrap().len(), RECORDS);
    }
}
