//! Histories of a small county, each drawn from one seed: whatever the network, the clocks and the people do, the laws hold.

use doorstep_tests::simulation::{self, Told};
use doorstep_tests::trouble::{Doing, Outcome};

/// How many histories a normal test run lives through.
const HISTORIES: u64 = 200;

/// A folder that is gone afterwards; in memory where the system offers that, since every save waits for the disk.
fn folder() -> Outcome<tempfile::TempDir> {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.doing("making a folder")
}

fn live(seed: u64) -> Outcome<Told> {
    simulation::run(seed, folder()?.path())
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_history_keeps_the_laws() -> Outcome {
    if let Some(seed) = number("DOORSTEP_SEED") {
        let told = live(seed)?;
        println!("{}{told:?}", told.records);
        return Ok(());
    }
    let mut all = Told::default();
    let histories = number("DOORSTEP_HISTORIES").unwrap_or(HISTORIES);
    for seed in 0..histories {
        let told = live(seed)?;
        all.saved += told.saved;
        all.faults += told.faults;
        all.crashes += told.crashes;
        all.refused += told.refused;
        all.photos += told.photos;
        all.conflicts += told.conflicts;
    }
    println!(
        "{histories} histories: {} words saved, {} faults, {} crashes, {} refusals, {} photos, {} conflicts",
        all.saved, all.faults, all.crashes, all.refused, all.photos, all.conflicts
    );
    // A simulation in which nothing goes wrong says nothing.
    for (what, count) in [
        ("saved words", all.saved),
        ("faults", all.faults),
        ("crashes", all.crashes),
        ("refusals", all.refused),
        ("photos", all.photos),
        ("conflicts", all.conflicts),
    ] {
        assert!(count as u64 > histories / 10, "only {count} {what} in {histories} histories");
    }
    Ok(())
}

#[test]
fn the_same_seed_lives_the_same_history() -> Outcome {
    for seed in [7, 8] {
        let (first, second) = (live(seed)?, live(seed)?);
        assert_eq!(first, second);
        assert!(!first.records.is_empty());
    }
    Ok(())
}
