//! The phone itself: large type, the dark look and the language stay, the first minute has three cards, the storage page says what
//! takes room, and a page that was ended comes back.

use std::process::Command;
use std::time::Duration;

use doorstep_tests::browser::{named, named_with};
use doorstep_tests::program::{self, Program};
use doorstep_tests::screen::Screen;
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use doorstep_tests::worker::{PAGE, Worker};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn large_type_and_the_dark_look_stay_and_nothing_reaches_past_the_edge() -> Outcome {
    Worker::live("day-phone", journey).await
}

async fn journey(worker: &mut Worker) -> Outcome {
    worker.phone.tap(&named("tab-me")).await?;
    worker.phone.tap(&named("type-200")).await?;
    worker.phone.tap(&named("theme-dark")).await?;
    worker.phone.see_attribute(&named("theme-dark"), "aria-checked", "true").await?;
    worker.phone.reload().await?;
    worker.phone.see(&named("tab-today")).await?;
    for tab in ["tab-today", "tab-doors", "tab-report", "tab-incidents", "tab-me"] {
        worker.phone.tap(&named(tab)).await?;
        worker.phone.rest().await?;
        let script = "const [done] = arguments; const root = document.documentElement;
            done([root.scrollWidth - root.clientWidth, getComputedStyle(root).colorScheme]);";
        let seen = worker.phone.run(script, Vec::new()).await?;
        if seen[0].as_f64().unwrap_or(1.0) > 0.0 || seen[1] != "dark" {
            return trouble(format!("{tab} reaches past the edge, or is not dark: {seen}"));
        }
        worker.shot(tab).await?;
    }
    let kept = worker.ask("preferences", json!({})).await?;
    if kept["type_percent"] != 200 || kept["theme"] != "dark" {
        return trouble(format!("What was chosen was not kept: {kept}"));
    }
    worker.phone.tap(&named("open-storage")).await?;
    worker.phone.see_text(&named("storage-total"), "MB").await?;
    worker.shot("storage").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_minute_has_three_cards_english_stays_and_the_storage_says_what_it_gives_up() -> Outcome {
    Worker::live("day-first", first_minute).await
}

async fn first_minute(worker: &mut Worker) -> Outcome {
    // A phone on which nobody has seen the cards.
    let mut wanted = worker.ask("preferences", json!({})).await?;
    wanted["tour_seen"] = false.into();
    worker.ask("set_preferences", wanted).await?;
    worker.phone.reload().await?;
    for card in ["doors", "offline", "report"] {
        worker.phone.see(&named_with("tour", "data-card", card)).await?;
        worker.phone.rest().await?;
        worker.shot(&format!("card-{card}")).await?;
        worker.phone.tap(&named("tour-next")).await?;
    }
    worker.phone.gone(&named("tour")).await?;
    worker.phone.reload().await?;
    worker.phone.see(&named("tab-today")).await?;
    if worker.phone.count(&named("tour")).await? > 0 {
        return trouble("The cards come a second time by themselves.");
    }
    // From Me they come again, and one tap leaves them.
    worker.phone.tap(&named("tab-me")).await?;
    worker.phone.tap(&named("tour-again")).await?;
    worker.phone.see(&named_with("tour", "data-card", "doors")).await?;
    worker.phone.tap(&named("tour-skip")).await?;
    worker.phone.gone(&named("tour")).await?;

    worker.phone.tap(&named("language-en")).await?;
    worker.phone.see_text(&named("tab-today"), "Today").await?;
    worker.phone.reload().await?;
    worker.phone.see_text(&named("tab-today"), "Today").await?;
    for (path, shown) in [("/storage", "storage-left"), ("/new/building", "save"), ("/new/dwelling", "save")] {
        worker.go(path).await?;
        worker.phone.see(&named(shown)).await?;
        worker.phone.rest().await?;
        worker.shot(&format!("english{}", path.replace('/', "-"))).await?;
        let words = "const [done] = arguments; const shown = [...document.querySelectorAll('main label, main button, main p, main h1, main dt')];
            done(shown.map((each) => each.innerText).filter((text) => /\\p{Script=Han}/u.test(text)));";
        let left = worker.phone.run(words, Vec::new()).await?;
        if left != json!([]) {
            return trouble(format!("{path} speaks Chinese to who chose English: {left}"));
        }
    }
    // Nothing was taken or loaded that the server has too: there is nothing to give up, and the button says so.
    worker.go("/storage").await?;
    worker.phone.see_attribute(&named("free-storage"), "disabled", "true").await
}

/// How long a page has to have been there to be loaded again (`src-tauri/src/page.rs`), and a little.
const LIVED: Duration = Duration::from_secs(6);

#[test]
fn a_page_that_the_system_ended_comes_back_by_itself() -> Outcome {
    // Without a driver: WebKit's takes the end of a page for the end of everything.
    let folder = tempfile::tempdir().doing("making a folder")?;
    let screen = Screen::open()?;
    let mut command = Command::new(program::built("doorstep")?);
    command.env("DOORSTEP_DATA", folder.path().join("phone")).env("HOME", folder.path());
    screen.show(&mut command);
    let mut app = Program::start("doorstep", command, folder.path())?;
    let id = app.id();
    let pages = || program::offspring(id).into_iter().filter(|id| program::name_of(*id) == PAGE).collect::<Vec<_>>();
    app.wait_until("showing a page", || !pages().is_empty())?;
    std::thread::sleep(LIVED);

    let ended = pages();
    ended.iter().copied().for_each(program::kill);
    app.wait_until("showing a page again", || pages().iter().any(|page| !ended.contains(page)))
}
