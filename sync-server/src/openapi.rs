//! The description of the whole HTTP API, generated from the handlers and the types, served at `/openapi.json`.

mod phone;
mod server;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::http::auth::{CSRF_HEADER, SESSION_COOKIE};
use crate::http::desk::handlers as desk;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Doorstep",
        description = "The phones' API under /v1 and the desk's under /desk/api. Every answer of 400 and above is an ErrorBody."
    ),
    modifiers(&Security),
    // What a receipt says is a text for everybody but who reads it, and what is handed in is sealed.
    components(schemas(domain::protocol::ReceiptStatement, domain::hand_in::HandInContent)),
    paths(
        desk::sign_in, desk::session, desk::sign_out, desk::places, desk::inbox, desk::record, desk::restore, desk::photo, desk::photos, desk::review,
        desk::look,
        desk::evacuation::hazard_points, desk::evacuation::evacuations, desk::evacuation::order, desk::evacuation::evacuation,
        desk::evacuation::reached, desk::evacuation::look, desk::evacuation::paper, desk::evacuation::mark, desk::evacuation::end,
        desk::notice::notices, desk::notice::publish, desk::notice::notice, desk::notice::withdraw,
        desk::task::tasks, desk::task::give, desk::task::task, desk::task::withdraw,
        desk::feedback, desk::answer, desk::audit, desk::export_audit,
        desk::resident::find, desk::resident::file, desk::resident::look, desk::resident::paper,
        desk::approve_many, desk::take_back, desk::correct, desk::review_rules, desk::set_review_rules, desk::lists, desk::enrol_code,
        desk::devices, desk::revoke, desk::order_device, desk::lift_order, desk::take_in, desk::put_back, desk::looked_after,
        desk::erase, desk::boundaries,
        desk::put_boundary,
        desk::password, desk::accounts, desk::create_account, desk::change_account, desk::close_account, desk::reopen_account, desk::reset_password,
        desk::divisions, desk::create_division, desk::division_past, desk::rename_division, desk::retire_division,
        desk::cell_standing, desk::hand_over_cell, desk::merge_cell, desk::split_cell, desk::move_late, desk::county_lists, desk::publish_lists,
        desk::imports, desk::upload_table, desk::import, desk::import_progress, desk::check_import, desk::run_import,
        desk::discard_import, desk::export,
        desk::reports, desk::make_report, desk::report, desk::report_xlsx, desk::report_pdf, desk::coverage, desk::coverage_list,
        desk::incidents, desk::board, desk::map, desk::incident, desk::take_step, desk::call_back, desk::contact, desk::add_after,
        desk::departments,
        phone::enrol, phone::token, phone::hello, phone::lists, phone::exchange, phone::nudges, phone::photo,
        phone::order, phone::report, phone::hand_in,
        phone::create_upload, phone::upload_abilities, phone::upload_stand, phone::append_upload, phone::abandon_upload,
        phone::one_upload_abilities,
        server::openapi, server::healthz, server::readyz,
    )
)]
struct Described;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("phone", SecurityScheme::Http(bearer));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
        components.add_security_scheme("desk", SecurityScheme::ApiKey(cookie));
        let csrf = ApiKey::Header(ApiKeyValue::with_description(CSRF_HEADER, "on everything but GET"));
        components.add_security_scheme("csrf", SecurityScheme::ApiKey(csrf));
    }
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

#[cfg(test)]
mod tests;
