//! The rules of the report: what counts, what does not, and how sums become figures.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::stamps::Stamps;
use crate::validate::today;
use crate::{CellCode, Node, Stamp};

fn id(number: u128) -> RecordId {
    RecordId(uuid::Uuid::from_u128(number))
}

/// A record that was written at this moment.
fn record(number: u128, kind: Kind, at: i64, fields: Value) -> Record {
    Record {
        id: id(number),
        kind,
        cell: CellCode::new("610722001001001").unwrap(),
        fields: serde_json::from_value(fields).unwrap(),
        stamps: Stamps::all(Stamp::new(at, number as u16, Node(1))),
    }
}

fn november() -> Period {
    Period::month(2026, 11).unwrap()
}

/// So many days after the first of November 2026 began in China.
fn day(days: i64) -> i64 {
    november().moments().start + days * 86_400_000
}

fn value(counts: &Counts, key: &str, code: Option<&str>) -> Option<FigureValue> {
    figures(counts).into_iter().find(|figure| figure.key == key && figure.code.as_deref() == code).map(|f| f.value)
}

/// 1,018 cases as a city reported them: 2,015 party-times, 7,072,300 yuan, one case not settled.
fn haimen() -> Vec<Record> {
    let case = |number: u128| {
        let parties = if number < 21 { 1 } else { 2 };
        let parties: Vec<Value> = (0..parties)
            .map(|side| json!({"name": "某", "side": if side == 0 { "applicant" } else { "respondent" }}))
            .collect();
        let amount = if number == 0 { "206820.00" } else { "6750.72" };
        let amount = if number == 1017 { "6748.48" } else { amount };
        let mut fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-11-03", "parties": parties, "amount": amount});
        if number != 500 {
            fields["agreement"] = json!(if number.is_multiple_of(3) { "oral" } else { "written" });
        }
        record(number + 1, Kind::Dispute, day(2), fields)
    };
    (0..1018).map(case).collect()
}

#[test]
fn the_mediation_figures_of_a_city_come_out_exactly_and_one_unsettled_case_is_never_rounded_away() {
    let counts = fold(&haimen(), november(), &Lists::initial());
    assert_eq!(value(&counts, "disputes", None), Some(FigureValue::Count { n: 1018 }));
    assert_eq!(value(&counts, "dispute_parties", None), Some(FigureValue::Count { n: 2015 }));
    assert_eq!(value(&counts, "dispute_amount", None), Some(FigureValue::Yuan { amount: "7072300.00".into() }));
    assert_eq!(value(&counts, "disputes_settled", None), Some(FigureValue::Count { n: 1017 }));
    let rate = FigureValue::Share { part: 1017, whole: 1018, permille: Some(999) };
    assert_eq!(value(&counts, "settled_rate", None), Some(rate));
}

#[test]
fn every_formula_is_named_once_and_every_count_has_its_name() {
    let keys: std::collections::BTreeSet<&str> = FIGURES.iter().map(|spec| spec.key).collect();
    assert_eq!(keys.len(), FIGURES.len());
    for what in What::ALL {
        assert_eq!(What::of_name(what.name()), Some(*what));
        assert_eq!(serde_json::to_value(what).unwrap(), json!(what.name()));
    }
    assert_eq!(What::of_name("score"), None);
}

#[test]
fn a_kind_that_is_not_counted_says_nothing() {
    for kind in Kind::KNOWN {
        let fields = json!({"at": day(1), "happened_at": day(1), "ordered_at": day(1), "accepted_on": "2026-11-02", "name": "某"});
        let says = !of_record(&record(1, kind.clone(), day(1), fields)).is_empty();
        assert_eq!(says, is_counted(&kind), "{kind}");
    }
}

#[test]
fn a_rate_of_a_few_is_not_given() {
    let mut counts = Counts::default();
    counts.add(What::CareDue, "a", 9);
    counts.add(What::CareDone, "a", 3);
    assert_eq!(value(&counts, "care_rate", None), Some(FigureValue::Share { part: 3, whole: 9, permille: None }));
    counts.add(What::CareDue, "b", 1);
    assert_eq!(value(&counts, "care_rate", None), Some(FigureValue::Share { part: 3, whole: 10, permille: Some(300) }));
}

