//! The month of a cell on one page: what was done there and what is open. It counts cases and places, never people's work
//! (DOMAIN §2); every number is a count or a sum of the records given, by the rules written here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use ts_rs::TS;

use crate::fold::{is_met, standing};
use crate::kinds::visit::Visit;
use crate::record::{Kind, Record};
use crate::report::{Period, What, counted_in};
use crate::same::Same;
use crate::{CellCode, RecordId};

/// How many there are of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CodeCount {
    /// The code.
    pub code: String,
    /// How many.
    pub n: i64,
}

/// A cell's month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Month {
    /// Households in the register now.
    pub households: i64,
    /// Residents who live there now.
    pub residents: i64,
    /// Residents who moved out in the month.
    pub moved_out: i64,
    /// Residents who died in the month.
    pub died: i64,
    /// Visits that stand (not corrected by another).
    pub visits: i64,
    /// Visits by result.
    pub by_result: Vec<CodeCount>,
    /// Visits by purpose; one visit can have several.
    pub by_purpose: Vec<CodeCount>,
    /// Households of which somebody was met.
    pub households_met: i64,
    /// Incidents noticed.
    pub incidents: i64,
    /// Incidents by category.
    pub by_category: Vec<CodeCount>,
    /// Disputes accepted.
    pub disputes: i64,
    /// Of these, settled by an agreement, written or oral.
    pub disputes_settled: i64,
    /// What the accepted disputes were about, in yuan with two decimals.
    pub disputes_amount: String,
    /// Inspections.
    pub inspections: i64,
    /// Hazards that they found.
    pub hazards: i64,
    /// Hazards that were found to be put right.
    pub hazards_fixed: i64,
    /// Households told of a notice, once for each notice.
    pub told: i64,
}

/// All that the month asks of households and residents: it is the same for records of these that hold no other field.
pub const OF_RESIDENTS: [&str; 5] = ["deleted", "merged_into", "household", "moved_out_on", "died_on"];

/// Counts the records of one cell or several, by the rules of [`crate::report`]; what no report has is counted here. `records` may
/// hold more than the month; only what stands in the register counts.
pub fn month(records: &[Record], cells: &[CellCode], period: Period) -> Month {
    let here: Vec<&Record> =
        records.iter().filter(|record| cells.contains(&record.cell) && record.is_present()).collect();
    let counts = counted_in(here.iter().copied(), period);
    let visits: Vec<(RecordId, Visit)> = here
        .iter()
        .filter(|record| record.kind == Kind::Visit)
        .map(|record| (record.id, Visit::from(*record)))
        .collect();
    let in_month = |visit: &&Visit| period.moments().contains(&visit.at);
    let visits: Vec<&Visit> = standing(&visits).into_iter().map(|(_, visit)| visit).filter(in_month).collect();
    Month {
        households: counts.total(What::Household),
        residents: counts.total(What::Resident),
        moved_out: counts.total(What::MovedOut),
        died: counts.total(What::Died),
        visits: counts.total(What::Visit),
        by_result: most_first(counts.by(What::Visit)),
        by_purpose: by_purpose(&visits),
        households_met: met(&visits, records),
        incidents: counts.total(What::Incident),
        by_category: most_first(counts.by(What::Incident)),
        disputes: counts.total(What::Dispute),
        disputes_settled: counts.total(What::DisputeSettled),
        disputes_amount: yuan(u128::try_from(counts.total(What::DisputeCents)).unwrap_or(0)),
        inspections: counts.total(What::Inspection),
        hazards: counts.total(What::Hazard),
        hazards_fixed: counts.of(What::Recheck, "fixed"),
        told: counts.total(What::Told),
    }
}

fn count(things: impl Iterator) -> i64 {
    i64::try_from(things.count()).unwrap_or(i64::MAX)
}

