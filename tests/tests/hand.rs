//! The phone in the hand, in Chromium over the local host: how many taps a visit takes, whether a long list ever shows a blank while it
//! is thrown, and a phone that changes hands.

use std::time::Instant;

use doorstep_tests::browser::{Browser, named, named_with};
use doorstep_tests::county::County;
use doorstep_tests::phones::PIN;
use doorstep_tests::screens::phone::Host;
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use serde_json::{Value, json};

/// A common phone.
const SIZE: (u16, u16) = (390, 844);
/// A visit from Today until it is recorded.
const TAPS_MOST: u64 = 3;
/// Rows of the long list.
const ROWS: usize = 2_500;

/// A phone of the demonstration's worker, enrolled, and its window.
struct Hand {
    folder: tempfile::TempDir,
    county: County,
    host: Host,
    window: Browser,
}

impl Hand {
    async fn open() -> Outcome<Self> {
        let folder = tempfile::tempdir().doing("making a folder")?;
        let county = County::found(folder.path(), "village")?;
        let host = Host::start(folder.path(), &county).await?;
        let mut looks = host.call("preferences", json!({})).await?;
        looks["tour_seen"] = true.into();
        host.call("set_preferences", looks).await?;
        let window = Browser::page("phone", &folder.path().join("window"), host.address(), SIZE, true).await?;
        window.see(&named("tab-today")).await?;
        Ok(Self { folder, county, host, window })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_takes_three_taps_at_most_from_today_until_it_is_recorded() -> Outcome {
    let hand = Hand::open().await?;
    let window = &hand.window;
    window.see(&named("due-door")).await?;
    // Counted by the page itself: whatever finger or key presses, not what this test believes to press.
    let count = "window.taps = 0; document.addEventListener('click', (event) => { if (event.isTrusted) window.taps += 1 }, true);
        arguments[0]()";
    window.run(count, Vec::new()).await?;
    let start = Instant::now();
    window.tap(&named("due-door")).await?;
    window.tap(&named("visit-met")).await?;
    window.see(&named("visit-undo")).await?;
    let taken = start.elapsed();
    let taps = window.run("arguments[0](window.taps)", Vec::new()).await?.as_u64().unwrap_or_default();
    eprintln!("a visit: {taps} taps, {} ms with a robot's finger", taken.as_millis());
    let recent = hand.host.call("today", json!({})).await?["recent"].clone();
    if recent.as_array().is_none_or(|recent| recent.len() != 1) {
        return trouble(format!("The visit is not among today's: {recent}"));
    }
    if taps == 0 || taps > TAPS_MOST {
        return trouble(format!("A visit took {taps} taps: at most {TAPS_MOST} are promised."));
    }
    Ok(())
}

/// Throws the list that scrolls in `main` and answers, in `arguments[1]`, how many frames there were and what was seen blank.
const THROW: &str = "
    const [step, done] = arguments;
    const main = document.querySelector('main');
    const list = document.querySelector('main ul.list');
    const blank = [];
    let frames = 0;
    function look() {
      const box = main.getBoundingClientRect();
      const all = list.getBoundingClientRect();
      const [top, bottom] = [Math.max(box.top, all.top), Math.min(box.bottom, all.bottom)];
      const rows = [...list.children].map((row) => row.getBoundingClientRect()).sort((a, b) => a.top - b.top);
      let reached = top;
      for (const row of rows) if (row.top <= reached + 2 && row.bottom > reached) reached = row.bottom;
      if (reached < bottom - 2) blank.push([frames, Math.round(reached), Math.round(bottom)]);
    }
    function frame() {
      if (frames > 0) look();
      frames += 1;
      const before = main.scrollTop;
      main.scrollTop = before + step;
      const over = Math.abs(main.scrollTop - before) < 1;
      if (over || frames > 600) done({ frames, blank: blank.slice(0, 5), blanks: blank.length, at: main.scrollTop });
      else requestAnimationFrame(frame);
    }
    requestAnimationFrame(frame);";

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_two_and_a_half_thousand_rows_shows_no_blank_however_it_is_thrown() -> Outcome {
    let hand = Hand::open().await?;
    let window = &hand.window;
    let incidents = hand.host.call("incidents", json!({})).await?;
    let model = incidents.as_array().and_then(|list| list.iter().find(|line| line["ended"] == false));
    let Some(model) = model else { return trouble("The demonstration has no open incident.") };
    let row = |number: usize| {
        let mut line = model.clone();
        line["id"] = format!("01900000-0000-7000-8000-{number:012}").into();
        // Titles of one line and of several: rows are not all of one height.
        line["title"] = format!("{number} {}", "楼道堆放杂物，影响通行。".repeat(number % 4 + 1)).into();
        line
    };
    let rows: Vec<Value> = (0..ROWS).map(row).collect();
    // The page asks its host as ever, and is told of more incidents than the demonstration has.
    let many = "const [rows, done] = arguments; const ask = window.fetch;
        window.fetch = (path, how) => String(path).startsWith('/call/incidents')
          ? Promise.resolve(new Response(JSON.stringify(rows), { headers: { 'content-type': 'application/json' } })) : ask(path, how);
        done()";
    window.run(many, vec![json!(rows)]).await?;
    window.tap(&named("tab-incidents")).await?;
    window.see(&named_with("incident-row", "data-id", "01900000-0000-7000-8000-000000000000")).await?;
    let standing = window.count(&named("incident-row")).await?;
    if standing > 60 {
        return trouble(format!("{standing} rows stand in the page: the list is not a virtual one."));
    }
    // As a thumb throws it, much faster than one can, and back.
    for step in [180, 2_400, -5_000, 20_000, -400] {
        let seen = window.run(THROW, vec![json!(step)]).await?;
        eprintln!("{step} px a frame: {seen}");
        if seen["blanks"] != 0 || seen["frames"].as_u64() < Some(5) {
            return trouble(format!("Thrown by {step} px a frame the list showed blanks: {seen}"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_changes_hands_by_one_tap_and_shows_nothing_of_the_one_before() -> Outcome {
    let hand = Hand::open().await?;
    let (window, host) = (&hand.window, &hand.host);
    let first = words(&host.call("state", json!({})).await?["display_name"]);
    // In the middle of something.
    window.see(&named("due-door")).await?;
    window.tap(&named("tab-me")).await?;
    window.tap(&named("switch-worker")).await?;
    window.see(&named("pin-input")).await?;
    window.tap(&named("add-worker")).await?;
    window.see(&named("enrol-code")).await?;
    window.see_text(&named("worker"), &first).await?;
    let code = hand.county.enrol_code("demo-worker-2")?;
    window.write(&named("enrol-server"), &hand.county.address()).await?;
    window.write(&named("enrol-code"), &code).await?;
    window.write(&named("enrol-pin"), "112233").await?;
    window.write(&named("enrol-pin-again"), "112233").await?;
    window.tap(&named("enrol-submit")).await?;
    window.see(&named("tab-today")).await?;
    let second = words(&host.call("state", json!({})).await?["display_name"]);
    if first == second {
        return trouble("The colleague has the first worker's name.");
    }
    window.tap(&named("tour-skip")).await?;
    window.gone(&named("tour")).await?;
    window.tap(&named("tab-me")).await?;
    window.tap(&named("switch-worker")).await?;
    window.see_text(&named("whose"), &second).await?;
    window.tap_text(&named("worker"), &first).await?;
    window.see_text(&named("whose"), &first).await?;
    window.write(&named("pin-input"), "112233").await?;
    window.tap(&named("unlock")).await?;
    window.see_text(&named("unlock-problem"), "PIN").await?;
    window.write(&named("pin-input"), PIN).await?;
    window.tap(&named("unlock")).await?;
    window.see(&named("due-door")).await?;
    let account = words(&host.call("state", json!({})).await?["account"]);
    if account != "demo-worker" {
        return trouble(format!("The phone is open for {account}."));
    }
    let folders = std::fs::read_dir(hand.folder.path().join("phone/workers")).doing("looking into the phone")?.count();
    if folders != 2 {
        return trouble(format!("There are {folders} workers' folders."));
    }
    Ok(())
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
