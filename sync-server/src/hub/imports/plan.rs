//! What becomes of a row: the door, the household and the resident that it says, found again where they are known.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use domain::address::{AddressParts, address_key};
use domain::import::{RegisterRow, Target, read_row};
use domain::kinds::dwelling::Dwelling;
use domain::same::Same;
use domain::scope::{Actor, Duty, has_duty};
use domain::validate::{Setting, problems, warnings};
use domain::{AccountId, CellCode, Change, Fields, Kind, ProblemCode, Record, RecordId, Scope, Stamps};
use serde_json::{Value, json};

use super::ids::Ids;
use super::{Finding, ImportPlan, is_head};
use crate::hub::HubError;
use crate::store::{Reading, StoredRecord};

/// What a row can bring.
const BROUGHT: [Kind; 4] = [Kind::Building, Kind::Dwelling, Kind::Household, Kind::Person];

/// What a batch knows of the cells that its rows lie in.
pub(super) struct Planner<'a> {
    pub(super) actor: &'a Actor,
    pub(super) plan: &'a ImportPlan,
    pub(super) ids: &'a Ids,
    pub(super) setting: Setting<'a>,
    cells: BTreeMap<CellCode, Option<Known>>,
    /// Document numbers of the register.
    documents: HashMap<String, RecordId>,
    /// Document numbers of the rows before, with their row.
    seen: HashMap<String, usize>,
    /// What the rows that were done before it stopped may have brought. They are gone through once more, so that those that follow find
    /// what they came to: a household behind its number, and whether it has its head yet.
    own: HashSet<RecordId>,
}

/// What is known of a cell: doors by their address, households by their door, residents by name.
#[derive(Default)]
struct Known {
    buildings: HashMap<String, RecordId>,
    /// The houses' keys.
    houses: HashMap<RecordId, String>,
    dwellings: HashMap<String, RecordId>,
    /// By door and number.
    households: HashMap<(RecordId, String), RecordId>,
    /// What stood behind a door before and has no number of the table, the oldest first.
    behind: HashMap<RecordId, Vec<RecordId>>,
    /// Doors behind which a row has found or made a household.
    begun: HashSet<RecordId>,
    /// Households that keep the head that they have or have none.
    headed: HashSet<RecordId>,
    people: HashMap<(RecordId, String, String), RecordId>,
    /// What this batch itself brought before it stopped and is there still, with the entry that stands for it by now: known from its rows
    /// alone.
    brought: HashMap<RecordId, RecordId>,
}

/// What a row comes to.
#[derive(Default)]
pub(super) struct Planned {
    pub(super) changes: Vec<Change>,
    pub(super) findings: Vec<Finding>,
    /// It says what is there already.
    pub(super) known: bool,
    /// The household behind which door, by which number.
    household: Option<((RecordId, String), RecordId)>,
}

impl<'a> Planner<'a> {
    /// `done`: the numbers of the rows that were written before the batch stopped. They have to be gone through before any other.
    pub(super) fn new(
        reading: &(impl Reading + ?Sized),
        actor: &'a Actor,
        plan: &'a ImportPlan,
        ids: &'a Ids,
        setting: Setting<'a>,
        done: Range<usize>,
    ) -> Result<Self, HubError> {
        let own: HashSet<RecordId> = done.flat_map(|row| BROUGHT.map(|kind| ids.record(&kind, row))).collect();
        let mut documents = HashMap::new();
        for scope in &actor.scopes {
            reading.document_numbers(scope, &mut |number, id| {
                if !own.contains(&id) {
                    documents.insert(number, id);
                }
            })?;
        }
        Ok(Self { actor, plan, ids, setting, cells: BTreeMap::new(), documents, seen: HashMap::new(), own })
    }

    /// A cell that was merged, or is over for another reason, since it was looked at takes no more: its rows are told as those of any cell
    /// that is over. Others write between two parts of a table.
    pub(super) fn leave_what_is_over(&mut self, reading: &(impl Reading + ?Sized)) -> Result<(), HubError> {
        for (cell, known) in self.cells.iter_mut().filter(|(_, known)| known.is_some()) {
            let place = reading.division(&Scope::from(cell))?;
            if place.is_none_or(|place| place.retired_at.is_some()) {
                *known = None;
            }
        }
        Ok(())
    }

