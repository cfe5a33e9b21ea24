//! The audit log for auditors and administrators: pages with filters, and a file to take away. It holds ids, never what they stand for.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::AccountId;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::world::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use crate::forms::audit::{csv, xlsx};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};
use crate::hub::looks::LookDetail;
use crate::hub::{CountyHub, HubError};
use crate::store::chain;
use crate::store::{AuditLine, AuditQuery, Store as _};

/// Entries of a page.
const PAGE: usize = 100;

/// Which entries are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditWords {
    /// Only of this account.
    who: Option<String>,
    /// Only this action.
    action: Option<String>,
    /// Only on this subject.
    subject: Option<String>,
    /// Not before this moment.
    from: Option<Millis>,
    /// Before this moment.
    until: Option<Millis>,
    /// With a smaller number: `next` of the page before.
    before: Option<i64>,
    /// Of an export: `csv` or `xlsx`.
    form: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskAuditEntry {
    /// Its number.
    #[ts(type = "number")]
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// An account, or the server.
    pub who: String,
    /// By the name shown, if it is an account.
    pub name: Option<String>,
    /// What was done.
    pub action: String,
    /// On what.
    pub subject: String,
    /// Of a look: code of the reason.
    pub reason: Option<String>,
    /// Of a look: the fields.
    pub fields: Vec<String>,
    /// The link of the chain, in hexadecimal.
    pub link: String,
}

/// A page of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskAudit {
    /// The latest first.
    pub items: Vec<DeskAuditEntry>,
    /// Ask for those before this number to go on.
    #[ts(type = "number | null")]
    pub next: Option<i64>,
    /// The actions to choose from.
    pub actions: Vec<String>,
}

/// A page of the audit log.
#[utoipa::path(get, path = "/desk/api/audit", tag = "desk", security(("desk" = [])), params(AuditWords),
    responses((status = 200, body = DeskAudit), (status = "4XX", body = ErrorBody)))]
pub(super) async fn audit(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    words: Result<Query<AuditWords>, QueryRejection>,
) -> Result<Json<DeskAudit>, ApiError> {
    let Query(words) = words.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
    let page = blocking(&app, move |hub| {
        let lines = hub.audit_page(&desk.actor, AuditQuery { limit: PAGE, ..query(words) })?;
        let next = lines.last().filter(|last| lines.len() == PAGE && last.seq > 1).map(|last| last.seq);
        Ok(DeskAudit { items: entries(hub, lines)?, next, actions: hub.audit_actions(&desk.actor)? })
    });
    Ok(Json(page.await?))
}

/// What makes a file of entries.
type Written = fn(&[DeskAuditEntry]) -> Result<Vec<u8>, HubError>;

/// The audit log as a file, with the link of every entry.
#[utoipa::path(get, path = "/desk/api/audit/export", tag = "desk", security(("desk" = [])), params(AuditWords),
    responses((status = 200, description = "CSV or XLSX"), (status = "4XX", body = ErrorBody)))]
pub(super) async fn export_audit(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    words: Result<Query<AuditWords>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(words) = words.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
    let (write, form, kind): (Written, _, _) = match words.form.as_deref() {
        Some("csv") => (csv, "csv", "text/csv; charset=utf-8"),
        Some("xlsx") => (xlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        _ => return Err(ApiError::new(CallRefusal::Malformed)),
    };
    let file = blocking(&app, move |hub| {
        let lines = hub.audit_export(&desk.actor, query(words), form)?;
        write(&entries(hub, lines)?)
    });
    let disposition = format!("attachment; filename=\"audit.{form}\"");
    let disposition = HeaderValue::from_str(&disposition).map_err(|error| ApiError::internal(&error))?;
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, file.await?).into_response())
}

fn query(words: AuditWords) -> AuditQuery {
    let said = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    AuditQuery {
        who: said(words.who),
        action: said(words.action),
        subject: said(words.subject),
        from: words.from,
        until: words.until,
        before: words.before,
        ..AuditQuery::default()
    }
}

/// Entries with the names of the accounts: staff, not residents.
pub(super) fn entries(hub: &CountyHub, lines: Vec<AuditLine>) -> Result<Vec<DeskAuditEntry>, HubError> {
    let mut names = BTreeMap::<String, Option<String>>::new();
    hub.store().read(|reading| {
        let mut all = Vec::with_capacity(lines.len());
        for line in lines {
            let name = match names.get(&line.entry.who) {
                Some(known) => known.clone(),
                None => {
                    let account = AccountId::new(&line.entry.who).ok();
                    let account = account.map(|id| reading.account(&id)).transpose()?.flatten();
                    let name = account.map(|account| account.display_name);
                    names.insert(line.entry.who.clone(), name.clone());
                    name
                }
            };
            all.push(entry(line, name));
        }
        Ok(all)
    })
}

fn entry(line: AuditLine, name: Option<String>) -> DeskAuditEntry {
    let detail: LookDetail = serde_json::from_str(&line.detail).unwrap_or_default();
    DeskAuditEntry {
        seq: line.seq,
        at: line.entry.at,
        who: line.entry.who,
        name,
        action: line.entry.action,
        subject: line.entry.subject,
        reason: Some(detail.reason).filter(|reason| !reason.is_empty()),
        fields: detail.fields,
        link: chain::written(&line.link),
    }
}
