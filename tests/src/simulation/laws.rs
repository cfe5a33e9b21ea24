//! The laws that every history must keep, looked at once everything is well again; and what a disaster excuses.

mod photos;

use std::collections::{BTreeMap, BTreeSet};

use device::SyncPhase;
use domain::kinds::dispute::WORDS;
use domain::kinds::evacuation::without;
use domain::record::canonical_bytes;
use domain::scope::{phone_writes, sees_whole_cell};
use domain::stamp::STAMP_AHEAD_MAX;
use domain::{Digest, Kind, Record, RecordId};
use serde_json::{Value, json};
use sync_server::store::{HistoryEntry, Reading};

use super::county::everywhere;
use super::history::{History, SERVER_PUT_BACK};
use super::informant::seen_by;
use super::ledger::{Decided, Gone, Ledger, Place, Saved, Stamped};
use super::orders::Sealed;
use super::phone::Phone;
use super::wire::take;
use super::{case_files, dispute, erasure, evacuation, handover, orders};
use crate::trouble::{Outcome, trouble};

/// Everything that is anywhere, read once.
struct Everything {
    records: BTreeMap<RecordId, Record>,
    histories: BTreeMap<RecordId, Vec<HistoryEntry>>,
    phones: Vec<Holding>,
    /// What lies on the server unread.
    sealed: Vec<Sealed>,
    /// What went with an erasure.
    gone: BTreeSet<RecordId>,
    /// Files that are about nobody but who was erased by some list of parties alone: what was refused of them may have gone by that list.
    by_a_list: BTreeSet<RecordId>,
    /// What happened in them, their photos and reviews.
    of_these: BTreeSet<RecordId>,
}

/// What one phone holds.
#[derive(Default)]
struct Holding {
    records: BTreeMap<RecordId, Record>,
    /// Of which something was not sent, or nothing is known of its arrival; and which fields these are.
    unsent: BTreeMap<RecordId, Vec<String>>,
    refused: Vec<device::Refused>,
    overtaken: Vec<(String, String, Value)>,
    originals: Vec<String>,
    /// Marks that wait for an order which nobody sends.
    in_vain: BTreeSet<RecordId>,
}

impl Everything {
    fn look(history: &History) -> Outcome<Self> {
        let scope = everywhere()?;
        let mut of_interest: BTreeSet<RecordId> = BTreeSet::new();
        {
            let ledger = take(&history.ledger);
            of_interest.extend(ledger.saved.iter().map(|saved| saved.record));
            of_interest.extend(ledger.accepted.keys().map(|(id, _)| *id));
        }
        for cell in &history.county.every_cell()? {
            of_interest.extend(history.county.records(cell)?.iter().map(|record| record.id));
        }
        let (records, histories) = history.county.ask(|reading: &dyn Reading| {
            let (mut records, mut histories) = (BTreeMap::new(), BTreeMap::new());
            for id in of_interest {
                if let Some(stored) = reading.record(&scope, id)? {
                    records.insert(id, stored.record);
                    histories.insert(id, reading.history(&scope, id)?);
                }
            }
            Ok((records, histories))
        })?;
        let mut phones = Vec::new();
        for (number, phone) in history.phones.iter().enumerate() {
            if phone.is_wiped() {
                phones.push(Holding::default());
                continue;
            }
            // What somebody sees in part, and may not write, they can bring nobody back: but for the own words that wait.
            let role = history.county.role_of(&phone.worker);
            let unsent = phone.unsent()?.into_iter().filter_map(|(id, fields)| Some((id.parse().ok()?, fields)));
            let unsent: BTreeMap<RecordId, Vec<String>> = unsent.collect();
            let brings = |record: &Record| {
                sees_whole_cell(role) || phone_writes(role, &record.kind) || unsent.contains_key(&record.id)
            };
            phones.push(Holding {
                records: phone.records()?.into_iter().filter(brings).map(|record| (record.id, record)).collect(),
                unsent,
                refused: phone.refused()?,
                overtaken: phone.overtaken()?,
                originals: phone.originals()?,
                in_vain: handover::waits_in_vain(history, number)?,
            });
        }
        let (sealed, gone) = (orders::sealed(&history.county)?, erasure::gone(history)?);
        let ledger = take(&history.ledger);
        let by_a_list = erasure::about_nobody_by_a_list(&ledger, &gone);
        let of_these = ledger.about.iter().filter(|(_, of)| by_a_list.contains(*of)).map(|(id, _)| *id);
        let of_these = of_these.collect();
        drop(ledger);
        Ok(Self { records, histories, phones, sealed, gone, by_a_list, of_these })
    }

