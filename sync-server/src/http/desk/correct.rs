//! Putting values of a record right at the desk.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::protocol::ErrorBody;
use domain::{Fields, Version};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{named, record_id};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::corrections::CorrectionOf;

/// Values that are to be put right.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CorrectionWish {
    /// The version that was looked at.
    #[schema(value_type = String)]
    version: Version,
    /// How far the cell's feed had come when the record's page was read (`reached` of it): what was set aside later stays to be
    /// decided. A page that does not tell what was set aside sends none.
    #[serde(default)]
    reached: Option<u64>,
    /// The new values by field; null empties a field.
    #[schema(value_type = Object)]
    fields: Fields,
    /// Why, in words for the worker.
    #[serde(default)]
    note: Option<String>,
}

/// The record with the values put right.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct Corrected {
    /// Its version now.
    #[schema(value_type = String)]
    pub version: Version,
}

/// Puts values of a record right, as a change of the desk's own that goes through the same judgement and merge as any other.
#[utoipa::path(post, path = "/desk/api/records/{id}/correct", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The record")), request_body = CorrectionWish,
    responses((status = 200, body = Corrected), (status = 409, description = "the version is not the present one", body = ErrorBody),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn correct(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<CorrectionWish>,
) -> Result<Json<Corrected>, ApiError> {
    let CorrectionWish { version, reached, fields, note } = wish;
    let wish = CorrectionOf { id: record_id(&named(path)?)?, version, reached, fields, note };
    let version = blocking(&app, move |hub| hub.correct(&desk, &wish)).await?;
    Ok(Json(Corrected { version }))
}
