//! Incidents of a year, in many categories: most of them approved, some waiting, one returned and one corrected after that.

use domain::codes::Lists;
use domain::validate::today;
use domain::world::Millis;
use domain::{AccountId, Kind, RecordId};
use serde_json::json;

use super::families::Family;
use super::land;
use super::ledger::{Opinion, fields};
use super::steps::{self, Story};
use super::visits::reviewed_after;
use super::{COUNTY, Writing};

struct Template {
    category: &'static str,
    title: &'static str,
    text: &'static str,
    /// Of stairwells, of villages, or of both.
    place: Where,
}

#[derive(PartialEq, Eq)]
enum Where {
    Town,
    Village,
    Both,
}

const fn template(category: &'static str, title: &'static str, text: &'static str, place: Where) -> Template {
    Template { category, title, text, place }
}

const TEMPLATES: &[Template] = &[
    template("0601", "人行道井盖破损", "井盖边缘断裂，夜间行人容易踩空，已放置警示锥。", Where::Town),
    template("0603", "单元门前路灯不亮", "连续三晚不亮，老人晚上出行不便。", Where::Both),
    template("0304", "楼道内电动自行车充电", "一层楼道停放两辆电动车，从窗户拉线充电。", Where::Town),
    template("0301", "疏散通道堆放杂物", "三至四层楼道堆放旧家具，影响通行。", Where::Town),
    template("0302", "灭火器压力不足", "二单元两具灭火器指针在红区。", Where::Town),
    template("0701", "垃圾桶满溢", "周末未清运，气味较大。", Where::Both),
    template("0703", "夜间装修噪声", "晚上十点后仍在施工，邻居多次反映。", Where::Town),
    template("0704", "车辆占用消防通道", "白色小轿车长期停放，未留电话。", Where::Town),
    template("0604", "下水道堵塞返水", "一楼厨房返水，需要疏通主管道。", Where::Town),
    template("0402", "外墙瓷砖松动", "西侧山墙六层处瓷砖鼓起，下方有人行道。", Where::Town),
    template("0101", "代办医保缴费", "老人不会使用手机，代为办理并打印凭证。", Where::Both),
    template("0103", "独居老人需要送餐", "腿脚不便，希望联系社区食堂送午餐。", Where::Both),
    template("0107", "协助预约就诊", "需要到县医院复查，帮助预约并联系家属陪同。", Where::Both),
    template("0106", "咨询灵活就业社保", "想了解缴费档次和补贴条件。", Where::Both),
    template("0202", "漏水引起的邻里纠纷", "楼上卫生间渗水，双方对维修费用有分歧。", Where::Town),
    template("0206", "物业费收取争议", "居民认为公共照明未修复，拒缴物业费。", Where::Town),
    template("0606", "健身器材损坏", "小区广场漫步机踏板脱落。", Where::Both),
    template("0899", "建议增设休息座椅", "公交站旁老人候车时间长，建议设两张长椅。", Where::Both),
    template("0501", "屋后边坡出现裂缝", "雨后坡面有新裂缝，长约六米，已提醒住户注意观察。", Where::Village),
    template("0505", "进组道路塌方", "路肩塌落约三米，农用车无法通过。", Where::Village),
    template("0602", "水泥路面破损", "组道多处坑洼，摩托车易摔倒。", Where::Village),
    template("0705", "散养犬只未拴绳", "放学路上犬只追逐学生。", Where::Village),
    template("0204", "林地边界纠纷", "两户对林地界线说法不一，约定周五现场查看。", Where::Village),
];

/// Writes the incidents of a cell.
pub(crate) fn write(writing: &mut Writing<'_>, families: &[Family]) {
    if families.is_empty() {
        return;
    }
    if !writing.cell.full {
        if writing.chance.percent(12) {
            let days_ago = writing.chance.between(1, 200);
            let reported = report(writing, families, days_ago);
            if days_ago > 6 {
                approve(writing, &reported);
            }
        }
        return;
    }
    let settled = if writing.cell.ordinal == 1 { 8 } else { 5 };
    for index in 0..settled {
        let story = if writing.cell.ordinal == 1 { Story::of(index) } else { Story::of_others(index) };
        let days_ago = if story.is_recent() { 3 + index as i64 } else { writing.chance.between(8, 330) };
        let reported = report(writing, families, days_ago);
        if story != Story::Closed || writing.chance.percent(45) {
            photos(writing, &reported, "before");
        }
        if matches!(story, Story::ToVerify | Story::Passed | Story::Solved) {
            photos(writing, &reported, "after");
        }
        approve(writing, &reported);
        steps::write(writing, reported.id, reported.at, story);
    }
    let waiting = report(writing, families, 1);
    photos(writing, &waiting, "scene");
    report(writing, families, 2);
    if writing.cell.ordinal == 1 {
        returned(writing, families);
        corrected(writing, families);
    }
}

