//! Reports: what is filled in, how categories are found, what a list shows.

use domain::{CellCode, Kind, ProblemCode};
use serde_json::json;

use crate::phone::{CELL, DAY, Phone, id_of, record};

#[test]
fn a_report_needs_a_category_and_a_title_and_gets_the_rest() {
    let phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "  井盖破损  ", "place": "东街口"}));
    let page = phone.ok("incident", json!({"id": incident}));
    assert_eq!(page["incident"]["title"], "井盖破损");
    assert_eq!(page["incident"]["by"], "worker-1");
    assert_eq!(page["incident"]["happened_at"], phone.now());
    assert!((1..=4).contains(&page["incident"]["severity"].as_i64().unwrap()));
    let record = phone.record(&incident);
    assert_eq!(record.int("list_version"), Some(1));
    let line = phone.ok("incidents", json!({}))[0].clone();
    assert_eq!((&line["place"], &line["review"], &line["sent"]), (&json!("东街口"), &json!("waiting"), &json!(false)));
    assert_eq!(phone.ok("today", json!({}))["counts"]["incidents_open"], 1);
    phone.round();
    phone.review(&incident, "approved", json!({}), None);
    assert_eq!(phone.ok("today", json!({}))["counts"]["incidents_open"], 0);
    assert_eq!(phone.ok("incidents", json!({}))[0]["sent"], true);
}

#[test]
fn wrong_reports_are_refused_by_field() {
    let phone = Phone::new();
    let wrong = [
        (json!({"category": "9999", "title": "x"}), "category", ProblemCode::UnknownCode),
        (json!({"category": "06", "title": "x"}), "category", ProblemCode::UnknownCode),
        (json!({"category": "0601"}), "title", ProblemCode::Required),
        (json!({"category": "0601", "title": "长".repeat(101)}), "title", ProblemCode::TooLong),
        (json!({"category": "0601", "title": "x", "severity": 9}), "severity", ProblemCode::TooLarge),
        (json!({"category": "0601", "title": "x", "by": "somebody-else"}), "by", ProblemCode::OtherAuthor),
        (
            json!({"category": "0601", "title": "x", "position": {"lat": 91, "lng": 0}}),
            "position",
            ProblemCode::PositionForm,
        ),
        (json!({"category": "0601", "title": "x", "contact_phone": "x"}), "contact_phone", ProblemCode::PhoneForm),
    ];
    for (fields, field, code) in wrong {
        let problems = phone.problems("save", json!({"kind": "incident", "fields": fields}));
        assert!(problems.iter().any(|p| p.field == field && p.code == code), "{fields}: {problems:?}");
    }
    assert_eq!(phone.ok("incidents", json!({})), json!([]));
}

#[test]
fn categories_are_found_by_name_pinyin_and_english_and_the_used_ones_come_first() {
    let phone = Phone::new();
    let all = phone.ok("categories", json!({"text": ""}));
    assert_eq!(all.as_array().unwrap().len(), 45);
    assert!(all.as_array().unwrap().iter().all(|hit| hit["recent"] == false));
    let codes = |text: &str| -> Vec<String> {
        let hits = phone.ok("categories", json!({"text": text}));
        hits.as_array().unwrap().iter().map(|hit| hit["code"].as_str().unwrap().to_owned()).collect()
    };
    assert!(codes("代办").contains(&"0101".to_owned()));
    for text in ["dbbb", "daiban", "errand", "0101", "民生服务"] {
        assert!(codes(text).contains(&"0101".to_owned()), "{text}: {:?}", codes(text));
    }
    assert_eq!(codes("没有这样的类别"), Vec::<String>::new());
    let last = all[44]["code"].as_str().unwrap().to_owned();
    phone.save("incident", json!({"category": last, "title": "井盖破损"}));
    let first = phone.ok("categories", json!({"text": ""}))[0].clone();
    assert_eq!((first["code"].as_str().unwrap(), &first["recent"]), (last.as_str(), &json!(true)));
}

#[test]
fn lists_hold_every_code_that_a_form_offers() {
    let lists = Phone::new().ok("lists", json!({}));
    assert_eq!(lists["codes"]["visit_result"].as_array().unwrap().len(), 5);
    assert_eq!(lists["lists"]["severities"].as_array().unwrap().len(), 4);
}

/// A step that a supervisor took at the desk.
fn desk_step(phone: &Phone, incident: &str, action: &str, more: serde_json::Value) -> domain::Record {
    phone.wait(60_000);
    let stage = domain::incident::stage_of(action).unwrap().code();
    let mut fields = json!({"incident": incident, "step": stage, "action": action, "at": phone.now(), "by": "boss-1"});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record(&CellCode::new(CELL).unwrap(), Kind::IncidentStep, phone.now(), fields)
}

/// An incident whose result came in, as the phone hears of it.
fn with_result(phone: &Phone, title: &str) -> String {
    let incident = phone.save("incident", json!({"category": "0601", "title": title}));
    phone.round();
    let steps = [
        desk_step(phone, &incident, "accept", json!({})),
        desk_step(phone, &incident, "dispatch", json!({"to": "住建局"})),
        desk_step(phone, &incident, "result", json!({"from": "住建局", "opinion": "已更换井盖"})),
    ];
    phone.give(steps);
    incident
}

