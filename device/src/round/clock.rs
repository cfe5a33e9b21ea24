//! The phone's clock against the server's: measured, and what was written under a wrong one put right.

use std::collections::BTreeMap;

use domain::protocol::STAMP_AHEAD_ACCEPTED;
use domain::spec::{moments, tapped_day};
use domain::validate::today;
use domain::world::Millis;
use domain::{HybridClock, Record, Stamp, Stamps};
use rusqlite::Connection;

use crate::DeviceError;
use crate::open::Open;
use crate::outbox;
use crate::store::{self, Held, Meta, Pending};

/// A difference up to this is the network's, not the clock's.
const NOISE: Millis = 5 * 1000;

/// An answer came between these two readings of the phone's clock and carried the server's time.
pub(super) fn measured(open: &mut Open, before: Millis, after: Millis, server: Millis) -> Result<(), DeviceError> {
    let known: Option<Millis> = Meta::ClockOffset.get(open.store.connection())?;
    let took = after - before;
    if took < 0 || (took > 2 * NOISE && known.is_some()) {
        // The clock was set while the call was under way, or the call took too long to tell more than is known.
        return Ok(());
    }
    let offset = server.saturating_sub(before + took / 2);
    // A call that took long tells something where nothing was known, and is no reason not to measure again.
    open.measured_at = (took <= 2 * NOISE).then_some(after);
    let by = offset.saturating_sub(known.unwrap_or(0));
    if by.saturating_abs() <= NOISE {
        if known.is_none() {
            Meta::ClockOffset.set(open.store.connection(), &offset)?;
            open.offset = offset;
        }
        return Ok(());
    }
    tracing::info!(offset_ms = offset, shifted_ms = by, "the phone's clock differs from the server's");
    let node = open.clock.node();
    let transaction = open.store.begin()?;
    let waiting = outbox::unsent_records(&transaction)?;
    let compared: Option<Millis> = Meta::ClockCompared.get(&transaction)?;
    let jump = Jump::of(&waiting, by, compared.filter(|_| known.is_some()), after.saturating_add(offset));
    for mut held in waiting {
        shift(&mut held, &jump);
        store::put(&transaction, &held)?;
    }
    Meta::ClockCompared.set(&transaction, &server)?;
    Meta::ClockOffset.set(&transaction, &offset)?;
    let last = rewound(&transaction)?;
    transaction.commit()?;
    open.offset = offset;
    open.clock = HybridClock::new(node, last);
    open.changed();
    Ok(())
}

/// The clock after stamps were moved: past everything others can know of and everything that still waits, and no further, or
/// a phone whose clock was once a year ahead would go on issuing stamps from there.
pub(super) fn rewound(connection: &Connection) -> Result<Stamp, DeviceError> {
    let shared: Stamp = Meta::ClockShared.get(connection)?.unwrap_or(Stamp::ZERO);
    let last = outbox::greatest_stamp(connection, shared)?;
    Meta::ClockLast.set(connection, &last)?;
    Ok(last)
}

/// A moment this near to the reading of the clock when it was written was read from the same clock; one further away was meant as it
/// was entered.
const SAME_CLOCK: Millis = 7 * 24 * 60 * 60 * 1000;

/// The latest stamp of a record that nobody has seen.
fn latest_unseen(held: &Held) -> Option<Millis> {
    let unseen = held.unsent.iter().filter(|(_, pending)| !pending.offered);
    unseen.map(|(field, _)| held.record.stamps.of(field).millis()).max()
}

/// The day, if the clock gave it at this reading.
fn is_day_of(record: &Record, field: &str, read: Millis) -> bool {
    record.text(field) == Some(today(read).to_string().as_str())
}

/// How far a clock was off, and which of its readings that is to be said of.
struct Jump {
    by: Millis,
    /// Where a clock fell back, stamps went on from the last one: they have less of a way to go than what was read from it.
    stamps_by: Millis,
    now: Millis,
    /// Of a clock that is ahead, the first reading that it gave so: what was read before was right.
    from: Millis,
}

