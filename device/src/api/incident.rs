//! Incidents: the list of one's reports, and one of them with its photos.

use domain::kinds::incident::Incident;
use domain::review::ReviewState;
use domain::{CellCode, Kind, RecordId};
use serde::Serialize;
use ts_rs::TS;

use super::conflict::ConflictLine;
use super::photo::PhotoLine;
use super::record::OfRecord;
use super::review::ReviewInfo;
use super::{Failure, Nothing, conflict, found};
use crate::read::{Places, incident_lines, photos_of, review_info};
use crate::{Device, Open};

/// An incident in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct IncidentLine {
    /// The incident.
    pub id: RecordId,
    /// The county's number, once the server gave one.
    pub number: Option<String>,
    /// One line.
    pub title: String,
    /// Code of the category.
    pub category: String,
    /// 1 most urgent … 4.
    pub severity: i64,
    /// When it was noticed.
    pub happened_at: i64,
    /// The address, or the place in words.
    pub place: Option<String>,
    /// Photos at it.
    pub photos: i64,
    /// Of these, photos whose bytes are on the server.
    pub photos_sent: i64,
    /// Where it stands with the supervisor.
    pub review: ReviewState,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// An incident with everything at it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct IncidentPage {
    /// The incident.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub incident: Incident,
    /// The address of the dwelling or household it names.
    pub address: Option<String>,
    /// Its photos, in the order they were taken.
    pub photos: Vec<PhotoLine>,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
}

pub(super) fn incidents(device: &Device, _: Nothing) -> Result<Vec<IncidentLine>, Failure> {
    device.with_open(|open: &mut Open| Ok(incident_lines(open.store())?))
}

pub(super) fn incident(device: &Device, args: OfRecord) -> Result<IncidentPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Incident)?;
        let store = open.store();
        Ok(IncidentPage {
            id: record.id,
            cell: record.cell.clone(),
            incident: Incident::from(&record),
            address: Places::new(store).incident_address(&record)?,
            photos: photos_of(store, record.id)?,
            review: review_info(store, &record)?,
            conflicts: conflict::lines(open, &record)?,
            sent: store.is_sent(record.id)?,
        })
    })
}
