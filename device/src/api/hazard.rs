//! Hazard points and the households that they threaten.

use std::collections::BTreeSet;

use domain::kinds::hazard_point::HazardPoint;
use domain::kinds::threatened_household::ThreatenedHousehold;
use domain::validate::today;
use domain::{CellCode, Fields, Kind, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use super::conflict::ConflictLine;
use super::record::{OfRecord, Saved};
use super::review::ReviewInfo;
use super::{Failure, Nothing, conflict, found};
use crate::read::{Register, lives_here, natural, review_info};
use crate::{Device, DeviceError, Open};

/// A hazard point in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct HazardPointLine {
    /// The point.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// What it is called.
    pub name: String,
    /// Code of the kind.
    pub hazard_kind: String,
    /// Where it is, in words.
    pub place: Option<String>,
    /// Who watches it.
    pub monitor_name: Option<String>,
    /// Whom to ring.
    pub monitor_phone: Option<String>,
    /// Households that it threatens.
    pub households: usize,
    /// People who live in them now.
    pub people: usize,
    /// It threatens nobody any more.
    pub retired: bool,
    /// Another phone handed it over; it has not come from the server yet, and is not changed here.
    pub received: bool,
}

/// A household that a point threatens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ThreatenedLine {
    /// The record that says so.
    pub id: RecordId,
    /// The household.
    pub household_id: Option<RecordId>,
    /// Written out.
    pub address: String,
    /// The householder.
    pub head_name: Option<String>,
    /// Whom to ring at home.
    pub phone: Option<String>,
    /// The people who live there now.
    pub people: Vec<String>,
    /// Somebody needs help moving.
    pub needs_help: bool,
    /// What help.
    pub help_note: Option<String>,
    /// Who brings them to safety.
    pub contact_name: Option<String>,
    /// Their telephone.
    pub contact_phone: Option<String>,
    /// Day on which the card was handed out.
    pub card_issued_on: Option<String>,
    /// Another phone handed it over; it is not changed here.
    pub received: bool,
}

/// A hazard point with everything at it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct HazardPointPage {
    /// The point.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub point: HazardPoint,
    /// The households, door after door.
    pub households: Vec<ThreatenedLine>,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
    /// Another phone handed it over; it has not come from the server yet, and is not changed here.
    pub received: bool,
}

/// Says that a point threatens a household.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct ThreatenArgs {
    /// The point.
    pub hazard_point: RecordId,
    /// The household.
    pub household: RecordId,
    /// Somebody needs help moving.
    pub needs_help: Option<bool>,
    /// Who brings them to safety.
    pub contact_name: Option<String>,
    /// Their telephone.
    pub contact_phone: Option<String>,
}

pub(super) fn hazard_points(device: &Device, _: Nothing) -> Result<Vec<HazardPointLine>, Failure> {
    device.with_open(|open: &mut Open| {
        let register = Register::whole(open)?;
        let store = open.store();
        let mut lines = Vec::new();
        let threatened = store.all_known(&Kind::ThreatenedHousehold, None)?;
        for record in store.all_known(&Kind::HazardPoint, None)?.iter().filter(|record| !record.is_deleted()) {
            let point = HazardPoint::from(record);
            let here = |threatened: &&Record| {
                !threatened.is_deleted() && threatened.reference("hazard_point") == Some(record.id)
            };
            let households: BTreeSet<RecordId> = threatened
                .iter()
                .filter(here)
                .filter_map(|record| Some(register.survivor(record.reference("household")?)))
                .collect();
            lines.push(HazardPointLine {
                id: record.id,
                cell: record.cell.clone(),
                name: point.name,
                hazard_kind: point.hazard_kind,
                place: point.place,
                monitor_name: point.monitor_name,
                monitor_phone: point.monitor_phone,
                people: households.iter().map(|household| lives_here(&register, *household).len()).sum(),
                households: households.len(),
                retired: point.retired_on.is_some(),
                received: store.get(record.id)?.is_none(),
            });
        }
        lines.sort_by_cached_key(|line| (line.retired, std::cmp::Reverse(line.people), natural(&line.name), line.id));
        Ok(lines)
    })
}

