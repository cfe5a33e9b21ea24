//! Unsent work of phones that may not synchronise: kept sealed, and read by nobody before somebody who administers the phone
//! takes it in. Then every change goes the way of every other.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::hand_in::{
    CONTENT_BYTES_MAX, HandIn, HandedPhoto, PIECE_BYTES_MAX, PIECES_BYTES_MAX, PIECES_MAX, RefusedWords,
};
use domain::protocol::{CallRefusal, Verdict};
use domain::scope::Actor;
use domain::seal::Purpose;
use domain::world::Millis;
use domain::{Change, DeviceId, Node, ProblemCode, Sha256Hex, Stamp, Stamps};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::hub::judge::{Author, Read};
use crate::hub::orders::{Bearer, administered};
use crate::hub::phones::{Phone, note};
use crate::hub::{Hub, HubError};
use crate::store::{Device, HandInLine, Run, Store, TakenIn};

/// What nobody took in is thrown away after half a year: it holds residents' data, sealed or not.
pub(super) const HAND_INS_LIVE: Millis = 180 * 24 * 60 * 60 * 1000;

/// The content of a piece, its changes not looked at yet: one that cannot be read is refused alone.
#[derive(Deserialize)]
struct Content {
    node: Node,
    changes: Vec<Value>,
    #[serde(default)]
    refused: Vec<RefusedWords>,
    #[serde(default)]
    photos: Vec<HandedPhoto>,
}

/// A piece that was opened.
struct Opened {
    digest: Sha256Hex,
    node: Node,
    changes: Vec<Change>,
    photos: Vec<HandedPhoto>,
    taken: TakenIn,
    /// Whether something in it was refused that may be taken another time.
    keep: bool,
}

