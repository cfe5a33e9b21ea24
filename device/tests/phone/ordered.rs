//! Lock and wipe, ordered by the desk: carried out, reported, survived at every step, and nothing unsent lost.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use device::{DeviceError, Phase};
use domain::order::DeviceOrder;
use domain::protocol::{CallError, CallRefusal, Enrolment, ServerKeys};
use domain::seal::{Purpose, SealKeys};
use domain::{ProblemCode, Sha256Hex};

use crate::fake::*;
use crate::phones::*;

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = entries
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The files of a phone at one moment.
struct Kept(Vec<(String, Vec<u8>)>);

impl Kept {
    fn of(folder: &Path) -> Self {
        Kept(names(folder).into_iter().map(|name| (name.clone(), std::fs::read(folder.join(&name)).unwrap())).collect())
    }

    fn put(&self, folder: &Path, wanted: impl Fn(&str) -> bool) {
        for (name, bytes) in self.0.iter().filter(|(name, _)| wanted(name)) {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

fn clear(folder: &Path) {
    for name in names(folder) {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
}

fn key_file(phone: &Phone) -> PathBuf {
    phone.path().join("register.key")
}

#[test]
fn a_locked_phone_opens_for_no_pin_until_the_desk_lifts_the_lock_and_has_lost_nothing() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let sent = phone.building("已送");
    phone.sync();
    let unsent = phone.building("未送");
    server.hub().order(DeviceOrder::Lock);
    assert!(matches!(phone.round().ended_by, Some(DeviceError::LockedByDesk)));
    assert_eq!((phone.device.phase(), phone.device.ordered()), (Phase::Locked, Some(DeviceOrder::Lock)));
    assert!(!key_file(&phone).exists(), "the PIN has nothing to open");
    assert_eq!(server.hub().opened(1)[0].changes[0].id, unsent, "what was unsent was handed in first");
    assert_eq!(server.hub().reports.len(), 1, "and the lock was reported");
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::LockedByDesk)));
    phone.restart_locked();
    assert!(phone.device.is_demo(), "the lock screen still says what it holds");
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::LockedByDesk)), "a restart opens nothing");
    phone.round();
    assert_eq!(server.hub().reports.len(), 1, "one report is enough");

    server.hub().order = None;
    phone.sync();
    assert_eq!((phone.device.phase(), phone.device.ordered()), (Phase::Locked, None));
    assert!(matches!(phone.device.unlock("000000"), Err(DeviceError::WrongPin { .. })), "the PIN is still wanted");
    phone.device.unlock(PIN).unwrap();
    assert_eq!((phone.name(sent), phone.name(unsent)), ("已送".into(), "未送".into()));
    phone.sync();
    assert!(server.hub().records.contains_key(&unsent), "and what was unsent goes the usual way");
}

#[test]
fn a_lock_is_sealed_to_the_enrolled_key_whatever_the_answer_tells() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let enrolled = SealKeys::fresh(&mut TestWorld::at(START, 55));
    let keys = ServerKeys { seal: enrolled.public_text(), ..ServerKeys::default() };
    phone.device.enrol_again("https://server.example", &Enrolment { keys, ..enrolment(1) }).unwrap();
    server.hub().order(DeviceOrder::Lock);
    phone.round();
    let note = std::fs::read(phone.path().join("order.json")).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    let sealed = URL_SAFE_NO_PAD.decode(note["lock"]["sealed"].as_str().unwrap()).unwrap();
    assert!(enrolled.open(Purpose::LockKey(enrolment(1).device), &sealed).is_ok());
}

#[test]
fn nothing_in_the_folder_of_a_locked_phone_opens_the_register() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("秘密之楼");
    let before = Kept::of(phone.path());
    server.hub().order(DeviceOrder::Lock);
    phone.round();
    let (_, key) = before.0.iter().find(|(name, _)| name == "register.key").unwrap();
    for name in names(phone.path()) {
        let bytes = std::fs::read(phone.path().join(&name)).unwrap();
        assert!(!bytes.windows(key.len()).any(|window| window == key.as_slice()), "{name} holds the key file");
    }
}

#[test]
fn a_lock_does_not_wait_for_the_hand_in() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    server.hub().order(DeviceOrder::Lock);
    server.hub().refuse_hand_ins = Some(CallError::Unavailable("full".into()));
    phone.round();
    assert_eq!(phone.device.ordered(), Some(DeviceOrder::Lock));
    // A wipe would lose it: the phone waits for the lock to be lifted.
    server.hub().order(DeviceOrder::Wipe);
    server.hub().refuse_hand_ins = None;
    assert!(matches!(phone.round().ended_by, Some(DeviceError::LockedByDesk)));
    assert!(phone.path().join("register.db").exists());
    server.hub().order = None;
    phone.sync();
    phone.device.unlock(PIN).unwrap();
    assert_eq!(phone.name(unsent), "未送");
}

