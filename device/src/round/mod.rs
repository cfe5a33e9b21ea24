//! Sync rounds.

mod state;

pub use state::{RoundReport, SyncPhase, SyncState};