    /// Whether a word went with an erasure, by itself or with its record. A phone that does not hold the file of refused words asks their own
    /// list of parties alone, or goes by what it knew last.
    fn is_gone(&self, Saved { record, field, left, refused, taken, .. }: &Saved) -> bool {
        let of_nobody = self.by_a_list.contains(record) && WORDS.contains(&field.as_str());
        let refused_of_nobody = *refused && !taken && (of_nobody || self.of_these.contains(record));
        self.gone.contains(record) || *left || refused_of_nobody
    }

    /// Whether what is found in a field says what this value says, but for who was erased.
    fn says(&self, field: &str, found: Option<&Value>, value: &Value) -> bool {
        found.is_some_and(|found| erasure::says_the_same(field, found, value, &self.gone))
    }

    /// Whether the server has a value: in the record, or in its history.
    fn server_has(&self, id: RecordId, field: &str, value: &Value) -> bool {
        let stands = self.records.get(&id).is_some_and(|record| self.says(field, record.fields.get(field), value));
        stands
            || self.histories.get(&id).into_iter().flatten().any(|entry| {
                self.says(field, entry.fields.get(field), value)
                    || entry.lost.iter().any(|lost| lost.field == field && self.says(field, Some(&lost.value), value))
            })
    }

    fn phone_has(&self, holding: &Holding, id: RecordId, field: &str, value: &Value) -> bool {
        holding.records.get(&id).is_some_and(|record| self.says(field, record.fields.get(field), value))
            || self.phone_set_aside(holding, id, field, value)
    }

    /// Whether a phone has a value of which it does not know that the server took it. The same value may have stood there before.
    fn phone_waits_with(&self, holding: &Holding, id: RecordId, field: &str, value: &Value) -> bool {
        let waits = holding.unsent.get(&id).is_some_and(|fields| fields.iter().any(|unsent| unsent == field));
        waits && self.phone_has(holding, id, field, value) || self.phone_set_aside(holding, id, field, value)
    }

    /// Whether a value is on a phone, but not in its record: refused, or overtaken by another that came.
    fn phone_set_aside(&self, holding: &Holding, id: RecordId, field: &str, value: &Value) -> bool {
        let overtaken = |(of, name, lost): &(String, String, Value)| {
            *of == id.to_string() && name == field && self.says(field, Some(lost), value)
        };
        self.is_refused(holding, id, field, value) || holding.overtaken.iter().any(overtaken)
    }

    /// Whether a value is in a worker's list of what was refused.
    fn is_refused(&self, holding: &Holding, id: RecordId, field: &str, value: &Value) -> bool {
        let refused = |one: &device::Refused| one.id == id && self.says(field, one.fields.get(field), value);
        holding.refused.iter().any(refused)
    }

    fn anybody_has(&self, id: RecordId, field: &str, value: &Value) -> bool {
        self.server_has(id, field, value)
            || self.is_sealed(id, field, value)
            || self.phones.iter().any(|holding| self.phone_has(holding, id, field, value))
    }

    /// Whether a value lies on the server unread.
    fn is_sealed(&self, id: RecordId, field: &str, value: &Value) -> bool {
        self.sealed.iter().any(|piece| piece.has(id, field, |found| self.says(field, Some(found), value)))
    }

    /// Whether a value with its stamp, or a later one, is held by the server or a phone.
    fn anybody_holds_stamp(&self, place: &Place, stamped: &Stamped) -> bool {
        self.server_holds_stamp(place, stamped)
            || self.phones.iter().any(|holding| holds_stamp(holding.records.get(&place.0), place, stamped))
    }

