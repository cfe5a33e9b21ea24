//! Late words of case files that are about nobody any more: whichever way they come, they are not kept.

use domain::{Change, Kind, RecordId};
use serde_json::{Value, json};

use crate::common::{MINUTE, cell};
use crate::erasure::{Town, case, no_word_is_left, town};

const NAME: &str = "欧阳静夜思";

/// The list of parties with the resident who is erased, and with somebody else.
fn parties(town: &Town, other: Option<&str>) -> Value {
    let mut parties = vec![json!({"person": town.person, "name": NAME, "side": "applicant"})];
    parties.extend(other.map(|name| json!({"name": name, "side": "respondent"})));
    json!(parties)
}

fn words(town: &mut Town, case: RecordId, said: &str) -> Change {
    town.phone.change(Kind::Dispute, case, &cell(1), json!({"facts": format!("{NAME}{said}")}))
}

#[test]
fn words_alone_that_come_in_one_push_with_a_file_about_nobody_are_not_kept() {
    let mut town = town();
    let id = domain::World::record_id(&mut town.phone.world);
    let before = words(&mut town, id, "的墙");
    let fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "by": town.phone.account(),
        "parties": parties(&town, None), "facts": format!("{NAME}的墙漏水")});
    let file = town.phone.change(Kind::Dispute, id, &cell(1), fields);
    let since = words(&mut town, id, "的墙又漏水");
    town.erase();
    // Refused words that a phone hands in come so: beside the file, in no order.
    town.phone.push_all(&[file, since.clone(), before]);
    let file = town.county.stored(id).unwrap().record;
    assert_eq!((&file.fields["facts"], file.stamps.of("facts")), (&Value::Null, since.stamps.common));
    no_word_is_left(&town);
}

#[test]
fn words_that_come_with_a_list_of_parties_that_comes_too_late_are_not_kept() {
    let mut town = town();
    let (id, event) = case(&mut town, Some("李四"));
    // On the phone somebody goes on with the file as it was.
    let both = parties(&town, Some("李四"));
    let fields = json!({"parties": both, "facts": format!("{NAME}的墙又漏水")});
    let late = town.phone.change(Kind::Dispute, id, &cell(1), fields);
    town.county.world.pass(MINUTE);
    let mut colleague = town.county.worker("worker-b", &[cell(1)]);
    let alone = colleague.change(Kind::Dispute, id, &cell(1), json!({"parties": parties(&town, None)}));
    colleague.push_all(&[alone]);
    assert_eq!(town.county.hub.erase(&town.boss.actor, town.person).unwrap().records, 2, "with the event");
    assert!(town.county.stored(event).is_none());
    town.phone.push_all(std::slice::from_ref(&late));
    let file = town.county.stored(id).unwrap().record;
    assert_eq!((&file.fields["facts"], file.stamps.of("facts")), (&Value::Null, late.stamps.common));
    no_word_is_left(&town);
}
