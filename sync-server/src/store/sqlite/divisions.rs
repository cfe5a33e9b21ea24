//! Divisions and cells with their past: what is over, what took its place, and who did that.

use domain::{AccountId, CellCode, Kind, RecordId, Scope};
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::Sql;
use super::inbox::within;
use super::rows::{RECORD_COLUMNS, county, parsed, parsed_maybe, range, record_id, stored_record};
use crate::store::{Answer, Division, DivisionChange, StoredRecord};

/// The records of cell ?1 in county ?2. The feed names what lies in the cell; the records' own table has no order by cell.
fn lying_in_cell(rest: &str) -> String {
    let columns = RECORD_COLUMNS.split(", ").map(|column| format!("record.{column}")).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT {columns} FROM feed CROSS JOIN record ON record.id = feed.record AND record.county = ?2
         WHERE feed.cell = ?1 AND feed.gone = 0 AND record.cell = ?1 {rest}"
    )
}

fn division(row: &Row<'_>) -> rusqlite::Result<Division> {
    Ok(Division {
        code: parsed(row, 0)?,
        name: row.get(1)?,
        retired_at: row.get(2)?,
        succeeded_by: parsed_maybe(row, 3)?,
    })
}

const COLUMNS: &str = "code, name, retired_at, succeeded_by";

impl Sql<'_> {
    pub(super) fn divisions_within(&self, scopes: &[Scope]) -> Answer<Vec<Division>> {
        let mut values = Vec::new();
        let condition = within("code", scopes, &mut values);
        let sql = format!("SELECT {COLUMNS} FROM place WHERE {condition} ORDER BY code");
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_map(params_from_iter(values), division)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn one_division(&self, code: &Scope) -> Answer<Option<Division>> {
        let sql = format!("SELECT {COLUMNS} FROM place WHERE code = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([code.as_str()], division).optional()?)
    }

    pub(super) fn store_division(&self, division: &Division) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO place (code, name, retired_at, succeeded_by) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET name = excluded.name, retired_at = excluded.retired_at,
                 succeeded_by = excluded.succeeded_by",
        )?;
        let Division { code, name, retired_at, succeeded_by } = division;
        statement.execute(params![code.as_str(), name, retired_at, succeeded_by.as_ref().map(Scope::as_str)])?;
        Ok(())
    }

    pub(super) fn changes_of_division(&self, code: &Scope) -> Answer<Vec<DivisionChange>> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT at, by, what, name, other FROM division_change WHERE code = ?1 ORDER BY seq")?;
        let rows = statement.query_map([code.as_str()], |row| {
            Ok(DivisionChange {
                at: row.get(0)?,
                by: parsed(row, 1)?,
                what: row.get(2)?,
                name: row.get(3)?,
                other: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn add_division_change(&self, code: &Scope, change: &DivisionChange) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO division_change (code, at, by, what, name, other) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let DivisionChange { at, by, what, name, other } = change;
        statement.execute(params![code.as_str(), at, by.as_str(), what, name, other])?;
        Ok(())
    }

    pub(super) fn holders_of(&self, cell: &CellCode) -> Answer<Vec<AccountId>> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT account FROM account_cell WHERE cell = ?1 AND until IS NULL ORDER BY account")?;
        Ok(statement.query_map([cell.as_str()], |row| parsed(row, 0))?.collect::<Result<_, _>>()?)
    }

    pub(super) fn ids_in_cell(&self, cell: &CellCode) -> Answer<Vec<RecordId>> {
        let mut statement =
            self.conn.prepare_cached("SELECT record FROM feed WHERE cell = ?1 AND gone = 0 ORDER BY n")?;
        Ok(statement.query_map([cell.as_str()], |row| record_id(row, 0))?.collect::<Result<_, _>>()?)
    }

    pub(super) fn cells_with_records(&self, scope: &Scope) -> Answer<Vec<CellCode>> {
        let (from, to) = range(scope);
        let mut statement =
            self.conn.prepare_cached("SELECT cell FROM cell_feed WHERE cell >= ?1 AND cell < ?2 ORDER BY cell")?;
        Ok(statement.query_map(params![from, to], |row| parsed(row, 0))?.collect::<Result<_, _>>()?)
    }

    pub(super) fn kinds_in_cell(&self, cell: &CellCode, wanted: &dyn Fn(&Kind) -> bool) -> Answer<Vec<StoredRecord>> {
        let mut statement = self.conn.prepare_cached(&lying_in_cell("ORDER BY feed.n"))?;
        let mut rows = statement.query(params![cell.as_str(), county(cell)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let kind: String = row.get(1)?;
            if wanted(&Kind::from_name(&kind)) {
                found.push(stored_record(row)?);
            }
        }
        Ok(found)
    }

    pub(super) fn kind_in_cell(&self, cell: &CellCode, kind: &Kind) -> Answer<Vec<StoredRecord>> {
        let mut statement = self.conn.prepare_cached(&lying_in_cell("AND record.kind = ?3 ORDER BY record.id"))?;
        let rows = statement.query_map(params![cell.as_str(), county(cell), kind.as_str()], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
