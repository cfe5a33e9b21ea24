//! What phones handed in, and what they were shut out from, while the server's clock was wrong: far behind, as a machine with an empty
//! clock starts, or far ahead.

use domain::order::{DeviceOrder, StandingOrder};
use domain::scope::{Actor, Role};
use domain::{AccountId, ProblemCode, World as _};
use sync_server::store::{Store as _, TakenIn};

use crate::common::{County, DAY, HOUR, MINUTE, PASSWORD, START, TestPhone, cell};
use crate::hand_in::{Town, town};

const ONE: TakenIn = TakenIn { accepted: 1, refused: 0, photos: 0 };

/// When a phone was heard of.
fn seen_at(county: &County, phone: &TestPhone) -> i64 {
    let device = county.hub.bearer(&phone.tokens.access).unwrap().device.id;
    county.hub.store().read(|reading| reading.device(device)).unwrap().unwrap().seen_at
}

fn admin(county: &County) -> Actor {
    county.account("admin-1", Role::Admin, &["610722"], &[]);
    county.hub.sign_in("admin-1", PASSWORD).unwrap().desk.actor
}

fn worker() -> AccountId {
    AccountId::new("worker-a").unwrap()
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
    assert_eq!(town.take_in(), ONE);
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

#[test]
fn what_was_handed_in_before_a_wipe_is_taken_though_the_clock_was_far_behind_when_that_was_reported() {
    let mut town = town();
    let waiting = town.phone.new_dwelling(&cell(1));
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Wipe).unwrap();
    // The machine starts with an empty clock.
    town.county.world.pass(-365 * DAY);
    town.hand_in(&town.piece(&town.content(vec![waiting.clone()]))).unwrap();
    let bearer = town.county.hub.bearer(&town.phone.tokens.access).unwrap();
    town.county.hub.report(&bearer, StandingOrder { what: DeviceOrder::Wipe, ordered_at: START }).unwrap();
    town.county.world.pass(365 * DAY);
    town.county.hub.tidy().unwrap();
    assert_eq!(town.take_in(), ONE);
    assert!(town.county.stored(waiting.id).is_some());
}

#[test]
fn a_phone_that_was_ordered_to_lock_is_not_shut_out_before_that_by_a_clock_that_is_behind() {
    let mut town = town();
    let waiting = town.phone.new_dwelling(&cell(1));
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Lock).unwrap();
    town.county.world.pass(-365 * DAY);
    town.hand_in(&town.piece(&town.content(vec![waiting]))).unwrap();
    town.revoke();
    town.county.world.pass(365 * DAY);
    assert_eq!(town.take_in(), ONE);
}

#[test]
fn what_was_written_before_a_phone_was_shut_out_is_taken_though_the_clock_was_far_behind_just_then() {
    let close = |town: &Town| town.county.hub.close_account(&admin(&town.county), &worker()).unwrap();
    let ways: [fn(&Town); 2] = [Town::revoke, close];
    for shut_out in ways {
        let mut town = town();
        town.county.world.pass(DAY);
        let waiting = town.phone.new_dwelling(&cell(1));
        for colleague in ["worker-b", "worker-c"] {
            town.county.worker(colleague, &[cell(2)]);
        }
        town.county.world.pass(-365 * DAY);
        shut_out(&town);
        town.county.world.pass(365 * DAY);
        town.hand_in(&town.piece(&town.content(vec![waiting]))).unwrap();
        assert_eq!(town.take_in(), ONE);
    }
}

#[test]
fn what_was_written_before_a_handover_is_taken_though_the_clock_was_far_behind_just_then() {
    let hand_over = |county: &County, by: &Actor| {
        let to = AccountId::new("worker-b").unwrap();
        county.hub.hand_over_cell(by, &cell(1), &[worker()], &[to]).unwrap();
    };
    let put = |county: &County, _: &Actor| {
        let account = county.hub.store().read(|reading| reading.account(&worker())).unwrap().unwrap();
        county.hub.put_account(account, None, &[]).unwrap();
    };
    let ways: [fn(&County, &Actor); 2] = [hand_over, put];
    for gives_away in ways {
        let county = crate::accounts::county();
        let by = admin(&county);
        let mut phone = county.worker("worker-a", &[cell(1)]);
        for colleague in ["worker-b", "worker-c"] {
            county.worker(colleague, &[cell(2)]);
        }
        let offline = phone.new_dwelling(&cell(1));
        county.world.pass(-365 * DAY);
        gives_away(&county, &by);
        county.world.pass(365 * DAY + MINUTE);
        phone.push_all(&[offline]);
    }
}

