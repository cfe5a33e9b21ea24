//! The stream of nudges: what it says, to whom, and when it ends.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sync_server::http::nudges::{HEARTBEAT, Nudges, STREAMS_MAX};
use sync_server::http::{App, Front, router};
use tower::ServiceExt as _;

use crate::common::{County, HOUR, TestPhone, cell, json_request, send};

/// Long enough for any machine; only waited for in full when nothing comes.
const PATIENCE: Duration = Duration::from_secs(30);
/// A heartbeat that a test can wait for.
const QUICK: Duration = Duration::from_millis(30);

struct Server {
    router: Router,
    nudges: Arc<Nudges>,
}

fn serve(county: &County, heartbeat: Duration, most: usize) -> Server {
    let app = App::new(Arc::clone(&county.hub), Front::default()).with_nudges(Nudges::with(heartbeat, most));
    Server { nudges: Arc::clone(&app.nudges), router: router(app) }
}

struct Stream {
    body: Body,
    text: String,
}

impl Server {
    async fn open(&self, phone: &TestPhone) -> Stream {
        let bearer = format!("Bearer {}", phone.tokens.access);
        let request = json_request("GET", "/v1/nudges", &[("authorization", &bearer)], Body::empty());
        let answer = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let headers = answer.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(!headers.contains_key("content-encoding"), "nothing gathers it on the way");
        Stream { body: answer.into_body(), text: String::new() }
    }
}

impl Stream {
    /// The next block of the stream, as it was sent; none at its end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("nothing came");
            let bytes = frame?.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next event's data, heartbeats left out.
    async fn event(&mut self) -> Option<Value> {
        loop {
            let block = self.block().await?;
            if block.starts_with(':') {
                continue;
            }
            let (name, data) = block.split_once('\n').unwrap();
            assert_eq!(name, "event: moved");
            return Some(serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap());
        }
    }

    /// Reads until the server ends the stream.
    async fn ends(mut self) {
        while self.block().await.is_some() {}
    }
}

#[tokio::test]
async fn a_phone_hears_where_its_cells_stand_and_then_that_one_moved_on_and_nothing_else() {
    let county = County::new();
    let mut colleague = county.worker("worker-b", &[cell(1), cell(3)]);
    let phone = county.worker("worker-a", &[cell(1), cell(2)]);
    let dwelling = colleague.new_dwelling(&cell(1));
    colleague.push_all(&[dwelling]);
    let server = serve(&county, HEARTBEAT, STREAMS_MAX);
    let mut stream = server.open(&phone).await;
    assert_eq!(stream.event().await.unwrap(), json!({"cell": cell(1), "reached": 1}));
    assert_eq!(stream.event().await.unwrap(), json!({"cell": cell(2), "reached": 0}));

    let elsewhere = colleague.new_dwelling(&cell(3));
    let incident = colleague.new_incident(&cell(1));
    colleague.push_all(&[elsewhere, incident.clone()]);
    // The server numbers the incident in the same breath: one word for both.
    assert_eq!(stream.event().await.unwrap(), json!({"cell": cell(1), "reached": 2}));

    let desk = county.supervisor("supervisor", "610722");
    let version = county.stored(incident.id).unwrap().record.version();
    let verdict = sync_server::hub::reviews::ReviewVerdict::Approved;
    let approval = sync_server::hub::reviews::ReviewOf {
        id: incident.id,
        version,
        seen: domain::review::ReviewState::Waiting,
        verdict,
        remarks: Default::default(),
        note: None,
    };
    county.hub.review(&desk, &approval).unwrap();
    assert_eq!(stream.event().await.unwrap(), json!({"cell": cell(1), "reached": 3}));
}

#[tokio::test]
async fn a_silent_stream_says_that_it_is_there() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let server = serve(&county, QUICK, STREAMS_MAX);
    let mut stream = server.open(&phone).await;
    stream.event().await.unwrap();
    assert_eq!(stream.block().await.unwrap().trim(), ":");
    assert_eq!(stream.block().await.unwrap().trim(), ":");
}

#[tokio::test]
async fn only_a_signed_in_phone_listens_and_not_too_many_do() {
    let county = County::new();
    let server = serve(&county, HEARTBEAT, 1);
    for headers in [vec![], vec![("authorization", "Bearer nobody")], vec![("authorization", "Basic eDp5")]] {
        let refused = send(&server.router, json_request("GET", "/v1/nudges", &headers, Body::empty())).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNAUTHORIZED, "signed_out"));
    }
    let (one, other) = (county.worker("worker-a", &[cell(1)]), county.worker("worker-b", &[cell(1)]));
    let open = server.open(&one).await;
    let bearer = format!("Bearer {}", other.tokens.access);
    let request = || json_request("GET", "/v1/nudges", &[("authorization", &bearer)], Body::empty());
    let refused = send(&server.router, request()).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "too_many_tries"));
    drop(open);
    assert_eq!(server.nudges.count(), 0, "whoever hangs up makes room");
    server.open(&other).await;
}

#[tokio::test]
async fn a_stream_ends_with_its_token_its_phone_its_cells_and_its_server() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let account = phone.account();

    // Another holding: told at once, whatever the heartbeat.
    let server = serve(&county, HEARTBEAT, STREAMS_MAX);
    let stream = server.open(&phone).await;
    let known = county.hub.store();
    let worker = sync_server::store::Store::read(known, |reading| reading.account(&account)).unwrap().unwrap();
    county.hub.put_account(worker, None, &[cell(1), cell(2)]).unwrap();
    stream.ends().await;

    // Newer streams of the same phone.
    let oldest = server.open(&phone).await;
    let (_second, mut newest) = (server.open(&phone).await, server.open(&phone).await);
    oldest.ends().await;
    assert_eq!(newest.event().await.unwrap()["cell"], json!(cell(1)));

    // The server stops.
    server.nudges.end();
    newest.ends().await;

    // The token runs out: noticed with the next heartbeat.
    let server = serve(&county, QUICK, STREAMS_MAX);
    let stream = server.open(&phone).await;
    county.world.pass(HOUR + 1);
    stream.ends().await;

    // The phone is revoked: told at once too.
    let server = serve(&county, HEARTBEAT, STREAMS_MAX);
    let mut phone = phone;
    phone.refresh();
    let stream = server.open(&phone).await;
    let begun = std::time::Instant::now();
    county.hub.revoke_device("test", phone.phone().device).unwrap();
    stream.ends().await;
    assert!(begun.elapsed() < HEARTBEAT / 2);
}

#[tokio::test]
async fn a_reader_that_never_reads_holds_up_no_writer() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let server = serve(&county, HEARTBEAT, STREAMS_MAX);
    let mut stream = server.open(&phone).await;
    for _ in 0..200 {
        let dwelling = phone.new_dwelling(&cell(1));
        phone.push_all(&[dwelling]);
    }
    // It was not asked for anything in between: first what stood when it opened, then only the latest.
    assert_eq!(stream.event().await.unwrap()["reached"], 0);
    assert_eq!(stream.event().await.unwrap()["reached"], 200);
}
