//! How a record lies in its row.

use std::collections::BTreeMap;

use domain::world::Millis;
use domain::{CellCode, Digest, Fields, Kind, Record, RecordId, Stamp, Stamps};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use crate::DeviceError;

/// The columns that make a record, in the order that [`super::Store::record_of_row`] reads them.
pub const RECORD_COLUMNS: &str = "id, kind, cell, body";

/// The columns that [`held_of_row`] reads.
pub(crate) const HELD_COLUMNS: &str = "id, kind, cell, body, unsent, offered, reoffer, gone, doubted, own_at";

/// A field that the server has not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The stamp that was seen on the field before it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<Stamp>,
    /// The latest of the values that came down and lost against this one: however its stamp is corrected, it stays after them,
    /// or the server would go back to a value that this phone has passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) passed: Option<Stamp>,
    /// Whether this very value was in a request that was sent: its stamp may have been seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) offered: bool,
}

/// The unsent fields of a record.
pub(crate) type Unsent = BTreeMap<String, Pending>;

/// A record with what the phone knows about its sending.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) record: Record,
    pub(crate) unsent: Unsent,
    /// Was ever part of a request.
    pub(crate) offered: bool,
    /// The server was restored; the whole record goes up once more.
    pub(crate) reoffer: bool,
    /// Left the cell; goes when nothing of it is unsent.
    pub(crate) gone: bool,
    /// The cell's digest differed from the server's, and the server has not confirmed this record since.
    pub(crate) doubted: bool,
    /// When the worker last wrote in it here, by the corrected clock.
    pub(crate) own_at: Option<Millis>,
}

impl Held {
    /// A record as it came from the server.
    pub(crate) fn from_server(record: Record) -> Self {
        let unsent = Unsent::new();
        Self { record, unsent, offered: false, reoffer: false, gone: false, doubted: false, own_at: None }
    }

    /// Whether nobody else can know of it: written here, and never part of a request.
    pub(crate) fn is_only_here(&self) -> bool {
        !self.offered && self.record.fields.keys().all(|field| self.unsent.contains_key(field))
    }
}

#[derive(Serialize)]
struct BodyRef<'a> {
    fields: &'a Fields,
    stamp: Stamp,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stamps: &'a BTreeMap<String, Stamp>,
}

#[derive(Deserialize)]
struct Body {
    fields: Fields,
    stamp: Stamp,
    #[serde(default)]
    stamps: BTreeMap<String, Stamp>,
}

/// The body of a record as stored.
fn record_body(record: &Record) -> Result<String, DeviceError> {
    let body = BodyRef { fields: &record.fields, stamp: record.stamps.common, stamps: &record.stamps.except };
    Ok(serde_json::to_string(&body)?)
}

/// Reads the four columns of [`RECORD_COLUMNS`].
pub(super) fn record(row: &Row<'_>) -> Result<Record, DeviceError> {
    let malformed = |error: domain::ids::Malformed| DeviceError::StorageBroken(format!("a record's row: {error}"));
    let text = |index: usize| row.get_ref(index)?.as_str().map_err(|_| rusqlite::Error::InvalidQuery);
    let body: Body = serde_json::from_str(text(3)?)?;
    Ok(Record {
        id: text(0)?.parse().map_err(malformed)?,
        kind: Kind::from_name(text(1)?),
        cell: CellCode::new(text(2)?).map_err(malformed)?,
        fields: body.fields,
        stamps: Stamps { common: body.stamp, except: body.stamps },
    })
}

/// A record and its sending state.
pub(crate) fn held(connection: &Connection, id: RecordId) -> Result<Option<Held>, DeviceError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {HELD_COLUMNS} FROM record WHERE id = ?1"))?;
    let mut rows = statement.query([id.to_string()])?;
    rows.next()?.map(held_of_row).transpose()
}

/// Whether a row that begins with [`RECORD_COLUMNS`] holds a record.
pub(crate) fn is_readable(row: &Row<'_>) -> bool {
    record(row).is_ok()
}

