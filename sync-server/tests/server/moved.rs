//! Records that were moved to another cell: what was written about them before, and moves that a restored server has lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::kinds::photo::PHOTOS_PER_RECORD_MAX;
use domain::protocol::{ExchangeRequest, FeedPage, Proof, Verdict};
use domain::scope::Role;
use domain::{AccountId, Change, Kind, ProblemCode, RecordId, World as _};
use serde_json::json;

use crate::common::{County, HOUR, MINUTE, TestPhone, cell};

/// A home in the second cell, its worker, and somebody who holds both cells.
fn two_cells() -> (County, TestPhone, TestPhone, [Change; 3]) {
    let county = County::new();
    let mover = county.worker("worker-a", &[cell(1), cell(2)]);
    let mut worker = county.worker("worker-b", &[cell(2)]);
    let home = worker.new_home(&cell(2));
    worker.push_all(&home);
    county.world.pass(5 * MINUTE);
    (county, mover, worker, home)
}

/// Moves a home to the first cell.
fn move_home(county: &County, mover: &mut TestPhone, home: &[Change; 3]) {
    county.world.pass(5 * MINUTE);
    let moved = home.clone().map(|part| mover.change(part.kind, part.id, &cell(2), json!({"cell": cell(1)})));
    mover.push_all(&moved);
}

fn late_words(worker: &mut TestPhone, home: &[Change; 3]) -> [Change; 3] {
    let [_, household, person] = home;
    let visit = worker.visit(household.id, &cell(2));
    let edit = worker.change(Kind::Person, person.id, &cell(2), json!({"phone": "13900000000"}));
    let child = worker.new_record(Kind::Person, &cell(2), json!({"household": household.id, "name": "李四"}));
    [visit, edit, child]
}

#[test]
fn what_was_written_about_a_record_before_it_was_moved_away_is_taken_late() {
    let (county, mut mover, mut worker, home) = two_cells();
    let words = late_words(&mut worker, &home);
    move_home(&county, &mut mover, &home);
    worker.push_all(&words);
    let person = county.stored(home[2].id).unwrap().record;
    assert_eq!((person.text("phone"), &person.cell), (Some("13900000000"), &cell(1)));
    assert_eq!(county.stored(words[0].id).unwrap().record.cell, cell(2), "a visit stays where it was made");
    // Once more, as after a lost answer.
    worker.push_all(&words);
}

#[test]
fn what_was_written_about_a_record_after_it_was_moved_away_is_not_taken() {
    let (county, mut mover, mut worker, home) = two_cells();
    move_home(&county, &mut mover, &home);
    county.world.pass(5 * MINUTE);
    let [visit, edit, child] = late_words(&mut worker, &home);
    assert_eq!(worker.refused(&visit), ProblemCode::MissingTarget);
    assert_eq!(worker.refused(&edit), ProblemCode::ForeignRecord);
    assert_eq!(worker.refused(&child), ProblemCode::MissingTarget);
}

#[test]
fn what_was_written_before_the_server_took_a_move_that_was_made_offline_is_taken_late() {
    let (county, mut mover, mut worker, home) = two_cells();
    let moved = home.clone().map(|part| mover.change(part.kind, part.id, &cell(2), json!({"cell": cell(1)})));
    county.world.pass(10 * MINUTE);
    let words = late_words(&mut worker, &home);
    county.world.pass(10 * MINUTE);
    mover.push_all(&moved);
    worker.push_all(&words);
    let person = county.stored(home[2].id).unwrap().record;
    assert_eq!((person.text("phone"), &person.cell), (Some("13900000000"), &cell(1)));
    // What is written once the server had it is too late, as after any move.
    county.world.pass(5 * MINUTE);
    let [visit, edit, child] = late_words(&mut worker, &home);
    assert_eq!(worker.refused(&visit), ProblemCode::MissingTarget);
    assert_eq!(worker.refused(&edit), ProblemCode::ForeignRecord);
    assert_eq!(worker.refused(&child), ProblemCode::MissingTarget);
}

#[test]
fn a_move_into_a_cell_that_was_handed_over_since_is_taken_and_no_later_one() {
    let (county, mut mover, _, home) = two_cells();
    let [dwelling, household, person] = home.map(|part| {
        let early = mover.change(part.kind.clone(), part.id, &cell(2), json!({"cell": cell(1)}));
        (part, early)
    });
    county.world.pass(MINUTE);
    county.account(mover.account().as_str(), domain::scope::Role::Worker, &[], &[cell(2)]);
    mover.push_all(&[dwelling.1, household.1]);
    county.world.pass(20 * MINUTE);
    assert_eq!(county.stored(dwelling.0.id).unwrap().record.cell, cell(1));
    let late = mover.change(Kind::Person, person.0.id, &cell(2), json!({"cell": cell(1)}));
    assert_eq!(mover.refused(&late), ProblemCode::ForeignCell);
}

