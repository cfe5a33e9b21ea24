//! What somebody may do with an incident as it stands: the table of the loop, and what depends on the story so far.

use super::{Progress, RULES, may};
use crate::kinds::incident::Incident;
use crate::kinds::incident_step::IncidentStep;
use crate::scope::{Actor, Role};
use crate::world::Millis;

/// What is known of a step when it is asked whether it fits: who speaks, when, of what.
pub(super) struct Said<'a> {
    pub(super) action: &'a str,
    /// The departments that it names.
    pub(super) departments: &'a [String],
    pub(super) at: Millis,
    /// The result that a check judges.
    pub(super) step: Option<&'a IncidentStep>,
}

/// Whether the story so far leaves room for it; where the incident stands is asked of the table.
pub(super) fn leaves_room(progress: &Progress, said: &Said<'_>) -> bool {
    let department = said.departments.first().map(String::as_str);
    let speaker = progress.speaker(department);
    // Of departments that the list does not know nothing is known: what is said in their name counts.
    let nobody = progress.departments.is_empty() && department.is_none();
    let leads = nobody || speaker.is_some_and(|tenure| tenure.lead);
    match said.action {
        // A check of a result that was overtaken meanwhile says nothing of the one that stands.
        "pass" | "fail" => {
            let judged = said.step.and_then(|step| step.answers);
            judged.is_none() || judged == progress.result
        }
        "ask_extension" => leads && !progress.extended && !progress.extension_asked,
        "extend" | "deny_extension" => progress.extension_asked,
        "sign" => nobody || speaker.is_some_and(|tenure| tenure.answered_at.is_none()),
        "arrive" => nobody || speaker.is_some_and(|tenure| tenure.arrived_at.is_none()),
        "refuse" => nobody || speaker.is_some_and(|tenure| said.at <= tenure.answer_due),
        "result" => leads || progress.departments.is_empty(),
        "rate" => match department {
            Some(department) => progress.may_be_rated(department),
            None => progress.tenures.iter().any(|tenure| progress.may_be_rated(&tenure.department)),
        },
        _ => true,
    }
}

/// Whether somebody sees an incident that was dispatched so: handlers those of their department, whoever reads the cell all of it.
pub fn sees(actor: &Actor, departments: &[String]) -> bool {
    match (actor.role, &actor.department) {
        (Role::Handler, Some(own)) => departments.contains(own),
        (Role::Handler, None) => false,
        _ => true,
    }
}

/// Codes of what somebody may do now, in the order of the table.
pub fn acts(actor: &Actor, incident: &Incident, progress: &Progress, now: Millis) -> Vec<&'static str> {
    if !sees(actor, &progress.departments) {
        return Vec::new();
    }
    let errand = super::is_own_errand(incident, Some(actor.account.as_str()));
    let departments: Vec<String> = actor.department.iter().cloned().collect();
    let mut found: Vec<&'static str> = Vec::new();
    for rule in RULES {
        let said = Said { action: rule.action, departments: &departments, at: now, step: None };
        let fits = may(actor.role, errand, rule.action, progress.stage, progress.ended);
        if fits && leaves_room(progress, &said) && !found.contains(&rule.action) {
            found.push(rule.action);
        }
    }
    found
}
