//! A photo that was taken here: its picture and its record, both or neither.

use domain::{CellCode, Fields, Kind, RecordId};
use serde_json::json;

use super::{Open, outbox, store};
use crate::DeviceError;
use crate::store::Held;

impl Open {
    /// Stores a picture that was taken here, whole and small, with the record that names it: one transaction, on the storage before
    /// this returns. A picture that no record names would stay on the phone unseen: whoever is erased would leave it behind.
    ///
    /// It takes nothing of the room that is held in reserve for what somebody typed.
    ///
    /// # Errors
    /// As [`Open::write`]; nothing is stored then.
    pub fn write_photo(
        &mut self,
        cell: Option<&CellCode>,
        picture: (&[u8], &[u8]),
        mut fields: Fields,
    ) -> Result<RecordId, DeviceError> {
        let hash = store::sha256(picture.0);
        fields.insert("sha256".to_owned(), json!(hash));
        let (id, now, cell) = (self.new_id(), self.now(), self.cell_for(cell, None, None)?);
        let change = self.judged((&Kind::Photo, id, cell), fields, None, None, now)?.ok_or(DeviceError::NotFound)?;
        let held = Held { own_at: Some(now), ..outbox::apply_own(None, &change)? };
        let transaction = self.store.begin()?;
        store::put_taken_photo(&transaction, &hash, picture)?;
        store::put(&transaction, &held)?;
        transaction.commit()?;
        self.written(&Kind::Photo);
        Ok(id)
    }
}
