//! What the lock screen calls a worker: the display name as enrolled, in a plain file of the worker's folder.
//!
//! On a shared phone somebody has to find their own register before any key is there, so this one word is outside of it. Nothing
//! else is: no account, no cell, and no count of what is unsent, which would tell whoever holds the phone how much its owner
//! did since the last signal.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::DeviceError;
use crate::crypto::write_whole;

const FILE: &str = "worker.json";

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Named {
    display_name: String,
}

/// The name, if one was ever noted: a register of an older version has none until it is opened once.
pub(crate) fn read(folder: &Path) -> Option<String> {
    let bytes = fs::read(folder.join(FILE)).ok()?;
    serde_json::from_slice::<Named>(&bytes).ok().map(|named| named.display_name)
}

/// Notes the name where it is not what stands there already.
///
/// # Errors
/// The storage's; what stood there before stands then.
pub(crate) fn note(folder: &Path, name: &str) -> Result<(), DeviceError> {
    if read(folder).as_deref() == Some(name) {
        return Ok(());
    }
    write_whole(&folder.join(FILE), &serde_json::to_vec(&Named { display_name: name.to_owned() })?)
}
