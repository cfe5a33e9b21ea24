//! What becomes of pushed changes.

use domain::kinds::photo::PHOTOS_PER_RECORD_MAX;
use domain::protocol::{STAMP_AHEAD_ACCEPTED, Verdict};
use domain::review::ReviewState;
use domain::{Kind, Problem, ProblemCode, Scope, Stamps, World as _};
use serde_json::json;
use sync_server::store::Store as _;

use crate::common::{County, DAY, MINUTE, cell, scope};

#[test]
fn a_lost_answer_costs_a_repetition_and_no_data() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let before = county.stored(home[1].id).unwrap();
    let reached = county.hub.store().read(|r| r.feed_reached(&cell(1))).unwrap();
    county.world.pass(MINUTE);
    phone.push_all(&home);
    assert_eq!(county.stored(home[1].id).unwrap(), before);
    assert_eq!(county.hub.store().read(|r| r.feed_reached(&cell(1))).unwrap(), reached, "nothing is written twice");
    let history = county.hub.store().read(|r| r.history(&scope("610722"), home[1].id)).unwrap();
    assert_eq!(history.len(), 1);
}

#[test]
fn one_bad_change_never_blocks_the_others() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    for position in 0..4 {
        let mut changes = phone.new_home(&cell(1)).to_vec();
        let poison = phone.new_record(Kind::Building, &cell(1), json!({"name": 7, "building_kind": "palace"}));
        changes.insert(position, poison);
        let verdicts = phone.push(&changes);
        let refused: Vec<usize> = (0..4).filter(|index| matches!(verdicts[*index], Verdict::Refused(_))).collect();
        assert_eq!(refused, [position]);
        assert!(county.stored(changes[position].id).is_none());
    }
}

#[test]
fn records_that_name_each_other_arrive_in_any_order() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let [dwelling, household, person] = phone.new_home(&cell(1));
    phone.push_all(&[person, household, dwelling]);
}

#[test]
fn what_names_a_refused_record_is_refused_with_it_and_everything_behind_that_too() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let [mut dwelling, household, person] = phone.new_home(&cell(1));
    dwelling.fields.insert("use".into(), json!("castle"));
    let visit = phone.visit(household.id, &cell(1));
    let codes: Vec<_> = phone
        .push(&[visit, person, household, dwelling])
        .into_iter()
        .map(|verdict| match verdict {
            Verdict::Refused(refusal) => refusal.code,
            Verdict::Accepted => panic!("accepted"),
        })
        .collect();
    use ProblemCode::{MissingTarget, UnknownCode};
    assert_eq!(codes, [MissingTarget, MissingTarget, MissingTarget, UnknownCode]);
}

#[test]
fn what_is_sent_twice_in_a_push_and_refused_is_not_acknowledged_the_second_time() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let nowhere = phone.world.record_id();
    let visit = phone.visit(nowhere, &cell(1));
    for verdict in phone.push(&[visit.clone(), visit.clone()]) {
        let Verdict::Refused(refusal) = verdict else { panic!("accepted, and nowhere") };
        assert_eq!(refusal.code, ProblemCode::MissingTarget);
    }
    // What is taken the first time is known the second.
    let home = phone.new_home(&cell(1));
    phone.push_all(&[home.clone(), home.clone()].concat());
    // Nor does an edit of what stands get in that way.
    let before = county.stored(home[1].id).unwrap();
    let head = phone.change(Kind::Household, home[1].id, &cell(1), json!({"head": nowhere}));
    for verdict in phone.push(&[head.clone(), head]) {
        let Verdict::Refused(refusal) = verdict else { panic!("a head who is nowhere") };
        assert_eq!((refusal.code, refusal.problems[0].field.as_str()), (ProblemCode::MissingTarget, "head"));
        assert_eq!(refusal.current.as_ref(), Some(&before.record));
    }
    assert_eq!(county.stored(home[1].id).unwrap(), before);
}

