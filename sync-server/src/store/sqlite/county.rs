//! Lists, settings and sequences; and the verbs of the store, each one line to where it is done.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::codes::Lists;
use domain::protocol::CellState;
use domain::report::What;
use domain::review::ReviewState;
use domain::{AccountId, CellCode, DeviceId, Epoch, Kind, Record, RecordId, Scope, Sha256Hex, Stamp};
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::Sql;
use super::feed::Tally;
use super::rows::{count, json};
use crate::store::{
    Account, Answer, Approval, Approved, AuditEntry, AuditLine, AuditQuery, Batch, BulkRecord, CaredFor, ChangeDigest,
    DeskSession, Device, Division, DivisionChange, EnrolCode, Erasure, Fed, FormerRole, HandInLine, HistoryEntry,
    Holding, HomeCount, ImportBatch, InboxQuery, ListsPublished, Moved, NameFits, NumberOf, Place, PlaceFigures,
    Reading, ReportHead, ReviewCount, Run, SecretHash, SetAside, StoreError, StoredRecord, Taken, TakenIn, Tallied,
    TokenPair, Upload, Writing, Written,
};

impl Sql<'_> {
    pub(super) fn lists_in_force(&self) -> Answer<Lists> {
        let mut statement = self.conn.prepare_cached("SELECT body FROM lists ORDER BY version DESC LIMIT 1")?;
        Ok(statement.query_row([], |row| json(row, 0))?)
    }

    fn publish_lists(&self, lists: &Lists, by: &AccountId, at: i64) -> Answer<()> {
        let body = serde_json::to_string(lists).map_err(|_| StoreError::Unreadable("lists"))?;
        let mut statement =
            self.conn.prepare_cached("INSERT INTO lists (version, body, by, at) VALUES (?1, ?2, ?3, ?4)")?;
        let before = self.lists_in_force()?;
        statement.execute(params![lists.version, body, by.as_str(), at])?;
        // Where an incident stands depends on the deadlines and on what departments are called.
        if before.severities != lists.severities || before.departments != lists.departments {
            self.fold_all_incidents(lists)?;
        }
        Ok(())
    }

    fn versions_of_lists(&self, limit: usize) -> Answer<Vec<ListsPublished>> {
        let mut statement =
            self.conn.prepare_cached("SELECT version, by, at FROM lists ORDER BY version DESC LIMIT ?1")?;
        let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(ListsPublished { version: row.get(0)?, by: row.get(1)?, at: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn setting_value(&self, name: &str) -> Answer<Option<String>> {
        let mut statement = self.conn.prepare_cached("SELECT value FROM setting WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }

    pub(super) fn set_setting(&self, name: &str, value: &str) -> Answer<()> {
        let mut statement = self.conn.prepare_cached("INSERT OR REPLACE INTO setting (name, value) VALUES (?1, ?2)")?;
        statement.execute([name, value])?;
        Ok(())
    }

    fn next_number(&self, sequence: &str) -> Answer<u64> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO sequence (name, taken) VALUES (?1, 1) ON CONFLICT DO UPDATE SET taken = taken + 1 RETURNING taken",
        )?;
        Ok(statement.query_row([sequence], |row| count(row, 0))?)
    }

    fn go_past_number(&self, sequence: &str, taken: u64) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO sequence (name, taken) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET taken = max(taken, excluded.taken)",
        )?;
        statement.execute(params![sequence, i64::try_from(taken).unwrap_or(i64::MAX)])?;
        Ok(())
    }
}

