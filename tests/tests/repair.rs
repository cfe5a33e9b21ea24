//! Repairs against the real hub: a register that was changed behind the app's back becomes the server's again within one round,
//! the server writes down that it was doubted, and what the phone alone had is not lost.

use std::path::Path;
use std::sync::Arc;

use device::api::{self, Answer};
use device::crypto::KeyCost;
use device::edge::SystemWorld;
use device::{Device, DeviceConfig, DeviceError, RoundReport};
use domain::protocol::{CellState, EnrolRequest};
use domain::scope::Role;
use domain::{AccountId, CellCode, Digest, Fields, Kind, Record, RecordId, Scope, World};
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use serde_json::{Value, json};
use sync_server::hub::peer::HubPeer;
use sync_server::hub::{CountyHub, open_folder};
use sync_server::store::{Account, Store};

const CELL: &str = "610722001001001";

/// A server, a worker's phone, and a household with a resident in it, on both sides.
struct Street {
    hub: Arc<CountyHub>,
    cell: CellCode,
    device: Device,
    peer: HubPeer<sync_server::store::sqlite::SqliteStore>,
    ids: Vec<RecordId>,
}

impl Street {
    fn found(folder: &Path) -> Outcome<Self> {
        let hub = Arc::new(open_folder(&folder.join("server")).doing("opening the server's folder")?);
        let cell = CellCode::new(CELL).doing("naming the cell")?;
        let account = account(Role::Worker)?;
        let worker = account.id.clone();
        hub.put_account(account, None, std::slice::from_ref(&cell)).doing("adding the worker")?;
        let code = hub.make_enrol_code("test", &worker, 60_000).doing("making a code")?.code;
        let request = EnrolRequest { code, device_name: "phone".to_owned(), app_version: "0".to_owned() };
        let enrolment = hub.enrol(&request).doing("enrolling")?;
        let peer = HubPeer::new(Arc::clone(&hub), enrolment.tokens.access.clone());
        let config =
            DeviceConfig { folder: folder.join("phone"), world: Box::new(SystemWorld), app_version: "0".to_owned() };
        let device = Device::open(config).doing("opening the phone")?;
        device.enrol_at_cost("http://127.0.0.1:9", &enrolment, "135790", KeyCost::SIMULATION).doing("enrolling")?;
        let mut street = Self { hub, cell, device, peer, ids: Vec::new() };
        let dwelling = street.save(Kind::Dwelling, json!({ "use": "own", "group": "2组", "house_number": "18号" }))?;
        let household = street.save(Kind::Household, json!({ "dwelling": dwelling }))?;
        street.save(Kind::Person, json!({ "household": household, "name": "张三" }))?;
        street.save(Kind::Incident, json!({ "category": "0601", "severity": 3, "title": "井盖破损" }))?;
        street.sync()?;
        street.agrees()?;
        Ok(street)
    }

    fn call(&self, command: &str, args: Value) -> Outcome<Value> {
        match api::call(&self.device, command, args, None) {
            Ok(Answer::Json(value)) => Ok(value),
            other => trouble(format!("{command}: {other:?}")),
        }
    }

    fn save(&mut self, kind: Kind, fields: Value) -> Outcome<RecordId> {
        let saved = self.call("save", json!({ "kind": kind, "id": null, "cell": null, "fields": fields }))?;
        let id = saved["id"].as_str().unwrap_or_default().parse().doing("reading an id")?;
        self.ids.push(id);
        Ok(id)
    }

    fn sync(&self) -> Outcome<RoundReport> {
        let report = self.device.round(&self.peer);
        if report.ended_by.is_some() { trouble(format!("{report:?}")) } else { Ok(report) }
    }

    fn tamper(&self, sql: &str) -> Outcome {
        let run = |open: &mut device::Open| Ok::<_, DeviceError>(open.store().connection().execute_batch(sql)?);
        self.device.with_open(run).doing("tampering")
    }

    fn there(&self, id: RecordId) -> Outcome<Option<Record>> {
        let scope = Scope::from(&self.cell);
        let found = self.hub.store().read(|reading| reading.record(&scope, id)).doing("reading the server")?;
        Ok(found.map(|stored| stored.record))
    }

    fn state(&self) -> Outcome<CellState> {
        self.hub.store().read(|reading| reading.cell_state(&self.cell)).doing("reading the server")
    }

    /// Phone and server hold the same, and the phone says so.
    fn agrees(&self) -> Outcome {
        let read = |open: &mut device::Open| open.store().records("gone = 0", ());
        let held = self.device.with_open(read).doing("reading the phone")?;
        let state = self.state()?;
        assert_eq!((held.len() as u64, held.iter().collect::<Digest>()), (state.records, state.digest));
        let receipt = self.call("receipt", json!({}))?;
        assert_eq!((&receipt["phase"], &receipt["verified"]), (&json!("safe"), &json!(true)), "{receipt}");
        Ok(())
    }

    /// The office makes something else of the account.
    fn make(&self, role: Role) -> Outcome {
        let cells = std::slice::from_ref(&self.cell);
        self.hub.put_account(account(role)?, None, cells).doing("changing the account")
    }

