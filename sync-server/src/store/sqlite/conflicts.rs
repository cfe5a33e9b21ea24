//! Values that were set aside, until somebody decides.

use domain::{CellCode, RecordId, Scope, Stamp};
use rusqlite::types::Type;
use rusqlite::{Row, params};
use serde_json::Value;

use super::Sql;
use super::rows::{count, county, device_id, json, parsed, parsed_maybe, range, record_id};
use crate::store::{Answer, SetAside, StoreError, WrittenBy};

const COLUMNS: &str = "record, field, stamp, value, by, device, won_stamp, won_by, won_device, cell, n, at";

impl Sql<'_> {
    pub(super) fn open_conflicts_of(&self, within: &Scope, id: RecordId, since: i64) -> Answer<Vec<SetAside>> {
        let county = within.county();
        let sql = format!(
            "SELECT {COLUMNS} FROM conflict WHERE record = ?1 AND county = ?2 AND settled_at IS NULL AND at > ?3
             ORDER BY at DESC, n DESC, field, stamp DESC"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![id.0.as_bytes(), county.as_str(), since], set_aside)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn knows_conflict(&self, cell: &CellCode, id: RecordId, field: &str, stamp: Stamp) -> Answer<bool> {
        let mut statement = self.conn.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM conflict WHERE record = ?1 AND county = ?2 AND field = ?3 AND stamp = ?4)",
        )?;
        let key = params![id.0.as_bytes(), county(cell), field, stamp.to_bytes()];
        Ok(statement.query_row(key, |row| row.get(0))?)
    }

    pub(super) fn add_conflict(&self, conflict: &SetAside) -> Answer<()> {
        let sql = format!(
            "INSERT INTO conflict (county, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT DO NOTHING"
        );
        let value = serde_json::to_string(&conflict.value).map_err(|_| StoreError::Unreadable("conflict"))?;
        let device = |hand: &Option<WrittenBy>| hand.as_ref().and_then(|hand| hand.device).map(|id| *id.0.as_bytes());
        let account = |hand: &Option<WrittenBy>| hand.as_ref().map(|hand| hand.by.to_string());
        self.conn.prepare_cached(&sql)?.execute(params![
            county(&conflict.cell),
            conflict.record.0.as_bytes(),
            conflict.field,
            conflict.stamp.to_bytes(),
            value,
            account(&conflict.by),
            device(&conflict.by),
            conflict.won_stamp.to_bytes(),
            account(&conflict.won_by),
            device(&conflict.won_by),
            conflict.cell.as_str(),
            i64::try_from(conflict.n).unwrap_or(i64::MAX),
            conflict.at,
        ])?;
        Ok(())
    }

    /// What is undecided of a record that moved is told in its new cell, at the place that the record has just taken: whoever holds
    /// that cell can decide.
    pub(super) fn move_conflicts(&self, id: RecordId, to: &CellCode) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "UPDATE conflict SET cell = ?3, n = ?4 WHERE record = ?1 AND county = ?2 AND settled_at IS NULL",
        )?;
        let n = i64::try_from(self.feed_number(to)?).unwrap_or(i64::MAX);
        statement.execute(params![id.0.as_bytes(), county(to), to.as_str(), n])?;
        Ok(())
    }

    /// The values of this field that are undecided and are just this, wherever in the scope. Read through: there is no index for a
    /// question that is asked once a year.
    pub(super) fn open_conflicts_over(&self, within: &Scope, field: &str, value: &Value) -> Answer<Vec<SetAside>> {
        let (from, to) = range(within);
        let sql = format!(
            "SELECT {COLUMNS} FROM conflict WHERE cell >= ?1 AND cell < ?2 AND field = ?3 AND value = ?4
             AND settled_at IS NULL ORDER BY record, stamp"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![from, to, field, value.to_string()], set_aside)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn end_conflict(&self, conflict: &SetAside, at: i64) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "UPDATE conflict SET settled_at = ?5 WHERE record = ?1 AND county = ?2 AND field = ?3 AND stamp = ?4",
        )?;
        let (id, stamp) = (conflict.record.0.as_bytes(), conflict.stamp.to_bytes());
        statement.execute(params![id, county(&conflict.cell), conflict.field, stamp, at])?;
        Ok(())
    }
}

fn set_aside(row: &Row<'_>) -> rusqlite::Result<SetAside> {
    Ok(SetAside {
        record: record_id(row, 0)?,
        field: row.get(1)?,
        stamp: stamp(row, 2)?,
        value: json(row, 3)?,
        by: hand(row, 4)?,
        won_stamp: stamp(row, 6)?,
        won_by: hand(row, 7)?,
        cell: parsed(row, 9)?,
        n: count(row, 10)?,
        at: row.get(11)?,
    })
}

/// An account and, behind it, a phone.
fn hand(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<WrittenBy>> {
    let Some(by) = parsed_maybe(row, column)? else { return Ok(None) };
    let phone = column + 1;
    let device = if row.get_ref(phone)?.as_blob_or_null()?.is_some() { Some(device_id(row, phone)?) } else { None };
    Ok(Some(WrittenBy { by, device }))
}

fn stamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Stamp> {
    let bytes = row.get_ref(column)?.as_blob()?.try_into();
    bytes
        .map(Stamp::from_bytes)
        .map_err(|_| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, "a stamp has sixteen bytes".into()))
}
