//! The store's contract: one story that every store must tell alike, and what is special about the file of SQLite.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::review::ReviewState;
use domain::scope::Role;
use domain::{AccountId, Kind, Node, Record, RecordId, Scope, Stamp, Stamps, World as _};
use serde_json::json;
use sync_server::hub::world::SystemWorld;
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{
    Account, Approval, BulkRecord, EnrolCode, InboxQuery, Place, Run, SecretHash, Store, StoreError, Written,
};

use crate::common::{cell, scope};

fn somebody() -> AccountId {
    AccountId::new("somebody").unwrap()
}

fn record(at: i64, fields: serde_json::Value) -> Record {
    Record {
        id: SystemWorld.record_id(),
        kind: Kind::Dwelling,
        cell: cell(1),
        fields: serde_json::from_value(fields).unwrap(),
        stamps: Stamps::all(Stamp::new(at, 0, Node(1))),
    }
}

fn written(at: i64, run: Run) -> Written {
    Written { at, by: somebody(), run, state: ReviewState::Waiting, is_new: false }
}

type Outcome<T> = Result<T, StoreError>;

/// The story.
fn a_store_keeps_its_contract(store: &impl Store) {
    records_and_feeds(store);
    some_kinds_of_a_cell_come_in_the_order_of_its_feed(store);
    reviews(store);
    codes_work_once(store);
    nothing_of_a_failed_transaction_stays(store);
    sequences_and_places(store);
    bulk_loading_leaves_what_is_there(store);
    crate::receipts::cells_are_counted_as_they_are_written(store);
}

fn records_and_feeds(store: &impl Store) {
    let (mine, theirs) = (Run(7), Run(8));
    let mut house = record(10, json!({"use": "own"}));
    let reached = |store: &_| -> u64 { Store::read(store, |r| -> Outcome<u64> { r.feed_reached(&cell(1)) }).unwrap() };
    let start = reached(store);
    store.write(|w| w.put_record(&house, &written(1, mine))).unwrap();
    assert_eq!(reached(store), start + 1);
    let feed = |cursor, run| store.read(|r| r.feed_after(&cell(1), cursor, run)).unwrap();
    assert!(feed(Some(start), mine).is_empty() && feed(Some(start), theirs).len() == 1);

    house.fields.insert("use".into(), json!("let"));
    house.stamps = Stamps::all(Stamp::new(20, 0, Node(1)));
    store.write(|w| w.put_record(&house, &written(2, theirs))).unwrap();
    assert_eq!(feed(Some(start), mine).len(), 1, "one entry per record, moved forward");
    assert_eq!(feed(Some(start + 1), theirs).len(), 0);
    assert_eq!(feed(None, mine).iter().filter(|entry| entry.record == house.id).count(), 1);

    let stored = store.read(|r| r.record(&Scope::from(&cell(1)), house.id)).unwrap().unwrap();
    assert_eq!((&stored.record, &stored.version), (&house, &house.version()));
    assert_eq!(store.read(|r| r.record(&Scope::from(&cell(2)), house.id)).unwrap(), None);

    house.cell = cell(2);
    house.fields.insert("cell".into(), json!(cell(2)));
    store.write(|w| w.put_record(&house, &written(3, theirs))).unwrap();
    assert!(feed(Some(start + 2), mine)[0].gone);
    let arrived = store.read(|r| r.feed_after(&cell(2), Some(0), mine)).unwrap();
    assert_eq!(arrived.iter().map(|entry| (entry.record, entry.gone)).collect::<Vec<_>>(), [(house.id, false)]);
}

fn some_kinds_of_a_cell_come_in_the_order_of_its_feed(store: &impl Store) {
    let of = |kind: Kind| Record { kind, cell: cell(8), ..record(10, json!({})) };
    let (house, shop, door) = (of(Kind::Building), of(Kind::Premises), of(Kind::Dwelling));
    for record in [&house, &shop, &door, &house] {
        store.write(|w| w.put_record(record, &written(1, Run(7)))).unwrap();
    }
    let found = store.read(|r| r.of_kinds(&cell(8), &|kind| *kind != Kind::Premises)).unwrap();
    let ids: Vec<RecordId> = found.into_iter().map(|stored| stored.record.id).collect();
    assert_eq!(ids, [door.id, house.id]);
}

