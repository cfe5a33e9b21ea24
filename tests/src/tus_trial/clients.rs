//! Other people's clients: installed into the build folder with pinned versions, and run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::json;

use super::stage::{Announced, Stage};
use crate::cutting_proxy::CuttingProxy;
use crate::trouble::{Doing, Outcome, trouble};
use crate::{program, python};

/// The two clients, installed.
pub struct Clients {
    js: PathBuf,
    python: PathBuf,
}

/// How a client says that a file ended.
#[derive(Debug, Deserialize)]
struct Ended {
    photo: String,
    error: Option<String>,
}

impl Clients {
    /// Installs what is not there yet: tus-js-client from npm, tuspy from PyPI.
    ///
    /// # Errors
    /// When one of the two cannot be had.
    pub fn install() -> Outcome<Self> {
        let js = install_js(&program::target().join("trials/tus-js-client"))?;
        Ok(Self { js, python: python::install("tuspy", &material().join("requirements.txt"))? })
    }

    /// Sends with tus-js-client: whole files, chunks, and files that come along with their announcement.
    ///
    /// # Errors
    /// When it does not run, or says that it failed.
    pub fn tus_js(&self, stage: &Stage, proxy: &CuttingProxy, photos: &[Announced]) -> Outcome {
        let file = |(number, photo): (usize, &Announced)| {
            let chunk = if number % 3 == 1 { Some(256 * 1024) } else { None };
            json!({ "path": photo.path, "photo": photo.photo, "sha256": photo.sha256, "chunk": chunk, "along": number % 3 == 2 })
        };
        let mut command = Command::new("node");
        command.arg(self.js.join("client.mjs"));
        run("tus-js-client", command, stage, proxy, photos, file)
    }

    /// Sends with tuspy: with and without checksums, in chunks of several sizes.
    ///
    /// # Errors
    /// When it does not run, or says that it failed.
    pub fn tuspy(&self, stage: &Stage, proxy: &CuttingProxy, photos: &[Announced]) -> Outcome {
        let file = |(number, photo): (usize, &Announced)| {
            let (checksum, chunk) = [(false, 4 << 20), (true, 48 * 1024), (false, 100_000)][number % 3];
            json!({ "path": photo.path, "photo": photo.photo, "sha256": photo.sha256, "chunk": chunk, "checksum": checksum })
        };
        let mut command = Command::new(&self.python);
        command.arg(material().join("client.py"));
        run("tuspy", command, stage, proxy, photos, file)
    }
}

/// Where the clients' own few lines lie.
fn material() -> PathBuf {
    program::root().join("tests/trials/tus")
}

fn install_js(folder: &Path) -> Outcome<PathBuf> {
    std::fs::create_dir_all(folder).doing("making a folder")?;
    let mut is_new = !folder.join("node_modules").is_dir();
    for name in ["package.json", "package-lock.json", "client.mjs"] {
        let wanted = std::fs::read(material().join(name)).doing("reading the clients' files")?;
        let there = std::fs::read(folder.join(name)).unwrap_or_default();
        if there != wanted {
            is_new |= name != "client.mjs";
            std::fs::write(folder.join(name), wanted).doing("writing the clients' files")?;
        }
    }
    if is_new {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(folder);
        python::succeed("npm ci", &mut npm)?;
    }
    Ok(folder.to_owned())
}

fn run(
    name: &str,
    mut command: Command,
    stage: &Stage,
    proxy: &CuttingProxy,
    photos: &[Announced],
    file: impl Fn((usize, &Announced)) -> serde_json::Value,
) -> Outcome {
    let files: Vec<serde_json::Value> = photos.iter().enumerate().map(file).collect();
    let plan = json!({ "endpoint": format!("{}/v1/photos", proxy.address()), "token": stage.token(), "files": files });
    let path = stage.folder().join(format!("{name}.json"));
    std::fs::write(&path, plan.to_string()).doing("writing the plan")?;
    let said = command.arg(&path).stdin(Stdio::null()).stderr(Stdio::inherit()).output().doing(name)?;
    let said = String::from_utf8_lossy(&said.stdout);
    let ended: Vec<Ended> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if let Some(Ended { photo, error: Some(error), .. }) = ended.iter().find(|ended| ended.error.is_some()) {
        return trouble(format!("{name} gave up on {photo}: {error}"));
    }
    if ended.len() != photos.len() {
        return trouble(format!("{name} spoke of {} files instead of {}.", ended.len(), photos.len()));
    }
    Ok(())
}
