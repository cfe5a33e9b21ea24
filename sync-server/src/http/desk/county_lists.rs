//! The county's lists for whoever edits them: as they are in force, who published which version, and publishing the next.

use axum::Json;
use axum::extract::State;
use domain::codes::Lists;
use domain::protocol::ErrorBody;
use domain::world::Millis;
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};

/// The lists in force and their past.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct CountyLists {
    /// As phones get them.
    pub lists: Lists,
    /// Who published which version, the latest first.
    pub past: Vec<ListsVersion>,
}

/// A version of the lists.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ListsVersion {
    /// Its number.
    pub version: i64,
    /// By whom: an account, or `server`.
    pub by: String,
    /// When; 0: with the server itself.
    pub at: Millis,
}

/// The version that was published.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct PublishedLists {
    /// Its number.
    pub version: i64,
}

/// The county's lists, for whoever edits them.
#[utoipa::path(get, path = "/desk/api/county-lists", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = CountyLists), (status = "4XX", body = ErrorBody)))]
pub(super) async fn county_lists(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<CountyLists>, ApiError> {
    let (lists, past) = blocking(&app, move |hub| hub.lists_for(&desk.actor)).await?;
    let past = past.into_iter().map(|one| ListsVersion { version: one.version, by: one.by, at: one.at }).collect();
    Ok(Json(CountyLists { lists, past }))
}

/// Publishes the lists as a new version. The version sent is the one that was seen.
#[utoipa::path(post, path = "/desk/api/county-lists", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = Lists,
    responses((status = 200, body = PublishedLists), (status = "4XX", body = ErrorBody)))]
pub(super) async fn publish_lists(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(lists): JsonBody<Lists>,
) -> Result<Json<PublishedLists>, ApiError> {
    let version = blocking(&app, move |hub| hub.publish_lists(&desk.actor, &lists)).await?;
    Ok(Json(PublishedLists { version }))
}
