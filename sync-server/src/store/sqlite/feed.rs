//! The feeds: per cell, which records changed and in which order.

use std::collections::BTreeMap;

use domain::{CellCode, RecordId};
use rusqlite::{OptionalExtension, params};

use super::Sql;
use super::rows::{count, record_id};
use crate::store::{Answer, FeedEntry, Run};

impl Sql<'_> {
    pub(super) fn feed_number(&self, cell: &CellCode) -> Answer<u64> {
        let mut statement = self.conn.prepare_cached("SELECT reached FROM cell_feed WHERE cell = ?1")?;
        Ok(statement.query_row([cell.as_str()], |row| count(row, 0)).optional()?.unwrap_or(0))
    }

    /// Takes the cell's next number for a record. `n_of_others` remembers where somebody else than the present writer wrote
    /// last, so that a run is not sent its own writing and never misses another's.
    pub(super) fn move_feed(&self, cell: &CellCode, record: RecordId, run: Run, gone: bool) -> Answer<()> {
        let mut take = self.conn.prepare_cached(
            "INSERT INTO cell_feed (cell, reached) VALUES (?1, 1)
             ON CONFLICT (cell) DO UPDATE SET reached = reached + 1 RETURNING reached",
        )?;
        let n: i64 = take.query_row([cell.as_str()], |row| row.get(0))?;
        let mut place = self.conn.prepare_cached(
            "INSERT INTO feed (cell, record, n, run, n_of_others, gone) VALUES (?1, ?2, ?3, ?4, 0, ?5)
             ON CONFLICT (cell, record) DO UPDATE SET
                 n_of_others = CASE WHEN run = excluded.run THEN n_of_others ELSE n END,
                 n = excluded.n, run = excluded.run, gone = excluded.gone",
        )?;
        place.execute(params![cell.as_str(), record.0.as_bytes(), n, run.0, gone])?;
        Ok(())
    }

    pub(super) fn feed_entries(&self, cell: &CellCode, cursor: Option<u64>, run: Run) -> Answer<Vec<FeedEntry>> {
        let entry = |row: &rusqlite::Row<'_>| {
            Ok(FeedEntry { n: count(row, 0)?, record: record_id(row, 1)?, gone: row.get(2)?, erased: row.get(3)? })
        };
        let Some(cursor) = cursor else {
            // Nothing is held yet, so nothing can have moved away. What was erased is named all the same: a phone that starts
            // again after a restore holds it still.
            let mut all = self.conn.prepare_cached(
                "SELECT n, record, gone, gone FROM feed WHERE cell = ?1
                 AND (gone = 0 OR EXISTS (SELECT 1 FROM erased WHERE erased.id = feed.record)) ORDER BY n",
            )?;
            return Ok(all.query_map([cell.as_str()], entry)?.collect::<Result<_, _>>()?);
        };
        // Sent in the order of the number that counts for this run: cut anywhere, the cursor then covers exactly what went out.
        let mut since = self.conn.prepare_cached(
            "SELECT CASE WHEN run = ?3 THEN n_of_others ELSE n END AS place, record, gone,
                 gone AND EXISTS (SELECT 1 FROM erased WHERE erased.id = feed.record) FROM feed
             WHERE cell = ?1 AND n > ?2 AND place > ?2 ORDER BY place",
        )?;
        let cursor = i64::try_from(cursor).unwrap_or(i64::MAX);
        Ok(since.query_map(params![cell.as_str(), cursor, run.0], entry)?.collect::<Result<_, _>>()?)
    }
}

/// Feed entries of many new records: the cells' counters are read once and written once.
#[derive(Default)]
pub(super) struct BulkFeeds {
    reached: BTreeMap<CellCode, u64>,
}

impl BulkFeeds {
    pub(super) fn add(&mut self, sql: &Sql<'_>, cell: &CellCode, record: RecordId, run: Run) -> Answer<()> {
        if !self.reached.contains_key(cell) {
            self.reached.insert(cell.clone(), sql.feed_number(cell)?);
        }
        let reached = self.reached.entry(cell.clone()).or_default();
        *reached += 1;
        let mut place = sql.conn.prepare_cached(
            "INSERT INTO feed (cell, record, n, run, n_of_others, gone) VALUES (?1, ?2, ?3, ?4, 0, 0)",
        )?;
        place.execute(params![cell.as_str(), record.0.as_bytes(), *reached as i64, run.0])?;
        Ok(())
    }

    pub(super) fn finish(self, sql: &Sql<'_>) -> Answer<()> {
        let mut statement = sql.conn.prepare_cached(
            "INSERT INTO cell_feed (cell, reached) VALUES (?1, ?2) ON CONFLICT (cell) DO UPDATE SET reached = excluded.reached",
        )?;
        for (cell, reached) in self.reached {
            statement.execute(params![cell.as_str(), reached as i64])?;
        }
        Ok(())
    }
}
