//! Marks in a roll-call: saying where people are, saying it once more, taking it back.

use std::collections::BTreeSet;

use domain::kinds::roll_call::{Mark, RollCall, written};
use domain::{CellCode, Fields, Kind, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::evacuation::standing;
use super::{Failure, Nothing};
use crate::{Device, Open, store};

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

/// All of them or none, like the tap that made them: half a household must not stay marked.
pub(super) fn unmark(device: &Device, args: UnmarkArgs) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| {
        let marks: BTreeSet<RecordId> = args.marks.into_iter().collect();
        let (mut only_here, mut known) = (Vec::new(), Vec::new());
        for id in &marks {
            let Some(held) = store::held(open.store().connection(), *id)? else { continue };
            let Some(mark) = RollCall::read(&held.record) else { continue };
            if held.is_only_here() { only_here.push(*id) } else { known.push(mark) }
        }
        // Others may know of these: what stood before is said anew.
        let mut said = Vec::new();
        for mark in &known {
            said.extend(what_stood_before(open, mark, &only_here, &marks)?);
        }
        open.replace_several(&only_here, &Kind::RollCall, said)?;
        Ok(Nothing {})
    })
}

/// What is to be said of somebody whose mark is taken back together with `all`, of which these go without trace. None when somebody
/// marked them since: that stands.
fn what_stood_before(
    open: &Open,
    mark: &RollCall,
    going: &[RecordId],
    all: &BTreeSet<RecordId>,
) -> Result<Option<(CellCode, Fields)>, Failure> {
    let this = standing(open, mark.evacuation)?;
    let of_person = || this.marks.iter().filter(|other| other.person == mark.person && !going.contains(&other.id));
    let latest = of_person().max_by_key(|other| (other.stamp, other.id));
    if latest.is_none_or(|latest| latest.id != mark.id) {
        return Ok(None);
    }
    let before = of_person().filter(|other| !all.contains(&other.id)).max_by_key(|other| (other.stamp, other.id));
    let (said, note) = before.map_or((Mark::NotContacted, None), |before| (before.mark, before.note.as_deref()));
    let fields = written(this.id, (mark.person, said), open.now(), &open.account().account, note);
    Ok(Some((this.cell.clone(), fields)))
}