#[test]
fn nobody_fetches_back_what_was_moved_away() {
    let (county, mut mover, mut worker, home) = two_cells();
    move_home(&county, &mut mover, &home);
    county.world.pass(1_000);
    // Late enough to win, and early enough to pass for words from before.
    let back = worker.change(Kind::Person, home[2].id, &cell(2), json!({"cell": cell(2)}));
    assert_eq!(worker.refused(&back), ProblemCode::ForeignRecord);
    assert_eq!(county.stored(home[2].id).unwrap().record.cell, cell(1));
}

#[test]
fn whoever_holds_both_cells_and_has_not_heard_of_a_move_may_write_under_the_old_one() {
    let (county, mut mover, _, home) = two_cells();
    move_home(&county, &mut mover, &home);
    county.world.pass(5 * MINUTE);
    let words = late_words(&mut mover, &home);
    mover.push_all(&words);
    assert_eq!(county.stored(home[2].id).unwrap().record.text("phone"), Some("13900000000"));
}

#[test]
fn late_words_about_a_record_that_never_lay_here_are_not_taken() {
    let (county, _, mut worker, _) = two_cells();
    let mut other = county.worker("worker-c", &[cell(3)]);
    let home = other.new_home(&cell(3));
    other.push_all(&home);
    let [visit, edit, _] = late_words(&mut worker, &home);
    assert_eq!(worker.refused(&visit), ProblemCode::MissingTarget);
    assert_eq!(worker.refused(&edit), ProblemCode::ForeignRecord);
}

#[test]
fn photos_that_stayed_behind_when_their_household_moved_keep_nobody_from_taking_others_of_it() {
    let (county, mut mover, mut worker, home) = two_cells();
    let photo = |phone: &mut TestPhone, number: usize, place: u32| {
        let (at, by) = (phone.world.now(), phone.account());
        let fields = json!({"subject": home[1].id, "subject_kind": "household", "sha256": format!("{number:064x}"),
            "width": 10, "height": 10, "bytes": 100, "taken_at": at, "photo_kind": "scene", "by": by});
        phone.new_record(Kind::Photo, &cell(place), fields)
    };
    let all_but_one: Vec<Change> = (1..PHOTOS_PER_RECORD_MAX).map(|number| photo(&mut worker, number, 2)).collect();
    worker.push_all(&all_but_one);
    move_home(&county, &mut mover, &home);
    // Its new worker sees none of them. Whoever has both cells brings what belongs to each, as after a restore, in one push.
    let both = [photo(&mut mover, 50, 2), photo(&mut mover, 51, 1)];
    mover.push_all(&both);
    let tenth = photo(&mut mover, 52, 2);
    assert_eq!(mover.refused(&tenth), ProblemCode::TooManyPhotos);
}

/// A visit to the household of a home in a cell, that corrects another one.
fn correction(phone: &mut TestPhone, home: &[Change; 3], number: u32, replaced: RecordId) -> Change {
    let mut visit = phone.visit(home[1].id, &cell(number));
    visit.fields.insert("replaces".into(), json!(replaced));
    visit
}

#[test]
fn a_visit_that_stayed_behind_when_its_household_moved_is_corrected_from_the_new_cell() {
    let (county, mut mover, _, home) = two_cells();
    let visit = mover.visit(home[1].id, &cell(2));
    mover.push_all(std::slice::from_ref(&visit));
    move_home(&county, &mut mover, &home);
    county.world.pass(5 * MINUTE);
    let corrected = correction(&mut mover, &home, 1, visit.id);
    mover.push_all(std::slice::from_ref(&corrected));
    assert_eq!(county.stored(corrected.id).unwrap().record.reference("replaces"), Some(visit.id));
    // Whoever holds the new cell alone may have read of the visit before.
    let mut neighbour = county.worker("worker-c", &[cell(1)]);
    let again = correction(&mut neighbour, &home, 1, visit.id);
    neighbour.push_all(&[again]);
}

