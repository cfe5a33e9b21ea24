//! Photos at a record: from the camera's bytes to what is stored.

use std::path::Path;

use device::api::{Answer, Failure, FailureCode, call};
use domain::ProblemCode;
use serde_json::{Value, json};

use crate::phone::Phone;

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/photos").join(name)).unwrap()
}

fn add(phone: &Phone, subject: &str, kind: &str, body: Vec<u8>) -> Result<Value, Failure> {
    let args = json!({"subject": subject, "subject_kind": kind, "photo_kind": "scene", "note": " 东侧 "});
    match call(&phone.device, "add_photo", args, Some(body))? {
        Answer::Json(line) => Ok(line),
        Answer::Bytes { .. } => panic!("a line was expected"),
    }
}

fn bytes(phone: &Phone, id: &Value, size: &str) -> Vec<u8> {
    match call(&phone.device, "photo", json!({"id": id, "size": size}), None).unwrap() {
        Answer::Bytes { mime, bytes } => {
            assert_eq!(mime, "image/jpeg");
            bytes
        }
        Answer::Json(_) => panic!("bytes were expected"),
    }
}

#[test]
fn a_photo_is_stored_upright_and_silent_and_waits_to_be_sent() {
    let mut phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    let line = add(&phone, &incident, "incident", sample("starfish-orientation-6.jpg")).unwrap();
    assert_eq!(line["note"], "东侧");
    assert_eq!(line["sent"], false);
    assert!(line["width"].as_i64().unwrap() > line["height"].as_i64().unwrap(), "upright again");
    phone.restart();
    let page = phone.ok("incident", json!({"id": incident}));
    assert_eq!(page["photos"], json!([line]));
    let full = bytes(&phone, &line["id"], "full");
    let thumb = bytes(&phone, &line["id"], "thumb");
    assert!(thumb.len() < full.len());
    assert!(!full.windows(4).any(|four| four == b"Exif" || four == b"GPS\0"));
    let shown = phone.ok("incidents", json!({}))[0].clone();
    assert_eq!((&shown["photos"], &shown["photos_sent"]), (&json!(1), &json!(0)));
    assert_eq!(phone.ok("sync_state", json!({}))["waiting_photos"], 1);
    phone.round();
    let shown = phone.ok("incidents", json!({}))[0].clone();
    assert_eq!((&shown["photos"], &shown["photos_sent"]), (&json!(1), &json!(1)));
    assert_eq!(phone.ok("incident", json!({"id": incident}))["photos"][0]["sent"], true);
}

#[test]
fn room_is_made_only_from_what_the_server_has() {
    let phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    let line = add(&phone, &incident, "incident", sample("starfish-orientation-6.jpg")).unwrap();
    let before = phone.ok("storage", json!({}));
    assert_eq!((&before["waiting"]["count"], &before["spare"]["count"]), (&json!(1), &json!(0)));
    let after = phone.ok("free_storage", json!({}));
    assert_eq!(after["waiting"], before["waiting"], "nothing that waits is given up");
    assert!(!bytes(&phone, &line["id"], "full").is_empty());

    phone.round();
    let sent = phone.ok("storage", json!({}));
    assert_eq!((&sent["waiting"]["count"], &sent["spare"]["count"]), (&json!(0), &json!(1)));
    let freed = phone.ok("free_storage", json!({}));
    assert_eq!((&freed["spare"]["count"], &freed["thumbs"]["count"]), (&json!(0), &json!(1)));
    assert!(freed["register_bytes"].as_u64() < sent["register_bytes"].as_u64(), "{sent} {freed}");
    assert!(!bytes(&phone, &line["id"], "thumb").is_empty(), "the lists keep their pictures");
}

#[test]
fn what_is_no_picture_is_refused_and_leaves_nothing() {
    let phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    for body in [b"".to_vec(), b"hello".to_vec(), vec![0; 100_000], sample("flower.jpg")[..100].to_vec()] {
        assert_eq!(add(&phone, &incident, "incident", body).unwrap_err().code, FailureCode::NotAnImage);
    }
    assert_eq!(phone.ok("incident", json!({"id": incident}))["photos"], json!([]));
    assert_eq!(phone.ok("sync_state", json!({}))["waiting_photos"], 0);
}

