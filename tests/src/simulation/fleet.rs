//! Many histories at once: on every core, one after the other, until there are enough or one breaks a law.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Told, folder, replay, run};
use crate::trouble::{Outcome, Trouble};

/// Which histories are lived, and until when.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The first seed.
    pub first: u64,
    /// How many histories at most.
    pub histories: u64,
    /// How long at most.
    pub time: Option<Duration>,
    /// How many threads.
    pub threads: usize,
    /// Whether one broken law ends it all.
    pub stop_at_first: bool,
}

/// What all the histories had.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many were lived to their end.
    pub histories: u64,
    /// Steps.
    pub steps: u64,
    /// Phones, clones included.
    pub phones: u64,
    /// Words saved.
    pub saved: u64,
    /// Photos that arrived.
    pub photos: u64,
    /// How often what happened.
    pub counts: BTreeMap<String, u64>,
    /// Those that broke a law, by seed.
    pub broken: Vec<Broken>,
}

/// A history that broke a law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its seed.
    pub seed: u64,
    /// The law.
    pub law: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "History {} broke a law: {}\nReplay it: {}", self.seed, self.law, replay(self.seed))
    }
}

impl Tally {
    fn add(&mut self, told: &Told) {
        self.histories += 1;
        self.steps += told.steps as u64;
        self.phones += told.phones as u64;
        self.saved += told.saved as u64;
        self.photos += told.photos as u64;
        for (what, count) in &told.counts {
            *self.counts.entry(what.clone()).or_default() += *count as u64;
        }
    }
}

impl Fleet {
    /// Lives the histories. `watch` is told of the tally after each, on whichever thread it ended.
    ///
    /// # Errors
    /// When no folder can be made; a broken law is in the tally.
    pub fn sail(&self, watch: &(dyn Fn(&Tally) + Sync)) -> Outcome<Tally> {
        let (next, over) = (AtomicU64::new(0), AtomicBool::new(false));
        let tally = Mutex::new(Tally::default());
        let begun = Instant::now();
        let late = || self.time.is_some_and(|time| begun.elapsed() >= time);
        let all = folder()?;
        let work = |number: usize| {
            let own = all.path().join(number.to_string());
            while !over.load(Ordering::SeqCst) && !late() {
                let index = next.fetch_add(1, Ordering::SeqCst);
                if index >= self.histories {
                    return;
                }
                let seed = self.first + index;
                let lived = in_folder(&own, |place| run(seed, place));
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                match lived {
                    Ok(told) => tally.add(&told),
                    Err(Trouble(law)) => {
                        tally.broken.push(Broken { seed, law });
                        over.fetch_or(self.stop_at_first, Ordering::SeqCst);
                    }
                }
                watch(&tally);
            }
        };
        std::thread::scope(|scope| {
            for number in 0..self.threads.max(1) {
                let work = &work;
                scope.spawn(move || work(number));
            }
        });
        let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        tally.broken.sort_by_key(|broken| broken.seed);
        Ok(tally)
    }
}

/// Gives a history an empty folder, and clears it away.
fn in_folder<T>(own: &PathBuf, live: impl FnOnce(&std::path::Path) -> Outcome<T>) -> Outcome<T> {
    let trouble = |error: std::io::Error| Trouble(format!("making a folder: {error}"));
    if own.exists() {
        std::fs::remove_dir_all(own).map_err(trouble)?;
    }
    std::fs::create_dir_all(own).map_err(trouble)?;
    let lived = live(own);
    if own.exists() {
        std::fs::remove_dir_all(own).map_err(trouble)?;
    }
    lived
}
