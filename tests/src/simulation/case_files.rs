//! Case files as the server has them, looked at beside it whenever something may have changed whom they are about; and what of their words
//! may be gone for that.
//!
//! A file is about nobody when of all its parties only the sides are left, and no list of parties that names somebody was set aside and is
//! still to be decided on. What comes to such a file the server makes nothing. Where an erasure has left it so, all that it had goes, its
//! events and photos too; where a correction has, it keeps what it had. A file that is about somebody, or is so again, keeps every word.

use std::collections::BTreeSet;

use domain::kinds::dispute::{WORDS, is_about_somebody, names_nobody, people_in};
use domain::protocol::Refusal;
use domain::world::Millis;
use domain::{Change, Kind, ProblemCode, Record, RecordId, Stamp};
use serde_json::Value;
use sync_server::hub::CountyHub;
use sync_server::store::{HistoryEntry, SetAside, Store, StoreError};

use super::county::everywhere;
use super::history::{History, PHONE_PUT_BACK};
use super::ledger::{Ledger, Place, Saved};
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// What is known of case files beside the server.
#[derive(Debug, Default)]
pub(super) struct CaseFiles {
    /// Those that are about nobody on the server by now.
    of_nobody: BTreeSet<RecordId>,
    /// Those that ever were.
    pub(super) left: BTreeSet<RecordId>,
    /// Lists of parties that name nobody since the server took somebody out of them, by file and stamp.
    pub(super) lists: BTreeSet<(RecordId, Stamp)>,
    /// What was set aside in files while these were about nobody, by file, field and stamp: it goes from phones.
    pub(super) set_aside: BTreeSet<(RecordId, String, Stamp)>,
    /// Words that the server took and made nothing, by their stamps.
    emptied: BTreeSet<(Place, Stamp)>,
    /// Events, photos and reviews that went with everybody whom their file was about.
    went: BTreeSet<RecordId>,
    /// Words that somebody typed into a file whose page showed that it is about nobody, as they stand in JSON.
    pub(super) knowingly: BTreeSet<Vec<u8>>,
    /// Unfinished forms, as each was left last.
    forms: Vec<Form>,
    /// How many records the server said to be erased when it was last looked at.
    erased: i64,
}

/// An unfinished form of a case file.
#[derive(Debug)]
struct Form {
    phone: usize,
    file: RecordId,
    content: Value,
    /// Its file was about nobody since: it may be gone.
    left: bool,
}

/// Case files at one moment.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Which were looked at.
    files: BTreeSet<RecordId>,
    /// Those of them that are about nobody.
    of_nobody: Vec<OfNobody>,
    /// Those to which a push brought a list of parties with somebody who was erased.
    late: BTreeSet<RecordId>,
    /// How many records the server says to be erased.
    erased: i64,
}

/// A case file that is about nobody.
#[derive(Debug)]
struct OfNobody {
    id: RecordId,
    /// The stamp of its list of parties.
    list: Stamp,
    /// Whether the server wrote that, for it took somebody out; else somebody's correction did.
    by_server: bool,
    /// What was set aside in it and is still to be decided on, by field and stamp.
    open: Vec<(String, Stamp)>,
}

/// Whether what was set aside is a list of parties that says of anybody who they are.
pub(super) fn names_somebody(one: &SetAside) -> bool {
    one.field == "parties" && is_about_somebody(&one.value)
}

/// Looks at these files.
fn look(hub: &CountyHub, files: BTreeSet<RecordId>) -> Outcome<Look> {
    const ERASED: &str = "SELECT count(*) FROM erased";
    let erased = hub.store().below().on_writer(|connection| connection.query_row(ERASED, [], |row| row.get(0)));
    let erased: i64 = erased.doing("counting what was erased")?;
    if erased == 0 {
        // Without an erasure every file is about somebody.
        return Ok(Look { files, ..Look::default() });
    }
    let scope = everywhere()?;
    let of_nobody = hub.store().read(|reading| {
        let mut found = Vec::new();
        for id in &files {
            let Some(file) = reading.record(&scope, *id)?.map(|stored| stored.record).filter(names_nobody) else {
                continue;
            };
            let open = reading.open_conflicts(&scope, *id, Millis::MIN)?;
            if open.iter().any(names_somebody) {
                continue;
            }
            let list = file.stamps.of("parties");
            let wrote = |entry: &HistoryEntry| {
                let of_list = entry.fields.contains_key("parties") && entry.stamps.of("parties") == list;
                of_list && entry.by.as_str() == "server"
            };
            let by_server = reading.history(&scope, *id)?.iter().any(wrote);
            let open = open.into_iter().map(|one| (one.field, one.stamp)).collect();
            found.push(OfNobody { id: *id, list, by_server, open });
        }
        Ok::<_, StoreError>(found)
    });
    Ok(Look { files, of_nobody: of_nobody.doing("looking at case files")?, late: BTreeSet::new(), erased })
}

