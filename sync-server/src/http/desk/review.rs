//! Approving and returning, one by one or many at once.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::review::ReviewState;
use domain::{RecordId, Version};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::refused;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::reviews::{LookedAt, ManyApproved, ReviewOf, ReviewVerdict};
use crate::hub::take_back::TakenBack;

/// At most so many approvals at once.
const BULK_MAX: usize = 500;

/// What a supervisor says of a version.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ReviewWish {
    /// The record.
    #[schema(value_type = String)]
    id: RecordId,
    /// The version that was looked at.
    #[schema(value_type = String)]
    version: Version,
    /// Where that version stood when it was looked at; `stale` when somebody else has decided since.
    seen: ReviewState,
    /// What is said of it.
    verdict: ReviewVerdict,
    /// Remarks on single fields.
    #[serde(default)]
    remarks: BTreeMap<String, String>,
    /// A remark on the whole.
    #[serde(default)]
    note: Option<String>,
}

/// The review that was written.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct WrittenReview {
    /// Its record.
    #[schema(value_type = String)]
    pub id: RecordId,
}

/// Many versions to approve.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BulkWish {
    /// At most 500.
    items: Vec<BulkApproval>,
}

/// A version to approve.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BulkApproval {
    /// The record.
    #[schema(value_type = String)]
    id: RecordId,
    /// The version that was looked at.
    #[schema(value_type = String)]
    version: Version,
    /// Where that version stood when it was looked at.
    seen: ReviewState,
}

/// What became of many approvals.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct BulkOutcome {
    /// How many were approved.
    pub approved: usize,
    /// The approvals, to take them back.
    #[schema(value_type = Vec<String>)]
    pub reviews: Vec<RecordId>,
    /// Those that had changed or were decided meanwhile and were left alone.
    #[schema(value_type = Vec<String>)]
    pub stale: Vec<RecordId>,
    /// Those that nobody approves among many: their risk is not low, or another level comes first.
    #[schema(value_type = Vec<String>)]
    pub left: Vec<RecordId>,
}

/// Own reviews of the last moment that are not to count.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TakeBackWish {
    /// The reviews, at most 500.
    #[schema(value_type = Vec<String>)]
    reviews: Vec<RecordId>,
}

/// What became of reviews that somebody wanted back.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct TakeBackOutcome {
    /// The records whose review does not count any more.
    #[schema(value_type = Vec<String>)]
    pub taken: Vec<RecordId>,
    /// The reviews that stay: too late, somebody else's, or somebody has built on them.
    #[schema(value_type = Vec<String>)]
    pub left: Vec<RecordId>,
}

/// Approves or returns one version of a record.
#[utoipa::path(post, path = "/desk/api/reviews", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = ReviewWish,
    responses((status = 200, body = WrittenReview), (status = 409, description = "the version is not the present one, or somebody else has decided", body = ErrorBody),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn review(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<ReviewWish>,
) -> Result<Json<WrittenReview>, ApiError> {
    let ReviewWish { id, version, seen, verdict, remarks, note } = wish;
    let review = ReviewOf { id, version, seen, verdict, remarks, note };
    let id = blocking(&app, move |hub| hub.review(&desk, &review)).await?;
    Ok(Json(WrittenReview { id }))
}

/// Approves many versions of low risk in one go.
#[utoipa::path(post, path = "/desk/api/reviews/bulk", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = BulkWish,
    responses((status = 200, body = BulkOutcome), (status = "4XX", body = ErrorBody)))]
pub(super) async fn approve_many(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<BulkWish>,
) -> Result<Json<BulkOutcome>, ApiError> {
    if wish.items.len() > BULK_MAX {
        return Err(refused(CallRefusal::TooLarge).into());
    }
    let looked_at = |BulkApproval { id, version, seen }| LookedAt { id, version, seen };
    let items: Vec<LookedAt> = wish.items.into_iter().map(looked_at).collect();
    let outcome = blocking(&app, move |hub| hub.approve_many(&desk, &items)).await?;
    let ManyApproved { approved, reviews, stale, left } = outcome;
    Ok(Json(BulkOutcome { approved, reviews, stale, left }))
}

/// Takes own reviews of the last moment back.
#[utoipa::path(post, path = "/desk/api/reviews/take-back", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = TakeBackWish,
    responses((status = 200, body = TakeBackOutcome), (status = "4XX", body = ErrorBody)))]
pub(super) async fn take_back(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<TakeBackWish>,
) -> Result<Json<TakeBackOutcome>, ApiError> {
    if wish.reviews.len() > BULK_MAX {
        return Err(refused(CallRefusal::TooLarge).into());
    }
    let TakenBack { taken, left } = blocking(&app, move |hub| hub.take_back(&desk, &wish.reviews)).await?;
    Ok(Json(TakeBackOutcome { taken, left }))
}
