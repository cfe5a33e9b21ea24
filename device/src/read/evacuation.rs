//! An evacuation as the screens see it: folded over the marks of the register and over those that another phone handed over.

use std::collections::{BTreeMap, HashSet};

use domain::evacuation::{Roll, counts, householder_first, roll};
use domain::kinds::evacuation::{Evacuation, Listed};
use domain::kinds::hazard_point::HazardPoint;
use domain::kinds::roll_call::{Mark, RollCall};
use domain::kinds::threatened_household::ThreatenedHousehold;
use domain::{CellCode, Kind, Record, RecordId};

use super::register::{PersonFacts, Register};
use crate::api::evacuation::{EvacuatedPoint, EvacuationLine, EvacuationPage, RollHousehold, RollPerson, Stranger};
use crate::store::Store;
use crate::{DeviceError, Open};

/// An evacuation with its marks.
pub(crate) struct Evacuating {
    pub(crate) id: RecordId,
    pub(crate) cell: CellCode,
    pub(crate) order: Evacuation,
    pub(crate) marks: Vec<RollCall>,
    /// Another phone handed it over; the register has not got it.
    pub(crate) received: bool,
}

impl Evacuating {
    /// Reads the marks of an evacuation.
    pub(crate) fn of(store: &Store, record: Record) -> Result<Self, DeviceError> {
        let marks = store.all_known(&Kind::RollCall, Some(record.id))?;
        Ok(Self {
            id: record.id,
            order: Evacuation::from(&record),
            marks: marks.iter().filter_map(RollCall::read).collect(),
            received: store.get(record.id)?.is_none(),
            cell: record.cell,
        })
    }

    /// Where everybody is.
    pub(crate) fn roll(&self) -> Roll<'_> {
        roll(&self.order.roster, &self.marks)
    }
}

/// The people who live in a household now, the householder first: who moved out or died does not.
pub(crate) fn lives_here(register: &Register, household: RecordId) -> Vec<&PersonFacts> {
    let household = register.survivor(household);
    let head = register.household(household).and_then(|household| household.head);
    let lives = |person: &&PersonFacts| person.household == Some(household) && !person.left;
    let mut people: Vec<&PersonFacts> = register.people.iter().filter(lives).collect();
    people.sort_by_key(|person| householder_first(person.id, head));
    people
}

/// An evacuation's line in a list.
pub(crate) fn evacuation_line(open: &Open, this: &Evacuating) -> EvacuationLine {
    let Evacuation { reason, level, drill, ordered_at, ended_at, roster, .. } = &this.order;
    let counts = counts(roster, &this.marks, *ordered_at, *ended_at, open.now());
    EvacuationLine {
        id: this.id,
        cell: this.cell.clone(),
        reason: reason.clone(),
        level: level.clone(),
        drill: *drill,
        ordered_at: *ordered_at,
        ended_at: *ended_at,
        totals: this.roll().totals,
        count: counts.into_iter().next().filter(|count| count.open),
        received: this.received,
    }
}

