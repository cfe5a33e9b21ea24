//! One resident, household or door that was entered twice: shown side by side, made one, and taken back.

use std::collections::BTreeSet;

use domain::same::{can_be_same, differing, merging, parting};
use domain::spec::{FieldType, field};
use domain::{Kind, Problem, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::Failure;
use super::record::{OfRecord, Saved, missing_targets};
use crate::read::Places;
use crate::{Device, DeviceError, Open};

/// Two entries.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct CompareArgs {
    /// One of them.
    pub id: RecordId,
    /// The other.
    pub other: RecordId,
}

/// One field of two entries.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct ComparedField {
    /// Its name.
    pub name: String,
    /// The value of the entry that stays.
    #[ts(type = "unknown")]
    pub stays: Value,
    /// What that value is called, where it names a record.
    pub stays_title: Option<String>,
    /// The value of the entry that gives way.
    #[ts(type = "unknown")]
    pub gives_way: Value,
    /// What that value is called, where it names a record.
    pub gives_way_title: Option<String>,
    /// The value of the entry that gives way is the one to keep, as far as nobody says otherwise: the other is empty or older.
    pub take: bool,
}

/// Two entries side by side. The older one stays.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Comparison {
    /// What they are.
    pub kind: Kind,
    /// The entry that stays.
    pub stays: RecordId,
    /// What it is called.
    pub stays_title: String,
    /// Where.
    pub stays_subtitle: String,
    /// The entry that gives way.
    pub gives_way: RecordId,
    /// What it is called.
    pub gives_way_title: String,
    /// Where.
    pub gives_way_subtitle: String,
    /// The fields in which they differ.
    pub fields: Vec<ComparedField>,
    /// Why they cannot be made one, if so.
    pub hindrance: Option<ProblemCode>,
}

/// Makes two entries one.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct MergeArgs {
    /// One of them.
    pub id: RecordId,
    /// The other.
    pub other: RecordId,
    /// Fields whose value is taken from the entry that gives way.
    pub taken: BTreeSet<String>,
}

/// An entry that gave way to the one that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct MergedLine {
    /// Its record.
    pub id: RecordId,
    /// What it was called.
    pub title: String,
    /// Where it was.
    pub subtitle: String,
}

/// The entry that stands for one of two: of a kind that can be entered twice, and in the register.
pub(super) fn one_of_two(open: &Open, id: RecordId) -> Result<Record, Failure> {
    let record = open.store().standing(id)?.filter(|record| record.is_present() && can_be_same(&record.kind));
    record.ok_or_else(Failure::not_found)
}

/// Both entries, the one that stays first; and why they cannot be made one.
fn both(open: &Open, id: RecordId, other: RecordId) -> Result<(Record, Record, Option<ProblemCode>), Failure> {
    let (one, other) = (one_of_two(open, id)?, one_of_two(open, other)?);
    let hindrance = if one.kind != other.kind || one.id == other.id {
        Some(ProblemCode::MissingTarget)
    } else {
        (one.cell != other.cell).then_some(ProblemCode::OtherCell)
    };
    let (stays, gives_way) = if one.id < other.id { (one, other) } else { (other, one) };
    Ok((stays, gives_way, hindrance))
}

pub(super) fn compare(device: &Device, args: CompareArgs) -> Result<Comparison, Failure> {
    device.with_open(|open: &mut Open| {
        let (stays, gives_way, hindrance) = both(open, args.id, args.other)?;
        let mut places = Places::new(open.store());
        let mut fields = Vec::new();
        for name in differing(&stays, &gives_way) {
            fields.extend(compared(open, &mut places, (&stays, &gives_way), name)?);
        }
        Ok(Comparison {
            kind: stays.kind.clone(),
            stays: stays.id,
            stays_title: places.title(&stays.kind, &stays.fields)?,
            stays_subtitle: places.subtitle(&stays)?,
            gives_way: gives_way.id,
            gives_way_title: places.title(&gives_way.kind, &gives_way.fields)?,
            gives_way_subtitle: places.subtitle(&gives_way)?,
            fields,
            hindrance,
        })
    })
}

