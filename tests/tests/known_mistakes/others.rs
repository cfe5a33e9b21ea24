//! The ones beside them.

use device::api::FailureCode;
use domain::Kind;
use domain::order::DeviceOrder;
use domain::protocol::CallRefusal;
use doorstep_tests::simulation::{Fault, Scene};
use doorstep_tests::trouble::{Outcome, trouble};
use serde_json::json;

use crate::{DAY, insist, newest_incident, stands};

#[test]
fn a_visit_is_never_recorded_twice() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.visit(0)?;
    for faults in [[Fault::LostAnswer], [Fault::Late], [Fault::Twice], [Fault::Truncated]] {
        scene.spoil(0, &faults);
        scene.round(0)?;
    }
    scene.deliver_late(0);
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 1, "One visit is there more than once, or not at all.")?;
    scene.settle()
}

#[test]
fn a_phone_that_was_away_longer_than_its_tokens_live_loses_nothing() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.write(0, "in spring")?;
    scene.pass(200 * DAY);
    scene.write(1, "in autumn")?;
    scene.round(1)?;
    scene.enrol_again(1)?;
    scene.round(1)?;
    scene.round(0)?;
    scene.enrol_again(0)?;
    scene.round(0)?;
    stands(&scene, "in autumn")?;
    insist(scene.is_in_history("in spring")?, "The word of spring is nowhere.")?;
    scene.settle()
}

#[test]
fn what_was_typed_survives_a_full_storage() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let form = json!({ "key": "visit", "value": { "note": "十年没人住" } });
    insist(scene.call(0, "save_draft", form, None).is_ok(), "The draft was not kept.")?;
    scene.fill(0, true)?;
    let mut refused = None;
    for number in 0..200 {
        let household = scene.household()?;
        let fields = json!({ "kind": "household", "id": household, "cell": null,
            "fields": { "access_note": "长".repeat(150), "best_time": number.to_string() } });
        if let Err(failure) = scene.call(0, "save", fields, None) {
            refused = Some(failure);
            break;
        }
        let target =
            json!({ "target": household, "target_kind": "household", "result": "met", "note": "长".repeat(400) });
        if let Err(failure) = scene.call(0, "record_visit", target, None) {
            refused = Some(failure);
            break;
        }
    }
    insist(refused.as_ref().is_some_and(Scene::is_full), &format!("The storage was not full: {refused:?}."))?;
    scene.kill(0)?;
    let draft = scene.call(0, "draft", json!({ "key": "visit" }), None);
    insist(draft.is_ok_and(|draft| draft.to_string().contains("十年没人住")), "The draft is gone.")?;
    scene.visit(0)?;
    Ok(())
}

#[test]
fn two_phones_of_one_worker_meet_in_the_same_merge() -> Outcome {
    let mut scene = Scene::with(&[2, 3])?;
    scene.write(0, "at the door")?;
    scene.pass(1_000);
    scene.write(1, "at the desk")?;
    for phone in [1, 0, 1] {
        scene.round(phone)?;
    }
    stands(&scene, "at the desk")?;
    insist(scene.is_in_history("at the door")?, "The other phone's word is nowhere.")?;
    scene.settle()
}

#[test]
fn an_approval_is_of_the_version_that_was_looked_at() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.write(0, "looked at")?;
    scene.round(0)?;
    let household = scene.household()?;
    let Some(looked_at) = scene.on_server(household)? else { return trouble("There is no household.") };
    scene.pass(1_000);
    scene.write(0, "on its way meanwhile")?;
    scene.round(0)?;
    let refused = scene.approve(household, looked_at.version())?;
    insist(refused == Some(CallRefusal::Stale), &format!("An old version was approved: {refused:?}."))?;
    let Some(now) = scene.on_server(household)? else { return trouble("There is no household.") };
    insist(scene.approve(household, now.version())?.is_none(), "The present version was not approved.")?;
    scene.settle()
}

#[test]
fn a_huge_photo_is_made_small_and_what_is_no_picture_is_refused() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.report(0)?;
    let subject = newest_incident(&scene)?;
    let args = json!({ "subject": subject, "subject_kind": "incident", "photo_kind": "scene" });
    let line = scene.call(0, "add_photo", args.clone(), Some(Scene::picture(3_200, 900)?));
    let line = line.map_err(|failure| doorstep_tests::Trouble(format!("{failure:?}")))?;
    insist(line["width"] == 1_600 && line["height"] == 450, &format!("It was stored as {line}."))?;
    let refused = scene.call(0, "add_photo", args, Some(b"GIF89a".to_vec()));
    insist(refused.is_err_and(|failure| failure.code == FailureCode::NotAnImage), "Six bytes became a photo.")?;
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Photo)?.len() == 1, "The photo did not arrive.")
}

