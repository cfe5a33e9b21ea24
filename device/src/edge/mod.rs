//! Where the phone touches the world: the system's clock and randomness, sockets, and the thread that runs rounds.

mod background;
mod bell;
mod enrol;
mod http;
mod http_peer;
mod system_world;

pub use background::Background;
pub(crate) use bell::Bell;
pub use enrol::enrol_over_http;
pub(crate) use http::Http;
pub use http_peer::HttpPeer;
pub use system_world::SystemWorld;
