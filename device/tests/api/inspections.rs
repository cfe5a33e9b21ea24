//! Inspections: a checklist at a place, its hazards, their re-checks, the incident that an overdue one becomes.

use device::api::{Answer, call};
use domain::ProblemCode;
use serde_json::{Map, Value, json};

use crate::phone::{DAY, Phone, id_of};

fn shop(phone: &Phone) -> String {
    let building = phone.save("building", json!({"name": "3幢", "building_kind": "residential"}));
    let door = phone.save("dwelling", json!({"building": building, "unit": "1", "room": "101", "use": "shop"}));
    phone.save("premises", json!({"dwelling": door, "name": "王记餐馆", "premises_kind": "restaurant"}))
}

fn answers(phone: &Phone, place: &str, bad: &[&str]) -> Value {
    let page = phone.ok("inspection_place", json!({"id": place}));
    let items = page["checklists"][0]["items"].as_array().unwrap();
    let answer = |item: &Value| {
        let id = item["id"].as_str().unwrap().to_owned();
        let found = if bad.contains(&id.as_str()) { "bad" } else { "ok" };
        (id, json!(found))
    };
    Value::Object(items.iter().filter(|item| item["type"] == "ok_bad_na").map(answer).collect::<Map<_, _>>())
}

fn inspect(phone: &Phone, place: &str, bad: &[&str]) -> String {
    let args = json!({"subject": place, "checklist": "fire_nine_small", "answers": answers(phone, place, bad)});
    id_of(&phone.ok("record_inspection", args))
}

#[test]
fn what_is_bad_is_a_hazard_with_the_days_that_its_urgency_proposes() {
    let phone = Phone::new();
    let place = shop(&phone);
    let id = inspect(&phone, &place, &["F02", "F11", "F12"]);
    let page = phone.ok("inspection", json!({"id": id}));
    let hazard = |item: &str| page["hazards"].as_array().unwrap().iter().find(|it| it["item"] == item).unwrap().clone();
    assert_eq!(page["hazards"].as_array().unwrap().len(), 3);
    assert_eq!((&hazard("F02")["severity"], &hazard("F02")["standing"]["due"]), (&json!(2), &json!("2026-11-25")));
    assert_eq!((&hazard("F11")["severity"], &hazard("F11")["standing"]["due"]), (&json!(1), &json!("2026-11-22")));
    assert_eq!((&hazard("F12")["severity"], &hazard("F12")["standing"]["due"]), (&json!(3), &json!("2026-11-29")));
    assert_eq!(page["title"], "王记餐馆");
    let due = phone.ok("due_work", json!({}));
    assert_eq!(due["hazards"].as_array().unwrap().len(), 1, "only the most urgent one is due today");
    let places = phone.ok("inspection_places", json!({}));
    assert_eq!((&places[0]["open"], &places[0]["inspected_at"]), (&json!(3), &json!(phone.now())));
}

#[test]
fn every_item_must_be_answered_and_the_checklist_must_be_for_such_places() {
    let phone = Phone::new();
    let place = shop(&phone);
    let args = json!({"subject": place, "checklist": "fire_nine_small", "answers": {"F01": "ok"}});
    let problems = phone.problems("record_inspection", args);
    assert_eq!((problems[0].field.as_str(), problems[0].code), ("answers", ProblemCode::Required));
    let args = json!({"subject": place, "checklist": "hazard_point_patrol", "answers": {}});
    assert_eq!(phone.problems("record_inspection", args)[0].field, "checklist");
    assert_eq!(phone.ok("inspection_place", json!({"id": place}))["inspections"], json!([]));
}

#[test]
fn a_second_tap_records_no_second_inspection() {
    let phone = Phone::new();
    let place = shop(&phone);
    let first = inspect(&phone, &place, &["F02"]);
    assert_eq!(inspect(&phone, &place, &["F02"]), first);
    assert_ne!(inspect(&phone, &place, &["F03"]), first, "another finding is another inspection");
    phone.wait(DAY);
    assert_ne!(inspect(&phone, &place, &["F02"]), first, "the same another day too");
}

#[test]
fn a_recheck_gives_a_new_day_or_closes_the_hazard() {
    let phone = Phone::new();
    let place = shop(&phone);
    let id = inspect(&phone, &place, &["F02"]);
    phone.wait(4 * DAY);
    assert_eq!(phone.ok("hazards", json!({}))[0]["standing"]["state"], "overdue");
    let args =
        json!({"inspection": id, "item": "F02", "result": "not_fixed", "due": "2026-11-30", "note": "答应周末清走"});
    phone.ok("recheck", args);
    assert_eq!(phone.ok("hazards", json!({}))[0]["standing"]["days_left"], 4);
    phone.wait(1000);
    phone.ok("recheck", json!({"inspection": id, "item": "F02", "result": "fixed"}));
    assert_eq!(phone.ok("hazards", json!({})), json!([]));
    assert_eq!(phone.ok("inspection", json!({"id": id}))["rechecks"].as_array().unwrap().len(), 2);
    let wrong = json!({"inspection": id, "item": "F03", "result": "fixed"});
    assert_eq!(phone.problems("recheck", wrong)[0].field, "item");
    let wrong = json!({"inspection": id, "item": "F02", "result": "reported"});
    assert_eq!(phone.problems("recheck", wrong)[0].field, "result");
}

