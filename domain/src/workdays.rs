//! Workdays in China: which days offices work, and when a deadline that counts them ends.
//!
//! The State Council announces the holidays of each year, and the weekend days that are worked in their place. They are data of
//! the county, published with its lists; those of 2024–2026 are compiled in. Beyond what is announced a workday is Monday to
//! Friday, and every answer that relied on that says so.

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::china::start_of;
use crate::codes::{Holiday, Lists};
use crate::validate::today;
use crate::world::Millis;

const MINUTE: Millis = 60 * 1000;
const HOUR: Millis = 60 * MINUTE;
/// No deadline counts more workdays than this (about forty years): a typing mistake must not keep a phone busy.
const WORKDAYS_MAX: u32 = 10_000;

/// The announcements that a county has: its published list of holidays.
#[derive(Debug, Clone, Copy)]
pub struct Calendar<'l>(&'l [Holiday]);

impl<'l> Calendar<'l> {
    /// The calendar of these lists.
    pub fn of(lists: &'l Lists) -> Self {
        Self(&lists.holidays)
    }

    /// Whether the holidays of that day's year are announced.
    pub fn is_announced(self, day: NaiveDate) -> bool {
        let year = format!("{:04}-", day.year());
        self.0.iter().any(|holiday| holiday.day.starts_with(&year))
    }

    /// Whether offices work on that day. Beyond the announced years: Monday to Friday.
    pub fn is_workday(self, day: NaiveDate) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        let text = day.to_string();
        self.0.iter().find(|holiday| holiday.day == text).map_or(!weekend, |holiday| holiday.works)
    }

    /// The n-th workday after a day; the day itself for n = 0. The day on which a time begins does not count (civil code,
    /// article 201).
    pub fn workday_after(self, day: NaiveDate, n: u32) -> NaiveDate {
        let mut at = day;
        for _ in 0..n.min(WORKDAYS_MAX) {
            at = self.next_workday(at);
        }
        at
    }

    fn next_workday(self, day: NaiveDate) -> NaiveDate {
        let mut at = day;
        while let Some(next) = at.checked_add_days(Days::new(1)) {
            at = next;
            if self.is_workday(at) {
                break;
            }
        }
        at
    }

    /// When a time that begins at `from` ends. Workdays end with the day.
    pub fn due(self, from: Millis, within: Within) -> Due {
        let by_clock = |millis: Millis| Due { at: from.saturating_add(millis), announced: true };
        match within {
            Within::Minutes(n) => by_clock(Millis::from(n) * MINUTE),
            Within::Hours(n) => by_clock(Millis::from(n) * HOUR),
            Within::Workdays(n) => {
                let first = today(from);
                let last = self.workday_after(first, n);
                Due { at: end_of(last), announced: self.is_announced(first) && self.is_announced(last) }
            }
        }
    }

    /// How many workdays are left until something is due: those after today up to its day, negative when its day is over. The same
    /// day, or free days between, make none.
    pub fn workdays_left(self, now: Millis, due: Millis) -> i64 {
        let (from, to) = (today(now), today(due));
        let (first, last) = if from <= to { (from, to) } else { (to, from) };
        let days = first.iter_days().skip(1).take_while(|day| *day <= last).take(WORKDAYS_MAX as usize);
        let count = days.filter(|day| self.is_workday(*day)).count() as i64;
        if from <= to { count } else { -count }
    }
}

/// The announcements compiled in, for whoever has no lists at hand.
fn compiled_in() -> Calendar<'static> {
    static INITIAL: LazyLock<Lists> = LazyLock::new(Lists::initial);
    Calendar::of(&INITIAL)
}

/// [`Calendar::is_announced`] by the announcements compiled in.
pub fn is_announced(day: NaiveDate) -> bool {
    compiled_in().is_announced(day)
}

/// [`Calendar::is_workday`] by the announcements compiled in.
pub fn is_workday(day: NaiveDate) -> bool {
    compiled_in().is_workday(day)
}

/// [`Calendar::workday_after`] by the announcements compiled in.
pub fn workday_after(day: NaiveDate, n: u32) -> NaiveDate {
    compiled_in().workday_after(day, n)
}

/// How long something may take, as the county's table words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// By the clock.
    Minutes(u32),
    /// By the clock.
    Hours(u32),
    /// To the end of the n-th workday after.
    Workdays(u32),
}

impl Within {
    /// Reads `30 min`, `4 h`, `1 workday`, `15 workdays`, or the same in Chinese (`4小时`, `15个工作日`).
    pub fn read(text: &str) -> Option<Within> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let n: u32 = text[..digits].parse().ok()?;
        match text[digits..].trim() {
            "min" | "分钟" => Some(Within::Minutes(n)),
            "h" | "小时" => Some(Within::Hours(n)),
            "workday" | "workdays" | "个工作日" | "工作日" => Some(Within::Workdays(n)),
            _ => None,
        }
    }
}

/// When something must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Due {
    /// The last moment.
    pub at: Millis,
    /// It rests on announced holidays. Else some of its days lie beyond them and were counted Monday to Friday.
    pub announced: bool,
}

/// [`Calendar::due`] by the announcements compiled in.
pub fn due(from: Millis, within: Within) -> Due {
    compiled_in().due(from, within)
}

