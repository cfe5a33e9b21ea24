//! What may be stored: judged field by field from the tables of the kinds, then across fields. The same on phone and server.

use std::collections::BTreeSet;

use chrono::{Months, NaiveDate};
use serde_json::Value;

use crate::change::Change;
use crate::china::wall_clock;
use crate::codes::{CodeList, Lists};
use crate::document::read_id_card;
use crate::geo::{on_globe, swapped};
use crate::ids::{AccountId, CellCode, RecordId, Scope, Sha256Hex, Version};
use crate::lines::is_line_break;
use crate::merge::only_loses;
use crate::phone::is_phone;
use crate::problem::{Problem, ProblemCode};
use crate::protocol::{CHANGE_BYTES_MAX, CHANGE_FIELDS_MAX, VALUE_DEPTH_MAX, counted_bytes, counted_fields, depth};
use crate::record::{Fields, Kind, Record, is_field_name};
use crate::same::{MERGED_INTO, can_be_same};
use crate::spec::{FieldSpec, FieldType, field, fields};
use crate::world::Millis;

/// A worker's clock may be this far ahead before a moment counts as lying in the future (one day, in milliseconds).
pub const MOMENT_GRACE: Millis = 24 * 60 * 60 * 1000;

/// A moment that may lie ahead lies at most ten years ahead.
const MOMENT_AHEAD_MAX: Millis = 10 * 366 * 24 * 60 * 60 * 1000;

/// An entry of a list of parties, hazards or people has at most so many members, of at most so many bytes altogether.
const ENTRY_MEMBERS_MAX: usize = 24;
const ENTRY_BYTES_MAX: usize = 8 * 1024;

/// What a judgement depends on besides the change.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Now, by the judge's clock.
    pub now: Millis,
    /// The county's lists.
    pub lists: &'a Lists,
}

impl Setting<'_> {
    /// Today in China (UTC+8, no daylight saving time): dates on forms are Chinese dates.
    pub fn today(&self) -> NaiveDate {
        today(self.now)
    }
}

/// The day in China (UTC+8) at a moment.
pub fn today(now: Millis) -> NaiveDate {
    wall_clock(now).map_or(NaiveDate::MIN, |moment| moment.date_naive())
}

/// Everything that is wrong with a change, given the record as it stands. An empty list: it may be merged.
///
/// Fields that this version does not know are kept as they are (an old program never destroys what a newer one wrote); only
/// their name, size and depth are bounded.
pub fn problems(change: &Change, current: Option<&Record>, setting: Setting<'_>) -> Vec<Problem> {
    let mut found = problems_apart(change, current, setting);
    // What lost already only goes into the history. Beside the values that won it need not make sense.
    if found.is_empty() && !current.is_some_and(|current| only_loses(current, change)) {
        found.extend(do_not_go_together(change, current, setting));
    }
    found
}

/// The same of what was judged in its day already: by the lists of that day, and beside the values that stood then. What the county
/// publishes may be unknown by now, and what went together may not go with what stands. A blank remark was taken by older versions.
pub fn problems_of_its_day(change: &Change, current: Option<&Record>, setting: Setting<'_>) -> Vec<Problem> {
    let mut found = problems_apart(change, current, setting);
    let published = |name: &str| field(&change.kind, name).is_some_and(|spec| is_published(spec.of));
    found.retain(|problem| problem.code != ProblemCode::UnknownCode || !published(&problem.field));
    let blank = |name: &str| field(&change.kind, name).is_some_and(|spec| spec.of == FieldType::Remarks);
    found.retain(|problem| problem.code != ProblemCode::Required || !blank(&problem.field));
    found
}

/// Whether a field's codes are those that the county publishes.
fn is_published(of: FieldType) -> bool {
    match of {
        FieldType::Category | FieldType::Departments { .. } => true,
        FieldType::Code { list } | FieldType::Codes { list } => list == CodeList::VisitPurpose,
        _ => false,
    }
}

