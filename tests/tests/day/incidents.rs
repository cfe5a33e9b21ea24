//! Incidents: what is urgent is dialled first; something is put right on the spot; a check says whether it really was put right.

use doorstep_tests::browser::{named, named_with};
use doorstep_tests::picture;
use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::{Value, json};

use super::{list, words};

const TITLE: &str = "单元门锁坏了";
const SOLVED: &str = "当场换了锁芯，钥匙已交楼长。";

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_report_offers_the_telephone_first_and_one_that_was_put_right_at_once_is_closed() -> Outcome {
    Worker::live("day-incidents", report).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_on_the_spot_passes_what_was_put_right() -> Outcome {
    Worker::live("day-check", check).await
}

async fn report(worker: &mut Worker) -> Outcome {
    worker.phone.tap(&named("tab-report")).await?;
    worker.phone.write(&named("report-category-search"), "xf").await?;
    worker.phone.tap(&named("category-hit")).await?;
    worker.phone.tap(&named("report-severity-1")).await?;
    worker.phone.see(&named("dial-119")).await?;
    let dial = worker.phone.top(&named("dial-119")).await?;
    if dial > worker.phone.top(&named("report-title")).await? {
        return trouble("The telephone stands below the form: what burns is dialled first.");
    }
    worker.shot("urgent").await?;

    // Not urgent after all, and put right at once.
    worker.phone.tap(&named("report-severity-4")).await?;
    worker.phone.gone(&named("dial-119")).await?;
    worker.phone.write(&named("report-title"), TITLE).await?;
    worker.phone.choose_file(&named("report-photo"), &picture::turned_left_gps()).await?;
    worker.phone.tap(&named("photo-use")).await?;
    worker.phone.see(&named("photo-thumb")).await?;
    worker.phone.tap(&named("report-solved")).await?;
    worker.phone.write(&named("report-solution"), SOLVED).await?;
    worker.shot("put-right").await?;
    worker.phone.tap(&named("report-submit")).await?;
    worker.phone.see_text("h1", TITLE).await?;
    worker.phone.see_attribute(&named("loop-state"), "data-state", "solved").await?;
    worker.shot("put-right-stored").await?;
    worker.phone.tap(&named("answer")).await?;
    worker.phone.see(&named("answer-text")).await?;
    let answer = worker.phone.value(&named("answer-text")).await?;
    if !(answer.contains(TITLE) && answer.contains(SOLVED)) {
        return trouble(format!("The answer does not say what was done: {answer}"));
    }
    worker.shot("answer").await
}

async fn check(worker: &mut Worker) -> Outcome {
    let incidents = worker.ask("incidents", json!({})).await?;
    let mut to_check: Option<Value> = None;
    for incident in list(&incidents) {
        let page = worker.ask("incident", json!({ "id": incident["id"] })).await?;
        if list(&page["may"]).contains(&json!("pass")) {
            to_check = Some(page);
            break;
        }
    }
    let Some(page) = to_check else { return trouble("No incident of the demonstration waits for a check.") };
    let id = words(&page["id"]);
    worker.phone.see(&named("to-verify")).await?;
    worker.phone.tap(&named("tab-incidents")).await?;
    worker.phone.tap(&named_with("incident-row", "data-id", id)).await?;
    worker.phone.see(&named("step-panel")).await?;
    worker.phone.write(&named("step-opinion"), "现场看过，已处理好。").await?;
    worker.shot("check").await?;
    worker.phone.tap(&named("step-pass")).await?;
    worker.phone.gone(&named("step-pass")).await?;
    worker.shot("checked").await?;
    let now = worker.ask("incident", json!({ "id": id })).await?;
    if list(&now["may"]).contains(&json!("pass")) || now["progress"]["state"] == page["progress"]["state"] {
        return trouble(format!("The check did not count: {}", now["progress"]));
    }
    Ok(())
}
