//! The derived table is what the fold says, whatever was written in whichever order.

use std::collections::BTreeMap;

use domain::incident::RULES;
use domain::review::ReviewState;
use domain::{AccountId, CellCode, Fields, Node, Stamp, Stamps};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::store::sqlite::SqliteStore;
use crate::store::{BulkRecord, Erasure, Reading, Run, Store as _, Written};

const CELLS: [&str; 3] = ["610722001001001", "610722001001002", "610723001001001"];
const START: i64 = 1_795_572_000_000;
const HOUR: i64 = 60 * 60 * 1000;

/// One thing that is written.
#[derive(Debug, Clone)]
enum Deed {
    Incident {
        number: u128,
        severity: i64,
        cell: usize,
        deleted: bool,
    },
    Step {
        number: u128,
        incident: u128,
        rule: usize,
        hours: i64,
        department: usize,
    },
    Bulk(Vec<Deed>),
    Erase {
        number: u128,
    },
    /// The county changes its deadlines.
    Lists,
}

fn record(number: u128, kind: Kind, cell: &str, at: i64, fields: serde_json::Value) -> Record {
    let fields: Fields = serde_json::from_value(fields).unwrap();
    let stamps = Stamps { common: Stamp::new(at, 0, Node(1)), except: BTreeMap::new() };
    Record { id: RecordId(Uuid::from_u128(number)), kind, cell: CellCode::new(cell).unwrap(), fields, stamps }
}

impl Deed {
    fn record(&self) -> Option<Record> {
        match self {
            Deed::Incident { number, severity, cell, deleted } => {
                let fields = json!({"category": "0601", "severity": severity, "title": format!("事件 {number}"),
                    "happened_at": START, "by": "worker", "deleted": deleted});
                Some(record(*number, Kind::Incident, CELLS[*cell], START, fields))
            }
            Deed::Step { number, incident, rule, hours, department } => {
                let department = ["12", "20"][*department];
                let rule = &RULES[*rule];
                let at = START + hours * HOUR;
                let fields = json!({"incident": RecordId(Uuid::from_u128(*incident)), "step": rule.step.code(), "action": rule.action,
                    "at": at, "by": "boss", "departments": [department], "rating": "fairly"});
                Some(record(*number, Kind::IncidentStep, CELLS[(*incident % 2) as usize], at, fields))
            }
            Deed::Bulk(_) | Deed::Erase { .. } | Deed::Lists => None,
        }
    }
}

fn one() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => (0u128..4, 1i64..5, 0usize..2, any::<bool>())
            .prop_map(|(number, severity, _, deleted)| Deed::Incident { number, severity, cell: (number % 2) as usize, deleted: deleted && severity == 1 }),
        9 => (100u128..400, 0u128..4, 0..RULES.len(), 0i64..200, 0usize..2)
            .prop_map(|(number, incident, rule, hours, department)| Deed::Step { number, incident, rule, hours, department }),
        1 => (0u128..400).prop_map(|number| Deed::Erase { number }),
        1 => Just(Deed::Lists),
    ]
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let many = prop_oneof![5 => one(), 1 => prop::collection::vec(one(), 1..12).prop_map(Deed::Bulk)];
    prop::collection::vec(many, 1..40)
}

fn carry_out(store: &SqliteStore, deed: &Deed) {
    let by = AccountId::new("worker").unwrap();
    let bulk = |deeds: &[Deed]| -> Vec<BulkRecord> {
        let records = deeds.iter().filter_map(Deed::record);
        records
            .map(|record| BulkRecord { record, by: by.clone(), at: START, state: ReviewState::NotReviewed })
            .collect()
    };
    let done: Answer<()> = store.write(|writing| match deed {
        Deed::Bulk(deeds) => writing.bulk_load(&bulk(deeds)).map(|_| ()),
        Deed::Erase { number } => {
            let county = Scope::new("610722").unwrap();
            let Some(stored) = writing.record(&county, RecordId(Uuid::from_u128(*number)))? else { return Ok(()) };
            let record = stored.record;
            writing.erase(&Erasure {
                id: record.id,
                kind: record.kind,
                cell: record.cell,
                at: START,
                by: by.clone(),
                sha256: None,
            })
        }
        Deed::Lists => {
            let mut lists = writing.lists()?;
            lists.version += 1;
            lists.severities[2].close_within = format!("{} workdays", lists.version);
            writing.put_lists(&lists, &by, START)
        }
        _ => {
            let record = deed.record().unwrap();
            let known = writing.record(&Scope::new(county(&record.cell)).unwrap(), record.id)?;
            // A step is written once; an incident may be corrected.
            if known.is_some() && record.kind == Kind::IncidentStep {
                return Ok(());
            }
            let written = Written {
                at: START,
                by: by.clone(),
                run: Run::SERVER,
                state: ReviewState::NotReviewed,
                is_new: known.is_none(),
            };
            writing.put_record(&record, &written)
        }
    });
    done.unwrap();
}

