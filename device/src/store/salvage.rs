//! What can still be read of a damaged register and is nowhere else: who the phone is, unsent, refused and overtaken words, unfinished
//! forms, pictures that the server may lack, what was handed over, erased or decided here. Everything else is pulled again.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde::de::IgnoredAny;

use super::photo_files::{is_named_by_words, mark_nameless, photos_wait_again};
use super::reserve::Reserve;
use super::wreck::{Row, Wreck};
use super::{Meta, SELECT_HELD, Store, held_of_row, schema, sha256};
use crate::DeviceError;
use crate::crypto::Key;
use crate::damage::remove_all;
use crate::owner::Owner;

/// Registers before schema 5 say in the record itself what of it is unsent.
const OLDER_RECORDS: &str = "(unsent IS NOT NULL OR reoffer = 1 OR kind = 'photo')";

/// What is carried over: a table, which of its rows, and the key of one that has no row numbers.
const TABLES: [(&str, &str, Option<&str>); 12] = [
    ("meta", "key NOT IN ('receipt', 'counted_at', 'safe_at')", Some("key")),
    ("refused", "1", Some("id")),
    ("draft", "1", Some("key")),
    ("overtaken", "1", Some("id, field, stamp")),
    ("unsent", "1", Some("id")),
    // What the worker ever wrote here, since the page that says which of it is unsent may be the broken one. A photo keeps its
    // picture only as long as its record is here; what is to be offered may be the last copy.
    ("record", "(own_at IS NOT NULL OR reoffer = 1 OR kind = 'photo')", None),
    // Before the pictures, like all words that name one: it says which of them wait.
    ("photo_way", "1", None),
    ("photo_file", "full IS NOT NULL", None),
    ("proof", "1", Some("id")),
    // What another phone handed over may be on no server yet, and no server tells again what the worker decided.
    ("received", "1", None),
    ("erased", "1", Some("id")),
    ("conflict", "1", Some("id, field, stamp")),
];

/// The columns that hold JSON. What is none was read of pages that do not belong together.
const JSON: [(&str, &[&str]); 8] = [
    ("meta", &["value"]),
    ("refused", &["code", "problems", "fields"]),
    ("draft", &["value"]),
    ("overtaken", &["value"]),
    ("unsent", &["fields"]),
    ("record", &["body", "unsent"]),
    ("received", &["body"]),
    ("conflict", &["body", "replaced"]),
];

/// So much is carried over before it is written out. Pictures may be more than there is room for twice, in the log and in the file.
const PIECE_BYTES: usize = 4 * 1024 * 1024;

/// What could be read of a damaged register.
#[derive(Debug)]
pub(crate) struct Salvaged {
    /// Whether it is known whose the new register is. If not, it is of no use to anybody.
    pub(crate) known: bool,
    /// How many rows were carried over.
    pub(crate) kept: usize,
    /// Whether the storage ever answered that it could not read: what was passed over then may be readable a minute later.
    pub(crate) storage_failed: bool,
}

/// Makes a register of what can still be read of a damaged one, its owner's as noted beside it.
///
/// # Errors
/// What keeps the new register from being written, or the damaged one from being read now: a full storage, say. Nothing has changed then.
pub(crate) fn salvage(
    damaged: &Path,
    rescue: &Path,
    key: &Key,
    owner: Option<&Owner>,
) -> Result<Salvaged, DeviceError> {
    afresh(rescue, || {
        let store = Store::open(rescue, key)?;
        fill(&store, Wreck::new(damaged, key), owner)
    })
}

/// Makes a file, in the room that is held in reserve if there is no other. Half of one is of no use, and only takes up room.
fn afresh<T>(file: &Path, mut make: impl FnMut() -> Result<T, DeviceError>) -> Result<T, DeviceError> {
    Reserve::beside(file).make_room(|| {
        remove_all(file)?;
        let made = make();
        if made.is_err() {
            remove_all(file)?;
        }
        made
    })
}

