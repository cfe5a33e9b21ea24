//! A cell whose digest is another than the server's is read anew. What the server then does not name is not thrown away: it is
//! offered, and goes only when the server refuses it.
//!
//! 1. The cell's cursor is forgotten and all its records are doubted.
//! 2. The feed comes from its beginning; the doubt falls from every record that then is as the server has it.
//! 3. What is still doubted goes up whole, like after a restore of the server. Accepted: the server has it now. Refused: the
//!    record becomes what the server has, or goes; words that were never acknowledged are kept among "could not be sent", and all of
//!    them where the record is this phone's business and may be the last copy.
//!
//! A cell is read anew at most once a day, so that a difference which nothing can mend costs little.

use domain::merge::{MergeError, merge_record};
use domain::protocol::{ExchangeAnswer, ExchangeRequest, Refusal};
use domain::world::Millis;
use domain::{CellCode, Change, Fields, Kind, ProblemCode, Record};
use rusqlite::Connection;

use super::notes::Notes;
use super::own;
use crate::DeviceError;
use crate::outbox::{self, Refused};
use crate::store::{self, Held, RECORD_COLUMNS};

/// The same cell is read anew at most this often.
const AGAIN_AFTER: Millis = 24 * 60 * 60 * 1000;

/// Begins to read a cell anew. False: it was begun less than a day ago and did not help.
pub(super) fn begin(connection: &Connection, cell: &CellCode, now: Millis) -> Result<bool, DeviceError> {
    const BEGUN: &str = "SELECT 1 FROM repair WHERE cell = ?1 AND abs(?2 - begun_at) < ?3";
    if store::exists(connection, BEGUN, (cell.as_str(), now, AGAIN_AFTER))? {
        return Ok(false);
    }
    let dropped = drop_unreadable(connection, cell)?;
    store::forget_cursors(connection, Some(cell))?;
    let doubted = connection.execute("UPDATE record SET doubted = 1 WHERE cell = ?1 AND gone = 0", [cell.as_str()])?;
    connection.execute(
        "INSERT INTO repair (cell, begun_at, reading) VALUES (?1, ?2, 1)
         ON CONFLICT (cell) DO UPDATE SET begun_at = ?2, reading = 1",
        (cell.as_str(), now),
    )?;
    tracing::warn!(%cell, doubted, dropped, "the cell differs from the server's: it is read anew");
    Ok(true)
}

