//! What the verdicts do to what went up.

use std::collections::BTreeSet;

use domain::protocol::{Proof, Refusal, Verdict};
use domain::world::Millis;
use domain::{AccountId, Change, Digest, ProblemCode, RecordId, Stamp};
use rusqlite::Connection;
use serde_json::Value;

use super::notes::Notes;
use super::{clock, own, receipt, repair};
use crate::DeviceError;
use crate::outbox;
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
    /// Words of the same record wait for the server's clock, and were left out.
    pub(super) parted: bool,
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
    parted: bool,
    version: Option<Digest>,
}

impl<'r> Offer<'r> {
    pub(super) fn of((change, mark): (&'r Change, &'r Mark)) -> Self {
        let Mark { why, seen, parted, version, .. } = mark;
        Self { change, why: *why, seen, parted: *parted, version: *version }
    }

    /// Whether it brings all of a record, what was acknowledged of it too.
    fn is_whole(&self) -> bool {
        matches!(self.why, Why::Reoffer | Why::Doubted)
    }
}

/// What the verdicts did.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) accepted: usize,
    pub(super) refused: usize,
    /// The greatest stamp that the server took.
    pub(super) latest: Stamp,
    /// Whether any stamp from the future was set back: the clock that issued them goes back too.
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
    receipt::keep_of_lost_database(connection)?;
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
    let together: BTreeSet<RecordId> = verdicts.iter().map(|(offer, _)| offer.change.id).collect();
    for (offer, verdict) in verdicts {
        match verdict {
            Verdict::Accepted => {
                notes.waits_for.remove(&offer.change.id);
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
            // Of an offer, too: what is unsent of it is set back, and the rest waits for the server's clock.
            Verdict::Refused(refusal) if refusal.code == ProblemCode::StampFuture => ahead.push((offer, refusal)),
            // Beside the words that wait for the server's clock it may mean something else: it is judged with them, once they can go up.
            Verdict::Refused(_) if offer.parted => {
                notes.skip.insert(offer.change.id);
            }
            Verdict::Refused(refusal) if offer.why == Why::Doubted => {
                if !waits_for_target(connection, (offer.change, &together), refusal, notes)? {
                    repair::refused(connection, offer.change, refusal, now, notes)?;
                    judged.refused += 1;
                }
            }
            Verdict::Refused(refusal) if waits_for_target(connection, (offer.change, &together), refusal, notes)? => {}
            Verdict::Refused(refusal) if offer.why == Why::Reoffer => {
                judged.refused += usize::from(end_reoffer(connection, &offer, refusal, (own, now), notes)?);
                judged.dropped = true;
            }
            Verdict::Refused(refusal) => {
                refuse(connection, &offer, refusal, now, notes)?;
                judged.refused += 1;
            }
        }
        if matches!(verdict, Verdict::Refused(_)) {
            outbox::list_was_refused(connection, offer.change)?;
        }
    }
    judged.set_back = set_back(connection, &ahead, now, notes)?;
    judged.dropped |= judged.refused > 0 || judged.set_back;
    Ok(judged)
}

