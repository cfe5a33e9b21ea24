//! Handing in: what is unsent, sealed to the server's key, piece by piece. Nothing leaves the register for it; what was handed in
//! is remembered, so that only what is new is handed in another time.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::hand_in::{HandIn, HandInContent, HandedPhoto, PIECE_CONTENT_BYTES, RefusedWords};
use domain::order::{OrderAnswer, OrderRequest};
use domain::protocol::{CallError, CallRefusal, PAGE_BYTES, Peer, ServerKeys};
use domain::seal::{Purpose, seal};
use domain::world::Millis;
use domain::{Change, Epoch, Sha256Hex};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{gather, push};
use crate::open::{Open, lock};
use crate::store::{Meta, NAMED_BY_WORDS, photos_following, sha256};
use crate::{Device, DeviceError, outbox};

/// A phone that was shut out hands in what was written since at most this often: pieces are counted on the server.
const PAUSE: Millis = 10 * 60 * 1000;

/// The pause after the server had no room for a piece; it doubles up to the longest. A piece is megabytes, and without a pause each round
/// would send one for nothing until somebody takes in what lies there.
const FIRST_PAUSE: Millis = 60 * 1000;
const LONGEST_PAUSE: Millis = 60 * 60 * 1000;

/// A piece holds so much at least, however thin the line: the server counts pieces too.
const PIECE_LEAST: usize = 256 * 1024;

/// When the server last had no room for a piece, by the phone's clock, and how often in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoRoom {
    since: Millis,
    times: u32,
}

impl NoRoom {
    /// Whether it is too early to ask again. A clock that was set ends the pause.
    fn lasts(self, now: Millis) -> bool {
        let doubled = self.times.saturating_sub(1).min(10);
        let pause = FIRST_PAUSE.saturating_mul(1 << doubled).min(LONGEST_PAUSE);
        now.saturating_sub(self.since).saturating_abs() < pause
    }
}

/// What lies sealed on the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HandedIn {
    /// The digests of the things handed in.
    pub(crate) items: BTreeSet<String>,
    /// When the last piece went, by the corrected clock.
    pub(crate) at: Millis,
    /// The server's database that has them.
    #[serde(default)]
    pub(crate) epoch: Option<Epoch>,
}

/// A piece on its way, and what is in it.
struct Piece {
    hand_in: HandIn,
    items: Vec<String>,
}

/// Hands in everything unsent that was not handed in before.
pub(super) fn hand_in(device: &Device, peer: &dyn Peer) -> Result<(), DeviceError> {
    // First of all which database the server has: nothing may have told this phone yet that it was put back.
    let answer = peer.order(&OrderRequest::default())?;
    device.with_open::<_, DeviceError>(|open| {
        note_answer(open, &answer)?;
        // Else the same piece would go up in every round, and be opened by nobody.
        can_be_opened(open, &answer.keys)
    })?;
    hand_in_now(device, peer)
}

/// The same for a phone that has just been told which database the server has.
pub(super) fn hand_in_now(device: &Device, peer: &dyn Peer) -> Result<(), DeviceError> {
    if has_no_room(device)? && !device.with_open(nothing_to_hand_in)? {
        return Err(waits_for_room().into());
    }
    // Asked before every piece: one that comes through lets the next be larger.
    while let Some(piece) = device.with_open(|open| next_piece(open, piece_bytes(peer.page_bytes().up)))? {
        match peer.hand_in(&piece.hand_in) {
            Err(CallError::Refused { code: CallRefusal::TooManyTries }) => {
                note_no_room(device)?;
                return Err(waits_for_room().into());
            }
            sent => sent?,
        }
        *lock(&device.inner.no_room) = None;
        device.with_open(|open| note_handed(open, piece.items))?;
    }
    Ok(())
}

/// How much a piece may hold where pages are cut so: less than ever where they do not come through in the time of a call, or where
/// something on the way takes no body as large. Cut again, it would be cut in the same place for ever.
fn piece_bytes(page: usize) -> usize {
    (PIECE_CONTENT_BYTES / PAGE_BYTES.div_ceil(page.max(1))).max(PIECE_LEAST)
}

/// For the round the server is one that is too busy: nothing is wrong, and nothing helps but to wait.
fn waits_for_room() -> CallError {
    CallError::Unavailable("no room for what is handed in".into())
}

/// Whether the server had no room a short while ago.
fn has_no_room(device: &Device) -> Result<bool, DeviceError> {
    let no_room = *lock(&device.inner.no_room);
    device.with_open(|open| Ok(no_room.is_some_and(|no_room| no_room.lasts(open.device_now()))))
}

