//! Erased records: removed with their history, leaving the fact alone.

use domain::{Kind, Record, RecordId, Scope, Sha256Hex};
use rusqlite::params;
use rusqlite::types::Value as Key;
use serde_json::Value;

use super::Sql;
use super::feed::Tally;
use super::photos::{UPLOAD_COLUMNS, upload};
use super::records::Before;
use super::rows::{RECORD_COLUMNS, county, json, parsed, range, stored_record};
use crate::store::{Answer, Erasure, Run, StoredRecord, Upload};

/// What stands in the place of a field's value, if another shall.
type Rewrite<'r> = &'r dyn Fn(&str, &Value) -> Option<Value>;

/// Rewrites an object of values by their names. False: nothing was to be rewritten.
fn rewrite_fields(fields: &mut Value, rewrite: Rewrite<'_>) -> bool {
    let mut any = false;
    for (name, value) in fields.as_object_mut().into_iter().flatten() {
        if let Some(other) = rewrite(name, value) {
            *value = other;
            any = true;
        }
    }
    any
}

/// Rewrites the value of an object that says which field it is of; none when it stays.
fn rewrite_one(of: &mut Value, rewrite: Rewrite<'_>) -> Option<Value> {
    let other = rewrite(of.get("field")?.as_str()?, of.get("value")?)?;
    of.as_object_mut()?.insert("value".to_owned(), other.clone());
    Some(other)
}

/// An approval of these seconds cannot be taken back any more: that matters less than what was erased.
const FORGET_BEFORE: &str = "DELETE FROM approved_before WHERE id = ?1 AND county = ?2";