fn reviews(store: &impl Store) {
    let mut house = record(30, json!({"use": "own"}));
    store.write(|w| w.put_record(&house, &written(30, Run(7)))).unwrap();
    let approval = Approval { at: 31, by: somebody() };
    store.write(|w| w.set_review(&cell(1), house.id, ReviewState::Approved, Some(&approval))).unwrap();
    let first = house.version();
    for (at, usage) in [(32, "let"), (33, "shop")] {
        house.fields.insert("use".into(), json!(usage));
        house.stamps = Stamps::all(Stamp::new(at, 0, Node(1)));
        store.write(|w| w.put_record(&house, &written(at, Run(7)))).unwrap();
    }
    let approved = store.read(|r| r.approved(&scope("610722"), house.id)).unwrap().unwrap();
    assert_eq!((&approved.version, approved.at, &approved.fields["use"]), (&first, 31, &json!("own")));
    let query = InboxQuery {
        scopes: vec![scope("610722001001")],
        kind: None,
        state: ReviewState::Waiting,
        changed: None,
        words: None,
        newest_first: true,
        after: None,
        limit: 1,
    };
    assert_eq!(store.read(|r| r.inbox(&query)).unwrap()[0].record, house);
    let nowhere = InboxQuery { scopes: vec![scope("610722001002")], ..query.clone() };
    assert!(store.read(|r| r.inbox(&nowhere)).unwrap().is_empty());
    assert!(store.read(|r| r.inbox(&InboxQuery { scopes: Vec::new(), ..query })).unwrap().is_empty());
}

fn codes_work_once(store: &impl Store) {
    let account = Account {
        id: somebody(),
        display_name: "某人".into(),
        role: Role::Worker,
        scopes: Vec::new(),
        password_hash: None,
        closed_at: None,
        department: None,
    };
    let hash = SecretHash([9; 32]);
    let code = EnrolCode { hash, account: somebody(), until: 100, made_by: "test".into() };
    store.write(|w| w.put_account(&account).and_then(|()| w.put_enrol_code(&code))).unwrap();
    assert_eq!(store.read(|r| r.enrol_code(&hash)).unwrap(), Some(code));
    assert!(store.write(|w| w.use_enrol_code(&hash, 50)).unwrap());
    assert!(!store.write(|w| w.use_enrol_code(&hash, 51)).unwrap());
    assert_eq!(store.read(|r| r.enrol_code(&hash)).unwrap(), None);
    store.write(|w| w.set_holdings(&somebody(), &[cell(1), cell(2)], 10)).unwrap();
    store.write(|w| w.set_holdings(&somebody(), &[cell(2)], 20)).unwrap();
    let held = store.read(|r| r.holdings(&somebody())).unwrap();
    assert_eq!(held.iter().map(|h| (h.since, h.until)).collect::<Vec<_>>(), [(10, Some(20)), (10, None)]);
}

fn nothing_of_a_failed_transaction_stays(store: &impl Store) {
    let house = record(40, json!({"use": "own"}));
    let reached = store.read(|r| r.feed_reached(&cell(1))).unwrap();
    let failed: Outcome<()> = store.write(|w| {
        w.put_record(&house, &written(40, Run(7)))?;
        Err(StoreError::Unreadable("on purpose"))
    });
    assert!(failed.is_err());
    assert_eq!(store.read(|r| r.record(&scope("610722"), house.id)).unwrap(), None);
    assert_eq!(store.read(|r| r.feed_reached(&cell(1))).unwrap(), reached);
}

fn sequences_and_places(store: &impl Store) {
    let take = |name: &str| store.write(|w| w.take_number(name)).unwrap();
    assert_eq!((take("a"), take("a"), take("b")), (1, 2, 1));
    store.write(|w| w.pass_number("c", 7).and_then(|()| w.pass_number("c", 3))).unwrap();
    assert_eq!(take("c"), 8);
    for (code, name) in
        [("610722", "城固县"), ("610722001", "博望街道"), ("610722001001", "江湾社区"), ("610722002", "龙头镇")]
    {
        store.write(|w| w.put_place(&Place { code: scope(code), name: name.into() })).unwrap();
    }
    let names = |code: &str| -> Vec<String> {
        let places = store.read(|r| r.places(&[scope(code)])).unwrap();
        places.into_iter().map(|place| place.name).collect()
    };
    assert_eq!(names("610722001001"), ["城固县", "博望街道", "江湾社区"], "with what it lies in");
    assert_eq!(names("610722002"), ["城固县", "龙头镇"]);
}

