//! The HTTP peer against a socket: what it sends, what it makes of answers, and that tokens are renewed without losing any.

use std::sync::{Arc, Mutex};

use device::crypto::KeyCost;
use device::edge::{HttpPeer, SystemWorld, enrol_over_http};
use device::store::PhotoFileState;
use device::{Device, DeviceConfig, DeviceError};
use domain::hand_in::HandIn;
use domain::protocol::{
    CallError, CallRefusal, EnrolRequest, ExchangeRequest, PROTOCOL, Peer, PhotoOffer, PhotoPlace, PhotoSize, Verdict,
};
use domain::{Kind, ProblemCode, RecordId, Sha256Hex};
use serde_json::json;

use crate::answers::{Request, answer, ok, serve, serve_while};
use crate::fake::{PIN, START};
use crate::phones::{TestWorld, enrolment, record_id, sha256_of};

fn hello() -> serde_json::Value {
    json!({"server_time": START, "epoch": uuid::Uuid::from_u128(1), "protocols": [1, 1], "lists_version": 1})
}

fn enrolled(server: &str) -> (tempfile::TempDir, Device) {
    let folder = tempfile::tempdir().unwrap();
    let config = DeviceConfig { folder: folder.path().into(), world: Box::new(SystemWorld), app_version: "1.0".into() };
    let device = Device::open(config).unwrap();
    device.enrol_at_cost(server, &enrolment(1), PIN, KeyCost::SIMULATION).unwrap();
    (folder, device)
}

#[test]
fn an_expired_token_is_exchanged_once_and_the_new_one_survives_a_restart() {
    let fresh = json!({"access": "new-access", "access_until": START, "refresh": "new-refresh"});
    let expired = answer("401 Unauthorized", "", &json!({"code": "signed_out"}).to_string());
    let server = serve(vec![expired, ok(fresh), ok(hello()), ok(hello())]);
    let (_folder, device) = enrolled(&server.address);
    HttpPeer::of(&device).unwrap().hello().unwrap();
    device.lock();
    device.unlock(PIN).unwrap();
    HttpPeer::of(&device).unwrap().hello().unwrap();
    let requests = server.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(lines[0], "GET /v1/hello HTTP/1.1");
    assert_eq!(lines[1], "POST /v1/token HTTP/1.1");
    assert_eq!(requests[0].header("authorization"), Some("Bearer a"));
    assert_eq!(requests[1].header("content-encoding"), Some("zstd"));
    let asked: serde_json::Value = serde_json::from_slice(&zstd::decode_all(&requests[1].body[..]).unwrap()).unwrap();
    assert_eq!(asked, json!({"refresh": "r"}));
    assert_eq!(requests[1].header("authorization"), None, "the refresh token is its own proof");
    assert_eq!(requests[2].header("authorization"), Some("Bearer new-access"));
    assert_eq!(requests[3].header("authorization"), Some("Bearer new-access"));
}

#[test]
fn a_lost_answer_to_the_exchange_of_tokens_signs_nobody_out() {
    let fresh = json!({"access": "new-access", "access_until": START, "refresh": "new-refresh"});
    let expired = || answer("401 Unauthorized", "", &json!({"code": "signed_out"}).to_string());
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"acc".to_owned();
    let server = serve(vec![expired(), cut, expired(), ok(fresh), ok(hello())]);
    let (_folder, device) = enrolled(&server.address);
    let peer = HttpPeer::of(&device).unwrap();
    assert!(matches!(peer.hello(), Err(CallError::Offline(_))));
    peer.hello().unwrap();
    let requests = server.requests();
    let refresh = |request: &Request| -> serde_json::Value {
        serde_json::from_slice(&zstd::decode_all(&request.body[..]).unwrap()).unwrap()
    };
    assert_eq!(refresh(&requests[1]), refresh(&requests[3]), "the old one is still good for a while");
}

