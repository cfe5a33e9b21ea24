//! The screens: their npm packages and their two builds (`ui/dist/field`, `ui/dist/desk`), made only when something changed.

use crate::fingerprint::Fingerprint;
use crate::paths;
use crate::sh::{Outcome, Step, fail};
use crate::tools;
use std::path::{Path, PathBuf};

/// What npm and vite make: no input of theirs.
const MADE: &[&str] = &["node_modules", "dist"];

/// The folder of the screens.
pub(crate) fn folder() -> PathBuf {
    paths::root().join("ui")
}

/// Installs what package-lock.json says, if it changed or is not there.
pub(crate) fn install() -> Outcome {
    let ui = folder();
    let lock = Fingerprint::of("ui-packages", &ui.join("package-lock.json"), &[])?;
    if lock.is_known() && ui.join("node_modules").is_dir() {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"]).run()?;
    lock.keep()
}

/// Builds both sets of screens, if something changed.
pub(crate) fn build() -> Outcome {
    tools::ensure(&[tools::SCREENS])?;
    install()?;
    let ui = folder();
    let inputs = Fingerprint::of("ui-build", &ui, MADE)?;
    let present = |name: &str| Path::is_file(&ui.join("dist").join(name).join("index.html"));
    if inputs.is_known() && present("field") && present("desk") {
        return Ok(());
    }
    npm(&["run", "build"]).run()?;
    if !(present("field") && present("desk")) {
        return fail("The screens were built, but ui/dist/field or ui/dist/desk has no index.html.");
    }
    // Read again: the build itself writes some of its inputs (the list of components it found).
    Fingerprint::of("ui-build", &ui, MADE)?.keep()
}

/// Prepares npm in the folder of the screens.
pub(crate) fn npm(arguments: &[&str]) -> Step {
    Step::new("npm").args(arguments).within(&folder())
}

/// Whether package.json has a script of this name.
pub(crate) fn has_script(name: &str) -> Outcome<bool> {
    let path = folder().join("package.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(script_in(&text, name)),
        Err(error) => fail(format!("{} could not be read: {error}.", path.display())),
    }
}

fn script_in(package: &str, name: &str) -> bool {
    let Some((_, scripts)) = package.split_once("\"scripts\"") else { return false };
    let scripts = scripts.split_once('}').map_or(scripts, |(inside, _)| inside);
    scripts.contains(&format!("\"{name}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_by_their_name_alone() {
        let package =
            r#"{ "scripts": { "build": "vite build", "test:once": "x" }, "devDependencies": { "test": "1" } }"#;
        assert!(script_in(package, "build"));
        assert!(!script_in(package, "test"));
    }
}
