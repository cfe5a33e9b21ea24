//! What was handed over has an end: whoever wrote it may never send it, since their phone was lost or the server refused it, and it
//! would count on the screens for ever.
//!
//! While an evacuation runs nothing of it goes: that somebody was brought to safety must not vanish from the roll-call. Whether it runs
//! the server says, where it has the order. Where it has not, the evacuation runs as long as people are marked or a phone hands it over.

use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::evacuation::Evacuation;
use domain::world::Millis;
use domain::{Kind, Record, RecordId};
use rusqlite::Connection;

use crate::DeviceError;
use crate::read::DAY;
use crate::store::{self, Meta, Store};

/// So long after its evacuation what the server never sent stays: its writer may be away from every signal.
const STAYS: Millis = 30 * DAY;

/// By evacuation: since when it has been over, as far as this phone can tell.
type Over = BTreeMap<RecordId, Millis>;

/// Another phone has just handed it over: it is not over, as far as anybody here can tell.
pub(super) fn goes_on(connection: &Connection, evacuation: RecordId) -> Result<(), DeviceError> {
    let mut over = noted(connection)?;
    if over.remove(&evacuation).is_none() {
        return Ok(());
    }
    Meta::EvacuationsOver.set(connection, &over)
}

/// Forgets what was handed over of evacuations that have been over for long, and of such as are not here any more. True: something went.
///
/// For the end of a round: everything that the server has of an evacuation is here then. `now` is a clock that was just compared with
/// the server's, and when an evacuation was over is counted by it alone: phones without a signal take a handover under any clock.
pub(crate) fn leave_ended(store: &Store, now: Millis) -> Result<bool, DeviceError> {
    let connection = store.connection();
    let (received, before) = (store::received_all(connection)?, noted(connection)?);
    let known = if received.is_empty() { Vec::new() } else { store.all_known(&Kind::Evacuation, None)? };
    let (mut over, mut stay) = (Over::new(), BTreeSet::new());
    for evacuation in known {
        let since = over_since(store, &evacuation, before.get(&evacuation.id).copied().unwrap_or(now), now)?;
        over.extend(since.map(|since| (evacuation.id, since)));
        if since.is_none_or(|since| now - since < STAYS) {
            stay.extend(Evacuation::from(&evacuation).points);
            stay.insert(evacuation.id);
        }
    }
    let mut left = false;
    for record in received {
        let of = match record.kind {
            Kind::RollCall => record.reference("evacuation"),
            Kind::ThreatenedHousehold => record.reference("hazard_point"),
            _ => Some(record.id),
        };
        if of.is_none_or(|of| !stay.contains(&of)) {
            left |= store::remove_received(connection, record.id)?;
        }
    }
    if over != before {
        Meta::EvacuationsOver.set(connection, &over)?;
    }
    Ok(left)
}

/// Since when an evacuation has been over; none while it runs. `noted`: since when it seemed so before.
fn over_since(store: &Store, known: &Record, noted: Millis, now: Millis) -> Result<Option<Millis>, DeviceError> {
    let runs = |order: Record| !order.is_deleted() && Evacuation::from(&order).stands();
    if store.get(known.id)?.is_some_and(runs) {
        return Ok(None);
    }
    let marks = store.all_known(&Kind::RollCall, Some(known.id))?;
    let marked = marks.iter().filter_map(|mark| mark.int("at")).fold(noted, Millis::max);
    Ok(Some(marked.min(now)))
}

fn noted(connection: &Connection) -> Result<Over, DeviceError> {
    Ok(Meta::EvacuationsOver.get(connection)?.unwrap_or_default())
}
