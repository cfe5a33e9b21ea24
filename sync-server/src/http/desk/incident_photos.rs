//! A photo of what came of an incident, sent up as the file that it is.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use domain::RecordId;
use domain::protocol::{CallRefusal, ErrorBody};
use serde::Deserialize;
use utoipa::IntoParams;

use super::incident::{DeskIncident, page};
use super::{named, record_id};
use crate::http::auth::SignedInDesk;
use crate::http::body::collect;
use crate::http::{ApiError, App, blocking};
use crate::hub::incidents::AfterWish;
use crate::photos::PICTURE_BYTES_MAX;

/// What comes with the photo.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct AfterUpload {
    /// The id of the photo, chosen by whoever asks: the same wish twice is one photo.
    #[param(value_type = String)]
    id: RecordId,
    /// What was seen of the incident.
    seen: String,
}

/// Adds a photo of what came of an incident: JPEG, PNG or WebP of at most 32 MiB, whatever its name. It is made upright and smaller,
/// and nothing that the file says of its place or camera is kept. Answers with the incident as it then stands.
#[utoipa::path(post, path = "/desk/api/incidents/{id}/photos", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The incident"), AfterUpload),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = DeskIncident), (status = 409, description = "it has moved on since it was seen", body = ErrorBody),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn add_after(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<AfterUpload>, QueryRejection>,
    request: Request,
) -> Result<Json<DeskIncident>, ApiError> {
    let id = record_id(&named(path)?)?;
    let Query(upload) = query.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
    let wish = AfterWish { id: upload.id, seen: upload.seen };
    // Before a byte of it is read.
    let (asking, asked) = (desk.clone(), wish.clone());
    blocking(&app, move |hub| hub.awaits_after(&asking, id, &asked)).await?;
    let bytes = collect(request, PICTURE_BYTES_MAX).await?;
    let page = blocking(&app, move |hub| {
        let desk = hub.desk_now(&desk)?;
        hub.add_after(&desk, id, &wish, &bytes)?;
        page(hub, &desk.actor, id)
    });
    Ok(Json(page.await?))
}
