//! Chance, drawn from the seed alone.

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// A stream of decisions.
#[derive(Debug)]
pub(super) struct Chance(StdRng);

impl Chance {
    /// The stream of a seed. Different uses of one seed take different `stream`s, so that one more draw here changes nothing there.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&stream.to_le_bytes());
        Self(StdRng::from_seed(bytes))
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end.max(1))
    }

    /// A number within bounds, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        self.0.random_range(least..=most)
    }

    /// Whether something that happens so often (of 100) happens now.
    pub(super) fn percent(&mut self, often: usize) -> bool {
        self.below(100) < often
    }

    /// One of several; none of nothing.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// Random bytes.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}