    /// What phones hold in a field, with its stamps.
    fn held(&self, place: &Place) -> impl Iterator<Item = Stamped> {
        self.phones.iter().filter_map(|holding| {
            let record = holding.records.get(&place.0)?;
            Some((record.stamps.of(&place.1), canonical_bytes(record.fields.get(&place.1)?)))
        })
    }

    fn server_holds_stamp(&self, place: &Place, stamped: &Stamped) -> bool {
        holds_stamp(self.records.get(&place.0), place, stamped)
    }
}

fn holds_stamp(record: Option<&Record>, place: &Place, stamped: &Stamped) -> bool {
    record.is_some_and(|record| record.fields.contains_key(&place.1) && record.stamps.of(&place.1) >= stamped.0)
}

/// A phone or the server was put back from an older copy: what nobody holds any more is excused.
pub(super) fn forgive(history: &History) -> Outcome {
    let everything = Everything::look(history)?;
    let mut ledger = take(&history.ledger);
    let mut excused = 0;
    for saved in ledger.saved.iter_mut().filter(|saved| saved.gone.is_none()) {
        // The very value that somebody else typed too, and may still write over, does not bring this word back; nor does the one that stood
        // there when an older copy was made.
        let own = everything.phones.get(saved.phone);
        let own_has = own.is_some_and(|own| everything.phone_waits_with(own, saved.record, &saved.field, &saved.value));
        let lost_with_its_phone = !saved.taken
            && !own_has
            && !everything.server_has(saved.record, &saved.field, &saved.value)
            && !everything.is_sealed(saved.record, &saved.field, &saved.value);
        if lost_with_its_phone || !everything.anybody_has(saved.record, &saved.field, &saved.value) {
            saved.gone = Some(Gone::WithItsHolder);
            excused += 1;
        }
        saved.on_phones_only |= saved.taken && !everything.server_has(saved.record, &saved.field, &saved.value);
    }
    let there = |id: &RecordId| everything.records.contains_key(id);
    let on_a_phone = |id: &RecordId| everything.phones.iter().any(|phone| phone.records.contains_key(id));
    ledger.decided.retain(|id, decided| {
        decided.on_phones_only |= !there(id);
        there(id) || on_a_phone(id)
    });
    let Ledger { accepted, on_phones_only, .. } = &mut *ledger;
    for (place, known) in accepted {
        // A later stamp that no server has taken yet proves nothing: the phone's clock may be ahead, and then it is set back.
        let last = everything.held(place).filter(|held| known.contains_key(held)).max();
        known.retain(|stamped, _| {
            last.as_ref().is_some_and(|last| last >= stamped) || everything.server_holds_stamp(place, stamped)
        });
        if known.last_key_value().is_some_and(|(last, _)| !everything.server_holds_stamp(place, last)) {
            on_phones_only.insert(place.clone());
        }
    }
    // What only a copy has that was not sent is sealed when it is taken: until then its phone may set it right by its own clock, and
    // of two copies of one phone whichever comes first counts, the server having lost the one that came before.
    let held = |id: &RecordId| {
        let on_phones = everything.phones.iter().any(|phone| phone.records.contains_key(id));
        let unsent = everything.phones.iter().any(|phone| phone.unsent.contains_key(id));
        everything.records.contains_key(id) || (on_phones && !unsent)
    };
    let open: BTreeSet<RecordId> = ledger.sealed.keys().filter(|id| !held(id)).copied().collect();
    ledger.sealed.retain(|id, _| !open.contains(id));
    ledger.accepted.retain(|(id, _), _| !open.contains(id));
    for _ in 0..excused {
        ledger.count("word gone with its holder".into());
    }
    Ok(())
}

