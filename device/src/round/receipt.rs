//! The server's receipt: is it the server's, and does the phone have what it says?

use std::collections::BTreeMap;

use domain::protocol::{CellState, ExchangeAnswer, LOST_RECEIPTS_MAX, Receipt, ReceiptStatement, ServerKeys};
use domain::world::Millis;
use domain::{CellCode, DeviceId};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::repair;
use crate::DeviceError;
use crate::store::{self, CellDigest, Meta};

/// The digests are counted anew from the bodies of the records this often: what they are kept of could have been changed.
const COUNT_EVERY: Millis = 7 * 24 * 60 * 60 * 1000;

/// The last receipt that was believed, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptReceipt {
    /// As it came: it can be shown to anybody who has the server's key.
    pub(crate) receipt: Option<Receipt>,
    /// Per cell, what the latest comparison said.
    pub(crate) agrees: BTreeMap<CellCode, bool>,
    /// Since when those that come cannot be believed.
    pub(crate) unbelieved_at: Option<Millis>,
}

impl KeptReceipt {
    /// What the receipt says. It was checked when it came.
    pub(crate) fn statement(&self) -> Option<ReceiptStatement> {
        serde_json::from_str(&self.receipt.as_ref()?.statement).ok()
    }

    /// Whether some cell was found to differ and has not been found to agree since.
    pub(crate) fn differs(&self) -> bool {
        self.agrees.values().any(|agrees| !agrees)
    }
}

/// What a comparison led to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Compared {
    /// Cells that differ.
    pub(super) differing: usize,
    /// Whether any of them is to be read anew now.
    pub(super) begun: bool,
    /// Whether a screen that shows the receipt has something new to show.
    pub(super) news: bool,
}

/// Looks at the receipt of an answer whose pages were stored: in the same transaction.
pub(super) fn compare(
    connection: &Connection,
    device: DeviceId,
    answer: &ExchangeAnswer,
    now: Millis,
) -> Result<Compared, DeviceError> {
    let Some(receipt) = answer.receipt.as_ref().filter(|_| !answer.more) else { return Ok(Compared::default()) };
    let before: Option<KeptReceipt> = Meta::Receipt.get(connection)?;
    let Some(statement) = believed(connection, receipt, device, answer)? else {
        let kept = before.unwrap_or(KeptReceipt { receipt: None, agrees: BTreeMap::new(), unbelieved_at: None });
        let news = kept.unbelieved_at.is_none();
        Meta::Receipt.set(connection, &KeptReceipt { unbelieved_at: kept.unbelieved_at.or(Some(now)), ..kept })?;
        return Ok(Compared { news, ..Compared::default() });
    };
    let mut compared = Compared::default();
    let mut agrees = before.as_ref().map(|kept| kept.agrees.clone()).unwrap_or_default();
    // That a cell agreed with an earlier receipt says nothing of this one; that it differed does.
    agrees.retain(|cell, agrees| !*agrees && statement.cells.contains_key(cell));
    let (count, mut counted) = (is_time_to_count(connection, now)?, false);
    for (cell, state) in &statement.cells {
        if !is_comparable(connection, cell, state, answer)? {
            continue;
        }
        let same = agrees_with(connection, cell, state, count)?;
        counted |= count;
        agrees.insert(cell.clone(), same);
        if !same {
            compared.differing += 1;
            compared.begun |= repair::begin(connection, cell, now)?;
        }
    }
    if counted {
        Meta::CountedAt.set(connection, &now)?;
    }
    let kept = KeptReceipt { receipt: Some(receipt.clone()), agrees, unbelieved_at: None };
    compared.news = before.is_none_or(|before| says_other(&before, &kept));
    Meta::Receipt.set(connection, &kept)?;
    Ok(compared)
}

/// The server's database is another one now: the last receipt shows which cells this phone held in the one that was lost.
pub(super) fn keep_of_lost_database(connection: &Connection) -> Result<(), DeviceError> {
    let kept: Option<KeptReceipt> = Meta::Receipt.get(connection)?;
    let Some(receipt) = kept.and_then(|kept| kept.receipt) else { return Ok(()) };
    let mut lost = of_lost_databases(connection)?;
    lost.retain(|one| *one != receipt);
    lost.insert(0, receipt);
    lost.truncate(LOST_RECEIPTS_MAX);
    Meta::LostReceipts.set(connection, &lost)
}

/// The receipts of databases that the server has lost since, the latest first.
pub(super) fn of_lost_databases(connection: &Connection) -> Result<Vec<Receipt>, DeviceError> {
    Ok(Meta::LostReceipts.get(connection)?.unwrap_or_default())
}

/// Nothing waits any more of the cells that this phone had besides these. Words of which the server has nothing yet may be all that is here
/// of a cell: no number of it tells of them, and nothing that it could be left for.
pub(super) fn forget_lost_databases(connection: &Connection, held: &[CellCode]) -> Result<(), DeviceError> {
    const UNSENT: &str = "SELECT 1 FROM unsent CROSS JOIN record USING (id)
        WHERE cell NOT IN (SELECT value FROM json_each(?1)) LIMIT 1";
    if of_lost_databases(connection)?.is_empty() || store::exists(connection, UNSENT, [serde_json::to_string(held)?])? {
        return Ok(());
    }
    Meta::LostReceipts.set(connection, &Vec::<Receipt>::new())
}

