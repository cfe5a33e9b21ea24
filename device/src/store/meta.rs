//! What the phone knows about itself, one named row each; and how far it has read every cell's feed.

use std::collections::BTreeMap;

use domain::CellCode;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Store;
use crate::DeviceError;

/// The names of the rows of `meta`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meta {
    /// Who uses this phone: [`crate::Account`].
    Account,
    /// The server's address.
    Server,
    /// Access and refresh token.
    Tokens,
    /// The cells that the phone holds.
    Cells,
    /// The server's database that the cursors belong to.
    Epoch,
    /// The greatest stamp issued or seen.
    ClockLast,
    /// The greatest stamp that others know: seen in a page, taken by the server, or handed over.
    ClockShared,
    /// Milliseconds that the server's clock is ahead of this phone's.
    ClockOffset,
    /// When that was last compared, by the server's clock: until then what the phone read was right, or was put right.
    ClockCompared,
    /// When everything was last known to be on the server.
    SafeAt,
    /// The county's lists.
    Lists,
    /// Where the lists came from, and in which shape they were stored.
    ListsFrom,
    /// Whether the server said that this phone is not enrolled any more.
    SignedOut,
    /// The server's public keys.
    ServerKeys,
    /// The last receipt, and what the phone found when it compared.
    Receipt,
    /// The last receipts of databases that the server has lost, while something waits of a cell that it does not know to be this phone's.
    LostReceipts,
    /// When the cells were last counted from the bodies of their records.
    CountedAt,
    /// Whether the server said that this phone was shut out.
    Revoked,
    /// The digests of what lies sealed on the server.
    HandedIn,
    /// What the phone told of itself last.
    HealthTold,
    /// The kinds that the programs knew which had this file open.
    KnownKinds,
    /// The last of those that the server was asked about, when there were more than one request may name.
    WordsAsked,
    /// The case files that were about nobody when somebody was erased, until everything has come down: their words are to be looked at. Without
    /// any it says that forms are.
    FilesToLeave,
    /// Since when evacuations seem to be over, while something lies here that another phone handed over.
    EvacuationsOver,
    /// How long the phone has been in use, as its clock and the server's agree.
    InUse,
    /// What the account could read when the register was last cut to that: fields of kinds. Empty while it is to be cut anew.
    CutTo,
    /// By which number the server said last that it lacks pictures which it had confirmed.
    PhotosLost,
}

impl Meta {
    fn key(self) -> &'static str {
        match self {
            Meta::Account => "account",
            Meta::Server => "server",
            Meta::Tokens => "tokens",
            Meta::Cells => "cells",
            Meta::Epoch => "epoch",
            Meta::ClockLast => "clock_last",
            Meta::ClockShared => "clock_shared",
            Meta::ClockOffset => "clock_offset",
            Meta::ClockCompared => "clock_compared",
            Meta::SafeAt => "safe_at",
            Meta::Lists => "lists",
            Meta::ListsFrom => "lists_from",
            Meta::SignedOut => "signed_out",
            Meta::ServerKeys => "server_keys",
            Meta::Receipt => "receipt",
            Meta::LostReceipts => "lost_receipts",
            Meta::CountedAt => "counted_at",
            Meta::Revoked => "revoked",
            Meta::HandedIn => "handed_in",
            Meta::HealthTold => "health_told",
            Meta::KnownKinds => "known_kinds",
            Meta::WordsAsked => "words_asked",
            Meta::FilesToLeave => "files_to_leave",
            Meta::EvacuationsOver => "evacuations_over",
            Meta::InUse => "in_use",
            Meta::CutTo => "cut_to",
            Meta::PhotosLost => "photos_lost",
        }
    }

    pub(crate) fn get<T: DeserializeOwned>(self, connection: &Connection) -> Result<Option<T>, DeviceError> {
        get(connection, self.key())
    }

    pub(crate) fn set<T: Serialize>(self, connection: &Connection, value: &T) -> Result<(), DeviceError> {
        set(connection, self.key(), value)
    }
}

fn get<T: DeserializeOwned>(connection: &Connection, key: &str) -> Result<Option<T>, DeviceError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    let text: Option<String> = statement.query_row([key], |row| row.get(0)).optional()?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

fn set<T: Serialize>(connection: &Connection, key: &str, value: &T) -> Result<(), DeviceError> {
    const SQL: &str = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
    connection.prepare_cached(SQL)?.execute((key, serde_json::to_string(value)?))?;
    Ok(())
}

impl Store {
    /// A small thing that a screen remembers between starts (the categories used last, for example).
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read or holds another shape.
    pub fn remembered<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, DeviceError> {
        get(&self.connection, &format!("screen.{key}"))
    }

    /// Remembers a small thing for a screen.
    ///
    /// # Errors
    /// [`DeviceError::StorageFull`] and [`DeviceError::StorageBroken`].
    pub fn remember<T: Serialize>(&self, key: &str, value: &T) -> Result<(), DeviceError> {
        set(&self.connection, &format!("screen.{key}"), value)
    }
}

/// How far every cell's feed has been read.
pub(crate) fn cursors(connection: &Connection) -> Result<BTreeMap<CellCode, u64>, DeviceError> {
    let mut statement = connection.prepare_cached("SELECT cell, upto FROM cursor")?;
    let mut rows = statement.query([])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (cell, upto): (String, i64) = (row.get(0)?, row.get(1)?);
        if let Ok(cell) = CellCode::new(&cell) {
            found.insert(cell, u64::try_from(upto).unwrap_or_default());
        }
    }
    Ok(found)
}

/// How far a cell's feed has been read; none when it is to be read from its beginning.
pub(crate) fn cursor(connection: &Connection, cell: &CellCode) -> Result<Option<u64>, DeviceError> {
    let mut statement = connection.prepare_cached("SELECT upto FROM cursor WHERE cell = ?1")?;
    let upto: Option<i64> = statement.query_row([cell.as_str()], |row| row.get(0)).optional()?;
    Ok(upto.map(i64::unsigned_abs))
}

/// Notes how far a cell's feed has been read; in the transaction that stores the page.
pub(crate) fn set_cursor(connection: &Connection, cell: &CellCode, upto: u64) -> Result<(), DeviceError> {
    const SQL: &str = "INSERT INTO cursor (cell, upto) VALUES (?1, ?2) ON CONFLICT (cell) DO UPDATE SET upto = ?2";
    let upto = i64::try_from(upto).unwrap_or(i64::MAX);
    connection.prepare_cached(SQL)?.execute((cell.as_str(), upto))?;
    Ok(())
}

/// Starts the feeds again: of one cell, or of all.
pub(crate) fn forget_cursors(connection: &Connection, cell: Option<&CellCode>) -> Result<(), DeviceError> {
    match cell {
        Some(cell) => connection.execute("DELETE FROM cursor WHERE cell = ?1", [cell.as_str()])?,
        None => connection.execute("DELETE FROM cursor", [])?,
    };
    Ok(())
}
