//! The phone itself: large type and the dark look stay, and the storage page says what takes room.

use doorstep_tests::browser::named;
use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn large_type_and_the_dark_look_stay_and_nothing_reaches_past_the_edge() -> Outcome {
    Worker::without_signal("day-phone").await?.play(journey).await
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
