//! What can still be read of a damaged register and is nowhere else: who the phone is, unsent, refused and overtaken words, unfinished
//! forms, pictures that wait to be sent, what was handed over, erased or decided here. Everything else is pulled again.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Params, params_from_iter};

use super::{Meta, Store, keyed, schema};
use crate::DeviceError;
use crate::crypto::Key;
use crate::owner::Owner;

/// How far rows are looked for when the file does not say how many there are.
const ROWS_MAX: i64 = 100_000;

/// After so many unreadable rows, one after the other, the rest is given up: each costs opening the file anew.
const UNREADABLE_MAX: usize = 1_000;

/// Registers before schema 5 say in the record itself what of it is unsent.
const OLDER_RECORDS: &str = "(unsent IS NOT NULL OR reoffer = 1 OR kind = 'photo')";

/// What is carried over: a table, which of its rows, and by what they are found one by one; a table without row numbers is read
/// from both of its ends.
const TABLES: [(&str, &str, Option<&str>); 11] = [
    ("meta", "key NOT IN ('receipt', 'counted_at', 'safe_at')", Some("key")),
    ("refused", "1", Some("id")),
    ("draft", "1", Some("key")),
    ("overtaken", "1", Some("id, field, stamp")),
    ("unsent", "1", Some("id")),
    // What the worker ever wrote here, since the page that says which of it is unsent may be the broken one. A photo keeps its
    // picture only as long as its record is here; what is to be offered may be the last copy.
    ("record", "(own_at IS NOT NULL OR reoffer = 1 OR kind = 'photo')", None),
    ("photo_file", "state = 'waiting'", None),
    ("proof", "1", Some("id")),
    // What another phone handed over may be on no server yet, and no server tells again what the worker decided.
    ("received", "1", None),
    ("erased", "1", Some("id")),
    ("conflict", "1", Some("id, field, stamp")),
];

/// Makes a register of what can still be read of a damaged one, its owner's as noted beside it. False: nobody knows whose it is, and
/// there is none.
pub(crate) fn salvage(damaged: &Path, rescue: &Path, key: &Key, owner: Option<Owner>) -> Result<bool, DeviceError> {
    let mut store = Store::open(rescue, key)?;
    let mut wreck = Wreck { path: damaged, key, connection: None, unsent_was_whole: true };
    let transaction = store.begin()?;
    let older = wreck.says_unsent_in_records();
    let mut carried = 0;
    for (table, condition, order) in TABLES {
        let condition = if older && table == "record" { OLDER_RECORDS } else { condition };
        let kept = match order {
            Some(order) => wreck.carry_from_both_ends(&transaction, (table, condition, order))?,
            None => wreck.carry_row_by_row(&transaction, (table, condition))?,
        };
        carried += kept;
        tracing::warn!(table, kept, "carried over from a damaged register");
    }
    wreck.carry_named(&transaction)?;
    if !older && !wreck.unsent_was_whole {
        // Nobody can say any more what of the worker's own words the server has: all of it goes up once more.
        transaction.execute("UPDATE record SET reoffer = 1 WHERE own_at IS NOT NULL", [])?;
    }
    // Without its record there is nothing to send of it.
    transaction.execute("DELETE FROM unsent WHERE id NOT IN (SELECT id FROM record)", [])?;
    // They were counted one by one as they came in.
    transaction.execute("UPDATE record SET doubted = 0, added = 0", [])?;
    // An older register had no columns for it.
    schema::fill_columns(&transaction)?;
    // Where nothing could be read there is nothing to be anybody's: the key is set aside with the file.
    if let Some(owner) = owner.filter(|_| carried > 0) {
        owner.fill_in(&transaction)?;
    }
    let known = Meta::Account.get::<crate::Account>(&transaction).is_ok_and(|account| account.is_some());
    transaction.commit()?;
    super::count_anew(store.connection(), None)?;
    store.reserve.make_room(|| end_log(&store.connection))?;
    Ok(known)
}

/// Moves the log into the file. Closing does that too, but does not say when it could not, for want of room.
fn end_log(connection: &Connection) -> Result<(), DeviceError> {
    let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(DeviceError::StorageBroken("the new register's log is still in use".into())) } else { Ok(()) }
}

/// A register whose pages may be broken anywhere. After an error the file is opened anew: a cipher that met a broken page reads
/// no other any more.
struct Wreck<'a> {
    path: &'a Path,
    key: &'a Key,
    connection: Option<Connection>,
    /// The list of what is unsent could be read to its end.
    unsent_was_whole: bool,
}

/// The names of the columns, and what stands in them.
type Row = (Vec<String>, Vec<Value>);

