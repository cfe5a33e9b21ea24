//! The loop told in sentences, and what holds for any story.

mod departments;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::codes::{CodeList, codes};
use crate::scope::Role;
use crate::{CellCode, Kind, Node, Stamps};

const HOUR: Millis = 60 * 60 * 1000;
const DAY: Millis = 24 * HOUR;
/// Wednesday 2026-11-25, 10:00 in China.
const START: Millis = 1_795_572_000_000;
const INCIDENT: u128 = 1;

fn record(kind: Kind, id: u128, at: Millis, fields: Value) -> Record {
    Record {
        id: RecordId(Uuid::from_u128(id)),
        kind,
        cell: CellCode::new("610722001001001").unwrap(),
        fields: serde_json::from_value(fields).unwrap(),
        stamps: Stamps { common: Stamp::new(at, 0, Node(1)), except: BTreeMap::new() },
    }
}

fn incident(severity: i64) -> Record {
    let fields =
        json!({"category": "0601", "severity": severity, "title": "井盖破损", "happened_at": START, "by": "worker-1"});
    record(Kind::Incident, INCIDENT, START, fields)
}

fn errand() -> Record {
    let mut errand = incident(3);
    errand.fields.insert("on_behalf".into(), json!(true));
    errand
}

/// A step, so many hours after the report.
fn step(id: u128, hours: i64, by: &str, action: &str, more: Value) -> Record {
    let at = START + hours * HOUR;
    let stage = stage_of(action).unwrap_or(Stage::Accept).code();
    let incident = RecordId(Uuid::from_u128(INCIDENT));
    let mut fields = json!({"incident": incident, "step": stage, "action": action, "at": at, "by": by});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record(Kind::IncidentStep, id, at, fields)
}

/// Actions an hour apart, as if by whoever may do them.
fn story(actions: &[&str]) -> Vec<Record> {
    let told =
        |(n, action): (usize, &&str)| step(100 + n as u128, 1 + n as i64, "somebody", action, json!({"to": "城管局"}));
    actions.iter().enumerate().map(told).collect()
}

fn after(actions: &[&str]) -> Progress {
    fold(&incident(3), &story(actions), &Lists::initial())
}

fn stands(progress: &Progress) -> (Stage, IncidentState, Turn) {
    (progress.stage, progress.state, progress.turn)
}

const TO_VERIFY: [&str; 4] = ["accept", "dispatch", "sign", "result"];

#[test]
fn an_incident_without_steps_was_reported_and_waits_for_the_supervisor() {
    let progress = after(&[]);
    assert_eq!(stands(&progress), (Stage::Accept, IncidentState::Reported, Turn::Supervisor));
    // One workday: the end of Thursday.
    assert_eq!(progress.due, Some(Due { at: START + 38 * HOUR - 60_000, announced: true }));
    assert!(!progress.is_overdue(START + 37 * HOUR) && progress.is_overdue(START + 38 * HOUR));
}

#[test]
fn the_seven_steps_lead_from_the_report_to_the_archive() {
    let way = [
        ("accept", Stage::Dispatch, IncidentState::Accepted, Turn::Supervisor),
        ("dispatch", Stage::Handle, IncidentState::Dispatched, Turn::Unit),
        ("sign", Stage::Handle, IncidentState::Signed, Turn::Unit),
        ("whistle", Stage::Coordinate, IncidentState::Coordinated, Turn::Unit),
        ("arrive", Stage::Coordinate, IncidentState::Coordinated, Turn::Unit),
        ("result", Stage::Verify, IncidentState::Resulted, Turn::Worker),
        ("pass", Stage::Close, IncidentState::Passed, Turn::Supervisor),
        ("close", Stage::Close, IncidentState::Closed, Turn::Nobody),
    ];
    for n in 1..=way.len() {
        let actions: Vec<&str> = way[..n].iter().map(|(action, ..)| *action).collect();
        let progress = after(&actions);
        let (_, stage, state, turn) = way[n - 1];
        assert_eq!(stands(&progress), (stage, state, turn), "{actions:?}");
        assert!(progress.steps.iter().all(|step| !step.late), "{actions:?}");
        assert_eq!(progress.ended, n == way.len());
    }
    assert_eq!(after(&["accept", "dispatch"]).unit.as_deref(), Some("城管局"));
}

