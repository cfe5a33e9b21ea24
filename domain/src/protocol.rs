//! The words that phones and the server exchange, and the trait in which they meet.
//!
//! The hub in process and the HTTP client both implement [`Peer`], so a simulation runs a hundred phones and a server in one
//! thread without sockets, and the same code runs over the network.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::change::Change;
use crate::codes::Lists;
use crate::conflict::Conflict;
use crate::hand_in::HandIn;
use crate::health::DeviceHealth;
use crate::ids::{AccountId, CellCode, DeviceId, Epoch, RecordId, Sha256Hex};
use crate::order::{OrderAnswer, OrderRequest, StandingOrder};
use crate::problem::{Problem, ProblemCode};
pub use crate::receipt::{CellState, Receipt, ReceiptStatement};
use crate::record::{Fields, Record};
use crate::scope::Role;
use crate::stamp::Node;
use crate::world::Millis;

/// The version of these messages. A server answers the versions it knows and says so in [`Hello`].
pub const PROTOCOL: u16 = 1;

/// At most this many changes in one exchange.
pub const PUSH_CHANGES_MAX: usize = 5_000;
/// At most so many records are asked about in one request: whether they were erased.
pub const WORDS_ABOUT_MAX: usize = 1_000;
/// At most this many bytes in one exchange's body after decompression.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// At most this many bytes in one change, as JSON ([`counted_bytes`]).
pub const CHANGE_BYTES_MAX: usize = 128 * 1024;
/// At most this many fields in one change ([`counted_fields`]).
pub const CHANGE_FIELDS_MAX: usize = 80;
/// Values are nested at most this deep.
pub const VALUE_DEPTH_MAX: usize = 8;
/// A page ends near this many bytes after compression: a full cell's first push is one request, and so is its first pull by a phone
/// that does not ask for less at first since its server is near.
pub const PAGE_BYTES: usize = 768 * 1024;
/// Records are counted on to compress to a fourth, where how well they really do is not worth finding out.
pub const PAGE_RATIO: usize = 4;
/// A phone whose clock is further off than this tells its worker (5 min, in milliseconds).
pub const CLOCK_OFF_WARN: Millis = 5 * 60 * 1000;
/// At most so many receipts of lost databases are looked at with a request.
pub const LOST_RECEIPTS_MAX: usize = 4;
/// The server refuses stamps further ahead of its own clock than this (2 min, in milliseconds); the phone then measures and shifts.
pub const STAMP_AHEAD_ACCEPTED: Millis = 2 * 60 * 1000;

/// First words of a phone with a code that works once. Sent without a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    /// The code, as shown by the desk.
    pub code: String,
    /// What the phone is called, for the desk's list of devices: at most 60 characters.
    pub device_name: String,
    /// The app's version.
    pub app_version: String,
}

/// The server's answer to a code that was right.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enrolment {
    /// The phone's name from now on.
    pub device: DeviceId,
    /// Whose phone it is.
    pub account: AccountId,
    /// The worker's name, as shown in the app.
    pub display_name: String,
    /// What the account is for.
    pub role: Role,
    /// The cells it holds.
    pub cells: Vec<CellCode>,
    /// Whether this server holds demonstration data: the app then says so on every screen.
    pub demo: bool,
    /// How to authenticate.
    pub tokens: Tokens,
    /// The server's public keys.
    #[serde(default)]
    pub keys: ServerKeys,
}

/// The server's public keys, each base64url without padding. A text is empty when the server has none: it is of an older version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerKeys {
    /// Checks receipts: Ed25519, 32 bytes.
    #[serde(default)]
    pub verify: String,
    /// To this one unsent work and the keys of ordered locks are sealed: see [`crate::seal`].
    #[serde(default)]
    pub seal: String,
}

impl ServerKeys {
    /// Whether the server told both.
    pub fn are_known(&self) -> bool {
        !self.verify.is_empty() && !self.seal.is_empty()
    }
}

