//! The ones that the simulation found in this code.

use domain::Kind;
use doorstep_tests::simulation::{Fault, Scene};
use doorstep_tests::trouble::Outcome;
use serde_json::json;

use crate::{HOUR, MINUTE, newest_incident};

#[test]
fn what_a_late_request_brings_reaches_its_own_phone_after_a_refusal() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.report(0)?;
    scene.round(0)?;
    let incident = newest_incident(&scene)?;
    scene.save(0, &Kind::Incident, Some(incident), json!({ "text": "on its way for long" }))?;
    scene.spoil(0, &[Fault::Late]);
    scene.round(0)?;
    scene.save(0, &Kind::Incident, Some(incident), json!({ "number": "mine" }))?;
    scene.round(0)?;
    scene.deliver_late(0);
    scene.settle()
}

#[test]
fn a_cell_that_comes_back_brings_the_own_work_back_in_any_page() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    for _ in 0..3 {
        scene.visit(0)?;
        scene.pass(10);
    }
    scene.round(0)?;
    scene.assign("worker-0", &[])?;
    scene.round(0)?;
    scene.assign("worker-0", &[0])?;
    scene.cut_pages(1)?;
    scene.settle()
}

#[test]
fn a_stamp_that_is_corrected_stays_after_what_its_value_has_passed_over() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.round(0)?;
    scene.round(1)?;
    scene.write(1, "theirs")?;
    scene.round(1)?;
    // Ahead, but not measured: the last measurement is too young.
    scene.clock(0, 50_000);
    scene.spoil(0, &[Fault::LostRequest]);
    scene.round(0)?;
    scene.write_during_round(0, "mine")?;
    scene.clock(0, -10 * HOUR);
    scene.pass(2 * MINUTE);
    scene.settle()
}

#[test]
fn a_photo_goes_on_when_the_power_went_between_its_file_and_its_note() -> Outcome {
    for commits in 0..8 {
        let mut scene = Scene::with(&[0])?;
        scene.report(0)?;
        scene.photograph(0)?;
        scene.spoil(0, &[Fault::LostRequest]);
        scene.round(0)?;
        scene.pass(2 * MINUTE);
        scene.plant_at_server(commits, true)?;
        scene.spoil(0, &[Fault::ShortPiece, Fault::ShortPiece]);
        scene.round(0)?;
        scene.kill_server()?;
        scene.settle()?;
    }
    Ok(())
}
