//! Rounds: what is unsent goes up, what is new comes down, and neither hides the other.

use domain::protocol::{CallError, Peer};
use domain::{Epoch, Kind, ProblemCode, RecordId};
use serde_json::json;
use uuid::Uuid;

use crate::fake::*;
use crate::phones::*;

#[test]
fn what_one_phone_saves_the_other_shows_after_a_round_each() {
    let server = Server::new();
    let (one, two) = (Phone::new(&server, 1), Phone::new(&server, 2));
    let id = one.building("一号楼");
    assert!(!one.is_sent(id));
    assert_eq!(one.sync().accepted, 1);
    assert!(one.is_sent(id));
    assert_eq!(two.sync().pulled, 1);
    assert_eq!(two.name(id), "一号楼");
}

#[test]
fn a_lost_answer_costs_a_repetition_and_no_data() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    server.hub().lose_answers.push_back(CallError::Offline("cut".into()));
    assert!(phone.round().ended_by.is_some());
    assert!(!phone.is_sent(id), "the phone cannot know");
    phone.sync();
    assert!(phone.is_sent(id));
    let hub = server.hub();
    assert_eq!(hub.requests.len(), 2);
    assert_eq!(hub.requests[0].push, hub.requests[1].push, "the very same change");
    assert!(hub.lost.is_empty());
}

#[test]
fn an_edit_during_the_push_is_neither_lost_nor_taken_for_sent() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    let typing = phone.device.clone();
    server.hub().meanwhile = Some(Box::new(move || {
        let fields = serde_json::from_value(json!({"name": "二号楼"})).unwrap();
        typing.with_open(|open| open.write(&Kind::Building, Some(id), None, fields)).unwrap();
    }));
    phone.sync();
    assert_eq!(server.hub().records[&id].text("name"), Some("二号楼"));
    assert!(phone.is_sent(id));
    assert!(server.hub().lost.is_empty(), "the second value stands on the first, nobody disagreed");
}

#[test]
fn a_pull_never_overwrites_what_is_unsent_and_newer() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    phone.pass(10_000);
    phone.rename(id, "我的楼");
    server.write(change(id, Kind::Building, cell(), START + 5_000, json!({"name": "同事的楼", "floors": 6})));
    phone.sync();
    assert_eq!(phone.name(id), "我的楼");
    assert_eq!(phone.get(id).unwrap().int("floors"), Some(6), "the other field came");
    assert_eq!(server.hub().records[&id].text("name"), Some("我的楼"));
}

#[test]
fn an_own_value_that_a_later_one_overtakes_still_reaches_the_history() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"name": "我的楼"}));
    server.write(change(id, Kind::Building, cell(), START + 60_000, json!({"name": "同事的楼"})));
    // The push is refused for want of time; the pull of the same answer overtakes.
    server.hub().refuse =
        Box::new(|change| (change.stamps.common.node() != domain::Node(7)).then_some(ProblemCode::StampFuture));
    phone.round();
    assert_eq!(phone.name(id), "同事的楼");
    assert_eq!(phone.state().waiting_records, 1, "the losing value still waits");
    server.hub().refuse = Box::new(|_| None);
    phone.sync();
    assert_eq!(phone.state().waiting_records, 0);
    let hub = server.hub();
    assert!(hub.lost.iter().any(|lost| lost.value == "我的楼" && lost.incoming), "{:?}", hub.lost);
    assert_eq!(hub.records[&id].text("name"), Some("同事的楼"));
}

#[test]
fn a_refusal_shows_the_servers_values_and_keeps_the_own_words() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, good) = (phone.building("一号楼"), phone.building("好楼"));
    phone.sync();
    phone.pass(1_000);
    phone.rename(id, "不行的楼");
    phone.rename(good, "更好的楼");
    server.hub().refuse =
        Box::new(|change| (change.fields.get("name") == Some(&json!("不行的楼"))).then_some(ProblemCode::NotAllowed));
    let report = phone.sync();
    assert_eq!((report.accepted, report.refused), (1, 1), "one does not block the other");
    assert_eq!(phone.name(id), "一号楼");
    let refused = phone.device.with_open(|open| open.refused()).unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].id, refused[0].code), (id, ProblemCode::NotAllowed));
    assert_eq!(refused[0].fields["name"], "不行的楼");
    assert_eq!((phone.state().waiting_records, phone.state().refused), (0, 1));

    phone.pass(1_000);
    phone.rename(id, "行的楼");
    assert_eq!(phone.state().refused, 0, "corrected");
    phone.sync();
    assert_eq!(server.hub().records[&id].text("name"), Some("行的楼"));
}

