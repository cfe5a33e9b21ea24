//! What an erasure leaves of case files. Of a party only the side stays (`erasure.rs`); but people also write freely in a file, and
//! nobody can cut one person out of a sentence.
//!
//! Where nobody is left whom the file is about, its words go: type, days, outcome and amount stay for the statistics, the events of
//! the mediation, the photos of its papers and what was said of it in reviews are erased. Where it is about others too, it is their file as well: its words stay as they are, and the supervisor
//! is told where the name stands, to have the sentences corrected and sealed events erased and written anew.
//!
//! A list of parties that was set aside, and that nobody has decided on, may be the right one: as long as it names somebody, the file is
//! not about nobody.

mod late;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::dispute::{WORDS, is_about_nobody, names_nobody};
use domain::protocol::Verdict;
use domain::validate::{Setting, problems};
use domain::world::Millis;
use domain::{Change, Fields, Kind, Record, RecordId, Scope, Stamp};
use serde_json::Value;

use crate::hub::conflicts::keeps_from_nobody;
use crate::hub::first_look::standing;
use crate::hub::so_far::SoFar;
use crate::hub::{Hub, HubError};
use crate::store::{Store, Writing};

pub(super) use late::{Late, without_erased};

/// A case file in whose words the name of an erased party stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseToCorrect {
    /// The file.
    pub id: RecordId,
    /// Its number, if it has one.
    pub number: Option<String>,
    /// Its fields with the name.
    pub fields: Vec<String>,
    /// Its events with the name, with their time. They are sealed: what can be done is to erase them.
    pub events: Vec<(RecordId, Millis)>,
}

/// What is to be done about a case file whose party was erased.
#[derive(Default)]
pub(super) struct Left {
    /// What goes with the person, for the file is about nobody any more: its events, its photos and its reviews.
    pub(super) gone: Vec<Record>,
    /// What somebody has to correct.
    pub(super) to_correct: Option<CaseToCorrect>,
}

impl<S: Store> Hub<S> {
    /// Leaves a case file, whose parties were emptied already of somebody who was called by these names.
    pub(super) fn leave_case(
        &self,
        writing: &mut dyn Writing,
        county: &Scope,
        id: RecordId,
        names: &BTreeSet<String>,
        now: Millis,
    ) -> Result<Left, HubError> {
        let Some(case) = writing.record(county, id)?.map(|stored| stored.record) else {
            return Ok(Left::default());
        };
        let events = referring(writing, county, case.id, &Kind::DisputeEvent)?;
        if is_of_nobody(writing, &case)? {
            self.empty_words(writing, &case, now)?;
            let mut gone = events;
            for kind in [Kind::Photo, Kind::Review] {
                gone.extend(referring(writing, county, case.id, &kind)?);
            }
            return Ok(Left { gone, to_correct: None });
        }
        let to_correct = case_to_correct(&case, &events, names);
        Ok(Left { gone: Vec::new(), to_correct })
    }

