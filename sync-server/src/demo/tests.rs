//! The demonstration county is exact, reproducible and valid by the rules that real records are judged by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use domain::codes::Lists;
use domain::review::ReviewState;
use domain::validate::{Setting, problems, today, warnings};
use domain::{Record, review};
use serde_json::Value;

use super::*;
use crate::store::{Account, InboxQuery, Store as _, StoreError};

/// 2026-11-22, 18:00 in China.
const NOW: Millis = 1_795_341_600_000;

fn county(size: Size) -> County {
    County::generate(size, SEED, NOW, samples().unwrap())
}

/// The full village's cells with what was written in them, made once for all tests.
fn village() -> impl Iterator<Item = (&'static Cell, &'static [Entry])> {
    static VILLAGE: LazyLock<(County, Vec<Vec<Entry>>)> = LazyLock::new(|| {
        let county = county(Size::Village);
        let entries = county.cells.iter().map(|cell| county.entries(cell)).collect();
        (county, entries)
    });
    VILLAGE.0.cells.iter().zip(VILLAGE.1.iter().map(Vec::as_slice))
}

fn of_kind(records: &BTreeMap<RecordId, Record>, kind: Kind) -> Vec<&Record> {
    records.values().filter(|record| record.kind == kind).collect()
}

#[test]
fn the_county_has_17_towns_272_villages_and_1624_cells() {
    let county = county(Size::County);
    let towns: BTreeSet<&str> = county.villages.iter().map(|village| village.town_code.as_str()).collect();
    assert_eq!((towns.len(), county.villages.len(), county.cells.len()), (17, 272, 1_624));
    let codes: BTreeSet<&CellCode> = county.cells.iter().map(|cell| &cell.code).collect();
    assert_eq!(codes.len(), 1_624);
    assert!(county.cells.iter().all(|cell| cell.code.village() == cell.village.code));
}

#[test]
fn a_village_is_one_community_and_a_town_has_24() {
    let village = county(Size::Village);
    assert_eq!((village.villages.len(), village.cells.len()), (1, 6));
    assert_eq!(village.cells[0].code.as_str(), "610722001001001");
    let town = county(Size::Town);
    assert_eq!((town.villages.len(), town.cells.len()), (24, 144));
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_another_seed_other_people() {
    let bytes = |seed| {
        let county = County::generate(Size::Village, seed, NOW, samples().unwrap());
        let changes: Vec<_> = county.entries(&county.cells[0]).into_iter().map(|entry| entry.change).collect();
        serde_json::to_vec(&changes).unwrap()
    };
    let first: Vec<_> = village().next().unwrap().1.iter().map(|entry| &entry.change).collect();
    assert_eq!(bytes(SEED), serde_json::to_vec(&first).unwrap());
    assert_ne!(bytes(SEED), bytes(SEED + 1));
}

#[test]
fn a_cell_is_the_same_whatever_else_of_the_county_is_made() {
    let town = county(Size::Town);
    let (cell, entries) = village().nth(3).unwrap();
    assert_eq!((cell.code.as_str(), entries), (town.cells[3].code.as_str(), town.entries(&town.cells[3]).as_slice()));
}

#[test]
fn every_change_of_a_town_is_valid_and_none_looks_odd() {
    let county = county(Size::Town);
    let lists = Lists::initial();
    let thin_village = county.cells.iter().find(|cell| !cell.urban).expect("the town has villages too");
    let chosen = county.cells.iter().skip(4).take(4).chain([thin_village]);
    for cell in chosen {
        let mut records = BTreeMap::<RecordId, Record>::new();
        for Entry { at, change, .. } in county.entries(cell) {
            let current = records.get(&change.id);
            let found = problems(&change, current, Setting { now: at, lists: &lists });
            assert_eq!(found, [], "{change:?}");
            assert!(at < NOW);
            let merged = domain::merge::merge(current, &change).unwrap();
            assert_eq!(merged.lost, [], "{change:?}");
            records.insert(change.id, merged.record);
        }
        for person in of_kind(&records, Kind::Person) {
            assert_eq!(warnings(&person.fields, today(NOW)), [], "{:?}", person.fields);
        }
    }
}

#[test]
fn a_full_cell_has_100_to_140_households_and_300_to_400_residents_each_behind_an_own_door() {
    let mut doors = BTreeSet::new();
    for (cell, entries) in village() {
        let records = records(entries);
        let (households, people) = (of_kind(&records, Kind::Household).len(), of_kind(&records, Kind::Person).len());
        assert!((100..=140).contains(&households), "{}: {households} households", cell.name);
        assert!((300..=400).contains(&people), "{}: {people} people", cell.name);
        let names: BTreeMap<RecordId, &str> = of_kind(&records, Kind::Building)
            .into_iter()
            .map(|building| (building.id, building.text("name").unwrap()))
            .collect();
        for dwelling in of_kind(&records, Kind::Dwelling) {
            let dwelling = domain::kinds::dwelling::Dwelling::from(dwelling);
            let key = dwelling.address_key(names[&dwelling.building.unwrap()]);
            assert!(doors.insert(key.clone()), "two doors with the address {key}");
        }
    }
}

#[test]
fn every_reference_names_a_record_of_the_cell_and_every_identity_number_is_one_persons() {
    for (_, entries) in village() {
        let records = records(entries);
        for record in records.values() {
            for field in [
                "building",
                "dwelling",
                "household",
                "head",
                "target",
                "subject",
                "person",
                "care_plan",
                "notice",
                "about",
                "incident",
                "answers",
            ] {
                if let Some(id) = record.reference(field) {
                    assert!(records.contains_key(&id), "{field} of {record:?}");
                }
            }
        }
        let people = of_kind(&records, Kind::Person);
        let numbers: Vec<&str> = people.iter().filter_map(|person| person.text("document_number")).collect();
        assert!(numbers.len() > 280);
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len());
    }
}

