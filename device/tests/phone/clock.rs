//! Phones with wrong clocks.

use std::sync::atomic::Ordering;

use domain::protocol::CallError;
use domain::world::Millis;
use domain::{Kind, ProblemCode, RecordId};
use serde_json::json;

use crate::fake::*;
use crate::phones::*;

const MINUTE: Millis = 60 * 1000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

#[test]
fn a_wrong_clock_is_corrected_before_anything_is_sent_and_the_order_stays() {
    // The last one's battery was empty: it believes that it is 1970.
    for off in [3 * DAY, -3 * DAY, 30 * 365 * DAY, -10 * 365 * DAY, 1_000 - START] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        phone.clock.store(START + off, Ordering::SeqCst);
        let id = phone.building("第一");
        let visit = phone.visit(record_id(77));
        phone.pass(20_000);
        phone.rename(id, "第二");
        let before = phone.get(id).unwrap();
        assert!(before.stamps.of("name") > before.stamps.of("building_kind"));
        server.hub().now = START + 20_000;
        let report = phone.sync();
        assert_eq!((report.accepted, report.refused), (2, 0), "off by {off}");
        let record = server.hub().records[&id].clone();
        assert_eq!(record.stamps.of("building_kind").millis(), START);
        assert_eq!(record.stamps.of("name").millis(), START + 20_000);
        assert_eq!(
            server.hub().records[&visit].int("at"),
            Some(START),
            "the moment of a visit was read from the same clock"
        );
        assert!(phone.state().clock_wrong);
        assert_eq!(phone.state().server_time_off_ms, Some(-off));
        phone.rename(id, "第三");
        assert!(phone.get(id).unwrap().stamps.of("name").millis() < START + 30_000, "new stamps are right at once");
        phone.sync();
        assert_eq!(server.hub().records[&id].text("name"), Some("第三"));
    }
}

#[test]
fn a_small_difference_is_the_networks_and_shifts_nothing() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    server.hub().now = START + 3_000;
    phone.sync();
    assert_eq!(server.hub().records[&id].stamps.common.millis(), START);
    assert!(!phone.state().clock_wrong);
}

#[test]
fn a_clock_that_is_set_between_two_rounds_is_measured_again() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    phone.pass(DAY);
    let id = phone.building("一号楼");
    let report = phone.sync();
    assert_eq!((report.accepted, report.refused), (1, 0));
    assert_eq!(server.hub().records[&id].stamps.common.millis(), START);
}

#[test]
fn stamps_that_were_seen_are_never_shifted() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    let id = phone.building("一号楼");
    server.hub().lose_answers.push_back(domain::protocol::CallError::Offline("cut".into()));
    phone.round();
    let stamp = server.hub().records[&id].stamps.common;
    // The clock jumps a day back before the repetition.
    phone.clock.store(START - DAY, Ordering::SeqCst);
    phone.sync();
    assert_eq!(server.hub().records[&id].stamps.common, stamp);
    assert_eq!(phone.get(id).unwrap().stamps.common, stamp);
    assert!(phone.is_sent(id));
}

#[test]
fn changes_from_the_future_are_set_back_and_sent_and_never_refused() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    // The clock jumps within the minute in which the measurement is trusted... and the phone wrote before it was noticed.
    phone.pass(50_000);
    server.hub().now = START - 200_000;
    let id = phone.building("一号楼");
    phone.round();
    assert_eq!(phone.state().refused, 0);
    phone.sync();
    assert!(phone.is_sent(id));
    let stamped = server.hub().records[&id].stamps.common.millis();
    assert!(stamped <= START, "{stamped}");
    phone.rename(id, "二号楼");
    let next = phone.get(id).unwrap().stamps.of("name").millis();
    assert!(next < START + 60_000, "the clock that issued them went back too");
}