impl Sql<'_> {
    pub(super) fn was_erased(&self, county: &str, id: RecordId) -> Answer<bool> {
        let mut statement =
            self.conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM erased WHERE id = ?1 AND county = ?2)")?;
        Ok(statement.query_row(params![id.0.as_bytes(), county], |row| row.get(0))?)
    }

    /// Reads every record of the kind in the scope: there is no index for a question that is asked once a year.
    pub(super) fn records_naming(
        &self,
        within: &Scope,
        kind: &Kind,
        field: &str,
        id: RecordId,
    ) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE kind = ?1 AND cell >= ?2 AND cell < ?3
             AND json_extract(body, '$.fields.' || ?4) = ?5 ORDER BY id"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![kind.as_str(), from, to, field, id.to_string()], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// As [`Sql::records_naming`], wherever in the record the id stands, or stood as its history says.
    pub(super) fn records_that_named(&self, within: &Scope, kind: &Kind, id: RecordId) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE kind = ?1 AND cell >= ?2 AND cell < ?3
             AND (instr(body, ?4) > 0 OR EXISTS (SELECT 1 FROM history
                 WHERE history.record = record.id AND history.county = record.county AND instr(history.body, ?4) > 0))
             ORDER BY id"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![kind.as_str(), from, to, id.to_string()], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// History is never updated: a row whose words change is removed and put back with what is left of them.
    pub(super) fn rewrite_past(&self, record: &Record, rewrite: Rewrite<'_>) -> Answer<()> {
        self.conn.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        let rewritten = self.rewrite_rows(record, rewrite);
        self.conn.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
        rewritten
    }

    fn rewrite_rows(&self, record: &Record, rewrite: Rewrite<'_>) -> Answer<()> {
        const HISTORY: &str = "SELECT seq, body FROM history WHERE record = ?1 AND county = ?2";
        const PUT_BACK: &str = "INSERT OR REPLACE INTO history (seq, county, record, digest, at, by, device, body)
            SELECT seq, county, record, digest, at, by, device, ?2 FROM history WHERE seq = ?1";
        const APPROVED: &str = "SELECT 0, fields FROM approved WHERE id = ?1 AND county = ?2";
        const SET_ASIDE: &str = "SELECT stamp, json_object('field', field, 'value', json(value)) FROM conflict
            WHERE record = ?1 AND county = ?2";
        let key = (record.id.0.as_bytes(), county(&record.cell));
        for (seq, mut body) in self.words(HISTORY, record)? {
            let fields = body.get_mut("fields").is_some_and(|fields| rewrite_fields(fields, rewrite));
            let lost = body.get_mut("lost").and_then(Value::as_array_mut);
            let lost = lost.into_iter().flatten().filter_map(|lost| rewrite_one(lost, rewrite)).count();
            if fields || lost > 0 {
                self.conn.prepare_cached(PUT_BACK)?.execute(params![seq, body.to_string()])?;
            }
        }
        for (_, mut fields) in self.words(APPROVED, record)? {
            if rewrite_fields(&mut fields, rewrite) {
                let sql = "UPDATE approved SET fields = ?3 WHERE id = ?1 AND county = ?2";
                self.conn.prepare_cached(sql)?.execute(params![key.0, key.1, fields.to_string()])?;
            }
        }
        self.conn.prepare_cached(FORGET_BEFORE)?.execute(params![key.0, key.1])?;
        for (stamp, mut set_aside) in self.words(SET_ASIDE, record)? {
            if let Some(value) = rewrite_one(&mut set_aside, rewrite) {
                let sql =
                    "UPDATE conflict SET value = ?3 WHERE record = ?1 AND county = ?2 AND stamp = ?4 AND field = ?5";
                let field = set_aside.get("field").and_then(Value::as_str);
                self.conn.prepare_cached(sql)?.execute(params![key.0, key.1, value.to_string(), stamp, field])?;
            }
        }
        Ok(())
    }

    /// The JSON texts that a question about a record finds, by their key.
    fn words(&self, sql: &str, record: &Record) -> Answer<Vec<(Key, Value)>> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement
            .query_map(params![record.id.0.as_bytes(), county(&record.cell)], |row| Ok((row.get(0)?, json(row, 1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn erase(&self, erasure: &Erasure) -> Answer<()> {
        // Pages that become free are overwritten too, not only what stands in pages that are written anyway.
        self.conn.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        // So does what followed from it.
        let erased = self.erase_rows(erasure).and_then(|()| self.settle());
        self.conn.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
        erased
    }

    fn erase_rows(&self, erasure: &Erasure) -> Answer<()> {
        let before = self.before(erasure.id, county(&erasure.cell))?;
        let key = params![erasure.id.0.as_bytes(), county(&erasure.cell)];
        self.conn.prepare_cached("DELETE FROM history WHERE record = ?1 AND county = ?2")?.execute(key)?;
        self.conn.prepare_cached("DELETE FROM conflict WHERE record = ?1 AND county = ?2")?.execute(key)?;
        self.conn.prepare_cached("DELETE FROM approved WHERE id = ?1 AND county = ?2")?.execute(key)?;
        self.conn.prepare_cached(FORGET_BEFORE)?.execute(key)?;
        self.conn.prepare_cached("DELETE FROM record WHERE id = ?1 AND county = ?2")?.execute(key)?;
        if let Some(Before { was, .. }) = &before {
            self.tally(Some(&was.record), None)?;
            self.look_at_incident_of(&was.record);
        }
        let mut fact = self.conn.prepare_cached(
            "INSERT OR IGNORE INTO erased (id, county, kind, cell, at, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        fact.execute(params![
            erasure.id.0.as_bytes(),
            county(&erasure.cell),
            erasure.kind.as_str(),
            erasure.cell.as_str(),
            erasure.at,
            erasure.by.as_str(),
        ])?;
        let left =
            before.map_or_else(Tally::default, |before| Tally::default().without(&before.was.version, before.stored));
        self.move_feed(&erasure.cell, erasure.id, Run::SERVER, true, left)
    }

    // -- photos of erased records ---------------------------------------------------------------------------------------------

    pub(super) fn uploads_of_any(&self, photo: RecordId) -> Answer<Vec<Upload>> {
        let sql = format!("SELECT {UPLOAD_COLUMNS} FROM upload WHERE photo = ?1");
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_map([photo.0.as_bytes()], upload)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn is_named(&self, sha256: &Sha256Hex) -> Answer<bool> {
        let mut statement = self.conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM record WHERE content = ?1)")?;
        Ok(statement.query_row([sha256.as_str()], |row| row.get(0))?)
    }

    pub(super) fn doom(&self, sha256: &Sha256Hex) -> Answer<()> {
        self.conn.prepare_cached("DELETE FROM photo_stored WHERE sha256 = ?1")?.execute([sha256.as_str()])?;
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO photo_doomed (sha256, removed) VALUES (?1, 0)")?
            .execute([sha256.as_str()])?;
        Ok(())
    }

    pub(super) fn doomed(&self) -> Answer<Vec<Sha256Hex>> {
        self.hashes("SELECT sha256 FROM photo_doomed WHERE removed = 0")
    }

    pub(super) fn removed(&self) -> Answer<Vec<Sha256Hex>> {
        self.hashes("SELECT sha256 FROM photo_doomed WHERE removed = 1")
    }

    fn hashes(&self, sql: &str) -> Answer<Vec<Sha256Hex>> {
        let mut statement = self.conn.prepare_cached(sql)?;
        Ok(statement.query_map([], |row| parsed(row, 0))?.collect::<Result<_, _>>()?)
    }

    pub(super) fn note_removed(&self, sha256: &Sha256Hex) -> Answer<()> {
        self.conn
            .prepare_cached("UPDATE photo_doomed SET removed = 1 WHERE sha256 = ?1")?
            .execute([sha256.as_str()])?;
        Ok(())
    }

    pub(super) fn forget_doomed(&self, sha256: &Sha256Hex) -> Answer<()> {
        self.conn.prepare_cached("DELETE FROM photo_doomed WHERE sha256 = ?1")?.execute([sha256.as_str()])?;
        Ok(())
    }
}
