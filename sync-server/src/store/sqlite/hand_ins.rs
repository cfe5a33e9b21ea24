//! What phones handed in, sealed.

use domain::{AccountId, DeviceId, Sha256Hex};
use rusqlite::{OptionalExtension, Row, params};

use super::Sql;
use super::rows::{count, parsed};
use crate::store::{Answer, HandInLine, TakenIn};

fn line(row: &Row<'_>) -> rusqlite::Result<HandInLine> {
    Ok(HandInLine {
        digest: parsed(row, 0)?,
        changes: count(row, 1)?,
        photos: count(row, 2)?,
        at: row.get(3)?,
        bytes: count(row, 4)?,
        kept: row.get(5)?,
        taken_at: row.get(6)?,
        refused: row.get::<_, Option<i64>>(7)?.map_or(0, |refused| refused.max(0) as u64),
        served: row.get(8)?,
    })
}

impl Sql<'_> {
    pub(super) fn hand_ins_of(&self, device: DeviceId) -> Answer<Vec<HandInLine>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT digest, changes, photos, at, bytes, sealed IS NOT NULL, taken_at, refused, served FROM hand_in
             WHERE device = ?1 ORDER BY at, rowid",
        )?;
        Ok(statement.query_map([device.0.as_bytes()], line)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn sealed_piece(&self, device: DeviceId, digest: &Sha256Hex) -> Answer<Option<Vec<u8>>> {
        let mut statement = self.conn.prepare_cached("SELECT sealed FROM hand_in WHERE device = ?1 AND digest = ?2")?;
        let key = params![device.0.as_bytes(), digest.as_str()];
        Ok(statement.query_row(key, |row| row.get(0)).optional()?.flatten())
    }

    pub(super) fn store_hand_in(&self, device: DeviceId, piece: &HandInLine, sealed: &[u8]) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT OR IGNORE INTO hand_in (device, digest, changes, photos, at, served, bytes, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        statement.execute(params![
            device.0.as_bytes(),
            piece.digest.as_str(),
            piece.changes as i64,
            piece.photos as i64,
            piece.at,
            piece.served,
            piece.bytes as i64,
            sealed,
        ])?;
        Ok(())
    }

    pub(super) fn settle_hand_in(
        &self,
        device: DeviceId,
        digest: &Sha256Hex,
        (at, by): (i64, &AccountId),
        taken: TakenIn,
        keep: bool,
    ) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "UPDATE hand_in SET taken_at = ?3, taken_by = ?4, accepted = ?5, refused = ?6,
                 sealed = CASE WHEN ?7 THEN sealed END
             WHERE device = ?1 AND digest = ?2",
        )?;
        statement.execute(params![
            device.0.as_bytes(),
            digest.as_str(),
            at,
            by.as_str(),
            (taken.accepted + taken.photos) as i64,
            taken.refused as i64,
            keep,
        ])?;
        Ok(())
    }

    pub(super) fn forget_hand_ins(&self, before: i64, served_before: i64) -> Answer<()> {
        self.conn
            .prepare_cached("DELETE FROM hand_in WHERE at < ?1 AND served < ?2")?
            .execute([before, served_before])?;
        Ok(())
    }
}
