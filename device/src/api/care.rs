//! Care plans: who is to be visited when. Shown to whoever is responsible, and to supervisors.

use domain::care::CareStanding;
use domain::kinds::care_plan::CarePlan;
use domain::scope::Role;
use domain::validate::today;
use domain::{Fields, Kind, Record, RecordId};
use serde::Serialize;
use serde_json::json;
use ts_rs::TS;

use super::conflict::ConflictLine;
use super::household::VISITS_SHOWN;
use super::record::{OfRecord, Saved};
use super::review::ReviewInfo;
use super::visit::VisitLine;
use super::{Failure, Nothing, conflict, found};
use crate::read::{Places, care_lines, care_lines_of, is_shown, latest_visits, review_info};
use crate::{Device, DeviceError, Open};

/// Whose number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ContactOf {
    /// The helper that the plan names: a relative or neighbour.
    Helper,
    /// The resident.
    Resident,
    /// The household's number.
    Household,
}

/// Somebody to ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CareContact {
    /// Whose number it is.
    pub whose: ContactOf,
    /// Their name, if it is known.
    pub name: Option<String>,
    /// The number.
    pub phone: String,
}

/// A care plan in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CareLine {
    /// The plan.
    pub id: RecordId,
    /// Who is looked after.
    pub person_id: Option<RecordId>,
    /// Where they live.
    pub household_id: Option<RecordId>,
    /// Behind which door.
    pub dwelling_id: Option<RecordId>,
    /// Their name.
    pub name: String,
    /// Written out.
    pub address: String,
    /// Code of the level.
    pub level: String,
    /// Code of the reason.
    pub reason: Option<String>,
    /// First day of the plan, `YYYY-MM-DD`.
    pub starts_on: Option<String>,
    /// Last day; none while it goes on.
    pub ends_on: Option<String>,
    /// How it stands today.
    pub standing: CareStanding,
    /// The day of the next check.
    pub due_on: Option<String>,
    /// Days since then.
    pub days_late: i64,
    /// When the person or the household was last met.
    pub last_met: Option<i64>,
    /// When somebody last tried.
    pub latest_at: Option<i64>,
    /// Code of that visit's result.
    pub latest_result: Option<String>,
    /// Whom to ring.
    pub contacts: Vec<CareContact>,
    /// The person moved out, died or is not in the register any more: the plan can be ended.
    pub left: bool,
}

/// A care plan with everything at it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct CarePlanPage {
    /// How it stands.
    pub line: CareLine,
    /// Its fields.
    pub plan: CarePlan,
    /// Days between two visits.
    pub interval_days: Option<u16>,
    /// Who is responsible is somebody else: a supervisor looks at it.
    pub of_another: bool,
    /// The latest thirty visits to the person and the household, newest first.
    pub visits: Vec<VisitLine>,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// The plans, the most urgent first.
pub(super) fn care(device: &Device, _: Nothing) -> Result<Vec<CareLine>, Failure> {
    device.with_open(|open: &mut Open| Ok(care_lines(open)?))
}

/// The plans that ask for something today, for the first screen. A supervisor looks after nobody's visits there.
pub(super) fn due_today(open: &mut Open) -> Result<Vec<CareLine>, DeviceError> {
    if open.account().role == Role::Supervisor {
        return Ok(Vec::new());
    }
    let due = |line: &CareLine| line.standing <= CareStanding::Due;
    Ok(care_lines(open)?.into_iter().filter(due).collect())
}

/// A plan, if it is shown to this phone's user.
fn shown_plan(open: &Open, id: RecordId) -> Result<Record, Failure> {
    let record = found(open, id, &Kind::CarePlan)?;
    if is_shown(open, &record) { Ok(record) } else { Err(Failure::not_found()) }
}

pub(super) fn care_plan(device: &Device, args: OfRecord) -> Result<CarePlanPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = shown_plan(open, args.id)?;
        let store = open.store();
        let plan = CarePlan::from(&record);
        let person = plan.person.map(|id| store.get(id)).transpose()?.flatten();
        let person = person.filter(|person| person.kind == Kind::Person).ok_or_else(Failure::not_found)?;
        let line = care_lines_of(open, &person)?.into_iter().find(|line| line.id == record.id);
        let line = line.ok_or_else(Failure::not_found)?;
        let targets: Vec<RecordId> = [Some(person.id), line.household_id].into_iter().flatten().collect();
        let level = domain::care::CareLevel::of_code(&plan.level);
        Ok(CarePlanPage {
            interval_days: level.map(|level| open.lists().care.days(level)),
            of_another: plan.responsible.as_deref() != Some(open.account().account.as_str()),
            visits: latest_visits(store, &mut Places::new(store), &targets, VISITS_SHOWN)?,
            review: review_info(store, &record)?,
            conflicts: conflict::lines(open, &record)?,
            sent: store.is_sent(record.id)?,
            line,
            plan,
        })
    })
}

/// Ends a plan with this day: what was written stays.
pub(super) fn end_care(device: &Device, args: OfRecord) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let record = shown_plan(open, args.id)?;
        let day = today(open.now()).to_string();
        // A plan that was to begin later ends on the day that it would have begun: never before it.
        let begins = record.text("starts_on").map(str::to_owned).filter(|begins| *begins > day);
        let fields = Fields::from([("ends_on".to_owned(), json!(begins.unwrap_or(day)))]);
        let id = open.write(&Kind::CarePlan, Some(args.id), None, fields)?;
        Ok(Saved { id, warnings: Vec::new() })
    })
}
