//! Where things are: the project's folder and what builds leave in it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The project's folder. Cargo says where it started this program; what was known when it was built is the second
/// best answer, since two checkouts may share one build folder.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let own =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        own.parent().map_or(own.clone(), Path::to_path_buf)
    })
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