fn note_no_room(device: &Device) -> Result<(), DeviceError> {
    let since = device.with_open::<_, DeviceError>(|open| Ok(open.device_now()))?;
    let mut no_room = lock(&device.inner.no_room);
    let times = no_room.map_or(0, |before| before.times).saturating_add(1);
    tracing::warn!(times, "the server has no room for what is handed in until somebody takes in what lies there");
    *no_room = Some(NoRoom { since, times });
    Ok(())
}

/// Notes the server's keys, and that it has nothing of what was handed in before when its database is another: it was put back
/// from a backup. Everything is handed in once more then.
pub(super) fn note_answer(open: &mut Open, answer: &OrderAnswer) -> Result<(), DeviceError> {
    open.note_keys(&answer.keys)?;
    note_restore(open, answer.epoch)?;
    let connection = open.store.connection();
    let before = handed(connection)?;
    if answer.epoch.is_none() || before.epoch == answer.epoch {
        return Ok(());
    }
    if before.epoch.is_none() {
        // Until now it was never said which database it is.
        return Meta::HandedIn.set(connection, &HandedIn { epoch: answer.epoch, ..before });
    }
    tracing::warn!("the server's database is another one: everything unsent is handed in again");
    Meta::HandedIn.set(connection, &HandedIn { epoch: answer.epoch, ..HandedIn::default() })
}

/// A server that was put back has lost what it acknowledged since its backup. This phone may have no other way to say it again.
fn note_restore(open: &mut Open, there: Option<Epoch>) -> Result<(), DeviceError> {
    let transaction = open.store.begin()?;
    let here: Option<Epoch> = Meta::Epoch.get(&transaction)?;
    let Some(there) = there.filter(|there| here.is_some_and(|here| here != *there)) else { return Ok(()) };
    push::offer_everything(&transaction)?;
    Meta::Epoch.set(&transaction, &there)?;
    Ok(transaction.commit()?)
}

/// The same for a phone that was shut out and goes on being used: not after every single write.
pub(super) fn hand_in_now_and_then(device: &Device, peer: &dyn Peer) -> Result<(), DeviceError> {
    if has_no_room(device)? {
        return Ok(());
    }
    let due = device.with_open::<_, DeviceError>(|open| {
        let handed = handed(open.store.connection())?;
        Ok(handed.items.is_empty() || (open.now() - handed.at).abs() >= PAUSE)
    })?;
    if due { hand_in(device, peer) } else { Ok(()) }
}

/// Whether everything unsent was handed in. Photos that are still to be stored for a record could not be.
pub(super) fn nothing_left(open: &mut Open) -> Result<bool, DeviceError> {
    Ok(photos_following(open.store.connection())? == 0 && nothing_to_hand_in(open)?)
}

/// Whether everything unsent that can be handed in was.
pub(super) fn nothing_to_hand_in(open: &mut Open) -> Result<bool, DeviceError> {
    let handed = handed(open.store.connection())?;
    Ok(found(open, &handed, PIECE_CONTENT_BYTES)?.is_none())
}

/// What is handed in before a wipe must be sealed to a key that the server has: one whose key was lost with its database cannot open
/// what an enrolled phone seals to the former. Where nothing waits, nothing is lost.
pub(super) fn can_be_opened(open: &mut Open, told: &ServerKeys) -> Result<(), DeviceError> {
    let nothing_handed = HandedIn::default();
    let waits = found(open, &nothing_handed, PIECE_CONTENT_BYTES)?.is_some();
    if waits && !told.seal.is_empty() && open.keys()?.seal != told.seal {
        tracing::warn!("the server has another sealing key than this phone: the wipe waits");
        return Err(CallError::Refused { code: CallRefusal::OtherKey }.into());
    }
    Ok(())
}

pub(crate) fn handed(connection: &Connection) -> Result<HandedIn, DeviceError> {
    Ok(Meta::HandedIn.get(connection)?.unwrap_or_default())
}

fn note_handed(open: &mut Open, items: Vec<String>) -> Result<(), DeviceError> {
    let now = open.now();
    let mut handed = handed(open.store.connection())?;
    handed.items.extend(items);
    handed.at = now;
    // As far as the phone knows: if it is another by now, the next answer says so.
    handed.epoch = handed.epoch.or(Meta::Epoch.get(open.store.connection())?);
    Meta::HandedIn.set(open.store.connection(), &handed)?;
    open.changed();
    Ok(())
}

/// Everything reached the server on the usual way: what was handed in needs not be remembered.
pub(super) fn forget_handed(connection: &Connection) -> Result<(), DeviceError> {
    if handed(connection)?.items.is_empty() {
        return Ok(());
    }
    Meta::HandedIn.set(connection, &HandedIn::default())
}

