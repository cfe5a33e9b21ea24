//! `cargo xtask run`: a server with a demonstration village, and the app enrolled with it. One command, no account, no network.

use crate::options::Options;
use crate::servers::{Server, free_port};
use crate::sh::{Outcome, Step, fail};
use crate::{display, paths, tools, ui};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// What follows the verb.
pub(crate) const OPTIONS: &str = "[--release] [--data DIR]";
/// What it does.
pub(crate) const ABOUT: &str = "opens the app and a server with a demonstration village";

/// The PIN of the demonstration phone.
const PIN: &str = "246810";
/// Where the server listens if nobody else does.
const PORT: u16 = 8610;

/// Builds, starts the server, opens the window and ends the server when the window is closed.
pub(crate) fn run(arguments: Vec<String>) -> Outcome {
    let options = Options::read(arguments, &["--release"], &["--data"])?;
    let release = options.has("--release");
    if display::is_there() {
        tools::ensure(&[tools::COMPILER, tools::SCREENS, tools::WINDOW])?;
        build(release)?;
        let data = options.value("--data").map_or_else(|| paths::target().join("demo"), |dir| paths::root().join(dir));
        open(&data, release)
    } else {
        tools::ensure(&[tools::COMPILER, tools::SCREENS, tools::WINDOW, tools::STAGE])?;
        println!(
            "  There is no display here, so the app runs on a virtual one and plays a worker's journey by itself."
        );
        build(false)?;
        display::cargo().args(["test", "--workspace", "--test", "journey"]).run()?;
        println!("✓ The journey is over; its screenshots are in {}.", paths::target().join("journey").display());
        Ok(())
    }
}

fn build(release: bool) -> Outcome {
    ui::build()?;
    let profile: &[&str] = if release { &["--release"] } else { &[] };
    Step::cargo().args(["build", "--workspace", "--bins"]).args(profile).run()
}

fn open(data: &Path, release: bool) -> Outcome {
    let program = paths::built("sync-server", release);
    let server_data = data.join("server");
    let demo = Step::new(&program).args(["demo", "--size", "village", "--data"]).arg(&server_data).read()?;
    let Some(demo) = Demo::read(&demo) else {
        return fail(format!("`sync-server demo` did not say how to sign in; it said: {}", demo.trim()));
    };

    let address = SocketAddr::from(([127, 0, 0, 1], port_of(data)?));
    let serve = Step::new(&program).args(["serve", "--listen", &address.to_string(), "--data"]).arg(&server_data);
    let mut server = Server::start(serve)?;
    server.wait_until_ready(address, "/readyz", Duration::from_secs(60))?;

    println!();
    println!("  Phone   worker {}, PIN {PIN}", demo.worker);
    println!("  Desk    http://{address}/   account {}, password {}", demo.account, demo.password);
    println!(
        "          with the same password: demo-admin (the county's office), demo-handler (a department), demo-auditor (the log of who looked)"
    );
    println!("  Data    {}", data.display());
    println!("  Close the window to stop both.");
    println!();
    Step::new(paths::built("doorstep", release))
        .env("DOORSTEP_DATA", data.join("phone"))
        .env("DOORSTEP_ENROL", format!("http://{address}#{}", demo.code))
        .env("DOORSTEP_PIN", PIN)
        .run()
}

/// The port of this demonstration, the same every time: the phone was enrolled with it.
fn port_of(data: &Path) -> Outcome<u16> {
    let kept = data.join("port");
    let known = std::fs::read_to_string(&kept).ok().and_then(|text| text.trim().parse::<u16>().ok());
    let port = free_port(known.unwrap_or(PORT))?;
    match known {
        Some(known) if known != port => fail(format!(
            "Port {known}, which this demonstration's phone knows, is taken; end what listens there, or choose another --data."
        )),
        Some(_) => Ok(port),
        None => std::fs::write(&kept, port.to_string())
            .map(|()| port)
            .or_else(|error| fail(format!("{} could not be written: {error}.", kept.display()))),
    }
}

/// What the server says about its demonstration village.
#[derive(Debug, PartialEq)]
struct Demo {
    account: String,
    password: String,
    worker: String,
    code: String,
}

impl Demo {
    /// Reads the line of JSON that the server prints; everything in it is flat text, two levels deep.
    fn read(printed: &str) -> Option<Self> {
        let line = printed.lines().rev().find(|line| line.starts_with('{'))?;
        let text = |of: &str, name: &str| {
            let (_, inside) = line.split_once(&format!("\"{of}\""))?;
            let (inside, _) = inside.split_once('}')?;
            let (_, value) = inside.split_once(&format!("\"{name}\""))?;
            let value = value.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
            value.split_once('"').map(|(value, _)| value.to_owned())
        };
        Some(Self {
            account: text("desk", "account")?,
            password: text("desk", "password")?,
            worker: text("worker", "account")?,
            code: text("worker", "enrol_code")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_server_is_understood() {
        let printed = "made 212 households\n{\"desk\": {\"account\":\"demo-supervisor\",\"password\":\"p-1\"}, \
                       \"worker\": {\"account\":\"demo-worker\",\"enrol_code\":\"K7\"}, \"cell\": \"610722001001001\"}\n";
        let demo = Demo::read(printed).unwrap();
        assert_eq!((demo.account.as_str(), demo.password.as_str()), ("demo-supervisor", "p-1"));
        assert_eq!((demo.worker.as_str(), demo.code.as_str()), ("demo-worker", "K7"));
        assert_eq!(Demo::read("{}"), None);
    }
}
