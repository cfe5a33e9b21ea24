//! Registers of older versions: a phone that was not updated for long opens what it has, and sends every word of it.
//!
//! `tests/fixtures/register_<n>` is a phone's folder as schema <n> left it, with unsent work, refused words, a draft and a photo that
//! waits. A released schema's fixture is never made again; [`keep_an_example_of_the_present_schema`] makes the next one.

use std::path::{Path, PathBuf};

use device::api;
use device::{Device, DeviceConfig, DeviceError};
use domain::{Fields, Kind, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::*;
use crate::phones::*;

/// What a fixture must still say after every upgrade.
#[derive(Serialize, Deserialize)]
struct Expected {
    /// The phone's clock when it was last used.
    last_used: i64,
    /// The unsent fields of every record that waits.
    unsent: Vec<(RecordId, Kind, Fields)>,
    /// A building that the server had acknowledged.
    sent: RecordId,
    /// A building whose new name was refused, and that name.
    refused: (RecordId, String),
    /// The draft's content.
    draft: Value,
    /// The hash of the photo that waits.
    photo: String,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every fixture, copied to where it may be changed.
fn examples() -> Vec<(String, tempfile::TempDir, Expected)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("register_") {
            continue;
        }
        let copy = tempfile::tempdir().unwrap();
        for file in ["register.db", "register.key", "device.secret"] {
            std::fs::copy(folder.join(file), copy.path().join(file)).unwrap();
        }
        let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
        found.push((name, copy, serde_json::from_str(&expected).unwrap()));
    }
    assert!(!found.is_empty(), "there are no examples of older registers");
    found
}

fn open(folder: &Path, now: i64) -> Device {
    let world = Box::new(TestWorld::at(now, 99));
    let device = Device::open(DeviceConfig { folder: folder.into(), world, app_version: "2".into() }).unwrap();
    device.unlock(PIN).unwrap();
    device
}

#[test]
fn a_register_of_every_older_schema_opens_with_all_that_waits_in_it() {
    for (name, folder, expected) in examples() {
        let device = open(folder.path(), expected.last_used);
        assert_eq!(device.sync_state().unwrap().waiting_records, expected.unsent.len() as i64, "{name}");
        assert_eq!(device.sync_state().unwrap().waiting_photos, 1, "{name}");
        for (id, kind, fields) in &expected.unsent {
            let record = device.with_open(|open| open.store().get(*id)).unwrap().unwrap();
            assert_eq!(record.kind, *kind, "{name}");
            for (field, value) in fields {
                assert_eq!(record.fields.get(field), Some(value), "{name}: {kind} {field}");
            }
        }
        let refused = device.with_open(|open| open.refused()).unwrap();
        let words: Vec<_> = refused.iter().map(|words| (words.id, words.fields["name"].clone())).collect();
        assert_eq!(words, [(expected.refused.0, json!(expected.refused.1))], "{name}");
        let draft = device.with_open(|open| open.store().draft("incident")).unwrap();
        assert_eq!(draft, Some(expected.draft), "{name}");
    }
}

#[test]
fn ninety_days_later_an_old_register_still_sends_every_word() {
    const NINETY_DAYS: i64 = 90 * 24 * 60 * 60 * 1000;
    for (name, folder, expected) in examples() {
        let server = Server::new();
        server.hub().now = expected.last_used + NINETY_DAYS;
        let device = open(folder.path(), expected.last_used + NINETY_DAYS);
        for _ in 0..3 {
            let report = device.round(&server);
            assert!(report.ended_by.is_none(), "{name}: {report:?}");
        }
        let hub = server.hub();
        for (id, _, fields) in &expected.unsent {
            let record = hub.records.get(id).unwrap_or_else(|| panic!("{name}: {id} never arrived"));
            for (field, value) in fields {
                assert_eq!(record.fields.get(field), Some(value), "{name}: {field}");
            }
        }
        assert!(hub.stored.keys().any(|hash| hash.as_str() == expected.photo), "{name}: the photo never arrived");
        drop(hub);
        let state = device.sync_state().unwrap();
        assert_eq!((state.waiting_records, state.waiting_photos, state.refused), (0, 0, 1), "{name}");
    }
}

