//! What the desk asks: which records wait, how many of them where, and what places are called.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use domain::review::ReviewState;
use domain::spec::{FieldType, fields};
use domain::{Kind, Scope};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::Sql;
use super::rows::{RECORD_COLUMNS, count, parsed, range, state_number, stored_record};
use crate::store::{Answer, InboxQuery, Place, ReviewCount, StoredRecord};

/// `(cell >= ? AND cell < ?) OR …` with the bounds pushed onto `values`; no scope: nothing.
pub(super) fn within(column: &str, scopes: &[Scope], values: &mut Vec<Value>) -> String {
    let mut terms = Vec::new();
    for scope in scopes {
        let (from, to) = range(scope);
        values.extend([Value::from(from), Value::from(to)]);
        terms.push(format!("({column} >= ? AND {column} < ?)"));
    }
    if terms.is_empty() { "0".to_owned() } else { format!("({})", terms.join(" OR ")) }
}

/// Walks the inbox in its order and stops when the page is full, instead of sorting all that waits. Only what was approved in
/// one village is better sorted: it is little among very much.
fn index_hint(query: &InboxQuery) -> &'static str {
    let narrow = query.scopes.iter().all(|scope| scope.as_str().len() >= 12);
    if query.state == ReviewState::Approved && narrow { "" } else { "INDEXED BY record_inbox" }
}

/// Words anywhere in a record's body, whatever they are made of.
fn pattern(words: &str) -> String {
    let mut pattern = String::from("%");
    for letter in words.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Numbers that are masked: nobody reads them out digit by digit, by what is found and what is not. Names may be searched for.
static NUMBERS: LazyLock<String> = LazyLock::new(|| {
    let is_number = |of| matches!(of, FieldType::Phone | FieldType::DocumentNumber);
    let of_kind = |kind: &Kind| fields(kind).iter().filter(|spec| is_number(spec.of)).map(|spec| spec.name);
    let names: BTreeSet<&str> = Kind::KNOWN.iter().flat_map(of_kind).collect();
    names.into_iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
});

/// Fields with people in them, of whom the names alone may be searched for.
static PEOPLE: LazyLock<String> = LazyLock::new(|| {
    let of_kind =
        |kind: &Kind| fields(kind).iter().filter(|spec| matches!(spec.of, FieldType::Parties | FieldType::Roster));
    let names: BTreeSet<&str> = Kind::KNOWN.iter().flat_map(of_kind).map(|spec| spec.name).collect();
    names.into_iter().map(|name| format!(" AND said.path NOT LIKE '$.fields.{name}[%'")).collect()
});

/// Whether a record says a pattern, given twice, in what may be searched. The whole body is looked through first: that is quick,
/// and most say it nowhere.
fn says(record: &str) -> String {
    format!(
        "({record}.body LIKE ? ESCAPE '\\' AND EXISTS (SELECT 1 FROM json_tree({record}.body, '$.fields') AS said
         WHERE said.atom LIKE ? ESCAPE '\\' AND said.key NOT IN ({}) AND (said.key = 'name' OR (1{}))))",
        *NUMBERS, *PEOPLE
    )
}

