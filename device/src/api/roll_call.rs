//! Marks in a roll-call: saying where people are, saying it once more, taking it back.

use std::collections::BTreeSet;

use domain::kinds::roll_call::{Mark, RollCall};
use domain::{Fields, Kind, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
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
        let on_roster: BTreeSet<RecordId> = this.order.roster.iter().map(|listed| listed.person).collect();
        if !args.people.iter().all(|person| on_roster.contains(person)) {
            return Err(Failure::problem("person", ProblemCode::MissingTarget));
        }
        let people: BTreeSet<RecordId> = args.people.iter().copied().collect();
        let note = args.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        let marks: Vec<(RecordId, Mark)> = this
            .roll()
            .people
            .iter()
            .filter(|(listed, _)| people.contains(&listed.person))
            .filter_map(|(listed, standing)| {
                // Nothing was said of them yet: then nothing can be said once more.
                Some((listed.person, args.mark.or(standing.map(|standing| standing.mark))?))
            })
            .collect();
        let mut made = Vec::new();
        for (person, mark) in marks {
            made.push(write_mark(open, &this, person, mark, note.as_deref())?);
        }
        Ok(Marked { marks: made })
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
    let mut fields = Fields::from([
        ("evacuation".to_owned(), json!(this.id)),
        ("person".to_owned(), json!(person)),
        ("mark".to_owned(), json!(mark)),
        ("at".to_owned(), json!(open.now())),
        ("by".to_owned(), json!(open.account().account)),
    ]);
    fields.extend(note.map(|note| ("note".to_owned(), json!(note))));
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
