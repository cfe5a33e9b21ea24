//! One incident: where it stands, its story, its photos, what whoever looks may do, and doing it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::incident::{Progress, WayStage, acts, way};
use domain::kinds::Position;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::scope::{Action, Actor, Role, allowed};
use domain::workdays::{Calendar, Within};
use domain::world::Millis;
use domain::{CellCode, Kind, Record, RecordId, mask};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::record::{DeskPhoto, photo_lines};
use super::titles::Surroundings;
use super::{named, record_id};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::incidents::{CallbackWish, IncidentSeen, StepWish, Words};
use crate::hub::{CountyHub, HubError};
use crate::store::{AuditEntry, Reading, Store as _};

/// A call to the resident, as the story tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskCallback {
    /// When.
    pub at: Millis,
    /// Who called, by the name shown.
    pub by: String,
    /// Whether somebody answered.
    pub reached: bool,
    /// Code of the satisfaction.
    pub satisfaction: Option<String>,
    /// What was said.
    pub words: Option<String>,
}

/// An incident with everything that is needed to act on it, and nothing else of the register.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskIncident {
    /// The incident.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// Its cell.
    #[schema(value_type = String)]
    pub cell: CellCode,
    /// Village and cell by name.
    pub place: String,
    /// Where it is, as people write it.
    pub address: String,
    /// On the map.
    #[schema(value_type = Option<Object>)]
    pub position: Option<Position>,
    /// The county's number.
    pub number: Option<String>,
    /// Code of the category.
    pub category: String,
    /// 1 most urgent … 4.
    pub severity: i64,
    /// One line.
    pub title: String,
    /// In words.
    pub text: Option<String>,
    /// Code of the source.
    pub source: Option<String>,
    /// When it was noticed.
    pub happened_at: Millis,
    /// Who reported it, by the name shown.
    pub reported_by: String,
    /// Done for a resident.
    pub on_behalf: bool,
    /// What was handed over for it.
    pub materials: Option<String>,
    /// The resident wants to hear what came of it.
    pub reply_wanted: bool,
    /// The resident, masked.
    pub contact_name: Option<String>,
    /// Their telephone, masked.
    pub contact_phone: Option<String>,
    /// What was seen of it: to be named by whoever acts.
    pub seen: String,
    /// Where it stands, with every step.
    #[schema(value_type = Object)]
    pub progress: Progress,
    /// The steps as they look from there.
    #[schema(value_type = Vec<Object>)]
    pub way: Vec<WayStage>,
    /// Its time is up.
    pub overdue: bool,
    /// Workdays left; negative: over for so many.
    pub workdays_left: Option<i64>,
    /// Codes of what whoever looks may do now.
    pub may: Vec<String>,
    /// Whether whoever looks may call the resident now.
    pub may_call: bool,
    /// How often it was tried to call.
    pub tries: usize,
    /// Departments that can be rated now, by code.
    pub to_rate: Vec<String>,
    /// Departments that usually answer for the category, by code.
    pub proposed: Vec<String>,
    /// Until when it would have to be done if it was accepted now.
    pub usual_due: Option<Millis>,
    /// The calls to the resident.
    pub callbacks: Vec<DeskCallback>,
    /// Its photos.
    pub photos: Vec<DeskPhoto>,
    /// The photos of its steps, by the step.
    #[ts(as = "BTreeMap<String, Vec<DeskPhoto>>")]
    #[schema(value_type = BTreeMap<String, Vec<DeskPhoto>>)]
    pub step_photos: BTreeMap<RecordId, Vec<DeskPhoto>>,
    /// The names shown of the accounts that took its steps.
    pub people: BTreeMap<String, String>,
}

/// A step to be taken.
#[derive(Debug, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct DeskStepWish {
    /// The id of the step, chosen by whoever asks: the same wish twice is one step.
    #[schema(value_type = String)]
    id: RecordId,
    /// What was seen of the incident.
    seen: String,
    /// Code of what is done.
    action: String,
    /// In words.
    #[serde(default)]
    opinion: Option<String>,
    /// Codes of departments, the one that leads first.
    #[serde(default)]
    departments: Option<Vec<String>>,
    /// Until when.
    #[serde(default)]
    due: Option<Millis>,
    /// Of a whistle: 1 community, 2 town, 3 county.
    #[serde(default)]
    level: Option<i64>,
    /// Of a rating: code of the satisfaction.
    #[serde(default)]
    rating: Option<String>,
    /// Of a merge: the other incident.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    into: Option<RecordId>,
    /// Photos of the incident that show what the step tells.
    #[serde(default)]
    #[ts(as = "Option<Vec<String>>")]
    #[schema(value_type = Option<Vec<String>>)]
    photos: Option<Vec<RecordId>>,
}

