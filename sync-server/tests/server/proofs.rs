//! What phones may not write and may bring back: to a server that was put back from a backup, with the proof that it sent them.

use std::collections::BTreeMap;

use domain::protocol::{ExchangeAnswer, ExchangeRequest, FeedPage, Proof, Receipt, Verdict};
use domain::scope::Role;
use domain::{Change, Kind, ProblemCode, Record, RecordId};
use serde_json::json;
use sync_server::hub::reviews::{ReviewOf, ReviewVerdict};

use crate::common::{County, HOUR, MINUTE, TestPhone, cell};

type Proofs = BTreeMap<RecordId, Proof>;

impl TestPhone {
    /// Brings records back, as after a restore.
    fn bring(&mut self, records: &[&Record], proofs: &Proofs) -> Vec<Verdict> {
        let push = records.iter().map(|record| Change::from_record((*record).clone())).collect();
        let request = ExchangeRequest { proofs: proofs.clone(), ..self.request(push) };
        self.hub.exchange(&self.phone(), &request).unwrap().verdicts
    }
}

/// A worker who was given a second cell after the backup, and wrote in it; put back. With the receipt of the lost database.
fn put_back_to_before_the_cell() -> (County, TestPhone, [Change; 3], Receipt) {
    let mut county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(MINUTE);
    county.account("worker-a", Role::Worker, &[], &[cell(1), cell(2)]);
    let home = worker.new_home(&cell(2));
    worker.push_all(&home);
    let receipt = worker.round(Vec::new()).receipt.unwrap();
    county.world.pass(HOUR);
    county.put_back(&backup);
    worker.hub = std::sync::Arc::clone(&county.hub);
    worker.refresh();
    (county, worker, home, receipt)
}

fn with_receipts(worker: &mut TestPhone, push: &[Change], receipts: &[Receipt]) -> ExchangeAnswer {
    let request = ExchangeRequest { lost_receipts: receipts.to_vec(), ..worker.request(push.to_vec()) };
    worker.hub.exchange(&worker.phone(), &request).unwrap()
}

fn of_kind<'p>(page: &'p FeedPage, kind: &Kind) -> &'p Record {
    page.records.iter().find(|record| record.kind == *kind).unwrap()
}

/// A county in which, since the backup, the desk approved a visit, named the cell and ordered an evacuation; put back. With what the
/// worker's phone was sent of it.
fn put_back() -> (County, TestPhone, FeedPage) {
    let mut county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let home = worker.new_home(&cell(1));
    let visit = worker.visit(home[1].id, &cell(1));
    worker.push_all(&home);
    worker.push_all(std::slice::from_ref(&visit));
    let boss = county.supervisor("boss", "610722001001");
    let mut boss_phone =
        county.phone_of(&county.account("boss-phone", Role::Supervisor, &["610722001001"], &[cell(1)]));
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(MINUTE);
    let version = county.stored(visit.id).unwrap().record.version();
    let (seen, verdict) = (domain::review::ReviewState::Waiting, ReviewVerdict::Approved);
    let (remarks, note) = (Default::default(), None);
    county.hub.review(&boss, &ReviewOf { id: visit.id, version, seen, verdict, remarks, note }).unwrap();
    let point = boss_phone.new_record(Kind::HazardPoint, &cell(1), json!({"name": "后坡", "hazard_kind": "landslide"}));
    let listed = json!([{"person": home[2].id, "household": home[1].id, "point": point.id, "name": "张三"}]);
    let order = json!({"reason": "强降雨", "level": "red", "drill": false, "points": [point.id],
        "ordered_at": crate::common::START, "by": boss_phone.account(), "roster": listed});
    let order = boss_phone.new_record(Kind::Evacuation, &cell(1), order);
    boss_phone.push_all(&[point, order]);
    let page = worker.round(Vec::new()).pages.remove(0);
    county.world.pass(HOUR);
    county.put_back(&backup);
    worker.hub = std::sync::Arc::clone(&county.hub);
    worker.refresh();
    (county, worker, page)
}

fn refused_as(verdict: &Verdict, code: ProblemCode) -> bool {
    matches!(verdict, Verdict::Refused(refusal) if refusal.code == code)
}

#[test]
fn what_was_written_at_the_desk_since_the_backup_comes_back_from_a_worker_s_phone() {
    let (county, mut worker, page) = put_back();
    let (review, order, point) =
        (of_kind(&page, &Kind::Review), of_kind(&page, &Kind::Evacuation), of_kind(&page, &Kind::HazardPoint));
    assert!(county.stored(review.id).is_none() && county.stored(order.id).is_none(), "the backup knows of neither");
    let verdicts = worker.bring(&[review, point, order], &page.proofs);
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Accepted), "{verdicts:?}");
    for record in [review, order] {
        assert_eq!(county.stored(record.id).unwrap().record, *record, "exactly as it was");
    }
    let target = review.reference("target").unwrap();
    assert_eq!(county.stored(target).unwrap().state, domain::review::ReviewState::Approved, "and it counts");
    // Once more, as after a lost answer.
    assert_eq!(worker.bring(&[review], &page.proofs), [Verdict::Accepted]);
}

