//! Runs other programs: each is announced with its line, and a failure is one clear sentence.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Why a verb stopped, as one sentence for the person who started it.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

/// What every step returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Says no with a sentence.
pub(crate) fn fail<T>(sentence: impl Into<String>) -> Outcome<T> {
    Err(Failure(sentence.into()))
}

/// One program to run, with the line that announces it.
pub(crate) struct Step {
    command: Command,
    line: String,
}

impl Step {
    /// Prepares a program in the project's folder.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(&program);
        command.current_dir(crate::paths::root()).env("PATH", crate::tools::search_path());
        // What `cargo run` said about this program's own package must not reach the builds it starts:
        // they are of other packages, and would be done again for the difference.
        for (name, _) in std::env::vars_os() {
            let own = name.to_string_lossy();
            if own.starts_with("CARGO_PKG_") || own.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        Self { command, line: program.as_ref().to_string_lossy().into_owned() }
    }

    /// Prepares cargo: the same one that started this program.
    pub(crate) fn cargo() -> Self {
        let mut step = Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        "cargo".clone_into(&mut step.line);
        step
    }

    /// Adds one argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        let argument = argument.as_ref();
        self.command.arg(argument);
        let shown = argument.to_string_lossy();
        self.line.push(' ');
        if shown.contains(' ') {
            self.line.push_str(&format!("'{shown}'"));
        } else {
            self.line.push_str(&shown);
        }
        self
    }

    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = A>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in another folder than the project's.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Announces the program, runs it to its end and insists on success.
    pub(crate) fn run(mut self) -> Outcome {
        self.announce();
        match self.command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => fail(format!("`{}` ended with {status}.", self.line)),
            Err(error) => fail(format!("`{}` could not be started: {error}.", self.line)),
        }
    }

    /// Runs without announcing and insists on success; what the program prints comes back.
    pub(crate) fn read(mut self) -> Outcome<String> {
        let Output { status, stdout, stderr } = match self.command.stdin(Stdio::null()).output() {
            Ok(output) => output,
            Err(error) => return fail(format!("`{}` could not be started: {error}.", self.line)),
        };
        if !status.success() {
            let reason = String::from_utf8_lossy(&stderr);
            return fail(format!("`{}` ended with {status}: {}", self.line, reason.trim()));
        }
        match String::from_utf8(stdout) {
            Ok(text) => Ok(text),
            Err(_) => fail(format!("`{}` printed something that is not text.", self.line)),
        }
    }

    /// Runs without announcing for so long at most. What the program printed comes back however it ended; nothing if it had to be
    /// ended. It must print little: nobody reads before its end.
    pub(crate) fn read_within(mut self, time: Duration) -> Outcome<Option<String>> {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let lost = |error: io::Error| Failure(format!("`{}` could not be run: {error}.", self.line));
        let mut child = quiet.spawn().map_err(lost)?;
        let begun = Instant::now();
        while child.try_wait().map_err(lost)?.is_none() {
            if begun.elapsed() > time {
                child.kill().and_then(|()| child.wait()).map_err(lost)?;
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut text = String::new();
        child.stdout.take().map_or(Ok(0), |mut printed| printed.read_to_string(&mut text)).map_err(lost)?;
        Ok(Some(text))
    }

    /// Whether it can be run and succeeds; silent.
    pub(crate) fn succeeds(mut self) -> bool {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// Announces the program and hands over its command, for those who start it in the background.
    pub(crate) fn into_background(self) -> (Command, String) {
        self.announce();
        (self.command, self.line)
    }

    fn announce(&self) {
        println!("→ {}", self.line);
    }
}
