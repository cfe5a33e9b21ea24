//! How phones stand, as they tell themselves with a round, and which of them need somebody's help.
//!
//! Help for a device, not a measure of who carries it: nothing here says when or how much anybody worked, and phones are never
//! ordered by it.

use domain::DeviceId;
use domain::health::DeviceHealth;
use domain::world::Millis;
use semver::Version;
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use crate::hub::{Hub, HubError};
use crate::store::{Device, HealthTold, Store};

const DAY: Millis = 24 * 60 * 60 * 1000;
/// What waits for longer than this does not go by itself.
const WAITS_LONG: Millis = DAY;
/// A phone that was not heard of for so long may hold what nobody else has. Longer than a leave, shorter than a phone lies forgotten.
const SILENT_AFTER: Millis = 14 * DAY;

/// Why a phone needs help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DeviceNeed {
    /// Something has been waiting to be sent for more than a day, whenever the phone told.
    Waiting,
    /// Something was refused and is neither corrected nor given up.
    Refused,
    /// The app is older than the newest one that another phone of the list has.
    OldApp,
    /// Its storage is nearly full.
    Storage,
    /// It was not heard of for two weeks.
    Silent,
}

/// The version, where the app's version is one that can be compared.
fn version(device: &Device) -> Option<Version> {
    Version::parse(&device.app_version).ok()
}

/// The newest version of the app that one of these phones has, among those that may synchronise.
pub(super) fn newest_app<'d>(devices: impl Iterator<Item = &'d Device>) -> Option<Version> {
    devices.filter(|device| is_in_use(device)).filter_map(version).max()
}

/// A phone that is shut out, locked or wiped by order is looked after otherwise.
fn is_in_use(device: &Device) -> bool {
    device.revoked_at.is_none() && device.order.is_none()
}

/// Why a phone needs help, given the newest version of the app among its likes.
pub(super) fn needs(device: &Device, newest: Option<&Version>, now: Millis) -> Vec<DeviceNeed> {
    if !is_in_use(device) {
        return Vec::new();
    }
    let told = device.health.as_ref();
    let long = |since: Millis| now - since > WAITS_LONG;
    let found = [
        (DeviceNeed::Waiting, told.and_then(|told| told.waiting_since).is_some_and(long)),
        (DeviceNeed::Refused, told.is_some_and(|told| told.refused > 0)),
        (DeviceNeed::OldApp, version(device).zip(newest).is_some_and(|(own, newest)| own < *newest)),
        (DeviceNeed::Storage, told.is_some_and(HealthTold::is_nearly_full)),
        (DeviceNeed::Silent, now - device.seen_at > SILENT_AFTER),
    ];
    found.into_iter().filter(|(_, so)| *so).map(|(need, _)| need).collect()
}

impl<S: Store> Hub<S> {
    /// Keeps what a phone told of itself. What is absurd is not kept; the round goes on without it.
    pub(super) fn note_health(&self, id: DeviceId, health: &DeviceHealth) -> Result<(), HubError> {
        if let Some(problem) = health.problem() {
            tracing::warn!(device = %id, field = problem.field, "a phone told of itself what cannot be");
            return Ok(());
        }
        let now = self.now();
        self.store.write(|writing| {
            let Some(device) = writing.device(id)? else { return Ok(()) };
            let waits = health.waiting_changes > 0 || health.waiting_photos > 0;
            let before = device.health.as_ref().and_then(|before| before.waiting_since);
            let told = HealthTold {
                at: now,
                waiting_changes: health.waiting_changes,
                waiting_photos: health.waiting_photos,
                waiting_since: waits.then(|| before.unwrap_or(now)),
                refused: health.refused,
                register_bytes: health.register_bytes,
                free_bytes: health.free_bytes,
            };
            let app_version = health.app_version.clone();
            Ok(writing.put_device(&Device { app_version, health: Some(told), ..device })?)
        })
    }
}