    /// What becomes of a row, given what the rows before have come to. The changes have no stamps yet.
    pub(super) fn row(
        &mut self,
        reading: &(impl Reading + ?Sized),
        number: usize,
        cells: &[String],
    ) -> Result<Planned, HubError> {
        let said: BTreeMap<Target, &str> = (self.plan.columns.iter())
            .filter_map(|(target, column)| Some((*target, cells.get(*column)?.as_str())))
            .collect();
        let (row, unread) = read_row(&said);
        let mut planned = Planned::default();
        for (target, code) in unread {
            planned.find(number, &super::word(&target)?, code, None);
        }
        let Some(cell) = self.cell(reading, &row, number, &mut planned)? else { return Ok(planned) };
        // Whoever has entered the same document since, what this row brought before it stopped is there.
        if let Some(person) = row.person.as_ref().filter(|_| !self.has_brought(number, &cell)) {
            self.documents_of(number, person, &mut planned);
        }
        if planned.is_wrong() || planned.known {
            return Ok(planned);
        }
        self.records(number, &cell, row, &mut planned);
        if planned.is_wrong() {
            planned.changes.clear();
            return Ok(planned);
        }
        if self.has_been_brought(reading, number, &cell, &planned)? {
            planned.known = true;
            planned.note(number, "name", "already_there", None);
        }
        if planned.known && !planned.changes.is_empty() {
            // Nobody needs a household where whoever is known does not live any more.
            planned.changes.clear();
            return Ok(planned);
        }
        self.remember(number, &cell, &planned);
        Ok(planned)
    }

    /// The row's cell, known from now on; none: it has none, or none of the actor's.
    fn cell(
        &mut self,
        reading: &(impl Reading + ?Sized),
        row: &RegisterRow,
        number: usize,
        planned: &mut Planned,
    ) -> Result<Option<CellCode>, HubError> {
        let told = row.cell.as_deref().map(CellCode::new);
        let cell = match (told, &self.plan.cell) {
            (Some(Ok(cell)), _) => cell,
            (Some(Err(_)), _) => {
                planned.find(number, "cell", ProblemCode::WrongType, None);
                return Ok(None);
            }
            (None, Some(cell)) => cell.clone(),
            (None, None) => {
                planned.find(number, "cell", ProblemCode::Required, None);
                return Ok(None);
            }
        };
        if !self.cells.contains_key(&cell) {
            let place = if self.actor.covers(&cell) { reading.division(&Scope::from(&cell))? } else { None };
            let known = match place {
                Some(place) if place.retired_at.is_none() => Some(Known::of(reading, &cell, &self.own)?),
                _ => None,
            };
            self.cells.insert(cell.clone(), known);
        }
        if self.cells.get(&cell).is_none_or(Option::is_none) {
            planned.find(number, "cell", ProblemCode::ForeignCell, None);
            return Ok(None);
        }
        Ok(Some(cell))
    }

    /// Whether anything is there that a row brought before the batch stopped.
    fn has_brought(&self, number: usize, cell: &CellCode) -> bool {
        let Some(Some(known)) = self.cells.get(cell) else { return false };
        let own = |kind: &Kind| known.brought.contains_key(&self.ids.record(kind, number));
        !known.brought.is_empty() && BROUGHT.iter().any(own)
    }

    /// Whether the same table was taken in before, and this row brought its resident then: they are wherever workers have put them since, or
    /// were taken out.
    fn has_been_brought(
        &self,
        reading: &(impl Reading + ?Sized),
        number: usize,
        cell: &CellCode,
        planned: &Planned,
    ) -> Result<bool, HubError> {
        let resident = self.ids.record(&Kind::Person, number);
        let is_new = planned.changes.iter().any(|change| change.id == resident);
        Ok(is_new && !self.own.contains(&resident) && reading.record(&cell.county(), resident)?.is_some())
    }

    /// Whether the resident's document is known already, from the register or from a row before.
    fn documents_of(&mut self, number: usize, person: &Fields, planned: &mut Planned) {
        let Some(document) = person.get("document_number").and_then(Value::as_str) else { return };
        let own = self.ids.record(&Kind::Person, number);
        if self.documents.contains_key(document) {
            let same = self.documents.get(document) == Some(&own);
            planned.known = true;
            planned.note(number, if same { "" } else { "document_number" }, "already_there", None);
        } else if let Some(row) = self.seen.get(document) {
            planned.known = true;
            planned.note(number, "document_number", "same_as_row", Some(*row as i64));
        }
    }

