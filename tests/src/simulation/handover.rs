//! An evacuation from phone to phone: shown as QR codes on one, filmed by others, at once or later; with the laws of what lies beside
//! the register then.

use std::collections::{BTreeMap, BTreeSet};

use device::api::{Failure, FailureCode};
use domain::scope::{Action, allowed};
use domain::{CellCode, Kind, Record, RecordId};
use serde_json::{Value, json};

use super::county::everywhere;
use super::history::History;
use super::wire::take;
use crate::trouble::{Outcome, trouble};

/// So many evacuations are packed in one history at most: to make one small costs about as much as half a history (48 ms and 84 MB, since
/// the packer is not told how little there is). Those that were are shown again and again.
const PACKS_MAX: usize = 2;

/// An evacuation as a phone showed it, and what that phone knew.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    evacuation: RecordId,
    cell: CellCode,
    frames: Vec<String>,
    /// The marks, each with whom it is of.
    marks: BTreeMap<RecordId, RecordId>,
}

impl History {
    /// A worker films what another phone shows, or has shown before; perhaps others do too.
    pub(super) fn hand_evacuation_over(&mut self, who: usize) -> Outcome {
        let mut others = self.phones_of(|role| allowed(role, Action::Read, &Kind::Evacuation))?;
        others.retain(|other| *other != who);
        let again = self.shown.len() >= PACKS_MAX || (!self.shown.is_empty() && self.later.percent(35));
        let shown = if again {
            self.later.pick(&self.shown).cloned()
        } else {
            match self.later.pick(&others).copied() {
                Some(giver) => self.show_evacuation(giver)?,
                None => None,
            }
        };
        let Some(shown) = shown else { return Ok(()) };
        self.take_evacuation(who, &shown)?;
        if self.later.percent(40) {
            for other in others {
                self.take_evacuation(other, &shown)?;
            }
        }
        Ok(())
    }

    /// A phone shows one of its evacuations.
    fn show_evacuation(&mut self, giver: usize) -> Outcome<Option<Shown>> {
        match self.an_evacuation(giver)? {
            Some((evacuation, cell)) => self.show(giver, evacuation, cell),
            None => Ok(None),
        }
    }

    /// The same of this one.
    pub(super) fn show(&mut self, giver: usize, evacuation: RecordId, cell: CellCode) -> Outcome<Option<Shown>> {
        let marks = self.phones[giver].known_marks(evacuation)?;
        let frames = match self.phones[giver].call("handover_frames", json!({ "id": evacuation })) {
            Ok(_) if self.phones[giver].is_dark() => return Ok(None),
            Ok(shown) => shown["frames"].as_array().cloned().unwrap_or_default(),
            Err(failure) if self.disk_is_to_blame(giver, &failure)? => return Ok(None),
            Err(failure) => return trouble(format!("Evacuation {evacuation} could not be shown: {failure:?}")),
        };
        let frames = frames.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        take(&self.ledger).count("evacuation shown".into());
        let shown = Shown { evacuation, cell, frames, marks };
        self.shown.push(shown.clone());
        Ok(Some(shown))
    }

    /// A phone films what is shown. It takes all of it, or nothing.
    pub(super) fn take_evacuation(&mut self, taker: usize, shown: &Shown) -> Outcome {
        if self.phones[taker].is_shut() {
            return Ok(());
        }
        self.say(|| format!("phone {taker} films {}", shown.evacuation));
        let before = (self.phones[taker].handed()?, self.phones[taker].records()?);
        let said = self.film(taker, &shown.frames);
        let unheard = match &said {
            None => return trouble("All codes of an evacuation were filmed, and nothing came of it."),
            Some(Ok(_)) => self.phones[taker].is_dark(),
            Some(Err(failure)) => self.disk_is_to_blame(taker, failure)?,
        };
        if unheard {
            self.phones[taker].recover()?;
        }
        let after = (self.phones[taker].handed()?, self.phones[taker].records()?);
        match said {
            _ if unheard => match after == before {
                true => Ok(()),
                false => self.all_was_taken(taker, shown),
            },
            Some(Ok(taken)) => {
                let news = taken["new"].as_u64().unwrap_or_default() > 0;
                let marks = taken["marks"].as_u64().unwrap_or_default();
                let mut ledger = take(&self.ledger);
                ledger.count(if news { "handed over".into() } else { "handed over for nothing".into() });
                (0..marks).for_each(|_| ledger.count("mark handed over".into()));
                drop(ledger);
                if after.1 != before.1 {
                    return trouble("What was handed over changed the register.");
                }
                self.all_was_taken(taker, shown)
            }
            Some(Err(failure)) if after != before => {
                trouble(format!("A handover was refused with {failure:?} and changed something."))
            }
            Some(Err(failure)) => self.was_refused(taker, shown, &failure),
            None => Ok(()),
        }
    }