#[test]
fn a_wipe_removes_everything_after_the_hand_in_and_is_reported() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    device::preferences::Preferences::default().store(phone.path()).unwrap();
    server.hub().order(DeviceOrder::Wipe);
    phone.sync();
    assert_eq!((phone.device.phase(), phone.device.ordered()), (Phase::Empty, Some(DeviceOrder::Wipe)));
    assert_eq!(names(phone.path()), ["order.json"]);
    assert_eq!(server.hub().opened(1)[0].changes[0].id, unsent);
    assert_eq!(server.hub().reports.len(), 1);
    let note = std::fs::read_to_string(phone.path().join("order.json")).unwrap();
    assert!(note.contains("\"access\":\"\""), "nothing more is to be said, so the token is gone too");
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::NotEnrolled)));
    // Whoever enrols it next chooses a language before: that is nothing of the worker's.
    device::preferences::Preferences::default().store(phone.path()).unwrap();
    phone.restart_locked();
    assert_eq!(names(phone.path()), ["order.json", "preferences.json"]);
}

#[test]
fn a_wipe_removes_nothing_before_everything_was_handed_in() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    server.hub().order(DeviceOrder::Wipe);
    server.hub().refuse_hand_ins = Some(CallError::Offline("cut".into()));
    for _ in 0..3 {
        phone.round();
        phone.restart();
        assert_eq!(phone.name(unsent), "未送");
    }
    assert_eq!((phone.device.phase(), phone.device.ordered()), (Phase::Open, None));
    assert!(server.hub().reports.is_empty());
    server.hub().refuse_hand_ins = None;
    phone.sync();
    assert_eq!(phone.device.phase(), Phase::Empty);
}

/// Whether a picture was handed in.
fn was_handed_in(server: &Server, hash: &Sha256Hex) -> bool {
    let contents = server.hub().opened(1);
    contents.into_iter().flat_map(|content| content.photos).any(|photo| photo.sha256 == *hash)
}

/// The phone is ordered to wipe itself, and hands in a picture before.
fn is_handed_in_and_wiped(server: &Server, phone: &Phone, hash: &Sha256Hex) {
    server.hub().order(DeviceOrder::Wipe);
    phone.sync();
    assert_eq!((phone.device.phase(), was_handed_in(server, hash)), (Phase::Empty, true));
}

#[test]
fn a_wipe_waits_for_photos_that_are_still_to_be_stored_for_a_record() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, following) = phone.building_with_a_photo_to_store();
    server.hub().order(DeviceOrder::Wipe);
    assert!(matches!(phone.round().ended_by, Some(DeviceError::Call(CallError::Ordered))));
    assert_eq!(phone.device.phase(), Phase::Open, "nobody else has them");
    let (_, hash) = phone.photograph((id, "incident"), &[1; 1000]).unwrap();
    phone.call("drop_draft", serde_json::json!({"key": following}));
    phone.sync();
    assert!(phone.device.phase() == Phase::Empty && was_handed_in(&server, &hash));
}

#[test]
fn a_stored_picture_that_refused_words_name_is_handed_in_before_a_wipe() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (_, hash) = phone.photograph((record_id(42), "incident"), &[1; 1000]).unwrap();
    let (refused, _) = phone.photograph((record_id(43), "incident"), &[1; 1000]).unwrap();
    server.hub().refuse = Box::new(move |change| (change.id == refused).then_some(ProblemCode::TooManyPhotos));
    phone.sync();
    assert_eq!((phone.state().waiting_photos, phone.state().refused), (0, 1));
    is_handed_in_and_wiped(&server, &phone, &hash);
}

#[test]
fn a_picture_that_was_saved_without_its_record_is_handed_in_before_a_wipe() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, hash) = phone.photograph((record_id(42), "incident"), &[1; 1000]).unwrap();
    phone.tamper(&format!("UPDATE photo_way SET nameless = 1; DELETE FROM record WHERE id = '{id}'"));
    is_handed_in_and_wiped(&server, &phone, &hash);
}

#[test]
fn a_wipe_does_not_wait_for_ever_for_photos_that_nobody_stores() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building_with_a_photo_to_store();
    server.hub().order(DeviceOrder::Wipe);
    for _ in 0..240 {
        phone.round();
        assert_eq!(phone.device.phase(), Phase::Open);
    }
    phone.round();
    assert_eq!(phone.device.phase(), Phase::Empty);
    assert_eq!(server.hub().reports.len(), 1);
}

