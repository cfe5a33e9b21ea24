//! What the desk orders phones to do to themselves, and what is left to a phone that may not synchronise: asking for its order,
//! reporting it done, handing in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::DeviceId;
use domain::order::{DeviceOrder, OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{CallRefusal, ServerKeys};
use domain::scope::Actor;
use domain::seal::{Purpose, SealKeys};

use crate::hub::known_time::{heard_at, served};
use crate::hub::phones::{REFRESH_LIVES, administers, note};
use crate::hub::tokens::{Use, signed_out};
use crate::hub::{Hub, HubError, secrets};
use crate::store::{Account, Device, OrderGiven, Reading, Store};

/// The setting that keeps the server's sealing key.
const SEAL_SECRET: &str = "seal_secret";

/// A device whose token was right, whatever stands against it: it may hand in, ask for its order, report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The phone.
    pub device: Device,
    /// Whose it is.
    pub account: Account,
}

impl Bearer {
    /// What stands in the way of everything else; none: the phone goes on as always.
    pub(super) fn barred(&self) -> Option<CallRefusal> {
        if standing(&self.device).is_some() {
            Some(CallRefusal::Ordered)
        } else if self.device.revoked_at.is_some() || self.account.closed_at.is_some() {
            Some(CallRefusal::Revoked)
        } else {
            None
        }
    }
}

/// The order that the phone has still to carry out or, of a lock, to stay in.
fn standing(device: &Device) -> Option<&OrderGiven> {
    device.order.as_ref().filter(|order| order.what == DeviceOrder::Lock || order.reported_at.is_none())
}

/// The server's sealing keys: made at the first start, kept with the database.
pub(super) fn seal_keys(store: &impl Store, world: &mut dyn domain::World) -> Result<SealKeys, HubError> {
    let text = secrets::kept_as(SEAL_SECRET, store, || SealKeys::fresh(world).secret_text())?;
    SealKeys::from_secret_text(&text).map_err(|error| HubError::Broken(error.to_string()))
}

/// A device that the actor administers.
pub(super) fn administered(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    id: DeviceId,
) -> Result<(Device, Account), HubError> {
    let not_found = || HubError::refused(CallRefusal::NotFound);
    let device = reading.device(id)?.ok_or_else(not_found)?;
    let account = reading.account(&device.account)?.ok_or_else(not_found)?;
    if administers(reading, actor, &account)? { Ok((device, account)) } else { Err(not_found()) }
}

/// A device and whose it is.
fn bearer_of(reading: &dyn Reading, id: DeviceId) -> Result<Bearer, HubError> {
    let device = reading.device(id)?.ok_or_else(signed_out)?;
    let account = reading.account(&device.account)?.ok_or_else(signed_out)?;
    Ok(Bearer { device, account })
}

impl<S: Store> Hub<S> {
    /// The server's public keys.
    pub fn keys(&self) -> ServerKeys {
        ServerKeys { verify: self.receipt_key.verify_text(), seal: self.seal.public_text() }
    }

    /// The device that an access token belongs to, shut out or not. The token may have expired: such a phone gets no other.
    ///
    /// # Errors
    /// [`CallRefusal::SignedOut`] when the token is unknown or its refresh token is over too.
    pub fn bearer(&self, access: &str) -> Result<Bearer, HubError> {
        let hash = secrets::hash_token(access);
        let now = self.now();
        self.store.read(|reading| {
            let (id, over) = match reading.tokens_by_access(&hash)? {
                Some(pair) => (pair.device, pair.refresh_until <= now),
                None => {
                    let lost = self.issued_in_lost_time(reading, Use::Access, access, now)?;
                    (lost.ok_or_else(signed_out)?.device, false)
                }
            };
            let bearer = bearer_of(reading, id)?;
            if over && bearer.device.order.is_none() {
                return Err(signed_out());
            }
            Ok(bearer)
        })
    }

    /// A device that was recognised before, and what stands against it now: what it sent can have been long on its way.
    ///
    /// # Errors
    /// [`CallRefusal::SignedOut`] when there is no such device any more.
    pub fn bearer_now(&self, bearer: &Bearer) -> Result<Bearer, HubError> {
        self.store.read(|reading| bearer_of(reading, bearer.device.id))
    }