/// Visits by purpose; one visit can have several.
fn by_purpose(visits: &[&Visit]) -> Vec<CodeCount> {
    let mut found: BTreeMap<&str, i64> = BTreeMap::new();
    for code in visits.iter().flat_map(|visit| &visit.purposes) {
        *found.entry(code).or_default() += 1;
    }
    most_first(found.into_iter())
}

/// The most frequent first, equal ones by their code.
fn most_first<'a>(counted: impl Iterator<Item = (&'a str, i64)>) -> Vec<CodeCount> {
    let named = counted.filter(|(code, _)| !code.is_empty());
    let mut counts: Vec<CodeCount> = named.map(|(code, n)| CodeCount { code: code.to_owned(), n }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.n));
    counts
}

/// Households that were met themselves or through one of their members. What was said of an entry that gave way counts for the one
/// that stays.
fn met(visits: &[&Visit], records: &[Record]) -> i64 {
    let same = Same::of(records);
    let homes: BTreeMap<RecordId, RecordId> = records
        .iter()
        .filter(|record| record.kind == Kind::Person && record.is_present())
        .filter_map(|person| Some((person.id, person.reference("household")?)))
        .collect();
    let home = |target: RecordId| {
        let target = same.survivor(target);
        homes.get(&target).map_or(target, |home| same.survivor(*home))
    };
    let met = visits.iter().filter(|visit| is_met(&visit.result));
    let households: BTreeSet<RecordId> = met.filter_map(|visit| visit.target).map(home).collect();
    count(households.iter())
}

/// An amount in cents, exactly; none for what is no amount.
pub fn cents(yuan: &str) -> Option<u128> {
    crate::validate::is_yuan(yuan).then(|| yuan.replace('.', "").parse().ok())?
}

