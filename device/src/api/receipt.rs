//! The receipt: what the worker wrote today and how much of it the server has, and whether the whole cell is the same here and there.

use domain::CellCode;
use domain::china::start_of_day;
use domain::protocol::CellState;
use domain::world::Millis;
use rusqlite::Connection;
use serde::Serialize;
use ts_rs::TS;

use super::{Failure, Nothing};
use crate::round::{KeptReceipt, is_repairing, waiting};
use crate::store::Meta;
use crate::{Device, DeviceError, Open};

/// How the phone and the server compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ReceiptPhase {
    /// No receipt yet: no round has been finished, or the server is of an older version and gives none.
    None,
    /// The latest receipt is the server's, and no cell was found to differ.
    Safe,
    /// A cell differs and is being read anew.
    Repairing,
    /// A cell differs, and reading it anew did not help; it is tried again at most once a day.
    Differs,
    /// The latest receipt is not believed: its signature is wrong. What is stored stays as it is.
    Unbelieved,
}

/// A cell on the receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CellReceipt {
    /// 15 digits.
    pub cell: CellCode,
    /// Records that the server has.
    pub records: u64,
    /// Photos among them whose bytes the server has.
    pub photos: u64,
    /// Whether the phone has the very same; none as long as that could not be compared.
    pub agrees: Option<bool>,
}

/// What the worker wrote on this phone today, by China's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct WrittenToday {
    /// Records, without photos.
    pub records: i64,
    /// Of these, the ones that the server has taken.
    pub records_safe: i64,
    /// Photos.
    pub photos: i64,
    /// Of these, the ones whose record and bytes the server has.
    pub photos_safe: i64,
}

/// The receipt as a screen shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ReceiptPage {
    /// The one word.
    pub phase: ReceiptPhase,
    /// When the latest receipt that is believed was made, by the server's clock.
    pub at: Option<Millis>,
    /// Whether that receipt is signed by this phone's server, every cell on it was compared and is the same here, and nothing
    /// unsent has been written since.
    pub verified: bool,
    /// Records that the server has, of all cells.
    pub records: u64,
    /// Photos that the server has, of all cells.
    pub photos: u64,
    /// The same by cell.
    pub cells: Vec<CellReceipt>,
    /// What was written here today.
    pub today: WrittenToday,
}

pub(super) fn receipt(device: &Device, _: Nothing) -> Result<ReceiptPage, Failure> {
    Ok(device.with_open(page)?)
}

fn page(open: &mut Open) -> Result<ReceiptPage, DeviceError> {
    let connection = open.store.connection();
    let kept: Option<KeptReceipt> = Meta::Receipt.get(connection)?;
    let today = written_since(connection, start_of_day(open.now()))?;
    let statement = kept.as_ref().and_then(KeptReceipt::statement);
    let phase = match &kept {
        None => ReceiptPhase::None,
        Some(kept) if kept.unbelieved_at.is_some() => ReceiptPhase::Unbelieved,
        Some(_) if is_repairing(connection)? => ReceiptPhase::Repairing,
        Some(kept) if kept.differs() => ReceiptPhase::Differs,
        Some(_) => ReceiptPhase::Safe,
    };
    let agrees = |cell: &CellCode| kept.as_ref().and_then(|kept| kept.agrees.get(cell).copied());
    let line = |(cell, state): (&CellCode, &CellState)| CellReceipt {
        cell: cell.clone(),
        records: state.records,
        photos: state.photos,
        agrees: agrees(cell),
    };
    let cells: Vec<CellReceipt> = statement.iter().flat_map(|statement| &statement.cells).map(line).collect();
    Ok(ReceiptPage {
        phase,
        at: statement.as_ref().map(|statement| statement.at),
        verified: phase == ReceiptPhase::Safe
            && waiting(open)?.records == 0
            && cells.iter().all(|cell| cell.agrees == Some(true)),
        records: cells.iter().map(|cell| cell.records).sum(),
        photos: cells.iter().map(|cell| cell.photos).sum(),
        cells,
        today,
    })
}

/// Counts what was written here since a moment. Walks an index, and reads only that day's records.
fn written_since(connection: &Connection, since: Millis) -> Result<WrittenToday, DeviceError> {
    const SQL: &str = "SELECT kind = 'photo', count(*), coalesce(sum(id NOT IN (SELECT id FROM unsent) AND reoffer = 0
            AND NOT EXISTS (SELECT 1 FROM photo_way
                WHERE record.kind = 'photo' AND sha256 = record.body ->> '$.fields.sha256' AND state = 'waiting')), 0)
        FROM record INDEXED BY record_by_kind WHERE own_at >= ?1 GROUP BY 1";
    let mut today = WrittenToday { records: 0, records_safe: 0, photos: 0, photos_safe: 0 };
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([since])?;
    while let Some(row) = rows.next()? {
        let (all, safe) = (row.get(1)?, row.get(2)?);
        if row.get(0)? {
            (today.photos, today.photos_safe) = (all, safe);
        } else {
            (today.records, today.records_safe) = (all, safe);
        }
    }
    Ok(today)
}
