//! The inbox: what waits, what was returned, what was approved, page by page.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::protocol::{CallRefusal, ErrorBody};
use domain::review::age::Age;
use domain::review::rules::LowRisk;
use domain::review::{Level, ReviewState};
use domain::scope::{Action, Actor, allowed};
use domain::world::Millis;
use domain::{CellCode, Fields, Kind, RecordId, Scope, Sha256Hex, Version};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::changes::differences;
use super::refused;
use super::titles::Surroundings;
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, blocking};
use crate::hub::{CountyHub, HubError};
use crate::store::{InboxPlace, InboxQuery, Reading, Store as _, StoreError, StoredRecord};

/// Items of a page when nothing is said.
const PAGE: usize = 50;

/// Items of a page at most.
const PAGE_MAX: usize = 200;

/// Characters of words to search by at most.
const WORDS_MAX: usize = 50;

/// Which part of the inbox is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct InboxWords {
    /// Only in this place: a town's, village's or cell's code.
    place: Option<String>,
    /// Only this kind.
    kind: Option<String>,
    /// `oldest` (the default) or `newest` first.
    order: Option<String>,
    /// `waiting` (the default), `at_town`, `returned` or `approved`.
    state: Option<String>,
    /// Only what has waited so long: `day`, `three_days`, `week` or `older`.
    age: Option<String>,
    /// Only where the record, or the one that it belongs to, says these words. What is masked of telephones, document numbers and
    /// parties is not searched; names are.
    words: Option<String>,
    /// Go on behind this: `next` of the page before.
    after: Option<String>,
    /// At most so many items, 1–200.
    limit: Option<String>,
}

/// Photos of a record: how many there are, and how many of them have arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct InboxPhotos {
    /// Their bytes are here.
    pub arrived: usize,
    /// The record says so many.
    pub total: usize,
}

/// A record on a line.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct InboxItem {
    /// The record.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// Its kind.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Its cell.
    #[schema(value_type = String)]
    pub cell: CellCode,
    /// Village and cell by name.
    pub place: String,
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub subtitle: String,
    /// Who wrote it last, by the name shown.
    pub by: String,
    /// When it was last changed, by the server's clock.
    pub changed_at: Millis,
    /// The version to approve or return.
    #[schema(value_type = String)]
    pub version: Version,
    /// Where it stands: named by whoever decides on it.
    pub state: ReviewState,
    /// What changed against the version that was last approved.
    pub changed_fields: Vec<String>,
    /// It was never approved.
    pub is_new: bool,
    /// Its photos.
    pub photos: InboxPhotos,
    /// May be approved among many.
    pub low_risk: bool,
    /// Of a visit: the code of its result.
    pub result: Option<String>,
    /// Of an incident: 1 most urgent … 4.
    pub severity: Option<i64>,
}

/// A page of the inbox.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct Inbox {
    /// The page.
    pub items: Vec<InboxItem>,
    /// How many there are of the kind and age asked for; of words, as many as are on this page at least.
    pub total: u64,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many there are of each kind.
    pub by_kind: BTreeMap<String, u64>,
    /// How many there are of each age, whatever their kind; empty for what was approved.
    pub by_age: Vec<AgeCount>,
    /// Whether the county has two levels, and which of them the desk reviews at; none: one level.
    pub level: Option<Level>,
    /// How many the community has approved and the town has not.
    pub at_town: u64,
}

/// How many records of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct AgeCount {
    /// The age.
    pub age: Age,
    /// How many.
    pub records: u64,
}

/// A page of what waits, was returned or was approved.
#[utoipa::path(get, path = "/desk/api/inbox", tag = "desk", security(("desk" = [])), params(InboxWords),
    responses((status = 200, body = Inbox), (status = "4XX", body = ErrorBody)))]
pub(super) async fn inbox(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    words: Result<Query<InboxWords>, QueryRejection>,
) -> Result<Json<Inbox>, ApiError> {
    let Query(words) = words.map_err(|_| ApiError::new(CallRefusal::Malformed))?;
    Ok(Json(blocking(&app, move |hub| page(hub, &desk.actor, query_of(&words, &desk.actor, hub.now())?)).await?))
}

