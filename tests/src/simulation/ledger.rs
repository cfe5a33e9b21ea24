//! What a history must not forget: written down beside the programs under test, in another way than theirs.

use std::collections::BTreeMap;

use domain::protocol::{ExchangeRequest, Verdict};
use domain::record::canonical_bytes;
use domain::{Fields, Kind, RecordId, Stamp};
use serde_json::Value;

/// Something a worker saved in one field.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) phone: usize,
    pub(super) record: RecordId,
    pub(super) field: String,
    pub(super) value: Value,
    /// The same worker saved the field again before anything was sent: the earlier word may be gone.
    pub(super) overwritten: bool,
    /// Taken back on purpose.
    pub(super) taken_back: bool,
}

/// Everything that must hold at the end.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) saved: Vec<Saved>,
    /// The greatest accepted (stamp, value's bytes, value) of every field, as seen on the wire.
    greatest: BTreeMap<(RecordId, String), (Stamp, Vec<u8>, Value)>,
    /// Append-only records as they were first accepted.
    pub(super) sealed: BTreeMap<RecordId, Fields>,
    /// Fields that the hub writes as well (the desk's corrections, an incident's number): the wire does not see all of them.
    pub(super) written_by_hub: Vec<(RecordId, String)>,
    pub(super) faults: usize,
    pub(super) refused: usize,
}

impl Ledger {
    /// A worker saved these fields.
    pub(super) fn saved(&mut self, phone: usize, record: RecordId, fields: &Fields) {
        for (field, value) in fields {
            let same = |saved: &&mut Saved| saved.phone == phone && saved.record == record && saved.field == *field;
            for earlier in self.saved.iter_mut().filter(same) {
                earlier.overwritten = true;
            }
            self.saved.push(Saved {
                phone,
                record,
                field: field.clone(),
                value: value.clone(),
                overwritten: false,
                taken_back: false,
            });
        }
    }

    /// A worker took a record back that nobody else had seen.
    pub(super) fn taken_back(&mut self, record: RecordId) {
        for saved in self.saved.iter_mut().filter(|saved| saved.record == record) {
            saved.taken_back = true;
        }
    }

    /// The hub judged a request, whether or not its answer arrived.
    pub(super) fn judged(&mut self, request: &ExchangeRequest, verdicts: &[Verdict]) {
        for (change, verdict) in request.push.iter().zip(verdicts) {
            match verdict {
                Verdict::Refused(_) => self.refused += 1,
                Verdict::Accepted => {
                    for (field, value) in &change.fields {
                        let stamped = (change.stamps.of(field), canonical_bytes(value), value.clone());
                        let key = (change.id, field.clone());
                        let known = self.greatest.get(&key);
                        if known.is_none_or(|known| (stamped.0, &stamped.1) > (known.0, &known.1)) {
                            self.greatest.insert(key, stamped);
                        }
                    }
                    if change.kind.is_append_only() && change.kind != Kind::Review {
                        self.sealed.entry(change.id).or_insert_with(|| change.fields.clone());
                    }
                }
            }
        }
    }

    /// Every field that phones wrote and the hub took, with the value that must stand in the end.
    pub(super) fn winners(&self) -> impl Iterator<Item = (RecordId, &str, Stamp, &Value)> {
        self.greatest.iter().map(|((record, field), (stamp, _, value))| (*record, field.as_str(), *stamp, value))
    }
}
