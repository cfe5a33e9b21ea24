//! The ids of records that a batch brings: the same for the same file, so that nothing comes twice. They say nothing of a resident:
//! only what was random in the server's own secret, the batch and the row go into them. They follow the rows: a table of a hundred
//! thousand in any other order would write every page of every index again and again.

use domain::world::Millis;
use domain::{Kind, RecordId};
use sha2::{Digest, Sha256};

use crate::hub::{HubError, secrets};
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
        let secret = secrets::kept_as(SECRET, store, || fresh.to_owned())?;
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
        // The row, in the 24 highest of the bits that are not the version's or the variant's.
        let [.., first, second, third] = (row as u32).to_be_bytes();
        random[0] = first >> 4;
        random[1] = first << 4 | second >> 4;
        random[2] = (second & 0x0F) << 2 | third >> 6;
        random[3] = third << 2 | random[3] & 0b11;
        RecordId(uuid::Builder::from_unix_timestamp_millis(self.at.max(0) as u64, &random).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_of_a_batch_follow_its_rows_and_no_two_are_the_same() {
        let ids = |batch: &str| Ids { secret: "s".into(), batch: batch.into(), at: 1_795_000_000_000 };
        let rows = [0, 1, 2, 63, 64, 255, 256, 4_095, 4_096, 65_535, 65_536, 99_999, 1_048_576, 16_777_215];
        let found: Vec<RecordId> = rows.iter().map(|row| ids("a").record(&Kind::Person, *row)).collect();
        assert!(found.is_sorted() && found.windows(2).all(|pair| pair[0] != pair[1]), "{found:?}");
        assert_eq!(found[5], ids("a").record(&Kind::Person, 255), "and they are the same again");
        assert_ne!(found[5], ids("a").record(&Kind::Household, 255));
        assert_ne!(found[5], ids("b").record(&Kind::Person, 255));
        assert!(found.iter().all(|id| id.0.get_version_num() == 7 && id.0.get_variant() == uuid::Variant::RFC4122));
    }
}
