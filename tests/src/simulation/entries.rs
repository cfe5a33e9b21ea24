//! Two entries of one resident, household or door: made one on a phone or at the desk, and taken apart again, while others go on editing
//! and visiting the one that gives way. At the desk nothing offers it; its corrections take it all the same, one entry after the other.

use std::collections::BTreeSet;

use domain::protocol::CallRefusal;
use domain::same::{Merging, differing, merging, parting};
use domain::{Fields, Kind, Record, RecordId};
use serde_json::json;
use sync_server::hub::HubError;
use sync_server::hub::corrections::CorrectionOf;

use super::county::everywhere;
use super::history::History;
use super::mix::Step;
use super::several::Did;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

impl History {
    /// A worker makes two entries of a resident or of a door one, or takes them apart again.
    pub(super) fn merge_entries(&mut self, who: usize) -> Outcome {
        let kind = self.a_kind_entered_twice(&[Kind::Person, Kind::Dwelling]);
        let all = self.phones[who].records()?;
        let (present, gone) = entries(&all, &kind);
        if let Some(gave_way) = self.office.pick(&gone).copied().filter(|_| self.office.percent(35)) {
            return self.part_on_phone(who, gave_way);
        }
        let Some((stays, gives_way)) = self.two_of(&present) else { return Ok(()) };
        let taken = self.some_values_of(stays, gives_way);
        let wanted = merging(stays, gives_way, &taken);
        let args = json!({ "id": gives_way.id, "other": stays.id, "taken": taken });
        if matches!(self.write_several(who, "merge", args)?, Did::Nothing) {
            return Ok(());
        }
        take(&self.ledger).count(format!("{kind} merged"));
        let (older, younger) = (self.phones[who].record(stays.id)?, self.phones[who].record(gives_way.id)?);
        let says = |record: &Option<Record>, fields: &Fields| {
            record.as_ref().is_some_and(|record| fields.iter().all(|(f, value)| record.fields.get(f) == Some(value)))
        };
        if says(&older, &wanted.stays) && says(&younger, &wanted.gives_way) {
            return Ok(());
        }
        trouble(format!("{wanted:?} was to be written, and {older:?} and {younger:?} are there."))
    }

    /// An entry that gave way stands for itself again.
    fn part_on_phone(&mut self, who: usize, gave_way: &Record) -> Outcome {
        if matches!(self.write_several(who, "part", json!({ "id": gave_way.id }))?, Did::Nothing) {
            return Ok(());
        }
        take(&self.ledger).count(format!("{} parted", gave_way.kind));
        match self.phones[who].record(gave_way.id)? {
            Some(now) if now.is_present() => Ok(()),
            now => trouble(format!("{gave_way:?} was to stand for itself again, and is {now:?}.")),
        }
    }

    /// Somebody at the desk makes two entries one, or takes them apart again: as two corrections, the one that gives way first.
    pub(super) fn merge_at_desk(&mut self) -> Outcome {
        let Some(cell) = self.office.pick(&self.county.open_cells()?).cloned() else { return Ok(()) };
        let kind = self.a_kind_entered_twice(&[Kind::Person, Kind::Household, Kind::Dwelling]);
        let all = self.county.records(&cell)?;
        let (present, gone) = entries(&all, &kind);
        if let Some(gave_way) = self.office.pick(&gone).copied().filter(|_| self.office.percent(35)) {
            let Some(stays) = all.iter().find(|one| Some(one.id) == gave_way.merged_into()) else { return Ok(()) };
            return self.write_both_at_desk(stays, gave_way, parting(stays, gave_way));
        }
        let Some((stays, gives_way)) = self.two_of(&present) else { return Ok(()) };
        let taken = self.some_values_of(stays, gives_way);
        self.write_both_at_desk(stays, gives_way, merging(stays, gives_way, &taken))
    }