/// What is wrong with each value by itself.
fn problems_apart(change: &Change, current: Option<&Record>, setting: Setting<'_>) -> Vec<Problem> {
    if let Kind::Other(_) = change.kind {
        return vec![Problem::new("", ProblemCode::UnknownKind)];
    }
    if counted_bytes(&change.fields) > CHANGE_BYTES_MAX {
        return vec![Problem::with_limit("", ProblemCode::TooManyBytes, CHANGE_BYTES_MAX as i64)];
    }
    if change.fields.is_empty() || counted_fields(&change.fields) > CHANGE_FIELDS_MAX {
        return vec![Problem::with_limit("", ProblemCode::FieldName, CHANGE_FIELDS_MAX as i64)];
    }
    let mut found: Vec<Problem> =
        change.fields.iter().filter_map(|(name, value)| field_problem(&change.kind, name, value, setting)).collect();
    if current.is_none() {
        found.extend(missing(&change.kind, &change.fields));
    }
    if found.is_empty() {
        found.extend(unsound(change, current));
    }
    found
}

fn missing(kind: &Kind, given: &Fields) -> Vec<Problem> {
    let absent = |spec: &&FieldSpec| spec.required && !given.contains_key(spec.name);
    fields(kind).iter().filter(absent).map(|spec| Problem::new(spec.name, ProblemCode::Required)).collect()
}

fn field_problem(kind: &Kind, name: &str, value: &Value, setting: Setting<'_>) -> Option<Problem> {
    if !is_field_name(name) {
        // The name itself is hostile: it is not repeated.
        return Some(Problem::new("", ProblemCode::FieldName));
    }
    if depth(value) > VALUE_DEPTH_MAX {
        return Some(Problem::with_limit(name, ProblemCode::ValueSize, VALUE_DEPTH_MAX as i64));
    }
    let spec = field(kind, name)?;
    if value.is_null() || value.as_str() == Some("") {
        return spec.required.then(|| Problem::new(name, ProblemCode::Required));
    }
    let fault = match spec.of {
        FieldType::Values => former_values_fault(kind, value),
        of => value_problem(of, value, setting),
    };
    fault.map(|(code, limit)| Problem { field: name.to_owned(), code, limit })
}

type Fault = (ProblemCode, Option<i64>);

fn fault(wrong: bool, code: ProblemCode) -> Option<Fault> {
    wrong.then_some((code, None))
}

/// What is wrong with a value that is not empty.
fn value_problem(of: FieldType, value: &Value, setting: Setting<'_>) -> Option<Fault> {
    const WRONG_TYPE: Option<Fault> = Some((ProblemCode::WrongType, None));
    let text = value.as_str();
    match of {
        FieldType::Bool => fault(!value.is_boolean(), ProblemCode::WrongType),
        FieldType::Int { min, max } => value.as_i64().map_or(WRONG_TYPE, |number| int_fault(number, min, max)),
        FieldType::PastMoment => value.as_i64().map_or(WRONG_TYPE, |at| {
            fault(at > setting.now.saturating_add(MOMENT_GRACE), ProblemCode::InFuture)
                .or_else(|| fault(at < 0, ProblemCode::NoSuchDate))
        }),
        FieldType::Codes { list } => {
            items(value, 40, |item| fault(!setting.lists.knows(list, item), ProblemCode::UnknownCode))
        }
        FieldType::Departments { max } => {
            items(value, max, |item| fault(setting.lists.department(item).is_none(), ProblemCode::UnknownCode))
        }
        FieldType::Refs { max } => {
            items(value, max, |item| fault(item.parse::<RecordId>().is_err(), ProblemCode::WrongType))
        }
        FieldType::Position => position_fault(value),
        FieldType::Moment => value.as_i64().map_or(WRONG_TYPE, |at| {
            fault(!(0..=setting.now.saturating_add(MOMENT_AHEAD_MAX)).contains(&at), ProblemCode::NoSuchDate)
        }),
        FieldType::Names
        | FieldType::Parties
        | FieldType::Answers
        | FieldType::ItemWords
        | FieldType::Hazards
        | FieldType::Roster => shape_fault(of, value),
        FieldType::Remarks => remarks_fault(value),
        FieldType::Boundary => crate::boundary::fault(value),
        FieldType::FieldNames => field_names_fault(value),
        _ => text.map_or(WRONG_TYPE, |text| text_problem(of, text, setting)),
    }
}