/// Exactly what was pushed is acknowledged: a field written again in the meantime stays unsent, on top of what was pushed.
fn acknowledge(connection: &Connection, offer: &Offer<'_>) -> Result<(), DeviceError> {
    let change = offer.change;
    outbox::forget_overtaken(connection, change)?;
    if let Some(version) = offer.version
        && store::clear_offered(connection, change.id, version)?
    {
        return Ok(());
    }
    let Some(mut held) = store::held(connection, change.id)? else { return Ok(()) };
    if offer.is_whole() {
        (held.reoffer, held.doubted) = (false, false);
        // Nothing of a photo need be unsent then: nothing else asks whether the server has its picture for it.
        if let Some(hash) = held.record.text("sha256") {
            store::announce_again(connection, hash)?;
        }
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
    store::put_sending(connection, &held)
}

/// The restored server does not take what is held. What is unsent of it goes up by itself next, and the rest once that is judged: it may
/// be taken without words that came too late, or without a move. Where some fields are at fault, the rest is offered once more without
/// them. Else the record shows what the server has, and what it has lost of it and does not take joins the refused words (true). Of a
/// record that it has not got and does not take only the own words do: another's are with whoever wrote them, and offered too.
fn end_reoffer(
    connection: &Connection,
    offer: &Offer<'_>,
    refusal: &Refusal,
    (own, now): (&AccountId, Millis),
    notes: &mut Notes,
) -> Result<bool, DeviceError> {
    let change = offer.change;
    let Some(mut held) = store::held(connection, change.id)? else { return Ok(false) };
    if !held.unsent.is_empty() {
        notes.unsent_first.insert(change.id);
        return Ok(false);
    }
    if let Some(kept) = own::give_up_faults(connection, (change, &held), refusal, now, notes)? {
        return Ok(kept);
    }
    held.reoffer = false;
    if let Some(current) = refusal.current.as_ref().filter(|current| current.id == change.id) {
        store::put(connection, &own::on_top_of(connection, current, &held)?)?;
        let lost = own::beside_refused(connection, change.id, own::lacking((change, &held), current, refusal))?;
        let kept = !lost.is_empty();
        own::keep_words(connection, change, lost, refusal, now)?;
        return Ok(kept);
    }
    let mut words = outbox::take_overtaken(connection, change.id)?;
    store::remove(connection, change.id)?;
    if held.own_at.is_some() || held.record.text("by") == Some(own.as_str()) {
        words.extend(change.fields.clone());
    }
    let words = own::beside_refused(connection, change.id, words)?;
    let kept = !words.is_empty();
    own::keep_words(connection, change, words, refusal, now)?;
    store::drop_unnamed_photos(connection)?;
    Ok(kept)
}

/// A change whose target the server does not know yet is tried once more in this round, and in the next one as long as the
/// target itself is still unsent, or to be offered again. Of those that wait for each other (a household for its head, who was moved away
/// meanwhile, and that person for the household) one is refused, and what was written of the others is judged without it; unless they went
/// up with different requests. `together`: what was in this one.
fn waits_for_target(
    connection: &Connection,
    (change, together): (&Change, &BTreeSet<RecordId>),
    refusal: &Refusal,
    notes: &mut Notes,
) -> Result<bool, DeviceError> {
    if refusal.code != ProblemCode::MissingTarget {
        return Ok(false);
    }
    if notes.retried.insert(change.id) {
        return Ok(true);
    }
    // Only what the server lacks counts: two records that name each other, and lack something else, would wait for each other for ever.
    let lacking =
        |field: &String| refusal.problems.iter().any(|problem| problem.field.is_empty() || problem.field == *field);
    let named = change.fields.iter().filter(|(field, _)| lacking(field));
    let mut awaited = Vec::new();
    for target in named.flat_map(|(_, value)| ids_in(value)) {
        let comes = || -> Result<bool, DeviceError> {
            let unsent = store::held(connection, target)?.is_some_and(|held| !held.unsent.is_empty() || held.reoffer);
            // Another phone handed it over, and sends it itself.
            Ok(unsent || store::is_received(connection, target)?)
        };
        // Judged with other requests, both may only have lacked the other half of a page.
        let in_a_circle = together.contains(&target) && notes.does_wait_for(target, change.id);
        if target != change.id && !in_a_circle && comes()? {
            awaited.push(target);
        }
    }
    if awaited.is_empty() {
        return Ok(false);
    }
    notes.skip.insert(change.id);
    notes.waits_for.insert(change.id, awaited);
    Ok(true)
}

/// The records that a value may name: itself, in a list (the points of an order), or in what a list holds. Told by their form, not by the
/// table of fields, which knows nothing of what a newer version wrote; which fields are at fault the server has said.
fn ids_in(value: &Value) -> Vec<RecordId> {
    match value {
        Value::String(text) => text.parse().into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(ids_in).collect(),
        Value::Object(members) => members.values().flat_map(ids_in).collect(),
        _ => Vec::new(),
    }
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
    outbox::forget_overtaken(connection, change)?;
    let held = store::held(connection, change.id)?;
    let mut words = change.fields.clone();
    if let Some(mut held) = held.filter(|_| offer.why == Why::Unsent) {
        let as_sent = |held: &Held, field: &str| held.record.stamps.of(field) == change.stamps.of(field);
        words.retain(|field, _| !came_in_time(refusal, change, field));
        match refusal.current.as_ref().filter(|current| current.id == change.id && current.kind == change.kind) {
            // Whatever the server has by now, another phone's perhaps, does not take the place of what was not offered yet.
            _ if words.len() < change.fields.len() || is_offered_without(&held, change) => {
                words.retain(|field, _| as_sent(&held, field));
                own::take_out(&mut held, &words, refusal.current.as_ref());
                // The move that is not taken said where it lies. The server knows it, and not here: once the rest is judged, it leaves.
                held.gone |= words.contains_key("cell") && refusal.code == ProblemCode::ForeignRecord;
                store::put(connection, &held)?;
            }
            Some(current) => {
                words.retain(|field, _| as_sent(&held, field));
                held.unsent.retain(|field, _| !words.contains_key(field));
                store::put(connection, &own::on_top_of(connection, current, &held)?)?;
            }
            None => {
                // Without the record underneath, what was written since has nothing to stand on: it joins the refused words.
                let since = held.record.fields.iter().filter(|(field, _)| held.unsent.contains_key(*field));
                words.extend(since.map(|(field, value)| (field.clone(), value.clone())));
                // So do older ones that were still to be sent.
                let overtaken = outbox::take_overtaken(connection, change.id)?;
                let mut all = own::beside_refused(connection, change.id, overtaken)?;
                all.append(&mut words);
                words = all;
                store::remove(connection, change.id)?;
            }
        }
    }
    if offer.why == Why::Overtaken {
        // Older words of a field do not take the place of those that were refused with an earlier page, unless the worker has sent these
        // once more meanwhile, or discarded them.
        let kept = outbox::refused_one(connection, change.id)?;
        let later = |field: &String| {
            notes.refused.contains(&(change.id, field.clone()))
                && kept.as_ref().is_some_and(|kept| kept.fields.contains_key(field))
        };
        words.retain(|field, _| !later(field));
        if words.is_empty() {
            return Ok(());
        }
    } else {
        notes.refused.extend(words.keys().map(|field| (change.id, field.clone())));
    }
    own::keep_words(connection, change, words, refusal, now)
}

/// Whether a field was written while its place was still this phone's, though others of the same change were not: these alone are refused,
/// and it goes up by itself next.
fn came_in_time(refusal: &Refusal, change: &Change, field: &str) -> bool {
    let of_place = matches!(refusal.code, ProblemCode::ForeignCell | ProblemCode::ForeignRecord);
    let of_place = of_place && !change.fields.contains_key("cell");
    let late = || refusal.problems.iter().map(|problem| &problem.field);
    let some = late().next().is_some() && late().all(|late| change.fields.contains_key(late));
    of_place && some && !late().any(|late| late == field)
}

/// Whether the rest of a record is still to be offered, to a restored server or because it is doubted, when this was refused: it was
/// taken once, and the words that are refused now need not take it along.
fn is_offered_without(held: &Held, change: &Change) -> bool {
    (held.reoffer || held.doubted) && held.record.fields.keys().any(|field| !change.fields.contains_key(field))
}

/// Changes from the future are set back, all by the same amount, and go up again with the next round. What the server has of
/// them already (its answer was lost) is acknowledged instead: its stamp has been seen. Words that were acknowledged, or right after
/// which others have to stay, may be what lies ahead: the server's clock may have been. They wait for it, and what else is unsent goes up
/// without them. Whether anything was set back.
fn set_back(
    connection: &Connection,
    ahead: &[(Offer<'_>, &Refusal)],
    now: Millis,
    notes: &mut Notes,
) -> Result<bool, DeviceError> {
    // By how much, only they say: what is acknowledged, or cannot go back, and lies further ahead would move others' stamps and moments,
    // with every round once more.
    let mut latest: Option<Millis> = None;
    for (offer, refusal) in ahead {
        if let Some((_, fields)) = to_set_back(connection, offer, refusal, now)? {
            latest = latest.max(fields.iter().map(|field| offer.change.stamps.of(field).millis()).max());
        }
    }
    let by = latest.map_or(0, |latest| (now - latest).min(0));
    for (offer, refusal) in ahead {
        let mut goes_on = false;
        if let Some((mut held, fields)) = to_set_back(connection, offer, refusal, now)? {
            clock::set_back(&mut held, &fields, (by, now));
            store::put(connection, &held)?;
            goes_on = fields.is_empty() && goes_up_in_part(offer, &held, now, notes);
        }
        if !goes_on {
            notes.skip.insert(offer.change.id);
        }
    }
    Ok(latest.is_some())
}

/// Whether a part of what was refused for its stamps can go up in this round, where nothing was set back: of a record that was offered
/// whole what is unsent, and of that what need not wait for the server's clock. Each time another word is found to wait, so it ends.
fn goes_up_in_part(offer: &Offer<'_>, held: &Held, now: Millis, notes: &mut Notes) -> bool {
    let id = offer.change.id;
    let ahead = held.unsent.keys().filter(|field| !clock::may_be_taken(held.record.stamps.of(field), now));
    let ahead: BTreeSet<String> = ahead.cloned().collect();
    if offer.why == Why::Overtaken || ahead.len() == held.unsent.len() {
        return false;
    }
    let news = notes.wait_for_clock(id, ahead);
    if offer.is_whole() {
        notes.unsent_first.insert(id);
    }
    news || offer.is_whole()
}

/// A record that was refused for its stamps, with what the server has of it acknowledged and the rest of what lies ahead unseen again, and
/// the fields of it that are to be set back.
fn to_set_back(
    connection: &Connection,
    offer: &Offer<'_>,
    refusal: &Refusal,
    now: Millis,
) -> Result<Option<(Held, Vec<String>)>, DeviceError> {
    let Some(mut held) = store::held(connection, offer.change.id)? else { return Ok(None) };
    if let Some(current) = &refusal.current {
        own::drop_acknowledged(&mut held, current);
    }
    let stamps = &offer.change.stamps;
    let may_be_taken = |field: &String| clock::may_be_taken(stamps.of(field), now);
    // What an earlier request may have brought keeps its stamp, unless no server can have taken it with that. Nor is it a word that could
    // be taken for which a whole record is refused, or a change in which another word lies ahead.
    let others_lie_ahead = !offer.change.fields.keys().all(may_be_taken);
    let stays =
        |field: &String| (others_lie_ahead || offer.is_whole() || offer.seen.contains(field)) && may_be_taken(field);
    let as_pushed = |field: &String| held.record.stamps.of(field) == stamps.of(field);
    let fields = offer.change.fields.keys().filter(|field| held.unsent.contains_key(*field) && as_pushed(field));
    let mut fields: Vec<String> = fields.filter(|field| !stays(field)).cloned().collect();
    clock::unseen_again(&mut held, &fields, refusal.current.as_ref(), now);
    fields.retain(|field| clock::can_go_back(&held, field));
    Ok(Some((held, fields)))
}
