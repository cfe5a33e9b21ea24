//! Two entries of one resident, one of whom is erased: what the other remembers of the time when they were one.

use domain::Kind;
use serde_json::json;

use crate::common::{MINUTE, cell};
use crate::erasure::town;

#[test]
fn an_entry_that_gave_way_to_somebody_for_a_while_remembers_nothing_of_who_is_erased() {
    let mut town = town();
    town.county.world.pass(MINUTE);
    let other = json!({"household": town.household, "name": "张三"});
    let other = town.phone.new_record(Kind::Person, &cell(1), other);
    town.phone.push_all(std::slice::from_ref(&other));
    let merged = json!({"merged_into": town.person, "merged_before": {"name": "欧阳静夜思", "phone": "13912345678"}});
    for fields in [merged, json!({"merged_into": null, "merged_before": null})] {
        town.county.world.pass(MINUTE);
        let change = town.phone.change(Kind::Person, other.id, &cell(1), fields);
        town.phone.push_all(&[change]);
    }
    let words = ["欧阳静夜思", "13912345678"];
    assert!(words.iter().all(|word| town.remembers(other.id, word)));
    assert_eq!(town.erase(), 1);
    assert!(!words.iter().any(|word| town.remembers(other.id, word)));
    assert!(town.remembers(other.id, "张三"), "the entry stands for itself, and stays");
}
