//! A few shops and inspections: nothing found, a hazard that was put right, one that is due, one that is overdue.

use std::collections::BTreeMap;

use domain::checklist::ItemType;
use domain::codes::Lists;
use domain::rectification::proposed_due;
use domain::validate::today;
use domain::{Kind, RecordId};
use serde_json::{Value, json};

use super::Writing;
use super::families::Family;
use super::ledger::{Opinion, fields};
use super::names;
use super::visits::reviewed_after;

const SHOPS: [(&str, &str); 3] = [("顺口面馆", "restaurant"), ("便民小超市", "shop"), ("光影理发", "beauty")];

/// Writes shops, their inspections and one of a household, in the first cell; the others have none.
pub(crate) fn write(writing: &mut Writing<'_>, families: &[Family]) {
    if !writing.cell.full || writing.cell.ordinal != 1 {
        return;
    }
    let doors = writing.ledger.written_with(&Kind::Dwelling, "use", &json!("shop"));
    // Found, and how many days ago.
    let found: [(&[&str], i64); 3] = [(&["F02", "F12"], 6), (&["F04"], 6), (&[], 20)];
    for ((door, (name, kind)), (bad, days_ago)) in doors.iter().zip(SHOPS).zip(found) {
        let shop = shop(writing, *door, name, kind);
        let id = inspect(writing, (shop, "premises"), "fire_nine_small", bad, days_ago);
        if bad == ["F04"] {
            recheck(writing, id, "F04");
        }
    }
    if let Some(family) = families.get(4) {
        inspect(writing, (family.id, "household"), "gas_household", &["G02"], 3);
    }
}

fn shop(writing: &mut Writing<'_>, door: RecordId, name: &str, kind: &str) -> RecordId {
    let (at, by) = (writing.moment(60), writing.worker());
    let id = writing.chance.record_id(at);
    let values = fields([
        ("dwelling", json!(door)),
        ("name", json!(name)),
        ("premises_kind", json!(kind)),
        ("area_m2", json!(writing.chance.between(18, 80))),
        ("contact_phone", json!(names::mobile(writing.chance))),
        ("gas", json!(kind == "restaurant")),
    ]);
    writing.ledger.write(at, &by, id, Kind::Premises, values);
    approve(writing, id, Kind::Premises, at);
    id
}

fn inspect(
    writing: &mut Writing<'_>,
    (subject, kind): (RecordId, &str),
    code: &str,
    bad: &[&str],
    days_ago: i64,
) -> RecordId {
    let (at, by) = (writing.moment(days_ago), writing.worker());
    let id = writing.chance.record_id(at);
    let lists = Lists::initial();
    let items = lists.checklist(code).map(|checklist| checklist.items.clone()).unwrap_or_default();
    let asked = || items.iter().filter(|item| item.asks == ItemType::OkBadNa);
    let answer = |id: &str| if bad.contains(&id) { "bad" } else { "ok" };
    let answers: BTreeMap<&str, &str> = asked().map(|item| (item.id.as_str(), answer(&item.id))).collect();
    let hazards: Vec<Value> = asked()
        .filter(|item| bad.contains(&item.id.as_str()))
        .map(|item| {
            let severity = item.severity.unwrap_or(3);
            let due = proposed_due(severity, today(at)).to_string();
            json!({"item": item.id, "text": format!("不符合：{}", item.text_zh), "severity": severity, "due": due})
        })
        .collect();
    let mut values = fields([
        ("subject", json!(subject)),
        ("subject_kind", json!(kind)),
        ("checklist", json!(code)),
        ("checklist_version", json!(lists.version)),
        ("at", json!(at)),
        ("by", json!(by)),
        ("answers", json!(answers)),
    ]);
    if !hazards.is_empty() {
        values.insert("hazards".to_owned(), json!(hazards));
    }
    writing.ledger.write(at, &by, id, Kind::Inspection, values);
    if days_ago > 3 {
        approve(writing, id, Kind::Inspection, at);
    }
    id
}

fn recheck(writing: &mut Writing<'_>, inspection: RecordId, item: &str) {
    let (at, by) = (writing.moment(1), writing.worker());
    let id = writing.chance.record_id(at);
    let values = fields([
        ("inspection", json!(inspection)),
        ("item", json!(item)),
        ("at", json!(at)),
        ("by", json!(by)),
        ("result", json!("fixed")),
        ("note", json!("已装感烟报警器，现场测试有声音。")),
    ]);
    writing.ledger.write(at, &by, id, Kind::Recheck, values);
}

fn approve(writing: &mut Writing<'_>, id: RecordId, kind: Kind, at: i64) {
    let reviewed_at = reviewed_after(writing, at);
    let supervisor = writing.people.supervisor.clone();
    writing.ledger.review(reviewed_at, &supervisor, id, kind, Opinion::approval());
}
