//! Several workers on one phone: each with a register, a PIN and pauses of their own, and none ever in another's.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use device::api::{Answer, Failure, FailureCode, call_phone};
use device::crypto::KeyCost;
use device::preferences::{Preferences, TypePercent};
use device::{Device, DeviceConfig, DeviceError, Phase, PhoneConfig, SharedPhone};
use domain::order::DeviceOrder;
use domain::protocol::Enrolment;
use domain::{AccountId, Kind, RecordId};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::*;
use crate::phones::*;

const OTHER_PIN: &str = "246801";

/// A phone that may be handed around.
struct Shared {
    phone: SharedPhone,
    clock: Arc<AtomicI64>,
    folder: TempDir,
}

fn open_at(folder: &Path, clock: &Arc<AtomicI64>) -> Result<SharedPhone, DeviceError> {
    let (clock, seed) = (clock.clone(), AtomicU64::new(clock.load(Ordering::SeqCst) as u64 | 1));
    let world = move || -> Box<dyn domain::World> {
        Box::new(TestWorld::new(clock.clone(), seed.fetch_add(1000, Ordering::SeqCst)))
    };
    SharedPhone::open(PhoneConfig { folder: folder.into(), world: Box::new(world), app_version: "1.0".into() })
}

impl Shared {
    /// Nobody's phone.
    fn new() -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(START)));
        Self { phone: open_at(folder.path(), &clock).unwrap(), clock, folder }
    }

    /// Li's and Wang's, in Wang's hands.
    fn of_two() -> Self {
        let shared = Self::new();
        shared.enrol(1, "李芳", PIN);
        shared.ok("add_worker", json!({}));
        shared.enrol(2, "王强", OTHER_PIN);
        shared
    }

    fn enrol(&self, seed: u64, name: &str, pin: &str) {
        let device = self.phone.device();
        device.enrol_at_cost("https://server.example", &named(seed, name), pin, KeyCost::SIMULATION).unwrap();
    }

    /// The app is killed and started again.
    fn restart(&mut self) {
        self.clock.fetch_add(1, Ordering::SeqCst);
        self.phone = open_at(self.folder.path(), &self.clock).unwrap();
    }

    fn call(&self, command: &str, args: Value) -> Result<Value, Failure> {
        match call_phone(&self.phone, command, args, None)? {
            Answer::Json(value) => Ok(value),
            Answer::Bytes { .. } => panic!("{command} answered bytes"),
        }
    }

    fn ok(&self, command: &str, args: Value) -> Value {
        self.call(command, args).unwrap_or_else(|failure| panic!("{command}: {failure:?}"))
    }

    fn refused(&self, command: &str, args: Value) -> FailureCode {
        self.call(command, args).unwrap_err().code
    }

    /// Names and places as the lock screen lists them, and who has the phone.
    fn listed(&self) -> (Vec<(u64, String)>, Option<u64>) {
        let workers = self.ok("workers", json!({}));
        let workers = workers.as_array().unwrap();
        let line = |line: &Value| (line["place"].as_u64().unwrap(), line["display_name"].as_str().unwrap_or("").into());
        let current = workers.iter().find(|line| line["current"] == true).and_then(|line| line["place"].as_u64());
        (workers.iter().map(line).collect(), current)
    }

    fn place(&self, number: u32) -> PathBuf {
        self.folder.path().join("workers").join(number.to_string())
    }
}

fn named(seed: u64, name: &str) -> Enrolment {
    let account = AccountId::new(&format!("worker-{seed}")).unwrap();
    Enrolment { display_name: name.into(), account, ..enrolment(seed) }
}

fn building(device: &Device, name: &str) -> RecordId {
    let fields = serde_json::from_value(json!({"name": name, "building_kind": "farmhouse"})).unwrap();
    device.with_open(|open| open.write(&Kind::Building, None, None, fields)).unwrap()
}

fn holds(device: &Device, id: RecordId) -> bool {
    device.with_open(|open| open.store().get(id)).unwrap().is_some()
}

fn li_and_wang() -> Vec<(u64, String)> {
    vec![(1, "李芳".into()), (2, "王强".into())]
}

#[test]
fn each_worker_has_a_register_and_a_pin_of_their_own() {
    let mut shared = Shared::of_two();
    assert_eq!(shared.listed(), (li_and_wang(), Some(2)));
    let wangs = building(&shared.phone.device(), "王的楼");
    let state = shared.ok("hand_to", json!({"place": 1}));
    assert_eq!((&state["phase"], &state["display_name"]), (&json!("locked"), &json!("李芳")));
    assert_eq!(shared.refused("today", json!({})), FailureCode::Locked, "nothing opens by changing hands");
    assert_eq!(shared.refused("unlock", json!({"pin": OTHER_PIN})), FailureCode::WrongPin, "Wang's PIN is not Li's");
    assert_eq!(shared.ok("unlock", json!({"pin": PIN}))["account"], "worker-1");
    assert!(!holds(&shared.phone.device(), wangs));
    let lis = building(&shared.phone.device(), "李的楼");
    shared.restart();
    assert_eq!(shared.listed(), (li_and_wang(), Some(1)), "the next start begins with who used it last");
    shared.ok("hand_to", json!({"place": 2}));
    shared.ok("unlock", json!({"pin": OTHER_PIN}));
    assert!(holds(&shared.phone.device(), wangs) && !holds(&shared.phone.device(), lis));
}

