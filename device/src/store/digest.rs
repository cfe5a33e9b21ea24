//! What the phone has of a cell, kept as it is written, so that a receipt can be compared in one look.
//!
//! Triggers keep `cell_digest`: no way of writing a record can forget it. Only the records of a page, new ones and edits, are added
//! up by who stores the page, which says so in their rows (`added`: set in a new one, turned over by an edit). What counts is what the server has all of: a record that left its cell (`gone`) does
//! not, nor one of which something is unsent. A save therefore leaves the numbers alone.

use std::collections::BTreeMap;

use domain::{CellCode, Digest};
use rusqlite::{Connection, OptionalExtension};

use super::row;
use crate::DeviceError;

/// What the phone has of a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CellDigest {
    pub(crate) records: u64,
    pub(crate) digest: Digest,
}

/// Records that came and are not in `cell_digest` yet.
#[derive(Debug, Default)]
pub(crate) struct CellSums(BTreeMap<CellCode, CellDigest>);

impl CellSums {
    pub(super) fn add(&mut self, cell: &CellCode, version: Digest) {
        if !self.0.contains_key(cell) {
            self.0.insert(cell.clone(), CellDigest::default());
        }
        if let Some(sum) = self.0.get_mut(cell) {
            sum.records += 1;
            sum.digest = sum.digest.xor(version);
        }
    }

    /// Another version of a record that counts already.
    pub(super) fn replace(&mut self, cell: &CellCode, before: Digest, after: Digest) {
        let sum = self.0.entry(cell.clone()).or_default();
        sum.digest = sum.digest.xor(before).xor(after);
    }

    /// Writes the sums: before anything else than a record that is new is written, and before the transaction ends.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<(), DeviceError> {
        // SQLite has no exclusive or; this one stays within 64 bits.
        const SQL: &str = "INSERT INTO cell_digest (cell, records, v1, v2) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (cell) DO UPDATE SET records = records + ?2,
                v1 = ~(v1 & ?3) & (v1 | ?3), v2 = ~(v2 & ?4) & (v2 | ?4)";
        for (cell, sum) in std::mem::take(&mut self.0) {
            let (v1, v2) = sum.digest.halves();
            connection.prepare_cached(SQL)?.execute((cell.as_str(), sum.records as i64, v1, v2))?;
        }
        Ok(())
    }
}

/// A cell as it was kept.
pub(crate) fn cell_digest(connection: &Connection, cell: &CellCode) -> Result<CellDigest, DeviceError> {
    const SQL: &str = "SELECT records, v1, v2 FROM cell_digest WHERE cell = ?1";
    let found = connection.prepare_cached(SQL)?.query_row([cell.as_str()], |row| {
        let records: i64 = row.get(0)?;
        let digest = Digest::from_halves(row.get(1)?, row.get(2)?);
        Ok(CellDigest { records: records.unsigned_abs(), digest })
    });
    Ok(found.optional()?.unwrap_or_default())
}

/// Forgets the numbers of a cell whose records were all removed.
pub(crate) fn forget_digest(connection: &Connection, cell: &CellCode) -> Result<(), DeviceError> {
    connection.execute("DELETE FROM cell_digest WHERE cell = ?1", [cell.as_str()])?;
    Ok(())
}

/// Counts a cell (or all) from the bodies of its records and puts right what was kept otherwise. Answers how many rows were:
/// none, unless something else than this program wrote into the file.
pub(crate) fn count_anew(connection: &Connection, cell: Option<&CellCode>) -> Result<usize, DeviceError> {
    let wrong = read_versions(connection, cell)?;
    add_up(connection, cell)?;
    Ok(wrong)
}

/// Reads the versions of a cell's rows (or all) anew from their bodies. Answers how many were kept otherwise.
pub(super) fn read_versions(connection: &Connection, cell: Option<&CellCode>) -> Result<usize, DeviceError> {
    let mut wrong = Vec::new();
    {
        let mut statement = connection.prepare(
            "SELECT id, kind, cell, body, rowid, v1, v2 FROM record WHERE (?1 IS NULL OR cell = ?1) AND gone = 0",
        )?;
        let mut rows = statement.query([cell.map(CellCode::as_str)])?;
        while let Some(found) = rows.next()? {
            // A row that cannot be read counts as nothing: the next comparison then tells.
            let (v1, v2) = row::record(found).map_or((0, 0), |record| Digest::of(&record).halves());
            if (found.get::<_, i64>(5)?, found.get::<_, i64>(6)?) != (v1, v2) {
                wrong.push((found.get::<_, i64>(4)?, v1, v2));
            }
        }
    }
    let mut update = connection.prepare_cached("UPDATE record SET v1 = ?2, v2 = ?3 WHERE rowid = ?1")?;
    for row in &wrong {
        update.execute(*row)?;
    }
    Ok(wrong.len())
}

