//! What people and the world do, step by step, as the seed decides.

use std::path::Path;
use std::sync::{Arc, Mutex};

use device::api::FailureCode;
use domain::review::ReviewState;
use domain::{Fields, Kind, Record, RecordId, Scope};
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use sync_server::hub::reviews::{DeskChange, ReviewOf, ReviewVerdict};

use super::Told;
use super::chance::Chance;
use super::county::{COUNTY, County};
use super::judge;
use super::ledger::Ledger;
use super::phone::Phone;
use super::wire::{Shared, Wire, take};
use super::world::Time;
use crate::trouble::{Doing, Outcome, trouble};

const HOUR: i64 = 60 * 60 * 1000;

/// A history while it is lived.
pub(super) struct History {
    pub(super) county: County,
    pub(super) phones: Vec<Phone>,
    pub(super) ledger: Shared<Ledger>,
    pub(super) time: Time,
    chance: Chance,
    words: usize,
    crashes: usize,
    handed_over: bool,
}

/// Lives a whole history and judges its end.
pub(super) fn live(seed: u64, folder: &Path) -> Outcome<Told> {
    let mut history = History::begin(seed, folder)?;
    for _ in 0..history.chance.between(25, 55) {
        history.step()?;
    }
    judge::heal(&history)?;
    judge::judge(&history)?;
    history.tell()
}

impl History {
    fn begin(seed: u64, folder: &Path) -> Outcome<Self> {
        let time = Time::begin();
        let county = County::found(folder, &time, Chance::new(seed, 1))?;
        let ledger: Shared<Ledger> = Arc::new(Mutex::new(Ledger::default()));
        let mut chance = Chance::new(seed, 2);
        let mut phones = Vec::new();
        for number in 0..chance.between(2, 4) as usize {
            // Two phones may be the same worker's.
            let worker = format!("worker-{}", number.min(2));
            let cells = if number == 3 { &county.cells[..] } else { std::slice::from_ref(&county.cells[number % 2]) };
            if number < 3 {
                county.assign(&worker, cells)?;
            }
            let enrolment = county.enrol(&worker)?;
            let wire = Wire::new(&county.hub, enrolment.tokens.clone(), &ledger, Chance::new(seed, 10 + number as u64));
            let own = folder.join(format!("phone-{number}"));
            let phone = Phone::enrol(&worker, &own, &enrolment, wire, &time, seed ^ (1000 + number as u64))?;
            if chance.percent(40) {
                phone.drift.set(chance.between(-3 * HOUR, 3 * HOUR));
            }
            phones.push(phone);
        }
        let history = Self { county, phones, ledger, time, chance, words: 0, crashes: 0, handed_over: false };
        for number in 0..history.phones.len() {
            history.phones[number].round();
        }
        Ok(history)
    }

    fn step(&mut self) -> Outcome {
        let pause =
            if self.chance.percent(8) { self.chance.between(0, 2 * HOUR) } else { self.chance.between(0, 20_000) };
        self.time.pass(pause);
        let who = self.chance.below(self.phones.len());
        match self.chance.below(100) {
            0..25 => {
                self.phones[who].round();
                Ok(())
            }
            25..37 => self.edit(who, &Kind::Person),
            37..43 => self.edit(who, &Kind::Household),
            43..53 => self.visit(who),
            53..56 => self.take_back(who),
            56..60 => self.report(who),
            60..65 => self.edit(who, &Kind::Incident),
            65..68 => self.remove_or_put_back(who),
            68..71 => self.photograph(who),
            71..74 => self.mistype(who),
            74..76 => self.presume(who),
            76..80 => self.answer_refusal(who),
            80..84 => {
                self.crashes += 1;
                self.phones[who].crash()
            }
            84..87 => {
                let off = if self.chance.percent(50) { 0 } else { self.chance.between(-5 * HOUR, 5 * HOUR) };
                self.phones[who].drift.set(off);
                Ok(())
            }
            87..90 => {
                self.phones[who].wire.deliver_late();
                Ok(())
            }
            90..96 => self.review(),
            96..99 => self.correct_at_desk(),
            _ => self.hand_over(),
        }
    }

    /// A word that was never used before in this history.
    fn word(&mut self) -> String {
        self.words += 1;
        format!("词{}", self.words)
    }

    fn any(&mut self, who: usize, kind: &Kind) -> Outcome<Option<Record>> {
        let records = self.phones[who].of_kind(kind)?;
        Ok(self.chance.pick(&records).cloned())
    }

