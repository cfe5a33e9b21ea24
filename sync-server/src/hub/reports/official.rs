//! What a report counts when only what was approved is official.
//!
//! The sums that the store keeps are of the present versions. Few records wait for approval, so what these say is taken off and what
//! was approved of them is put in its place. Who gave way to whom is taken as it stands: who somebody is does not wait for a review.

use std::collections::{BTreeMap, BTreeSet};

use domain::fold::is_met;
use domain::report::{Counted, is_counted, left_on, of_care_plan, of_record};
use domain::review::rules::{Official, ReviewRules};
use domain::validate::today;
use domain::{Kind, Record, RecordId, Scope};

use super::{Asked, Cells};
use crate::store::{Reading, StoreError, StoredRecord};

/// The version of a record that counts officially; none when it was never approved.
///
/// # Errors
/// [`StoreError`].
pub fn official(
    reading: &dyn Reading,
    county: &Scope,
    stored: StoredRecord,
    rules: &ReviewRules,
) -> Result<Option<Record>, StoreError> {
    let StoredRecord { record, version, approved_version, .. } = stored;
    Ok(match rules.official(&record.kind, &version, approved_version.as_ref()) {
        Official::Present => Some(record),
        Official::Nothing => None,
        Official::Approved => {
            reading.approved(county, record.id)?.map(|approved| ReviewRules::as_approved(&record, approved.fields))
        }
    })
}

