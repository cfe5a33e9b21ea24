//! Divisions and cells for the county's office: the tree with its past, new ones, names, retiring; and cells that are handed
//! over, merged and split.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::world::Millis;
use domain::{AccountId, CellCode, Problem, ProblemCode, RecordId, Scope};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{named, refused};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::HubError;
use crate::hub::cells::{CellPart, CellStanding, Holder, SplitParts};
use crate::hub::divisions::DivisionLine;
use crate::store::DivisionChange;

/// A division or cell.
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskDivision {
    /// 6 county, 9 town, 12 village, 15 cell digits.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub code: Scope,
    /// Its name.
    pub name: String,
    /// Since when it is over.
    pub retired_at: Option<Millis>,
    /// What took its place.
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub succeeded_by: Option<Scope>,
    /// Who holds it, when it is a cell.
    pub holders: Vec<String>,
    /// How many records lie in it, when it is a cell.
    #[ts(type = "number")]
    pub records: u64,
}

impl From<DivisionLine> for DeskDivision {
    fn from(line: DivisionLine) -> Self {
        let DivisionLine { division, holders, records } = line;
        let (retired_at, succeeded_by) = (division.retired_at, division.succeeded_by);
        Self { code: division.code, name: division.name, retired_at, succeeded_by, holders, records }
    }
}

/// Something that became of a division.
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DivisionPast {
    /// When.
    pub at: Millis,
    /// By whom.
    pub by: String,
    /// created, renamed, retired, merged, split, late, handed_over.
    pub what: String,
    /// What it was called from then on.
    pub name: String,
    /// The successor, the cell that it was split into or that what came late went to, who holds it now.
    pub other: Option<String>,
}

impl From<DivisionChange> for DivisionPast {
    fn from(change: DivisionChange) -> Self {
        let DivisionChange { at, by, what, name, other } = change;
        Self { at, by: by.to_string(), what, name, other }
    }
}

/// A division to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DivisionNew {
    /// 9, 12 or 15 digits.
    code: String,
    /// Its name.
    name: String,
}

/// Another name.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DivisionName {
    /// The name that was seen.
    seen: String,
    /// The name to come.
    name: String,
}

/// What takes a division's place.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DivisionEnd {
    /// Its code, if there is one.
    succeeded_by: Option<String>,
}

/// How a cell stands before it is handed over, merged or split.
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskCell {
    /// Who holds it.
    pub holders: Vec<CellHolder>,
    /// How many records lie in it.
    #[ts(type = "number")]
    pub records: u64,
    /// Its houses and groups.
    pub parts: Vec<DeskCellPart>,
}

/// Somebody who holds a cell.
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct CellHolder {
    /// The account.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub account: AccountId,
    /// The person's name.
    pub display_name: String,
    /// How many cells the account holds.
    #[ts(type = "number")]
    pub cells: usize,
    /// The phones that are not shut out.
    pub phones: Vec<HolderPhone>,
}

/// What the server knows of a phone's unsent work.
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct HolderPhone {
    /// What the owner calls it.
    pub device_name: String,
    /// When it was last heard of: what was written since is unsent.
    pub last_seen_at: Millis,
    /// It is under an order to lock or wipe itself.
    pub ordered: bool,
    /// Changes that it has handed in, sealed, and nobody has taken in.
    #[ts(type = "number")]
    pub handed_in: u64,
}

/// A house or a group of a cell.
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskCellPart {
    /// The house; none: a group.
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub building: Option<RecordId>,
    /// Street or natural village.
    pub street: String,
    /// The house's name, or the group.
    pub name: String,
    /// Its doors.
    #[ts(type = "number")]
    pub dwellings: usize,
}

