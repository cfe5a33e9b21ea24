//! The roll-call of an evacuation as the desk sees it: household after household, with who answers for each.

use std::collections::{BTreeMap, BTreeSet};

use domain::evacuation::{Count, Roll, counts, roll};
use domain::kinds::evacuation::{Evacuation, Listed};
use domain::kinds::hazard_point::HazardPoint;
use domain::kinds::person::Person;
use domain::kinds::roll_call::{Mark, RollCall};
use domain::kinds::threatened_household::ThreatenedHousehold;
use domain::scope::Actor;
use domain::world::Millis;
use domain::{Kind, Record, RecordId};
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::super::titles::Surroundings;
use super::{DeskEvacuation, line, reached_by};
use crate::hub::evacuations::{marks_of, standing_household, standing_record};
use crate::hub::looks::Look;
use crate::hub::{CountyHub, HubError};
use crate::store::{Reading, Store as _};

/// Somebody in a roll-call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskRollPerson {
    /// The resident.
    #[schema(value_type = String)]
    pub person: RecordId,
    /// Their name.
    pub name: String,
    /// Whom to ring.
    pub phone: Option<String>,
    /// Needs help moving.
    pub needs_help: bool,
    /// The mark that stands.
    #[schema(value_type = String)]
    pub mark: Mark,
    /// Its record: named by whoever marks them next.
    #[schema(value_type = Option<String>)]
    pub said: Option<RecordId>,
    /// When it was made; nobody marked them yet otherwise.
    pub at: Option<Millis>,
    /// In words.
    pub note: Option<String>,
    /// It was made after the order was ended.
    pub late: bool,
    /// Marked in the part of the day that is going on.
    pub checked: bool,
    /// Still to be brought to safety.
    pub unmoved: bool,
    /// Nobody knows yet where they are.
    pub not_found: bool,
}

/// A household in a roll-call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskRollHousehold {
    /// The household.
    #[schema(value_type = String)]
    pub household: RecordId,
    /// Written out.
    pub address: String,
    /// The point that threatens it.
    pub point_name: String,
    /// Who brings it to safety.
    pub contact_name: Option<String>,
    /// Their telephone.
    pub contact_phone: Option<String>,
    /// What help is needed.
    pub help_note: Option<String>,
    /// Its people.
    pub people: Vec<DeskRollPerson>,
}

/// A hazard point of an evacuation, as its card says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskRollPoint {
    /// What it is called.
    pub name: String,
    /// Where to.
    pub shelter: Option<String>,
    /// The way out.
    pub route: Option<String>,
}

/// The roll-call of an evacuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskRoll {
    /// What lists show of it.
    pub line: DeskEvacuation,
    /// How far the cell's feed had come when this was read.
    pub reached: u64,
    /// The points that it is for.
    pub points: Vec<DeskRollPoint>,
    /// The people, household by household.
    pub households: Vec<DeskRollHousehold>,
    /// How many people were marked who are not on the roster: they count nowhere.
    pub strangers: usize,
    /// The counts of every day, the latest first.
    #[schema(value_type = Vec<Object>)]
    pub counts: Vec<Count>,
    /// Names and numbers are masked.
    pub masked: bool,
}

pub(super) fn roll_of(hub: &CountyHub, actor: &Actor, id: RecordId, in_full: bool) -> Result<DeskRoll, HubError> {
    let now = hub.now();
    hub.store().read(|reading| {
        let record = standing_record(reading, actor, &Kind::Evacuation, id)?;
        // Before the marks: whoever asks again from here misses none.
        let reached = reached_by(reading, &record)?;
        let around = Surroundings::new(reading, actor);
        let mut around = if in_full { around.in_full() } else { around };
        let order = Evacuation::from(&record);
        let marks = marks_of(reading, &record)?;
        let line = line(&mut around, &record, &order, &marks, now)?;
        let folded = roll(&order.roster, &marks);
        let points = points(reading, &around, &record, &order)?;
        let households = households(reading, &mut around, (&record, &order, &points), (&marks, &folded), &line)?;
        Ok(DeskRoll {
            reached,
            points: points.into_values().collect(),
            households,
            strangers: folded.strangers.len(),
            counts: counts(&order.roster, &marks, order.ordered_at, order.ended_at, now),
            masked: !in_full,
            line,
        })
    })
}

/// The points of an order, by their ids.
type Points = BTreeMap<RecordId, DeskRollPoint>;

/// The points of an order, as far as whoever asks may read them wherever they lie by now.
fn points(
    reading: &dyn Reading,
    around: &Surroundings<'_>,
    record: &Record,
    order: &Evacuation,
) -> Result<Points, HubError> {
    let found = reading.records(&record.cell.county(), &order.points)?.into_iter().map(|stored| stored.record);
    let point = |record: &Record| {
        let HazardPoint { name, shelter, route, .. } = HazardPoint::from(record);
        DeskRollPoint { name, shelter, route }
    };
    Ok(found.filter(|record| around.may_read(record)).map(|record| (record.id, point(&record))).collect())
}

