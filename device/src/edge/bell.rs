//! The bell that wakes the background thread: after a write, when somebody asks, at the end.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::open::lock;

/// A write is followed by others (a form saves several fields): this long the sender waits for them.
const AFTER_WRITE: Duration = Duration::from_millis(300);

/// A tap on the wrong door can be taken back without trace only until the visit was offered: it is held back a little longer
/// than the screen offers "undo" (5 s). Whoever asks for a round, or a round that was due anyway, sends it earlier.
const AFTER_VISIT: Duration = Duration::from_secs(6);

/// Wakes one waiting thread.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct State {
    due: Option<Instant>,
    ended: bool,
}

impl Bell {
    /// Something was written.
    pub(crate) fn ring_after_write(&self) {
        self.ring_in(AFTER_WRITE);
    }

    /// A visit was recorded, and may be taken back.
    pub(crate) fn ring_after_visit(&self) {
        self.ring_in(AFTER_VISIT);
    }

    /// Somebody asked.
    pub(crate) fn ring_now(&self) {
        self.ring_in(Duration::ZERO);
    }

    fn ring_in(&self, pause: Duration) {
        let due = Instant::now() + pause;
        let mut state = lock(&self.state);
        state.due = Some(state.due.map_or(due, |earlier| earlier.min(due)));
        self.rung.notify_all();
    }

    /// The thread that listens has to end.
    pub(crate) fn end(&self) {
        lock(&self.state).ended = true;
        self.rung.notify_all();
    }

    /// A thread begins to listen.
    pub(crate) fn begin(&self) {
        lock(&self.state).ended = false;
    }

    /// Waits until the bell is due or the time is over. False: end.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        let timeout = Instant::now() + at_most;
        let mut state = lock(&self.state);
        loop {
            if state.ended {
                return false;
            }
            let until = state.due.map_or(timeout, |due| due.min(timeout));
            let now = Instant::now();
            if until <= now {
                state.due = None;
                return true;
            }
            let waited = self.rung.wait_timeout(state, until - now);
            state = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }
}
