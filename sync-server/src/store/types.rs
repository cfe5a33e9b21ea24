//! The rows that stores answer with and take, free of any database.

use std::collections::BTreeMap;

use domain::report::{Figure, Period, What};
use domain::review::ReviewState;
use domain::scope::{Actor, Role};
use domain::{
    AccountId, CellCode, Change, DeviceId, Fields, Kind, Node, Record, RecordId, Scope, Sha256Hex, Stamp, Stamps,
    Version,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Milliseconds since 1970.
pub type Millis = i64;

/// A record with what the server knows about it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    /// The record.
    pub record: Record,
    /// Its present version.
    pub version: Version,
    /// Where it stands with the supervisor.
    pub state: ReviewState,
    /// The version that was last approved; none: it is new to the supervisor.
    pub approved_version: Option<Version>,
    /// When it was last changed, by the server's clock.
    pub changed_at: Millis,
    /// Who changed it last.
    pub changed_by: AccountId,
}

/// A record's values when it was last approved.
#[derive(Debug, Clone, PartialEq)]
pub struct Approved {
    /// The version.
    pub version: Version,
    /// The values.
    pub fields: Fields,
    /// When.
    pub at: Millis,
    /// By whom.
    pub by: AccountId,
}

/// Who approved the present version, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// When, by the server's clock.
    pub at: Millis,
    /// By whom.
    pub by: AccountId,
}

/// A change that is taken, on its way into the history of its record.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'c> {
    /// When the server took it.
    pub at: Millis,
    /// Who wrote it.
    pub by: &'c AccountId,
    /// From which device; none: on the desk or by the server.
    pub device: Option<DeviceId>,
    /// What was written.
    pub change: &'c Change,
    /// The values that lost against others through it.
    pub lost: &'c [LostValue],
}

/// One accepted change of a record, as the history has it.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// When the server took it.
    pub at: Millis,
    /// Who wrote it.
    pub by: AccountId,
    /// From which device; none: on the desk or by the server.
    pub device: Option<DeviceId>,
    /// The values it brought.
    pub fields: Fields,
    /// When each was written.
    pub stamps: Stamps,
    /// What its writer had seen.
    pub base: BTreeMap<String, Stamp>,
    /// The values that lost against others through it.
    pub lost: Vec<LostValue>,
}

/// A value that lost: kept, never shown as the record's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LostValue {
    /// The field.
    pub field: String,
    /// The value.
    pub value: Value,
    /// Its stamp.
    pub stamp: Stamp,
    /// Whether the incoming value lost (else the one that stood there).
    pub incoming: bool,
}

/// A value that was set aside for another of the same field, and that nobody who wrote against it had seen.
#[derive(Debug, Clone, PartialEq)]
pub struct SetAside {
    /// The record.
    pub record: RecordId,
    /// The field.
    pub field: String,
    /// The value.
    pub value: Value,
    /// Its stamp.
    pub stamp: Stamp,
    /// Who wrote it; none: it was loaded in bulk.
    pub by: Option<WrittenBy>,
    /// The stamp of the value that it was set aside for.
    pub won_stamp: Stamp,
    /// Who wrote that one.
    pub won_by: Option<WrittenBy>,
    /// The cell in whose feed it is told: the one that the record lies in.
    pub cell: CellCode,
    /// At which number of that feed: a cursor that covers it has seen the conflict.
    pub n: u64,
    /// When, by the server's clock.
    pub at: Millis,
}

/// Who wrote a value, and on which phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenBy {
    /// The account.
    pub by: AccountId,
    /// The phone; none: at the desk or by the server.
    pub device: Option<DeviceId>,
}

/// Names a change by its content, so that a repetition is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeDigest(pub [u8; 16]);

/// One run of one writer's program: what it wrote itself is not sent back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run(pub i64);

impl Run {
    /// A run of a phone. The device takes part, so that no phone can pass for another.
    pub fn of(device: DeviceId, node: Node) -> Self {
        let mut hash = Sha256::new();
        hash.update(device.0.as_bytes());
        hash.update(node.0.to_be_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finalize()[..8]);
        Self(i64::from_be_bytes(first))
    }

    /// What comes down to every run: the server's own writing, the desk's, and what was taken in of what a phone had handed in.
    pub const SERVER: Run = Run(0);

    /// Nobody's: nothing in a feed counts as written by whoever asks.
    pub const NOBODY: Run = Run(-1);
}

/// Who stores a record, and where it then stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// When, by the server's clock.
    pub at: Millis,
    /// Whose change it is; the server's own account for what it writes of its own accord.
    pub by: AccountId,
    /// Which run wrote it.
    pub run: Run,
    /// The review state after the change.
    pub state: ReviewState,
    /// There is no such record in the county yet: whoever says so has looked.
    pub is_new: bool,
}

