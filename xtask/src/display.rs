//! The screen to show windows on: the person's own, or a virtual one where there is none.

use crate::sh::Step;
use std::ffi::OsStr;

/// Whether somebody could see a window.
pub(crate) fn is_there() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(not(target_os = "linux")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Prepares cargo so that the windows it opens have a screen.
pub(crate) fn cargo() -> Step {
    if is_there() { Step::cargo() } else { program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())) }
}

/// Prepares a program so that the windows it opens have a screen, large enough for a desk beside a phone.
pub(crate) fn program(path: impl AsRef<OsStr>) -> Step {
    if is_there() {
        return Step::new(path);
    }
    let screen = "-screen 0 1600x1000x24 -nolisten tcp";
    Step::new("xvfb-run").args(["-a", "-s", screen]).arg(path)
}
