//! The pictures themselves, by their hash. The register lies around them: a photo's record travels with the text.
//!
//! A picture lies in `photo_file` and is written once. How it stands lies in `photo_way`, a small row beside it: noting it where the
//! picture lies would write all of that anew, and on a phone that is full of pictures none could be sent for want of room.

use domain::world::Millis;
use domain::{Record, RecordId, Sha256Hex};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use sha2::{Digest, Sha256};

use super::Store;
use crate::DeviceError;

/// Where a picture stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoFileState {
    /// The server does not have it yet; or it was put back from a backup, and may have lost it.
    Waiting,
    /// The server confirmed its hash.
    Stored,
    /// Taken by another phone and loaded from the server.
    Fetched,
}

impl PhotoFileState {
    fn from_name(name: &str) -> Self {
        match name {
            "waiting" => PhotoFileState::Waiting,
            "stored" => PhotoFileState::Stored,
            _ => PhotoFileState::Fetched,
        }
    }
}

/// A picture as far as it is on this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoFile {
    /// The stored JPEG, when it is here.
    pub full: Option<Vec<u8>>,
    /// The thumbnail's JPEG, when it is here.
    pub thumb: Option<Vec<u8>>,
    /// Where it stands.
    pub state: PhotoFileState,
}

/// A picture that waits for its turn to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingPhoto {
    /// The photo records that name it, in the order in which they are tried: the server takes it for one that it has.
    pub photos: Vec<RecordId>,
    /// Its hash.
    pub sha256: Sha256Hex,
    /// Its size.
    pub bytes: u64,
    /// The upload that was begun for it.
    pub upload: Option<String>,
    /// How often it failed by itself.
    pub tries: u32,
}

/// The SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Sha256Hex {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Sha256Hex::new(&hex).expect("32 bytes are 64 hexadecimal digits")
}

/// A photo (as `photo`) that this worker took on this phone. A colleague's record, or one of the worker's other phone, can name the
/// very same bytes: nothing waits for this phone to send those.
const TAKEN_HERE: &str = "photo.body ->> '$.fields.by' = (SELECT value ->> '$.account' FROM meta WHERE key = 'account')
     AND photo.own_at IS NOT NULL";

/// The condition on a record (as `photo`) that it is a photo taken here whose picture is still to be sent. Nothing in it is NULL, or its
/// contrary would never be true.
pub(crate) fn picture_waits() -> String {
    format!(
        "(photo.kind = 'photo' AND {TAKEN_HERE}
            AND photo.body ->> '$.fields.sha256' IN (SELECT sha256 FROM photo_way WHERE state = 'waiting')) IS TRUE"
    )
}

/// The hashes that refused and unsent words name. The server has a picture for the records that it took: for these it may be asked for
/// again, though it counts as stored.
pub(crate) const NAMED_BY_WORDS: &str =
    "SELECT fields ->> '$.sha256' FROM refused WHERE kind = 'photo' AND fields ->> '$.sha256' IS NOT NULL
    UNION ALL SELECT record.body ->> '$.fields.sha256' FROM unsent JOIN record ON record.id = unsent.id
        WHERE record.kind = 'photo' AND record.body ->> '$.fields.sha256' IS NOT NULL";

/// The condition on a picture (as `file`, with its `way`) that its original may go: the server confirmed it, or it came from there, and
/// the thumbnail stays. No refused or unsent words name it.
pub(super) fn may_go() -> String {
    format!(
        "way.state <> 'waiting' AND file.full IS NOT NULL AND file.thumb IS NOT NULL AND file.sha256 NOT IN ({NAMED_BY_WORDS})"
    )
}

/// The pictures that wait and will be sent: one whose record was refused is kept with the worker's own words, but nothing will send
/// it. From the records' side: the other way round every picture would go through all records.
fn waiting_sql() -> String {
    format!(
        "SELECT DISTINCT photo.body ->> '$.fields.sha256' FROM record AS photo
         WHERE photo.kind = 'photo' AND {} ORDER BY 1",
        picture_waits()
    )
}

