//! The bell that wakes the background thread: after a write, when somebody asks, when the server nudges, at the end.

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
    nudged: bool,
    heard: bool,
    ended: bool,
}

/// Why the thread woke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// A round is due.
    Due,
    /// The server said that something is new; whether it still is must be looked up.
    Nudged,
    /// The thread has to end.
    Ended,
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

    /// The server said that something is new.
    pub(crate) fn nudge(&self) {
        lock(&self.state).nudged = true;
        self.rung.notify_all();
    }

    /// A round is due after this pause, unless one is due earlier.
    pub(crate) fn ring_in(&self, pause: Duration) {
        let due = Instant::now() + pause;
        let mut state = lock(&self.state);
        state.due = Some(state.due.map_or(due, |earlier| earlier.min(due)));
        self.rung.notify_all();
    }

    /// The thread that listens has to end.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        (state.ended, state.heard) = (true, false);
        self.rung.notify_all();
    }

    /// A thread begins to listen.
    pub(crate) fn begin(&self) {
        let mut state = lock(&self.state);
        (state.ended, state.heard) = (false, true);
    }

    /// Whether the thread, busy with something long, is wanted for another round. Never where nobody listens: there, rounds are
    /// asked for one by one.
    pub(crate) fn is_calling(&self) -> bool {
        let state = lock(&self.state);
        let due = state.due.is_some_and(|due| due <= Instant::now());
        state.heard && (state.nudged || due)
    }

    /// Waits until the bell is due, somebody nudges, or the moment has come.
    pub(crate) fn wait(&self, at_latest: Instant) -> Woken {
        let mut state = lock(&self.state);
        loop {
            if state.ended {
                return Woken::Ended;
            }
            let until = state.due.map_or(at_latest, |due| due.min(at_latest));
            let now = Instant::now();
            if until <= now {
                // A round brings what the nudge was about.
                (state.due, state.nudged) = (None, false);
                return Woken::Due;
            }
            if std::mem::take(&mut state.nudged) {
                return Woken::Nudged;
            }
            let waited = self.rung.wait_timeout(state, until - now);
            state = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }
}
