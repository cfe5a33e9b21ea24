//! The server over HTTP, as `docs/PROTOCOL.md` describes it: JSON calls, and tus 1.0 for photos.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::codes::Lists;
use domain::hand_in::HandIn;
use domain::kinds::photo::PHOTO_BYTES_MAX;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{
    CallError, CallRefusal, ExchangeAnswer, ExchangeRequest, Hello, PageBytes, Peer, PhotoOffer, PhotoPlace, PhotoSize,
    Tokens,
};
use domain::world::Millis;
use domain::{Epoch, Sha256Hex};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, Url};
use rusqlite::Connection;
use serde::de::DeserializeOwned;

use super::Http;
use super::http::{below, bytes, json, server_url, with_json, with_page};
use crate::open::lock;
use crate::ordered::Note;
use crate::store::{self, Meta, Store, sha256};
use crate::{Device, DeviceError};

const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");

/// The server of an enrolled phone. Its tokens lie in the register, so it can speak only while that is open.
pub struct HttpPeer {
    device: Device,
    http: Http,
    server: Url,
}

impl HttpPeer {
    /// The server that this phone is enrolled with.
    ///
    /// # Errors
    /// [`DeviceError::Locked`], [`DeviceError::NotEnrolled`].
    pub fn of(device: &Device) -> Result<Self, DeviceError> {
        let kept = device.with_open(|open| Meta::Server.get(open.store.connection())?.ok_or(DeviceError::NotEnrolled));
        let server: String = match kept {
            Err(DeviceError::Locked) => ordered(device).ok_or(DeviceError::Locked)?.server,
            kept => kept?,
        };
        let http = device.inner.http()?.clone();
        Ok(Self { device: device.clone(), http, server: server_url(&server)? })
    }

    fn tokens(&self) -> Result<Tokens, CallError> {
        match self.device.with_open(|open| open.tokens()) {
            Err(DeviceError::Locked) => {
                // Nothing but the order's own calls can be made with this, and no other token can be got for it.
                let note = ordered(&self.device).ok_or_else(|| not_open(DeviceError::Locked))?;
                Ok(Tokens { access: note.access, access_until: 0, refresh: String::new() })
            }
            tokens => tokens.map_err(not_open)?.ok_or(CallError::SignedOut),
        }
    }

    /// An address of this server.
    pub(super) fn below(&self, path: &str) -> Result<Url, CallError> {
        below(&self.server, path)
    }

    /// The access token, as it is stored.
    pub(super) fn access(&self) -> Result<String, CallError> {
        Ok(self.tokens()?.access)
    }

    /// Makes sure that a token which was refused is not the stored one any more.
    pub(super) fn renew(&self, refused: &str) -> Result<(), CallError> {
        self.refreshed(refused).map(|_| ())
    }

    /// Sends with the access token; when that has expired, once more with a fresh one. One call too many is one for later.
    fn call(&self, build: impl Fn(&Client) -> Result<RequestBuilder, CallError>) -> Result<Response, CallError> {
        self.call_counted(build).map_err(in_time)
    }

    /// The same where whoever calls has to know that it was one too many.
    fn call_counted(
        &self,
        build: impl Fn(&Client) -> Result<RequestBuilder, CallError>,
    ) -> Result<Response, CallError> {
        let tokens = self.tokens()?;
        match self.http.send(build(self.http.client())?.bearer_auth(&tokens.access)) {
            Err(CallError::SignedOut) if !tokens.refresh.is_empty() => {
                let access = self.refreshed(&tokens.access)?;
                self.http.send(build(self.http.client())?.bearer_auth(&access))
            }
            outcome => outcome,
        }
    }

    /// A new access token. The old refresh token keeps working for a while, so that a lost answer signs nobody out.
    fn refreshed(&self, expired: &str) -> Result<String, CallError> {
        let _one_at_a_time = lock(&self.device.inner.refreshing);
        let now_stored = self.tokens()?;
        if now_stored.access != expired {
            return Ok(now_stored.access);
        }
        let url = below(&self.server, "v1/token")?;
        let body = serde_json::json!({ "refresh": now_stored.refresh });
        let fresh: Tokens = json(self.http.send(with_json(self.http.client().post(url), &body)?)?)?;
        self.device.with_open(|open| Meta::Tokens.set(open.store.connection(), &fresh)).map_err(not_open)?;
        Ok(fresh.access)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        let url = below(&self.server, path)?;
        json(self.call(|client| Ok(client.get(url.clone())))?)
    }

