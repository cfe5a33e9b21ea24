//! The ones beside them.

use device::api::{Failure, FailureCode};
use domain::order::DeviceOrder;
use domain::protocol::CallRefusal;
use domain::review::ReviewState;
use domain::{Kind, ProblemCode, RecordId};
use doorstep_tests::simulation::{Fault, Scene};
use doorstep_tests::trouble::{Outcome, trouble};
use serde_json::json;

use crate::{DAY, MINUTE, insist, newest_incident, stands};

#[test]
fn a_visit_is_never_recorded_twice() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    // Since then nothing is asked before what waits is sent: what is spoiled is the call that brings the visit.
    scene.round(0)?;
    let faults = [Fault::LostAnswer, Fault::Late, Fault::Twice, Fault::Truncated];
    for (before, fault) in faults.into_iter().enumerate() {
        scene.visit(0)?;
        scene.report(0)?;
        scene.spoil(0, &[fault]);
        scene.round(0)?;
        scene.round(0)?;
        scene.deliver_late(0);
        scene.round(0)?;
        for kind in [Kind::Visit, Kind::Incident] {
            let there = scene.all_on_server(0, &kind)?.len();
            insist(there == before + 1, &format!("{fault:?}: {there} of each {kind} are there."))?;
        }
    }
    scene.settle()
}

#[test]
fn a_phone_that_was_away_longer_than_its_tokens_live_loses_nothing() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.round(0)?;
    // The server has the visit, and the phone does not know it.
    scene.visit(0)?;
    scene.spoil(0, &[Fault::LostAnswer]);
    scene.round(0)?;
    scene.write(0, "in spring")?;
    for _ in 0..4 {
        scene.pass(100 * DAY);
        scene.tidy()?;
    }
    scene.write(1, "a year later")?;
    for phone in [1, 0] {
        scene.round(phone)?;
        insist(scene.is_signed_out(phone)?, "Nobody was away for long enough.")?;
        scene.enrol_again(phone)?;
        scene.round(phone)?;
    }
    stands(&scene, "a year later")?;
    insist(scene.is_in_history("in spring")?, "The word of spring is nowhere.")?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 1, "The visit was recorded once more a year later.")?;
    insist(scene.waiting_and_refused(0)? == (0, 0), "Something waits, or is the worker's to look at.")?;
    scene.settle()
}

/// What a worker types at a door, kept as a draft with every change, and saved in the end.
fn type_and_save(scene: &Scene, typed: &str) -> Outcome<Result<(), Failure>> {
    let form = json!({ "key": "visit", "value": { "note": typed } });
    insist(scene.call(0, "save_draft", form, None).is_ok(), "What was typed is not kept while it is typed.")?;
    let visit = json!({ "target": scene.household()?, "target_kind": "household", "result": "met", "note": typed });
    Ok(scene.call(0, "record_visit", visit, None).map(|_| ()))
}