fn bulk_loading_leaves_what_is_there(store: &impl Store) {
    let records: Vec<BulkRecord> = (0..50)
        .map(|number| BulkRecord {
            record: record(50 + number, json!({"use": "own"})),
            by: somebody(),
            at: 50,
            state: ReviewState::Approved,
        })
        .collect();
    let reached = store.read(|r| r.feed_reached(&cell(1))).unwrap();
    assert_eq!(store.write(|w| w.bulk_load(&records)).unwrap(), 50);
    assert_eq!(store.write(|w| w.bulk_load(&records)).unwrap(), 0);
    assert_eq!(store.read(|r| r.feed_reached(&cell(1))).unwrap(), reached + 50);
    let ids: Vec<RecordId> = records.iter().map(|bulk| bulk.record.id).collect();
    let stored = store.read(|r| r.records(&scope("610722"), &ids)).unwrap();
    assert!(stored.len() == 50 && stored.iter().all(|one| one.approved_version.as_ref() == Some(&one.version)));
}

#[test]
fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("county.db");
    a_store_keeps_its_contract(&SqliteStore::open(&file).unwrap());
    // And what was stored is there for the next run.
    let again = SqliteStore::open(&file).unwrap();
    assert_eq!(again.write(|w| w.take_number("a")).unwrap(), 3);
}

#[test]
fn many_writers_share_commits_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("county.db")).unwrap();
    let refused = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for writer in 0..8 {
            let (store, refused) = (&store, &refused);
            threads.spawn(move || {
                for step in 0..40 {
                    let house = record(i64::from(step), json!({"use": "own", "floor": step}));
                    let outcome: Outcome<()> = store.write(|w| {
                        w.put_record(&house, &written(1, Run(writer)))?;
                        w.take_number("all")?;
                        if step % 10 == 9 { Err(StoreError::Unreadable("on purpose")) } else { Ok(()) }
                    });
                    let there = store.read(|r| r.record(&scope("610722"), house.id)).unwrap().is_some();
                    assert_eq!(there, outcome.is_ok(), "what was answered is what is stored");
                    refused.fetch_add(usize::from(outcome.is_err()), Ordering::SeqCst);
                }
            });
        }
    });
    let stored = 8 * 40 - refused.load(Ordering::SeqCst) as u64;
    assert_eq!(stored, 8 * 36);
    assert_eq!(store.write(|w| w.take_number("all")).unwrap(), stored + 1, "what was refused took nothing along");
    let feed = store.read(|r| r.feed_after(&cell(1), None, Run(0))).unwrap();
    let numbers: BTreeMap<u64, RecordId> = feed.iter().map(|entry| (entry.n, entry.record)).collect();
    assert_eq!(numbers.keys().copied().collect::<Vec<_>>(), (1..=stored).collect::<Vec<_>>(), "without a gap");
}

/// Commits come faster than a copy's steps; it ends all the same, as whole as at its beginning.
#[test]
fn a_backup_ends_however_busy_the_server_is_and_half_a_one_has_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("county.db")).unwrap();
    let raw = rusqlite::Connection::open(folder.path().join("county.db")).unwrap();
    raw.execute_batch("CREATE TABLE filler (bytes BLOB); INSERT INTO filler VALUES (zeroblob(24000000))").unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::write(folder.path().join("copy.db.part"), "of a backup that was killed").unwrap();
    let done = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let begun = std::time::Instant::now();
            while done.load(Ordering::SeqCst) == 0 && begun.elapsed().as_secs() < 20 {
                store.write(|w| w.take_number("busy")).unwrap();
            }
            done.load(Ordering::SeqCst)
        });
        store.back_up(&copy).unwrap();
        done.store(1, Ordering::SeqCst);
        assert_eq!(writer.join().unwrap(), 1, "the backup did not end before the writing did");
    });
    assert!(!folder.path().join("copy.db.part").exists());
    let busy = store.write(|w| w.take_number("busy")).unwrap();
    assert!(SqliteStore::open(&copy).unwrap().write(|w| w.take_number("busy")).unwrap() <= busy);
    assert!(store.back_up(&folder.path().join("nowhere/copy.db")).is_err());
}