    /// Leaves case files once changes to them are judged: `sent` is how they came, with what became of each. Which of them would be taken
    /// was not known when words were left out, and a list of parties that was refused decides about none; nor is anything done for a change
    /// that was refused. Where it decided on a list that was set aside, its events and photos were taken: its words stay like these, unless
    /// whoever decided had not heard of the erasure. Answers whether bytes of photos were doomed.
    pub(super) fn leave_late_files(
        &self,
        writing: &mut dyn Writing,
        (sent, verdicts): (&[Change], &[Verdict]),
        (late, so_far): (&Late, &SoFar),
        setting: Setting<'_>,
    ) -> Result<bool, HubError> {
        let mut dooms = false;
        let taken = late.emptied.as_deref().unwrap_or(sent);
        let all = sent.iter().zip(taken).zip(verdicts);
        let accepted = all.filter(|(_, verdict)| **verdict == Verdict::Accepted).map(|(changes, _)| changes);
        let to_files = accepted.filter(|(sent, _)| sent.kind == Kind::Dispute);
        let with_late_lists = to_files.clone().filter(|(sent, taken)| is_late_list(sent, taken));
        let late_lists: BTreeSet<(File, Stamp)> =
            with_late_lists.map(|(_, taken)| (file_of(taken), taken.stamps.of("parties"))).collect();
        // Nothing below changes whom a file is about: it is asked once for each.
        let mut of_nobody: BTreeMap<File, bool> = BTreeMap::new();
        let mut unsaid = Unsaid::default();
        for (sent, taken) in to_files {
            let Some(file) = standing(writing, taken)?.filter(|file| file.kind == Kind::Dispute) else { continue };
            let before = late.before.get(&file_of(taken));
            let nobody = match of_nobody.entry(file_of(taken)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(place) => {
                    let list = (place.key().clone(), file.stamps.of("parties"));
                    let stays = so_far.has_decided(place.key()) && !late_lists.contains(&list);
                    *place.insert(!stays && is_of_nobody(writing, &file)?)
                }
            };
            let file = if nobody {
                self.leave_unsaid(writing, file, (sent, taken), (before, &mut unsaid), setting.now)?
            } else {
                self.say_again(writing, file, (sent, taken), before, setting)?
            };
            dooms |= self.settle_list(writing, &file, (sent, taken), (before, nobody), setting.now)?;
        }
        unsaid.leave_each(|file, emptied| Ok(writing.rewrite_past(file, emptied)?))?;
        Ok(dooms)
    }

    /// A list of parties that a change has just brought to a file. Whoever sent one with the name has it still, and may not ask about
    /// everybody for long: it comes down without the name. It would have left the file to nobody had it come before the erasure; so it does
    /// now. (One of today, whose writer knew of it, leaves the words to whoever reads them: no correction wipes a file.) Answers whether
    /// bytes of photos were doomed.
    fn settle_list(
        &self,
        writing: &mut dyn Writing,
        file: &Record,
        (sent, taken): (&Change, &Change),
        (before, of_nobody): (Option<&Record>, bool),
        now: Millis,
    ) -> Result<bool, HubError> {
        let Some(list) = taken.fields.get("parties").filter(|_| stands(file, taken, "parties")) else {
            return Ok(false);
        };
        if !is_late_list(sent, taken) {
            // A phone of an older version that heard of the erasure before it sent this has emptied the words too, on its own and under their
            // stamps: it is told what stands.
            let known = before.is_some_and(|before| stands(before, taken, "parties"));
            if is_about_nobody(list) && !known {
                writing.tell_again(&file.cell, file.id)?;
            }
            return Ok(false);
        }
        let file = self.set_field(writing, file, "parties", list.clone(), now)?;
        if !of_nobody {
            return Ok(false);
        }
        let county = file.cell.county();
        let left = self.leave_case(writing, &county, file.id, &BTreeSet::new(), now)?;
        self.erase_late(writing, &county, left.gone, now)
    }

