//! Where the phone is: asked by one tap of a worker for one record, and never otherwise. Nothing watches.

use serde::Serialize;
use tauri::AppHandle;

/// Where it is, WGS-84.
#[derive(Debug, Serialize)]
pub(crate) struct Place {
    lat: f64,
    lng: f64,
    accuracy_m: f64,
}

/// Why there is no position.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NoPosition {
    /// The worker, or the phone's settings, refused it.
    #[cfg_attr(desktop, expect(dead_code, reason = "a desktop asks nobody"))]
    Denied,
    /// It could not be found out.
    Unknown,
}

/// Asks the system once; the first time it asks the worker.
#[tauri::command]
pub(crate) async fn position(app: AppHandle) -> Result<Place, NoPosition> {
    tauri::async_runtime::spawn_blocking(move || read(&app)).await.map_err(|_| NoPosition::Unknown)?
}

#[cfg(mobile)]
fn read(app: &AppHandle) -> Result<Place, NoPosition> {
    use tauri::plugin::PermissionState;
    use tauri_plugin_geolocation::{GeolocationExt, PermissionType, PositionOptions};

    /// How long the sky is looked at.
    const WITHIN_MS: u32 = 15_000;
    /// A position of the last minute is as good.
    const AGE_MS: u32 = 60_000;

    let unknown = |error: tauri_plugin_geolocation::Error| {
        eprintln!("There is no position: {error}");
        NoPosition::Unknown
    };
    let service = app.geolocation();
    let given = |state: &tauri_plugin_geolocation::PermissionStatus| {
        state.location == PermissionState::Granted || state.coarse_location == PermissionState::Granted
    };
    let mut allowed = service.check_permissions().map_err(unknown)?;
    if !given(&allowed) {
        allowed = service.request_permissions(Some(vec![PermissionType::Location])).map_err(unknown)?;
    }
    if !given(&allowed) {
        return Err(NoPosition::Denied);
    }
    let options = PositionOptions { enable_high_accuracy: true, timeout: WITHIN_MS, maximum_age: AGE_MS };
    let found = service.get_current_position(Some(options)).map_err(unknown)?;
    Ok(Place { lat: found.coords.latitude, lng: found.coords.longitude, accuracy_m: found.coords.accuracy })
}

#[cfg(desktop)]
fn read(_: &AppHandle) -> Result<Place, NoPosition> {
    Err(NoPosition::Unknown)
}
