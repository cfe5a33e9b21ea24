//! Photos' bytes by the tus protocol, version 1.0.0 (tus.io): creation, creation with upload, checksum, termination, expiration.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use domain::kinds::photo::PHOTO_BYTES_MAX;
use domain::protocol::{CallRefusal, PhotoOffer, PhotoPlace};
use domain::{RecordId, Sha256Hex};
use http_body_util::BodyExt;
use sha2::Digest;

use crate::http::{ApiError, App, SignedInPhone, blocking};
use crate::hub::phones::Phone;
use crate::store::Upload;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,checksum,termination,expiration";
const CHUNK_TYPE: &str = "application/offset+octet-stream";
/// Bytes are made durable in pieces of this size: a cut connection costs at most one of them.
const PIECE: usize = 256 * 1024;

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// The upload routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/photos", post(create).options(abilities))
        .route("/photos/{upload}", any(upload))
        .layer(from_fn(versioned))
}

/// Only version 1.0.0 is spoken, and every answer but to OPTIONS says so.
async fn versioned(request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let right = request.headers().get(TUS_RESUMABLE).is_some_and(|version| version == VERSION);
    let mut response = if right {
        next.run(request).await
    } else {
        let mut refused = ApiError::new(CallRefusal::TusVersion).into_response();
        refused.headers_mut().insert(TUS_VERSION, HeaderValue::from_static(VERSION));
        refused
    };
    response.headers_mut().insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

async fn abilities(_: SignedInPhone) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(EXTENSIONS));
    headers.insert("tus-max-size", HeaderValue::from(PHOTO_BYTES_MAX));
    headers.insert("tus-checksum-algorithm", HeaderValue::from_static("sha256,sha1"));
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The verbs of one upload: its owner is checked for each of them.
async fn upload(
    State(app): State<App>,
    SignedInPhone(phone): SignedInPhone,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let Path(id) = path.map_err(|_| ApiError::new(CallRefusal::UploadGone))?;
    match *request.method() {
        Method::HEAD => stand(&app, phone, id).await,
        Method::PATCH => patch(&app, phone, id, request).await,
        Method::DELETE => {
            blocking(&app, move |hub| hub.photo_abandon(&phone, &id)).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Method::OPTIONS => Ok(abilities(SignedInPhone(phone)).await),
        _ => Err(ApiError::new(CallRefusal::NotFound).with_status(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

async fn create(
    State(app): State<App>,
    SignedInPhone(phone): SignedInPhone,
    request: Request,
) -> Result<Response, ApiError> {
    let bytes: u64 = number(request.headers(), &UPLOAD_LENGTH)?;
    if bytes > PHOTO_BYTES_MAX as u64 {
        return Err(ApiError::new(CallRefusal::TooLarge));
    }
    let (photo, sha256) = metadata(request.headers()).ok_or_else(|| ApiError::new(CallRefusal::Malformed))?;
    let offer = PhotoOffer { photo, sha256, bytes };
    let owner = phone.clone();
    let place = blocking(&app, move |hub| hub.photo_offer(&owner, &offer)).await?;
    let PhotoPlace::Upload { upload, mut offset } = place else {
        return Ok((StatusCode::OK, [("doorstep-photo", "stored")]).into_response());
    };
    let brings_bytes = request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == CHUNK_TYPE);
    if brings_bytes && offset == 0 {
        offset = append(&app, &phone, &upload, 0, bytes, request).await?;
    }
    let id = upload.clone();
    let own = blocking(&app, move |hub| hub.own_upload(&phone, &id)).await?;
    let location =
        HeaderValue::from_str(&format!("/v1/photos/{upload}")).map_err(|error| ApiError::internal(&error))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::LOCATION, location);
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(offset));
    expires(&mut headers, &own);
    Ok((StatusCode::CREATED, headers).into_response())
}

async fn stand(app: &App, phone: Phone, id: String) -> Result<Response, ApiError> {
    let own = blocking(app, move |hub| hub.own_upload(&phone, &id)).await?;
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(own.offset));
    headers.insert(UPLOAD_LENGTH, HeaderValue::from(own.bytes));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    expires(&mut headers, &own);
    Ok((StatusCode::OK, headers).into_response())
}

async fn patch(app: &App, phone: Phone, id: String, request: Request) -> Result<Response, ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != CHUNK_TYPE) {
        return Err(ApiError::new(CallRefusal::UnsupportedEncoding));
    }
    let offset: u64 = number(request.headers(), &UPLOAD_OFFSET)?;
    let (owner, own_id) = (phone.clone(), id.clone());
    let own = blocking(app, move |hub| hub.own_upload(&owner, &own_id)).await?;
    let reached = append(app, &phone, &id, offset, own.bytes, request).await?;
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(reached));
    expires(&mut headers, &own);
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// Hands the request's bytes to the hub: whole when they come with a checksum, else piece by piece as they arrive.
async fn append(
    app: &App,
    phone: &Phone,
    id: &str,
    offset: u64,
    total: u64,
    request: Request,
) -> Result<u64, ApiError> {
    let room = total.saturating_sub(offset);
    let announced = number::<u64>(request.headers(), &header::CONTENT_LENGTH).ok();
    if announced.is_some_and(|bytes| bytes > room) {
        return Err(ApiError::new(CallRefusal::TooLarge));
    }
    let checksum = checksum(request.headers())?;
    let mut body = request.into_body();
    // With a checksum nothing may be stored before all of it is known to be right.
    let piece = if checksum.is_some() { usize::MAX } else { PIECE };
    let mut reached = offset;
    let mut held = Vec::new();
    let mut first = true;
    loop {
        let chunk = next_bytes(&mut body).await?;
        let ended = chunk.is_none();
        held.extend_from_slice(&chunk.unwrap_or_default());
        if held.len() as u64 > total.saturating_sub(reached) {
            return Err(ApiError::new(CallRefusal::TooLarge));
        }
        if ended && let Some(checksum) = &checksum {
            checksum.check(&held)?;
        }
        if held.len() >= piece || (ended && (first || !held.is_empty())) {
            let (phone, id, bytes) = (phone.clone(), id.to_owned(), std::mem::take(&mut held));
            reached = blocking(app, move |hub| hub.photo_append(&phone, &id, reached, &bytes)).await?;
            first = false;
        }
        if ended {
            return Ok(reached);
        }
    }
}