    /// Words that a change has just brought to a file of nobody go. Whoever sent one has it still, under the stamp that stands here: only
    /// another stamp brings down what is left of it. What the history has of them goes when all are known.
    fn leave_unsaid<'c>(
        &self,
        writing: &mut dyn Writing,
        mut file: Record,
        (sent, taken): (&'c Change, &Change),
        (before, unsaid): (Option<&Record>, &mut Unsaid<'c>),
        now: Millis,
    ) -> Result<Record, HubError> {
        for (name, said) in brought(sent, before) {
            if stands(&file, taken, name) {
                file = self.set_field(writing, &file, name, Value::Null, now)?;
            }
            if taken.fields.get(name).is_some_and(|word| !word.is_null()) {
                unsaid.add(&file, name, said);
            }
        }
        Ok(file)
    }

    /// Words that were left out of a change for a list that was then refused come back to a file that is about somebody.
    fn say_again(
        &self,
        writing: &mut dyn Writing,
        mut file: Record,
        (sent, taken): (&Change, &Change),
        before: Option<&Record>,
        setting: Setting<'_>,
    ) -> Result<Record, HubError> {
        for (name, said) in brought(sent, before) {
            let left_out = taken.fields.get(name).is_some_and(Value::is_null);
            if left_out && stands(&file, taken, name) {
                // It was not judged with the change.
                let alone = Change { fields: Fields::from([(name.to_owned(), said.clone())]), ..sent.clone() };
                let sound = problems(&alone, Some(&file), setting).is_empty();
                let value = if sound { said.clone() } else { Value::Null };
                file = self.set_field(writing, &file, name, value, setting.now)?;
            }
        }
        Ok(file)
    }

    /// Empties the words of a case file, in what stands and in what stood before.
    fn empty_words(&self, writing: &mut dyn Writing, case: &Record, now: Millis) -> Result<(), HubError> {
        let mut standing = case.clone();
        for name in WORDS.into_iter().filter(|name| case.text(name).is_some()) {
            standing = self.set_field(writing, &standing, name, Value::Null, now)?;
        }
        let emptied = |name: &str, value: &Value| (WORDS.contains(&name) && !value.is_null()).then_some(Value::Null);
        Ok(writing.rewrite_past(&standing, &emptied)?)
    }
}

/// Whether the list of parties of a change still named somebody who was erased.
fn is_late_list(sent: &Change, taken: &Change) -> bool {
    sent.fields.get("parties") != taken.fields.get("parties")
}

/// The words of a change that were not in the file before.
fn brought<'c>(sent: &'c Change, before: Option<&Record>) -> Vec<(&'static str, &'c Value)> {
    let said = |name: &'static str| Some((name, sent.fields.get(name).filter(|said| !said.is_null())?));
    let known = |name: &str| before.is_some_and(|before| stands(before, sent, name));
    WORDS.into_iter().filter_map(said).filter(|&(name, _)| !known(name)).collect()
}

/// What is left of a value of a field; none when it stays.
type Rewrite<'r> = &'r dyn Fn(&str, &Value) -> Option<Value>;

/// Words that came to files of nobody and that their histories have: the past of a file is gone through once for all of them, for it is as
/// long as whoever sends them makes it.
#[derive(Default)]
struct Unsaid<'s>(BTreeMap<File, (Record, Words<'s>)>);

/// Words by their fields.
type Words<'s> = BTreeMap<&'static str, BTreeSet<&'s str>>;

impl<'s> Unsaid<'s> {
    /// A word that was taken is a text.
    fn add(&mut self, file: &Record, name: &'static str, said: &'s Value) {
        let Some(said) = said.as_str() else { return };
        let (_, words) = self.0.entry((file.cell.county(), file.id)).or_insert_with(|| (file.clone(), Words::new()));
        words.entry(name).or_default().insert(said);
    }