#[test]
fn to_which_step_an_action_belongs_is_told_by_the_action_whatever_its_record_says() {
    let says_another = |mut step: Record| {
        step.fields.insert("step".into(), json!("close"));
        step
    };
    let others: Vec<Record> = story(&TO_VERIFY).into_iter().map(says_another).collect();
    assert_eq!(fold(&incident(3), &others, &Lists::initial()), after(&TO_VERIFY));
}

#[test]
fn what_was_returned_is_its_reporter_s_and_what_was_merged_or_declined_is_over() {
    let returned = after(&["return"]);
    assert_eq!(stands(&returned), (Stage::Draft, IncidentState::Returned, Turn::Worker));
    assert_eq!(returned.due, None);
    assert_eq!(after(&["return", "report"]).state, IncidentState::Reported);
    assert_eq!(after(&["return", "accept"]).state, IncidentState::Accepted);
    let merged = after(&["merge"]);
    assert_eq!(
        (merged.state, merged.ended, merged.merged_into.as_deref()),
        (IncidentState::Merged, true, Some("城管局"))
    );
    let declined = after(&["decline"]);
    assert_eq!((declined.state, declined.turn), (IncidentState::Declined, Turn::Nobody));
}

#[test]
fn solved_on_the_spot_waits_for_nothing_but_the_archive() {
    let solving = step(7, 0, "worker-1", "solve", json!({"opinion": "已清理"}));
    let solved = fold(&incident(3), [&solving], &Lists::initial());
    assert_eq!(stands(&solved), (Stage::Close, IncidentState::Solved, Turn::Supervisor));
    assert!(solved.solved_on_the_spot && !solved.ended);
    assert_eq!((solved.outcome.as_deref(), solved.due), (Some("已清理"), None));
}

#[test]
fn a_department_can_refuse_and_ask_once_for_more_time() {
    let refused = after(&["accept", "dispatch", "refuse"]);
    assert_eq!((refused.stage, refused.unit.as_deref()), (Stage::Dispatch, None));
    let until = START + 30 * DAY;
    let mut steps = story(&["accept", "dispatch", "ask_extension"]);
    assert!(fold(&incident(3), &steps, &Lists::initial()).extension_asked);
    steps.push(step(200, 10, "boss", "extend", json!({"due": until})));
    steps.push(step(201, 11, "unit", "ask_extension", json!({})));
    let extended = fold(&incident(3), &steps, &Lists::initial());
    assert_eq!(extended.due.unwrap().at, until);
    assert!(extended.extended && !extended.extension_asked && extended.steps[4].late);
    let denied = after(&["accept", "dispatch", "ask_extension", "deny_extension"]);
    assert!(!denied.extension_asked && !denied.extended);
}

#[test]
fn a_check_that_is_not_passed_gives_it_back_to_the_unit_and_the_next_result_is_checked_again() {
    let mut actions = TO_VERIFY.to_vec();
    actions.push("fail");
    let failed = after(&actions);
    assert_eq!(stands(&failed), (Stage::Handle, IncidentState::NotPassed, Turn::Unit));
    assert_eq!((failed.unit.as_deref(), failed.result), (Some("城管局"), None));
    actions.extend(["result", "pass"]);
    assert_eq!(after(&actions).state, IncidentState::Passed);
}

#[test]
fn a_check_of_an_incident_that_was_reopened_meanwhile_is_kept_and_late() {
    let mut actions = TO_VERIFY.to_vec();
    actions.extend(["pass", "close", "reopen", "pass"]);
    let reopened = after(&actions);
    assert_eq!(stands(&reopened), (Stage::Dispatch, IncidentState::Reopened, Turn::Supervisor));
    assert_eq!(reopened.reopened, 1);
    assert!(reopened.steps.last().unwrap().late);
    // Even when there is a new result by the time the old check arrives: it names the one that it judged.
    let mut steps = story(&["accept", "dispatch", "result", "pass", "close", "reopen", "result"]);
    let first_result = steps[2].id;
    steps.push(step(300, 20, "worker-1", "pass", json!({"answers": first_result})));
    let stale = fold(&incident(3), &steps, &Lists::initial());
    assert_eq!(stale.stage, Stage::Verify);
    assert!(stale.steps.last().unwrap().late);
    let second_result = steps[6].id;
    steps.push(step(301, 21, "worker-1", "pass", json!({"answers": second_result})));
    assert_eq!(fold(&incident(3), &steps, &Lists::initial()).state, IncidentState::Passed);
}

