//! Evacuations: ordering one, the roll-call as the screens show it, ending it.

use domain::evacuation::{Count, OrderWords, Threatened, Totals, orders};
use domain::kinds::evacuation::Evacuation;
use domain::kinds::roll_call::Mark;
use domain::kinds::threatened_household::ThreatenedHousehold;
use domain::scope::{Action, allowed};
use domain::{CellCode, Fields, Kind, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::record::{OfRecord, Saved};
use super::{Failure, Nothing, found};
use crate::read::{Evacuating, Register, evacuation_line, evacuation_page, lives_here};
use crate::{Device, DeviceError, Open};

/// An evacuation in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EvacuationLine {
    /// The evacuation.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Why.
    pub reason: String,
    /// Code of the warning's colour.
    pub level: String,
    /// An exercise.
    pub drill: bool,
    /// When it was ordered.
    #[ts(type = "number")]
    pub ordered_at: i64,
    /// When it was ended.
    #[ts(type = "number | null")]
    pub ended_at: Option<i64>,
    /// Where everybody is.
    pub totals: Totals,
    /// The count that is going on, while the order stands.
    pub count: Option<Count>,
    /// Another phone handed it over; it has not come from the server yet.
    pub received: bool,
}

/// The evacuations of this phone's cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EvacuationList {
    /// Those that stand, real ones before exercises.
    pub standing: Vec<EvacuationLine>,
    /// Those that were ended, the latest first.
    pub past: Vec<EvacuationLine>,
    /// Whether this account may order and end one.
    pub may_order: bool,
}

/// A hazard point of an evacuation: what its card says too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EvacuatedPoint {
    /// The point.
    pub id: RecordId,
    /// What it is called.
    pub name: String,
    /// Who watches it.
    pub monitor_name: Option<String>,
    /// Whom to ring.
    pub monitor_phone: Option<String>,
    /// The way out.
    pub route: Option<String>,
    /// Where to.
    pub shelter: Option<String>,
}

/// Somebody in a roll-call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct RollPerson {
    /// The resident.
    pub person: RecordId,
    /// Their name, as it was when the order was given.
    pub name: String,
    /// Whom to ring.
    pub phone: Option<String>,
    /// Needs help moving.
    pub needs_help: bool,
    /// The mark that stands.
    pub mark: Mark,
    /// When it was made; nobody marked them yet otherwise.
    #[ts(type = "number | null")]
    pub at: Option<i64>,
    /// Who made it: an account.
    pub by: Option<String>,
    /// In words.
    pub note: Option<String>,
    /// It was made after the order was ended.
    pub late: bool,
    /// It came from another phone and has not come from the server yet.
    pub received: bool,
    /// The server has it, or it came from there.
    pub sent: bool,
    /// Marked in the part of the day that is going on.
    pub checked: bool,
    /// Still to be brought to safety.
    pub unmoved: bool,
    /// Nobody knows yet where they are.
    pub not_found: bool,
}

/// A household in a roll-call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct RollHousehold {
    /// The household.
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
    pub people: Vec<RollPerson>,
}

/// A mark of somebody who is not on the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Stranger {
    /// The resident.
    pub person: RecordId,
    /// Their name, if this phone knows them.
    pub name: Option<String>,
    /// What the mark says.
    pub mark: Mark,
    /// When it was made.
    #[ts(type = "number")]
    pub at: i64,
}

/// The roll-call of an evacuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct EvacuationPage {
    /// What lists show of it.
    pub line: EvacuationLine,
    /// Who ordered it: an account.
    pub by: Option<String>,
    /// The points that it is for.
    pub points: Vec<EvacuatedPoint>,
    /// The people, household by household.
    pub households: Vec<RollHousehold>,
    /// Marks of people who are not on the roster: they count nowhere.
    pub strangers: Vec<Stranger>,
    /// The counts of every day, the latest first.
    pub counts: Vec<Count>,
    /// Standing marks that were made after the order was ended.
    pub late: usize,
    /// Marks that came from another phone and have not come from the server yet.
    pub received_marks: usize,
    /// Whether this account may end it on this phone.
    pub may_end: bool,
}

