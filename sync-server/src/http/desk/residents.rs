//! The residents' desk: finding somebody, showing what is stored about them, and telling who looked at it.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use domain::kinds::person::Person;
use domain::protocol::ErrorBody;
use domain::scope::Actor;
use domain::{Fields, Kind, Record, RecordId, Scope, Version, mask};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::audit::{DeskAuditEntry, entries};
use super::record::LookWish;
use super::stored_about::{Gathered, gather};
use super::titles::{Reference, Surroundings, references_in};
use super::{named, record_id, refused};
use crate::forms;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::looks::{LOOK, Look, PRINT, looks_at};
use crate::hub::residents::{FOUND_MAX, FoundBy, resident};
use crate::hub::{CountyHub, HubError};
use crate::store::{AuditEntry, Store as _};

/// What is known of somebody who is looked for.
#[derive(Debug, Deserialize, ToSchema)]
pub struct FindWish {
    /// A name, its pinyin, or the last four or more characters of a telephone or document number.
    typed: String,
    /// Only in this place.
    place: Option<String>,
    /// A code of the list `look_reason`.
    reason: String,
}

/// A resident who was found, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ResidentHit {
    /// The resident.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// Masked.
    pub name: String,
    /// Masked.
    pub phone: Option<String>,
    /// Masked.
    pub document_number: Option<String>,
    /// Written out.
    pub address: String,
    /// Village and cell by name.
    pub place: String,
    /// By what they were found.
    pub by: FoundBy,
    /// Moved out or died.
    pub left: bool,
}

/// The residents who were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ResidentHits {
    /// The best first.
    pub items: Vec<ResidentHit>,
    /// There are more: whoever looks has to say more.
    pub more: bool,
}

/// A record about a resident.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ResidentPart {
    /// The record.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// Its kind.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// What it says about the resident; of others it says masked names only.
    #[ts(type = "{ [field in string]: unknown }")]
    #[schema(value_type = Object)]
    pub fields: Fields,
}

/// What is stored about a resident.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ResidentFile {
    /// The resident.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// The version that a correction is made to.
    #[schema(value_type = String)]
    pub version: Version,
    /// What they are called.
    pub title: String,
    /// Village and cell by name.
    pub place: String,
    /// Written out.
    pub address: String,
    /// Names and numbers are masked.
    pub masked: bool,
    /// The resident's record first, then the household, visits, care and all else, kind after kind.
    pub parts: Vec<ResidentPart>,
    /// The records that they name, by id.
    #[ts(as = "BTreeMap<String, Reference>")]
    #[schema(value_type = BTreeMap<String, Reference>)]
    pub refs: BTreeMap<RecordId, Reference>,
    /// Who looked at names and numbers in full and why, the latest first.
    pub looks: Vec<DeskAuditEntry>,
}

/// Finds residents; that somebody looked, how and why is noted.
#[utoipa::path(post, path = "/desk/api/residents/find", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = FindWish,
    responses((status = 200, body = ResidentHits), (status = "4XX", body = ErrorBody)))]
pub(super) async fn find(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<FindWish>,
) -> Result<Json<ResidentHits>, ApiError> {
    let hits = blocking(&app, move |hub| {
        let place = wish.place.as_deref().map(Scope::new).transpose();
        let place = place.map_err(|_| refused(domain::protocol::CallRefusal::NotFound))?;
        let mut found = hub.find_residents(&desk.actor, &wish.typed, place.as_ref(), &wish.reason)?;
        let more = found.len() > FOUND_MAX;
        found.truncate(FOUND_MAX);
        hub.store().read(|reading| {
            let mut around = Surroundings::new(reading, &desk.actor);
            around.gather(found.iter().map(|(record, _)| record))?;
            let hits = found.iter().map(|(record, by)| hit(&mut around, record, *by));
            Ok(ResidentHits { items: hits.collect::<Result<_, HubError>>()?, more })
        })
    });
    Ok(Json(hits.await?))
}

/// What is stored about a resident, masked.
#[utoipa::path(get, path = "/desk/api/residents/{id}", tag = "desk", security(("desk" = [])), params(("id" = String, Path, description = "The resident")),
    responses((status = 200, body = ResidentFile), (status = "4XX", body = ErrorBody)))]
pub(super) async fn file(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<ResidentFile>, ApiError> {
    let id = record_id(&named(path)?)?;
    let file = blocking(&app, move |hub| {
        let file = file_of(hub, &desk.actor, id, false)?;
        let who = desk.actor.account.to_string();
        let seen = AuditEntry { at: hub.now(), who, action: "view".to_owned(), subject: id.to_string() };
        hub.store().write(|writing| writing.append_audit(&seen))?;
        Ok(file)
    });
    Ok(Json(file.await?))
}

/// What is stored about a resident, in full, for a reason that is noted.
#[utoipa::path(post, path = "/desk/api/residents/{id}/look", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The resident")), request_body = LookWish,
    responses((status = 200, body = ResidentFile), (status = "4XX", body = ErrorBody)))]
