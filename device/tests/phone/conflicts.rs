//! Values that were set aside: seen at once, kept until the worker decides, and never in the way of what is to be sent.

use domain::conflict::{Conflict, Hand, Writer};
use domain::protocol::CallError;
use domain::{AccountId, Kind, Node, RecordId, Stamp};
use serde_json::{Value, json};

use crate::fake::*;
use crate::phones::*;

/// What the server tells of a name that lost against a colleague's.
fn told(phone: &Phone, id: RecordId, value: &str, at: i64) -> Conflict {
    let account = AccountId::new("colleague").unwrap();
    Conflict {
        record: id,
        field: "name".into(),
        value: json!(value),
        stamp: Stamp::new(at, 0, Node(7)),
        by: None,
        won_stamp: phone.get(id).unwrap().stamps.of("name"),
        won_by: Some(Writer { account, name: "同事".into(), hand: Hand::OtherPhone }),
    }
}

/// The conflicts that the screens show of a building.
fn shown(phone: &Phone, id: RecordId) -> Vec<Value> {
    phone.call("record", json!({"id": id}))["conflicts"].as_array().unwrap().clone()
}

/// The server tells of these conflicts with the record, which it sends again.
fn tell(server: &Server, phone: &Phone, id: RecordId, conflicts: Vec<Conflict>) {
    server.hub().conflicts = conflicts;
    server.hub().feed.entry(cell()).or_default().push((id, false, Node(0)));
    phone.sync();
}

/// A building, and another name of it that was set aside, as the server tells of it.
fn building_with_another_name(server: &Server, phone: &Phone) -> (RecordId, Conflict) {
    let id = phone.building("一号楼");
    phone.sync();
    let conflict = told(phone, id, "另一个", START);
    tell(server, phone, id, vec![conflict.clone()]);
    (id, conflict)
}

/// The same, and the worker has seen enough of it.
fn dismissed(server: &Server, phone: &Phone) -> (RecordId, Conflict) {
    let (id, conflict) = building_with_another_name(server, phone);
    phone.call("dismiss_conflict", json!({"id": id, "field": "name", "stamp": conflict.stamp}));
    (id, conflict)
}

/// How many conflicts the phone has noted, shown or not.
fn rows(phone: &Phone) -> i64 {
    let count = phone.device.with_open(|open| {
        let count =
            open.store().connection().query_row("SELECT count(*) FROM conflict", [], |row| row.get::<_, i64>(0));
        Ok::<_, device::DeviceError>(count.unwrap())
    });
    count.unwrap()
}

#[test]
fn an_own_value_that_a_pull_overtakes_is_shown_before_the_server_knows_of_it() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.overtaken_building(json!({ "name": "我的楼" }));
    server.hub().offline = Some(CallError::Offline("in the cellar".into()));
    let lines = shown(&phone, id);
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["present"]["value"], &lines[0]["other"]["value"]), (&json!("同事的楼"), &json!("我的楼")));
    assert_eq!((&lines[0]["other"]["whose"], &lines[0]["present"]["whose"]), (&json!("mine"), &json!("unknown")));
    // And one tap lets it stand, without any network.
    phone.call("restore_value", json!({"id": id, "field": "name", "stamp": lines[0]["stamp"]}));
    assert_eq!(phone.name(id), "我的楼");
    server.hub().offline = None;
    server.hub().refuse = Box::new(|_| None);
    phone.pass(120_000);
    server.hub().now += 120_000;
    phone.sync();
    assert_eq!(server.hub().records[&id].text("name"), Some("我的楼"));
    assert_eq!(phone.state().waiting_records, 0, "nothing is left to send");
}

#[test]
fn an_overtaken_value_is_decided_by_writing_the_field_anew() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.overtaken_building(json!({ "name": "我的楼" }));
    assert_eq!(shown(&phone, id).len(), 1);
    phone.rename(id, "八号楼");
    assert!(shown(&phone, id).is_empty(), "both were before the worker's eyes");
    assert_eq!(phone.state().waiting_records, 1, "the overtaken value still goes up, for the history");
}

#[test]
fn of_two_words_of_one_field_that_are_refused_at_once_the_later_one_is_kept() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.overtaken_building(json!({ "name": "先前的" }));
    phone.rename(id, "后来的");
    // The one that was overtaken and the one typed since go up together, and neither is taken.
    server.hub().refuse = Box::new(|_| Some(domain::ProblemCode::ForeignCell));
    phone.sync();
    assert_eq!(server.hub().requests.last().unwrap().push.len(), 2, "both went up together");
    assert_eq!(phone.state().waiting_records, 0);
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    assert_eq!((refused.len(), &refused[0].fields["name"]), (1, &json!("后来的")));
}

