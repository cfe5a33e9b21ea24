//! Forms as they are printed and signed on paper: in Chinese, with the headings that their standards give them, filled from the
//! records and with room where nothing is known.

mod dispute;
mod inspection;

use chrono::{Datelike, NaiveDate, Timelike};
use domain::china::wall_clock;
use paper::{Block, Sheet};

pub use dispute::DisputeForm;
pub(crate) use dispute::dispute;
pub(crate) use inspection::notice;

/// What every form says and no record does.
pub(crate) struct Setting {
    /// The day it is printed.
    pub(crate) today: NaiveDate,
    /// The village or community.
    pub(crate) village: String,
    /// Demonstration data: every page says so.
    pub(crate) demo: bool,
}

impl Setting {
    fn sheet(&self, title: &str, blocks: Vec<Block>) -> Sheet {
        let mark = self.demo.then(|| "演示数据".to_owned());
        let titled = std::iter::once(Block::Title(title.to_owned())).chain(blocks).collect();
        Sheet { name: title.to_owned(), mark, blocks: titled, ..Sheet::default() }
    }
}

/// `2026年11月3日`, from `2026-11-03`; empty where there is no day.
fn written_day(day: Option<&str>) -> String {
    match day.and_then(|day| day.parse::<NaiveDate>().ok()) {
        Some(day) => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        None => String::new(),
    }
}

/// `2026年11月3日9时05分`, by the clock of China.
fn written_moment(at: i64) -> String {
    wall_clock(at).map_or_else(String::new, |at| {
        let (day, time) = (at.date_naive(), at.time());
        format!("{}年{}月{}日{}时{:02}分", day.year(), day.month(), day.day(), time.hour(), time.minute())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_written_as_on_paper() {
        assert_eq!(written_day(Some("2026-11-03")), "2026年11月3日");
        assert_eq!(written_day(Some("soon")), "");
        // 2026-11-22 10:00 in China.
        assert_eq!(written_moment(1_795_312_800_000), "2026年11月22日10时00分");
    }
}
