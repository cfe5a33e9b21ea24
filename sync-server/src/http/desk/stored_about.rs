//! Everything that is stored about one resident: the own record, the household, visits, care, incidents and disputes in which they are
//! named, what threatens the household and evacuations that list them, notices that it was told of, small premises that they answer
//! for, inspections, photos. Whoever else is named in it is masked, also when the resident is shown in full. What was written about them
//! in another cell of the county, where they lived or whose houses have come to this one since, is part of it, as far as whoever asks may
//! read it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::evacuation::Evacuation;
use domain::scope::Actor;
use domain::{CellCode, Kind, Record, RecordId, Scope, mask};
use serde_json::Value;

use crate::hub::HubError;
use crate::store::{Reading, StoredRecord};

/// Disputes that are looked through at most.
const DISPUTES_MAX: usize = 20_000;

/// The records, in the order in which they are shown.
pub(super) struct Gathered {
    pub(super) records: Vec<Record>,
}

/// Gathers what is stored about a resident.
pub(super) fn gather(
    reading: &dyn Reading,
    actor: &Actor,
    person: &Record,
    in_full: bool,
) -> Result<Gathered, HubError> {
    let about = About::new(reading, actor, person, in_full)?;
    let mut records = vec![about.own(person.clone())];
    records.extend(about.household.iter().cloned().map(|household| about.own(household)));
    let visits = latest_first(about.of(about.entries(), &Kind::Visit)?, "at");
    let mut pictured: Vec<RecordId> = about.entries().chain(visits.iter().map(|visit| visit.id)).collect();
    records.extend(visits);
    records.extend(about.of(about.people.iter().copied(), &Kind::CarePlan)?.into_iter().map(masked));
    records.extend(about.incidents()?);
    records.extend(disputes(reading, actor, person, in_full)?);
    let threats = about.threats()?;
    let cells = about.lay_in(&threats)?;
    records.extend(threats);
    records.extend(about.evacuations(&cells)?);
    records.extend(about.told(&cells)?);
    let premises = about.premises()?;
    let answered_for: Vec<RecordId> = premises.iter().map(|one| one.id).collect();
    let (inspections, rechecks) = about.inspections(&answered_for)?;
    pictured.extend(answered_for.into_iter().chain(inspections.iter().map(|one| one.id)));
    records.extend(premises.into_iter().chain(inspections).chain(rechecks));
    records.extend(about.of(pictured, &Kind::Photo)?);
    // The worker who wrote it is no part of what is stored about the resident.
    for record in &mut records {
        for staff in ["by", "responsible"] {
            record.fields.remove(staff);
        }
    }
    Ok(Gathered { records })
}

/// A resident, and by what ids records name them and their household.
struct About<'r> {
    reading: &'r dyn Reading,
    actor: &'r Actor,
    person: &'r Record,
    in_full: bool,
    /// The county that the resident lives in.
    county: Scope,
    /// The resident's entry and those that gave way to it.
    people: Vec<RecordId>,
    /// The household's entry and those that gave way to it.
    homes: Vec<RecordId>,
    household: Option<Record>,
}

impl<'r> About<'r> {
    fn new(reading: &'r dyn Reading, actor: &'r Actor, person: &'r Record, in_full: bool) -> Result<Self, HubError> {
        let county = person.cell.county();
        let people = reading.entries(&county, person.id)?;
        let homes = match person.reference("household") {
            Some(household) => reading.entries(&county, household)?,
            None => Vec::new(),
        };
        let household = match homes.first() {
            Some(stands) => reading.record(&county, *stands)?.map(|stored| stored.record),
            None => None,
        };
        let household = household.filter(|household| actor.may_read(household));
        Ok(Self { reading, actor, person, in_full, county, people, homes, household })
    }

    /// The resident's entries and the household's.
    fn entries(&self) -> impl Iterator<Item = RecordId> {
        self.people.iter().chain(&self.homes).copied()
    }

    /// The records of a kind about any of these.
    fn of(&self, targets: impl IntoIterator<Item = RecordId>, kind: &Kind) -> Result<Vec<Record>, HubError> {
        let mut found = Vec::new();
        for target in targets {
            found.extend(self.readable(self.reading.referring(&self.county, target, kind)?));
        }
        Ok(found)
    }

