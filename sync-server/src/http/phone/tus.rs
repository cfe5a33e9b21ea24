//! Photos' bytes by the tus protocol, version 1.0.0 (tus.io): creation, creation with upload, checksum, termination, expiration.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use domain::kinds::photo::PHOTO_BYTES_MAX;
use domain::protocol::{CallRefusal, PhotoOffer, PhotoPlace};
use domain::{RecordId, Sha256Hex};

use super::taking::Taking;
use crate::http::{ApiError, App, SignedInPhone, blocking};
use crate::hub::phones::Phone;
use crate::photos::UPLOAD_NAME_MAX;
use crate::store::Upload;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,checksum,termination,expiration";
const CHUNK_TYPE: &str = "application/offset+octet-stream";
const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// The upload routes. Their handlers look at the method themselves: it may be another than the request's line says.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/photos", any(uploads)).route("/photos/{upload}", any(upload))
}

/// The way in to everything below `/v1/photos`, whatever becomes of it: only version 1.0.0 is spoken, every answer but to OPTIONS
/// says so, and a method that something on the way would not let through is told in a header.
pub(crate) async fn spoken(mut request: Request, next: Next) -> Response {
    let below = request.uri().path().strip_prefix("/v1/photos");
    if !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return next.run(request).await;
    }
    if let Some(told) = request.headers().get("x-http-method-override") {
        let Ok(method) = Method::from_bytes(told.as_bytes()) else {
            return said(ApiError::new(CallRefusal::Malformed).into_response());
        };
        *request.method_mut() = method;
    }
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let right = request.headers().get(TUS_RESUMABLE).is_some_and(|version| version == VERSION);
    if right {
        return said(next.run(request).await);
    }
    let mut refused = ApiError::new(CallRefusal::TusVersion).into_response();
    refused.headers_mut().insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    said(refused)
}

fn said(mut response: Response) -> Response {
    response.headers_mut().insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

fn abilities() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(EXTENSIONS));
    headers.insert("tus-max-size", HeaderValue::from(PHOTO_BYTES_MAX));
    headers.insert("tus-checksum-algorithm", HeaderValue::from_static("sha256,sha1"));
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The verbs of all uploads together.
async fn uploads(
    State(app): State<App>,
    SignedInPhone(phone): SignedInPhone,
    request: Request,
) -> Result<Response, ApiError> {
    match *request.method() {
        Method::POST => create(app, phone, request).await,
        Method::OPTIONS => Ok(abilities()),
        _ => Err(not_this_method()),
    }
}

fn not_this_method() -> ApiError {
    ApiError::new(CallRefusal::NotFound).with_status(StatusCode::METHOD_NOT_ALLOWED)
}

/// The verbs of one upload: its owner is checked for each of them.
async fn upload(
    State(app): State<App>,
    SignedInPhone(phone): SignedInPhone,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let id = name(path)?;
    match *request.method() {
        Method::HEAD => stand(&app, phone, id).await,
        Method::PATCH => patch(app, phone, id, request).await,
        Method::DELETE => {
            let _turn = app.turns.take(&id).await;
            blocking(&app, move |hub| hub.photo_abandon(&phone, &id)).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Method::OPTIONS => Ok(abilities()),
        _ => Err(not_this_method()),
    }
}

/// The upload that an address names. What no upload is called is remembered nowhere, not even among those whose turn it is.
fn name(path: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    let Path(id) = path.map_err(|_| ApiError::new(CallRefusal::UploadGone))?;
    if id.len() > UPLOAD_NAME_MAX { Err(ApiError::new(CallRefusal::UploadGone)) } else { Ok(id) }
}

async fn create(app: App, phone: Phone, request: Request) -> Result<Response, ApiError> {
    let bytes: u64 = number(request.headers(), &UPLOAD_LENGTH)?;
    if bytes > PHOTO_BYTES_MAX as u64 {
        return Err(ApiError::new(CallRefusal::TooLarge));
    }
    let (photo, sha256) = metadata(request.headers()).ok_or_else(|| ApiError::new(CallRefusal::Malformed))?;
    let offer = PhotoOffer { photo, sha256, bytes };
    let owner = phone.clone();
    let place = blocking(&app, {
        let offer = offer.clone();
        move |hub| hub.photo_offer(&owner, &offer)
    })
    .await?;
    let PhotoPlace::Upload { upload, mut offset } = place else {
        return stored(&app, phone, offer).await;
    };
    let brings_bytes = request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == CHUNK_TYPE);
    if brings_bytes && offset == 0 {
        offset = append(app.clone(), phone.clone(), upload.clone(), 0, request).await?.1;
    }
    let id = upload.clone();
    let own = blocking(&app, move |hub| hub.own_upload(&phone, &id)).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::LOCATION, location(&upload)?);
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(offset));
    expires(&mut headers, &own);
    Ok((StatusCode::CREATED, headers).into_response())
}

