//! What is remembered from one page to the next, as long as text is exchanged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::RecordId;

use crate::store::Held;

/// What one exchange of all text remembers between its pages. A round that sent photos has a second one, which begins anew.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Changes that are left alone until the next round.
    pub(super) skip: BTreeSet<RecordId>,
    /// Changes whose target was missing once: it may have come with the same request.
    pub(super) retried: BTreeSet<RecordId>,
    /// What waits until the next round for what it names, and for which: two that wait for each other would do so for ever.
    pub(super) waits_for: BTreeMap<RecordId, Vec<RecordId>>,
    /// Records that were refused as a whole, by a restored server or for stamps that were acknowledged and lie ahead: what is unsent of them goes up by itself, and then the rest.
    pub(super) unsent_first: BTreeSet<RecordId>,
    /// Words that can be taken only once the server's clock says so much: what else is unsent of their records goes up without them.
    pub(super) ahead: BTreeMap<RecordId, BTreeSet<String>>,
    /// Fields of which words were refused in this round.
    pub(super) refused: BTreeSet<(RecordId, String)>,
    /// What is still to be offered, in its order.
    pub(super) waiting: VecDeque<RecordId>,
}

impl Notes {
    /// Notes words of a record that wait for the server's clock. True: not all of them were known, so that the rest has not gone up
    /// without them yet.
    pub(super) fn wait_for_clock(&mut self, id: RecordId, fields: BTreeSet<String>) -> bool {
        let known = self.ahead.entry(id).or_default();
        let before = known.len();
        known.extend(fields);
        known.len() > before
    }

    /// Leaves out of a record what waits for the server's clock. True: something was left out.
    pub(super) fn leave_out_ahead(&self, held: &mut Held) -> bool {
        let Some(ahead) = self.ahead.get(&held.record.id) else { return false };
        let before = held.unsent.len();
        held.unsent.retain(|field, _| !ahead.contains(field));
        held.unsent.len() < before
    }

    /// Whether a record waits for another, by itself or through what it waits for.
    pub(super) fn does_wait_for(&self, waiting: RecordId, other: RecordId) -> bool {
        let mut seen = BTreeSet::from([waiting]);
        let mut next = vec![waiting];
        while let Some(one) = next.pop() {
            let for_these = self.waits_for.get(&one).into_iter().flatten().copied();
            for named in for_these {
                if named == other {
                    return true;
                }
                if seen.insert(named) {
                    next.push(named);
                }
            }
        }
        false
    }
}
