//! Originals: which stay on the phone, and when they go.

use domain::{Change, ProblemCode, RecordId, Sha256Hex};
use serde_json::json;

use crate::fake::*;
use crate::phones::*;

const SIZE: usize = 10_000;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn take(phone: &Phone, number: u8) -> (RecordId, Sha256Hex) {
    phone.photograph((record_id(42), "incident"), &[number; SIZE]).unwrap()
}

/// A phone with a photo that the server has, and the picture's hash.
fn with_a_sent_photo(server: &Server) -> (Phone, Sha256Hex) {
    let phone = Phone::new(server, 1);
    let (_, hash) = take(&phone, 1);
    phone.sync();
    (phone, hash)
}

/// Two photos with one picture, and its hash.
fn take_twice(phone: &Phone) -> ([RecordId; 2], Sha256Hex) {
    let (first, hash) = take(phone, 1);
    let (second, _) = phone.photograph((record_id(43), "incident"), &[1; SIZE]).unwrap();
    ([first, second], hash)
}

/// Days go by, on both clocks.
fn days_pass(phone: &Phone, days: i64) {
    phone.pass(days * DAY);
    phone.server.hub().now += days * DAY;
}

/// Whether a picture's original is on the phone.
fn has_original(phone: &Phone, hash: &Sha256Hex) -> bool {
    let file = phone.device.with_open(|open| open.store().photo_file(hash)).unwrap();
    file.is_some_and(|file| file.full.is_some())
}

#[test]
fn a_refused_photo_keeps_its_original_though_the_same_picture_was_sent_for_another() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let ([_, refused], hash) = take_twice(&phone);
    server.hub().refuse = Box::new(move |change| (change.id == refused).then_some(ProblemCode::TooManyPhotos));
    let report = phone.sync();
    assert_eq!((report.refused, report.photos, phone.state().waiting_photos), (1, 1, 0));
    days_pass(&phone, 40);
    phone.sync();
    phone.call("free_storage", json!({}));
    assert!(has_original(&phone, &hash), "nobody has sent it for this one");
    phone.call("discard", json!({ "record_id": refused }));
    phone.call("free_storage", json!({}));
    assert!(!has_original(&phone, &hash));
}

#[test]
fn a_refused_photo_is_sent_when_it_is_resent_after_the_one_with_the_same_picture_was_erased_elsewhere() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    server.hub().cells = vec![cell(), other_cell()];
    phone.sync();
    let fields = json!({"subject": record_id(42), "subject_kind": "incident", "width": 16, "height": 16, "bytes": SIZE,
        "taken_at": START, "photo_kind": "scene", "by": "worker"});
    let fields: domain::Fields = serde_json::from_value(fields).unwrap();
    let picture = [1_u8; SIZE];
    let first =
        phone.device.with_open(|open| open.write_photo(Some(&other_cell()), (&picture, &picture[..100]), fields));
    let first = first.unwrap();
    let (second, hash) = take(&phone, 1);
    server.hub().refuse = Box::new(move |change| (change.id == second).then_some(ProblemCode::TooManyPhotos));
    assert_eq!(phone.sync().photos, 1);
    // The cell of the first is another's by now, and what was erased there this phone does not hear of.
    server.hub().cells = vec![cell()];
    phone.sync();
    assert!(phone.get(first).is_none() && has_original(&phone, &hash));
    server.hub().records.remove(&first);
    server.hub().stored.clear();
    server.hub().refuse = Box::new(|_| None);
    phone.call("resend", json!({ "record_id": second }));
    phone.sync();
    assert!(phone.is_sent(second) && server.hub().stored.contains_key(&hash));
    assert_eq!(phone.state().waiting_photos, 0);
}

#[test]
fn a_refused_photo_that_comes_down_after_all_is_announced_once_more() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let ([_, second], hash) = take_twice(&phone);
    let written = phone.get(second).unwrap();
    server.hub().refuse = Box::new(move |change| (change.id == second).then_some(ProblemCode::ForeignCell));
    assert_eq!(phone.sync().photos, 1);
    assert!(phone.get(second).is_none());
    // Somebody else brings it, when the picture is gone there with the other photo.
    server.hub().refuse = Box::new(|_| None);
    server.hub().stored.clear();
    server.write(Change::from_record(written));
    phone.sync();
    assert!(phone.is_sent(second) && server.hub().stored.contains_key(&hash));
    assert_eq!(phone.state().waiting_photos, 0);
}

#[test]
fn a_photo_that_is_accepted_when_its_cell_is_read_anew_is_announced_once_more() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let ([_, second], hash) = take_twice(&phone);
    phone.sync();
    // The server has lost it without knowing that, and the picture is gone there with the other photo.
    server.hub().records.remove(&second);
    server.hub().stored.clear();
    assert_eq!(phone.sync().differing, 1);
    assert!(server.hub().records.contains_key(&second) && server.hub().stored.contains_key(&hash));
    assert_eq!(phone.state().waiting_photos, 0);
}

#[test]
fn a_clock_that_jumped_and_was_not_measured_since_frees_no_original() {
    let server = Server::new();
    let (phone, hash) = with_a_sent_photo(&server);
    phone.sync();
    assert!(has_original(&phone, &hash), "it stays for a month");
    // Set ahead in the middle of a call, which then tells nothing of the clocks.
    let clock = phone.clock.clone();
    let jump = move || {
        clock.fetch_add(10 * 365 * DAY, std::sync::atomic::Ordering::SeqCst);
    };
    server.hub().meanwhile = Some(Box::new(jump));
    phone.sync();
    assert!(has_original(&phone, &hash));
    days_pass(&phone, 40);
    phone.sync();
    assert!(!has_original(&phone, &hash), "forty days later by clocks that were compared");
}

#[test]
fn a_server_clock_that_is_ahead_for_a_moment_frees_no_original() {
    let server = Server::new();
    let (phone, hash) = with_a_sent_photo(&server);
    server.hub().now += 40 * DAY;
    phone.sync();
    server.hub().now -= 40 * DAY;
    phone.sync();
    assert!(has_original(&phone, &hash), "by the phone's own clock nothing has passed");
    days_pass(&phone, 20);
    phone.sync();
    assert!(has_original(&phone, &hash), "what was ahead does not count later either");
    days_pass(&phone, 11);
    phone.sync();
    assert!(!has_original(&phone, &hash), "it went after a month");
}

#[test]
fn an_original_that_was_stored_while_the_servers_clock_was_far_behind_is_not_old_when_that_is_right() {
    let server = Server::new();
    server.hub().now -= 400 * DAY;
    let (phone, hash) = with_a_sent_photo(&server);
    server.hub().now += 400 * DAY;
    phone.sync();
    assert!(has_original(&phone, &hash));
}

#[test]
fn an_original_that_is_sent_after_months_without_a_signal_is_not_old_at_once() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    days_pass(&phone, 90);
    let (_, hash) = take(&phone, 1);
    phone.sync();
    phone.sync();
    assert!(has_original(&phone, &hash), "the server has it since today");
}
