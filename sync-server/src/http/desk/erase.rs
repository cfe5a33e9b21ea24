//! Erasing a person: the right to be forgotten, carried out at the desk.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::protocol::ErrorBody;
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::{named, record_id};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};

/// What an erasure removed.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ErasureOutcome {
    /// How many records went: the person and what was about the person alone.
    #[ts(type = "number")]
    pub records: usize,
}

/// Erases a person with everything that is about that person alone. It cannot be undone.
#[utoipa::path(post, path = "/desk/api/records/{id}/erase", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The person's record")),
    responses((status = 200, body = ErasureOutcome), (status = "4XX", body = ErrorBody)))]
pub(super) async fn erase(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<ErasureOutcome>, ApiError> {
    let id = record_id(&named(path)?)?;
    let records = blocking(&app, move |hub| hub.erase(&desk.actor, id)).await?;
    Ok(Json(ErasureOutcome { records }))
}