impl Jump {
    fn of(waiting: &[Held], by: Millis, compared: Option<Millis>, now: Millis) -> Self {
        let latest = waiting.iter().filter_map(latest_unseen).max();
        let stamps_by = by.min(latest.map_or(by, |latest| now.saturating_sub(latest).max(0)));
        let from = compared.filter(|_| by < 0).map_or(Millis::MIN, |compared| jumped_at(waiting, by, compared, now));
        Self { by, stamps_by, now, from }
    }

    /// Whether the clock was wrong when it was read so.
    fn concerns(&self, read: Millis) -> bool {
        read >= self.from
    }

    /// What a moment should have been that was written when the clock was read so; none where the clock was right. What would lie ahead
    /// of now was not read from a clock that had fallen back: it was written before.
    fn put_right(&self, read: Millis, at: Millis) -> Option<Millis> {
        let at = Some(at.saturating_add(self.by)).filter(|_| self.concerns(read));
        at.filter(|at| self.by < 0 || *at <= self.now)
    }
}

/// The first reading of a clock that has jumped ahead, given when it was last compared with the server's. What would lie before that, or
/// before what was written by the right clock, cannot be one: the jump leaves a gap of its own width. (By a jump of an hour, after hours
/// without a signal, nobody can tell; by one of a year anybody can.) Whatever lies ahead of now was read after the jump.
fn jumped_at(waiting: &[Held], by: Millis, compared: Millis, now: Millis) -> Millis {
    let unseen = |held: &Held| -> Vec<Millis> {
        let fields = held.unsent.iter().filter(|(_, pending)| !pending.offered);
        fields.map(|(field, _)| read_at(held, field)).collect()
    };
    let mut readings: Vec<Millis> = waiting.iter().flat_map(unseen).collect();
    readings.sort_unstable();
    let mut right_until = compared;
    for read in readings {
        if read > now || read.saturating_add(by) >= right_until.saturating_sub(2 * NOISE) {
            return read;
        }
        right_until = right_until.max(read);
    }
    Millis::MAX
}

/// What the clock was read as when an unsent field was written. Its stamp says so, but goes on from the last one where the clock fell
/// back; of what was written last in its record the reading itself is known.
fn read_at(held: &Held, field: &str) -> Millis {
    let stamp = held.record.stamps.of(field);
    let is_last = held.unsent.keys().all(|other| held.record.stamps.of(other) <= stamp);
    held.own_at.filter(|_| is_last).unwrap_or_else(|| stamp.millis())
}

/// Shifts what nobody has seen: the stamps, and by the full difference what was read from the same clock.
fn shift(held: &mut Held, jump: &Jump) {
    let unsent = held.unsent.clone();
    let unseen = |field: &str| unsent.get(field).is_some_and(|pending| !pending.offered);
    let read: BTreeMap<&str, Millis> = unsent.keys().map(|field| (field.as_str(), read_at(held, field))).collect();
    let own_at = held.own_at;
    let record = &mut held.record;
    // The stamp says when, but goes on from the last one when the clock falls back; the reading says when it was written last.
    let readings = |record: &Record, field: &str| {
        let stamped = record.stamps.of(field).millis();
        [read.get(field).copied(), Some(stamped), own_at].into_iter().flatten()
    };
    for field in moments(&record.kind).filter(|field| unseen(field)) {
        let Some(at) = record.int(field) else { continue };
        let near = readings(record, field).find(|read| (at - read).saturating_abs() <= SAME_CLOCK);
        if let Some(at) = near.and_then(|read| jump.put_right(read, at)) {
            record.fields.insert(field.into(), at.into());
        }
    }
    if let Some(field) = tapped_day(&record.kind).filter(|field| unseen(field)) {
        let read = readings(record, field).find(|read| is_day_of(record, field, *read));
        if let Some(at) = read.and_then(|read| jump.put_right(read, read)) {
            record.fields.insert(field.into(), today(at).to_string().into());
        }
    }
    if latest_unseen(held).is_some() {
        held.own_at = own_at.map(|at| jump.put_right(at, at).unwrap_or(at));
    }
    let concerns = |field: &str| read.get(field).is_some_and(|read| jump.concerns(*read));
    restamp(&mut held.record, |field, stamp| match unsent.get(field) {
        Some(pending) if !pending.offered && concerns(field) => after_base(stamp.shifted(jump.stamps_by), pending),
        _ => stamp,
    });
}

