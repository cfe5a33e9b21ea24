//! 报表: what is entered once is reported many times. A sheet maps the records of a kind to the columns that another department
//! asks for: which, in which order, with which codes. Sheets are data of the county, never code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::china::wall_clock;
use crate::codes::Lists;
use crate::record::{Kind, Record};
use crate::spec::{FieldType, field};

/// One sheet of the county.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sheet {
    /// Its name for programs.
    pub id: String,
    /// Simplified Chinese.
    pub title_zh: String,
    /// English.
    pub title_en: String,
    /// The kind whose records are its rows.
    #[ts(type = "string")]
    pub kind: Kind,
    /// Which records; all of them without any.
    #[serde(default)]
    pub filter: Vec<Condition>,
    /// What stands in a row, from left to right.
    pub columns: Vec<Column>,
}

/// What a record must say to be in a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, optional_fields = nullable)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Condition {
    /// The field.
    pub field: String,
    /// It is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_of: Option<Vec<String>>,
    /// It is empty, or is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<bool>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, optional_fields = nullable)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Column {
    /// Its heading.
    pub head: String,
    /// Where its text comes from.
    pub from: Source,
    /// The field, where it comes from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The other department's codes: stored value → what stands in the sheet. Values that are not named stand in words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(as = "Option<BTreeMap<String, String>>")]
    pub codes: BTreeMap<String, String>,
}

/// Where the text of a column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Source {
    /// The number of the row.
    Serial,
    /// A field of the record.
    Field,
    /// The address, written out.
    Address,
    /// What the record is called, or whom it is about.
    Name,
    /// Residents of a household.
    People,
    /// When a household was last met.
    LastMet,
}

/// Whether a record belongs in the sheet.
pub fn belongs(sheet: &Sheet, record: &Record) -> bool {
    let holds = |condition: &Condition| {
        let value = record.fields.get(&condition.field);
        let text = value.map(plain).unwrap_or_default();
        let listed = condition.any_of.as_ref().is_none_or(|wanted| wanted.contains(&text));
        listed && condition.empty.is_none_or(|empty| empty == text.is_empty())
    };
    record.kind == sheet.kind && record.is_present() && sheet.filter.iter().all(holds)
}

/// The fields that [`belongs`] asks for of a record that is present: one that holds no others is in the sheet exactly when the
/// whole one is.
pub fn decided_by(sheet: &Sheet) -> impl Iterator<Item = &str> {
    sheet.filter.iter().map(|condition| condition.field.as_str())
}

/// The text of a column that comes from a field.
pub fn field_text(column: &Column, record: &Record, lists: &Lists) -> String {
    let Some(name) = column.field.as_deref() else { return String::new() };
    let Some(value) = record.fields.get(name).filter(|value| !value.is_null()) else { return String::new() };
    let stored = plain(value);
    if let Some(mapped) = column.codes.get(&stored) {
        return mapped.clone();
    }
    if name == "severity" {
        let level = lists.severities.iter().find(|severity| Some(i64::from(severity.level)) == value.as_i64());
        return level.map_or(stored, |severity| severity.name_zh.clone());
    }
    match field(&record.kind, name).map(|spec| spec.of) {
        Some(FieldType::Code { list }) => lists.name_zh(list, &stored),
        Some(FieldType::Codes { list }) => {
            let codes = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            codes.map(|code| lists.name_zh(list, code)).collect::<Vec<_>>().join("、")
        }
        Some(FieldType::Category) => lists.category(&stored).map_or(stored, |category| category.name_zh.clone()),
        Some(FieldType::Bool) => if value.as_bool() == Some(true) { "是" } else { "否" }.to_owned(),
        Some(FieldType::PastMoment | FieldType::Moment) => value.as_i64().map(moment_text).unwrap_or_default(),
        _ => stored,
    }
}

/// A moment as sheets write it, in China's time: `2026-11-25 08:30`.
pub fn moment_text(at: i64) -> String {
    wall_clock(at).map(|moment| moment.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("、"),
        other => other.to_string(),
    }
}

