//! What workers do with their phones, and what each of these must show at once.

use std::collections::BTreeSet;

use device::api::{Failure, FailureCode};
use domain::kinds::dispute::names_nobody;
use domain::{CellCode, Fields, Kind, ProblemCode, Record, RecordId};
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use serde_json::{Value, json};

use super::erasure::is_left_of;
use super::history::History;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// What became of a command that saves something.
pub(super) enum Said {
    /// The phone said that it is saved.
    Saved(Value),
    /// The phone said that it is not, for a reason that is none of its rules.
    Failed,
}

impl History {
    /// One of the records of a kind: often the first, where everybody writes.
    pub(super) fn any(&mut self, who: usize, kind: &Kind) -> Outcome<Option<Record>> {
        let records = self.phones[who].of_kind(kind)?;
        let crowded = self.mix.crowded;
        if self.chance.percent(crowded) {
            return Ok(records.first().cloned());
        }
        Ok(self.chance.pick(&records).cloned())
    }

    /// Runs a command that saves something. None: its cell is not this worker's (any more).
    pub(super) fn command(
        &mut self,
        who: usize,
        command: &str,
        args: Value,
        body: Option<Vec<u8>>,
    ) -> Outcome<Option<Said>> {
        self.say(|| format!("{command} {args}"));
        match self.phones[who].call_with(command, args.clone(), body) {
            // The program died before it could say so.
            Ok(_) if self.phones[who].is_dark() => Ok(Some(Said::Failed)),
            Ok(answer) => Ok(Some(Said::Saved(answer))),
            Err(failure) if self.disk_is_to_blame(who, &failure)? => Ok(Some(Said::Failed)),
            Err(failure) if is_all_of(&failure, ProblemCode::ForeignCell) => Ok(None),
            Err(failure) if is_all_of(&failure, ProblemCode::Erased) && self.is_of_nobody(who, &args)? => {
                take(&self.ledger).count(format!("{command} for a file of nobody"));
                Ok(None)
            }
            Err(failure) => trouble(format!("{command} {args} was not done: {failure:?}")),
        }
    }

    /// What a command shows that writes nothing.
    pub(super) fn screen(&self, who: usize, command: &str, args: Value) -> Outcome<Value> {
        let shown = self.phones[who].call(command, args);
        shown.or_else(|failure| trouble(format!("{command} was not shown: {failure:?}")))
    }

    /// Whether what a command writes in, or takes a picture for, is a case file that the phone shows as one about nobody.
    fn is_of_nobody(&self, who: usize, args: &Value) -> Outcome<bool> {
        let file = [&args["id"], &args["subject"]].into_iter().find_map(Value::as_str);
        let file = file.map(str::parse::<RecordId>).transpose().doing("reading what a command is about")?;
        let Some(file) = file else { return Ok(false) };
        Ok(self.phones[who].record(file)?.is_some_and(|file| names_nobody(&file)))
    }

    /// Saves fields of a record (or a new one), writes it down, and insists that the screen then shows what was typed.
    pub(super) fn save(&mut self, who: usize, kind: &Kind, id: Option<RecordId>, fields: Value) -> Outcome {
        self.save_in(who, None, (kind, id), fields)
    }

    /// The same, of a new record in a cell that the form asked for.
    pub(super) fn save_in(
        &mut self,
        who: usize,
        cell: Option<&CellCode>,
        (kind, id): (&Kind, Option<RecordId>),
        fields: Value,
    ) -> Outcome {
        let typed: Fields = serde_json::from_value(fields.clone()).doing("reading own words")?;
        let before = id.map(|id| self.phones[who].record(id)).transpose()?.flatten();
        if let Some(id) = id {
            take(&self.ledger).typed(id, &typed);
        }
        let args = json!({ "kind": kind, "id": id, "cell": cell, "fields": fields });
        let known: BTreeSet<RecordId> = self.phones[who].of_kind(kind)?.iter().map(|record| record.id).collect();
        match self.command(who, "save", args, None)? {
            None => Ok(()),
            Some(Said::Failed) if id.is_none() => self.nothing_was_said_of_a_new_one(who, kind, &known, &typed),
            Some(Said::Failed) => self.nothing_was_said(who, id, &typed, before.as_ref()),
            Some(Said::Saved(saved)) => {
                let Some(saved) = id_in(&saved) else { return trouble("A save answered without an id.") };
                if id.is_none() {
                    take(&self.ledger).typed(saved, &typed);
                }
                self.write_down(who, saved, &typed, before.as_ref())
            }
        }
    }

