//! The work of the cell beside its register, in the proportions of a busy one: what every page of the phone lists.

use domain::codes::Lists;
use domain::kinds::evacuation::ROSTER_MAX;
use domain::validate::today;
use domain::{Kind, RecordId};
use rand::RngExt;
use serde_json::{Value, json};

use super::{DAY, Maker};
use crate::trouble::Outcome;

/// Hazard points; an evacuation names all of them.
const POINTS: usize = 20;
/// Notices and tasks that stand.
const NOTICES: usize = 30;

impl Maker {
    /// Incidents, disputes, care, premises with inspections, hazard points with a roll-call, notices and tasks: about a third of
    /// the records, besides the register.
    pub(super) fn work(&mut self) -> Outcome {
        let part = |of: usize| self.size.records / of;
        let (incidents, disputes, premises, told) = (part(60), part(250), part(100), part(20));
        let (care, threatened) = (self.size.residents / 25, self.size.residents / 25);
        for number in 0..incidents {
            self.incident(number)?;
        }
        for number in 0..disputes {
            self.dispute(number)?;
        }
        for number in 0..care {
            let person = self.people[number * 20 % self.people.len()].0;
            let fields = json!({
                "person": person, "reason": "alone", "level": (["a", "b", "c"][number % 3]),
                "responsible": self.by, "consent": "oral", "starts_on": self.day(200),
            });
            self.add(Kind::CarePlan, fields)?;
        }
        for number in 0..premises {
            self.premises(number)?;
        }
        self.evacuation(threatened)?;
        self.notices(told)
    }

    fn ago(&self, days: usize) -> i64 {
        self.now - days as i64 * DAY - 60_000
    }

    fn day(&self, days_ago: usize) -> String {
        today(self.ago(days_ago)).to_string()
    }

    fn incident(&mut self, number: usize) -> Outcome {
        let at = self.ago(number % 300);
        let dwelling = self.dwellings[self.chance.random_range(0..self.dwellings.len())];
        let category = ["0601", "0603", "0304", "0701", "0101"][number % 5];
        let fields = json!({
            "category": category, "list_version": Lists::initial().version, "severity": 2 + number % 3, "title": "楼道堆放杂物",
            "text": "三至四层楼道堆放旧家具，影响通行。", "happened_at": at, "by": self.by, "dwelling": dwelling,
            "number": format!("610722-20260101-{number}"),
        });
        let incident = self.add(Kind::Incident, fields)?;
        let steps = [("accept", "accept"), ("dispatch", "dispatch"), ("handle", "sign"), ("handle", "result")];
        for (hours, (step, action)) in steps.into_iter().take(number % 5).enumerate() {
            let at = (at + hours as i64 * 3_600_000).min(self.now - 1_000);
            let fields = json!({ "incident": incident, "step": step, "action": action, "at": at, "by": self.by });
            self.add(Kind::IncidentStep, fields)?;
        }
        Ok(())
    }

    fn dispute(&mut self, number: usize) -> Outcome {
        let days = number % 200;
        let sides = ["applicant", "respondent"];
        let people = &self.people;
        let party = |at: usize| {
            let (person, _, name) = &people[(number * 7 + at * 3) % people.len()];
            json!({ "person": person, "name": name, "side": sides[at] })
        };
        let fields = json!({
            "type": "01", "source": "applied", "accepted_on": self.day(days), "parties": [party(0), party(1)],
            "number": format!("（2026）人调字第{number}号"), "amount": "1200.50", "by": self.by,
            "facts": "两家为相邻走道的使用发生争执。",
        });
        let dispute = self.add(Kind::Dispute, fields)?;
        for event in ["rights", "investigation", "mediation"].into_iter().take(number % 4) {
            let fields = json!({
                "dispute": dispute, "event": event, "at": self.ago(days), "by": self.by, "text": "双方到场，已记录。",
            });
            self.add(Kind::DisputeEvent, fields)?;
        }
        Ok(())
    }

