//! The register as lists see it: doors, who lives behind them, when they were met. Light rows, a handful of statements.
//!
//! The whole register is kept in memory between two changes, for search and the overviews; it is dropped with the open
//! register when the phone is locked. A single building is read by itself, so that the board after a tap does not wait for the rest.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::fold::{DoorHistory, door_history, is_met};
use domain::kinds::Position;
use domain::kinds::dwelling::Dwelling;
use domain::kinds::visit::Visit;
use domain::same::Same;
use domain::{CellCode, RecordId};
use rusqlite::types::FromSql;
use rusqlite::{Connection, Row, params_from_iter};

use crate::{DeviceError, Open};

/// A building.
pub(crate) struct BuildingFacts {
    pub(crate) cell: CellCode,
    pub(crate) name: String,
    pub(crate) kind: Option<String>,
    pub(crate) floors: Option<i64>,
    pub(crate) units: Option<i64>,
    pub(crate) position: Option<Position>,
}

/// A door.
pub(crate) struct DwellingFacts {
    pub(crate) id: RecordId,
    pub(crate) cell: CellCode,
    pub(crate) dwelling: Dwelling,
}

/// A household.
pub(crate) struct HouseholdFacts {
    pub(crate) id: RecordId,
    pub(crate) dwelling: Option<RecordId>,
    pub(crate) head: Option<RecordId>,
    pub(crate) contact_phone: Option<String>,
    /// Residents who live there.
    pub(crate) people: i64,
    pub(crate) history: DoorHistory,
}

/// A resident.
pub(crate) struct PersonFacts {
    pub(crate) id: RecordId,
    pub(crate) household: Option<RecordId>,
    pub(crate) name: String,
    pub(crate) phone: Option<String>,
    /// Moved out or died.
    pub(crate) left: bool,
}

/// The register, or one building of it.
pub(crate) struct Register {
    pub(crate) buildings: HashMap<RecordId, BuildingFacts>,
    pub(crate) dwellings: HashMap<RecordId, DwellingFacts>,
    pub(crate) households: HashMap<RecordId, HouseholdFacts>,
    pub(crate) people: Vec<PersonFacts>,
    households_by_dwelling: HashMap<RecordId, Vec<RecordId>>,
    person_index: HashMap<RecordId, usize>,
    /// Entries that gave way to others: whatever names one means the other.
    same: Same,
    /// The visits to this very person or household, folded.
    seen: HashMap<RecordId, DoorHistory>,
}

/// Which part of the register.
pub(crate) enum Within<'a> {
    /// All of it.
    Everything,
    /// One building.
    Building(RecordId),
    /// The dwellings of a cell that have no building.
    Villages(&'a CellCode),
}

impl Within<'_> {
    /// A condition on the rows of dwellings, and its arguments.
    fn dwellings(&self) -> (&'static str, Vec<String>) {
        match self {
            Within::Everything => ("deleted = 0", Vec::new()),
            Within::Building(id) => ("deleted = 0 AND parent = ?1", vec![id.to_string()]),
            Within::Villages(cell) => ("deleted = 0 AND parent IS NULL AND cell = ?1", vec![cell.to_string()]),
        }
    }

    /// A question for ids, answered with those that gave way to one of them besides.
    fn with_same(ids: &str) -> String {
        format!(
            "WITH RECURSIVE same (id) AS ({ids} UNION
                SELECT record.id FROM record JOIN same ON record.merged_into = same.id) SELECT id FROM same"
        )
    }

    /// The condition that picks what belongs to the dwellings, through so many steps of `parent`.
    fn below(&self, steps: &[&str]) -> String {
        let (condition, _) = self.dwellings();
        if matches!(self, Within::Everything) {
            return condition.to_owned();
        }
        let mut ids = Self::with_same(&format!("SELECT id FROM record WHERE kind = 'dwelling' AND {condition}"));
        for kind in steps {
            ids = format!("SELECT id FROM record WHERE kind = '{kind}' AND deleted = 0 AND parent IN ({ids})");
            ids = Self::with_same(&ids);
        }
        format!("deleted = 0 AND parent IN ({ids})")
    }
}

/// The whole register as it was at a generation.
#[derive(Default)]
pub(crate) struct RegisterCache(Option<(u64, Arc<Register>)>);