#[test]
fn a_colleagues_broken_clock_does_not_drag_this_one_along_nor_block_a_correction() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = record_id(3);
    server.hub().now = START + 400 * DAY;
    server.write(change(
        id,
        domain::Kind::Building,
        cell(),
        START + 400 * DAY,
        json!({"name": "未来", "building_kind": "farmhouse"}),
    ));
    server.hub().now = START;
    phone.sync();
    let other = phone.building("现在");
    assert_eq!(phone.get(other).unwrap().stamps.common.millis(), START);
    phone.rename(id, "更正");
    assert_eq!(phone.name(id), "更正", "a write is never silently beaten by what it replaces");
}

#[test]
fn what_the_server_has_already_is_not_set_back_with_what_lies_in_the_future() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"name": "二号楼"}));
    // The name is taken, its answer is lost; meanwhile the clock jumps an hour ahead, something is written, and it jumps back.
    let (typing, clock) = (phone.device.clone(), phone.clock.clone());
    server.hub().meanwhile = Some(Box::new(move || {
        clock.fetch_add(3_600_000, Ordering::SeqCst);
        let fields = serde_json::from_value(json!({"floors": 7})).unwrap();
        typing.with_open(|open| open.write(&Kind::Building, Some(id), None, fields)).unwrap();
        clock.fetch_add(-3_600_000, Ordering::SeqCst);
    }));
    server.hub().lose_answers.push_back(CallError::Offline("cut".into()));
    assert!(phone.round().ended_by.is_some());
    let taken = server.hub().records[&id].stamps.of("name");
    phone.sync();
    assert_eq!(server.hub().records[&id].int("floors"), None, "refused for its stamp");
    assert_eq!(phone.get(id).unwrap().stamps.of("name"), taken);
    assert_eq!(phone.sync().differing, 0);
    assert_eq!(phone.get(id).as_ref(), server.hub().records.get(&id));
    assert_eq!(phone.get(id).unwrap().int("floors"), Some(7));
}

#[test]
fn a_clock_that_is_set_right_is_complained_about_no_more() {
    for off in [6 * 60 * 1000, -6 * 60 * 1000, 10 * 365 * DAY, -10 * 365 * DAY] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        phone.clock.store(START + off, Ordering::SeqCst);
        phone.sync();
        let state = phone.state();
        assert_eq!((state.clock_wrong, state.server_time_off_ms), (true, Some(-off)), "how much, and which way");
        // Set right while the app runs, and noticed with the next round.
        phone.clock.store(START + 1_000, Ordering::SeqCst);
        server.hub().now = START + 1_000;
        phone.sync();
        let state = phone.state();
        assert_eq!((state.clock_wrong, state.server_time_off_ms), (false, Some(0)));
        let id = phone.building("一号楼");
        phone.sync();
        let stamped = server.hub().records[&id].stamps.common.millis();
        assert!((START..START + 10_000).contains(&stamped), "{stamped}");
    }
}

#[test]
fn five_minutes_are_not_complained_about_and_a_little_more_is() {
    for (off, wrong) in [(300_000, false), (300_001, true), (-300_000, false), (-300_001, true)] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        phone.clock.store(START + off, Ordering::SeqCst);
        phone.sync();
        assert_eq!(phone.state().clock_wrong, wrong, "{off}");
    }
}

#[test]
fn moments_that_came_from_a_wrong_clock_are_put_right_and_those_that_were_meant_stay() {
    for off in [10 * 365 * DAY, -10 * 365 * DAY, 2 * 60 * 60 * 1000] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        phone.clock.store(START + off, Ordering::SeqCst);
        let incident = |happened_at: Millis| {
            let fields = json!({"category": "0601", "list_version": 1, "severity": 3, "title": "路灯不亮",
                "happened_at": happened_at, "by": "worker"});
            phone.write(domain::Kind::Incident, None, fields).unwrap()
        };
        let (now, meant) = (incident(START + off), incident(START - 30 * DAY + off.min(0)));
        phone.sync();
        assert_eq!(server.hub().records[&now].int("happened_at"), Some(START), "off by {off}");
        assert_eq!(server.hub().records[&meant].int("happened_at"), Some(START - 30 * DAY + off.min(0)));
    }
}