impl Reading for Sql<'_> {
    fn record(&self, within: &Scope, id: RecordId) -> Answer<Option<StoredRecord>> {
        self.one_record(within, id)
    }
    fn records(&self, within: &Scope, ids: &[RecordId]) -> Answer<Vec<StoredRecord>> {
        self.records_by_id(within, ids)
    }
    fn referring(&self, within: &Scope, target: RecordId, kind: &Kind) -> Answer<Vec<StoredRecord>> {
        self.records_referring(within, target, kind)
    }
    fn cells(&self, within: &Scope) -> Answer<Vec<StoredRecord>> {
        self.records_of_cells(within)
    }
    fn count_referring(&self, within: &Scope, target: RecordId, kind: &Kind) -> Answer<usize> {
        self.count_of_referring(within, target, kind)
    }
    fn history(&self, within: &Scope, id: RecordId) -> Answer<Vec<HistoryEntry>> {
        self.history_of(within, id)
    }
    fn moved_at(&self, cell: &CellCode, id: RecordId, made: Stamp) -> Answer<Option<i64>> {
        self.move_taken_at(cell, id, made)
    }
    fn knows_change(&self, cell: &CellCode, id: RecordId, digest: &ChangeDigest) -> Answer<bool> {
        self.has_change(cell, id, digest)
    }
    fn approved(&self, within: &Scope, id: RecordId) -> Answer<Option<Approved>> {
        self.approved_version(within, id)
    }
    fn open_conflicts(&self, within: &Scope, id: RecordId, since: i64) -> Answer<Vec<SetAside>> {
        self.open_conflicts_of(within, id, since)
    }
    fn open_conflicts_over(&self, within: &Scope, field: &str, value: &Value) -> Answer<Vec<SetAside>> {
        Sql::open_conflicts_over(self, within, field, value)
    }
    fn conflict_known(&self, cell: &CellCode, id: RecordId, field: &str, stamp: Stamp) -> Answer<bool> {
        self.knows_conflict(cell, id, field, stamp)
    }
    fn erased(&self, county: &Scope, id: RecordId) -> Answer<bool> {
        self.was_erased(county.as_str(), id)
    }
    fn naming(&self, within: &Scope, kind: &Kind, field: &str, id: RecordId) -> Answer<Vec<StoredRecord>> {
        self.records_naming(within, kind, field, id)
    }
    fn that_named(&self, within: &Scope, kind: &Kind, id: RecordId) -> Answer<Vec<StoredRecord>> {
        self.records_that_named(within, kind, id)
    }
    fn has_left(&self, cell: &CellCode, id: RecordId) -> Answer<bool> {
        self.left_feed(cell, id)
    }
    fn feed_reached(&self, cell: &CellCode) -> Answer<u64> {
        self.feed_number(cell)
    }
    fn feed(&self, cell: &CellCode, cursor: Option<u64>, run: Run, each: &mut dyn FnMut(Fed) -> bool) -> Answer<()> {
        self.fed(cell, cursor, run, each)
    }
    fn cell_state(&self, cell: &CellCode) -> Answer<CellState> {
        self.state_of_cell(cell)
    }
    fn inbox(&self, query: &InboxQuery) -> Answer<Vec<StoredRecord>> {
        self.inbox_page(query)
    }
    fn changed_since(&self, state: ReviewState, scopes: &[Scope], moments: &[i64]) -> Answer<Vec<u64>> {
        self.counts_since(state, scopes, moments)
    }
    fn count_changed(
        &self,
        state: ReviewState,
        scopes: &[Scope],
        kind: Option<&Kind>,
        changed: (i64, i64),
    ) -> Answer<u64> {
        self.count_between(state, scopes, kind, changed)
    }
    fn unapproved(&self, within: &Scope, kind: &Kind, each: &mut dyn FnMut(Record, Option<Record>)) -> Answer<()> {
        self.unapproved_records(within, kind, each)
    }
    fn review_counts(&self, state: ReviewState, scopes: &[Scope]) -> Answer<Vec<ReviewCount>> {
        self.counts(state, scopes)
    }
    fn places(&self, scopes: &[Scope]) -> Answer<Vec<Place>> {
        self.places_within(scopes)
    }
    fn place(&self, code: &Scope) -> Answer<Option<Place>> {
        self.one_place(code)
    }
    fn divisions(&self, scopes: &[Scope]) -> Answer<Vec<Division>> {
        self.divisions_within(scopes)
    }
    fn division(&self, code: &Scope) -> Answer<Option<Division>> {
        self.one_division(code)
    }
    fn division_changes(&self, code: &Scope) -> Answer<Vec<DivisionChange>> {
        self.changes_of_division(code)
    }
    fn holders(&self, cell: &CellCode) -> Answer<Vec<AccountId>> {
        self.holders_of(cell)
    }
    fn cells_within(&self, scope: &Scope) -> Answer<Vec<CellCode>> {
        self.cells_with_records(scope)
    }
    fn of_kind(&self, cell: &CellCode, kind: &Kind) -> Answer<Vec<StoredRecord>> {
        self.kind_in_cell(cell, kind)
    }
    fn of_kinds(&self, cell: &CellCode, wanted: &dyn Fn(&Kind) -> bool) -> Answer<Vec<StoredRecord>> {
        self.kinds_in_cell(cell, wanted)
    }
    fn ids_in(&self, cell: &CellCode) -> Answer<Vec<RecordId>> {
        self.ids_in_cell(cell)
    }
    fn counties(&self) -> Answer<Vec<Scope>> {
        self.known_counties()
    }
    fn tallies(&self, within: &Scope, whats: &[What], days: Range<i64>) -> Answer<Vec<Tallied>> {
        self.tallies_within(within, whats, days)
    }
    fn few(&self, within: &Scope, kind: &Kind) -> Answer<Vec<StoredRecord>> {
        self.few_of_kind(within, kind)
    }
    fn cared_for(&self, county: &Scope, person: RecordId, until: i64) -> Answer<Option<CaredFor>> {
        self.cared_for_by(county, person, until)
    }
    fn entries(&self, county: &Scope, id: RecordId) -> Answer<Vec<RecordId>> {
        self.entries_of(county, id)
    }
    fn corrections(&self, county: &Scope, visit: RecordId) -> Answer<Vec<RecordId>> {
        self.corrections_of(county, visit)
    }
    fn homes(&self, within: &Scope, since: [i64; 4]) -> Answer<Vec<HomeCount>> {
        self.homes_within(within, since)
    }
    fn homes_unmet(&self, within: &Scope, since: i64, limit: usize) -> Answer<Vec<(RecordId, Option<i64>)>> {
        self.homes_before(within, since, limit)
    }
    fn reports(&self, scope: &Scope) -> Answer<Vec<ReportHead>> {
        self.reports_around(scope)
    }
    fn report(&self, id: i64) -> Answer<Option<ReportHead>> {
        self.one_report(id)
    }
    fn report_places(&self, id: i64, place: &Scope, below: usize) -> Answer<Vec<PlaceFigures>> {
        self.places_of_report(id, place, below)
    }
    fn photo_stored(&self, sha256: &Sha256Hex) -> Answer<bool> {
        self.is_stored(sha256)
    }
    fn photos_stored(&self, hashes: &[Sha256Hex]) -> Answer<Vec<Sha256Hex>> {
        let mut stored = Vec::new();
        for hash in hashes {
            if self.is_stored(hash)? {
                stored.push(hash.clone());
            }
        }
        Ok(stored)
    }
    fn photo_stored_size(&self, sha256: &Sha256Hex) -> Answer<Option<u64>> {
        self.stored_size(sha256)
    }
    fn photos_stored_under(&self, digits: &str) -> Answer<Vec<(Sha256Hex, u64)>> {
        self.stored_under(digits)
    }
    fn photo_bytes(&self, sha256: &Sha256Hex) -> Answer<Option<u64>> {
        self.named_bytes(sha256)
    }
    fn photo_records(&self, within: &Scope, sha256: &Sha256Hex) -> Answer<Vec<StoredRecord>> {
        self.photo_records_of(within, sha256.as_str())
    }
    fn photo_named(&self, sha256: &Sha256Hex) -> Answer<bool> {
        self.is_named(sha256)
    }
    fn photos_doomed(&self) -> Answer<Vec<Sha256Hex>> {
        self.doomed()
    }
    fn photos_removed(&self) -> Answer<Vec<Sha256Hex>> {
        self.removed()
    }
    fn uploads_of(&self, photo: RecordId) -> Answer<Vec<Upload>> {
        self.uploads_of_any(photo)
    }
    fn upload(&self, id: &str) -> Answer<Option<Upload>> {
        self.one_upload(id)
    }
    fn upload_of(&self, device: DeviceId, photo: RecordId) -> Answer<Option<Upload>> {
        self.upload_of_photo(device, photo)
    }
    fn uploads_expired(&self, now: i64) -> Answer<Vec<Upload>> {
        self.uploads_over(now)
    }
    fn account(&self, id: &AccountId) -> Answer<Option<Account>> {
        self.one_account(id)
    }
    fn accounts(&self) -> Answer<Vec<Account>> {
        self.all_accounts()
    }
    fn first_password_since(&self, account: &AccountId) -> Answer<Option<i64>> {
        self.first_password(account)
    }
    fn holdings(&self, account: &AccountId) -> Answer<Vec<Holding>> {
        self.holdings_of(account)
    }
    fn former_roles(&self, account: &AccountId) -> Answer<Vec<FormerRole>> {
        self.roles_before(account)
    }
    fn device(&self, id: DeviceId) -> Answer<Option<Device>> {
        self.one_device(id)
    }
    fn devices(&self) -> Answer<Vec<Device>> {
        self.all_devices()
    }
    fn hand_ins(&self, device: DeviceId) -> Answer<Vec<HandInLine>> {
        self.hand_ins_of(device)
    }
    fn hand_in_sealed(&self, device: DeviceId, digest: &Sha256Hex) -> Answer<Option<Vec<u8>>> {
        self.sealed_piece(device, digest)
    }
    fn tokens_by_access(&self, hash: &SecretHash) -> Answer<Option<TokenPair>> {
        self.tokens_with_access(hash)
    }
    fn tokens_by_refresh(&self, hash: &SecretHash) -> Answer<Option<TokenPair>> {
        self.tokens_with_refresh(hash)
    }

    fn used_tokens_after(&self, device: DeviceId, access_until: i64) -> Answer<bool> {
        Sql::used_tokens_after(self, device, access_until)
    }
    fn enrol_code(&self, hash: &SecretHash) -> Answer<Option<EnrolCode>> {
        self.unused_code(hash)
    }
    fn desk_session(&self, hash: &SecretHash) -> Answer<Option<DeskSession>> {
        self.one_session(hash)
    }
    fn import(&self, id: &str) -> Answer<Option<ImportBatch>> {
        self.one_import(id)
    }
    fn imports(&self) -> Answer<Vec<ImportBatch>> {
        self.all_imports()
    }
    fn import_file(&self, id: &str) -> Answer<Option<Vec<u8>>> {
        self.file_of_import(id)
    }
    fn document_numbers(&self, within: &Scope, each: &mut dyn FnMut(String, RecordId)) -> Answer<()> {
        Sql::document_numbers(self, within, each)
    }
    fn lists(&self) -> Answer<Lists> {
        self.lists_in_force()
    }
    fn lists_published(&self, limit: usize) -> Answer<Vec<ListsPublished>> {
        self.versions_of_lists(limit)
    }
    fn epoch(&self) -> Answer<Epoch> {
        let text = self.setting_value("epoch")?.ok_or(StoreError::Unreadable("epoch"))?;
        text.parse().map_err(|_| StoreError::Unreadable("epoch"))
    }
    fn setting(&self, name: &str) -> Answer<Option<String>> {
        self.setting_value(name)
    }
    fn audit(&self, limit: usize) -> Answer<Vec<AuditEntry>> {
        self.latest_audit(limit)
    }
    fn audit_page(&self, query: &AuditQuery) -> Answer<Vec<AuditLine>> {
        self.audit_lines(query)
    }
    fn audit_actions(&self, scopes: &[Scope]) -> Answer<Vec<String>> {
        self.audit_actions_of(scopes)
    }
    fn audit_after(&self, after: i64, limit: usize) -> Answer<Vec<AuditLine>> {
        self.audit_part(after, limit)
    }
    fn audit_head(&self) -> Answer<Option<(i64, String)>> {
        self.noted_head()
    }
    fn latest_few(&self, scopes: &[Scope], kind: &Kind, limit: usize) -> Answer<Vec<StoredRecord>> {
        self.latest_of_few(scopes, kind, limit)
    }
    fn batches(&self, scopes: &[Scope], kind: &Kind, before: i64, limit: usize) -> Answer<Vec<Batch>> {
        self.latest_batches(scopes, kind, before, limit)
    }
    fn batch(&self, scopes: &[Scope], kind: &Kind, at: i64) -> Answer<Vec<StoredRecord>> {
        self.records_of_batch(scopes, kind, at)
    }
    fn told(&self, county: &Scope, notice: RecordId) -> Answer<usize> {
        self.households_told_of(county, notice)
    }
    fn told_household(&self, within: &Scope, notice: RecordId, household: RecordId) -> Answer<Vec<StoredRecord>> {
        self.told_of(within, notice, household)
    }
    fn lived_in(&self, scopes: &[Scope]) -> Answer<BTreeMap<CellCode, usize>> {
        self.lived_in_by_cell(scopes)
    }
    fn people_named(&self, within: &Scope, fits: &mut NameFits<'_>, limit: usize) -> Answer<Vec<StoredRecord>> {
        self.people_by_name(within, fits, limit)
    }
    fn people_numbered(&self, within: &Scope, of: NumberOf, ending: &str, limit: usize) -> Answer<Vec<StoredRecord>> {
        self.people_by_number(within, of, ending, limit)
    }
}

