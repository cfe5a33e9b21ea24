//! `cargo xtask check`: everything a reviewer should not have to look for.

use crate::options::Options;
use crate::sh::{Outcome, Step};
use crate::{house, mobile, tools, types, ui};

/// What follows the verb.
pub(crate) const OPTIONS: &str = "[--mobile]";
/// What it does.
pub(crate) const ABOUT: &str =
    "format, lints, generated types, screens and house rules; with --mobile the phones' builds too";

/// Runs every check, the quick ones first.
pub(crate) fn run(arguments: Vec<String>) -> Outcome {
    let options = Options::read(arguments, &["--mobile"], &[])?;
    tools::ensure(&[tools::COMPILER, tools::HISTORY, tools::SCREENS, tools::WINDOW])?;
    house::inspect()?;
    Step::cargo().args(["fmt", "--all", "--check"]).run()?;
    ui::install()?;
    ui::npm(&["run", "check"]).run()?;
    // The window and the server take the built screens into their programs, so these come first.
    ui::build()?;
    Step::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()?;
    types::are_fresh()?;
    if options.has("--mobile") {
        mobile::check()?;
    }
    println!("✓ Everything is in order.");
    Ok(())
}
