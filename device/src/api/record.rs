//! Records of any kind: reading one, saving fields of it, taking it out of the register and putting it back.

use domain::address::half_width;
use domain::record::{Fields, Record};
use domain::spec::{FieldType, field, named_kind};
use domain::validate::{Warning, today};
use domain::{CellCode, Kind, Problem, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use super::conflict::ConflictLine;
use super::dispute::said_of_nobody;
use super::review::ReviewInfo;
use super::{Failure, category, conflict};
use crate::open::New;
use crate::outbox;
use crate::read::{DwellingFacts, Register, dwelling_of, is_shown, review_info};
use crate::{Device, DeviceError, Open, Seen};

/// Names one record.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OfRecord {
    /// Its id.
    pub id: RecordId,
}

/// A record of any kind, for editing it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct RecordPage {
    /// The record.
    pub record: Record,
    /// The stamps of its fields: `save` is told which of these values the form showed.
    pub seen: Seen,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// A case file of whose parties only the sides are left: no words are added to it.
    pub about_nobody: bool,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// Saves fields of a record, or a new record.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct SaveArgs {
    /// What it is about.
    pub kind: Kind,
    /// The record; none for a new one.
    pub id: Option<RecordId>,
    /// The cell of a new record; may be left out when the phone holds one cell only or the record belongs to another.
    pub cell: Option<CellCode>,
    /// The fields that changed. `null` empties a field.
    #[ts(type = "{ [key in string]: unknown }", optional = false)]
    pub fields: Fields,
    /// What the form showed when they were typed, as the page of the record told it: the stamp of each field's value, and nothing of
    /// a field that was empty. What came down since is then not taken for known. Left out: what stands was seen.
    pub seen: Option<Seen>,
}

/// What became of saving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Saved {
    /// The record.
    pub id: RecordId,
    /// What looks odd but was taken.
    pub warnings: Vec<Warning>,
}

pub(super) fn record(device: &Device, args: OfRecord) -> Result<RecordPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = shown_record(open, args.id)?;
        let (review, sent) = (review_info(open.store(), &record)?, open.store().is_sent(record.id)?);
        let conflicts = conflict::lines(open, &record)?;
        let about_nobody = outbox::is_of_nobody(open.store().connection(), record.id)?;
        Ok(RecordPage { seen: record.stamps_by_field().collect(), record, review, conflicts, about_nobody, sent })
    })
}

/// The record, taken out of the register or not; not found when it is not shown to this worker.
fn shown_record(open: &Open, id: RecordId) -> Result<Record, Failure> {
    open.store().get(id)?.filter(|record| is_shown(open, record)).ok_or_else(Failure::not_found)
}

/// The record that a form edits, if it is here; none for a new one. Not found when it is not shown to this worker.
pub(super) fn edited(open: &Open, id: Option<RecordId>) -> Result<Option<Record>, Failure> {
    let current = id.map(|id| open.store().get(id)).transpose()?.flatten();
    if current.as_ref().is_some_and(|record| !is_shown(open, record)) {
        return Err(Failure::not_found());
    }
    Ok(current)
}

pub(super) fn save(device: &Device, args: SaveArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| save_all(open, args))
}

fn save_all(open: &mut Open, args: SaveArgs) -> Result<Saved, Failure> {
    let Fit { cell, fields, warnings } = fit(open, &args)?;
    let used = fields.get("category").and_then(Value::as_str).map(str::to_owned);
    let id = open.write_seeing(&args.kind, args.id, cell.as_ref(), fields, args.seen.as_ref())?;
    category::used(open, used.as_deref());
    Ok(Saved { id, warnings })
}

/// A new record as a form would save it, for whoever stores it together with others; and what looks odd about it.
///
/// # Errors
/// As the command `save`; nothing is stored.
pub(super) fn to_create(
    open: &mut Open,
    kind: &Kind,
    cell: &CellCode,
    fields: Fields,
) -> Result<(New, Vec<Warning>), Failure> {
    let args = SaveArgs { kind: kind.clone(), id: None, cell: Some(cell.clone()), fields, seen: None };
    let Fit { fields, warnings, .. } = fit(open, &args)?;
    Ok((New { kind: args.kind, id: open.new_id(), cell: cell.clone(), fields }, warnings))
}

/// What a form says, as it is stored.
struct Fit {
    cell: Option<CellCode>,
    fields: Fields,
    warnings: Vec<Warning>,
}

