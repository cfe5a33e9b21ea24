//! Proofs: what phones may not write, they may bring back. Reviews, tasks, notices, orders to evacuate and the names of cells are the
//! desk's to write, so a phone that offered one would be refused, also after the server was put back from a backup which does not know
//! what was written at the desk since. Each such record therefore comes down with a mark under a key that lies in the database (and so
//! in its backups). With the mark, exactly that record is believed, and only by a database that was put back, for what was stamped before that.
//! A leader's phone, which may write some of it, is given the marks too: a backup need not know that it is a leader's.
//!
//! A record that was moved comes down with a mark of the move alone. A database that lost the move has the record in its old cell, where
//! its new holder has nothing to say: with the mark it is moved once more, and what was written in it since comes back with it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::protocol::Proof;
pub(super) use domain::scope::phone_writes as may_phone_write;
use domain::scope::{Role, phone_writes, sees_whole_cell};
use domain::{CellCode, Change, Fields, Kind, Record, RecordId, Stamps, World};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::hub::first_look::write_out;
use crate::hub::judge::CELL;
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

    /// The proof of a record as it is sent to a phone whose role may not write it, or could not if a backup knew the account as a
    /// worker's; none for what both may write, or what the role sees only in part.
    pub(super) fn prove(&self, role: Role, record: &Record) -> Option<Proof> {
        let Record { id, kind, cell, fields, stamps } = record;
        let written_anyway = phone_writes(role, kind) && phone_writes(Role::Worker, kind);
        let needed = sees_whole_cell(role) && !written_anyway;
        needed.then(|| written(self.mark(*id, kind, cell, (fields, stamps))))
    }

    /// Whether a change is a whole record exactly as it once was sent.
    pub(super) fn is_proven(&self, change: &Change, proof: &Proof) -> bool {
        let Change { id, kind, cell, fields, stamps, .. } = change;
        is_mark(self.mark(*id, kind, cell, (fields, stamps)), proof)
    }

    /// The proof that a record was moved to the cell where it lies; none when nobody ever moved it.
    pub(super) fn prove_move(&self, record: &Record) -> Option<Proof> {
        self.mark_of_move(record.id, &record.kind, (&record.fields, &record.stamps)).map(written)
    }

    /// Whether a change moves a record to where it once was sent from, by the same stamp.
    pub(super) fn is_proven_move(&self, change: &Change, proof: &Proof) -> bool {
        let mark = self.mark_of_move(change.id, &change.kind, (&change.fields, &change.stamps));
        mark.is_some_and(|mark| is_mark(mark, proof))
    }

    fn mark_of_move(&self, id: RecordId, kind: &Kind, (fields, stamps): (&Fields, &Stamps)) -> Option<Hmac<Sha256>> {
        let to = fields.get(CELL)?;
        let cell = CellCode::new(to.as_str()?).ok()?;
        let moved = Fields::from([(CELL.to_owned(), to.clone())]);
        Some(self.mark(id, kind, &cell, (&moved, &Stamps::all(stamps.of(CELL)))))
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

fn written(mark: Hmac<Sha256>) -> Proof {
    Proof(URL_SAFE_NO_PAD.encode(mark.finalize().into_bytes()))
}

fn is_mark(mark: Hmac<Sha256>, proof: &Proof) -> bool {
    URL_SAFE_NO_PAD.decode(&proof.0).is_ok_and(|told| mark.verify_slice(&told).is_ok())
}
