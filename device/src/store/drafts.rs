//! Unfinished forms: every change is stored at once, so that after a crash the same screen stands there again.

use domain::world::Millis;
use rusqlite::OptionalExtension;

use super::Store;
use crate::DeviceError;

/// An unfinished form, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The screen's name for it.
    pub key: String,
    /// When it was last changed.
    pub saved_at: Millis,
}

/// What somebody typed is never longer. Pieces of pictures that stand in a form are drafts too, and get none of the room for text.
const TEXT_BYTES: usize = 64 * 1024;

impl Store {
    /// Keeps a draft.
    ///
    /// # Errors
    /// [`DeviceError::StorageFull`] and [`DeviceError::StorageBroken`].
    pub fn save_draft(&self, key: &str, value: &serde_json::Value, now: Millis) -> Result<(), DeviceError> {
        const SQL: &str = "INSERT INTO draft (key, value, saved_at) VALUES (?1, ?2, ?3)
            ON CONFLICT (key) DO UPDATE SET value = ?2, saved_at = ?3";
        let value = serde_json::to_string(value)?;
        let keep = || {
            self.connection.prepare_cached(SQL)?.execute((key, &value, now))?;
            Ok(())
        };
        if value.len() > TEXT_BYTES { keep() } else { self.reserve.make_room(keep) }
    }

    /// A draft's content.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn draft(&self, key: &str) -> Result<Option<serde_json::Value>, DeviceError> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM draft WHERE key = ?1")?;
        let text: Option<String> = statement.query_row([key], |row| row.get(0)).optional()?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// Forgets a draft.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be written.
    pub fn drop_draft(&self, key: &str) -> Result<(), DeviceError> {
        self.connection.prepare_cached("DELETE FROM draft WHERE key = ?1")?.execute([key])?;
        Ok(())
    }

    /// The drafts there are, the latest first.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn drafts(&self) -> Result<Vec<Draft>, DeviceError> {
        let mut statement = self.connection.prepare_cached("SELECT key, saved_at FROM draft ORDER BY saved_at DESC")?;
        let rows = statement.query_map([], |row| Ok(Draft { key: row.get(0)?, saved_at: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
