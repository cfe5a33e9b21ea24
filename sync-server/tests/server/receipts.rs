//! Receipts: what the server signs is what it has, whatever was written, moved or loaded before; and what a phone that doubts is told.

use std::collections::BTreeMap;

use domain::protocol::{CellState, ExchangeAnswer, ReceiptStatement};
use domain::receipt::ReceiptError;
use domain::review::ReviewState;
use domain::scope::Role;
use domain::{AccountId, CellCode, Digest, Kind, Node, Record, RecordId, Scope, Sha256Hex, Stamp, Stamps, World as _};
use serde_json::json;
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{BulkRecord, Reading, Run, Store, StoreError, Written};

use crate::common::{County, MINUTE, TestPhone, TestWorld, cell, jpeg, scope, sha256};
use crate::photos::offered;

type Outcome<T> = Result<T, StoreError>;

/// Counts a cell from its records, the slow way.
fn counted(reading: &dyn Reading, cell: &CellCode) -> Outcome<CellState> {
    let entries = reading.feed_after(cell, None, Run::SERVER)?;
    let mut state = CellState { upto: reading.feed_reached(cell)?, ..CellState::default() };
    for entry in entries.into_iter().filter(|entry| !entry.gone) {
        let stored = reading.record(&Scope::from(cell), entry.record)?.unwrap();
        state.records += 1;
        state.digest.include(&stored.record);
        if let Some(hash) = stored.record.text("sha256") {
            state.photos += u64::from(reading.photo_stored(&Sha256Hex::new(hash).unwrap())?);
        }
    }
    Ok(state)
}

pub(crate) fn assert_counted(store: &impl Store, cells: &[CellCode]) {
    for cell in cells {
        let (kept, counted) = store.read(|r| -> Outcome<_> { Ok((r.cell_state(cell)?, counted(r, cell)?)) }).unwrap();
        assert_eq!(kept, counted, "{cell}");
    }
}

/// Part of the store's contract: after every write of whatever kind the numbers of a cell are those of a full count.
pub(crate) fn cells_are_counted_as_they_are_written(store: &impl Store) {
    let mut world = TestWorld::new();
    let cells = [cell(101), cell(102), cell(103)];
    let hashes: Vec<Sha256Hex> = (0..6).map(|n| Sha256Hex::new(&sha256(&[n])).unwrap()).collect();
    let mut held: Vec<Record> = Vec::new();
    for step in 0..300 {
        let chance = world.random();
        let stamp = Stamp::new(step, 0, Node(chance));
        let place = cells[(chance >> 8) as usize % cells.len()].clone();
        let hash = &hashes[(chance >> 16) as usize % hashes.len()];
        let fresh = |world: &mut TestWorld| {
            let photo = chance & 1 == 1;
            let fields = if photo { json!({"sha256": hash, "note": step}) } else { json!({"use": "own"}) };
            Record {
                id: world.record_id(),
                kind: if photo { Kind::Photo } else { Kind::Dwelling },
                cell: place.clone(),
                fields: serde_json::from_value(fields).unwrap(),
                stamps: Stamps::all(stamp),
            }
        };
        let by = AccountId::new("somebody").unwrap();
        let written = Written {
            at: step,
            by: by.clone(),
            run: Run(chance as i64),
            state: ReviewState::NotReviewed,
            is_new: false,
        };
        match chance % 7 {
            // Changed, moved, or both; or written once more as it is.
            0..3 if !held.is_empty() => {
                let index = (chance >> 24) as usize % held.len();
                let record = &mut held[index];
                if chance & 8 == 0 {
                    record.fields.insert("floor".into(), json!(step));
                    record.stamps = Stamps::all(stamp);
                }
                record.cell = place;
                store.write(|w| w.put_record(record, &written)).unwrap();
            }
            3 => store.write(|w| w.put_photo_stored(hash, 1, step)).unwrap(),
            4 => {
                let state = ReviewState::NotReviewed;
                let bulk = [fresh(&mut world), fresh(&mut world)];
                let bulk: Vec<BulkRecord> =
                    bulk.into_iter().map(|record| BulkRecord { record, by: by.clone(), at: step, state }).collect();
                store.write(|w| w.bulk_load(&bulk).and_then(|_| w.bulk_load(&bulk))).unwrap();
                held.extend(bulk.into_iter().map(|bulk| bulk.record));
            }
            5 => {
                let lost = fresh(&mut world);
                let failed: Outcome<()> = store.write(|w| {
                    w.put_record(&lost, &written)?;
                    Err(StoreError::Unreadable("on purpose"))
                });
                assert!(failed.is_err());
            }
            _ => {
                let record = fresh(&mut world);
                store.write(|w| w.put_record(&record, &written)).unwrap();
                held.push(record);
            }
        }
        assert_counted(store, &cells);
    }
    let all = cells.iter().map(|cell| store.read(|r| r.cell_state(cell)).unwrap());
    let (records, photos) = all.fold((0, 0), |(records, photos), s| (records + s.records, photos + s.photos));
    assert_eq!(records, held.len() as u64);
    assert!(photos > 20, "{photos}");
}

