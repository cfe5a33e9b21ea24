//! What a handover holds, and how it is judged and taken.

use std::collections::BTreeSet;
use std::io::Read;

use domain::kinds::evacuation::{Evacuation, without};
use domain::lines::in_one_line;
use domain::merge::merge;
use domain::scope::{Action, allowed};
use domain::stamp::STAMP_AHEAD_MAX;
use domain::validate::{Setting, problems};
use domain::{Change, Kind, Problem, ProblemCode, Record, RecordId, Stamp};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{HandoverError, Taken, ended};
use crate::round::mark_all_offered;
use crate::store::{self, Meta, Store};
use crate::{DeviceError, Open};

/// The largest pack that is looked at, compressed and not.
const PACKED_MAX: usize = 1024 * 1024;
const UNPACKED_MAX: u64 = 24 * 1024 * 1024;
/// Most records in one: a full roster that is called three times a day for a week.
const CHANGES_MAX: usize = 20_000;
/// Smaller is quicker to film: the time for it is there.
const LEVEL: i32 = 19;

/// A handover as it is written.
#[derive(Serialize, Deserialize)]
struct Pack {
    version: u16,
    evacuation: RecordId,
    changes: Vec<Change>,
}

const VERSION: u16 = 1;

/// Packs an evacuation with its marks and what it names, as far as this phone knows them.
pub(crate) fn pack(open: &mut Open, evacuation: RecordId) -> Result<Vec<u8>, HandoverError> {
    let records = belonging(open.store(), evacuation)?;
    let changes: Vec<Change> = records.into_iter().map(Change::from_record).collect();
    // From here on others may know these stamps: they stay as they are, however the clock is corrected.
    mark_all_offered(open, &changes)?;
    let json = serde_json::to_vec(&Pack { version: VERSION, evacuation, changes }).map_err(DeviceError::from)?;
    // In one piece: told how much comes, the compressor takes as little memory as that needs, not 84 MB on every phone.
    Ok(zstd::bulk::compress(&json, LEVEL).map_err(DeviceError::from)?)
}

/// The evacuation, the points that it is for with the households that they threaten, and all its marks.
fn belonging(store: &Store, evacuation: RecordId) -> Result<Vec<Record>, DeviceError> {
    let order = store.known(evacuation)?.filter(|record| record.kind == Kind::Evacuation);
    let order = order.ok_or(DeviceError::NotFound)?;
    let mut records = vec![order.clone()];
    for point in Evacuation::from(&order).points {
        if let Some(point) = store.known(point)?.filter(|record| record.kind == Kind::HazardPoint) {
            records.extend(store.all_known(&Kind::ThreatenedHousehold, Some(point.id))?);
            records.push(point);
        }
    }
    // A point that was moved to another cell is not this evacuation's any more.
    records.retain(|record| record.cell == order.cell);
    // A mark stays in the cell where it was made when that is merged or split, and counts where its order lies by now. In a pack it lies
    // there: every version takes it so, and when the server sends it from its own cell, that gives way.
    let marks = store.all_known(&Kind::RollCall, Some(evacuation))?;
    records.extend(marks.into_iter().map(|mark| Record { cell: order.cell.clone(), ..mark }));
    Ok(records)
}

/// Takes what another phone packed: all of it but what this version cannot judge, or nothing.
pub(crate) fn take(open: &mut Open, packed: &[u8]) -> Result<Taken, HandoverError> {
    let mut pack = read(packed)?;
    let now = open.now();
    let unfit = judge(open, &pack)?;
    pack.changes.retain(|change| !unfit.contains(&change.id));
    let mut taken = Taken { evacuation: pack.evacuation, new: 0, marks: 0, left_out: unfit.len() };
    let mut latest = Stamp::ZERO;
    let mut clock = open.clock.clone();
    let transaction = open.store.begin()?;
    for change in pack.changes {
        latest = latest.max(change.latest());
        let mark = change.kind == Kind::RollCall;
        if keep(&transaction, change)? {
            taken.new += 1;
            taken.marks += usize::from(mark);
        }
    }
    // Whatever is written here after seeing these sorts after them.
    clock.observe(latest, now);
    let shared: Stamp = Meta::ClockShared.get(&transaction)?.unwrap_or(Stamp::ZERO);
    Meta::ClockShared.set(&transaction, &shared.max(latest))?;
    Meta::ClockLast.set(&transaction, &clock.last())?;
    ended::goes_on(&transaction, taken.evacuation)?;
    transaction.commit().map_err(DeviceError::from)?;
    open.clock = clock;
    open.changed();
    Ok(taken)
}

