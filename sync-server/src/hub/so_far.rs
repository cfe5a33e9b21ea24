//! What a push has read and done so far, where what comes after it in the same push depends on that. A push may have thousands of changes to
//! one record, whose past is as long as whoever sends them makes it: it is read once for all of them, and goes on with what they add.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::dispute::is_about_somebody;
use domain::world::Millis;
use domain::{CellCode, Change, Fields, Record, RecordId, Scope, Stamp, Stamps};
use serde_json::Value;

use crate::hub::HubError;
use crate::hub::county::server_account;
use crate::store::{HistoryEntry, SetAside, Writing, WrittenBy};

/// A record, by its county and its id.
type Of = (Scope, RecordId);

/// What the history of a record says of who wrote what.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Who wrote a field with which stamp: whoever did so first.
    writers: BTreeMap<String, BTreeMap<Stamp, WrittenBy>>,
    /// The lists of parties of a case file, with their stamps.
    lists: Vec<(Stamp, Value)>,
}

impl Past {
    fn of(history: Vec<HistoryEntry>) -> Self {
        let mut past = Self::default();
        for HistoryEntry { fields, stamps, by, device, .. } in history {
            past.add(&fields, &stamps, &WrittenBy { by, device });
        }
        past
    }

    /// What somebody has written since.
    pub(super) fn add(&mut self, fields: &Fields, stamps: &Stamps, writer: &WrittenBy) {
        for (field, value) in fields {
            let stamp = stamps.of(field);
            if field == "parties" {
                self.lists.push((stamp, value.clone()));
            }
            let of_field = self.writers.entry(field.clone()).or_default();
            of_field.entry(stamp).or_insert_with(|| writer.clone());
        }
    }

    /// Who wrote a field with that stamp.
    pub(super) fn writer(&self, field: &str, stamp: Stamp) -> Option<&WrittenBy> {
        self.writers.get(field)?.get(&stamp)
    }

    /// The lists of parties that it ever had, with their stamps.
    pub(super) fn lists(&self) -> &[(Stamp, Value)] {
        &self.lists
    }
}

/// The pasts of records, each read once, and only where it makes a difference.
#[derive(Default)]
pub(super) struct Pasts(BTreeMap<Of, Past>);

impl Pasts {
    /// The past of a record with what the push has added to it; `read`: its history before.
    pub(super) fn of(
        &mut self,
        record: Of,
        read: impl FnOnce() -> Result<Vec<HistoryEntry>, HubError>,
    ) -> Result<&Past, HubError> {
        Ok(match self.0.entry(record) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Past::of(read()?)),
        })
    }

    /// A change has come into the history of a record that lies in this cell.
    pub(super) fn add(&mut self, cell: &CellCode, change: &Change, writer: &WrittenBy) {
        if let Some(past) = self.0.get_mut(&(cell.county(), change.id)) {
            past.add(&change.fields, &change.stamps, writer);
        }
    }

    /// Whether the past of a record was read.
    pub(super) fn knows(&self, record: &Record) -> bool {
        self.0.contains_key(&(record.cell.county(), record.id))
    }
}

/// What nobody has decided on of a record.
#[derive(Default)]
struct Open {
    /// By field, what there was when the push last moved the record, or else when it came.
    before: BTreeMap<String, Vec<SetAside>>,
    /// Where that is told since the push moved the record.
    told: Option<(CellCode, u64)>,
    /// By field, what was set aside after that.
    since: BTreeMap<String, Vec<SetAside>>,
}

impl Open {
    fn settled(&mut self, field: &str, settles: impl Fn(&SetAside) -> bool) -> Vec<SetAside> {
        let mut settled = Vec::new();
        if let Some(before) = self.before.get_mut(field) {
            if let Some((cell, n)) = &self.told {
                before.iter_mut().for_each(|conflict| (conflict.cell, conflict.n) = (cell.clone(), *n));
            }
            settled.extend(before.extract_if(.., |conflict| settles(conflict)));
        }
        if let Some(since) = self.since.get_mut(field) {
            settled.extend(since.extract_if(.., |conflict| settles(conflict)));
        }
        settled
    }

    /// All of it is told elsewhere from here on. None of it is gone through for that: a push may move a record thousands of times.
    fn moved(&mut self, to: (CellCode, u64)) {
        for (field, since) in std::mem::take(&mut self.since) {
            self.before.entry(field).or_default().extend(since);
        }
        self.told = Some(to);
    }
}

/// One push, from the first look at it until all of it is stored.
#[derive(Default)]
pub(super) struct SoFar {
    /// The pasts of the records that it comes to.
    pub(super) pasts: Pasts,
    open: BTreeMap<Of, Open>,
    /// The case files of which it decided on a list of parties that was set aside and names somebody.
    decided: BTreeSet<Of>,
}