#[test]
fn a_panic_in_one_writer_leaves_the_others_working() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("county.db")).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write(|w| -> Outcome<()> {
            w.take_number("all")?;
            panic!("on purpose")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(store.write(|w| w.take_number("all")).unwrap(), 1);
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("county.db");
    drop(SqliteStore::open(&file).unwrap());
    let raw = rusqlite::Connection::open(&file).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(SqliteStore::open(&file), Err(StoreError::Newer { found: 99, .. })));
    let version: i64 = raw.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[test]
fn a_file_that_is_no_database_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("county.db");
    std::fs::write(&file, vec![b'x'; 10_000]).unwrap();
    assert!(SqliteStore::open(&file).is_err());
}

#[test]
fn history_and_audit_cannot_be_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("county.db");
    let store = SqliteStore::open(&file).unwrap();
    let entry =
        sync_server::store::AuditEntry { at: 1, who: "boss".into(), action: "review".into(), subject: "x".into() };
    store.write(|w| w.append_audit(&entry)).unwrap();
    let raw = rusqlite::Connection::open(&file).unwrap();
    assert!(raw.execute("UPDATE audit SET who = 'nobody'", []).is_err());
    assert!(raw.execute("DELETE FROM audit", []).is_err());
    assert_eq!(store.read(|r| r.audit(5)).unwrap(), [entry]);
}

/// However much waits, the first page of the inbox and its counts come quickly: they walk the indexes made for them.
#[test]
fn a_full_inbox_is_opened_without_reading_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("county.db")).unwrap();
    for batch in 0..20 {
        let waiting: Vec<BulkRecord> = (0..1_000)
            .map(|number| BulkRecord {
                record: record(number, json!({"use": "own", "street": "东大街".repeat(20)})),
                by: somebody(),
                at: batch * 1_000 + number,
                state: ReviewState::Waiting,
            })
            .collect();
        store.write(|w| w.bulk_load(&waiting)).unwrap();
    }
    let query = InboxQuery {
        scopes: vec![scope("610722")],
        kind: None,
        state: ReviewState::Waiting,
        changed: None,
        words: None,
        newest_first: true,
        after: None,
        limit: 50,
    };
    let page = store.read(|r| r.inbox(&query)).unwrap();
    let moments: Vec<i64> = page.iter().map(|stored| stored.changed_at).collect();
    assert_eq!(moments, (19_950..20_000).rev().collect::<Vec<_>>());
    let counts = store.read(|r| r.review_counts(ReviewState::Waiting, &[scope("610722")])).unwrap();
    assert_eq!(counts.iter().map(|count| count.records).sum::<u64>(), 20_000);

    let raw = rusqlite::Connection::open(folder.path().join("county.db")).unwrap();
    let steps = |sql: &str| -> i32 {
        let mut statement = raw.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while rows.next().unwrap().is_some() {}
        drop(rows);
        statement.get_status(rusqlite::StatementStatus::VmStep)
    };
    let page = "SELECT id, body FROM record INDEXED BY record_inbox WHERE state = 1 AND state > 0
        AND (cell >= '610722' AND cell < '610722:') ORDER BY changed_at DESC, id DESC LIMIT 50";
    assert!(steps(page) < 2_000, "{} steps for fifty records", steps(page));
}

#[test]
fn a_number_comes_back_as_it_came() {
    // Read the quicker way, each of these is another one.
    for text in
        ["51.248178375505404", "-93.31137037688033", "-36.573994842753436", "52.314008204106244", "97.45365320034685"]
    {
        let read: f64 = serde_json::from_str(text).unwrap();
        assert_eq!(read, text.parse::<f64>().unwrap());
    }
}

/// Whoever reads an older state holds the log back; nobody is kept from writing meanwhile.
#[test]
fn a_log_that_a_reader_holds_back_keeps_nobody_from_writing_and_is_empty_once_the_reader_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("county.db");
    let store = SqliteStore::open(&file).unwrap();
    store.write(|w| w.take_number("all")).unwrap();
    std::thread::scope(|threads| {
        let emptied = store.read(|r| -> Outcome<_> {
            r.setting("epoch")?;
            let emptied = threads.spawn(|| store.leave_no_log().unwrap());
            std::thread::sleep(std::time::Duration::from_millis(200));
            for _ in 0..5 {
                let begun = std::time::Instant::now();
                store.write(|w| w.take_number("all"))?;
                assert!(begun.elapsed().as_millis() < 2_000, "{:?}", begun.elapsed());
            }
            Ok(emptied)
        });
        assert!(emptied.unwrap().join().unwrap());
    });
    assert_eq!(std::fs::metadata(folder.path().join("county.db-wal")).unwrap().len(), 0);
}
