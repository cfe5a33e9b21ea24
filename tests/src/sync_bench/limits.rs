//! The limits on the same rows: runs the program `limits` at both ends and reads what it measured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use super::link::Link;
use super::wire::Taken;
use crate::program::{self, Program};
use crate::trouble::{Doing, Outcome, trouble};

/// What each limit took, by its name.
pub type Limits = BTreeMap<String, Taken>;

#[derive(Deserialize)]
struct Line {
    limit: String,
    seconds: f64,
    bytes: u64,
}

/// Measures the limits on the rows and edits that lie in `lines`.
///
/// # Errors
/// When the program is missing or fails.
pub fn measure(lines: &Path, folder: &Path, link: Option<Link>, each: bool) -> Outcome<Limits> {
    let port = program::free_port()?;
    std::fs::create_dir_all(folder).doing("making a folder")?;
    let mut serve = Command::new(program()?);
    serve.args(["serve", "--port", &port.to_string(), "--folder"]).arg(folder).arg("--rows").arg(lines.join("rows"));
    let mut server = Program::start("limits", serve, folder)?;
    server.wait_until("ready", || program::answers(port, "/ready"))?;
    let near = link.map_or(Ok(port), |link| link.to(port))?;
    let mut measure = Command::new(program()?);
    measure.args(["measure", "--server", &format!("http://{}", program::loopback(near)), "--folder"]);
    measure.arg(folder.join("phone"));
    for name in ["rows", "edits-a", "edits-b"] {
        measure.arg(format!("--{name}")).arg(lines.join(name));
    }
    if each {
        measure.arg("--each");
    }
    let said = measure.stderr(Stdio::inherit()).output().doing("measuring the limits")?;
    if !said.status.success() {
        return trouble(format!("The limits could not be measured ({}).", said.status));
    }
    let read = |line: &str| {
        let line: Line = serde_json::from_str(line).doing("reading a limit")?;
        Ok((line.limit, Taken { time: Duration::from_secs_f64(line.seconds), bytes: line.bytes }))
    };
    String::from_utf8_lossy(&said.stdout).lines().map(read).collect()
}

/// The program lies in a build folder of its own: it is no part of the workspace.
fn program() -> Outcome<PathBuf> {
    let path = program::target().join("limits").join("release").join("limits");
    if path.is_file() {
        return Ok(path);
    }
    trouble(format!("{} is missing: `cargo xtask bench` builds it.", path.display()))
}
