//! Two people who did not know of each other: who is told, of what, and until when.

use domain::conflict::{CONFLICTS_TOLD_MAX, Conflict, Hand};
use domain::protocol::{CallRefusal, ExchangeAnswer, Verdict};
use domain::scope::Role;
use domain::{Change, Fields, HybridClock, Kind, Node, Record, RecordId, World as _};
use serde_json::{Value, json};
use sync_server::hub::conflicts::RestoreOf;
use sync_server::hub::corrections::CorrectionOf;
use sync_server::hub::reviews::DeskChange;
use sync_server::store::{SetAside, Store as _};

use crate::common::{County, DAY, MINUTE, TestPhone, cell, scope};

/// A person that every phone of these has, and the phones, each in an own run.
fn known_to(county: &County, phones: &mut [&mut TestPhone]) -> Record {
    let home = phones[0].new_home(&cell(1));
    let id = home[2].id;
    phones[0].push_all(&home);
    for phone in phones.iter_mut() {
        phone.round(Vec::new());
    }
    county.world.pass(MINUTE);
    county.stored(id).unwrap().record
}

/// An edit of somebody who has this version of the record before their eyes.
fn edit(phone: &mut TestPhone, seen: &Record, fields: Value) -> Change {
    phone.world.pass(1_000);
    let mut change = phone.change(seen.kind.clone(), seen.id, &seen.cell, fields);
    let known = change.fields.keys().filter(|field| seen.fields.contains_key(*field));
    change.base = known.map(|field| (field.clone(), seen.stamps.of(field))).collect();
    change
}

fn conflicts(answer: ExchangeAnswer) -> Vec<Conflict> {
    answer.pages.into_iter().flat_map(|page| page.conflicts).collect()
}

fn told(phone: &mut TestPhone) -> Vec<Conflict> {
    conflicts(phone.round(Vec::new()))
}

/// How many conflicts of a record are open.
fn open(county: &County, id: RecordId) -> usize {
    county.hub.store().read(|reading| reading.open_conflicts(&scope("610722"), id, 0)).unwrap().len()
}

#[test]
fn two_phones_of_one_worker_that_edit_the_same_field_are_both_told() {
    let county = County::new();
    let account = county.account("worker-a", Role::Worker, &[], &[cell(1)]);
    let (mut old, mut new) = (county.phone_of(&account), county.phone_of(&account));
    let person = known_to(&county, &mut [&mut old, &mut new]);
    let first = edit(&mut old, &person, json!({"phone": "13800000001"}));
    let second = edit(&mut new, &person, json!({"phone": "13800000002"}));
    old.round(vec![first.clone()]);
    let at_once = conflicts(new.round(vec![second.clone()]));
    assert_eq!(at_once.len(), 1, "also the writer is told, in the answer to the very push");
    let conflict = &at_once[0];
    assert_eq!((conflict.record, conflict.field.as_str()), (person.id, "phone"));
    assert_eq!((&conflict.value, conflict.stamp), (&json!("13800000001"), first.stamps.common));
    assert_eq!(conflict.won_stamp, second.stamps.common);
    assert_eq!(conflict.by.as_ref().map(|by| by.hand), Some(Hand::OtherPhone));
    assert_eq!(conflict.won_by.as_ref().map(|by| by.hand), Some(Hand::ThisPhone));
    let other = told(&mut old);
    assert_eq!(other.len(), 1);
    let by = other[0].by.clone().unwrap();
    assert_eq!((by.hand, by.account, by.name.as_str()), (Hand::ThisPhone, account, "测试 worker-a"));
    assert!(told(&mut old).is_empty() && told(&mut new).is_empty(), "once");
    assert_eq!(county.stored(person.id).unwrap().record.text("phone"), Some("13800000002"));
}

#[test]
fn a_value_that_came_too_late_is_told_like_one_that_was_replaced() {
    let county = County::new();
    let mut late = county.worker("worker-a", &[cell(1)]);
    let mut early = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut late, &mut early]);
    let lost = edit(&mut late, &person, json!({"phone": "13800000001"}));
    let stands = edit(&mut early, &person, json!({"phone": "13800000002"}));
    early.round(vec![stands.clone()]);
    let of_late = conflicts(late.round(vec![lost.clone()]));
    assert_eq!((of_late.len(), of_late[0].stamp), (1, lost.stamps.common));
    assert_eq!(of_late[0].won_by.clone().unwrap().name, "测试 worker-b");
    let of_early = told(&mut early);
    assert_eq!((of_early.len(), &of_early[0].value), (1, &json!("13800000001")));
    assert_eq!(of_early[0].by.clone().unwrap().account.as_str(), "worker-a");
}

