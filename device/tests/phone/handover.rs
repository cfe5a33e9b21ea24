//! Cells that change hands, servers that come back from a backup, records that leave.

use domain::protocol::CallError;
use domain::{Epoch, Kind, ProblemCode};
use serde_json::json;
use uuid::Uuid;

use crate::fake::*;
use crate::phones::*;

#[test]
fn a_cell_that_was_taken_away_goes_only_when_nothing_of_it_is_unsent() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (sent, unsent) = (phone.building("已送"), phone.building("未送"));
    phone.sync();
    phone.pass(1_000);
    phone.rename(unsent, "改了");
    server.hub().cells = vec![other_cell()];
    server.hub().lose_answers.push_back(CallError::Offline("cut".into()));
    phone.round();
    assert!(phone.get(sent).is_some());
    phone.sync();
    assert_eq!(server.hub().records[&unsent].text("name"), Some("改了"), "taken after the handover too");
    assert!(phone.get(sent).is_none() && phone.get(unsent).is_none());
    let cells = phone.device.with_open::<_, device::DeviceError>(|open| Ok(open.cells().to_vec())).unwrap();
    assert_eq!(cells, [other_cell()]);
}

#[test]
fn a_cell_with_something_that_cannot_be_sent_yet_stays() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    phone.pass(1_000);
    phone.rename(id, "二号楼");
    server.hub().cells = Vec::new();
    server.hub().refuse = Box::new(|_| Some(ProblemCode::StampFuture));
    phone.round();
    assert_eq!(phone.name(id), "二号楼");
    server.hub().refuse = Box::new(|_| None);
    phone.sync();
    assert!(phone.get(id).is_none());
}

#[test]
fn after_a_restore_everything_that_a_phone_holds_is_offered_again() {
    let server = Server::new();
    let (writer, reader) = (Phone::new(&server, 1), Phone::new(&server, 2));
    let (early, late) = (writer.building("早"), writer.building("晚"));
    writer.sync();
    reader.sync();
    reader.pass(1_000);
    reader.rename(late, "晚上");
    {
        // The backup is from before the second building.
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.records.remove(&late);
        hub.feed.insert(cell(), vec![(early, false, domain::Node(0))]);
        // A part of a record that the server lacks is refused.
        hub.refuse = Box::new(|change| (!change.fields.contains_key("building_kind")).then_some(ProblemCode::Required));
    }
    let report = reader.sync();
    assert_eq!(report.refused, 0);
    assert_eq!(server.hub().records[&late].text("name"), Some("晚上"));
    assert_eq!(server.hub().records[&early].text("name"), Some("早"));
    assert_eq!((reader.state().waiting_records, reader.state().refused), (0, 0));
    let offered = server.hub().requests.len();
    reader.sync();
    assert!(server.hub().requests[offered].push.is_empty(), "once");
}

#[test]
fn what_a_restored_server_refuses_of_the_offer_stays_on_the_phone() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let review = record_id(8);
    let fields = json!({"target": record_id(1), "target_kind": "building", "verdict": "approved", "at": START});
    server.write(change(review, Kind::Review, cell(), START, fields));
    phone.sync();
    server.hub().epoch = Epoch(Uuid::from_u128(2));
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Review).then_some(ProblemCode::NotAllowed));
    let report = phone.sync();
    assert_eq!(report.refused, 0);
    assert!(phone.get(review).is_some());
    assert_eq!(phone.state().refused, 0);
}

#[test]
fn a_record_that_left_the_cell_goes_and_one_with_unsent_words_goes_after_them() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (plain, edited) = (phone.building("走"), phone.building("改"));
    phone.sync();
    phone.pass(1_000);
    phone.rename(edited, "改过");
    for id in [plain, edited] {
        server.write(change(id, Kind::Building, cell(), START + 500, json!({"cell": other_cell()})));
    }
    server.hub().refuse = Box::new(|_| Some(ProblemCode::StampFuture));
    phone.round();
    assert!(phone.get(plain).is_none());
    assert_eq!(phone.name(edited), "改过");
    server.hub().refuse = Box::new(|_| None);
    phone.sync();
    assert!(phone.get(edited).is_none());
    assert_eq!(server.hub().records[&edited].text("name"), Some("改过"));
}

#[test]
fn a_record_that_moved_between_two_held_cells_stays() {
    let server = Server::new();
    server.hub().cells = vec![other_cell(), cell()];
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    server.write(change(id, Kind::Building, cell(), START + 1_000, json!({"cell": other_cell()})));
    phone.sync();
    assert_eq!(phone.get(id).unwrap().cell, other_cell());
}

#[test]
fn what_was_erased_on_purpose_leaves_no_words_behind() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    server.hub().refuse = Box::new(|_| Some(ProblemCode::Erased));
    phone.sync();
    assert!(phone.get(id).is_none());
    assert_eq!(phone.state().refused, 0);
}
