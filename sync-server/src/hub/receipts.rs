//! Receipts: at the end of a round the phone is told, and signed, what the server has of its cells. And what is done when a
//! phone finds that it has something else.

use domain::protocol::ReceiptStatement;
use domain::receipt::ReceiptKey;
use domain::scope::sees_whole_cell;
use domain::world::Millis;
use domain::{CellCode, Epoch, World};

use crate::hub::phones::{Phone, note};
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store};

/// The setting that holds the key. It lies in the database, so that a restored backup signs with the key that phones know.
const KEY: &str = "receipt_key";

/// The key of this database, made when it is first asked for.
pub(super) fn key(store: &impl Store, world: &mut dyn World) -> Result<ReceiptKey, HubError> {
    if let Some(text) = store.read(|reading| reading.setting(KEY))? {
        return ReceiptKey::from_text(&text)
            .ok_or_else(|| HubError::Broken("the key of receipts is unreadable".into()));
    }
    let fresh = ReceiptKey::new(world);
    store.write(|writing| writing.put_setting(KEY, &fresh.to_text()))?;
    Ok(fresh)
}

/// What the server has now of a phone's cells. Costs a look per cell, however many records there are.
pub(super) fn statement(
    reading: &dyn Reading,
    phone: &Phone,
    epoch: Epoch,
    at: Millis,
) -> Result<ReceiptStatement, HubError> {
    let whole = sees_whole_cell(phone.actor.role);
    let cells = phone.cells.iter().filter(|_| whole).map(|cell| Ok((cell.clone(), reading.cell_state(cell)?)));
    Ok(ReceiptStatement { device: phone.device, epoch, at, cells: cells.collect::<Result<_, HubError>>()? })
}

impl<S: Store> Hub<S> {
    /// Writes down that a phone found another digest than the receipt's and begins to read these cells anew.
    pub(super) fn note_doubted(&self, phone: &Phone, cells: &[&CellCode]) -> Result<(), HubError> {
        if cells.is_empty() {
            return Ok(());
        }
        let (now, device) = (self.now(), phone.device.to_string());
        for cell in cells {
            tracing::warn!(%cell, %device, "a phone's register differs from the server's: it reads the cell anew");
        }
        self.store
            .write(|writing| cells.iter().try_for_each(|cell| note(writing, now, &device, "doubted", cell.as_str())))
    }
}