    /// A call that carries a page: whether it comes through says how large the next one may be.
    fn on_the_way<T>(&self, call: impl FnOnce() -> Result<T, CallError>) -> Result<T, CallError> {
        let begun = Instant::now();
        let outcome = call();
        match &outcome {
            Err(CallError::Offline(_)) => self.http.way().was_cut(begun.elapsed()),
            Err(CallError::Refused { code: CallRefusal::TooLarge }) => self.http.way().was_too_large(),
            Ok(_) => self.http.way().came_through(begun.elapsed()),
            Err(_) => {}
        }
        outcome
    }

    /// The address of an upload. What the server once named as such must lie on the server.
    fn upload_url(&self, upload: &str) -> Result<Url, CallError> {
        let url = below(&self.server, upload)?;
        if url.origin() == self.server.origin() && url.path().contains("/v1/photos/") {
            Ok(url)
        } else {
            Err(CallError::Unreadable("an upload on another server".into()))
        }
    }
}

/// The order that this phone has carried out and still has to speak about.
fn ordered(device: &Device) -> Option<Note> {
    Note::read(device.folder()).filter(|note| !note.access.is_empty())
}

fn not_open(error: DeviceError) -> CallError {
    CallError::Offline(error.to_string())
}

/// Too many calls of a phone that is signed in: later, like an overloaded server.
fn in_time(error: CallError) -> CallError {
    match error {
        CallError::Refused { code: CallRefusal::TooManyTries } => CallError::Unavailable("too many calls".into()),
        error => error,
    }
}

fn header_number(response: &Response, name: &str) -> Option<u64> {
    response.headers().get(name)?.to_str().ok()?.parse().ok()
}

fn moved_to(response: &Response) -> Result<u64, CallError> {
    header_number(response, "Upload-Offset").ok_or_else(|| CallError::Unreadable("no Upload-Offset".into()))
}

