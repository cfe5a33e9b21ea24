//! What the desk's pages ask for beside the inbox: kinds of which there are few, batches of notices and tasks, residents by name or number.

use std::collections::{BTreeMap, BinaryHeap};

use domain::{CellCode, Kind, RecordId, Scope};
use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};
use uuid::Uuid;

use super::Sql;
use super::inbox::within;
use super::rows::{RECORD_COLUMNS, count, parsed, range, stored_record};
use super::tally::FEW;
use crate::store::{Answer, Batch, NameFits, NumberOf, StoredRecord};

/// Repeated word by word from the index.
const BATCHES: &str = "kind IN ('notice', 'task')";
const AT: &str = "json_extract(body, '$.fields.at')";
const LIVES: &str = "kind = 'person'
    AND json_extract(body, '$.fields.moved_out_on') IS NULL AND json_extract(body, '$.fields.died_on') IS NULL
    AND json_extract(body, '$.fields.deleted') IS NOT 1";
/// No entry of a resident that gave way to another: those are few, and read once for a query (`CROSS JOIN`: beginning with them).
/// Asked by the row, so that an index is enough.
const STANDS: &str = "record.rowid NOT IN (SELECT gone.rowid FROM gave_way
    CROSS JOIN record AS gone ON gone.id = gave_way.id AND gone.county = gave_way.county WHERE gone.kind = 'person')";

impl Sql<'_> {
    pub(super) fn latest_of_few(&self, scopes: &[Scope], kind: &Kind, limit: usize) -> Answer<Vec<StoredRecord>> {
        let mut values = vec![Value::from(kind.as_str().to_owned())];
        let scopes = within("cell", scopes, &mut values);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record INDEXED BY record_few
             WHERE {FEW} AND kind = ? AND {scopes} ORDER BY id DESC LIMIT ?"
        );
        values.push(limited(limit));
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_map(params_from_iter(values), stored_record)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn latest_batches(
        &self,
        scopes: &[Scope],
        kind: &Kind,
        before: i64,
        limit: usize,
    ) -> Answer<Vec<Batch>> {
        let mut values = vec![Value::from(kind.as_str().to_owned()), Value::from(before)];
        let scopes = within("cell", scopes, &mut values);
        let sql = format!(
            "SELECT {AT}, count(*), min(id) FROM record WHERE {BATCHES} AND kind = ? AND {AT} < ? AND {scopes}
             GROUP BY {AT} ORDER BY {AT} DESC LIMIT ?"
        );
        values.push(limited(limit));
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok(Batch { at: row.get(0)?, cells: count(row, 1)?, one: record_id(row, 2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn records_of_batch(&self, scopes: &[Scope], kind: &Kind, at: i64) -> Answer<Vec<StoredRecord>> {
        let mut values = vec![Value::from(kind.as_str().to_owned()), Value::from(at)];
        let scopes = within("cell", scopes, &mut values);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE {BATCHES} AND kind = ? AND {AT} = ? AND {scopes} ORDER BY cell"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_map(params_from_iter(values), stored_record)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn households_told_of(&self, county: &Scope, notice: RecordId) -> Answer<usize> {
        let sql = format!(
            "WITH named (household, county) AS (
                 SELECT unhex(replace(json_extract(body, '$.fields.household'), '-', '')), county FROM record
                 WHERE kind = 'notice_ack' AND refers = ?1 AND cell >= ?2 AND cell < ?3
                     AND json_extract(body, '$.fields.deleted') IS NOT 1),
             told (household, county) AS (SELECT DISTINCT coalesce((SELECT stands FROM gave_way AS w
                 WHERE w.id = named.household AND w.county = named.county), household), county FROM named)
             SELECT count(*) FROM told WHERE EXISTS (SELECT 1 FROM record INDEXED BY record_refers
                 WHERE refers IN (SELECT told.household UNION ALL SELECT w.id FROM gave_way AS w
                     WHERE w.stands = told.household AND w.county = told.county)
                     AND record.county = told.county AND {LIVES} AND {STANDS})"
        );
        let (from, to) = range(county);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let told: u64 = statement.query_row(params![notice.0.as_bytes(), from, to], |row| count(row, 0))?;
        Ok(usize::try_from(told).unwrap_or(usize::MAX))
    }

    pub(super) fn told_of(&self, place: &Scope, notice: RecordId, household: RecordId) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(place);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE kind = 'notice_ack' AND refers = ?1 AND cell >= ?2 AND cell < ?3
             AND json_extract(body, '$.fields.household') = ?4 ORDER BY id"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let values = params![notice.0.as_bytes(), from, to, household.to_string()];
        Ok(statement.query_map(values, stored_record)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn lived_in_by_cell(&self, scopes: &[Scope]) -> Answer<BTreeMap<CellCode, usize>> {
        let mut values = Vec::new();
        let scopes = within("cell", scopes, &mut values);
        let sql = format!(
            "SELECT cell, count(DISTINCT coalesce((SELECT stands FROM gave_way AS w
                 WHERE w.id = record.refers AND w.county = substr(record.cell, 1, 6)), refers))
             FROM record INDEXED BY record_lived_in WHERE {LIVES} AND {STANDS} AND {scopes} GROUP BY cell"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok((parsed(row, 0)?, usize::try_from(count(row, 1)?).unwrap_or(usize::MAX)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn people_by_name(
        &self,
        within: &Scope,
        fits: &mut NameFits<'_>,
        limit: usize,
    ) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        // The index holds the names; the records are read for the best of them only.
        let mut names = self.conn.prepare_cached(
            "SELECT json_extract(body, '$.fields.name'), rowid FROM record INDEXED BY record_person_name
             WHERE kind = 'person' AND cell >= ?1 AND cell < ?2",
        )?;
        let mut rows = names.query(params![from, to])?;
        let mut best = BinaryHeap::<(u8, i64)>::new();
        while let Some(row) = rows.next()? {
            let Ok(name) = row.get_ref(0)?.as_str() else { continue };
            let Some(rank) = fits(name) else { continue };
            let fit = (rank, row.get(1)?);
            if best.len() < limit {
                best.push(fit);
            } else if best.peek().is_some_and(|worst| fit < *worst) {
                best.pop();
                best.push(fit);
            }
        }
        let mut one = self.conn.prepare_cached(&format!("SELECT {RECORD_COLUMNS} FROM record WHERE rowid = ?1"))?;
        let found = best.into_sorted_vec().into_iter().map(|(_, row)| one.query_row([row], stored_record));
        Ok(found.collect::<Result<_, _>>()?)
    }

    pub(super) fn people_by_number(
        &self,
        within: &Scope,
        of: NumberOf,
        ending: &str,
        limit: usize,
    ) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        let (field, index) = match of {
            NumberOf::Phone => ("phone", "record_person_phone"),
            NumberOf::Document => ("document_number", "record_person_document"),
        };
        let tail: String = ending.chars().skip(ending.chars().count().saturating_sub(4)).collect();
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record INDEXED BY {index}
             WHERE kind = 'person' AND substr(json_extract(body, '$.fields.{field}'), -4) = ?1 AND cell >= ?2 AND cell < ?3
                 AND substr(json_extract(body, '$.fields.{field}'), -length(?4)) = ?4 LIMIT ?5"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![tail, from, to, ending, limited(limit)], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn limited(limit: usize) -> Value {
    Value::from(i64::try_from(limit).unwrap_or(i64::MAX))
}

fn record_id(row: &Row<'_>, column: usize) -> rusqlite::Result<RecordId> {
    Ok(RecordId(Uuid::from_bytes(row.get(column)?)))
}
