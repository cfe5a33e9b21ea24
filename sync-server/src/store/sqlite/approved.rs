//! What was approved before an approval that may be taken back, and the records that wait for it.

use domain::review::rules::ReviewRules;
use domain::{CellCode, Fields, Kind, Record, RecordId, Scope};
use rusqlite::params;

use super::Sql;
use super::rows::{RECORD_COLUMNS, county, json_maybe, range, stored_record};
use crate::store::Answer;

/// What the index `record_unapproved` holds, as the index says it: SQLite compares the words, not what they mean.
const UNAPPROVED: &str = "r.approved_version IS NOT r.version AND (r.kind = 'household' OR r.kind = 'person' OR r.kind = 'visit' OR r.kind = 'incident' OR r.kind = 'dispute'
    OR r.kind = 'inspection' OR r.kind = 'hazard_point' OR r.kind = 'threatened_household')";

impl Sql<'_> {
    pub(super) fn remember_approved(&self, cell: &CellCode, id: RecordId, review: RecordId, at: i64) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT OR REPLACE INTO approved_before (county, id, review, made_at, version, fields, at, by)
             SELECT r.county, r.id, ?3, ?4, r.approved_version,
                 CASE WHEN r.approved_version = r.version THEN json_extract(r.body, '$.fields') ELSE a.fields END,
                 r.approved_at, r.approved_by
             FROM record r LEFT JOIN approved a ON a.id = r.id AND a.county = r.county AND a.version = r.approved_version
             WHERE r.id = ?1 AND r.county = ?2",
        )?;
        statement.execute(params![id.0.as_bytes(), county(cell), review.0.as_bytes(), at])?;
        Ok(())
    }

    pub(super) fn put_approved_back(&self, cell: &CellCode, id: RecordId, review: RecordId) -> Answer<bool> {
        const BEFORE: &str = "FROM approved_before WHERE id = ?1 AND county = ?2 AND review = ?3";
        let key = params![id.0.as_bytes(), county(cell), review.0.as_bytes()];
        let mut restored = self.conn.prepare_cached(&format!(
            "UPDATE record SET (approved_version, approved_at, approved_by) = (SELECT version, at, by {BEFORE})
             WHERE id = ?1 AND county = ?2 AND EXISTS (SELECT 1 {BEFORE})"
        ))?;
        if restored.execute(key)? == 0 {
            return Ok(false);
        }
        let here = params![id.0.as_bytes(), county(cell)];
        self.conn.prepare_cached("DELETE FROM approved WHERE id = ?1 AND county = ?2")?.execute(here)?;
        self.conn
            .prepare_cached(&format!(
                "INSERT INTO approved (county, id, version, fields, at, by)
                 SELECT county, id, version, fields, at, by {BEFORE} AND version IS NOT NULL AND fields IS NOT NULL"
            ))?
            .execute(key)?;
        self.conn.prepare_cached(&format!("DELETE {BEFORE}"))?.execute(key)?;
        Ok(true)
    }

    pub(super) fn forget_approvals(&self, until: i64) -> Answer<()> {
        self.conn.prepare_cached("DELETE FROM approved_before WHERE made_at < ?1")?.execute([until])?;
        Ok(())
    }

    /// Records whose present version is not the approved one, with what was approved last, if anything was.
    pub(super) fn unapproved_records(
        &self,
        within: &Scope,
        kind: &Kind,
        each: &mut dyn FnMut(Record, Option<Record>),
    ) -> Answer<()> {
        let (from, to) = range(within);
        let columns = RECORD_COLUMNS.split(", ").map(|column| format!("r.{column}")).collect::<Vec<_>>().join(", ");
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {columns}, a.fields FROM record r INDEXED BY record_unapproved
             LEFT JOIN approved a ON a.id = r.id AND a.county = r.county AND a.version = r.approved_version
             WHERE {UNAPPROVED} AND r.kind = ?1 AND r.cell >= ?2 AND r.cell < ?3"
        ))?;
        let mut rows = statement.query(params![kind.as_str(), from, to])?;
        while let Some(row) = rows.next()? {
            let stored = stored_record(row)?;
            let fields = json_maybe::<Fields>(row, 9)?.filter(|_| stored.approved_version.is_some());
            let approved = fields.map(|fields| ReviewRules::as_approved(&stored.record, fields));
            each(stored.record, approved);
        }
        Ok(())
    }
}