/// The last minute of a day in China.
fn end_of(day: NaiveDate) -> Millis {
    start_of(day) + 24 * HOUR - MINUTE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// That hour of that day in China.
    fn at(text: &str, hour: i64) -> Millis {
        start_of(day(text)) + hour * HOUR
    }

    #[test]
    fn national_day_2026_is_free_for_a_week_and_the_saturday_after_is_worked() {
        for free in ["2026-10-01", "2026-10-05", "2026-10-07", "2026-10-11"] {
            assert!(!is_workday(day(free)), "{free}");
        }
        for worked in ["2026-09-30", "2026-10-08", "2026-10-10", "2026-09-20"] {
            assert!(is_workday(day(worked)), "{worked}");
        }
        assert_eq!(workday_after(day("2026-09-30"), 1), day("2026-10-08"));
        assert_eq!(workday_after(day("2026-09-30"), 3), day("2026-10-10"));
        assert_eq!(workday_after(day("2026-10-03"), 4), day("2026-10-12"));
    }

    #[test]
    fn spring_festival_2026_is_free_for_nine_days_between_two_worked_saturdays() {
        assert!(is_workday(day("2026-02-14")) && is_workday(day("2026-02-28")));
        assert_eq!(workday_after(day("2026-02-13"), 1), day("2026-02-14"));
        assert_eq!(workday_after(day("2026-02-14"), 1), day("2026-02-24"));
        assert_eq!(workday_after(day("2026-02-13"), 5), day("2026-02-27"));
        assert_eq!(workday_after(day("2026-02-13"), 6), day("2026-02-28"));
    }

    #[test]
    fn beyond_the_announced_years_workdays_are_monday_to_friday_and_the_deadline_says_so() {
        assert!(is_workday(day("2027-10-01")), "a Friday that nobody has announced yet");
        assert!(!is_announced(day("2027-01-01")) && is_announced(day("2026-12-31")));
        let over_new_year = due(at("2026-12-30", 9), Within::Workdays(5));
        assert_eq!(over_new_year, Due { at: at("2027-01-06", 24) - MINUTE, announced: false });
        assert!(due(at("2026-12-30", 9), Within::Workdays(1)).announced);
        assert!(due(at("2030-12-30", 9), Within::Hours(4)).announced, "hours need no calendar");
    }

    #[test]
    fn a_year_that_the_county_has_published_counts_by_its_holidays() {
        let mut lists = crate::codes::Lists::initial();
        let holiday = |day: &str, works| Holiday { day: day.into(), works, name: "国庆节".into() };
        lists.holidays.extend([holiday("2027-10-01", false), holiday("2027-10-09", true)]);
        let calendar = Calendar::of(&lists);
        assert!(calendar.is_announced(day("2027-03-01")) && !calendar.is_announced(day("2028-03-01")));
        assert!(!calendar.is_workday(day("2027-10-01")) && calendar.is_workday(day("2027-10-09")));
        assert_eq!(
            calendar.due(at("2027-09-30", 9), Within::Workdays(1)),
            Due { at: at("2027-10-04", 24) - MINUTE, announced: true }
        );
        assert!(!due(at("2027-09-30", 9), Within::Workdays(1)).announced);
    }

    #[test]
    fn the_county_s_words_are_read_and_others_are_no_deadline() {
        let lists = crate::codes::Lists::initial();
        for severity in &lists.severities {
            for text in [&severity.accept_within, &severity.feedback_within, &severity.close_within] {
                assert!(Within::read(text).is_some(), "{text}");
            }
        }
        assert_eq!(Within::read("30 min"), Some(Within::Minutes(30)));
        assert_eq!(Within::read("4 h"), Some(Within::Hours(4)));
        assert_eq!(Within::read("15个工作日"), Some(Within::Workdays(15)));
        for odd in ["", "soon", "4", "h", "-1 h", "99999999999 h", "4 weeks"] {
            assert_eq!(Within::read(odd), None, "{odd}");
        }
    }

    #[test]
    fn one_workday_from_a_friday_evening_ends_on_monday_night() {
        let friday = at("2026-11-27", 18);
        assert_eq!(due(friday, Within::Workdays(1)).at, at("2026-11-30", 24) - MINUTE);
        assert_eq!(due(friday, Within::Minutes(30)).at, friday + 30 * MINUTE);
    }

    fn any_day() -> impl Strategy<Value = NaiveDate> {
        (0u64..2_200).prop_map(|n| day("2023-06-01").checked_add_days(Days::new(n)).unwrap())
    }

    proptest! {
        #[test]
        fn more_workdays_end_later_and_a_later_start_never_ends_earlier(from in any_day(), later in 0u64..40, n in 0u32..60) {
            prop_assert!(workday_after(from, n) < workday_after(from, n + 1));
            let then = from.checked_add_days(Days::new(later)).unwrap();
            prop_assert!(workday_after(from, n) <= workday_after(then, n));
        }

        #[test]
        fn counting_ends_on_a_workday_and_passes_exactly_so_many(from in any_day(), n in 1u32..60) {
            let end = workday_after(from, n);
            prop_assert!(is_workday(end));
            let passed = from.iter_days().skip(1).take_while(|at| *at <= end).filter(|at| is_workday(*at)).count();
            prop_assert_eq!(passed, n as usize);
        }

        #[test]
        fn an_announced_day_is_worked_exactly_when_the_table_says_so(from in any_day()) {
            if let Some(announced) = Lists::initial().holidays.iter().find(|holiday| holiday.day == from.to_string()) {
                prop_assert_eq!(is_workday(from), announced.works);
            }
        }
    }

    #[test]
    fn the_workdays_that_are_left_count_make_up_days_and_no_holidays() {
        // Thursday 2026-02-12; Saturday the 14th is worked for the holidays from the 15th to the 23rd.
        let now = at("2026-02-12", 15);
        let left = |text: &str| compiled_in().workdays_left(now, at(text, 23));
        assert_eq!((left("2026-02-12"), left("2026-02-13"), left("2026-02-14")), (0, 1, 2));
        assert_eq!((left("2026-02-20"), left("2026-02-24")), (2, 3));
        assert_eq!((left("2026-02-11"), left("2026-02-09")), (-1, -3));
    }
}
