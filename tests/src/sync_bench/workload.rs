//! The workload: one cell's register with its incidents and visits, made up and the same every time, and the edits of two
//! devices that did not know of each other.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use domain::document::check_character;
use domain::{Fields, Kind, RecordId};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::words;
use crate::trouble::{Doing, Outcome};

/// The cell of the workload.
pub const CELL: &str = "610722001001001";
/// The account that carries the phones.
pub const WORKER: &str = "bench-worker";

/// One-field edits of each of the two devices.
pub const EDITS: usize = 2_000;
/// Of those, edits of a field that the other device edits too.
pub const CONFLICTS: usize = 200;

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub usize);

impl Size {
    /// 300 households in 180 dwellings, 1,000 people, 500 incidents, 3,000 visits.
    pub const W: Size = Size(1);
    /// Ten times that.
    pub const W10: Size = Size(10);

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        if self == Size::W { "W" } else { "W10" }
    }
}

/// A record before anybody stamped it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub id: RecordId,
    /// Its values.
    pub fields: Fields,
}

/// One field of one record, written anew.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The record's kind.
    pub kind: Kind,
    /// The record.
    pub id: RecordId,
    /// The field.
    pub field: &'static str,
    /// The new value.
    pub value: Value,
    /// Whether the other device edits the same field.
    pub conflict: bool,
    /// In a conflict: whether this device writes after the other.
    pub later: bool,
}

/// Records and edits.
#[derive(Debug)]
pub struct Workload {
    /// In an order in which none names a later one.
    pub drafts: Vec<Draft>,
    /// What one device writes.
    pub edits_a: Vec<Edit>,
    /// What the other writes.
    pub edits_b: Vec<Edit>,
}

impl Workload {
    /// The workload of a size; `now` in milliseconds since 1970 is after everything in it.
    pub fn new(Size(times): Size, now: i64) -> Self {
        let mut maker = Maker { chance: StdRng::seed_from_u64(610_722), now, drafts: Vec::new() };
        maker.register(times);
        let drafts = maker.drafts;
        let (edits_a, edits_b) = edits(&drafts, &mut StdRng::seed_from_u64(42));
        Self { drafts, edits_a, edits_b }
    }

    /// Writes what the limits are measured with: `rows`, `edits-a` and `edits-b`, one JSON object a line.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write_lines(&self, folder: &Path) -> Outcome {
        let row = |draft: &Draft| {
            let mut row = serde_json::Map::from_iter(draft.fields.clone());
            row.insert("kind".to_owned(), draft.kind.as_str().into());
            row.insert("id".to_owned(), draft.id.to_string().into());
            row.insert("cell".to_owned(), CELL.into());
            Value::Object(row)
        };
        let edit = |edit: &Edit| {
            let Edit { kind, id, field, value, .. } = edit;
            json!({ "kind": kind.as_str(), "id": id, "field": field, "value": value })
        };
        lines(&folder.join("rows"), self.drafts.iter().map(row))?;
        lines(&folder.join("edits-a"), self.edits_a.iter().map(edit))?;
        lines(&folder.join("edits-b"), self.edits_b.iter().map(edit))
    }
}

fn lines(path: &Path, values: impl Iterator<Item = Value>) -> Outcome {
    let mut out = BufWriter::new(File::create(path).doing("writing the workload")?);
    for value in values {
        writeln!(out, "{value}").doing("writing the workload")?;
    }
    out.flush().doing("writing the workload")
}

/// A visit to a household, as a phone writes it.
pub fn visit(chance: &mut StdRng, target: RecordId, by: &str, at: i64) -> Fields {
    let fields = json!({
        "target": target, "target_kind": "household", "at": at, "by": by,
        "result": pick(chance, &["met", "met", "met", "absent", "proxy"]),
        "way": pick(chance, &["door", "door", "phone"]),
        "purposes": some(chance, &["register", "care", "safety", "fraud", "policy", "follow_up"], 1, 3),
        "needs": some(chance, &["errand", "medical", "care", "repair", "job"], 0, 2),
        "note": sentences(chance, 1, 4),
    });
    as_fields(fields)
}

fn as_fields(value: Value) -> Fields {
    match value {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Fields::new(),
    }
}

fn pick<'t>(chance: &mut StdRng, from: &[&'t str]) -> &'t str {
    from.choose(chance).copied().unwrap_or_default()
}

fn some(chance: &mut StdRng, from: &[&str], least: usize, most: usize) -> Vec<String> {
    let count = chance.random_range(least..=most);
    from.sample(chance, count).map(|code| (*code).to_owned()).collect()
}

fn sentences(chance: &mut StdRng, least: usize, most: usize) -> String {
    (0..chance.random_range(least..=most)).map(|_| pick(chance, words::SENTENCES)).collect()
}

