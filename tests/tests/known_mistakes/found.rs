//! The ones that the simulation found in this code.

use domain::Kind;
use domain::order::DeviceOrder;
use doorstep_tests::simulation::{Fault, Scene};
use doorstep_tests::trouble::{Outcome, trouble};
use serde_json::json;

use crate::restores::somebody_moves_in_after_a_backup;
use crate::{DAY, HOUR, MINUTE, insist, newest_incident, somebody, stands};

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

#[test]
fn words_about_somebody_who_moved_away_go_when_that_person_is_erased() -> Outcome {
    let mut scene = Scene::with(&[0, 1])?;
    let person = somebody(&scene)?;
    scene.round(0)?;
    scene.draft_about(0, person, "half a sentence")?;
    scene.move_to(person, 1)?;
    scene.round(0)?;
    scene.erase(person)?;
    scene.round(0)?;
    let draft = scene.call(0, "draft", json!({ "key": format!("edit:{person}") }), None);
    insist(!format!("{draft:?}").contains("half"), "An unfinished form about somebody who was erased is there.")?;
    scene.settle()
}

#[test]
fn a_new_head_of_a_household_outlives_the_erasure_of_the_old_one() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let people = scene.all_on_server(0, &Kind::Person)?;
    let two = people.iter().find_map(|one| {
        let home = one.reference("household")?;
        let other = people.iter().find(|other| other.id != one.id && other.reference("household") == Some(home))?;
        Some((home, one, other))
    });
    let Some((household, old, new)) = two else { return trouble("Nowhere do two live.") };
    scene.save(0, &Kind::Household, Some(household), json!({ "head": old.id }))?;
    scene.round(0)?;
    scene.pass(MINUTE);
    scene.save(0, &Kind::Household, Some(household), json!({ "head": new.id }))?;
    scene.pass(MINUTE);
    scene.erase(old.id)?;
    scene.round(0)?;
    let head = scene.on_server(household)?.and_then(|household| household.reference("head"));
    insist(head == Some(new.id), &format!("The head is {head:?}."))?;
    scene.settle()
}

#[test]
fn who_moved_away_on_a_restored_server_leaves_the_phones_of_the_old_cell() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let person = somebody(&scene)?;
    scene.round(0)?;
    scene.back_up_server()?;
    scene.restore_server()?;
    scene.move_to(person, 1)?;
    scene.round(0)?;
    insist(scene.on_phone(0, person)?.is_none(), "Who moved away is still on the phone.")?;
    scene.settle()
}

#[test]
fn the_same_picture_is_sent_again_for_another_record_when_the_first_was_erased() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let person = somebody(&scene)?;
    scene.report(0)?;
    let incident = newest_incident(&scene)?;
    let picture = Scene::picture(16, 16)?;
    scene.photograph_as(0, &Kind::Person, person, picture.clone())?;
    scene.round(0)?;
    scene.round(0)?;
    scene.photograph_as(0, &Kind::Incident, incident, picture)?;
    scene.erase(person)?;
    scene.round(0)?;
    scene.settle()
}

#[test]
fn what_a_server_took_before_its_clock_was_set_back_comes_back_from_a_colleague_s_phone() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.back_up_server()?;
    scene.visit(0)?;
    scene.round(0)?;
    scene.round(1)?;
    scene.server_clock(-15 * MINUTE);
    scene.restore_server()?;
    scene.server_clock(0);
    scene.round(1)?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 1, "The visit did not come back.")?;
    scene.settle()
}

#[test]
fn pictures_of_somebody_erased_go_although_the_server_fails_while_it_removes_them() -> Outcome {
    for commits in 1..6 {
        let mut scene = Scene::with(&[0])?;
        let person = somebody(&scene)?;
        for edge in [16, 17] {
            scene.photograph_as(0, &Kind::Person, person, Scene::picture(edge, 16)?)?;
        }
        scene.round(0)?;
        scene.round(0)?;
        scene.plant_at_server(commits, false)?;
        scene.erase(person)?;
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn a_word_of_the_desk_that_only_a_lost_database_had_leaves_the_word_before_it_standing() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.round(0)?;
    scene.back_up_server()?;
    // Typed before the desk's, and stamped long after it until the phone hears of its clock.
    scene.clock(0, 20 * HOUR);
    scene.write(0, "before")?;
    scene.pass(MINUTE);
    scene.correct("lost")?;
    scene.restore_server()?;
    scene.round(0)?;
    stands(&scene, "before")?;
    scene.settle()
}

#[test]
fn of_two_copies_of_an_unsent_visit_one_counts_whichever_a_restored_server_hears_of_first() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.round(0)?;
    scene.back_up_server()?;
    scene.visit(0)?;
    scene.copy(0)?;
    scene.round(0)?;
    scene.restore_server()?;
    scene.pass(40 * MINUTE);
    scene.clock(1, -30 * MINUTE);
    scene.round(1)?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 1, "The copy's visit is not there.")?;
    scene.settle()
}

