//! Whether the hazards of an inspection were put right: a fold over its re-checks, never a stored status.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::RecordId;
use crate::kinds::inspection::Hazard;
use crate::kinds::recheck::Recheck;

/// So many days before its date a hazard is due: a re-check is on the day's work.
pub const DUE_DAYS: i64 = 1;

/// Where a hazard stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum HazardState {
    /// Its day has passed.
    Overdue,
    /// To be looked at today or tomorrow.
    Due,
    /// There is time.
    Open,
    /// It was reported as an incident, which goes its own way; still not put right here.
    Reported,
    /// Put right.
    Fixed,
}

/// Where a hazard stands, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HazardStanding {
    /// The state.
    pub state: HazardState,
    /// The day that is in force, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// Days to that day, negative after it.
    pub days_left: Option<i64>,
    /// The incident that it was reported as.
    #[ts(type = "string | null")]
    pub incident: Option<RecordId>,
}

/// The day that is proposed for putting a hazard right, by how urgent it is: at once, three days, a week, half a month.
pub fn proposed_due(severity: u8, today: NaiveDate) -> NaiveDate {
    let days = match severity {
        0 | 1 => 0,
        2 => 3,
        3 => 7,
        _ => 15,
    };
    today.checked_add_days(Days::new(days)).unwrap_or(today)
}