/// Every law.
pub(super) fn judge(history: &History) -> Outcome {
    let everything = Everything::look(history)?;
    phones_agree_with_the_server(history, &everything)?;
    receipts_are_true(history, &everything)?;
    super::lists::everybody_has_them(history)?;
    feeds_bring_what_is_there(history, &everything)?;
    super::conflicts::everybody_is_told(history)?;
    super::conflicts::all_are_noted(history, &everything.gone)?;
    all_are_kept(history, &everything, true)?;
    the_greatest_stamp_won(history, &everything)?;
    append_only_is_as_it_was(history, &everything)?;
    what_was_decided_stands(history, &everything)?;
    nobody_invented_anything(history, &everything)?;
    nothing_was_done_twice(history, &everything)?;
    no_stamp_is_far_ahead(history, &everything)?;
    let closed = dispute::closed(history, everything.records.values())?;
    erasure::nothing_of_it_is_left(history, &everything.gone, &closed)?;
    dispute::nothing_went_alone(history, &everything.gone)?;
    case_files::forms_are_kept(history, &everything.by_a_list)?;
    dispute::nothing_is_left_in_files(&everything.gone, &closed, everything.records.values())?;
    erasure::nobody_gone_is_listed(&everything.gone, everything.records.values())?;
    handover::nothing_lies_beside_in_vain(history)?;
    evacuation::everybody_counts_the_same(history, everything.records.values())?;
    photos::are_there(history, &everything)?;
    photos::none_is_without_a_record(history, &everything)
}

/// Before a disaster: whatever was saved is somewhere now.
pub(super) fn nothing_is_lost(history: &History) -> Outcome {
    all_are_kept(history, &Everything::look(history)?, false)
}

fn phones_agree_with_the_server(history: &History, everything: &Everything) -> Outcome {
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        let cells = phone.cells()?;
        let held = take(&history.county.held).get(&phone.worker).cloned().unwrap_or_default();
        if cells != held {
            return trouble(format!("Phone {number} thinks that it holds {cells:?} and holds {held:?}."));
        }
        let (heard, role) = (phone.role()?, history.county.role_of(&phone.worker));
        if heard != role {
            return trouble(format!("Phone {number} thinks that {} is {heard:?}, and it is {role:?}.", phone.worker));
        }
        let here = phone.records()?;
        if let Some(foreign) = here.iter().find(|record| !cells.contains(&record.cell)) {
            return trouble(format!("Phone {number} of {} holds {foreign:?} and may not.", phone.worker));
        }
        let (actor, mut there) = (history.actor_of(phone)?, Vec::new());
        for cell in &cells {
            there.extend(history.county.records(cell)?.into_iter().filter_map(|record| seen_by(&actor, record)));
        }
        for record in &there {
            let own = here.iter().find(|own| own.id == record.id);
            if own.map(bytes) != Some(bytes(record)) {
                return trouble(format!("Phone {number} and the server differ: {own:?} and {record:?}."));
            }
        }
        let in_vain = &everything.phones[number].in_vain;
        let own = here.iter().filter(|own| !in_vain.contains(&own.id));
        for surplus in own.filter(|own| !there.iter().any(|record| record.id == own.id)) {
            if actor.may_read(surplus) || !photos::may_be_the_last(phone, surplus)? {
                return trouble(format!("Phone {number} holds what the server does not have: {surplus:?}."));
            }
        }
    }
    Ok(())
}

/// Every record that is stored is in the feed of its cell, and the digest that the server keeps as it writes is that of what is stored.
fn feeds_bring_what_is_there(history: &History, everything: &Everything) -> Outcome {
    for cell in &history.county.every_cell()? {
        let fed = history.county.records(cell)?;
        let stored = || everything.records.values().filter(|record| record.cell == *cell);
        if let Some(unseen) = stored().find(|record| !fed.iter().any(|fed| fed.id == record.id)) {
            return trouble(format!("{} {} lies in {cell}, and its feed does not bring it.", unseen.kind, unseen.id));
        }
        let mut digest = Digest::default();
        stored().for_each(|record| digest.include(record));
        let state = history.county.ask(|reading| reading.cell_state(cell))?;
        if (state.digest, state.records) != (digest, stored().count() as u64) {
            return trouble(format!("{cell} is said to be {state:?}, and what is stored is {digest:?}."));
        }
    }
    Ok(())
}