    fn leave_each(self, mut rewrite: impl FnMut(&Record, Rewrite<'_>) -> Result<(), HubError>) -> Result<(), HubError> {
        for (file, words) in self.0.into_values() {
            let emptied = |name: &str, value: &Value| {
                let said = words.get(name)?;
                said.contains(value.as_str()?).then_some(Value::Null)
            };
            rewrite(&file, &emptied)?;
        }
        Ok(())
    }
}

/// What names this file as what it is about.
fn referring(reading: &dyn Writing, county: &Scope, file: RecordId, kind: &Kind) -> Result<Vec<Record>, HubError> {
    let found = reading.referring(county, file, kind)?;
    Ok(found.into_iter().map(|stored| stored.record).collect())
}

/// A case file, by its county and its id.
type File = (Scope, RecordId);

fn file_of(change: &Change) -> File {
    (change.cell.county(), change.id)
}

/// Whether a file has this field as the change has it. (Value and stamp: between equal stamps another value may have won.)
fn stands(file: &Record, change: &Change, name: &str) -> bool {
    let value = change.fields.get(name);
    value.is_some() && file.fields.get(name) == value && file.stamps.of(name) == change.stamps.of(name)
}

/// Whether a case file is about nobody any more: neither by the list of its parties nor by one that was set aside and may be let stand.
pub(super) fn is_of_nobody(reading: &dyn Writing, file: &Record) -> Result<bool, HubError> {
    if !names_nobody(file) {
        return Ok(false);
    }
    let open = reading.open_conflicts(&file.cell.county(), file.id, Millis::MIN)?;
    Ok(!open.iter().any(|conflict| keeps_from_nobody(file, conflict)))
}

/// What an erased party was called: in the register, if it knows, and in the file itself.
pub(super) fn names_of((id, name): (RecordId, Option<&str>), case: &Record) -> BTreeSet<String> {
    let parties = case.fields.get("parties").and_then(Value::as_array);
    let id = id.to_string();
    let theirs = parties.into_iter().flatten().filter(|party| party.get("person").and_then(Value::as_str) == Some(&id));
    let theirs = theirs.filter_map(|party| party.get("name").and_then(Value::as_str));
    name.into_iter().chain(theirs).filter(|name| !name.trim().is_empty()).map(str::to_owned).collect()
}

/// Where in a case file one of these names still stands; none when nowhere.
fn case_to_correct(case: &Record, events: &[Record], names: &BTreeSet<String>) -> Option<CaseToCorrect> {
    let says = |record: &Record, field: &str| {
        let words = record.fields.get(field).map(Value::to_string).unwrap_or_default();
        names.iter().any(|name| words.contains(name))
    };
    let fields: Vec<String> = WORDS.iter().filter(|field| says(case, field)).map(|field| (*field).to_owned()).collect();
    let named = |event: &&Record| ["place", "present", "text"].iter().any(|field| says(event, field));
    let events: Vec<(RecordId, Millis)> =
        events.iter().filter(named).map(|event| (event.id, event.int("at").unwrap_or_default())).collect();
    let number = case.text("number").map(str::to_owned);
    (!fields.is_empty() || !events.is_empty()).then_some(CaseToCorrect { id: case.id, number, fields, events })
}

#[cfg(test)]
mod tests {
    use domain::{CellCode, Stamps};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn party(person: u128) -> Value {
        json!({"person": RecordId(Uuid::from_u128(person)), "name": "张三", "side": "applicant"})
    }

    fn file() -> Record {
        let fields = Fields::from([("parties".to_owned(), json!([party(1)]))]);
        let cell = CellCode::new("610722001001001").unwrap();
        Record { id: RecordId(Uuid::from_u128(9)), kind: Kind::Dispute, cell, fields, stamps: Stamps::all(Stamp::ZERO) }
    }

    fn gone(emptied: Rewrite<'_>, name: &str, value: &Value) -> bool {
        emptied(name, value) == Some(Value::Null)
    }

    #[test]
    fn the_past_of_a_file_is_gone_through_once_for_all_words_that_came_to_it() {
        let said: Vec<Value> = (0..9).map(|number| json!(format!("墙漏水{number}"))).collect();
        let (file, mut unsaid) = (file(), Unsaid::default());
        said.iter().for_each(|said| unsaid.add(&file, "facts", said));
        unsaid.add(&file, "claim", &said[0]);
        let mut times = 0;
        let each = unsaid.leave_each(|of, emptied| {
            times += 1;
            assert_eq!(of.id, file.id);
            assert!(said.iter().all(|said| gone(emptied, "facts", said)) && gone(emptied, "claim", &said[0]));
            assert!(!gone(emptied, "claim", &said[1]) && !gone(emptied, "facts", &json!("墙")), "others stay");
            Ok(())
        });
        assert_eq!((each.is_ok(), times), (true, 1));
    }
}
