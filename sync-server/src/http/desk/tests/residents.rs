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
