//! The fifteen that have a number.

use domain::{Kind, Node, Record, Stamp, Stamps};
use doorstep_tests::simulation::{Fault, Scene};
use doorstep_tests::trouble::{Outcome, trouble};
use serde_json::json;

use crate::{DAY, HOUR, MINUTE, insist, newest_incident, stands};

#[test]
fn a_word_typed_between_request_and_answer_stays_unsent_until_it_is_taken() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.write(0, "first")?;
    scene.write_during_round(0, "second")?;
    insist(scene.note(0)?.as_deref() == Some("second"), "The second word does not show.")?;
    scene.round(0)?;
    stands(&scene, "second")?;
    scene.settle()
}

#[test]
fn a_pull_never_overwrites_what_was_not_pushed_yet() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.write(0, "theirs")?;
    scene.round(0)?;
    scene.pass(1_000);
    // Written after the request was put together: the answer brings "theirs" to a phone that holds "mine" unsent.
    scene.write_during_round(1, "mine")?;
    insist(scene.note(1)?.as_deref() == Some("mine"), "The own word was overwritten by a pull.")?;
    scene.settle()
}

#[test]
fn a_restored_phone_and_two_clones_never_lose_writes_as_known() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.back_up(0)?;
    scene.write(0, "before")?;
    scene.round(0)?;
    scene.restore(0)?;
    scene.pass(1_000);
    scene.write(0, "after")?;
    scene.round(0)?;
    stands(&scene, "after")?;
    scene.copy(0)?;
    for (phone, word) in [(0, "one"), (1, "other")] {
        scene.pass(1_000);
        scene.write(phone, word)?;
    }
    for phone in [0, 1, 0] {
        scene.round(phone)?;
    }
    for word in ["before", "after", "one", "other"] {
        insist(scene.is_in_history(word)?, &format!("{word} is not in the history."))?;
    }
    scene.settle()
}

#[test]
fn whatever_any_phone_holds_is_back_after_the_server_was_restored() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.round(0)?;
    scene.round(1)?;
    scene.back_up_server()?;
    scene.pass(DAY);
    scene.write(0, "lost with the server")?;
    scene.visit(0)?;
    scene.round(0)?;
    scene.round(1)?;
    scene.pass(DAY);
    scene.restore_server()?;
    insist(scene.server_note()?.is_none(), "The restore restored nothing.")?;
    // Only the colleague's phone comes: it brings back what it never wrote.
    scene.round(1)?;
    stands(&scene, "lost with the server")?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 1, "The visit did not come back.")?;
    scene.settle()
}

#[test]
fn work_written_offline_before_the_backup_comes_back_too() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.round(0)?;
    scene.round(1)?;
    scene.report(0)?;
    scene.pass(MINUTE);
    scene.back_up_server()?;
    scene.pass(MINUTE);
    scene.round(0)?;
    scene.round(1)?;
    scene.restore_server()?;
    // The server had given it a number, and its stamps are older than the backup.
    scene.round(1)?;
    insist(scene.all_on_server(0, &Kind::Incident)?.len() == 1, "The incident did not come back.")?;
    scene.settle()
}

#[test]
fn an_edit_wins_over_what_its_writer_saw_whatever_the_wall_clocks_say() -> Outcome {
    for (first, second) in [(9 * MINUTE, -DAY), (-DAY, 10 * MINUTE), (0, -9 * MINUTE)] {
        let mut scene = Scene::with(&[0, 2])?;
        scene.clock(0, first);
        scene.clock(1, second);
        scene.write(0, "seen")?;
        scene.round(0)?;
        scene.round(1)?;
        scene.write(1, "corrected")?;
        scene.round(1)?;
        stands(&scene, "corrected")?;
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn a_phone_in_2030_neither_wins_for_years_nor_is_stranded() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.round(0)?;
    scene.clock(0, 4 * 365 * DAY);
    scene.write(0, "from 2030")?;
    scene.round(0)?;
    scene.round(0)?;
    stands(&scene, "from 2030")?;
    insist(scene.waiting_and_refused(0)? == (0, 0), "The phone with the wrong clock is stranded.")?;
    scene.pass(5_000);
    scene.round(1)?;
    scene.write(1, "from now")?;
    scene.round(1)?;
    stands(&scene, "from now")?;
    scene.settle()
}

#[test]
fn equal_stamps_are_decided_alike_in_every_order() -> Outcome {
    let scene = Scene::with(&[])?;
    let Some(base) = scene.on_server(scene.household()?)? else { return trouble("There is no household.") };
    let with = |value: &str| Record {
        fields: [("access_note".to_owned(), json!(value))].into(),
        stamps: Stamps::all(Stamp::new(base.latest().millis() + 1, 0, Node(9))),
        ..base.clone()
    };
    let values = [with("甲"), with("乙"), with("丙")];
    let mut ends = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut record = base.clone();
        for index in order {
            let change = domain::Change::from_record(values[index].clone());
            record = domain::merge::merge(Some(&record), &change)
                .map_err(|e| doorstep_tests::Trouble(e.to_string()))?
                .record;
        }
        ends.push(record);
    }
    insist(ends.windows(2).all(|pair| pair[0] == pair[1]), "Equal stamps end differently in another order.")
}

