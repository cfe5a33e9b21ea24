//! Those that have a number; what is about photos is in `pictures.rs`.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::review::ReviewState;
use domain::{AccountId, CellCode, Kind, Node, Record, RecordId, Stamp, Stamps};
use doorstep_tests::simulation::{Fault, Scene};
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use serde_json::json;
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{Run, Store, StoreError, Written};

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
    // The own word is the later one, or the earlier: by less than what counts as a clock that is wrong.
    for (behind, later) in [(0, "mine"), (3_000, "theirs")] {
        let mut scene = Scene::with(&[0, 2])?;
        scene.write(0, "theirs")?;
        scene.round(0)?;
        scene.pass(1_000);
        scene.clock(1, -behind);
        // Written after the request was put together: the answer brings "theirs" to a phone that holds "mine" unsent.
        scene.write_during_round(1, "mine")?;
        scene.round(1)?;
        insist(scene.note(1)?.as_deref() == Some(later), "What was written last does not show.")?;
        stands(&scene, later)?;
        insist(scene.is_in_history("mine")?, "The own word went with the pull.")?;
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn a_restored_phone_and_two_clones_never_lose_writes_as_known() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.back_up(0)?;
    scene.write(0, "before")?;
    scene.visit(0)?;
    scene.round(0)?;
    scene.restore(0)?;
    scene.pass(1_000);
    scene.write(0, "after")?;
    scene.round(0)?;
    stands(&scene, "after")?;
    // Whoever goes on from the copy has not made this visit, whatever the server believes of that phone.
    insist(scene.count_on_phone(0, &Kind::Visit)? == 1, "A visit was taken for the own and not sent back.")?;
    scene.copy(0)?;
    // In one moment, and from one clock: nothing but the node of a run tells these two words apart.
    scene.write(0, "one")?;
    scene.visit(0)?;
    scene.write(1, "other")?;
    for phone in [0, 1, 0] {
        scene.round(phone)?;
    }
    for word in ["before", "after", "one", "other"] {
        insist(scene.is_in_history(word)?, &format!("{word} is not in the history."))?;
    }
    insist(scene.count_on_phone(1, &Kind::Visit)? == 2, "A clone was taken for the other.")?;
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
    // Four seconds are the network's: what lies between these two nobody sets right.
    let near = [(4_000, -4_000), (-4_000, 4_000)];
    for (first, second) in [(9 * MINUTE, -DAY), (-DAY, 10 * MINUTE), (0, -9 * MINUTE)].into_iter().chain(near) {
        let mut scene = Scene::with(&[0, 2])?;
        scene.clock(0, first);
        scene.clock(1, second);
        scene.write(0, "seen")?;
        scene.round(0)?;
        scene.round(1)?;
        // What was seen is known to the next run of the program too.
        scene.kill(1)?;
        scene.write(1, "corrected")?;
        scene.round(1)?;
        stands(&scene, "corrected")?;
        scene.settle()?;
    }
    let mut scene = Scene::with(&[0])?;
    scene.write(0, "seen at the desk")?;
    scene.round(0)?;
    scene.server_clock(-10 * MINUTE);
    scene.correct("corrected at the desk")?;
    scene.server_clock(0);
    scene.round(0)?;
    insist(scene.note(0)?.as_deref() == Some("corrected at the desk"), "The desk's clock decided, and not the desk.")?;
    scene.settle()
}

#[test]
fn a_phone_in_2030_neither_wins_for_years_nor_is_stranded() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.round(0)?;
    scene.clock(0, 4 * 365 * DAY);
    scene.write(0, "from 2030")?;
    scene.visit(0)?;
    scene.pass(5_000);
    scene.write(1, "from now")?;
    scene.round(1)?;
    scene.round(0)?;
    scene.round(0)?;
    // It was typed five seconds earlier, whatever its clock said.
    stands(&scene, "from now")?;
    insist(scene.is_in_history("from 2030")?, "What was typed under the wrong clock is nowhere.")?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 1, "What was done under the wrong clock is nowhere.")?;
    insist(scene.waiting_and_refused(0)? == (0, 0), "The phone with the wrong clock is stranded.")?;
    let told = scene.call(0, "sync_state", json!({}), None);
    insist(told.is_ok_and(|state| state["clock_wrong"] == true), "The worker is not told.")?;
    scene.pass(5_000);
    scene.write(0, "from the phone in 2030")?;
    scene.round(0)?;
    stands(&scene, "from the phone in 2030")?;
    scene.pass(5_000);
    scene.round(1)?;
    scene.write(1, "from now again")?;
    scene.round(1)?;
    stands(&scene, "from now again")?;
    scene.settle()
}