/// Looks at the files to which a push has just come, and to which of them it brought a list with somebody who was erased.
pub(super) fn look_after(hub: &CountyHub, push: &[Change]) -> Outcome<Look> {
    let files: BTreeSet<RecordId> = push.iter().filter_map(file_of).collect();
    if files.is_empty() {
        return Ok(Look::default());
    }
    let scope = everywhere()?;
    let to_files = push.iter().filter(|change| change.kind == Kind::Dispute);
    let lists = to_files.filter_map(|change| Some((change.id, change.fields.get("parties")?)));
    let late = hub.store().read(|reading| {
        let mut late = BTreeSet::new();
        for (file, list) in lists {
            for person in people_in(list) {
                if reading.erased(&scope, person)? {
                    late.insert(file);
                }
            }
        }
        Ok::<_, StoreError>(late)
    });
    Ok(Look { late: late.doing("looking for who was erased")?, ..look(hub, files)? })
}

/// The case file that a change is to, or about: its own, that of an event, of a paper, of a review.
fn file_of(change: &Change) -> Option<RecordId> {
    let text = |field: &str| change.fields.get(field).and_then(Value::as_str);
    let is_file = |kind: &str| text(kind) == Some(Kind::Dispute.as_str());
    let named = |field: &str| text(field).and_then(|id| id.parse().ok());
    match change.kind {
        Kind::Dispute => Some(change.id),
        Kind::DisputeEvent => named("dispute"),
        Kind::Photo if is_file("subject_kind") => named("subject"),
        Kind::Review if is_file("target_kind") => named("target"),
        _ => None,
    }
}

impl Ledger {
    /// Files were looked at. Of those that are about nobody what no server has taken may go: a phone lets go of it among what was refused or
    /// lost, and what comes the server makes nothing. (What a server that was put back has lost is to be taken once more.)
    pub(super) fn files_were_seen(&mut self, look: &Look) {
        self.files.of_nobody.retain(|id| !look.files.contains(id));
        self.files.of_nobody.extend(look.of_nobody.iter().map(|file| file.id));
        for file in &look.of_nobody {
            let first = self.files.left.insert(file.id);
            self.files.lists.extend(Some((file.id, file.list)).filter(|_| file.by_server));
            self.files.set_aside.extend(file.open.iter().map(|(field, stamp)| (file.id, field.clone(), *stamp)));
            self.may_go(file.id, |saved| !saved.taken || saved.on_phones_only);
            self.files.forms.iter_mut().filter(|form| form.file == file.id).for_each(|form| form.left = true);
            if first {
                self.count("file about nobody".into());
            }
        }
    }

    /// A worker left a form of a file unfinished, whose page says perhaps that it is about nobody.
    pub(super) fn form_was_left(&mut self, phone: usize, file: &Record, content: Value) {
        let left = self.files.of_nobody.contains(&file.id) || names_nobody(file);
        self.files.forms.retain(|form| (form.phone, form.file) != (phone, file.id));
        self.files.forms.push(Form { phone, file: file.id, content, left });
    }

    /// A push was judged. Where it brought a list with somebody who was erased, and by what is left of that the file is about nobody, all that
    /// it had went, as if the list had come before the erasure.
    pub(super) fn late_lists_were_taken(&mut self, look: &Look) {
        let left = look.of_nobody.iter().filter(|file| file.by_server && look.late.contains(&file.id));
        left.for_each(|file| self.file_was_emptied(file.id));
        // An answer that tells of no file looked at nothing.
        if !look.files.is_empty() {
            self.files.erased = look.erased;
        }
    }

    /// An erasure left a file to nobody: what the server had of its words, its events, photos and reviews went.
    fn file_was_emptied(&mut self, file: RecordId) {
        self.may_go(file, |_| true);
        let Ledger { about, accepted, files, .. } = self;
        files.went.extend(about.iter().filter(|(_, of)| **of == file).map(|(id, _)| *id));
        let words = accepted.iter().filter(|((of, field), _)| *of == file && WORDS.contains(&field.as_str()));
        let stamped = words.flat_map(|(place, known)| known.keys().map(move |(stamp, _)| (place.clone(), *stamp)));
        files.emptied.extend(stamped);
    }

    /// Such of what was saved in a file and about it may be gone.
    fn may_go(&mut self, file: RecordId, which: impl Fn(&Saved) -> bool) {
        let Ledger { saved, about, .. } = self;
        for saved in saved.iter_mut().filter(|saved| which(saved)) {
            let is_word = saved.record == file && WORDS.contains(&saved.field.as_str());
            saved.left |= is_word || about.get(&saved.record) == Some(&file);
        }
    }

