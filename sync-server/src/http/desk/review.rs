//! Approving and returning, one by one or many at once.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::{RecordId, Version};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::refused;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::reviews::{ReviewOf, ReviewVerdict};

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
}

/// What became of many approvals.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct BulkOutcome {
    /// How many were approved.
    pub approved: usize,
    /// Those that had changed meanwhile and were left alone.
    #[schema(value_type = Vec<String>)]
    pub stale: Vec<RecordId>,
}

/// Approves or returns one version of a record.
#[utoipa::path(post, path = "/desk/api/reviews", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = ReviewWish,
    responses((status = 200, body = WrittenReview), (status = 409, description = "the version is not the present one", body = ErrorBody),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn review(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<ReviewWish>,
) -> Result<Json<WrittenReview>, ApiError> {
    let ReviewWish { id, version, verdict, remarks, note } = wish;
    let review = ReviewOf { id, version, verdict, remarks, note };
    let id = blocking(&app, move |hub| hub.review(&desk, &review)).await?;
    Ok(Json(WrittenReview { id }))
}

/// Approves many versions in one go.
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
    let items: Vec<(RecordId, Version)> = wish.items.into_iter().map(|item| (item.id, item.version)).collect();
    let outcome = blocking(&app, move |hub| hub.approve_many(&desk, &items)).await?;
    Ok(Json(BulkOutcome { approved: outcome.approved, stale: outcome.stale }))
}
