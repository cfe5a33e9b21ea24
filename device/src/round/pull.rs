//! What comes down. A pull never overwrites an unsent value silently: the greater stamp wins, and a losing own value is kept
//! and still goes up, for the history.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::merge::{MergeError, merge, merge_record};
use domain::protocol::FeedPage;
use domain::stamp::STAMP_AHEAD_MAX;
use domain::world::Millis;
use domain::{CellCode, Change, Kind, Record, RecordId, Stamp};
use rusqlite::Connection;

use super::{own, repair};
use crate::DeviceError;
use crate::conflicts;
use crate::outbox;
use crate::store::{self, CellSums, Held, Kept};

/// What the pages of an answer held.
#[derive(Debug)]
pub(super) struct Seen {
    /// Records that were new or different, and records that left.
    pub(super) new: usize,
    /// Whether records went that had left their cell, or anything that was erased.
    pub(super) left: bool,
    /// Whether values were set aside, or such were settled, or what left its cell stays for now.
    pub(super) told: bool,
    /// The greatest stamp in it that lies within reason.
    pub(super) latest: Stamp,
}

impl Seen {
    /// No page was seen yet.
    pub(super) const NOTHING: Self = Self { new: 0, left: false, told: false, latest: Stamp::ZERO };
}

/// Stores a page and its cursor.
pub(super) fn store_page(
    connection: &Connection,
    page: &FeedPage,
    brought: &BTreeMap<RecordId, &Change>,
    now: Millis,
    seen: &mut Seen,
) -> Result<(), DeviceError> {
    let mut sums = CellSums::default();
    let mut of_nobody = Vec::new();
    for record in &page.records {
        let latest = record.latest();
        // One broken clock must not drag this one along, nor hide the stamps beside it.
        if latest.millis() <= now.saturating_add(STAMP_AHEAD_MAX) {
            seen.latest = seen.latest.max(latest);
        }
        let record = whole(record, brought);
        let kept = store::kept(connection, record.id)?;
        if outbox::was_left_to_nobody(kept.as_ref().map(|kept| &kept.held.record), &record) {
            of_nobody.push(record.id);
        }
        let new = match kept {
            Some(kept) => store_pulled(connection, kept, &record, &mut sums, now)?,
            None => store_new(connection, &record, &mut sums)?,
        };
        seen.new += usize::from(new);
        if let Some(proof) = page.proofs.get(&record.id) {
            store::put_proof(connection, &record, proof)?;
        }
        if let Some(proof) = page.moves.get(&record.id) {
            store::put_move(connection, &record, proof)?;
        }
    }
    sums.write(connection)?;
    // Before anything goes: a case file that may be about others, as a list says that was set aside, keeps its words.
    seen.told |= conflicts::take_page(connection, page, now)?;
    outbox::look_at_files(connection, &of_nobody)?;
    for id in &page.erased {
        let erased = outbox::erase(connection, *id)?;
        seen.new += usize::from(erased);
        seen.left |= erased;
    }
    // Before anything leaves: it says whom a file is about.
    outbox::look_again(connection)?;
    for id in &page.gone {
        seen.told |= leave(connection, *id, &page.cell)?;
        seen.new += usize::from(store::remove_received(connection, *id)?);
    }
    if store::received_anything(connection)? {
        store::settle_received(connection)?;
    }
    store::set_cursor(connection, &page.cell, page.upto)
}

/// Stores a record of which nothing is held. True: it is new.
fn store_new(connection: &Connection, record: &Record, sums: &mut CellSums) -> Result<bool, DeviceError> {
    match own_photo(connection, record)? {
        Some(held) => {
            sums.write(connection)?;
            store::put(connection, &held)?;
        }
        None => store::put_new(connection, record, sums)?,
    }
    Ok(true)
}

/// A photo's record that this phone wrote, that was refused once (its cell was handed over, say) and that the server has all the same:
/// an earlier request brought it, and the answer was lost. Or the page of a damaged register on which it lay was lost. Its picture is here
/// alone, and still this phone's to send, also where the server had it for another record: that one may have been erased there.
fn own_photo(connection: &Connection, record: &Record) -> Result<Option<Held>, DeviceError> {
    if record.kind != Kind::Photo {
        return Ok(None);
    }
    let own_at = match outbox::refused_one(connection, record.id)? {
        Some(refused) => refused.at,
        None if store::was_nameless(connection, record)? => record.latest().millis(),
        None => return Ok(None),
    };
    if let Some(hash) = record.text("sha256") {
        store::announce_again(connection, hash)?;
    }
    Ok(Some(Held { own_at: Some(own_at), ..Held::from_server(record.clone()) }))
}

/// The record as the server has it: of one that this request brought it may have sent only what was not brought.
fn whole<'p>(sent: &'p Record, brought: &BTreeMap<RecordId, &Change>) -> Cow<'p, Record> {
    match brought.get(&sent.id).and_then(|change| merge(Some(sent), change).ok()) {
        Some(merged) => Cow::Owned(merged.record),
        None => Cow::Borrowed(sent),
    }
}

