//! Every write, sync, change of size, new name, rename and removal of one whole round with a photo fails once: the program that asked
//! ends there, or the operation fails, or there is no room from there on.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Line;
use super::stage::{Side, Stage, Tried};
use crate::disk::Fault;
use crate::trouble::{Outcome, Trouble};

/// What fails, and how it is called.
const FAULTS: [(Fault, &str); 3] = [
    (Fault::Kill, "killed (SIGKILL)"),
    (Fault::Error, "one error (EIO)"),
    (Fault::Full, "no room from there on (ENOSPC)"),
];

/// Tries every `step`-th operation, on one side or both, on so many stages at a time.
///
/// # Errors
/// When a try could not be made.
pub fn run(folder: &Path, photo: &Path, only: Option<Side>, step: u64, lanes: usize) -> Outcome<Vec<Line>> {
    let stages = stages(folder, photo, lanes)?;
    let mut lines = Vec::new();
    for side in [Side::Phone, Side::Server].into_iter().filter(|side| only.is_none_or(|only| only == *side)) {
        // Nothing fails: so many operations there are.
        let whole = stages[0].attempt(side, Fault::Error, u64::MAX)?;
        for (fault, name) in FAULTS {
            let points: Vec<u64> = (0..whole.operations).step_by(usize::try_from(step.max(1)).unwrap_or(1)).collect();
            let tried = all(&stages, &points, |stage, after| stage.attempt(side, fault, after))?;
            let line = line(&format!("{}: {name}", side.name()), whole.operations, &whole, &tried);
            eprintln!("{}: {} tried, {} failures", line.what, line.tried, line.failures.len());
            lines.push(line);
        }
    }
    Ok(lines)
}

/// Stages beside each other.
pub(super) fn stages(folder: &Path, photo: &Path, lanes: usize) -> Outcome<Vec<Stage>> {
    let stage = |lane: usize| {
        let own = folder.join(format!("lane-{lane}"));
        std::fs::create_dir_all(&own).map_err(|error| Trouble(error.to_string()))?;
        Stage::set(&own, photo)
    };
    (0..lanes.max(1)).map(stage).collect()
}

/// Makes every try, each on the next free stage; results in the order of the points.
pub(super) fn all(
    stages: &[Stage],
    points: &[u64],
    attempt: impl Fn(&Stage, u64) -> Outcome<Tried> + Sync,
) -> Outcome<Vec<(u64, Tried)>> {
    let (next, done) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let outcome: Outcome = std::thread::scope(|scope| {
        let lane = |stage| {
            loop {
                let place = next.fetch_add(1, Ordering::SeqCst);
                let Some(point) = usize::try_from(place).ok().and_then(|place| points.get(place)) else {
                    return Ok(());
                };
                let tried = attempt(stage, *point)?;
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((*point, tried));
            }
        };
        let lanes: Vec<_> = stages.iter().map(|stage| scope.spawn(move || lane(stage))).collect();
        lanes.into_iter().try_for_each(|lane| lane.join().expect("a lane does not panic"))
    });
    outcome?;
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(point, _)| *point);
    Ok(done)
}

fn line(what: &str, operations: u64, whole: &Tried, tried: &[(u64, Tried)]) -> Line {
    let fired = tried.iter().filter(|(_, tried)| tried.fired).count();
    let restarted = tried.iter().filter(|(_, tried)| tried.restarted).count();
    let mut failures: Vec<String> = whole.failures.iter().map(|why| format!("untouched: {why}")).collect();
    for (point, tried) in tried {
        failures.extend(tried.failures.iter().map(|why| format!("at operation {point}: {why}")));
    }
    Line {
        what: what.to_owned(),
        tried: fired as u64,
        seen: format!("{operations} operations; {restarted} × the server had to be started anew"),
        failures,
    }
}
