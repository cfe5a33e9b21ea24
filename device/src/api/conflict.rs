//! Entries that two people changed without knowing of each other: both values, whose they are, and the one tap between them.

use domain::conflict::{Conflict, Hand, Writer};
use domain::spec::{FieldType, field};
use domain::world::Millis;
use domain::{Kind, Record, RecordId, Stamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{Failure, Nothing};
use crate::conflicts::Standing;
use crate::open::Account;
use crate::read::{Places, is_shown};
use crate::{Device, DeviceError, Open};

/// Whose value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Whose {
    /// The worker's own, written on this phone.
    Mine,
    /// The worker's own, written on another phone.
    MineElsewhere,
    /// A colleague's.
    Colleague,
    /// Written at the desk.
    Desk,
    /// It is not known (yet).
    Unknown,
}

/// One of the two values.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct ConflictSide {
    /// The value; null: empty.
    #[ts(type = "unknown")]
    pub value: Value,
    /// What is called so that the value names: a record, or somebody by their account (the account itself where this phone knows no name).
    pub title: Option<String>,
    /// Whose it is.
    pub whose: Whose,
    /// The person's name, of a colleague and of the desk.
    pub name: Option<String>,
    /// When it was written.
    pub at: Millis,
}

/// A field that two people changed without knowing of each other.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct ConflictLine {
    /// The record.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// The field.
    pub field: String,
    /// Names the conflict, with record and field.
    pub stamp: Stamp,
    /// The stamp of what stands: whoever taps says that this was seen.
    pub seen: Stamp,
    /// What stands.
    pub present: ConflictSide,
    /// What does not.
    pub other: ConflictSide,
    /// The worker put the present value back: one tap undoes that.
    pub restored: bool,
    /// Whether this account may let the other value stand.
    pub restorable: bool,
}

/// A record with something to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ConflictItem {
    /// The record.
    pub record_id: RecordId,
    /// What it is about.
    pub kind: Kind,
    /// Its name.
    pub title: String,
    /// Where.
    pub subtitle: String,
    /// The fields that two people changed.
    pub fields: Vec<String>,
}

/// Names a conflict.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct OfConflict {
    /// The record.
    pub id: RecordId,
    /// The field.
    pub field: String,
    /// The stamp of the value that was set aside.
    pub stamp: Stamp,
    /// The stamp of what stood beside it on the screen. A third value that came down since is then not taken for known. Left out: what
    /// stands was seen.
    pub seen: Option<Stamp>,
}

/// The conflicts of a record that a person can decide: those of fields that are words, numbers, amounts, days, choices or
/// people.
pub(super) fn lines(open: &Open, record: &Record) -> Result<Vec<ConflictLine>, DeviceError> {
    let mut places = Places::new(open.store());
    let mut lines = Vec::new();
    for standing in open.conflicts_of(record)? {
        if is_told(&record.kind, &standing.conflict.field) {
            lines.push(line(open, &mut places, record, &standing)?);
        }
    }
    Ok(lines)
}

/// The records with something to decide, in the order of their names.
pub(super) fn items(open: &Open) -> Result<Vec<ConflictItem>, DeviceError> {
    let mut places = Places::new(open.store());
    let mut items = Vec::new();
    for record in open.undecided()?.into_iter().filter(|record| is_shown(open, record)) {
        let undecided = open.conflicts_of(&record)?.into_iter().filter(|standing| !standing.restored);
        let mut fields: Vec<String> =
            undecided.map(|standing| standing.conflict.field).filter(|field| is_told(&record.kind, field)).collect();
        fields.sort();
        fields.dedup();
        if fields.is_empty() {
            continue;
        }
        items.push(ConflictItem {
            record_id: record.id,
            title: places.title(&record.kind, &record.fields)?,
            subtitle: places.subtitle(&record)?,
            kind: record.kind,
            fields,
        });
    }
    items.sort_by(|a, b| (&a.title, a.record_id).cmp(&(&b.title, b.record_id)));
    Ok(items)
}

/// Whether the values of a field say something to a person: the screens have words for them. Who wrote a record (`by`) nobody chooses
/// afterwards.
fn is_told(kind: &Kind, name: &str) -> bool {
    field(kind, name).is_some_and(|spec| !matches!(name, "list_version" | "by") && has_words(spec.of))
}

