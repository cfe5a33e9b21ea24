//! Incidents: the list of them, one with its photos and its way through the seven steps, and taking a step.

use std::collections::BTreeMap;

use domain::incident::{IncidentState, Progress, RULES, Stage, WayStage, is_own_errand, may, may_ever, stage_of, way};
use domain::kinds::household::Household;
use domain::kinds::incident::Incident;
use domain::kinds::person::Person;
use domain::review::ReviewState;
use domain::workdays::Due;
use domain::{CellCode, Kind, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::conflict::ConflictLine;
use super::photo::PhotoLine;
use super::record::{OfRecord, Saved, append};
use super::review::ReviewInfo;
use super::{Failure, Nothing, conflict, found};
use crate::read::{Places, incident_lines, photos_of, progress_of, review_info};
use crate::{Device, Open};

/// An incident in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct IncidentLine {
    /// The incident.
    pub id: RecordId,
    /// The county's number, once the server gave one.
    pub number: Option<String>,
    /// One line.
    pub title: String,
    /// Code of the category.
    pub category: String,
    /// 1 most urgent … 4.
    pub severity: i64,
    /// When it was noticed.
    pub happened_at: i64,
    /// The address, or the place in words.
    pub place: Option<String>,
    /// Photos at it.
    pub photos: i64,
    /// Of these, photos whose bytes are on the server.
    pub photos_sent: i64,
    /// Where it stands with the supervisor.
    pub review: ReviewState,
    /// Nothing of it is unsent.
    pub sent: bool,
    /// Which of the seven steps it waits for.
    pub stage: Stage,
    /// The word for where it stands.
    pub state: IncidentState,
    /// Until when.
    pub due: Option<Due>,
    /// Its time is up.
    pub overdue: bool,
    /// Its result waits to be checked by whoever holds this phone.
    pub to_verify: bool,
    /// Archived, merged or declined.
    pub ended: bool,
}

/// An incident with everything at it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct IncidentPage {
    /// The incident.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub incident: Incident,
    /// The address of the dwelling or household it names.
    pub address: Option<String>,
    /// Its photos, in the order they were taken.
    pub photos: Vec<PhotoLine>,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
    /// Where it stands in the loop, with every step.
    pub progress: Progress,
    /// The seven steps, as they look from there.
    pub way: Vec<WayStage>,
    /// Its time is up.
    pub overdue: bool,
    /// Codes of what whoever holds this phone may do now.
    pub may: Vec<String>,
    /// The photos of its steps, by the step.
    #[ts(type = "Record<string, Array<PhotoLine>>")]
    pub step_photos: BTreeMap<RecordId, Vec<PhotoLine>>,
}

/// Takes a step of an incident.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct AddStepArgs {
    /// Of which incident.
    pub incident: RecordId,
    /// Code of what is done.
    pub action: String,
    /// In words.
    pub opinion: Option<String>,
    /// To which unit it goes, or into which incident it is merged.
    pub to: Option<String>,
}

/// Asks what a new report at a household begins with.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct StartReportArgs {
    /// At which household.
    pub household: Option<RecordId>,
}

/// What a new report begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ReportStart {
    /// Whoever holds this phone can also solve what is reported.
    pub may_solve: bool,
    /// The resident of that household.
    pub contact_name: Option<String>,
    /// Their telephone.
    pub contact_phone: Option<String>,
}

pub(super) fn incidents(device: &Device, _: Nothing) -> Result<Vec<IncidentLine>, Failure> {
    device.with_open(|open: &mut Open| Ok(incident_lines(open)?))
}

pub(super) fn incident(device: &Device, args: OfRecord) -> Result<IncidentPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Incident)?;
        let store = open.store();
        let progress = progress_of(open, &record)?;
        let mut step_photos = BTreeMap::new();
        for step in &progress.steps {
            let photos = photos_of(store, step.id)?;
            if !photos.is_empty() {
                step_photos.insert(step.id, photos);
            }
        }
        Ok(IncidentPage {
            id: record.id,
            cell: record.cell.clone(),
            incident: Incident::from(&record),
            address: Places::new(store).incident_address(&record)?,
            photos: photos_of(store, record.id)?,
            review: review_info(store, &record)?,
            conflicts: conflict::lines(open, &record)?,
            sent: store.is_sent(record.id)?,
            way: way(&progress),
            overdue: progress.is_overdue(open.now()),
            may: actions(open, &record, &progress),
            progress,
            step_photos,
        })
    })
}

/// What whoever holds this phone may do with an incident that stands there, in the order of the table.
fn actions(open: &Open, record: &Record, progress: &Progress) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for rule in RULES {
        if !found.iter().any(|action| action == rule.action) && may_now(open, record, progress, rule.action) {
            found.push(rule.action.to_owned());
        }
    }
    found
}

fn may_now(open: &Open, record: &Record, progress: &Progress, action: &str) -> bool {
    let account = open.account();
    let errand = is_own_errand(&Incident::from(record), Some(account.account.as_str()));
    may(account.role, errand, action, progress.stage, progress.ended)
}

pub(super) fn add_incident_step(device: &Device, args: AddStepArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.incident, &Kind::Incident)?;
        let progress = progress_of(open, &record)?;
        if !may_now(open, &record, &progress, &args.action) {
            return Err(Failure::problem("action", ProblemCode::NotAllowed));
        }
        let stage = stage_of(&args.action).unwrap_or(progress.stage);
        // A check names the result that was looked at: a newer one has to be looked at again.
        let answers = progress.result.filter(|_| matches!(args.action.as_str(), "pass" | "fail"));
        let fields = [
            ("incident", json!(record.id)),
            ("step", json!(stage.code())),
            ("action", json!(args.action)),
            ("opinion", json!(args.opinion)),
            ("to", json!(args.to)),
            ("answers", json!(answers)),
        ];
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let id = append(open, &Kind::IncidentStep, fields)?;
        Ok(Saved { id, warnings: Vec::new() })
    })
}

pub(super) fn start_report(device: &Device, args: StartReportArgs) -> Result<ReportStart, Failure> {
    device.with_open(|open: &mut Open| {
        let may_solve = may_ever(open.account().role, false, "solve");
        let household = args.household.map(|id| open.store().standing(id)).transpose()?.flatten();
        let Some(household) = household.filter(|record| record.kind == Kind::Household) else {
            return Ok(ReportStart { may_solve, contact_name: None, contact_phone: None });
        };
        let household = Household::from(&household);
        let head =
            household.head.map(|id| open.store().standing(id)).transpose()?.flatten().map(|head| Person::from(&head));
        let contact_phone = household.contact_phone.or_else(|| head.as_ref().and_then(|head| head.phone.clone()));
        Ok(ReportStart { may_solve, contact_name: head.map(|head| head.name), contact_phone })
    })
}
