//! The outside client as a program in the background: a command a line in, an answer a line out.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::trouble::{Doing, Outcome, trouble};
use crate::{program, python};

/// The client, installed.
pub(super) struct Program {
    python: PathBuf,
    folder: PathBuf,
}

impl Program {
    /// Installs what it needs.
    pub(super) fn install() -> Outcome<Self> {
        let folder = program::root().join("tests/outside");
        Ok(Self { python: python::install("outside", &folder.join("requirements.txt"))?, folder })
    }
}

/// What it answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done(Value),
    Cut(String),
    Failed(String),
}

/// One device of its own.
pub(super) struct Outside {
    command: Command,
    /// Where its store lies.
    pub(super) folder: PathBuf,
    running: Running,
}

struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Outside {
    /// Starts it with a store in `folder`; its clock is wrong by so many milliseconds.
    pub(super) fn start(program: &Program, folder: &Path, server: &str, skew: i64) -> Outcome<Self> {
        let mut command = Command::new(&program.python);
        // Nothing is written beside its sources.
        command.arg("-B").arg(program.folder.join("client.py")).arg(folder).arg(server).arg(skew.to_string());
        let running = Running::start(&mut command)?;
        Ok(Self { command, folder: folder.to_owned(), running })
    }

    /// It is killed and started again with what it had stored.
    pub(super) fn restart(&mut self) -> Outcome {
        self.running = Running::start(&mut self.command)?;
        Ok(())
    }

    /// A command that needs no network, or a network that does not break.
    pub(super) fn call(&mut self, verb: &str, arguments: Value) -> Outcome<Value> {
        match self.say(verb, arguments)? {
            Answer::Done(value) => Ok(value),
            answer => trouble(format!("The outside client could not `{verb}`: {answer:?}")),
        }
    }

    /// A command over a network that may break; whether it went through.
    pub(super) fn attempt(&mut self, verb: &str, arguments: Value) -> Outcome<bool> {
        match self.say(verb, arguments)? {
            Answer::Done(_) => Ok(true),
            Answer::Cut(_why) => Ok(false),
            Answer::Failed(why) => trouble(format!("The outside client failed at `{verb}`: {why}")),
        }
    }

    fn say(&mut self, verb: &str, mut arguments: Value) -> Outcome<Answer> {
        arguments["do"] = json!(verb);
        writeln!(self.running.input, "{arguments}").doing("speaking with the outside client")?;
        let mut line = String::new();
        self.running.output.read_line(&mut line).doing("hearing the outside client")?;
        serde_json::from_str(&line).doing("understanding the outside client")
    }
}

impl Running {
    fn start(command: &mut Command) -> Outcome<Self> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
        let mut child = child.doing("starting the outside client")?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return trouble("The outside client has no way to be spoken with.");
        };
        Ok(Self { child, input, output: BufReader::new(output) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
