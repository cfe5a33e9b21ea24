//! The monthly report: the sums that are kept as records are written say what a fold over all records says, whatever happened to
//! them; a report that was made is never changed; the server makes it by itself.

use std::collections::BTreeMap;

use domain::fold::door_history;
use domain::kinds::visit::Visit;
use domain::report::{Counts, Figure, FigureValue, Period, What, fold};
use domain::review::ReviewState;
use domain::review::rules::ReviewRules;
use domain::same::Same;
use domain::scope::Role;
use domain::{AccountId, CellCode, Kind, Node, Record, RecordId, Stamp, Stamps, World as _};
use serde_json::{Value, json};
use sync_server::hub::HubError;
use sync_server::hub::reports::{counts_by_cell, official};
use sync_server::hub::reviews::{ReviewOf, ReviewVerdict};
use sync_server::store::{Approval, BulkRecord, Erasure, Run, Store as _, Writing, Written};

use crate::common::{County, DAY, START, cell, scope};

fn november() -> Period {
    Period::month(2026, 11).unwrap()
}

/// What the server says of the county: every cell's counts added up.
fn counted(county: &County, period: Period) -> Counts {
    let (lists, rules) = (county.hub.lists(), county.hub.review_rules().unwrap());
    let by = (&*lists, &rules);
    let cells = county.hub.store().read(|reading| counts_by_cell(reading, &scope("610722"), period, by)).unwrap();
    added(&cells)
}

fn added(cells: &BTreeMap<CellCode, Counts>) -> Counts {
    let mut all = Counts::default();
    cells.values().for_each(|counts| all.plus(counts));
    all
}

/// Sums of nought are no sums.
fn without_steps(counts: &Counts) -> Vec<(What, String, i64)> {
    let whats = What::ALL.iter().filter(|what| **what != What::IncidentStep);
    whats
        .flat_map(|what| counts.by(*what).map(|(code, n)| (*what, code.to_owned(), n)))
        .filter(|(_, _, n)| *n != 0)
        .collect()
}

/// A register that changes at random, kept here too.
struct Register<'c> {
    county: &'c County,
    records: BTreeMap<RecordId, Record>,
    stamp: i64,
    seed: u64,
}

