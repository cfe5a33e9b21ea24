//! The PIN, the pauses after wrong ones, and what the files betray.

use device::crypto::KeyCost;
use device::{Device, DeviceConfig, DeviceError, Phase};
use serde_json::json;

use crate::fake::*;
use crate::phones::*;

#[test]
fn the_register_opens_with_its_pin_only_and_wrong_ones_cost_time_across_restarts() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.restart_locked();
    assert_eq!(phone.device.phase(), Phase::Locked);
    assert!(matches!(phone.device.sync_state(), Err(DeviceError::Locked)));
    for _ in 0..4 {
        assert!(matches!(phone.device.unlock("000000"), Err(DeviceError::WrongPin { wait_ms: 0 })));
    }
    assert!(matches!(phone.device.unlock("000000"), Err(DeviceError::WrongPin { wait_ms: 30_000 })));
    assert!(
        matches!(phone.device.unlock(PIN), Err(DeviceError::TooManyTries { wait_ms: 30_000 })),
        "not even looked at"
    );
    phone.restart_locked();
    phone.pass(10_000);
    assert_eq!(phone.device.pin_wait(), Some(20_000), "a restart does not shorten it");
    phone.pass(20_000);
    assert!(matches!(phone.device.unlock("000000"), Err(DeviceError::WrongPin { wait_ms: 60_000 })), "it grows");
    phone.pass(60_000);
    phone.device.unlock(PIN).unwrap();
    assert_eq!(phone.name(id), "一号楼");
    phone.device.lock();
    phone.device.unlock("111111").unwrap_err();
    assert_eq!(phone.device.pin_wait(), None, "a right PIN clears the count");
}

#[test]
fn a_clock_set_back_does_not_lengthen_the_pause_beyond_itself() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    phone.restart_locked();
    for _ in 0..5 {
        phone.device.unlock("000000").unwrap_err();
    }
    phone.pass(-400 * 24 * 60 * 60 * 1000);
    assert_eq!(phone.device.pin_wait(), Some(30_000));
}

#[test]
fn a_pin_has_six_digits() {
    let folder = tempfile::tempdir().unwrap();
    let config = DeviceConfig {
        folder: folder.path().into(),
        world: Box::new(device::edge::SystemWorld),
        app_version: "1".into(),
    };
    let device = Device::open(config).unwrap();
    assert!(matches!(device.unlock("123456"), Err(DeviceError::NotEnrolled)));
    for pin in ["", "12345", "1234567", "12345a", "１２３４５６"] {
        let outcome = device.enrol_at_cost("https://server.example", &enrolment(1), pin, KeyCost::SIMULATION);
        assert!(matches!(outcome, Err(DeviceError::PinForm)), "{pin}");
    }
    assert_eq!(device.phase(), Phase::Empty);
}

#[test]
fn a_phones_own_cost_of_a_pin_opens_too() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let world = Box::new(device::edge::SystemWorld);
        Device::open(DeviceConfig { folder: folder.path().into(), world, app_version: "1".into() }).unwrap()
    };
    open().enrol("https://server.example", &enrolment(1), PIN).unwrap();
    let again = open();
    assert!(again.is_demo(), "the lock screen says so");
    assert!(matches!(again.enrol("https://server.example", &enrolment(1), PIN), Err(DeviceError::AlreadyEnrolled)));
    again.unlock(PIN).unwrap();
}

#[test]
fn nothing_readable_lies_in_the_folder() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("秘密之楼");
    let draft = json!({"name": "秘密草稿"});
    phone.device.with_open(|open| open.store().save_draft("form", &draft, START)).unwrap();
    for entry in std::fs::read_dir(phone.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("秘密") && !holds("SQLite format 3") && !holds("farmhouse"), "{path:?}");
        #[cfg(unix)]
        if path.extension().is_some_and(|extension| extension == "key" || extension == "secret") {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{path:?}");
        }
    }
}

#[test]
fn without_the_second_secret_the_right_pin_opens_nothing() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    std::fs::write(phone.path().join("device.secret"), [0; 32]).unwrap();
    phone.restart_locked();
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::WrongPin { .. })));
}

#[test]
fn a_lock_in_the_middle_of_a_round_loses_nothing() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    let locking = phone.device.clone();
    server.hub().meanwhile = Some(Box::new(move || locking.lock()));
    assert!(matches!(phone.round().ended_by, Some(DeviceError::Locked)));
    phone.device.unlock(PIN).unwrap();
    phone.sync();
    assert!(phone.is_sent(id));
}
