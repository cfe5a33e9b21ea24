//! Incidents as a list and as a board: filtered, counted, page by page, from the derived table.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::incident::{IncidentState, Stage, Turn};
use domain::protocol::{CallRefusal, ErrorBody};
use domain::scope::{Actor, Role};
use domain::workdays::{Calendar, Due};
use domain::world::Millis;
use domain::{CellCode, RecordId, Scope};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::inbox::scopes_within;
use super::refused;
use super::titles::Surroundings;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};
use crate::hub::incidents::may_see_incidents;
use crate::hub::{CountyHub, HubError};
use crate::store::{IncidentOrder, IncidentQuery, IncidentRow, Reading, StageCount, Store as _};

/// Items of a page when nothing is said.
const PAGE: usize = 50;
/// Items of a page at most.
const PAGE_MAX: usize = 200;
/// Cards of a column of the board; the list has the rest.
const COLUMN: usize = 20;
/// Characters that can be searched for.
const TEXT_MAX: usize = 40;

/// Which incidents are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct IncidentWords {
    /// Only in this place: a town's, village's or cell's code.
    place: Option<String>,
    /// Only those that stand in this step.
    stage: Option<String>,
    /// `open` (the default): not over; `ended`: over; `all`.
    over: Option<String>,
    /// Only this severity, 1–4.
    severity: Option<String>,
    /// Only this category or group of categories.
    category: Option<String>,
    /// Only those that this department has: its code.
    department: Option<String>,
    /// `yes`: only those whose time is up.
    overdue: Option<String>,
    /// `yes`: only those with a place on the map; `no`: only those without.
    placed: Option<String>,
    /// Only those that say this in number, title or place.
    text: Option<String>,
    /// `due` (the default) or `changed` first.
    order: Option<String>,
    /// Go on behind this: `next` of the page before.
    after: Option<String>,
    /// At most so many items, 1–200.
    limit: Option<String>,
}

/// An incident on a line or a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskIncidentLine {
    /// The incident.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// The county's number.
    pub number: Option<String>,
    /// One line.
    pub title: String,
    /// Its cell.
    #[schema(value_type = String)]
    pub cell: CellCode,
    /// Village and cell by name.
    pub place: String,
    /// Where it is, as people write it.
    pub address: String,
    /// Code of the category.
    pub category: String,
    /// 1 most urgent … 4.
    pub severity: i64,
    /// Which step it waits for.
    #[schema(value_type = String)]
    pub stage: Stage,
    /// The word for it.
    #[schema(value_type = String)]
    pub state: IncidentState,
    /// Whose turn it is.
    #[schema(value_type = String)]
    pub turn: Turn,
    /// Codes of the departments that have it, the one that leads first.
    pub departments: Vec<String>,
    /// Until when.
    #[schema(value_type = Option<Object>)]
    pub due: Option<Due>,
    /// Workdays left until then; negative: over for so many.
    pub workdays_left: Option<i64>,
    /// Its time is up.
    pub overdue: bool,
    /// The department asks for more time.
    pub extension_asked: bool,
    /// Urged or supervised.
    pub urged: bool,
    /// How often it was taken up again.
    pub reopened: u32,
    /// Archived, merged or declined.
    pub ended: bool,
    /// When it was reported.
    pub reported_at: Millis,
    /// When something was last done for it.
    pub changed_at: Millis,
}

/// How many stand in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskStageCount {
    /// Which.
    #[schema(value_type = String)]
    pub stage: Stage,
    /// How many that are not over.
    pub open: u64,
    /// How many of them have no time left.
    pub overdue: u64,
    /// How many that are over.
    pub ended: u64,
}

/// A page of incidents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskIncidents {
    /// The page.
    pub items: Vec<DeskIncidentLine>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// What the filters find, by step; the step itself and whether they are over are passed over.
    pub counts: Vec<DeskStageCount>,
}

/// A column of the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskColumn {
    /// Which step.
    #[schema(value_type = String)]
    pub stage: Stage,
    /// The first of them, what is due first on top.
    pub items: Vec<DeskIncidentLine>,
    /// How many there are.
    pub count: DeskStageCount,
}

