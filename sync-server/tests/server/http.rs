//! Bad input over HTTP: each gets a stable code, is refused alone, and changes nothing. No door is open without a key.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use domain::protocol::{BODY_BYTES_MAX, PUSH_CHANGES_MAX};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use sync_server::http::{App, Front, router};

use crate::common::{Answered, County, TestPhone, cell, json_request, send};

fn empty_round(phone: &mut TestPhone) -> Value {
    serde_json::to_value(phone.request(Vec::new())).unwrap()
}

async fn exchange(router: &Router, phone: &TestPhone, extra: &[(&str, &str)], body: impl Into<Body>) -> Answered {
    let bearer = format!("Bearer {}", phone.tokens.access);
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend_from_slice(extra);
    send(router, json_request("POST", "/v1/exchange", &headers, body)).await
}

#[tokio::test]
async fn a_round_over_http_plain_and_compressed() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let router = county.router();
    let home = phone.new_home(&cell(1)).to_vec();
    let body = serde_json::to_vec(&phone.request(home.clone())).unwrap();
    let plain = exchange(&router, &phone, &[], body.clone()).await;
    assert_eq!(plain.status, StatusCode::OK);
    assert_eq!(
        plain.json()["verdicts"],
        json!([{"verdict": "accepted"}, {"verdict": "accepted"}, {"verdict": "accepted"}])
    );
    let packed = zstd::encode_all(&body[..], 3).unwrap();
    let headers = [("content-encoding", "zstd"), ("accept-encoding", "zstd")];
    let answer = exchange(&router, &phone, &headers, packed).await;
    assert_eq!(answer.header("content-encoding"), Some("zstd"));
    let unpacked: Value = serde_json::from_slice(&zstd::decode_all(&answer.bytes[..]).unwrap()).unwrap();
    assert_eq!(unpacked["verdicts"], plain.json()["verdicts"]);
}

#[tokio::test]
async fn a_receipt_over_http_is_checked_with_the_key_that_hello_tells_and_doubts_are_heard() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let router = county.router();
    let home = phone.new_home(&cell(1)).to_vec();
    phone.round(home);
    let bearer = format!("Bearer {}", phone.tokens.access);
    let hello = send(&router, json_request("GET", "/v1/hello", &[("authorization", &bearer)], Body::empty())).await;
    let key = hello.json()["keys"]["verify"].as_str().unwrap().to_owned();
    let mut body = empty_round(&mut phone);
    let answer = exchange(&router, &phone, &[], body.to_string()).await.json();
    assert_eq!(answer["pages"], json!([]));
    let receipt: domain::protocol::Receipt = serde_json::from_value(answer["receipt"].clone()).unwrap();
    let statement: Value = serde_json::from_str(&receipt.statement).unwrap();
    assert_eq!(statement["cells"][cell(1).as_str()]["records"], 3);
    assert!(receipt.verify(&key).is_ok());
    body["doubted"] = json!([cell(1)]);
    body["cursors"] = json!({});
    let answer = exchange(&router, &phone, &[], body.to_string()).await.json();
    assert_eq!(answer["pages"][0]["records"].as_array().map(Vec::len), Some(3), "the own writing too");
    body["doubted"] = json!("all");
    assert_eq!(exchange(&router, &phone, &[], body.to_string()).await.code(), "malformed");
    body["doubted"] = json!(vec![cell(1); 1_001]);
    assert_eq!(exchange(&router, &phone, &[], body.to_string()).await.code(), "too_large");
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_with_a_code() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let router = county.router();
    let good = empty_round(&mut phone).to_string();
    let deep = good.replace("\"push\":[]", &format!("\"push\":{}{}", "[".repeat(5_000), "]".repeat(5_000)));
    let with = |name: &str, value: Value| {
        let mut changed: Value = serde_json::from_str(&good).unwrap();
        changed[name] = value;
        changed.to_string()
    };
    let cases: Vec<(String, &str, StatusCode)> = vec![
        (good[..good.len() - 5].to_owned(), "malformed", StatusCode::BAD_REQUEST),
        (String::new(), "malformed", StatusCode::BAD_REQUEST),
        ("[]".into(), "malformed", StatusCode::BAD_REQUEST),
        (format!("{good} trailing"), "malformed", StatusCode::BAD_REQUEST),
        (with("push", json!("many")), "malformed", StatusCode::BAD_REQUEST),
        (with("node", json!(-1)), "malformed", StatusCode::BAD_REQUEST),
        (with("cursors", json!({"no cell": 3})), "malformed", StatusCode::BAD_REQUEST),
        (deep, "too_deep", StatusCode::BAD_REQUEST),
        (with("protocol", json!(99)), "unknown_protocol", StatusCode::BAD_REQUEST),
        (with("push", json!(vec![json!({}); PUSH_CHANGES_MAX + 1])), "too_large", StatusCode::PAYLOAD_TOO_LARGE),
        (" ".repeat(BODY_BYTES_MAX + 1), "too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, code, status) in cases {
        let start: String = body.chars().take(60).collect();
        let answer = exchange(&router, &phone, &[], body).await;
        assert_eq!((answer.code().as_str(), answer.status), (code, status), "{start}");
    }
    assert_eq!(exchange(&router, &phone, &[], good).await.status, StatusCode::OK, "and the phone goes on");
}

