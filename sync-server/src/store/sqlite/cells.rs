//! The records that describe the cells themselves.

use domain::Scope;
use rusqlite::params;

use super::Sql;
use super::rows::{RECORD_COLUMNS, range, stored_record};
use crate::store::{Answer, StoredRecord};

impl Sql<'_> {
    pub(super) fn records_of_cells(&self, within: &Scope) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record INDEXED BY record_of_cells
             WHERE kind = 'cell' AND cell >= ?1 AND cell < ?2 ORDER BY cell, id"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![from, to], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
