//! `cargo xtask screens`: pictures of every screen in every look, to be looked at, and examined for what shuts somebody out.

use crate::sh::{Outcome, Step};
use crate::{paths, tools, ui};

/// What follows the verb.
pub(crate) const OPTIONS: &str = "[--app phone|desk] [--look PART OF A NAME]";
/// What it does.
pub(crate) const ABOUT: &str = "pictures of every screen in both languages, light and dark, ordinary and large type";

/// Builds the screens and the programs behind them, and takes the pictures.
pub(crate) fn run(arguments: Vec<String>) -> Outcome {
    tools::ensure(&[tools::COMPILER, tools::WINDOW, tools::SCREENS, tools::STAGE])?;
    ui::build()?;
    let programs = ["sync-server", "device-host", "screens"];
    // The whole workspace, as `test` builds it: a part of it would be built again with other features.
    Step::cargo().args(["build", "--workspace"]).args(programs.iter().flat_map(|program| ["--bin", program])).run()?;
    Step::new(paths::built("screens", false)).args(arguments).run()
}
