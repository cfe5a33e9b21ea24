//! A year of visits: most doors opened once, some never; the last days wait for the supervisor.

use domain::Kind;
use domain::world::Millis;
use serde_json::json;

use super::families::Family;
use super::ledger::{Opinion, fields};
use super::{DAY, Writing};

/// Visits of this many days are not reviewed yet.
const WAITING_DAYS: i64 = 6;

const RESULTS: &[(&str, u32)] = &[("met", 56), ("absent", 33), ("proxy", 6), ("refused", 3), ("moved", 2)];

const NOTES: &[&str] = &[
    "已提醒冬季用电安全，检查插线板。",
    "老人血压偏高，子女周末回来陪诊。",
    "询问医保缴费时间，已告知办理地点。",
    "已宣传反诈，手机安装了防诈骗软件。",
    "反映楼道灯不亮，已上报。",
    "孩子暑假由奶奶照看，提醒防溺水。",
    "家里添丁，下次补登记信息。",
];

/// Writes the year's visits of a cell.
pub(crate) fn write(writing: &mut Writing<'_>, families: &[Family]) {
    for family in families {
        let count = if writing.chance.percent(4) {
            0
        } else if writing.cell.full {
            writing.chance.between(1, 4)
        } else {
            writing.chance.between(0, 2)
        };
        for _ in 0..count {
            let days_ago = writing.chance.between(WAITING_DAYS + 1, 360);
            visit(writing, family, days_ago);
        }
    }
    let recent = if writing.cell.full { writing.chance.between(6, 9) } else { writing.chance.between(0, 1) };
    for _ in 0..recent.min(families.len() as i64) {
        let family = writing.chance.one_of(families);
        let days_ago = writing.chance.between(1, WAITING_DAYS - 1);
        visit(writing, family, days_ago);
    }
}

fn visit(writing: &mut Writing<'_>, family: &Family, days_ago: i64) {
    let (at, by) = (writing.moment(days_ago), writing.worker());
    let chance = &mut *writing.chance;
    let id = chance.record_id(at);
    let result = chance.weighted(RESULTS);
    let mut values = fields([
        ("target", json!(family.id)),
        ("target_kind", json!("household")),
        ("at", json!(at)),
        ("result", json!(result)),
        ("by", json!(by)),
    ]);
    if matches!(result, "met" | "proxy") {
        values.insert("way".to_owned(), json!(chance.weighted(&[("door", 9), ("phone", 1)])));
        if chance.percent(45) {
            let purpose = chance.weighted(&[("register", 4), ("safety", 3), ("fraud", 3), ("care", 2), ("policy", 2)]);
            values.insert("purposes".to_owned(), json!([purpose]));
        }
        if chance.percent(7) {
            let need = chance.pick(&["errand", "medical", "care", "repair", "job"]);
            values.insert("needs".to_owned(), json!([need]));
        }
        if chance.percent(10) {
            values.insert("note".to_owned(), json!(chance.pick(NOTES)));
        }
    }
    writing.ledger.write(at, &by, id, Kind::Visit, values);
    if days_ago > WAITING_DAYS {
        let reviewed = reviewed_after(writing, at);
        let supervisor = writing.people.supervisor.clone();
        writing.ledger.review(reviewed, &supervisor, id, Kind::Visit, Opinion::approval());
    }
}

/// One to three mornings later.
pub(crate) fn reviewed_after(writing: &mut Writing<'_>, at: Millis) -> Millis {
    let days_ago = (writing.now - at) / DAY;
    let waited = writing.chance.between(1, 3);
    writing.morning((days_ago - waited).max(1)).max(at + 60_000)
}
