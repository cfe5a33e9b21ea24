//! One step of the loop after the other: which rule lets it count, and what it does to where the incident stands.

use super::acts::{Said, leaves_room};
use super::{Progress, RULES, Rule, Stage, Terms, Turn, Who, is_own_errand};
use crate::ids::RecordId;
use crate::kinds::incident::Incident;
use crate::kinds::incident_step::IncidentStep;
use crate::workdays::Due;

/// The rule that lets this step count where the incident stands.
pub(super) fn fitting(
    progress: &Progress,
    incident: &Incident,
    step: &IncidentStep,
    departments: &[String],
) -> Option<&'static Rule> {
    let errand = is_own_errand(incident, step.by.as_deref());
    let fits_here = |rule: &&Rule| {
        rule.action == step.action
            && rule.fits(progress.stage, progress.ended)
            && (errand || rule.who.iter().any(|who| *who != Who::Errand))
    };
    let rule = RULES.iter().find(fits_here)?;
    let said = Said { action: rule.action, departments, at: step.at, step: Some(step) };
    leaves_room(progress, &said).then_some(rule)
}

/// What a step that counts does to where the incident stands.
pub(super) fn apply(
    progress: &mut Progress,
    rule: &Rule,
    (id, step): (RecordId, &IncidentStep),
    departments: &[String],
    terms: &Terms<'_>,
) {
    let told_due = step.due.map(|at| Due { at, announced: true });
    let department = departments.first().map(String::as_str);
    match rule.action {
        "report" => progress.due = terms.accept(step.at),
        "accept" => progress.due = told_due.or_else(|| terms.close(step.at)),
        "dispatch" | "whistle" => {
            progress.unit.clone_from(&step.to);
            progress.due = told_due.or(progress.due);
            progress.level = step.level.or(progress.level);
            if rule.action == "dispatch" {
                progress.give(departments, step.at)
            } else {
                progress.join(departments, step.at)
            }
        }
        "sign" | "arrive" => progress.hear(rule.action, department, step.at),
        "refuse" => {
            progress.hear(rule.action, department, step.at);
            progress.unit = None;
        }
        "result" | "solve" => {
            progress.result = Some(id);
            progress.outcome.clone_from(&step.opinion);
            progress.solved_on_the_spot = rule.action == "solve";
            progress.hear(rule.action, department, step.at);
        }
        "ask_extension" => progress.extension_asked = true,
        "deny_extension" => progress.extension_asked = false,
        "extend" => {
            progress.extension_asked = false;
            progress.extended = true;
            progress.due = told_due.or(progress.due);
        }
        "pass" => progress.judge(true, step.at),
        "fail" => {
            progress.judge(false, step.at);
            progress.result = None;
            progress.due = told_due.or(progress.due);
        }
        "urge" | "supervise" => progress.urged = true,
        "rate" => department.into_iter().for_each(|department| progress.rate(department, step.rating.as_deref())),
        "merge" => progress.merged_into.clone_from(&step.to),
        "reopen" => reopen(progress, told_due.or_else(|| terms.close(step.at))),
        _ => {}
    }
    move_on(progress, rule);
}

/// Where the step leads, and whose turn it is there.
fn move_on(progress: &mut Progress, rule: &Rule) {
    progress.ended =
        matches!(rule.action, "merge" | "decline" | "close") || (progress.ended && rule.leads_to.is_none());
    // One of several says that it is not its business: the others still have it.
    let others_have_it = rule.action == "refuse" && !progress.departments.is_empty();
    if let Some((stage, state)) = rule.leads_to.filter(|_| !others_have_it) {
        (progress.stage, progress.state) = (stage, state);
        progress.turn = turn_at(stage, progress.ended);
        if matches!(stage, Stage::Close | Stage::Draft) {
            // The county's term is for doing it; putting it into the archive has none.
            progress.due = None;
        }
    }
}

/// Taken up again, everything that was said of the last time says nothing of this one.
fn reopen(progress: &mut Progress, due: Option<Due>) {
    progress.reopened += 1;
    progress.due = due;
    progress.unit = None;
    progress.level = None;
    progress.take_back();
    progress.result = None;
    progress.outcome = None;
    progress.solved_on_the_spot = false;
    progress.extension_asked = false;
    progress.extended = false;
    progress.urged = false;
    progress.merged_into = None;
}

fn turn_at(stage: Stage, ended: bool) -> Turn {
    match stage {
        Stage::Draft | Stage::Verify => Turn::Worker,
        Stage::Handle | Stage::Coordinate => Turn::Unit,
        Stage::Close if ended => Turn::Nobody,
        Stage::Accept | Stage::Dispatch | Stage::Supervise | Stage::Close => Turn::Supervisor,
    }
}
