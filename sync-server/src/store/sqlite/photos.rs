//! Which photos' bytes are stored, and which are on their way.

use domain::{DeviceId, RecordId, Sha256Hex};
use rusqlite::{OptionalExtension, Row, params};

use super::Sql;
use super::rows::{count, device_id, parsed, record_id};
use crate::store::{Answer, Upload};

pub(super) const UPLOAD_COLUMNS: &str = "id, device, photo, cell, sha256, bytes, upload_offset, until";

pub(super) fn upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        id: row.get(0)?,
        device: device_id(row, 1)?,
        photo: record_id(row, 2)?,
        cell: parsed(row, 3)?,
        sha256: parsed(row, 4)?,
        bytes: count(row, 5)?,
        offset: count(row, 6)?,
        until: row.get(7)?,
    })
}

impl Sql<'_> {
    pub(super) fn is_stored(&self, sha256: &Sha256Hex) -> Answer<bool> {
        let mut statement = self.conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM photo_stored WHERE sha256 = ?1)")?;
        Ok(statement.query_row([sha256.as_str()], |row| row.get(0))?)
    }

    pub(super) fn note_stored(&self, sha256: &Sha256Hex, bytes: u64, at: i64) -> Answer<()> {
        let mut statement =
            self.conn.prepare_cached("INSERT OR IGNORE INTO photo_stored (sha256, bytes, at) VALUES (?1, ?2, ?3)")?;
        match statement.execute(params![sha256.as_str(), bytes as i64, at])? {
            0 => Ok(()),
            _ => self.count_photo(sha256),
        }
    }

    pub(super) fn forget_stored(&self, sha256: &Sha256Hex) -> Answer<()> {
        let mut statement = self.conn.prepare_cached("DELETE FROM photo_stored WHERE sha256 = ?1")?;
        match statement.execute([sha256.as_str()])? {
            0 => Ok(()),
            _ => self.discount_photo(sha256),
        }
    }

    pub(super) fn stored_size(&self, sha256: &Sha256Hex) -> Answer<Option<u64>> {
        let mut statement = self.conn.prepare_cached("SELECT bytes FROM photo_stored WHERE sha256 = ?1")?;
        Ok(statement.query_row([sha256.as_str()], |row| count(row, 0)).optional()?)
    }

    pub(super) fn stored_under(&self, digits: &str) -> Answer<Vec<(Sha256Hex, u64)>> {
        // No digit comes after `f`.
        const SQL: &str = "SELECT sha256, bytes FROM photo_stored WHERE sha256 >= ?1 AND sha256 < ?1 || 'g'";
        let mut statement = self.conn.prepare_cached(SQL)?;
        let noted = statement.query_map([digits], |row| Ok((parsed(row, 0)?, count(row, 1)?)))?;
        Ok(noted.collect::<Result<_, _>>()?)
    }

    pub(super) fn named_bytes(&self, sha256: &Sha256Hex) -> Answer<Option<u64>> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT json_extract(body, '$.fields.bytes') FROM record WHERE content = ?1 LIMIT 1")?;
        let bytes = statement.query_row([sha256.as_str()], |row| row.get::<_, Option<i64>>(0)).optional()?.flatten();
        Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()))
    }

    pub(super) fn one_upload(&self, id: &str) -> Answer<Option<Upload>> {
        let sql = format!("SELECT {UPLOAD_COLUMNS} FROM upload WHERE id = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([id], upload).optional()?)
    }

    pub(super) fn upload_of_photo(&self, device: DeviceId, photo: RecordId) -> Answer<Option<Upload>> {
        let sql =
            format!("SELECT {UPLOAD_COLUMNS} FROM upload WHERE device = ?1 AND photo = ?2 ORDER BY until DESC LIMIT 1");
        let key = params![device.0.as_bytes(), photo.0.as_bytes()];
        Ok(self.conn.prepare_cached(&sql)?.query_row(key, upload).optional()?)
    }

    pub(super) fn uploads_over(&self, now: i64) -> Answer<Vec<Upload>> {
        let sql = format!("SELECT {UPLOAD_COLUMNS} FROM upload WHERE until < ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_map([now], upload)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn store_upload(&self, upload: &Upload) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT OR REPLACE INTO upload (id, device, photo, cell, sha256, bytes, upload_offset, until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        statement.execute(params![
            upload.id,
            upload.device.0.as_bytes(),
            upload.photo.0.as_bytes(),
            upload.cell.as_str(),
            upload.sha256.as_str(),
            upload.bytes as i64,
            upload.offset as i64,
            upload.until
        ])?;
        Ok(())
    }

    pub(super) fn move_upload(&self, id: &str, offset: u64) -> Answer<()> {
        self.conn
            .prepare_cached("UPDATE upload SET upload_offset = ?2 WHERE id = ?1")?
            .execute(params![id, offset as i64])?;
        Ok(())
    }

    pub(super) fn forget_upload(&self, id: &str) -> Answer<()> {
        self.conn.prepare_cached("DELETE FROM upload WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}
