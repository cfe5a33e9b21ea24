//! A register whose pages may be broken anywhere, read as far as it can be: what of it is whole is given out, the rest passed over.
//!
//! The cipher gives out a broken page as an empty one. Mostly SQLite sees at once that this is none; but the page on which a long value
//! ends may be empty, and the value is then read as one that ends in nothing. From then on every further page comes out empty, and
//! nothing that is written is kept. So the cipher is asked after every row, and after an error the file is opened anew. A read that fails
//! for a moment looks just so: what could not be read is asked for again, up to twice, when all the rest of its table has come.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, Params, ffi};

use super::{Store, connect, keyed};
use crate::DeviceError;
use crate::crypto::Key;

/// How far rows are looked for when the file does not say how many there are.
const ROWS_MAX: i64 = 100_000;

/// After so many unreadable rows, one after the other, no further one is asked for: each costs opening the file anew.
const PATIENCE: usize = 1_000;

/// So often altogether something is asked for that cannot be read: a storage may fail for a moment, and to the cipher that looks like
/// damage.
const TRIES: usize = 3;

/// The names of the columns, and what stands in them.
pub(super) type Row = (Vec<String>, Vec<Value>);

/// Whether what keeps a register from being opened or used lies in its file: pages that are not what was written there or cannot be
/// read, tables and indexes that do not fit each other, or facts about the phone that are no JSON. A storage that is full or busy is
/// none of it, nor is what a newer version wrote. Every page is read, also those that nobody asked for.
pub(crate) fn is_broken(register: &Path, key: &Key) -> bool {
    // Looking for it would make one.
    register.exists()
        && shows_damage(register, key).unwrap_or_else(|error| matches!(error, DeviceError::RegisterDamaged))
}

fn shows_damage(register: &Path, key: &Key) -> Result<bool, DeviceError> {
    const HALF: &str = "SELECT 1 FROM meta WHERE NOT json_valid(value) LIMIT 1";
    let connection = keyed(register, key)?;
    // A page that a power cut left half written lies whole in the log. The file alone says nothing until all of that is moved there.
    if log_is_moved(&connection)? && connection.prepare("PRAGMA cipher_integrity_check")?.exists([])? {
        return Ok(true);
    }
    // Reads what is in use wherever it lies, and needs no room; a broken page at the end of a long value is seen by the cipher alone.
    let first: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok(first != "ok" || met_damage(&connection) || connection.prepare(HALF)?.exists([])?)
}

/// Moves the log into the file. False: some of it is still in use there, or there is no room.
fn log_is_moved(connection: &Connection) -> Result<bool, DeviceError> {
    let moved = connection.query_row("PRAGMA wal_checkpoint", [], |row| {
        let (busy, pages, moved): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(!busy && pages == moved)
    });
    match moved.map_err(DeviceError::from) {
        Err(DeviceError::StorageFull) => Ok(false),
        moved => moved,
    }
}

impl Store {
    /// Whether a broken page was met. What was read since may end in nothing, and nothing that is written from here on is kept.
    pub(crate) fn met_damage(&self) -> bool {
        met_damage(self.connection())
    }
}

fn met_damage(connection: &Connection) -> bool {
    // What it says is settled when the statement is made, so none is kept.
    let status = connection.query_row("PRAGMA cipher_status", [], |row| row.get::<_, String>(0));
    status.is_ok_and(|status| status == "0")
}

/// A damaged register.
pub(super) struct Wreck<'a> {
    path: &'a Path,
    key: &'a Key,
    connection: Option<Connection>,
    /// How many rows may be unreadable one after the other.
    patience: usize,
    /// Whether the storage ever answered that it could not read.
    storage_failed: bool,
}

impl<'a> Wreck<'a> {
    pub(super) fn new(path: &'a Path, key: &'a Key) -> Self {
        Self { path, key, connection: None, patience: PATIENCE, storage_failed: false }
    }

    /// Whether the storage ever answered that it could not read: a page of it may be worn out, or all of it may be out of reach just now.
    pub(super) fn storage_failed(&self) -> bool {
        self.storage_failed
    }

