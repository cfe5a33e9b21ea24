//! The monthly report at the desk: which there are, making one, its figures, and the same figures as XLSX and PDF.

mod print;
mod sheet;
mod words;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::Scope;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::report::{FIGURES, Figure, Names, Period, Section};
use domain::scope::Actor;
use domain::world::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::{named, refused};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::{CountyHub, HubError};
use crate::store::{PlaceFigures, ReportHead, Store as _};

/// A report that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskReport {
    /// Its number.
    #[ts(type = "number")]
    pub id: i64,
    /// Of which place.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub place: Scope,
    /// The place's name.
    pub place_name: String,
    /// The first day.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub first: NaiveDate,
    /// The last day.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub last: NaiveDate,
    /// It covers a whole month.
    pub month: bool,
    /// The how many-th of this place and period, 1 first.
    pub version: u32,
    /// When it was made. Nothing in it was changed since.
    #[ts(type = "number")]
    pub made_at: Millis,
    /// By whom; none: by the server, as every month.
    pub made_by: Option<String>,
    /// The version of the rules.
    pub rules: u32,
    /// It counts what was approved, and nothing of what never was; else what stood when it was made.
    pub official: bool,
}

/// How a figure is made, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct FigureRule {
    /// The figure.
    pub key: String,
    /// Under which heading.
    pub section: Section,
    /// The name of the sentence that says the rule, as of when the report was made.
    pub formula: String,
    /// Where the names of its codes stand, if it is also given by code.
    pub by: Option<Names>,
}

/// The figures of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct PlaceReport {
    /// The place.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub place: Scope,
    /// Its name.
    pub name: String,
    /// Its figures; what is not named is nought.
    pub figures: Vec<Figure>,
    /// Those of the period before. Figures that say how things stand now have none.
    pub before: Vec<Figure>,
}

/// A report as it shows one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ReportPage {
    /// The report.
    pub report: DeskReport,
    /// Its figures in their order.
    pub rules: Vec<FigureRule>,
    /// The place that was asked for.
    pub place: PlaceReport,
    /// The places right below it, by code.
    pub below: Vec<PlaceReport>,
}

/// A report to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportWish {
    /// Of which place: its code.
    #[schema(value_type = String)]
    place: String,
    /// The first day.
    #[schema(value_type = String)]
    first: String,
    /// The last day.
    #[schema(value_type = String)]
    last: String,
}

/// Which place of a report.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PlaceAsked {
    /// The place's code; without one the largest that the session sees of the report.
    place: Option<String>,
}

/// The reports in which the own places stand, the latest first.
#[utoipa::path(get, path = "/desk/api/reports", tag = "desk", security(("desk" = [])),
    responses((status = 200, body = Vec<DeskReport>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn reports(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
) -> Result<Json<Vec<DeskReport>>, ApiError> {
    let found = blocking(&app, move |hub| {
        hub.reports_for(&desk.actor)?.into_iter().map(|head| desk_report(hub, head)).collect()
    });
    Ok(Json(found.await?))
}

/// Makes a report and freezes it. One that exists already stays; the new one is a new version.
#[utoipa::path(post, path = "/desk/api/reports", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = ReportWish,
    responses((status = 200, body = DeskReport), (status = "4XX", body = ErrorBody)))]
pub(super) async fn make_report(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<ReportWish>,
) -> Result<Json<DeskReport>, ApiError> {
    let place = Scope::new(&wish.place).map_err(|_| refused(CallRefusal::NotFound))?;
    let days: Option<(NaiveDate, NaiveDate)> = wish.first.parse().ok().zip(wish.last.parse().ok());
    let period = days.and_then(|(first, last)| Period::new(first, last));
    let period = period.ok_or_else(|| refused(CallRefusal::Invalid))?;
    let made = blocking(&app, move |hub| desk_report(hub, hub.make_report(&desk.actor, &place, period)?));
    Ok(Json(made.await?))
}

/// A report as it was made, with the rule of every figure.
#[utoipa::path(get, path = "/desk/api/reports/{id}", tag = "desk", security(("desk" = [])),
    params(("id" = String, Path, description = "The report"), PlaceAsked),
    responses((status = 200, body = ReportPage), (status = "4XX", body = ErrorBody)))]
