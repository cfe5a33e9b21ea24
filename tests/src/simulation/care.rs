//! Care plans: who is to be visited when, as whoever is responsible plans it, corrects it, ends it, and goes there.

use domain::{Kind, RecordId};
use serde_json::{Value, json};

use super::history::History;
use super::several::{Did, LONG_AGO};
use super::wire::take;
use crate::trouble::{Doing, Outcome};

impl History {
    /// Somebody is to be looked after from now on; or a plan is corrected, or ends.
    pub(super) fn plan_care(&mut self, who: usize) -> Outcome {
        let plans = self.plans(who)?;
        let known = self.latest.pick(&plans).filter(|_| self.latest.percent(60));
        let level = self.latest.pick(&["a", "b", "c"]).copied();
        let number = format!("134{:08}", self.latest.below(100_000_000));
        let Some(plan) = known else {
            let Some(person) = self.any(who, &Kind::Person)? else { return Ok(()) };
            let fields = json!({ "person": person.id, "reason": "alone", "level": level, "consent": "oral",
                "starts_on": LONG_AGO, "helper_phone": number });
            return self.save(who, &Kind::CarePlan, None, fields);
        };
        let id: RecordId = serde_json::from_value(plan["id"].clone()).doing("reading a plan's name")?;
        match self.latest.below(10) {
            0..3 => self.write_several(who, "end_care", json!({ "id": id })).map(|_| ()),
            3..6 => self.save(who, &Kind::CarePlan, Some(id), json!({ "level": level })),
            _ => self.save(who, &Kind::CarePlan, Some(id), json!({ "helper_phone": number, "helper_name": "王五" })),
        }
    }

    /// Whoever is responsible was there: one tap on the line of a plan.
    pub(super) fn visit_by_plan(&mut self, who: usize) -> Outcome {
        let plans = self.plans(who)?;
        let Some(plan) = self.latest.pick(&plans) else { return Ok(()) };
        let word = self.word();
        let result = self.latest.pick(&["met", "absent"]).copied();
        let args = json!({ "target": plan["person_id"], "target_kind": "person", "result": result,
            "purposes": ["care"], "care_plan": plan["id"], "note": word });
        if matches!(self.write_several(who, "record_visit", args)?, Did::Nothing) {
            return Ok(());
        }
        self.is_there_once(who, &Kind::Visit, &word)?;
        take(&self.ledger).count("visit by a plan".into());
        Ok(())
    }

    /// The plans that a phone lists, for whoever is still named.
    fn plans(&self, who: usize) -> Outcome<Vec<Value>> {
        let lines = self.screen(who, "care", json!({}))?;
        let lines = lines.as_array().into_iter().flatten();
        Ok(lines.filter(|line| !line["person_id"].is_null()).cloned().collect())
    }
}
