//! Several records by one tap: all of them, or none.

use std::collections::BTreeMap;

use domain::lines::in_one_line;
use domain::{CellCode, Change, Fields, Kind, RecordId, Stamp, Stamps};
use rusqlite::Connection;

use super::{Meta, Open, outbox, store};
use crate::DeviceError;
use crate::store::Held;

/// A new record, under an id that was drawn before.
#[derive(Debug, Clone)]
pub struct New {
    /// What it is about.
    pub kind: Kind,
    /// Its id.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub fields: Fields,
}

impl Open {
    /// Stores new records of a kind, each in its cell: one transaction, on the storage before this returns.
    ///
    /// # Errors
    /// [`DeviceError::Invalid`] with what is wrong with the first that is wrong, and the storage's errors; nothing is stored then.
    pub fn create_several(
        &mut self,
        kind: &Kind,
        records: Vec<(CellCode, Fields)>,
    ) -> Result<Vec<RecordId>, DeviceError> {
        self.replace_several(&[], kind, records)
    }

    /// As [`Open::create_several`], with these taken back in the same transaction.
    ///
    /// # Errors
    /// As [`Open::create_several`] and [`Open::take_back_several`]; nothing is stored or taken back then.
    pub fn replace_several(
        &mut self,
        taken_back: &[RecordId],
        kind: &Kind,
        records: Vec<(CellCode, Fields)>,
    ) -> Result<Vec<RecordId>, DeviceError> {
        self.may_take_back(taken_back)?;
        let now = self.now();
        let mut ids = Vec::with_capacity(records.len());
        let mut rows = Vec::with_capacity(records.len());
        for (cell, fields) in records {
            let fields = in_one_line(kind, fields);
            let (id, stamp) = (self.new_id(), self.stamp_after(Stamp::ZERO, now));
            let stamps = Stamps::all(stamp);
            let change = Change { id, kind: kind.clone(), cell, fields, stamps, base: BTreeMap::new() };
            self.judge(&change, None, now)?;
            rows.push(Held { own_at: Some(now), ..outbox::apply_own(None, &change)? });
            ids.push(id);
        }
        if rows.is_empty() && taken_back.is_empty() {
            return Ok(ids);
        }
        let last = self.clock.last();
        self.store.keep_text(|transaction| {
            remove_all(transaction, taken_back)?;
            for held in &rows {
                store::put(transaction, held)?;
            }
            Meta::ClockLast.set(transaction, &last)
        })?;
        self.written(kind);
        Ok(ids)
    }

    /// Writes fields of several records that are there already: one transaction, on the storage before this returns.
    ///
    /// # Errors
    /// As [`Open::write`], for the first record that is wrong; nothing is stored then.
    pub fn write_several(&mut self, writes: Vec<(RecordId, Fields)>) -> Result<(), DeviceError> {
        self.create_and_write(Vec::new(), writes)
    }

    /// As [`Open::write_several`], with new records before them: each may be named by those after it, and its fields be written too.
    ///
    /// # Errors
    /// As [`Open::write_several`]; [`DeviceError::Sealed`] when a new record's id is taken.
    pub fn create_and_write(&mut self, new: Vec<New>, mut writes: Vec<(RecordId, Fields)>) -> Result<(), DeviceError> {
        let now = self.now();
        let mut changes = Vec::with_capacity(new.len() + writes.len());
        for mut new in new {
            if store::held(self.store.connection(), new.id)?.is_some() {
                return Err(DeviceError::Sealed);
            }
            // What is written to it besides comes after what it names then.
            let later = writes.iter().position(|(id, _)| *id == new.id).map(|at| writes.remove(at));
            new.fields.extend(later.map(|(_, fields)| fields).unwrap_or_default());
            let made = self.judged((&new.kind, new.id, new.cell), new.fields, None, None, now)?;
            changes.extend(made.map(|change| (change, None)));
        }
        for (id, fields) in writes {
            let held = store::held(self.store.connection(), id)?.ok_or(DeviceError::NotFound)?;
            let (kind, cell) = (held.record.kind.clone(), held.record.cell.clone());
            if let Some(change) = self.judged((&kind, id, cell), fields, Some(&held), None, now)? {
                changes.push((change, Some(held)));
            }
        }
        let Some(kind) = changes.first().map(|(change, _)| change.kind.clone()) else { return Ok(()) };
        self.keep(changes, now, |_| Ok(()))?;
        self.written(&kind);
        Ok(())
    }

    /// Removes own append-only records without trace, as long as nobody else can know of them: all of them, or none.
    ///
    /// # Errors
    /// [`DeviceError::Sealed`] once one was offered to the server, and for kinds that can be corrected instead;
    /// [`DeviceError::NotFound`].
    pub fn take_back_several(&mut self, ids: &[RecordId]) -> Result<(), DeviceError> {
        self.may_take_back(ids)?;
        let transaction = self.store.begin()?;
        remove_all(&transaction, ids)?;
        transaction.commit()?;
        self.pulse.changed();
        Ok(())
    }

    fn may_take_back(&self, ids: &[RecordId]) -> Result<(), DeviceError> {
        for id in ids {
            let held = store::held(self.store.connection(), *id)?.ok_or(DeviceError::NotFound)?;
            if !held.is_only_here() || !held.record.kind.is_append_only() {
                return Err(DeviceError::Sealed);
            }
        }
        Ok(())
    }
}

fn remove_all(connection: &Connection, ids: &[RecordId]) -> Result<(), DeviceError> {
    for id in ids {
        store::remove(connection, *id)?;
    }
    if ids.is_empty() { Ok(()) } else { store::drop_unnamed_photos(connection) }
}
