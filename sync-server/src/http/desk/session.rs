//! Signing in, being signed in, signing out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use domain::protocol::ErrorBody;
use domain::scope::Role;
use domain::{AccountId, Scope};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::http::auth::{ArrivedDesk, no_cookie, session_cookie};
use crate::http::{ApiError, App, ClientAddr, JsonBody, blocking};
use crate::hub::desk::Desk;

/// Who wants in.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SignInWish {
    /// The account's name.
    account: String,
    /// Its password.
    password: String,
}

/// Somebody signed in at the desk.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct Session {
    /// The account.
    #[schema(value_type = String)]
    pub account: AccountId,
    /// The person's name.
    pub display_name: String,
    /// What the account is for.
    pub role: Role,
    /// What it sees: division codes.
    #[ts(type = "string[]")]
    #[schema(value_type = Vec<String>)]
    pub scopes: Vec<Scope>,
    /// Of a handler: code of the department.
    pub department: Option<String>,
    /// To be sent as `x-csrf-token` with everything that changes something.
    pub csrf: String,
    /// The password was set by somebody else: it must be changed before anything else is answered.
    pub password_first: bool,
    /// Whether this server holds demonstration data: every page then says so.
    pub demo: bool,
}

fn answer(desk: &Desk, demo: bool) -> Session {
    Session {
        account: desk.actor.account.clone(),
        display_name: desk.display_name.clone(),
        role: desk.actor.role,
        scopes: desk.actor.scopes.clone(),
        department: desk.actor.department.clone(),
        csrf: desk.csrf.clone(),
        password_first: desk.password_first,
        demo,
    }
}

/// Signs somebody in; the answer sets the session's cookie.
#[utoipa::path(post, path = "/desk/api/sign-in", tag = "desk", security(()), request_body = SignInWish,
    responses((status = 200, body = Session), (status = "4XX", body = ErrorBody)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    ClientAddr(addr): ClientAddr,
    JsonBody(wish): JsonBody<SignInWish>,
) -> Result<Response, ApiError> {
    app.limits.sign_in(addr, &wish.account)?;
    let (signed_in, demo) = blocking(&app, move |hub| {
        let signed_in = hub.sign_in(&wish.account, &wish.password)?;
        Ok((signed_in, hub.is_demo()?))
    })
    .await?;
    app.limits.signed_in(signed_in.desk.actor.account.as_str());
    let cookie = session_cookie(&app, &signed_in.cookie);
    Ok(([(SET_COOKIE, cookie)], Json(answer(&signed_in.desk, demo))).into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/desk/api/session", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = Session), (status = "4XX", body = ErrorBody)))]
pub(super) async fn session(State(app): State<App>, ArrivedDesk(desk): ArrivedDesk) -> Result<Json<Session>, ApiError> {
    let demo = blocking(&app, |hub| hub.is_demo()).await?;
    Ok(Json(answer(&desk, demo)))
}

/// Ends the session.
#[utoipa::path(post, path = "/desk/api/sign-out", tag = "desk", security(("desk" = [], "csrf" = [])),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn sign_out(State(app): State<App>, ArrivedDesk(desk): ArrivedDesk) -> Result<Response, ApiError> {
    blocking(&app, move |hub| hub.sign_out(&desk)).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, no_cookie(&app))]).into_response())
}

/// A new password of one's own.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PasswordWish {
    /// The present one.
    old: String,
    /// The one to come: at least ten characters.
    new: String,
}

/// Changes the own password; every other session of the account ends.
#[utoipa::path(post, path = "/desk/api/password", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = PasswordWish,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn password(
    State(app): State<App>,
    ClientAddr(addr): ClientAddr,
    ArrivedDesk(desk): ArrivedDesk,
    JsonBody(wish): JsonBody<PasswordWish>,
) -> Result<StatusCode, ApiError> {
    // Whoever finds a desk left open could guess here as well as at the door.
    let account = desk.actor.account.clone();
    app.limits.sign_in(addr, account.as_str())?;
    blocking(&app, move |hub| hub.change_own_password(&desk, &wish.old, &wish.new)).await?;
    app.limits.signed_in(account.as_str());
    Ok(StatusCode::NO_CONTENT)
}