#[test]
fn what_is_refused_with_the_record_that_it_names_is_answered_with_what_stands() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let (person, nowhere, begun) = (home[2].id, phone.world.record_id(), phone.world.record_id());
    let household = phone.change(Kind::Household, begun, &cell(1), json!({"dwelling": nowhere}));
    let moves_in = phone.change(Kind::Person, person, &cell(1), json!({"household": begun}));
    let stands = county.stored(person).unwrap().record;
    let verdicts = phone.push(&[household, moves_in]);
    let Verdict::Refused(refusal) = &verdicts[1] else { panic!("accepted") };
    assert_eq!((refusal.code, refusal.current.as_ref()), (ProblemCode::MissingTarget, Some(&stands)));
}

#[test]
fn a_visit_to_somebody_else_s_cell_or_to_nobody_has_no_target() {
    let county = County::new();
    let mut other = county.worker("worker-b", &[cell(2)]);
    let home = other.new_home(&cell(2));
    other.push_all(&home);
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let foreign = phone.visit(home[1].id, &cell(1));
    assert_eq!(phone.refused(&foreign), ProblemCode::MissingTarget);
    let nobody = phone.world.record_id();
    let nowhere = phone.visit(nobody, &cell(1));
    assert_eq!(phone.refused(&nowhere), ProblemCode::MissingTarget);
    // A building is no household, whatever the visit says.
    let dwelling = phone.new_dwelling(&cell(1));
    phone.push_all(std::slice::from_ref(&dwelling));
    let wrong_kind = phone.visit(dwelling.id, &cell(1));
    assert_eq!(phone.refused(&wrong_kind), ProblemCode::MissingTarget);
}

#[test]
fn every_kind_of_wrong_value_has_its_own_code_and_changes_nothing() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let person = home[2].id;
    let before = county.stored(person).unwrap();
    let deep = (0..12).fold(json!(1), |inner, _| json!([inner]));
    let cases = [
        (json!({"document_kind": "id_card", "document_number": "610722199003071230"}), ProblemCode::IdCardCheck),
        (json!({"phone": "12"}), ProblemCode::PhoneForm),
        (json!({"birth_date": "2031-01-01"}), ProblemCode::InFuture),
        (json!({"name": 12}), ProblemCode::WrongType),
        (json!({"name": ""}), ProblemCode::Required),
        (json!({"sex": "7"}), ProblemCode::UnknownCode),
        (json!({"later_field": deep}), ProblemCode::ValueSize),
        (json!({"later_field": "x".repeat(200_000)}), ProblemCode::TooManyBytes),
        (json!({"Not a name": 1}), ProblemCode::FieldName),
    ];
    for (fields, code) in cases {
        let change = phone.change(Kind::Person, person, &cell(1), fields.clone());
        let verdict = phone.push(&[change]).remove(0);
        let Verdict::Refused(refusal) = verdict else { panic!("accepted: {fields}") };
        assert_eq!(refusal.code, code, "{fields}");
        assert_eq!(refusal.current.as_ref(), Some(&before.record), "the phone is told what stands");
    }
    assert_eq!(county.stored(person).unwrap(), before);
}

#[test]
fn no_record_grows_beyond_what_one_change_can_bring_back() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let dwelling = phone.new_dwelling(&cell(1));
    phone.push_all(std::slice::from_ref(&dwelling));
    let many = |from: usize| -> serde_json::Map<String, serde_json::Value> {
        (from..from + 60).map(|number| (format!("later_{number}"), json!(number))).collect()
    };
    let first = phone.change(Kind::Dwelling, dwelling.id, &cell(1), json!(many(0)));
    phone.push_all(&[first]);
    let second = phone.change(Kind::Dwelling, dwelling.id, &cell(1), json!(many(60)));
    assert_eq!(phone.refused(&second), ProblemCode::FieldName);
    let long = |name: &str| json!({ name: "x".repeat(70_000) });
    let first = phone.change(Kind::Dwelling, dwelling.id, &cell(1), long("later_0"));
    phone.push_all(&[first]);
    let second = phone.change(Kind::Dwelling, dwelling.id, &cell(1), long("later_1"));
    assert_eq!(phone.refused(&second), ProblemCode::TooManyBytes);
    let group = phone.change(Kind::Dwelling, dwelling.id, &cell(1), json!({"later_0": "x".repeat(130_000)}));
    phone.push_all(&[group]);
    let known = phone.change(
        Kind::Dwelling,
        dwelling.id,
        &cell(1),
        json!({"street": "字".repeat(60), "unit": "字".repeat(20)}),
    );
    assert_eq!(phone.refused(&known), ProblemCode::TooManyBytes, "nor by fields that have bounds of their own");
    // What is there already can still be put right.
    let shorter = phone.change(Kind::Dwelling, dwelling.id, &cell(1), json!({"later_0": "x", "house_number": "19号"}));
    phone.push_all(&[shorter]);
}

