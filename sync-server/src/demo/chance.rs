//! Seeded chance: the seed and a name are the whole story, so every part of the county can be made alone and comes out the same.

use domain::world::Millis;
use domain::{AccountId, RecordId};
use rand::rngs::ChaCha8Rng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// A reproducible source of chance.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    /// The chance that belongs to a seed and a name.
    pub(crate) fn of(seed: u64, name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(name.as_bytes());
        Self(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.0.random_ratio(percent.min(100), 100)
    }

    /// A fresh 64-bit number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// One of several.
    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.0.random_range(0..items.len())]
    }

    /// One of several words or numbers.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        *self.one_of(items)
    }

    /// One of several, each as often as its weight says.
    pub(crate) fn weighted<T: Copy>(&mut self, items: &[(T, u32)]) -> T {
        let total: u32 = items.iter().map(|(_, weight)| weight).sum();
        let mut left = self.0.random_range(0..total);
        for (item, weight) in items {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        items[items.len() - 1].0
    }

    /// A record id made at that moment.
    pub(crate) fn record_id(&mut self, at: Millis) -> RecordId {
        let mut random = [0; 10];
        self.0.fill_bytes(&mut random);
        RecordId(uuid::Builder::from_unix_timestamp_millis(at.max(0) as u64, &random).into_uuid())
    }
}

/// An account name that this module wrote itself.
pub(crate) fn account(name: &str) -> AccountId {
    AccountId::new(name).expect("demonstration accounts have the form of account names")
}
