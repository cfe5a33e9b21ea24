//! What a worker's day has besides doors and incidents: care plans, a notice, a warning that is a drill, two tasks, an opinion.

use domain::validate::today;
use domain::{AccountId, Kind, RecordId};
use serde_json::json;

use super::Writing;
use super::families::Family;
use super::ledger::{Opinion, fields};

/// A care plan: which family's head, level, reason, consent, begun so many days ago, seen so many days ago.
struct Plan {
    family: usize,
    level: &'static str,
    reason: &'static str,
    consent: &'static str,
    begun: i64,
    seen: Option<i64>,
}

/// One check that was missed, one that is due today, one that has time.
const PLANS: [Plan; 3] = [
    Plan { family: 8, level: "a", reason: "empty_nest", consent: "oral", begun: 5, seen: None },
    Plan { family: 19, level: "b", reason: "severe_disability", consent: "paper", begun: 0, seen: None },
    Plan { family: 31, level: "b", reason: "low_income", consent: "oral", begun: 40, seen: Some(3) },
];

/// A colleague's plan: it is not shown on the first worker's phone.
const OF_ANOTHER: Plan =
    Plan { family: 44, level: "b", reason: "maternity", consent: "oral", begun: 20, seen: Some(2) };

/// When the desk says something, in minutes of the day.
const NINE: i64 = 9 * 60;
/// Households that were told of the notice.
const TOLD: usize = 8;

/// Writes the rest of the day of a populated cell.
pub(crate) fn write(writing: &mut Writing<'_>, families: &[Family]) {
    let first = writing.people.workers[0].clone();
    for plan in &PLANS {
        care_plan(writing, families, plan, &first);
    }
    if let Some(other) = writing.people.workers.iter().find(|worker| **worker != first).cloned() {
        care_plan(writing, families, &OF_ANOTHER, &other);
        opinion(writing, &first);
    }
    notices(writing, families, &first);
    tasks(writing, families);
}

fn care_plan(writing: &mut Writing<'_>, families: &[Family], plan: &Plan, by: &AccountId) {
    let Some(family) = families.get(plan.family) else { return };
    let at = writing.morning(plan.begun + 1);
    let id = writing.chance.record_id(at);
    let begun = today(writing.now - plan.begun * super::DAY);
    let mut values = fields([
        ("person", json!(family.head_id)),
        ("reason", json!(plan.reason)),
        ("level", json!(plan.level)),
        ("responsible", json!(by)),
        ("consent", json!(plan.consent)),
        ("starts_on", json!(begun.to_string())),
    ]);
    if plan.begun == PLANS[0].begun {
        values.insert("helper_name".to_owned(), json!("演示邻居"));
        values.insert("helper_phone".to_owned(), json!(super::names::mobile(writing.chance)));
    }
    writing.ledger.write(at, by, id, Kind::CarePlan, values);
    let supervisor = writing.people.supervisor.clone();
    writing.ledger.review(at + 60_000, &supervisor, id, Kind::CarePlan, Opinion::approval());
    let Some(days_ago) = plan.seen else { return };
    let at = writing.moment(days_ago);
    let visit = writing.chance.record_id(at);
    let values = fields([
        ("target", json!(family.head_id)),
        ("target_kind", json!("person")),
        ("at", json!(at)),
        ("result", json!("met")),
        ("by", json!(by)),
        ("way", json!("door")),
        ("purposes", json!(["care"])),
        ("care_plan", json!(id)),
    ]);
    writing.ledger.write(at, by, visit, Kind::Visit, values);
    writing.ledger.review(at + 60_000, &supervisor, visit, Kind::Visit, Opinion::approval());
}

