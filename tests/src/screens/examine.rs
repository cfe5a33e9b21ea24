//! What a machine can see of a screen: whether it reaches past the edge, and what axe finds that shuts somebody out.

use std::fs;

use serde_json::Value;

use crate::browser::Browser;
use crate::program;
use crate::trouble::{Doing, Outcome};

/// Everything that reaches past the right edge, the outermost first; scrolling strips are meant to.
const WIDE: &str = "
    const [done] = arguments;
    const edge = document.documentElement.clientWidth + 1;
    const scrolls = (element) => {
        for (let up = element; up; up = up.parentElement) {
            if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(up).overflowX)) return true;
        }
        return false;
    };
    const wide = [...document.body.querySelectorAll('*')].filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && box.height > 0 && box.right > edge && !scrolls(element) && element.checkVisibility();
    });
    done(wide.slice(0, 3).map((element) => element.tagName.toLowerCase() + '.' + element.className));";

/// What axe calls serious or critical.
const AXE: &str = "
    const [done] = arguments;
    // A file input lies unseen over the button that opens it; the library's overlay is a button without a name beside one with.
    const exclude = [['input[type=file]'], ['.van-overlay']];
    window.axe.run({ include: [document], exclude }, { resultTypes: ['violations'] }).then(
        ({ violations }) => done(violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, help, nodes }) => `${id}: ${help} (${nodes.length}), first ${nodes[0]?.html.slice(0, 160)}`)),
        (error) => done([`axe failed: ${error}`]));";

/// What is wrong with what the window shows.
///
/// # Errors
/// When the window does not answer, or axe is not installed.
pub(super) async fn examine(window: &Browser) -> Outcome<Vec<String>> {
    let mut found: Vec<String> =
        texts(&window.run(WIDE, Vec::new()).await?).map(|what| format!("reaches past the edge: {what}")).collect();
    let path = program::root().join("ui/node_modules/axe-core/axe.min.js");
    // The page's own policy forbids it to evaluate anything: axe comes with the driver's script.
    let script = format!("{};\n{AXE}", fs::read_to_string(&path).doing("reading axe")?);
    found.extend(texts(&window.run(&script, Vec::new()).await?).map(str::to_owned));
    Ok(found)
}

fn texts(answer: &Value) -> impl Iterator<Item = &str> {
    answer.as_array().into_iter().flatten().filter_map(Value::as_str)
}