#[test]
fn a_refused_new_record_leaves_the_register_and_comes_back_when_it_is_corrected() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    server.hub().refuse =
        Box::new(|change| (!change.fields.contains_key("floors")).then_some(ProblemCode::AddressTaken));
    let id = phone.building("一号楼");
    phone.sync();
    assert!(phone.get(id).is_none());
    phone.write(Kind::Building, Some(id), json!({"floors": 3})).unwrap();
    assert_eq!(phone.name(id), "一号楼", "the own words were kept");
    phone.sync();
    assert_eq!(server.hub().records[&id].text("name"), Some("一号楼"));
    assert_eq!(phone.state().refused, 0);
}

#[test]
fn whoever_corrects_one_refused_word_gives_up_no_other_but_what_stands_by_now() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    server.hub().refuse = Box::new(|_| Some(ProblemCode::NotAllowed));
    let words = json!({"name": "不行的楼", "floors": 3, "street": "人民路"});
    phone.write(Kind::Building, Some(id), words).unwrap();
    phone.sync();
    server.hub().refuse = Box::new(|_| None);
    server.write(change(id, Kind::Building, cell(), START + 1_000, json!({"floors": 3})));
    phone.pass(2_000);
    phone.sync();
    phone.rename(id, "行的楼");
    let refused = phone.device.with_open(|open| open.refused()).unwrap();
    assert_eq!(refused[0].fields, serde_json::from_value(json!({"street": "人民路"})).unwrap());
}

#[test]
fn refused_words_can_be_sent_again_or_given_up() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    server.hub().refuse = Box::new(|_| Some(ProblemCode::ForeignCell));
    let (again, given_up) = (phone.building("再来"), phone.building("算了"));
    phone.sync();
    server.hub().refuse = Box::new(|_| None);
    phone.device.with_open(|open| open.resend(again)).unwrap();
    phone.device.with_open(|open| open.discard(given_up)).unwrap();
    phone.sync();
    assert!(server.hub().records.contains_key(&again) && !server.hub().records.contains_key(&given_up));
    assert_eq!(phone.state().refused, 0);
    assert!(phone.device.with_open(|open| open.discard(given_up)).is_err());
}

#[test]
fn equal_stamps_end_the_same_everywhere() {
    let server = Server::new();
    let (one, two) = (Phone::new(&server, 1), Phone::new(&server, 2));
    let id = record_id(5);
    for name in ["甲", "乙"] {
        server.write(change(id, Kind::Building, cell(), START, json!({"name": name, "building_kind": "farmhouse"})));
        one.sync();
    }
    two.sync();
    assert_eq!(one.get(id), two.get(id));
    assert_eq!(one.get(id).as_ref(), server.hub().records.get(&id));
}

#[test]
fn own_writes_are_not_echoed_to_the_run_that_wrote_them() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("一号楼");
    phone.sync();
    assert_eq!(phone.sync().pulled, 0);
    let hub = server.hub();
    let last = hub.requests.last().unwrap();
    assert!(last.push.is_empty());
    assert_eq!(last.cursors[&cell()], 1, "and yet the phone is up to date");
}

#[test]
fn what_others_name_goes_up_before_them() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let dwelling = phone.write(Kind::Dwelling, None, json!({"house_number": "18", "use": "own"})).unwrap();
    let household = phone.write(Kind::Household, None, json!({ "dwelling": dwelling })).unwrap();
    phone.visit(household);
    let building = phone.building("一号楼");
    phone.write(Kind::Dwelling, Some(dwelling), json!({ "building": building })).unwrap();
    phone.sync();
    let kinds: Vec<Kind> = server.hub().requests[0].push.iter().map(|change| change.kind.clone()).collect();
    assert_eq!(kinds, [Kind::Building, Kind::Dwelling, Kind::Household, Kind::Visit]);
}

#[test]
fn a_change_whose_target_comes_later_is_tried_again_and_not_refused() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let dwelling = phone.write(Kind::Dwelling, None, json!({"house_number": "18", "use": "own"})).unwrap();
    let missing = std::sync::atomic::AtomicUsize::new(1);
    server.hub().refuse = Box::new(move |change| {
        let first = change.kind == Kind::Dwelling && missing.swap(0, std::sync::atomic::Ordering::SeqCst) == 1;
        first.then_some(ProblemCode::MissingTarget)
    });
    let report = phone.sync();
    assert_eq!((report.accepted, report.refused), (1, 0));
    assert!(phone.is_sent(dwelling));
}

