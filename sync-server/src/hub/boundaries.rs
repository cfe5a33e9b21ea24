//! Boundaries of cells: read by whoever may read cells, drawn by whoever may write them. A boundary is a field of the cell's record,
//! so it is judged, kept in the history and sent to the phones like anything else that the desk writes.

use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, allowed};
use domain::{CellCode, Fields, Kind, Scope, Stamp, Version};
use serde_json::Value;

use crate::hub::desk::Desk;
use crate::hub::phones::note;
use crate::hub::reviews::{DeskChange, refused_words};
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store, StoredRecord};

/// A boundary to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundaryOf {
    /// The cell.
    pub cell: CellCode,
    /// The version of the cell's record that was looked at.
    pub version: Version,
    /// The polygon (see [`domain::boundary`]); null takes the boundary away.
    pub boundary: Value,
}

impl<S: Store> Hub<S> {
    /// The records of the cells of one's scope, or of a part of it, by code.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for roles that read no cells.
    pub fn cells_of(&self, actor: &Actor, within: Option<&Scope>) -> Result<Vec<StoredRecord>, HubError> {
        if !allowed(actor.role, Action::Read, &Kind::Cell) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        self.store.read(|reading| cells(reading, actor, within))
    }

    /// Keeps a cell's boundary. Answers with the version that it makes of the cell's record; the same boundary again changes nothing.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for roles that may not write cells, [`CallRefusal::NotFound`] for a cell outside the scope or
    /// without a record, [`CallRefusal::Stale`] when the record has changed since, [`CallRefusal::Invalid`] for what is no boundary.
    pub fn put_boundary(&self, desk: &Desk, wish: &BoundaryOf) -> Result<Version, HubError> {
        let refused = |code| Err(HubError::refused(code));
        if !allowed(desk.actor.role, Action::Write, &Kind::Cell) {
            return refused(CallRefusal::NotAllowed);
        }
        self.store.write(|writing| {
            let here = Scope::from(&wish.cell);
            let Some(StoredRecord { record, version, .. }) = cells(writing, &desk.actor, Some(&here))?.pop() else {
                return refused(CallRefusal::NotFound);
            };
            if record.fields.get("boundary").unwrap_or(&Value::Null) == &wish.boundary {
                return Ok(version);
            }
            if version != wish.version {
                return refused(CallRefusal::Stale);
            }
            let fields = Fields::from([("boundary".to_owned(), wish.boundary.clone())]);
            let change = DeskChange { id: record.id, kind: Kind::Cell, cell: record.cell, fields };
            self.write_at_desk(writing, &desk.actor, change, Stamp::ZERO)?.map_err(refused_words)?;
            note(writing, self.now(), desk.actor.account.as_str(), "boundary", wish.cell.as_str())?;
            let written = writing.record(&here, record.id)?;
            Ok(written.map_or(version, |written| written.version))
        })
    }
}

/// The cells' own records within the scope, deleted ones left out.
fn cells<R: Reading + ?Sized>(
    reading: &R,
    actor: &Actor,
    within: Option<&Scope>,
) -> Result<Vec<StoredRecord>, HubError> {
    let mut found = Vec::new();
    for scope in &actor.scopes {
        // Of two places that lie in each other the smaller one is meant.
        let asked = match within {
            Some(place) if place.as_str().starts_with(scope.as_str()) => place,
            Some(place) if !scope.as_str().starts_with(place.as_str()) => continue,
            _ => scope,
        };
        found.extend(reading.cells(asked)?.into_iter().filter(|stored| !stored.record.is_deleted()));
    }
    found.sort_by(|a, b| (&a.record.cell, a.record.id).cmp(&(&b.record.cell, b.record.id)));
    found.dedup_by_key(|stored| stored.record.id);
    Ok(found)
}
