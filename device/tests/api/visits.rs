//! The door board and what one tap on it does.

use device::api::FailureCode;
use domain::ProblemCode;
use serde_json::{Value, json};

use crate::phone::{DAY, Phone, id_of};

fn labels(board: &Value) -> Vec<(String, String, Vec<String>)> {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found = Vec::new();
    for unit in list(&board["units"]) {
        for floor in list(&unit["floors"]) {
            let doors = list(&floor["doors"]).iter().map(|door| text(&door["label"])).collect();
            found.push((text(&unit["unit"]), text(&floor["floor"]), doors));
        }
    }
    found
}

fn door(phone: &Phone, building: &str, household: &str) -> Value {
    let board = phone.ok("doors", json!({"building": building}));
    let units = board["units"].as_array().unwrap().clone();
    let floors = units.iter().flat_map(|unit| unit["floors"].as_array().unwrap().clone());
    let mut doors = floors.flat_map(|floor| floor["doors"].as_array().unwrap().clone());
    doors.find(|door| door["household_id"] == household).expect("the door is on the board")
}

#[test]
fn a_board_shows_stairwells_from_the_top_down_in_the_order_of_numbers() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    for (unit, room) in [("10单元", "101"), ("2", "1002"), ("2单元", "1001"), ("2", "201"), ("2", "商铺"), ("1", "202")]
    {
        phone.save("dwelling", json!({"building": building, "unit": unit, "room": room, "use": "own"}));
    }
    let rows: Vec<(String, String, Vec<String>)> = [
        ("1", "2", vec!["202"]),
        ("2", "10", vec!["1001", "1002"]),
        ("2", "2", vec!["201"]),
        ("2", "", vec!["商铺"]),
        ("10", "1", vec!["101"]),
    ]
    .into_iter()
    .map(|(unit, floor, doors)| (unit.into(), floor.into(), doors.into_iter().map(Into::into).collect()))
    .collect();
    let board = phone.ok("doors", json!({"building": building}));
    assert_eq!(labels(&board), rows);
    assert_eq!(board["building"]["doors"], 6);
    assert_eq!(board["building"]["units"], 3);
}

#[test]
fn houses_of_a_village_stand_by_group() {
    let phone = Phone::new();
    for (group, number) in [("十组", "1"), ("二组", "18"), ("2村民小组", "3"), ("二组", "3-1")] {
        phone.save("dwelling", json!({"group": group, "house_number": number, "use": "own"}));
    }
    let lines = phone.ok("buildings", json!({}));
    let ids: Vec<&str> = lines.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["group:610722001001001:2", "group:610722001001001:10"]);
    assert_eq!(lines[0]["doors"], 3);
    let board = phone.ok("doors", json!({"building": ids[0]}));
    assert_eq!(labels(&board), [("".into(), "".into(), vec!["3".into(), "3-1".into(), "18".into()])]);
    assert_eq!(phone.fails("doors", json!({"building": "group:610722001001001:99"})), FailureCode::NotFound);
}

#[test]
fn one_tap_is_a_visit_and_the_door_shows_it() {
    let mut phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    assert_eq!(door(&phone, &building, &family.household)["state"], "never");
    phone.wait(60_000);
    phone.visit(&family.household, "met");
    phone.restart();
    let shown = door(&phone, &building, &family.household);
    assert_eq!((&shown["state"], &shown["latest_result"], &shown["people"]), (&json!("met"), &json!("met"), &json!(1)));
    assert_eq!(shown["last_met"], phone.now());
    let page = phone.ok("household", json!({"id": family.household}));
    assert_eq!(page["visits"][0]["way"], "door");
    assert_eq!(page["visits"][0]["title"], "张三");
    assert_eq!(page["visits"][0]["address"], "3号楼 1单元 101室");
    assert_eq!(page["visits"][0]["sent"], false);
}

#[test]
fn a_door_goes_through_its_states() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let state = || door(&phone, &building, &family.household)["state"].clone();
    phone.visit(&family.household, "met");
    phone.wait(DAY);
    phone.visit(&family.household, "absent");
    assert_eq!(state(), "absent");
    phone.wait(31 * DAY);
    assert_eq!(state(), "met", "the try is forgotten, the meeting is not");
    phone.wait(60 * DAY);
    assert_eq!(state(), "overdue");
    phone.visit(&family.household, "proxy");
    assert_eq!(state(), "met");
}

