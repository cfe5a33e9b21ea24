//! The thread that runs rounds: soon after a write, when asked, when the server nudges, and by itself with growing pauses.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::Instant;

use domain::protocol::{CallError, Peer};

use super::bell::Woken;
use super::pauses::{RoundEnd, before_round};
use super::{HttpPeer, free_bytes, line};
use crate::{Device, DeviceError, SyncState};

/// Rounds run as long as this lives. Dropping it ends the threads after the call under way.
#[must_use = "rounds stop when this is dropped"]
pub struct Background {
    device: Device,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Background {
    fn drop(&mut self) {
        self.device.inner.pulse.bell().end();
        self.device.inner.ear.end();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the rounds had panicked");
            }
        }
    }
}

impl Device {
    /// Starts the threads that run rounds over HTTP and listen for the server's nudges.
    pub fn start_background(&self) -> Background {
        let mut background = self.start_background_with(|device| Ok(Box::new(HttpPeer::of(device)?)));
        self.inner.ear.begin();
        let device = self.clone();
        background.spawn("nudges", move || line::listen(&device));
        background
    }

    /// Rounds only, over another way to the server.
    pub fn start_background_with(
        &self,
        connect: impl Fn(&Device) -> Result<Box<dyn Peer>, DeviceError> + Send + 'static,
    ) -> Background {
        self.inner.pulse.bell().begin();
        let device = self.clone();
        let mut background = Background { device: self.clone(), threads: Vec::new() };
        background.spawn("rounds", move || run(&device, &connect));
        background
    }

    /// Between two rounds, so that no screen waits for it.
    fn lay_in_reserve(&self) {
        let laid_in = self.with_open(|open| {
            open.store.lay_in_reserve();
            Ok::<_, DeviceError>(())
        });
        if let Err(error) = laid_in {
            tracing::debug!(%error, "the reserve was not looked after");
        }
    }

    /// Whether the server tells this phone what is new by itself; rounds without a reason are then rare.
    pub fn is_listening(&self) -> bool {
        self.inner.ear.is_listening()
    }

    /// Asks for a round at once.
    ///
    /// # Errors
    /// [`DeviceError::Locked`] and the storage's errors.
    pub fn sync_now(&self) -> Result<SyncState, DeviceError> {
        self.inner.pulse.bell().ring_now();
        self.sync_state()
    }
}

impl Background {
    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) {
        match std::thread::Builder::new().name(name.into()).spawn(work) {
            Ok(thread) => self.threads.push(thread),
            Err(error) => {
                tracing::error!(%error, name, "no thread: nothing is synchronised by itself until the next start")
            }
        }
    }
}

/// How the thread reaches the server; asked anew for every round, since enrolling again may change the server.
type Connect = dyn Fn(&Device) -> Result<Box<dyn Peer>, DeviceError>;

fn run(device: &Device, connect: &Connect) {
    let (bell, ear) = (device.inner.pulse.bell(), &device.inner.ear);
    let mut failures: u32 = 0;
    let mut at_latest = Instant::now();
    loop {
        match bell.wait(at_latest) {
            Woken::Ended => return,
            // An own push, or a round meanwhile, brought it.
            Woken::Nudged if !ear.is_behind(device) => continue,
            Woken::Nudged | Woken::Due => {}
        }
        let heard = ear.heard();
        device.note_room(free_bytes(device.folder()));
        let outcome = one_round(device, connect);
        if outcome.is_ok() {
            ear.settle(&heard);
        }
        device.lay_in_reserve();
        failures = if outcome.is_ok() { 0 } else { failures.saturating_add(1) };
        let random = device.inner.world_mut(|world| world.random());
        at_latest = Instant::now() + before_round(round_end(device, &outcome, failures), random);
    }
}

/// One round, to whatever end. A panic in it ends this round and no other: the thread is the only one that sends what waits, and the bar
/// would go on saying "soon".
fn one_round(device: &Device, connect: &Connect) -> Result<(), DeviceError> {
    let round = AssertUnwindSafe(|| match connect(device) {
        Ok(peer) => device.round(peer.as_ref()).ended_by.map_or(Ok(()), Err),
        Err(error) => {
            let outcome = Err(error);
            device.note_hindrance(&outcome);
            outcome
        }
    });
    // What was being written is undone by its transaction, and a lock that it held is taken all the same.
    catch_unwind(round).unwrap_or_else(|_| {
        // Not its message: that may hold what stands in a record.
        tracing::error!(code = "round_panicked", "a round broke off in the middle");
        let outcome = Err(DeviceError::StorageBroken("a round broke off in the middle".into()));
        device.note_hindrance(&outcome);
        outcome
    })
}

fn round_end(device: &Device, outcome: &Result<(), DeviceError>, failures: u32) -> RoundEnd {
    match outcome {
        Err(DeviceError::Locked | DeviceError::LockedByDesk | DeviceError::NotEnrolled) => RoundEnd::NotOpen,
        Err(DeviceError::Call(CallError::SignedOut | CallError::Revoked)) => RoundEnd::SignedOut,
        // What still waits after a whole round is a photo in its pause or for Wi-Fi, or was written meanwhile.
        Ok(()) => RoundEnd::Whole {
            listening: device.is_listening(),
            clock_wrong: device.sync_state().is_ok_and(|state| state.clock_wrong),
        },
        Err(_) => RoundEnd::Failed {
            times: failures,
            something_waits: device.sync_state().is_ok_and(|state| state.something_can_go()),
        },
    }
}