/// One differing field; none when both name entries that are one already.
fn compared(
    open: &Open,
    places: &mut Places<'_>,
    (stays, gives_way): (&Record, &Record),
    name: &str,
) -> Result<Option<ComparedField>, DeviceError> {
    let names = field(&stays.kind, name).is_some_and(|spec| spec.of == FieldType::Ref);
    let named = |record: &Record| record.reference(name).filter(|_| names);
    let (one, other) = (named(stays), named(gives_way));
    if let Some((one, other)) = one.zip(other)
        && open.store().survivor(one)? == open.store().survivor(other)?
    {
        return Ok(None);
    }
    let mut title = |id: Option<RecordId>| -> Result<Option<String>, DeviceError> {
        let Some(id) = id else { return Ok(None) };
        let (name, address) = (places.name(id)?, places.address(id)?);
        let both = if name == address { vec![name] } else { vec![name, address] };
        Ok(Some(both.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")))
    };
    let value = |record: &Record| record.fields.get(name).filter(|value| value.as_str() != Some("")).cloned();
    let (kept, given) = (value(stays).unwrap_or_default(), value(gives_way).unwrap_or_default());
    let newer = gives_way.stamps.of(name) > stays.stamps.of(name);
    Ok(Some(ComparedField {
        name: name.to_owned(),
        take: !given.is_null() && (kept.is_null() || newer),
        stays: kept,
        stays_title: title(one)?,
        gives_way: given,
        gives_way_title: title(other)?,
    }))
}

pub(super) fn merge(device: &Device, args: MergeArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let (stays, gives_way, hindrance) = both(open, args.id, args.other)?;
        if let Some(code) = hindrance {
            return Err(Failure::invalid(vec![Problem::new("", code)]));
        }
        let merging = merging(&stays, &gives_way, &args.taken);
        open.write_several(vec![(gives_way.id, merging.gives_way), (stays.id, merging.stays)])?;
        Ok(Saved { id: stays.id, warnings: Vec::new() })
    })
}

/// The entry stands for itself again.
pub(super) fn part(device: &Device, args: OfRecord) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let record = open.store().get(args.id)?.filter(|record| can_be_same(&record.kind));
        let gave_way = record.ok_or_else(Failure::not_found)?;
        let Some(into) = gave_way.merged_into() else {
            // Parted already, perhaps by a second tap.
            return Ok(Saved { id: args.id, warnings: Vec::new() });
        };
        let stays = open.store().get(into)?;
        let mut parting = parting(stays.as_ref().unwrap_or(&gave_way), &gave_way);
        // A former head who was erased since is nobody's head again; without a former door the present one stays.
        for problem in missing_targets(open, &gave_way.kind, &parting.stays)? {
            if field(&gave_way.kind, &problem.field).is_some_and(|spec| spec.required) {
                parting.stays.remove(&problem.field);
            } else {
                parting.stays.insert(problem.field, Value::Null);
            }
        }
        let mut writes = vec![(gave_way.id, parting.gives_way)];
        writes.extend(stays.map(|stays| (stays.id, parting.stays)));
        open.write_several(writes)?;
        Ok(Saved { id: args.id, warnings: Vec::new() })
    })
}

/// The entries that gave way to one, for its page.
pub(super) fn merged_lines(open: &Open, id: RecordId) -> Result<Vec<MergedLine>, DeviceError> {
    let mut places = Places::new(open.store());
    let mut lines = Vec::new();
    for record in open.store().gave_way_to(id)? {
        // Its own words, as they were entered: the places know only the entry that stands for it.
        let title = places.title(&record.kind, &record.fields)?;
        let door = match record.kind.belongs_to().and_then(|field| record.reference(field)) {
            Some(above) if record.kind != Kind::Dwelling => places.address(above)?,
            _ => String::new(),
        };
        lines.push(MergedLine { id: record.id, title, subtitle: door });
    }
    Ok(lines)
}
