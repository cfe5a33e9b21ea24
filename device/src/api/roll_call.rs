//! Marks in a roll-call: saying where people are, saying it once more, taking it back.

use std::collections::BTreeSet;

use domain::kinds::roll_call::{Mark, RollCall, written};
use domain::{Kind, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::evacuation::standing;
use super::{Failure, Nothing};
use crate::read::Evacuating;
use crate::{Device, DeviceError, Open};

/// Marks people.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct MarkArgs {
    /// The evacuation.
    pub evacuation: RecordId,
    /// The people.
    pub people: Vec<RecordId>,
    /// What is said of them; what stands of each is said once more when it is left out.
    pub mark: Option<Mark>,
    /// In words.
    pub note: Option<String>,
}

/// The marks that were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Marked {
    /// Their records, for taking them back.
    pub marks: Vec<RecordId>,
}

/// Takes marks back.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct UnmarkArgs {
    /// The records.
    pub marks: Vec<RecordId>,
}

pub(super) fn mark_people(device: &Device, args: MarkArgs) -> Result<Marked, Failure> {
    device.with_open(|open: &mut Open| {
        let this = standing(open, args.evacuation)?;
        let people: BTreeSet<RecordId> = args.people.iter().copied().collect();
        let marks = this.roll().to_mark(&people, args.mark);
        let marks = marks.ok_or_else(|| Failure::problem("person", ProblemCode::MissingTarget))?;
        let (by, now) = (open.account().account.clone(), open.now());
        let mark = |marked| (this.cell.clone(), written(this.id, marked, now, &by, args.note.as_deref()));
        let marks = marks.into_iter().map(mark).collect();
        Ok(Marked { marks: open.create_several(&Kind::RollCall, marks)? })
    })
}

/// Writes a mark, also of an evacuation that another phone handed over and that is not in this register yet.
fn write_mark(
    open: &mut Open,
    this: &Evacuating,
    person: RecordId,
    mark: Mark,
    note: Option<&str>,
) -> Result<RecordId, DeviceError> {
    let by = open.account().account.clone();
    let fields = written(this.id, (person, mark), open.now(), &by, note);
    open.write(&Kind::RollCall, None, Some(&this.cell), fields)
}

pub(super) fn unmark(device: &Device, args: UnmarkArgs) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| {
        for id in args.marks {
            let Some(mark) = open.store().get(id)?.as_ref().and_then(RollCall::read) else { continue };
            match open.take_back(id) {
                // Others may know of it: what stood before is said anew.
                Err(DeviceError::Sealed) => say_what_stood_before(open, &mark)?,
                taken_back => taken_back?,
            }
        }
        Ok(Nothing {})
    })
}

fn say_what_stood_before(open: &mut Open, mark: &RollCall) -> Result<(), Failure> {
    let this = standing(open, mark.evacuation)?;
    let of_person = |other: &&RollCall| other.person == mark.person;
    let latest = this.marks.iter().filter(of_person).max_by_key(|other| (other.stamp, other.id));
    if latest.map(|latest| latest.id) != Some(mark.id) {
        // Somebody marked them since: that stands.
        return Ok(());
    }
    let others = this.marks.iter().filter(of_person).filter(|other| other.id != mark.id);
    let before = others.max_by_key(|other| (other.stamp, other.id));
    let (said, note) = before.map_or((Mark::NotContacted, None), |before| (before.mark, before.note.clone()));
    write_mark(open, &this, mark.person, said, note.as_deref())?;
    Ok(())
}