impl Register<'_> {
    fn chance(&mut self, below: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) as usize % below.max(1)
    }

    fn stamps(&mut self) -> Stamps {
        self.stamp += 1000;
        Stamps::all(Stamp::new(START + self.stamp, 0, Node(1)))
    }

    fn one_of(&mut self, kind: &Kind) -> Option<RecordId> {
        let ids: Vec<RecordId> = self.records.values().filter(|r| r.kind == *kind).map(|r| r.id).collect();
        if ids.is_empty() { None } else { Some(ids[self.chance(ids.len())]) }
    }

    fn put(&mut self, record: Record) {
        let is_new = !self.records.contains_key(&record.id);
        let by = AccountId::new("worker-a").unwrap();
        if is_new && self.chance(4) == 0 {
            let bulk = BulkRecord { record: record.clone(), by, at: START, state: ReviewState::Waiting };
            self.county.hub.store().write(|writing| writing.bulk_load(&[bulk])).unwrap();
        } else {
            let written = Written { at: START, by, run: Run::SERVER, state: ReviewState::Waiting, is_new };
            self.county.hub.store().write(|writing| writing.put_record(&record, &written)).unwrap();
        }
        self.records.insert(record.id, record);
    }

    fn new_record(&mut self, kind: Kind, fields: Value) -> RecordId {
        let id = self.county.world.clone().record_id();
        let place = cell(1 + self.chance(3) as u32);
        let record =
            Record { id, kind, cell: place, fields: serde_json::from_value(fields).unwrap(), stamps: self.stamps() };
        self.put(record);
        id
    }

    fn moment(&mut self) -> i64 {
        START - 40 * DAY + self.chance(60) as i64 * DAY
    }

    fn day(&mut self) -> String {
        domain::validate::today(self.moment()).to_string()
    }

    fn write_something(&mut self) {
        let (at, day) = (self.moment(), self.day());
        let pick = |codes: &[&str], n: usize| codes[n % codes.len()].to_owned();
        let n = self.chance(1000);
        let home = self.one_of(&Kind::Household);
        let person = self.one_of(&Kind::Person);
        match self.chance(14) {
            0 => drop(self.new_record(Kind::Household, json!({"dwelling": null}))),
            1 => drop(self.new_record(Kind::Person, json!({"household": home, "name": "某", "moved_out_on": n.is_multiple_of(5).then_some(day)}))),
            2..=4 => {
                let target = if n.is_multiple_of(3) { person } else { home };
                let replaces = if n.is_multiple_of(4) { self.one_of(&Kind::Visit) } else { None };
                let result = pick(&["met", "absent", "proxy", "refused"], n);
                self.new_record(Kind::Visit, json!({"target": target, "at": at, "result": result, "replaces": replaces}));
            }
            5 => drop(self.new_record(Kind::Incident, json!({"category": pick(&["0601", "0101"], n), "severity": 3, "happened_at": at, "by": "worker-a"}))),
            6..=7 => {
                let incident = self.one_of(&Kind::Incident);
                let action = pick(&["accept", "dispatch", "result", "pass", "close", "reopen"], n);
                self.new_record(Kind::IncidentStep, json!({"incident": incident, "action": action, "at": at, "step": "accept"}));
            }
            8 => drop(self.new_record(Kind::Dispute, json!({"type": pick(&["01", "02"], n), "source": "applied", "accepted_on": day,
                "parties": [{"name": "甲"}, {"name": "乙"}], "amount": format!("{n}.50"), "agreement": pick(&["written", "none"], n)}))),
            9 => drop(self.new_record(Kind::CarePlan, json!({"person": person, "level": pick(&["a", "b"], n), "starts_on": day,
                "ends_on": n.is_multiple_of(3).then_some("2026-11-20")}))),
            10 => drop(self.new_record(Kind::Callback, json!({"at": at, "reached": !n.is_multiple_of(3), "satisfaction": pick(&["satisfied", "fairly"], n)}))),
            11 => drop(self.new_record(Kind::Recheck, json!({"at": at, "result": pick(&["fixed", "not_fixed"], n)}))),
            12 => drop(self.new_record(Kind::NoticeAck, json!({"at": at, "household": home}))),
            _ => {
                let hazards: Vec<Value> = (0..n % 3).map(|_| json!({"item": "F01", "text": "堵", "severity": 2})).collect();
                self.new_record(Kind::Inspection, json!({"at": at, "checklist": "small_premises", "hazards": hazards}));
            }
        }
    }

    fn change_something(&mut self) {
        let all: Vec<RecordId> = self.records.keys().copied().collect();
        let id = all[self.chance(all.len())];
        let mut record = self.records[&id].clone();
        match self.chance(7) {
            5 | 6 if matches!(record.kind, Kind::Person | Kind::Household) => {
                // Found to be one with an older entry, or one that does not lead anywhere, or itself again.
                let into = self.one_of(&record.kind.clone()).filter(|_| self.chance(3) > 0);
                record.fields.insert("merged_into".to_owned(), json!(into));
            }
            0 => record.cell = cell(1 + self.chance(3) as u32),
            1 => drop(record.fields.insert("deleted".to_owned(), json!(self.chance(2) == 0))),
            2 if record.kind == Kind::Person => {
                let home = self.one_of(&Kind::Household);
                record.fields.insert("household".to_owned(), json!(home));
            }
            3 if record.kind == Kind::Visit => {
                let visit = self.one_of(&Kind::Visit);
                record.fields.insert("replaces".to_owned(), json!(visit));
            }
            _ => drop(record.fields.insert("agreement".to_owned(), json!("oral"))),
        }
        record.stamps = self.stamps();
        self.put(record);
    }

    /// Somebody at the desk approves what is there, or returns it.
    fn review_something(&mut self) {
        let all: Vec<RecordId> = self.records.values().filter(|r| r.kind.is_reviewed()).map(|r| r.id).collect();
        if all.is_empty() {
            return;
        }
        let id = all[self.chance(all.len())];
        let record = &self.records[&id].clone();
        let approval = Approval { at: START, by: AccountId::new("boss").unwrap() };
        let (state, approval) =
            if self.chance(6) == 0 { (ReviewState::Returned, None) } else { (ReviewState::Approved, Some(&approval)) };
        let review = |writing: &mut dyn Writing| writing.set_review(&record.cell, record.id, state, approval);
        self.county.hub.store().write(review).unwrap();
    }

    /// The sums of a county in which only what was approved is official, against the rules over what was approved.
    fn compare_official(&self) {
        let rules = ReviewRules { official_when_approved: true, ..ReviewRules::default() };
        let (lists, whole) = (self.county.hub.lists(), scope("610722"));
        let mut all = Vec::new();
        for record in self.records.values() {
            let stored = self.county.stored(record.id).unwrap();
            let counts = self.county.hub.store().read(|reading| official(reading, &whole, stored, &rules)).unwrap();
            // Who gave way to whom does not wait; an entry that gave way counts for nothing itself.
            all.extend(counts.or_else(|| (!record.is_deleted() && !record.is_present()).then(|| record.clone())));
        }
        for period in [november(), november().before().unwrap()] {
            let wanted = fold(&all, period, &lists);
            let by = (&*lists, &rules);
            let cells = self.county.hub.store().read(|reading| counts_by_cell(reading, &whole, period, by)).unwrap();
            assert_eq!(without_steps(&added(&cells)), without_steps(&wanted), "seed {}", self.seed);
        }
    }

    fn erase_something(&mut self) {
        let all: Vec<RecordId> = self.records.keys().copied().collect();
        let id = all[self.chance(all.len())];
        let record = self.records[&id].clone();
        let by = AccountId::new("boss").unwrap();
        let erasure = Erasure { id: record.id, kind: record.kind, cell: record.cell, at: START, by, sha256: None };
        self.county.hub.store().write(|writing| writing.erase(&erasure)).unwrap();
        self.records.remove(&record.id);
    }

    /// The sums, the homes and the meetings, against the rules over all that is there.
    fn compare(&self) {
        let all: Vec<Record> = self.records.values().cloned().collect();
        for period in [november(), november().before().unwrap()] {
            let wanted = fold(&all, period, &self.county.hub.lists());
            assert_eq!(without_steps(&counted(self.county, period)), without_steps(&wanted));
        }
        let visits: Vec<(RecordId, Visit)> = all
            .iter()
            .filter(|record| record.kind == Kind::Visit && !record.is_deleted())
            .map(|record| (record.id, Visit::from(record)))
            .collect();
        let standing: Vec<(RecordId, Visit)> = domain::fold::standing(&visits).into_iter().cloned().collect();
        let same = Same::of(&all);
        let home_of = |target: RecordId| {
            let standing = self.records.get(&same.survivor(target))?;
            let home = if standing.kind == Kind::Person { standing.reference("household")? } else { standing.id };
            Some(same.survivor(home))
        };
        let mut homes = BTreeMap::<RecordId, Option<i64>>::new();
        for home in all.iter().filter(|record| record.kind == Kind::Household && record.is_present()) {
            let of_home = |visit: &&(RecordId, Visit)| visit.1.target.and_then(home_of) == Some(home.id);
            let of_home: Vec<(RecordId, Visit)> = standing.iter().filter(of_home).cloned().collect();
            homes.insert(home.id, door_history(&of_home).last_met);
        }
        let kept =
            self.county.hub.store().read(|reading| reading.homes_unmet(&scope("610722"), i64::MAX, 10_000)).unwrap();
        assert_eq!(kept.into_iter().collect::<BTreeMap<_, _>>(), homes);
    }
}