impl Sql<'_> {
    pub(super) fn inbox_page(&self, query: &InboxQuery) -> Answer<Vec<StoredRecord>> {
        if query.scopes.is_empty() {
            return Ok(Vec::new());
        }
        let mut values = Vec::new();
        let scopes = within("cell", &query.scopes, &mut values);
        // `state > 0` is said because the partial index says it: SQLite compares the words, not what they mean.
        let mut sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record {} WHERE state = {} AND state > 0 AND {scopes}",
            index_hint(query),
            state_number(query.state)
        );
        if let Some(kind) = &query.kind {
            sql.push_str(" AND kind = ?");
            values.push(Value::from(kind.as_str().to_owned()));
        }
        if let Some((after, until)) = query.changed {
            sql.push_str(" AND changed_at > ? AND changed_at <= ?");
            values.extend([Value::from(after), Value::from(until)]);
        }
        if let Some(words) = &query.words {
            // What it says itself, or what it belongs to says: a visit is found by the name of its household's door.
            sql.push_str(&format!(
                " AND ({} OR EXISTS (SELECT 1 FROM record AS about
                 WHERE about.id = record.refers AND about.county = record.county AND {}))",
                says("record"),
                says("about")
            ));
            let pattern = Value::from(pattern(words));
            values.extend(std::iter::repeat_n(pattern, 4));
        }
        if let Some(place) = query.after {
            sql.push_str(if query.newest_first {
                " AND (changed_at, id) < (?, ?)"
            } else {
                " AND (changed_at, id) > (?, ?)"
            });
            values.extend([Value::from(place.changed_at), Value::from(place.id.0.as_bytes().to_vec())]);
        }
        let order = if query.newest_first { "DESC" } else { "ASC" };
        sql.push_str(&format!(" ORDER BY changed_at {order}, id {order} LIMIT ?"));
        values.push(Value::from(i64::try_from(query.limit).unwrap_or(i64::MAX)));
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_map(params_from_iter(values), stored_record)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn counts(&self, state: ReviewState, scopes: &[Scope]) -> Answer<Vec<ReviewCount>> {
        let mut values = Vec::new();
        let scopes = within("cell", scopes, &mut values);
        let sql = format!(
            "SELECT cell, kind, count(*) FROM record WHERE state = {} AND state > 0 AND {scopes} GROUP BY cell, kind ORDER BY cell, kind",
            state_number(state)
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            let kind = Kind::from_name(row.get_ref(1)?.as_str()?);
            Ok(ReviewCount { cell: parsed(row, 0)?, kind, records: count(row, 2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn counts_since(&self, state: ReviewState, scopes: &[Scope], moments: &[i64]) -> Answer<Vec<u64>> {
        let mut values: Vec<Value> = moments.iter().map(|moment| Value::from(*moment)).collect();
        let sums = vec!["coalesce(sum(changed_at > ?), 0)"; moments.len()].join(", ");
        let scopes = within("cell", scopes, &mut values);
        let sql = format!(
            "SELECT {sums} FROM record INDEXED BY record_inbox WHERE state = {} AND state > 0 AND {scopes}",
            state_number(state)
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let counts = statement.query_row(params_from_iter(values), |row| {
            (0..moments.len()).map(|column| count(row, column)).collect::<Result<_, _>>()
        })?;
        Ok(counts)
    }

    pub(super) fn count_between(
        &self,
        state: ReviewState,
        scopes: &[Scope],
        kind: Option<&Kind>,
        (after, until): (i64, i64),
    ) -> Answer<u64> {
        let mut values = vec![Value::from(after), Value::from(until)];
        let scopes = within("cell", scopes, &mut values);
        let mut sql = format!(
            "SELECT count(*) FROM record INDEXED BY record_inbox
             WHERE state = {} AND state > 0 AND changed_at > ? AND changed_at <= ? AND {scopes}",
            state_number(state)
        );
        if let Some(kind) = kind {
            sql.push_str(" AND kind = ?");
            values.push(Value::from(kind.as_str().to_owned()));
        }
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_row(params_from_iter(values), |row| count(row, 0))?)
    }

    pub(super) fn places_within(&self, scopes: &[Scope]) -> Answer<Vec<Place>> {
        let mut values = Vec::new();
        let mut condition = within("code", scopes, &mut values);
        for scope in scopes {
            // What a scope lies in: its own code is longer than theirs and begins with it.
            condition.push_str(" OR substr(?, 1, length(code)) = code");
            values.push(Value::from(scope.as_str().to_owned()));
        }
        let sql = format!("SELECT code, name FROM place WHERE {condition} ORDER BY code");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement
            .query_map(params_from_iter(values), |row| Ok(Place { code: parsed(row, 0)?, name: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn one_place(&self, code: &Scope) -> Answer<Option<Place>> {
        let mut statement = self.conn.prepare_cached("SELECT name FROM place WHERE code = ?1")?;
        let name = statement.query_row([code.as_str()], |row| row.get(0)).optional()?;
        Ok(name.map(|name| Place { code: code.clone(), name }))
    }

    pub(super) fn name_place(&self, place: &Place) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO place (code, name) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET name = excluded.name",
        )?;
        statement.execute(params![place.code.as_str(), place.name])?;
        Ok(())
    }
}
