//! The inbox as a supervisor meets it, in a real Chromium: opened by its address and from the menu, until the first waiting line can be
//! read; and five hundred lines gone through and chosen by keyboard.

use std::sync::Arc;
use std::time::Duration;

use fantoccini::key::Key;
use sync_server::hub::CountyHub;

use super::{Desk, PASSWORD, number};
use crate::browser::{Browser, named};
use crate::paint;
use crate::program;
use crate::sync_bench::Number;
use crate::trouble::{Doing, Outcome, trouble};

/// How often the inbox is opened in each way.
const TIMES: usize = 7;
/// So many lines are gone through, and chosen: as many as one person can answer for at once.
const LINES: usize = 500;
/// Until the first line can be read.
const ON_SCREEN: Duration = Duration::from_secs(1);
/// Until a key is answered: what a hand takes for at once.
const KEY: Duration = Duration::from_millis(100);
/// A page that asks little: the way to the inbox begins there.
const ELSEWHERE: &str = "notices";

/// Measures in a window of an office's size, or says what was not measured.
pub(super) fn measure(hub: &Arc<CountyHub>, account: &str) -> Outcome<Vec<Number>> {
    for (name, package) in [("chromium", "chromium"), ("chromedriver", "chromium-driver")] {
        if let Err(missing) = program::installed(name, package) {
            return Ok(vec![not_measured(&missing.to_string())]);
        }
    }
    let desk = Desk::open(Arc::clone(hub), account)?;
    let waiting = desk.get("inbox?limit=1")?["total"].as_u64().unwrap_or_default();
    let folder = tempfile::tempdir_in(program::target()).doing("making a folder")?;
    let runtime = tokio::runtime::Runtime::new().doing("starting a runtime")?;
    runtime.block_on(async {
        let window = Browser::desk(folder.path(), &desk.root).await?;
        window.sign_in(account, PASSWORD).await?;
        let mut lines = opened(&window, &desk.root, waiting).await?;
        lines.extend(fluent(&window).await?);
        Ok(lines)
    })
}

/// What stands in the table when nothing was measured; it is said aloud too.
pub(super) fn not_measured(why: &str) -> Number {
    eprintln!("NOT MEASURED: the inbox on screen, and {LINES} lines by keyboard. {why}");
    Number {
        what: "inbox on screen".to_owned(),
        ours: format!("not measured: {why}"),
        limit: String::new(),
        target: format!("≤ {} ms", ON_SCREEN.as_millis()),
        ratio: String::new(),
        met: false,
    }
}

/// Until the first waiting line is painted, in every way in which one comes to it.
async fn opened(window: &Browser, root: &str, waiting: u64) -> Outcome<Vec<Number>> {
    let (row, menu, away) = (named("inbox-row"), named("nav-inbox"), named(&format!("nav-{ELSEWHERE}")));
    let (mut by_address, mut by_menu, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for time in 0..TIMES {
        // Another address each time, so that the document is a fresh one.
        by_address.push(paint::after_opening(window, &format!("{root}/?inbox-{time}"), &row).await?);
        window.go(&format!("{root}/?elsewhere-{time}#/{ELSEWHERE}")).await?;
        by_menu.push(paint::after_click(window, &menu, &row).await?);
        window.tap(&away).await?;
        window.gone(&row).await?;
        back.push(paint::after_click(window, &menu, &row).await?);
    }
    Ok(vec![
        spread(&format!("inbox of {waiting} on screen, by its address"), &mut by_address),
        spread("the same from the menu, for the first time", &mut by_menu),
        spread("the same from the menu, come back to it", &mut back),
    ])
}

/// Whether a list of five hundred stays fluent under a hand that goes through it without a pause.
async fn fluent(window: &Browser) -> Outcome<Vec<Number>> {
    let chosen = named("selected-count");
    let at_once = paint::after_click(window, &named("select-low-risk"), &chosen).await?;
    let text = window.text(&chosen).await?;
    if !text.contains(&LINES.to_string()) {
        return trouble(format!("Fewer than {LINES} lines could be chosen: “{text}”. The county has too few cells."));
    }
    // Back to the list with nothing chosen: now each line by its own keys.
    window.press(&char::from(Key::Escape).to_string()).await?;
    window.gone(&chosen).await?;
    let kept_up = paint::of_keys(window, "xj", LINES).await?;
    window.see_text(&chosen, &LINES.to_string()).await?;
    let slowest = Duration::from_secs_f64(kept_up.slowest.max(kept_up.frame) / 1000.0);
    let mut keys = number(&format!("{LINES} lines chosen one by one, by keyboard"), slowest, KEY);
    keys.ours = format!("slowest key to paint {:.0} ms, longest frame {:.0} ms", kept_up.slowest, kept_up.frame);
    Ok(vec![number(&format!("{LINES} lines of low risk chosen at once, on screen"), at_once, ON_SCREEN), keys])
}

/// The median and the slowest; the slowest decides.
fn spread(what: &str, taken: &mut [Duration]) -> Number {
    taken.sort();
    let median = taken.get(taken.len() / 2).copied().unwrap_or_default();
    let slowest = taken.last().copied().unwrap_or_default();
    let mut line = number(what, slowest, ON_SCREEN);
    line.ours = format!("median {} ms, slowest {} ms, n = {}", median.as_millis(), slowest.as_millis(), taken.len());
    line
}
