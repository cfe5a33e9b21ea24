//! What is left of case files: words, papers and reviews of those that are about nobody any more, whichever way they come, are not kept.

use domain::kinds::dispute::ERASED_NAME;
use domain::protocol::{ExchangeRequest, PhotoSize, Verdict};
use domain::review::ReviewState;
use domain::scope::Role;
use domain::{Change, Kind, ProblemCode, RecordId, Stamp, Stamps};
use serde_json::{Value, json};
use sync_server::hub::reviews::{ReviewOf, ReviewVerdict};
use sync_server::store::{Store as _, StoreError};

use crate::common::{DAY, HOUR, MINUTE, START, cell, jpeg, scope};
use crate::erasure::{Town, case, no_word_is_left, town};

pub(crate) const NAME: &str = "欧阳静夜思";

#[test]
fn a_change_with_too_many_parties_or_fields_decides_about_no_word_that_comes_with_it() {
    let mut town = town();
    let (id, _) = case(&mut town, Some("李四"));
    town.erase();
    let party = json!({"person": town.person, "name": NAME, "side": "applicant"});
    let mut many = json!({"parties": parties(&town, None)});
    many.as_object_mut().unwrap().extend((0..80).map(|number| (format!("f{number}"), json!(number))));
    for (fields, code) in [(json!({"parties": vec![party; 21]}), ProblemCode::TooLong), (many, ProblemCode::FieldName)]
    {
        town.county.world.pass(MINUTE);
        let mut too_many = town.phone.change(Kind::Dispute, id, &cell(1), fields);
        too_many.base.insert("parties".into(), seen(&town, id));
        let said = town.phone.change(Kind::Dispute, id, &cell(1), json!({"facts": "李四的墙漏水"}));
        let verdicts = town.phone.push(&[too_many, said.clone()]);
        let Verdict::Refused(refusal) = &verdicts[0] else { panic!("accepted") };
        assert_eq!((refusal.code, &verdicts[1]), (code, &Verdict::Accepted));
        let file = town.county.stored(id).unwrap().record;
        assert_eq!((file.text("facts"), file.stamps.of("facts")), (Some("李四的墙漏水"), said.stamps.common));
    }
}

/// The list of parties with the resident who is erased, and with somebody else.
pub(crate) fn parties(town: &Town, other: Option<&str>) -> Value {
    let mut parties = vec![json!({"person": town.person, "name": NAME, "side": "applicant"})];
    parties.extend(other.map(|name| json!({"name": name, "side": "respondent"})));
    json!(parties)
}

pub(crate) fn words(town: &mut Town, case: RecordId, said: &str) -> Change {
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
    assert_eq!(file.fields["facts"], Value::Null);
    assert!(file.stamps.of("facts") > since.stamps.common, "whoever sent it is told");
    no_word_is_left(&town);
}

/// The stamp under which the parties of a file stand.
pub(crate) fn seen(town: &Town, case: RecordId) -> Stamp {
    town.county.stored(case).unwrap().record.stamps.of("parties")
}

/// The lists of parties that were set aside of a file, and that nobody has decided on.
pub(crate) fn set_aside(town: &Town, case: RecordId) -> Vec<Value> {
    let open = town.county.hub.store().read(|reading| reading.open_conflicts(&scope("610722"), case, 0)).unwrap();
    open.into_iter().filter(|conflict| conflict.field == "parties").map(|conflict| conflict.value).collect()
}

/// What an erasure leaves of a list of the erased resident and of somebody else.
pub(crate) fn left_with(other: &str) -> Value {
    json!([{"name": ERASED_NAME, "side": "applicant"}, {"name": other, "side": "respondent"}])
}

