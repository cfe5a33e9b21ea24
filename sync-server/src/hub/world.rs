//! The system's clock and randomness, as the server's [`World`].

use std::time::{SystemTime, UNIX_EPOCH};

use domain::World;
use domain::world::Millis;

/// Production's world.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemWorld;

impl World for SystemWorld {
    fn now(&mut self) -> Millis {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("every system this runs on has a source of randomness");
    }
}