fn fill(store: &Store, mut wreck: Wreck<'_>, owner: Option<&Owner>) -> Result<Salvaged, DeviceError> {
    const VERSION: &str = "PRAGMA user_version";
    let found = wreck.insist(|connection| connection.query_row(VERSION, [], |row| row.get::<_, i64>(0)))?;
    if let Some(found) = found.filter(|found| *found > schema::VERSION) {
        return Err(DeviceError::NewerFile { found, known: schema::VERSION });
    }
    let connection = store.connection();
    connection.execute_batch("BEGIN IMMEDIATE")?;
    // Registers before schema 5 say in the record itself what of it is unsent; before schema 12 a picture's own row says how it stands.
    let older = has_column(&mut wreck, ("record", "unsent"))?;
    let mut rescue = Rescue::new(connection, has_column(&mut wreck, ("photo_way", "state"))?);
    let mut unsent_was_whole = true;
    for (table, condition, key) in TABLES {
        let condition = if older && table == "record" { OLDER_RECORDS } else { condition };
        let (kept, unfit) = (rescue.kept, rescue.unfit);
        let mut whole = match key {
            Some(key) => wreck.by_key((table, condition, key), |found| rescue.put(table, found))?,
            None => wreck.by_number((table, condition), |found| rescue.put(table, found))?,
        };
        whole &= rescue.unfit == unfit;
        unsent_was_whole &= whole || table != "unsent";
        tracing::warn!(table, kept = rescue.kept - kept, whole, "carried over from a damaged register");
    }
    carry_named(&mut wreck, &mut rescue)?;
    let (kept, storage_failed) = (rescue.kept, wreck.storage_failed());
    let anything = kept > 0;
    if !anything && storage_failed {
        // It may answer again. Until then nothing is set aside, least of all the key.
        return Err(DeviceError::StorageBroken("nothing of the register could be read".into()));
    }
    leave_out_unreadable(connection)?;
    if !older && !unsent_was_whole {
        // Nobody can say any more what of the worker's own words the server has: all of it goes up once more.
        connection.execute("UPDATE record SET reoffer = 1 WHERE own_at IS NOT NULL", [])?;
    }
    // Without its record there is nothing to send of it.
    connection.execute("DELETE FROM unsent WHERE id NOT IN (SELECT id FROM record)", [])?;
    connection.execute("DELETE FROM photo_way WHERE sha256 NOT IN (SELECT sha256 FROM photo_file)", [])?;
    // Nothing was saved but what the server may not have for all that names it.
    photos_wait_again(connection)?;
    mark_nameless(connection)?;
    // They were counted one by one as they came in.
    connection.execute("UPDATE record SET doubted = 0, added = 0", [])?;
    // An older register had no columns for it.
    schema::fill_columns(connection)?;
    // Where nothing could be read there is nothing to be anybody's: the key is set aside with the file.
    if let Some(owner) = owner.filter(|_| anything) {
        owner.fill_in(connection)?;
    }
    let known = Meta::Account.get::<crate::Account>(connection).is_ok_and(|account| account.is_some());
    connection.execute_batch("COMMIT")?;
    super::count_anew(connection, None)?;
    end_log(connection)?;
    Ok(Salvaged { known, kept, storage_failed })
}

/// Moves the log into the file. Closing does that too, but does not say when it could not, for want of room.
fn end_log(connection: &Connection) -> Result<(), DeviceError> {
    let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(DeviceError::StorageBroken("the new register's log is still in use".into())) } else { Ok(()) }
}

/// Whether a table of the damaged register has this column: which there are depends on the version that wrote it.
fn has_column(wreck: &mut Wreck<'_>, names: (&str, &str)) -> Result<bool, DeviceError> {
    const COLUMN: &str = "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2";
    Ok(wreck.insist(|connection| connection.query_row(COLUMN, names, |row| row.get::<_, i64>(0)))? == Some(1))
}