impl Register {
    /// The whole register, from memory when nothing has changed since.
    pub(crate) fn whole(open: &mut Open) -> Result<Arc<Register>, DeviceError> {
        let generation = open.generation();
        if let Some((at, register)) = &open.register.0
            && *at == generation
        {
            return Ok(register.clone());
        }
        let register = Arc::new(Register::load(open, &Within::Everything)?);
        open.register.0 = Some((generation, register.clone()));
        Ok(register)
    }

    /// Reads a part of the register.
    pub(crate) fn load(open: &Open, within: &Within<'_>) -> Result<Register, DeviceError> {
        let connection = open.store().connection();
        let (dwellings, arguments) = within.dwellings();
        let mut register = Register {
            buildings: buildings(connection)?,
            dwellings: read_dwellings(connection, dwellings, &arguments)?,
            households: HashMap::new(),
            people: people(connection, &within.below(&["household"]), &arguments)?,
            households_by_dwelling: HashMap::new(),
            person_index: HashMap::new(),
            same: open.store().same()?,
            seen: HashMap::new(),
        };
        let standing = |id: Option<RecordId>| id.map(|id| register.same.survivor(id));
        let mut found = households(connection, &within.below(&[]), &arguments)?;
        for household in &mut found {
            household.dwelling = standing(household.dwelling);
            household.head = standing(household.head);
        }
        let homes: Vec<Option<RecordId>> = register.people.iter().map(|person| standing(person.household)).collect();
        register.people.iter_mut().zip(homes).for_each(|(person, home)| person.household = home);
        for household in found {
            if let Some(dwelling) = household.dwelling {
                register.households_by_dwelling.entry(dwelling).or_default().push(household.id);
            }
            register.households.insert(household.id, household);
        }
        for (index, person) in register.people.iter().enumerate() {
            register.person_index.insert(person.id, index);
            let household = person.household.and_then(|id| register.households.get_mut(&id));
            if let Some(household) = household.filter(|_| !person.left) {
                household.people += 1;
            }
        }
        let found = if matches!(within, Within::Everything) {
            all_visits(connection)?
        } else {
            let mut found = visits(connection, &within.below(&["household"]), &arguments)?;
            found.extend(visits(connection, &within.below(&["household", "person"]), &arguments)?);
            found
        };
        register.fold(found, &replaced(connection)?);
        Ok(register)
    }

    /// Gives every household its history: its own visits and its members'.
    fn fold(&mut self, visits: Vec<(RecordId, Visit)>, replaced: &HashSet<RecordId>) {
        let mut by_household: HashMap<RecordId, Vec<(RecordId, Visit)>> = HashMap::new();
        for (id, visit) in visits.into_iter().filter(|(id, _)| !replaced.contains(id)) {
            let Some(target) = visit.target.map(|target| self.same.survivor(target)) else { continue };
            note_visit(self.seen.entry(target).or_default(), &visit);
            let household = if self.households.contains_key(&target) {
                Some(target)
            } else {
                self.person(target).and_then(|person| person.household)
            };
            if let Some(household) = household {
                by_household.entry(household).or_default().push((id, visit));
            }
        }
        for (id, visits) in by_household {
            if let Some(household) = self.households.get_mut(&id) {
                household.history = door_history(&visits);
            }
        }
    }

    /// The entry that stands for this one: itself, unless it gave way to another.
    pub(crate) fn survivor(&self, id: RecordId) -> RecordId {
        self.same.survivor(id)
    }

    /// A resident, also by an entry that gave way.
    pub(crate) fn person(&self, id: RecordId) -> Option<&PersonFacts> {
        self.person_index.get(&self.survivor(id)).and_then(|index| self.people.get(*index))
    }

    /// A household, also by an entry that gave way.
    pub(crate) fn household(&self, id: RecordId) -> Option<&HouseholdFacts> {
        self.households.get(&self.survivor(id))
    }

    /// The visits to a resident: to them, and to the household that they live in.
    pub(crate) fn seen(&self, person: &PersonFacts) -> DoorHistory {
        let of = |id: RecordId| self.seen.get(&id).cloned().unwrap_or_default();
        of(person.id).with(&person.household.map(of).unwrap_or_default())
    }

