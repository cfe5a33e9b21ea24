//! What anybody may ask of the server. Only the descriptions stand here; the handlers are a line each, beside the router.

#![expect(dead_code, reason = "these functions carry descriptions and are never called")]

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "server", security(()),
    responses((status = 200, content_type = "application/json", description = "an OpenAPI document")))]
pub(super) fn openapi() {}

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "server", security(()), responses((status = 200, body = String)))]
pub(super) fn healthz() {}

/// Whether the database answers too.
#[utoipa::path(get, path = "/readyz", tag = "server", security(()), responses((status = 200, body = String)))]
pub(super) fn readyz() {}
