//! What the verdicts do to what went up.

use std::collections::{BTreeMap, BTreeSet};

use domain::protocol::{Proof, Refusal, Verdict};
use domain::world::Millis;
use domain::{AccountId, Change, Digest, ProblemCode, Record, RecordId, Stamp, Stamps};
use rusqlite::Connection;

use super::notes::Notes;
use super::{clock, pull, repair};
use crate::DeviceError;
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

/// What is remembered of a change while its request is under way.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) why: Why,
    /// Fields that were in an earlier request too, whose answer was lost: the server may have them with these very stamps.
    pub(super) seen: BTreeSet<String>,
    /// The version of the record that it is all of what waits of.
    pub(super) version: Option<Digest>,
    /// By it the server recognises what it sent and this phone may not write.
    pub(super) proof: Option<Proof>,
}

/// A change in a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer<'r> {
    pub(super) change: &'r Change,
    why: Why,
    seen: &'r BTreeSet<String>,
    version: Option<Digest>,
}

impl<'r> Offer<'r> {
    pub(super) fn of((change, mark): (&'r Change, &'r Mark)) -> Self {
        let Mark { why, seen, version, .. } = mark;
        Self { change, why: *why, seen, version: *version }
    }
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
    /// Whether something that went up is not held any more as it was sent, though nothing of it need be refused words.
    pub(super) dropped: bool,
}

/// The server was restored from a backup: everything held goes up once more, and every feed is read again.
pub(super) fn offer_everything(connection: &Connection) -> Result<(), DeviceError> {
    tracing::warn!("the server's database is another one: everything held is offered again");
    // What left is offered too, should something of it wait: of the rest of it this phone may have the last copy, and the feeds that are
    // read anew say what really left.
    connection.execute("UPDATE record SET reoffer = 1, gone = 0", [])?;
    // That database may not know of them; the worker still does.
    connection.execute("UPDATE conflict SET told = 0", [])?;
    repair::end_all(connection)?;
    store::forget_cursors(connection, None)?;
    store::photos_wait_again(connection)
}

/// Applies the verdicts of a request.
pub(super) fn judged<'a>(
    connection: &Connection,
    verdicts: impl Iterator<Item = (Offer<'a>, &'a Verdict)>,
    restored: bool,
    (own, now): (&AccountId, Millis),
    notes: &mut Notes,
) -> Result<Judged, DeviceError> {
    let mut judged = Judged { accepted: 0, refused: 0, latest: Stamp::ZERO, set_back: false, dropped: false };
    let mut ahead = Vec::new();
    // Of two words that are refused for one field the later one is kept: what was overtaken is older, so it comes first.
    let mut verdicts: Vec<_> = verdicts.collect();
    verdicts.sort_by_key(|(offer, _)| offer.why != Why::Overtaken);
    for (offer, verdict) in verdicts {
        match verdict {
            Verdict::Accepted => {
                acknowledge(connection, &offer)?;
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
                if !waits_for_target(connection, offer.change, refusal, notes)? {
                    repair::refused(connection, offer.change, refusal, now, notes)?;
                    judged.refused += 1;
                }
            }
            Verdict::Refused(refusal) if refusal.code == ProblemCode::StampFuture => ahead.push((offer, refusal)),
            Verdict::Refused(refusal) if waits_for_target(connection, offer.change, refusal, notes)? => {}
            Verdict::Refused(refusal) if offer.why == Why::Reoffer => {
                judged.refused += usize::from(end_reoffer(connection, &offer, refusal, (own, now), notes)?);
                judged.dropped = true;
            }
            Verdict::Refused(refusal) => {
                refuse(connection, &offer, refusal, now, notes)?;
                judged.refused += 1;
            }
        }
    }
    set_back(connection, &ahead, now, notes)?;
    judged.set_back = !ahead.is_empty();
    judged.dropped |= judged.refused > 0 || judged.set_back;
    Ok(judged)
}