#[test]
fn what_was_written_days_ahead_is_set_back_with_its_moment_when_the_clock_was_set_right_before_the_round() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    phone.pass(3 * DAY);
    let ahead = phone.visit(record_id(77));
    phone.pass(60_000);
    let incident = json!({"category": "0601", "list_version": 1, "severity": 3, "title": "路灯不亮",
        "happened_at": START + 3 * DAY, "by": "worker"});
    let incident = phone.write(Kind::Incident, None, incident).unwrap();
    // The system sets the clock right while nobody looks. What is written then is stamped on from the last stamp all the same.
    phone.clock.store(START + 120_000, Ordering::SeqCst);
    server.hub().now = START + 120_000;
    let right = phone.visit(record_id(78));
    phone.round();
    phone.sync();
    assert_eq!((phone.state().refused, phone.state().waiting_records), (0, 0));
    let hub = server.hub();
    let of = |id, field: &str| hub.records[&id].int(field);
    assert_eq!(of(ahead, "at"), Some(START + 60_000), "a minute before the last of them");
    assert_eq!(of(incident, "happened_at"), Some(START + 60_000));
    assert_eq!(of(right, "at"), Some(START + 120_000), "read from the clock that was right");
    assert!([ahead, incident, right].iter().all(|id| hub.records[id].latest().millis() <= hub.now));
}

/// A building whose name was written while the server's clock was twenty minutes ahead, before that was set right; and a phone whose
/// worker, by a right clock, corrects the name and counts the floors in one form. The name has to stay after the one that it replaces.
fn corrected_beside(server: &Server) -> (Phone, RecordId) {
    let (phone, id) = (Phone::new(server, 1), record_id(3));
    let fields = json!({"name": "早", "building_kind": "farmhouse"});
    server.hub().now = START + 20 * MINUTE;
    server.write(change(id, Kind::Building, cell(), START + 20 * MINUTE, fields));
    server.hub().now = START;
    phone.sync();
    phone.write(Kind::Building, Some(id), json!({"name": "更正", "floors": 5})).unwrap();
    (phone, id)
}

/// So much time passes for everybody.
fn pass(phone: &Phone, time: Millis) {
    phone.pass(time);
    phone.server.hub().now += time;
}

/// How many requests took something up.
fn pushes(server: &Server) -> usize {
    server.hub().requests.iter().filter(|request| !request.push.is_empty()).count()
}

#[test]
fn a_word_that_waits_for_the_servers_clock_moves_no_word_beside_it_which_goes_up_by_itself() {
    let server = Server::new();
    let (phone, id) = corrected_beside(&server);
    phone.sync();
    pass(&phone, 15_000);
    phone.sync();
    let there = server.hub().records[&id].clone();
    assert_eq!((there.int("floors"), there.text("name")), (Some(5), Some("早")));
    assert_eq!(there.stamps.of("floors").millis(), START, "set back once");
    pass(&phone, 15_000);
    phone.write(Kind::Building, Some(id), json!({"units": 2})).unwrap();
    phone.sync();
    pass(&phone, 15_000);
    phone.sync();
    let units = server.hub().records[&id].stamps.of("units").millis();
    assert_eq!(units, START + 30_000, "and so is what is written meanwhile");
    let (before, node) = (pushes(&server), server.hub().requests.last().unwrap().node);
    for _ in 0..10 {
        pass(&phone, 15_000);
        phone.sync();
    }
    assert_eq!(pushes(&server), before + 10, "once a round");
    assert_eq!(server.hub().requests.last().unwrap().node, node, "nothing was set back: it is the same run");
    pass(&phone, 20 * MINUTE);
    phone.sync();
    assert_eq!(server.hub().records[&id].text("name"), Some("更正"));
    assert_eq!((phone.state().refused, phone.state().waiting_records), (0, 0));
    assert_eq!(phone.get(id).as_ref(), server.hub().records.get(&id));
}

