//! Care plans: who is to be seen when, and who sees the plan.

use device::api::FailureCode;
use domain::{CellCode, Kind, ProblemCode};
use serde_json::{Value, json};

use crate::phone::{CELL, DAY, Family, MORNING, Phone, id_of, record};

fn home(phone: &Phone) -> Family {
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    phone.family(&building, "1", "101", "张三")
}

fn plan(phone: &Phone, person: &str, level: &str, starts_on: &str) -> String {
    let fields = json!({"person": person, "reason": "alone", "level": level, "consent": "oral", "starts_on": starts_on,
        "helper_name": "李四", "helper_phone": "138 0000 1111"});
    phone.save("care_plan", fields)
}

fn line(phone: &Phone) -> Value {
    phone.ok("care", json!({}))[0].clone()
}

#[test]
fn a_plan_is_due_on_its_first_day_and_an_interval_after_somebody_was_met() {
    let phone = Phone::new();
    let home = home(&phone);
    let id = plan(&phone, &home.head, "a", "2026-11-22");
    assert_eq!(phone.record(&id).text("responsible"), Some("worker-1"));
    assert_eq!((line(&phone)["standing"].clone(), line(&phone)["due_on"].clone()), (json!("due"), json!("2026-11-22")));
    assert_eq!(phone.ok("today", json!({}))["care"][0]["name"], "张三");

    // Nobody at home: it stays due, and the line says that somebody tried.
    phone.visit(&home.household, "absent");
    assert_eq!(
        (line(&phone)["standing"].clone(), line(&phone)["latest_result"].clone()),
        (json!("due"), json!("absent"))
    );

    let met =
        json!({"target": home.head, "target_kind": "person", "result": "met", "purposes": ["care"], "care_plan": id});
    let visit = id_of(&phone.ok("record_visit", met));
    assert_eq!(phone.record(&visit).text("care_plan"), Some(id.as_str()));
    assert_eq!(
        (line(&phone)["standing"].clone(), line(&phone)["due_on"].clone()),
        (json!("ahead"), json!("2026-11-29"))
    );
    assert_eq!(phone.ok("today", json!({}))["care"], json!([]));

    // Taken back: it is due again. A visit to the household counts as well.
    phone.ok("take_back", json!({"id": visit}));
    assert_eq!(line(&phone)["standing"], "due");
    phone.visit(&home.household, "met");
    assert_eq!(line(&phone)["due_on"], "2026-11-29");
}

#[test]
fn a_missed_check_stands_on_top_with_whom_to_ring() {
    let phone = Phone::new();
    let home = home(&phone);
    phone.edit("person", &home.head, json!({"phone": "13900002222"}));
    phone.edit("household", &home.household, json!({"contact_phone": "13900002222"}));
    plan(&phone, &home.head, "c", "2026-11-22");
    plan(&phone, &home.head, "a", "2026-11-22");
    phone.wait(2 * DAY);
    let care = phone.ok("today", json!({}))["care"].clone();
    let standings: Vec<_> =
        care.as_array().unwrap().iter().map(|line| (line["level"].clone(), line["standing"].clone())).collect();
    assert_eq!(standings, [(json!("a"), json!("missed")), (json!("c"), json!("late"))]);
    assert_eq!(care[0]["days_late"], 2);
    let numbers = json!([
        {"whose": "helper", "name": "李四", "phone": "13800001111"},
        {"whose": "resident", "name": "张三", "phone": "13900002222"},
    ]);
    assert_eq!(care[0]["contacts"], numbers);
}

#[test]
fn a_colleague_of_the_cell_sees_nothing_of_a_plan() {
    let phone = Phone::new();
    let home = home(&phone);
    let cell = CellCode::new(CELL).unwrap();
    let fields = json!({"person": home.head, "reason": "alone", "level": "a", "consent": "oral", "responsible": "worker-2",
        "starts_on": "2026-11-01"});
    let foreign = record(&cell, Kind::CarePlan, MORNING, fields);
    let id = foreign.id.to_string();
    phone.give([foreign]);
    assert_eq!(phone.ok("care", json!({})), json!([]));
    assert_eq!(phone.ok("today", json!({}))["care"], json!([]));
    assert_eq!(phone.ok("person", json!({"id": home.head}))["care"], json!([]));
    for command in ["care_plan", "record", "end_care", "remove", "put_back"] {
        assert_eq!(phone.fails(command, json!({"id": id})), FailureCode::NotFound, "{command}");
    }
    let edit = json!({"kind": "care_plan", "id": id, "fields": {"level": "b"}});
    assert_eq!(phone.fails("save", edit), FailureCode::NotFound);
    let visit = json!({"target": home.head, "target_kind": "person", "result": "met", "care_plan": id});
    let problems = phone.problems("record_visit", visit);
    assert_eq!((problems[0].field.as_str(), problems[0].code), ("care_plan", ProblemCode::MissingTarget));
}

