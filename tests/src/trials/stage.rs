//! Where the trials of disks are played: a phone and a server, each on a disk of its own that fails on demand, set back to the same
//! beginning before every try.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sync_server::hub::open_folder;

use super::county;
use crate::disk::{Content, Disk, Fault};
use crate::program::{self, Program};
use crate::trouble::{Doing, Outcome, trouble};

/// No part of a try takes longer than this.
const PATIENCE: Duration = Duration::from_secs(120);

/// Visits of every try.
const VISITS: &str = "3";

/// Whose disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Side {
    /// The phone's.
    Phone,
    /// The server's.
    Server,
}

impl Side {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Side::Phone => "phone",
            Side::Server => "server",
        }
    }
}

/// What became of one try.
#[derive(Debug)]
pub struct Tried {
    /// Whether the fault happened; past the last operation it does not.
    pub fired: bool,
    /// Operations on the disk that was to fail.
    pub operations: u64,
    /// Bytes that a power cut took.
    pub lost: usize,
    /// Whether the server had to be started anew although it had not ended.
    pub restarted: bool,
    /// What must not be.
    pub failures: Vec<String>,
}

/// A phone and a server on their disks.
pub struct Stage {
    folder: PathBuf,
    port: u16,
    phone: Disk,
    server: Disk,
    beginning: (Content, Content),
    household: String,
    photo: PathBuf,
}

impl Stage {
    /// Sets the stage in an empty folder: the phone is enrolled and has pulled its cell.
    ///
    /// # Errors
    /// When a program is missing or a disk cannot be mounted.
    pub fn set(folder: &Path, photo: &Path) -> Outcome<Self> {
        let port = program::free_port()?;
        let plain = folder.join("plain");
        let data = plain.join("server");
        let hub = open_folder(&data).doing("opening the server's folder")?;
        let household = county::found(&hub)?.to_string();
        let enrolment = county::invite(&hub)?;
        drop(hub);
        {
            let _server = serve(&data, port, folder)?;
            let address = format!("http://{}", program::loopback(port));
            let phone = county::phone_now(&plain.join("phone"), &address, &enrolment)?;
            county::empty_the_queue(&phone)?;
            phone.device().lock();
        }
        let phone = Disk::mount(&folder.join("phone"))?;
        let server = Disk::mount(&folder.join("server"))?;
        copy(&plain.join("phone"), &phone.path().join("register"))?;
        copy(&data, &server.path().join("data"))?;
        let beginning = (phone.content(), server.content());
        let (folder, photo) = (folder.to_owned(), photo.to_owned());
        Ok(Self { folder, port, phone, server, beginning, household, photo })
    }

    /// Saves visits and a photo and runs one round while one disk fails after so many operations; then everything is well again, and
    /// it is looked at what is there.
    ///
    /// # Errors
    /// When the try itself could not be made.
    pub fn attempt(&self, side: Side, fault: Fault, after: u64) -> Outcome<Tried> {
        self.phone.restore(&self.beginning.0);
        self.server.restore(&self.beginning.1);
        let data = self.server.path().join("data");
        let mut server = start(&data, self.port, &self.folder)?;
        if side == Side::Server {
            self.server.arm(fault, after, server.id());
        }
        // A server whose disk fails at the start may end before it answers: then the phone finds nobody.
        let _ready = server.wait_until("ready", || program::answers(self.port, "/readyz"));
        let work = ["work", "--household", &self.household, "--visits", VISITS, "--photo"];
        let mut said = Said::start(&self.folder, "work", self.phone_command(&work).arg(&self.photo))?;
        if side == Side::Phone {
            self.phone.arm(fault, after, said.child.id());
        }
        let said = said.end()?.1;
        let failing = if side == Side::Phone { &self.phone } else { &self.server };
        let (fired, operations, lost) = (failing.fired(), failing.operations(), failing.lost());
        self.phone.heal();
        self.server.heal();

        let mut tried = Tried { fired, operations, lost, restarted: false, failures: Vec::new() };
        let ended = !program::is_running(server.id());
        if ended {
            server.kill();
            server = serve(&data, self.port, &self.folder)?;
        }
        let mut healed = self.heal()?;
        if healed.is_err() && !ended {
            tried.restarted = true;
            server.kill();
            server = serve(&data, self.port, &self.folder)?;
            healed = self.heal()?;
        }
        server.kill();
        match healed {
            Ok(held) => tried.failures.extend(self.judge(&said, &held)?),
            Err(why) => tried.failures.push(why),
        }
        Ok(tried)
    }