#[test]
fn equal_stamps_are_decided_alike_in_every_order() -> Outcome {
    let scene = Scene::with(&[])?;
    let Some(base) = scene.on_server(scene.household()?)? else { return trouble("There is no household.") };
    let with = |value: serde_json::Value| Record {
        fields: [("access_note".to_owned(), value)].into(),
        stamps: Stamps::all(Stamp::new(base.latest().millis() + 1, 0, Node(9))),
        ..base.clone()
    };
    // Two texts, and a form of tomorrow.
    let values = [json!("甲"), json!("乙"), json!({ "of": ["甲", 2] })].map(with);
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
    // All in one page, or each in its own.
    for (position, bytes) in (0..5).flat_map(|position| [(position, None), (position, Some(1))]) {
        let mut scene = Scene::with(&[0])?;
        scene.cut_pages_up(0, bytes);
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
fn tokens_that_end_in_the_middle_of_a_round_empty_no_queue() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    for _ in 0..20 {
        scene.visit(0)?;
        scene.pass(10);
    }
    // They live for an hour. A visit a page, each of which takes its time: some come before the end of it. The first renewal is lost.
    scene.pass(HOUR - 3 * MINUTE);
    scene.cut_pages_up(0, Some(1));
    scene.slow_down(0);
    scene.spoil(0, &[Fault::LostTokens]);
    scene.round(0)?;
    let (waiting, there) = (scene.waiting_and_refused(0)?.0, scene.all_on_server(0, &Kind::Visit)?.len());
    insist((1..20).contains(&waiting), &format!("{waiting} wait: the tokens did not end in the middle."))?;
    insist(waiting as usize + there == 20, &format!("{waiting} wait and {there} are there."))?;
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 20, "What waited did not go on.")?;
    scene.settle()
}

#[test]
fn a_reassigned_cell_takes_no_unsent_work_with_it() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.report(0)?;
    scene.photograph(0)?;
    scene.write(0, "typed before")?;
    for _ in 0..50 {
        scene.visit(0)?;
        scene.pass(10);
    }
    scene.assign("worker-0", &[])?;
    // A few at a time: the first answer tells that the cell is somebody else's, and most of the work waits still.
    scene.cut_pages_up(0, Some(400));
    scene.spoil(0, &[Fault::Twice, Fault::Twice, Fault::LostAnswer]);
    scene.round(0)?;
    let waiting = scene.waiting_and_refused(0)?.0;
    insist((1..53).contains(&waiting), &format!("{waiting} of 53 wait when the phone hears of it."))?;
    scene.round(0)?;
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 50, "Visits went with the cell.")?;
    stands(&scene, "typed before")?;
    insist(scene.whole_photos(0)? == 1, "A photo went with the cell.")?;
    insist(scene.on_phone(0, scene.household()?)?.is_none(), "The cell was not left.")?;
    scene.settle()
}

#[test]
fn a_revoked_phone_keeps_its_unsent_work_until_it_is_enrolled_again() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    for _ in 0..50 {
        scene.visit(0)?;
        scene.pass(10);
    }
    scene.write(1, "for who may read")?;
    scene.round(1)?;
    scene.revoke(0)?;
    scene.round(0)?;
    insist(scene.is_signed_out(0)? && scene.waiting_and_refused(0)?.0 == 50, "Unsent work went with the tokens.")?;
    scene.kill(0)?;
    scene.round(0)?;
    insist(scene.waiting_and_refused(0)?.0 == 50, "Unsent work went with the next start.")?;
    insist(scene.note(0)?.is_none(), "A phone that is shut out reads on.")?;
    scene.enrol_again(0)?;
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 50, "Not all visits arrived.")?;
    scene.settle()
}