/// The bytes are there already: our own phones read the header of that name, any other client finds an upload that is complete.
async fn stored(app: &App, phone: Phone, offer: PhotoOffer) -> Result<Response, ApiError> {
    let whole = blocking(app, move |hub| hub.whole_upload(&phone, &offer)).await?;
    let mut headers = HeaderMap::new();
    headers.insert("doorstep-photo", HeaderValue::from_static("stored"));
    headers.insert(header::LOCATION, location(&whole.id)?);
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(whole.offset));
    expires(&mut headers, &whole);
    Ok((StatusCode::OK, headers).into_response())
}

fn location(upload: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(&format!("/v1/photos/{upload}")).map_err(|error| ApiError::internal(&error))
}

async fn stand(app: &App, phone: Phone, id: String) -> Result<Response, ApiError> {
    // Whoever asks has lost the connection over which bytes were coming: what has come of them is put away first.
    let _turn = app.turns.take(&id).await;
    let own = blocking(app, move |hub| hub.own_upload(&phone, &id)).await?;
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(own.offset));
    headers.insert(UPLOAD_LENGTH, HeaderValue::from(own.bytes));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    expires(&mut headers, &own);
    Ok((StatusCode::OK, headers).into_response())
}

async fn patch(app: App, phone: Phone, id: String, request: Request) -> Result<Response, ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != CHUNK_TYPE) {
        return Err(ApiError::new(CallRefusal::UnsupportedEncoding));
    }
    let offset: u64 = number(request.headers(), &UPLOAD_OFFSET)?;
    let (own, reached) = append(app, phone, id, offset, request).await?;
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(reached));
    expires(&mut headers, &own);
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// Takes the request's bytes. In a task of its own: the connection may be gone before what it brought is put away.
async fn append(app: App, phone: Phone, id: String, offset: u64, request: Request) -> Result<(Upload, u64), ApiError> {
    let taken = tokio::spawn(async move {
        let turn = app.turns.take(&id).await;
        let (owner, own_id) = (phone.clone(), id.clone());
        let own = blocking(&app, move |hub| hub.own_upload(&owner, &own_id)).await?;
        let reached = Taking { app, phone, upload: own.clone(), offset }.all(&turn, request).await?;
        Ok((own, reached))
    });
    taken.await.map_err(|error| ApiError::internal(&error))?
}

pub(super) fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &HeaderName) -> Result<T, ApiError> {
    let value = headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    value.ok_or_else(|| ApiError::new(CallRefusal::Malformed))
}

/// `photo <base64>,sha256 <base64>`, in any order, among others.
fn metadata(headers: &HeaderMap) -> Option<(RecordId, Sha256Hex)> {
    let text = headers.get("upload-metadata")?.to_str().ok()?;
    let value = |wanted: &str| {
        let pair = text.split(',').filter_map(|pair| pair.trim().split_once(' ')).find(|(key, _)| *key == wanted)?;
        String::from_utf8(STANDARD.decode(pair.1.trim()).ok()?).ok()
    };
    Some((value("photo")?.parse().ok()?, Sha256Hex::new(&value("sha256")?).ok()?))
}

fn expires(headers: &mut HeaderMap, upload: &Upload) {
    let moment =
        DateTime::from_timestamp_millis(upload.until).map(|at| at.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(value) = moment.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(UPLOAD_EXPIRES, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_longer_than_any_upload_s_is_gone_before_anything_remembers_it() {
        let token = "x".repeat(UPLOAD_NAME_MAX);
        assert_eq!(name(Ok(Path(token.clone()))).unwrap(), token);
        assert_eq!(name(Ok(Path(format!("{token}x")))).unwrap_err().code(), CallRefusal::UploadGone);
    }
}
