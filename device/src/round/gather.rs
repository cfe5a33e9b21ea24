//! What goes up: listed once a round, offered page by page.

use std::collections::{BTreeSet, VecDeque};

use domain::protocol::{BODY_BYTES_MAX, PAGE_RATIO, PUSH_CHANGES_MAX};
use domain::scales::{PROOF_BYTES, Scales};
use domain::{Change, RecordId};
use rusqlite::Connection;

use super::notes::Notes;
use super::push::{Mark, Why};
use crate::DeviceError;
use crate::open::Open;
use crate::outbox;
use crate::store::{self, Held, Kept};

/// Records that others name go first, so that no change names what the server has not seen. A household and its head name each other:
/// offered again as wholes they go one after the other. (Kind by kind they compress better.)
const GATHER: &str = "SELECT id FROM record
    WHERE id IN (SELECT id FROM unsent UNION SELECT id FROM record WHERE reoffer = 1)
    ORDER BY CASE kind WHEN 'cell' THEN 0 WHEN 'building' THEN 1 WHEN 'dwelling' THEN 2 WHEN 'household' THEN 3
        WHEN 'person' THEN 4 - reoffer WHEN 'incident' THEN 5
        WHEN 'hazard_point' THEN 6 WHEN 'visit' THEN 6 ELSE 7 END,
        CASE WHEN kind = 'person' AND reoffer = 1 THEN coalesce(parent, id) ELSE id END, kind, id";

/// What goes up with one request.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) changes: Vec<Change>,
    /// What is remembered of each change.
    pub(super) marks: Vec<Mark>,
}

/// The next page of what is unsent, cut near so many bytes. What is in it counts as seen from here on, whether or not the request
/// arrives.
pub(super) fn gather(open: &mut Open, notes: &mut Notes, cut: usize) -> Result<Gathered, DeviceError> {
    if !notes.waiting.is_empty() {
        let page = gather_listed(open, notes, cut)?;
        if !page.changes.is_empty() {
            return Ok(page);
        }
    }
    // Listed once for many pages; what was written since is found by listing again.
    notes.waiting = waiting(open.store.connection())?;
    gather_listed(open, notes, cut)
}

/// The same of what is listed already: for while a request is under way, when what is in that waits too.
pub(super) fn gather_listed(open: &mut Open, notes: &mut Notes, cut: usize) -> Result<Gathered, DeviceError> {
    let transaction = open.store.begin()?;
    let mut page = Page::of(cut);
    offer_waiting(&transaction, notes, &mut page)?;
    if !page.full {
        for change in outbox::overtaken(&transaction)? {
            if !notes.skip.contains(&change.id) {
                let mark =
                    Mark { why: Why::Overtaken, seen: BTreeSet::new(), parted: false, version: None, proof: None };
                page.takes(change, mark, None);
            }
        }
    }
    transaction.commit()?;
    Ok(page.gathered)
}

/// The names of what waits. Only they are sorted: the records themselves are read as far as a page goes.
fn waiting(connection: &Connection) -> Result<VecDeque<RecordId>, DeviceError> {
    let mut statement = connection.prepare_cached(GATHER)?;
    let mut rows = statement.query([])?;
    let mut found = VecDeque::new();
    while let Some(row) = rows.next()? {
        found.push_back(store::id_of_row(row)?);
    }
    Ok(found)
}

