//! Coverage (不漏一户): where nobody was met for long, whose care visit is due, which hazard points had no drill, whom nobody told.
//! Places are listed by their code and never ranked; every number opens the list of records behind it.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use chrono::{Datelike, NaiveDate};
use domain::care::{CareCheck, CareStanding, check};
use domain::codes::Lists;
use domain::kinds::care_plan::CarePlan;
use domain::kinds::evacuation::Evacuation;
use domain::kinds::notice::Notice;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::report::{Counts, Period, What};
use domain::scope::{Action, Actor, allowed};
use domain::validate::today;
use domain::world::Millis;
use domain::{CellCode, Kind, Record, RecordId, Scope, mask};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::refused;
use super::titles::Surroundings;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};
use crate::hub::reports::{below, place_for, rolled_up};
use crate::hub::{CountyHub, HubError};
use crate::store::{CaredFor, Reading, Store as _, StoreError};

/// After so many days without a meeting a household stands in the next column.
const UNMET_DAYS: [i64; 4] = [30, 60, 90, 180];

const DAY: Millis = 24 * 60 * 60 * 1000;

/// At most so many lines of a list; the page says when there are more.
const LINES_MAX: usize = 200;

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CoverageMatter {
    /// Households that nobody met for 30 days.
    #[serde(rename = "unmet_30")]
    Unmet30,
    /// For 60 days.
    #[serde(rename = "unmet_60")]
    Unmet60,
    /// For 90 days.
    #[serde(rename = "unmet_90")]
    Unmet90,
    /// For 180 days.
    #[serde(rename = "unmet_180")]
    Unmet180,
    /// Households that were never met.
    Never,
    /// Care plans that ask for a visit today.
    CareWaiting,
    /// Care plans whose visit is overdue by more than the level allows.
    CareMissed,
    /// Hazard points.
    Points,
    /// Hazard points without a drill in the last twelve months.
    PointsWithoutDrill,
    /// Notices that not every household was told of.
    NotTold,
}

/// What stands in one place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct PlaceCoverage {
    /// Its code.
    pub place: String,
    /// Its name.
    pub name: String,
    /// Households in the register.
    #[ts(type = "number")]
    pub households: i64,
    /// Of these, not met for 30, 60, 90 and 180 days; those never met are among them.
    #[ts(type = "[number, number, number, number]")]
    pub unmet: [i64; 4],
    /// Never met.
    #[ts(type = "number")]
    pub never: i64,
    /// Care plans that go on.
    #[ts(type = "number")]
    pub plans: i64,
    /// Of these, a visit is due today or overdue.
    #[ts(type = "number")]
    pub care_waiting: i64,
    /// Of these, overdue by more than the level allows.
    #[ts(type = "number")]
    pub care_missed: i64,
    /// Hazard points that threaten somebody.
    #[ts(type = "number")]
    pub points: i64,
    /// Of these, without a drill in the last twelve months.
    #[ts(type = "number")]
    pub points_without_drill: i64,
    /// Households to be told of the notices that stand, once for each notice.
    #[ts(type = "number")]
    pub to_tell: i64,
    /// Of these, told.
    #[ts(type = "number")]
    pub told: i64,
    /// Care visits that were due in the month so far.
    #[ts(type = "number")]
    pub care_due: i64,
    /// Of these, made.
    #[ts(type = "number")]
    pub care_done: i64,
}

/// A place and the places right below it, by code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct Coverage {
    /// When it was counted.
    #[ts(type = "number")]
    pub at: Millis,
    /// The place that was asked for.
    pub place: PlaceCoverage,
    /// The places right below it.
    pub below: Vec<PlaceCoverage>,
    /// Whether the session may see the lists behind the numbers.
    pub lists: bool,
}

/// A record behind a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct CoverageLine {
    /// The record.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub id: RecordId,
    /// Its address, or what it is called.
    pub title: String,
    /// Whose door it is, masked; the place.
    pub subtitle: String,
    /// When somebody was met there last, if ever.
    #[ts(type = "number | null")]
    pub met_at: Option<Millis>,
    /// Days overdue, of a care visit; households not told, of a notice.
    #[ts(type = "number | null")]
    pub n: Option<i64>,
}

/// The records behind a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct CoverageList {
    /// The records: what waits longest first.
    pub lines: Vec<CoverageLine>,
    /// There are more than these.
    pub more: bool,
}

/// Which place.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CoverageAsked {
    /// Its code; without one the session's first scope.
    place: Option<String>,
}