/// What is wrong with the text of a field whose values are texts.
fn text_problem(of: FieldType, text: &str, setting: Setting<'_>) -> Option<Fault> {
    match of {
        FieldType::Text { max } => line_fault(text, max),
        FieldType::Lines { max } => text_fault(text, max),
        FieldType::Name => name_fault(text),
        FieldType::Code { list } => fault(!setting.lists.knows(list, text), ProblemCode::UnknownCode),
        FieldType::Category => fault(setting.lists.category(text).is_none(), ProblemCode::UnknownCode),
        FieldType::PastDate => date_fault(text, setting.today()),
        FieldType::Date => {
            date_fault(text, setting.today().checked_add_months(Months::new(100 * 12)).unwrap_or(NaiveDate::MAX))
        }
        FieldType::Yuan => fault(!is_yuan(text), ProblemCode::AmountForm),
        FieldType::Ref => fault(text.parse::<RecordId>().is_err(), ProblemCode::WrongType),
        FieldType::Phone => fault(!is_phone(text), ProblemCode::PhoneForm),
        FieldType::DocumentNumber => line_fault(text, 30),
        FieldType::Sha256 => fault(Sha256Hex::new(text).is_err(), ProblemCode::WrongType),
        FieldType::Version => fault(Version::new(text).is_err(), ProblemCode::WrongType),
        FieldType::Division => fault(Scope::new(text).is_err(), ProblemCode::WrongType),
        FieldType::Account => fault(AccountId::new(text).is_err(), ProblemCode::WrongType),
        _ => fault(true, ProblemCode::WrongType),
    }
}

fn int_fault(number: i64, min: i64, max: i64) -> Option<Fault> {
    if number < min {
        Some((ProblemCode::TooSmall, Some(min)))
    } else if number > max {
        Some((ProblemCode::TooLarge, Some(max)))
    } else {
        None
    }
}

/// What is wrong with a short text of one line that is no field of a record: a name that the office gives, a heading. It must say
/// something, and nothing in it is invisible.
pub fn line_problem(field: &str, text: &str, max: usize) -> Option<Problem> {
    let found = fault(text.trim().is_empty(), ProblemCode::Required)
        .or_else(|| line_fault(text, max))
        .or_else(|| fault(text.contains('\t'), ProblemCode::ControlCharacter));
    found.map(|(code, limit)| Problem { field: field.to_owned(), code, limit })
}

/// What is wrong with a text of one line.
fn line_fault(text: &str, max: usize) -> Option<Fault> {
    text_fault(text, max).or_else(|| fault(text.contains(is_line_break), ProblemCode::LineBreak))
}

fn text_fault(text: &str, max: usize) -> Option<Fault> {
    if text.chars().count() > max {
        return Some((ProblemCode::TooLong, Some(max as i64)));
    }
    let stray = |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || is_direction_mark(c);
    fault(text.chars().any(stray), ProblemCode::ControlCharacter)
}

/// Marks that make a text read in another order than it is stored in. They are invisible, and no Chinese text needs one.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn name_fault(text: &str) -> Option<Fault> {
    if text.chars().count() > 50 {
        return Some((ProblemCode::TooLong, Some(50)));
    }
    let fits = |c: char| c.is_alphabetic() || matches!(c, '·' | '•' | '.' | ' ' | '\'' | '-' | '〇' | '*');
    // Private-use characters stand for rare characters in older registers: kept as they are.
    let rare = |c: char| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFD}');
    fault(text.trim().is_empty() || !text.chars().all(|c| fits(c) || rare(c)), ProblemCode::NameForm)
}

fn date_fault(text: &str, today: NaiveDate) -> Option<Fault> {
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(date) if text.len() == 10 => fault(date > today, ProblemCode::InFuture)
            .or_else(|| fault(date.to_string() < "1850".into(), ProblemCode::NoSuchDate)),
        _ => fault(true, ProblemCode::NoSuchDate),
    }
}

fn items(value: &Value, max: usize, each: impl Fn(&str) -> Option<Fault>) -> Option<Fault> {
    let Some(array) = value.as_array() else { return fault(true, ProblemCode::WrongType) };
    if array.len() > max {
        return Some((ProblemCode::TooLong, Some(max as i64)));
    }
    let mut seen = BTreeSet::new();
    for item in array {
        let Some(item) = item.as_str() else { return fault(true, ProblemCode::WrongType) };
        if !seen.insert(item) {
            return fault(true, ProblemCode::UnknownCode);
        }
        if let Some(found) = each(item) {
            return Some(found);
        }
    }
    None
}