    /// Whoever is not heard, or is refused, after the first of two corrections leaves it at that.
    fn write_both_at_desk(&mut self, stays: &Record, gives_way: &Record, words: Merging) -> Outcome {
        if !self.put_right(gives_way, words.gives_way)? {
            return Ok(());
        }
        take(&self.ledger).count(format!("{} merged or parted at the desk", gives_way.kind));
        self.put_right(stays, words.stays).map(|_| ())
    }

    /// Somebody at the desk puts values of a record right, as its page showed it a moment ago; whether that is done.
    fn put_right(&mut self, record: &Record, fields: Fields) -> Outcome<bool> {
        let reached = self.county.ask(|reading| reading.feed_reached(&record.cell))?;
        let (version, note) = (record.version(), Some(self.word()));
        let wish = CorrectionOf { id: record.id, version, reached: Some(reached), fields, note };
        self.say(|| format!("{wish:?}"));
        let corrected = self.county.hub()?.correct(&self.county.supervisor, &wish);
        if self.desk_heard_nothing(corrected.is_err())? {
            return Ok(false);
        }
        let scope = everywhere()?;
        let stored = self.county.ask(|reading| reading.record(&scope, record.id))?;
        let Some(now) = stored.map(|stored| stored.record) else {
            return trouble(format!("{} was put right, and is not there.", record.id));
        };
        match corrected {
            // What a value names was moved away or taken out since it stood there.
            Err(HubError::Refused { code: CallRefusal::Invalid, .. }) if now == *record => {
                take(&self.ledger).count("correction against a rule".into());
                return Ok(false);
            }
            corrected => corrected.doing("putting values right at the desk")?,
        };
        if wish.fields.iter().any(|(field, value)| now.fields.get(field) != Some(value)) {
            return trouble(format!("{wish:?} was done, and {now:?} stands."));
        }
        take(&self.ledger).written_at_desk(&now, &wish.fields);
        self.note_reviews_of(record.id)?;
        Ok(true)
    }

    /// Whatever the desk has said of a record is noted.
    pub(super) fn note_reviews_of(&self, target: RecordId) -> Outcome {
        let scope = everywhere()?;
        let reviews = self.county.ask(|reading| reading.referring(&scope, target, &Kind::Review))?;
        reviews.iter().for_each(|review| take(&self.ledger).decided(&review.record));
        Ok(())
    }

    /// What was entered twice. Residents only where nobody is erased: what phones have that was set aside or overtaken, of two entries that
    /// were one for a while, keeps the words of both (docs/RELIABILITY.md, what is open).
    fn a_kind_entered_twice(&mut self, kinds: &[Kind]) -> Kind {
        let erases = self.mix.knows(Step::ErasePerson) || self.mix.knows(Step::EraseParty);
        let kinds: Vec<&Kind> = kinds.iter().filter(|kind| !(erases && **kind == Kind::Person)).collect();
        self.office.pick(&kinds).map_or(Kind::Dwelling, |kind| (*kind).clone())
    }

    /// Two of these that lie in one cell: the one that stays first.
    fn two_of<'r>(&mut self, present: &[&'r Record]) -> Option<(&'r Record, &'r Record)> {
        let one = *self.office.pick(present)?;
        let others: Vec<&'r Record> =
            present.iter().copied().filter(|other| other.id != one.id && other.cell == one.cell).collect();
        let other = *self.office.pick(&others)?;
        Some(if one.id < other.id { (one, other) } else { (other, one) })
    }

    /// Some of the values in which two entries differ, to be taken from the one that gives way.
    fn some_values_of(&mut self, stays: &Record, gives_way: &Record) -> BTreeSet<String> {
        let names = differing(stays, gives_way).into_iter();
        names.filter(|_| self.office.percent(50)).map(str::to_owned).collect()
    }
}

/// The entries of a kind that stand for themselves, and those that gave way.
fn entries<'r>(records: &'r [Record], kind: &Kind) -> (Vec<&'r Record>, Vec<&'r Record>) {
    let of_kind = records.iter().filter(|record| record.kind == *kind && !record.is_deleted());
    of_kind.partition(|record| record.is_present())
}