#[test]
fn what_is_kept_as_records_are_written_is_what_a_fold_over_all_records_says() {
    for seed in 1..=6 {
        let county = County::new();
        county.account("boss", Role::Supervisor, &["610722001001"], &[]);
        let mut register = Register { county: &county, records: BTreeMap::new(), stamp: 0, seed };
        for step in 0..220 {
            match register.chance(10) {
                0 if step > 20 => register.erase_something(),
                1..=3 if step > 20 => register.change_something(),
                _ => register.write_something(),
            }
            if step % 55 == 54 {
                register.compare();
            }
        }
    }
}

#[test]
fn when_only_what_was_approved_counts_the_sums_are_those_of_a_fold_over_what_was_approved() {
    for seed in 1..=8 {
        let county = County::new();
        county.account("boss", Role::Supervisor, &["610722001001"], &[]);
        let mut register = Register { county: &county, records: BTreeMap::new(), stamp: 0, seed };
        for step in 0..260 {
            match register.chance(10) {
                0 if step > 20 => register.erase_something(),
                1..=2 if step > 20 => register.change_something(),
                3..=5 => register.review_something(),
                _ => register.write_something(),
            }
            if step % 65 == 64 {
                register.compare_official();
                register.compare();
            }
        }
    }
}

#[test]
fn a_report_says_which_reading_it_used_and_keeps_it_when_the_county_decides_otherwise() {
    let county = County::new();
    let home = some_visits(&county, 3);
    let desk = county.supervisor("boss", "610722001001");
    let place = scope("610722001001");
    let made = || county.hub.make_report(&desk.actor, &place, november()).unwrap();
    let of = |id| figure(&county.hub.report_for(&desk.actor, id, None).unwrap().1[0].figures, "visits");
    let present = made();
    assert_eq!((present.official, of(present.id)), (false, 3));
    // Switched on: nothing of it was approved, and the report that was just made is no answer to this wish.
    county.set_review_rules(&ReviewRules { official_when_approved: true, ..ReviewRules::default() });
    let none = made();
    assert_eq!((none.official, none.version, of(none.id)), (true, 2, 0));
    for visit in
        county.hub.store().read(|reading| reading.referring(&place, home, &Kind::Visit)).unwrap().iter().take(2)
    {
        let id = visit.record.id;
        let wish = ReviewOf {
            id,
            version: visit.version.clone(),
            seen: domain::review::ReviewState::Waiting,
            verdict: ReviewVerdict::Approved,
            remarks: BTreeMap::new(),
            note: None,
        };
        county.hub.review(&desk, &wish).unwrap();
    }
    county.world.pass(crate::common::MINUTE);
    let two = made();
    assert_eq!((two.official, of(two.id)), (true, 2));
    county.set_review_rules(&ReviewRules::default());
    let again = made();
    assert_eq!((again.official, of(again.id)), (false, 3));
    assert_eq!([of(present.id), of(none.id), of(two.id)], [3, 0, 2], "what was made stays");
    let kept = county.hub.report_for(&desk.actor, none.id, None).unwrap().0;
    assert!(kept.official, "and says how it was counted");
}

