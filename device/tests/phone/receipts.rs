//! Receipts: after every kind of round phone and server have the same digest, and nothing is believed that is not signed.

use domain::protocol::{CallError, ServerKeys};
use domain::receipt::ReceiptKey;
use domain::{Epoch, Kind, Node, ProblemCode};
use serde_json::json;
use uuid::Uuid;

use crate::fake::*;
use crate::phones::*;

/// A round after which the whole cell was compared and is the same.
fn agree(phone: &Phone, what: &str) {
    let report = phone.sync();
    assert_eq!(report.differing, 0, "{what}");
    let receipt = phone.receipt();
    assert_eq!((&receipt["phase"], &receipt["verified"]), (&json!("safe"), &json!(true)), "{what}: {receipt}");
    let state = phone.server.hub().state(&cell());
    assert_eq!((&receipt["records"], &receipt["photos"]), (&json!(state.records), &json!(state.photos)), "{what}");
}

/// Makes a backup of the server. The answer puts it back: what was written, moved or erased since is gone then.
fn backed_up(server: &Server) -> impl FnOnce() {
    let (records, feed, erased) = {
        let hub = server.hub();
        (hub.records.clone(), hub.feed.clone(), hub.erased.clone())
    };
    move || {
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        (hub.records, hub.feed, hub.erased) = (records, feed, erased);
    }
}

#[test]
fn after_every_kind_of_round_phone_and_server_have_the_same_digest() {
    let server = Server::new();
    let (mut phone, colleague) = (Phone::new(&server, 1), Phone::new(&server, 2));
    assert_eq!(phone.receipt()["phase"], "none");
    agree(&phone, "an empty cell");
    let (one, two) = (phone.building("一号楼"), phone.building("二号楼"));
    agree(&phone, "own records");
    agree(&colleague, "the first pull");
    phone.pass(1_000);
    colleague.pass(2_000);
    phone.rename(one, "我的楼");
    colleague.rename(one, "同事的楼");
    agree(&phone, "an edit");
    agree(&colleague, "an edit that overtook another");
    agree(&phone, "a colleague's edit");
    phone.write(Kind::Building, Some(two), json!({"deleted": true})).unwrap();
    agree(&phone, "a record taken out of the register");
    phone.write(Kind::Building, Some(two), json!({"deleted": false})).unwrap();
    agree(&phone, "and put back");
    phone.visit(record_id(5));
    agree(&phone, "a visit");

    server.hub().refuse = Box::new(|_| Some(ProblemCode::NotAllowed));
    phone.pass(1_000);
    phone.rename(two, "不行的楼");
    phone.building("也不行");
    agree(&phone, "refused words");
    server.hub().refuse = Box::new(|_| None);

    phone.pass(1_000);
    phone.rename(two, "再来");
    server.hub().lose_answers.push_back(CallError::Offline("cut".into()));
    phone.round();
    phone.restart();
    agree(&phone, "an answer lost and a restart");
    server.write(change(two, Kind::Building, cell(), START + 100_000, json!({"cell": other_cell()})));
    agree(&phone, "a record that left");
    server.hub().epoch = Epoch(Uuid::from_u128(2));
    agree(&phone, "a restored server");
    phone.clock.fetch_add(-86_400_000, std::sync::atomic::Ordering::SeqCst);
    let fresh = phone.building("昨天");
    // The first round finds the clock wrong, the second sends what was stamped by it.
    phone.sync();
    agree(&phone, "a clock set back");
    server.hub().records.remove(&fresh);
    let report = phone.sync();
    assert_eq!(report.differing, 1, "and what differs is seen: the comparison is made at all");
}

#[test]
fn what_a_restored_server_still_has_in_the_cell_of_before_is_no_difference() {
    let server = Server::new();
    server.hub().cells = vec![other_cell(), cell()];
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    let put_back = backed_up(&server);
    server.write(change(id, Kind::Building, cell(), START + 1_000, json!({"cell": other_cell()})));
    phone.sync();
    put_back();
    assert_eq!(phone.sync().differing, 0);
    assert_eq!(server.hub().records[&id].cell, other_cell());
    assert_eq!(phone.get(id).unwrap().cell, other_cell());
    assert_eq!(phone.receipt()["phase"], "safe");
}

#[test]
fn what_a_phone_wrote_and_saw_leaving_comes_down_from_a_server_that_was_put_back_to_before_that() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    let put_back = backed_up(&server);
    server.write(change(id, Kind::Building, cell(), START + 1_000, json!({"cell": other_cell()})));
    phone.sync();
    assert!(phone.get(id).is_none(), "it lies in a colleague's cell");
    put_back();
    assert_eq!(phone.sync().differing, 0, "the feed told, nothing had to be repaired");
    assert_eq!(phone.name(id), "一号楼");
}

