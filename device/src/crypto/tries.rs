//! Wrong PINs cost time: the pause grows, and survives a restart of the app.

use std::fs;
use std::path::{Path, PathBuf};

use domain::world::Millis;
use serde::{Deserialize, Serialize};

use super::write_whole;
use crate::DeviceError;

const TRIES_FILE: &str = "pin.tries";

/// The pause after so many wrong PINs in a row: none for the first four, since thumbs slip.
fn pause_after(failures: u32) -> Millis {
    const SECOND: Millis = 1_000;
    match failures {
        0..=4 => 0,
        5 => 30 * SECOND,
        6 => 60 * SECOND,
        7 => 5 * 60 * SECOND,
        8 => 15 * 60 * SECOND,
        _ => 60 * 60 * SECOND,
    }
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Counted {
    failures: u32,
    last_at: Millis,
}

/// The wrong PINs entered in a row, in a file of their own: the key file is never rewritten.
pub(crate) struct Tries {
    path: PathBuf,
}

impl Tries {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join(TRIES_FILE) }
    }

    /// How long until the next PIN is looked at.
    pub(crate) fn wait(&self, now: Millis) -> Millis {
        let counted = self.read();
        let pause = pause_after(counted.failures);
        // A clock set back starts the pause again at most; it never makes it longer.
        (counted.last_at.saturating_add(pause) - now).clamp(0, pause)
    }

    /// Counts a try before its outcome is known, so that ending the app in the middle does not save one.
    pub(crate) fn begin(&self, now: Millis) -> Result<(), DeviceError> {
        let failures = self.read().failures.saturating_add(1);
        write_whole(&self.path, &serde_json::to_vec(&Counted { failures, last_at: now })?)
    }

    /// The PIN was right.
    pub(crate) fn succeeded(&self) -> Result<(), DeviceError> {
        write_whole(&self.path, &serde_json::to_vec(&Counted::default())?)
    }

    /// A file that cannot be read counts as none: it guards against fingers, not against who can write files here.
    fn read(&self) -> Counted {
        fs::read(&self.path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}
