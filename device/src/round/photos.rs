//! Photos go up after the text, one after the other, each from where it stopped. One that fails by itself waits and blocks
//! no other; it counts as stored only after the server said so.

use domain::protocol::{CallError, CallRefusal, Peer, PhotoOffer, PhotoPlace};
use domain::world::Millis;

use super::RoundReport;
use crate::store::WaitingPhoto;
use crate::{Device, DeviceError};

/// A photo goes up in pieces of this size; between two of them other things may come first.
const CHUNK: usize = 256 * 1024;

/// The pause after a photo's first failure of its own; it doubles up to the longest.
const FIRST_PAUSE: Millis = 30 * 1000;
const LONGEST_PAUSE: Millis = 60 * 60 * 1000;

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
            Ok(Sent::Whole) => {
                device.with_open::<_, DeviceError>(|open| {
                    open.store.photo_stored(&photo.sha256, open.now())?;
                    open.store.drop_gone_photos()?;
                    open.changed();
                    Ok(())
                })?;
                device.photo_has_gone(&photo.sha256);
                report.photos += 1;
            }
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
                pause(device, &photo, &error)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Lets a photo wait that failed by itself, each time for longer.
fn pause(device: &Device, photo: &WaitingPhoto, error: &CallError) -> Result<(), DeviceError> {
    tracing::warn!(photos = ?photo.photos, %error, tries = photo.tries, "a photo could not be sent; others go on");
    device.with_open(|open| {
        let pause = FIRST_PAUSE.saturating_mul(1 << photo.tries.min(10)).min(LONGEST_PAUSE);
        open.store.photo_failed(&photo.sha256, photo.tries.saturating_add(1), open.now() + pause)
    })
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
            device.with_open(|open| open.store.photo_announced(&photo.sha256, &upload))?;
            Ok(Some((upload, offset)))
        }
    }
}

/// Announces a picture for the first of its records that the server has.
fn offer(peer: &dyn Peer, picture: &WaitingPhoto) -> Result<PhotoPlace, CallError> {
    let unknown = CallError::Refused { code: CallRefusal::NotFound };
    for photo in &picture.photos {
        let offer = PhotoOffer { photo: *photo, sha256: picture.sha256.clone(), bytes: picture.bytes };
        match peer.photo_offer(&offer) {
            Err(error) if error == unknown => {}
            answered => return answered,
        }
    }
    Err(unknown)
}