fn position_fault(value: &Value) -> Option<Fault> {
    // A list would be read as a position too, its numbers in the order of the fields.
    let read = value.is_object().then(|| serde_json::from_value::<crate::kinds::Position>(value.clone()));
    let Some(Ok(position)) = read else { return fault(true, ProblemCode::PositionForm) };
    let fits =
        on_globe(position.lat, position.lng) && position.accuracy_m.is_none_or(|metres| (0.0..=1e6).contains(&metres));
    fault(swapped(position.lat, position.lng), ProblemCode::PositionSwapped)
        .or_else(|| fault(!fits, ProblemCode::PositionForm))
}

fn remarks_fault(value: &Value) -> Option<Fault> {
    let Some(map) = value.as_object() else { return fault(true, ProblemCode::WrongType) };
    if map.len() > 40 || !map.keys().all(|name| is_field_name(name)) {
        return fault(true, ProblemCode::FieldName);
    }
    map.values().find_map(|remark| {
        let Some(text) = remark.as_str() else { return fault(true, ProblemCode::WrongType) };
        // It marks its field as to be looked at, and says nothing of why.
        fault(text.trim().is_empty(), ProblemCode::Required).or_else(|| text_fault(text, 500))
    })
}

fn field_names_fault(value: &Value) -> Option<Fault> {
    let Ok(names) = serde_json::from_value::<Vec<String>>(value.clone()) else {
        return fault(true, ProblemCode::WrongType);
    };
    let distinct: BTreeSet<&String> = names.iter().collect();
    fault(
        names.len() > 40 || distinct.len() != names.len() || !names.iter().all(|name| is_field_name(name)),
        ProblemCode::FieldName,
    )
}

/// An amount as the field takes it: no sign, no separators, two decimals, at most twelve digits before them (DOMAIN: yuan(14,2)).
pub fn is_yuan(text: &str) -> bool {
    let Some((whole, cents)) = text.split_once('.') else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let leads = whole == "0" || !whole.starts_with('0');
    (1..=12).contains(&whole.len()) && cents.len() == 2 && digits(whole) && digits(cents) && leads
}

/// What is wrong with a list of names, parties, answers, hazards or people.
fn shape_fault(of: FieldType, value: &Value) -> Option<Fault> {
    use crate::kinds::{dispute, evacuation, inspection};
    match of {
        FieldType::Names => {
            shaped(value, dispute::PARTIES_MAX, |names: &Vec<String>| names.iter().find_map(|name| name_fault(name)))
        }
        FieldType::Parties => shaped(value, dispute::PARTIES_MAX, |parties: &Vec<dispute::Party>| {
            parties.iter().find_map(|party| {
                // A party may be a firm, whose name has digits and brackets.
                let name = if party.name.trim().is_empty() { fault(true, ProblemCode::NameForm) } else { None };
                let phone = party.phone.as_deref().filter(|phone| !is_phone(phone));
                name.or_else(|| line_fault(&party.name, 100))
                    .or_else(|| phone.and_then(|_| fault(true, ProblemCode::PhoneForm)))
                    .or_else(|| line_fault(party.address.as_deref().unwrap_or_default(), 200))
            })
        }),
        FieldType::Answers => {
            type Answers = std::collections::BTreeMap<String, inspection::Answer>;
            shaped(value, inspection::ITEMS_MAX, |answers: &Answers| {
                fault(!answers.keys().all(|item| is_item(item)), ProblemCode::UnknownCode)
            })
        }
        FieldType::ItemWords => {
            type Words = std::collections::BTreeMap<String, String>;
            shaped(value, inspection::ITEMS_MAX, |words: &Words| {
                let item = fault(!words.keys().all(|item| is_item(item)), ProblemCode::UnknownCode);
                item.or_else(|| words.values().find_map(|text| line_fault(text, 60)))
            })
        }
        FieldType::Hazards => shaped(value, inspection::ITEMS_MAX, |hazards: &Vec<inspection::Hazard>| {
            hazards.iter().find_map(|hazard| {
                let item = fault(!is_item(&hazard.item), ProblemCode::UnknownCode);
                let severity = int_fault(i64::from(hazard.severity), 1, 4);
                let due = hazard.due.as_deref().and_then(|due| date_fault(due, NaiveDate::MAX));
                item.or(severity).or(due).or_else(|| text_fault(&hazard.text, 300))
            })
        }),
        FieldType::Roster => shaped(value, evacuation::ROSTER_MAX, |people: &Vec<evacuation::Listed>| {
            let mut seen = BTreeSet::new();
            people.iter().find_map(|listed| {
                fault(!seen.insert(listed.person), ProblemCode::WrongType).or_else(|| name_fault(&listed.name))
            })
        }),
        _ => fault(true, ProblemCode::WrongType),
    }
}

