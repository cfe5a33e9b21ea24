//! Answers that make no sense: thrown away whole, and nothing stored changes.

use device::DeviceError;
use domain::protocol::{CallError, ExchangeAnswer, FeedPage, Verdict};
use domain::{Change, Kind, Record};
use serde_json::json;

use crate::fake::*;
use crate::phones::*;

fn page(cell: domain::CellCode, upto: u64, records: Vec<Record>) -> FeedPage {
    FeedPage {
        cell,
        upto,
        records,
        gone: Vec::new(),
        erased: Vec::new(),
        conflicts: Vec::new(),
        proofs: Default::default(),
        moves: Default::default(),
    }
}

fn building(id: u128, cell: domain::CellCode) -> Record {
    change(record_id(id), Kind::Building, cell, START + 60_000, json!({"name": "敌", "building_kind": "farmhouse"}))
        .into_record()
}

#[test]
fn nonsense_from_the_server_changes_nothing_and_is_repeated_later() {
    let spoils: Vec<Box<dyn Fn(&mut ExchangeAnswer) + Send>> = vec![
        Box::new(|answer| answer.verdicts.clear()),
        Box::new(|answer| answer.verdicts.push(Verdict::Accepted)),
        Box::new(|answer| answer.pages.push(page(other_cell(), 5, vec![building(50, other_cell())]))),
        Box::new(|answer| answer.pages[0].records.push(building(50, other_cell()))),
        Box::new(|answer| answer.pages[0].upto = 0),
        Box::new(|answer| (answer.pages, answer.more) = (Vec::new(), true)),
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        let old = phone.building("旧楼");
        phone.sync();
        phone.pass(1_000);
        let id = phone.building("一号楼");
        server.hub().spoil = spoil;
        let ended_by = phone.round().ended_by;
        assert!(matches!(ended_by, Some(DeviceError::Call(CallError::Unreadable(_)))), "{number}: {ended_by:?}");
        assert_eq!((phone.name(id), phone.name(old)), ("一号楼".into(), "旧楼".into()));
        assert!(phone.get(record_id(50)).is_none(), "{number}");
        server.hub().spoil = Box::new(|_| ());
        phone.sync();
        assert!(phone.is_sent(id), "{number}");
    }
}

#[test]
fn a_record_under_another_kind_is_left_out_and_the_rest_comes() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    // Without receipts: what such a server has and what it sends are two things.
    server.hub().key = None;
    server.hub().spoil = Box::new(move |answer| {
        let mut odd = building(0, cell());
        (odd.id, odd.kind) = (id, Kind::Person);
        answer.pages[0].records = vec![odd, building(51, cell())];
    });
    phone.sync();
    assert_eq!(phone.get(id).unwrap().kind, Kind::Building);
    assert_eq!(phone.name(record_id(51)), "敌");
}

#[test]
fn kinds_and_fields_of_a_newer_version_are_kept_unread() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = record_id(60);
    server.write(change(
        id,
        Kind::from_name("kind_of_tomorrow"),
        cell(),
        START,
        json!({"landlord": {"name": "甲"}, "deep": [[[1]]]}),
    ));
    phone.sync();
    assert_eq!(phone.get(id).as_ref(), server.hub().records.get(&id));
}

#[test]
fn an_append_only_record_that_differs_is_the_servers_and_own_words_are_kept() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.visit(record_id(77));
    let mut theirs = phone.get(id).unwrap();
    theirs.fields.insert("result".into(), json!("absent"));
    let common = domain::Stamp::new(START, 0, domain::Node(7));
    theirs.stamps = domain::Stamps::all(common);
    server.write(Change::from_record(theirs));
    phone.sync();
    assert_eq!(phone.get(id).unwrap().text("result"), Some("absent"));
    let refused = phone.device.with_open(|open| open.refused()).unwrap();
    assert_eq!(refused[0].fields["result"], "met");
    assert_eq!(phone.state().waiting_records, 0);
}
