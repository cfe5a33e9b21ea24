//! `cargo xtask soak`: simulated histories for as long as one likes, and the replay of a single one.

use crate::options::Options;
use crate::sh::{Outcome, Step};
use crate::{paths, tools};

/// What follows the verb.
pub(crate) const OPTIONS: &str = "[--hours N | --histories N | --seed N [--about WORDS]]";
/// What it does.
pub(crate) const ABOUT: &str = "lives through simulated histories; --seed tells one of them";

/// Builds the soak in its own profile and hands the options on. What breaks a law is kept in target/soak.
pub(crate) fn run(arguments: Vec<String>) -> Outcome {
    let known = ["--hours", "--histories", "--first", "--seed", "--threads"];
    let options = Options::read(arguments, &["--stop-at-first"], &known)?;
    tools::ensure(&[tools::COMPILER])?;
    Step::cargo().args(["build", "--profile", "soak", "--package", "doorstep-tests", "--bin", "soak"]).run()?;
    let program = paths::target().join("soak").join(format!("soak{}", std::env::consts::EXE_SUFFIX));
    let mut step = Step::new(program).arg("--keep").arg(paths::target().join("soak").join("kept"));
    for name in known {
        if let Some(value) = options.value(name) {
            step = step.args([name, value]);
        }
    }
    if options.has("--stop-at-first") {
        step = step.arg("--stop-at-first");
    }
    // An hour, unless something else was asked for.
    let bounded = ["--hours", "--histories", "--seed"].iter().any(|name| options.value(name).is_some());
    if bounded { step.run() } else { step.args(["--hours", "1"]).run() }
}
