//! Informants: what they report reaches everybody, and they hold no more than their role may read.

use domain::Kind;
use doorstep_tests::simulation::Scene;
use doorstep_tests::trouble::{Outcome, trouble};
use serde_json::json;

use crate::{HOUR, insist, newest_incident, somebody};

#[test]
fn an_informant_reports_with_a_photo_and_holds_names_and_incidents_alone() -> Outcome {
    let mut scene = Scene::with(&[6, 0])?;
    let person = somebody(&scene)?;
    scene.save(1, &Kind::Person, Some(person), json!({ "phone": "13800000003" }))?;
    scene.visit(1)?;
    scene.photograph_as(1, &Kind::Person, person, Scene::picture(16, 16)?)?;
    scene.report(0)?;
    scene.photograph(0)?;
    for phone in [0, 1, 0, 1] {
        scene.round(phone)?;
    }
    let Some(held) = scene.on_phone(0, person)? else { return trouble("The informant knows nobody.") };
    let names: Vec<&str> = held.fields.keys().map(String::as_str).collect();
    insist(names == ["household", "name"], &format!("The informant knows {names:?}."))?;
    insist(scene.all_on_server(0, &Kind::Photo)?.len() == 2, "A photo did not arrive.")?;
    let incident = newest_incident(&scene)?;
    insist(scene.on_phone(1, incident)?.is_some(), "The worker does not see what the informant reported.")?;
    scene.settle()
}

#[test]
fn what_an_informant_reported_comes_back_to_a_server_that_was_put_back() -> Outcome {
    let mut scene = Scene::with(&[6, 0])?;
    scene.back_up_server()?;
    scene.clock(0, -2 * HOUR);
    scene.report(0)?;
    scene.photograph(0)?;
    scene.round(0)?;
    scene.restore_server()?;
    scene.round(0)?;
    scene.round(1)?;
    insist(scene.all_on_server(0, &Kind::Incident)?.len() == 1, "The report did not come back.")?;
    scene.settle()
}
