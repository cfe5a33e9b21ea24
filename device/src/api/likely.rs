//! Entries that may be of the same resident, household or door: told while one is typed, and looked for to be merged.

use std::collections::BTreeSet;

use domain::kinds::person::Person;
use domain::same::{Likeness, Traits, plain_name};
use domain::{CellCode, Fields, Kind, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::Failure;
use super::merging::one_of_two;
use super::record::{edited, normalised, same_address};
use super::search::HitKind;
use crate::read::{Places, Register};
use crate::search::{find_dwellings, search};
use crate::{Device, DeviceError, Open};

/// What somebody is typing, to be compared with what is in the register.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct LikelySameArgs {
    /// What it is about.
    pub kind: Kind,
    /// The record that is being edited; none for a new one.
    pub id: Option<RecordId>,
    /// The cell of a new record, where it is asked for.
    pub cell: Option<CellCode>,
    /// What stands in the form.
    #[ts(type = "{ [key in string]: unknown }", optional = false)]
    pub fields: Fields,
}

/// An entry that may be the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct LikelySame {
    /// Its record.
    pub id: RecordId,
    /// What it is called.
    pub title: String,
    /// Where.
    pub subtitle: String,
    /// What is alike; none for one that was merely looked for.
    pub likeness: Option<Likeness>,
}

/// Looks for the other entry.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct LookForSameArgs {
    /// The entry whose other one is looked for.
    pub id: RecordId,
    /// What one remembers of the other; empty for those that are likely.
    pub text: String,
}

/// At most so many are worth a warning.
const LIKELY_MAX: usize = 5;

/// At most so many are offered.
const OFFERED_MAX: usize = 30;

pub(super) fn likely_same(device: &Device, args: LikelySameArgs) -> Result<Vec<LikelySame>, Failure> {
    device.with_open(|open: &mut Open| {
        let current = edited(open, args.id)?;
        let mut whole = current.as_ref().map(|record| record.fields.clone()).unwrap_or_default();
        whole.extend(normalised(&args.kind, args.fields));
        let cell = match current.map(|record| record.cell).or(args.cell) {
            Some(cell) => Some(cell),
            None => open.first_cell()?,
        };
        let found = likely(open, &args.kind, args.id, &whole, cell.as_ref())?;
        found.into_iter().take(LIKELY_MAX).map(|(id, likeness)| line(open, id, Some(likeness))).collect()
    })
}

/// The entries that may be the same as these fields, the surest first.
fn likely(
    open: &mut Open,
    kind: &Kind,
    id: Option<RecordId>,
    fields: &Fields,
    cell: Option<&CellCode>,
) -> Result<Vec<(RecordId, Likeness)>, DeviceError> {
    let mut found = match kind {
        Kind::Person => alike(open, id, fields)?,
        Kind::Dwelling => {
            let addresses = same_address(open, fields, id, cell)?;
            addresses.into_iter().map(|id| (id, Likeness::Address)).collect()
        }
        _ => Vec::new(),
    };
    found.sort_by_key(|(id, likeness)| (*likeness, *id));
    Ok(found)
}

/// Residents with the same document, or of the same name with the same birth date or the end of a number.
fn alike(open: &mut Open, id: Option<RecordId>, fields: &Fields) -> Result<Vec<(RecordId, Likeness)>, DeviceError> {
    const DOCUMENT: &str = "kind = 'person' AND deleted = 0 AND body ->> '$.fields.document_number' = ?1";
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let traits = Traits {
        name: text("name"),
        birth_date: text("birth_date"),
        phone: text("phone"),
        document: text("document_number"),
    };
    let (register, name) = (Register::whole(open)?, plain_name(traits.name));
    let mut records = Vec::new();
    if !traits.document.is_empty() {
        records.extend(open.store().records(DOCUMENT, [traits.document])?);
    }
    let namesakes = register.people.iter().filter(|person| !name.is_empty() && plain_name(&person.name) == name);
    for person in namesakes {
        records.extend(open.store().get(person.id)?);
    }
    let mut seen = BTreeSet::from_iter(id);
    let mut found = Vec::new();
    for record in records.iter().filter(|record| seen.insert(record.id)) {
        let person = Person::from(record);
        let other = Traits {
            name: &person.name,
            birth_date: person.birth_date.as_deref().unwrap_or_default(),
            phone: person.phone.as_deref().unwrap_or_default(),
            document: person.document_number.as_deref().unwrap_or_default(),
        };
        found.extend(traits.likeness(&other).map(|likeness| (record.id, likeness)));
    }
    Ok(found)
}

fn line(open: &Open, id: RecordId, likeness: Option<Likeness>) -> Result<LikelySame, Failure> {
    let mut places = Places::new(open.store());
    let record = open.store().get(id)?.ok_or_else(Failure::not_found)?;
    Ok(LikelySame {
        id,
        title: places.title(&record.kind, &record.fields)?,
        subtitle: places.subtitle(&record)?,
        likeness,
    })
}

pub(super) fn look_for_same(device: &Device, args: LookForSameArgs) -> Result<Vec<LikelySame>, Failure> {
    device.with_open(|open: &mut Open| {
        let record = one_of_two(open, args.id)?;
        let mut found: Vec<(RecordId, Option<Likeness>)> = Vec::new();
        if args.text.trim().is_empty() {
            let likely = likely(open, &record.kind, Some(record.id), &record.fields, Some(&record.cell))?;
            found.extend(likely.into_iter().map(|(id, likeness)| (id, Some(likeness))));
            found.extend(neighbours(open, &record)?.into_iter().map(|id| (id, None)));
        } else {
            found.extend(looked_for(open, &record.kind, &args.text)?.into_iter().map(|id| (id, None)));
        }
        let mut seen = BTreeSet::from([record.id]);
        found.retain(|(id, _)| seen.insert(*id));
        found.into_iter().take(OFFERED_MAX).map(|(id, likeness)| line(open, id, likeness)).collect()
    })
}

/// The others of the same household, behind the same door: the likeliest place for a second entry.
fn neighbours(open: &mut Open, record: &Record) -> Result<Vec<RecordId>, DeviceError> {
    let register = Register::whole(open)?;
    Ok(match record.kind {
        Kind::Person => {
            let home = register.person(record.id).and_then(|person| person.household);
            let there = register.people.iter().filter(|person| home.is_some() && person.household == home);
            there.map(|person| person.id).collect()
        }
        Kind::Household => {
            let door = register.household(record.id).and_then(|household| household.dwelling);
            door.into_iter().flat_map(|door| register.behind(door)).map(|household| household.id).collect()
        }
        _ => Vec::new(),
    })
}

fn looked_for(open: &mut Open, kind: &Kind, text: &str) -> Result<Vec<RecordId>, DeviceError> {
    if *kind == Kind::Dwelling {
        return find_dwellings(open, text, OFFERED_MAX);
    }
    let wanted = if *kind == Kind::Person { HitKind::Person } else { HitKind::Household };
    // A household is also found by anybody who lives in it.
    let household = |kind: HitKind| matches!(kind, HitKind::Household | HitKind::Person);
    let hits = search(open, text, 4 * OFFERED_MAX)?;
    let hits = hits.iter().filter(|hit| hit.kind == wanted || (wanted == HitKind::Household && household(hit.kind)));
    let id = |hit: &crate::api::search::SearchHit| match wanted {
        HitKind::Person => hit.id.parse().ok(),
        _ => hit.household_id,
    };
    Ok(hits.filter_map(id).collect())
}
