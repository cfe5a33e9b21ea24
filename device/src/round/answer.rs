//! What an answer does to the register, all of it in one transaction.

use std::collections::BTreeMap;

use domain::protocol::{CallError, ExchangeAnswer, ExchangeRequest, Verdict};
use domain::world::Millis;
use domain::{CellCode, Change, DeviceId, HybridClock, RecordId, Stamp};
use rusqlite::Connection;

use super::notes::Notes;
use super::pull::Seen;
use super::push::{self, Mark, Offer};
use super::receipt::{self, Compared};
use super::{RoundReport, clock, health, pull, repair, rights};
use crate::DeviceError;
use crate::open::{Account, Open};
use crate::outbox;
use crate::store::{self, Meta};

/// An answer that was heard and is not stored yet.
pub(super) struct Heard {
    pub(super) request: ExchangeRequest,
    pub(super) marks: Vec<Mark>,
    /// As which phone it was asked.
    pub(super) device: DeviceId,
    pub(super) answer: ExchangeAnswer,
    /// When, by the phone's clock.
    pub(super) at: Millis,
}

/// Whether the server's database is another than the one that the request goes on from: it was put back from a backup.
pub(super) fn is_restored(request: &ExchangeRequest, answer: &ExchangeAnswer) -> bool {
    request.epoch.is_some_and(|epoch| epoch != answer.epoch)
}

/// Stores an answer: verdicts, pages, cells, cursors and the receipt in one transaction. Of one that was under way while the phone was
/// enrolled anew the verdicts alone: what it tells, and leaves out, was for another name and perhaps another role. Of one that tells the
/// account's new role that and the verdicts: its pages go on from where another role had read, and the cells are read anew. True: a cell
/// differs from the server's and is to be read from its beginning, or the server is to be asked again.
pub(super) fn take(
    open: &mut Open,
    heard: &Heard,
    notes: &mut Notes,
    report: &mut RoundReport,
) -> Result<bool, DeviceError> {
    let Heard { request, marks, device, answer, at } = heard;
    let restored = is_restored(request, answer);
    check(request, answer, restored)?;
    // First: what is judged below is set right by a clock that is right.
    clock::measured(open, request.device_time, *at, answer.server_time)?;
    let (now, is_measured) = (open.now(), open.is_clock_measured());
    let (is_ours, own) = (*device == open.account().device, open.account().account.clone());
    let (role, becomes) = (open.account().role, with_role_told(open.account(), answer).filter(|_| is_ours));
    let is_told = is_ours && becomes.is_none();
    let mut clock = open.clock.clone();
    let transaction = open.store.begin()?;
    let verdicts = request.push.iter().zip(marks).map(Offer::of).zip(&answer.verdicts);
    let judged = push::judged(&transaction, verdicts, restored, (&own, now), notes)?;
    if restored {
        push::offer_everything(&transaction)?;
    }
    if is_measured {
        Meta::ClockCompared.set(&transaction, &answer.server_time)?;
    }
    if request.epoch != Some(answer.epoch) {
        Meta::Epoch.set(&transaction, &answer.epoch)?;
    }
    if let Some(account) = &becomes {
        rights::take_role(&transaction, role, account)?;
    }
    let told = if is_told { take_told(&transaction, heard, &mut clock, now)? } else { Told::NOTHING };
    let Told { seen, removed, other_cells, compared } = told;
    note_clock(&transaction, &mut clock, seen.latest.max(judged.latest), !marks.is_empty(), judged.set_back)?;
    transaction.commit()?;

    open.clock = clock;
    if removed || judged.dropped || compared.begun {
        // The server does not send a run what it wrote itself. What this run wrote and does not hold any more (refused, set back,
        // moved away, erased, in a cell that was left) may still reach the server with a late request, or be what a server has that
        // was put back: it must come down like anybody's. So must what is missing where a cell differs: a server that is put back in the
        // middle ends the reading that leaves nothing out.
        open.begin_run();
    }
    if is_told {
        open.set_cells(answer.cells.clone());
    }
    if let Some(account) = becomes {
        open.role_changed(account);
    }
    let wait_again = is_ours && offer_pictures_again(open, answer)?;
    report.accepted += judged.accepted;
    report.refused += judged.refused;
    report.pulled += seen.new;
    report.differing += compared.differing;
    let judged_any = judged.accepted > 0 || judged.refused > 0;
    if seen.new > 0 || seen.told || removed || other_cells || judged_any || restored || compared.news || wait_again {
        open.changed();
    }
    Ok(compared.begun || !is_told)
}