/// A pair of tokens, opaque to a phone. In each, base64url: 16 random bytes, the phone, the moment, and a mark over these (HMAC-SHA-256)
/// that only its server can make. The server stores their hashes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// Sent as `Authorization: Bearer …`.
    pub access: String,
    /// When the access token stops working, by the server's clock.
    pub access_until: Millis,
    /// Exchanged for a new pair; keeps working for a while after its use, since that answer can get lost.
    pub refresh: String,
}

/// What a phone needs to know before a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hello {
    /// The server's clock.
    pub server_time: Millis,
    /// The server's database.
    pub epoch: Epoch,
    /// Oldest and newest protocol version that the server speaks.
    pub protocols: (u16, u16),
    /// The version of the county's lists.
    pub lists_version: i64,
    /// The server's public keys: for a phone that was enrolled before there were any.
    #[serde(default)]
    pub keys: ServerKeys,
}

/// One round, or a part of it: what is unsent goes up, what is new comes down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExchangeRequest {
    /// [`PROTOCOL`].
    pub protocol: u16,
    /// The phone's clock when it wrote this, uncorrected.
    pub device_time: Millis,
    /// The stamp node of the phone's present run: feed entries that only this run wrote are not echoed.
    pub node: Node,
    /// The epoch that the cursors belong to; none on the first round.
    pub epoch: Option<Epoch>,
    /// What is unsent.
    pub push: Vec<Change>,
    /// Per cell the number up to which the phone has everything. A cell without one is sent from its beginning.
    pub cursors: BTreeMap<CellCode, u64>,
    /// The cells that the phone reads anew because its digest was another than the receipt's. Of these nothing is left out: the
    /// phone's own writing is sent too, and what left the cell is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubted: Vec<CellCode>,
    /// Records about which the phone keeps words that no feed need ever reach again: refused ones, unfinished forms, and waiting
    /// photos of a cell that it had to give up. The record may have left the phone's cells before it was erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words_about: Vec<RecordId>,
    /// The phone merges what comes down into what it holds, so of a record that this very request brought it needs no field that
    /// stands as it was brought. Phones of an older version do not say so, and are sent whole records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merges: bool,
    /// How the phone stands, when that is news ([`DeviceHealth::is_news_after`]) or was told a day ago. What is unreadable or absurd in
    /// it is not kept, and holds nothing else up. Phones of an older version never tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<DeviceHealth>,
    /// What may come down with the answer, in bytes after compression: 0 while there is more to send first. It may be a record more.
    /// Phones of an older version do not say so, and are sent as much as the server holds to be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<usize>,
    /// The proofs of records in `push` that were written at the desk, or moved, and are offered again, to a server that was put back
    /// from a backup.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub proofs: BTreeMap<RecordId, Proof>,
    /// The last receipts of databases that the server has lost since, at most [`LOST_RECEIPTS_MAX`], for as long as something waits here
    /// of a cell that is not this phone's any more: by them a server that was put back from a backup knows whose cell it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost_receipts: Vec<Receipt>,
}

/// By this a server recognises a record that it once sent, should it have lost it since: nobody else can make one. For everybody else it
/// is a text of at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proof(pub String);

/// The answer to an [`ExchangeRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExchangeAnswer {
    /// The server's clock.
    pub server_time: Millis,
    /// The server's database. If it is another than the request's, the cursors were ignored and the phone offers all it holds.
    pub epoch: Epoch,
    /// The version of the county's lists.
    pub lists_version: i64,
    /// Names what is in them ([`crate::codes::Lists::digest`]), their number included: whoever holds the same need not load them.
    /// Servers of an older version give none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists_digest: Option<String>,
    /// One verdict per pushed change, in the order of the request.
    pub verdicts: Vec<Verdict>,
    /// The cells that the phone holds now.
    pub cells: Vec<CellCode>,
    /// What is new, page by page of a cell.
    pub pages: Vec<FeedPage>,
    /// Whether there is more to pull.
    pub more: bool,
    /// What the server has now. Present when there is no more to pull; servers of an older version give none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// Those of [`ExchangeRequest::words_about`] that were erased: the phone keeps nothing about them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<RecordId>,
    /// What the account is for now: whatever else is in the answer is what this role may read. Servers of an older version tell none,
    /// and a role that only a newer version knows is read as none: the phone goes on with the one that it was told before.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_role")]
    pub role: Option<Role>,
    /// Another number each time the server found that it lacks pictures which it had confirmed: whoever knows another one offers all
    /// pictures again that are still there. None: it never did, or is of an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos_lost: Option<Millis>,
}

