//! Many approvals at once at the desk, as its list of what waits gives them, and taking them back: at once, or when it is too late.

use std::collections::{BTreeMap, BTreeSet};

use domain::RecordId;
use domain::review::ReviewState;
use sync_server::hub::reviews::{LookedAt, ManyApproved};
use sync_server::store::StoredRecord;

use super::county::everywhere;
use super::history::History;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// So many are approved at once at most.
const ITEMS_MAX: usize = 6;

/// Records as they are stored, by id.
type Stored = BTreeMap<RecordId, StoredRecord>;

impl History {
    /// Somebody at the desk approves what is of low risk among many records, or wants back what was approved a while ago.
    pub(super) fn approve_many(&mut self) -> Outcome {
        if !self.approvals.is_empty() && self.office.percent(25) {
            let reviews = std::mem::take(&mut self.approvals);
            return self.take_many_back(&reviews).map(|_| ());
        }
        let items = self.what_waits()?;
        if items.is_empty() {
            return Ok(());
        }
        self.say(|| format!("{items:?}"));
        // Whoever heard nothing taps once more.
        for _ in 0..2 {
            let before = self.stored(items.iter().map(|item| item.id))?;
            let approved = self.county.hub()?.approve_many(&self.county.supervisor, &items);
            if self.desk_heard_nothing(approved.is_err())? {
                continue;
            }
            let approved = approved.doing("approving many at once")?;
            self.look_at_approved(&items, &before, &approved)?;
            return self.perhaps_back(&before, approved);
        }
        Ok(())
    }

    /// Some of what waits in a cell, and perhaps a page that was open long.
    fn what_waits(&mut self) -> Outcome<Vec<LookedAt>> {
        let Some(cell) = self.office.pick(&self.county.open_cells()?).cloned() else { return Ok(Vec::new()) };
        let ids = self.county.records(&cell)?.into_iter().map(|record| record.id);
        let mut waiting: Vec<StoredRecord> = self.stored(ids)?.into_values().collect();
        waiting.retain(|one| matches!(one.state, ReviewState::Waiting | ReviewState::Returned));
        while waiting.len() > ITEMS_MAX {
            waiting.swap_remove(self.office.below(waiting.len()));
        }
        let look = |one: StoredRecord| LookedAt { id: one.record.id, version: one.version, seen: one.state };
        let mut items: Vec<LookedAt> = waiting.into_iter().map(look).collect();
        let long_open = self.office.pick(&self.looks).cloned().filter(|_| self.office.percent(40));
        items.extend(long_open.filter(|look| !items.iter().any(|item| item.id == look.id)));
        Ok(items)
    }

    fn stored(&self, ids: impl Iterator<Item = RecordId>) -> Outcome<Stored> {
        let (scope, ids) = (everywhere()?, ids.collect::<Vec<_>>());
        let found = self.county.ask(|reading| reading.records(&scope, &ids))?;
        Ok(found.into_iter().map(|stored| (stored.record.id, stored)).collect())
    }

    /// Each of them is approved, or left since it is of no low risk, or named since it has changed; and only what was looked at is approved.
    fn look_at_approved(&mut self, items: &[LookedAt], before: &Stored, told: &ManyApproved) -> Outcome {
        let (stale, left): (BTreeSet<_>, BTreeSet<_>) = (told.stale.iter().collect(), told.left.iter().collect());
        if told.approved + stale.len() + left.len() != items.len() || told.reviews.len() > told.approved {
            return trouble(format!("Of {items:?} became {told:?}."));
        }
        let after = self.stored(items.iter().map(|item| item.id))?;
        for item in items {
            let (was, now) = (before.get(&item.id), after.get(&item.id));
            let is_as_seen = was.is_some_and(|was| was.version == item.version && was.state == item.seen);
            let fits = if stale.contains(&item.id) {
                !is_as_seen && was == now
            } else if left.contains(&item.id) {
                was == now
            } else {
                now.is_some_and(|now| now.version == item.version && now.state == ReviewState::Approved)
            };
            if !fits {
                return trouble(format!("{item:?} was among many ({told:?}): of {was:?} became {now:?}."));
            }
            self.note_reviews_of(item.id)?;
        }
        let mut ledger = take(&self.ledger);
        (0..told.reviews.len()).for_each(|_| ledger.count("approved among many".into()));
        left.iter().for_each(|_| ledger.count("left among many".into()));
        stale.iter().for_each(|_| ledger.count("changed among many".into()));
        Ok(())
    }

    /// Some want their approvals back at once: then everything stands where it stood. Others think of it later.
    fn perhaps_back(&mut self, before: &Stored, told: ManyApproved) -> Outcome {
        // The next start of the server may carry out an erasure of which nobody has heard.
        if told.reviews.is_empty() || self.county.erasing || self.office.percent(60) {
            self.approvals = told.reviews;
            return Ok(());
        }
        let Some(taken) = self.take_many_back(&told.reviews)? else { return Ok(()) };
        if taken.len() != told.reviews.len() {
            return trouble(format!("Of {told:?} only {taken:?} were taken back at once."));
        }
        let after = self.stored(taken.iter().copied())?;
        // What was loaded as approved has no review of its own to fall back to; no list offers it.
        let offered = |id: &&RecordId| before.get(*id).is_some_and(|was| was.state != ReviewState::Approved);
        for id in taken.iter().filter(offered) {
            let stood =
                |all: &Stored| all.get(id).map(|one| (one.state, one.version.clone(), one.approved_version.clone()));
            if stood(&after) != stood(before) {
                return trouble(format!("{id} stood at {:?} and stands at {:?}.", stood(before), stood(&after)));
            }
        }
        Ok(())
    }

    /// Wants approvals back, and asks once more when nothing is heard; whose review does not count any more. None: nothing was heard.
    fn take_many_back(&mut self, reviews: &[RecordId]) -> Outcome<Option<Vec<RecordId>>> {
        for _ in 0..2 {
            let back = self.county.hub()?.take_back(&self.county.supervisor, reviews);
            if self.desk_heard_nothing(back.is_err())? {
                continue;
            }
            let back = back.doing("taking approvals back")?;
            if back.taken.len() + back.left.len() != reviews.len() {
                return trouble(format!("Of {reviews:?} became {back:?}."));
            }
            for target in &back.taken {
                self.note_reviews_of(*target)?;
                take(&self.ledger).count("approval taken back".into());
            }
            back.left.iter().for_each(|_| take(&self.ledger).count("approval taken back too late".into()));
            return Ok(Some(back.taken));
        }
        Ok(None)
    }
}