pub(super) fn hazard_point(device: &Device, args: OfRecord) -> Result<HazardPointPage, Failure> {
    device.with_open(|open: &mut Open| {
        let register = Register::whole(open)?;
        let store = open.store();
        let record = store.known(args.id)?.filter(|record| record.kind == Kind::HazardPoint && !record.is_deleted());
        let record = record.ok_or_else(Failure::not_found)?;
        let mut households = Vec::new();
        // Two entries for one household, or two that turned out to be one, are one threatened household.
        let mut listed = BTreeSet::new();
        for threatened in store.all_known(&Kind::ThreatenedHousehold, Some(record.id))? {
            let household = threatened.reference("household").map(|id| register.survivor(id));
            if !threatened.is_deleted() && household.is_none_or(|household| listed.insert(household)) {
                households.push(line(open, &register, &threatened)?);
            }
        }
        households.sort_by_cached_key(|line| (natural(&line.address), line.id));
        Ok(HazardPointPage {
            id: record.id,
            cell: record.cell.clone(),
            point: HazardPoint::from(&record),
            households,
            review: review_info(store, &record)?,
            conflicts: conflict::lines(open, &record)?,
            sent: store.is_sent(record.id)?,
            received: store.get(record.id)?.is_none(),
        })
    })
}

fn line(open: &Open, register: &Register, record: &Record) -> Result<ThreatenedLine, DeviceError> {
    let threatened = ThreatenedHousehold::from(record);
    let household = threatened.household.and_then(|id| register.household(id));
    let head = household.and_then(|household| household.head).and_then(|head| register.person(head));
    let people = threatened.household.into_iter().flat_map(|id| lives_here(register, id));
    Ok(ThreatenedLine {
        id: record.id,
        household_id: household.map(|household| household.id),
        address: threatened.household.map(|id| register.household_address(id)).unwrap_or_default(),
        head_name: head.map(|head| head.name.clone()),
        phone: household
            .and_then(|household| household.contact_phone.clone())
            .or_else(|| head.and_then(|head| head.phone.clone())),
        people: people.map(|person| person.name.clone()).collect(),
        needs_help: threatened.needs_help,
        help_note: threatened.help_note,
        contact_name: threatened.contact_name,
        contact_phone: threatened.contact_phone,
        card_issued_on: threatened.card_issued_on,
        received: open.store().get(record.id)?.is_none(),
    })
}

pub(super) fn threaten(device: &Device, args: ThreatenArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let point = found(open, args.hazard_point, &Kind::HazardPoint)?;
        let household = open.store().get(args.household)?;
        let lives = |household: &Record| {
            household.kind == Kind::Household && !household.is_deleted() && household.cell == point.cell
        };
        if !household.as_ref().is_some_and(lives) {
            return Err(Failure::problem("household", ProblemCode::MissingTarget));
        }
        let text = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let given = [
            ("hazard_point", Some(json!(point.id))),
            ("household", Some(json!(args.household))),
            ("needs_help", args.needs_help.map(|needs| json!(needs))),
            ("contact_name", text(args.contact_name).map(Value::String)),
            ("contact_phone", text(args.contact_phone).map(|phone| json!(domain::phone::normalise(&phone)))),
        ];
        let mut fields: Fields =
            given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        // Said before, and perhaps taken back: it is said again, not twice.
        let all = open
            .store()
            .records("parent = ?1 AND kind = 'threatened_household' ORDER BY deleted, id", [point.id.to_string()])?;
        let before = all.into_iter().find(|record| record.reference("household") == Some(args.household));
        if before.as_ref().is_some_and(Record::is_deleted) {
            fields.insert("deleted".to_owned(), Value::Bool(false));
        }
        let id = open.write(&Kind::ThreatenedHousehold, before.map(|record| record.id), Some(&point.cell), fields)?;
        Ok(Saved { id, warnings: Vec::new() })
    })
}

pub(super) fn issue_card(device: &Device, args: OfRecord) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::ThreatenedHousehold)?;
        let issued = ThreatenedHousehold::from(&record).card_issued_on.is_some();
        let day = if issued { Value::Null } else { json!(today(open.now()).to_string()) };
        let fields = Fields::from([("card_issued_on".to_owned(), day)]);
        let id = open.write(&Kind::ThreatenedHousehold, Some(record.id), None, fields)?;
        Ok(Saved { id, warnings: Vec::new() })
    })
}
