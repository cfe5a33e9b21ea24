//! Tables that are taken in, and the document numbers that are there already.

use domain::{RecordId, Scope};
use rusqlite::{OptionalExtension, Row, params};

use super::Sql;
use super::rows::{count, parsed, range, record_id};
use crate::store::{Answer, ImportBatch};

fn batch(row: &Row<'_>) -> rusqlite::Result<ImportBatch> {
    Ok(ImportBatch {
        id: row.get(0)?,
        by: parsed(row, 1)?,
        at: row.get(2)?,
        name: row.get(3)?,
        what: row.get(4)?,
        plan: row.get(5)?,
        state: row.get(6)?,
        done: count(row, 7)?,
        total: count(row, 8)?,
        report: row.get(9)?,
    })
}

const COLUMNS: &str = "id, by, at, name, what, plan, state, done, total, report";

impl Sql<'_> {
    pub(super) fn one_import(&self, id: &str) -> Answer<Option<ImportBatch>> {
        let sql = format!("SELECT {COLUMNS} FROM import_batch WHERE id = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([id], batch).optional()?)
    }

    pub(super) fn all_imports(&self) -> Answer<Vec<ImportBatch>> {
        let sql = format!("SELECT {COLUMNS} FROM import_batch ORDER BY at DESC, id");
        Ok(self.conn.prepare_cached(&sql)?.query_map([], batch)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn store_import(&self, batch: &ImportBatch) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO import_batch (id, by, at, name, what, plan, state, done, total, report)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT DO UPDATE SET plan = excluded.plan, state = excluded.state, done = excluded.done,
                 total = excluded.total, report = excluded.report, what = excluded.what, name = excluded.name",
        )?;
        let ImportBatch { id, by, at, name, what, plan, state, done, total, report } = batch;
        let (done, total) = (*done as i64, *total as i64);
        statement.execute(params![id, by.as_str(), at, name, what, plan, state, done, total, report])?;
        Ok(())
    }

    pub(super) fn store_import_file(&self, id: &str, bytes: &[u8]) -> Answer<()> {
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO import_file (batch, bytes) VALUES (?1, ?2)")?
            .execute(params![id, bytes])?;
        Ok(())
    }

    pub(super) fn file_of_import(&self, id: &str) -> Answer<Option<Vec<u8>>> {
        let mut statement = self.conn.prepare_cached("SELECT bytes FROM import_file WHERE batch = ?1")?;
        Ok(statement.query_row([id], |row| row.get(0)).optional()?)
    }

    pub(super) fn forget_import_file(&self, id: &str) -> Answer<()> {
        self.conn.prepare_cached("DELETE FROM import_file WHERE batch = ?1")?.execute([id])?;
        Ok(())
    }

    pub(super) fn forget_import(&self, id: &str) -> Answer<()> {
        self.forget_import_file(id)?;
        self.conn.prepare_cached("DELETE FROM import_batch WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    pub(super) fn document_numbers(&self, within: &Scope, each: &mut dyn FnMut(String, RecordId)) -> Answer<()> {
        let (from, to) = range(within);
        let mut statement = self.conn.prepare_cached(
            "SELECT id, json_extract(body, '$.fields.document_number') FROM record
             WHERE kind = 'person' AND cell >= ?1 AND cell < ?2",
        )?;
        let mut rows = statement.query(params![from, to])?;
        while let Some(row) = rows.next()? {
            if let Some(number) = row.get_ref(1)?.as_str_or_null().unwrap_or_default() {
                each(number.to_owned(), record_id(row, 0)?);
            }
        }
        Ok(())
    }
}