impl Wreck<'_> {
    /// Asks something of the file; none when the answer lies on a broken page.
    fn ask<T>(&mut self, question: impl FnOnce(&Connection) -> Result<T, DeviceError>) -> Option<T> {
        if self.connection.is_none() {
            self.connection = keyed(self.path, self.key).ok();
        }
        let answer = question(self.connection.as_ref()?);
        if answer.is_err() {
            self.connection = None;
        }
        answer.ok()
    }

    fn says_unsent_in_records(&mut self) -> bool {
        let column = "SELECT count(*) FROM pragma_table_info('record') WHERE name = 'unsent'";
        self.ask(|connection| Ok(connection.query_row(column, [], |row| row.get::<_, i64>(0))?)) == Some(1)
    }

    fn carry_row_by_row(&mut self, into: &Connection, (table, condition): (&str, &str)) -> Result<usize, DeviceError> {
        let last = format!("SELECT coalesce(max(rowid), 0) FROM {table}");
        let last = self.ask(|connection| Ok(connection.query_row(&last, [], |row| row.get::<_, i64>(0))?));
        if self.ask(|_| Ok(())).is_none() {
            return Ok(0);
        }
        let sql = format!("SELECT * FROM {table} WHERE rowid = ?1 AND {condition}");
        let (mut kept, mut unreadable) = (0, 0);
        for number in 1..=last.unwrap_or(ROWS_MAX) {
            let mut found = Vec::new();
            match self.ask(|connection| read(connection, &sql, [number], &mut found)) {
                Some(()) => unreadable = 0,
                None if unreadable == UNREADABLE_MAX => break,
                None => unreadable += 1,
            }
            kept += put(into, table, &found)?;
        }
        Ok(kept)
    }

    /// The records of which something is unsent, by their ids: one that was written before rows said when does not say itself that
    /// it is the worker's.
    fn carry_named(&mut self, into: &Connection) -> Result<(), DeviceError> {
        const NAMED: &str = "SELECT id FROM unsent UNION SELECT id FROM overtaken EXCEPT SELECT id FROM record";
        let mut statement = into.prepare(NAMED)?;
        let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for id in names {
            let mut found = Vec::new();
            self.ask(|connection| read(connection, "SELECT * FROM record WHERE id = ?1", [&id], &mut found));
            put(into, "record", &found)?;
        }
        Ok(())
    }

    fn carry_from_both_ends(
        &mut self,
        into: &Connection,
        (table, condition, order): (&str, &str, &str),
    ) -> Result<usize, DeviceError> {
        let mut kept = 0;
        for direction in ["ASC", "DESC"] {
            let order: Vec<String> = order.split(", ").map(|column| format!("{column} {direction}")).collect();
            let sql = format!("SELECT * FROM {table} WHERE {condition} ORDER BY {}", order.join(", "));
            let mut found = Vec::new();
            let whole = self.ask(|connection| read(connection, &sql, [], &mut found)).is_some();
            self.unsent_was_whole &= whole || table != "unsent";
            kept += put(into, table, &found)?;
        }
        Ok(kept)
    }
}

/// Reads rows as far as they can be read.
fn read(connection: &Connection, sql: &str, params: impl Params, found: &mut Vec<Row>) -> Result<(), DeviceError> {
    let mut statement = connection.prepare_cached(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        let values = (0..names.len()).map(|column| row.get(column)).collect::<Result<_, _>>()?;
        found.push((names.clone(), values));
    }
    Ok(())
}

/// What an older register says in a record's row about its sending goes where this version keeps it.
fn put_older_unsent(into: &Connection, names: &[String], values: &[Value]) -> Result<(), DeviceError> {
    let value = |name: &str| names.iter().position(|known| known == name).and_then(|at| values.get(at));
    let (Some(Value::Text(id)), Some(Value::Text(fields))) = (value("id"), value("unsent")) else { return Ok(()) };
    const SQL: &str = "INSERT OR IGNORE INTO unsent (id, fields, offered) VALUES (?1, ?2, 0)";
    into.prepare_cached(SQL)?.execute((id, fields))?;
    Ok(())
}

/// Stores rows, the columns that this version knows; a row that does not fit is left out.
fn put(into: &Connection, table: &str, found: &[Row]) -> Result<usize, DeviceError> {
    let mut statement = into.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
    let known: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut kept = 0;
    for (names, values) in found {
        put_older_unsent(into, names, values)?;
        let columns: Vec<(&String, &Value)> =
            names.iter().zip(values).filter(|(name, _)| known.contains(name)).collect();
        let list: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let places = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({places})", list.join(", "));
        match into.prepare_cached(&sql)?.execute(params_from_iter(columns.iter().map(|(_, value)| value))) {
            Ok(rows) => kept += rows,
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