#[test]
fn no_cursor_runs_ahead_of_its_rows_at_any_page_edge_or_commit() -> Outcome {
    for bytes in [1, 200, 400, 800, 1_600] {
        let mut scene = Scene::with(&[0, 2])?;
        scene.cut_pages(bytes)?;
        let mut cut = 0;
        // At every commit the power goes once, and once the commit is refused.
        for (commits, power) in (0..8).flat_map(|commits| [(commits, true), (commits, false)]) {
            for _ in 0..3 {
                scene.visit(0)?;
                scene.pass(10);
            }
            let word = format!("to be pulled, {commits} {power}");
            scene.write(0, &word)?;
            scene.round(0)?;
            cut += usize::from(scene.round_with_fuse(1, commits, power)?);
            scene.round(1)?;
            insist(scene.note(1)?.as_deref() == Some(word.as_str()), "A page was skipped.")?;
        }
        insist(cut >= 2, &format!("{cut} rounds were cut."))?;
        insist(scene.count_on_phone(1, &Kind::Visit)? == 48, "A page was skipped.")?;
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn whoever_reads_while_eight_write_misses_nothing() -> Outcome {
    const EACH: u128 = 20;
    let folder = doorstep_tests::simulation::folder()?;
    let store = SqliteStore::open(&folder.path().join("county.db")).doing("opening a database")?;
    let cell = CellCode::new("610722001001001").doing("naming a cell")?;
    let by = AccountId::new("somebody").doing("naming somebody")?;
    let write = |writer: u128| {
        (0..EACH).try_for_each(|step| {
            let id = RecordId(uuid::Uuid::from_u128(writer * EACH + step));
            let stamps = Stamps::all(Stamp::new(1, 0, Node(writer as u64)));
            let fields = [("use".to_owned(), json!("own"))].into();
            let record = Record { id, kind: Kind::Dwelling, cell: cell.clone(), fields, stamps };
            let (run, state) = (Run(writer as i64 + 1), ReviewState::Waiting);
            let written = Written { at: 1, by: by.clone(), run, state, is_new: true };
            store.write(|writing| writing.put_record(&record, &written))
        })
    };
    let (under_way, mut cursor, mut read) = (AtomicUsize::new(8), 0, BTreeSet::new());
    std::thread::scope(|threads| -> Outcome {
        let mut writers = Vec::new();
        for writer in 0..8 {
            let (write, under_way) = (&write, &under_way);
            writers.push(threads.spawn(move || {
                let written = write(writer);
                under_way.fetch_sub(1, Ordering::SeqCst);
                written
            }));
        }
        // As the feed of a cell is read: how far it has come, and what lies between that and the cursor.
        loop {
            let over = under_way.load(Ordering::SeqCst) == 0;
            let fed = store.read(|reading| {
                Ok::<_, StoreError>((reading.feed_reached(&cell)?, reading.feed_after(&cell, Some(cursor), Run(99))?))
            });
            let (reached, entries) = fed.doing("reading a feed")?;
            read.extend(entries.iter().map(|entry| entry.record));
            cursor = reached;
            if over {
                break;
            }
        }
        writers.into_iter().try_for_each(|writer| match writer.join() {
            Ok(written) => written.doing("writing"),
            Err(_) => trouble("Somebody who wrote panicked."),
        })
    })?;
    insist(read.len() as u128 == 8 * EACH, &format!("{} of {} were read.", read.len(), 8 * EACH))
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
    // The same on the phone: what it says is saved is saved.
    for (commits, power) in [(0, true), (0, false), (1, true), (1, false)] {
        let mut scene = Scene::with(&[0])?;
        scene.write_with_fuse(0, "typed", commits, power)?;
        scene.settle()?;
    }
    // Only a commit that waits for the disk outlives a power cut: 2 is FULL.
    let scene = Scene::with(&[0])?;
    insist(scene.synchronous(0)? == [2, 2], "A commit is answered before it is on the disk.")
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
fn two_who_write_in_different_fields_of_one_record_both_stand() -> Outcome {
    for order in [[0, 1], [1, 0]] {
        let mut scene = Scene::with(&[0, 2])?;
        let household = scene.household()?;
        scene.write(0, "by one")?;
        scene.pass(1_000);
        scene.save(1, &Kind::Household, Some(household), json!({ "contact_phone": "13800000005" }))?;
        for phone in order.into_iter().chain(order) {
            scene.round(phone)?;
        }
        for there in [scene.on_server(household)?, scene.on_phone(0, household)?, scene.on_phone(1, household)?] {
            let both = there.is_some_and(|household| {
                household.text("access_note") == Some("by one")
                    && household.text("contact_phone") == Some("13800000005")
            });
            insist(both, "One took the other's field along.")?;
        }
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn who_was_taken_out_of_the_register_does_not_come_back_from_a_drawer() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    let people: Vec<RecordId> = scene.all_on_server(0, &Kind::Person)?.iter().map(|person| person.id).collect();
    let [taken_out, moved_away, erased] = people[..] else { return trouble("Not three live here.") };
    // Written, and put into a drawer for longer than anything lives that ends: tokens, what is taken late, what lies sealed.
    for person in [taken_out, moved_away, erased] {
        scene.save(1, &Kind::Person, Some(person), json!({ "phone": "13800000001" }))?;
    }
    scene.pass(MINUTE);
    insist(scene.call(0, "remove", json!({ "id": taken_out }), None).is_ok(), "The person was not taken out.")?;
    scene.round(0)?;
    scene.move_to(moved_away, 1)?;
    scene.erase(erased)?;
    for _ in 0..4 {
        scene.pass(100 * DAY);
        scene.tidy()?;
        scene.round(0)?;
    }
    scene.round(1)?;
    insist(scene.is_signed_out(1)?, "The phone was not away for long enough.")?;
    scene.enrol_again(1)?;
    scene.round(1)?;
    let deleted = |record: Option<Record>| record.is_some_and(|record| record.is_deleted());
    insist(deleted(scene.on_server(taken_out)?) && deleted(scene.on_phone(1, taken_out)?), "The person came back.")?;
    for gone in [moved_away, erased] {
        insist(scene.on_phone(1, gone)?.is_none(), "Who moved away or was erased is still on the phone.")?;
    }
    insist(scene.on_server(erased)?.is_none(), "Who was erased came back.")?;
    insist(scene.on_server(moved_away)?.is_some_and(|person| person.cell == scene.cell(1)), "Who moved away is back.")?;
    scene.settle()
}
