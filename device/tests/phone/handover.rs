//! Cells that change hands, servers that come back from a backup, records that leave.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::protocol::{CallError, Proof};
use domain::{CellCode, Epoch, Kind, ProblemCode, RecordId};
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
fn what_was_written_before_a_handover_is_sent_without_what_was_written_in_the_same_record_after_it() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"units": 2}));
    phone.pass(1_000);
    phone.write(Kind::Building, Some(id), json!({"floors": 5})).unwrap();
    server.hub().cells = vec![other_cell()];
    server.hub().late = ["floors".to_owned()].into();
    phone.sync();
    let there = server.hub().records[&id].clone();
    assert_eq!((&there.fields["units"], there.fields.get("floors")), (&json!(2), None));
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    assert_eq!((refused.len(), refused[0].fields.len(), &refused[0].fields["floors"]), (1, 1, &json!(5)));
    assert_eq!((phone.state().waiting_records, phone.get(id)), (0, None));
}

#[test]
fn a_cell_with_something_that_cannot_be_sent_yet_stays() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"name": "二号楼"}));
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
fn a_restored_server_is_shown_by_the_last_receipt_whose_cell_it_was() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    assert!(server.hub().requests.iter().all(|request| request.lost_receipts.is_empty()), "nothing was lost");
    let lost = server.hub().epoch;
    {
        // The backup is from before the cell was this worker's.
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.cells = vec![other_cell()];
        hub.records.clear();
        hub.feed.clear();
        hub.requests.clear();
    }
    let report = phone.sync();
    assert_eq!((report.refused, phone.state().refused), (0, 0));
    assert_eq!(server.hub().records[&id].text("name"), Some("一号楼"), "it is back");
    assert!(phone.get(id).is_none(), "and not on a phone that holds another cell");
    let offered = server.hub().requests.iter().find(|request| !request.push.is_empty()).cloned().unwrap();
    let key = server.hub().key.as_ref().unwrap().verify_text();
    let statement = offered.lost_receipts[0].verify(&key).unwrap();
    assert_eq!((statement.epoch, statement.cells.contains_key(&cell())), (lost, true));
    let before = server.hub().requests.len();
    phone.sync();
    assert!(server.hub().requests[before].lost_receipts.is_empty(), "nothing of that cell waits any more");
}

#[test]
fn words_that_are_all_there_is_here_of_a_cell_go_to_a_restored_server_with_the_receipt_too() {
    let server = Server::new();
    server.hub().cells = vec![cell(), other_cell()];
    let phone = Phone::new(&server, 1);
    phone.sync();
    phone.pass(1_000);
    let fields = [("name", json!("一号楼")), ("building_kind", json!("farmhouse"))];
    let fields = fields.map(|(name, value)| (name.to_owned(), value)).into();
    let written = phone.device.with_open(|open| open.write(&Kind::Building, None, Some(&other_cell()), fields));
    let id = written.unwrap();
    {
        // The backup is from before that cell was this worker's.
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.cells = vec![cell()];
        hub.requests.clear();
        let unknown = AtomicBool::new(true);
        hub.refuse = Box::new(move |_| unknown.swap(false, Ordering::SeqCst).then_some(ProblemCode::ForeignCell));
    }
    phone.sync();
    let offered = server.hub().requests.iter().rfind(|request| !request.push.is_empty()).cloned().unwrap();
    let key = server.hub().key.as_ref().unwrap().verify_text();
    assert!(offered.lost_receipts[0].verify(&key).unwrap().cells.contains_key(&other_cell()));
    assert_eq!((server.hub().records.contains_key(&id), phone.state().refused), (true, 0));
    let before = server.hub().requests.len();
    phone.sync();
    assert!(server.hub().requests[before].lost_receipts.is_empty() && phone.get(id).is_none());
}

#[test]
fn what_has_left_and_waits_for_its_last_word_is_offered_whole_to_a_restored_server() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"floors": 5}));
    server.write(change(id, Kind::Building, cell(), START + 500, json!({"cell": other_cell()})));
    server.hub().refuse = Box::new(|_| Some(ProblemCode::StampFuture));
    phone.round();
    assert_eq!(phone.name(id), "一号楼", "it stays for what is unsent of it");
    {
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.records.clear();
        hub.feed.clear();
        // A part of a record that the server lacks is refused.
        hub.refuse = Box::new(|change| (!change.fields.contains_key("building_kind")).then_some(ProblemCode::Required));
    }
    phone.sync();
    assert_eq!(server.hub().records[&id].text("name"), Some("一号楼"));
    assert_eq!(server.hub().records[&id].fields["floors"], json!(5));
    assert_eq!((phone.state().waiting_records, phone.state().refused), (0, 0));
}

