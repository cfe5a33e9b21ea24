//! The parties of disputes: somebody turns out to be one, or not to be one, as several note without knowing of each other; what of their
//! lists was set aside is decided on; and parties move to where whoever has the file sees nothing of them.

use std::collections::BTreeSet;

use device::api::FailureCode;
use domain::conflict::Conflict;
use domain::kinds::dispute::{is_about_nobody, people_in};
use domain::protocol::CallRefusal;
use domain::scope::Role;
use domain::{Fields, Kind, Record, RecordId};
use serde_json::{Value, json};
use sync_server::hub::HubError;
use sync_server::hub::conflicts::RestoreOf;

use super::county::everywhere;
use super::history::History;
use super::several::Did;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// A file with more parties than this gets no other.
const PARTIES_ENOUGH: usize = 6;

/// A list of parties that was set aside, as a phone has it.
struct ListSetAside {
    told: Conflict,
    /// Nobody has let it stand here and taken that back.
    untouched: bool,
}

impl History {
    /// A mediator corrects whom a file is about.
    pub(super) fn edit_parties(&mut self, who: usize) -> Outcome {
        match self.a_file(who)? {
            Some(file) => self.correct_parties(who, &file),
            None => Ok(()),
        }
    }

    /// Several who hold a file correct whom it is about, before any of them hears of the others.
    pub(super) fn edit_parties_together(&mut self) -> Outcome {
        let Some(file) = self.one_there(&Kind::Dispute)? else { return Ok(()) };
        let count = self.phones.len();
        let (first, most) = (self.later.below(count), 2 + self.later.below(2));
        let mut written = 0;
        for who in (0..count).map(|next| (first + next) % count) {
            let phone = &self.phones[who];
            if phone.is_shut() || phone.role()? == Role::Informant || written == most {
                continue;
            }
            // As this one has it.
            let Some(own) = phone.record(file.id)?.filter(|own| !own.is_deleted()) else { continue };
            self.correct_parties(who, &own)?;
            written += 1;
        }
        if written > 1 {
            take(&self.ledger).count("parties corrected by several".into());
        }
        Ok(())
    }

    /// Somebody turns out to be a party, from the register or by name alone, or not to be one. Some party there must be.
    fn correct_parties(&mut self, who: usize, file: &Record) -> Outcome {
        let standing = file.fields.get("parties").cloned().unwrap_or_default();
        let mut parties = standing.as_array().cloned().unwrap_or_default();
        let how = if parties.len() >= PARTIES_ENOUGH { 9 } else { self.later.below(10) };
        match how {
            0..4 => {
                let known: BTreeSet<RecordId> = people_in(&standing).into_iter().collect();
                let Some(other) = self.a_resident(who, &known)? else { return Ok(()) };
                parties.push(self.party(&other, "respondent"));
            }
            4..6 => {
                let name = self.word();
                take(&self.ledger).count("party by name alone".into());
                parties.push(json!({ "name": name, "side": "respondent" }));
            }
            _ if parties.len() < 2 => return Ok(()),
            _ => {
                parties.remove(self.later.below(parties.len()));
                take(&self.ledger).count("party taken out".into());
            }
        }
        let parties = Value::Array(parties);
        if is_about_nobody(&parties) && !is_about_nobody(&standing) {
            take(&self.ledger).count("file left to nobody by a correction".into());
        }
        self.save(who, &Kind::Dispute, Some(file.id), json!({ "parties": parties }))
    }

    /// Somebody decides on a list of parties that was set aside: at the desk, whose history of a record offers it, or on a phone, whose command
    /// takes any field.
    pub(super) fn decide_parties(&mut self, who: usize) -> Outcome {
        if self.later.percent(40) {
            return self.restore_parties_at_desk();
        }
        let lists = self.lists_set_aside_on(who)?;
        let Some(ListSetAside { told, untouched }) = self.later.pick(&lists) else { return Ok(()) };
        let (id, list, untouched) = (told.record, told.value.clone(), *untouched);
        let args = json!({ "id": id, "field": "parties", "stamp": told.stamp });
        if self.later.percent(25) {
            return self.dismiss_parties(who, args);
        }
        if matches!(self.write_several(who, "restore_value", args)?, Did::Nothing) {
            return Ok(());
        }
        take(&self.ledger).count("parties restored".into());
        let now = self.phones[who].record(id)?;
        let now = now.and_then(|file| file.fields.get("parties").cloned()).unwrap_or_default();
        if !untouched || now == list {
            Ok(())
        } else {
            trouble(format!("{list} of {id} was restored, and {now} stands."))
        }
    }