#[test]
fn a_result_waits_on_today_until_the_worker_has_checked_it() {
    let phone = Phone::new();
    let incident = with_result(&phone, "井盖破损");
    let today = phone.ok("today", json!({}));
    assert_eq!(today["to_verify"][0]["id"], json!(incident));
    let page = phone.ok("incident", json!({"id": incident}));
    assert_eq!((&page["progress"]["stage"], &page["may"]), (&json!("verify"), &json!(["pass", "fail"])));
    assert_eq!(page["progress"]["outcome"], "已更换井盖");
    let args = json!({"incident": incident, "action": "pass", "opinion": "  井盖平整，已拍照  "});
    let step = id_of(&phone.ok("add_incident_step", args));
    let page = phone.ok("incident", json!({"id": incident}));
    assert_eq!((&page["progress"]["state"], &page["may"]), (&json!("passed"), &json!([])));
    let last = &page["progress"]["steps"][3];
    assert_eq!(
        (&last["opinion"], &last["by"], &last["late"]),
        (&json!("井盖平整，已拍照"), &json!("worker-1"), &json!(false))
    );
    assert_eq!(phone.ok("today", json!({}))["to_verify"], json!([]));
    let check = phone.record(&step);
    assert_eq!(check.text("step"), Some("verify"));
    assert_eq!(check.text("answers"), page["progress"]["result"].as_str());
}

#[test]
fn a_worker_takes_no_step_of_the_supervisor_and_none_out_of_turn() {
    let phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    for action in ["accept", "dispatch", "close", "pass", "fail", "result", "nonsense"] {
        let problems = phone.problems("add_incident_step", json!({"incident": incident, "action": action}));
        assert_eq!((problems[0].field.as_str(), problems[0].code), ("action", ProblemCode::NotAllowed), "{action}");
    }
    let checked = with_result(&phone, "路灯不亮");
    phone.ok("add_incident_step", json!({"incident": checked, "action": "fail"}));
    let again = phone.problems("add_incident_step", json!({"incident": checked, "action": "fail"}));
    assert_eq!(again[0].code, ProblemCode::NotAllowed);
}

#[test]
fn solved_on_the_spot_is_a_report_and_a_step() {
    let phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖移位"}));
    phone.ok("add_incident_step", json!({"incident": incident, "action": "solve", "opinion": "已复位"}));
    let line = phone.ok("incidents", json!({}))[0].clone();
    assert_eq!((&line["state"], &line["ended"], &line["due"]), (&json!("solved"), &json!(false), &json!(null)));
    let words = "长".repeat(1001);
    let other = phone.save("incident", json!({"category": "0601", "title": "井盖移位"}));
    let problems = phone.problems("add_incident_step", json!({"incident": other, "action": "solve", "opinion": words}));
    assert_eq!((problems[0].field.as_str(), problems[0].code), ("opinion", ProblemCode::TooLong));
    assert_eq!(phone.ok("incident", json!({"id": other}))["progress"]["steps"], json!([]));
}

#[test]
fn what_is_to_be_checked_and_what_is_overdue_comes_first_and_what_is_over_last() {
    let phone = Phone::new();
    let closed = phone.save("incident", json!({"category": "0601", "title": "已办结", "severity": 1}));
    phone.ok("add_incident_step", json!({"incident": closed, "action": "solve"}));
    phone.round();
    phone.give([desk_step(&phone, &closed, "close", json!({}))]);
    let late = phone.save("incident", json!({"category": "0601", "title": "超期", "severity": 2}));
    phone.wait(DAY);
    let fresh = phone.save("incident", json!({"category": "0601", "title": "新报", "severity": 4}));
    let check = with_result(&phone, "待复核");
    let lines = phone.ok("incidents", json!({}));
    let order: Vec<_> = lines.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(order, [&check, &late, &fresh, &closed]);
    assert_eq!(
        (&lines[1]["overdue"], &lines[2]["overdue"], &lines[3]["ended"]),
        (&json!(true), &json!(false), &json!(true))
    );
}

#[test]
fn a_report_at_a_household_begins_with_its_contact() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.edit("person", &family.head, json!({"phone": "13812345678"}));
    let start = phone.ok("start_report", json!({"household": family.household}));
    assert_eq!(start, json!({"may_solve": true, "contact_name": "张三", "contact_phone": "13812345678"}));
    phone.edit("household", &family.household, json!({"contact_phone": "0916-7212345"}));
    assert_eq!(phone.ok("start_report", json!({"household": family.household}))["contact_phone"], "09167212345");
    assert_eq!(phone.ok("start_report", json!({}))["contact_name"], json!(null));
}

#[test]
fn a_report_that_a_step_sent_back_is_on_today_until_it_is_reported_again() {
    let phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    phone.round();
    phone.give([desk_step(&phone, &incident, "return", json!({"opinion": "请写清位置"}))]);
    let returned = phone.ok("today", json!({}))["returned"].clone();
    assert_eq!((&returned[0]["record_id"], &returned[0]["note"]), (&json!(incident), &json!("请写清位置")));
    assert_eq!(phone.ok("incident", json!({"id": incident}))["may"], json!(["report", "solve"]));
    phone.wait(60_000);
    phone.edit("incident", &incident, json!({"place": "东街口"}));
    phone.ok("add_incident_step", json!({"incident": incident, "action": "report"}));
    assert_eq!(phone.ok("today", json!({}))["returned"], json!([]));
    assert_eq!(phone.ok("incident", json!({"id": incident}))["progress"]["state"], "reported");
}
