//! Programs in the background: found, started with a private folder, waited for, and ended by their own ids.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::trouble::{Doing, Outcome, trouble};

/// Names another folder in which to look for the programs of this workspace.
const PROGRAMS: &str = "DOORSTEP_PROGRAMS";

/// How long a program may take until it answers. Generous, since it is only ever waited for in full when it does not.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A program in the background. It and all it started end when this value does.
#[derive(Debug)]
pub struct Program {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Program {
    /// Starts a program; what it says goes to `<folder>/<name>.log`, after what an earlier one of that name said.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> Outcome<Self> {
        fs::create_dir_all(folder).doing("making a folder")?;
        let log = folder.join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log).doing("opening a log")?;
        let err = out.try_clone().doing("opening a log")?;
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        Ok(Self { child: child.doing(&format!("starting {name}"))?, name: name.to_owned(), log })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until `ready` says so; gives up when the program ends or time is over.
    ///
    /// # Errors
    /// When it does not become ready, with what the program said last.
    pub fn wait_until(&mut self, what: &str, mut ready: impl FnMut() -> bool) -> Outcome {
        let start = Instant::now();
        while !ready() {
            let ended = self.child.try_wait().ok().flatten();
            if let Some(status) = ended {
                return trouble(format!(
                    "{} ended with {status} before it was {what}:\n{}",
                    self.name,
                    self.last_words()
                ));
            }
            if start.elapsed() > PATIENCE {
                return trouble(format!("{} was not {what} in time:\n{}", self.name, self.last_words()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Ends it at once (SIGKILL), with all it started, and waits until they are gone.
    pub fn kill(&mut self) {
        let offspring = offspring(self.child.id());
        // Already gone is as good.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        for id in offspring {
            kill(id);
        }
    }

    fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends one process at once (SIGKILL), as a phone does that runs out of memory.
pub fn kill(id: u32) {
    // Gone before is as good: a process ends with the one that serves it.
    let _ended = Command::new("kill").args(["-KILL", &id.to_string()]).stderr(Stdio::null()).status();
}

/// Whether a process is still there (one that ended and was not asked about its end counts as gone).
pub fn is_running(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

/// The processes that `id` started, and those that they started, the nearest first.
pub fn offspring(id: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut next = vec![id];
    while let Some(parent) = next.pop() {
        let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for thread in threads {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let children = children.split_whitespace().filter_map(|id| id.parse::<u32>().ok());
            for child in children {
                found.push(child);
                next.push(child);
            }
        }
    }
    found
}

/// The name of the program that a process runs.
pub fn name_of(id: u32) -> String {
    fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim().to_owned()
}

/// A program of this workspace, beside the one that runs now.
///
/// # Errors
/// When it was not built.
pub fn built(name: &str) -> Outcome<PathBuf> {
    let folder = match std::env::var_os(PROGRAMS) {
        Some(folder) => PathBuf::from(folder),
        None => {
            let own = std::env::current_exe().doing("finding the own program")?;
            let folder = own.parent().unwrap_or(&own);
            // Tests lie one folder deeper than programs.
            if folder.ends_with("deps") { folder.parent().unwrap_or(folder).to_owned() } else { folder.to_owned() }
        }
    };
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() {
        return Ok(path);
    }
    trouble(format!(
        "{} is missing: build it with `cargo build --workspace --bins`, or name its folder in {PROGRAMS}.",
        path.display()
    ))
}

/// A program of the system.
///
/// # Errors
/// When it is not installed; the sentence names the Debian package.
pub fn installed(name: &str, package: &str) -> Outcome<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    match std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => trouble(format!("{name} is not installed; Debian has it in the package {package}.")),
    }
}

/// A port on this machine that nobody listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind(loopback(0)).doing("opening a port")?;
    Ok(listener.local_addr().doing("opening a port")?.port())
}

/// A port on this machine, and only there.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Whether somebody listens on a port.
pub fn listens(port: u16) -> bool {
    TcpStream::connect_timeout(&loopback(port), Duration::from_secs(1)).is_ok()
}

/// Whether a path is answered with 200 on a port of this machine. One request by hand: it must work inside an async test too.
pub fn answers(port: u16, path: &str) -> bool {
    let patience = Duration::from_secs(2);
    let Ok(mut stream) = TcpStream::connect_timeout(&loopback(port), patience) else { return false };
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    let mut answer = [0; 12];
    stream.set_read_timeout(Some(patience)).is_ok()
        && stream.write_all(request.as_bytes()).is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b" 200")
}

/// The folder in which this project is built.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The project's folder: these tests are always built where they are used.
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}
