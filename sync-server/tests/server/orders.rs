//! Lock and wipe ordered at the desk: who may, what the phone may still do, and what its report does.

use axum::body::Body;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::hand_in::{HandInContent, RefusedWords};
use domain::order::{DeviceOrder, OrderRequest, StandingOrder};
use domain::protocol::{CallError, CallRefusal, Peer as _};
use domain::scope::Role;
use domain::seal::{Purpose, seal};
use domain::{DeviceId, RecordId};
use serde_json::json;
use sync_server::hub::HubError;
use sync_server::hub::peer::HubPeer;
use sync_server::store::{Store as _, TakenIn};

use crate::common::{County, DAY, MINUTE, TestPhone, cell, json_request, send, sha256};
use crate::hand_in::town;

fn code<T: std::fmt::Debug>(outcome: Result<T, HubError>) -> CallRefusal {
    outcome.unwrap_err().code()
}

fn peer(county: &County, phone: &TestPhone) -> HubPeer<sync_server::store::sqlite::SqliteStore> {
    HubPeer::new(std::sync::Arc::clone(&county.hub), phone.tokens.access.clone())
}

fn sealed_key(county: &County, device: DeviceId, key: &[u8]) -> OrderRequest {
    let mut world = county.world.clone();
    let sealed = seal(&county.hub.keys().seal, Purpose::LockKey(device), key, &mut world).unwrap();
    OrderRequest { sealed_key: Some(URL_SAFE_NO_PAD.encode(sealed)) }
}

#[test]
fn under_an_order_a_phone_may_ask_report_and_hand_in_and_nothing_else() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let device = phone.phone().device;
    let boss = county.supervisor("boss", "610722001001");
    let request = phone.request(Vec::new());
    county.hub.order_device(&boss.actor, device, DeviceOrder::Lock).unwrap();
    let peer = peer(&county, &phone);
    assert_eq!(peer.hello(), Err(CallError::Ordered));
    assert_eq!(peer.exchange(&request).unwrap_err(), CallError::Ordered);
    assert_eq!(peer.lists().unwrap_err(), CallError::Ordered);
    assert_eq!(code(county.hub.refresh(&phone.tokens.refresh)), CallRefusal::Ordered);
    let answer = peer.order(&OrderRequest::default()).unwrap();
    assert_eq!(answer.order.unwrap().what, DeviceOrder::Lock);
    assert_eq!(answer.keys, county.hub.keys());
    peer.report(&answer.order.unwrap()).unwrap();
    assert_eq!(peer.hello(), Err(CallError::Ordered), "a lock stands until it is lifted");
    county.hub.lift_order(&boss.actor, device).unwrap();
    assert!(peer.hello().is_ok());
    let audit = county.hub.store().read(|reading| reading.audit(3)).unwrap();
    let told: Vec<_> = audit.iter().rev().map(|entry| (entry.who.as_str(), entry.action.as_str())).collect();
    assert_eq!(told, [("boss", "order_lock"), ("worker-a", "locked"), ("boss", "lift_order")]);
}

#[test]
fn the_key_of_a_lock_is_opened_only_for_its_phone_and_only_once_no_order_stands() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let other = county.phone_of(&phone.account());
    let (device, others) = (phone.phone().device, other.phone().device);
    let boss = county.supervisor("boss", "610722001001");
    county.hub.order_device(&boss.actor, device, DeviceOrder::Lock).unwrap();
    let request = sealed_key(&county, device, b"the key of the lock");
    let own = county.hub.bearer(&phone.tokens.access).unwrap();
    assert_eq!(county.hub.order(&own, &request).unwrap().key, None, "the lock stands");
    let stranger = county.hub.bearer(&other.tokens.access).unwrap();
    assert_eq!(code(county.hub.order(&stranger, &request)), CallRefusal::Malformed, "another phone's key");
    let mut world = county.world.clone();
    let hand_in = seal(&county.hub.keys().seal, Purpose::HandIn(others), b"words", &mut world).unwrap();
    let as_key = OrderRequest { sealed_key: Some(URL_SAFE_NO_PAD.encode(hand_in)) };
    assert_eq!(code(county.hub.order(&stranger, &as_key)), CallRefusal::Malformed, "work that was handed in is no key");
    county.hub.lift_order(&boss.actor, device).unwrap();
    let own = county.hub.bearer(&phone.tokens.access).unwrap();
    let key = county.hub.order(&own, &request).unwrap().key.unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(key).unwrap(), b"the key of the lock");
}