/// Which list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CoverageListAsked {
    /// The place's code.
    place: String,
    /// What it is of.
    #[param(inline)]
    matter: CoverageMatter,
}

/// How well a place and those below it are covered, now.
#[utoipa::path(get, path = "/desk/api/coverage", tag = "desk", security(("desk" = [])), params(CoverageAsked),
    responses((status = 200, body = Coverage), (status = "4XX", body = ErrorBody)))]
pub(super) async fn coverage(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    asked: Result<Query<CoverageAsked>, QueryRejection>,
) -> Result<Json<Coverage>, ApiError> {
    let not_found = || refused(CallRefusal::NotFound);
    let Query(asked) = asked.map_err(|_| not_found())?;
    let place = match asked.place {
        Some(code) => Scope::new(&code).map_err(|_| not_found())?,
        None => desk.actor.scopes.first().cloned().ok_or_else(not_found)?,
    };
    Ok(Json(blocking(&app, move |hub| coverage_of(hub, &desk.actor, &place)).await?))
}

/// The records behind a number of the coverage.
#[utoipa::path(get, path = "/desk/api/coverage/list", tag = "desk", security(("desk" = [])), params(CoverageListAsked),
    responses((status = 200, body = CoverageList), (status = "4XX", body = ErrorBody)))]
pub(super) async fn coverage_list(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    asked: Result<Query<CoverageListAsked>, QueryRejection>,
) -> Result<Json<CoverageList>, ApiError> {
    let Query(asked) = asked.map_err(|_| refused(CallRefusal::NotFound))?;
    let place = Scope::new(&asked.place).map_err(|_| refused(CallRefusal::NotFound))?;
    Ok(Json(blocking(&app, move |hub| list_of(hub, &desk.actor, &place, asked.matter)).await?))
}

/// Whether somebody sees the records behind the numbers, not the numbers alone.
fn sees_lists(actor: &Actor) -> bool {
    [Kind::Household, Kind::CarePlan, Kind::HazardPoint, Kind::Notice]
        .iter()
        .all(|kind| allowed(actor.role, Action::Read, kind))
}

fn coverage_of(hub: &CountyHub, actor: &Actor, place: &Scope) -> Result<Coverage, HubError> {
    place_for(actor, place)?;
    let (now, lists) = (hub.now(), hub.lists());
    hub.store().read(|reading| {
        let mut cells = BTreeMap::<CellCode, PlaceCoverage>::new();
        for homes in reading.homes(place, UNMET_DAYS.map(|days| now - days * DAY))? {
            let cell = cells.entry(homes.cell).or_default();
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            (cell.households, cell.never, cell.unmet) =
                (number(homes.households), number(homes.never), homes.unmet.map(number));
        }
        count_care(reading, place, (now, &lists), &mut cells)?;
        for (point, drilled) in points(reading, place, now)? {
            let cell = cells.entry(point.cell).or_default();
            cell.points += 1;
            cell.points_without_drill += i64::from(!drilled);
        }
        for (notice, told) in notices(reading, place, now)? {
            let cell = cells.entry(notice.cell).or_default();
            cell.to_tell += cell.households;
            cell.told += told.min(cell.households);
        }
        Ok(rolled(reading, place, now, sees_lists(actor), &cells)?)
    })
}

/// The care plans: what they ask for today, and how the month stands so far.
fn count_care(
    reading: &dyn Reading,
    place: &Scope,
    (now, lists): (Millis, &Lists),
    cells: &mut BTreeMap<CellCode, PlaceCoverage>,
) -> Result<(), StoreError> {
    let day = today(now);
    let month = day.with_day(1).and_then(|first| Period::new(first, day));
    for (plan, cared_for) in plans(reading, place, now)? {
        let standing = standing_of(&plan, &cared_for, lists, day);
        let cell = cells.entry(plan.cell.clone()).or_default();
        cell.plans += i64::from(standing.standing != CareStanding::Ended);
        cell.care_waiting += i64::from(standing.is_due());
        cell.care_missed += i64::from(standing.standing == CareStanding::Missed);
        let Some(month) = month else { continue };
        let mut counts = Counts::default();
        let days = cared_for.met.into_iter().map(today).collect();
        counts.extend(domain::report::of_care_plan(&plan, cared_for.left_on, &days, lists.care, month));
        cell.care_due += counts.total(What::CareDue);
        cell.care_done += counts.total(What::CareDone);
    }
    Ok(())
}