#[test]
fn what_was_under_way_when_the_phone_changed_hands_stays_out_of_the_next_register() {
    let shared = Shared::of_two();
    let wangs = shared.phone.device();
    shared.ok("hand_to", json!({"place": 1}));
    shared.ok("unlock", json!({"pin": PIN}));
    let draft = wangs.with_open(|open| open.store().save_draft("form", &json!({"name": "迟到"}), START));
    assert!(matches!(draft, Err(DeviceError::Locked)), "the register with which it began is sealed");
    assert_eq!(shared.ok("drafts", json!({})), json!([]));
    assert!(matches!(wangs.round(&Server::new()).ended_by, Some(DeviceError::Locked)), "and so is its round");
}

#[test]
fn wrong_pins_make_only_their_own_worker_wait() {
    let mut shared = Shared::of_two();
    shared.ok("hand_to", json!({"place": 1}));
    for _ in 0..5 {
        shared.refused("unlock", json!({"pin": "000000"}));
    }
    assert_eq!(shared.refused("unlock", json!({"pin": PIN})), FailureCode::TooManyTries);
    assert_eq!(shared.ok("hand_to", json!({"place": 2}))["wait_ms"], Value::Null);
    shared.ok("unlock", json!({"pin": OTHER_PIN}));
    shared.restart();
    assert_eq!(shared.ok("hand_to", json!({"place": 1}))["wait_ms"], 29_999, "changing hands is no way around it");
}

#[test]
fn an_order_of_the_desk_concerns_only_the_worker_whom_it_names() {
    let shared = Shared::of_two();
    let server = Server::new();
    building(&shared.phone.device(), "王的楼");
    server.hub().order(DeviceOrder::Wipe);
    let wang = Server(server.0.clone(), enrolment(2).device);
    shared.phone.device().round(&wang);
    let state = shared.ok("state", json!({}));
    assert_eq!((&state["phase"], &state["ordered"]), (&json!("empty"), &json!("wipe")));
    assert_eq!(shared.listed(), (vec![(1, "李芳".into())], None), "his name is gone with his register");
    assert_eq!(std::fs::read_dir(shared.place(2)).unwrap().count(), 1, "only the note of the order is left");
    shared.ok("hand_to", json!({"place": 1}));
    assert_eq!(shared.ok("unlock", json!({"pin": PIN}))["ordered"], Value::Null);

    server.hub().order(DeviceOrder::Lock);
    shared.phone.device().round(&Server(server.0.clone(), enrolment(1).device));
    assert_eq!(shared.refused("unlock", json!({"pin": PIN})), FailureCode::LockedByDesk);
    // A colleague's register can still come onto the phone, beside the locked one.
    shared.ok("add_worker", json!({}));
    shared.enrol(3, "赵敏", OTHER_PIN);
    assert_eq!(shared.listed(), (vec![(1, "李芳".into()), (3, "赵敏".into())], Some(3)));
    assert_eq!(shared.phone.device().phase(), Phase::Open);
}

#[test]
fn damage_is_set_aside_in_its_own_folder_and_touches_nobody_else() {
    let mut shared = Shared::of_two();
    let wangs = building(&shared.phone.device(), "王的楼");
    shared.phone.device().lock();
    let register = shared.place(1).join("register.db");
    let length = std::fs::metadata(&register).unwrap().len() as usize;
    std::fs::write(&register, vec![1; length]).unwrap();
    shared.restart();
    shared.ok("hand_to", json!({"place": 1}));
    assert_eq!(shared.refused("unlock", json!({"pin": PIN})), FailureCode::RegisterDamaged);
    shared.ok("hand_to", json!({"place": 2}));
    shared.ok("unlock", json!({"pin": OTHER_PIN}));
    assert!(holds(&shared.phone.device(), wangs));
    assert!(shared.place(1).join("register.damaged-1.db").exists());
    assert_eq!(
        std::fs::read_dir(shared.place(2))
            .unwrap()
            .filter(|entry| { entry.as_ref().unwrap().file_name().to_string_lossy().contains("damaged") })
            .count(),
        0
    );
}

