//! Where cells lie: their boundaries for maps, and drawing them.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::kinds::cell::boundary;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::{CellCode, Scope, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::refused;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::boundaries::BoundaryOf;
use crate::store::StoredRecord;

/// Which cells are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WithinPlace {
    /// Code of a place; without it: the whole scope.
    place: Option<String>,
}

/// A cell with its boundary.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct CellBoundary {
    /// The cell's code.
    #[schema(value_type = String)]
    #[ts(type = "string")]
    pub cell: CellCode,
    /// Its name.
    pub name: String,
    /// The cell's record.
    pub record: String,
    /// The version of the record, to be handed back when the boundary is drawn.
    #[schema(value_type = String)]
    pub version: Version,
    /// A polygon or several as GeoJSON (WGS-84); null: it was never drawn.
    #[ts(type = "{ type: 'Polygon' | 'MultiPolygon', coordinates: unknown } | null")]
    #[schema(value_type = Option<Object>)]
    pub boundary: Option<Value>,
}

impl From<StoredRecord> for CellBoundary {
    fn from(stored: StoredRecord) -> Self {
        Self {
            name: stored.record.text("name").unwrap_or_default().to_owned(),
            record: stored.record.id.to_string(),
            boundary: boundary(&stored.record).cloned(),
            cell: stored.record.cell,
            version: stored.version,
        }
    }
}

/// A boundary to be kept.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BoundaryWish {
    /// The cell's code.
    cell: String,
    /// The version of the cell's record that was looked at.
    #[schema(value_type = String)]
    version: Version,
    /// A polygon or several as GeoJSON (WGS-84): closed, not crossing itself, inside China, at most 1,000 corners and 64 kB.
    /// Null takes the boundary away.
    #[schema(value_type = Option<Object>)]
    boundary: Value,
}

/// What became of it.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct KeptBoundary {
    /// The version of the cell's record now.
    #[schema(value_type = String)]
    pub version: Version,
}

/// The cells of the own scope, or of a part of it, with their boundaries, by code.
#[utoipa::path(get, path = "/desk/api/boundaries", tag = "desk", security(("desk" = [])), params(WithinPlace),
    responses((status = 200, body = Vec<CellBoundary>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn boundaries(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    query: Result<Query<WithinPlace>, QueryRejection>,
) -> Result<Json<Vec<CellBoundary>>, ApiError> {
    let place = query.map(|Query(asked)| asked.place).map_err(|_| refused(CallRefusal::Malformed))?;
    let within = place.filter(|code| !code.is_empty()).map(|code| Scope::new(&code)).transpose();
    let within = within.map_err(|_| refused(CallRefusal::NotFound))?;
    let cells = blocking(&app, move |hub| hub.cells_of(&desk.actor, within.as_ref())).await?;
    Ok(Json(cells.into_iter().map(CellBoundary::from).collect()))
}

/// Keeps a cell's boundary, or takes it away. Phones of the cell have it after their next round.
#[utoipa::path(post, path = "/desk/api/boundaries", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = BoundaryWish,
    responses((status = 200, body = KeptBoundary), (status = 409, description = "the version is not the present one", body = ErrorBody),
        (status = 422, description = "no boundary; `problems` says why", body = ErrorBody), (status = "4XX", body = ErrorBody)))]
pub(super) async fn put_boundary(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<BoundaryWish>,
) -> Result<Json<KeptBoundary>, ApiError> {
    let cell = CellCode::new(&wish.cell).map_err(|_| refused(CallRefusal::NotFound))?;
    let wish = BoundaryOf { cell, version: wish.version, boundary: wish.boundary };
    let version = blocking(&app, move |hub| hub.put_boundary(&desk, &wish)).await?;
    Ok(Json(KeptBoundary { version }))
}
