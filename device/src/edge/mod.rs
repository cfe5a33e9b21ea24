//! Where the phone touches the world: the system's clock and randomness, sockets, and the thread that runs rounds.

mod bell;
mod system_world;

pub(crate) use bell::Bell;
pub use system_world::SystemWorld;