#[test]
fn the_inbox_is_neither_empty_nor_full_and_the_first_worker_has_something_returned() {
    for (cell, entries) in village() {
        let records = records(entries);
        let mut reviews = BTreeMap::<RecordId, Vec<&Record>>::new();
        for review in of_kind(&records, Kind::Review) {
            reviews.entry(review.reference("target").unwrap()).or_default().push(review);
        }
        let own = |record: &Record| reviews.get(&record.id).into_iter().flatten().copied();
        let count = |state| records.values().filter(|record| review::state(record, own(record)) == state).count();
        assert!((8..=20).contains(&count(ReviewState::Waiting)), "{} wait", count(ReviewState::Waiting));
        assert!(count(ReviewState::Approved) > 400);
        assert_eq!(count(ReviewState::Returned), if cell.ordinal == 1 { 2 } else { 1 });
    }
}

#[test]
fn an_incident_of_the_first_cell_stands_at_every_stage_and_no_step_came_late() {
    use domain::incident::{Stage, fold};
    let (_, entries) = village().next().unwrap();
    let records = records(entries);
    let steps = of_kind(&records, Kind::IncidentStep);
    let lists = Lists::initial();
    let told: Vec<_> = of_kind(&records, Kind::Incident)
        .into_iter()
        .map(|incident| fold(incident, steps.iter().copied(), &lists))
        .collect();
    for stage in
        [Stage::Draft, Stage::Accept, Stage::Dispatch, Stage::Handle, Stage::Coordinate, Stage::Verify, Stage::Close]
    {
        assert!(told.iter().any(|progress| progress.stage == stage), "{stage:?}");
    }
    assert!(told.iter().any(|progress| progress.ended) && told.iter().any(|progress| progress.reopened > 0));
    assert!(told.iter().flat_map(|progress| &progress.steps).all(|step| !step.late));
}

#[test]
fn surnames_that_are_read_in_two_ways_occur_and_children_mostly_bear_the_householders_name() {
    let mut polyphonic = BTreeSet::new();
    for (_, entries) in village() {
        let records = records(entries);
        for person in of_kind(&records, Kind::Person) {
            polyphonic
                .extend("单查曾翟仇解".chars().filter(|surname| person.text("name").unwrap().starts_with(*surname)));
            if let Some("20" | "30") = person.text("relation") {
                let household = &records[&person.reference("household").unwrap()];
                let head = &records[&household.reference("head").unwrap()];
                assert_eq!(head.text("name").unwrap().chars().next(), person.text("name").unwrap().chars().next());
            }
        }
    }
    assert!(polyphonic.len() >= 4, "{polyphonic:?}");
}

#[test]
fn pictures_are_upright_and_say_nothing_of_where_they_were_taken() {
    for sample in samples().unwrap() {
        assert!(sample.width <= 1600 && sample.height <= 1600);
        assert!(!sample.full.windows(4).any(|bytes| bytes == b"Exif"));
        let picture = image::load_from_memory(&sample.full).unwrap();
        assert_eq!((picture.width(), picture.height()), (sample.width, sample.height));
    }
    // The words "RIGHT" stand upright: the photo of orientation 8 is 640 × 480 and becomes 480 × 640.
    assert!(samples().unwrap().iter().any(|sample| (sample.width, sample.height) == (480, 640)));
}

