//! Phones of one's scope: enrolling them by a code that works once, shutting them out, ordering them to lock or wipe themselves,
//! and taking in what they handed in.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::order::DeviceOrder;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::world::Millis;
use domain::{AccountId, DeviceId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{named, refused};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::health::DeviceNeed;
use crate::hub::phones::DeviceLine;
use crate::store::{HandInLine, HealthTold};

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
    /// The app's version, as the phone told it last.
    pub app_version: Option<String>,
    /// When it was shut out.
    pub revoked_at: Option<Millis>,
    /// What it was ordered to do to itself.
    pub order: Option<DeskOrder>,
    /// What it handed in.
    pub handed_in: Option<HandedIn>,
    /// How it stands, as it told itself; none when it never told.
    pub health: Option<DeskHealth>,
    /// Why it needs help; empty when it needs none, as far as is known.
    pub needs: Vec<DeviceNeed>,
    /// The newest version of the app among the listed phones, when this one's is older.
    pub newer_app: Option<String>,
}

/// How a phone stands, as it told itself with a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskHealth {
    /// When it told.
    #[ts(type = "number")]
    pub told_at: Millis,
    /// Records with something unsent.
    #[ts(type = "number")]
    pub waiting_changes: u64,
    /// Photos whose bytes the server does not have.
    #[ts(type = "number")]
    pub waiting_photos: u64,
    /// Since when something has been waiting each time it told.
    #[ts(type = "number | null")]
    pub waiting_since: Option<Millis>,
    /// Records of which something was refused.
    #[ts(type = "number")]
    pub refused: u64,
    /// What the register takes, in bytes.
    #[ts(type = "number")]
    pub register_bytes: u64,
    /// What is free, in bytes; none where the phone does not know.
    #[ts(type = "number | null")]
    pub free_bytes: Option<u64>,
}

impl From<HealthTold> for DeskHealth {
    fn from(told: HealthTold) -> Self {
        Self {
            told_at: told.at,
            waiting_changes: told.waiting_changes,
            waiting_photos: told.waiting_photos,
            waiting_since: told.waiting_since,
            refused: told.refused,
            register_bytes: told.register_bytes,
            free_bytes: told.free_bytes,
        }
    }
}

/// An order to a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskOrder {
    /// What.
    pub what: DeviceOrder,
    /// When it was ordered.
    pub at: Millis,
    /// By which account.
    pub by: String,
    /// When the phone reported that it is done.
    pub reported_at: Option<Millis>,
}

/// Sealed work of a phone that may not synchronise, as the phone counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct HandedIn {
    /// Changes that nobody has taken in yet.
    #[ts(type = "number")]
    pub changes: u64,
    /// Photos that nobody has taken in yet.
    #[ts(type = "number")]
    pub photos: u64,
    /// How much was refused when it was taken in; it stays sealed and can be taken in again.
    #[ts(type = "number")]
    pub refused: u64,
    /// When the last of it came.
    pub at: Millis,
    /// When it was taken in last.
    pub taken_at: Option<Millis>,
}

impl HandedIn {
    fn of(pieces: &[HandInLine]) -> Option<Self> {
        let new = || pieces.iter().filter(|piece| piece.kept && piece.taken_at.is_none());
        Some(Self {
            changes: new().map(|piece| piece.changes).sum(),
            photos: new().map(|piece| piece.photos).sum(),
            refused: pieces.iter().filter(|piece| piece.kept).map(|piece| piece.refused).sum(),
            at: pieces.iter().map(|piece| piece.at).max()?,
            taken_at: pieces.iter().filter_map(|piece| piece.taken_at).max(),
        })
    }
}

impl From<DeviceLine> for DeskDevice {
    fn from(DeviceLine { device, hand_ins, display_name, needs, newer_app }: DeviceLine) -> Self {
        Self {
            id: device.id,
            account: device.account,
            display_name,
            device_name: device.name,
            enrolled_at: device.enrolled_at,
            last_seen_at: Some(device.seen_at),
            app_version: Some(device.app_version).filter(|version| !version.is_empty()),
            revoked_at: device.revoked_at,
            order: device.order.map(|order| DeskOrder {
                what: order.what,
                at: order.at,
                by: order.by,
                reported_at: order.reported_at,
            }),
            handed_in: HandedIn::of(&hand_ins),
            health: device.health.map(DeskHealth::from),
            needs,
            newer_app,
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
    let id = device_id(path)?;
    blocking(&app, move |hub| hub.revoke_administered(&desk.actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is to be ordered.
#[derive(Debug, Deserialize, ToSchema)]
pub struct OrderWish {
    /// Lock or wipe.
    what: DeviceOrder,
}

/// Orders a phone to lock or to wipe itself. It hands in what is unsent first and reports when it is done.
#[utoipa::path(post, path = "/desk/api/devices/{id}/order", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The phone")), request_body = OrderWish,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn order_device(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<OrderWish>,
) -> Result<StatusCode, ApiError> {
    let id = device_id(path)?;
    blocking(&app, move |hub| hub.order_device(&desk.actor, id, wish.what)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an order back: a phone that has locked itself opens again with its PIN.
#[utoipa::path(post, path = "/desk/api/devices/{id}/lift", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The phone")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) async fn lift_order(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let id = device_id(path)?;
    blocking(&app, move |hub| hub.lift_order(&desk.actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of work that was taken in.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct TakenInOutcome {
    /// Changes that were taken.
    #[ts(type = "number")]
    pub accepted: u64,
    /// Changes and photos that were refused.
    #[ts(type = "number")]
    pub refused: u64,
    /// Photos that were taken.
    #[ts(type = "number")]
    pub photos: u64,
}

/// Opens what a phone handed in and judges every change of it as any other.
#[utoipa::path(post, path = "/desk/api/devices/{id}/take-in", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The phone")),
    responses((status = 200, body = TakenInOutcome), (status = "4XX", body = ErrorBody)))]
pub(super) async fn take_in(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<TakenInOutcome>, ApiError> {
    let id = device_id(path)?;
    let taken = blocking(&app, move |hub| hub.take_in(&desk.actor, id)).await?;
    Ok(Json(TakenInOutcome { accepted: taken.accepted, refused: taken.refused, photos: taken.photos }))
}

/// The phone named in an address. What cannot be a name is nobody's phone.
fn device_id(path: Result<Path<String>, PathRejection>) -> Result<DeviceId, ApiError> {
    named(path)?.parse().map_err(|_| refused(CallRefusal::NotFound).into())
}