    /// A save that was not confirmed is there whole or not at all.
    pub(super) fn nothing_was_said(
        &mut self,
        who: usize,
        id: Option<RecordId>,
        typed: &Fields,
        before: Option<&Record>,
    ) -> Outcome {
        self.phones[who].recover()?;
        let Some(id) = id else { return Ok(()) };
        let now = self.phones[who].record(id)?;
        if now.as_ref() == before {
            return Ok(());
        }
        let whole =
            now.as_ref().is_some_and(|now| typed.iter().all(|(field, value)| now.fields.get(field) == Some(value)));
        if !whole {
            return trouble(format!("A save broke off and left {now:?} of {before:?} and {typed:?}."));
        }
        let mut ledger = take(&self.ledger);
        typed.keys().for_each(|field| ledger.overwritten(who, id, field));
        Ok(())
    }

    /// Neither is a new record that was not confirmed there by halves.
    fn nothing_was_said_of_a_new_one(
        &mut self,
        who: usize,
        kind: &Kind,
        known: &BTreeSet<RecordId>,
        typed: &Fields,
    ) -> Outcome {
        self.phones[who].recover()?;
        for new in self.phones[who].of_kind(kind)?.iter().filter(|record| !known.contains(&record.id)) {
            if typed.iter().any(|(field, value)| new.fields.get(field) != Some(value)) {
                return trouble(format!("A save broke off and left {new:?} of {typed:?}."));
            }
            take(&self.ledger).typed(new.id, typed);
        }
        Ok(())
    }

    pub(super) fn write_down(&mut self, who: usize, id: RecordId, typed: &Fields, before: Option<&Record>) -> Outcome {
        let Some(shown) = self.phones[who].record(id)? else { return trouble("What was saved is not there.") };
        for (field, value) in typed {
            if shown.fields.get(field) != Some(value) {
                return trouble(format!("{field} was saved as {value} and shows {:?}.", shown.fields.get(field)));
            }
            let stamp = shown.stamps.of(field);
            let known = before.filter(|before| before.fields.contains_key(field));
            let unchanged = known.is_some_and(|before| before.fields.get(field) == Some(value));
            if !unchanged && known.is_some_and(|before| stamp <= before.stamps.of(field)) {
                return trouble(format!("A new value of {field} has a stamp that loses against the one it replaces."));
            }
        }
        let untouched =
            before.into_iter().flat_map(|before| &before.fields).filter(|(field, _)| !typed.contains_key(*field));
        for (field, value) in untouched {
            // Which list a category was taken from follows the category.
            if shown.fields.get(field) != Some(value) && field != "list_version" {
                return trouble(format!("A save of {typed:?} changed {field} from {value}."));
            }
        }
        let mut ledger = take(&self.ledger);
        ledger.knows(&shown);
        ledger.is_about(&shown.kind, id, &shown.fields);
        let mut new = typed.clone();
        new.retain(|field, value| before.and_then(|before| before.fields.get(field)) != Some(value));
        ledger.saved(who, id, &new);
        if ledger.shows_what_was_refused(who, &shown) {
            let unsent = self.phones[who].unsent()?.into_iter().filter(|(of, _)| *of == id.to_string());
            let unsent: Vec<String> = unsent.flat_map(|(_, fields)| fields).collect();
            ledger.settled(who, &shown, &unsent);
        }
        Ok(())
    }

    pub(super) fn edit(&mut self, who: usize, kind: &Kind) -> Outcome {
        let Some(record) = self.any(who, kind)? else { return Ok(()) };
        let word = self.word();
        let number = self.chance.between(10_000_000, 99_999_999);
        let fields = match (kind, self.chance.below(4)) {
            (Kind::Person, 0) => json!({ "phone": format!("138{number}") }),
            (Kind::Person, 1) => json!({ "residence": self.chance.pick(&["resident", "away", "inflow"]) }),
            (Kind::Person, 2) => json!({ "name": self.chance.pick(&["王五", "赵六", "孙七", "周八"]) }),
            (Kind::Person, _) => json!({ "phone": format!("139{number}"), "birth_date": "1990-05-01" }),
            (Kind::Household, 0) => json!({ "contact_phone": format!("138{number}") }),
            (Kind::Household, 1) => json!({ "best_time": word.clone(), "access_note": word }),
            (Kind::Household, _) => json!({ "access_note": word }),
            (_, 0) => json!({ "title": word }),
            (_, _) => json!({ "text": word, "contact_phone": format!("137{number}") }),
        };
        self.save(who, kind, Some(record.id), fields)
    }

