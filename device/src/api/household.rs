//! A household with its people, visits and incidents.

use domain::kinds::dwelling::Dwelling;
use domain::kinds::household::Household;
use domain::kinds::person::Person;
use domain::validate::today;
use domain::world::Millis;
use domain::{CellCode, Kind, Record, RecordId};
use serde::Serialize;
use ts_rs::TS;

use super::conflict::ConflictLine;
use super::incident::IncidentLine;
use super::merging::{MergedLine, merged_lines};
use super::record::OfRecord;
use super::review::ReviewInfo;
use super::visit::VisitLine;
use super::{Failure, conflict, found};
use crate::read::{Places, incident_line, latest_visits, review_info, seen};
use crate::{Device, DeviceError, Open};

/// A person in a household's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PersonLine {
    /// The person.
    pub id: RecordId,
    /// Full name.
    pub name: String,
    /// GB/T 2261.1.
    pub sex: Option<String>,
    /// Completed years.
    pub age: Option<i64>,
    /// Relation to the householder, GB/T 4761.
    pub relation: Option<String>,
    /// Telephone, masked.
    pub phone_masked: Option<String>,
    /// Moved out or died.
    pub left: bool,
}

/// A household with everything at it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct HouseholdPage {
    /// The household.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub household: Household,
    /// Behind which door.
    pub dwelling_id: Option<RecordId>,
    /// That door.
    pub dwelling: Option<Dwelling>,
    /// Written out.
    pub address: String,
    /// The people, householder first, those who left last.
    pub people: Vec<PersonLine>,
    /// When somebody of it was last met.
    pub last_met: Option<i64>,
    /// The latest thirty visits, newest first.
    pub visits: Vec<VisitLine>,
    /// Incidents at this door.
    pub incidents: Vec<IncidentLine>,
    /// Entries that gave way to this one.
    pub merged: Vec<MergedLine>,
    /// Where the household stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// How many visits a page shows.
pub(super) const VISITS_SHOWN: usize = 30;

pub(super) fn household(device: &Device, args: OfRecord) -> Result<HouseholdPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Household)?;
        let store = open.store();
        let mut places = Places::new(store);
        let mut household = Household::from(&record);
        household.head = household.head.map(|head| store.survivor(head)).transpose()?;
        household.dwelling = household.dwelling.map(|door| store.survivor(door)).transpose()?;
        let dwelling = match household.dwelling {
            Some(id) => places.record(id)?.filter(|dwelling| dwelling.kind == Kind::Dwelling).map(Dwelling::from),
            None => None,
        };
        let members = store.of_parent(&Kind::Person, record.id)?;
        let mut targets = vec![record.id];
        targets.extend(members.iter().map(|member| member.id));
        Ok(HouseholdPage {
            id: record.id,
            cell: record.cell.clone(),
            dwelling_id: household.dwelling.filter(|_| dwelling.is_some()),
            dwelling,
            address: places.address(record.id)?,
            people: people(&members, household.head, open.now()),
            last_met: seen(store, &targets)?.last_met,
            visits: latest_visits(store, &mut places, &targets, VISITS_SHOWN)?,
            incidents: incidents(open, &mut places, &record, household.dwelling)?,
            merged: merged_lines(open, record.id)?,
            review: review_info(store, &record)?,
            conflicts: conflict::lines(open, &record)?,
            sent: store.is_sent(record.id)?,
            household,
        })
    })
}

/// The householder first, those who left last, otherwise in the order of relations.
fn people(members: &[Record], head: Option<RecordId>, now: Millis) -> Vec<PersonLine> {
    let mut people: Vec<PersonLine> = members.iter().map(|member| person_line(member, now)).collect();
    people.sort_by_key(|person| (person.left, Some(person.id) != head, person.relation.clone(), person.id));
    people
}

fn person_line(record: &Record, now: Millis) -> PersonLine {
    let person = Person::from(record);
    let born = person.birth_date.as_deref().and_then(|date| date.parse().ok());
    PersonLine {
        id: record.id,
        age: born.and_then(|born| today(now).years_since(born)).map(i64::from),
        phone_masked: person.phone.as_deref().map(domain::mask::phone),
        left: person.moved_out_on.is_some() || person.died_on.is_some(),
        name: person.name,
        sex: person.sex,
        relation: person.relation,
    }
}

/// The incidents that name this household, and those that name only its door.
fn incidents(
    open: &Open,
    places: &mut Places<'_>,
    household: &Record,
    dwelling: Option<RecordId>,
) -> Result<Vec<IncidentLine>, DeviceError> {
    let mut records = open.store().of_parent(&Kind::Incident, household.id)?;
    if let Some(dwelling) = dwelling {
        records.extend(open.store().of_parent(&Kind::Incident, dwelling)?);
    }
    records.sort_by_key(|record| std::cmp::Reverse((record.int("happened_at").unwrap_or_default(), record.id)));
    records.iter().map(|record| incident_line(open, places, record)).collect()
}
