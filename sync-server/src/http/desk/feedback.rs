//! Opinions about this app (意见反馈): the staff's words, the desk's answers, and how these were rated.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::RecordId;
use domain::feedback::Thread;
use domain::protocol::ErrorBody;
use domain::world::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::titles::Surroundings;
use super::{named, record_id};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::HubError;
use crate::hub::feedback::opinions;
use crate::store::Store as _;

/// An answer to an opinion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskAnswer {
    /// In words.
    pub text: String,
    /// When.
    pub at: Millis,
    /// Who, by the name shown.
    pub by: String,
    /// How whoever asked rates it, 1–5.
    pub rating: Option<i64>,
}

/// An opinion with its answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskOpinion {
    /// The opinion.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// In words.
    pub text: String,
    /// When.
    pub at: Millis,
    /// Who, by the name shown.
    pub by: String,
    /// Village and cell by name.
    pub place: String,
    /// The answers, in their order.
    pub answers: Vec<DeskAnswer>,
}

/// An answer to be given.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AnswerWish {
    /// In words.
    text: String,
    /// How many answers were on the screen: somebody else may have been quicker.
    seen: usize,
}

/// The opinions of the own scope, the latest first.
#[utoipa::path(get, path = "/desk/api/feedback", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = Vec<DeskOpinion>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn feedback(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<Vec<DeskOpinion>>, ApiError> {
    let found = blocking(&app, move |hub| {
        hub.store().read(|reading| {
            let mut around = Surroundings::new(reading, &desk.actor);
            let all = opinions(reading, &desk.actor)?;
            all.into_iter()
                .map(|(thread, record)| opinion(&mut around, thread, &record))
                .collect::<Result<_, HubError>>()
        })
    });
    Ok(Json(found.await?))
}

/// Answers an opinion.
#[utoipa::path(post, path = "/desk/api/feedback/{id}/answer", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The opinion")), request_body = AnswerWish,
    responses((status = 204), (status = 409, description = "somebody answered meanwhile", body = ErrorBody), (status = "4XX", body = ErrorBody)))]
pub(super) async fn answer(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<AnswerWish>,
) -> Result<StatusCode, ApiError> {
    let id = record_id(&named(path)?)?;
    blocking(&app, move |hub| hub.answer_feedback(&desk.actor, id, &wish.text, wish.seen)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn opinion(around: &mut Surroundings<'_>, thread: Thread, record: &domain::Record) -> Result<DeskOpinion, HubError> {
    let mut answers = Vec::with_capacity(thread.answers.len());
    for given in thread.answers {
        answers.push(DeskAnswer {
            text: given.said.text.unwrap_or_default(),
            at: given.said.at,
            by: around.author(given.said.by.as_deref())?,
            rating: given.rating,
        });
    }
    Ok(DeskOpinion {
        id: thread.id,
        text: thread.said.text.unwrap_or_default(),
        at: thread.said.at,
        by: around.author(thread.said.by.as_deref())?,
        place: around.place(&record.cell)?,
        answers,
    })
}