fn notices(writing: &mut Writing<'_>, families: &[Family], worker: &AccountId) {
    let desk = writing.people.supervisor.clone();
    // The same moment for every cell: by it they are one batch of the desk's.
    let at = writing.at(6, NINE, 0);
    let id = writing.chance.record_id(at);
    let values = fields([
        ("title", json!("2027 年度城乡居民医保开始缴费（演示）")),
        (
            "text",
            json!(
                "请提醒居民在 12 月 31 日前缴费。\n可在手机上缴，也可带身份证到社区便民服务窗口办理；行动不便的可以由网格员代办。"
            ),
        ),
        ("notice_kind", json!("policy")),
        ("at", json!(at)),
        ("by", json!(desk)),
        ("valid_until", json!(today(writing.now + 30 * super::DAY).to_string())),
    ]);
    writing.ledger.write(at, &desk, id, Kind::Notice, values);
    for family in families.iter().take(TOLD) {
        let at = writing.moment(3);
        let mark = writing.chance.record_id(at);
        let values = fields([
            ("notice", json!(id)),
            ("household", json!(family.id)),
            ("at", json!(at)),
            ("by", json!(worker)),
            ("way", json!("door")),
        ]);
        writing.ledger.write(at, worker, mark, Kind::NoticeAck, values);
    }
    let at = writing.at(1, NINE, 0);
    let warning = writing.chance.record_id(at);
    let values = fields([
        ("title", json!("【演练】寒潮蓝色预警")),
        (
            "text",
            json!(
                "【演练】预计两天内最低气温下降 8℃ 以上。请提醒独居老人注意取暖安全和通风，检查燃气热水器。本条为演示数据。"
            ),
        ),
        ("notice_kind", json!("warning")),
        ("level", json!("blue")),
        ("at", json!(at)),
        ("by", json!(desk)),
        ("valid_until", json!(today(writing.now + 3 * super::DAY).to_string())),
    ]);
    writing.ledger.write(at, &desk, warning, Kind::Notice, values);
}

fn tasks(writing: &mut Writing<'_>, families: &[Family]) {
    let desk = writing.people.supervisor.clone();
    let household = families.get(12).map(|family| family.id);
    let given: [(&str, &str, &str, i64, Option<RecordId>); 2] = [
        ("核对新入住租户的登记信息", "register", "房东来电说上月换了租户，请上门核对人数和电话。", 2, household),
        ("入冬用气安全提醒", "safety", "结合日常走访，提醒使用燃气热水器的住户开窗通风。", 10, None),
    ];
    for (nth, (title, purpose, text, days, target)) in (0..).zip(given) {
        let at = writing.at(2, NINE + nth, 0);
        let id = writing.chance.record_id(at);
        let mut values = fields([
            ("title", json!(title)),
            ("purpose", json!(purpose)),
            ("text", json!(text)),
            ("at", json!(at)),
            ("by", json!(desk)),
            ("due_on", json!(today(writing.now + days * super::DAY).to_string())),
        ]);
        if let Some(target) = target {
            values.insert("target".to_owned(), json!(target));
            values.insert("target_kind".to_owned(), json!("household"));
        }
        writing.ledger.write(at, &desk, id, Kind::Task, values);
    }
}

/// What the worker wants to say about the app, and the answer to it.
fn opinion(writing: &mut Writing<'_>, worker: &AccountId) {
    let at = writing.moment(5);
    let id = writing.chance.record_id(at);
    let values = fields([
        ("text", json!("希望门牌图上能看出哪家要做关爱探访。（演示）")),
        ("at", json!(at)),
        ("by", json!(worker)),
    ]);
    writing.ledger.write(at, worker, id, Kind::Feedback, values);
    let desk = writing.people.supervisor.clone();
    let answered = writing.morning(2);
    let answer = writing.chance.record_id(answered);
    let values = fields([
        ("text", json!("已记下，谢谢。现在可以先在“今日”里看到当天要探访的人。（演示）")),
        ("at", json!(answered)),
        ("by", json!(desk)),
        ("about", json!(id)),
    ]);
    writing.ledger.write(answered, &desk, answer, Kind::Feedback, values);
}
