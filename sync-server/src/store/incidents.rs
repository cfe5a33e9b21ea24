//! The derived table of incidents: what a list shows of each, and what each was to the departments.

use domain::codes::Lists;
use domain::incident::{IncidentState, Progress, Stage, Tenure, Turn, fold, reported_at};
use domain::kinds::Position;
use domain::kinds::incident::Incident;
use domain::workdays::Due;
use domain::world::Millis;
use domain::{CellCode, Record, RecordId, Scope};
use serde::{Deserialize, Serialize};

use super::Answer;

/// An incident on a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentRow {
    /// The incident.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// The county's number.
    pub number: Option<String>,
    /// One line.
    pub title: String,
    /// Where, in words.
    pub place: Option<String>,
    /// At which door.
    pub dwelling: Option<RecordId>,
    /// At which household.
    pub household: Option<RecordId>,
    /// Where, on the map.
    #[serde(default)]
    pub position: Option<Position>,
    /// Code of the category.
    pub category: String,
    /// 1 most urgent … 4.
    pub severity: i64,
    /// Which step it waits for.
    pub stage: Stage,
    /// The word for it.
    pub state: IncidentState,
    /// Whose turn it is.
    pub turn: Turn,
    /// Codes of the departments that have it, the one that leads first.
    pub departments: Vec<String>,
    /// Until when.
    pub due: Option<Due>,
    /// The department asks for more time.
    pub extension_asked: bool,
    /// Urged or supervised.
    pub urged: bool,
    /// How often it was taken up again.
    pub reopened: u32,
    /// Over.
    pub ended: bool,
    /// When it was reported.
    pub reported_at: Millis,
    /// When it was archived, merged or declined.
    pub closed_at: Option<Millis>,
    /// When something was last done for it.
    pub changed_at: Millis,
}

impl IncidentRow {
    /// What the fold says of an incident; none when it was deleted.
    pub fn of(record: &Record, steps: &[Record], lists: &Lists) -> Option<(Self, Vec<Tenure>)> {
        if record.fields.get("deleted").and_then(serde_json::Value::as_bool) == Some(true) {
            return None;
        }
        let incident = Incident::from(record);
        let progress = fold(record, steps, lists);
        let reported_at = reported_at(record, &incident);
        let row = Self {
            id: record.id,
            cell: record.cell.clone(),
            closed_at: closed_at(&progress),
            changed_at: progress.steps.iter().map(|step| step.at).fold(reported_at, Millis::max),
            number: incident.number,
            title: incident.title,
            place: incident.place,
            dwelling: incident.dwelling,
            household: incident.household,
            position: incident.position,
            category: incident.category,
            severity: incident.severity,
            stage: progress.stage,
            state: progress.state,
            turn: progress.turn,
            departments: progress.departments,
            due: progress.due,
            extension_asked: progress.extension_asked,
            urged: progress.urged,
            reopened: progress.reopened,
            ended: progress.ended,
            reported_at,
        };
        Some((row, progress.tenures))
    }

    /// What is searched in.
    pub fn words(&self) -> String {
        let parts = [self.number.as_deref(), Some(self.title.as_str()), self.place.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n").to_lowercase()
    }
}

fn closed_at(progress: &Progress) -> Option<Millis> {
    let closes = |action: &str| matches!(action, "close" | "merge" | "decline");
    let last = progress.steps.iter().rev().find(|step| !step.late && closes(&step.action));
    last.filter(|_| progress.ended).map(|step| step.at)
}

/// In which order incidents are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentOrder {
    /// What is due first, first; what has no end, last.
    Due,
    /// What was changed last, first.
    Changed,
}

/// Which incidents are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentQuery {
    /// Cells that begin with one of these.
    pub scopes: Vec<Scope>,
    /// Only those that stand here.
    pub stage: Option<Stage>,
    /// Only over, only not over.
    pub ended: Option<bool>,
    /// Only this severity.
    pub severity: Option<i64>,
    /// Only this category, or this group of categories.
    pub category: Option<String>,
    /// Only those that this department has.
    pub department: Option<String>,
    /// Only those whose time was up then.
    pub overdue_at: Option<Millis>,
    /// Only those with a place on the map, only those without.
    pub placed: Option<bool>,
    /// Only those that say this.
    pub text: Option<String>,
    /// The order.
    pub order: IncidentOrder,
    /// Go on behind this one: the number that the order goes by, and the incident.
    pub after: Option<(i64, RecordId)>,
    /// At most this many.
    pub limit: usize,
}

/// How many incidents stand in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageCount {
    /// Where.
    pub stage: Stage,
    /// They are over.
    pub ended: bool,
    /// How many.
    pub incidents: u64,
    /// How many of them have no time left.
    pub overdue: u64,
}

/// The incidents of a place on the map, where there are too many to draw each.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceIncidents {
    /// Code of the place.
    pub place: String,
    /// The middle of their positions.
    pub position: Position,
    /// How many.
    pub incidents: u64,
    /// How many of them have no time left.
    pub overdue: u64,
    /// The most urgent severity among them.
    pub severity: i64,
}

/// How many incidents a query finds with and without a place on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedCount {
    /// With one.
    pub placed: u64,
    /// Without.
    pub unplaced: u64,
}

/// Which departments' numbers are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct NumbersQuery {
    /// Cells that begin with one of these.
    pub scopes: Vec<Scope>,
    /// Only this department.
    pub department: Option<String>,
    /// What was given to a department from then.
    pub from: Millis,
    /// … until before then.
    pub to: Millis,
    /// What has to be answered is judged as of now.
    pub now: Millis,
    /// How many digits of a cell's code make a place: 9 towns, 12 villages.
    pub digits: usize,
}

/// What was given to a department in a place, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentNumbers {
    /// Code of the department.
    pub department: String,
    /// Code of the place.
    pub place: String,
    /// How often something was given to it.
    pub given: u64,
    /// … of which the time to answer is over, or an answer is there.
    pub to_answer: u64,
    /// … of which it answered within a workday.
    pub answered_in_time: u64,
    /// … of which it said that they are not its business.
    pub refused: u64,
    /// … of which its result was found good and stayed so.
    pub solved: u64,
    /// … of which the result came in time.
    pub solved_in_time: u64,
    /// Ratings: satisfied.
    pub satisfied: u64,
    /// Ratings: fairly satisfied.
    pub fairly: u64,
    /// Ratings: not satisfied.
    pub dissatisfied: u64,
}

/// What can be asked of the derived table.
pub trait IncidentTable {
    /// A page of incidents.
    fn incidents(&self, query: &IncidentQuery) -> Answer<Vec<IncidentRow>>;
    /// How many incidents stand where; stage, end, order and page of the query are passed over.
    fn incident_counts(&self, query: &IncidentQuery, now: Millis) -> Answer<Vec<StageCount>>;
    /// How many of what a query finds have a place on the map; order and page of the query are passed over.
    fn incidents_placed(&self, query: &IncidentQuery) -> Answer<PlacedCount>;
    /// What a query finds on the map by place, with so many digits of a cell's code making one; order and page are passed over.
    fn incidents_by_place(&self, query: &IncidentQuery, digits: usize, now: Millis) -> Answer<Vec<PlaceIncidents>>;
    /// The line of an incident.
    fn incident_row(&self, within: &Scope, id: RecordId) -> Answer<Option<IncidentRow>>;
    /// What came of what was given to departments.
    fn department_numbers(&self, query: &NumbersQuery) -> Answer<Vec<DepartmentNumbers>>;
}
