//! The monthly report (月报): what is counted, by which rule, and how counts become figures.
//!
//! Everything that a report says is a sum over cells: a town's report is the sum of its cells' counts, and rates and medians are
//! computed from the sums at the end. What one record alone says ([`of_record`]) can therefore be added up as records are written;
//! what several records say together ([`of_incident`], [`of_care_plan`], [`of_evacuation`], [`people_threatened`]) is folded when
//! somebody asks. The phone and the server count by these rules and by no others. Cases and places are counted, never people's work.

mod counted;
mod figures;
mod folded;
mod period;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::RecordId;
use crate::codes::Lists;
use crate::fold::standing;
use crate::kinds::visit::Visit;
use crate::record::{Kind, Record};
use crate::same::Same;

pub use counted::{Counted, is_counted, of_record};
pub use figures::{FIGURES, Figure, FigureSpec, FigureValue, Names, SHARE_LEAST, Section, figures, permille, spec};
pub use folded::{left_on, met_days, of_care_plan, of_evacuation, of_incident, people_threatened};
pub use period::{Period, china_day, day_number, month_due};

/// The version of the rules by which reports are made: stored with every report, raised when a rule changes.
/// 2: a care check is due on the plan's first day and an interval after somebody was met, as on the phone.
pub const RULES: u32 = 2;

macro_rules! whats {
    ($($(#[$doc:meta])* $what:ident = $name:literal),+ $(,)?) => {
        /// What is counted. Most are counted by a code: a result, a category, a type.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum What { $($(#[$doc])* $what),+ }

        impl What {
            /// Everything that is counted.
            pub const ALL: &'static [What] = &[$(What::$what),+];

            /// Its name in tables.
            pub fn name(self) -> &'static str {
                match self { $(What::$what => $name),+ }
            }
        }
    };
}

whats! {
    /// Households in the register now.
    Household = "household",
    /// Residents in the register now who live there.
    Resident = "resident",
    /// Residents entered into the register.
    Registered = "registered",
    /// Residents who moved out.
    MovedOut = "moved_out",
    /// Residents who died.
    Died = "died",
    /// Visits that stand, by result.
    Visit = "visit",
    /// Care checks that were due, by level: [`crate::care::asked`].
    CareDue = "care_due",
    /// Of these, made, by level.
    CareDone = "care_done",
    /// Incidents noticed, by category.
    Incident = "incident",
    /// Incidents in which something was done, by their id: not a figure, but where to look for closings.
    IncidentStep = "incident_step",
    /// Incidents closed, by category.
    IncidentClosed = "incident_closed",
    /// Of these, those that were done by their due date, by category.
    IncidentOnTime = "incident_on_time",
    /// Of these, how many days they took: by `category/days`.
    IncidentDays = "incident_days",
    /// Incidents taken up again, by category.
    IncidentReopened = "incident_reopened",
    /// Call-backs in which somebody was reached, by what they said.
    Reached = "reached",
    /// Call-backs in which nobody was reached.
    NotReached = "not_reached",
    /// Disputes accepted, by type.
    Dispute = "dispute",
    /// Disputes accepted, by source.
    DisputeSource = "dispute_source",
    /// Of the accepted ones, those that were settled by an agreement, by type.
    DisputeSettled = "dispute_settled",
    /// Of the accepted ones, those that were settled by an agreement, by source.
    DisputeSettledSource = "dispute_settled_source",
    /// Parties of the accepted disputes, by type.
    DisputeParty = "dispute_party",
    /// What the accepted disputes were about, in cents, by type.
    DisputeCents = "dispute_cents",
    /// Inspections, by checklist.
    Inspection = "inspection",
    /// Hazards that inspections found, by severity.
    Hazard = "hazard",
    /// Re-checks, by result.
    Recheck = "recheck",
    /// Households told of a notice, once for each notice.
    Told = "told",
    /// Hazard points that threaten somebody now, by kind.
    HazardPoint = "hazard_point",
    /// Households that hazard points threaten now.
    Threatened = "threatened",
    /// People who live in these households.
    PeopleThreatened = "people_threatened",
    /// Evacuations ordered: `drill` or `real`.
    Evacuation = "evacuation",
    /// People brought to safety in them: `drill` or `real`.
    Moved = "moved",
}

impl What {
    /// The one of that name.
    pub fn of_name(name: &str) -> Option<What> {
        What::ALL.iter().copied().find(|what| what.name() == name)
    }

    /// It says how things stand now, not what happened in a period.
    pub fn is_stock(self) -> bool {
        matches!(self, What::Household | What::Resident | What::HazardPoint | What::Threatened | What::PeopleThreatened)
    }
}

/// Sums by what was counted and its code. Sums of places are added up to those of what they lie in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(What, String), i64>);

impl Counts {
    /// Adds to a sum.
    pub fn add(&mut self, what: What, code: &str, n: i64) {
        if n == 0 {
            return;
        }
        match self.0.get_mut(&(what, code.to_owned())) {
            Some(sum) => *sum = sum.saturating_add(n),
            None => {
                self.0.insert((what, code.to_owned()), n);
            }
        }
    }

    /// Adds all sums of another place.
    pub fn plus(&mut self, other: &Counts) {
        for ((what, code), n) in &other.0 {
            self.add(*what, code, *n);
        }
    }

    /// Adds what one or several records say.
    pub fn extend(&mut self, found: impl IntoIterator<Item = (What, String, i64)>) {
        for (what, code, n) in found {
            self.add(what, &code, n);
        }
    }

    /// The sum over all codes.
    pub fn total(&self, what: What) -> i64 {
        self.by(what).map(|(_, n)| n).sum()
    }

    /// The sum of one code.
    pub fn of(&self, what: What, code: &str) -> i64 {
        self.0.get(&(what, code.to_owned())).copied().unwrap_or(0)
    }

    /// The sums by code, in the order of the codes.
    pub fn by(&self, what: What) -> impl Iterator<Item = (&str, i64)> {
        let all = self.0.range((what, String::new())..);
        all.take_while(move |((of, _), _)| *of == what).map(|((_, code), n)| (code.as_str(), *n))
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(|n| *n == 0)
    }
}

/// Counts what single records say, given all of them: visits that another one corrects are left out.
pub fn counted_in<'a>(records: impl IntoIterator<Item = &'a Record>, period: Period) -> Counts {
    let records: Vec<&Record> = records.into_iter().filter(|record| record.is_present()).collect();
    let visits: Vec<(RecordId, Visit)> = records
        .iter()
        .filter(|record| record.kind == Kind::Visit)
        .map(|record| (record.id, Visit::from(*record)))
        .collect();
    let standing: std::collections::BTreeSet<RecordId> = standing(&visits).into_iter().map(|(id, _)| *id).collect();
    let mut counts = Counts::default();
    for record in records.iter().filter(|record| record.kind != Kind::Visit || standing.contains(&record.id)) {
        for Counted { what, day, code, n } in of_record(record) {
            if what.is_stock() || period.days().contains(&day) {
                counts.add(what, &code, n);
            }
        }
    }
    counts
}