pub(super) async fn look(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<LookWish>,
) -> Result<Json<ResidentFile>, ApiError> {
    let id = record_id(&named(path)?)?;
    Ok(Json(blocking(&app, move |hub| looked_at(hub, &desk.actor, id, LOOK, wish.reason())).await?))
}

/// What is stored about a resident as PDF, in full, with the list of who looked; noted like a look.
#[utoipa::path(post, path = "/desk/api/residents/{id}/paper", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The resident")), request_body = LookWish,
    responses((status = 200, description = "PDF", content_type = "application/pdf"), (status = "4XX", body = ErrorBody)))]
pub(super) async fn paper(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<LookWish>,
) -> Result<impl IntoResponse, ApiError> {
    let id = record_id(&named(path)?)?;
    let pdf = blocking(&app, move |hub| {
        let file = looked_at(hub, &desk.actor, id, PRINT, wish.reason())?;
        Ok(forms::resident(&forms::Setting::of(hub)?, &file))
    });
    Ok(([(header::CONTENT_TYPE, "application/pdf")], pdf.await?))
}

fn hit(around: &mut Surroundings<'_>, record: &Record, by: FoundBy) -> Result<ResidentHit, HubError> {
    let person = Person::from(record);
    Ok(ResidentHit {
        id: record.id,
        name: mask::name(&person.name),
        phone: person.phone.as_deref().map(mask::phone),
        document_number: person.document_number.as_deref().map(mask::document),
        address: around.address(record),
        place: around.place(&record.cell)?,
        by,
        left: person.has_left(),
    })
}

/// The file in full. Who looked is read after this look was noted, so that it is in the list too.
fn looked_at(
    hub: &CountyHub,
    actor: &Actor,
    id: RecordId,
    action: &str,
    reason: &str,
) -> Result<ResidentFile, HubError> {
    let file = file_of(hub, actor, id, true)?;
    let looks: Vec<Look> = file.parts.iter().filter_map(look_of).collect();
    hub.note_looks(actor, action, reason, &looks)?;
    let looks = looks_of(hub, &file)?;
    Ok(ResidentFile { looks, ..file })
}

/// What of the resident and of their household is seen in full.
fn look_of(part: &ResidentPart) -> Option<Look> {
    if !matches!(part.kind, Kind::Person | Kind::Household) {
        return None;
    }
    let mut fields = part.fields.clone();
    let fields = mask::fields(&part.kind, &mut fields);
    (!fields.is_empty()).then_some(Look { of: part.id, fields })
}

fn looks_of(hub: &CountyHub, file: &ResidentFile) -> Result<Vec<DeskAuditEntry>, HubError> {
    let own = file.parts.iter().filter(|part| matches!(part.kind, Kind::Person | Kind::Household));
    let ids: Vec<RecordId> = own.map(|part| part.id).collect();
    let lines = hub.store().read(|reading| looks_at(reading, &ids))?;
    entries(hub, lines)
}

fn file_of(hub: &CountyHub, actor: &Actor, id: RecordId, in_full: bool) -> Result<ResidentFile, HubError> {
    let file = hub.store().read(|reading| {
        let stored = resident(reading, actor, id)?;
        let Gathered { records } = gather(reading, actor, &stored.record, in_full)?;
        let mut around = Surroundings::new(reading, actor);
        around.gather([&stored.record])?;
        let ids: BTreeSet<RecordId> = records
            .iter()
            .flat_map(|record| {
                record.fields.iter().flat_map(|(field, value)| references_in(&record.kind, field, value))
            })
            .collect();
        around.fetch(&ids)?;
        let mut refs = around.refs(&ids);
        let title = if in_full {
            stored.record.text("name").unwrap_or_default().to_owned()
        } else {
            around.title(&stored.record)
        };
        // The resident's own name is theirs; whoever else is named stays masked.
        refs.entry(id).and_modify(|reference| reference.title.clone_from(&title));
        let part = |record: Record| ResidentPart { id: record.id, kind: record.kind, fields: record.fields };
        Ok::<_, HubError>(ResidentFile {
            id,
            version: stored.version,
            title,
            place: around.place(&stored.record.cell)?,
            address: around.address(&stored.record),
            masked: !in_full,
            parts: records.into_iter().map(part).collect(),
            refs,
            looks: Vec::new(),
        })
    })?;
    let looks = looks_of(hub, &file)?;
    Ok(ResidentFile { looks, ..file })
}
