//! A register whose file is damaged: it is set aside under another name and never deleted, with its key if need be; what can be read
//! of it and is nowhere else goes into a new register, and the rest is pulled again.
//!
//! A single read that fails looks like damage to the cipher, and a storage may fail for seconds. So damage is a suspicion until the
//! file was asked: before anything is set aside the register is looked at three times, the last time after all was read.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use domain::world::Millis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::crypto::{KEY_FILE, Key, sync_folder, write_whole};
use crate::device::REGISTER_FILE;
use crate::open::lock;
use crate::owner::Owner;
use crate::store::{Reserve, Store, is_broken, salvage};
use crate::{Device, DeviceError};

/// Says that the register was found damaged while it was open: a [`Suspicion`].
const MARK: &str = "register.damaged";
/// The same suspicion once the file was asked and found whole.
const CLEARED: &str = "register.cleared";
/// What was read when the storage could not read all of the register: an [`Unread`].
const UNREAD_FILE: &str = "register.unread";
/// How the files of the damaged ones begin.
const ASIDE: &str = "register.damaged-";
/// The new register while it is being filled.
const RESCUE_FILE: &str = "register.rescue.db";
/// Says that the new register is whole and takes the place of the damaged one. The commit of it all.
const NOTE_FILE: &str = "register.replaced";
/// What belongs to a register's file.
const ENDINGS: [&str; 3] = ["-wal", "-shm", ""];

/// A register that so often within a day was found damaged while it was open is replaced, though nothing is found in its file: whoever
/// is locked out a few moments after every PIN cannot work at all.
const SUSPICIONS_MAX: u32 = 5;
const SUSPICIONS_WITHIN: Millis = 24 * 60 * 60 * 1000;

/// What the storage could not read at so many PINs, over so long, it never will: a page is worn out. Milliseconds.
const UNREAD_TRIES: u32 = 3;
const UNREAD_FOR: Millis = 60_000;

/// How a damaged register is replaced.
#[derive(Debug, Serialize, Deserialize)]
struct Replacing {
    /// Which one it is: the damaged files are named by it.
    number: usize,
    /// Whether there is a new register. Without one the phone has to be enrolled again.
    rescued: bool,
}

/// That the register was found damaged while it was open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Suspicion {
    /// How often since then.
    times: u32,
    /// When it was the first time.
    since: Millis,
}

impl Suspicion {
    /// The same once more. What was long ago, or seems to lie ahead, says nothing about today.
    fn again(before: Option<Self>, now: Millis) -> Self {
        match before {
            Some(before) if (0..SUSPICIONS_WITHIN).contains(&now.saturating_sub(before.since)) => {
                Self { times: before.times.saturating_add(1), ..before }
            }
            _ => Self { times: 1, since: now },
        }
    }
}

/// How much could be read of a register that the storage did not read whole.
#[derive(Debug, Serialize, Deserialize)]
struct Unread {
    /// How many rows.
    kept: usize,
    /// At how many PINs it was as many.
    tries: u32,
    /// When it was the first time.
    since: Millis,
}

impl Device {
    /// Opens the register. A damaged one is replaced, and that it was necessary is the answer.
    pub(crate) fn open_or_replace(&self, key: &Key) -> Result<(), DeviceError> {
        match found_twice(|| self.open_asked(key)) {
            Err(error) if self.is_damage(&error, key) => {}
            outcome => return outcome,
        }
        match self.rescue(key) {
            Ok(None) => Ok(()),
            Ok(Some(rescued)) => self.replace_register(rescued),
            // Nobody is kept out of a register in which nothing is found because there is no room for another.
            Err(error) if self.is_only_suspected(key) => self.open_as_it_is(key).map_err(|_| error),
            Err(error) => Err(error),
        }
    }

    /// Opens the register. One that was found damaged while it was open is asked first, all of it: what opening does not touch, the
    /// next round may run into again.
    fn open_asked(&self, key: &Key) -> Result<(), DeviceError> {
        let mark = self.folder().join(MARK);
        let is_hopeless = || noted::<Suspicion>(&mark).is_some_and(|suspicion| suspicion.times >= SUSPICIONS_MAX);
        if mark.exists() && (is_hopeless() || is_broken(&self.folder().join(REGISTER_FILE), key)) {
            return Err(DeviceError::RegisterDamaged);
        }
        self.open_as_it_is(key)
    }