#[test]
fn what_the_server_told_stays_until_the_server_settles_it() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    let before = phone.device.sync_state().unwrap().generation;
    tell(&server, &phone, id, vec![told(&phone, id, "另一个", START)]);
    assert!(
        phone.device.sync_state().unwrap().generation > before,
        "the screens read again although the record is the same"
    );
    assert_eq!(shown(&phone, id).len(), 1);
    phone.sync();
    assert_eq!(shown(&phone, id).len(), 1, "a round that says nothing of the record settles nothing");
    tell(&server, &phone, id, Vec::new());
    assert!(shown(&phone, id).is_empty());
}

#[test]
fn what_the_worker_dismissed_is_not_shown_again_when_its_record_is_moved_to_another_cell_of_the_phone() {
    let server = Server::new();
    server.hub().cells = vec![cell(), other_cell()];
    let phone = Phone::new(&server, 1);
    let (id, _) = dismissed(&server, &phone);
    server.write(change(id, Kind::Building, cell(), START + 1_000, json!({"cell": other_cell()})));
    phone.sync();
    assert_eq!(phone.get(id).unwrap().cell, other_cell());
    assert!(shown(&phone, id).is_empty(), "the page of the cell that it left comes first");
}

#[test]
fn what_the_worker_dismissed_is_not_shown_again_when_the_server_tells_it_again() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, conflict) = dismissed(&server, &phone);
    assert!(shown(&phone, id).is_empty());
    tell(&server, &phone, id, vec![conflict.clone(), told(&phone, id, "第三个", START + 1)]);
    let lines = shown(&phone, id);
    assert_eq!((lines.len(), &lines[0]["other"]["value"]), (1, &json!("第三个")));
    assert_eq!(phone.name(id), "一号楼");
}

#[test]
fn writing_the_field_anew_decides_and_writing_another_one_does_not() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, _) = building_with_another_name(&server, &phone);
    let edit = |fields: Value| {
        phone.call("save", json!({"kind": "building", "id": id, "fields": fields}));
    };
    edit(json!({"floors": 6}));
    assert_eq!(shown(&phone, id).len(), 1);
    edit(json!({"name": "八号楼"}));
    assert!(shown(&phone, id).is_empty());
}

#[test]
fn a_record_that_leaves_takes_its_conflicts_along() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, _) = building_with_another_name(&server, &phone);
    server.hub().conflicts.clear();
    server.hub().feed.entry(cell()).or_default().push((id, true, Node(0)));
    phone.sync();
    assert_eq!(rows(&phone), 0);
}

#[test]
fn what_was_decided_long_ago_goes_though_the_server_tells_of_nothing_more() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, _) = dismissed(&server, &phone);
    tell(&server, &phone, id, Vec::new());
    assert_eq!(rows(&phone), 1, "an old answer may come late");
    let long = domain::conflict::CONFLICT_TOLD_FOR + 60_000;
    phone.pass(long);
    server.hub().now += long;
    tell(&server, &phone, id, Vec::new());
    assert_eq!(rows(&phone), 0);
}

#[test]
fn a_server_that_tells_of_other_records_or_far_too_much_is_not_believed() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, other) = (phone.building("一号楼"), phone.building("二号楼"));
    phone.sync();
    let many = (0..500).map(|number| told(&phone, id, &format!("第{number}个"), START + number));
    let mut odd = told(&phone, id, "坏字段", START);
    odd.field = "Not A Field; DROP".into();
    let all: Vec<Conflict> = [odd, told(&phone, other, "别的楼", START)].into_iter().chain(many).collect();
    server.hub().spoil = Box::new(move |answer| {
        for page in &mut answer.pages {
            page.conflicts.clone_from(&all);
        }
    });
    server.hub().feed.entry(cell()).or_default().push((id, false, Node(0)));
    phone.sync();
    assert_eq!(shown(&phone, id).len(), domain::conflict::CONFLICTS_TOLD_MAX);
    assert!(shown(&phone, other).is_empty());
}

/// A building that a form shows, and a colleague's name for it that comes down before the form is saved; what the form showed.
fn form_before_a_pull(server: &Server, phone: &Phone) -> (RecordId, Value) {
    let id = phone.building("一号楼");
    phone.sync();
    let seen = phone.call("record", json!({"id": id}))["seen"].clone();
    server.write(change(id, Kind::Building, cell(), START + 5_000, json!({"name": "同事的楼", "floors": 6})));
    phone.pass(10_000);
    phone.sync();
    assert_eq!(phone.name(id), "同事的楼");
    server.hub().lost.clear();
    (id, seen)
}

