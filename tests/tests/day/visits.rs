//! Visits: a whole stairwell at once, written down late, repeated with one tap, and the slip for who was not at home.

use doorstep_tests::browser::{named, named_with};
use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::json;

use super::{list, stairwell, words};

const BRING: &str = "户口本";

#[tokio::test(flavor = "multi_thread")]
async fn several_doors_are_visited_at_once_and_a_slip_is_left_at_the_one_that_stayed_closed() -> Outcome {
    Worker::live("day-visits", journey).await
}

async fn journey(worker: &mut Worker) -> Outcome {
    let stairs = stairwell(worker, 4).await?;
    let [first, second, third, fourth, ..] = stairs.households.as_slice() else {
        return trouble("The stairwell has too few households.");
    };

    // Three doors of a stairwell, written on paper yesterday.
    worker.phone.tap(&named("tab-doors")).await?;
    worker.go(&format!("/visits/several?building={}&unit={}", stairs.building, stairs.unit)).await?;
    for household in [first, second, third] {
        worker.phone.tap(&named_with("several-one", "data-id", household)).await?;
    }
    worker.phone.tap(&format!("{} [data-code=\"day-1\"]", named("field-at"))).await?;
    // The time of that day is offered at once.
    worker.phone.tap(".van-picker__confirm").await?;
    worker.phone.gone(".van-picker__confirm").await?;
    worker.shot("several").await?;
    worker.phone.tap(&named("save")).await?;
    worker.phone.gone(&named("save")).await?;
    worker.insist_on_waiting(3).await?;
    let yesterday = dates(worker, &[first, second, third]).await?;
    let today = start_of_today(worker).await?;
    if yesterday.iter().any(|at| *at >= today) {
        return trouble(format!("A visit of yesterday's paper stands at today: {yesterday:?}"));
    }

    // The next door as the last one, with one tap.
    worker.go(&format!("/doors/{}", stairs.building)).await?;
    worker.phone.tap(&named_with("door", "data-id", &stairs.doors[3])).await?;
    worker.phone.see(&named("door-card")).await?;
    worker.phone.tap(&named("visit-repeat")).await?;
    worker.phone.gone(&named("door-card")).await?;
    worker.insist_on_waiting(4).await?;

    // Nobody at home: a slip, with nothing about the resident on it.
    worker.phone.tap(&named_with("door", "data-id", &stairs.doors[3])).await?;
    worker.phone.see(&named("door-card")).await?;
    worker.phone.tap(&named("visit-absent")).await?;
    worker.phone.gone(&named("door-card")).await?;
    worker.insist_on_waiting(5).await?;
    worker.phone.tap(&named_with("door", "data-id", &stairs.doors[3])).await?;
    worker.phone.tap(&named("door-slip")).await?;
    worker.phone.rewrite(&named("slip-bring"), BRING).await?;
    worker.phone.rest().await?;
    // The driver gives no text of words that are shown line by line as they are written: the page is asked itself.
    let script = "const [css, done] = arguments; done(document.querySelector(css)?.textContent ?? '');";
    let slip = worker.phone.run(script, vec![json!(named("slip-text"))]).await?;
    let slip = words(&slip);
    if !slip.contains(BRING) {
        return trouble(format!("The slip does not say what to bring: {slip}"));
    }
    let page = worker.ask("household", json!({ "id": fourth })).await?;
    for person in list(&page["people"]) {
        if slip.contains(words(&person["name"])) {
            return trouble("The slip names a resident: whoever passes the door reads it.");
        }
    }
    worker.shot("slip").await
}

/// When the latest visit to each household took place.
async fn dates(worker: &Worker, households: &[&String]) -> Outcome<Vec<i64>> {
    let mut found = Vec::new();
    for household in households {
        let page = worker.ask("household", json!({ "id": household })).await?;
        match list(&page["visits"]).first().and_then(|visit| visit["at"].as_i64()) {
            Some(at) => found.push(at),
            None => return trouble(format!("A household has no visit: {page}")),
        }
    }
    Ok(found)
}

/// The beginning of today by the clock of China.
async fn start_of_today(worker: &Worker) -> Outcome<i64> {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    const CHINA: i64 = 8 * 60 * 60 * 1000;
    let now = worker.phone.run("const [done] = arguments; done(Date.now());", Vec::new()).await?;
    match now.as_i64() {
        Some(now) => Ok(now - (now + CHINA).rem_euclid(DAY)),
        None => trouble(format!("The window does not know the time: {now}")),
    }
}
