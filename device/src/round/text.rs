//! Text up and down, page by page, until nothing is unsent and nothing is new.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::protocol::{CallError, ExchangeAnswer, ExchangeRequest, PROTOCOL, Peer, Verdict};
use domain::{CellCode, Change, HybridClock, RecordId, Stamp};
use rusqlite::Connection;

use super::health::{self, Facts};
use super::push::{self, Mark, Offer};
use super::{RoundReport, clock, gather, pull, receipt, repair};
use crate::open::{Open, lock};
use crate::outbox;
use crate::store::{self, Meta};
use crate::{Device, DeviceError};

/// What one round remembers between its pages.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Changes that are left alone until the next round.
    pub(super) skip: BTreeSet<RecordId>,
    /// Changes whose target was missing once: it may have come with the same request.
    pub(super) retried: BTreeSet<RecordId>,
    /// What is still to be offered, in its order.
    pub(super) waiting: VecDeque<RecordId>,
}

/// Exchanges until both sides have everything. Returns the version of the server's lists.
pub(super) fn exchange_all(device: &Device, peer: &dyn Peer, report: &mut RoundReport) -> Result<i64, DeviceError> {
    let mut notes = Notes::default();
    let mut answered: Option<i64> = None;
    let mut more = true;
    loop {
        let facts = Facts { app_version: device.app_version(), free_bytes: *lock(&device.inner.free_bytes) };
        let (push, marks) = device.with_open(|open| gather::gather(open, &mut notes))?;
        if let (Some(lists_version), true) = (answered, marks.is_empty() && !more) {
            return Ok(lists_version);
        }
        let request = device.with_open(|open| request_with(open, &facts, push))?;
        let answer = peer.exchange(&request)?;
        device.note_contact();
        let taken = device.with_open(|open| take(open, (&request, &marks), &answer, &mut notes, report))?;
        if marks.is_empty() && answer.more && !taken.moved {
            return Err(CallError::Unreadable("there is more, and nothing new".into()).into());
        }
        (answered, more) = (Some(answer.lists_version), answer.more || taken.read_anew);
    }
}

/// A request that carries these changes, with everything that the server needs to know of this phone.
fn request_with(open: &mut Open, facts: &Facts<'_>, push: Vec<Change>) -> Result<ExchangeRequest, DeviceError> {
    let connection = open.store.connection();
    // One look at the file for all the questions.
    let _reading = connection.unchecked_transaction()?;
    let health = health::to_tell(open, facts, &push)?;
    Ok(ExchangeRequest {
        protocol: PROTOCOL,
        device_time: open.device_now(),
        node: open.clock.node(),
        epoch: Meta::Epoch.get(connection)?,
        push,
        cursors: store::cursors(connection)?,
        doubted: repair::under_way(connection)?,
        words_about: outbox::words_about(connection)?,
        merges: true,
        health,
    })
}

/// What an answer led to.
struct Taken {
    /// Some cursor moved.
    moved: bool,
    /// A cell differs from the server's and is to be read from its beginning.
    read_anew: bool,
}

