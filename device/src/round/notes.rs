//! What a round remembers between its pages.

use std::collections::{BTreeSet, VecDeque};

use domain::RecordId;

/// What one round remembers between its pages.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Changes that are left alone until the next round.
    pub(super) skip: BTreeSet<RecordId>,
    /// Changes whose target was missing once: it may have come with the same request.
    pub(super) retried: BTreeSet<RecordId>,
    /// Fields of which words were refused in this round.
    pub(super) refused: BTreeSet<(RecordId, String)>,
    /// What is still to be offered, in its order.
    pub(super) waiting: VecDeque<RecordId>,
}
