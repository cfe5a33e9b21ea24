//! Proofs: what phones may not write, they may bring back. Reviews, tasks, notices, orders to evacuate and the names of cells are the
//! desk's to write, so a phone that offered one would be refused, also after the server was put back from a backup which does not know
//! what was written at the desk since. Each such record therefore comes down with a mark under a key that lies in the database (and so
//! in its backups). With the mark, exactly that record is believed, and only by a database that was put back, for what was stamped before that.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::protocol::Proof;
use domain::scope::{Action, Role, allowed, sees_whole_cell};
use domain::{CellCode, Change, Fields, Kind, Record, RecordId, Stamps, World};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::hub::first_look::write_out;
use crate::hub::{HubError, secrets};
use crate::store::Store;

/// The setting that holds the key.
const KEY: &str = "proof_key";

/// What makes proofs, and recognises them.
pub(super) struct ProofKey([u8; 32]);

impl ProofKey {
    /// The key of this database, made when it is first asked for.
    pub(super) fn of(store: &impl Store, world: &mut dyn World) -> Result<Self, HubError> {
        secrets::key_kept_as(KEY, "proofs", store, world).map(Self)
    }

    /// The proof of a record as it is sent to a phone whose role may not write it; none for what it may write or sees only in part.
    pub(super) fn prove(&self, role: Role, record: &Record) -> Option<Proof> {
        let Record { id, kind, cell, fields, stamps } = record;
        let needed = sees_whole_cell(role) && !may_phone_write(role, kind);
        needed.then(|| {
            let mark = self.mark(*id, kind, cell, (fields, stamps)).finalize().into_bytes();
            Proof(URL_SAFE_NO_PAD.encode(mark))
        })
    }

    /// Whether a change is a whole record exactly as it once was sent.
    pub(super) fn is_proven(&self, change: &Change, proof: &Proof) -> bool {
        let Change { id, kind, cell, fields, stamps, .. } = change;
        let mark = self.mark(*id, kind, cell, (fields, stamps));
        URL_SAFE_NO_PAD.decode(&proof.0).is_ok_and(|told| mark.verify_slice(&told).is_ok())
    }

    fn mark(&self, id: RecordId, kind: &Kind, cell: &CellCode, (fields, stamps): (&Fields, &Stamps)) -> Hmac<Sha256> {
        let mut mark = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length will do for a key");
        for text in [kind.as_str(), cell.as_str()] {
            mark.update(text.as_bytes());
            mark.update(&[0]);
        }
        mark.update(&write_out(id, fields, stamps));
        mark
    }
}

/// Whether a phone of this role may write a kind. Reviews and cells are the desk's, whoever carries the phone.
pub(super) fn may_phone_write(role: Role, kind: &Kind) -> bool {
    !matches!(kind, Kind::Review | Kind::Cell) && allowed(role, Action::Write, kind)
}
