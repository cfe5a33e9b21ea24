//! How a record lies in its row.

use std::collections::BTreeMap;

use domain::world::Millis;
use domain::{CellCode, Digest, Fields, Kind, Record, RecordId, Stamp, Stamps};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use super::digest::CellSums;
use crate::DeviceError;

/// The columns that make a record, in the order that [`super::Store::record_of_row`] reads them.
pub const RECORD_COLUMNS: &str = "id, kind, cell, body";

/// The beginning of a query whose rows [`held_of_row`] reads; a condition over `record` and `unsent` follows.
pub(crate) const SELECT_HELD: &str = "SELECT record.id, kind, cell, body, unsent.id IS NOT NULL, unsent.fields,
        coalesce(unsent.offered, 0), record.offered, reoffer, gone, doubted, own_at, v1, v2
    FROM record LEFT JOIN unsent ON unsent.id = record.id";

/// A field that the server has not acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The stamp that was seen on the field before it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<Stamp>,
    /// The latest of the values that came down and lost against this one: however its stamp is corrected, it stays after them,
    /// or the server would go back to a value that this phone has passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) passed: Option<Stamp>,
    /// The latest of the own values that stood here before this one and were in a request: the server may have it. Kept apart, since
    /// one that no server can have taken need not be stayed after, what came down must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent: Option<Stamp>,
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
    /// Left the cell; goes when every feed was read to its end and nothing of it is unsent, unless it came with another cell.
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