/// Looks at what a form says: completed, in one spelling, and found fit as far as only this phone's register can tell.
fn fit(open: &mut Open, args: &SaveArgs) -> Result<Fit, Failure> {
    if args.kind.is_append_only() {
        // Visits and photos have commands of their own that know what they need.
        return Err(Failure::problem("", ProblemCode::NotAllowed));
    }
    let current = edited(open, args.id)?;
    let mut fields = normalised(&args.kind, args.fields.clone());
    if args.id.is_none() || current.is_some() {
        let known = |name: &str| current.as_ref().is_some_and(|record| record.fields.contains_key(name));
        fields.retain(|name, value| !value.is_null() || known(name));
    }
    if args.kind == Kind::Incident {
        complete_incident(open, &mut fields, args.id.is_none());
    }
    if args.id.is_none() {
        complete(open, &args.kind, &mut fields);
    }
    let mut problems = missing_targets(open, &args.kind, &fields)?;
    problems.extend(foreign_author(open, &args.kind, &fields, current.as_ref()));
    problems.extend(said_of_nobody(open, &fields, current.as_ref())?);
    let mut whole = current.as_ref().map(|record| record.fields.clone()).unwrap_or_default();
    whole.extend(fields.clone());
    let mut warnings =
        if args.kind == Kind::Person { domain::validate::warnings(&whole, today(open.now())) } else { Vec::new() };
    let cell = match (args.id, &current) {
        // A new record that was refused is made again where it was made.
        (Some(_), None) => args.cell.clone(),
        _ => cell_of(open, &args.kind, &whole, args.cell.as_ref(), current.as_ref())?,
    };
    if args.kind == Kind::Dwelling && address_is_taken(open, &whole, &fields, args.id, cell.as_ref())? {
        if dwelling_of(&whole).room.is_some() {
            problems.push(Problem::new("room", ProblemCode::AddressTaken));
        } else {
            warnings.push(Warning::SameAddress);
        }
    }
    if problems.is_empty() { Ok(Fit { cell, fields, warnings }) } else { Err(Failure::invalid(problems)) }
}

/// One spelling for what people type in many: telephone and document numbers half-width and without spaces, texts trimmed, blank as empty.
pub(super) fn normalised(kind: &Kind, fields: Fields) -> Fields {
    let one = |(name, value): (String, Value)| {
        let Some(text) = value.as_str() else { return (name, value) };
        let text = match field(kind, &name).map(|spec| spec.of) {
            Some(FieldType::Phone) => domain::phone::normalise(text),
            Some(FieldType::DocumentNumber) => domain::document::normalise(text),
            Some(FieldType::Text { .. }) if matches!(name.as_str(), "unit" | "room" | "house_number") => {
                half_width(text).trim().to_owned()
            }
            Some(_) => text.trim().to_owned(),
            // Fields of a newer version are not ours to change.
            None => return (name, value),
        };
        let value = if text.is_empty() { Value::Null } else { Value::String(text) };
        (name, value)
    };
    fields.into_iter().map(one).collect()
}

/// What every record says and nobody types: who and when.
fn complete(open: &Open, kind: &Kind, fields: &mut Fields) {
    if field(kind, "by").is_some_and(|spec| spec.of == FieldType::Account) {
        fields.entry("by".to_owned()).or_insert_with(|| json!(open.account().account));
    }
    if *kind == Kind::CarePlan {
        fields.entry("responsible".to_owned()).or_insert_with(|| json!(open.account().account));
    }
    if let Some(moment) = kind.moment() {
        fields.entry(moment.to_owned()).or_insert_with(|| json!(open.now()));
    }
}

/// Adds a record of an append-only kind, in the cell of what it belongs to: who and when are filled in.
///
/// # Errors
/// [`Failure`] with what is wrong with which field, and the storage's; nothing is stored then.
pub(super) fn append(open: &mut Open, kind: &Kind, fields: Fields) -> Result<RecordId, Failure> {
    let New { id, cell, fields, .. } = appended(open, kind, fields, &[])?;
    Ok(open.create(kind, id, Some(&cell), fields)?)
}

/// What [`append`] stores; it may name what is new too and stored together with it.
///
/// # Errors
/// [`Failure`] with what is wrong with which field.
pub(super) fn appended(open: &Open, kind: &Kind, fields: Fields, beside: &[New]) -> Result<New, Failure> {
    let mut fields = normalised(kind, fields);
    fields.retain(|_, value| !value.is_null());
    complete(open, kind, &mut fields);
    let mut problems = missing_targets(open, kind, &fields)?;
    problems.retain(|problem| {
        let named = fields.get(&problem.field).and_then(|value| value.as_str()?.parse::<RecordId>().ok());
        let wanted = named_kind(kind, &problem.field);
        !beside.iter().any(|new| named == Some(new.id) && wanted.as_ref() == Some(&new.kind))
    });
    if !problems.is_empty() {
        return Err(Failure::invalid(problems));
    }
    let cell = cell_of(open, kind, &fields, None, None)?;
    let cell = cell.ok_or_else(|| Failure::problem("", ProblemCode::ForeignCell))?;
    Ok(New { kind: kind.clone(), id: open.new_id(), cell, fields })
}

