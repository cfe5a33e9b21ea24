//! The order in which a cell's records came about: what was written when and by whom, as phones and desk would have sent it.

use std::collections::BTreeMap;

use domain::record::Fields;
use domain::world::Millis;
use domain::{AccountId, CellCode, Change, HybridClock, Kind, Node, Record, RecordId, Stamp, Stamps};
use serde_json::{Value, json};

use super::chance::Chance;

/// Something written into the county: a change, its writer, and when the server got it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it was written and received.
    pub at: Millis,
    /// By whom.
    pub by: AccountId,
    /// What.
    pub change: Change,
}

/// Builds the fields of a record from pairs.
pub(crate) fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Fields {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a supervisor said.
pub(crate) struct Opinion {
    /// Approved, else returned.
    pub(crate) approved: bool,
    /// Remarks on fields.
    pub(crate) remarks: Vec<(&'static str, &'static str)>,
    /// A remark on the whole.
    pub(crate) note: Option<&'static str>,
}

impl Opinion {
    /// Nothing to remark.
    pub(crate) fn approval() -> Self {
        Self { approved: true, remarks: Vec::new(), note: None }
    }
}

enum Act {
    Write { id: RecordId, kind: Kind, fields: Fields },
    Review { target: RecordId, target_kind: Kind, opinion: Opinion },
}

struct Draft {
    at: Millis,
    by: AccountId,
    act: Act,
}

/// Collects in any order; hands out in the order of time, with stamps, bases and versions as they were at that moment.
pub(crate) struct Ledger {
    cell: CellCode,
    drafts: Vec<Draft>,
}

impl Ledger {
    /// An empty ledger of a cell.
    pub(crate) fn new(cell: CellCode) -> Self {
        Self { cell, drafts: Vec::new() }
    }

    /// Somebody wrote fields of a record: the first time creates it.
    pub(crate) fn write(&mut self, at: Millis, by: &AccountId, id: RecordId, kind: Kind, fields: Fields) {
        self.drafts.push(Draft { at, by: by.clone(), act: Act::Write { id, kind, fields } });
    }

    /// The records of a kind that were written with this value in a field.
    pub(crate) fn written_with(&self, wanted: &Kind, field: &str, value: &Value) -> Vec<RecordId> {
        let fits = |draft: &Draft| match &draft.act {
            Act::Write { id, kind, fields } if kind == wanted && fields.get(field) == Some(value) => Some(*id),
            _ => None,
        };
        self.drafts.iter().filter_map(fits).collect()
    }

    /// How much was noted so far.
    pub(crate) fn len(&self) -> usize {
        self.drafts.len()
    }

    /// The records that were written since then.
    pub(crate) fn written_since(&self, before: usize) -> Vec<(RecordId, Kind)> {
        let written = |draft: &Draft| match &draft.act {
            Act::Write { id, kind, .. } => Some((*id, kind.clone())),
            Act::Review { .. } => None,
        };
        self.drafts.iter().skip(before).filter_map(written).collect()
    }

    /// A supervisor looked at a record as it stood then.
    pub(crate) fn review(&mut self, at: Millis, by: &AccountId, target: RecordId, target_kind: Kind, opinion: Opinion) {
        self.drafts.push(Draft { at, by: by.clone(), act: Act::Review { target, target_kind, opinion } });
    }

    /// Everything in the order of time.
    pub(crate) fn settle(mut self, chance: &mut Chance) -> Vec<Entry> {
        self.drafts.sort_by_key(|draft| draft.at);
        let mut clocks = BTreeMap::<AccountId, HybridClock>::new();
        let mut records = BTreeMap::<RecordId, Record>::new();
        let mut entries = Vec::with_capacity(self.drafts.len());
        for Draft { at, by, act } in self.drafts {
            let (id, kind, fields) = match act {
                Act::Write { id, kind, fields } => (id, kind, fields),
                Act::Review { target, target_kind, opinion } => {
                    let Some(record) = records.get(&target) else { continue };
                    (chance.record_id(at), Kind::Review, review_fields(record, &target_kind, opinion, at, &by))
                }
            };
            let clock =
                clocks.entry(by.clone()).or_insert_with(|| HybridClock::new(Node(chance.number()), Stamp::ZERO));
            let standing = records.get(&id);
            let base = standing.map_or_else(BTreeMap::new, |record| {
                let known = fields.keys().filter(|field| record.fields.contains_key(*field));
                known.map(|field| (field.clone(), record.stamps.of(field))).collect()
            });
            let stamps = Stamps::all(clock.tick(at));
            let change = Change { id, kind, cell: self.cell.clone(), fields, stamps, base };
            let merged = domain::merge::merge(standing, &change).expect("the ledger writes append-only records once");
            records.insert(id, merged.record);
            entries.push(Entry { at, by, change });
        }
        entries
    }
}

fn review_fields(record: &Record, target_kind: &Kind, opinion: Opinion, at: Millis, by: &AccountId) -> Fields {
    let mut fields = fields([
        ("target", json!(record.id)),
        ("target_kind", json!(target_kind)),
        ("version", json!(record.version())),
        ("verdict", json!(if opinion.approved { "approved" } else { "returned" })),
        ("at", json!(at)),
        ("by", json!(by)),
    ]);
    if !opinion.remarks.is_empty() {
        let remarks: BTreeMap<_, _> = opinion.remarks.into_iter().collect();
        fields.insert("remarks".to_owned(), json!(remarks));
    }
    if let Some(note) = opinion.note {
        fields.insert("note".to_owned(), json!(note));
    }
    fields
}

/// The records as they stand after all entries.
///
/// # Panics
/// When the entries are not a ledger's: an append-only record written twice.
pub fn records(entries: &[Entry]) -> BTreeMap<RecordId, Record> {
    let mut records = BTreeMap::new();
    for Entry { change, .. } in entries {
        let merged = domain::merge::merge(records.get(&change.id), change).expect("a ledger's entries can be merged");
        records.insert(change.id, merged.record);
    }
    records
}
