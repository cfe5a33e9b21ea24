//! The document and the router say the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::http::{App, Front, router};
use crate::hub::open_folder;

/// Every path that the router knows, as the router itself tells it.
fn routed_paths(app: &App) -> BTreeSet<String> {
    let shown = format!("{:?}", crate::http::routes().with_state::<()>(app.clone()));
    // Fallbacks are no calls: the desk's files at the root, "not found" below /v1.
    let parts =
        shown.split('"').filter(|part| part.starts_with('/') && !part.contains("__private") && !part.contains('*'));
    parts.filter(|part| !matches!(*part, "/" | "/v1")).map(str::to_owned).collect()
}

fn document() -> Value {
    serde_json::to_value(super::document()).unwrap()
}

#[tokio::test]
async fn every_route_is_in_the_document_with_its_methods_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::new(Arc::new(open_folder(folder.path()).unwrap()), Front::default());
    let document = document();
    let documented: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let routed = routed_paths(&app);
    assert!(routed.len() > 20, "{routed:?}");
    assert_eq!(routed, documented);
    let router = router(app);
    for path in routed {
        let address = path.replace("{size}", "thumb").replace(['{', '}'], "");
        for method in
            [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::HEAD]
        {
            let name = method.as_str().to_lowercase();
            let is_documented = !document["paths"][&path][&name].is_null();
            // Reading without a body comes with every reading.
            if method == Method::HEAD && !document["paths"][&path]["get"].is_null() {
                continue;
            }
            let request = Request::builder().method(&method).uri(&address).header("tus-resumable", "1.0.0");
            let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            // A handler behind several methods asks who is there before it looks at the method.
            let shared = path.starts_with("/v1/photos") && answer.status() == StatusCode::UNAUTHORIZED;
            let is_routed = answer.status() != StatusCode::METHOD_NOT_ALLOWED;
            assert!(is_routed == is_documented || shared, "{method} {path}: {}", answer.status());
        }
    }
}

#[test]
fn every_call_says_who_may_and_what_it_answers() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            assert!(call["responses"].as_object().is_some_and(|answers| !answers.is_empty()), "{method} {path}");
            assert!(call["summary"].is_string() || call["description"].is_string(), "{method} {path}");
            assert!(call["security"].is_array(), "{method} {path}");
            let changes = path.starts_with("/desk/api/") && method == "post" && path != "/desk/api/sign-in";
            assert_eq!(changes, call["security"][0]["csrf"].is_array(), "{method} {path}");
        }
    }
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    let references: BTreeSet<&str> =
        text.split("\"$ref\":\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(references.contains("ErrorBody") && references.contains("ExchangeRequest"));
    for name in references {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}
