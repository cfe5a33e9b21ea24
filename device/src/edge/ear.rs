//! What was heard on the line to the server, shared by the thread that listens and the thread that runs rounds.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::CellCode;
use domain::protocol::Nudge;
use tokio::sync::Notify;

use crate::Device;
use crate::open::lock;
use crate::store::cursors;

/// The numbers that cells have reached, as the server said.
pub(crate) type Reached = BTreeMap<CellCode, u64>;

/// The ear at the line.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    /// Nudges that no round has answered yet.
    heard: Mutex<Reached>,
    listening: AtomicBool,
    ended: AtomicBool,
    /// Something has changed that concerns the line: locked, opened, enrolled again, another network, the end.
    stirred: Notify,
}

impl Ear {
    /// Takes note of a nudge.
    pub(super) fn hear(&self, nudge: Nudge) {
        let mut heard = lock(&self.heard);
        let reached = heard.entry(nudge.cell).or_default();
        *reached = (*reached).max(nudge.reached);
    }

    /// What no round has answered yet.
    pub(super) fn heard(&self) -> Reached {
        lock(&self.heard).clone()
    }

    /// A round that began when this had been heard went through: it brought it, whatever the numbers say. So no nudge ever
    /// causes more than one round.
    pub(super) fn settle(&self, answered: &Reached) {
        lock(&self.heard).retain(|cell, reached| answered.get(cell).is_none_or(|answered| *reached > *answered));
    }

    /// Whether the server has something of which this phone has not heard.
    pub(super) fn is_behind(&self, device: &Device) -> bool {
        let heard = self.heard();
        device.with_open(|open| cursors(open.store.connection())).is_ok_and(|cursors| beyond(&heard, &cursors))
    }

    /// Whether the line is open: the server tells what is new.
    pub(super) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::SeqCst)
    }

    pub(super) fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Ordering::SeqCst);
    }

    /// Something has changed that concerns the line.
    pub(crate) fn stir(&self) {
        self.stirred.notify_one();
    }

    /// Returns when something has changed that concerns the line.
    pub(super) async fn stirred(&self) {
        self.stirred.notified().await;
    }

    pub(super) fn begin(&self) {
        self.ended.store(false, Ordering::SeqCst);
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.stir();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }
}

/// Whether any of these numbers lies beyond the phone's cursor for that cell.
fn beyond(heard: &Reached, cursors: &BTreeMap<CellCode, u64>) -> bool {
    heard.iter().any(|(cell, reached)| cursors.get(cell).copied().unwrap_or(0) < *reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(number: u32) -> CellCode {
        CellCode::new(&format!("610722001001{number:03}")).unwrap()
    }

    fn numbers(pairs: &[(u32, u64)]) -> Reached {
        pairs.iter().map(|(number, reached)| (cell(*number), *reached)).collect()
    }

    #[test]
    fn only_numbers_beyond_the_cursor_are_news() {
        let cursors = numbers(&[(1, 10), (2, 5)]);
        assert!(!beyond(&numbers(&[]), &cursors));
        assert!(!beyond(&numbers(&[(1, 10), (2, 4)]), &cursors));
        assert!(beyond(&numbers(&[(1, 10), (2, 6)]), &cursors));
        assert!(!beyond(&numbers(&[(3, 0)]), &cursors), "an empty cell has no news");
        assert!(beyond(&numbers(&[(3, 1)]), &cursors));
    }

    #[test]
    fn a_nudge_is_answered_by_one_round_and_a_later_one_by_another() {
        let ear = Ear::default();
        let nudge = |number, reached| ear.hear(Nudge { cell: cell(number), reached });
        nudge(1, 7);
        nudge(1, 6);
        nudge(2, 3);
        let heard = ear.heard();
        assert_eq!(heard, numbers(&[(1, 7), (2, 3)]));
        nudge(2, 4);
        ear.settle(&heard);
        assert_eq!(ear.heard(), numbers(&[(2, 4)]), "what came while the round ran is not answered by it");
    }
}
