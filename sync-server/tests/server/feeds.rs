//! What goes down to phones, and what does not.

use std::collections::BTreeMap;

use domain::merge::merge;
use domain::protocol::{ExchangeRequest, Verdict};
use domain::scope::Role;
use domain::{CellCode, Change, Kind, Node, ProblemCode, RecordId, Stamps, World as _};
use serde_json::json;
use sync_server::store::{Run, Store as _};

use crate::common::{County, MINUTE, TestPhone, cell, jpeg};

#[test]
fn own_writing_is_not_echoed_and_a_colleague_s_is_sent() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    first.round(Vec::new());
    second.round(Vec::new());
    let home = first.new_home(&cell(1)).to_vec();
    let ids: Vec<RecordId> = home.iter().map(|change| change.id).collect();
    let answer = first.round(home);
    assert!(answer.pages.iter().all(|page| page.records.is_empty()), "not echoed");
    assert_eq!(second.pulled(), ids);
    assert!(second.pulled().is_empty());
    assert!(first.pulled().is_empty());
}

#[test]
fn a_phone_that_merges_is_sent_what_it_did_not_bring_and_one_that_does_not_whole_records() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    phone.round(Vec::new());
    for merges in [true, false] {
        let incident = phone.new_incident(&cell(1));
        let request = ExchangeRequest { merges, ..phone.request(vec![incident.clone()]) };
        let answer = county.hub.exchange(&phone.phone(), &request).unwrap();
        let sent = &answer.pages[0].records[answer.pages[0].records.len() - 1];
        let stored = county.stored(incident.id).unwrap().record;
        let names: Vec<&str> = sent.fields.keys().map(String::as_str).collect();
        if merges {
            assert_eq!(names, ["number"]);
            assert_eq!(sent.stamps, Stamps::all(stored.stamps.of("number")));
            let whole = merge(Some(sent), &incident).unwrap().record;
            assert_eq!(whole, stored, "with what was brought it is the record");
        } else {
            assert_eq!(*sent, stored);
        }
    }
}

#[test]
fn a_colleague_s_edit_comes_back_even_when_the_own_edit_came_after_it() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let dwelling = first.new_dwelling(&cell(1));
    first.round(vec![dwelling.clone()]);
    second.round(Vec::new());
    county.world.pass(MINUTE);
    // The second edits and the first does not know; then the first edits another field of the same record.
    let of_second = second.change(Kind::Dwelling, dwelling.id, &cell(1), json!({"use": "let"}));
    second.push_all(&[of_second]);
    let of_first = first.change(Kind::Dwelling, dwelling.id, &cell(1), json!({"street": "东大街"}));
    let answer = first.round(vec![of_first]);
    let record = &answer.pages[0].records[0];
    assert_eq!((record.text("use"), record.text("street")), (Some("let"), Some("东大街")));
}

#[test]
fn after_a_restart_of_the_phone_nothing_is_missing() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    phone.round(Vec::new());
    let home = phone.new_home(&cell(1)).to_vec();
    phone.push_all(&home);
    // Killed before it stored the answer: another run, the old cursor.
    phone.clock = domain::HybridClock::new(Node(phone.node().0 ^ 1), phone.clock.last());
    assert_eq!(phone.pulled().len(), 3);
}

#[test]
fn a_record_that_moved_is_gone_from_the_old_cell_and_there_in_the_new() {
    let county = County::new();
    let mut mover = county.worker("worker-a", &[cell(1), cell(2)]);
    let mut old_holder = county.worker("worker-b", &[cell(1)]);
    let mut new_holder = county.worker("worker-c", &[cell(2)]);
    let dwelling = mover.new_dwelling(&cell(1));
    mover.push_all(std::slice::from_ref(&dwelling));
    old_holder.round(Vec::new());
    new_holder.round(Vec::new());
    county.world.pass(MINUTE);
    let fields = json!({"cell": cell(2)});
    let moved = mover.change(Kind::Dwelling, dwelling.id, &cell(1), fields);
    mover.push_all(&[moved]);
    let answer = old_holder.round(Vec::new());
    assert_eq!(answer.pages[0].gone, [dwelling.id]);
    assert!(answer.pages[0].records.is_empty());
    assert_eq!(new_holder.pulled(), [dwelling.id]);
    // Who reads from the beginning is told too: it may hold the cell all the same.
    let mut fresh = county.worker("worker-d", &[cell(1)]);
    let answer = fresh.round(Vec::new());
    assert!(answer.pages[0].records.is_empty());
    assert_eq!(answer.pages[0].gone, [dwelling.id]);
}