    /// The households behind a door.
    pub(crate) fn behind(&self, dwelling: RecordId) -> impl Iterator<Item = &HouseholdFacts> {
        let ids = self.households_by_dwelling.get(&dwelling).into_iter().flatten();
        ids.filter_map(|id| self.households.get(id))
    }

    /// The householder's name.
    pub(crate) fn head_name(&self, household: &HouseholdFacts) -> Option<String> {
        household.head.and_then(|head| self.person(head)).map(|person| person.name.clone())
    }

    /// The name of a dwelling's building; empty when it has none.
    pub(crate) fn building_name(&self, dwelling: &Dwelling) -> &str {
        dwelling.building.and_then(|id| self.buildings.get(&id)).map_or("", |building| building.name.as_str())
    }

    /// The address of a dwelling, written out.
    pub(crate) fn address(&self, dwelling: RecordId) -> String {
        self.dwellings
            .get(&self.survivor(dwelling))
            .map(|facts| facts.dwelling.address(self.building_name(&facts.dwelling)))
            .unwrap_or_default()
    }

    /// The address of a household, written out.
    pub(crate) fn household_address(&self, household: RecordId) -> String {
        let dwelling = self.household(household).and_then(|household| household.dwelling);
        dwelling.map(|dwelling| self.address(dwelling)).unwrap_or_default()
    }
}

/// Adds a visit to the history of whoever it was made to. Of two at one moment the one with the greater id comes later.
fn note_visit(seen: &mut DoorHistory, visit: &Visit) {
    if is_met(&visit.result) {
        seen.last_met = seen.last_met.max(Some(visit.at));
    }
    if seen.latest.as_ref().is_none_or(|(at, _)| *at <= visit.at) {
        seen.latest = Some((visit.at, visit.result.clone()));
    }
}

