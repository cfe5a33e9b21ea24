//! Notices, tasks and feedback: households are told, a task is reported back, and a suggestion about the app is kept for its answer.

use doorstep_tests::browser::{named, named_with};
use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::json;

use super::{list, words};

const WISH: &str = "希望门牌板上能直接看到电话。";

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_told_a_task_is_done_and_a_suggestion_is_kept() -> Outcome {
    Worker::live("day-news", journey).await
}

async fn journey(worker: &mut Worker) -> Outcome {
    let notices = worker.ask("notices", json!({})).await?;
    let open = list(&notices)
        .iter()
        .find(|line| line["stands"] == true && line["told"].as_i64() < line["households"].as_i64());
    let Some(notice) = open else { return trouble(format!("Everybody was told everything: {notices}")) };
    let told = notice["told"].as_i64().unwrap_or(0);
    worker.open("notices").await?;
    worker.phone.tap(&named_with("notice-row", "data-id", words(&notice["id"]))).await?;
    worker.phone.see(&named("told-building")).await?;
    if worker.phone.count(&named("tell-unit")).await? == 0 {
        worker.phone.tap(&format!("{} > .row", named("told-building"))).await?;
    }
    worker.phone.tap(&named("tell-unit")).await?;
    worker.phone.see(&format!("{}[aria-checked=\"true\"]", named("told-door"))).await?;
    worker.shot("told").await?;
    let now = worker.ask("notices", json!({})).await?;
    let same = list(&now).iter().find(|line| line["id"] == notice["id"]);
    if same.and_then(|line| line["told"].as_i64()).unwrap_or(0) <= told {
        return trouble(format!("Nobody more was told: {now}"));
    }

    let tasks = worker.ask("tasks", json!({})).await?;
    let Some(task) = list(&tasks).iter().find(|task| task["report"].is_null()) else {
        return trouble(format!("No task is open: {tasks}"));
    };
    worker.open("tasks").await?;
    worker.phone.tap(&named_with("task-row", "data-id", words(&task["id"]))).await?;
    worker.phone.see(&named("task-basis")).await?;
    worker.phone.write(&named("field-note"), "都通知到了。").await?;
    worker.phone.tap(&named("task-done")).await?;
    worker.phone.see(&named("task-report")).await?;
    worker.shot("task").await?;

    worker.phone.tap(&named("tab-me")).await?;
    worker.phone.tap(&named("open-feedback")).await?;
    worker.phone.write(&named("feedback-text"), WISH).await?;
    worker.phone.tap(&named("feedback-send")).await?;
    worker.phone.see_text(&named("feedback-thread"), WISH).await?;
    worker.shot("feedback").await
}