#[test]
fn nothing_is_stored_that_the_tables_of_the_kinds_do_not_name() {
    for Entry { change, .. } in village().flat_map(|(_, entries)| entries) {
        for (field, value) in &change.fields {
            assert!(domain::spec::field(&change.kind, field).is_some(), "{}.{field}", change.kind);
            assert_ne!(value, &Value::Null);
        }
    }
}

#[test]
fn every_role_of_the_desk_has_an_account_that_signs_in() {
    let county = county(Size::Village);
    for role in [Role::Supervisor, Role::Handler, Role::Admin, Role::Auditor] {
        assert!(county.accounts.iter().any(|account| account.role == role && account.signs_in), "{role:?}");
    }
}

#[test]
fn everybody_who_wrote_has_an_account_that_held_the_cell_or_reviews_it() {
    let county = county(Size::Town);
    let accounts: BTreeMap<_, _> = county.accounts.iter().map(|account| (account.id.clone(), account)).collect();
    for cell in county.cells.iter().step_by(17) {
        for Entry { by, change, .. } in county.entries(cell) {
            let account = accounts[&by];
            let holds = account.cells.contains(&cell.code);
            let sees = account.scopes.iter().any(|scope| scope.covers(&cell.code));
            assert!(if account.role == Role::Worker { holds } else { sees }, "{by} wrote {}", change.kind);
        }
    }
}

#[test]
fn a_second_run_adds_nothing_but_fresh_codes() {
    let folder = tempfile::tempdir().unwrap();
    let hub = crate::hub::open_folder(folder.path()).unwrap();
    let counted = || {
        let scope = [scope(COUNTY)];
        let states = [ReviewState::Waiting, ReviewState::Returned, ReviewState::Approved];
        states.map(|state| hub.store().read(|reading| reading.review_counts(state, &scope)).unwrap())
    };
    let first = load::make(&hub, Size::Village).unwrap();
    let before = counted();
    assert!(before.iter().all(|counts| !counts.is_empty()));
    let second = load::make(&hub, Size::Village).unwrap();
    assert_eq!(before, counted());
    assert_ne!(first.worker.enrol_code, second.worker.enrol_code);
    assert_eq!((second.cell.as_str(), second.desk.account.as_str()), ("610722001001001", "demo-supervisor"));
    assert!(hub.is_demo().unwrap());
    hub.sign_in("demo-supervisor", PASSWORD).unwrap();
}

