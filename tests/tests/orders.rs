//! The real phone and the real hub, in one process: what a phone that was shut out, locked, wiped or told of an erasure has, and
//! what the county has of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::Path;
use std::sync::Arc;

use device::crypto::KeyCost;
use device::edge::SystemWorld;
use device::{Device, DeviceConfig, DeviceError, Phase, RoundReport, SyncPhase};
use domain::order::DeviceOrder;
use domain::protocol::{CallError, EnrolRequest, PhotoSize};
use domain::scope::Role;
use domain::{AccountId, CellCode, DeviceId, Kind, RecordId, Scope, Sha256Hex};
use serde_json::{Value, json};
use sync_server::hub::county::renew_epoch;
use sync_server::hub::desk::Desk;
use sync_server::hub::erasure::ERASURE_LOG;
use sync_server::hub::peer::HubPeer;
use sync_server::hub::{CountyHub, DATABASE_FILE, open_folder};
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{Account, Store as _, TakenIn};
use tempfile::TempDir;

const PIN: &str = "246810";
const PASSWORD: &str = "a long enough password";

struct County {
    hub: Arc<CountyHub>,
    boss: Desk,
    folder: TempDir,
}

impl County {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = Arc::new(open_folder(folder.path()).unwrap());
        let account = |name: &str, role, scope: &[&str]| Account {
            id: AccountId::new(name).unwrap(),
            display_name: name.to_owned(),
            role,
            scopes: scope.iter().map(|code| Scope::new(code).unwrap()).collect(),
            password_hash: None,
            closed_at: None,
            department: None,
        };
        hub.put_account(account("boss", Role::Supervisor, &["610722001001"]), Some(PASSWORD), &[]).unwrap();
        let cell = CellCode::new("610722001001001").unwrap();
        hub.put_account(account("worker-a", Role::Worker, &[]), None, &[cell]).unwrap();
        let boss = hub.sign_in("boss", PASSWORD).unwrap().desk;
        Self { hub, boss, folder }
    }

    fn phone(&self) -> Phone {
        let code = self.hub.make_enrol_code("test", &AccountId::new("worker-a").unwrap(), 60_000).unwrap().code;
        let request = EnrolRequest { code, device_name: "phone".into(), app_version: "0".into() };
        let enrolment = self.hub.enrol(&request).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let device = start(folder.path());
        device.enrol_at_cost("https://server.example", &enrolment, PIN, KeyCost::SIMULATION).unwrap();
        Phone { device, id: enrolment.device, access: enrolment.tokens.access, hub: Arc::clone(&self.hub), folder }
    }

    fn has(&self, id: RecordId) -> bool {
        let county = Scope::new("610722").unwrap();
        self.hub.store().read(|reading| reading.record(&county, id)).unwrap().is_some()
    }

    fn take_in(&self, phone: &Phone) -> TakenIn {
        self.hub.take_in(&self.boss.actor, phone.id).unwrap()
    }
}

struct Phone {
    device: Device,
    id: DeviceId,
    access: String,
    hub: Arc<CountyHub>,
    folder: TempDir,
}

fn start(folder: &Path) -> Device {
    let world = Box::new(SystemWorld);
    Device::open(DeviceConfig { folder: folder.to_owned(), world, app_version: "0".into() }).unwrap()
}

impl Phone {
    fn round(&self) -> RoundReport {
        self.device.round(&HubPeer::new(Arc::clone(&self.hub), self.access.clone()))
    }

    fn sync(&self) {
        let report = self.round();
        assert!(report.ended_by.is_none(), "{report:?}");
    }

    fn restart(&mut self) {
        self.device = start(self.folder.path());
    }

    fn write(&self, kind: Kind, id: Option<RecordId>, fields: Value) -> RecordId {
        let fields = serde_json::from_value(fields).unwrap();
        self.device.with_open(|open| open.write(&kind, id, None, fields)).unwrap()
    }

    fn building(&self, name: &str) -> RecordId {
        self.write(Kind::Building, None, json!({"name": name, "building_kind": "farmhouse"}))
    }

    /// A household with one person in it.
    fn home(&self) -> (RecordId, RecordId) {
        let dwelling = self.write(Kind::Dwelling, None, json!({"use": "own", "group": "2组", "house_number": "18号"}));
        let household = self.write(Kind::Household, None, json!({"dwelling": dwelling}));
        let person = self.write(Kind::Person, None, json!({"household": household, "name": "张三"}));
        self.write(Kind::Household, Some(household), json!({"head": person}));
        (household, person)
    }

    fn photo(&self, subject: RecordId) -> Sha256Hex {
        let picture = image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8, y as u8, 9]));
        let mut jpeg = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 80).encode_image(&picture).unwrap();
        let taken = self.device.with_open::<_, DeviceError>(|open| {
            let fields = json!({"subject": subject, "subject_kind": "household", "width": 64, "height": 48,
                "bytes": jpeg.len(), "taken_at": open.now(), "photo_kind": "scene", "by": "worker-a"});
            open.write_photo(None, (&jpeg, &jpeg), serde_json::from_value(fields)?)
        });
        let photo = self.get(taken.unwrap()).unwrap();
        Sha256Hex::new(photo.text("sha256").unwrap()).unwrap()
    }

    fn get(&self, id: RecordId) -> Option<domain::Record> {
        self.device.with_open(|open| open.store().get(id)).unwrap()
    }
}

