//! Opening the register by fingerprint or face: the secret travels between the device and the phone's key store, never through a page.
//!
//! On Android the key store's key is made for one prompt at a time and is void once another fingerprint is enrolled. On iOS the
//! Keychain also takes the phone's passcode. What that protects and what not stands in `device/src/biometry.rs`.

use device::SharedPhone;
use device::api::{self, Answer, Failure, FailureCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tauri::{AppHandle, State};

use crate::host::Host;

/// What the system's prompt says, in the worker's language.
#[derive(Debug, Deserialize)]
pub(crate) struct Prompt {
    /// What it is for.
    reason: String,
    /// The way back to the PIN.
    cancel: String,
}

/// Allows it, with the PIN.
#[tauri::command]
pub(crate) async fn allow_biometry(app: AppHandle, host: State<'_, Host>, pin: String) -> Result<Value, Failure> {
    let phone = host.phone()?;
    on_a_thread(move || {
        let place = phone.biometry_place().ok_or_else(refused)?;
        let secret = phone.device().allow_biometry(&pin)?;
        if let Err(failure) = key_store::keep(&app, place, &secret) {
            phone.device().forget_biometry()?;
            return Err(failure);
        }
        state(&phone)
    })
    .await
}

/// The PIN alone again.
#[tauri::command]
pub(crate) async fn forget_biometry(app: AppHandle, host: State<'_, Host>) -> Result<Value, Failure> {
    let phone = host.phone()?;
    on_a_thread(move || {
        phone.device().forget_biometry()?;
        if let Some(place) = phone.biometry_place() {
            // What is left there opens nothing any more.
            key_store::drop_secret(&app, place);
        }
        state(&phone)
    })
    .await
}

/// Opens the register, when the system recognises whoever holds the phone.
#[tauri::command]
pub(crate) async fn unlock_with_biometry(
    app: AppHandle,
    host: State<'_, Host>,
    prompt: Prompt,
) -> Result<Value, Failure> {
    let phone = host.phone()?;
    on_a_thread(move || {
        let place = phone.biometry_place().ok_or_else(refused)?;
        let device = phone.device();
        let secret = key_store::ask(&app, place, &prompt)?;
        device.unlock_with_biometry(&secret).map_err(|error| match error {
            device::DeviceError::NotFound => refused(),
            other => other.into(),
        })?;
        state(&phone)
    })
    .await
}

/// Whether this phone has a fingerprint reader or the like, and somebody is enrolled with it.
pub(crate) fn is_available(app: &AppHandle) -> bool {
    key_store::is_available(app)
}

async fn on_a_thread(work: impl FnOnce() -> Result<Value, Failure> + Send + 'static) -> Result<Value, Failure> {
    tauri::async_runtime::spawn_blocking(work).await.map_err(|_| refused())?
}

fn state(phone: &SharedPhone) -> Result<Value, Failure> {
    match api::call_phone(phone, "state", json!({}), None)? {
        Answer::Json(state) => Ok(state),
        Answer::Bytes { .. } => Err(refused()),
    }
}

fn refused() -> Failure {
    Failure::new(FailureCode::Biometry)
}

/// The platform's key store.
#[cfg(mobile)]
mod key_store {
    use tauri_plugin_biometry::{BiometryExt, DataOptions, GetDataOptions, SetDataOptions};

    use super::{AppHandle, Failure, Prompt, refused};

    /// Each worker's secret under a name of its own: what a place held before is overwritten.
    fn name(place: u32) -> String {
        format!("register-{place}")
    }

    fn domain(place: u32) -> String {
        format!("cn.doorstep.field.{place}")
    }

    pub(super) fn is_available(app: &AppHandle) -> bool {
        app.biometry().status().is_ok_and(|status| status.is_available)
    }

    pub(super) fn keep(app: &AppHandle, place: u32, secret: &str) -> Result<(), Failure> {
        let options = SetDataOptions { domain: domain(place), name: name(place), data: secret.to_owned() };
        app.biometry().set_data(options).map_err(|error| told(&error))
    }

    pub(super) fn ask(app: &AppHandle, place: u32, prompt: &Prompt) -> Result<String, Failure> {
        let options = GetDataOptions {
            domain: domain(place),
            name: name(place),
            reason: prompt.reason.clone(),
            cancel_title: Some(prompt.cancel.clone()),
        };
        app.biometry().get_data(options).map(|answer| answer.data).map_err(|error| told(&error))
    }

    pub(super) fn drop_secret(app: &AppHandle, place: u32) {
        if let Err(error) = app.biometry().remove_data(DataOptions { domain: domain(place), name: name(place) }) {
            told(&error);
        }
    }

    fn told(error: &tauri_plugin_biometry::Error) -> Failure {
        eprintln!("The phone's key store did not help: {error}");
        refused()
    }
}

/// A desktop has none that asks for a fingerprint: the PIN alone opens the register there.
#[cfg(desktop)]
mod key_store {
    use super::{AppHandle, Failure, Prompt, refused};

    pub(super) fn is_available(_: &AppHandle) -> bool {
        false
    }

    pub(super) fn keep(_: &AppHandle, _: u32, _: &str) -> Result<(), Failure> {
        Err(refused())
    }

    pub(super) fn ask(_: &AppHandle, _: u32, prompt: &Prompt) -> Result<String, Failure> {
        eprintln!("Nobody can be asked here: {} / {}", prompt.reason, prompt.cancel);
        Err(refused())
    }

    pub(super) fn drop_secret(_: &AppHandle, _: u32) {}
}