#[test]
fn a_visit_to_another_household_in_another_cell_is_not_corrected_from_here() {
    let (county, mut mover, _, home) = two_cells();
    let mut other = county.worker("worker-c", &[cell(3)]);
    let foreign = other.new_home(&cell(3));
    let theirs = other.visit(foreign[1].id, &cell(3));
    other.push_all(&foreign);
    other.push_all(std::slice::from_ref(&theirs));
    // Nor one in a cell that is the author's own.
    let stays = mover.new_home(&cell(2));
    let own = mover.visit(stays[1].id, &cell(2));
    mover.push_all(&stays);
    mover.push_all(std::slice::from_ref(&own));
    move_home(&county, &mut mover, &home);
    county.world.pass(5 * MINUTE);
    for visit in [theirs.id, own.id] {
        let wrong = correction(&mut mover, &home, 1, visit);
        assert_eq!(mover.refused(&wrong), ProblemCode::MissingTarget);
    }
    // Nor does naming the foreign household as well bring anything of it to light.
    let probed = correction(&mut mover, &foreign, 1, theirs.id);
    assert_eq!(mover.refused(&probed), ProblemCode::MissingTarget);
}

#[test]
fn a_visit_its_household_s_move_and_its_correction_come_in_one_push_and_stand_or_fall_together() {
    for (by, stand) in [("worker-a", true), ("worker-b", false)] {
        let (county, mut mover, _, home) = two_cells();
        let mut visit = mover.visit(home[1].id, &cell(2));
        visit.fields.insert("by".into(), json!(by));
        county.world.pass(MINUTE);
        let moved = home.clone().map(|part| mover.change(part.kind, part.id, &cell(2), json!({"cell": cell(1)})));
        let corrected = correction(&mut mover, &home, 1, visit.id);
        let mut all = vec![corrected.clone(), visit.clone()];
        all.extend(moved);
        let verdicts = mover.push(&all);
        let taken = verdicts.iter().filter(|verdict| **verdict == Verdict::Accepted).count();
        assert_eq!(taken, if stand { 5 } else { 3 }, "{verdicts:?}");
        assert_eq!(county.stored(visit.id).is_some(), stand);
        assert_eq!(county.stored(corrected.id).is_some(), stand, "it names nothing that is not there");
    }
}

/// A home that was moved since the backup; put back. With the phone of the cell's own worker, and what it was sent.
fn put_back_to_before_the_move() -> (County, TestPhone, FeedPage, [Change; 3]) {
    let (mut county, mut mover, _, home) = two_cells();
    let mut neighbour = county.worker("worker-c", &[cell(1)]);
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    move_home(&county, &mut mover, &home);
    let page = neighbour.round(Vec::new()).pages.remove(0);
    county.world.pass(5 * MINUTE);
    county.put_back(&backup);
    neighbour.hub = Arc::clone(&county.hub);
    neighbour.refresh();
    (county, neighbour, page, home)
}

fn bring(phone: &mut TestPhone, page: &FeedPage, proofs: &BTreeMap<RecordId, Proof>) -> Vec<Verdict> {
    let push = page.records.iter().cloned().map(Change::from_record).collect();
    let request = ExchangeRequest { proofs: proofs.clone(), ..phone.request(push) };
    phone.hub.exchange(&phone.phone(), &request).unwrap().verdicts
}

#[test]
fn a_move_that_a_restored_server_has_lost_is_made_again_by_the_proof_of_it() {
    let (county, mut neighbour, page, home) = put_back_to_before_the_move();
    assert_eq!(page.moves.len(), 3, "each was moved: {page:?}");
    assert_eq!(county.stored(home[1].id).unwrap().record.cell, cell(2), "the backup has it where it was");
    let verdicts = bring(&mut neighbour, &page, &page.moves);
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Accepted), "{verdicts:?}");
    for record in &page.records {
        assert_eq!(county.stored(record.id).unwrap().record, *record, "as it was");
    }
}

#[test]
fn a_move_that_is_made_again_after_a_restore_refuses_nothing_of_what_was_written_until_then() {
    let (county, mut neighbour, page, home) = put_back_to_before_the_move();
    let mut worker = county.phone_of(&AccountId::new("worker-b").unwrap());
    county.world.pass(HOUR / 2);
    let words = late_words(&mut worker, &home);
    county.world.pass(MINUTE);
    bring(&mut neighbour, &page, &page.moves);
    assert_eq!(county.stored(home[1].id).unwrap().record.cell, cell(1), "by the stamp of that day");
    worker.push_all(&words);
    assert_eq!(county.stored(home[2].id).unwrap().record.text("phone"), Some("13900000000"));
}