#[test]
fn what_a_worker_wrote_and_a_restored_server_refuses_as_a_whole_is_theirs_to_look_at() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (own, foreign) = (phone.building("一号楼"), record_id(7));
    server.write(change(
        foreign,
        Kind::Building,
        cell(),
        START,
        json!({"name": "二号楼", "building_kind": "farmhouse"}),
    ));
    phone.sync();
    {
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.cells = vec![other_cell()];
        hub.records.clear();
        hub.feed.clear();
        hub.refuse = Box::new(|_| Some(ProblemCode::ForeignCell));
    }
    let report = phone.sync();
    assert_eq!((report.refused, phone.state().refused), (1, 1), "the own one, which no other phone need have");
    assert!(phone.get(own).is_none() && phone.get(foreign).is_none());
}

#[test]
fn late_words_that_a_restored_server_refuses_do_not_take_the_rest_of_their_record_along() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"floors": 5}));
    {
        // The backup knows nothing of the building, and that the cell was given to somebody else before the last words.
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.cells = vec![other_cell()];
        hub.records.clear();
        hub.feed.clear();
        hub.refuse = Box::new(|change| change.fields.contains_key("floors").then_some(ProblemCode::ForeignCell));
    }
    phone.sync();
    let there = server.hub().records[&id].clone();
    assert_eq!((there.text("name"), there.fields.get("floors")), (Some("一号楼"), None), "what was taken once is back");
    assert!(phone.get(id).is_none());
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    assert_eq!((refused.len(), refused[0].fields.len(), &refused[0].fields["floors"]), (1, 1, &json!(5)));
}

#[test]
fn an_unsent_move_that_a_restored_server_refuses_keeps_nothing_else_from_it() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"floors": 5}));
    let before = server.hub().records[&id].clone();
    phone.sync();
    phone.pass(1_000);
    phone.write(Kind::Building, Some(id), json!({"cell": other_cell()})).unwrap();
    {
        // The backup has the building, and not how many floors it has; the other cell is not this worker's there.
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.records.insert(id, before);
        hub.refuse = Box::new(|change| change.fields.contains_key("cell").then_some(ProblemCode::ForeignCell));
    }
    phone.sync();
    phone.sync();
    let there = server.hub().records[&id].clone();
    assert_eq!((&there.fields["floors"], &there.cell), (&json!(5), &cell()));
    assert_eq!(phone.get(id).unwrap().cell, cell());
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    assert_eq!((refused.len(), refused[0].fields.keys().map(String::as_str).collect::<Vec<_>>()), (1, vec!["cell"]));
}

#[test]
fn what_a_restored_server_has_lost_and_does_not_take_is_kept_by_the_phone_that_shows_it() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"floors": 5}));
    let before = server.hub().records[&id].clone();
    phone.sync();
    {
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.records.insert(id, before);
        hub.refuse = Box::new(|change| change.fields.contains_key("floors").then_some(ProblemCode::EndBeforeStart));
    }
    phone.sync();
    assert!(!phone.get(id).unwrap().fields.contains_key("floors"), "it shows what the server has");
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    assert_eq!((refused.len(), &refused[0].fields["floors"]), (1, &json!(5)));
}

#[test]
fn a_refused_word_is_not_replaced_by_what_stood_under_it_when_a_restored_server_does_not_take_that() {
    for has_record in [false, true] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        let id = phone.building_with_unsent(json!({"name": "二号楼"}));
        server.hub().refuse = Box::new(|_| Some(ProblemCode::EndBeforeStart));
        phone.sync();
        let refused = || phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
        assert_eq!((phone.name(id).as_str(), &refused()[0].fields["name"]), ("一号楼", &json!("二号楼")));
        {
            let mut hub = server.hub();
            hub.epoch = Epoch(Uuid::from_u128(2));
            if has_record {
                hub.records.get_mut(&id).unwrap().fields.remove("name");
            } else {
                hub.records.clear();
                hub.feed.clear();
            }
        }
        phone.sync();
        assert_eq!(refused()[0].fields["name"], json!("二号楼"), "has the record: {has_record}");
    }
}

#[test]
fn a_moved_record_is_offered_to_a_restored_server_with_the_proof_of_its_move_whatever_was_written_since() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let proof = Proof("moved".to_owned());
    let id = record_id(7);
    let fields = json!({"name": "一号楼", "building_kind": "farmhouse", "cell": cell()});
    server.write(change(id, Kind::Building, cell(), START, fields));
    server.hub().moves = [(id, proof.clone())].into();
    phone.sync();
    phone.pass(1_000);
    phone.rename(id, "后来的");
    phone.sync();
    server.hub().moves.clear();
    server.hub().epoch = Epoch(Uuid::from_u128(2));
    server.hub().requests.clear();
    phone.sync();
    let offered = server.hub().requests.iter().find(|request| !request.push.is_empty()).cloned().unwrap();
    assert_eq!(offered.push[0].fields["name"], json!("后来的"));
    assert_eq!(offered.proofs.get(&id), Some(&proof));
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

