//! How often somebody may try a password or a code: counted in memory, by address and by account.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::DeviceId;
use domain::protocol::CallRefusal;

use crate::http::ApiError;

/// Tries are counted over this time.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// Wrong passwords for one account.
const SIGN_INS_PER_ACCOUNT: u32 = 10;
/// Sign-ins from one address: an office shares one.
const SIGN_INS_PER_ADDRESS: u32 = 200;
/// Enrolments from one address: a training session enrols many phones behind one.
const ENROLMENTS_PER_ADDRESS: u32 = 200;
/// Refreshes with a wrong token from one address: a mobile network hides thousands of phones behind one.
const REFRESHES_PER_ADDRESS: u32 = 6_000;
/// Pieces that one phone hands in.
const HAND_INS_PER_DEVICE: u32 = 100;
/// At most this many addresses are remembered, at most this many accounts, and at most this many phones.
const REMEMBERED_MAX: usize = 20_000;
/// So much room there is again whenever it is used up. Not for one alone: whoever guesses could have an account forgotten after each try.
const ROOM: usize = REMEMBERED_MAX / 10;
/// So many of the addresses are one site's at most (a /48 of IPv6, RFC 6177): it could be at each of 65,000, and try from all of them.
const REMEMBERED_PER_SITE: u32 = 1_000;

/// What somebody does who comes from somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Deed {
    SignIn,
    Enrol,
    Refresh,
}

/// Whom nobody knows is counted by where they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Origin {
    Place(Deed, Place),
    /// Places of one site that are remembered.
    Site(Ipv6Addr),
}

/// An address, or the network that one household or office has in IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place(Option<IpAddr>);

impl Place {
    fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| beginning(address, 4).map_or(address, IpAddr::V6)))
    }

    /// The network that one organisation has in IPv6.
    fn site(self) -> Option<Ipv6Addr> {
        beginning(self.0?, 3)
    }
}

/// The first words of an address of IPv6; none of another.
fn beginning(address: IpAddr, words: usize) -> Option<Ipv6Addr> {
    match address {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_none() => {
            let mut segments = v6.segments();
            segments[words..].fill(0);
            Some(Ipv6Addr::from(segments))
        }
        _ => None,
    }
}

/// Tries since a moment each.
type Tries<Who> = HashMap<Who, (Instant, u32)>;

/// The counters of this process. Each memory is one by itself: anybody can be at many addresses and say many names, and a phone can do
/// neither.
#[derive(Debug, Default)]
pub struct RateLimits {
    from: Mutex<Tries<Origin>>,
    accounts: Mutex<Tries<String>>,
    hand_ins: Mutex<Tries<DeviceId>>,
}

impl RateLimits {
    /// Counts a try to sign in; [`RateLimits::signed_in`] takes the account's back when it was right.
    ///
    /// # Errors
    /// [`CallRefusal::TooManyTries`].
    pub fn sign_in(&self, address: Option<IpAddr>, account: &str) -> Result<(), ApiError> {
        self.count_from(Deed::SignIn, address, SIGN_INS_PER_ADDRESS)?;
        count(&mut lock(&self.accounts), named(account), SIGN_INS_PER_ACCOUNT)
    }

    /// The password was right: the account's counter starts anew.
    pub fn signed_in(&self, account: &str) {
        lock(&self.accounts).remove(&named(account));
    }

    pub(crate) fn enrol(&self, address: Option<IpAddr>) -> Result<(), ApiError> {
        self.count_from(Deed::Enrol, address, ENROLMENTS_PER_ADDRESS)
    }

    /// Counts a refresh; [`RateLimits::refreshed`] takes it back when it was right.
    pub(crate) fn refresh(&self, address: Option<IpAddr>) -> Result<(), ApiError> {
        self.count_from(Deed::Refresh, address, REFRESHES_PER_ADDRESS)
    }

    /// The token was right: only wrong ones are tries.
    pub(crate) fn refreshed(&self, address: Option<IpAddr>) {
        let place = Place::of(address);
        let mut from = lock(&self.from);
        if take_back(&mut from, &Origin::Place(Deed::Refresh, place))
            && let Some(site) = place.site()
        {
            take_back(&mut from, &Origin::Site(site));
        }
    }

