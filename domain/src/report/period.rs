//! From which day to which: days are days in China.

use std::ops::Range;

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::china::{CHINA, start_of};
use crate::validate::today;
use crate::world::Millis;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// The number of the day in China of a moment, days since 1970-01-01.
pub fn china_day(at: Millis) -> i64 {
    at.saturating_add(CHINA).div_euclid(DAY)
}

/// The number of a day.
pub fn day_number(day: NaiveDate) -> i64 {
    china_day(start_of(day))
}

/// From which day to which, both counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Period {
    /// The first day, `YYYY-MM-DD`.
    #[ts(type = "string")]
    pub first: NaiveDate,
    /// The last day, `YYYY-MM-DD`.
    #[ts(type = "string")]
    pub last: NaiveDate,
}

impl Period {
    /// No report covers more days.
    pub const DAYS_MAX: i64 = 366;

    /// From one day to another; none when the last comes first or it is longer than [`Period::DAYS_MAX`].
    pub fn new(first: NaiveDate, last: NaiveDate) -> Option<Self> {
        let days = (last - first).num_days() + 1;
        // Years of four digits: what people write, and what texts of days sort by.
        let plain = (1900..=9999).contains(&first.year()) && (1900..=9999).contains(&last.year());
        (plain && (1..=Self::DAYS_MAX).contains(&days)).then_some(Self { first, last })
    }

    /// A month.
    pub fn month(year: i32, month: u32) -> Option<Self> {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        Self::new(first, first.checked_add_months(Months::new(1))?.pred_opt()?)
    }

    /// The month in which a day lies.
    pub fn month_of(day: NaiveDate) -> Option<Self> {
        Self::month(day.year(), day.month())
    }

    /// Whether it is a whole month.
    pub fn is_month(&self) -> bool {
        Self::month_of(self.first) == Some(*self)
    }

    /// What it is compared with: the month before a whole month, else as many days right before it.
    pub fn before(&self) -> Option<Self> {
        let last = self.first.pred_opt()?;
        if self.is_month() {
            return Self::month_of(last);
        }
        let days = (self.last - self.first).num_days();
        Self::new(last.checked_sub_days(Days::new(u64::try_from(days).ok()?))?, last)
    }

    /// Its days by number.
    pub fn days(&self) -> Range<i64> {
        day_number(self.first)..day_number(self.last) + 1
    }

    /// Its moments.
    pub fn moments(&self) -> Range<Millis> {
        start_of(self.first)..start_of(self.last) + DAY
    }
}

/// From this hour of a month's last day on its report is due: the evening's visits are in, and nobody waits for the next day.
const DUE_HOUR: Millis = 23 * 60 * 60 * 1000;

/// The month whose report should exist by now: the one that ends today, late in the evening, or else the one before. A server that
/// was off on the last day asks again when it starts, and gets the same answer.
pub fn month_due(now: Millis) -> Option<Period> {
    let today = today(now);
    let this = Period::month_of(today)?;
    if this.last == today && now - start_of(today) >= DUE_HOUR { Some(this) } else { this.before() }
}
