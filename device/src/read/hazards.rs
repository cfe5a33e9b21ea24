//! Hazards that inspections found, with where they stand: folds over the re-checks.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::kinds::inspection::Inspection;
use domain::kinds::recheck::Recheck;
use domain::rectification::{HazardState, standing};
use domain::{Kind, Record, RecordId};

use super::place::Places;
use super::reviews::review_state;
use crate::DeviceError;
use crate::api::inspection::{HazardLine, InspectionLine};
use crate::store::Store;

/// Re-checks by the inspection whose hazards they looked at.
pub(crate) type Rechecks = HashMap<RecordId, Vec<(RecordId, Recheck)>>;

/// All re-checks.
pub(crate) fn rechecks(store: &Store) -> Result<Rechecks, DeviceError> {
    let mut found = Rechecks::new();
    for record in store.of_kind(&Kind::Recheck, None)? {
        if let Some(inspection) = record.reference("inspection") {
            found.entry(inspection).or_default().push((record.id, Recheck::from(&record)));
        }
    }
    Ok(found)
}

/// What a place is called and where it is.
pub(crate) fn place_of(places: &mut Places<'_>, subject: RecordId) -> Result<(String, String), DeviceError> {
    let Some(record) = places.record(subject)?.cloned() else { return Ok(Default::default()) };
    let title = places.name(subject)?;
    let place = match record.kind {
        // Its name is its address.
        Kind::Dwelling | Kind::Building => String::new(),
        _ => places.subtitle(&record)?,
    };
    Ok((title, place))
}

/// The hazards of one inspection.
pub(crate) fn hazard_lines(
    places: &mut Places<'_>,
    record: &Record,
    rechecks: &[(RecordId, Recheck)],
    today: NaiveDate,
) -> Result<Vec<HazardLine>, DeviceError> {
    let inspection = Inspection::from(record);
    let (title, address) = match inspection.subject {
        Some(subject) => place_of(places, subject)?,
        None => Default::default(),
    };
    let line = |hazard: &domain::kinds::inspection::Hazard| HazardLine {
        inspection: record.id,
        item: hazard.item.clone(),
        text: hazard.text.clone(),
        severity: i64::from(hazard.severity),
        standing: standing(hazard, rechecks, today),
        checklist: inspection.checklist.clone(),
        title: title.clone(),
        address: address.clone(),
        found_at: inspection.at,
    };
    Ok(inspection.hazards.iter().map(line).collect())
}

/// All hazards that were not put right, the most urgent first.
pub(crate) fn open_hazards(store: &Store, today: NaiveDate) -> Result<Vec<HazardLine>, DeviceError> {
    let (rechecks, none) = (rechecks(store)?, Vec::new());
    let mut places = Places::new(store);
    let mut lines = Vec::new();
    for record in store.of_kind(&Kind::Inspection, None)? {
        lines.extend(hazard_lines(&mut places, &record, rechecks.get(&record.id).unwrap_or(&none), today)?);
    }
    lines.retain(|line| line.standing.state != HazardState::Fixed);
    lines.sort_by_key(|line| {
        (line.standing.state, line.standing.days_left, line.severity, line.inspection, line.item.clone())
    });
    Ok(lines)
}

/// The inspections of a place, the latest first.
pub(crate) fn inspections_at(
    store: &Store,
    subject: RecordId,
    rechecks: &Rechecks,
    today: NaiveDate,
) -> Result<Vec<InspectionLine>, DeviceError> {
    let mut records = store.of_parent(&Kind::Inspection, subject)?;
    records.reverse();
    let none = Vec::new();
    let of = |id: &RecordId| rechecks.get(id).unwrap_or(&none);
    let line = |record: &Record| {
        let inspection = Inspection::from(record);
        let open = (inspection.hazards.iter())
            .filter(|hazard| standing(hazard, of(&record.id), today).state != HazardState::Fixed)
            .count();
        Ok(InspectionLine {
            id: record.id,
            checklist: inspection.checklist,
            at: inspection.at,
            by: inspection.by,
            hazards: count(inspection.hazards.len()),
            open: count(open),
            review: review_state(store, record)?,
            sent: store.is_sent(record.id)?,
        })
    };
    records.iter().map(line).collect()
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}
