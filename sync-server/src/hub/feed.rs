//! What goes down: pages of the cells' feeds, cut by size.

use std::collections::BTreeMap;

use domain::protocol::{FeedPage, PAGE_BYTES};
use domain::scope::Action;
use domain::world::Millis;
use domain::{CellCode, RecordId, Scope};

use crate::hub::judge::cut;
use crate::hub::phones::Phone;
use crate::hub::{HubError, conflicts};
use crate::store::{FeedEntry, Reading, Run, StoredRecord};

/// Records compress to about a quarter (ids and stamps hardly do, words and names do well): a page is cut by this many raw bytes.
pub(super) const PAGE_RAW_BYTES: usize = PAGE_BYTES * 4;

/// Records are read this many at a time.
const READ_AT_ONCE: usize = 200;

/// Pages, and whether there is more.
pub(super) struct Pages {
    pub(super) pages: Vec<FeedPage>,
    pub(super) more: bool,
}

/// Who asks.
pub(super) struct Asking<'a> {
    pub(super) phone: &'a Phone,
    pub(super) run: Run,
    /// Conflicts from before are not told any more.
    pub(super) since: Millis,
    /// Cells that are read anew: of these nothing is left out.
    pub(super) doubted: &'a [CellCode],
    /// The phone knew another database before, of which it holds records still.
    pub(super) starts_again: bool,
}

/// What the phone's cells have that the cursors do not cover.
pub(super) fn pages(
    reading: &dyn Reading,
    asking: &Asking<'_>,
    cursors: &BTreeMap<CellCode, u64>,
    mut room: usize,
) -> Result<Pages, HubError> {
    let mut out = Pages { pages: Vec::new(), more: false };
    for cell in &asking.phone.cells {
        let reached = reading.feed_reached(cell)?;
        // A cursor that is ahead of the feed belongs to some other database: the cell is sent anew.
        let cursor = cursors.get(cell).copied().filter(|cursor| *cursor <= reached);
        if cursor == Some(reached) {
            continue;
        }
        if room == 0 {
            out.more = true;
            break;
        }
        let mut entries = if asking.doubted.contains(cell) {
            reading.whole_feed_after(cell, cursor.unwrap_or(0))?
        } else {
            reading.feed_after(cell, cursor, asking.run)?
        };
        if cursor.is_none() && !asking.starts_again && !asking.doubted.contains(cell) {
            // Nothing is held yet, so nothing can have moved away. Words about somebody who was erased may be here all the same.
            entries.retain(|entry| !entry.gone || entry.erased);
        }
        let (page, whole) = page(reading, asking, cell, &entries, reached, &mut room)?;
        out.pages.push(page);
        if !whole {
            out.more = true;
            break;
        }
    }
    Ok(out)
}

/// One page of a cell; the second value says whether it took all entries.
fn page(
    reading: &dyn Reading,
    asking: &Asking<'_>,
    cell: &CellCode,
    entries: &[FeedEntry],
    reached: u64,
    room: &mut usize,
) -> Result<(FeedPage, bool), HubError> {
    let actor = &asking.phone.actor;
    let mut page = FeedPage {
        cell: cell.clone(),
        upto: reached,
        records: Vec::new(),
        gone: Vec::new(),
        erased: Vec::new(),
        conflicts: Vec::new(),
    };
    for chunk in entries.chunks(READ_AT_ONCE) {
        let ids: Vec<RecordId> = chunk.iter().filter(|entry| !entry.gone).map(|entry| entry.record).collect();
        let mut found: BTreeMap<RecordId, StoredRecord> = BTreeMap::new();
        for stored in reading.records(&Scope::from(cell), &ids)? {
            found.insert(stored.record.id, stored);
        }
        for entry in chunk {
            if *room == 0 {
                return Ok((page, false));
            }
            page.upto = entry.n;
            if entry.gone {
                page.gone.push(entry.record);
                page.erased.extend(Some(entry.record).filter(|_| entry.erased));
                *room = room.saturating_sub(40);
            } else if let Some(stored) = found.remove(&entry.record)
                && actor.may(Action::Read, &stored.record.kind, cell)
            {
                let record = cut(&stored.record, actor);
                *room = room.saturating_sub(size(&record));
                page.records.push(record);
                for conflict in conflicts::told(reading, asking, &stored.record)? {
                    *room = room.saturating_sub(size(&conflict));
                    page.conflicts.push(conflict);
                }
            }
        }
    }
    page.upto = reached;
    Ok((page, true))
}

/// A record's or conflict's size on the wire before compression, near enough: written out once, never kept.
fn size(thing: &impl serde::Serialize) -> usize {
    let mut counter = Counter(0);
    // Counting cannot fail; a record that could not be written out would count as nothing.
    let _ = serde_json::to_writer(&mut counter, thing);
    counter.0
}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