    fn premises(&mut self, number: usize) -> Outcome {
        let dwelling = self.dwellings[number * 5 % self.dwellings.len()];
        let kind = ["restaurant", "shop"][number % 2];
        let fields = json!({ "dwelling": dwelling, "name": format!("便民小店{number}"), "premises_kind": kind, "gas": kind == "restaurant" });
        let premises = self.add(Kind::Premises, fields)?;
        let lists = Lists::initial();
        let Some(checklist) = lists.checklists.iter().find(|list| list.code == "fire_nine_small") else {
            return Ok(());
        };
        for visit in 0..2 {
            let days = (number + visit * 60) % 250;
            let bad = number.is_multiple_of(3) && visit == 0;
            let (mut answers, mut hazards) = (serde_json::Map::new(), Vec::new());
            for item in checklist.items.iter().filter(|item| item.asks == domain::checklist::ItemType::OkBadNa) {
                let answer = if bad && hazards.is_empty() { "bad" } else { "ok" };
                answers.insert(item.id.clone(), answer.into());
                if answer == "bad" {
                    hazards
                        .push(json!({ "item": item.id, "text": "不符合要求", "severity": 3, "due": self.day(days) }));
                }
            }
            let mut fields = json!({
                "subject": premises, "subject_kind": "premises", "checklist": checklist.code,
                "checklist_version": lists.version, "at": self.ago(days), "by": self.by, "answers": answers,
            });
            if !hazards.is_empty() {
                fields["hazards"] = hazards.into();
            }
            self.add(Kind::Inspection, fields)?;
        }
        Ok(())
    }

    fn evacuation(&mut self, threatened: usize) -> Outcome {
        let mut points = Vec::new();
        for number in 0..POINTS {
            let fields = json!({ "name": format!("后坡{number}号"), "hazard_kind": "landslide", "shelter": "村小学" });
            points.push(self.add(Kind::HazardPoint, fields)?);
        }
        for (number, household) in self.households.clone().into_iter().take(threatened).enumerate() {
            let fields = json!({ "hazard_point": points[number % POINTS], "household": household, "needs_help": number % 5 == 0 });
            self.add(Kind::ThreatenedHousehold, fields)?;
        }
        let at_risk = &self.households[..threatened];
        let place = |household: &RecordId| at_risk.iter().position(|one| one == household);
        let roster: Vec<Value> = self.people.iter().filter_map(|(person, household, name)| {
            let point = points[place(household)? % POINTS];
            Some(json!({ "person": person, "household": household, "point": point, "name": name, "needs_help": false }))
        }).take(ROSTER_MAX)
            .collect();
        let people: Vec<Value> = roster.iter().map(|listed| listed["person"].clone()).collect();
        let ordered_at = self.now - 3_600_000;
        let fields = json!({
            "reason": "强降雨", "level": "orange", "drill": false, "points": points, "ordered_at": ordered_at, "by": self.by,
            "roster": roster,
        });
        let evacuation = self.add(Kind::Evacuation, fields)?;
        for (number, person) in people.iter().enumerate() {
            for mark in ["called", "moved_shelter"].into_iter().take(number % 3) {
                let fields = json!({
                    "evacuation": evacuation, "person": person, "mark": mark, "at": ordered_at + number as i64 * 1_000, "by": self.by,
                });
                self.add(Kind::RollCall, fields)?;
            }
        }
        Ok(())
    }

    fn notices(&mut self, told: usize) -> Outcome {
        let mut notices = Vec::new();
        for number in 0..NOTICES {
            let kind = ["policy", "fraud", "warning"][number % 3];
            let mut fields = json!({
                "title": "防范电信诈骗", "text": "不轻信、不转账。", "notice_kind": kind, "at": self.ago(number), "by": self.by,
            });
            if kind == "warning" {
                fields["level"] = "yellow".into();
            }
            notices.push(self.add(Kind::Notice, fields)?);
            let fields = json!({
                "title": "入户宣传", "purpose": "policy", "at": self.ago(number), "by": self.by, "due_on": self.day(0),
            });
            self.add(Kind::Task, fields)?;
        }
        for number in 0..told {
            let household = self.households[number / NOTICES % self.households.len()];
            let notice = notices[number % NOTICES];
            let fields = json!({ "notice": notice, "household": household, "at": self.ago(0), "by": self.by });
            self.add(Kind::NoticeAck, fields)?;
        }
        Ok(())
    }
}