/// The roll-call. Whether it may be ended is for the command to say.
pub(crate) fn evacuation_page(
    open: &Open,
    register: &Register,
    this: &Evacuating,
) -> Result<EvacuationPage, DeviceError> {
    let store = open.store();
    let line = evacuation_line(open, this);
    let roll = this.roll();
    let unsent = mark_ids(
        store,
        "SELECT id FROM record WHERE parent = ?1 AND kind = 'roll_call' AND id IN (SELECT id FROM unsent)",
        this.id,
    )?;
    let handed = mark_ids(
        store,
        "SELECT id FROM received WHERE parent = ?1 AND kind = 'roll_call' AND id NOT IN (SELECT id FROM record)",
        this.id,
    )?;
    let begun = line.count.map(|count| count.from);
    let late = |mark: &RollCall| this.order.ended_at.is_some_and(|ended| mark.at > ended);
    let checked: HashSet<RecordId> =
        this.marks.iter().filter(|mark| begun.is_some_and(|begun| mark.at >= begun)).map(|mark| mark.person).collect();
    let person = |listed: &Listed, mark: Option<&RollCall>| {
        let said = mark.map_or(Mark::NotContacted, |mark| mark.mark);
        RollPerson {
            person: listed.person,
            name: listed.name.clone(),
            phone: register.person(listed.person).and_then(|person| person.phone.clone()),
            needs_help: listed.needs_help,
            mark: said,
            at: mark.map(|mark| mark.at),
            by: mark.and_then(|mark| mark.by.clone()),
            note: mark.and_then(|mark| mark.note.clone()),
            late: mark.is_some_and(late),
            received: mark.is_some_and(|mark| handed.contains(&mark.id)),
            sent: mark.is_none_or(|mark| !unsent.contains(&mark.id) && !handed.contains(&mark.id)),
            checked: checked.contains(&listed.person),
            unmoved: said.is_unmoved(),
            not_found: said.is_not_found(),
        }
    };
    let points = points(store, &this.order)?;
    let threatened = threatened(store, register, &this.order)?;
    let mut households: Vec<RollHousehold> = Vec::new();
    for (listed, mark) in &roll.people {
        if let Some(household) = households.iter_mut().find(|household| household.household == listed.household) {
            household.people.push(person(listed, *mark));
            continue;
        }
        let record = threatened.get(&(listed.point, register.survivor(listed.household)));
        households.push(RollHousehold {
            household: listed.household,
            address: register.household_address(listed.household),
            point_name: points.iter().find(|p| p.id == listed.point).map(|p| p.name.clone()).unwrap_or_default(),
            contact_name: record.and_then(|record| record.contact_name.clone()),
            contact_phone: record.and_then(|record| record.contact_phone.clone()),
            help_note: record.and_then(|record| record.help_note.clone()),
            people: vec![person(listed, *mark)],
        });
    }
    let stranger = |mark: &&RollCall| Stranger {
        person: mark.person,
        name: register.person(mark.person).map(|person| person.name.clone()),
        mark: mark.mark,
        at: mark.at,
    };
    let Evacuation { roster, ordered_at, ended_at, by, .. } = &this.order;
    Ok(EvacuationPage {
        by: by.clone(),
        points,
        households,
        strangers: roll.strangers.iter().map(stranger).collect(),
        counts: counts(roster, &this.marks, *ordered_at, *ended_at, open.now()),
        late: roll.people.iter().filter(|(_, mark)| mark.is_some_and(late)).count(),
        received_marks: handed.len(),
        may_end: false,
        line,
    })
}

fn points(store: &Store, order: &Evacuation) -> Result<Vec<EvacuatedPoint>, DeviceError> {
    let mut points = Vec::new();
    for id in &order.points {
        let Some(record) = store.known(*id)?.filter(|record| record.kind == Kind::HazardPoint) else { continue };
        let point = HazardPoint::from(&record);
        points.push(EvacuatedPoint {
            id: *id,
            name: point.name,
            monitor_name: point.monitor_name,
            monitor_phone: point.monitor_phone,
            route: point.route,
            shelter: point.shelter,
        });
    }
    Ok(points)
}

/// Who is responsible for which household at which point.
fn threatened(
    store: &Store,
    register: &Register,
    order: &Evacuation,
) -> Result<BTreeMap<(RecordId, RecordId), ThreatenedHousehold>, DeviceError> {
    let mut found = BTreeMap::new();
    for point in &order.points {
        for record in store.all_known(&Kind::ThreatenedHousehold, Some(*point))? {
            let threatened = ThreatenedHousehold::from(&record);
            if let Some(household) = threatened.household.filter(|_| !record.is_deleted()) {
                found.insert((*point, register.survivor(household)), threatened);
            }
        }
    }
    Ok(found)
}

fn mark_ids(store: &Store, sql: &str, evacuation: RecordId) -> Result<HashSet<RecordId>, DeviceError> {
    let mut statement = store.connection().prepare_cached(sql)?;
    let ids = statement.query_map([evacuation.to_string()], |row| row.get::<_, String>(0))?;
    Ok(ids.filter_map(|id| id.ok()?.parse().ok()).collect())
}
