//! The evacuation desk: hazard points, orders and drills, the roll-call as it comes in, marks from the desk.
//!
//! Whoever watches a roll-call asks every few seconds how far it has come, which costs next to nothing, and reads it again when that is
//! another number. Names and numbers are masked until a reason is given.

mod roll;

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use domain::evacuation::{Count, Totals, counts, roll as fold};
use domain::kinds::evacuation::Evacuation;
use domain::kinds::hazard_point::HazardPoint;
use domain::kinds::roll_call::{Mark, RollCall};
use domain::protocol::{CallRefusal, ErrorBody};
use domain::scope::{Action, Actor, allowed};
use domain::world::Millis;
use domain::{CellCode, Kind, Record, RecordId, Scope};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::record::LookWish;
use super::titles::Surroundings;
use super::{named, record_id, refused};
use crate::forms;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::HubError;
use crate::hub::evacuations::{EVACUATIONS_MAX, EvacuationOrder, MarksOf, marks_of, standing_record, threatened_by};
use crate::hub::looks::{LOOK, PRINT};
use crate::store::{Reading, Store as _, StoreError};

pub use roll::{DeskRoll, DeskRollHousehold, DeskRollPerson, DeskRollPoint};
use roll::{looks_of, roll_of};

/// A hazard point that an order can be for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskHazardPoint {
    /// The point.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// Village and cell by name.
    pub place: String,
    /// What it is called.
    pub name: String,
    /// Code of the kind.
    pub hazard_kind: String,
    /// Households that it threatens.
    pub households: usize,
    /// People who live in them now.
    pub people: usize,
    /// An order for it stands.
    pub ordered: bool,
    /// A drill for it stands.
    pub drilled: bool,
}

/// An evacuation in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskEvacuation {
    /// The evacuation.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// Its cell.
    #[schema(value_type = String)]
    pub cell: CellCode,
    /// Village and cell by name.
    pub place: String,
    /// Why.
    pub reason: String,
    /// Code of the warning's colour.
    pub level: String,
    /// An exercise.
    pub drill: bool,
    /// When it was ordered.
    pub ordered_at: Millis,
    /// When it was ended.
    pub ended_at: Option<Millis>,
    /// Where everybody is.
    #[schema(value_type = Object)]
    pub totals: Totals,
    /// The count that is going on, while the order stands.
    #[schema(value_type = Option<Object>)]
    pub count: Option<Count>,
}

/// The evacuations of a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskEvacuations {
    /// Those that stand, real ones before exercises.
    pub standing: Vec<DeskEvacuation>,
    /// Those that were ended, the latest first.
    pub past: Vec<DeskEvacuation>,
}

/// How far the feed of an evacuation's cell has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct Reached {
    /// Its number.
    pub reached: u64,
}

/// An evacuation to be ordered.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EvacuationWish {
    /// The hazard points that it is for.
    #[schema(value_type = Vec<String>)]
    points: Vec<RecordId>,
    /// Why.
    reason: String,
    /// Code of the warning's colour.
    level: String,
    /// An exercise.
    drill: bool,
}

/// The evacuations that were ordered.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct OrderedEvacuations {
    /// One for each cell.
    #[schema(value_type = Vec<String>)]
    pub ids: Vec<RecordId>,
}

/// Marks to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MarksWish {
    /// The people, at most 600, each with the mark that was seen to stand (`said`); null: nobody had marked them. When another stands
    /// by now, nobody is marked and the answer is `stale`.
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    people: BTreeMap<RecordId, Option<RecordId>>,
    /// What is said of them; what stands of each is said once more without it.
    #[schema(value_type = Option<String>)]
    mark: Option<Mark>,
    /// In words.
    note: Option<String>,
}

/// The hazard points of the own scope.
#[utoipa::path(get, path = "/desk/api/hazard-points", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = Vec<DeskHazardPoint>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn hazard_points(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<Vec<DeskHazardPoint>>, ApiError> {
    let found = blocking(&app, move |hub| hub.store().read(|reading| points_of(reading, &desk.actor)));
    Ok(Json(found.await?))
}