    /// The worker goes on writing while the phone waits for the server.
    pub(super) fn edit_during_round(&mut self, who: usize) -> Outcome {
        let Some(household) = self.any(who, &Kind::Household)? else { return Ok(()) };
        // Something of it is under way.
        if self.chance.percent(70) {
            let word = self.word();
            self.save(who, &Kind::Household, Some(household.id), json!({ "access_note": word }))?;
        }
        let fields = json!({ "access_note": self.word() });
        self.save_during_round(who, household.id, fields)
    }

    /// Saves fields of a household while the next round waits for the server, and makes that round.
    pub(super) fn save_during_round(&mut self, who: usize, household: RecordId, fields: Value) -> Outcome {
        let typed: Fields = serde_json::from_value(fields.clone()).doing("reading own words")?;
        take(&self.ledger).typed(household, &typed);
        self.say(|| format!("meanwhile {fields}"));
        let said = self.phones[who].save_meanwhile(&Kind::Household, household, fields);
        self.round(who)?;
        self.phones[who].wire.forget_meanwhile();
        let Some(meantime) = take(&said).take() else { return Ok(()) };
        match meantime.answer {
            Ok(()) => {
                let mut ledger = take(&self.ledger);
                let mut new = typed;
                let before = meantime.before.map(|before| before.fields).unwrap_or_default();
                new.retain(|field, value| before.get(field) != Some(value));
                ledger.saved(who, household, &new);
                Ok(())
            }
            Err(failure) if self.disk_is_to_blame(who, &failure)? => Ok(()),
            Err(failure) if failure.code == FailureCode::NotFound => Ok(()),
            Err(failure) if is_all_of(&failure, ProblemCode::ForeignCell) => Ok(()),
            Err(failure) => trouble(format!("A save during a round was not done: {failure:?}")),
        }
    }

    /// A newer phone writes a field that this version does not know.
    pub(super) fn edit_newer_field(&mut self, who: usize) -> Outcome {
        let Some(household) = self.any(who, &Kind::Household)? else { return Ok(()) };
        let word = self.word();
        let fields = if self.chance.percent(50) {
            json!({ "shape_of_tomorrow": { "of": [word, 2], "deep": { "er": true } } })
        } else {
            json!({ "another_of_tomorrow": [word], "access_note": self.word() })
        };
        self.save(who, &Kind::Household, Some(household.id), fields)
    }

    pub(super) fn visit(&mut self, who: usize) -> Outcome {
        self.visit_of(who, &Kind::Household)
    }

    /// A visit to somebody or some household.
    pub(super) fn visit_of(&mut self, who: usize, kind: &Kind) -> Outcome {
        let Some(household) = self.any(who, kind)? else { return Ok(()) };
        let result = *self.chance.pick(&["met", "absent", "refused", "proxy"]).unwrap_or(&"met");
        let mut args = json!({
            "target": household.id, "target_kind": kind, "result": result, "note": self.word(),
        });
        if self.chance.percent(20) {
            let own = self.phones[who].visits.clone();
            if let Some(earlier) = self.chance.pick(&own)
                && self.phones[who].record(*earlier)?.is_some_and(|earlier| earlier.cell == household.cell)
            {
                args["replaces"] = json!(earlier);
            }
        }
        let Some(Said::Saved(saved)) = self.command(who, "record_visit", args.clone(), None)? else { return Ok(()) };
        let Some(id) = id_in(&saved) else { return trouble("A visit was saved without an id.") };
        let typed: Fields = [("note", &args["note"]), ("result", &args["result"])]
            .into_iter()
            .map(|(field, value)| (field.to_owned(), value.clone()))
            .collect();
        self.phones[who].visits.push(id);
        take(&self.ledger).typed(id, &typed);
        self.write_down(who, id, &typed, None)
    }

    pub(super) fn take_back(&mut self, who: usize) -> Outcome {
        let own = self.phones[who].visits.clone();
        let Some(visit) = own.last().copied().filter(|_| self.chance.percent(60)).or(self.chance.pick(&own).copied())
        else {
            return Ok(());
        };
        match self.phones[who].call("take_back", json!({ "id": visit })) {
            Ok(_) => {
                take(&self.ledger).taken_back(who, visit, |_, _| true);
                self.phones[who].visits.retain(|own| *own != visit);
                match self.phones[who].record(visit)? {
                    None => Ok(()),
                    Some(_) => trouble("A visit that was taken back is still there."),
                }
            }
            Err(failure) if matches!(failure.code, FailureCode::Sealed | FailureCode::NotFound) => Ok(()),
            Err(failure) if self.disk_is_to_blame(who, &failure)? => Ok(()),
            Err(failure) => trouble(format!("A visit could not be taken back: {failure:?}")),
        }
    }

