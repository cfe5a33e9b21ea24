//! Tokens of phones: issued, renewed, recognised. For everybody else they are random; this server recognises them even when its
//! database does not.
//!
//! Pairs are renewed every hour, so a database that is put back from yesterday's backup knows none that a phone holds. If that
//! signed the phones out, every worker would need a code from the desk before the work of the lost day could come back. A token
//! therefore carries whose it is and when it was issued, under a key that lies in the database: one that was issued between the
//! backup and its restore is believed once more. Whatever else the database does not know has been superseded, and is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::protocol::{CallRefusal, Tokens};
use domain::world::Millis;
use domain::{AccountId, DeviceId, World};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::hub::known_time::{heard_at, served};
use crate::hub::orders::Bearer;
use crate::hub::phones::{Phone, REFRESH_LIVES, note};
use crate::hub::{Hub, HubError, secrets};
use crate::store::{Account, Device, Reading, Store, TokenPair, Writing};

/// The setting that holds the key.
const KEY: &str = "token_key";
/// An access token works for an hour.
const ACCESS_LIVES: Millis = 60 * 60 * 1000;
/// How often at most the time a phone was last heard of is written down.
const SEEN_EVERY: Millis = 60 * 1000;

/// 16 random bytes, the phone, the moment in milliseconds, and the mark of the key.
const BYTES: usize = 16 + 16 + 8 + 32;

/// What a token is for. One never serves as the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To call with.
    Access,
    /// To get another pair with.
    Refresh,
}

/// What a token says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Issued {
    /// To which phone.
    pub(super) device: DeviceId,
    /// When.
    pub(super) at: Millis,
}

impl<S: Store> Hub<S> {
    /// A fresh pair for a phone, which works from the commit on.
    pub(super) fn issue(&self, writing: &mut dyn Writing, device: DeviceId, now: Millis) -> Result<Tokens, HubError> {
        let (access, refresh) = {
            let (mut time, issued) = (self.time(), Issued { device, at: now });
            let mut fresh = |to| self.token_key.issue(to, issued, time.world.as_mut());
            (fresh(Use::Access), fresh(Use::Refresh))
        };
        let served = served(writing)?;
        writing.put_tokens(&TokenPair {
            device,
            access: secrets::hash_token(&access),
            access_until: now + ACCESS_LIVES,
            refresh: secrets::hash_token(&refresh),
            refresh_until: now + REFRESH_LIVES,
            served,
            confirmed: false,
        })?;
        Ok(Tokens { access, access_until: now + ACCESS_LIVES, refresh })
    }

    /// A new pair for a refresh token. The old one keeps working until the phone has used the new pair, since this answer can
    /// get lost.
    ///
    /// # Errors
    /// [`CallRefusal::SignedOut`] when the token is over, or unknown without having been lost with the database;
    /// [`CallRefusal::Revoked`] and [`CallRefusal::Ordered`] as [`Hub::phone`].
    pub fn refresh(&self, refresh: &str) -> Result<Tokens, HubError> {
        let hash = secrets::hash_token(refresh);
        let now = self.now();
        self.store.write(|writing| {
            let known = writing.tokens_by_refresh(&hash)?.filter(|pair| pair.refresh_until > now);
            if let Some(pair) = known {
                self.living(writing, pair.device)?;
                return self.issue(writing, pair.device, now);
            }
            let issued = self.issued_in_lost_time(writing, Use::Refresh, refresh, now)?.ok_or_else(signed_out)?;
            self.living(writing, issued.device)?;
            let served = served(writing)?;
            // Known from here on, like any pair before the phone has used the next: this answer can get lost.
            writing.put_tokens(&TokenPair {
                device: issued.device,
                access: secrets::hash_token(&secrets::token(self.time().world.as_mut())),
                access_until: issued.at + ACCESS_LIVES,
                refresh: hash,
                refresh_until: issued.at + REFRESH_LIVES,
                served,
                confirmed: false,
            })?;
            note(writing, now, &issued.device.to_string(), "token_of_lost_time", &issued.device.to_string())?;
            self.issue(writing, issued.device, now)
        })
    }

    /// What a genuine token says that this database cannot know, since it was issued between the backup and its restore. None
    /// once the phone has used another pair since: that it was given one does not say that the answer arrived.
    pub(super) fn issued_in_lost_time(
        &self,
        reading: &(impl Reading + ?Sized),
        to: Use,
        token: &str,
        now: Millis,
    ) -> Result<Option<Issued>, HubError> {
        let lost = |issued: &Issued| self.lost_times.contain(issued.at);
        let Some(issued) = self.token_key.read(to, token).filter(lost) else { return Ok(None) };
        let superseded = reading.used_tokens_after(issued.device, issued.at + ACCESS_LIVES)?;
        Ok(Some(issued).filter(|issued| issued.at + REFRESH_LIVES > now && !superseded))
    }

