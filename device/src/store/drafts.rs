//! Unfinished forms: every change is stored at once, so that after a crash the same screen stands there again.
//!
//! Some drafts are no form any more: they name what follows a record that is stored already, such as its photos. Nobody has these yet,
//! so whatever waits for what is unsent waits for them too.

use std::collections::BTreeSet;

use domain::RecordId;
use domain::world::Millis;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

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

/// The drafts of what follows a stored record: what an incident or a step of one is still to get, and an inspection. Its id comes after
/// the colon. They hold a list of photos, or one under `photos`; a photo is the key of the draft in which it is kept, or has it as `key`.
const FOLLOWING: [&str; 2] = ["report-stored:", "inspection-stored:"];

/// The condition on a record (as `photo`, like whether its own picture waits) that photos are still to be stored for it, or for a step of
/// it. (Nothing in it is NULL, or its contrary would never be true.)
pub(crate) const IS_FOLLOWED: &str = "photo.id IN (SELECT substr(key, instr(key, ':') + 1) FROM draft
    WHERE key GLOB 'report-stored:*' OR key GLOB 'inspection-stored:*'
    UNION SELECT value ->> '$.incident' FROM draft WHERE key GLOB 'report-stored:*' AND value ->> '$.incident' IS NOT NULL)";

/// How many kept photos are still to be stored for records that are here. Those of a record that was refused wait for its correction,
/// and no round brings them anywhere.
pub(crate) fn photos_following(connection: &Connection) -> Result<i64, DeviceError> {
    const SQL: &str = "SELECT value FROM draft WHERE (key GLOB 'report-stored:*' OR key GLOB 'inspection-stored:*')
        AND EXISTS (SELECT 1 FROM record WHERE id = substr(key, instr(key, ':') + 1) AND deleted = 0)";
    let mut statement = connection.prepare_cached(SQL)?;
    let values: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut kept = BTreeSet::new();
    for value in values {
        for photo in photos_named(&serde_json::from_str(&value)?) {
            // One that was stored is not kept any more; the list that names it goes when all are.
            if super::exists(connection, "SELECT 1 FROM draft WHERE key = ?1", [photo])? {
                kept.insert(photo.to_owned());
            }
        }
    }
    Ok(kept.len() as i64)
}

/// Whether photos are still to be stored for a record, or for a step of it.
pub(crate) fn is_followed(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    const SQL: &str = "SELECT 1 FROM draft WHERE key IN (?1, ?2)
        OR (key GLOB 'report-stored:*' AND value ->> '$.incident' = ?3)";
    let [report, inspection] = FOLLOWING.map(|prefix| format!("{prefix}{id}"));
    super::exists(connection, SQL, [report, inspection, id.to_string()])
}

fn photos_named(value: &Value) -> Vec<&str> {
    let photos = value.as_array().or_else(|| value.get("photos")?.as_array());
    photos.into_iter().flatten().filter_map(|photo| photo.as_str().or_else(|| photo.get("key")?.as_str())).collect()
}

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
