//! The bytes of photos.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::protocol::ErrorBody;

use super::named;
use crate::http::auth::SignedInDesk;
use crate::http::phone::photo::{Picture, address, picture};
use crate::http::{ApiError, App, blocking};

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
    let (sha256, size) = address(&sha256, &size)?;
    blocking(&app, move |hub| hub.photo_for(&desk.actor, &sha256, size)).await.map(picture)
}
