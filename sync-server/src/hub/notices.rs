//! Notices, warnings and tasks from the desk: one record for each cell that they go to, all with the same moment, so that they are
//! shown and withdrawn as one.

use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, allowed};
use domain::{CellCode, Fields, Kind, Problem, ProblemCode, Record, RecordId, Scope};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::hub::desk::readable;
use crate::hub::evacuations::may_write;
use crate::hub::phones::note;
use crate::hub::reviews::DeskChange;
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store, Writing};

/// What is to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// Chosen by whoever asks: asked a second time, nothing is published twice.
    pub wish: Uuid,
    /// A notice or a task.
    pub kind: Kind,
    /// To every cell in these that goes on.
    pub places: Vec<Scope>,
    /// Its fields, but for who and when.
    pub fields: Fields,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// One of the records.
    pub id: RecordId,
    /// To how many cells.
    pub cells: usize,
}

impl<S: Store> Hub<S> {
    /// Publishes a notice or a task to every cell of some places that goes on.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for roles that publish none; [`CallRefusal::Invalid`] when a place is outside the scope or has no
    /// such cell, or when a field is wrong. Nothing is published then.
    pub fn publish(&self, actor: &Actor, publication: &Publication) -> Result<Published, HubError> {
        let Publication { wish, kind, places, fields } = publication;
        may_write(actor, kind)?;
        self.store.write(|writing| {
            let cells = cells_in(writing, actor, places)?;
            let missing = || HubError::invalid(vec![Problem::new("places", ProblemCode::MissingTarget)]);
            let first = cells.first().ok_or_else(missing)?;
            let published = Published { id: id_for(*wish, first), cells: cells.len() };
            if writing.record(&first.county(), published.id)?.is_some() {
                return Ok(published);
            }
            let at = self.free_moment(writing, kind, first)?;
            for cell in &cells {
                let mut fields = fields.clone();
                fields.extend([("at".to_owned(), json!(at)), ("by".to_owned(), json!(actor.account))]);
                let change = DeskChange { id: id_for(*wish, cell), kind: kind.clone(), cell: cell.clone(), fields };
                self.put(writing, actor, change)?;
            }
            note(writing, self.now(), actor.account.as_str(), &format!("publish_{kind}"), &published.id.to_string())?;
            Ok(published)
        })
    }

    /// Takes back what was published, as far as it lies in the scope: a notice vanishes from the phones, a task is ended.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::NotAllowed`] for other roles.
    pub fn withdraw(&self, actor: &Actor, kind: &Kind, id: RecordId) -> Result<(), HubError> {
        may_write(actor, kind)?;
        let now = self.now();
        self.store.write(|writing| {
            let (one, all) = published(writing, actor, kind, id)?;
            let (field, value) = match kind {
                Kind::Task => ("ended_at", json!(now)),
                _ => ("deleted", Value::from(true)),
            };
            let standing = |record: &&Record| record.fields.get(field).is_none_or(Value::is_null);
            for record in all.iter().filter(standing) {
                let fields = Fields::from([(field.to_owned(), value.clone())]);
                let change = DeskChange { id: record.id, kind: kind.clone(), cell: record.cell.clone(), fields };
                self.put(writing, actor, change)?;
            }
            note(writing, now, actor.account.as_str(), &format!("withdraw_{kind}"), &one.id.to_string())
        })
    }

    /// A moment that no other batch of this kind carries: it is what holds a batch together.
    fn free_moment(&self, writing: &dyn Writing, kind: &Kind, cell: &CellCode) -> Result<i64, HubError> {
        let mut at = self.now();
        while !writing.batch(&[cell.county()], kind, at)?.is_empty() {
            at -= 1;
        }
        Ok(at)
    }
}

/// What was published together with this record, as far as the actor reads it, by cell.
///
/// # Errors
/// [`CallRefusal::NotFound`] when the record is not there, of another kind or outside the scope.
pub fn published(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    kind: &Kind,
    id: RecordId,
) -> Result<(Record, Vec<Record>), HubError> {
    if !allowed(actor.role, Action::Read, kind) {
        return Err(HubError::refused(CallRefusal::NotAllowed));
    }
    let one = readable(reading, actor, id)?.map(|stored| stored.record).filter(|record| record.kind == *kind);
    let one = one.ok_or_else(|| HubError::refused(CallRefusal::NotFound))?;
    let all = reading.batch(&actor.scopes, kind, one.int("at").unwrap_or_default())?;
    let same = |record: &Record| record.text("title") == one.text("title") && record.text("by") == one.text("by");
    Ok((one.clone(), all.into_iter().map(|stored| stored.record).filter(same).collect()))
}

/// The cells in some places that go on. A place outside the scope is refused rather than left out.
fn cells_in(writing: &dyn Writing, actor: &Actor, places: &[Scope]) -> Result<Vec<CellCode>, HubError> {
    if !places.iter().all(|place| actor.contains(place)) {
        return Err(HubError::invalid(vec![Problem::new("places", ProblemCode::ForeignCell)]));
    }
    let open = writing.divisions(places)?.into_iter().filter(|division| division.retired_at.is_none());
    Ok(open.filter_map(|division| CellCode::new(division.code.as_str()).ok()).collect())
}

/// The record's id: made of the wish and the cell, so that a repetition names the same records.
fn id_for(wish: Uuid, cell: &CellCode) -> RecordId {
    let mut hash = Sha256::new();
    hash.update(wish.as_bytes());
    hash.update(cell.as_str().as_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    RecordId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
