//! Clocks and randomness of the simulated programs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::World;
use domain::world::Millis;

use super::chance::Chance;

/// When the template is made: an evening in November 2026.
const BEGIN: Millis = 1_795_000_000_000;

/// The true time, which only the history moves.
#[derive(Debug, Clone)]
pub(super) struct Time(Arc<AtomicI64>);

impl Time {
    pub(super) fn begin() -> Self {
        Self::at(BEGIN)
    }

    pub(super) fn at(millis: Millis) -> Self {
        Self(Arc::new(AtomicI64::new(millis)))
    }

    pub(super) fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn pass(&self, millis: Millis) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

/// How far a clock is off the true time; it may jump while a program runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Drift(Arc<AtomicI64>);

impl Drift {
    pub(super) fn set(&self, millis: Millis) {
        self.0.store(millis, Ordering::SeqCst);
    }

    pub(super) fn get(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}

/// The world of one simulated program.
#[derive(Debug)]
pub(super) struct SimulatedWorld {
    time: Time,
    drift: Drift,
    chance: Chance,
}

impl SimulatedWorld {
    pub(super) fn new(time: &Time, drift: &Drift, chance: Chance) -> Self {
        Self { time: time.clone(), drift: drift.clone(), chance }
    }
}

impl World for SimulatedWorld {
    fn now(&mut self) -> Millis {
        self.time.now() + self.drift.get()
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        self.chance.fill(bytes);
    }
}