    fn phone_command(&self, what: &[&str]) -> Command {
        let mut command = Command::new(program::built("trial-phone").unwrap_or_else(|_| "trial-phone".into()));
        command.arg("--folder").arg(self.phone.path().join("register")).args(what);
        command
    }

    /// The phone opens without help and sends what waits. The inner error says what was not well.
    fn heal(&self) -> Outcome<Result<String, String>> {
        let (well, said) = Said::start(&self.folder, "heal", &mut self.phone_command(&["heal"]))?.end()?;
        let number = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<i64>().ok());
        Ok(match (well, number("waiting"), number("refused")) {
            (true, Some(0), Some(0)) => Ok(said),
            (true, Some(0), refused) => Err(format!("{} were refused", refused.unwrap_or(-1))),
            (true, waiting, _) => Err(format!("{} still wait after three rounds", waiting.unwrap_or(-1))),
            (false, ..) => Err(format!("the phone did not open: {}", last_line(&self.folder.join("heal.err")))),
        })
    }

    /// What was said to be saved and is not there.
    fn judge(&self, said: &str, held: &str) -> Outcome<Vec<String>> {
        let mut failures = Vec::new();
        let (mut ids, mut photos) = (Vec::new(), Vec::new());
        for line in said.lines() {
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["saved", id] => ids.push((*id).to_owned()),
                ["photo", id, hash] => {
                    ids.push((*id).to_owned());
                    photos.push((*hash).to_owned());
                }
                _ => {}
            }
        }
        for id in &ids {
            if !held.lines().any(|line| line.strip_prefix("has ") == Some(id)) {
                failures.push(format!("{id} is gone from the phone"));
            }
        }
        let missing = county::missing_on_server(&self.server.path().join("data"), &ids, &photos)?;
        failures.extend(missing.into_iter().map(|what| format!("{what} is not on the server")));
        Ok(failures)
    }
}

/// A program and what it says.
struct Said {
    child: Child,
    out: PathBuf,
}

impl Said {
    fn start(folder: &Path, name: &str, command: &mut Command) -> Outcome<Self> {
        let out = folder.join(format!("{name}.out"));
        let err = File::create(folder.join(format!("{name}.err"))).doing("opening a log")?;
        let written = File::create(&out).doing("opening a log")?;
        let child = command.stdin(Stdio::null()).stdout(written).stderr(err).spawn();
        Ok(Self { child: child.doing("starting the phone")?, out })
    }

    /// Waits for its end; whether it ended well, and what it said.
    fn end(&mut self) -> Outcome<(bool, String)> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().doing("waiting for the phone")? {
                return Ok((status.success(), fs::read_to_string(&self.out).doing("reading what was said")?));
            }
            if start.elapsed() > PATIENCE {
                // It ends by its own id; that it took so long is the failure.
                let _ended = self.child.kill().and_then(|()| self.child.wait());
                return trouble("A phone did not come to an end.");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn last_line(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default().lines().last().unwrap_or_default().to_owned()
}

fn start(data: &Path, port: u16, logs: &Path) -> Outcome<Program> {
    let mut command = Command::new(program::built("sync-server")?);
    command.args(["serve", "--listen", &program::loopback(port).to_string(), "--data"]).arg(data);
    Program::start("sync-server", command, logs)
}

/// A server that answers.
pub(super) fn serve(data: &Path, port: u16, logs: &Path) -> Outcome<Program> {
    let mut server = start(data, port, logs)?;
    server.wait_until("ready", || program::answers(port, "/readyz"))?;
    Ok(server)
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to).doing("copying a folder")?;
    for entry in fs::read_dir(from).doing("copying a folder")?.flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to)?;
        } else if !from.to_string_lossy().ends_with("-shm") {
            fs::write(&to, fs::read(&from).doing("copying a file")?).doing("copying a file")?;
        }
    }
    Ok(())
}
