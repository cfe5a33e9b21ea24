//! Somebody at the desk, over HTTP: a session, its cookie and its token.

use axum::Router;
use axum::http::StatusCode;
use domain::scope::Role;
use serde_json::{Value, json};

use crate::common::{Answered, County, PASSWORD, json_request, send};

/// A seat at the desk.
pub(crate) struct Seat {
    pub(crate) router: Router,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Seat {
    /// Makes the account and signs in.
    pub(crate) async fn of(county: &County, name: &str, role: Role, scopes: &[&str]) -> Self {
        county.account(name, role, scopes, &[]);
        Self::signed_in(county, name, PASSWORD).await.unwrap()
    }

    /// Signs in; none: the password was refused.
    pub(crate) async fn signed_in(county: &County, name: &str, password: &str) -> Option<Self> {
        let router = county.router();
        let body = json!({"account": name, "password": password}).to_string();
        let answer = send(&router, json_request("POST", "/desk/api/sign-in", &[], body)).await;
        let cookie = answer.header("set-cookie")?.split(';').next()?.to_owned();
        let csrf = answer.json()["csrf"].as_str()?.to_owned();
        Some(Self { router, cookie, csrf })
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        send(&self.router, json_request("GET", path, &[("cookie", &self.cookie)], "")).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answered {
        let headers = [("cookie", self.cookie.as_str()), ("x-csrf-token", self.csrf.as_str())];
        send(&self.router, json_request("POST", path, &headers, body.to_string())).await
    }

    /// Posts what must be done.
    pub(crate) async fn done(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
        answer.json()
    }

    /// Posts what must be refused, and answers with the code, and the first problem's field and code.
    pub(crate) async fn refused(&self, path: &str, body: Value) -> (String, String) {
        let answer = self.post(path, body).await;
        assert!(
            answer.status.is_client_error() && answer.status != StatusCode::UNAUTHORIZED,
            "{path}: {}",
            answer.status
        );
        let problem = &answer.json()["problems"][0];
        let told = match problem["field"].as_str() {
            Some(field) => format!("{field} {}", problem["code"].as_str().unwrap_or_default()),
            None => String::new(),
        };
        (answer.code(), told)
    }
}
