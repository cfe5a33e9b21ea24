//! Erasure, the right to be forgotten: a person's record goes with everything that is about that person alone, and so does its
//! history. What stays is the fact: which record, when, by whom.
//!
//! Erased records leave *gone* in the feeds, marked as erased, so that phones remove what they hold and what was written about
//! it. A change that arrives later is refused. A log beside the database survives its loss: a backup that still holds erased
//! people does not bring them back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use domain::kinds::dispute::{people_in, without_person};
use domain::kinds::evacuation::without;
use domain::merge::merge;
use domain::protocol::CallRefusal;
use domain::same::{MERGED_BEFORE, MERGED_INTO};
use domain::scope::{Actor, Role};
use domain::world::Millis;
use domain::{AccountId, CellCode, Change, Fields, Kind, Record, RecordId, Scope, Stamps};
use serde_json::Value;

use crate::hub::case_files::{CaseToCorrect, names_of};
use crate::hub::county::server_account;
use crate::hub::doomed::{doom_bytes, doom_logged};
use crate::hub::first_look::digest;
use crate::hub::phones::note;
use crate::hub::push::review_state;
use crate::hub::{Hub, HubError};
use crate::store::{Erasure, Run, Store, StoredRecord, Taken, Upload, Writing, Written};

/// The log's file in the data folder.
pub const ERASURE_LOG: &str = "erasures.log";

/// Kinds whose records say something about the one record that they name, and go with it.
const ABOUT_ONE: [Kind; 4] = [Kind::Visit, Kind::Photo, Kind::Review, Kind::CarePlan];

/// Kinds that say something about a person without belonging to that person, and the field that names them: they go too.
const ABOUT_A_PERSON: [(Kind, &str); 1] = [(Kind::RollCall, "person")];

/// References to a person that other people's records carry: they are emptied, also when they come in after the erasure.
const NAMES_A_PERSON: [(Kind, &str); 1] = [(Kind::Household, "head")];

/// What is left of a value without somebody; none when it does not name them.
type Rest = fn(&Value, RecordId) -> Option<Value>;

/// Lists of people with their names, in records that are about others too: what they say of the person goes, also from what is
/// remembered of them.
const LISTS_PEOPLE: [(Kind, &str, Rest); 2] = [
    (Kind::Evacuation, "roster", |roster, id| without(roster, |person| person == id)),
    (Kind::Dispute, "parties", without_person),
];

/// What an erasure removed, and what it leaves to somebody's eyes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// How many records went.
    pub records: usize,
    /// Case files in whose words the erased person's name still stands, because they are about others too.
    pub to_correct: Vec<CaseToCorrect>,
}

/// The erasures of this server, one line of JSON each, appended and never changed. Ids only, and the hashes of pictures.
pub(super) struct ErasureLog {
    path: PathBuf,
    file: Mutex<File>,
}

impl ErasureLog {
    fn open(path: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.sync_all()?;
        if let Some(folder) = path.parent().filter(|_| cfg!(unix)) {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { path: path.to_owned(), file: Mutex::new(file) })
    }

    /// Everything that was ever logged. A line that a power cut left half written was never answered.
    fn read(&self) -> std::io::Result<Vec<Erasure>> {
        let text = std::fs::read(&self.path)?;
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// On the disk when this returns.
    fn append(&self, erasures: &[Erasure]) -> Result<(), HubError> {
        let mut lines = Vec::new();
        // After half a line, a whole one begins anew.
        lines.push(b'\n');
        for erasure in erasures {
            serde_json::to_writer(&mut lines, erasure).map_err(|error| HubError::Broken(error.to_string()))?;
            lines.push(b'\n');
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&lines)?;
        Ok(file.sync_all()?)
    }
}

impl<S: Store> Hub<S> {
    /// Keeps the erasures in a log beside the database, and carries out those that the database does not know: it was put back
    /// from a backup.
    ///
    /// # Errors
    /// [`HubError`] when the log or the store breaks; nothing may be served then.
    pub fn with_erasure_log(mut self, path: &Path) -> Result<Self, HubError> {
        let log = ErasureLog::open(path)?;
        let again = self.erase_again(&log.read()?)?;
        if again > 0 {
            tracing::warn!(records = again, "the database did not know of these erasures: they were carried out again");
        }
        self.erasures = Some(log);
        let came_back = self.doom_what_came_back();
        let cleared = self.clear_away(self.now()).map(|_| ());
        for done in [came_back, cleared] {
            match done {
                // A photo disk that is dying keeps neither the text of the county nor the backup of its database back. Nobody is handed
                // such a picture, which is not noted, and tidying looks again within the hour.
                Err(HubError::Photos(error)) => {
                    tracing::error!(%error, "the photo folder could not be cleared of what was erased: it is when the server tidies up");
                }
                done => done?,
            }
        }
        Ok(self)
    }

