//! The seven-step loop of an incident (事件闭环): where it stands is a fold over its steps, never a stored status.
//!
//! Steps come from several people, in any order, some twice. They are replayed in the order of their stamps (then of their ids),
//! which is the same everywhere. What was done at the desk is stamped by the server as it takes it, so of two supervisors who
//! accept at once the first that the server took counts. A phone's step has the phone's stamp; the hybrid clock puts it after
//! everything that its writer had seen. A step that does not fit where the incident stood is kept and marked as late: it tells
//! what somebody found, and moves nothing.

mod acts;
mod callbacks;
mod departments;
mod replay;
mod rules;
mod way;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::Lists;
use crate::ids::RecordId;
use crate::kinds::incident::Incident;
use crate::kinds::incident_step::IncidentStep;
use crate::record::Record;
use crate::stamp::Stamp;
use crate::workdays::{Calendar, Due, Within};
use crate::world::Millis;

use replay::{apply, fitting};

pub use acts::{acts, sees};
pub use callbacks::{CALLBACK_TRIES, Calls, calls, step_of_dissatisfied};
pub use departments::{ANSWER_WITHIN, Tenure};
pub use rules::{RULES, Rule, Who, is_own_errand, may, may_ever, stage_of};
pub use way::{Standing, WayStage, way};

/// Where an incident stands, or which of the seven steps an action belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Stage {
    /// With its reporter.
    Draft,
    /// 一门受理
    Accept,
    /// 一体派发
    Dispatch,
    /// 分类处置
    Handle,
    /// 协调联动
    Coordinate,
    /// 复核回访
    Verify,
    /// 督办问效: beside the others; an incident never stands here.
    Supervise,
    /// 办结归档
    Close,
}

impl Stage {
    /// The seven steps, in their order.
    pub const STEPS: [Stage; 7] = [
        Stage::Accept,
        Stage::Dispatch,
        Stage::Handle,
        Stage::Coordinate,
        Stage::Verify,
        Stage::Supervise,
        Stage::Close,
    ];

    /// Its code in the list of stages.
    pub fn code(self) -> &'static str {
        match self {
            Stage::Draft => "draft",
            Stage::Accept => "accept",
            Stage::Dispatch => "dispatch",
            Stage::Handle => "handle",
            Stage::Coordinate => "coordinate",
            Stage::Verify => "verify",
            Stage::Supervise => "supervise",
            Stage::Close => "close",
        }
    }
}

/// What became of it, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum IncidentState {
    /// Nobody has taken it up yet.
    Reported,
    /// Sent back to its reporter, with a reason.
    Returned,
    /// Taken up.
    Accepted,
    /// Given to a department.
    Dispatched,
    /// The department has signed for it.
    Signed,
    /// The department says that it is not theirs.
    Refused,
    /// Several departments were called together.
    Coordinated,
    /// There is a result, which somebody checks.
    Resulted,
    /// The check on the spot was passed.
    Passed,
    /// The check on the spot was not passed: once more.
    NotPassed,
    /// Solved on the spot by whoever reported it.
    Solved,
    /// The errand for a resident was run.
    ErrandDone,
    /// Part of another incident.
    Merged,
    /// Not for this county to do; the resident was told.
    Declined,
    /// Closed, and taken up again.
    Reopened,
    /// Archived.
    Closed,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Turn {
    /// A worker of the cell.
    Worker,
    /// A supervisor.
    Supervisor,
    /// The unit that it was dispatched to.
    Unit,
    /// It is over.
    Nobody,
}

/// A step as the story tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ToldStep {
    /// The step.
    pub id: RecordId,
    /// The stage that it belongs to.
    pub stage: Stage,
    /// Code of what was done.
    pub action: String,
    /// When.
    pub at: Millis,
    /// Who: an account.
    pub by: Option<String>,
    /// On whose behalf.
    pub from: Option<String>,
    /// Whose turn it became.
    pub to: Option<String>,
    /// In words.
    pub opinion: Option<String>,
    /// Until when.
    pub due: Option<Millis>,
    /// Codes of the departments that it names.
    pub departments: Vec<String>,
    /// Of a whistle: 1 community, 2 town, 3 county.
    pub level: Option<i64>,
    /// Of a rating: code of the satisfaction.
    pub rating: Option<String>,
    /// Of a merge: the other incident.
    #[ts(type = "string | null")]
    pub into: Option<RecordId>,
    /// Photos of the incident that it points to.
    #[ts(type = "Array<string>")]
    pub photos: Vec<RecordId>,
    /// It came when the incident had gone on already, and moved nothing.
    pub late: bool,
}