/// Asks for every incident that there ever was.
fn everything() -> IncidentQuery {
    let scopes = vec![Scope::new("610722").unwrap(), Scope::new("610723").unwrap()];
    IncidentQuery {
        scopes,
        stage: None,
        ended: None,
        severity: None,
        category: None,
        department: None,
        overdue_at: None,
        placed: None,
        text: None,
        order: IncidentOrder::Changed,
        after: None,
        limit: 100,
    }
}

/// What the table has of them.
fn table(reading: &dyn Reading) -> Vec<IncidentRow> {
    let mut rows = reading.incidents(&everything()).unwrap();
    rows.sort_by_key(|row| row.id);
    rows
}

/// What the fold says of them now.
fn folded(reading: &dyn Reading) -> Vec<(IncidentRow, Vec<Tenure>)> {
    let county = Scope::new("610722").unwrap();
    let lists = reading.lists().unwrap();
    let ids = (0..4).map(|number| RecordId(Uuid::from_u128(number)));
    let found = ids.filter_map(|id| reading.record(&county, id).unwrap());
    found
        .filter_map(|stored| {
            let steps = reading.referring(&county, stored.record.id, &Kind::IncidentStep).unwrap();
            let steps: Vec<Record> = steps.into_iter().map(|step| step.record).collect();
            IncidentRow::of(&stored.record, &steps, &lists)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_table_says_what_the_fold_says_after_any_history(deeds in deeds()) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("county.db")).unwrap();
        for deed in &deeds {
            carry_out(&store, deed);
        }
        store.read(|reading| {
            let expected = folded(reading);
            let rows: Vec<IncidentRow> = expected.iter().map(|(row, _)| row.clone()).collect();
            assert_eq!(table(reading), rows);
            let mut given: BTreeMap<String, u64> = BTreeMap::new();
            for tenure in expected.iter().flat_map(|(_, tenures)| tenures) {
                *given.entry(tenure.department.clone()).or_default() += 1;
            }
            let query = NumbersQuery { scopes: vec![Scope::new("610722").unwrap()], department: None, from: 0, to: i64::MAX,
                now: START, digits: 9 };
            let numbers = reading.department_numbers(&query)?;
            let counted: BTreeMap<String, u64> = numbers.iter().map(|row| (row.department.clone(), row.given)).collect();
            assert_eq!(counted, given);
            let solved: u64 = numbers.iter().map(|row| row.solved).sum();
            let expected = expected.iter().flat_map(|(_, tenures)| tenures).filter(|tenure| tenure.is_solved()).count();
            assert_eq!(solved, expected as u64);
            Ok::<_, StoreError>(())
        })?;
    }
}

#[test]
fn a_database_of_before_the_table_is_folded_once_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("county.db");
    let store = SqliteStore::open(&file).unwrap();
    carry_out(&store, &Deed::Incident { number: 1, severity: 3, cell: 1, deleted: false });
    carry_out(&store, &Deed::Step { number: 200, incident: 1, rule: 2, hours: 3, department: 0 });
    let before = store.read(|reading| Ok::<_, StoreError>(table(reading))).unwrap();
    store.on_writer(|conn| {
        conn.execute_batch("DELETE FROM incident_row; DELETE FROM incident_tenure").unwrap();
        conn.execute("INSERT INTO setting (name, value) VALUES (?1, 'yes')", [FOLD_ASKED]).unwrap();
    });
    drop(store);
    let store = SqliteStore::open(&file).unwrap();
    assert_eq!(before.len(), 1);
    assert_eq!(store.read(|reading| Ok::<_, StoreError>(table(reading))).unwrap(), before);
}

