//! A small county in one thread: phones, the hub and the network between them, with every decision drawn from one seed.
//!
//! The code that runs is production's: `device` and the hub on real SQLite files, meeting in `domain::protocol::Peer`. What is
//! simulated is the world around them: clocks, chance, people, and a network that loses, repeats and delays. One seed is one
//! history; [`run`] tells it again.

mod chance;
mod conflicts;
mod county;
mod history;
mod judge;
mod ledger;
mod phone;
mod wire;
mod world;

use std::path::Path;

use crate::trouble::{Outcome, Trouble};

/// What happened in one history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Everything saved on phones.
    pub saved: usize,
    /// Calls that the network spoiled.
    pub faults: usize,
    /// Times that a phone's program was ended and started again.
    pub crashes: usize,
    /// Changes that the server refused.
    pub refused: usize,
    /// Photos that arrived.
    pub photos: usize,
    /// Values that were set aside and that nobody decided on.
    pub conflicts: usize,
    /// The server's records at the end, one line each, in one order: equal seeds give equal bytes.
    pub records: String,
}

/// Lives through the history of a seed in an empty folder, and judges how it ended.
///
/// # Errors
/// With the first law that was broken, and the command that replays the history.
pub fn run(seed: u64, folder: &Path) -> Outcome<Told> {
    history::live(seed, folder).map_err(|broken| {
        Trouble(format!(
            "History {seed} broke a law: {broken}\nReplay it: \
             DOORSTEP_SEED={seed} cargo test -p doorstep-tests --test simulation -- --nocapture"
        ))
    })
}
