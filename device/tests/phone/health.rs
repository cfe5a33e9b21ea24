//! What the phone tells of itself: what is news, once a day what is not, and otherwise not a byte.

use domain::health::DeviceHealth;
use domain::protocol::CallError;
use domain::{Epoch, ProblemCode};
use serde_json::json;
use uuid::Uuid;

use crate::fake::*;
use crate::phones::*;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// What the requests since then told.
fn told_since(server: &Server, since: usize) -> Vec<DeviceHealth> {
    server.hub().requests[since..].iter().filter_map(|request| request.health.clone()).collect()
}

fn requests(server: &Server) -> usize {
    server.hub().requests.len()
}

fn pass(server: &Server, phone: &Phone, millis: i64) {
    phone.pass(millis);
    server.hub().now += millis;
}

#[test]
fn a_phone_tells_once_how_it_stands_and_a_round_without_news_is_as_short_as_before() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.device.note_room(Some(4 << 30));
    phone.sync();
    let told = told_since(&server, 0);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].app_version.as_str(), told[0].free_bytes), ("1.0", Some(4 << 30)));
    assert_eq!((told[0].waiting_changes, told[0].waiting_photos, told[0].refused), (0, 0, 0));
    let before = requests(&server);
    phone.device.note_room(Some(3 << 30));
    phone.sync();
    phone.building("一号楼");
    phone.sync();
    assert!(told_since(&server, before).is_empty(), "what is sent with the request waits no more");
    let last = serde_json::to_value(server.hub().requests.last().unwrap()).unwrap();
    assert!(last.get("health").is_none());
}

#[test]
fn the_room_that_the_worker_made_is_what_the_phone_tells() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.device.note_room(Some(7));
    device::api::call(&phone.device, "free_storage", json!({}), None).unwrap();
    phone.sync();
    let told = told_since(&server, 0);
    let free = told[0].free_bytes;
    assert!(free.is_none() || free > Some(7), "{free:?}");
}

#[test]
fn what_has_not_changed_is_told_again_after_a_day_and_to_another_database_at_once() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    let mut before = requests(&server);
    pass(&server, &phone, DAY - 1_000);
    phone.sync();
    assert!(told_since(&server, before).is_empty());
    pass(&server, &phone, 2_000);
    phone.sync();
    assert_eq!(told_since(&server, before).len(), 1);
    before = requests(&server);
    server.hub().epoch = Epoch(Uuid::from_u128(2));
    phone.sync();
    phone.sync();
    assert_eq!(told_since(&server, before).len(), 1, "a database that was put back knows nothing of it");
}

#[test]
fn what_the_server_may_not_have_heard_is_told_again() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    server.hub().lose_answers.push_back(CallError::Offline("cut".into()));
    assert!(phone.round().ended_by.is_some());
    phone.sync();
    assert_eq!(told_since(&server, 0).len(), 2);
}

#[test]
fn what_was_refused_and_a_storage_that_is_nearly_full_are_news() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.device.note_room(Some(4 << 30));
    let id = phone.building("一号楼");
    phone.sync();
    pass(&server, &phone, 1_000);
    server.hub().refuse = Box::new(|_| Some(ProblemCode::NotAllowed));
    phone.rename(id, "不行的楼");
    phone.sync();
    let mut before = requests(&server);
    phone.sync();
    assert_eq!(told_since(&server, before).iter().map(|told| told.refused).collect::<Vec<_>>(), [1]);
    before = requests(&server);
    phone.device.note_room(Some(1 << 20));
    phone.sync();
    let told = told_since(&server, before);
    assert!(told.len() == 1 && told[0].is_nearly_full());
}

#[test]
fn photos_that_stay_behind_are_told_and_their_going_too() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (_, hash) = phone.photograph((record_id(42), "incident"), &[7; 9_000]).unwrap();
    server.hub().bad_photos.insert(hash);
    phone.sync();
    assert_eq!(told_since(&server, 0).last().map(|told| (told.waiting_changes, told.waiting_photos)), Some((0, 1)));
    server.hub().bad_photos.clear();
    pass(&server, &phone, 31_000);
    phone.sync();
    assert_eq!(told_since(&server, 0).last().map(|told| told.waiting_photos), Some(0));
}
