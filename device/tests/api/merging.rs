//! Entries of one resident, household or door: found while they are typed, made one, read as one, and taken apart again.

use device::api::FailureCode;
use domain::ProblemCode;
use serde_json::{Value, json};

use crate::phone::{CELL, OTHER_CELL, Phone, id_of};

fn two_families(phone: &Phone) -> (crate::phone::Family, crate::phone::Family) {
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let one = phone.family(&building, "1", "101", "张三");
    phone.wait(1000);
    (one, phone.family(&building, "1", "102", "张三"))
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_resident_who_is_there_already_is_told_while_the_name_is_typed() {
    let phone = Phone::new();
    let (one, other) = two_families(&phone);
    phone.edit("person", &one.head, json!({"birth_date": "1950-03-04", "phone": "13812345678"}));
    phone.edit("person", &other.head, json!({"document_kind": "passport", "document_number": "E1234567"}));
    let typed = |fields: Value| phone.ok("likely_same", json!({"kind": "person", "fields": fields}));
    assert_eq!(typed(json!({"name": "张三"})), json!([]), "a name alone is nobody");
    let found = typed(json!({"name": " 张 三", "birth_date": "1950-03-04"}));
    assert_eq!((ids(&found), &found[0]["likeness"]), (vec![one.head.clone()], &json!("birth_date")));
    assert_eq!(found[0]["subtitle"], "3号楼 1单元 101室");
    assert_eq!(typed(json!({"name": "张三", "phone": "0916-8125678"}))[0]["likeness"], "phone");
    let card = typed(json!({"name": "李四", "document_number": "ｅ1234567"}));
    assert_eq!((ids(&card), &card[0]["likeness"]), (vec![other.head.clone()], &json!("document")));
    let own = phone.ok("likely_same", json!({"kind": "person", "id": one.head, "fields": {"phone": "13812345678"}}));
    assert_eq!(own, json!([]), "nobody is told of the very entry that is edited");
}

#[test]
fn a_door_that_is_there_already_is_told_in_any_spelling() {
    let phone = Phone::new();
    let (one, _) = two_families(&phone);
    let building = phone.record(&one.dwelling).text("building").unwrap().to_owned();
    let typed = |room: &str| {
        phone.ok(
            "likely_same",
            json!({"kind": "dwelling", "fields": {"building": building, "unit": "1单元", "room": room}}),
        )
    };
    assert_eq!(ids(&typed("１０１室")), [one.dwelling]);
    assert_eq!(typed("301"), json!([]));
    assert_eq!(typed(""), json!([]));
}

#[test]
fn two_entries_of_a_resident_become_one_with_the_values_that_were_picked_and_everything_that_was_said_of_both() {
    let phone = Phone::new();
    let (one, other) = two_families(&phone);
    phone.edit("person", &one.head, json!({"phone": "13800000001", "birth_date": "1950-03-04"}));
    phone.edit("person", &other.head, json!({"phone": "13800000002"}));
    let visit = json!({"target": other.head, "target_kind": "person", "result": "met"});
    phone.ok("record_visit", visit);
    phone.save(
        "care_plan",
        json!({"person": other.head, "reason": "alone", "level": "b", "consent": "oral", "starts_on": "2026-11-01"}),
    );
    let seen = phone.ok("compare", json!({"id": other.head, "other": one.head}));
    assert_eq!((&seen["stays"], &seen["gives_way"]), (&json!(one.head), &json!(other.head)));
    assert_eq!(seen["hindrance"], Value::Null);
    let names: Vec<&str> = seen["fields"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["household", "birth_date", "phone"]);
    assert_eq!(seen["fields"][1]["take"], false, "an empty value is no better than a day");
    assert_eq!(seen["fields"][2]["take"], true, "the later number");

    let args = json!({"id": other.head, "other": one.head, "taken": ["phone"]});
    assert_eq!(id_of(&phone.ok("merge", args)), one.head);
    let page = phone.ok("person", json!({"id": other.head}));
    assert_eq!(page["id"], json!(one.head), "the old address leads to the entry that stays");
    assert_eq!(
        (&page["person"]["phone"], &page["person"]["birth_date"]),
        (&json!("13800000002"), &json!("1950-03-04"))
    );
    assert_eq!(page["visits"].as_array().unwrap().len(), 1);
    assert_eq!(page["visits"][0]["target_id"], json!(one.head));
    assert_eq!(page["care"].as_array().unwrap().len(), 1);
    assert_eq!(ids(&page["merged"]), std::slice::from_ref(&other.head));
    assert_eq!(ids(&phone.ok("search", json!({"text": "张三"}))), std::slice::from_ref(&one.head), "found once");
    let home = phone.ok("household", json!({"id": other.household}));
    assert_eq!(home["people"], json!([]), "nobody is counted twice");
    assert_eq!(home["household"]["head"], json!(one.head));

    phone.ok("part", json!({"id": other.head}));
    phone.ok("part", json!({"id": other.head}));
    let page = phone.ok("person", json!({"id": one.head}));
    assert_eq!((&page["person"]["phone"], &page["merged"]), (&json!("13800000001"), &json!([])));
    assert_eq!(page["visits"], json!([]));
    assert_eq!(phone.ok("person", json!({"id": other.head}))["visits"].as_array().unwrap().len(), 1);
}

#[test]
fn two_households_become_one_with_their_people_their_visits_and_their_place_on_every_list() {
    let phone = Phone::new();
    let (one, other) = two_families(&phone);
    let third = phone.household_in(one.dwelling.clone(), "李四");
    phone.wait(1000);
    let point = phone.save("hazard_point", json!({"name": "后山", "hazard_kind": "landslide"}));
    for household in [&one.household, &other.household] {
        phone.ok("threaten", json!({"hazard_point": point, "household": household}));
    }
    phone.visit(&other.household, "met");
    phone.ok("merge", json!({"id": one.household, "other": other.household, "taken": []}));
    let page = phone.ok("household", json!({"id": other.household}));
    assert_eq!((&page["id"], page["people"].as_array().unwrap().len()), (&json!(one.household), 2));
    assert_eq!((page["visits"].as_array().unwrap().len(), page["last_met"].is_number()), (1, true));
    assert_eq!(phone.ok("today", json!({}))["counts"]["households"], 2);
    let lines = phone.ok("hazard_points", json!({}));
    assert_eq!((&lines[0]["households"], &lines[0]["people"]), (&json!(1), &json!(2)));
    let threatened = phone.ok("hazard_point", json!({"id": point}));
    assert_eq!(threatened["households"].as_array().unwrap().len(), 1);
    let month = phone.ok("month", json!({"year": 2026, "month": 11}));
    assert_eq!((&month["households"], &month["households_met"]), (&json!(2), &json!(1)));
    // A chain: the one that took another in gives way itself.
    phone.ok("merge", json!({"id": third.household, "other": one.household, "taken": []}));
    let page = phone.ok("household", json!({"id": other.household}));
    assert_eq!((&page["id"], page["people"].as_array().unwrap().len()), (&json!(one.household), 3));
    let doors = phone.ok("doors", json!({"building": phone.record(&one.dwelling).text("building").unwrap()}));
    let shown: Vec<&Value> = doors["units"][0]["floors"][0]["doors"].as_array().unwrap().iter().collect();
    assert_eq!(shown.iter().map(|door| door["people"].as_i64().unwrap()).sum::<i64>(), 3, "{shown:?}");
}

#[test]
fn two_doors_become_one_with_the_households_behind_both() {
    let phone = Phone::new();
    let (one, other) = two_families(&phone);
    phone.save("tenancy", json!({"dwelling": other.dwelling, "landlord_name": "王五"}));
    let seen = phone.ok("compare", json!({"id": one.dwelling, "other": other.dwelling}));
    assert_eq!(seen["fields"][0]["name"], "room");
    phone.ok("merge", json!({"id": one.dwelling, "other": other.dwelling, "taken": []}));
    let page = phone.ok("dwelling", json!({"id": other.dwelling}));
    assert_eq!((&page["id"], page["households"].as_array().unwrap().len()), (&json!(one.dwelling), 2));
    assert_eq!(page["tenancies"].as_array().unwrap().len(), 1);
    assert_eq!(page["merged"][0]["title"], "3号楼 1单元 102室");
    assert_eq!(phone.ok("household", json!({"id": other.household}))["address"], "3号楼 1单元 101室");
    let building = phone.record(&one.dwelling).text("building").unwrap().to_owned();
    let doors = phone.ok("doors", json!({"building": building}));
    assert_eq!(
        (&doors["building"]["doors"], doors["units"][0]["floors"][0]["doors"].as_array().unwrap().len()),
        (&json!(1), 2)
    );
    phone.ok("part", json!({"id": other.dwelling}));
    assert_eq!(phone.ok("household", json!({"id": other.household}))["address"], "3号楼 1单元 102室");
}

#[test]
fn what_is_not_two_of_one_kind_in_one_cell_is_not_merged() {
    let phone = Phone::new();
    let (one, other) = two_families(&phone);
    let refused = |id: &str, with: &str| {
        let args = json!({"id": id, "other": with, "taken": []});
        phone.problems("merge", args)[0].code
    };
    assert_eq!(refused(&one.head, &one.head), ProblemCode::MissingTarget);
    assert_eq!(refused(&one.head, &other.household), ProblemCode::MissingTarget);
    let far = phone.ok(
        "save",
        json!({"kind": "building", "cell": OTHER_CELL, "fields": {"name": "9号楼", "building_kind": "residential"}}),
    );
    let far = phone.family(&id_of(&far), "1", "101", "张三");
    let moved = phone.ok("move_household", json!({"household": other.household, "dwelling": far.dwelling}));
    assert_eq!((&moved["people"], &moved["other_cell"]), (&json!(1), &json!(far_is_other(&phone, &far.dwelling))));
    let building = phone.record(&one.dwelling).text("building").unwrap().to_owned();
    assert_eq!(phone.fails("merge", json!({"id": building, "other": one.head, "taken": []})), FailureCode::NotFound);
    assert_eq!(phone.fails("merge", json!({"id": one.head, "other": "x", "taken": []})), FailureCode::Malformed);
    let younger = json!({"kind": "person", "id": one.head, "fields": {"merged_into": other.head}});
    assert_eq!(phone.problems("save", younger)[0].code, ProblemCode::WrongType, "the older entry stays");
}

fn far_is_other(phone: &Phone, dwelling: &str) -> bool {
    phone.record(dwelling).cell.as_str() != CELL
}

#[test]
fn a_former_head_who_is_not_there_any_more_is_not_put_back() {
    let phone = Phone::new();
    let (one, other) = two_families(&phone);
    phone.ok("merge", json!({"id": one.household, "other": other.household, "taken": ["head"]}));
    assert_eq!(phone.record(&one.household).text("head"), Some(other.head.as_str()));
    phone.ok("remove", json!({"id": one.head}));
    phone.ok("part", json!({"id": other.household}));
    let head = phone.record(&one.household).fields["head"].clone();
    assert_eq!(head, Value::Null, "nobody is the head, rather than somebody who is gone");
    assert_eq!(phone.record(&other.household).text("head"), Some(other.head.as_str()));
}

#[test]
fn a_colleague_s_plan_is_not_told_by_a_merging() {
    let phone = Phone::new();
    let (one, other) = two_families(&phone);
    let plan = json!({"person": other.head, "reason": "alone", "level": "b", "consent": "oral", "starts_on": "2026-11-01", "responsible": "another-1"});
    phone.save("care_plan", plan);
    phone.ok("merge", json!({"id": one.head, "other": other.head, "taken": []}));
    assert_eq!(phone.ok("person", json!({"id": one.head}))["care"], json!([]));
}

#[test]
fn words_of_ten_thousand_characters_and_stray_signs_are_told_beside_their_field_and_nothing_is_lost() {
    let phone = Phone::new();
    let (one, _) = two_families(&phone);
    let before = phone.record(&one.household);
    for (field, text, code) in [
        ("access_note", "长".repeat(10_000), ProblemCode::TooLong),
        ("access_note", "恶犬\u{200F}".to_owned(), ProblemCode::ControlCharacter),
        ("best_time", "晚\u{0000}".to_owned(), ProblemCode::ControlCharacter),
    ] {
        let fields = json!({field: text});
        let problems = phone.problems("save", json!({"kind": "household", "id": one.household, "fields": fields}));
        assert_eq!((problems[0].field.as_str(), problems[0].code), (field, code));
    }
    assert_eq!(phone.record(&one.household), before);
    phone.edit("household", &one.household, json!({"access_note": "门铃坏了 😀\n敲门 𠮷"}));
    assert_eq!(phone.record(&one.household).text("access_note"), Some("门铃坏了 😀\n敲门 𠮷"));
    for text in ["\u{202E}张三", "😀", "a\nb"] {
        let told = phone.ok("likely_same", json!({"kind": "person", "fields": {"name": text}}));
        assert_eq!(told, json!([]), "a warning never stands in the way");
    }
    let found = phone.ok("look_for_same", json!({"id": one.head, "text": "长".repeat(10_000)}));
    assert_eq!(found, json!([]));
    assert_eq!(phone.ok("rooms", json!({"text": "\u{202E}😀\n"})), json!([]));
}