#[test]
fn whose_move_lost_is_told_that_the_record_is_not_where_they_took_it() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1), cell(2), cell(3)]);
    let mut second = county.worker("worker-b", &[cell(1), cell(3)]);
    let dwelling = first.new_dwelling(&cell(1));
    first.round(vec![dwelling.clone()]);
    second.round(Vec::new());
    county.world.pass(MINUTE);
    let lost = first.change(Kind::Dwelling, dwelling.id, &cell(2), json!({"cell": cell(2)}));
    county.world.pass(MINUTE);
    let won = second.change(Kind::Dwelling, dwelling.id, &cell(3), json!({"cell": cell(3)}));
    second.round(vec![won]);
    // One of the first worker's cells went to the second: where the record lies now is nothing that the first hears of. It never lay in
    // the other cell for anybody else, and the first phone has it there.
    county.account("worker-a", Role::Worker, &[], &[cell(1), cell(2)]);
    let answer = first.round(vec![lost]);
    let gone_from: Vec<&CellCode> =
        answer.pages.iter().filter(|page| page.gone == [dwelling.id]).map(|page| &page.cell).collect();
    assert_eq!(gone_from, [&cell(1), &cell(2)], "{answer:?}");
    assert_eq!(county.stored(dwelling.id).map(|stored| stored.record.cell), Some(cell(3)));
    // Whoever holds the cell is told nothing else of it, and the receipt counts it nowhere else.
    let mut colleague = county.worker("worker-c", &[cell(2)]);
    assert!(colleague.pulled().is_empty());
}

#[test]
fn whoever_moves_a_record_is_sent_what_a_colleague_wrote_in_it_before() {
    let county = County::new();
    let mut first = county.worker("worker-a", &[cell(1), cell(2)]);
    let mut second = county.worker("worker-b", &[cell(1)]);
    let dwelling = first.new_dwelling(&cell(1));
    first.round(vec![dwelling.clone()]);
    second.round(Vec::new());
    county.world.pass(MINUTE);
    let of_second = second.change(Kind::Dwelling, dwelling.id, &cell(1), json!({"use": "let"}));
    second.push_all(&[of_second]);
    // The first does not know of it, and what stands in the old cell's feed goes with the move.
    let moved = first.change(Kind::Dwelling, dwelling.id, &cell(1), json!({"cell": cell(2)}));
    let answer = first.round(vec![moved]);
    let sent = answer.pages.iter().flat_map(|page| &page.records).find(|record| record.id == dwelling.id);
    assert_eq!(sent.and_then(|record| record.text("use")), Some("let"), "{:?}", answer.pages);
}

#[test]
fn a_household_moves_to_a_door_of_another_cell_with_its_people_in_one_push() {
    let county = County::new();
    let mut mover = county.worker("worker-a", &[cell(1), cell(2)]);
    let home = mover.new_home(&cell(1)).to_vec();
    let door = mover.new_record(Kind::Dwelling, &cell(2), json!({"use": "own", "group": "3组", "house_number": "7号"}));
    mover.push_all(&home);
    mover.push_all(std::slice::from_ref(&door));
    county.world.pass(MINUTE);
    let household = mover.change(Kind::Household, home[1].id, &cell(1), json!({"dwelling": door.id, "cell": cell(2)}));
    let person = mover.change(Kind::Person, home[2].id, &cell(1), json!({"cell": cell(2)}));
    // The door is looked for where the household goes, and only there.
    let stays = mover.change(Kind::Household, home[1].id, &cell(1), json!({"dwelling": door.id}));
    assert_eq!(mover.refused(&stays), ProblemCode::MissingTarget);
    mover.push_all(&[household, person]);
    for id in [home[1].id, home[2].id] {
        assert_eq!(county.stored(id).unwrap().record.cell, cell(2));
    }
    // A household that was never sent goes there at once, with the head that it names.
    let [_, mut household, mut person] = mover.new_home(&cell(1));
    household.fields.extend([("dwelling".to_owned(), json!(door.id)), ("cell".to_owned(), json!(cell(2)))]);
    person.fields.insert("cell".to_owned(), json!(cell(2)));
    mover.push_all(&[household, person]);
    // Nobody moves a household into a cell of somebody else.
    let mut narrow = county.worker("worker-b", &[cell(2)]);
    let away = narrow.change(Kind::Household, home[1].id, &cell(2), json!({"cell": cell(3)}));
    assert_eq!(narrow.refused(&away), ProblemCode::ForeignCell);
}

