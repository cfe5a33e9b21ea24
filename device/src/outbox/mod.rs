//! What the server has not acknowledged: which fields, on top of which base, and what it refused.
//!
//! *Unsent* is state, not a log: a field is in `unsent` until the very stamp it carries was acknowledged. Losing an answer
//! costs a repetition, never data.

mod case_files;
mod erased;
mod overtaken;
mod refused;

use domain::merge::{MergeError, merge};
use domain::{Change, Record, Stamp};
use rusqlite::Connection;

pub(crate) use case_files::{
    is_form_of_nobody, is_of_nobody, leave_words, list_was_refused, look_again, look_at_files, look_at_forms,
    was_left_to_nobody,
};
pub(crate) use erased::{erase, note_asked, words_about};
pub(crate) use overtaken::{
    Overtaken, forget_overtaken, is_overtaken, keep_overtaken, overtaken, overtaken_of, take_overtaken,
};
pub use refused::Refused;
pub(crate) use refused::{keep_refused, refused_all, refused_count, refused_one, words_were_corrected};

use crate::DeviceError;
use crate::store::{self, Held, Pending, SELECT_HELD};

/// The record after the worker's own change, with the changed fields unsent.
///
/// A field that is unsent already keeps its base: what the server knows of it has not moved. One without a base replaces what its writer
/// had not seen: however its stamp is corrected, it stays after that.
pub(crate) fn apply_own(current: Option<Held>, change: &Change) -> Result<Held, DeviceError> {
    let merged = merge(current.as_ref().map(|held| &held.record), change).map_err(|error| match error {
        MergeError::Sealed { .. } => DeviceError::Sealed,
        MergeError::OtherKind => DeviceError::NotFound,
    })?;
    let new = current.is_none();
    let mut held = current.unwrap_or_else(|| Held::from_server(merged.record.clone()));
    for field in &merged.taken {
        let pending = match held.unsent.get(field).cloned() {
            // The server may have the value that was offered: this one stays after it, however its stamp is corrected.
            Some(before) if before.offered => {
                let sent = before.sent.max(Some(held.record.stamps.of(field)));
                Pending { sent, offered: false, ..before }
            }
            Some(before) => before,
            None => {
                let stood = (!new && held.record.fields.contains_key(field)).then(|| held.record.stamps.of(field));
                let base = change.base.get(field).copied();
                Pending { base, passed: stood.filter(|_| base.is_none()), ..Pending::default() }
            }
        };
        held.unsent.insert(field.clone(), pending);
    }
    held.record = merged.record;
    Ok(held)
}

/// The records of which something waits.
pub(crate) fn unsent_records(connection: &Connection) -> Result<Vec<Held>, DeviceError> {
    let mut statement = connection.prepare(&format!("{SELECT_HELD} WHERE record.id IN (SELECT id FROM unsent)"))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(store::held_of_row(row)?);
    }
    Ok(found)
}

/// The greatest stamp that still waits, or the one given: a save need not note where the clock stands, what it saved says it.
pub(crate) fn greatest_stamp(connection: &Connection, known: Stamp) -> Result<Stamp, DeviceError> {
    let mut statement = connection.prepare(&format!("{SELECT_HELD} WHERE record.id IN (SELECT id FROM unsent)"))?;
    let mut rows = statement.query([])?;
    let mut last = known;
    while let Some(row) = rows.next()? {
        // No round gets past a row that holds no record. In a register that takes this one's place there is none.
        let held = store::held_of_row(row).map_err(|_| DeviceError::RegisterDamaged)?;
        last = last.max(held.record.latest());
    }
    Ok(last)
}

/// The change that brings what is unsent of a record to the server; all of it, if it is offered again or doubted.
pub(crate) fn change_of(held: Held) -> Change {
    let Held { record: Record { id, kind, cell, mut fields, stamps }, unsent, reoffer, doubted, .. } = held;
    fields.retain(|field, _| unsent.contains_key(field) || reoffer || doubted);
    let stamps = stamps.only(&fields);
    let base = unsent.into_iter().filter_map(|(field, pending)| Some((field, pending.base?))).collect();
    Change { id, kind, cell, fields, stamps, base }
}
