//! The register of a cell: taken up a year ago and approved, corrected here and there since.

use domain::{Kind, RecordId};
use serde_json::json;

use super::Writing;
use super::families::{self, Family};
use super::homes;
use super::ledger::{Opinion, fields};
use super::names;

/// Days ago that the register was taken up.
const TAKEN_UP: i64 = 395;

/// Days ago that it was approved.
const APPROVED: i64 = 388;

/// Writes buildings, doors, households and people, and returns the households.
pub(crate) fn write(writing: &mut Writing<'_>) -> Vec<Family> {
    let by = writing.worker();
    let start = writing.morning(TAKEN_UP);
    let before = writing.ledger.len();
    let doors = homes::build(writing.ledger, writing.chance, writing.cell, start, &by);
    let today = domain::validate::today(writing.now);
    let mut families = Vec::new();
    for (index, door) in doors.iter().filter(|door| matches!(door.usage, "own" | "let")).enumerate() {
        let at = start + (index as i64 + 1) * 60_000;
        families.push(families::settle(writing.ledger, writing.chance, door, at, &by, today));
    }
    let approved_at = writing.morning(APPROVED);
    let supervisor = writing.people.supervisor.clone();
    for (index, (id, kind)) in writing.ledger.written_since(before).into_iter().enumerate() {
        writing.ledger.review(approved_at + index as i64 * 20, &supervisor, id, kind, Opinion::approval());
    }
    if writing.cell.full {
        corrections(writing, &families);
    }
    families
}

/// What changed lately and waits for the supervisor: telephone numbers, a removal, a note at a door.
fn corrections(writing: &mut Writing<'_>, families: &[Family]) {
    let chosen: Vec<usize> = (0..5).map(|part| part * families.len() / 5 + 3).collect();
    for (step, family) in chosen.iter().filter_map(|index| families.get(*index)).enumerate() {
        let days_ago = writing.chance.between(1, 5);
        let (at, by) = (writing.moment(days_ago), writing.worker());
        match step {
            0 | 1 => correct(writing, at, &by, family.head_id, Kind::Person, "phone"),
            2 => correct(writing, at, &by, family.id, Kind::Household, "best_time"),
            3 => correct(writing, at, &by, family.head_id, Kind::Person, "moved_out_on"),
            _ => {
                correct(writing, at, &by, family.head_id, Kind::Person, "consent");
                let supervisor = writing.people.supervisor.clone();
                let remarks = vec![("consent", "请说明是口头还是书面同意，并补记时间。")];
                let opinion = Opinion { approved: false, remarks, note: Some("核实后再报") };
                let reviewed = (at + 3 * 60 * 60 * 1000).min(writing.now - 30_000);
                writing.ledger.review(reviewed, &supervisor, family.head_id, Kind::Person, opinion);
            }
        }
    }
}

fn correct(writing: &mut Writing<'_>, at: i64, by: &domain::AccountId, id: RecordId, kind: Kind, field: &str) {
    let value = match field {
        "phone" => json!(names::mobile(writing.chance)),
        "best_time" => json!("周三、周五晚上八点前"),
        "moved_out_on" => json!(domain::validate::today(at).to_string()),
        _ => json!("statutory"),
    };
    let mut values = fields([(field, value)]);
    if field == "moved_out_on" {
        values.insert("residence".to_owned(), json!("away"));
    }
    writing.ledger.write(at, by, id, kind, values);
}
