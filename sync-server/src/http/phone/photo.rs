//! The bytes of a stored photo, for phones in whose cells it lies.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use domain::Sha256Hex;
use domain::protocol::{CallRefusal, PhotoSize};
use domain::scope::Actor;

use crate::http::{ApiError, App, SignedInPhone, blocking};

/// An answer with a picture.
pub(crate) type Picture = ([(HeaderName, &'static str); 2], Vec<u8>);

/// A picture for a phone, which keeps it in its own register. Its address is the hash of its content, so it never changes.
fn kept_picture(bytes: Vec<u8>) -> Picture {
    ([(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, max-age=31536000, immutable")], bytes)
}

/// A picture for a desk: in its browser nothing stays after signing out, nor of whoever is erased.
pub(crate) fn shown_picture(bytes: Vec<u8>) -> Picture {
    ([(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")], bytes)
}

/// Reads the address of a picture; what is no address leads nowhere.
pub(crate) fn address(sha256: &str, size: &str) -> Result<(Sha256Hex, PhotoSize), ApiError> {
    let nowhere = || ApiError::new(CallRefusal::NotFound);
    let size = match size {
        "thumb" => PhotoSize::Thumb,
        "full" => PhotoSize::Full,
        _ => return Err(nowhere()),
    };
    Ok((Sha256Hex::new(sha256).map_err(|_| nowhere())?, size))
}

/// The bytes of a picture. A folder that was copied without thumbnails has them made one after the other, and a page asks for many: threads
/// that waited for their turn would soon be all there are.
pub(crate) async fn bytes(
    app: &App,
    actor: Actor,
    (sha256, size): (Sha256Hex, PhotoSize),
) -> Result<Vec<u8>, ApiError> {
    let (whose, of) = (actor.clone(), sha256.clone());
    if let Some(bytes) = blocking(app, move |hub| hub.photo_at_once(&whose, &of, size)).await? {
        return Ok(bytes);
    }
    let turn = Arc::clone(&app.shrinking).lock_owned().await;
    blocking(app, move |hub| {
        // Over when the thumbnail is made, though whoever asked may have gone.
        let _turn = turn;
        hub.photo_for(&actor, &sha256, size)
    })
    .await
}

pub(super) async fn photo(
    State(app): State<App>,
    SignedInPhone(phone): SignedInPhone,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Picture, ApiError> {
    let Path((sha256, size)) = path.map_err(|_| ApiError::new(CallRefusal::NotFound))?;
    bytes(&app, phone.actor, address(&sha256, &size)?).await.map(kept_picture)
}