#[test]
fn what_a_phone_wrote_and_was_erased_comes_down_from_a_server_that_was_put_back_to_before_that() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    let put_back = backed_up(&server);
    server.hub().erase(id);
    phone.sync();
    assert!(phone.get(id).is_none(), "nothing of it stays here");
    put_back();
    assert_eq!(phone.sync().differing, 0, "the feed told, nothing had to be repaired");
    assert_eq!(phone.name(id), "一号楼");
}

#[test]
fn a_photo_that_stayed_for_its_picture_and_left_comes_down_from_a_server_that_was_put_back_to_before_that() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, _) = phone.photograph((record_id(42), "incident"), &[1; 1_000]).unwrap();
    server.hub().appends_left = 0;
    phone.round();
    assert!(phone.is_sent(id));
    let put_back = backed_up(&server);
    {
        let mut hub = server.hub();
        hub.records.get_mut(&id).unwrap().cell = other_cell();
        hub.feed.entry(cell()).or_default().push((id, true, Node(0)));
    }
    phone.round();
    assert!(phone.get(id).is_some(), "its picture still waits");
    server.hub().appends_left = usize::MAX;
    phone.sync();
    assert!(phone.get(id).is_none());
    put_back();
    assert_eq!(phone.sync().differing, 0, "the feed told, nothing had to be repaired");
    assert!(phone.get(id).is_some());
}

#[test]
fn what_was_erased_when_a_phone_asked_comes_down_from_a_server_that_was_put_back_to_before_that() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, _) = phone.photograph((record_id(42), "incident"), &[1; 1_000]).unwrap();
    {
        let mut hub = server.hub();
        (hub.cells, hub.appends_left) = (vec![other_cell()], 0);
    }
    phone.round();
    // No feed that this phone still reads says so.
    server.hub().erased.insert(record_id(42));
    phone.round();
    assert!(phone.get(id).is_none());
    {
        let mut hub = server.hub();
        (hub.epoch, hub.cells, hub.appends_left) = (Epoch(Uuid::from_u128(2)), vec![cell()], usize::MAX);
        hub.erased.clear();
    }
    assert_eq!(phone.sync().differing, 0, "the feed told, nothing had to be repaired");
    assert!(phone.get(id).is_some());
}

#[test]
fn a_record_that_was_to_be_moved_and_was_refused_in_a_cell_that_comes_back_is_read_again() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    // The picture is not sent yet: the cell cannot be left before it is.
    phone.photograph((id, "building"), &[1; 500]).unwrap();
    server.hub().appends_left = 0;
    phone.round();
    phone.write(Kind::Building, Some(id), json!({"cell": other_cell()})).unwrap();
    server.hub().cells = Vec::new();
    server.hub().refuse = Box::new(|_| Some(ProblemCode::ForeignCell));
    phone.round();
    assert!(phone.get(id).is_none(), "nothing was said of what stands");
    server.hub().cells = vec![cell()];
    server.hub().refuse = Box::new(|_| None);
    phone.pass(61_000);
    server.hub().appends_left = usize::MAX;
    agree(&phone, "a cell that came back");
    assert_eq!(phone.get(id).unwrap().cell, cell());
}

#[test]
fn an_edit_during_the_round_is_not_taken_for_a_difference() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, mover) = (phone.building("一号楼"), phone.building("要搬的楼"));
    server.hub().cells = vec![cell(), other_cell()];
    phone.sync();
    let typing = phone.device.clone();
    server.hub().meanwhile = Some(Box::new(move || {
        let fields = serde_json::from_value(json!({"name": "二号楼"})).unwrap();
        typing.with_open(|open| open.write(&Kind::Building, Some(id), None, fields)).unwrap();
        let fields = serde_json::from_value(json!({"cell": other_cell()})).unwrap();
        typing.with_open(|open| open.write(&Kind::Building, Some(mover), None, fields)).unwrap();
    }));
    assert_eq!(phone.sync().differing, 0);
    assert_eq!(phone.receipt()["verified"], true);
    assert_eq!(server.hub().records[&mover].cell, other_cell());
}