    fn records(&self, number: usize, cell: &CellCode, row: RegisterRow, planned: &mut Planned) {
        let Some(Some(known)) = self.cells.get(cell) else { return };
        // Whatever is found by now, this row brought its own then.
        let brought = |kind: &Kind| known.brought.contains_key(&self.ids.record(kind, number));
        let mut dwelling = row.dwelling;
        let building_name = row.building.unwrap_or_default();
        let mut house = String::new();
        if !building_name.is_empty() {
            let street = dwelling.remove("street");
            let text = street.as_ref().and_then(Value::as_str).unwrap_or_default();
            house = building_key(text, &building_name);
            let found = known.buildings.get(&house).copied().filter(|_| !brought(&Kind::Building));
            let id = found.unwrap_or_else(|| {
                let mut fields = Fields::from([
                    ("name".to_owned(), json!(building_name)),
                    ("building_kind".to_owned(), json!("residential")),
                ]);
                fields.extend(street.clone().map(|street| ("street".to_owned(), street)));
                self.change(number, Kind::Building, cell, fields, planned)
            });
            dwelling.insert("building".to_owned(), json!(id));
        }
        let key = match dwelling.get("building") {
            Some(_) => door_key_in(&dwelling, &house),
            None => door_key(&dwelling, ""),
        };
        let found = known.dwellings.get(&key).copied().filter(|_| !brought(&Kind::Dwelling));
        let door = found.unwrap_or_else(|| {
            dwelling.insert("use".to_owned(), json!(if row.person.is_some() { "own" } else { "vacant" }));
            self.change(number, Kind::Dwelling, cell, dwelling, planned)
        });
        if row.person.is_none() && row.household.is_empty() {
            planned.known |= planned.changes.is_empty();
            return;
        }
        let slot = (door, row.household_number);
        let found = known.household(&slot, row.person.as_ref()).filter(|_| !brought(&Kind::Household));
        let household = found.unwrap_or_else(|| {
            let mut fields = row.household;
            fields.insert("dwelling".to_owned(), json!(door));
            self.change(number, Kind::Household, cell, fields, planned)
        });
        planned.household = Some((slot, household));
        let Some(person) = row.person else { return };
        self.person(number, cell, household, person, planned);
    }

    fn person(&self, number: usize, cell: &CellCode, household: RecordId, mut fields: Fields, planned: &mut Planned) {
        let Some(Some(known)) = self.cells.get(cell) else { return };
        let key = person_key(household, &fields);
        let brought = known.brought.contains_key(&self.ids.record(&Kind::Person, number));
        if known.people.contains_key(&key) && !brought {
            planned.known = true;
            planned.note(number, "name", "already_there", None);
            return;
        }
        for warning in warnings(&fields, self.setting.today()) {
            planned.note(number, "", &super::word(&warning).unwrap_or_default(), None);
        }
        let head = fields.get("relation").and_then(Value::as_str).is_some_and(is_head);
        fields.insert("household".to_owned(), json!(household));
        let id = self.change(number, Kind::Person, cell, fields, planned);
        // Only a household that the office brings is given its head: what workers have written stays as it is.
        if head && !known.headed.contains(&household) {
            let head = ("head".to_owned(), json!(id));
            match planned.changes.iter_mut().find(|change| change.id == household) {
                Some(own) => own.fields.extend([head]),
                None => planned.changes.push(bare(household, Kind::Household, cell, Fields::from([head]))),
            }
        }
    }

    /// A new record, judged as the server will judge it; its findings name the row.
    fn change(&self, number: usize, kind: Kind, cell: &CellCode, fields: Fields, planned: &mut Planned) -> RecordId {
        let id = self.ids.record(&kind, number);
        let change = bare(id, kind, cell, fields);
        for problem in problems(&change, None, self.setting) {
            planned.find(number, &problem.field, problem.code, problem.limit);
        }
        planned.changes.push(change);
        id
    }

