//! Where records stand with the supervisor: folds over their reviews, never a stored status.

use std::collections::HashMap;

use domain::review::{ReviewState, correction, deciding, state};
use domain::{Kind, Record, RecordId};

use crate::DeviceError;
use crate::api::review::{Correction, ReviewInfo};
use crate::store::Store;

/// Where one record stands, with the supervisor's words.
pub(crate) fn review_info(store: &Store, record: &Record) -> Result<ReviewInfo, DeviceError> {
    let reviews = store.of_parent(&Kind::Review, record.id)?;
    let deciding = deciding(record, &reviews);
    Ok(ReviewInfo {
        state: state(record, &reviews),
        note: deciding.as_ref().and_then(|review| review.note.clone()),
        remarks: deciding.as_ref().map(|review| review.remarks.clone()).unwrap_or_default(),
        by: deciding.as_ref().and_then(|review| review.by.clone()),
        at: deciding.as_ref().map(|review| review.at),
        correction: correction(record, &reviews).map(|review| Correction {
            by: review.by.unwrap_or_default(),
            at: review.at,
            fields: review.corrected,
            note: review.note,
        }),
    })
}

/// Where one record stands.
pub(crate) fn review_state(store: &Store, record: &Record) -> Result<ReviewState, DeviceError> {
    if !record.kind.is_reviewed() {
        return Ok(ReviewState::NotReviewed);
    }
    Ok(state(record, &store.of_parent(&Kind::Review, record.id)?))
}

/// The reviews of all records of a kind, by the record.
pub(crate) fn reviews_of(store: &Store, kind: &Kind) -> Result<HashMap<RecordId, Vec<Record>>, DeviceError> {
    let of_kind =
        "kind = 'review' AND deleted = 0 AND parent IN (SELECT id FROM record WHERE kind = ?1) ORDER BY at, id";
    let mut found: HashMap<RecordId, Vec<Record>> = HashMap::new();
    for review in store.records(of_kind, [kind.as_str()])? {
        if let Some(target) = review.reference("target") {
            found.entry(target).or_default().push(review);
        }
    }
    Ok(found)
}
