//! What the desk prints and hands out: lists and files as PDF, in Chinese, and the audit log as a sheet.
//!
//! Fields and kinds are called as the screens call them: the words are read from the same language file.

pub(crate) mod audit;
mod resident;
mod roster;
mod shaped;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use chrono::Timelike as _;
use domain::china::wall_clock;
use domain::codes::{CodeList, Lists, codes};
use domain::spec::{FieldType, field};
use domain::{Fields, Kind, RecordId, mask};
use paper::{Block, FactRow, Sheet};
use serde_json::Value;

use crate::http::desk::Reference;
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
    /// The county's lists: what categories, checklists and their items are called.
    lists: Arc<Lists>,
}

impl Setting {
    /// That of a server, now.
    pub(crate) fn of(hub: &CountyHub) -> Result<Self, HubError> {
        Ok(Self { now: hub.now(), demo: hub.is_demo()?, lists: hub.lists() })
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

/// Fields that only programs read: they follow from another field that is printed.
const FOR_PROGRAMS: [&str; 7] =
    ["merged_before", "target_kind", "subject_kind", "list_version", "checklist_version", "sha256", "bytes"];

/// What the values of records are read with.
struct Reading<'r> {
    lists: &'r Lists,
    /// What the records are called that they name.
    refs: &'r BTreeMap<RecordId, Reference>,
}

impl Reading<'_> {
    /// A value as it is read on paper; empty for what says nothing to a reader, such as another record's id.
    fn text(&self, kind: &Kind, name: &str, value: &Value) -> String {
        let text = value.as_str().unwrap_or_default();
        let all = || value.as_array().into_iter().flatten();
        let joined =
            |words: Vec<String>| words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("、");
        if let Some(text) = shaped::listed(self.lists, kind, name, value) {
            return text;
        }
        match field(kind, name).map(|spec| spec.of) {
            Some(FieldType::Code { list }) => code_name(list, text),
            Some(FieldType::Codes { list }) => {
                joined(all().filter_map(Value::as_str).map(|code| code_name(list, code)).collect())
            }
            Some(FieldType::PastMoment | FieldType::Moment) => value.as_i64().map(moment).unwrap_or_default(),
            Some(FieldType::Bool) => if value.as_bool() == Some(true) { "是" } else { "否" }.to_owned(),
            Some(FieldType::Int { .. }) => value.as_i64().map(|number| number.to_string()).unwrap_or_default(),
            Some(FieldType::Names) => joined(all().filter_map(Value::as_str).map(str::to_owned).collect()),
            Some(FieldType::Parties | FieldType::Roster) => {
                let names = all().filter_map(|entry| entry.get("name").and_then(Value::as_str));
                joined(names.map(str::to_owned).collect())
            }
            Some(FieldType::Ref) => self.called(value),
            Some(FieldType::Refs { .. }) => joined(all().map(|id| self.called(id)).collect()),
            Some(FieldType::Sha256 | FieldType::Version) => String::new(),
            Some(FieldType::Position) => {
                let part = |name| value.get(name).and_then(Value::as_f64);
                part("lat").zip(part("lng")).map(|(lat, lng)| format!("{lat:.5}, {lng:.5}")).unwrap_or_default()
            }
            _ => text.to_owned(),
        }
    }

    /// What a record is called that has a name of its own: a notice, a hazard point, small premises. People are not named so.
    fn called(&self, id: &Value) -> String {
        let id = id.as_str().and_then(|text| text.parse::<RecordId>().ok());
        let found = id.and_then(|id| self.refs.get(&id));
        let own = |found: &&Reference| found.kind.called().is_some_and(|field| !mask::is_masked(&found.kind, field));
        found.filter(own).map(|found| found.title.clone()).unwrap_or_default()
    }

    /// The fields of a record that say something, in the order of their table, two a row.
    fn facts(&self, kind: &Kind, fields: &Fields) -> Block {
        let table = domain::spec::fields(kind).iter().filter(|spec| !FOR_PROGRAMS.contains(&spec.name));
        let table = table.filter_map(|spec| {
            let text = self.text(kind, spec.name, fields.get(spec.name)?);
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
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_and_kind_that_is_printed_has_a_name_and_codes_are_read_out() {
        for kind in Kind::KNOWN {
            assert_ne!(kind_name(&kind), kind.as_str());
            for spec in domain::spec::fields(&kind) {
                assert_ne!(field_name(&kind, spec.name), spec.name, "{kind}");
            }
        }
        let reading = Reading { lists: &Lists::initial(), refs: &BTreeMap::new() };
        assert_eq!(reading.text(&Kind::Visit, "result", &json!("met")), "见面");
        assert_eq!(reading.text(&Kind::Visit, "at", &json!(1_795_312_800_000_i64)), "2026-11-22 10:00");
        assert_eq!(reading.text(&Kind::Visit, "target", &json!("018f")), "");
        assert_eq!(reading.text(&Kind::Visit, "needs", &json!(["no_such"])), "no_such");
    }

    #[test]
    fn a_record_with_a_name_of_its_own_is_called_by_it_and_a_resident_is_not() {
        let (notice, person) = (RecordId(uuid::Uuid::from_u128(1)), RecordId(uuid::Uuid::from_u128(2)));
        let refer = |kind, title: &str| Reference { kind, title: title.to_owned() };
        let refs = BTreeMap::from([(notice, refer(Kind::Notice, "清明防火")), (person, refer(Kind::Person, "单*"))]);
        let reading = Reading { lists: &Lists::initial(), refs: &refs };
        assert_eq!(reading.text(&Kind::NoticeAck, "notice", &json!(notice)), "清明防火");
        assert_eq!(reading.text(&Kind::CarePlan, "person", &json!(person)), "");
        assert_eq!(reading.text(&Kind::NoticeAck, "notice", &json!(7)), "");
    }
}