/// The name of a record from a row that begins with it.
pub(crate) fn id_of_row(row: &Row<'_>) -> Result<RecordId, DeviceError> {
    let malformed = |error: domain::ids::Malformed| DeviceError::StorageBroken(format!("a record's row: {error}"));
    row.get_ref(0)?.as_str().map_err(|_| rusqlite::Error::InvalidQuery)?.parse().map_err(malformed)
}

/// Reads [`HELD_COLUMNS`].
pub(crate) fn held_of_row(row: &Row<'_>) -> Result<Held, DeviceError> {
    let unsent: Option<String> = row.get(4)?;
    Ok(Held {
        record: record(row)?,
        unsent: unsent.map_or_else(|| Ok(Unsent::new()), |text| serde_json::from_str(&text))?,
        offered: row.get(5)?,
        reoffer: row.get(6)?,
        gone: row.get(7)?,
        doubted: row.get(8)?,
        own_at: row.get(9)?,
    })
}

const INSERT: &str = "INSERT INTO record (id, kind, cell, body, unsent, offered, reoffer, gone, parent, at, deleted,
        doubted, own_at, v1, v2)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

/// Stores a record with its index columns.
pub(crate) fn put(connection: &Connection, held: &Held) -> Result<(), DeviceError> {
    const OR_UPDATE: &str = "ON CONFLICT (id) DO UPDATE SET kind = ?2, cell = ?3, body = ?4, unsent = ?5, offered = ?6,
        reoffer = ?7, gone = ?8, parent = ?9, at = ?10, deleted = ?11, doubted = ?12, own_at = ?13, v1 = ?14, v2 = ?15";
    write(connection, &format!("{INSERT} {OR_UPDATE}"), held)
}

/// Stores a record that is not there yet. Much quicker than [`put`], and a first sync stores nothing else.
pub(crate) fn put_new(connection: &Connection, held: &Held) -> Result<(), DeviceError> {
    write(connection, INSERT, held)
}

fn write(connection: &Connection, sql: &str, held: &Held) -> Result<(), DeviceError> {
    let record = &held.record;
    let (v1, v2) = Digest::of(record).halves();
    let unsent = if held.unsent.is_empty() { None } else { Some(serde_json::to_string(&held.unsent)?) };
    connection.prepare_cached(sql)?.execute((
        record.id.to_string(),
        record.kind.as_str(),
        record.cell.as_str(),
        record_body(record)?,
        unsent,
        held.offered,
        held.reoffer,
        held.gone,
        parent(record),
        moment(record),
        record.is_deleted(),
        held.doubted,
        held.own_at,
        v1,
        v2,
    ))?;
    Ok(())
}

/// Stores what is known about the sending of a record that is there already and has not changed.
pub(crate) fn put_sending(connection: &Connection, held: &Held) -> Result<(), DeviceError> {
    const SQL: &str = "UPDATE record SET unsent = ?2, offered = ?3, reoffer = ?4, doubted = ?5 WHERE id = ?1";
    let unsent = if held.unsent.is_empty() { None } else { Some(serde_json::to_string(&held.unsent)?) };
    let id = held.record.id.to_string();
    connection.prepare_cached(SQL)?.execute((id, unsent, held.offered, held.reoffer, held.doubted))?;
    Ok(())
}

/// Removes a record's row. For what left the phone, or never left it; a resident taken out of the register keeps the row.
pub(crate) fn remove(connection: &Connection, id: RecordId) -> Result<(), DeviceError> {
    connection.prepare_cached("DELETE FROM record WHERE id = ?1")?.execute([id.to_string()])?;
    Ok(())
}

/// The record that this one belongs to, for the index.
fn parent(record: &Record) -> Option<&str> {
    let named = record.kind.belongs_to().and_then(|field| record.text(field));
    if record.kind == Kind::Incident { named.or_else(|| record.text("dwelling")) } else { named }
}

/// The record's own moment, for the index.
fn moment(record: &Record) -> Option<i64> {
    record.kind.moment().and_then(|field| record.int(field))
}

/// Whether a row with this condition exists.
pub(crate) fn exists(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<bool, DeviceError> {
    Ok(connection.prepare_cached(sql)?.query_row(params, |_| Ok(())).optional()?.is_some())
}