/// Orders an evacuation.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OrderArgs {
    /// The hazard points that it is for.
    pub points: Vec<RecordId>,
    /// Why.
    pub reason: String,
    /// Code of the warning's colour.
    pub level: String,
    /// An exercise.
    pub drill: bool,
}

/// What was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Ordered {
    /// One evacuation for each cell.
    pub ids: Vec<RecordId>,
}

pub(super) fn evacuations(device: &Device, _: Nothing) -> Result<EvacuationList, Failure> {
    device.with_open(|open: &mut Open| {
        let (mut standing, mut past) = (Vec::new(), Vec::new());
        for record in open.store().all_known(&Kind::Evacuation, None)?.into_iter().filter(|it| !it.is_deleted()) {
            let line = evacuation_line(open, &Evacuating::of(open.store(), record)?);
            if line.ended_at.is_some() { past.push(line) } else { standing.push(line) }
        }
        standing.sort_by_key(|line| (line.drill, std::cmp::Reverse(line.ordered_at), line.id));
        past.sort_by_key(|line| (std::cmp::Reverse(line.ended_at), line.id));
        Ok(EvacuationList { standing, past, may_order: may_order(open) })
    })
}

pub(super) fn evacuation(device: &Device, args: OfRecord) -> Result<EvacuationPage, Failure> {
    device.with_open(|open: &mut Open| {
        let register = Register::whole(open)?;
        let this = standing(open, args.id)?;
        let may_end = may_order(open) && this.order.ended_at.is_none() && !this.received;
        Ok(EvacuationPage { may_end, ..evacuation_page(open, &register, &this)? })
    })
}

fn may_order(open: &Open) -> bool {
    allowed(open.account().role, Action::Write, &Kind::Evacuation)
}

pub(super) fn standing(open: &Open, id: RecordId) -> Result<Evacuating, Failure> {
    let record = open.store().known(id)?.filter(|record| record.kind == Kind::Evacuation && !record.is_deleted());
    Ok(Evacuating::of(open.store(), record.ok_or_else(Failure::not_found)?)?)
}

pub(super) fn order(device: &Device, args: OrderArgs) -> Result<Ordered, Failure> {
    device.with_open(|open: &mut Open| {
        let mut points = Vec::new();
        for point in &args.points {
            let point = found(open, *point, &Kind::HazardPoint);
            let point = point.map_err(|_| Failure::problem("points", ProblemCode::MissingTarget))?;
            points.push((point.cell, point.id));
        }
        let threatened = threatened(open, &points)?;
        let orders = orders(&points, &threatened).map_err(|problem| Failure::invalid(vec![problem]))?;
        let by = open.account().account.clone();
        let words = OrderWords { reason: &args.reason, level: &args.level, drill: args.drill, at: open.now(), by: &by };
        let orders = orders.into_iter().map(|order| (order.cell.clone(), order.fields(words))).collect();
        // All of them or none: ordering once more after half of them would order that half twice.
        Ok(Ordered { ids: open.create_several(&Kind::Evacuation, orders)? })
    })
}

/// The households that these points threaten, with who lives there.
fn threatened(open: &mut Open, points: &[(CellCode, RecordId)]) -> Result<Vec<Threatened>, DeviceError> {
    let register = Register::whole(open)?;
    let mut found = Vec::new();
    for (_, point) in points {
        for record in open.store().all_known(&Kind::ThreatenedHousehold, Some(*point))? {
            let this = ThreatenedHousehold::from(&record);
            let Some(household) = this.household.filter(|_| record.is_present()) else { continue };
            let household = register.survivor(household);
            let people = lives_here(&register, household);
            found.push(Threatened {
                point: *point,
                household,
                address: register.household_address(household),
                needs_help: this.needs_help,
                head: register.households.get(&household).and_then(|household| household.head),
                people: people.iter().map(|person| (person.id, person.name.clone())).collect(),
            });
        }
    }
    Ok(found)
}

pub(super) fn end(device: &Device, args: OfRecord) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Evacuation)?;
        if Evacuation::from(&record).ended_at.is_none() {
            let fields = Fields::from([("ended_at".to_owned(), json!(open.now()))]);
            open.write(&Kind::Evacuation, Some(record.id), None, fields)?;
        }
        Ok(Saved { id: record.id, warnings: Vec::new() })
    })
}