/// A record with its sending state, and what its row keeps of it: nobody need work that out anew.
pub(crate) struct Kept {
    pub(crate) held: Held,
    pub(crate) version: Digest,
    /// How many bytes its fields and stamps have when they are written out.
    pub(crate) body: usize,
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
pub(super) fn record_body(record: &Record) -> Result<String, DeviceError> {
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
    Ok(kept(connection, id)?.map(|kept| kept.held))
}

/// A record and its sending state, with what its row keeps of it.
pub(crate) fn kept(connection: &Connection, id: RecordId) -> Result<Option<Kept>, DeviceError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT_HELD} WHERE record.id = ?1"))?;
    let mut rows = statement.query([id.to_string()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let body = row.get_ref(3)?.as_str().map_err(|_| rusqlite::Error::InvalidQuery)?.len();
    Ok(Some(Kept { held: held_of_row(row)?, version: Digest::from_halves(row.get(12)?, row.get(13)?), body }))
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

/// Reads a row of [`SELECT_HELD`].
pub(crate) fn held_of_row(row: &Row<'_>) -> Result<Held, DeviceError> {
    let record = record(row)?;
    let (waits, all_offered): (bool, bool) = (row.get(4)?, row.get(6)?);
    let unsent = if waits { unsent_of_row(row, &record, all_offered)? } else { Unsent::new() };
    let offered: bool = row.get(7)?;
    Ok(Held {
        record,
        unsent,
        offered: offered || all_offered,
        reoffer: row.get(8)?,
        gone: row.get(9)?,
        doubted: row.get(10)?,
        own_at: row.get(11)?,
    })
}

fn unsent_of_row(row: &Row<'_>, record: &Record, all_offered: bool) -> Result<Unsent, DeviceError> {
    let mut unsent: Unsent = match row.get_ref(5)?.as_str_or_null().map_err(|_| rusqlite::Error::InvalidQuery)? {
        Some(fields) => serde_json::from_str(fields)?,
        None => record.fields.keys().map(|field| (field.clone(), Pending::default())).collect(),
    };
    if all_offered {
        unsent.values_mut().for_each(|pending| pending.offered = true);
    }
    Ok(unsent)
}

/// Stores a record with its index columns.
pub(crate) fn put(connection: &Connection, held: &Held) -> Result<(), DeviceError> {
    // First: a record of which something waits leaves the cell's numbers alone.
    put_unsent(connection, held)?;
    RowOf::new(&held.record, State::of(held))?.store(connection, "")
}

/// Stores a record that came from the server and is not there yet; whoever does so writes the sums once everything came.
/// Much quicker than [`put`], and a first sync stores nothing else.
pub(crate) fn put_new(connection: &Connection, record: &Record, sums: &mut CellSums) -> Result<(), DeviceError> {
    let row = RowOf::new(record, State::default())?;
    row.insert_added(connection)?;
    sums.add(&record.cell, row.version);
    Ok(())
}

/// Stores what the server changed of a record that stays in its cell and of which nothing waits, neither before nor now; whoever
/// does so writes the sums. `before` is the version that stood.
pub(crate) fn put_settled(
    connection: &Connection,
    held: &Held,
    before: Digest,
    sums: &mut CellSums,
) -> Result<(), DeviceError> {
    let row = RowOf::new(&held.record, State::of(held))?;
    row.store(connection, ", added = 1 - added")?;
    sums.replace(&held.record.cell, before, row.version);
    Ok(())
}

/// What a row says besides its record.
#[derive(Clone, Copy, Default)]
struct State {
    offered: bool,
    reoffer: bool,
    gone: bool,
    doubted: bool,
    own_at: Option<Millis>,
}

impl State {
    fn of(held: &Held) -> Self {
        let Held { offered, reoffer, gone, doubted, own_at, .. } = *held;
        Self { offered, reoffer, gone, doubted, own_at }
    }
}

const INSERT: &str =
    "INSERT INTO record (id, kind, cell, body, parent, at, own_at, offered, reoffer, gone, deleted, doubted,
    v1, v2, merged_into, result";
const VALUES: &str = "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16";

/// A record as its row holds it.
struct RowOf<'r> {
    record: &'r Record,
    state: State,
    id: String,
    body: String,
    version: Digest,
}

impl<'r> RowOf<'r> {
    fn new(record: &'r Record, state: State) -> Result<Self, DeviceError> {
        Ok(Self { record, state, id: record.id.to_string(), body: record_body(record)?, version: Digest::of(record) })
    }

    /// A row that the caller adds to the numbers of its cell.
    fn insert_added(&self, connection: &Connection) -> Result<(), DeviceError> {
        self.execute(connection, &format!("{INSERT}, added) {VALUES}, 1)"))?;
        Ok(())
    }

    /// `counted` is what a row says in which the caller has counted the change itself.
    fn store(&self, connection: &Connection, counted: &str) -> Result<(), DeviceError> {
        // An index is written for every column of it that a statement names, changed or not: most edits change none of these.
        const BODY: &str =
            "UPDATE record SET body = ?4, own_at = ?7, offered = ?8, reoffer = ?9, gone = ?10, doubted = ?12,
                v1 = ?13, v2 = ?14";
        const SAME: &str = "WHERE id = ?1 AND kind = ?2 AND cell = ?3 AND parent IS ?5 AND at IS ?6 AND deleted = ?11
                AND merged_into IS ?15 AND result IS ?16";
        const ALL: &str = "ON CONFLICT (id) DO UPDATE SET kind = ?2, cell = ?3, body = ?4, parent = ?5, at = ?6, own_at = ?7,
                offered = ?8, reoffer = ?9, gone = ?10, deleted = ?11, doubted = ?12, v1 = ?13, v2 = ?14, merged_into = ?15,
                result = ?16";
        if self.execute(connection, &format!("{BODY}{counted} {SAME}"))? == 0 {
            self.execute(connection, &format!("{INSERT}) {VALUES}) {ALL}{counted}"))?;
        }
        Ok(())
    }

    fn execute(&self, connection: &Connection, sql: &str) -> Result<usize, DeviceError> {
        let (record, State { offered, reoffer, gone, doubted, own_at }) = (self.record, self.state);
        let (v1, v2) = self.version.halves();
        Ok(connection.prepare_cached(sql)?.execute((
            &self.id,
            record.kind.as_str(),
            record.cell.as_str(),
            &self.body,
            parent(record),
            moment(record),
            own_at,
            offered,
            reoffer,
            gone,
            !record.is_present(),
            doubted,
            v1,
            v2,
            record.merged_into().map(|into| into.to_string()),
            result(record),
        ))?)
    }
}

/// Stores what is known about the sending of a record that is there already and has not changed.
pub(crate) fn put_sending(connection: &Connection, held: &Held) -> Result<(), DeviceError> {
    // Nearly always what waits is all that changes, and the record's own row stays as it is.
    const SQL: &str = "UPDATE record SET offered = ?2, reoffer = ?3, doubted = ?4
        WHERE id = ?1 AND (offered <> ?2 OR reoffer <> ?3 OR doubted <> ?4)";
    let id = held.record.id.to_string();
    connection.prepare_cached(SQL)?.execute((id, held.offered, held.reoffer, held.doubted))?;
    put_unsent(connection, held)
}

/// What of a record waits lies in a row of its own: it is marked and cleared without touching the record.
fn put_unsent(connection: &Connection, held: &Held) -> Result<(), DeviceError> {
    let (id, unsent) = (held.record.id.to_string(), &held.unsent);
    if unsent.is_empty() {
        connection.prepare_cached("DELETE FROM unsent WHERE id = ?1")?.execute([id])?;
        return Ok(());
    }
    const SQL: &str = "INSERT INTO unsent (id, fields, offered) VALUES (?1, ?2, ?3)
        ON CONFLICT (id) DO UPDATE SET fields = ?2, offered = ?3";
    let offered = unsent.values().all(|pending| pending.offered);
    let plain = Pending { offered, ..Pending::default() };
    let whole = unsent.keys().eq(held.record.fields.keys()) && unsent.values().all(|pending| *pending == plain);
    let fields = if whole { None } else { Some(serde_json::to_string(unsent)?) };
    connection.prepare_cached(SQL)?.execute((id, fields, offered))?;
    Ok(())
}

/// Everything that waits of a record was in a request from here on.
pub(crate) fn mark_offered(connection: &Connection, id: RecordId) -> Result<(), DeviceError> {
    const SQL: &str = "UPDATE unsent SET offered = 1 WHERE id = ?1 AND offered = 0";
    connection.prepare_cached(SQL)?.execute([id.to_string()])?;
    Ok(())
}

/// Nothing of a record waits any more, if it still is the version that was offered whole. False: it has to be looked at.
pub(crate) fn clear_offered(connection: &Connection, id: RecordId, version: Digest) -> Result<bool, DeviceError> {
    const SQL: &str = "DELETE FROM unsent WHERE id = ?1 AND offered = 1 AND EXISTS (SELECT 1 FROM record
        WHERE record.id = ?1 AND v1 = ?2 AND v2 = ?3 AND gone = 0 AND reoffer = 0 AND doubted = 0)";
    let (v1, v2) = version.halves();
    Ok(connection.prepare_cached(SQL)?.execute((id.to_string(), v1, v2))? > 0)
}

/// Removes a record's row. For what left the phone, or never left it; a resident taken out of the register keeps the row.
pub(crate) fn remove(connection: &Connection, id: RecordId) -> Result<(), DeviceError> {
    connection.prepare_cached("DELETE FROM record WHERE id = ?1")?.execute([id.to_string()])?;
    Ok(())
}

/// The record that this one belongs to, for the index.
pub(super) fn parent(record: &Record) -> Option<&str> {
    let named = record.kind.belongs_to().and_then(|field| record.text(field));
    if record.kind == Kind::Incident { named.or_else(|| record.text("dwelling")) } else { named }
}

/// What came of a visit, for the index that overviews read.
fn result(record: &Record) -> Option<&str> {
    if record.kind == Kind::Visit { record.text("result") } else { None }
}

/// The record's own moment, for the index.
fn moment(record: &Record) -> Option<i64> {
    record.kind.moment().and_then(|field| record.int(field))
}

/// Whether a row with this condition exists.
pub(crate) fn exists(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<bool, DeviceError> {
    Ok(connection.prepare_cached(sql)?.query_row(params, |_| Ok(())).optional()?.is_some())
}
