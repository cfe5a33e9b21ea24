//! Repairs: a register that differs is read anew, ends up as the server has it, and no word is lost on the way.

use domain::protocol::{CallError, ExchangeRequest};
use domain::{Digest, Epoch, Kind, Node, ProblemCode, Record, RecordId};
use serde_json::json;
use uuid::Uuid;

use crate::fake::*;
use crate::phones::*;

const DAY: i64 = 86_400_000;

/// Phone and server know the same ten buildings, five of them the phone's own; the phone has a receipt.
fn ten_buildings(server: &Server) -> (Phone, Vec<RecordId>) {
    let phone = Phone::new(server, 1);
    let mut ids: Vec<RecordId> = (0..5).map(|n| phone.building(&format!("{n}号楼"))).collect();
    for n in 100..105 {
        let fields = json!({"name": format!("{n}号楼"), "building_kind": "farmhouse"});
        server.write(change(record_id(n), Kind::Building, cell(), START + 1, fields));
        ids.push(record_id(n));
    }
    assert_eq!(phone.sync().differing, 0);
    assert_eq!(phone.receipt()["verified"], true);
    (phone, ids)
}

fn healed(phone: &Phone) {
    let receipt = phone.receipt();
    assert_eq!((&receipt["phase"], &receipt["verified"]), (&json!("safe"), &json!(true)), "{receipt}");
    let held = phone.device.with_open(|open| open.store().records("gone = 0 ORDER BY id", ())).unwrap();
    let hub = phone.server.hub();
    let there: Vec<&Record> = hub.records.values().filter(|record| record.cell == cell()).collect();
    assert_eq!(held.iter().collect::<Vec<_>>(), there);
    assert_eq!(phone.state().waiting_records, 0);
}

fn doubting(server: &Server) -> Vec<ExchangeRequest> {
    server.hub().requests.iter().filter(|request| !request.doubted.is_empty()).cloned().collect()
}

fn set_body(phone: &Phone, id: RecordId, spoil: impl Fn(&mut Record), columns: bool) {
    let mut record = phone.get(id).unwrap();
    spoil(&mut record);
    let body = serde_json::to_string(&json!({
        "fields": record.fields, "stamp": record.stamps.common, "stamps": record.stamps.except
    }));
    phone.tamper(&format!("UPDATE record SET body = '{}' WHERE id = '{id}'", body.unwrap()));
    if columns {
        let (v1, v2) = Digest::of(&record).halves();
        phone.tamper(&format!("UPDATE record SET v1 = {v1}, v2 = {v2} WHERE id = '{id}'"));
    }
}

/// As if an older state of the record had been put back.
fn outdated(record: &mut Record) {
    record.fields.insert("name".into(), json!("旧名"));
    record.stamps = domain::Stamps::all(domain::Stamp::new(START - 9_000, 0, Node(7)));
}

#[test]
fn a_record_that_is_missing_comes_back() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    for id in [ids[0], ids[7]] {
        phone.tamper(&format!("DELETE FROM record WHERE id = '{id}'"));
    }
    let report = phone.sync();
    assert_eq!((report.differing, report.refused), (1, 0));
    healed(&phone);
    assert_eq!(doubting(&server).len(), 1);
    assert_eq!(phone.sync().differing, 0);
}

#[test]
fn a_record_with_an_older_state_is_brought_up_to_date() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    set_body(&phone, ids[1], outdated, true);
    set_body(&phone, ids[6], outdated, true);
    assert_eq!(phone.sync().differing, 1);
    healed(&phone);
    assert_eq!(phone.name(ids[1]), "1号楼");
}

#[test]
fn a_body_that_was_changed_behind_the_columns_is_found_when_the_cells_are_counted() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    set_body(&phone, ids[6], outdated, false);
    assert_eq!(phone.sync().differing, 0, "the columns say what they said");
    phone.pass(8 * DAY);
    server.hub().now += 8 * DAY;
    assert_eq!(phone.sync().differing, 1);
    healed(&phone);
}