#[test]
fn a_plan_that_came_back_is_told_to_whoever_is_responsible_alone() {
    let phone = Phone::new();
    let home = home(&phone);
    let id = plan(&phone, &home.head, "a", "2026-11-22");
    phone.round();
    phone.review(&id, "returned", json!({"consent": "请补书面同意"}), None);
    assert_eq!(phone.ok("today", json!({}))["returned"][0]["record_id"], json!(id));
    phone.edit("care_plan", &id, json!({"responsible": "worker-2"}));
    phone.round();
    assert_eq!(phone.ok("today", json!({}))["returned"], json!([]));
    assert_eq!(phone.fails("record", json!({"id": id})), FailureCode::NotFound);
}

#[test]
fn a_plan_ends_today_and_asks_for_nothing_any_more() {
    let phone = Phone::new();
    let home = home(&phone);
    let id = plan(&phone, &home.head, "b", "2026-11-20");
    let page = phone.ok("care_plan", json!({"id": id}));
    assert_eq!((page["interval_days"].clone(), page["of_another"].clone()), (json!(30), json!(false)));
    phone.ok("end_care", json!({"id": id}));
    assert_eq!(phone.record(&id).text("ends_on"), Some("2026-11-22"));
    phone.wait(DAY);
    assert_eq!(line(&phone)["standing"], "ended");
    assert_eq!(phone.ok("person", json!({"id": home.head}))["care"][0]["standing"], "ended");
}

#[test]
fn nobody_is_sent_to_somebody_who_moved_away_or_died() {
    let phone = Phone::new();
    let home = home(&phone);
    plan(&phone, &home.head, "a", "2026-11-01");
    phone.edit("person", &home.head, json!({"died_on": "2026-11-20"}));
    assert_eq!(phone.ok("today", json!({}))["care"], json!([]));
    assert_eq!((line(&phone)["standing"].clone(), line(&phone)["left"].clone()), (json!("resting"), json!(true)));
}

#[test]
fn a_plan_needs_consent_and_ends_after_it_begins() {
    let phone = Phone::new();
    let home = home(&phone);
    let fields = json!({"person": home.head, "reason": "alone", "level": "a", "starts_on": "2026-11-22"});
    let problems = phone.problems("save", json!({"kind": "care_plan", "fields": fields}));
    assert_eq!((problems[0].field.as_str(), problems[0].code), ("consent", ProblemCode::Required));
    let fields = json!({"person": home.head, "reason": "alone", "level": "a", "consent": "paper", "starts_on": "2026-11-22",
        "ends_on": "2026-11-21"});
    let problems = phone.problems("save", json!({"kind": "care_plan", "fields": fields}));
    assert_eq!((problems[0].field.as_str(), problems[0].code), ("ends_on", ProblemCode::EndBeforeStart));
}

#[test]
fn a_visit_that_another_corrects_counts_no_more() {
    let phone = Phone::new();
    let home = home(&phone);
    plan(&phone, &home.head, "a", "2026-11-22");
    let wrong = phone.visit(&home.household, "met");
    phone.round();
    phone.wait(1000);
    let args = json!({"target": home.household, "target_kind": "household", "result": "absent", "replaces": wrong});
    phone.ok("record_visit", args);
    assert_eq!(line(&phone)["standing"], "due");
    let person = phone.ok("person", json!({"id": home.head}));
    assert_eq!((person["last_met"].clone(), person["care"][0]["standing"].clone()), (json!(null), json!("due")));
    assert_eq!(phone.ok("household", json!({"id": home.household}))["last_met"], json!(null));
}
