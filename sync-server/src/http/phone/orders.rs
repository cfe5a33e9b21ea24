//! What is left to a phone that is shut out or under an order: asking what is ordered, reporting it done, handing in. What stands
//! against it is asked once more when its body is here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::hand_in::HandIn;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::BODY_BYTES_MAX;

use crate::http::{ApiError, App, BearerPhone, JsonBody, blocking};

pub(super) async fn order(
    State(app): State<App>,
    BearerPhone(bearer): BearerPhone,
    JsonBody(request): JsonBody<OrderRequest>,
) -> Result<Json<OrderAnswer>, ApiError> {
    blocking(&app, move |hub| hub.order(&hub.bearer_now(&bearer)?, &request)).await.map(Json)
}

pub(super) async fn report(
    State(app): State<App>,
    BearerPhone(bearer): BearerPhone,
    JsonBody(done): JsonBody<StandingOrder>,
) -> Result<StatusCode, ApiError> {
    blocking(&app, move |hub| hub.report(&hub.bearer_now(&bearer)?, done)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn hand_in(
    State(app): State<App>,
    BearerPhone(bearer): BearerPhone,
    JsonBody(piece): JsonBody<HandIn, BODY_BYTES_MAX>,
) -> Result<StatusCode, ApiError> {
    app.limits.hand_in(bearer.device.id)?;
    blocking(&app, move |hub| hub.hand_in(&hub.bearer_now(&bearer)?, &piece)).await?;
    Ok(StatusCode::NO_CONTENT)
}