#[test]
fn a_server_without_receipts_is_an_older_one_and_no_trouble() {
    let server = Server::new();
    server.hub().key = None;
    let phone = Phone::new(&server, 1);
    phone.building("一号楼");
    assert_eq!(phone.sync().differing, 0);
    assert_eq!((phone.receipt()["phase"].as_str(), phone.state().phase), (Some("none"), device::SyncPhase::Safe));
    // It is brought to the present version: its key comes with the next run's first words.
    server.hub().key = Some(ReceiptKey::from_text(&"A".repeat(43)).unwrap());
    phone.pass(61_000);
    phone.sync();
    assert_eq!(phone.receipt()["phase"], "safe");
}

#[test]
fn a_receipt_with_a_wrong_signature_is_shown_and_nothing_is_lost_or_doubted() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    let (good, counted) = (phone.receipt(), server.hub().requests.len());
    // Signed by somebody else, and saying that the server has nothing of what the phone has.
    let own = server.hub().key.replace(ReceiptKey::from_text(&"Q".repeat(43)).unwrap());
    server.hub().misstate = Box::new(|statement| statement.cells.values_mut().for_each(|cell| cell.records = 0));
    phone.pass(61_000);
    let report = phone.sync();
    assert!(report.ended_by.is_none() && report.differing == 0);
    let shown = phone.receipt();
    assert_eq!((&shown["phase"], &shown["verified"]), (&json!("unbelieved"), &json!(false)));
    assert_eq!((&shown["at"], &shown["records"]), (&good["at"], &good["records"]), "what was believed last");
    assert_eq!(phone.name(id), "一号楼");
    assert!(server.hub().requests[counted..].iter().all(|request| request.doubted.is_empty()));
    server.hub().key = own;
    server.hub().misstate = Box::new(|_| ());
    phone.sync();
    assert_eq!(phone.receipt()["phase"], "safe");
}

#[test]
fn a_receipt_for_another_phone_or_another_database_is_not_believed() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("一号楼");
    server.hub().misstate = Box::new(|statement| statement.device = enrolment(2).device);
    phone.sync();
    assert_eq!(phone.receipt()["phase"], "unbelieved");
    server.hub().misstate = Box::new(|statement| statement.epoch = Epoch(Uuid::from_u128(77)));
    phone.sync();
    assert_eq!(phone.receipt()["phase"], "unbelieved");
    // One that stops short of what the phone has read is believed, but there is nothing to compare.
    server.hub().misstate = Box::new(|statement| {
        for state in statement.cells.values_mut() {
            (state.upto, state.records) = (state.upto - 1, 0);
        }
    });
    assert_eq!(phone.sync().differing, 0);
    assert_eq!((&phone.receipt()["phase"], &phone.receipt()["verified"]), (&json!("safe"), &json!(false)));
}

#[test]
fn the_key_that_came_with_the_enrolment_stands_against_one_that_is_told_later() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let enrolled = enrolment(1);
    let keys: ServerKeys = server.hub().keys();
    phone.device.enrol_again("https://server.example", &domain::protocol::Enrolment { keys, ..enrolled }).unwrap();
    server.hub().key = Some(ReceiptKey::from_text(&"Q".repeat(43)).unwrap());
    phone.restart();
    phone.sync();
    assert_eq!(phone.receipt()["phase"], "unbelieved");
}

#[test]
fn todays_own_records_and_photos_are_counted_as_they_become_safe() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("昨天");
    phone.sync();
    phone.pass(86_400_000);
    server.hub().now += 86_400_000;
    let today = |phone: &Phone| {
        let today = phone.receipt()["today"].clone();
        ["records_safe", "records", "photos_safe", "photos"].map(|name| today[name].as_i64().unwrap())
    };
    assert_eq!(today(&phone), [0, 0, 0, 0]);
    let id = phone.building("今天");
    phone.photograph((id, "building"), &[1; 500]).unwrap();
    assert_eq!(today(&phone), [0, 1, 0, 1]);
    server.hub().appends_left = 0;
    phone.round();
    assert_eq!(today(&phone), [1, 1, 0, 1], "the picture itself is still here alone");
    server.hub().appends_left = usize::MAX;
    phone.sync();
    assert_eq!(today(&phone), [1, 1, 1, 1]);
    assert_eq!(phone.receipt()["photos"], 1, "the receipt counts what came after the text, too");
    // What a colleague writes is not the worker's own; a colleague's words in an own record do not undo it.
    server.write(change(id, Kind::Building, cell(), START + 86_500_000, json!({"floors": 3})));
    server.write(change(record_id(9), Kind::Building, cell(), START + 86_500_000, json!({"name": "同事的"})));
    phone.sync();
    assert_eq!(today(&phone), [1, 1, 1, 1]);
}