/// A building that was written here in one of two cells of the phone's, and that lies elsewhere by now; so much else is new in the phone's
/// other cell that this is read to its end with the third answer alone.
fn moves_behind_others(from: &CellCode, to: &CellCode) -> (Server, Phone, RecordId) {
    let server = Server::new();
    server.hub().cells = vec![cell(), other_cell()];
    let phone = Phone::new(&server, 1);
    phone.sync();
    let fields = json!({"name": "一号楼", "building_kind": "farmhouse"});
    let saved = phone.call("save", json!({"kind": "building", "id": null, "cell": from, "fields": fields}));
    let id: RecordId = saved["id"].as_str().unwrap().parse().unwrap();
    phone.sync();
    let other = if *from == cell() { other_cell() } else { cell() };
    let colleagues = |number: u128| change(record_id(number), Kind::Building, other.clone(), START, fields.clone());
    server.write(colleagues(1));
    server.write(colleagues(2));
    server.write(change(id, Kind::Building, from.clone(), START + 1_000, json!({"cell": to})));
    if *to != other {
        server.write(colleagues(3));
    }
    server.hub().page_records = 1;
    (server, phone, id)
}

#[test]
fn a_record_that_comes_with_a_later_page_is_not_missing_between_two_answers() {
    for (from, to) in [(cell(), other_cell()), (other_cell(), cell())] {
        let (server, mut phone, id) = moves_behind_others(&from, &to);
        // Of each round one answer comes, and then the power fails.
        for came in 1..=3 {
            server.hub().answers_left = 1;
            phone.round();
            phone.restart();
            assert!(phone.get(id).is_some(), "after {came} answers on the way from {from}");
        }
        assert_eq!(phone.get(id).unwrap().cell, to);
        {
            let mut hub = server.hub();
            (hub.answers_left, hub.page_records) = (usize::MAX, 1_000);
            hub.epoch = Epoch(Uuid::from_u128(2));
            hub.records.clear();
            hub.feed.clear();
            hub.refuse = Box::new(|_| Some(ProblemCode::ForeignCell));
        }
        phone.sync();
        assert_eq!(
            phone.state().refused,
            1,
            "who wrote in it is known as before; the others are no words of this worker's"
        );
    }
}

#[test]
fn what_is_written_between_two_answers_in_a_record_that_comes_with_a_later_page_is_sent() {
    let (server, mut phone, id) = moves_behind_others(&cell(), &other_cell());
    server.hub().answers_left = 1;
    phone.round();
    phone.restart();
    phone.pass(2_000);
    phone.rename(id, "二号楼");
    server.hub().now += 2_000;
    server.hub().answers_left = usize::MAX;
    phone.sync();
    assert_eq!((phone.name(id), phone.get(id).unwrap().cell), ("二号楼".to_owned(), other_cell()));
    assert_eq!(server.hub().records[&id].text("name"), Some("二号楼"));
    assert_eq!((phone.state().waiting_records, phone.state().refused), (0, 0));
}

#[test]
fn a_record_that_came_with_no_other_cell_goes_once_every_feed_was_read_also_when_the_power_failed_between() {
    let foreign = CellCode::new("610722001001003").unwrap();
    let (server, mut phone, id) = moves_behind_others(&cell(), &foreign);
    server.hub().answers_left = 1;
    phone.round();
    phone.restart();
    assert!(phone.get(id).is_some(), "it may still come");
    server.hub().answers_left = usize::MAX;
    let report = phone.sync();
    assert!(phone.get(id).is_none());
    assert_eq!(report.differing, 0, "and counts for nothing");
}

#[test]
fn what_is_new_lies_in_a_cell_that_goes_on_though_the_one_that_was_merged_has_the_smaller_code() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    server.hub().cells = vec![cell(), other_cell()];
    let own = json!({"code": cell(), "name": "第1网格", "cell_kind": "general"});
    server.write(change(record_id(1), Kind::Cell, cell(), START, own));
    phone.sync();
    assert_eq!(phone.get(phone.building("一号楼")).unwrap().cell, cell());
    let merged = json!({"succeeded_by": other_cell()});
    server.write(change(record_id(1), Kind::Cell, cell(), START + 1_000, merged));
    phone.sync();
    assert_eq!(phone.get(phone.building("二号楼")).unwrap().cell, other_cell());
    let fields = json!({"name": "三号楼", "building_kind": "farmhouse"});
    let saved = phone.call("save", json!({"kind": "building", "id": null, "cell": null, "fields": fields}));
    assert_eq!(phone.get(saved["id"].as_str().unwrap().parse().unwrap()).unwrap().cell, other_cell());
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

#[test]
fn a_record_that_left_stays_while_photos_are_still_to_be_stored_for_it() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    let following = format!("report-stored:{id}");
    phone.call("save_draft", json!({"key": "report-photo:a", "value": {"pieces": 0}}));
    phone.call("save_draft", json!({"key": following, "value": {"incident": id, "photos": ["report-photo:a"]}}));
    server.write(change(id, Kind::Building, cell(), START + 500, json!({"cell": other_cell()})));
    phone.round();
    assert!(phone.get(id).is_some());
    phone.call("drop_draft", json!({"key": following}));
    phone.round();
    assert!(phone.get(id).is_none());
}
