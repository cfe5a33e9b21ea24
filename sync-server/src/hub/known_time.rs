//! What is known of the time besides what the server's own clock says, which may be wrong: a machine that starts with an empty clock is
//! years behind until somebody sets it right, and one that was set by hand may have been ahead. When each phone was heard of is kept; and
//! how long the server has served, by which alone anything is thrown away that is nowhere else.

use domain::protocol::CLOCK_OFF_WARN;
use domain::world::Millis;

use crate::hub::phones::Phone;
use crate::hub::put_back::moment;
use crate::hub::{Hub, HubError};
use crate::store::{Device, Reading, Store, Writing};

/// The settings that say how long this server has served, in milliseconds, and when that was counted last.
const SERVED: &str = "served";
const SERVED_UNTIL: &str = "served_until";
/// Between two tidyings no more is counted than this: a server that stood still has not served, and a clock that jumped says nothing.
const COUNTED_AT_ONCE: Millis = 24 * 60 * 60 * 1000;

impl<S: Store> Hub<S> {
    /// A phone that was heard of later than now says what its own clock says. If that agrees with the server's, the server's was ahead
    /// then, whatever other phones were heard of at that time: the phone is heard of now.
    pub(super) fn hear_of(&self, phone: &Phone, device_time: Millis) -> Result<(), HubError> {
        let now = self.now();
        if phone.heard_at <= now || (device_time.saturating_sub(now)).abs() > CLOCK_OFF_WARN {
            return Ok(());
        }
        self.store.write(|writing| {
            let Some(device) = writing.device(phone.device)? else { return Ok(()) };
            Ok(writing.put_device(&Device { seen_at: now, ..device })?)
        })
    }
}

/// Now, or the newest moment at which at least two phones were heard of, where the clock was set back since.
pub(super) fn known_now(now: Millis, reading: &(impl Reading + ?Sized)) -> Result<Millis, HubError> {
    let known = said_by_two(reading.devices()?.into_iter());
    Ok(known.map_or(now, |known| known.max(now)))
}

/// The moment at which phones that are shut out now are so, which decides what they wrote in time: not before they were ordered to do
/// something to themselves, should the clock have fallen back since.
pub(super) fn shut_out_at<'d>(
    now: Millis,
    reading: &(impl Reading + ?Sized),
    phones: impl IntoIterator<Item = &'d Device>,
) -> Result<Millis, HubError> {
    let ordered = phones.into_iter().filter_map(|device| device.order.as_ref()).map(|order| order.at);
    Ok(ordered.fold(known_now(now, reading)?, Millis::max))
}

/// When a phone that calls now is heard of. If it was heard of later than that already, the clock is behind now or was ahead then: it
/// stays so where other phones say the same, and nothing of what the clock says meanwhile covers up what they know; else it was the
/// clock of that day.
pub(super) fn heard_at(now: Millis, reading: &(impl Reading + ?Sized), device: &Device) -> Result<Millis, HubError> {
    if device.seen_at <= now {
        return Ok(now);
    }
    let others = reading.devices()?.into_iter().filter(|other| other.id != device.id);
    let is_behind = said_by_two(others).is_some_and(|known| known > now);
    Ok(if is_behind { device.seen_at } else { now })
}

/// How long this server has served, in milliseconds, as far as it was counted: half a year of it has passed only when it has.
pub(super) fn served(reading: &(impl Reading + ?Sized)) -> Result<Millis, HubError> {
    Ok(moment(reading, SERVED)?.unwrap_or(0))
}

/// Counts what has passed since it was counted last, and answers as [`served`]. A clock that jumps ahead adds a day at most, one that is
/// set back takes nothing away, and one that is behind what phones are known by counts nothing until it is right again.
pub(super) fn count_served(now: Millis, writing: &mut dyn Writing) -> Result<Millis, HubError> {
    let known = known_now(now, writing)?;
    let until = moment(writing, SERVED_UNTIL)?.unwrap_or(known);
    let served = served(writing)? + known.saturating_sub(until).clamp(0, COUNTED_AT_ONCE);
    writing.put_setting(SERVED, &served.to_string())?;
    writing.put_setting(SERVED_UNTIL, &known.to_string())?;
    Ok(served)
}

/// The newest moment at which two phones were heard of, or later. One alone is not believed: it may have called while the clock was
/// ahead, and never since. Nor is one that is shut out and can be heard of no more.
fn said_by_two(devices: impl Iterator<Item = Device>) -> Option<Millis> {
    let devices = devices.filter(|device| device.revoked_at.is_none());
    let mut moments: Vec<Millis> = devices.map(|device| device.seen_at).collect();
    moments.sort_unstable();
    moments.iter().nth_back(1).copied()
}
