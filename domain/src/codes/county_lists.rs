//! The lists that the county's office edits besides its categories, and the judgement of what it wants to publish.
//!
//! What was ever published is never taken away: records name it. It is retired, which keeps it readable and offers it no more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Code, CodeList, Lists, codes, is_code, rows};
use crate::checklist::{Checklist, ItemType};
use crate::kinds::inspection::ITEMS_MAX;
use crate::problem::{Problem, ProblemCode};
use crate::sheet::{Sheet, Source};
use crate::spec::field;
use crate::validate::line_problem;
use crate::workdays::Within;

/// At most so many characters of a name or title.
const NAME_MAX: usize = 120;
/// At most so many characters of a checklist's item.
const TEXT_MAX: usize = 200;
/// At most so many entries of a list.
const ENTRIES_MAX: usize = 500;
/// At most so many columns of a sheet.
const COLUMNS_MAX: usize = 60;

/// A purpose of visits (走访事项) of the county's published task list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Purpose {
    /// The stored value.
    pub code: String,
    /// Simplified Chinese.
    pub name_zh: String,
    /// English.
    pub name_en: String,
    /// Retired purposes stay readable but are not offered.
    #[serde(default)]
    pub retired: bool,
}

impl From<&Purpose> for Code {
    fn from(purpose: &Purpose) -> Self {
        let Purpose { code, name_zh, name_en, retired } = purpose.clone();
        Self { code, name_zh, name_en, common: true, retired }
    }
}

/// A day on which offices are closed, or a weekend day that they work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Holiday {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Worked in place of a holiday.
    pub works: bool,
    /// Of which holiday.
    pub name: String,
}

pub(super) fn initial_purposes() -> Vec<Purpose> {
    let purpose = |code: &Code| {
        let Code { code, name_zh, name_en, .. } = code.clone();
        Purpose { code, name_zh, name_en, retired: false }
    };
    codes(CodeList::VisitPurpose).iter().map(purpose).collect()
}

pub(super) fn initial_holidays() -> Vec<Holiday> {
    rows(include_str!("../../data/cn_holidays_2024_2026.csv"))
        .map(|row| Holiday { day: row[0].to_owned(), works: &row[1] == "workday", name: row[2].to_owned() })
        .collect()
}

/// What stands in the way of publishing `next` after `standing`, each with its place: `categories.3.name_zh`. None: it may be.
pub fn publishing_problems(next: &Lists, standing: &Lists) -> Vec<Problem> {
    let mut found = Found::default();
    categories(&mut found, next, standing);
    severities(&mut found, next, standing);
    for (name, days) in [("a", next.care.a), ("b", next.care.b), ("c", next.care.c)] {
        found.bounds(&format!("care.{name}"), i64::from(days), 1, 366);
    }
    let purposes = next.purposes.iter().map(|purpose| purpose.code.as_str());
    found.codes("purposes", purposes, standing.purposes.iter().map(|purpose| purpose.code.as_str()));
    for (index, purpose) in next.purposes.iter().enumerate() {
        found.names(&format!("purposes.{index}"), &purpose.name_zh, &purpose.name_en);
    }
    let departments = next.departments.iter().map(|department| department.code.as_str());
    found.codes("departments", departments, standing.departments.iter().map(|department| department.code.as_str()));
    for (index, department) in next.departments.iter().enumerate() {
        found.names(&format!("departments.{index}"), &department.name_zh, &department.name_en);
    }
    let lists = next.checklists.iter().map(|list| list.code.as_str());
    found.codes("checklists", lists, standing.checklists.iter().map(|list| list.code.as_str()));
    for (index, list) in next.checklists.iter().enumerate() {
        checklist(&mut found, &format!("checklists.{index}"), list, next, standing.checklist(&list.code));
    }
    found.codes("sheets", next.sheets.iter().map(|sheet| sheet.id.as_str()), std::iter::empty());
    for (index, one) in next.sheets.iter().enumerate() {
        sheet(&mut found, &format!("sheets.{index}"), one);
    }
    holidays(&mut found, &next.holidays);
    found.0
}

