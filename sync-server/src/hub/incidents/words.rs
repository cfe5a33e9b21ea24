//! What a step needs besides its action, and what it then says.

use domain::codes::Lists;
use domain::scope::{Actor, Role};
use domain::world::Millis;
use domain::{Fields, Kind, Problem, ProblemCode, RecordId};
use serde_json::{Value, json};

use super::after::SHOWN;
use super::{CallbackWish, IncidentSeen, incident_seen};
use crate::hub::HubError;
use crate::store::Writing;

/// What a step says besides its action.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Words {
    /// In words.
    pub opinion: Option<String>,
    /// Codes of departments: to whom it goes, the one that leads first; which one is rated; in whose name a supervisor speaks.
    pub departments: Vec<String>,
    /// Until when.
    pub due: Option<Millis>,
    /// Of a whistle: 1 community, 2 town, 3 county.
    pub level: Option<i64>,
    /// Of a rating: code of the satisfaction.
    pub rating: Option<String>,
    /// Of a merge: the other incident.
    pub into: Option<RecordId>,
    /// Photos of the incident that show what the step tells.
    pub photos: Vec<RecordId>,
}

/// A step that somebody wants to take.
#[derive(Debug, Clone, PartialEq)]
pub struct StepWish {
    /// The id of the record that it becomes, chosen by whoever asks: the same wish twice is one step.
    pub id: RecordId,
    /// What was seen of the incident: [`IncidentSeen::mark`].
    pub seen: String,
    /// Code of what is done.
    pub action: String,
    /// Everything else that it says.
    pub words: Words,
}

fn missing(field: &str) -> HubError {
    wrong(field, ProblemCode::Required)
}

fn wrong(field: &str, code: ProblemCode) -> HubError {
    HubError::invalid(vec![Problem::new(field, code)])
}

/// The fields that a step has besides its own. What its action has no use for is left out.
pub(super) fn fields_of(
    writing: &mut dyn Writing,
    lists: &Lists,
    actor: &Actor,
    seen: &IncidentSeen,
    wish: &StepWish,
    now: Millis,
) -> Result<Fields, HubError> {
    let (action, words) = (wish.action.as_str(), &wish.words);
    let opinion = words.opinion.as_deref().map(str::trim).filter(|opinion| !opinion.is_empty());
    let needs_words =
        ["return", "decline", "refuse", "result", "solve", "fail", "reopen", "ask_extension", "deny_extension"];
    if opinion.is_none() && needs_words.contains(&action) {
        return Err(missing("opinion"));
    }
    let mut told = vec![("opinion", json!(opinion))];
    match action {
        "dispatch" | "whistle" => told.extend(addressed(lists, words, action, now)?),
        "accept" | "fail" | "reopen" => told.push(("due", json!(later(words.due, now)?))),
        "extend" => {
            let until = later(words.due, now)?.ok_or_else(|| missing("due"))?;
            if seen.progress.due.is_some_and(|due| until <= due.at) {
                return Err(wrong("due", ProblemCode::TooSmall));
            }
            told.push(("due", json!(until)));
        }
        "merge" => told.extend(merged(writing, lists, actor, seen, words)?),
        "rate" => told.extend(rated(seen, words)?),
        "sign" | "refuse" | "result" | "arrive" | "ask_extension" => told.extend(spoken(lists, actor, seen, words)?),
        _ => {}
    }
    if SHOWN.contains(&action) && !words.photos.is_empty() {
        told.push(("photos", json!(own_photos(writing, seen, words)?)));
    }
    if matches!(action, "pass" | "fail") {
        // A check names the result that was looked at.
        told.push(("answers", json!(seen.progress.result)));
    }
    let said = told.into_iter().filter(|(_, value)| !value.is_null());
    Ok(said.map(|(name, value)| (name.to_owned(), value)).collect())
}