#[test]
fn a_database_of_the_first_version_is_counted_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("county.db");
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch(include_str!("../../src/store/sqlite/schema_1.sql")).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    let lists = serde_json::to_string(&domain::codes::Lists::initial()).unwrap();
    old.execute("INSERT INTO lists VALUES (1, ?1, 'server', 0)", [lists]).unwrap();
    let hash = sha256(b"a picture");
    old.execute("INSERT INTO photo_stored VALUES (?1, 9, 1)", [&hash]).unwrap();
    let mut world = TestWorld::new();
    for number in 0..5_i64 {
        let photo = number == 4;
        let fields = if photo { json!({"sha256": hash}) } else { json!({"use": "own", "floor": number}) };
        let record = Record {
            id: world.record_id(),
            kind: if photo { Kind::Photo } else { Kind::Dwelling },
            cell: cell(1 + number as u32 % 2),
            fields: serde_json::from_value(fields.clone()).unwrap(),
            stamps: Stamps::all(Stamp::new(number, 0, Node(1))),
        };
        let body = json!({"fields": fields, "stamp": record.stamps.common}).to_string();
        old.execute(
            "INSERT INTO record (county, id, kind, cell, body, version, content, state, changed_at, changed_by)
             VALUES ('610722', ?1, ?2, ?3, ?4, ?5, ?6, 0, 1, 'somebody')",
            rusqlite::params![
                record.id.0.as_bytes(),
                record.kind.as_str(),
                record.cell.as_str(),
                body,
                record.version().as_str(),
                photo.then_some(&hash)
            ],
        )
        .unwrap();
        let n = 1 + number / 2;
        old.execute("INSERT OR REPLACE INTO cell_feed (cell, reached) VALUES (?1, ?2)", (record.cell.as_str(), n))
            .unwrap();
        old.execute("INSERT INTO feed VALUES (?1, ?2, ?3, 0, 0, 0)", (record.cell.as_str(), record.id.0.as_bytes(), n))
            .unwrap();
    }
    drop(old);
    let store = SqliteStore::open(&file).unwrap();
    assert_counted(&store, &[cell(1), cell(2)]);
    let first = store.read(|r| r.cell_state(&cell(1))).unwrap();
    assert_eq!((first.upto, first.records, first.photos), (3, 3, 1));
}

fn statement(county: &County, answer: &ExchangeAnswer) -> ReceiptStatement {
    answer.receipt.as_ref().unwrap().verify(&county.hub.keys().verify).unwrap()
}

/// The answer that ends a round.
fn last(phone: &mut TestPhone) -> ExchangeAnswer {
    loop {
        let answer = phone.round(Vec::new());
        if !answer.more {
            return answer;
        }
    }
}

