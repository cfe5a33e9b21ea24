//! The register on the phone: an encrypted SQLite file and the records in it.
//!
//! Everything here is plain and blocking. What a write means (stamps, validation, outbox) is decided in [`crate::Open`] and
//! [`crate::round`]; this module keeps rows.

mod digest;
mod drafts;
mod meta;
mod part;
mod photo_files;
mod proofs;
mod received;
mod reserve;
mod room;
mod row;
mod salvage;
mod schema;
mod wreck;

use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::same::Same;
use domain::{CellCode, Kind, Record, RecordId};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Transaction, TransactionBehavior};

pub(crate) use digest::{CellDigest, CellSums, cell_digest, count_anew, forget_digest};
pub use drafts::Draft;
pub(crate) use drafts::{IS_FOLLOWED, is_followed, photos_following};
pub(crate) use meta::{Meta, cursor, cursors, forget_cursors, set_cursor};
pub use part::Part;
pub(crate) use photo_files::{
    NAMED_BY_WORDS, announce_again, any_uncounted, count_stored_from, drop_nameless, drop_unnamed_photos,
    photo_announced, photo_failed, photo_stored, photos_wait_again, picture_waits, picture_waits_again,
    put_taken_photo, sha256, was_nameless,
};
pub use photo_files::{PhotoFile, PhotoFileState, WaitingPhoto};
pub(crate) use proofs::{proof_of, put_move, put_proof};
pub(crate) use received::{
    is_erased, is_received, leave_received, note_erased, put_received, received, received_all, received_anything,
    remove_received, settle_received,
};
pub use room::PhotoUse;
pub use row::RECORD_COLUMNS;
pub(crate) use row::{
    Held, Kept, Pending, SELECT_HELD, Unsent, clear_offered, exists, held, held_of_row, id_of_row, is_readable, kept,
    mark_offered, put, put_new, put_sending, put_settled, remove,
};

pub(crate) use reserve::Reserve;
pub(crate) use salvage::salvage;
pub(crate) use wreck::is_broken;

use crate::DeviceError;
use crate::crypto::Key;

/// What belongs to a record.
const OF_PARENT: &str = "parent = ?1 AND kind = ?2 AND deleted = 0 ORDER BY at, id";

/// What belongs to a record or to an entry that gave way to it. The sign keeps SQLite from reading everything of the kind in the order
/// of time, rather than what belongs to these few.
const OF_SAME: &str = "parent IN (WITH RECURSIVE same (id) AS (SELECT ?1 UNION
        SELECT record.id FROM record JOIN same ON record.merged_into = same.id) SELECT id FROM same)
    AND +kind = ?2 AND deleted = 0 ORDER BY at, id";

/// Whether no other process ever opens the registers of this one.
static ALONE: AtomicBool = AtomicBool::new(false);

/// From now on registers are opened without the locks that keep other processes out: for the simulation, which opens thousands
/// that nobody else ever sees. Where the system knows no such thing, nothing changes.
#[doc(hidden)]
pub fn no_other_process_opens_registers() {
    ALONE.store(cfg!(unix), Ordering::Relaxed);
}

/// The open register.
pub struct Store {
    connection: Connection,
    reserve: Reserve,
}

impl Store {
    /// Opens the file with its key, creating and migrating it as needed.
    pub(crate) fn open(path: &Path, key: &Key) -> Result<Self, DeviceError> {
        // Even opening takes a little room, and what was typed before must stay within reach.
        Reserve::beside(path).make_room(|| Self::try_open(path, key))
    }

    fn try_open(path: &Path, key: &Key) -> Result<Self, DeviceError> {
        let mut connection = keyed(path, key)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // What was erased leaves no rest in a page that is written anyway, not even for who has the PIN.
        connection.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
        // A log that stays near four megabytes: moving it into the file takes as much room again, which the reserve must have.
        // It is moved after a hundred saves or so, not after every thirtieth, and keeps its length: writing over what is there
        // reaches the storage sooner than growing does.
        connection.pragma_update(None, "wal_autocheckpoint", 1000)?;
        connection.pragma_update(None, "journal_size_limit", 4 * 1024 * 1024)?;
        // Sorting never spills readable residents into a file.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        // A full cell fits decrypted into memory (16 MiB): a list then costs reading, not decrypting, the register.
        connection.pragma_update(None, "cache_size", -16 * 1024)?;
        // A statement keeps its plan. Otherwise SQLite plans it anew for every value that it could compare with the condition of an
        // index: every save did.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(256);
        schema::migrate(&mut connection)?;
        Ok(Self { connection, reserve: Reserve::beside(path) })
    }

    /// The database, for queries of one's own. Write only through [`crate::Open`].
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The database, for the simulation, which plants power cuts and a full storage in it.
    #[doc(hidden)]
    pub fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// A transaction that takes the write lock at once.
    pub(crate) fn begin(&mut self) -> Result<Transaction<'_>, DeviceError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// A transaction for what somebody typed: it may use the room that is held in reserve.
    pub(crate) fn keep_text<T>(
        &mut self,
        mut f: impl FnMut(&Transaction<'_>) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        let Self { connection, reserve } = self;
        reserve.make_room(|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let kept = f(&transaction)?;
            transaction.commit()?;
            Ok(kept)
        })
    }

    /// Lays the reserve for text in again, as soon as there is room.
    pub(crate) fn lay_in_reserve(&self) {
        self.reserve.lay_in();
    }