#[test]
fn a_doubted_record_whose_stamps_lie_ahead_of_the_servers_clock_waits_and_is_not_given_up() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    let lost = ids[1];
    server.hub().records.remove(&lost);
    server.hub().refuse = Box::new(move |change| (change.id == lost).then_some(ProblemCode::StampFuture));
    assert_eq!(phone.round().differing, 1);
    assert!(phone.state().refused == 0 && phone.get(lost).is_some(), "it is the last copy");
    server.hub().refuse = Box::new(|_| None);
    phone.sync();
    assert_eq!(server.hub().records[&lost].text("name"), Some("1号楼"));
    healed(&phone);
}

/// A doubted record in which a word that was acknowledged lies a month ahead: the server's clock was, when it took that, and the server
/// has lost it since.
fn doubted_ahead(server: &Server) -> (Phone, RecordId) {
    let (phone, ids) = ten_buildings(server);
    let id = ids[6];
    let before = server.hub().records[&id].clone();
    server.hub().now += 30 * DAY;
    server.write(change(id, Kind::Building, cell(), START + 30 * DAY, json!({"floors": 7})));
    server.hub().now -= 30 * DAY;
    phone.sync();
    assert_eq!(phone.get(id).unwrap().int("floors"), Some(7));
    server.hub().records.insert(id, before);
    assert_eq!(phone.round().differing, 1);
    (phone, id)
}

#[test]
fn what_is_written_in_a_doubted_record_that_waits_for_the_servers_clock_goes_up_without_the_rest() {
    let server = Server::new();
    let (phone, id) = doubted_ahead(&server);
    phone.pass(1_000);
    server.hub().now += 1_000;
    phone.rename(id, "刚刚改的");
    let written = phone.get(id).unwrap().stamps.of("name");
    server.hub().requests.clear();
    phone.sync();
    phone.sync();
    let there = server.hub().records[&id].clone();
    assert_eq!((there.text("name"), there.stamps.of("name")), (Some("刚刚改的"), written));
    let nodes: Vec<Node> = server.hub().requests.iter().map(|request| request.node).collect();
    assert!(nodes.iter().all(|node| *node == nodes[0]), "nothing was set back: it is the same run");
    assert_eq!((phone.get(id).unwrap().int("floors"), phone.state().refused), (Some(7), 0), "it may be the last copy");
    phone.pass(30 * DAY);
    server.hub().now += 30 * DAY;
    phone.sync();
    assert_eq!(server.hub().records[&id].int("floors"), Some(7));
    healed(&phone);
}

#[test]
fn what_was_acknowledged_far_ahead_moves_no_other_words_moment_by_as_much() {
    let server = Server::new();
    let (phone, id) = doubted_ahead(&server);
    phone.pass(600_000);
    let visit = phone.visit(record_id(77));
    // The system sets the clock right while nobody looks.
    phone.pass(-600_000);
    phone.sync();
    phone.sync();
    let met = server.hub().records[&visit].clone();
    assert_eq!((met.int("at"), met.latest().millis()), (Some(START), START), "ten minutes, and not a month");
    assert_eq!((phone.get(id).unwrap().int("floors"), phone.state().refused), (Some(7), 0));
}

#[test]
fn numbers_that_alone_are_wrong_are_put_right_without_reading_anything_anew() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    for sql in [
        format!("UPDATE record SET v1 = v1 + 1 WHERE id = '{}'", ids[2]),
        "UPDATE cell_digest SET records = 3, v2 = 0".to_owned(),
        "DELETE FROM cell_digest".to_owned(),
    ] {
        phone.tamper(&sql);
        assert_eq!(phone.sync().differing, 0, "{sql}");
        healed(&phone);
    }
    assert!(doubting(&server).is_empty());
}