/// Merges a record of the server's into what is held. False: nothing was new.
fn store_pulled(
    connection: &Connection,
    Kept { held, version, .. }: Kept,
    pulled: &Record,
    sums: &mut CellSums,
    now: Millis,
) -> Result<bool, DeviceError> {
    if repair::concerns(&held, pulled) {
        sums.write(connection)?;
        return repair::store_pulled(connection, held, pulled, now);
    }
    let standing = own::with_values_of_the_server(&held.record, pulled);
    let after = match merge_record(&standing, pulled) {
        Ok(merged) => {
            let mut unsent = held.unsent.clone();
            for field in &merged.taken {
                own::overtake(connection, (&standing, &mut unsent), field, &merged.record)?;
            }
            for (field, pending) in &mut unsent {
                let stamp = pulled.stamps.of(field);
                if pulled.fields.contains_key(field) && stamp < held.record.stamps.of(field) {
                    pending.passed = pending.passed.max(Some(stamp));
                }
            }
            Held { record: merged.record, unsent, ..held }
        }
        Err(MergeError::Sealed { .. }) => own::sealed(connection, &held, pulled, now)?,
        Err(MergeError::OtherKind) => {
            tracing::warn!(id = %pulled.id, "the server sent a record under another kind; it is left out");
            return Ok(false);
        }
    };
    let mut after = Held { gone: false, ..after };
    own::drop_acknowledged(&mut after, pulled);
    if after == held {
        return Ok(false);
    }
    let settled = |held: &Held| held.unsent.is_empty() && !held.gone;
    if settled(&held) && settled(&after) && held.record.cell == after.record.cell {
        store::put_settled(connection, &after, version, sums)?;
    } else {
        sums.write(connection)?;
        store::put(connection, &after)?;
    }
    Ok(true)
}

/// A record left a cell. Unless it is in another one already it stays, marked, until [`leave_gone`]: it may come with a page of another
/// cell of the phone's, and until then its worker goes on with it. True: it was not marked yet.
fn leave(connection: &Connection, id: RecordId, cell: &CellCode) -> Result<bool, DeviceError> {
    const SQL: &str =
        "UPDATE record SET gone = 1, doubted = 0 WHERE id = ?1 AND cell = ?2 AND (gone = 0 OR doubted = 1)";
    Ok(connection.prepare_cached(SQL)?.execute((id.to_string(), cell.as_str()))? > 0)
}

/// Removes what left its cell and came with no other one of the phone's, as soon as nothing of it waits. For when every feed was read to
/// its end: before that it may still come, and all that only its row knows (who wrote in it, its proof, what was decided of it) would be
/// lost on the way. How many records went.
pub(super) fn leave_gone(connection: &Connection) -> Result<usize, DeviceError> {
    let sql = format!("DELETE FROM record AS photo WHERE gone = 1 AND NOT {}", own::waits());
    let left = connection.prepare_cached(&sql)?.execute([])?;
    if left > 0 {
        store::drop_unnamed_photos(connection)?;
    }
    Ok(left)
}

/// What became of the cells that the phone does not hold any more.
pub(super) struct Left {
    /// Something went.
    pub(super) gone: bool,
    /// Something of one still waits.
    pub(super) waiting: bool,
}

/// Removes the cells that the phone does not hold any more, each only when nothing of it waits, photos that are still to be stored
/// for a record included.
///
/// The cursor of such a cell goes at once: the server says of nothing that is refused now what stands, so records may be dropped here
/// that it has, also ones that lie in another cell here since they were to be moved. Should the cell come back it is read anew.
pub(super) fn leave_cells(connection: &Connection, held: &[CellCode]) -> Result<Left, DeviceError> {
    let waits = format!("SELECT 1 FROM record AS photo WHERE cell = ?1 AND {} LIMIT 1", own::waits());
    const HERE: &str = "SELECT cell FROM cell_digest WHERE records > 0 UNION SELECT cell FROM cursor
        UNION SELECT cell FROM record INDEXED BY record_gone WHERE gone = 1";
    let mut statement = connection.prepare_cached(HERE)?;
    let here: BTreeSet<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut left = Left { gone: false, waiting: false };
    for cell in here.into_iter().filter_map(|cell| CellCode::new(&cell).ok()).filter(|cell| !held.contains(cell)) {
        repair::cell_leaves(connection, &cell)?;
        store::forget_cursors(connection, Some(&cell))?;
        if store::exists(connection, &waits, [cell.as_str()])? {
            left.waiting = true;
            continue;
        }
        connection.execute("DELETE FROM record WHERE cell = ?1", [cell.as_str()])?;
        store::forget_digest(connection, &cell)?;
        left.gone = true;
    }
    if left.gone {
        store::drop_unnamed_photos(connection)?;
    }
    Ok(left)
}
