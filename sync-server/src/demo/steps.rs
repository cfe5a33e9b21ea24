//! The way of the demonstration's incidents through the seven steps: one of the first cell stands at every stage.

use domain::incident::stage_of;
use domain::{Kind, RecordId};
use serde_json::json;

use super::ledger::fields;
use super::{DAY, Writing};

/// A step: what was done, to whom it went, and the words to it.
type Told = (&'static str, Option<&'static str>, Option<&'static str>);

const ACCEPT: Told = ("accept", None, Some("情况属实，予以受理。"));
const DISPATCH: Told = ("dispatch", Some("住建局"), Some("请派人现场处理。"));
const SIGN: Told = ("sign", None, None);
const RESULT: Told = ("result", None, Some("已派维修人员到现场处理完毕，恢复正常。"));
const PASS: Told = ("pass", None, Some("现场看过，已处理好。"));
const CLOSE: Told = ("close", None, None);

/// How far an incident of the demonstration has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// Through all steps.
    Closed,
    /// Solved by the worker on the spot, and archived.
    Solved,
    /// Accepted, not yet dispatched.
    ToDispatch,
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

    fn steps(self) -> Vec<Told> {
        let mut steps = match self {
            Story::Solved => return vec![("solve", None, Some("现场处置完毕，已拍照。")), CLOSE],
            Story::Returned => return vec![("return", None, Some("请写清具体位置和现状。"))],
            Story::ToDispatch => return vec![ACCEPT],
            _ => vec![ACCEPT, DISPATCH, SIGN],
        };
        match self {
            Story::Coordinated => {
                steps.push(("whistle", Some("住建局、城管局、社区"), Some("需要几家单位一起处理，限三日内销号。")));
                steps.push(("urge", None, Some("请尽快到场。")));
            }
            Story::ToVerify => steps.push(RESULT),
            Story::Passed => steps.extend([RESULT, PASS]),
            Story::Closed => steps.extend([RESULT, PASS, CLOSE]),
            Story::Reopened => {
                steps.extend([RESULT, PASS, CLOSE, ("reopen", None, Some("回访时居民反映又出现同样的问题。"))]);
            }
            _ => {}
        }
        steps
    }
}

/// Writes the steps of a story after a report, evenly over the days since, at most a day apart.
pub(crate) fn write(writing: &mut Writing<'_>, incident: RecordId, reported_at: i64, story: Story) {
    let steps = story.steps();
    let gap = ((writing.now - 60_000 - reported_at) / (steps.len() as i64 + 1)).min(DAY);
    let mut result = None;
    for (index, (action, to, opinion)) in steps.into_iter().enumerate() {
        let at = reported_at + gap * (index as i64 + 1);
        let by = match action {
            "pass" | "solve" => writing.people.workers[0].clone(),
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
        // The department has no account: the supervisor writes down what it says.
        let from = matches!(action, "sign" | "result").then_some("住建局");
        let told = [
            ("from", from.map(|from| json!(from))),
            ("to", to.map(|to| json!(to))),
            ("opinion", opinion.map(|words| json!(words))),
        ];
        values.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        if let Some(result) = result.filter(|_| action == "pass") {
            values.insert("answers".to_owned(), json!(result));
        }
        let id = writing.chance.record_id(at);
        if action == "result" {
            result = Some(id);
        }
        writing.ledger.write(at, &by, id, Kind::IncidentStep, values);
    }
}