/// Two entries of one resident in two entries of one household, and a visit to the younger of each: what is said of them counts for the
/// older one while they are one, whichever comes first, and for themselves otherwise.
#[test]
fn visits_to_an_entry_that_gave_way_count_for_the_one_that_stays_before_and_after_and_no_longer_when_that_is_taken_back()
 {
    for visit_first in [true, false] {
        let county = County::new();
        let mut phone = county.worker("worker-a", &[cell(1)]);
        let older = phone.new_home(&cell(1));
        county.world.pass(1);
        let younger = phone.new_home(&cell(1));
        phone.push_all(&[older.to_vec(), younger.to_vec()].concat());
        let plan = phone.new_record(
            Kind::CarePlan,
            &cell(1),
            json!({"person": older[2].id, "reason": "alone", "level": "b", "responsible": "worker-a", "consent": "oral",
                "starts_on": "2026-11-02"}),
        );
        phone.push_all(&[plan]);
        let said = |phone: &mut crate::common::TestPhone, of: usize, into: Option<RecordId>| {
            let kind = if of == 2 { Kind::Person } else { Kind::Household };
            let merged =
                phone.change(kind, younger[of].id, &cell(1), json!({"merged_into": into, "merged_before": {}}));
            phone.push_all(&[merged]);
        };
        let see = |phone: &mut crate::common::TestPhone| {
            let mut visit = phone.visit(younger[2].id, &cell(1));
            visit.fields.insert("target_kind".into(), json!("person"));
            phone.push_all(&[visit]);
        };
        let met = || -> BTreeMap<RecordId, bool> {
            let homes = county.hub.store().read(|r| r.homes_unmet(&scope("610722"), i64::MAX, 10)).unwrap();
            homes.into_iter().map(|(home, at)| (home, at.is_some())).collect()
        };
        let care = || {
            let counts = counted(&county, november());
            (counts.total(What::CareDue), counts.total(What::CareDone))
        };
        let (one, other) = (older[1].id, younger[1].id);
        if visit_first {
            see(&mut phone);
            assert_eq!((met(), care()), (BTreeMap::from([(one, false), (other, true)]), (1, 0)));
        }
        said(&mut phone, 2, Some(older[2].id));
        if !visit_first {
            assert_eq!((met(), care()), (BTreeMap::from([(one, false), (other, false)]), (1, 0)));
            see(&mut phone);
        }
        assert_eq!((met(), care()), (BTreeMap::from([(one, true), (other, false)]), (1, 1)), "the resident is one");
        said(&mut phone, 1, Some(one));
        assert_eq!((met(), care()), (BTreeMap::from([(one, true)]), (1, 1)), "the household is one too");
        said(&mut phone, 2, None);
        assert_eq!((met(), care()), (BTreeMap::from([(one, true)]), (1, 0)), "another resident of the same household");
        said(&mut phone, 1, None);
        assert_eq!((met(), care()), (BTreeMap::from([(one, false), (other, true)]), (1, 0)), "two households again");
    }
}

