//! When somebody of a care plan is to be seen next, when a check counts as missed, and how many checks a period asked for: folds over
//! visits, never a stored status.
//!
//! One rule, on the phone and in the report: a check is due on the first day of the plan, and after somebody was met, that day and the
//! plan's interval later. It stays due until somebody is met. So what a period asked for and nobody made is exactly what waits on
//! its last day. All days are days in China. Nobody is graded here: a check that is missed says that the worker should go, ring or ask
//! for help.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CareIntervals;
use crate::kinds::care_plan::CarePlan;
use crate::validate::today as day_of;
use crate::world::Millis;

/// How often somebody is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CareLevel {
    /// Every week, unless the county says otherwise.
    A,
    /// Every month.
    B,
    /// Every quarter.
    C,
}

impl CareLevel {
    /// The level of that code.
    pub fn of_code(code: &str) -> Option<Self> {
        match code {
            "a" => Some(CareLevel::A),
            "b" => Some(CareLevel::B),
            "c" => Some(CareLevel::C),
            _ => None,
        }
    }

    /// For how many days after the due day a check is merely late; after them it is missed and stands on top of Today.
    ///
    /// A: one day, because who is seen every week may be lying helpless, and the worker's day off must be the only excuse.
    /// B: three days, a weekend with a day to spare. C: a week, because a quarterly check loses nothing by the next round of the stairwell.
    pub fn days_of_grace(self) -> i64 {
        match self {
            CareLevel::A => 1,
            CareLevel::B => 3,
            CareLevel::C => 7,
        }
    }
}

/// How a plan stands on a day. In the order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CareStanding {
    /// Overdue by more than the level allows.
    Missed,
    /// Overdue.
    Late,
    /// To be seen today.
    Due,
    /// To be seen later.
    Ahead,
    /// Nothing more to do until the plan ends; or a plan of a newer version, whose level this one does not know.
    Resting,
    /// The plan is over.
    Ended,
}

/// What a plan asks for on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CareCheck {
    /// How it stands.
    pub standing: CareStanding,
    /// The day of the next check; none when there is none to come.
    pub due_on: Option<NaiveDate>,
    /// Days since the due day; 0 until then.
    pub days_late: i64,
}

impl CareCheck {
    const fn none(standing: CareStanding) -> Self {
        Self { standing, due_on: None, days_late: 0 }
    }

    /// Whether somebody should go today.
    pub fn is_due(&self) -> bool {
        matches!(self.standing, CareStanding::Missed | CareStanding::Late | CareStanding::Due)
    }
}

/// From when to when a plan asks for checks, and how often.
struct Terms {
    level: CareLevel,
    starts: NaiveDate,
    ends: Option<NaiveDate>,
    interval: Days,
}

impl Terms {
    /// None for a plan of a newer version, whose level this one does not know, and for one without a start.
    fn of(plan: &CarePlan, intervals: CareIntervals) -> Option<Self> {
        let (level, starts) = CareLevel::of_code(&plan.level).zip(date(&plan.starts_on))?;
        let interval = Days::new(u64::from(intervals.days(level)));
        Some(Self { level, starts, ends: date(&plan.ends_on), interval })
    }

    /// The day of the next check, when the person was met last on `met`: the rule that everything here follows from. None when the
    /// plan ends before it.
    fn due_after(&self, met: Option<NaiveDate>) -> Option<NaiveDate> {
        // A visit before the plan began was not made for it.
        let met = met.filter(|day| *day >= self.starts);
        let due = met.map_or(Some(self.starts), |day| day.checked_add_days(self.interval));
        due.filter(|due| self.ends.is_none_or(|ends| *due <= ends))
    }
}

fn date(text: &Option<String>) -> Option<NaiveDate> {
    text.as_deref().and_then(|text| text.parse().ok())
}

/// What a plan asks for today, when the person or the household was last met at `last_met`.
pub fn check(plan: &CarePlan, last_met: Option<Millis>, intervals: CareIntervals, today: NaiveDate) -> CareCheck {
    if date(&plan.ends_on).is_some_and(|ends| ends < today) {
        return CareCheck::none(CareStanding::Ended);
    }
    let Some(terms) = Terms::of(plan, intervals) else { return CareCheck::none(CareStanding::Resting) };
    let Some(due) = terms.due_after(last_met.map(day_of)) else { return CareCheck::none(CareStanding::Resting) };
    let days_late = (today - due).num_days();
    let standing = match days_late {
        ..0 => CareStanding::Ahead,
        0 => CareStanding::Due,
        late if late <= terms.level.days_of_grace() => CareStanding::Late,
        _ => CareStanding::Missed,
    };
    CareCheck { standing, due_on: Some(due), days_late: days_late.max(0) }
}

