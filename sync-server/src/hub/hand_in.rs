//! Unsent work of phones that may not synchronise: kept sealed, and read by nobody before somebody who administers the phone
//! takes it in. Then every change goes the way of every other.

mod content;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use domain::hand_in::{HandIn, PIECE_BYTES_MAX, PIECES_BYTES_MAX, PIECES_MAX, RefusedWords};
use domain::order::DeviceOrder;
use domain::protocol::{CallRefusal, Verdict};
use domain::scope::Actor;
use domain::seal::Purpose;
use domain::spec::{moments, tapped_day};
use domain::validate::{MOMENT_GRACE, today};
use domain::world::Millis;
use domain::{Change, DeviceId, Kind, Node, ProblemCode, Sha256Hex, Stamp, Stamps};
use serde_json::Value;

use self::content::{Pictures, Words, has_its_shape, unpacked};
use crate::hub::judge::{Author, Read};
use crate::hub::known_time::{heard_at, known_now, served};
use crate::hub::orders::{Bearer, administered};
use crate::hub::phones::{Phone, note};
use crate::hub::{Hub, HubError};
use crate::store::{Account, Device, HandInLine, Reading, Run, Store, TakenIn};

/// What nobody took in is thrown away after half a year in which the server has served: it holds residents' data, sealed or not.
pub(super) const HAND_INS_LIVE: Millis = 180 * 24 * 60 * 60 * 1000;

/// Of what was handed in about so many bytes of words are read at one time; the rest when those are taken. An honest phone's work
/// is less, and what is in one piece may name what is in another.
const WORDS_AT_ONCE: usize = 32 * 1024 * 1024;

/// A piece that was opened.
struct Opened {
    digest: Sha256Hex,
    changes: Vec<Change>,
    /// How long its words are, as they came.
    bytes: usize,
    has_photos: bool,
    taken: TakenIn,
    /// Whether something in it was refused that may be taken another time.
    keep: bool,
}

