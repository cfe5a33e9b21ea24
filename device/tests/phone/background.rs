//! The thread that runs rounds by itself.

use std::time::{Duration, Instant};

use domain::protocol::CallError;

use crate::fake::*;

fn within(limit: Duration, what: impl Fn() -> bool) -> bool {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    what()
}

#[test]
fn what_is_saved_goes_up_without_a_tap_and_a_server_that_comes_back_is_noticed() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let peer = server.clone();
    let background = phone.device.start_background_with(move |_| Ok(Box::new(peer.clone())));
    let first = phone.building("一号楼");
    assert!(within(Duration::from_secs(20), || phone.is_sent(first)));
    server.hub().offline = Some(CallError::Offline("stopped".into()));
    let second = phone.building("二号楼");
    assert!(within(Duration::from_secs(20), || phone.state().phase == device::SyncPhase::Offline));
    server.hub().offline = None;
    assert!(within(Duration::from_secs(20), || phone.is_sent(second)));
    drop(background);
    let third = phone.building("三号楼");
    std::thread::sleep(Duration::from_millis(800));
    assert!(!phone.is_sent(third), "nothing runs after it was stopped");
}

#[test]
fn unlocking_starts_a_round() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.restart_locked();
    let peer = server.clone();
    let _background = phone.device.start_background_with(move |_| Ok(Box::new(peer.clone())));
    std::thread::sleep(Duration::from_millis(100));
    phone.device.unlock(PIN).unwrap();
    assert!(within(Duration::from_secs(20), || phone.is_sent(id)));
}
