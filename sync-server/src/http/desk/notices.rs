//! Notices and warnings (通知公告、预警) from the desk: published to places, with how many households were told, by place. Never by worker.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::kinds::notice::Notice;
use domain::protocol::ErrorBody;
use domain::scope::Actor;
use domain::validate::today;
use domain::world::Millis;
use domain::{CellCode, Kind, Record, RecordId, Scope};
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

/// A notice in a list: one, to however many cells it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskNotice {
    /// One of its records.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// In one line.
    pub title: String,
    /// In full.
    pub text: String,
    /// Code of the kind.
    pub notice_kind: Option<String>,
    /// Code of a warning's level.
    pub level: Option<String>,
    /// When it was published.
    pub at: Millis,
    /// Who published it, by the name shown.
    pub by: String,
    /// Last day on which it counts.
    pub valid_until: Option<String>,
    /// It still counts.
    pub stands: bool,
    /// It was withdrawn.
    pub withdrawn: bool,
    /// To how many cells of the scope.
    pub cells: u64,
}

/// A page of notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskNotices {
    /// The latest first.
    pub items: Vec<DeskNotice>,
    /// Ask for those before this moment to go on.
    pub next: Option<Millis>,
}

/// How many households of a cell were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ToldPlace {
    /// The cell.
    #[schema(value_type = String)]
    pub cell: CellCode,
    /// Village and cell by name.
    pub place: String,
    /// Households told.
    pub told: usize,
    /// Households in which somebody lives.
    pub households: usize,
}

/// A notice with how far it got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskNoticePage {
    /// The notice.
    pub notice: DeskNotice,
    /// Cell by cell.
    pub places: Vec<ToldPlace>,
}

/// A notice to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeWish {
    /// Chosen by the page: the same wish is published once.
    #[schema(value_type = String)]
    wish: Uuid,
    /// Codes of towns, villages or cells.
    places: Vec<String>,
    /// In one line.
    title: String,
    /// In full.
    text: String,
    /// Code of the kind.
    notice_kind: String,
    /// Code of a warning's level.
    level: Option<String>,
    /// Last day on which it counts.
    valid_until: Option<String>,
}

/// The notices of the own scope.
#[utoipa::path(get, path = "/desk/api/notices", tag = "desk", security(("desk" = [])), params(BeforeWords),
    responses((status = 200, body = DeskNotices), (status = "4XX", body = ErrorBody)))]
pub(super) async fn notices(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    words: Result<Query<BeforeWords>, QueryRejection>,
) -> Result<Json<DeskNotices>, ApiError> {
    let (items, next) = published::list(&app, desk.actor, Kind::Notice, words, line).await?;
    Ok(Json(DeskNotices { items, next }))
}

/// Publishes a notice to every cell of some places.
#[utoipa::path(post, path = "/desk/api/notices", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = NoticeWish,
    responses((status = 200, body = PublishedOutcome), (status = "4XX", body = ErrorBody)))]
pub(super) async fn publish(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<NoticeWish>,
) -> Result<Json<PublishedOutcome>, ApiError> {
    let NoticeWish { wish, places, title, text, notice_kind, level, valid_until } = wish;
    let fields = said([
        ("title", Some(title)),
        ("text", Some(text)),
        ("notice_kind", Some(notice_kind)),
        ("level", level),
        ("valid_until", valid_until),
    ]);
    let publication = Publication { wish, kind: Kind::Notice, places: scopes(&places)?, fields };
    published::publish(&app, desk.actor, publication).await
}

/// A notice with how many households were told, by place.
#[utoipa::path(get, path = "/desk/api/notices/{id}", tag = "desk", security(("desk" = [])), params(("id" = String, Path, description = "One of its records")),
    responses((status = 200, body = DeskNoticePage), (status = "4XX", body = ErrorBody)))]
pub(super) async fn notice(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DeskNoticePage>, ApiError> {
    published::one(&app, desk.actor, path, page).await
}

/// Withdraws a notice: it vanishes from the phones of the own scope.
#[utoipa::path(post, path = "/desk/api/notices/{id}/withdraw", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "One of its records")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    published::withdraw(&app, desk.actor, Kind::Notice, path).await
}

fn line(around: &mut Surroundings<'_>, record: &Record, cells: u64, now: Millis) -> Result<DeskNotice, HubError> {
    let notice = Notice::from(record);
    Ok(DeskNotice {
        id: record.id,
        stands: notice.stands(today(now)),
        by: around.author(notice.by.as_deref())?,
        title: notice.title,
        text: notice.text,
        notice_kind: notice.notice_kind,
        level: notice.level,
        at: notice.at,
        valid_until: notice.valid_until,
        withdrawn: record.is_deleted(),
        cells,
    })
}

fn page(reading: &dyn Reading, actor: &Actor, id: RecordId, now: Millis) -> Result<DeskNoticePage, HubError> {
    let (one, all) = published(reading, actor, &Kind::Notice, id)?;
    let mut around = Surroundings::new(reading, actor);
    let within: Vec<Scope> = all.iter().map(|record| Scope::from(&record.cell)).collect();
    // Asked for each cell when they are few, for the whole scope otherwise.
    let lived_in = reading.lived_in(if within.len() <= 50 { &within } else { &actor.scopes })?;
    let mut places = Vec::with_capacity(all.len());
    for record in &all {
        places.push(ToldPlace {
            cell: record.cell.clone(),
            place: around.place(&record.cell)?,
            told: reading.told(&record.cell.county(), record.id)?,
            households: lived_in.get(&record.cell).copied().unwrap_or(0),
        });
    }
    let cells = places.len() as u64;
    Ok(DeskNoticePage { notice: line(&mut around, &one, cells, now)?, places })
}
