//! A roll-call: the drill that stands is marked household by household, and the totals add up after every tap.

use doorstep_tests::browser::{named, named_with};
use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::{Value, json};

use super::{list, words};

#[tokio::test(flavor = "multi_thread")]
async fn everybody_of_a_household_is_moved_with_one_tap_and_the_totals_add_up() -> Outcome {
    Worker::live("day-evacuation", journey).await
}

async fn journey(worker: &mut Worker) -> Outcome {
    let evacuations = worker.ask("evacuations", json!({})).await?;
    let Some(order) = list(&evacuations["standing"]).first() else {
        return trouble("No evacuation of the demonstration stands.");
    };
    let id = words(&order["id"]);
    worker.open("evacuations").await?;
    worker.phone.tap(&named_with("evacuation", "data-id", id)).await?;
    worker.phone.see(&named("totals")).await?;
    worker.shot("roll-call").await?;

    let before = totals(worker, id).await?;
    let page = worker.ask("evacuation", json!({ "id": id })).await?;
    let unmoved = |household: &&Value| {
        list(&household["people"]).iter().any(|person| ["not_contacted", "called"].contains(&words(&person["mark"])))
    };
    let Some(household) = list(&page["households"]).iter().find(unmoved) else {
        return trouble(format!("Everybody of the drill is somewhere already: {page}"));
    };
    let card = named_with("roll-household", "data-id", words(&household["household"]));
    worker.phone.tap(&format!("{card} {}", named("all-moved"))).await?;
    worker.phone.gone(&format!("{card} {}", named("all-moved"))).await?;
    let after = totals(worker, id).await?;
    if after.moved <= before.moved || after.due != before.due {
        return trouble(format!("Nobody was moved: {before:?} became {after:?}"));
    }
    worker.shot("moved").await?;

    // A single person is refused, then found away: the last word counts.
    let Some(person) = list(&household["people"]).first() else { return trouble("The household is empty.") };
    let row = named_with("roll-person", "data-id", words(&person["person"]));
    worker.phone.tap(&row).await?;
    worker.phone.tap(&format!("{card} {}", named("mark-away"))).await?;
    worker.phone.see_attribute(&row, "data-mark", "away").await?;
    let last = totals(worker, id).await?;
    if last.away != after.away + 1 {
        return trouble(format!("The one who is away is not counted: {last:?}"));
    }
    worker.phone.tap(&named("print")).await?;
    worker.phone.see(&named("roster-sheet")).await?;
    worker.shot("roster").await
}

/// 应转 = 已转移 + 外出不在 + 未转.
#[derive(Debug)]
struct Totals {
    due: i64,
    moved: i64,
    away: i64,
}

async fn totals(worker: &Worker, id: &str) -> Outcome<Totals> {
    let page = worker.ask("evacuation", json!({ "id": id })).await?;
    let totals = &page["line"]["totals"];
    let n = |name: &str| totals[name].as_i64().unwrap_or(-1);
    if n("due") != n("moved") + n("away") + n("unmoved") {
        return trouble(format!("The totals do not add up: {totals}"));
    }
    Ok(Totals { due: n("due"), moved: n("moved"), away: n("away") })
}