/// A call to the resident.
#[derive(Debug, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct DeskCallbackWish {
    /// The id of the call, chosen by whoever asks: the same wish twice is one call.
    #[schema(value_type = String)]
    id: RecordId,
    /// What was seen of the incident.
    seen: String,
    /// Whether somebody answered.
    reached: bool,
    /// Code of the satisfaction.
    #[serde(default)]
    satisfaction: Option<String>,
    /// What was said.
    #[serde(default)]
    words: Option<String>,
}

/// Why somebody wants to see whom to call.
#[derive(Debug, Clone, Copy, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ContactReason {
    /// To tell or to ask the resident about this incident.
    Call,
    /// To arrange when somebody comes.
    Appointment,
    /// To find the place.
    Place,
}

impl ContactReason {
    fn code(self) -> &'static str {
        match self {
            ContactReason::Call => "call",
            ContactReason::Appointment => "appointment",
            ContactReason::Place => "place",
        }
    }
}

/// Asks whom to call.
#[derive(Debug, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ContactWish {
    /// Why.
    reason: ContactReason,
}

/// The resident to be called, in full.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskContact {
    /// The name.
    pub name: Option<String>,
    /// The telephone.
    pub phone: Option<String>,
}

/// One incident in full. Seeing it is noted in the audit log.
#[utoipa::path(get, path = "/desk/api/incidents/{id}", tag = "desk", security(("desk" = [])),
    params(("id" = String, Path, description = "The incident")),
    responses((status = 200, body = DeskIncident), (status = "4XX", body = ErrorBody)))]