/// A household and visits to it, as many as wanted, in the month of the test.
fn some_visits(county: &County, number: usize) -> RecordId {
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    for _ in 0..number {
        let visit = phone.visit(home[1].id, &cell(1));
        phone.push_all(&[visit]);
    }
    home[1].id
}

fn figure(figures: &[Figure], key: &str) -> i64 {
    match figures.iter().find(|figure| figure.key == key && figure.code.is_none()).map(|figure| &figure.value) {
        Some(FigureValue::Count { n }) => *n,
        None => 0,
        other => panic!("{key} is no count: {other:?}"),
    }
}

#[test]
fn a_report_stays_as_it_was_made_and_a_new_one_is_a_new_version() {
    let county = County::new();
    let home = some_visits(&county, 2);
    let desk = county.supervisor("boss", "610722001001");
    let place = scope("610722001001");
    let first = county.hub.make_report(&desk.actor, &place, november()).unwrap();
    let mut phone = county.worker("worker-b", &[cell(1)]);
    let visit = phone.visit(home, &cell(1));
    phone.push_all(&[visit]);
    // Pressed twice, it is made once.
    assert_eq!(county.hub.make_report(&desk.actor, &place, november()).unwrap(), first);
    county.world.pass(crate::common::MINUTE);
    let second = county.hub.make_report(&desk.actor, &place, november()).unwrap();
    assert_eq!((first.version, second.version), (1, 2));
    let of = |id| county.hub.report_for(&desk.actor, id, None).unwrap().1[0].figures.clone();
    assert_eq!((figure(&of(first.id), "visits"), figure(&of(second.id), "visits")), (2, 3));
    // Not even by hand.
    let file = county.folder.path().join("county.db");
    let hand = rusqlite::Connection::open(file).unwrap();
    for sql in [
        "UPDATE report_place SET figures = '[]'",
        "DELETE FROM report_place",
        "UPDATE report SET rules = 9",
        "DELETE FROM report",
    ] {
        assert!(hand.execute(sql, []).is_err(), "{sql}");
    }
}