/// Puts records of the list into a page until it is full, and marks them.
fn offer_waiting(connection: &Connection, notes: &mut Notes, page: &mut Page) -> Result<(), DeviceError> {
    while let Some(id) = notes.waiting.front().copied() {
        let kept = store::kept(connection, id)?.filter(|Kept { held, .. }| !held.unsent.is_empty() || held.reoffer);
        let Some(Kept { mut held, version, body }) = kept.filter(|_| !notes.skip.contains(&id)) else {
            notes.waiting.pop_front();
            continue;
        };
        let whole = held.reoffer || held.doubted;
        if !held.unsent.is_empty() && notes.unsent_first.contains(&id) {
            (held.reoffer, held.doubted) = (false, false);
        }
        let why = match (held.doubted, held.reoffer) {
            (true, _) => Why::Doubted,
            (false, true) => Why::Reoffer,
            (false, false) => Why::Unsent,
        };
        let parted = why == Why::Unsent && notes.leave_out_ahead(&mut held);
        if parted && held.unsent.is_empty() {
            notes.waiting.pop_front();
            continue;
        }
        let seen = held.unsent.iter().filter(|(_, pending)| pending.offered).map(|(field, _)| field.clone()).collect();
        let version = (why == Why::Unsent && !whole && !parted).then_some(version);
        let proof = if why == Why::Unsent { None } else { store::proof_of(connection, id)? };
        let (waits, fields) = (!held.unsent.is_empty(), held.record.fields.len());
        let change = outbox::change_of(held);
        // Of a whole record nothing need be written out to know how long it is.
        let body = Some(body).filter(|_| change.fields.len() == fields && change.base.is_empty());
        if !page.takes(change, Mark { why, seen, parted, version, proof }, body) {
            return Ok(());
        }
        if waits {
            store::mark_offered(connection, id)?;
        }
        notes.waiting.pop_front();
    }
    Ok(())
}

/// Everything that waits for the server as changes, in the order in which it would be pushed: for handing in.
pub(super) fn unsent_changes(connection: &Connection) -> Result<Vec<Change>, DeviceError> {
    let mut changes = Vec::new();
    let mut statement = connection.prepare_cached(GATHER)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(held) = store::held(connection, store::id_of_row(row)?)? else { continue };
        // What the worker did not write need not be handed in: a server that was restored has it from others.
        let held = Held { reoffer: held.reoffer && held.own_at.is_some(), doubted: false, ..held };
        if !held.reoffer && held.unsent.is_empty() {
            continue;
        }
        let rest = rest_of(&held);
        changes.push(outbox::change_of(held));
        changes.extend(rest);
    }
    changes.extend(outbox::overtaken(connection)?);
    Ok(changes)
}

/// What a record to be offered whole has besides what is unsent: words that come too late do not take it along.
fn rest_of(held: &Held) -> Option<Change> {
    let mut rest = held.record.clone();
    rest.fields.retain(|field, _| !held.unsent.contains_key(field));
    let parted = held.reoffer && !held.unsent.is_empty() && !rest.fields.is_empty();
    rest.stamps = rest.stamps.only(&rest.fields);
    parted.then(|| Change::from_record(rest))
}

/// Marks the records of these changes as seen by others.
pub(crate) fn mark_all_offered(open: &mut Open, changes: &[Change]) -> Result<(), DeviceError> {
    let transaction = open.store.begin()?;
    for change in changes {
        store::mark_offered(&transaction, change.id)?;
    }
    Ok(transaction.commit()?)
}

/// A page, weighed as it fills: it is cut by what it weighs on the network, not by a count of records.
struct Page {
    /// What may still come in, in bytes before compression of something that compresses as well as is counted on.
    room: usize,
    scales: Scales,
    gathered: Gathered,
    full: bool,
}

impl Page {
    /// A page that is cut near so many bytes after compression.
    fn of(cut: usize) -> Self {
        let room = cut.saturating_mul(PAGE_RATIO);
        Self { room, scales: Scales::default(), gathered: Gathered::default(), full: false }
    }

    /// Whether the change still fits; it is in the page then. The first one always does. `body`: how many bytes its fields and stamps
    /// have, if that is known.
    fn takes(&mut self, change: Change, mark: Mark, body: Option<usize>) -> bool {
        let changes = &self.gathered.changes;
        let fits = changes.len() < PUSH_CHANGES_MAX
            && self.room > 0
            // Half of the bound: the last change, the envelope and the cursors need room too.
            && self.scales.bytes() < BODY_BYTES_MAX / 2;
        self.full = !fits && !changes.is_empty();
        if self.full {
            return false;
        }
        let proof = if mark.proof.is_some() { PROOF_BYTES } else { 0 };
        self.room = self.room.saturating_sub(self.scales.weigh(&change, body) + proof);
        self.gathered.changes.push(change);
        self.gathered.marks.push(mark);
        true
    }
}
