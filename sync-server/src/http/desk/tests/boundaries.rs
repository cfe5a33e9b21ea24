//! Boundaries at the desk: who sees them, who draws them, what is no boundary, and what phones hear of it.

use axum::http::StatusCode;
use domain::protocol::{ExchangeRequest, PROTOCOL};
use domain::review::ReviewState;
use domain::{AccountId, Kind, Node, Record, Stamp, Stamps};
use serde_json::{Value, json};

use super::bench::{Bench, CELL, DeskHand, OTHER_CELL, cell, id};
use crate::store::{BulkRecord, Store as _};

const CELL_RECORD: u128 = 90;

/// The bench with the records of its two cells.
fn drawn_bench() -> Bench {
    let bench = Bench::new();
    let of = |number: u128, code: &str| {
        let fields = json!({"code": code, "name": "第1网格", "cell_kind": "general"});
        let record = Record {
            id: id(number),
            kind: Kind::Cell,
            cell: cell(code),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::new(1_000, 0, Node(9))),
        };
        let by = AccountId::new("county-admin").unwrap();
        BulkRecord { record, by, at: 1_000, state: ReviewState::NotReviewed }
    };
    bench.hub.load(&[of(CELL_RECORD, CELL), of(CELL_RECORD + 1, OTHER_CELL)]).unwrap();
    bench
}

fn square(side: f64) -> Value {
    let (west, south) = (107.33, 33.15);
    json!({"type": "Polygon", "coordinates":
        [[[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]]]})
}

async fn version(desk: &DeskHand<'_>, code: &str) -> String {
    desk.read(&format!("boundaries?place={code}")).await[0]["version"].as_str().unwrap().to_owned()
}

async fn draw(desk: &DeskHand<'_>, code: &str, boundary: Value) -> (StatusCode, Value) {
    let version = version(desk, code).await;
    desk.post("boundaries", json!({"cell": code, "version": version, "boundary": boundary})).await
}