/// Keeps a picture taken here under its hash. It waits until the server has the photo record that names it, which is stored with it.
pub(crate) fn put_taken_photo(
    connection: &Connection,
    hash: &Sha256Hex,
    (full, thumb): (&[u8], &[u8]),
) -> Result<(), DeviceError> {
    // The same picture may have come from another phone before, without its original. And it may have been sent before for
    // another record: with that one erased the server has it no more.
    const PICTURE: &str = "INSERT INTO photo_file (sha256, full, thumb, state) VALUES (?1, ?2, ?3, 'waiting')
        ON CONFLICT (sha256) DO UPDATE SET full = ?2, thumb = ?3";
    const WAY: &str = "UPDATE photo_way SET state = 'waiting', try_after = 0, counted_from = NULL WHERE sha256 = ?1";
    connection.prepare_cached(PICTURE)?.execute((hash.as_str(), full, thumb))?;
    connection.prepare_cached(WAY)?.execute([hash.as_str()])?;
    Ok(())
}

impl Store {
    /// Keeps what was loaded from the server; exactly one of the two is given at a time. False: it is not kept, since the record
    /// that it was loaded for is gone, and a picture that nothing names would stay unseen.
    ///
    /// # Errors
    /// [`DeviceError::StorageFull`] and [`DeviceError::StorageBroken`].
    pub fn keep_fetched_photo(
        &self,
        hash: &Sha256Hex,
        full: Option<&[u8]>,
        thumb: Option<&[u8]>,
    ) -> Result<bool, DeviceError> {
        const SQL: &str = "INSERT INTO photo_file (sha256, full, thumb, state) SELECT ?1, ?2, ?3, 'fetched'
            WHERE EXISTS (SELECT 1 FROM record WHERE kind = 'photo' AND body ->> '$.fields.sha256' = ?1)
            ON CONFLICT (sha256) DO UPDATE SET full = coalesce(?2, full), thumb = coalesce(?3, thumb)";
        Ok(self.connection.prepare_cached(SQL)?.execute((hash.as_str(), full, thumb))? > 0)
    }