#[test]
fn an_unknown_kind_is_refused_and_a_known_record_keeps_its_kind() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let unknown = phone.new_record(Kind::from_name("kind_of_tomorrow"), &cell(1), json!({"a": 1}));
    assert_eq!(phone.refused(&unknown), ProblemCode::UnknownKind);
    let dwelling = phone.new_dwelling(&cell(1));
    phone.push_all(std::slice::from_ref(&dwelling));
    let building = phone.change(Kind::Building, dwelling.id, &cell(1), json!({"name": "1", "building_kind": "public"}));
    assert_eq!(phone.refused(&building), ProblemCode::OtherKind);
}

#[test]
fn a_stamp_in_the_server_s_future_is_refused_and_a_shifted_one_is_taken() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let mut dwelling = phone.new_dwelling(&cell(1));
    let right = dwelling.stamps.common;
    dwelling.stamps.common = right.shifted(STAMP_AHEAD_ACCEPTED + 1);
    assert_eq!(phone.refused(&dwelling), ProblemCode::StampFuture);
    assert!(county.stored(dwelling.id).is_none());
    dwelling.stamps.common = right.shifted(STAMP_AHEAD_ACCEPTED);
    phone.push_all(&[dwelling]);
}

#[test]
fn a_visit_that_lies_days_ahead_is_refused_for_its_stamp_so_that_its_phone_sets_both_right() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let mut visit = phone.visit(home[1].id, &cell(1));
    let at = visit.fields["at"].as_i64().unwrap() + 3 * DAY;
    visit.fields.insert("at".into(), json!(at));
    visit.stamps.common = visit.stamps.common.shifted(3 * DAY);
    assert_eq!(phone.refused(&visit), ProblemCode::StampFuture);
    // Without a stamp from ahead it is the moment that is wrong.
    visit.stamps.common = visit.stamps.common.shifted(-3 * DAY);
    assert_eq!(phone.refused(&visit), ProblemCode::InFuture);
}

#[test]
fn words_that_lost_are_kept_for_the_history_though_they_make_no_sense_beside_what_won() {
    let county = County::new();
    let (mut one, mut other) = (county.worker("worker-a", &[cell(1)]), county.worker("worker-b", &[cell(1)]));
    let home = one.new_home(&cell(1));
    one.push_all(&home);
    county.world.pass(MINUTE);
    let moved = |day: &str| json!({ "moved_out_on": day });
    let lost = one.change(Kind::Person, home[2].id, &cell(1), moved("2020-01-31"));
    county.world.pass(MINUTE);
    let won = json!({"moved_in_on": "2024-03-01", "moved_out_on": "2024-04-30"});
    let won = other.change(Kind::Person, home[2].id, &cell(1), won);
    other.push_all(&[won]);
    one.push_all(&[lost]);
    let history =
        county.hub.store().read(|reading| reading.history(&crate::common::scope("610722"), home[2].id)).unwrap();
    assert!(history.iter().any(|entry| format!("{entry:?}").contains("2020-01-31")), "{history:?}");
    let stored = county.stored(home[2].id).unwrap().record;
    assert_eq!(stored.text("moved_out_on"), Some("2024-04-30"));
    // What wins is judged beside what stands.
    county.world.pass(MINUTE);
    let wins = one.change(Kind::Person, home[2].id, &cell(1), moved("2020-01-31"));
    assert_eq!(one.refused(&wins), ProblemCode::EndBeforeStart);
}

