//! The phones' API. Only the descriptions stand here: several of the uploads' verbs share one handler.

#![expect(dead_code, reason = "these functions carry descriptions and are never called")]

use domain::codes::Lists;
use domain::hand_in::HandIn;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{EnrolRequest, Enrolment, ErrorBody, ExchangeAnswer, ExchangeRequest, Hello, Nudge, Tokens};

use crate::http::phone::RefreshRequest;

/// A phone is enrolled by a code that works once.
#[utoipa::path(post, path = "/v1/enrol", tag = "phone", security(()), request_body = EnrolRequest,
    responses((status = 200, body = Enrolment), (status = "4XX", body = ErrorBody)))]
pub(super) fn enrol() {}

/// A new pair of tokens. The old pair keeps working until the new one was used.
#[utoipa::path(post, path = "/v1/token", tag = "phone", security(()), request_body = RefreshRequest,
    responses((status = 200, body = Tokens), (status = "4XX", body = ErrorBody)))]
pub(super) fn token() {}

/// The server's clock, database and protocol versions.
#[utoipa::path(get, path = "/v1/hello", tag = "phone", security(("phone" = [])),
    responses((status = 200, body = Hello), (status = "4XX", body = ErrorBody)))]
pub(super) fn hello() {}

/// The county's lists.
#[utoipa::path(get, path = "/v1/lists", tag = "phone", security(("phone" = [])),
    responses((status = 200, body = Lists), (status = "4XX", body = ErrorBody)))]
pub(super) fn lists() {}

/// One round or a part of it: what is unsent goes up, what is new comes down. May be repeated; it does nothing twice.
#[utoipa::path(post, path = "/v1/exchange", tag = "phone", security(("phone" = [])), request_body = ExchangeRequest,
    responses((status = 200, body = ExchangeAnswer), (status = "4XX", body = ErrorBody)))]
pub(super) fn exchange() {}

/// Server-sent events: `event: moved` with a `Nudge` whenever one of the phone's cells has moved on, first of all where each
/// stands; a comment as a heartbeat every 25 seconds. It ends when the token runs out, the phone is revoked, its cells change, the
/// phone has opened newer streams, or the server stops; the phone then polls, and opens another later. 429: too many are open.
#[utoipa::path(get, path = "/v1/nudges", tag = "phone", security(("phone" = [])),
    responses((status = 200, content_type = "text/event-stream", body = Nudge), (status = "4XX", body = ErrorBody)))]
pub(super) fn nudges() {}

/// The bytes of a photo that lies in the phone's cells.
#[utoipa::path(get, path = "/v1/photo/{sha256}/{size}", tag = "phone", security(("phone" = [])),
    params(("sha256" = String, Path, description = "The hash of the stored bytes"),
        ("size" = String, Path, description = "`thumb` or `full`")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = "4XX", body = ErrorBody)))]
pub(super) fn photo() {}

/// What the desk ordered of this phone. Answered to a phone that is shut out or under an order, and with an expired token too.
#[utoipa::path(post, path = "/v1/order", tag = "phone", security(("phone" = [])), request_body = OrderRequest,
    responses((status = 200, body = OrderAnswer), (status = "4XX", body = ErrorBody)))]
pub(super) fn order() {}

/// An order was carried out. May be repeated; a report of another order than the standing one is left alone.
#[utoipa::path(post, path = "/v1/report", tag = "phone", security(("phone" = [])), request_body = StandingOrder,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) fn report() {}

/// A sealed piece of unsent work, from a phone that is shut out or under an order. May be repeated; it does nothing twice.
#[utoipa::path(post, path = "/v1/hand-in", tag = "phone", security(("phone" = [])), request_body = HandIn,
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) fn hand_in() {}

/// tus 1.0.0: announces a photo's bytes, and may bring the first of them.
#[utoipa::path(post, path = "/v1/photos", tag = "photos", security(("phone" = [])),
    params(("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "Bytes"),
        ("Upload-Metadata" = String, Header, description = "`photo <base64 record id>,sha256 <base64 hash>`")),
    responses((status = 201, description = "`Location` says where to send the bytes"),
        (status = 200, description = "`Doorstep-Photo: stored`: they are there already; `Location` is an upload that is complete"), (status = "4XX", body = ErrorBody)))]
pub(super) fn create_upload() {}

/// tus 1.0.0: what this server can do.
#[utoipa::path(options, path = "/v1/photos", tag = "photos", security(("phone" = [])),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) fn upload_abilities() {}

/// tus 1.0.0: how far an upload has come, in `Upload-Offset`.
#[utoipa::path(head, path = "/v1/photos/{upload}", tag = "photos", security(("phone" = [])),
    params(("upload" = String, Path, description = "From `Location`"),
        ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 200), (status = "4XX", body = ErrorBody)))]
pub(super) fn upload_stand() {}

/// tus 1.0.0: bytes from `Upload-Offset` on. With the last of them the photo is checked and stored.
#[utoipa::path(patch, path = "/v1/photos/{upload}", tag = "photos", security(("phone" = [])),
    params(("upload" = String, Path, description = "From `Location`"),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where these bytes begin"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha256 <base64>` of these bytes")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) fn append_upload() {}

/// tus 1.0.0: gives an upload up.
#[utoipa::path(delete, path = "/v1/photos/{upload}", tag = "photos", security(("phone" = [])),
    params(("upload" = String, Path, description = "From `Location`"),
        ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) fn abandon_upload() {}

/// tus 1.0.0: what this server can do.
#[utoipa::path(options, path = "/v1/photos/{upload}", tag = "photos", security(("phone" = [])),
    params(("upload" = String, Path, description = "From `Location`")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(super) fn one_upload_abilities() {}