#[test]
fn words_that_come_with_a_list_of_parties_that_was_replaced_knowingly_are_not_kept() {
    let mut town = town();
    let (id, event) = case(&mut town, Some("李四"));
    let stood = seen(&town, id);
    // On the phone somebody goes on with the file as it was.
    let both = parties(&town, Some("李四"));
    let fields = json!({"parties": both, "facts": format!("{NAME}的墙又漏水")});
    let mut late = town.phone.change(Kind::Dispute, id, &cell(1), fields);
    late.stamps.except.insert("parties".into(), stood);
    town.county.world.pass(MINUTE);
    let mut colleague = town.county.worker("worker-b", &[cell(1)]);
    let mut alone = colleague.change(Kind::Dispute, id, &cell(1), json!({"parties": parties(&town, None)}));
    alone.base.insert("parties".into(), stood);
    colleague.push_all(&[alone]);
    assert_eq!(
        town.county.hub.erase(&town.boss.actor, town.person).unwrap().records,
        3,
        "with the event and the review"
    );
    assert!(town.county.stored(event).is_none());
    let (said, paper) = (follow_up(&mut town, id, NAME), town.phone.new_photo(&late, &jpeg(9)));
    let verdicts = town.phone.push(&[late.clone(), said, paper]);
    let erased = Some(ProblemCode::Erased);
    assert_eq!(refusals(&verdicts), [None, erased, erased], "where its words go nothing else stays");
    let file = town.county.stored(id).unwrap().record;
    assert_eq!(file.fields["facts"], Value::Null);
    assert!(file.stamps.of("facts") > late.stamps.common, "whoever sent it is told");
    town.county.hub.tidy().unwrap();
    no_word_is_left(&town);
}

/// A follow-up of a file that says that somebody is content.
pub(crate) fn follow_up(town: &mut Town, case: RecordId, who: &str) -> Change {
    let (by, at) = (town.phone.account(), START);
    let fields = json!({"dispute": case, "event": "follow_up", "at": at, "by": by, "text": format!("{who}满意")});
    town.phone.new_record(Kind::DisputeEvent, &cell(1), fields)
}

/// For each verdict the code of the refusal; none where it is none.
pub(crate) fn refusals(verdicts: &[Verdict]) -> Vec<Option<ProblemCode>> {
    let code = |verdict: &Verdict| match verdict {
        Verdict::Refused(refusal) => Some(refusal.code),
        Verdict::Accepted => None,
    };
    verdicts.iter().map(code).collect()
}

/// A file of the resident who is erased, of which a colleague notes another party; and the list that the worker corrects without having
/// heard of it.
pub(crate) fn corrected_meanwhile(town: &mut Town, other: &Value) -> (RecordId, RecordId, Change) {
    let (id, event) = case(town, None);
    let stood = seen(town, id);
    let mut both = parties(town, None);
    both.as_array_mut().unwrap().push(other.clone());
    let mut colleague = town.county.worker("worker-b", &[cell(1)]);
    let fields = json!({"parties": both, "facts": "李四的墙也漏水"});
    let mut both = colleague.change(Kind::Dispute, id, &cell(1), fields);
    both.base.insert("parties".into(), stood);
    colleague.push_all(&[both]);
    town.county.world.pass(MINUTE);
    let party = json!([{"person": town.person, "name": NAME, "side": "applicant", "phone": "13912345678"}]);
    let mut corrected = town.phone.change(Kind::Dispute, id, &cell(1), json!({"parties": party}));
    corrected.base.insert("parties".into(), stood);
    (id, event, corrected)
}

#[test]
fn a_late_list_whose_writer_knew_nothing_of_another_party_takes_nothing_before_somebody_has_decided() {
    let mut town = town();
    let other = json!({"name": "李四", "side": "respondent"});
    let (id, event, corrected) = corrected_meanwhile(&mut town, &other);
    town.erase();
    town.phone.push_all(std::slice::from_ref(&corrected));
    let nobody = json!([{"name": ERASED_NAME, "side": "applicant"}]);
    let file = town.county.stored(id).unwrap().record;
    assert_eq!((&file.fields["parties"], set_aside(&town, id)), (&nobody, vec![left_with("李四")]));
    assert_eq!(file.text("facts"), Some("李四的墙也漏水"));
    assert!(town.county.stored(event).is_some());
    // What comes to it until then is kept like what is there, also beside such a list.
    let said = town.phone.change(Kind::Dispute, id, &cell(1), json!({"facts": "李四的墙又漏水"}));
    let follow_up = follow_up(&mut town, id, "李四");
    town.phone.push_all(&[corrected, said, follow_up.clone()]);
    assert_eq!(town.county.stored(id).unwrap().record.text("facts"), Some("李四的墙又漏水"));
    assert!(town.county.stored(follow_up.id).is_some());
}

