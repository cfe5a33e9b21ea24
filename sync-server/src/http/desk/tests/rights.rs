//! Every role against every call of evacuations, notices, tasks, opinions, residents and the audit log: who gets past the door.
//! What is not in the table is refused. Ids that do not exist stand in the addresses: whoever may is told that nothing is there.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::bench::{Bench, id};

/// The accounts of the table: the first letters of `may`.
const ROLES: [(&str, char); 4] = [("supervisor", 's'), ("handler", 'h'), ("county-admin", 'a'), ("auditor", 'u')];

#[tokio::test]
async fn nobody_gets_past_a_door_that_is_not_theirs() {
    let bench = Bench::new();
    let reason = json!({"reason": "request"});
    let wish = "11111111-1111-4111-8111-111111111111";
    let nobody = id(4_242);
    // Call, body (none: it reads), and who may.
    let table: Vec<(String, Option<Value>, &str)> = vec![
        ("hazard-points".into(), None, "s"),
        ("evacuations".into(), None, "s"),
        (format!("evacuations/{nobody}"), None, "s"),
        (format!("evacuations/{nobody}/reached"), None, "s"),
        (format!("evacuations/{nobody}/look"), Some(reason.clone()), "s"),
        (format!("evacuations/{nobody}/paper"), Some(reason.clone()), "s"),
        (format!("evacuations/{nobody}/marks"), Some(json!({"people": [], "mark": "away"})), "s"),
        (format!("evacuations/{nobody}/end"), Some(json!({})), "s"),
        ("evacuations".into(), Some(json!({"points": [], "reason": "雨", "level": "red", "drill": true})), "s"),
        ("notices".into(), None, "sa"),
        (format!("notices/{nobody}"), None, "sa"),
        (format!("notices/{nobody}/withdraw"), Some(json!({})), "sa"),
        (
            "notices".into(),
            Some(json!({"wish": wish, "places": [], "title": "x", "text": "x", "notice_kind": "policy"})),
            "sa",
        ),
        ("tasks".into(), None, "sa"),
        (format!("tasks/{nobody}"), None, "sa"),
        (format!("tasks/{nobody}/withdraw"), Some(json!({})), "sa"),
        ("tasks".into(), Some(json!({"wish": wish, "places": [], "title": "x", "purpose": "care"})), "sa"),
        ("feedback".into(), None, "sa"),
        (format!("feedback/{nobody}/answer"), Some(json!({"text": "x", "seen": 0})), "sa"),
        ("residents/find".into(), Some(json!({"typed": "x", "reason": "request"})), "s"),
        (format!("residents/{nobody}"), None, "s"),
        (format!("residents/{nobody}/look"), Some(reason.clone()), "s"),
        (format!("residents/{nobody}/paper"), Some(reason.clone()), "s"),
        (format!("records/{nobody}/correct"), Some(json!({"version": "0".repeat(32), "fields": {}})), "s"),
        (format!("records/{nobody}/look"), Some(reason.clone()), "s"),
        ("audit".into(), None, "au"),
        ("audit/export?form=csv".into(), None, "au"),
    ];
    for (account, letter) in ROLES {
        let desk = bench.sign_in(account).await;
        for (path, body, may) in &table {
            let status = match body {
                Some(body) => desk.post(path, body.clone()).await.0,
                None => desk.get(path).await.0,
            };
            let past = !matches!(status, StatusCode::FORBIDDEN);
            // Where an id is named, nobody learns whether it exists: there "not found" is a refusal too.
            let refused = status == StatusCode::FORBIDDEN
                || (status == StatusCode::NOT_FOUND && path.contains(&nobody.to_string()));
            assert!(if may.contains(letter) { past } else { refused }, "{account} {path}: {status}");
        }
    }
    // And nobody at all, without a session or without the token that proves the page.
    let desk = bench.sign_in("supervisor").await;
    for (path, body, _) in &table {
        if let Some(body) = body {
            assert_eq!(desk.post_with(path, body.clone(), None).await.0, StatusCode::FORBIDDEN, "{path}");
        }
        let request = axum::http::Request::get(format!("/desk/api/{path}")).body(axum::body::Body::empty()).unwrap();
        let status = bench.call(request).await.0;
        assert!(matches!(status, StatusCode::UNAUTHORIZED | StatusCode::METHOD_NOT_ALLOWED), "{path}: {status}");
    }
}
