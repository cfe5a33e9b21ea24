//! An evacuation that is handed from phone to phone without a server, and what the server has when both meet it: everything, once.

use std::path::Path;
use std::sync::Arc;

use device::api::{self, Answer};
use device::crypto::KeyCost;
use device::edge::SystemWorld;
use device::{Device, DeviceConfig};
use domain::protocol::EnrolRequest;
use domain::scope::Role;
use domain::{AccountId, CellCode, Digest, Kind, RecordId, Scope};
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use serde_json::{Value, json};
use sync_server::hub::peer::HubPeer;
use sync_server::hub::{CountyHub, open_folder};
use sync_server::store::{Account, Store};

const CELL: &str = "610722001001001";
const VILLAGE: &str = "610722001001";

struct Phone {
    device: Device,
    peer: HubPeer<sync_server::store::sqlite::SqliteStore>,
}

impl Phone {
    fn enrol(folder: &Path, hub: &Arc<CountyHub>, name: &str, role: Role) -> Outcome<Self> {
        let cell = CellCode::new(CELL).doing("naming the cell")?;
        let id = AccountId::new(name).doing("naming an account")?;
        let scopes = match role {
            Role::Supervisor => vec![Scope::new(VILLAGE).doing("naming a village")?],
            _ => Vec::new(),
        };
        let account = Account {
            id: id.clone(),
            display_name: "测试".to_owned(),
            role,
            scopes,
            password_hash: None,
            closed_at: None,
            department: None,
        };
        hub.put_account(account, None, std::slice::from_ref(&cell)).doing("adding an account")?;
        let code = hub.make_enrol_code("test", &id, 60_000).doing("making a code")?.code;
        let request = EnrolRequest { code, device_name: name.to_owned(), app_version: "0".to_owned() };
        let enrolment = hub.enrol(&request).doing("enrolling")?;
        let peer = HubPeer::new(Arc::clone(hub), enrolment.tokens.access.clone());
        let config =
            DeviceConfig { folder: folder.join(name), world: Box::new(SystemWorld), app_version: "0".to_owned() };
        let device = Device::open(config).doing("opening a phone")?;
        device.enrol_at_cost("http://127.0.0.1:9", &enrolment, "135790", KeyCost::SIMULATION).doing("enrolling")?;
        Ok(Self { device, peer })
    }

    fn call(&self, command: &str, args: Value) -> Outcome<Value> {
        match api::call(&self.device, command, args, None) {
            Ok(Answer::Json(value)) => Ok(value),
            other => trouble(format!("{command}: {other:?}")),
        }
    }

    fn save(&self, kind: &str, fields: Value) -> Outcome<String> {
        let saved = self.call("save", json!({ "kind": kind, "fields": fields }))?;
        Ok(saved["id"].as_str().unwrap_or_default().to_owned())
    }

    fn sync(&self) -> Outcome {
        let report = self.device.round(&self.peer);
        if report.ended_by.is_some() || report.refused > 0 { trouble(format!("{report:?}")) } else { Ok(()) }
    }

    fn mark(&self, evacuation: &str, person: &str, mark: &str) -> Outcome {
        self.call("mark_people", json!({ "evacuation": evacuation, "people": [person], "mark": mark }))?;
        Ok(())
    }

    fn totals(&self, evacuation: &str) -> Outcome<Value> {
        Ok(self.call("evacuation", json!({ "id": evacuation }))?["line"]["totals"].clone())
    }

    /// Shows the codes; the other phone films them.
    fn hand_to(&self, other: &Phone, evacuation: &str) -> Outcome<Value> {
        let shown = self.call("handover_frames", json!({ "id": evacuation }))?["frames"].clone();
        for frame in shown.as_array().into_iter().flatten() {
            let heard = other.call("take_frame", json!({ "text": frame }))?;
            if !heard["taken"].is_null() {
                return Ok(heard["taken"].clone());
            }
        }
        trouble("the list did not come over")
    }

    fn rows(&self, sql: &str) -> Outcome<i64> {
        let count = |open: &mut device::Open| {
            Ok::<i64, device::DeviceError>(open.store().connection().query_row(sql, [], |row| row.get(0))?)
        };
        self.device.with_open(count).doing("counting")
    }

    fn holds(&self, name: &str) -> Outcome<bool> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM record WHERE instr(body, '{name}') > 0)
                + (SELECT count(*) FROM received WHERE instr(body, '{name}') > 0)"
        );
        Ok(self.rows(&sql)? > 0)
    }

    /// Phone and server hold the same, and the phone says so.
    fn agrees(&self, hub: &CountyHub) -> Outcome {
        let cell = CellCode::new(CELL).doing("naming the cell")?;
        let read = |open: &mut device::Open| open.store().records("gone = 0", ());
        let held = self.device.with_open(read).doing("reading the phone")?;
        let state = hub.store().read(|reading| reading.cell_state(&cell)).doing("reading the server")?;
        assert_eq!((held.len() as u64, held.iter().collect::<Digest>()), (state.records, state.digest));
        let receipt = self.call("receipt", json!({}))?;
        assert_eq!((&receipt["phase"], &receipt["verified"]), (&json!("safe"), &json!(true)), "{receipt}");
        Ok(())
    }
}