#[test]
fn without_its_very_proof_nothing_of_the_desk_s_is_believed() {
    let (county, mut worker, page) = put_back();
    let review = of_kind(&page, &Kind::Review);
    let proof = page.proofs[&review.id].clone();
    let of_another = page.proofs[&of_kind(&page, &Kind::Evacuation).id].clone();
    let with = |proof: Proof| Proofs::from([(review.id, proof)]);
    let forged = [
        Proofs::new(),
        with(of_another),
        with(Proof(String::new())),
        with(Proof("A".repeat(43))),
        with(Proof(proof.0[..20].to_owned())),
        with(Proof("不是凭证".repeat(1_000))),
    ];
    for proofs in forged {
        assert!(refused_as(&worker.bring(&[review], &proofs)[0], ProblemCode::NotAllowed), "{proofs:?}");
    }
    // Every word of it counts: what was returned, of which visit, when, in which cell.
    let other = |change: &dyn Fn(&mut Record)| {
        let mut record = review.clone();
        change(&mut record);
        record
    };
    let changed = [
        other(&|record| record.fields.extend([("verdict".to_owned(), json!("returned"))])),
        other(&|record| record.fields.extend([("note".to_owned(), json!("改过"))])),
        other(&|record| record.stamps = domain::Stamps::all(record.latest())),
        other(&|record| record.id = of_kind(&page, &Kind::Evacuation).id),
    ];
    for record in changed.iter().filter(|record| *record != review) {
        let proofs = Proofs::from([(record.id, proof.clone())]);
        assert!(refused_as(&worker.bring(&[record], &proofs)[0], ProblemCode::NotAllowed), "{record:?}");
    }
    assert!(county.stored(review.id).is_none());
}

#[test]
fn the_proof_of_another_server_is_none() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let mut boss = county.phone_of(&county.account("boss-phone", Role::Supervisor, &["610722001001"], &[cell(1)]));
    let home = worker.new_home(&cell(1));
    worker.push_all(&home);
    let visit = worker.visit(home[1].id, &cell(1));
    worker.push_all(std::slice::from_ref(&visit));
    let page = boss.round(Vec::new()).pages.remove(0);
    let (sent, proof) = (of_kind(&page, &Kind::Visit), &page.proofs[&visit.id]);
    let other = County::new();
    let mut elsewhere = other.phone_of(&other.account("boss-phone", Role::Supervisor, &["610722001001"], &[cell(1)]));
    let proofs = Proofs::from([(visit.id, proof.clone())]);
    assert!(refused_as(&elsewhere.bring(&[sent], &proofs)[0], ProblemCode::NotAllowed));
}

#[test]
fn only_what_a_phone_may_not_write_and_sees_whole_comes_with_a_proof() {
    let (county, mut worker, page) = put_back();
    let proven: Vec<&Kind> =
        page.records.iter().filter(|record| page.proofs.contains_key(&record.id)).map(|record| &record.kind).collect();
    assert_eq!(proven, [&Kind::Review, &Kind::Evacuation]);
    assert_eq!(page.proofs.len(), 2, "and nothing else is named");
    worker.bring(&page.records.iter().collect::<Vec<_>>(), &page.proofs);
    let mut informant = county.phone_of(&county.account("informant-a", Role::Informant, &[], &[cell(1)]));
    assert!(informant.round(Vec::new()).pages[0].proofs.is_empty());
}

#[test]
fn a_leader_s_phone_brings_back_to_a_server_that_knows_a_worker_what_a_worker_may_not_write() {
    let mut county = County::new();
    let mut leader = county.worker("leader-a", &[cell(1)]);
    let mut boss = county.phone_of(&county.account("boss-phone", Role::Supervisor, &["610722001001"], &[cell(1)]));
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(MINUTE);
    county.account("leader-a", Role::Supervisor, &["610722001001"], &[cell(1)]);
    let task = json!({"title": "查燃气", "purpose": "safety", "at": crate::common::START, "by": boss.account()});
    let task = boss.new_record(Kind::Task, &cell(1), task);
    let home = boss.new_home(&cell(1));
    boss.push_all(&[task]);
    boss.push_all(&home);
    let page = leader.round(Vec::new()).pages.remove(0);
    let task = of_kind(&page, &Kind::Task);
    assert_eq!(page.proofs.keys().collect::<Vec<_>>(), [&task.id], "of what a worker may write too there is none");
    county.world.pass(MINUTE);
    county.put_back(&backup);
    leader.hub = std::sync::Arc::clone(&county.hub);
    leader.refresh();
    assert_eq!(leader.phone().actor.role, Role::Worker, "nobody has said so to this database");
    assert!(refused_as(&leader.bring(&[task], &Proofs::new())[0], ProblemCode::NotAllowed));
    assert_eq!(leader.bring(&[task], &page.proofs), [Verdict::Accepted]);
    assert_eq!(county.stored(task.id).unwrap().record, *task, "exactly as it was");
}

