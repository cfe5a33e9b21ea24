//! Records, their history and their approved versions.

use domain::review::ReviewState;
use domain::{CellCode, Change, Kind, Record, RecordId, Scope, Sha256Hex, Stamp, Stamps, Version};
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::Sql;
use super::feed::Tally;
use super::rows::{
    BodyRef, HistoryBody, HistoryBodyRef, RECORD_COLUMNS, county, device_id, json, parsed, range, state_number,
    stored_record,
};
use crate::store::{
    Answer, Approval, Approved, BulkRecord, ChangeDigest, HistoryEntry, Run, StoreError, StoredRecord, Taken, Written,
};

/// The one reference of a record that is asked for the other way round.
fn main_reference(record: &Record) -> Option<RecordId> {
    record.kind.belongs_to().and_then(|field| record.reference(field))
}

fn content(record: &Record) -> Option<&str> {
    if record.kind == Kind::Photo { record.text("sha256") } else { None }
}

/// What the row of a record was before it is overwritten.
pub(super) struct Before {
    pub(super) was: StoredRecord,
    /// It is a photo, and its bytes are stored.
    pub(super) stored: bool,
}

impl Sql<'_> {
    pub(super) fn one_record(&self, within: &Scope, id: RecordId) -> Answer<Option<StoredRecord>> {
        let (from, to) = range(within);
        let sql = format!("SELECT {RECORD_COLUMNS} FROM record WHERE id = ?1 AND cell >= ?2 AND cell < ?3");
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_row(params![id.0.as_bytes(), from, to], stored_record).optional()?)
    }

    pub(super) fn records_by_id(&self, within: &Scope, ids: &[RecordId]) -> Answer<Vec<StoredRecord>> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.one_record(within, *id)?);
        }
        Ok(found)
    }

    pub(super) fn records_referring(&self, within: &Scope, target: RecordId, kind: &Kind) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE refers = ?1 AND kind = ?2 AND cell >= ?3 AND cell < ?4 ORDER BY id"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![target.0.as_bytes(), kind.as_str(), from, to], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn count_of_referring(&self, within: &Scope, target: RecordId, kind: &Kind) -> Answer<usize> {
        let (from, to) = range(within);
        let mut statement = self.conn.prepare_cached(
            "SELECT count(*) FROM record WHERE refers = ?1 AND kind = ?2 AND cell >= ?3 AND cell < ?4",
        )?;
        let number: i64 =
            statement.query_row(params![target.0.as_bytes(), kind.as_str(), from, to], |row| row.get(0))?;
        Ok(usize::try_from(number).unwrap_or(0))
    }

    pub(super) fn photo_records_of(&self, within: &Scope, sha256: &str) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        let sql =
            format!("SELECT {RECORD_COLUMNS} FROM record WHERE content = ?1 AND cell >= ?2 AND cell < ?3 ORDER BY id");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![sha256, from, to], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    // -- history ----------------------------------------------------------------------------------------------------------

    pub(super) fn history_of(&self, within: &Scope, id: RecordId) -> Answer<Vec<HistoryEntry>> {
        // The record's present place decides who may read its past.
        if self.one_record(within, id)?.is_none() {
            return Ok(Vec::new());
        }
        let mut statement =
            self.conn.prepare_cached("SELECT at, by, device, body FROM history WHERE record = ?1 ORDER BY seq")?;
        let rows = statement.query_map(params![id.0.as_bytes()], history_entry)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn has_change(&self, cell: &CellCode, id: RecordId, digest: &ChangeDigest) -> Answer<bool> {
        let mut statement = self.conn.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM history WHERE record = ?1 AND county = ?2 AND digest = ?3)",
        )?;
        Ok(statement.query_row(params![id.0.as_bytes(), county(cell), digest.0], |row| row.get(0))?)
    }

    pub(super) fn move_taken_at(&self, cell: &CellCode, id: RecordId, made: Stamp) -> Answer<Option<i64>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT at FROM history WHERE record = ?1 AND county = ?2 AND body ->> '$.fields.cell' IS NOT NULL
                AND coalesce(body ->> '$.stamps.cell', body ->> '$.stamp') = ?3
             ORDER BY seq LIMIT 1",
        )?;
        let key = params![id.0.as_bytes(), county(cell), made.to_string()];
        Ok(statement.query_row(key, |row| row.get(0)).optional()?)
    }

    pub(super) fn add_history(&self, cell: &CellCode, taken: Taken<'_>, digest: &ChangeDigest) -> Answer<()> {
        let Taken { at, by, device, change: Change { id, fields, stamps, base, .. }, lost } = taken;
        let body = HistoryBodyRef { fields, stamp: stamps.common, stamps: &stamps.except, base, lost };
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO history (county, record, digest, at, by, device, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO NOTHING",
        )?;
        let device = device.map(|device| *device.0.as_bytes());
        statement.execute(params![
            county(cell),
            id.0.as_bytes(),
            digest.0,
            at,
            by.as_str(),
            device,
            written(&body)?
        ])?;
        Ok(())
    }

    // -- writing ----------------------------------------------------------------------------------------------------------

    pub(super) fn before(&self, id: RecordId, county: &str) -> Answer<Option<Before>> {
        let sql = format!(
            "SELECT {RECORD_COLUMNS}, content IS NOT NULL AND EXISTS (SELECT 1 FROM photo_stored WHERE sha256 = content)
                 AS stored
             FROM record WHERE id = ?1 AND county = ?2"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let key = params![id.0.as_bytes(), county];
        let before =
            statement.query_row(key, |row| Ok(Before { was: stored_record(row)?, stored: row.get("stored")? }));
        Ok(before.optional()?)
    }

    pub(super) fn store_record(&self, record: &Record, by: &Written) -> Answer<()> {
        let before = if by.is_new { None } else { self.before(record.id, county(&record.cell))? };
        let was = before.as_ref().map(|before| &before.was);
        let version = record.version();
        if let Some(was) = was
            && was.approved_version.as_ref() == Some(&was.version)
            && was.version != version
        {
            self.keep_approved(record)?;
        }
        self.store_row(record, &version, by, was.is_some())?;
        self.tally(was.map(|was| &was.record), Some(record))?;
        self.look_at_incident_of(record);
        let here = Tally::default().with(&version, self.has_bytes(record)?);
        let Some(Before { was, stored }) = &before else {
            return self.move_feed(&record.cell, record.id, by.run, false, here);
        };
        if was.record.cell == record.cell {
            let here = here.without(&was.version, *stored);
            return self.move_feed(&record.cell, record.id, by.run, false, here);
        }
        let there = Tally::default().without(&was.version, *stored);
        // Also to whoever moves it: what others wrote in it before would have come with the feed that it leaves here.
        self.move_feed(&record.cell, record.id, Run::SERVER, false, here)?;
        self.move_conflicts(record.id, &record.cell)?;
        self.move_feed(&was.record.cell, record.id, by.run, true, there)
    }

    fn store_row(&self, record: &Record, version: &Version, by: &Written, is_there: bool) -> Answer<()> {
        const INSERT: &str =
            "INSERT INTO record (county, id, kind, cell, body, version, refers, content, state, changed_at, changed_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        // An index is written for every column of it that a statement names, changed or not: most edits change none of these.
        const CONTENT: &str = "UPDATE record SET body = ?5, version = ?6, changed_at = ?10, changed_by = ?11
             WHERE id = ?2 AND county = ?1 AND cell = ?4 AND refers IS ?7 AND content IS ?8 AND state = ?9";
        const ALL: &str = "UPDATE record SET cell = ?4, body = ?5, version = ?6, refers = ?7, content = ?8, state = ?9,
                 changed_at = ?10, changed_by = ?11
             WHERE id = ?2 AND county = ?1";
        let body = body_of(record)?;
        let ways = if is_there { [CONTENT, ALL].as_slice() } else { &[INSERT] };
        for sql in ways {
            let stored = self.conn.prepare_cached(sql)?.execute(params![
                county(&record.cell),
                record.id.0.as_bytes(),
                record.kind.as_str(),
                record.cell.as_str(),
                body,
                version.as_str(),
                main_reference(record).map(|id| *id.0.as_bytes()),
                content(record),
                state_number(by.state),
                by.at,
                by.by.as_str(),
            ])?;
            if stored > 0 {
                return Ok(());
            }
        }
        Err(StoreError::Broken("a record was there, and then was not".into()))
    }

    /// Whether a record is a photo whose bytes are stored.
    fn has_bytes(&self, record: &Record) -> Answer<bool> {
        match content(record).map(Sha256Hex::new) {
            Some(Ok(hash)) => self.is_stored(&hash),
            _ => Ok(false),
        }
    }

    /// Copies the values that were approved, since the record is about to depart from them.
    fn keep_approved(&self, record: &Record) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT OR REPLACE INTO approved (county, id, version, fields, at, by)
             SELECT county, id, version, json_extract(body, '$.fields'), approved_at, approved_by
             FROM record WHERE id = ?1 AND county = ?2",
        )?;
        statement.execute(params![record.id.0.as_bytes(), county(&record.cell)])?;
        Ok(())
    }

    pub(super) fn approved_version(&self, within: &Scope, id: RecordId) -> Answer<Option<Approved>> {
        let (from, to) = range(within);
        let mut statement = self.conn.prepare_cached(
            "SELECT r.approved_version, coalesce(a.fields, json_extract(r.body, '$.fields')), r.approved_at, r.approved_by
             FROM record r
             LEFT JOIN approved a ON a.id = r.id AND a.county = r.county AND a.version = r.approved_version
             WHERE r.id = ?1 AND r.cell >= ?2 AND r.cell < ?3 AND r.approved_version IS NOT NULL",
        )?;
        let approved = statement.query_row(params![id.0.as_bytes(), from, to], |row| {
            Ok(Approved { version: parsed(row, 0)?, fields: json(row, 1)?, at: row.get(2)?, by: parsed(row, 3)? })
        });
        Ok(approved.optional()?)
    }

    pub(super) fn store_review(
        &self,
        cell: &CellCode,
        id: RecordId,
        state: ReviewState,
        approval: Option<&Approval>,
    ) -> Answer<()> {
        let key = params![id.0.as_bytes(), county(cell), state_number(state)];
        self.conn.prepare_cached("UPDATE record SET state = ?3 WHERE id = ?1 AND county = ?2")?.execute(key)?;
        let Some(approval) = approval else { return Ok(()) };
        let mut statement = self.conn.prepare_cached(
            "UPDATE record SET approved_version = version, approved_at = ?3, approved_by = ?4 WHERE id = ?1 AND county = ?2",
        )?;
        statement.execute(params![id.0.as_bytes(), county(cell), approval.at, approval.by.as_str()])?;
        let key = params![id.0.as_bytes(), county(cell)];
        self.conn.prepare_cached("DELETE FROM approved WHERE id = ?1 AND county = ?2")?.execute(key)?;
        Ok(())
    }

    pub(super) fn load(&self, records: &[BulkRecord]) -> Answer<usize> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO record (county, id, kind, cell, body, version, refers, content, state,
                                 approved_version, approved_at, approved_by, changed_at, changed_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (id, county) DO NOTHING",
        )?;
        let mut new = 0;
        for BulkRecord { record, by, at, state } in records {
            // Who was erased does not come back with data that were made before.
            if self.was_erased(county(&record.cell), record.id)? {
                continue;
            }
            let version = record.version();
            let approved = *state == ReviewState::Approved;
            let inserted = statement.execute(params![
                county(&record.cell),
                record.id.0.as_bytes(),
                record.kind.as_str(),
                record.cell.as_str(),
                body_of(record)?,
                version.as_str(),
                main_reference(record).map(|id| *id.0.as_bytes()),
                content(record),
                state_number(*state),
                approved.then_some(version.as_str()),
                approved.then_some(at),
                approved.then_some(by.as_str()),
                at,
                by.as_str(),
            ])?;
            if inserted == 1 {
                new += 1;
                self.tally(None, Some(record))?;
                self.look_at_incident_of(record);
                let stored = self.has_bytes(record)?;
                self.extend_feed(&record.cell, record.id, Run::SERVER, Tally::default().with(&version, stored))?;
            }
        }
        Ok(new)
    }
}

pub(super) fn history_entry(row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
    let body: HistoryBody = json(row, 3)?;
    let device = if row.get_ref(2)?.as_blob_or_null()?.is_some() { Some(device_id(row, 2)?) } else { None };
    Ok(HistoryEntry {
        at: row.get(0)?,
        by: parsed(row, 1)?,
        device,
        fields: body.fields,
        stamps: Stamps { common: body.stamp, except: body.stamps },
        base: body.base,
        lost: body.lost,
    })
}

fn body_of(record: &Record) -> Answer<String> {
    written(&BodyRef { fields: &record.fields, stamp: record.stamps.common, stamps: &record.stamps.except })
}

pub(super) fn written(body: &impl Serialize) -> Answer<String> {
    serde_json::to_string(body).map_err(|_| StoreError::Unreadable("record"))
}
