//! `cargo xtask bench`: measures the release build, the way a phone and a county would use it.

use crate::sh::{Outcome, Step};
use crate::{display, paths, tools, ui};

/// What follows the verb.
pub(crate) const OPTIONS: &str = "[OPTIONS OF THE BENCHMARK]";
/// What it does.
pub(crate) const ABOUT: &str = "measures the release build";

/// Builds in release and hands all arguments on to the benchmark.
pub(crate) fn run(arguments: Vec<String>) -> Outcome {
    tools::ensure(&[tools::COMPILER, tools::SCREENS, tools::WINDOW, tools::STAGE])?;
    ui::build()?;
    Step::cargo().args(["build", "--release", "--workspace", "--bins"]).run()?;
    display::program(paths::built("bench", true)).args(arguments).run()
}