/// Reads the words of the address; they come from outside, so every one of them may be wrong.
fn query_of(words: &InboxWords, actor: &Actor, now: Millis) -> Result<InboxQuery, HubError> {
    let malformed = || refused(CallRefusal::Malformed);
    if !allowed(actor.role, Action::Read, &Kind::Visit) {
        return Err(refused(CallRefusal::NotAllowed));
    }
    let place = words.place.as_deref().filter(|place| !place.is_empty());
    let place = place.map(Scope::new).transpose().map_err(|_| malformed())?;
    let scopes = scopes_within(actor, place.as_ref()).ok_or_else(|| refused(CallRefusal::NotAllowed))?;
    let kind = words.kind.as_deref().filter(|kind| !kind.is_empty()).map(Kind::from_name);
    if kind.as_ref().is_some_and(|kind| !kind.is_reviewed()) {
        return Err(malformed());
    }
    let state = match words.state.as_deref().unwrap_or("waiting") {
        "waiting" => ReviewState::Waiting,
        "at_town" => ReviewState::AtTown,
        "returned" => ReviewState::Returned,
        "approved" => ReviewState::Approved,
        _ => return Err(malformed()),
    };
    let newest_first = match words.order.as_deref().unwrap_or("oldest") {
        "oldest" => false,
        "newest" => true,
        _ => return Err(malformed()),
    };
    let age = words.age.as_deref().filter(|age| !age.is_empty());
    let age = age.map(|age| Age::from_name(age).ok_or_else(malformed)).transpose()?;
    let changed = age.map(|age| age.between(now));
    let said = words.words.as_deref().map(str::trim).filter(|said| !said.is_empty());
    if said.is_some_and(|said| said.chars().count() > WORDS_MAX) {
        return Err(malformed());
    }
    let after = words.after.as_deref().filter(|after| !after.is_empty());
    let after = after.map(|after| read_place(after).ok_or_else(malformed)).transpose()?;
    let limit = words.limit.as_deref().map(str::parse::<usize>).transpose().map_err(|_| malformed())?;
    let limit = limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    Ok(InboxQuery { scopes, kind, state, changed, words: said.map(str::to_owned), newest_first, after, limit })
}

/// What of a place lies in the actor's scopes; none when nothing does.
pub(super) fn scopes_within(actor: &Actor, place: Option<&Scope>) -> Option<Vec<Scope>> {
    let Some(place) = place else { return Some(actor.scopes.clone()) };
    if actor.scopes.iter().any(|scope| scope.contains(place)) {
        return Some(vec![place.clone()]);
    }
    let inside: Vec<Scope> = actor.scopes.iter().filter(|scope| place.contains(scope)).cloned().collect();
    if inside.is_empty() { None } else { Some(inside) }
}

fn read_place(text: &str) -> Option<InboxPlace> {
    let (at, id) = text.split_once('.')?;
    Some(InboxPlace { changed_at: at.parse().ok()?, id: id.parse().ok()? })
}

fn write_place(stored: &StoredRecord) -> String {
    format!("{}.{}", stored.changed_at, stored.record.id)
}

fn page(hub: &CountyHub, actor: &Actor, mut query: InboxQuery) -> Result<Inbox, HubError> {
    hub.store().read(|reading| {
        let mut by_kind = BTreeMap::new();
        for count in reading.review_counts(query.state, &query.scopes)? {
            *by_kind.entry(count.kind.to_string()).or_default() += count.records;
        }
        let by_age = by_age(hub, reading, &query)?;
        let rules = hub.review_rules_in(reading)?;
        let at_town =
            reading.review_counts(ReviewState::AtTown, &query.scopes)?.iter().map(|count| count.records).sum();
        let limit = query.limit;
        // One more than asked for says whether there is a next page.
        query.limit += 1;
        let mut found = reading.inbox(&query)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(write_place);
        let total = total(reading, &query, &by_kind, found.len(), more)?;
        Ok(Inbox {
            items: items(reading, actor, &found, &rules.low_risk)?,
            total,
            next,
            by_kind,
            by_age,
            level: rules.two_levels.then(|| Level::of_desk(actor)).flatten(),
            at_town,
        })
    })
}

