//! What was handed over has an end: whoever wrote it may never send it, since their phone was lost or the server refused it, and it
//! would count on the screens for ever.
//!
//! While an evacuation runs nothing of it goes: that somebody was brought to safety must not vanish from the roll-call. Whether it runs
//! the server says, where it has the order. Where it has not, the evacuation runs as long as people are marked or a phone hands it over;
//! so it may where the order is not here any more: a server that was put back has lost it, and another phone brings it again.
//!
//! Marks that were made here wait for an order as long as it lies here. Once it goes they are refused, and the worker has the words.

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

/// Forgets what was handed over of evacuations that have been over for long. True: something went.
///
/// For the end of a round: everything that the server has of an evacuation is here then. `now` is a clock that was just compared with
/// the server's, and when an evacuation was over is counted by it alone: phones without a signal take a handover under any clock.
pub(crate) fn leave_ended(store: &Store, now: Millis) -> Result<bool, DeviceError> {
    let connection = store.connection();
    let (received, before) = (store::received_all(connection)?, noted(connection)?);
    let (mut over, mut stay) = (Over::new(), BTreeSet::new());
    for (evacuation, things) in evacuations(store, &received)? {
        let since = over_since(store, evacuation, before.get(&evacuation).copied().unwrap_or(now), now)?;
        over.extend(since.map(|since| (evacuation, since)));
        if since.is_none_or(|since| now - since < STAYS) {
            stay.extend(things);
        }
    }
    let mut left = false;
    for record in received.iter().filter(|record| !stay.contains(&thing_of(record))) {
        left |= store::remove_received(connection, record.id)?;
    }
    if over != before {
        Meta::EvacuationsOver.set(connection, &over)?;
    }
    Ok(left)
}

/// The evacuations, each with itself and its points: what was handed over of these goes with it. Whatever belongs to an order that is not
/// here has an end by itself.
fn evacuations(store: &Store, received: &[Record]) -> Result<BTreeMap<RecordId, BTreeSet<RecordId>>, DeviceError> {
    let known = if received.is_empty() { Vec::new() } else { store.all_known(&Kind::Evacuation, None)? };
    let mut found: BTreeMap<RecordId, BTreeSet<RecordId>> = BTreeMap::new();
    for order in known {
        let points = Evacuation::from(&order).points;
        found.insert(order.id, points.into_iter().chain([order.id]).collect());
    }
    let named: BTreeSet<RecordId> = found.values().flatten().copied().collect();
    for thing in received.iter().map(thing_of).filter(|thing| !named.contains(thing)) {
        found.insert(thing, BTreeSet::from([thing]));
    }
    Ok(found)
}

/// What a record that was handed over belongs to: an evacuation, or a point that is one's.
fn thing_of(record: &Record) -> RecordId {
    let named = match record.kind {
        Kind::RollCall => record.reference("evacuation"),
        Kind::ThreatenedHousehold => record.reference("hazard_point"),
        _ => None,
    };
    named.unwrap_or(record.id)
}

/// Since when an evacuation has been over; none while it runs. `noted`: since when it seemed so before.
fn over_since(store: &Store, evacuation: RecordId, noted: Millis, now: Millis) -> Result<Option<Millis>, DeviceError> {
    let runs =
        |order: Record| order.kind == Kind::Evacuation && !order.is_deleted() && Evacuation::from(&order).stands();
    if store.get(evacuation)?.is_some_and(runs) {
        return Ok(None);
    }
    let marks = store.all_known(&Kind::RollCall, Some(evacuation))?;
    let marked = marks.iter().filter_map(|mark| mark.int("at")).fold(noted, Millis::max);
    Ok(Some(marked.min(now)))
}

fn noted(connection: &Connection) -> Result<Over, DeviceError> {
    Ok(Meta::EvacuationsOver.get(connection)?.unwrap_or_default())
}
