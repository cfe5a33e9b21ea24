//! Care plans: who is to be seen stands on top of Today; one tap says that they were.

use doorstep_tests::browser::{named, named_with};
use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::json;

use super::{list, words};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_was_to_be_seen_is_seen_and_is_due_again_only_after_the_interval() -> Outcome {
    Worker::live("day-care", journey).await
}

async fn journey(worker: &mut Worker) -> Outcome {
    let plans = worker.ask("care", json!({})).await?;
    let waits = |plan: &&serde_json::Value| ["missed", "late", "due"].contains(&words(&plan["standing"]));
    let Some(plan) = list(&plans).iter().find(waits) else {
        return trouble(format!("Nobody of the demonstration is to be seen: {plans}"));
    };
    let (id, name) = (words(&plan["id"]), words(&plan["name"]));

    worker.open("care").await?;
    worker.phone.see(&named_with("care-row", "data-id", id)).await?;
    worker.shot("care").await?;
    worker.phone.tap(&named_with("care-row", "data-id", id)).await?;
    worker.phone.see_text("h1", name).await?;
    worker.phone.tap(&named("care-met")).await?;
    worker.insist_on_waiting(1).await?;
    worker.phone.see_text(&named("care-standing"), "到期").await?;
    worker.shot("care-seen").await?;

    worker.open("care").await?;
    worker.phone.see_attribute(&named_with("care-row", "data-id", id), "data-standing", "ahead").await?;
    let page = worker.ask("care_plan", json!({ "id": id })).await?;
    match list(&page["visits"]).first() {
        Some(visit) if visit["result"] == "met" => Ok(()),
        other => trouble(format!("The visit of the plan is not on its page: {other:?}")),
    }
}