impl SoFar {
    /// A value was set aside by this push.
    pub(super) fn add_open(&mut self, conflict: SetAside) {
        if let Some(open) = self.open.get_mut(&(conflict.cell.county(), conflict.record)) {
            open.since.entry(conflict.field.clone()).or_default().push(conflict);
        }
    }

    /// Takes out what is decided of a field of a record: of what was set aside, that of which `settles` says so.
    pub(super) fn settled(
        &mut self,
        reading: &dyn Writing,
        record: &Record,
        field: &str,
        settles: impl Fn(&SetAside) -> bool,
    ) -> Result<Vec<SetAside>, HubError> {
        let open = match self.open.entry((record.cell.county(), record.id)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let mut open = Open::default();
                for conflict in reading.open_conflicts(&record.cell.county(), record.id, Millis::MIN)? {
                    open.before.entry(conflict.field.clone()).or_default().push(conflict);
                }
                place.insert(open)
            }
        };
        let settled = open.settled(field, settles);
        let somebody = |conflict: &SetAside| conflict.field == "parties" && is_about_somebody(&conflict.value);
        if settled.iter().any(somebody) {
            self.decided.insert((record.cell.county(), record.id));
        }
        Ok(settled)
    }

    /// Whether somebody decided whom this case file is about.
    pub(super) fn has_decided(&self, file: &Of) -> bool {
        self.decided.contains(file)
    }

    /// What is undecided of a record that was moved is told where it lies now, at this number of that feed.
    pub(super) fn moved(&mut self, record: &Record, n: u64) {
        if let Some(open) = self.open.get_mut(&(record.cell.county(), record.id)) {
            open.moved((record.cell.clone(), n));
        }
    }

    /// What is undecided of a record was rewritten: it is read anew.
    pub(super) fn forget_open(&mut self, record: &Record) {
        self.open.remove(&(record.cell.county(), record.id));
    }

    /// What the server has written itself over a record that was stored like this, for it named somebody who was erased.
    pub(super) fn add_what_was_emptied(&mut self, reading: &dyn Writing, stored: &Record) -> Result<(), HubError> {
        let Some(stands) = reading.record(&stored.cell.county(), stored.id)?.map(|stands| stands.record) else {
            return Ok(());
        };
        let Record { id, kind, cell, mut fields, stamps } = stands;
        fields.retain(|field, _| stamps.of(field) != stored.stamps.of(field));
        let emptied = Change { id, kind, cell, fields, stamps, base: BTreeMap::new() };
        self.pasts.add(&stored.cell, &emptied, &WrittenBy { by: server_account(), device: None });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::{AccountId, Kind, Node};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn cell() -> CellCode {
        CellCode::new("610722001001001").unwrap()
    }

    fn by(account: &str) -> WrittenBy {
        WrittenBy { by: AccountId::new(account).unwrap(), device: None }
    }

    fn change(stamp: Stamp, fields: Value) -> Change {
        Change {
            id: RecordId(Uuid::from_u128(9)),
            kind: Kind::Dispute,
            cell: cell(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(stamp),
            base: BTreeMap::new(),
        }
    }

    fn entry(change: &Change, writer: &WrittenBy) -> HistoryEntry {
        HistoryEntry {
            at: 0,
            by: writer.by.clone(),
            device: writer.device,
            fields: change.fields.clone(),
            stamps: change.stamps.clone(),
            base: BTreeMap::new(),
            lost: Vec::new(),
        }
    }

    #[test]
    fn the_history_of_a_record_is_read_once_and_goes_on_with_what_the_push_adds() {
        let stamps = [1, 2, 3].map(|millis| Stamp::new(millis, 0, Node(7)));
        let [first, second, _] = stamps;
        let (mut pasts, mut read) = (Pasts::default(), 0);
        let of = (cell().county(), RecordId(Uuid::from_u128(9)));
        let stood = change(first, json!({"parties": [], "facts": "墙漏水"}));
        // Before it was read nothing is to be added: the history has it.
        pasts.add(&cell(), &stood, &by("worker-b"));
        for said in 0..3 {
            let past = pasts.of(of.clone(), || {
                read += 1;
                Ok(vec![entry(&stood, &by("worker-a"))])
            });
            let past = past.unwrap();
            let writers = stamps.map(|stamp| past.writer("facts", stamp).cloned());
            let added = (said > 0).then(|| by("worker-b"));
            assert_eq!(writers, [Some(by("worker-a")), added, None]);
            assert_eq!((past.writer("claim", first), past.lists()), (None, [(first, json!([]))].as_slice()));
            // Whoever was first is who wrote it.
            for stamp in [first, second] {
                pasts.add(&cell(), &change(stamp, json!({"facts": "墙又漏水"})), &by("worker-b"));
            }
        }
        assert_eq!(read, 1);
    }
}
