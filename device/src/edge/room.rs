//! How much room the phone has left.

use std::path::Path;

/// Free bytes where a folder lies, as far as an app may use them; none where the system does not say.
#[cfg(unix)]
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    match rustix::fs::statvfs(folder) {
        Ok(found) => found.f_bavail.checked_mul(found.f_frsize),
        Err(error) => {
            tracing::debug!(%error, "the system does not say how much room is left");
            None
        }
    }
}

/// Elsewhere it is unknown: the phones are Android and iOS.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_: &Path) -> Option<u64> {
    None
}
