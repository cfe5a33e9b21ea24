//! What came of what was given to departments: how many answers and results came in time, by department and place. Never by person,
//! and by no smaller place than a village.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::Scope;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::scope::{Actor, Role};
use domain::world::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::inbox::scopes_within;
use super::incidents::department_for;
use super::refused;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};
use crate::hub::{CountyHub, HubError};
use crate::store::{DepartmentNumbers, NumbersQuery, Store as _};

/// What is counted when nothing is said: the last ninety days.
const PERIOD: Millis = 90 * 24 * 60 * 60 * 1000;

/// Which numbers are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NumberWords {
    /// Only in this place: a town's or village's code.
    place: Option<String>,
    /// Only this department: its code.
    department: Option<String>,
    /// What was given from then, in milliseconds since 1970; ninety days ago when nothing is said.
    from: Option<String>,
    /// … until before then; now when nothing is said.
    to: Option<String>,
}

/// A department's numbers in a place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskNumbers {
    /// How often something was given to it.
    pub given: u64,
    /// … of which it has answered, or the time to answer is over.
    pub to_answer: u64,
    /// … of which it answered within a workday. Response rate = answered in time / to answer.
    pub answered_in_time: u64,
    /// … of which it said that they are not its business.
    pub refused: u64,
    /// … of which its result was found good and stayed so. Solution rate = solved / (given − refused).
    pub solved: u64,
    /// … of which the result came in time.
    pub solved_in_time: u64,
    /// Ratings by the community: satisfied.
    pub satisfied: u64,
    /// Ratings: fairly satisfied.
    pub fairly: u64,
    /// Ratings: not satisfied.
    pub dissatisfied: u64,
}

/// A place in which a department was given something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct PlaceNumbers {
    /// Its code: a town's, or a village's when one town was asked for.
    pub place: String,
    /// What came of it.
    pub numbers: DeskNumbers,
}

/// A department with its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DepartmentRates {
    /// Code of the department.
    pub department: String,
    /// In all places together.
    pub numbers: DeskNumbers,
    /// Place by place.
    pub places: Vec<PlaceNumbers>,
}

/// Departments' numbers by place.
#[utoipa::path(get, path = "/desk/api/departments", tag = "desk", security(("desk" = [])), params(NumberWords),
    responses((status = 200, body = Vec<DepartmentRates>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn departments(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    words: Result<Query<NumberWords>, QueryRejection>,
) -> Result<Json<Vec<DepartmentRates>>, ApiError> {
    let Query(words) = words.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
    Ok(Json(blocking(&app, move |hub| rates(hub, &desk.actor, &words)).await?))
}

fn rates(hub: &CountyHub, actor: &Actor, words: &NumberWords) -> Result<Vec<DepartmentRates>, HubError> {
    let query = query_of(words, actor, hub.now())?;
    let found = hub.store().read(|reading| reading.department_numbers(&query))?;
    let mut rates: Vec<DepartmentRates> = Vec::new();
    for row in found {
        // They come sorted by department.
        if rates.last().is_none_or(|last| last.department != row.department) {
            let department = row.department.clone();
            rates.push(DepartmentRates { department, numbers: DeskNumbers::default(), places: Vec::new() });
        }
        if let Some(last) = rates.last_mut() {
            add(&mut last.numbers, &row);
            let mut numbers = DeskNumbers::default();
            add(&mut numbers, &row);
            last.places.push(PlaceNumbers { place: row.place, numbers });
        }
    }
    Ok(rates)
}

fn query_of(words: &NumberWords, actor: &Actor, now: Millis) -> Result<NumbersQuery, HubError> {
    let malformed = || refused(CallRefusal::Malformed);
    if !matches!(actor.role, Role::Supervisor | Role::Handler | Role::Admin) {
        return Err(refused(CallRefusal::NotAllowed));
    }
    let said = |word: &Option<String>| word.clone().filter(|word| !word.is_empty());
    let place = said(&words.place).map(|code| Scope::new(&code)).transpose().map_err(|_| malformed())?;
    // No smaller place than a village: a cell is one worker's.
    if place.as_ref().is_some_and(|place| place.as_str().len() > 12) {
        return Err(malformed());
    }
    let scopes = scopes_within(actor, place.as_ref()).ok_or_else(|| refused(CallRefusal::NotAllowed))?;
    let digits = if scopes.iter().all(|scope| scope.as_str().len() >= 9) { 12 } else { 9 };
    let moment = |word: &Option<String>, or: Millis| match said(word) {
        Some(text) => text.parse::<Millis>().map_err(|_| malformed()),
        None => Ok(or),
    };
    let to = moment(&words.to, now.saturating_add(1))?;
    let from = moment(&words.from, now - PERIOD)?;
    let department = department_for(actor, said(&words.department).as_deref())?;
    Ok(NumbersQuery { scopes, department, from, to, now, digits })
}

fn add(numbers: &mut DeskNumbers, row: &DepartmentNumbers) {
    numbers.given += row.given;
    numbers.to_answer += row.to_answer;
    numbers.answered_in_time += row.answered_in_time;
    numbers.refused += row.refused;
    numbers.solved += row.solved;
    numbers.solved_in_time += row.solved_in_time;
    numbers.satisfied += row.satisfied;
    numbers.fairly += row.fairly;
    numbers.dissatisfied += row.dissatisfied;
}
