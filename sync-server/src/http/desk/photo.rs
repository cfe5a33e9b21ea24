//! The bytes of photos, and how many of a record's have arrived.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::protocol::{CallRefusal, ErrorBody};

use super::inbox::{InboxPhotos, photos_of};
use super::{named, record_id, refused};
use crate::http::auth::SignedInDesk;
use crate::http::phone::photo::{Picture, address, bytes, shown_picture};
use crate::http::{ApiError, App, blocking};
use crate::store::Store as _;

/// A photo's bytes.
#[utoipa::path(get, path = "/desk/api/photo/{sha256}/{size}", tag = "desk", security(("desk" = [])),
    params(("sha256" = String, Path, description = "The hash of the stored bytes"),
        ("size" = String, Path, description = "`thumb` or `full`")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn photo(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Picture, ApiError> {
    let (sha256, size) = named(path)?;
    bytes(&app, desk.actor, address(&sha256, &size)?).await.map(shown_picture)
}

/// How many of a record's photos have arrived: asked again and again while some are on their way. It shows nothing of the record.
#[utoipa::path(get, path = "/desk/api/records/{id}/photos", tag = "desk", security(("desk" = [])),
    params(("id" = String, Path, description = "The record")),
    responses((status = 200, body = InboxPhotos), (status = "4XX", body = ErrorBody)))]
pub(super) async fn photos(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<InboxPhotos>, ApiError> {
    let id = record_id(&named(path)?)?;
    let photos = blocking(&app, move |hub| {
        let stored = hub.record_for(&desk.actor, id)?.ok_or_else(|| refused(CallRefusal::NotFound))?;
        let found = hub.store().read(|reading| photos_of(reading, &desk.actor, std::slice::from_ref(&stored)));
        Ok(found?.pop().unwrap_or_default())
    });
    Ok(Json(photos.await?))
}