impl From<Holder> for CellHolder {
    fn from(holder: Holder) -> Self {
        let phone = |(device, handed_in): (crate::store::Device, u64)| HolderPhone {
            device_name: device.name,
            last_seen_at: device.seen_at,
            ordered: device.order.is_some(),
            handed_in,
        };
        Self {
            account: holder.account.id,
            display_name: holder.account.display_name,
            cells: holder.cells,
            phones: holder.phones.into_iter().map(phone).collect(),
        }
    }
}

impl From<CellStanding> for DeskCell {
    fn from(standing: CellStanding) -> Self {
        let part = |CellPart { building, street, name, dwellings }| DeskCellPart { building, street, name, dwellings };
        Self {
            holders: standing.holders.into_iter().map(CellHolder::from).collect(),
            records: standing.records,
            parts: standing.parts.into_iter().map(part).collect(),
        }
    }
}

/// To whom a cell is given.
#[derive(Debug, Deserialize, ToSchema)]
pub struct HandOver {
    /// Who was seen holding it.
    seen: Vec<String>,
    /// Who is to hold it.
    to: Vec<String>,
}

/// Into which cell another is merged.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CellMerge {
    /// Its code.
    into: String,
}

/// What is split off a cell.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CellSplit {
    /// Houses.
    buildings: Vec<String>,
    /// Groups: street and group.
    groups: Vec<(String, String)>,
    /// Into which cell.
    to: String,
    /// Its name, when it is to be made.
    name: Option<String>,
}

/// How many records moved.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct MovedRecords {
    /// Records.
    #[ts(type = "number")]
    pub moved: usize,
}

/// The divisions and cells of the own scope, with those that are over.
#[utoipa::path(get, path = "/desk/api/divisions", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = Vec<DeskDivision>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn divisions(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<Vec<DeskDivision>>, ApiError> {
    let lines = blocking(&app, move |hub| hub.divisions_for(&desk.actor)).await?;
    Ok(Json(lines.into_iter().map(DeskDivision::from).collect()))
}

