//! Where the workers of a phone lie: a numbered folder each, below `workers`, and which of them used the phone last.
//!
//! An app that knew one worker only kept that register in the phone's folder itself. It moves into a folder of its own before
//! anything is opened: file by file into a folder that does not count yet, whose renaming is the commit. Every step can be
//! repeated, so an app that was killed in between goes on where it was.

use std::fs;
use std::path::{Path, PathBuf};

use crate::DeviceError;
use crate::crypto::{sync_folder, write_whole};

const WORKERS: &str = "workers";
/// The folder of a register of an older version while it moves in.
const MOVING: &str = "moving";
/// The number of the folder that was used last.
const LAST: &str = "worker.last";
/// What an app that knew one worker only kept in the phone's folder. The window's own files may lie there too.
const EARLIER: &[&str] = &["register.", "device.", "pin.", "order.", "preferences."];
/// The room for text that was held in reserve; it has no ending.
const EARLIER_RESERVE: &str = "reserve";

/// The folder of a worker.
pub(super) fn place(root: &Path, number: u32) -> PathBuf {
    root.join(WORKERS).join(number.to_string())
}

/// The numbers of the folders that there are, ascending.
pub(super) fn places(root: &Path) -> Result<Vec<u32>, DeviceError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(root.join(WORKERS))? {
        let entry = entry?;
        let name = entry.file_name();
        let number =
            name.to_str().and_then(|name| name.parse::<u32>().ok().filter(|n| *n > 0 && n.to_string() == name));
        if entry.file_type()?.is_dir() {
            numbers.extend(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Which folder was used last. A file that cannot be read names none.
pub(super) fn last(root: &Path) -> Option<u32> {
    fs::read_to_string(root.join(LAST)).ok()?.trim().parse().ok()
}

/// Notes which folder is used now.
pub(super) fn note_last(root: &Path, number: u32) -> Result<(), DeviceError> {
    write_whole(&root.join(LAST), number.to_string().as_bytes())
}

/// Makes the folders, and moves a register of an older version into one of its own; harmless where there is none.
pub(super) fn settle(root: &Path) -> Result<(), DeviceError> {
    let workers = root.join(WORKERS);
    fs::create_dir_all(&workers)?;
    let (moving, earlier) = (workers.join(MOVING), earlier_files(root)?);
    if earlier.is_empty() && !moving.exists() {
        return Ok(());
    }
    fs::create_dir_all(&moving)?;
    sync_folder(&workers);
    for from in earlier {
        let Some(name) = from.file_name() else { continue };
        fs::rename(&from, moving.join(name))?;
    }
    sync_folder(&moving);
    sync_folder(root);
    // Usually the first. Where an older app was installed over this one for a while, there are others already.
    let free = free_place(&places(root)?);
    // From here on it counts: whole, in its new place.
    fs::rename(&moving, place(root, free))?;
    sync_folder(&workers);
    Ok(())
}

/// The number of a folder that is not there yet.
pub(super) fn free_place(taken: &[u32]) -> u32 {
    taken.iter().max().map_or(1, |last| last.saturating_add(1))
}

fn earlier_files(root: &Path) -> Result<Vec<PathBuf>, DeviceError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        let ours = name
            .to_str()
            .is_some_and(|name| name == EARLIER_RESERVE || EARLIER.iter().any(|beginning| name.starts_with(beginning)));
        if ours && entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}