    /// A picture as far as it is here.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn photo_file(&self, hash: &Sha256Hex) -> Result<Option<PhotoFile>, DeviceError> {
        const SQL: &str = "SELECT full, thumb, way.state FROM photo_file JOIN photo_way AS way USING (sha256)
            WHERE sha256 = ?1";
        let mut statement = self.connection.prepare_cached(SQL)?;
        let read = |row: &Row<'_>| {
            let state: String = row.get(2)?;
            Ok(PhotoFile { full: row.get(0)?, thumb: row.get(1)?, state: PhotoFileState::from_name(&state) })
        };
        Ok(statement.query_row([hash.as_str()], read).optional()?)
    }

    /// Whether the server has a picture, as far as this phone knows.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn is_photo_file_sent(&self, hash: &Sha256Hex) -> Result<bool, DeviceError> {
        let sql = "SELECT 1 FROM photo_way WHERE sha256 = ?1 AND state = 'waiting'";
        Ok(!super::row::exists(&self.connection, sql, [hash.as_str()])?)
    }

    /// Every picture that waits and will be sent some time: a record that the server has or will have names it.
    pub(crate) fn waiting_hashes(&self) -> Result<Vec<Sha256Hex>, DeviceError> {
        let mut statement = self.connection.prepare_cached(&waiting_sql())?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let hash: String = row.get(0)?;
            found.extend(Sha256Hex::new(&hash).ok());
        }
        Ok(found)
    }

    /// The pictures that could be sent now, those first that failed least often, own ones before others, oldest first: their record is with
    /// the server, and the pause after a failure of their own is over. A pause is never longer than `longest`: one that ends later was begun by a clock that has been
    /// set back since, and is over too.
    ///
    /// The server can have a record that it refused from this phone: an earlier request brought it whose answer was lost; or it was
    /// put back from a backup that does not know that the cell was this worker's, and a colleague brings the record. So the picture
    /// of refused words is offered too. And what was loaded from a server that was put back may be nowhere else any more.
    pub(crate) fn waiting_photos(&self, now: Millis, longest: Millis) -> Result<Vec<WaitingPhoto>, DeviceError> {
        const READY: &str = "photo_way AS way JOIN photo_file AS file ON file.sha256 = way.sha256
                AND way.state = 'waiting' AND file.full IS NOT NULL AND (way.try_after <= ?1 OR way.try_after > ?2)";
        let sql = format!(
            "SELECT CASE WHEN {TAKEN_HERE} THEN 0 ELSE 2 END, photo.id, way.sha256, length(file.full), way.upload, way.tries
             FROM {READY} JOIN record AS photo
                ON photo.kind = 'photo' AND photo.id NOT IN (SELECT id FROM unsent) AND photo.body ->> '$.fields.sha256' = way.sha256
             UNION ALL SELECT 1, photo.id, way.sha256, length(file.full), way.upload, way.tries
             FROM {READY} JOIN refused AS photo
                ON photo.kind = 'photo' AND photo.fields ->> '$.sha256' = way.sha256
             ORDER BY 6, 1, 2"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([now, now.saturating_add(longest)])?;
        let mut found: Vec<WaitingPhoto> = Vec::new();
        while let Some(row) = rows.next()? {
            let (photo, hash): (String, String) = (row.get(1)?, row.get(2)?);
            let (Ok(photo), Ok(sha256)) = (photo.parse(), Sha256Hex::new(&hash)) else { continue };
            if let Some(known) = found.iter_mut().find(|known| known.sha256 == sha256) {
                known.photos.push(photo);
                continue;
            }
            let bytes: i64 = row.get(3)?;
            found.push(WaitingPhoto {
                photos: vec![photo],
                sha256,
                bytes: bytes.unsigned_abs(),
                upload: row.get(4)?,
                tries: row.get(5)?,
            });
        }
        Ok(found)
    }

    /// A picture's bytes: all of it, since reading a part costs as much as reading the whole.
    pub(crate) fn photo_bytes(&self, hash: &Sha256Hex) -> Result<Vec<u8>, DeviceError> {
        let mut statement = self.connection.prepare_cached("SELECT full FROM photo_file WHERE sha256 = ?1")?;
        let full: Option<Option<Vec<u8>>> = statement.query_row([hash.as_str()], |row| row.get(0)).optional()?;
        full.flatten().ok_or(DeviceError::NotFound)
    }

    /// Frees the originals that the server has had since then or longer, as the phone counts; the thumbnail stays, the original can be
    /// loaded again.
    pub(crate) fn free_originals(&self, since: Millis) -> Result<usize, DeviceError> {
        self.free("way.state = 'stored' AND way.counted_from <= ?1", [since])
    }

    /// Gives up every original that can be loaded again: the server confirmed it, or it came from there.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be written.
    pub(crate) fn free_spare_originals(&self) -> Result<usize, DeviceError> {
        self.free("1", ())
    }

    /// Gives up originals of which a condition holds besides, a few at a time: the log of all at once would be long, and takes room
    /// before it makes any.
    fn free(&self, condition: &str, params: impl Params + Copy) -> Result<usize, DeviceError> {
        const AT_ONCE: usize = 50;
        let sql = format!(
            "UPDATE photo_file SET full = NULL WHERE sha256 IN (SELECT file.sha256 FROM photo_way AS way
                JOIN photo_file AS file USING (sha256) WHERE {} AND {condition} LIMIT {AT_ONCE})",
            may_go()
        );
        let mut freed = 0;
        loop {
            let some = self.reserve.make_room(|| Ok(self.connection.prepare_cached(&sql)?.execute(params)?))?;
            freed += some;
            if some < AT_ONCE {
                return Ok(freed);
            }
        }
    }
}

/// Notes the upload of a picture. How far it is, the server is asked: it knows better.
pub(crate) fn photo_announced(connection: &Connection, hash: &Sha256Hex, upload: &str) -> Result<(), DeviceError> {
    let mut statement = connection.prepare_cached("UPDATE photo_way SET upload = ?2 WHERE sha256 = ?1")?;
    statement.execute((hash.as_str(), upload))?;
    Ok(())
}