#[test]
fn a_sent_record_of_an_old_register_is_not_sent_again() {
    for (name, folder, expected) in examples() {
        let server = Server::new();
        server.hub().now = expected.last_used;
        // The same database as before, so nothing is offered anew.
        server.hub().records.clear();
        let device = open(folder.path(), expected.last_used);
        device.round(&server);
        let pushed = server.hub().requests.iter().flat_map(|request| request.push.clone()).collect::<Vec<_>>();
        assert!(pushed.iter().all(|change| change.id != expected.sent), "{name}");
    }
}

/// Makes the fixture of the present schema: run it once when a schema is released, and commit what it writes.
#[test]
#[ignore = "writes a fixture; run by hand when a schema is released"]
fn keep_an_example_of_the_present_schema() {
    let server = Server::new();
    let phone = Phone::new(&server, 5);
    let sent = phone.building("一号楼");
    let refused = phone.building("二号楼");
    phone.sync();
    server.hub().refuse = Box::new(move |change| (change.id == refused).then_some(ProblemCode::TooLong));
    phone.rename(refused, "被退回的名称");
    phone.sync();
    let renamed = phone.building("三号楼");
    phone.sync();
    phone.rename(renamed, "三号楼(新)");
    let dwelling = phone
        .write(Kind::Dwelling, None, json!({"building": renamed, "unit": "1", "floor": 1, "room": "101", "use": "own"}))
        .unwrap();
    let household = phone.write(Kind::Household, None, json!({ "dwelling": dwelling })).unwrap();
    let person = phone.write(Kind::Person, None, json!({"household": household, "name": "示例", "sex": "2"})).unwrap();
    let visit = phone.visit(household);
    let fields = json!({"category": "0601", "title": "井盖破损", "text": "二单元门前"});
    let args = json!({"kind": "incident", "id": null, "cell": null, "fields": fields});
    let api::Answer::Json(saved) = api::call(&phone.device, "save", args, None).unwrap() else {
        panic!("a saved record is answered with its id");
    };
    let incident: RecordId = saved["id"].as_str().unwrap().parse().unwrap();
    let picture = std::fs::read(fixtures().join("../../../tests/fixtures/photos/starfish-orientation-6.jpg")).unwrap();
    let args = json!({"subject": incident, "subject_kind": "incident", "photo_kind": "scene"});
    let api::Answer::Json(photo) = api::call(&phone.device, "add_photo", args, Some(picture)).unwrap() else {
        panic!("a photo is answered with its line");
    };
    let draft = json!({"title": "没写完", "severity": 2});
    phone.device.with_open(|open| open.store().save_draft("incident", &draft, START)).unwrap();
    let photo_id: RecordId = photo["id"].as_str().unwrap().parse().unwrap();
    let unsent = [renamed, dwelling, household, person, visit, incident, photo_id].map(|id| {
        let record = phone.get(id).unwrap();
        let fields = match id == renamed {
            true => [("name".to_owned(), record.fields["name"].clone())].into(),
            false => record.fields.clone(),
        };
        (id, record.kind, fields)
    });
    let expected = Expected {
        last_used: START,
        unsent: unsent.into(),
        sent,
        refused: (refused, "被退回的名称".into()),
        draft,
        photo: photo["sha256"].as_str().unwrap().to_owned(),
    };
    let schema: i64 = phone
        .device
        .with_open::<_, DeviceError>(|open| {
            let connection = open.store().connection();
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
        })
        .unwrap();
    let folder = fixtures().join(format!("register_{schema}"));
    assert!(!folder.exists(), "a released example is never made again");
    std::fs::create_dir_all(&folder).unwrap();
    for file in ["register.db", "register.key", "device.secret"] {
        std::fs::copy(phone.path().join(file), folder.join(file)).unwrap();
    }
    std::fs::write(folder.join("expected.json"), serde_json::to_string_pretty(&expected).unwrap()).unwrap();
}
