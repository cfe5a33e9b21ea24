//! Departments in the loop: who has an incident, who may do what, what came of it.

use super::*;
use crate::ids::{AccountId, Scope};
use crate::scope::Actor;

const HOUSING: &str = "12";
const STREETS: &str = "20";

fn told(steps: &[(&str, Value)]) -> Vec<Record> {
    let made = |(n, (action, more)): (usize, &(&str, Value))| {
        step(100 + n as u128, 1 + n as i64, "somebody", action, more.clone())
    };
    steps.iter().enumerate().map(made).collect()
}

fn stood(steps: &[(&str, Value)]) -> Progress {
    fold(&incident(3), &told(steps), &Lists::initial())
}

fn to(departments: &[&str]) -> Value {
    json!({"departments": departments})
}

fn actor(role: Role, department: Option<&str>) -> Actor {
    Actor {
        account: AccountId::new("somebody-else").unwrap(),
        role,
        scopes: vec![Scope::new("610722").unwrap()],
        department: department.map(str::to_owned),
    }
}

fn may_do(progress: &Progress, department: &str, now: Millis) -> Vec<&'static str> {
    let incident = Incident::from(&incident(3));
    acts(&actor(Role::Handler, Some(department)), &incident, progress, now)
}

#[test]
fn a_department_has_what_was_dispatched_to_it_and_no_other_sees_it() {
    let progress = stood(&[("accept", json!({})), ("dispatch", to(&[HOUSING]))]);
    assert_eq!(progress.departments, [HOUSING]);
    assert_eq!(may_do(&progress, HOUSING, START + 3 * HOUR), ["sign", "refuse", "result", "ask_extension"]);
    assert!(may_do(&progress, STREETS, START + 3 * HOUR).is_empty());
    assert!(!sees(&actor(Role::Handler, None), &progress.departments));
    let again = stood(&[("accept", json!({})), ("dispatch", to(&[HOUSING])), ("dispatch", to(&[STREETS]))]);
    assert_eq!(again.departments, [STREETS]);
    assert!(may_do(&again, HOUSING, START + 4 * HOUR).is_empty());
}

#[test]
fn steps_of_before_there_were_codes_name_departments_in_words() {
    let progress = stood(&[
        ("accept", json!({})),
        ("dispatch", json!({"to": "住建局、城管局、某单位"})),
        ("sign", json!({"from": "城管局"})),
    ]);
    assert_eq!(progress.departments, [HOUSING, STREETS]);
    assert_eq!(progress.tenures[0].answered_at, None);
    assert_eq!(progress.tenures[1].answered_at, Some(START + 3 * HOUR));
}

#[test]
fn a_department_can_refuse_for_one_workday_and_not_longer() {
    let progress = stood(&[("accept", json!({})), ("dispatch", to(&[HOUSING]))]);
    // Dispatched on Wednesday: to the end of Thursday.
    let end = START + 38 * HOUR - 60_000;
    assert!(may_do(&progress, HOUSING, end).contains(&"refuse"));
    assert!(!may_do(&progress, HOUSING, end + 1).contains(&"refuse"));
    let late = step(102, 60, "unit", "refuse", to(&[HOUSING]));
    let mut steps = told(&[("accept", json!({})), ("dispatch", to(&[HOUSING]))]);
    steps.push(late);
    let progress = fold(&incident(3), &steps, &Lists::initial());
    assert!(progress.steps[2].late);
    assert_eq!(progress.departments, [HOUSING]);
}

#[test]
fn one_of_several_refuses_and_the_others_keep_it_with_a_lead() {
    let progress = stood(&[
        ("accept", json!({})),
        ("dispatch", to(&[HOUSING, STREETS])),
        ("sign", to(&[HOUSING])),
        ("refuse", to(&[STREETS])),
    ]);
    assert_eq!((progress.stage, progress.departments.as_slice()), (Stage::Handle, &[HOUSING.to_owned()][..]));
    assert!(progress.tenures[1].refused_at.is_some() && !progress.tenures[1].current);
    let all = stood(&[("accept", json!({})), ("dispatch", to(&[HOUSING])), ("refuse", to(&[HOUSING]))]);
    assert_eq!((all.stage, all.state, all.departments.len()), (Stage::Dispatch, IncidentState::Refused, 0));
}

