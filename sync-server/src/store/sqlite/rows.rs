//! How values lie in columns and come back out of them.

use std::collections::BTreeMap;

use domain::review::ReviewState;
use domain::{AccountId, CellCode, DeviceId, Fields, Kind, Record, RecordId, Scope, Stamp, Stamps, Version};
use rusqlite::Row;
use rusqlite::types::Type;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::{LostValue, SecretHash, StoredRecord};

/// The county of a cell, as it stands in a column.
pub(super) fn county(cell: &CellCode) -> &str {
    cell.county_code()
}

/// Codes from `.0` up to but not including `.1` begin with the scope: `:` is the character after `9`.
pub(super) fn range(scope: &Scope) -> (String, String) {
    (scope.as_str().to_owned(), format!("{}:", scope.as_str()))
}

/// A [`Body`] to be written.
#[derive(Serialize)]
pub(super) struct BodyRef<'r> {
    pub(super) fields: &'r Fields,
    pub(super) stamp: Stamp,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) stamps: &'r BTreeMap<String, Stamp>,
}

/// A [`HistoryBody`] to be written.
#[derive(Serialize)]
pub(super) struct HistoryBodyRef<'r> {
    pub(super) fields: &'r Fields,
    pub(super) stamp: Stamp,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) stamps: &'r BTreeMap<String, Stamp>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) base: &'r BTreeMap<String, Stamp>,
    #[serde(skip_serializing_if = "<[LostValue]>::is_empty")]
    pub(super) lost: &'r [LostValue],
}

/// The values and stamps of a record, as JSON in one column. Read without a flattened part, which would be much slower.
#[derive(Deserialize)]
struct Body {
    fields: Fields,
    stamp: Stamp,
    #[serde(default)]
    stamps: BTreeMap<String, Stamp>,
}

/// A change in the history, as JSON in one column.
#[derive(Deserialize)]
pub(super) struct HistoryBody {
    pub(super) fields: Fields,
    pub(super) stamp: Stamp,
    #[serde(default)]
    pub(super) stamps: BTreeMap<String, Stamp>,
    #[serde(default)]
    pub(super) base: BTreeMap<String, Stamp>,
    #[serde(default)]
    pub(super) lost: Vec<LostValue>,
}

pub(super) fn state_number(state: ReviewState) -> i64 {
    match state {
        ReviewState::NotReviewed => 0,
        ReviewState::Waiting => 1,
        ReviewState::Approved => 2,
        ReviewState::Returned => 3,
        ReviewState::AtTown => 4,
    }
}

fn state(number: i64) -> ReviewState {
    match number {
        1 => ReviewState::Waiting,
        2 => ReviewState::Approved,
        3 => ReviewState::Returned,
        4 => ReviewState::AtTown,
        _ => ReviewState::NotReviewed,
    }
}

/// A column whose content this program never wrote so.
fn odd(column: usize, of: Type) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, of, "unreadable content".into())
}

/// Reads a text column as a name, a code, an id in words.
pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    row.get_ref(column)?.as_str()?.parse().map_err(|_| odd(column, Type::Text))
}

/// Reads a text column as a name, if there is one.
pub(super) fn parsed_maybe<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    match row.get_ref(column)?.as_str_or_null()? {
        Some(text) => text.parse().map(Some).map_err(|_| odd(column, Type::Text)),
        None => Ok(None),
    }
}

/// Reads a text column as JSON, if there is something.
pub(super) fn json_maybe<T: for<'de> Deserialize<'de>>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    if row.get_ref(column)?.as_str_or_null()?.is_none() { Ok(None) } else { json(row, column).map(Some) }
}

/// Reads a text column as JSON.
pub(super) fn json<T: for<'de> Deserialize<'de>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|_| odd(column, Type::Text))
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    Uuid::from_slice(row.get_ref(column)?.as_blob()?).map_err(|_| odd(column, Type::Blob))
}

pub(super) fn record_id(row: &Row<'_>, column: usize) -> rusqlite::Result<RecordId> {
    uuid(row, column).map(RecordId)
}

pub(super) fn device_id(row: &Row<'_>, column: usize) -> rusqlite::Result<DeviceId> {
    uuid(row, column).map(DeviceId)
}

pub(super) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<SecretHash> {
    row.get_ref(column)?.as_blob()?.try_into().map(SecretHash).map_err(|_| odd(column, Type::Blob))
}

pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| number.max(0) as u64)
}

/// The columns that [`stored_record`] reads, in its order.
pub(super) const RECORD_COLUMNS: &str =
    "id, kind, cell, body, version, state, approved_version, changed_at, changed_by";

/// The record of this name and cell, from the columns of its kind and its body.
pub(super) fn record_of(
    row: &Row<'_>,
    (id, cell): (RecordId, CellCode),
    (kind, body): (usize, usize),
) -> rusqlite::Result<Record> {
    let kind = Kind::from_name(row.get_ref(kind)?.as_str()?);
    let Body { fields, stamp, stamps } = json(row, body)?;
    Ok(Record { id, kind, cell, fields, stamps: Stamps { common: stamp, except: stamps } })
}

/// Reads a row of [`RECORD_COLUMNS`].
pub(super) fn stored_record(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    Ok(StoredRecord {
        record: record_of(row, (record_id(row, 0)?, parsed(row, 2)?), (1, 3))?,
        version: parsed::<Version>(row, 4)?,
        state: state(row.get(5)?),
        approved_version: parsed_maybe::<Version>(row, 6)?,
        changed_at: row.get(7)?,
        changed_by: parsed::<AccountId>(row, 8)?,
    })
}
