//! Disputes: case files with parties among the residents, what happens in a mediation, its end; and what an erasure of a party leaves of
//! them, by law.

use std::collections::BTreeSet;

use domain::kinds::dispute::{WORDS, is_about_somebody, names_nobody, people_in};
use domain::record::canonical_bytes;
use domain::{Fields, Kind, Record, RecordId};
use serde_json::{Value, json};

use super::case_files::form_of;
use super::county::everywhere;
use super::history::History;
use super::several::Did;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// A day that has come by every clock.
const LONG_AGO: &str = "2001-05-01";

impl History {
    /// Somebody of the phone's cells complains, of a neighbour, of somebody from elsewhere, or of nobody by name. Whoever holds several cells
    /// says in which the file lies: its parties may live in another.
    pub(super) fn open_dispute(&mut self, who: usize) -> Outcome {
        let Some(applicant) = self.a_resident(who, &BTreeSet::new())? else { return Ok(()) };
        let mut parties = vec![self.party(&applicant, "applicant")];
        match self.later.below(10) {
            0..4 => {}
            4..8 => {
                let other = self.a_resident(who, &BTreeSet::from([applicant.id]))?;
                parties.extend(other.map(|other| self.party(&other, "respondent")));
            }
            _ => parties.push(json!({ "name": "县供销社（3号店）", "side": "respondent" })),
        }
        let fields = json!({ "type": "02", "source": "applied", "accepted_on": LONG_AGO, "parties": parties,
            "facts": self.word(), "claim": self.word() });
        take(&self.ledger).count("dispute".into());
        let cells = self.phones[who].cells()?;
        let cell = if cells.len() > 1 && self.later.percent(40) { self.later.pick(&cells).cloned() } else { None };
        self.save_in(who, cell.as_ref(), (&Kind::Dispute, None), fields)
    }

    /// Somebody who lives in one of the phone's cells, mostly the first, and is none of these.
    pub(super) fn a_resident(&mut self, who: usize, but: &BTreeSet<RecordId>) -> Outcome<Option<Record>> {
        let cells = self.phones[who].cells()?;
        let elsewhere = cells.len() > 1 && self.later.percent(40);
        let mut people = self.phones[who].of_kind(&Kind::Person)?;
        people.retain(|person| {
            let lives_in_first = Some(&person.cell) == cells.first();
            lives_in_first != elsewhere && !but.contains(&person.id)
        });
        let found = self.later.pick(&people).cloned();
        if elsewhere && found.is_some() {
            take(&self.ledger).count("party from another cell".into());
        }
        Ok(found)
    }

    pub(super) fn party(&mut self, person: &Record, side: &str) -> Value {
        let mut party = json!({ "person": person.id, "name": person.text("name").unwrap_or("某"), "side": side });
        if self.later.percent(40) {
            party["phone"] = json!(format!("136{:08}", self.later.below(100_000_000)));
        }
        party
    }

    /// One of the files on a phone, also of those that are about nobody any more. A phone that knows as much takes no words, events and photos
    /// for them; what is typed on another the server makes nothing, under a stamp that comes down, and events and photos it refuses.
    pub(super) fn a_file(&mut self, who: usize) -> Outcome<Option<Record>> {
        let files = self.phones[who].of_kind(&Kind::Dispute)?;
        Ok(self.later.pick(&files).cloned())
    }

    /// Whoever types this may see that the file is about nobody: its page says so.
    fn types_into(&self, file: &Record, fields: &Value) {
        let fields = fields.as_object().into_iter().flatten();
        let words: Vec<&Value> =
            fields.filter(|(field, _)| WORDS.contains(&field.as_str())).map(|(_, word)| word).collect();
        if !words.is_empty() && names_nobody(file) {
            let mut ledger = take(&self.ledger);
            ledger.count("word in a file of nobody".into());
            ledger.files.knowingly.extend(words.into_iter().map(canonical_bytes));
        }
    }