pub(super) async fn incident(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DeskIncident>, ApiError> {
    let id = record_id(&named(path)?)?;
    Ok(Json(blocking(&app, move |hub| page(hub, &desk.actor, id)).await?))
}

/// Takes a step of an incident; answers with the incident as it then stands.
#[utoipa::path(post, path = "/desk/api/incidents/{id}/steps", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The incident")), request_body = DeskStepWish,
    responses((status = 200, body = DeskIncident), (status = 204, description = "taken; the incident is somebody else's now"),
        (status = 409, description = "it has moved on since it was seen", body = ErrorBody),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn take_step(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<DeskStepWish>,
) -> Result<Result<Json<DeskIncident>, StatusCode>, ApiError> {
    let id = record_id(&named(path)?)?;
    let step = StepWish {
        id: wish.id,
        seen: wish.seen,
        action: wish.action,
        words: Words {
            opinion: wish.opinion,
            departments: wish.departments.unwrap_or_default(),
            due: wish.due,
            level: wish.level,
            rating: wish.rating,
            into: wish.into,
            photos: wish.photos.unwrap_or_default(),
        },
    };
    let page = blocking(&app, move |hub| {
        hub.take_step(&desk, id, &step)?;
        gone_or(page(hub, &desk.actor, id))
    });
    Ok(page.await?.map(Json).ok_or(StatusCode::NO_CONTENT))
}

/// Notes a call to the resident; answers with the incident as it then stands.
#[utoipa::path(post, path = "/desk/api/incidents/{id}/callbacks", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The incident")), request_body = DeskCallbackWish,
    responses((status = 200, body = DeskIncident), (status = 409, description = "it has moved on since it was seen", body = ErrorBody),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn call_back(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<DeskCallbackWish>,
) -> Result<Json<DeskIncident>, ApiError> {
    let id = record_id(&named(path)?)?;
    let DeskCallbackWish { id: call, seen, reached, satisfaction, words } = wish;
    let call = CallbackWish { id: call, seen, reached, satisfaction, words };
    let page = blocking(&app, move |hub| {
        hub.call_back(&desk, id, &call)?;
        page(hub, &desk.actor, id)
    });
    Ok(Json(page.await?))
}

/// Whom to call, in full. Who looked, and why, is noted in the audit log.
#[utoipa::path(post, path = "/desk/api/incidents/{id}/contact", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The incident")), request_body = ContactWish,
    responses((status = 200, body = DeskContact), (status = "4XX", body = ErrorBody)))]
pub(super) async fn contact(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<ContactWish>,
) -> Result<Json<DeskContact>, ApiError> {
    let id = record_id(&named(path)?)?;
    let found = blocking(&app, move |hub| hub.incident_contact(&desk, id, wish.reason.code()));
    let (name, phone) = found.await?;
    Ok(Json(DeskContact { name, phone }))
}

/// A handler who refused an incident does not see it any more: there is nothing to answer with.
fn gone_or<T>(page: Result<T, HubError>) -> Result<Option<T>, HubError> {
    match page {
        Ok(page) => Ok(Some(page)),
        Err(HubError::Refused { code: CallRefusal::NotFound, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One incident as somebody sees it. That they saw it is noted.
pub(super) fn page(hub: &CountyHub, actor: &Actor, id: RecordId) -> Result<DeskIncident, HubError> {
    let seen = hub.incident(actor, id)?;
    let view = AuditEntry {
        at: hub.now(),
        who: actor.account.to_string(),
        action: "view".to_owned(),
        subject: id.to_string(),
    };
    // Before anything is shown: what cannot be noted is not shown.
    hub.store().write(|writing| writing.append_audit(&view))?;
    let lists = hub.lists();
    let severity = lists.severities.iter().find(|row| i64::from(row.level) == seen.incident.severity);
    let within = severity.and_then(|row| Within::read(&row.close_within));
    let now = hub.now();
    let mut page = hub.store().read(|reading| told(reading, actor, seen, now))?;
    page.usual_due = within.map(|within| Calendar::of(&lists).due(now, within).at);
    page.proposed = lists.first_departments(&page.category).iter().map(|found| found.code.clone()).collect();
    Ok(page)
}

fn told(reading: &dyn Reading, actor: &Actor, seen: IncidentSeen, now: Millis) -> Result<DeskIncident, HubError> {
    let mut around = Surroundings::new(reading, actor);
    around.gather([&seen.record])?;
    let photos_of = |id| -> Result<Vec<DeskPhoto>, HubError> {
        let found = reading.referring(&seen.county(), id, &Kind::Photo)?;
        let records: Vec<Record> = found.into_iter().map(|stored| stored.record).collect();
        Ok(photo_lines(reading, &records)?)
    };
    let photos = photos_of(seen.record.id)?;
    let mut step_photos = BTreeMap::new();
    for step in &seen.steps {
        let of_step = photos_of(step.id)?;
        if !of_step.is_empty() {
            step_photos.insert(step.id, of_step);
        }
    }
    let calls = seen.calls();
    let lists = reading.lists()?;
    let due = seen.progress.due.filter(|_| !seen.progress.ended);
    Ok(DeskIncident {
        id: seen.record.id,
        cell: seen.record.cell.clone(),
        place: around.place(&seen.record.cell)?,
        address: around.address(&seen.record),
        reported_by: around.author(seen.incident.by.as_deref())?,
        people: people(&mut around, &seen.progress)?,
        callbacks: callbacks(&mut around, &seen.callbacks)?,
        seen: seen.mark(),
        way: way(&seen.progress),
        overdue: due.is_some_and(|due| due.at < now),
        workdays_left: due.map(|due| Calendar::of(&lists).workdays_left(now, due.at)),
        may: acts(actor, &seen.incident, &seen.progress, now).into_iter().map(str::to_owned).collect(),
        may_call: calls.may_call && allowed(actor.role, Action::Write, &Kind::Callback),
        tries: calls.tries,
        to_rate: to_rate(actor, &seen.progress),
        proposed: Vec::new(),
        usual_due: None,
        photos,
        step_photos,
        contact_name: seen.incident.contact_name.as_deref().map(mask::name),
        contact_phone: seen.incident.contact_phone.as_deref().map(mask::phone),
        position: seen.incident.position,
        number: seen.incident.number,
        category: seen.incident.category,
        severity: seen.incident.severity,
        title: seen.incident.title,
        text: seen.incident.text,
        source: seen.incident.source,
        happened_at: seen.incident.happened_at,
        on_behalf: seen.incident.on_behalf,
        materials: seen.incident.materials,
        reply_wanted: seen.incident.reply_wanted,
        progress: seen.progress,
    })
}

fn to_rate(actor: &Actor, progress: &Progress) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for tenure in progress.tenures.iter().filter(|_| actor.role == Role::Supervisor) {
        if !found.contains(&tenure.department) && progress.may_be_rated(&tenure.department) {
            found.push(tenure.department.clone());
        }
    }
    found
}

fn people(around: &mut Surroundings<'_>, progress: &Progress) -> Result<BTreeMap<String, String>, HubError> {
    let mut named = BTreeMap::new();
    for account in progress.steps.iter().filter_map(|step| step.by.as_deref()) {
        if !named.contains_key(account) {
            named.insert(account.to_owned(), around.author(Some(account))?);
        }
    }
    Ok(named)
}

fn callbacks(around: &mut Surroundings<'_>, records: &[Record]) -> Result<Vec<DeskCallback>, HubError> {
    let mut told = Vec::with_capacity(records.len());
    for record in records {
        told.push(DeskCallback {
            at: record.int("at").unwrap_or_default(),
            by: around.author(record.text("by"))?,
            reached: record.fields.get("reached").and_then(serde_json::Value::as_bool).unwrap_or_default(),
            satisfaction: record.text("satisfaction").map(str::to_owned),
            words: record.text("words").map(str::to_owned),
        });
    }
    told.sort_by_key(|call| call.at);
    Ok(told)
}
