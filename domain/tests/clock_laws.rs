//! The hybrid clock, tried with wall clocks that jump, stand still and are years off.

use domain::stamp::STAMP_AHEAD_MAX;
use domain::{HybridClock, Node, Stamp};
use proptest::prelude::*;

const NOW: i64 = 1_795_000_000_000;

proptest! {
    #[test]
    fn stamps_only_ever_grow_whatever_the_wall_clock_does(walls in proptest::collection::vec(0..NOW * 2, 1..200)) {
        let mut clock = HybridClock::new(Node(3), Stamp::ZERO);
        let mut last = Stamp::ZERO;
        for wall in walls {
            let stamp = clock.tick(wall);
            prop_assert!(stamp > last);
            last = stamp;
        }
    }

    #[test]
    fn what_is_written_after_reading_sorts_after_what_was_read(ahead in 0..STAMP_AHEAD_MAX, counter in any::<u16>(), node in any::<u64>()) {
        let seen = Stamp::new(NOW + ahead, counter, Node(node));
        let mut clock = HybridClock::new(Node(3), Stamp::ZERO);
        clock.observe(seen, NOW);
        prop_assert!(clock.tick(NOW) > seen);
    }

    #[test]
    fn the_text_of_a_stamp_sorts_like_the_stamp(a in any::<(u32, u16, u64)>(), b in any::<(u32, u16, u64)>()) {
        let stamp = |(millis, counter, node): (u32, u16, u64)| Stamp::new(i64::from(millis), counter, Node(node));
        let (a, b) = (stamp(a), stamp(b));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
        prop_assert_eq!(a.to_string().parse::<Stamp>().unwrap(), a);
    }

    #[test]
    fn the_next_stamp_wins_and_leaves_nothing_between(
        millis in 0..NOW,
        counter in any::<u16>(),
        node in any::<u64>(),
        other in any::<u64>(),
    ) {
        let seen = Stamp::new(millis, counter, Node(node));
        let next = seen.next(Node(other));
        prop_assert!(seen < next && next <= Stamp::new(millis + 1, 0, Node(other)));
        prop_assert_eq!(next.node(), Node(other));
    }

    #[test]
    fn shifting_keeps_the_order(a in 0..NOW, b in 0..NOW, by in 0..NOW) {
        let (a, b) = (Stamp::new(a, 1, Node(1)), Stamp::new(b, 0, Node(2)));
        prop_assert_eq!(a.cmp(&b), a.shifted(by).cmp(&b.shifted(by)));
    }
}

#[test]
fn one_broken_clock_does_not_drag_the_others_along() {
    let mut clock = HybridClock::new(Node(3), Stamp::ZERO);
    clock.observe(Stamp::new(NOW + STAMP_AHEAD_MAX + 1, 0, Node(9)), NOW);
    assert!(clock.tick(NOW).millis() < NOW + STAMP_AHEAD_MAX);
}

#[test]
fn more_stamps_than_a_millisecond_can_count_go_on_in_the_next() {
    let mut clock = HybridClock::new(Node(3), Stamp::new(NOW, u16::MAX, Node(3)));
    assert_eq!(clock.tick(NOW).millis(), NOW + 1);
}

#[test]
fn a_malformed_stamp_is_refused() {
    for bad in [
        "",
        "0",
        "g0000000000000000000000000000000",
        "0000000000000000000000000000000A",
        "+0000000000000000000000000000000",
    ] {
        assert!(bad.parse::<Stamp>().is_err(), "{bad}");
    }
}
