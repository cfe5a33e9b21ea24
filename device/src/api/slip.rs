//! What a slip for a missed visit (留言条) says: who was there and how to reach them. Nothing about the resident stands on it.

use domain::{CellCode, Kind};
use serde::Serialize;
use ts_rs::TS;

use super::Failure;
use super::record::OfRecord;
use crate::{Device, DeviceError, Open};

/// The worker's side of a slip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Slip {
    /// The village or community; the cell's code while its name has not arrived.
    pub village: String,
    /// The cell.
    pub cell: String,
    /// The cell's public telephone, if the desk has entered one.
    pub phone: Option<String>,
    /// The worker's name.
    pub worker: String,
}

/// The slip for somebody who was not met.
pub(super) fn slip(device: &Device, args: OfRecord) -> Result<Slip, Failure> {
    device.with_open(|open: &mut Open| {
        let target = open.store().get(args.id)?.filter(|target| !target.is_deleted());
        Ok(of_cell(open, &target.ok_or_else(Failure::not_found)?.cell)?)
    })
}

fn of_cell(open: &Open, code: &CellCode) -> Result<Slip, DeviceError> {
    let cell = open.store().of_kind(&Kind::Cell, Some(code))?.into_iter().next();
    let text = |field: &str| {
        let text = cell.as_ref().and_then(|cell| cell.text(field));
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Ok(Slip {
        village: text("village_name").unwrap_or_else(|| code.to_string()),
        cell: text("name").unwrap_or_default(),
        phone: text("public_phone"),
        worker: open.account().display_name.clone(),
    })
}
