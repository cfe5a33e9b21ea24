//! What a server that was put back from a backup does not know, and gets back.

use domain::scope::Role;
use domain::{Kind, RecordId};
use doorstep_tests::simulation::{Fault, Scene};
use doorstep_tests::trouble::{Outcome, trouble};
use serde_json::json;

use crate::{MINUTE, insist};

#[test]
fn a_home_in_a_cell_that_the_backup_gives_to_nobody_comes_back() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.assign("worker-0", &[])?;
    scene.round(0)?;
    scene.back_up_server()?;
    scene.pass(MINUTE);
    scene.assign("worker-0", &[0])?;
    scene.round(0)?;
    let (household, person) = scene.new_home(0)?;
    scene.round(0)?;
    scene.restore_server()?;
    scene.pass(MINUTE);
    scene.round(0)?;
    for id in [household, person] {
        insist(scene.on_server(id)?.is_some(), "The server has not got back what this phone alone had.")?;
        insist(scene.on_phone(0, id)?.is_none(), "A phone holds something of a cell that is not its own.")?;
    }
    insist(scene.waiting_and_refused(0)? == (0, 0), "Something waits, or is the worker's to look at.")?;
    scene.assign("worker-0", &[0])?;
    scene.settle()
}

/// Since the backup the desk has moved somebody from next door into the phone's cell, which has heard of it. A household there, and who
/// it was.
pub(crate) fn somebody_moves_in_after_a_backup(scene: &mut Scene) -> Outcome<(RecordId, RecordId)> {
    let household = scene.household()?;
    let people = scene.all_on_server(1, &Kind::Person)?;
    let Some(moves_in) = people.first().map(|person| person.id) else { return trouble("Nobody lives next door.") };
    scene.round(0)?;
    scene.back_up_server()?;
    scene.pass(MINUTE);
    scene.move_to(moves_in, 0)?;
    scene.round(0)?;
    Ok((household, moves_in))
}

#[test]
fn a_move_that_a_restored_server_lost_comes_back_with_what_was_written_since() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let (household, moves_in) = somebody_moves_in_after_a_backup(&mut scene)?;
    scene.save(0, &Kind::Person, Some(moves_in), serde_json::json!({"phone": "13800000000"}))?;
    scene.save(0, &Kind::Household, Some(household), serde_json::json!({ "head": moves_in }))?;
    scene.round(0)?;
    scene.restore_server()?;
    scene.pass(MINUTE);
    scene.round(0)?;
    let person = scene.on_server(moves_in)?.filter(|person| person.text("phone") == Some("13800000000"));
    insist(
        person.is_some_and(|person| person.fields.contains_key("cell")),
        "The move is lost, or what came after it.",
    )?;
    let head = scene.on_phone(0, household)?.and_then(|household| household.reference("head"));
    insist(head == Some(moves_in), "The household has lost its head.")?;
    scene.settle()
}

#[test]
fn a_record_whose_lost_move_is_not_taken_leaves_with_what_was_written_since() -> Outcome {
    let mut scene = Scene::with(&[4, 1])?;
    scene.round(0)?;
    let person = scene.all_on_server(1, &Kind::Person)?[0].id;
    scene.pass(MINUTE);
    scene.assign("worker-3", &[0])?;
    scene.back_up_server()?;
    scene.pass(10 * MINUTE);
    // The phone does not know yet that one of its cells is another's, and moves somebody from there into the other one. Nobody hears that
    // this came too late; then the database is put back.
    scene.save(0, &Kind::Person, Some(person), json!({ "cell": scene.cell(0), "household": scene.household()? }))?;
    scene.spoil(0, &[Fault::LostAnswer]);
    scene.round(0)?;
    scene.restore_server()?;
    scene.save(0, &Kind::Person, Some(person), json!({ "phone": "13850476219" }))?;
    for _ in 0..3 {
        scene.round(0)?;
    }
    assert_eq!(scene.on_server(person)?.map(|record| record.cell), Some(scene.cell(1)));
    scene.settle()
}

#[test]
fn a_new_home_whose_halves_go_up_in_different_pages_waits_and_is_taken_whole() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.round(0)?;
    let (household, head) = scene.new_home(0)?;
    // Each names the other, and a page holds one of them.
    scene.cut_pages_up(0, Some(1));
    scene.round(0)?;
    scene.cut_pages_up(0, None);
    scene.round(0)?;
    insist(scene.waiting_and_refused(0)? == (0, 0), "Something waits, or is the worker's to look at.")?;
    for id in [household, head] {
        insist(scene.on_server(id)?.is_some(), "The server has not got a part of a new home.")?;
    }
    scene.settle()
}

#[test]
fn whoever_leads_the_others_by_now_brings_back_visits_that_a_restored_server_has_lost() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    // The account leads in the backup too: nothing there says that it ever did a worker's work.
    scene.make("worker-0", Role::Supervisor)?;
    scene.back_up_server()?;
    scene.make("worker-0", Role::Worker)?;
    scene.round(0)?;
    scene.visit(1)?;
    scene.round(1)?;
    scene.round(0)?;
    scene.make("worker-0", Role::Supervisor)?;
    scene.round(0)?;
    scene.restore_server()?;
    insist(scene.all_on_server(0, &Kind::Visit)?.is_empty(), "The backup has the visit already.")?;
    scene.round(0)?;
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 1, "A visit that a supervisor's phone had is lost.")?;
    scene.settle()
}