#[tokio::test]
async fn an_administrator_draws_a_boundary_that_has_a_history_and_reaches_the_phone_in_its_next_round() {
    let bench = drawn_bench();
    let admin = bench.sign_in("county-admin").await;
    assert_eq!(admin.read("boundaries").await.as_array().unwrap().len(), 2);
    let (status, kept) = draw(&admin, CELL, square(0.01)).await;
    assert_eq!(status, StatusCode::OK, "{kept}");
    let cells = admin.read(&format!("boundaries?place={CELL}")).await;
    assert_eq!((&cells[0]["boundary"], &cells[0]["version"]), (&square(0.01), &kept["version"]));
    let page = admin.read(&format!("records/{}", id(CELL_RECORD))).await;
    let last = page["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["by"], &last["fields"]["boundary"]), (&json!("county-admin 的名字"), &square(0.01)));
    assert_eq!(bench.record(CELL_RECORD).text("name"), Some("第1网格"), "everything else stays");
    let phone = bench.enrol("worker");
    let request = ExchangeRequest {
        protocol: PROTOCOL,
        device_time: bench.hub.now(),
        node: Node(77),
        epoch: None,
        push: Vec::new(),
        cursors: [(cell(CELL), 0)].into(),
        doubted: Vec::new(),
        words_about: Vec::new(),
        merges: false,
        health: None,
        room: None,
        proofs: Default::default(),
        lost_receipts: Vec::new(),
    };
    let pages = bench.hub.exchange(&bench.hub.phone(phone.access()).unwrap(), &request).unwrap().pages;
    let told = pages.iter().flat_map(|page| &page.records).find(|record| record.id == id(CELL_RECORD)).unwrap();
    assert_eq!(told.fields["boundary"], square(0.01));
}

#[tokio::test]
async fn the_boundary_can_be_taken_away_and_the_same_again_changes_nothing() {
    let bench = drawn_bench();
    let admin = bench.sign_in("county-admin").await;
    let (_, first) = draw(&admin, CELL, square(0.01)).await;
    // A second click, still with the version that it saw.
    let again = json!({"cell": CELL, "version": first["version"], "boundary": square(0.01)});
    assert_eq!(admin.post("boundaries", again).await, (StatusCode::OK, first));
    let (status, _) = draw(&admin, CELL, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(admin.read(&format!("boundaries?place={CELL}")).await[0]["boundary"], Value::Null);
    let noted = bench.hub.store().read(|reading| reading.audit(10)).unwrap();
    assert_eq!(noted.iter().filter(|entry| entry.action == "boundary" && entry.subject == CELL).count(), 2);
}

#[tokio::test]
async fn of_two_who_draw_at_once_the_second_is_told() {
    let bench = drawn_bench();
    let admin = bench.sign_in("county-admin").await;
    let seen = version(&admin, CELL).await;
    let wish = |side: f64| json!({"cell": CELL, "version": seen, "boundary": square(side)});
    assert_eq!(admin.post("boundaries", wish(0.01)).await.0, StatusCode::OK);
    let (status, refusal) = admin.post("boundaries", wish(0.02)).await;
    assert_eq!((status, &refusal["code"]), (StatusCode::CONFLICT, &json!("stale")));
    assert_eq!(admin.read(&format!("boundaries?place={CELL}")).await[0]["boundary"], square(0.01));
}

#[tokio::test]
async fn what_is_no_boundary_is_refused_with_its_reason_and_nothing_is_changed() {
    let bench = drawn_bench();
    let admin = bench.sign_in("county-admin").await;
    let ring = |ring: Value| json!({"type": "Polygon", "coordinates": [ring]});
    let many: Vec<Value> = (0..2_000).map(|index| json!([107.3 + f64::from(index) / 1e5, 33.1])).collect();
    for (boundary, code) in [
        (json!("POLYGON"), "boundary_form"),
        (json!({"type": "Point", "coordinates": [107.3, 33.1]}), "boundary_form"),
        (ring(json!([[107.3, 33.1], [107.4, 33.1], [107.4, 33.2]])), "boundary_open"),
        (ring(json!([[107.3, 33.1], [107.4, 33.2], [107.4, 33.1], [107.3, 33.2], [107.3, 33.1]])), "boundary_crosses"),
        (ring(json!([[7.3, 33.1], [7.4, 33.1], [7.4, 33.2], [7.3, 33.1]])), "outside_china"),
        (ring(json!([[33.1, 107.3], [33.1, 107.4], [33.2, 107.4], [33.1, 107.3]])), "position_swapped"),
        (ring(json!(many)), "too_many_corners"),
    ] {
        let (status, refusal) = draw(&admin, CELL, boundary).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{code}");
        let problem = &refusal["problems"][0];
        assert_eq!((&problem["field"], &problem["code"]), (&json!("boundary"), &json!(code)));
    }
    let (status, _) = draw(&admin, CELL, json!("长".repeat(300_000))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut deep = json!([1]);
    for _ in 0..80 {
        deep = json!([deep]);
    }
    assert_eq!(draw(&admin, CELL, deep).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(admin.read(&format!("boundaries?place={CELL}")).await[0]["boundary"], Value::Null);
}

#[tokio::test]
async fn a_supervisor_sees_the_own_boundaries_and_draws_none() {
    let bench = drawn_bench();
    let admin = bench.sign_in("county-admin").await;
    draw(&admin, CELL, square(0.01)).await;
    let own = bench.sign_in("supervisor").await;
    let cells = own.read("boundaries").await;
    assert_eq!((cells.as_array().unwrap().len(), &cells[0]["cell"]), (1, &json!(CELL)));
    let (status, refusal) = draw(&own, CELL, square(0.02)).await;
    assert_eq!((status, &refusal["code"]), (StatusCode::FORBIDDEN, &json!("not_allowed")));
    let neighbour = bench.sign_in("neighbour").await;
    assert_eq!(neighbour.read(&format!("boundaries?place={CELL}")).await, json!([]));
    assert_eq!(neighbour.get("boundaries?place=nowhere").await.0, StatusCode::NOT_FOUND);
    let seen = version(&admin, CELL).await;
    let wish = json!({"cell": CELL, "version": seen, "boundary": null});
    assert_eq!(admin.post_with("boundaries", wish, None).await.0, StatusCode::FORBIDDEN, "without the token");
}

#[tokio::test]
async fn a_cell_of_another_county_and_one_without_a_record_are_not_found() {
    let bench = drawn_bench();
    let admin = bench.sign_in("county-admin").await;
    let seen = version(&admin, CELL).await;
    for code in ["610723001001001", "610722001001009", "61072200100100", "x"] {
        let wish = json!({"cell": code, "version": seen, "boundary": square(0.01)});
        assert_eq!(admin.post("boundaries", wish).await.0, StatusCode::NOT_FOUND, "{code}");
    }
}