    /// A mediator corrects a file, or somebody else turns out to be a party.
    pub(super) fn edit_dispute(&mut self, who: usize) -> Outcome {
        let Some(file) = self.a_file(who)? else { return Ok(()) };
        let word = self.word();
        let fields = match self.later.below(4) {
            0 => json!({ "facts": word }),
            1 => json!({ "claim": word, "place": self.word() }),
            2 => json!({ "amount": format!("{}.00", self.later.below(100_000)), "perform_how": word }),
            _ => {
                let standing = file.fields.get("parties").cloned().unwrap_or_default();
                let known: BTreeSet<RecordId> = people_in(&standing).into_iter().collect();
                let Some(other) = self.a_resident(who, &known)? else { return Ok(()) };
                let mut parties = standing.as_array().cloned().unwrap_or_default();
                parties.push(self.party(&other, "respondent"));
                json!({ "parties": parties })
            }
        };
        self.types_into(&file, &fields);
        self.save(who, &Kind::Dispute, Some(file.id), fields)
    }

    /// Something happens in a mediation, and the file changes with it: both are on the phone afterwards, or neither.
    pub(super) fn add_dispute_event(&mut self, who: usize) -> Outcome {
        let Some(file) = self.a_file(who)? else { return Ok(()) };
        let (text, terms) = (self.word(), self.word());
        let outcome = *self.later.pick(&["written", "oral", "none", "ended"]).unwrap_or(&"oral");
        let (event, changes) = match self.later.below(6) {
            0 => ("investigation", json!({})),
            1 => ("mediation", json!({ "terms": terms })),
            2 => ("performance", json!({ "performed_on": LONG_AGO, "perform_how": terms })),
            3 => ("follow_up", json!({ "confirmed": true })),
            _ => ("agreement", json!({ "agreement": outcome, "agreed_on": LONG_AGO, "terms": terms })),
        };
        let args = json!({ "dispute": file.id, "event": event, "text": text, "present": ["张三", "李四"],
            "signed": self.later.percent(50), "file": changes });
        self.types_into(&file, &changes);
        if matches!(self.write_several(who, "add_dispute_event", args)?, Did::Nothing) {
            return Ok(());
        }
        take(&self.ledger).count("dispute event".into());
        let events = self.phones[who].of_kind(&Kind::DisputeEvent)?;
        let there = events.iter().filter(|event| event.text("text") == Some(text.as_str())).count();
        let now = self.phones[who].record(file.id)?;
        let standing = |field: &String| now.as_ref().and_then(|file| file.fields.get(field));
        let changed = changes.as_object().into_iter().flatten().all(|(field, value)| standing(field) == Some(value));
        if there == 1 && changed {
            return Ok(());
        }
        trouble(format!("Of an event of a mediation {there} are there, and the file is {now:?}."))
    }

    /// A mediator leaves a form of a file unfinished.
    pub(super) fn leave_case_form(&mut self, who: usize) -> Outcome {
        let Some(file) = self.a_file(who)? else { return Ok(()) };
        let form = json!({ "claim": self.word() });
        self.types_into(&file, &form);
        let typed: Fields = serde_json::from_value(form.clone()).doing("reading own words")?;
        take(&self.ledger).typed(file.id, &typed);
        match self.phones[who].call("save_draft", json!({ "key": form_of(file.id), "value": form })) {
            Ok(_) => {
                let mut ledger = take(&self.ledger);
                ledger.count("form of a file left".into());
                ledger.form_was_left(who, &file, form);
                Ok(())
            }
            Err(failure) if self.disk_is_to_blame(who, &failure)? => Ok(()),
            Err(failure) => trouble(format!("A form of a file was not kept: {failure:?}")),
        }
    }

    /// A signed paper of a mediation.
    pub(super) fn photograph_paper(&mut self, who: usize) -> Outcome {
        self.photograph_of(who, &Kind::Dispute)
    }