#[test]
fn what_was_handed_in_to_a_lost_database_is_handed_in_again_before_a_wipe() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.write(0, "only here")?;
    scene.revoke(0)?;
    scene.back_up_server()?;
    scene.round(0)?;
    scene.restore_server()?;
    scene.order(0, DeviceOrder::Wipe)?;
    scene.round(0)?;
    insist(scene.is_wiped(0), "The phone did not wipe itself.")?;
    scene.take_in()?;
    stands(&scene, "only here")?;
    scene.settle()
}

#[test]
fn a_record_that_was_refused_in_a_cell_that_comes_back_is_read_again() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.report(0)?;
    scene.photograph(0)?;
    scene.round(0)?;
    scene.write(0, "too late for this cell")?;
    scene.photograph(0)?;
    scene.pass(DAY);
    scene.assign("worker-0", &[])?;
    scene.pass(400 * DAY);
    scene.round(0)?;
    scene.enrol_again(0)?;
    scene.round(0)?;
    scene.assign("worker-0", &[0])?;
    scene.round(0)?;
    insist(scene.on_phone(0, scene.household()?)?.is_some(), "The household is not on the phone that has its cell.")?;
    scene.settle()
}

#[test]
fn who_moved_away_leaves_a_phone_that_reads_its_cell_from_the_beginning_for_a_refusal() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let Some(newcomer) = scene.all_on_server(1, &Kind::Person)?.pop() else {
        return trouble("Nobody lives next door.");
    };
    scene.round(0)?;
    scene.back_up_server()?;
    scene.move_to(newcomer.id, 0)?;
    scene.round(0)?;
    scene.restore_server()?;
    scene.enrol_again(0)?;
    scene.save(0, &Kind::Person, Some(newcomer.id), json!({ "residence": "away" }))?;
    scene.round(0)?;
    let person = somebody(&scene)?;
    insist(scene.on_phone(0, person)?.is_some(), "The phone does not hold its own cell.")?;
    scene.move_to(person, 1)?;
    scene.round(0)?;
    insist(scene.on_phone(0, person)?.is_none(), "Who moved away is still on the phone.")?;
    scene.settle()
}

#[test]
fn a_picture_is_kept_with_its_record_or_not_at_all() -> Outcome {
    for (commits, power) in [(0, true), (1, true), (2, true), (0, false), (1, false)] {
        let mut scene = Scene::with(&[0])?;
        scene.report(0)?;
        scene.photograph_with_fuse(0, commits, power)?;
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn what_a_copy_of_the_phone_has_brought_is_acknowledged_whatever_its_stamp() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.write(0, "seen")?;
    scene.round(0)?;
    scene.pass(MINUTE);
    scene.write(0, "written before there were two")?;
    scene.copy(0)?;
    scene.round(0)?;
    // The copy sets its stamp back as far as it can: right after "seen", which lies ahead of the server's clock by now.
    scene.server_clock(-10 * MINUTE);
    scene.round(1)?;
    insist(scene.waiting_and_refused(1)? == (0, 0), "What the server has is not acknowledged.")?;
    stands(&scene, "written before there were two")?;
    scene.settle()
}

#[test]
fn what_is_set_back_stays_after_what_the_server_took_when_its_clock_said_more() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.write(0, "seen")?;
    scene.round(0)?;
    scene.pass(HOUR);
    scene.write(0, "taken, and the answer is lost")?;
    // The first call compares the clocks, the second brings the word.
    scene.spoil(0, &[Fault::Twice, Fault::LostAnswer]);
    scene.round(0)?;
    scene.pass(MINUTE);
    scene.write(0, "later")?;
    scene.server_clock(-10 * MINUTE);
    for _ in 0..3 {
        scene.round(0)?;
    }
    scene.server_clock(0);
    scene.pass(MINUTE);
    scene.round(0)?;
    stands(&scene, "later")?;
    scene.settle()
}