/// An incident with this place on the map, or none.
fn put_at(store: &SqliteStore, number: u128, cell: &str, position: serde_json::Value) {
    let fields = json!({"category": "0601", "severity": 3, "title": format!("事件 {number}"), "happened_at": START,
        "by": "worker", "position": position});
    let record = record(number, Kind::Incident, cell, START, fields);
    let by = AccountId::new("worker").unwrap();
    let written = Written { at: START, by, run: Run::SERVER, state: ReviewState::NotReviewed, is_new: false };
    store.write(|writing| writing.put_record(&record, &written)).unwrap();
}

#[test]
fn what_is_on_the_map_is_counted_by_place_and_what_is_not_is_counted_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("county.db")).unwrap();
    put_at(&store, 1, CELLS[0], json!({"lat": 33.10, "lng": 107.30}));
    put_at(&store, 2, CELLS[1], json!({"lat": 33.20, "lng": 107.40}));
    put_at(&store, 3, CELLS[1], serde_json::Value::Null);
    put_at(&store, 4, CELLS[2], json!({"lat": 33.00, "lng": 107.00}));
    store
        .read(|reading| {
            let mut query = IncidentQuery { scopes: vec![Scope::new("610722").unwrap()], ..everything() };
            assert_eq!(reading.incidents_placed(&query)?, PlacedCount { placed: 2, unplaced: 1 });
            let places = reading.incidents_by_place(&query, 12, i64::MAX - 1)?;
            let told: Vec<_> = places.iter().map(|at| (at.place.as_str(), at.incidents, at.severity)).collect();
            assert_eq!(told, [("610722001001", 2, 3)]);
            assert!((places[0].position.lat - 33.15).abs() < 1e-9);
            assert_eq!(reading.incidents_by_place(&query, 15, START)?.len(), 2);
            query.placed = Some(false);
            let without: Vec<String> = reading.incidents(&query)?.into_iter().map(|row| row.title).collect();
            assert_eq!(without, ["事件 3"]);
            query.ended = Some(true);
            assert_eq!(reading.incidents_placed(&query)?, PlacedCount { placed: 0, unplaced: 0 });
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn a_place_on_the_map_is_kept_whenever_the_incident_is_folded_anew_and_goes_only_when_it_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("county.db");
    let store = SqliteStore::open(&file).unwrap();
    let (lat, lng) = (33.123_456, 107.234_567);
    put_at(&store, 1, CELLS[1], json!({"lat": lat, "lng": lng, "accuracy_m": 8.0}));
    let here = |store: &SqliteStore, when: &str| {
        let columns = store.on_writer(|conn| {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, f64>(0)?, row.get::<_, f64>(1)?));
            conn.query_row("SELECT lat, lng FROM incident_row", [], row).unwrap()
        });
        assert_eq!(columns, (lat, lng), "{when}");
        let rows = store.read(|reading| Ok::<_, StoreError>(table(reading))).unwrap();
        assert_eq!(rows[0].position.map(|at| (at.lat, at.lng)), Some((lat, lng)), "{when}");
    };
    here(&store, "as it was reported");
    carry_out(&store, &Deed::Step { number: 201, incident: 1, rule: 2, hours: 3, department: 0 });
    here(&store, "after a step");
    carry_out(&store, &Deed::Lists);
    here(&store, "after the county changed its deadlines");
    store.on_writer(|conn| {
        conn.execute_batch("UPDATE incident_row SET lat = NULL, lng = NULL").unwrap();
        conn.execute("INSERT INTO setting (name, value) VALUES (?1, 'yes')", [FOLD_ASKED]).unwrap();
    });
    drop(store);
    let store = SqliteStore::open(&file).unwrap();
    here(&store, "after a migration that asked for it");

    put_at(&store, 1, CELLS[1], serde_json::Value::Null);
    let query = IncidentQuery { scopes: vec![Scope::new("610722").unwrap()], ..everything() };
    let counted = store.read(|reading| reading.incidents_placed(&query)).unwrap();
    assert_eq!(counted, PlacedCount { placed: 0, unplaced: 1 });
}