#[test]
fn what_was_typed_survives_a_full_storage() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    // All of one length: a draft that is written over needs no more room than it had.
    let typed = |number: usize| format!("{number:03} {}", "长".repeat(400));
    insist(type_and_save(&scene, &typed(0))?.is_ok(), "With room it is not saved either.")?;
    scene.fill(0, true)?;
    let mut saved = 1;
    let refused = loop {
        match type_and_save(&scene, &typed(saved))? {
            Ok(()) => saved += 1,
            Err(failure) => break failure,
        }
        insist(saved < 200, "The storage was never full.")?;
    };
    insist(Scene::is_full(&refused), &format!("The storage was not full: {refused:?}."))?;
    insist(scene.count_on_phone(0, &Kind::Visit)? == saved, "A part of the last one was saved.")?;
    // The very words that found no room stand there again after the program was killed, with the storage still full.
    scene.kill(0)?;
    scene.fill(0, true)?;
    let draft = scene.call(0, "draft", json!({ "key": "visit" }), None);
    insist(draft.is_ok_and(|draft| draft["value"]["note"] == typed(saved)), "What was typed is gone.")?;
    scene.fill(0, false)?;
    insist(type_and_save(&scene, &typed(saved))?.is_ok(), "With room again it is not saved.")?;
    scene.round(0)?;
    for number in 0..=saved {
        let visits = scene.all_on_server(0, &Kind::Visit)?;
        let there = visits.iter().filter(|visit| visit.text("note") == Some(typed(number).as_str())).count();
        insist(there == 1, &format!("Visit {number} is there {there} times."))?;
    }
    scene.settle()
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
    // Typed before the approval, and on its way: what was approved is not this.
    scene.pass(1_000);
    scene.write(0, "still on the phone")?;
    insist(scene.approve(household, now.version())?.is_none(), "The present version was not approved.")?;
    insist(scene.review_state(household)? == Some(ReviewState::Approved), "It does not stand as approved.")?;
    scene.round(0)?;
    stands(&scene, "still on the phone")?;
    insist(scene.review_state(household)? == Some(ReviewState::Waiting), "What nobody looked at is approved.")?;
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
    let refused = scene.call(0, "add_photo", args.clone(), Some(b"GIF89a".to_vec()));
    insist(refused.is_err_and(|failure| failure.code == FailureCode::NotAnImage), "Six bytes became a photo.")?;
    // 65,535 pixels by as many, if one believes it: that is looked at before any of them is decoded.
    let mut claims = Scene::picture(16, 16)?;
    let Some(frame) = claims.windows(2).position(|marker| marker == [0xFF, 0xC0]) else { return trouble("No frame.") };
    claims[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
    let refused = scene.call(0, "add_photo", args, Some(claims));
    let too_large = |failure: Failure| failure.problems.iter().any(|problem| problem.code == ProblemCode::TooManyBytes);
    insist(refused.is_err_and(too_large), "A picture that claims to be huge was worked on.")?;
    scene.round(0)?;
    insist(scene.whole_photos(0)? == 1, "The photo did not arrive.")?;
    scene.settle()
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
    let stays = scene.household()?;
    let first = |kind: &Kind| -> Outcome<RecordId> {
        match scene.all_on_server(1, kind)?.first() {
            Some(record) => Ok(record.id),
            None => trouble(format!("There is no {kind} next door.")),
        }
    };
    let (house, person) = (first(&Kind::Building)?, first(&Kind::Person)?);
    let note = |scene: &Scene| -> Outcome<Option<String>> {
        Ok(scene.on_server(stays)?.and_then(|household| household.text("access_note").map(str::to_owned)))
    };
    scene.save(0, &Kind::Household, Some(stays), json!({ "access_note": "before the merger" }))?;
    scene.save(1, &Kind::Person, Some(person), json!({ "phone": "13800000004" }))?;
    let (household, _head) = scene.new_home(1)?;
    scene.pass(MINUTE);
    scene.merge_cells(1, 0)?;
    for phone in [1, 0, 1] {
        scene.round(phone)?;
    }
    // What came late into the cell that is over moves when it is merged once more: a door, a household and its head.
    insist(scene.merge_cells(1, 0)? == 3, "What was unsent when the cells were merged did not come.")?;
    scene.round(0)?;
    insist(note(&scene)?.as_deref() == Some("before the merger"), "A word of the cell that stays is gone.")?;
    let moved = scene.on_phone(0, person)?.filter(|person| person.cell == scene.cell(0));
    insist(moved.is_some_and(|person| person.text("phone") == Some("13800000004")), "A late word did not move along.")?;
    insist(scene.on_phone(0, household)?.is_some_and(|new| new.cell == scene.cell(0)), "A late home did not move.")?;
    // Split again, into the third cell, with words about both parts on the phone that gives one away.
    scene.save(0, &Kind::Household, Some(stays), json!({ "access_note": "before the split" }))?;
    scene.save(0, &Kind::Person, Some(person), json!({ "phone": "13800000006" }))?;
    scene.pass(MINUTE);
    scene.assign("worker-1", &[2])?;
    scene.split_off(0, house, 2)?;
    for phone in [0, 1, 0, 1] {
        scene.round(phone)?;
    }
    insist(note(&scene)?.as_deref() == Some("before the split"), "A word of the part that stays is gone.")?;
    let there = scene.on_phone(1, person)?;
    insist(there.is_some_and(|person| person.text("phone") == Some("13800000006")), "A late word was not split off.")?;
    insist(scene.on_phone(0, person)?.is_none(), "Who was split off is still on the phone.")?;
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
