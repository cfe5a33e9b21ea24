//! Pictures that no record names any more: their files go, and do not come back with a folder that is put back older.

use std::collections::BTreeSet;

use domain::{Fields, Kind, Sha256Hex};

use crate::hub::{Hub, HubError};
use crate::store::{Erasure, Store, Writing};

impl<S: Store> Hub<S> {
    /// Removes the files of photos that no record names any more. Each is tried until it succeeded once.
    pub(super) fn remove_doomed_photos(&self) -> Result<(), HubError> {
        let mut all = Ok(());
        for sha256 in self.store.read(|reading| reading.photos_doomed())? {
            let removed = self.store.write(|writing| {
                // The same picture may have come again for another record in the meantime; or another record names it, and this file is the
                // only one.
                if writing.photo_stored(&sha256)? || writing.photo_named(&sha256)? {
                    return Ok::<_, HubError>(writing.photo_stays(&sha256)?);
                }
                self.photos.remove(&sha256)?;
                Ok(writing.photo_removed(&sha256)?)
            });
            all = all.and(removed);
        }
        all
    }

    /// Notes, before bytes take their place whose record comes after them, that they must not lie there while nothing names them: should the
    /// server end in between, they go when it tidies up.
    pub(super) fn foresee_nameless(&self, sha256: &Sha256Hex) -> Result<(), HubError> {
        self.store.write(|writing| match doom_unless_named(writing, sha256)? {
            true => Ok::<_, HubError>(writing.photo_removed(sha256)?),
            false => Ok(()),
        })
    }

    /// Looks whether a picture that was removed lies in the folder once more, which is copied apart from the database and may have been put
    /// back older: it is to be removed again, unless a record names such bytes by now, whose they are then. A part of the folder that cannot
    /// be read keeps no other back.
    pub(super) fn doom_what_came_back(&self) -> Result<(), HubError> {
        let mut all = Ok(());
        for sha256 in self.store.read(|reading| reading.photos_removed())? {
            all = all.and(self.doom_if_back(&sha256));
        }
        all
    }

    fn doom_if_back(&self, sha256: &Sha256Hex) -> Result<(), HubError> {
        if !self.photos.has_any_of(sha256)? {
            return Ok(());
        }
        let now = self.now();
        self.store.write(|writing| {
            if doom_unless_named(writing, sha256)? {
                tracing::warn!(%sha256, "a picture that was removed lies in the folder again: was that put back older?");
            } else if let Some(bytes) = writing.photo_bytes(sha256)? {
                // Whoever has it need not send it.
                self.note_photo(writing, sha256, bytes, now)?;
            }
            Ok(())
        })
    }
}

/// Pictures that went with an erasure that is logged: a database that was put back may know neither their records nor that they are to
/// be removed.
pub(super) fn doom_logged(writing: &mut dyn Writing, logged: &[Erasure]) -> Result<(), HubError> {
    let mut known: BTreeSet<Sha256Hex> = writing.photos_doomed()?.into_iter().collect();
    known.extend(writing.photos_removed()?);
    for sha256 in logged.iter().filter_map(|erasure| erasure.sha256.as_ref()).filter(|hash| !known.contains(*hash)) {
        doom_unless_named(writing, sha256)?;
    }
    Ok(())
}

/// A photo's bytes go unless another record names them too: which go. `fields`: those of its record.
pub(super) fn doom_bytes(
    writing: &mut dyn Writing,
    kind: &Kind,
    fields: &Fields,
) -> Result<Option<Sha256Hex>, HubError> {
    let hash = fields.get("sha256").and_then(|hash| Sha256Hex::new(hash.as_str()?).ok());
    let Some(hash) = hash.filter(|_| *kind == Kind::Photo) else { return Ok(None) };
    Ok(doom_unless_named(writing, &hash)?.then_some(hash))
}

/// Whether these bytes are to be removed, since no record names them.
pub(super) fn doom_unless_named(writing: &mut dyn Writing, sha256: &Sha256Hex) -> Result<bool, HubError> {
    if writing.photo_named(sha256)? {
        return Ok(false);
    }
    writing.doom_photo(sha256)?;
    Ok(true)
}
