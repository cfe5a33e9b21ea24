//! Today: what came back, which doors wait longest, what was done today.

use std::collections::BTreeMap;

use domain::china::start_of_day;
use domain::kinds::review::Review;
use domain::review::ReviewState;
use domain::world::Millis;
use domain::{Kind, Record, RecordId};
use serde::Serialize;
use ts_rs::TS;

use super::care::CareLine;
use super::conflict::ConflictItem;
use super::incident::IncidentLine;
use super::notice::NoticeLine;
use super::refused::RefusedItem;
use super::review::ReviewInfo;
use super::task::TaskLine;
use super::visit::VisitLine;
use super::{Failure, Nothing, care, conflict, notice, refused, task};
use crate::read::{
    HouseholdFacts, MET_LATELY, OVERDUE, Places, Register, incidents_returned, incidents_to_verify, is_shown, natural,
    review_info, review_state, reviews_of, visit_line,
};
use crate::{Device, DeviceError, Open};

/// A record that the supervisor returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ReturnedItem {
    /// The record.
    pub record_id: RecordId,
    /// What it is about.
    pub kind: Kind,
    /// Its name.
    pub title: String,
    /// Where.
    pub subtitle: String,
    /// A remark on the whole.
    pub note: Option<String>,
    /// Remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// When, by the server's clock.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
}

/// A household that was not met for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct DoorLine {
    /// The household.
    pub household_id: RecordId,
    /// Behind which door.
    pub dwelling_id: Option<RecordId>,
    /// Written out.
    pub address: String,
    /// The householder.
    pub head_name: Option<String>,
    /// When somebody was last met.
    pub last_met: Option<i64>,
    /// Code of the latest visit's result.
    pub latest_result: Option<String>,
}

/// The numbers on top. They count places and cases, never people's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct TodayCounts {
    /// Households in the register.
    pub households: i64,
    /// Met within 30 days.
    pub met_30d: i64,
    /// Not met for 90 days or more, or never.
    pub not_met_90d: i64,
    /// Own visits of today.
    pub visits_today: i64,
    /// Incidents that the supervisor has not approved yet.
    pub incidents_open: i64,
}

/// The first screen.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Today {
    /// Returned by the supervisor: the worker's turn.
    pub returned: Vec<ReturnedItem>,
    /// Changed by two people who did not know of each other.
    pub conflicts: Vec<ConflictItem>,
    /// Refused by the server.
    pub not_sent: Vec<RefusedItem>,
    /// Incidents whose result somebody should look at on the spot.
    pub to_verify: Vec<IncidentLine>,
    /// The numbers on top.
    pub counts: TodayCounts,
    /// At most twenty households, longest not met first.
    pub due_doors: Vec<DoorLine>,
    /// Own visits of today, newest first.
    pub recent: Vec<VisitLine>,
    /// Warnings that count today, the most urgent first.
    pub warnings: Vec<NoticeLine>,
    /// Own care plans that ask for a visit today: missed checks first.
    pub care: Vec<CareLine>,
    /// Tasks that nobody has reported yet.
    pub tasks: Vec<TaskLine>,
}

const DUE_DOORS_MAX: usize = 20;
const RECENT_MAX: usize = 100;

