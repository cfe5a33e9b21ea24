//! Room for text when the storage is full: a file that is given up so that what somebody just typed still fits.
//!
//! Photos fill a cheap phone. What a worker writes at a door is small and must not fail for that; pictures never get this room, but for those
//! that are saved with the text of a damaged register. What is noted of a picture does: that the server has it, without which no picture
//! could ever be given up on a phone that is full.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::DeviceError;

const RESERVE_FILE: &str = "reserve";

/// Room for the log to be moved into the file once, and after that for hundreds of visits with their notes.
const BYTES: usize = 6 * 1024 * 1024;

/// The reserve of one register.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    pub(crate) fn beside(register: &Path) -> Self {
        Self { path: register.with_file_name(RESERVE_FILE) }
    }

    /// Lays the reserve in where there is none and there is room. Without room it is tried again later. One that the app was killed
    /// in while writing it is none: giving it up would make no room.
    pub(crate) fn lay_in(&self) {
        if fs::metadata(&self.path).is_ok_and(|file| file.len() == BYTES as u64) {
            return;
        }
        if let Err(error) = fill(&self.path) {
            tracing::warn!(%error, "no room for the reserve");
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Does something that needs room for text; when there is none, once more with the reserve given up.
    pub(crate) fn make_room<T>(&self, mut f: impl FnMut() -> Result<T, DeviceError>) -> Result<T, DeviceError> {
        match f() {
            Err(DeviceError::StorageFull) if fs::remove_file(&self.path).is_ok() => {
                tracing::warn!("the storage is full: the reserve for text is used");
                f()
            }
            outcome => outcome,
        }
    }
}

/// Bytes that no file system can store as a hole or compress away.
fn fill(path: &Path) -> std::io::Result<()> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(BYTES);
    while bytes.len() < BYTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    let mut file = fs::File::create(path)?;
    file.write_all(&bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_that_was_half_written_is_laid_in_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(RESERVE_FILE);
        fs::write(&path, [1; 100]).unwrap();
        Reserve::beside(&folder.path().join("register.db")).lay_in();
        assert_eq!(fs::metadata(&path).unwrap().len(), BYTES as u64);
    }

    #[test]
    fn the_reserve_is_given_up_once_and_for_a_full_storage_only() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::beside(&folder.path().join("register.db"));
        reserve.lay_in();
        let path = folder.path().join(RESERVE_FILE);
        assert_eq!(fs::metadata(&path).unwrap().len(), BYTES as u64);
        let other = reserve.make_room(|| Err::<(), _>(DeviceError::NotFound));
        assert!(matches!(other, Err(DeviceError::NotFound)) && path.exists());
        let mut tries = 0;
        let outcome = reserve.make_room(|| {
            tries += 1;
            if path.exists() { Err(DeviceError::StorageFull) } else { Ok(tries) }
        });
        assert_eq!(outcome.unwrap(), 2, "the second try had room");
        let outcome = reserve.make_room(|| Err::<(), _>(DeviceError::StorageFull));
        assert!(matches!(outcome, Err(DeviceError::StorageFull)), "nothing left to give up");
    }
}
