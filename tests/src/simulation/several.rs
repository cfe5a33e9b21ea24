//! What a worker does with one tap that writes several records, or a record that follows from others: moves, visits to several, steps
//! of an incident, reports of a task, marks of a roll-call. Whatever such a command changes on the phone is what its worker said.

use std::collections::BTreeMap;

use device::api::{Failure, FailureCode};
use domain::{Fields, Kind, Record, RecordId};
use serde_json::{Value, json};

use super::history::History;
use super::laws::is_moment;
use super::people::Said;
use super::wire::take;
use crate::trouble::{Outcome, trouble};

/// The commands that take records away: own marks that nobody else can know of.
const TAKE_BACK: [&str; 2] = ["unmark", "take_back_several"];

/// A day on which a move is said to have been, or a plan to begin: it has come by every clock.
pub(super) const LONG_AGO: &str = "2001-05-01";

/// What a command did.
pub(super) enum Did {
    /// A rule of the phone, or something that befell it, and nothing changed.
    Nothing,
    /// Nobody heard of it (power, disk), and something changed: then all of it must have.
    Unheard,
    /// What it was asked for.
    All,
}

/// A record as it was before a command, if it was there, and what the command wrote in it.
struct Written {
    id: RecordId,
    before: Option<Record>,
    fields: Fields,
}

impl History {
    /// Runs a command, and writes down whatever it changed.
    pub(super) fn write_several(&mut self, who: usize, command: &str, args: Value) -> Outcome<Did> {
        self.say(|| format!("{command} {args}"));
        let before = self.all_of(who)?;
        let said = match self.phones[who].call(command, args.clone()) {
            Ok(_) if self.phones[who].is_dark() => Said::Failed,
            Ok(_) => Said::Saved(Value::Null),
            Err(failure) if self.disk_is_to_blame(who, &failure)? => Said::Failed,
            Err(failure) if is_a_rule(&failure) => {
                take(&self.ledger).count(format!("{command} against a rule"));
                return if self.all_of(who)? == before {
                    Ok(Did::Nothing)
                } else {
                    trouble(format!("{command} {args} was refused and changed something."))
                };
            }
            Err(failure) => return trouble(format!("{command} {args} was not done: {failure:?}")),
        };
        if matches!(said, Said::Failed) {
            self.phones[who].recover()?;
        }
        let after = self.all_of(who)?;
        let removed: Vec<RecordId> = before.keys().filter(|id| !after.contains_key(*id)).copied().collect();
        if !removed.is_empty() && !TAKE_BACK.contains(&command) {
            return trouble(format!("{command} {args} took {removed:?} away."));
        }
        removed.iter().for_each(|id| take(&self.ledger).taken_back(who, *id, |_, _| true));
        let written = written(before, &after);
        let nothing = written.is_empty() && removed.is_empty();
        for Written { id, before, fields } in written {
            take(&self.ledger).typed(id, &fields);
            match said {
                Said::Failed => fields.keys().for_each(|field| take(&self.ledger).overwritten(who, id, field)),
                Said::Saved(_) => self.write_down(who, id, &fields, before.as_ref())?,
            }
        }
        let (did, how) = match said {
            Said::Failed if nothing => (Did::Nothing, "not done"),
            Said::Failed => (Did::Unheard, "done unheard"),
            Said::Saved(_) => (Did::All, "done"),
        };
        take(&self.ledger).count(format!("{command} {how}"));
        Ok(did)
    }

    fn all_of(&self, who: usize) -> Outcome<BTreeMap<RecordId, Record>> {
        Ok(self.phones[who].records()?.into_iter().map(|record| (record.id, record)).collect())
    }

    /// A resident moves to another household, or to a household of their own behind some door; perhaps of another own cell.
    pub(super) fn move_person(&mut self, who: usize) -> Outcome {
        let Some(person) = self.any(who, &Kind::Person)? else { return Ok(()) };
        let kind = if self.chance.percent(60) { Kind::Household } else { Kind::Dwelling };
        let there = self.phones[who].of_kind(&kind)?;
        let Some(to) = self.chance.pick(&there).map(|record| record.id) else { return Ok(()) };
        let stays = self.phones[who].of_kind(&Kind::Person)?;
        let next =
            stays.iter().find(|one| one.id != person.id && one.reference("household") == person.reference("household"));
        let relation = self.chance.pick(&[json!("51"), Value::Null]).cloned();
        let args = json!({
            "person": person.id, "to": to, "relation": relation, "next_head": next.map(|one| one.id), "on": LONG_AGO,
        });
        if matches!(self.write_several(who, "move_person", args)?, Did::Nothing) {
            return Ok(());
        }
        let Some(now) = self.phones[who].record(person.id)? else { return trouble("Who moved is not there any more.") };
        let home = now.reference("household").map(|id| self.phones[who].record(id)).transpose()?.flatten();
        match home {
            Some(home) if home.cell == now.cell => Ok(()),
            home => trouble(format!("{now:?} moved to {home:?}.")),
        }
    }

    /// A household moves behind another door with everybody in it; perhaps of another own cell.
    pub(super) fn move_household(&mut self, who: usize) -> Outcome {
        let Some(household) = self.any(who, &Kind::Household)? else { return Ok(()) };
        let doors = self.phones[who].of_kind(&Kind::Dwelling)?;
        let Some(door) = self.chance.pick(&doors).cloned() else { return Ok(()) };
        let members = self.members(who, &household)?;
        let args = json!({ "household": household.id, "dwelling": door.id });
        if matches!(self.write_several(who, "move_household", args)?, Did::Nothing) {
            return Ok(());
        }
        let along = [vec![household.id], members].concat();
        for id in along {
            let cell = self.phones[who].record(id)?.map(|record| record.cell);
            if cell.as_ref() != Some(&door.cell) {
                return trouble(format!("A household moved to {}, and {id} of it is in {cell:?}.", door.cell));
            }
        }
        Ok(())
    }