/// An entry of a cell's feed, to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its place in the order of sending: a cursor that covers it.
    pub n: u64,
    /// The record.
    pub record: RecordId,
    /// It left the cell or was erased.
    pub gone: bool,
    /// It was erased.
    pub erased: bool,
}

/// An entry of a cell's feed with what there is to send of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fed {
    /// The entry.
    pub entry: FeedEntry,
    /// The record as it stands in the cell; none of one that is gone.
    pub record: Option<Record>,
    /// How many bytes the record has as it is stored: about what it has as it is sent.
    pub bytes: usize,
    /// Whether values of it were set aside that nobody has decided on.
    pub disputed: bool,
}

/// What the inbox is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxQuery {
    /// Cells that begin with one of these.
    pub scopes: Vec<Scope>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only this state.
    pub state: ReviewState,
    /// Only what was last changed later than the first moment and not later than the second.
    pub changed: Option<(Millis, Millis)>,
    /// Only where the record, or the record that it belongs to, says these words.
    pub words: Option<String>,
    /// The order.
    pub newest_first: bool,
    /// Go on behind this one.
    pub after: Option<InboxPlace>,
    /// At most this many.
    pub limit: usize,
}

/// A place in the inbox's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxPlace {
    /// When the record was changed.
    pub changed_at: Millis,
    /// The record.
    pub id: RecordId,
}

/// How many records of a kind in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewCount {
    /// The cell.
    pub cell: CellCode,
    /// The kind.
    pub kind: Kind,
    /// How many.
    pub records: u64,
}

/// A division or cell and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// 6 county, 9 town, 12 village, 15 cell digits.
    pub code: Scope,
    /// Its name.
    pub name: String,
}

/// A division or cell with its past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// 6 county, 9 town, 12 village, 15 cell digits.
    pub code: Scope,
    /// Its name.
    pub name: String,
    /// Since when it is over.
    pub retired_at: Option<Millis>,
    /// What took its place.
    pub succeeded_by: Option<Scope>,
}

/// Something that became of a division or cell. Never changed, never removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DivisionChange {
    /// When.
    pub at: Millis,
    /// By whom.
    pub by: AccountId,
    /// `created`, `renamed`, `retired`, `merged`, `split`, `handed_over`.
    pub what: String,
    /// What it was called from then on.
    pub name: String,
    /// The successor, the cell that it was split into, who holds it now.
    pub other: Option<String>,
}

/// A version of the county's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListsPublished {
    /// Its number.
    pub version: i64,
    /// By whom: an account, or `server`.
    pub by: String,
    /// When; 0: with the server itself.
    pub at: Millis,
}

/// A table that is taken in. The words of `what`, `plan`, `state` and `report` are the hub's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportBatch {
    /// Names the file by its content and its taker.
    pub id: String,
    /// Who takes it in.
    pub by: AccountId,
    /// When it came.
    pub at: Millis,
    /// What its owner calls the file.
    pub name: String,
    /// What it holds.
    pub what: String,
    /// JSON: which column says what.
    pub plan: String,
    /// Where it stands.
    pub state: String,
    /// Rows that are done.
    pub done: u64,
    /// Rows in all.
    pub total: u64,
    /// JSON: what was found or written.
    pub report: String,
}

/// A record that is loaded in bulk.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRecord {
    /// The record.
    pub record: Record,
    /// Who wrote it.
    pub by: AccountId,
    /// When.
    pub at: Millis,
    /// Where it stands with the supervisor.
    pub state: ReviewState,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its sign-in name.
    pub id: AccountId,
    /// The person's name, as shown.
    pub display_name: String,
    /// What it is for.
    pub role: Role,
    /// What it may see on the desk.
    pub scopes: Vec<Scope>,
    /// Argon2id, in the PHC form; none: no sign-in on the desk.
    pub password_hash: Option<String>,
    /// Since when it is closed.
    pub closed_at: Option<Millis>,
    /// Code of the department that it answers for; only a handler has one.
    pub department: Option<String>,
}

impl Account {
    /// The account as somebody who acts on the desk.
    pub fn actor(&self) -> Actor {
        Actor {
            account: self.id.clone(),
            role: self.role,
            scopes: self.scopes.clone(),
            department: self.department.clone(),
        }
    }
}

/// A cell that an account holds, or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The cell.
    pub cell: CellCode,
    /// Since when, by what was known of the time, as the end.
    pub since: Millis,
    /// Until when; none: still.
    pub until: Option<Millis>,
}