#[test]
fn what_goes_up_without_a_word_that_waits_and_makes_no_sense_so_waits_with_it() {
    let server = Server::new();
    let (phone, id) = corrected_beside(&server);
    server.hub().refuse = Box::new(|change| (!change.fields.contains_key("name")).then_some(ProblemCode::Required));
    for _ in 0..4 {
        pass(&phone, 15_000);
        phone.sync();
    }
    assert!(server.hub().refused.contains(&id), "it was tried");
    assert_eq!((phone.state().refused, phone.get(id).unwrap().int("floors")), (0, Some(5)));
    pass(&phone, 20 * MINUTE);
    phone.sync();
    let there = server.hub().records[&id].clone();
    assert_eq!((there.text("name"), there.int("floors")), (Some("更正"), Some(5)));
    assert_eq!(phone.state().waiting_records, 0);
}

#[test]
fn what_was_written_while_the_clock_had_fallen_back_by_years_gets_its_day() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    phone.pass(HOUR);
    let before = phone.visit(record_id(77));
    // The battery was empty. Stamps go on from the last one, moments do not.
    phone.clock.store(START + 2 * HOUR - 6 * 365 * DAY, Ordering::SeqCst);
    let fallen = phone.visit(record_id(78));
    assert!(phone.get(fallen).unwrap().latest() > phone.get(before).unwrap().latest());
    phone.pass(HOUR);
    server.hub().now = START + 3 * HOUR;
    let report = phone.sync();
    assert_eq!((report.accepted, report.refused), (2, 0), "no stamp was moved into the future");
    let hub = server.hub();
    assert_eq!(hub.records[&fallen].int("at"), Some(START + 2 * HOUR));
    assert_eq!(hub.records[&before].int("at"), Some(START + HOUR), "written before the clock fell back");
    assert!(hub.records[&fallen].latest() > hub.records[&before].latest());
    assert!(hub.records[&fallen].latest().millis() <= hub.now);
}

#[test]
fn what_was_written_before_the_clock_jumped_ahead_by_a_year_stays_where_it_is() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    phone.pass(HOUR);
    let before = phone.visit(record_id(77));
    phone.rename(id, "上午改的");
    phone.pass(HOUR + 365 * DAY);
    let ahead = phone.visit(record_id(78));
    phone.write(Kind::Building, Some(id), json!({"floors": 5})).unwrap();
    phone.pass(HOUR);
    server.hub().now = START + 3 * HOUR;
    let report = phone.sync();
    assert_eq!((report.accepted, report.refused), (3, 0));
    let hub = server.hub();
    let met = |id| (hub.records[&id].int("at"), hub.records[&id].latest().millis());
    assert_eq!(met(before), (Some(START + HOUR), START + HOUR));
    assert_eq!(met(ahead), (Some(START + 2 * HOUR), START + 2 * HOUR));
    let stamped = |field| hub.records[&id].stamps.of(field).millis();
    assert_eq!((stamped("name"), stamped("floors")), (START + HOUR, START + 2 * HOUR), "each by itself");
}

#[test]
fn what_was_written_by_a_clock_an_hour_ahead_goes_back_though_it_does_not_lie_ahead_any_more() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    phone.pass(3 * HOUR);
    let visit = phone.visit(record_id(77));
    phone.pass(3 * HOUR);
    server.hub().now = START + 5 * HOUR;
    phone.sync();
    let there = server.hub().records[&visit].clone();
    assert_eq!((there.int("at"), there.latest().millis()), (Some(START + 2 * HOUR), START + 2 * HOUR));
}