impl<S: Store> Hub<S> {
    /// Keeps a sealed piece of a phone's unsent work.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for a phone that may simply push, [`CallRefusal::Malformed`],
    /// [`CallRefusal::TooLarge`] for a piece, [`CallRefusal::TooManyTries`] when too much of this phone lies here already.
    pub fn hand_in(&self, bearer: &Bearer, piece: &HandIn) -> Result<(), HubError> {
        if bearer.barred().is_none() {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        let sealed = URL_SAFE_NO_PAD.decode(&piece.sealed).map_err(|_| HubError::refused(CallRefusal::Malformed))?;
        if sealed.len() > PIECE_BYTES_MAX {
            return Err(HubError::refused(CallRefusal::TooLarge));
        }
        let (now, id) = (self.now(), bearer.device.id);
        self.store.write(|writing| {
            let here = writing.hand_ins(id)?;
            if here.iter().any(|known| known.digest == piece.digest) {
                return Ok(());
            }
            let kept = || here.iter().filter(|known| known.kept);
            let bytes: u64 = kept().map(|known| known.bytes).sum();
            if kept().count() as u32 >= PIECES_MAX || bytes + sealed.len() as u64 > PIECES_BYTES_MAX as u64 {
                return Err(HubError::refused(CallRefusal::TooManyTries));
            }
            let line = HandInLine {
                digest: piece.digest.clone(),
                changes: piece.changes.into(),
                photos: piece.photos.into(),
                at: now,
                bytes: sealed.len() as u64,
                kept: true,
                taken_at: None,
                refused: 0,
            };
            writing.put_hand_in(id, &line, &sealed)?;
            if let Some(device) = writing.device(id)? {
                writing.put_device(&Device { seen_at: now, ..device })?;
            }
            note(writing, now, bearer.account.id.as_str(), "hand_in", &id.to_string())
        })
    }

    /// Opens what a phone handed in and judges every change as if the phone had pushed it before it was shut out. What was
    /// refused stays sealed here and can be taken in again.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when the actor administers no such phone or nothing of it is left to take in.
    pub fn take_in(&self, actor: &Actor, id: DeviceId) -> Result<TakenIn, HubError> {
        let now = self.now();
        let (device, phone, mut pieces) = self.store.read(|reading| {
            let (device, account) = administered(reading, actor, id)?;
            let shut_out = [device.revoked_at, account.closed_at].into_iter().flatten().min();
            let phone = Phone::until(id, &account, reading.holdings(&account.id)?, shut_out);
            let mut pieces = Vec::new();
            for line in reading.hand_ins(id)?.into_iter().filter(|line| line.kept) {
                if let Some(sealed) = reading.hand_in_sealed(id, &line.digest)? {
                    pieces.push(self.opened(id, &line, &sealed));
                }
            }
            Ok::<_, HubError>((device, phone, pieces))
        })?;
        if pieces.is_empty() {
            return Err(HubError::refused(CallRefusal::NotFound));
        }
        self.take_changes(&phone, &mut pieces)?;
        for piece in &mut pieces {
            self.take_photos(piece)?;
        }
        self.store.write(|writing| {
            let mut all = TakenIn::default();
            for piece in &pieces {
                writing.hand_in_taken(id, &piece.digest, (now, &actor.account), piece.taken, piece.keep)?;
                all.accepted += piece.taken.accepted;
                all.refused += piece.taken.refused;
                all.photos += piece.taken.photos;
            }
            note(writing, now, actor.account.as_str(), "take_in", &device.id.to_string())?;
            Ok(all)
        })
    }

    /// Opens a piece. One that cannot be opened counts as one thing refused, and stays.
    fn opened(&self, device: DeviceId, line: &HandInLine, sealed: &[u8]) -> Opened {
        let mut opened = Opened {
            digest: line.digest.clone(),
            node: Node(0),
            changes: Vec::new(),
            photos: Vec::new(),
            taken: TakenIn::default(),
            keep: false,
        };
        let Some(content) =
            self.seal.open(Purpose::HandIn(device), sealed).ok().and_then(|packed| unpacked(&packed, line))
        else {
            tracing::warn!(%device, "a piece that was handed in cannot be opened");
            opened.taken.refused = 1;
            opened.keep = true;
            return opened;
        };
        let total = content.changes.len();
        opened.node = content.node;
        opened.changes = content.changes.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect();
        opened.taken.refused = (total - opened.changes.len()) as u64;
        opened.keep = opened.taken.refused > 0;
        opened.changes.extend(content.refused.into_iter().map(|words| said_again(words, content.node)));
        set_back(&mut opened.changes, line.at);
        opened.photos = content.photos;
        opened
    }

    /// All pieces at once: what is in one may name what is in another.
    fn take_changes(&self, phone: &Phone, pieces: &mut [Opened]) -> Result<(), HubError> {
        let all: Vec<Change> = pieces.iter().flat_map(|piece| piece.changes.iter().cloned()).collect();
        let node = pieces.last().map_or(Node(0), |piece| piece.node);
        // Nobody knows how far it had read when it was sealed.
        let (no_cursors, no_proofs) = (BTreeMap::new(), BTreeMap::new());
        let read = Read { epoch: None, cursors: &no_cursors, proofs: &no_proofs };
        let author = Author::Phone { phone, run: Run::of(phone.device, node), read };
        let verdicts = self.store.write(|writing| self.take(writing, author, &all))?;
        let mut verdicts = verdicts.into_iter();
        for piece in pieces {
            for verdict in verdicts.by_ref().take(piece.changes.len()) {
                match verdict {
                    Verdict::Accepted => piece.taken.accepted += 1,
                    Verdict::Refused(refusal) => {
                        piece.taken.refused += 1;
                        piece.keep |= refusal.code != ProblemCode::Erased;
                    }
                }
            }
        }
        Ok(())
    }

    /// Photos whose record is here now.
    fn take_photos(&self, piece: &mut Opened) -> Result<(), HubError> {
        for photo in &piece.photos {
            let jpeg = URL_SAFE_NO_PAD.decode(&photo.jpeg).unwrap_or_default();
            let named = self.store.read(|reading| reading.photo_named(&photo.sha256))?;
            let taken = named && !jpeg.is_empty() && self.keep_handed(&photo.sha256, &jpeg)?;
            if taken {
                piece.taken.photos += 1;
            } else {
                piece.taken.refused += 1;
                piece.keep = true;
            }
        }
        Ok(())
    }

    fn keep_handed(&self, sha256: &Sha256Hex, jpeg: &[u8]) -> Result<bool, HubError> {
        match self.keep_photo(sha256, jpeg) {
            Ok(()) => Ok(true),
            Err(HubError::Refused { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The content, if it is what its digest says. Never unpacks to more than allowed.
fn unpacked(packed: &[u8], line: &HandInLine) -> Option<Content> {
    let mut plain = Vec::new();
    let decoder = zstd::Decoder::new(packed).ok()?;
    decoder.take(CONTENT_BYTES_MAX as u64 + 1).read_to_end(&mut plain).ok()?;
    let digest: String = Sha256::digest(&plain).iter().map(|byte| format!("{byte:02x}")).collect();
    if plain.len() > CONTENT_BYTES_MAX || digest != line.digest.as_str() {
        return None;
    }
    serde_json::from_slice(&plain).ok()
}

/// Refused words as the change that they would be, had they been sent again when they were refused.
fn said_again(words: RefusedWords, node: Node) -> Change {
    Change {
        id: words.id,
        kind: words.kind,
        cell: words.cell,
        fields: words.fields,
        stamps: Stamps::all(Stamp::new(words.at, 0, node)),
        base: Default::default(),
    }
}

/// A phone that is shut out cannot compare its clock: stamps later than the moment of handing in are set back to it, all by the
/// same amount, and none behind the value that its writer saw. What was written before the clock went wrong keeps its stamp, in
/// the same record too.
fn set_back(changes: &mut [Change], at: Millis) {
    let latest = changes.iter().map(|change| change.latest().millis()).max().unwrap_or(at);
    let by = (at - latest).min(0);
    for change in changes.iter_mut().filter(|change| change.latest().millis() > at) {
        let pairs = change.fields.keys().map(|field| {
            let stamp = change.stamps.of(field);
            let ahead = stamp.millis() > at;
            let stamp = if ahead { stamp.shifted(by).after(change.base.get(field).copied()) } else { stamp };
            (field.as_str(), stamp)
        });
        change.stamps = Stamps::from_pairs(pairs);
    }
}