/// What an account was for before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormerRole {
    /// What.
    pub role: Role,
    /// Until when, by what was known of the time.
    pub until: Millis,
}

/// What became of work that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TakenIn {
    /// Changes that were taken.
    pub accepted: u64,
    /// Changes and photos that were refused.
    pub refused: u64,
    /// Photos that were taken.
    pub photos: u64,
}

/// The fact of an erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The record that was erased.
    pub id: RecordId,
    /// What it was.
    pub kind: Kind,
    /// Where it lay.
    pub cell: CellCode,
    /// When.
    pub at: Millis,
    /// By whom.
    pub by: AccountId,
    /// Of a photo the hash of the picture that went with it, unless another record named that too. Logs of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Hex>,
}

/// The SHA-256 of a token or code: all that is stored of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

/// A pair of tokens, hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// Whose.
    pub device: DeviceId,
    /// The access token's hash.
    pub access: SecretHash,
    /// When the access token ends.
    pub access_until: Millis,
    /// The refresh token's hash.
    pub refresh: SecretHash,
    /// When the refresh token ends.
    pub refresh_until: Millis,
    /// How long the server had served when it was issued, or prolonged last, in milliseconds.
    pub served: Millis,
    /// Whether the phone showed that it received the pair.
    pub confirmed: bool,
}

/// A code by which one phone can be enrolled, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolCode {
    /// The code's hash.
    pub hash: SecretHash,
    /// Whose phone it will be.
    pub account: AccountId,
    /// When it stops working.
    pub until: Millis,
    /// Who made it.
    pub made_by: String,
}

/// Somebody signed in at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskSession {
    /// The cookie's hash.
    pub hash: SecretHash,
    /// Who.
    pub account: AccountId,
    /// What every request that changes something must repeat.
    pub csrf: String,
    /// Since when.
    pub since: Millis,
    /// Last use.
    pub seen_at: Millis,
}

/// A photo's bytes on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Unguessable.
    pub id: String,
    /// Who sends it.
    pub device: DeviceId,
    /// The photo's record.
    pub photo: RecordId,
    /// The record's cell.
    pub cell: CellCode,
    /// The announced hash.
    pub sha256: Sha256Hex,
    /// The announced size.
    pub bytes: u64,
    /// Bytes that are durable.
    pub offset: u64,
    /// When it is thrown away.
    pub until: Millis,
}

/// What a transaction moved that somebody may be waiting for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// The feeds that moved on, and the numbers they reached.
    pub feeds: BTreeMap<CellCode, u64>,
    /// Whether it changed who may do what: holdings, an account, what stands against a phone. Tokens that end are no part of it: a stream
    /// asks for its own with every heartbeat.
    pub rights: bool,
}

impl Moved {
    /// Whether nobody needs to hear of it.
    pub fn is_nothing(&self) -> bool {
        self.feeds.is_empty() && !self.rights
    }
}

/// Who did what, when. Never changed, never removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Millis,
    /// An account, or `server`.
    pub who: String,
    /// What: `sign_in`, `enrol`, `revoke`, `review` …
    pub action: String,
    /// On what: an id or a code, no personal data.
    pub subject: String,
}

/// A sum that is kept as records are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tallied {
    /// What is counted.
    pub what: What,
    /// Where.
    pub cell: CellCode,
    /// By which code.
    pub code: String,
    /// How many, or how much.
    pub n: i64,
}

/// The households of a cell, and how many of them nobody met for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeCount {
    /// Where.
    pub cell: CellCode,
    /// How many there are.
    pub households: u64,
    /// How many were never met.
    pub never: u64,
    /// How many were not met since each of the moments that were asked for; those never met are among them.
    pub unmet: [u64; 4],
}

/// A report that was made: what it is of, and by which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportHead {
    /// Its number.
    pub id: i64,
    /// Of which place, with every place in it.
    pub place: Scope,
    /// From which day to which.
    pub period: Period,
    /// The how many-th of this place and period, 1 first.
    pub version: u32,
    /// When it was made.
    pub made_at: Millis,
    /// By whom: an account, or `server`.
    pub made_by: String,
    /// The version of the rules.
    pub rules: u32,
    /// It counts the versions that were approved last, and nothing of what never was; else what stood when it was made.
    pub official: bool,
    /// By figure the name of the sentence that says its rule.
    pub formulas: BTreeMap<String, String>,
}

/// The figures of one place in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceFigures {
    /// The place.
    pub place: Scope,
    /// Of the period.
    pub figures: Vec<Figure>,
    /// Of the period before; figures that say how things stand are not among them.
    pub before: Vec<Figure>,
}
