//! After a restore: what the desk has to look after, until an administrator says that it was done.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::protocol::ErrorBody;
use domain::world::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};

/// Whether the database was put back from a backup, and nobody has looked after the phones since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskPutBack {
    /// When it was put back; none when there is nothing to look after.
    #[ts(type = "number | null")]
    pub at: Option<Millis>,
    /// When the backup was made; none when that is not known.
    #[ts(type = "number | null")]
    pub backed_up_at: Option<Millis>,
}

/// After which restore somebody has looked.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LookedAfterWish {
    /// Its moment, as it was told.
    at: Millis,
}

/// Whether the database was put back from a backup since somebody looked after the phones.
#[utoipa::path(get, path = "/desk/api/put-back", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = DeskPutBack), (status = "4XX", body = ErrorBody)))]
pub(super) async fn put_back(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<DeskPutBack>, ApiError> {
    let found = blocking(&app, move |hub| hub.put_back_for(&desk.actor)).await?;
    let backed_up_at = found.and_then(|found| found.backed_up_at);
    Ok(Json(DeskPutBack { at: found.map(|found| found.at), backed_up_at }))
}

/// An administrator has looked after the phones of the own places since a restore.
#[utoipa::path(post, path = "/desk/api/put-back/looked-after", tag = "desk", security(("desk" = [], "csrf" = [])),
    request_body = LookedAfterWish, responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn looked_after(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<LookedAfterWish>,
) -> Result<StatusCode, ApiError> {
    blocking(&app, move |hub| hub.look_after_put_back(&desk.actor, wish.at)).await?;
    Ok(StatusCode::NO_CONTENT)
}
