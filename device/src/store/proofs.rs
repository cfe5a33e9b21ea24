//! Proofs of records that were written at the desk, or moved: with them a server that was put back from a backup takes back what it has lost.

use domain::protocol::Proof;
use domain::{Record, RecordId};
use rusqlite::{Connection, OptionalExtension};

use super::held;
use crate::DeviceError;

/// Keeps the proof of a record that came down, if the record is here just as it came. Else what is here is later, as after a restore of
/// the server, and the proof that is kept already is the one that it needs.
pub(crate) fn put_proof(connection: &Connection, came: &Record, proof: &Proof) -> Result<(), DeviceError> {
    if held(connection, came.id)?.is_some_and(|held| held.record == *came) {
        store(connection, came.id, proof)?;
    }
    Ok(())
}

/// Keeps the proof that a record was moved to its cell, if it is here as it was moved: what else was written in it does not matter.
pub(crate) fn put_move(connection: &Connection, came: &Record, proof: &Proof) -> Result<(), DeviceError> {
    let moved = |record: &Record| record.fields.get("cell").cloned().map(|to| (to, record.stamps.of("cell")));
    if held(connection, came.id)?.is_some_and(|held| moved(&held.record) == moved(came)) {
        store(connection, came.id, proof)?;
    }
    Ok(())
}

fn store(connection: &Connection, id: RecordId, proof: &Proof) -> Result<(), DeviceError> {
    const SQL: &str = "INSERT OR REPLACE INTO proof (id, proof) VALUES (?1, ?2)";
    connection.prepare_cached(SQL)?.execute((id.to_string(), &proof.0))?;
    Ok(())
}

/// The proof of a record, if one came with it.
pub(crate) fn proof_of(connection: &Connection, id: RecordId) -> Result<Option<Proof>, DeviceError> {
    let mut statement = connection.prepare_cached("SELECT proof FROM proof WHERE id = ?1")?;
    Ok(statement.query_row([id.to_string()], |row| row.get(0)).optional()?.map(Proof))
}
