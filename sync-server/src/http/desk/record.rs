//! One record as a reviewer needs it: what it says, what changed, its photos, its history. Seeing it is noted in the audit log.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::kinds::photo::Photo;
use domain::kinds::review::Said;
use domain::protocol::{CallRefusal, ErrorBody};
use domain::review::{Approving, ReviewState, approving, deciding, standing};
use domain::scope::{Action, Actor, allowed, visible_field};
use domain::spec::FieldType;
use domain::world::Millis;
use domain::{AccountId, Fields, Kind, Record, RecordId, Scope, Sha256Hex, Version, mask};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::changes::{FieldChange, differences};
use super::history::{self, HistoryEntry, fields_at};
use super::inbox::sha256;
use super::titles::{Reference, Surroundings, references_in};
use super::{named, record_id, refused};
use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::corrections::may_correct;
use crate::hub::looks::{LOOK, Look};
use crate::hub::{CountyHub, HubError};
use crate::store::{self, AuditEntry, Reading, Store as _, StoreError, StoredRecord};

/// Where a record stands, and what the deciding review said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskReview {
    /// Where it stands.
    pub state: ReviewState,
    /// A remark on the whole.
    pub note: Option<String>,
    /// Remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// Who decided, by the name shown.
    pub by: Option<String>,
    /// When.
    pub at: Option<Millis>,
}

/// A photo of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskPhoto {
    /// The photo's record.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// The address of its bytes.
    #[schema(value_type = String)]
    pub sha256: Sha256Hex,
    /// Whether the bytes are here.
    pub arrived: bool,
    /// Code of its kind.
    pub photo_kind: Option<String>,
    /// When it was taken.
    pub taken_at: Millis,
    /// Pixels.
    pub width: i64,
    /// Pixels.
    pub height: i64,
    /// In words.
    pub note: Option<String>,
}

/// A record with everything that a reviewer looks at.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct DeskRecord {
    /// The record; names and numbers of people are masked until somebody gives a reason to see them.
    pub record: Record,
    /// The fields that are masked; none when it is shown in full.
    pub masked: Vec<String>,
    /// The version to approve or return.
    #[schema(value_type = String)]
    pub version: Version,
    /// How far its cell's feed had come when this was read: what was set aside later is not told here.
    pub reached: u64,
    /// What it is called.
    pub title: String,
    /// Village and cell by name.
    pub place: String,
    /// Where it stands.
    pub review: DeskReview,
    /// It was never approved.
    pub is_new: bool,
    /// What changed against the version last approved. Of a new record every field; those that changed since it was returned
    /// say what they were then.
    pub changes: Vec<FieldChange>,
    /// The records that it names, by id.
    #[ts(as = "BTreeMap<String, Reference>")]
    #[schema(value_type = BTreeMap<String, Reference>)]
    pub refs: BTreeMap<RecordId, Reference>,
    /// The accounts that it names, by the names shown.
    #[schema(value_type = BTreeMap<String, String>)]
    #[ts(as = "BTreeMap<String, String>")]
    pub people: BTreeMap<AccountId, String>,
    /// Its photos.
    pub photos: Vec<DeskPhoto>,
    /// Whether whoever asks may put values right.
    pub correctable: bool,
    /// Whether whoever asks may approve the version now: with two levels it may be the other's turn.
    pub approvable: bool,
    /// What became of it, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// One record, with names and numbers of people masked.
#[utoipa::path(get, path = "/desk/api/records/{id}", tag = "desk", security(("desk" = [])), params(("id" = String, Path, description = "The record")),
    responses((status = 200, body = DeskRecord), (status = "4XX", body = ErrorBody)))]
pub(super) async fn record(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DeskRecord>, ApiError> {
    let id = record_id(&named(path)?)?;
    Ok(Json(blocking(&app, move |hub| page(hub, &desk.actor, id)).await?))
}

/// Why somebody sees in full what is masked.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LookWish {
    /// A code of the list `look_reason`.
    reason: String,
}

impl LookWish {
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }
}

/// One record in full, for a reason that is noted with the fields that are seen.
#[utoipa::path(post, path = "/desk/api/records/{id}/look", tag = "desk", security(("desk" = [], "csrf" = [])),
    params(("id" = String, Path, description = "The record")), request_body = LookWish,
    responses((status = 200, body = DeskRecord), (status = "4XX", body = ErrorBody)))]
pub(super) async fn look(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    path: Result<Path<String>, PathRejection>,
    JsonBody(wish): JsonBody<LookWish>,
) -> Result<Json<DeskRecord>, ApiError> {
    let id = record_id(&named(path)?)?;
    Ok(Json(blocking(&app, move |hub| page_in_full(hub, &desk.actor, id, wish.reason())).await?))
}

