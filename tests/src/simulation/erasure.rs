//! Erasure: a person is erased at the desk while phones write about that person; afterwards nothing of it may stand anywhere.

use std::collections::BTreeSet;

use domain::kinds::dispute::{ERASED_NAME, WORDS, has_lost_somebody, is_about_nobody, people_in, without_person};
use domain::kinds::evacuation::{Evacuation, without};
use domain::protocol::PhotoSize;
use domain::record::canonical_bytes;
use domain::{Kind, Record, RecordId, Scope, Sha256Hex};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use super::county::{COUNTY, everywhere};
use super::history::{History, SERVER_PUT_BACK};
use super::ledger::Ledger;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

impl History {
    /// The desk erases a person with everything that is about that person alone.
    pub(super) fn erase_somebody(&mut self) -> Outcome {
        match self.any_on_server(|kind| *kind == Kind::Person)? {
            Some(person) => self.erase(person.id),
            None => Ok(()),
        }
    }

    /// The desk erases this person.
    pub(super) fn erase(&mut self, person: RecordId) -> Outcome {
        self.say(|| format!("erase {person}"));
        let erased = self.county.hub()?.erase(&self.county.supervisor.actor, person);
        let another = std::mem::replace(&mut self.county.erasing, true);
        let heard_nothing = self.desk_heard_nothing(erased.is_err())?;
        self.look_at_files(false)?;
        if heard_nothing {
            return Ok(());
        }
        self.county.erasing &= another;
        erased.doing("erasing")?;
        let mut ledger = take(&self.ledger);
        ledger.erased.insert(person);
        ledger.count("erased".into());
        Ok(())
    }

    /// A worker leaves a form about a person unfinished.
    pub(super) fn draft(&mut self, who: usize) -> Outcome {
        let Some(person) = self.any(who, &Kind::Person)? else { return Ok(()) };
        let word = self.word();
        let key = if self.chance.percent(50) { format!("edit:{}", person.id) } else { format!("visit:{}:", person.id) };
        let args = json!({ "key": key, "value": { "note": word } });
        match self.phones[who].call("save_draft", args) {
            Ok(_) => {
                take(&self.ledger).drafted.push((person.id, json!(word)));
                Ok(())
            }
            Err(failure) if self.disk_is_to_blame(who, &failure)? => Ok(()),
            Err(failure) => trouble(format!("A draft was not kept: {failure:?}")),
        }
    }

    /// A worker notes who is the head of a household.
    pub(super) fn name_head(&mut self, who: usize) -> Outcome {
        let Some(person) = self.any(who, &Kind::Person)? else { return Ok(()) };
        let Some(household) = person.reference("household") else { return Ok(()) };
        let known = self.phones[who].record(household)?;
        if known.is_none_or(|household| household.cell != person.cell) {
            return Ok(());
        }
        self.save(who, &Kind::Household, Some(household), json!({ "head": person.id }))
    }
}

/// Everything that went with an erasure: what the server erased, and what was written about it and never came that far.
pub(super) fn gone(history: &History) -> Outcome<BTreeSet<RecordId>> {
    let county = Scope::new(COUNTY).doing("naming the county")?;
    let ledger = take(&history.ledger);
    if ledger.erased_nobody() {
        return Ok(BTreeSet::new());
    }
    let mut known: BTreeSet<RecordId> = ledger.typed.keys().map(|(id, _)| *id).collect();
    known.extend(ledger.drafted.iter().map(|(id, _)| *id));
    let mut gone = history.county.ask(|reading| {
        let mut gone = BTreeSet::new();
        for id in &known {
            if reading.erased(&county, *id)? {
                gone.insert(*id);
            }
        }
        Ok(gone)
    })?;
    loop {
        let about = ledger.about.iter().filter(|(id, of)| gone.contains(of) && !gone.contains(id));
        let more: Vec<RecordId> = about.map(|(id, _)| *id).collect();
        if more.is_empty() {
            return Ok(gone);
        }
        gone.extend(more);
    }
}

/// Whether a field is a list of people, which whoever is erased leaves: a roster, or the parties of a dispute.
pub(super) fn lists_people(field: &str) -> bool {
    matches!(field, "roster" | "parties")
}

