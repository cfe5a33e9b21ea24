//! The phones' API: enrolment, rounds, nudges, lists, photos, orders.

mod exchange;
mod nudges;
mod orders;
pub(crate) mod photo;
mod taking;
pub(super) mod turns;
pub(super) mod tus;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::codes::Lists;
use domain::protocol::{EnrolRequest, Enrolment, Hello, Tokens};
use serde::{Deserialize, Serialize};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::http::{ApiError, App, ClientAddr, JsonBody, SignedInPhone, blocking};
use crate::hub::CountyHub;

/// The routes below `/v1`.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/enrol", post(enrol))
        .route("/token", post(token))
        .route("/hello", get(hello))
        .route("/lists", get(lists))
        .route("/exchange", post(exchange::exchange))
        .route("/nudges", get(nudges::nudges))
        .route("/photo/{sha256}/{size}", get(photo::photo))
        .route("/order", post(orders::order))
        .route("/report", post(orders::report))
        .route("/hand-in", post(orders::hand_in))
        .merge(tus::routes())
        // What phones get is ids and stamps for a good part. The quickest way of zstd does not look for short pieces in them, and comes
        // to fewer bytes than the next ones.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
}

/// A refresh token, to be exchanged for a new pair.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RefreshRequest {
    /// The token.
    pub refresh: String,
}

async fn enrol(
    State(app): State<App>,
    ClientAddr(address): ClientAddr,
    JsonBody(request): JsonBody<EnrolRequest>,
) -> Result<Json<Enrolment>, ApiError> {
    app.limits.enrol(address)?;
    blocking(&app, move |hub| hub.enrol(&request)).await.map(Json)
}

async fn token(
    State(app): State<App>,
    ClientAddr(address): ClientAddr,
    JsonBody(request): JsonBody<RefreshRequest>,
) -> Result<Json<Tokens>, ApiError> {
    app.limits.refresh(address)?;
    let tokens = blocking(&app, move |hub| hub.refresh(&request.refresh)).await?;
    app.limits.refreshed(address);
    Ok(Json(tokens))
}

async fn hello(State(app): State<App>, _: SignedInPhone) -> Result<Json<Hello>, ApiError> {
    blocking(&app, CountyHub::hello).await.map(Json)
}

async fn lists(State(app): State<App>, _: SignedInPhone) -> Json<Lists> {
    Json(Lists::clone(&app.hub.lists()))
}
