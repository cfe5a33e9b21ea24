//! Receipts: at the end of a round the phone is told, and signed, what the server has of its cells. And what is done when a
//! phone finds that it has something else.

use std::borrow::Cow;

use domain::protocol::{LOST_RECEIPTS_MAX, Receipt, ReceiptStatement};
use domain::receipt::ReceiptKey;
use domain::scope::sees_whole_cell;
use domain::world::Millis;
use domain::{CellCode, Epoch, World};

use crate::hub::judge::CLOCK_BEHIND_MAX;
use crate::hub::phones::{Phone, REFRESH_LIVES, note};
use crate::hub::{Hub, HubError, secrets};
use crate::store::{Holding, Reading, Store};

/// The setting that holds the key. It lies in the database, so that a restored backup signs with the key that phones know.
const KEY: &str = "receipt_key";

/// The key of this database, made when it is first asked for.
pub(super) fn key(store: &impl Store, world: &mut dyn World) -> Result<ReceiptKey, HubError> {
    let text = secrets::kept_as(KEY, store, || ReceiptKey::new(world).to_text())?;
    ReceiptKey::from_text(&text).ok_or_else(|| HubError::Broken("the key of receipts is unreadable".into()))
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
    /// A phone with the cells that it held, by these receipts, in a database which was lost since: the backup need not know that they
    /// were given to its account. Nothing of them is sent to it; what it held of them can come back. What this database knows of a later
    /// time than the receipt's counts alone.
    pub(super) fn with_lost_cells<'p>(
        &self,
        phone: &'p Phone,
        receipts: &[Receipt],
    ) -> Result<Cow<'p, Phone>, HubError> {
        let now = self.now();
        let Some(lost_until) = self.lost_times.end().filter(|until| now.saturating_sub(*until) <= REFRESH_LIVES) else {
            return Ok(Cow::Borrowed(phone));
        };
        let mut phone = Cow::Borrowed(phone);
        if receipts.is_empty() {
            return Ok(phone);
        }
        let (epoch, key) = (self.store.read(|reading| reading.epoch())?, self.receipt_key.verify_text());
        for receipt in receipts.iter().take(LOST_RECEIPTS_MAX) {
            let Ok(statement) = receipt.verify(&key) else { continue };
            let of_a_lost_one = statement.epoch != epoch && statement.at <= lost_until.saturating_add(CLOCK_BEHIND_MAX);
            if statement.device != phone.device || !of_a_lost_one {
                continue;
            }
            for cell in statement.cells.into_keys() {
                let later = |held: &Holding| held.until.is_none_or(|until| until >= statement.at);
                if !phone.holdings.iter().any(|held| held.cell == cell && later(held)) {
                    phone.to_mut().add_lost(cell, now);
                }
            }
        }
        Ok(phone)
    }

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