    /// Orders a phone to lock or to wipe itself. It learns of it with its next call; until it reported, nothing has happened.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when the actor administers no such phone; [`CallRefusal::Stale`] when it was wiped already;
    /// [`CallRefusal::Malformed`] for an order that this version does not know.
    pub fn order_device(&self, actor: &Actor, id: DeviceId, what: DeviceOrder) -> Result<(), HubError> {
        let action = match what {
            DeviceOrder::Lock => "order_lock",
            DeviceOrder::Wipe => "order_wipe",
            DeviceOrder::Newer => return Err(HubError::refused(CallRefusal::Malformed)),
        };
        let now = self.now();
        self.store.write(|writing| {
            let (device, _) = administered(writing, actor, id)?;
            refuse_wiped(&device)?;
            if standing(&device).is_some_and(|order| order.what == what) {
                return Ok(());
            }
            // The moment names the order: two orders never share one.
            let at = device.order.as_ref().map_or(now, |before| now.max(before.at + 1));
            let by = actor.account.to_string();
            writing.put_device(&Device { order: Some(OrderGiven { what, at, by, reported_at: None }), ..device })?;
            note(writing, now, actor.account.as_str(), action, &id.to_string())
        })
    }

    /// Takes an order back. A phone that has locked itself gets its key with its next question.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when the actor administers no such phone; [`CallRefusal::Stale`] when it was wiped already.
    pub fn lift_order(&self, actor: &Actor, id: DeviceId) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let (device, _) = administered(writing, actor, id)?;
            refuse_wiped(&device)?;
            if device.order.is_none() {
                return Ok(());
            }
            writing.put_device(&Device { order: None, ..device })?;
            // It may have been locked for longer than its tokens live.
            let served = served(writing)?;
            writing.prolong_tokens(id, now + REFRESH_LIVES, served)?;
            note(writing, now, actor.account.as_str(), "lift_order", &id.to_string())
        })
    }

    /// What is ordered of a phone. Without an order its lock's key is opened for it.
    ///
    /// # Errors
    /// [`CallRefusal::Malformed`] when the key cannot be opened.
    pub fn order(&self, bearer: &Bearer, request: &OrderRequest) -> Result<OrderAnswer, HubError> {
        let order = standing(&bearer.device).map(|order| StandingOrder { what: order.what, ordered_at: order.at });
        let key = match &request.sealed_key {
            Some(sealed) if order.is_none() => Some(self.opened_key(bearer.device.id, sealed)?),
            _ => None,
        };
        let epoch = self.store.read(|reading| reading.epoch())?;
        Ok(OrderAnswer { order, key, keys: self.keys(), epoch: Some(epoch) })
    }

    fn opened_key(&self, device: DeviceId, sealed: &str) -> Result<String, HubError> {
        let malformed = || HubError::refused(CallRefusal::Malformed);
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| malformed())?;
        let key = self.seal.open(Purpose::LockKey(device), &sealed).map_err(|_| malformed())?;
        Ok(URL_SAFE_NO_PAD.encode(key))
    }

    /// A phone has carried out its order. A wiped phone has no further use for its tokens: it is shut out.
    ///
    /// # Errors
    /// [`HubError::Store`]. A report of another order than the present one is left alone.
    pub fn report(&self, bearer: &Bearer, done: StandingOrder) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let Some(device) = writing.device(bearer.device.id)? else { return Ok(()) };
            let Some(order) = device.order.clone() else { return Ok(()) };
            if order.what != done.what || order.at != done.ordered_at || order.reported_at.is_some() {
                return Ok(());
            }
            let wiped = order.what == DeviceOrder::Wipe;
            let revoked_at = device.revoked_at.or(wiped.then_some(now));
            let order = Some(OrderGiven { reported_at: Some(now), ..order });
            let (id, seen_at) = (device.id, heard_at(now, writing, &device)?);
            writing.put_device(&Device { order, revoked_at, seen_at, ..device })?;
            let action = if wiped { "wiped" } else { "locked" };
            note(writing, now, bearer.account.id.as_str(), action, &id.to_string())
        })
    }
}

/// There is nothing left on a phone that was wiped.
fn refuse_wiped(device: &Device) -> Result<(), HubError> {
    let wiped =
        device.order.as_ref().is_some_and(|order| order.what == DeviceOrder::Wipe && order.reported_at.is_some());
    if wiped { Err(HubError::refused(CallRefusal::Stale)) } else { Ok(()) }
}
