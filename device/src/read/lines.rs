//! One line of a list: a visit, an incident, a photo.

use std::collections::HashMap;

use domain::fold::{DoorHistory, is_met};
use domain::kinds::incident::Incident;
use domain::kinds::photo::Photo;
use domain::kinds::visit::Visit;
use domain::review::state;
use domain::{Kind, Record, RecordId};
use rusqlite::OptionalExtension;

use super::place::Places;
use super::reviews::{review_state, reviews_of};
use crate::DeviceError;
use crate::api::incident::IncidentLine;
use crate::api::photo::PhotoLine;
use crate::api::visit::VisitLine;
use crate::store::{Store, held};

/// The latest visits to any of these (a household and its members), newest first, at most `most`.
pub(crate) fn latest_visits(
    store: &Store,
    places: &mut Places<'_>,
    targets: &[RecordId],
    most: usize,
) -> Result<Vec<VisitLine>, DeviceError> {
    let mut visits = Vec::new();
    for target in targets {
        visits.extend(store.of_parent(&Kind::Visit, *target)?);
    }
    visits.sort_by_key(|visit| std::cmp::Reverse((visit.int("at").unwrap_or_default(), visit.id)));
    visits.truncate(most);
    visits.iter().filter_map(|visit| visit_line(store, places, visit).transpose()).collect()
}

/// The visits to any of these as they still count, folded: when somebody was last met, and what the latest came to.
pub(crate) fn seen(store: &Store, targets: &[RecordId]) -> Result<DoorHistory, DeviceError> {
    let mut visits = Vec::new();
    for target in targets {
        visits.extend(store.of_parent(&Kind::Visit, *target)?);
    }
    visits.sort_by_key(|visit| std::cmp::Reverse((visit.int("at").unwrap_or_default(), visit.id)));
    let mut history = DoorHistory::default();
    for record in visits {
        // Newest first: most visits need not be asked whether another corrects them.
        let visit = Visit::from(&record);
        let tells = history.latest.is_none() || is_met(&visit.result);
        if !tells || is_replaced(store, record.id)? {
            continue;
        }
        history.latest.get_or_insert((visit.at, visit.result.clone()));
        if is_met(&visit.result) {
            history.last_met = Some(visit.at);
            break;
        }
    }
    Ok(history)
}

/// A visit's line; none for a visit that names nobody.
pub(crate) fn visit_line(
    store: &Store,
    places: &mut Places<'_>,
    record: &Record,
) -> Result<Option<VisitLine>, DeviceError> {
    let visit = Visit::from(record);
    let (Some(target), Some(held)) = (visit.target, held(store.connection(), record.id)?) else { return Ok(None) };
    Ok(Some(VisitLine {
        id: record.id,
        target_id: target,
        target_kind: visit.target_kind.unwrap_or_default(),
        title: places.name(target)?,
        address: places.address(target)?,
        result: visit.result,
        way: visit.way,
        note: visit.note,
        by: visit.by,
        at: visit.at,
        review: review_state(store, record)?,
        sent: held.unsent.is_empty(),
        replaced: is_replaced(store, record.id)?,
        may_take_back: held.is_only_here(),
    }))
}

/// Whether a later visit corrects this one, at the same door or at another.
fn is_replaced(store: &Store, visit: RecordId) -> Result<bool, DeviceError> {
    // Both conditions on the field: so SQLite sees that its index holds every such visit.
    const SQL: &str = "SELECT 1 FROM record WHERE kind = 'visit' AND deleted = 0
        AND body ->> '$.fields.replaces' IS NOT NULL AND body ->> '$.fields.replaces' = ?1";
    let mut statement = store.connection().prepare_cached(SQL)?;
    Ok(statement.query_row([visit.to_string()], |_| Ok(())).optional()?.is_some())
}

/// The lines of all incidents, newest first.
pub(crate) fn incident_lines(store: &Store) -> Result<Vec<IncidentLine>, DeviceError> {
    let mut places = Places::new(store);
    let reviews = reviews_of(store, &Kind::Incident)?;
    let photos = photo_counts(store, "SELECT id FROM record WHERE kind = 'incident'")?;
    let unsent = unsent_incidents(store)?;
    let none = Vec::new();
    let mut lines = Vec::new();
    for record in store.records("kind = 'incident' AND deleted = 0 ORDER BY at DESC, id DESC", [])? {
        let review = state(&record, reviews.get(&record.id).unwrap_or(&none));
        let counts = photos.get(&record.id).copied().unwrap_or_default();
        let sent = !unsent.contains(&record.id);
        lines.push(line(&mut places, &record, review, counts, sent)?);
    }
    Ok(lines)
}

/// One incident's line.
pub(crate) fn incident_line(
    store: &Store,
    places: &mut Places<'_>,
    record: &Record,
) -> Result<IncidentLine, DeviceError> {
    let photos = photos_of(store, record.id)?;
    let count = |photos: usize| i64::try_from(photos).unwrap_or(i64::MAX);
    let counts = (count(photos.len()), count(photos.iter().filter(|photo| photo.sent).count()));
    line(places, record, review_state(store, record)?, counts, store.is_sent(record.id)?)
}

fn line(
    places: &mut Places<'_>,
    record: &Record,
    review: domain::review::ReviewState,
    (photos, photos_sent): (i64, i64),
    sent: bool,
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
        photos,
        photos_sent,
        review,
        sent,
    })
}

fn unsent_incidents(store: &Store) -> Result<std::collections::HashSet<RecordId>, DeviceError> {
    const SQL: &str = "SELECT id FROM unsent JOIN record USING (id) WHERE kind = 'incident'";
    let mut statement = store.connection().prepare_cached(SQL)?;
    let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
    Ok(ids.filter_map(|id| id.ok()?.parse().ok()).collect())
}

/// For every subject that has photos: how many, and how many of them are on the server.
fn photo_counts(store: &Store, subjects: &str) -> Result<HashMap<RecordId, (i64, i64)>, DeviceError> {
    let sql = format!(
        "SELECT photo.parent, count(*), sum(photo.id NOT IN (SELECT id FROM unsent) AND file.sha256 IS NULL)
         FROM record AS photo LEFT JOIN photo_file AS file
             ON file.sha256 = photo.body ->> '$.fields.sha256' AND file.state = 'waiting'
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

/// The photos of a record, in the order they were taken.
pub(crate) fn photos_of(store: &Store, subject: RecordId) -> Result<Vec<PhotoLine>, DeviceError> {
    store.of_parent(&Kind::Photo, subject)?.iter().map(|record| photo_line(store, record)).collect()
}

/// A photo's line.
pub(crate) fn photo_line(store: &Store, record: &Record) -> Result<PhotoLine, DeviceError> {
    let photo = Photo::from(record);
    let bytes_sent = match &photo.sha256 {
        Some(sha256) => store.is_photo_file_sent(sha256)?,
        None => true,
    };
    Ok(PhotoLine {
        id: record.id,
        sha256: photo.sha256.map(|sha256| sha256.to_string()).unwrap_or_default(),
        photo_kind: photo.photo_kind.unwrap_or_default(),
        taken_at: photo.taken_at,
        note: photo.note,
        sent: bytes_sent && store.is_sent(record.id)?,
        width: photo.width,
        height: photo.height,
    })
}