#[test]
fn whoever_begins_to_add_a_worker_and_thinks_better_of_it_leaves_nothing_behind() {
    let mut shared = Shared::new();
    shared.enrol(1, "李芳", PIN);
    let large = Preferences { type_percent: TypePercent::Largest, tour_seen: true, ..Preferences::default() };
    shared.ok("set_preferences", serde_json::to_value(large).unwrap());
    let state = shared.ok("add_worker", json!({}));
    assert_eq!((&state["phase"], &state["display_name"]), (&json!("empty"), &Value::Null));
    let looks = shared.ok("preferences", json!({}));
    assert_eq!((&looks["type_percent"], &looks["tour_seen"]), (&json!(200), &json!(false)));
    shared.ok("add_worker", json!({}));
    assert_eq!(shared.listed(), (vec![(1, "李芳".into())], None));
    shared.restart();
    assert_eq!(shared.listed(), (vec![(1, "李芳".into())], Some(1)), "the next start asks for a PIN, not for a code");
    shared.ok("add_worker", json!({}));
    assert!(!shared.place(3).exists(), "an empty place is used again");
}

#[test]
fn the_phone_is_handed_to_nobody_who_is_not_on_it() {
    let shared = Shared::of_two();
    for place in [0, 3, u32::MAX] {
        assert_eq!(shared.refused("hand_to", json!({"place": place})), FailureCode::NotFound, "{place}");
    }
    for args in [json!({}), json!({"place": -1}), json!({"place": "1"}), json!({"place": 1, "pin": PIN})] {
        assert_eq!(shared.refused("hand_to", args), FailureCode::Malformed);
    }
    assert_eq!(shared.phone.device().phase(), Phase::Open, "and a refusal seals nothing");
    shared.ok("hand_to", json!({"place": 2}));
    assert_eq!(shared.phone.device().phase(), Phase::Open, "nor does handing it to who has it");
    let alone = device::api::call(&shared.phone.device(), "workers", json!({}), None);
    assert_eq!(alone.unwrap_err().code, FailureCode::UnknownCommand, "a register alone knows of no others");
}

#[test]
fn outside_the_registers_stands_a_display_name_and_nothing_else_of_anybody() {
    let shared = Shared::of_two();
    building(&shared.phone.device(), "秘密之楼");
    for number in [1, 2] {
        for entry in std::fs::read_dir(shared.place(number)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("worker-") && !text.contains(cell().as_str()) && !text.contains("秘密"), "{path:?}");
        }
    }
    let name = std::fs::read_to_string(shared.place(1).join("worker.json")).unwrap();
    assert_eq!(name, "{\"display_name\":\"李芳\"}");
    std::fs::write(shared.place(1).join("worker.json"), "no json").unwrap();
    shared.ok("hand_to", json!({"place": 1}));
    assert_eq!(shared.listed().0[0], (1, String::new()), "a name that cannot be read is no name");
    shared.ok("unlock", json!({"pin": PIN}));
    assert_eq!(shared.listed().0, li_and_wang(), "and the register knows it again");
}

#[test]
fn only_the_open_register_has_rounds_and_those_of_who_comes_start_by_themselves() {
    let shared = Shared::of_two();
    let running = shared.phone.start_background();
    shared.ok("hand_to", json!({"place": 1}));
    shared.ok("hand_to", json!({"place": 2}));
    shared.ok("hand_to", json!({"place": 1}));
    shared.ok("unlock", json!({"pin": PIN}));
    drop(running);
    assert_eq!(shared.ok("state", json!({}))["account"], "worker-1");
}

/// A phone's folder as an app left it that knew one worker only.
fn older(clock: &Arc<AtomicI64>) -> (TempDir, RecordId) {
    let folder = tempfile::tempdir().unwrap();
    let world = Box::new(TestWorld::new(clock.clone(), 5));
    let config = DeviceConfig { folder: folder.path().into(), world, app_version: "0.9".into() };
    let device = Device::open(config).unwrap();
    device.enrol_at_cost("https://server.example", &named(1, "李芳"), PIN, KeyCost::SIMULATION).unwrap();
    let id = building(&device, "未送之楼");
    Preferences { type_percent: TypePercent::Large, ..Preferences::default() }.store(folder.path()).unwrap();
    device.unlock("000000").unwrap_err();
    // It ends as an app that is killed does: the log still beside the register.
    let beside = tempfile::tempdir().unwrap();
    copy(folder.path(), beside.path());
    std::fs::remove_file(beside.path().join("worker.json")).unwrap();
    std::fs::write(beside.path().join("register.damaged-1.db"), "set aside long ago").unwrap();
    std::fs::write(beside.path().join("webview.settings"), "the window's own").unwrap();
    (beside, id)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

fn moved_whole(folder: &Path, clock: &Arc<AtomicI64>, id: RecordId, how: &str) {
    let phone = open_at(folder, clock).unwrap_or_else(|error| panic!("{how}: {error}"));
    let workers = phone.workers();
    assert_eq!(workers.len(), 1, "{how}");
    assert_eq!((workers[0].place, &workers[0].display_name), (1, &None), "{how}: never opened by this version");
    let device = phone.device();
    device.unlock(PIN).unwrap_or_else(|error| panic!("{how}: {error}"));
    assert!(holds(&device, id), "{how}");
    assert_eq!(device.sync_state().unwrap().waiting_records, 1, "{how}: what was unsent still waits");
    assert_eq!(Preferences::load(device.folder()).type_percent, TypePercent::Large, "{how}");
    assert!(device.folder().join("register.damaged-1.db").exists(), "{how}");
    assert_eq!(phone.workers()[0].display_name.as_deref(), Some("李芳"), "{how}");
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "workers" || name == "webview.settings"), "{how}: {left:?}");
    assert!(!folder.join("workers/moving").exists(), "{how}");
}

