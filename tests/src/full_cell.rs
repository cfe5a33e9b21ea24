//! A cell as large as they get: 2,500 residents and 10,000 records, made up and the same every time.

use std::path::Path;

use domain::review::ReviewState;
use domain::scope::Role;
use domain::world::Millis;
use domain::{AccountId, CellCode, Fields, Kind, Node, Record, RecordId, Stamp, Stamps};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use sync_server::hub::open_folder;
use sync_server::store::{Account, BulkRecord};

use crate::trouble::{Doing, Outcome};

/// Residents of the cell.
pub const RESIDENTS: usize = 2_500;
/// Records of the cell.
pub const RECORDS: usize = 10_000;
/// The account that carries its phones.
pub const WORKER: &str = "bench-worker";

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
    let records =
        Maker { cell, by, now: hub.now(), chance: StdRng::seed_from_u64(610_722), made: Vec::new() }.make()?;
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
    made: Vec<BulkRecord>,
}

impl Maker {
    fn make(mut self) -> Outcome<Vec<BulkRecord>> {
        self.add(Kind::Cell, json!({ "code": CELL, "name": "第1网格", "cell_kind": "general" }))?;
        let (mut households, mut residents, mut building) = (Vec::new(), 0, None);
        while residents < RESIDENTS {
            let door = households.len();
            if door % 24 == 0 {
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
                if residents < RESIDENTS {
                    residents += 1;
                    let relation = if member == 0 { "02" } else { "20" };
                    let person = self.resident(household, relation)?;
                    head = head.or(Some(person));
                }
            }
            self.add_as(household, Kind::Household, json!({ "dwelling": dwelling, "head": head }))?;
            households.push(household);
        }
        while self.made.len() < RECORDS {
            let target = households[self.chance.random_range(0..households.len())];
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
        self.add(Kind::Person, fields)
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
