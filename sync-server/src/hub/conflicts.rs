//! Conflicts: values that were set aside for another whose writer did not know of them. They are kept with who wrote both, told
//! to everybody who holds the record (the writer included), and settled when somebody who was told writes the field again.

use domain::conflict::{CONFLICTS_TOLD_MAX, Conflict, Hand, Writer};
use domain::kinds::dispute::{is_about_somebody, names_nobody};
use domain::merge::Lost;
use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, visible_field};
use domain::world::Millis;
use domain::{Change, Fields, Kind, Record, RecordId, Stamp, Version};
use serde_json::Value;

use crate::hub::county::server_account;
use crate::hub::desk::{Desk, readable};
use crate::hub::erasure::names_erased;
use crate::hub::feed::Asking;
use crate::hub::judge::{Author, Bench, NUMBER};
use crate::hub::reviews::{DeskChange, refused_words};
use crate::hub::so_far::{Past, Pasts, SoFar};
use crate::hub::{Hub, HubError};
use crate::store::{HistoryEntry, Reading, SetAside, Store, StoredRecord, Writing, WrittenBy};

/// A value of a record's past that is to stand again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreOf {
    /// The record.
    pub id: RecordId,
    /// The version that was looked at.
    pub version: Version,
    /// How far the cell's feed had come when it was: later conflicts stay open.
    pub reached: u64,
    /// The field.
    pub field: String,
    /// The stamp of the value that is wanted back.
    pub stamp: Stamp,
}

/// What the change that is being stored sets aside without its writer or the other one having known. `record` is the record
/// after the merge. Where and when it is told is filled in by [`keep`].
pub(super) fn found(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    change: &Change,
    lost: &[Lost],
    record: &Record,
    pasts: &mut Pasts,
) -> Result<Vec<SetAside>, HubError> {
    let unknown: Vec<&Lost> = lost.iter().filter(|lost| !was_known(bench, change, lost, record)).collect();
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let county = record.cell.county();
    let past = [pasts.of((county.clone(), record.id), || Ok(reading.history(&county, record.id)?))?];
    let author = WrittenBy { by: bench.author.actor().account.clone(), device: bench.author.device() };
    let mut conflicts = Vec::new();
    for lost in unknown {
        let standing = record.stamps.of(&lost.field);
        let other = writer(&past, &lost.field, if lost.incoming { standing } else { lost.stamp }).cloned();
        // Nobody can want back somebody who was erased.
        let nobody = names_erased(reading, &record.kind, &record.cell, (&lost.field, Some(&lost.value)))?;
        if nobody || !is_news(reading, &past, (change, lost), record)? {
            continue;
        }
        let author = Some(author.clone());
        let (by, won_by) = if lost.incoming { (author, other) } else { (other, author) };
        conflicts.push(SetAside {
            record: record.id,
            field: lost.field.clone(),
            value: lost.value.clone(),
            stamp: lost.stamp,
            by,
            won_stamp: standing,
            won_by,
            cell: record.cell.clone(),
            n: 0,
            at: bench.setting.now,
        });
    }
    Ok(conflicts)
}

/// Whether the two writers of a field knew of each other although the change does not say so.
pub(super) fn was_known(bench: &Bench<'_>, change: &Change, lost: &Lost, record: &Record) -> bool {
    let incoming = change.stamps.of(&lost.field);
    // One run of one program has its own values before its eyes, also when the answer that took the first one was lost.
    let one_run = lost.stamp.node() == record.stamps.of(&lost.field).node();
    // After a restore phones offer again what they hold: what they had seen before they wrote it is not known any more.
    let offered_again =
        !change.base.contains_key(&lost.field) && bench.lost_until.is_some_and(|until| incoming.millis() <= until);
    one_run || offered_again
}

/// Whether a value that lost is set aside now: its writers knew nothing of each other by what the history of the record says, and it was not
/// set aside before, be it open or decided since. `past`: what the history says, and what comes to it. `record` is the record after the merge.
pub(super) fn is_news(
    reading: &dyn Writing,
    past: &[&Past],
    (change, lost): (&Change, &Lost),
    record: &Record,
) -> Result<bool, HubError> {
    if is_no_news(past, change, lost) {
        return Ok(false);
    }
    Ok(!reading.conflict_known(&record.cell, record.id, &lost.field, lost.stamp)?)
}