struct Valley {
    hub: Arc<CountyHub>,
    boss: Phone,
    worker: Phone,
    people: Vec<String>,
    evacuation: String,
    _folder: tempfile::TempDir,
}

/// Both phones have the register; then there is no server any more, and the supervisor orders an evacuation.
fn valley() -> Outcome<Valley> {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let hub = Arc::new(open_folder(&folder.path().join("server")).doing("opening the server's folder")?);
    let boss = Phone::enrol(folder.path(), &hub, "boss-1", Role::Supervisor)?;
    let worker = Phone::enrol(folder.path(), &hub, "worker-1", Role::Worker)?;
    let dwelling = worker.save("dwelling", json!({ "use": "own", "group": "2组", "house_number": "18号" }))?;
    let household = worker.save("household", json!({ "dwelling": dwelling }))?;
    let mut people = Vec::new();
    for name in ["欧阳静夜思", "李四", "王五"] {
        people.push(worker.save("person", json!({ "household": household, "name": name }))?);
    }
    worker.sync()?;
    boss.sync()?;
    let point = boss.save("hazard_point", json!({ "name": "后坡", "hazard_kind": "landslide" }))?;
    boss.call("threaten", json!({ "hazard_point": point, "household": household }))?;
    let order = json!({ "points": [point], "reason": "强降雨", "level": "red", "drill": false });
    let evacuation = boss.call("order_evacuation", order)?["ids"][0].as_str().unwrap_or_default().to_owned();
    Ok(Valley { hub, boss, worker, people, evacuation, _folder: folder })
}

impl Valley {
    /// The list goes over, both mark, and the marks go back.
    fn exchange(&self) -> Outcome {
        let Self { boss, worker, people, evacuation, .. } = self;
        boss.mark(evacuation, &people[0], "moved_shelter")?;
        boss.hand_to(worker, evacuation)?;
        worker.mark(evacuation, &people[0], "returned")?;
        worker.mark(evacuation, &people[1], "away")?;
        worker.hand_to(boss, evacuation)?;
        assert_eq!(boss.totals(evacuation)?, worker.totals(evacuation)?);
        let totals = boss.totals(evacuation)?;
        assert_eq!((&totals["due"], &totals["away"], &totals["returned"]), (&json!(3), &json!(1), &json!(1)));
        Ok(())
    }

    fn on_server(&self, kind: &str) -> Outcome<usize> {
        let id: RecordId = self.evacuation.parse().doing("reading an id")?;
        let county = Scope::new("610722").doing("naming the county")?;
        let kind = Kind::from_name(kind);
        let found =
            self.hub.store().read(|reading| reading.referring(&county, id, &kind)).doing("reading the server")?;
        Ok(found.len())
    }
}

#[test]
fn two_phones_that_exchanged_without_a_server_bring_everything_once_whoever_comes_first() -> Outcome {
    for worker_first in [true, false] {
        let valley = valley()?;
        valley.exchange()?;
        let Valley { hub, boss, worker, evacuation, .. } = &valley;
        if worker_first {
            // The order is not there yet: the marks wait, and nothing is given up.
            worker.sync()?;
            assert_eq!(valley.on_server("roll_call")?, 0);
            assert_eq!(worker.call("refused", json!({}))?, json!([]));
        }
        boss.sync()?;
        worker.sync()?;
        boss.sync()?;
        assert_eq!(valley.on_server("roll_call")?, 3, "each mark once");
        for phone in [boss, worker] {
            assert_eq!(phone.rows("SELECT count(*) FROM received")?, 0, "all of it is in the register now");
            assert_eq!(phone.rows("SELECT count(*) FROM record WHERE kind = 'roll_call'")?, 3);
            phone.agrees(hub)?;
        }
        assert_eq!(boss.totals(evacuation)?, worker.totals(evacuation)?);
    }
    Ok(())
}

#[test]
fn who_was_erased_vanishes_from_both_phones_and_does_not_come_back_by_a_handover() -> Outcome {
    let valley = valley()?;
    valley.exchange()?;
    let Valley { hub, boss, worker, people, evacuation, .. } = &valley;
    boss.sync()?;
    worker.sync()?;
    let actor = domain::scope::Actor {
        account: AccountId::new("boss-1").doing("naming an account")?,
        role: Role::Supervisor,
        scopes: vec![Scope::new(VILLAGE).doing("naming a village")?],
        department: None,
    };
    hub.erase(&actor, people[0].parse().doing("reading an id")?).doing("erasing")?;
    // The worker hears of it first; the supervisor's phone has not, and hands the old list over.
    worker.sync()?;
    assert!(!worker.holds("欧阳静夜思")? && boss.holds("欧阳静夜思")?);
    boss.hand_to(worker, evacuation)?;
    assert!(!worker.holds("欧阳静夜思")?, "it does not come back");
    boss.sync()?;
    worker.sync()?;
    assert!(!boss.holds("欧阳静夜思")?);
    for phone in [boss, worker] {
        let totals = phone.totals(evacuation)?;
        assert_eq!((&totals["due"], &totals["away"]), (&json!(2), &json!(1)));
        phone.agrees(hub)?;
    }
    Ok(())
}