#[test]
fn different_fields_and_equal_values_make_no_conflict() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut first, &mut second]);
    let phone = edit(&mut first, &person, json!({"phone": "13800000001", "sex": "1"}));
    let name = edit(&mut second, &person, json!({"name": "张四", "sex": "1"}));
    first.push_all(&[phone]);
    second.push_all(&[name]);
    assert_eq!(open(&county, person.id), 0);
    assert!(told(&mut first).is_empty() && told(&mut second).is_empty());
}

#[test]
fn whoever_had_seen_the_value_that_they_replaced_is_in_no_conflict() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut first, &mut second]);
    let one = edit(&mut first, &person, json!({"phone": "13800000001"}));
    first.push_all(std::slice::from_ref(&one));
    let seen = county.stored(person.id).unwrap().record;
    let two = edit(&mut second, &seen, json!({"phone": "13800000002"}));
    second.push_all(&[two]);
    // The first never learnt that its value arrived, and sends it again with another field.
    let mut again = edit(&mut first, &person, json!({"phone": "13800000001", "name": "张四"}));
    again.stamps.except.insert("phone".into(), one.stamps.common);
    first.push_all(&[again]);
    assert_eq!(open(&county, person.id), 0);
}

#[test]
fn own_words_written_anew_after_a_lost_answer_are_no_conflict() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let person = known_to(&county, &mut [&mut phone]);
    let one = edit(&mut phone, &person, json!({"phone": "13800000001"}));
    phone.push_all(&[one]);
    // The answer is lost: the base is still what stood before.
    let two = edit(&mut phone, &person, json!({"phone": "13800000002"}));
    phone.push_all(&[two]);
    assert_eq!(open(&county, person.id), 0);
}

#[test]
fn a_repeated_push_makes_no_second_conflict_and_moves_no_feed() {
    let county = County::new();
    let mut late = county.worker("worker-a", &[cell(1)]);
    let mut early = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut late, &mut early]);
    let lost = edit(&mut late, &person, json!({"phone": "13800000001"}));
    let stands = edit(&mut early, &person, json!({"phone": "13800000002"}));
    early.push_all(&[stands]);
    late.push_all(std::slice::from_ref(&lost));
    let reached = || county.hub.store().read(|reading| reading.feed_reached(&cell(1))).unwrap();
    let before = reached();
    late.push_all(std::slice::from_ref(&lost));
    // And once more in other company.
    let mut again = edit(&mut late, &person, json!({"phone": "13800000001", "name": "张四"}));
    again.stamps.except.insert("phone".into(), lost.stamps.common);
    late.push_all(&[again]);
    assert_eq!(open(&county, person.id), 1);
    assert_eq!(reached(), before + 1, "the name moved it, the repetition did not");
}

#[test]
fn the_desk_writes_on_when_the_server_s_clock_was_set_back_by_minutes_or_by_years() {
    for back in [10 * MINUTE, 366 * DAY] {
        let county = County::new();
        county.world.pass(back);
        let desk = county.supervisor("boss", "610722001001");
        let mut phone = county.worker("worker-a", &[cell(1)]);
        let person = known_to(&county, &mut [&mut phone]);
        county.world.pass(-back);
        for value in ["13900000001", "13900000002"] {
            county.world.pass(1_000);
            let fields = Fields::from([("phone".to_owned(), json!(value))]);
            let change = DeskChange { id: person.id, kind: Kind::Person, cell: cell(1), fields };
            assert_eq!(county.hub.write_as_desk(&desk.actor, change).unwrap(), Verdict::Accepted);
            assert_eq!(county.stored(person.id).unwrap().record.text("phone"), Some(value));
        }
    }
}

