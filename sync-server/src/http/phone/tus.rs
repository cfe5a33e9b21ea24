//! Photos' bytes by the tus protocol, version 1.0.0 (tus.io): creation, creation with upload, checksum, termination, expiration.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
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
use http_body_util::BodyExt;
use sha2::Digest;

use super::turns::Turn;
use crate::http::{ApiError, App, SignedInPhone, blocking};
use crate::hub::HubError;
use crate::hub::phones::Phone;
use crate::store::Upload;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,checksum,termination,expiration";
const CHUNK_TYPE: &str = "application/offset+octet-stream";
/// Bytes are written in pieces of this size.
const PIECE: usize = 256 * 1024;
/// What was written is made durable and counted when it is so much, or so old, or when no more comes: a server that is killed
/// loses no more than that.
const COUNT_BYTES: u64 = 2 * 1024 * 1024;
const COUNT_WITHIN: Duration = Duration::from_secs(2);
/// A request that is wanted to leave and brings nothing for so long is stale.
const SILENT_WHEN_WANTED: Duration = Duration::from_millis(150);

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
    let Path(id) = path.map_err(|_| ApiError::new(CallRefusal::UploadGone))?;
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

/// Bytes that are coming in for an upload, from `offset` on.
struct Taking {
    app: App,
    phone: Phone,
    upload: Upload,
    offset: u64,
}

impl Taking {
    async fn all(&self, turn: &Turn, request: Request) -> Result<u64, ApiError> {
        let announced = number::<u64>(request.headers(), &header::CONTENT_LENGTH).ok();
        let checksum = checksum(request.headers())?;
        let mut body = request.into_body();
        if self.offset != self.upload.offset {
            return self.elsewhere(announced, &mut body).await;
        }
        if announced.is_some_and(|bytes| bytes > self.room()) {
            return Err(ApiError::new(CallRefusal::TooLarge));
        }
        match checksum {
            None => self.as_they_come(turn, &mut body).await,
            Some(checksum) => self.checked(turn, &mut body, checksum).await,
        }
    }

    fn room(&self) -> u64 {
        self.upload.bytes.saturating_sub(self.offset)
    }

    /// The upload stands elsewhere: unless this is its end once more, the bytes are not even looked at.
    async fn elsewhere(&self, announced: Option<u64>, body: &mut Body) -> Result<u64, ApiError> {
        let (upload, offset) = (self.upload.clone(), self.offset);
        let repeated = match announced {
            Some(bytes) => blocking(&self.app, move |hub| hub.is_repeated(&upload, offset, bytes)).await?,
            None => false,
        };
        if !repeated {
            return Err(HubError::WrongOffset { offset: self.upload.offset }.into());
        }
        while next_bytes(body).await?.is_some() {}
        Ok(self.upload.bytes)
    }

    /// Puts away piece by piece. When the connection breaks or another request takes the turn, what has come is put away too.
    async fn as_they_come(&self, turn: &Turn, body: &mut Body) -> Result<u64, ApiError> {
        let mut taken = Laid { taking: self, counted: self.offset, laid: 0, held: Vec::new() };
        let mut since = Instant::now();
        loop {
            let came = next_unless_wanted(turn, body).await;
            let ended = !matches!(came, Ok(Some(_)));
            if let Ok(Some(bytes)) = &came {
                taken.hold(bytes)?;
            }
            let old = since.elapsed() >= COUNT_WITHIN;
            if ended || old || taken.held.len() >= PIECE {
                taken.lay().await?;
            }
            if ended || old || taken.laid >= COUNT_BYTES {
                taken.count().await?;
                since = Instant::now();
            }
            if ended {
                return came.map(|_| taken.counted).map_err(|gone| gone.told(taken.counted));
            }
        }
    }

