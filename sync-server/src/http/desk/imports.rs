//! Tables that are taken in: uploaded, looked at, tried, written in the background.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::scope::Actor;
use domain::world::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::named;
use crate::http::auth::SignedInDesk;
use crate::http::body::collect;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::imports::{ImportColumn, ImportLine, ImportOf, ImportPlan, ImportReport, ImportState};
use crate::tables::FILE_BYTES_MAX;

/// A table that is taken in.
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskImport {
    /// Its name: the same file of the same account has the same.
    pub id: String,
    /// What its owner calls the file.
    pub name: String,
    /// When it came.
    pub at: Millis,
    /// What it holds.
    pub what: ImportOf,
    /// Where it stands.
    pub state: ImportState,
    /// Rows that are done.
    #[ts(type = "number")]
    pub done: u64,
    /// Rows in all, empty ones too.
    #[ts(type = "number")]
    pub total: u64,
    /// Which column says what.
    pub plan: ImportPlan,
    /// What was found or written.
    pub report: ImportReport,
    /// The table's columns, while they can be told.
    pub columns: Vec<ImportColumn>,
}

impl DeskImport {
    fn of(line: ImportLine, columns: Vec<ImportColumn>) -> Self {
        let ImportLine { batch, what, state, plan, report } = line;
        let (done, total) = (batch.done, batch.total);
        Self { id: batch.id, name: batch.name, at: batch.at, what, state, done, total, plan, report, columns }
    }
}

/// What comes with a file.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Upload {
    /// What its owner calls it.
    #[serde(default)]
    name: String,
    /// register or divisions.
    what: ImportOf,
}

/// The own tables, the latest first.
#[utoipa::path(get, path = "/desk/api/imports", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = Vec<DeskImport>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn imports(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<Vec<DeskImport>>, ApiError> {
    let lines = blocking(&app, move |hub| hub.imports_for(&desk.actor)).await?;
    Ok(Json(lines.into_iter().map(|line| DeskImport::of(line, Vec::new())).collect()))
}

/// Takes a file, XLSX or CSV, of at most 40 MiB; whatever its name, its content decides what it is.
#[utoipa::path(post, path = "/desk/api/imports", tag = "desk", security(("desk" = [], "csrf" = [])), params(Upload),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = DeskImport), (status = "4XX", body = ErrorBody)))]
pub(super) async fn upload_table(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    query: Result<Query<Upload>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Json<DeskImport>, ApiError> {
    // Before a byte of it is read.
    if !domain::scope::has_duty(desk.actor.role, domain::scope::Duty::Import) {
        return Err(ApiError::new(CallRefusal::NotAllowed));
    }
    let Query(upload) = query.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
    let bytes = collect(request, FILE_BYTES_MAX).await?;
    let found = blocking(&app, move |hub| {
        let desk = hub.desk_now(&desk)?;
        let line = hub.upload_table(&desk.actor, &upload.name, upload.what, &bytes)?;
        hub.import_for(&desk.actor, &line.batch.id)
    })
    .await?;
    Ok(Json(DeskImport::of(found.0, found.1)))
}

/// A table with its columns.
#[utoipa::path(get, path = "/desk/api/imports/{id}", tag = "desk", security(("desk" = [])),
    params(("id" = String, Path, description = "The table")),
    responses((status = 200, body = DeskImport), (status = "4XX", body = ErrorBody)))]
pub(super) async fn import(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DeskImport>, ApiError> {
    let id = named(path)?;
    let (line, columns) = blocking(&app, move |hub| hub.import_for(&desk.actor, &id)).await?;
    Ok(Json(DeskImport::of(line, columns)))
}

/// How far a table is: asked again and again while it is at work.
#[utoipa::path(get, path = "/desk/api/imports/{id}/progress", tag = "desk", security(("desk" = [])),
    params(("id" = String, Path, description = "The table")),
    responses((status = 200, body = DeskImport), (status = "4XX", body = ErrorBody)))]
pub(super) async fn import_progress(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DeskImport>, ApiError> {
    let id = named(path)?;
    let line = blocking(&app, move |hub| hub.import_progress(&desk.actor, &id)).await?;
    Ok(Json(DeskImport::of(line, Vec::new())))
}

/// Tries a table with these columns; nothing is written. The answer comes at once, the trial goes on.
#[utoipa::path(post, path = "/desk/api/imports/{id}/check", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The table")), request_body = ImportPlan,
    responses((status = 202), (status = "4XX", body = ErrorBody)))]
pub(super) async fn check_import(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(plan): JsonBody<ImportPlan>,
) -> Result<StatusCode, ApiError> {
    let id = named(path)?;
    let (actor, batch) = (desk.actor.clone(), id.clone());
    blocking(&app, move |hub| hub.begin_check(&desk.actor, &id, &plan)).await?;
    go_on(&app, actor, batch);
    Ok(StatusCode::ACCEPTED)
}

/// Writes a table that was tried, or goes on with one that stopped. The answer comes at once, the writing goes on.
#[utoipa::path(post, path = "/desk/api/imports/{id}/run", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The table")),
    responses((status = 202), (status = "4XX", body = ErrorBody)))]
pub(super) async fn run_import(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let id = named(path)?;
    let (actor, batch) = (desk.actor.clone(), id.clone());
    blocking(&app, move |hub| hub.begin_import(&desk.actor, &id)).await?;
    go_on(&app, actor, batch);
    Ok(StatusCode::ACCEPTED)
}

/// Throws a table away; what it has written stays.
#[utoipa::path(post, path = "/desk/api/imports/{id}/discard", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The table")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn discard_import(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let id = named(path)?;
    blocking(&app, move |hub| hub.discard_import(&desk.actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Works on a blocking thread while nobody waits for it; the batch itself says how far it is.
fn go_on(app: &App, actor: Actor, id: String) {
    let hub = std::sync::Arc::clone(&app.hub);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = hub.go_on_with_import(&actor, &id) {
            tracing::error!(%error, "an import stopped");
        }
    });
}