    /// Erases a person with everything that is about that person alone; or one event of a case file, for the words that it says
    /// of somebody who was erased.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for roles other than supervisor and administrator and for other kinds,
    /// [`CallRefusal::NotFound`] outside the actor's scope.
    pub fn erase(&self, actor: &Actor, id: RecordId) -> Result<Erased, HubError> {
        if !matches!(actor.role, Role::Supervisor | Role::Admin) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        let now = self.now();
        let gone = self.store.write(|writing| {
            let person = in_scope(writing, actor, id)?.ok_or_else(|| HubError::refused(CallRefusal::NotFound))?;
            if !matches!(person.kind, Kind::Person | Kind::DisputeEvent) {
                return Err(HubError::refused(CallRefusal::NotAllowed));
            }
            let (gone, to_correct) = self.erase_with_all(writing, &person, (now, &actor.account), now)?;
            note(writing, now, actor.account.as_str(), "erase", &id.to_string())?;
            // Last: the answer, and so the commit, comes after the log is on the disk. An erasure that is in the log alone,
            // since the commit failed, is carried out at the next start.
            if let Some(log) = &self.erasures {
                log.append(&gone)?;
            }
            Ok::<_, HubError>(Erased { records: gone.len(), to_correct })
        })?;
        // They are erased by now, whatever becomes of the files: to answer otherwise would be untrue, and trying again finds nobody.
        if let Err(error) = self.clear_away(now) {
            tracing::warn!(%error, "a file of what was erased could not be removed: it goes when the server tidies up");
        }
        self.leave_no_log();
        Ok(gone)
    }

    /// Lets the journal hold nothing of what was erased; tidying does it once more.
    pub(super) fn leave_no_log(&self) {
        match self.store.leave_no_log() {
            Ok(true) => {}
            Ok(false) => {
                tracing::info!("somebody reads an older state: the journal is emptied when the server tidies up")
            }
            Err(error) => tracing::warn!(%error, "the journal keeps what was erased until it is written over"),
        }
    }

    /// `at` and `by`: when it was ordered, and by whom. That was before `now` when it is carried out again.
    fn erase_with_all(
        &self,
        writing: &mut dyn Writing,
        person: &Record,
        (at, by): (Millis, &AccountId),
        now: Millis,
    ) -> Result<(Vec<Erasure>, Vec<CaseToCorrect>), HubError> {
        let county = person.cell.county();
        let entries = entries_of(writing, &county, person)?;
        let called: Vec<_> = entries.iter().map(|entry| (entry.id, entry.text("name"))).collect();
        let (of_files, to_correct) = self.leave_in_others(writing, &county, &called, now)?;
        let gone = Self::erase_with_about(writing, &county, entries.into_iter().chain(of_files).collect(), at, by)?;
        Ok((gone, to_correct))
    }

    /// Leaves nothing of somebody in records that stay. `entries`: the ids, and what the register calls each; its record need not be there,
    /// for a database that was put back may name somebody in lists and case files whom it does not have. Answers what goes with case
    /// files that are about nobody any more, and the files that are left to somebody's eyes.
    fn leave_in_others(
        &self,
        writing: &mut dyn Writing,
        county: &Scope,
        entries: &[(RecordId, Option<&str>)],
        now: Millis,
    ) -> Result<(Vec<Record>, Vec<CaseToCorrect>), HubError> {
        // The case files that named any of the entries, and by which names.
        let mut cases: BTreeMap<RecordId, BTreeSet<String>> = BTreeMap::new();
        for &(id, name) in entries {
            self.leave_references(writing, county, id, now)?;
            leave_former_values(writing, county, id)?;
            let listed = self.leave_lists(writing, county, id, now)?;
            for case in listed.iter().filter(|record| record.kind == Kind::Dispute) {
                cases.entry(case.id).or_default().extend(names_of((id, name), case));
            }
        }
        let (mut gone, mut to_correct) = (Vec::new(), Vec::new());
        for (case, names) in cases {
            let left = self.leave_case(writing, county, case, &names, now)?;
            gone.extend(left.gone);
            to_correct.extend(left.to_correct);
        }
        Ok((gone, to_correct))
    }