#[test]
fn whoever_gets_a_cell_while_the_clock_is_far_behind_has_it_since_the_other_gave_it_away() {
    let county = crate::accounts::county();
    let by = admin(&county);
    for (name, number) in [("worker-a", 1), ("worker-b", 2), ("worker-c", 2)] {
        county.worker(name, &[cell(number)]);
    }
    county.world.pass(-365 * DAY);
    let next = AccountId::new("worker-b").unwrap();
    county.hub.hand_over_cell(&by, &cell(1), &[worker()], std::slice::from_ref(&next)).unwrap();
    let held = |account: &AccountId| county.hub.store().read(|reading| reading.holdings(account)).unwrap().remove(0);
    assert_eq!((held(&worker()).since, held(&worker()).until), (START, Some(START)));
    assert_eq!((held(&next).since, held(&next).until), (START, None));
}

#[test]
fn a_cell_is_handed_over_today_though_several_phones_were_heard_of_while_the_clock_was_ahead() {
    let county = crate::accounts::county();
    let by = admin(&county);
    let workers = [("worker-a", 1), ("worker-b", 2), ("worker-c", 2)];
    let accounts = workers.map(|(name, number)| county.account(name, Role::Worker, &[], &[cell(number)]));
    let next = accounts[1].clone();
    county.world.pass(200 * DAY);
    let mut phones = accounts.map(|account| county.phone_of(&account));
    phones.iter().for_each(|phone| drop(phone.phone()));
    county.world.pass(-200 * DAY);
    for phone in &mut phones {
        phone.round(Vec::new());
        assert_eq!(seen_at(&county, phone), START, "its own clock agrees with the server's");
    }
    county.hub.hand_over_cell(&by, &cell(1), &[worker()], &[next]).unwrap();
    county.world.pass(DAY);
    let late = phones[0].new_dwelling(&cell(1));
    assert_eq!(phones[0].refused(&late), ProblemCode::ForeignCell);
}

/// The server tidies up, and again an hour later, while its clock is more than a year ahead; then it is set right.
fn tidied_far_ahead(county: &County) {
    county.hub.tidy().unwrap();
    county.world.pass(400 * DAY);
    county.hub.tidy().unwrap();
    county.world.pass(HOUR);
    county.hub.tidy().unwrap();
    county.world.pass(-400 * DAY);
    county.hub.tidy().unwrap();
}

#[test]
fn a_clock_that_is_far_ahead_for_an_hour_throws_nothing_away_that_was_handed_in() {
    let mut town = town();
    let waiting = town.phone.new_dwelling(&cell(1));
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Wipe).unwrap();
    town.hand_in(&town.piece(&town.content(vec![waiting.clone()]))).unwrap();
    tidied_far_ahead(&town.county);
    assert_eq!(town.take_in(), ONE);
    assert!(town.county.stored(waiting.id).is_some());
}

#[test]
fn what_was_handed_in_outlives_a_clock_that_jumps_a_year_ahead_and_back_with_every_start() {
    let mut town = town();
    let waiting = town.phone.new_dwelling(&cell(1));
    town.revoke();
    town.hand_in(&town.piece(&town.content(vec![waiting]))).unwrap();
    for _ in 0..60 {
        tidied_far_ahead(&town.county);
    }
    assert_eq!(town.take_in(), ONE);
}

#[test]
fn a_clock_that_is_far_ahead_for_an_hour_signs_no_phone_out_and_shuts_none_out_from_handing_in() {
    let mut town = town();
    let mut colleague = town.county.worker("worker-b", &[cell(1)]);
    let waiting = town.phone.new_dwelling(&cell(1));
    town.revoke();
    tidied_far_ahead(&town.county);
    // Whoever signs in at the desk meanwhile throws nothing away either.
    town.county.world.pass(400 * DAY);
    town.county.hub.sign_in("boss", PASSWORD).unwrap();
    town.county.world.pass(-400 * DAY);
    colleague.refresh();
    let home = colleague.new_dwelling(&cell(1));
    colleague.push_all(&[home]);
    town.hand_in(&town.piece(&town.content(vec![waiting]))).unwrap();
    assert_eq!(town.take_in(), ONE);
}

#[test]
fn tokens_of_a_time_that_was_lost_are_believed_though_the_next_restore_was_made_by_a_clock_that_was_far_ahead() {
    let mut county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let (first, second) = (county.folder.path().join("first.db"), tempfile::tempdir().unwrap());
    county.hub.back_up(&first).unwrap();
    county.world.pass(HOUR);
    phone.refresh();
    phone.phone();
    county.world.pass(HOUR);
    county.put_back(&first);
    county.world.pass(HOUR);
    let second = second.path().join("second.db");
    county.hub.back_up(&second).unwrap();
    county.world.pass(400 * DAY);
    county.put_back(&second);
    county.world.pass(-400 * DAY);
    phone.hub = std::sync::Arc::clone(&county.hub);
    phone.refresh();
    assert!(county.hub.phone(&phone.tokens.access).is_ok());
}