#[test]
fn a_supervisor_s_correction_that_races_a_phone_is_told_to_the_phone() {
    let county = County::new();
    let desk = county.supervisor("boss", "610722001001");
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let person = known_to(&county, &mut [&mut phone]);
    let correct = |value: &str| {
        county.world.pass(1_000);
        let fields = Fields::from([("phone".to_owned(), json!(value))]);
        let change = DeskChange { id: person.id, kind: Kind::Person, cell: cell(1), fields };
        county.hub.write_as_desk(&desk.actor, change).unwrap();
    };
    // Offline the worker was first, the desk later: the worker's value is set aside.
    let own = edit(&mut phone, &person, json!({"phone": "13800000001"}));
    correct("13900000001");
    let lost = conflicts(phone.round(vec![own]));
    assert_eq!((lost.len(), &lost[0].value), (1, &json!("13800000001")));
    let winner = lost[0].won_by.clone().unwrap();
    assert_eq!((winner.hand, winner.name.as_str()), (Hand::Desk, "测试 boss"));
    // And the other way round: the desk corrects, and a phone that does not know of it writes later.
    let seen = county.stored(person.id).unwrap().record;
    correct("13900000002");
    let own = edit(&mut phone, &seen, json!({"phone": "13800000003"}));
    let open: Vec<Conflict> = conflicts(phone.round(vec![own]));
    let of_desk = open.iter().find(|conflict| conflict.value == json!("13900000002")).unwrap();
    assert_eq!(of_desk.by.as_ref().map(|by| by.hand), Some(Hand::Desk));
    assert_eq!(county.stored(person.id).unwrap().record.text("phone"), Some("13800000003"));
}

#[test]
fn a_conflict_is_settled_when_the_old_value_is_written_again() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut first, &mut second]);
    let one = edit(&mut first, &person, json!({"phone": "13800000001"}));
    let two = edit(&mut second, &person, json!({"phone": "13800000002"}));
    first.push_all(&[one]);
    second.push_all(&[two]);
    assert_eq!((told(&mut first).len(), told(&mut second).len()), (1, 1));
    let seen = county.stored(person.id).unwrap().record;
    let restored = edit(&mut first, &seen, json!({"phone": "13800000001"}));
    first.round(vec![restored]);
    assert_eq!(open(&county, person.id), 0);
    let answer = second.round(Vec::new());
    assert_eq!(answer.pages[0].records[0].text("phone"), Some("13800000001"));
    assert!(conflicts(answer).is_empty(), "the record comes without the conflict: it is settled");
}

#[test]
fn a_later_value_settles_a_conflict_only_from_somebody_who_was_told_of_it() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut first, &mut second]);
    let one = edit(&mut first, &person, json!({"phone": "13800000001"}));
    let two = edit(&mut second, &person, json!({"phone": "13800000002"}));
    first.push_all(&[one]);
    second.push_all(std::slice::from_ref(&two));
    // The second writes on before it hears of the first: right by its base, but it does not know.
    let mut mine = person.clone();
    mine.stamps.except.insert("phone".into(), two.stamps.common);
    let on = edit(&mut second, &mine, json!({"phone": "13800000003"}));
    assert_eq!(conflicts(second.round(vec![on])).len(), 1);
    assert_eq!(open(&county, person.id), 1);
    let seen = county.stored(person.id).unwrap().record;
    let decided = edit(&mut second, &seen, json!({"phone": "13800000004"}));
    second.round(vec![decided]);
    assert_eq!(open(&county, person.id), 0, "now it knew");
}

fn reached(county: &County) -> u64 {
    county.hub.store().read(|reading| reading.feed_reached(&cell(1))).unwrap()
}

#[test]
fn the_desk_settles_no_conflict_that_its_page_did_not_tell() {
    let county = County::new();
    let desk = county.supervisor("boss", "610722001001");
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut first, &mut second]);
    let late = edit(&mut first, &person, json!({"phone": "13800000001"}));
    let stands = edit(&mut second, &person, json!({"phone": "13800000002"}));
    second.push_all(&[stands]);
    let (read_at, version) = (reached(&county), county.stored(person.id).unwrap().version);
    first.push_all(&[late]);
    assert_eq!(county.stored(person.id).unwrap().version, version, "what lost leaves the record as it was");
    assert_eq!(open(&county, person.id), 1);

    // From the page that was open before the late value came, and from a page that tells of no conflicts.
    let fields = |phone: &str| Fields::from([("phone".to_owned(), json!(phone))]);
    let wish =
        CorrectionOf { id: person.id, version, reached: Some(read_at), fields: fields("13800000003"), note: None };
    let version = county.hub.correct(&desk, &wish).unwrap();
    assert_eq!(open(&county, person.id), 1, "it stays to be decided");
    let wish = CorrectionOf { version, reached: None, fields: fields("13800000004"), ..wish };
    let version = county.hub.correct(&desk, &wish).unwrap();
    assert_eq!(open(&county, person.id), 1);

    // From the page that tells of it.
    let wish = CorrectionOf { version, reached: Some(reached(&county)), fields: fields("13800000005"), ..wish };
    county.hub.correct(&desk, &wish).unwrap();
    assert_eq!(open(&county, person.id), 0);
}

