//! An inspection by its list: a hazard is found, a notice printed, and the re-check says that it was put right.

use doorstep_tests::browser::{named, named_with};
use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::json;

use super::{list, words};

#[tokio::test(flavor = "multi_thread")]
async fn a_hazard_is_found_noted_and_put_right() -> Outcome {
    Worker::live("day-inspections", journey).await
}

async fn journey(worker: &mut Worker) -> Outcome {
    let places = worker.ask("inspection_places", json!({})).await?;
    let Some(place) = list(&places).iter().find(|place| place["kind"] == "premises") else {
        return trouble(format!("The demonstration has no premises to inspect: {places}"));
    };
    let id = words(&place["id"]);
    worker.open("inspections").await?;
    worker.phone.tap(&named_with("inspection-place", "data-id", id)).await?;
    worker.phone.tap(&named("start-checklist")).await?;
    worker.phone.see(&named("item")).await?;
    let items = items(worker).await?;
    for (index, item) in items.iter().enumerate() {
        let answer = if index == 0 { "bad" } else { "ok" };
        worker
            .phone
            .tap(&format!("{} {}", named_with("item", "data-item", item), named(&format!("answer-{answer}"))))
            .await?;
    }
    worker.phone.rewrite(&named(&format!("hazard-text-{}", items[0])), "灭火器过期").await?;
    worker.shot("inspect").await?;
    worker.phone.tap(&named("save")).await?;
    worker.phone.see(&named_with("hazard", "data-hazard", &items[0])).await?;
    worker.shot("inspected").await?;

    worker.phone.tap(&named("print-notice")).await?;
    if !worker.downloaded("pdf").await?.starts_with(b"%PDF-") {
        return trouble("The notice is no PDF.");
    }
    worker.phone.tap(&named("recheck-open")).await?;
    worker.phone.see(&named("recheck-sheet")).await?;
    worker.phone.tap(&named("recheck-fixed")).await?;
    worker.phone.gone(&named("recheck-sheet")).await?;
    worker.phone.see(&named("recheck")).await?;
    worker.shot("rechecked").await?;
    worker.insist_on_waiting(2).await
}

/// The items that are answered by a tap.
async fn items(worker: &Worker) -> Outcome<Vec<String>> {
    let script = "const [css, done] = arguments; done([...document.querySelectorAll(css)]
        .filter((item) => item.querySelector('[data-test=\"answer-ok\"]')).map((item) => item.dataset.item));";
    let found = worker.phone.run(script, vec![json!(named("item"))]).await?;
    let items: Vec<String> = list(&found).iter().map(|item| words(item).to_owned()).collect();
    if items.is_empty() { trouble("The checklist asks nothing.") } else { Ok(items) }
}