/// The next bytes of a body; none at its end.
async fn next_bytes(body: &mut Body) -> Result<Option<Bytes>, ApiError> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
            // Cut in the middle: what was complete is stored, the phone asks where to go on.
            Some(Err(_)) => return Err(ApiError::new(CallRefusal::Malformed)),
        }
    }
}

/// A checksum that a chunk must have.
enum Checksum {
    Sha256(Vec<u8>),
    Sha1(Vec<u8>),
}

impl Checksum {
    fn check(&self, bytes: &[u8]) -> Result<(), ApiError> {
        let right = match self {
            Checksum::Sha256(expected) => sha2::Sha256::digest(bytes).as_slice() == expected.as_slice(),
            Checksum::Sha1(expected) => sha1::Sha1::digest(bytes).as_slice() == expected.as_slice(),
        };
        if right { Ok(()) } else { Err(ApiError::new(CallRefusal::HashMismatch).with_status(mismatch())) }
    }
}

/// tus's own status for a chunk whose checksum is wrong.
fn mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
}

fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, ApiError> {
    let malformed = || ApiError::new(CallRefusal::Malformed);
    let Some(value) = headers.get("upload-checksum") else { return Ok(None) };
    let (algorithm, digest) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    let digest = STANDARD.decode(digest.trim()).map_err(|_| malformed())?;
    match algorithm {
        "sha256" => Ok(Some(Checksum::Sha256(digest))),
        "sha1" => Ok(Some(Checksum::Sha1(digest))),
        _ => Err(malformed()),
    }
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &HeaderName) -> Result<T, ApiError> {
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
