//! Proofs of records that were written at the desk: with them a server that was put back from a backup takes back what it has lost.

use std::collections::BTreeMap;

use domain::protocol::Proof;
use domain::{Change, RecordId};
use rusqlite::{Connection, OptionalExtension};

use super::exists;
use crate::DeviceError;

/// Keeps the proofs of a page; those of earlier versions of the same records go.
pub(crate) fn put_proofs(connection: &Connection, proofs: &BTreeMap<RecordId, Proof>) -> Result<(), DeviceError> {
    for (id, proof) in proofs {
        connection
            .prepare_cached("INSERT OR REPLACE INTO proof (id, proof) VALUES (?1, ?2)")?
            .execute((id.to_string(), &proof.0))?;
    }
    Ok(())
}

/// The proofs of those changes that bring records back whole.
pub(crate) fn proofs_of(connection: &Connection, changes: &[Change]) -> Result<BTreeMap<RecordId, Proof>, DeviceError> {
    let mut found = BTreeMap::new();
    if !exists(connection, "SELECT 1 FROM record WHERE reoffer = 1 LIMIT 1", [])? {
        return Ok(found);
    }
    const SQL: &str = "SELECT proof FROM proof JOIN record USING (id) WHERE id = ?1 AND reoffer = 1";
    for change in changes {
        let proof = connection.prepare_cached(SQL)?.query_row([change.id.to_string()], |row| row.get(0)).optional()?;
        found.extend(proof.map(|proof| (change.id, Proof(proof))));
    }
    Ok(found)
}