#[test]
fn every_error_answer_has_a_meaning() {
    let refused = |code| CallError::Refused { code };
    let cases = [
        (answer("400 Bad Request", "", r#"{"code":"malformed"}"#), refused(CallRefusal::Malformed)),
        (answer("413 Payload Too Large", "", "nginx says no"), refused(CallRefusal::TooLarge)),
        (answer("403 Forbidden", "", r#"{"code":"not_allowed"}"#), refused(CallRefusal::NotAllowed)),
        (
            answer("429 Too Many Requests", "", r#"{"code":"too_many_tries"}"#),
            CallError::Unavailable("too many calls".into()),
        ),
        (
            answer("500 Internal Server Error", "", r#"{"code":"internal"}"#),
            CallError::Unavailable("the server broke".into()),
        ),
        (answer("503 Service Unavailable", "", "<html>"), CallError::Unavailable("503 Service Unavailable".into())),
        (answer("302 Found", "location: http://127.0.0.1:1/\r\n", ""), CallError::Unreadable("302 Found".into())),
    ];
    for (answer, meaning) in cases {
        let server = serve(vec![answer]);
        let (_folder, device) = enrolled(&server.address);
        assert_eq!(HttpPeer::of(&device).unwrap().hello(), Err(meaning));
    }
    let server = serve(vec![ok(json!({"server_time": "noon"}))]);
    let (_folder, device) = enrolled(&server.address);
    assert!(matches!(HttpPeer::of(&device).unwrap().hello(), Err(CallError::Unreadable(_))));
    let (_folder, device) = enrolled("http://127.0.0.1:1");
    assert!(matches!(HttpPeer::of(&device).unwrap().hello(), Err(CallError::Offline(_))));
}

#[test]
fn a_piece_that_is_handed_in_and_is_too_large_for_something_on_the_way_makes_the_next_ones_smaller() {
    let piece = HandIn { digest: sha256_of(b"a piece"), changes: 1, photos: 0, sealed: "sealed".into() };
    let no_room = answer("429 Too Many Requests", "", r#"{"code":"too_many_tries"}"#);
    let server = serve(vec![answer("413 Payload Too Large", "", "nginx says no"), no_room]);
    let (_folder, device) = enrolled(&server.address);
    let peer = HttpPeer::of(&device).unwrap();
    let before = peer.page_bytes().up;
    assert_eq!(peer.hand_in(&piece), Err(CallError::Refused { code: CallRefusal::TooLarge }));
    assert!(peer.page_bytes().up < before);
    let told = Err(CallError::Refused { code: CallRefusal::TooManyTries });
    assert_eq!(peer.hand_in(&piece), told, "whoever hands in is told that there is no room");
}

#[test]
fn a_photo_goes_by_the_tus_protocol() {
    let server = serve(vec![
        answer("201 Created", "location: /v1/photos/xyz\r\n", ""),
        answer("200 OK", "upload-offset: 3\r\n", ""),
        answer("204 No Content", "upload-offset: 6\r\n", ""),
        answer("200 OK", "doorstep-photo: stored\r\n", ""),
        answer("404 Not Found", "", ""),
        answer("201 Created", "location: http://127.0.0.1:1/v1/photos/elsewhere\r\n", ""),
    ]);
    let (_folder, device) = enrolled(&server.address);
    let peer = HttpPeer::of(&device).unwrap();
    let hash = Sha256Hex::new(&"ab".repeat(32)).unwrap();
    let photo: RecordId = record_id(1);
    let offer = PhotoOffer { photo, sha256: hash.clone(), bytes: 6 };
    let place = PhotoPlace::Upload { upload: "/v1/photos/xyz".into(), offset: 0 };
    assert_eq!(peer.photo_offer(&offer), Ok(place));
    assert_eq!(peer.photo_offset("/v1/photos/xyz"), Ok(3));
    assert_eq!(peer.photo_append("/v1/photos/xyz", 3, b"xyz"), Ok(6));
    assert_eq!(peer.photo_offer(&offer), Ok(PhotoPlace::Stored));
    let gone = CallError::Refused { code: CallRefusal::UploadGone };
    assert_eq!(peer.photo_offset("/v1/photos/xyz"), Err(gone));
    assert!(matches!(peer.photo_offer(&offer), Err(CallError::Unreadable(_))), "tokens go to the own server only");
    assert!(matches!(peer.photo_append("/elsewhere", 0, b"x"), Err(CallError::Unreadable(_))));
    let requests = server.requests();
    assert_eq!(requests[0].header("tus-resumable"), Some("1.0.0"));
    assert_eq!(requests[0].header("upload-length"), Some("6"));
    assert_eq!(
        requests[0].header("upload-metadata"),
        Some(
            "photo MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAx,\
             sha256 YWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYg=="
        )
    );
    assert_eq!(requests[1].line, "HEAD /v1/photos/xyz HTTP/1.1");
    assert_eq!(requests[2].line, "PATCH /v1/photos/xyz HTTP/1.1");
    assert_eq!(requests[2].header("upload-offset"), Some("3"));
    assert_eq!(requests[2].header("content-type"), Some("application/offset+octet-stream"));
    assert_eq!(requests[2].header("upload-checksum"), None, "what arrived of a piece that was cut counts");
    assert_eq!(requests[2].body, b"xyz");
}

/// A photo's record on the phone, and no picture.
fn photo_of(device: &Device, picture: &str) -> (RecordId, Sha256Hex) {
    let hash = sha256_of(picture.as_bytes());
    let fields = json!({"subject": record_id(42), "subject_kind": "incident", "sha256": hash, "width": 16, "height": 16,
        "bytes": picture.len(), "taken_at": START, "photo_kind": "scene", "by": "worker"});
    let fields = serde_json::from_value(fields).unwrap();
    let id = device.with_open(|open| open.write(&Kind::Photo, None, None, fields)).unwrap();
    (id, hash)
}

#[test]
fn a_picture_from_the_server_is_checked_kept_and_shown_without_it_the_next_time() {
    let picture = "a picture";
    let server = serve(vec![answer("200 OK", "", "another one"), answer("200 OK", "", picture)]);
    let (_folder, device) = enrolled(&server.address);
    let (_, hash) = photo_of(&device, picture);
    assert!(matches!(device.fetch_photo(&hash, PhotoSize::Full), Err(DeviceError::Call(CallError::Unreadable(_)))));
    assert_eq!(device.fetch_photo(&hash, PhotoSize::Full).unwrap(), picture.as_bytes());
    let requests = server.requests();
    assert_eq!(requests[1].line, format!("GET /v1/photo/{hash}/full HTTP/1.1"));
    assert_eq!(device.fetch_photo(&hash, PhotoSize::Full).unwrap(), picture.as_bytes(), "the server is gone by now");
    assert_eq!(device.sync_state().unwrap().waiting_photos, 0, "it is not ours to send");
}

#[test]
fn a_picture_whose_record_went_while_it_was_loaded_is_neither_kept_nor_shown() {
    let phone: Arc<Mutex<Option<(Device, RecordId)>>> = Arc::default();
    let going = phone.clone();
    let server = serve_while(vec![answer("200 OK", "", "a picture")], move || {
        let (device, id) = going.lock().unwrap().take().unwrap();
        device.with_open(|open| open.take_back(id)).unwrap();
    });
    let (_folder, device) = enrolled(&server.address);
    let (id, hash) = photo_of(&device, "a picture");
    *phone.lock().unwrap() = Some((device.clone(), id));
    assert!(matches!(device.fetch_photo(&hash, PhotoSize::Full), Err(DeviceError::NotFound)));
    assert!(device.with_open(|open| open.store().photo_file(&hash)).unwrap().is_none());
    server.requests();
}

/// What the register knows of the server: the database to which its cursors belong, and by which number that said last that it lacks
/// pictures.
fn put_known(device: &Device, epoch: u128, photos_lost: i64) {
    let known = [("epoch", json!(uuid::Uuid::from_u128(epoch))), ("photos_lost", json!(photos_lost))];
    let put = |open: &mut device::Open| {
        let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
        for (key, value) in &known {
            open.store().connection().execute(sql, (key, value.to_string()))?;
        }
        Ok::<_, DeviceError>(())
    };
    device.with_open(put).unwrap();
}

#[test]
fn a_picture_that_was_loading_while_the_server_or_its_pictures_were_put_back_is_offered() {
    for (epoch, photos_lost, state) in
        [(1, 1, PhotoFileState::Fetched), (2, 1, PhotoFileState::Waiting), (1, 2, PhotoFileState::Waiting)]
    {
        let phone: Arc<Mutex<Option<Device>>> = Arc::default();
        let loading = phone.clone();
        let server = serve_while(vec![answer("200 OK", "", "a picture")], move || {
            let device = loading.lock().unwrap().take().unwrap();
            put_known(&device, epoch, photos_lost);
        });
        let (_folder, device) = enrolled(&server.address);
        let (_, hash) = photo_of(&device, "a picture");
        put_known(&device, 1, 1);
        *phone.lock().unwrap() = Some(device.clone());
        device.fetch_photo(&hash, PhotoSize::Full).unwrap();
        let file = device.with_open(|open| open.store().photo_file(&hash)).unwrap().unwrap();
        assert_eq!(file.state, state);
        server.requests();
    }
}

#[test]
fn a_phone_is_enrolled_by_a_code_and_only_over_a_safe_way() {
    let server = serve(vec![
        answer("403 Forbidden", "", r#"{"code":"wrong_code"}"#),
        ok(serde_json::to_value(enrolment(1)).unwrap()),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let config = DeviceConfig { folder: folder.path().into(), world: Box::new(SystemWorld), app_version: "1.0".into() };
    let device = Device::open(config).unwrap();
    let enrol = |code: &str, pin: &str| device.enrol_over_http(&server.address, code, pin, "小米");
    assert!(matches!(enrol("AAAA", "12"), Err(DeviceError::PinForm)), "before the code is used up");
    let wrong = CallError::Refused { code: CallRefusal::WrongCode };
    assert!(matches!(enrol("AAAA", PIN), Err(DeviceError::Call(error)) if error == wrong));
    enrol(" BBBB ", PIN).unwrap();
    assert_eq!(device.phase(), device::Phase::Open);
    let requests = server.requests();
    let sent: EnrolRequest = serde_json::from_slice(&zstd::decode_all(&requests[1].body[..]).unwrap()).unwrap();
    assert_eq!((sent.code.as_str(), sent.device_name.as_str(), sent.app_version.as_str()), ("BBBB", "小米", "1.0"));

    for unsafe_way in [
        "http://county.example",
        "ftp://127.0.0.1",
        "127.0.0.1:8610",
        "http://127.0.0.1.evil.example",
        "https://me:secret@county.example",
        "",
    ] {
        let malformed = CallError::Refused { code: CallRefusal::Malformed };
        assert_eq!(enrol_over_http(unsafe_way, &sent).unwrap_err(), malformed, "{unsafe_way}");
    }
}

/// What the server says to a phone of which it knows this.
fn code(status: &str, code: &str) -> String {
    answer(status, "", &json!({ "code": code }).to_string())
}

#[test]
fn ninety_days_offline_with_an_expired_token_and_a_lost_answer_to_its_exchange_lose_nothing() {
    let fresh = json!({"access": "new-access", "access_until": START, "refresh": "new-refresh"});
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"acc".to_owned();
    let exchanged = json!({"server_time": START, "epoch": uuid::Uuid::from_u128(1), "lists_version": 1,
        "verdicts": [{"verdict": "accepted"}], "cells": ["610722001001001"], "pages": [], "more": false});
    let server = serve(vec![
        code("401 Unauthorized", "signed_out"),
        cut,
        code("401 Unauthorized", "signed_out"),
        ok(fresh),
        ok(hello()),
        ok(exchanged),
        ok(serde_json::to_value(domain::codes::Lists::initial()).unwrap()),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(std::sync::atomic::AtomicI64::new(START));
    let start = || {
        let world = Box::new(TestWorld::new(clock.clone(), 9));
        Device::open(DeviceConfig { folder: folder.path().into(), world, app_version: "1.0".into() }).unwrap()
    };
    let device = start();
    device.enrol_at_cost(&server.address, &enrolment(1), PIN, KeyCost::SIMULATION).unwrap();
    clock.fetch_add(90 * 24 * 60 * 60 * 1000, std::sync::atomic::Ordering::SeqCst);
    let fields = serde_json::from_value(json!({"name": "一号楼", "building_kind": "farmhouse"})).unwrap();
    let id = device.with_open(|open| open.write(&domain::Kind::Building, None, None, fields)).unwrap();
    let round = |device: &Device| device.round(&HttpPeer::of(device).unwrap());
    assert!(matches!(round(&device).ended_by, Some(DeviceError::Call(CallError::Offline(_)))));
    assert_eq!(device.sync_state().unwrap().waiting_records, 1);
    // The app is killed; the old refresh token is what it has.
    drop(device);
    let device = start();
    device.unlock(PIN).unwrap();
    assert!(device.with_open(|open| open.store().get(id)).unwrap().is_some(), "read and written without the server");
    let report = round(&device);
    assert!(report.ended_by.is_none() && report.accepted == 1, "{report:?}");
    assert_eq!(device.sync_state().unwrap().phase, device::SyncPhase::Safe);
    assert_eq!(server.requests().len(), 7);
}

/// A request that asks for nothing but what is new.
fn nothing_to_send() -> ExchangeRequest {
    ExchangeRequest {
        protocol: PROTOCOL,
        device_time: START,
        node: domain::Node(1),
        epoch: None,
        push: Vec::new(),
        cursors: Default::default(),
        doubted: Vec::new(),
        words_about: Vec::new(),
        merges: true,
        health: None,
        room: Some(0),
        proofs: Default::default(),
        lost_receipts: Vec::new(),
    }
}

#[test]
fn a_refusal_with_a_code_of_a_newer_version_spoils_no_answer() {
    let refusal = json!({"verdict": "refused", "code": "not_yet_thought_of", "problems": []});
    let answered = json!({"server_time": START, "epoch": uuid::Uuid::from_u128(1), "lists_version": 1,
        "verdicts": [{"verdict": "accepted"}, refusal], "cells": [], "pages": [], "more": false});
    let server = serve(vec![ok(answered)]);
    let (_folder, device) = enrolled(&server.address);
    let peer = HttpPeer::of(&device).unwrap();
    let verdicts = peer.exchange(&nothing_to_send()).unwrap().verdicts;
    assert_eq!(verdicts[0], Verdict::Accepted);
    assert!(matches!(&verdicts[1], Verdict::Refused(refusal) if refusal.code == ProblemCode::Newer));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn work_is_done_once_beside_an_exchange_whatever_becomes_of_it() {
    let fresh = json!({"access": "new-access", "access_until": START, "refresh": "new-refresh"});
    let expired = answer("401 Unauthorized", "", &json!({"code": "signed_out"}).to_string());
    let answered = json!({"server_time": START, "epoch": uuid::Uuid::from_u128(1), "lists_version": 1, "verdicts": [], "cells": [],
        "pages": [], "more": false});
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"serv".to_owned();
    let server = serve(vec![expired, ok(fresh), ok(answered.clone()), cut, ok(answered)]);
    let (_folder, device) = enrolled(&server.address);
    let peer = HttpPeer::of(&device).unwrap();
    let mut done = 0;
    // The work holds the register: the call that goes on beside it needs nothing of it.
    let mut exchange = || {
        peer.exchange_while(&nothing_to_send(), &mut || {
            device.with_open::<_, DeviceError>(|open| Ok(open.store().connection().is_autocommit())).unwrap();
            done += 1;
        })
    };
    assert!(exchange().is_ok(), "with a token that was renewed");
    assert!(matches!(exchange(), Err(CallError::Offline(_))));
    assert!(exchange().is_ok());
    assert_eq!(done, 3);
    let requests = server.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    let exchange = "POST /v1/exchange HTTP/1.1";
    assert_eq!(
        lines,
        [exchange, "POST /v1/token HTTP/1.1", exchange, exchange, exchange],
        "nothing is sent again with an old token"
    );
    assert_eq!(requests[2].header("authorization"), Some("Bearer new-access"));
}

#[test]
fn a_phone_that_was_shut_out_asks_for_no_new_token_and_hands_in_with_its_old_one() {
    let keys = domain::seal::SealKeys::fresh(&mut SystemWorld);
    let order = json!({"order": null, "keys": {"seal": keys.public_text()}});
    let server = serve(vec![code("401 Unauthorized", "revoked"), ok(order), answer("204 No Content", "", "")]);
    let (_folder, device) = enrolled(&server.address);
    let fields = serde_json::from_value(json!({"name": "一号楼", "building_kind": "farmhouse"})).unwrap();
    device.with_open(|open| open.write(&domain::Kind::Building, None, None, fields)).unwrap();
    let ended = device.round(&HttpPeer::of(&device).unwrap()).ended_by;
    assert!(matches!(ended, Some(DeviceError::Call(CallError::Revoked))), "{ended:?}");
    let requests = server.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(lines, ["GET /v1/hello HTTP/1.1", "POST /v1/order HTTP/1.1", "POST /v1/hand-in HTTP/1.1"]);
    assert!(requests.iter().all(|request| request.header("authorization") == Some("Bearer a")));
}

#[test]
fn a_locked_phone_speaks_with_the_token_of_its_note_and_a_wiped_one_falls_silent() {
    let keys = domain::seal::SealKeys::fresh(&mut SystemWorld);
    let keys = json!({"seal": keys.public_text()});
    let lock = json!({"order": {"what": "lock", "ordered_at": 5}, "keys": keys});
    let wipe = json!({"order": {"what": "wipe", "ordered_at": 6}, "keys": keys});
    let done = || answer("204 No Content", "", "");
    let server = serve(vec![code("423 Locked", "ordered"), ok(lock.clone()), done(), ok(lock), ok(wipe), done()]);
    let (_folder, device) = enrolled(&server.address);
    let round = || device.round(&HttpPeer::of(&device).unwrap()).ended_by;
    assert!(matches!(round(), Some(DeviceError::LockedByDesk)));
    assert!(round().is_none());
    assert_eq!(device.phase(), device::Phase::Empty);
    assert!(matches!(HttpPeer::of(&device), Err(DeviceError::Locked)), "it has nothing more to say");
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.header("authorization") == Some("Bearer a")));
    let lines: Vec<&str> = requests.iter().skip(2).map(|request| request.line.as_str()).collect();
    let (report, order) = ("POST /v1/report HTTP/1.1", "POST /v1/order HTTP/1.1");
    assert_eq!(lines, [report, order, order, report]);
}
