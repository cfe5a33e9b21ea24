//! More than one page: while one is under way the next is gathered and the last stored, and nothing is sent twice or lost for it.

use domain::{Change, Epoch, Kind, ProblemCode, RecordId};
use serde_json::json;
use uuid::Uuid;

use crate::fake::*;
use crate::phones::*;

/// A phone that sends every record in a page of its own, with this many buildings that the server has not seen.
fn with_pages(server: &Server, count: usize) -> (Phone, Vec<RecordId>) {
    server.hub().cut = 1;
    let phone = Phone::new(server, 1);
    let ids = (0..count).map(|number| phone.building(&format!("{number}号楼"))).collect();
    (phone, ids)
}

/// What each request brought, by the names of the records.
fn sent(server: &Server) -> Vec<Vec<RecordId>> {
    let ids = |request: &domain::protocol::ExchangeRequest| request.push.iter().map(|change| change.id).collect();
    server.hub().requests.iter().map(ids).collect()
}

#[test]
fn every_record_goes_up_once_and_what_is_new_comes_down_after_the_last() {
    let server = Server::new();
    let (phone, ids) = with_pages(&server, 4);
    server.write(change(record_id(9), Kind::Building, cell(), START, json!({"name": "同事的楼"})));
    let report = phone.sync();
    assert_eq!((report.accepted, report.pulled), (4, 1));
    let mut up: Vec<RecordId> = sent(&server).into_iter().flatten().collect();
    up.sort();
    let mut wanted = ids.clone();
    wanted.sort();
    assert_eq!(up, wanted, "each once");
    let rooms: Vec<bool> = server.hub().requests.iter().map(|request| request.room == Some(0)).collect();
    assert_eq!(
        rooms,
        [true, true, true, false],
        "nothing comes down before everything is up, and then it does with the last page"
    );
    assert_eq!(phone.state().waiting_records, 0);
    let epochs: Vec<bool> = server.hub().requests.iter().map(|request| request.epoch.is_some()).collect();
    assert_eq!(epochs, [false, true, true, true], "the second request goes on from the first answer, stored or not");
    phone.sync();
    assert_eq!(server.hub().requests.len(), 5, "a round without news is one request");
}

#[test]
fn a_connection_that_breaks_between_pages_loses_nothing_and_repeats_only_what_was_not_answered() {
    let server = Server::new();
    let (mut phone, ids) = with_pages(&server, 4);
    // Two are answered, the third is taken and its answer lost.
    server.hub().answers_left = 2;
    phone.round();
    server.hub().answers_left = usize::MAX;
    assert_eq!(phone.state().waiting_records, 2, "both answers that were heard are stored");
    phone.restart();
    server.hub().requests.clear();
    let report = phone.sync();
    assert_eq!(report.accepted, 2);
    assert_eq!(sent(&server).concat().len(), 2, "the other two are not sent again");
    assert!(ids.iter().all(|id| phone.is_sent(*id)));
    assert_eq!(server.hub().records.len(), 4);
}

#[test]
fn what_is_written_while_pages_are_under_way_goes_up_in_the_same_round() {
    let server = Server::new();
    let (phone, ids) = with_pages(&server, 3);
    let (device, first) = (phone.device.clone(), ids[0]);
    server.hub().meanwhile = Some(Box::new(move || {
        let fields = serde_json::from_value(json!({"name": "改名"})).unwrap();
        device.with_open(|open| open.write(&Kind::Building, Some(first), None, fields)).unwrap();
    }));
    phone.sync();
    assert_eq!(server.hub().records[&first].text("name"), Some("改名"));
    assert!(phone.is_sent(first));
}

#[test]
fn a_refusal_on_the_way_has_the_rest_gathered_anew() {
    let server = Server::new();
    let (phone, ids) = with_pages(&server, 4);
    let mut sorted = ids.clone();
    sorted.sort();
    let refused = sorted[1];
    server.hub().refuse = Box::new(move |change| (change.id == refused).then_some(ProblemCode::ForeignCell));
    let report = phone.sync();
    assert_eq!((report.accepted, report.refused), (3, 1));
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    assert_eq!((refused.len(), refused[0].id), (1, sorted[1]));
    assert_eq!(server.hub().records.len(), 3);
}

#[test]
fn a_server_that_was_put_back_between_two_pages_is_offered_everything() {
    let server = Server::new();
    let (phone, ids) = with_pages(&server, 4);
    let other = server.clone();
    server.hub().meanwhile = Some(Box::new(move || {
        let mut hub = other.hub();
        // What it had just taken is gone with its old database.
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.records.clear();
        hub.feed.clear();
    }));
    phone.sync();
    phone.sync();
    assert!(ids.iter().all(|id| server.hub().records.contains_key(id)), "{}", server.hub().records.len());
    assert_eq!(phone.state().waiting_records, 0);
}