    pub(crate) fn hand_in(&self, device: DeviceId) -> Result<(), ApiError> {
        count(&mut lock(&self.hand_ins), device, HAND_INS_PER_DEVICE)
    }

    fn count_from(&self, deed: Deed, address: Option<IpAddr>, max: u32) -> Result<(), ApiError> {
        let place = Place::of(address);
        let mut from = lock(&self.from);
        let who = Origin::Place(deed, place);
        if let Some(site) = place.site().filter(|_| !from.contains_key(&who)) {
            count(&mut from, Origin::Site(site), REMEMBERED_PER_SITE)?;
        }
        count(&mut from, who, max)
    }
}

/// A long name is nobody's account; it is not kept.
fn named(account: &str) -> String {
    account.chars().take(40).collect()
}

fn lock<T>(tries: &Mutex<T>) -> MutexGuard<'_, T> {
    tries.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count<Who: Eq + Hash>(tries: &mut Tries<Who>, who: Who, max: u32) -> Result<(), ApiError> {
    let now = Instant::now();
    // Whoever is counted already goes on being counted: only who is new needs room.
    if tries.len() >= REMEMBERED_MAX && !tries.contains_key(&who) {
        make_room(tries, now);
    }
    let (since, count) = tries.entry(who).or_insert((now, 0));
    if now.duration_since(*since) >= WINDOW {
        (*since, *count) = (now, 0);
    }
    *count += 1;
    if *count > max { Err(ApiError::new(CallRefusal::TooManyTries)) } else { Ok(()) }
}

/// Forgets what is over, and then whoever has tried least often, and longest ago among these: nobody is refused because others have used up
/// the memory, and an account that is guessed stays closed, for names that are made up to use it up have one try each.
fn make_room<Who: Eq + Hash>(tries: &mut Tries<Who>, now: Instant) {
    tries.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
    let mut too_many = tries.len().saturating_sub(REMEMBERED_MAX - ROOM);
    if too_many == 0 {
        return;
    }
    let mut order: Vec<(u32, Instant)> = tries.values().map(|(since, count)| (*count, *since)).collect();
    let last = *order.select_nth_unstable(too_many - 1).1;
    tries.retain(|_, (since, count)| {
        let goes = too_many > 0 && (*count, *since) <= last;
        too_many -= usize::from(goes);
        !goes
    });
}