    /// Lays the bytes down piece by piece and counts them when all have come and are right; otherwise none of them counts.
    async fn checked(&self, turn: &Turn, body: &mut Body, mut checksum: Checksum) -> Result<u64, ApiError> {
        let mut taken = Laid { taking: self, counted: self.offset, laid: 0, held: Vec::new() };
        while let Some(bytes) = next_unless_wanted(turn, body).await.map_err(|gone| gone.told(self.offset))? {
            checksum.add(&bytes);
            taken.hold(&bytes)?;
            if taken.held.len() >= PIECE {
                taken.lay().await?;
            }
        }
        checksum.check()?;
        taken.lay().await?;
        taken.count().await?;
        Ok(taken.counted)
    }
}

/// Bytes on their way to the disk: counted, written, and still held.
struct Laid<'t> {
    taking: &'t Taking,
    /// The offset up to which everything counts.
    counted: u64,
    /// Bytes behind it that are written.
    laid: u64,
    /// Bytes behind those.
    held: Vec<u8>,
}

impl Laid<'_> {
    fn hold(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        self.held.extend_from_slice(bytes);
        let reached = self.counted + self.laid + self.held.len() as u64;
        if reached > self.taking.upload.bytes { Err(ApiError::new(CallRefusal::TooLarge)) } else { Ok(()) }
    }

    async fn lay(&mut self) -> Result<(), ApiError> {
        if self.held.is_empty() {
            return Ok(());
        }
        let (phone, id, bytes) =
            (self.taking.phone.clone(), self.taking.upload.id.clone(), std::mem::take(&mut self.held));
        let (counted, laid) = (self.counted, self.laid);
        self.laid += bytes.len() as u64;
        blocking(&self.taking.app, move |hub| hub.photo_lay(&phone, &id, counted, laid, &bytes)).await
    }

    async fn count(&mut self) -> Result<(), ApiError> {
        if self.laid == 0 {
            return Ok(());
        }
        let (phone, id) = (self.taking.phone.clone(), self.taking.upload.id.clone());
        let (counted, laid) = (self.counted, std::mem::take(&mut self.laid));
        self.counted = blocking(&self.taking.app, move |hub| hub.photo_count(&phone, &id, counted, laid)).await?;
        Ok(())
    }
}

/// Why no more bytes come, though there is no end.
enum Gone {
    /// The connection broke or stood still too long.
    Cut,
    /// Another request has taken the turn.
    Taken,
}

impl Gone {
    /// Told to whoever may still be there; the upload stands at `reached` now.
    fn told(self, reached: u64) -> ApiError {
        match self {
            Gone::Cut => ApiError::new(CallRefusal::Malformed),
            Gone::Taken => HubError::WrongOffset { offset: reached }.into(),
        }
    }
}

/// The next bytes, unless somebody else wants the turn and this request has gone silent: what has come over a connection that is
/// dead by now may still have to be read.
async fn next_unless_wanted(turn: &Turn, body: &mut Body) -> Result<Option<Bytes>, Gone> {
    tokio::select! {
        biased;
        bytes = next_bytes(body) => return bytes.map_err(|_| Gone::Cut),
        () = turn.wanted() => {}
    }
    match tokio::time::timeout(SILENT_WHEN_WANTED, next_bytes(body)).await {
        Ok(bytes) => bytes.map_err(|_| Gone::Cut),
        Err(_) => Err(Gone::Taken),
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

/// A checksum that a chunk must have, and what its bytes have come to so far.
enum Checksum {
    Sha256(sha2::Sha256, Vec<u8>),
    Sha1(sha1::Sha1, Vec<u8>),
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        match self {
            Checksum::Sha256(hash, _) => hash.update(bytes),
            Checksum::Sha1(hash, _) => hash.update(bytes),
        }
    }

    fn check(self) -> Result<(), ApiError> {
        let right = match self {
            Checksum::Sha256(hash, expected) => hash.finalize().as_slice() == expected.as_slice(),
            Checksum::Sha1(hash, expected) => hash.finalize().as_slice() == expected.as_slice(),
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
        "sha256" => Ok(Some(Checksum::Sha256(sha2::Sha256::new(), digest))),
        "sha1" => Ok(Some(Checksum::Sha1(sha1::Sha1::new(), digest))),
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