    /// The desk erases somebody who is a party of a dispute.
    pub(super) fn erase_party(&mut self) -> Outcome {
        let Some(file) = self.one_there(&Kind::Dispute)? else { return Ok(()) };
        let parties = file.fields.get("parties").map(people_in).unwrap_or_default();
        let Some(party) = self.later.pick(&parties).copied() else { return Ok(()) };
        let scope = everywhere()?;
        // The server has all of them, but for those whom a restored one has lost.
        if self.county.ask(|reading| reading.record(&scope, party))?.is_none() {
            return Ok(());
        }
        take(&self.ledger).count("party erased".into());
        self.erase(party)
    }
}

/// The server's files that an erasure has left to nobody: they say nothing. Where a list that names somebody was set aside, nothing goes
/// until somebody has decided, and what somebody decides wipes nothing; nor does a correction that takes the last one out who was left.
pub(super) fn closed<'r>(history: &History, records: impl Iterator<Item = &'r Record>) -> Outcome<BTreeSet<RecordId>> {
    let mut closed = BTreeSet::new();
    for file in records.filter(|record| names_nobody(record)) {
        let list = (file.id, file.stamps.of("parties"));
        let by_erasure = take(&history.ledger).files.lists.contains(&list);
        if by_erasure && !lists_set_aside(history, file.id)?.iter().any(is_about_somebody) {
            closed.insert(file.id);
        }
    }
    Ok(closed)
}

/// The lists of a file's parties that were set aside on the server, decided on or not.
fn lists_set_aside(history: &History, file: RecordId) -> Outcome<Vec<Value>> {
    const LISTS: &str = "SELECT value FROM conflict WHERE record = ?1 AND field = 'parties'";
    let hub = history.county.hub()?;
    let lists = hub.store().below().on_writer(|connection| {
        let mut statement = connection.prepare(LISTS)?;
        statement.query_map([file.0.as_bytes()], |row| row.get(0))?.collect::<Result<Vec<String>, rusqlite::Error>>()
    });
    lists
        .doing("reading what was set aside")?
        .iter()
        .map(|list| serde_json::from_str(list).doing("reading a list"))
        .collect()
}

/// Of the events, photos and reviews of files only those are gone that an erasure took, since it left their file to nobody.
pub(super) fn nothing_went_alone(history: &History, gone: &BTreeSet<RecordId>) -> Outcome {
    match take(&history.ledger).went_alone(gone) {
        None => Ok(()),
        Some((id, file)) => trouble(format!("{id} is erased, and its file {file} was about somebody.")),
    }
}

/// Nobody who was erased is named as a party; and a file that is about nobody any more says nothing, and has no events and no photos.
pub(super) fn nothing_is_left_in_files<'r>(
    gone: &BTreeSet<RecordId>,
    closed: &BTreeSet<RecordId>,
    records: impl Iterator<Item = &'r Record>,
) -> Outcome {
    for record in records {
        let named = record.fields.get("parties").filter(|_| record.kind == Kind::Dispute).map(people_in);
        if let Some(party) = named.into_iter().flatten().find(|party| gone.contains(party)) {
            return trouble(format!("{party} was erased, and is a party of {record:?}."));
        }
        let words = WORDS.iter().find(|word| record.text(word).is_some());
        if let Some(words) = words.filter(|_| closed.contains(&record.id)) {
            return trouble(format!("A file is about nobody, and has its {words}: {record:?}."));
        }
        if record.kind == Kind::DisputeEvent && record.reference("dispute").is_some_and(|of| closed.contains(&of)) {
            return trouble(format!("A file is about nobody, and has an event: {record:?}."));
        }
        if record.kind == Kind::Photo && record.reference("subject").is_some_and(|of| closed.contains(&of)) {
            return trouble(format!("A file is about nobody, and has a photo: {record:?}."));
        }
    }
    Ok(())
}
