//! Phones of one's scope: enrolling them by a code that works once, and shutting them out.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::world::Millis;
use domain::{AccountId, DeviceId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{named, refused};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::phones::DeviceLine;

/// A code works for a day.
const CODE_LIVES: Millis = 24 * 60 * 60 * 1000;

/// An enrolled phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskDevice {
    /// Its name for the protocol.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub id: DeviceId,
    /// Whose it is.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub account: AccountId,
    /// The owner's name.
    pub display_name: String,
    /// What the owner calls the phone.
    pub device_name: String,
    /// When it was enrolled.
    pub enrolled_at: Millis,
    /// When it was last heard of.
    pub last_seen_at: Option<Millis>,
    /// The app's version at enrolment.
    pub app_version: Option<String>,
    /// When it was shut out.
    pub revoked_at: Option<Millis>,
}

impl From<DeviceLine> for DeskDevice {
    fn from(DeviceLine { device, display_name }: DeviceLine) -> Self {
        Self {
            id: device.id,
            account: device.account,
            display_name,
            device_name: device.name,
            enrolled_at: device.enrolled_at,
            last_seen_at: Some(device.seen_at),
            app_version: Some(device.app_version).filter(|version| !version.is_empty()),
            revoked_at: device.revoked_at,
        }
    }
}

/// For whom a phone is to be enrolled.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EnrolCodeWish {
    /// The account's name.
    account: String,
}

/// A code that works once.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct EnrolCode {
    /// As people type it. Shown once: the server keeps its hash only.
    pub code: String,
    /// When it stops working.
    pub until: Millis,
}

/// A code by which one phone can be enrolled, once.
#[utoipa::path(post, path = "/desk/api/enrol-codes", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = EnrolCodeWish,
    responses((status = 200, body = EnrolCode), (status = "4XX", body = ErrorBody)))]
pub(super) async fn enrol_code(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<EnrolCodeWish>,
) -> Result<Json<EnrolCode>, ApiError> {
    // An account that is not below the caller is the same as none: nobody learns which names exist.
    let account = AccountId::new(&wish.account).map_err(|_| refused(CallRefusal::NotAllowed))?;
    let made = blocking(&app, move |hub| {
        if !hub.may_administer(&desk.actor, &account)? {
            return Err(refused(CallRefusal::NotAllowed));
        }
        hub.make_enrol_code(desk.actor.account.as_str(), &account, CODE_LIVES)
    })
    .await?;
    Ok(Json(EnrolCode { code: made.code, until: made.until }))
}

/// The phones of the own scope.
#[utoipa::path(get, path = "/desk/api/devices", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = Vec<DeskDevice>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn devices(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<Vec<DeskDevice>>, ApiError> {
    let lines = blocking(&app, move |hub| hub.devices_for(&desk.actor)).await?;
    Ok(Json(lines.into_iter().map(DeskDevice::from).collect()))
}

/// Shuts a phone out.
#[utoipa::path(post, path = "/desk/api/devices/{id}/revoke", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The phone")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn revoke(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let id: DeviceId = named(path)?.parse().map_err(|_| refused(CallRefusal::NotFound))?;
    blocking(&app, move |hub| {
        if !hub.devices_for(&desk.actor)?.iter().any(|line| line.device.id == id) {
            return Err(refused(CallRefusal::NotFound));
        }
        hub.revoke_device(desk.actor.account.as_str(), id)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