impl Writing for Sql<'_> {
    fn moved(&self) -> Moved {
        self.moved.borrow().clone()
    }
    fn put_record(&mut self, record: &Record, written: &Written) -> Answer<()> {
        self.store_record(record, written)
    }
    fn append_history(&mut self, cell: &CellCode, taken: Taken<'_>, digest: &ChangeDigest) -> Answer<()> {
        self.add_history(cell, taken, digest)
    }
    fn set_review(
        &mut self,
        cell: &CellCode,
        id: RecordId,
        state: ReviewState,
        approval: Option<&Approval>,
    ) -> Answer<()> {
        self.store_review(cell, id, state, approval)
    }
    fn rewrite_past(&mut self, record: &Record, rewrite: &dyn Fn(&str, &Value) -> Option<Value>) -> Answer<()> {
        Sql::rewrite_past(self, record, rewrite)
    }
    fn keep_approved_before(&mut self, cell: &CellCode, id: RecordId, review: RecordId, at: i64) -> Answer<()> {
        self.remember_approved(cell, id, review, at)
    }
    fn restore_approved(&mut self, cell: &CellCode, id: RecordId, review: RecordId) -> Answer<bool> {
        self.put_approved_back(cell, id, review)
    }
    fn forget_approved_before(&mut self, until: i64) -> Answer<()> {
        self.forget_approvals(until)
    }
    fn tell_again(&mut self, cell: &CellCode, id: RecordId) -> Answer<()> {
        // What stands in the cell has not changed: only its place in the feed has.
        self.move_feed(cell, id, Run::SERVER, false, Tally::default())
    }
    fn tell_gone(&mut self, cell: &CellCode, id: RecordId) -> Answer<()> {
        self.move_feed(cell, id, Run::SERVER, true, Tally::default())
    }
    fn put_conflict(&mut self, conflict: &SetAside) -> Answer<()> {
        self.add_conflict(conflict)
    }
    fn settle_conflict(&mut self, conflict: &SetAside, at: i64) -> Answer<()> {
        self.end_conflict(conflict, at)
    }
    fn erase(&mut self, erasure: &Erasure) -> Answer<()> {
        Sql::erase(self, erasure)
    }
    fn bulk_load(&mut self, records: &[BulkRecord]) -> Answer<usize> {
        self.load(records)
    }
    fn put_report(&mut self, head: &ReportHead, places: &[PlaceFigures]) -> Answer<ReportHead> {
        self.store_report(head, places)
    }
    fn take_number(&mut self, sequence: &str) -> Answer<u64> {
        self.next_number(sequence)
    }
    fn pass_number(&mut self, sequence: &str, taken: u64) -> Answer<()> {
        self.go_past_number(sequence, taken)
    }
    fn put_division(&mut self, division: &Division) -> Answer<()> {
        self.store_division(division)
    }
    fn append_division_change(&mut self, code: &Scope, change: &DivisionChange) -> Answer<()> {
        self.add_division_change(code, change)
    }
    fn put_place(&mut self, place: &Place) -> Answer<()> {
        self.name_place(place)
    }
    fn put_upload(&mut self, upload: &Upload) -> Answer<()> {
        self.store_upload(upload)
    }
    fn set_upload_offset(&mut self, id: &str, offset: u64) -> Answer<()> {
        self.move_upload(id, offset)
    }
    fn remove_upload(&mut self, id: &str) -> Answer<()> {
        self.forget_upload(id)
    }
    fn put_photo_stored(&mut self, sha256: &Sha256Hex, bytes: u64, at: i64) -> Answer<()> {
        self.note_stored(sha256, bytes, at)
    }
    fn photo_lost(&mut self, sha256: &Sha256Hex) -> Answer<()> {
        self.forget_stored(sha256)
    }
    fn doom_photo(&mut self, sha256: &Sha256Hex) -> Answer<()> {
        self.doom(sha256)
    }
    fn photo_removed(&mut self, sha256: &Sha256Hex) -> Answer<()> {
        self.note_removed(sha256)
    }
    fn photo_stays(&mut self, sha256: &Sha256Hex) -> Answer<()> {
        self.forget_doomed(sha256)
    }
    fn put_account(&mut self, account: &Account) -> Answer<()> {
        self.moved.get_mut().rights = true;
        self.store_account(account)
    }
    fn put_first_password(&mut self, account: &AccountId, at: i64) -> Answer<()> {
        self.note_first_password(account, at)
    }
    fn remove_first_password(&mut self, account: &AccountId) -> Answer<()> {
        self.forget_first_password(account)
    }
    fn put_former_role(&mut self, account: &AccountId, former: FormerRole) -> Answer<()> {
        self.note_former_role(account, former)
    }
    fn set_holdings(&mut self, account: &AccountId, cells: &[CellCode], at: i64) -> Answer<()> {
        self.moved.get_mut().rights = true;
        self.hand_over(account, cells, at)
    }
    fn put_device(&mut self, device: &Device) -> Answer<()> {
        // Whenever a phone calls, that is noted here: only what stands against it concerns those who listen.
        let stands = |device: &Device| (device.revoked_at, device.order.clone());
        if self.one_device(device.id)?.is_some_and(|before| stands(&before) != stands(device)) {
            self.moved.get_mut().rights = true;
        }
        self.store_device(device)
    }
    fn put_tokens(&mut self, pair: &TokenPair) -> Answer<()> {
        self.store_tokens(pair)
    }
    fn confirm_tokens(&mut self, pair: &TokenPair) -> Answer<()> {
        self.settle_tokens(pair)
    }
    fn prolong_tokens(&mut self, device: DeviceId, until: i64, served: i64) -> Answer<()> {
        Sql::prolong_tokens(self, device, until, served)
    }
    fn put_hand_in(&mut self, device: DeviceId, piece: &HandInLine, sealed: &[u8]) -> Answer<()> {
        self.store_hand_in(device, piece, sealed)
    }
    fn hand_in_taken(
        &mut self,
        device: DeviceId,
        digest: &Sha256Hex,
        by: (i64, &AccountId),
        taken: TakenIn,
        keep: bool,
    ) -> Answer<()> {
        self.settle_hand_in(device, digest, by, taken, keep)
    }
    fn remove_hand_ins(&mut self, before: i64, served_before: i64) -> Answer<()> {
        self.forget_hand_ins(before, served_before)
    }
    fn put_enrol_code(&mut self, code: &EnrolCode) -> Answer<()> {
        self.store_code(code)
    }
    fn use_enrol_code(&mut self, hash: &SecretHash, at: i64) -> Answer<bool> {
        self.use_code(hash, at)
    }
    fn put_desk_session(&mut self, session: &DeskSession) -> Answer<()> {
        self.store_session(session)
    }
    fn note_desk_session_seen(&mut self, hash: &SecretHash, at: i64) -> Answer<()> {
        self.see_session(hash, at)
    }

    fn remove_desk_session(&mut self, hash: &SecretHash) -> Answer<()> {
        self.end_session(hash)
    }
    fn remove_desk_sessions_of(&mut self, account: &AccountId) -> Answer<()> {
        self.end_sessions_of(account)
    }
    fn remove_expired(&mut self, now: i64, served_before: i64) -> Answer<()> {
        self.forget_expired(now, served_before)
    }
    fn put_import(&mut self, batch: &ImportBatch) -> Answer<()> {
        self.store_import(batch)
    }
    fn put_import_file(&mut self, id: &str, bytes: &[u8]) -> Answer<()> {
        self.store_import_file(id, bytes)
    }
    fn remove_import_file(&mut self, id: &str) -> Answer<()> {
        self.forget_import_file(id)
    }
    fn remove_import(&mut self, id: &str) -> Answer<()> {
        self.forget_import(id)
    }
    fn put_lists(&mut self, lists: &Lists, by: &AccountId, at: i64) -> Answer<()> {
        self.publish_lists(lists, by, at)
    }
    fn put_setting(&mut self, name: &str, value: &str) -> Answer<()> {
        self.set_setting(name, value)
    }
    fn append_audit_with(&mut self, entry: &AuditEntry, detail: &str) -> Answer<()> {
        self.add_audit(entry, detail)
    }
}
