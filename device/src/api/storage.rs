//! What takes room on the phone, and making room: only copies of what the server has are given up.

use serde::Serialize;
use ts_rs::TS;

use super::{Failure, Nothing};
use crate::store::PhotoUse;
use crate::{Device, Open};

/// What takes room, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct StorageUse {
    /// Records in the register.
    pub records: i64,
    /// The register's files, everything below included.
    pub register_bytes: u64,
    /// Pictures taken here that the server has not confirmed: they stay.
    pub waiting: PhotoUse,
    /// Originals that the server has too: they can be given up and loaded again.
    pub spare: PhotoUse,
    /// Small pictures for the lists: they stay.
    pub thumbs: PhotoUse,
}

pub(super) fn storage(device: &Device, _: Nothing) -> Result<StorageUse, Failure> {
    device.with_open(|open: &mut Open| storage_use(open))
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
        storage_use(open)
    })
}

fn storage_use(open: &Open) -> Result<StorageUse, Failure> {
    let (waiting, spare, thumbs) = open.store().photo_use()?;
    Ok(StorageUse {
        records: open.store().record_count()?,
        register_bytes: open.store().file_bytes(),
        waiting,
        spare,
        thumbs,
    })
}
