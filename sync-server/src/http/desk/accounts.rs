//! Accounts: who works where, as what. For the county's office.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::scope::Role;
use domain::world::Millis;
use domain::{AccountId, CellCode, Problem, ProblemCode, Scope};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{named, refused};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::HubError;
use crate::hub::accounts::{AccountLine, AccountWords};

/// An account, as the office sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskAccount {
    /// Its sign-in name.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub account: AccountId,
    /// The person's name.
    pub display_name: String,
    /// What it is for.
    pub role: Role,
    /// Where: divisions or cells.
    #[ts(type = "string[]")]
    #[schema(value_type = Vec<String>)]
    pub scopes: Vec<Scope>,
    /// The cells that it holds now.
    #[ts(type = "string[]")]
    #[schema(value_type = Vec<String>)]
    pub cells: Vec<CellCode>,
    /// Code of the department that a handler answers for.
    pub department: Option<String>,
    /// Its phones that are not shut out.
    #[ts(type = "number")]
    pub phones: usize,
    /// Whether it can sign in at the desk.
    pub has_password: bool,
    /// It has not yet changed the password that the office has set.
    pub first_password: bool,
    /// Since when it is closed.
    pub closed_at: Option<Millis>,
    /// Names this state; to be repeated by whoever changes it.
    pub version: String,
}

impl From<AccountLine> for DeskAccount {
    fn from(line: AccountLine) -> Self {
        let AccountLine { account, cells, phones, first_password, version } = line;
        Self {
            account: account.id,
            display_name: account.display_name,
            role: account.role,
            scopes: account.scopes,
            cells,
            department: account.department,
            phones,
            has_password: account.password_hash.is_some(),
            first_password,
            closed_at: account.closed_at,
            version,
        }
    }
}

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AccountNew {
    /// Its sign-in name: 3–40 lower-case letters, digits, `-`, `_`, `.`.
    account: String,
    /// The person's name.
    display_name: String,
    /// What it is for.
    role: Role,
    /// Where: divisions or cells.
    scopes: Vec<String>,
    /// The cells that a phone account holds.
    cells: Vec<String>,
    /// Code of the department that a handler answers for.
    #[serde(default)]
    department: Option<String>,
}

/// What becomes of an account.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AccountChange {
    /// The state that was seen.
    version: String,
    /// The person's name.
    display_name: String,
    /// What it is for.
    role: Role,
    /// Where: divisions or cells.
    scopes: Vec<String>,
    /// The cells that a phone account holds.
    cells: Vec<String>,
    /// Code of the department that a handler answers for.
    #[serde(default)]
    department: Option<String>,
}

/// A password that the office has set: shown once, to be changed at the first sign-in.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct FirstPassword {
    /// None for accounts that work on a phone alone.
    pub password: Option<String>,
}

/// The accounts within the own scope, the closed ones too.
#[utoipa::path(get, path = "/desk/api/accounts", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = Vec<DeskAccount>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn accounts(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<Vec<DeskAccount>>, ApiError> {
    let lines = blocking(&app, move |hub| hub.accounts_for(&desk.actor)).await?;
    Ok(Json(lines.into_iter().map(DeskAccount::from).collect()))
}

/// Creates an account; one that works at the desk gets a first password.
#[utoipa::path(post, path = "/desk/api/accounts", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = AccountNew,
    responses((status = 200, body = FirstPassword), (status = "4XX", body = ErrorBody)))]
pub(super) async fn create_account(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<AccountNew>,
) -> Result<Json<FirstPassword>, ApiError> {
    let password = blocking(&app, move |hub| {
        let id = AccountId::new(&wish.account);
        let id = id.map_err(|_| HubError::invalid(vec![Problem::new("account", ProblemCode::NameForm)]))?;
        let words = words(id, wish.display_name, wish.role, &wish.scopes, &wish.cells)?;
        hub.create_account(&desk.actor, &AccountWords { department: wish.department, ..words })
    })
    .await?;
    Ok(Json(FirstPassword { password }))
}

/// Changes an account's name, role, places and cells.
#[utoipa::path(post, path = "/desk/api/accounts/{id}", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The account")), request_body = AccountChange,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn change_account(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<AccountChange>,
) -> Result<StatusCode, ApiError> {
    let id = account_id(path)?;
    blocking(&app, move |hub| {
        let words = words(id, wish.display_name, wish.role, &wish.scopes, &wish.cells)?;
        let words = AccountWords { department: wish.department, ..words };
        hub.change_account(&desk.actor, &wish.version, &words)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes an account: its sessions end, its phones are shut out, its cells are free.
#[utoipa::path(post, path = "/desk/api/accounts/{id}/close", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The account")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn close_account(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let id = account_id(path)?;
    blocking(&app, move |hub| hub.close_account(&desk.actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens a closed account again, without its phones, its cells and its password.
#[utoipa::path(post, path = "/desk/api/accounts/{id}/reopen", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The account")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn reopen_account(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let id = account_id(path)?;
    blocking(&app, move |hub| hub.reopen_account(&desk.actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account a new first password; its sessions end.
#[utoipa::path(post, path = "/desk/api/accounts/{id}/password", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The account")),
    responses((status = 200, body = FirstPassword), (status = "4XX", body = ErrorBody)))]
pub(super) async fn reset_password(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<FirstPassword>, ApiError> {
    let id = account_id(path)?;
    let password = blocking(&app, move |hub| hub.reset_password(&desk.actor, &id)).await?;
    Ok(Json(FirstPassword { password: Some(password) }))
}

/// The account named in an address. What cannot be a name is nobody's account.
fn account_id(path: Result<Path<String>, PathRejection>) -> Result<AccountId, ApiError> {
    AccountId::new(&named(path)?).map_err(|_| refused(CallRefusal::NotFound).into())
}

fn words(
    id: AccountId,
    display_name: String,
    role: Role,
    scopes: &[String],
    cells: &[String],
) -> Result<AccountWords, HubError> {
    let malformed = |field: &str| HubError::invalid(vec![Problem::new(field, ProblemCode::WrongType)]);
    let scopes: Result<Vec<Scope>, _> = scopes.iter().map(|code| Scope::new(code)).collect();
    let cells: Result<Vec<CellCode>, _> = cells.iter().map(|code| CellCode::new(code)).collect();
    let mut scopes = scopes.map_err(|_| malformed("scopes"))?;
    let mut cells = cells.map_err(|_| malformed("cells"))?;
    // Kept in the order of their codes, each once: as the store answers them.
    scopes.sort();
    scopes.dedup();
    cells.sort();
    cells.dedup();
    Ok(AccountWords { id, display_name, role, scopes, cells, department: None })
}
