//! Approving and returning.

use axum::http::StatusCode;
use domain::review::ReviewState;
use domain::{Fields, Record};
use serde_json::{Value, json};

use super::bench::{Bench, INCIDENT, LOUD_VISIT, PERSON, VISIT, id};

#[tokio::test]
async fn an_approved_record_leaves_the_inbox() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    assert_eq!(desk.say(VISIT, "approved", json!({})).await.0, StatusCode::OK);
    assert_eq!(bench.state(VISIT), ReviewState::Approved);
    assert_eq!(desk.read("inbox").await["total"], 2);
    let page = desk.read(&format!("records/{}", id(VISIT))).await;
    assert_eq!((&page["review"]["state"], &page["review"]["by"]), (&json!("approved"), &json!("supervisor 的名字")));
    assert_eq!((&page["is_new"], &page["changes"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn an_approval_of_an_earlier_version_is_stale_and_approves_nothing() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let version = desk.version(INCIDENT).await;
    bench.enrol("worker").write(&bench.record(INCIDENT), json!({"text": "井盖缺失"}));
    let wish = json!({"id": id(INCIDENT), "version": version, "verdict": "approved"});
    assert_eq!(desk.post("reviews", wish).await, (StatusCode::CONFLICT, json!({"code": "stale"})));
    assert_eq!(bench.state(INCIDENT), ReviewState::Waiting);
}

#[tokio::test]
async fn many_are_approved_at_once_and_the_changed_ones_are_named() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let mut items = Vec::new();
    for number in [VISIT, LOUD_VISIT, INCIDENT] {
        items.push(json!({"id": id(number), "version": desk.version(number).await}));
    }
    bench.enrol("worker").write(&bench.record(INCIDENT), json!({"title": "井盖缺失"}));
    let answer = desk.post("reviews/bulk", json!({"items": items})).await;
    assert_eq!(answer, (StatusCode::OK, json!({"approved": 2, "stale": [id(INCIDENT)]})));
    assert_eq!(bench.state(LOUD_VISIT), ReviewState::Approved);
    assert_eq!(bench.state(INCIDENT), ReviewState::Waiting);
}

#[tokio::test]
async fn a_returned_incident_that_was_corrected_waits_again_and_shows_before_and_after() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let mut phone = bench.enrol("worker");
    const REPORTED: u128 = 50;
    let blank = Record { id: id(REPORTED), fields: Fields::new(), ..bench.record(INCIDENT) };
    phone.write(
        &blank,
        json!({"category": "0601", "list_version": 1, "severity": 1, "title": "井盖破损", "text": "边缘断裂，请尽快处理",
            "happened_at": 900, "by": "worker"}),
    );
    let (status, _) = desk.say(REPORTED, "returned", json!({"text": "请写清位置"})).await;
    assert_eq!(status, StatusCode::OK);
    let returned = desk.read(&format!("records/{}", id(REPORTED))).await;
    assert_eq!(returned["review"]["state"], "returned");
    assert_eq!(returned["review"]["remarks"], json!({"text": "请写清位置"}));
    assert_eq!(desk.read("inbox?state=returned").await["total"], 1);

    phone.write(&bench.record(REPORTED), json!({"text": "小区东门外人行道，边缘断裂"}));
    let corrected = desk.read(&format!("records/{}", id(REPORTED))).await;
    assert_eq!((&corrected["review"]["state"], &corrected["is_new"]), (&json!("waiting"), &json!(true)));
    let changes = corrected["changes"].as_array().unwrap();
    let change = |field: &str| changes.iter().find(|change| change["field"] == field).unwrap();
    assert_eq!(change("text")["before"], "边缘断裂，请尽快处理");
    assert_eq!(change("text")["after"], "小区东门外人行道，边缘断裂");
    assert_eq!(change("title")["before"], Value::Null);
    let verdicts: Vec<&Value> = corrected["history"].as_array().unwrap().iter().map(|line| &line["verdict"]).collect();
    assert!(verdicts.contains(&&json!("returned")));

    assert_eq!(desk.say(REPORTED, "approved", json!({})).await.0, StatusCode::OK);
    assert_eq!(bench.state(REPORTED), ReviewState::Approved);
}

#[tokio::test]
async fn a_return_that_says_nothing_is_refused() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let (status, body) = desk.say(VISIT, "returned", json!({})).await;
    assert_eq!((status, &body["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid")));
    assert_eq!(bench.state(VISIT), ReviewState::Waiting);
}

#[tokio::test]
async fn an_approved_person_that_is_corrected_waits_with_the_approved_values_beside() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let mut phone = bench.enrol("worker");
    phone.write(&bench.record(PERSON), json!({"phone": "13911112222"}));
    assert_eq!(desk.say(PERSON, "returned", json!({"phone": "空号"})).await.0, StatusCode::OK);
    phone.write(&bench.record(PERSON), json!({"phone": "13911113333"}));
    // The last approved version stays the measure, whatever was returned in between.
    let page = desk.read(&format!("records/{}", id(PERSON))).await;
    assert_eq!(page["changes"], json!([{"field": "phone", "before": "138****1111", "after": "139****3333"}]));
    assert_eq!(desk.say(PERSON, "approved", json!({})).await.0, StatusCode::OK);
    assert_eq!(desk.read(&format!("records/{}", id(PERSON))).await["changes"], json!([]));
}
