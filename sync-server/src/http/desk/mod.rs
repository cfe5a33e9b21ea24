//! The desk's API: what supervisors and administrators see and do in a browser. One file per matter.
//!
//! Every route but signing in asks for a session, and answers only with what lies in the session's scope.

mod accounts;
mod audit;
mod boundaries;
mod changes;
mod correct;
mod county_lists;
mod coverage;
mod departments;
mod devices;
mod divisions;
mod erase;
mod evacuations;
mod exports;
mod feedback;
mod history;
mod imports;
mod inbox;
mod incident;
mod incident_map;
mod incident_photos;
mod incidents;
mod lists;
mod notices;
mod photo;
mod places;
mod published;
mod put_back;
mod record;
mod reports;
mod residents;
mod restore;
mod review;
mod review_rules;
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

pub use accounts::{AccountChange, AccountNew, DeskAccount, FirstPassword};
pub use audit::{DeskAudit, DeskAuditEntry};
pub use boundaries::{BoundaryWish, CellBoundary, KeptBoundary};
pub use changes::FieldChange;
pub use correct::{Corrected, CorrectionWish};
pub use county_lists::{CountyLists, ListsVersion, PublishedLists};
pub use coverage::{Coverage, CoverageLine, CoverageList, CoverageMatter, PlaceCoverage};
pub use departments::{DepartmentRates, DeskNumbers, PlaceNumbers};
pub use devices::{DeskDevice, DeskHealth, DeskOrder, EnrolCode, EnrolCodeWish, HandedIn, OrderWish, TakenInOutcome};
pub use divisions::{
    CellHolder, CellMerge, CellSplit, DeskCell, DeskCellPart, DeskDivision, DivisionEnd, DivisionName, DivisionNew,
    DivisionPast, HandOver, HolderPhone, MovedRecords,
};
pub use erase::ErasureOutcome;
pub use evacuations::{
    DeskEvacuation, DeskEvacuations, DeskHazardPoint, DeskRoll, DeskRollHousehold, DeskRollPerson, DeskRollPoint,
    EvacuationWish, MarksWish, OrderedEvacuations, Reached,
};
pub use feedback::{AnswerWish, DeskAnswer, DeskOpinion};
pub use history::{HistoryEntry, SetAsideValue};
pub use imports::DeskImport;
pub use inbox::{Inbox, InboxItem, InboxPhotos};
pub use incident::{
    ContactReason, ContactWish, DeskCallback, DeskCallbackWish, DeskContact, DeskIncident, DeskStepWish,
};
pub use incident_map::{DeskIncidentMap, DeskMapPlace, DeskMapPoint};
pub use incidents::{DeskColumn, DeskIncidentLine, DeskIncidents, DeskStageCount};
pub use lists::DeskLists;
pub use notices::{DeskNotice, DeskNoticePage, DeskNotices, NoticeWish, ToldPlace};
pub use places::{PlaceLevel, PlaceNode};
pub use published::PublishedOutcome;
pub use put_back::{DeskPutBack, LookedAfterWish};
pub use record::{DeskPhoto, DeskRecord, DeskReview, LookWish};
pub use reports::{DeskReport, FigureRule, PlaceReport, ReportPage, ReportWish};
pub use residents::{FindWish, ResidentFile, ResidentHit, ResidentHits, ResidentPart};
pub use restore::{RestoreWish, Restored};
pub use review::{BulkApproval, BulkOutcome, BulkWish, ReviewWish, TakeBackOutcome, TakeBackWish, WrittenReview};
pub use review_rules::DeskReviewRules;
pub use session::{PasswordWish, Session, SignInWish};
pub use tasks::{DeskTask, DeskTaskPage, DeskTasks, TaskPlace, TaskWish};
pub use titles::Reference;

