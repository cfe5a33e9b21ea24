//! Households that move: to another door, to another cell, away.

use domain::ProblemCode;
use serde_json::json;

use crate::phone::{CELL, OTHER_CELL, Phone, id_of};

#[test]
fn a_household_moves_with_its_people_their_plans_and_what_gave_way_to_them() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.wait(1000);
    let twice = phone.save("person", json!({"household": family.household, "name": "张三"}));
    phone.ok("merge", json!({"id": family.head, "other": twice, "taken": []}));
    let plan = phone.save(
        "care_plan",
        json!({"person": family.head, "reason": "alone", "level": "b", "consent": "oral", "starts_on": "2026-11-01"}),
    );
    phone.visit(&family.household, "met");
    let args =
        json!({"kind": "building", "cell": OTHER_CELL, "fields": {"name": "9号楼", "building_kind": "residential"}});
    let far = id_of(&phone.ok("save", args));
    let door =
        id_of(&phone.ok("save", json!({"kind": "dwelling", "fields": {"building": far, "room": "202", "use": "own"}})));
    let found = phone.ok("rooms", json!({"text": "9-202"}));
    assert_eq!(
        (&found[0]["id"], &found[0]["address"], &found[0]["heads"]),
        (&json!(door), &json!("9号楼 202室"), &json!([]))
    );

    let moved = phone.ok("move_household", json!({"household": family.household, "dwelling": door}));
    assert_eq!(moved, json!({"id": family.household, "people": 1, "other_cell": true, "threatened": 0}));
    for id in [&family.household, &family.head, &twice, &plan] {
        assert_eq!(phone.record(id).cell.as_str(), OTHER_CELL);
    }
    let page = phone.ok("household", json!({"id": family.household}));
    assert_eq!((&page["address"], page["visits"].as_array().unwrap().len()), (&json!("9号楼 202室"), 1));
    assert_eq!(phone.record(&family.dwelling).cell.as_str(), CELL, "the door stays where it is");
    let again = phone.ok("move_household", json!({"household": family.household, "dwelling": door}));
    assert_eq!(again["other_cell"], false, "a second tap moves nothing");
}

#[test]
fn a_household_does_not_move_to_a_door_that_is_not_there() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let other = phone.family(&building, "1", "102", "李四");
    phone.ok("remove", json!({"id": other.dwelling}));
    for door in [&other.dwelling, &family.head] {
        let problems = phone.problems("move_household", json!({"household": family.household, "dwelling": door}));
        assert_eq!((problems[0].field.as_str(), problems[0].code), ("dwelling", ProblemCode::MissingTarget));
    }
}

#[test]
fn everybody_of_a_household_moves_out_at_once_but_not_who_left_before() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let before = phone.save("person", json!({"household": family.household, "name": "张小", "died_on": "2020-01-01"}));
    let out = |on: &str, to: &str| json!({"household": family.household, "on": on, "to": to});
    for (on, code) in [
        ("2026-02-30", ProblemCode::NoSuchDate),
        ("2026-12-01", ProblemCode::InFuture),
        ("soon", ProblemCode::NoSuchDate),
    ] {
        let problems = phone.problems("move_out", out(on, ""));
        assert_eq!((problems[0].field.as_str(), problems[0].code), ("on", code));
    }
    assert_eq!(phone.problems("move_out", out("2026-11-20", &"远".repeat(10_000)))[0].code, ProblemCode::TooLong);
    assert_eq!(phone.ok("move_out", out("2026-11-20", " 西安市未央区 "))["people"], 1);
    let head = phone.ok("person", json!({"id": family.head}));
    assert_eq!(
        (&head["person"]["moved_out_on"], &head["person"]["moved_to"]),
        (&json!("2026-11-20"), &json!("西安市未央区"))
    );
    assert_eq!(phone.record(&before).text("moved_out_on"), None);
    assert_eq!(phone.ok("move_out", out("2026-11-21", ""))["people"], 0, "a second tap finds nobody");
}

#[test]
fn nobody_moves_or_dies_before_being_born_or_leaves_before_coming() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.edit("person", &family.head, json!({"birth_date": "1950-03-04", "moved_in_on": "1999-01-01"}));
    for (field, day, code) in [
        ("died_on", "1949-01-01", ProblemCode::BeforeBirth),
        ("moved_in_on", "1950-03-03", ProblemCode::BeforeBirth),
        ("moved_out_on", "1998-12-31", ProblemCode::EndBeforeStart),
        ("moved_out_on", "1949-12-31", ProblemCode::BeforeBirth),
    ] {
        let args = json!({"kind": "person", "id": family.head, "fields": {field: day}});
        let problems = phone.problems("save", args);
        assert_eq!((problems.len(), problems[0].field.as_str(), problems[0].code), (1, field, code), "{day}");
    }
    phone.edit("person", &family.head, json!({"died_on": "2026-11-01"}));
}