#[test]
fn what_was_written_in_a_cell_that_the_backup_gives_to_somebody_else_comes_back_with_a_receipt() {
    let (county, mut worker, home, receipt) = put_back_to_before_the_cell();
    let answer = with_receipts(&mut worker, &home, &[]);
    assert!(answer.verdicts.iter().all(|verdict| refused_as(verdict, ProblemCode::ForeignCell)), "nobody knows");
    // With a word that was written since, by somebody who has not heard of the restore yet.
    county.world.pass(MINUTE);
    let since = worker.change(Kind::Household, home[1].id, &cell(2), json!({"access_note": "后门"}));
    let [dwelling, household, person] = home;
    let push = [dwelling, household, person, since];
    let answer = with_receipts(&mut worker, &push, std::slice::from_ref(&receipt));
    assert!(answer.verdicts.iter().all(|verdict| *verdict == Verdict::Accepted), "{:?}", answer.verdicts);
    assert_eq!(county.stored(push[1].id).unwrap().record.text("access_note"), Some("后门"));
    assert_eq!(answer.cells, [cell(1)], "whose the cell is, the desk decides");
    assert!(answer.pages.iter().all(|page| page.cell == cell(1)), "and nothing of it is sent");
    assert_eq!(with_receipts(&mut worker, &push, std::slice::from_ref(&receipt)).verdicts, answer.verdicts, "again");
    assert_eq!(worker.refused(&push[3]), ProblemCode::ForeignCell, "without the receipt nothing counts");
}

#[test]
fn somebody_who_had_moved_into_such_a_cell_comes_back_there() {
    let (county, mut worker, home, receipt) = put_back_to_before_the_cell();
    let mut moved = home[2].clone();
    moved.fields.insert("cell".into(), json!(cell(2)));
    let push = [home[0].clone(), home[1].clone(), moved];
    let answer = with_receipts(&mut worker, &push, &[receipt]);
    assert!(answer.verdicts.iter().all(|verdict| *verdict == Verdict::Accepted), "{:?}", answer.verdicts);
    assert_eq!(county.stored(home[2].id).unwrap().record.cell, cell(2));
}

#[test]
fn a_receipt_proves_nothing_to_anybody_else_nor_of_another_time() {
    let refused = |answer: ExchangeAnswer| {
        assert!(answer.verdicts.iter().all(|verdict| refused_as(verdict, ProblemCode::ForeignCell)));
        assert!(
            answer.verdicts.iter().all(|verdict| matches!(verdict, Verdict::Refused(told) if told.current.is_none()))
        );
    };
    let (county, mut worker, home, receipt) = put_back_to_before_the_cell();
    let forged =
        Receipt { statement: receipt.statement.replace(cell(1).as_str(), cell(3).as_str()), ..receipt.clone() };
    refused(with_receipts(&mut worker, &home, &[forged]));
    let mut colleague = county.worker("worker-b", &[cell(1)]);
    refused(with_receipts(&mut colleague, &home, std::slice::from_ref(&receipt)));
    // The present database knows by itself who holds what.
    county.account("worker-b", Role::Worker, &[], &[cell(1), cell(2)]);
    let of_today = colleague.round(Vec::new()).receipt.unwrap();
    county.account("worker-b", Role::Worker, &[], &[cell(1)]);
    county.world.pass(10 * MINUTE);
    let late = colleague.new_home(&cell(2));
    refused(with_receipts(&mut colleague, &late, &[of_today]));
    // After half a year nobody has been out of reach.
    for _ in 0..2 {
        county.world.pass(91 * 24 * HOUR);
        worker.refresh();
    }
    refused(with_receipts(&mut worker, &home, &[receipt]));
}

#[test]
fn a_cell_that_was_given_away_before_the_backup_is_not_held_by_an_earlier_receipt() {
    let mut county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1), cell(2)]);
    let early = worker.round(Vec::new()).receipt.unwrap();
    county.world.pass(MINUTE);
    county.account("worker-a", Role::Worker, &[], &[cell(1)]);
    county.world.pass(HOUR);
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    county.put_back(&backup);
    worker.hub = std::sync::Arc::clone(&county.hub);
    worker.refresh();
    let late = worker.new_home(&cell(2));
    let answer = with_receipts(&mut worker, &late, &[early]);
    assert!(answer.verdicts.iter().all(|verdict| refused_as(verdict, ProblemCode::ForeignCell)));
}
