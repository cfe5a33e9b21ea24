//! Enrolment: a code that works once becomes a phone with its own tokens.

use domain::protocol::{CallError, EnrolRequest, Enrolment};

use super::http::{below, json, server_url, with_json};
use super::{Http, HttpPeer};
use crate::{Device, DeviceError, Phase};

/// Hands an enrolment code in.
///
/// # Errors
/// Any [`CallError`]; refused as `wrong_code` when the code is wrong, used or expired, as `malformed` when the address is
/// neither https nor this machine.
pub fn enrol_over_http(server: &str, request: &EnrolRequest) -> Result<Enrolment, CallError> {
    enrol_with(&Http::new()?, server, request)
}

fn enrol_with(http: &Http, server: &str, request: &EnrolRequest) -> Result<Enrolment, CallError> {
    let url = below(&server_url(server)?, "v1/enrol")?;
    json(http.send(with_json(http.client().post(url), request)?)?)
}

impl Device {
    /// A wiped phone that becomes somebody's again says first that it was wiped: nobody could say it afterwards.
    fn report_what_is_owed(&self) {
        if self.ordered().is_some()
            && let Ok(peer) = HttpPeer::of(self)
            && let Some(error) = self.round(&peer).ended_by
        {
            tracing::warn!(%error, "what this phone was ordered to do could not be reported");
        }
    }

    /// Enrols this phone with a code from the desk. A phone that is open already (and was signed out) takes the new tokens
    /// and keeps its register and its PIN.
    ///
    /// # Errors
    /// [`DeviceError::PinForm`] before the code is used up; [`DeviceError::Call`]; the storage's errors.
    pub fn enrol_over_http(&self, server: &str, code: &str, pin: &str, device_name: &str) -> Result<(), DeviceError> {
        let again = self.phase() == Phase::Open;
        if !again {
            self.may_enrol(pin)?;
            self.report_what_is_owed();
        }
        let request = EnrolRequest {
            code: code.trim().to_owned(),
            device_name: device_name.trim().chars().take(60).collect(),
            app_version: self.app_version().to_owned(),
        };
        let enrolment = enrol_with(self.inner.http()?, server, &request)?;
        if again { self.enrol_again(server, &enrolment) } else { self.enrol(server, &enrolment, pin) }
    }
}
