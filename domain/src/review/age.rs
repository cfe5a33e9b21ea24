//! How long a record waits for its supervisor, in the steps that the inbox counts by.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::world::Millis;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// A step of waiting, by when the record was last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Age {
    /// Less than a day.
    Day,
    /// One to three days.
    ThreeDays,
    /// Three to seven days.
    Week,
    /// Seven days and more.
    Older,
}

impl Age {
    /// All steps, the youngest first.
    pub const ALL: [Age; 4] = [Age::Day, Age::ThreeDays, Age::Week, Age::Older];

    /// The step's name in addresses.
    pub fn from_name(name: &str) -> Option<Age> {
        match name {
            "day" => Some(Age::Day),
            "three_days" => Some(Age::ThreeDays),
            "week" => Some(Age::Week),
            "older" => Some(Age::Older),
            _ => None,
        }
    }

    /// The moments of this step: later than the first, not later than the second.
    pub fn between(self, now: Millis) -> (Millis, Millis) {
        match self {
            Age::Day => (now - DAY, Millis::MAX),
            Age::ThreeDays => (now - 3 * DAY, now - DAY),
            Age::Week => (now - 7 * DAY, now - 3 * DAY),
            Age::Older => (Millis::MIN, now - 7 * DAY),
        }
    }

    /// The step of something that was changed then.
    pub fn of(changed_at: Millis, now: Millis) -> Age {
        let within = |age: &Age| {
            let (after, until) = age.between(now);
            after < changed_at && changed_at <= until
        };
        Age::ALL.into_iter().find(within).unwrap_or(Age::Older)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_lies_in_one_step() {
        let now = 1_000 * DAY;
        let moments =
            [now + 5, now, now - 1, now - DAY, now - DAY + 1, now - 3 * DAY, now - 7 * DAY, 0, Millis::MIN + 1];
        for at in moments {
            let steps = Age::ALL.into_iter().filter(|age| {
                let (after, until) = age.between(now);
                after < at && at <= until
            });
            assert_eq!(steps.collect::<Vec<_>>(), [Age::of(at, now)], "{at}");
        }
        assert_eq!(Age::of(now - 2 * DAY, now), Age::ThreeDays);
    }
}
