//! Orders to phones, taking in and erasing over the desk's API: only for whoever is above, only with the session's token.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::hand_in::HandIn;
use domain::seal::{Purpose, seal};
use domain::{DeviceId, Sha256Hex};
use serde_json::json;

use super::bench::{Bench, LOUD_VISIT, PERSON, STRANGER, id};

/// The only phone that the supervisor sees.
async fn phone_of(desk: &super::bench::DeskHand<'_>) -> String {
    desk.read("devices").await[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_lock_is_ordered_shown_lifted_and_answers_nobody_from_elsewhere() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let neighbour = bench.sign_in("neighbour").await;
    let _phone = bench.enrol("worker");
    let phone = phone_of(&desk).await;
    for (path, body) in [("order", json!({"what": "lock"})), ("lift", json!({})), ("take-in", json!({}))] {
        let path = format!("devices/{phone}/{path}");
        let refused = (StatusCode::NOT_FOUND, json!({"code": "not_found"}));
        assert_eq!(neighbour.post(&path, body.clone()).await, refused, "{path}");
        let without_token = desk.post_with(&path, body, None).await;
        assert_eq!(without_token, (StatusCode::FORBIDDEN, json!({"code": "wrong_csrf"})), "{path}");
        assert_eq!(desk.post(&path.replace(&phone, "no-such-phone"), json!({"what": "lock"})).await.0, refused.0);
    }
    assert_eq!(desk.read("devices").await[0]["order"], json!(null), "nothing was ordered by any of these");
    for wrong in [json!({}), json!({"what": "explode"}), json!([]), json!({"what": null})] {
        let answer = desk.post(&format!("devices/{phone}/order"), wrong).await;
        assert_eq!(answer, (StatusCode::BAD_REQUEST, json!({"code": "malformed"})));
    }
    let (status, _) = desk.post(&format!("devices/{phone}/order"), json!({"what": "lock"})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let order = desk.read("devices").await[0]["order"].clone();
    assert_eq!(
        (&order["what"], &order["by"], &order["reported_at"]),
        (&json!("lock"), &json!("supervisor"), &json!(null))
    );
    let admin = bench.sign_in("county-admin").await;
    assert_eq!(admin.post(&format!("devices/{phone}/lift"), json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(desk.read("devices").await[0]["order"], json!(null));
    assert_eq!(
        desk.post(&format!("devices/{phone}/take-in"), json!({})).await.0,
        StatusCode::NOT_FOUND,
        "nothing handed in"
    );
}

#[tokio::test]
async fn what_was_handed_in_is_counted_in_the_row_and_opened_by_a_click_only() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let hand = bench.enrol("worker");
    let phone = phone_of(&desk).await;
    desk.post(&format!("devices/{phone}/revoke"), json!({})).await;
    let device: DeviceId = phone.parse().unwrap();
    let bearer = bench.hub.bearer(hand.access()).unwrap();
    assert_eq!(bearer.device.id, device);
    // With an entry of no form that this version reads.
    let content = r#"{"node":0,"changes":["no change"]}"#;
    let packed = zstd::encode_all(content.as_bytes(), 3).unwrap();
    let seal_key = bench.hub.keys().seal;
    let sealed = seal(&seal_key, Purpose::HandIn(device), &packed, &mut crate::hub::world::SystemWorld).unwrap();
    let digest = Sha256Hex::new("db5acf2e4508dc82a24f1395a7892bbc28d0777ed5a3dc85bd14a5eaa5db1844").unwrap();
    let piece = HandIn { digest, changes: 3, photos: 1, sealed: URL_SAFE_NO_PAD.encode(sealed) };
    bench.hub.hand_in(&bearer, &piece).unwrap();
    let row = desk.read("devices").await[0]["handed_in"].clone();
    assert_eq!((&row["changes"], &row["photos"], &row["taken_at"]), (&json!(3), &json!(1), &json!(null)));
    let (status, outcome) = desk.post(&format!("devices/{phone}/take-in"), json!({})).await;
    assert_eq!((status, outcome), (StatusCode::OK, json!({"accepted": 0, "refused": 1, "photos": 0})));
    let row = desk.read("devices").await[0]["handed_in"].clone();
    assert_eq!((&row["changes"], &row["refused"]), (&json!(0), &json!(1)), "it cannot be read, and is not thrown away");
    assert!(row["taken_at"].is_i64());
}

#[tokio::test]
async fn a_person_is_erased_by_the_supervisor_of_the_place_and_by_nobody_else() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let neighbour = bench.sign_in("neighbour").await;
    let path = format!("records/{}/erase", id(PERSON));
    assert_eq!(neighbour.post(&path, json!({})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(desk.post_with(&path, json!({}), None).await.1, json!({"code": "wrong_csrf"}));
    assert_eq!(desk.post_with(&path, json!({}), Some("guessed")).await.1, json!({"code": "wrong_csrf"}));
    assert_eq!(desk.post(&format!("records/{}/erase", id(STRANGER)), json!({})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(desk.post("records/%ff/erase", json!({})).await.0, StatusCode::NOT_FOUND);
    let visit = desk.post(&format!("records/{}/erase", id(LOUD_VISIT)), json!({})).await;
    assert_eq!(visit, (StatusCode::FORBIDDEN, json!({"code": "not_allowed"})), "a visit is no person");
    let outcome = desk.post(&path, json!({})).await;
    assert_eq!(
        outcome,
        (StatusCode::OK, json!({"records": 2, "to_correct": []})),
        "the person, and the visit to that person"
    );
    for gone in [PERSON, LOUD_VISIT] {
        assert_eq!(desk.get(&format!("records/{}", id(gone))).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(desk.post(&path, json!({})).await.0, StatusCode::NOT_FOUND);
}