#[test]
fn another_epoch_makes_the_cursors_worthless() {
    let mut county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1)).to_vec();
    phone.round(home);
    assert!(phone.pulled().is_empty());
    sync_server::hub::county::renew_epoch(county.hub.store(), &mut county.world).unwrap();
    county.restart();
    phone.hub = std::sync::Arc::clone(&county.hub);
    let known = phone.epoch;
    let answer = phone.round(Vec::new());
    assert_ne!(Some(answer.epoch), known);
    assert_eq!(answer.pages[0].records.len(), 3, "everything is sent again");
}

#[test]
fn an_informant_sees_names_and_rooms_and_no_visits() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let home = worker.new_home(&cell(1));
    let visit = worker.visit(home[1].id, &cell(1));
    worker.push_all(&home);
    worker.push_all(&[visit]);
    let mut informant = county.phone_of(&county.account("informant-a", Role::Informant, &[], &[cell(1)]));
    let answer = informant.round(Vec::new());
    let kinds: Vec<&Kind> = answer.pages[0].records.iter().map(|record| &record.kind).collect();
    assert_eq!(kinds, [&Kind::Dwelling, &Kind::Household, &Kind::Person]);
    let person = &answer.pages[0].records[2];
    assert_eq!(person.fields.keys().collect::<Vec<_>>(), ["household", "name"]);
    assert!(informant.pulled().is_empty(), "what was left out does not come again and again");
}

#[test]
fn an_informant_is_sent_photos_of_incidents_and_the_own_and_no_papers_of_a_case() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let (incident, dispute) = (worker.new_incident(&cell(1)), worker.new_dispute(&cell(1)));
    let dwelling = worker.new_dwelling(&cell(1));
    let shown = worker.new_photo(&incident, &jpeg(1));
    let papers = worker.new_photo(&dispute, &jpeg(2));
    let door = worker.new_photo(&dwelling, &jpeg(3));
    worker.push_all(&[incident, dispute, dwelling.clone(), shown.clone(), papers.clone(), door.clone()]);
    let account = county.account("informant-a", Role::Informant, &[], &[cell(1)]);
    let mut writer = county.phone_of(&account);
    let own = writer.new_photo(&dwelling, &jpeg(4));
    writer.push_all(std::slice::from_ref(&own));
    let mut informant = county.phone_of(&account);
    let pulled = informant.pulled();
    assert!(pulled.contains(&shown.id) && pulled.contains(&own.id), "{pulled:?}");
    assert!(!pulled.contains(&papers.id) && !pulled.contains(&door.id), "{pulled:?}");
    assert!(informant.pulled().is_empty(), "what was left out does not come again and again");
    let mut colleague = county.worker("worker-b", &[cell(1)]);
    assert!(colleague.pulled().contains(&papers.id));
}

#[test]
fn pages_are_cut_by_size_and_together_bring_everything_once() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let note = "走访记录".repeat(120);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let mut expected: Vec<RecordId> = home.iter().map(|change| change.id).collect();
    for _ in 0..4 {
        let visits: Vec<_> = (0..1_000)
            .map(|_| {
                let mut visit = phone.visit(home[1].id, &cell(1));
                visit.fields.insert("note".into(), json!(note));
                visit
            })
            .collect();
        expected.extend(visits.iter().map(|visit| visit.id));
        phone.push_all(&visits);
    }
    county.hub.cut_pages_at(400_000);
    let mut other = county.worker("worker-b", &[cell(1)]);
    let (mut received, mut pages) = (Vec::new(), 0);
    loop {
        let answer = other.round(Vec::new());
        received.extend(answer.pages.into_iter().flat_map(|page| page.records).map(|record| record.id));
        pages += 1;
        if !answer.more {
            break;
        }
    }
    assert!(pages > 1, "all in one page");
    assert_eq!(received, expected);
    assert!(other.pulled().is_empty());
}

