//! Several residents at once, late entries, the last visit again, and the slip for who was not met.

use device::api::FailureCode;
use domain::{CellCode, Kind, ProblemCode};
use serde_json::json;

use crate::phone::{CELL, DAY, MORNING, Phone, record};

#[test]
fn several_households_are_visited_by_one_save_and_taken_back_by_one_tap() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let homes: Vec<_> = ["101", "102", "103"].iter().map(|room| phone.family(&building, "1", room, "张三")).collect();
    let mut targets: Vec<_> = homes.iter().map(|home| json!({"id": home.household, "kind": "household"})).collect();
    targets.push(targets[0].clone());
    let saved = phone
        .ok("record_visits", json!({"targets": targets, "result": "met", "purposes": ["fraud"], "note": " 已宣传 "}));
    let ids = saved["ids"].as_array().unwrap().clone();
    assert_eq!(ids.len(), 3, "the same door twice is one visit");
    for (id, home) in ids.iter().zip(&homes) {
        let visit = phone.record(id.as_str().unwrap());
        assert_eq!((visit.text("target"), visit.text("note")), (Some(home.household.as_str()), Some("已宣传")));
    }
    assert_eq!(phone.ok("today", json!({}))["counts"]["visits_today"], 3);
    phone.ok("take_back_several", json!({"ids": ids}));
    assert_eq!(phone.ok("today", json!({}))["counts"]["visits_today"], 0);
}

#[test]
fn of_several_visits_all_are_stored_or_none() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let home = phone.family(&building, "1", "101", "张三");
    let gone = "0192f0c1-0000-7000-8000-000000000001";
    let targets = json!([{"id": home.household, "kind": "household"}, {"id": gone, "kind": "household"}]);
    phone.problems("record_visits", json!({"targets": targets, "result": "met"}));
    let targets = json!([{"id": home.household, "kind": "household"}, {"id": home.head, "kind": "person"}]);
    phone.problems("record_visits", json!({"targets": targets, "result": "no_such_result"}));
    phone.problems("record_visits", json!({"targets": [], "result": "met"}));
    assert_eq!(phone.ok("today", json!({}))["counts"]["visits_today"], 0);
    let saved = phone.ok("record_visits", json!({"targets": targets, "result": "met"}));
    phone.round();
    assert_eq!(phone.fails("take_back_several", json!({"ids": saved["ids"]})), FailureCode::Sealed);
    assert_eq!(phone.ok("today", json!({}))["counts"]["visits_today"], 2);
}

#[test]
fn a_visit_can_be_written_down_a_day_later_but_not_before_it_happened() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let home = phone.family(&building, "1", "101", "张三");
    let visit = |at: i64| json!({"target": home.household, "target_kind": "household", "result": "met", "at": at});
    phone.ok("record_visit", visit(MORNING - DAY));
    let page = phone.ok("household", json!({"id": home.household}));
    assert_eq!(
        (page["visits"][0]["at"].clone(), page["last_met"].clone()),
        (json!(MORNING - DAY), json!(MORNING - DAY))
    );
    let problems = phone.problems("record_visit", visit(MORNING + 1));
    assert_eq!((problems[0].field.as_str(), problems[0].code), ("at", ProblemCode::InFuture));
    let several = json!({"targets": [{"id": home.household, "kind": "household"}], "result": "met", "at": MORNING + 1});
    assert_eq!(phone.problems("record_visits", several)[0].code, ProblemCode::InFuture);
}

#[test]
fn the_last_visit_is_repeated_with_its_purposes_and_its_way() {
    let phone = Phone::new();
    assert_eq!(phone.ok("last_visit", json!({})), json!(null));
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let home = phone.family(&building, "1", "101", "张三");
    let args = json!({"target": home.household, "target_kind": "household", "result": "met", "way": "phone", "purposes": ["fraud", "safety"]});
    phone.ok("record_visit", args);
    phone.wait(60_000);
    // One tap without a purpose, and a colleague's visit, are not what the worker wants again.
    phone.visit(&home.household, "absent");
    let fields = json!({"target": home.household, "target_kind": "household", "result": "met", "by": "worker-2", "way": "door",
        "purposes": ["policy"], "at": phone.now()});
    phone.give([record(&CellCode::new(CELL).unwrap(), Kind::Visit, phone.now(), fields)]);
    assert_eq!(phone.ok("last_visit", json!({})), json!({"way": "phone", "purposes": ["fraud", "safety"]}));
}

#[test]
fn a_slip_says_who_came_and_how_to_reach_them_and_nothing_of_the_resident() {
    let phone = Phone::new();
    let cell = CellCode::new(CELL).unwrap();
    let fields = json!({"code": CELL, "name": "第1网格", "cell_kind": "general", "village_name": "江湾社区", "public_phone": "0916-0000000"});
    phone.give([record(&cell, Kind::Cell, MORNING, fields)]);
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let home = phone.family(&building, "1", "101", "张三");
    let slip = phone.ok("slip", json!({"id": home.household}));
    assert_eq!(
        slip,
        json!({"village": "江湾社区", "cell": "第1网格", "phone": "0916-0000000", "worker": "演示网格员"})
    );
}
