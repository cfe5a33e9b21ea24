//! The county's rules of reviewing: read by everybody who works with them, set by administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::review::rules::{LowRisk, ReviewRules};
use domain::scope::Role;
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::refused;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};

/// The rules in force, and what a county can choose from.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskReviewRules {
    /// In force.
    pub rules: ReviewRules,
    /// The most that may be of low risk.
    pub choices: LowRisk,
}

/// The county's rules of reviewing.
#[utoipa::path(get, path = "/desk/api/review-rules", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = DeskReviewRules), (status = "4XX", body = ErrorBody)))]
pub(super) async fn review_rules(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<DeskReviewRules>, ApiError> {
    if !matches!(desk.actor.role, Role::Admin | Role::Supervisor) {
        return Err(refused(CallRefusal::NotAllowed).into());
    }
    let rules = blocking(&app, |hub| hub.review_rules()).await?;
    Ok(Json(DeskReviewRules { rules, choices: LowRisk::choices() }))
}

/// Sets the county's rules of reviewing.
#[utoipa::path(post, path = "/desk/api/review-rules", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = ReviewRules,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn set_review_rules(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(rules): JsonBody<ReviewRules>,
) -> Result<StatusCode, ApiError> {
    blocking(&app, move |hub| hub.set_review_rules(&desk, &rules)).await?;
    Ok(StatusCode::NO_CONTENT)
}
