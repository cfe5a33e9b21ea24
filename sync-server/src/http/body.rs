//! JSON bodies, bounded at every step: bytes on the wire, bytes after decompression, depth, shape.

use std::io::Read;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{HeaderName, ToStrError};
use axum::http::{HeaderMap, header};
use domain::protocol::CallRefusal;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::http::ApiError;

/// Bodies of small calls: a sign-in, a review, a list of ids.
pub const SMALL_BODY: usize = 512 * 1024;

/// Brackets open at one time. What a change may hold is bounded more closely, and refuses that change alone.
const DEPTH_MAX: usize = 64;

/// A compressed body may ask for a window of at most 8 MiB while it is read.
const WINDOW_LOG_MAX: u32 = 23;

/// A JSON body of at most `MAX` bytes after decompression. Takes `Content-Encoding: zstd`.
pub struct JsonBody<T, const MAX: usize = SMALL_BODY>(pub T);

/// The same before anything is read from it: unpacked, and no deeper than allowed.
pub struct JsonBytes<const MAX: usize = SMALL_BODY>(pub Bytes);

impl<T, S, const MAX: usize> FromRequest<S> for JsonBody<T, MAX>
where
    T: DeserializeOwned + Send + 'static,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let compressed = content(request.headers())?;
        let bytes = collect(request, MAX).await?;
        // Decompressing and parsing megabytes is work, not waiting.
        let parsed = tokio::task::spawn_blocking(move || parse(bytes, compressed, MAX)).await;
        parsed.map_err(|error| ApiError::internal(&error))?.map(Self)
    }
}

impl<S: Send + Sync, const MAX: usize> FromRequest<S> for JsonBytes<MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let compressed = content(request.headers())?;
        let bytes = collect(request, MAX).await?;
        let unpacked = tokio::task::spawn_blocking(move || unpack(bytes, compressed, MAX)).await;
        unpacked.map_err(|error| ApiError::internal(&error))?.map(Self)
    }
}

/// Whether the body is JSON, as it says itself.
pub(super) fn says_json(headers: &HeaderMap) -> bool {
    let told = text(headers, header::CONTENT_TYPE).and_then(Result::ok);
    told.is_some_and(|told| told.split(';').next().unwrap_or_default().trim() == "application/json")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<Result<String, ToStrError>> {
    headers.get(name).map(|value| value.to_str().map(|text| text.trim().to_ascii_lowercase()))
}

/// Whether the body is compressed; an error when it is not JSON or encoded in another way.
fn content(headers: &HeaderMap) -> Result<bool, ApiError> {
    let unsupported = || ApiError::new(CallRefusal::UnsupportedEncoding);
    if !says_json(headers) {
        return Err(unsupported());
    }
    match text(headers, header::CONTENT_ENCODING) {
        None => Ok(false),
        Some(Ok(encoding)) if encoding == "identity" || encoding.is_empty() => Ok(false),
        Some(Ok(encoding)) if encoding == "zstd" => Ok(true),
        Some(_) => Err(unsupported()),
    }
}

/// A body as it is, refused early when it announces more than it may have, and late when it announced less.
///
/// # Errors
/// [`CallRefusal::TooLarge`], and [`CallRefusal::Malformed`] when it breaks off.
pub async fn collect(request: Request, max: usize) -> Result<Bytes, ApiError> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: u64| bytes > max as u64) {
        return Err(ApiError::new(CallRefusal::TooLarge));
    }
    match Limited::new(request.into_body(), max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::new(CallRefusal::TooLarge)),
        Err(_) => Err(ApiError::new(CallRefusal::Malformed)),
    }
}

fn parse<T: DeserializeOwned>(bytes: Bytes, compressed: bool, max: usize) -> Result<T, ApiError> {
    let bytes = unpack(bytes, compressed, max)?;
    serde_json::from_slice(&bytes).map_err(|_| ApiError::new(CallRefusal::Malformed))
}

fn unpack(bytes: Bytes, compressed: bool, max: usize) -> Result<Bytes, ApiError> {
    let bytes = if compressed { decompress(&bytes, max)?.into() } else { bytes };
    if is_too_deep(&bytes) { Err(ApiError::new(CallRefusal::TooDeep)) } else { Ok(bytes) }
}

fn decompress(bytes: &[u8], max: usize) -> Result<Vec<u8>, ApiError> {
    let malformed = || ApiError::new(CallRefusal::Malformed);
    let mut decoder = zstd::Decoder::new(bytes).map_err(|_| malformed())?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(|_| malformed())?;
    let mut out = Vec::new();
    decoder.take(max as u64 + 1).read_to_end(&mut out).map_err(|_| malformed())?;
    if out.len() > max { Err(ApiError::new(CallRefusal::TooLarge)) } else { Ok(out) }
}

/// Counts open brackets outside of texts, before anything is built from the bytes.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts_only() {
        assert!(!is_too_deep(br#"{"a":"[[[[[[[[\"[[[["}"#));
        assert!(!is_too_deep("[".repeat(DEPTH_MAX).as_bytes()));
        assert!(is_too_deep("[".repeat(DEPTH_MAX + 1).as_bytes()));
        assert!(!is_too_deep("[]".repeat(DEPTH_MAX * 2).as_bytes()));
    }

    #[test]
    fn what_unpacks_to_more_than_allowed_is_not_unpacked() {
        let bomb = zstd::encode_all(&vec![b' '; 4 * SMALL_BODY][..], 19).unwrap();
        assert!(bomb.len() < 1_000);
        assert_eq!(decompress(&bomb, SMALL_BODY).unwrap_err().code(), CallRefusal::TooLarge);
        assert_eq!(decompress(b"no zstd at all", SMALL_BODY).unwrap_err().code(), CallRefusal::Malformed);
    }
}
