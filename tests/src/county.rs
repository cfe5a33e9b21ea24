//! A server of its own for one test: a demonstration village in a private folder, on a port of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::program::{self, Program};
use crate::trouble::{Doing, Outcome, trouble};

/// The line that `sync-server demo` prints.
#[derive(Debug, Clone, Deserialize)]
pub struct Demo {
    /// Who signs in at the desk.
    pub desk: DeskAccount,
    /// Who carries the phone.
    pub worker: Invitation,
    /// The cell of that worker.
    pub cell: String,
}

/// How to sign in at the desk.
#[derive(Debug, Clone, Deserialize)]
pub struct DeskAccount {
    /// The name.
    pub account: String,
    /// The password.
    pub password: String,
}

/// How to enrol a phone.
#[derive(Debug, Clone, Deserialize)]
pub struct Invitation {
    /// Whose phone it will be.
    pub account: String,
    /// The code that works once.
    pub enrol_code: String,
}

/// The county's server with its data.
#[derive(Debug)]
pub struct County {
    data: PathBuf,
    logs: PathBuf,
    port: u16,
    server: Option<Program>,
    /// How to get in.
    pub demo: Demo,
}

impl County {
    /// Makes a demonstration of this size in `folder` and starts the server with it.
    ///
    /// # Errors
    /// When the server is missing or does not start.
    pub fn found(folder: &Path, size: &str) -> Outcome<Self> {
        let data = folder.join("server");
        let said = Command::new(program::built("sync-server")?)
            .args(["demo", "--size", size, "--data"])
            .arg(&data)
            .output()
            .doing("making the demonstration")?;
        let printed = String::from_utf8_lossy(&said.stdout);
        let line = printed.lines().rev().find(|line| line.starts_with('{')).unwrap_or_default();
        let Ok(demo) = serde_json::from_str(line) else {
            let complaint = String::from_utf8_lossy(&said.stderr);
            return trouble(format!("`sync-server demo` did not say how to sign in: {printed}{complaint}"));
        };
        let mut county = Self { data, logs: folder.to_owned(), port: program::free_port()?, server: None, demo };
        county.start()?;
        Ok(county)
    }

    /// Starts the server with data that are there already.
    ///
    /// # Errors
    /// When the server is missing or does not start.
    pub fn open(data: &Path, logs: &Path, demo: Demo) -> Outcome<Self> {
        let (data, logs, port) = (data.to_owned(), logs.to_owned(), program::free_port()?);
        let mut county = Self { data, logs, port, server: None, demo };
        county.start()?;
        Ok(county)
    }

    /// Starts the server again, where it was before.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start(&mut self) -> Outcome {
        let mut command = Command::new(program::built("sync-server")?);
        command.args(["serve", "--listen", &program::loopback(self.port).to_string(), "--data"]).arg(&self.data);
        let mut server = Program::start("sync-server", command, &self.logs)?;
        server.wait_until("ready", || program::answers(self.port, "/readyz"))?;
        self.server = Some(server);
        Ok(())
    }

    /// Ends the server at once; its data stay.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// The server's process, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.server.as_ref().map(Program::id)
    }

    /// Insists that the server has not died of what it was sent.
    ///
    /// # Errors
    /// When it does not answer any more.
    pub fn insist_on_running(&mut self) -> Outcome {
        if program::answers(self.port, "/readyz") { Ok(()) } else { trouble("The server does not answer any more.") }
    }

    /// Makes a code with which one phone of this account can be enrolled, as an administrator would.
    ///
    /// # Errors
    /// When the account is not known.
    pub fn enrol_code(&self, account: &str) -> Outcome<String> {
        let said = Command::new(program::built("sync-server")?)
            .args(["enrol-code", "--account", account, "--data"])
            .arg(&self.data)
            .output()
            .doing("making an enrolment code")?;
        if !said.status.success() {
            return trouble(format!("`sync-server enrol-code` failed: {}", String::from_utf8_lossy(&said.stderr)));
        }
        Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    }

    /// The port on which it answers.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it answers, with or without somebody there: `http://127.0.0.1:…`.
    pub fn address(&self) -> String {
        format!("http://{}", program::loopback(self.port))
    }

    /// The folder of its data.
    pub fn data(&self) -> &Path {
        &self.data
    }
}
