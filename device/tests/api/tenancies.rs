//! Dwellings that are let: to whom, until when, and when somebody looked after their safety. And the board that shows it all.

use domain::ProblemCode;
use serde_json::{Value, json};

use crate::phone::Phone;

fn let_door(phone: &Phone) -> (String, String) {
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let door = phone.save("dwelling", json!({"building": building, "unit": "1", "room": "101", "use": "let"}));
    (building, door)
}

fn doors(phone: &Phone, building: &str) -> Vec<Value> {
    phone.ok("doors", json!({"building": building}))["units"][0]["floors"][0]["doors"].as_array().unwrap().clone()
}

#[test]
fn a_door_says_to_whom_it_is_let_and_safety_is_checked_by_one_tap() {
    let phone = Phone::new();
    let (_, door) = let_door(&phone);
    let past = phone.save("tenancy", json!({"dwelling": door, "starts_on": "2024-01-01", "ends_on": "2025-01-01"}));
    let now = phone.save("tenancy", json!({"dwelling": door, "landlord_name": "王五", "landlord_phone": "13812345678", "tenants": 3, "starts_on": "2026-01-01"}));
    let to_come = phone.save("tenancy", json!({"dwelling": door, "starts_on": "2027-01-01"}));
    let page = phone.ok("dwelling", json!({"id": door}));
    let order: Vec<(&str, &str)> = page["tenancies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["id"].as_str().unwrap(), line["standing"].as_str().unwrap()))
        .collect();
    assert_eq!(order, [(now.as_str(), "standing"), (to_come.as_str(), "ahead"), (past.as_str(), "ended")]);
    let tenancy = phone.ok("tenancy", json!({"id": now}));
    assert_eq!((&tenancy["phone_masked"], &tenancy["checked_today"]), (&json!("138****5678"), &json!(false)));
    phone.ok("check_safety", json!({"id": now}));
    let before = phone.record(&now);
    phone.ok("check_safety", json!({"id": now}));
    assert_eq!(phone.record(&now), before, "a second tap writes nothing");
    let tenancy = phone.ok("tenancy", json!({"id": now}));
    assert_eq!(
        (&tenancy["checked_today"], &tenancy["line"]["tenancy"]["safety_checked_on"]),
        (&json!(true), &json!("2026-11-22"))
    );
}

#[test]
fn a_tenancy_takes_no_impossible_words() {
    let phone = Phone::new();
    let (_, door) = let_door(&phone);
    for (fields, field, code) in [
        (json!({"tenants": -1}), "tenants", ProblemCode::TooSmall),
        (json!({"tenants": 100}), "tenants", ProblemCode::TooLarge),
        (json!({"tenants": "三"}), "tenants", ProblemCode::WrongType),
        (json!({"starts_on": "2026-02-29"}), "starts_on", ProblemCode::NoSuchDate),
        (json!({"starts_on": "2026-03-01", "ends_on": "2026-02-28"}), "ends_on", ProblemCode::EndBeforeStart),
        (json!({"ends_on": "9999-01-01"}), "ends_on", ProblemCode::InFuture),
        (json!({"safety_checked_on": "2026-11-23"}), "safety_checked_on", ProblemCode::InFuture),
        (json!({"landlord_name": "😀"}), "landlord_name", ProblemCode::NameForm),
        (json!({"landlord_name": "王\u{202E}五"}), "landlord_name", ProblemCode::NameForm),
        (json!({"landlord_name": "王".repeat(10_000)}), "landlord_name", ProblemCode::TooLong),
        (json!({"landlord_phone": "\u{202E}13812345678"}), "landlord_phone", ProblemCode::PhoneForm),
    ] {
        let mut whole = json!({"dwelling": door});
        whole.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let problems = phone.problems("save", json!({"kind": "tenancy", "fields": whole}));
        assert_eq!((problems[0].field.as_str(), problems[0].code), (field, code), "{fields}");
    }
    // Rare characters that are names are taken as they are.
    let rare = phone.save("tenancy", json!({"dwelling": door, "landlord_name": "𬀩\u{E863}·阿"}));
    assert_eq!(phone.record(&rare).text("landlord_name"), Some("𬀩\u{E863}·阿"));
}

#[test]
fn the_board_tells_whose_care_is_due_and_what_is_sold() {
    let phone = Phone::new();
    let (building, door) = let_door(&phone);
    let family = phone.family(&building, "1", "102", "张三");
    assert_eq!(doors(&phone, &building)[0]["state"], "to_let");
    assert_eq!(doors(&phone, &building)[1]["care_due"], false);
    let plan =
        json!({"person": family.head, "reason": "alone", "level": "a", "consent": "oral", "starts_on": "2026-11-01"});
    let plan = phone.save("care_plan", plan);
    phone.save("premises", json!({"dwelling": door, "name": "阿庆面馆", "premises_kind": "restaurant"}));
    let board = doors(&phone, &building);
    assert_eq!((&board[1]["care_due"], &board[0]["shop_name"]), (&json!(true), &json!("阿庆面馆")));
    phone.visit(&family.household, "met");
    assert_eq!(doors(&phone, &building)[1]["care_due"], false, "seen today");
    phone.wait(60 * 24 * 60 * 60 * 1000);
    assert_eq!(doors(&phone, &building)[1]["care_due"], true);
    phone.edit("care_plan", &plan, json!({"responsible": "another-1"}));
    assert_eq!(doors(&phone, &building)[1]["care_due"], false, "a colleague's plan is a colleague's");
}

#[test]
fn a_shop_is_found_by_its_name_and_by_its_initials() {
    let phone = Phone::new();
    let (_, door) = let_door(&phone);
    let shop = phone.save(
        "premises",
        json!({"dwelling": door, "name": "阿庆面馆", "premises_kind": "restaurant", "contact_phone": "13812345678"}),
    );
    for typed in ["面馆", "aqmg", "aqing", "45678"] {
        let hits = phone.ok("search", json!({"text": typed}));
        assert_eq!((&hits[0]["kind"], &hits[0]["id"]), (&json!("premises"), &json!(shop)), "{typed}");
        assert_eq!(
            (&hits[0]["subtitle"], &hits[0]["phone_masked"]),
            (&json!("3号楼 1单元 101室"), &json!("138****5678"))
        );
    }
}
