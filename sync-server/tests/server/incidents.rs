//! Steps of an incident: who may take which, and what the server keeps although it came late.

use domain::codes::Lists;
use domain::incident::{IncidentState, Stage, fold, stage_of};
use domain::scope::Role;
use domain::{AccountId, Change, Kind, ProblemCode, Record, RecordId, World as _};
use serde_json::json;
use sync_server::hub::incidents::{StepWish, Words};

use crate::common::{County, HOUR, MINUTE, PASSWORD, TestPhone, cell};

fn step(phone: &mut TestPhone, incident: RecordId, action: &str) -> Change {
    step_in(phone, 1, incident, action)
}

fn step_in(phone: &mut TestPhone, number: u32, incident: RecordId, action: &str) -> Change {
    let (by, at) = (phone.account(), phone.world.now());
    let stage = stage_of(action).unwrap().code();
    let fields = json!({"incident": incident, "step": stage, "action": action, "at": at, "by": by});
    phone.new_record(Kind::IncidentStep, &cell(number), fields)
}

/// A phone of the supervisor of the village, who may also stand in the stairwell.
fn boss(county: &County, name: &str) -> TestPhone {
    county.account(name, Role::Supervisor, &["610722001001"], &[cell(1)]);
    county.phone_of(&AccountId::new(name).unwrap())
}

fn stands(county: &County, incident: RecordId, steps: &[Change]) -> (Stage, IncidentState) {
    let records: Vec<Record> = steps.iter().map(|step| county.stored(step.id).unwrap().record).collect();
    let incident = county.stored(incident).unwrap().record;
    let progress = fold(&incident, &records, &Lists::initial());
    (progress.stage, progress.state)
}

#[test]
fn a_worker_solves_and_checks_and_is_refused_what_is_the_supervisor_s() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let incident = worker.new_incident(&cell(1));
    worker.push_all(std::slice::from_ref(&incident));
    for action in
        ["accept", "return", "merge", "decline", "dispatch", "extend", "whistle", "urge", "reopen", "close", "result"]
    {
        let refused = step(&mut worker, incident.id, action);
        assert_eq!(worker.refused(&refused), ProblemCode::NotAllowed, "{action}");
        assert!(county.stored(refused.id).is_none());
    }
    for action in ["report", "solve", "pass", "fail"] {
        let taken = step(&mut worker, incident.id, action);
        worker.push_all(&[taken]);
    }
}

#[test]
fn the_whole_loop_goes_through_the_server_from_two_phones() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let mut boss = boss(&county, "boss-1");
    let incident = worker.new_incident(&cell(1));
    worker.push_all(std::slice::from_ref(&incident));
    let mut steps = Vec::new();
    for action in ["accept", "dispatch", "sign", "result"] {
        county.world.pass(MINUTE);
        let taken = step(&mut boss, incident.id, action);
        boss.push_all(std::slice::from_ref(&taken));
        steps.push(taken);
    }
    assert_eq!(stands(&county, incident.id, &steps), (Stage::Verify, IncidentState::Resulted));
    county.world.pass(MINUTE);
    let mut check = step(&mut worker, incident.id, "pass");
    check.fields.insert("answers".into(), json!(steps[3].id));
    worker.push_all(std::slice::from_ref(&check));
    steps.push(check);
    assert_eq!(stands(&county, incident.id, &steps), (Stage::Close, IncidentState::Passed));
}

#[test]
fn a_check_that_comes_too_late_is_kept() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let mut boss = boss(&county, "boss-1");
    let incident = worker.new_incident(&cell(1));
    worker.push_all(std::slice::from_ref(&incident));
    let mut steps = Vec::new();
    for action in ["accept", "dispatch", "result", "pass", "close", "reopen"] {
        county.world.pass(MINUTE);
        let taken = step(&mut boss, incident.id, action);
        boss.push_all(std::slice::from_ref(&taken));
        steps.push(taken);
    }
    county.world.pass(MINUTE);
    let late = step(&mut worker, incident.id, "pass");
    worker.push_all(std::slice::from_ref(&late));
    steps.push(late);
    assert_eq!(stands(&county, incident.id, &steps), (Stage::Dispatch, IncidentState::Reopened));
}

#[test]
fn an_errand_s_result_is_taken_from_the_worker_who_runs_it_in_the_same_push_too() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let mut other = county.worker("worker-b", &[cell(1)]);
    let mut incident = worker.new_incident(&cell(1));
    incident.fields.insert("on_behalf".into(), json!(true));
    let done = step(&mut worker, incident.id, "result");
    worker.push_all(&[incident.clone(), done]);
    let foreign = step(&mut other, incident.id, "result");
    assert_eq!(other.refused(&foreign), ProblemCode::NotAllowed);
}