/// The server says that it lacks pictures which it had confirmed, and not which: what is still here of any waits again. By a transaction of
/// its own, once in a round: they may be many, and on a phone that is full the text must not wait until there is room to note that. It is
/// told with every answer until it is stored. True: they wait.
fn offer_pictures_again(open: &mut Open, answer: &ExchangeAnswer) -> Result<bool, DeviceError> {
    let known: Option<Millis> = Meta::PhotosLost.get(open.store.connection())?;
    let Some(told) = answer.photos_lost.filter(|told| !answer.more && known != Some(*told)) else { return Ok(false) };
    match pictures_wait_again(open, told) {
        Err(error @ DeviceError::StorageFull) => {
            tracing::warn!(%error, "the server lacks pictures: what is here is offered when there is room to note it");
            Ok(false)
        }
        outcome => outcome.map(|()| true),
    }
}

fn pictures_wait_again(open: &mut Open, told: Millis) -> Result<(), DeviceError> {
    let transaction = open.store.begin()?;
    store::photos_wait_again(&transaction)?;
    Meta::PhotosLost.set(&transaction, &told)?;
    Ok(transaction.commit()?)
}

/// The account with the role that an answer tells, where it is another than the phone knows of.
fn with_role_told(account: &Account, answer: &ExchangeAnswer) -> Option<Account> {
    let role = answer.role.filter(|role| *role != account.role)?;
    Some(Account { role, ..account.clone() })
}

/// What came of everything that an answer tells beside its verdicts.
struct Told {
    seen: Seen,
    /// Something went of a cell that the phone does not hold any more, left one that it holds, or was erased.
    removed: bool,
    other_cells: bool,
    compared: Compared,
}

impl Told {
    const NOTHING: Self = Self {
        seen: Seen::NOTHING,
        removed: false,
        other_cells: false,
        compared: Compared { differing: 0, begun: false, news: false },
    };
}

/// Takes what an answer tells beside its verdicts.
fn take_told(
    connection: &Connection,
    Heard { request, device, answer, .. }: &Heard,
    clock: &mut HybridClock,
    now: Millis,
) -> Result<Told, DeviceError> {
    let seen = take_pages(connection, (request, answer), clock, now)?;
    repair::go_on(connection, request, answer)?;
    let pull::Left { gone: removed, waiting } = pull::leave_cells(connection, &answer.cells)?;
    if !waiting {
        receipt::forget_lost_databases(connection, &answer.cells)?;
    }
    let compared = receipt::compare(connection, *device, answer, now)?;
    health::was_told(connection, request.health.as_ref(), (*device, answer.epoch), now)?;
    outbox::note_asked(connection, &request.words_about)?;
    let other_cells = note_cells(connection, &answer.cells)?;
    Ok(Told { removed: removed || seen.left, seen, other_cells, compared })
}

/// Stores the pages, and lets go of those who were erased and about whom words are here.
fn take_pages(
    connection: &Connection,
    (request, answer): (&ExchangeRequest, &ExchangeAnswer),
    clock: &mut HybridClock,
    now: Millis,
) -> Result<Seen, DeviceError> {
    let mut seen = Seen::NOTHING;
    let brought = if answer.pages.is_empty() { BTreeMap::new() } else { brought(request, answer) };
    for page in &answer.pages {
        pull::store_page(connection, page, &brought, now, &mut seen)?;
    }
    // What left one cell may come with another's page, as long as these were not all read.
    if !answer.more || answer.cells.len() < 2 {
        let left = pull::leave_gone(connection)?;
        seen.left |= left > 0;
        seen.new += left;
    }
    for id in answer.erased.iter().filter(|id| request.words_about.contains(id)) {
        let erased = outbox::erase(connection, *id)?;
        seen.told |= erased;
        seen.left |= erased;
    }
    clock.observe(seen.latest, now);
    Ok(seen)
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