#[test]
fn append_only_records_are_sealed() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    let visit = phone.visit(home[1].id, &cell(1));
    phone.push_all(&home);
    phone.push_all(std::slice::from_ref(&visit));
    let rewritten = phone.change(Kind::Visit, visit.id, &cell(1), json!({"result": "absent"}));
    assert_eq!(phone.refused(&rewritten), ProblemCode::Sealed);
    assert_eq!(county.stored(visit.id).unwrap().record.text("result"), Some("met"));
}

#[test]
fn nobody_takes_a_visit_out_of_the_register() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let mut colleague = county.worker("worker-b", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    let visit = phone.visit(home[1].id, &cell(1));
    phone.push_all(&home);
    phone.push_all(std::slice::from_ref(&visit));
    let removed = colleague.change(Kind::Visit, visit.id, &cell(1), json!({"deleted": true}));
    assert_eq!(colleague.refused(&removed), ProblemCode::NotAllowed);
    let mut born_removed = phone.visit(home[1].id, &cell(1));
    born_removed.fields.insert("deleted".into(), json!(true));
    assert_eq!(phone.refused(&born_removed), ProblemCode::NotAllowed);
    assert!(county.stored(visit.id).unwrap().record.is_present());
}

#[test]
fn nobody_writes_under_another_s_name_or_numbers_an_incident() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    county.worker("worker-b", &[cell(1)]);
    let mut incident = phone.new_incident(&cell(1));
    incident.fields.insert("by".into(), json!("worker-b"));
    assert_eq!(phone.refused(&incident), ProblemCode::OtherAuthor);
    incident.fields.insert("by".into(), json!("worker-a"));
    incident.fields.insert("number".into(), json!("610722-20261122-9999"));
    assert_eq!(phone.refused(&incident), ProblemCode::NotAllowed);
    // A colleague corrects the title and leaves the name of who reported it.
    incident.fields.remove("number");
    phone.push_all(std::slice::from_ref(&incident));
    let mut colleague = county.phone_of(&domain::AccountId::new("worker-b").unwrap());
    county.world.pass(MINUTE);
    let fields = json!({"title": "井盖缺失", "by": "worker-a"});
    let correction = colleague.change(Kind::Incident, incident.id, &cell(1), fields);
    colleague.push_all(&[correction]);
}

#[test]
fn an_incident_gets_its_number_from_the_server_and_the_phone_hears_of_it() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    phone.round(Vec::new());
    let (first, second) = (phone.new_incident(&cell(1)), phone.new_incident(&cell(1)));
    let answer = phone.round(vec![first.clone(), second.clone()]);
    let numbers: Vec<String> =
        answer.pages[0].records.iter().map(|record| record.text("number").unwrap().to_owned()).collect();
    assert_eq!(numbers, ["610722-20261122-0001", "610722-20261122-0002"]);
    county.world.pass(DAY);
    phone.refresh();
    let next_day = phone.new_incident(&cell(1));
    phone.push_all(std::slice::from_ref(&next_day));
    assert_eq!(county.stored(next_day.id).unwrap().record.text("number"), Some("610722-20261123-0001"));
    // Repeating the push gives no second number.
    phone.push_all(std::slice::from_ref(&first));
    assert_eq!(county.stored(first.id).unwrap().record.text("number"), Some("610722-20261122-0001"));
}

