//! The law of conflicts: whatever was set aside and is open on the server is known to every phone that holds the record, and no
//! phone still asks about what the server has settled.

use std::collections::BTreeSet;

use device::DeviceError;
use domain::conflict::{CONFLICT_TOLD_FOR, CONFLICTS_TOLD_MAX};
use domain::{RecordId, Scope, Stamp};

use super::county::COUNTY;
use super::history::History;
use super::phone::Phone;
use crate::trouble::{Doing, Outcome, trouble};

/// A conflict by its name: field and stamp of the value that was set aside.
type Names = BTreeSet<(String, Stamp)>;

/// What a screen asks about: a value that is another than the one that stands.
const ASKING: &str = "state = 'open' AND body -> '$.value' IS NOT
    (SELECT record.body -> ('$.fields.' || field) FROM record WHERE record.id = conflict.id)";

/// Every phone and the server name the same conflicts, apart from those that a worker decided on the own phone.
pub(super) fn everybody_is_told(history: &History) -> Outcome {
    let scope = Scope::new(COUNTY).doing("naming the county")?;
    let since = history.time.now() - CONFLICT_TOLD_FOR;
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        for cell in phone.cells()? {
            for record in history.county.records(&cell)? {
                let open = history.county.ask(|reading| reading.open_conflicts(&scope, record.id, 0))?;
                // What is older than that is not told to a phone that reads the cell for the first time.
                let told = open.iter().filter(|conflict| conflict.at > since).take(CONFLICTS_TOLD_MAX);
                let told: Names = told.map(|conflict| (conflict.field.clone(), conflict.stamp)).collect();
                let open: Names = open.into_iter().map(|conflict| (conflict.field, conflict.stamp)).collect();
                let (known, asking) = (named(phone, record.id, "1")?, named(phone, record.id, ASKING)?);
                if let Some(untold) = told.difference(&known).next() {
                    return trouble(format!("Phone {number} was not told of {untold:?} of {}.", record.id));
                }
                if let Some(settled) = asking.difference(&open).next() {
                    return trouble(format!("Phone {number} still asks about {settled:?} of {}.", record.id));
                }
            }
        }
    }
    Ok(())
}

/// How many conflicts are open at the end.
pub(super) fn open(history: &History) -> Outcome<usize> {
    let scope = Scope::new(COUNTY).doing("naming the county")?;
    let mut count = 0;
    for cell in &history.county.cells {
        for record in history.county.records(cell)? {
            count += history.county.ask(|reading| reading.open_conflicts(&scope, record.id, 0))?.len();
        }
    }
    Ok(count)
}

/// The conflicts of a record that a phone was told of and that fulfil a condition.
fn named(phone: &Phone, record: RecordId, condition: &str) -> Outcome<Names> {
    let ask = |open: &mut device::Open| -> Result<Vec<(String, String)>, DeviceError> {
        let sql = format!("SELECT field, stamp FROM conflict WHERE id = ?1 AND told = 1 AND ({condition})");
        let mut statement = open.store().connection().prepare(&sql)?;
        let rows = statement.query_map([record.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let rows = phone.device().with_open(ask).doing("reading a phone")?;
    rows.into_iter().map(|(field, stamp)| Ok((field, stamp.parse().doing("reading a stamp")?))).collect()
}