/// Rows whose body is no record stop every round that meets them. The server has what they were, unless words are unsent.
fn drop_unreadable(connection: &Connection, cell: &CellCode) -> Result<usize, DeviceError> {
    let sql = format!(
        "SELECT {RECORD_COLUMNS}, rowid FROM record WHERE cell = ?1 AND gone = 0
        AND id NOT IN (SELECT id FROM unsent)"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([cell.as_str()])?;
    let mut broken: Vec<i64> = Vec::new();
    while let Some(row) = rows.next()? {
        if !store::is_readable(row) {
            broken.push(row.get(4)?);
        }
    }
    for row in &broken {
        connection.execute("DELETE FROM record WHERE rowid = ?1", [row])?;
    }
    Ok(broken.len())
}

/// The cells that are being read anew.
pub(super) fn under_way(connection: &Connection) -> Result<Vec<CellCode>, DeviceError> {
    let mut statement = connection.prepare_cached("SELECT cell FROM repair WHERE reading = 1 ORDER BY cell")?;
    let cells: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(cells.iter().filter_map(|cell| CellCode::new(cell).ok()).collect())
}

/// After an answer's pages were stored: cells that were read to their end have what is still doubted offered.
pub(super) fn go_on(
    connection: &Connection,
    request: &ExchangeRequest,
    answer: &ExchangeAnswer,
) -> Result<(), DeviceError> {
    if answer.more {
        return Ok(());
    }
    for cell in request.doubted.iter().filter(|cell| answer.cells.contains(cell)) {
        if store::cursor(connection, cell)?.is_none() {
            continue;
        }
        connection.execute("UPDATE repair SET reading = 0 WHERE cell = ?1", [cell.as_str()])?;
        let offered = offer_doubted(connection, cell)?;
        tracing::info!(%cell, offered, "the cell was read anew");
    }
    Ok(())
}

/// What is doubted of a cell goes up whole.
fn offer_doubted(connection: &Connection, cell: &CellCode) -> Result<usize, DeviceError> {
    Ok(connection.execute("UPDATE record SET reoffer = 1 WHERE cell = ?1 AND doubted = 1", [cell.as_str()])?)
}

/// The phone does not hold this cell any more, so it is not read to its end: what is doubted is offered before it leaves.
pub(super) fn cell_leaves(connection: &Connection, cell: &CellCode) -> Result<(), DeviceError> {
    offer_doubted(connection, cell)?;
    connection.execute("DELETE FROM repair WHERE cell = ?1", [cell.as_str()])?;
    Ok(())
}

/// Everything held is offered and read anew for another reason: no cell is doubted in particular.
pub(super) fn end_all(connection: &Connection) -> Result<(), DeviceError> {
    connection.execute("UPDATE record SET doubted = 0 WHERE doubted = 1", [])?;
    connection.execute("UPDATE repair SET reading = 0", [])?;
    Ok(())
}

/// Whether a record that came down needs more than a merge: it is doubted, or lies in another cell here although no field ever
/// moved it, here or there.
pub(super) fn concerns(held: &Held, pulled: &Record) -> bool {
    let moved = |record: &Record| record.fields.contains_key("cell");
    held.doubted || (held.record.cell != pulled.cell && !moved(&held.record) && !moved(pulled))
}

/// Such a record came down: it lies where the server has it, and what the phone has beyond the server's stays, and stays doubted.
pub(super) fn store_pulled(
    connection: &Connection,
    mut held: Held,
    pulled: &Record,
    now: Millis,
) -> Result<bool, DeviceError> {
    held.record.cell.clone_from(&pulled.cell);
    held.record = own::with_values_of_the_server(&held.record, pulled).into_owned();
    let mut after = match merge_record(&held.record, pulled) {
        Ok(merged) => {
            for field in &merged.taken {
                own::overtake(connection, (&held.record, &mut held.unsent), field, &merged.record)?;
            }
            Held { record: merged.record, ..held }
        }
        Err(MergeError::Sealed { .. }) => own::sealed(connection, &held, pulled, now)?,
        Err(MergeError::OtherKind) => {
            keep_words(connection, &held, ProblemCode::OtherKind, unsent_words(&held), now)?;
            Held { own_at: held.own_at, ..Held::from_server(pulled.clone()) }
        }
    };
    own::drop_acknowledged(&mut after, pulled);
    after.gone = false;
    after.doubted = differs(&after, pulled);
    store::put(connection, &after)?;
    Ok(true)
}

/// Whether a record, apart from what is unsent of it, has what the server's has not.
fn differs(held: &Held, pulled: &Record) -> bool {
    let as_pulled =
        |field: &String| pulled.fields.contains_key(field) && pulled.stamps.of(field) == held.record.stamps.of(field);
    held.record.fields.keys().any(|field| !held.unsent.contains_key(field) && !as_pulled(field))
}

/// The server refused a doubted record. Where some fields are at fault, the rest is offered once more without them; else what the server
/// has stands, and without it the record goes.
pub(super) fn refused(
    connection: &Connection,
    change: &Change,
    refusal: &Refusal,
    now: Millis,
    notes: &mut Notes,
) -> Result<(), DeviceError> {
    tracing::info!(id = %change.id, kind = %change.kind, code = ?refusal.code, "a doubted record was refused");
    let Some(mut held) = store::held(connection, change.id)? else { return Ok(()) };
    if own::give_up_faults(connection, (change, &held), refusal, now, notes)?.is_some() {
        return Ok(());
    }
    (held.doubted, held.reoffer) = (false, false);
    match refusal.current.as_ref().filter(|current| current.id == change.id && current.kind == change.kind) {
        // What is unsent goes up again by itself, on top of what the server has, and is judged by itself.
        Some(current) => {
            let lost = own::lacking((change, &held), current, refusal);
            let mut lost = own::beside_refused(connection, change.id, lost)?;
            lost.retain(|field, _| !held.unsent.contains_key(field));
            keep_words(connection, &held, refusal.code, lost, now)?;
            return store::put(connection, &own::on_top_of(connection, current, &held)?);
        }
        None => {
            let mut words = outbox::take_overtaken(connection, change.id)?;
            words.extend(if own::is_not_ours(refusal.code) && !own::photo_waits(connection, &held.record)? {
                unsent_words(&held)
            } else {
                held.record.fields.clone()
            });
            let words = own::beside_refused(connection, change.id, words)?;
            keep_words(connection, &held, refusal.code, words, now)?;
        }
    }
    store::remove(connection, change.id)?;
    store::drop_unnamed_photos(connection)
}

fn unsent_words(held: &Held) -> Fields {
    let unsent = held.record.fields.iter().filter(|(field, _)| held.unsent.contains_key(*field));
    unsent.map(|(field, value)| (field.clone(), value.clone())).collect()
}

fn keep_words(
    connection: &Connection,
    held: &Held,
    code: ProblemCode,
    fields: Fields,
    now: Millis,
) -> Result<(), DeviceError> {
    // A review is the desk's to send: nobody here could do anything about it.
    if matches!(held.record.kind, Kind::Review | Kind::Cell) {
        return Ok(());
    }
    outbox::keep_refused(connection, &Refused::of_record(&held.record, code, fields, now))
}