/// Whether the history of a record says that its writers knew of a value that lost, although the change does not.
fn is_no_news(past: &[&Past], change: &Change, lost: &Lost) -> bool {
    // A value that was here before was seen by whoever wrote after it: it comes back with other fields of its record.
    let repeated = lost.incoming && writer(past, &lost.field, lost.stamp).is_some();
    repeated || (change.kind == Kind::Dispute && is_left_of_what_was_known(past, change, lost))
}

/// Whether a list of parties gives way that an erasure left of one which whoever writes had seen, or which their own run had written: the
/// others on it they know. The server's stamp on it only says that somebody was taken out, also of the past.
fn is_left_of_what_was_known(past: &[&Past], change: &Change, lost: &Lost) -> bool {
    if lost.incoming || lost.field != "parties" {
        return false;
    }
    let (seen, own) = (change.base.get(&lost.field), change.stamps.of(&lost.field).node());
    let known = |(stamp, list): &(Stamp, Value)| *list == lost.value && (seen == Some(stamp) || stamp.node() == own);
    let by_server = writer(past, &lost.field, lost.stamp).is_some_and(|wrote| wrote.by == server_account());
    by_server && past.iter().flat_map(|past| past.lists()).any(known)
}

/// Who wrote a field with that stamp, as the history has it.
fn writer<'p>(past: &[&'p Past], field: &str, stamp: Stamp) -> Option<&'p WrittenBy> {
    past.iter().find_map(|past| past.writer(field, stamp))
}

/// Keeps new conflicts, at the place in the feed where everybody, their writers included, is told of them. The record's entry
/// was moved there by the same transaction.
pub(super) fn keep(
    writing: &mut dyn Writing,
    record: &Record,
    found: Vec<SetAside>,
    so_far: &mut SoFar,
) -> Result<(), HubError> {
    if found.is_empty() {
        return Ok(());
    }
    let n = writing.feed_reached(&record.cell)?;
    for conflict in found {
        let conflict = SetAside { n, ..conflict };
        writing.put_conflict(&conflict)?;
        so_far.add_open(conflict);
    }
    Ok(())
}

/// Settles what the change decides: the value that was set aside stands again, or somebody who was told of it wrote the field
/// anew on top of what stood. `before` is the record as the change found it.
pub(super) fn settle(
    writing: &mut dyn Writing,
    author: Author<'_>,
    (change, taken): (&Change, &[String]),
    before: &Record,
    now: Millis,
    so_far: &mut SoFar,
) -> Result<(), HubError> {
    // A value is set aside for another: of a field that was not there nothing is undecided.
    for field in taken.iter().filter(|field| before.fields.contains_key(*field)) {
        let value = change.fields.get(field);
        let seen = change.base.get(field) == Some(&before.stamps.of(field));
        let epoch = if seen { Some(writing.epoch()?) } else { None };
        let settles = |conflict: &SetAside| {
            let stands_again = value == Some(&conflict.value);
            stands_again || epoch.is_some_and(|epoch| author.was_told(epoch, &conflict.cell, conflict.n))
        };
        for conflict in so_far.settled(writing, before, field, settles)? {
            writing.settle_conflict(&conflict, now)?;
        }
    }
    Ok(())
}

/// Whether a case file is not about nobody for this alone: its list of parties names nobody any more, and the one that was set aside does.
pub(super) fn keeps_from_nobody(record: &Record, conflict: &SetAside) -> bool {
    names_nobody(record) && conflict.field == "parties" && is_about_somebody(&conflict.value)
}