    fn open_as_it_is(&self, key: &Key) -> Result<(), DeviceError> {
        let folder = self.folder();
        let store = Store::open(&folder.join(REGISTER_FILE), key)?;
        // Before anybody works with it and may suspect it again.
        match fs::rename(folder.join(MARK), folder.join(CLEARED)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%error, "it was not noted that nothing was found in the register");
            }
            _ => {}
        }
        self.install(store, key)?;
        if let Err(error) = remove(&folder.join(UNREAD_FILE)) {
            tracing::warn!(%error, "what the storage could not read once is still noted");
        }
        Ok(())
    }

    fn is_only_suspected(&self, key: &Key) -> bool {
        self.folder().join(MARK).exists() && !is_broken(&self.folder().join(REGISTER_FILE), key)
    }

    /// Whether an error in opening the register comes from what its file holds, and not from a storage that is full or busy, or from a
    /// newer version that wrote it.
    fn is_damage(&self, error: &DeviceError, key: &Key) -> bool {
        match error {
            // It has a key, so it was somebody's when it was made.
            DeviceError::RegisterDamaged | DeviceError::NotEnrolled => true,
            // Of a long value that ends on a broken page more is read than was written, and nothing says so.
            DeviceError::StorageBroken(_) => is_broken(&self.folder().join(REGISTER_FILE), key),
            _ => false,
        }
    }

    /// Makes a register of what can be read of the damaged one; whether it is known whose it is. None: there is none, since the other
    /// opened after all.
    fn rescue(&self, key: &Key) -> Result<Option<bool>, DeviceError> {
        let folder = self.folder();
        let (register, rescue) = (folder.join(REGISTER_FILE), folder.join(RESCUE_FILE));
        tracing::error!("the register is damaged: what can be read of it is kept");
        let salvaged = salvage(&register, &rescue, key, Owner::read(folder, key).as_ref())?;
        match self.open_asked(key) {
            Err(error) if self.is_damage(&error, key) => {}
            // Opened after all, or kept from it by something else, a full storage perhaps.
            outcome => {
                if let Err(error) = remove_all(&rescue) {
                    tracing::warn!(%error, "a register that is not needed was not removed");
                }
                return outcome.map(|()| None);
            }
        }
        let now = self.inner.world_mut(|world| world.now());
        if (salvaged.storage_failed || !reads_whole(&register)) && !is_worn_out(folder, salvaged.kept, now) {
            // What was passed over may be read a minute later. Until then nothing is set aside.
            remove_all(&rescue)?;
            return Err(DeviceError::StorageBroken("not all of the register could be read".into()));
        }
        Ok(Some(salvaged.known))
    }

    /// Sets the register aside and puts the new one in its place; that it was necessary is the answer.
    fn replace_register(&self, rescued: bool) -> Result<(), DeviceError> {
        tracing::error!("the damaged register is set aside");
        let folder = self.folder();
        let number = (1..).find(|number| !aside(folder, *number, "").exists()).unwrap_or_default();
        write_whole(&folder.join(NOTE_FILE), &serde_json::to_vec(&Replacing { number, rescued })?)?;
        finish(folder)?;
        Err(DeviceError::RegisterDamaged)
    }

    /// The open register seems to be damaged: it is closed, and its file is asked when the PIN is entered next.
    pub(crate) fn note_damage(&self) {
        if lock(&self.inner.open).is_none() {
            return;
        }
        let now = self.inner.world_mut(|world| world.now());
        let mark = self.folder().join(MARK);
        let before = noted(&self.folder().join(CLEARED)).or_else(|| noted(&mark));
        let suspicion = Suspicion::again(before, now);
        let note = || -> Result<(), DeviceError> { write_whole(&mark, &serde_json::to_vec(&suspicion)?) };
        if let Err(error) = Reserve::beside(&mark).make_room(note) {
            tracing::error!(%error, "the damage could not be noted");
        }
        self.lock();
    }
}

/// Opens a register once more when it was found damaged. Damage stays, and a single read that fails is over: when it is that of the
/// salt, the cipher makes up another, and the file looks like none at all.
fn found_twice(mut open: impl FnMut() -> Result<(), DeviceError>) -> Result<(), DeviceError> {
    match open() {
        Err(DeviceError::RegisterDamaged) => open(),
        outcome => outcome,
    }
}

/// Whether the storage will never read what it could not read of the register: so often, and over so long, it read as much as now and
/// no more. This time is noted.
fn is_worn_out(folder: &Path, kept: usize, now: Millis) -> bool {
    let file = folder.join(UNREAD_FILE);
    let before = noted::<Unread>(&file).filter(|before| before.kept == kept && before.since <= now);
    let (tries, since) = before.map_or((1, now), |before| (before.tries.saturating_add(1), before.since));
    if tries >= UNREAD_TRIES && now.saturating_sub(since) >= UNREAD_FOR {
        return true;
    }
    let written = serde_json::to_vec(&Unread { kept, tries, since })
        .map_err(DeviceError::from)
        .and_then(|note| write_whole(&file, &note));
    if let Err(error) = written {
        tracing::error!(%error, "how much of the register could be read was not noted");
    }
    false
}

/// Whether the storage reads a whole file, whatever stands in it.
fn reads_whole(file: &Path) -> bool {
    fs::File::open(file).and_then(|mut file| io::copy(&mut file, &mut io::sink())).is_ok()
}

/// What a file says; none when there is none, or it says nothing.
fn noted<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
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
    // They speak of the one that was set aside.
    for name in [MARK, CLEARED, UNREAD_FILE] {
        remove(&folder.join(name))?;
    }
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

    #[test]
    fn what_was_suspected_longer_than_a_day_ago_or_by_a_clock_that_was_ahead_does_not_count() {
        let first = Suspicion::again(None, 1_000);
        let second = Suspicion::again(Some(first), 2_000);
        assert_eq!(second, Suspicion { times: 2, since: 1_000 });
        assert_eq!(Suspicion::again(Some(second), 1_000 + SUSPICIONS_WITHIN).times, 1);
        assert_eq!(Suspicion::again(Some(second), 999), Suspicion { times: 1, since: 999 });
    }

    #[test]
    fn only_what_the_storage_reads_no_better_at_several_pins_over_a_minute_counts_as_worn_out() {
        let folder = tempfile::tempdir().unwrap();
        let worn_out = |kept, now| is_worn_out(folder.path(), kept, now);
        assert!(!worn_out(7, 0) && !worn_out(7, 10_000) && !worn_out(7, 20_000), "three PINs at once");
        assert!(!worn_out(9, 70_000), "more was read: it is not the same any more");
        assert!(!worn_out(9, 80_000) && !worn_out(9, 129_999));
        assert!(worn_out(9, 130_000));
        assert!(!worn_out(9, 60_000), "a clock that was put back does not say how long it has been");
    }

    #[test]
    fn a_file_that_the_storage_does_not_read_is_told_from_one_with_broken_pages() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("register.db");
        fs::write(&file, [1; 8192]).unwrap();
        assert!(reads_whole(&file));
        // It can be opened, and every read fails.
        assert!(!reads_whole(folder.path()));
    }
}
