//! The look at changes to case files before any of them is judged: whom each file will be about once all of them have come, and so which of
//! their words are late.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::dispute::{PARTIES_MAX, WORDS, is_about_somebody, people_in, without_person};
use domain::merge::{Lost, Merged, merge};
use domain::protocol::{CHANGE_FIELDS_MAX, counted_fields};
use domain::{Change, Fields, Kind, Record, RecordId};
use serde_json::Value;

use super::{File, file_of, is_of_nobody, stands};
use crate::hub::HubError;
use crate::hub::conflicts::{is_news, was_known};
use crate::hub::first_look::standing;
use crate::hub::judge::Bench;
use crate::hub::so_far::{Past, Pasts};
use crate::store::{Writing, WrittenBy};

/// Case files that changes are to.
pub(in crate::hub) struct Late {
    /// The changes without what case files among them say of residents who were erased; none when there is nothing to leave out.
    pub(in crate::hub) emptied: Option<Vec<Change>>,
    /// The files as they stood before any of the changes was judged.
    pub(super) before: BTreeMap<File, Record>,
    /// Whether all of the changes together leave a file to nobody.
    of_nobody: BTreeMap<File, bool>,
    /// What was asked of other files: of one that many events name it is asked once.
    asked: RefCell<BTreeMap<File, bool>>,
}

impl Late {
    /// Whether a case file is about nobody any more, once the changes have come to it: their words, events and photos all ask this.
    pub(in crate::hub) fn leaves_to_nobody(&self, reading: &dyn Writing, file: File) -> Result<bool, HubError> {
        let asked = || self.asked.borrow().get(&file).copied();
        if let Some(known) = self.of_nobody.get(&file).copied().or_else(asked) {
            return Ok(known);
        }
        let stored = reading.record(&file.0, file.1)?;
        let nobody = stored.map_or(Ok(false), |stored| is_of_nobody(reading, &stored.record))?;
        self.asked.borrow_mut().insert(file, nobody);
        Ok(nobody)
    }
}

/// Leaves out what case files among these changes say of residents who were erased. A phone that has not heard of an erasure yet still
/// sends the names, and empties its own copy in the same words when it hears. `refused`: which of the changes, by their places, are known to
/// be refused; they decide about no word. `pasts`: what was read for an earlier look at the same changes.
pub(in crate::hub) fn without_erased(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    changes: &[Change],
    refused: &BTreeSet<usize>,
    pasts: &mut Pasts,
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
            file.take(reading, bench, &change, pasts)?;
        }
        left.push((index, change));
    }
    let mut of_nobody = BTreeMap::new();
    for (id, file) in &files {
        of_nobody.insert(id.clone(), file.is_of_nobody(reading)?);
    }
    let before = files.into_iter().filter_map(|(id, file)| Some((id, file.before?))).collect();
    let mut late = Late { emptied: None, before, of_nobody, asked: RefCell::default() };
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

/// A case file and the changes to it, before any of them is judged. Whoever it is about in the end decides about every word, in whatever
/// order they come: a list of parties that comes too late does not, and one that comes after the words does.
struct Coming {
    /// As it stands; none: it is new.
    before: Option<Record>,
    /// As the changes leave it.
    after: Option<Record>,
    /// What the changes add to the history of its lists of parties.
    lists: Past,
    /// Whether a list that names somebody gives way here: somebody has to decide first.
    undecided: bool,
}

impl Coming {
    fn to(file: Option<Record>) -> Self {
        Self { before: file.clone(), after: file, lists: Past::default(), undecided: false }
    }

    fn take(
        &mut self,
        reading: &dyn Writing,
        bench: &Bench<'_>,
        change: &Change,
        pasts: &mut Pasts,
    ) -> Result<(), HubError> {
        // What would make a file larger than one may be is refused, too: it is not carried along.
        let Some(merged) = merge(self.after.as_ref(), change).ok().filter(|merged| is_in_bounds(&merged.record)) else {
            return Ok(());
        };
        // Once somebody has to decide, no other list makes a difference.
        self.undecided = self.undecided || self.sets_somebody_aside(reading, bench, (change, &merged), pasts)?;
        let list = change.fields.get_key_value("parties");
        if let Some((field, list)) = list.filter(|_| !(merged.taken.is_empty() && merged.lost.is_empty())) {
            let author = WrittenBy { by: bench.author.actor().account.clone(), device: bench.author.device() };
            self.lists.add(&Fields::from([(field.clone(), list.clone())]), &change.stamps, &author);
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
        pasts: &mut Pasts,
    ) -> Result<bool, HubError> {
        let somebody = |lost: &&Lost| lost.field == "parties" && is_about_somebody(&lost.value);
        let lost = merged.lost.iter().find(somebody).filter(|lost| !was_known(bench, change, lost, &merged.record));
        let Some(lost) = lost else { return Ok(false) };
        let (county, id) = file_of(change);
        let past = pasts.of((county.clone(), id), || Ok(reading.history(&county, id)?))?;
        is_news(reading, &[past, &self.lists], (change, lost), &merged.record)
    }

    /// Whether it is about nobody when all have come to it.
    fn is_of_nobody(&self, reading: &dyn Writing) -> Result<bool, HubError> {
        match self.after.as_ref().filter(|_| !self.undecided) {
            Some(file) => is_of_nobody(reading, file),
            None => Ok(false),
        }
    }
}

fn is_in_bounds(file: &Record) -> bool {
    counted_fields(&file.fields) <= CHANGE_FIELDS_MAX
}

/// Whether a change has no more fields and names no more parties than any may. What has is refused for it, later: until then nothing is done
/// for each of them.
fn is_of_a_size(change: &Change) -> bool {
    let parties = change.fields.get("parties").and_then(Value::as_array);
    counted_fields(&change.fields) <= CHANGE_FIELDS_MAX && parties.is_none_or(|parties| parties.len() <= PARTIES_MAX)
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

#[cfg(test)]
mod tests {
    use domain::{CellCode, Stamp, Stamps};
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