fn page_in_full(hub: &CountyHub, actor: &Actor, id: RecordId, reason: &str) -> Result<DeskRecord, HubError> {
    let mut stored = hub.record_for(actor, id)?.ok_or_else(|| refused(CallRefusal::NotFound))?;
    let kind = stored.record.kind.clone();
    stored.record.fields.retain(|field, _| visible_field(actor.role, &kind, field));
    let page = read_page_of(hub, actor, stored, true)?;
    // Before anything is shown: what cannot be noted is not shown.
    hub.note_looks(actor, LOOK, reason, &looks_of(&page))?;
    Ok(page)
}

/// Whose what a page shows in full: the record's own fields, also those that only its past still holds, and what it says of the
/// residents whom it names.
fn looks_of(page: &DeskRecord) -> Vec<Look> {
    let Record { id, kind, fields, .. } = &page.record;
    let changed = page.changes.iter().flat_map(|one| [(&one.field, &one.before), (&one.field, &one.after)]);
    let past = page.history.iter().flat_map(|entry| &entry.fields);
    let mut own = BTreeSet::new();
    let mut named: BTreeMap<RecordId, BTreeSet<String>> = BTreeMap::new();
    for (field, value) in fields.iter().chain(changed).chain(past).filter(|(_, value)| !value.is_null()) {
        if mask::is_masked(kind, field) {
            own.insert(field.clone());
            for (person, told) in people_in(value) {
                named.entry(person).or_default().extend(told);
            }
        }
    }
    for (person, _) in page.refs.iter().filter(|(_, named)| named.kind == Kind::Person) {
        named.entry(*person).or_default().insert("name".to_owned());
    }
    let look = |(of, fields): (RecordId, BTreeSet<String>)| Look { of, fields: fields.into_iter().collect() };
    std::iter::once((*id, own)).chain(named).map(look).collect()
}

/// The residents in the parties of a dispute or on a roster, with what is said of each. The words of people whom no register knows
/// are the record's own.
fn people_in(value: &serde_json::Value) -> Vec<(RecordId, Vec<String>)> {
    let entries = value.as_array().into_iter().flatten().filter_map(serde_json::Value::as_object);
    let told = |entry: &serde_json::Map<String, serde_json::Value>| {
        let person = entry.get("person")?.as_str()?.parse().ok()?;
        let said = entry.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.clone());
        Some((person, said.filter(|name| mask::ENTRY_MASKED.contains(&name.as_str())).collect()))
    };
    entries.filter_map(told).collect()
}

fn page(hub: &CountyHub, actor: &Actor, id: RecordId) -> Result<DeskRecord, HubError> {
    let mut stored = hub.record_for(actor, id)?.ok_or_else(|| refused(CallRefusal::NotFound))?;
    let seen = AuditEntry {
        at: hub.now(),
        who: actor.account.to_string(),
        action: "view".to_owned(),
        subject: id.to_string(),
    };
    // Before anything is shown: what cannot be noted is not shown.
    hub.store().write(|writing| writing.append_audit(&seen))?;
    let kind = stored.record.kind.clone();
    stored.record.fields.retain(|field, _| visible_field(actor.role, &kind, field));
    let mut page = read_page_of(hub, actor, stored, false)?;
    mask_page(&mut page);
    Ok(page)
}

fn read_page_of(hub: &CountyHub, actor: &Actor, stored: StoredRecord, in_full: bool) -> Result<DeskRecord, HubError> {
    hub.store().read(|reading| {
        let two_levels = hub.review_rules_in(reading)?.two_levels;
        let around = Surroundings::new(reading, actor);
        let around = if in_full { around.in_full() } else { around };
        Ok(read_page(reading, actor, around, stored, two_levels)?)
    })
}

/// The one place where a record's page is masked; titles are masked where they are made.
fn mask_page(page: &mut DeskRecord) {
    let kind = page.record.kind.clone();
    page.masked = mask::fields(&kind, &mut page.record.fields);
    for change in &mut page.changes {
        change.before = mask::value(&kind, &change.field, &change.before);
        change.after = mask::value(&kind, &change.field, &change.after);
        // What was emptied is no more in the record, and still hidden here.
        if mask::is_masked(&kind, &change.field) && !page.masked.contains(&change.field) {
            page.masked.push(change.field.clone());
        }
    }
    for entry in &mut page.history {
        mask::fields(&kind, &mut entry.fields);
    }
}

