//! What departments had to do with an incident: since when each has it, when it answered, what came of it.
//!
//! Numbers are made of departments only. A step names them by code, the one that leads first; steps of before there were codes
//! name them in words, which are looked for in the county's list. What is not in the list is nobody's, and binds nobody.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Progress;
use crate::codes::Lists;
use crate::kinds::incident_step::IncidentStep;
use crate::workdays::{Within, due};
use crate::world::Millis;

/// A department answers within so many workdays: it signs, or says that it is not its business (DOMAIN §5).
pub const ANSWER_WITHIN: Within = Within::Workdays(1);

/// What an incident was to one department, from being given to it until being taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Tenure {
    /// Code of the department.
    pub department: String,
    /// It leads; the others were called to join.
    pub lead: bool,
    /// It has the incident now, or had it when the incident was closed.
    pub current: bool,
    /// Since when.
    pub since: Millis,
    /// Until when it should have answered.
    pub answer_due: Millis,
    /// When it first said anything: signed, refused, came, gave a result.
    pub answered_at: Option<Millis>,
    /// When it last came to a whistle.
    pub arrived_at: Option<Millis>,
    /// When it said that it is not its business.
    pub refused_at: Option<Millis>,
    /// Until when it should have given a result.
    pub due: Option<Millis>,
    /// When it gave the result that stands.
    pub result_at: Option<Millis>,
    /// When that result was found good on the spot.
    pub passed_at: Option<Millis>,
    /// The incident was taken up again after that.
    pub reopened: bool,
    /// What the community says of its work: a code of the list of satisfaction.
    pub rating: Option<String>,
}

impl Tenure {
    fn new(department: String, lead: bool, since: Millis) -> Self {
        Self {
            department,
            lead,
            current: true,
            since,
            answer_due: due(since, ANSWER_WITHIN).at,
            answered_at: None,
            arrived_at: None,
            refused_at: None,
            due: None,
            result_at: None,
            passed_at: None,
            reopened: false,
            rating: None,
        }
    }

    /// Whether it answered in time. None: it has not answered, and there is still time.
    pub fn answered_in_time(&self, now: Millis) -> Option<bool> {
        match self.answered_at {
            Some(at) => Some(at <= self.answer_due),
            None => (now > self.answer_due || !self.current).then_some(false),
        }
    }

    /// Whether its result was found good and stayed so.
    pub fn is_solved(&self) -> bool {
        self.passed_at.is_some() && !self.reopened
    }

    /// Whether it is solved and the result came before its time was up.
    pub fn is_solved_in_time(&self) -> bool {
        let in_time = |(result, due): (Millis, Millis)| result <= due;
        self.is_solved() && self.result_at.zip(self.due).is_none_or(in_time)
    }
}

/// The departments that a step names, by their codes, the one that leads first.
pub(super) fn named(step: &IncidentStep, lists: &Lists) -> Vec<String> {
    if !step.departments.is_empty() {
        return step.departments.clone();
    }
    let words = match step.action.as_str() {
        "dispatch" | "whistle" => step.to.as_deref(),
        _ => step.from.as_deref(),
    };
    let mut found: Vec<String> = Vec::new();
    for name in words.unwrap_or_default().split(['、', '，', ',', '；', ';', '/']) {
        let code = lists.department_named(name).map(|department| department.code.clone());
        found.extend(code.filter(|code| !found.contains(code)));
    }
    found
}

impl Progress {
    /// The department that leads, while one has the incident.
    pub fn lead(&self) -> Option<&str> {
        self.departments.first().map(String::as_str)
    }

    /// The department that speaks in a step: the one that it names, else the one that leads.
    pub(super) fn speaker(&self, named: Option<&str>) -> Option<&Tenure> {
        let department = named.or_else(|| self.lead())?;
        self.tenures.iter().rev().find(|tenure| tenure.current && tenure.department == department)
    }

    fn speaking(&mut self, named: Option<&str>) -> Option<&mut Tenure> {
        let department = named.map(str::to_owned).or_else(|| self.lead().map(str::to_owned))?;
        self.tenures.iter_mut().rev().find(|tenure| tenure.current && tenure.department == department)
    }

    /// Given to these departments and to no others.
    pub(super) fn give(&mut self, departments: &[String], at: Millis) {
        for tenure in &mut self.tenures {
            tenure.current = tenure.current && departments.contains(&tenure.department);
        }
        self.join(departments, at);
    }

    /// These departments were called together; who has it already keeps it. The first of them leads.
    pub(super) fn join(&mut self, departments: &[String], at: Millis) {
        let Some(lead) = departments.first().cloned() else { return };
        for department in departments {
            match self.speaking(Some(department)) {
                Some(known) => known.arrived_at = None,
                None => self.tenures.push(Tenure::new(department.clone(), false, at)),
            }
        }
        for tenure in self.tenures.iter_mut().filter(|tenure| tenure.current) {
            tenure.lead = tenure.department == lead;
        }
        self.count_departments();
    }

    /// What a department said of itself.
    pub(super) fn hear(&mut self, action: &str, speaker: Option<&str>, at: Millis) {
        let due = self.due.map(|due| due.at);
        if let Some(tenure) = self.speaking(speaker) {
            tenure.answered_at.get_or_insert(at);
            match action {
                "arrive" => tenure.arrived_at = Some(at),
                "refuse" => (tenure.refused_at, tenure.current) = (Some(at), false),
                "result" => (tenure.result_at, tenure.due) = (Some(at), due),
                _ => {}
            }
        }
        self.count_departments();
    }

    /// Its result was found good, or not.
    pub(super) fn judge(&mut self, good: bool, at: Millis) {
        if let Some(tenure) = self.speaking(None) {
            (tenure.passed_at, tenure.result_at) = if good { (Some(at), tenure.result_at) } else { (None, None) };
        }
    }

    /// Taken up again: nobody has it until it is dispatched once more.
    pub(super) fn take_back(&mut self) {
        for tenure in &mut self.tenures {
            tenure.reopened = tenure.reopened || tenure.passed_at.is_some();
            tenure.current = false;
        }
        self.count_departments();
    }

    /// Whether the community can still say something of that department's work: once for an incident.
    pub fn may_be_rated(&self, department: &str) -> bool {
        let mut of_it = self.tenures.iter().filter(|tenure| tenure.department == department).peekable();
        let worked = |tenure: &&Tenure| tenure.refused_at.is_none();
        self.ended
            && of_it.peek().is_some()
            && of_it.clone().all(|tenure| tenure.rating.is_none())
            && of_it.any(|tenure| worked(&tenure))
    }

    pub(super) fn rate(&mut self, department: &str, rating: Option<&str>) {
        let last = self.tenures.iter_mut().rev().find(|tenure| tenure.department == department);
        if let Some(tenure) = last {
            tenure.rating = rating.map(str::to_owned);
        }
    }

    fn count_departments(&mut self) {
        let current = || self.tenures.iter().filter(|tenure| tenure.current);
        let lead = current().filter(|tenure| tenure.lead);
        let others = current().filter(|tenure| !tenure.lead);
        self.departments = lead.chain(others).map(|tenure| tenure.department.clone()).collect();
    }
}