/// Every type is named here: of one that nobody thought of, what was set aside would be shown nowhere, and would count as seen all the
/// same as soon as its writer writes the field again.
fn has_words(of: FieldType) -> bool {
    use FieldType as Type;
    match of {
        Type::Text { .. } | Type::Lines { .. } | Type::Name | Type::Names | Type::Phone | Type::DocumentNumber => true,
        Type::Code { .. } | Type::Codes { .. } | Type::Category | Type::Bool | Type::Int { .. } | Type::Yuan => true,
        Type::PastDate | Type::Date | Type::PastMoment => true,
        // What they name has a name.
        Type::Ref | Type::Account => true,
        // Two points of a map, two outlines, two parties of one name or two codes look alike to whoever reads them.
        Type::Position | Type::Boundary | Type::Parties | Type::Division => false,
        // Nobody writes over these, or the app itself does.
        Type::Moment | Type::Departments { .. } | Type::Refs { .. } | Type::Roster | Type::Hazards => false,
        Type::Answers | Type::ItemWords | Type::Remarks | Type::Values | Type::FieldNames => false,
        Type::Sha256 | Type::Version => false,
    }
}

fn line(
    open: &Open,
    places: &mut Places<'_>,
    record: &Record,
    standing: &Standing,
) -> Result<ConflictLine, DeviceError> {
    let conflict = &standing.conflict;
    let value = record.fields.get(&conflict.field).cloned().unwrap_or(Value::Null);
    let set_aside = (conflict.by.as_ref(), conflict.stamp);
    let replaced = standing.replaced.as_ref();
    // A value that was put back is still whose it was.
    let (present, other) = match replaced {
        Some(replaced) if standing.restored => {
            (set_aside, (replaced.value.clone(), (replaced.by.as_ref(), replaced.stamp)))
        }
        Some(replaced) if replaced.value == value => {
            ((replaced.by.as_ref(), replaced.stamp), (conflict.value.clone(), set_aside))
        }
        _ => {
            let stamp = record.stamps.of(&conflict.field);
            let by = conflict.won_by.as_ref().filter(|_| stamp == conflict.won_stamp);
            ((by, stamp), (conflict.value.clone(), set_aside))
        }
    };
    Ok(ConflictLine {
        id: record.id,
        kind: record.kind.clone(),
        field: conflict.field.clone(),
        stamp: conflict.stamp,
        seen: record.stamps.of(&conflict.field),
        present: side(open, places, (record, conflict), value, present)?,
        other: side(open, places, (record, conflict), other.0, other.1)?,
        restored: standing.restored,
        restorable: open.may_restore(&record.kind),
    })
}

fn side(
    open: &Open,
    places: &mut Places<'_>,
    (record, conflict): (&Record, &Conflict),
    value: Value,
    (by, stamp): (Option<&Writer>, Stamp),
) -> Result<ConflictSide, DeviceError> {
    let own = open.account();
    let title = match field(&record.kind, &conflict.field).map(|spec| spec.of) {
        Some(FieldType::Ref) => title_of(places, &value)?,
        Some(FieldType::Account) => value.as_str().map(|account| name_of(account, own, conflict)),
        _ => None,
    };
    let whose = match by {
        None => Whose::Unknown,
        Some(writer) if writer.hand == Hand::Desk => Whose::Desk,
        Some(writer) if writer.hand == Hand::ThisPhone => Whose::Mine,
        Some(writer) if writer.account == own.account => Whose::MineElsewhere,
        Some(_) => Whose::Colleague,
    };
    let name = by.filter(|_| matches!(whose, Whose::Colleague | Whose::Desk)).map(|writer| writer.name.clone());
    Ok(ConflictSide { value, title, whose, name: name.filter(|name| !name.is_empty()), at: stamp.millis() })
}

/// What a record is called that a value names.
fn title_of(places: &mut Places<'_>, value: &Value) -> Result<Option<String>, DeviceError> {
    let Some(id) = value.as_str().and_then(|text| text.parse::<RecordId>().ok()) else { return Ok(None) };
    let target = places.record(id)?.cloned();
    target.map(|target| places.title(&target.kind, &target.fields)).transpose()
}

/// What somebody is called whose account a value names. A phone is told of nobody's name but its own worker's and those of who wrote the two
/// values; of anybody else the account says who it is.
fn name_of(account: &str, own: &Account, conflict: &Conflict) -> String {
    let writers = [&conflict.by, &conflict.won_by].into_iter().flatten();
    let named = writers.map(|writer| (&writer.account, &writer.name)).chain([(&own.account, &own.display_name)]);
    let mut names = named.filter(|(named, name)| named.as_str() == account && !name.is_empty());
    names.next().map_or(account, |(_, name)| name.as_str()).to_owned()
}

pub(super) fn restore_value(device: &Device, args: OfConflict) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| -> Result<Nothing, Failure> {
        open.restore_value((args.id, &args.field), args.stamp, args.seen)?;
        Ok(Nothing {})
    })
}

pub(super) fn dismiss_conflict(device: &Device, args: OfConflict) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| -> Result<Nothing, Failure> {
        open.dismiss_conflict(args.id, &args.field, args.stamp)?;
        Ok(Nothing {})
    })
}