#[test]
fn a_register_of_an_older_app_moves_to_its_place_wherever_the_move_is_cut() {
    let clock = Arc::new(AtomicI64::new(START));
    let (left, id) = older(&clock);
    let mut names: Vec<_> = std::fs::read_dir(left.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| name != "webview.settings");
    names.sort();
    assert!(names.len() >= 5, "{names:?}");
    for backwards in [false, true] {
        // Cut before the folders, between any two files, and before the commit.
        for cut in 0..=names.len() + 1 {
            let folder = tempfile::tempdir().unwrap();
            copy(left.path(), folder.path());
            let moving = folder.path().join("workers/moving");
            if cut > 0 {
                std::fs::create_dir_all(&moving).unwrap();
            }
            let moved: Vec<_> = if backwards { names.iter().rev().collect() } else { names.iter().collect() };
            for name in moved.into_iter().take(cut.saturating_sub(1)) {
                std::fs::rename(folder.path().join(name), moving.join(name)).unwrap();
            }
            moved_whole(folder.path(), &clock, id, &format!("cut {cut}, backwards {backwards}"));
        }
    }
}

#[test]
fn a_register_that_an_older_app_made_beside_others_becomes_one_more_worker() {
    let clock = Arc::new(AtomicI64::new(START));
    let (left, id) = older(&clock);
    let shared = Shared::of_two();
    let (folder, _) = (shared.folder.path().to_owned(), shared.phone.device().lock());
    copy(left.path(), &folder);
    let phone = open_at(&folder, &clock).unwrap();
    let names: Vec<_> = phone.workers().into_iter().map(|line| (line.place, line.display_name)).collect();
    assert_eq!(names, [(1, Some("李芳".to_owned())), (2, Some("王强".to_owned())), (3, None)]);
    phone.hand_to(3).unwrap();
    phone.device().unlock(PIN).unwrap();
    assert!(holds(&phone.device(), id));
}

#[test]
fn an_order_that_was_begun_before_the_move_is_finished_after_it() {
    let clock = Arc::new(AtomicI64::new(START));
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("未送");
    server.hub().order(DeviceOrder::Lock);
    phone.round();
    let shared = open_at(phone.path(), &clock).unwrap();
    assert!(matches!(shared.device().unlock(PIN), Err(DeviceError::LockedByDesk)));
    server.hub().order = None;
    let report = shared.device().round(&phone.server);
    assert!(report.ended_by.is_none(), "{report:?}");
    shared.device().unlock(PIN).unwrap();
}

#[test]
fn a_phone_that_several_share_opens_by_no_fingerprint() {
    let shared = Shared::new();
    assert_eq!(shared.phone.biometry_place(), None, "nor does nobody's");
    shared.enrol(1, "李芳", PIN);
    assert_eq!(shared.phone.biometry_place(), Some(1));
    let secret = shared.phone.device().allow_biometry(PIN).unwrap();
    assert_eq!(shared.ok("state", json!({}))["biometry"], true);
    let lis = shared.phone.device();
    shared.ok("add_worker", json!({}));
    assert_eq!(shared.phone.biometry_place(), None);
    shared.enrol(2, "王强", OTHER_PIN);
    assert_eq!(shared.phone.biometry_place(), None);
    assert!(
        matches!(lis.unlock_with_biometry(&secret), Err(DeviceError::NotFound)),
        "from then on it is the PIN alone"
    );
}

#[test]
fn a_place_with_a_damaged_register_that_was_set_aside_is_given_to_nobody_else() {
    let shared = Shared::of_two();
    let lis = shared.place(1);
    std::fs::rename(lis.join("register.db"), lis.join("register.damaged-1.db")).unwrap();
    std::fs::rename(lis.join("register.key"), lis.join("register.damaged-1.db.key")).unwrap();
    shared.ok("add_worker", json!({}));
    shared.enrol(3, "赵敏", PIN);
    assert!(shared.place(3).join("register.db").exists() && !lis.join("register.db").exists());
}
