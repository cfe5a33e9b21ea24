//! What another phone handed over and the server has not sent yet. It lies beside the register: it counts on the screens, is in
//! no digest and is never sent from here; whoever wrote it sends it.

use domain::merge::merge;
use domain::{CellCode, Change, Kind, Record, RecordId};
use rusqlite::{Connection, Params};

use super::row;
use super::{RECORD_COLUMNS, exists, held};
use crate::DeviceError;

/// A record as another phone handed it over.
pub(crate) fn received(connection: &Connection, id: RecordId) -> Result<Option<Record>, DeviceError> {
    Ok(of_received(connection, "id = ?1", [id.to_string()])?.pop())
}

/// The received records that a condition over `id`, `kind`, `cell`, `parent`, `deleted` picks.
pub(crate) fn of_received(
    connection: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<Record>, DeviceError> {
    let sql = format!("SELECT {RECORD_COLUMNS} FROM received WHERE {condition} ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(found_row) = rows.next()? {
        found.push(row::record(found_row)?);
    }
    Ok(found)
}

/// Everything that lies here.
pub(crate) fn received_all(connection: &Connection) -> Result<Vec<Record>, DeviceError> {
    of_received(connection, "1", [])
}

/// Whether anything lies here at all: mostly nothing does.
pub(crate) fn received_anything(connection: &Connection) -> Result<bool, DeviceError> {
    exists(connection, "SELECT 1 FROM received LIMIT 1", [])
}

/// Whether a record was handed over and has not come from the server.
pub(crate) fn is_received(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    exists(connection, "SELECT 1 FROM received WHERE id = ?1", [id.to_string()])
}

/// Keeps a record as it was handed over.
pub(crate) fn put_received(connection: &Connection, record: &Record) -> Result<(), DeviceError> {
    const SQL: &str = "INSERT OR REPLACE INTO received (id, kind, cell, body, parent, deleted)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.prepare_cached(SQL)?.execute((
        record.id.to_string(),
        record.kind.as_str(),
        record.cell.as_str(),
        row::record_body(record)?,
        row::parent(record),
        record.is_deleted(),
    ))?;
    Ok(())
}

/// Forgets a received record.
pub(crate) fn remove_received(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    Ok(connection.prepare_cached("DELETE FROM received WHERE id = ?1")?.execute([id.to_string()])? > 0)
}

/// Forgets what the register has by now, in this or a later state.
pub(crate) fn settle_received(connection: &Connection) -> Result<(), DeviceError> {
    for record in of_received(connection, "id IN (SELECT id FROM record)", [])? {
        let Some(here) = held(connection, record.id)? else { continue };
        let id = record.id;
        // What contradicts the register gives way to it: the server's word stands.
        let news = merge(Some(&here.record), &Change::from_record(record)).is_ok_and(|merged| !merged.taken.is_empty());
        if !news {
            remove_received(connection, id)?;
        }
    }
    Ok(())
}

/// Forgets what lies in cells that the phone does not hold, for the end of a round. True: something went.
///
/// A mark stays in the cell where it was made when that is merged or split, and counts where its order lies by now. That has come by the
/// end of a round.
pub(crate) fn leave_received(connection: &Connection, held: &[CellCode]) -> Result<bool, DeviceError> {
    const SQL: &str = "DELETE FROM received WHERE cell NOT IN (SELECT value FROM json_each(?1)) AND NOT EXISTS (
        SELECT 1 FROM record WHERE record.id = received.parent AND record.kind = 'evacuation' AND record.gone = 0
            AND record.cell IN (SELECT value FROM json_each(?1)))";
    Ok(connection.prepare_cached(SQL)?.execute([serde_json::to_string(held)?])? > 0)
}

/// Notes that a record was erased on purpose.
pub(crate) fn note_erased(connection: &Connection, id: RecordId) -> Result<(), DeviceError> {
    connection.prepare_cached("INSERT OR IGNORE INTO erased (id) VALUES (?1)")?.execute([id.to_string()])?;
    Ok(())
}

/// Whether this phone was told that a record was erased.
pub(crate) fn is_erased(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    exists(connection, "SELECT 1 FROM erased WHERE id = ?1", [id.to_string()])
}

impl super::Store {
    /// A record as this phone knows it: the register's, with what another phone handed over merged in. Deleted ones included.
    pub(crate) fn known(&self, id: RecordId) -> Result<Option<Record>, DeviceError> {
        let register = self.get(id)?;
        Ok(joined(register, received(&self.connection, id)?))
    }

    /// Records of a kind as this phone knows them, by their ids: all, or those that belong to `parent`. Deleted ones included.
    pub(crate) fn all_known(&self, kind: &Kind, parent: Option<RecordId>) -> Result<Vec<Record>, DeviceError> {
        let condition = "kind = ?1 AND (?2 IS NULL OR parent = ?2)";
        let register = match parent {
            Some(parent) => {
                self.records("parent = ?2 AND kind = ?1 ORDER BY id", (kind.as_str(), parent.to_string()))?
            }
            None => self.records("kind = ?1 ORDER BY id", [kind.as_str()])?,
        };
        let handed = of_received(&self.connection, condition, (kind.as_str(), parent.map(|id| id.to_string())))?;
        if handed.is_empty() {
            return Ok(register);
        }
        let mut known: std::collections::BTreeMap<RecordId, Record> =
            register.into_iter().map(|record| (record.id, record)).collect();
        for record in handed {
            let here = match known.remove(&record.id) {
                Some(here) => Some(here),
                // It may belong to another here.
                None => self.get(record.id)?,
            };
            known.extend(joined(here, Some(record)).map(|record| (record.id, record)));
        }
        Ok(known.into_values().collect())
    }
}

fn joined(register: Option<Record>, handed: Option<Record>) -> Option<Record> {
    match (register, handed) {
        (Some(register), Some(handed)) => {
            let merged = merge(Some(&register), &Change::from_record(handed));
            Some(merged.map_or(register, |merged| merged.record))
        }
        (register, handed) => register.or(handed),
    }
}