#[test]
fn an_informant_takes_no_step_and_nobody_takes_one_in_another_s_name() {
    let county = County::new();
    let mut informant = county.phone_of(&county.account("informant-a", Role::Informant, &[], &[cell(1)]));
    let mut worker = county.worker("worker-a", &[cell(1)]);
    boss(&county, "boss-1");
    let incident = informant.new_incident(&cell(1));
    informant.push_all(std::slice::from_ref(&incident));
    let solved = step(&mut informant, incident.id, "solve");
    assert_eq!(informant.refused(&solved), ProblemCode::NotAllowed);
    let mut forged = step(&mut worker, incident.id, "close");
    forged.fields.insert("by".into(), json!("boss-1"));
    assert_eq!(worker.refused(&forged), ProblemCode::OtherAuthor);
}

#[test]
fn a_step_of_an_incident_that_nobody_knows_is_refused() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let nowhere = worker.world.record_id();
    let lost = step(&mut worker, nowhere, "pass");
    assert_eq!(worker.refused(&lost), ProblemCode::MissingTarget);
}

#[test]
fn after_a_restore_a_worker_s_phone_brings_back_what_the_supervisor_did_and_nothing_newer() {
    let mut county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let mut boss = boss(&county, "boss-1");
    let incident = worker.new_incident(&cell(1));
    worker.push_all(std::slice::from_ref(&incident));
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(MINUTE);
    let accepted = step(&mut boss, incident.id, "accept");
    boss.push_all(std::slice::from_ref(&accepted));
    county.world.pass(HOUR);
    county.put_back(&backup);
    worker.hub = std::sync::Arc::clone(&county.hub);
    worker.refresh();
    worker.push_all(std::slice::from_ref(&accepted));
    assert_eq!(county.stored(accepted.id).unwrap().record.text("by"), Some("boss-1"));
    // In the own name it stays the supervisor's, whenever it was written.
    let own = step(&mut worker, incident.id, "accept");
    assert_eq!(worker.refused(&own), ProblemCode::NotAllowed);
    county.world.pass(HOUR + MINUTE);
    worker.refresh();
    let mut forged = step(&mut worker, incident.id, "close");
    forged.fields.insert("by".into(), json!("boss-1"));
    assert_eq!(worker.refused(&forged), ProblemCode::OtherAuthor);
}

/// Two incidents with a result each in the second cell, which is merged into the first one then: the results stay behind. With the phone of
/// a worker who holds both.
fn merged_with_results() -> (County, TestPhone, [(RecordId, RecordId); 2]) {
    let county = crate::accounts::county();
    let mut worker = county.worker("worker-a", &[cell(1), cell(2)]);
    county.account("boss-1", Role::Supervisor, &["610722001001"], &[cell(2)]);
    let mut boss = county.phone_of(&AccountId::new("boss-1").unwrap());
    let both = [(); 2].map(|()| {
        let incident = worker.new_incident(&cell(2));
        worker.push_all(std::slice::from_ref(&incident));
        let steps = ["accept", "dispatch", "result"].map(|action| {
            county.world.pass(MINUTE);
            step_in(&mut boss, 2, incident.id, action)
        });
        boss.push_all(&steps);
        (incident.id, steps[2].id)
    });
    county.account("admin-1", Role::Admin, &["610722"], &[]);
    let admin = county.hub.sign_in("admin-1", PASSWORD).unwrap().desk;
    county.hub.merge_cell(&admin.actor, &cell(2), &cell(1)).unwrap();
    county.world.pass(MINUTE);
    (county, worker, both)
}

#[test]
fn a_result_that_stayed_behind_when_its_incident_moved_is_checked_where_the_incident_lies_now() {
    let (county, mut worker, [(incident, result), (at_desk, _)]) = merged_with_results();
    assert_eq!(county.stored(incident).unwrap().record.cell, cell(1));
    assert_eq!(county.stored(result).unwrap().record.cell, cell(2), "what was done there stays written there");
    let mut check = step(&mut worker, incident, "pass");
    check.fields.insert("answers".into(), json!(result));
    worker.push_all(&[check]);
    let boss = county.hub.sign_in("boss-1", PASSWORD).unwrap().desk;
    let seen = county.hub.incident(&boss.actor, at_desk).unwrap().mark();
    let id = worker.world.record_id();
    let wish = StepWish { id, seen, action: "pass".to_owned(), words: Words::default() };
    county.hub.take_step(&boss, at_desk, &wish).unwrap();
    for incident in [incident, at_desk] {
        let progress = county.hub.incident(&boss.actor, incident).unwrap().progress;
        assert_eq!((progress.stage, progress.state), (Stage::Close, IncidentState::Passed));
    }
}

#[test]
fn a_check_names_no_result_of_another_incident_in_another_cell() {
    let (_county, mut worker, [(incident, _), (_, foreign)]) = merged_with_results();
    let mut check = step(&mut worker, incident, "pass");
    check.fields.insert("answers".into(), json!(foreign));
    assert_eq!(worker.refused(&check), ProblemCode::MissingTarget);
}
