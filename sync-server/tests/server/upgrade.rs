//! Databases of older versions: a server that was not updated for long opens what it has, and its phones go on as if nothing were.
//!
//! `tests/fixtures/county_<n>` is a data folder as schema <n> left it. A released schema's fixture is never made again;
//! [`keep_an_example_of_the_present_schema`] makes the next one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::protocol::{PhotoOffer, PhotoPlace, PhotoSize, Tokens, Verdict};
use domain::review::ReviewState;
use domain::{Change, HybridClock, Kind, Record, RecordId, Sha256Hex, Stamp, World as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_server::hub::Hub;
use sync_server::hub::reviews::{ReviewOf, ReviewVerdict};
use sync_server::photos::PhotoFolder;
use sync_server::store::Store as _;
use sync_server::store::sqlite::SqliteStore;

use crate::common::{County, START, TestPhone, TestWorld, cell, jpeg, scope, sha256};

/// What a fixture must still say after every upgrade.
#[derive(Serialize, Deserialize)]
struct Expected {
    /// Every record, as a phone that begins anew must receive it.
    records: Vec<Record>,
    /// A record that was approved, one that was returned, one that waits.
    states: [RecordId; 3],
    /// A phone's tokens.
    tokens: Tokens,
    /// Up to where that phone has read; everything after it is new to it.
    cursor: u64,
    /// What it had not read yet.
    unread: RecordId,
    /// A change whose answer got lost: the phone will repeat it.
    repeated: Change,
    /// The photo that is stored.
    photo: Sha256Hex,
    /// A photo of which a half has arrived.
    half: (RecordId, Sha256Hex, u64, u64),
    /// The desk's lost value of a field that two people wrote.
    lost: (RecordId, String),
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every fixture, copied to where it may be changed, and opened.
fn examples() -> Vec<(String, County, Expected)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let from = entry.unwrap().path();
        let name = from.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("county_") {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        copy(&from, folder.path());
        let expected = std::fs::read_to_string(from.join("expected.json")).unwrap();
        let world = TestWorld::new();
        // Another chance than the one that made the fixture: tokens and ids must not come twice.
        world.clock.store(START + 60_000, Ordering::SeqCst);
        world.reseed(77);
        let store = SqliteStore::open(&folder.path().join("county.db")).unwrap();
        let photos = PhotoFolder::open(&folder.path().join("photos")).unwrap();
        let hub = Arc::new(Hub::open(store, photos, Box::new(world.clone())).unwrap());
        found.push((name, County { folder, hub, world }, serde_json::from_str(&expected).unwrap()));
    }
    assert!(!found.is_empty(), "there are no examples of older databases");
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn phone_of(county: &County, expected: &Expected) -> TestPhone {
    let mut world = county.world.clone();
    let clock = HybridClock::new(world.node(), Stamp::ZERO);
    let cursors = BTreeMap::from([(cell(1), expected.cursor)]);
    let epoch = county.hub.store().read(|reading| reading.epoch()).unwrap();
    TestPhone {
        hub: Arc::clone(&county.hub),
        world,
        tokens: expected.tokens.clone(),
        clock,
        cursors,
        epoch: Some(epoch),
    }
}

#[test]
fn a_database_of_every_older_schema_opens_with_all_that_was_in_it() {
    for (name, county, expected) in examples() {
        for record in &expected.records {
            let stored = county.stored(record.id).unwrap_or_else(|| panic!("{name}: {} is gone", record.id));
            assert_eq!(&stored.record, record, "{name}");
            assert_eq!(stored.version, record.version(), "{name}");
        }
        let states = [ReviewState::Approved, ReviewState::Returned, ReviewState::Waiting];
        for (id, state) in expected.states.iter().zip(states) {
            assert_eq!(county.stored(*id).unwrap().state, state, "{name}");
        }
        let history = county.hub.store().read(|reading| reading.history(&scope("610722"), expected.lost.0)).unwrap();
        let lost = history.iter().flat_map(|entry| &entry.lost).any(|lost| lost.value == json!(expected.lost.1));
        assert!(lost, "{name}: the value that lost is not in the history any more");
        let bytes = county.hub.photos().read(&expected.photo, PhotoSize::Full).unwrap();
        assert_eq!(sha256(&bytes), expected.photo.as_str(), "{name}");
    }
}

#[test]
fn a_phone_goes_on_after_the_upgrade_where_it_was() {
    for (name, county, expected) in examples() {
        let mut phone = phone_of(&county, &expected);
        assert_eq!(phone.pulled(), [expected.unread], "{name}: only what is new comes down");
        assert_eq!(phone.push(std::slice::from_ref(&expected.repeated)), [Verdict::Accepted], "{name}");
        let stored = county.stored(expected.repeated.id).unwrap().record;
        assert_eq!(stored.fields, expected.repeated.fields, "{name}: repeated, not doubled");
        let (photo, hash, bytes, sent) = expected.half.clone();
        let offer = PhotoOffer { photo, sha256: hash, bytes };
        let place = county.hub.photo_offer(&phone.phone(), &offer).unwrap();
        assert!(matches!(place, PhotoPlace::Upload { offset, .. } if offset == sent), "{name}: {place:?}");
        let new = phone.new_dwelling(&cell(1));
        phone.push_all(&[new]);
    }
}

#[test]
fn a_phone_that_begins_anew_receives_every_record_of_an_upgraded_database() {
    for (name, county, expected) in examples() {
        let mut phone = phone_of(&county, &expected);
        phone.cursors.clear();
        let mut pulled = phone.pulled();
        let mut all: Vec<RecordId> = expected.records.iter().map(|record| record.id).collect();
        pulled.sort();
        all.sort();
        assert_eq!(pulled, all, "{name}");
    }
}

/// Makes the fixture of the present schema: run it once when a schema is released, and commit what it writes.
#[test]
#[ignore = "writes a fixture; run by hand when a schema is released"]
fn keep_an_example_of_the_present_schema() {
    let county = County::new();
    let desk = county.supervisor("supervisor", "610722001001");
    let mut phone = county.worker("worker", &[cell(1)]);
    let [dwelling, household, person] = phone.new_home(&cell(1));
    phone.push_all(&[dwelling.clone(), household.clone(), person.clone()]);
    let visit = phone.visit(household.id, &cell(1));
    let incident = phone.new_incident(&cell(1));
    phone.push_all(&[visit.clone(), incident.clone()]);
    // Two people write the same field without knowing of each other: the later one wins, the other is kept.
    let earlier = phone.change(Kind::Person, person.id, &cell(1), json!({"phone": "13811111111"}));
    county.world.pass(1_000);
    let later = phone.change(Kind::Person, person.id, &cell(1), json!({"phone": "13822222222"}));
    phone.push_all(&[later]);
    phone.push_all(&[earlier]);
    let review = |id: RecordId, verdict, note: Option<&str>| {
        let version = county.stored(id).unwrap().version;
        let (seen, note) = (domain::review::ReviewState::Waiting, note.map(str::to_owned));
        county.hub.review(&desk, &ReviewOf { id, version, seen, verdict, remarks: BTreeMap::new(), note }).unwrap()
    };
    review(visit.id, ReviewVerdict::Approved, None);
    review(incident.id, ReviewVerdict::Returned, Some("请补充位置"));

    let photo = |phone: &mut TestPhone, bytes: &[u8]| {
        let (by, at) = (phone.account(), phone.world.now());
        let fields = json!({
            "subject": incident.id, "subject_kind": "incident", "sha256": sha256(bytes), "width": 64, "height": 48,
            "bytes": bytes.len(), "taken_at": at, "photo_kind": "scene", "by": by,
        });
        let change = phone.new_record(Kind::Photo, &cell(1), fields);
        phone.push_all(std::slice::from_ref(&change));
        let offer =
            PhotoOffer { photo: change.id, sha256: Sha256Hex::new(&sha256(bytes)).unwrap(), bytes: bytes.len() as u64 };
        let PhotoPlace::Upload { upload, .. } = county.hub.photo_offer(&phone.phone(), &offer).unwrap() else {
            panic!("an upload was expected");
        };
        (change.id, upload, offer)
    };
    let whole = jpeg(1);
    let (_, upload, stored) = photo(&mut phone, &whole);
    county.hub.photo_append(&phone.phone(), &upload, 0, &whole).unwrap();
    let other = jpeg(2);
    let (half_id, upload, half) = photo(&mut phone, &other);
    let sent = county.hub.photo_append(&phone.phone(), &upload, 0, &other[..other.len() / 2]).unwrap();

    phone.pulled();
    let cursor = phone.cursors[&cell(1)];
    let mut colleague = county.worker("colleague", &[cell(1)]);
    let unread = colleague.new_dwelling(&cell(1));
    colleague.push_all(std::slice::from_ref(&unread));
    let repeated = visit;
    let store = county.hub.store();
    let entries = store.read(|reading| reading.feed_after(&cell(1), None, sync_server::store::Run::SERVER)).unwrap();
    let records = entries.iter().map(|entry| county.stored(entry.record).unwrap().record).collect();
    let expected = Expected {
        records,
        states: [repeated.id, incident.id, unread.id],
        tokens: phone.tokens.clone(),
        cursor,
        unread: unread.id,
        repeated,
        photo: stored.sha256,
        half: (half_id, half.sha256, half.bytes, sent),
        lost: (person.id, "13811111111".into()),
    };
    let made = tempfile::tempdir().unwrap();
    store.back_up(&made.path().join("county.db")).unwrap();
    copy(&county.folder.path().join("photos"), &made.path().join("photos"));
    std::fs::write(made.path().join("expected.json"), serde_json::to_string_pretty(&expected).unwrap()).unwrap();
    let schema = SqliteStore::schema_of(&made.path().join("county.db")).unwrap();
    for beside in ["county.db-wal", "county.db-shm"] {
        // Looking at the file has made them; they hold nothing.
        std::fs::remove_file(made.path().join(beside)).unwrap();
    }
    let folder = fixtures().join(format!("county_{schema}"));
    assert!(!folder.exists(), "a released example is never made again");
    copy(made.path(), &folder);
}
