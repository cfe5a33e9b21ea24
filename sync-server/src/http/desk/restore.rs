//! Letting a value of a record's history stand again.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::protocol::ErrorBody;
use domain::{Stamp, Version};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{named, record_id};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::conflicts::RestoreOf;

/// A value that is to stand again.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RestoreWish {
    /// The version of the record that was looked at.
    #[schema(value_type = String)]
    version: Version,
    /// How far the cell's feed had come when the record's page was read (`reached` of it): what was set aside later stays to be
    /// decided.
    reached: u64,
    /// The field.
    field: String,
    /// The stamp of the value, as the history names it.
    #[schema(value_type = String)]
    stamp: Stamp,
}

/// The record with the value in its place again.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct Restored {
    /// Its version now.
    #[schema(value_type = String)]
    pub version: Version,
}

/// Lets a value stand again that lost against another, as a change of the desk's own.
#[utoipa::path(post, path = "/desk/api/records/{id}/restore", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The record")), request_body = RestoreWish,
    responses((status = 200, body = Restored), (status = 409, description = "the version is not the present one", body = ErrorBody),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn restore(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<RestoreWish>,
) -> Result<Json<Restored>, ApiError> {
    let RestoreWish { version, reached, field, stamp } = wish;
    let wish = RestoreOf { id: record_id(&named(path)?)?, version, reached, field, stamp };
    let version = blocking(&app, move |hub| hub.restore_at_desk(&desk, &wish)).await?;
    Ok(Json(Restored { version }))
}
