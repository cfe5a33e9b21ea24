//! The parts of a worker's day, each in the real window and without any signal: what is tapped is what a thumb would tap, and what
//! was stored is asked of the phone afterwards. Pictures of every station are kept in `target/day-…/`.
//!
//! The main journey (`journey.rs`) has enrolling, one visit, a report, a crash and the way to the desk; they are not repeated here.

mod care;
mod disputes;
mod evacuation;
mod incidents;
mod inspections;
mod news;
mod phone;
mod register;
mod sheets;
mod visits;

use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::{Value, json};

/// The members of a list.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text, empty for anything else.
fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A unit of a building, with the households behind its doors.
struct Stairwell {
    building: String,
    unit: String,
    households: Vec<String>,
    doors: Vec<String>,
}

/// The first unit of the register in which so many households live.
async fn stairwell(worker: &Worker, at_least: usize) -> Outcome<Stairwell> {
    for building in list(&worker.ask("buildings", json!({})).await?) {
        let board = worker.ask("doors", json!({ "building": building["id"] })).await?;
        for unit in list(&board["units"]) {
            let doors = list(&unit["floors"]).iter().flat_map(|floor| list(&floor["doors"]));
            let lived_in: Vec<&Value> =
                doors.filter(|door| door["household_id"].is_string() && door["head_name"].is_string()).collect();
            if lived_in.len() >= at_least {
                let all = |name: &str| lived_in.iter().map(|door| words(&door[name]).to_owned()).collect();
                return Ok(Stairwell {
                    building: words(&building["id"]).to_owned(),
                    unit: words(&unit["unit"]).to_owned(),
                    households: all("household_id"),
                    doors: all("dwelling_id"),
                });
            }
        }
    }
    trouble(format!("The demonstration has no stairwell with {at_least} households."))
}
