//! 通知公告: information for residents, or a warning. The worker marks households as told.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a notice.
pub const FIELDS: &[FieldSpec] = &[
    required("title", FieldType::Text { max: 100 }),
    required("text", FieldType::Lines { max: 4000 }),
    required("notice_kind", FieldType::Code { list: CodeList::NoticeKind }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("level", FieldType::Code { list: CodeList::WarningLevel }),
    optional("valid_until", FieldType::Date),
];

/// A notice, read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Notice {
    /// In one line.
    pub title: String,
    /// In full.
    pub text: String,
    /// Code of the kind.
    pub notice_kind: Option<String>,
    /// When it was published.
    pub at: i64,
    /// Who published it: an account.
    pub by: Option<String>,
    /// Code of a warning's level.
    pub level: Option<String>,
    /// Last day on which it counts.
    pub valid_until: Option<String>,
}

impl From<&Record> for Notice {
    fn from(record: &Record) -> Self {
        Self {
            title: text(record, "title").unwrap_or_default(),
            text: text(record, "text").unwrap_or_default(),
            notice_kind: text(record, "notice_kind"),
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            level: text(record, "level"),
            valid_until: text(record, "valid_until"),
        }
    }
}

/// For how many days a warning stands on top that does not say until when it counts: heavy rain is over in a week.
const WARNING_DAYS: u64 = 7;

impl Notice {
    /// Whether it is a warning (预警).
    pub fn is_warning(&self) -> bool {
        self.notice_kind.as_deref() == Some("warning")
    }

    /// Whether it still counts on that day. A notice without a last day counts for good, a warning for a week.
    pub fn stands(&self, today: NaiveDate) -> bool {
        let until = self.valid_until.as_deref().and_then(|day| day.parse::<NaiveDate>().ok());
        let week = || crate::validate::today(self.at).checked_add_days(Days::new(WARNING_DAYS));
        match until {
            Some(until) => today <= until,
            None if self.is_warning() => week().is_none_or(|until| today <= until),
            None => true,
        }
    }

    /// How urgent a warning is: red first, those without a level last. Greater is more urgent.
    pub fn urgency(&self) -> u8 {
        match self.level.as_deref() {
            Some("red") => 4,
            Some("orange") => 3,
            Some("yellow") => 2,
            Some("blue") => 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 10:00 in China.
    const AT: i64 = 1_795_312_800_000;

    fn notice(kind: &str, valid_until: Option<&str>) -> Notice {
        let valid_until = valid_until.map(str::to_owned);
        Notice { at: AT, notice_kind: Some(kind.to_owned()), valid_until, ..Notice::default() }
    }

    fn stands_on(notice: &Notice, day: &str) -> bool {
        notice.stands(day.parse().unwrap())
    }

    #[test]
    fn a_notice_counts_until_its_last_day_and_without_one_for_good() {
        let until = notice("policy", Some("2026-11-30"));
        assert!(stands_on(&until, "2026-11-30") && !stands_on(&until, "2026-12-01"));
        assert!(stands_on(&notice("policy", None), "2036-01-01"));
    }

    #[test]
    fn a_warning_without_a_last_day_stands_for_a_week() {
        let warning = notice("warning", None);
        assert!(stands_on(&warning, "2026-11-29") && !stands_on(&warning, "2026-11-30"));
    }
}
