//! What threatens a cell when it rains for days: two hazard points with the households below them, an exercise of last spring and
//! one of today that is under way.

use domain::kinds::evacuation::Listed;
use domain::kinds::roll_call::Mark;
use domain::{Kind, RecordId};
use serde_json::json;

use super::Writing;
use super::families::Family;
use super::land;
use super::ledger::{Opinion, fields};
use super::names;
use super::visits::reviewed_after;

/// Days ago that the points were taken up.
const TAKEN_UP: i64 = 200;

/// Days ago that the last exercise was.
const LAST_EXERCISE: i64 = 130;

struct Point {
    name: &'static str,
    kind: &'static str,
    place: &'static str,
    signal: &'static str,
    route: &'static str,
    shelter: &'static str,
}

const POINTS: [Point; 2] = [
    Point {
        name: "河堤低洼段",
        kind: "flash_flood",
        place: "江湾河堤东段",
        signal: "连续急促敲锣，村广播播放警报",
        route: "沿东巷向北，过石桥上公路，不走河边便道",
        shelter: "江湾小学教学楼",
    },
    Point {
        name: "后坡滑坡点",
        kind: "landslide",
        place: "社区北侧后坡",
        signal: "手摇警报器长鸣，逐户敲门",
        route: "出楼门向南，经中心路到广场，不从坡下通过",
        shelter: "社区党群服务中心",
    },
];

/// Households below the first and below the second point.
const HOUSEHOLDS: [usize; 2] = [7, 4];

/// Writes the hazard points, households and evacuations of the first cell. Elsewhere nothing threatens.
pub(crate) fn write(writing: &mut Writing<'_>, families: &[Family]) {
    if !(writing.cell.full && writing.cell.ordinal == 1) {
        return;
    }
    let mut roster = Vec::new();
    let mut points = Vec::new();
    let mut next = 10;
    for (point, households) in POINTS.iter().zip(HOUSEHOLDS) {
        let threatened: Vec<&Family> = families.iter().skip(next).take(households).collect();
        next += households;
        let id = hazard_point(writing, point, points.len());
        for family in threatened {
            threaten(writing, id, family, &mut roster);
        }
        points.push(id);
    }
    let moved = |index: usize| Some(if index % 4 == 3 { Mark::Away } else { Mark::MovedShelter });
    exercise(writing, LAST_EXERCISE, &points, &roster, moved);
    // Half of it done, as on a wet morning.
    let under_way = |index: usize| match index % 9 {
        0..=2 => Some(Mark::MovedShelter),
        3 => Some(Mark::MovedFamily),
        4 => Some(Mark::Called),
        5 => Some(Mark::Away),
        6 if index < 9 => Some(Mark::Refused),
        _ => None,
    };
    exercise(writing, 0, &points, &roster, under_way);
}

fn hazard_point(writing: &mut Writing<'_>, point: &Point, number: usize) -> RecordId {
    let (at, by) = (writing.moment(TAKEN_UP), writing.worker());
    let chance = &mut *writing.chance;
    let id = chance.record_id(at);
    let surname = names::surname(chance);
    let values = fields([
        ("name", json!(point.name)),
        ("hazard_kind", json!(point.kind)),
        ("place", json!(point.place)),
        // Behind the houses, in the last row of places.
        ("position", land::slot(writing.cell, 10 + number)),
        ("monitor_name", json!(format!("{surname}{}", names::given(chance, true)))),
        ("monitor_phone", json!(names::mobile(chance))),
        ("signal", json!(point.signal)),
        ("route", json!(point.route)),
        ("shelter", json!(point.shelter)),
    ]);
    writing.ledger.write(at, &by, id, Kind::HazardPoint, values);
    approve(writing, at, id, Kind::HazardPoint);
    id
}

fn threaten(writing: &mut Writing<'_>, point: RecordId, family: &Family, roster: &mut Vec<Listed>) {
    let (at, by) = (writing.moment(TAKEN_UP - 2), writing.worker());
    let chance = &mut *writing.chance;
    let id = chance.record_id(at);
    let needs_help = chance.percent(20);
    let surname = names::surname(chance);
    let mut values = fields([
        ("hazard_point", json!(point)),
        ("household", json!(family.id)),
        ("needs_help", json!(needs_help)),
        ("contact_name", json!(format!("{surname}{}", names::given(chance, true)))),
        ("contact_phone", json!(names::mobile(chance))),
    ]);
    if needs_help {
        values.insert("help_note".to_owned(), json!("老人行动不便，需要人背或轮椅"));
    }
    writing.ledger.write(at, &by, id, Kind::ThreatenedHousehold, values);
    approve(writing, at, id, Kind::ThreatenedHousehold);
    roster.extend(family.people.iter().map(|(person, name)| Listed {
        person: *person,
        household: family.id,
        point,
        name: name.clone(),
        needs_help,
    }));
}

fn approve(writing: &mut Writing<'_>, at: i64, id: RecordId, kind: Kind) {
    let reviewed = reviewed_after(writing, at);
    let supervisor = writing.people.supervisor.clone();
    writing.ledger.review(reviewed, &supervisor, id, kind, Opinion::approval());
}

/// An order of the supervisor's, and what the workers marked in the hour after it.
fn exercise(
    writing: &mut Writing<'_>,
    days_ago: i64,
    points: &[RecordId],
    roster: &[Listed],
    mark: impl Fn(usize) -> Option<Mark>,
) {
    const MINUTE: i64 = 60_000;
    // The latest one began a while ago, whatever the hour is.
    let ordered_at = if days_ago == 0 { writing.now - 50 * MINUTE } else { writing.morning(days_ago) };
    let supervisor = writing.people.supervisor.clone();
    let id = writing.chance.record_id(ordered_at);
    let values = fields([
        ("reason", json!("汛期防汛避险演练")),
        ("level", json!("orange")),
        ("drill", json!(true)),
        ("points", json!(points)),
        ("ordered_at", json!(ordered_at)),
        ("by", json!(supervisor)),
        ("roster", json!(roster)),
    ]);
    writing.ledger.write(ordered_at, &supervisor, id, Kind::Evacuation, values);
    for (index, listed) in roster.iter().enumerate() {
        let Some(mark) = mark(index) else { continue };
        let at = ordered_at + 5 * MINUTE + index as i64 * 40_000;
        let by = writing.worker();
        let record = writing.chance.record_id(at);
        let values = fields([
            ("evacuation", json!(id)),
            ("person", json!(listed.person)),
            ("mark", json!(mark)),
            ("at", json!(at)),
            ("by", json!(by)),
        ]);
        writing.ledger.write(at, &by, record, Kind::RollCall, values);
    }
    if days_ago > 0 {
        let ended_at = ordered_at + 3 * 60 * MINUTE;
        writing.ledger.write(ended_at, &supervisor, id, Kind::Evacuation, fields([("ended_at", json!(ended_at))]));
    }
}