    /// The rows to come find what this one brings. Of a row that was done before the batch stopped they find what is there still: somebody may
    /// have moved it since, merged it or taken it out, or what it hung on, so that it comes to something else today than it came to then.
    fn remember(&mut self, number: usize, cell: &CellCode, planned: &Planned) {
        let Some(Some(known)) = self.cells.get_mut(cell) else { return };
        for change in &planned.changes {
            if let Some(document) = change.fields.get("document_number").and_then(Value::as_str) {
                self.seen.insert(document.to_owned(), number);
            }
            let record = change.clone().into_record();
            let Some(record) = stand_on(record, |id| known.stands_for(&self.own, id)) else { continue };
            if record.fields.contains_key("head") {
                known.headed.insert(record.id);
            }
            known.learn(&record);
        }
        if let Some(((door, by_number), household)) = &planned.household
            && let Some(door) = known.stands_for(&self.own, *door)
            && let Some(household) = known.stands_for(&self.own, *household)
        {
            known.begun.insert(door);
            if !by_number.is_empty()
                && let Some(behind) = known.behind.get_mut(&door)
            {
                behind.retain(|one| *one != household);
            }
            known.households.insert((door, by_number.clone()), household);
        }
    }
}

impl Planned {
    fn is_wrong(&self) -> bool {
        self.findings.iter().any(|finding| finding.wrong)
    }

    fn find(&mut self, row: usize, field: &str, code: ProblemCode, limit: Option<i64>) {
        let code = super::word(&code).unwrap_or_default();
        self.findings.push(Finding { row, field: field.to_owned(), code, wrong: true, other: limit });
    }

    fn note(&mut self, row: usize, field: &str, code: &str, other: Option<i64>) {
        self.findings.push(Finding { row, field: field.to_owned(), code: code.to_owned(), wrong: false, other });
    }
}

impl Known {
    /// What is in a cell, but for what this batch brought before it stopped.
    fn of(reading: &(impl Reading + ?Sized), cell: &CellCode, own: &HashSet<RecordId>) -> Result<Self, HubError> {
        let mut known = Known::default();
        let stored = reading.records(&Scope::from(cell), &reading.ids_in(cell)?)?;
        let headless = left_without_head(reading, &stored)?;
        let mut records: Vec<_> =
            stored.into_iter().map(|stored| stored.record).filter(|record| !record.is_deleted()).collect();
        // What an entry that gave way says is known, and of the one that stands for it.
        let same = Same::of(&records);
        let here: HashSet<RecordId> = records.iter().map(|record| record.id).collect();
        let stands = |id: RecordId| Some(same.survivor(id)).filter(|survivor| here.contains(survivor));
        known.brought = here.intersection(own).filter_map(|id| Some((*id, stands(*id)?))).collect();
        records.retain(|record| !own.contains(&record.id) && stands(record.id).is_some());
        // Doors are called by their houses, households by their doors.
        let order = |kind: &Kind| [Kind::Building, Kind::Dwelling, Kind::Household].iter().position(|one| one == kind);
        // The last of several counts: what stands before what gave way, and the oldest, whichever was changed last: the same table finds the
        // same ones again.
        records.sort_by_key(|record| (order(&record.kind).unwrap_or(9), record.is_present(), Reverse(record.id)));
        for record in records {
            let keeps_head = !headless.contains(&record.id);
            let Some(record) = stand_on(record, |id| Some(same.survivor(id))) else { continue };
            known.learn(&record);
            if record.kind == Kind::Household
                && let Some(door) = record.reference("dwelling")
            {
                if keeps_head {
                    known.headed.insert(record.id);
                }
                let behind = known.behind.entry(door).or_default();
                behind.retain(|one| *one != record.id);
                behind.insert(0, record.id);
            }
        }
        Ok(known)
    }

    /// The household behind a door by that number: the one that has it, or in which this resident is known, or, for the first number that
    /// asks, the one that stood there before. Without a number whoever lives behind the door is meant first.
    fn household(&self, slot: &(RecordId, String), resident: Option<&Fields>) -> Option<RecordId> {
        let behind = self.behind.get(&slot.0).map(Vec::as_slice).unwrap_or_default();
        let lives = |household: &&RecordId| {
            resident.is_some_and(|resident| self.people.contains_key(&person_key(**household, resident)))
        };
        let (numbered, at_home) = (self.households.get(slot), behind.iter().find(lives));
        let found = if slot.1.is_empty() { at_home.or(numbered) } else { numbered.or(at_home) };
        found.or_else(|| behind.first().filter(|_| !self.begun.contains(&slot.0))).copied()
    }