/// A page of incidents.
#[utoipa::path(get, path = "/desk/api/incidents", tag = "desk", security(("desk" = [])), params(IncidentWords),
    responses((status = 200, body = DeskIncidents), (status = "4XX", body = ErrorBody)))]
pub(super) async fn incidents(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    words: Result<Query<IncidentWords>, QueryRejection>,
) -> Result<Json<DeskIncidents>, ApiError> {
    let Query(words) = words.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
    Ok(Json(blocking(&app, move |hub| page(hub, &desk.actor, query_of(&words, &desk.actor, hub.now())?)).await?))
}

/// The open incidents as a board: a column for each step.
#[utoipa::path(get, path = "/desk/api/incidents/board", tag = "desk", security(("desk" = [])), params(IncidentWords),
    responses((status = 200, body = Vec<DeskColumn>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn board(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    words: Result<Query<IncidentWords>, QueryRejection>,
) -> Result<Json<Vec<DeskColumn>>, ApiError> {
    let Query(words) = words.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
    Ok(Json(blocking(&app, move |hub| columns(hub, &desk.actor, query_of(&words, &desk.actor, hub.now())?)).await?))
}

/// A word of an address, unless it is empty.
fn said(word: Option<&String>) -> Option<&str> {
    word.map(String::as_str).filter(|word| !word.is_empty())
}

/// Reads the words of the address; they come from outside, so every one of them may be wrong.
pub(super) fn query_of(words: &IncidentWords, actor: &Actor, now: Millis) -> Result<IncidentQuery, HubError> {
    let malformed = || refused(CallRefusal::Malformed);
    if !may_see_incidents(actor) {
        return Err(refused(CallRefusal::NotAllowed));
    }
    let place = said(words.place.as_ref()).map(Scope::new).transpose().map_err(|_| malformed())?;
    let scopes = scopes_within(actor, place.as_ref()).ok_or_else(|| refused(CallRefusal::NotAllowed))?;
    let stage = said(words.stage.as_ref()).map(|code| stage_of(code).ok_or_else(malformed)).transpose()?;
    let severity = said(words.severity.as_ref()).map(str::parse::<i64>).transpose().map_err(|_| malformed())?;
    let text = said(words.text.as_ref()).map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > TEXT_MAX) {
        return Err(malformed());
    }
    let ended = match said(words.over.as_ref()).unwrap_or("open") {
        "open" => Some(false),
        "ended" => Some(true),
        "all" => None,
        _ => return Err(malformed()),
    };
    let order = match said(words.order.as_ref()).unwrap_or("due") {
        "due" => IncidentOrder::Due,
        "changed" => IncidentOrder::Changed,
        _ => return Err(malformed()),
    };
    let overdue_at = match said(words.overdue.as_ref()) {
        None => None,
        Some("yes") => Some(now),
        Some(_) => return Err(malformed()),
    };
    let placed = match said(words.placed.as_ref()) {
        None => None,
        Some("yes") => Some(true),
        Some("no") => Some(false),
        Some(_) => return Err(malformed()),
    };
    let limit = said(words.limit.as_ref()).map(str::parse::<usize>).transpose().map_err(|_| malformed())?;
    Ok(IncidentQuery {
        scopes,
        stage,
        ended,
        severity,
        category: said(words.category.as_ref()).map(str::to_owned),
        department: department_for(actor, said(words.department.as_ref()))?,
        overdue_at,
        placed,
        text: text.map(str::to_owned),
        order,
        after: said(words.after.as_ref()).map(|after| read_mark(after).ok_or_else(malformed)).transpose()?,
        limit: limit.unwrap_or(PAGE).clamp(1, PAGE_MAX),
    })
}

/// A handler asks for the own department, whatever the address says, and for no other.
pub(super) fn department_for(actor: &Actor, asked: Option<&str>) -> Result<Option<String>, HubError> {
    if actor.role != Role::Handler {
        return Ok(asked.map(str::to_owned));
    }
    let own = actor.department.clone().ok_or_else(|| refused(CallRefusal::NotAllowed))?;
    if asked.is_some_and(|asked| asked != own) { Err(refused(CallRefusal::NotAllowed)) } else { Ok(Some(own)) }
}

fn stage_of(code: &str) -> Option<Stage> {
    std::iter::once(Stage::Draft).chain(Stage::STEPS).find(|stage| stage.code() == code)
}

fn read_mark(text: &str) -> Option<(i64, RecordId)> {
    let (number, id) = text.split_once('.')?;
    Some((number.parse().ok()?, id.parse().ok()?))
}

fn write_mark(row: &IncidentRow, order: IncidentOrder) -> String {
    let number = match order {
        IncidentOrder::Due => row.due.map_or(i64::MAX, |due| due.at),
        IncidentOrder::Changed => row.changed_at,
    };
    format!("{number}.{}", row.id)
}

fn page(hub: &CountyHub, actor: &Actor, mut query: IncidentQuery) -> Result<DeskIncidents, HubError> {
    let now = hub.now();
    hub.store().read(|reading| {
        let counts = tally(&reading.incident_counts(&query, now)?);
        let limit = query.limit;
        // One more than asked for says whether there is a next page.
        query.limit += 1;
        let mut found = reading.incidents(&query)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|row| write_mark(row, query.order));
        Ok(DeskIncidents { items: lines(reading, actor, found, now)?, next, counts })
    })
}

