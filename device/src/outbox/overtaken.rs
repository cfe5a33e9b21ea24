//! Own words that lost against later ones before they were sent: they still go up, for the history.

use domain::ids::Malformed;
use domain::{CellCode, Change, Fields, Kind, Record, RecordId, Stamp, Stamps};
use rusqlite::Connection;
use serde_json::Value;

use crate::DeviceError;
use crate::store;

/// An own value of a field that lost.
pub(crate) struct Overtaken {
    pub(crate) field: String,
    pub(crate) value: Value,
    pub(crate) stamp: Stamp,
}

fn malformed(error: Malformed) -> DeviceError {
    DeviceError::StorageBroken(format!("an overtaken row: {error}"))
}

/// Keeps an own value of a field that lost, with the stamp that its writer had seen.
pub(crate) fn keep_overtaken(
    connection: &Connection,
    record: &Record,
    (field, own): (&str, &Value),
    base: Option<Stamp>,
) -> Result<(), DeviceError> {
    const SQL: &str = "INSERT OR IGNORE INTO overtaken (id, field, value, stamp, base) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(SQL)?.execute((
        record.id.to_string(),
        field,
        serde_json::to_string(own)?,
        record.stamps.of(field).to_string(),
        base.map(|base| base.to_string()),
    ))?;
    Ok(())
}

/// Whether words about a record wait that lost.
pub(crate) fn is_overtaken(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    store::exists(connection, "SELECT 1 FROM overtaken WHERE id = ?1 LIMIT 1", [id.to_string()])
}

/// What lost of one record, the earliest first.
pub(crate) fn overtaken_of(connection: &Connection, id: RecordId) -> Result<Vec<Overtaken>, DeviceError> {
    const SQL: &str = "SELECT field, value, stamp FROM overtaken WHERE id = ?1 ORDER BY stamp, field DESC";
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([id.to_string()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (value, stamp): (String, String) = (row.get(1)?, row.get(2)?);
        let stamp = stamp.parse().map_err(malformed)?;
        found.push(Overtaken { field: row.get(0)?, value: serde_json::from_str(&value)?, stamp });
    }
    Ok(found)
}

/// Takes the words about a record that cannot be sent any more, since the record goes: of each field the latest.
pub(crate) fn take_overtaken(connection: &Connection, id: RecordId) -> Result<Fields, DeviceError> {
    let lost = overtaken_of(connection, id)?;
    let words: Fields = lost.into_iter().map(|Overtaken { field, value, .. }| (field, value)).collect();
    if !words.is_empty() {
        connection.prepare_cached("DELETE FROM overtaken WHERE id = ?1")?.execute([id.to_string()])?;
    }
    Ok(words)
}

/// What a change says was judged: as overtaken words it need not be kept any more. Of the same record and moment others may still wait
/// for their own verdict.
pub(crate) fn forget_overtaken(connection: &Connection, change: &Change) -> Result<(), DeviceError> {
    let id = change.id.to_string();
    if !is_overtaken(connection, change.id)? {
        return Ok(());
    }
    for field in change.fields.keys() {
        let sql = "DELETE FROM overtaken WHERE id = ?1 AND field = ?2 AND stamp = ?3";
        connection.prepare_cached(sql)?.execute((&id, field, change.stamps.of(field).to_string()))?;
    }
    Ok(())
}

/// All of them as changes, the earliest first.
pub(crate) fn overtaken(connection: &Connection) -> Result<Vec<Change>, DeviceError> {
    // Of a record that was erased nothing goes up any more.
    connection.prepare_cached("DELETE FROM overtaken WHERE id NOT IN (SELECT id FROM record)")?.execute([])?;
    const SQL: &str = "SELECT record.kind, record.cell, lost.id, lost.field, lost.value, lost.stamp, lost.base
        FROM overtaken AS lost JOIN record ON record.id = lost.id ORDER BY lost.stamp";
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |index: usize| row.get::<_, String>(index);
        let field = text(3)?;
        let base: Option<String> = row.get(6)?;
        let base = base.map(|base| base.parse()).transpose().map_err(malformed)?;
        found.push(Change {
            id: text(2)?.parse().map_err(malformed)?,
            kind: Kind::from_name(&text(0)?),
            cell: CellCode::new(&text(1)?).map_err(malformed)?,
            fields: [(field.clone(), serde_json::from_str(&text(4)?)?)].into(),
            stamps: Stamps::all(text(5)?.parse().map_err(malformed)?),
            base: base.map(|base| (field, base)).into_iter().collect(),
        });
    }
    Ok(found)
}
