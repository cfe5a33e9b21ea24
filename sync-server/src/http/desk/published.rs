//! What is published from the desk to places, as a record in every cell of them: what notices and tasks have in common. Each is a batch of
//! one wish, and is listed once, however many cells it went to.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, allowed};
use domain::world::Millis;
use domain::{Fields, Kind, Record, RecordId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::titles::Surroundings;
use super::{named, record_id, refused};
use crate::http::{ApiError, App, blocking};
use crate::hub::HubError;
use crate::hub::notices::Publication;
use crate::store::{Reading, Store as _, StoredRecord};

/// Batches of a page.
const PAGE: usize = 30;

/// From where a list goes on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BeforeWords {
    /// Only what was published before this moment: `next` of the page before.
    before: Option<Millis>,
}

impl BeforeWords {
    fn moment(words: Result<Query<Self>, QueryRejection>) -> Result<Millis, ApiError> {
        let Query(words) = words.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
        Ok(words.before.unwrap_or(Millis::MAX))
    }
}

/// What was published.
#[derive(Debug, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct PublishedOutcome {
    /// One of the records.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// To how many cells.
    pub cells: usize,
}

/// How a record of a batch becomes a line of a list: among its surroundings, in how many cells of the scope, now.
type Line<L> = fn(&mut Surroundings<'_>, &Record, u64, Millis) -> Result<L, HubError>;

/// A page of what was published of a kind, the latest first; and where the next one begins.
pub(super) async fn list<L: Send + 'static>(
    app: &App,
    actor: Actor,
    kind: Kind,
    words: Result<Query<BeforeWords>, QueryRejection>,
    line: Line<L>,
) -> Result<(Vec<L>, Option<Millis>), ApiError> {
    let before = BeforeWords::moment(words)?;
    let listed = blocking(app, move |hub| {
        let now = hub.now();
        hub.store().read(|reading| {
            let (batches, next) = batches(reading, &actor, &kind, before)?;
            let mut around = Surroundings::new(reading, &actor);
            let lines = batches.iter().map(|(stored, cells)| line(&mut around, &stored.record, *cells, now));
            Ok((lines.collect::<Result<_, HubError>>()?, next))
        })
    });
    listed.await
}

/// What is said of something published, named by one of its records, to whoever asks, now.
type Telling<P> = fn(&dyn Reading, &Actor, RecordId, Millis) -> Result<P, HubError>;

/// The page of something that was published, by one of its records.
pub(super) async fn one<P: Send + 'static>(
    app: &App,
    actor: Actor,
    path: Result<Path<String>, PathRejection>,
    telling: Telling<P>,
) -> Result<Json<P>, ApiError> {
    let id = record_id(&named(path)?)?;
    let told = blocking(app, move |hub| {
        let now = hub.now();
        hub.store().read(|reading| telling(reading, &actor, id, now))
    });
    Ok(Json(told.await?))
}

/// Publishes to every cell of some places.
pub(super) async fn publish(
    app: &App,
    actor: Actor,
    publication: Publication,
) -> Result<Json<PublishedOutcome>, ApiError> {
    let done = blocking(app, move |hub| hub.publish(&actor, &publication)).await?;
    Ok(Json(PublishedOutcome { id: done.id, cells: done.cells }))
}

/// Withdraws what was published, by one of its records.
pub(super) async fn withdraw(
    app: &App,
    actor: Actor,
    kind: Kind,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let id = record_id(&named(path)?)?;
    blocking(app, move |hub| hub.withdraw(&actor, &kind, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Places named by their codes. What is no code names nothing.
pub(super) fn scopes(codes: &[String]) -> Result<Vec<Scope>, ApiError> {
    let missing = || HubError::invalid(vec![domain::Problem::new("places", domain::ProblemCode::MissingTarget)]);
    codes.iter().map(|code| Scope::new(code).map_err(|_| missing().into())).collect()
}

/// The fields that say something.
pub(super) fn said<const N: usize>(fields: [(&str, Option<String>); N]) -> Fields {
    let said = fields.into_iter().filter_map(|(name, text)| {
        let text = text?.trim().to_owned();
        (!text.is_empty()).then(|| (name.to_owned(), Value::from(text)))
    });
    said.collect()
}

/// Batches, each with one of its records and how many there are in the scope; and where the next page begins.
type BatchPage = (Vec<(StoredRecord, u64)>, Option<Millis>);

/// A page of batches.
fn batches(reading: &dyn Reading, actor: &Actor, kind: &Kind, before: Millis) -> Result<BatchPage, HubError> {
    if !allowed(actor.role, Action::Read, kind) {
        return Err(refused(CallRefusal::NotAllowed));
    }
    let found = reading.batches(&actor.scopes, kind, before, PAGE)?;
    let next = found.last().filter(|_| found.len() == PAGE).map(|batch| batch.at);
    let mut all = Vec::new();
    for batch in found {
        for scope in &actor.scopes {
            if let Some(stored) = reading.record(scope, batch.one)? {
                all.push((stored, batch.cells));
                break;
            }
        }
    }
    Ok((all, next))
}