/// The evacuations of the own scope.
#[utoipa::path(get, path = "/desk/api/evacuations", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = DeskEvacuations), (status = "4XX", body = ErrorBody)))]
pub(super) async fn evacuations(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<DeskEvacuations>, ApiError> {
    let found = blocking(&app, move |hub| {
        let now = hub.now();
        hub.store().read(|reading| evacuations_of(reading, &desk.actor, now))
    });
    Ok(Json(found.await?))
}

/// Orders an evacuation or a drill: the roster is who lives below the points now.
#[utoipa::path(post, path = "/desk/api/evacuations", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = EvacuationWish,
    responses((status = 200, body = OrderedEvacuations), (status = 409, description = "an order for one of the points stands", body = ErrorBody),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn order(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<EvacuationWish>,
) -> Result<Json<OrderedEvacuations>, ApiError> {
    let EvacuationWish { points, reason, level, drill } = wish;
    let order = EvacuationOrder { points, reason, level, drill };
    let ids = blocking(&app, move |hub| hub.order_evacuation(&desk.actor, &order)).await?;
    Ok(Json(OrderedEvacuations { ids }))
}

/// A roll-call, with names and numbers masked.
#[utoipa::path(get, path = "/desk/api/evacuations/{id}", tag = "desk", security(("desk" = [])), params(("id" = String, Path, description = "The evacuation")),
    responses((status = 200, body = DeskRoll), (status = "4XX", body = ErrorBody)))]
pub(super) async fn evacuation(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DeskRoll>, ApiError> {
    let id = record_id(&named(path)?)?;
    Ok(Json(blocking(&app, move |hub| roll_of(hub, &desk.actor, id, false)).await?))
}

/// Whether there is anything new in a roll-call: asked every few seconds.
#[utoipa::path(get, path = "/desk/api/evacuations/{id}/reached", tag = "desk", security(("desk" = [])), params(("id" = String, Path, description = "The evacuation")),
    responses((status = 200, body = Reached), (status = "4XX", body = ErrorBody)))]
pub(super) async fn reached(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Reached>, ApiError> {
    let id = record_id(&named(path)?)?;
    let reached = blocking(&app, move |hub| {
        hub.store().read(|reading| {
            let record = standing_record(reading, &desk.actor, &Kind::Evacuation, id)?;
            Ok::<_, HubError>(reached_by(reading, &record)?)
        })
    });
    Ok(Json(Reached { reached: reached.await? }))
}

/// A roll-call in full, for a reason that is noted for everybody on it.
#[utoipa::path(post, path = "/desk/api/evacuations/{id}/look", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The evacuation")), request_body = LookWish,
    responses((status = 200, body = DeskRoll), (status = "4XX", body = ErrorBody)))]
pub(super) async fn look(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<LookWish>,
) -> Result<Json<DeskRoll>, ApiError> {
    let id = record_id(&named(path)?)?;
    let roll = blocking(&app, move |hub| {
        let roll = roll_of(hub, &desk.actor, id, true)?;
        hub.note_looks(&desk.actor, LOOK, wish.reason(), &looks_of(&roll))?;
        Ok(roll)
    });
    Ok(Json(roll.await?))
}

/// The list to take along, in full, as PDF; noted like a look.
#[utoipa::path(post, path = "/desk/api/evacuations/{id}/paper", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The evacuation")), request_body = LookWish,
    responses((status = 200, description = "PDF", content_type = "application/pdf"), (status = "4XX", body = ErrorBody)))]
pub(super) async fn paper(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<LookWish>,
) -> Result<impl IntoResponse, ApiError> {
    let id = record_id(&named(path)?)?;
    let pdf = blocking(&app, move |hub| {
        let roll = roll_of(hub, &desk.actor, id, true)?;
        hub.note_looks(&desk.actor, PRINT, wish.reason(), &looks_of(&roll))?;
        Ok(forms::roster(&forms::Setting::of(hub)?, &roll))
    });
    Ok(([(header::CONTENT_TYPE, "application/pdf")], pdf.await?))
}

