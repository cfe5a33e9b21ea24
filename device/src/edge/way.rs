//! The way to the server, as the calls of late found it: how far it is, and how much of a page comes through in one piece.

use std::time::{Duration, Instant};

use domain::protocol::{PAGE_BYTES, PageBytes};

use super::http::Effort;

/// A server that answers this quickly is near by: in the same house, or through a good connection.
const NEAR: Duration = Duration::from_millis(20);

/// How quickly the server answered says something for so long: a worker walks on.
const QUICK_FOR: Duration = Duration::from_secs(5 * 60);

/// What comes down first from a server near by: so that it is soon here, and can be stored while the next is under way. Far away every
/// page waits for its request, and few large ones are quicker. (What goes up in small pages takes a fifth more bytes, and no less time:
/// measured.)
const PAGE_BYTES_NEAR: usize = 48 * 1024;

/// No page is cut smaller: this much goes through 64 kbit/s in four seconds.
const PAGE_BYTES_LEAST: usize = 32 * 1024;

/// A call that was cut after so long may well have been too large for its time; one that was cut sooner was not.
const LONG: Duration = Duration::from_secs(30);

/// What is known of the way to the server.
#[derive(Debug)]
pub(crate) struct Way {
    /// The quickest answer of late: when it came and how long it took. What the server did meanwhile is in it, so only the quickest
    /// tells.
    quickest: Option<(Instant, Duration)>,
    /// The largest page that may come through in one piece.
    cut: usize,
}

impl Default for Way {
    fn default() -> Self {
        Self { quickest: None, cut: PAGE_BYTES }
    }
}

impl Way {
    /// The server answered a call.
    pub(super) fn answered(&mut self, begun: Instant, now: Instant) {
        let took = now.saturating_duration_since(begun);
        let late = |at: Instant| now.saturating_duration_since(at) > QUICK_FOR;
        if self.quickest.is_none_or(|(at, quickest)| took <= quickest || late(at)) {
            self.quickest = Some((now, took));
        }
    }

    /// A page came through in one piece. If that was quick, the next may be larger.
    pub(super) fn came_through(&mut self, within: Duration) {
        if within < LONG / 2 {
            self.cut = self.cut.saturating_mul(2).min(PAGE_BYTES);
        }
    }

    /// A page was cut on its way after so long. Sent again as it was it would be cut again.
    pub(super) fn was_cut(&mut self, after: Duration) {
        if after >= LONG {
            self.was_too_large();
        }
    }

    /// A page was more than the connection or the server takes.
    pub(super) fn was_too_large(&mut self) {
        self.cut = (self.cut / 4).max(PAGE_BYTES_LEAST);
    }

    /// Where pages are best cut now.
    pub(super) fn page_bytes(&self, now: Instant) -> PageBytes {
        let down = if self.is_near(now) { self.cut.min(PAGE_BYTES_NEAR) } else { self.cut };
        PageBytes { up: self.cut, down }
    }

    /// How hard a page is best compressed now.
    pub(super) fn effort(&self, now: Instant) -> Effort {
        if self.is_near(now) { Effort::Quick } else { Effort::Thorough }
    }

    fn is_near(&self, now: Instant) -> bool {
        let near = |(at, took): (Instant, Duration)| took <= NEAR && now.saturating_duration_since(at) <= QUICK_FOR;
        self.quickest.is_some_and(near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::from_millis(2);

    #[test]
    fn a_server_is_near_while_it_answers_quickly_and_nobody_knows_before_it_does() {
        let start = Instant::now();
        let mut way = Way::default();
        let whole = PageBytes { up: PAGE_BYTES, down: PAGE_BYTES };
        assert_eq!(way.page_bytes(start), whole);
        way.answered(start, start + AT_ONCE);
        // A call that took the server long says nothing of the way.
        way.answered(start, start + Duration::from_secs(2));
        let near = PageBytes { up: PAGE_BYTES, down: PAGE_BYTES_NEAR };
        assert_eq!(way.page_bytes(start + Duration::from_secs(3)), near);
        assert_eq!(way.effort(start + Duration::from_secs(3)), Effort::Quick);
        let later = start + QUICK_FOR + Duration::from_secs(1);
        assert_eq!(way.page_bytes(later), whole, "that was elsewhere");
        way.answered(later, later + Duration::from_millis(100));
        assert_eq!(way.page_bytes(later + AT_ONCE), whole, "a mobile network now");
        assert_eq!(way.effort(later + AT_ONCE), Effort::Thorough, "where every byte counts");
    }

    #[test]
    fn a_page_that_is_too_large_for_the_connection_is_cut_until_it_comes_through() {
        let mut way = Way::default();
        let cut = |way: &Way| way.page_bytes(Instant::now()).up;
        way.was_cut(Duration::from_secs(3));
        assert_eq!(cut(&way), PAGE_BYTES, "no signal, which has nothing to do with the page");
        way.was_cut(Duration::from_secs(90));
        assert_eq!(cut(&way), PAGE_BYTES / 4);
        for _ in 0..9 {
            way.was_cut(Duration::from_secs(90));
        }
        assert_eq!(cut(&way), PAGE_BYTES_LEAST);
        way.came_through(Duration::from_secs(20));
        assert_eq!(cut(&way), PAGE_BYTES_LEAST, "twice as much would be cut again");
        for _ in 0..9 {
            way.came_through(AT_ONCE);
        }
        assert_eq!(cut(&way), PAGE_BYTES);
    }
}
