//! Where the phone touches the world: the system's clock and randomness, sockets, and the threads that run rounds and listen.

mod background;
mod bell;
mod ear;
mod enrol;
mod http;
mod http_peer;
mod line;
mod pauses;
mod room;
mod system_world;
mod way;

pub use background::Background;
pub(crate) use bell::Bell;
pub(crate) use ear::Ear;
pub use enrol::enrol_over_http;
pub(crate) use http::Http;
pub use http_peer::HttpPeer;
pub(crate) use room::free_bytes;
pub use system_world::SystemWorld;
