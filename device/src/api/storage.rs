//! What takes room on the phone, and making room: only copies of what the server has are given up.

use serde::Serialize;
use ts_rs::TS;

use super::{Failure, Nothing};
use crate::edge::free_bytes;
use crate::store::PhotoUse;
use crate::{Device, Open};

/// What takes room, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct StorageUse {
    /// What is free on the phone; none where the system does not say.
    pub free_bytes: Option<u64>,
    /// Records in the register.
    pub records: i64,
    /// The register's files, everything below included.
    pub register_bytes: u64,
    /// Pictures taken here that the server has not confirmed: they stay.
    pub waiting: PhotoUse,
    /// Originals that the server has too: they can be given up and loaded again. Those that refused or unsent words name stay, and are counted
    /// neither here nor as waiting.
    pub spare: PhotoUse,
    /// Small pictures for the lists: they stay.
    pub thumbs: PhotoUse,
}

pub(super) fn storage(device: &Device, _: Nothing) -> Result<StorageUse, Failure> {
    let free = free_bytes(device.folder());
    device.note_room(free);
    device.with_open(|open: &mut Open| storage_use(open, free))
}

/// Gives up the originals that the server has, and answers what takes room then.
pub(super) fn free_storage(device: &Device, _: Nothing) -> Result<StorageUse, Failure> {
    device.with_open(|open: &mut Open| {
        open.store().free_spare_originals()?;
        if let Err(error) = open.store().shrink() {
            // Shrinking needs room itself. Without it the freed pages are used for the next records all the same.
            tracing::info!(%error, "the register was not shrunk");
        }
        open.changed();
        let free = free_bytes(device.folder());
        // Whoever helps with this phone sees the room that was made, not what was left before.
        device.note_room(free);
        storage_use(open, free)
    })
}

fn storage_use(open: &Open, free_bytes: Option<u64>) -> Result<StorageUse, Failure> {
    let (waiting, spare, thumbs) = open.store().photo_use()?;
    Ok(StorageUse {
        free_bytes,
        records: open.store().record_count()?,
        register_bytes: open.store().file_bytes(),
        waiting,
        spare,
        thumbs,
    })
}
