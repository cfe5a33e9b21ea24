//! Sees to it that the folder of the desk's files exists, so that the server can be checked before the desk was built, and that
//! the server is built anew when they change.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new("../ui/dist/desk");
    std::fs::create_dir_all(folder)?;
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
