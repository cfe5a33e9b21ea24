//! What is remembered from one page to the next, as long as text is exchanged.

use std::collections::{BTreeSet, VecDeque};

use domain::RecordId;

/// What one exchange of all text remembers between its pages. A round that sent photos has a second one, which begins anew.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Changes that are left alone until the next round.
    pub(super) skip: BTreeSet<RecordId>,
    /// Changes whose target was missing once: it may have come with the same request.
    pub(super) retried: BTreeSet<RecordId>,
    /// Records that a restored server refused as a whole: what is unsent of them goes up by itself, and then the rest.
    pub(super) unsent_first: BTreeSet<RecordId>,
    /// Fields of which words were refused in this round.
    pub(super) refused: BTreeSet<(RecordId, String)>,
    /// What is still to be offered, in its order.
    pub(super) waiting: VecDeque<RecordId>,
}