    /// Saves, writes it down, and insists that the screen then shows what was typed.
    fn save(&mut self, who: usize, kind: &Kind, id: Option<RecordId>, fields: Value) -> Outcome<Option<RecordId>> {
        let before = id.map(|id| self.phones[who].record(id)).transpose()?.flatten();
        let args = json!({ "kind": kind, "id": id, "cell": null, "fields": fields });
        let id = match self.phones[who].call("save", args) {
            Ok(saved) => saved["id"].as_str().and_then(|id| id.parse().ok()),
            // The cell was taken from this worker: nothing new can be written there.
            Err(failure) if failure.code == FailureCode::Invalid && self.phones[who].cells()?.is_empty() => {
                return Ok(None);
            }
            Err(failure) => return trouble(format!("{kind} {fields} was not saved: {failure:?}")),
        };
        let Some(id): Option<RecordId> = id else { return trouble("A save answered without an id.") };
        let typed: Fields = serde_json::from_value(fields).doing("reading own words")?;
        self.write_down(who, id, &typed, before.as_ref())?;
        Ok(Some(id))
    }

    fn write_down(&mut self, who: usize, id: RecordId, typed: &Fields, before: Option<&Record>) -> Outcome {
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
        let mut new = typed.clone();
        new.retain(|field, value| before.and_then(|before| before.fields.get(field)) != Some(value));
        take(&self.ledger).saved(who, id, &new);
        Ok(())
    }

    fn edit(&mut self, who: usize, kind: &Kind) -> Outcome {
        let Some(record) = self.any(who, kind)? else { return Ok(()) };
        let word = self.word();
        let number = self.chance.between(10_000_000, 99_999_999);
        let fields = match (kind, self.chance.below(3)) {
            (Kind::Person, 0) => json!({ "phone": format!("138{number}") }),
            (Kind::Person, 1) => json!({ "residence": self.chance.pick(&["resident", "away", "inflow"]) }),
            (Kind::Person, _) => json!({ "phone": format!("139{number}"), "birth_date": "1990-05-01" }),
            (Kind::Household, 0) => json!({ "contact_phone": format!("138{number}") }),
            (Kind::Household, _) => json!({ "access_note": word }),
            (_, 0) => json!({ "title": word }),
            (_, _) => json!({ "text": word, "contact_phone": format!("137{number}") }),
        };
        self.save(who, kind, Some(record.id), fields).map(|_| ())
    }

    fn visit(&mut self, who: usize) -> Outcome {
        let Some(household) = self.any(who, &Kind::Household)? else { return Ok(()) };
        let result = *self.chance.pick(&["met", "absent", "refused", "proxy"]).unwrap_or(&"met");
        let mut args = json!({
            "target": household.id, "target_kind": "household", "result": result, "note": self.word(),
        });
        if self.chance.percent(20) {
            let own = self.phones[who].visits.clone();
            if let Some(earlier) = self.chance.pick(&own) {
                args["replaces"] = json!(earlier);
            }
        }
        let id = match self.phones[who].call("record_visit", args.clone()) {
            Ok(saved) => saved["id"].as_str().and_then(|id| id.parse().ok()),
            Err(failure) if self.phones[who].cells()?.is_empty() && failure.code == FailureCode::Invalid => {
                return Ok(());
            }
            // The earlier visit went with its cell, or was taken back.
            Err(_) if args.get("replaces").is_some() => return Ok(()),
            Err(failure) => return trouble(format!("A visit was not saved: {failure:?}")),
        };
        let Some(id): Option<RecordId> = id else { return trouble("A visit was saved without an id.") };
        let typed: Fields = [("note", &args["note"]), ("result", &args["result"])]
            .into_iter()
            .map(|(field, value)| (field.to_owned(), value.clone()))
            .collect();
        self.phones[who].visits.push(id);
        self.write_down(who, id, &typed, None)
    }

    fn take_back(&mut self, who: usize) -> Outcome {
        let own = self.phones[who].visits.clone();
        let Some(visit) = self.chance.pick(&own).copied() else { return Ok(()) };
        match self.phones[who].call("take_back", json!({ "id": visit })) {
            Ok(_) => {
                take(&self.ledger).taken_back(visit);
                self.phones[who].visits.retain(|own| *own != visit);
                match self.phones[who].record(visit)? {
                    None => Ok(()),
                    Some(_) => trouble("A visit that was taken back is still there."),
                }
            }
            Err(failure) if matches!(failure.code, FailureCode::Sealed | FailureCode::NotFound) => Ok(()),
            Err(failure) => trouble(format!("A visit could not be taken back: {failure:?}")),
        }
    }

