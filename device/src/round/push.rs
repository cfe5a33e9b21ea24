//! What goes up, and what the verdicts do to it.

use std::collections::BTreeSet;
use std::io::Write;

use domain::protocol::{BODY_BYTES_MAX, PAGE_BYTES, PUSH_CHANGES_MAX, Refusal, Verdict};
use domain::world::Millis;
use domain::{AccountId, Change, Kind, ProblemCode, Record, RecordId, Stamp, Stamps};
use rusqlite::Connection;

use super::text::Notes;
use super::{clock, pull, repair};
use crate::DeviceError;
use crate::open::Open;
use crate::outbox::{self, Refused};
use crate::store::{self, Held};

/// Why a change is in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The worker wrote it.
    Unsent,
    /// The server was restored; everything held goes up once more.
    Reoffer,
    /// The cell was read anew and the server did not confirm this record: it goes up whole.
    Doubted,
    /// An own value that lost against a pulled one: for the history.
    Overtaken,
}

/// A change in a request.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) change: Change,
    pub(super) why: Why,
    /// Fields that were in an earlier request too, whose answer was lost: the server may have them with these very stamps.
    pub(super) seen: BTreeSet<String>,
}

/// What the verdicts did.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) accepted: usize,
    pub(super) refused: usize,
    /// The greatest stamp that the server took.
    pub(super) latest: Stamp,
    /// Whether stamps from the future were set back: the clock that issued them goes back too.
    pub(super) set_back: bool,
}

/// Records that others name go first, so that no change names what the server has not seen.
const GATHER: &str = "SELECT id FROM record
    WHERE id IN (SELECT id FROM record WHERE unsent IS NOT NULL UNION SELECT id FROM record WHERE reoffer = 1)
    ORDER BY CASE kind WHEN 'cell' THEN 0 WHEN 'building' THEN 1 WHEN 'dwelling' THEN 2 WHEN 'household' THEN 3
        WHEN 'person' THEN 4 WHEN 'incident' THEN 5 WHEN 'visit' THEN 6 ELSE 7 END, id";

/// The next page of what is unsent. What is in it counts as seen from here on, whether or not the request arrives.
pub(super) fn gather(open: &mut Open, notes: &Notes) -> Result<Vec<Offer>, DeviceError> {
    let transaction = open.store.begin()?;
    let mut page = Page::new()?;
    let mut offers = Vec::new();
    let mut marked = Vec::new();
    {
        // Only names are sorted: the records themselves are read as far as the page goes.
        let mut statement = transaction.prepare_cached(GATHER)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = store::id_of_row(row)?;
            let Some(held) = store::held(&transaction, id)?.filter(|_| !notes.skip.contains(&id)) else { continue };
            let why = match (held.doubted, held.reoffer) {
                (true, _) => Why::Doubted,
                (false, true) => Why::Reoffer,
                (false, false) => Why::Unsent,
            };
            let change = outbox::change_of(&held);
            if !page.takes(&change)? {
                break;
            }
            let seen =
                held.unsent.iter().filter(|(_, pending)| pending.offered).map(|(field, _)| field.clone()).collect();
            offers.push(Offer { change, why, seen });
            marked.push(held);
        }
        if !page.full {
            for change in overtaken(&transaction)? {
                if !notes.skip.contains(&change.id) && page.takes(&change)? {
                    offers.push(Offer { change, why: Why::Overtaken, seen: BTreeSet::new() });
                }
            }
        }
    }
    for held in &mut marked {
        mark_offered(&transaction, held)?;
    }
    transaction.commit()?;
    Ok(offers)
}

/// Everything that waits for the server as changes, in the order in which it would be pushed: for handing in.
pub(super) fn unsent_changes(connection: &Connection) -> Result<Vec<Change>, DeviceError> {
    let mut changes = Vec::new();
    let mut statement = connection.prepare_cached(GATHER)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(held) = store::held(connection, store::id_of_row(row)?)? else { continue };
        // What the worker did not write need not be handed in: a server that was restored has it from others.
        let held = Held { reoffer: false, doubted: false, ..held };
        if !held.unsent.is_empty() {
            changes.push(outbox::change_of(&held));
        }
    }
    changes.extend(overtaken(connection)?);
    Ok(changes)
}