    pub(super) fn report(&mut self, who: usize) -> Outcome {
        let category = self.phones[who].category()?;
        let fields = json!({ "category": category, "severity": 3, "title": self.word(), "text": self.word() });
        self.save(who, &Kind::Incident, None, fields)
    }

    /// A new dwelling with a household and a resident: each names the one before, all unsent.
    pub(super) fn new_door(&mut self, who: usize) -> Outcome {
        let Some(building) = self.any(who, &Kind::Building)? else { return Ok(()) };
        let room = format!("9{:02}", self.chance.below(100));
        let args = json!({ "kind": "dwelling", "id": null, "cell": null,
            "fields": { "building": building.id, "unit": "1", "room": room, "use": "rent" } });
        // Somebody may have the same address.
        let Ok(dwelling) = self.phones[who].call("save", args) else { return Ok(()) };
        if self.phones[who].is_dark() {
            return Ok(());
        }
        let Some(dwelling) = id_in(&dwelling) else { return trouble("A dwelling was saved without an id.") };
        let typed = Fields::from([("room".to_owned(), json!(room))]);
        take(&self.ledger).typed(dwelling, &typed);
        self.write_down(who, dwelling, &typed, None)?;
        self.save(who, &Kind::Household, None, json!({ "dwelling": dwelling, "access_note": self.words }))?;
        let households = self.phones[who].of_kind(&Kind::Household)?;
        let new = households.iter().find(|household| household.reference("dwelling") == Some(dwelling));
        match new {
            Some(household) => {
                self.save(who, &Kind::Person, None, json!({ "household": household.id, "name": "吴九" }))
            }
            None => Ok(()),
        }
    }

    pub(super) fn remove_or_put_back(&mut self, who: usize) -> Outcome {
        let all = self.phones[who].records()?;
        let people: Vec<&Record> = all.iter().filter(|record| record.kind == Kind::Person).collect();
        let Some(person) = self.chance.pick(&people).copied().cloned() else { return Ok(()) };
        let deleted = !person.is_deleted();
        let fields = Fields::from([("deleted".to_owned(), json!(deleted))]);
        take(&self.ledger).typed(person.id, &fields);
        let command = if deleted { "remove" } else { "put_back" };
        match self.command(who, command, json!({ "id": person.id }), None)? {
            None => Ok(()),
            Some(Said::Failed) => self.nothing_was_said(who, Some(person.id), &fields, Some(&person)),
            Some(Said::Saved(_)) => {
                let there = self.phones[who].of_kind(&Kind::Person)?.iter().any(|record| record.id == person.id);
                // Who gave way to another entry is there in that one.
                if there == (deleted || person.merged_into().is_some()) {
                    return trouble("A person who was removed is there, or one who was put back is not.");
                }
                self.write_down(who, person.id, &fields, Some(&person))
            }
        }
    }

    pub(super) fn photograph(&mut self, who: usize) -> Outcome {
        self.photograph_of(who, &Kind::Incident)
    }

    /// A photo at an incident or of a person.
    pub(super) fn photograph_of(&mut self, who: usize, kind: &Kind) -> Outcome {
        let Some(incident) = self.any(who, kind)? else { return Ok(()) };
        if self.phones[who].open(|open| open.store().of_parent(&Kind::Photo, incident.id))?.len() >= 9 {
            return Ok(());
        }
        // Some pictures are taken twice; most are like no other.
        let shade = self.chance.below(12) as u8;
        self.words += 1;
        let width = if self.chance.percent(30) { 16 } else { 17 + self.words as u32 % 40 };
        let jpeg = picture(width, 16, shade)?;
        let args = json!({ "subject": incident.id, "subject_kind": kind, "photo_kind": "scene" });
        self.save_photo(who, args, jpeg)
    }

    /// Keeps a photo and writes it down.
    pub(super) fn save_photo(&mut self, who: usize, args: Value, jpeg: Vec<u8>) -> Outcome {
        let Some(Said::Saved(line)) = self.command(who, "add_photo", args, Some(jpeg))? else { return Ok(()) };
        let Some(id) = id_in(&line) else { return trouble("A photo was taken without an id.") };
        let typed = Fields::from([("sha256".to_owned(), line["sha256"].clone())]);
        take(&self.ledger).typed(id, &typed);
        self.write_down(who, id, &typed, None)
    }

