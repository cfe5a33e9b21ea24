//! The ids of records that a batch brings: the same for the same file, so that nothing comes twice. They say nothing of a resident:
//! only what was random in the server's own secret, the batch and the row go into them.

use domain::world::Millis;
use domain::{Kind, RecordId};
use sha2::{Digest, Sha256};

use crate::hub::HubError;
use crate::store::Store;

/// The setting that keeps the secret.
const SECRET: &str = "import_secret";

/// Names a batch's records.
pub(super) struct Ids {
    secret: String,
    batch: String,
    at: Millis,
}

impl Ids {
    /// The names of one batch. `fresh` becomes the secret when there is none yet.
    pub(super) fn of(store: &impl Store, fresh: &str, batch: &str, at: Millis) -> Result<Self, HubError> {
        let secret = store.write(|writing| {
            if let Some(kept) = writing.setting(SECRET)? {
                return Ok(kept);
            }
            writing.put_setting(SECRET, fresh)?;
            Ok::<_, HubError>(fresh.to_owned())
        })?;
        Ok(Self { secret, batch: batch.to_owned(), at })
    }

    /// The record of that kind that the row creates.
    pub(super) fn record(&self, kind: &Kind, row: usize) -> RecordId {
        let mut hash = Sha256::new();
        for part in [self.secret.as_str(), self.batch.as_str(), kind.as_str(), &row.to_string()] {
            hash.update(part);
            hash.update([0]);
        }
        let mut random = [0; 10];
        random.copy_from_slice(&hash.finalize()[..10]);
        RecordId(uuid::Builder::from_unix_timestamp_millis(self.at.max(0) as u64, &random).into_uuid())
    }
}