/// Marks the records of these changes as seen by others.
pub(crate) fn mark_all_offered(open: &mut Open, changes: &[Change]) -> Result<(), DeviceError> {
    let transaction = open.store.begin()?;
    for change in changes {
        if let Some(mut held) = store::held(&transaction, change.id)? {
            mark_offered(&transaction, &mut held)?;
        }
    }
    Ok(transaction.commit()?)
}

fn mark_offered(connection: &Connection, held: &mut Held) -> Result<(), DeviceError> {
    if held.offered && held.unsent.values().all(|pending| pending.offered) {
        return Ok(());
    }
    held.offered = true;
    held.unsent.values_mut().for_each(|pending| pending.offered = true);
    let unsent = if held.unsent.is_empty() { None } else { Some(serde_json::to_string(&held.unsent)?) };
    let sql = "UPDATE record SET offered = 1, unsent = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute((held.record.id.to_string(), unsent))?;
    Ok(())
}

/// Measures a page as it fills: pages are cut by what they weigh on the network, not by a count of records.
struct Page {
    scales: zstd::stream::write::Encoder<'static, Scales>,
    changes: usize,
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
    fn new() -> Result<Self, DeviceError> {
        Ok(Self { scales: zstd::stream::write::Encoder::new(Scales::default(), 1)?, changes: 0, bytes: 0, full: false })
    }

    /// Whether the change still fits. The first one always does.
    fn takes(&mut self, change: &Change) -> Result<bool, DeviceError> {
        let json = serde_json::to_vec(change)?;
        let fits = self.changes < PUSH_CHANGES_MAX
            && self.scales.get_ref().0 < PAGE_BYTES
            // Half of the bound: the envelope and the cursors need room too.
            && self.bytes + json.len() < BODY_BYTES_MAX / 2;
        self.full = !fits && self.changes > 0;
        if self.full {
            return Ok(false);
        }
        self.scales.write_all(&json)?;
        self.changes += 1;
        self.bytes += json.len() + 1;
        Ok(true)
    }
}

fn overtaken(connection: &Connection) -> Result<Vec<Change>, DeviceError> {
    // The record may have left in the meantime; its history is no longer this phone's.
    connection.execute("DELETE FROM overtaken WHERE id NOT IN (SELECT id FROM record)", [])?;
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

/// The server was restored from a backup: everything held goes up once more, and every feed is read again.
pub(super) fn offer_everything(connection: &Connection) -> Result<(), DeviceError> {
    tracing::warn!("the server's database is another one: everything held is offered again");
    connection.execute("UPDATE record SET reoffer = 1 WHERE gone = 0", [])?;
    // That database may not know of them; the worker still does.
    connection.execute("UPDATE conflict SET told = 0", [])?;
    repair::end_all(connection)?;
    store::forget_cursors(connection, None)?;
    store::photos_wait_again(connection)
}

/// Applies the verdicts of a request.
pub(super) fn judged<'a>(
    connection: &Connection,
    verdicts: impl Iterator<Item = (&'a Offer, &'a Verdict)>,
    restored: bool,
    (own, now): (&AccountId, Millis),
    notes: &mut Notes,
) -> Result<Judged, DeviceError> {
    let mut judged = Judged { accepted: 0, refused: 0, latest: Stamp::ZERO, set_back: false };
    let mut ahead = Vec::new();
    for (offer, verdict) in verdicts {
        match verdict {
            Verdict::Accepted => {
                acknowledge(connection, offer)?;
                judged.accepted += 1;
                judged.latest = judged.latest.max(offer.change.latest());
            }
            Verdict::Refused(refusal) if refusal.code == ProblemCode::Erased => {
                tracing::info!(id = %offer.change.id, "it was erased: nothing about it stays here");
                outbox::erase(connection, offer.change.id)?;
                judged.refused += 1;
            }
            // A restored server may refuse a part of a record for lacking the rest, which is offered next.
            Verdict::Refused(_) if restored => {}
            Verdict::Refused(refusal) if offer.why == Why::Doubted => {
                if !waits_for_target(connection, &offer.change, refusal, notes)? {
                    repair::refused(connection, &offer.change, refusal, now)?;
                    judged.refused += 1;
                }
            }
            Verdict::Refused(refusal) if refusal.code == ProblemCode::StampFuture => ahead.push((offer, refusal)),
            Verdict::Refused(refusal) if waits_for_target(connection, &offer.change, refusal, notes)? => {}
            Verdict::Refused(refusal) if offer.why == Why::Reoffer => {
                judged.refused += usize::from(end_reoffer(connection, offer, refusal, own, now)?);
            }
            Verdict::Refused(refusal) => {
                refuse(connection, offer, refusal, now)?;
                judged.refused += 1;
            }
        }
    }
    set_back(connection, &ahead, now, notes)?;
    judged.set_back = !ahead.is_empty();
    Ok(judged)
}