/// What is left of a list of people without who was erased. Of a party the side stays.
fn left_of(field: &str, list: &Value, gone: &BTreeSet<RecordId>) -> Value {
    if field == "roster" {
        return without(list, |person| gone.contains(&person)).unwrap_or_else(|| list.clone());
    }
    let parties = people_in(list).into_iter().filter(|party| gone.contains(party));
    parties.fold(list.clone(), |list, party| without_person(&list, party).unwrap_or(list))
}

/// Whether two values of a field say the same, but for who was erased.
pub(super) fn says_the_same(field: &str, one: &Value, other: &Value, gone: &BTreeSet<RecordId>) -> bool {
    let left = |list: &Value| left_of(field, list, gone);
    one == other || (lists_people(field) && !gone.is_empty() && left(one) == left(other))
}

/// Whether this is what a phone has of a word by now: the word itself, or a list of parties of which some were erased since.
pub(super) fn is_left_of(field: &str, left: &Value, word: &Value) -> bool {
    let (Some(left_parties), Some(parties)) = (left.as_array(), word.as_array()) else { return left == word };
    let same = |(left, party): (&Value, &Value)| {
        left == party || (left["name"].as_str() == Some(ERASED_NAME) && left["side"] == party["side"])
    };
    left == word
        || (field == "parties" && left_parties.len() == parties.len() && left_parties.iter().zip(parties).all(same))
}

/// Every list of parties that was typed, with its file.
fn parties(ledger: &Ledger) -> impl Iterator<Item = (RecordId, Value)> {
    let of = ledger.typed.iter().filter(|((_, field), _)| field == "parties");
    of.flat_map(|((file, _), lists)| {
        lists.iter().filter_map(move |bytes| Some((*file, serde_json::from_slice::<Value>(bytes).ok()?)))
    })
}

/// The files that are about nobody but who was erased by any of the lists of parties that were typed. Whom a file is about all of them
/// together say, which is known at the server (`case_files.rs`); but refused words may lie on a phone with a list of their own.
pub(super) fn about_nobody_by_a_list(ledger: &Ledger, gone: &BTreeSet<RecordId>) -> BTreeSet<RecordId> {
    if gone.is_empty() {
        return BTreeSet::new();
    }
    let nobody = |(_, list): &(RecordId, Value)| is_about_nobody(&left_of("parties", list, gone));
    parties(ledger).filter(nobody).map(|(file, _)| file).collect()
}

/// The files of which somebody was erased.
pub(super) fn files_that_lost_somebody(ledger: &Ledger, gone: &BTreeSet<RecordId>) -> BTreeSet<RecordId> {
    if gone.is_empty() {
        return BTreeSet::new();
    }
    let lost = |(_, list): &(RecordId, Value)| has_lost_somebody(&left_of("parties", list, gone));
    parties(ledger).filter(lost).map(|(file, _)| file).collect()
}

/// Nobody who was erased is on a list of people.
pub(super) fn nobody_gone_is_listed<'r>(
    gone: &BTreeSet<RecordId>,
    records: impl Iterator<Item = &'r Record>,
) -> Outcome {
    for order in records.filter(|record| record.kind == Kind::Evacuation) {
        if let Some(listed) = Evacuation::from(order).roster.iter().find(|listed| gone.contains(&listed.person)) {
            return trouble(format!("{listed:?} was erased, and is to be brought to safety by {}.", order.id));
        }
    }
    Ok(())
}