/// What a plan asked for in a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CareAsked {
    /// Checks that were due in the period: those whose day came in it, and one that still stood open when it began.
    pub due: i64,
    /// Of these, made by the period's last day: somebody was met in the interval before the due day, on it, or later.
    pub done: i64,
}

/// What a plan asked for from `first` to `last`, both included, given the days on which the person or the household was met; days after
/// the period change nothing. Of the days on which somebody was met before a check was due, the last one answers it, so that a
/// resident who is met every day counts as one who is met in time, not more.
pub fn asked(
    plan: &CarePlan,
    met: &BTreeSet<NaiveDate>,
    intervals: CareIntervals,
    first: NaiveDate,
    last: NaiveDate,
) -> CareAsked {
    let mut asked = CareAsked::default();
    let Some(terms) = Terms::of(plan, intervals) else { return asked };
    let last = terms.ends.map_or(last, |ends| ends.min(last));
    let (mut from, mut due) = (terms.starts, terms.due_after(None));
    while let Some(day) = due.filter(|day| first <= last && *day <= last) {
        let made = met.range(from..=day).next_back().or_else(|| met.range(day..=last).next()).copied();
        // Due before the period and made before it: an earlier period's.
        if day >= first || made.is_none_or(|made| made >= first) {
            asked.due += 1;
            asked.done += i64::from(made.is_some());
        }
        let Some(next) = made.and_then(|made| made.succ_opt()) else { break };
        (from, due) = (next, terms.due_after(made));
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 24 * 60 * 60 * 1000;

    fn plan(level: &str, starts_on: &str, ends_on: Option<&str>) -> CarePlan {
        CarePlan {
            level: level.to_owned(),
            starts_on: Some(starts_on.to_owned()),
            ends_on: ends_on.map(str::to_owned),
            ..CarePlan::default()
        }
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A moment of that day in China, so many minutes after midnight.
    fn moment(day: &str, minutes: i64) -> Millis {
        let days = (date(day) - date("1970-01-01")).num_days();
        days * DAY - 8 * 60 * 60 * 1000 + minutes * 60_000
    }

    fn due(level: &str, met: &str) -> String {
        let found =
            check(&plan(level, "2020-01-01", None), Some(moment(met, 600)), CareIntervals::default(), date(met));
        found.due_on.unwrap().to_string()
    }

    #[test]
    fn the_first_check_is_due_on_the_first_day() {
        let plan = plan("b", "2026-11-22", None);
        let on = |day: &str| check(&plan, None, CareIntervals::default(), date(day));
        assert_eq!((on("2026-11-21").standing, on("2026-11-22").standing), (CareStanding::Ahead, CareStanding::Due));
        assert_eq!(on("2026-11-22").due_on, Some(date("2026-11-22")));
    }

    #[test]
    fn an_interval_counts_days_over_leap_days_and_the_ends_of_months_and_years() {
        assert_eq!(due("a", "2024-02-26"), "2024-03-04");
        assert_eq!(due("a", "2023-02-26"), "2023-03-05");
        assert_eq!(due("b", "2024-01-31"), "2024-03-01");
        assert_eq!(due("b", "2026-12-15"), "2027-01-14");
        assert_eq!(due("c", "2024-02-29"), "2024-05-29");
    }

    #[test]
    fn the_day_is_the_day_in_china() {
        let plan = plan("a", "2026-11-01", None);
        let at =
            |minutes| check(&plan, Some(moment("2026-11-22", minutes)), CareIntervals::default(), date("2026-11-23"));
        assert_eq!(at(0).due_on, Some(date("2026-11-29")));
        assert_eq!(at(24 * 60 - 1).due_on, Some(date("2026-11-29")));
        assert_eq!(at(24 * 60).due_on, Some(date("2026-11-30")));
    }

    #[test]
    fn a_check_is_late_for_the_days_of_grace_and_missed_after_them() {
        for (level, grace) in [("a", 1), ("b", 3), ("c", 7)] {
            let plan = plan(level, "2026-11-01", None);
            let after = |days: u64| {
                let today = date("2026-11-01").checked_add_days(Days::new(days)).unwrap();
                check(&plan, None, CareIntervals::default(), today)
            };
            assert_eq!(after(grace).standing, CareStanding::Late, "{level}");
            assert_eq!(after(grace + 1).standing, CareStanding::Missed, "{level}");
            assert_eq!(after(grace + 1).days_late, i64::try_from(grace).unwrap() + 1);
        }
    }

    #[test]
    fn a_visit_before_the_plan_began_was_not_made_for_it() {
        let plan = plan("b", "2026-11-20", None);
        let found = check(&plan, Some(moment("2026-11-19", 1439)), CareIntervals::default(), date("2026-11-20"));
        assert_eq!((found.standing, found.due_on), (CareStanding::Due, Some(date("2026-11-20"))));
    }

    #[test]
    fn nothing_is_due_after_the_end() {
        let plan = plan("b", "2026-11-01", Some("2026-11-25"));
        let met = Some(moment("2026-11-02", 600));
        let on = |day: &str| check(&plan, met, CareIntervals::default(), date(day));
        assert_eq!(on("2026-11-25"), CareCheck::none(CareStanding::Resting));
        assert_eq!(on("2026-11-26"), CareCheck::none(CareStanding::Ended));
    }

    #[test]
    fn a_plan_of_a_newer_version_or_without_a_start_asks_for_nothing() {
        let newer = check(&plan("d", "2026-11-01", None), None, CareIntervals::default(), date("2026-12-01"));
        let odd = check(&plan("a", "soon", None), None, CareIntervals::default(), date("2026-12-01"));
        assert_eq!((newer.standing, odd.standing), (CareStanding::Resting, CareStanding::Resting));
    }

    #[test]
    fn the_county_chooses_its_own_intervals_and_never_none_at_all() {
        let intervals = CareIntervals { a: 3, b: 0, c: 60 };
        let of = |level: &str| {
            check(&plan(level, "2026-11-01", None), Some(moment("2026-11-10", 0)), intervals, date("2026-11-10"))
        };
        assert_eq!(of("a").due_on, Some(date("2026-11-13")));
        assert_eq!(of("b").due_on, Some(date("2026-11-11")));
        assert_eq!(of("c").due_on, Some(date("2027-01-09")));
    }

    fn asked_in(plan: &CarePlan, met: &[&str], first: &str, last: &str) -> (i64, i64) {
        let met = met.iter().map(|day| date(day)).collect();
        let found = asked(plan, &met, CareIntervals::default(), date(first), date(last));
        (found.due, found.done)
    }

    #[test]
    fn a_new_plan_asks_for_its_first_check_in_the_month_in_which_it_begins() {
        let plan = plan("b", "2026-11-20", None);
        assert_eq!(asked_in(&plan, &[], "2026-11-01", "2026-11-19"), (0, 0));
        assert_eq!(
            asked_in(&plan, &[], "2026-11-01", "2026-11-30"),
            (1, 0),
            "the phone says missed: so does the month"
        );
        assert_eq!(asked_in(&plan, &["2026-11-26"], "2026-11-01", "2026-11-30"), (1, 1));
    }

    #[test]
    fn a_check_that_nobody_made_is_asked_for_in_every_month_until_it_is_made() {
        let plan = plan("c", "2026-09-10", None);
        let met = ["2026-12-03"];
        assert_eq!(asked_in(&plan, &met, "2026-09-01", "2026-09-30"), (1, 0));
        assert_eq!(asked_in(&plan, &met, "2026-11-01", "2026-11-30"), (1, 0));
        assert_eq!(asked_in(&plan, &met, "2026-12-01", "2026-12-31"), (1, 1));
        assert_eq!(asked_in(&plan, &met, "2027-01-01", "2027-01-31"), (0, 0));
    }

    #[test]
    fn many_visits_count_no_more_than_visits_in_time() {
        let plan = plan("a", "2026-11-01", None);
        let daily: Vec<String> = (1..=30).map(|day| format!("2026-11-{day:02}")).collect();
        let daily: Vec<&str> = daily.iter().map(String::as_str).collect();
        let weekly = ["2026-11-01", "2026-11-08", "2026-11-15", "2026-11-22", "2026-11-29"];
        assert_eq!(asked_in(&plan, &daily, "2026-11-01", "2026-11-30"), (5, 5));
        assert_eq!(asked_in(&plan, &weekly, "2026-11-01", "2026-11-30"), (5, 5));
        // A day early each time: the last visit answers the check of the day after the period.
        let early = ["2026-11-01", "2026-11-07", "2026-11-13", "2026-11-19", "2026-11-25"];
        assert_eq!(asked_in(&plan, &early, "2026-11-01", "2026-11-25"), (4, 4));
    }

    #[test]
    fn a_plan_that_ended_asks_for_nothing_after_its_end_and_visits_after_it_change_nothing() {
        let plan = plan("a", "2026-11-01", Some("2026-11-13"));
        assert_eq!(asked_in(&plan, &["2026-11-04"], "2026-11-01", "2026-11-30"), (2, 1));
        assert_eq!(asked_in(&plan, &["2026-11-04", "2026-11-20"], "2026-11-01", "2026-11-30"), (2, 1));
        assert_eq!(asked_in(&plan, &["2026-11-04"], "2026-12-01", "2026-12-31"), (0, 0));
    }
}