#[test]
fn the_server_makes_the_report_on_the_last_evening_once_and_makes_up_what_it_slept_through() {
    let mut county = County::new();
    some_visits(&county, 1);
    county.hub.put_places(&[sync_server::store::Place { code: scope("610722"), name: "城固县".into() }]).unwrap();
    // The twenty-second of November: October is over and was never reported.
    assert_eq!(county.hub.make_due_reports().unwrap(), 1);
    assert_eq!(county.hub.make_due_reports().unwrap(), 0);
    // 23:00 on the thirtieth, in China.
    county.world.pass(8 * DAY + 13 * 3_600_000 - 1);
    assert_eq!(county.hub.make_due_reports().unwrap(), 0);
    county.world.pass(1);
    assert_eq!(county.hub.make_due_reports().unwrap(), 1);
    // Off until the middle of January: December is made up.
    county.world.pass(45 * DAY);
    county.restart();
    assert_eq!(county.hub.make_due_reports().unwrap(), 1);
    assert_eq!(county.hub.make_due_reports().unwrap(), 0);
    let desk = county.supervisor("boss", "610722");
    let periods: Vec<String> =
        county.hub.reports_for(&desk.actor).unwrap().iter().map(|head| head.period.first.to_string()).collect();
    assert_eq!(periods, ["2026-12-01", "2026-11-01", "2026-10-01"]);
}

#[test]
fn a_village_sees_its_own_rows_of_the_countys_report_and_no_others() {
    let county = County::new();
    some_visits(&county, 2);
    let chief = county.supervisor("chief", "610722");
    let made = county.hub.make_report(&chief.actor, &scope("610722"), november()).unwrap();
    let village = county.supervisor("boss", "610722001001");
    let (head, places) = county.hub.report_for(&village.actor, made.id, None).unwrap();
    assert_eq!((head.id, places[0].place.as_str()), (made.id, "610722001001"));
    let code = |outcome: Result<_, HubError>| outcome.map(|_: (_, _)| ()).unwrap_err().code();
    for foreign in ["610722", "610722001", "610722001002", "610723"] {
        let refused = county.hub.report_for(&village.actor, made.id, Some(scope(foreign)));
        assert_eq!(code(refused), domain::protocol::CallRefusal::NotFound, "{foreign}");
    }
    let neighbour = county.supervisor("neighbour", "610723");
    assert_eq!(code(county.hub.report_for(&neighbour.actor, made.id, None)), domain::protocol::CallRefusal::NotFound);
    assert!(county.hub.reports_for(&neighbour.actor).unwrap().is_empty());
}

#[test]
fn a_report_of_days_to_come_or_of_somebody_elses_place_is_not_made() {
    use domain::protocol::CallRefusal::{Invalid, NotAllowed, NotFound};
    let county = County::new();
    let boss = county.supervisor("boss", "610722001001");
    let make = |actor: &domain::scope::Actor, place: &str, period| {
        county.hub.make_report(actor, &scope(place), period).unwrap_err().code()
    };
    assert_eq!(make(&boss.actor, "610722001001", Period::month(2026, 12).unwrap()), Invalid);
    for foreign in ["610722", "61", "610722001002", "610722001"] {
        assert_eq!(make(&boss.actor, foreign, november()), NotFound, "{foreign}");
    }
    for (name, role) in [("auditor", Role::Auditor), ("handler", Role::Handler)] {
        county.account(name, role, &["610722"], &[]);
        let desk = county.hub.sign_in(name, crate::common::PASSWORD).unwrap().desk;
        assert_eq!(make(&desk.actor, "610722", november()), NotAllowed, "{name}");
    }
}

#[test]
fn cells_are_in_the_report_whether_or_not_they_have_a_name() {
    let county = County::new();
    some_visits(&county, 1);
    let chief = county.supervisor("chief", "610722");
    let made = county.hub.make_report(&chief.actor, &scope("610722"), november()).unwrap();
    let (_, places) = county.hub.report_for(&chief.actor, made.id, Some(scope("610722001001"))).unwrap();
    let codes: Vec<&str> = places.iter().map(|place| place.place.as_str()).collect();
    assert_eq!(codes, ["610722001001", "610722001001001"]);
    assert!(places.iter().all(|place| figure(&place.figures, "visits") == 1));
    let code = CellCode::new("610722001001001").unwrap();
    assert_eq!(places[1].place.as_str(), code.as_str());
}