/// Whether two receipts tell a worker different things. The moment alone does not count: it changes with every round.
fn says_other(before: &KeptReceipt, after: &KeptReceipt) -> bool {
    let cells = |kept: &KeptReceipt| kept.statement().map(|statement| statement.cells);
    (cells(before), &before.agrees, before.unbelieved_at) != (cells(after), &after.agrees, after.unbelieved_at)
}

/// What the receipt says, if this server signed it for this phone and this database. A phone without a key believes nothing.
fn believed(
    connection: &Connection,
    receipt: &Receipt,
    device: DeviceId,
    answer: &ExchangeAnswer,
) -> Result<Option<ReceiptStatement>, DeviceError> {
    let keys: ServerKeys = Meta::ServerKeys.get(connection)?.unwrap_or_default();
    let fault = match receipt.verify(&keys.verify) {
        Ok(statement) if statement.device != device => "it was made out to another phone".to_owned(),
        Ok(statement) if statement.epoch != answer.epoch => "it is of another database".to_owned(),
        Ok(statement) => return Ok(Some(statement)),
        Err(error) => error.to_string(),
    };
    tracing::warn!(fault, "a receipt is not believed; what is stored stays as it is");
    Ok(None)
}

/// A cell can be compared when the phone has read exactly as far as the receipt goes, and nothing of it is on its way.
fn is_comparable(
    connection: &Connection,
    cell: &CellCode,
    state: &CellState,
    answer: &ExchangeAnswer,
) -> Result<bool, DeviceError> {
    // Each walks a small index, never the cell. A record that was moved counts in the new cell already, on a server that has yet to
    // hear of it (it was put back from a backup, perhaps) in the old one: until that is sent no cell can be compared.
    const UNSENT: &str = "SELECT 1 FROM unsent CROSS JOIN record USING (id) WHERE cell = ?1
        OR CASE WHEN fields IS NULL THEN body ->> '$.fields.cell' ELSE fields ->> '$.cell' END IS NOT NULL LIMIT 1";
    const REOFFERED: &str = "SELECT 1 FROM record INDEXED BY record_reoffer
        WHERE reoffer = 1 AND (cell = ?1 OR body ->> '$.fields.cell' IS NOT NULL) LIMIT 1";
    const DOUBTED: &str = "SELECT 1 FROM record INDEXED BY record_doubted WHERE doubted = 1 AND cell = ?1 LIMIT 1";
    const READING: &str = "SELECT 1 FROM repair WHERE cell = ?1 AND reading = 1";
    if !answer.cells.contains(cell) || store::cursor(connection, cell)? != Some(state.upto) {
        return Ok(false);
    }
    for sql in [UNSENT, REOFFERED, DOUBTED, READING] {
        if store::exists(connection, sql, [cell.as_str()])? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn agrees_with(connection: &Connection, cell: &CellCode, state: &CellState, count: bool) -> Result<bool, DeviceError> {
    let wanted = CellDigest { records: state.records, digest: state.digest };
    let same = store::cell_digest(connection, cell)? == wanted;
    if same && !count {
        return Ok(true);
    }
    // Before anything is read anew: perhaps only the numbers are wrong, or they alone are right.
    let wrong = store::count_anew(connection, cell.into())?;
    if wrong > 0 {
        tracing::warn!(%cell, wrong, "rows had another version than was kept of them");
    }
    let found = store::cell_digest(connection, cell)?;
    if found != wanted {
        tracing::warn!(%cell, here = found.records, there = wanted.records, "the cell's digest is another than the receipt's");
    }
    Ok(found == wanted)
}

/// Whether the last count was long ago. A register that was never counted was written by this program from its first row on.
fn is_time_to_count(connection: &Connection, now: Millis) -> Result<bool, DeviceError> {
    let counted: Option<Millis> = Meta::CountedAt.get(connection)?;
    if counted.is_none() {
        Meta::CountedAt.set(connection, &now)?;
    }
    Ok(counted.is_some_and(|at| (now - at).abs() >= COUNT_EVERY))
}

/// Whether some cell differs from the server's, or is being repaired.
pub(super) fn is_in_doubt(connection: &Connection) -> Result<bool, DeviceError> {
    let kept: Option<KeptReceipt> = Meta::Receipt.get(connection)?;
    Ok(kept.is_some_and(|kept| kept.differs()) || is_repairing(connection)?)
}

/// Whether a cell is being read anew, or what was doubted is still being offered.
pub(crate) fn is_repairing(connection: &Connection) -> Result<bool, DeviceError> {
    const SQL: &str = "SELECT 1 FROM repair WHERE reading = 1
        UNION ALL SELECT 1 FROM record INDEXED BY record_doubted WHERE doubted = 1 LIMIT 1";
    store::exists(connection, SQL, [])
}
