//! The laws that every history must keep, looked at once the network is well again.

use device::SyncPhase;
use domain::record::canonical_bytes;
use domain::{Fields, Kind, Record, RecordId, Scope, Sha256Hex};
use serde_json::Value;

use super::county::COUNTY;
use super::history::History;
use super::ledger::Saved;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// A queue that does not empty in so many rounds never does.
const ROUNDS_MAX: usize = 12;

/// The network gets well; rounds are run until nothing moves any more.
pub(super) fn heal(history: &History) -> Outcome {
    for phone in &history.phones {
        phone.wire.spoil(0);
        phone.wire.deliver_late();
    }
    let mut last = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let mut still = true;
        last.clear();
        for phone in &history.phones {
            // Long enough for what pauses after a failure of its own.
            history.time.pass(2 * 60 * 1_000);
            let report = phone.round();
            let state = phone.sync_state()?;
            let quiet = report.ended_by.is_none() && (report.accepted, report.refused, report.pulled) == (0, 0, 0);
            still &= quiet && state.phase == SyncPhase::Safe && (state.waiting_records, state.waiting_photos) == (0, 0);
            last.push(format!("{} {report:?} {state:?}", phone.worker));
        }
        if still {
            return Ok(());
        }
    }
    for phone in &history.phones {
        for refused in phone.refused()? {
            last.push(format!("{} was refused {refused:?}", phone.worker));
        }
        for photo in phone.of_kind(&Kind::Photo)? {
            last.push(format!("{} holds {photo:?}", phone.worker));
        }
    }
    trouble(format!("The queues did not empty:\n{}", last.join("\n")))
}

/// Every law.
pub(super) fn judge(history: &History) -> Outcome {
    phones_agree_with_the_server(history)?;
    nothing_saved_is_lost(history)?;
    the_greatest_stamp_won(history)?;
    append_only_is_as_it_was(history)?;
    super::conflicts::everybody_is_told(history)?;
    photos_are_there(history)
}

fn phones_agree_with_the_server(history: &History) -> Outcome {
    for (number, phone) in history.phones.iter().enumerate() {
        let cells = phone.cells()?;
        let theirs: Vec<&str> = cells.iter().map(|cell| cell.as_str()).collect();
        if let Some(foreign) = phone.held_cells()?.iter().find(|cell| !theirs.contains(&cell.as_str())) {
            return trouble(format!("Phone {number} of {} holds records of {foreign} and may not.", phone.worker));
        }
        for cell in &cells {
            let (there, here) = (history.county.records(cell)?, phone.records(cell)?);
            for record in &there {
                let own = here.iter().find(|own| own.id == record.id);
                if own.map(bytes) != Some(bytes(record)) {
                    return trouble(format!("Phone {number} and the server differ: {own:?} and {record:?}."));
                }
            }
            if let Some(surplus) = here.iter().find(|own| !there.iter().any(|record| record.id == own.id)) {
                return trouble(format!("Phone {number} holds what the server does not have: {surplus:?}."));
            }
        }
    }
    Ok(())
}

fn bytes(record: &Record) -> String {
    serde_json::to_string(record).unwrap_or_default()
}

/// Every word that a worker saved stands in the record, in its history, or among what could not be sent.
fn nothing_saved_is_lost(history: &History) -> Outcome {
    let scope = Scope::new(COUNTY).doing("naming the county")?;
    let saved = take(&history.ledger).saved.clone();
    for saved in saved.iter().filter(|saved| !saved.overwritten && !saved.taken_back) {
        if !is_kept(history, &scope, saved)? {
            return trouble(format!("{saved:?} is neither in the record nor in its history nor refused."));
        }
    }
    Ok(())
}

fn is_kept(history: &History, scope: &Scope, saved: &Saved) -> Outcome<bool> {
    let has = |fields: &Fields| fields.get(&saved.field) == Some(&saved.value);
    if stands(history, scope, saved.record)?.is_some_and(|record| has(&record.fields)) {
        return Ok(true);
    }
    let entries = history.county.ask(|reading| reading.history(scope, saved.record))?;
    let lost = |value: &Value, field: &str| field == saved.field && *value == saved.value;
    if entries.iter().any(|entry| has(&entry.fields) || entry.lost.iter().any(|l| lost(&l.value, &l.field))) {
        return Ok(true);
    }
    let refused = history.phones[saved.phone].refused()?;
    Ok(refused.iter().any(|refused| refused.id == saved.record && has(&refused.fields)))
}

fn stands(history: &History, scope: &Scope, id: RecordId) -> Outcome<Option<Record>> {
    Ok(history.county.ask(|reading| reading.record(scope, id))?.map(|stored| stored.record))
}

fn the_greatest_stamp_won(history: &History) -> Outcome {
    let scope = Scope::new(COUNTY).doing("naming the county")?;
    let ledger = take(&history.ledger);
    for (id, field, stamp, value) in ledger.winners() {
        let Some(record) = stands(history, &scope, id)? else {
            return trouble(format!("{id} was accepted and is not there."));
        };
        let standing = record.stamps.of(field);
        let same = record.fields.get(field).is_some_and(|now| canonical_bytes(now) == canonical_bytes(value));
        let by_hub = ledger.written_by_hub.iter().any(|(record, name)| *record == id && name == field);
        if !(standing == stamp && same || standing > stamp && by_hub) {
            let now = record.fields.get(field);
            return trouble(format!(
                "{field} of {id}: {value} at {stamp:?} was the greatest, {now:?} at {standing:?} stands."
            ));
        }
    }
    Ok(())
}

fn append_only_is_as_it_was(history: &History) -> Outcome {
    let scope = Scope::new(COUNTY).doing("naming the county")?;
    for (id, fields) in &take(&history.ledger).sealed {
        let record = stands(history, &scope, *id)?;
        if record.as_ref().map(|record| &record.fields) != Some(fields) {
            return trouble(format!("An append-only record was {fields:?} and is {record:?}."));
        }
    }
    Ok(())
}

/// Every photo that the server names is there, byte for byte.
fn photos_are_there(history: &History) -> Outcome {
    for cell in &history.county.cells {
        for record in history.county.records(cell)? {
            let hash = record.text("sha256").filter(|_| record.kind == Kind::Photo).map(Sha256Hex::new);
            let Some(hash) = hash.transpose().doing("reading a photo's hash")? else { continue };
            let bytes = history.county.hub.photos().read(&hash, domain::protocol::PhotoSize::Full);
            let bytes = bytes.doing(&format!("reading photo {hash}"))?;
            if hex(&bytes) != hash.as_str() {
                return trouble(format!("The bytes of photo {hash} are others."));
            }
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
