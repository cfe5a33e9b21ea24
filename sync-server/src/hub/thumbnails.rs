//! Thumbnails that a copy of the photo folder lacks, or has empty or cut: made of their photos when somebody asks for them, and kept.

use std::io;
use std::sync::PoisonError;

use domain::Sha256Hex;
use domain::protocol::PhotoSize;

use crate::hub::{Hub, HubError};
use crate::store::Store;

impl<S: Store> Hub<S> {
    /// The thumbnail of a stored photo that was not there just now. It is made by one request at a time: the others who wait for it find it
    /// then, and a whole folder without them fills no memory with pictures.
    ///
    /// # Errors
    /// When its photo is not there; [`io::ErrorKind::InvalidData`] when that is no picture.
    pub(super) fn thumbnail(&self, sha256: &Sha256Hex) -> io::Result<Vec<u8>> {
        let _alone = self.shrinking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(kept) = self.photos.read(sha256, PhotoSize::Thumb) {
            return Ok(kept);
        }
        let made = self.photos.shrink(sha256)?;
        // Whoever asks sees it also while the disk is full, and it is made once more for the next.
        if let Err(error) = self.keep_thumbnail(sha256, &made) {
            tracing::warn!(%sha256, %error, "a thumbnail that was made anew cannot be kept");
        }
        Ok(made)
    }

    /// Puts a thumbnail beside its photo, unless that was erased since it was read: its files may have been removed by now. Whoever erases
    /// it later removes both; should the server end in between, the thumbnail goes like what an older folder brings back (`doomed`).
    fn keep_thumbnail(&self, sha256: &Sha256Hex, thumbnail: &[u8]) -> Result<(), HubError> {
        self.photos.put_thumbnail(sha256, thumbnail)?;
        if !self.store.read(|reading| reading.photo_stored(sha256))? {
            self.photos.drop_thumbnail(sha256)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::hub::open_folder;

    #[test]
    fn a_thumbnail_outlives_no_photo_that_was_erased_while_it_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let hub = open_folder(folder.path()).unwrap();
        let mut jpeg = Vec::new();
        let picture = image::RgbImage::new(16, 12);
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 80).encode_image(&picture).unwrap();
        let digest: String = Sha256::digest(&jpeg).iter().map(|byte| format!("{byte:02x}")).collect();
        let sha256 = Sha256Hex::new(&digest).unwrap();
        hub.keep_photo(&sha256, &jpeg).unwrap();
        hub.photos.drop_thumbnail(&sha256).unwrap();
        let made = hub.thumbnail(&sha256).unwrap();
        assert_eq!(hub.photos.read(&sha256, PhotoSize::Thumb).unwrap(), made, "of one that stays it is kept");
        hub.give_up_photo(&sha256).unwrap();
        assert!(!hub.photos.has_any_of(&sha256).unwrap());
        hub.keep_thumbnail(&sha256, &made).unwrap();
        assert!(!hub.photos.has_any_of(&sha256).unwrap());
        assert_eq!(hub.photos.uploads().unwrap(), Vec::<String>::new());
    }
}