    /// Asks something of the file; none when the answer lies where it is broken.
    ///
    /// What has nothing to do with the file is an error: a storage that is full must not look like pages that cannot be read.
    pub(super) fn ask<T>(
        &mut self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, DeviceError> {
        let asked = self.connection.take().map_or_else(|| self.connect(), Ok).and_then(|connection| {
            let answer = question(&connection);
            // The cipher takes what could not be read for a broken page.
            self.storage_failed |= answer.as_ref().is_err_and(is_of_the_storage);
            if met_damage(&connection) {
                return Ok(None);
            }
            let answer = answer?;
            self.connection = Some(connection);
            Ok(Some(answer))
        });
        match asked {
            Err(error) if is_passing(&error) => Err(error.into()),
            Err(_) => Ok(None),
            Ok(answer) => Ok(answer),
        }
    }

    /// As [`Wreck::ask`], and asks up to twice more where there is no answer: for what all the rest depends on.
    pub(super) fn insist<T>(
        &mut self,
        question: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, DeviceError> {
        for _ in 1..TRIES {
            if let Some(answer) = self.ask(&question)? {
                return Ok(Some(answer));
            }
        }
        self.ask(&question)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = connect(self.path, self.key)?;
        // With this SQLite reads a file whose end is missing, which it otherwise refuses as a whole.
        connection.pragma_update(None, "writable_schema", true)?;
        Ok(connection)
    }

    /// The row with this number; nothing where there is none, or it cannot be read.
    pub(super) fn row(&mut self, sql: &str, number: i64) -> Result<Vec<Row>, DeviceError> {
        let found = self.insist(|connection| {
            let mut found = Vec::new();
            read(connection, sql, [number], &mut found).map(|()| found)
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Reads rows as far as they can be read. True: to the end.
    fn read(&mut self, sql: &str, params: impl Params, found: &mut Vec<Row>) -> Result<bool, DeviceError> {
        Ok(self.ask(|connection| read(connection, sql, params, found))?.is_some())
    }

    /// Gives out the rows of a table that has no row numbers, found by its key, from both of its ends: what lies between two broken
    /// pages is lost. True: every row could be read.
    pub(super) fn by_key(
        &mut self,
        (table, condition, key): (&str, &str, &str),
        mut take: impl FnMut(&[Row]) -> Result<(), DeviceError>,
    ) -> Result<bool, DeviceError> {
        for direction in ["ASC", "DESC"] {
            let order: Vec<String> = key.split(", ").map(|column| format!("{column} {direction}")).collect();
            let from = format!("FROM {table} WHERE {condition} ORDER BY {}", order.join(", "));
            // Keys lie in the table's own pages, and long values go on elsewhere: so many rows can be walked over, whatever of their
            // values is broken. Looking for a single key would read the values of its neighbours.
            let (keys, mut whole) = self.count(&format!("SELECT {key} {from}"))?;
            let (mut asked, mut missed) = (0, Vec::new());
            while asked < keys {
                let mut found = Vec::new();
                let read = self.read(&format!("SELECT * {from} LIMIT -1 OFFSET {asked}"), [], &mut found)?;
                // The row after those that were found is the one that cannot be read.
                asked += found.len() as i64;
                missed.extend((!read).then_some(asked));
                asked += 1;
                take(&found)?;
            }
            whole &= self.again(&format!("SELECT * {from} LIMIT 1 OFFSET ?1"), missed, &mut take)?;
            if whole {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many rows there are as far as they can be walked over, and whether that is all of them.
    fn count(&mut self, sql: &str) -> Result<(i64, bool), DeviceError> {
        let mut most = 0;
        for _ in 0..TRIES {
            let mut found = Vec::new();
            let whole = self.read(sql, [], &mut found)?;
            most = most.max(found.len() as i64);
            if whole {
                return Ok((most, true));
            }
        }
        Ok((most, false))
    }

    /// Gives out the rows of a table by their numbers. True: every row could be read.
    pub(super) fn by_number(
        &mut self,
        (table, condition): (&str, &str),
        mut take: impl FnMut(&[Row]) -> Result<(), DeviceError>,
    ) -> Result<bool, DeviceError> {
        // A register of an older schema has not every table, and one whose schema is broken none.
        let there = format!("SELECT 1 FROM {table} LIMIT 0");
        if self.insist(|connection| connection.prepare(&there).map(|_| ()))?.is_none() {
            return Ok(false);
        }
        let last = format!("SELECT coalesce(max(rowid), 0) FROM {table}");
        let last = self.insist(|connection| connection.query_row(&last, [], |row| row.get::<_, i64>(0)))?;
        let sql = format!("SELECT * FROM {table} WHERE rowid = ?1 AND {condition}");
        let (mut missed, given_up) = self.by_numbers(&sql, 1..=last.unwrap_or(ROWS_MAX), &mut take)?;
        // Behind a page that led to thousands of rows the others are reached from the end.
        if let (Some(given_up), Some(last)) = (given_up, last) {
            missed.extend(self.by_numbers(&sql, (given_up + 1..=last).rev(), &mut take)?.0);
        }
        let came = self.again(&sql, missed, &mut take)?;
        Ok(came && given_up.is_none() && last.is_some())
    }

    /// Asks up to twice more for rows that could not be read, after all others of their table. True: every one came.
    fn again(
        &mut self,
        sql: &str,
        mut missed: Vec<i64>,
        take: &mut impl FnMut(&[Row]) -> Result<(), DeviceError>,
    ) -> Result<bool, DeviceError> {
        for _ in 1..TRIES {
            let mut still = Vec::new();
            for number in missed {
                let mut found = Vec::new();
                if !self.read(sql, [number], &mut found)? {
                    still.push(number);
                }
                take(&found)?;
            }
            missed = still;
        }
        Ok(missed.is_empty())
    }

    /// The rows with these numbers. Which of them could not be read, and where so many could not, one after the other, that the rest was
    /// given up: these are not among them, for no storage fails so long.
    fn by_numbers(
        &mut self,
        sql: &str,
        numbers: impl Iterator<Item = i64>,
        take: &mut impl FnMut(&[Row]) -> Result<(), DeviceError>,
    ) -> Result<(Vec<i64>, Option<i64>), DeviceError> {
        let (mut missed, mut unreadable) = (Vec::new(), 0);
        for number in numbers {
            let mut found = Vec::new();
            let read = self.read(sql, [number], &mut found)?;
            take(&found)?;
            missed.extend((!read).then_some(number));
            unreadable = if read { 0 } else { unreadable + 1 };
            if unreadable == self.patience {
                missed.truncate(missed.len() - unreadable);
                return Ok((missed, Some(number)));
            }
        }
        Ok((missed, None))
    }
}

fn read(connection: &Connection, sql: &str, params: impl Params, found: &mut Vec<Row>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        let values = (0..names.len()).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
        if met_damage(connection) {
            break;
        }
        found.push((names.clone(), values));
    }
    Ok(())
}

/// Whether it was the storage that could not read. Of a file whose end is missing less is read, and nothing is wrong with the storage.
fn is_of_the_storage(error: &rusqlite::Error) -> bool {
    const CODES: [i32; 2] = [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_CORRUPTFS];
    error.sqlite_error().is_some_and(|error| CODES.contains(&error.extended_code))
}

/// Whether an error says something about this moment, and nothing about the file.
fn is_passing(error: &rusqlite::Error) -> bool {
    use ErrorCode as Code;
    const UNREADABLE: [i32; 3] = [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_SHORT_READ, ffi::SQLITE_IOERR_CORRUPTFS];
    error.sqlite_error().is_some_and(|error| match error.code {
        Code::SystemIoFailure => !UNREADABLE.contains(&error.extended_code),
        Code::DiskFull | Code::DatabaseBusy | Code::DatabaseLocked | Code::OutOfMemory | Code::CannotOpen => true,
        Code::ReadOnly | Code::PermissionDenied | Code::FileLockingProtocolFailed => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    const PAGE: usize = 4096;

    /// Eighty rows, four or so on a page.
    const ROWS: &str = "INSERT INTO record (id, kind, cell, body)
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 80)
        SELECT printf('%03d', n), 'building', '610722001001001', json_object('text', printf('%.*c', 900, 'x')) FROM number";

    /// A register with something in it, closed.
    fn filled(sql: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("register.db");
        Store::open(&path, &Key::default()).unwrap().connection().execute_batch(sql).unwrap();
        (folder, path)
    }

    /// The pages of a table that are of one type, in their order, each with the number of its rows.
    fn pages(path: &Path, table: &str, pagetype: &str) -> Vec<(usize, usize)> {
        const SQL: &str = "SELECT pageno, ncell FROM dbstat WHERE name = ?1 AND pagetype = ?2 ORDER BY path";
        let connection = keyed(path, &Key::default()).unwrap();
        let mut statement = connection.prepare(SQL).unwrap();
        let page = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)? as usize, row.get::<_, i64>(1)? as usize));
        let found = statement.query_map([table, pagetype], page).unwrap().collect::<rusqlite::Result<_>>();
        found.unwrap()
    }

    fn break_page(path: &Path, page: usize) {
        let mut bytes = fs::read(path).unwrap();
        bytes[(page - 1) * PAGE..page * PAGE].iter_mut().for_each(|byte| *byte ^= 0x5A);
        fs::write(path, bytes).unwrap();
    }

    /// A question that ends in this error.
    fn fails(code: i32) -> impl FnOnce(&Connection) -> rusqlite::Result<()> {
        move |_| Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }

    /// How many records are given out, by a reader of little patience.
    fn records(path: &Path) -> usize {
        let key = Key::default();
        let mut wreck = Wreck { patience: 3, ..Wreck::new(path, &key) };
        let mut found = 0;
        let take = |rows: &[Row]| {
            found += rows.len();
            Ok(())
        };
        assert!(!wreck.by_number(("record", "1"), take).unwrap(), "something is missing");
        found
    }

    #[test]
    fn rows_on_both_sides_of_a_long_stretch_that_cannot_be_read_are_given_out() {
        let (_folder, path) = filled(ROWS);
        let leaves = pages(&path, "record", "leaf");
        let broken = &leaves[8..12];
        broken.iter().for_each(|(page, _)| break_page(&path, *page));
        assert_eq!(records(&path), 80 - broken.iter().map(|(_, rows)| rows).sum::<usize>());
    }

    #[test]
    fn a_file_whose_end_is_missing_is_read_as_far_as_it_goes() {
        let (_folder, path) = filled(ROWS);
        let leaves = pages(&path, "record", "leaf");
        let last = leaves[9].0;
        fs::File::options().write(true).open(&path).unwrap().set_len((last * PAGE) as u64).unwrap();
        assert!(keyed(&path, &Key::default()).is_err(), "else nothing is missing");
        let there = leaves.iter().filter(|(page, _)| *page <= last);
        assert_eq!(records(&path), there.map(|(_, rows)| rows).sum::<usize>());
    }

    #[test]
    fn what_lies_between_two_long_values_that_cannot_be_read_is_given_out_and_nothing_is_made_up() {
        let (_folder, path) = filled(
            "INSERT INTO draft (key, value, saved_at)
                WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 9)
                SELECT n, printf('%.*c', CASE WHEN n IN (3, 7) THEN 9000 ELSE 100 END, 'x'), n FROM number",
        );
        let long = pages(&path, "draft", "overflow");
        // The page on which the one ends, and that on which the other goes on.
        long[long.len() / 2 - 1..][..2].iter().for_each(|(page, _)| break_page(&path, *page));
        let key = Key::default();
        let mut found = BTreeSet::new();
        let take = |rows: &[Row]| {
            for (_, values) in rows {
                let [Value::Text(key), Value::Text(value), _] = &values[..] else { panic!("{values:?}") };
                assert_eq!(*value, "x".repeat(100));
                found.insert(key.clone());
            }
            Ok(())
        };
        assert!(!Wreck::new(&path, &key).by_key(("draft", "1", "key"), take).unwrap(), "two are missing");
        assert_eq!(found.into_iter().collect::<String>(), "1245689");
    }

    #[test]
    fn a_row_that_can_be_read_a_moment_later_is_given_out_after_the_others_of_its_table() {
        let (_folder, path) = filled(ROWS);
        let leaves = pages(&path, "record", "leaf");
        let ((for_now, passed_over), (for_good, lost)) = (leaves[3], leaves[9]);
        [for_now, for_good].iter().for_each(|page| break_page(&path, *page));
        let (key, mut found, mut is_mended) = (Key::default(), 0, false);
        let take = |rows: &[Row]| {
            found += rows.len();
            if found == 80 - passed_over - lost && !is_mended {
                break_page(&path, for_now);
                is_mended = true;
            }
            Ok(())
        };
        assert!(!Wreck::new(&path, &key).by_number(("record", "1"), take).unwrap(), "the other page stays as it is");
        assert_eq!(found, 80 - lost);
    }

    #[test]
    fn a_row_between_an_end_of_its_table_and_a_broken_page_is_asked_for_again_by_its_key() {
        let (_folder, path) = filled(
            "INSERT INTO draft (key, value, saved_at)
                WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 80)
                SELECT printf('%03d', n), printf('%.*c', CASE n WHEN 3 THEN 9000 ELSE 600 END, 'x'), n FROM number",
        );
        let (for_now, _) = *pages(&path, "draft", "overflow").last().unwrap();
        let (for_good, lost) = pages(&path, "draft", "leaf")[8];
        [for_now, for_good].iter().for_each(|page| break_page(&path, *page));
        let (key, mut found) = (Key::default(), BTreeSet::new());
        let take = |rows: &[Row]| {
            let is_mended = found.contains("004");
            for (_, values) in rows {
                let [Value::Text(key), ..] = &values[..] else { panic!("{values:?}") };
                found.insert(key.clone());
            }
            if found.contains("004") && !is_mended {
                break_page(&path, for_now);
            }
            Ok(())
        };
        assert!(!Wreck::new(&path, &key).by_key(("draft", "1", "key"), take).unwrap(), "the other page stays as it is");
        assert_eq!((found.contains("003"), found.len()), (true, 80 - lost));
    }

    #[test]
    fn what_all_the_rest_depends_on_is_asked_three_times() {
        let (_folder, path) = filled("");
        let key = Key::default();
        let mut wreck = Wreck::new(&path, &key);
        let mut answered = |failures: usize| {
            let asked = Cell::new(0);
            let question = |connection: &Connection| {
                asked.set(asked.get() + 1);
                if asked.get() <= failures { fails(ffi::SQLITE_CORRUPT)(connection) } else { Ok(()) }
            };
            (wreck.insist(question).unwrap().is_some(), asked.get())
        };
        assert_eq!([0, 2, 3].map(&mut answered), [(true, 1), (true, 3), (false, 3)]);
    }

    #[test]
    fn a_full_storage_is_not_taken_for_a_page_that_cannot_be_read() {
        let (_folder, path) = filled("");
        let key = Key::default();
        let mut wreck = Wreck::new(&path, &key);
        assert!(matches!(wreck.ask(fails(ffi::SQLITE_FULL)), Err(DeviceError::StorageFull)));
        assert!(matches!(wreck.ask(fails(ffi::SQLITE_BUSY)), Err(DeviceError::StorageBroken(_))));
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_IOERR_CORRUPTFS] {
            assert!(matches!(wreck.ask(fails(code)), Ok(None)));
        }
    }

    #[test]
    fn what_lies_in_the_file_is_told_from_what_does_not() {
        let key = Key::default();
        let (folder, path) = filled(
            r#"INSERT INTO meta (key, value) VALUES
                ('lists', json_quote(printf('%.*c', 9000, 'x'))), ('account', '{"role":"of another version"}')"#,
        );
        assert!(!is_broken(&path, &key));
        break_page(&path, pages(&path, "meta", "overflow").last().unwrap().0);
        assert!(is_broken(&path, &key));
        let (_folder, half) = filled(r#"INSERT INTO meta (key, value) VALUES ('lists', '["half')"#);
        assert!(is_broken(&half, &key));
        let nowhere = folder.path().join("nowhere.db");
        assert!(!is_broken(&nowhere, &key) && !nowhere.exists());
    }

    #[test]
    fn an_index_that_does_not_lead_to_its_rows_is_damage_though_every_page_is_as_it_was_written() {
        const ASTRAY: &str = "PRAGMA writable_schema = ON;
            UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'received_by_parent')
                WHERE name = 'record_by_kind'";
        let key = Key::default();
        let (_folder, path) = filled(ROWS);
        assert!(!is_broken(&path, &key));
        keyed(&path, &key).unwrap().execute_batch(ASTRAY).unwrap();
        assert!(is_broken(&path, &key));
    }

    /// A register that is open, with a long fact about the phone and the page on which that ends, and a reader who keeps what is written from
    /// being moved out of the log.
    struct BusyRegister {
        _folder: tempfile::TempDir,
        path: PathBuf,
        page: usize,
        store: Store,
        reader: Connection,
    }

    fn with_a_long_fact_and_a_reader() -> BusyRegister {
        let key = Key::default();
        let (folder, path) =
            filled("INSERT INTO meta (key, value) VALUES ('lists', json_quote(printf('%.*c', 9000, 'x')))");
        let page = pages(&path, "meta", "overflow").last().unwrap().0;
        let (store, reader) = (Store::open(&path, &key).unwrap(), keyed(&path, &key).unwrap());
        reader.execute_batch("BEGIN; SELECT count(*) FROM record").unwrap();
        BusyRegister { _folder: folder, path, page, store, reader }
    }

    #[test]
    fn a_broken_page_is_found_though_the_log_cannot_be_moved() {
        let BusyRegister { _folder, path, page, store, reader } = with_a_long_fact_and_a_reader();
        let key = Key::default();
        store.save_draft("form", &serde_json::json!("typed"), 0).unwrap();
        assert!(!is_broken(&path, &key));
        break_page(&path, page);
        assert!(is_broken(&path, &key));
        drop(reader);
    }

    #[test]
    fn a_page_that_lies_whole_in_the_log_is_no_damage_while_it_cannot_be_moved() {
        const OTHERS: &str = "UPDATE meta SET value = json_quote(printf('%.*c', 9000, 'y')) WHERE key = 'lists'";
        let BusyRegister { _folder, path, page, store, reader } = with_a_long_fact_and_a_reader();
        let key = Key::default();
        store.connection().execute_batch(OTHERS).unwrap();
        break_page(&path, page);
        assert!(!is_broken(&path, &key), "the reader keeps the page in the log");
        drop(reader);
        assert!(!is_broken(&path, &key), "the page is moved over the broken one");
    }
}