#[tokio::test]
async fn wrong_encodings_and_compressed_bombs_are_refused() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let router = county.router();
    let good = empty_round(&mut phone).to_string();
    for (headers, code) in [
        ([("content-encoding", "br")], "unsupported_encoding"),
        ([("content-encoding", "gzip, zstd")], "unsupported_encoding"),
        ([("content-encoding", "zstd")], "malformed"),
    ] {
        let answer = exchange(&router, &phone, &headers, good.clone()).await;
        assert_eq!(answer.code(), code, "{headers:?}");
    }
    let bearer = format!("Bearer {}", phone.tokens.access);
    for kind in ["text/plain", "application/jsonp", "\u{e9}"] {
        let request = axum::http::Request::post("/v1/exchange").header("authorization", &bearer);
        let request = request.header("content-type", kind).body(Body::from(good.clone())).unwrap();
        assert_eq!(send(&router, request).await.code(), "unsupported_encoding");
    }
    let bomb = zstd::encode_all(std::io::repeat(b' ').take_bytes(BODY_BYTES_MAX as u64 + 1), 1).unwrap();
    assert!(bomb.len() < 100_000);
    let answer = exchange(&router, &phone, &[("content-encoding", "zstd")], bomb).await;
    assert_eq!(answer.code(), "too_large");
    let cut = zstd::encode_all(good.as_bytes(), 3).unwrap();
    let answer = exchange(&router, &phone, &[("content-encoding", "zstd")], cut[..cut.len() - 4].to_vec()).await;
    assert_eq!(answer.code(), "malformed");
}

trait TakeBytes: std::io::Read + Sized {
    fn take_bytes(self, count: u64) -> std::io::Take<Self> {
        self.take(count)
    }
}
impl TakeBytes for std::io::Repeat {}

#[tokio::test]
async fn a_change_of_no_known_shape_is_refused_alone() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let router = county.router();
    let good = serde_json::to_value(phone.new_dwelling(&cell(1))).unwrap();
    let broken = |name: &str, value: Value| {
        let mut change = good.clone();
        change[name] = value;
        change
    };
    let push = json!([
        17,
        broken("id", json!("not-a-uuid")),
        broken("cell", json!("61072200100100")),
        broken("stamp", json!("FF")),
        broken("fields", json!([])),
        broken("kind", json!("Not A Kind")),
        good,
        {},
    ]);
    let mut body = empty_round(&mut phone);
    body["push"] = push;
    let answer = exchange(&router, &phone, &[], body.to_string()).await.json();
    let verdicts: Vec<&str> =
        answer["verdicts"].as_array().unwrap().iter().map(|v| v["code"].as_str().unwrap_or("accepted")).collect();
    assert_eq!(verdicts.iter().position(|code| *code == "accepted"), Some(6));
    assert_eq!(verdicts.iter().filter(|code| **code == "wrong_type").count(), 7);
}