#[test]
fn a_care_plan_counts_in_the_month_what_it_asked_for_and_what_was_made() {
    let plan = record(1, Kind::CarePlan, day(0), json!({"person": id(2), "level": "a", "starts_on": "2026-11-01"}));
    let of = |plan: &Record, left: Option<&str>, days: &[i64], period: Period| {
        let met = days.iter().map(|at| today(day(*at))).collect();
        let left = left.map(|day| day.parse().unwrap());
        let mut counts = Counts::default();
        counts.extend(of_care_plan(plan, left, &met, Lists::initial().care, period));
        (counts.total(What::CareDue), counts.total(What::CareDone))
    };
    let december = Period::month(2026, 12).unwrap();
    // The first day; the eighth; then the sixteenth, which nobody made before the thirtieth. Two visits before one check are one.
    assert_eq!(of(&plan, None, &[0, 5, 8, 29], november()), (4, 4));
    assert_eq!(of(&plan, None, &[0, 5, 8], november()), (4, 3));
    assert_eq!(
        of(&plan, None, &[0, 5, 8, 30], december),
        (2, 1),
        "the open one, made on the first; the next, on the eighth"
    );
    assert_eq!(of(&plan, None, &[0], Period::month(2026, 10).unwrap()), (0, 0));
    assert_eq!(
        of(&plan, Some("2026-11-10"), &[0], november()),
        (2, 1),
        "nobody is due after the day on which they left"
    );
    assert_eq!(of(&plan, Some("2026-10-10"), &[0], november()), (0, 0));
    let deleted = record(1, Kind::CarePlan, day(0), json!({"level": "a", "starts_on": "2026-11-01", "deleted": true}));
    assert_eq!(of(&deleted, None, &[], november()), (0, 0));
}

#[test]
fn a_visit_to_an_entry_that_gave_way_is_a_visit_for_the_plan_of_the_one_that_stays() {
    let records = |merged: Value| {
        vec![
            record(2, Kind::Person, day(0), json!({"household": id(3), "name": "张三"})),
            record(3, Kind::Household, day(0), json!({})),
            record(4, Kind::Person, day(0), json!({"household": id(5), "name": "张三", "merged_into": merged})),
            record(5, Kind::Household, day(0), json!({})),
            record(6, Kind::CarePlan, day(0), json!({"person": id(2), "level": "b", "starts_on": "2026-11-02"})),
            record(7, Kind::Visit, day(3), json!({"target": id(4), "at": day(3), "result": "met"})),
        ]
    };
    let of = |merged: Value| {
        let counts = fold(&records(merged), november(), &Lists::initial());
        (counts.total(What::CareDue), counts.total(What::CareDone))
    };
    assert_eq!((of(json!(null)), of(json!(id(2)))), ((1, 0), (1, 1)));
}

fn step(number: u128, action: &str, at: i64) -> Record {
    record(
        number,
        Kind::IncidentStep,
        at,
        json!({"incident": id(1), "action": action, "at": at, "step": "accept", "by": "somebody"}),
    )
}

fn incident() -> Record {
    record(1, Kind::Incident, day(1), json!({"category": "0601", "severity": 3, "happened_at": day(1), "by": "worker"}))
}

fn of_steps(steps: &[Record], period: Period) -> Counts {
    let mut counts = Counts::default();
    let steps: Vec<&Record> = steps.iter().collect();
    counts.extend(of_incident(&incident(), &steps, period, &Lists::initial()));
    counts
}

#[test]
fn an_incident_is_closed_in_the_month_of_its_last_closing_and_was_done_when_the_result_came() {
    let first = [
        step(2, "accept", day(2)),
        step(3, "dispatch", day(3)),
        step(4, "result", day(4)),
        step(5, "pass", day(28)),
        step(6, "close", day(29)),
    ];
    let counts = of_steps(&first, november());
    assert_eq!((counts.total(What::IncidentClosed), counts.total(What::IncidentOnTime)), (1, 1));
    assert_eq!(counts.by(What::IncidentDays).collect::<Vec<_>>(), [("0601/3", 1)]);
    assert_eq!(value(&counts, "median_days", Some("0601")), Some(FigureValue::Days { tenths: 30 }));
    let mut again = first.to_vec();
    again.extend([
        step(7, "reopen", day(29) + 1000),
        step(8, "dispatch", day(29) + 2000),
        step(9, "result", day(50)),
        step(10, "pass", day(51)),
        step(11, "close", day(52)),
    ]);
    let (november, december) = (of_steps(&again, november()), of_steps(&again, Period::month(2026, 12).unwrap()));
    assert_eq!((november.total(What::IncidentReopened), november.total(What::IncidentClosed)), (1, 0));
    assert_eq!((december.total(What::IncidentReopened), december.total(What::IncidentClosed)), (0, 1));
    assert_eq!(december.by(What::IncidentDays).collect::<Vec<_>>(), [("0601/49", 1)]);
}

