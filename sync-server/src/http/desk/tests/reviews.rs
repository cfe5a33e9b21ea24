//! Approving and returning.

use axum::http::StatusCode;
use domain::review::ReviewState;
use domain::{Fields, Record};
use serde_json::{Value, json};

use super::bench::{Bench, INCIDENT, LOUD_VISIT, PERSON, STRANGER, VISIT, id};

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
    let wish = json!({"id": id(INCIDENT), "version": version, "seen": "waiting", "verdict": "approved"});
    assert_eq!(desk.post("reviews", wish).await, (StatusCode::CONFLICT, json!({"code": "stale"})));
    assert_eq!(bench.state(INCIDENT), ReviewState::Waiting);
}

#[tokio::test]
async fn an_approval_from_a_list_or_page_that_does_not_know_of_a_colleague_s_return_is_stale() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let line =
        desk.read("inbox").await["items"].as_array().unwrap().iter().find(|one| one["id"] == json!(id(VISIT))).cloned();
    let line = line.unwrap();
    let looked_at = json!({"id": id(VISIT), "version": line["version"], "seen": line["state"]});
    assert_eq!(
        bench.sign_in("town").await.say(VISIT, "returned", json!({"result": "没有见到"})).await.0,
        StatusCode::OK
    );
    let mut wish = looked_at.clone();
    wish["verdict"] = json!("approved");
    assert_eq!(desk.post("reviews", wish.clone()).await, (StatusCode::CONFLICT, json!({"code": "stale"})));
    let (_, many) = desk.post("reviews/bulk", json!({"items": [looked_at]})).await;
    assert_eq!((&many["approved"], &many["stale"]), (&json!(0), &json!([id(VISIT)])));
    assert_eq!(bench.state(VISIT), ReviewState::Returned);
    wish["seen"] = desk.read(&format!("records/{}", id(VISIT))).await["review"]["state"].clone();
    assert_eq!(desk.post("reviews", wish).await.0, StatusCode::OK, "once the return was read");
}

#[tokio::test]
async fn many_of_low_risk_are_approved_at_once_and_the_others_are_named() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let mut items = Vec::new();
    for number in [VISIT, LOUD_VISIT, PERSON, INCIDENT] {
        items.push(json!({"id": id(number), "version": desk.version(number).await, "seen": "waiting"}));
    }
    items.push(json!({"id": id(STRANGER), "version": "0".repeat(32), "seen": "waiting"}));
    bench.enrol("worker").write(&bench.record(PERSON), json!({"phone": "13911112222"}));
    let (status, answer) = desk.post("reviews/bulk", json!({"items": items})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&answer["approved"], &answer["stale"]), (&json!(1), &json!([id(PERSON), id(STRANGER)])));
    assert_eq!(answer["left"], json!([id(LOUD_VISIT), id(INCIDENT)]));
    assert_eq!((bench.state(VISIT), bench.state(LOUD_VISIT)), (ReviewState::Approved, ReviewState::Waiting));

    let (status, back) = desk.post("reviews/take-back", json!({"reviews": answer["reviews"]})).await;
    assert_eq!((status, &back["taken"], &back["left"]), (StatusCode::OK, &json!([id(VISIT)]), &json!([])));
    assert_eq!(bench.state(VISIT), ReviewState::Waiting);
    let page = desk.read(&format!("records/{}", id(VISIT))).await;
    let said: Vec<&Value> = page["history"].as_array().unwrap().iter().map(|line| &line["verdict"]).collect();
    assert_eq!(said, [&Value::Null, &json!("approved"), &json!("taken_back")], "nothing is hidden");
}