    /// Those of them that stand and that whoever asks may read.
    fn readable(&self, found: Vec<StoredRecord>) -> impl Iterator<Item = Record> {
        standing(found).filter(move |record| self.actor.may_read(record))
    }

    /// A record of the resident's own.
    fn own(&self, record: Record) -> Record {
        if self.in_full { record } else { masked(record) }
    }

    /// Whether a record says the resident's own name or telephone in this field.
    fn says(&self, record: &Record, field: &str, own: &str) -> bool {
        record.text(field).is_some_and(|said| self.person.text(own) == Some(said))
    }

    /// A record that names whom to ask or answer: in full where that is the resident, and nobody else.
    fn contacted(&self, record: Record) -> Record {
        let own = [("contact_name", "name"), ("contact_phone", "phone")];
        let own = own.into_iter().filter(|(field, own)| self.in_full && self.says(&record, field, own));
        let kept: Vec<_> = own
            .filter_map(|(field, _)| record.fields.get(field).map(|value| (field.to_owned(), value.clone())))
            .collect();
        let mut shown = masked(record);
        shown.fields.extend(kept);
        shown
    }

    /// Incidents of the household that name the resident as whom to answer.
    fn incidents(&self) -> Result<Vec<Record>, HubError> {
        let found = self.of(self.homes.iter().copied(), &Kind::Incident)?.into_iter();
        let named = |incident: &Record| {
            self.says(incident, "contact_name", "name") || self.says(incident, "contact_phone", "phone")
        };
        Ok(found.filter(named).map(|incident| self.contacted(incident)).collect())
    }

    /// The hazard points that threaten the household, and what is planned for it. A point may lie in a neighbouring cell.
    fn threats(&self) -> Result<Vec<Record>, HubError> {
        let (mut points, mut threatened) = (BTreeMap::new(), BTreeMap::new());
        for scope in &self.actor.scopes {
            for record in standing(self.reading.few(scope, &Kind::ThreatenedHousehold)?) {
                if !record.reference("household").is_some_and(|home| self.homes.contains(&home)) {
                    continue;
                }
                if let Some(point) = record.reference("hazard_point") {
                    points.extend(standing(self.reading.record(scope, point)?).map(|point| (point.id, masked(point))));
                }
                threatened.insert(record.id, masked(record));
            }
        }
        Ok(points.into_values().chain(threatened.into_values()).collect())
    }

    /// That the household was told of notices of these cells, the latest first.
    fn told(&self, cells: &BTreeSet<CellCode>) -> Result<Vec<Record>, HubError> {
        let mut found = Vec::new();
        for cell in cells {
            for notice in self.reading.few(&Scope::from(cell), &Kind::Notice)? {
                for home in &self.homes {
                    let told = self.reading.told_household(&self.county, notice.record.id, *home)?;
                    found.extend(self.readable(told));
                }
            }
        }
        Ok(latest_first(found, "at"))
    }

    /// The cells in which the household and the slopes above it lie or lay, as far as whoever asks may look into them, and those that these
    /// were merged into: in them lie the notices that it can have been told of, and orders that can list it.
    fn lay_in(&self, threats: &[Record]) -> Result<BTreeSet<CellCode>, HubError> {
        let of_records = [self.person].into_iter().chain(&self.household).chain(threats);
        let mut cells: BTreeSet<CellCode> = of_records.map(|record| record.cell.clone()).collect();
        for scope in &self.actor.scopes {
            for cell in self.reading.cells_within(scope)? {
                for home in &self.homes {
                    if self.reading.has_left(&cell, *home)? {
                        cells.insert(cell.clone());
                    }
                }
            }
        }
        let mut merged: Vec<CellCode> = cells.iter().cloned().collect();
        while let Some(cell) = merged.pop() {
            let into = self.reading.division(&Scope::from(&cell))?.and_then(|division| division.succeeded_by);
            let into = into.and_then(|into| CellCode::new(into.as_str()).ok());
            merged.extend(into.filter(|into| cells.insert(into.clone())));
        }
        Ok(cells)
    }

