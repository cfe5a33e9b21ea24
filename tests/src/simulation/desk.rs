//! What is done at the desk: reviews, corrections, moves, handovers.

use domain::protocol::CallRefusal;
use domain::review::ReviewState;
use domain::{Fields, Kind, Record, RecordId, Stamp, Stamps, Version};
use serde_json::json;
use sync_server::hub::desk::Desk;
use sync_server::hub::reviews::{DeskChange, LookedAt, ReviewOf, ReviewVerdict};
use sync_server::hub::{CountyHub, HubError};

use super::county::everywhere;
use super::history::History;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

impl History {
    /// Somebody at the desk decides about a record, at once or long after its page was opened.
    pub(super) fn review(&mut self) -> Outcome {
        let long_open = if self.looks.is_empty() || !self.apart.percent(30) {
            None
        } else {
            Some(self.looks.swap_remove(self.apart.below(self.looks.len())))
        };
        let was_long_open = long_open.is_some();
        let look = match long_open {
            Some(look) => look,
            None => {
                let Some(record) = self.any_on_server(|kind| kind.is_reviewed())? else { return Ok(()) };
                let (id, version, seen) = (record.id, record.version(), self.seen_at_desk(record.id)?);
                LookedAt { id, version, seen }
            }
        };
        if !was_long_open && self.apart.percent(25) {
            self.looks.push(look);
            return Ok(());
        }
        self.decide(look, was_long_open)
    }

    fn decide(&mut self, LookedAt { id: about, version, seen }: LookedAt, was_long_open: bool) -> Outcome {
        let returned = self.chance.percent(40);
        let (verdict, note) =
            if returned { (ReviewVerdict::Returned, Some(self.word())) } else { (ReviewVerdict::Approved, None) };
        let scope = everywhere()?;
        let before = self.county.ask(|reading| reading.record(&scope, about))?;
        let is_stale = before.is_none_or(|before| before.record.version() != version);
        let review = ReviewOf { id: about, version, seen, verdict, remarks: Default::default(), note };
        let written = self.county.hub()?.review(&self.county.supervisor, &review);
        if self.desk_heard_nothing(written.is_err())? {
            return Ok(());
        }
        let id = match written {
            Err(HubError::Refused { code: CallRefusal::Stale | CallRefusal::NotFound, .. }) if was_long_open => {
                take(&self.ledger).count("review of what has changed since".into());
                return Ok(());
            }
            Ok(_) if is_stale => {
                return trouble(format!("{about} was decided about, and has changed since it was looked at."));
            }
            written => written.doing("reviewing")?,
        };
        if let Some(stored) = self.county.ask(|reading| reading.record(&scope, id))? {
            take(&self.ledger).decided(&stored.record);
        }
        let stored = self.county.ask(|reading| reading.record(&scope, about))?;
        let expected = if returned { ReviewState::Returned } else { ReviewState::Approved };
        match stored {
            Some(stored) if stored.state == expected => Ok(()),
            other => trouble(format!("After a review the record stands at {:?}.", other.map(|stored| stored.state))),
        }
    }

    /// Whether a power cut, a full disk or a failed commit is why nothing was said; a server without power is started again.
    pub(super) fn desk_heard_nothing(&mut self, failed: bool) -> Outcome<bool> {
        let blew = self.county.fuse_blew()?;
        let dark = self.county.recover()?;
        Ok(dark || (failed && (self.county.full || blew)))
    }

