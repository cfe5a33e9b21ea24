//! The thread that runs rounds by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use device::network::Network;
use domain::protocol::CallError;

use crate::fake::*;
use crate::phones::*;

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
fn a_round_that_panics_ends_no_other() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (peer, first) = (server.clone(), std::sync::atomic::AtomicBool::new(true));
    let _background = phone.device.start_background_with(move |_| {
        assert!(!first.swap(false, std::sync::atomic::Ordering::SeqCst), "the first round breaks off");
        Ok(Box::new(peer.clone()))
    });
    let id = phone.building("一号楼");
    assert!(within(Duration::from_secs(20), || phone.is_sent(id)));
    assert!(within(Duration::from_secs(20), || phone.state().hindrance == device::Hindrance::None));
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

#[test]
fn a_network_that_came_back_is_tried_at_once() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let peer = server.clone();
    let _background = phone.device.start_background_with(move |_| Ok(Box::new(peer.clone())));
    phone.device.set_network(Network { online: true, metered: None });
    // After this answer the phone by itself asks again in a minute and a half at the earliest.
    server.hub().offline = Some(CallError::SignedOut);
    let id = phone.building("一号楼");
    assert!(within(Duration::from_secs(20), || phone.state().phase == device::SyncPhase::SignedOut));
    // The write rang as well; that try is over by now.
    std::thread::sleep(Duration::from_millis(1_000));
    server.hub().offline = None;
    phone.device.set_network(Network { online: false, metered: None });
    std::thread::sleep(Duration::from_millis(300));
    assert!(!phone.is_sent(id), "losing the network is no reason to try");
    phone.device.set_network(Network { online: true, metered: None });
    assert!(within(Duration::from_secs(20), || phone.is_sent(id)));
}

#[test]
fn text_that_is_written_while_a_large_photo_goes_up_goes_first() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let size = 256 * 1024 * 30;
    let (_, hash) = phone.photograph((record_id(42), "incident"), &vec![1; size]).unwrap();
    // A slow network: the whole photo takes a quarter of a minute, longer than the busiest machine lets the text wait.
    server.hub().on_append = Some(Arc::new(|| std::thread::sleep(Duration::from_millis(500))));
    let peer = server.clone();
    let _background = phone.device.start_background_with(move |_| Ok(Box::new(peer.clone())));
    assert!(within(Duration::from_secs(20), || server.hub().uploads.values().any(|(_, bytes)| !bytes.is_empty())));
    let id = phone.building("一号楼");
    assert!(within(Duration::from_secs(20), || phone.is_sent(id)));
    assert!(!server.hub().stored.contains_key(&hash), "the photo is still on its way");
    server.hub().on_append = None;
    assert!(within(Duration::from_secs(20), || server.hub().stored.contains_key(&hash)));
    assert_eq!(server.hub().offers, 1, "it went on where it stopped");
}