/// Exactly what was pushed is acknowledged: a field written again in the meantime stays unsent, on top of what was pushed.
fn acknowledge(connection: &Connection, offer: &Offer) -> Result<(), DeviceError> {
    let change = &offer.change;
    if store::exists(connection, "SELECT 1 FROM overtaken WHERE id = ?1 LIMIT 1", [change.id.to_string()])? {
        for field in change.fields.keys() {
            let sql = "DELETE FROM overtaken WHERE id = ?1 AND field = ?2 AND stamp = ?3";
            let stamp = change.stamps.of(field).to_string();
            connection.prepare_cached(sql)?.execute((change.id.to_string(), field, stamp))?;
        }
    }
    let Some(mut held) = store::held(connection, change.id)? else { return Ok(()) };
    if matches!(offer.why, Why::Reoffer | Why::Doubted) {
        (held.reoffer, held.doubted) = (false, false);
    }
    for field in change.fields.keys() {
        let pushed = change.stamps.of(field);
        let standing = held.record.stamps.of(field);
        if standing == pushed {
            held.unsent.remove(field);
        } else if let Some(pending) = held.unsent.get_mut(field)
            && standing > pushed
            && offer.why != Why::Overtaken
        {
            pending.base = Some(pushed);
        }
    }
    // The record itself is what it was: it need not be written again.
    if held.gone { store_or_leave(connection, &held) } else { store::put_sending(connection, &held) }
}

/// Stores a record, or lets it go when it left the cell and nothing of it is unsent any more.
pub(super) fn store_or_leave(connection: &Connection, held: &Held) -> Result<(), DeviceError> {
    if held.gone && held.unsent.is_empty() && !pull::photo_waits(connection, &held.record)? {
        store::remove(connection, held.record.id)
    } else {
        store::put(connection, held)
    }
}

/// The restored server does not take what is held. What is unsent of it goes up by itself next; for the rest the record shows
/// what the server has. A record that the server has not got goes: the own words in it to the refused ones (true), another's
/// to whoever wrote them and offers them too.
fn end_reoffer(
    connection: &Connection,
    offer: &Offer,
    refusal: &Refusal,
    own: &AccountId,
    now: Millis,
) -> Result<bool, DeviceError> {
    let change = &offer.change;
    let Some(mut held) = store::held(connection, change.id)? else { return Ok(false) };
    held.reoffer = false;
    if !held.unsent.is_empty() {
        store::put(connection, &held)?;
        return Ok(false);
    }
    if let Some(current) = refusal.current.as_ref().filter(|current| current.id == change.id) {
        store_or_leave(connection, &on_top_of(connection, current, &held)?)?;
        return Ok(false);
    }
    store::remove(connection, change.id)?;
    let written_here = held.record.text("by") == Some(own.as_str());
    if written_here {
        keep_words(connection, change, change.fields.clone(), refusal, now)?;
    }
    store::drop_unnamed_photos(connection)?;
    Ok(written_here)
}

/// A change whose target the server does not know yet is tried once more in this round, and in the next one as long as the
/// target itself is still unsent.
fn waits_for_target(
    connection: &Connection,
    change: &Change,
    refusal: &Refusal,
    notes: &mut Notes,
) -> Result<bool, DeviceError> {
    if refusal.code != ProblemCode::MissingTarget {
        return Ok(false);
    }
    if notes.retried.insert(change.id) {
        return Ok(true);
    }
    for target in change.fields.values().filter_map(|value| value.as_str()?.parse::<RecordId>().ok()) {
        let comes = || -> Result<bool, DeviceError> {
            let unsent = store::held(connection, target)?.is_some_and(|held| !held.unsent.is_empty());
            // Another phone handed it over, and sends it itself.
            Ok(unsent || store::is_received(connection, target)?)
        };
        if target != change.id && comes()? {
            notes.skip.insert(change.id);
            return Ok(true);
        }
    }
    Ok(false)
}

