//! The desk's API: what supervisors and administrators see and do in a browser. One file per matter.
//!
//! Every route but signing in asks for a session, and answers only with what lies in the session's scope.

mod audit;
mod changes;
mod devices;
mod erase;
mod evacuations;
mod feedback;
mod history;
mod inbox;
mod lists;
mod notices;
mod photo;
mod places;
mod record;
mod residents;
mod restore;
mod review;
mod session;
mod stored_about;
mod tasks;
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

pub use audit::{DeskAudit, DeskAuditEntry};
pub use changes::FieldChange;
pub use devices::{DeskDevice, DeskOrder, EnrolCode, EnrolCodeWish, HandedIn, OrderWish, TakenInOutcome};
pub use erase::ErasureOutcome;
pub use evacuations::{
    DeskEvacuation, DeskEvacuations, DeskHazardPoint, DeskRoll, DeskRollHousehold, DeskRollPerson, DeskRollPoint,
    EvacuationWish, MarksWish, OrderedEvacuations, Reached,
};
pub use feedback::{AnswerWish, DeskAnswer, DeskOpinion};
pub use history::{HistoryEntry, SetAsideValue};
pub use inbox::{Inbox, InboxItem, InboxPhotos};
pub use lists::DeskLists;
pub use notices::{DeskNotice, DeskNoticePage, DeskNotices, NoticeWish, PublishedOutcome, ToldPlace};
pub use places::{PlaceLevel, PlaceNode};
pub use record::{DeskPhoto, DeskRecord, DeskReview, LookWish};
pub use residents::{Corrected, CorrectionWish, FindWish, ResidentFile, ResidentHit, ResidentHits, ResidentPart};
pub use restore::{RestoreWish, Restored};
pub use review::{BulkApproval, BulkOutcome, BulkWish, ReviewWish, WrittenReview};
pub use session::{Session, SignInWish};
pub use tasks::{DeskTask, DeskTaskPage, DeskTasks, TaskPlace, TaskWish};
pub use titles::Reference;

/// What the API document is made of: the handlers with their descriptions.
pub(crate) mod handlers {
    pub(crate) use super::audit::{__path_audit, __path_export};
    pub(crate) use super::devices::{
        __path_devices, __path_enrol_code, __path_lift_order, __path_order_device, __path_revoke, __path_take_in,
    };
    pub(crate) use super::erase::__path_erase;
    pub(crate) mod evacuation {
        pub(crate) use super::super::evacuations::{
            __path_end, __path_evacuation, __path_evacuations, __path_hazard_points, __path_look, __path_mark,
            __path_order, __path_paper, __path_reached,
        };
    }
    pub(crate) use super::feedback::{__path_answer, __path_feedback};
    pub(crate) use super::inbox::__path_inbox;
    pub(crate) use super::lists::__path_lists;
    pub(crate) use super::photo::{__path_photo, __path_photos};
    pub(crate) use super::places::__path_places;
    pub(crate) mod notice {
        pub(crate) use super::super::notices::{__path_notice, __path_notices, __path_publish, __path_withdraw};
    }
    pub(crate) use super::record::{__path_look, __path_record};
    pub(crate) mod resident {
        pub(crate) use super::super::residents::{__path_correct, __path_file, __path_find, __path_look, __path_paper};
    }
    pub(crate) use super::restore::__path_restore;
    pub(crate) use super::review::{__path_approve_many, __path_review};
    pub(crate) use super::session::{__path_session, __path_sign_in, __path_sign_out};
    pub(crate) mod task {
        pub(crate) use super::super::tasks::{__path_give, __path_task, __path_tasks, __path_withdraw};
    }
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
        .route("/desk/api/records/{id}/look", post(record::look))
        .route("/desk/api/records/{id}/restore", post(restore::restore))
        .route("/desk/api/records/{id}/photos", get(photo::photos))
        .route("/desk/api/photo/{sha256}/{size}", get(photo::photo))
        .route("/desk/api/reviews", post(review::review))
        .route("/desk/api/reviews/bulk", post(review::approve_many))
        .route("/desk/api/lists", get(lists::lists))
        .route("/desk/api/enrol-codes", post(devices::enrol_code))
        .route("/desk/api/devices", get(devices::devices))
        .route("/desk/api/devices/{id}/revoke", post(devices::revoke))
        .route("/desk/api/devices/{id}/order", post(devices::order_device))
        .route("/desk/api/devices/{id}/lift", post(devices::lift_order))
        .route("/desk/api/devices/{id}/take-in", post(devices::take_in))
        .route("/desk/api/records/{id}/erase", post(erase::erase))
        .route("/desk/api/residents/find", post(residents::find))
        .route("/desk/api/residents/{id}", get(residents::file))
        .route("/desk/api/residents/{id}/look", post(residents::look))
        .route("/desk/api/residents/{id}/paper", post(residents::paper))
        .route("/desk/api/residents/{id}/correct", post(residents::correct))
        .route("/desk/api/hazard-points", get(evacuations::hazard_points))
        .route("/desk/api/evacuations", get(evacuations::evacuations).post(evacuations::order))
        .route("/desk/api/evacuations/{id}", get(evacuations::evacuation))
        .route("/desk/api/evacuations/{id}/reached", get(evacuations::reached))
        .route("/desk/api/evacuations/{id}/look", post(evacuations::look))
        .route("/desk/api/evacuations/{id}/paper", post(evacuations::paper))
        .route("/desk/api/evacuations/{id}/marks", post(evacuations::mark))
        .route("/desk/api/evacuations/{id}/end", post(evacuations::end))
        .route("/desk/api/notices", get(notices::notices).post(notices::publish))
        .route("/desk/api/notices/{id}", get(notices::notice))
        .route("/desk/api/notices/{id}/withdraw", post(notices::withdraw))
        .route("/desk/api/tasks", get(tasks::tasks).post(tasks::give))
        .route("/desk/api/tasks/{id}", get(tasks::task))
        .route("/desk/api/tasks/{id}/withdraw", post(tasks::withdraw))
        .route("/desk/api/feedback", get(feedback::feedback))
        .route("/desk/api/feedback/{id}/answer", post(feedback::answer))
        .route("/desk/api/audit", get(audit::audit))
        .route("/desk/api/audit/export", get(audit::export))
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