/// The records of which something is unsent, by their ids: one that was written before rows said when does not say itself that it is
/// the worker's.
fn carry_named(wreck: &mut Wreck<'_>, rescue: &mut Rescue<'_>) -> Result<(), DeviceError> {
    const NAMED: &str = "SELECT id FROM unsent UNION SELECT id FROM overtaken EXCEPT SELECT id FROM record";
    let mut statement = rescue.connection.prepare(NAMED)?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in names {
        // Asked for by its id, it would be the id of the index with the words of whatever row the index leads to.
        const NUMBER: &str = "SELECT rowid FROM record WHERE id = ?1";
        let number =
            wreck.insist(|connection| connection.query_row(NUMBER, [&id], |row| row.get::<_, i64>(0)).optional())?;
        let Some(number) = number.flatten() else { continue };
        let mut found = wreck.row("SELECT * FROM record WHERE rowid = ?1", number)?;
        found.retain(|(names, values)| matches!(value(names, values, "id"), Some(Value::Text(found)) if *found == id));
        rescue.put("record", &found)?;
    }
    Ok(())
}

/// Rows that hold no record would stop every round. They stay in the damaged file.
fn leave_out_unreadable(connection: &Connection) -> Result<(), DeviceError> {
    let mut unreadable = Vec::new();
    let mut statement = connection.prepare(SELECT_HELD)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if held_of_row(row).is_err() {
            unreadable.push(row.get::<_, String>(0)?);
        }
    }
    for id in &unreadable {
        tracing::warn!(%id, "a row of a damaged register holds no record");
        connection.execute("DELETE FROM record WHERE id = ?1", [id])?;
    }
    Ok(())
}

/// The new register while it is filled.
struct Rescue<'s> {
    connection: &'s Connection,
    /// Whether the damaged register says in rows of their own how its pictures stand.
    has_ways: bool,
    /// What came since something was written out.
    bytes: usize,
    /// How many rows were stored.
    kept: usize,
    /// How many were left out for what they hold.
    unfit: usize,
}

impl<'s> Rescue<'s> {
    fn new(connection: &'s Connection, has_ways: bool) -> Self {
        Self { connection, has_ways, bytes: 0, kept: 0, unfit: 0 }
    }

    /// Stores rows, the columns that this version knows; a row that does not fit is left out.
    fn put(&mut self, table: &str, found: &[Row]) -> Result<(), DeviceError> {
        if found.is_empty() {
            return Ok(());
        }
        let into = self.connection;
        let mut statement = into.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
        let known: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for (names, values) in found {
            if table == "photo_file" && !self.is_wanted(names, values)? {
                continue;
            }
            if !is_json(table, names, values) || !is_the_picture(names, values) {
                self.unfit += 1;
                continue;
            }
            put_older_unsent(into, names, values)?;
            let columns: Vec<(&String, &Value)> =
                names.iter().zip(values).filter(|(name, _)| known.contains(name)).collect();
            let list: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            let places = vec!["?"; columns.len()].join(", ");
            let sql = format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({places})", list.join(", "));
            match into.prepare_cached(&sql)?.execute(params_from_iter(columns.iter().map(|(_, value)| value))) {
                Ok(rows) => self.kept += rows,
                Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {}
                Err(error) => return Err(error.into()),
            }
            self.bytes += values.iter().map(bytes).sum::<usize>();
        }
        self.write_out()
    }

    /// Whether the server may not have a picture for all that names it. One that waits its way says; where that is not known any more
    /// every own one may wait, unless the register is so old that the picture's own row says it.
    fn is_wanted(&self, names: &[String], values: &[Value]) -> Result<bool, DeviceError> {
        const STATE: &str = "SELECT state FROM photo_way WHERE sha256 = ?1";
        let value = |name| value(names, values, name);
        let Some(Value::Text(hash)) = value("sha256") else { return Ok(false) };
        let mut statement = self.connection.prepare_cached(STATE)?;
        let way: Option<String> = statement.query_row([hash], |row| row.get(0)).optional()?;
        let waits = match (way, value("state")) {
            (Some(state), _) => state == "waiting",
            (None, Some(Value::Text(came))) if self.has_ways => came != "fetched",
            (None, Some(Value::Text(state))) => state == "waiting",
            (None, _) => true,
        };
        Ok(waits || is_named_by_words(self.connection, hash)?)
    }

