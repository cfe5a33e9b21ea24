//! The register opens by fingerprint or face with the secret of the phone's key store, and with nothing else than that or the PIN.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use device::{DeviceError, Phase};
use domain::order::DeviceOrder;

use crate::fake::*;
use crate::phones::*;

#[test]
fn what_the_key_store_gives_out_opens_the_register_and_the_pin_still_does() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    assert!(!phone.device.has_biometry(), "nobody has allowed it");
    let secret = phone.device.allow_biometry(PIN).unwrap();
    phone.restart_locked();
    assert!(phone.device.has_biometry());
    phone.device.unlock_with_biometry(&secret).unwrap();
    assert_eq!(phone.name(id), "一号楼");
    phone.restart();
    assert_eq!(phone.name(id), "一号楼");
}

#[test]
fn it_is_allowed_with_the_pin_alone_and_while_the_register_is_open() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    for _ in 0..4 {
        assert!(matches!(phone.device.allow_biometry("000000"), Err(DeviceError::WrongPin { wait_ms: 0 })));
    }
    assert!(matches!(phone.device.allow_biometry("000000"), Err(DeviceError::WrongPin { wait_ms: 30_000 })));
    assert!(
        matches!(phone.device.allow_biometry(PIN), Err(DeviceError::TooManyTries { .. })),
        "it is no way around the pauses"
    );
    phone.pass(30_000);
    assert!(matches!(phone.device.allow_biometry("12345"), Err(DeviceError::PinForm)));
    phone.restart_locked();
    assert!(matches!(phone.device.allow_biometry(PIN), Err(DeviceError::Locked)));
    assert!(!phone.device.has_biometry());
}

#[test]
fn another_secret_opens_nothing_and_is_not_asked_for_again() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let first = phone.device.allow_biometry(PIN).unwrap();
    let second = phone.device.allow_biometry(PIN).unwrap();
    phone.restart_locked();
    for wrong in [first.as_str(), "", "###", &URL_SAFE_NO_PAD.encode([0; 32]), &"A".repeat(100_000)] {
        assert!(matches!(phone.device.unlock_with_biometry(wrong), Err(DeviceError::NotFound)), "{wrong:.20}");
        assert_eq!(phone.device.phase(), Phase::Locked);
    }
    assert!(matches!(phone.device.unlock_with_biometry(&second), Err(DeviceError::NotFound)), "only the PIN is left");
    phone.device.unlock(PIN).unwrap();
    let secret = phone.device.allow_biometry(PIN).unwrap();
    phone.device.forget_biometry().unwrap();
    phone.device.forget_biometry().unwrap();
    phone.device.lock();
    assert!(matches!(phone.device.unlock_with_biometry(&secret), Err(DeviceError::NotFound)));
}

#[test]
fn nothing_in_the_folder_is_the_secret_or_the_key() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let secret = phone.device.allow_biometry(PIN).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(secret.as_bytes()).unwrap();
    for entry in std::fs::read_dir(phone.path()).unwrap() {
        let path = entry.unwrap().path();
        let file = std::fs::read(&path).unwrap();
        let holds = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
        assert!(!holds(secret.as_bytes()) && !holds(&bytes), "{path:?}");
    }
}

#[test]
fn what_opened_an_earlier_register_of_the_folder_opens_no_later_one() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let secret = phone.device.allow_biometry(PIN).unwrap();
    let kept = std::fs::read(phone.path().join("register.biometry")).unwrap();
    std::fs::remove_file(phone.path().join("register.key")).unwrap();
    phone.restart_locked();
    let cost = device::crypto::KeyCost::SIMULATION;
    phone.device.enrol_at_cost("https://server.example", &enrolment(1), PIN, cost).unwrap();
    assert!(!phone.device.has_biometry());
    phone.device.lock();
    std::fs::write(phone.path().join("register.biometry"), kept).unwrap();
    assert!(matches!(phone.device.unlock_with_biometry(&secret), Err(DeviceError::NotFound)));
    phone.device.unlock(PIN).unwrap();
    assert!(!phone.path().join("register.damaged-1.db").exists(), "a wrong key must not look like damage");
}

#[test]
fn a_phone_that_the_desk_locked_opens_by_no_fingerprint_and_forgets_it() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let secret = phone.device.allow_biometry(PIN).unwrap();
    let kept = std::fs::read(phone.path().join("register.biometry")).unwrap();
    server.hub().order(DeviceOrder::Lock);
    phone.round();
    assert!(!phone.path().join("register.biometry").exists());
    std::fs::write(phone.path().join("register.biometry"), &kept).unwrap();
    assert!(matches!(phone.device.unlock_with_biometry(&secret), Err(DeviceError::LockedByDesk)));
    assert!(!phone.device.has_biometry());
    phone.restart_locked();
    assert!(!phone.path().join("register.biometry").exists(), "and a start removes it again");
    server.hub().order = None;
    phone.sync();
    phone.device.unlock(PIN).unwrap();
    assert!(!phone.device.has_biometry());
}

#[test]
fn a_wipe_takes_it_along() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.device.allow_biometry(PIN).unwrap();
    server.hub().order(DeviceOrder::Wipe);
    phone.sync();
    assert!(!phone.path().join("register.biometry").exists());
}
