//! What must hold of every care plan, whatever its dates and whoever was met when.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use domain::care::{CareStanding, asked, check};
use domain::codes::CareIntervals;
use domain::fold::door_history;
use domain::ids::RecordId;
use domain::kinds::care_plan::CarePlan;
use domain::kinds::visit::Visit;
use domain::validate::today as day_of;
use proptest::prelude::*;
use uuid::Uuid;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Days around two leap days, a century's turn included.
fn day() -> impl Strategy<Value = NaiveDate> {
    (0..3_000u64)
        .prop_map(|days| NaiveDate::from_ymd_opt(2096, 1, 1).unwrap().checked_add_days(Days::new(days)).unwrap())
}

fn plan() -> impl Strategy<Value = CarePlan> {
    (prop::sample::select(vec!["a", "b", "c"]), day(), prop::option::of(0..400u64)).prop_map(
        |(level, starts, length)| {
            let ends = length.map(|days| starts.checked_add_days(Days::new(days)).unwrap().to_string());
            CarePlan { level: level.into(), starts_on: Some(starts.to_string()), ends_on: ends, ..CarePlan::default() }
        },
    )
}

/// A moment somewhere in the same years.
fn moment() -> impl Strategy<Value = i64> {
    (day(), 0..DAY)
        .prop_map(|(day, millis)| (day - NaiveDate::from_ymd_opt(1970, 1, 1).unwrap()).num_days() * DAY + millis)
}

fn intervals() -> impl Strategy<Value = CareIntervals> {
    prop_oneof![
        Just(CareIntervals::default()),
        (0..400u16, 0..400u16, 0..400u16).prop_map(|(a, b, c)| CareIntervals { a, b, c })
    ]
}

fn visit(at: i64, result: &str) -> Visit {
    Visit {
        target: None,
        target_kind: None,
        at,
        result: result.into(),
        by: None,
        way: None,
        purposes: Vec::new(),
        needs: Vec::new(),
        note: None,
        replaces: None,
        care_plan: None,
    }
}

/// The visits, named in their order.
fn last_met(visits: &[Visit]) -> Option<i64> {
    let named: Vec<_> = visits
        .iter()
        .enumerate()
        .map(|(index, visit)| (RecordId(Uuid::from_u128(index as u128)), visit.clone()))
        .collect();
    door_history(&named).last_met
}

fn days(met: &[i64]) -> BTreeSet<NaiveDate> {
    met.iter().map(|at| day_of(*at)).collect()
}

proptest! {
    #[test]
    fn nothing_is_due_before_the_start_or_after_the_end(
        plan in plan(), met in prop::option::of(moment()), intervals in intervals(), today in day()
    ) {
        let found = check(&plan, met, intervals, today);
        let starts: NaiveDate = plan.starts_on.as_deref().unwrap().parse().unwrap();
        let ends: Option<NaiveDate> = plan.ends_on.as_deref().map(|end| end.parse().unwrap());
        if let Some(due) = found.due_on {
            prop_assert!(due >= starts);
            prop_assert!(ends.is_none_or(|ends| due <= ends));
        }
        if today < starts || ends.is_some_and(|ends| ends < today) {
            prop_assert!(!found.is_due());
        }
        prop_assert_eq!(found.standing == CareStanding::Ended, ends.is_some_and(|ends| ends < today));
    }

    #[test]
    fn a_visit_at_which_somebody_was_met_moves_the_due_day_and_one_without_does_not(
        plan in plan(), before in prop::collection::vec(moment(), 0..4), at in moment(), intervals in intervals(),
        met in prop::sample::select(vec!["met", "proxy"]), missed in prop::sample::select(vec!["absent", "refused", "moved"]),
        today in day(),
    ) {
        let plan = CarePlan { ends_on: None, ..plan };
        let starts: NaiveDate = plan.starts_on.as_deref().unwrap().parse().unwrap();
        let mut visits: Vec<Visit> = before.into_iter().map(|at| visit(at, "met")).collect();
        let due = |visits: &[Visit]| check(&plan, last_met(visits), intervals, today).due_on.unwrap();
        let first = due(&visits);

        visits.push(visit(at, missed));
        prop_assert_eq!(due(&visits), first, "nobody was met");

        visits.push(visit(at, met));
        let then = due(&visits);
        prop_assert!(then >= first, "a later visit never brings the next one nearer");
        if day_of(at) >= starts {
            prop_assert!(then > day_of(at), "after the visit, not on its day");
        }
    }

    #[test]
    fn a_plan_only_grows_more_urgent_while_nobody_is_met(plan in plan(), met in prop::option::of(moment()), today in day()) {
        let plan = CarePlan { ends_on: None, ..plan };
        let on = |day| check(&plan, met, CareIntervals::default(), day);
        let tomorrow = today.checked_add_days(Days::new(1)).unwrap();
        prop_assert!(on(tomorrow).standing <= on(today).standing);
        prop_assert_eq!(on(tomorrow).due_on, on(today).due_on);
    }

    #[test]
    fn what_a_period_asked_for_and_nobody_made_is_what_the_phone_says_is_due_on_its_last_day(
        plan in plan(), met in prop::collection::vec(moment(), 0..12), intervals in intervals(), first in day(), length in 0..120u64
    ) {
        let last = first.checked_add_days(Days::new(length)).unwrap();
        let ends: Option<NaiveDate> = plan.ends_on.as_deref().map(|end| end.parse().unwrap());
        prop_assume!(ends.is_none_or(|ends| ends >= last));
        let until: Vec<i64> = met.iter().copied().filter(|at| day_of(*at) <= last).collect();
        let found = asked(&plan, &days(&met), intervals, first, last);
        let on_the_phone = check(&plan, until.into_iter().max(), intervals, last);
        prop_assert_eq!(found.due - found.done, i64::from(on_the_phone.is_due()));
        if on_the_phone.standing == CareStanding::Missed {
            prop_assert!(found.due > 0, "missed, and nothing was asked for");
        }
    }

    #[test]
    fn no_check_is_counted_twice_and_none_between_two_periods(
        plan in plan(), met in prop::collection::vec(moment(), 0..12), intervals in intervals(), first in day(), length in 1..90u64,
        more in 1..90u64
    ) {
        let met = days(&met);
        let middle = first.checked_add_days(Days::new(length)).unwrap();
        let last = middle.checked_add_days(Days::new(more)).unwrap();
        let of = |first, last| asked(&plan, &met, intervals, first, last);
        let (before, after, whole) = (of(first, middle), of(middle.succ_opt().unwrap(), last), of(first, last));
        prop_assert_eq!(before.done + after.done, whole.done);
        // What was left over is asked for again, unless the plan has ended.
        let ends: Option<NaiveDate> = plan.ends_on.as_deref().map(|end| end.parse().unwrap());
        if ends.is_none_or(|ends| ends > middle) {
            prop_assert_eq!(before.done + after.due, whole.due);
        }
    }

    #[test]
    fn one_more_visit_never_leaves_more_to_do(
        plan in plan(), met in prop::collection::vec(moment(), 0..12), more in moment(), intervals in intervals(), first in day(),
        length in 0..120u64
    ) {
        let last = first.checked_add_days(Days::new(length)).unwrap();
        let mut met = days(&met);
        let before = asked(&plan, &met, intervals, first, last);
        met.insert(day_of(more));
        let after = asked(&plan, &met, intervals, first, last);
        prop_assert!(after.due - after.done <= before.due - before.done);
        prop_assert!((0..=after.due).contains(&after.done));
    }
}
