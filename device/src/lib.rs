//! The phone without its window: encrypted store, outbox, drafts, search, photos, sync rounds, and every command the
//! window can ask for.
//!
//! Blocking and without a clock of its own: time and randomness come in through [`domain::World`]; sockets, threads and the
//! system's clock live in [`edge`].

pub mod api;
mod biometry;
mod conflicts;
pub mod crypto;
mod damage;
mod device;
pub mod edge;
mod error;
mod forms;
mod handover;
pub mod network;
mod open;
mod ordered;
mod outbox;
mod owner;
pub mod picture;
pub mod preferences;
pub mod read;
pub mod round;
pub mod search;
pub mod store;
mod workers;

pub use device::{Device, DeviceConfig, Phase};
pub use edge::Background;
pub use error::DeviceError;
pub use open::{Account, Open, Seen};
pub use outbox::Refused;
pub use round::{Hindrance, RoundReport, SyncPhase, SyncState};
pub use workers::{NewWorld, PhoneBackground, PhoneConfig, SharedPhone, WorkerLine};