#[test]
fn of_two_values_with_one_stamp_the_servers_stands() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    set_body(&phone, ids[3], |record| drop(record.fields.insert("name".into(), json!("～～～"))), true);
    phone.tamper(&format!("DELETE FROM record WHERE id = '{}'", ids[4]));
    assert_eq!(phone.sync().differing, 1);
    healed(&phone);
    assert_eq!(phone.name(ids[3]), "3号楼");
}

#[test]
fn of_two_values_with_one_stamp_the_servers_stands_also_where_no_digest_tells_of_them() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    set_body(&phone, ids[3], |record| drop(record.fields.insert("name".into(), json!("～～～"))), false);
    server.write(change(ids[3], Kind::Building, cell(), START + 100_000, json!({"floors": 7})));
    assert_eq!(phone.sync().differing, 0);
    assert_eq!(phone.name(ids[3]), "3号楼");
    healed(&phone);
}

#[test]
fn a_row_that_cannot_be_read_is_fetched_again() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    phone.tamper(&format!("UPDATE record SET body = '没有', v1 = 0 WHERE id = '{}'", ids[3]));
    assert_eq!(phone.sync().differing, 1);
    healed(&phone);
}

#[test]
fn a_row_that_cannot_be_read_is_fetched_again_also_from_a_server_that_is_put_back_while_the_cell_is_read_anew() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    phone.tamper(&format!("UPDATE record SET body = '没有', v1 = 0 WHERE id = '{}'", ids[3]));
    // The first answer says that the cell differs; the next is another database's, and brings less than half of the cell.
    let put_back = server.clone();
    server.hub().meanwhile = Some(Box::new(move || {
        let mut hub = put_back.hub();
        (hub.epoch, hub.page_records) = (Epoch(Uuid::from_u128(2)), 4);
    }));
    assert_eq!(phone.sync().differing, 1, "what the phone wrote itself comes with the later pages");
    healed(&phone);
}

#[test]
fn what_only_the_phone_has_is_offered_and_the_server_has_it_again() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    {
        // The server lost two records and an edit without knowing it: no other epoch tells.
        let mut hub = server.hub();
        for id in [ids[0], ids[8]] {
            hub.records.remove(&id);
            hub.feed.get_mut(&cell()).unwrap().retain(|(entry, ..)| *entry != id);
        }
        let feed_as_long_as_before = (ids[1], false, Node(0));
        hub.feed.get_mut(&cell()).unwrap().extend([feed_as_long_as_before; 2]);
        outdated(hub.records.get_mut(&ids[1]).unwrap());
    }
    let report = phone.sync();
    assert_eq!((report.differing, report.accepted, report.refused), (1, 3, 0));
    healed(&phone);
    assert_eq!(server.hub().records[&ids[8]].text("name"), Some("103号楼"));
    assert_eq!(server.hub().records[&ids[1]].text("name"), Some("1号楼"));
    assert_eq!(phone.state().refused, 0);
}

/// A record that the server does not have, and refuses for this reason.
fn surplus(code: ProblemCode) -> (Server, Phone, RecordId) {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    let id = ids[9];
    let mut hub = server.hub();
    hub.records.remove(&id);
    hub.feed.get_mut(&cell()).unwrap().retain(|(entry, ..)| *entry != id);
    hub.feed.get_mut(&cell()).unwrap().push((ids[0], false, Node(0)));
    hub.refuse = Box::new(move |change| (change.id == id).then_some(code));
    drop(hub);
    (server, phone, id)
}

#[test]
fn what_the_server_refuses_for_good_goes_and_leaves_no_words() {
    for code in [ProblemCode::Erased, ProblemCode::ForeignRecord, ProblemCode::NotAllowed] {
        let (_server, phone, id) = surplus(code);
        assert_eq!(phone.sync().differing, 1);
        assert!(phone.get(id).is_none(), "{code:?}");
        healed(&phone);
        assert_eq!(phone.state().refused, 0, "{code:?}");
    }
}