fn name(chance: &mut StdRng) -> String {
    let given = chance.random_range(1..=2);
    let mut one = |from: &str| from.chars().nth(chance.random_range(0..from.chars().count())).unwrap_or('王');
    let mut name = String::from(one(words::SURNAMES));
    (0..given).for_each(|_| name.push(one(words::GIVEN)));
    name
}

fn phone(chance: &mut StdRng) -> String {
    format!("13{:09}", chance.random_range(0..1_000_000_000_u64))
}

/// Makes the records, each after those that it names.
struct Maker {
    chance: StdRng,
    now: i64,
    drafts: Vec<Draft>,
}

impl Maker {
    fn register(&mut self, times: usize) {
        let buildings: Vec<RecordId> = (1..=8 * times).map(|number| self.building(number)).collect();
        let dwellings: Vec<RecordId> = (0..180 * times).map(|door| self.dwelling(&buildings, door)).collect();
        let households: Vec<RecordId> = (0..300 * times).map(|_| self.household(&dwellings)).collect();
        (0..1_000 * times).for_each(|_| self.person(&households));
        let incidents: Vec<RecordId> = (0..500 * times).map(|_| self.incident(&households)).collect();
        for _ in 0..3_000 * times {
            let target = self.one_of(&households);
            let at = self.before();
            let mut fields = visit(&mut self.chance, target, WORKER, at);
            if self.chance.random_bool(0.1) {
                fields.insert("incidents".to_owned(), json!([self.one_of(&incidents)]));
            }
            self.add(Kind::Visit, fields);
        }
    }

    fn add(&mut self, kind: Kind, fields: Fields) -> RecordId {
        let at = self.now - 1_000_000_000 + self.drafts.len() as i64 * 1_000;
        let id =
            RecordId(uuid::Builder::from_unix_timestamp_millis(at.unsigned_abs(), &self.chance.random()).into_uuid());
        self.drafts.push(Draft { kind, id, fields });
        id
    }

    fn one_of(&mut self, ids: &[RecordId]) -> RecordId {
        ids.choose(&mut self.chance).copied().expect("there are records before those that name them")
    }

    fn before(&mut self) -> i64 {
        self.now - self.chance.random_range(1_000_000..20_000_000_000)
    }

    fn position(&mut self) -> Value {
        let mut near = |middle: f64| ((middle + self.chance.random_range(-0.02..0.02)) * 1e6).round() / 1e6;
        json!({ "lat": near(33.15), "lng": near(107.33), "accuracy_m": 12.0 })
    }

    fn building(&mut self, number: usize) -> RecordId {
        let fields = json!({
            "name": format!("{number}幢"), "building_kind": "residential", "floors": 6, "units": 4,
            "street": pick(&mut self.chance, words::STREETS), "position": self.position(),
        });
        self.add(Kind::Building, as_fields(fields))
    }

    fn dwelling(&mut self, buildings: &[RecordId], door: usize) -> RecordId {
        let floor = door / 4 % 6 + 1;
        let fields = json!({
            "building": self.one_of(buildings), "unit": format!("{}", door % 4 + 1), "floor": floor,
            "room": format!("{floor}0{}", door % 4 + 1), "use": pick(&mut self.chance, &["own", "own", "let"]),
            "street": pick(&mut self.chance, words::STREETS),
        });
        self.add(Kind::Dwelling, as_fields(fields))
    }

    fn household(&mut self, dwellings: &[RecordId]) -> RecordId {
        let fields = json!({
            "dwelling": self.one_of(dwellings), "contact_phone": phone(&mut self.chance),
            "best_time": pick(&mut self.chance, words::TIMES), "access_note": sentences(&mut self.chance, 0, 2),
        });
        self.add(Kind::Household, as_fields(fields))
    }

    fn person(&mut self, households: &[RecordId]) {
        let chance = &mut self.chance;
        let born = (chance.random_range(1936..2024), chance.random_range(1..=12), chance.random_range(1..=28));
        let sequence: u16 = chance.random_range(0..1_000);
        let first = format!("610722{}{:02}{:02}{sequence:03}", born.0, born.1, born.2);
        let check = check_character(&first).expect("seventeen digits have a check character");
        let fields = json!({
            "household": households.choose(chance), "name": name(chance), "sex": if sequence % 2 == 1 { "1" } else { "2" },
            "birth_date": format!("{}-{:02}-{:02}", born.0, born.1, born.2),
            "document_kind": "id_card", "document_number": format!("{first}{check}"), "phone": phone(chance),
            "relation": pick(chance, &["02", "10", "20", "30"]),
            "residence": pick(chance, &["resident", "resident", "away", "inflow"]),
            "consent": pick(chance, &["oral", "paper"]),
        });
        self.add(Kind::Person, as_fields(fields));
    }