#[tokio::test]
async fn whoever_is_shut_out_while_a_body_is_on_its_way_is_not_served_any_more() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let dwelling = phone.new_dwelling(&cell(1));
    let body = serde_json::to_vec(&phone.request(vec![dwelling.clone()])).unwrap();
    let (hub, device) = (std::sync::Arc::clone(&county.hub), phone.phone().device);
    // A body is asked for when the phone was recognised. The second half comes when the desk has revoked it.
    let halves = [(false, body[..20].to_vec()), (true, body[20..].to_vec())];
    let pieces = stream::iter(halves).map(move |(revoked, half)| {
        if revoked {
            hub.revoke_device("test", device).unwrap();
        }
        Ok::<_, std::convert::Infallible>(half)
    });
    let answer = exchange(&county.router(), &phone, &[], Body::from_stream(pieces)).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "revoked"));
    assert!(county.stored(dwelling.id).is_none());
}

#[tokio::test]
async fn no_route_answers_without_a_key() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let router = county.router();
    let hash = "0".repeat(64);
    let routes = [
        ("GET", "/v1/hello".to_owned()),
        ("GET", "/v1/lists".to_owned()),
        ("POST", "/v1/exchange".to_owned()),
        ("OPTIONS", "/v1/photos".to_owned()),
        ("POST", "/v1/photos".to_owned()),
        ("HEAD", "/v1/photos/abc".to_owned()),
        ("PATCH", "/v1/photos/abc".to_owned()),
        ("DELETE", "/v1/photos/abc".to_owned()),
        ("GET", format!("/v1/photo/{hash}/thumb")),
        ("GET", "/desk/api/session".to_owned()),
        ("POST", "/desk/api/sign-out".to_owned()),
        ("GET", "/desk/api/places".to_owned()),
        ("GET", "/desk/api/inbox".to_owned()),
        ("GET", "/desk/api/records/01890000-0000-7000-8000-000000000001".to_owned()),
        ("GET", format!("/desk/api/photo/{hash}/full")),
        ("POST", "/desk/api/reviews".to_owned()),
        ("POST", "/desk/api/reviews/bulk".to_owned()),
        ("GET", "/desk/api/lists".to_owned()),
        ("POST", "/desk/api/enrol-codes".to_owned()),
        ("GET", "/desk/api/devices".to_owned()),
        ("GET", "/desk/api/put-back".to_owned()),
        ("POST", "/desk/api/put-back/looked-after".to_owned()),
        ("POST", "/desk/api/devices/01890000-0000-7000-8000-000000000001/revoke".to_owned()),
    ];
    let cookie_of_a_phone = format!("doorstep_session={}", phone.tokens.access);
    for (method, path) in &routes {
        for header in [
            ("x-nothing", ""),
            ("authorization", "Bearer nonsense"),
            ("authorization", "Basic abc"),
            ("cookie", cookie_of_a_phone.as_str()),
        ] {
            let headers = [header, ("tus-resumable", "1.0.0")];
            let answer = send(&router, json_request(method, path, &headers, "{}")).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} {header:?}");
        }
    }
}