/// Where an incident stands, and how it came there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Progress {
    /// Which step it waits for.
    pub stage: Stage,
    /// The word for it.
    pub state: IncidentState,
    /// Whose turn it is.
    pub turn: Turn,
    /// The unit that has it, while one has, as it was named.
    pub unit: Option<String>,
    /// Codes of the departments that have it, the one that leads first.
    pub departments: Vec<String>,
    /// What it was to each department that ever had it, in the order in which they got it.
    pub tenures: Vec<Tenure>,
    /// How far the last whistle was heard: 1 community, 2 town, 3 county.
    pub level: Option<i64>,
    /// Until when the next step, or the whole, must be done.
    pub due: Option<Due>,
    /// Solved by whoever reported it.
    pub solved_on_the_spot: bool,
    /// How often it was taken up again after it had been closed.
    pub reopened: u32,
    /// The department asks for more time, and nobody has answered yet.
    pub extension_asked: bool,
    /// It got more time: there is one extension only.
    pub extended: bool,
    /// Somebody urged the department, or supervises it.
    pub urged: bool,
    /// The number or name of the incident that it was merged into.
    pub merged_into: Option<String>,
    /// Over: only reopening moves it.
    pub ended: bool,
    /// The result that a check would judge.
    #[ts(type = "string | null")]
    pub result: Option<RecordId>,
    /// What was done for it, in the words of whoever did it.
    pub outcome: Option<String>,
    /// Every step, in order.
    pub steps: Vec<ToldStep>,
}

impl Progress {
    /// Whether its time is up.
    pub fn is_overdue(&self, now: Millis) -> bool {
        self.due.is_some_and(|due| due.at < now)
    }

    /// An incident that was reported and nothing else. Incidents older than the loop are read so, too.
    fn reported(record: &Record, incident: &Incident, terms: &Terms<'_>) -> Self {
        let reported_at = reported_at(record, incident);
        Self {
            stage: Stage::Accept,
            state: IncidentState::Reported,
            turn: Turn::Supervisor,
            unit: None,
            departments: Vec::new(),
            tenures: Vec::new(),
            level: None,
            due: terms.accept(reported_at),
            solved_on_the_spot: false,
            reopened: 0,
            extension_asked: false,
            extended: false,
            urged: false,
            merged_into: None,
            ended: false,
            result: None,
            outcome: None,
            steps: Vec::new(),
        }
    }
}

/// When it was reported, not when it was noticed: the stamp of the field that nobody ever changes.
pub fn reported_at(record: &Record, incident: &Incident) -> Millis {
    record.stamps.of("by").millis().max(incident.happened_at)
}

/// How long accepting and closing may take.
struct Terms<'l> {
    accept_within: Option<Within>,
    close_within: Option<Within>,
    calendar: Calendar<'l>,
}

impl<'l> Terms<'l> {
    fn of(severity: i64, lists: &'l Lists) -> Self {
        let row = lists.severities.iter().find(|row| i64::from(row.level) == severity);
        Self {
            accept_within: row.and_then(|row| Within::read(&row.accept_within)),
            close_within: row.and_then(|row| Within::read(&row.close_within)),
            calendar: Calendar::of(lists),
        }
    }

    fn accept(&self, from: Millis) -> Option<Due> {
        self.accept_within.map(|within| self.calendar.due(from, within))
    }

    fn close(&self, from: Millis) -> Option<Due> {
        self.close_within.map(|within| self.calendar.due(from, within))
    }
}

/// Where an incident stands, given its steps in any order; those of other incidents are passed over.
pub fn fold<'a>(record: &Record, steps: impl IntoIterator<Item = &'a Record>, lists: &Lists) -> Progress {
    let incident = Incident::from(record);
    let terms = Terms::of(incident.severity, lists);
    let mut progress = Progress::reported(record, &incident, &terms);
    let own = steps.into_iter().filter(|step| step.reference("incident") == Some(record.id));
    let ordered: BTreeMap<(Stamp, RecordId), IncidentStep> =
        own.map(|step| ((step.latest(), step.id), IncidentStep::from(step))).collect();
    for ((_, id), step) in ordered {
        let departments = departments::named(&step, lists);
        let rule = fitting(&progress, &incident, &step, &departments);
        let stage = rule.map(|rule| rule.step).or_else(|| stage_of(&step.action)).unwrap_or(progress.stage);
        if let Some(rule) = rule {
            apply(&mut progress, rule, (id, &step), &departments, &terms);
        }
        progress.steps.push(told(id, stage, step, rule.is_none()));
    }
    progress
}

fn told(id: RecordId, stage: Stage, step: IncidentStep, late: bool) -> ToldStep {
    ToldStep {
        id,
        stage,
        action: step.action,
        at: step.at,
        by: step.by,
        from: step.from,
        to: step.to,
        opinion: step.opinion,
        due: step.due,
        departments: step.departments,
        level: step.level,
        rating: step.rating,
        into: step.into,
        photos: step.photos,
        late,
    }
}

#[cfg(test)]
mod tests;