    /// Films all codes, from the first or from the last; what the last one led to.
    fn film(&mut self, taker: usize, frames: &[String]) -> Option<Result<Value, Failure>> {
        let mut order: Vec<&String> = frames.iter().collect();
        if self.later.percent(30) {
            order.reverse();
        }
        for frame in order {
            match self.phones[taker].call("take_frame", json!({ "text": frame })) {
                Ok(heard) if heard["taken"].is_null() => {}
                Ok(heard) => return Some(Ok(heard["taken"].clone())),
                Err(failure) => return Some(Err(failure)),
            }
        }
        None
    }

    /// Whoever took an evacuation knows it, and every mark that was known where it came from, but of whom was erased.
    fn all_was_taken(&self, taker: usize, shown: &Shown) -> Outcome {
        let phone = &self.phones[taker];
        let known = phone.known_marks(shown.evacuation)?;
        for (mark, person) in shown.marks.iter().filter(|(mark, _)| !known.contains_key(*mark)) {
            if !phone.knows_erased(*mark)? && !phone.knows_erased(*person)? {
                return trouble(format!("Mark {mark} was handed over to phone {taker} and is not known there."));
            }
        }
        match phone.call("evacuation", json!({ "id": shown.evacuation })) {
            Ok(_) => Ok(()),
            Err(failure) => trouble(format!("What was handed over to phone {taker} is not shown: {failure:?}")),
        }
    }

    /// Why a handover may be refused: the cell is another's, a clock is wrong, or the order is not whole any more where it came from.
    fn was_refused(&self, taker: usize, shown: &Shown, failure: &Failure) -> Outcome {
        take(&self.ledger).count(format!("handover refused {:?}", failure.code));
        match failure.code {
            FailureCode::HandoverForeign if !self.phones[taker].cells()?.contains(&shown.cell) => Ok(()),
            FailureCode::HandoverClock | FailureCode::HandoverUnreadable => Ok(()),
            _ => trouble(format!("What was handed over to phone {taker} was refused: {failure:?}")),
        }
    }
}

/// Marks on a phone that wait for an order which nobody will ever send: another phone handed the order over, and whoever had it in the
/// register has lost it, as the server has or never had it. The phone keeps them, and sends them should it come after all.
pub(super) fn waits_in_vain(history: &History, who: usize) -> Outcome<BTreeSet<RecordId>> {
    let mut in_vain = BTreeSet::new();
    if history.phones[who].is_wiped() {
        return Ok(in_vain);
    }
    for (mark, order) in history.phones[who].marks_of_handed_orders()? {
        if !comes(history, order)? {
            in_vain.insert(mark);
        }
    }
    Ok(in_vain)
}

/// Whether the server has an order, or a phone that still may send has it in its register.
fn comes(history: &History, order: RecordId) -> Outcome<bool> {
    let scope = everywhere()?;
    if history.county.ask(|reading| reading.record(&scope, order))?.is_some() {
        return Ok(true);
    }
    for phone in history.phones.iter().filter(|phone| !phone.is_out()) {
        if phone.record(order)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the register has by now, just as it was handed over, lies nowhere else.
pub(super) fn nothing_lies_beside_in_vain(history: &History) -> Outcome {
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        for handed in phone.handed()? {
            if phone.record(handed.id)?.as_ref() == Some(&handed) {
                return trouble(format!("Phone {number} has {} {} twice.", handed.kind, handed.id));
            }
        }
    }
    Ok(())
}

/// Whether something of an evacuation lies beside the register of a phone: its writer has lost it, or was made to stamp it anew after
/// it was shown.
pub(super) fn lies_beside(handed: &[Record], evacuation: RecordId) -> bool {
    let of_it = |one: &Record| match one.kind {
        Kind::RollCall => one.reference("evacuation") == Some(evacuation),
        _ => one.id == evacuation,
    };
    handed.iter().any(of_it)
}