/// A value is never stamped before the one that its writer saw and replaced, nor before one that it has won against since.
fn after_base(stamp: Stamp, pending: &Pending) -> Stamp {
    stamp.after(pending.base.max(pending.passed).max(pending.sent))
}

/// Fields whose stamps the server found too far in its future: it has not stored them, so they are unseen again. None of them may fall
/// behind what the server has: its `current` record.
pub(super) fn unseen_again(held: &mut Held, refused: &[String], current: Option<&Record>, now: Millis) {
    for field in refused {
        if let Some(pending) = held.unsent.get_mut(field) {
            pending.offered = false;
            // An own value that no server can have taken need not be passed. What stands must be, however far ahead it is: the server's
            // clock, too, may have been ahead and set back since.
            let stands = current.filter(|current| current.fields.contains_key(field));
            let stands = stands.map(|current| current.stamps.of(field));
            let remains = |stamp: &Stamp| may_be_taken(*stamp, now) || stands >= Some(*stamp);
            let passed = stands.filter(|stands| *stands < held.record.stamps.of(field));
            pending.passed = pending.passed.filter(remains).max(passed);
            pending.sent = pending.sent.filter(remains);
        }
    }
}

/// Whether a field's stamp can go back at all: one right after what it has to stay after cannot, however far ahead both lie. So it is
/// when the server's clock was ahead and took that.
pub(super) fn can_go_back(held: &Held, field: &str) -> bool {
    let least = held.unsent.get(field).map(|pending| after_base(Stamp::ZERO, pending).millis());
    least.is_some_and(|least| least < held.record.stamps.of(field).millis())
}

/// Sets the stamps of these fields back by one amount, with the moments that were read from the clock that was ahead. Their order stays.
pub(super) fn set_back(held: &mut Held, refused: &[String], (by, now): (Millis, Millis)) {
    moments_set_back(held, refused, (by, now));
    let unsent = held.unsent.clone();
    restamp(&mut held.record, |field, stamp| match unsent.get(field) {
        Some(pending) if refused.iter().any(|name| name == field) => after_base(stamp.shifted(by), pending),
        _ => stamp,
    });
}

/// A moment that was read from the clock that was ahead goes back with its stamp, and so does a day. One that was read after the clock
/// was set right has a stamp from ahead as well, for stamps only grow: the reading says which.
fn moments_set_back(held: &mut Held, refused: &[String], (by, now): (Millis, Millis)) {
    let ahead = |at: Millis| at > now;
    let is_refused = |field: &&str| refused.iter().any(|refused| refused == field);
    let read_ahead = held.own_at.filter(|read| ahead(*read));
    let record = &mut held.record;
    for field in moments(&record.kind).filter(is_refused) {
        let Some(at) = record.int(field) else { continue };
        if ahead(at) || read_ahead.is_some_and(|read| (at - read).saturating_abs() <= SAME_CLOCK) {
            record.fields.insert(field.into(), at.saturating_add(by).into());
        }
    }
    if let Some(field) = tapped_day(&record.kind).filter(is_refused)
        && let Some(read) = read_ahead.filter(|read| is_day_of(record, field, *read))
    {
        let at = read.saturating_add(by).min(now);
        record.fields.insert(field.into(), today(at).to_string().into());
    }
    if read_ahead.is_some() && !refused.is_empty() {
        held.own_at = read_ahead.map(|at| at.saturating_add(by).min(now));
    }
}

/// Whether a server whose clock says `now` can have taken this stamp.
pub(super) fn may_be_taken(stamp: Stamp, now: Millis) -> bool {
    stamp.millis() <= now.saturating_add(STAMP_AHEAD_ACCEPTED)
}

/// Gives a record's fields other stamps.
fn restamp(record: &mut Record, of: impl Fn(&str, Stamp) -> Stamp) {
    let stamps = &record.stamps;
    let pairs = record.fields.keys().map(|field| (field.as_str(), of(field, stamps.of(field))));
    record.stamps = Stamps::from_pairs(pairs);
}
