//! 迁户: one resident moves to another household, or to a household of their own. What is written where, and what has to be said
//! first: who is householder of those who stay, and what the resident is to the householder there. Consent, documents and care plans
//! are the resident's and stay as they are; what was seen and said before stays where it was written.

use serde_json::{Value, json};

use crate::ids::{CellCode, RecordId};
use crate::kinds::person::Person;
use crate::problem::{Problem, ProblemCode};
use crate::record::{Fields, Record};

/// The relation of the householder (GB/T 4761).
pub const HOUSEHOLDER: &str = "02";

/// A household as a move sees it: every entry that gave way stands here by the one that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The household.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its householder.
    pub head: Option<RecordId>,
    /// Who lives there: neither moved out nor died.
    pub living: Vec<RecordId>,
}

/// What is said of a move.
#[derive(Debug, Clone, Copy)]
pub struct Said<'s> {
    /// What the resident is to the householder there; none where the household is their own.
    pub relation: Option<&'s str>,
    /// Who is householder of those who stay behind; asked only where the householder leaves others.
    pub next_head: Option<RecordId>,
    /// Since when, `YYYY-MM-DD`.
    pub on: &'s str,
}

/// Whether those who stay behind need another householder.
pub fn needs_next_head(person: RecordId, from: &Home) -> bool {
    from.head == Some(person) && from.living.iter().any(|one| *one != person)
}

/// What a move writes, in the order in which it has to arrive: a household names only who is there already. Nothing where the
/// resident lives there as it is, so that a second tap changes nothing.
///
/// # Errors
/// What has to be said differently: `person` died; `relation` and `next_head` are missing, or do not fit the households.
pub fn moving(
    person: &Record,
    from: Option<&Home>,
    to: &Home,
    said: Said<'_>,
) -> Result<Vec<(RecordId, Fields)>, Problem> {
    let read = Person::from(person);
    if read.died_on.is_some() {
        return Err(Problem::new("person", ProblemCode::Died));
    }
    let lives_there = !read.has_left() && person.cell == to.cell;
    if lives_there && from.is_some_and(|from| from.id == to.id) {
        return Ok(Vec::new());
    }
    let others = to.living.iter().any(|one| *one != person.id);
    let relation = relation(person.id, to, others, said.relation)?;
    let mut writes = match from.filter(|from| from.id != to.id) {
        Some(from) => left_behind(person.id, from, said.next_head)?,
        None => Vec::new(),
    };
    writes.push((person.id, moved(person, to, relation, said.on)));
    if relation == HOUSEHOLDER && to.head != Some(person.id) {
        writes.push((to.id, Fields::from([("head".to_owned(), json!(person.id))])));
    }
    Ok(writes)
}

/// What the resident is to the householder there. A household has one householder; whoever lives alone is it.
fn relation<'s>(person: RecordId, to: &Home, others: bool, said: Option<&'s str>) -> Result<&'s str, Problem> {
    let problem = |code| Err(Problem::new("relation", code));
    let living_head = to.head.filter(|head| *head != person && to.living.contains(head));
    match said.filter(|relation| !relation.is_empty()) {
        Some(HOUSEHOLDER) if living_head.is_some() => problem(ProblemCode::HasHead),
        Some(relation) => Ok(relation),
        None if others => problem(ProblemCode::Required),
        None => Ok(HOUSEHOLDER),
    }
}

/// What becomes of the household that is left: who is householder there now, if it was the one who leaves.
fn left_behind(person: RecordId, from: &Home, next: Option<RecordId>) -> Result<Vec<(RecordId, Fields)>, Problem> {
    if from.head != Some(person) {
        return Ok(Vec::new());
    }
    let head = |head: Value| (from.id, Fields::from([("head".to_owned(), head)]));
    if !needs_next_head(person, from) {
        return Ok(vec![head(Value::Null)]);
    }
    let next = next.ok_or_else(|| Problem::new("next_head", ProblemCode::Required))?;
    if next == person || !from.living.contains(&next) {
        return Err(Problem::new("next_head", ProblemCode::MissingTarget));
    }
    Ok(vec![head(json!(next)), (next, Fields::from([("relation".to_owned(), json!(HOUSEHOLDER))]))])
}