pub(super) async fn report(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    asked: Result<Query<PlaceAsked>, QueryRejection>,
) -> Result<Json<ReportPage>, ApiError> {
    let (id, place) = which(path, asked)?;
    Ok(Json(blocking(&app, move |hub| page(hub, &desk.actor, id, place)).await?))
}

/// The same figures as a workbook: numbers are numbers.
#[utoipa::path(get, path = "/desk/api/reports/{id}/xlsx", tag = "desk", security(("desk" = [])),
    params(("id" = String, Path, description = "The report"), PlaceAsked),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>),
        (status = "4XX", body = ErrorBody)))]
pub(super) async fn report_xlsx(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    asked: Result<Query<PlaceAsked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (id, place) = which(path, asked)?;
    let file = blocking(&app, move |hub| {
        let page = page(hub, &desk.actor, id, place)?;
        sheet::workbook(&page, &hub.lists()).map_err(|error| HubError::Broken(error.to_string()))
    });
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(download(kind, &format!("report-{id}.xlsx"), file.await?))
}

/// The same figures on paper, with charts.
#[utoipa::path(get, path = "/desk/api/reports/{id}/pdf", tag = "desk", security(("desk" = [])),
    params(("id" = String, Path, description = "The report"), PlaceAsked),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn report_pdf(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    asked: Result<Query<PlaceAsked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (id, place) = which(path, asked)?;
    let file = blocking(&app, move |hub| {
        let page = page(hub, &desk.actor, id, place)?;
        Ok(paper::pdf(&print::on_paper(&page, &hub.lists(), hub.is_demo()?)))
    });
    Ok(download("application/pdf", &format!("report-{id}.pdf"), file.await?))
}

fn download(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], bytes).into_response()
}

/// What an address names. What cannot be read names nothing.
fn which(
    path: Result<Path<String>, PathRejection>,
    asked: Result<Query<PlaceAsked>, QueryRejection>,
) -> Result<(i64, Option<Scope>), ApiError> {
    let not_found = || refused(CallRefusal::NotFound);
    let id = named(path)?.parse().map_err(|_| not_found())?;
    let Query(asked) = asked.map_err(|_| not_found())?;
    let place = asked.place.map(|code| Scope::new(&code)).transpose().map_err(|_| not_found())?;
    Ok((id, place))
}

fn desk_report(hub: &CountyHub, head: ReportHead) -> Result<DeskReport, HubError> {
    let (place_name, made_by) = hub.store().read(|reading| {
        let name = reading.place(&head.place)?.map_or_else(|| head.place.to_string(), |place| place.name);
        let account = head.made_by.parse().ok();
        let known = account.map(|id| reading.account(&id)).transpose()?.flatten();
        Ok::<_, HubError>((name, known.map(|account| account.display_name)))
    })?;
    let ReportHead { id, place, period, version, made_at, rules, official, .. } = head;
    let Period { first, last } = period;
    Ok(DeskReport {
        id,
        place,
        place_name,
        first,
        last,
        month: period.is_month(),
        version,
        made_at,
        made_by,
        rules,
        official,
    })
}

fn page(hub: &CountyHub, actor: &Actor, id: i64, place: Option<Scope>) -> Result<ReportPage, HubError> {
    let (head, places) = hub.report_for(actor, id, place)?;
    let names: BTreeMap<Scope, String> = hub.store().read(|reading| {
        let shown: Vec<Scope> = places.iter().take(1).map(|shown| shown.place.clone()).collect();
        let known = reading.places(&shown)?;
        Ok::<_, HubError>(known.into_iter().map(|place| (place.code, place.name)).collect())
    })?;
    let mut shown = places.into_iter().map(|PlaceFigures { place, figures, before }| PlaceReport {
        name: names.get(&place).cloned().unwrap_or_else(|| place.to_string()),
        place,
        figures,
        before,
    });
    let place = shown.next().ok_or_else(|| refused(CallRefusal::NotFound))?;
    // A figure that this report was made without is not shown in it.
    let rules = FIGURES.iter().filter_map(|spec| {
        let formula = head.formulas.get(spec.key)?.clone();
        Some(FigureRule { key: spec.key.to_owned(), section: spec.section, formula, by: spec.by })
    });
    Ok(ReportPage { rules: rules.collect(), report: desk_report(hub, head.clone())?, place, below: shown.collect() })
}
