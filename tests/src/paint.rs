//! How long a window takes to paint what was asked for, by the page's own clock: from opening an address, from a click, and from keys.
//!
//! A picture counts once the frame that holds it is over, so what is told is at most a frame too much and never too little.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::trouble::{Doing, Outcome, trouble};

/// Answers with the milliseconds until an element with this selector is painted with text in it: from a click on another, or, without
/// one, from the moment at which this page was asked for.
const PAINTED: &str = "const [css, press, done] = arguments;
    const from = press === null ? 0 : performance.now();
    if (press !== null) {
        const pressed = document.querySelector(press);
        if (!pressed) return done(null);
        pressed.click();
    }
    const shown = (element) => element.checkVisibility() && element.textContent.trim() !== '';
    const look = () => requestAnimationFrame(() => {
        if (![...document.querySelectorAll(css)].some(shown)) return look();
        requestAnimationFrame(() => done(performance.now() - from));
    });
    look();";

/// Begins to watch keys and frames. Events are told by the browser in steps of 8 ms, and none that took less than 16.
const WATCH: &str = "const [done] = arguments;
    const watch = window.doorstepWatch = { keys: 0, slowest: 0, frame: 0, on: true };
    watch.count = () => watch.keys++;
    addEventListener('keydown', watch.count, true);
    watch.observer = new PerformanceObserver((list) => {
        for (const { name, duration } of list.getEntries()) if (name === 'keydown') watch.slowest = Math.max(watch.slowest, duration);
    });
    watch.observer.observe({ type: 'event', durationThreshold: 16 });
    let last = performance.now();
    const frame = (now) => {
        watch.frame = Math.max(watch.frame, now - last);
        last = now;
        if (watch.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); done(true); });";

/// Ends the watch and answers with what was seen; what the last key caused is waited for.
const WATCHED: &str = "const [done] = arguments;
    const watch = window.doorstepWatch;
    setTimeout(() => {
        watch.on = false;
        watch.observer.disconnect();
        removeEventListener('keydown', watch.count, true);
        done({ keys: watch.keys, slowest: watch.slowest, frame: watch.frame });
    }, 500);";

/// How a page kept up with keys.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Fluency {
    /// How many keys it took.
    pub keys: usize,
    /// Milliseconds from a key to the paint that answers it, the slowest; 0 when none took 16 ms.
    pub slowest: f64,
    /// Milliseconds between two frames, the most.
    pub frame: f64,
}

/// Opens an address in a fresh document, and answers with the time until this is painted with text in it. Nothing before it is left
/// out: the page, its scripts, who is there, and what the server is asked.
///
/// # Errors
/// When it does not come.
pub async fn after_opening(window: &Browser, address: &str, css: &str) -> Outcome<Duration> {
    window.go(address).await?;
    painted(window, css, Value::Null).await
}

/// Clicks `press`, and answers with the time until `css` is painted with text in it.
///
/// # Errors
/// When one of them does not come.
pub async fn after_click(window: &Browser, press: &str, css: &str) -> Outcome<Duration> {
    window.see(press).await?;
    painted(window, css, json!(press)).await
}

async fn painted(window: &Browser, css: &str, press: Value) -> Outcome<Duration> {
    let told =
        window.run(PAINTED, vec![json!(css), press]).await.doing(&format!("waiting for `{css}` to be painted"))?;
    match told.as_f64() {
        Some(ms) => Ok(Duration::from_secs_f64(ms / 1000.0)),
        None => trouble(format!("`{css}` was not painted: what should be clicked is gone.")),
    }
}

/// Presses the same keys over and over, quicker than a key that is held down comes again, and answers with how the page kept up.
///
/// # Errors
/// When the page does not take every one of them.
pub async fn of_keys(window: &Browser, keys: &str, times: usize) -> Outcome<Fluency> {
    window.run(WATCH, Vec::new()).await?;
    // Not all in one: the driver hands over at once what it is given, and the page would be measured at working off a jam.
    for _ in 0..times {
        window.press(keys).await?;
    }
    let told = window.run(WATCHED, Vec::new()).await?;
    let fluency: Fluency = serde_json::from_value(told).doing("reading how the page kept up")?;
    if fluency.keys < keys.chars().count() {
        return trouble(format!(
            "The page took {} of {} keys: that is no measure.",
            fluency.keys,
            keys.chars().count()
        ));
    }
    Ok(fluency)
}