#[test]
fn a_lock_says_that_photos_still_to_be_stored_were_not_handed_in() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building_with_a_photo_to_store();
    server.hub().order(DeviceOrder::Lock);
    phone.round();
    server.hub().order(DeviceOrder::Wipe);
    assert!(matches!(phone.round().ended_by, Some(DeviceError::LockedByDesk)));
    assert!(names(phone.path()).iter().any(|name| name.starts_with("register.db")), "{:?}", names(phone.path()));
}

#[test]
fn a_wiped_phone_owes_its_report_until_it_was_delivered_and_can_then_be_enrolled_anew() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    server.hub().order(DeviceOrder::Wipe);
    server.hub().refuse_reports = Some(CallError::Offline("cut".into()));
    phone.round();
    assert_eq!(phone.device.phase(), Phase::Empty);
    phone.restart_locked();
    phone.round();
    assert!(server.hub().reports.is_empty());
    server.hub().refuse_reports = None;
    phone.sync();
    phone.sync();
    assert_eq!(server.hub().reports.len(), 1);
    server.hub().order = None;
    let cost = device::crypto::KeyCost::SIMULATION;
    phone.device.enrol_at_cost("https://server.example", &enrolment(1), "135791", cost).unwrap();
    assert_eq!((phone.device.phase(), phone.device.ordered()), (Phase::Open, None));
    phone.restart_locked();
    phone.device.unlock("135791").unwrap();
    phone.building("一号楼");
    phone.sync();
}

#[test]
fn a_phone_that_is_enrolled_anew_while_its_report_is_under_way_keeps_the_new_register() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    server.hub().order(DeviceOrder::Wipe);
    let device = phone.device.clone();
    server.hub().meanwhile = Some(Box::new(move || {
        let cost = device::crypto::KeyCost::SIMULATION;
        device.enrol_at_cost("https://server.example", &enrolment(1), PIN, cost).unwrap();
    }));
    phone.round();
    let unsent = phone.building("新的楼");
    assert_eq!((phone.device.phase(), phone.device.ordered()), (Phase::Open, None));
    phone.restart();
    assert_eq!(phone.name(unsent), "新的楼");
}

#[test]
fn of_two_codes_that_are_under_way_at_once_one_makes_the_register() {
    let server = Server::new();
    for _ in 0..20 {
        let phone = Phone::new(&server, 1);
        server.hub().order(DeviceOrder::Wipe);
        phone.sync();
        let barrier = std::sync::Barrier::new(2);
        let enrol = || {
            barrier.wait();
            let cost = device::crypto::KeyCost::SIMULATION;
            phone.device.enrol_at_cost("https://server.example", &enrolment(1), PIN, cost).is_ok()
        };
        let (one, other) = std::thread::scope(|scope| {
            let one = scope.spawn(enrol);
            (enrol(), one.join().unwrap())
        });
        assert!(one != other, "{one} {other}");
        server.hub().reports.clear();
    }
}

#[test]
fn a_locked_phone_that_has_handed_in_everything_can_be_wiped() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("未送");
    server.hub().order(DeviceOrder::Lock);
    phone.round();
    server.hub().order(DeviceOrder::Wipe);
    phone.sync();
    assert_eq!((phone.device.phase(), names(phone.path())), (Phase::Empty, vec!["order.json".to_owned()]));
    assert_eq!(server.hub().reports.len(), 2);
}

#[test]
fn a_lock_that_is_cut_after_any_step_is_finished_at_the_next_start_and_loses_nothing() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    let before = Kept::of(phone.path());
    server.hub().order(DeviceOrder::Lock);
    phone.round();
    let after = Kept::of(phone.path());
    let path = phone.path().to_owned();
    // After the note: the key file is whole, half overwritten, all zero. Before it: nothing has happened but a left-over.
    let steps: [&dyn Fn(); 4] = [
        &|| before.put(&path, |name| name == "register.key"),
        &|| std::fs::write(path.join("register.key"), [0; 40]).unwrap(),
        &|| std::fs::write(path.join("register.key"), []).unwrap(),
        &|| std::fs::write(path.join("order.new"), b"{\"half").unwrap(),
    ];
    for step in steps {
        clear(&path);
        after.put(&path, |_| true);
        step();
        phone.restart_locked();
        assert!(!path.join("register.key").exists(), "the lock was finished");
        assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::LockedByDesk)));
    }
    // Before the note nothing has happened yet, and the order is carried out with the next round.
    clear(&path);
    before.put(&path, |_| true);
    std::fs::write(path.join("order.new"), b"{\"half").unwrap();
    phone.restart();
    phone.round();
    assert_eq!(phone.device.ordered(), Some(DeviceOrder::Lock));
    // The key was put back and the note not removed yet: it stays locked, and asks again.
    before.put(&path, |name| name == "register.key");
    phone.restart_locked();
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::LockedByDesk)));
    server.hub().order = None;
    phone.sync();
    phone.device.unlock(PIN).unwrap();
    assert_eq!(phone.name(unsent), "未送");
}

