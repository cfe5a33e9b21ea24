//! What happens to files: power cuts at a commit, commits that fail, a full disk, copies that are put back later.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::wire::{Shared, take};
use crate::trouble::{Doing, Outcome};

/// Copies files and folders below one folder into another, which is made anew.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        // The index of the log is made anew from the log, as after a power cut.
        if name.to_string_lossy().ends_with("-shm") {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?
        } else {
            fs::copy(entry.path(), target).map(|_| ())?
        }
    }
    Ok(())
}

/// A program that has files of this folder open ends (`end`) without another word: what is in the folder stays as it is, and nothing
/// is added that a tidy ending would still have written. SQLite leaves a database alone that is not where it was opened.
pub(super) fn kill(folder: &Path, end: impl FnOnce()) -> io::Result<()> {
    let away = folder.with_extension("away");
    fs::rename(folder, &away)?;
    end();
    fs::rename(&away, folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // The index of the log is made anew from the log, as after a power cut.
        if path.to_string_lossy().ends_with("-shm") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// A program that has files of this folder open ends, and everything in the folder is gone.
pub(super) fn lose(folder: &Path, end: impl FnOnce()) -> io::Result<()> {
    fs::remove_dir_all(folder)?;
    end();
    Ok(())
}

/// Ends a commit in one of two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blow {
    /// The power goes: what was committed before is on the disk, nothing else ever will be.
    Cut,
    /// The disk refuses this commit; the program goes on.
    Fail,
}

#[derive(Debug)]
struct Burning {
    left: usize,
    blow: Blow,
    from: PathBuf,
    aside: PathBuf,
    blown: bool,
    failed_to_copy: Option<io::Error>,
}

/// A fuse in a database: it burns down with every commit.
#[derive(Debug, Clone)]
pub(super) struct Fuse {
    burning: Shared<Burning>,
    /// Whether the power is off: nothing that the program still does reaches anybody.
    dark: Arc<AtomicBool>,
}

impl Fuse {
    /// Plants a fuse that blows at the commit after `commits` others. `dark` is set when it cuts the power.
    pub(super) fn plant(
        connection: &mut Connection,
        (from, aside): (&Path, &Path),
        (commits, blow): (usize, Blow),
        dark: &Arc<AtomicBool>,
    ) -> Outcome<Self> {
        let (from, aside) = (from.to_owned(), aside.to_owned());
        let burning = Burning { left: commits, blow, from, aside, blown: false, failed_to_copy: None };
        let fuse = Self { burning: Arc::new(Mutex::new(burning)), dark: Arc::clone(dark) };
        let own = fuse.clone();
        connection.commit_hook(Some(move || own.burn())).doing("planting a fuse")?;
        Ok(fuse)
    }

    /// Takes the fuse out of a database that is still open.
    pub(super) fn remove(connection: &mut Connection) -> Outcome {
        connection.commit_hook(None::<fn() -> bool>).doing("removing a fuse")
    }

    /// A commit is about to happen. True: it does not.
    fn burn(&self) -> bool {
        let mut burning = take(&self.burning);
        if burning.blown {
            return false;
        }
        if burning.left > 0 {
            burning.left -= 1;
            return false;
        }
        burning.blown = true;
        if burning.blow == Blow::Fail {
            return true;
        }
        burning.failed_to_copy = copy(&burning.from, &burning.aside).err();
        self.dark.store(true, Ordering::SeqCst);
        false
    }

    /// Whether it blew.
    pub(super) fn blew(&self) -> Outcome<bool> {
        let mut burning = take(&self.burning);
        match burning.failed_to_copy.take() {
            Some(error) => Err(error).doing("copying what a power cut leaves"),
            None => Ok(burning.blown),
        }
    }
}

/// The disk is full from now on, as far as this database is concerned; or has room again.
pub(super) fn fill(connection: &Connection, full: bool) -> Outcome {
    let pages: i64 = if full {
        connection.query_row("PRAGMA page_count", [], |row| row.get(0)).doing("measuring a database")?
    } else {
        1_000_000
    };
    // The pragma answers with a row.
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).doing("filling a disk")
}