/// An order to evacuate from these points.
fn order(phone: &Phone, points: &[RecordId]) -> RecordId {
    let fields = json!({"reason": "强降雨", "level": "red", "drill": false, "points": points, "ordered_at": START,
        "by": "worker", "roster": []});
    phone.write(Kind::Evacuation, None, fields).unwrap()
}

#[test]
fn what_names_records_in_a_list_waits_for_those_that_are_still_to_be_sent() {
    let server = Server::new();
    let phone = Phone::of_supervisor(&server, 1);
    let point =
        |name: &str| phone.write(Kind::HazardPoint, None, json!({"name": name, "hazard_kind": "landslide"})).unwrap();
    let there = point("老鹰岩");
    phone.sync();
    let late = point("后山");
    let order = order(&phone, &[there, late]);
    // The second point cannot be taken yet (its stamp lies ahead of the server's clock, say), and the order lacks it.
    server.hub().refuse = Box::new(move |change| match change.kind {
        Kind::HazardPoint => Some(ProblemCode::StampFuture),
        _ => Some(ProblemCode::MissingTarget),
    });
    phone.round();
    assert_eq!((phone.state().refused, phone.get(order).is_some()), (0, true), "it waits for its point");
    server.hub().refuse = Box::new(|_| None);
    phone.sync();
    assert!(phone.is_sent(late) && phone.is_sent(order));
    // Of a point that nobody is going to send any more it is refused.
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Evacuation).then_some(ProblemCode::MissingTarget));
    self::order(&phone, &[record_id(90)]);
    phone.sync();
    assert_eq!((phone.state().refused, phone.state().waiting_records), (1, 0));
}

#[test]
fn the_points_of_an_order_go_up_before_it() {
    let server = Server::new();
    let phone = Phone::of_supervisor(&server, 1);
    let point = phone.write(Kind::HazardPoint, None, json!({"name": "后山", "hazard_kind": "landslide"})).unwrap();
    order(&phone, &[point]);
    phone.sync();
    let kinds: Vec<Kind> = server.hub().requests[0].push.iter().map(|change| change.kind.clone()).collect();
    assert_eq!(kinds, [Kind::HazardPoint, Kind::Evacuation]);
}

#[test]
fn of_two_records_that_wait_for_each_other_one_is_refused_and_nothing_waits_for_ever() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let dwelling = phone.write(Kind::Dwelling, None, json!({"house_number": "18", "use": "own"})).unwrap();
    let earlier = phone.write(Kind::Household, None, json!({"dwelling": dwelling})).unwrap();
    let head = phone.write(Kind::Person, None, json!({"name": "张三", "household": earlier})).unwrap();
    phone.sync();
    // The head moved to another cell meanwhile: the new household may not name them, and they may not name the household.
    let household = phone.write(Kind::Household, None, json!({"dwelling": dwelling, "head": head})).unwrap();
    phone.write(Kind::Person, Some(head), json!({"household": household})).unwrap();
    server.hub().refuse = Box::new(move |change| {
        let lacks = |field: &str, id| change.fields.get(field) == Some(&json!(id));
        (lacks("head", head) || lacks("household", household)).then_some(ProblemCode::MissingTarget)
    });
    for _ in 0..3 {
        phone.sync();
    }
    let state = phone.device.sync_state().unwrap();
    assert_eq!((state.waiting_records, state.refused), (0, 2), "both are in the worker's list");
}

#[test]
fn what_weighs_more_than_a_page_goes_up_in_several() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let mut random = 1_u32;
    for number in 0..220 {
        let mut character = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(0x4E00 + (random >> 8) % 0x5000).unwrap()
        };
        let text: String = (0..2000).map(|_| character()).collect();
        let fields = json!({"title": format!("{number}"), "category": "0101", "list_version": 1, "severity": 3,
            "happened_at": START, "by": "worker", "text": text});
        phone.write(Kind::Incident, None, fields).unwrap();
    }
    phone.sync();
    let hub = server.hub();
    let sizes: Vec<usize> = hub.requests.iter().map(|request| request.push.len()).collect();
    assert!(sizes.len() > 1 && sizes.iter().all(|size| *size > 10), "{sizes:?}");
    assert_eq!(hub.records.len(), 220);
    drop(hub);
    assert_eq!(phone.state().waiting_records, 0);
}