fn read(packed: &[u8]) -> Result<Pack, HandoverError> {
    if packed.len() > PACKED_MAX {
        return Err(HandoverError::TooLarge);
    }
    let decoder = zstd::stream::read::Decoder::new(packed).map_err(|_| HandoverError::Unreadable)?;
    let mut json = Vec::new();
    decoder.take(UNPACKED_MAX + 1).read_to_end(&mut json).map_err(|_| HandoverError::Unreadable)?;
    if json.len() as u64 > UNPACKED_MAX {
        return Err(HandoverError::TooLarge);
    }
    let pack: Pack = serde_json::from_slice(&json).map_err(|_| HandoverError::Unreadable)?;
    if pack.version != VERSION {
        return Err(HandoverError::Unreadable);
    }
    if pack.changes.len() > CHANGES_MAX {
        return Err(HandoverError::TooLarge);
    }
    Ok(pack)
}

/// Whether it may be taken: role, place, kind, form, time, and that it belongs to the one evacuation. What is not fit as this version judges
/// (an older program wrote it by the rules of its day, or a newer one by later ones) is named, and left out: no roll-call waits for it.
fn judge(open: &Open, pack: &Pack) -> Result<BTreeSet<RecordId>, HandoverError> {
    if !allowed(open.account().role, Action::Read, &Kind::Evacuation) {
        return Err(DeviceError::Invalid(vec![Problem::new("", ProblemCode::NotAllowed)]).into());
    }
    let now = open.now();
    let setting = Setting { now, lists: open.lists() };
    let order = pack.changes.iter().find(|change| change.id == pack.evacuation).ok_or(HandoverError::Unreadable)?;
    let order = order.clone().into_record();
    if order.kind != Kind::Evacuation {
        return Err(HandoverError::Other);
    }
    let points: BTreeSet<RecordId> = Evacuation::from(&order).points.into_iter().collect();
    let (mut seen, mut unfit) = (BTreeSet::new(), BTreeSet::new());
    for change in &pack.changes {
        let record = change.clone().into_record();
        let belongs = match record.kind {
            Kind::Evacuation => record.id == order.id,
            Kind::HazardPoint => points.contains(&record.id),
            Kind::ThreatenedHousehold => record.reference("hazard_point").is_some_and(|point| points.contains(&point)),
            Kind::RollCall => record.reference("evacuation") == Some(order.id),
            _ => return Err(HandoverError::Other),
        };
        if !open.cells().contains(&change.cell) || !open.cells().contains(&record.cell) {
            return Err(HandoverError::Foreign);
        }
        if !belongs || record.cell != order.cell {
            return Err(HandoverError::Other);
        }
        if change.latest().millis() > now.saturating_add(STAMP_AHEAD_MAX) {
            return Err(HandoverError::Clock);
        }
        // Whole records: judged as if they came to be now. Fields of one line were not always told from others.
        let fields = in_one_line(&change.kind, change.fields.clone());
        let found = problems(&Change { fields, ..change.clone() }, None, setting);
        if found.iter().any(|problem| problem.code == ProblemCode::InFuture) {
            return Err(HandoverError::Clock);
        }
        if !seen.insert(record.id) || (!found.is_empty() && record.id == order.id) {
            return Err(HandoverError::Unreadable);
        }
        if !found.is_empty() {
            tracing::warn!(id = %record.id, kind = %record.kind, ?found, "a record that was handed over is left out");
            unfit.insert(record.id);
        }
    }
    Ok(unfit)
}

/// Keeps one record, unless the register has it. True: there was something new in it.
fn keep(connection: &Connection, mut change: Change) -> Result<bool, DeviceError> {
    let erased = |id: RecordId| store::is_erased(connection, id).unwrap_or(true);
    let person = change.fields.get("person").and_then(|value| value.as_str()?.parse().ok());
    if erased(change.id) || (change.kind == Kind::RollCall && person.is_some_and(erased)) {
        return Ok(false);
    }
    if let Some(rest) = change.fields.get("roster").and_then(|roster| without(roster, erased)) {
        change.fields.insert("roster".to_owned(), rest);
    }
    let here = store::held(connection, change.id)?.map(|held| held.record);
    let handed = store::received(connection, change.id)?;
    let is_news = |standing: &Option<Record>| match merge(standing.as_ref(), &change) {
        Ok(merged) => !merged.taken.is_empty(),
        Err(error) => {
            tracing::warn!(id = %change.id, %error, "what was handed over contradicts what is here, which stands");
            false
        }
    };
    if !is_news(&here) || !is_news(&handed) {
        return Ok(false);
    }
    if let Ok(merged) = merge(handed.as_ref(), &change) {
        store::put_received(connection, &merged.record)?;
    }
    Ok(true)
}