pub(super) fn today(device: &Device, _: Nothing) -> Result<Today, Failure> {
    device.with_open(|open: &mut Open| {
        let register = Register::whole(open)?;
        let now = open.now();
        let recent = recent(open, now)?;
        let met = |household: &&HouseholdFacts, within: Millis| met_within(household, now, within);
        let households = || register.households.values();
        let standing = recent.iter().filter(|visit| !visit.replaced).count();
        let counts = TodayCounts {
            households: count(households().count()),
            met_30d: count(households().filter(|household| met(household, MET_LATELY)).count()),
            not_met_90d: count(households().filter(|household| !met(household, OVERDUE)).count()),
            visits_today: count(standing),
            incidents_open: incidents_open(open)?,
        };
        let due_doors = due_doors(&register, now);
        Ok(Today {
            returned: returned(open)?,
            conflicts: conflict::items(open)?,
            not_sent: refused::items(open)?,
            counts,
            due_doors,
            recent,
            warnings: notice::warnings(open)?,
            care: care::due_today(open)?,
            tasks: task::open_tasks(open)?,
            to_verify: incidents_to_verify(open)?,
        })
    })
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

/// Whether somebody was met lately enough.
pub(super) fn met_within(household: &HouseholdFacts, now: Millis, within: Millis) -> bool {
    household.history.last_met.is_some_and(|at| now - at < within)
}

/// Who was not met for longest: those never met first, door after door. Where somebody tried today, nobody needs to go again.
fn due_doors(register: &Register, now: Millis) -> Vec<DoorLine> {
    let morning = start_of_day(now);
    let due = |household: &&HouseholdFacts| {
        let tried_today = household.history.latest.as_ref().is_some_and(|(at, _)| *at >= morning);
        !met_within(household, now, MET_LATELY) && !tried_today && household.people > 0
    };
    let mut due: Vec<&HouseholdFacts> = register.households.values().filter(due).collect();
    due.sort_by_cached_key(|household| {
        let address = register.household_address(household.id);
        (household.history.last_met, natural(&address), household.id)
    });
    let line = |household: &HouseholdFacts| DoorLine {
        household_id: household.id,
        dwelling_id: household.dwelling,
        address: register.household_address(household.id),
        head_name: register.head_name(household),
        last_met: household.history.last_met,
        latest_result: household.history.latest.as_ref().map(|(_, result)| result.clone()),
    };
    due.into_iter().take(DUE_DOORS_MAX).map(line).collect()
}

/// Own visits since the morning, newest first.
fn recent(open: &Open, now: Millis) -> Result<Vec<VisitLine>, DeviceError> {
    let store = open.store();
    let mut places = Places::new(store);
    let own = open.account().account.as_str();
    let visits =
        store.records("kind = 'visit' AND at >= ?1 AND deleted = 0 ORDER BY at DESC, id DESC", [start_of_day(now)])?;
    let visits = visits.iter().filter(|visit| visit.text("by") == Some(own)).take(RECENT_MAX);
    visits.filter_map(|visit| visit_line(store, &mut places, visit).transpose()).collect()
}

fn incidents_open(open: &Open) -> Result<i64, DeviceError> {
    let reviews = reviews_of(open.store(), &Kind::Incident)?;
    let none = Vec::new();
    let waits = |record: &&Record| {
        let reviews = reviews.get(&record.id).unwrap_or(&none);
        domain::review::state(record, reviews) != ReviewState::Approved
    };
    Ok(count(open.store().of_kind(&Kind::Incident, None)?.iter().filter(waits).count()))
}

/// What the supervisor returned in the version that stands: the latest first. A colleague's own words are left to the colleague.
pub(super) fn returned(open: &Open) -> Result<Vec<ReturnedItem>, DeviceError> {
    const SQL: &str =
        "kind = 'review' AND deleted = 0 AND body ->> '$.fields.verdict' = 'returned' ORDER BY at DESC, id DESC";
    let store = open.store();
    let mut places = Places::new(store);
    let own = open.account().account.as_str();
    let mut seen = std::collections::HashSet::new();
    let mut items = Vec::new();
    for review in store.records(SQL, [])? {
        let Some(target) = Review::from(&review).target.filter(|target| seen.insert(*target)) else { continue };
        let Some(record) = store.get(target)?.filter(Record::is_present) else { continue };
        let another = record.text("by").is_some_and(|by| by != own);
        if another
            || !is_shown(open, &record)
            || review_state(store, &record)? != ReviewState::Returned
            || is_corrected(open, &mut places, &record)?
        {
            continue;
        }
        let ReviewInfo { note, remarks, at, by, .. } = review_info(store, &record)?;
        items.push(came_back(&mut places, record, (note, remarks), (at.unwrap_or_default(), by))?);
    }
    items.extend(sent_back(open, &mut places, &items)?);
    Ok(items)
}

/// A record that came back: what was remarked on the whole and on single fields, when, and by whom.
fn came_back(
    places: &mut Places<'_>,
    record: Record,
    (note, remarks): (Option<String>, BTreeMap<String, String>),
    (at, by): (Millis, Option<String>),
) -> Result<ReturnedItem, DeviceError> {
    let (title, subtitle) = (places.title(&record.kind, &record.fields)?, places.subtitle(&record)?);
    Ok(ReturnedItem { record_id: record.id, kind: record.kind, title, subtitle, note, remarks, at, by })
}

/// Own incidents that a step of the loop sent back, unless a review says it already.
fn sent_back(open: &Open, places: &mut Places<'_>, known: &[ReturnedItem]) -> Result<Vec<ReturnedItem>, DeviceError> {
    let mut items = Vec::new();
    for (record, step) in incidents_returned(open)? {
        if known.iter().any(|item| item.record_id == record.id) {
            continue;
        }
        items.push(came_back(places, record, (step.opinion, BTreeMap::new()), (step.at, step.by))?);
    }
    items.sort_by_key(|item| std::cmp::Reverse((item.at, item.record_id)));
    Ok(items)
}

/// A visit cannot be edited: a new one that names it is its correction.
fn is_corrected(open: &Open, places: &mut Places<'_>, record: &Record) -> Result<bool, DeviceError> {
    if record.kind != Kind::Visit {
        return Ok(false);
    }
    Ok(visit_line(open.store(), places, record)?.is_some_and(|line| line.replaced))
}