#[tokio::test]
async fn a_phone_s_token_opens_no_desk() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let bearer = format!("Bearer {}", phone.tokens.access);
    let request = json_request("GET", "/desk/api/inbox", &[("authorization", &bearer)], "");
    assert_eq!(send(&county.router(), request).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_errors_are_json() {
    let county = County::new();
    let router = county.router();
    for (method, path, status) in [
        ("GET", "/healthz", StatusCode::OK),
        ("GET", "/readyz", StatusCode::OK),
        ("GET", "/v1/nowhere", StatusCode::NOT_FOUND),
        ("GET", "/desk/api/nowhere", StatusCode::NOT_FOUND),
        ("GET", "/v1/exchange", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/v1/hello", StatusCode::UNAUTHORIZED),
        ("GET", "/v1/photo/%FF/%FE", StatusCode::UNAUTHORIZED),
    ] {
        let answer = send(&router, json_request(method, path, &[], "")).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'self'"));
        if !status.is_success() {
            assert!(!answer.code().is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_phone_enrols_and_refreshes_over_http() {
    let county = County::new();
    let worker = county.account("worker-a", domain::scope::Role::Worker, &[], &[cell(1)]);
    let router = county.router();
    let code = county.hub.make_enrol_code("test", &worker, 60_000).unwrap().code;
    let body = json!({"code": code, "device_name": "Phone", "app_version": "1"}).to_string();
    let enrolled = send(&router, json_request("POST", "/v1/enrol", &[], body.clone())).await;
    assert_eq!(enrolled.status, StatusCode::OK);
    assert_eq!(enrolled.json()["cells"], json!([cell(1)]));
    let again = send(&router, json_request("POST", "/v1/enrol", &[], body)).await;
    assert_eq!((again.status, again.code().as_str()), (StatusCode::FORBIDDEN, "wrong_code"));
    let refresh = json!({"refresh": enrolled.json()["tokens"]["refresh"]}).to_string();
    let tokens = send(&router, json_request("POST", "/v1/token", &[], refresh)).await;
    let bearer = format!("Bearer {}", tokens.json()["access"].as_str().unwrap());
    let hello = send(&router, json_request("GET", "/v1/hello", &[("authorization", &bearer)], "")).await;
    assert_eq!(hello.json()["protocols"], json!([1, 1]));
    let device: domain::DeviceId = enrolled.json()["device"].as_str().unwrap().parse().unwrap();
    county.hub.revoke_device("test", device).unwrap();
    let shut = send(&router, json_request("GET", "/v1/hello", &[("authorization", &bearer)], "")).await;
    assert_eq!((shut.status, shut.code().as_str()), (StatusCode::UNAUTHORIZED, "revoked"));
}

/// Guesses at a code of enrolment, all named by `x-forwarded-for` as these say; how many were let in to try.
async fn guesses_let_in(router: &Router, forwarded_for: impl Iterator<Item = String>) -> usize {
    let guess = json!({"code": "0000-0000", "device_name": "Phone", "app_version": "1"}).to_string();
    let mut let_in = 0;
    for from in forwarded_for {
        let asked = json_request("POST", "/v1/enrol", &[("x-forwarded-for", &from)], guess.clone());
        let_in += usize::from(send(router, asked).await.code() == "wrong_code");
    }
    let_in
}

#[tokio::test]
async fn behind_a_proxy_whoever_guesses_is_shut_out_and_nobody_else() {
    let county = County::new();
    let behind = Front { behind_proxy: true, ..Front::default() };
    let router = router(App::new(Arc::clone(&county.hub), behind));
    // What a caller writes there itself stands before what the proxy adds.
    let invented = (0..250).map(|number| format!("198.51.100.{number}, 203.0.113.7"));
    assert_eq!(guesses_let_in(&router, invented).await, 200);
    assert_eq!(guesses_let_in(&router, ["203.0.113.8".to_owned()].into_iter()).await, 1);
}

#[tokio::test]
async fn without_a_proxy_nobody_is_who_a_header_says() {
    let county = County::new();
    let invented = (0..250).map(|number| format!("198.51.100.{number}"));
    assert_eq!(guesses_let_in(&county.router(), invented).await, 200);
}

#[tokio::test]
async fn over_a_real_socket_a_call_under_way_is_answered_before_the_server_stops() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let county = County::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(sync_server::http::listen::listen(listener, county.router(), async move {
        let _ = stopped.await;
    }));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = json!({"code": "0000-0000-0000", "device_name": "Phone", "app_version": "1"}).to_string();
    let head = format!(
        "POST /v1/enrol HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The head was taken, the body is on its way: now the server is asked to stop.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    stop.send(()).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403") && answer.ends_with("{\"code\":\"wrong_code\"}"), "{answer}");
    server.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody is let in any more");
}