#[test]
fn tokens_are_judged_by_the_servers_clock() -> Outcome {
    for years in [-10, 10] {
        let mut scene = Scene::with(&[0])?;
        scene.clock(0, years * 365 * DAY);
        scene.write(0, "under a wrong clock")?;
        scene.round(0)?;
        insist(!scene.is_signed_out(0)?, "A wrong clock signed the phone out.")?;
        scene.round(0)?;
        stands(&scene, "under a wrong clock")?;
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn records_that_move_between_cells_take_nobodys_unsent_work_with_them() -> Outcome {
    let mut scene = Scene::with(&[0, 1, 4])?;
    let people = scene.all_on_server(0, &Kind::Person)?;
    let Some(person) = people.first() else { return trouble("Nobody lives here.") };
    scene.round(0)?;
    scene.save(0, &Kind::Person, Some(person.id), json!({ "phone": "13800000002" }))?;
    scene.move_to(person.id, 1)?;
    for phone in [0, 1, 2, 0] {
        scene.round(phone)?;
    }
    insist(scene.on_phone(0, person.id)?.is_none(), "Who moved away is still on the old cell's phone.")?;
    insist(scene.on_phone(1, person.id)?.is_some(), "Who moved here is not on the new cell's phone.")?;
    scene.move_to(person.id, 0)?;
    for phone in [0, 1, 2] {
        scene.round(phone)?;
    }
    insist(scene.on_phone(0, person.id)?.is_some(), "Who came back is not on the phone.")?;
    scene.settle()
}

#[test]
fn the_sealed_work_of_a_phone_that_stays_shut_out_reaches_the_county() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.write(0, "sealed")?;
    scene.visit(0)?;
    scene.revoke(0)?;
    scene.for_good(0);
    scene.round(0)?;
    insist(scene.server_note()?.is_none(), "It was read before anybody took it in.")?;
    scene.take_in()?;
    stands(&scene, "sealed")?;
    scene.round(1)?;
    insist(scene.note(1)?.as_deref() == Some("sealed"), "The colleague does not see it.")?;
    scene.settle()
}

#[test]
fn a_lock_that_is_lifted_loses_nothing_that_was_typed_before_it_was_heard_of() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.round(0)?;
    scene.write(0, "before")?;
    scene.order(0, DeviceOrder::Lock)?;
    scene.write_during_round(0, "while it was locked")?;
    insist(scene.is_locked(0), "The phone did not lock itself.")?;
    scene.kill(0)?;
    scene.lift(0)?;
    scene.round(0)?;
    insist(scene.note(0)?.as_deref() == Some("while it was locked"), "The lock took a word with it.")?;
    scene.settle()
}

#[test]
fn cells_are_merged_and_split_with_unsent_work_on_the_phones() -> Outcome {
    let mut scene = Scene::with(&[0, 1])?;
    scene.write(0, "written before the merger")?;
    let people = scene.all_on_server(1, &Kind::Person)?;
    let Some(person) = people.first() else { return trouble("Nobody lives there.") };
    scene.save(1, &Kind::Person, Some(person.id), json!({ "phone": "13800000004" }))?;
    // Merged: the first worker gets both cells, and everybody who lives in the second one moves into the first.
    scene.assign("worker-0", &[0, 1])?;
    scene.assign("worker-1", &[])?;
    for moved in &people {
        scene.move_to(moved.id, 0)?;
    }
    for phone in [1, 0, 1, 0] {
        scene.round(phone)?;
    }
    stands(&scene, "written before the merger")?;
    // Split again, the other way round, with words on the phone that gives a cell away.
    scene.write(0, "written before the split")?;
    scene.assign("worker-0", &[1])?;
    scene.assign("worker-1", &[0])?;
    for phone in [0, 1, 0, 1] {
        scene.round(phone)?;
    }
    stands(&scene, "written before the split")?;
    let there = scene.on_phone(1, person.id)?;
    insist(there.is_some(), "Who moved into the first cell is not on the phone that has it now.")?;
    scene.settle()
}

#[test]
fn a_new_phone_has_everything_after_its_first_round() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.write(0, "on the old phone")?;
    scene.visit(0)?;
    scene.round(0)?;
    scene.cut_pages(300)?;
    scene.reinstall("worker-0")?;
    scene.round(1)?;
    insist(scene.note(1)?.as_deref() == Some("on the old phone"), "The new phone lacks what was sent.")?;
    scene.settle()
}