/// Marks people of a roster.
#[utoipa::path(post, path = "/desk/api/evacuations/{id}/marks", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The evacuation")), request_body = MarksWish,
    responses((status = 204), (status = 409, description = "somebody has been marked since", body = ErrorBody),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn mark(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<MarksWish>,
) -> Result<StatusCode, ApiError> {
    let evacuation = record_id(&named(path)?)?;
    let MarksWish { people, mark, note } = wish;
    let marks = MarksOf { evacuation, people, mark, note };
    blocking(&app, move |hub| hub.mark_people(&desk.actor, &marks)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends an evacuation.
#[utoipa::path(post, path = "/desk/api/evacuations/{id}/end", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The evacuation")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn end(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let id = record_id(&named(path)?)?;
    blocking(&app, move |hub| hub.end_evacuation(&desk.actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What of a kind there is, for whoever may read it.
fn all_of(reading: &dyn Reading, actor: &Actor, kind: &Kind) -> Result<Vec<Record>, HubError> {
    if !allowed(actor.role, Action::Read, kind) {
        return Err(refused(CallRefusal::NotAllowed));
    }
    let found = reading.latest_few(&actor.scopes, kind, EVACUATIONS_MAX)?.into_iter().map(|stored| stored.record);
    Ok(found.filter(|record| !record.is_deleted()).collect())
}

/// How far an order and its marks have come: the feed of its cell, and in the higher half how many marks lie in other cells. Phones that
/// have not heard that its cell was merged make them in the old one.
fn reached_by(reading: &dyn Reading, order: &Record) -> Result<u64, StoreError> {
    let marks = |within: &Scope| reading.count_referring(within, order.id, &Kind::RollCall);
    let elsewhere = marks(&order.cell.county())?.saturating_sub(marks(&Scope::from(&order.cell))?);
    Ok(reading.feed_reached(&order.cell)? | (elsewhere as u64) << 32)
}

fn points_of(reading: &dyn Reading, actor: &Actor) -> Result<Vec<DeskHazardPoint>, HubError> {
    let standing: Vec<Evacuation> = all_of(reading, actor, &Kind::Evacuation)?.iter().map(Evacuation::from).collect();
    let stands = |id, drill| standing.iter().any(|one| one.stands() && one.drill == drill && one.points.contains(&id));
    let mut around = Surroundings::new(reading, actor);
    let mut found = Vec::new();
    for record in all_of(reading, actor, &Kind::HazardPoint)? {
        let point = HazardPoint::from(&record);
        if point.retired_on.is_some() {
            continue;
        }
        let below = threatened_by(reading, &record.cell, record.id)?;
        found.push(DeskHazardPoint {
            id: record.id,
            place: around.place(&record.cell)?,
            name: point.name,
            hazard_kind: point.hazard_kind,
            households: below.iter().map(|one| one.household).collect::<BTreeSet<_>>().len(),
            people: domain::evacuation::roster(&[record.id], &below).len(),
            ordered: stands(record.id, false),
            drilled: stands(record.id, true),
        });
    }
    found.sort_by(|one, other| (&one.place, &one.name, one.id).cmp(&(&other.place, &other.name, other.id)));
    Ok(found)
}

fn evacuations_of(reading: &dyn Reading, actor: &Actor, now: Millis) -> Result<DeskEvacuations, HubError> {
    let mut around = Surroundings::new(reading, actor);
    let (mut standing, mut past) = (Vec::new(), Vec::new());
    for record in all_of(reading, actor, &Kind::Evacuation)? {
        let order = Evacuation::from(&record);
        let marks = marks_of(reading, &record)?;
        let line = line(&mut around, &record, &order, &marks, now)?;
        if order.stands() { standing.push(line) } else { past.push(line) }
    }
    standing.sort_by_key(|line| (line.drill, std::cmp::Reverse(line.ordered_at), line.id));
    past.sort_by_key(|line| (std::cmp::Reverse(line.ended_at), line.id));
    Ok(DeskEvacuations { standing, past })
}

fn line(
    around: &mut Surroundings<'_>,
    record: &Record,
    order: &Evacuation,
    marks: &[RollCall],
    now: Millis,
) -> Result<DeskEvacuation, HubError> {
    let latest = counts(&order.roster, marks, order.ordered_at, order.ended_at, now).into_iter().next();
    Ok(DeskEvacuation {
        id: record.id,
        cell: record.cell.clone(),
        place: around.place(&record.cell)?,
        reason: order.reason.clone(),
        level: order.level.clone(),
        drill: order.drill,
        ordered_at: order.ordered_at,
        ended_at: order.ended_at,
        totals: fold(&order.roster, marks).totals,
        count: latest.filter(|count| count.open),
    })
}
