//! How much room the register takes, and giving back what can be had again.

use rusqlite::Row;
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::photo_files::may_go;
use crate::DeviceError;

/// Pictures of one sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PhotoUse {
    /// How many.
    pub count: i64,
    /// How much room, in bytes.
    pub bytes: i64,
}

impl Store {
    /// What pictures take: originals that only this phone has, originals that the server has too, thumbnails.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub(crate) fn photo_use(&self) -> Result<(PhotoUse, PhotoUse, PhotoUse), DeviceError> {
        const WAITS: &str = "way.state = 'waiting'";
        let spare = may_go();
        let sql = format!(
            "SELECT
                count(full) FILTER (WHERE {WAITS}), coalesce(sum(length(full)) FILTER (WHERE {WAITS}), 0),
                count(full) FILTER (WHERE {spare}), coalesce(sum(length(full)) FILTER (WHERE {spare}), 0),
                count(thumb), coalesce(sum(length(thumb)), 0)
             FROM photo_file AS file JOIN photo_way AS way USING (sha256)"
        );
        let pair = |row: &Row<'_>, at: usize| -> rusqlite::Result<PhotoUse> {
            Ok(PhotoUse { count: row.get(at)?, bytes: row.get(at + 1)? })
        };
        let read = |row: &Row<'_>| Ok((pair(row, 0)?, pair(row, 2)?, pair(row, 4)?));
        Ok(self.connection.prepare_cached(&sql)?.query_row([], read)?)
    }

    /// Records, those taken out of the register included.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub(crate) fn record_count(&self) -> Result<i64, DeviceError> {
        Ok(self.connection.prepare_cached("SELECT count(*) FROM record")?.query_row([], |row| row.get(0))?)
    }

    /// Gives free pages back to the phone. Needs as much room again for a moment.
    ///
    /// # Errors
    /// [`DeviceError::StorageFull`] when there is no room for it; the register is as it was.
    pub(crate) fn shrink(&self) -> Result<(), DeviceError> {
        self.connection.execute_batch("VACUUM")?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// The size of the register's files.
    pub(crate) fn file_bytes(&self) -> u64 {
        let Some(path) = self.connection.path().filter(|path| !path.is_empty()) else { return 0 };
        let size = |ending: &str| std::fs::metadata(format!("{path}{ending}")).map_or(0, |file| file.len());
        size("") + size("-wal")
    }
}
