//! Incidents in lists: where each stands in the loop, how urgent it is, how far it is sent.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use domain::incident::{IncidentState, Progress, Stage, ToldStep, fold, is_own_errand, may};
use domain::kinds::incident::Incident;
use domain::review::{ReviewState, state};
use domain::{Kind, Record, RecordId};

use super::place::Places;
use super::reviews::{review_state, reviews_of};
use super::{photos_of, steps_of};
use crate::api::incident::IncidentLine;
use crate::store::Store;
use crate::{DeviceError, Open};

/// What of an incident is on the phone besides its fields.
struct Around {
    review: ReviewState,
    photos: i64,
    photos_sent: i64,
    sent: bool,
}

/// The lines of all incidents, the most urgent first.
pub(crate) fn incident_lines(open: &Open) -> Result<Vec<IncidentLine>, DeviceError> {
    let store = open.store();
    let mut places = Places::new(store);
    let reviews = reviews_of(store, &Kind::Incident)?;
    let photos = photo_counts(store, "SELECT id FROM record WHERE kind = 'incident'")?;
    let unsent = unsent_incidents(store)?;
    let steps = by_incident(store.of_kind(&Kind::IncidentStep, None)?);
    let mut lines = Vec::new();
    for record in store.records("kind = 'incident' AND deleted = 0", [])? {
        let (photos, photos_sent) = photos.get(&record.id).copied().unwrap_or_default();
        let around = Around {
            review: state(&record, reviews.get(&record.id).into_iter().flatten()),
            photos,
            photos_sent,
            sent: !unsent.contains(&record.id),
        };
        let progress = fold(&record, steps.get(&record.id).into_iter().flatten(), open.lists());
        lines.push(line(open, &mut places, &record, &progress, around)?);
    }
    lines.sort_by_cached_key(urgency);
    Ok(lines)
}

/// One incident's line.
pub(crate) fn incident_line(
    open: &Open,
    places: &mut Places<'_>,
    record: &Record,
) -> Result<IncidentLine, DeviceError> {
    let store = open.store();
    let photos = photos_of(store, record.id)?;
    let count = |photos: usize| i64::try_from(photos).unwrap_or(i64::MAX);
    let around = Around {
        review: review_state(store, record)?,
        photos: count(photos.len()),
        photos_sent: count(photos.iter().filter(|photo| photo.sent).count()),
        sent: store.is_sent(record.id)?,
    };
    line(open, places, record, &progress_of(open, record)?, around)
}

/// The incidents whose result waits to be checked, the most urgent first.
pub(crate) fn incidents_to_verify(open: &Open) -> Result<Vec<IncidentLine>, DeviceError> {
    let mut places = Places::new(open.store());
    let mut lines = Vec::new();
    for (record, progress) in with_action(open, "result")? {
        if waits_for_check(open, &record, &progress) {
            lines.push(incident_line(open, &mut places, &record)?);
        }
    }
    lines.sort_by_cached_key(urgency);
    Ok(lines)
}

/// Own reports that were sent back, each with the step that did it.
pub(crate) fn incidents_returned(open: &Open) -> Result<Vec<(Record, ToldStep)>, DeviceError> {
    let own = open.account().account.as_str();
    let mut found = Vec::new();
    for (record, progress) in with_action(open, "return")? {
        if progress.state != IncidentState::Returned || record.text("by") != Some(own) {
            continue;
        }
        let sent_back = progress.steps.into_iter().rfind(|step| step.action == "return" && !step.late);
        found.extend(sent_back.map(|step| (record, step)));
    }
    Ok(found)
}