#[test]
fn the_proof_of_a_move_survives_what_is_written_in_the_record_since() {
    let (county, mut neighbour, mut page, home) = put_back_to_before_the_move();
    let stamp = neighbour.clock.tick(county.world.clock.load(std::sync::atomic::Ordering::SeqCst));
    let person = page.records.iter_mut().find(|record| record.id == home[2].id).unwrap();
    person.fields.insert("phone".into(), json!("13700000000"));
    person.stamps.except.insert("phone".into(), stamp);
    bring(&mut neighbour, &page, &page.moves);
    let person = county.stored(home[2].id).unwrap().record;
    assert_eq!((person.text("phone"), &person.cell), (Some("13700000000"), &cell(1)));
}

#[test]
fn what_a_leader_wrote_in_a_task_since_it_was_moved_comes_back_with_the_proof_of_its_move() {
    let mut county = County::new();
    let places = ["610722001001"];
    let mut boss = county.phone_of(&county.account("boss-phone", Role::Supervisor, &places, &[cell(1), cell(2)]));
    let mut leader = county.phone_of(&county.account("leader-a", Role::Supervisor, &places, &[cell(2)]));
    let words = json!({"title": "查燃气", "purpose": "safety", "at": crate::common::START, "by": boss.account()});
    let task = boss.new_record(Kind::Task, &cell(1), words);
    boss.push_all(std::slice::from_ref(&task));
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(MINUTE);
    let moved = boss.change(Kind::Task, task.id, &cell(1), json!({"cell": cell(2)}));
    boss.push_all(&[moved]);
    let mut page = leader.round(Vec::new()).pages.remove(0);
    assert!(page.moves.contains_key(&task.id) && page.proofs.is_empty(), "{page:?}");
    let stamp = leader.clock.tick(county.world.clock.load(std::sync::atomic::Ordering::SeqCst));
    page.records[0].fields.insert("text".into(), json!("先查老人家"));
    page.records[0].stamps.except.insert("text".into(), stamp);
    county.world.pass(MINUTE);
    county.put_back(&backup);
    leader.hub = Arc::clone(&county.hub);
    leader.refresh();
    assert_eq!(bring(&mut leader, &page, &page.moves), [Verdict::Accepted]);
    let task = county.stored(task.id).unwrap().record;
    assert_eq!((task.text("text"), &task.cell), (Some("先查老人家"), &cell(2)));
}

#[test]
fn nobody_moves_a_record_out_of_a_foreign_cell_without_its_very_proof() {
    let (county, mut neighbour, page, home) = put_back_to_before_the_move();
    let foreign =
        |verdict: &Verdict| matches!(verdict, Verdict::Refused(fault) if fault.code == ProblemCode::ForeignRecord);
    let of_another = page.moves[&home[0].id].clone();
    let wrong = |proof: Proof| home.iter().skip(1).map(|part| (part.id, proof.clone())).collect();
    for proofs in [BTreeMap::new(), wrong(of_another), wrong(Proof("A".repeat(43))), wrong(Proof(String::new()))] {
        let verdicts = bring(&mut neighbour, &page, &proofs);
        assert!(verdicts.iter().all(foreign), "{verdicts:?}");
    }
    // Nor to another cell, nor by another stamp, nor after somebody has moved it on.
    let mut elsewhere = page.clone();
    for record in &mut elsewhere.records {
        record.stamps = domain::Stamps::all(record.latest().shifted(1));
    }
    assert!(bring(&mut neighbour, &elsewhere, &page.moves).iter().all(foreign));
    let mut mover = county.worker("worker-d", &[cell(2), cell(3)]);
    let moved = home.clone().map(|part| mover.change(part.kind, part.id, &cell(2), json!({"cell": cell(3)})));
    mover.push_all(&moved);
    assert!(bring(&mut neighbour, &page, &page.moves).iter().all(foreign));
}

#[test]
fn what_names_a_record_that_was_moved_comes_back_though_the_backup_knows_neither_it_nor_its_move() {
    let mut county = County::new();
    let mut mover = county.worker("worker-a", &[cell(1), cell(2)]);
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(MINUTE);
    let home = mover.new_home(&cell(1));
    mover.push_all(&home);
    county.world.pass(5 * MINUTE);
    let moved = mover.change(Kind::Dwelling, home[0].id, &cell(1), json!({"cell": cell(2)}));
    mover.push_all(&[moved]);
    let records = home.map(|part| county.stored(part.id).unwrap().record);
    county.world.pass(5 * MINUTE);
    county.put_back(&backup);
    mover.hub = Arc::clone(&county.hub);
    mover.refresh();
    mover.push_all(&records.clone().map(Change::from_record));
    for record in records {
        assert_eq!(county.stored(record.id).unwrap().record, record);
    }
}
