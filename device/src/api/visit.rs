//! Visits: one tap at a door.

use domain::kinds::visit::Visit;
use domain::review::ReviewState;
use domain::{Fields, Kind, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::record::{OfRecord, Saved};
use super::{Failure, Nothing};
use crate::read::is_shown;
use crate::{Device, DeviceError, Open};

/// A visit in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct VisitLine {
    /// The visit.
    pub id: RecordId,
    /// Who was visited.
    pub target_id: RecordId,
    /// `household` or `person`.
    pub target_kind: String,
    /// Their name.
    pub title: String,
    /// Where.
    pub address: String,
    /// Code of the result.
    pub result: String,
    /// Code of the way.
    pub way: Option<String>,
    /// In words.
    pub note: Option<String>,
    /// Who went: an account.
    pub by: Option<String>,
    /// When.
    pub at: i64,
    /// Where it stands with the supervisor.
    pub review: ReviewState,
    /// Nothing of it is unsent.
    pub sent: bool,
    /// A later visit corrects this one.
    pub replaced: bool,
    /// It was never offered to the server, so `take_back` leaves no trace of it.
    pub may_take_back: bool,
}

/// Records a visit. Target and result are enough.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct RecordVisitArgs {
    /// The household or person.
    pub target: RecordId,
    /// `household` or `person`.
    pub target_kind: String,
    /// Code of the result.
    pub result: String,
    /// Code of the way; at the door when left out.
    pub way: Option<String>,
    /// Codes of the purposes.
    pub purposes: Option<Vec<String>>,
    /// Codes of what was asked for.
    pub needs: Option<Vec<String>>,
    /// In words.
    pub note: Option<String>,
    /// When; now when left out.
    pub at: Option<i64>,
    /// The visit that this one corrects.
    pub replaces: Option<RecordId>,
    /// The care plan that it was made for.
    pub care_plan: Option<RecordId>,
}

/// How the last visit went about it, to be repeated with one tap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct LastVisit {
    /// Code of the way.
    pub way: String,
    /// Codes of the purposes.
    pub purposes: Vec<String>,
}

pub(super) fn record_visit(device: &Device, args: RecordVisitArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let target = visited(open, args.target, &args.target_kind)?;
        if let Some(replaced) = args.replaces {
            may_be_replaced(open, replaced)?;
        }
        if let Some(plan) = args.care_plan {
            may_be_named(open, plan)?;
        }
        check_moment(open, args.at)?;
        let said = Said {
            result: args.result,
            way: args.way,
            purposes: args.purposes,
            needs: args.needs,
            note: args.note,
            at: args.at,
            replaces: args.replaces,
            care_plan: args.care_plan,
        };
        let fields = said.fields(open, args.target, &args.target_kind);
        let id = open.write(&Kind::Visit, None, Some(&target.cell), fields)?;
        Ok(Saved { id, warnings: Vec::new() })
    })
}

/// Whoever is visited: a household or a person of the register.
pub(super) fn visited(open: &Open, target: RecordId, kind: &str) -> Result<Record, Failure> {
    let target = open.store().get(target)?.filter(|target| !target.is_deleted());
    let target = target.ok_or_else(|| Failure::problem("target", ProblemCode::MissingTarget))?;
    let visited = matches!(target.kind, Kind::Household | Kind::Person);
    if !visited || target.kind.as_str() != kind {
        return Err(Failure::problem("target_kind", ProblemCode::MissingTarget));
    }
    Ok(target)
}

/// A visit may be written down later, never in advance.
pub(super) fn check_moment(open: &Open, at: Option<i64>) -> Result<(), Failure> {
    if at.is_some_and(|at| at > open.now()) {
        return Err(Failure::problem("at", ProblemCode::InFuture));
    }
    Ok(())
}

/// Only a care plan that the worker is shown can be named.
fn may_be_named(open: &Open, plan: RecordId) -> Result<(), Failure> {
    let plan = open.store().get(plan)?.filter(|plan| plan.kind == Kind::CarePlan && is_shown(open, plan));
    plan.map(|_| ()).ok_or_else(|| Failure::problem("care_plan", ProblemCode::MissingTarget))
}

/// Only an own visit can be corrected by another.
fn may_be_replaced(open: &Open, replaced: RecordId) -> Result<(), Failure> {
    let record = open.store().get(replaced)?.filter(|record| record.kind == Kind::Visit);
    let record = record.ok_or_else(|| Failure::problem("replaces", ProblemCode::MissingTarget))?;
    if record.text("by") == Some(open.account().account.as_str()) {
        Ok(())
    } else {
        Err(Failure::problem("replaces", ProblemCode::OtherAuthor))
    }
}

/// Everything about a visit but whom it was made to.
pub(super) struct Said {
    pub(super) result: String,
    pub(super) way: Option<String>,
    pub(super) purposes: Option<Vec<String>>,
    pub(super) needs: Option<Vec<String>>,
    pub(super) note: Option<String>,
    pub(super) at: Option<i64>,
    pub(super) replaces: Option<RecordId>,
    pub(super) care_plan: Option<RecordId>,
}

impl Said {
    /// The fields of a visit to that household or person.
    pub(super) fn fields(&self, open: &Open, target: RecordId, target_kind: &str) -> Fields {
        let codes =
            |codes: &Option<Vec<String>>| codes.as_ref().filter(|codes| !codes.is_empty()).map(|codes| json!(codes));
        let note = self.note.as_ref().map(|note| note.trim()).filter(|note| !note.is_empty());
        let given = [
            ("target", Some(json!(target))),
            ("target_kind", Some(json!(target_kind))),
            ("at", Some(json!(self.at.unwrap_or_else(|| open.now())))),
            ("result", Some(json!(self.result))),
            ("by", Some(json!(open.account().account))),
            ("way", Some(json!(self.way.as_deref().unwrap_or("door")))),
            ("purposes", codes(&self.purposes)),
            ("needs", codes(&self.needs)),
            ("note", note.map(|note| json!(note))),
            ("replaces", self.replaces.map(|replaced| json!(replaced))),
            ("care_plan", self.care_plan.map(|plan| json!(plan))),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// How many of the latest visits are looked through for an own one with a purpose.
const LOOKED_BACK: i64 = 60;

/// The way and the purposes of the latest own visit that named any.
pub(super) fn last_visit(device: &Device, _: Nothing) -> Result<Option<LastVisit>, Failure> {
    device.with_open(|open: &mut Open| {
        let own = open.account().account.as_str();
        let latest = "kind = 'visit' AND deleted = 0 ORDER BY at DESC, id DESC LIMIT ?1";
        let visits = open.store().records(latest, [LOOKED_BACK])?;
        let own =
            visits.iter().map(Visit::from).find(|visit| visit.by.as_deref() == Some(own) && !visit.purposes.is_empty());
        Ok(own.map(|visit| LastVisit { way: visit.way.unwrap_or_else(|| "door".to_owned()), purposes: visit.purposes }))
    })
}

pub(super) fn take_back(device: &Device, args: OfRecord) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| -> Result<Nothing, DeviceError> {
        open.take_back(args.id)?;
        Ok(Nothing {})
    })?;
    Ok(Nothing {})
}
