//! The desk's API: what supervisors and administrators see and do in a browser. One file per matter.
//!
//! Every route but signing in asks for a session, and answers only with what lies in the session's scope.

mod changes;
mod departments;
mod devices;
mod erase;
mod history;
mod inbox;
mod incident;
mod incidents;
mod lists;
mod photo;
mod places;
mod record;
mod restore;
mod review;
mod session;
mod titles;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::routing::{get, post};
use domain::RecordId;
use domain::protocol::CallRefusal;

use crate::http::{ApiError, App};
use crate::hub::HubError;

pub use changes::FieldChange;
pub use departments::{DepartmentRates, DeskNumbers, PlaceNumbers};
pub use devices::{DeskDevice, DeskOrder, EnrolCode, EnrolCodeWish, HandedIn, OrderWish, TakenInOutcome};
pub use erase::ErasureOutcome;
pub use history::{HistoryEntry, SetAsideValue};
pub use inbox::{Inbox, InboxItem, InboxPhotos};
pub use incident::{
    ContactReason, ContactWish, DeskCallback, DeskCallbackWish, DeskContact, DeskIncident, DeskStepWish,
};
pub use incidents::{DeskColumn, DeskIncidentLine, DeskIncidents, DeskStageCount};
pub use lists::DeskLists;
pub use places::{PlaceLevel, PlaceNode};
pub use record::{DeskPhoto, DeskRecord, DeskReview};
pub use restore::{RestoreWish, Restored};
pub use review::{BulkApproval, BulkOutcome, BulkWish, ReviewWish, WrittenReview};
pub use session::{Session, SignInWish};
pub use titles::Reference;

/// What the API document is made of: the handlers with their descriptions.
pub(crate) mod handlers {
    pub(crate) use super::departments::__path_departments;
    pub(crate) use super::devices::{
        __path_devices, __path_enrol_code, __path_lift_order, __path_order_device, __path_revoke, __path_take_in,
    };
    pub(crate) use super::erase::__path_erase;
    pub(crate) use super::inbox::__path_inbox;
    pub(crate) use super::incident::{__path_call_back, __path_contact, __path_incident, __path_take_step};
    pub(crate) use super::incidents::{__path_board, __path_incidents};
    pub(crate) use super::lists::__path_lists;
    pub(crate) use super::photo::{__path_photo, __path_photos};
    pub(crate) use super::places::__path_places;
    pub(crate) use super::record::__path_record;
    pub(crate) use super::restore::__path_restore;
    pub(crate) use super::review::{__path_approve_many, __path_review};
    pub(crate) use super::session::{__path_session, __path_sign_in, __path_sign_out};
}

/// The desk's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/desk/api/sign-in", post(session::sign_in))
        .route("/desk/api/session", get(session::session))
        .route("/desk/api/sign-out", post(session::sign_out))
        .route("/desk/api/places", get(places::places))
        .route("/desk/api/inbox", get(inbox::inbox))
        .route("/desk/api/records/{id}", get(record::record))
        .route("/desk/api/records/{id}/restore", post(restore::restore))
        .route("/desk/api/records/{id}/photos", get(photo::photos))
        .route("/desk/api/photo/{sha256}/{size}", get(photo::photo))
        .route("/desk/api/reviews", post(review::review))
        .route("/desk/api/reviews/bulk", post(review::approve_many))
        .route("/desk/api/incidents", get(incidents::incidents))
        .route("/desk/api/incidents/board", get(incidents::board))
        .route("/desk/api/incidents/{id}", get(incident::incident))
        .route("/desk/api/incidents/{id}/steps", post(incident::take_step))
        .route("/desk/api/incidents/{id}/callbacks", post(incident::call_back))
        .route("/desk/api/incidents/{id}/contact", post(incident::contact))
        .route("/desk/api/departments", get(departments::departments))
        .route("/desk/api/lists", get(lists::lists))
        .route("/desk/api/enrol-codes", post(devices::enrol_code))
        .route("/desk/api/devices", get(devices::devices))
        .route("/desk/api/devices/{id}/revoke", post(devices::revoke))
        .route("/desk/api/devices/{id}/order", post(devices::order_device))
        .route("/desk/api/devices/{id}/lift", post(devices::lift_order))
        .route("/desk/api/devices/{id}/take-in", post(devices::take_in))
        .route("/desk/api/records/{id}/erase", post(erase::erase))
}

/// A refusal without particulars, as the hub words it.
fn refused(code: CallRefusal) -> HubError {
    HubError::refused(code)
}

/// What an address names. What cannot even be read names nothing.
fn named<T>(path: Result<Path<T>, PathRejection>) -> Result<T, ApiError> {
    path.map(|Path(named)| named).map_err(|_| refused(CallRefusal::NotFound).into())
}

/// The record named in an address. What cannot be a name is nobody's record.
fn record_id(text: &str) -> Result<RecordId, ApiError> {
    text.parse().map_err(|_| refused(CallRefusal::NotFound).into())
}