/// Counts all that a report says, from all the records of a place: the plain way, which every quicker one must agree with.
pub fn fold(records: &[Record], period: Period, lists: &Lists) -> Counts {
    let mut counts = counted_in(records, period);
    let here = |kind: Kind| records.iter().filter(move |record| record.kind == kind && record.is_present());
    for incident in here(Kind::Incident) {
        let steps: Vec<&Record> =
            here(Kind::IncidentStep).filter(|step| step.reference("incident") == Some(incident.id)).collect();
        counts.extend(of_incident(incident, &steps, period, lists));
    }
    let same = Same::of(records);
    let standing_for = |named: RecordId| {
        let id = same.survivor(named);
        records.iter().find(|record| record.id == id && record.kind == Kind::Person && !record.is_deleted())
    };
    let visits: Vec<&Record> = here(Kind::Visit).collect();
    for plan in here(Kind::CarePlan) {
        let Some(person) = plan.reference("person").and_then(standing_for) else { continue };
        let home = person.reference("household").map(|home| same.survivor(home));
        let days = met_days(&visits, [Some(person.id), home], &same);
        counts.extend(of_care_plan(plan, left_on(person), &days, lists.care, period));
    }
    for order in here(Kind::Evacuation) {
        let marks: Vec<&Record> =
            here(Kind::RollCall).filter(|mark| mark.reference("evacuation") == Some(order.id)).collect();
        counts.extend(of_evacuation(order, &marks, period));
    }
    let (threats, points) = (here(Kind::ThreatenedHousehold), here(Kind::HazardPoint));
    let points: BTreeMap<RecordId, &Record> = points.map(|point| (point.id, point)).collect();
    let people = |household: RecordId| {
        here(Kind::Person).filter(|person| person.reference("household") == Some(household)).cloned().collect()
    };
    counts.extend(people_threatened(threats, |point| points.get(&point).copied().cloned(), people));
    counts
}

#[cfg(test)]
mod tests;