#[test]
fn a_tenth_photo_is_refused_within_one_push_and_across_pushes() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let incident = phone.new_incident(&cell(1));
    phone.push_all(std::slice::from_ref(&incident));
    let photo = |phone: &mut crate::common::TestPhone, number: usize| {
        let (at, by) = (phone.world.now(), phone.account());
        let fields = json!({"subject": incident.id, "subject_kind": "incident", "sha256": format!("{number:064x}"), "width": 10,
            "height": 10, "bytes": 100, "taken_at": at, "photo_kind": "scene", "by": by});
        phone.new_record(Kind::Photo, &cell(1), fields)
    };
    let some: Vec<_> = (0..PHOTOS_PER_RECORD_MAX - 1).map(|number| photo(&mut phone, number)).collect();
    phone.push_all(&some);
    let two = [photo(&mut phone, 50), photo(&mut phone, 51)];
    let verdicts = phone.push(&two);
    assert_eq!(verdicts[0], Verdict::Accepted);
    let Verdict::Refused(refusal) = &verdicts[1] else { panic!("ten photos") };
    assert_eq!(refusal.code, ProblemCode::TooManyPhotos);
}

#[test]
fn two_who_edit_without_knowing_of_each_other_lose_nothing() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let home = first.new_home(&cell(1));
    first.push_all(&home);
    let person = home[2].id;
    let seen = county.stored(person).unwrap().record.stamps.of("phone");
    let mut second = county.worker("worker-b", &[cell(1)]);
    county.world.pass(MINUTE);
    let mut early = first.change(Kind::Person, person, &cell(1), json!({"phone": "13811111111"}));
    county.world.pass(MINUTE);
    let mut late = second.change(Kind::Person, person, &cell(1), json!({"phone": "13822222222"}));
    early.base.insert("phone".into(), seen);
    late.base.insert("phone".into(), seen);
    second.push_all(&[late]);
    first.push_all(std::slice::from_ref(&early));
    assert_eq!(county.stored(person).unwrap().record.text("phone"), Some("13822222222"), "the newest won");
    let history = county.hub.store().read(|r| r.history(&scope("610722"), person)).unwrap();
    let lost: Vec<_> = history.iter().flat_map(|entry| &entry.lost).collect();
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].value.as_str(), lost[0].incoming), (Some("13811111111"), true));
    // Handing the losing value in again adds nothing.
    first.push_all(&[early]);
    assert_eq!(county.hub.store().read(|r| r.history(&scope("610722"), person)).unwrap().len(), history.len());
}

#[test]
fn a_write_over_a_value_that_was_not_seen_keeps_that_value_in_the_history() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    county.world.pass(MINUTE);
    let blind = phone.change(Kind::Person, home[2].id, &cell(1), json!({"phone": "13899999999"}));
    phone.push_all(&[blind]);
    let history = county.hub.store().read(|r| r.history(&scope("610722"), home[2].id)).unwrap();
    let lost = &history.last().unwrap().lost[0];
    assert_eq!((lost.value.as_str(), lost.incoming), (Some("13800000000"), false));
}

#[test]
fn fields_of_a_newer_app_are_kept_and_passed_on() {
    let county = County::new();
    let mut newer = county.worker("worker-a", &[cell(1)]);
    let mut dwelling = newer.new_dwelling(&cell(1));
    dwelling.fields.insert("lift".into(), json!({"works": false}));
    newer.push_all(std::slice::from_ref(&dwelling));
    county.world.pass(MINUTE);
    let mut older = county.worker("worker-b", &[cell(1)]);
    let edit = older.change(Kind::Dwelling, dwelling.id, &cell(1), json!({"use": "let"}));
    older.push_all(&[edit]);
    let record = county.stored(dwelling.id).unwrap().record;
    assert_eq!(record.fields["lift"], json!({"works": false}));
    assert_eq!(record.text("use"), Some("let"));
}

#[test]
fn what_was_written_before_a_handover_is_taken_after_it_and_nothing_later() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let account = phone.account();
    let home = phone.new_home(&cell(1));
    county.world.pass(30 * MINUTE);
    county.account(account.as_str(), domain::scope::Role::Worker, &[], &[cell(2)]);
    phone.push_all(&home);
    county.world.pass(20 * MINUTE);
    let late = phone.change(Kind::Person, home[2].id, &cell(1), json!({"phone": "13811111111"}));
    assert_eq!(phone.refused(&late), ProblemCode::ForeignCell);
    let answer = phone.round(Vec::new());
    assert_eq!(answer.cells, [cell(2)]);
    assert!(answer.pages.iter().all(|page| page.cell == cell(2)), "what was handed over is not read any more");
}