#[test]
fn what_is_saved_from_a_form_does_not_claim_to_know_what_came_down_since_it_was_opened() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, seen) = form_before_a_pull(&server, &phone);
    let words = json!({"name": "我的楼", "floors": 7, "units": 2});
    phone.call("save", json!({"kind": "building", "id": id, "fields": words, "seen": seen}));
    phone.sync();
    let hub = server.hub();
    assert_eq!(hub.records[&id].text("name"), Some("我的楼"), "the later one stands");
    let mut lost: Vec<&Value> = hub.lost.iter().map(|lost| &lost.value).collect();
    lost.sort_by_key(|value| value.to_string());
    assert_eq!(lost, [&json!("同事的楼"), &json!(6)], "both are told: neither field was seen");
    assert!(hub.requests.last().unwrap().push.iter().all(|change| !change.base.contains_key("name")));
}

#[test]
fn what_the_form_showed_is_known_to_whoever_saves_it() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, _) = form_before_a_pull(&server, &phone);
    let seen = phone.call("record", json!({"id": id}))["seen"].clone();
    phone.call("save", json!({"kind": "building", "id": id, "fields": {"name": "我的楼"}, "seen": seen}));
    phone.sync();
    assert!(server.hub().lost.is_empty(), "{:?}", server.hub().lost);
}

#[test]
fn whoever_replaces_a_value_unseen_stays_after_it_when_the_clock_is_set_back() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, seen) = form_before_a_pull(&server, &phone);
    // From here on the phone is an hour ahead, and hears of it with the next round.
    phone.pass(3_600_000);
    phone.call("save", json!({"kind": "building", "id": id, "fields": {"name": "我的楼"}, "seen": seen}));
    server.hub().now = START - 60_000;
    phone.sync();
    assert_eq!(server.hub().records[&id].text("name"), Some("我的楼"));
    assert_eq!(phone.name(id), "我的楼");
}

#[test]
fn words_typed_before_a_conflict_was_told_do_not_decide_it() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({ "floors": 3 }));
    let seen = phone.call("record", json!({"id": id}))["seen"].clone();
    phone.sync();
    server.write(change(id, Kind::Building, cell(), START + 60_000, json!({"name": "同事的楼"})));
    phone.sync();
    tell(&server, &phone, id, vec![told(&phone, id, "另一个", START)]);
    phone.pass(90_000);
    phone.call("save", json!({"kind": "building", "id": id, "fields": {"name": "我的楼"}, "seen": seen}));
    assert_eq!(shown(&phone, id).len(), 1, "nobody has seen it yet");
}

#[test]
fn letting_a_value_stand_again_does_not_claim_to_know_a_third_one_that_came_since() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, _) = building_with_another_name(&server, &phone);
    let line = shown(&phone, id)[0].clone();
    server.write(change(id, Kind::Building, cell(), START + 5_000, json!({"name": "第三个"})));
    server.hub().lost.clear();
    tell(&server, &phone, id, vec![told(&phone, id, "另一个", START)]);
    phone.pass(10_000);
    phone.call("restore_value", json!({"id": id, "field": "name", "stamp": line["stamp"], "seen": line["seen"]}));
    phone.sync();
    let hub = server.hub();
    assert_eq!(hub.records[&id].text("name"), Some("另一个"));
    assert!(hub.lost.iter().any(|lost| lost.value == "第三个"), "{:?}", hub.lost);
}

#[test]
fn a_value_that_is_let_stand_again_can_be_taken_back_or_was_not_let_stand() {
    for others in 0..2 {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        let (id, conflict) = building_with_another_name(&server, &phone);
        let tap = json!({"id": id, "field": "name", "stamp": conflict.stamp});
        let restore = || device::api::call(&phone.device, "restore_value", tap.clone(), None);
        let done = phone.failing_commit(others, restore).is_ok();
        let [before, after] = if done { ["另一个", "一号楼"] } else { ["一号楼", "另一个"] };
        assert_eq!(phone.name(id), before);
        assert_eq!(shown(&phone, id)[0]["restored"], done, "the commit after {others} others failed");
        phone.call("restore_value", tap);
        assert_eq!(phone.name(id), after, "one tap between the two");
    }
}

#[test]
fn refused_words_that_are_sent_again_do_not_claim_to_know_what_was_written_since() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({ "name": "我的楼", "floors": 3 }));
    server.hub().refuse = Box::new(|_| Some(domain::ProblemCode::NotAllowed));
    phone.sync();
    assert_eq!(phone.state().refused, 1);
    server.hub().refuse = Box::new(|_| None);
    server.write(change(id, Kind::Building, cell(), START + 60_000, json!({"name": "同事的楼"})));
    server.hub().lost.clear();
    phone.pass(120_000);
    server.hub().now += 120_000;
    phone.sync();
    phone.call("resend", json!({"record_id": id}));
    phone.sync();
    let hub = server.hub();
    assert_eq!(hub.records[&id].text("name"), Some("我的楼"));
    let lost: Vec<&Value> = hub.lost.iter().map(|lost| &lost.value).collect();
    assert_eq!(lost, [&json!("同事的楼")], "what stood when they were refused was known, and is no conflict");
}
