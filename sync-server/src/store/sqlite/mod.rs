//! The store on SQLite: one file, one writing connection, a few reading ones.
//!
//! Write-ahead logging with `synchronous=FULL`: what was answered survives a power cut. Concurrent writers share one commit
//! (group commit): each runs in its own savepoint, the last one waiting commits for all, and nobody returns before that.

mod accounts;
mod approved;
mod audit;
mod cells;
mod conflicts;
mod county;
mod desk;
mod divisions;
mod erasure;
mod feed;
mod following;
mod hand_ins;
mod imports;
mod inbox;
mod incidents;
mod migrate;
mod photos;
mod records;
mod reports;
mod rows;
mod same;
mod tally;
mod writer;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::files::{beside, remove_if_there, sync_folder};
use crate::store::{Answer, Moved, Reading, Store, StoreError, Writing};
use feed::Feeds;
use following::Following;
#[cfg(test)]
pub(crate) use migrate::before_links;
use writer::Writer;

/// Reading connections kept open between uses.
const READERS_KEPT: usize = 4;

/// How long the log is waited for until nobody reads an older state, and how often it is asked.
const LOG_WAIT: Duration = Duration::from_secs(5);
const LOG_PAUSE: Duration = Duration::from_millis(50);

/// A county's database in one file.
pub struct SqliteStore {
    path: PathBuf,
    /// How SQLite reaches the file, if not as ever.
    vfs: Option<&'static str>,
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
}

/// What a transaction of this store works with.
pub(in crate::store::sqlite) struct Sql<'c> {
    conn: &'c Connection,
    /// What was moved within this transaction.
    moved: RefCell<Moved>,
    /// The numbers of the cells' feeds that this transaction took and has not written down.
    feeds: RefCell<Feeds>,
    /// What follows from what this transaction wrote and is not worked out yet.
    following: RefCell<Following>,
}

impl<'c> Sql<'c> {
    fn new(conn: &'c Connection) -> Self {
        Self { conn, moved: RefCell::default(), feeds: RefCell::default(), following: RefCell::default() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(cause: rusqlite::Error) -> Self {
        StoreError::Broken(cause.to_string())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(cause: std::io::Error) -> Self {
        StoreError::Broken(cause.to_string())
    }
}

impl SqliteStore {
    /// Opens the file, creates it when there is none, and brings it to the present schema.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when a newer version wrote it; [`StoreError::Broken`] when it is no database or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_by(path, None)
    }

    /// The same for a file that no other process ever opens, without the locks that keep others out: for the simulation. Where the
    /// system knows no such thing, it is opened as ever.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    #[doc(hidden)]
    pub fn open_alone(path: &Path) -> Result<Self, StoreError> {
        Self::open_by(path, cfg!(unix).then_some("unix-excl"))
    }

    fn open_by(path: &Path, vfs: Option<&'static str>) -> Result<Self, StoreError> {
        let mut conn = connect(path, vfs, OpenFlags::default())?;
        conn.busy_timeout(Duration::from_secs(10))?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "foreign_keys", true)?;
        conn.pragma_update(None, "trusted_schema", false)?;
        // What is deleted or overwritten leaves no readable rest in a page that is written anyway.
        conn.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
        // A phone's first push fits (32 MB): what does not is written to the log twice. It fits into the log too (16 MB), which is moved
        // into the file after several of them and not after each.
        conn.pragma_update(None, "cache_size", -32_000)?;
        conn.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        plan_once(&conn)?;
        conn.set_prepared_statement_cache_capacity(256);
        migrate::to_present(&mut conn)?;
        Ok(Self { path: path.to_owned(), vfs, writer: Writer::new(conn), readers: Mutex::new(Vec::new()) })
    }

    /// The schema's number of a database file, without bringing it to the present one.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when it is no database.
    pub fn schema_of(path: &Path) -> Result<i64, StoreError> {
        let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
    }

    /// The writing connection between two transactions, for the simulation, which plants power cuts and a full disk in it.
    #[doc(hidden)]
    pub fn on_writer<T>(&self, plant: impl FnOnce(&mut Connection) -> T) -> T {
        self.writer.on_connection(plant)
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let kept = self.readers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        if let Some(conn) = kept {
            return Ok(conn);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = connect(&self.path, self.vfs, flags)?;
        conn.busy_timeout(Duration::from_secs(10))?;
        conn.pragma_update(None, "cache_size", -2_000)?;
        plan_once(&conn)?;
        conn.set_prepared_statement_cache_capacity(128);
        Ok(conn)
    }

    /// Copies the database as it is now. Without a transaction of its own every commit would begin the copy anew, and that of a large
    /// county would never end; in the write-ahead log a reader keeps no writer out.
    fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let conn = self.reader()?;
        let mut copy = Connection::open(file)?;
        run(&conn, "BEGIN")?;
        // It begins with the first reading.
        conn.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Backup::new(&conn, &mut copy)?.run_to_completion(1_000, Duration::from_millis(5), None)?;
        Ok(run(&conn, "ROLLBACK")?)
    }

    fn keep(&self, conn: Connection) {
        let mut kept = self.readers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if kept.len() < READERS_KEPT {
            kept.push(conn);
        }
    }
}

fn connect(path: &Path, vfs: Option<&str>, flags: OpenFlags) -> Result<Connection, StoreError> {
    Ok(match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    })
}

/// Runs a statement that is run again and again and answers nothing: it is compiled once.
fn run(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// A statement keeps its plan. Otherwise SQLite plans it anew for every value that it could compare with the condition of an index:
/// here for every kind of record, a tenth of what a push cost.
fn plan_once(conn: &Connection) -> Result<(), StoreError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

impl Store for SqliteStore {
    fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&dyn Reading) -> Result<T, E>) -> Result<T, E> {
        // Should the work panic, the connection goes, and its transaction with it.
        let conn = self.reader()?;
        run(&conn, "BEGIN").map_err(StoreError::from)?;
        let found = work(&Sql::new(&conn));
        if !conn.is_autocommit() {
            run(&conn, "ROLLBACK").map_err(StoreError::from)?;
        }
        self.keep(conn);
        found
    }

    fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut dyn Writing) -> Result<T, E>) -> Result<T, E> {
        self.writer.write(|conn| {
            let mut sql = Sql::new(conn);
            let done = work(&mut sql)?;
            sql.settle()?;
            Ok(done)
        })
    }

    fn leave_no_log(&self) -> Answer<bool> {
        let conn = connect(&self.path, self.vfs, OpenFlags::default())?;
        // While SQLite waits here for a reader it lets nobody write: it is asked again instead, and writes go on in between.
        conn.busy_timeout(Duration::ZERO)?;
        let until = Instant::now() + LOG_WAIT;
        loop {
            let held: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            if held == 0 || Instant::now() >= until {
                return Ok(held == 0);
            }
            std::thread::sleep(LOG_PAUSE);
        }
    }

    fn back_up(&self, file: &Path) -> Answer<()> {
        // Under another name until it is whole: whoever finds the file that was asked for has a backup.
        let partial = beside(file, ".part");
        remove_if_there(&partial)?;
        let copied = self.copy_to(&partial).and_then(|()| {
            std::fs::rename(&partial, file)?;
            match std::path::absolute(file)?.parent() {
                Some(folder) => Ok(sync_folder(folder)?),
                None => Ok(()),
            }
        });
        if copied.is_err() {
            remove_if_there(&partial)?;
        }
        copied
    }
}