/// What a plan asks for today.
fn standing_of(plan: &Record, cared_for: &CaredFor, lists: &Lists, day: NaiveDate) -> CareCheck {
    let plan = CarePlan::from(plan).until_left(cared_for.left_on);
    check(&plan, cared_for.met.iter().max().copied(), lists.care, day)
}

/// The care plans of a place, each with whom it is for.
fn plans(reading: &dyn Reading, place: &Scope, now: Millis) -> Result<Vec<(Record, CaredFor)>, StoreError> {
    let county = place.county();
    let mut found = Vec::new();
    for plan in reading.few(place, &Kind::CarePlan)? {
        let plan = plan.record;
        let Some(person) = plan.reference("person").filter(|_| !plan.is_deleted()) else { continue };
        let cared_for = reading.cared_for(&county, person, now + DAY)?;
        found.extend(cared_for.map(|cared_for| (plan, cared_for)));
    }
    Ok(found)
}

/// The hazard points that threaten somebody, each with whether there was a drill in the last twelve months.
fn points(reading: &dyn Reading, place: &Scope, now: Millis) -> Result<Vec<(Record, bool)>, StoreError> {
    let mut drilled = BTreeSet::<RecordId>::new();
    for order in reading.few(&place.county(), &Kind::Evacuation)? {
        let read = Evacuation::from(&order.record);
        if read.drill && !order.record.is_deleted() && now - read.ordered_at <= 365 * DAY {
            drilled.extend(read.points);
        }
    }
    let stands = |point: &Record| !point.is_deleted() && point.text("retired_on").is_none();
    let points = reading.few(place, &Kind::HazardPoint)?.into_iter().map(|stored| stored.record).filter(stands);
    Ok(points.map(|point| (point.id, point)).map(|(id, point)| (point, drilled.contains(&id))).collect())
}

/// The notices that stand and are told from door to door, each with how many households were told.
fn notices(reading: &dyn Reading, place: &Scope, now: Millis) -> Result<Vec<(Record, i64)>, StoreError> {
    let (mut found, county) = (Vec::new(), place.county());
    for notice in reading.few(place, &Kind::Notice)? {
        let read = Notice::from(&notice.record);
        if notice.record.is_deleted() || read.is_warning() || !read.stands(today(now)) {
            continue;
        }
        let told = reading.count_referring(&county, notice.record.id, &Kind::NoticeAck)?;
        found.push((notice.record, i64::try_from(told).unwrap_or(i64::MAX)));
    }
    Ok(found)
}

fn plus(sum: &mut PlaceCoverage, more: &PlaceCoverage) {
    let PlaceCoverage { households, unmet, never, plans, care_waiting, care_missed, points, .. } = more;
    let PlaceCoverage { points_without_drill, to_tell, told, care_due, care_done, .. } = more;
    sum.households += households;
    sum.never += never;
    sum.unmet.iter_mut().zip(unmet).for_each(|(sum, more)| *sum += more);
    sum.plans += plans;
    sum.care_waiting += care_waiting;
    sum.care_missed += care_missed;
    sum.points += points;
    sum.points_without_drill += points_without_drill;
    sum.to_tell += to_tell;
    sum.told += told;
    sum.care_due += care_due;
    sum.care_done += care_done;
}

/// The sums of the place and of those right below it.
fn rolled(
    reading: &dyn Reading,
    place: &Scope,
    at: Millis,
    lists: bool,
    cells: &BTreeMap<CellCode, PlaceCoverage>,
) -> Result<Coverage, StoreError> {
    let known = reading.places(std::slice::from_ref(place))?;
    let names: BTreeMap<&str, &str> = known.iter().map(|known| (known.code.as_str(), known.name.as_str())).collect();
    let codes: Vec<Scope> = known.iter().map(|known| known.code.clone()).collect();
    // The places of a report and these are the same: every place that has a name or something to count.
    let empty = cells.keys().map(|cell| (cell.clone(), Counts::default())).collect();
    let mut places: BTreeMap<Scope, PlaceCoverage> = rolled_up(place, &codes, &empty)
        .into_keys()
        .filter(|code| code == place || code.as_str().len() == below(place))
        .map(|code| {
            let name = names.get(code.as_str()).map_or_else(|| code.to_string(), |name| (*name).to_owned());
            let sum = PlaceCoverage { place: code.to_string(), name, ..PlaceCoverage::default() };
            (code, sum)
        })
        .collect();
    for (cell, found) in cells {
        for digits in BTreeSet::from([place.as_str().len(), below(place)]) {
            let code = cell.as_str().get(..digits).and_then(|code| Scope::new(code).ok());
            if let Some(sum) = code.and_then(|code| places.get_mut(&code)) {
                plus(sum, found);
            }
        }
    }
    let own = places.remove(place).unwrap_or_default();
    Ok(Coverage { at, place: own, below: places.into_values().collect(), lists })
}