/// The open conflicts of a record, as the asking phone may know them: the latest of the last months. Before these, and whatever their age,
/// the lists of parties that keep a case file from being about nobody: a phone that does not hear of them takes the words of the others on
/// them for nobody's.
pub(super) fn told(reading: &dyn Reading, asking: &Asking<'_>, record: &Record) -> Result<Vec<Conflict>, HubError> {
    let since = if names_nobody(record) { Millis::MIN } else { asking.since };
    let open = reading.open_conflicts(&record.cell.county(), record.id, since)?;
    let (first, rest): (Vec<SetAside>, Vec<SetAside>) =
        open.into_iter().partition(|conflict| keeps_from_nobody(record, conflict));
    let recent = rest.into_iter().filter(|conflict| conflict.at > asking.since);
    let visible = |conflict: &SetAside| visible_field(asking.phone.actor.role, &record.kind, &conflict.field);
    let writer = |by: Option<WrittenBy>| -> Result<Option<Writer>, HubError> {
        let Some(WrittenBy { by, device }) = by else { return Ok(None) };
        let name = reading.account(&by)?.map(|account| account.display_name).unwrap_or_default();
        let hand = match device {
            Some(device) if device == asking.phone.device => Hand::ThisPhone,
            Some(_) => Hand::OtherPhone,
            None => Hand::Desk,
        };
        Ok(Some(Writer { account: by, name, hand }))
    };
    let tell = |conflict: SetAside| {
        Ok(Conflict {
            record: conflict.record,
            field: conflict.field,
            value: conflict.value,
            stamp: conflict.stamp,
            by: writer(conflict.by)?,
            won_stamp: conflict.won_stamp,
            won_by: writer(conflict.won_by)?,
        })
    };
    first.into_iter().chain(recent).filter(visible).take(CONFLICTS_TOLD_MAX).map(tell).collect()
}

impl<S: Store> Hub<S> {
    /// Lets a value stand again that was set aside, as a change of the desk's own. Answers with the version that it makes.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope and for values that the history does not have, [`CallRefusal::NotAllowed`]
    /// for roles that may not write the kind, [`CallRefusal::Stale`] when the record has changed since,
    /// [`CallRefusal::Invalid`] when the value would not be taken today.
    pub fn restore_at_desk(&self, desk: &Desk, wish: &RestoreOf) -> Result<Version, HubError> {
        let refused = |code| Err(HubError::refused(code));
        self.store.write(|writing| {
            let Some(StoredRecord { record, version, .. }) = readable(writing, &desk.actor, wish.id)? else {
                return refused(CallRefusal::NotFound);
            };
            if !may_restore(&desk.actor, &record, &wish.field) {
                return refused(CallRefusal::NotAllowed);
            }
            if version != wish.version {
                return refused(CallRefusal::Stale);
            }
            let past = writing.history(&record.cell.county(), record.id)?;
            let Some(value) = value_of(&past, &wish.field, wish.stamp) else { return refused(CallRefusal::NotFound) };
            if record.fields.get(&wish.field) == Some(&value) {
                // A second click: it stands already.
                return Ok(version);
            }
            let fields = Fields::from([(wish.field.clone(), value)]);
            let change = DeskChange { id: record.id, kind: record.kind, cell: record.cell, fields };
            let author = Author::Desk(&desk.actor, Some(wish.reached));
            self.write_by(writing, author, change, Stamp::ZERO)?.map_err(refused_words)?;
            let written = readable(writing, &desk.actor, wish.id)?;
            Ok(written.map_or(version, |written| written.version))
        })
    }
}

/// Whether somebody at the desk may let an earlier value of this field stand again.
pub(crate) fn may_restore(actor: &Actor, record: &Record, field: &str) -> bool {
    actor.may(Action::Write, &record.kind, &record.cell)
        && visible_field(actor.role, &record.kind, field)
        && !record.kind.is_append_only()
        && field != NUMBER
}

/// The value that a field had with that stamp: written by a change, or replaced by one.
fn value_of(past: &[HistoryEntry], field: &str, stamp: Stamp) -> Option<Value> {
    past.iter().find_map(|entry| {
        let written = entry.fields.get(field).filter(|_| entry.stamps.of(field) == stamp);
        let replaced = || entry.lost.iter().find(|lost| lost.field == field && lost.stamp == stamp);
        written.or_else(|| replaced().map(|lost| &lost.value)).cloned()
    })
}
