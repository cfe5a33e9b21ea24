//! What the desk prints and hands out: lists and files as PDF, in Chinese, and the audit log as a sheet.
//!
//! Fields and kinds are called as the screens call them: the words are read from the same language file.

pub(crate) mod audit;
mod resident;
mod roster;

use std::sync::LazyLock;

use chrono::Timelike as _;
use domain::china::wall_clock;
use domain::codes::{CodeList, codes};
use domain::spec::{FieldType, field};
use domain::{Fields, Kind};
use paper::{Block, FactRow, Sheet};
use serde_json::Value;

use crate::hub::{CountyHub, HubError};

pub(crate) use resident::resident;
pub(crate) use roster::roster;

/// The words that both apps use, in Chinese.
static WORDS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../ui/src/shared/i18n/zh/common.json"))
        .expect("the language file is JSON: the screens read it too")
});

/// What every paper says and no record does.
pub(crate) struct Setting {
    /// When it is printed.
    now: i64,
    /// Demonstration data: every page says so.
    demo: bool,
}

impl Setting {
    /// That of a server, now.
    pub(crate) fn of(hub: &CountyHub) -> Result<Self, HubError> {
        Ok(Self { now: hub.now(), demo: hub.is_demo()? })
    }

    fn pdf(&self, title: &str, blocks: Vec<Block>) -> Vec<u8> {
        let mark = self.demo.then(|| "演示数据".to_owned());
        let printed = Block::Aside(format!("打印于 {}", moment(self.now)));
        let titled = [Block::Title(title.to_owned()), printed].into_iter().chain(blocks).collect();
        paper::pdf(&Sheet { name: title.to_owned(), mark, blocks: titled, ..Sheet::default() })
    }
}

/// `2026-11-03 09:05`, by the clock of China.
fn moment(at: i64) -> String {
    wall_clock(at)
        .map_or_else(String::new, |at| format!("{} {:02}:{:02}", at.date_naive(), at.time().hour(), at.time().minute()))
}

fn word(path: &[&str]) -> Option<&'static str> {
    path.iter().try_fold(&*WORDS, |words, name| words.get(name))?.as_str()
}

/// What a kind is called.
fn kind_name(kind: &Kind) -> String {
    word(&["kind", kind.as_str()]).unwrap_or(kind.as_str()).to_owned()
}

/// What a field is called.
fn field_name(kind: &Kind, name: &str) -> String {
    word(&["field", kind.as_str(), name]).or_else(|| word(&["field", "any", name])).unwrap_or(name).to_owned()
}

/// What a code is called; one that is not in the list is written as it is.
fn code_name(list: CodeList, code: &str) -> String {
    codes(list).iter().find(|entry| entry.code == code).map_or_else(|| code.to_owned(), |entry| entry.name_zh.clone())
}

/// A value as it is read on paper; empty for what says nothing to a reader, such as another record's id.
fn value_text(kind: &Kind, name: &str, value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    match field(kind, name).map(|spec| spec.of) {
        Some(FieldType::Code { list }) => code_name(list, text),
        Some(FieldType::Codes { list }) => {
            let all = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            all.map(|code| code_name(list, code)).collect::<Vec<_>>().join("、")
        }
        Some(FieldType::PastMoment | FieldType::Moment) => value.as_i64().map(moment).unwrap_or_default(),
        Some(FieldType::Bool) => if value.as_bool() == Some(true) { "是" } else { "否" }.to_owned(),
        Some(FieldType::Int { .. }) => value.as_i64().map(|number| number.to_string()).unwrap_or_default(),
        Some(FieldType::Parties | FieldType::Roster) => {
            let all = value.as_array().into_iter().flatten();
            let names = all.filter_map(|entry| entry.get("name").and_then(Value::as_str));
            names.collect::<Vec<_>>().join("、")
        }
        Some(FieldType::Ref | FieldType::Refs { .. } | FieldType::Sha256 | FieldType::Version) => String::new(),
        Some(FieldType::Position) => {
            let part = |name| value.get(name).and_then(Value::as_f64);
            part("lat").zip(part("lng")).map(|(lat, lng)| format!("{lat:.5}, {lng:.5}")).unwrap_or_default()
        }
        _ => text.to_owned(),
    }
}

/// The fields of a record that say something, in the order of their table, two a row.
fn facts(kind: &Kind, fields: &Fields) -> Block {
    let table = domain::spec::fields(kind).iter().filter_map(|spec| {
        let text = value_text(kind, spec.name, fields.get(spec.name)?);
        (!text.is_empty()).then(|| (field_name(kind, spec.name), text))
    });
    let all: Vec<(String, String)> = table.collect();
    let short = |pair: &(String, String)| pair.1.chars().count() <= 16;
    let (mut rows, mut waiting) = (Vec::new(), Vec::new());
    for pair in all {
        if short(&pair) {
            waiting.push(pair);
        } else {
            rows.push(FactRow { pairs: vec![pair], lines: 1 });
        }
    }
    let pairs = waiting.chunks(2).map(|pairs| FactRow { pairs: pairs.to_vec(), lines: 1 });
    Block::Facts(pairs.chain(rows).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_and_kind_that_is_printed_has_a_name_and_codes_are_read_out() {
        for kind in
            [Kind::Person, Kind::Household, Kind::Visit, Kind::CarePlan, Kind::Incident, Kind::Dispute, Kind::Photo]
        {
            assert_ne!(kind_name(&kind), kind.as_str());
            for spec in domain::spec::fields(&kind) {
                assert_ne!(field_name(&kind, spec.name), spec.name, "{kind}");
            }
        }
        assert_eq!(value_text(&Kind::Visit, "result", &json!("met")), "见面");
        assert_eq!(value_text(&Kind::Visit, "at", &json!(1_795_312_800_000_i64)), "2026-11-22 10:00");
        assert_eq!(value_text(&Kind::Visit, "target", &json!("018f")), "");
        assert_eq!(value_text(&Kind::Visit, "needs", &json!(["no_such"])), "no_such");
    }
}