impl Peer for HttpPeer {
    fn hello(&self) -> Result<Hello, CallError> {
        self.get("v1/hello")
    }

    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        let url = below(&self.server, "v1/exchange")?;
        let effort = self.http.way().effort(Instant::now());
        self.on_the_way(|| json(self.call(|client| with_page(client.post(url.clone()), request, effort))?))
    }

    /// The call waits in a thread of its own. With a token that was read before: the work holds the register.
    fn exchange_while(&self, request: &ExchangeRequest, work: &mut dyn FnMut()) -> Result<ExchangeAnswer, CallError> {
        let url = below(&self.server, "v1/exchange")?;
        let tokens = self.tokens()?;
        let effort = self.http.way().effort(Instant::now());
        let answer = std::thread::scope(|scope| {
            let call = scope.spawn(|| {
                self.on_the_way(|| {
                    let request = with_page(self.http.client().post(url), request, effort)?;
                    json(self.http.send(request.bearer_auth(&tokens.access))?)
                })
            });
            work();
            call.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        match answer {
            Err(CallError::SignedOut) => {
                self.renew(&tokens.access)?;
                self.exchange(request)
            }
            answer => answer.map_err(in_time),
        }
    }

    fn page_bytes(&self) -> PageBytes {
        self.http.way().page_bytes(Instant::now())
    }

    fn lists(&self) -> Result<Lists, CallError> {
        self.get("v1/lists")
    }

    fn photo_offer(&self, offer: &PhotoOffer) -> Result<PhotoPlace, CallError> {
        let url = below(&self.server, "v1/photos")?;
        let encoded = |text: &str| STANDARD.encode(text);
        let metadata = format!("photo {},sha256 {}", encoded(&offer.photo.to_string()), encoded(offer.sha256.as_str()));
        let response = self.call(|client| {
            Ok(client
                .post(url.clone())
                .header(TUS.0, TUS.1)
                .header("Upload-Length", offer.bytes)
                .header("Upload-Metadata", &metadata))
        })?;
        if response.headers().get("Doorstep-Photo").is_some_and(|value| value == "stored") {
            return Ok(PhotoPlace::Stored);
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| CallError::Unreadable("an upload without an address".into()))?;
        let upload = self.upload_url(location)?.path().to_owned();
        Ok(PhotoPlace::Upload { upload, offset: header_number(&response, "Upload-Offset").unwrap_or(0) })
    }

    fn photo_offset(&self, upload: &str) -> Result<u64, CallError> {
        let url = self.upload_url(upload)?;
        let asked = self.call(|client| Ok(client.request(Method::HEAD, url.clone()).header(TUS.0, TUS.1)));
        match asked {
            Ok(response) => moved_to(&response),
            // A HEAD has no body to say so.
            Err(CallError::Refused { code: CallRefusal::NotFound }) => {
                Err(CallError::Refused { code: CallRefusal::UploadGone })
            }
            Err(error) => Err(error),
        }
    }

    /// Without a checksum of the piece: what arrived of one that was cut then counts, and the whole is checked by its hash.
    fn photo_append(&self, upload: &str, offset: u64, chunk: &[u8]) -> Result<u64, CallError> {
        let url = self.upload_url(upload)?;
        let response = self.call(|client| {
            Ok(client
                .patch(url.clone())
                .header(TUS.0, TUS.1)
                .header(CONTENT_TYPE, "application/offset+octet-stream")
                .header("Upload-Offset", offset)
                .body(chunk.to_vec()))
        })?;
        moved_to(&response)
    }

    fn order(&self, request: &OrderRequest) -> Result<OrderAnswer, CallError> {
        let url = below(&self.server, "v1/order")?;
        json(self.call(|client| with_json(client.post(url.clone()), request))?)
    }

    fn report(&self, done: &StandingOrder) -> Result<(), CallError> {
        let url = below(&self.server, "v1/report")?;
        self.call(|client| with_json(client.post(url.clone()), done)).map(drop)
    }

    fn hand_in(&self, piece: &HandIn) -> Result<(), CallError> {
        let url = below(&self.server, "v1/hand-in")?;
        self.on_the_way(|| self.call_counted(|client| with_json(client.post(url.clone()), piece)).map(drop))
    }

    fn photo_fetch(&self, hash: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, CallError> {
        let size_name = match size {
            PhotoSize::Thumb => "thumb",
            PhotoSize::Full => "full",
        };
        let url = below(&self.server, &format!("v1/photo/{hash}/{size_name}"))?;
        let response = self.call(|client| Ok(client.get(url.clone())))?;
        let picture = bytes(response, usize::try_from(PHOTO_BYTES_MAX).unwrap_or(usize::MAX))?;
        if size == PhotoSize::Full && sha256(&picture) != *hash {
            return Err(CallError::Unreadable("a photo that is another one".into()));
        }
        Ok(picture)
    }
}

impl Device {
    /// A picture: from this phone, or from the server when another phone took it (and then kept).
    ///
    /// # Errors
    /// [`DeviceError::NotFound`] when its record went while it was loaded, [`DeviceError::Locked`], [`DeviceError::Call`], the storage's
    /// errors.
    pub fn fetch_photo(&self, hash: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, DeviceError> {
        let (here, there) = self.with_open::<_, DeviceError>(|open| {
            Ok((open.store.photo_file(hash)?, There::known(open.store.connection())?))
        })?;
        let here = here.and_then(|file| match size {
            PhotoSize::Thumb => file.thumb,
            PhotoSize::Full => file.full,
        });
        if let Some(picture) = here {
            return Ok(picture);
        }
        let picture = HttpPeer::of(self)?.photo_fetch(hash, size)?;
        let (full, thumb) = match size {
            PhotoSize::Thumb => (None, Some(picture.as_slice())),
            PhotoSize::Full => (Some(picture.as_slice()), None),
        };
        // Shown even when there is no room to keep it.
        match self.with_open(|open| keep_loaded(&open.store, hash, (full, thumb), there)) {
            Ok(true) => {}
            Ok(false) => return Err(DeviceError::NotFound),
            Err(error) => tracing::warn!(%error, "a photo from the server is shown, not kept"),
        }
        Ok(picture)
    }
}

/// Where a picture comes from, as far as this phone knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct There {
    /// The server's database.
    epoch: Option<Epoch>,
    /// By which number it said last that it lacks pictures.
    photos_lost: Option<Millis>,
}

impl There {
    fn known(connection: &Connection) -> Result<Self, DeviceError> {
        Ok(Self { epoch: Meta::Epoch.get(connection)?, photos_lost: Meta::PhotosLost.get(connection)? })
    }
}

/// Keeps a picture that was asked for when that was known of the server. One whose database or pictures were put back since may lack it.
fn keep_loaded(
    store: &Store,
    hash: &Sha256Hex,
    (full, thumb): (Option<&[u8]>, Option<&[u8]>),
    there: There,
) -> Result<bool, DeviceError> {
    let transaction = store.connection().unchecked_transaction()?;
    let kept = store.keep_fetched_photo(hash, full, thumb)?;
    if full.is_some() && There::known(&transaction)? != there {
        store::announce_again(&transaction, hash.as_str())?;
    }
    transaction.commit()?;
    Ok(kept)
}