/// What was erased stays erased, and nothing about it stands on the server or on any phone that had its rounds.
/// `closed`: the server's files that are about nobody any more.
pub(super) fn nothing_of_it_is_left(
    history: &History,
    gone: &BTreeSet<RecordId>,
    closed: &BTreeSet<RecordId>,
) -> Outcome {
    {
        let ledger = take(&history.ledger);
        if let Some(back) = ledger.erased.difference(gone).next() {
            return trouble(format!("{back} was erased, and the server does not know it any more."));
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let scope = everywhere()?;
    for id in gone {
        let (record, entries, conflicts) = history.county.ask(|reading| {
            Ok((reading.record(&scope, *id)?, reading.history(&scope, *id)?, reading.open_conflicts(&scope, *id, 0)?))
        })?;
        if record.is_some() || !entries.is_empty() || !conflicts.is_empty() {
            return trouble(format!("{id} was erased and is on the server: {record:?} {entries:?} {conflicts:?}."));
        }
    }
    let words = needles(&take(&history.ledger), gone);
    let of_files = words_of_files(&take(&history.ledger), gone, closed);
    let all: BTreeSet<Vec<u8>> = of_files.iter().flat_map(|file| &file.words).chain(&words).cloned().collect();
    let hub = history.county.hub()?;
    if let Some((place, word)) = hub.store().below().on_writer(|connection| search(connection, &all, |_| true))? {
        return trouble(format!("{word} was erased and stands in the server's {place}."));
    }
    no_photo_is_left(history, gone)?;
    for file in of_files.iter().filter(|file| closed.contains(&file.id)) {
        nothing_is_left_on_phones(history, file)?;
    }
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        let found = phone.open(|open| Ok(search(open.store().connection(), &words, |_| true)))??;
        if let Some((place, word)) = found {
            return trouble(format!("{word} was erased and stands in the {place} of phone {number}."));
        }
        for (table, column) in [
            ("record", "id"),
            ("received", "id"),
            ("overtaken", "id"),
            ("refused", "id"),
            ("conflict", "id"),
            ("draft", "key"),
        ] {
            if let Some(id) = phone.open(|open| Ok(names(open.store().connection(), table, column, gone)))?? {
                return trouble(format!("{id} was erased and is in the {table} of phone {number}."));
            }
        }
    }
    Ok(())
}

/// Whether a text in JSON is like no other.
fn is_unique(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    text.starts_with("\"词") || (text.len() == 13 && text.starts_with("\"13"))
}

/// Words about what was erased that nobody wrote anywhere else, as they stand in JSON.
fn needles(ledger: &Ledger, gone: &BTreeSet<RecordId>) -> BTreeSet<Vec<u8>> {
    let of = ledger.typed.iter().filter(|((id, _), _)| gone.contains(id)).flat_map(|(_, values)| values);
    let elsewhere: BTreeSet<&Vec<u8>> =
        ledger.typed.iter().filter(|((id, _), _)| !gone.contains(id)).flat_map(|(_, values)| values).collect();
    let drafted = ledger.drafted.iter().filter(|(id, _)| gone.contains(id)).map(|(_, word)| canonical_bytes(word));
    let words = of.filter(|bytes| is_unique(bytes) && !elsewhere.contains(bytes)).cloned();
    words.chain(drafted).collect()
}

/// What went from a file with those of its parties who were erased.
struct OfFile {
    id: RecordId,
    people: BTreeSet<RecordId>,
    /// Their telephones; of a file that is about nobody any more all that anybody wrote freely in it.
    words: BTreeSet<Vec<u8>>,
}

fn words_of_files(ledger: &Ledger, gone: &BTreeSet<RecordId>, closed: &BTreeSet<RecordId>) -> Vec<OfFile> {
    let mut files = Vec::new();
    for id in files_that_lost_somebody(ledger, gone) {
        let mut file = OfFile { id, people: BTreeSet::new(), words: BTreeSet::new() };
        for (_, list) in parties(ledger).filter(|(of, _)| *of == id) {
            for party in list.as_array().into_iter().flatten() {
                let person = party["person"].as_str().and_then(|person| person.parse::<RecordId>().ok());
                if let Some(person) = person.filter(|person| gone.contains(person)) {
                    file.people.insert(person);
                    file.words.extend(party.get("phone").map(canonical_bytes));
                }
            }
        }
        for word in WORDS.iter().filter(|_| closed.contains(&id)) {
            let typed = ledger.typed.get(&(id, (*word).to_owned())).into_iter().flatten();
            file.words.extend(typed.filter(|bytes| is_unique(bytes)).cloned());
        }
        files.push(file);
    }
    files
}

/// A phone that holds a file which is about nobody, or was told of everybody who was erased of it, has nothing of it among the words that
/// lost, that were set aside or that are unfinished; but for what somebody typed into it when its page said so. (The record is the server's.
/// A worker's refused words name nobody, where they are not all of a file: these stay until their worker discards them.)
fn nothing_is_left_on_phones(history: &History, file: &OfFile) -> Outcome {
    let words: BTreeSet<Vec<u8>> = file.words.difference(&take(&history.ledger).files.knowingly).cloned().collect();
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        let mut told = true;
        for person in &file.people {
            told &= phone.knows_erased(*person)?;
        }
        let holds = phone.record(file.id)?.is_some();
        if !told && !holds {
            continue;
        }
        // Of a form whose file is not here nothing says whom it is about.
        let looked_at = |table: &str| matches!(table, "overtaken" | "conflict") || (holds && table == "draft");
        let found = phone.open(|open| Ok(search(open.store().connection(), &words, looked_at)))??;
        if let Some((place, word)) = found {
            return trouble(format!("{word} is of file {}, and stands in the {place} of phone {number}.", file.id));
        }
    }
    Ok(())
}

