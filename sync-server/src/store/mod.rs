//! What the hub asks of a database, in the words of the field. Blocking; no SQL and no types of a database show through.
//!
//! Everything happens inside a transaction: [`Store::read`] sees one state of the database from beginning to end,
//! [`Store::write`] stores all or nothing and is durable when it returns. Every verb names one cell, one county or one scope
//! prefix, so that the tables can be distributed by county on a database of many machines.

pub mod chain;
mod desk;
mod incidents;
mod phones;
pub mod sqlite;
mod types;

use std::collections::BTreeMap;

use domain::codes::Lists;
use domain::protocol::CellState;
use domain::{AccountId, CellCode, DeviceId, Epoch, Kind, Record, RecordId, Scope, Sha256Hex, Stamp};
use serde_json::Value;

pub use desk::*;
pub use incidents::*;
pub use phones::*;
pub use types::*;

/// The database could not do what it was asked; nothing of the transaction is stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file belongs to a newer version of this program.
    #[error("the database was written by a newer version (schema {found}, this program knows {known})")]
    Newer {
        /// The file's schema version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The database refused or broke.
    #[error("the database: {0}")]
    Broken(String),
    /// Something that this program stored cannot be read back.
    #[error("unreadable {0} in the database")]
    Unreadable(&'static str),
}

/// A database that holds a county (or several).
pub trait Store: Send + Sync + 'static {
    /// Runs `work` on one consistent state.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError`] when the state cannot be read.
    fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&dyn Reading) -> Result<T, E>) -> Result<T, E>;

    /// Runs `work` in one write transaction. Nothing is stored when it answers with an error; durable on return otherwise.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError`] when nothing could be stored.
    fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut dyn Writing) -> Result<T, E>) -> Result<T, E>;

    /// Moves what was written into the database's own file, so that no journal beside it holds what was removed. False: somebody
    /// reads what was before, and it has to be done again; nobody is kept from writing meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is lost then.
    fn leave_no_log(&self) -> Result<bool, StoreError>;

    /// Writes a complete copy of the database into a new file, while it is in use.
    ///
    /// # Errors
    /// [`StoreError`] when the copy could not be finished.
    fn back_up(&self, file: &std::path::Path) -> Result<(), StoreError>;
}

/// The answer of every verb.
pub type Answer<T> = Result<T, StoreError>;

/// What can be asked. `within` cuts what is found to the cells that begin with it.
pub trait Reading: IncidentTable {
    // -- records ---------------------------------------------------------------------------------------------------------
    /// A record.
    fn record(&self, within: &Scope, id: RecordId) -> Answer<Option<StoredRecord>>;
    /// Several records, in no particular order; what is not found is left out.
    fn records(&self, within: &Scope, ids: &[RecordId]) -> Answer<Vec<StoredRecord>>;
    /// The records of a kind whose main reference names `target`: a target's visits, photos and reviews, a household's
    /// people, a dwelling's households, a building's dwellings.
    fn referring(&self, within: &Scope, target: RecordId, kind: &Kind) -> Answer<Vec<StoredRecord>>;
    /// The records of the cells themselves, by code.
    fn cells(&self, within: &Scope) -> Answer<Vec<StoredRecord>>;
    /// How many records [`Reading::referring`] would find.
    fn count_referring(&self, within: &Scope, target: RecordId, kind: &Kind) -> Answer<usize>;
    /// Every accepted change of a record, oldest first.
    fn history(&self, within: &Scope, id: RecordId) -> Answer<Vec<HistoryEntry>>;
    /// When the move of a record that was made with this stamp was taken; none where the history does not know of it.
    fn moved_at(&self, cell: &CellCode, id: RecordId, made: Stamp) -> Answer<Option<i64>>;
    /// Whether the history has this very change already.
    fn knows_change(&self, cell: &CellCode, id: RecordId, digest: &ChangeDigest) -> Answer<bool>;
    /// The values of a record that were set aside after `since` and that nobody has decided on, the latest first.
    fn open_conflicts(&self, within: &Scope, id: RecordId, since: i64) -> Answer<Vec<SetAside>>;
    /// What nobody has decided on in any record of the scope: the values of this field that were set aside and are just this one.
    fn open_conflicts_over(&self, within: &Scope, field: &str, value: &Value) -> Answer<Vec<SetAside>>;
    /// Whether this value was set aside before, open or settled.
    fn conflict_known(&self, cell: &CellCode, id: RecordId, field: &str, stamp: Stamp) -> Answer<bool>;
    /// The record as it stood when it was last approved.
    fn approved(&self, within: &Scope, id: RecordId) -> Answer<Option<Approved>>;
    /// Whether a record of that id was erased in this county.
    fn erased(&self, county: &Scope, id: RecordId) -> Answer<bool>;
    /// The records of a kind that name `id` in this field. Slow: it reads all of them.
    fn naming(&self, within: &Scope, kind: &Kind, field: &str, id: RecordId) -> Answer<Vec<StoredRecord>>;
    /// The records of a kind that name `id` anywhere in them, or ever did, as their history says. Slow: it reads all of them.
    fn that_named(&self, within: &Scope, kind: &Kind, id: RecordId) -> Answer<Vec<StoredRecord>>;