    fn report(&mut self, who: usize) -> Outcome {
        let category = self.phones[who].category()?;
        let fields = json!({ "category": category, "severity": 3, "title": self.word(), "text": self.word() });
        self.save(who, &Kind::Incident, None, fields).map(|_| ())
    }

    fn remove_or_put_back(&mut self, who: usize) -> Outcome {
        let Some(person) = self.any(who, &Kind::Person)? else { return Ok(()) };
        let before = self.phones[who].record(person.id)?;
        self.call_ok(who, "remove", person.id)?;
        let removed = Fields::from([("deleted".to_owned(), json!(true))]);
        self.write_down(who, person.id, &removed, before.as_ref())?;
        if self.chance.percent(60) {
            let before = self.phones[who].record(person.id)?;
            self.call_ok(who, "put_back", person.id)?;
            let there = self.phones[who].of_kind(&Kind::Person)?.iter().any(|record| record.id == person.id);
            let Some(now) = self.phones[who].record(person.id)?.filter(|_| there) else {
                return trouble("A person who was put back is not there.");
            };
            let put_back = now.fields.iter().filter(|(field, _)| *field == "deleted");
            let put_back = put_back.map(|(field, value)| (field.clone(), value.clone())).collect();
            self.write_down(who, person.id, &put_back, before.as_ref())?;
        }
        Ok(())
    }

    fn call_ok(&self, who: usize, command: &str, id: RecordId) -> Outcome {
        match self.phones[who].call(command, json!({ "id": id })) {
            Ok(_) => Ok(()),
            Err(failure) => trouble(format!("{command} failed: {failure:?}")),
        }
    }