#[test]
fn one_poison_change_blocks_nothing_wherever_it_stands_in_the_queue() -> Outcome {
    for position in 0..5 {
        let mut scene = Scene::with(&[0])?;
        for number in 0..5 {
            scene.report(0)?;
            let id = newest_incident(&scene)?;
            if number == position {
                scene.save(0, &Kind::Incident, Some(id), json!({ "number": "mine" }))?;
            }
            scene.pass(10);
        }
        scene.photograph(0)?;
        scene.round(0)?;
        scene.round(0)?;
        let taken = scene.all_on_server(0, &Kind::Incident)?.len();
        insist(taken == 4, &format!("{taken} of the four good incidents are there."))?;
        let (waiting, refused) = scene.waiting_and_refused(0)?;
        insist(waiting == 0 && (1..=2).contains(&refused), "The poison is not in the worker's list alone.")?;
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn refused_tokens_and_a_lost_refresh_empty_no_queue() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.write(0, "before the token was over")?;
    scene.pass(2 * HOUR);
    scene.spoil(0, &[Fault::LostTokens]);
    scene.round(0)?;
    insist(scene.waiting_and_refused(0)?.0 == 1, "A lost answer to a refresh emptied the queue.")?;
    scene.round(0)?;
    stands(&scene, "before the token was over")?;
    // Ninety days in a drawer.
    scene.write(0, "before the season")?;
    scene.pass(90 * DAY);
    scene.round(0)?;
    stands(&scene, "before the season")?;
    scene.write(0, "before the sign-out")?;
    scene.revoke(0)?;
    scene.round(0)?;
    insist(scene.is_signed_out(0)? && scene.waiting_and_refused(0)?.0 == 1, "A sign-out emptied the queue.")?;
    scene.write(0, "while signed out")?;
    scene.enrol_again(0)?;
    scene.round(0)?;
    stands(&scene, "while signed out")?;
    scene.settle()
}

#[test]
fn a_reassigned_cell_takes_no_unsent_work_with_it() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    for _ in 0..50 {
        scene.visit(0)?;
        scene.pass(10);
    }
    scene.assign("worker-0", &[])?;
    scene.spoil(0, &[Fault::Twice, Fault::LostAnswer]);
    scene.round(0)?;
    scene.round(0)?;
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 50, "Visits went with the cell.")?;
    insist(scene.on_phone(0, scene.household()?)?.is_none(), "The cell was not left.")?;
    scene.settle()
}

#[test]
fn a_revoked_phone_keeps_its_unsent_work_until_it_is_enrolled_again() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    for _ in 0..50 {
        scene.visit(0)?;
        scene.pass(10);
    }
    scene.revoke(0)?;
    scene.round(0)?;
    insist(scene.is_signed_out(0)? && scene.waiting_and_refused(0)?.0 == 50, "Unsent work went with the tokens.")?;
    scene.kill(0)?;
    scene.round(0)?;
    scene.enrol_again(0)?;
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 50, "Not all visits arrived.")?;
    scene.settle()
}