    // -- feeds -----------------------------------------------------------------------------------------------------------
    /// Whether a record lay in this cell and lies there no more.
    fn has_left(&self, cell: &CellCode, id: RecordId) -> Answer<bool>;
    /// The number that the cell's feed has reached; 0 before its first record.
    fn feed_reached(&self, cell: &CellCode) -> Answer<u64>;
    /// Goes through the entries after `cursor` that `run` has not written itself, in the order in which they are to be sent, until
    /// `each` answers that it has had enough. Without a cursor: all of them. It reads no further than it is asked to.
    fn feed(&self, cell: &CellCode, cursor: Option<u64>, run: Run, each: &mut dyn FnMut(Fed) -> bool) -> Answer<()>;
    /// The same entries by themselves, to their end.
    fn feed_after(&self, cell: &CellCode, cursor: Option<u64>, run: Run) -> Answer<Vec<FeedEntry>> {
        let mut entries = Vec::new();
        self.feed(cell, cursor, run, &mut |fed| {
            entries.push(fed.entry);
            true
        })?;
        Ok(entries)
    }
    /// What a receipt says of the cell, kept as it is written: asking costs nothing.
    fn cell_state(&self, cell: &CellCode) -> Answer<CellState>;

    // -- the desk --------------------------------------------------------------------------------------------------------
    /// A page of the inbox.
    fn inbox(&self, query: &InboxQuery) -> Answer<Vec<StoredRecord>>;
    /// How many records stand in this review state and were last changed after each of these moments.
    fn changed_since(&self, state: domain::review::ReviewState, scopes: &[Scope], moments: &[i64]) -> Answer<Vec<u64>>;
    /// How many records stand in this review state, of this kind or any, and were last changed later than the first moment and
    /// not later than the second.
    fn count_changed(
        &self,
        state: domain::review::ReviewState,
        scopes: &[Scope],
        kind: Option<&Kind>,
        changed: (i64, i64),
    ) -> Answer<u64>;
    /// The records of a kind that a report counts whose present version is not the one that was approved last, one after the other,
    /// with the approved fields if ever anything was approved. Moments, stamps and cell are those of the present version.
    fn unapproved(&self, within: &Scope, kind: &Kind, each: &mut dyn FnMut(Record, Option<Record>)) -> Answer<()>;
    /// How many records stand in this review state, by cell and kind.
    fn review_counts(&self, state: domain::review::ReviewState, scopes: &[Scope]) -> Answer<Vec<ReviewCount>>;
    /// The divisions and cells within these scopes and those above them, by code.
    fn places(&self, scopes: &[Scope]) -> Answer<Vec<Place>>;
    /// The records of a kind of which a county has few (hazard points, evacuations, feedback, disputes), the latest first.
    fn latest_few(&self, scopes: &[Scope], kind: &Kind, limit: usize) -> Answer<Vec<StoredRecord>>;
    /// The batches of notices or tasks published before a moment, the latest first.
    fn batches(&self, scopes: &[Scope], kind: &Kind, before: i64, limit: usize) -> Answer<Vec<Batch>>;
    /// The records of a batch, by cell.
    fn batch(&self, scopes: &[Scope], kind: &Kind, at: i64) -> Answer<Vec<StoredRecord>>;
    /// How many households in which somebody lives were told of a notice.
    fn told(&self, county: &Scope, notice: RecordId) -> Answer<usize>;
    /// That a household was told of a notice.
    fn told_household(&self, within: &Scope, notice: RecordId, household: RecordId) -> Answer<Vec<StoredRecord>>;
    /// How many households somebody lives in, by cell.
    fn lived_in(&self, scopes: &[Scope]) -> Answer<BTreeMap<CellCode, usize>>;
    /// The residents whose names fit best. Looks through all names of the place.
    fn people_named(&self, within: &Scope, fits: &mut NameFits<'_>, limit: usize) -> Answer<Vec<StoredRecord>>;
    /// The residents whose number ends so; at least four characters.
    fn people_numbered(&self, within: &Scope, of: NumberOf, ending: &str, limit: usize) -> Answer<Vec<StoredRecord>>;
    /// The name of a division or cell.
    fn place(&self, code: &Scope) -> Answer<Option<Place>>;

    /// The divisions and cells within these scopes, by code, with those that are over.
    fn divisions(&self, scopes: &[Scope]) -> Answer<Vec<Division>>;
    /// One of them.
    fn division(&self, code: &Scope) -> Answer<Option<Division>>;
    /// What became of it, oldest first.
    fn division_changes(&self, code: &Scope) -> Answer<Vec<DivisionChange>>;
    /// Who holds a cell now, by name.
    fn holders(&self, cell: &CellCode) -> Answer<Vec<AccountId>>;
    /// The cells within a scope that have records, by code.
    fn cells_within(&self, scope: &Scope) -> Answer<Vec<CellCode>>;
    /// The records of a kind that lie in a cell.
    fn of_kind(&self, cell: &CellCode, kind: &Kind) -> Answer<Vec<StoredRecord>>;
    /// The records of some kinds that lie in a cell, in the order of its feed: mostly the fewer ones beside what was written once.
    fn of_kinds(&self, cell: &CellCode, wanted: &dyn Fn(&Kind) -> bool) -> Answer<Vec<StoredRecord>>;
    /// The records that lie in a cell, in the order of its feed.
    fn ids_in(&self, cell: &CellCode) -> Answer<Vec<RecordId>>;
    // -- what is counted -------------------------------------------------------------------------------------------------
    /// The counties of which places are known.
    fn counties(&self) -> Answer<Vec<Scope>>;
    /// The sums of some of what is counted, by cell: of a stretch of days in China by number, or as it stands now.
    fn tallies(
        &self,
        within: &Scope,
        whats: &[domain::report::What],
        days: std::ops::Range<i64>,
    ) -> Answer<Vec<Tallied>>;
    /// The records of a kind of which there are few: care plans, evacuations, hazard points, notices, threatened households.
    fn few(&self, within: &Scope, kind: &Kind) -> Answer<Vec<StoredRecord>>;
    /// Whom a care plan is for, and the meetings before a moment: by whatever entries person and household were named. None when the
    /// person is not in the register any more.
    fn cared_for(&self, county: &Scope, person: RecordId, until: i64) -> Answer<Option<CaredFor>>;
    /// The entry that stands for this resident or household, and after it those that gave way to it.
    fn entries(&self, county: &Scope, id: RecordId) -> Answer<Vec<RecordId>>;
    /// The visits that correct this one.
    fn corrections(&self, county: &Scope, visit: RecordId) -> Answer<Vec<RecordId>>;
    /// Per cell the households, and how many of them nobody met since each of these moments.
    fn homes(&self, within: &Scope, since: [i64; 4]) -> Answer<Vec<HomeCount>>;
    /// Households that nobody met since a moment, the longest first.
    fn homes_unmet(&self, within: &Scope, since: i64, limit: usize) -> Answer<Vec<(RecordId, Option<i64>)>>;
    /// The reports of places that lie within a scope or around it, the latest period first.
    fn reports(&self, scope: &Scope) -> Answer<Vec<ReportHead>>;
    /// A report.
    fn report(&self, id: i64) -> Answer<Option<ReportHead>>;
    /// The figures of a place in a report, and of the places right below it whose codes have `below` digits.
    fn report_places(&self, id: i64, place: &Scope, below: usize) -> Answer<Vec<PlaceFigures>>;

    // -- photos ----------------------------------------------------------------------------------------------------------
    /// Whether the bytes of that hash are stored.
    fn photo_stored(&self, sha256: &Sha256Hex) -> Answer<bool>;
    /// Which of these hashes are stored.
    fn photos_stored(&self, hashes: &[Sha256Hex]) -> Answer<Vec<Sha256Hex>>;
    /// The size that was noted with the bytes of that hash; none: they are not stored.
    fn photo_stored_size(&self, sha256: &Sha256Hex) -> Answer<Option<u64>>;
    /// Those of the stored hashes that begin with these two digits, with the sizes that were noted.
    fn photos_stored_under(&self, digits: &str) -> Answer<Vec<(Sha256Hex, u64)>>;
    /// The size of the picture of that hash, as a record says that names it; none when no record does.
    fn photo_bytes(&self, sha256: &Sha256Hex) -> Answer<Option<u64>>;
    /// The photo records within a scope that name this hash.
    fn photo_records(&self, within: &Scope, sha256: &Sha256Hex) -> Answer<Vec<StoredRecord>>;
    /// Whether any photo record names this hash.
    fn photo_named(&self, sha256: &Sha256Hex) -> Answer<bool>;
    /// Photos whose files are to be removed.
    fn photos_doomed(&self) -> Answer<Vec<Sha256Hex>>;
    /// Photos whose files were removed, and that nothing names since, as far as it was noted.
    fn photos_removed(&self) -> Answer<Vec<Sha256Hex>>;
    /// The uploads of a photo by any device.
    fn uploads_of(&self, photo: RecordId) -> Answer<Vec<Upload>>;
    /// An unfinished (or just finished) upload.
    fn upload(&self, id: &str) -> Answer<Option<Upload>>;
    /// The unfinished upload of a photo by a device, to go on with.
    fn upload_of(&self, device: DeviceId, photo: RecordId) -> Answer<Option<Upload>>;
    /// Uploads whose time is over.
    fn uploads_expired(&self, now: i64) -> Answer<Vec<Upload>>;

    // -- people and phones ------------------------------------------------------------------------------------------------
    /// An account.
    fn account(&self, id: &AccountId) -> Answer<Option<Account>>;
    /// Every account, by name.
    fn accounts(&self) -> Answer<Vec<Account>>;
    /// Since when an account has a password that somebody else has set and that it has not changed.
    fn first_password_since(&self, account: &AccountId) -> Answer<Option<i64>>;
    /// The cells that an account holds or held, by code.
    fn holdings(&self, account: &AccountId) -> Answer<Vec<Holding>>;
    /// What an account was for before, oldest first.
    fn former_roles(&self, account: &AccountId) -> Answer<Vec<FormerRole>>;
    /// A device.
    fn device(&self, id: DeviceId) -> Answer<Option<Device>>;
    /// Every device, the latest enrolled first.
    fn devices(&self) -> Answer<Vec<Device>>;
    /// What a device handed in, in the order in which it came.
    fn hand_ins(&self, device: DeviceId) -> Answer<Vec<HandInLine>>;
    /// The sealed bytes of a piece.
    fn hand_in_sealed(&self, device: DeviceId, digest: &Sha256Hex) -> Answer<Option<Vec<u8>>>;
    /// The tokens that an access token belongs to.
    fn tokens_by_access(&self, hash: &SecretHash) -> Answer<Option<TokenPair>>;
    /// The tokens that a refresh token belongs to.
    fn tokens_by_refresh(&self, hash: &SecretHash) -> Answer<Option<TokenPair>>;
    /// Whether a phone has used a pair whose access token lives longer than that: it was issued later.
    fn used_tokens_after(&self, device: DeviceId, access_until: Millis) -> Answer<bool>;
    /// An enrolment code that was not used yet.
    fn enrol_code(&self, hash: &SecretHash) -> Answer<Option<EnrolCode>>;
    /// A desk session.
    fn desk_session(&self, hash: &SecretHash) -> Answer<Option<DeskSession>>;

    // -- tables that are taken in ------------------------------------------------------------------------------------------
    /// One of them.
    fn import(&self, id: &str) -> Answer<Option<ImportBatch>>;
    /// All of them, the latest first.
    fn imports(&self) -> Answer<Vec<ImportBatch>>;
    /// A table's bytes, while they are kept.
    fn import_file(&self, id: &str) -> Answer<Option<Vec<u8>>>;
    /// Every document number of the residents within a scope. Slow: it reads all of them.
    fn document_numbers(&self, within: &Scope, each: &mut dyn FnMut(String, RecordId)) -> Answer<()>;

    // -- the county -------------------------------------------------------------------------------------------------------
    /// The lists in force.
    fn lists(&self) -> Answer<Lists>;
    /// Who published which version of them, the latest first.
    fn lists_published(&self, limit: usize) -> Answer<Vec<ListsPublished>>;
    /// This database's epoch.
    fn epoch(&self) -> Answer<Epoch>;
    /// A setting of this database.
    fn setting(&self, name: &str) -> Answer<Option<String>>;
    /// The latest audit entries, newest first.
    fn audit(&self, limit: usize) -> Answer<Vec<AuditEntry>>;
    /// A page of the audit log.
    fn audit_page(&self, query: &AuditQuery) -> Answer<Vec<AuditLine>>;
    /// The actions that entries of these scopes name.
    fn audit_actions(&self, scopes: &[Scope]) -> Answer<Vec<String>>;
    /// Entries in their order, after the number `after`: for whoever goes through all of them.
    fn audit_after(&self, after: i64, limit: usize) -> Answer<Vec<AuditLine>>;
    /// The number and written link of the last entry, as the database remembers it apart from the log.
    fn audit_head(&self) -> Answer<Option<(i64, String)>>;
}

/// What can be written.
pub trait Writing: Reading {
    /// What this transaction has moved so far. It has happened only once the transaction is durable.
    fn moved(&self) -> Moved;