/// Stores an answer: verdicts, pages, cells, cursors and the receipt in one transaction.
fn take(
    open: &mut Open,
    (request, marks): (&ExchangeRequest, &[Mark]),
    answer: &ExchangeAnswer,
    notes: &mut Notes,
    report: &mut RoundReport,
) -> Result<Taken, DeviceError> {
    let restored = request.epoch.is_some_and(|epoch| epoch != answer.epoch);
    check(request, answer, restored)?;
    let after = open.device_now();
    // First: what is judged below is set right by a clock that is right.
    clock::measured(open, request.device_time, after, answer.server_time)?;
    let now = open.now();
    let (device, own) = (open.account().device, open.account().account.clone());
    let mut clock = open.clock.clone();
    let transaction = open.store.begin()?;
    let verdicts = request.push.iter().zip(marks).map(Offer::of).zip(&answer.verdicts);
    let judged = push::judged(&transaction, verdicts, restored, (&own, now), notes)?;
    if restored {
        push::offer_everything(&transaction)?;
    }
    if request.epoch != Some(answer.epoch) {
        Meta::Epoch.set(&transaction, &answer.epoch)?;
    }
    let (mut pulled, mut told, mut moved, mut latest) = (0, false, restored, judged.latest);
    let brought = if answer.pages.is_empty() { BTreeMap::new() } else { brought(request, answer) };
    for page in &answer.pages {
        let seen = pull::store_page(&transaction, page, &brought, now)?;
        clock.observe(seen.latest, now);
        latest = latest.max(seen.latest);
        pulled += seen.new;
        told |= seen.told;
        moved |= request.cursors.get(&page.cell) != Some(&page.upto);
    }
    for id in answer.erased.iter().filter(|id| request.words_about.contains(id)) {
        told |= outbox::erase(&transaction, *id)?;
    }
    repair::go_on(&transaction, request, answer)?;
    let removed = pull::leave_cells(&transaction, &answer.cells)?;
    let compared = receipt::compare(&transaction, device, answer, now)?;
    health::was_told(&transaction, request.health.as_ref(), (device, answer.epoch), now)?;
    let other_cells = note_cells(&transaction, &answer.cells)?;
    note_clock(&transaction, &mut clock, latest, !marks.is_empty(), judged.set_back)?;
    transaction.commit()?;

    open.clock = clock;
    if removed || judged.refused > 0 || judged.set_back {
        // The server does not send a run what it wrote itself. What this run wrote and does not hold any more (refused, set back,
        // in a cell that was left) may still reach the server with a late request: it must come down like anybody's.
        open.begin_run();
    }
    open.set_cells(answer.cells.clone());
    report.accepted += judged.accepted;
    report.refused += judged.refused;
    report.pulled += pulled;
    report.differing += compared.differing;
    let judged_any = judged.accepted > 0 || judged.refused > 0;
    if pulled > 0 || told || removed || other_cells || judged_any || restored || compared.news {
        open.changed();
    }
    Ok(Taken { moved, read_anew: compared.begun })
}

/// What this request brought and the server took: it need not be sent back.
fn brought<'r>(request: &'r ExchangeRequest, answer: &ExchangeAnswer) -> BTreeMap<RecordId, &'r Change> {
    let accepted = request.push.iter().zip(&answer.verdicts).filter(|(_, verdict)| **verdict == Verdict::Accepted);
    accepted.map(|(change, _)| (change.id, change)).collect()
}

/// Notes the greatest stamp that others know, and where the clock stands.
fn note_clock(
    connection: &Connection,
    clock: &mut HybridClock,
    latest: Stamp,
    judged: bool,
    set_back: bool,
) -> Result<(), DeviceError> {
    let shared: Stamp = Meta::ClockShared.get(connection)?.unwrap_or(Stamp::ZERO);
    if latest > shared {
        Meta::ClockShared.set(connection, &latest)?;
    }
    if set_back {
        *clock = HybridClock::new(clock.node(), clock::rewound(connection)?);
    } else if judged || latest > Stamp::ZERO {
        // Also when everything was refused: what waited says no more where the clock stood.
        Meta::ClockLast.set(connection, &clock.last())?;
    }
    Ok(())
}

/// Stores the cells that the phone holds; true when they are others than before.
fn note_cells(connection: &Connection, cells: &[CellCode]) -> Result<bool, DeviceError> {
    let before: Vec<CellCode> = Meta::Cells.get(connection)?.unwrap_or_default();
    if before == cells {
        return Ok(false);
    }
    Meta::Cells.set(connection, &cells)?;
    Ok(true)
}

/// Whether an answer makes sense. One that does not is thrown away whole: the request can be repeated.
fn check(request: &ExchangeRequest, answer: &ExchangeAnswer, restored: bool) -> Result<(), CallError> {
    let unreadable = |why: &str| Err(CallError::Unreadable(why.into()));
    if answer.verdicts.len() != request.push.len() {
        return unreadable("not one verdict per change");
    }
    let mut read: BTreeMap<&CellCode, u64> = BTreeMap::new();
    if !restored {
        read.extend(request.cursors.iter().map(|(cell, upto)| (cell, *upto)));
    }
    for page in &answer.pages {
        if !answer.cells.contains(&page.cell) {
            return unreadable("a page of a cell that the phone does not hold");
        }
        if read.insert(&page.cell, page.upto).is_some_and(|before| page.upto < before) {
            return unreadable("a feed that runs backwards");
        }
        if page.records.iter().any(|record| record.cell != page.cell) {
            return unreadable("a record in the feed of another cell");
        }
    }
    Ok(())
}
