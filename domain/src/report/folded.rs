//! What several records say together: an incident with its steps, a care plan with the visits made for it, an evacuation with its
//! marks, a hazard point with the people it threatens.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::counted::{date, drill, lives_there};
use super::{Period, What, china_day};
use crate::RecordId;
use crate::care;
use crate::codes::{CareIntervals, Lists};
use crate::evacuation::roll;
use crate::fold::{is_met, standing};
use crate::incident::{IncidentState, ToldStep, fold};
use crate::kinds::care_plan::CarePlan;
use crate::kinds::evacuation::Evacuation;
use crate::kinds::incident::Incident;
use crate::kinds::roll_call::RollCall;
use crate::kinds::visit::Visit;
use crate::record::Record;
use crate::same::Same;
use crate::validate::today;
use crate::world::Millis;

type Found = Vec<(What, String, i64)>;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// What an incident says of a period, given its steps in any order: whether it was closed in it, in time, after how many days, and
/// whether it was taken up again in it.
pub fn of_incident(record: &Record, steps: &[&Record], period: Period, lists: &Lists) -> Found {
    if record.is_deleted() {
        return Vec::new();
    }
    let incident = Incident::from(record);
    let progress = fold(record, steps.iter().copied(), lists);
    let within = |step: &&ToldStep| !step.late && period.moments().contains(&step.at);
    let mut found = Vec::new();
    if progress.steps.iter().filter(within).any(|step| step.action == "reopen") {
        found.push((What::IncidentReopened, incident.category.clone(), 1));
    }
    let closing = progress.steps.iter().rev().find(|step| !step.late && step.action == "close").filter(within);
    if !(progress.ended && progress.state == IncidentState::Closed) || closing.is_none() {
        return found;
    }
    let Some(done) = done(&progress.steps) else { return found };
    // What was due is what stood right before it was done.
    let earlier: BTreeSet<RecordId> =
        progress.steps.iter().take_while(|step| step.id != done.id).map(|s| s.id).collect();
    let before = fold(record, steps.iter().copied().filter(|step| earlier.contains(&step.id)), lists);
    let days = (done.at - incident.happened_at).max(0) / DAY;
    found.push((What::IncidentClosed, incident.category.clone(), 1));
    found.push((What::IncidentDays, format!("{}/{days}", incident.category), 1));
    if before.due.is_none_or(|due| done.at <= due.at) {
        found.push((What::IncidentOnTime, incident.category, 1));
    }
    found
}

/// The step by which the work was done the last time: the result that stood when it was closed, or else the closing itself.
fn done(steps: &[ToldStep]) -> Option<&ToldStep> {
    let stands: Vec<&ToldStep> = steps.iter().filter(|step| !step.late).collect();
    let since = stands.iter().rposition(|step| step.action == "reopen").map_or(0, |at| at + 1);
    let last = |actions: &[&str]| {
        stands.iter().skip(since).rev().copied().find(|step| actions.contains(&step.action.as_str()))
    };
    last(&["result", "solve"]).or_else(|| last(&["close"]))
}

/// The days on which somebody was met who is one of these entries: a person, or the household of that person. What was said of an entry
/// that gave way counts for the one that stays.
pub fn met_days(visits: &[&Record], targets: [Option<RecordId>; 2], same: &Same) -> BTreeSet<NaiveDate> {
    let read: Vec<(RecordId, Visit)> = visits.iter().map(|record| (record.id, Visit::from(*record))).collect();
    let stand = standing(&read).into_iter().map(|(_, visit)| visit);
    let of_these = |visit: &&Visit| visit.target.is_some_and(|target| targets.contains(&Some(same.survivor(target))));
    stand.filter(of_these).filter(|visit| is_met(&visit.result)).map(|visit| today(visit.at)).collect()
}

/// Since when a resident does not live there any more: moved out or died on that day.
pub fn left_on(person: &Record) -> Option<NaiveDate> {
    [date(person, "moved_out_on"), date(person, "died_on")].into_iter().flatten().min()
}

/// What a care plan says of a period (月探访率), by the rule of [`crate::care`]: which checks were due in it, and which of them were
/// made. A plan asks for nothing more once its resident left ([`left_on`]).
pub fn of_care_plan(
    record: &Record,
    left_on: Option<NaiveDate>,
    met: &BTreeSet<NaiveDate>,
    intervals: CareIntervals,
    period: Period,
) -> Found {
    if record.is_deleted() {
        return Vec::new();
    }
    let plan = CarePlan::from(record).until_left(left_on);
    let asked = care::asked(&plan, met, intervals, period.first, period.last);
    [(What::CareDue, asked.due), (What::CareDone, asked.done)]
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .map(|(what, n)| (what, plan.level.clone(), n))
        .collect()
}

/// How many people an evacuation that was ordered in the period brought to safety, by its marks.
pub fn of_evacuation(record: &Record, marks: &[&Record], period: Period) -> Found {
    let order = Evacuation::from(record);
    if record.is_deleted() || !period.days().contains(&china_day(order.ordered_at)) {
        return Vec::new();
    }
    let marks: Vec<RollCall> = marks.iter().filter_map(|mark| RollCall::read(mark)).collect();
    let moved = roll(&order.roster, &marks).totals.moved;
    vec![(What::Moved, drill(record).to_owned(), i64::try_from(moved).unwrap_or(0))]
}

/// The people who live in households that a hazard point threatens now, each once.
pub fn people_threatened<'a>(
    threats: impl Iterator<Item = &'a Record>,
    point: impl Fn(RecordId) -> Option<Record>,
    people: impl Fn(RecordId) -> Vec<Record>,
) -> Found {
    let mut stands = BTreeMap::<RecordId, bool>::new();
    let mut households = BTreeSet::new();
    for threat in threats.filter(|threat| !threat.is_deleted()) {
        let Some((by, household)) = threat.reference("hazard_point").zip(threat.reference("household")) else {
            continue;
        };
        let stands = stands.entry(by).or_insert_with(|| {
            point(by).is_some_and(|point| !point.is_deleted() && date(&point, "retired_on").is_none())
        });
        if *stands {
            households.insert(household);
        }
    }
    let lives = |person: &Record| person.is_present() && lives_there(person);
    let count =
        households.into_iter().map(|household| people(household).iter().filter(|p| lives(p)).count()).sum::<usize>();
    vec![(What::PeopleThreatened, String::new(), i64::try_from(count).unwrap_or(0))]
}
