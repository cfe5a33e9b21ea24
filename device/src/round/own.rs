//! What of a record is the phone's own, beside what the server has of it: unsent words on top, words that lost and still go up, words
//! that are refused. Whoever stores what comes down, what was judged or what is read anew keeps them by these.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::protocol::Refusal;
use domain::world::Millis;
use domain::{Change, Fields, Kind, ProblemCode, Record, RecordId, Stamp, Stamps};
use rusqlite::Connection;
use serde_json::Value;

use super::notes::Notes;
use crate::DeviceError;
use crate::outbox::{self, Refused};
use crate::store::{self, Held, IS_FOLLOWED, Unsent};

/// The very stamp came back: the server has this value, though the answer that said so was lost.
pub(super) fn drop_acknowledged(held: &mut Held, pulled: &Record) {
    let stamps = &held.record.stamps;
    held.unsent.retain(|field, _| !(pulled.fields.contains_key(field) && pulled.stamps.of(field) == stamps.of(field)));
}

/// A record as it stands here, with the server's value where both have one under the same stamp. A stamp goes with one value, and versions
/// and digests tell of stamps alone: two values under one would differ for ever, and between them the merge knows nothing better than their
/// bytes. So it was with the words of case files: phones of an older version emptied them under their stamps as soon as all whom the file
/// named here were erased; if the server knows of another party, they stand there. A record that is written once stays as it is: [`sealed`]
/// keeps its own words.
pub(super) fn with_values_of_the_server<'r>(record: &'r Record, pulled: &Record) -> Cow<'r, Record> {
    let mut record = Cow::Borrowed(record);
    if record.kind.is_append_only() {
        return record;
    }
    for (field, value) in &pulled.fields {
        let differs = record.fields.get(field).is_some_and(|own| own != value);
        if differs && record.stamps.of(field) == pulled.stamps.of(field) {
            record.to_mut().fields.insert(field.clone(), value.clone());
        }
    }
    record
}

/// A field's own unsent value gives way to a later one. It is kept, and still goes up.
pub(super) fn overtake(
    connection: &Connection,
    (record, unsent): (&Record, &mut Unsent),
    field: &str,
    winner: &Record,
) -> Result<(), DeviceError> {
    let Some(pending) = unsent.remove(field) else { return Ok(()) };
    let Some(own) = record.fields.get(field) else { return Ok(()) };
    if winner.fields.get(field) == Some(own) {
        return Ok(());
    }
    outbox::keep_overtaken(connection, record, (field, own), pending.base)
}

/// An append-only record that differs from the server's: the server's stands, and own words are kept among the refused.
pub(super) fn sealed(connection: &Connection, held: &Held, pulled: &Record, now: Millis) -> Result<Held, DeviceError> {
    let mut rest = held.clone();
    let differs =
        |field: &String| pulled.fields.get(field).is_some_and(|value| held.record.fields.get(field) != Some(value));
    let words: Fields = held
        .record
        .fields
        .iter()
        .filter(|(field, _)| held.unsent.contains_key(*field) && differs(field))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    rest.unsent.retain(|field, _| !pulled.fields.contains_key(field));
    outbox::keep_refused(connection, &Refused::of_record(pulled, ProblemCode::Sealed, words, now))?;
    on_top_of(connection, pulled, &rest)
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
        overtake(connection, (&held.record, &mut held.unsent), field, current)?;
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

/// Whether something of a record is unsent, for the history too, or waits to be offered to a server that was put back from a backup and
/// may have lost it, or photos are still to be stored for it.
pub(super) fn is_waiting(connection: &Connection, held: &Held) -> Result<bool, DeviceError> {
    let text = !held.unsent.is_empty() || held.reoffer || outbox::is_overtaken(connection, held.record.id)?;
    Ok(text || photo_waits(connection, &held.record)? || store::is_followed(connection, held.record.id)?)
}

/// The condition on stored records (each as `photo`, since pictures are asked for so) that something of them waits: what [`is_waiting`]
/// asks of one that is about to be stored.
pub(super) fn waits() -> String {
    let picture = store::picture_waits();
    format!(
        "(photo.id IN (SELECT id FROM unsent) OR photo.reoffer = 1 OR photo.id IN (SELECT id FROM overtaken)
            OR {IS_FOLLOWED} OR {picture})"
    )
}

/// Whether a photo record's picture is still to be sent.
pub(super) fn photo_waits(connection: &Connection, record: &Record) -> Result<bool, DeviceError> {
    if record.kind != Kind::Photo {
        return Ok(false);
    }
    let sql = format!("SELECT 1 FROM record AS photo WHERE photo.id = ?1 AND {}", store::picture_waits());
    store::exists(connection, &sql, [record.id.to_string()])
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
    let as_offered = |field: &String| held.record.stamps.of(field) == change.stamps.of(field);
    let mut given_up = change.fields.clone();
    given_up.retain(|field, _| faults.contains(field) && as_offered(field));
    let mut words = given_up.clone();
    words.retain(|field, _| held.unsent.contains_key(field));
    take_out(&mut held, &given_up, Some(current));
    store::put(connection, &held)?;
    let kept = !words.is_empty();
    if kept {
        notes.refused.extend(words.keys().map(|field| (change.id, field.clone())));
        keep_words(connection, change, words, refusal, now)?;
    }
    Ok(Some(kept))
}

