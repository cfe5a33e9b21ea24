//! "Could not be sent": what the server refused, in the worker's own words, until it is corrected or discarded.

use domain::world::Millis;
use domain::{CellCode, Fields, Kind, Problem, ProblemCode, Record, RecordId};
use rusqlite::{Connection, Row};

use crate::DeviceError;
use crate::open::{Open, Seen};
use crate::store;

/// A refused change.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// The record.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its cell.
    pub cell: CellCode,
    /// The first and most telling code.
    pub code: ProblemCode,
    /// What is wrong with which field.
    pub problems: Vec<Problem>,
    /// The worker's own words.
    pub fields: Fields,
    /// When it was refused, by the corrected clock.
    pub at: Millis,
}

impl Refused {
    /// Words about a record that is refused as a whole.
    pub(crate) fn of_record(record: &Record, code: ProblemCode, fields: Fields, at: Millis) -> Self {
        let Record { id, kind, cell, .. } = record.clone();
        Self { id, kind, cell, code, problems: vec![Problem::new("", code)], fields, at }
    }

    /// Which of the values that stand under these words their writer can have seen: the answer that refused them brought what stood
    /// then, and since then the screens show the words.
    pub(crate) fn seen(&self, stands: Option<&Record>) -> Seen {
        let stamps = stands.into_iter().flat_map(Record::stamps_by_field);
        stamps.filter(|(field, stamp)| self.fields.contains_key(field) && stamp.millis() <= self.at).collect()
    }
}

const COLUMNS: &str = "id, kind, cell, code, problems, fields, at";

fn read(row: &Row<'_>) -> Result<Refused, DeviceError> {
    let malformed = |error: domain::ids::Malformed| DeviceError::StorageBroken(format!("a refused row: {error}"));
    let text = |index: usize| row.get::<_, String>(index);
    Ok(Refused {
        id: text(0)?.parse().map_err(malformed)?,
        kind: Kind::from_name(&text(1)?),
        cell: CellCode::new(&text(2)?).map_err(malformed)?,
        code: serde_json::from_str(&text(3)?)?,
        problems: serde_json::from_str(&text(4)?)?,
        fields: serde_json::from_str(&text(5)?)?,
        at: row.get(6)?,
    })
}

/// Everything refused, the latest first.
pub(crate) fn refused_all(connection: &Connection) -> Result<Vec<Refused>, DeviceError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM refused ORDER BY at DESC, id"))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// What was refused of one record.
pub(crate) fn refused_one(connection: &Connection, id: RecordId) -> Result<Option<Refused>, DeviceError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM refused WHERE id = ?1"))?;
    let mut rows = statement.query([id.to_string()])?;
    rows.next()?.map(read).transpose()
}

pub(crate) fn refused_count(connection: &Connection) -> Result<i64, DeviceError> {
    Ok(connection.prepare_cached("SELECT count(*) FROM refused")?.query_row([], |row| row.get(0))?)
}

/// Keeps refused words, if there are any, on top of what was refused of the same record before.
pub(crate) fn keep_refused(connection: &Connection, refused: &Refused) -> Result<(), DeviceError> {
    if refused.fields.is_empty() {
        return Ok(());
    }
    let mut fields = refused_one(connection, refused.id)?.map(|before| before.fields).unwrap_or_default();
    fields.extend(refused.fields.clone());
    let sql = format!(
        "INSERT INTO refused ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET kind = ?2, cell = ?3, code = ?4, problems = ?5, fields = ?6, at = ?7"
    );
    connection.prepare_cached(&sql)?.execute((
        refused.id.to_string(),
        refused.kind.as_str(),
        refused.cell.as_str(),
        serde_json::to_string(&refused.code)?,
        serde_json::to_string(&refused.problems)?,
        serde_json::to_string(&fields)?,
        refused.at,
    ))?;
    Ok(())
}

/// Forgets refused words.
pub(crate) fn discard(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    Ok(connection.execute("DELETE FROM refused WHERE id = ?1", [id.to_string()])? > 0)
}

/// The worker wrote these fields of a record anew: their refused words have done their service, and so have those that say what the
/// record says. All others stay, also those that a round has refused since the form was opened.
pub(crate) fn words_were_corrected(
    connection: &Connection,
    record: &Record,
    written: &Fields,
) -> Result<(), DeviceError> {
    let Some(mut refused) = refused_one(connection, record.id)? else { return Ok(()) };
    refused.fields.retain(|field, word| !written.contains_key(field) && record.fields.get(field) != Some(word));
    discard(connection, record.id)?;
    keep_refused(connection, &refused)
}

impl Open {
    /// What the server refused, the latest first.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the file cannot be read.
    pub fn refused(&self) -> Result<Vec<Refused>, DeviceError> {
        refused_all(self.store.connection())
    }

    /// Offers refused words once more, as if they were typed again now, by somebody who has seen nothing that was written since they
    /// were refused: the page shows these words, and not what has come down meanwhile.
    ///
    /// # Errors
    /// As [`Open::write`].
    pub fn resend(&mut self, id: RecordId) -> Result<(), DeviceError> {
        let refused = refused_one(self.store.connection(), id)?.ok_or(DeviceError::NotFound)?;
        let seen = refused.seen(self.store.get(id)?.as_ref());
        self.write_seeing(&refused.kind, Some(id), Some(&refused.cell), refused.fields, Some(&seen))?;
        // Words that say what the record says already need not be sent.
        discard(self.store.connection(), id)?;
        self.changed();
        Ok(())
    }

    /// Gives refused words up.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`] when nothing of that record was refused.
    pub fn discard(&mut self, id: RecordId) -> Result<(), DeviceError> {
        let transaction = self.store.begin()?;
        if !discard(&transaction, id)? {
            return Err(DeviceError::NotFound);
        }
        store::drop_unnamed_photos(&transaction)?;
        transaction.commit()?;
        self.changed();
        Ok(())
    }
}