    /// The log of all that is carried over would be as long as that.
    fn write_out(&mut self) -> Result<(), DeviceError> {
        if self.bytes >= PIECE_BYTES {
            self.bytes = 0;
            self.connection.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        }
        Ok(())
    }
}

fn bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        _ => 8,
    }
}

/// What stands in a column of a row.
fn value<'v>(names: &[String], values: &'v [Value], name: &str) -> Option<&'v Value> {
    names.iter().position(|known| known == name).and_then(|at| values.get(at))
}

/// Whether what should be JSON in a row is.
fn is_json(table: &str, names: &[String], values: &[Value]) -> bool {
    let columns = JSON.iter().find(|(name, _)| *name == table).map_or(&[][..], |(_, columns)| *columns);
    names.iter().zip(values).all(|(name, value)| match value {
        Value::Text(text) if columns.contains(&name.as_str()) => serde_json::from_str::<IgnoredAny>(text).is_ok(),
        _ => true,
    })
}

/// Whether the bytes of a picture are those that its hash speaks of. The server would take no others.
fn is_the_picture(names: &[String], values: &[Value]) -> bool {
    match (value(names, values, "sha256"), value(names, values, "full")) {
        (Some(Value::Text(hash)), Some(Value::Blob(bytes))) => sha256(bytes).as_str() == hash,
        _ => true,
    }
}