#[test]
fn a_late_request_whose_stamps_were_set_back_meanwhile_loses_nobodys_word() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.round(0)?;
    scene.round(1)?;
    scene.write(0, "on its way for long")?;
    scene.spoil(0, &[Fault::Late]);
    scene.round(0)?;
    scene.server_clock(-5 * MINUTE);
    scene.pass(MINUTE);
    scene.round(0)?;
    scene.round(0)?;
    stands(&scene, "on its way for long")?;
    scene.round(1)?;
    scene.write(1, "seen and replaced")?;
    scene.round(1)?;
    stands(&scene, "seen and replaced")?;
    scene.server_clock(0);
    scene.deliver_late(0);
    insist(scene.is_in_history("seen and replaced")?, "A word that was taken is in no history.")?;
    scene.settle()
}

#[test]
fn a_stamp_that_is_corrected_stays_after_what_stands_although_the_clock_of_the_server_was_set_back() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.server_clock(15 * MINUTE);
    for phone in [0, 1] {
        scene.round(phone)?;
    }
    scene.write(1, "theirs")?;
    scene.round(1)?;
    scene.pass(1_000);
    // "theirs" comes with the answer and is passed over; what would bring "mine" is lost.
    scene.spoil(0, &[Fault::Twice, Fault::LostRequest]);
    scene.write_during_round(0, "mine")?;
    scene.server_clock(0);
    scene.pass(2 * MINUTE);
    scene.round(0)?;
    scene.round(0)?;
    insist(scene.note(0)?.as_deref() == Some("mine"), "The later word does not show any more.")?;
    scene.pass(20 * MINUTE);
    scene.round(0)?;
    stands(&scene, "mine")?;
    scene.settle()
}

#[test]
fn a_stamp_that_is_corrected_stays_after_what_was_passed_over_although_an_own_value_before_it_could_not_be_taken()
-> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    for phone in [0, 1] {
        scene.round(phone)?;
    }
    scene.write(1, "theirs")?;
    scene.round(1)?;
    // An hour ahead, then one behind, and no call is quick enough to tell.
    scene.slow_down(0);
    scene.clock(0, HOUR);
    scene.write(0, "mine, at first")?;
    scene.clock(0, -HOUR);
    scene.write_during_round(0, "mine")?;
    scene.round(0)?;
    scene.round(0)?;
    stands(&scene, "mine")?;
    scene.settle()
}

#[test]
fn what_a_restored_server_does_not_take_back_goes_although_something_of_the_record_is_unsent() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let (household, person) = (scene.household()?, somebody(&scene)?);
    scene.round(0)?;
    scene.back_up_server()?;
    scene.pass(MINUTE);
    scene.save(0, &Kind::Household, Some(household), json!({ "head": person }))?;
    scene.round(0)?;
    scene.erase(person)?;
    scene.restore_server()?;
    scene.pass(MINUTE);
    // Written while the phone learns of the restore: it waits when the household is offered as a whole.
    scene.write_during_round(0, "not sent yet")?;
    stands(&scene, "not sent yet")?;
    let head = scene.on_phone(0, household)?.and_then(|household| household.reference("head"));
    insist(head.is_none(), "The phone shows a head that the server does not know.")?;
    scene.settle()
}

#[test]
fn what_was_written_of_a_household_since_a_backup_comes_back_although_its_head_was_erased() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let (household, person) = (scene.household()?, somebody(&scene)?);
    scene.round(0)?;
    scene.back_up_server()?;
    scene.pass(MINUTE);
    scene.save(0, &Kind::Household, Some(household), json!({ "head": person }))?;
    scene.write(0, "since the backup")?;
    scene.round(0)?;
    scene.erase(person)?;
    scene.restore_server()?;
    scene.pass(MINUTE);
    scene.round(0)?;
    stands(&scene, "since the backup")?;
    for there in [scene.on_phone(0, household)?, scene.on_server(household)?] {
        let head = there.and_then(|household| household.reference("head"));
        insist(head.is_none(), "Somebody who was erased is the head of a household.")?;
    }
    scene.settle()
}

#[test]
fn naming_somebody_as_head_who_was_erased_meanwhile_costs_nothing_else() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let (household, person) = (scene.household()?, somebody(&scene)?);
    scene.round(0)?;
    scene.save(0, &Kind::Household, Some(household), json!({ "head": person }))?;
    scene.write(0, "with it")?;
    scene.erase(person)?;
    scene.round(0)?;
    insist(scene.waiting_and_refused(0)? == (0, 0), "Something was refused.")?;
    stands(&scene, "with it")?;
    scene.settle()
}

