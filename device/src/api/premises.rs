//! Small premises: those behind a door, and one of them with what was found there.

use domain::kinds::premises::Premises;
use domain::{CellCode, Kind, Record, RecordId};
use serde::Serialize;
use ts_rs::TS;

use super::conflict::ConflictLine;
use super::record::OfRecord;
use super::review::ReviewInfo;
use super::{Failure, conflict, found};
use crate::read::{Places, review_info};
use crate::{Device, DeviceError, Open};

/// A premises in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PremisesLine {
    /// Its record.
    pub id: RecordId,
    /// What it is called.
    pub name: String,
    /// Code of the kind.
    pub premises_kind: String,
    /// Closed for good.
    pub closed: bool,
}

/// The premises behind a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct DoorPremises {
    /// The dwelling is used as a shop: one is to be expected.
    pub expected: bool,
    /// Those there are, closed ones last.
    pub premises: Vec<PremisesLine>,
}

/// A premises.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct PremisesPage {
    /// Its record.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub premises: Premises,
    /// Its telephone, hidden but for the ends.
    pub phone_masked: Option<String>,
    /// Where it is.
    pub address: String,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
}

pub(super) fn premises_at(device: &Device, args: OfRecord) -> Result<DoorPremises, Failure> {
    device.with_open(|open: &mut Open| {
        let dwelling = found(open, args.id, &Kind::Dwelling)?;
        let premises = premises_lines(open, dwelling.id)?;
        Ok(DoorPremises { expected: dwelling.text("use") == Some("shop"), premises })
    })
}

/// The premises behind a door, closed ones last.
pub(super) fn premises_lines(open: &Open, dwelling: RecordId) -> Result<Vec<PremisesLine>, DeviceError> {
    let line = |record: &Record| {
        let Premises { name, premises_kind, closed_on, .. } = Premises::from(record);
        PremisesLine { id: record.id, name, premises_kind, closed: closed_on.is_some() }
    };
    let mut premises: Vec<PremisesLine> = open.store().of_parent(&Kind::Premises, dwelling)?.iter().map(line).collect();
    premises.sort_by_key(|line| (line.closed, line.name.clone(), line.id));
    Ok(premises)
}

pub(super) fn premises(device: &Device, args: OfRecord) -> Result<PremisesPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Premises)?;
        let premises = Premises::from(&record);
        Ok(PremisesPage {
            id: record.id,
            cell: record.cell.clone(),
            phone_masked: premises.contact_phone.as_deref().map(domain::mask::phone),
            premises,
            address: Places::new(open.store()).subtitle(&record)?,
            review: review_info(open.store(), &record)?,
            conflicts: conflict::lines(open, &record)?,
            sent: open.store().is_sent(record.id)?,
        })
    })
}
