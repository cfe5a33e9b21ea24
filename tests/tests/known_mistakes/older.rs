//! Registers of older schemas, as `device/tests/fixtures` keeps one of each: with fifty words that wait in it a phone of today brings all
//! of them to a real server.

use std::path::Path;
use std::sync::Arc;

use device::api;
use device::{Device, DeviceConfig};
use domain::protocol::{EnrolRequest, PhotoSize};
use domain::scope::Role;
use domain::world::Millis;
use domain::{AccountId, CellCode, RecordId, Scope, Sha256Hex, World};
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use serde_json::{Value, json};
use sync_server::hub::peer::HubPeer;
use sync_server::hub::{CountyHub, Hub};
use sync_server::photos::PhotoFolder;
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{Account, Store};

use crate::{DAY, HOUR, insist};

/// What the examples were made with.
const PIN: &str = "246810";
const WORKER: &str = "worker";
const CELL: &str = "610722001001001";

/// A clock that stands, and chance that is the same every time.
struct Standing {
    now: Millis,
    chance: u64,
}

impl World for Standing {
    fn now(&mut self) -> Millis {
        self.now
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.chance >> 56) as u8;
        }
    }
}

/// A server that knows nothing but the worker.
fn server(folder: &Path, now: Millis) -> Outcome<Arc<CountyHub>> {
    let store = SqliteStore::open(&folder.join("county.db")).doing("making a database")?;
    let photos = PhotoFolder::open(&folder.join("photos")).doing("making a folder of photos")?;
    let hub = Hub::open(store, photos, Box::new(Standing { now, chance: 1 })).doing("opening the server")?;
    let account = Account {
        id: AccountId::new(WORKER).doing("naming the worker")?,
        display_name: "演示网格员".to_owned(),
        role: Role::Worker,
        scopes: Vec::new(),
        password_hash: None,
        closed_at: None,
        department: None,
    };
    let cell = CellCode::new(CELL).doing("naming the cell")?;
    hub.put_account(account, None, &[cell]).doing("adding the worker")?;
    Ok(Arc::new(hub))
}

/// The phone of an example, with the program of today: it opens its register and is signed in again.
fn phone(example: &Path, folder: &Path, hub: &Arc<CountyHub>, now: Millis) -> Outcome<(Device, HubPeer<SqliteStore>)> {
    std::fs::create_dir_all(folder).doing("making the phone's folder")?;
    for file in ["register.db", "register.key", "device.secret"] {
        std::fs::copy(example.join(file), folder.join(file)).doing("copying an example")?;
    }
    let world = Box::new(Standing { now, chance: 2 });
    let config = DeviceConfig { folder: folder.to_owned(), world, app_version: "0".to_owned() };
    let device = Device::open(config).doing("opening the phone")?;
    device.unlock(PIN).doing("opening an older register")?;
    let worker = AccountId::new(WORKER).doing("naming the worker")?;
    let code = hub.make_enrol_code("test", &worker, HOUR).doing("making a code")?.code;
    let request = EnrolRequest { code, device_name: "phone".to_owned(), app_version: "0".to_owned() };
    let enrolment = hub.enrol(&request).doing("enrolling")?;
    device.enrol_again("http://127.0.0.1:9", &enrolment).doing("signing in again")?;
    Ok((device, HubPeer::new(Arc::clone(hub), enrolment.tokens.access)))
}

/// The record of a word that waited, and its fields.
fn waited(word: &Value) -> Outcome<(RecordId, &serde_json::Map<String, Value>)> {
    match (word[0].as_str().and_then(|id| id.parse().ok()), word[2].as_object()) {
        (Some(id), Some(fields)) => Ok((id, fields)),
        _ => trouble("An example does not say what waits in it."),
    }
}

/// Everything that waited in one register reaches the server.
fn all_arrives(example: &Path) -> Outcome {
    let said = std::fs::read_to_string(example.join("expected.json")).doing("reading an example")?;
    let expected: Value = serde_json::from_str(&said).doing("reading an example")?;
    let now = expected["last_used"].as_i64().unwrap_or_default() + 90 * DAY;
    let folder = doorstep_tests::simulation::folder()?;
    let hub = server(folder.path(), now)?;
    let (device, peer) = phone(example, &folder.path().join("phone"), &hub, now)?;
    let words = expected["unsent"].as_array().cloned().unwrap_or_default();
    let waiting = || device.sync_state().map(|state| state.waiting_records).doing("asking the phone");
    insist(waiting()? == words.len() as i64, "Something that waited went with the older schema.")?;
    let Some(household) = words.iter().find(|word| word[1] == "household") else { return trouble("No household.") };
    for number in words.len()..50 {
        let visit = json!({ "target": household[0], "target_kind": "household", "result": "met",
            "note": format!("{number}") });
        insist(api::call(&device, "record_visit", visit, None).is_ok(), "A visit was not saved.")?;
    }
    insist(waiting()? == 50, "There are not fifty that wait.")?;
    for _ in 0..3 {
        let report = device.round(&peer);
        insist(report.ended_by.is_none(), &format!("{report:?}"))?;
    }
    let scope = Scope::new(CELL).doing("naming the cell")?;
    for word in &words {
        let (id, fields) = waited(word)?;
        let stored = hub.store().read(|reading| reading.record(&scope, id)).doing("reading the server")?;
        let there = stored
            .is_some_and(|stored| fields.iter().all(|(field, value)| stored.record.fields.get(field) == Some(value)));
        insist(there, &format!("{word} did not arrive."))?;
    }
    let state = device.sync_state().doing("asking the phone")?;
    let left = (state.waiting_records, state.waiting_photos, state.refused);
    insist(left == (0, 0, 1), &format!("{left:?}: one word was refused long ago, and nothing else should be left."))?;
    let photo = Sha256Hex::new(expected["photo"].as_str().unwrap_or_default()).doing("reading an example")?;
    insist(hub.photos().read(&photo, PhotoSize::Full).is_ok(), "The photo did not arrive.")
}

#[test]
fn fifty_words_that_wait_in_a_register_of_any_older_schema_all_arrive() -> Outcome {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../device/tests/fixtures");
    let mut tried = 0;
    for entry in std::fs::read_dir(&examples).doing("looking for examples")?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("register_") {
            all_arrives(&entry.path()).map_err(|trouble| doorstep_tests::Trouble(format!("{name}: {}", trouble.0)))?;
            tried += 1;
        }
    }
    insist(tried >= 8, &format!("Only {tried} older registers were found."))
}
