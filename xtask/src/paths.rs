//! Where things are: the project's folder and what builds leave in it.

use std::path::{Path, PathBuf};

/// The project's folder, as it was when this program was built: xtask is always built where it is used.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// A program of the workspace that was built before.
pub(crate) fn built(name: &str, release: bool) -> PathBuf {
    let profile = if release { "release" } else { "debug" };
    target().join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// What this program remembers between two runs; losing it costs time only.
pub(crate) fn memory() -> PathBuf {
    target().join("xtask")
}