type Told = Vec<(&'static str, Value)>;

fn later(due: Option<Millis>, now: Millis) -> Result<Option<Millis>, HubError> {
    if due.is_some_and(|due| due <= now) { Err(wrong("due", ProblemCode::TooSmall)) } else { Ok(due) }
}

/// To which departments it goes, by code and by name: phones of before there were codes show the names.
fn addressed(lists: &Lists, words: &Words, action: &str, now: Millis) -> Result<Told, HubError> {
    let mut names = Vec::new();
    for code in &words.departments {
        let department = lists.department(code).filter(|department| !department.retired);
        names.push(department.ok_or_else(|| wrong("departments", ProblemCode::UnknownCode))?.name_zh.as_str());
    }
    if names.is_empty() {
        return Err(missing("departments"));
    }
    let mut told = vec![
        ("to", json!(names.join("、"))),
        ("departments", json!(words.departments)),
        ("due", json!(later(words.due, now)?)),
    ];
    if action == "whistle" {
        let level = words.level.ok_or_else(|| missing("level"))?;
        told.push(("level", json!(level)));
    }
    Ok(told)
}

/// The other incident stays: one that the actor sees, in the same cell, as a step names nothing that its cell's phones do not hold; and that
/// is not part of a third one.
fn merged(
    writing: &mut dyn Writing,
    lists: &Lists,
    actor: &Actor,
    seen: &IncidentSeen,
    words: &Words,
) -> Result<Told, HubError> {
    let into = words.into.ok_or_else(|| missing("into"))?;
    let other = incident_seen(&*writing, lists, actor, into)?.filter(|_| into != seen.record.id);
    let other = other.ok_or_else(|| wrong("into", ProblemCode::MissingTarget))?;
    if other.progress.merged_into.is_some() || other.record.cell != seen.record.cell {
        return Err(wrong("into", ProblemCode::NotAllowed));
    }
    let called = other.incident.number.unwrap_or(other.incident.title);
    Ok(vec![("into", json!(into)), ("to", json!(called))])
}

fn rated(seen: &IncidentSeen, words: &Words) -> Result<Told, HubError> {
    let rating = words.rating.as_deref().ok_or_else(|| missing("rating"))?;
    let [department] = words.departments.as_slice() else { return Err(missing("departments")) };
    if !seen.progress.may_be_rated(department) {
        return Err(wrong("departments", ProblemCode::NotAllowed));
    }
    Ok(vec![("rating", json!(rating)), ("departments", json!([department]))])
}

/// Who speaks: a handler for the own department, a supervisor in the name of one that has no account.
fn spoken(lists: &Lists, actor: &Actor, seen: &IncidentSeen, words: &Words) -> Result<Told, HubError> {
    let own = actor.department.as_deref().filter(|_| actor.role == Role::Handler);
    let named = own.or(words.departments.first().map(String::as_str)).or(seen.progress.lead());
    let Some(code) = named else { return Ok(Vec::new()) };
    if !seen.progress.departments.iter().any(|department| department == code) {
        return Err(wrong("departments", ProblemCode::NotAllowed));
    }
    let name = lists.department(code).map(|department| department.name_zh.as_str());
    Ok(vec![("departments", json!([code])), ("from", json!(name))])
}

/// Only photos of this incident, or of its steps.
fn own_photos(writing: &mut dyn Writing, seen: &IncidentSeen, words: &Words) -> Result<Vec<RecordId>, HubError> {
    let of_it = |subject: RecordId| subject == seen.record.id || seen.steps.iter().any(|step| step.id == subject);
    for id in &words.photos {
        let found = writing.record(&seen.record.cell.county(), *id)?;
        let photo = found.map(|stored| stored.record).filter(|record| record.kind == Kind::Photo);
        if !photo.and_then(|photo| photo.reference("subject")).is_some_and(of_it) {
            return Err(wrong("photos", ProblemCode::MissingTarget));
        }
    }
    Ok(words.photos.clone())
}

/// A call says whether somebody was reached; if so, how satisfied; if not satisfied, why.
pub(super) fn check_call(wish: &CallbackWish) -> Result<(), HubError> {
    let said = wish.words.as_deref().is_some_and(|words| !words.trim().is_empty());
    match (wish.reached, wish.satisfaction.as_deref()) {
        (true, None) => Err(missing("satisfaction")),
        (false, Some(_)) => Err(wrong("satisfaction", ProblemCode::NotAllowed)),
        (true, Some("dissatisfied")) if !said => Err(missing("words")),
        _ => Ok(()),
    }
}

pub(super) fn fields_of_call(actor: &Actor, seen: &IncidentSeen, wish: &CallbackWish, now: Millis) -> Fields {
    let words = wish.words.as_deref().map(str::trim).filter(|words| !words.is_empty());
    let told = [
        ("target", json!(seen.record.id)),
        ("target_kind", json!("incident")),
        ("at", json!(now)),
        ("by", json!(actor.account)),
        ("reached", json!(wish.reached)),
        ("satisfaction", json!(wish.satisfaction)),
        ("words", json!(words)),
    ];
    told.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}