/// The people of the roster, door after door.
fn households(
    reading: &dyn Reading,
    around: &mut Surroundings<'_>,
    (record, order, points): (&Record, &Evacuation, &Points),
    (marks, folded): (&[RollCall], &Roll<'_>),
    line: &DeskEvacuation,
) -> Result<Vec<DeskRollHousehold>, HubError> {
    // Since the order was given, or before, some of them may have come to lie in another cell.
    let county = record.cell.county();
    let mut threatened = BTreeMap::new();
    for point in &order.points {
        for stored in reading.referring(&county, *point, &Kind::ThreatenedHousehold)? {
            let this = ThreatenedHousehold::from(&stored.record);
            let shown = !stored.record.is_deleted() && around.may_read(&stored.record);
            if let Some(household) = this.household.filter(|_| shown) {
                let key = (*point, standing_household(reading, &record.cell, household)?);
                // Of two entries for one household the one that says that help is needed.
                if this.needs_help || !threatened.contains_key(&key) {
                    threatened.insert(key, this);
                }
            }
        }
    }
    let of_roster = |id: fn(&Listed) -> RecordId| -> Result<BTreeMap<RecordId, Record>, HubError> {
        let ids: BTreeSet<RecordId> = order.roster.iter().map(id).collect();
        let found = reading.records(&county, &ids.into_iter().collect::<Vec<_>>())?.into_iter();
        let found = found.map(|stored| stored.record).filter(|record| around.may_read(record));
        Ok(found.map(|record| (record.id, record)).collect())
    };
    let (homes, people) = (of_roster(|listed| listed.household)?, of_roster(|listed| listed.person)?);
    around.gather(homes.values())?;
    let checked: BTreeSet<RecordId> = marks
        .iter()
        .filter(|mark| line.count.is_some_and(|count| mark.at >= count.from))
        .map(|mark| mark.person)
        .collect();
    let mut found: Vec<DeskRollHousehold> = Vec::new();
    for (listed, mark) in &folded.people {
        let phone = people.get(&listed.person).and_then(|record| Person::from(record).phone);
        let person = person(around, listed, *mark, phone, order.ended_at, checked.contains(&listed.person));
        // Not only the one before: a household below two points comes twice.
        if let Some(home) = found.iter_mut().find(|home| home.household == listed.household) {
            home.people.push(person);
            continue;
        }
        let key = (listed.point, standing_household(reading, &record.cell, listed.household)?);
        let responsible = threatened.get(&key);
        found.push(DeskRollHousehold {
            household: listed.household,
            address: homes.get(&listed.household).map(|home| around.address(home)).unwrap_or_default(),
            point_name: points.get(&listed.point).map(|point| point.name.clone()).unwrap_or_default(),
            contact_name: responsible.and_then(|one| one.contact_name.as_deref()).map(|name| around.name(name)),
            contact_phone: responsible.and_then(|one| one.contact_phone.as_deref()).map(|phone| around.phone(phone)),
            help_note: responsible.and_then(|one| one.help_note.clone()),
            people: vec![person],
        });
    }
    Ok(found)
}

fn person(
    around: &Surroundings<'_>,
    listed: &Listed,
    mark: Option<&RollCall>,
    phone: Option<String>,
    ended_at: Option<Millis>,
    checked: bool,
) -> DeskRollPerson {
    let said = mark.map_or(Mark::NotContacted, |mark| mark.mark);
    DeskRollPerson {
        person: listed.person,
        name: around.name(&listed.name),
        phone: phone.map(|phone| around.phone(&phone)),
        needs_help: listed.needs_help,
        mark: said,
        said: mark.map(|mark| mark.id),
        at: mark.map(|mark| mark.at),
        note: mark.and_then(|mark| mark.note.clone()),
        late: mark.is_some_and(|mark| ended_at.is_some_and(|ended| mark.at > ended)),
        checked,
        unmoved: said.is_unmoved(),
        not_found: said.is_not_found(),
    }
}

/// Everybody on the roster is looked at: each finds it in the list of who looked.
pub(super) fn looks_of(roll: &DeskRoll) -> Vec<Look> {
    let fields = |person: &DeskRollPerson| {
        let phone = person.phone.is_some().then_some("phone");
        std::iter::once("name").chain(phone).map(str::to_owned).collect()
    };
    let people = roll.households.iter().flat_map(|home| &home.people);
    people.map(|person| Look { of: person.person, fields: fields(person) }).collect()
}
