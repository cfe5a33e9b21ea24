//! The network gets well, the disks have room, everybody is enrolled; rounds are run until nothing moves any more.

use device::{DeviceError, SyncPhase};
use domain::protocol::CallError;
use domain::world::Millis;

use super::handover;
use super::history::History;
use super::wire::take;
use crate::trouble::{Outcome, trouble};

/// A queue that does not empty in so many rounds never does.
const ROUNDS_MAX: usize = 12;

/// Makes everything well. The queues must empty in bounded rounds.
pub(super) fn heal(history: &mut History) -> Outcome {
    history.say(|| "everything gets well".into());
    if history.county.full {
        history.county.fill(false)?;
    }
    history.county.defuse()?;
    history.county.drift.set(0);
    (history.mix.spoiled, history.mix.slow, history.mix.busy) = (0, 0, 0);
    history.reopen_all_accounts()?;
    for who in 0..history.phones.len() {
        let phone = &mut history.phones[who];
        phone.wire.get_well();
        phone.wire.deliver_late();
        if phone.full {
            phone.fill(false)?;
        }
        history.round(who)?;
        if history.lift_whatever_locks(who)? {
            history.round(who)?;
        }
        if !history.phones[who].is_shut() {
            history.enrol_again(who)?;
        }
    }
    let mut last = Vec::new();
    for _ in 0..ROUNDS_MAX {
        last.clear();
        let mut still = true;
        let pause = needed_pause(history)?;
        for who in 0..history.phones.len() {
            history.time.pass(pause);
            still &= is_still(history, who, &mut last)?;
        }
        // What was handed in is news to the phones that hold those cells.
        still &= !history.take_in()?;
        if still {
            return match take(&history.ledger).broken.take() {
                Some(law) => trouble(law),
                None => Ok(()),
            };
        }
    }
    for phone in history.phones.iter().filter(|phone| !phone.is_shut()) {
        for refused in phone.refused()? {
            last.push(format!("{} was refused {refused:?}", phone.worker));
        }
        last.push(format!("{} has unsent {:?}", phone.worker, phone.unsent()?));
    }
    trouble(format!("The queues did not empty:\n{}", last.join("\n")))
}

/// A worker of all cells gets a phone, which reads the county from nothing: what its feeds do not bring nobody will ever see again.
pub(super) fn somebody_new_reads_everything(history: &mut History) -> Outcome {
    const WORKER: &str = "worker-9";
    let every = history.county.every_cell()?;
    history.county.assign(WORKER, &every)?;
    let who = history.phones.len();
    history.reinstall(WORKER)?;
    let mut last = Vec::new();
    for _ in 0..ROUNDS_MAX {
        if is_still(history, who, &mut last)? {
            return Ok(());
        }
    }
    trouble(format!("Somebody new never had everything:\n{}", last.join("\n")))
}

/// Long enough for what pauses after a failure of its own: a picture can pause for an hour, and nothing counts it as waiting when its
/// record was refused.
fn needed_pause(history: &History) -> Outcome<Millis> {
    const WAITS: &str = "SELECT EXISTS (SELECT 1 FROM photo_way WHERE state = 'waiting')";
    for phone in history.phones.iter().filter(|phone| !phone.is_shut()) {
        if phone.open(|open| Ok(open.store().connection().query_row(WAITS, [], |row| row.get(0))?))? {
            return Ok(61 * 60 * 1_000);
        }
    }
    Ok(10 * 60 * 1_000)
}

/// A round in which nothing moved.
fn is_still(history: &mut History, who: usize, last: &mut Vec<String>) -> Outcome<bool> {
    let report = history.phones[who].round();
    history.say(|| format!("phone {who}: {report:?}"));
    history.look_at_end(who, &report, None)?;
    history.phones[who].after_round()?;
    if history.phones[who].is_wiped() {
        return Ok(report.ended_by.is_none());
    }
    if history.phones[who].is_locked() {
        history.lift_whatever_locks(who)?;
        history.phones[who].stranded = matches!(report.ended_by, Some(DeviceError::Call(CallError::SignedOut)));
        if history.phones[who].stranded {
            take(&history.ledger).count("stranded behind a lock".into());
        }
        return Ok(history.phones[who].stranded);
    }
    let phone = &history.phones[who];
    let state = phone.sync_state()?;
    last.push(format!("phone {who} of {} {report:?} {state:?}", phone.worker));
    if phone.revoked && matches!(state.phase, SyncPhase::SignedOut | SyncPhase::Revoked) {
        return Ok((report.accepted, report.refused, report.pulled) == (0, 0, 0));
    }
    if matches!(state.phase, SyncPhase::SignedOut | SyncPhase::Revoked) {
        // A clone was faster with the tokens that both had.
        history.enrol_again(who)?;
        return Ok(false);
    }
    let quiet = report.ended_by.is_none() && (report.accepted, report.refused, report.pulled) == (0, 0, 0);
    let waits = (state.waiting_records, state.waiting_photos);
    if !quiet || (state.phase == SyncPhase::Safe && waits == (0, 0)) {
        return Ok(quiet);
    }
    let in_vain = handover::waits_in_vain(history, who)?.len();
    if in_vain > 0 {
        take(&history.ledger).count("marks of an order that nobody sends".into());
    }
    Ok(in_vain > 0 && waits == (in_vain as i64, 0))
}
