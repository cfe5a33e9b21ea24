//! Phones, what they were ordered to do, what they told of themselves and what they handed in.

use domain::health::nearly_full;
use domain::order::DeviceOrder;
use domain::{AccountId, DeviceId, Sha256Hex};

use super::Millis;

/// An enrolled phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name for the protocol.
    pub id: DeviceId,
    /// Whose it is.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// The app's version, as the phone told it last.
    pub app_version: String,
    /// When it was enrolled.
    pub enrolled_at: Millis,
    /// When it was last heard of.
    pub seen_at: Millis,
    /// When it was revoked, by what was known of the time.
    pub revoked_at: Option<Millis>,
    /// What the desk ordered it to do to itself, last.
    pub order: Option<OrderGiven>,
    /// How it stood when it told so last; none: it never told.
    pub health: Option<HealthTold>,
}

/// How a phone stands, as it told itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthTold {
    /// When.
    pub at: Millis,
    /// Records with something unsent.
    pub waiting_changes: u64,
    /// Photos whose bytes are not here.
    pub waiting_photos: u64,
    /// Since when something has been waiting each time the phone told; none when nothing waits.
    pub waiting_since: Option<Millis>,
    /// Records of which something was refused.
    pub refused: u64,
    /// What the register takes, in bytes.
    pub register_bytes: u64,
    /// What is free, in bytes; none where the phone does not know.
    pub free_bytes: Option<u64>,
}

impl HealthTold {
    /// Whether hardly anything more fits.
    pub fn is_nearly_full(&self) -> bool {
        nearly_full(self.free_bytes, self.register_bytes)
    }
}

/// An order to a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderGiven {
    /// What.
    pub what: DeviceOrder,
    /// When.
    pub at: Millis,
    /// By whom: an account, or `server`.
    pub by: String,
    /// When the phone reported that it is done.
    pub reported_at: Option<Millis>,
}

/// A sealed piece of unsent work that a phone handed in, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandInLine {
    /// Its content's SHA-256.
    pub digest: Sha256Hex,
    /// How many changes the phone says are inside.
    pub changes: u64,
    /// How many photos.
    pub photos: u64,
    /// When it came.
    pub at: Millis,
    /// How long the server had served by then, in milliseconds.
    pub served: Millis,
    /// Sealed bytes.
    pub bytes: u64,
    /// Whether the sealed bytes are still here: until all of it was taken in.
    pub kept: bool,
    /// When it was taken in last.
    pub taken_at: Option<Millis>,
    /// How much of it was refused then.
    pub refused: u64,
}