#[test]
fn what_was_written_before_a_jump_stays_where_it_is_also_when_half_of_the_jump_was_taken_back() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    phone.pass(HOUR);
    let before = phone.visit(record_id(77));
    phone.pass(HOUR + 365 * DAY);
    let ahead = phone.visit(record_id(78));
    // Somebody sets it, two hours wrong. Stamps go on from the last one, moments do not.
    phone.clock.store(START + 4 * HOUR, Ordering::SeqCst);
    let still_ahead = phone.visit(record_id(79));
    phone.pass(HOUR);
    server.hub().now = START + 3 * HOUR;
    phone.sync();
    phone.sync();
    assert_eq!((phone.state().refused, phone.state().waiting_records), (0, 0));
    let hub = server.hub();
    let met = |id| hub.records[&id].int("at").unwrap();
    assert_eq!((met(before), hub.records[&before].latest().millis()), (START + HOUR, START + HOUR));
    assert_eq!(met(still_ahead), START + 2 * HOUR);
    assert!(met(ahead) <= hub.now && hub.records[&ahead].latest().millis() <= hub.now);
}

/// An evacuation that stands, and two households that a point threatens, as the desk wrote them days ago.
fn valley(server: &Server) -> (RecordId, [RecordId; 2]) {
    let at = START - 10 * DAY;
    let order = json!({"reason": "强降雨", "level": "red", "drill": false, "points": [record_id(6)], "ordered_at": at,
        "by": "boss", "roster": []});
    server.write(change(record_id(3), Kind::Evacuation, cell(), at, order));
    let households = [record_id(4), record_id(5)];
    for id in households {
        let fields = json!({"hazard_point": record_id(6), "household": record_id(7)});
        server.write(change(id, Kind::ThreatenedHousehold, cell(), at, fields));
    }
    (record_id(3), households)
}

#[test]
fn the_end_of_an_evacuation_and_the_day_of_a_card_are_put_right_when_they_came_from_a_wrong_clock() {
    for off in [3 * DAY, -3 * DAY, 10 * 365 * DAY] {
        let server = Server::new();
        let phone = Phone::of_supervisor(&server, 1);
        let (order, [tapped, entered]) = valley(&server);
        phone.sync();
        phone.pass(off);
        phone.call("end_evacuation", json!({"id": order}));
        phone.call("issue_card", json!({"id": tapped}));
        phone.write(Kind::ThreatenedHousehold, Some(entered), json!({"card_issued_on": "2026-01-05"})).unwrap();
        let report = phone.sync();
        assert_eq!((report.accepted, report.refused), (3, 0), "off by {off}");
        let hub = server.hub();
        let ended = &hub.records[&order];
        assert_eq!((ended.int("ended_at"), ended.int("ordered_at")), (Some(START), Some(START - 10 * DAY)), "by {off}");
        let day = |id| hub.records[&id].text("card_issued_on").map(str::to_owned);
        assert_eq!(day(tapped), Some(domain::validate::today(START).to_string()), "off by {off}");
        assert_eq!(day(entered).as_deref(), Some("2026-01-05"), "as it was entered");
    }
}

#[test]
fn the_end_of_an_evacuation_and_the_day_of_a_card_go_back_with_their_stamps_from_the_future() {
    let server = Server::new();
    let phone = Phone::of_supervisor(&server, 1);
    let (order, [tapped, right]) = valley(&server);
    phone.sync();
    phone.pass(3 * DAY);
    phone.call("end_evacuation", json!({"id": order}));
    phone.call("issue_card", json!({"id": tapped}));
    // The system sets the clock right while nobody looks.
    let now = START + 120_000;
    phone.clock.store(now, Ordering::SeqCst);
    server.hub().now = now;
    phone.call("issue_card", json!({"id": right}));
    phone.round();
    phone.sync();
    assert_eq!((phone.state().refused, phone.state().waiting_records), (0, 0));
    let hub = server.hub();
    let ended = hub.records[&order].int("ended_at");
    assert!(ended.is_some_and(|at| (START..=now).contains(&at)), "{ended:?}");
    for id in [tapped, right] {
        let day = domain::validate::today(now).to_string();
        assert_eq!(hub.records[&id].text("card_issued_on"), Some(day.as_str()));
    }
}