/// What an incident needs and nobody types: of which list the category was taken; how urgent it usually is.
fn complete_incident(open: &Open, fields: &mut Fields, new: bool) {
    let category = fields.get("category").and_then(Value::as_str).and_then(|code| open.lists().category(code));
    let severity = category.and_then(|category| category.default_severity);
    if fields.contains_key("category") {
        fields.insert("list_version".to_owned(), json!(open.lists().version));
    }
    if !new {
        return;
    }
    fields.entry("source".to_owned()).or_insert_with(|| json!("worker"));
    if let Some(severity) = severity {
        fields.entry("severity".to_owned()).or_insert(json!(severity));
    }
}

pub(super) fn missing_targets(open: &Open, kind: &Kind, fields: &Fields) -> Result<Vec<Problem>, DeviceError> {
    let mut problems = Vec::new();
    for (name, value) in fields {
        let Some((wanted, id)) = named_kind(kind, name).zip(value.as_str().and_then(|text| text.parse().ok())) else {
            continue;
        };
        let target = open.store().get(id)?;
        if target.is_none_or(|target| target.kind != wanted || target.is_deleted()) {
            problems.push(Problem::new(name, ProblemCode::MissingTarget));
        }
    }
    Ok(problems)
}

/// Nobody writes in another's name; a colleague's report keeps its author.
fn foreign_author(open: &Open, kind: &Kind, fields: &Fields, current: Option<&Record>) -> Option<Problem> {
    field(kind, "by")?;
    let by = fields.get("by")?;
    let own = by.as_str() == Some(open.account().account.as_str());
    let unchanged = current.is_some_and(|record| record.fields.get("by") == Some(by));
    (!unchanged && (!own || current.is_some())).then(|| Problem::new("by", ProblemCode::OtherAuthor))
}

/// The cell of a new record: the one given, or that of what it belongs to.
fn cell_of(
    open: &Open,
    kind: &Kind,
    fields: &Fields,
    given: Option<&CellCode>,
    current: Option<&Record>,
) -> Result<Option<CellCode>, DeviceError> {
    if let Some(cell) = current.map(|record| &record.cell).or(given) {
        return Ok(Some(cell.clone()));
    }
    for name in kind.places() {
        if let Some(id) = fields.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok())
            && let Some(record) = open.store().get(id)?
        {
            return Ok(Some(record.cell));
        }
    }
    open.first_cell()
}

/// Whether another dwelling of the village has the same address, when the address is being written.
fn address_is_taken(
    open: &mut Open,
    whole: &Fields,
    written: &Fields,
    id: Option<RecordId>,
    cell: Option<&CellCode>,
) -> Result<bool, DeviceError> {
    const ADDRESS: [&str; 6] = ["building", "unit", "room", "street", "group", "house_number"];
    Ok(ADDRESS.iter().any(|name| written.contains_key(*name)) && !same_address(open, whole, id, cell)?.is_empty())
}

/// The other dwellings of the village with the same address, in one spelling. None while neither room nor house number is said.
pub(super) fn same_address(
    open: &mut Open,
    whole: &Fields,
    id: Option<RecordId>,
    cell: Option<&CellCode>,
) -> Result<Vec<RecordId>, DeviceError> {
    let register = Register::whole(open)?;
    let dwelling = dwelling_of(whole);
    let said = dwelling.room.is_some() || dwelling.house_number.is_some();
    let Some(cell) = cell.filter(|_| said) else { return Ok(Vec::new()) };
    let key = dwelling.address_key(register.building_name(&dwelling));
    let same = |other: &&DwellingFacts| {
        Some(other.id) != id
            && other.cell.village() == cell.village()
            && other.dwelling.address_key(register.building_name(&other.dwelling)) == key
    };
    Ok(register.dwellings.values().filter(same).map(|other| other.id).collect())
}

pub(super) fn remove(device: &Device, args: OfRecord) -> Result<Saved, Failure> {
    set_deleted(device, args.id, true)
}

pub(super) fn put_back(device: &Device, args: OfRecord) -> Result<Saved, Failure> {
    set_deleted(device, args.id, false)
}

fn set_deleted(device: &Device, id: RecordId, deleted: bool) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let record = shown_record(open, id)?;
        if record.kind.is_append_only() {
            return Err(DeviceError::Sealed.into());
        }
        if record.is_deleted() != deleted {
            let fields = Fields::from([("deleted".to_owned(), Value::Bool(deleted))]);
            open.write(&record.kind, Some(id), None, fields)?;
        }
        Ok(Saved { id, warnings: Vec::new() })
    })
}
