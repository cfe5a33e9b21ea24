//! Histories of a small county, each drawn from one seed: whatever the network, the clocks, the disks and the people do, the
//! laws of docs/RELIABILITY.md hold.

use std::collections::BTreeMap;

use doorstep_tests::simulation::{self, Fault, Fleet, Told};
use doorstep_tests::trouble::{Outcome, trouble};

/// How many histories a normal test run lives through.
const HISTORIES: u64 = 5_000;

/// What must have happened often enough in them: a simulation in which nothing goes wrong says nothing.
const MISHAPS: &[&str] = &[
    "phone Cut blew",
    "phone Fail blew",
    "server came back after a power cut",
    "step RestoreServer",
    "step RestorePhone",
    "step ClonePhone",
    "step RevokePhone",
    "step HandOver",
    "step FillPhone",
    "step FillServer",
    "step JumpYears",
    "step SetServerClock",
    "enrolled again",
    "refused NotAllowed",
    "refused ForeignCell",
    "refused StampFuture",
    "accepted photo",
    "conflict left open",
    "marked",
    "handed over",
    "mark handed over",
    "ordered on a phone",
    "dispute event",
    "party erased",
    "party from another cell",
    "parties corrected by several",
    "parties restored",
    "parties restored at the desk",
    "word in a file of nobody",
    "form of a file left",
    "informed",
    "counted the same",
    "cells merged",
    "cells merged again",
    "cells split",
    "role changed",
    "accepted premises",
    "accepted tenancy",
    "accepted inspection",
    "accepted recheck",
    "hazard reported",
    "notice published",
    "told of a notice",
    "accepted notice_ack",
    "accepted care_plan",
    "visit by a plan",
    "step at the desk",
];

/// Of these the widest mix leaves fewer: somebody has to set a list of parties aside first, and somebody else to let it stand again.
const RAREST: &[&str] = &["parties restored", "parties restored at the desk"];

#[test]
fn every_history_keeps_the_laws() -> Outcome {
    let histories = std::env::var("DOORSTEP_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(HISTORIES);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let tally = Fleet { first: 0, histories, time: None, threads, stop_at_first: true }.sail(&|_| {})?;
    if let Some(broken) = tally.broken.first() {
        return trouble(broken.to_string());
    }
    println!("{} histories, {} steps, {} words", tally.histories, tally.steps, tally.saved);
    assert!(tally.steps >= 120 * tally.histories && tally.phones >= 2 * tally.histories);
    let faults = Fault::ALL.iter().map(|fault| format!("{fault:?}"));
    for what in MISHAPS.iter().map(|what| (*what).to_owned()).chain(faults) {
        let count = tally.counts.get(&what).copied().unwrap_or(0);
        let least = if RAREST.contains(&what.as_str()) { histories / 2_500 } else { histories / 500 };
        assert!(count > least, "only {count} times {what} in {histories} histories");
    }
    Ok(())
}

#[test]
fn the_same_seed_lives_the_same_history() -> Outcome {
    for seed in 0..12 {
        let live = || -> Outcome<Told> { simulation::run(seed, simulation::folder()?.path()) };
        let (first, second) = (live()?, live()?);
        assert_eq!(first, second);
        assert!(!first.records.is_empty());
    }
    Ok(())
}

#[test]
fn every_seed_draws_another_history() -> Outcome {
    let mut seen = BTreeMap::new();
    for seed in 0..6 {
        let told = simulation::run(seed, simulation::folder()?.path())?;
        if let Some(same) = seen.insert(told.records, seed) {
            return trouble(format!("Seeds {same} and {seed} lived the same history."));
        }
    }
    Ok(())
}
