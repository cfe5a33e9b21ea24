//! Tasks (任务) from the desk, each with its basis in the published list, and what came back, by place. Never by worker.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::kinds::task::Task;
use domain::kinds::task_report::TaskReport;
use domain::protocol::ErrorBody;
use domain::scope::Actor;
use domain::validate::today;
use domain::world::Millis;
use domain::{CellCode, Kind, RecordId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use super::published::{self, BeforeWords, PublishedOutcome, said, scopes};
use super::titles::Surroundings;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody};
use crate::hub::HubError;
use crate::hub::notices::{Publication, published};
use crate::store::Reading;

/// A task in a list: one, to however many cells it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskTask {
    /// One of its records.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// In one line.
    pub title: String,
    /// In full.
    pub text: Option<String>,
    /// Code of the published purpose that it serves.
    pub purpose: String,
    /// When it was given.
    pub at: Millis,
    /// Who gave it, by the name shown.
    pub by: String,
    /// By when, `YYYY-MM-DD`.
    pub due_on: Option<String>,
    /// That day has passed.
    pub overdue: bool,
    /// When it was withdrawn.
    pub ended_at: Option<Millis>,
    /// To how many cells of the scope.
    pub cells: u64,
}

/// A page of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskTasks {
    /// The latest first.
    pub items: Vec<DeskTask>,
    /// Ask for those before this moment to go on.
    pub next: Option<Millis>,
}

/// What came back from a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct TaskPlace {
    /// The cell.
    #[schema(value_type = String)]
    pub cell: CellCode,
    /// Village and cell by name.
    pub place: String,
    /// Code of the latest report's result; none came yet otherwise.
    pub result: Option<String>,
    /// Its words.
    pub note: Option<String>,
    /// When it was made.
    pub at: Option<Millis>,
}

/// A task with what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskTaskPage {
    /// The task.
    pub task: DeskTask,
    /// Cell by cell.
    pub places: Vec<TaskPlace>,
}

/// A task to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskWish {
    /// Chosen by the page: the same wish is given once.
    #[schema(value_type = String)]
    wish: Uuid,
    /// Codes of towns, villages or cells.
    places: Vec<String>,
    /// In one line.
    title: String,
    /// Code of the published purpose that it serves.
    purpose: String,
    /// In full.
    text: Option<String>,
    /// By when, `YYYY-MM-DD`.
    due_on: Option<String>,
}

/// The tasks of the own scope.
#[utoipa::path(get, path = "/desk/api/tasks", tag = "desk", security(("desk" = [])), params(BeforeWords),
    responses((status = 200, body = DeskTasks), (status = "4XX", body = ErrorBody)))]
pub(super) async fn tasks(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    words: Result<Query<BeforeWords>, QueryRejection>,
) -> Result<Json<DeskTasks>, ApiError> {
    let (items, next) = published::list(&app, desk.actor, Kind::Task, words, line).await?;
    Ok(Json(DeskTasks { items, next }))
}

/// Gives a task to every cell of some places.
#[utoipa::path(post, path = "/desk/api/tasks", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = TaskWish,
    responses((status = 200, body = PublishedOutcome), (status = "4XX", body = ErrorBody)))]
pub(super) async fn give(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<TaskWish>,
) -> Result<Json<PublishedOutcome>, ApiError> {
    let TaskWish { wish, places, title, purpose, text, due_on } = wish;
    let fields = said([("title", Some(title)), ("purpose", Some(purpose)), ("text", text), ("due_on", due_on)]);
    let publication = Publication { wish, kind: Kind::Task, places: scopes(&places)?, fields };
    published::publish(&app, desk.actor, publication).await
}

/// A task with what came back, by place.
#[utoipa::path(get, path = "/desk/api/tasks/{id}", tag = "desk", security(("desk" = [])), params(("id" = String, Path, description = "One of its records")),
    responses((status = 200, body = DeskTaskPage), (status = "4XX", body = ErrorBody)))]
pub(super) async fn task(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DeskTaskPage>, ApiError> {
    published::one(&app, desk.actor, path, page).await
}

/// Withdraws a task.
#[utoipa::path(post, path = "/desk/api/tasks/{id}/withdraw", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "One of its records")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    published::withdraw(&app, desk.actor, Kind::Task, path).await
}

fn line(around: &mut Surroundings<'_>, record: &domain::Record, cells: u64, now: Millis) -> Result<DeskTask, HubError> {
    let task = Task::from(record);
    let day = today(now).to_string();
    Ok(DeskTask {
        id: record.id,
        by: around.author(task.by.as_deref())?,
        overdue: task.ended_at.is_none() && task.due_on.as_ref().is_some_and(|due| *due < day),
        title: task.title,
        text: task.text,
        purpose: task.purpose,
        at: task.at,
        due_on: task.due_on,
        ended_at: task.ended_at,
        cells,
    })
}

fn page(reading: &dyn Reading, actor: &Actor, id: RecordId, now: Millis) -> Result<DeskTaskPage, HubError> {
    let (one, all) = published(reading, actor, &Kind::Task, id)?;
    let mut around = Surroundings::new(reading, actor);
    let mut places = Vec::with_capacity(all.len());
    for record in &all {
        // A report stays in the cell where it was made when the task's cell is merged.
        let reports = reading.referring(&record.cell.county(), record.id, &Kind::TaskReport)?;
        let reports = reports.iter().filter(|stored| !stored.record.is_deleted() && around.may_read(&stored.record));
        let latest = reports.map(|stored| TaskReport::from(&stored.record)).max_by_key(|report| report.at);
        let (result, note, at) =
            latest.map_or((None, None, None), |report| (Some(report.result), report.note, Some(report.at)));
        places.push(TaskPlace { cell: record.cell.clone(), place: around.place(&record.cell)?, result, note, at });
    }
    let cells = places.len() as u64;
    Ok(DeskTaskPage { task: line(&mut around, &one, cells, now)?, places })
}
