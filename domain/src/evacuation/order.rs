//! Ordering an evacuation, at the desk as on a phone: an order for each cell, each with its roster, a snapshot of who lives in the
//! households that its hazard points threaten.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::ids::{AccountId, CellCode, RecordId};
use crate::kinds::evacuation::{Listed, ROSTER_MAX};
use crate::natural::natural;
use crate::problem::{Problem, ProblemCode};
use crate::record::Fields;
use crate::world::Millis;

/// A household that a hazard point threatens, with who lives in it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threatened {
    /// The point.
    pub point: RecordId,
    /// The household.
    pub household: RecordId,
    /// Its door, written out: the roster goes from door to door.
    pub address: String,
    /// Somebody in it needs help moving.
    pub needs_help: bool,
    /// Its head.
    pub head: Option<RecordId>,
    /// Who lives there, by id and name; who moved out or died does not.
    pub people: Vec<(RecordId, String)>,
}

/// An order to be written: one for each cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellOrder {
    /// The cell.
    pub cell: CellCode,
    /// The hazard points in it.
    pub points: Vec<RecordId>,
    /// Who is to be brought to safety.
    pub roster: Vec<Listed>,
}

/// What an order says beside its points and its people.
#[derive(Debug, Clone, Copy)]
pub struct OrderWords<'a> {
    /// Why.
    pub reason: &'a str,
    /// Code of the warning's colour.
    pub level: &'a str,
    /// An exercise.
    pub drill: bool,
    /// When.
    pub at: Millis,
    /// Who orders it.
    pub by: &'a AccountId,
}

/// Where somebody stands in their household: the head first.
pub fn householder_first(person: RecordId, head: Option<RecordId>) -> (bool, RecordId) {
    (Some(person) != head, person)
}

/// Who lives in the households that these points threaten, point after point, door after door; everybody once.
pub fn roster(points: &[RecordId], threatened: &[Threatened]) -> Vec<Listed> {
    let (mut roster, mut seen) = (Vec::new(), BTreeSet::new());
    for point in points {
        let mut households: Vec<&Threatened> = threatened.iter().filter(|one| one.point == *point).collect();
        // Of two entries for one household the one that says that help is needed counts.
        households.sort_by_cached_key(|one| (natural(&one.address), one.household, !one.needs_help));
        for one in households {
            let mut people: Vec<&(RecordId, String)> = one.people.iter().collect();
            people.sort_by_key(|(person, _)| householder_first(*person, one.head));
            for (person, name) in people.into_iter().filter(|(person, _)| seen.insert(*person)) {
                roster.push(Listed {
                    person: *person,
                    household: one.household,
                    point: *point,
                    name: name.clone(),
                    needs_help: one.needs_help,
                });
            }
        }
    }
    roster
}

/// The orders for these hazard points, one for each of their cells. A cell in which nobody is threatened gets none.
///
/// # Errors
/// A [`Problem`] when no point is named, when nobody lives below any of them, or when one roster would be longer than [`ROSTER_MAX`].
pub fn orders(points: &[(CellCode, RecordId)], threatened: &[Threatened]) -> Result<Vec<CellOrder>, Problem> {
    let mut cells = BTreeMap::<&CellCode, Vec<RecordId>>::new();
    for (cell, point) in points {
        let here = cells.entry(cell).or_default();
        if !here.contains(point) {
            here.push(*point);
        }
    }
    if cells.is_empty() {
        return Err(Problem::new("points", ProblemCode::Required));
    }
    let mut orders = Vec::new();
    for (cell, points) in cells {
        let roster = roster(&points, threatened);
        if roster.len() > ROSTER_MAX {
            let most = i64::try_from(ROSTER_MAX).unwrap_or(i64::MAX);
            return Err(Problem::with_limit("roster", ProblemCode::TooLong, most));
        }
        if !roster.is_empty() {
            orders.push(CellOrder { cell: cell.clone(), points, roster });
        }
    }
    if orders.is_empty() { Err(Problem::new("roster", ProblemCode::Required)) } else { Ok(orders) }
}

impl CellOrder {
    /// The fields of the record that is written.
    pub fn fields(&self, words: OrderWords<'_>) -> Fields {
        let fields: [(&str, Value); 7] = [
            ("reason", json!(words.reason.trim())),
            ("level", json!(words.level)),
            ("drill", json!(words.drill)),
            ("points", json!(self.points)),
            ("ordered_at", json!(words.at)),
            ("by", json!(words.by)),
            ("roster", json!(self.roster)),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> RecordId {
        RecordId(Uuid::from_u128(number))
    }

    fn cell(code: &str) -> CellCode {
        CellCode::new(code).unwrap()
    }

    fn home(point: u128, household: u128, address: &str, people: &[u128]) -> Threatened {
        Threatened {
            point: id(point),
            household: id(household),
            address: address.to_owned(),
            needs_help: false,
            head: people.last().map(|person| id(*person)),
            people: people.iter().map(|person| (id(*person), format!("第{person}人"))).collect(),
        }
    }

    #[test]
    fn a_roster_goes_from_door_to_door_with_the_householder_first_and_names_everybody_once() {
        let below = [
            home(1, 20, "一组 10号", &[201, 202]),
            home(1, 21, "一组 2号", &[211]),
            home(2, 20, "一组 10号", &[201, 202]),
        ];
        let names: Vec<RecordId> = roster(&[id(1), id(2)], &below).iter().map(|listed| listed.person).collect();
        assert_eq!(names, [id(211), id(202), id(201)]);
    }

    #[test]
    fn every_cell_gets_its_own_order_and_one_without_people_gets_none() {
        let (here, there, empty) = (cell("610722001001001"), cell("610722001001002"), cell("610722001001003"));
        let below = [home(1, 20, "", &[201]), home(2, 30, "", &[301])];
        let points = [(here.clone(), id(1)), (there.clone(), id(2)), (empty, id(3)), (here.clone(), id(1))];
        let found = orders(&points, &below).unwrap();
        assert_eq!(found.iter().map(|order| &order.cell).collect::<Vec<_>>(), [&here, &there]);
        assert_eq!(found[0].points, [id(1)]);
    }

    #[test]
    fn an_order_without_points_without_people_or_with_too_many_is_refused() {
        let here = cell("610722001001001");
        assert_eq!(orders(&[], &[]).unwrap_err().code, ProblemCode::Required);
        assert_eq!(orders(&[(here.clone(), id(1))], &[]).unwrap_err().field, "roster");
        let crowd: Vec<u128> = (1_000..1_000 + ROSTER_MAX as u128 + 1).collect();
        let refused = orders(&[(here, id(1))], &[home(1, 20, "", &crowd)]).unwrap_err();
        assert_eq!((refused.code, refused.limit), (ProblemCode::TooLong, Some(ROSTER_MAX as i64)));
    }
}
