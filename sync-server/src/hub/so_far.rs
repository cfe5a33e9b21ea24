//! What a push has done so far, where what comes after it in the same push depends on that.

use std::collections::BTreeSet;

use domain::kinds::dispute::is_about_somebody;
use domain::{RecordId, Scope};

use crate::store::SetAside;

/// One push, while its changes are stored.
#[derive(Default)]
pub(super) struct SoFar {
    /// The case files, by county and id, of which it decided on a list of parties that was set aside and names somebody.
    decided: BTreeSet<(Scope, RecordId)>,
}

impl SoFar {
    /// A value that was set aside was decided on.
    pub(super) fn decide(&mut self, conflict: &SetAside) {
        if conflict.field == "parties" && is_about_somebody(&conflict.value) {
            self.decided.insert((conflict.cell.county(), conflict.record));
        }
    }

    /// Whether somebody decided whom this case file is about.
    pub(super) fn has_decided(&self, file: &(Scope, RecordId)) -> bool {
        self.decided.contains(file)
    }
}
