//! What a supervisor puts right in a record: an ordinary change through the one merge, and a review beside it that says who did it.

use domain::kinds::review::Said;
use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, visible_field};
use domain::{Fields, Kind, Problem, ProblemCode, Record, RecordId, Stamp, Version, mask};
use serde_json::{Value, json};

use crate::hub::desk::{Desk, readable};
use crate::hub::judge::{Author, NUMBER};
use crate::hub::phones::note;
use crate::hub::reviews::{DeskChange, latest_said, refused_words, reviews_of};
use crate::hub::{Hub, HubError};
use crate::store::{Store, Writing};

/// What somebody at the desk wants to put right.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrectionOf {
    /// The record.
    pub id: RecordId,
    /// The version that was looked at.
    pub version: Version,
    /// How far the cell's feed had come when it was: later conflicts stay open. None: on a page that tells of no conflicts.
    pub reached: Option<u64>,
    /// The new values.
    pub fields: Fields,
    /// Why, in words for the worker.
    pub note: Option<String>,
}

impl<S: Store> Hub<S> {
    /// Puts values of a record right, as whoever is signed in. Answers with the version that stands then; it waits for review.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::NotAllowed`] for other roles and for kinds and fields that the
    /// desk does not write, [`CallRefusal::Stale`] when the record has changed since, [`CallRefusal::Invalid`] with what is wrong
    /// with which field.
    pub fn correct(&self, desk: &Desk, wish: &CorrectionOf) -> Result<Version, HubError> {
        let refused = |code| Err(HubError::refused(code));
        self.store.write(|writing| {
            let found = readable(writing, &desk.actor, wish.id)?;
            let Some(stored) = found else { return refused(CallRefusal::NotFound) };
            if !may_correct(&desk.actor, &stored.record) {
                return refused(CallRefusal::NotAllowed);
            }
            if stored.version != wish.version {
                return refused(CallRefusal::Stale);
            }
            let fields = changed(&stored.record, &wish.fields);
            if fields.is_empty() {
                return Ok(stored.version);
            }
            check_fields(&desk.actor, &stored.record, &fields)?;
            let names: Vec<String> = fields.keys().cloned().collect();
            let Record { id, kind, cell, .. } = stored.record;
            let change = DeskChange { id, kind, cell, fields };
            let author = Author::Desk(&desk.actor, wish.reached);
            self.write_by(writing, author, change, Stamp::ZERO)?.map_err(refused_words)?;
            self.say_corrected(writing, &desk.actor, wish, names)
        })
    }

    /// Writes beside the corrected record who corrected it, so that the worker's phone can say so.
    fn say_corrected(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        wish: &CorrectionOf,
        names: Vec<String>,
    ) -> Result<Version, HubError> {
        let Some(stored) = readable(writing, actor, wish.id)? else {
            return Err(HubError::Broken("a corrected record is gone".into()));
        };
        let now = self.now();
        let mut fields = Fields::from([
            ("target".to_owned(), json!(wish.id)),
            ("target_kind".to_owned(), json!(stored.record.kind)),
            ("version".to_owned(), json!(stored.version)),
            ("verdict".to_owned(), json!(Said::Corrected)),
            ("corrected".to_owned(), json!(names)),
            ("at".to_owned(), json!(now)),
            ("by".to_owned(), json!(actor.account)),
        ]);
        if let Some(words) = wish.note.as_deref().map(str::trim).filter(|words| !words.is_empty()) {
            fields.insert("note".to_owned(), json!(words));
        }
        let cell = stored.record.cell.clone();
        let change = DeskChange { id: self.record_id(), kind: Kind::Review, cell, fields };
        let seen = latest_said(&stored.record, &reviews_of(writing, &stored.record)?);
        self.write_at_desk(writing, actor, change, seen)?.map_err(refused_words)?;
        note(writing, now, actor.account.as_str(), "correct", &wish.id.to_string())?;
        Ok(stored.version)
    }
}

/// Whether somebody at the desk may put this record right: what was written once stays as it was written.
pub(crate) fn may_correct(actor: &Actor, record: &Record) -> bool {
    actor.may(Action::Write, &record.kind, &record.cell) && record.kind.is_reviewed() && !record.kind.is_append_only()
}

/// The values that are others than those that stand.
fn changed(record: &Record, wish: &Fields) -> Fields {
    let stands = |name: &String| record.fields.get(name).unwrap_or(&Value::Null);
    wish.iter()
        .filter(|(name, value)| stands(name) != *value)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Moving a record to another cell, its number and its author are no corrections. Nor is what a page shows in place of a hidden value:
/// whoever sends it back has not seen the value that it would replace.
fn check_fields(actor: &Actor, record: &Record, fields: &Fields) -> Result<(), HubError> {
    let wrong = |name: &&String| {
        let known = domain::spec::field(&record.kind, name).is_some();
        !known || matches!(name.as_str(), "cell" | "by" | NUMBER) || !visible_field(actor.role, &record.kind, name)
    };
    let masked = |(name, value): &(&String, &Value)| {
        let standing = record.fields.get(*name).unwrap_or(&Value::Null);
        mask::is_masked(&record.kind, name) && mask::value(&record.kind, name, standing) == **value
    };
    let wrong = fields.keys().filter(wrong).map(|name| Problem::new(name, ProblemCode::NotAllowed));
    let masked = fields.iter().filter(masked).map(|(name, _)| Problem::new(name, ProblemCode::Masked));
    let problems: Vec<Problem> = wrong.chain(masked).collect();
    if problems.is_empty() { Ok(()) } else { Err(HubError::invalid(problems)) }
}