/// Exactly what was pushed is acknowledged: a field written again in the meantime stays unsent, on top of what was pushed.
fn acknowledge(connection: &Connection, offer: &Offer<'_>) -> Result<(), DeviceError> {
    let change = offer.change;
    forget_overtaken(connection, change)?;
    if let Some(version) = offer.version
        && store::clear_offered(connection, change.id, version)?
    {
        return Ok(());
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

/// What a change says was judged: as overtaken words it need not be kept any more. Of the same record and moment others may still wait
/// for their own verdict.
fn forget_overtaken(connection: &Connection, change: &Change) -> Result<(), DeviceError> {
    let id = change.id.to_string();
    if !outbox::is_overtaken(connection, change.id)? {
        return Ok(());
    }
    for field in change.fields.keys() {
        let sql = "DELETE FROM overtaken WHERE id = ?1 AND field = ?2 AND stamp = ?3";
        connection.prepare_cached(sql)?.execute((&id, field, change.stamps.of(field).to_string()))?;
    }
    Ok(())
}

/// Stores a record, or lets it go when it left the cell and nothing of it is unsent any more, for the history neither, nor waits to be
/// offered to a server that was put back from a backup and may have lost it.
pub(super) fn store_or_leave(connection: &Connection, held: &Held) -> Result<(), DeviceError> {
    let waits = |held: &Held| -> Result<bool, DeviceError> {
        let text = !held.unsent.is_empty() || held.reoffer || outbox::is_overtaken(connection, held.record.id)?;
        Ok(text || pull::photo_waits(connection, &held.record)?)
    };
    if held.gone && !waits(held)? { store::remove(connection, held.record.id) } else { store::put(connection, held) }
}

/// The restored server does not take what is held. Where some fields are at fault, the rest is offered once more without them. Else
/// what is unsent of it goes up by itself next; for the rest the record shows what the server has. A record that the server has not got
/// goes: the own words in it to the refused ones (true), another's to whoever wrote them and offers them too.
fn end_reoffer(
    connection: &Connection,
    offer: &Offer<'_>,
    refusal: &Refusal,
    (own, now): (&AccountId, Millis),
    notes: &mut Notes,
) -> Result<bool, DeviceError> {
    let change = offer.change;
    let Some(mut held) = store::held(connection, change.id)? else { return Ok(false) };
    if let Some(kept) = give_up_faults(connection, (change, &held), refusal, now, notes)? {
        return Ok(kept);
    }
    held.reoffer = false;
    let settled = held.unsent.is_empty();
    let current = refusal.current.as_ref().filter(|current| current.id == change.id);
    if let Some(current) = current.filter(|current| settled || current.kind == held.record.kind) {
        store_or_leave(connection, &on_top_of(connection, current, &held)?)?;
        return Ok(false);
    }
    if !settled {
        store::put(connection, &held)?;
        return Ok(false);
    }
    let mut words = outbox::take_overtaken(connection, change.id)?;
    store::remove(connection, change.id)?;
    if held.own_at.is_some() || held.record.text("by") == Some(own.as_str()) {
        words.extend(change.fields.clone());
    }
    let kept = !words.is_empty();
    keep_words(connection, change, words, refusal, now)?;
    store::drop_unnamed_photos(connection)?;
    Ok(kept)
}

/// The fields for which alone a whole record was refused, as far as the server has something else in their place. Empty when the record
/// itself is at fault, or nothing but what the server has too: giving up fields ends sooner or later.
fn at_fault(change: &Change, refusal: &Refusal, current: &Record) -> BTreeSet<String> {
    let named = || refusal.problems.iter().map(|problem| &problem.field);
    // A record that may not lie where it lies is no matter of a field.
    if current.kind != change.kind || named().any(|field| field == "cell" || !change.fields.contains_key(field)) {
        return BTreeSet::new();
    }
    named().filter(|field| change.fields.get(*field) != current.fields.get(*field)).cloned().collect()
}

/// Puts what the server has in the place of the fields at fault, and leaves the rest of the record to be offered again: otherwise one
/// value that cannot come back would keep everything else from it that only this phone has. None when no field alone is at fault; true
/// when words of the worker's that were never taken join the refused ones.
pub(super) fn give_up_faults(
    connection: &Connection,
    (change, held): (&Change, &Held),
    refusal: &Refusal,
    now: Millis,
    notes: &mut Notes,
) -> Result<Option<bool>, DeviceError> {
    let Some(current) = refusal.current.as_ref().filter(|current| current.id == change.id) else { return Ok(None) };
    let faults = at_fault(change, refusal, current);
    if faults.is_empty() {
        return Ok(None);
    }
    let mut held = held.clone();
    // What was written again since is another value, and is judged by itself.
    let as_offered = |field: &&String| held.record.stamps.of(field) == change.stamps.of(field);
    let given_up: Vec<&String> = faults.iter().filter(as_offered).collect();
    let mut words = change.fields.clone();
    words.retain(|field, _| given_up.contains(&field) && held.unsent.contains_key(field));
    let record = &mut held.record;
    let mut stamps: BTreeMap<String, Stamp> =
        record.fields.keys().map(|field| (field.clone(), record.stamps.of(field))).collect();
    for field in given_up {
        held.unsent.remove(field);
        match current.fields.get(field) {
            Some(value) => {
                record.fields.insert(field.clone(), value.clone());
                stamps.insert(field.clone(), current.stamps.of(field));
            }
            None => {
                record.fields.remove(field);
                stamps.remove(field);
            }
        }
    }
    record.stamps = Stamps::from_pairs(stamps.iter().map(|(field, stamp)| (field.as_str(), *stamp)));
    store::put(connection, &held)?;
    let kept = !words.is_empty();
    if kept {
        notes.refused.extend(words.keys().map(|field| (change.id, field.clone())));
        keep_words(connection, change, words, refusal, now)?;
    }
    Ok(Some(kept))
}

/// A change whose target the server does not know yet is tried once more in this round, and in the next one as long as the
/// target itself is still unsent, or to be offered again.
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
            let unsent = store::held(connection, target)?.is_some_and(|held| !held.unsent.is_empty() || held.reoffer);
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
fn refuse(
    connection: &Connection,
    offer: &Offer<'_>,
    refusal: &Refusal,
    now: Millis,
    notes: &mut Notes,
) -> Result<(), DeviceError> {
    let change = offer.change;
    tracing::info!(id = %change.id, kind = %change.kind, code = ?refusal.code, "a change was refused");
    forget_overtaken(connection, change)?;
    let held = store::held(connection, change.id)?;
    let mut words = change.fields.clone();
    if let Some(held) = held.as_ref().filter(|held| offer.why == Why::Overtaken && held.gone) {
        store_or_leave(connection, held)?;
    }
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
                // So do older ones that were still to be sent.
                let mut all = outbox::take_overtaken(connection, change.id)?;
                all.append(&mut words);
                words = all;
                store::remove(connection, change.id)?;
            }
        }
    }
    if offer.why == Why::Overtaken {
        // Older words of a field do not take the place of those that were refused with an earlier page.
        words.retain(|field, _| !notes.refused.contains(&(change.id, field.clone())));
        if words.is_empty() {
            return Ok(());
        }
    } else {
        notes.refused.extend(words.keys().map(|field| (change.id, field.clone())));
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
        pull::overtake(connection, (&held.record, &mut held.unsent), field, current)?;
    }
    let mut record = current.clone();
    let mut unsent = held.unsent.clone();
    let mut pairs: Vec<(String, Stamp)> =
        current.fields.keys().map(|field| (field.clone(), current.stamps.of(field))).collect();
    for (field, pending) in &mut unsent {
        let Some(value) = held.record.fields.get(field) else { continue };
        if field == "cell" {
            record.cell.clone_from(&held.record.cell);
        }
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
    ahead: &[(Offer<'_>, &Refusal)],
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
            clock::set_back(&mut held, (offer.change, refusal.current.as_ref()), (by, now), taken);
            store::put(connection, &held)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::{CellCode, Kind};
    use serde_json::json;

    use super::*;
    use crate::store::Pending;

    #[test]
    fn a_record_whose_move_was_not_sent_yet_stays_in_its_new_cell_on_top_of_what_the_server_has() {
        let register = Connection::open_in_memory().unwrap();
        let [old, new] = ["610722001001001", "610722001001002"].map(|cell| CellCode::new(cell).unwrap());
        let record = |cell: &CellCode, fields: serde_json::Value| Record {
            id: RecordId(uuid::Uuid::from_u128(1)),
            kind: Kind::Incident,
            cell: cell.clone(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::from_bytes(1_u128.to_be_bytes())),
        };
        let there = record(&old, json!({ "title": "Smoke" }));
        let moved = record(&new, json!({ "title": "Smoke", "text": "no longer there", "cell": new }));
        let held =
            Held { unsent: [("cell".to_owned(), Pending::default())].into(), ..Held::from_server(moved.clone()) };
        let after = on_top_of(&register, &there, &held).unwrap();
        assert_eq!(after.record.cell, new);
        assert_eq!(after.record.fields, record(&new, json!({ "title": "Smoke", "cell": new })).fields);
    }
}
