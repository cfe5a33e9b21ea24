//! Several residents at once: one form, one visit record each, all of them or none.

use domain::{CellCode, Fields, Kind, Problem, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::visit::{Said, check_moment, visited};
use super::{Failure, Nothing};
use crate::{Device, DeviceError, Open};

/// At most so many at once: a stairwell, not a town.
const AT_ONCE_MAX: usize = 100;

/// Somebody to visit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct VisitTarget {
    /// The household or person.
    pub id: RecordId,
    /// `household` or `person`.
    pub kind: String,
}

/// Records a visit to each of several.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct RecordVisitsArgs {
    /// Who was visited.
    pub targets: Vec<VisitTarget>,
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
}

/// Records that were stored together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct SavedSeveral {
    /// Their ids, in the order that was asked for.
    pub ids: Vec<RecordId>,
}

/// Names several records.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OfSeveral {
    /// Their ids.
    pub ids: Vec<RecordId>,
}

pub(super) fn record_visits(device: &Device, args: RecordVisitsArgs) -> Result<SavedSeveral, Failure> {
    device.with_open(|open: &mut Open| {
        if args.targets.is_empty() {
            return Err(Failure::problem("target", ProblemCode::Required));
        }
        if args.targets.len() > AT_ONCE_MAX {
            let limit = AT_ONCE_MAX as i64;
            return Err(Failure::invalid(vec![Problem::with_limit("target", ProblemCode::TooLong, limit)]));
        }
        check_moment(open, args.at)?;
        let said = Said {
            result: args.result,
            way: args.way,
            purposes: args.purposes,
            needs: args.needs,
            note: args.note,
            at: args.at,
            replaces: None,
            care_plan: None,
        };
        let mut records: Vec<(CellCode, Fields)> = Vec::with_capacity(args.targets.len());
        for (index, target) in args.targets.iter().enumerate() {
            // The same door tapped twice is one visit.
            if args.targets[..index].contains(target) {
                continue;
            }
            let record = visited(open, target.id, &target.kind)?;
            records.push((record.cell, said.fields(open, target.id, &target.kind)));
        }
        Ok(SavedSeveral { ids: open.create_several(&Kind::Visit, records)? })
    })
}

pub(super) fn take_back_several(device: &Device, args: OfSeveral) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| -> Result<Nothing, DeviceError> {
        open.take_back_several(&args.ids)?;
        Ok(Nothing {})
    })?;
    Ok(Nothing {})
}