#[test]
fn of_two_who_accept_at_once_the_first_counts_and_the_other_is_told() {
    let first = step(11, 1, "boss-1", "accept", json!({}));
    let second = step(10, 2, "boss-2", "accept", json!({}));
    for steps in [[&first, &second], [&second, &first]] {
        let progress = fold(&incident(3), steps, &Lists::initial());
        let told: Vec<_> = progress.steps.iter().map(|step| (step.by.as_deref().unwrap(), step.late)).collect();
        assert_eq!(told, [("boss-1", false), ("boss-2", true)]);
    }
}

#[test]
fn each_severity_has_its_terms_and_a_dispatch_can_set_another() {
    let lists = Lists::initial();
    let due = |severity, steps: &[Record]| fold(&incident(severity), steps, &lists).due.unwrap().at - START;
    assert_eq!(due(1, &[]), HOUR / 2);
    assert_eq!(due(2, &[]), 4 * HOUR);
    let accepted = story(&["accept"]);
    assert_eq!(due(1, &accepted), 25 * HOUR);
    // Fifteen workdays after Wednesday: Wednesday three weeks later.
    assert_eq!(due(4, &accepted), 21 * DAY + 14 * HOUR - 60_000);
    let mut dispatched = accepted;
    dispatched.push(step(50, 3, "boss", "dispatch", json!({"to": "应急局", "due": START + 2 * DAY})));
    assert_eq!(due(4, &dispatched), 2 * DAY);
    assert_eq!(fold(&incident(9), &[], &lists).due, None);
}

#[test]
fn an_own_errand_is_done_by_the_worker_who_took_it_and_by_nobody_else() {
    let done = step(7, 1, "worker-1", "result", json!({"opinion": "已代缴"}));
    let progress = fold(&errand(), [&done], &Lists::initial());
    assert_eq!(stands(&progress), (Stage::Close, IncidentState::ErrandDone, Turn::Supervisor));
    let by_another = step(7, 1, "worker-2", "result", json!({}));
    assert!(fold(&errand(), [&by_another], &Lists::initial()).steps[0].late);
    assert!(fold(&incident(3), [&done], &Lists::initial()).steps[0].late);
}

#[test]
fn urging_marks_and_moves_nothing() {
    let urged = after(&["accept", "dispatch", "urge", "supervise"]);
    assert_eq!((urged.stage, urged.urged), (Stage::Handle, true));
    assert_eq!(urged.steps[3].stage, Stage::Supervise);
}

#[test]
fn an_action_of_a_newer_version_is_told_and_moves_nothing() {
    let progress = after(&["accept", "of_a_newer_version"]);
    assert_eq!((progress.stage, progress.steps[1].late), (Stage::Dispatch, true));
}

#[test]
fn the_table_names_every_action_of_the_list_and_no_other() {
    let listed = codes(CodeList::IncidentAction);
    for code in listed {
        assert!(RULES.iter().any(|rule| rule.action == code.code), "{}", code.code);
    }
    for rule in RULES {
        assert!(listed.iter().any(|code| code.code == rule.action), "{}", rule.action);
    }
    for stage in Stage::STEPS.iter().chain([&Stage::Draft]) {
        assert!(codes(CodeList::IncidentStage).iter().any(|code| code.code == stage.code()), "{stage:?}");
    }
}

#[test]
fn a_worker_reports_solves_and_checks_and_leaves_the_rest_to_the_supervisor() {
    let worker = |action: &str| may_ever(Role::Worker, false, action);
    let allowed: Vec<&str> = RULES.iter().map(|rule| rule.action).filter(|action| worker(action)).collect();
    assert_eq!(allowed, ["report", "solve", "pass", "fail"]);
    assert!(may_ever(Role::Worker, true, "result") && !may_ever(Role::Worker, true, "accept"));
    for rule in RULES {
        assert!(!may_ever(Role::Informant, true, rule.action) && !may_ever(Role::Auditor, true, rule.action));
        assert!(may_ever(Role::Supervisor, false, rule.action), "{}", rule.action);
    }
    assert!(may(Role::Worker, false, "pass", Stage::Verify, false));
    assert!(!may(Role::Worker, false, "pass", Stage::Handle, false));
    assert!(!may(Role::Supervisor, false, "close", Stage::Close, true));
    assert!(may(Role::Supervisor, false, "reopen", Stage::Close, true));
    assert!(!may(Role::Worker, false, "solve", Stage::Handle, false));
}