#[test]
fn words_and_events_that_come_with_a_list_whose_writer_knew_nothing_of_another_party_are_kept() {
    let mut town = town();
    let (id, _, corrected) = corrected_meanwhile(&mut town, &json!({"name": "李四", "side": "respondent"}));
    town.erase();
    let said = town.phone.change(Kind::Dispute, id, &cell(1), json!({"claim": "李四要修墙"}));
    let follow_up = follow_up(&mut town, id, "李四");
    town.phone.push_all(&[corrected, said.clone(), follow_up.clone()]);
    let file = town.county.stored(id).unwrap().record;
    assert_eq!((file.text("claim"), file.stamps.of("claim")), (Some("李四要修墙"), said.stamps.common));
    assert!(town.county.stored(follow_up.id).is_some());
}

#[test]
fn an_erasure_leaves_a_file_alone_of_which_a_list_with_others_waits_for_a_decision() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1));
    town.phone.push_all(&home);
    let other = json!({"person": home[2].id, "name": "李四", "side": "respondent"});
    let (id, event, corrected) = corrected_meanwhile(&mut town, &other);
    town.phone.push_all(&[corrected]);
    let erased = town.county.hub.erase(&town.boss.actor, town.person).unwrap();
    assert_eq!(erased.to_correct.iter().map(|case| case.id).collect::<Vec<_>>(), [id], "somebody is to look at it");
    assert!(town.county.stored(id).unwrap().record.text("facts").is_some() && town.county.stored(event).is_some());
    // Whoever was on that list is erased too: now it is about nobody, whatever is decided.
    town.county.hub.erase(&town.boss.actor, home[2].id).unwrap();
    assert_eq!(town.county.stored(id).unwrap().record.fields["facts"], Value::Null);
    assert!(town.county.stored(event).is_none());
}

#[test]
fn whoever_took_the_others_out_knowingly_before_they_heard_of_the_erasure_sets_nothing_aside() {
    for heard in [false, true] {
        let mut town = town();
        let (id, event) = case(&mut town, Some("李四"));
        let stood = seen(&town, id);
        let mut colleague = town.county.worker("worker-b", &[cell(1)]);
        let list = if heard { json!([{"name": ERASED_NAME, "side": "applicant"}]) } else { parties(&town, None) };
        let mut alone = colleague.change(Kind::Dispute, id, &cell(1), json!({"parties": list}));
        alone.base.insert("parties".into(), stood);
        town.erase();
        colleague.round(Vec::new());
        let answer = colleague.round(vec![alone]);
        assert_eq!((answer.verdicts, set_aside(&town, id)), (vec![Verdict::Accepted], Vec::new()));
        // A phone of an older version that had heard has emptied the words on its own, under their stamps.
        assert!(answer.pages.iter().flat_map(|page| &page.records).any(|record| record.id == id), "{heard}");
        assert_eq!(town.county.stored(event).is_some(), heard);
    }
}

#[test]
fn a_late_list_that_leaves_a_file_to_nobody_takes_the_words_before_it_along_and_those_that_stood_and_the_events() {
    let mut town = town();
    let (id, event) = case(&mut town, Some("李四"));
    let said = words(&mut town, id, "的墙又漏水");
    let alone = parties(&town, None);
    let alone = town.phone.change(Kind::Dispute, id, &cell(1), json!({"parties": alone}));
    town.erase();
    let kept = town.county.stored(id).unwrap().record;
    assert!(kept.text("claim").is_some() && town.county.stored(event).is_some(), "it is another's file as well");
    town.phone.push_all(&[said, alone]);
    let file = town.county.stored(id).unwrap().record;
    assert_eq!((&file.fields["facts"], &file.fields["claim"]), (&Value::Null, &Value::Null));
    assert!(town.county.stored(event).is_none());
    assert!(town.phone.round(Vec::new()).pages[0].erased.contains(&event));
    town.county.hub.tidy().unwrap();
    no_word_is_left(&town);
}