#[test]
fn a_wipe_that_is_cut_after_any_step_is_finished_at_the_next_start() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    phone.building("未送");
    let before = Kept::of(phone.path());
    server.hub().order(DeviceOrder::Wipe);
    server.hub().refuse_reports = Some(CallError::Offline("cut".into()));
    phone.round();
    let note = Kept::of(phone.path());
    let path = phone.path().to_owned();
    let files: Vec<&String> = before.0.iter().map(|(name, _)| name).collect();
    assert!(files.len() >= 4, "{files:?}");
    for removed in 0..=files.len() {
        for zeroed in [false, true] {
            clear(&path);
            note.put(&path, |_| true);
            before.put(&path, |name| !files[..removed].iter().any(|gone| *gone == name));
            if zeroed {
                std::fs::write(path.join("register.key"), [0; 300]).unwrap();
            }
            phone.restart_locked();
            assert_eq!((phone.device.phase(), names(&path)), (Phase::Empty, vec!["order.json".to_owned()]));
        }
    }
    server.hub().refuse_reports = None;
    phone.sync();
    assert_eq!(server.hub().reports.len(), 1);
}

#[test]
fn what_is_written_while_a_wipe_hands_in_is_handed_in_too() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    for number in 0..3 {
        phone.building(&format!("{number}号楼"));
    }
    server.hub().order(DeviceOrder::Wipe);
    // The first try ends after its piece; the worker goes on writing.
    server.hub().refuse_hand_ins = Some(CallError::Offline("cut".into()));
    phone.round();
    phone.building("四号楼");
    server.hub().refuse_hand_ins = None;
    phone.sync();
    let opened = server.hub().opened(1);
    assert_eq!(opened.iter().map(|content| content.changes.len()).sum::<usize>(), 4);
    assert_eq!(phone.device.phase(), Phase::Empty);
}

#[test]
fn an_order_that_was_lifted_before_the_phone_heard_of_it_changes_nothing() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    server.hub().order(DeviceOrder::Wipe);
    server.hub().order = None;
    phone.sync();
    assert_eq!(phone.device.phase(), Phase::Open);
    assert!(phone.is_sent(id) && server.hub().handed_in.is_empty());
}

#[test]
fn a_wipe_waits_while_the_server_has_another_sealing_key_than_what_is_unsent_is_sealed_to() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    let unsent = phone.building("未送");
    // Put back from a backup of before its key was made, the server has made another.
    let former = std::mem::replace(&mut server.hub().seal, SealKeys::fresh(&mut TestWorld::at(START, 78)));
    server.hub().order(DeviceOrder::Wipe);
    let refused = |outcome: Option<DeviceError>| match outcome {
        Some(DeviceError::Call(CallError::Refused { code })) => Some(code),
        _ => None,
    };
    assert_eq!(refused(phone.round().ended_by), Some(CallRefusal::OtherKey));
    assert_eq!((phone.device.phase(), server.hub().handed_in.len()), (Phase::Open, 0));
    assert_eq!(phone.name(unsent), "未送");
    // The right key is back: a later backup was found.
    server.hub().seal = former;
    phone.sync();
    assert_eq!((phone.device.phase(), server.hub().opened(1)[0].changes[0].id), (Phase::Empty, unsent));
}

#[test]
fn a_phone_with_nothing_unsent_is_wiped_whatever_key_the_server_has() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("已送");
    phone.sync();
    server.hub().seal = SealKeys::fresh(&mut TestWorld::at(START, 78));
    server.hub().order(DeviceOrder::Wipe);
    phone.sync();
    assert_eq!(phone.device.phase(), Phase::Empty);
}

#[test]
fn an_order_that_only_a_newer_app_can_carry_out_is_met_by_handing_in_and_waiting() {
    assert_eq!(serde_json::from_str::<DeviceOrder>(r#""freeze""#).unwrap(), DeviceOrder::Newer);
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    server.hub().order(DeviceOrder::Newer);
    for _ in 0..2 {
        assert!(matches!(phone.round().ended_by, Some(DeviceError::Call(CallError::Ordered))));
    }
    assert_eq!(server.hub().opened(1).len(), 1, "handed in once");
    assert_eq!((phone.device.phase(), phone.device.ordered(), server.hub().reports.len()), (Phase::Open, None, 0));
    phone.restart();
    server.hub().order = None;
    phone.sync();
    assert!(server.hub().records.contains_key(&unsent));
}
