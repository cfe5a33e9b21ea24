//! Whoever was erased is no household's head: what phones that had not heard of it still write costs nothing else.

use domain::Kind;
use domain::conflict::Conflict;
use domain::protocol::Verdict;
use serde_json::json;

use crate::common::{MINUTE, TestPhone, cell};
use crate::erasure::town;

#[test]
fn a_household_is_taken_without_a_head_who_was_erased_and_its_phone_is_told() {
    let mut town = town();
    let mut other = town.county.phone_of(&town.phone.account());
    other.round(Vec::new());
    town.erase();
    other.round(Vec::new());
    town.county.world.pass(MINUTE);
    let words = json!({"head": town.person, "note": "搬到三楼"});
    let change = town.phone.change(Kind::Household, town.household, &cell(1), words);
    let named = change.stamps.of("head");
    for phone in [&mut town.phone, &mut other] {
        // Each brings it twice, and the second the same once more, as after a lost answer: nothing is written twice.
        let answer = phone.round(vec![change.clone(), change.clone()]);
        assert_eq!(answer.verdicts, [Verdict::Accepted, Verdict::Accepted]);
        let household = answer.pages[0].records.iter().find(|record| record.id == town.household).unwrap();
        assert_eq!(household.fields.get("head"), Some(&json!(null)));
        assert!(household.stamps.of("head") > named, "it comes after what the phone wrote");
    }
    let household = town.county.stored(town.household).unwrap().record;
    assert_eq!((&household.fields["head"], &household.fields["note"]), (&json!(null), &json!("搬到三楼")));
    assert!(household.stamps.of("note") == named, "the rest stands as it was written");
}

#[test]
fn a_head_who_was_erased_and_lost_against_another_is_no_conflict() {
    let mut town = town();
    let neighbour = json!({"household": town.household, "name": "李四"});
    let neighbour = town.phone.new_record(Kind::Person, &cell(1), neighbour);
    town.phone.push_all(std::slice::from_ref(&neighbour));
    let mut other = town.county.phone_of(&town.phone.account());
    other.round(Vec::new());
    let cleared = town.phone.change(Kind::Household, town.household, &cell(1), json!({"head": null}));
    town.phone.push_all(&[cleared]);
    town.county.world.pass(MINUTE);
    let late = other.change(Kind::Household, town.household, &cell(1), json!({"head": town.person}));
    town.erase();
    town.county.world.pass(MINUTE);
    let head = town.phone.change(Kind::Household, town.household, &cell(1), json!({"head": neighbour.id}));
    town.phone.push_all(&[head]);
    let answer = other.round(vec![late]);
    assert_eq!(answer.verdicts, [Verdict::Accepted]);
    assert!(answer.pages.iter().all(|page| page.conflicts.is_empty()), "{:?}", answer.pages);
    let standing = town.county.stored(town.household).unwrap().record;
    assert_eq!(standing.reference("head"), Some(neighbour.id));
}

#[test]
fn nobody_is_asked_any_more_about_a_head_who_was_erased_whichever_of_two_heads_that_was() {
    for erased_lost in [true, false] {
        let mut town = town();
        let neighbour = json!({"household": town.household, "name": "李四"});
        let neighbour = town.phone.new_record(Kind::Person, &cell(1), neighbour);
        town.phone.push_all(std::slice::from_ref(&neighbour));
        let cleared = town.phone.change(Kind::Household, town.household, &cell(1), json!({"head": null}));
        town.phone.push_all(&[cleared]);
        let mut other = town.county.phone_of(&town.phone.account());
        other.round(Vec::new());
        let (lost, won) = if erased_lost { (town.person, neighbour.id) } else { (neighbour.id, town.person) };
        for head in [lost, won] {
            town.county.world.pass(MINUTE);
            let head = town.phone.change(Kind::Household, town.household, &cell(1), json!({"head": head}));
            town.phone = town.county.phone_of(&town.phone.account());
            town.phone.push_all(&[head]);
        }
        assert_eq!(told(&mut other).len(), 1, "{erased_lost}");
        town.erase();
        let answer = other.round(Vec::new());
        let pages = answer.pages.iter();
        assert!(pages.clone().any(|page| page.records.iter().any(|record| record.id == town.household)));
        assert!(pages.clone().all(|page| page.conflicts.is_empty()), "{erased_lost}: {:?}", answer.pages);
        assert!(told(&mut town.county.phone_of(&town.phone.account())).is_empty());
    }
}

fn told(phone: &mut TestPhone) -> Vec<Conflict> {
    phone.round(Vec::new()).pages.into_iter().flat_map(|page| page.conflicts).collect()
}
