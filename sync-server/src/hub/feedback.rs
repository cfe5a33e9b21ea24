//! Opinions about this app, as the desk hears and answers them.

use domain::feedback::{Thread, threads};
use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, allowed};
use domain::{Fields, Kind, Record, RecordId};
use serde_json::json;

use crate::hub::evacuations::{may_write, standing_record};
use crate::hub::phones::note;
use crate::hub::reviews::DeskChange;
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store};

/// Opinions, answers and ratings that are read at most.
const READ_MAX: usize = 5_000;

/// The opinions of a scope with their cells, the latest first.
///
/// # Errors
/// [`CallRefusal::NotAllowed`] for roles that read none.
pub fn opinions(reading: &dyn Reading, actor: &Actor) -> Result<Vec<(Thread, Record)>, HubError> {
    if !allowed(actor.role, Action::Read, &Kind::Feedback) {
        return Err(HubError::refused(CallRefusal::NotAllowed));
    }
    let all: Vec<Record> =
        reading.latest_few(&actor.scopes, &Kind::Feedback, READ_MAX)?.into_iter().map(|stored| stored.record).collect();
    let of = |thread: &Thread| all.iter().find(|record| record.id == thread.id).cloned();
    Ok(threads(&all).into_iter().filter_map(|thread| of(&thread).map(|record| (thread, record))).collect())
}

impl<S: Store> Hub<S> {
    /// Answers an opinion. `seen` is how many answers were on the screen.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope or when it is no opinion; [`CallRefusal::Stale`] when somebody answered since;
    /// [`CallRefusal::NotAllowed`] for other roles; [`CallRefusal::Invalid`] when nothing is said.
    pub fn answer_feedback(
        &self,
        actor: &Actor,
        about: RecordId,
        text: &str,
        seen: usize,
    ) -> Result<RecordId, HubError> {
        may_write(actor, &Kind::Feedback)?;
        let now = self.now();
        self.store.write(|writing| {
            let opinion = standing_record(writing, actor, &Kind::Feedback, about)?;
            let text = text.trim();
            if text.is_empty() {
                let required = domain::Problem::new("text", domain::ProblemCode::Required);
                return Err(HubError::invalid(vec![required]));
            }
            let thread = opinions(&*writing, actor)?.into_iter().find(|(thread, _)| thread.id == about);
            let (thread, _) = thread.ok_or_else(|| HubError::refused(CallRefusal::NotFound))?;
            if thread.answers.len() != seen {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            let fields = Fields::from([
                ("text".to_owned(), json!(text)),
                ("at".to_owned(), json!(now)),
                ("by".to_owned(), json!(actor.account)),
                ("about".to_owned(), json!(about)),
            ]);
            let id = self.record_id();
            self.put(writing, actor, DeskChange { id, kind: Kind::Feedback, cell: opinion.cell, fields })?;
            note(writing, now, actor.account.as_str(), "answer_feedback", &about.to_string())?;
            Ok(id)
        })
    }
}