#[test]
fn what_a_restored_server_cannot_take_of_a_record_costs_only_itself() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    let (household, moves_in) = somebody_moves_in_after_a_backup(&mut scene)?;
    scene.save(0, &Kind::Household, Some(household), json!({ "head": moves_in }))?;
    scene.write(0, "since the backup")?;
    scene.round(0)?;
    scene.restore_server()?;
    scene.pass(MINUTE);
    // The desk's move is lost, and without a proof of it the phone may not move anybody out of a cell that is not its own.
    scene.forget_proofs(0)?;
    scene.round(0)?;
    stands(&scene, "since the backup")?;
    let head = scene.on_phone(0, household)?.and_then(|household| household.reference("head"));
    insist(head.is_none(), "The phone shows a head that the server does not know.")?;
    scene.settle()
}

#[test]
fn what_a_colleague_wrote_since_a_backup_comes_back_with_what_was_written_in_it_since_the_restore() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.round(0)?;
    scene.round(1)?;
    scene.back_up_server()?;
    scene.pass(MINUTE);
    scene.report(1)?;
    scene.round(1)?;
    scene.round(0)?;
    let incident = newest_incident(&scene)?;
    scene.restore_server()?;
    scene.pass(DAY);
    // Nobody but this phone has it: its author's is not there any more.
    scene.revoke(1)?;
    scene.save(0, &Kind::Incident, Some(incident), json!({ "text": "still there" }))?;
    scene.round(0)?;
    let text = scene.on_server(incident)?.and_then(|incident| incident.text("text").map(str::to_owned));
    insist(text.as_deref() == Some("still there"), &format!("The incident says {text:?}."))?;
    scene.settle()
}

#[test]
fn what_was_decided_at_the_desk_since_a_backup_comes_back_from_phones() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.visit(0)?;
    scene.round(0)?;
    scene.back_up_server()?;
    scene.pass(MINUTE);
    let visits = scene.all_on_server(0, &Kind::Visit)?;
    let Some(visit) = visits.first() else { return trouble("There is no visit.") };
    insist(scene.approve(visit.id, visit.version())?.is_none(), "The visit is not approved.")?;
    scene.round(0)?;
    let reviews = scene.all_on_server(0, &Kind::Review)?;
    insist(reviews.len() == 1, "There is no review.")?;
    scene.restore_server()?;
    scene.pass(HOUR);
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Review)? == reviews, "The review did not come back.")?;
    scene.settle()
}

#[test]
fn what_the_desk_wrote_on_top_of_a_backup_comes_back_as_often_as_that_is_put_back() -> Outcome {
    // One phone with two cells: of one it has read nothing yet when it offers what it has of the other.
    let mut scene = Scene::with(&[4])?;
    let mut task = None;
    while task.is_none() {
        scene.give_task()?;
        task = scene.all_on_server(1, &Kind::Task)?.first().map(|task| task.id);
    }
    let Some(task) = task else { return trouble("There is no task.") };
    scene.round(0)?;
    scene.back_up_server()?;
    scene.pass(MINUTE);
    scene.write_at_desk(task, json!({ "text": "since the backup" }))?;
    scene.round(0)?;
    for _ in 0..2 {
        scene.restore_server()?;
        scene.pass(HOUR);
        scene.round(0)?;
        for there in [scene.on_server(task)?, scene.on_phone(0, task)?] {
            let text = there.and_then(|task| task.text("text").map(str::to_owned));
            insist(text.as_deref() == Some("since the backup"), &format!("The task says {text:?}."))?;
        }
    }
    scene.settle()
}

#[test]
fn new_households_whose_heads_are_far_behind_them_come_back_to_a_restored_server_in_small_pages() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.round(0)?;
    scene.back_up_server()?;
    scene.pass(MINUTE);
    let mut homes = Vec::new();
    for _ in 0..12 {
        homes.push(scene.new_home(0)?);
    }
    scene.round(0)?;
    scene.restore_server()?;
    scene.pass(HOUR);
    scene.small_pages(0);
    for _ in 0..6 {
        scene.round(0)?;
    }
    for (household, head) in homes {
        let there = scene.on_server(household)?.and_then(|household| household.reference("head"));
        insist(there == Some(head), &format!("The head of a household is {there:?}."))?;
    }
    scene.settle()
}
