//! Phones without a window: production's device in a private folder, over HTTP.

use std::path::Path;

use device::api::{self, Answer};
use device::edge::{HttpPeer, SystemWorld};
use device::{Device, DeviceConfig, RoundReport};
use domain::protocol::Peer;
use domain::{Fields, RecordId, World};
use serde_json::{Value, json};

use crate::trouble::{Doing, Outcome, trouble};

/// The PIN of every phone here.
pub const PIN: &str = "975310";

/// An enrolled phone whose rounds are run by hand.
#[derive(Clone)]
pub struct Phone {
    device: Device,
}

impl Phone {
    /// Enrols a phone in `folder` with a code that works once.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn enrol(folder: &Path, server: &str, code: &str) -> Outcome<Self> {
        Self::enrol_in(Box::new(SystemWorld), folder, server, code)
    }

    /// The same with a clock of its own.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn enrol_in(world: Box<dyn World>, folder: &Path, server: &str, code: &str) -> Outcome<Self> {
        let config = DeviceConfig { folder: folder.to_owned(), world, app_version: "0".to_owned() };
        let phone = Self { device: Device::open(config).doing("opening a device")? };
        phone.call("enrol", json!({ "server": server, "code": code, "pin": PIN, "device_name": "test" }))?;
        Ok(phone)
    }

    /// A phone that was enrolled in another way.
    pub fn of(device: Device) -> Self {
        Self { device }
    }

    /// The device itself.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Its way to the server.
    ///
    /// # Errors
    /// When it is not enrolled.
    pub fn peer(&self) -> Outcome<HttpPeer> {
        HttpPeer::of(&self.device).doing("finding the server")
    }

    /// Runs one round over HTTP.
    ///
    /// # Errors
    /// When it is not enrolled.
    pub fn round(&self) -> Outcome<RoundReport> {
        Ok(self.round_through(&self.peer()?))
    }

    /// Runs one round through a peer of one's own.
    pub fn round_through(&self, peer: &dyn Peer) -> RoundReport {
        self.device.round(peer)
    }

    /// A command, as the window gives it.
    ///
    /// # Errors
    /// With the failure of the command.
    pub fn call(&self, command: &str, args: Value) -> Outcome<Value> {
        self.call_with(command, args, None)
    }

    /// A command with bytes.
    ///
    /// # Errors
    /// With the failure of the command.
    pub fn call_with(&self, command: &str, args: Value, body: Option<Vec<u8>>) -> Outcome<Value> {
        match api::call(&self.device, command, args, body) {
            Ok(Answer::Json(value)) => Ok(value),
            Ok(Answer::Bytes { .. }) => trouble(format!("`{command}` answers with bytes.")),
            Err(failure) => trouble(format!("`{command}` failed: {failure:?}")),
        }
    }

    /// The bytes of a photo.
    ///
    /// # Errors
    /// With the failure of the command.
    pub fn photo(&self, id: &str) -> Outcome<Vec<u8>> {
        match api::call(&self.device, "photo", json!({ "id": id, "size": "full" }), None) {
            Ok(Answer::Bytes { bytes, .. }) => Ok(bytes),
            other => trouble(format!("The photo did not come: {other:?}")),
        }
    }

    /// Keeps a picture of 64 by 48 as the camera would after it was developed, and writes its record, whose id it returns.
    ///
    /// # Errors
    /// With the failure of the device.
    pub fn keep_picture(&self, subject: &str, subject_kind: &str, bytes: &[u8]) -> Outcome<RecordId> {
        let written = self.device.with_open(|open| {
            let thumb = bytes.get(..100).unwrap_or_default();
            let fields = json!({ "subject": subject, "subject_kind": subject_kind, "width": 64, "height": 48,
                "bytes": bytes.len(), "taken_at": open.now(), "photo_kind": "scene", "by": open.account().account });
            let fields: Fields = serde_json::from_value(fields)?;
            open.write_photo(None, (bytes, thumb), fields)
        });
        written.doing("keeping a picture")
    }
}
