//! What goes up: listed once a round, offered page by page.

use std::collections::{BTreeSet, VecDeque};
use std::io::Write;

use domain::protocol::{BODY_BYTES_MAX, PAGE_RATIO, PUSH_CHANGES_MAX};
use domain::{Change, Kind, RecordId, Stamps};
use rusqlite::Connection;

use super::notes::Notes;
use super::push::{Mark, Why};
use crate::DeviceError;
use crate::open::Open;
use crate::outbox;
use crate::store::{self, Held};

/// A compressor tells nothing of fewer bytes than this.
const WEIGHED_FROM: usize = 16 * 1024;

/// Records that others name go first, so that no change names what the server has not seen. A household and its head name each other:
/// offered again as wholes they go one after the other. (Kind by kind they compress better.)
const GATHER: &str = "SELECT id FROM record
    WHERE id IN (SELECT id FROM unsent UNION SELECT id FROM record WHERE reoffer = 1)
    ORDER BY CASE kind WHEN 'cell' THEN 0 WHEN 'building' THEN 1 WHEN 'dwelling' THEN 2 WHEN 'household' THEN 3
        WHEN 'person' THEN 4 - reoffer WHEN 'incident' THEN 5 WHEN 'visit' THEN 6 ELSE 7 END,
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
    let mut page = Page { cut, ..Page::default() };
    offer_waiting(&transaction, notes, &mut page)?;
    if !page.full {
        for change in overtaken(&transaction)? {
            if !notes.skip.contains(&change.id) {
                page.takes(change, Mark { why: Why::Overtaken, seen: BTreeSet::new(), version: None, proof: None })?;
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
        let kept = store::held_as_kept(connection, id)?.filter(|(held, _)| !held.unsent.is_empty() || held.reoffer);
        let Some((held, version)) = kept.filter(|_| !notes.skip.contains(&id)) else {
            notes.waiting.pop_front();
            continue;
        };
        let why = match (held.doubted, held.reoffer) {
            (true, _) => Why::Doubted,
            (false, true) => Why::Reoffer,
            (false, false) => Why::Unsent,
        };
        let seen = held.unsent.iter().filter(|(_, pending)| pending.offered).map(|(field, _)| field.clone()).collect();
        let version = (why == Why::Unsent).then_some(version);
        let proof = if why == Why::Unsent { None } else { store::proof_of(connection, id)? };
        let waits = !held.unsent.is_empty();
        if !page.takes(outbox::change_of(held), Mark { why, seen, version, proof })? {
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
        if held.reoffer || !held.unsent.is_empty() {
            changes.push(outbox::change_of(held));
        }
    }
    changes.extend(overtaken(connection)?);
    Ok(changes)
}

/// Marks the records of these changes as seen by others.
pub(crate) fn mark_all_offered(open: &mut Open, changes: &[Change]) -> Result<(), DeviceError> {
    let transaction = open.store.begin()?;
    for change in changes {
        store::mark_offered(&transaction, change.id)?;
    }
    Ok(transaction.commit()?)
}

/// A page, measured as it fills: it is cut by what it weighs on the network, not by a count of records.
#[derive(Default)]
struct Page {
    /// Where it is cut, in bytes after compression.
    cut: usize,
    /// What the page compresses to; none while even its raw bytes are few: that is nearly every page, and a compressor is dear. Nor is a
    /// page of a few records worth one.
    scales: Option<zstd::stream::write::Encoder<'static, Scales>>,
    /// What is in the page, until there are scales.
    raw: Vec<u8>,
    gathered: Gathered,
    json: Vec<u8>,
    bytes: usize,
    full: bool,
}

#[derive(Default)]
struct Scales(usize);

impl Write for Scales {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    /// Whether the change still fits; it is in the page then. The first one always does.
    fn takes(&mut self, change: Change, mark: Mark) -> Result<bool, DeviceError> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, &change)?;
        if let Some(proof) = &mark.proof {
            serde_json::to_writer(&mut self.json, &(change.id, proof))?;
        }
        let changes = &self.gathered.changes;
        let weight = match &self.scales {
            Some(scales) => scales.get_ref().0,
            None if self.cut < WEIGHED_FROM => self.bytes / PAGE_RATIO,
            None => 0,
        };
        let fits = changes.len() < PUSH_CHANGES_MAX
            && weight < self.cut
            // Half of the bound: the envelope and the cursors need room too.
            && self.bytes + self.json.len() < BODY_BYTES_MAX / 2;
        self.full = !fits && !changes.is_empty();
        if self.full {
            return Ok(false);
        }
        match &mut self.scales {
            Some(scales) => scales.write_all(&self.json)?,
            None if self.cut < WEIGHED_FROM => {}
            None if self.raw.len() + self.json.len() < self.cut => self.raw.extend_from_slice(&self.json),
            None => {
                let mut scales = zstd::stream::write::Encoder::new(Scales::default(), 1)?;
                scales.write_all(&std::mem::take(&mut self.raw))?;
                scales.write_all(&self.json)?;
                self.scales = Some(scales);
            }
        }
        self.bytes += self.json.len() + 1;
        self.gathered.changes.push(change);
        self.gathered.marks.push(mark);
        Ok(true)
    }
}

fn overtaken(connection: &Connection) -> Result<Vec<Change>, DeviceError> {
    // The record may have left in the meantime; its history is no longer this phone's.
    connection.prepare_cached("DELETE FROM overtaken WHERE id NOT IN (SELECT id FROM record)")?.execute([])?;
    const SQL: &str = "SELECT record.kind, record.cell, lost.id, lost.field, lost.value, lost.stamp, lost.base
        FROM overtaken AS lost JOIN record ON record.id = lost.id ORDER BY lost.stamp";
    let malformed = |error: domain::ids::Malformed| DeviceError::StorageBroken(format!("an overtaken row: {error}"));
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |index: usize| row.get::<_, String>(index);
        let field = text(3)?;
        let base: Option<String> = row.get(6)?;
        let base = base.map(|base| base.parse()).transpose().map_err(malformed)?;
        found.push(Change {
            id: text(2)?.parse().map_err(malformed)?,
            kind: Kind::from_name(&text(0)?),
            cell: domain::CellCode::new(&text(1)?).map_err(malformed)?,
            fields: [(field.clone(), serde_json::from_str(&text(4)?)?)].into(),
            stamps: Stamps::all(text(5)?.parse().map_err(malformed)?),
            base: base.map(|base| (field, base)).into_iter().collect(),
        });
    }
    Ok(found)
}
