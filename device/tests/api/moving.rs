//! Households that move: to another door, to another cell, away.

use domain::ProblemCode;
use serde_json::json;

use crate::phone::{CELL, Family, OTHER_CELL, Phone, id_of};

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

/// Two families of one building: the first with a wife and a son besides its head.
fn neighbours(phone: &Phone) -> (Family, Vec<String>, Family) {
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let others = [("王五", "10"), ("张小", "20")].map(|(name, relation)| {
        phone.save("person", json!({"household": family.household, "name": name, "relation": relation}))
    });
    let other = phone.family(&building, "1", "102", "李四");
    (family, others.to_vec(), other)
}

fn names(phone: &Phone, household: &str) -> Vec<String> {
    let page = phone.ok("household", json!({"id": household}));
    page["people"].as_array().unwrap().iter().map(|person| person["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_resident_moves_to_another_household_with_their_plan_and_their_consent() {
    let phone = Phone::new();
    let (family, others, other) = neighbours(&phone);
    phone.edit("person", &others[1], json!({"consent": "paper", "phone": "13800000001"}));
    let plan = phone.save(
        "care_plan",
        json!({"person": others[1], "reason": "alone", "level": "b", "consent": "oral", "starts_on": "2026-11-01"}),
    );
    phone.ok("record_visit", json!({"target": others[1], "target_kind": "person", "result": "met"}));
    let args = json!({"person": others[1], "to": other.household, "relation": "28", "on": "2026-11-20"});
    let moved = phone.ok("move_person", args.clone());
    let told =
        json!({"id": others[1], "household": other.household, "relations": 0, "other_cell": false, "threatened": 0});
    assert_eq!(moved, told);
    let page = phone.ok("person", json!({"id": others[1]}));
    assert_eq!(page["household_id"], json!(other.household));
    let person = &page["person"];
    for (field, value) in
        [("relation", "28"), ("consent", "paper"), ("moved_in_on", "2026-11-20"), ("phone", "13800000001")]
    {
        assert_eq!(person[field], json!(value), "{field}");
    }
    assert_eq!((&page["care"][0]["id"], page["visits"].as_array().unwrap().len()), (&json!(plan), 1));
    assert_eq!(names(&phone, &family.household), ["张三", "王五"]);
    assert_eq!(names(&phone, &other.household), ["李四", "张小"]);
    let version = phone.record(&others[1]).version();
    assert_eq!(phone.ok("move_person", args), told, "a second tap");
    assert_eq!(phone.record(&others[1]).version(), version, "changes nothing");
}

#[test]
fn a_householder_who_leaves_others_names_the_next_one() {
    let phone = Phone::new();
    let (family, others, other) = neighbours(&phone);
    let to = |next: Option<&str>| json!({"person": family.head, "to": other.household, "relation": "99", "next_head": next, "on": "2026-11-20"});
    for (next, code) in [(None, ProblemCode::Required), (Some(other.head.as_str()), ProblemCode::MissingTarget)] {
        let problems = phone.problems("move_person", to(next));
        assert_eq!((problems[0].field.as_str(), problems[0].code), ("next_head", code));
    }
    assert_eq!(names(&phone, &family.household).len(), 3, "nothing was written");
    let moved = phone.ok("move_person", to(Some(&others[0])));
    assert_eq!(moved["relations"], 1, "the son's relation was said of his father");
    let page = phone.ok("household", json!({"id": family.household}));
    assert_eq!((&page["household"]["head"], &page["people"][0]["relation"]), (&json!(others[0]), &json!("02")));
}

#[test]
fn a_son_begins_a_household_of_his_own_behind_the_same_door_or_in_another_cell() {
    let phone = Phone::new();
    let (family, others, _) = neighbours(&phone);
    let plan = phone.save(
        "care_plan",
        json!({"person": others[1], "reason": "alone", "level": "b", "consent": "oral", "starts_on": "2026-11-01"}),
    );
    let at_home = json!({"person": others[1], "to": family.dwelling, "on": "2026-11-20"});
    let moved = phone.ok("move_person", at_home.clone());
    let own = id_of(&json!({"id": moved["household"]}));
    let page = phone.ok("household", json!({"id": own}));
    assert_eq!((&page["household"]["head"], &page["dwelling_id"]), (&json!(others[1]), &json!(family.dwelling)));
    assert_eq!(phone.ok("move_person", at_home)["household"], json!(own), "a second tap begins no third household");
    let homes = phone.ok("dwelling", json!({"id": family.dwelling}))["households"].as_array().unwrap().len();
    assert_eq!(homes, 2);

    let args =
        json!({"kind": "building", "cell": OTHER_CELL, "fields": {"name": "9号楼", "building_kind": "residential"}});
    let far = id_of(&phone.ok("save", args));
    let door =
        id_of(&phone.ok("save", json!({"kind": "dwelling", "fields": {"building": far, "room": "202", "use": "own"}})));
    let moved = phone.ok("move_person", json!({"person": others[1], "to": door, "on": "2026-11-21"}));
    assert_eq!(moved["other_cell"], true);
    for id in [others[1].as_str(), plan.as_str(), moved["household"].as_str().unwrap()] {
        assert_eq!(phone.record(id).cell.as_str(), OTHER_CELL);
    }
    assert_eq!(phone.record(&own).fields.get("head"), Some(&serde_json::Value::Null));
    assert_eq!(phone.record(&own).cell.as_str(), CELL, "the household that was left stays");
}

#[test]
fn nobody_moves_on_an_impossible_day_to_nowhere_or_after_death() {
    let phone = Phone::new();
    let (family, others, other) = neighbours(&phone);
    phone.edit("person", &others[1], json!({"birth_date": "1990-01-01"}));
    let to = |to: &str, relation: &str, on: &str| {
        let args = json!({"person": others[1], "to": to, "relation": relation, "on": on});
        let problems = phone.problems("move_person", args);
        (problems[0].field.clone(), problems[0].code)
    };
    for (target, relation, on, field, code) in [
        (&other.household, "20", "2026-02-30", "on", ProblemCode::NoSuchDate),
        (&other.household, "20", "", "on", ProblemCode::NoSuchDate),
        (&other.household, "20", "2026-12-01", "on", ProblemCode::InFuture),
        (&other.household, "20", "1989-01-01", "moved_in_on", ProblemCode::BeforeBirth),
        (&other.household, "", "2026-11-20", "relation", ProblemCode::Required),
        (&other.household, "02", "2026-11-20", "relation", ProblemCode::HasHead),
        (&other.household, "儿子", "2026-11-20", "relation", ProblemCode::UnknownCode),
        (&other.head, "20", "2026-11-20", "to", ProblemCode::MissingTarget),
        (&others[1], "20", "2026-11-20", "to", ProblemCode::MissingTarget),
    ] {
        assert_eq!(to(target, relation, on), (field.to_owned(), code), "{relation} {on}");
    }
    phone.ok("remove", json!({"id": other.household}));
    assert_eq!(to(&other.household, "20", "2026-11-20"), ("to".to_owned(), ProblemCode::MissingTarget));
    phone.edit("person", &others[0], json!({"died_on": "2026-11-01"}));
    let args = json!({"person": others[0], "to": family.dwelling, "on": "2026-11-20"});
    assert_eq!(phone.problems("move_person", args)[0].code, ProblemCode::Died);
    assert_eq!(names(&phone, &family.household).len(), 3, "nothing was written");
}