#[test]
fn a_long_feed_comes_page_by_page_and_goes_on_after_a_break() {
    let server = Server::new();
    for number in 0..25 {
        let fields = json!({"name": format!("{number}号楼"), "building_kind": "farmhouse"});
        server.write(change(record_id(100 + number), Kind::Building, cell(), START, fields));
    }
    server.hub().page_records = 10;
    let mut phone = Phone::new(&server, 1);
    server.hub().lose_answers = [CallError::Offline("later".into())].into();
    assert!(phone.round().ended_by.is_some());
    phone.restart();
    assert_eq!(phone.sync().pulled, 25);
    let of_kind = phone.device.with_open(|open| open.store().of_kind(&Kind::Building, Some(&cell()))).unwrap();
    assert_eq!(of_kind.len(), 25);
}

#[test]
fn the_countys_lists_come_when_their_version_changes() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    {
        let mut hub = server.hub();
        hub.lists.version = 9;
        hub.lists.categories.truncate(3);
    }
    phone.sync();
    phone.restart();
    let (version, categories) = phone
        .device
        .with_open::<_, device::DeviceError>(|open| Ok((open.lists().version, open.lists().categories.len())))
        .unwrap();
    assert_eq!((version, categories), (9, 3));
}

#[test]
fn the_countys_lists_come_though_their_version_is_the_one_that_is_held() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let held = || {
        let lists = phone.device.with_open::<_, device::DeviceError>(|open| Ok(open.lists().categories.len())).unwrap();
        lists == server.hub().lists.categories.len()
    };
    // Those that are built in have a version too.
    server.hub().lists.categories.truncate(9);
    phone.sync();
    assert!(held(), "nothing was stored");
    // A database that was put back published another version of the same number.
    server.hub().epoch = domain::Epoch(uuid::Uuid::from_u128(2));
    server.hub().lists.categories.truncate(8);
    phone.sync();
    assert!(held(), "from another database");
    // An older program kept less of them.
    server.hub().lists.categories.truncate(7);
    phone.sync();
    assert!(!held(), "they are not loaded in every round");
    phone.tamper("UPDATE meta SET value = json_set(value, '$.shape', 0) WHERE key = 'lists_from'");
    phone.sync();
    assert!(held(), "in another shape");
}

#[test]
fn lists_with_the_content_that_is_held_are_not_loaded() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let name = |lists: &domain::codes::Lists| {
        let digest = lists.digest();
        server.hub().spoil = Box::new(move |answer| answer.lists_digest = Some(digest.clone()));
    };
    let initial = domain::codes::Lists::initial();
    name(&initial);
    phone.sync();
    phone.restart();
    phone.sync();
    assert_eq!(server.hub().lists_loaded, 0, "they are built in");
    // The same ones in another database are still the same ones.
    server.hub().epoch = domain::Epoch(uuid::Uuid::from_u128(2));
    phone.sync();
    assert_eq!(server.hub().lists_loaded, 0, "of another database");
    // Others of the same number are not.
    let mut others = initial.clone();
    others.categories.truncate(8);
    server.hub().lists = others.clone();
    name(&others);
    phone.sync();
    phone.sync();
    assert_eq!(server.hub().lists_loaded, 1);
    // The phone's own program knows less than the server: it cannot name what it stored, and remembers what it was told.
    server.hub().spoil = Box::new(|answer| answer.lists_digest = Some("0123456789abcdef".into()));
    phone.sync();
    phone.restart();
    phone.sync();
    assert_eq!(server.hub().lists_loaded, 2);
}

#[test]
fn lists_that_find_no_room_hold_nothing_else_up() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    let categories = domain::codes::Lists::initial().categories;
    server.hub().lists.version = 9;
    server.hub().lists.categories = (0..20).flat_map(|_| categories.clone()).collect();
    let allow = |pages: u32| {
        let allow = format!("PRAGMA max_page_count = {pages}");
        phone.device.with_open(|open| Ok::<_, device::DeviceError>(open.store().connection().execute_batch(&allow)?))
    };
    let held = || phone.device.with_open::<_, device::DeviceError>(|open| Ok(open.lists().version)).unwrap();
    allow(1).unwrap();
    let report = phone.round();
    assert!(report.ended_by.is_none(), "{report:?}");
    assert_ne!(held(), 9);
    allow(100_000).unwrap();
    phone.sync();
    assert_eq!(held(), 9, "with room they are stored");
}