    /// The entry that stands for a record that a row came to; none when the row brought it before the batch stopped, and it is not here.
    fn stands_for(&self, own: &HashSet<RecordId>, id: RecordId) -> Option<RecordId> {
        if own.contains(&id) { self.brought.get(&id).copied() } else { Some(id) }
    }

    fn learn(&mut self, record: &Record) {
        let Record { id, kind, fields, .. } = record;
        let text = |field: &str| record.text(field).unwrap_or_default();
        match kind {
            Kind::Building => {
                let key = building_key(text("street"), text("name"));
                self.houses.insert(*id, key.clone());
                self.buildings.insert(key, *id);
            }
            Kind::Dwelling => {
                let house = record.reference("building").and_then(|building| self.houses.get(&building));
                let key = match house {
                    Some(house) => door_key_in(fields, house),
                    None => door_key(fields, ""),
                };
                self.dwellings.insert(key, *id);
            }
            Kind::Person => {
                if let Some(household) = record.reference("household") {
                    self.people.insert(person_key(household, fields), *id);
                }
            }
            _ => {}
        }
    }
}

/// Households without a head that nobody but the county's office has written: another import, which was given up, left them so.
fn left_without_head(
    reading: &(impl Reading + ?Sized),
    stored: &[StoredRecord],
) -> Result<HashSet<RecordId>, HubError> {
    let mut known: BTreeMap<AccountId, bool> = BTreeMap::new();
    let mut is_office = |by: &AccountId| -> Result<bool, HubError> {
        if let Some(is_office) = known.get(by) {
            return Ok(*is_office);
        }
        let is_office = reading.account(by)?.is_some_and(|account| has_duty(account.role, Duty::Import));
        known.insert(by.clone(), is_office);
        Ok(is_office)
    };
    let mut found = HashSet::new();
    let headless = |one: &&StoredRecord| one.record.kind == Kind::Household && !one.record.fields.contains_key("head");
    for StoredRecord { record, changed_by, .. } in stored.iter().filter(headless) {
        let mut by_office = is_office(changed_by)?;
        // Who changed it last may have moved it with its cell only: whose words stand in it, its history says.
        let past = if by_office { reading.history(&Scope::from(&record.cell), record.id)? } else { Vec::new() };
        for entry in &past {
            by_office &= is_office(&entry.by)?;
        }
        if by_office {
            found.insert(record.id);
        }
    }
    Ok(found)
}

/// The record, and its house, door and household, by the entries that stand for them; none when nothing stands for one of them.
fn stand_on(mut record: Record, stands: impl Fn(RecordId) -> Option<RecordId>) -> Option<Record> {
    record.id = stands(record.id)?;
    for field in ["building", "dwelling", "household"] {
        if let Some(named) = record.reference(field) {
            record.fields.insert(field.to_owned(), json!(stands(named)?));
        }
    }
    Some(record)
}

fn bare(id: RecordId, kind: Kind, cell: &CellCode, fields: Fields) -> Change {
    let stamps = Stamps::all(domain::Stamp::ZERO);
    Change { id, kind, cell: cell.clone(), fields, stamps, base: BTreeMap::new() }
}

fn building_key(street: &str, name: &str) -> String {
    address_key(AddressParts { street, building: name, ..AddressParts::default() })
}

/// One key for one door: the house's own key, then what stands below it.
fn door_key(fields: &Fields, building: &str) -> String {
    let street = fields.get("street").and_then(Value::as_str).unwrap_or_default();
    door_key_in(fields, &building_key(street, building))
}

fn door_key_in(fields: &Fields, house: &str) -> String {
    let text = |field: &str| fields.get(field).and_then(Value::as_str).map(str::to_owned);
    let door = Dwelling {
        unit: text("unit"),
        room: text("room"),
        group: text("group"),
        house_number: text("house_number"),
        ..Dwelling::default()
    };
    format!("{house}/{}", door.address_key(""))
}

fn person_key(household: RecordId, fields: &Fields) -> (RecordId, String, String) {
    let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    (household, text("name"), text("birth_date"))
}