/// Every phone holds a receipt that it compared and found right, for each cell that it holds, and no honest history ever made one differ.
fn receipts_are_true(history: &History, everything: &Everything) -> Outcome {
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        if phone.differed() > 0 {
            return trouble(format!("Phone {number} differed from its receipt {} times.", phone.differed()));
        }
        // What waits is not compared.
        if !everything.phones[number].in_vain.is_empty() {
            continue;
        }
        let receipt = phone.call("receipt", json!({})).map_err(|failure| format!("{failure:?}"));
        match receipt {
            Ok(receipt) if receipt["verified"] == true => {
                let signed: Vec<Option<&str>> =
                    receipt["cells"].as_array().into_iter().flatten().map(|cell| cell["cell"].as_str()).collect();
                // Whoever sees a cell in part cannot compare it, and is given a receipt for none.
                let whole = sees_whole_cell(history.county.role_of(&phone.worker));
                let cells = if whole { phone.cells()? } else { Vec::new() };
                if signed != cells.iter().map(|cell| Some(cell.as_str())).collect::<Vec<_>>() {
                    return trouble(format!("Phone {number} holds {cells:?} and has a receipt for {signed:?}."));
                }
            }
            other => return trouble(format!("Phone {number} has no receipt that agrees: {other:?}.")),
        }
    }
    Ok(())
}

fn bytes(record: &Record) -> String {
    serde_json::to_string(record).unwrap_or_default()
}

/// Every word that a worker saved stands in the record, in its history, among what could not be sent, or is gone on purpose. At
/// the end, only a phone that was shut out may still have it to itself.
fn all_are_kept(history: &History, everything: &Everything, at_the_end: bool) -> Outcome {
    let ledger = take(&history.ledger);
    // Where somebody may not move anything is the same word for everybody: whose it was cannot be told.
    let told_apart = |saved: &&Saved| saved.field != "cell" || saved.taken;
    let saved = ledger.saved.iter().filter(|saved| saved.gone.is_none());
    let saved = saved.filter(|saved| !everything.is_gone(saved));
    for saved in saved.filter(told_apart) {
        let Saved { record, field, value, .. } = saved;
        if everything.server_has(*record, field, value) || everything.is_sealed(*record, field, value) {
            continue;
        }
        let kept = everything.phones.iter().zip(&history.phones).any(|(holding, phone)| {
            everything.is_refused(holding, *record, field, value)
                || ((!at_the_end || holding.in_vain.contains(record) || may_keep_to_itself(phone))
                    && everything.phone_has(holding, *record, field, value))
        });
        let place = (*record, field.clone());
        let excused = saved.on_phones_only
            && (is_written_over(&ledger, everything, saved) || is_out_of_reach(history, &ledger, everything, &place));
        if !kept && !excused {
            return trouble(format!("{saved:?} is neither in the record nor in its history nor refused."));
        }
    }
    Ok(())
}

/// Whether a phone may have words to itself in the end: it was shut out and could not even hand in.
fn may_keep_to_itself(phone: &Phone) -> bool {
    let handed_in = !phone.is_shut() && phone.sync_state().is_ok_and(|state| state.phase == SyncPhase::Revoked);
    (phone.revoked && !handed_in) || phone.stranded
}

/// What only phones had after a restore need not be back when the server refused it from them (the cell is not theirs any more, what
/// the field names is not there), or when the phone that has it was shut out, or stays locked since its server does not know it. A
/// field that is refused excuses no other.
fn is_out_of_reach(history: &History, ledger: &Ledger, everything: &Everything, place: &Place) -> bool {
    let shut_out = everything.phones.iter().zip(&history.phones).any(|(holding, phone)| {
        let cut_off = phone.revoked || phone.stranded;
        cut_off && holding.records.get(&place.0).is_some_and(|record| record.fields.contains_key(&place.1))
    });
    // A phone that is wiped hands in its own worker's words, not the desk's, nor where the office moved a record to.
    let of_desk = ledger.tasks.contains(&place.0) || (place.1 == "cell" && ledger.redrawn.contains(&place.0));
    let shut_out = shut_out || (of_desk && history.phones.iter().any(Phone::is_wiped));
    let shaky = ledger.on_phones_only.iter().any(|(id, _)| *id == place.0);
    let refused = ledger.faults_since.contains(place);
    shaky && (shut_out || refused || fits_no_proof(ledger, everything, place.0))
}