#[test]
fn a_page_that_comes_down_is_stored_before_the_round_ends_however_the_next_one_fares() {
    let server = Server::new();
    server.hub().page_records = 2;
    let phone = Phone::new(&server, 1);
    for number in 1..=6 {
        let name = json!({"name": format!("{number}号楼")});
        server.write(change(record_id(number), Kind::Building, cell(), START, name));
    }
    server.hub().answers_left = 2;
    phone.round();
    server.hub().answers_left = usize::MAX;
    let here = || (1..=6).filter(|number| phone.get(record_id(*number)).is_some()).count();
    assert_eq!(here(), 4);
    server.hub().requests.clear();
    phone.sync();
    assert_eq!((here(), server.hub().requests.len()), (6, 1), "it went on where it was");
}

#[test]
fn an_older_word_that_is_refused_later_does_not_take_the_place_of_the_later_one() {
    let server = Server::new();
    server.hub().cut = 1;
    let phone = Phone::new(&server, 1);
    let id = phone.overtaken_building(json!({ "name": "先前的" }));
    phone.rename(id, "后来的");
    server.hub().refuse = Box::new(|_| Some(ProblemCode::ForeignCell));
    server.hub().requests.clear();
    phone.sync();
    assert_eq!(sent(&server).iter().filter(|ids| !ids.is_empty()).count(), 2, "in two pages");
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    assert_eq!((refused.len(), &refused[0].fields["name"]), (1, &json!("后来的")));
}

#[test]
fn words_of_one_moment_that_are_refused_in_different_pages_are_all_kept() {
    let server = Server::new();
    server.hub().cut = 1;
    let phone = Phone::new(&server, 1);
    phone.overtaken_building(json!({"name": "我的楼", "floors": 5}));
    server.hub().refuse = Box::new(|_| Some(ProblemCode::ForeignCell));
    server.hub().requests.clear();
    phone.sync();
    assert_eq!(sent(&server).iter().filter(|ids| !ids.is_empty()).count(), 2, "in two pages");
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!((&refused[0].fields["name"], &refused[0].fields["floors"]), (&json!("我的楼"), &json!(5)));
}

#[test]
fn an_older_word_is_sent_although_its_record_has_left_before_it_could_be() {
    let server = Server::new();
    server.hub().cut = 1;
    let phone = Phone::new(&server, 1);
    let id = phone.overtaken_building(json!({ "name": "先前的" }));
    server.hub().refuse = Box::new(|_| None);
    // The page is full of something else when the record leaves.
    phone.building("二号楼");
    server.write(change(id, Kind::Building, cell(), START + 120_000, json!({"cell": other_cell()})));
    server.hub().requests.clear();
    phone.sync();
    let words: Vec<Change> = server.hub().requests.iter().flat_map(|request| request.push.clone()).collect();
    assert!(words.iter().any(|word| word.fields.get("name") == Some(&json!("先前的"))), "{words:?}");
    assert!(phone.get(id).is_none(), "and then it goes");
    assert_eq!((phone.state().waiting_records, phone.state().refused), (0, 0));
}

#[test]
fn an_older_word_joins_the_refused_ones_when_its_record_goes_with_them() {
    let server = Server::new();
    server.hub().cut = 1;
    let phone = Phone::new(&server, 1);
    let id = phone.overtaken_building(json!({ "name": "先前的" }));
    phone.write(Kind::Building, Some(id), json!({"floors": 5})).unwrap();
    // The record is not this phone's to see any more.
    server.hub().cells = vec![other_cell()];
    server.hub().refuse = Box::new(|_| Some(ProblemCode::ForeignCell));
    phone.sync();
    assert!(phone.get(id).is_none());
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!((&refused[0].fields["name"], &refused[0].fields["floors"]), (&json!("先前的"), &json!(5)));
}

#[test]
fn what_was_written_again_while_it_was_refused_leaves_no_empty_entry() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"name": "先前的"}));
    let device = phone.device.clone();
    server.hub().refuse = Box::new(move |change| {
        let refused = change.fields.get("name") == Some(&json!("先前的"));
        if refused {
            let fields = serde_json::from_value(json!({"name": "后来的"})).unwrap();
            device.with_open(|open: &mut device::Open| open.write(&Kind::Building, Some(id), None, fields)).unwrap();
        }
        refused.then_some(ProblemCode::TooLong)
    });
    phone.sync();
    assert_eq!((phone.state().waiting_records, phone.state().refused), (0, 0));
    assert_eq!(server.hub().records[&id].text("name"), Some("后来的"));
}