/// The refused words are kept; the record shows what the server has.
fn refuse(connection: &Connection, offer: &Offer, refusal: &Refusal, now: Millis) -> Result<(), DeviceError> {
    let change = &offer.change;
    tracing::info!(id = %change.id, kind = %change.kind, code = ?refusal.code, "a change was refused");
    connection.execute(
        "DELETE FROM overtaken WHERE id = ?1 AND stamp = ?2",
        (change.id.to_string(), change.latest().to_string()),
    )?;
    let held = store::held(connection, change.id)?;
    let mut words = change.fields.clone();
    if let Some(mut held) = held.filter(|_| offer.why == Why::Unsent) {
        match refusal.current.as_ref().filter(|current| current.id == change.id && current.kind == change.kind) {
            Some(current) => {
                words.retain(|field, _| held.record.stamps.of(field) == change.stamps.of(field));
                held.unsent.retain(|field, _| !words.contains_key(field));
                store_or_leave(connection, &on_top_of(connection, current, &held)?)?;
            }
            None => {
                // Without the record underneath, what was written since has nothing to stand on: it joins the refused words.
                let since = held.record.fields.iter().filter(|(field, _)| held.unsent.contains_key(*field));
                words.extend(since.map(|(field, value)| (field.clone(), value.clone())));
                store::remove(connection, change.id)?;
            }
        }
    }
    keep_words(connection, change, words, refusal, now)
}

fn keep_words(
    connection: &Connection,
    change: &Change,
    fields: domain::Fields,
    refusal: &Refusal,
    at: Millis,
) -> Result<(), DeviceError> {
    let (id, kind, cell) = (change.id, change.kind.clone(), change.cell.clone());
    let (code, problems) = (refusal.code, refusal.problems.clone());
    outbox::keep_refused(connection, &Refused { id, kind, cell, code, problems, fields, at })
}

/// The server's record with what is still unsent of ours on top; what is older than the server's goes up for the history only.
pub(super) fn on_top_of(connection: &Connection, current: &Record, held: &Held) -> Result<Held, DeviceError> {
    let mut held = held.clone();
    let standing = |field: &String| current.fields.contains_key(field).then(|| current.stamps.of(field));
    let older: Vec<String> = (held.unsent.keys())
        .filter(|field| standing(field).is_some_and(|standing| held.record.stamps.of(field) <= standing))
        .cloned()
        .collect();
    for field in &older {
        pull::overtake(connection, &mut held, field, current)?;
    }
    let mut record = current.clone();
    let mut unsent = held.unsent.clone();
    let mut pairs: Vec<(String, Stamp)> =
        current.fields.keys().map(|field| (field.clone(), current.stamps.of(field))).collect();
    for (field, pending) in &mut unsent {
        let Some(value) = held.record.fields.get(field) else { continue };
        pending.base = current.fields.contains_key(field).then(|| current.stamps.of(field));
        record.fields.insert(field.clone(), value.clone());
        pairs.retain(|(name, _)| name != field);
        pairs.push((field.clone(), held.record.stamps.of(field)));
    }
    record.stamps = Stamps::from_pairs(pairs.iter().map(|(field, stamp)| (field.as_str(), *stamp)));
    Ok(Held { record, unsent, ..held })
}

/// Changes from the future are set back, all by the same amount, and go up again with the next round. What the server has of
/// them already (its answer was lost) is acknowledged instead: its stamp has been seen.
fn set_back(
    connection: &Connection,
    ahead: &[(&Offer, &Refusal)],
    now: Millis,
    notes: &mut Notes,
) -> Result<(), DeviceError> {
    let Some(latest) = ahead.iter().map(|(offer, _)| offer.change.latest().millis()).max() else { return Ok(()) };
    let by = (now - latest).min(0);
    for (offer, refusal) in ahead {
        notes.skip.insert(offer.change.id);
        if let Some(mut held) = store::held(connection, offer.change.id)? {
            if let Some(current) = &refusal.current {
                pull::drop_acknowledged(&mut held, current);
            }
            // What an earlier request may have brought keeps its stamp, unless no server can have taken it with that.
            let stamps = &offer.change.stamps;
            let taken = |field: &str| offer.seen.contains(field) && clock::may_be_taken(stamps.of(field), now);
            clock::set_back(&mut held, &offer.change, (by, now), taken);
            store::put(connection, &held)?;
        }
    }
    Ok(())
}