#[test]
fn of_words_from_before_and_after_a_handover_the_later_ones_are_named_and_the_rest_is_taken() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    county.world.pass(30 * MINUTE);
    let mut edit = phone.change(Kind::Person, home[2].id, &cell(1), json!({"phone": "13811111111"}));
    county.account(phone.account().as_str(), domain::scope::Role::Worker, &[], &[cell(2)]);
    county.world.pass(20 * MINUTE);
    let late = phone.change(Kind::Person, home[2].id, &cell(1), json!({"name": "李四"}));
    let in_time = edit.clone();
    edit.fields.extend(late.fields.clone());
    edit.stamps = Stamps::from_pairs([("phone", in_time.latest()), ("name", late.latest())]);
    let Some(Verdict::Refused(refusal)) = phone.push(&[edit]).pop() else { panic!("taken") };
    let problem = Problem::new("name", ProblemCode::ForeignCell);
    assert_eq!((refusal.code, refusal.problems, refusal.current), (ProblemCode::ForeignCell, vec![problem], None));
    phone.push_all(&[in_time]);
    let person = county.stored(home[2].id).unwrap().record;
    assert_eq!(person.text("phone"), Some("13811111111"));
}

#[test]
fn new_and_changed_records_wait_for_the_supervisor() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    for change in &home {
        assert_eq!(county.stored(change.id).unwrap().state, ReviewState::Waiting);
    }
    let counts = county.hub.store().read(|r| r.review_counts(ReviewState::Waiting, &[Scope::from(&cell(1))])).unwrap();
    assert_eq!(counts.iter().map(|count| count.records).sum::<u64>(), 3);
}

#[test]
fn a_resident_who_moves_to_a_new_household_of_another_cell_arrives_with_it_in_one_push_in_any_order() {
    let county = County::new();
    for turned in [false, true] {
        let mut phone = county.worker(&format!("worker-{turned}"), &[cell(1), cell(2)]);
        let home = phone.new_home(&cell(1));
        let door = phone.new_dwelling(&cell(2));
        phone.push_all(&home);
        phone.push_all(std::slice::from_ref(&door));
        let (person, begun) = (home[2].id, phone.world.record_id());
        let fields = json!({"dwelling": door.id, "head": person});
        let household = phone.change(Kind::Household, begun, &cell(2), fields);
        let there = json!({"household": begun, "relation": "02", "cell": cell(2)});
        let moved = phone.change(Kind::Person, person, &cell(1), there);
        let mut push = [household, moved];
        if turned {
            push.reverse();
        }
        phone.push_all(&push);
        assert_eq!(county.stored(person).unwrap().record.cell, cell(2));
        assert_eq!(county.stored(begun).unwrap().record.reference("head"), Some(person));
    }
}

#[test]
fn who_does_not_arrive_in_a_cell_is_no_householder_there() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1), cell(2)]);
    let home = phone.new_home(&cell(1));
    let door = phone.new_dwelling(&cell(2));
    phone.push_all(&home);
    phone.push_all(std::slice::from_ref(&door));
    let (person, begun) = (home[2].id, phone.world.record_id());
    let household = phone.change(Kind::Household, begun, &cell(2), json!({"dwelling": door.id, "head": person}));
    assert_eq!(phone.refused(&household), ProblemCode::MissingTarget, "the resident stays where they are");
    let wrong = json!({"household": begun, "relation": "castle", "cell": cell(2)});
    let moved = phone.change(Kind::Person, person, &cell(1), wrong);
    let verdicts = phone.push(&[household, moved]);
    assert!(
        verdicts.iter().all(|verdict| matches!(verdict, Verdict::Refused(_))),
        "the move is refused, and so is what needs it"
    );
    assert_eq!(county.stored(person).unwrap().record.cell, cell(1));
}