/// The numbers of a cell (or all) from the versions in its rows.
pub(super) fn add_up(connection: &Connection, cell: Option<&CellCode>) -> Result<(), DeviceError> {
    const SENT: &str = "SELECT cell, v1, v2 FROM record
        WHERE (?1 IS NULL OR cell = ?1) AND gone = 0 AND id NOT IN (SELECT id FROM unsent)";
    let mut sums: BTreeMap<String, (i64, Digest)> = Default::default();
    connection.execute("DELETE FROM cell_digest WHERE ?1 IS NULL OR cell = ?1", [cell.map(CellCode::as_str)])?;
    let mut statement = connection.prepare(SENT)?;
    let mut rows = statement.query([cell.map(CellCode::as_str)])?;
    while let Some(row) = rows.next()? {
        let (records, digest) = sums.entry(row.get(0)?).or_default();
        *records += 1;
        *digest = digest.xor(Digest::from_halves(row.get(1)?, row.get(2)?));
    }
    let mut put = connection.prepare("INSERT INTO cell_digest (cell, records, v1, v2) VALUES (?1, ?2, ?3, ?4)")?;
    for (cell, (records, digest)) in sums {
        let (v1, v2) = digest.halves();
        put.execute((cell, records, v1, v2))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::{Kind, Record, RecordId, Stamp, Stamps};
    use serde_json::json;

    use super::super::row::{Held, Pending, put, put_new, put_sending, put_settled, remove};
    use super::super::schema;
    use super::*;

    #[test]
    fn every_way_of_storing_a_record_keeps_the_numbers_of_its_cell() {
        let mut register = Connection::open_in_memory().unwrap();
        schema::migrate(&mut register).unwrap();
        let cells = ["610722001001001", "610722001001002"].map(|cell| CellCode::new(cell).unwrap());
        let record = |number: u128, cell: &CellCode, stamp: u128| Record {
            id: RecordId(uuid::Uuid::from_u128(number)),
            kind: Kind::Building,
            cell: cell.clone(),
            fields: [("name".to_owned(), json!(format!("{stamp}幢")))].into(),
            stamps: Stamps::all(Stamp::from_bytes(stamp.to_be_bytes())),
        };
        let right = |register: &Connection, what: &str| {
            let kept = cells.each_ref().map(|cell| cell_digest(register, cell).unwrap());
            assert_eq!(count_anew(register, None).unwrap(), 0, "{what}");
            assert_eq!(cells.each_ref().map(|cell| cell_digest(register, cell).unwrap()), kept, "{what}");
        };
        let mut sums = CellSums::default();
        for number in 0..10 {
            put_new(&register, &record(number, &cells[number as usize % 2], 1), &mut sums).unwrap();
        }
        sums.write(&register).unwrap();
        right(&register, "a page of new records");
        put(&register, &Held::from_server(record(10, &cells[0], 2))).unwrap();
        right(&register, "one new record");
        put(&register, &Held::from_server(record(1, &cells[1], 3))).unwrap();
        right(&register, "another version");
        for (stamp, before) in [(4, 3), (5, 4)] {
            let (held, before) = (Held::from_server(record(1, &cells[1], stamp)), record(1, &cells[1], before));
            put_settled(&register, &held, Digest::of(&before), &mut sums).unwrap();
            sums.write(&register).unwrap();
            right(&register, "an edit of a page");
        }
        put(&register, &Held::from_server(record(1, &cells[0], 4))).unwrap();
        right(&register, "another cell");
        put(&register, &Held { gone: true, ..Held::from_server(record(1, &cells[0], 4)) }).unwrap();
        right(&register, "gone");
        remove(&register, RecordId(uuid::Uuid::from_u128(2))).unwrap();
        right(&register, "removed");
    }

    #[test]
    fn what_waits_counts_once_it_waits_no_more() {
        let mut register = Connection::open_in_memory().unwrap();
        schema::migrate(&mut register).unwrap();
        let cell = CellCode::new("610722001001001").unwrap();
        let version = |number: u128, stamp: u128, unsent: bool| {
            let record = Record {
                id: RecordId(uuid::Uuid::from_u128(number)),
                kind: Kind::Building,
                cell: cell.clone(),
                fields: [("name".to_owned(), json!(format!("{stamp}幢")))].into(),
                stamps: Stamps::all(Stamp::from_bytes(stamp.to_be_bytes())),
            };
            let held = Held::from_server(record);
            if unsent { Held { unsent: [("name".to_owned(), Pending::default())].into(), ..held } } else { held }
        };
        let counts = |register: &Connection, sent: &[(u128, u128)], what: &str| {
            let sent: Vec<Record> = sent.iter().map(|(number, stamp)| version(*number, *stamp, false).record).collect();
            let wanted = CellDigest { records: sent.len() as u64, digest: sent.iter().collect() };
            assert_eq!(cell_digest(register, &cell).unwrap(), wanted, "{what}");
            assert_eq!(count_anew(register, None).unwrap(), 0, "{what}");
            assert_eq!(cell_digest(register, &cell).unwrap(), wanted, "{what}, counted anew");
        };
        put(&register, &version(1, 1, true)).unwrap();
        counts(&register, &[], "a new record that waits");
        put_sending(&register, &version(1, 1, false)).unwrap();
        counts(&register, &[(1, 1)], "the server has it");
        put(&register, &version(1, 2, true)).unwrap();
        counts(&register, &[], "written again");
        put(&register, &version(1, 3, true)).unwrap();
        counts(&register, &[], "and again");
        put(&register, &version(1, 4, false)).unwrap();
        counts(&register, &[(1, 4)], "the server's came, and nothing of it waits");
        put(&register, &version(2, 5, true)).unwrap();
        remove(&register, RecordId(uuid::Uuid::from_u128(2))).unwrap();
        counts(&register, &[(1, 4)], "one that waited was removed");
        put(&register, &version(1, 6, true)).unwrap();
        remove(&register, RecordId(uuid::Uuid::from_u128(1))).unwrap();
        counts(&register, &[], "one that was sent and waited again was removed");
    }
}
