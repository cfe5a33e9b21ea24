//! Code lists and the county's own lists, as the phones have them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::codes::{Code, CodeList, Lists};
use domain::protocol::ErrorBody;
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};

/// Every list that codes come from.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskLists {
    /// Fixed lists by name.
    #[schema(value_type = BTreeMap<String, Vec<Code>>)]
    pub codes: BTreeMap<CodeList, Vec<Code>>,
    /// The county's lists.
    pub lists: Lists,
}

/// Code lists and the county's own lists.
#[utoipa::path(get, path = "/desk/api/lists", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = DeskLists), (status = "4XX", body = ErrorBody)))]
pub(super) async fn lists(
    State(app): State<App>,
    SignedInDesk(_desk): SignedInDesk,
) -> Result<Json<DeskLists>, ApiError> {
    let lists = blocking(&app, |hub| Ok((*hub.lists()).clone())).await?;
    Ok(Json(DeskLists { codes: lists.all_codes(), lists }))
}