#[test]
fn a_word_that_comes_with_the_list_by_which_a_file_of_nobody_is_about_somebody_again_is_kept() {
    for turned in [false, true] {
        let mut town = town();
        let (id, _) = case(&mut town, None);
        town.erase();
        let said = town.phone.change(Kind::Dispute, id, &cell(1), json!({"facts": "李四的墙漏水"}));
        let list = json!({"parties": [{"name": "李四", "side": "respondent"}]});
        let list = town.phone.change(Kind::Dispute, id, &cell(1), list);
        let mut both = [said, list];
        if turned {
            both.reverse();
        }
        town.phone.push_all(&both);
        assert_eq!(town.county.stored(id).unwrap().record.text("facts"), Some("李四的墙漏水"), "{turned}");
    }
}

#[test]
fn a_correction_of_today_by_which_a_file_is_about_nobody_wipes_nothing() {
    let mut town = town();
    let (id, event) = case(&mut town, Some("李四"));
    town.erase();
    let nobody = json!({"parties": [{"name": ERASED_NAME, "side": "applicant"}]});
    let nobody = town.phone.change(Kind::Dispute, id, &cell(1), nobody);
    town.phone.push_all(&[nobody]);
    assert!(town.county.stored(id).unwrap().record.text("facts").is_some());
    assert!(town.county.stored(event).is_some());
}

#[test]
fn a_word_that_is_typed_into_a_file_of_nobody_goes_from_the_phone_that_sent_it_too() {
    let mut town = town();
    let (id, _) = case(&mut town, None);
    town.erase();
    town.phone.round(Vec::new());
    town.county.world.pass(MINUTE);
    let said = words(&mut town, id, "的墙还漏水");
    for again in [false, true] {
        let answer = town.phone.round(vec![said.clone()]);
        assert_eq!(answer.verdicts, [Verdict::Accepted]);
        let told = answer.pages.iter().flat_map(|page| &page.records).find(|record| record.id == id);
        assert_eq!(told.is_none(), again, "as after a lost answer: nothing is written twice");
        if let Some(file) = told {
            assert_eq!(file.fields["facts"], Value::Null);
            assert!(file.stamps.of("facts") > said.stamps.common, "it wins over the word on the phone");
        }
    }
    no_word_is_left(&town);
}

/// A list of parties of nobody but the erased resident, which is refused.
pub(crate) fn refused_list(town: &mut Town, case: RecordId, parties: &Value) -> Change {
    let fields = json!({"parties": parties, "accepted_on": "2026-02-30"});
    town.phone.change(Kind::Dispute, case, &cell(1), fields)
}

#[test]
fn a_list_that_is_refused_takes_no_word_that_comes_with_it_from_a_file_of_others() {
    let mut town = town();
    let (id, _) = case(&mut town, Some("李四"));
    town.erase();
    town.phone.round(Vec::new());
    let alone = parties(&town, None);
    let mut list = refused_list(&mut town, id, &alone);
    list.base.insert("parties".into(), seen(&town, id));
    let said = town.phone.change(Kind::Dispute, id, &cell(1), json!({"facts": "李四的墙漏水"}));
    for again in [false, true] {
        let answer = town.phone.round(vec![list.clone(), said.clone()]);
        assert!(matches!(answer.verdicts[0], Verdict::Refused(_)), "{:?}", answer.verdicts);
        assert_eq!(answer.verdicts[1], Verdict::Accepted);
        let file = town.county.stored(id).unwrap().record;
        let stands = (file.text("facts"), file.stamps.of("facts"));
        assert_eq!(stands, (Some("李四的墙漏水"), said.stamps.common), "{again}");
    }
}

#[test]
fn a_word_that_comes_too_late_with_a_list_that_is_refused_is_kept_in_the_history_and_told() {
    let mut town = town();
    let (id, _) = case(&mut town, Some("李四"));
    let said = town.phone.change(Kind::Dispute, id, &cell(1), json!({"facts": "李四的墙漏水"}));
    town.erase();
    town.county.world.pass(MINUTE);
    let mut colleague = town.county.worker("worker-b", &[cell(1)]);
    let stands = colleague.change(Kind::Dispute, id, &cell(1), json!({"facts": "李四的墙裂了"}));
    colleague.push_all(&[stands]);
    let alone = parties(&town, None);
    let mut list = refused_list(&mut town, id, &alone);
    list.base.insert("parties".into(), seen(&town, id));
    let verdicts = town.phone.push(&[list, said]);
    assert!(matches!(verdicts[0], Verdict::Refused(_)) && verdicts[1] == Verdict::Accepted, "{verdicts:?}");
    assert_eq!(town.county.stored(id).unwrap().record.text("facts"), Some("李四的墙裂了"));
    let (history, open) = (town.county.hub.store())
        .read(|reading| {
            let of = scope("610722");
            Ok::<_, StoreError>((reading.history(&of, id)?, reading.open_conflicts(&of, id, 0)?))
        })
        .unwrap();
    let word = json!("李四的墙漏水");
    assert!(history.iter().any(|entry| entry.fields.get("facts") == Some(&word)));
    assert!(open.iter().any(|conflict| conflict.field == "facts" && conflict.value == word));
}