/// A text that a spreadsheet program cannot take for a formula: names and notes are typed by people, and a cell that begins with
/// one of these signs is calculated when the file is opened. For CSV, which has no types.
pub fn defused(text: &str) -> String {
    let first = text.chars().next();
    let number = text.parse::<f64>().is_ok();
    if matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r')) && !number {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stamps::Stamps;
    use crate::{CellCode, RecordId, Stamp};

    fn record(kind: Kind, fields: Value) -> Record {
        Record {
            id: RecordId(uuid::Uuid::from_u128(1)),
            kind,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::ZERO),
        }
    }

    #[test]
    fn the_sheets_of_a_new_county_name_fields_that_exist() {
        for sheet in Lists::initial().sheets {
            for column in &sheet.columns {
                let known = column.field.as_deref().is_none_or(|name| field(&sheet.kind, name).is_some());
                assert!(
                    known && (column.from == Source::Field) == column.field.is_some(),
                    "{} {}",
                    sheet.id,
                    column.head
                );
            }
            for condition in &sheet.filter {
                assert!(field(&sheet.kind, &condition.field).is_some(), "{} {}", sheet.id, condition.field);
            }
        }
    }

    #[test]
    fn values_stand_in_words_or_in_the_other_departments_codes() {
        let lists = Lists::initial();
        let person = record(Kind::Person, json!({"sex": "2", "name": "张三"}));
        let words =
            Column { head: "性别".into(), from: Source::Field, field: Some("sex".into()), codes: BTreeMap::new() };
        assert_eq!(field_text(&words, &person, &lists), "女性");
        let coded = Column { codes: BTreeMap::from([("2".into(), "F".into())]), ..words.clone() };
        assert_eq!(field_text(&coded, &person, &lists), "F");
        let gas = Column { field: Some("gas".into()), ..words };
        assert_eq!(field_text(&gas, &record(Kind::Premises, json!({"gas": true})), &lists), "是");
    }

    #[test]
    fn who_moved_out_is_not_in_the_list_of_residents() {
        let lists = Lists::initial();
        let residents = lists.sheets.iter().find(|sheet| sheet.id == "residents").unwrap();
        assert!(belongs(residents, &record(Kind::Person, json!({"name": "张三"}))));
        assert!(!belongs(residents, &record(Kind::Person, json!({"name": "张三", "moved_out_on": "2026-01-02"}))));
        assert!(!belongs(residents, &record(Kind::Person, json!({"name": "张三", "deleted": true}))));
        assert!(!belongs(residents, &record(Kind::Household, json!({}))));
    }

    #[test]
    fn the_fields_that_decide_are_enough_to_tell_what_belongs() {
        let every = json!({"name": "张三", "moved_out_on": "2026-01-02", "deleted": true, "merged_into": RecordId(uuid::Uuid::nil()).to_string()});
        let every: Vec<(String, Value)> = every.as_object().unwrap().clone().into_iter().collect();
        for sheet in Lists::initial().sheets {
            let named: Vec<&str> = decided_by(&sheet).collect();
            for some in 0..1usize << every.len() {
                let chosen =
                    every.iter().enumerate().filter(|(at, _)| some >> at & 1 == 1).map(|(_, pair)| pair.clone());
                let whole = record(sheet.kind.clone(), Value::Object(chosen.collect()));
                if !whole.is_present() {
                    continue;
                }
                let mut part = whole.clone();
                part.fields.retain(|field, _| named.contains(&field.as_str()));
                assert_eq!(belongs(&sheet, &part), belongs(&sheet, &whole), "{} {:?}", sheet.id, whole.fields);
            }
        }
    }

    #[test]
    fn what_looks_like_a_formula_is_defused_and_a_number_is_not() {
        for text in ["=1+1", "+8613812345678x", "-cmd", "@SUM(A1)", "\t=1"] {
            assert_eq!(defused(text), format!("'{text}"));
        }
        for text in ["-12.5", "+3", "张三", "", "1=1"] {
            assert_eq!(defused(text), text);
        }
    }

    #[test]
    fn moments_are_written_in_chinese_time() {
        assert_eq!(moment_text(1_764_030_600_000), "2025-11-25 08:30");
    }
}
