//! Own words that lost against later ones before they were sent: they still go up, for the history.

use domain::{Fields, RecordId};
use rusqlite::Connection;

use crate::DeviceError;
use crate::store;

/// Whether words about a record wait that lost.
pub(crate) fn is_overtaken(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    store::exists(connection, "SELECT 1 FROM overtaken WHERE id = ?1 LIMIT 1", [id.to_string()])
}

/// Takes the words about a record that cannot be sent any more, since the record goes: of each field the latest.
pub(crate) fn take_overtaken(connection: &Connection, id: RecordId) -> Result<Fields, DeviceError> {
    let mut statement = connection.prepare_cached("SELECT field, value FROM overtaken WHERE id = ?1 ORDER BY stamp")?;
    let mut rows = statement.query([id.to_string()])?;
    let mut words = Fields::new();
    while let Some(row) = rows.next()? {
        words.insert(row.get(0)?, serde_json::from_str(&row.get::<_, String>(1)?)?);
    }
    if !words.is_empty() {
        connection.prepare_cached("DELETE FROM overtaken WHERE id = ?1")?.execute([id.to_string()])?;
    }
    Ok(words)
}