#[test]
fn a_list_that_is_refused_keeps_no_word_that_comes_with_it_in_a_file_of_nobody() {
    let mut town = town();
    let (id, _) = case(&mut town, None);
    town.erase();
    let list = refused_list(&mut town, id, &json!([{"name": "李四", "side": "respondent"}]));
    let said = words(&mut town, id, "的墙还漏水");
    let verdicts = town.phone.push(&[list, said.clone()]);
    assert!(matches!(verdicts[0], Verdict::Refused(_)) && verdicts[1] == Verdict::Accepted, "{verdicts:?}");
    let file = town.county.stored(id).unwrap().record;
    assert_eq!(file.fields["facts"], Value::Null);
    assert!(file.stamps.of("facts") > said.stamps.common, "whoever sent it is told");
    town.county.hub.tidy().unwrap();
    no_word_is_left(&town);
}

#[test]
fn words_that_were_not_left_out_in_time_go_from_a_file_of_nobody_and_from_its_history() {
    let mut town = town();
    let (id, _) = case(&mut town, None);
    town.erase();
    // Its words are too long. As long as the list after it counts they are left out; that this one is refused too shows after that.
    let long = json!({"parties": left_with("李四"), "claim": "墙".repeat(2001)});
    let long = town.phone.change(Kind::Dispute, id, &cell(1), long);
    let alone = parties(&town, None);
    let alone = refused_list(&mut town, id, &alone);
    let said = ["的墙", "的墙漏水", "的墙又漏水"].map(|said| words(&mut town, id, said));
    let [first, second, third] = said;
    let codes = refusals(&town.phone.push(&[long, alone, first, second, third.clone()]));
    assert_eq!((codes[0], codes[1].is_some(), &codes[2..]), (Some(ProblemCode::TooLong), true, [None; 3].as_slice()));
    let file = town.county.stored(id).unwrap().record;
    assert_eq!(file.fields["facts"], Value::Null);
    assert!(file.stamps.of("facts") > third.stamps.common, "whoever sent it is told");
    town.county.hub.tidy().unwrap();
    no_word_is_left(&town);
}

#[test]
fn a_word_that_is_refused_comes_into_no_file_whatever_comes_with_it() {
    let mut town = town();
    let (id, _) = case(&mut town, None);
    town.erase();
    let emptied = town.county.stored(id).unwrap().record.stamps.of("facts");
    // It is about somebody again; and whoever had the cell may write no case files any more, nor bring what was written while they might.
    let mut colleague = town.county.worker("worker-b", &[cell(1)]);
    let again = colleague.change(Kind::Dispute, id, &cell(1), json!({"parties": left_with("李四")}));
    colleague.push_all(&[again]);
    town.county.account("worker-a", Role::Informant, &[], &[cell(1)]);
    let before = town.county.stored(id).unwrap();
    for _ in 0..2 {
        town.county.world.pass(91 * DAY);
        town.phone.refresh();
    }
    let nobody = json!({"parties": [{"name": ERASED_NAME, "side": "applicant"}]});
    let mut nobody = town.phone.change(Kind::Dispute, id, &cell(1), nobody);
    nobody.base.insert("parties".into(), seen(&town, id));
    let mut said = words(&mut town, id, "的墙漏水");
    said.stamps = Stamps::all(emptied);
    let verdicts = town.phone.push(&[nobody, said]);
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Refused(_))), "{verdicts:?}");
    assert_eq!(town.county.stored(id).unwrap().version, before.version);
}