#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, place: &str, code: ProblemCode) {
        self.0.push(Problem::new(place, code));
    }

    fn bounds(&mut self, place: &str, number: i64, min: i64, max: i64) {
        if number < min {
            self.0.push(Problem::with_limit(place, ProblemCode::TooSmall, min));
        } else if number > max {
            self.0.push(Problem::with_limit(place, ProblemCode::TooLarge, max));
        }
    }

    fn text(&mut self, place: &str, text: &str, max: usize) {
        self.0.extend(line_problem(place, text, max));
    }

    fn names(&mut self, place: &str, zh: &str, en: &str) {
        self.text(&format!("{place}.name_zh"), zh, NAME_MAX);
        self.text(&format!("{place}.name_en"), en, NAME_MAX);
    }

    /// Codes are words of their own, each once, and every one that was published is still there.
    fn codes<'c>(&mut self, list: &str, next: impl Iterator<Item = &'c str>, standing: impl Iterator<Item = &'c str>) {
        let mut seen = BTreeSet::new();
        for (index, code) in next.enumerate() {
            let place = format!("{list}.{index}.code");
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
            if !(1..=40).contains(&code.len()) || !code.bytes().all(fits) {
                self.add(&place, ProblemCode::WrongType);
            } else if !seen.insert(code) {
                self.add(&place, ProblemCode::Taken);
            }
        }
        if seen.len() > ENTRIES_MAX {
            self.0.push(Problem::with_limit(list, ProblemCode::TooLong, ENTRIES_MAX as i64));
        }
        if standing.into_iter().any(|code| !seen.contains(code)) {
            self.add(list, ProblemCode::InUse);
        }
    }
}

fn categories(found: &mut Found, next: &Lists, standing: &Lists) {
    let code_of = |lists: &'_ Lists| lists.categories.iter().map(|one| one.code.clone()).collect::<Vec<_>>();
    let (own, before) = (code_of(next), code_of(standing));
    found.codes("categories", own.iter().map(String::as_str), before.iter().map(String::as_str));
    let groups: BTreeMap<&str, bool> = (next.categories.iter().filter(|one| one.parent.is_empty()))
        .map(|group| (group.code.as_str(), group.retired))
        .collect();
    for (index, one) in next.categories.iter().enumerate() {
        let place = format!("categories.{index}");
        found.names(&place, &one.name_zh, &one.name_en);
        if one.first_handler_zh.chars().count() > NAME_MAX {
            found.0.push(Problem::with_limit(
                &format!("{place}.first_handler_zh"),
                ProblemCode::TooLong,
                NAME_MAX as i64,
            ));
        }
        if let Some(was) = standing.categories.iter().find(|was| was.code == one.code)
            && was.parent != one.parent
        {
            // Reports count by group: what was reported under one stays there.
            found.add(&format!("{place}.parent"), ProblemCode::Sealed);
        }
        if one.parent.is_empty() {
            continue;
        }
        match groups.get(one.parent.as_str()) {
            None => found.add(&format!("{place}.parent"), ProblemCode::MissingTarget),
            Some(true) if !one.retired => found.add(&format!("{place}.parent"), ProblemCode::Retired),
            Some(_) => {}
        }
        match one.default_severity {
            None => found.add(&format!("{place}.default_severity"), ProblemCode::Required),
            Some(level) => found.bounds(&format!("{place}.default_severity"), i64::from(level), 1, 4),
        }
    }
}

fn severities(found: &mut Found, next: &Lists, standing: &Lists) {
    let levels = |lists: &Lists| lists.severities.iter().map(|one| one.level).collect::<Vec<_>>();
    if levels(next) != levels(standing) {
        // The four levels are the form's; their words and times are the county's.
        found.add("severities", ProblemCode::InUse);
    }
    for (index, one) in next.severities.iter().enumerate() {
        let place = format!("severities.{index}");
        found.names(&place, &one.name_zh, &one.name_en);
        let times = [("accept", &one.accept_within), ("feedback", &one.feedback_within), ("close", &one.close_within)];
        for (name, text) in times {
            if Within::read(text).is_none() {
                found.add(&format!("{place}.{name}_within"), ProblemCode::WrongType);
            }
        }
    }
}

