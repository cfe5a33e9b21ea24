//! Taking turns at an upload: a new request ends a stale one, whose connection is dead without anybody having noticed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedMutexGuard};

/// Places that nobody is at are forgotten when there are this many.
const REMEMBERED_MAX: usize = 1_000;

/// Who is at which upload.
#[derive(Debug, Default)]
pub struct Turns {
    places: Mutex<HashMap<String, Arc<Place>>>,
}

#[derive(Debug, Default)]
struct Place {
    taken: Arc<tokio::sync::Mutex<()>>,
    waiting: AtomicUsize,
    asked: Notify,
}

/// One's turn at an upload, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    place: Arc<Place>,
    _taken: OwnedMutexGuard<()>,
}

impl Turns {
    /// Asks whoever is at this upload to leave, and waits until they have put away what they held.
    pub(super) async fn take(&self, upload: &str) -> Turn {
        let place = self.place(upload);
        let waiting = Waiting::at(&place);
        place.asked.notify_waiters();
        let taken = Arc::clone(&place.taken).lock_owned().await;
        drop(waiting);
        Turn { place, _taken: taken }
    }

    fn place(&self, upload: &str) -> Arc<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= REMEMBERED_MAX {
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(places.entry(upload.to_owned()).or_default())
    }
}

/// Counted among those who wait, also when the wait is given up.
struct Waiting<'p>(&'p Place);

impl<'p> Waiting<'p> {
    fn at(place: &'p Place) -> Self {
        place.waiting.fetch_add(1, Ordering::SeqCst);
        Self(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Turn {
    /// Returns when somebody else wants the turn.
    pub(super) async fn wanted(&self) {
        loop {
            let asked = self.place.asked.notified();
            if self.place.waiting.load(Ordering::SeqCst) > 0 {
                return;
            }
            asked.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn whoever_comes_later_gets_the_turn_when_the_earlier_has_left() {
        let turns = Arc::new(Turns::default());
        let first = turns.take("a").await;
        let elsewhere = turns.take("b").await;
        let later = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move {
                let _second = turns.take("a").await;
            }
        });
        first.wanted().await;
        assert!(!later.is_finished(), "not before the first has left");
        let undisturbed = tokio::time::timeout(Duration::from_millis(20), elsewhere.wanted()).await;
        assert!(undisturbed.is_err(), "other uploads are left alone");
        drop(first);
        later.await.unwrap();
    }

    #[tokio::test]
    async fn places_that_nobody_is_at_are_forgotten() {
        let turns = Turns::default();
        let held = turns.take("held").await;
        for number in 0..3 * REMEMBERED_MAX {
            turns.take(&number.to_string()).await;
        }
        assert!(turns.places.lock().unwrap().len() <= REMEMBERED_MAX);
        assert!(turns.places.lock().unwrap().contains_key("held"));
        drop(held);
    }
}