/// A role, if this version knows it: one of a newer version must not make everything unreadable that comes with it.
fn known_role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Role>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// What the server did with one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Verdict {
    /// It is in the record or, where it lost, in the history. Durable.
    Accepted,
    /// It is not stored. The phone keeps it among "could not be sent".
    Refused(Refusal),
}

/// Why a change was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// The first and most telling code.
    pub code: ProblemCode,
    /// What is wrong with which field.
    pub problems: Vec<Problem>,
    /// The server's record, when there is one that the phone may see: the phone must not go on showing what was refused.
    pub current: Option<Record>,
}

/// A piece of a cell's feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedPage {
    /// The cell.
    pub cell: CellCode,
    /// The phone has everything up to this number once it stored the page, in the same transaction.
    pub upto: u64,
    /// Merged records.
    pub records: Vec<Record>,
    /// Records that left the cell or were erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<RecordId>,
    /// Those of `gone` that were erased on purpose: everything about them goes from the phone too, unsent words included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<RecordId>,
    /// The open conflicts of these records: all of each record's, so what is not named here is settled.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "crate::conflict::each_readable")]
    pub conflicts: Vec<Conflict>,
    /// For those of the records that this phone may not write: with it the phone can bring one back to a server that lost it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub proofs: BTreeMap<RecordId, Proof>,
    /// For those of the other records that were moved here from another cell, and whatever was moved that this phone may write: with it
    /// the phone can move one again on a server that lost the move.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moves: BTreeMap<RecordId, Proof>,
}

/// What a stream of nudges says: a cell has moved on, come and ask. Nothing of what changed in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Nudge {
    /// The cell.
    pub cell: CellCode,
    /// The number that its feed has reached. A phone whose cursor stands there knows it already.
    pub reached: u64,
}

/// A photo whose bytes the phone wants to hand over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoOffer {
    /// The photo's record; the server must know it already.
    pub photo: RecordId,
    /// Address and check.
    pub sha256: Sha256Hex,
    /// Size.
    pub bytes: u64,
}

/// Where a photo's bytes stand on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotoPlace {
    /// The server has them and checked the hash: the phone may free the original.
    Stored,
    /// They are to be sent from this offset on.
    Upload {
        /// The upload's address, unguessable; opaque to the phone.
        upload: String,
        /// Bytes that the server has.
        offset: u64,
    },
}

/// Which rendering of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PhotoSize {
    /// Longer edge 320 px.
    Thumb,
    /// As stored.
    Full,
}

/// Why a call did not lead to an answer. Nothing on the phone is dropped for any of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection, cut in the middle, timed out: later.
    #[error("no connection: {0}")]
    Offline(String),
    /// The tokens are not accepted any more: the worker enrols again; reading and writing go on.
    #[error("not signed in")]
    SignedOut,
    /// The phone was shut out: it may hand in what is unsent ([`Peer::hand_in`]) and nothing else. Reading and writing go on.
    #[error("shut out")]
    Revoked,
    /// The desk ordered something of this phone: until it is done, the phone may ask what, hand in and report, nothing else.
    #[error("an order stands")]
    Ordered,
    /// The server is overloaded or broken: later.
    #[error("the server cannot answer now: {0}")]
    Unavailable(String),
    /// The server refuses this whole call.
    #[error("refused: {code:?}")]
    Refused {
        /// Why.
        code: CallRefusal,
    },
    /// The answer cannot be read: one of the two is wrong.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
}

