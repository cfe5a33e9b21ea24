//! Erased records: removed with their history, leaving the fact alone.

use domain::kinds::dispute::without_person;
use domain::{Kind, Record, RecordId, Scope, Sha256Hex};
use rusqlite::params;
use rusqlite::types::Value as Key;
use serde_json::Value;

use super::Sql;
use super::feed::Tally;
use super::photos::{UPLOAD_COLUMNS, upload};
use super::records::{history_entry, written};
use super::rows::{HistoryBodyRef, RECORD_COLUMNS, county, json, parsed, range, stored_record};
use crate::store::{Answer, Erasure, HistoryEntry, Run, StoredRecord, Upload};

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

    /// As [`Sql::records_naming`], wherever in the record the id stands.
    pub(super) fn records_mentioning(&self, within: &Scope, kind: &Kind, id: RecordId) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE kind = ?1 AND cell >= ?2 AND cell < ?3 AND instr(body, ?4) > 0
             ORDER BY id"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![kind.as_str(), from, to, id.to_string()], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Rewrites the steps of a kind's histories in which an id stands.
    pub(super) fn rewrite_steps(
        &self,
        within: &Scope,
        kind: &Kind,
        id: RecordId,
        rewrite: &mut dyn FnMut(&mut HistoryEntry),
    ) -> Answer<()> {
        let (from, to) = range(within);
        let mut statement = self.conn.prepare_cached(
            "SELECT h.at, h.by, h.device, h.body, h.seq, h.county, h.record, h.digest FROM record AS r
             JOIN history AS h ON h.record = r.id AND h.county = r.county
             WHERE r.kind = ?1 AND r.cell >= ?2 AND r.cell < ?3 AND instr(h.body, ?4) > 0",
        )?;
        let rows = statement.query_map(params![kind.as_str(), from, to, id.to_string()], |row| {
            let place = (row.get::<_, i64>(4)?, row.get::<_, String>(5)?, row.get(6)?, row.get(7)?);
            Ok((history_entry(row)?, place))
        })?;
        // Seq, county, record and digest of a step.
        type Place = (i64, String, Vec<u8>, Vec<u8>);
        let steps: Vec<(HistoryEntry, Place)> = rows.collect::<Result<_, _>>()?;
        for (mut entry, (seq, county, record, digest)) in steps {
            rewrite(&mut entry);
            let HistoryEntry { at, by, device, fields, stamps, base, lost } = &entry;
            let body = written(&HistoryBodyRef { fields, stamps, base, lost })?;
            // A step is never changed: this one is removed like any erased step, and what remains of it stands in its place.
            self.conn.prepare_cached("DELETE FROM history WHERE seq = ?1")?.execute([seq])?;
            let mut statement = self.conn.prepare_cached(
                "INSERT INTO history (seq, county, record, digest, at, by, device, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            let device = device.map(|device| *device.0.as_bytes());
            statement.execute(params![seq, county, record, digest, at, by.as_str(), device, body])?;
        }
        Ok(())
    }

    pub(super) fn erase(&self, erasure: &Erasure) -> Answer<()> {
        // Pages that become free are overwritten too, not only what stands in pages that are written anyway.
        self.conn.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        let erased = self.erase_rows(erasure);
        self.conn.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
        erased
    }

    pub(super) fn disputes_with(&self, within: &Scope, person: RecordId) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE kind = 'dispute' AND cell >= ?1 AND cell < ?2
             AND (instr(body, ?3) > 0 OR EXISTS (SELECT 1 FROM history
                 WHERE history.record = record.id AND history.county = record.county AND instr(history.body, ?3) > 0))
             ORDER BY id"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![from, to, person.to_string()], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// History is never updated: a row that says something of the party is removed and put back without it.
    pub(super) fn empty_party(&self, record: &Record, person: RecordId) -> Answer<()> {
        self.conn.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        let emptied = self.empty_party_rows(record, person);
        self.conn.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
        emptied
    }

    fn empty_party_rows(&self, record: &Record, person: RecordId) -> Answer<()> {
        const HISTORY: &str = "SELECT seq, body FROM history WHERE record = ?1 AND county = ?2 AND instr(body, ?3) > 0";
        const PUT_BACK: &str = "INSERT OR REPLACE INTO history (seq, county, record, digest, at, by, device, body)
            SELECT seq, county, record, digest, at, by, device, ?2 FROM history WHERE seq = ?1";
        const APPROVED: &str = "SELECT 0, fields FROM approved WHERE id = ?1 AND county = ?2 AND instr(fields, ?3) > 0";
        const SET_ASIDE: &str = "SELECT stamp, value FROM conflict
            WHERE record = ?1 AND county = ?2 AND field = 'parties' AND instr(value, ?3) > 0";
        let key = (record.id.0.as_bytes(), county(&record.cell));
        for (seq, body) in self.texts_without(HISTORY, record, person)? {
            self.conn.prepare_cached(PUT_BACK)?.execute(params![seq, body])?;
        }
        for (_, fields) in self.texts_without(APPROVED, record, person)? {
            let sql = "UPDATE approved SET fields = ?3 WHERE id = ?1 AND county = ?2";
            self.conn.prepare_cached(sql)?.execute(params![key.0, key.1, fields])?;
        }
        for (stamp, value) in self.texts_without(SET_ASIDE, record, person)? {
            let sql = "UPDATE conflict SET value = ?3
                WHERE record = ?1 AND county = ?2 AND field = 'parties' AND stamp = ?4";
            self.conn.prepare_cached(sql)?.execute(params![key.0, key.1, value, stamp])?;
        }
        Ok(())
    }

    /// The JSON texts that a question finds, by their key, emptied of the person; those that do not name one as a party are left out.
    fn texts_without(&self, sql: &str, record: &Record, person: RecordId) -> Answer<Vec<(Key, String)>> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement
            .query_map(params![record.id.0.as_bytes(), county(&record.cell), person.to_string()], |row| {
                Ok((row.get(0)?, json(row, 1)?))
            })?;
        let rows: Vec<(Key, Value)> = rows.collect::<Result<_, _>>()?;
        Ok(rows
            .into_iter()
            .filter_map(|(key, value)| Some((key, without_person(&value, person)?.to_string())))
            .collect())
    }

    fn erase_rows(&self, erasure: &Erasure) -> Answer<()> {
        let before = self.before(erasure.id, county(&erasure.cell))?;
        let erased = self.one_record(&Scope::from(&erasure.cell), erasure.id)?;
        let key = params![erasure.id.0.as_bytes(), county(&erasure.cell)];
        self.conn.prepare_cached("DELETE FROM history WHERE record = ?1 AND county = ?2")?.execute(key)?;
        self.conn.prepare_cached("DELETE FROM conflict WHERE record = ?1 AND county = ?2")?.execute(key)?;
        self.conn.prepare_cached("DELETE FROM approved WHERE id = ?1 AND county = ?2")?.execute(key)?;
        self.conn.prepare_cached("DELETE FROM record WHERE id = ?1 AND county = ?2")?.execute(key)?;
        if let Some(erased) = erased {
            self.fold_incident_of(&erased.record)?;
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
            before.map_or_else(Tally::default, |before| Tally::default().without(&before.version, before.stored));
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
            .prepare_cached("INSERT OR IGNORE INTO photo_doomed (sha256) VALUES (?1)")?
            .execute([sha256.as_str()])?;
        Ok(())
    }

    pub(super) fn doomed(&self) -> Answer<Vec<Sha256Hex>> {
        let mut statement = self.conn.prepare_cached("SELECT sha256 FROM photo_doomed")?;
        Ok(statement.query_map([], |row| parsed(row, 0))?.collect::<Result<_, _>>()?)
    }

    pub(super) fn forget_doomed(&self, sha256: &Sha256Hex) -> Answer<()> {
        self.conn.prepare_cached("DELETE FROM photo_doomed WHERE sha256 = ?1")?.execute([sha256.as_str()])?;
        Ok(())
    }
}
