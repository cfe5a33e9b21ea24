//! What an erasure leaves of case files. Of a party only the side stays (`erasure.rs`); but people also write freely in a file, and
//! nobody can cut one person out of a sentence.
//!
//! Where nobody is left whom the file is about, its words go: type, days, outcome and amount stay for the statistics, the events of
//! the mediation, the photos of its papers and what was said of it in reviews are erased. Where it is about others too, it is their file as well: its words stay as they are, and the supervisor
//! is told where the name stands, to have the sentences corrected and sealed events erased and written anew.
//!
//! A list of parties that was set aside, and that nobody has decided on, may be the right one: as long as it names somebody, the file is
//! not about nobody.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::dispute::{PARTIES_MAX, WORDS, is_about_nobody, is_about_somebody, people_in, without_person};
use domain::merge::{Lost, Merged, merge};
use domain::protocol::{CHANGE_FIELDS_MAX, Verdict};
use domain::validate::{Setting, problems};
use domain::world::Millis;
use domain::{Change, Fields, Kind, Record, RecordId, Scope, Stamps};
use serde_json::Value;

use crate::hub::conflicts::{is_news, keeps_from_nobody, was_known};
use crate::hub::first_look::standing;
use crate::hub::judge::Bench;
use crate::hub::{Hub, HubError};
use crate::store::{HistoryEntry, Store, Writing};

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
    /// that was refused. Answers whether bytes of photos were doomed.
    pub(super) fn leave_late_files(
        &self,
        writing: &mut dyn Writing,
        (sent, verdicts): (&[Change], &[Verdict]),
        late: &Late,
        setting: Setting<'_>,
    ) -> Result<bool, HubError> {
        let mut dooms = false;
        let taken = late.emptied.as_deref().unwrap_or(sent);
        let all = sent.iter().zip(taken).zip(verdicts);
        let accepted = all.filter(|(_, verdict)| **verdict == Verdict::Accepted).map(|(changes, _)| changes);
        // Nothing below changes whom a file is about: it is asked once for each.
        let mut of_nobody: BTreeMap<File, bool> = BTreeMap::new();
        let mut unsaid = Unsaid::default();
        for (sent, taken) in accepted.filter(|(sent, _)| sent.kind == Kind::Dispute) {
            let Some(file) = standing(writing, taken)?.filter(|file| file.kind == Kind::Dispute) else { continue };
            let before = late.before.get(&file_of(taken));
            let nobody = match of_nobody.entry(file_of(taken)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(place) => *place.insert(is_of_nobody(writing, &file)?),
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
        if sent.fields.get("parties") == Some(list) {
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

/// Case files that changes are to.
pub(super) struct Late {
    /// The changes without what case files among them say of residents who were erased; none when there is nothing to leave out.
    pub(super) emptied: Option<Vec<Change>>,
    /// The files as they stood before any of the changes was judged.
    before: BTreeMap<File, Record>,
    /// Whether all of the changes together leave a file to nobody.
    of_nobody: BTreeMap<File, bool>,
}

impl Late {
    /// Whether a case file is about nobody any more, once the changes have come to it: their words, events and photos all ask this.
    pub(super) fn leaves_to_nobody(&self, reading: &dyn Writing, file: File) -> Result<bool, HubError> {
        if let Some(known) = self.of_nobody.get(&file) {
            return Ok(*known);
        }
        let (county, id) = file;
        reading.record(&county, id)?.map_or(Ok(false), |stored| is_of_nobody(reading, &stored.record))
    }
}

/// Leaves out what case files among these changes say of residents who were erased. A phone that has not heard of an erasure yet still
/// sends the names, and empties its own copy in the same words when it hears. `refused`: which of the changes, by their places, are known to
/// be refused; they decide about no word. `past`: what was read for an earlier look at the same changes.
pub(super) fn without_erased(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    changes: &[Change],
    refused: &BTreeSet<usize>,
    past: &mut PastLists,
) -> Result<Late, HubError> {
    let mut left = Vec::new();
    let mut files: BTreeMap<File, Coming> = BTreeMap::new();
    let to_files = |(_, change): &(usize, &Change)| change.kind == Kind::Dispute && is_of_a_size(change);
    for (index, change) in changes.iter().enumerate().filter(to_files) {
        let file = match files.entry(file_of(change)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Coming::to(standing(reading, change)?)),
        };
        let change = Change { fields: parties_without_erased(reading, change)?, ..change.clone() };
        if !refused.contains(&index) {
            file.take(reading, bench, &change, past)?;
        }
        left.push((index, change));
    }
    let mut of_nobody = BTreeMap::new();
    for (id, file) in &files {
        of_nobody.insert(id.clone(), file.is_of_nobody(reading)?);
    }
    let before = files.into_iter().filter_map(|(id, file)| Some((id, file.before?))).collect();
    let mut late = Late { emptied: None, before, of_nobody };
    for (index, mut change) in left {
        let file = file_of(&change);
        if late.of_nobody.get(&file) == Some(&true) && !refused.contains(&index) {
            leave_no_words(&mut change, late.before.get(&file));
        }
        if change.fields != changes[index].fields {
            late.emptied.get_or_insert_with(|| changes.to_vec())[index] = change;
        }
    }
    Ok(late)
}

fn file_of(change: &Change) -> File {
    (change.cell.county(), change.id)
}

/// A case file and the changes to it, before any of them is judged. Whoever it is about in the end decides about every word, in whatever
/// order they come: a list of parties that comes too late does not, and one that comes after the words does.
struct Coming {
    /// As it stands; none: it is new.
    before: Option<Record>,
    /// As the changes leave it.
    after: Option<Record>,
    /// What the changes add to the history of its lists of parties.
    lists: Vec<HistoryEntry>,
    /// Whether a list that names somebody gives way here: somebody has to decide first.
    undecided: bool,
}

impl Coming {
    fn to(file: Option<Record>) -> Self {
        Self { before: file.clone(), after: file, lists: Vec::new(), undecided: false }
    }

    fn take(
        &mut self,
        reading: &dyn Writing,
        bench: &Bench<'_>,
        change: &Change,
        past: &mut PastLists,
    ) -> Result<(), HubError> {
        // What would make a file larger than one may be is refused, too: it is not carried along.
        let Some(merged) = merge(self.after.as_ref(), change).ok().filter(|merged| is_in_bounds(&merged.record)) else {
            return Ok(());
        };
        // Once somebody has to decide, no other list makes a difference.
        self.undecided = self.undecided || self.sets_somebody_aside(reading, bench, (change, &merged), past)?;
        if !(merged.taken.is_empty() && merged.lost.is_empty()) {
            self.lists.extend(list_of(bench, change));
        }
        self.after = Some(merged.record);
        Ok(())
    }

    /// Whether a list of parties that says of anybody who they are gives way where the writers knew nothing of each other, just as when the
    /// change is stored: what is kept as undecided then is undecided here, and nothing else is.
    fn sets_somebody_aside(
        &self,
        reading: &dyn Writing,
        bench: &Bench<'_>,
        (change, merged): (&Change, &Merged),
        past: &mut PastLists,
    ) -> Result<bool, HubError> {
        let somebody = |lost: &&Lost| lost.field == "parties" && is_about_somebody(&lost.value);
        let lost = merged.lost.iter().find(somebody).filter(|lost| !was_known(bench, change, lost, &merged.record));
        let Some(lost) = lost else { return Ok(false) };
        let (county, id) = file_of(change);
        let past = past.of((county.clone(), id), || Ok(reading.history(&county, id)?))?;
        is_news(reading, past.iter().chain(&self.lists), (change, lost), &merged.record)
    }

    /// Whether it is about nobody when all have come to it.
    fn is_of_nobody(&self, reading: &dyn Writing) -> Result<bool, HubError> {
        match self.after.as_ref().filter(|_| !self.undecided) {
            Some(file) => is_of_nobody(reading, file),
            None => Ok(false),
        }
    }
}

/// What the histories of case files say of their lists of parties. Nothing is written while changes are looked at: however many come to a
/// file, and however often they are looked at, its history is read once, and only where it makes a difference.
#[derive(Default)]
pub(super) struct PastLists(BTreeMap<File, Vec<HistoryEntry>>);

impl PastLists {
    fn of(
        &mut self,
        file: File,
        read: impl FnOnce() -> Result<Vec<HistoryEntry>, HubError>,
    ) -> Result<&[HistoryEntry], HubError> {
        let lists = match self.0.entry(file) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let mut past = read()?;
                past.retain(|entry| entry.fields.contains_key("parties"));
                for entry in &mut past {
                    entry.fields.retain(|name, _| name == "parties");
                    entry.lost.clear();
                }
                place.insert(past)
            }
        };
        Ok(lists)
    }
}

/// The list of parties that a change brings, as the history will have it.
fn list_of(bench: &Bench<'_>, change: &Change) -> Option<HistoryEntry> {
    let list = change.fields.get("parties")?.clone();
    Some(HistoryEntry {
        at: bench.setting.now,
        by: bench.author.actor().account.clone(),
        device: bench.author.device(),
        fields: Fields::from([("parties".to_owned(), list)]),
        stamps: Stamps::all(change.stamps.of("parties")),
        base: BTreeMap::new(),
        lost: Vec::new(),
    })
}

fn is_in_bounds(file: &Record) -> bool {
    file.fields.len() <= CHANGE_FIELDS_MAX
}

/// Whether a change has no more fields and names no more parties than any may. What has is refused for it, later: until then nothing is done
/// for each of them.
fn is_of_a_size(change: &Change) -> bool {
    let parties = change.fields.get("parties").and_then(Value::as_array);
    change.fields.len() <= CHANGE_FIELDS_MAX && parties.is_none_or(|parties| parties.len() <= PARTIES_MAX)
}

/// Whether a file has this field as the change has it. (Value and stamp: between equal stamps another value may have won.)
fn stands(file: &Record, change: &Change, name: &str) -> bool {
    let value = change.fields.get(name);
    value.is_some() && file.fields.get(name) == value && file.stamps.of(name) == change.stamps.of(name)
}

/// Whether a case file is about nobody any more: neither by the list of its parties nor by one that was set aside and may be let stand.
pub(super) fn is_of_nobody(reading: &dyn Writing, file: &Record) -> Result<bool, HubError> {
    if !file.fields.get("parties").is_some_and(is_about_nobody) {
        return Ok(false);
    }
    let open = reading.open_conflicts(&file.cell.county(), file.id, Millis::MIN)?;
    Ok(!open.iter().any(|conflict| keeps_from_nobody(file, conflict)))
}

/// The fields of a change to a case file, of whose parties those who were erased are emptied.
fn parties_without_erased(reading: &dyn Writing, change: &Change) -> Result<Fields, HubError> {
    let county = change.cell.county();
    let mut fields = change.fields.clone();
    if let Some(parties) = fields.get_mut("parties") {
        leave_those(parties, |person| Ok(reading.erased(&county, person)?))?;
    }
    Ok(fields)
}

/// Empties of a list of parties those of whom `erased` says so. It is asked once about each, however often the list names them.
fn leave_those(
    parties: &mut Value,
    mut erased: impl FnMut(RecordId) -> Result<bool, HubError>,
) -> Result<(), HubError> {
    let named: BTreeSet<RecordId> = people_in(parties).into_iter().collect();
    for person in named {
        if erased(person)?
            && let Some(without) = without_person(parties, person)
        {
            *parties = without;
        }
    }
    Ok(())
}

/// Late words of a file that is about nobody any more are emptied under the stamp that they came with: what is stored never had them, and
/// whoever sends them again brings nothing new. (Between equal stamps `null` wins over a text.) What stands just so is not late: it was left
/// there, and comes once more because an answer was lost, or a phone doubts what is here.
fn leave_no_words(change: &mut Change, before: Option<&Record>) {
    for name in WORDS {
        if before.is_some_and(|before| stands(before, change, name)) {
            continue;
        }
        if let Some(value) = change.fields.get_mut(name) {
            *value = Value::Null;
        }
    }
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
    use domain::{AccountId, CellCode, Stamp};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn party(person: u128) -> Value {
        json!({"person": RecordId(Uuid::from_u128(person)), "name": "张三", "side": "applicant"})
    }

    #[test]
    fn each_of_whom_a_list_of_parties_names_is_asked_about_once() {
        let mut parties = json!([party(1), party(2), party(1), party(1)]);
        let mut asked = Vec::new();
        leave_those(&mut parties, |person| {
            asked.push(person);
            Ok(person == RecordId(Uuid::from_u128(1)))
        })
        .unwrap();
        assert_eq!(asked, [1, 2].map(|number| RecordId(Uuid::from_u128(number))));
        let nobody = json!({"name": "—", "side": "applicant"});
        assert_eq!(parties, json!([nobody, party(2), nobody, nobody]));
    }

    fn file() -> Record {
        let fields = Fields::from([("parties".to_owned(), json!([party(1)]))]);
        let cell = CellCode::new("610722001001001").unwrap();
        Record { id: RecordId(Uuid::from_u128(9)), kind: Kind::Dispute, cell, fields, stamps: Stamps::all(Stamp::ZERO) }
    }

    #[test]
    fn the_history_of_a_file_is_read_once_and_says_of_its_lists_of_parties_alone() {
        let entry = |fields: Value| HistoryEntry {
            at: 0,
            by: AccountId::new("worker").unwrap(),
            device: None,
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::ZERO),
            base: BTreeMap::new(),
            lost: Vec::new(),
        };
        let (mut past, mut read) = (PastLists::default(), 0);
        let (file, list) = (file(), json!({"parties": [party(1)]}));
        for _ in 0..3 {
            let lists = past.of((file.cell.county(), file.id), || {
                read += 1;
                Ok(vec![entry(json!({"parties": [party(1)], "facts": "墙漏水"})), entry(json!({"facts": "墙漏水"}))])
            });
            assert_eq!(lists.unwrap(), [entry(list.clone())]);
        }
        assert_eq!(read, 1);
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

    #[test]
    fn what_is_refused_for_its_many_fields_or_parties_is_not_gone_through() {
        let of = |fields: Value| Change {
            id: RecordId(Uuid::from_u128(9)),
            kind: Kind::Dispute,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::ZERO),
            base: BTreeMap::new(),
        };
        let parties = |many: usize| of(json!({"parties": vec![party(1); many]}));
        assert!(is_of_a_size(&parties(PARTIES_MAX)) && !is_of_a_size(&parties(PARTIES_MAX + 1)));
        let fields = |many: usize| of((0..many).map(|number| (format!("f{number}"), json!(number))).collect());
        assert!(is_of_a_size(&fields(CHANGE_FIELDS_MAX)) && !is_of_a_size(&fields(CHANGE_FIELDS_MAX + 1)));
    }
}
