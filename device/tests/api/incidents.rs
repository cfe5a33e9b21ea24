//! Reports: what is filled in, how categories are found, what a list shows.

use domain::ProblemCode;
use serde_json::json;

use crate::phone::Phone;

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
