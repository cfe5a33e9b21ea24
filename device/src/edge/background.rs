//! The thread that runs rounds: soon after a write, when asked, and by itself with growing pauses.

use std::thread::JoinHandle;
use std::time::Duration;

use domain::protocol::Peer;

use super::HttpPeer;
use crate::round::waiting;
use crate::{Device, DeviceError, SyncState};

/// Without anything to send the phone asks this often what is new.
const IDLE: Duration = Duration::from_secs(15);
/// While something waits and the server is not there, no pause is longer than this: it must be noticed without a tap.
const WAITING_MOST: Duration = Duration::from_secs(5);
/// Without anything waiting, the longest pause.
const FAILING_MOST: Duration = Duration::from_secs(30);
/// A phone that is signed out asks rarely: only somebody at the desk can change that.
const SIGNED_OUT: Duration = Duration::from_secs(120);

/// Rounds run as long as this lives. Dropping it ends the thread after the call under way.
#[must_use = "rounds stop when this is dropped"]
pub struct Background {
    device: Device,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Background {
    fn drop(&mut self) {
        self.device.inner.pulse.bell().end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the rounds had panicked");
        }
    }
}

impl Device {
    /// Starts the thread that runs rounds over HTTP.
    pub fn start_background(&self) -> Background {
        self.start_background_with(|device| Ok(Box::new(HttpPeer::of(device)?)))
    }

    /// The same with another way to the server.
    pub fn start_background_with(
        &self,
        connect: impl Fn(&Device) -> Result<Box<dyn Peer>, DeviceError> + Send + 'static,
    ) -> Background {
        self.inner.pulse.bell().begin();
        let device = self.clone();
        let thread = std::thread::Builder::new().name("rounds".into()).spawn(move || run(&device, &connect));
        if let Err(error) = &thread {
            tracing::error!(%error, "no thread for the rounds: nothing is synchronised until the next start");
        }
        Background { device: self.clone(), thread: thread.ok() }
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

    /// Asks for a round at once.
    ///
    /// # Errors
    /// [`DeviceError::Locked`] and the storage's errors.
    pub fn sync_now(&self) -> Result<SyncState, DeviceError> {
        self.inner.pulse.bell().ring_now();
        self.sync_state()
    }
}

/// How the thread reaches the server; asked anew for every round, since enrolling again may change the server.
type Connect = dyn Fn(&Device) -> Result<Box<dyn Peer>, DeviceError>;

fn run(device: &Device, connect: &Connect) {
    let mut failures: u32 = 0;
    let mut pause = Duration::ZERO;
    while device.inner.pulse.bell().wait(pause) {
        let outcome = connect(device).and_then(|peer| device.round(peer.as_ref()).ended_by.map_or(Ok(()), Err));
        device.lay_in_reserve();
        failures = if outcome.is_ok() { 0 } else { failures.saturating_add(1) };
        pause = jittered(device, pause_after(device, &outcome, failures));
    }
}

fn pause_after(device: &Device, outcome: &Result<(), DeviceError>, failures: u32) -> Duration {
    use domain::protocol::CallError::{Revoked, SignedOut};
    let something_waits = device.with_open(|open| Ok::<_, DeviceError>(!waiting(open)?.nothing())).unwrap_or(false);
    match outcome {
        // Unlocking rings the bell.
        Err(DeviceError::Locked | DeviceError::LockedByDesk | DeviceError::NotEnrolled) => FAILING_MOST,
        Err(DeviceError::Call(SignedOut | Revoked)) => SIGNED_OUT,
        // What still waits after a whole round is a photo in its pause, or was written meanwhile.
        Ok(()) => IDLE,
        Err(_) => {
            let most = if something_waits { WAITING_MOST } else { FAILING_MOST };
            Duration::from_secs(1 << (failures - 1).min(5)).min(most)
        }
    }
}

/// Up to a fifth less: phones that lost the same server do not come back in step.
fn jittered(device: &Device, pause: Duration) -> Duration {
    let random = device.inner.world_mut(|world| world.random());
    let share = (random % 1000) as f64 / 1000.0 * 0.2;
    pause.mul_f64(1.0 - share)
}