#[test]
fn a_phone_that_was_locked_longer_than_its_tokens_live_is_opened_again() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let device = phone.phone().device;
    let boss = county.supervisor("boss", "610722001001");
    county.hub.order_device(&boss.actor, device, DeviceOrder::Lock).unwrap();
    for _ in 0..200 {
        county.world.pass(2 * DAY);
        county.hub.tidy().unwrap();
    }
    let request = sealed_key(&county, device, b"key");
    let bearer = county.hub.bearer(&phone.tokens.access).unwrap();
    assert!(county.hub.order(&bearer, &request).unwrap().order.is_some());
    county.hub.lift_order(&boss.actor, device).unwrap();
    county.world.pass(100 * DAY);
    county.hub.tidy().unwrap();
    let bearer = county.hub.bearer(&phone.tokens.access).unwrap();
    assert!(county.hub.order(&bearer, &request).unwrap().key.is_some());
    phone.refresh();
    assert!(county.hub.phone(&phone.tokens.access).is_ok(), "and it synchronises like before");
}

#[test]
fn a_wiped_phone_is_shut_out_by_its_report_which_can_be_repeated() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let device = phone.phone().device;
    let boss = county.supervisor("boss", "610722001001");
    county.hub.order_device(&boss.actor, device, DeviceOrder::Wipe).unwrap();
    let peer = peer(&county, &phone);
    let order = peer.order(&OrderRequest::default()).unwrap().order.unwrap();
    let other_order = StandingOrder { ordered_at: order.ordered_at - 1, ..order };
    peer.report(&other_order).unwrap();
    peer.report(&StandingOrder { what: DeviceOrder::Lock, ..order }).unwrap();
    let line = |county: &County| county.hub.devices_for(&boss.actor).unwrap().remove(0).device;
    assert_eq!(line(&county).order.unwrap().reported_at, None, "a report of another order says nothing of this one");
    peer.report(&order).unwrap();
    county.world.pass(1);
    peer.report(&order).unwrap();
    let wiped = line(&county);
    assert_eq!(
        (wiped.order.unwrap().reported_at, wiped.revoked_at),
        (Some(crate::common::START), Some(crate::common::START))
    );
    assert_eq!(peer.hello(), Err(CallError::Revoked));
    assert_eq!(code(county.hub.lift_order(&boss.actor, device)), CallRefusal::Stale, "there is nothing left to open");
    assert_eq!(code(county.hub.order_device(&boss.actor, device, DeviceOrder::Lock)), CallRefusal::Stale);
}

#[test]
fn only_whoever_administers_a_phone_orders_lifts_and_takes_in() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let device = phone.phone().device;
    let far = county.supervisor("far", "610722002");
    let boss = county.supervisor("boss", "610722001001");
    county.account("second-boss", Role::Supervisor, &["610722001001"], &[cell(2)]);
    let bosss_phone = county.phone_of(&domain::AccountId::new("second-boss").unwrap()).phone().device;
    let nobody: DeviceId = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    for (actor, id) in [(&far.actor, device), (&boss.actor, bosss_phone), (&boss.actor, nobody)] {
        assert_eq!(code(county.hub.order_device(actor, id, DeviceOrder::Lock)), CallRefusal::NotFound);
        assert_eq!(code(county.hub.lift_order(actor, id)), CallRefusal::NotFound);
        assert_eq!(code(county.hub.take_in(actor, id)), CallRefusal::NotFound);
    }
    assert!(county.hub.phone(&phone.tokens.access).is_ok());
}