struct Reported {
    id: RecordId,
    at: Millis,
    by: AccountId,
}

fn report(writing: &mut Writing<'_>, families: &[Family], days_ago: i64) -> Reported {
    let (at, by) = (writing.moment(days_ago), writing.worker());
    let lists = Lists::initial();
    let place = if writing.cell.urban { Where::Town } else { Where::Village };
    let fitting: Vec<&Template> = TEMPLATES.iter().filter(|t| t.place == Where::Both || t.place == place).collect();
    let chance = &mut *writing.chance;
    let template = chance.pick(&fitting);
    let family = chance.one_of(families);
    let severity = lists.category(template.category).and_then(|category| category.default_severity).unwrap_or(3);
    let id = chance.record_id(at);
    writing.incidents += 1;
    // Five digits: numbers that the server gives later have four.
    let number = 10_000 + writing.cell.index * 20 + writing.incidents;
    let mut values = fields([
        ("number", json!(format!("{COUNTY}-{}-{number}", today(at).format("%Y%m%d")))),
        ("category", json!(template.category)),
        ("list_version", json!(lists.version)),
        ("severity", json!(severity)),
        ("title", json!(template.title)),
        ("text", json!(template.text)),
        ("happened_at", json!(at - chance.between(5, 90) * 60_000)),
        ("by", json!(by)),
        ("source", json!(chance.weighted(&[("worker", 5), ("resident", 4), ("patrol", 2), ("hotline", 1)]))),
    ]);
    if chance.percent(70) {
        values.insert("dwelling".to_owned(), json!(family.dwelling));
        values.insert("household".to_owned(), json!(family.id));
    } else {
        values.insert("place".to_owned(), json!(format!("{}附近", family.address)));
    }
    // Not everybody takes a position along.
    if !writing.incidents.is_multiple_of(3) {
        values.insert("position".to_owned(), land::street(writing.cell, writing.incidents));
    }
    if let Some(phone) = family.phone.as_ref().filter(|_| chance.percent(40)) {
        values.insert("contact_name".to_owned(), json!(family.head));
        values.insert("contact_phone".to_owned(), json!(phone));
        values.insert("reply_wanted".to_owned(), json!(true));
    }
    if template.category == "0101" {
        values.insert("on_behalf".to_owned(), json!(true));
        values.insert("materials".to_owned(), json!("医保卡复印件一份"));
    }
    writing.ledger.write(at, &by, id, Kind::Incident, values);
    Reported { id, at, by }
}

fn approve(writing: &mut Writing<'_>, reported: &Reported) {
    let at = reviewed_after(writing, reported.at);
    let supervisor = writing.people.supervisor.clone();
    writing.ledger.review(at, &supervisor, reported.id, Kind::Incident, Opinion::approval());
}

fn photos(writing: &mut Writing<'_>, reported: &Reported, kind: &str) {
    let count = writing.chance.between(1, 2);
    for number in 0..count {
        let sample = writing.chance.one_of(writing.samples);
        let at = reported.at + (number + 1) * 20_000;
        let values = fields([
            ("subject", json!(reported.id)),
            ("subject_kind", json!("incident")),
            ("sha256", json!(sample.sha256)),
            ("width", json!(sample.width)),
            ("height", json!(sample.height)),
            ("bytes", json!(sample.full.len())),
            ("taken_at", json!(at)),
            ("photo_kind", json!(kind)),
            ("by", json!(reported.by)),
        ]);
        let id = writing.chance.record_id(at);
        writing.ledger.write(at, &reported.by, id, Kind::Photo, values);
    }
}

/// The worker's turn: the supervisor wants to know the place.
fn returned(writing: &mut Writing<'_>, families: &[Family]) {
    let reported = report(writing, families, 4);
    let at = send_back(writing, &reported);
    steps::write(writing, reported.id, at, Story::Returned);
}

/// Returned, corrected by the worker, waiting again.
fn corrected(writing: &mut Writing<'_>, families: &[Family]) {
    let reported = report(writing, families, 5);
    let sent_back_at = send_back(writing, &reported);
    let at = (sent_back_at + 5 * 60 * 60 * 1000).min(writing.now - 10_000);
    let values = fields([("text", json!("现场复查：位置在小区东门外人行道，距门卫室约十米，已拍照。"))]);
    writing.ledger.write(at, &reported.by, reported.id, Kind::Incident, values);
}

fn send_back(writing: &mut Writing<'_>, reported: &Reported) -> Millis {
    let at = reviewed_after(writing, reported.at);
    let supervisor = writing.people.supervisor.clone();
    let remarks = vec![("text", "请写清具体位置和现状。")];
    let opinion = Opinion { approved: false, remarks, note: Some("补充后再报") };
    writing.ledger.review(at, &supervisor, reported.id, Kind::Incident, opinion);
    at
}
