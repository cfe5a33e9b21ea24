//! Incidents on the map: the filter and the rights of the list. Few are drawn one by one, many are counted by place; what has no
//! place on the map is counted, and found in the list.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::kinds::Position;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::scope::Actor;
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::incidents::{DeskIncidentLine, DeskStageCount, IncidentWords, lines, query_of, tally};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};
use crate::hub::{CountyHub, HubError};
use crate::store::{IncidentOrder, IncidentQuery, Reading, Store as _};

/// More than these are counted by place: nobody tells more marks apart, and the list beside them is to be read.
const POINTS_MAX: u64 = 300;
/// Digits of a cell's code that make a place: cells, villages, towns, counties. The finest is taken that is not too many.
const PLACES: [usize; 4] = [15, 12, 9, 6];

/// An incident on the map.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskMapPoint {
    /// The incident, as the list shows it.
    pub line: DeskIncidentLine,
    /// Where.
    #[schema(value_type = Object)]
    pub position: Position,
}

/// The incidents of a place.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskMapPlace {
    /// Code of the place: a cell, village, town or county.
    pub place: String,
    /// The middle of their positions.
    #[schema(value_type = Object)]
    pub position: Position,
    /// How many.
    pub incidents: u64,
    /// How many of them have no time left.
    pub overdue: u64,
    /// The most urgent severity among them.
    pub severity: i64,
}

/// What the filters find, on the map.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskIncidentMap {
    /// What the filters find, by step; the step itself and whether they are over are passed over.
    pub counts: Vec<DeskStageCount>,
    /// How many have a place on the map.
    pub placed: u64,
    /// How many have none: the list has them.
    pub unplaced: u64,
    /// Each of those that have one; empty when they are too many, and `places` tells them.
    pub points: Vec<DeskMapPoint>,
    /// The same by place, when they are too many to be drawn one by one.
    pub places: Vec<DeskMapPlace>,
}

/// Incidents on the map: each, or by place when they are too many.
#[utoipa::path(get, path = "/desk/api/incidents/map", tag = "desk", security(("desk" = [])), params(IncidentWords),
    responses((status = 200, body = DeskIncidentMap), (status = "4XX", body = ErrorBody)))]
pub(super) async fn map(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    words: Result<Query<IncidentWords>, QueryRejection>,
) -> Result<Json<DeskIncidentMap>, ApiError> {
    let Query(words) = words.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
    Ok(Json(blocking(&app, move |hub| drawn(hub, &desk.actor, query_of(&words, &desk.actor, hub.now())?)).await?))
}

fn drawn(hub: &CountyHub, actor: &Actor, query: IncidentQuery) -> Result<DeskIncidentMap, HubError> {
    let now = hub.now();
    hub.store().read(|reading| {
        let counts = tally(&reading.incident_counts(&query, now)?);
        let found = reading.incidents_placed(&query)?;
        let mut map = DeskIncidentMap {
            counts,
            placed: found.placed,
            unplaced: found.unplaced,
            points: Vec::new(),
            places: Vec::new(),
        };
        if found.placed > POINTS_MAX {
            map.places = by_place(reading, &query, now)?;
        } else {
            map.points = one_by_one(reading, actor, query, now)?;
        }
        Ok(map)
    })
}

fn one_by_one(
    reading: &dyn Reading,
    actor: &Actor,
    query: IncidentQuery,
    now: i64,
) -> Result<Vec<DeskMapPoint>, HubError> {
    // What is due first is first in the list beside the map, whatever the list was sorted by.
    let placed = IncidentQuery {
        placed: Some(true),
        order: IncidentOrder::Due,
        after: None,
        limit: POINTS_MAX as usize,
        ..query
    };
    let found = reading.incidents(&placed)?;
    let positions: Vec<Option<Position>> = found.iter().map(|row| row.position).collect();
    let lines = lines(reading, actor, found, now)?;
    let point =
        |(line, position): (DeskIncidentLine, Option<Position>)| Some(DeskMapPoint { line, position: position? });
    Ok(lines.into_iter().zip(positions).filter_map(point).collect())
}

fn by_place(reading: &dyn Reading, query: &IncidentQuery, now: i64) -> Result<Vec<DeskMapPlace>, HubError> {
    let mut places = Vec::new();
    for digits in PLACES {
        places = reading.incidents_by_place(query, digits, now)?;
        if places.len() as u64 <= POINTS_MAX {
            break;
        }
    }
    let told = places.into_iter().map(|found| DeskMapPlace {
        place: found.place,
        position: found.position,
        incidents: found.incidents,
        overdue: found.overdue,
        severity: found.severity,
    });
    Ok(told.collect())
}
