//! Incidents at the desk: who sees one, the step that somebody takes, the call to the resident. What a step does is the fold's
//! business (`domain::incident`); here is asked whether it may be taken now, by whom, with what.

mod after;
mod words;

use domain::incident::{Calls, Progress, acts, calls, fold, sees, stage_of, step_of_dissatisfied};
use domain::kinds::incident::Incident;
use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, Role, allowed};
use domain::world::Millis;
use domain::{Fields, Kind, Problem, ProblemCode, Record, RecordId, Scope, Stamp};
use serde_json::json;

use crate::hub::desk::Desk;
use crate::hub::phones::note;
use crate::hub::reviews::{DeskChange, refused_words};
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store, Writing};

pub use after::AfterWish;
pub use words::{StepWish, Words};

/// An incident as it stands: the record, what was done, and what that comes to.
#[derive(Debug, Clone)]
pub struct IncidentSeen {
    /// The incident.
    pub record: Record,
    /// Its fields.
    pub incident: Incident,
    /// Its steps.
    pub steps: Vec<Record>,
    /// The calls to the resident.
    pub callbacks: Vec<Record>,
    /// Where it stands.
    pub progress: Progress,
}

impl IncidentSeen {
    /// What somebody saw of it: whoever acts names it, so that nobody acts on what has moved on meanwhile.
    pub fn mark(&self) -> String {
        let last = self.progress.steps.last().map(|step| step.id.to_string()).unwrap_or_default();
        format!("{}.{}.{last}", self.steps.len(), self.callbacks.len())
    }

    /// The county that it is in: how far what belongs to it is looked for.
    pub fn county(&self) -> Scope {
        self.record.cell.county()
    }

    /// What the calls to the resident come to.
    pub fn calls(&self) -> Calls {
        calls(&self.progress, &self.callbacks)
    }

    /// Later than everything that is known of it.
    fn latest(&self) -> Stamp {
        self.steps.iter().map(Record::latest).fold(self.record.latest(), Stamp::max)
    }
}

/// A call to the resident.
#[derive(Debug, Clone, PartialEq)]
pub struct CallbackWish {
    /// The id of the record that it becomes, chosen by whoever asks: the same wish twice is one call.
    pub id: RecordId,
    /// What was seen of the incident: [`IncidentSeen::mark`].
    pub seen: String,
    /// Whether somebody answered.
    pub reached: bool,
    /// Code of the satisfaction, when somebody answered.
    pub satisfaction: Option<String>,
    /// What was said.
    pub words: Option<String>,
}

fn refused(code: CallRefusal) -> HubError {
    HubError::refused(code)
}

/// An incident, if it is there for that actor: in the scope, and for a handler dispatched to the own department.
///
/// # Errors
/// [`HubError::Store`].
pub fn incident_seen<R: Reading + ?Sized>(
    reading: &R,
    lists: &domain::codes::Lists,
    actor: &Actor,
    id: RecordId,
) -> Result<Option<IncidentSeen>, HubError> {
    if !may_see_incidents(actor) {
        return Ok(None);
    }
    for scope in &actor.scopes {
        let Some(stored) = reading.record(scope, id)?.filter(|found| found.record.kind == Kind::Incident) else {
            continue;
        };
        let record = stored.record;
        let of_kind = |kind| -> Result<Vec<Record>, HubError> {
            let found = reading.referring(&record.cell.county(), id, &kind)?;
            Ok(found.into_iter().map(|stored| stored.record).collect())
        };
        let (steps, callbacks) = (of_kind(Kind::IncidentStep)?, of_kind(Kind::Callback)?);
        let progress = fold(&record, &steps, lists);
        let seen = IncidentSeen { incident: Incident::from(&record), record, steps, callbacks, progress };
        return Ok(Some(seen).filter(|seen| sees(actor, &seen.progress.departments)));
    }
    Ok(None)
}

/// Whether a role works with incidents at the desk at all.
pub fn may_see_incidents(actor: &Actor) -> bool {
    actor.role == Role::Handler || allowed(actor.role, Action::Read, &Kind::IncidentStep)
}

impl<S: Store> Hub<S> {
    /// An incident as it stands for somebody.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for roles that have nothing to do with incidents, [`CallRefusal::NotFound`] outside the scope
    /// and for handlers of other departments.
    pub fn incident(&self, actor: &Actor, id: RecordId) -> Result<IncidentSeen, HubError> {
        if !may_see_incidents(actor) {
            return Err(refused(CallRefusal::NotAllowed));
        }
        let lists = self.lists();
        let seen = self.store.read(|reading| incident_seen(reading, &lists, actor, id))?;
        seen.ok_or_else(|| refused(CallRefusal::NotFound))
    }