#[test]
fn what_took_longer_than_it_may_is_closed_and_not_on_time() {
    let slow = [
        step(2, "accept", day(2)),
        step(3, "dispatch", day(3)),
        step(4, "result", day(27)),
        step(5, "pass", day(28)),
        step(6, "close", day(29)),
    ];
    let counts = of_steps(&slow, november());
    assert_eq!((counts.total(What::IncidentClosed), counts.total(What::IncidentOnTime)), (1, 0));
}

#[test]
fn who_lives_in_two_threatened_households_counts_where_they_live_and_a_retired_point_threatens_nobody() {
    let point = |number, retired: Option<&str>| {
        record(
            number,
            Kind::HazardPoint,
            day(0),
            json!({"name": "坡", "hazard_kind": "landslide", "retired_on": retired}),
        )
    };
    let threat = |number, point: u128, home: u128| {
        record(number, Kind::ThreatenedHousehold, day(0), json!({"hazard_point": id(point), "household": id(home)}))
    };
    let person = |number, home: u128, gone: Option<&str>| {
        record(number, Kind::Person, day(0), json!({"household": id(home), "name": "某", "moved_out_on": gone}))
    };
    let records = [
        point(1, None),
        point(2, Some("2026-01-01")),
        point(3, None),
        threat(4, 1, 10),
        threat(5, 2, 11),
        threat(6, 3, 10),
        person(20, 10, None),
        person(21, 10, None),
        person(22, 10, Some("2026-11-02")),
        person(23, 11, None),
    ];
    let counts = fold(&records, november(), &Lists::initial());
    assert_eq!(counts.total(What::PeopleThreatened), 2);
    assert_eq!(
        (counts.total(What::HazardPoint), counts.total(What::Resident), counts.total(What::MovedOut)),
        (2, 3, 1)
    );
}

#[test]
fn a_period_knows_what_it_is_compared_with() {
    let period = |first: &str, last: &str| Period::new(first.parse().unwrap(), last.parse().unwrap());
    assert_eq!(november().before(), Period::month(2026, 10));
    assert_eq!(Period::month(2026, 3).unwrap().before(), Period::month(2026, 2));
    assert_eq!(period("2026-11-10", "2026-11-16").unwrap().before(), period("2026-11-03", "2026-11-09"));
    assert_eq!((period("2026-11-10", "2026-11-09"), period("2024-01-01", "2026-01-01")), (None, None));
    assert_eq!(november().days().count(), 30);
}

#[test]
fn a_month_is_due_late_on_its_last_day_and_made_up_by_a_server_that_was_off() {
    let minute = 60_000;
    let ends = november().moments().end;
    assert_eq!(month_due(ends - 61 * minute), Period::month(2026, 10));
    assert_eq!(month_due(ends - 60 * minute), Some(november()));
    assert_eq!(month_due(ends + 20 * 24 * 60 * minute), Some(november()));
    // The clock of China, not the server's: in London it is still the afternoon of the thirtieth.
    assert_eq!(today(ends - 30 * minute), november().last);
}

proptest! {
    #[test]
    fn a_share_is_never_rounded_to_all_or_to_nothing(part in 0i64..100_000, more in 0i64..100_000) {
        let whole = part + more;
        if let Some(found) = permille(part, whole) {
            prop_assert_eq!(found == 1000, part == whole);
            prop_assert_eq!(found == 0, part == 0);
            prop_assert!((found * whole - part * 1000).abs() <= whole);
        }
    }

    #[test]
    fn the_sums_of_two_places_are_the_sums_of_both_together(visits in proptest::collection::vec((0usize..5, 0i64..60, any::<bool>()), 0..40)) {
        let codes = ["met", "absent", "refused", "moved", "proxy"];
        let made: Vec<(bool, Record)> = visits.iter().zip(1u128..).map(|((result, at, here), number)| {
            (*here, record(number, Kind::Visit, day(*at), json!({"target": id(999), "at": day(*at), "result": codes[*result]})))
        }).collect();
        let of = |wanted: Option<bool>| counted_in(made.iter().filter(|(here, _)| wanted.is_none_or(|w| w == *here)).map(|(_, r)| r), november());
        let mut both = of(Some(true));
        both.plus(&of(Some(false)));
        prop_assert_eq!(both, of(None));
    }
}
