//! `cargo xtask test`: every test there is, on the person's display or a virtual one.

use crate::options::Options;
use crate::sh::{Outcome, Step};
use crate::{display, tools, ui};

/// What follows the verb.
pub(crate) const OPTIONS: &str = "";
/// What it does.
pub(crate) const ABOUT: &str = "runs every test, those in real windows included";

/// Builds what the tests drive, then runs them all.
pub(crate) fn run(arguments: Vec<String>) -> Outcome {
    Options::read(arguments, &[], &[])?;
    tools::ensure(&[tools::COMPILER, tools::SCREENS, tools::WINDOW, tools::STAGE])?;
    ui::build()?;
    if ui::has_script("test")? {
        ui::npm(&["test"]).run()?;
    }
    // The journeys start the programs themselves, so these must be there before.
    Step::cargo().args(["build", "--workspace", "--bins"]).run()?;
    display::cargo().args(["test", "--workspace"]).run()
}