#[test]
fn nine_photos_fit_at_a_record() {
    let phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    for _ in 0..9 {
        add(&phone, &incident, "incident", sample("right-orientation-8.jpg")).unwrap();
    }
    let failure = add(&phone, &incident, "incident", sample("right-orientation-8.jpg")).unwrap_err();
    assert_eq!((failure.problems[0].code, failure.problems[0].limit), (ProblemCode::TooManyPhotos, Some(9)));
    let first = phone.ok("incident", json!({"id": incident}))["photos"][0]["id"].clone();
    phone.ok("take_back", json!({"id": first}));
    add(&phone, &incident, "incident", sample("right-orientation-8.jpg")).unwrap();
}

#[test]
fn a_photo_needs_a_record_that_is_there() {
    let phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    let nobody = "00000000-0000-7000-8000-000000000000";
    let code = |subject, kind| add(&phone, subject, kind, sample("flower.jpg")).unwrap_err().problems[0].code;
    assert_eq!(code(nobody, "incident"), ProblemCode::MissingTarget);
    assert_eq!(code(&incident, "person"), ProblemCode::MissingTarget);
    assert_eq!(phone.fails("photo", json!({"id": incident, "size": "full"})), FailureCode::NotFound);
    assert_eq!(phone.fails("photo", json!({"id": incident, "size": "huge"})), FailureCode::Malformed);
    let args = json!({"subject": incident, "subject_kind": "incident", "photo_kind": "scene"});
    assert_eq!(phone.fails("add_photo", args), FailureCode::Malformed, "the body is missing");
}

#[test]
fn a_colleagues_photo_that_is_not_here_needs_the_server() {
    let phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    let cell = phone.record(&incident).cell;
    let fields = json!({"subject": incident, "subject_kind": "incident", "sha256": "0".repeat(64), "width": 10, "height": 10,
        "bytes": 100, "taken_at": phone.now(), "photo_kind": "scene", "by": "worker-2"});
    let photo = crate::phone::record(&cell, domain::Kind::Photo, phone.now(), fields);
    let id = photo.id;
    phone.give([photo]);
    assert_eq!(phone.ok("incident", json!({"id": incident}))["photos"][0]["sent"], true);
    assert_eq!(phone.fails("photo", json!({"id": id, "size": "thumb"})), FailureCode::Offline);
}

/// How many pages the register's file may have from here on.
fn room_for(phone: &Phone, pages: i64) {
    let bound = |open: &mut device::Open| -> Result<(), device::DeviceError> {
        let now: i64 = open.store().connection().query_row("PRAGMA page_count", [], |row| row.get(0))?;
        Ok(open.store().connection().pragma_update(None, "max_page_count", now + pages)?)
    };
    phone.device.with_open(bound).unwrap();
}

#[test]
fn a_photo_that_finds_no_room_is_told_and_costs_neither_the_incident_nor_the_form_nor_the_next_words() {
    let mut phone = Phone::new();
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    let kept = add(&phone, &incident, "incident", sample("flower.jpg")).unwrap();
    let form = json!({"title": "路灯不亮", "photos": ["report-photo:1"]});
    phone.ok("save_draft", json!({"key": "report", "value": form}));
    let before = phone.record(&incident);
    room_for(&phone, 4);
    let failure = add(&phone, &incident, "incident", sample("starfish-orientation-6.jpg")).unwrap_err();
    assert_eq!(failure.code, FailureCode::StorageFull);
    let piece = json!({"key": "report-photo:1:0", "value": "A".repeat(240_000)});
    assert_eq!(phone.fails("save_draft", piece.clone()), FailureCode::StorageFull, "nor is it kept in the form");
    assert_eq!(phone.record(&incident), before);
    assert_eq!(phone.ok("incident", json!({"id": incident}))["photos"], json!([kept]), "no half of it is listed");
    phone.edit("incident", &incident, json!({"text": "挡住了人行道"}));
    phone.restart();
    assert_eq!(phone.ok("draft", json!({"key": "report"}))["value"], form);
    assert_eq!(phone.ok("sync_state", json!({}))["waiting_photos"], 1);
    // Somebody made room: the same photo is taken now.
    room_for(&phone, 10_000);
    add(&phone, &incident, "incident", sample("starfish-orientation-6.jpg")).unwrap();
    phone.ok("save_draft", piece);
    assert_eq!(phone.ok("incident", json!({"id": incident}))["photos"].as_array().unwrap().len(), 2);
}