#[test]
fn whoever_holds_the_cell_to_which_a_record_moved_settles_its_conflict() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1), cell(2)]);
    let mut third = county.worker("worker-c", &[cell(2)]);
    let person = known_to(&county, &mut [&mut first, &mut second]);
    let one = edit(&mut first, &person, json!({"phone": "13800000001"}));
    let two = edit(&mut second, &person, json!({"phone": "13800000002"}));
    first.push_all(&[one]);
    second.push_all(&[two]);
    let door = second.new_dwelling(&cell(2));
    let household = second.new_record(Kind::Household, &cell(2), json!({"dwelling": door.id}));
    let there = json!({"household": household.id, "cell": cell(2)});
    let moved = edit(&mut second, &person, there);
    second.push_all(&[door, household, moved]);
    // Its number in the feed that it left is of no account in the one where it is.
    assert_eq!(told(&mut third).len(), 1);
    let seen = county.stored(person.id).unwrap().record;
    let decided = edit(&mut third, &seen, json!({"phone": "13800000003"}));
    third.round(vec![decided]);
    assert_eq!(open(&county, person.id), 0);
}

#[test]
fn what_is_undecided_of_a_record_that_moves_about_within_a_push_is_told_where_it_lies_in_the_end() {
    for at_once in [true, false] {
        let county = County::new();
        let mut phone = county.worker("worker-a", &[cell(1), cell(2)]);
        let mut other = county.worker("worker-b", &[cell(1), cell(2)]);
        let fields = json!({"name": "3号楼", "building_kind": "residential", "street": "中街"});
        let building = phone.new_record(Kind::Building, &cell(1), fields);
        phone.push_all(std::slice::from_ref(&building));
        let unaware_of = county.stored(building.id).unwrap().record;
        let late = edit(&mut phone, &unaware_of, json!({"name": "三号楼", "street": "东街"}));
        let stands = edit(&mut other, &unaware_of, json!({"name": "3栋", "street": "西街"}));
        other.push_all(&[stands]);
        phone.round(vec![late]);
        let told_before = phone.cursors.clone();
        let mut lies = county.stored(building.id).unwrap().record;
        let mut push = Vec::new();
        for (turn, to) in [cell(2), cell(1), cell(2)].into_iter().enumerate() {
            let moved = edit(&mut phone, &lies, json!({"cell": to}));
            lies.cell = to.clone();
            lies.fields.insert("cell".into(), json!(to));
            lies.stamps.except.insert("cell".into(), moved.stamps.common);
            run_anew(&mut phone, 1 << turn);
            let seen = Record { cell: to, ..unaware_of.clone() };
            push.extend([moved, edit(&mut phone, &seen, json!({"name": format!("{turn}幢")}))]);
        }
        // Of the street that was set aside this phone was told where the record lay first, and not yet where it lies now.
        push.push(edit(&mut phone, &lies, json!({"street": "北街"})));
        for push in push.chunks(if at_once { push.len() } else { 1 }) {
            phone.cursors = told_before.clone();
            phone.round(push.to_vec());
        }
        let stored = county.stored(building.id).unwrap().record;
        assert_eq!((stored.cell, stored.fields["name"].as_str()), (cell(2), Some("2幢")));
        assert_eq!(stored.fields["street"], "北街");
        let mut open =
            county.hub.store().read(|reading| reading.open_conflicts(&scope("610722"), building.id, 0)).unwrap();
        open.sort_by_key(|conflict| conflict.stamp);
        let mut values: Vec<&str> = open.iter().filter_map(|conflict| conflict.value.as_str()).collect();
        values[..2].sort_unstable();
        assert_eq!(values, ["三号楼", "东街", "3栋", "0幢", "1幢"]);
        assert!(open.iter().all(|conflict| conflict.cell == cell(2)), "{open:?}");
        let places: Vec<u64> = open.iter().map(|conflict| conflict.n).collect();
        assert!(places[..4].iter().all(|n| *n == places[0]) && places[4] > places[0], "{places:?}");
    }
}