/// The incidents that had such a step, and where they stand: the others need not be folded.
fn with_action(open: &Open, action: &str) -> Result<Vec<(Record, Progress)>, DeviceError> {
    const SQL: &str = "kind = 'incident_step' AND deleted = 0 AND parent IN (
        SELECT parent FROM record WHERE kind = 'incident_step' AND deleted = 0 AND body ->> '$.fields.action' = ?1)";
    let mut found = Vec::new();
    for (id, steps) in by_incident(open.store().records(SQL, [action])?) {
        let record = open.store().get(id)?.filter(|record| record.kind == Kind::Incident && !record.is_deleted());
        if let Some(record) = record {
            let progress = fold(&record, &steps, open.lists());
            found.push((record, progress));
        }
    }
    Ok(found)
}

/// Where one incident stands.
pub(crate) fn progress_of(open: &Open, record: &Record) -> Result<Progress, DeviceError> {
    Ok(fold(record, &steps_of(open.store(), record.id)?, open.lists()))
}

/// Whether whoever holds this phone is asked to check the result.
fn waits_for_check(open: &Open, record: &Record, progress: &Progress) -> bool {
    let account = open.account();
    let errand = is_own_errand(&Incident::from(record), Some(account.account.as_str()));
    progress.stage == Stage::Verify && may(account.role, errand, "pass", progress.stage, progress.ended)
}

fn line(
    open: &Open,
    places: &mut Places<'_>,
    record: &Record,
    progress: &Progress,
    around: Around,
) -> Result<IncidentLine, DeviceError> {
    let incident = Incident::from(record);
    Ok(IncidentLine {
        id: record.id,
        number: incident.number,
        title: incident.title,
        category: incident.category,
        severity: incident.severity,
        happened_at: incident.happened_at,
        place: places.incident_place(record)?,
        photos: around.photos,
        photos_sent: around.photos_sent,
        review: around.review,
        sent: around.sent,
        stage: progress.stage,
        state: progress.state,
        due: progress.due,
        overdue: progress.is_overdue(open.now()),
        to_verify: waits_for_check(open, record, progress),
        ended: progress.ended,
    })
}

/// What asks for something here comes first, then what is overdue, then what ends soonest; what is over comes last, newest first.
fn urgency(line: &IncidentLine) -> impl Ord + use<> {
    let asks = line.to_verify || line.state == IncidentState::Returned || line.review == ReviewState::Returned;
    let due = if line.ended { i64::MAX } else { line.due.map_or(i64::MAX, |due| due.at) };
    (line.ended, !asks, !line.overdue, due, line.severity, Reverse((line.happened_at, line.id)))
}

/// Steps by their incident.
fn by_incident(steps: Vec<Record>) -> HashMap<RecordId, Vec<Record>> {
    let mut found: HashMap<RecordId, Vec<Record>> = HashMap::new();
    for step in steps {
        if let Some(incident) = step.reference("incident") {
            found.entry(incident).or_default().push(step);
        }
    }
    found
}

fn unsent_incidents(store: &Store) -> Result<HashSet<RecordId>, DeviceError> {
    const SQL: &str = "SELECT id FROM unsent JOIN record USING (id) WHERE kind = 'incident'";
    let mut statement = store.connection().prepare_cached(SQL)?;
    let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
    Ok(ids.filter_map(|id| id.ok()?.parse().ok()).collect())
}

/// For every subject that has photos: how many, and how many of them are on the server.
fn photo_counts(store: &Store, subjects: &str) -> Result<HashMap<RecordId, (i64, i64)>, DeviceError> {
    let sql = format!(
        "SELECT photo.parent, count(*), sum(photo.id NOT IN (SELECT id FROM unsent) AND way.sha256 IS NULL)
         FROM record AS photo LEFT JOIN photo_way AS way
             ON way.sha256 = photo.body ->> '$.fields.sha256' AND way.state = 'waiting'
         WHERE photo.kind = 'photo' AND photo.deleted = 0 AND photo.parent IN ({subjects}) GROUP BY photo.parent"
    );
    let mut statement = store.connection().prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut found = HashMap::new();
    while let Some(row) = rows.next()? {
        let subject: String = row.get(0)?;
        if let Ok(subject) = subject.parse() {
            found.insert(subject, (row.get(1)?, row.get(2)?));
        }
    }
    Ok(found)
}