#[tokio::test]
async fn the_routes_that_are_left_to_a_phone_want_its_token() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let boss = county.supervisor("boss", "610722001001");
    let device = phone.phone().device;
    let router = county.router();
    let content = json!({"node": 1, "changes": []}).to_string();
    let packed = zstd::encode_all(content.as_bytes(), 3).unwrap();
    let sealed = seal(&county.hub.keys().seal, Purpose::HandIn(device), &packed, &mut county.world.clone()).unwrap();
    let sealed = URL_SAFE_NO_PAD.encode(sealed);
    let bodies = [
        ("/v1/order", json!({})),
        ("/v1/report", json!({"what": "lock", "ordered_at": 1})),
        ("/v1/hand-in", json!({"digest": sha256(content.as_bytes()), "changes": 1, "photos": 0, "sealed": sealed})),
    ];
    for (path, body) in &bodies {
        for headers in [vec![], vec![("authorization", "Bearer nonsense")]] {
            let answer = send(&router, json_request("POST", path, &headers, Body::from(body.to_string()))).await;
            assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "signed_out"), "{path}");
        }
    }
    let bearer = format!("Bearer {}", phone.tokens.access);
    let headers = [("authorization", bearer.as_str())];
    let hand_in = |body: serde_json::Value| json_request("POST", "/v1/hand-in", &headers, Body::from(body.to_string()));
    let answer = send(&router, hand_in(bodies[2].1.clone())).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "not_allowed"), "it can simply push");
    county.hub.order_device(&boss.actor, device, DeviceOrder::Wipe).unwrap();
    let answer = send(&router, json_request("GET", "/v1/hello", &headers, Body::empty())).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::LOCKED, "ordered"));
    assert_eq!(send(&router, hand_in(bodies[2].1.clone())).await.status, StatusCode::NO_CONTENT);
    for (body, code) in [
        (json!({"digest": "xy", "changes": 1, "photos": 0, "sealed": "AAAA"}), "malformed"),
        (json!({"digest": "cd".repeat(32), "changes": 1, "photos": 0, "sealed": "no base64!"}), "malformed"),
        (json!({"digest": "cd".repeat(32), "changes": 1, "photos": 0, "sealed": "AAAA"}), "other_key"),
        (json!({"digest": "cd".repeat(32), "changes": -1, "photos": 0, "sealed": "AAAA"}), "malformed"),
        (
            json!({"digest": "cd".repeat(32), "changes": 1, "photos": 0, "sealed": "A".repeat(14 * 1024 * 1024)}),
            "too_large",
        ),
    ] {
        assert_eq!(send(&router, hand_in(body)).await.code(), code);
    }
    let answer = send(&router, json_request("POST", "/v1/order", &headers, Body::from("{}"))).await;
    assert_eq!(answer.json()["order"]["what"], "wipe");
}

#[test]
fn refused_words_that_were_taken_in_come_down_to_the_very_run_that_handed_them_in() {
    let mut town = town();
    town.phone.pulled();
    let dwelling = town.phone.new_dwelling(&cell(1));
    town.county.world.pass(MINUTE);
    let at = dwelling.latest().millis();
    let words = RefusedWords { id: dwelling.id, kind: dwelling.kind, cell: dwelling.cell, fields: dwelling.fields, at };
    let piece = town.piece(&HandInContent { refused: vec![words], ..town.content(Vec::new()) });
    // The wipe waits on the phone for photos that are still to be stored, and is taken back.
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Wipe).unwrap();
    town.hand_in(&piece).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 1, refused: 0, photos: 0 });
    town.county.hub.lift_order(&town.boss.actor, town.device).unwrap();
    let come: Vec<RecordId> = town.phone.pulled();
    assert_eq!(come, [dwelling.id], "in its register they are not");
}