/// How many records of the state asked for have waited how long.
fn by_age(hub: &CountyHub, reading: &dyn Reading, query: &InboxQuery) -> Result<Vec<AgeCount>, StoreError> {
    if query.state == ReviewState::Approved {
        // What was approved waits for nobody, and it is all of the register.
        return Ok(Vec::new());
    }
    let now = hub.now();
    let since = Age::ALL.map(|age| age.between(now).0);
    let counts = reading.changed_since(query.state, &query.scopes, &since)?;
    // Every step holds the younger ones too.
    let younger = std::iter::once(0).chain(counts.iter().copied());
    let steps = Age::ALL.into_iter().zip(counts.iter().zip(younger));
    Ok(steps.map(|(age, (records, younger))| AgeCount { age, records: records.saturating_sub(younger) }).collect())
}

/// How many there are of what was asked for. Words are not counted: what is on the page, and one more when there is more.
fn total(
    reading: &dyn Reading,
    query: &InboxQuery,
    by_kind: &BTreeMap<String, u64>,
    found: usize,
    more: bool,
) -> Result<u64, StoreError> {
    if query.words.is_some() {
        return Ok((found + usize::from(more)) as u64);
    }
    match (&query.kind, query.changed) {
        (None, None) => Ok(by_kind.values().sum()),
        (Some(kind), None) => Ok(by_kind.get(kind.as_str()).copied().unwrap_or(0)),
        (kind, Some(changed)) => reading.count_changed(query.state, &query.scopes, kind.as_ref(), changed),
    }
}

fn items(
    reading: &dyn Reading,
    actor: &Actor,
    found: &[StoredRecord],
    low_risk: &LowRisk,
) -> Result<Vec<InboxItem>, StoreError> {
    let mut around = Surroundings::new(reading, actor);
    around.gather(found.iter().map(|stored| &stored.record))?;
    let photos = photos_of(reading, actor, found)?;
    let mut items = Vec::with_capacity(found.len());
    for (stored, photos) in found.iter().zip(photos) {
        let record = &stored.record;
        let is_new = stored.approved_version.is_none();
        let changes = match &stored.approved_version {
            Some(version) if *version == stored.version => Vec::new(),
            Some(_) => {
                let approved = reading.approved(&Scope::from(&record.cell), record.id)?;
                differences(&record.kind, &approved.map(|approved| approved.fields).unwrap_or_default(), &record.fields)
            }
            None => differences(&record.kind, &Fields::new(), &record.fields),
        };
        items.push(InboxItem {
            id: record.id,
            kind: record.kind.clone(),
            cell: record.cell.clone(),
            place: around.place(&record.cell)?,
            title: around.title(record),
            subtitle: around.subtitle(record),
            by: around.person(&stored.changed_by)?,
            changed_at: stored.changed_at,
            version: stored.version.clone(),
            state: stored.state,
            low_risk: low_risk.covers(record, is_new, changes.iter().map(|change| change.field.as_str())),
            changed_fields: changes.into_iter().map(|change| change.field).collect(),
            is_new,
            photos,
            result: record.text("result").filter(|_| record.kind == Kind::Visit).map(str::to_owned),
            severity: record.int("severity").filter(|_| record.kind == Kind::Incident),
        });
    }
    Ok(items)
}

/// The photos of each record, wherever they were taken, whose bytes have arrived or not.
pub(super) fn photos_of(
    reading: &dyn Reading,
    actor: &Actor,
    found: &[StoredRecord],
) -> Result<Vec<InboxPhotos>, StoreError> {
    let mut hashes = Vec::with_capacity(found.len());
    for StoredRecord { record, .. } in found {
        let photos = reading.referring(&record.cell.county(), record.id, &Kind::Photo)?;
        let of_record = photos.iter().filter(|photo| actor.may_read(&photo.record));
        hashes.push(of_record.map(|photo| sha256(&photo.record)).collect::<Vec<Option<Sha256Hex>>>());
    }
    let all: Vec<Sha256Hex> = hashes.iter().flatten().flatten().cloned().collect();
    let stored = if all.is_empty() { Vec::new() } else { reading.photos_stored(&all)? };
    let arrived = |hash: &&Option<Sha256Hex>| hash.as_ref().is_some_and(|hash| stored.contains(hash));
    Ok(hashes
        .iter()
        .map(|hashes| InboxPhotos { arrived: hashes.iter().filter(arrived).count(), total: hashes.len() })
        .collect())
}

pub(super) fn sha256(photo: &domain::Record) -> Option<Sha256Hex> {
    photo.text("sha256").and_then(|hash| Sha256Hex::new(hash).ok())
}