#[test]
fn an_overdue_hazard_becomes_one_incident_however_often_it_is_tapped() {
    let phone = Phone::new();
    let place = shop(&phone);
    let id = inspect(&phone, &place, &["F02"]);
    phone.wait(5 * DAY);
    let args = json!({"inspection": id, "item": "F02"});
    let incident = id_of(&phone.ok("report_hazard", args.clone()));
    assert_eq!(id_of(&phone.ok("report_hazard", args)), incident);
    assert_eq!(phone.ok("incidents", json!({})).as_array().unwrap().len(), 1);
    let page = phone.ok("incident", json!({"id": incident}));
    assert_eq!((&page["incident"]["category"], &page["incident"]["source"]), (&json!("0301"), &json!("patrol")));
    assert!(page["incident"]["title"].as_str().unwrap().starts_with("王记餐馆："));
    assert!(page["address"].as_str().unwrap().contains("101"), "{page}");
    let hazard = phone.ok("hazards", json!({}))[0].clone();
    assert_eq!((&hazard["standing"]["state"], &hazard["standing"]["incident"]), (&json!("reported"), &json!(incident)));
    assert_eq!(phone.ok("due_work", json!({}))["hazards"], json!([]), "it goes its own way now");
}

#[test]
fn an_overdue_hazard_is_reported_with_the_re_check_that_says_so_or_not_at_all() {
    for others in 0..3 {
        let phone = Phone::new();
        let place = shop(&phone);
        let id = inspect(&phone, &place, &["F02"]);
        phone.wait(5 * DAY);
        let args = json!({"inspection": id, "item": "F02"});
        let done = phone.failing_commit(others, || phone.call("report_hazard", args.clone())).is_ok();
        let incidents = || phone.ok("incidents", json!({})).as_array().unwrap().len();
        let says_so = phone.ok("hazards", json!({}))[0]["standing"]["incident"].is_string();
        assert_eq!((incidents(), says_so), (usize::from(done), done), "the commit after {others} others failed");
        phone.ok("report_hazard", args);
        assert_eq!(incidents(), 1, "the commit after {others} others failed: reported once");
    }
}

#[test]
fn items_that_ask_for_words_keep_them_and_the_notice_can_be_printed() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "12号", "building_kind": "farmhouse"}));
    let args = json!({"subject": building, "checklist": "self_built_house", "answers": answers(&phone, &building, &["H06"]),
        "facts": {"H01": "砖混", "H03": "1998"}, "hazards": [{"item": "H06", "text": "西墙斜裂", "severity": 1}, {"item": "H07", "text": "不算", "severity": 1}], "note": "已劝离"});
    let id = id_of(&phone.ok("record_inspection", args));
    let page = phone.ok("inspection", json!({"id": id}));
    assert_eq!(page["inspection"]["facts"], json!({"H01": "砖混", "H03": "1998"}));
    assert_eq!(page["hazards"].as_array().unwrap().len(), 1, "what is in order is no hazard");
    assert_eq!(page["hazards"][0]["text"], "西墙斜裂");
    match call(&phone.device, "inspection_notice", json!({"id": id}), None).unwrap() {
        Answer::Bytes { mime, bytes } => assert!(mime == "application/pdf" && bytes.starts_with(b"%PDF-")),
        Answer::Json(json) => panic!("{json}"),
    }
}

#[test]
fn the_premises_behind_a_door_are_found_from_the_door() {
    let phone = Phone::new();
    let place = shop(&phone);
    let door = phone.record(&place).text("dwelling").unwrap().to_owned();
    let at_door = phone.ok("premises_at", json!({"id": door}));
    assert_eq!((&at_door["expected"], &at_door["premises"][0]["name"]), (&json!(true), &json!("王记餐馆")));
    let page = phone.ok("premises", json!({"id": place}));
    assert!(page["address"].as_str().unwrap().contains("3幢"), "{page}");
    phone.edit("premises", &place, json!({"closed_on": "2026-11-01"}));
    assert_eq!(phone.ok("inspection_places", json!({})), json!([]), "a closed shop is not inspected");
}