    /// Erases records that would have gone with an erasure, had it been known then that they do: what came late has told it. Answers whether
    /// bytes of photos were doomed.
    pub(super) fn erase_late(
        &self,
        writing: &mut dyn Writing,
        county: &Scope,
        records: Vec<Record>,
        now: Millis,
    ) -> Result<bool, HubError> {
        let by = server_account();
        let gone = Self::erase_with_about(writing, county, records, now, &by)?;
        for erasure in &gone {
            note(writing, now, by.as_str(), "erase", &erasure.id.to_string())?;
        }
        if let Some(log) = self.erasures.as_ref().filter(|_| !gone.is_empty()) {
            log.append(&gone)?;
        }
        Ok(gone.iter().any(|erasure| erasure.kind == Kind::Photo))
    }

    /// Erases records with what is about them alone; bytes of photos that nothing names any more are doomed.
    fn erase_with_about(
        writing: &mut dyn Writing,
        county: &Scope,
        records: Vec<Record>,
        now: Millis,
        by: &AccountId,
    ) -> Result<Vec<Erasure>, HubError> {
        let about = about(writing, county, records)?;
        let mut gone = Vec::with_capacity(about.len());
        for record in &about {
            let erasure = Erasure {
                id: record.id,
                kind: record.kind.clone(),
                cell: record.cell.clone(),
                at: now,
                by: by.clone(),
                sha256: None,
            };
            Self::erase_one(writing, &erasure)?;
            gone.push(erasure);
        }
        for (record, erasure) in about.iter().zip(&mut gone) {
            erasure.sha256 = doom_bytes(writing, &record.kind, &record.fields)?;
        }
        for review in about.iter().filter(|record| record.kind == Kind::Review) {
            Self::fold_without(writing, county, review)?;
        }
        Ok(gone)
    }

    /// Of a case file that stays a review went: where it stands with the supervisor is folded anew.
    fn fold_without(writing: &mut dyn Writing, county: &Scope, review: &Record) -> Result<(), HubError> {
        let Some(target) = review.reference("target") else { return Ok(()) };
        let Some(StoredRecord { record, .. }) = writing.record(county, target)? else { return Ok(()) };
        let state = review_state(writing, &record)?;
        Ok(writing.set_review(&record.cell, target, state, None)?)
    }

    /// Empties what names a person in other people's records, and ends what is undecided about it: whoever is erased is neither to
    /// stand again, nor to be decided against.
    fn leave_references(
        &self,
        writing: &mut dyn Writing,
        county: &Scope,
        person: RecordId,
        now: Millis,
    ) -> Result<(), HubError> {
        for (kind, field) in NAMES_A_PERSON {
            for naming in writing.naming(county, &kind, field, person)? {
                self.set_field(writing, &naming.record, field, Value::Null, now)?;
                let open = writing.open_conflicts(county, naming.record.id, Millis::MIN)?;
                for conflict in open.into_iter().filter(|conflict| conflict.field == field) {
                    writing.settle_conflict(&conflict, now)?;
                }
            }
            for conflict in writing.open_conflicts_over(county, field, &Value::from(person.to_string()))? {
                let Some(StoredRecord { record, .. }) = writing.record(county, conflict.record)? else { continue };
                if record.kind == kind {
                    writing.settle_conflict(&conflict, now)?;
                    writing.tell_again(&record.cell, record.id)?;
                }
            }
        }
        Ok(())
    }

    /// The record itself, and what is on its way for it.
    fn erase_one(writing: &mut dyn Writing, erasure: &Erasure) -> Result<(), HubError> {
        for upload in writing.uploads_of(erasure.id)? {
            // Over from now on; the bytes go when no request is at them.
            writing.put_upload(&Upload { until: 0, ..upload })?;
        }
        Ok(writing.erase(erasure)?)
    }

    /// Takes a person out of every list that carries the name, and out of what is remembered of it: a list that was moved on since
    /// may name them in its past only. Answers the records with these lists, as they stood before: by the name nobody finds them any more.
    fn leave_lists(
        &self,
        writing: &mut dyn Writing,
        county: &Scope,
        id: RecordId,
        now: Millis,
    ) -> Result<Vec<Record>, HubError> {
        let mut listed = Vec::new();
        for (kind, field, rest) in LISTS_PEOPLE {
            for StoredRecord { record, .. } in writing.that_named(county, &kind, id)? {
                let names = |list: &Value| rest(list, id).is_some();
                // The list that stands comes down because it is written. Where it stays, nothing else tells of one that was set aside.
                let tells = !record.fields.get(field).is_some_and(names)
                    && writing
                        .open_conflicts(county, record.id, Millis::MIN)?
                        .iter()
                        .any(|conflict| conflict.field == field && names(&conflict.value));
                self.leave_list(writing, &record, field, &|list| rest(list, id), now)?;
                if tells {
                    writing.tell_again(&record.cell, record.id)?;
                }
                listed.push(record);
            }
        }
        Ok(listed)
    }

