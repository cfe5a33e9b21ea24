//! How often somebody may try a password or a code: counted in memory, by address and by account.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
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
/// At most this many addresses and accounts are remembered.
const REMEMBERED_MAX: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    SignIn(Place),
    Account(String),
    Enrol(Place),
    Refresh(Place),
    HandIn(DeviceId),
}

/// An address, or the network that one household or office has in IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place(Option<IpAddr>);

impl Place {
    fn of(address: Option<IpAddr>) -> Self {
        match address {
            Some(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
                let [a, b, c, d, ..] = v6.segments();
                Self(Some(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))))
            }
            other => Self(other),
        }
    }
}

/// The counters of this process.
#[derive(Debug, Default)]
pub struct RateLimits {
    tries: Mutex<HashMap<Counted, (Instant, u32)>>,
}

impl RateLimits {
    /// Counts a try to sign in; [`RateLimits::signed_in`] takes the account's back when it was right.
    ///
    /// # Errors
    /// [`CallRefusal::TooManyTries`].
    pub fn sign_in(&self, address: Option<IpAddr>, account: &str) -> Result<(), ApiError> {
        self.count(Counted::SignIn(Place::of(address)), SIGN_INS_PER_ADDRESS)?;
        // A long name is nobody's account; it is not kept.
        let account: String = account.chars().take(40).collect();
        self.count(Counted::Account(account), SIGN_INS_PER_ACCOUNT)
    }

    /// The password was right: the account's counter starts anew.
    pub fn signed_in(&self, account: &str) {
        let account: String = account.chars().take(40).collect();
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&Counted::Account(account));
    }

    pub(crate) fn enrol(&self, address: Option<IpAddr>) -> Result<(), ApiError> {
        self.count(Counted::Enrol(Place::of(address)), ENROLMENTS_PER_ADDRESS)
    }

    /// Counts a refresh; [`RateLimits::refreshed`] takes it back when it was right.
    pub(crate) fn refresh(&self, address: Option<IpAddr>) -> Result<(), ApiError> {
        self.count(Counted::Refresh(Place::of(address)), REFRESHES_PER_ADDRESS)
    }

    /// The token was right: only wrong ones are tries.
    pub(crate) fn refreshed(&self, address: Option<IpAddr>) {
        let what = Counted::Refresh(Place::of(address));
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = tries.get_mut(&what) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                tries.remove(&what);
            }
        }
    }

    pub(crate) fn hand_in(&self, device: DeviceId) -> Result<(), ApiError> {
        self.count(Counted::HandIn(device), HAND_INS_PER_DEVICE)
    }

    fn count(&self, what: Counted, max: u32) -> Result<(), ApiError> {
        let now = Instant::now();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever is counted already goes on being counted: only who is new needs room.
        if tries.len() >= REMEMBERED_MAX && !tries.contains_key(&what) {
            tries.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
            if tries.len() >= REMEMBERED_MAX {
                return Err(ApiError::new(CallRefusal::TooManyTries));
            }
        }
        let (since, count) = tries.entry(what).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        if *count > max { Err(ApiError::new(CallRefusal::TooManyTries)) } else { Ok(()) }
    }
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
    fn whoever_was_counted_before_the_memory_is_full_is_let_in() {
        let limits = RateLimits::default();
        let from = |number: usize| Some(IpAddr::V4((number as u32).into()));
        for number in 0..REMEMBERED_MAX {
            assert!(limits.refresh(from(number)).is_ok());
        }
        assert!(limits.refresh(from(REMEMBERED_MAX)).is_err());
        assert!(limits.refresh(from(7)).is_ok());
    }
}