#[test]
fn the_way_tells_what_is_done_where_it_stands_and_what_is_to_come() {
    use Standing::{Current, Done, Skipped, ToCome};
    let seen = |actions: &[&str]| -> Vec<Standing> { way(&after(actions)).into_iter().map(|at| at.standing).collect() };
    assert_eq!(seen(&[]), [Done, Current, ToCome, ToCome, ToCome, ToCome, ToCome, ToCome]);
    assert_eq!(seen(&TO_VERIFY), [Done, Done, Done, Done, Skipped, Current, ToCome, ToCome]);
    assert_eq!(seen(&["accept", "dispatch", "urge"])[6], Done);
    assert_eq!(seen(&["solve"]), [Done, Skipped, Skipped, Skipped, Skipped, Skipped, Skipped, Current]);
    assert_eq!(seen(&["solve", "close"])[7], Done);
    assert_eq!(seen(&["return"])[..2], [Current, ToCome]);
    let mut again = TO_VERIFY.to_vec();
    again.extend(["pass", "close", "reopen"]);
    assert_eq!(seen(&again), [Done, Done, Current, ToCome, ToCome, ToCome, ToCome, ToCome]);
}

/// Any steps of any people: some at the same moment, some with the same id.
fn any_steps() -> impl Strategy<Value = Vec<Record>> {
    let one = (0u128..40, 0i64..12, 0..RULES.len(), 0..3usize, proptest::option::of(0u128..40));
    proptest::collection::vec(one, 0..25).prop_map(|all| {
        let mut steps: Vec<Record> = Vec::new();
        for (id, hours, rule, by, answers) in all {
            let answers = answers.map(|id| RecordId(Uuid::from_u128(1000 + id)));
            let by = ["worker-1", "worker-2", "boss"][by];
            let made = step(1000 + id, hours, by, RULES[rule].action, json!({"answers": answers, "to": "单位"}));
            // A record is append-only: the same id is the same step, once more.
            let same = steps.iter().find(|known| known.id == made.id).cloned();
            steps.push(same.unwrap_or(made));
        }
        steps
    })
}

proptest! {
    #[test]
    fn the_order_in_which_steps_arrive_and_steps_that_come_twice_make_no_difference(
        (steps, shuffled) in any_steps().prop_flat_map(|steps| (Just(steps.clone()), Just(steps).prop_shuffle()))
    ) {
        let lists = Lists::initial();
        for incident in [incident(3), errand()] {
            let whole = fold(&incident, &steps, &lists);
            prop_assert_eq!(&whole, &fold(&incident, &shuffled, &lists));
            prop_assert_eq!(&whole, &fold(&incident, steps.iter().chain(&shuffled), &lists));
        }
    }

    #[test]
    fn what_is_over_stays_over_unless_it_is_reopened(steps in any_steps(), later in any_steps()) {
        let lists = Lists::initial();
        let before = fold(&incident(3), &steps, &lists);
        prop_assume!(before.ended);
        let later: Vec<Record> = later.into_iter().enumerate().map(|(n, mut step)| {
            step.id = RecordId(Uuid::from_u128(9_000 + n as u128));
            step.stamps.common = step.stamps.common.shifted(100 * HOUR);
            step
        }).filter(|step| step.text("action") != Some("reopen")).collect();
        let now = fold(&incident(3), steps.iter().chain(&later), &lists);
        prop_assert!(now.ended);
        prop_assert_eq!((now.stage, now.state, now.reopened), (before.stage, before.state, before.reopened));
    }

    #[test]
    fn every_step_is_told_once_and_only_reopening_counts_as_reopened(steps in any_steps()) {
        let progress = fold(&incident(3), &steps, &Lists::initial());
        let mut ids: Vec<RecordId> = steps.iter().map(|step| step.id).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(progress.steps.len(), ids.len());
        let counted = |action: &str| progress.steps.iter().filter(|step| !step.late && step.action == action).count();
        prop_assert_eq!(progress.reopened as usize, counted("reopen"));
        prop_assert!(counted("accept") <= 1 + counted("return"));
        prop_assert_eq!(progress.ended, progress.turn == Turn::Nobody);
        prop_assert!(!progress.ended || progress.due.is_none());
    }
}