    /// Asks for something at the desk, and once more when nothing was heard: the same wish twice is done once. None: nothing was heard then
    /// either.
    pub(super) fn ask_at_desk<T>(
        &mut self,
        ask: impl Fn(&CountyHub, &Desk) -> Result<T, HubError>,
    ) -> Outcome<Option<Result<T, HubError>>> {
        for _ in 0..2 {
            let answer = ask(self.county.hub()?.as_ref(), &self.county.supervisor);
            if !self.desk_heard_nothing(answer.is_err())? {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    pub(super) fn correct_at_desk(&mut self) -> Outcome {
        let Some(mut household) = self.any_on_server(|kind| *kind == Kind::Household)? else { return Ok(()) };
        // Often the one that everybody edits.
        if self.apart.percent(60) {
            let first = self.county.open_cells()?.first().map(|cell| self.county.records(cell)).transpose()?;
            household = first.into_iter().flatten().find(|record| record.kind == Kind::Household).unwrap_or(household);
        }
        let fields = Fields::from([("access_note".to_owned(), json!(self.word()))]);
        self.write_at_desk(&household, fields)
    }

    /// A task for the workers of a cell, or another word in one: phones may not write it.
    pub(super) fn give_task(&mut self) -> Outcome {
        let known = self.any_on_server(|kind| *kind == Kind::Task)?.filter(|_| self.chance.percent(60));
        let fields = Fields::from([("text".to_owned(), json!(self.word()))]);
        if let Some(task) = known {
            return self.write_at_desk(&task, fields);
        }
        let Some(cell) = self.chance.pick(&self.county.open_cells()?).cloned() else { return Ok(()) };
        let hub = self.county.hub()?;
        let (id, at, by) = (hub.record_id(), hub.now(), &self.county.supervisor.actor.account);
        let task = json!({ "title": "核对租户", "purpose": "register", "at": at, "by": by });
        let task: Fields = serde_json::from_value(task).doing("writing a task")?;
        take(&self.ledger).tasks.insert(id);
        let new = Record { id, kind: Kind::Task, cell, fields: Fields::new(), stamps: Stamps::all(Stamp::ZERO) };
        self.write_at_desk(&new, fields.into_iter().chain(task).collect())
    }

    /// A person moves to another cell; whoever holds only the old one loses sight of them.
    pub(super) fn move_at_desk(&mut self) -> Outcome {
        let Some(person) = self.any_on_server(|kind| *kind == Kind::Person)? else { return Ok(()) };
        let to = self.chance.pick(&self.county.open_cells()?).cloned();
        let fields = Fields::from([("cell".to_owned(), json!(to))]);
        self.write_at_desk(&person, fields)
    }

    pub(super) fn write_at_desk(&mut self, record: &Record, fields: Fields) -> Outcome {
        take(&self.ledger).typed(record.id, &fields);
        let (kind, cell) = (record.kind.clone(), record.cell.clone());
        let change = DeskChange { id: record.id, kind, cell, fields: fields.clone() };
        self.say(|| format!("{change:?}"));
        let written = self.county.hub()?.write_as_desk(&self.county.supervisor.actor, change);
        if self.desk_heard_nothing(written.is_err())? {
            return Ok(());
        }
        match written.doing("correcting at the desk")? {
            domain::protocol::Verdict::Accepted => {}
            refused => return trouble(format!("The desk's {fields:?} was not taken: {refused:?}.")),
        }
        let scope = everywhere()?;
        let stored = self.county.ask(|reading| reading.record(&scope, record.id))?;
        let Some(stored) = stored.filter(|stored| fields.iter().all(|(f, v)| stored.record.fields.get(f) == Some(v)))
        else {
            return trouble(format!("What the desk wrote, {fields:?}, does not stand."));
        };
        take(&self.ledger).written_at_desk(&stored.record, &fields);
        Ok(())
    }

    /// Approves a version; answers the code of a refusal.
    pub(super) fn approve(&self, id: RecordId, version: Version) -> Outcome<Option<CallRefusal>> {
        let (verdict, remarks, note) = (ReviewVerdict::Approved, Default::default(), None);
        let review = ReviewOf { id, version, seen: self.seen_at_desk(id)?, verdict, remarks, note };
        let written = self.county.hub()?.review(&self.county.supervisor, &review);
        match written {
            Ok(review) => {
                let scope = everywhere()?;
                if let Some(stored) = self.county.ask(|reading| reading.record(&scope, review))? {
                    take(&self.ledger).decided(&stored.record);
                }
                Ok(None)
            }
            Err(refused) => Ok(Some(refused.code())),
        }
    }

    /// Where a record stands, as the desk's page shows it.
    fn seen_at_desk(&self, id: RecordId) -> Outcome<ReviewState> {
        let scope = everywhere()?;
        let stored = self.county.ask(|reading| reading.record(&scope, id))?;
        Ok(stored.map_or(ReviewState::Waiting, |stored| stored.state))
    }

    pub(super) fn any_on_server(&mut self, wanted: impl Fn(&Kind) -> bool) -> Outcome<Option<Record>> {
        let cell = self.chance.pick(&self.county.every_cell()?).cloned();
        let Some(cell) = cell else { return Ok(None) };
        let records: Vec<Record> =
            self.county.records(&cell)?.into_iter().filter(|record| wanted(&record.kind)).collect();
        Ok(self.chance.pick(&records).cloned())
    }

    /// A worker's cells go to somebody else, or come back, while their phones know nothing of it.
    pub(super) fn hand_over(&mut self, who: usize) -> Outcome {
        if self.county.full || self.county.has_fuse() {
            return Ok(());
        }
        let worker = self.phones[who].worker.clone();
        self.assign_anew(&worker)
    }
}