/// What an older register says in a record's row about its sending goes where this version keeps it.
fn put_older_unsent(into: &Connection, names: &[String], values: &[Value]) -> Result<(), DeviceError> {
    let value = |name| value(names, values, name);
    let (Some(Value::Text(id)), Some(Value::Text(fields))) = (value("id"), value("unsent")) else { return Ok(()) };
    const SQL: &str = "INSERT OR IGNORE INTO unsent (id, fields, offered) VALUES (?1, ?2, 0)";
    into.prepare_cached(SQL)?.execute((id, fields))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rusqlite::ffi;

    use super::super::keyed;
    use super::*;

    /// A picture that waits.
    fn waiting(hash: &str, bytes: Vec<u8>) -> Row {
        let values = vec![Value::Text(hash.into()), Value::Blob(bytes), Value::Text("waiting".into())];
        (["sha256", "full", "state"].map(str::to_owned).to_vec(), values)
    }

    /// A reader of a damaged register, whose storage has failed before if so it is said.
    fn reader<'a>(damaged: &'a Path, key: &'a Key, storage_failed: bool) -> Wreck<'a> {
        let mut wreck = Wreck::new(damaged, key);
        if storage_failed {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_READ), None);
            assert!(wreck.ask(|_| Err::<(), _>(error)).unwrap().is_none());
        }
        wreck
    }

    /// A folder, where in it a damaged register is to lie, and an empty register for each of two tries.
    fn with_room_for_two() -> (tempfile::TempDir, PathBuf, [Store; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let damaged = folder.path().join("register.db");
        let empty = ["rescue-1.db", "rescue-2.db"];
        let empty = empty.map(|name| Store::open(&folder.path().join(name), &Key::default()).unwrap());
        (folder, damaged, empty)
    }

    #[test]
    fn every_table_is_carried_over_or_known_to_be_made_again() {
        const MADE_AGAIN: [&str; 3] = ["cursor", "cell_digest", "repair"];
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("register.db"), &Key::default()).unwrap();
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut statement = store.connection.prepare(tables).unwrap();
        let tables: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let mut known: Vec<&str> = TABLES.iter().map(|(table, ..)| *table).chain(MADE_AGAIN).collect();
        known.sort_unstable();
        assert_eq!(tables, known);
    }

    #[test]
    fn where_the_index_of_the_records_leads_to_another_one_its_words_are_not_carried_over() {
        const ROWS: &str = "INSERT INTO record (id, kind, cell, body)
            VALUES ('a', 'building', '610722001001001', '{}'), ('b', 'building', '610722001001001', '{}')";
        const ASTRAY: &str = "CREATE TABLE other (id TEXT PRIMARY KEY);
            INSERT INTO other (rowid, id) SELECT rowid, CASE id WHEN 'a' THEN 'b' ELSE 'a' END FROM record;
            PRAGMA writable_schema = ON;
            UPDATE sqlite_schema SET rootpage =
                (SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_other_1')
                WHERE name = 'sqlite_autoindex_record_1'";
        for (is_astray, carried) in [(false, 1), (true, 0)] {
            let folder = tempfile::tempdir().unwrap();
            let (damaged, key) = (folder.path().join("register.db"), Key::default());
            let register = Store::open(&damaged, &key).unwrap();
            register.connection.execute_batch(ROWS).unwrap();
            if is_astray {
                register.connection.execute_batch(ASTRAY).unwrap();
            }
            drop(register);
            let store = Store::open(&folder.path().join("rescue.db"), &key).unwrap();
            store.connection.execute_batch("INSERT INTO unsent (id, offered) VALUES ('a', 0); BEGIN").unwrap();
            let mut rescue = Rescue::new(&store.connection, true);
            carry_named(&mut Wreck::new(&damaged, &key), &mut rescue).unwrap();
            assert_eq!(rescue.kept, carried, "{is_astray}");
        }
    }

    #[test]
    fn a_storage_that_cannot_read_is_not_taken_for_a_register_of_which_nothing_is_left() {
        let (_folder, damaged, [lost, unread]) = with_room_for_two();
        std::fs::write(&damaged, [1; 8192]).unwrap();
        let key = Key::default();
        let filled = fill(&lost, reader(&damaged, &key, false), None);
        assert!(matches!(filled, Ok(Salvaged { known: false, .. })), "{filled:?}");
        let filled = fill(&unread, reader(&damaged, &key, true), None);
        assert!(matches!(filled, Err(DeviceError::StorageBroken(_))), "{filled:?}");
    }

    #[test]
    fn that_the_storage_could_not_read_something_is_told_with_what_was_carried_over() {
        let (_folder, damaged, stores) = with_room_for_two();
        let key = Key::default();
        let register = Store::open(&damaged, &key).unwrap();
        register.save_draft("form", &serde_json::json!("typed"), 0).unwrap();
        drop(register);
        for (store, storage_failed) in stores.iter().zip([false, true]) {
            let filled = fill(store, reader(&damaged, &key, storage_failed), None).unwrap();
            assert_eq!(filled.storage_failed, storage_failed);
            assert!(filled.kept > 0);
        }
    }

    #[test]
    fn a_log_that_could_not_be_moved_into_the_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("register.db"), Key::default());
        let store = Store::open(&path, &key).unwrap();
        let reader = keyed(&path, &key).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM record").unwrap();
        store.save_draft("form", &serde_json::json!("typed"), 0).unwrap();
        store.connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        assert!(matches!(end_log(&store.connection), Err(DeviceError::StorageBroken(_))));
        drop(reader);
        end_log(&store.connection).unwrap();
        assert_eq!(std::fs::metadata(folder.path().join("register.db-wal")).unwrap().len(), 0);
    }

    #[test]
    fn a_new_register_takes_the_room_that_is_held_in_reserve_and_no_half_of_one_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let (file, reserve) = (folder.path().join("register.rescue.db"), folder.path().join("reserve"));
        std::fs::write(&reserve, [1; 100]).unwrap();
        let mut tries = 0;
        let made = afresh(&file, || {
            tries += 1;
            assert!(!file.exists(), "the first try left a half one");
            std::fs::write(&file, "half").unwrap();
            if reserve.exists() { Err(DeviceError::StorageFull) } else { Ok(()) }
        });
        assert!(made.is_ok() && tries == 2 && file.exists());
        let made = afresh(&file, || {
            std::fs::write(&file, "half").unwrap();
            Err::<(), _>(DeviceError::StorageFull)
        });
        assert!(made.is_err() && !file.exists());
    }

    #[test]
    fn pictures_are_written_out_one_after_the_other_and_not_all_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("register.db"), Key::default());
        let store = Store::open(&path, &key).unwrap();
        store.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut rescue = Rescue::new(&store.connection, true);
        let picture = |filling: u8| {
            let bytes = vec![filling; PIECE_BYTES / 2];
            waiting(sha256(&bytes).as_str(), bytes)
        };
        let written = || -> i64 {
            let connection = keyed(&path, &key).unwrap();
            connection.query_row("SELECT count(*) FROM photo_file", [], |row| row.get(0)).unwrap()
        };
        rescue.put("photo_file", &[picture(1)]).unwrap();
        assert_eq!(written(), 0);
        rescue.put("photo_file", &[picture(2)]).unwrap();
        assert_eq!(written(), 2);
    }

    #[test]
    fn pictures_that_wait_are_saved_and_those_of_which_nobody_can_say_it_as_they_came() {
        const HERE: &str = "SELECT sha256 FROM photo_file ORDER BY full";
        const PUT: &str = "INSERT INTO photo_file (sha256, full, state) VALUES (?1, ?2, ?3)";
        const SAY: &str = "UPDATE photo_way SET state = ?2 WHERE sha256 = ?1";
        // Each as it came, and as its way says. The fourth was loaded from a server that was put back since, and the last was sent before
        // there were ways, and is to be sent again.
        const PICTURES: [(u8, &str, &str); 5] = [
            (1, "waiting", "waiting"),
            (2, "waiting", "stored"),
            (3, "fetched", "fetched"),
            (4, "fetched", "waiting"),
            (5, "stored", "waiting"),
        ];
        // The last is a register of a time when the picture's own row said all.
        let registers: [(&str, &[u8]); 3] =
            [("", &[1, 4, 5]), ("DELETE FROM photo_way", &[1, 2, 5]), ("DROP TABLE photo_way", &[1, 2])];
        for (lost, kept) in registers {
            let (_folder, damaged, [store, _]) = with_room_for_two();
            let key = Key::default();
            let register = Store::open(&damaged, &key).unwrap();
            for (picture, came, state) in PICTURES {
                let bytes = vec![picture; 100];
                register.connection.execute(PUT, (sha256(&bytes).as_str(), &bytes, came)).unwrap();
                register.connection.execute(SAY, (sha256(&bytes).as_str(), state)).unwrap();
            }
            register.connection.execute_batch(lost).unwrap();
            drop(register);
            fill(&store, reader(&damaged, &key, false), None).unwrap();
            let mut statement = store.connection.prepare(HERE).unwrap();
            let here: Vec<String> =
                statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
            let hashes: Vec<String> = kept.iter().map(|picture| sha256(&[*picture; 100]).to_string()).collect();
            assert_eq!(here, hashes, "{lost}");
            let ways = "SELECT count(*) FROM photo_way WHERE state = 'waiting'";
            assert_eq!(store.connection.query_row(ways, [], |row| row.get::<_, i64>(0)).unwrap(), kept.len() as i64);
        }
    }

    #[test]
    fn a_picture_whose_bytes_are_not_those_of_its_hash_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("register.db"), &Key::default()).unwrap();
        store.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut rescue = Rescue::new(&store.connection, true);
        let (whole, other) = (sha256(&[1; 100]), sha256(&[2; 100]));
        rescue
            .put("photo_file", &[waiting(other.as_str(), vec![3; 100]), waiting(whole.as_str(), vec![1; 100])])
            .unwrap();
        assert_eq!((rescue.kept, rescue.unfit), (1, 1));
    }
}