#[test]
fn a_visit_to_a_member_counts_for_the_household() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.ok("record_visit", json!({"target": family.head, "target_kind": "person", "result": "met", "way": "phone"}));
    assert_eq!(door(&phone, &building, &family.household)["state"], "met");
    assert_eq!(phone.ok("household", json!({"id": family.household}))["visits"].as_array().unwrap().len(), 1);
    assert_eq!(phone.ok("person", json!({"id": family.head}))["visits"][0]["way"], "phone");
}

#[test]
fn unused_doors_say_what_they_are() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    for (room, usage) in [("101", "shop"), ("102", "vacant"), ("103", "let"), ("104", "own")] {
        phone.save("dwelling", json!({"building": building, "unit": "1", "room": room, "use": usage}));
    }
    let board = phone.ok("doors", json!({"building": building}));
    let states: Vec<&Value> =
        board["units"][0]["floors"][0]["doors"].as_array().unwrap().iter().map(|door| &door["state"]).collect();
    assert_eq!(states, ["shop", "vacant", "to_let", "never"]);
}

#[test]
fn a_wrong_tap_is_taken_back_without_trace_until_it_was_offered() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let visit = phone.visit(&family.household, "met");
    assert_eq!(phone.ok("household", json!({"id": family.household}))["visits"][0]["may_take_back"], true);
    phone.ok("take_back", json!({"id": visit}));
    assert_eq!(door(&phone, &building, &family.household)["state"], "never");
    assert_eq!(phone.fails("record", json!({"id": visit})), FailureCode::NotFound);
    assert_eq!(phone.fails("take_back", json!({"id": visit})), FailureCode::NotFound);

    let visit = phone.visit(&family.household, "met");
    phone.round();
    assert_eq!(phone.ok("household", json!({"id": family.household}))["visits"][0]["may_take_back"], false);
    assert_eq!(phone.fails("take_back", json!({"id": visit})), FailureCode::Sealed);
    assert_eq!(phone.fails("take_back", json!({"id": family.household})), FailureCode::Sealed);
}

#[test]
fn a_visit_noted_at_the_wrong_door_is_corrected_by_one_at_the_right_door() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let wrong = phone.family(&building, "1", "101", "张三");
    let right = phone.family(&building, "1", "102", "李四");
    let visit = phone.visit(&wrong.household, "met");
    phone.round();
    phone.wait(60_000);
    let args = json!({"target": right.household, "target_kind": "household", "result": "met", "replaces": visit});
    let new = id_of(&phone.ok("record_visit", args));
    assert_eq!(door(&phone, &building, &wrong.household)["state"], "never");
    assert_eq!(door(&phone, &building, &right.household)["state"], "met");
    assert_eq!(phone.ok("household", json!({"id": wrong.household}))["visits"][0]["replaced"], true);
    let today = phone.ok("today", json!({}));
    assert_eq!(today["counts"]["visits_today"], 1);
    assert_eq!(today["recent"][0]["id"], new);
}

#[test]
fn a_visit_needs_somebody_to_visit() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let code = |target: &str, kind: &str, result: &str| {
        let args = json!({"target": target, "target_kind": kind, "result": result});
        phone.problems("record_visit", args)[0].code
    };
    let nobody = "00000000-0000-7000-8000-000000000000";
    assert_eq!(code(nobody, "household", "met"), ProblemCode::MissingTarget);
    assert_eq!(code(&family.household, "person", "met"), ProblemCode::MissingTarget);
    assert_eq!(code(&building, "building", "met"), ProblemCode::MissingTarget);
    assert_eq!(code(&family.household, "household", "happy"), ProblemCode::UnknownCode);
    phone.ok("remove", json!({"id": family.household}));
    assert_eq!(code(&family.household, "household", "met"), ProblemCode::MissingTarget);
    phone.ok("put_back", json!({"id": family.household}));
    phone.visit(&family.household, "met");
    let future =
        json!({"target": family.household, "target_kind": "household", "result": "met", "at": phone.now() + 3 * DAY});
    assert_eq!(phone.problems("record_visit", future)[0].code, ProblemCode::InFuture);
}