    /// Takes a step, if the incident still stands as it was seen.
    ///
    /// # Errors
    /// As [`Hub::incident`]; [`CallRefusal::Stale`] when somebody was faster, [`CallRefusal::NotAllowed`] when it is not the
    /// actor's to take, [`CallRefusal::Invalid`] when something that it needs is missing or wrong.
    pub fn take_step(&self, desk: &Desk, id: RecordId, wish: &StepWish) -> Result<(), HubError> {
        let actor = &desk.actor;
        self.store.write(|writing| {
            let seen = self.found(writing, actor, id)?;
            if self.is_known(writing, &seen, &seen.steps, actor, wish.id, Some(&wish.action))? {
                return Ok(());
            }
            if seen.mark() != wish.seen {
                return Err(refused(CallRefusal::Stale));
            }
            let now = self.now();
            if !acts(actor, &seen.incident, &seen.progress, now).contains(&wish.action.as_str()) {
                return Err(refused(CallRefusal::NotAllowed));
            }
            let fields = words::fields_of(writing, &self.lists(), actor, &seen, wish, now)?;
            self.write_step(writing, actor, &seen, (wish.id, &wish.action), fields, now)?;
            note(writing, now, actor.account.as_str(), &format!("step {}", wish.action), &id.to_string())
        })
    }

    /// Notes a call to the resident. Who is not satisfied has the incident taken up again, in the same breath.
    ///
    /// # Errors
    /// As [`Hub::take_step`].
    pub fn call_back(&self, desk: &Desk, id: RecordId, wish: &CallbackWish) -> Result<(), HubError> {
        let actor = &desk.actor;
        self.store.write(|writing| {
            let seen = self.found(writing, actor, id)?;
            if !allowed(actor.role, Action::Write, &Kind::Callback) {
                return Err(refused(CallRefusal::NotAllowed));
            }
            if self.is_known(writing, &seen, &seen.callbacks, actor, wish.id, None)? {
                return Ok(());
            }
            if seen.mark() != wish.seen {
                return Err(refused(CallRefusal::Stale));
            }
            if !seen.calls().may_call {
                return Err(refused(CallRefusal::NotAllowed));
            }
            words::check_call(wish)?;
            let now = self.now();
            let change = DeskChange {
                id: wish.id,
                kind: Kind::Callback,
                cell: seen.record.cell.clone(),
                fields: words::fields_of_call(actor, &seen, wish, now),
            };
            self.write_at_desk(writing, actor, change, seen.latest())?.map_err(refused_words)?;
            if wish.satisfaction.as_deref() == Some("dissatisfied") {
                let action = step_of_dissatisfied(&seen.progress);
                let answers = seen.progress.result.filter(|_| action == "fail");
                let told = [("opinion", json!(wish.words)), ("answers", json!(answers))];
                let fields = told.into_iter().filter(|(_, value)| !value.is_null());
                let fields = fields.map(|(name, value)| (name.to_owned(), value)).collect();
                self.write_step(writing, actor, &seen, (self.record_id(), action), fields, now)?;
            }
            note(writing, now, actor.account.as_str(), "call back", &id.to_string())
        })
    }

    /// The resident to be called, in full. That somebody looked, and why, is noted before anything is shown.
    ///
    /// # Errors
    /// As [`Hub::incident`].
    pub fn incident_contact(
        &self,
        desk: &Desk,
        id: RecordId,
        reason: &str,
    ) -> Result<(Option<String>, Option<String>), HubError> {
        let seen = self.incident(&desk.actor, id)?;
        let now = self.now();
        let subject = format!("{id} {reason}");
        self.store.write(|writing| note(writing, now, desk.actor.account.as_str(), "contact", &subject))?;
        Ok((seen.incident.contact_name, seen.incident.contact_phone))
    }

    fn found(&self, writing: &mut dyn Writing, actor: &Actor, id: RecordId) -> Result<IncidentSeen, HubError> {
        if !may_see_incidents(actor) {
            return Err(refused(CallRefusal::NotAllowed));
        }
        incident_seen(&*writing, &self.lists(), actor, id)?.ok_or_else(|| refused(CallRefusal::NotFound))
    }

    /// Whether this very wish was carried out before: then its answer was lost, or somebody pressed twice.
    fn is_known(
        &self,
        writing: &mut dyn Writing,
        seen: &IncidentSeen,
        among: &[Record],
        actor: &Actor,
        id: RecordId,
        action: Option<&str>,
    ) -> Result<bool, HubError> {
        let taken = || HubError::invalid(vec![Problem::new("id", ProblemCode::NotAllowed)]);
        if let Some(known) = among.iter().find(|known| known.id == id) {
            let same = known.text("by") == Some(actor.account.as_str())
                && action.is_none_or(|action| known.text("action") == Some(action));
            return if same { Ok(true) } else { Err(taken()) };
        }
        // A name that something else has already is nobody's to give.
        let of_county = seen.record.cell.county();
        if writing.record(&of_county, id)?.is_some() || writing.erased(&of_county, id)? {
            Err(taken())
        } else {
            Ok(false)
        }
    }

    fn write_step(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        seen: &IncidentSeen,
        (id, action): (RecordId, &str),
        mut fields: Fields,
        now: Millis,
    ) -> Result<(), HubError> {
        let stage = stage_of(action).unwrap_or(seen.progress.stage);
        let own = [
            ("incident", json!(seen.record.id)),
            ("step", json!(stage.code())),
            ("action", json!(action)),
            ("at", json!(now)),
            ("by", json!(actor.account)),
        ];
        fields.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let change = DeskChange { id, kind: Kind::IncidentStep, cell: seen.record.cell.clone(), fields };
        self.write_at_desk(writing, actor, change, seen.latest())?.map_err(refused_words)
    }
}