/// Runs a statement over the rows of a kind and reads each.
fn rows<T>(
    connection: &Connection,
    (kind, fields): (&str, &[&str]),
    condition: &str,
    arguments: &[String],
    read: impl Fn(&Row<'_>) -> Result<Option<T>, DeviceError>,
) -> Result<Vec<T>, DeviceError> {
    let columns: String = fields.iter().map(|field| format!(", nullif(body ->> '$.fields.{field}', '')")).collect();
    let sql = format!("SELECT id, cell{columns} FROM record WHERE kind = '{kind}' AND {condition} ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(arguments))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.extend(read(row)?);
    }
    Ok(found)
}

/// A column, or nothing when it holds another type than it should: one odd record must not empty a list.
fn column<T: FromSql>(row: &Row<'_>, index: usize) -> Option<T> {
    row.get(index).ok()
}

fn id(row: &Row<'_>, index: usize) -> Option<RecordId> {
    row.get_ref(index).ok()?.as_str().ok()?.parse().ok()
}

fn cell(row: &Row<'_>) -> Option<CellCode> {
    CellCode::new(row.get_ref(1).ok()?.as_str().ok()?).ok()
}

fn buildings(connection: &Connection) -> Result<HashMap<RecordId, BuildingFacts>, DeviceError> {
    let fields = ["name", "building_kind", "floors", "units", "position"];
    let found = rows(connection, ("building", &fields), "deleted = 0", &[], |row| {
        let Some((id, cell)) = id(row, 0).zip(cell(row)) else { return Ok(None) };
        let name = column(row, 2).unwrap_or_default();
        let position = column::<String>(row, 6).and_then(|text| serde_json::from_str(&text).ok());
        let (kind, floors, units) = (column(row, 3), column(row, 4), column(row, 5));
        Ok(Some((id, BuildingFacts { cell, name, kind, floors, units, position })))
    })?;
    Ok(found.into_iter().collect())
}

fn read_dwellings(
    connection: &Connection,
    condition: &str,
    arguments: &[String],
) -> Result<HashMap<RecordId, DwellingFacts>, DeviceError> {
    let fields = ["building", "unit", "floor", "room", "street", "group", "house_number", "use"];
    let found = rows(connection, ("dwelling", &fields), condition, arguments, |row| {
        let Some((this, cell)) = id(row, 0).zip(cell(row)) else { return Ok(None) };
        let dwelling = Dwelling {
            building: id(row, 2),
            unit: column(row, 3),
            floor: column(row, 4),
            room: column(row, 5),
            street: column(row, 6),
            group: column(row, 7),
            house_number: column(row, 8),
            usage: column(row, 9),
        };
        Ok(Some((this, DwellingFacts { id: this, cell, dwelling })))
    })?;
    Ok(found.into_iter().collect())
}

fn households(
    connection: &Connection,
    condition: &str,
    arguments: &[String],
) -> Result<Vec<HouseholdFacts>, DeviceError> {
    rows(connection, ("household", &["dwelling", "head", "contact_phone"]), condition, arguments, |row| {
        let Some(this) = id(row, 0) else { return Ok(None) };
        Ok(Some(HouseholdFacts {
            id: this,
            dwelling: id(row, 2),
            head: id(row, 3),
            contact_phone: column(row, 4),
            people: 0,
            history: DoorHistory::default(),
        }))
    })
}

fn people(connection: &Connection, condition: &str, arguments: &[String]) -> Result<Vec<PersonFacts>, DeviceError> {
    let fields = ["household", "name", "phone", "moved_out_on", "died_on"];
    rows(connection, ("person", &fields), condition, arguments, |row| {
        let Some(this) = id(row, 0) else { return Ok(None) };
        let left = column::<String>(row, 5).is_some() || column::<String>(row, 6).is_some();
        let name = column(row, 3).unwrap_or_default();
        Ok(Some(PersonFacts { id: this, household: id(row, 2), name, phone: column(row, 4), left }))
    })
}

fn visits(
    connection: &Connection,
    condition: &str,
    arguments: &[String],
) -> Result<Vec<(RecordId, Visit)>, DeviceError> {
    rows(connection, ("visit", &["target", "at", "result"]), condition, arguments, |row| Ok(visit(row, 2)))
}

/// A visit from its id and, from this column on, target, moment and result: what a history is folded from.
fn visit(row: &Row<'_>, first: usize) -> Option<(RecordId, Visit)> {
    let visit = Visit {
        target: id(row, first),
        target_kind: None,
        at: column(row, first + 1).unwrap_or_default(),
        result: column(row, first + 2).unwrap_or_default(),
        by: None,
        way: None,
        purposes: Vec::new(),
        needs: Vec::new(),
        note: None,
        replaces: None,
        care_plan: None,
    };
    Some((id(row, 0)?, visit))
}

/// Everybody's visits: from an index that holds all that is asked here, so that not one of them is read itself. The sign keeps
/// SQLite from leaving the kind out of the order, which would then no longer be the index's.
const ALL_VISITS: &str = "SELECT id, parent, at, result FROM record INDEXED BY record_by_parent
    WHERE parent IS NOT NULL AND +kind = 'visit' AND deleted = 0 ORDER BY parent, kind, at, id";

fn all_visits(connection: &Connection) -> Result<Vec<(RecordId, Visit)>, DeviceError> {
    let mut statement = connection.prepare_cached(ALL_VISITS)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.extend(visit(row, 1));
    }
    Ok(found)
}

/// The visits that a later one corrects: also one at another door.
fn replaced(connection: &Connection) -> Result<HashSet<RecordId>, DeviceError> {
    // Named, because the index holds nothing else: few rows, where a guess would read every visit.
    const SQL: &str = "SELECT body ->> '$.fields.replaces' FROM record INDEXED BY visit_replaces
        WHERE kind = 'visit' AND deleted = 0 AND body ->> '$.fields.replaces' IS NOT NULL";
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([])?;
    let mut found = HashSet::new();
    while let Some(row) = rows.next()? {
        found.extend(id(row, 0));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Key;
    use crate::store::Store;

    #[test]
    fn everybodys_visits_are_read_from_their_index_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("register.db"), &Key::default()).unwrap();
        let plan = store
            .connection()
            .prepare(&format!("EXPLAIN QUERY PLAN {ALL_VISITS}"))
            .unwrap()
            .query_map([], |row| row.get::<_, String>(3))
            .unwrap()
            .collect::<Result<Vec<_>, _>>()
            .unwrap()
            .join("; ");
        assert!(plan.contains("COVERING INDEX record_by_parent") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
