//! A small county in one thread: phones, the hub and the network between them, with every decision drawn from one seed.
//!
//! The code that runs is production's: `device` and the hub on real SQLite files, meeting in `domain::protocol::Peer`. What is
//! simulated is the world around them: clocks, chance, people, a network that loses, repeats, delays and cuts short, disks that
//! fill up, power that goes at a commit, phones that are copied and put back, a server that is restored. One seed is one
//! history; [`run`] tells it again. docs/RELIABILITY.md says what is tried and which laws must hold.

mod accounts;
mod approvals;
mod between;
mod borders;
mod care;
mod case_files;
mod chance;
mod conflicts;
mod county;
mod desk;
mod disk;
mod dispute;
mod entries;
mod erasure;
mod evacuation;
mod fleet;
mod handover;
mod heal;
mod history;
mod imports;
mod incidents;
mod informant;
mod inspections;
mod laws;
mod ledger;
mod lists;
mod merging;
mod mishaps;
mod mix;
mod notices;
mod orders;
mod parties;
mod people;
mod phone;
mod roles;
mod said;
mod scene;
mod scene_desk;
mod scene_evacuation;
mod scene_pieces;
mod scene_storage;
mod several;
mod template;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

pub use fleet::{Broken, Fleet, Tally};
pub use scene::Scene;
pub use scene_storage::Page;
pub use wire::Fault;

use crate::trouble::{Doing, Outcome, Trouble};
use history::Telling;

/// What happened in one history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// How many steps it had.
    pub steps: usize,
    /// How many phones there were in the end, clones included.
    pub phones: usize,
    /// Everything saved on phones.
    pub saved: usize,
    /// Photos that arrived.
    pub photos: usize,
    /// How often what happened: steps, faults, verdicts.
    pub counts: BTreeMap<String, usize>,
    /// The server's records at the end, one line each, in one order: equal seeds give equal bytes.
    pub records: String,
}

/// A folder for histories that is gone afterwards; in memory where the system offers that, since every save waits for the disk.
///
/// # Errors
/// When none can be made.
pub fn folder() -> Outcome<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.doing("making a folder")
}

/// Lives through the history of a seed in an empty folder, and judges how it ended.
///
/// # Errors
/// With the first law that was broken.
pub fn run(seed: u64, folder: &Path) -> Outcome<Told> {
    live(seed, folder, &Telling::default())
}

/// Lives through a history and tells every step as it happens; also what is said on the wire about records with certain words.
///
/// # Errors
/// With the first law that was broken.
pub fn tell(seed: u64, about: Option<&str>) -> Outcome<Told> {
    live(seed, folder()?.path(), &Telling { aloud: true, about })
}

fn live(seed: u64, folder: &Path, telling: &Telling<'_>) -> Outcome<Told> {
    let lived = std::panic::catch_unwind(|| history::live(seed, folder, telling));
    lived.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Trouble(format!("It panicked: {}", said.unwrap_or_default())))
    })
}

/// The one command that lives through a history again and tells every step.
pub fn replay(seed: u64) -> String {
    format!("cargo xtask soak --seed {seed}")
}