#[test]
fn an_informant_is_told_of_no_conflict_in_a_hidden_field() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let mut informant = county.phone_of(&county.account("informant-a", Role::Informant, &[], &[cell(1)]));
    let person = known_to(&county, &mut [&mut first, &mut second, &mut informant]);
    let one = edit(&mut first, &person, json!({"phone": "13800000001", "name": "张四"}));
    let two = edit(&mut second, &person, json!({"phone": "13800000002", "name": "张五"}));
    first.push_all(&[one]);
    second.push_all(&[two]);
    let fields: Vec<String> = told(&mut informant).into_iter().map(|conflict| conflict.field).collect();
    assert_eq!(fields, ["name"]);
    assert_eq!(told(&mut first).len(), 2);
}

#[test]
fn what_is_told_is_bounded_and_ends_after_ninety_days() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut first, &mut second]);
    for number in 0..30 {
        let one = edit(&mut first, &person, json!({"phone": format!("138000001{number:02}")}));
        first.push_all(&[one]);
        let two = edit(&mut second, &person, json!({"phone": format!("139000001{number:02}")}));
        second.push_all(&[two]);
    }
    assert!(open(&county, person.id) > 30);
    let told_now = told(&mut second);
    assert_eq!(told_now.len(), CONFLICTS_TOLD_MAX);
    assert_eq!(told_now[0].value, json!("13800000129"), "the latest first");
    county.world.pass(91 * DAY);
    let mut fresh = county.worker("worker-c", &[cell(1)]);
    assert!(told(&mut fresh).is_empty());
}

#[test]
fn what_phones_offer_again_after_a_restore_is_no_conflict() {
    let mut county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut first, &mut second]);
    let backup = county.folder.path().join("backup.db");
    county
        .hub
        .store()
        .write(|writing| writing.put_setting("backed_up_at", &(county.world.clone().now()).to_string()))
        .unwrap();
    county.hub.store().back_up(&backup).unwrap();
    county.world.pass(MINUTE);
    let lost = edit(&mut first, &person, json!({"phone": "13800000001"}));
    first.push_all(std::slice::from_ref(&lost));
    county.world.pass(MINUTE);
    county.put_back(&backup);
    first.hub = std::sync::Arc::clone(&county.hub);
    // The whole record, without what was seen when it was written, by a later run of the phone.
    first.clock = HybridClock::new(Node(first.node().0 ^ 1), first.clock.last());
    let offered = Change { base: Default::default(), ..lost };
    first.push_all(&[offered]);
    assert_eq!(county.stored(person.id).unwrap().record.text("phone"), Some("13800000001"));
    assert_eq!(open(&county, person.id), 0);
}

#[test]
fn the_desk_lets_a_value_stand_again_on_the_version_that_it_looked_at() {
    let county = County::new();
    let desk = county.supervisor("boss", "610722001001");
    county.account("admin", Role::Admin, &["610722"], &[]);
    let admin = county.hub.sign_in("admin", crate::common::PASSWORD).unwrap().desk;
    let stranger = county.supervisor("neighbour", "610722001002");
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let person = known_to(&county, &mut [&mut first, &mut second]);
    let one = edit(&mut first, &person, json!({"phone": "13800000001"}));
    let two = edit(&mut second, &person, json!({"phone": "13800000002"}));
    first.push_all(std::slice::from_ref(&one));
    let stale = county.stored(person.id).unwrap().version;
    second.push_all(&[two]);
    let version = county.stored(person.id).unwrap().version;
    let reached = reached(&county);
    let wish = RestoreOf { id: person.id, version, reached, field: "phone".into(), stamp: one.stamps.common };
    let refusal = |desk, wish: &RestoreOf| county.hub.restore_at_desk(desk, wish).unwrap_err().code();
    assert_eq!(refusal(&desk, &RestoreOf { version: stale, ..wish.clone() }), CallRefusal::Stale);
    assert_eq!(refusal(&desk, &RestoreOf { field: "name".into(), ..wish.clone() }), CallRefusal::NotFound);
    assert_eq!(refusal(&stranger, &wish), CallRefusal::NotFound);
    assert_eq!(refusal(&admin, &wish), CallRefusal::NotFound);
    let after = county.hub.restore_at_desk(&desk, &wish).unwrap();
    let stored = county.stored(person.id).unwrap();
    assert_eq!((stored.record.text("phone"), &stored.version), (Some("13800000001"), &after));
    assert_eq!(open(&county, person.id), 0);
    assert_eq!(stored.changed_by.as_str(), "boss");
    // The value that the restore replaced was seen: nobody is told of a conflict, and it can be had back as well.
    assert!(told(&mut second).is_empty());
}

