//! `cargo xtask bench`: measures the release build, the way a phone and a county would use it.

use crate::sh::{Outcome, Step};
use crate::{display, paths, tools, ui};

/// What follows the verb.
pub(crate) const OPTIONS: &str = "[OPTIONS OF THE BENCHMARK]";
/// What it does.
pub(crate) const ABOUT: &str = "measures the release build; --only phone: search and pages; --only sync: synchronisation beside its limits; --only desk: a county's dashboards; --only inbox: of those the inbox on screen";

/// Builds in release and hands all arguments on to the benchmark.
pub(crate) fn run(arguments: Vec<String>) -> Outcome {
    let only = |part: &str| {
        let pair = arguments.windows(2).any(|pair| pair == ["--only", part]);
        pair || arguments.contains(&format!("--only={part}"))
    };
    let one = ["app", "phone", "sync", "desk", "inbox"].into_iter().find(|part| only(part));
    let wanted = |part: &str| one.is_none_or(|one| one == part);
    let (app, sync) = (wanted("app"), wanted("sync"));
    tools::ensure(&[tools::COMPILER, tools::WINDOW])?;
    // The desk's pages are part of the server. Whether there is a browser to open them in, the benchmark says itself.
    if !app && ["phone", "desk", "inbox"].into_iter().any(wanted) {
        tools::ensure(&[tools::SCREENS])?;
        ui::build()?;
    }
    if app {
        tools::ensure(&[tools::SCREENS, tools::STAGE])?;
        ui::build()?;
    }
    if sync {
        tools::ensure(&[tools::LIMITS])?;
        let folder = paths::target().join("limits");
        let limits = Step::cargo().args(["build", "--release", "--locked", "--target-dir"]).arg(folder);
        limits.within(&paths::root().join("tests").join("limits")).run()?;
    }
    let build = Step::cargo().args(["build", "--release"]);
    if app {
        build.args(["--workspace", "--bins"]).run()?;
        display::program(paths::built("bench", true)).args(arguments).run()
    } else {
        build.args(["-p", "sync-server", "-p", "doorstep-tests", "--bin", "sync-server", "--bin", "bench"]).run()?;
        Step::new(paths::built("bench", true)).args(arguments).run()
    }
}
