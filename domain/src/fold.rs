//! What is derived from append-only records: when a household was last met, which visits still count.

use std::collections::BTreeSet;

use crate::ids::RecordId;
use crate::kinds::visit::Visit;
use crate::world::Millis;

/// What a door shows of its visits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoorHistory {
    /// When somebody was last met (or answered for the household).
    pub last_met: Option<Millis>,
    /// The latest visit's time and result.
    pub latest: Option<(Millis, String)>,
}

/// The visits that were not replaced by a later one, in their order.
pub fn standing(visits: &[(RecordId, Visit)]) -> Vec<&(RecordId, Visit)> {
    let replaced: BTreeSet<RecordId> = visits.iter().filter_map(|(_, visit)| visit.replaces).collect();
    visits.iter().filter(|(id, _)| !replaced.contains(id)).collect()
}

/// Whether a visit with this result met somebody, or somebody who answered for them.
pub fn is_met(result: &str) -> bool {
    matches!(result, "met" | "proxy")
}

impl DoorHistory {
    /// Both histories as one: of a person and of the household that the person lives in.
    pub fn with(mut self, other: &DoorHistory) -> DoorHistory {
        self.last_met = self.last_met.max(other.last_met);
        self.latest =
            std::cmp::max_by_key(self.latest, other.latest.clone(), |latest| latest.as_ref().map(|(at, _)| *at));
        self
    }
}

/// Folds a household's visits, its own and its members'.
pub fn door_history(visits: &[(RecordId, Visit)]) -> DoorHistory {
    let standing = standing(visits);
    DoorHistory {
        last_met: standing.iter().filter(|(_, visit)| is_met(&visit.result)).map(|(_, visit)| visit.at).max(),
        latest: standing
            .iter()
            .max_by_key(|(id, visit)| (visit.at, *id))
            .map(|(_, visit)| (visit.at, visit.result.clone())),
    }
}
