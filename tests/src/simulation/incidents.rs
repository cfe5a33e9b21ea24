//! Incidents at the desk: the steps that a supervisor takes, while workers take theirs on their phones, and the calls to residents.

use std::collections::BTreeSet;

use domain::incident::acts;
use domain::protocol::CallRefusal;
use domain::{Kind, RecordId};
use sync_server::hub::desk::Desk;
use sync_server::hub::incidents::{CallbackWish, IncidentSeen, StepWish, Words};
use sync_server::hub::{CountyHub, HubError};

use super::history::{DAY, History};
use super::laws::is_moment;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

impl History {
    /// A supervisor calls the resident of an incident, or takes one of the steps that its page offers.
    pub(super) fn act_at_desk(&mut self) -> Outcome {
        let Some(incident) = self.one_there(&Kind::Incident)? else { return Ok(()) };
        let seen = self.incident_at_desk(incident.id)?;
        if seen.calls().may_call && self.latest.percent(60) {
            let wish = self.a_call(&seen)?;
            return self.act_on_incident(&seen, wish.id, |hub, desk| hub.call_back(desk, incident.id, &wish));
        }
        let offered = acts(&self.county.supervisor.actor, &seen.incident, &seen.progress, self.county.now());
        let Some(action) = self.latest.pick(&offered).copied() else { return Ok(()) };
        let (id, seen_of_it, words) = (self.county.hub()?.record_id(), seen.mark(), self.words_of_a_step(&seen)?);
        let wish = StepWish { id, seen: seen_of_it, action: action.to_owned(), words };
        self.act_on_incident(&seen, id, |hub, desk| hub.take_step(desk, incident.id, &wish))
    }

    /// An incident as the desk's page shows it.
    fn incident_at_desk(&self, id: RecordId) -> Outcome<IncidentSeen> {
        self.county.hub()?.incident(&self.county.supervisor.actor, id).doing("looking at an incident")
    }

    /// A resident is satisfied, or is not and the incident is taken up again; or nobody answers.
    fn a_call(&mut self, seen: &IncidentSeen) -> Outcome<CallbackWish> {
        let (id, seen) = (self.county.hub()?.record_id(), seen.mark());
        let reached = self.latest.percent(60);
        let satisfaction = self.latest.pick(&["satisfied", "dissatisfied"]).filter(|_| reached);
        let satisfaction = satisfaction.map(|said| (*said).to_owned());
        Ok(CallbackWish { id, seen, reached, satisfaction, words: Some(self.word()) })
    }

    /// Whatever a step may have to say. Of what its action has no use for nothing is kept.
    fn words_of_a_step(&mut self, seen: &IncidentSeen) -> Outcome<Words> {
        let lists = self.county.hub()?.lists();
        let departments = lists.departments.iter().filter(|department| !department.retired);
        let others = self.county.records(&seen.record.cell)?;
        let other = others.iter().find(|other| other.kind == Kind::Incident && other.id != seen.record.id);
        Ok(Words {
            opinion: Some(self.word()),
            departments: departments.take(1).map(|department| department.code.clone()).collect(),
            due: Some(self.county.now() + 3 * DAY),
            level: Some(1),
            rating: Some("satisfied".to_owned()),
            into: other.map(|other| other.id),
            photos: Vec::new(),
        })
    }

    /// Asks for something to be done about an incident, and notes what follows from it.
    fn act_on_incident(
        &mut self,
        seen: &IncidentSeen,
        wish: RecordId,
        ask: impl Fn(&CountyHub, &Desk) -> Result<(), HubError>,
    ) -> Outcome {
        let before = said_of(seen);
        let Some(done) = self.ask_at_desk(ask)? else { return Ok(()) };
        let after = said_of(&self.incident_at_desk(seen.record.id)?);
        match done {
            // The step needs something else: a later day, another incident.
            Err(HubError::Refused { code: CallRefusal::Invalid, .. }) if after == before => {
                take(&self.ledger).count("step against a rule".into());
                return Ok(());
            }
            done => done.doing("acting at the desk")?,
        }
        if !after.contains(&wish) {
            return trouble(format!("{wish} was taken at the desk, and of {before:?} came {after:?}."));
        }
        for id in after.difference(&before) {
            self.note_at_desk(*id, |field| !is_moment(field))?;
            take(&self.ledger).count("step at the desk".into());
        }
        Ok(())
    }
}

/// The steps of an incident, and the calls.
fn said_of(seen: &IncidentSeen) -> BTreeSet<RecordId> {
    seen.steps.iter().chain(&seen.callbacks).map(|record| record.id).collect()
}
