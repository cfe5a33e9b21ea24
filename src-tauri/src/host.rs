//! The phone behind the window: opened once at the start, shared by all calls, closed on exit.

use device::api::{self, Answer, Failure, FailureCode};
use device::edge::SystemWorld;
use device::{PhoneBackground, PhoneConfig, SharedPhone};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Mutex;
use tauri::path::PathResolver;
use tauri::{PackageInfo, Runtime};

/// Names the folder of the data instead of the system's own place for it: for demonstrations and tests.
const FOLDER: &str = "DOORSTEP_DATA";
/// Enrols a phone that is still empty, so that a demonstration opens on its work: `<server>#<code>`.
const ENROL: &str = "DOORSTEP_ENROL";
/// The PIN that goes with it. There is none by default: an app must not have a PIN that everybody knows.
const PIN: &str = "DOORSTEP_PIN";

/// The opened phone with its workers, or nothing when it could not be opened.
///
/// A phone that does not open is no reason for a window that does not open: the worker must be able to
/// read what is wrong, so every call is then answered with that failure.
pub(crate) struct Host {
    phone: Option<SharedPhone>,
    background: Mutex<Option<PhoneBackground>>,
}

impl Host {
    /// Opens the phone in the app's data folder and starts its background rounds.
    pub(crate) fn open<R: Runtime>(paths: &PathResolver<R>, package: &PackageInfo) -> tauri::Result<Self> {
        let folder = match std::env::var_os(FOLDER) {
            Some(folder) => PathBuf::from(folder),
            None => paths.app_local_data_dir()?,
        };
        let app_version = package.version.to_string();
        let config = PhoneConfig { folder, world: Box::new(|| Box::new(SystemWorld)), app_version };
        let phone = match SharedPhone::open(config) {
            Ok(phone) => phone,
            Err(error) => {
                eprintln!("The data of this phone could not be opened: {error}");
                return Ok(Self { phone: None, background: Mutex::new(None) });
            }
        };
        if let (Ok(invitation), Ok(pin)) = (std::env::var(ENROL), std::env::var(PIN)) {
            enrol(&phone, &invitation, &pin);
        }
        // A phone that cannot synchronise still reads and writes; the device's log says why.
        let background = Mutex::new(Some(phone.start_background()));
        Ok(Self { phone: Some(phone), background })
    }

    /// The phone to ask, or the failure that answers every call without one.
    pub(crate) fn phone(&self) -> Result<SharedPhone, Failure> {
        self.phone.clone().ok_or_else(|| Failure::new(FailureCode::StorageBroken))
    }

    /// Ends the background rounds, so that the program leaves between two writes and not within one.
    pub(crate) fn close(&self) {
        let background = self.background.lock().ok().and_then(|mut running| running.take());
        drop(background);
    }
}

/// Enrols the phone if it is still empty. Whatever goes wrong shows on the screen: it then asks for the code itself.
fn enrol(phone: &SharedPhone, invitation: &str, pin: &str) {
    let Ok(Answer::Json(state)) = api::call_phone(phone, "state", json!({}), None) else { return };
    let (true, Some((server, code))) = (state["phase"] == "empty", invitation.rsplit_once('#')) else { return };
    let args = json!({ "server": server, "code": code, "pin": pin, "device_name": "Doorstep" });
    if let Err(failure) = api::call_phone(phone, "enrol", args, None) {
        eprintln!("This phone could not be enrolled with {server}: {:?}", failure.code);
    }
}
