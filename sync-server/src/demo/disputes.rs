//! A few disputes: one in its last days, one just accepted, one settled and performed, one past its month.

use domain::validate::today;
use domain::{Kind, RecordId};
use serde_json::{Value, json};

use super::families::Family;
use super::ledger::{Opinion, fields};
use super::visits::reviewed_after;
use super::{DAY, Writing};

struct Template {
    kind: &'static str,
    days_ago: i64,
    facts: &'static str,
    claim: &'static str,
    amount: &'static str,
    settled: bool,
}

const TEMPLATES: [Template; 4] = [
    Template {
        kind: "02",
        days_ago: 27,
        facts: "楼上卫生间渗水，造成楼下卧室顶面和衣柜受损，双方对维修责任和费用有分歧。",
        claim: "修复渗水点，赔偿顶面粉刷和衣柜损失。",
        amount: "3260.00",
        settled: false,
    },
    Template {
        kind: "14",
        days_ago: 3,
        facts: "住户认为公共照明长期未修，拒缴半年物业费；物业公司称已报修两次。",
        claim: "修复照明后补缴物业费，免收滞纳金。",
        amount: "864.50",
        settled: false,
    },
    Template {
        kind: "10",
        days_ago: 70,
        facts: "装修结束后尾款未付清，双方对增项工程量说法不一。",
        claim: "结清劳务费。",
        amount: "12000.00",
        settled: true,
    },
    Template {
        kind: "06",
        days_ago: 40,
        facts: "停车时剐蹭邻居电动三轮车，对维修价格有争议。",
        claim: "按维修票据赔偿。",
        amount: "580.00",
        settled: false,
    },
];

/// Writes the disputes of the first cell; the others have none.
pub(crate) fn write(writing: &mut Writing<'_>, families: &[Family]) {
    if !writing.cell.full || writing.cell.ordinal != 1 || families.len() < 2 * TEMPLATES.len() {
        return;
    }
    for (index, template) in TEMPLATES.iter().enumerate() {
        case(writing, template, &families[2 * index], &families[2 * index + 1], index);
    }
}

fn case(writing: &mut Writing<'_>, template: &Template, applicant: &Family, respondent: &Family, index: usize) {
    let (at, by) = (writing.moment(template.days_ago), writing.worker());
    let id = writing.chance.record_id(at);
    let place = writing.cell.village.place();
    let mut values = fields([
        ("type", json!(template.kind)),
        ("source", json!(if index == 1 { "active" } else { "applied" })),
        ("accepted_on", json!(today(at).to_string())),
        ("parties", json!([party(applicant, "applicant"), party(respondent, "respondent")])),
        ("number", json!(format!("（{}）{place}人调字第{}号", today(at).format("%Y"), index + 1))),
        ("place", json!(applicant.address)),
        ("facts", json!(template.facts)),
        ("claim", json!(template.claim)),
        ("amount", json!(template.amount)),
        ("by", json!(by)),
    ]);
    if template.settled {
        let agreed = (today(at) + chrono::Days::new(9)).to_string();
        values.extend(fields([
            ("agreement", json!("written")),
            ("agreed_on", json!(agreed)),
            ("terms", json!("一、双方确认尾款金额，被申请人一次付清。\n二、双方就此事再无其他争议。")),
            ("perform_how", json!("转账支付")),
            ("perform_by", json!((today(at) + chrono::Days::new(20)).to_string())),
            ("performed_on", json!((today(at) + chrono::Days::new(15)).to_string())),
        ]));
    }
    writing.ledger.write(at, &by, id, Kind::Dispute, values);
    event(writing, id, at + 20 * 60_000, &by, "rights", None);
    if index != 1 {
        let words = "申请人陈述了经过，被申请人认可主要事实，对金额提出异议；已现场查看并记录。";
        event(writing, id, at + DAY, &by, "investigation", Some(words));
        let words = "双方到场。调解员说明相关规定，双方同意先修复、后结算，约定再次商议的时间。";
        event(writing, id, at + 3 * DAY, &by, "mediation", Some(words));
    }
    if template.settled {
        event(writing, id, at + 9 * DAY, &by, "agreement", None);
        event(writing, id, at + 30 * DAY, &by, "follow_up", Some("电话回访，双方表示已履行，无新的争议。"));
    }
    if index != 1 {
        let reviewed_at = reviewed_after(writing, at);
        let supervisor = writing.people.supervisor.clone();
        writing.ledger.review(reviewed_at, &supervisor, id, Kind::Dispute, Opinion::approval());
    }
}

fn party(family: &Family, side: &str) -> Value {
    let mut party = json!({"person": family.head_id, "name": family.head, "side": side, "address": family.address});
    if let Some(phone) = &family.phone {
        party["phone"] = json!(phone);
    }
    party
}

fn event(
    writing: &mut Writing<'_>,
    dispute: RecordId,
    at: i64,
    by: &domain::AccountId,
    step: &str,
    words: Option<&'static str>,
) {
    let id = writing.chance.record_id(at);
    let mut values =
        fields([("dispute", json!(dispute)), ("event", json!(step)), ("at", json!(at)), ("by", json!(by))]);
    if let Some(words) = words {
        values.extend(fields([("text", json!(words)), ("place", json!("社区调解室"))]));
    } else {
        values.insert("signed".to_owned(), json!(true));
    }
    writing.ledger.write(at, by, id, Kind::DisputeEvent, values);
}
