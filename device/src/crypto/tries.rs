//! Wrong PINs cost time: the pause grows, and survives a restart of the app.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use domain::world::Millis;
use serde::{Deserialize, Serialize};

use super::write_whole;
use crate::DeviceError;
use crate::open::lock;

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
    /// The count of this run. With a full storage it is the only one: that must neither keep the worker out nor let tries go free.
    run: Mutex<Counted>,
}

impl Tries {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let tries = Self { path: folder.join(TRIES_FILE), run: Mutex::default() };
        *lock(&tries.run) = tries.read();
        tries
    }

    /// How long until the next PIN is looked at.
    pub(crate) fn wait(&self, now: Millis) -> Millis {
        let counted = *lock(&self.run);
        let pause = pause_after(counted.failures);
        // A clock set back starts the pause again at most; it never makes it longer.
        (counted.last_at.saturating_add(pause) - now).clamp(0, pause)
    }

    /// Counts a try before its outcome is known, so that ending the app in the middle does not save one.
    pub(crate) fn begin(&self, now: Millis) {
        let failures = lock(&self.run).failures.saturating_add(1);
        self.note(Counted { failures, last_at: now });
    }

    /// The register that they guarded is gone.
    pub(crate) fn forget(&self) {
        *lock(&self.run) = Counted::default();
    }

    /// The PIN was right.
    pub(crate) fn succeeded(&self) {
        self.note(Counted::default());
    }

    fn note(&self, counted: Counted) {
        *lock(&self.run) = counted;
        let stored = serde_json::to_vec(&counted).map_err(DeviceError::from);
        if let Err(error) = stored.and_then(|bytes| write_whole(&self.path, &bytes)) {
            tracing::warn!(%error, "the count of wrong PINs was not stored");
        }
    }

    /// A file that cannot be read counts as none: it guards against fingers, not against who can write files here.
    fn read(&self) -> Counted {
        fs::read(&self.path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}
