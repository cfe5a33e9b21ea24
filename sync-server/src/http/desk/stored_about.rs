//! Everything that is stored about one resident: the own record, the household, visits, care, incidents and disputes in which they are
//! named, evacuations that list them, photos. Whoever else is named in it is masked, also when the resident is shown in full.

use domain::kinds::evacuation::Evacuation;
use domain::scope::Actor;
use domain::{Kind, Record, RecordId, Scope, mask};
use serde_json::Value;

use crate::hub::HubError;
use crate::hub::evacuations::EVACUATIONS_MAX;
use crate::store::Reading;

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
    let here = Scope::from(&person.cell);
    let of = |target: RecordId, kind: Kind| -> Result<Vec<Record>, HubError> {
        let found = reading.referring(&here, target, &kind)?.into_iter().map(|stored| stored.record);
        Ok(found.filter(|record| !record.is_deleted()).collect())
    };
    let own = |record: Record| if in_full { record } else { masked(record) };
    let mut records = vec![own(person.clone())];
    let mut visits = of(person.id, Kind::Visit)?;
    let mut photos = of(person.id, Kind::Photo)?;
    let household = person.reference("household");
    if let Some(id) = household {
        if let Some(stored) = reading.record(&here, id)? {
            records.push(own(stored.record));
        }
        visits.extend(of(id, Kind::Visit)?);
        photos.extend(of(id, Kind::Photo)?);
    }
    for visit in &visits {
        photos.extend(of(visit.id, Kind::Photo)?);
    }
    visits.sort_by_key(|visit| std::cmp::Reverse((visit.int("at"), visit.id)));
    records.extend(visits);
    records.extend(of(person.id, Kind::CarePlan)?.into_iter().map(masked));
    if let Some(id) = household {
        let incidents = of(id, Kind::Incident)?.into_iter().filter(|incident| is_contact(incident, person));
        records.extend(incidents.map(own));
    }
    records.extend(disputes(reading, actor, person, in_full)?);
    records.extend(evacuations(reading, person, in_full)?);
    records.extend(photos);
    // The worker who wrote it is no part of what is stored about the resident.
    for record in &mut records {
        for staff in ["by", "responsible"] {
            record.fields.remove(staff);
        }
    }
    Ok(Gathered { records })
}

fn masked(mut record: Record) -> Record {
    mask::fields(&record.kind, &mut record.fields);
    record
}

/// Whether an incident of the household names this resident as whom to answer.
fn is_contact(incident: &Record, person: &Record) -> bool {
    let same = |theirs: &str, own: &str| incident.text(theirs).is_some_and(|said| person.text(own) == Some(said));
    same("contact_name", "name") || same("contact_phone", "phone")
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

/// Evacuations that list the resident, with nobody else of the list, and the marks that were made.
fn evacuations(reading: &dyn Reading, person: &Record, in_full: bool) -> Result<Vec<Record>, HubError> {
    let here = Scope::from(&person.cell);
    let id = person.id.to_string();
    let (mut orders, mut marks) = (Vec::new(), Vec::new());
    for stored in reading.latest_few(std::slice::from_ref(&here), &Kind::Evacuation, EVACUATIONS_MAX)? {
        let mut record = stored.record;
        if record.is_deleted() || !Evacuation::from(&record).roster.iter().any(|listed| listed.person == person.id) {
            continue;
        }
        if let Some(roster) = record.fields.get_mut("roster").and_then(Value::as_array_mut) {
            roster.retain(|listed| listed.get("person").and_then(Value::as_str) == Some(id.as_str()));
        }
        let about = reading.referring(&here, record.id, &Kind::RollCall)?.into_iter().map(|stored| stored.record);
        marks.extend(about.filter(|mark| mark.reference("person") == Some(person.id)));
        orders.push(if in_full { record } else { masked(record) });
    }
    orders.extend(marks);
    Ok(orders)
}