#[test]
fn what_might_be_the_last_copy_is_kept_among_the_refused_words() {
    let (_server, phone, id) = surplus(ProblemCode::OtherAuthor);
    assert_eq!(phone.sync().differing, 1);
    assert!(phone.get(id).is_none());
    healed(&phone);
    let refused = phone.device.with_open(|open| open.refused()).unwrap();
    assert_eq!((refused[0].id, &refused[0].fields["name"]), (id, &json!("104号楼")));
}

#[test]
fn what_left_the_cell_unnoticed_leaves_when_the_cell_is_read_anew() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    server.write(change(ids[5], Kind::Building, cell(), START + 100_000, json!({"cell": other_cell()})));
    phone.tamper(&format!("UPDATE cursor SET upto = {}", server.hub().state(&cell()).upto));
    let report = phone.sync();
    assert_eq!((report.differing, report.accepted), (1, 0), "nothing had to be offered");
    assert!(phone.get(ids[5]).is_none());
    healed(&phone);
}

#[test]
fn words_typed_while_the_cell_is_read_anew_are_judged_by_themselves() {
    for server_has_it in [true, false] {
        let server = Server::new();
        let (phone, ids) = ten_buildings(&server);
        let id = ids[2];
        phone.tamper(&format!("DELETE FROM record WHERE id = '{}'", ids[9]));
        let typing = phone.device.clone();
        {
            let mut hub = server.hub();
            if !server_has_it {
                hub.records.remove(&id);
                hub.feed.get_mut(&cell()).unwrap().retain(|(entry, ..)| *entry != id);
                hub.feed.get_mut(&cell()).unwrap().push((ids[0], false, Node(0)));
                // Half a record is refused, as the real server does it.
                hub.refuse = Box::new(|change| {
                    let half = !change.fields.contains_key("building_kind") && change.stamps.common.node() != Node(7);
                    half.then_some(ProblemCode::Required)
                });
            }
            hub.page_records = 4;
        }
        // While the cell is read: in the second exchange of the round.
        let (began, twice) = (server.clone(), typing.clone());
        server.hub().meanwhile = Some(Box::new(move || {
            began.hub().meanwhile = Some(Box::new(move || {
                let fields = serde_json::from_value(json!({"name": "刚刚改的"})).unwrap();
                twice.with_open(|open| open.write(&Kind::Building, Some(id), None, fields)).unwrap();
            }));
        }));
        phone.pass(5_000);
        assert_eq!(phone.sync().differing, 1);
        assert_eq!(phone.name(id), "刚刚改的");
        assert_eq!(server.hub().records[&id].text("name"), Some("刚刚改的"));
        assert_eq!(server.hub().records[&id].text("building_kind"), Some("farmhouse"));
        healed(&phone);
    }
}

#[test]
fn unsent_words_in_a_record_that_the_server_refuses_are_kept() {
    let (server, phone, id) = surplus(ProblemCode::ForeignRecord);
    server.hub().page_records = 4;
    let (began, typing) = (server.clone(), phone.device.clone());
    server.hub().meanwhile = Some(Box::new(move || {
        began.hub().meanwhile = Some(Box::new(move || {
            let fields = serde_json::from_value(json!({"name": "刚刚改的"})).unwrap();
            typing.with_open(|open| open.write(&Kind::Building, Some(id), None, fields)).unwrap();
        }));
    }));
    phone.sync();
    assert!(phone.get(id).is_none());
    healed(&phone);
    let refused = phone.device.with_open(|open| open.refused()).unwrap();
    assert_eq!((refused.len(), refused[0].fields.len()), (1, 1), "{refused:?}");
    assert_eq!(refused[0].fields["name"], "刚刚改的");
}