fn columns(hub: &CountyHub, actor: &Actor, query: IncidentQuery) -> Result<Vec<DeskColumn>, HubError> {
    let now = hub.now();
    hub.store().read(|reading| {
        let counts = tally(&reading.incident_counts(&query, now)?);
        let mut columns = Vec::new();
        for count in counts {
            let of_stage = IncidentQuery {
                stage: Some(count.stage),
                ended: Some(false),
                order: IncidentOrder::Due,
                after: None,
                limit: COLUMN,
                ..query.clone()
            };
            let found = reading.incidents(&of_stage)?;
            columns.push(DeskColumn { stage: count.stage, items: lines(reading, actor, found, now)?, count });
        }
        Ok(columns)
    })
}

/// A line for every step in which an incident can stand, in their order, whether one stands there or not.
pub(super) fn tally(counts: &[StageCount]) -> Vec<DeskStageCount> {
    let stages = std::iter::once(Stage::Draft).chain(Stage::STEPS).filter(|stage| *stage != Stage::Supervise);
    let of = |stage| {
        let sum = |ended: bool, number: fn(&StageCount) -> u64| {
            counts.iter().filter(|count| count.stage == stage && count.ended == ended).map(number).sum()
        };
        DeskStageCount {
            stage,
            open: sum(false, |count| count.incidents),
            overdue: sum(false, |count| count.overdue),
            ended: sum(true, |count| count.incidents),
        }
    };
    stages.map(of).collect()
}

pub(super) fn lines(
    reading: &dyn Reading,
    actor: &Actor,
    found: Vec<IncidentRow>,
    now: Millis,
) -> Result<Vec<DeskIncidentLine>, HubError> {
    let mut around = Surroundings::new(reading, actor);
    let doors = found.iter().flat_map(|row| [row.dwelling, row.household]).flatten();
    around.gather_named(doors)?;
    let lists = reading.lists()?;
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        let due = row.due.filter(|_| !row.ended);
        items.push(DeskIncidentLine {
            place: around.place(&row.cell)?,
            address: around.address_of(row.dwelling, row.household).or(row.place).unwrap_or_default(),
            workdays_left: due.map(|due| Calendar::of(&lists).workdays_left(now, due.at)),
            overdue: due.is_some_and(|due| due.at < now),
            id: row.id,
            number: row.number,
            title: row.title,
            cell: row.cell,
            category: row.category,
            severity: row.severity,
            stage: row.stage,
            state: row.state,
            turn: row.turn,
            departments: row.departments,
            due: row.due,
            extension_asked: row.extension_asked,
            urged: row.urged,
            reopened: row.reopened,
            ended: row.ended,
            reported_at: row.reported_at,
            changed_at: row.changed_at,
        });
    }
    Ok(items)
}