#[test]
fn the_sync_bar_tells_the_truth_all_along() {
    use device::SyncPhase::{Never, Offline, Safe, SignedOut, Waiting};
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    assert_eq!((phone.state().phase, phone.state().safe_at), (Never, None));
    server.hub().offline = Some(CallError::Offline("no signal".into()));
    phone.building("一号楼");
    phone.round();
    assert_eq!((phone.state().phase, phone.state().waiting_records), (Offline, 1));
    server.hub().offline = None;
    phone.sync();
    assert_eq!((phone.state().phase, phone.state().safe_at), (Safe, Some(START)));
    phone.building("二号楼");
    assert_eq!(phone.state().phase, Waiting);
    phone.restart();
    assert_eq!((phone.state().phase, phone.state().safe_at), (Waiting, Some(START)), "known across a restart");
    server.hub().offline = Some(CallError::SignedOut);
    phone.round();
    phone.restart();
    assert_eq!(phone.state().phase, SignedOut);
    assert_eq!(phone.state().waiting_records, 1, "and nothing was dropped");
    phone.building("三号楼");
    server.hub().offline = None;
    phone.device.enrol_again("https://server.example", &enrolment(1)).unwrap();
    phone.sync();
    assert_eq!((phone.state().phase, server.hub().records.len()), (Safe, 3));
}

#[test]
fn what_no_signal_and_no_waiting_will_end_is_said_until_a_round_goes_through() {
    use device::Hindrance;
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("一号楼");
    let unknown = || CallError::Refused { code: domain::protocol::CallRefusal::UnknownProtocol };
    for (error, hindrance) in [
        (CallError::Offline("no signal".into()), Hindrance::None),
        (unknown(), Hindrance::Update),
        (CallError::Unreadable("half of it".into()), Hindrance::Server),
        (CallError::Refused { code: domain::protocol::CallRefusal::TooLarge }, Hindrance::Server),
        (CallError::Unavailable("busy".into()), Hindrance::None),
        (unknown(), Hindrance::Update),
    ] {
        server.hub().offline = Some(error.clone());
        phone.round();
        assert_eq!(phone.state().hindrance, hindrance, "{error}");
    }
    server.hub().offline = None;
    phone.sync();
    assert_eq!(phone.state().hindrance, Hindrance::None);
    // Nothing can be written: every round ends at that, and the bar must not say "soon".
    phone.building("二号楼");
    phone.tamper(
        "CREATE TRIGGER full BEFORE INSERT ON meta BEGIN SELECT raise(ABORT, 'no room'); END;
        CREATE TRIGGER full_2 BEFORE UPDATE ON meta BEGIN SELECT raise(ABORT, 'no room'); END",
    );
    phone.round();
    let state = phone.state();
    assert_eq!((state.hindrance, state.waiting_records), (Hindrance::Storage, 1));
    phone.tamper("DROP TRIGGER full; DROP TRIGGER full_2");
    phone.sync();
    assert_eq!(phone.state().hindrance, Hindrance::None);
}

#[test]
fn the_generation_grows_when_something_stored_changed_and_only_then() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    let before = phone.device.generation();
    phone.sync();
    assert_eq!(phone.device.generation(), before, "nothing new");
    server.write(change(
        record_id(9),
        Kind::Building,
        cell(),
        START,
        json!({"name": "甲", "building_kind": "farmhouse"}),
    ));
    phone.sync();
    assert!(phone.device.generation() > before);
}

#[test]
fn a_copy_of_a_refused_request_that_is_taken_later_comes_down() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building_with_unsent(json!({"name": "二号楼"}));
    server.hub().refuse = Box::new(|_| Some(ProblemCode::NotAllowed));
    phone.sync();
    assert_eq!(phone.name(id), "一号楼");
    // The network had kept a copy of the request, and delivers it when the server would take it.
    server.hub().refuse = Box::new(|_| None);
    let late = server.hub().requests.iter().rfind(|request| !request.push.is_empty()).cloned().unwrap();
    phone.server.exchange(&late).unwrap();
    assert_eq!(phone.sync().differing, 0, "the feed told, nothing had to be repaired");
    assert_eq!(phone.name(id), "二号楼");
}

#[test]
fn a_copy_of_an_offer_that_a_restored_server_refused_comes_down_when_it_is_taken_later() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    {
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.records.clear();
        hub.feed.clear();
        hub.refuse = Box::new(|_| Some(ProblemCode::MissingTarget));
    }
    phone.sync();
    assert!(phone.get(id).is_none(), "the server has not got it");
    // What it named has come from another phone meanwhile.
    server.hub().refuse = Box::new(|_| None);
    let late = server.hub().requests.iter().rfind(|request| !request.push.is_empty()).cloned().unwrap();
    phone.server.exchange(&late).unwrap();
    assert_eq!(phone.sync().differing, 0, "the feed told, nothing had to be repaired");
    assert_eq!(phone.name(id), "一号楼");
}
