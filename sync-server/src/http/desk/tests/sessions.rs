//! Nothing without a session, nothing changed without its token, nothing outside its scope.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};
use domain::review::ReviewState;
use domain::{AccountId, Scope};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use super::bench::{Bench, CELL, HOUSEHOLD, INCIDENT, OTHER_CELL, PERSON, STRANGER, VISIT, id};
use crate::store::{Account, Store as _, StoreError};

#[tokio::test]
async fn without_a_session_nothing_is_answered() {
    let bench = Bench::new();
    let hash = "0".repeat(64);
    for path in [
        "session".to_owned(),
        "places".to_owned(),
        "inbox".to_owned(),
        "lists".to_owned(),
        "devices".to_owned(),
        format!("records/{}", id(PERSON)),
        format!("photo/{hash}/full"),
    ] {
        let request = Request::get(format!("/desk/api/{path}")).body(Body::empty()).unwrap();
        let (status, body, _) = bench.call(request).await;
        assert_eq!((status, &body), (StatusCode::UNAUTHORIZED, &json!({"code": "signed_out"})), "{path}");
    }
    for path in ["sign-out", "reviews", "reviews/bulk", "enrol-codes", "devices/x/revoke"] {
        let request = Request::post(format!("/desk/api/{path}")).body(Body::from("{}")).unwrap();
        assert_eq!(bench.call(request).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_and_a_worker_are_told_the_same() {
    let bench = Bench::new();
    for (account, password) in [("supervisor", "wrong"), ("nobody", super::bench::PASSWORD), ("worker", ""), ("", "")] {
        let body = json!({"account": account, "password": password}).to_string();
        let request = Request::post("/desk/api/sign-in").header("content-type", "application/json");
        let (status, body, cookie) = bench.call(request.body(Body::from(body)).unwrap()).await;
        assert_eq!((status, body, cookie), (StatusCode::FORBIDDEN, json!({"code": "wrong_password"}), None));
    }
}

#[tokio::test]
async fn the_session_says_who_is_there_until_signing_out() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let session = desk.read("session").await;
    assert_eq!(session["account"], "supervisor");
    assert_eq!(session["scopes"], json!(["610722001001"]));
    assert_eq!(session["role"], "supervisor");
    assert_eq!(session["demo"], false);
    assert_eq!(desk.post("sign-out", json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(desk.get("session").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_change_without_the_sessions_token_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let other = bench.sign_in("supervisor").await;
    let wish = json!({"id": id(VISIT), "version": desk.version(VISIT).await, "seen": "waiting", "verdict": "approved"});
    for token in [None, Some(""), Some("guessed"), Some(other.csrf.as_str())] {
        let answer = desk.post_with("reviews", wish.clone(), token).await;
        assert_eq!(answer, (StatusCode::FORBIDDEN, json!({"code": "wrong_csrf"})));
    }
    assert_eq!(bench.state(VISIT), ReviewState::Waiting);
}

#[tokio::test]
async fn a_supervisor_sees_and_reviews_the_own_village_only() {
    let bench = Bench::new();
    let (own, neighbour) = (bench.sign_in("supervisor").await, bench.sign_in("neighbour").await);
    let ids = |inbox: &Value| -> Vec<Value> {
        inbox["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
    };
    let inbox = own.read("inbox").await;
    assert_eq!(inbox["total"], 3);
    assert!(!ids(&inbox).contains(&json!(id(STRANGER))));
    assert_eq!(ids(&neighbour.read("inbox").await), [json!(id(STRANGER))]);

    let not_found = (StatusCode::NOT_FOUND, json!({"code": "not_found"}));
    assert_eq!(own.get(&format!("records/{}", id(STRANGER))).await, not_found);
    assert_eq!(own.get(&format!("records/{}", id(4_242))).await, not_found);
    assert_eq!(own.get("records/no-id").await, not_found);
    let version = neighbour.version(STRANGER).await;
    let wish = json!({"id": id(STRANGER), "version": version, "seen": "waiting", "verdict": "approved"});
    assert_eq!(own.post("reviews", wish.clone()).await, not_found);
    let items = json!([{"id": id(STRANGER), "version": version, "seen": "waiting"}]);
    let bulk = own.post("reviews/bulk", json!({"items": items})).await;
    assert_eq!(bulk, (StatusCode::OK, json!({"approved": 0, "reviews": [], "stale": [id(STRANGER)], "left": []})));
    assert_eq!(bench.state(STRANGER), ReviewState::Waiting);
    for place in [OTHER_CELL, "610722002"] {
        let answer = own.get(&format!("inbox?place={place}")).await;
        assert_eq!(answer, (StatusCode::FORBIDDEN, json!({"code": "not_allowed"})));
    }
    assert_eq!(own.read("inbox?place=610722001").await["total"], 3);
    assert_eq!(own.read(&format!("inbox?place={CELL}")).await["total"], 3);
}

#[tokio::test]
async fn an_administrator_sees_places_and_phones_but_no_residents() {
    let bench = Bench::new();
    let admin = bench.sign_in("county-admin").await;
    let places = admin.read("places").await;
    assert_eq!(places[0]["children"].as_array().unwrap().len(), 2);
    assert_eq!(places[0]["waiting"], 0);
    assert_eq!(admin.get("inbox").await.0, StatusCode::FORBIDDEN);
    for record in [PERSON, HOUSEHOLD, VISIT, INCIDENT] {
        assert_eq!(admin.get(&format!("records/{}", id(record))).await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_supervisor_gives_codes_to_own_workers_only_and_shuts_their_phones_out() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    for account in ["far-worker", "neighbour", "county-admin", "nobody", "NOT A NAME"] {
        let answer = desk.post("enrol-codes", json!({"account": account})).await;
        assert_eq!(answer, (StatusCode::FORBIDDEN, json!({"code": "not_allowed"})), "{account}");
    }
    let (status, code) = desk.post("enrol-codes", json!({"account": "worker"})).await;
    assert_eq!(status, StatusCode::OK);
    assert!(code["until"].as_i64().unwrap() > bench.hub.now());
    let _phone = bench.enrol("worker");
    let _far = bench.enrol("far-worker");
    let devices = desk.read("devices").await;
    assert_eq!(devices.as_array().unwrap().len(), 1);
    assert_eq!(devices[0]["account"], "worker");
    let phone = devices[0]["id"].as_str().unwrap();
    assert_eq!(desk.post(&format!("devices/{phone}/revoke"), json!({})).await.0, StatusCode::NO_CONTENT);
    assert!(desk.read("devices").await[0]["revoked_at"].is_i64());
    let neighbour = bench.sign_in("neighbour").await;
    assert_eq!(neighbour.post(&format!("devices/{phone}/revoke"), json!({})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn malformed_questions_get_a_code_and_nothing_breaks() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    for query in [
        "state=lost",
        "order=random",
        "kind=photo",
        "kind=no_such",
        "place=abc",
        "after=1",
        "after=x.y",
        "limit=many",
        "limit=-1",
        "order=newest&order=oldest",
    ] {
        let answer = desk.get(&format!("inbox?{query}")).await;
        assert_eq!(answer, (StatusCode::BAD_REQUEST, json!({"code": "malformed"})), "{query}");
    }
    assert_eq!(desk.post("reviews", json!({"id": 7})).await.1, json!({"code": "malformed"}));
    assert_eq!(desk.post("reviews", json!([])).await.1, json!({"code": "malformed"}));
    for path in ["no-such-call", "records/%ff", "photo/%ff/full", "photo/abc/thumb", "photo/abc/huge"] {
        assert_eq!(desk.get(path).await, (StatusCode::NOT_FOUND, json!({"code": "not_found"})), "{path}");
    }
}

#[tokio::test]
async fn the_lists_are_those_of_the_phones() {
    let bench = Bench::new();
    let lists = bench.sign_in("supervisor").await.read("lists").await;
    assert_eq!(lists["codes"]["visit_result"].as_array().unwrap().len(), 5);
    assert_eq!(lists["lists"]["severities"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn what_arrives_after_the_account_was_closed_or_moved_shows_and_does_nothing() {
    let bench = Bench::new();
    let hub = &bench.hub;
    let closed = |account: &mut Account| account.closed_at = Some(1);
    let moved = |account: &mut Account| account.scopes = vec![Scope::new("610722001002").unwrap()];
    for (name, change) in [("supervisor", closed as fn(&mut Account)), ("second", moved)] {
        let desk = bench.sign_in(name).await;
        let hub = Arc::clone(hub);
        // The first half of the body is there; before the second comes, the office has acted.
        let second = async move {
            let done: Result<(), StoreError> = hub.store().write(|writing| {
                let mut account = writing.account(&AccountId::new(name).unwrap())?.unwrap();
                change(&mut account);
                writing.put_account(&account)
            });
            done.unwrap();
            Ok::<_, std::io::Error>(Bytes::from_static(br#""review"}"#))
        };
        let first = async { Ok::<_, std::io::Error>(Bytes::from_static(br#"{"reason":"#)) };
        let body = stream::once(first).chain(stream::once(second));
        let request = Request::post(format!("/desk/api/records/{}/look", id(PERSON)))
            .header(COOKIE, &desk.cookie)
            .header(CONTENT_TYPE, "application/json")
            .header("x-csrf-token", &desk.csrf);
        let (status, answer, _) = bench.call(request.body(Body::from_stream(body)).unwrap()).await;
        assert!(matches!(status, StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND), "{name}: {status} {answer}");
        assert!(!answer.to_string().contains("单雄"));
    }
}
