//! Requests over HTTP: addresses, compression, limits on what comes back, and what an error answer means.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use domain::protocol::{BODY_BYTES_MAX, CallError, CallRefusal, ErrorBody};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Certificate, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zstd::zstd_safe::CParameter;

use super::way::Way;
use crate::open::lock;

/// An answer is read up to this many bytes after decompression, and no further.
const ANSWER_BYTES_MAX: usize = 2 * BODY_BYTES_MAX;

/// A client for the one server of this phone. Blocking: never call it on a thread that runs async tasks.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    /// What is known of the way to the server.
    way: Arc<Mutex<Way>>,
}

impl Http {
    pub(crate) fn new() -> Result<Self, CallError> {
        let client = Client::builder()
            .tls_certs_only(roots())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(90))
            .build();
        Ok(Self { client: client.map_err(offline)?, way: Arc::default() })
    }

    /// Sends, and turns an error answer into its meaning.
    pub(crate) fn send(&self, request: RequestBuilder) -> Result<Response, CallError> {
        let begun = Instant::now();
        let response = request.send().map_err(offline)?;
        lock(&self.way).answered(begun, Instant::now());
        if response.status().is_success() { Ok(response) } else { Err(meaning(response)) }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// What is known of the way to the server.
    pub(crate) fn way(&self) -> MutexGuard<'_, Way> {
        lock(&self.way)
    }
}

/// The roots come along in the app: the platform's verifier needs a Java part on Android.
fn roots() -> impl Iterator<Item = Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root).ok())
}

/// A client for the one call that has no end of its own: whoever reads it bounds its silence.
pub(super) fn stream_client() -> Result<reqwest::Client, CallError> {
    let client = reqwest::Client::builder()
        .tls_certs_only(roots())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(10))
        .build();
    client.map_err(offline)
}

/// The server's address: https, or plain http to this very machine (development and tests).
pub(crate) fn server_url(text: &str) -> Result<Url, CallError> {
    let malformed = || CallError::Refused { code: CallRefusal::Malformed };
    let mut url = Url::parse(text.trim()).map_err(|_| malformed())?;
    let loopback = match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    };
    let allowed = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    if !allowed || !url.username().is_empty() || url.password().is_some() {
        return Err(malformed());
    }
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// An address below the server's.
pub(crate) fn below(server: &Url, path: &str) -> Result<Url, CallError> {
    server.join(path).map_err(|_| CallError::Unreadable("an address that is none".into()))
}

/// How hard a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// As quickly as can be: the bytes are soon there.
    Quick,
    /// Bytes are what takes long, and what a mobile contract counts.
    Thorough,
}

/// Adds a JSON body of a few words.
pub(crate) fn with_json(request: RequestBuilder, body: &impl Serialize) -> Result<RequestBuilder, CallError> {
    with_page(request, body, Effort::Quick)
}

/// Adds a JSON body that may be large: evenings are when most phones send, over the thinnest connections.
pub(crate) fn with_page(
    request: RequestBuilder,
    body: &impl Serialize,
    effort: Effort,
) -> Result<RequestBuilder, CallError> {
    let json = serde_json::to_vec(body).map_err(|error| CallError::Unreadable(error.to_string()))?;
    let packed = packed(&json, effort).map_err(|error| CallError::Unreadable(error.to_string()))?;
    Ok(request.header(CONTENT_TYPE, "application/json").header(CONTENT_ENCODING, "zstd").body(packed))
}

/// The short pieces that records share are digits of ids, stamps and dates by chance: naming where such a piece stood before takes more
/// than writing it again, so pieces of fewer than six bytes are not looked for. (Level 1 looks for seven by itself.)
fn packed(json: &[u8], effort: Effort) -> std::io::Result<Vec<u8>> {
    match effort {
        Effort::Quick => zstd::bulk::compress(json, 1),
        Effort::Thorough => {
            let mut press = zstd::bulk::Compressor::new(6)?;
            press.set_parameter(CParameter::MinMatch(6))?;
            press.compress(json)
        }
    }
}

/// The answer as JSON.
pub(crate) fn json<T: DeserializeOwned>(response: Response) -> Result<T, CallError> {
    let bytes = bytes(response, ANSWER_BYTES_MAX)?;
    // Where it stopped making sense, never the text itself: it is residents' data.
    let unreadable =
        |error: serde_json::Error| CallError::Unreadable(format!("JSON at {}:{}", error.line(), error.column()));
    serde_json::from_slice(&bytes).map_err(unreadable)
}

/// The answer's bytes, at most so many.
pub(crate) fn bytes(response: Response, at_most: usize) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    let read = response.take(at_most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| CallError::Offline(format!("cut in the middle: {:?}", error.kind())))?;
    if bytes.len() > at_most {
        return Err(CallError::Unreadable("an answer that is too large".into()));
    }
    Ok(bytes)
}

fn offline(error: reqwest::Error) -> CallError {
    CallError::Offline(error.without_url().to_string())
}

/// What an answer of 400 and above means. An answer without a body (HEAD, or something between us and the server), or with a code
/// of a newer version, is judged by its status.
fn meaning(response: Response) -> CallError {
    let status = response.status();
    let body: Option<ErrorBody> = bytes(response, 64 * 1024).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match (body.map(|body| body.code).filter(|code| *code != CallRefusal::Newer), status) {
        (Some(CallRefusal::SignedOut), _) => CallError::SignedOut,
        (Some(CallRefusal::Revoked), _) => CallError::Revoked,
        (Some(CallRefusal::Ordered), _) => CallError::Ordered,
        (Some(CallRefusal::Internal), _) => CallError::Unavailable("the server broke".into()),
        (Some(code), _) => CallError::Refused { code },
        (None, StatusCode::UNAUTHORIZED) => CallError::SignedOut,
        (None, StatusCode::FORBIDDEN) => CallError::Refused { code: CallRefusal::NotAllowed },
        (None, StatusCode::NOT_FOUND | StatusCode::GONE) => CallError::Refused { code: CallRefusal::NotFound },
        (None, StatusCode::CONFLICT) => CallError::Refused { code: CallRefusal::WrongOffset },
        (None, StatusCode::PAYLOAD_TOO_LARGE) => CallError::Refused { code: CallRefusal::TooLarge },
        (None, status) if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            CallError::Unavailable(status.to_string())
        }
        (None, status) => CallError::Unreadable(status.to_string()),
    }
}