#[test]
fn a_repair_goes_on_after_lost_answers_and_a_restart() {
    let server = Server::new();
    let (mut phone, ids) = ten_buildings(&server);
    phone.tamper(&format!("DELETE FROM record WHERE id IN ('{}', '{}')", ids[0], ids[9]));
    server.hub().page_records = 2;
    let cut = || CallError::Offline("cut".into());
    // The comparison comes through; then every second answer is lost.
    let (began, again) = (server.clone(), server.clone());
    server.hub().meanwhile = Some(Box::new(move || began.hub().lose_answers.push_back(cut())));
    assert!(phone.round().ended_by.is_some() || !doubting(&again).is_empty());
    for _ in 0..3 {
        server.hub().lose_answers.push_back(cut());
        assert!(phone.round().ended_by.is_some());
        assert_eq!(phone.receipt()["phase"], "repairing");
        phone.restart();
    }
    phone.sync();
    healed(&phone);
}

#[test]
fn a_difference_that_nothing_mends_costs_one_reading_a_day_and_is_told() {
    let server = Server::new();
    let (mut phone, _) = ten_buildings(&server);
    let safe_at = phone.state().safe_at;
    server.hub().misstate = Box::new(|statement| {
        statement.cells.values_mut().for_each(|state| state.digest = state.digest.xor(Digest::from_halves(1, 1)));
    });
    let begun = |server: &Server| doubting(server).iter().filter(|request| request.cursors.is_empty()).count();
    for _ in 0..4 {
        phone.pass(1_000);
        phone.sync();
        phone.restart();
    }
    assert_eq!(begun(&server), 1);
    let receipt = phone.receipt();
    assert_eq!((&receipt["phase"], &receipt["cells"][0]["agrees"]), (&json!("differs"), &json!(false)));
    assert_eq!(phone.state().safe_at, safe_at, "it is not said that all is safe");
    phone.pass(DAY + 1_000);
    server.hub().now += DAY + 1_000;
    phone.sync();
    phone.sync();
    assert_eq!(begun(&server), 2);
    server.hub().misstate = Box::new(|_| ());
    phone.sync();
    healed(&phone);
}

#[test]
fn a_cell_that_is_taken_away_in_the_middle_hands_in_what_was_doubted() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    server.hub().page_records = 2;
    {
        let mut hub = server.hub();
        hub.records.remove(&ids[0]);
        hub.feed.get_mut(&cell()).unwrap().retain(|(entry, ..)| *entry != ids[0]);
        hub.feed.get_mut(&cell()).unwrap().push((ids[9], false, Node(0)));
    }
    let began = server.clone();
    server.hub().meanwhile = Some(Box::new(move || began.hub().cells = vec![other_cell()]));
    phone.sync();
    assert!(server.hub().records.contains_key(&ids[0]), "the last copy was handed in");
    assert!(phone.get(ids[0]).is_none(), "and then the cell left");
    assert_ne!(phone.receipt()["phase"], "repairing");
}

#[test]
fn a_record_under_another_kind_becomes_the_servers() {
    let server = Server::new();
    let (phone, ids) = ten_buildings(&server);
    phone.tamper(&format!("UPDATE record SET kind = 'dwelling', v1 = 0 WHERE id = '{}'", ids[6]));
    set_body(&phone, ids[6], outdated, true);
    phone.sync();
    healed(&phone);
    assert_eq!(phone.get(ids[6]).unwrap().kind, Kind::Building);
}

#[test]
fn a_record_in_the_wrong_cell_comes_back_to_its_own() {
    let server = Server::new();
    server.hub().cells = vec![cell(), other_cell()];
    let (phone, ids) = ten_buildings(&server);
    phone.tamper(&format!("UPDATE record SET cell = '{}' WHERE id = '{}'", other_cell(), ids[6]));
    assert_eq!(phone.sync().differing, 2);
    assert_eq!(phone.get(ids[6]).unwrap().cell, cell());
    healed(&phone);
}
