//! The one clock that the county lives by: China is eight hours ahead of UTC all year round, whatever a phone is set to.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::world::Millis;

/// China's offset from UTC, in milliseconds.
pub const CHINA: Millis = 8 * 60 * 60 * 1000;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// What the clock on a wall in China shows at a moment, as if it were UTC; none for moments that no calendar has.
pub fn wall_clock(at: Millis) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at.saturating_add(CHINA))
}

/// When a day begins in China.
pub fn start_of(day: NaiveDate) -> Millis {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_millis() - CHINA
}

/// When the day of a moment began in China.
pub fn start_of_day(at: Millis) -> Millis {
    at - at.saturating_add(CHINA).rem_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china_and_every_moment_belongs_to_one() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let begin = start_of(day);
        assert_eq!(wall_clock(begin).map(|at| at.naive_utc()), Some(day.and_time(NaiveTime::MIN)));
        for at in [begin, begin + 1, begin + DAY - 1] {
            assert_eq!(start_of_day(at), begin);
        }
        assert_eq!((start_of_day(begin - 1), start_of_day(begin + DAY)), (begin - DAY, begin + DAY));
    }
}
