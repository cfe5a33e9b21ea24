//! Erasure: a person is erased at the desk while phones write about that person; afterwards nothing of it may stand anywhere.

use std::collections::BTreeSet;

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
        if self.desk_heard_nothing(erased.is_err())? {
            return Ok(());
        }
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

/// Whether two values of a field say the same, but for who was erased: whoever is leaves every list of people.
pub(super) fn says_the_same(field: &str, one: &Value, other: &Value, gone: &BTreeSet<RecordId>) -> bool {
    let left = |value: &Value| without(value, |person| gone.contains(&person)).unwrap_or_else(|| value.clone());
    one == other || (field == "roster" && !gone.is_empty() && left(one) == left(other))
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
pub(super) fn nothing_of_it_is_left(history: &History, gone: &BTreeSet<RecordId>) -> Outcome {
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
    let hub = history.county.hub()?;
    if let Some((place, word)) = hub.store().below().on_writer(|connection| search(connection, &words))? {
        return trouble(format!("{word} was erased and stands in the server's {place}."));
    }
    no_photo_is_left(history, gone)?;
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        let found = phone.open(|open| Ok(search(open.store().connection(), &words)))??;
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

/// Words about what was erased that nobody wrote anywhere else, as they stand in JSON.
fn needles(ledger: &Ledger, gone: &BTreeSet<RecordId>) -> BTreeSet<Vec<u8>> {
    let is_unique = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        text.starts_with("\"词") || (text.len() == 13 && text.starts_with("\"13"))
    };
    let of = ledger.typed.iter().filter(|((id, _), _)| gone.contains(id)).flat_map(|(_, values)| values);
    let elsewhere: BTreeSet<&Vec<u8>> =
        ledger.typed.iter().filter(|((id, _), _)| !gone.contains(id)).flat_map(|(_, values)| values).collect();
    let drafted = ledger.drafted.iter().filter(|(id, _)| gone.contains(id)).map(|(_, word)| canonical_bytes(word));
    let words = of.filter(|bytes| is_unique(bytes) && !elsewhere.contains(bytes)).cloned();
    words.chain(drafted).collect()
}

/// Looks for words in every column of every table.
fn search(connection: &Connection, words: &BTreeSet<Vec<u8>>) -> Outcome<Option<(String, String)>> {
    let mut tables =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").doing("listing tables")?;
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).and_then(Iterator::collect).doing("listing tables")?;
    for table in tables {
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