    // -- records ---------------------------------------------------------------------------------------------------------
    /// Stores a record as it stands after a merge, moves its feed entry forward (and leaves *gone* where it moved away from),
    /// and keeps the approved version aside when the record departs from it.
    fn put_record(&mut self, record: &Record, written: &Written) -> Answer<()>;
    /// Appends to the history of a record, which lies in this cell now.
    fn append_history(&mut self, cell: &CellCode, taken: Taken<'_>, digest: &ChangeDigest) -> Answer<()>;
    /// Rewrites what is remembered of a record: its history, its approved version, the values set aside in it. An erasure reaches
    /// into the past; order, writers and digests stay. `rewrite` is given a field's name and value, and answers with the value that
    /// stands in its place, if another shall.
    fn rewrite_past(&mut self, record: &Record, rewrite: &dyn Fn(&str, &Value) -> Option<Value>) -> Answer<()>;
    /// Moves a record's feed entry forward although the record itself is the same: there is more to tell of it.
    fn tell_again(&mut self, cell: &CellCode, id: RecordId) -> Answer<()>;
    /// Leaves *gone* in the feed of a cell where the record does not lie, for whoever took it to.
    fn tell_gone(&mut self, cell: &CellCode, id: RecordId) -> Answer<()>;
    /// Keeps a value that was set aside; one that is known stays as it is.
    fn put_conflict(&mut self, conflict: &SetAside) -> Answer<()>;
    /// Notes that somebody decided on a value that was set aside.
    fn settle_conflict(&mut self, conflict: &SetAside, at: i64) -> Answer<()>;
    /// Sets where a record stands with the supervisor. An approval makes the present version the approved one.
    fn set_review(
        &mut self,
        cell: &CellCode,
        id: RecordId,
        state: domain::review::ReviewState,
        approval: Option<&Approval>,
    ) -> Answer<()>;
    /// Remembers what was approved before this approval, until it cannot be taken back any more.
    fn keep_approved_before(&mut self, cell: &CellCode, id: RecordId, review: RecordId, at: i64) -> Answer<()>;
    /// What was approved before this approval is what was approved last again; false when that is not known any more.
    fn restore_approved(&mut self, cell: &CellCode, id: RecordId, review: RecordId) -> Answer<bool>;
    /// Forgets what was approved before approvals that are older than this.
    fn forget_approved_before(&mut self, until: i64) -> Answer<()>;
    /// Removes a record with its history and its approved version, if there is one; leaves the fact, and *gone* in the cell's feed.
    fn erase(&mut self, erasure: &Erasure) -> Answer<()>;
    /// Inserts many new records quickly, with their feed entries, no history. Records that exist are left alone; answers how many were new.
    fn bulk_load(&mut self, records: &[BulkRecord]) -> Answer<usize>;
    /// The next number of a sequence, 1 first.
    fn take_number(&mut self, sequence: &str) -> Answer<u64>;
    /// Makes the next number of a sequence greater than `taken`: it was given out before a restore.
    fn pass_number(&mut self, sequence: &str, taken: u64) -> Answer<()>;
    /// Creates or overwrites a division or cell with its past.
    fn put_division(&mut self, division: &Division) -> Answer<()>;
    /// Notes what became of a division or cell.
    fn append_division_change(&mut self, code: &Scope, change: &DivisionChange) -> Answer<()>;
    /// Names a division or cell.
    fn put_place(&mut self, place: &Place) -> Answer<()>;

    /// Stores a report, which is never changed afterwards. Its number and version are given here.
    fn put_report(&mut self, head: &ReportHead, places: &[PlaceFigures]) -> Answer<ReportHead>;

    // -- photos ----------------------------------------------------------------------------------------------------------
    /// Creates or overwrites an upload.
    fn put_upload(&mut self, upload: &Upload) -> Answer<()>;
    /// Moves an upload's offset.
    fn set_upload_offset(&mut self, id: &str, offset: u64) -> Answer<()>;
    /// Forgets an upload.
    fn remove_upload(&mut self, id: &str) -> Answer<()>;
    /// Notes that the bytes of a hash are stored.
    fn put_photo_stored(&mut self, sha256: &Sha256Hex, bytes: u64, at: i64) -> Answer<()>;
    /// The bytes of a hash are not there any more, for whatever reason: they do not count as stored.
    fn photo_lost(&mut self, sha256: &Sha256Hex) -> Answer<()>;
    /// The bytes of a hash do not count as stored any more, and their files are to be removed.
    fn doom_photo(&mut self, sha256: &Sha256Hex) -> Answer<()>;
    /// The files of a doomed photo are gone. It is remembered, should they come back.
    fn photo_removed(&mut self, sha256: &Sha256Hex) -> Answer<()>;
    /// A photo is not doomed any more, and was not removed: a record names its bytes.
    fn photo_stays(&mut self, sha256: &Sha256Hex) -> Answer<()>;

    // -- people and phones ------------------------------------------------------------------------------------------------
    /// Creates or overwrites an account with its scopes.
    fn put_account(&mut self, account: &Account) -> Answer<()>;
    /// Notes that an account has a password that somebody else has set.
    fn put_first_password(&mut self, account: &AccountId, at: i64) -> Answer<()>;
    /// Notes that an account has a password of its own.
    fn remove_first_password(&mut self, account: &AccountId) -> Answer<()>;
    /// Gives these cells to an account and ends its other holdings at `at`.
    fn set_holdings(&mut self, account: &AccountId, cells: &[CellCode], at: i64) -> Answer<()>;
    /// Notes what an account was for until then.
    fn put_former_role(&mut self, account: &AccountId, former: FormerRole) -> Answer<()>;
    /// Creates or overwrites a device.
    fn put_device(&mut self, device: &Device) -> Answer<()>;
    /// Stores a new pair of tokens.
    fn put_tokens(&mut self, pair: &TokenPair) -> Answer<()>;
    /// Notes that a pair reached its phone, and forgets the device's other pairs.
    fn confirm_tokens(&mut self, pair: &TokenPair) -> Answer<()>;
    /// Lets a device's refresh tokens live until then at least, and be as young as what was issued when the server had served so long.
    fn prolong_tokens(&mut self, device: DeviceId, until: i64, served: i64) -> Answer<()>;
    /// Keeps a sealed piece; one that is there already is left alone.
    fn put_hand_in(&mut self, device: DeviceId, piece: &HandInLine, sealed: &[u8]) -> Answer<()>;
    /// Notes what became of a piece. Its bytes stay only if they are to be kept.
    fn hand_in_taken(
        &mut self,
        device: DeviceId,
        digest: &Sha256Hex,
        by: (i64, &AccountId),
        taken: TakenIn,
        keep: bool,
    ) -> Answer<()>;
    /// Forgets pieces that came before that moment, and when the server had not yet served so long.
    fn remove_hand_ins(&mut self, before: i64, served_before: i64) -> Answer<()>;
    /// Stores an enrolment code's hash.
    fn put_enrol_code(&mut self, code: &EnrolCode) -> Answer<()>;
    /// Uses up an enrolment code; false when somebody else was first.
    fn use_enrol_code(&mut self, hash: &SecretHash, at: i64) -> Answer<bool>;
    /// Begins a desk session.
    fn put_desk_session(&mut self, session: &DeskSession) -> Answer<()>;
    /// Notes when a desk session was used last. One that has ended meanwhile stays ended.
    fn note_desk_session_seen(&mut self, hash: &SecretHash, at: i64) -> Answer<()>;
    /// Ends a desk session.
    fn remove_desk_session(&mut self, hash: &SecretHash) -> Answer<()>;
    /// Ends all desk sessions of an account.
    fn remove_desk_sessions_of(&mut self, account: &AccountId) -> Answer<()>;
    /// Forgets what is over: codes, sessions, and of tokens those that were issued when the server had not yet served so long.
    fn remove_expired(&mut self, now: i64, served_before: i64) -> Answer<()>;

    // -- tables that are taken in ------------------------------------------------------------------------------------------
    /// Creates or overwrites a table's state.
    fn put_import(&mut self, batch: &ImportBatch) -> Answer<()>;
    /// Keeps a table's bytes.
    fn put_import_file(&mut self, id: &str, bytes: &[u8]) -> Answer<()>;
    /// Forgets a table's bytes.
    fn remove_import_file(&mut self, id: &str) -> Answer<()>;
    /// Forgets a table.
    fn remove_import(&mut self, id: &str) -> Answer<()>;

    // -- the county -------------------------------------------------------------------------------------------------------
    /// Publishes lists; their version must be greater than the present one.
    fn put_lists(&mut self, lists: &Lists, by: &AccountId, at: i64) -> Answer<()>;
    /// Sets a setting of this database.
    fn put_setting(&mut self, name: &str, value: &str) -> Answer<()>;
    /// Appends to the audit log.
    fn append_audit(&mut self, entry: &AuditEntry) -> Answer<()> {
        self.append_audit_with(entry, "")
    }
    /// Appends to the audit log, with what there is to say beside: JSON without personal data.
    fn append_audit_with(&mut self, entry: &AuditEntry, detail: &str) -> Answer<()>;
}
