//! Lets Tauri read the configuration, the icons and the capabilities at build time, and declares
//! the commands of the host, so that even these are refused without a capability.

/// The commands of the host. The plugins of phones are asked by the host alone: the window is given none of theirs.
const COMMANDS: &[&str] = &[
    "call",
    "save_file",
    "system_state",
    "allow_alerts",
    "shown",
    "allow_biometry",
    "forget_biometry",
    "unlock_with_biometry",
    "position",
];

fn main() {
    let host = tauri_build::AppManifest::new().commands(COMMANDS);
    if let Err(error) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(host)) {
        println!("cargo::error=The window's configuration was not accepted: {error:#}");
    }
}