#[test]
fn a_word_that_stands_in_a_file_of_nobody_and_comes_once_more_stays() {
    let mut town = town();
    let (id, _) = case(&mut town, Some("李四"));
    let said = town.phone.change(Kind::Dispute, id, &cell(1), json!({"facts": "李四的墙漏水"}));
    town.phone.push_all(std::slice::from_ref(&said));
    town.erase();
    let nobody = json!({"parties": [{"name": ERASED_NAME, "side": "applicant"}]});
    let nobody = town.phone.change(Kind::Dispute, id, &cell(1), nobody);
    town.phone.push_all(&[nobody]);
    let before = town.county.stored(id).unwrap().record;
    // As after an answer that was lost, or when a phone doubts what the server has.
    town.phone.push_all(std::slice::from_ref(&said));
    assert_eq!(before.text("facts"), Some("李四的墙漏水"));
    assert_eq!(town.county.stored(id).unwrap().record, before);
}

#[test]
fn a_late_list_comes_down_without_the_name_to_whoever_sent_it_also_where_others_are_left() {
    let mut town = town();
    let (id, event) = case(&mut town, Some("李四"));
    let late = parties(&town, Some("王五"));
    let late = town.phone.change(Kind::Dispute, id, &cell(1), json!({"parties": late}));
    town.erase();
    town.phone.round(Vec::new());
    for again in [false, true] {
        let answer = town.phone.round(vec![late.clone()]);
        assert_eq!(answer.verdicts, [Verdict::Accepted]);
        let told = answer.pages.iter().flat_map(|page| &page.records).find(|record| record.id == id);
        assert_eq!(told.is_none(), again, "as after a lost answer: nothing is written twice");
        if let Some(file) = told {
            let left = json!([{"name": ERASED_NAME, "side": "applicant"}, {"name": "王五", "side": "respondent"}]);
            assert_eq!(file.fields["parties"], left);
            assert!(file.stamps.of("parties") > late.stamps.common, "it wins over the list on the phone");
        }
    }
    let file = town.county.stored(id).unwrap().record;
    assert!(file.text("claim").is_some() && town.county.stored(event).is_some(), "it is another's file as well");
}

#[test]
fn a_backup_brings_back_no_word_of_a_file_about_nobody_whether_or_not_it_has_whom_the_file_named() {
    for comes_later in [false, true] {
        let mut town = town();
        let home = town.phone.new_home(&cell(1));
        if comes_later {
            town.person = home[2].id;
        }
        let (id, event) = case(&mut town, None);
        let backup = town.county.folder.path().join("backup.db");
        town.county.hub.back_up(&backup).unwrap();
        town.county.world.pass(MINUTE);
        town.phone.push_all(&home);
        town.erase();
        town.county.put_back_beside_its_erasures(&backup);
        assert_eq!(town.county.stored(town.person).is_none(), comes_later);
        assert_ne!(town.county.stored(id).unwrap().record.fields["facts"], Value::Null, "the backup has them");
        town.county.keep_erasures();
        assert_eq!(town.county.stored(id).unwrap().record.fields["facts"], Value::Null, "{comes_later}");
        assert!(town.county.stored(event).is_none(), "{comes_later}");
    }
}

/// What the supervisor says of a file as it stands.
fn review(town: &Town, case: RecordId, verdict: ReviewVerdict, note: Option<&str>) -> RecordId {
    let stored = town.county.stored(case).unwrap();
    let (version, seen, note) = (stored.record.version(), stored.state, note.map(str::to_owned));
    let said = ReviewOf { id: case, version, seen, verdict, remarks: Default::default(), note };
    town.county.hub.review(&town.boss, &said).unwrap()
}