    fn doubts(&self) -> Outcome<usize> {
        let audit = self.hub.store().read(|reading| reading.audit(100)).doing("reading the log")?;
        Ok(audit.iter().filter(|entry| entry.action == "doubted" && entry.subject == CELL).count())
    }
}

/// Whoever carries the phone.
fn account(role: Role) -> Outcome<Account> {
    Ok(Account {
        id: AccountId::new("worker-1").doing("naming the worker")?,
        display_name: "测试网格员".to_owned(),
        role,
        scopes: Vec::new(),
        password_hash: None,
        closed_at: None,
        department: None,
    })
}

fn folder() -> Outcome<tempfile::TempDir> {
    tempfile::tempdir().doing("making a folder")
}

#[test]
fn rows_that_are_missing_or_outdated_come_back_from_the_hub() -> Outcome {
    let folder = folder()?;
    let street = Street::found(folder.path())?;
    assert_eq!(street.doubts()?, 0);
    let zero = "0".repeat(32);
    street.tamper(&format!(
        "DELETE FROM record WHERE kind = 'incident';
         UPDATE record SET v1 = 5, body = json_set(body, '$.fields.name', '李四', '$.stamp', '{zero}') WHERE kind = 'person'"
    ))?;
    let report = street.sync()?;
    assert_eq!((report.differing, report.refused), (1, 0));
    street.agrees()?;
    assert_eq!(street.doubts()?, 1, "the server wrote it down");
    let person = street.there(street.ids[2])?;
    assert_eq!(person.as_ref().and_then(|person| person.text("name")), Some("张三"));
    assert_eq!(street.sync()?.differing, 0);
    Ok(())
}

#[test]
fn a_record_that_the_phone_alone_has_is_taken_and_one_that_the_rules_forbid_goes() -> Outcome {
    let folder = folder()?;
    let street = Street::found(folder.path())?;
    let [good, bad]: [RecordId; 2] = std::array::from_fn(|_| SystemWorld.record_id());
    street.tamper(&format!(
        "INSERT INTO record (id, kind, cell, body, v1) SELECT '{good}', kind, cell, body, 1 FROM record WHERE kind = 'dwelling';
         INSERT INTO record (id, kind, cell, body, v1)
            SELECT '{bad}', kind, cell, json_remove(body, '$.fields.name'), 2 FROM record WHERE kind = 'person'"
    ))?;
    let report = street.sync()?;
    assert_eq!((report.differing, report.accepted, report.refused), (1, 1, 1));
    street.agrees()?;
    assert!(street.there(good)?.is_some() && street.there(bad)?.is_none());
    // Nobody can say whether it was the last copy: its words are kept for the worker to look at.
    let refused = street.call("refused", json!({}))?;
    assert_eq!(refused.as_array().map(Vec::len), Some(1), "{refused}");
    Ok(())
}

#[test]
fn what_was_moved_away_unnoticed_goes_and_later_words_still_arrive() -> Outcome {
    let folder = folder()?;
    let mut street = Street::found(folder.path())?;
    let other = CellCode::new("610722001001002").doing("naming a cell")?;
    let account = Account {
        id: AccountId::new("boss-1").doing("naming an account")?,
        display_name: "测试网格长".to_owned(),
        role: Role::Supervisor,
        scopes: vec![Scope::new("610722001001").doing("naming a village")?],
        password_hash: None,
        closed_at: None,
        department: None,
    };
    let change = sync_server::hub::reviews::DeskChange {
        id: street.ids[3],
        kind: Kind::Incident,
        cell: street.cell.clone(),
        fields: Fields::from([("cell".to_owned(), json!(other))]),
    };
    street.hub.write_as_desk(&account.actor(), change).doing("moving an incident")?;
    street.tamper(&format!("UPDATE cursor SET upto = {}", street.state()?.upto))?;
    assert_eq!(street.sync()?.differing, 1);
    assert_eq!(street.call("incidents", json!({}))?, json!([]));
    street.agrees()?;
    let visit = json!({ "target": street.ids[1], "target_kind": "household", "result": "met" });
    street.call("record_visit", visit)?;
    street.save(Kind::Person, json!({ "household": street.ids[1], "name": "王五" }))?;
    assert_eq!(street.sync()?.accepted, 2);
    street.agrees()
}

#[test]
fn whoever_was_an_informant_for_a_while_has_the_whole_cell_again_and_no_cell_is_doubted() -> Outcome {
    let folder = folder()?;
    let street = Street::found(folder.path())?;
    // A cell that takes many pages: behind the first one a run is not sent what it wrote itself.
    street.hub.cut_pages_at(1);
    let visit = json!({ "target": street.ids[1], "target_kind": "household", "result": "met" });
    street.call("record_visit", visit)?;
    street.sync()?;
    let count = || street.device.with_open(|open: &mut device::Open| open.store().records("gone = 0", ()));
    let whole = count().doing("reading the phone")?.len();
    street.make(Role::Informant)?;
    street.sync()?;
    assert_eq!(count().doing("reading the phone")?.len(), whole - 1, "the visit is not theirs to see");
    street.make(Role::Worker)?;
    assert_eq!(street.sync()?.differing, 0);
    street.agrees()?;
    assert_eq!(street.doubts()?, 0);
    Ok(())
}