fn checklist(found: &mut Found, place: &str, list: &Checklist, next: &Lists, standing: Option<&Checklist>) {
    found.text(&format!("{place}.title_zh"), &list.title_zh, NAME_MAX);
    found.text(&format!("{place}.title_en"), &list.title_en, NAME_MAX);
    if list.subjects.is_empty() || !list.subjects.iter().all(|kind| is_code(CodeList::SubjectKind, kind)) {
        found.add(&format!("{place}.subjects"), ProblemCode::UnknownCode);
    }
    if next.category(&list.category).is_none() {
        found.add(&format!("{place}.category"), ProblemCode::UnknownCode);
    }
    if list.items.is_empty() || list.items.len() > ITEMS_MAX {
        found.0.push(Problem::with_limit(&format!("{place}.items"), ProblemCode::TooLong, ITEMS_MAX as i64));
    }
    let mut seen = BTreeSet::new();
    for (index, item) in list.items.iter().enumerate() {
        let place = format!("{place}.items.{index}");
        let fits = (1..=20).contains(&item.id.len()) && item.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !fits {
            found.add(&format!("{place}.id"), ProblemCode::WrongType);
        } else if !seen.insert(item.id.as_str()) {
            found.add(&format!("{place}.id"), ProblemCode::Taken);
        }
        found.text(&format!("{place}.text_zh"), &item.text_zh, TEXT_MAX);
        found.text(&format!("{place}.text_en"), &item.text_en, TEXT_MAX);
        if let Some(severity) = item.severity {
            found.bounds(&format!("{place}.severity"), i64::from(severity), 1, 4);
        }
        if item.category.as_deref().is_some_and(|code| next.category(code).is_none()) {
            found.add(&format!("{place}.category"), ProblemCode::UnknownCode);
        }
        if matches!(&item.asks, ItemType::Enum { values } if values.is_empty()) {
            found.add(&format!("{place}.values"), ProblemCode::Required);
        }
    }
    // Inspections of before answer by these names.
    if standing.is_some_and(|was| was.items.iter().any(|item| !seen.contains(item.id.as_str()))) {
        found.add(&format!("{place}.items"), ProblemCode::InUse);
    }
}

fn sheet(found: &mut Found, place: &str, sheet: &Sheet) {
    found.text(&format!("{place}.title_zh"), &sheet.title_zh, NAME_MAX);
    found.text(&format!("{place}.title_en"), &sheet.title_en, NAME_MAX);
    if matches!(sheet.kind, crate::Kind::Other(_)) {
        found.add(&format!("{place}.kind"), ProblemCode::UnknownKind);
    }
    if sheet.columns.is_empty() || sheet.columns.len() > COLUMNS_MAX {
        found.0.push(Problem::with_limit(&format!("{place}.columns"), ProblemCode::TooLong, COLUMNS_MAX as i64));
    }
    for (index, column) in sheet.columns.iter().enumerate() {
        let place = format!("{place}.columns.{index}");
        found.text(&format!("{place}.head"), &column.head, NAME_MAX);
        let known = column.field.as_deref().is_some_and(|name| field(&sheet.kind, name).is_some());
        if (column.from == Source::Field) != known || (column.from != Source::Field && column.field.is_some()) {
            found.add(&format!("{place}.field"), ProblemCode::UnknownCode);
        }
    }
    for (index, condition) in sheet.filter.iter().enumerate() {
        if field(&sheet.kind, &condition.field).is_none() {
            found.add(&format!("{place}.filter.{index}.field"), ProblemCode::UnknownCode);
        }
    }
}

fn holidays(found: &mut Found, holidays: &[Holiday]) {
    if holidays.len() > ENTRIES_MAX * 2 {
        found.0.push(Problem::with_limit("holidays", ProblemCode::TooLong, ENTRIES_MAX as i64 * 2));
    }
    let mut seen = BTreeSet::new();
    for (index, holiday) in holidays.iter().enumerate() {
        let place = format!("holidays.{index}");
        let day = NaiveDate::parse_from_str(&holiday.day, "%Y-%m-%d").ok().filter(|_| holiday.day.len() == 10);
        match day {
            None => found.add(&format!("{place}.day"), ProblemCode::NoSuchDate),
            Some(day) if !seen.insert(day) => found.add(&format!("{place}.day"), ProblemCode::Taken),
            Some(_) => {}
        }
        found.text(&format!("{place}.name"), &holiday.name, NAME_MAX);
    }
}

#[cfg(test)]
mod tests;
