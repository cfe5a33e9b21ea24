//! What a test with a name lets happen in an evacuation: an order, marks, a handover from phone to phone.

use std::collections::BTreeSet;

use domain::kinds::roll_call::Mark;
use domain::{Kind, RecordId};

use super::scene::Scene;
use crate::trouble::{Outcome, trouble};

impl Scene {
    /// Who leads orders an evacuation of the first cell, on a phone.
    ///
    /// # Errors
    /// When it is not saved.
    pub fn order_evacuation(&mut self, phone: usize) -> Outcome<RecordId> {
        let points = self.all_on_server(0, &Kind::HazardPoint)?;
        let points: BTreeSet<RecordId> = points.iter().take(1).map(|point| point.id).collect();
        let word = self.history.word();
        match self.history.order_for(phone, &points, &word)?.first() {
            Some(evacuation) => Ok(*evacuation),
            None => trouble("No evacuation was ordered."),
        }
    }

    /// A worker says where somebody is; it must show at once.
    ///
    /// # Errors
    /// When it is not saved.
    pub fn mark(&mut self, phone: usize, evacuation: RecordId, person: RecordId, mark: Mark) -> Outcome {
        self.history.mark(phone, evacuation, &[person], Some(mark))
    }

    /// One phone shows an evacuation, another films it.
    ///
    /// # Errors
    /// When something of it does not arrive.
    pub fn hand_over(&mut self, from: usize, to: usize, evacuation: RecordId) -> Outcome {
        let cell = self.cell(0);
        match self.history.show(from, evacuation, cell)? {
            Some(shown) => self.history.take_evacuation(to, &shown),
            None => trouble("The evacuation was not shown."),
        }
    }
}
