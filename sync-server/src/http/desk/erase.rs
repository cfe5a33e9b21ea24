//! Erasing a person: the right to be forgotten, carried out at the desk.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::RecordId;
use domain::protocol::ErrorBody;
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::{named, record_id};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};
use crate::hub::case_files::CaseToCorrect;
use crate::hub::erasure::Erased;

/// What an erasure removed.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ErasureOutcome {
    /// How many records went: the person and what was about the person alone.
    #[ts(type = "number")]
    pub records: usize,
    /// Case files in whose words the name still stands, because they are about others too: somebody has to correct them.
    pub to_correct: Vec<CaseWords>,
}

/// A case file in whose words the name of an erased party stands.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct CaseWords {
    /// The file.
    pub id: RecordId,
    /// Its number, if it has one.
    pub number: Option<String>,
    /// Its fields with the name: the mediator corrects them.
    pub fields: Vec<String>,
    /// Its events with the name: sealed, so they can only be erased like a person, and written anew.
    pub events: Vec<EventWords>,
}

/// An event of a case file in whose words a name stands.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct EventWords {
    /// The event.
    pub id: RecordId,
    /// When it was, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: i64,
}

impl From<Erased> for ErasureOutcome {
    fn from(erased: Erased) -> Self {
        let event = |(id, at)| EventWords { id, at };
        let case = |case: CaseToCorrect| CaseWords {
            id: case.id,
            number: case.number,
            fields: case.fields,
            events: case.events.into_iter().map(event).collect(),
        };
        Self { records: erased.records, to_correct: erased.to_correct.into_iter().map(case).collect() }
    }
}

/// Erases a person with everything that is about that person alone, or one event of a case file. It cannot be undone.
#[utoipa::path(post, path = "/desk/api/records/{id}/erase", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The record of the person or of the event")),
    responses((status = 200, body = ErasureOutcome), (status = "4XX", body = ErrorBody)))]
pub(super) async fn erase(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<ErasureOutcome>, ApiError> {
    let id = record_id(&named(path)?)?;
    Ok(Json(blocking(&app, move |hub| hub.erase(&desk.actor, id)).await?.into()))
}
