//! Bytes of a photo as they come in: written piece by piece, counted when they are durable, kept when the connection breaks.

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::protocol::CallRefusal;
use http_body_util::BodyExt;
use sha2::Digest;

use super::turns::Turn;
use super::tus::number;
use crate::http::{ApiError, App, blocking};
use crate::hub::HubError;
use crate::hub::phones::Phone;
use crate::store::Upload;

/// Bytes are written in pieces of this size.
const PIECE: usize = 256 * 1024;
/// What was written is made durable and counted when it is so much, or so old, or when no more comes: a server that is killed
/// loses no more than that.
const COUNT_BYTES: u64 = 2 * 1024 * 1024;
const COUNT_WITHIN: Duration = Duration::from_secs(2);
/// A request that is wanted to leave and brings nothing for so long is stale.
const SILENT_WHEN_WANTED: Duration = Duration::from_millis(150);

/// Bytes that are coming in for an upload, from `offset` on.
pub(super) struct Taking {
    /// The rules.
    pub(super) app: App,
    /// Who sends.
    pub(super) phone: Phone,
    /// The upload as it stands.
    pub(super) upload: Upload,
    /// Where the bytes begin, as the sender says.
    pub(super) offset: u64,
}

impl Taking {
    /// Takes all of them and answers with the offset reached.
    pub(super) async fn all(&self, turn: &Turn, request: Request) -> Result<u64, ApiError> {
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