#[test]
fn photos_and_reviews_of_a_file_go_with_its_last_party_and_photos_come_to_it_no_more() {
    let mut town = town();
    let (id, event) = case(&mut town, None);
    let (photo, hash) = town.photo(id, "dispute", &jpeg(8));
    let returned = review(&town, id, ReviewVerdict::Returned, Some("欧阳静夜思的身份证号不清"));
    assert!(town.is_file(&hash));
    assert_eq!(town.erase(), 5, "the person, the event, the photo, and what was said of the file twice");
    assert!([event, photo, returned].iter().all(|id| town.county.stored(*id).is_none()));
    assert!(!town.is_file(&hash));
    assert!(town.county.hub.photo_for(&town.phone.phone().actor, &hash, PhotoSize::Full).is_err());
    let page = &town.phone.round(Vec::new()).pages[0];
    assert!([event, photo, returned].iter().all(|id| page.erased.contains(id)), "phones let go of them");
    no_word_is_left(&town);
    // A paper that comes late.
    let file = town.phone.change(Kind::Dispute, id, &cell(1), json!({}));
    let late = town.phone.new_photo(&file, &jpeg(9));
    assert_eq!(town.phone.refused(&late), ProblemCode::Erased);
    // What is left of the file is looked at like any other.
    review(&town, id, ReviewVerdict::Approved, None);
    assert_eq!(town.county.stored(id).unwrap().state, ReviewState::Approved);
}

#[test]
fn photos_and_reviews_of_a_file_of_others_too_stay() {
    let mut town = town();
    let (id, _) = case(&mut town, Some("李四"));
    let (photo, hash) = town.photo(id, "dispute", &jpeg(8));
    let returned = review(&town, id, ReviewVerdict::Returned, Some("地址不清"));
    town.erase();
    assert!([photo, returned].iter().all(|id| town.county.stored(*id).is_some()) && town.is_file(&hash));
    let (late, _) = town.photo(id, "dispute", &jpeg(9));
    assert!(town.county.stored(late).is_some());
}

#[test]
fn where_a_file_stands_with_the_supervisor_is_folded_anew_once_its_reviews_went() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1));
    town.phone.push_all(&home);
    let (by, alone) = (town.phone.account(), parties(&town, None));
    let fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "parties": alone, "by": by});
    let file = town.phone.new_record(Kind::Dispute, &cell(1), fields);
    town.phone.push_all(std::slice::from_ref(&file));
    let mut both = alone.clone();
    both.as_array_mut().unwrap().push(json!({"person": home[2].id, "name": "李四", "side": "respondent"}));
    let mut colleague = town.county.worker("worker-b", &[cell(1)]);
    for (minute, list) in [both, alone].into_iter().enumerate() {
        town.county.world.pass(MINUTE);
        let writer = if minute == 0 { &mut colleague } else { &mut town.phone };
        let list = writer.change(Kind::Dispute, file.id, &cell(1), json!({"parties": list}));
        writer.push_all(&[list]);
    }
    town.erase();
    let approved = review(&town, file.id, ReviewVerdict::Approved, None);
    // A list that was set aside names the other one still; once that one is erased nothing is left to be emptied, but the review goes.
    assert_eq!(town.county.stored(file.id).unwrap().state, ReviewState::Approved);
    town.county.hub.erase(&town.boss.actor, home[2].id).unwrap();
    assert!(town.county.stored(approved).is_none());
    assert_eq!(town.county.stored(file.id).unwrap().state, ReviewState::Waiting);
}

#[test]
fn a_review_that_a_phone_brings_back_to_a_file_of_nobody_is_refused() {
    let mut town = town();
    let (by, alone) = (town.phone.account(), parties(&town, None));
    let fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "parties": alone, "by": by});
    let file = town.phone.new_record(Kind::Dispute, &cell(1), fields);
    town.phone.push_all(std::slice::from_ref(&file));
    let backup = town.county.folder.path().join("backup.db");
    town.county.hub.back_up(&backup).unwrap();
    town.county.world.pass(MINUTE);
    let returned = review(&town, file.id, ReviewVerdict::Returned, Some("欧阳静夜思的身份证号不清"));
    let mut page = town.phone.round(Vec::new()).pages.remove(0);
    page.records.retain(|record| record.id == returned);
    town.county.world.pass(HOUR);
    town.county.put_back(&backup);
    town.phone.hub = std::sync::Arc::clone(&town.county.hub);
    town.phone.refresh();
    town.erase();
    let push = page.records.into_iter().map(Change::from_record).collect();
    let request = ExchangeRequest { proofs: page.proofs, ..town.phone.request(push) };
    let answer = town.phone.hub.exchange(&town.phone.phone(), &request).unwrap();
    let [Verdict::Refused(refusal)] = answer.verdicts.as_slice() else { panic!("{:?}", answer.verdicts) };
    assert_eq!(refusal.code, ProblemCode::Erased);
}