    /// The phone that an access token belongs to.
    ///
    /// # Errors
    /// [`CallRefusal::SignedOut`] when the token is unknown or over; [`CallRefusal::Revoked`] when the phone was shut out or its
    /// account closed, [`CallRefusal::Ordered`] while an order stands: both before it is asked whether the token is over.
    pub fn phone(&self, access: &str) -> Result<Phone, HubError> {
        let now = self.now();
        let (pair, device, phone) = self.known(access, now)?;
        let seen_at = match device.seen_at <= now {
            true => now,
            // Rare, and the only case in which the other phones are asked.
            false => self.store.read(|reading| heard_at(now, reading, &device))?,
        };
        if !pair.confirmed || (seen_at - device.seen_at).abs() > SEEN_EVERY {
            self.store.write(|writing| {
                if !pair.confirmed {
                    writing.confirm_tokens(&pair)?;
                }
                // Read anew: what the desk ordered in between stands.
                if let Some(device) = writing.device(device.id)? {
                    writing.put_device(&Device { seen_at, ..device })?;
                }
                Ok::<_, HubError>(())
            })?;
        }
        Ok(phone)
    }

    /// The same without a trace: whoever holds a line open is asked again and again.
    ///
    /// # Errors
    /// As [`Hub::phone`].
    pub fn recognise(&self, access: &str) -> Result<Phone, HubError> {
        self.known(access, self.now()).map(|(_, _, phone)| phone)
    }

    /// A phone that was recognised before, as it stands now: what it sent can have been long on its way, and the desk may have shut it
    /// out, ordered it to do something or handed its cells over meanwhile. That its token ended on the way costs it nothing.
    ///
    /// # Errors
    /// [`CallRefusal::Revoked`] and [`CallRefusal::Ordered`] as [`Hub::phone`].
    pub fn phone_now(&self, phone: &Phone) -> Result<Phone, HubError> {
        self.store.read(|reading| {
            let (device, account) = living(reading.device(phone.device)?, |id| Ok(reading.account(id)?))?;
            let heard_at = device.seen_at;
            Ok(Phone { heard_at, ..Phone::of(reading, device.id, &account)? })
        })
    }

    fn known(&self, access: &str, now: Millis) -> Result<(TokenPair, Device, Phone), HubError> {
        let hash = secrets::hash_token(access);
        self.store.read(|reading| {
            let pair = reading.tokens_by_access(&hash)?.ok_or_else(signed_out)?;
            let (device, account) = living(reading.device(pair.device)?, |id| Ok(reading.account(id)?))?;
            if pair.access_until <= now {
                return Err(signed_out());
            }
            let phone = Phone { heard_at: device.seen_at, ..Phone::of(reading, pair.device, &account)? };
            Ok((pair, device, phone))
        })
    }

    fn living(&self, writing: &dyn Writing, id: DeviceId) -> Result<Account, HubError> {
        living(writing.device(id)?, |account| Ok(writing.account(account)?)).map(|(_, account)| account)
    }
}

pub(super) fn signed_out() -> HubError {
    HubError::refused(CallRefusal::SignedOut)
}

/// The device and its account, if nothing stands against them.
fn living(
    device: Option<Device>,
    account: impl FnOnce(&AccountId) -> Result<Option<Account>, HubError>,
) -> Result<(Device, Account), HubError> {
    let device = device.ok_or_else(signed_out)?;
    let account = account(&device.account)?.ok_or_else(signed_out)?;
    let bearer = Bearer { device, account };
    match bearer.barred() {
        None => Ok((bearer.device, bearer.account)),
        Some(code) => Err(HubError::refused(code)),
    }
}

/// The key that marks the tokens of one server.
#[derive(Clone)]
pub(super) struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of this database, made when it is first asked for.
    pub(super) fn of(store: &impl Store, world: &mut dyn World) -> Result<Self, HubError> {
        secrets::key_kept_as(KEY, "tokens", store, world).map(Self)
    }

    /// A fresh token, base64url.
    pub(super) fn issue(&self, to: Use, issued: Issued, world: &mut dyn World) -> String {
        let mut bytes = [0; BYTES];
        world.fill(&mut bytes[..16]);
        bytes[16..32].copy_from_slice(issued.device.0.as_bytes());
        bytes[32..40].copy_from_slice(&issued.at.to_be_bytes());
        let mark = self.mark(to, &bytes[..40]).finalize().into_bytes();
        bytes[40..].copy_from_slice(&mark);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a token says, if this server issued it for this use.
    pub(super) fn read(&self, to: Use, token: &str) -> Option<Issued> {
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        self.mark(to, &bytes[..40]).verify_slice(&bytes[40..]).ok()?;
        let device = DeviceId(Uuid::from_slice(&bytes[16..32]).ok()?);
        Some(Issued { device, at: Millis::from_be_bytes(bytes[32..40].try_into().ok()?) })
    }

    fn mark(&self, to: Use, said: &[u8]) -> Hmac<Sha256> {
        let mut mark = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length is a key");
        mark.update(match to {
            Use::Access => b"access",
            Use::Refresh => b"refresh",
        });
        mark.update(said);
        mark
    }
}
