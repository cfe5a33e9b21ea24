//! What the phone's system can do for the screens: fingerprint or face, the position, notifications. A desktop does none of it here,
//! and says so; the screens then offer what works everywhere.
//!
//! Everything of it goes through commands of this host: the window is given no permission of a plugin, so that a secret of the key
//! store never comes into a page, and a position or a prompt only when a worker's tap asked for it.
//! **Type-checked for Android and iOS; never run on a phone.**

pub(crate) mod alerts;
pub(crate) mod biometry;
pub(crate) mod position;

use serde::Serialize;
use tauri::{AppHandle, State};

use crate::host::Host;

/// Whether a worker lets the phone tell something.
#[cfg_attr(desktop, expect(dead_code, reason = "a desktop has none of it"))]
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Allowed {
    /// It may.
    Yes,
    /// It was refused: the system does not ask again, and neither does the app.
    Refused,
    /// Nobody was asked yet.
    NotAsked,
    /// There is no such thing here.
    Never,
}

/// What this system can do.
#[derive(Debug, Serialize)]
pub(crate) struct SystemState {
    /// Whether fingerprint or face can be allowed for the worker who has the phone.
    biometry: bool,
    /// Whether news may be told while the app is not on the screen.
    alerts: Allowed,
    /// Whether the position comes from the system's own service rather than from the web view.
    position: bool,
}

/// Says what this system can do.
#[tauri::command]
pub(crate) async fn system_state(app: AppHandle, host: State<'_, Host>) -> Result<SystemState, device::api::Failure> {
    let phone = host.phone()?;
    let asked = tauri::async_runtime::spawn_blocking(move || SystemState {
        biometry: phone.biometry_place().is_some() && biometry::is_available(&app),
        alerts: alerts::allowed(&app),
        position: cfg!(mobile),
    });
    asked.await.map_err(|_| device::api::Failure::new(device::api::FailureCode::StorageBroken))
}

/// The plugins of phones.
#[cfg(mobile)]
pub(crate) fn with_plugins(builder: tauri::Builder<tauri::Wry>) -> tauri::Builder<tauri::Wry> {
    builder
        .plugin(tauri_plugin_biometry::init())
        .plugin(tauri_plugin_geolocation::init())
        .plugin(tauri_plugin_notification::init())
}

/// A desktop has none.
#[cfg(desktop)]
pub(crate) fn with_plugins(builder: tauri::Builder<tauri::Wry>) -> tauri::Builder<tauri::Wry> {
    builder
}