#[tokio::test]
async fn who_may_take_back_correct_and_set_the_rules() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let (_, written) = desk.say(VISIT, "approved", json!({})).await;
    let correction = json!({"version": desk.version(PERSON).await, "fields": {"phone": "13911112222"}});
    let correct = format!("records/{}/correct", id(PERSON));
    let rules = desk.read("review-rules").await["rules"].clone();
    for (account, back, right, set) in [
        ("neighbour", StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::FORBIDDEN),
        ("county-admin", StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::NO_CONTENT),
        ("handler", StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::FORBIDDEN),
        ("auditor", StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::FORBIDDEN),
        ("supervisor", StatusCode::OK, StatusCode::OK, StatusCode::FORBIDDEN),
    ] {
        let hand = bench.sign_in(account).await;
        let (status, taken) = hand.post("reviews/take-back", json!({"reviews": [written["id"]]})).await;
        assert_eq!(status, back, "{account}");
        let own = if account == "supervisor" { json!([id(VISIT)]) } else { json!([]) };
        assert!(taken["taken"].is_null() || taken["taken"] == own, "{account}: {taken}");
        assert_eq!(hand.post(&correct, correction.clone()).await.0, right, "{account}");
        assert_eq!(hand.post("review-rules", rules.clone()).await.0, set, "{account}");
        let reads = matches!(account, "supervisor" | "neighbour" | "county-admin");
        let expected = if reads { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(hand.get("review-rules").await.0, expected, "{account}");
    }
    for (path, body) in
        [(&*correct, correction), ("reviews/take-back", json!({"reviews": []})), ("review-rules", rules)]
    {
        assert_eq!(desk.post_with(path, body, None).await.0, StatusCode::FORBIDDEN, "without the page's token");
    }
    let many = vec![id(VISIT); 501];
    assert_eq!(desk.post("reviews/take-back", json!({"reviews": many})).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let bold = json!({"two_levels": false, "official_when_approved": false, "shortcut": true, "low_risk":
        {"visit_results": [], "fields": {}, "new_kinds": []}});
    let admin = bench.sign_in("county-admin").await;
    assert_eq!(admin.post("review-rules", bold).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_correction_tells_beside_which_field_it_is_wrong_and_who_made_it() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let address = format!("records/{}/correct", id(PERSON));
    let version = desk.version(PERSON).await;
    let (status, body) = desk.post(&address, json!({"version": version, "fields": {"phone": "1"}})).await;
    assert_eq!((status, &body["problems"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("phone")));
    let wish = json!({"version": version, "fields": {"phone": "13911112222"}, "note": "按户主更正"});
    assert_eq!(desk.post(&address, wish.clone()).await.0, StatusCode::OK);
    assert_eq!(desk.post(&address, wish).await.0, StatusCode::CONFLICT, "from a tab that was left open");
    let page = desk.read(&format!("records/{}", id(PERSON))).await;
    assert_eq!((&page["correctable"], &page["review"]["state"]), (&json!(true), &json!("waiting")));
    let line = page["history"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&line["verdict"], &line["corrected"], &line["note"]),
        (&json!("corrected"), &json!(["phone"]), &json!("按户主更正"))
    );
    assert_eq!(desk.read(&format!("records/{}", id(VISIT))).await["correctable"], false);
}

#[tokio::test]
async fn the_inbox_is_read_by_age_and_by_words() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let inbox = desk.read("inbox").await;
    assert_eq!(inbox["by_age"][0], json!({"age": "day", "records": 3}));
    assert_eq!(
        (&inbox["by_age"][3]["records"], &inbox["level"], &inbox["at_town"]),
        (&json!(0), &Value::Null, &json!(0))
    );
    assert_eq!(desk.read("inbox?age=day").await["total"], 3);
    assert_eq!(desk.read("inbox?age=older").await["total"], 0);
    assert_eq!(desk.read("inbox?words=%E4%BA%95%E7%9B%96").await["items"][0]["id"], json!(id(INCIDENT)));
    let by_name = desk.read("inbox?words=%E5%8D%95%E9%9B%84").await;
    assert_eq!(
        (&by_name["total"], &by_name["items"][0]["id"]),
        (&json!(1), &json!(id(LOUD_VISIT))),
        "the visit to whom it names"
    );
    assert_eq!(desk.read("inbox?words=%25").await["total"], 0, "a percent sign is a letter");
    assert_eq!(desk.read("inbox?words=%E6%9F%A5%E6%97%A0").await["total"], 0, "of another village");
    for wrong in ["age=ages", &format!("words={}", "a".repeat(51))] {
        assert_eq!(desk.get(&format!("inbox?{wrong}")).await.0, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn with_two_levels_each_desk_is_told_which_it_is_and_what_waits_for_it() {
    let bench = Bench::new();
    let admin = bench.sign_in("county-admin").await;
    let mut rules = admin.read("review-rules").await["rules"].clone();
    rules["two_levels"] = json!(true);
    assert_eq!(admin.post("review-rules", rules).await.0, StatusCode::NO_CONTENT);
    let (village, town) = (bench.sign_in("supervisor").await, bench.sign_in("town").await);
    assert_eq!(town.say(VISIT, "approved", json!({})).await, (StatusCode::CONFLICT, json!({"code": "not_yet"})));
    let looked = town.read(&format!("records/{}", id(VISIT))).await;
    assert_eq!(looked["approvable"], false);
    assert_eq!(village.say(VISIT, "approved", json!({})).await.0, StatusCode::OK);
    assert_eq!(bench.state(VISIT), ReviewState::AtTown);
    let inbox = village.read("inbox?state=at_town").await;
    assert_eq!((&inbox["total"], &inbox["level"], &inbox["at_town"]), (&json!(1), &json!("community"), &json!(1)));
    assert_eq!(town.read("inbox").await["level"], "town");
    assert_eq!(town.read("places").await[0]["waiting"], 1);
    assert_eq!(town.say(VISIT, "approved", json!({})).await.0, StatusCode::OK);
    assert_eq!(bench.state(VISIT), ReviewState::Approved);
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
