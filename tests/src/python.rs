//! Programs in Python, with what they need from PyPI, pinned, in an environment of their own in the build folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program;
use crate::trouble::{Doing, Outcome, trouble};

/// Installs what a `requirements.txt` names into `target/trials/<name>`, unless it is there already; returns the interpreter.
///
/// # Errors
/// When Python is missing or a package cannot be had.
pub fn install(name: &str, requirements: &Path) -> Outcome<PathBuf> {
    let folder = program::target().join("trials").join(name);
    let python = folder.join("bin/python");
    let wanted = std::fs::read(requirements).doing("reading what a client needs")?;
    let noted = folder.join("requirements.txt");
    if python.is_file() && std::fs::read(&noted).unwrap_or_default() == wanted {
        return Ok(python);
    }
    succeed("python3 -m venv", Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    succeed("pip install", pip.arg(requirements))?;
    std::fs::write(noted, wanted).doing("noting what is installed")?;
    Ok(python)
}

/// Runs an installer and insists that it succeeds.
///
/// # Errors
/// When it does not.
pub fn succeed(what: &str, command: &mut Command) -> Outcome {
    let status = command.stdin(Stdio::null()).status().doing(what)?;
    if status.success() { Ok(()) } else { trouble(format!("`{what}` ended with {status}.")) }
}
