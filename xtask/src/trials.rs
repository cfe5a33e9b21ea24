//! `cargo xtask trials`: the system around phone and server fails, as in the field: disks, power, networks, the server as a whole;
//! and other people's clients speak with the server.

use crate::sh::{Outcome, fail};
use crate::{paths, sh::Step, tools};

/// What follows the verb.
pub(crate) const OPTIONS: &str = "[writes|power|network|server|outside|tus|all] [OPTIONS OF THE TRIAL]";
/// What it does.
pub(crate) const ABOUT: &str = "lets disks, power, networks and the server fail, and insists that nothing is lost";

/// The trials, in the order in which `all` plays them.
const TRIALS: &[&str] = &["writes", "power", "network", "server", "outside", "tus"];

/// Builds phone and server in release, and plays one trial or all. Disks and networks that fail need the rights of the administrator.
pub(crate) fn run(mut arguments: Vec<String>) -> Outcome {
    let name = if arguments.is_empty() { "all".to_owned() } else { arguments.remove(0) };
    let chosen: Vec<&str> = TRIALS.iter().copied().filter(|trial| name == "all" || name == *trial).collect();
    if chosen.is_empty() {
        return fail(format!("`{name}` is no trial; there are {}, all.", TRIALS.join(", ")));
    }
    tools::ensure(&[tools::COMPILER, tools::SCREENS, tools::WINDOW, tools::WEATHER])?;
    let programs = ["sync-server", "trial-phone", "trial-run", "trial_tus"];
    Step::cargo()
        .args(["build", "--release", "-p", "sync-server", "-p", "doorstep-tests"])
        .args(programs.iter().flat_map(|program| ["--bin", program]))
        .run()?;
    let mut failed = Vec::new();
    for trial in chosen {
        if play(trial, &arguments).is_err() {
            failed.push(trial);
        }
    }
    if failed.is_empty() { Ok(()) } else { fail(format!("Not everything was well: {}.", failed.join(", "))) }
}

fn play(trial: &str, arguments: &[String]) -> Outcome {
    if trial == "tus" {
        return Step::new(paths::built("trial_tus", true)).args(arguments).run();
    }
    let program = paths::built("trial-run", true);
    if ["server", "outside"].contains(&trial) {
        return Step::new(program).arg(trial).args(arguments).run();
    }
    // Disks are mounted, and networks made, where nobody else sees them.
    let own = if trial == "network" { "--net" } else { "--mount" };
    tools::as_root("unshare")?.arg(own).arg(program).arg(trial).args(arguments).run()
}