/// What the API document is made of: the handlers with their descriptions.
pub(crate) mod handlers {
    pub(crate) use super::accounts::{
        __path_accounts, __path_change_account, __path_close_account, __path_create_account, __path_reopen_account,
        __path_reset_password,
    };
    pub(crate) use super::audit::{__path_audit, __path_export_audit};
    pub(crate) use super::boundaries::{__path_boundaries, __path_put_boundary};
    pub(crate) use super::correct::__path_correct;
    pub(crate) use super::county_lists::{__path_county_lists, __path_publish_lists};
    pub(crate) use super::coverage::{__path_coverage, __path_coverage_list};
    pub(crate) use super::departments::__path_departments;
    pub(crate) use super::devices::{
        __path_devices, __path_enrol_code, __path_lift_order, __path_order_device, __path_revoke, __path_take_in,
    };
    pub(crate) use super::divisions::{
        __path_cell_standing, __path_create_division, __path_division_past, __path_divisions, __path_hand_over_cell,
        __path_merge_cell, __path_move_late, __path_rename_division, __path_retire_division, __path_split_cell,
    };
    pub(crate) use super::erase::__path_erase;
    pub(crate) mod evacuation {
        pub(crate) use super::super::evacuations::{
            __path_end, __path_evacuation, __path_evacuations, __path_hazard_points, __path_look, __path_mark,
            __path_order, __path_paper, __path_reached,
        };
    }
    pub(crate) use super::exports::__path_export;
    pub(crate) use super::feedback::{__path_answer, __path_feedback};
    pub(crate) use super::imports::{
        __path_check_import, __path_discard_import, __path_import, __path_import_progress, __path_imports,
        __path_run_import, __path_upload_table,
    };
    pub(crate) use super::inbox::__path_inbox;
    pub(crate) use super::incident::{__path_call_back, __path_contact, __path_incident, __path_take_step};
    pub(crate) use super::incident_map::__path_map;
    pub(crate) use super::incident_photos::__path_add_after;
    pub(crate) use super::incidents::{__path_board, __path_incidents};
    pub(crate) use super::lists::__path_lists;
    pub(crate) use super::photo::{__path_photo, __path_photos};
    pub(crate) use super::places::__path_places;
    pub(crate) use super::put_back::{__path_looked_after, __path_put_back};
    pub(crate) mod notice {
        pub(crate) use super::super::notices::{__path_notice, __path_notices, __path_publish, __path_withdraw};
    }
    pub(crate) use super::record::{__path_look, __path_record};
    pub(crate) mod resident {
        pub(crate) use super::super::residents::{__path_file, __path_find, __path_look, __path_paper};
    }
    pub(crate) use super::restore::__path_restore;
    pub(crate) mod task {
        pub(crate) use super::super::tasks::{__path_give, __path_task, __path_tasks, __path_withdraw};
    }
    pub(crate) use super::reports::{
        __path_make_report, __path_report, __path_report_pdf, __path_report_xlsx, __path_reports,
    };
    pub(crate) use super::review::{__path_approve_many, __path_review, __path_take_back};
    pub(crate) use super::review_rules::{__path_review_rules, __path_set_review_rules};
    pub(crate) use super::session::{__path_password, __path_session, __path_sign_in, __path_sign_out};
}