    /// Whether what is said here may go, for its file is about nobody by now.
    pub(super) fn is_of_nobody(&self, record: RecordId, field: &str) -> bool {
        let of_nobody = |file: &RecordId| self.files.of_nobody.contains(file);
        (of_nobody(&record) && WORDS.contains(&field)) || self.about.get(&record).is_some_and(of_nobody)
    }

    /// The server took a word of a file that is about nobody: it made it nothing.
    pub(super) fn note_emptied(&mut self, place: &Place, stamp: Stamp) {
        if self.is_of_nobody(place.0, &place.1) {
            self.files.emptied.insert((place.clone(), stamp));
        }
    }

    /// Whether a word that was taken need not stand: the server has made it nothing.
    pub(super) fn was_emptied(&self, place: &Place, stamp: Stamp) -> bool {
        self.files.emptied.contains(&(place.clone(), stamp))
    }

    /// Whether a record is a case file, as far as anybody here ever wrote whom it is about.
    fn is_file(&self, id: RecordId) -> bool {
        self.typed.contains_key(&(id, "parties".to_owned()))
    }

    /// An event, a paper or a review is refused for its file alone only where that is about nobody.
    pub(super) fn look_at_refusal(&mut self, change: &Change, refusal: &Refusal) {
        let Some(file) = file_of(change).filter(|file| *file != change.id && self.is_file(*file)) else { return };
        let for_file = |field: &str| matches!(field, "dispute" | "subject" | "target");
        let is_for_file = refusal.problems.iter().any(|problem| for_file(&problem.field));
        if refusal.code == ProblemCode::Erased && is_for_file && !self.files.of_nobody.contains(&file) {
            self.break_law(format!(
                "{} {} was refused, and its file {file} is about somebody.",
                change.kind, change.id
            ));
        }
    }

    /// The first of what is gone that no file took along: an event, a photo or a review of one that was about somebody all the time since.
    pub(super) fn went_alone(&self, gone: &BTreeSet<RecordId>) -> Option<(RecordId, RecordId)> {
        let of_files = self.about.iter().filter(|(_, of)| self.is_file(**of));
        let mut alone = of_files.filter(|(id, _)| gone.contains(id) && !self.files.went.contains(id));
        alone.next().map(|(id, of)| (*id, *of))
    }
}

/// Where a phone keeps the unfinished form of a file.
pub(super) fn form_of(file: RecordId) -> String {
    format!("edit:{file}")
}

/// An unfinished form of a file that was about somebody all the time lies where its worker left it; not asked when a phone was put back from
/// an older copy. `by_a_list`: files that some list of parties leaves to nobody: a phone that does not hold the file goes by what it knew last.
pub(super) fn forms_are_kept(history: &History, by_a_list: &BTreeSet<RecordId>) -> Outcome {
    let ledger = take(&history.ledger);
    if ledger.counts.contains_key(PHONE_PUT_BACK) {
        return Ok(());
    }
    for Form { phone: number, file, content, .. } in ledger.files.forms.iter().filter(|form| !form.left) {
        let phone = &history.phones[*number];
        if phone.is_out() || (by_a_list.contains(file) && phone.record(*file)?.is_none()) {
            continue;
        }
        let kept = phone.open(|open| open.store().draft(&form_of(*file)))?;
        if kept.as_ref() != Some(content) {
            return trouble(format!("Phone {number} had {content} unfinished of file {file}, and has {kept:?}."));
        }
    }
    Ok(())
}

impl History {
    /// Looks whom the case files are about by now, after what may have changed that otherwise than by a push. `emptied`: a database was put
    /// back, or lists came by another way; else it was an erasure that emptied files if there are more or fewer of the erased.
    pub(super) fn look_at_files(&self, emptied: bool) -> Outcome {
        let files: BTreeSet<RecordId> = {
            let ledger = take(&self.ledger);
            let lists = ledger.typed.keys().filter(|(_, field)| field == "parties");
            lists.map(|(file, _)| *file).collect()
        };
        if files.is_empty() {
            return Ok(());
        }
        let hub = self.county.hub()?;
        let look = look(&hub, files)?;
        let mut ledger = take(&self.ledger);
        ledger.files_were_seen(&look);
        if emptied {
            // Of a file that is about somebody else once more the list that comes back is like any correction.
            let of_nobody: BTreeSet<RecordId> = look.of_nobody.iter().map(|file| file.id).collect();
            ledger.files.lists.retain(|(file, _)| !look.files.contains(file) || of_nobody.contains(file));
        }
        if emptied || look.erased != ledger.files.erased {
            look.of_nobody.iter().for_each(|file| ledger.file_was_emptied(file.id));
        }
        ledger.files.erased = look.erased;
        Ok(())
    }
}
