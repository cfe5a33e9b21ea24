//! Every role at every door of the county's office: a table, walked over HTTP.

use axum::http::StatusCode;
use domain::scope::Role;
use serde_json::{Value, json};

use crate::accounts::county;
use crate::seat::Seat;

/// A door: how it is knocked at, and who may come in. Whoever may is answered, whatever of the wish; the others get 403 or 404.
struct Door {
    method: &'static str,
    path: &'static str,
    body: fn() -> Value,
    open_to: &'static [Role],
}

const ADMIN: &[Role] = &[Role::Admin];

fn nothing() -> Value {
    json!({})
}

fn account() -> Value {
    json!({"account": "somebody-new", "version": "", "display_name": "", "role": "worker", "scopes": [], "cells": []})
}

fn division() -> Value {
    json!({"code": "610722001001001", "name": "", "seen": "第1网格", "succeeded_by": "610722001", "into": "610722001001001",
        "to": "610722001001001", "buildings": [], "groups": []})
}

fn hand_over() -> Value {
    json!({"seen": ["somebody"], "to": []})
}

fn lists() -> Value {
    json!({"version": 1, "categories": [], "severities": []})
}

fn exported() -> Value {
    json!({"kind": "person", "place": "610722", "format": "csv", "columns": [{"field": "name", "head": "x"}], "reason": null})
}

/// What the office can do. Nothing in it changes anything when it is let in: each wish is refused for its words then.
const DOORS: &[Door] = &[
    Door { method: "GET", path: "/desk/api/accounts", body: nothing, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/accounts", body: account, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/accounts/worker-1", body: account, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/accounts/worker-1/reopen", body: nothing, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/accounts/boss-9/password", body: nothing, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/accounts/boss-9/close", body: nothing, open_to: ADMIN },
    Door { method: "GET", path: "/desk/api/divisions", body: nothing, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/divisions", body: division, open_to: ADMIN },
    Door { method: "GET", path: "/desk/api/divisions/610722001001001/past", body: nothing, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/divisions/610722001001001/rename", body: division, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/divisions/610722001001001/retire", body: division, open_to: ADMIN },
    Door { method: "GET", path: "/desk/api/cells/610722001001001", body: nothing, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/cells/610722001001001/hand-over", body: hand_over, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/cells/610722001001001/merge", body: division, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/cells/610722001001001/split", body: division, open_to: ADMIN },
    Door { method: "GET", path: "/desk/api/county-lists", body: nothing, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/county-lists", body: lists, open_to: ADMIN },
    Door { method: "GET", path: "/desk/api/imports", body: nothing, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/imports?what=register", body: nothing, open_to: ADMIN },
    Door { method: "POST", path: "/desk/api/exports", body: exported, open_to: &[Role::Supervisor] },
];

#[tokio::test]
async fn every_door_of_the_office_is_open_to_whom_the_table_says_and_to_nobody_else() {
    for role in [Role::Supervisor, Role::Handler, Role::Auditor, Role::Admin] {
        let county = county();
        county.account("worker-1", Role::Worker, &["610722001001"], &[crate::common::cell(1)]);
        county.account("boss-9", Role::Supervisor, &["610722001001"], &[]);
        let seat = Seat::of(&county, "somebody", role, &["610722"]).await;
        for Door { method, path, body, open_to } in DOORS {
            let answer = if *method == "GET" { seat.get(path).await } else { seat.post(path, body()).await };
            let kept_out = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
            assert_eq!(
                !kept_out,
                open_to.contains(&role),
                "{role:?} {method} {path}: {} {}",
                answer.status,
                answer.code()
            );
            assert!(
                answer.status != StatusCode::INTERNAL_SERVER_ERROR && answer.code() != "malformed",
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn without_a_session_or_its_token_no_door_opens() {
    let county = county();
    let seat = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let nobody = Seat { cookie: "doorstep_session=made-up".into(), ..seat };
    for Door { method, path, body, .. } in DOORS {
        let answer = if *method == "GET" { nobody.get(path).await } else { nobody.post(path, body()).await };
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    let seat = Seat::of(&county, "admin-2", Role::Admin, &["610722"]).await;
    let forged = Seat { csrf: "made-up".into(), ..seat };
    for Door { path, body, .. } in DOORS.iter().filter(|door| door.method == "POST") {
        assert_eq!(forged.post(path, body()).await.code(), "wrong_csrf", "{path}");
    }
}