    /// A list that comes in may still name people who were erased meanwhile: its writer had not heard of it, or a phone brings it back
    /// to a server that was put back. Also when it loses against another: it is remembered.
    pub(super) fn leave_late_lists(
        &self,
        writing: &mut dyn Writing,
        record: &Record,
        change: &Change,
        now: Millis,
    ) -> Result<(), HubError> {
        let Some((_, field, rest)) = LISTS_PEOPLE.into_iter().find(|(kind, ..)| *kind == record.kind) else {
            return Ok(());
        };
        let county = record.cell.county();
        for person in change.fields.get(field).map(people_in).unwrap_or_default() {
            let Some(standing) = writing.record(&county, record.id)?.map(|stored| stored.record) else { break };
            if writing.erased(&county, person)? {
                self.leave_list(writing, &standing, field, &|list| rest(list, person), now)?;
            }
        }
        Ok(())
    }

    /// Whoever wrote this record had not heard that somebody whom it names was erased: the reference is emptied, as the erasure would
    /// have done. The rest of what came with it stands.
    pub(super) fn leave_reference(
        &self,
        writing: &mut dyn Writing,
        mut record: Record,
        taken: &[String],
        now: Millis,
    ) -> Result<(), HubError> {
        for field in taken {
            if names_erased(writing, &record.kind, &record.cell, (field, record.fields.get(field)))? {
                record = self.set_field(writing, &record, field, Value::Null, now)?;
            }
        }
        Ok(())
    }

    /// Writes what is left of a list. What is remembered of it follows: emptying an approved record is what keeps its approved version.
    fn leave_list(
        &self,
        writing: &mut dyn Writing,
        record: &Record,
        field: &str,
        rest: &dyn Fn(&Value) -> Option<Value>,
        now: Millis,
    ) -> Result<(), HubError> {
        if let Some(value) = record.fields.get(field).and_then(rest) {
            self.set_field(writing, record, field, value, now)?;
        }
        Ok(writing.rewrite_past(record, &|name, value| (name == field).then(|| rest(value)).flatten())?)
    }

    /// Writes what is left of a field, as a change of the server's own: it reaches the phones through the feed and stands in the
    /// history.
    pub(super) fn set_field(
        &self,
        writing: &mut dyn Writing,
        record: &Record,
        field: &str,
        value: Value,
        now: Millis,
    ) -> Result<Record, HubError> {
        let change = Change {
            id: record.id,
            kind: record.kind.clone(),
            cell: record.cell.clone(),
            fields: Fields::from([(field.to_owned(), value)]),
            // Right after what is emptied: whoever named another in the meantime, without knowing of this, has named another.
            stamps: Stamps::all(self.stamp_right_after(record.stamps.of(field))),
            base: BTreeMap::from([(field.to_owned(), record.stamps.of(field))]),
        };
        let merged = merge(Some(record), &change).map_err(|error| HubError::Broken(error.to_string()))?;
        let state = review_state(writing, &merged.record)?;
        let written = Written { at: now, by: server_account(), run: Run::SERVER, state, is_new: false };
        writing.put_record(&merged.record, &written)?;
        let taken = Taken { at: now, by: &server_account(), device: None, change: &change, lost: &[] };
        writing.append_history(&record.cell, taken, &digest(&change))?;
        Ok(merged.record)
    }

    /// Carries out what was erased before and is not known to the database. Answers how many records that were.
    fn erase_again(&self, logged: &[Erasure]) -> Result<usize, HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let mut again = 0;
            for erasure in logged {
                let county = erasure.cell.county();
                if writing.erased(&county, erasure.id)? {
                    continue;
                }
                again += 1;
                match writing.record(&county, erasure.id)?.map(|stored| stored.record) {
                    Some(person) if person.kind == Kind::Person => {
                        self.erase_with_all(writing, &person, (erasure.at, &erasure.by), now)?;
                    }
                    Some(record) => {
                        Self::erase_one(writing, &Erasure { cell: record.cell.clone(), ..erasure.clone() })?;
                        doom_bytes(writing, &record.kind, &record.fields)?;
                        if record.kind == Kind::Review {
                            Self::fold_without(writing, &county, &record)?;
                        }
                    }
                    None => {
                        if erasure.kind == Kind::Person {
                            let (of_files, _) = self.leave_in_others(writing, &county, &[(erasure.id, None)], now)?;
                            self.erase_late(writing, &county, of_files, now)?;
                        }
                        writing.erase(erasure)?;
                    }
                }
                note(writing, now, server_account().as_str(), "erase_again", &erasure.id.to_string())?;
            }
            doom_logged(writing, logged)?;
            Ok(again)
        })
    }
}

