//! The way of the demonstration's incidents through the seven steps: one of the first cell stands at every stage.

use domain::codes::Lists;
use domain::incident::stage_of;
use domain::{AccountId, Kind, RecordId};
use serde_json::json;

use super::chance::account;
use super::ledger::fields;
use super::{DAY, HANDLERS, Writing};

/// A step: what was done, to which departments it went, and the words to it.
type Told = (&'static str, &'static [&'static str], Option<&'static str>);

/// Code of the department that most incidents go to: it has an account at the desk.
const HOUSING: &str = "12";
/// Code of the other department with an account.
const STREETS: &str = "20";

const ACCEPT: Told = ("accept", &[], Some("情况属实，予以受理。"));
const DISPATCH: Told = ("dispatch", &[HOUSING], Some("请派人现场处理。"));
const SIGN: Told = ("sign", &[], None);
const RESULT: Told = ("result", &[], Some("已派维修人员到现场处理完毕，恢复正常。"));
const PASS: Told = ("pass", &[], Some("现场看过，已处理好。"));
const CLOSE: Told = ("close", &[], None);
const RATE: Told = ("rate", &[], None);

/// How far an incident of the demonstration has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// Through all steps.
    Closed,
    /// Solved by the worker on the spot, and archived.
    Solved,
    /// Accepted, not yet dispatched.
    ToDispatch,
    /// A department has it and has not answered yet.
    Dispatched,
    /// A department works on it and asks for more time.
    Asked,
    /// A department works on it.
    Handled,
    /// Several departments were called.
    Coordinated,
    /// There is a result that the worker should look at.
    ToVerify,
    /// The check was passed.
    Passed,
    /// Closed, and taken up again.
    Reopened,
    /// Sent back to its reporter.
    Returned,
}

impl Story {
    /// One of the first cell stands at every stage: the settled incidents in turn.
    pub(crate) fn of(index: usize) -> Story {
        use Story::{Closed, Coordinated, Handled, Passed, Reopened, Solved, ToDispatch, ToVerify};
        let stories = [ToVerify, Handled, ToDispatch, Coordinated, Passed, Solved, Reopened, Closed];
        stories[index % stories.len()]
    }

    /// Whether it is still under way, so that it was reported lately.
    pub(crate) fn is_recent(self) -> bool {
        !matches!(self, Story::Closed | Story::Solved)
    }

    /// In a cell that is not the first: one waits for its department, one for more time, the others are closed.
    pub(crate) fn of_others(index: usize) -> Story {
        [Story::Dispatched, Story::Asked].get(index).copied().unwrap_or(Story::Closed)
    }

    /// The department that it goes to.
    fn department(self, number: usize) -> &'static [&'static str] {
        let streets = matches!(self, Story::Dispatched) || (self == Story::Closed && number.is_multiple_of(2));
        if streets { &[STREETS] } else { &[HOUSING] }
    }

    fn steps(self) -> Vec<Told> {
        let mut steps = match self {
            Story::Solved => return vec![("solve", &[], Some("现场处置完毕，已拍照。")), CLOSE],
            Story::Returned => return vec![("return", &[], Some("请写清具体位置和现状。"))],
            Story::ToDispatch => return vec![ACCEPT],
            Story::Dispatched => return vec![ACCEPT, DISPATCH],
            _ => vec![ACCEPT, DISPATCH, SIGN],
        };
        match self {
            Story::Coordinated => {
                steps.push(("whistle", &[HOUSING, STREETS, "26"], Some("需要几家单位一起处理，限三日内销号。")));
                steps.push(("urge", &[], Some("请尽快到场。")));
            }
            Story::ToVerify => steps.push(RESULT),
            Story::Passed => steps.extend([RESULT, PASS]),
            Story::Asked => steps.push(("ask_extension", &[], Some("配件要从外地调，申请延长三个工作日。"))),
            Story::Closed => steps.extend([RESULT, PASS, CLOSE, RATE]),
            Story::Reopened => {
                steps.extend([RESULT, PASS, CLOSE, ("reopen", &[], Some("回访时居民反映又出现同样的问题。"))]);
            }
            _ => {}
        }
        steps
    }
}

/// Writes the steps of a story after a report, evenly over the days since, at most a day apart.
pub(crate) fn write(writing: &mut Writing<'_>, incident: RecordId, reported_at: i64, story: Story) {
    let steps = story.steps();
    let department = story.department(writing.incidents);
    let gap = ((writing.now - 60_000 - reported_at) / (steps.len() as i64 + 1)).min(DAY);
    let mut result = None;
    for (index, (action, to, opinion)) in steps.into_iter().enumerate() {
        let at = reported_at + gap * (index as i64 + 1);
        let departments = match action {
            "dispatch" | "sign" | "result" | "ask_extension" | "rate" => department,
            _ => to,
        };
        let by = match action {
            "pass" | "solve" => writing.people.workers[0].clone(),
            "sign" | "result" | "ask_extension" => handler_of(department),
            _ => writing.people.supervisor.clone(),
        };
        let stage = stage_of(action).expect("the demonstration takes steps of the table");
        let mut values = fields([
            ("incident", json!(incident)),
            ("step", json!(stage.code())),
            ("action", json!(action)),
            ("at", json!(at)),
            ("by", json!(by)),
        ]);
        let names = names_of(departments);
        let told = match action {
            "dispatch" | "whistle" => [("to", json!(names)), ("departments", json!(departments))],
            "sign" | "result" | "ask_extension" => [("from", json!(names)), ("departments", json!(departments))],
            "rate" => [("rating", json!(rating(writing.incidents))), ("departments", json!(departments))],
            _ => [("opinion", json!(opinion)), ("answers", json!(result.filter(|_| action == "pass")))],
        };
        let more = [("opinion", json!(opinion)), ("level", json!((action == "whistle").then_some(1)))];
        let said = told.into_iter().chain(more).filter(|(_, value)| !value.is_null());
        values.extend(said.map(|(name, value)| (name.to_owned(), value)));
        let id = writing.chance.record_id(at);
        if action == "result" {
            result = Some(id);
        }
        writing.ledger.write(at, &by, id, Kind::IncidentStep, values);
    }
}

/// Who answers for the department that leads.
fn handler_of(departments: &[&str]) -> AccountId {
    let found = HANDLERS.iter().find(|(_, code, _)| departments.first() == Some(code));
    account(found.map_or(HANDLERS[0].0, |(account, ..)| account))
}

/// What departments are called.
fn names_of(departments: &[&str]) -> String {
    let lists = Lists::initial();
    let names = departments.iter().filter_map(|code| Some(lists.department(code)?.name_zh.clone()));
    names.collect::<Vec<_>>().join("、")
}

/// Most are content.
fn rating(number: usize) -> &'static str {
    ["satisfied", "satisfied", "fairly", "satisfied", "dissatisfied"][number % 5]
}
