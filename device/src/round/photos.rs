//! Photos go up after the text, one after the other, each from where it stopped. One that fails by itself waits and blocks
//! no other; it counts as stored only after the server said so.

use domain::protocol::{CallError, CallRefusal, Peer, PhotoOffer, PhotoPlace};
use domain::world::Millis;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{RoundReport, pull};
use crate::store::{self, Meta, WaitingPhoto};
use crate::{Device, DeviceError, Open};

/// A photo goes up in pieces of this size; between two of them other things may come first.
const CHUNK: usize = 256 * 1024;

/// The pause after a photo's first failure of its own; it doubles up to the longest.
const FIRST_PAUSE: Millis = 30 * 1000;
const LONGEST_PAUSE: Millis = 60 * 60 * 1000;

/// Originals stay on the phone this long after the server confirmed them, as the phone counts: see [`InUse`].
const ORIGINALS_STAY: Millis = 30 * 24 * 60 * 60 * 1000;

/// Time in use is counted this often.
const COUNTED_EACH: Millis = 60 * 60 * 1000;

/// Sends what waits and may be sent over the network there is. Text that was written meanwhile goes before the rest: the bell then
/// calls for another round, in which the photos go on where they stopped.
pub(super) fn send_all(device: &Device, peer: &dyn Peer, report: &mut RoundReport) -> Result<(), DeviceError> {
    let waiting = device.with_open(|open| open.store.waiting_photos(open.now(), LONGEST_PAUSE))?;
    // Whether the server broke at the photo before this one. At one photo alone it breaks because of that photo.
    let mut broke = false;
    for photo in waiting {
        if !device.photo_leave().is_for(&photo.sha256) {
            continue;
        }
        let broke_before = std::mem::take(&mut broke);
        match send(device, peer, &photo) {
            Ok(Sent::Whole) => report.photos += usize::from(has_gone(device, &photo)?),
            Ok(Sent::TextFirst) => {
                device.inner.pulse.bell().ring_now();
                return Ok(());
            }
            Ok(Sent::HeldForWifi) => {}
            Err(DeviceError::Call(error @ (CallError::Refused { .. } | CallError::Unreadable(_)))) => {
                pause(device, &photo, &error)?;
            }
            Err(DeviceError::Call(error @ CallError::Unavailable(_))) if !broke_before => {
                broke = true;
                let_others_go_first(device, &photo, &error)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The server has a photo. False: that could not be noted; it is announced once more with the next round, and the server says so again.
fn has_gone(device: &Device, photo: &WaitingPhoto) -> Result<bool, DeviceError> {
    let noted = device.with_open::<_, DeviceError>(|open| {
        let left = note(open, |connection| {
            store::photo_stored(connection, &photo.sha256)?;
            // What left its cell and stayed for its picture goes. The feeds were read to their end before the first photo.
            pull::leave_gone(connection)
        })?;
        if left.is_some_and(|left| left > 0) {
            // As in `answer::take`: this run holds less than it wrote.
            open.begin_run();
        }
        Ok(left.is_some())
    })?;
    if noted {
        device.inner.pulse.changed();
        device.photo_has_gone(&photo.sha256);
    }
    Ok(noted)
}

/// Lets a photo wait that failed by itself, each time for longer.
fn pause(device: &Device, photo: &WaitingPhoto, error: &CallError) -> Result<(), DeviceError> {
    let pause = FIRST_PAUSE.saturating_mul(1 << photo.tries.min(10)).min(LONGEST_PAUSE);
    let until = device.with_open::<_, DeviceError>(|open| Ok(open.now().saturating_add(pause)))?;
    failed(device, photo, error, until)
}

/// The server broke at a photo. That may be the photo's fault, so it goes after those that did not fail as often; or a full disk's over there,
/// which somebody clears any moment, so it is tried with every round.
fn let_others_go_first(device: &Device, photo: &WaitingPhoto, error: &CallError) -> Result<(), DeviceError> {
    failed(device, photo, error, 0)
}

/// Notes that a photo could not be sent, and until when it is not tried again.
fn failed(device: &Device, photo: &WaitingPhoto, error: &CallError, until: Millis) -> Result<(), DeviceError> {
    tracing::warn!(photos = ?photo.photos, %error, tries = photo.tries, "a photo could not be sent; others go on");
    let tries = photo.tries.saturating_add(1);
    // Where there is no room to note it the photo is tried again with the next round, and before the others.
    device
        .with_open(|open| note(open, |connection| store::photo_failed(connection, &photo.sha256, tries, until)))
        .map(drop)
}

/// Notes how a photo stands, if need be in the room that is held in reserve for text: it is little, and what was sent can be given up,
/// which makes more. Nothing: there is no room even so. Nothing is lost with it, and the photos go on.
fn note<T>(open: &mut Open, f: impl Fn(&Connection) -> Result<T, DeviceError>) -> Result<Option<T>, DeviceError> {
    match open.store.keep_text(|transaction| f(transaction)) {
        Ok(noted) => Ok(Some(noted)),
        Err(error @ DeviceError::StorageFull) => {
            tracing::warn!(%error, "how a photo stands could not be noted");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// How long the phone has been in use: what passed from one count to the next, by whichever clock says less. No clock alone makes anything
/// old: one that is set ahead for a moment, or was far behind and is set right, adds nothing.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct InUse {
    /// So long altogether.
    millis: Millis,
    /// What the server's clock said at the last count.
    server: Millis,
    /// What the phone's own said, uncorrected.
    phone: Millis,
}

impl InUse {
    /// The count now, on top of the last one.
    fn count(before: Option<Self>, server: Millis, phone: Millis) -> Self {
        let passed = |before: Self| server.saturating_sub(before.server).min(phone.saturating_sub(before.phone)).max(0);
        let millis = before.map_or(0, |before| before.millis.saturating_add(passed(before)));
        Self { millis, server, phone }
    }

    /// Whether so little has passed that it need not be written down.
    fn is_near(self, now: Self) -> bool {
        let near = |before: Millis, now: Millis| now.saturating_sub(before).saturating_abs() < COUNTED_EACH;
        near(self.server, now.server) && near(self.phone, now.phone)
    }
}

/// Frees the originals that the server has had for a while. Where there is no room for it they stay: the round was whole all the same.
pub(super) fn free_originals(device: &Device) -> Result<(), DeviceError> {
    match device.with_open(free_old) {
        Err(error @ DeviceError::StorageFull) => {
            tracing::warn!(%error, "originals that may go are still here");
            Ok(())
        }
        freed => freed,
    }
}

fn free_old(open: &mut Open) -> Result<(), DeviceError> {
    // What the server's clock says is only known while the clocks are compared.
    if !open.is_clock_measured() {
        return Ok(());
    }
    let connection = open.store.connection();
    let before: Option<InUse> = Meta::InUse.get(connection)?;
    let now = InUse::count(before, open.now(), open.device_now());
    if before.is_some_and(|before| before.is_near(now)) && !store::any_uncounted(connection)? {
        return Ok(());
    }
    open.store.keep_text(|transaction| {
        Meta::InUse.set(transaction, &now)?;
        store::count_stored_from(transaction, now.millis)
    })?;
    open.store.free_originals(now.millis.saturating_sub(ORIGINALS_STAY))?;
    Ok(())
}

/// How far a photo was sent.
enum Sent {
    /// The server has it.
    Whole,
    /// The bell called in the middle.
    TextFirst,
    /// The network became one that photos wait on.
    HeldForWifi,
}

fn send(device: &Device, peer: &dyn Peer, photo: &WaitingPhoto) -> Result<Sent, DeviceError> {
    let Some((upload, mut offset)) = place(device, peer, photo)? else { return Ok(Sent::Whole) };
    let bytes = device.with_open(|open| open.store.photo_bytes(&photo.sha256))?;
    let mut corrected = false;
    while offset < photo.bytes {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let piece = bytes.get(from..bytes.len().min(from.saturating_add(CHUNK))).ok_or(DeviceError::NotFound)?;
        let reached = match peer.photo_append(&upload, offset, piece) {
            // The answer to an earlier piece was lost: the server knows where it stands.
            Err(CallError::Refused { code: CallRefusal::WrongOffset }) if !corrected => {
                corrected = true;
                offset = peer.photo_offset(&upload)?;
                continue;
            }
            reached => reached?,
        };
        if reached <= offset || reached > photo.bytes {
            return Err(CallError::Unreadable("an upload that does not move".into()).into());
        }
        offset = reached;
        if offset < photo.bytes && device.inner.pulse.bell().is_calling() {
            return Ok(Sent::TextFirst);
        }
        if offset < photo.bytes && !device.photo_leave().is_for(&photo.sha256) {
            return Ok(Sent::HeldForWifi);
        }
    }
    Ok(Sent::Whole)
}

/// Where to go on: the upload begun before, or a new one. None: the server has the picture.
fn place(device: &Device, peer: &dyn Peer, photo: &WaitingPhoto) -> Result<Option<(String, u64)>, DeviceError> {
    if let Some(upload) = &photo.upload {
        match peer.photo_offset(upload) {
            Ok(offset) if offset < photo.bytes => return Ok(Some((upload.clone(), offset))),
            // All bytes are there, or the upload is gone: announcing it again tells which.
            Ok(_) | Err(CallError::Refused { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match offer(peer, photo)? {
        PhotoPlace::Stored => Ok(None),
        PhotoPlace::Upload { offset, .. } if offset >= photo.bytes => {
            Err(CallError::Unreadable("an upload that is complete and not stored".into()).into())
        }
        PhotoPlace::Upload { upload, offset } => {
            // Not noted, it is announced again: the server answers this phone with the same upload.
            device.with_open(|open| {
                note(open, |connection| store::photo_announced(connection, &photo.sha256, &upload))
            })?;
            Ok(Some((upload, offset)))
        }
    }
}

/// Announces a picture for the first of its records for which the server takes it.
fn offer(peer: &dyn Peer, picture: &WaitingPhoto) -> Result<PhotoPlace, CallError> {
    use CallRefusal::{HashMismatch, NotAllowed, NotFound};
    let mut answer = Err(CallError::Refused { code: NotFound });
    for photo in &picture.photos {
        let offer = PhotoOffer { photo: *photo, sha256: picture.sha256.clone(), bytes: picture.bytes };
        answer = peer.photo_offer(&offer);
        // These say something of the record, and nothing of the picture: the next may be another matter.
        if !matches!(answer, Err(CallError::Refused { code: NotFound | NotAllowed | HashMismatch })) {
            break;
        }
    }
    answer
}
