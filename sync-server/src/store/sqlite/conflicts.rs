//! Values that were set aside, until somebody decides.

use std::collections::BTreeMap;

use domain::{CellCode, RecordId, Scope, Stamp};
use rusqlite::types::Type;
use rusqlite::{Row, params};
use serde_json::Value;

use super::Sql;
use super::following::Key;
use super::rows::{count, county, device_id, json, parsed, parsed_maybe, range, record_id};
use crate::store::{Answer, SetAside, StoreError, WrittenBy};

const COLUMNS: &str = "record, field, stamp, value, by, device, won_stamp, won_by, won_device, cell, n, at";

/// Where what is undecided of a record is told since it was moved. It is written before anybody asks, and once: whoever moves one record to
/// and fro in a push would otherwise have all that is undecided of it written anew for every move.
pub(super) struct Told {
    cell: CellCode,
    n: u64,
    /// What was set aside since the record came here has places of its own: field, stamp and number.
    since: Vec<(String, Stamp, u64)>,
}

impl Sql<'_> {
    pub(super) fn open_conflicts_of(&self, within: &Scope, id: RecordId, since: i64) -> Answer<Vec<SetAside>> {
        let county = within.county();
        let key = (county.as_str().to_owned(), id);
        let told = self.following.borrow_mut().told.remove_entry(&key);
        self.tell_moved(told.into_iter().collect())?;
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
        let added = self.conn.prepare_cached(&sql)?.execute(params![
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
        let key = (county(&conflict.cell).to_owned(), conflict.record);
        if let Some(told) = self.following.borrow_mut().told.get_mut(&key).filter(|_| added > 0) {
            told.since.push((conflict.field.clone(), conflict.stamp, conflict.n));
        }
        Ok(())
    }

    /// What is undecided of a record that moved is told in its new cell, at the place that the record has just taken: whoever holds
    /// that cell can decide.
    pub(super) fn move_conflicts(&self, id: RecordId, to: &CellCode) -> Answer<()> {
        let told = Told { cell: to.clone(), n: self.feed_number(to)?, since: Vec::new() };
        self.following.borrow_mut().told.insert((county(to).to_owned(), id), told);
        Ok(())
    }

    /// Writes where what is undecided of these records is told.
    pub(super) fn tell_moved(&self, told: BTreeMap<Key, Told>) -> Answer<()> {
        const ALL: &str =
            "UPDATE conflict SET cell = ?3, n = ?4 WHERE record = ?1 AND county = ?2 AND settled_at IS NULL";
        const SINCE: &str =
            "UPDATE conflict SET n = ?5 WHERE record = ?1 AND county = ?2 AND field = ?3 AND stamp = ?4";
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        for ((county, id), Told { cell, n, since }) in told {
            let all = params![id.0.as_bytes(), county, cell.as_str(), number(n)];
            self.conn.prepare_cached(ALL)?.execute(all)?;
            for (field, stamp, n) in since {
                let one = params![id.0.as_bytes(), county, field, stamp.to_bytes(), number(n)];
                self.conn.prepare_cached(SINCE)?.execute(one)?;
            }
        }
        Ok(())
    }

    /// The values of this field that are undecided and are just this, wherever in the scope. Read through: there is no index for a
    /// question that is asked once a year.
    pub(super) fn open_conflicts_over(&self, within: &Scope, field: &str, value: &Value) -> Answer<Vec<SetAside>> {
        let told = std::mem::take(&mut self.following.borrow_mut().told);
        self.tell_moved(told)?;
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

#[cfg(test)]
mod tests {
    use domain::review::ReviewState;
    use domain::{AccountId, Fields, Kind, Node, Record, Stamps};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::store::sqlite::SqliteStore;
    use crate::store::{Run, Store as _, Written};

    const CELLS: [&str; 2] = ["610722001001001", "610722001001002"];

    fn stamp_of(millis: i64) -> Stamp {
        Stamp::new(millis, 0, Node(7))
    }

    fn building(number: u128, cell: &str) -> Record {
        let fields = Fields::from([("name".to_owned(), json!("3号楼"))]);
        let (id, cell) = (RecordId(Uuid::from_u128(number)), CellCode::new(cell).unwrap());
        Record { id, kind: Kind::Building, cell, fields, stamps: Stamps::all(stamp_of(1)) }
    }

    fn set_aside_of(record: &Record, millis: i64) -> SetAside {
        let (cell, stamp) = (record.cell.clone(), stamp_of(millis));
        let (field, value) = ("name".to_owned(), json!("三号楼"));
        let won_stamp = stamp_of(1_000);
        SetAside { record: record.id, field, value, stamp, by: None, won_stamp, won_by: None, cell, n: 1, at: 1 }
    }

    #[test]
    fn what_is_undecided_of_a_record_is_written_once_for_all_its_moves_in_a_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("county.db")).unwrap();
        let written = |is_new: bool| {
            let (by, state) = (AccountId::new("worker").unwrap(), ReviewState::NotReviewed);
            Written { at: 1, by, run: Run::SERVER, state, is_new }
        };
        let [plain, disputed] = [1, 2];
        let begun: Answer<()> = store.write(|writing| {
            for number in [plain, disputed] {
                writing.put_record(&building(number, CELLS[0]), &written(true))?;
            }
            (2..22).try_for_each(|millis| writing.put_conflict(&set_aside_of(&building(disputed, CELLS[0]), millis)))
        });
        begun.unwrap();
        let changed = || store.on_writer(|conn| conn.query_row("SELECT total_changes()", [], |row| row.get(0)));
        let changed = || -> i64 { changed().unwrap() };
        // How many rows a transaction writes that moves a record so often, to and fro.
        let rows = |number: u128, moves: usize| {
            let before = changed();
            let moved: Answer<()> = store.write(|writing| {
                let mut ways = (1..=moves).map(|turn| building(number, CELLS[turn % 2]));
                ways.try_for_each(|record| writing.put_record(&record, &written(false)))
            });
            moved.unwrap();
            changed() - before
        };
        for number in [plain, disputed] {
            rows(number, 2);
        }
        assert_eq!(rows(disputed, 2) - rows(plain, 2), 20);
        assert_eq!(rows(disputed, 12) - rows(plain, 12), 20);
    }
}
