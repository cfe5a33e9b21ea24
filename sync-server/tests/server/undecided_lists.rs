//! Lists of parties that were set aside: as long as nobody has decided on one that names somebody, the file is not about nobody, and what comes
//! beside it asks the same.

use domain::conflict::{CONFLICTS_TOLD_MAX, Conflict};
use domain::kinds::dispute::ERASED_NAME;
use domain::protocol::Verdict;
use domain::{HybridClock, Kind, Node, ProblemCode};
use serde_json::{Value, json};

use crate::case_files::{NAME, corrected_meanwhile, follow_up, left_with, parties, refusals, seen, set_aside, words};
use crate::common::{DAY, HOUR, MINUTE, TestPhone, cell};
use crate::erasure::{case, no_word_is_left, town};

#[test]
fn what_is_offered_again_after_a_restore_waits_for_no_decision_and_brings_nothing_to_a_file_of_nobody() {
    let mut town = town();
    let (id, _) = case(&mut town, None);
    let stood = seen(&town, id);
    let both = json!({"parties": parties(&town, Some("李四")), "facts": format!("{NAME}的墙又漏水")});
    let offered = town.phone.change(Kind::Dispute, id, &cell(1), both);
    town.county.world.pass(MINUTE);
    let mut colleague = town.county.worker("worker-b", &[cell(1)]);
    let mut alone = colleague.change(Kind::Dispute, id, &cell(1), json!({"parties": parties(&town, None)}));
    alone.base.insert("parties".into(), stood);
    colleague.push_all(&[alone]);
    town.erase();
    let backup = town.county.folder.path().join("backup.db");
    town.county.hub.back_up(&backup).unwrap();
    town.county.world.pass(HOUR);
    town.county.put_back(&backup);
    town.phone.hub = std::sync::Arc::clone(&town.county.hub);
    town.phone.refresh();
    // What the phone had seen when it wrote this is not known any more: nothing is set aside for it.
    let event = follow_up(&mut town, id, NAME);
    let verdicts = town.phone.push(&[offered, event]);
    assert_eq!(refusals(&verdicts), [None, Some(ProblemCode::Erased)]);
    assert_eq!(town.county.stored(id).unwrap().record.fields["facts"], Value::Null);
}

#[test]
fn a_list_that_comes_twice_in_one_push_was_seen_by_whoever_wrote_in_between() {
    let mut town = town();
    let (id, _) = case(&mut town, None);
    town.erase();
    let first = json!({"parties": [{"name": "李四", "side": "respondent"}]});
    let first = town.phone.change(Kind::Dispute, id, &cell(1), first);
    // A later run of the phone takes the other one out again; the list of before comes once more with a word that was refused.
    town.phone.clock = HybridClock::new(Node(town.phone.node().0 ^ 1), town.phone.clock.last());
    town.county.world.pass(MINUTE);
    let nobody = json!({"parties": [{"name": ERASED_NAME, "side": "applicant"}]});
    let mut nobody = town.phone.change(Kind::Dispute, id, &cell(1), nobody);
    nobody.base.insert("parties".into(), first.stamps.common);
    let mut again = first.clone();
    again.fields.insert("place".into(), json!(format!("{NAME}家")));
    let event = follow_up(&mut town, id, NAME);
    let verdicts = town.phone.push(&[first, nobody, again, event]);
    assert_eq!(refusals(&verdicts), [None, None, None, Some(ProblemCode::Erased)]);
    assert_eq!(town.county.stored(id).unwrap().record.fields["place"], Value::Null);
    no_word_is_left(&town);
}

#[test]
fn an_event_is_kept_that_comes_before_the_list_by_which_a_file_of_nobody_is_about_somebody_again() {
    for turned in [false, true] {
        let mut town = town();
        let (id, _) = case(&mut town, None);
        town.erase();
        let list = json!({"parties": [{"name": "李四", "side": "respondent"}]});
        let list = town.phone.change(Kind::Dispute, id, &cell(1), list);
        let event = follow_up(&mut town, id, "李四");
        let mut both = [list, event.clone()];
        if turned {
            both.reverse();
        }
        assert_eq!(town.phone.push(&both), [Verdict::Accepted, Verdict::Accepted], "{turned}");
        assert!(town.county.stored(event.id).is_some());
    }
}

/// What a round tells of values that were set aside.
fn told(phone: &mut TestPhone) -> Vec<Conflict> {
    phone.round(Vec::new()).pages.into_iter().flat_map(|page| page.conflicts).collect()
}

