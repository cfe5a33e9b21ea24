//! A resident.

use domain::kinds::person::Person;
use domain::{CellCode, Kind, RecordId};
use serde::Serialize;
use ts_rs::TS;

use super::care::CareLine;
use super::conflict::ConflictLine;
use super::household::VISITS_SHOWN;
use super::merging::{MergedLine, merged_lines};
use super::record::OfRecord;
use super::review::ReviewInfo;
use super::visit::VisitLine;
use super::{Failure, conflict, found};
use crate::read::{Places, care_lines_of, latest_visits, review_info, seen};
use crate::{Device, Open};

/// What is shown of a person before a tap asks for it in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct MaskedPerson {
    /// `138****5678`.
    pub phone: Option<String>,
    /// `610***********123X`.
    pub document_number: Option<String>,
}

/// A resident with everything at them.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct PersonPage {
    /// The person.
    pub id: RecordId,
    /// Their cell.
    pub cell: CellCode,
    /// Their fields, in full.
    pub person: Person,
    /// What is shown at first.
    pub masked: MaskedPerson,
    /// Where they live.
    pub household_id: Option<RecordId>,
    /// Written out.
    pub address: String,
    /// When they or their household were last met.
    pub last_met: Option<i64>,
    /// Their care plans, as far as this worker is shown any.
    pub care: Vec<CareLine>,
    /// The latest thirty visits to them, newest first.
    pub visits: Vec<VisitLine>,
    /// Entries that gave way to this one.
    pub merged: Vec<MergedLine>,
    /// Where the entry stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
}

pub(super) fn person(device: &Device, args: OfRecord) -> Result<PersonPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Person)?;
        let store = open.store();
        let mut places = Places::new(store);
        let person = Person::from(&record);
        let home = person.household.map(|home| store.survivor(home)).transpose()?;
        let targets: Vec<RecordId> = [Some(record.id), home].into_iter().flatten().collect();
        Ok(PersonPage {
            id: record.id,
            cell: record.cell.clone(),
            masked: MaskedPerson {
                phone: person.phone.as_deref().map(domain::mask::phone),
                document_number: person.document_number.as_deref().map(domain::mask::document),
            },
            last_met: seen(store, &targets)?.last_met,
            care: care_lines_of(open, &record)?,
            household_id: home,
            address: places.address(record.id)?,
            visits: latest_visits(store, &mut places, &[record.id], VISITS_SHOWN)?,
            merged: merged_lines(open, record.id)?,
            review: review_info(store, &record)?,
            conflicts: conflict::lines(open, &record)?,
            sent: store.is_sent(record.id)?,
            person,
        })
    })
}