impl Asked<'_> {
    /// The version of a record that this report counts.
    pub(super) fn counts(&self, reading: &dyn Reading, stored: StoredRecord) -> Result<Option<Record>, StoreError> {
        official(reading, &self.county, stored, self.rules)
    }

    /// Puts what was approved in the place of what waits, in the sums of what single records say.
    pub(super) fn put_approved(&self, reading: &dyn Reading, cells: &mut Cells) -> Result<(), StoreError> {
        for kind in Kind::KNOWN.into_iter().filter(|kind| is_counted(kind) && kind.is_reviewed()) {
            let mut visits = Vec::new();
            // A correction may have been written in another cell than what it corrects.
            let within = if kind == Kind::Visit { &self.county } else { self.place };
            reading.unapproved(within, &kind, &mut |present, approved| {
                if kind == Kind::Visit {
                    visits.push((present, approved));
                    return;
                }
                self.add(cells, &present, -1);
                if let Some(approved) = approved {
                    self.add(cells, &approved, 1);
                }
            })?;
            self.put_approved_visits(reading, visits, cells)?;
        }
        Ok(())
    }

    /// Visits besides correct each other: what waits corrects nothing, and what was approved still does.
    fn put_approved_visits(
        &self,
        reading: &dyn Reading,
        visits: Vec<(Record, Option<Record>)>,
        cells: &mut Cells,
    ) -> Result<(), StoreError> {
        let corrects = |visit: &Record| visit.reference("replaces").filter(|_| !visit.is_deleted());
        let approved = visits.iter().filter_map(|(_, approved)| approved.as_ref());
        let corrected: BTreeSet<RecordId> = approved.filter_map(corrects).collect();
        let named = visits.iter().filter_map(|(present, _)| corrects(present)).chain(corrected.iter().copied());
        let waiting: BTreeSet<RecordId> = visits.iter().map(|(present, _)| present.id).collect();
        let named: BTreeSet<RecordId> = named.filter(|id| !waiting.contains(id)).collect();
        for (present, approved) in visits {
            self.put_visit(reading, (present, approved), &corrected, cells)?;
        }
        for id in named {
            let stored = reading.record(&self.county, id)?.filter(|found| found.record.kind == Kind::Visit);
            if let Some(StoredRecord { record, .. }) = stored {
                self.put_visit(reading, (record.clone(), Some(record)), &corrected, cells)?;
            }
        }
        Ok(())
    }

    /// Takes off what a visit counts for as it stands and adds what it counts for officially. `corrected` are visits that another
    /// one's approved version corrects, though its present version waits.
    fn put_visit(
        &self,
        reading: &dyn Reading,
        (present, approved): (Record, Option<Record>),
        corrected: &BTreeSet<RecordId>,
        cells: &mut Cells,
    ) -> Result<(), StoreError> {
        if reading.corrections(&self.county, present.id)?.is_empty() {
            self.add(cells, &present, -1);
        }
        if let Some(approved) = approved
            && !corrected.contains(&approved.id)
            && !self.is_corrected(reading, approved.id)?
        {
            self.add(cells, &approved, 1);
        }
        Ok(())
    }

    /// Whether a correction of the visit is official.
    fn is_corrected(&self, reading: &dyn Reading, visit: RecordId) -> Result<bool, StoreError> {
        for id in reading.corrections(&self.county, visit)? {
            let Some(stored) = reading.record(&self.county, id)? else { continue };
            let names = |record: &Record| !record.is_deleted() && record.reference("replaces") == Some(visit);
            if self.counts(reading, stored)?.as_ref().is_some_and(names) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn add(&self, cells: &mut Cells, record: &Record, sign: i64) {
        if !self.place.covers(&record.cell) {
            return;
        }
        for Counted { what, day, code, n } in of_record(record) {
            if what.is_stock() || self.period.days().contains(&day) {
                cells.entry(record.cell.clone()).or_default().add(what, &code, n * sign);
            }
        }
    }

    /// What care plans say, by the visits that were approved.
    pub(super) fn count_official_care(&self, reading: &dyn Reading, cells: &mut Cells) -> Result<(), StoreError> {
        for plan in reading.few(self.place, &Kind::CarePlan)? {
            let Some(plan) = self.counts(reading, plan)? else { continue };
            let Some(person) = plan.reference("person") else { continue };
            let Some((person, own)) = self.standing(reading, person)? else { continue };
            let home = person.reference("household").map(|home| reading.entries(&self.county, home)).transpose()?;
            let entries: BTreeSet<RecordId> = own.into_iter().chain(home.unwrap_or_default()).collect();
            let mut days = BTreeSet::new();
            for entry in entries {
                for visit in reading.referring(&self.county, entry, &Kind::Visit)? {
                    let id = visit.record.id;
                    let Some(visit) = self.counts(reading, visit)? else { continue };
                    let at = visit.int("at").filter(|at| *at < self.period.moments().end);
                    let met = !visit.is_deleted() && visit.text("result").is_some_and(is_met);
                    if let Some(at) = at.filter(|_| met)
                        && !self.is_corrected(reading, id)?
                    {
                        days.insert(today(at));
                    }
                }
            }
            let found = of_care_plan(&plan, left_on(&person), &days, self.lists.care, self.period);
            cells.entry(plan.cell).or_default().extend(found);
        }
        Ok(())
    }

    /// The official version of whoever stands for a resident's entry, with all entries that say something of them.
    fn standing(&self, reading: &dyn Reading, person: RecordId) -> Result<Option<(Record, Vec<RecordId>)>, StoreError> {
        let entries = reading.entries(&self.county, person)?;
        let first = entries.first().map(|first| reading.record(&self.county, *first)).transpose()?.flatten();
        let Some(stored) = first.filter(|found| found.record.kind == Kind::Person) else { return Ok(None) };
        let person = self.counts(reading, stored)?.filter(|person| !person.is_deleted());
        Ok(person.map(|person| (person, entries)))
    }

    /// Residents who officially live in another household than their present version says, by that household.
    pub(super) fn moving(&self, reading: &dyn Reading) -> Result<BTreeMap<RecordId, Vec<Record>>, StoreError> {
        let mut found = BTreeMap::<RecordId, Vec<Record>>::new();
        if self.rules.official_when_approved {
            reading.unapproved(&self.county, &Kind::Person, &mut |present, approved| {
                let Some(approved) = approved else { return };
                let (was, is) = (approved.reference("household"), present.reference("household"));
                if let Some(home) = was.filter(|_| was != is) {
                    found.entry(home).or_default().push(approved);
                }
            })?;
        }
        Ok(found)
    }
}
