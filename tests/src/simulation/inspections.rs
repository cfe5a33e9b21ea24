//! Inspections: a checklist gone through at a place, its hazards looked at again or reported as incidents, and photos of what was found;
//! and what is behind doors beside households: small premises, and tenancies.

use std::collections::BTreeSet;

use domain::scope::Role;
use domain::{Kind, RecordId};
use serde_json::{Map, Value, json};

use super::history::History;
use super::several::{Did, LONG_AGO};
use super::wire::take;
use crate::trouble::{Outcome, trouble};

/// So many hazards are found at one place at most.
const HAZARDS_MAX: usize = 3;

impl History {
    /// Somebody goes through a checklist: where it is done by rule, or in a household.
    pub(super) fn inspect(&mut self, who: usize) -> Outcome {
        let places = self.screen(who, "inspection_places", json!({}))?;
        let places = places.as_array().cloned().unwrap_or_default();
        let by_rule = self.latest.pick(&places).map(|place| place["id"].clone()).filter(|_| self.latest.percent(60));
        let id = match by_rule {
            Some(id) => id,
            None => match self.any(who, &Kind::Household)? {
                Some(household) => json!(household.id),
                None => return Ok(()),
            },
        };
        let place = self.screen(who, "inspection_place", json!({ "id": id }))?;
        let lists = place["checklists"].as_array().cloned().unwrap_or_default();
        let Some(list) = self.latest.pick(&lists) else { return Ok(()) };
        let (answers, hazards) = self.go_through(list, &place["proposed_due"]);
        let word = self.word();
        let args = json!({ "subject": id, "checklist": list["code"], "answers": answers, "facts": {},
            "hazards": hazards, "note": word });
        if matches!(self.write_several(who, "record_inspection", args)?, Did::Nothing) {
            return Ok(());
        }
        self.is_there_once(who, &Kind::Inspection, &word)?;
        take(&self.ledger).count("inspection".into());
        let takes_photos = self.phones[who].role()? == Role::Worker && self.latest.percent(30);
        if takes_photos { self.photograph_of(who, &Kind::Inspection) } else { Ok(()) }
    }

    /// An answer to each item that is asked, and what is said of those that were found bad. `due`: the days that the page proposes.
    fn go_through(&mut self, list: &Value, due: &Value) -> (Map<String, Value>, Vec<Value>) {
        let (mut answers, mut hazards) = (Map::new(), Vec::new());
        let items = list["items"].as_array().into_iter().flatten();
        for item in items.filter(|item| item["type"] == "ok_bad_na") {
            let id = item["id"].as_str().unwrap_or_default().to_owned();
            let bad = hazards.len() < HAZARDS_MAX && self.latest.percent(25);
            if bad {
                hazards.push(json!({ "item": id, "text": self.word(), "severity": 2, "due": due[1] }));
            }
            let answer = if bad { "bad" } else { "ok" };
            answers.insert(id, json!(answer));
        }
        (answers, hazards)
    }

    /// A hazard that was not put right is looked at again, or reported as an incident.
    pub(super) fn recheck(&mut self, who: usize) -> Outcome {
        let hazards = self.screen(who, "hazards", json!({}))?;
        let hazards = hazards.as_array().cloned().unwrap_or_default();
        let Some(hazard) = self.latest.pick(&hazards) else { return Ok(()) };
        if self.latest.percent(35) {
            return self.report_hazard(who, hazard);
        }
        let word = self.word();
        let (result, due) = if self.latest.percent(40) { ("fixed", None) } else { ("not_fixed", Some("2027-03-01")) };
        let args = json!({ "inspection": hazard["inspection"], "item": hazard["item"], "result": result,
            "due": due, "note": word });
        if matches!(self.write_several(who, "recheck", args)?, Did::Nothing) {
            return Ok(());
        }
        take(&self.ledger).count("hazard looked at again".into());
        self.is_there_once(who, &Kind::Recheck, &word)
    }

    /// A hazard becomes an incident, perhaps with two taps: the incident and what says that it was reported are both on the phone
    /// afterwards, or neither.
    fn report_hazard(&mut self, who: usize, hazard: &Value) -> Outcome {
        let (incidents, looks) = (self.ids_of(who, &Kind::Incident)?, self.ids_of(who, &Kind::Recheck)?);
        let args = json!({ "inspection": hazard["inspection"], "item": hazard["item"] });
        self.write_several(who, "report_hazard", args.clone())?;
        if self.latest.percent(30) {
            self.write_several(who, "report_hazard", args)?;
        }
        let now = self.ids_of(who, &Kind::Incident)?;
        let made: BTreeSet<RecordId> = now.difference(&incidents).copied().collect();
        let mut told = self.phones[who].of_kind(&Kind::Recheck)?;
        told.retain(|look| !looks.contains(&look.id));
        let named: BTreeSet<RecordId> = told.iter().filter_map(|look| look.reference("incident")).collect();
        if made != named {
            return trouble(format!("{hazard} was reported as {made:?}, and {told:?} says so."));
        }
        made.iter().for_each(|_| take(&self.ledger).count("hazard reported".into()));
        Ok(())
    }

    /// A shop opens behind a door, or the door is let; or what is known of either is corrected, or somebody looked after gas and wires.
    pub(super) fn edit_premises(&mut self, who: usize) -> Outcome {
        let kind = if self.latest.percent(60) { Kind::Premises } else { Kind::Tenancy };
        let is_let = kind == Kind::Tenancy;
        let number = format!("133{:08}", self.latest.below(100_000_000));
        let Some(known) = self.any(who, &kind)?.filter(|_| self.latest.percent(60)) else {
            let Some(door) = self.any(who, &Kind::Dwelling)? else { return Ok(()) };
            let fields = if is_let {
                json!({ "dwelling": door.id, "landlord_phone": number, "starts_on": LONG_AGO })
            } else {
                json!({ "dwelling": door.id, "name": self.word(), "premises_kind": "shop" })
            };
            return self.save(who, &kind, None, fields);
        };
        if is_let && self.latest.percent(30) {
            return self.write_several(who, "check_safety", json!({ "id": known.id })).map(|_| ());
        }
        let fields = if is_let { json!({ "landlord_phone": number }) } else { json!({ "contact_phone": number }) };
        self.save(who, &kind, Some(known.id), fields)
    }

    fn ids_of(&self, who: usize, kind: &Kind) -> Outcome<BTreeSet<RecordId>> {
        Ok(self.phones[who].of_kind(kind)?.iter().map(|record| record.id).collect())
    }

    /// What was recorded with this note is on the phone, and once.
    pub(super) fn is_there_once(&self, who: usize, kind: &Kind, note: &str) -> Outcome {
        let all = self.phones[who].of_kind(kind)?;
        match all.iter().filter(|record| record.text("note") == Some(note)).count() {
            1 => Ok(()),
            count => trouble(format!("{kind} {note} was recorded, and is there {count} times.")),
        }
    }
}
