//! Lets Tauri read the configuration, the icons and the capabilities at build time, and declares
//! the commands of the host, so that even these are refused without a capability.

fn main() {
    let host = tauri_build::AppManifest::new().commands(&["call", "save_file"]);
    if let Err(error) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(host)) {
        println!("cargo::error=The window's configuration was not accepted: {error:#}");
    }
}