/// Takes one try back. True: it was the last, and nothing is remembered any more.
fn take_back<Who: Eq + Hash>(tries: &mut Tries<Who>, who: &Who) -> bool {
    let Some((_, count)) = tries.get_mut(who) else { return false };
    *count = count.saturating_sub(1);
    let is_over = *count == 0;
    if is_over {
        tries.remove(who);
    }
    is_over
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_closed_to_guessing_and_opened_by_the_right_password() {
        let limits = RateLimits::default();
        for _ in 0..SIGN_INS_PER_ACCOUNT {
            assert!(limits.sign_in(None, "somebody").is_ok());
        }
        assert_eq!(limits.sign_in(None, "somebody").unwrap_err().code(), CallRefusal::TooManyTries);
        assert!(limits.sign_in(None, "somebody-else").is_ok());
        limits.signed_in("somebody");
        assert!(limits.sign_in(None, "somebody").is_ok());
    }

    #[test]
    fn one_network_counts_as_one_address() {
        let limits = RateLimits::default();
        let from = |last: u16| Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last)));
        let tries = (0..=ENROLMENTS_PER_ADDRESS as u16).map(|last| limits.enrol(from(last)));
        assert_eq!(tries.filter(|outcome| outcome.is_err()).count(), 1);
    }

    #[test]
    fn nobody_at_many_addresses_keeps_others_out() {
        let limits = RateLimits::default();
        let from = |net: u16| Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, net, 0, 0, 0, 1)));
        let let_in = (0..=REMEMBERED_MAX as u16).filter(|net| limits.refresh(from(*net)).is_ok()).count();
        assert_eq!(let_in, REMEMBERED_PER_SITE as usize);
        let elsewhere = Some(IpAddr::V4((7_u32).into()));
        assert!(limits.refresh(elsewhere).is_ok() && limits.sign_in(elsewhere, "somebody").is_ok());
        // Also where there are the addresses of many sites.
        for number in 0..REMEMBERED_MAX {
            let _ = limits.enrol(Some(IpAddr::V4((1_000 + number as u32).into())));
        }
        assert!(limits.enrol(elsewhere).is_ok());
    }

    #[test]
    fn a_site_with_right_tokens_alone_has_room_for_all_its_networks() {
        let limits = RateLimits::default();
        for net in 0..=2 * REMEMBERED_PER_SITE as u16 {
            let from = Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, net, 0, 0, 0, 1)));
            assert!(limits.refresh(from).is_ok());
            limits.refreshed(from);
        }
    }

    #[test]
    fn right_refreshes_are_no_tries_and_wrong_ones_are() {
        let limits = RateLimits::default();
        for _ in 0..=REFRESHES_PER_ADDRESS {
            assert!(limits.refresh(None).is_ok());
            limits.refreshed(None);
        }
        let wrong = (0..=REFRESHES_PER_ADDRESS).map(|_| limits.refresh(None));
        assert_eq!(wrong.filter(|outcome| outcome.is_err()).count(), 1);
    }

    #[test]
    fn made_up_names_keep_nobody_out_and_open_no_account_that_is_guessed() {
        let limits = RateLimits::default();
        let from = |number: usize| Some(IpAddr::V4((number as u32).into()));
        for _ in 0..SIGN_INS_PER_ACCOUNT {
            assert!(limits.sign_in(from(1), "guessed").is_ok());
        }
        // Each address as often as it may, and twice as many names as are remembered.
        for number in 0..2 * REMEMBERED_MAX {
            let address = from(1_000 + number / SIGN_INS_PER_ADDRESS as usize);
            assert!(limits.sign_in(address, &format!("made-up-{number}")).is_ok());
        }
        assert!(lock(&limits.accounts).len() <= REMEMBERED_MAX);
        assert!(limits.sign_in(from(7), "somebody").is_ok());
        assert!(limits.hand_in(DeviceId(uuid::Uuid::from_u128(1))).is_ok());
        assert_eq!(limits.sign_in(from(7), "guessed").unwrap_err().code(), CallRefusal::TooManyTries);
    }

    #[test]
    fn an_address_that_has_tried_too_often_is_not_forgotten_for_others() {
        let limits = RateLimits::default();
        let from = |number: usize| Some(IpAddr::V4((number as u32).into()));
        for _ in 0..ENROLMENTS_PER_ADDRESS {
            assert!(limits.enrol(from(1)).is_ok());
        }
        for number in 0..2 * REMEMBERED_MAX {
            assert!(limits.enrol(from(1_000 + number)).is_ok());
        }
        assert!(lock(&limits.from).len() <= REMEMBERED_MAX);
        assert!(limits.enrol(from(1)).is_err());
    }

    #[test]
    fn those_with_one_try_make_room_and_the_oldest_of_them_first() {
        let (now, mut tries) = (Instant::now(), Tries::new());
        let since = |number: usize| now + Duration::from_millis(number as u64);
        tries.extend((0..REMEMBERED_MAX).map(|number| (number, (since(number), 1 + u32::from(number < 9)))));
        make_room(&mut tries, since(REMEMBERED_MAX));
        assert_eq!(tries.len(), REMEMBERED_MAX - ROOM);
        assert!((0..9).chain(9 + ROOM..REMEMBERED_MAX).all(|number| tries.contains_key(&number)));
        make_room(&mut tries, since(REMEMBERED_MAX));
        assert_eq!(tries.len(), REMEMBERED_MAX - ROOM, "there is room");
        make_room(&mut tries, since(REMEMBERED_MAX) + WINDOW);
        assert!(tries.is_empty(), "all of it is over");
    }
}