/// The resident as one of the new household. Who had moved out lives here again.
fn moved(person: &Record, to: &Home, relation: &str, on: &str) -> Fields {
    let mut fields = Fields::from([
        ("household".to_owned(), json!(to.id)),
        ("relation".to_owned(), json!(relation)),
        ("moved_in_on".to_owned(), json!(on)),
    ]);
    for field in ["moved_out_on", "moved_to"] {
        if person.fields.get(field).is_some_and(|value| !value.is_null()) {
            fields.insert(field.to_owned(), Value::Null);
        }
    }
    if person.cell != to.cell {
        fields.insert("cell".to_owned(), json!(to.cell));
    }
    fields
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{Kind, Stamp, Stamps};

    const CELLS: [&str; 2] = ["610722001001001", "610722001001002"];

    fn id(n: u128) -> RecordId {
        RecordId(Uuid::from_u128(n))
    }

    fn cell(n: usize) -> CellCode {
        CellCode::new(CELLS[n]).unwrap()
    }

    fn home(n: u128, head: Option<u128>, living: &[u128]) -> Home {
        Home { id: id(n), cell: cell(0), head: head.map(id), living: living.iter().copied().map(id).collect() }
    }

    fn resident(n: u128, fields: Value) -> Record {
        let fields = serde_json::from_value(fields).unwrap();
        Record { id: id(n), kind: Kind::Person, cell: cell(0), fields, stamps: Stamps::all(Stamp::ZERO) }
    }

    fn said(relation: Option<&'static str>, next_head: Option<u128>) -> Said<'static> {
        Said { relation, next_head: next_head.map(id), on: "2026-11-20" }
    }

    fn wrong(result: Result<Vec<(RecordId, Fields)>, Problem>) -> (String, ProblemCode) {
        result.map_err(|problem| (problem.field, problem.code)).unwrap_err()
    }

    #[test]
    fn who_was_householder_names_the_next_one_of_those_who_stay() {
        let (one, from, to) =
            (resident(1, json!({"name": "甲"})), home(10, Some(1), &[1, 2, 3]), home(11, Some(5), &[5]));
        for (next, code) in [
            (None, ProblemCode::Required),
            (Some(1), ProblemCode::MissingTarget),
            (Some(5), ProblemCode::MissingTarget),
        ] {
            assert_eq!(wrong(moving(&one, Some(&from), &to, said(Some("51"), next))), ("next_head".to_owned(), code));
        }
        let writes: BTreeMap<_, _> =
            moving(&one, Some(&from), &to, said(Some("51"), Some(2))).unwrap().into_iter().collect();
        assert_eq!(writes[&id(10)]["head"], json!(id(2)));
        assert_eq!(writes[&id(2)]["relation"], json!(HOUSEHOLDER));
        assert_eq!(writes[&id(1)]["relation"], json!("51"));
        assert!(!writes.contains_key(&id(11)), "the household there keeps its householder");
    }

    #[test]
    fn the_last_one_leaves_a_household_without_a_householder() {
        let (one, from) = (resident(1, json!({})), home(10, Some(1), &[1]));
        let writes = moving(&one, Some(&from), &home(11, None, &[]), said(None, None)).unwrap();
        assert_eq!(writes[0], (id(10), Fields::from([("head".to_owned(), Value::Null)])));
        assert_eq!(writes[2], (id(11), Fields::from([("head".to_owned(), json!(id(1)))])), "and is it in the new one");
    }

    #[test]
    fn what_the_resident_is_there_is_asked_and_no_household_has_two_householders() {
        let (one, to) = (resident(1, json!({})), home(11, Some(5), &[5]));
        let asked = |relation| wrong(moving(&one, None, &to, said(relation, None)));
        assert_eq!(asked(None), ("relation".to_owned(), ProblemCode::Required));
        assert_eq!(asked(Some("")), ("relation".to_owned(), ProblemCode::Required));
        assert_eq!(asked(Some(HOUSEHOLDER)), ("relation".to_owned(), ProblemCode::HasHead));
        let died = home(11, Some(5), &[6]);
        let writes = moving(&one, None, &died, said(Some(HOUSEHOLDER), None)).unwrap();
        assert_eq!(writes.last().unwrap().0, id(11), "a householder who died is followed");
    }

    #[test]
    fn the_dead_do_not_move_and_who_moved_out_lives_here_again() {
        let dead = resident(1, json!({"died_on": "2020-01-01"}));
        let to = home(11, None, &[]);
        assert_eq!(wrong(moving(&dead, None, &to, said(None, None))), ("person".to_owned(), ProblemCode::Died));
        let back = resident(1, json!({"moved_out_on": "2020-01-01", "moved_to": "西安"}));
        let same = home(10, Some(2), &[2]);
        let writes = moving(&back, Some(&same), &same, said(Some("20"), None)).unwrap();
        assert_eq!(
            (writes.len(), &writes[0].1["moved_out_on"], &writes[0].1["moved_to"]),
            (1, &Value::Null, &Value::Null)
        );
    }

    proptest! {
        #[test]
        fn after_a_move_each_household_has_the_householder_it_should_and_nobody_else_changes(
            from_living in prop::collection::btree_set(2u128..6, 0..4),
            to_living in prop::collection::btree_set(20u128..24, 0..4),
            heads in (prop::option::of(1u128..6), prop::option::of(20u128..24)),
            relation in prop::option::of(prop::sample::select(vec!["02", "10", "20", "99"])),
            next in prop::option::of(1u128..6),
            far in any::<bool>(),
        ) {
            let one = resident(1, json!({"name": "甲", "consent": "oral", "relation": "02"}));
            let from = home(10, heads.0, &[&[1], from_living.into_iter().collect::<Vec<_>>().as_slice()].concat());
            let to = Home { cell: cell(usize::from(far)), ..home(11, heads.1, &to_living.into_iter().collect::<Vec<_>>()) };
            let Ok(writes) = moving(&one, Some(&from), &to, said(relation, next)) else { return Ok(()) };
            let written: BTreeMap<_, _> = writes.iter().cloned().collect();
            prop_assert_eq!(writes.len(), written.len(), "each record is written once");
            let head = |home: &Home| match written.get(&home.id) {
                Some(fields) => serde_json::from_value::<Option<RecordId>>(fields["head"].clone()).unwrap(),
                None => home.head,
            };
            let staying: Vec<RecordId> = from.living.iter().copied().filter(|who| *who != one.id).collect();
            prop_assert!(head(&from) != Some(one.id), "who left is householder no more");
            prop_assert!(heads.0 != Some(1) || staying.is_empty() || staying.contains(&head(&from).unwrap()));
            prop_assert!(to.head.is_none_or(|old| !to.living.contains(&old) || head(&to) == Some(old)), "nobody is put aside");
            let fields = &written[&one.id];
            prop_assert_eq!(&fields["household"], &json!(to.id));
            prop_assert_eq!(head(&to) == Some(one.id), fields["relation"] == json!(HOUSEHOLDER));
            prop_assert_eq!(fields.contains_key("cell"), far);
            prop_assert!(!fields.contains_key("consent") && !fields.contains_key("name"));
            let touched = |who: &RecordId| *who == one.id || *who == from.id || *who == to.id || Some(*who) == next.map(id);
            prop_assert!(written.keys().all(touched));
        }
    }
}
