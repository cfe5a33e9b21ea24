//! Values on paper that the county's lists give words to: categories, checklists, and what an inspection answers.

use domain::Kind;
use domain::codes::Lists;
use domain::kinds::inspection::{Answer, Hazard};
use domain::spec::{FieldType, field};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Such a value in words; none when the field is of another form. What cannot be read says nothing.
pub(super) fn listed(lists: &Lists, kind: &Kind, name: &str, value: &Value) -> Option<String> {
    let text = value.as_str().unwrap_or_default();
    match (kind, name) {
        (Kind::Inspection, "checklist") => {
            let found = lists.checklists.iter().find(|list| list.code == text);
            return Some(found.map_or(text, |list| list.title_zh.as_str()).to_owned());
        }
        (Kind::Recheck, "item") => return Some(item(lists, text)),
        _ => {}
    }
    match field(kind, name).map(|spec| spec.of)? {
        FieldType::Category => {
            let found = lists.categories.iter().find(|category| category.code == text);
            Some(found.map_or(text, |category| category.name_zh.as_str()).to_owned())
        }
        FieldType::Answers => Some(answers(lists, &read(value))),
        FieldType::ItemWords => {
            let words: BTreeMap<String, String> = read(value);
            Some(lines(words.iter().map(|(asked, said)| format!("{}：{said}", item(lists, asked)))))
        }
        FieldType::Hazards => {
            let hazards: Vec<Hazard> = read(value);
            Some(lines(hazards.iter().map(|hazard| hazard_text(lists, hazard))))
        }
        _ => None,
    }
}

fn read<T: DeserializeOwned + Default>(value: &Value) -> T {
    T::deserialize(value).unwrap_or_default()
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("；")
}

/// What an item of a checklist asks; its name when no list has it any more.
fn item(lists: &Lists, id: &str) -> String {
    let found = lists.checklists.iter().flat_map(|list| &list.items).find(|item| item.id == id);
    found.map_or(id, |item| item.text_zh.as_str()).to_owned()
}

/// What was not as it should be by its words, everything else by number.
fn answers(lists: &Lists, answers: &BTreeMap<String, Answer>) -> String {
    let of = |answer: Answer| answers.iter().filter(move |(_, given)| **given == answer);
    let bad: Vec<String> = of(Answer::Bad).map(|(id, _)| item(lists, id)).collect();
    let told = [
        (!bad.is_empty(), format!("不符合：{}", bad.join("、"))),
        (of(Answer::Ok).next().is_some(), format!("符合 {} 项", of(Answer::Ok).count())),
        (of(Answer::Na).next().is_some(), format!("不适用 {} 项", of(Answer::Na).count())),
    ];
    lines(told.into_iter().filter_map(|(said, text)| said.then_some(text)))
}

fn hazard_text(lists: &Lists, hazard: &Hazard) -> String {
    let due = hazard.due.as_ref().map(|day| format!("（{day}前整改）")).unwrap_or_default();
    format!("{}{due}：{}", item(lists, &hazard.item), hazard.text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_inspection_is_read_out_by_the_words_of_its_checklist() {
        let lists = Lists::initial();
        let said = |kind, name, value| listed(&lists, &kind, name, &value).unwrap();
        assert_eq!(said(Kind::Inspection, "checklist", json!("fire_nine_small")), "九小场所消防自查/巡查");
        assert_eq!(said(Kind::Inspection, "checklist", json!("of_before")), "of_before");
        let answered = said(Kind::Inspection, "answers", json!({"F01": "ok", "F03": "bad", "F04": "na", "F02": "ok"}));
        assert_eq!(answered, "不符合：应急照明、疏散指示标志完好；符合 2 项；不适用 1 项");
        let hazard = json!([{"item": "F03", "text": "灯不亮", "severity": 3, "due": "2026-12-01"}]);
        let text = "应急照明、疏散指示标志完好（2026-12-01前整改）：灯不亮";
        assert_eq!(said(Kind::Inspection, "hazards", hazard), text);
        assert_eq!(said(Kind::Recheck, "item", json!("F03")), "应急照明、疏散指示标志完好");
        assert_eq!(listed(&lists, &Kind::Inspection, "note", &json!("好")), None);
    }

    #[test]
    fn what_has_another_shape_says_nothing() {
        let lists = Lists::initial();
        for field in ["answers", "facts", "hazards"] {
            assert_eq!(listed(&lists, &Kind::Inspection, field, &json!(["x", 7])).as_deref(), Some(""), "{field}");
        }
    }
}