/// The digest of everything that this phone was ever sent.
fn whole(phone: &mut TestPhone) -> BTreeMap<RecordId, Record> {
    phone.cursors.clear();
    let mut held = BTreeMap::new();
    loop {
        let answer = phone.round(Vec::new());
        let more = answer.more;
        held.extend(answer.pages.into_iter().flat_map(|page| page.records).map(|record| (record.id, record)));
        if !more {
            return held;
        }
    }
}

#[test]
fn after_every_round_the_receipt_says_what_a_phone_that_starts_now_would_hold() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let mut colleague = county.worker("worker-b", &[cell(1)]);
    let supervisor = county.supervisor("boss-1", "610722001001");
    let home = phone.new_home(&cell(1));
    let incident = phone.new_incident(&cell(1));
    for number in 0..6 {
        let push = match number {
            0 => home.to_vec(),
            1 => vec![incident.clone()],
            2 => vec![phone.change(Kind::Person, home[2].id, &cell(1), json!({"phone": "13900000001"}))],
            3 => vec![phone.change(Kind::Person, home[2].id, &cell(1), json!({"deleted": true}))],
            // Refused: nothing of it counts.
            4 => vec![phone.change(Kind::Incident, incident.id, &cell(1), json!({"number": "1"}))],
            _ => vec![colleague.visit(home[1].id, &cell(1))],
        };
        county.world.pass(MINUTE);
        let answer = if number < 5 { phone.round(push) } else { colleague.round(push) };
        let said = statement(&county, &answer);
        let device = if number < 5 { phone.phone().device } else { colleague.phone().device };
        assert_eq!((said.device, said.epoch, said.at), (device, answer.epoch, answer.server_time));
        let mut fresh = county.phone_of(&phone.account());
        let held = whole(&mut fresh);
        let state = said.cells[&cell(1)];
        assert_eq!(state.records, held.len() as u64, "round {number}");
        assert_eq!(state.digest, held.values().collect::<Digest>(), "round {number}");
        assert_eq!(state.upto, fresh.cursors[&cell(1)], "round {number}");
    }
    let stored = county.stored(home[0].id).unwrap();
    let review = sync_server::hub::reviews::ReviewOf {
        id: home[0].id,
        version: stored.version,
        seen: stored.state,
        verdict: sync_server::hub::reviews::ReviewVerdict::Approved,
        remarks: Default::default(),
        note: None,
    };
    county.hub.review(&supervisor, &review).unwrap();
    let said = statement(&county, &phone.round(Vec::new()));
    assert_eq!(said.cells[&cell(1)].digest, whole(&mut phone).values().collect::<Digest>(), "a review counts too");
}

#[test]
fn a_photo_counts_when_its_last_byte_is_there() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(3);
    let (photo, offer) = offered(&mut phone, &bytes);
    let photos = |phone: &mut TestPhone| statement(&county, &phone.round(Vec::new())).cells[&cell(1)].photos;
    assert_eq!(photos(&mut phone), 0);
    county.hub.keep_photo(&offer.sha256, &bytes).unwrap();
    assert_eq!(photos(&mut phone), 1);
    county.hub.keep_photo(&offer.sha256, &bytes).unwrap();
    assert_eq!(photos(&mut phone), 1, "the same bytes are the same photo");
    // Another record names the same bytes: it is with the server at once.
    let fields = json!({"note": "另一张", "subject": photo.fields["subject"], "subject_kind": "incident", "sha256": offer.sha256,
        "width": 64, "height": 48, "bytes": bytes.len(), "taken_at": phone.world.now(), "photo_kind": "scene", "by": phone.account()});
    let again = phone.new_record(Kind::Photo, &cell(1), fields);
    phone.push_all(&[again]);
    assert_eq!(photos(&mut phone), 2);
    assert_counted(county.hub.store(), &[cell(1)]);
}

