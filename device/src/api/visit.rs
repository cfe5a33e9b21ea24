//! Visits: one tap at a door.

use domain::review::ReviewState;
use domain::{Fields, Kind, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use super::record::{OfRecord, Saved};
use super::{Failure, Nothing};
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
}

pub(super) fn record_visit(device: &Device, args: RecordVisitArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let target = open.store().get(args.target)?.filter(|target| !target.is_deleted());
        let target = target.ok_or_else(|| Failure::problem("target", ProblemCode::MissingTarget))?;
        let visited = matches!(target.kind, Kind::Household | Kind::Person);
        if !visited || target.kind.as_str() != args.target_kind {
            return Err(Failure::problem("target_kind", ProblemCode::MissingTarget));
        }
        if let Some(replaced) = args.replaces {
            may_be_replaced(open, replaced)?;
        }
        let fields = fields(args, open);
        let id = open.write(&Kind::Visit, None, Some(&target.cell), fields)?;
        Ok(Saved { id, warnings: Vec::new() })
    })
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

fn fields(args: RecordVisitArgs, open: &Open) -> Fields {
    let given = [
        ("target", Some(json!(args.target))),
        ("target_kind", Some(json!(args.target_kind))),
        ("at", Some(json!(args.at.unwrap_or_else(|| open.now())))),
        ("result", Some(json!(args.result))),
        ("by", Some(json!(open.account().account))),
        ("way", Some(json!(args.way.as_deref().unwrap_or("door")))),
        ("purposes", args.purposes.filter(|codes| !codes.is_empty()).map(|codes| json!(codes))),
        ("needs", args.needs.filter(|codes| !codes.is_empty()).map(|codes| json!(codes))),
        ("note", args.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty()).map(Value::String)),
        ("replaces", args.replaces.map(|replaced| json!(replaced))),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

pub(super) fn take_back(device: &Device, args: OfRecord) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| -> Result<Nothing, DeviceError> {
        open.take_back(args.id)?;
        Ok(Nothing {})
    })?;
    Ok(Nothing {})
}