    /// A record, deleted ones included.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn get(&self, id: RecordId) -> Result<Option<Record>, DeviceError> {
        Ok(held(&self.connection, id)?.map(|held| held.record))
    }

    /// The records of a kind, in one cell or in all; deleted ones are left out.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn of_kind(&self, kind: &Kind, cell: Option<&CellCode>) -> Result<Vec<Record>, DeviceError> {
        match cell {
            Some(cell) => {
                self.records("kind = ?1 AND cell = ?2 AND deleted = 0 ORDER BY id", (kind.as_str(), cell.as_str()))
            }
            None => self.records("kind = ?1 AND deleted = 0 ORDER BY id", (kind.as_str(),)),
        }
    }

    /// The records of a kind that belong to another: persons of a household, visits to it, photos of an incident, reviews of
    /// a record; also, but for reviews, those that belong to an entry which gave way to it. Deleted ones are left out; ordered by their moment.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn of_parent(&self, kind: &Kind, parent: RecordId) -> Result<Vec<Record>, DeviceError> {
        const GAVE_WAY: &str = "SELECT 1 FROM record WHERE merged_into = ?1";
        let parent = parent.to_string();
        // A review speaks of an entry as it was written, not of whom it is about. And nearly always nothing gave way.
        let alone = *kind == Kind::Review || !exists(&self.connection, GAVE_WAY, [&parent])?;
        self.records(if alone { OF_PARENT } else { OF_SAME }, (parent, kind.as_str()))
    }

    /// Which entries gave way to which.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn same(&self) -> Result<Same, DeviceError> {
        const SQL: &str = "SELECT id, merged_into FROM record WHERE merged_into IS NOT NULL";
        let mut statement = self.connection.prepare_cached(SQL)?;
        let pairs = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let pairs: Vec<(String, String)> = pairs.collect::<Result<_, _>>()?;
        Ok(Same::new(pairs.iter().filter_map(|(id, into)| id.parse().ok().zip(into.parse().ok()))))
    }

    /// The entry that stands for this one: itself, unless it gave way to another.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn survivor(&self, id: RecordId) -> Result<RecordId, DeviceError> {
        const SQL: &str = "SELECT merged_into FROM record WHERE id = ?1 AND merged_into IS NOT NULL";
        let mut standing = id;
        // Every step leads to a smaller id, so it ends.
        loop {
            let into: Option<String> =
                self.connection.prepare_cached(SQL)?.query_row([standing.to_string()], |row| row.get(0)).optional()?;
            let Some(into) = into.and_then(|into| into.parse::<RecordId>().ok()).filter(|into| *into < standing) else {
                return Ok(standing);
            };
            standing = into;
        }
    }

    /// The record that stands for this entry: its own, unless it gave way to another.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn standing(&self, id: RecordId) -> Result<Option<Record>, DeviceError> {
        self.get(self.survivor(id)?)
    }

    /// The entries that gave way to this one itself, the latest first.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn gave_way_to(&self, id: RecordId) -> Result<Vec<Record>, DeviceError> {
        self.records("merged_into = ?1 ORDER BY id DESC", [id.to_string()])
    }

    /// The records that a condition (and order) over the columns of `record` picks.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the condition or the file is wrong.
    pub fn records(&self, condition: &str, params: impl Params) -> Result<Vec<Record>, DeviceError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {RECORD_COLUMNS} FROM record WHERE {condition}"))?;
        let mut rows = statement.query(params)?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(row::record(row)?);
        }
        Ok(records)
    }

    /// A record from a row that begins with [`RECORD_COLUMNS`].
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the row holds something else.
    pub fn record_of_row(row: &rusqlite::Row<'_>) -> Result<Record, DeviceError> {
        row::record(row)
    }

    /// Whether the server has everything of a record (also true of one that is not here).
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn is_sent(&self, id: RecordId) -> Result<bool, DeviceError> {
        Ok(!exists(&self.connection, "SELECT 1 FROM unsent WHERE id = ?1", [id.to_string()])?)
    }
}

/// Waits until the cipher is ready to be given a key.
///
/// It prepares itself when the first database of the process is opened, and only after SQLite counts as prepared (SQLCipher 4.19): a
/// second database that is opened at that very moment is refused its key, and would be taken for a broken one.
fn await_cipher() {
    static READY: Once = Once::new();
    let is_ready = || {
        let key = format!("x'{}'", "00".repeat(32));
        Connection::open_in_memory().and_then(|memory| memory.pragma_update(None, "key", key)).is_ok()
    };
    // If it never is, opening the register says why.
    READY.call_once(|| {
        let _ready = (0..100).any(|_| {
            is_ready() || {
                std::thread::sleep(Duration::from_millis(10));
                false
            }
        });
    });
}

/// A connection that has the key. A file that is none, or is damaged where it begins, is told at once.
fn keyed(path: &Path, key: &Key) -> Result<Connection, DeviceError> {
    let connection = connect(path, key)?;
    // The answer to the first query is also the proof that the key fits.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// A connection that was told the key, and has looked at nothing yet.
fn connect(path: &Path, key: &Key) -> rusqlite::Result<Connection> {
    await_cipher();
    let connection = match ALONE.load(Ordering::Relaxed) {
        true => Connection::open_with_flags_and_vfs(path, OpenFlags::default(), "unix-excl")?,
        false => Connection::open(path)?,
    };
    let hex: zeroize::Zeroizing<String> =
        zeroize::Zeroizing::new(key.iter().map(|byte| format!("{byte:02x}")).collect());
    connection.pragma_update(None, "key", format!("x'{}'", hex.as_str()))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_record_is_read_by_its_index_and_not_out_of_everything() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        for condition in [OF_PARENT, OF_SAME] {
            let sql = format!("EXPLAIN QUERY PLAN SELECT id FROM record WHERE {condition}");
            let mut statement = connection.prepare(&sql).unwrap();
            let steps: Vec<String> =
                statement.query_map(("x", "visit"), |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
            let plan = steps.join("; ");
            assert!(plan.contains("record_by_parent") && !plan.contains("record_by_kind"), "{plan}");
        }
    }
}