// -- the lists behind the numbers ----------------------------------------------------------------------------------------------

/// A record of a list before it has its words: when it was met last, and its number.
type Found = (Record, Option<Millis>, Option<i64>);

fn list_of(hub: &CountyHub, actor: &Actor, place: &Scope, matter: CoverageMatter) -> Result<CoverageList, HubError> {
    place_for(actor, place)?;
    if !sees_lists(actor) {
        return Err(refused(CallRefusal::NotAllowed));
    }
    let (now, lists) = (hub.now(), hub.lists());
    hub.store().read(|reading| {
        let mut found = match matter {
            CoverageMatter::Unmet30 => unmet(reading, place, now - 30 * DAY)?,
            CoverageMatter::Unmet60 => unmet(reading, place, now - 60 * DAY)?,
            CoverageMatter::Unmet90 => unmet(reading, place, now - 90 * DAY)?,
            CoverageMatter::Unmet180 => unmet(reading, place, now - 180 * DAY)?,
            CoverageMatter::Never => unmet(reading, place, 0)?,
            CoverageMatter::CareWaiting => waiting(reading, place, (now, &lists), false)?,
            CoverageMatter::CareMissed => waiting(reading, place, (now, &lists), true)?,
            CoverageMatter::Points | CoverageMatter::PointsWithoutDrill => points(reading, place, now)?
                .into_iter()
                .filter(|(_, drilled)| matter == CoverageMatter::Points || !drilled)
                .map(|(point, _)| (point, None, None))
                .collect(),
            CoverageMatter::NotTold => not_told(reading, place, now)?,
        };
        let more = found.len() > LINES_MAX;
        found.truncate(LINES_MAX);
        let mut around = Surroundings::new(reading, actor);
        around.gather(found.iter().map(|(record, _, _)| record))?;
        let mut lines = Vec::with_capacity(found.len());
        for (record, met_at, n) in found {
            let (title, subtitle) = words(&mut around, &record)?;
            lines.push(CoverageLine { id: record.id, title, subtitle, met_at, n });
        }
        Ok(CoverageList { lines, more })
    })
}

fn unmet(reading: &dyn Reading, place: &Scope, since: Millis) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    for (id, met_at) in reading.homes_unmet(place, since, LINES_MAX + 1)? {
        found.extend(reading.record(place, id)?.map(|stored| (stored.record, met_at, None)));
    }
    Ok(found)
}

fn waiting(
    reading: &dyn Reading,
    place: &Scope,
    (now, lists): (Millis, &Lists),
    missed: bool,
) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    for (plan, cared_for) in plans(reading, place, now)? {
        let met_at = cared_for.met.iter().max().copied();
        let standing = standing_of(&plan, &cared_for, lists, today(now));
        if standing.standing == CareStanding::Missed || (standing.is_due() && !missed) {
            found.push((plan, met_at, Some(standing.days_late)));
        }
    }
    found.sort_by_key(|(plan, _, late)| (std::cmp::Reverse(*late), plan.id));
    Ok(found)
}

fn not_told(reading: &dyn Reading, place: &Scope, now: Millis) -> Result<Vec<Found>, StoreError> {
    let homes: BTreeMap<CellCode, u64> =
        reading.homes(place, [0; 4])?.into_iter().map(|homes| (homes.cell, homes.households)).collect();
    let left = |(notice, told): (Record, i64)| {
        let households = homes.get(&notice.cell).copied().unwrap_or(0);
        let left = i64::try_from(households).unwrap_or(i64::MAX).saturating_sub(told);
        (left > 0).then_some((notice, None, Some(left)))
    };
    Ok(notices(reading, place, now)?.into_iter().filter_map(left).collect())
}

/// Address and masked name, or what it is called and where.
fn words(around: &mut Surroundings<'_>, record: &Record) -> Result<(String, String), StoreError> {
    let (title, address, place) = (around.title(record), around.address(record), around.place(&record.cell)?);
    Ok(match record.kind {
        Kind::Household | Kind::CarePlan => {
            let name = if title == address { String::new() } else { mask::name(&title) };
            let first = if address.is_empty() { place.clone() } else { address };
            (first, [name, place].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "))
        }
        _ => (title, place),
    })
}