#[test]
fn the_work_of_a_revoked_phone_reaches_the_county_by_one_click_and_stays_on_the_phone() {
    let county = County::new();
    let phone = county.phone();
    let (household, person) = phone.home();
    phone.sync();
    let buildings: Vec<RecordId> = (0..49).map(|number| phone.building(&format!("{number}号楼"))).collect();
    phone.write(Kind::Person, Some(person), json!({"phone": "13800000000"}));
    let photo = phone.photo(household);
    county.hub.revoke_device("boss", phone.id).unwrap();
    assert!(matches!(phone.round().ended_by, Some(DeviceError::Call(CallError::Revoked))));
    let line = county.hub.devices_for(&county.boss.actor).unwrap().remove(0);
    assert_eq!(line.hand_ins.iter().map(|piece| (piece.changes, piece.photos)).collect::<Vec<_>>(), [(51, 0), (0, 1)]);
    assert!(buildings.iter().all(|id| !county.has(*id)), "nothing is read before somebody takes it in");
    assert_eq!(county.take_in(&phone), TakenIn { accepted: 51, refused: 0, photos: 1 });
    assert!(buildings.iter().all(|id| county.has(*id)));
    assert!(county.hub.photo_for(&county.boss.actor, &photo, PhotoSize::Full).is_ok());
    assert_eq!(phone.device.sync_state().unwrap().phase, SyncPhase::Revoked);
    assert_eq!(phone.get(buildings[7]).unwrap().text("name"), Some("7号楼"));
}

#[test]
fn a_lock_and_its_lifting_lose_nothing() {
    let county = County::new();
    let mut phone = county.phone();
    let building = phone.building("一号楼");
    county.hub.order_device(&county.boss.actor, phone.id, DeviceOrder::Lock).unwrap();
    assert!(matches!(phone.round().ended_by, Some(DeviceError::LockedByDesk)));
    phone.restart();
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::LockedByDesk)));
    assert!(matches!(phone.round().ended_by, Some(DeviceError::LockedByDesk)));
    let order = county.hub.devices_for(&county.boss.actor).unwrap().remove(0).device.order.unwrap();
    assert!(order.reported_at.is_some());
    county.hub.lift_order(&county.boss.actor, phone.id).unwrap();
    phone.sync();
    phone.device.unlock(PIN).unwrap();
    phone.sync();
    assert!(county.has(building));
    // What was handed in while it was locked is the same change: taking it in as well does nothing twice.
    assert_eq!(county.take_in(&phone).accepted, 1);
}

#[test]
fn what_a_wiped_phone_had_is_in_the_county_and_nowhere_else() {
    let county = County::new();
    let phone = county.phone();
    let (household, person) = phone.home();
    let photo = phone.photo(household);
    county.hub.order_device(&county.boss.actor, phone.id, DeviceOrder::Wipe).unwrap();
    phone.sync();
    assert_eq!((phone.device.phase(), phone.device.ordered()), (Phase::Empty, Some(DeviceOrder::Wipe)));
    assert_eq!(std::fs::read_dir(phone.folder.path()).unwrap().count(), 1, "the note alone");
    assert_eq!(county.take_in(&phone), TakenIn { accepted: 4, refused: 0, photos: 1 });
    assert!(county.has(household) && county.has(person));
    assert!(county.hub.photo_for(&county.boss.actor, &photo, PhotoSize::Full).is_ok());
    let line = county.hub.devices_for(&county.boss.actor).unwrap().remove(0);
    assert!(line.device.revoked_at.is_some() && line.device.order.unwrap().reported_at.is_some());
}

#[test]
fn an_erasure_reaches_every_phone_even_with_an_edit_on_its_way_and_survives_a_restore() {
    let county = County::new();
    let (phone, other) = (county.phone(), county.phone());
    let (household, person) = phone.home();
    phone.sync();
    other.sync();
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    // The other phone writes about the person while it is erased.
    other.write(Kind::Person, Some(person), json!({"phone": "13911112222"}));
    county.hub.erase(&county.boss.actor, person).unwrap();
    for phone in [&phone, &other] {
        phone.sync();
        assert!(phone.get(person).is_none());
        assert_eq!(phone.get(household).unwrap().fields.get("head"), Some(&Value::Null));
        let state = phone.device.sync_state().unwrap();
        assert_eq!((state.refused, state.waiting_records), (0, 0), "and no words about it are kept");
    }
    // The backup takes the place of the database, as `sync-server restore` does it; a phone then offers everything it holds.
    let folder = {
        let arriving = county.folder.path().join("arriving.db");
        std::fs::copy(&backup, &arriving).unwrap();
        let store = SqliteStore::open(&arriving).unwrap();
        renew_epoch(&store, &mut SystemWorld).unwrap();
        drop(store);
        let after = tempfile::tempdir().unwrap();
        std::fs::rename(&arriving, after.path().join(DATABASE_FILE)).unwrap();
        std::fs::copy(county.folder.path().join(ERASURE_LOG), after.path().join(ERASURE_LOG)).unwrap();
        after
    };
    let restored = Arc::new(open_folder(folder.path()).unwrap());
    let found = restored.store().read(|reading| reading.record(&Scope::new("610722").unwrap(), person)).unwrap();
    assert!(found.is_none(), "the backup does not bring the person back");
    for phone in [&phone, &other] {
        let report = phone.device.round(&HubPeer::new(Arc::clone(&restored), phone.access.clone()));
        assert!(report.ended_by.is_none(), "{report:?}");
        assert!(phone.get(person).is_none() && phone.get(household).is_some());
    }
}