/// The server confirmed the hash.
pub(crate) fn photo_stored(connection: &Connection, hash: &Sha256Hex) -> Result<(), DeviceError> {
    const SQL: &str = "UPDATE photo_way SET state = 'stored', upload = NULL, tries = 0, counted_from = NULL
        WHERE sha256 = ?1 AND state = 'waiting'";
    connection.prepare_cached(SQL)?.execute([hash.as_str()])?;
    Ok(())
}

/// Whether there are pictures that the server has, and since when is not counted yet.
pub(crate) fn any_uncounted(connection: &Connection) -> Result<bool, DeviceError> {
    super::exists(connection, "SELECT 1 FROM photo_way WHERE state = 'stored' AND counted_from IS NULL LIMIT 1", ())
}

/// From `counted` on, as the phone counts, the server has these pictures.
pub(crate) fn count_stored_from(connection: &Connection, counted: Millis) -> Result<(), DeviceError> {
    const SQL: &str = "UPDATE photo_way SET counted_from = ?1 WHERE state = 'stored' AND counted_from IS NULL";
    connection.prepare_cached(SQL)?.execute([counted])?;
    Ok(())
}

/// The upload failed by itself (not for want of a connection): others go first, it starts again after a pause, or with the next round.
pub(crate) fn photo_failed(
    connection: &Connection,
    hash: &Sha256Hex,
    tries: u32,
    try_after: Millis,
) -> Result<(), DeviceError> {
    const SQL: &str = "UPDATE photo_way SET upload = NULL, tries = ?2, try_after = ?3 WHERE sha256 = ?1";
    connection.prepare_cached(SQL)?.execute((hash.as_str(), tries, try_after))?;
    Ok(())
}

/// Whatever picture a condition on its way picks waits again, if it is still here whole.
fn wait_again(connection: &Connection, condition: &str, params: impl Params) -> Result<(), DeviceError> {
    let sql = format!(
        "UPDATE photo_way SET state = 'waiting', upload = NULL, tries = 0, try_after = 0, counted_from = NULL
         WHERE state <> 'waiting' AND {condition}
            AND EXISTS (SELECT 1 FROM photo_file WHERE sha256 = photo_way.sha256 AND full IS NOT NULL)"
    );
    connection.prepare_cached(&sql)?.execute(params)?;
    Ok(())
}

/// The server may lack this picture for a record that names it: it has taken that just now, or was put back while the picture came
/// from it.
pub(crate) fn announce_again(connection: &Connection, hash: &str) -> Result<(), DeviceError> {
    wait_again(connection, "sha256 = ?1", [hash])
}

/// The server may lack whatever it once confirmed, and what was loaded from it: what is still here waits again.
pub(crate) fn photos_wait_again(connection: &Connection) -> Result<(), DeviceError> {
    wait_again(connection, "1", ())
}

/// The photo with this id is erased: the server has its picture no more, unless another record that it has names the same. If one
/// here does that the server does not have yet, the picture waits again.
pub(crate) fn picture_waits_again(connection: &Connection, photo: &str) -> Result<(), DeviceError> {
    const OF_PHOTO: &str = "state = 'stored' AND sha256 IN
        (SELECT body ->> '$.fields.sha256' FROM record WHERE id = ?1 AND kind = 'photo'
         UNION ALL SELECT fields ->> '$.sha256' FROM refused WHERE id = ?1 AND kind = 'photo')";
    wait_again(connection, OF_PHOTO, [photo])
}

/// The hashes that records and refused words name.
const NAMED: &str =
    "SELECT body ->> '$.fields.sha256' FROM record WHERE kind = 'photo' AND body ->> '$.fields.sha256' IS NOT NULL
    UNION ALL SELECT fields ->> '$.sha256' FROM refused WHERE kind = 'photo' AND fields ->> '$.sha256' IS NOT NULL";

