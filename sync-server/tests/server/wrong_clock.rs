//! What phones handed in, and what they were shut out from, while the server's clock was wrong: far behind, as a machine with an empty
//! clock starts, or far ahead.

use domain::World as _;
use sync_server::store::{Store as _, TakenIn};

use crate::common::{County, DAY, MINUTE, START, TestPhone, cell};
use crate::hand_in::town;

/// When a phone was heard of.
fn seen_at(county: &County, phone: &TestPhone) -> i64 {
    let device = county.hub.bearer(&phone.tokens.access).unwrap().device.id;
    county.hub.store().read(|reading| reading.device(device)).unwrap().unwrap().seen_at
}

#[test]
fn a_clock_that_was_far_ahead_for_one_phone_says_nothing_about_what_another_hands_in() {
    let mut town = town();
    // The year was wrong when the first phone of another village was enrolled, which was never heard of again.
    town.county.world.pass(200 * DAY);
    town.county.worker("worker-b", &[cell(2)]);
    // Then it is set right; by that time this phone's own clock is three days ahead.
    town.county.world.pass(-197 * DAY);
    let ahead = town.phone.new_dwelling(&cell(1));
    town.county.world.pass(-3 * DAY);
    town.revoke();
    town.hand_in(&town.piece(&town.content(vec![ahead.clone()]))).unwrap();
    let lines = town.county.hub.store().read(|reading| reading.hand_ins(town.device)).unwrap();
    assert_eq!(lines[0].at, START, "it is kept for half a year from today");
    assert_eq!(town.take_in(), TakenIn { accepted: 1, refused: 0, photos: 0 });
    let now = town.county.world.clone().now();
    assert!(town.county.stored(ahead.id).unwrap().record.latest().millis() <= now);
}

#[test]
fn a_phone_that_was_heard_of_while_the_clock_was_ahead_is_heard_of_anew_when_it_calls() {
    let county = County::new();
    county.world.pass(200 * DAY);
    let phones = ["worker-a", "worker-b"].map(|name| county.worker(name, &[cell(1)]));
    for phone in &phones {
        phone.phone();
    }
    county.world.pass(-200 * DAY);
    for phone in &phones {
        phone.phone();
        assert_eq!(seen_at(&county, phone), START);
    }
}

#[test]
fn what_is_known_of_phones_stays_while_they_call_a_server_whose_clock_is_behind() {
    let county = County::new();
    let phones = ["worker-a", "worker-b", "worker-c"].map(|name| county.worker(name, &[cell(1)]));
    county.world.pass(-365 * DAY);
    for phone in phones.iter().chain(&phones) {
        phone.phone();
        county.world.pass(2 * MINUTE);
        assert_eq!(seen_at(&county, phone), START);
    }
    county.world.pass(365 * DAY);
    phones[0].phone();
    assert_eq!(seen_at(&county, &phones[0]), START + 12 * MINUTE, "and goes on when it is right again");
}