    fn incident(&mut self, households: &[RecordId]) -> RecordId {
        let (happened_at, position) = (self.before(), self.position());
        let chance = &mut self.chance;
        let fields = json!({
            "category": pick(chance, &["0101", "0102", "0103"]), "list_version": 1,
            "severity": chance.random_range(2..=4), "title": pick(chance, words::TITLES), "happened_at": happened_at,
            "by": WORKER, "text": sentences(chance, 2, 5), "household": households.choose(chance),
            "place": pick(chance, words::STREETS), "position": position,
            "source": pick(chance, &["worker", "resident", "hotline", "patrol"]), "contact_name": name(chance),
            "contact_phone": phone(chance), "reply_wanted": chance.random_bool(0.5), "on_behalf": chance.random_bool(0.2),
            "materials": sentences(chance, 0, 1),
        });
        self.add(Kind::Incident, as_fields(fields))
    }
}

/// The fields that are edited, with a fresh value for each.
const EDITED: &[(Kind, &[&str])] = &[
    (Kind::Household, &["contact_phone", "best_time", "access_note"]),
    (Kind::Person, &["phone", "name", "residence"]),
    (Kind::Incident, &["text", "title", "place", "contact_phone", "materials"]),
];

fn fresh_value(chance: &mut StdRng, field: &str) -> Value {
    match field {
        "contact_phone" | "phone" => phone(chance).into(),
        "name" => format!("{}{}", name(chance), name(chance)).into(),
        "residence" => "other".into(),
        _ => format!("{}{}", sentences(chance, 1, 1), chance.random_range(0..1_000_000)).into(),
    }
}

/// Two devices' edits. Besides the conflicts no field is edited twice, but many records are edited by both.
fn edits(drafts: &[Draft], chance: &mut StdRng) -> (Vec<Edit>, Vec<Edit>) {
    let mut places: Vec<(&Draft, &'static str)> = Vec::new();
    for draft in drafts {
        let fields = EDITED.iter().find(|(kind, _)| *kind == draft.kind).map_or(&[][..], |(_, fields)| fields);
        places.extend(fields.iter().map(|field| (draft, *field)));
    }
    places.shuffle(chance);
    let mut edit = |(draft, field): (&Draft, &'static str), conflict, later| {
        let Draft { kind, id, .. } = draft.clone();
        Edit { kind, id, field, value: fresh_value(chance, field), conflict, later }
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    // The records in conflict are edited nowhere else: changesets settle conflicts by whole rows, and would lose the rest of them.
    let mut torn = std::collections::BTreeSet::new();
    for place in places.iter().filter(|(_, field)| *field != "residence") {
        if torn.len() < CONFLICTS && torn.insert(place.0.id) {
            a.push(edit(*place, true, torn.len() % 2 == 1));
            b.push(edit(*place, true, torn.len() % 2 == 0));
        }
    }
    let mut places = places.into_iter().filter(|(draft, _)| !torn.contains(&draft.id));
    for _ in CONFLICTS..EDITS {
        a.extend(places.next().map(|place| edit(place, false, false)));
        b.extend(places.next().map(|place| edit(place, false, false)));
    }
    (a, b)
}

#[cfg(test)]
mod tests {
    use domain::codes::Lists;
    use domain::validate::{Setting, problems};
    use domain::{CellCode, Change, Stamp, Stamps};

    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    #[test]
    fn the_workload_is_what_it_says_and_would_be_taken() {
        let workload = Workload::new(Size::W, NOW);
        let count = |kind: Kind| workload.drafts.iter().filter(|draft| draft.kind == kind).count();
        let counts = [Kind::Household, Kind::Person, Kind::Incident, Kind::Visit].map(count);
        assert_eq!(counts, [300, 1_000, 500, 3_000]);
        let lists = Lists::initial();
        for draft in &workload.drafts {
            let change = Change {
                id: draft.id,
                kind: draft.kind.clone(),
                cell: CellCode::new(CELL).unwrap(),
                fields: draft.fields.clone(),
                stamps: Stamps::all(Stamp::ZERO),
                base: Default::default(),
            };
            assert_eq!(problems(&change, None, Setting { now: NOW, lists: &lists }), [], "{draft:?}");
        }
    }

    #[test]
    fn both_devices_edit_two_thousand_fields_and_two_hundred_of_them_are_the_same() {
        let workload = Workload::new(Size::W, NOW);
        let places =
            |edits: &[Edit]| edits.iter().map(|edit| (edit.id, edit.field)).collect::<std::collections::BTreeSet<_>>();
        let (a, b) = (places(&workload.edits_a), places(&workload.edits_b));
        assert_eq!((a.len(), b.len()), (EDITS, EDITS));
        assert_eq!(a.intersection(&b).count(), CONFLICTS);
    }
}