#[test]
fn a_list_that_was_set_aside_comes_down_without_who_was_erased_though_the_list_that_stands_does_not_change() {
    let mut town = town();
    let (id, _) = case(&mut town, Some("李四"));
    let stood = seen(&town, id);
    let (own, others) = (parties(&town, None), json!([{"name": "李四", "side": "respondent"}]));
    let mut alone = town.phone.change(Kind::Dispute, id, &cell(1), json!({ "parties": own }));
    alone.base.insert("parties".into(), stood);
    town.phone.push_all(&[alone]);
    town.county.world.pass(MINUTE);
    let mut colleague = town.county.worker("worker-b", &[cell(1)]);
    let mut without = colleague.change(Kind::Dispute, id, &cell(1), json!({ "parties": others }));
    without.base.insert("parties".into(), stood);
    colleague.push_all(&[without]);
    let mut reader = town.county.worker("worker-c", &[cell(1)]);
    let lists = |phone: &mut TestPhone| told(phone).into_iter().map(|conflict| conflict.value).collect::<Vec<Value>>();
    assert_eq!(lists(&mut reader), [own]);
    town.erase();
    assert_eq!(lists(&mut reader), [json!([{"name": ERASED_NAME, "side": "applicant"}])]);
    assert_eq!(town.county.stored(id).unwrap().record.fields["parties"], others);
}

#[test]
fn a_list_that_keeps_a_file_from_being_about_nobody_is_told_whatever_its_age_and_before_others() {
    let mut town = town();
    let (id, event, corrected) = corrected_meanwhile(&mut town, &json!({"name": "李四", "side": "respondent"}));
    town.phone.push_all(&[corrected]);
    town.county.world.pass(91 * DAY);
    let mut one = town.county.worker("worker-c", &[cell(1)]);
    let mut other = town.county.worker("worker-d", &[cell(1)]);
    for number in 0..=CONFLICTS_TOLD_MAX {
        town.county.world.pass(MINUTE);
        let writer = if number % 2 == 0 { &mut one } else { &mut other };
        let said = writer.change(Kind::Dispute, id, &cell(1), json!({"facts": format!("李四的墙漏水{number}")}));
        writer.push_all(&[said]);
    }
    assert!(told(&mut one).iter().all(|conflict| conflict.field == "facts"), "as long as the file is about somebody");
    town.erase();
    let told = told(&mut one);
    let first = (told[0].field.as_str(), &told[0].value);
    assert_eq!((told.len(), first), (CONFLICTS_TOLD_MAX, ("parties", &left_with("李四"))));
    assert!(told[1..].iter().all(|conflict| conflict.field == "facts"), "within the same number");
    assert!(town.county.stored(event).is_some(), "nobody has decided");
}

#[test]
fn what_comes_in_one_push_with_the_decision_on_a_list_stays_whichever_comes_first() {
    for turned in [false, true] {
        let mut town = town();
        let (id, event, corrected) = corrected_meanwhile(&mut town, &json!({"name": "李四", "side": "respondent"}));
        town.erase();
        town.phone.push_all(&[corrected]);
        assert!(told(&mut town.phone).iter().any(|conflict| conflict.field == "parties"));
        town.county.world.pass(MINUTE);
        let said = town.phone.change(Kind::Dispute, id, &cell(1), json!({"facts": "李四的墙又漏水"}));
        let follow_up = follow_up(&mut town, id, "李四");
        let nobody = json!({"parties": [{"name": ERASED_NAME, "side": "applicant"}]});
        let mut nobody = town.phone.change(Kind::Dispute, id, &cell(1), nobody);
        nobody.base.insert("parties".into(), seen(&town, id));
        let mut push = vec![said.clone(), follow_up.clone(), nobody];
        if turned {
            push.reverse();
        }
        assert_eq!(town.phone.round(push).verdicts, vec![Verdict::Accepted; 3], "{turned}");
        assert_eq!(set_aside(&town, id), Vec::<Value>::new(), "it was decided");
        let file = town.county.stored(id).unwrap().record;
        let stands = (file.text("facts"), file.stamps.of("facts"));
        assert_eq!(stands, (Some("李四的墙又漏水"), said.stamps.common), "{turned}");
        assert!([event, follow_up.id].iter().all(|id| town.county.stored(*id).is_some()), "{turned}");
    }
}

#[test]
fn a_decision_by_somebody_who_had_not_heard_of_the_erasure_leaves_a_file_to_nobody_all_the_same() {
    let mut town = town();
    let (id, event, corrected) = corrected_meanwhile(&mut town, &json!({"name": "李四", "side": "respondent"}));
    town.phone.push_all(&[corrected]);
    assert!(told(&mut town.phone).iter().any(|conflict| conflict.field == "parties"));
    town.county.world.pass(MINUTE);
    // The list with the other one stands again, and is taken back.
    let both = json!({"parties": parties(&town, Some("李四"))});
    let mut both = town.phone.change(Kind::Dispute, id, &cell(1), both);
    both.base.insert("parties".into(), seen(&town, id));
    let alone = json!({"parties": parties(&town, None)});
    let mut alone = town.phone.change(Kind::Dispute, id, &cell(1), alone);
    alone.base.insert("parties".into(), both.stamps.common);
    let (said, follow_up) = (words(&mut town, id, "的墙又漏水"), follow_up(&mut town, id, NAME));
    town.erase();
    let late = follow_up.id;
    town.phone.round(vec![both, alone, said, follow_up]);
    assert_eq!(town.county.stored(id).unwrap().record.fields["facts"], Value::Null);
    assert!([event, late].iter().all(|id| town.county.stored(*id).is_none()));
    town.county.hub.tidy().unwrap();
    no_word_is_left(&town);
}