#[test]
fn what_the_store_says_of_a_demonstration_record_is_what_its_reviews_say() {
    let folder = tempfile::tempdir().unwrap();
    let hub = crate::hub::open_folder(folder.path()).unwrap();
    load::make(&hub, Size::Village).unwrap();
    let cell = scope("610722001001001");
    for state in [ReviewState::Waiting, ReviewState::Returned] {
        let query = InboxQuery {
            scopes: vec![cell.clone()],
            kind: None,
            state,
            changed: None,
            words: None,
            newest_first: false,
            after: None,
            limit: 100,
        };
        hub.store()
            .read(|reading| {
                for stored in reading.inbox(&query)? {
                    let reviews = reading.referring(&cell, stored.record.id, &Kind::Review)?;
                    let records: Vec<&Record> = reviews.iter().map(|review| &review.record).collect();
                    assert_eq!(review::state(&stored.record, records), state);
                    assert_eq!(stored.version, stored.record.version());
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }
}

#[test]
fn a_real_county_never_gets_demonstration_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let hub = crate::hub::open_folder(folder.path()).unwrap();
    let real = Account {
        id: AccountId::new("somebody").unwrap(),
        display_name: "某人".to_owned(),
        role: Role::Worker,
        scopes: Vec::new(),
        password_hash: None,
        closed_at: None,
        department: None,
    };
    hub.put_account(real, None, &[]).unwrap();
    assert!(matches!(load::make(&hub, Size::Village), Err(DemoError::RealCounty)));
    assert!(!hub.is_demo().unwrap());
    assert!(hub.sign_in("demo-supervisor", PASSWORD).is_err());
}

#[test]
fn the_first_cell_has_an_exercise_under_way_whose_marks_are_of_people_on_its_roster() {
    use domain::kinds::evacuation::Evacuation;
    use domain::kinds::roll_call::RollCall;
    let (_, entries) = village().next().unwrap();
    let records = records(entries);
    let marks: Vec<RollCall> = of_kind(&records, Kind::RollCall).into_iter().filter_map(RollCall::read).collect();
    let orders = of_kind(&records, Kind::Evacuation);
    assert_eq!(orders.len(), 2);
    for record in orders {
        let order = Evacuation::from(record);
        assert!(order.drill && order.points.iter().all(|point| records.contains_key(point)));
        let own = marks.iter().filter(|mark| mark.evacuation == record.id);
        let roll = domain::evacuation::roll(&order.roster, own);
        assert!(roll.strangers.is_empty() && roll.totals.moved > 0, "{:?}", roll.totals);
        assert_eq!(roll.totals.not_contacted == 0, order.ended_at.is_some(), "{:?}", roll.totals);
    }
}

#[test]
fn the_first_worker_has_a_missed_check_a_due_one_and_one_with_time_and_a_colleague_s_plan_in_the_cell() {
    use domain::care::{CareStanding, check};
    let (_, entries) = village().next().unwrap();
    let records = records(entries);
    let met = |person: RecordId| {
        let household = records[&person].reference("household");
        let to = |visit: &&Record| visit.reference("target").is_some_and(|at| at == person || Some(at) == household);
        let visits = of_kind(&records, Kind::Visit).into_iter().filter(to);
        visits
            .filter(|visit| domain::fold::is_met(visit.text("result").unwrap()))
            .filter_map(|visit| visit.int("at"))
            .max()
    };
    let mut standings: Vec<CareStanding> = of_kind(&records, Kind::CarePlan)
        .into_iter()
        .filter(|plan| plan.text("responsible") == Some("demo-worker"))
        .map(|plan| {
            let last_met = met(plan.reference("person").unwrap());
            check(&plan.into(), last_met, Lists::initial().care, today(NOW)).standing
        })
        .collect();
    standings.sort();
    assert_eq!(standings, [CareStanding::Missed, CareStanding::Due, CareStanding::Ahead]);
    assert_eq!(of_kind(&records, Kind::CarePlan).len(), 4);
    assert_eq!((of_kind(&records, Kind::Notice).len(), of_kind(&records, Kind::Task).len()), (2, 2));
}

/// Whether a point lies in the outer ring of a boundary.
fn lies_in(boundary: &Value, position: &Value) -> bool {
    let at = |value: &Value, index: usize| value[index].as_f64().unwrap();
    let (x, y) = (position["lng"].as_f64().unwrap(), position["lat"].as_f64().unwrap());
    let ring = boundary["coordinates"][0].as_array().unwrap();
    let crossed = ring.iter().zip(ring.iter().skip(1)).filter(|(a, b)| {
        let ((ax, ay), (bx, by)) = ((at(a, 0), at(a, 1)), (at(b, 0), at(b, 1)));
        (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax)
    });
    crossed.count() % 2 == 1
}

#[test]
fn every_cell_of_the_county_has_a_boundary_of_its_own_that_may_be_stored() {
    let county = county(Size::County);
    let mut seen = BTreeSet::new();
    for cell in &county.cells {
        let boundary = land::boundary(cell);
        assert_eq!(domain::boundary::fault(&boundary), None, "{} {boundary}", cell.code);
        // The middles of no two cells are the same: the chessboard has a square for every village.
        let corner = boundary["coordinates"][0][0].to_string();
        assert!(seen.insert(corner), "{}", cell.code);
        let middle = land::slot(cell, 4);
        assert!(lies_in(&boundary, &middle), "{}", cell.code);
    }
}

#[test]
fn what_has_a_position_lies_in_its_cell_and_the_shops_of_a_full_cell_wait_for_one() {
    for (cell, entries) in village() {
        let records = records(entries);
        let boundary = land::boundary(cell);
        let placed: Vec<&Record> = records.values().filter(|record| record.fields.contains_key("position")).collect();
        assert!(placed.iter().all(|record| lies_in(&boundary, &record.fields["position"])), "{}", cell.name);
        let count = |kind: Kind| placed.iter().filter(|record| record.kind == kind).count();
        assert_eq!(count(Kind::Building) + 1, of_kind(&records, Kind::Building).len());
        assert!(count(Kind::Incident) > 1);
    }
}
