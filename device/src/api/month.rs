//! The month of the own cells on one page.

use domain::ProblemCode;
use domain::month::{Month, OF_RESIDENTS, month};
use domain::report::Period;
use serde::Deserialize;
use ts_rs::TS;

use super::Failure;
use crate::{Device, Open};

/// Which month, by the Chinese calendar.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct MonthArgs {
    /// The year.
    pub year: i32,
    /// 1–12.
    pub month: u32,
}

pub(super) fn month_page(device: &Device, args: MonthArgs) -> Result<Month, Failure> {
    let period = Period::month(args.year, args.month);
    let period = period.ok_or_else(|| Failure::problem("month", ProblemCode::NoSuchDate))?;
    let within = (period.moments().start, period.moments().end);
    device.with_open(|open: &mut Open| {
        // Only kinds that the page counts, with the entries that gave way to others, to whom visits were made; of those with a moment only the month, and visits that correct one of it.
        const HERE: &str = "(deleted = 0 OR merged_into IS NOT NULL) AND gone = 0";
        // The visits that correct one are few and have an index of their own; without it every visit would be read for them.
        let happened = format!(
            "{HERE} AND (kind = 'dispute'
            OR (kind IN ('visit', 'incident', 'inspection', 'recheck', 'notice_ack') AND at >= ?1 AND at < ?2)
            OR rowid IN (SELECT rowid FROM record INDEXED BY visit_replaces
                WHERE kind = 'visit' AND body ->> '$.fields.replaces' IS NOT NULL))"
        );
        let mut records = open.store().records(&happened, within)?;
        let lives = format!("{HERE} AND kind IN ('household', 'person')");
        records.extend(open.store().parts(&lives, (), &OF_RESIDENTS)?.into_iter().map(|part| part.record));
        Ok(month(&records, open.cells(), period))
    })
}
