//! The ways in which a naive synchronisation loses data, one test each: production's phone and server, in process, through the
//! simulation's wire. Every test ends with all the laws of docs/RELIABILITY.md.

mod case_files;
mod damaged;
mod found;
mod informants;
mod numbered;
mod others;
mod pictures;
mod restores;
mod roll_calls;

use doorstep_tests::simulation::Scene;
use doorstep_tests::trouble::{Outcome, trouble};
use serde_json::Value;

const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn insist(holds: bool, law: &str) -> Outcome {
    if holds { Ok(()) } else { trouble(law) }
}

/// The server's note is this one.
fn stands(scene: &Scene, word: &str) -> Outcome {
    let note = scene.server_note()?;
    insist(note.as_deref() == Some(word), &format!("{note:?} stands, and {word} should."))
}

/// Somebody who lives in the first cell.
fn somebody(scene: &Scene) -> Outcome<domain::RecordId> {
    match scene.all_on_server(0, &domain::Kind::Person)?.first() {
        Some(person) => Ok(person.id),
        None => trouble("Nobody lives here."),
    }
}

fn newest_incident(scene: &Scene) -> Outcome<domain::RecordId> {
    let lines = scene.call(0, "incidents", Value::Null, None);
    let lines = lines.map_err(|failure| doorstep_tests::Trouble(format!("{failure:?}")))?;
    match lines[0]["id"].as_str().and_then(|id| id.parse().ok()) {
        Some(id) => Ok(id),
        None => trouble("There is no incident."),
    }
}
