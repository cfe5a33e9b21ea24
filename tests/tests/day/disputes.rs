//! A dispute from the first word to the signed agreement, and the agreement as a paper.

use doorstep_tests::browser::named;
use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::json;

use super::{list, stairwell, words};

const FACTS: &str = "楼上卫生间漏水，泡坏楼下吊顶。";
const TERMS: &str = "乙方七日内修好防水，并赔偿甲方吊顶损失。";

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_agree_and_the_agreement_is_a_paper_to_sign() -> Outcome {
    Worker::live("day-disputes", journey).await
}

async fn journey(worker: &mut Worker) -> Outcome {
    let stairs = stairwell(worker, 2).await?;
    worker.open("disputes").await?;
    worker.phone.tap(&named("new-dispute")).await?;
    worker.phone.choose(&named("field-type"), &first_code(worker, "dispute_type").await?).await?;
    worker.phone.tap(&format!("{} [data-code=\"applied\"]", named("field-source"))).await?;
    for household in &stairs.households[..2] {
        let page = worker.ask("household", json!({ "id": household })).await?;
        let head = list(&page["people"]).iter().find(|person| person["left"] == false);
        let Some(head) = head else { return trouble("A household of the demonstration is empty.") };
        worker.phone.write(&named("party-search"), words(&head["name"])).await?;
        worker.phone.tap_text(&named("party-hit"), words(&head["name"])).await?;
    }
    worker.phone.write(&named("field-facts"), FACTS).await?;
    worker.phone.write(&named("field-amount"), "3200").await?;
    worker.shot("dispute-new").await?;
    worker.phone.tap(&named("save")).await?;
    worker.phone.see(&named("dispute-way")).await?;

    for (step, field, text) in [("rights", "", ""), ("mediation", "field-text", "双方到场，说明了经过。")] {
        step_of(worker, step).await?;
        if !field.is_empty() {
            worker.phone.write(&named(field), text).await?;
        }
        worker.shot(&format!("dispute-{step}")).await?;
        worker.phone.tap(&named("save")).await?;
        worker.phone.see(&format!("{}[data-step=\"{step}\"]", named("dispute-event"))).await?;
    }
    step_of(worker, "agreement").await?;
    worker.phone.tap(&format!("{} [data-code=\"written\"]", named("field-agreement"))).await?;
    worker.phone.write(&named("field-terms"), TERMS).await?;
    worker.phone.tap(&named("save")).await?;
    worker.phone.see(&format!("{}[data-step=\"agreement\"]", named("dispute-event"))).await?;
    worker.shot("dispute-agreed").await?;

    worker.phone.tap(&named("print")).await?;
    worker.phone.tap(&named("print-agreement")).await?;
    let paper = worker.downloaded("pdf").await?;
    if !paper.starts_with(b"%PDF-") {
        return trouble("The paper is no PDF.");
    }
    let disputes = worker.ask("disputes", json!({})).await?;
    let stored = list(&disputes).iter().filter(|each| each["facts"] == FACTS || each["standing"]["state"] == "settled");
    if stored.count() == 0 {
        return trouble(format!("The dispute is not among the settled: {disputes}"));
    }
    Ok(())
}

async fn step_of(worker: &Worker, step: &str) -> Outcome {
    worker.phone.tap(&named("add-step")).await?;
    worker.phone.tap(&named(&format!("step-{step}"))).await?;
    worker.phone.see(&named("save")).await.map(|_| ())
}

/// A code of a list, as the form offers it.
async fn first_code(worker: &Worker, of: &str) -> Outcome<String> {
    let lists = worker.ask("lists", json!({})).await?;
    match list(&lists["codes"][of]).first() {
        Some(code) => Ok(words(&code["code"]).to_owned()),
        None => trouble(format!("There are no codes of {of}: {lists}")),
    }
}