#[test]
fn a_receipt_comes_with_the_last_page_and_for_whole_cells_only() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1), cell(2)]);
    let note = "走访记录".repeat(120);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let visits: Vec<_> = (0..2_000)
        .map(|_| {
            let mut visit = phone.visit(home[1].id, &cell(1));
            visit.fields.insert("note".into(), json!(note));
            visit
        })
        .collect();
    phone.push_all(&visits);
    county.hub.cut_pages_at(100_000);
    let mut colleague = county.worker("worker-b", &[cell(1)]);
    let first = colleague.round(Vec::new());
    assert!(first.more && first.receipt.is_none(), "there is more to come");
    let said = statement(&county, &last(&mut colleague));
    assert_eq!(said.cells.keys().collect::<Vec<_>>(), [&cell(1)], "the own cells only");
    let mine = statement(&county, &last(&mut phone));
    assert_eq!(mine.cells[&cell(2)], CellState::default(), "a cell without a record");
    let mut informant = county.phone_of(&county.account("informant-a", Role::Informant, &[], &[cell(1)]));
    let answer = last(&mut informant);
    assert!(statement(&county, &answer).cells.is_empty(), "whose view is cut could not compute it");
}

#[test]
fn the_key_outlives_restarts_and_restores_and_every_database_has_its_own() {
    let mut county = County::new();
    let key = county.hub.keys().verify;
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    county.restart();
    assert_eq!(county.hub.keys().verify, key);
    county.put_back(&backup);
    assert_eq!(county.hub.keys().verify, key);
    assert_eq!(county.hub.hello().unwrap().keys.verify, key);
    let other = County::new();
    other.world.pass(1);
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let receipt = phone.round(Vec::new()).receipt.unwrap();
    assert!(receipt.verify(&key).is_ok());
    let mut elsewhere = TestWorld::new();
    elsewhere.random();
    let stranger = domain::receipt::ReceiptKey::new(&mut elsewhere).verify_text();
    assert_eq!(receipt.verify(&stranger), Err(ReceiptError::Signature));
}

#[test]
fn a_phone_that_doubts_is_sent_everything_and_what_left_and_it_is_written_down() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1), cell(2)]);
    let home = phone.new_home(&cell(1)).to_vec();
    let mut moved = phone.new_dwelling(&cell(1));
    phone.round([home.clone(), vec![moved.clone()]].concat());
    county.world.pass(MINUTE);
    moved = phone.change(Kind::Dwelling, moved.id, &cell(1), json!({"cell": cell(2)}));
    phone.round(vec![moved.clone()]);
    assert!(phone.round(Vec::new()).pages.is_empty(), "nothing is new");

    phone.cursors.remove(&cell(1));
    let mut request = phone.request(Vec::new());
    request.doubted = vec![cell(1), cell(9)];
    let answer = county.hub.exchange(&phone.phone(), &request).unwrap();
    assert_eq!(answer.pages.len(), 1);
    let ids: Vec<RecordId> = answer.pages[0].records.iter().map(|record| record.id).collect();
    assert_eq!(ids, home.iter().map(|change| change.id).collect::<Vec<_>>(), "the own writing too");
    assert_eq!(answer.pages[0].gone, [moved.id]);
    let device = phone.phone().device.to_string();
    let noted = || {
        let audit = county.hub.store().read(|r| r.audit(20)).unwrap();
        audit.into_iter().filter(|entry| entry.action == "doubted").collect::<Vec<_>>()
    };
    assert_eq!(noted().len(), 1, "a cell that is not the phone's is no matter");
    assert_eq!((noted()[0].who.as_str(), noted()[0].subject.as_str()), (device.as_str(), cell(1).as_str()));
    // The following pages of the same reading are no further doubt.
    request.cursors.insert(cell(1), 2);
    let rest = county.hub.exchange(&phone.phone(), &request).unwrap();
    assert_eq!((rest.pages[0].records.len(), rest.pages[0].gone.len(), noted().len()), (1, 1, 1));
    assert!(county.stored(moved.id).is_some_and(|stored| scope("610722001001002").covers(&stored.record.cell)));
}
