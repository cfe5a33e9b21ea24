//! Text up and down, page by page, until nothing is unsent and nothing is new.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::protocol::{CallError, ExchangeAnswer, ExchangeRequest, PROTOCOL, Peer, Verdict};
use domain::world::Millis;
use domain::{CellCode, Change, HybridClock, RecordId, Stamp};
use rusqlite::Connection;

use super::gather::{self, Gathered};
use super::health::{self, Facts};
use super::push::{self, Mark, Offer};
use super::{RoundReport, clock, pull, receipt, repair};
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
    /// Fields of which words were refused in this round.
    pub(super) refused: BTreeSet<(RecordId, String)>,
    /// What is still to be offered, in its order.
    pub(super) waiting: VecDeque<RecordId>,
}

/// An answer that was heard and is not stored yet.
struct Heard {
    request: ExchangeRequest,
    marks: Vec<Mark>,
    answer: ExchangeAnswer,
    /// When, by the phone's clock.
    at: Millis,
}

/// Exchanges until both sides have everything. Returns the version of the server's lists.
///
/// While a request is under way this side is not idle: what goes up next is gathered, and an answer that changes nothing about that
/// is stored. So a long push or pull takes as long as the slower of the two sides, not as long as both.
pub(super) fn exchange_all(device: &Device, peer: &dyn Peer, report: &mut RoundReport) -> Result<i64, DeviceError> {
    let mut notes = Notes::default();
    let mut answered: Option<i64> = None;
    let (mut more, mut next, mut heard) = (true, None, None);
    // Pages of the answers so far.
    let mut pulled = 0;
    loop {
        let cut = peer.page_bytes();
        let Gathered { changes, marks } = match (next.take(), &heard) {
            (Some(page), _) => page,
            // What waits is in the answer's own request still.
            (None, Some(_)) => Gathered::default(),
            (None, None) => device.with_open(|open| gather::gather(open, &mut notes, cut.up))?,
        };
        if let (Some(lists_version), true) = (answered, changes.is_empty() && heard.is_none() && !more) {
            return Ok(lists_version);
        }
        let facts = Facts { app_version: device.app_version(), free_bytes: *lock(&device.inner.free_bytes) };
        // First everything goes up.
        let room = if notes.waiting.is_empty() { cut.down_after(pulled) } else { 0 };
        let mut request = device.with_open(|open| request_with(open, &facts, changes, room))?;
        if let Some(Heard { answer, .. }) = &heard {
            go_on_from(&mut request, answer);
        }
        let idle = heard.is_none() && notes.waiting.is_empty();
        let mut meanwhile = || -> Result<bool, DeviceError> {
            let stored = heard.take().map(|heard| device.with_open(|open| take(open, &heard, &mut notes, report)));
            if !notes.waiting.is_empty() {
                next = Some(device.with_open(|open| gather::gather_listed(open, &mut notes, cut.up))?);
            }
            stored.unwrap_or(Ok(false))
        };
        let (answer, mut read_anew) =
            if idle { (peer.exchange(&request)?, false) } else { exchange_while(peer, &request, &mut meanwhile)? };
        device.note_contact();
        let (at, known) = device.with_open(|open| Ok::<_, DeviceError>((open.device_now(), open.cells().to_vec())))?;
        if marks.is_empty() && answer.more && !moves_on(&request, &answer) {
            return Err(CallError::Unreadable("there is more, and nothing new".into()).into());
        }
        (answered, more) = (Some(answer.lists_version), answer.more);
        pulled += u32::from(!answer.pages.is_empty());
        let plain = is_plain(&request, &answer, &known, next.is_some());
        let now_heard = Heard { request, marks, answer, at };
        if plain && more {
            heard = Some(now_heard);
        } else {
            read_anew |= device.with_open(|open| take(open, &now_heard, &mut notes, report))?;
        }
        if !plain {
            // What was gathered may be out of date by what this answer said. It is gathered anew.
            next = None;
            notes.waiting.clear();
        }
        more |= read_anew;
    }
}

/// Runs the exchange and what is to be done meanwhile; the second value is what that said. When both fail it is the call that tells
/// what to do now: the rest comes up again.
fn exchange_while<T>(
    peer: &dyn Peer,
    request: &ExchangeRequest,
    meanwhile: &mut dyn FnMut() -> Result<T, DeviceError>,
) -> Result<(ExchangeAnswer, T), DeviceError> {
    let mut done = None;
    let answer = peer.exchange_while(request, &mut || done = Some(meanwhile()))?;
    match done {
        Some(done) => Ok((answer, done?)),
        None => Ok((answer, meanwhile()?)),
    }
}

/// A request that follows an answer which is not stored yet.
fn go_on_from(request: &mut ExchangeRequest, answer: &ExchangeAnswer) {
    request.epoch = Some(answer.epoch);
    request.cursors.extend(answer.pages.iter().map(|page| (page.cell.clone(), page.upto)));
    // It was told with the request before.
    request.health = None;
}

/// Whether an answer leaves what was gathered meanwhile as right as it was: everything was taken, and nothing that came down, left or
/// was erased is in the way of it.
fn is_plain(request: &ExchangeRequest, answer: &ExchangeAnswer, cells: &[CellCode], sends_more: bool) -> bool {
    let brings = answer.pages.iter().any(|page| {
        !page.records.is_empty() || !page.gone.is_empty() || !page.erased.is_empty() || !page.conflicts.is_empty()
    });
    let all_taken = answer.verdicts.iter().all(|verdict| *verdict == Verdict::Accepted);
    let nothing_else = answer.cells == cells && answer.erased.is_empty() && request.doubted.is_empty();
    !is_restored(request, answer) && all_taken && nothing_else && !(sends_more && brings)
}

/// Whether the server's database is another than the one that the request goes on from: it was put back from a backup.
fn is_restored(request: &ExchangeRequest, answer: &ExchangeAnswer) -> bool {
    request.epoch.is_some_and(|epoch| epoch != answer.epoch)
}

/// Whether some cursor moves, or begins anew.
fn moves_on(request: &ExchangeRequest, answer: &ExchangeAnswer) -> bool {
    is_restored(request, answer) || answer.pages.iter().any(|page| request.cursors.get(&page.cell) != Some(&page.upto))
}

/// A request that carries these changes, with everything that the server needs to know of this phone.
fn request_with(
    open: &mut Open,
    facts: &Facts<'_>,
    push: Vec<Change>,
    room: usize,
) -> Result<ExchangeRequest, DeviceError> {
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
        room: Some(room),
    })
}

/// Stores an answer: verdicts, pages, cells, cursors and the receipt in one transaction. True: a cell differs from the server's and is to
/// be read from its beginning.
fn take(open: &mut Open, heard: &Heard, notes: &mut Notes, report: &mut RoundReport) -> Result<bool, DeviceError> {
    let Heard { request, marks, answer, at } = heard;
    let restored = is_restored(request, answer);
    check(request, answer, restored)?;
    // First: what is judged below is set right by a clock that is right.
    clock::measured(open, request.device_time, *at, answer.server_time)?;
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
    let (mut pulled, mut told, mut latest) = (0, false, judged.latest);
    let brought = if answer.pages.is_empty() { BTreeMap::new() } else { brought(request, answer) };
    for page in &answer.pages {
        let seen = pull::store_page(&transaction, page, &brought, now)?;
        clock.observe(seen.latest, now);
        latest = latest.max(seen.latest);
        pulled += seen.new;
        told |= seen.told;
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
    if removed || judged.dropped {
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
    Ok(compared.begun)
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