#[test]
fn no_cursor_runs_ahead_of_its_rows_at_any_page_edge_or_commit() -> Outcome {
    for bytes in [1, 200, 400, 800, 1_600] {
        for commits in 0..5 {
            let mut scene = Scene::with(&[0, 2])?;
            scene.cut_pages(bytes)?;
            for _ in 0..4 {
                scene.visit(0)?;
                scene.pass(10);
            }
            scene.write(0, "to be pulled")?;
            scene.round(0)?;
            let _blew = scene.round_with_fuse(1, commits, commits % 2 == 0)?;
            scene.round(1)?;
            insist(scene.note(1)?.as_deref() == Some("to be pulled"), "A page was skipped.")?;
            scene.settle()?;
        }
    }
    Ok(())
}

#[test]
fn nothing_is_acknowledged_before_it_is_durable() -> Outcome {
    for commits in 0..4 {
        for power in [true, false] {
            let mut scene = Scene::with(&[0])?;
            scene.pass(2 * MINUTE);
            for _ in 0..3 {
                scene.visit(0)?;
                scene.pass(10);
            }
            scene.plant_at_server(commits, power)?;
            scene.round(0)?;
            scene.kill_server()?;
            let there = scene.all_on_server(0, &Kind::Visit)?.len();
            let waiting = scene.waiting_and_refused(0)?.0;
            insist(there == 3 || waiting == 3, &format!("{there} visits are there and {waiting} wait."))?;
            insist(there == 0 || there == 3, "Half a batch was stored.")?;
            scene.settle()?;
        }
    }
    Ok(())
}

#[test]
fn fields_of_a_newer_version_survive_an_older_phone() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    let household = scene.household()?;
    let newer = json!({ "shape_of_tomorrow": { "of": ["everything"], "and": 3 } });
    scene.save(0, &Kind::Household, Some(household), newer.clone())?;
    scene.round(0)?;
    scene.round(1)?;
    scene.write(1, "written by somebody who never heard of it")?;
    scene.round(1)?;
    let record = scene.on_server(household)?;
    let kept = record.is_some_and(|record| record.fields.get("shape_of_tomorrow") == newer.get("shape_of_tomorrow"));
    insist(kept, "The newer field was lost.")?;
    insist(!scene.all_on_server(0, &Kind::from_name("kind_of_tomorrow"))?.is_empty(), "A newer kind was lost.")?;
    scene.settle()
}

#[test]
fn who_was_taken_out_of_the_register_does_not_come_back_from_a_drawer() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    let Some(person) = scene.all_on_server(0, &Kind::Person)?.first().cloned() else {
        return trouble("Nobody lives here.");
    };
    scene.save(1, &Kind::Person, Some(person.id), json!({ "phone": "13800000001" }))?;
    scene.pass(MINUTE);
    let removed = scene.call(0, "remove", json!({ "id": person.id }), None);
    insist(removed.is_ok(), "The person was not taken out.")?;
    scene.round(0)?;
    scene.pass(150 * DAY);
    scene.round(1)?;
    let deleted = |record: Option<Record>| record.is_some_and(|record| record.is_deleted());
    insist(deleted(scene.on_server(person.id)?) && deleted(scene.on_phone(1, person.id)?), "The person came back.")
}

#[test]
fn a_photo_is_complete_only_with_its_very_bytes() -> Outcome {
    use Fault::{CutPiece, LostAnswer, LostRequest, ShortPiece, Twice};
    for faults in [[ShortPiece; 4], [CutPiece; 4], [LostAnswer; 4], [Twice, ShortPiece, CutPiece, LostRequest]] {
        let mut scene = Scene::with(&[0, 2])?;
        scene.report(0)?;
        scene.photograph(0)?;
        // The text goes first, unspoiled; the bytes after it.
        scene.spoil(0, &[LostRequest]);
        scene.round(0)?;
        scene.spoil(0, &faults);
        for round in 0..6 {
            scene.round(0)?;
            if round == 1 {
                scene.kill_server()?;
            }
            if round == 2 {
                scene.kill(0)?;
            }
        }
        scene.settle()?;
    }
    for full_server in [true, false] {
        let mut scene = Scene::with(&[0])?;
        scene.report(0)?;
        scene.photograph(0)?;
        if full_server {
            scene.fill_server(true)?
        } else {
            scene.fill(0, true)?
        }
        scene.round(0)?;
        if full_server {
            scene.fill_server(false)?
        } else {
            scene.fill(0, false)?
        }
        scene.settle()?;
    }
    Ok(())
}
