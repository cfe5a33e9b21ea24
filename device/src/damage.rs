//! A register whose file is damaged: it is set aside under another name and never deleted, with its key if need be; what can be read
//! of it and is nowhere else goes into a new register, and the rest is pulled again.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::crypto::{KEY_FILE, Key, sync_folder, write_whole};
use crate::device::REGISTER_FILE;
use crate::open::lock;
use crate::owner::Owner;
use crate::store::{Store, is_broken, salvage};
use crate::{Device, DeviceError};

/// Says that the register was found damaged while it was open.
const MARK: &str = "register.damaged";
/// How the files of the damaged ones begin.
const ASIDE: &str = "register.damaged-";
/// The new register while it is being filled.
const RESCUE_FILE: &str = "register.rescue.db";
/// Says that the new register is whole and takes the place of the damaged one. The commit of it all.
const NOTE_FILE: &str = "register.replaced";
/// What belongs to a register's file.
const ENDINGS: [&str; 3] = ["-wal", "-shm", ""];

/// How a damaged register is replaced.
#[derive(Debug, Serialize, Deserialize)]
struct Replacing {
    /// Which one it is: the damaged files are named by it.
    number: usize,
    /// Whether there is a new register. Without one the phone has to be enrolled again.
    rescued: bool,
}

impl Device {
    /// Opens the register's file, unless it was found damaged while it was open.
    pub(crate) fn open_store(&self, key: &Key) -> Result<Store, DeviceError> {
        if self.folder().join(MARK).exists() {
            return Err(DeviceError::RegisterDamaged);
        }
        Store::open(&self.folder().join(REGISTER_FILE), key)
    }

    /// Whether an error in opening the register comes from what its file holds, and not from a storage that is full or busy, or from a
    /// newer version that wrote it.
    pub(crate) fn is_damage(&self, error: &DeviceError, key: &Key) -> bool {
        match error {
            // It has a key, so it was somebody's when it was made.
            DeviceError::RegisterDamaged | DeviceError::NotEnrolled => true,
            // Of a long value that ends on a broken page more is read than was written, and nothing says so.
            DeviceError::StorageBroken(_) => is_broken(&self.folder().join(REGISTER_FILE), key),
            _ => false,
        }
    }

    /// Sets the register aside and puts a new one in its place; that it was necessary is the answer.
    pub(crate) fn replace_register(&self, key: &Key) -> Result<(), DeviceError> {
        tracing::error!("the register is damaged: it is set aside, and what can be read of it is kept");
        let folder = self.folder();
        let (register, rescue) = (folder.join(REGISTER_FILE), folder.join(RESCUE_FILE));
        let rescued = salvage(&register, &rescue, key, Owner::read(folder, key).as_ref())?;
        let number = (1..).find(|number| !aside(folder, *number, "").exists()).unwrap_or_default();
        write_whole(&folder.join(NOTE_FILE), &serde_json::to_vec(&Replacing { number, rescued })?)?;
        finish(folder)?;
        Err(DeviceError::RegisterDamaged)
    }

    /// The open register turned out to be damaged: it is closed, and replaced when the PIN is entered next.
    pub(crate) fn note_damage(&self) {
        if lock(&self.inner.open).is_none() {
            return;
        }
        if let Err(error) = write_whole(&self.folder().join(MARK), b"") {
            tracing::error!(%error, "the damage could not be noted");
        }
        self.lock();
    }
}

/// Opens a register once more when it was found damaged. Damage stays, and a single read that fails is over: when it is that of the
/// salt, the cipher makes up another, and the file looks like none at all.
pub(crate) fn found_twice(mut open: impl FnMut() -> Result<(), DeviceError>) -> Result<(), DeviceError> {
    match open() {
        Err(DeviceError::RegisterDamaged) => open(),
        outcome => outcome,
    }
}

/// Goes on with a replacement that was begun. Harmless when there is none: every step can be repeated.
pub(crate) fn finish(folder: &Path) -> Result<(), DeviceError> {
    let note = folder.join(NOTE_FILE);
    let bytes = match fs::read(&note) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        // What it says decides which file is the register.
        Err(error) => return Err(error.into()),
    };
    let Replacing { number, rescued } = serde_json::from_slice(&bytes)?;
    let rescue = folder.join(RESCUE_FILE);
    if !rescued {
        remove_all(&rescue)?;
    }
    // Once the new register has taken its place, what lies there is not the damaged one.
    if !rescued || rescue.exists() {
        for ending in ENDINGS {
            move_there(&with_ending(folder, REGISTER_FILE, ending), &aside(folder, number, ending))?;
        }
        move_there(&rescue, &folder.join(REGISTER_FILE))?;
    }
    if rescued {
        // What its file does not say yet. Nothing else can lie there: the damaged one's log was moved with it.
        move_there(&with_ending(folder, RESCUE_FILE, "-wal"), &with_ending(folder, REGISTER_FILE, "-wal"))?;
    } else {
        // The damaged file may say more to somebody who has the time; for that its key is kept beside it.
        move_there(&folder.join(KEY_FILE), &aside(folder, number, ".key"))?;
    }
    sync_folder(folder);
    remove(&folder.join(MARK))?;
    remove(&note)?;
    sync_folder(folder);
    Ok(())
}

/// Whether a damaged register lies in a folder. A folder that cannot be read counts as one that has it.
pub(crate) fn is_set_aside(folder: &Path) -> bool {
    let is_one = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(ASIDE);
    fs::read_dir(folder)
        .map_or(true, |entries| entries.into_iter().any(|entry| entry.is_ok_and(|entry| is_one(&entry.file_name()))))
}

fn aside(folder: &Path, number: usize, ending: &str) -> PathBuf {
    folder.join(format!("{ASIDE}{number}.db{ending}"))
}

fn with_ending(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(format!("{name}{ending}"))
}

/// Moves a file where nothing lies yet. That it is not there (any more) is no error.
fn move_there(from: &Path, to: &Path) -> Result<(), DeviceError> {
    if !from.exists() || to.exists() {
        return Ok(());
    }
    Ok(fs::rename(from, to)?)
}

/// Removes a register's file with all that belongs to it. That there is none is no error.
pub(crate) fn remove_all(file: &Path) -> Result<(), DeviceError> {
    let name = file.to_string_lossy();
    ENDINGS.iter().try_for_each(|ending| remove(Path::new(&format!("{name}{ending}"))))
}

fn remove(path: &Path) -> Result<(), DeviceError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_that_is_not_found_a_second_time_is_none() {
        let opened = |mut answers: Vec<Result<(), DeviceError>>| {
            let outcome = found_twice(|| answers.remove(0));
            (outcome, answers.len())
        };
        let damaged = || Err(DeviceError::RegisterDamaged);
        assert!(matches!(opened(vec![damaged(), Ok(())]), (Ok(()), 0)));
        assert!(matches!(opened(vec![damaged(), damaged(), Ok(())]), (Err(DeviceError::RegisterDamaged), 1)));
        assert!(matches!(opened(vec![Err(DeviceError::StorageFull), Ok(())]), (Err(DeviceError::StorageFull), 1)));
    }
}
