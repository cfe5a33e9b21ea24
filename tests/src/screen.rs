//! The screen to show windows on: the person's own, or a virtual one where there is none.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::program;
use crate::trouble::{Doing, Outcome, trouble};

/// A screen; a virtual one goes when this value does.
#[derive(Debug)]
pub struct Screen {
    name: Option<String>,
    own: Option<Child>,
}

impl Screen {
    /// The screen that is there, or a new virtual one.
    ///
    /// # Errors
    /// When there is none and none can be made.
    pub fn open() -> Outcome<Self> {
        if std::env::var_os("DISPLAY").is_some_and(|name| !name.is_empty()) {
            return Ok(Self { name: None, own: None });
        }
        let mut child = Command::new(program::installed("Xvfb", "xvfb")?)
            .args(["-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .doing("starting a virtual screen")?;
        let mut line = String::new();
        // It says its number once it can be used.
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line).doing("waiting for the virtual screen")?;
        }
        let screen = Self { name: Some(format!(":{}", line.trim())), own: Some(child) };
        if line.trim().is_empty() { trouble("Xvfb did not say which screen it made.") } else { Ok(screen) }
    }

    /// Shows the windows of a program here.
    pub fn show(&self, command: &mut Command) {
        if let Some(name) = &self.name {
            command.env("DISPLAY", name);
        }
        // Where both are there, the virtual screen is an X one.
        command.env("GDK_BACKEND", "x11");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(child) = &mut self.own {
            // Already gone is as good.
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }
}