    fn photograph(&mut self, who: usize) -> Outcome {
        let Some(incident) = self.any(who, &Kind::Incident)? else { return Ok(()) };
        let shade = self.chance.below(200) as u8;
        let picture = RgbImage::from_fn(48, 32, |x, y| Rgb([shade, x as u8, y as u8]));
        let mut jpeg = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut jpeg, ImageFormat::Jpeg).doing("taking a photo")?;
        let args = json!({ "subject": incident.id, "subject_kind": "incident", "photo_kind": "scene" });
        match self.phones[who].call_with("add_photo", args, Some(jpeg.into_inner())) {
            Ok(line) => {
                let Some(id) = line["id"].as_str().and_then(|id| id.parse().ok()) else {
                    return trouble("A photo was taken without an id.");
                };
                let typed = Fields::from([("sha256".to_owned(), line["sha256"].clone())]);
                self.write_down(who, id, &typed, None)
            }
            // Nine are enough, and a cell may be gone.
            Err(failure) if failure.code == FailureCode::Invalid => Ok(()),
            Err(failure) => trouble(format!("A photo was not taken: {failure:?}")),
        }
    }

    /// A wrong entry is refused at once and changes nothing.
    fn mistype(&mut self, who: usize) -> Outcome {
        let Some(person) = self.any(who, &Kind::Person)? else { return Ok(()) };
        let wrong = [
            json!({ "phone": "12" }),
            json!({ "document_kind": "id_card", "document_number": "610722199001011234" }),
            json!({ "birth_date": "2090-01-01" }),
            json!({ "sex": 7 }),
            json!({ "name": null }),
        ];
        let fields = self.chance.pick(&wrong).cloned().unwrap_or_default();
        let answer = self.phones[who].call("save", json!({ "kind": "person", "id": person.id, "fields": fields }));
        if !answer.is_err_and(|failure| failure.code == FailureCode::Invalid && !failure.problems.is_empty()) {
            return trouble(format!("{fields} was not refused with its problems."));
        }
        if self.phones[who].record(person.id)?.as_ref() != Some(&person) {
            return trouble(format!("{fields} was refused and changed something."));
        }
        self.try_to_reword_a_visit(who)
    }

    fn try_to_reword_a_visit(&mut self, who: usize) -> Outcome {
        let Some(visit) = self.any(who, &Kind::Visit)? else { return Ok(()) };
        let args = json!({ "kind": "visit", "id": visit.id, "fields": { "result": "moved" } });
        if self.phones[who].call("save", args).is_ok() || self.phones[who].record(visit.id)?.as_ref() != Some(&visit) {
            return trouble("A visit was reworded.");
        }
        Ok(())
    }

    /// Writes what the phone allows and the server does not: an incident's number is the county's to give.
    fn presume(&mut self, who: usize) -> Outcome {
        let Some(incident) = self.any(who, &Kind::Incident)? else { return Ok(()) };
        let number = self.word();
        self.save(who, &Kind::Incident, Some(incident.id), json!({ "number": number })).map(|_| ())
    }

    fn answer_refusal(&mut self, who: usize) -> Outcome {
        let refused = self.phones[who].refused()?;
        let Some(one) = self.chance.pick(&refused) else { return Ok(()) };
        let discard = self.chance.percent(30);
        let command = if discard { "discard" } else { "resend" };
        match self.phones[who].call(command, json!({ "record_id": one.id })) {
            Ok(_) => {
                if discard {
                    let mut ledger = take(&self.ledger);
                    let theirs = ledger.saved.iter_mut().filter(|saved| {
                        saved.phone == who && saved.record == one.id && one.fields.contains_key(&saved.field)
                    });
                    theirs.for_each(|saved| saved.taken_back = true);
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
            Err(failure) => trouble(format!("A refusal could not be answered with {command}: {failure:?}")),
        }
    }

    fn review(&mut self) -> Outcome {
        let Some(record) = self.any_on_server(|kind| kind.is_reviewed())? else { return Ok(()) };
        let returned = self.chance.percent(40);
        let (verdict, note) =
            if returned { (ReviewVerdict::Returned, Some(self.word())) } else { (ReviewVerdict::Approved, None) };
        let review = ReviewOf { id: record.id, version: record.version(), verdict, remarks: Default::default(), note };
        self.county.hub.review(&self.county.supervisor, &review).doing("reviewing")?;
        let scope = Scope::new(COUNTY).doing("naming the county")?;
        let stored = self.county.ask(|reading| reading.record(&scope, record.id))?;
        let expected = if returned { ReviewState::Returned } else { ReviewState::Approved };
        match stored {
            Some(stored) if stored.state == expected => Ok(()),
            other => trouble(format!("After a review the record stands at {:?}.", other.map(|stored| stored.state))),
        }
    }

    fn correct_at_desk(&mut self) -> Outcome {
        let Some(household) = self.any_on_server(|kind| *kind == Kind::Household)? else { return Ok(()) };
        let fields = Fields::from([("access_note".to_owned(), json!(self.word()))]);
        let change = DeskChange { id: household.id, kind: Kind::Household, cell: household.cell, fields };
        self.county.hub.write_as_desk(&self.county.supervisor.actor, change).doing("correcting at the desk")?;
        take(&self.ledger).written_by_hub.push((household.id, "access_note".to_owned()));
        Ok(())
    }

    fn any_on_server(&mut self, wanted: impl Fn(&Kind) -> bool) -> Outcome<Option<Record>> {
        let cell = self.chance.pick(&self.county.cells).cloned();
        let Some(cell) = cell else { return Ok(None) };
        let records: Vec<Record> =
            self.county.records(&cell)?.into_iter().filter(|record| wanted(&record.kind)).collect();
        Ok(self.chance.pick(&records).cloned())
    }

    /// One worker's cell goes to somebody else, once in a history.
    fn hand_over(&mut self) -> Outcome {
        if !self.handed_over {
            self.handed_over = true;
            let other = self.county.cells[1..].to_vec();
            self.county.assign("worker-0", &other)?;
        }
        Ok(())
    }

    fn tell(&self) -> Outcome<Told> {
        let mut records = String::new();
        let mut photos = 0;
        for cell in &self.county.cells {
            for record in self.county.records(cell)? {
                photos += usize::from(record.kind == Kind::Photo);
                records.push_str(&serde_json::to_string(&record).doing("writing a record")?);
                records.push('\n');
            }
        }
        let ledger = take(&self.ledger);
        let (saved, faults, refused) = (ledger.saved.len(), ledger.faults, ledger.refused);
        drop(ledger);
        let conflicts = super::conflicts::open(self)?;
        Ok(Told { saved, faults, crashes: self.crashes, refused, photos, conflicts, records })
    }
}
