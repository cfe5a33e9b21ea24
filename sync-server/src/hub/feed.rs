//! What goes down: pages of the cells' feeds, cut by size.

use std::collections::BTreeMap;

use domain::protocol::{FeedPage, PAGE_BYTES, PAGE_RATIO};
use domain::scope::Action;
use domain::world::Millis;
use domain::{CellCode, Change, Record, RecordId, Scope, Stamps};

use crate::hub::judge::cut;
use crate::hub::phones::Phone;
use crate::hub::scales::Scales;
use crate::hub::{HubError, conflicts};
use crate::store::{FeedEntry, Reading, Run, StoredRecord};

/// A page is cut by this many bytes, of records that do not compress better than is counted on.
pub(super) const PAGE_RAW_BYTES: usize = PAGE_BYTES * PAGE_RATIO;

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
    /// What the phone itself has just brought.
    pub(super) brought: BTreeMap<RecordId, &'a Change>,
}

impl Asking<'_> {
    /// The record without what the phone has just brought and what stands as it was brought.
    fn without_echo(&self, record: Record) -> Record {
        let Some(change) = self.brought.get(&record.id).filter(|_| !self.doubted.contains(&record.cell)) else {
            return record;
        };
        let Record { id, kind, cell, mut fields, stamps } = record;
        fields.retain(|field, value| {
            change.fields.get(field) != Some(value) || change.stamps.of(field) != stamps.of(field)
        });
        let stamps = Stamps::from_pairs(fields.keys().map(|field| (field.as_str(), stamps.of(field))));
        Record { id, kind, cell, fields, stamps }
    }
}

/// What the phone's cells have that the cursors do not cover.
pub(super) fn pages(
    reading: &dyn Reading,
    asking: &Asking<'_>,
    cursors: &BTreeMap<CellCode, u64>,
    mut room: usize,
) -> Result<Pages, HubError> {
    let mut out = Pages { pages: Vec::new(), more: false };
    let mut scales = Scales::default();
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
        // What moved away is named to a phone without a cursor too: it may hold the cell all the same, and read it from its beginning
        // after a refusal or for a server that was put back from a backup.
        let entries = if asking.doubted.contains(cell) {
            reading.whole_feed_after(cell, cursor.unwrap_or(0))?
        } else {
            reading.feed_after(cell, cursor, asking.run)?
        };
        let (page, whole) = page(reading, asking, (cell, reached), &entries, (&mut room, &mut scales))?;
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
    (cell, reached): (&CellCode, u64),
    entries: &[FeedEntry],
    (room, scales): (&mut usize, &mut Scales),
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
                let record = asking.without_echo(cut(&stored.record, actor));
                *room = room.saturating_sub(scales.weigh(&record));
                page.records.push(record);
                for conflict in conflicts::told(reading, asking, &stored.record)? {
                    *room = room.saturating_sub(scales.weigh(&conflict));
                    page.conflicts.push(conflict);
                }
            }
        }
    }
    page.upto = reached;
    Ok((page, true))
}
