//! The residents' desk: finding, showing, printing, putting right, and the list of who looked.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::bench::{Bench, CELL, HOUSEHOLD, PERSON, STRANGER, id};
use crate::store::Store as _;

fn fill(bench: &Bench) {
    bench.put(
        43,
        "person",
        CELL,
        json!({"household": id(HOUSEHOLD), "name": "单玉芳", "document_kind": "id_card",
        "document_number": "61072219900307123X", "phone": "13911115678"}),
    );
    bench.put(
        44,
        "dispute",
        CELL,
        json!({"type": "neighbour", "source": "applied", "accepted_on": "2026-01-02", "parties": [
        {"person": id(PERSON), "name": "单雄", "side": "applicant", "phone": "13800001111"},
        {"name": "查大明", "side": "respondent", "phone": "13700009999", "address": "别处"}]}),
    );
    bench.put(
        45,
        "care_plan",
        CELL,
        json!({"person": id(PERSON), "reason": "alone", "level": "a", "responsible": "worker",
        "consent": "oral", "starts_on": "2026-01-01", "helper_name": "仇英", "helper_phone": "13700008888"}),
    );
}

async fn found(bench: &Bench, account: &str, typed: &str) -> Vec<Value> {
    let desk = bench.sign_in(account).await;
    let (status, hits) = desk.post("residents/find", json!({"typed": typed, "reason": "request"})).await;
    assert_eq!(status, StatusCode::OK, "{hits}");
    hits["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn somebody_is_found_by_name_pinyin_and_the_end_of_a_number_and_shown_masked() {
    let bench = Bench::new();
    fill(&bench);
    for (typed, by) in [
        ("单玉芳", "name"),
        ("syf", "name"),
        ("danyufang", "name"),
        ("5678", "phone"),
        ("123x", "document"),
        ("13911115678", "phone"),
    ] {
        let hits = found(&bench, "supervisor", typed).await;
        assert_eq!(hits.len(), 1, "{typed}");
        assert_eq!((&hits[0]["id"], &hits[0]["by"]), (&json!(id(43)), &json!(by)), "{typed}");
        assert_eq!((&hits[0]["name"], &hits[0]["phone"]), (&json!("单**"), &json!("139****5678")));
        assert_eq!(hits[0]["document_number"], "610***********123X");
    }
    assert_eq!(found(&bench, "supervisor", "查无此人").await.len(), 0, "of another village");
    assert_eq!(found(&bench, "supervisor", "%").await.len(), 0);
}

#[tokio::test]
async fn a_search_needs_a_reason_and_a_place_of_ones_own_and_is_noted_without_what_was_typed() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    for (wish, status) in [
        (json!({"typed": "单", "reason": ""}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"typed": " ", "reason": "request"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"typed": "单", "reason": "request", "place": "610722001002"}), StatusCode::NOT_FOUND),
        (json!({"typed": "单", "reason": "request", "place": "nowhere"}), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(desk.post("residents/find", wish.clone()).await.0, status, "{wish}");
    }
    found(&bench, "supervisor", "单雄").await;
    let noted = bench
        .hub
        .store()
        .read(|reading| reading.audit_page(&crate::store::AuditQuery { limit: 50, ..Default::default() }));
    let noted = noted.unwrap();
    let find = noted.iter().find(|line| line.entry.action == "find").unwrap();
    assert_eq!((find.entry.who.as_str(), find.detail.as_str()), ("supervisor", r#"{"reason":"request"}"#));
    assert!(noted.iter().all(|line| !format!("{line:?}").contains("单雄")));
}

#[tokio::test]
async fn what_is_stored_is_masked_until_a_reason_is_given_and_others_stay_masked_even_then() {
    let bench = Bench::new();
    fill(&bench);
    let desk = bench.sign_in("supervisor").await;
    let address = format!("residents/{}", id(PERSON));
    let file = desk.read(&address).await;
    assert_eq!((&file["title"], &file["masked"]), (&json!("单*"), &json!(true)));
    for hidden in ["单雄", "13800001111", "查大明", "仇英", "13700009999"] {
        assert!(!file.to_string().contains(hidden), "{hidden}");
    }
    let kinds: Vec<&str> =
        file["parts"].as_array().unwrap().iter().map(|part| part["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["person", "household", "visit", "visit", "care_plan", "dispute"]);
    let (_, full) = desk.post(&format!("{address}/look"), json!({"reason": "request"})).await;
    assert_eq!(full["title"], "单雄");
    assert_eq!(full["parts"][0]["fields"]["phone"], "13800001111");
    let text = full.to_string();
    assert!(text.contains("查**") && text.contains("仇*"));
    for hidden in ["查大明", "仇英", "13700009999", "13700008888", "别处"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    let look = &full["looks"][0];
    assert_eq!(
        (&look["who"], &look["name"], &look["reason"]),
        (&json!("supervisor"), &json!("supervisor 的名字"), &json!("request"))
    );
    assert_eq!(look["fields"], json!(["name", "phone"]));
    let paper = desk.post_raw(&format!("{address}/paper"), json!({"reason": "request"})).await;
    assert!(paper.starts_with(b"%PDF"));
    assert_eq!(desk.read(&address).await["looks"].as_array().unwrap().len(), 2);
}

/// What threatens the household, what it was told, and the shop that the resident answers for; and the same of others.
fn fill_around(bench: &Bench) {
    let put = |number, kind, fields| bench.put(number, kind, CELL, fields);
    put(
        60,
        "hazard_point",
        json!({"name": "后坡", "hazard_kind": "landslide", "shelter": "村小学",
        "monitor_name": "贺兰山", "monitor_phone": "13600001111"}),
    );
    put(
        61,
        "threatened_household",
        json!({"hazard_point": id(60), "household": id(HOUSEHOLD), "needs_help": true,
        "contact_name": "司马南", "contact_phone": "13600002222"}),
    );
    put(62, "hazard_point", json!({"name": "别的沟", "hazard_kind": "debris_flow"}));
    put(63, "threatened_household", json!({"hazard_point": id(62), "household": id(90), "help_note": "别人的轮椅"}));
    put(
        64,
        "notice",
        json!({"title": "清明防火", "text": "不要烧纸", "notice_kind": "policy", "at": 1_000, "by": "supervisor"}),
    );
    put(
        65,
        "notice_ack",
        json!({"notice": id(64), "household": id(HOUSEHOLD), "at": 1_500, "by": "worker", "way": "door"}),
    );
    put(66, "notice_ack", json!({"notice": id(64), "household": id(90), "at": 1_600, "by": "worker"}));
    put(
        67,
        "premises",
        json!({"dwelling": id(91), "name": "雄记面馆", "premises_kind": "restaurant",
        "contact_name": "另一人", "contact_phone": "13800001111"}),
    );
    put(
        68,
        "premises",
        json!({"dwelling": id(91), "name": "同名小店", "premises_kind": "shop",
        "contact_name": "单雄", "contact_phone": "13600003333"}),
    );
    put(
        69,
        "inspection",
        json!({"subject": id(67), "subject_kind": "premises", "checklist": "fire_nine_small",
        "checklist_version": 1, "at": 1_700, "by": "worker", "answers": {"F01": "ok", "F03": "bad"},
        "hazards": [{"item": "F03", "text": "灯不亮", "severity": 3}]}),
    );
    put(70, "recheck", json!({"inspection": id(69), "item": "F03", "at": 1_800, "by": "worker", "result": "fixed"}));
    put(
        71,
        "inspection",
        json!({"subject": id(68), "subject_kind": "premises", "checklist": "fire_nine_small",
        "checklist_version": 1, "at": 1_700, "by": "worker", "answers": {"F01": "ok"}, "note": "同名小店的事"}),
    );
    put(
        72,
        "inspection",
        json!({"subject": id(HOUSEHOLD), "subject_kind": "household", "checklist": "gas",
        "checklist_version": 1, "at": 1_900, "by": "worker", "answers": {}, "note": "软管老化"}),
    );
}

#[tokio::test]
async fn the_file_has_what_threatens_the_household_what_it_was_told_and_what_was_inspected() {
    let bench = Bench::new();
    fill_around(&bench);
    let desk = bench.sign_in("supervisor").await;
    let address = format!("residents/{}", id(PERSON));
    let file = desk.read(&address).await;
    let parts = file["parts"].as_array().unwrap();
    let found: Vec<(&str, &Value)> = parts.iter().map(|part| (part["kind"].as_str().unwrap(), &part["id"])).collect();
    let wanted = [
        ("hazard_point", 60),
        ("threatened_household", 61),
        ("notice_ack", 65),
        ("premises", 67),
        ("inspection", 72),
        ("inspection", 69),
        ("recheck", 70),
    ]
    .map(|(kind, number)| (kind, json!(id(number))));
    let wanted: Vec<(&str, &Value)> = wanted.iter().map(|(kind, id)| (*kind, id)).collect();
    assert_eq!(found[4..], wanted);
    assert_eq!(file["refs"][id(64).to_string()]["title"], "清明防火");
    assert_eq!(file["refs"][id(60).to_string()]["title"], "后坡");
    let (_, full) = desk.post(&format!("{address}/look"), json!({"reason": "request"})).await;
    for (text, phone) in [(file.to_string(), "138****1111"), (full.to_string(), "13800001111")] {
        assert!(text.contains(phone) && text.contains("司**") && text.contains("贺**"), "{text}");
        for of_others in
            ["司马南", "贺兰山", "13600001111", "13600002222", "另一人", "别人的轮椅", "别的沟", "同名小店"]
        {
            assert!(!text.contains(of_others), "{of_others}");
        }
        assert!(!text.contains("\"by\":\"worker\""), "who wrote it is no part of the file");
    }
    let paper = desk.post_raw(&format!("{address}/paper"), json!({"reason": "request"})).await;
    assert!(paper.starts_with(b"%PDF"));
}

#[tokio::test]
async fn the_file_has_what_was_stored_by_an_entry_that_gave_way() {
    let bench = Bench::new();
    bench.put(80, "household", CELL, json!({"dwelling": id(2), "merged_into": id(HOUSEHOLD), "deleted": true}));
    bench.put(
        81,
        "person",
        CELL,
        json!({"household": id(80), "name": "单雄", "merged_into": id(PERSON), "deleted": true}),
    );
    for (number, target, kind) in [(82, 80, "household"), (83, 81, "person")] {
        let fields = json!({"target": id(target), "target_kind": kind, "at": 500, "result": "met", "by": "worker"});
        bench.put(number, "visit", CELL, fields);
    }
    let desk = bench.sign_in("supervisor").await;
    let file = desk.read(&format!("residents/{}", id(PERSON))).await;
    let visits = file["parts"].as_array().unwrap().iter().filter(|part| part["kind"] == "visit").count();
    assert_eq!(visits, 4, "{file}");
}

#[tokio::test]
async fn a_look_at_a_record_is_noted_with_its_fields_and_for_the_residents_whom_it_names() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let address = format!("records/{}", id(HOUSEHOLD));
    let page = desk.read(&address).await;
    assert_eq!((&page["title"], &page["refs"][id(PERSON).to_string()]["title"]), (&json!("单*"), &json!("单*")));
    assert_eq!(
        desk.post(&format!("{address}/look"), json!({"reason": "curious"})).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let (_, full) = desk.post(&format!("{address}/look"), json!({"reason": "review"})).await;
    assert_eq!((&full["title"], &full["masked"]), (&json!("单雄"), &json!([])));
    let looks = desk.read(&format!("residents/{}", id(PERSON))).await["looks"].clone();
    assert!(
        looks.as_array().unwrap().iter().any(|look| look["reason"] == "review" && look["fields"] == json!(["name"]))
    );
}

#[tokio::test]
async fn a_correction_is_an_ordinary_change_and_a_stale_one_changes_nothing() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let address = format!("records/{}/correct", id(PERSON));
    let version = desk.version(PERSON).await;
    let (status, now) = desk.post(&address, json!({"version": version, "fields": {"phone": "13911110001"}})).await;
    assert_eq!(status, StatusCode::OK, "{now}");
    assert_eq!(bench.record(PERSON).text("phone"), Some("13911110001"));
    let stale = desk.post(&address, json!({"version": version, "fields": {"phone": "13911110002"}})).await;
    assert_eq!(stale.0, StatusCode::CONFLICT);
    let same = desk.post(&address, json!({"version": now["version"], "fields": {"phone": "13911110001"}})).await;
    assert_eq!((same.0, &same.1["version"]), (StatusCode::OK, &now["version"]), "nothing new is no change");
    for bad in [json!({"phone": "1"}), json!({"name": null}), json!({"religion": "x y", "name": 7})] {
        let (status, _) = desk.post(&address, json!({"version": now["version"], "fields": bad})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    let history = desk.read(&format!("records/{}", id(PERSON))).await["history"].clone();
    // Beside it stands the review that says who put it right.
    let last =
        history.as_array().unwrap().iter().rfind(|entry| entry["fields"].get("phone").is_some()).unwrap().clone();
    assert_eq!((&last["by"], &last["fields"]), (&json!("supervisor 的名字"), &json!({"phone": "139****0001"})));
    let not_theirs = format!("records/{}/correct", id(STRANGER));
    assert_eq!(desk.post(&not_theirs, json!({"version": version, "fields": {}})).await.0, StatusCode::NOT_FOUND);
}