/// Looks for words in every column of these tables.
fn search(
    connection: &Connection,
    words: &BTreeSet<Vec<u8>>,
    looked_at: impl Fn(&str) -> bool,
) -> Outcome<Option<(String, String)>> {
    let mut tables =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").doing("listing tables")?;
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).and_then(Iterator::collect).doing("listing tables")?;
    for table in tables.into_iter().filter(|table| looked_at(table)) {
        let mut all = connection.prepare(&format!("SELECT * FROM \"{table}\"")).doing("reading a table")?;
        let columns = all.column_count();
        let mut rows = all.query([]).doing("reading a table")?;
        while let Some(row) = rows.next().doing("reading a table")? {
            for column in 0..columns {
                let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = row.get_ref(column).doing("reading a column")?
                else {
                    continue;
                };
                let found = words.iter().find(|word| bytes.windows(word.len()).any(|part| part == word.as_slice()));
                if let Some(word) = found {
                    return Ok(Some((table, String::from_utf8_lossy(word).into_owned())));
                }
            }
        }
    }
    Ok(None)
}

/// The first of these records that a column names.
fn names(connection: &Connection, table: &str, column: &str, gone: &BTreeSet<RecordId>) -> Outcome<Option<RecordId>> {
    let mut statement = connection.prepare(&format!("SELECT {column} FROM {table}")).doing("reading names")?;
    let all: Vec<String> =
        statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).doing("reading names")?;
    Ok(gone.iter().find(|id| all.iter().any(|name| name.contains(&id.to_string()))).copied())
}

/// The bytes of erased photos are gone unless another record has the same.
fn no_photo_is_left(history: &History, gone: &BTreeSet<RecordId>) -> Outcome {
    let hashes: BTreeSet<Sha256Hex> = {
        let ledger = take(&history.ledger);
        let of = ledger.typed.iter().filter(|((id, field), _)| field == "sha256" && gone.contains(id));
        let values = of.flat_map(|(_, values)| values).filter_map(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        values.filter_map(|value| Sha256Hex::new(value.as_str()?).ok()).collect()
    };
    for hash in &hashes {
        let named = history.county.ask(|reading| reading.photo_named(hash))?;
        // The folder of photos is not put back with the database: of what that lost, bytes are there that nothing names, and the phone
        // that had their record may have heard of the erasure before it could bring it again.
        let may_be_nameless = take(&history.ledger).counts.contains_key(SERVER_PUT_BACK);
        if !named && !may_be_nameless && history.county.hub()?.photos().read(hash, PhotoSize::Full).is_ok() {
            return trouble(format!("The bytes of photo {hash} were erased and are there."));
        }
        for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
            let here = phone.records()?.iter().any(|record| record.text("sha256") == Some(hash.as_str()));
            let refused = phone.refused()?.iter().any(|one| one.fields.get("sha256") == Some(&json!(hash)));
            let file = phone.photo_files()?.iter().any(|file| file == hash.as_str());
            if file && !here && !refused {
                return trouble(format!("The bytes of photo {hash} were erased and are on phone {number}."));
            }
        }
    }
    Ok(())
}