/// Codes of refused calls, in the body `{"code": …}` of every HTTP answer of 400 and above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CallRefusal {
    /// Not JSON, truncated, or another shape than the call has.
    Malformed,
    /// Larger than allowed, before or after decompression.
    TooLarge,
    /// Nested deeper than allowed.
    TooDeep,
    /// A content type or encoding that the server does not take.
    UnsupportedEncoding,
    /// A protocol version that the server does not speak: the app must be updated.
    UnknownProtocol,
    /// No, a wrong or an expired token or session.
    SignedOut,
    /// A phone that was shut out: it may hand in what is unsent, sealed, and nothing else.
    Revoked,
    /// The desk ordered the phone to lock or wipe itself: it may ask for the order, hand in and report, nothing else.
    Ordered,
    /// Signed in with a password that somebody else has set: it must be changed before anything else.
    PasswordFirst,
    /// Signed in, but not allowed (also for what does not exist in one's scope).
    NotAllowed,
    /// No such thing.
    NotFound,
    /// An enrolment code that is wrong, used or expired.
    WrongCode,
    /// Wrong name or password.
    WrongPassword,
    /// Too many tries; later.
    TooManyTries,
    /// The CSRF token is missing or wrong.
    WrongCsrf,
    /// Somebody else was first: the version named is not the present one.
    Stale,
    /// Not this one's turn: the community reviews before the town, and one person is not two.
    NotYet,
    /// Fields are wrong; `problems` says which.
    Invalid,
    /// Bytes that are no picture.
    NotAnImage,
    /// Bytes whose hash is not the announced one.
    HashMismatch,
    /// An upload offset that is not the server's.
    WrongOffset,
    /// An upload that is gone or expired.
    UploadGone,
    /// The tus version of the request is not 1.0.0.
    TusVersion,
    /// Sealed bytes that this server cannot open: to another server's key, perhaps one that was lost with its database.
    OtherKey,
    /// Something broke on the server; nothing was changed.
    Internal,
    /// A code that only a newer version knows: the status says what it comes to. Read, never sent.
    #[serde(other)]
    Newer,
}

/// The body of every HTTP answer of 400 and above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// Why.
    pub code: CallRefusal,
    /// What is wrong with which field, for [`CallRefusal::Invalid`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// Where pages are cut, in bytes after compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageBytes {
    /// What goes up with one request.
    pub up: usize,
    /// What comes down with the first answer. Each further one may be larger by half, up to what goes up: the first is soon here, while
    /// the last is stored nobody waits long, and a long pull takes few requests.
    pub down: usize,
}

impl PageBytes {
    /// What may come down after so many pages.
    pub fn down_after(self, pages: u32) -> usize {
        (0..pages.min(32)).fold(self.down, |room, _| room.saturating_add(room / 2)).min(self.up)
    }
}

/// The server, as an enrolled phone sees it.
pub trait Peer: Send {
    /// The server's clock and epoch.
    ///
    /// # Errors
    /// Any [`CallError`].
    fn hello(&self) -> Result<Hello, CallError>;

    /// One round or a part of it. May be repeated: it does nothing twice.
    ///
    /// # Errors
    /// Any [`CallError`]; the push may or may not have been stored.
    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError>;

    /// An exchange, and what this side has to do meanwhile. Both are done when this returns; which was done first, nobody may
    /// rely on.
    ///
    /// # Errors
    /// As [`Peer::exchange`]; the work is done all the same once the request was sent.
    fn exchange_while(&self, request: &ExchangeRequest, work: &mut dyn FnMut()) -> Result<ExchangeAnswer, CallError> {
        work();
        self.exchange(request)
    }

    /// Where pages are best cut on the way to this server.
    fn page_bytes(&self) -> PageBytes {
        PageBytes { up: PAGE_BYTES, down: PAGE_BYTES }
    }

