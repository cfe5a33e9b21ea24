//! The simulated county: two cells of one village with a small register, their workers, and a supervisor.

use std::path::Path;
use std::sync::Arc;

use domain::protocol::EnrolRequest;
use domain::review::ReviewState;
use domain::scope::Role;
use domain::world::Millis;
use domain::{AccountId, CellCode, Fields, Kind, Node, Record, RecordId, Scope, Stamp, Stamps};
use serde_json::{Value, json};
use sync_server::hub::desk::Desk;
use sync_server::hub::{self, CountyHub, Hub};
use sync_server::photos::PhotoFolder;
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{Account, BulkRecord, Reading, Run, SecretHash, Store, StoreError};

use super::chance::Chance;
use super::world::{Drift, SimulatedWorld, Time};
use crate::trouble::{Doing, Outcome};

/// The county's code: everything lies in it.
pub(super) const COUNTY: &str = "610722";
const CELLS: [&str; 2] = ["610722001001001", "610722001001002"];
const DAY: Millis = 24 * 60 * 60 * 1000;

/// The server and who works with it.
pub(super) struct County {
    pub(super) hub: Arc<CountyHub>,
    pub(super) cells: Vec<CellCode>,
    pub(super) supervisor: Desk,
}

impl County {
    pub(super) fn found(folder: &Path, time: &Time, mut chance: Chance) -> Outcome<Self> {
        let store = SqliteStore::open(&folder.join(hub::DATABASE_FILE)).doing("opening the server's database")?;
        let photos = PhotoFolder::open(&folder.join(hub::PHOTO_FOLDER)).doing("opening the photo folder")?;
        let mut own = [0; 8];
        chance.fill(&mut own);
        let world = SimulatedWorld::new(time, &Drift::default(), Chance::new(u64::from_le_bytes(own), 1));
        let hub = Hub::open(store, photos, Box::new(world)).doing("opening the hub")?;
        let cells: Vec<CellCode> =
            CELLS.iter().map(|cell| CellCode::new(cell)).collect::<Result<_, _>>().doing("naming the cells")?;
        for cell in &cells {
            hub.load(&register(cell, time.now() - DAY, &mut chance)?).doing("loading the register")?;
        }
        let account = account("supervisor", Role::Supervisor, &["610722001001"])?;
        let supervisor = Desk {
            actor: account.actor(),
            display_name: account.display_name.clone(),
            csrf: String::new(),
            session: SecretHash([0; 32]),
        };
        hub.put_account(account, None, &[]).doing("adding the supervisor")?;
        Ok(Self { hub: Arc::new(hub), cells, supervisor })
    }

    /// Gives a worker these cells, and no others from now on.
    pub(super) fn assign(&self, worker: &str, cells: &[CellCode]) -> Outcome {
        self.hub.put_account(account(worker, Role::Worker, &[])?, None, cells).doing("assigning cells")
    }

    /// Enrols a phone of a worker.
    pub(super) fn enrol(&self, worker: &str) -> Outcome<domain::protocol::Enrolment> {
        let worker = AccountId::new(worker).doing("naming a worker")?;
        let code = self.hub.make_enrol_code("admin", &worker, DAY).doing("making a code")?.code;
        let (device_name, app_version) = ("phone".to_owned(), "0".to_owned());
        self.hub.enrol(&EnrolRequest { code, device_name, app_version }).doing("enrolling a phone")
    }

    /// Every record of a cell, by id.
    pub(super) fn records(&self, cell: &CellCode) -> Outcome<Vec<Record>> {
        let found = self.hub.store().read(|reading| {
            let entries = reading.feed_after(cell, None, Run::SERVER)?;
            let ids: Vec<RecordId> = entries.iter().filter(|entry| !entry.gone).map(|entry| entry.record).collect();
            reading.records(&Scope::from(cell), &ids)
        });
        let mut records: Vec<Record> = found.doing("reading a cell")?.into_iter().map(|stored| stored.record).collect();
        records.sort_by_key(|record| record.id);
        Ok(records)
    }

    /// Looks something up in the server's store.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&dyn Reading) -> Result<T, StoreError>) -> Outcome<T> {
        self.hub.store().read(question).doing("reading the server's store")
    }
}

fn account(id: &str, role: Role, scopes: &[&str]) -> Outcome<Account> {
    Ok(Account {
        id: AccountId::new(id).doing("naming an account")?,
        display_name: id.to_owned(),
        role,
        scopes: scopes.iter().map(|scope| Scope::new(scope)).collect::<Result<_, _>>().doing("naming a scope")?,
        password_hash: None,
        closed_at: None,
    })
}

/// A cell's small register: one building, three doors with a household each, five residents.
fn register(cell: &CellCode, at: Millis, chance: &mut Chance) -> Outcome<Vec<BulkRecord>> {
    let mut draw = |kind: Kind, fields: Value| -> Outcome<BulkRecord> {
        let mut bytes = [0; 16];
        chance.fill(&mut bytes);
        let id = RecordId(uuid::Builder::from_random_bytes(bytes).into_uuid());
        let fields: Fields = serde_json::from_value(fields).doing("writing the register")?;
        let stamps = Stamps::all(Stamp::new(at, 0, Node(1)));
        let record = Record { id, kind, cell: cell.clone(), fields, stamps };
        let by = AccountId::new("loader").doing("naming the loader")?;
        Ok(BulkRecord { record, by, at, state: ReviewState::Approved })
    };
    let mut records = vec![draw(Kind::Cell, json!({ "code": cell, "name": "第1网格", "cell_kind": "general" }))?];
    let building =
        draw(Kind::Building, json!({ "name": "1幢", "building_kind": "residential", "units": 1, "floors": 3 }))?;
    for door in 0..3 {
        let room = format!("{}01", door + 1);
        let dwelling = draw(
            Kind::Dwelling,
            json!({ "building": building.record.id, "unit": "1", "floor": door + 1, "room": room, "use": "own" }),
        )?;
        let household = draw(Kind::Household, json!({ "dwelling": dwelling.record.id }))?;
        for name in ["张三", "李四"].iter().take(if door == 2 { 1 } else { 2 }) {
            records.push(draw(Kind::Person, json!({ "household": household.record.id, "name": name, "sex": "1" }))?);
        }
        records.extend([dwelling, household]);
    }
    records.push(building);
    Ok(records)
}