    /// Who lies in the household's cell and names it: at the desk somebody may have been moved by themselves.
    fn members(&self, who: usize, household: &Record) -> Outcome<Vec<RecordId>> {
        let members = self.phones[who].open(|open| open.store().of_parent(&Kind::Person, household.id))?;
        Ok(members.iter().filter(|member| member.cell == household.cell).map(|member| member.id).collect())
    }

    /// A visit to each of several households: all of them, or none.
    pub(super) fn visit_several(&mut self, who: usize) -> Outcome {
        let mut households = self.phones[who].of_kind(&Kind::Household)?;
        households.truncate(1 + self.chance.below(4));
        let targets: Vec<Value> =
            households.iter().map(|household| json!({ "id": household.id, "kind": "household" })).collect();
        if targets.is_empty() {
            return Ok(());
        }
        let word = self.word();
        let args = json!({ "targets": targets, "result": "met", "note": word });
        if matches!(self.write_several(who, "record_visits", args)?, Did::Nothing) {
            return Ok(());
        }
        let visits = self.phones[who].of_kind(&Kind::Visit)?;
        let ids: Vec<RecordId> =
            visits.iter().filter(|visit| visit.text("note") == Some(&word)).map(|visit| visit.id).collect();
        if ids.len() != targets.len() {
            return trouble(format!("{} visits were recorded as {ids:?}.", targets.len()));
        }
        self.phones[who].visits.extend(ids);
        Ok(())
    }

    /// A step of an incident, of those that its page offers.
    pub(super) fn take_incident_step(&mut self, who: usize) -> Outcome {
        let Some(incident) = self.any(who, &Kind::Incident)? else { return Ok(()) };
        let page = match self.phones[who].call("incident", json!({ "id": incident.id })) {
            Ok(page) => page,
            Err(failure) => return trouble(format!("The page of an incident was not shown: {failure:?}")),
        };
        let offered: Vec<&str> = page["may"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let Some(action) = self.chance.pick(&offered).copied() else { return Ok(()) };
        let args = json!({ "incident": incident.id, "action": action, "opinion": self.word(), "to": null });
        self.write_several(who, "add_incident_step", args).map(|_| ())
    }

    /// What came of a task.
    pub(super) fn report_task(&mut self, who: usize) -> Outcome {
        let Some(task) = self.any(who, &Kind::Task)? else { return Ok(()) };
        let result = self.chance.pick(&["done", "not_possible"]).copied();
        let args = json!({ "task": task.id, "result": result, "note": self.word() });
        self.write_several(who, "report_task", args).map(|_| ())
    }

    /// Of two values of a field, of which one was set aside, the worker lets one stand, or has seen enough of them.
    pub(super) fn decide_conflict(&mut self, who: usize) -> Outcome {
        let Some(household) = self.any(who, &Kind::Household)? else { return Ok(()) };
        let shown = |history: &Self| match history.phones[who].call("household", json!({ "id": household.id })) {
            Ok(page) => Ok(page["conflicts"].as_array().cloned().unwrap_or_default()),
            Err(failure) => trouble(format!("The page of a household was not shown: {failure:?}")),
        };
        let conflicts = shown(self)?;
        let Some(line) = self.chance.pick(&conflicts).cloned() else { return Ok(()) };
        let of = json!({ "id": line["id"], "field": line["field"], "stamp": line["stamp"] });
        if self.chance.percent(25) {
            let same = |one: &Value| one["stamp"] == line["stamp"] && one["field"] == line["field"];
            return match self.phones[who].call("dismiss_conflict", of) {
                Ok(_) if !self.phones[who].is_dark() && shown(self)?.iter().any(same) => {
                    trouble(format!("{line} was dismissed and is shown."))
                }
                Ok(_) => Ok(()),
                Err(failure) if self.disk_is_to_blame(who, &failure)? => Ok(()),
                Err(failure) => trouble(format!("{line} was not dismissed: {failure:?}")),
            };
        }
        let mut restored = of;
        restored["seen"] = line["seen"].clone();
        if matches!(self.write_several(who, "restore_value", restored)?, Did::Nothing) {
            return Ok(());
        }
        let field = line["field"].as_str().unwrap_or_default();
        let now = self.phones[who].record(household.id)?;
        let now = now.and_then(|record| record.fields.get(field).cloned()).unwrap_or_default();
        if now == line["other"]["value"] { Ok(()) } else { trouble(format!("{line} was restored, and {now} stands.")) }
    }

    /// The worker makes room: originals that the server has may go.
    pub(super) fn free_storage(&mut self, who: usize) -> Outcome {
        match self.phones[who].call("free_storage", json!({})) {
            Ok(_) => Ok(()),
            Err(failure) if self.disk_is_to_blame(who, &failure)? => Ok(()),
            Err(failure) => trouble(format!("No room was made: {failure:?}")),
        }
    }
}

/// Refused by what the phone knows: nothing is wrong with it.
fn is_a_rule(failure: &Failure) -> bool {
    matches!(failure.code, FailureCode::Invalid | FailureCode::NotFound | FailureCode::Sealed)
}

fn written(mut before: BTreeMap<RecordId, Record>, after: &BTreeMap<RecordId, Record>) -> Vec<Written> {
    let mut found = Vec::new();
    for (id, record) in after {
        let before = before.remove(id);
        let mut fields = record.fields.clone();
        fields.retain(|field, value| before.as_ref().and_then(|before| before.fields.get(field)) != Some(value));
        fields.retain(|field, _| !is_moment(field));
        if !fields.is_empty() {
            found.push(Written { id: *id, before, fields });
        }
    }
    found
}