    /// A wrong entry is refused at once and changes nothing.
    pub(super) fn mistype(&mut self, who: usize) -> Outcome {
        let Some(person) = self.any(who, &Kind::Person)? else { return Ok(()) };
        let wrong = [
            json!({ "phone": "12" }),
            json!({ "document_kind": "id_card", "document_number": "610722199001011234" }),
            json!({ "birth_date": "2990-01-01" }),
            json!({ "sex": 7 }),
            json!({ "name": null }),
        ];
        let fields = self.chance.pick(&wrong).cloned().unwrap_or_default();
        // Where there is no name (of a record that came back in parts), taking it away changes nothing.
        if fields.get("name").is_some() && person.text("name").is_none() {
            return Ok(());
        }
        let answer = self.phones[who].call("save", json!({ "kind": "person", "id": person.id, "fields": fields }));
        if !answer.is_err_and(|failure| failure.code == FailureCode::Invalid && !failure.problems.is_empty()) {
            return trouble(format!("{fields} was not refused with its problems."));
        }
        if self.phones[who].record(person.id)?.as_ref() != Some(&person) {
            return trouble(format!("{fields} was refused and changed something."));
        }
        let Some(visit) = self.any(who, &Kind::Visit)? else { return Ok(()) };
        let args = json!({ "kind": "visit", "id": visit.id, "fields": { "result": "moved" } });
        if self.phones[who].call("save", args).is_ok() || self.phones[who].record(visit.id)?.as_ref() != Some(&visit) {
            return trouble("A visit was reworded.");
        }
        Ok(())
    }

    /// Writes what the phone allows and the server does not: an incident's number is the county's to give, and nobody moves a
    /// household into a cell that is not theirs.
    pub(super) fn presume(&mut self, who: usize) -> Outcome {
        let word = self.word();
        if self.chance.percent(60) {
            let Some(incident) = self.any(who, &Kind::Incident)? else { return Ok(()) };
            return self.save(who, &Kind::Incident, Some(incident.id), json!({ "number": word, "title": word }));
        }
        let Some(household) = self.any(who, &Kind::Household)? else { return Ok(()) };
        let fields = json!({ "cell": "610722001001009", "access_note": word });
        self.save(who, &Kind::Household, Some(household.id), fields)
    }

    pub(super) fn answer_refusal(&mut self, who: usize) -> Outcome {
        let refused = self.phones[who].refused()?;
        let Some(one) = self.chance.pick(&refused) else { return Ok(()) };
        let discard = self.chance.percent(30);
        let command = if discard { "discard" } else { "resend" };
        self.say(|| format!("{command} {one:?}"));
        if !discard {
            take(&self.ledger).typed(one.id, &one.fields);
        }
        match self.phones[who].call(command, json!({ "record_id": one.id })) {
            Ok(_) => {
                if discard {
                    let given_up = |field: &str, word: &Value| {
                        one.fields.get(field).is_some_and(|given_up| is_left_of(field, given_up, word))
                    };
                    take(&self.ledger).taken_back(who, one.id, given_up);
                }
                Ok(())
            }
            // Sent again it breaks the same rule on the phone already, or its cell is gone.
            Err(failure)
                if !discard
                    && matches!(failure.code, FailureCode::Invalid | FailureCode::Sealed | FailureCode::NotFound) =>
            {
                Ok(())
            }
            Err(failure) if self.disk_is_to_blame(who, &failure)? => Ok(()),
            Err(failure) => trouble(format!("A refusal could not be answered with {command}: {failure:?}")),
        }
    }
}

/// A JPEG picture.
pub(super) fn picture(width: u32, height: u32, shade: u8) -> Outcome<Vec<u8>> {
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([shade * 20, (x * 9) as u8, (y * 9) as u8]));
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 80).encode_image(&picture).doing("taking a photo")?;
    Ok(jpeg)
}

/// Whether a command was refused for this alone.
fn is_all_of(failure: &Failure, code: ProblemCode) -> bool {
    failure.code == FailureCode::Invalid && failure.problems.iter().all(|problem| problem.code == code)
}

fn id_in(answer: &Value) -> Option<RecordId> {
    answer["id"].as_str().and_then(|id| id.parse().ok())
}