/// Puts what the server has in the place of refused words, as far as it is known, and leaves the rest of the record to be offered.
pub(super) fn take_out(held: &mut Held, words: &Fields, current: Option<&Record>) {
    let Held { record, unsent, .. } = held;
    unsent.retain(|field, _| !words.contains_key(field));
    let mut stamps: BTreeMap<String, Stamp> =
        record.fields.keys().map(|field| (field.clone(), record.stamps.of(field))).collect();
    for field in words.keys() {
        match current.and_then(|current| Some((current.fields.get(field)?, current.stamps.of(field)))) {
            Some((value, stamp)) => {
                record.fields.insert(field.clone(), value.clone());
                stamps.insert(field.clone(), stamp);
            }
            None => {
                record.fields.remove(field);
                stamps.remove(field);
            }
        }
    }
    // Without the move that was among them it lies where the server has it.
    if let Some(current) = current.filter(|_| words.contains_key("cell")) {
        record.cell.clone_from(&current.cell);
    }
    record.stamps = Stamps::from_pairs(stamps.iter().map(|(field, stamp)| (field.as_str(), *stamp)));
}

/// The record lies where this phone has no business: nothing but its own unsent words may stay here. With any other code the
/// record may be the last copy in the world, and is kept for the worker to look at.
pub(super) fn is_not_ours(code: ProblemCode) -> bool {
    use ProblemCode::{ForeignCell, ForeignRecord, NotAllowed, OtherKind};
    matches!(code, ForeignCell | ForeignRecord | NotAllowed | OtherKind)
}

/// What a record that was offered whole says, and the server's does not, nor anything later: when it takes nothing of that, this may be
/// the last copy. Nothing where the record is no matter of this phone's. What its worker wrote in before they had another role is: of
/// fields that the new one does not see nobody here can tell whether the server has them, so they are kept too.
pub(super) fn lacking((change, held): (&Change, &Held), current: &Record, refusal: &Refusal) -> Fields {
    let had_rights = refusal.code == ProblemCode::NotAllowed && held.own_at.is_some();
    if (is_not_ours(refusal.code) && !had_rights) || matches!(change.kind, Kind::Review | Kind::Cell) {
        return Fields::new();
    }
    let lacks = |field: &String, value: &Value| {
        let later = !current.fields.contains_key(field) || current.stamps.of(field) < change.stamps.of(field);
        later && current.fields.get(field) != Some(value)
    };
    change.fields.iter().filter(|(field, value)| lacks(field, value)).map(|(f, v)| (f.clone(), v.clone())).collect()
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

/// What is left of a record that the server does not take, without the fields of which a word was refused before: that word is the later
/// one, for whoever writes a field anew takes its refused word away.
pub(super) fn beside_refused(connection: &Connection, id: RecordId, mut words: Fields) -> Result<Fields, DeviceError> {
    if let Some(refused) = outbox::refused_one(connection, id)? {
        words.retain(|field, _| !refused.fields.contains_key(field));
    }
    Ok(words)
}

pub(super) fn keep_words(
    connection: &Connection,
    change: &Change,
    fields: Fields,
    refusal: &Refusal,
    at: Millis,
) -> Result<(), DeviceError> {
    let (id, kind, cell) = (change.id, change.kind.clone(), change.cell.clone());
    let (code, problems) = (refusal.code, refusal.problems.clone());
    outbox::keep_refused(connection, &Refused { id, kind, cell, code, problems, fields, at })
}

#[cfg(test)]
mod tests {
    use domain::CellCode;
    use serde_json::json;

    use super::*;
    use crate::store::Pending;

    #[test]
    fn under_one_stamp_the_servers_value_counts_but_not_where_a_record_is_written_once() {
        let record = |kind: Kind, fields: serde_json::Value| Record {
            id: RecordId(uuid::Uuid::from_u128(1)),
            kind,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::from_bytes(1_u128.to_be_bytes())),
        };
        for kind in [Kind::Dispute, Kind::Building, Kind::Visit] {
            let own = record(kind.clone(), json!({ "note": "own", "more": "stays" }));
            let mut pulled = record(kind, json!({ "note": "the server's" }));
            let standing = with_values_of_the_server(&own, &pulled).into_owned();
            let written_once = own.kind.is_append_only();
            assert_eq!(standing.text("note"), Some(if written_once { "own" } else { "the server's" }), "{}", own.kind);
            assert_eq!((standing.text("more"), &standing.stamps), (Some("stays"), &own.stamps));
            pulled.stamps = Stamps::all(Stamp::from_bytes(2_u128.to_be_bytes()));
            assert_eq!(*with_values_of_the_server(&own, &pulled), own, "of two stamps the merge decides");
        }
    }

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