/// Cents as an amount with two decimals.
pub fn yuan(cents: u128) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::Stamp;
    use crate::stamps::Stamps;

    fn cell() -> CellCode {
        CellCode::new("610722001001001").unwrap()
    }

    fn record(id: u128, kind: Kind, fields: Value) -> Record {
        Record {
            id: RecordId(uuid::Uuid::from_u128(id)),
            kind,
            cell: cell(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::ZERO),
        }
    }

    fn of_2026(month: u32) -> (Period, (i64, i64)) {
        let period = Period::month(2026, month).unwrap();
        (period, (period.moments().start, period.moments().end))
    }

    fn id(number: u128) -> String {
        RecordId(uuid::Uuid::from_u128(number)).to_string()
    }

    #[test]
    fn a_month_begins_and_ends_by_the_chinese_clock() {
        let (period, (from, to)) = of_2026(2);
        assert_eq!((to - from) / 86_400_000, 28);
        assert_eq!(crate::sheet::moment_text(from), "2026-02-01 00:00");
        assert!(period.is_month());
        assert_eq!(Period::month(2026, 13), None);
    }

    #[test]
    fn a_corrected_visit_counts_once_and_a_member_met_is_a_household_met() {
        let (period, (from, to)) = of_2026(11);
        let visit = |number, target: u128, result: &str, more: Value| {
            let mut fields =
                json!({"target": id(target), "target_kind": "household", "at": from + 5, "result": result});
            fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            record(number, Kind::Visit, fields)
        };
        let records = [
            record(1, Kind::Household, json!({})),
            record(2, Kind::Person, json!({"household": id(1), "name": "张三"})),
            record(3, Kind::Person, json!({"household": id(1), "name": "李四", "moved_out_on": "2026-11-30"})),
            visit(10, 1, "absent", json!({})),
            visit(11, 1, "met", json!({"replaces": id(10), "purposes": ["care", "fraud"]})),
            visit(12, 2, "met", json!({})),
            visit(13, 1, "met", json!({"at": to})),
        ];
        let month = month(&records, &[cell()], period);
        assert_eq!((month.households, month.residents, month.moved_out), (1, 1, 1));
        assert_eq!((month.visits, month.households_met), (2, 1));
        assert_eq!(month.by_result, [CodeCount { code: "met".into(), n: 2 }]);
        assert_eq!(month.by_purpose.len(), 2);
    }

    #[test]
    fn an_entry_that_gave_way_to_another_counts_once_and_its_visits_count_for_the_other() {
        let (period, (from, _)) = of_2026(11);
        let visit = |number, target: u128| {
            let fields = json!({"target": id(target), "target_kind": "person", "at": from, "result": "met"});
            record(number, Kind::Visit, fields)
        };
        let records = [
            record(1, Kind::Household, json!({})),
            record(2, Kind::Household, json!({"merged_into": id(1)})),
            record(3, Kind::Person, json!({"household": id(1), "name": "张三"})),
            record(4, Kind::Person, json!({"household": id(2), "name": "张三", "merged_into": id(3)})),
            visit(10, 3),
            visit(11, 4),
            visit(12, 2),
        ];
        let whole = month(&records, &[cell()], period);
        assert_eq!((whole.households, whole.residents), (1, 1));
        assert_eq!((whole.visits, whole.households_met), (3, 1));
    }

    #[test]
    fn the_fields_that_the_month_asks_of_residents_are_enough() {
        let (period, (from, _)) = of_2026(11);
        let mut records = vec![
            record(1, Kind::Household, json!({"note": "x"})),
            record(2, Kind::Household, json!({"merged_into": id(1), "note": "x"})),
            record(3, Kind::Household, json!({"deleted": true})),
            record(4, Kind::Person, json!({"household": id(2), "name": "张三"})),
            record(5, Kind::Person, json!({"household": id(1), "moved_out_on": "2026-11-03", "phone": "1"})),
            record(6, Kind::Person, json!({"household": id(1), "died_on": "2026-11-04", "sex": "2"})),
            record(7, Kind::Person, json!({"household": id(1), "deleted": true})),
            record(8, Kind::Person, json!({"household": id(1), "merged_into": id(4)})),
            record(9, Kind::Visit, json!({"target": id(8), "target_kind": "person", "at": from, "result": "met"})),
        ];
        let whole = month(&records, &[cell()], period);
        assert_eq!((whole.households, whole.residents, whole.moved_out, whole.died), (1, 1, 1, 1));
        assert_eq!(whole.households_met, 1);
        for record in records.iter_mut().filter(|record| record.kind != Kind::Visit) {
            record.fields.retain(|field, _| OF_RESIDENTS.contains(&field.as_str()));
        }
        assert_eq!(month(&records, &[cell()], period), whole);
    }

    #[test]
    fn amounts_add_up_to_the_cent() {
        let (period, _) = of_2026(11);
        let dispute = |number, amount: &str, agreement: &str| {
            let fields = json!({"accepted_on": "2026-11-03", "amount": amount, "agreement": agreement});
            record(number, Kind::Dispute, fields)
        };
        let records =
            [dispute(1, "0.10", "written"), dispute(2, "0.20", "oral"), dispute(3, "999999999999.99", "none")];
        let month = month(&records, &[cell()], period);
        assert_eq!((month.disputes, month.disputes_settled), (3, 2));
        assert_eq!(month.disputes_amount, "1000000000000.29");
    }

    proptest! {
        #[test]
        fn an_amount_is_the_same_after_counting_in_cents(amount in 0u128..99_999_999_999_999) {
            prop_assert_eq!(cents(&yuan(amount)), Some(amount));
        }

        #[test]
        fn the_results_add_up_to_the_visits(results in proptest::collection::vec(0usize..5, 0..40)) {
            let (period, (from, _)) = of_2026(11);
            let codes = ["met", "absent", "refused", "moved", "proxy"];
            let records: Vec<Record> = results.iter().zip(100u128..).map(|(result, number)| {
                let fields = json!({"target": id(1), "target_kind": "household", "at": from, "result": codes[*result]});
                record(number, Kind::Visit, fields)
            }).collect();
            let month = month(&records, &[cell()], period);
            prop_assert_eq!(month.by_result.iter().map(|count| count.n).sum::<i64>(), month.visits);
        }
    }
}