/// An order that names somebody who was erased since: phones take the name off before they offer it, and then its proof does not fit.
fn fits_no_proof(ledger: &Ledger, everything: &Everything, id: RecordId) -> bool {
    let rosters = ledger.typed.get(&(id, "roster".to_owned())).into_iter().flatten();
    let mut rosters = rosters.filter_map(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    rosters.any(|roster| without(&roster, |person| everything.gone.contains(&person)).is_some())
}

/// Whether somebody has written over a word since; its place in the history went with the server's disk.
fn is_written_over(ledger: &Ledger, everything: &Everything, saved: &Saved) -> bool {
    let place = (saved.record, saved.field.clone());
    let bytes = canonical_bytes(&saved.value);
    let stamps = ledger.accepted.get(&place).into_iter().flat_map(BTreeMap::keys);
    match stamps.filter(|stamped| stamped.1 == bytes).max() {
        Some(last) => everything.anybody_holds_stamp(&place, last),
        // The server that took it is lost, and what was known of its stamp with it.
        None => saved.taken,
    }
}

fn the_greatest_stamp_won(history: &History, everything: &Everything) -> Outcome {
    let ledger = take(&history.ledger);
    for (place, (stamp, bytes), value) in ledger.winners() {
        let (id, field) = place;
        if everything.gone.contains(id) || is_out_of_reach(history, &ledger, everything, place) {
            continue;
        }
        let Some(record) = everything.records.get(id) else {
            return trouble(format!("{id} was accepted and is not there."));
        };
        let standing = record.stamps.of(field);
        let now = record.fields.get(field);
        // The county's number is the server's own to write.
        let numbered = field == "number" && standing > *stamp;
        // Whoever is erased is no household's head any more.
        let named = value.as_str().and_then(|id| id.parse().ok()).is_some_and(|id| everything.gone.contains(&id));
        let emptied = field == "head" && named && standing > *stamp && now == Some(&Value::Null);
        // A list that was shortened when somebody was erased has the server's stamp since. What was typed before that and comes after it
        // loses against it; it is set aside, which law 12 looks at.
        let stood = || ledger.accepted.get(place).into_iter().flat_map(BTreeMap::values);
        let shortened = erasure::lists_people(field)
            && (everything.says(field, now, value)
                || (standing > *stamp
                    && !everything.gone.is_empty()
                    && stood().any(|list| everything.says(field, now, list))));
        let closed = ledger.was_emptied(place, *stamp) && now == Some(&Value::Null);
        let left = (shortened || closed) && standing >= *stamp;
        if !numbered && !emptied && !left && (standing != *stamp || now.map(canonical_bytes).as_ref() != Some(bytes)) {
            return trouble(format!(
                "{field} of {id}: {value} at {stamp:?} was the greatest, {now:?} at {standing:?} stands."
            ));
        }
    }
    Ok(())
}

fn append_only_is_as_it_was(history: &History, everything: &Everything) -> Outcome {
    let sealed = take(&history.ledger).sealed.clone();
    for (id, fields) in &sealed {
        let record = everything.records.get(id);
        if everything.gone.contains(id)
            || is_out_of_reach(history, &take(&history.ledger), everything, &(*id, "by".into()))
        {
            continue;
        }
        if record.map(|record| &record.fields) != Some(fields) {
            return trouble(format!("An append-only record was {fields:?} and is {record:?}."));
        }
    }
    Ok(())
}

/// What was decided at the desk is on the server, also when only phones had it after a restore.
fn what_was_decided_stands(history: &History, everything: &Everything) -> Outcome {
    let ledger = take(&history.ledger);
    for (review, Decided { target, on_phones_only }) in &ledger.decided {
        let gone = everything.gone.contains(review) || everything.gone.contains(target);
        if gone || everything.records.contains_key(review) {
            continue;
        }
        let refused = ledger.refused_since.contains(review) || ledger.refused_since.contains(target);
        // A phone that is wiped or shut out hands in its own worker's words, not the desk's.
        let shut_out = history.phones.iter().any(|phone| phone.revoked || phone.is_wiped() || phone.stranded);
        if !on_phones_only || !(refused || shut_out) {
            return trouble(format!("{review} was decided at the desk about {target} and is not there."));
        }
    }
    Ok(())
}

/// No value stands anywhere that nobody typed.
fn nobody_invented_anything(history: &History, everything: &Everything) -> Outcome {
    let ledger = take(&history.ledger);
    let phones = everything.phones.iter().flat_map(|phone| phone.records.values());
    for record in everything.records.values().chain(phones) {
        for (field, value) in &record.fields {
            let typed = ledger.typed.get(&(record.id, field.clone()));
            let known = typed.is_some_and(|typed| typed.contains(&canonical_bytes(value)));
            // The server numbers incidents; moments that a wrong clock gave go with it when it is put right.
            let made = is_moment(field) || (record.kind == Kind::Incident && field == "number");
            // Whoever is erased is no household's head any more: the server says so.
            let emptied = field == "head" && value.is_null() && !ledger.erased_nobody();
            let shortened = erasure::lists_people(field) && is_left_of_one(everything, field, typed, value);
            let closed = value.is_null() && ledger.files.left.contains(&record.id) && WORDS.contains(&field.as_str());
            // A save whose confirmation nobody heard.
            let unheard = typed.is_none() && record.kind != Kind::Review;
            if !known && !made && !emptied && !shortened && !closed && !unheard {
                return trouble(format!("{field} of {} {} is {value}, which nobody typed.", record.kind, record.id));
            }
        }
    }
    Ok(())
}

/// Whether a list of people is what was typed, without who was erased.
fn is_left_of_one(everything: &Everything, field: &str, typed: Option<&BTreeSet<Vec<u8>>>, value: &Value) -> bool {
    let mut lists = typed.into_iter().flatten().filter_map(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    lists.any(|list| everything.says(field, Some(&list), value))
}

/// A moment, or a day, that the phone writes down by its clock: it goes with its stamp when the clock was wrong.
pub(super) fn is_moment(field: &str) -> bool {
    let moments = ["at", "happened_at", "taken_at", "ordered_at", "ended_at", "card_issued_on", "safety_checked_on"];
    moments.contains(&field)
}

/// Nothing was taken twice: no incident has two numbers, no two have the same, no visit was recorded twice. A restored server
/// does not know which numbers it gave since its backup.
fn nothing_was_done_twice(history: &History, everything: &Everything) -> Outcome {
    let restored = take(&history.ledger).counts.contains_key(SERVER_PUT_BACK);
    let (mut numbers, mut notes) = (BTreeSet::new(), BTreeSet::new());
    for record in everything.records.values() {
        if let (Kind::Incident, Some(number)) = (&record.kind, record.text("number"))
            && !numbers.insert(number.to_owned())
            && !restored
        {
            return trouble(format!("Two incidents have the number {number}."));
        }
        if let (Kind::Visit, Some(note)) = (&record.kind, record.text("note"))
            && !notes.insert((note.to_owned(), record.reference("target")))
        {
            return trouble(format!("A visit is there twice: {note}."));
        }
    }
    for (id, entries) in &everything.histories {
        let by_server = entries.iter().filter(|entry| entry.by.as_str() == "server");
        let given: BTreeSet<&str> = by_server.filter_map(|entry| entry.fields.get("number")?.as_str()).collect();
        if given.len() > 1 && !restored {
            return trouble(format!("Incident {id} was given the numbers {given:?}."));
        }
    }
    Ok(())
}

fn no_stamp_is_far_ahead(history: &History, everything: &Everything) -> Outcome {
    let most = history.county.now() + STAMP_AHEAD_MAX;
    let phones = everything.phones.iter().zip(&history.phones).filter(|(_, phone)| !phone.is_out());
    let phones = phones.flat_map(|(holding, _)| holding.records.values());
    match everything.records.values().chain(phones).find(|record| record.latest().millis() > most) {
        None => Ok(()),
        Some(record) => trouble(format!("{record:?} has a stamp more than a day ahead.")),
    }
}
