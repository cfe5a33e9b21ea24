//! Power cuts at any moment of a whole round with a photo, on either side: what was not synced is lost, in part or whole.

use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::Line;
use super::stage::Side;
use super::writes::{all, stages};
use crate::disk::Fault;
use crate::trouble::Outcome;

/// Cuts the power so often, half of the times on each side.
///
/// # Errors
/// When a try could not be made.
pub fn run(folder: &Path, photo: &Path, cuts: u64, seed: u64, lanes: usize) -> Outcome<Vec<Line>> {
    let stages = stages(folder, photo, lanes)?;
    let mut lines = Vec::new();
    for side in [Side::Phone, Side::Server] {
        let operations = stages[0].attempt(side, Fault::Error, u64::MAX)?.operations;
        let seeds: Vec<u64> = (0..cuts / 2).map(|number| seed + number).collect();
        let tried = all(&stages, &seeds, |stage, seed| {
            let after = StdRng::seed_from_u64(seed).random_range(0..operations.max(1));
            stage.attempt(side, Fault::PowerCut(seed), after)
        })?;
        let cut = tried.iter().filter(|(_, tried)| tried.fired);
        let bytes: usize = tried.iter().map(|(_, tried)| tried.lost).sum();
        let mut failures = Vec::new();
        for (seed, tried) in &tried {
            failures.extend(tried.failures.iter().map(|why| format!("seed {seed}: {why}")));
        }
        eprintln!("{}: {} tried, {} failures", side.name(), tried.len(), failures.len());
        lines.push(Line {
            what: format!("power cut of the {}", side.name()),
            tried: cut.count() as u64,
            seen: format!("{:.1} MB of unsynced bytes were lost", bytes as f64 / 1e6),
            failures,
        });
    }
    Ok(lines)
}