impl<S: Store> Hub<S> {
    /// Keeps a sealed piece of a phone's unsent work. It is opened once and closed again, and of what is inside no more is asked than whether
    /// it can be read at all: what nobody can ever take in must not count as handed in, or its phone is wiped.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for a phone that may simply push, [`CallRefusal::Malformed`] also for what is inside,
    /// [`CallRefusal::TooLarge`] for a piece, [`CallRefusal::OtherKey`] for one that cannot be opened here,
    /// [`CallRefusal::TooManyTries`] when too much of this phone lies here already.
    pub fn hand_in(&self, bearer: &Bearer, piece: &HandIn) -> Result<(), HubError> {
        if bearer.barred().is_none() {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        let sealed = URL_SAFE_NO_PAD.decode(&piece.sealed).map_err(|_| HubError::refused(CallRefusal::Malformed))?;
        if sealed.len() > PIECE_BYTES_MAX {
            return Err(HubError::refused(CallRefusal::TooLarge));
        }
        let (now, id) = (self.now(), bearer.device.id);
        match self.opened(id, &piece.digest, &sealed) {
            None => {
                tracing::warn!(device = %id, "a piece that was handed in cannot be opened, and is not taken");
                return Err(HubError::refused(CallRefusal::OtherKey));
            }
            Some(content) if !has_its_shape(&content) => {
                tracing::warn!(device = %id, "a piece that was handed in cannot be read, and is not taken");
                return Err(HubError::refused(CallRefusal::Malformed));
            }
            Some(_) => {}
        }
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
                at: newest_known(now, writing, &bearer.device, &bearer.account)?,
                served: served(writing)?,
                bytes: sealed.len() as u64,
                kept: true,
                taken_at: None,
                refused: 0,
            };
            writing.put_hand_in(id, &line, &sealed)?;
            if let Some(device) = writing.device(id)? {
                let seen_at = heard_at(now, writing, &device)?;
                writing.put_device(&Device { seen_at, ..device })?;
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
        let (phone, latest, lines) = self.store.read(|reading| {
            let (device, account) = administered(reading, actor, id)?;
            let known = newest_known(now, reading, &device, &account)?;
            // A clock that is that far behind sets nothing back: what was stamped later is refused, and kept for another time. One that is
            // behind by less may as well be right, and have been ahead before.
            let is_behind = known.saturating_sub(now) > HAND_INS_LIVE;
            let shut_out_at = shut_out_last(&device, &account).map_or(now, |at| at.max(now));
            let latest = if is_behind { known } else { shut_out_at };
            let shut_out = [cut_off_at(&device), account.closed_at].into_iter().flatten().min();
            let phone = Phone::of(reading, id, &account)?.until(shut_out);
            let mut lines = reading.hand_ins(id)?;
            lines.retain(|line| line.kept);
            Ok::<_, HubError>((phone, latest, lines))
        })?;
        if lines.is_empty() {
            return Err(HubError::refused(CallRefusal::NotFound));
        }
        let (mut pieces, mut erased) = (Vec::new(), BTreeSet::new());
        let mut rest = lines.as_slice();
        while !rest.is_empty() {
            let mut next = self.next_opened(id, latest, &mut rest)?;
            self.take_changes(&phone, &mut next, &mut erased)?;
            pieces.append(&mut next);
        }
        for piece in pieces.iter_mut().filter(|piece| piece.has_photos) {
            self.take_photos(id, piece, &erased)?;
        }
        self.store.write(|writing| {
            let mut all = TakenIn::default();
            for piece in &pieces {
                writing.hand_in_taken(id, &piece.digest, (now, &actor.account), piece.taken, piece.keep)?;
                all.accepted += piece.taken.accepted;
                all.refused += piece.taken.refused;
                all.photos += piece.taken.photos;
            }
            note(writing, now, actor.account.as_str(), "take_in", &id.to_string())?;
            Ok(all)
        })
    }

    /// Opens the next pieces, as many as are read at one time, and leaves the rest in `lines`. `latest`: nothing of it was stamped later.
    fn next_opened(
        &self,
        device: DeviceId,
        latest: Millis,
        lines: &mut &[HandInLine],
    ) -> Result<Vec<Opened>, HubError> {
        let (mut opened, mut bytes) = (Vec::new(), 0);
        while let Some((line, rest)) = lines.split_first().filter(|_| bytes < WORDS_AT_ONCE) {
            *lines = rest;
            let content = self.content(device, &line.digest)?;
            let mut piece = opened_piece(device, line, content.as_deref());
            set_back(&mut piece.changes, line.at.min(latest));
            bytes += piece.bytes;
            opened.push(piece);
        }
        Ok(opened)
    }

    /// What is inside a piece; none when it cannot be opened or is not what its digest says.
    fn content(&self, device: DeviceId, digest: &Sha256Hex) -> Result<Option<Vec<u8>>, HubError> {
        let sealed = self.store.read(|reading| reading.hand_in_sealed(device, digest))?;
        Ok(sealed.and_then(|sealed| self.opened(device, digest, &sealed)))
    }

    fn opened(&self, device: DeviceId, digest: &Sha256Hex, sealed: &[u8]) -> Option<Vec<u8>> {
        let packed = self.seal.open(Purpose::HandIn(device), sealed).ok()?;
        unpacked(&packed, digest)
    }

    /// These pieces at once: what is in one may name what is in another. Hashes of photos that were refused because what they show was
    /// erased go into `erased`.
    fn take_changes(
        &self,
        phone: &Phone,
        pieces: &mut [Opened],
        erased: &mut BTreeSet<Sha256Hex>,
    ) -> Result<(), HubError> {
        let counts: Vec<usize> = pieces.iter().map(|piece| piece.changes.len()).collect();
        let all: Vec<Change> = pieces.iter_mut().flat_map(|piece| std::mem::take(&mut piece.changes)).collect();
        // Nobody knows how far it had read when it was sealed.
        let (no_cursors, no_proofs) = (BTreeMap::new(), BTreeMap::new());
        let read = Read { epoch: None, cursors: &no_cursors, proofs: &no_proofs };
        // Not the run that sealed it: that may go on, once an order is lifted, and does not hold what it handed in as refused words, nor
        // what was set back here. It comes down to it like anybody's.
        let author = Author::Phone { phone, run: Run::SERVER, read };
        let verdicts = self.store.write(|writing| self.take(writing, author, &all))?.verdicts;
        let mut judged = verdicts.into_iter().zip(&all);
        for (piece, count) in pieces.iter_mut().zip(counts) {
            for (verdict, change) in judged.by_ref().take(count) {
                match verdict {
                    Verdict::Accepted => piece.taken.accepted += 1,
                    Verdict::Refused(refusal) => {
                        piece.taken.refused += 1;
                        piece.keep |= refusal.code != ProblemCode::Erased;
                        if refusal.code == ProblemCode::Erased {
                            erased.extend(picture_of(change));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Photos whose record is here now. One that cannot be read counts as refused, and its piece stays for a version that can. A picture of
    /// somebody who was erased is not taken, and not kept for another time.
    fn take_photos(&self, device: DeviceId, piece: &mut Opened, erased: &BTreeSet<Sha256Hex>) -> Result<(), HubError> {
        let content = self.content(device, &piece.digest)?.unwrap_or_default();
        let Ok(Pictures { photos }) = serde_json::from_slice(&content) else {
            piece.taken.refused += 1;
            piece.keep = true;
            return Ok(());
        };
        piece.taken.refused += photos.unreadable;
        piece.keep |= photos.unreadable > 0;
        for photo in photos.entries {
            let named = self.store.read(|reading| reading.photo_named(&photo.sha256))?;
            if !named && erased.contains(&photo.sha256) {
                continue;
            }
            let jpeg = URL_SAFE_NO_PAD.decode(photo.jpeg.as_bytes()).unwrap_or_default();
            if named && !jpeg.is_empty() && self.keep_handed(&photo.sha256, &jpeg)? {
                piece.taken.photos += 1;
            } else {
                piece.taken.refused += 1;
                piece.keep = true;
            }
        }
        Ok(())
    }

    fn keep_handed(&self, sha256: &Sha256Hex, jpeg: &[u8]) -> Result<bool, HubError> {
        match self.take_photo(sha256, jpeg) {
            Ok(()) => Ok(true),
            Err(HubError::Refused { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// After which moment nothing is taken that a phone has written. That it reported itself wiped shuts it out too, and cuts nothing off:
/// nothing was written on it after that, and what it had handed in is of before, whatever the server's clock said just then.
fn cut_off_at(device: &Device) -> Option<Millis> {
    let wipe = device.order.as_ref().filter(|order| order.what == DeviceOrder::Wipe);
    let wiped_at = wipe.and_then(|order| order.reported_at);
    device.revoked_at.filter(|at| wiped_at != Some(*at))
}

/// When a phone was shut out, or ordered to do something to itself, last; none: it never was.
fn shut_out_last(device: &Device, account: &Account) -> Option<Millis> {
    let ordered = device.order.as_ref().map(|order| order.at);
    [device.revoked_at, ordered, account.closed_at].into_iter().flatten().max()
}

/// Now, or the newest moment that is known here where the server's clock was set back since: it may be years behind (a machine that
/// starts with an empty clock). From that moment on a piece that is handed in is kept for half a year, and stamps behind it are set back
/// to it. Of what is its own a phone is believed alone: if the clock was ahead when it was heard of, what it hands in is kept the longer,
/// and it is heard of anew by that.
fn newest_known(
    now: Millis,
    reading: &(impl Reading + ?Sized),
    device: &Device,
    account: &Account,
) -> Result<Millis, HubError> {
    let own = shut_out_last(device, account).into_iter().chain([device.seen_at]);
    Ok(own.fold(known_now(now, reading)?, Millis::max))
}

/// A piece with its changes. One that cannot be read, as an older version took it, counts as one thing refused, and stays.
fn opened_piece(device: DeviceId, line: &HandInLine, content: Option<&[u8]>) -> Opened {
    let mut opened = Opened {
        digest: line.digest.clone(),
        changes: Vec::new(),
        bytes: 0,
        has_photos: false,
        taken: TakenIn::default(),
        keep: false,
    };
    let Some(words) = content.and_then(|content| serde_json::from_slice::<Words>(content).ok()) else {
        tracing::warn!(%device, "a piece that was handed in cannot be opened");
        opened.taken.refused = 1;
        opened.keep = true;
        return opened;
    };
    opened.bytes = words.changes.bytes + words.refused.bytes;
    opened.has_photos = !words.photos.entries.is_empty();
    opened.taken.refused = words.changes.unreadable + words.refused.unreadable;
    opened.keep = opened.taken.refused > 0;
    opened.changes = words.changes.entries;
    opened.changes.extend(words.refused.entries.into_iter().map(|refused| said_again(refused, words.node)));
    opened
}

/// The hash of the picture that a photo's change names.
fn picture_of(change: &Change) -> Option<Sha256Hex> {
    let hash = change.fields.get("sha256").filter(|_| change.kind == Kind::Photo)?;
    Sha256Hex::new(hash.as_str()?).ok()
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
/// the same record too. What else the same clock gave goes with its stamp ([`readings_set_back`]).
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
        let stamps = Stamps::from_pairs(pairs);
        readings_set_back(change, by, at);
        change.stamps = stamps;
    }
}

/// Moments and days that lie so far ahead that nobody would take them go back with their stamps, which are still as they came. Any other
/// moment is as the phone will say it should it push the same once more.
fn readings_set_back(change: &mut Change, by: Millis, at: Millis) {
    let Change { kind, fields, stamps, .. } = change;
    let is_ahead = |field: &&str| stamps.of(field).millis() > at;
    for field in moments(kind).filter(is_ahead) {
        let read = fields.get(field).and_then(Value::as_i64).filter(|read| *read > at.saturating_add(MOMENT_GRACE));
        if let Some(read) = read {
            fields.insert(field.into(), read.saturating_add(by).into());
        }
    }
    if let Some(field) = tapped_day(kind).filter(is_ahead) {
        let day = fields.get(field).and_then(Value::as_str).and_then(|day| day.parse::<NaiveDate>().ok());
        if day.is_some_and(|day| day > today(at)) {
            let read = stamps.of(field).millis().saturating_add(by).min(at);
            fields.insert(field.into(), today(read).to_string().into());
        }
    }
}
