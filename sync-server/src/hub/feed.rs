//! What goes down: pages of the cells' feeds, cut by size.

use std::collections::BTreeMap;

use domain::protocol::{FeedPage, PAGE_BYTES, PAGE_RATIO};
use domain::scales::{PROOF_BYTES, Scales};
use domain::scope::phone_writes;
use domain::world::Millis;
use domain::{CellCode, Change, Record, RecordId};

use crate::hub::judge::cut;
use crate::hub::phones::Phone;
use crate::hub::proofs::ProofKey;
use crate::hub::{HubError, conflicts};
use crate::store::{Fed, Reading, Run};

/// A page is cut by this many bytes, of records that do not compress better than is counted on.
pub(super) const PAGE_RAW_BYTES: usize = PAGE_BYTES * PAGE_RATIO;

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
    /// What makes the proofs of what the phone may not write.
    pub(super) proof_key: &'a ProofKey,
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
        let stamps = stamps.only(&fields);
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
        // A cell that is doubted is read whole: whoever wrote it, and everything that ever left it.
        let whole = asking.doubted.contains(cell);
        let from = if whole { (Some(cursor.unwrap_or(0)), Run::NOBODY) } else { (cursor, asking.run) };
        let (page, whole) = page(reading, asking, (cell, reached), from, (&mut room, &mut scales))?;
        out.pages.push(page);
        if !whole {
            out.more = true;
            break;
        }
    }
    Ok(out)
}

/// One page of a cell from a cursor on, for a run; the second value says whether it took everything.
fn page(
    reading: &dyn Reading,
    asking: &Asking<'_>,
    (cell, reached): (&CellCode, u64),
    (cursor, run): (Option<u64>, Run),
    (room, scales): (&mut usize, &mut Scales),
) -> Result<(FeedPage, bool), HubError> {
    let page = FeedPage {
        cell: cell.clone(),
        upto: reached,
        records: Vec::new(),
        gone: Vec::new(),
        erased: Vec::new(),
        conflicts: Vec::new(),
        proofs: BTreeMap::new(),
        moves: BTreeMap::new(),
    };
    let mut filling = Filling { reading, asking, page, room, scales };
    let (mut whole, mut taken) = (true, Ok(()));
    reading.feed(cell, cursor, run, &mut |fed| {
        whole = *filling.room > 0;
        if whole {
            taken = filling.take(fed);
        }
        whole && taken.is_ok()
    })?;
    taken?;
    let Filling { mut page, .. } = filling;
    if whole {
        page.upto = reached;
    }
    Ok((page, whole))
}

/// A page that is being filled, and the room that is left for it.
struct Filling<'f> {
    reading: &'f dyn Reading,
    asking: &'f Asking<'f>,
    page: FeedPage,
    room: &'f mut usize,
    scales: &'f mut Scales,
}

impl Filling<'_> {
    /// Takes what an entry has for this phone.
    fn take(&mut self, Fed { entry, record, bytes, disputed }: Fed) -> Result<(), HubError> {
        let Self { reading, asking, page, room, scales } = self;
        let actor = &asking.phone.actor;
        page.upto = entry.n;
        if entry.gone {
            page.gone.push(entry.record);
            page.erased.extend(Some(entry.record).filter(|_| entry.erased));
            **room = room.saturating_sub(40);
            return Ok(());
        }
        let Some(record) = record.filter(|record| actor.may_read(record)) else {
            return Ok(());
        };
        let told = if disputed { conflicts::told(*reading, asking, &record)? } else { Vec::new() };
        let fields = record.fields.len();
        let record = cut(record, actor);
        let moved = asking.proof_key.prove_move(&record);
        // What its role may write a phone goes on writing: the proof of the whole would fit no more then, that of the move does.
        let proven = if moved.is_some() && phone_writes(actor.role, &record.kind) {
            None
        } else {
            asking.proof_key.prove(actor.role, &record)
        };
        let (proof, proofs) = match proven {
            Some(proof) => (Some(proof), &mut page.proofs),
            None => (moved, &mut page.moves),
        };
        if let Some(proof) = proof {
            **room = room.saturating_sub(PROOF_BYTES);
            proofs.insert(record.id, proof);
        }
        let record = asking.without_echo(record);
        let whole = record.fields.len() == fields;
        **room = room.saturating_sub(scales.weigh(&record, whole.then_some(bytes)));
        page.records.push(record);
        for conflict in told {
            **room = room.saturating_sub(scales.weigh(&conflict, None));
            page.conflicts.push(conflict);
        }
        Ok(())
    }
}