fn read_page<'a>(
    reading: &'a dyn Reading,
    actor: &'a Actor,
    mut around: Surroundings<'a>,
    stored: StoredRecord,
    two_levels: bool,
) -> Result<DeskRecord, StoreError> {
    // What was said and photographed of a record stays where it was when the record is moved.
    let scope = stored.record.cell.county();
    let id = stored.record.id;
    let reached = reading.feed_reached(&stored.record.cell)?;
    let of_kind = |kind| -> Result<Vec<Record>, StoreError> {
        Ok(reading.referring(&scope, id, &kind)?.into_iter().map(|stored| stored.record).collect())
    };
    let (reviews, mut photos) = (of_kind(Kind::Review)?, of_kind(Kind::Photo)?);
    photos.retain(|photo| actor.may_read(photo));
    let entries = reading.history(&scope, id)?;
    let changes = changes(reading, &scope, &stored, &entries, &reviews)?;
    let named = named_by(&stored.record, &changes);
    around.gather([&stored.record])?;
    let people = people(&mut around, &stored.record, &changes)?;
    let missing = named.clone();
    around.fetch(&missing)?;
    let history = history::lines(reading, &mut around, actor, &stored, &entries, &reviews)?;
    Ok(DeskRecord {
        title: around.title(&stored.record),
        place: around.place(&stored.record.cell)?,
        review: review(&mut around, &stored, &reviews)?,
        is_new: stored.approved_version.is_none(),
        correctable: may_correct(actor, &stored.record),
        approvable: allowed(actor.role, Action::Write, &Kind::Review)
            && matches!(approving(two_levels, actor, &stored.record, &reviews), Approving::As(_)),
        changes,
        refs: around.refs(&named),
        people,
        photos: photo_lines(reading, &photos)?,
        history,
        reached,
        version: stored.version,
        record: stored.record,
        masked: Vec::new(),
    })
}

/// What changed against the version last approved; of a record never approved, every field, with the values that the last
/// reviewed version had before they were corrected.
fn changes(
    reading: &dyn Reading,
    scope: &Scope,
    stored: &StoredRecord,
    entries: &[store::HistoryEntry],
    reviews: &[Record],
) -> Result<Vec<FieldChange>, StoreError> {
    let record = &stored.record;
    if stored.approved_version.is_some() {
        let approved = reading.approved(scope, record.id)?.map(|approved| approved.fields).unwrap_or_default();
        return Ok(differences(&record.kind, &approved, &record.fields));
    }
    let mut changes = differences(&record.kind, &Fields::new(), &record.fields);
    let stands = standing(record.id, reviews);
    let last = stands.into_iter().rfind(|(_, review)| matches!(review.said, Some(Said::Approved | Said::Returned)));
    let seen = last.and_then(|(_, review)| review.version).and_then(|version| fields_at(record, entries, &version));
    if let Some(seen) = seen {
        for corrected in differences(&record.kind, &seen, &record.fields) {
            match changes.iter_mut().find(|change| change.field == corrected.field) {
                Some(change) => change.before = corrected.before,
                None => changes.push(corrected),
            }
        }
    }
    Ok(changes)
}

fn named_by(record: &Record, changes: &[FieldChange]) -> BTreeSet<RecordId> {
    let now = record.fields.iter().flat_map(|(field, value)| references_in(&record.kind, field, value));
    let then = changes.iter().flat_map(|change| references_in(&record.kind, &change.field, &change.before));
    now.chain(then).collect()
}

/// The accounts in a record's fields, and in what they were before.
fn people(
    around: &mut Surroundings<'_>,
    record: &Record,
    changes: &[FieldChange],
) -> Result<BTreeMap<AccountId, String>, StoreError> {
    let of_accounts = domain::spec::fields(&record.kind).iter().filter(|spec| spec.of == FieldType::Account);
    let mut people = BTreeMap::new();
    for spec in of_accounts {
        let before =
            changes.iter().filter(|change| change.field == spec.name).filter_map(|change| change.before.as_str());
        for name in record.text(spec.name).into_iter().chain(before) {
            if let Ok(account) = AccountId::new(name) {
                let shown = around.person(&account)?;
                people.insert(account, shown);
            }
        }
    }
    Ok(people)
}

fn review(around: &mut Surroundings<'_>, stored: &StoredRecord, reviews: &[Record]) -> Result<DeskReview, StoreError> {
    let Some(review) = deciding(&stored.record, reviews) else {
        return Ok(DeskReview { state: stored.state, note: None, remarks: BTreeMap::new(), by: None, at: None });
    };
    let by = match review.by.as_deref().map(AccountId::new) {
        Some(Ok(account)) => Some(around.person(&account)?),
        _ => None,
    };
    Ok(DeskReview { state: stored.state, note: review.note, remarks: review.remarks, by, at: Some(review.at) })
}

pub(super) fn photo_lines(reading: &dyn Reading, photos: &[Record]) -> Result<Vec<DeskPhoto>, StoreError> {
    let hashes: Vec<Sha256Hex> = photos.iter().filter_map(sha256).collect();
    let arrived = if hashes.is_empty() { Vec::new() } else { reading.photos_stored(&hashes)? };
    let line = |record: &Record| {
        let photo = Photo::from(record);
        let sha256 = photo.sha256?;
        Some(DeskPhoto {
            id: record.id,
            arrived: arrived.contains(&sha256),
            sha256,
            photo_kind: photo.photo_kind,
            taken_at: photo.taken_at,
            width: photo.width,
            height: photo.height,
            note: photo.note,
        })
    };
    Ok(photos.iter().filter_map(line).collect())
}