/// Reads a value into the shape that it must have, no longer than `max`, and looks at it.
fn shaped<T>(value: &Value, max: usize, look: impl Fn(&T) -> Option<Fault>) -> Option<Fault>
where
    T: serde::de::DeserializeOwned,
{
    let length = value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len));
    if length.is_some_and(|length| length > max) {
        return Some((ProblemCode::TooLong, Some(max as i64)));
    }
    let read = serde_json::from_value::<T>(value.clone());
    read.map_or(Some((ProblemCode::WrongType, None)), |value| look(&value)).or_else(|| entries_fault(value))
}

/// Entries of a list may have members that a newer version knows: they are kept as they are, as unknown fields are. Only their names,
/// their number and their size are bounded.
fn entries_fault(value: &Value) -> Option<Fault> {
    let mut entries = value.as_array().into_iter().flatten().filter_map(Value::as_object);
    entries.find_map(|entry| {
        let names = entry.len() > ENTRY_MEMBERS_MAX || !entry.keys().all(|name| is_field_name(name));
        let size = || serde_json::to_string(entry).map_or(usize::MAX, |text| text.len());
        fault(names, ProblemCode::FieldName)
            .or_else(|| (size() > ENTRY_BYTES_MAX).then_some((ProblemCode::ValueSize, Some(ENTRY_BYTES_MAX as i64))))
    })
}

/// What is wrong with the former values of a record: each belongs to a field of the kind, and is as short as those fields are.
fn former_values_fault(kind: &Kind, value: &Value) -> Option<Fault> {
    let Some(values) = value.as_object() else { return fault(true, ProblemCode::WrongType) };
    values.iter().find_map(|(name, value)| {
        let known = field(kind, name).is_some_and(|spec| spec.of != FieldType::Values);
        let plain = !value.is_object() && !value.is_array();
        fault(!known || !plain, ProblemCode::WrongType).or_else(|| text_fault(value.as_str()?, 500))
    })
}