    /// Evacuations ordered in these cells that list the resident, the latest first, with nobody else of the list, and the marks that were
    /// made.
    fn evacuations(&self, cells: &BTreeSet<CellCode>) -> Result<Vec<Record>, HubError> {
        let id = self.person.id.to_string();
        let (mut orders, mut marks) = (Vec::new(), Vec::new());
        for cell in cells {
            for mut record in self.readable(self.reading.few(&Scope::from(cell), &Kind::Evacuation)?) {
                if !Evacuation::from(&record).roster.iter().any(|listed| listed.person == self.person.id) {
                    continue;
                }
                if let Some(roster) = record.fields.get_mut("roster").and_then(Value::as_array_mut) {
                    roster.retain(|listed| listed.get("person").and_then(Value::as_str) == Some(id.as_str()));
                }
                let about = self.of([record.id], &Kind::RollCall)?.into_iter();
                marks.extend(about.filter(|mark| mark.reference("person") == Some(self.person.id)));
                orders.push(self.own(record));
            }
        }
        orders.sort_by_key(|order| Reverse(order.id));
        orders.extend(marks);
        Ok(orders)
    }

    /// Small premises of the cell that the resident answers for, as the record says: by the telephone, or by the name behind the
    /// own door. A namesake's elsewhere is not theirs to see.
    fn premises(&self) -> Result<Vec<Record>, HubError> {
        let door = self.household.as_ref().and_then(|household| household.reference("dwelling"));
        let found = standing(self.reading.of_kind(&self.person.cell, &Kind::Premises)?);
        let answered_for = |record: &Record| {
            let at_home = door.is_some() && record.reference("dwelling") == door;
            self.says(record, "contact_phone", "phone") || (at_home && self.says(record, "contact_name", "name"))
        };
        Ok(found.filter(answered_for).map(|record| self.contacted(record)).collect())
    }

    /// What was inspected at the household and at these premises, the latest first, and how it was looked at again.
    fn inspections(&self, premises: &[RecordId]) -> Result<(Vec<Record>, Vec<Record>), HubError> {
        let subjects = self.homes.iter().chain(premises).copied();
        let inspections = latest_first(self.of(subjects, &Kind::Inspection)?, "at");
        let rechecks = self.of(inspections.iter().map(|one| one.id), &Kind::Recheck)?;
        Ok((inspections, latest_first(rechecks, "at")))
    }
}

fn masked(mut record: Record) -> Record {
    mask::fields(&record.kind, &mut record.fields);
    record
}

/// Those that were not deleted.
fn standing(found: impl IntoIterator<Item = StoredRecord>) -> impl Iterator<Item = Record> {
    found.into_iter().map(|stored| stored.record).filter(|record| !record.is_deleted())
}

fn latest_first(mut records: Vec<Record>, moment: &str) -> Vec<Record> {
    records.sort_by_key(|record| Reverse((record.int(moment), record.id)));
    records
}

/// Disputes in which the resident is a party: the own words in full, the others masked.
fn disputes(reading: &dyn Reading, actor: &Actor, person: &Record, in_full: bool) -> Result<Vec<Record>, HubError> {
    let id = person.id.to_string();
    let is_own = |party: &Value| party.get("person").and_then(Value::as_str) == Some(id.as_str());
    let mut found = Vec::new();
    for stored in reading.latest_few(&actor.scopes, &Kind::Dispute, DISPUTES_MAX)? {
        let full = stored.record.fields.get("parties").and_then(Value::as_array).cloned().unwrap_or_default();
        if stored.record.is_deleted() || !full.iter().any(is_own) {
            continue;
        }
        let mut record = masked(stored.record);
        if let Some(parties) = record.fields.get_mut("parties").and_then(Value::as_array_mut).filter(|_| in_full) {
            for (shown, full) in parties.iter_mut().zip(full).filter(|(_, full)| is_own(full)) {
                *shown = full;
            }
        }
        found.push(record);
    }
    Ok(found)
}