fn next_piece(open: &mut Open, most: usize) -> Result<Option<Piece>, DeviceError> {
    let handed = handed(open.store.connection())?;
    let Some((mut content, items)) = found(open, &handed, most)? else { return Ok(None) };
    content.node = open.clock.node();
    // What goes out may be seen from here on: a visit in it cannot be taken back without trace any more.
    gather::mark_all_offered(open, &content.changes)?;
    let plain = serde_json::to_vec(&content)?;
    let packed = zstd::bulk::compress(&plain, 3)?;
    let public = open.keys()?.seal;
    let purpose = Purpose::HandIn(open.account().device);
    let sealed = open.with_world(|world| seal(&public, purpose, &packed, world));
    let sealed = sealed.map_err(|_| CallError::Unreadable("the server has no key to seal to".into()))?;
    let hand_in = HandIn {
        digest: sha256(&plain),
        changes: count(content.changes.len() + content.refused.len()),
        photos: count(content.photos.len()),
        sealed: URL_SAFE_NO_PAD.encode(sealed),
    };
    Ok(Some(Piece { hand_in, items }))
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

type Found = Option<(HandInContent, Vec<String>)>;

fn empty(open: &Open) -> HandInContent {
    HandInContent { node: open.clock.node(), changes: Vec::new(), refused: Vec::new(), photos: Vec::new() }
}

/// What is to be handed in next, as much as a piece of so many bytes holds: first all words.
fn found(open: &Open, handed: &HandedIn, most: usize) -> Result<Found, DeviceError> {
    match texts(open, handed, most)? {
        Some(found) => Ok(Some(found)),
        None => photos(open.store.connection(), handed, most),
    }
}

/// Changes, overtaken values and refused words, as many as a piece holds.
fn texts(open: &Open, handed: &HandedIn, most: usize) -> Result<Found, DeviceError> {
    let (mut content, mut items, mut bytes) = (empty(open), Vec::new(), 0);
    let mut takes = |json: Vec<u8>| -> bool {
        let name = item(&json);
        let takes = bytes < most && !handed.items.contains(&name);
        if takes {
            bytes += json.len();
            items.push(name);
        }
        takes
    };
    let connection = open.store.connection();
    for change in gather::unsent_changes(connection)? {
        if takes(serde_json::to_vec(&change)?) {
            content.changes.push(change);
        }
    }
    for refused in outbox::refused_all(connection)? {
        let words = RefusedWords {
            id: refused.id,
            kind: refused.kind,
            cell: refused.cell,
            fields: refused.fields,
            at: refused.at,
        };
        if takes(serde_json::to_vec(&words)?) {
            content.refused.push(words);
        }
    }
    Ok(if items.is_empty() { None } else { Some((content, items)) })
}

/// The worker's own photos whose bytes the server does not have, or perhaps not for words of theirs that it has not taken yet: one that two
/// records name may go with the other one. As many as a piece holds.
fn photos(connection: &Connection, handed: &HandedIn, most: usize) -> Result<Found, DeviceError> {
    const BYTES: &str = "SELECT full FROM photo_file WHERE sha256 = ?1";
    // What was loaded from a server that was put back since is a colleague's to hand in.
    let sql = format!(
        "SELECT file.sha256 FROM photo_way AS way JOIN photo_file AS file ON file.sha256 = way.sha256
        WHERE file.full IS NOT NULL AND (
            way.state = 'waiting' AND (way.nameless = 1
                OR EXISTS (SELECT 1 FROM record WHERE kind = 'photo' AND body ->> '$.fields.sha256' = file.sha256
                    AND body ->> '$.fields.by' = (SELECT value ->> '$.account' FROM meta WHERE key = 'account')))
            OR file.sha256 IN ({NAMED_BY_WORDS}))
        ORDER BY file.sha256"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let hashes: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let (mut photos, mut items, mut bytes) = (Vec::new(), Vec::new(), 0);
    for hash in hashes.into_iter().filter(|hash| !handed.items.contains(hash)) {
        if bytes >= most {
            break;
        }
        let Ok(name) = Sha256Hex::new(&hash) else { continue };
        let full: Vec<u8> = connection.prepare_cached(BYTES)?.query_row([&hash], |row| row.get(0))?;
        if !photos.is_empty() && bytes + full.len() > most {
            break;
        }
        bytes += full.len();
        photos.push(HandedPhoto { sha256: name, jpeg: URL_SAFE_NO_PAD.encode(full) });
        items.push(hash);
    }
    let content = HandInContent { node: domain::Node(0), changes: Vec::<Change>::new(), refused: Vec::new(), photos };
    Ok(if items.is_empty() { None } else { Some((content, items)) })
}

/// The name of a thing that is handed in: half of its hash is plenty.
fn item(json: &[u8]) -> String {
    sha256(json).as_str().chars().take(32).collect()
}