/// What is open of a field: the values, when and by whom they and what stands were written.
fn open_values(county: &County, id: RecordId) -> Vec<SetAside> {
    let mut open = county.hub.store().read(|reading| reading.open_conflicts(&scope("610722"), id, 0)).unwrap();
    open.sort_by_key(|conflict| conflict.stamp);
    // Where each is told first differs.
    open.into_iter().map(|conflict| SetAside { n: 0, ..conflict }).collect()
}

/// From here on another run of the phone's program writes.
fn run_anew(phone: &mut TestPhone, number: u64) {
    phone.clock = HybridClock::new(Node(phone.node().0 ^ number), phone.clock.last());
}

/// Pushes changes that must be accepted: at once, or one by one.
fn push_changes(phone: &mut TestPhone, changes: &[Change], at_once: bool) {
    changes.chunks(if at_once { changes.len() } else { 1 }).for_each(|push| phone.push_all(push));
}

#[test]
fn one_push_sets_aside_what_its_changes_do_one_by_one() {
    let set_aside = |at_once: bool| {
        let county = County::new();
        let mut phone = county.worker("worker-a", &[cell(1)]);
        let mut other = county.worker("worker-b", &[cell(1)]);
        let person = known_to(&county, &mut [&mut phone, &mut other]);
        let first = edit(&mut phone, &person, json!({"phone": "13800000001"}));
        let second = edit(&mut phone, &person, json!({"phone": "13800000002"}));
        let stands = edit(&mut other, &person, json!({"phone": "13800000009"}));
        other.push_all(&[stands]);
        run_anew(&mut phone, 1);
        let third = edit(&mut phone, &person, json!({"phone": "13800000003"}));
        run_anew(&mut phone, 2);
        let mut fourth = edit(&mut phone, &person, json!({"phone": "13800000004"}));
        fourth.base.insert("phone".into(), third.stamps.common);
        // Whoever wrote the fourth had seen the third: it only comes back with another field.
        let mut again = third.clone();
        again.fields.insert("sex".into(), json!("1"));
        run_anew(&mut phone, 4);
        let fifth = edit(&mut phone, &person, json!({"phone": "13800000005"}));
        // The second stands again, and with that it is decided.
        run_anew(&mut phone, 8);
        let mut sixth = edit(&mut phone, &person, json!({"phone": "13800000002"}));
        sixth.base.insert("phone".into(), fifth.stamps.common);
        let push = [first, second, third, fourth, again, fifth, sixth];
        push_changes(&mut phone, &push, at_once);
        open_values(&county, person.id)
    };
    let at_once = set_aside(true);
    let values: Vec<&Value> = at_once.iter().map(|conflict| &conflict.value).collect();
    assert_eq!(values, [&json!("13800000001"), &json!("13800000009"), &json!("13800000004")]);
    assert!(at_once.iter().all(|conflict| conflict.by.is_some() && conflict.won_by.is_some()), "{at_once:?}");
    assert_eq!(at_once, set_aside(false));
}

#[test]
fn what_the_server_emptied_within_a_push_has_a_writer_for_what_comes_after_it() {
    let set_aside = |at_once: bool| {
        let county = County::new();
        let boss = county.supervisor("boss", "610722001001");
        let mut phone = county.worker("worker-a", &[cell(1)]);
        let mut other = county.worker("worker-b", &[cell(1)]);
        let home = phone.new_home(&cell(1));
        let second = phone.new_record(Kind::Person, &cell(1), json!({"household": home[1].id, "name": "李四"}));
        phone.push_all(&home);
        phone.push_all(std::slice::from_ref(&second));
        let household = county.stored(home[1].id).unwrap().record;
        let stands = edit(&mut other, &household, json!({"head": second.id}));
        county.hub.erase(&boss.actor, home[2].id).unwrap();
        other.push_all(&[stands]);
        // Two runs that had not heard of it write after each other, the first still names who was erased.
        run_anew(&mut phone, 1);
        let erased = edit(&mut phone, &household, json!({"head": home[2].id}));
        run_anew(&mut phone, 2);
        let own = edit(&mut phone, &household, json!({"head": second.id}));
        let push = [erased, own];
        push_changes(&mut phone, &push, at_once);
        open_values(&county, household.id)
    };
    let at_once = set_aside(true);
    let emptied =
        |conflict: &SetAside| conflict.value.is_null() && conflict.by.as_ref().is_some_and(|by| by.device.is_none());
    assert!(at_once.len() == 2 && at_once.iter().all(emptied), "the server's own: {at_once:?}");
    assert_eq!(at_once, set_aside(false));
}