/// The name of an item of a checklist.
fn is_item(item: &str) -> bool {
    (1..=20).contains(&item.len()) && item.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What may never stand, whatever the other fields say.
fn unsound(change: &Change, current: Option<&Record>) -> Vec<Problem> {
    let text = |name: &str| change.fields.get(name).and_then(Value::as_str);
    let mut found = Vec::new();
    // The older of two entries stays: so no two phones can let each give way to the other.
    if can_be_same(&change.kind)
        && let Some(into) = text(MERGED_INTO)
        && into.parse::<RecordId>().is_ok_and(|into| into >= change.id)
    {
        found.push(Problem::new(MERGED_INTO, ProblemCode::WrongType));
    }
    // A roster is how things were when the order was given; only an erasure takes anybody out of it.
    // A roster that loses against the shortened one alters nothing, and keeps nothing else of its change from being taken.
    let stands = |record: &Record| change.stamps.of("roster") < record.stamps.of("roster");
    let altered = |record: &Record| alters(change, record, "roster") && !stands(record);
    if change.kind == Kind::Evacuation && current.is_some_and(altered) {
        found.push(Problem::new("roster", ProblemCode::Sealed));
    }
    let wrong_code = || text("code").is_none_or(|code| CellCode::new(code).is_err());
    if change.kind == Kind::Cell && change.fields.contains_key("code") && wrong_code() {
        found.push(Problem::new("code", ProblemCode::WrongType));
    }
    if change.kind.is_append_only() {
        // What cannot be overwritten can be neither moved nor taken out: it would be gone from where it belongs, for good, and anybody of
        // the cell could do that to a colleague's.
        let never = ["cell", "deleted"].into_iter().filter(|name| change.fields.contains_key(*name));
        found.extend(never.map(|name| Problem::new(name, ProblemCode::NotAllowed)));
    } else if let Some(moved_to) = change.fields.get("cell")
        && moved_to.as_str().is_none_or(|cell| CellCode::new(cell).is_err())
    {
        found.push(Problem::new("cell", ProblemCode::WrongType));
    }
    found
}

/// Values that do not go together. The rules are asked only when one of the fields they speak of is being written, so that an
/// old entry that breaks a newer rule does not stand in the way of another correction.
fn do_not_go_together(change: &Change, current: Option<&Record>, setting: Setting<'_>) -> Vec<Problem> {
    let written = |name: &str| change.fields.contains_key(name);
    let value = |name: &str| {
        let stored = || current.and_then(|record| record.fields.get(name));
        change.fields.get(name).or_else(stored).and_then(Value::as_str).filter(|text| !text.is_empty())
    };
    let mut found = Vec::new();
    if change.kind == Kind::Person {
        found.extend(days_of_a_life(&written, &value));
    }
    match change.kind {
        Kind::Person if written("document_kind") || written("document_number") => {
            found.extend(document_problem(value("document_kind"), value("document_number"), setting.today()));
        }
        Kind::Dwelling
            if (written("room") || written("house_number") || current.is_none())
                && value("room").is_none()
                && value("house_number").is_none() =>
        {
            found.push(Problem::new("room", ProblemCode::Required));
        }
        Kind::CarePlan | Kind::Tenancy if written("starts_on") || written("ends_on") => {
            // Days are written so that they sort as texts.
            if let Some((starts, ends)) = value("starts_on").zip(value("ends_on"))
                && ends < starts
            {
                found.push(Problem::new("ends_on", ProblemCode::EndBeforeStart));
            }
        }
        Kind::Feedback if current.is_none() && value("text").is_none() && !change.fields.contains_key("rating") => {
            found.push(Problem::new("text", ProblemCode::Required));
        }
        _ => {}
    }
    found
}

/// Days that cannot follow one another: nobody moves or dies before being born, or moves out before moving in. They are written
/// so that they sort as texts.
fn days_of_a_life<'v>(written: &dyn Fn(&str) -> bool, value: &dyn Fn(&str) -> Option<&'v str>) -> Vec<Problem> {
    const ORDER: [(&str, &str, ProblemCode); 4] = [
        ("birth_date", "moved_in_on", ProblemCode::BeforeBirth),
        ("birth_date", "moved_out_on", ProblemCode::BeforeBirth),
        ("birth_date", "died_on", ProblemCode::BeforeBirth),
        ("moved_in_on", "moved_out_on", ProblemCode::EndBeforeStart),
    ];
    let wrong = |(earlier, later, code): &(&'static str, &'static str, ProblemCode)| {
        let asked = written(earlier) || written(later);
        let (first, second) = value(earlier).zip(value(later)).filter(|_| asked)?;
        (second < first).then(|| Problem::new(later, *code))
    };
    let mut found: Vec<Problem> = ORDER.iter().filter_map(wrong).collect();
    found.dedup_by(|one, other| one.field == other.field);
    found
}

/// Whether a change puts another value in the place of one that stands.
fn alters(change: &Change, record: &Record, field: &str) -> bool {
    let (written, standing) = (change.fields.get(field), record.fields.get(field));
    written.is_some() && standing.is_some() && written != standing
}

fn document_problem(kind: Option<&str>, number: Option<&str>, today: NaiveDate) -> Option<Problem> {
    let problem = |code| Some(Problem::new("document_number", code));
    match (kind, number) {
        (None | Some("none"), None) => None,
        (None | Some("none"), Some(_)) => Some(Problem::new("document_kind", ProblemCode::DocumentIncomplete)),
        (Some(_), None) => problem(ProblemCode::DocumentIncomplete),
        (Some("id_card"), Some(number)) => read_id_card(number, today).err().and_then(problem),
        (Some(_), Some(number)) => {
            let fits = (3..=30).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
            if fits { None } else { problem(ProblemCode::IdCardForm) }
        }
    }
}

/// What looks odd but is no error: the form asks again, and takes it.
pub fn warnings(fields: &Fields, today: NaiveDate) -> Vec<Warning> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let card = match (text("document_kind"), text("document_number")) {
        (Some("id_card"), Some(number)) => read_id_card(number, today).ok(),
        _ => None,
    };
    let Some(card) = card else { return Vec::new() };
    let mut found = Vec::new();
    if text("birth_date").is_some_and(|date| date != card.birth_date.to_string()) {
        found.push(Warning::BirthDateDiffers);
    }
    if text("sex").is_some_and(|sex| matches!(sex, "1" | "2") && sex != card.sex) {
        found.push(Warning::SexDiffers);
    }
    found
}

/// Something odd that may be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Warning {
    /// The identity number says another birth date.
    BirthDateDiffers,
    /// The identity number says another sex.
    SexDiffers,
    /// Another house of the village has the same address; in a village that may be right.
    SameAddress,
}
