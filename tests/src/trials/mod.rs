//! The trials: production's phone and server as programs, while the system around them fails.
//!
//! What was acknowledged or saved must be there afterwards, everything must open again without help, and no queue may be stuck.

pub mod county;
pub mod network;
pub mod outside;
pub mod power;
pub mod server;
pub mod stage;
pub mod writes;

/// One line of a trial's table, in the columns of its head.
#[derive(Debug)]
pub struct Line {
    /// What was tried.
    pub what: String,
    /// How often.
    pub tried: u64,
    /// What there is to know besides.
    pub seen: String,
    /// What must not be: each with what happened.
    pub failures: Vec<String>,
}