/// Where a hazard stands on a day, from the re-checks of its inspection. They may come in any order: what was found last counts.
pub fn standing(hazard: &Hazard, rechecks: &[(RecordId, Recheck)], today: NaiveDate) -> HazardStanding {
    let mut of_item: Vec<&(RecordId, Recheck)> =
        rechecks.iter().filter(|(_, recheck)| recheck.item == hazard.item).collect();
    of_item.sort_by_key(|(id, recheck)| (recheck.at, *id));
    let fixed = of_item.last().is_some_and(|(_, recheck)| recheck.result == "fixed");
    let since = of_item.iter().rposition(|(_, recheck)| recheck.result == "fixed").map_or(0, |index| index + 1);
    let open = of_item.get(since..).unwrap_or_default();
    let latest_due = open.iter().rev().find_map(|(_, recheck)| recheck.due.clone());
    // A hazard that came back has the day of before until somebody says another.
    let due = if fixed { None } else { latest_due.or_else(|| hazard.due.clone()) };
    let incident = open.iter().rev().find_map(|(_, recheck)| recheck.incident);
    let days_left = due.as_deref().and_then(|due| due.parse::<NaiveDate>().ok()).map(|due| (due - today).num_days());
    let state = match days_left {
        _ if fixed => HazardState::Fixed,
        _ if incident.is_some() => HazardState::Reported,
        Some(days) if days < 0 => HazardState::Overdue,
        Some(days) if days <= DUE_DAYS => HazardState::Due,
        _ => HazardState::Open,
    };
    HazardStanding { state, due, days_left, incident }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn hazard(due: Option<&str>) -> Hazard {
        Hazard { item: "F02".into(), text: "通道堆物".into(), severity: 2, due: due.map(str::to_owned) }
    }

    fn recheck(n: u128, at: i64, result: &str, due: Option<&str>) -> (RecordId, Recheck) {
        let incident = (result == "reported").then(|| RecordId(Uuid::from_u128(99)));
        let due = due.map(str::to_owned);
        let recheck = Recheck { item: "F02".into(), at, by: None, result: result.into(), due, note: None, incident };
        (RecordId(Uuid::from_u128(n)), recheck)
    }

    #[test]
    fn a_hazard_is_due_the_day_before_and_overdue_the_day_after() {
        let state = |today: &str| standing(&hazard(Some("2026-12-10")), &[], day(today)).state;
        assert_eq!(state("2026-12-08"), HazardState::Open);
        assert_eq!(state("2026-12-09"), HazardState::Due);
        assert_eq!(state("2026-12-10"), HazardState::Due);
        assert_eq!(state("2026-12-11"), HazardState::Overdue);
        assert_eq!(standing(&hazard(None), &[], day("2026-12-11")).state, HazardState::Open);
    }

    #[test]
    fn a_recheck_gives_a_new_day_or_closes_it_and_it_can_come_back() {
        let today = day("2026-12-20");
        let first = recheck(1, 10, "not_fixed", Some("2026-12-30"));
        let now = standing(&hazard(Some("2026-12-10")), std::slice::from_ref(&first), today);
        assert_eq!((now.state, now.due.as_deref(), now.days_left), (HazardState::Open, Some("2026-12-30"), Some(10)));
        let kept = standing(&hazard(Some("2026-12-10")), &[recheck(1, 10, "not_fixed", None)], today);
        assert_eq!((kept.state, kept.days_left), (HazardState::Overdue, Some(-10)), "no new day: the old one stands");
        let fixed = [first.clone(), recheck(2, 20, "fixed", None)];
        assert_eq!(standing(&hazard(Some("2026-12-10")), &fixed, today).state, HazardState::Fixed);
        let back = [fixed[0].clone(), fixed[1].clone(), recheck(3, 30, "not_fixed", Some("2026-12-21"))];
        assert_eq!(standing(&hazard(Some("2026-12-10")), &back, today).state, HazardState::Due);
    }

    #[test]
    fn a_reported_hazard_names_its_incident_until_it_is_put_right() {
        let today = day("2026-12-20");
        let reported = [recheck(1, 10, "reported", None)];
        let now = standing(&hazard(Some("2026-12-10")), &reported, today);
        assert_eq!(now.state, HazardState::Reported);
        assert!(now.incident.is_some());
        let fixed = [reported[0].clone(), recheck(2, 20, "fixed", None)];
        assert_eq!(standing(&hazard(Some("2026-12-10")), &fixed, today).state, HazardState::Fixed);
    }

    #[test]
    fn what_was_found_at_another_item_changes_nothing() {
        let mut other = recheck(1, 10, "fixed", None);
        other.1.item = "F03".into();
        let today = day("2026-12-11");
        assert_eq!(standing(&hazard(Some("2026-12-10")), &[other], today).state, HazardState::Overdue);
    }

    fn some_rechecks() -> impl Strategy<Value = Vec<(RecordId, Recheck)>> {
        let one = (0i64..50, 0usize..3, proptest::option::of(0u64..60));
        proptest::collection::vec(one, 0..8).prop_map(|found| {
            let day_after = |days: u64| (day("2026-12-01") + Days::new(days)).to_string();
            (1u128..)
                .zip(found)
                .map(|(n, (at, result, due))| {
                    recheck(n, at, ["fixed", "not_fixed", "reported"][result], due.map(day_after).as_deref())
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn phones_that_hold_the_same_rechecks_agree_in_whatever_order_they_came(
            rechecks in some_rechecks(), today in 0u64..90,
        ) {
            let today = day("2026-12-01") + Days::new(today);
            let now = standing(&hazard(Some("2026-12-10")), &rechecks, today);
            let mut reversed = rechecks.clone();
            reversed.reverse();
            prop_assert_eq!(&standing(&hazard(Some("2026-12-10")), &reversed, today), &now);
            let last = rechecks.iter().max_by_key(|(id, recheck)| (recheck.at, *id));
            prop_assert_eq!(now.state == HazardState::Fixed, last.is_some_and(|(_, last)| last.result == "fixed"));
            if now.state == HazardState::Overdue {
                prop_assert!(now.days_left.is_some_and(|days| days < 0));
            }
        }

        #[test]
        fn the_more_urgent_the_sooner(severity in 1u8..4, days in 0u64..3000) {
            let today = day("2026-01-01") + Days::new(days);
            prop_assert!(proposed_due(severity, today) <= proposed_due(severity + 1, today));
            prop_assert!(proposed_due(severity, today) >= today);
        }
    }
}