/// The desk's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/desk/api/sign-in", post(session::sign_in))
        .route("/desk/api/session", get(session::session))
        .route("/desk/api/sign-out", post(session::sign_out))
        .route("/desk/api/password", post(session::password))
        .route("/desk/api/accounts", get(accounts::accounts).post(accounts::create_account))
        .route("/desk/api/accounts/{id}", post(accounts::change_account))
        .route("/desk/api/accounts/{id}/close", post(accounts::close_account))
        .route("/desk/api/accounts/{id}/reopen", post(accounts::reopen_account))
        .route("/desk/api/accounts/{id}/password", post(accounts::reset_password))
        .route("/desk/api/divisions", get(divisions::divisions).post(divisions::create_division))
        .route("/desk/api/divisions/{code}/past", get(divisions::division_past))
        .route("/desk/api/divisions/{code}/rename", post(divisions::rename_division))
        .route("/desk/api/divisions/{code}/retire", post(divisions::retire_division))
        .route("/desk/api/cells/{code}", get(divisions::cell_standing))
        .route("/desk/api/cells/{code}/hand-over", post(divisions::hand_over_cell))
        .route("/desk/api/cells/{code}/merge", post(divisions::merge_cell))
        .route("/desk/api/cells/{code}/split", post(divisions::split_cell))
        .route("/desk/api/cells/{code}/late", post(divisions::move_late))
        .route("/desk/api/county-lists", get(county_lists::county_lists).post(county_lists::publish_lists))
        .route("/desk/api/imports", get(imports::imports).post(imports::upload_table))
        .route("/desk/api/imports/{id}", get(imports::import))
        .route("/desk/api/imports/{id}/progress", get(imports::import_progress))
        .route("/desk/api/imports/{id}/check", post(imports::check_import))
        .route("/desk/api/imports/{id}/run", post(imports::run_import))
        .route("/desk/api/imports/{id}/discard", post(imports::discard_import))
        .route("/desk/api/exports", post(exports::export))
        .route("/desk/api/places", get(places::places))
        .route("/desk/api/boundaries", get(boundaries::boundaries).post(boundaries::put_boundary))
        .route("/desk/api/inbox", get(inbox::inbox))
        .route("/desk/api/records/{id}", get(record::record))
        .route("/desk/api/records/{id}/look", post(record::look))
        .route("/desk/api/records/{id}/restore", post(restore::restore))
        .route("/desk/api/records/{id}/correct", post(correct::correct))
        .route("/desk/api/records/{id}/photos", get(photo::photos))
        .route("/desk/api/photo/{sha256}/{size}", get(photo::photo))
        .route("/desk/api/reviews", post(review::review))
        .route("/desk/api/reviews/bulk", post(review::approve_many))
        .route("/desk/api/reviews/take-back", post(review::take_back))
        .route("/desk/api/review-rules", get(review_rules::review_rules).post(review_rules::set_review_rules))
        .route("/desk/api/coverage", get(coverage::coverage))
        .route("/desk/api/coverage/list", get(coverage::coverage_list))
        .route("/desk/api/reports", get(reports::reports).post(reports::make_report))
        .route("/desk/api/reports/{id}", get(reports::report))
        .route("/desk/api/reports/{id}/xlsx", get(reports::report_xlsx))
        .route("/desk/api/reports/{id}/pdf", get(reports::report_pdf))
        .route("/desk/api/incidents", get(incidents::incidents))
        .route("/desk/api/incidents/board", get(incidents::board))
        .route("/desk/api/incidents/map", get(incident_map::map))
        .route("/desk/api/incidents/{id}", get(incident::incident))
        .route("/desk/api/incidents/{id}/steps", post(incident::take_step))
        .route("/desk/api/incidents/{id}/callbacks", post(incident::call_back))
        .route("/desk/api/incidents/{id}/photos", post(incident_photos::add_after))
        .route("/desk/api/incidents/{id}/contact", post(incident::contact))
        .route("/desk/api/departments", get(departments::departments))
        .route("/desk/api/lists", get(lists::lists))
        .route("/desk/api/enrol-codes", post(devices::enrol_code))
        .route("/desk/api/devices", get(devices::devices))
        .route("/desk/api/devices/{id}/revoke", post(devices::revoke))
        .route("/desk/api/devices/{id}/order", post(devices::order_device))
        .route("/desk/api/devices/{id}/lift", post(devices::lift_order))
        .route("/desk/api/devices/{id}/take-in", post(devices::take_in))
        .route("/desk/api/put-back", get(put_back::put_back))
        .route("/desk/api/put-back/looked-after", post(put_back::looked_after))
        .route("/desk/api/records/{id}/erase", post(erase::erase))
        .route("/desk/api/residents/find", post(residents::find))
        .route("/desk/api/residents/{id}", get(residents::file))
        .route("/desk/api/residents/{id}/look", post(residents::look))
        .route("/desk/api/residents/{id}/paper", post(residents::paper))
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
        .route("/desk/api/audit/export", get(audit::export_audit))
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