    fn dismiss_parties(&mut self, who: usize, args: Value) -> Outcome {
        match self.phones[who].call("dismiss_conflict", args.clone()) {
            Ok(_) => {
                take(&self.ledger).count("parties dismissed".into());
                Ok(())
            }
            // It stands by now, and nothing is asked.
            Err(failure) if failure.code == FailureCode::NotFound => Ok(()),
            Err(failure) if self.disk_is_to_blame(who, &failure)? => Ok(()),
            Err(failure) => trouble(format!("{args} was not dismissed: {failure:?}")),
        }
    }

    /// The lists of parties that were set aside and that a phone has not decided on for good.
    fn lists_set_aside_on(&self, who: usize) -> Outcome<Vec<ListSetAside>> {
        const LISTS: &str = "SELECT body, state = 'open' AND replaced IS NULL FROM conflict
            WHERE field = 'parties' AND state <> 'decided' ORDER BY id, stamp";
        self.phones[who].open(|open| {
            let mut statement = open.store().connection().prepare_cached(LISTS)?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?;
            let mut found = Vec::new();
            for row in rows {
                let (body, untouched) = row?;
                found.push(ListSetAside { told: serde_json::from_str(&body)?, untouched });
            }
            Ok(found)
        })
    }

    /// A supervisor lets a list of parties stand again that was set aside.
    fn restore_parties_at_desk(&mut self) -> Outcome {
        let Some(file) = self.one_there(&Kind::Dispute)? else { return Ok(()) };
        let scope = everywhere()?;
        let open = self.county.ask(|reading| reading.open_conflicts(&scope, file.id, 0))?;
        let lists: Vec<_> = open.into_iter().filter(|one| one.field == "parties").collect();
        let Some(list) = self.later.pick(&lists).cloned() else { return Ok(()) };
        let reached = self.county.ask(|reading| reading.feed_reached(&file.cell))?;
        let (id, version, field, stamp) = (file.id, file.version(), list.field.clone(), list.stamp);
        let wish = RestoreOf { id, version, reached, field, stamp };
        self.say(|| format!("{wish:?}"));
        let fields = Fields::from([("parties".to_owned(), list.value)]);
        take(&self.ledger).typed(id, &fields);
        let restored = self.county.hub()?.restore_at_desk(&self.county.supervisor, &wish);
        if self.desk_heard_nothing(restored.is_err())? {
            return Ok(());
        }
        match restored {
            // A database that was put back knows what was set aside, and not where it stood.
            Err(HubError::Refused { code: CallRefusal::NotFound, .. }) => return Ok(()),
            restored => restored.doing("restoring at the desk")?,
        };
        let stored = self.county.ask(|reading| reading.record(&scope, id))?.map(|stored| stored.record);
        let Some(stored) = stored.filter(|stored| stored.fields.get("parties") == fields.get("parties")) else {
            return trouble(format!("{fields:?} of {id} was restored at the desk, and does not stand."));
        };
        let mut ledger = take(&self.ledger);
        ledger.count("parties restored at the desk".into());
        ledger.written_at_desk(&stored, &fields);
        Ok(())
    }

    /// Somebody who is a party moves to another cell; or the file does, since cells were drawn anew.
    pub(super) fn move_party(&mut self) -> Outcome {
        let Some(file) = self.one_there(&Kind::Dispute)? else { return Ok(()) };
        let moved = if self.later.percent(20) {
            take(&self.ledger).count("file moved".into());
            Some(file)
        } else {
            let parties = file.fields.get("parties").map(people_in).unwrap_or_default();
            let Some(party) = self.later.pick(&parties).copied() else { return Ok(()) };
            let scope = everywhere()?;
            // The server has all of them, but for those whom a restored one has lost.
            self.county.ask(|reading| reading.record(&scope, party))?.map(|stored| stored.record)
        };
        let Some(moved) = moved else { return Ok(()) };
        let to = self.later.pick(&self.county.open_cells()?).cloned();
        take(&self.ledger).count("party or file moved".into());
        self.write_at_desk(&moved, Fields::from([("cell".to_owned(), json!(to))]))
    }
}