/// Forgets pictures that no record and no refused words name any more. One whose record went with a page of a damaged register stays
/// while that may still come down.
pub(crate) fn drop_unnamed_photos(connection: &Connection) -> Result<(), DeviceError> {
    let sql = format!(
        "DELETE FROM photo_file WHERE sha256 NOT IN ({NAMED})
            AND sha256 NOT IN (SELECT sha256 FROM photo_way WHERE nameless = 1)"
    );
    connection.execute(&sql, [])?;
    Ok(())
}

/// Whether refused or unsent words name a picture.
pub(super) fn is_named_by_words(connection: &Connection, hash: &str) -> Result<bool, DeviceError> {
    super::exists(connection, &format!("SELECT 1 WHERE ?1 IN ({NAMED_BY_WORDS})"), [hash])
}

/// These were saved from a damaged register, and what names them was not.
pub(super) fn mark_nameless(connection: &Connection) -> Result<(), DeviceError> {
    connection.execute(&format!("UPDATE photo_way SET nameless = 1 WHERE sha256 NOT IN ({NAMED})"), [])?;
    Ok(())
}

/// Whether a photo that comes down is this worker's, and its picture was saved here without it.
pub(crate) fn was_nameless(connection: &Connection, photo: &Record) -> Result<bool, DeviceError> {
    const SQL: &str = "SELECT 1 FROM photo_way WHERE sha256 = ?1 AND nameless = 1
        AND ?2 = (SELECT value ->> '$.account' FROM meta WHERE key = 'account')";
    super::exists(connection, SQL, (photo.text("sha256"), photo.text("by")))
}

/// Everything that the server has came down: what nothing names now, nothing will.
pub(crate) fn drop_nameless(connection: &Connection) -> Result<(), DeviceError> {
    let marked = connection.prepare_cached("UPDATE photo_way SET nameless = 0 WHERE nameless = 1")?.execute([])?;
    if marked == 0 { Ok(()) } else { drop_unnamed_photos(connection) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Key;

    #[test]
    fn what_is_noted_of_a_picture_does_not_write_the_picture_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("register.db"), &Key::default()).unwrap();
        let connection = &store.connection;
        let (picture, thumb) = (vec![7; 400_000], vec![7; 20_000]);
        let hash = sha256(&picture);
        put_taken_photo(connection, &hash, (&picture, &thumb)).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        photo_failed(connection, &hash, 1, 0).unwrap();
        photo_announced(connection, &hash, "/v1/photos/x").unwrap();
        photo_stored(connection, &hash).unwrap();
        assert_eq!(store.photo_file(&hash).unwrap().unwrap().state, PhotoFileState::Stored);
        let log = std::fs::metadata(folder.path().join("register.db-wal")).unwrap().len();
        assert!(log < 100_000, "{log}");
    }

    #[test]
    fn however_many_originals_may_go_all_of_them_do() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("register.db"), &Key::default()).unwrap();
        for number in 0..120_u8 {
            let picture = [number; 100];
            let hash = sha256(&picture);
            put_taken_photo(&store.connection, &hash, (&picture, &[number])).unwrap();
            photo_stored(&store.connection, &hash).unwrap();
        }
        assert_eq!(store.free_originals(i64::MAX).unwrap(), 0, "nobody has counted yet");
        count_stored_from(&store.connection, 7).unwrap();
        assert!(!any_uncounted(&store.connection).unwrap());
        assert_eq!(store.free_originals(6).unwrap(), 0, "not before their time");
        assert_eq!(store.free_originals(7).unwrap(), 120);
        assert_eq!(store.free_spare_originals().unwrap(), 0);
    }

    #[test]
    fn whether_pictures_wait_is_asked_once_for_every_record_and_not_for_every_pair() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("register.db"), &Key::default()).unwrap();
        let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {}", waiting_sql())).unwrap();
        let steps: Vec<String> = statement.query_map([], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(steps[0].contains("SEARCH photo USING INDEX record_by_kind"), "{steps:?}");
        let (list, for_each) = ("LIST SUBQUERY", "CORRELATED");
        assert!(steps.iter().any(|step| step.contains(list)), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains(for_each)), "{steps:?}");
    }
}