#[test]
fn a_whistle_calls_departments_together_and_only_the_lead_gives_the_result() {
    let called = [
        ("accept", json!({})),
        ("dispatch", to(&[HOUSING])),
        ("whistle", json!({"departments": [STREETS, HOUSING], "level": 2, "due": START + DAY})),
        ("arrive", to(&[HOUSING])),
    ];
    let progress = stood(&called);
    assert_eq!(
        (progress.departments.as_slice(), progress.level),
        (&[STREETS.to_owned(), HOUSING.to_owned()][..], Some(2))
    );
    assert_eq!(may_do(&progress, HOUSING, START + 6 * HOUR), Vec::<&str>::new());
    assert_eq!(may_do(&progress, STREETS, START + 6 * HOUR), ["result", "ask_extension", "arrive"]);
    let mut steps = told(&called);
    steps.push(step(110, 6, "unit", "result", to(&[HOUSING])));
    assert!(fold(&incident(3), &steps, &Lists::initial()).steps[4].late);
    steps.push(step(111, 7, "unit", "result", to(&[STREETS])));
    assert_eq!(fold(&incident(3), &steps, &Lists::initial()).state, IncidentState::Resulted);
}

#[test]
fn the_community_rates_a_department_once_after_closing_and_never_before() {
    let way = [
        ("accept", json!({})),
        ("dispatch", to(&[HOUSING])),
        ("sign", to(&[HOUSING])),
        ("result", to(&[HOUSING])),
        ("pass", json!({})),
        ("rate", json!({"departments": [HOUSING], "rating": "satisfied"})),
        ("close", json!({})),
        ("rate", json!({"departments": [HOUSING], "rating": "fairly"})),
        ("rate", json!({"departments": [STREETS], "rating": "satisfied"})),
        ("rate", json!({"departments": [HOUSING], "rating": "satisfied"})),
    ];
    let progress = stood(&way);
    let late: Vec<bool> = progress.steps.iter().map(|step| step.late).collect();
    assert_eq!(late[5..], [true, false, false, true, true]);
    assert_eq!(progress.tenures[0].rating.as_deref(), Some("fairly"));
    assert!(progress.tenures[0].is_solved_in_time());
    let boss = actor(Role::Supervisor, None);
    let acts = |progress: &Progress| acts(&boss, &Incident::from(&incident(3)), progress, START + DAY);
    assert_eq!(acts(&stood(&way[..7])), ["rate", "reopen"]);
    assert_eq!(acts(&progress), ["reopen"]);
}

#[test]
fn what_was_taken_up_again_was_not_solved() {
    let mut way =
        vec![("accept", json!({})), ("dispatch", to(&[HOUSING])), ("result", to(&[HOUSING])), ("pass", json!({}))];
    assert!(stood(&way).tenures[0].is_solved());
    way.push(("reopen", json!({})));
    let reopened = stood(&way);
    assert!(!reopened.tenures[0].is_solved() && reopened.departments.is_empty());
    way.extend([("dispatch", to(&[HOUSING])), ("result", to(&[HOUSING])), ("pass", json!({}))]);
    let solved: Vec<bool> = stood(&way).tenures.iter().map(Tenure::is_solved).collect();
    assert_eq!(solved, [false, true]);
}

#[test]
fn an_answer_is_in_time_until_the_end_of_the_next_workday() {
    let given = stood(&[("accept", json!({})), ("dispatch", to(&[HOUSING]))]);
    let tenure = &given.tenures[0];
    assert_eq!(tenure.answered_in_time(START + 10 * HOUR), None);
    assert_eq!(tenure.answered_in_time(START + 39 * HOUR), Some(false));
    let signed = stood(&[("accept", json!({})), ("dispatch", to(&[HOUSING])), ("sign", json!({}))]);
    assert_eq!(signed.tenures[0].answered_in_time(START + 39 * HOUR), Some(true));
}