    /// The county's lists.
    ///
    /// # Errors
    /// Any [`CallError`].
    fn lists(&self) -> Result<Lists, CallError>;

    /// Announces a photo's bytes, or learns that they are there.
    ///
    /// # Errors
    /// Any [`CallError`].
    fn photo_offer(&self, offer: &PhotoOffer) -> Result<PhotoPlace, CallError>;

    /// Where an announced upload stands after a break.
    ///
    /// # Errors
    /// Any [`CallError`]; [`CallRefusal::UploadGone`] when it has to be announced again.
    fn photo_offset(&self, upload: &str) -> Result<u64, CallError>;

    /// Hands over the bytes from `offset` on and returns the offset reached. At the photo's size the server has checked the
    /// hash: the photo is stored.
    ///
    /// # Errors
    /// Any [`CallError`]; [`CallRefusal::HashMismatch`] or [`CallRefusal::NotAnImage`] discard the upload.
    fn photo_append(&self, upload: &str, offset: u64, chunk: &[u8]) -> Result<u64, CallError>;

    /// The bytes of a photo that another phone sent.
    ///
    /// # Errors
    /// Any [`CallError`].
    fn photo_fetch(&self, sha256: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, CallError>;

    /// What the desk ordered of this phone. Answered to a phone that is shut out or ordered too, also with an expired token.
    ///
    /// # Errors
    /// Any [`CallError`].
    fn order(&self, request: &OrderRequest) -> Result<OrderAnswer, CallError>;

    /// An order was carried out. May be repeated.
    ///
    /// # Errors
    /// Any [`CallError`].
    fn report(&self, done: &StandingOrder) -> Result<(), CallError>;

    /// Hands in unsent work, sealed. For a phone that is shut out or ordered; may be repeated: it does nothing twice.
    ///
    /// # Errors
    /// Any [`CallError`]; [`CallRefusal::NotAllowed`] for a phone that can simply push, [`CallRefusal::TooLarge`] and
    /// [`CallRefusal::TooManyTries`] when the server keeps no more of this phone for now.
    fn hand_in(&self, piece: &HandIn) -> Result<(), CallError>;
}

/// How many fields count where one change may bring only so many. That by which a record is moved does not: whatever a record holds, the
/// office can move it, and a phone can bring it back whole after that.
pub fn counted_fields(fields: &Fields) -> usize {
    fields.len() - usize::from(fields.contains_key("cell"))
}

/// The bytes of fields as JSON, counted likewise. A `cell` that is none counts.
pub fn counted_bytes(fields: &Fields) -> usize {
    const MEMBER: usize = r#""cell":"610722001001001","#.len();
    let whole = serde_json::to_string(fields).map_or(usize::MAX, |text| text.len());
    let moved = fields.get("cell").and_then(Value::as_str).is_some_and(|cell| CellCode::new(cell).is_ok());
    if moved { whole.saturating_sub(MEMBER) } else { whole }
}

/// How deep a value is nested: 1 for a scalar.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_role_that_is_not_told_or_not_known_leaves_an_answer_readable_and_tells_nothing() {
        let mut answer = json!({"server_time": 0, "epoch": "00000000-0000-0000-0000-000000000001", "lists_version": 1,
            "verdicts": [], "cells": [], "pages": [], "more": false});
        let read = |answer: &Value| serde_json::from_value::<ExchangeAnswer>(answer.clone()).unwrap();
        let of_an_older_server = read(&answer);
        assert_eq!(of_an_older_server.role, None);
        assert_eq!(serde_json::to_value(&of_an_older_server).unwrap(), answer, "nor is it made up");
        for (told, known) in [
            (json!("informant"), Some(Role::Informant)),
            (json!("of_a_newer_version"), None),
            (json!({"name": "worker"}), None),
            (Value::Null, None),
        ] {
            answer["role"] = told;
            assert_eq!(read(&answer).role, known, "{answer}");
        }
    }
}
