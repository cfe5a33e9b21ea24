//! The rows as plain tables: one per kind, a column per field, nothing that a synchronisation would need besides.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value};

use crate::Outcome;

/// One row: `kind`, `id` and the fields.
pub type Row = Map<String, Value>;

/// Reads a file of rows.
pub fn read(path: &Path) -> Outcome<Vec<Row>> {
    parse(&fs::read(path)?)
}

/// Reads rows from lines.
pub fn parse(lines: &[u8]) -> Outcome<Vec<Row>> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
}

/// A database as durable as ours.
pub fn open(path: &Path) -> Outcome<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;")?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

/// Makes a table per kind with the columns that its rows have.
pub fn create(connection: &Connection, rows: &[Row]) -> Outcome {
    let mut columns: BTreeMap<&str, BTreeMap<&str, ()>> = BTreeMap::new();
    for row in rows {
        let of_kind = columns.entry(kind(row)?).or_default();
        of_kind.extend(row.keys().filter(|name| *name != "kind" && *name != "id").map(|name| (name.as_str(), ())));
    }
    for (kind, names) in columns {
        let names: String = names.keys().map(|name| format!(", \"{name}\"")).collect();
        connection
            .execute_batch(&format!("CREATE TABLE IF NOT EXISTS {kind} (id TEXT PRIMARY KEY NOT NULL{names})"))?;
    }
    Ok(())
}

fn kind(row: &Row) -> Outcome<&str> {
    row.get("kind").and_then(Value::as_str).ok_or_else(|| "a row without a kind".into())
}

/// Inserts a row, or puts it in the place of an older one.
pub fn put(connection: &Connection, row: &Row) -> Outcome {
    let names: Vec<&String> = row.keys().filter(|name| *name != "kind").collect();
    let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let places = vec!["?"; names.len()].join(", ");
    let sql = format!("INSERT OR REPLACE INTO {} ({}) VALUES ({places})", kind(row)?, columns.join(", "));
    let cells = names.iter().filter_map(|name| row.get(*name)).map(cell);
    connection.prepare_cached(&sql)?.execute(params_from_iter(cells))?;
    Ok(())
}

/// Inserts rows in one transaction.
pub fn put_all(connection: &mut Connection, rows: &[Row]) -> Outcome {
    let transaction = connection.transaction()?;
    rows.iter().try_for_each(|row| put(&transaction, row))?;
    Ok(transaction.commit()?)
}

/// Changes one field: `{kind, id, field, value}`.
pub fn edit(connection: &Connection, edit: &Row) -> Outcome {
    let text = |name: &str| edit.get(name).and_then(Value::as_str).ok_or("an edit without its place");
    let sql = format!("UPDATE {} SET \"{}\" = ? WHERE id = ?", text("kind")?, text("field")?);
    let value = edit.get("value").map_or(Cell::Null, cell);
    connection.prepare_cached(&sql)?.execute((value, text("id")?))?;
    Ok(())
}

/// Writes every row as a line.
pub fn dump(connection: &Connection, out: &mut dyn Write) -> Outcome<usize> {
    let mut count = 0;
    for kind in tables(connection)? {
        let mut statement = connection.prepare(&format!("SELECT * FROM {kind}"))?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut line = Row::from_iter([("kind".to_owned(), Value::from(kind.as_str()))]);
            for (index, name) in names.iter().enumerate() {
                line.insert(name.clone(), value(row.get_ref(index)?)?);
            }
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
            count += 1;
        }
    }
    Ok(count)
}

/// The tables of the kinds.
pub fn tables(connection: &Connection) -> Outcome<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'changeset' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Every row, in one order: what two ends that agree have in common.
pub fn content(connection: &Connection) -> Outcome<String> {
    let mut content = String::new();
    for kind in tables(connection)? {
        let mut statement = connection.prepare(&format!("SELECT * FROM {kind} ORDER BY id"))?;
        let width = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for index in 0..width {
                content.push_str(&format!("{:?}|", row.get::<_, Cell>(index)?));
            }
        }
    }
    Ok(content)
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(yes) => Cell::Integer(i64::from(*yes)),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Cell::Real(number.as_f64().unwrap_or(0.0)), Cell::Integer)
        }
        Value::String(text) => Cell::Text(text.clone()),
        nested => Cell::Text(nested.to_string()),
    }
}

fn value(cell: ValueRef<'_>) -> Outcome<Value> {
    Ok(match cell {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => std::str::from_utf8(text)?.into(),
    })
}