#[test]
fn a_phone_says_how_much_may_come_down_and_what_it_brings_is_taken_all_the_same() {
    let county = County::new();
    let mut writer = county.worker("worker-a", &[cell(1)]);
    let dwellings: Vec<_> = (0..40).map(|_| writer.new_dwelling(&cell(1))).collect();
    writer.push_all(&dwellings);
    let mut reader = county.worker("worker-b", &[cell(1)]);
    let own = reader.new_dwelling(&cell(1));
    let with_room = |reader: &mut TestPhone, push: Vec<Change>, room| {
        let request = ExchangeRequest { room, ..reader.request(push) };
        let answer = reader.hub.exchange(&reader.phone(), &request).unwrap();
        let records: usize = answer.pages.iter().map(|page| page.records.len()).sum();
        (records, answer)
    };
    let (records, answer) = with_room(&mut reader, vec![own], Some(0));
    assert_eq!((records, answer.pages.len(), answer.more), (0, 0, true));
    assert_eq!(answer.verdicts, [Verdict::Accepted]);
    assert!(answer.receipt.is_none(), "nothing can be compared before everything came down");
    let (records, answer) = with_room(&mut reader, Vec::new(), Some(300));
    assert!((2..40).contains(&records) && answer.more, "{records}");
    for room in [None, Some(usize::MAX)] {
        let (records, answer) = with_room(&mut reader, Vec::new(), room);
        assert_eq!((records, answer.more), (41, false), "{room:?}");
        assert!(answer.receipt.is_some());
    }
}

/// Every way of cutting a feed, with several writers on the same records: no reader misses a value.
#[test]
fn wherever_a_page_is_cut_nothing_is_missed() {
    let county = County::new();
    let mut writers: Vec<TestPhone> =
        (0..3).map(|number| county.worker(&format!("worker-{number}"), &[cell(1)])).collect();
    let dwellings: Vec<_> = (0..6).map(|_| writers[0].new_dwelling(&cell(1))).collect();
    writers[0].push_all(&dwellings);
    let mut world = county.world.clone();
    let mut picks = [0; 2];
    for cut in 0..8_u64 {
        for step in 0..40 {
            world.pass(1_000);
            world.fill(&mut picks);
            let writer = &mut writers[usize::from(picks[0] % 3)];
            let target = dwellings[usize::from(picks[1] % 6)].id;
            let edit = writer.change(Kind::Dwelling, target, &cell(1), json!({"street": format!("{cut}-{step}")}));
            writer.push_all(&[edit]);
        }
        let reader = &writers[0];
        let run = Run::of(reader.phone().device, reader.node());
        let from = *reader.cursors.get(&cell(1)).unwrap_or(&0);
        let sent = sent_in_pieces(&county, &cell(1), from, run, cut as usize + 1);
        // What others wrote after the cursor must have been sent.
        let whole = county.hub.store().read(|r| r.feed_after(&cell(1), Some(from), run)).unwrap();
        for entry in whole {
            assert!(sent.contains_key(&entry.record), "cut after {} missed one", cut + 1);
        }
        writers[0].round(Vec::new());
    }
}

/// Reads a feed in pieces of `size` entries, taking the last entry's number as the next cursor.
fn sent_in_pieces(county: &County, cell: &CellCode, from: u64, run: Run, size: usize) -> BTreeMap<RecordId, u64> {
    let mut sent = BTreeMap::new();
    let mut cursor = from;
    loop {
        let entries = county.hub.store().read(|r| r.feed_after(cell, Some(cursor), run)).unwrap();
        if entries.is_empty() {
            return sent;
        }
        for entry in entries.into_iter().take(size) {
            cursor = entry.n;
            sent.insert(entry.record, entry.n);
        }
    }
}