/// Creates a division or a cell.
#[utoipa::path(post, path = "/desk/api/divisions", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = DivisionNew,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn create_division(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<DivisionNew>,
) -> Result<StatusCode, ApiError> {
    let code = Scope::new(wish.code.trim()).map_err(|_| malformed("code"))?;
    blocking(&app, move |hub| hub.create_division(&desk.actor, &code, &wish.name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of a division, oldest first.
#[utoipa::path(get, path = "/desk/api/divisions/{code}/past", tag = "desk", security(("desk" = [])),
    params(("code" = String, Path, description = "The division")),
    responses((status = 200, body = Vec<DivisionPast>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn division_past(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Vec<DivisionPast>>, ApiError> {
    let code = division(path)?;
    let (_, past) = blocking(&app, move |hub| hub.division_for(&desk.actor, &code)).await?;
    Ok(Json(past.into_iter().map(DivisionPast::from).collect()))
}

/// Gives a division another name.
#[utoipa::path(post, path = "/desk/api/divisions/{code}/rename", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("code" = String, Path, description = "The division")), request_body = DivisionName,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn rename_division(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<DivisionName>,
) -> Result<StatusCode, ApiError> {
    let code = division(path)?;
    blocking(&app, move |hub| hub.rename_division(&desk.actor, &code, &wish.seen, &wish.name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Retires a division on which nothing rests any more.
#[utoipa::path(post, path = "/desk/api/divisions/{code}/retire", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("code" = String, Path, description = "The division")), request_body = DivisionEnd,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn retire_division(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<DivisionEnd>,
) -> Result<StatusCode, ApiError> {
    let code = division(path)?;
    let successor =
        wish.succeeded_by.map(|code| Scope::new(&code)).transpose().map_err(|_| malformed("succeeded_by"))?;
    blocking(&app, move |hub| hub.retire_division(&desk.actor, &code, successor.as_ref())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a cell stands: who holds it, what their phones are known to owe, what can be split off.
#[utoipa::path(get, path = "/desk/api/cells/{code}", tag = "desk", security(("desk" = [])),
    params(("code" = String, Path, description = "The cell")),
    responses((status = 200, body = DeskCell), (status = "4XX", body = ErrorBody)))]
pub(super) async fn cell_standing(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DeskCell>, ApiError> {
    let cell = cell(path)?;
    Ok(Json(blocking(&app, move |hub| hub.cell_standing(&desk.actor, &cell)).await?.into()))
}

/// Gives a cell from one account to another.
#[utoipa::path(post, path = "/desk/api/cells/{code}/hand-over", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("code" = String, Path, description = "The cell")), request_body = HandOver,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn hand_over_cell(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<HandOver>,
) -> Result<StatusCode, ApiError> {
    let cell = cell(path)?;
    let accounts = |names: &[String]| names.iter().map(|name| AccountId::new(name)).collect::<Result<Vec<_>, _>>();
    let seen = accounts(&wish.seen).map_err(|_| malformed("seen"))?;
    let to = accounts(&wish.to).map_err(|_| malformed("to"))?;
    blocking(&app, move |hub| hub.hand_over_cell(&desk.actor, &cell, &seen, &to)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Merges a cell into another, or moves what came late after it.
#[utoipa::path(post, path = "/desk/api/cells/{code}/merge", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("code" = String, Path, description = "The cell")), request_body = CellMerge,
    responses((status = 200, body = MovedRecords), (status = "4XX", body = ErrorBody)))]
pub(super) async fn merge_cell(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<CellMerge>,
) -> Result<Json<MovedRecords>, ApiError> {
    let cell = cell(path)?;
    let into = CellCode::new(&wish.into).map_err(|_| malformed("succeeded_by"))?;
    let moved = blocking(&app, move |hub| hub.merge_cell(&desk.actor, &cell, &into)).await?;
    Ok(Json(MovedRecords { moved }))
}

/// Moves what came late into a cell: after what it belongs to, and from a cell that is over to the one that took its place.
#[utoipa::path(post, path = "/desk/api/cells/{code}/late", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("code" = String, Path, description = "The cell")),
    responses((status = 200, body = MovedRecords), (status = "4XX", body = ErrorBody)))]
pub(super) async fn move_late(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<MovedRecords>, ApiError> {
    let cell = cell(path)?;
    let moved = blocking(&app, move |hub| hub.move_late(&desk.actor, &cell)).await?;
    Ok(Json(MovedRecords { moved }))
}

/// Splits houses and groups off a cell.
#[utoipa::path(post, path = "/desk/api/cells/{code}/split", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("code" = String, Path, description = "The cell")), request_body = CellSplit,
    responses((status = 200, body = MovedRecords), (status = "4XX", body = ErrorBody)))]
pub(super) async fn split_cell(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<CellSplit>,
) -> Result<Json<MovedRecords>, ApiError> {
    let cell = cell(path)?;
    let to = CellCode::new(&wish.to).map_err(|_| malformed("succeeded_by"))?;
    let buildings: Result<BTreeSet<RecordId>, _> = wish.buildings.iter().map(|id| id.parse()).collect();
    let buildings = buildings.map_err(|_| malformed("buildings"))?;
    let off = SplitParts { buildings, groups: wish.groups.into_iter().collect() };
    let moved = blocking(&app, move |hub| hub.split_cell(&desk.actor, &cell, &off, &to, wish.name.as_deref())).await?;
    Ok(Json(MovedRecords { moved }))
}

fn malformed(field: &str) -> HubError {
    HubError::invalid(vec![Problem::new(field, ProblemCode::WrongType)])
}

/// The division named in an address. What cannot be a code is nobody's division.
fn division(path: Result<Path<String>, PathRejection>) -> Result<Scope, ApiError> {
    Scope::new(&named(path)?).map_err(|_| refused(CallRefusal::NotFound).into())
}

fn cell(path: Result<Path<String>, PathRejection>) -> Result<CellCode, ApiError> {
    CellCode::new(&named(path)?).map_err(|_| refused(CallRefusal::NotFound).into())
}
