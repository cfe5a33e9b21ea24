//! The one door through which time and chance enter: everything else here is a function of its arguments.

use uuid::Uuid;

use crate::ids::{DeviceId, Epoch, RecordId};
use crate::stamp::Node;

/// Milliseconds since 1970-01-01T00:00:00Z, as every stamp and domain time counts them.
pub type Millis = i64;

/// The clock and the source of randomness of one running program.
///
/// Production hands in the system's; a test hands in a seeded one, and the seed is then the whole story.
pub trait World: Send {
    /// What the clock on the wall says. It may jump, stand still or be years off: see [`crate::HybridClock`].
    fn now(&mut self) -> Millis;

    /// Fills `bytes` with randomness: unguessable in production, reproducible in a simulation.
    fn fill(&mut self, bytes: &mut [u8]);

    /// A fresh 64-bit number.
    fn random(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A fresh record id (UUIDv7: sorts roughly by the time of creation, which keeps indexes compact).
    fn record_id(&mut self) -> RecordId {
        RecordId(uuid_v7(self.now(), &mut |bytes| self.fill(bytes)))
    }

    /// A fresh device id, given out by the server at enrolment.
    fn device_id(&mut self) -> DeviceId {
        DeviceId(uuid_v7(self.now(), &mut |bytes| self.fill(bytes)))
    }

    /// A fresh epoch of a server database: new at creation and after every restore from a backup.
    fn epoch(&mut self) -> Epoch {
        Epoch(uuid_v7(self.now(), &mut |bytes| self.fill(bytes)))
    }

    /// A fresh node for the stamps of one program run. Never stored: a restored backup or a cloned phone gets another.
    fn node(&mut self) -> Node {
        Node(self.random())
    }
}

fn uuid_v7(now: Millis, fill: &mut dyn FnMut(&mut [u8])) -> Uuid {
    let mut random = [0; 10];
    fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(now.max(0) as u64, &random).into_uuid()
}
