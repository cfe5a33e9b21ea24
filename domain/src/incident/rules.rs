//! Who may do what in which stage of an incident, and where it leads: one table for phone, desk and server.

use super::{IncidentState, Stage};
use crate::kinds::incident::Incident;
use crate::scope::Role;

/// Who may do something with an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A worker of the cell.
    Worker,
    /// The worker who runs this very errand for a resident (代办).
    Errand,
    /// A supervisor; also in the name of a department that has no account.
    Supervisor,
    /// Whoever answers for a department.
    Handler,
}

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Code of the action.
    pub action: &'static str,
    /// Which of the seven steps it belongs to.
    pub step: Stage,
    /// Where the incident must stand.
    pub stages: &'static [Stage],
    /// Whether it must be over (closed, merged, declined), must not, or either.
    pub ended: Option<bool>,
    /// Who may do it.
    pub who: &'static [Who],
    /// Where it leads; nowhere for what is said beside the way.
    pub leads_to: Option<(Stage, IncidentState)>,
}

impl Rule {
    /// Whether the row speaks of an incident that stands there.
    pub fn fits(&self, stage: Stage, ended: bool) -> bool {
        self.stages.contains(&stage) && self.ended.is_none_or(|wanted| wanted == ended)
    }
}

const fn row(
    action: &'static str,
    step: Stage,
    stages: &'static [Stage],
    who: &'static [Who],
    leads_to: Option<(Stage, IncidentState)>,
) -> Rule {
    Rule { action, step, stages, ended: Some(false), who, leads_to }
}

use IncidentState as S;
use Stage::{Accept, Close, Coordinate, Dispatch, Draft, Handle, Supervise, Verify};
use Who::{Errand, Handler, Supervisor, Worker};

/// From taken up to done: where a department can be urged.
const UNDER_WAY: &[Stage] = &[Dispatch, Handle, Coordinate, Verify];

/// The table of the loop.
pub const RULES: &[Rule] = &[
    row("report", Draft, &[Draft], &[Worker, Supervisor], Some((Accept, S::Reported))),
    row("solve", Draft, &[Draft, Accept], &[Worker, Supervisor], Some((Close, S::Solved))),
    // A returned report that its writer corrected needs no second report.
    row("accept", Accept, &[Accept, Draft], &[Supervisor], Some((Dispatch, S::Accepted))),
    row("return", Accept, &[Accept], &[Supervisor], Some((Draft, S::Returned))),
    row("merge", Accept, &[Accept, Draft], &[Supervisor], Some((Close, S::Merged))),
    row("decline", Accept, &[Accept, Draft], &[Supervisor], Some((Close, S::Declined))),
    row("dispatch", Dispatch, &[Dispatch, Handle, Coordinate], &[Supervisor], Some((Handle, S::Dispatched))),
    row("sign", Handle, &[Handle], &[Supervisor, Handler], Some((Handle, S::Signed))),
    row("refuse", Handle, &[Handle], &[Supervisor, Handler], Some((Dispatch, S::Refused))),
    row("result", Handle, &[Dispatch, Handle, Coordinate], &[Supervisor, Handler], Some((Verify, S::Resulted))),
    // Nobody checks the own work: an errand goes to the supervisor, who asks the resident.
    row("result", Handle, &[Accept, Dispatch, Handle], &[Errand], Some((Close, S::ErrandDone))),
    row("ask_extension", Handle, &[Handle, Coordinate], &[Supervisor, Handler], None),
    row("extend", Dispatch, &[Handle, Coordinate], &[Supervisor], None),
    row("deny_extension", Dispatch, &[Handle, Coordinate], &[Supervisor], None),
    row("whistle", Coordinate, &[Dispatch, Handle, Coordinate], &[Supervisor], Some((Coordinate, S::Coordinated))),
    row("arrive", Coordinate, &[Coordinate], &[Supervisor, Handler], None),
    row("pass", Verify, &[Verify], &[Worker, Supervisor], Some((Close, S::Passed))),
    row("fail", Verify, &[Verify], &[Worker, Supervisor], Some((Handle, S::NotPassed))),
    row("urge", Supervise, UNDER_WAY, &[Supervisor], None),
    row("supervise", Supervise, UNDER_WAY, &[Supervisor], None),
    Rule { action: "rate", step: Supervise, stages: &[Close], ended: Some(true), who: &[Supervisor], leads_to: None },
    row("close", Close, &[Close], &[Supervisor], Some((Close, S::Closed))),
    Rule {
        action: "reopen",
        step: Verify,
        stages: &[Close],
        ended: None,
        who: &[Supervisor],
        leads_to: Some((Dispatch, S::Reopened)),
    },
];

/// Whether that account runs this errand for a resident itself.
pub fn is_own_errand(incident: &Incident, account: Option<&str>) -> bool {
    incident.on_behalf && account.is_some() && incident.by.as_deref() == account
}

fn includes(rule: &Rule, role: Role, own_errand: bool) -> bool {
    rule.who.iter().any(|who| match who {
        Who::Worker => role == Role::Worker,
        Who::Errand => role == Role::Worker && own_errand,
        Who::Supervisor => role == Role::Supervisor,
        Who::Handler => role == Role::Handler,
    })
}

/// Whether a role may do this with an incident that stands there.
pub fn may(role: Role, own_errand: bool, action: &str, stage: Stage, ended: bool) -> bool {
    RULES.iter().any(|rule| rule.action == action && rule.fits(stage, ended) && includes(rule, role, own_errand))
}

/// Whether a role may do this at all. The server asks no more: what comes late is kept, and the fold marks it.
pub fn may_ever(role: Role, own_errand: bool, action: &str) -> bool {
    RULES.iter().any(|rule| rule.action == action && includes(rule, role, own_errand))
}

/// The step that an action belongs to.
pub fn stage_of(action: &str) -> Option<Stage> {
    RULES.iter().find(|rule| rule.action == action).map(|rule| rule.step)
}
