//! The system's clock and randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::World;
use domain::world::Millis;

/// The world that production hands in.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemWorld;

impl World for SystemWorld {
    fn now(&mut self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system hands out randomness once it is up");
    }
}
