//! One line of a list: a visit, a photo.

use domain::fold::{DoorHistory, is_met};
use domain::kinds::photo::Photo;
use domain::kinds::visit::Visit;
use domain::{Kind, Record, RecordId};
use rusqlite::OptionalExtension;

use super::place::Places;
use super::reviews::review_state;
use crate::DeviceError;
use crate::api::photo::PhotoLine;
use crate::api::visit::VisitLine;
use crate::store::{Store, held};

/// The visits to any of these, newest first.
fn visits_to(store: &Store, targets: &[RecordId]) -> Result<Vec<Record>, DeviceError> {
    let mut visits = Vec::new();
    for target in targets {
        visits.extend(store.of_parent(&Kind::Visit, *target)?);
    }
    visits.sort_by_key(|visit| std::cmp::Reverse((visit.int("at").unwrap_or_default(), visit.id)));
    Ok(visits)
}

/// The latest visits to any of these (a household and its members), newest first, at most `most`.
pub(crate) fn latest_visits(
    store: &Store,
    places: &mut Places<'_>,
    targets: &[RecordId],
    most: usize,
) -> Result<Vec<VisitLine>, DeviceError> {
    let mut visits = visits_to(store, targets)?;
    visits.truncate(most);
    visits.iter().filter_map(|visit| visit_line(store, places, visit).transpose()).collect()
}

/// The visits to any of these as they still count, folded: when somebody was last met, and what the latest came to.
pub(crate) fn seen(store: &Store, targets: &[RecordId]) -> Result<DoorHistory, DeviceError> {
    let mut history = DoorHistory::default();
    for record in visits_to(store, targets)? {
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
        target_id: store.survivor(target)?,
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

/// The steps of an incident.
pub(crate) fn steps_of(store: &Store, incident: RecordId) -> Result<Vec<Record>, DeviceError> {
    store.of_parent(&Kind::IncidentStep, incident)
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