/// An entry that gave way to somebody for a while remembers what that one had said before. It stands for itself again and stays; nothing of
/// it stays in its past.
fn leave_former_values(writing: &mut dyn Writing, county: &Scope, id: RecordId) -> Result<(), HubError> {
    let former = |name: &str, value: &Value| (name == MERGED_BEFORE && !value.is_null()).then_some(Value::Null);
    for StoredRecord { record, .. } in writing.that_named(county, &Kind::Person, id)? {
        writing.rewrite_past(&record, &former)?;
    }
    Ok(())
}

/// A record in the actor's scope, whatever the role may read of it.
fn in_scope(reading: &dyn Writing, actor: &Actor, id: RecordId) -> Result<Option<Record>, HubError> {
    for scope in &actor.scopes {
        if let Some(found) = reading.record(scope, id)? {
            return Ok(Some(found.record));
        }
    }
    Ok(None)
}

/// Every entry of one resident: the given one, the one that it gave way to, those that gave way to it, and so on.
fn entries_of(reading: &dyn Writing, county: &Scope, person: &Record) -> Result<Vec<Record>, HubError> {
    let mut found = vec![person.clone()];
    let mut known = BTreeSet::from([person.id]);
    let mut next = 0;
    while let Some(entry) = found.get(next).cloned() {
        next += 1;
        let mut same = reading.naming(county, &Kind::Person, MERGED_INTO, entry.id)?;
        same.retain(|other| other.record.merged_into() == Some(entry.id));
        if let Some(into) = entry.merged_into() {
            same.extend(reading.record(county, into)?);
        }
        let same = same.into_iter().map(|stored| stored.record).filter(|other| other.kind == Kind::Person);
        found.extend(same.filter(|other| known.insert(other.id)));
    }
    Ok(found)
}

/// A person's entries and what is about the person alone: visits to that person, photos and reviews of all of these.
fn about(reading: &dyn Writing, county: &Scope, entries: Vec<Record>) -> Result<Vec<Record>, HubError> {
    let people: Vec<RecordId> = entries.iter().map(|entry| entry.id).collect();
    let mut found = entries;
    let mut known: BTreeSet<RecordId> = people.iter().copied().collect();
    let mut next = 0;
    while let Some(target) = found.get(next).map(|record| record.id) {
        next += 1;
        for kind in &ABOUT_ONE {
            let referring = reading.referring(county, target, kind)?.into_iter().map(|stored| stored.record);
            found.extend(referring.filter(|record| known.insert(record.id)));
        }
    }
    for ((kind, field), person) in ABOUT_A_PERSON.iter().flat_map(|about| people.iter().map(move |id| (about, *id))) {
        let naming = reading.naming(county, kind, field, person)?.into_iter().map(|stored| stored.record);
        found.extend(naming.filter(|record| known.insert(record.id)));
    }
    Ok(found)
}

/// Whether a field that only names a person names one who was erased.
pub(super) fn names_erased(
    reading: &dyn Writing,
    kind: &Kind,
    cell: &CellCode,
    (field, value): (&str, Option<&Value>),
) -> Result<bool, HubError> {
    if !NAMES_A_PERSON.iter().any(|(naming, name)| naming == kind && *name == field) {
        return Ok(false);
    }
    match value.and_then(Value::as_str).and_then(|id| id.parse().ok()) {
        Some(person) => Ok(reading.erased(&cell.county(), person)?),
        None => Ok(false),
    }
}

/// Whether this field names the one record that a record of this kind says something about: with that one erased, nothing more
/// can be said of it.
pub(super) fn says_about_one(kind: &Kind, field: &str) -> bool {
    match kind {
        Kind::Visit | Kind::Review => field == "target",
        Kind::Photo => field == "subject",
        Kind::CarePlan | Kind::RollCall => field == "person",
        _ => false,
    }
}
