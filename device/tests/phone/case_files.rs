//! A case file of whose parties somebody was erased, while a round is under way: what this phone may take for granted, and when.

use domain::conflict::Conflict;
use domain::{Epoch, Kind, Node, ProblemCode, RecordId, Stamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::erasure::{case, drafts, knows, person, pictures, tell};
use crate::fake::*;
use crate::phones::*;

/// What the phone has of the file: as the server has it, set aside, refused, in an unfinished form, and unsent.
const WORDS: [&str; 5] = ["墙漏水", "砸了墙", "在他家门口", "要他修墙", "赔三千元"];

fn knows_of(phone: &Phone) -> Vec<&'static str> {
    WORDS.into_iter().filter(|word| knows(phone, word)).collect()
}

/// A file about one resident that the server has too; the resident, and the party that names them.
fn a_case_of_one(phone: &Phone) -> (RecordId, RecordId, Value) {
    let resident = person(phone, "张三");
    let party = json!({"person": resident, "name": "张三", "side": "applicant"});
    let file = case(phone, &json!([party]), WORDS[0]);
    phone.sync();
    (file, resident, party)
}

/// Somebody begins to correct a file, and leaves the form unfinished.
fn begin_form(phone: &Phone, file: RecordId, claim: &str) {
    let form = json!({"claim": claim, "seen": {"claim": "…"}});
    phone.device.with_open(|open| open.store().save_draft(&format!("edit:{file}"), &form, START)).unwrap();
}

/// A file about one resident, with words of every sort on the phone. The resident was erased, and what the server has made of the file since
/// (`left`) has not come down: more other work than a page takes waits to be sent before.
fn a_case_that_lost_its_party(left: Value) -> (Server, Phone, RecordId) {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let [_, set_aside, refused, unfinished, unsent] = WORDS;
    let (file, erased, _) = a_case_of_one(&phone);
    let won_stamp = phone.get(file).unwrap().stamps.of("facts");
    let stamp = Stamp::new(START - 1_000, 0, Node(7));
    let (field, value) = ("facts".to_owned(), json!(set_aside));
    tell(
        &server,
        &phone,
        file,
        vec![Conflict { record: file, field, value, stamp, won_stamp, by: None, won_by: None }],
    );
    phone.pass(1_000);
    server.hub().refuse = Box::new(|_| Some(ProblemCode::TooLong));
    phone.write(Kind::Dispute, Some(file), json!({ "place": refused })).unwrap();
    phone.sync();
    server.hub().refuse = Box::new(|_| None);
    begin_form(&phone, file, unfinished);
    server.write(change(file, Kind::Dispute, cell(), START + 2_000, left));
    server.hub().erase(erased);
    phone.pass(2_000);
    for number in 1..=30 {
        phone.building(&format!("{number}号楼"));
    }
    phone.write(Kind::Dispute, Some(file), json!({ "terms": unsent })).unwrap();
    server.hub().cut = 64;
    (server, phone, file)
}

/// The erasure is told with the first answer, and the second is lost: the file has neither gone up nor come down.
fn hear_of_the_erasure_alone(server: &Server, phone: &Phone, file: RecordId) {
    server.hub().answers_left = 1;
    assert!(phone.round().ended_by.is_some());
    server.hub().answers_left = usize::MAX;
    assert!(!knows(phone, "张三"), "the name goes at once");
    assert_eq!(phone.get(file).unwrap().fields["parties"], json!([{"name": "—", "side": "applicant"}]));
    assert!(!phone.is_sent(file));
}

#[test]
fn words_of_a_case_stay_until_it_is_known_that_it_is_about_nobody_else() {
    let both = json!([{"name": "—", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    for round_is_cut in [true, false] {
        let (server, phone, file) = a_case_that_lost_its_party(json!({ "parties": both }));
        if round_is_cut {
            hear_of_the_erasure_alone(&server, &phone, file);
            assert_eq!(knows_of(&phone), WORDS, "nobody here can tell yet whether it is about somebody else");
        }
        phone.sync();
        let (here, there) = (phone.get(file).unwrap(), server.hub().records[&file].clone());
        assert_eq!((there.text("facts"), there.text("terms")), (Some(WORDS[0]), Some(WORDS[4])));
        assert_eq!((&here.fields, here.version()), (&there.fields, there.version()));
        assert_eq!(knows_of(&phone), WORDS, "the file is also another's");
    }
}

#[test]
fn of_a_case_that_is_about_nobody_in_the_end_nothing_is_left_though_rounds_end_early_and_words_are_refused_late() {
    let nobody = json!([{"name": "—", "side": "applicant"}]);
    for is_shown in [true, false] {
        let (server, mut phone, file) = a_case_that_lost_its_party(json!({ "parties": nobody, "facts": null }));
        hear_of_the_erasure_alone(&server, &phone, file);
        assert_eq!(knows_of(&phone), WORDS);
        phone.restart();
        server.hub().conflicts.clear();
        server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::ForeignRecord));
        if !is_shown {
            // The refusal says nothing of it, and no page does: nothing here says any more whom the words are about.
            server.hub().records.remove(&file);
        }
        phone.sync();
        assert_eq!(phone.get(file).is_some(), is_shown);
        assert_eq!(knows_of(&phone), [""; 0]);
        assert_eq!((phone.state().refused, drafts(&phone)), (0, Vec::<String>::new()));
    }
}

#[test]
fn a_case_takes_nothing_more_once_it_is_known_that_it_is_about_nobody_and_not_before() {
    let nobody = json!([{"name": "—", "side": "applicant"}]);
    let (server, phone, file) = a_case_that_lost_its_party(json!({ "parties": nobody, "facts": null }));
    let about_nobody = || phone.call("dispute", json!({"id": file}))["about_nobody"].clone();
    hear_of_the_erasure_alone(&server, &phone, file);
    assert_eq!(about_nobody(), false, "somebody else may come with a later page");
    server.hub().conflicts.clear();
    phone.sync();
    assert_eq!(about_nobody(), true);
}

#[test]
fn a_form_of_a_case_about_nobody_that_is_kept_once_more_goes_with_the_next_round() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let (file, erased, _) = a_case_of_one(&phone);
    let (edit, step) = (format!("edit:{file}"), format!("dispute:{file}:mediation"));
    let keep = |phone: &Phone| {
        phone.call("save_draft", json!({"key": edit, "value": {"claim": WORDS[3], "amount": "12.00", "seen": {}}}));
        phone.call("save_draft", json!({"key": step, "value": {"text": WORDS[1], "moment": "2026-01-05T10:00"}}));
    };
    keep(&phone);
    server.write(change(
        file,
        Kind::Dispute,
        cell(),
        START + 1_000,
        json!({"parties": [{"name": "—", "side": "applicant"}], "facts": null}),
    ));
    server.hub().erase(erased);
    phone.sync();
    assert_eq!((knows_of(&phone), drafts(&phone)), (Vec::new(), vec![edit.clone()]), "the amount may be put right");
    // The forms stand open all the time: the next key keeps them again.
    keep(&phone);
    assert_eq!(knows_of(&phone), [WORDS[1], WORDS[3]]);
    assert_eq!(phone.call("dispute", json!({"id": file}))["about_nobody"], true, "that stays known");
    phone.restart();
    phone.sync();
    assert_eq!((knows_of(&phone), drafts(&phone)), (Vec::new(), vec![edit.clone()]));
    // A form that says whom the file is about by now is that one's.
    let parties = json!([{"name": "—", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    phone.call("save_draft", json!({"key": edit, "value": {"claim": WORDS[3], "parties": parties, "seen": {}}}));
    phone.sync();
    assert_eq!(knows_of(&phone), [WORDS[3]]);
}

#[test]
fn what_waits_for_the_servers_clock_and_is_refused_with_a_later_round_goes_too() {
    let nobody = json!([{"name": "—", "side": "applicant"}]);
    let (server, phone, file) = a_case_that_lost_its_party(json!({ "parties": nobody, "facts": null }));
    server.hub().conflicts.clear();
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::StampFuture));
    phone.sync();
    assert_eq!(knows_of(&phone), [WORDS[4]], "only what waits to be sent is left");
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::TooLong));
    phone.sync();
    assert!(phone.is_sent(file));
    assert_eq!((knows_of(&phone), phone.state().refused), (Vec::new(), 0));
}

#[test]
fn a_paper_that_waits_for_the_servers_clock_and_is_refused_when_its_case_has_left_goes_with_its_picture() {
    let nobody = json!([{"name": "—", "side": "applicant"}]);
    let (server, phone, file) = a_case_that_lost_its_party(json!({ "parties": nobody, "facts": null }));
    server.hub().conflicts.clear();
    let (paper, picture) = phone.photograph((file, "dispute"), &[7; 900]).unwrap();
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Photo).then_some(ProblemCode::StampFuture));
    phone.sync();
    assert!(phone.is_sent(file) && !phone.is_sent(paper), "of all that is about the file the photo alone waits");
    assert_eq!(pictures(&phone), [picture.to_string()]);
    // Another phone's by now: the photo is too late there.
    server.hub().cells = vec![other_cell()];
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Photo).then_some(ProblemCode::ForeignCell));
    phone.sync();
    assert!(phone.get(file).is_none() && phone.get(paper).is_none());
    assert_eq!((pictures(&phone), phone.state().refused), (Vec::new(), 0));
}

#[test]
fn a_case_is_looked_at_again_when_the_own_list_of_parties_that_was_overtaken_is_refused_with_a_later_round() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (file, erased, party) = a_case_of_one(&phone);
    phone.pass(1_000);
    let both = json!([party, {"name": "李四", "side": "respondent"}]);
    phone.write(Kind::Dispute, Some(file), json!({ "parties": both })).unwrap();
    begin_form(&phone, file, WORDS[3]);
    let left = json!({"parties": [{"name": "—", "side": "applicant"}], "facts": null});
    server.write(change(file, Kind::Dispute, cell(), START + 60_000, left));
    server.hub().erase(erased);
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::StampFuture));
    phone.sync();
    assert_eq!(knows_of(&phone), [WORDS[3]], "the server may take the list, and the file is 李四's then");
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::TooLong));
    phone.sync();
    assert_eq!(knows_of(&phone), [""; 0]);
    assert_eq!(phone.state().refused, 1, "whoever wrote the list may send it once more");
    assert!(knows(&phone, "李四") && !knows(&phone, "张三"));
}

#[test]
fn a_case_is_looked_at_again_when_the_own_list_of_parties_that_stands_here_is_refused_with_a_later_round() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (file, erased, party) = a_case_of_one(&phone);
    begin_form(&phone, file, WORDS[3]);
    let left = json!({"parties": [{"name": "—", "side": "applicant"}], "facts": null});
    server.write(change(file, Kind::Dispute, cell(), START + 1_000, left.clone()));
    server.hub().erase(erased);
    phone.pass(2_000);
    let both = json!([party, {"name": "李四", "side": "respondent"}]);
    phone.write(Kind::Dispute, Some(file), json!({ "parties": both })).unwrap();
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::StampFuture));
    phone.sync();
    assert_eq!(knows_of(&phone), [WORDS[3]], "the server may take the list, and the file is 李四's then");
    sync_and_be_refused(&server, &phone);
    assert_eq!(phone.get(file).unwrap().fields["parties"], left["parties"]);
    assert_eq!(knows_of(&phone), [""; 0]);
    assert!(knows(&phone, "李四") && !knows(&phone, "张三"), "whoever wrote the list may send it once more");
}

#[test]
fn a_case_is_looked_at_again_when_the_list_that_is_offered_to_a_restored_server_is_refused_with_a_later_round() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (file, erased, party) = a_case_of_one(&phone);
    let backup = server.hub().records[&file].clone();
    begin_form(&phone, file, WORDS[3]);
    phone.pass(2_000);
    let both = json!([party, {"name": "李四", "side": "respondent"}]);
    phone.write(Kind::Dispute, Some(file), json!({ "parties": both })).unwrap();
    phone.sync();
    assert!(phone.is_sent(file));
    // The backup is from before that. Whoever was erased since is erased again before anybody is served.
    server.hub().epoch = Epoch(Uuid::from_u128(2));
    server.hub().records.insert(file, backup);
    let left = json!({"parties": [{"name": "—", "side": "applicant"}], "facts": null});
    server.write(change(file, Kind::Dispute, cell(), START + 1_000, left.clone()));
    server.hub().erase(erased);
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::StampFuture));
    phone.sync();
    assert_eq!(knows_of(&phone), [WORDS[3]], "the server may take the list, and the file is 李四's then");
    sync_and_be_refused(&server, &phone);
    assert_eq!(phone.get(file).unwrap().fields["parties"], left["parties"]);
    assert_eq!(knows_of(&phone), [""; 0]);
    assert!(
        knows(&phone, "李四") && !knows(&phone, "张三"),
        "the list that the lost database had can be sent once more"
    );
}

#[test]
fn a_case_is_looked_at_again_when_the_own_list_is_refused_that_was_written_when_nothing_was_to_be_looked_at() {
    for is_overtaken in [false, true] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        let nobody = json!({"name": "—", "side": "applicant"});
        let file = case(&phone, &json!([nobody]), WORDS[0]);
        phone.sync();
        phone.pass(1_000);
        let both = json!([nobody, {"name": "李四", "side": "respondent"}]);
        phone.write(Kind::Dispute, Some(file), json!({ "parties": both })).unwrap();
        begin_form(&phone, file, WORDS[3]);
        if is_overtaken {
            server.write(change(file, Kind::Dispute, cell(), START + 60_000, json!({"parties": [nobody]})));
            server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::StampFuture));
            phone.sync();
            assert_eq!(
                knows_of(&phone),
                [WORDS[0], WORDS[3]],
                "the server may take the list, and the file is 李四's then"
            );
        }
        sync_and_be_refused(&server, &phone);
        assert_eq!(phone.get(file).unwrap().fields["parties"], json!([nobody]));
        assert_eq!(knows_of(&phone), [WORDS[0]], "what the server has it empties itself");
        assert!(knows(&phone, "李四"), "whoever wrote the list may send it once more");
    }
}

#[test]
fn of_a_case_whose_last_party_was_erased_where_this_phone_reads_nothing_no_words_are_left_either() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let party = json!({"person": record_id(800), "name": "张三", "side": "applicant"});
    let neighbour = json!({"name": "李四", "side": "respondent"});
    let alone = case(&phone, &json!([party]), WORDS[0]);
    let shared = case(&phone, &json!([party, neighbour]), "李四修了墙");
    phone.sync();
    phone.pass(1_000);
    phone.write(Kind::Dispute, Some(alone), json!({ "place": WORDS[2] })).unwrap();
    phone.write(Kind::Dispute, Some(shared), json!({ "place": "李四家门口" })).unwrap();
    sync_and_be_refused(&server, &phone);
    for (file, claim) in [(alone, WORDS[3]), (shared, "要李四修门")] {
        begin_form(&phone, file, claim);
    }
    // No feed of this phone tells of the erasure, and nothing here is left to ask about: the files alone say it.
    let nobody = json!({"name": "—", "side": "applicant"});
    let left = |file: RecordId, fields: Value| change(file, Kind::Dispute, cell(), START + 2_000, fields);
    server.write(left(alone, json!({"parties": [nobody], "facts": null})));
    server.write(left(shared, json!({"parties": [nobody, neighbour]})));
    phone.sync();
    assert_eq!((knows_of(&phone), knows(&phone, "张三")), (Vec::new(), false));
    assert!(knows(&phone, "李四家门口") && knows(&phone, "要李四修门"), "this file is also another's");
    assert_eq!(drafts(&phone), [format!("edit:{shared}")]);
}

#[test]
fn what_is_unfinished_of_a_case_stays_when_a_correction_takes_out_the_last_one_who_was_left() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let nobody = json!({"name": "—", "side": "applicant"});
    let file = case(&phone, &json!([nobody, {"name": "李四", "side": "respondent"}]), WORDS[0]);
    phone.sync();
    begin_form(&phone, file, WORDS[3]);
    server.write(change(file, Kind::Dispute, cell(), START + 2_000, json!({"parties": [nobody]})));
    phone.sync();
    assert_eq!(phone.get(file).unwrap().fields["parties"], json!([nobody]));
    assert_eq!(knows_of(&phone), [WORDS[0], WORDS[3]]);
}

/// A file of one resident on whose own list of parties this phone stands alone: it corrected the list without having heard of 李四, whom a
/// colleague has noted since, and the server does not take it yet. The resident was erased, and all that the server has came down.
fn a_case_whose_own_list_waits(server: &Server, phone: &Phone) -> (RecordId, Value) {
    let (file, erased, _) = a_case_of_one(phone);
    phone.pass(1_000);
    phone.write(Kind::Dispute, Some(file), json!({ "place": WORDS[2] })).unwrap();
    sync_and_be_refused(server, phone);
    begin_form(phone, file, WORDS[3]);
    phone.pass(1_000);
    let corrected = json!([{"person": erased, "name": "张三", "side": "applicant", "phone": "13800000000"}]);
    phone.write(Kind::Dispute, Some(file), json!({ "parties": corrected })).unwrap();
    let left = json!([{"name": "—", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    server.write(change(file, Kind::Dispute, cell(), START + 1_000, json!({ "parties": left })));
    server.hub().erase(erased);
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::StampFuture));
    phone.sync();
    server.hub().refuse = Box::new(|_| None);
    assert_eq!(phone.get(file).unwrap().fields["parties"], json!([{"name": "—", "side": "applicant"}]));
    assert!(!knows(phone, "张三") && !phone.is_sent(file));
    (file, left)
}

#[test]
fn words_of_a_case_stay_until_the_own_list_of_parties_that_stands_alone_here_is_judged() {
    let all = [WORDS[0], WORDS[2], WORDS[3]];
    for is_set_aside in [true, false] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        let (file, left) = a_case_whose_own_list_waits(&server, &phone);
        assert_eq!(knows_of(&phone), all, "the server may have it that the file is also another's");
        if is_set_aside {
            let list = Conflict {
                record: file,
                field: "parties".into(),
                value: left,
                stamp: Stamp::new(START + 1_000, 0, Node(7)),
                by: None,
                won_stamp: phone.get(file).unwrap().stamps.of("parties"),
                won_by: None,
            };
            tell(&server, &phone, file, vec![list]);
            assert_eq!(knows_of(&phone), all, "nobody has decided");
        } else {
            phone.sync();
            assert_eq!(knows_of(&phone), all[..1], "what the server has it empties itself");
        }
        assert!(phone.is_sent(file));
    }
}

#[test]
fn words_of_a_case_are_its_other_partys_when_the_own_list_is_refused_with_a_later_round() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (file, left) = a_case_whose_own_list_waits(&server, &phone);
    sync_and_be_refused(&server, &phone);
    assert_eq!(phone.get(file).unwrap().fields["parties"], left);
    assert_eq!(knows_of(&phone), [WORDS[0], WORDS[2], WORDS[3]]);
}

/// A file of whose parties none is left, an unfinished form of it, and a list of parties that was set aside: of somebody who is still to be
/// erased, and of 李四.
fn a_case_that_a_list_set_aside_keeps(server: &Server, phone: &Phone, erased: RecordId) -> (RecordId, Stamp) {
    let file = record_id(900);
    let fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "facts": WORDS[0], "by": "colleague",
        "parties": [{"name": "—", "side": "applicant"}]});
    server.write(change(file, Kind::Dispute, cell(), START, fields));
    phone.sync();
    let stamp = Stamp::new(START - 1_000, 0, Node(7));
    let list = Conflict {
        record: file,
        field: "parties".into(),
        value: json!([{"person": erased, "name": "张三", "side": "applicant"}, {"name": "李四", "side": "respondent"}]),
        stamp,
        by: None,
        won_stamp: phone.get(file).unwrap().stamps.of("parties"),
        won_by: None,
    };
    tell(server, phone, file, vec![list]);
    begin_form(phone, file, WORDS[3]);
    phone.pass(1_000);
    (file, stamp)
}

/// The server refuses what is unsent.
fn sync_and_be_refused(server: &Server, phone: &Phone) {
    server.hub().refuse = Box::new(|_| Some(ProblemCode::TooLong));
    phone.sync();
    server.hub().refuse = Box::new(|_| None);
}

#[test]
fn a_list_that_was_set_aside_is_left_by_who_was_erased_and_says_still_whom_else_the_case_is_about() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = person(&phone, "张三");
    let (file, stamp) = a_case_that_a_list_set_aside_keeps(&server, &phone, erased);
    phone.write(Kind::Dispute, Some(file), json!({ "place": WORDS[2] })).unwrap();
    sync_and_be_refused(&server, &phone);
    // The list that stands does not name the resident: nothing of the file comes down with the erasure.
    server.hub().erase(erased);
    phone.sync();
    assert!(!knows(&phone, "张三") && !knows(&phone, &erased.to_string()));
    assert_eq!(knows_of(&phone), [WORDS[0], WORDS[2], WORDS[3]], "nobody has decided whether it is 李四's");
    // As the server has it, and to be decided still.
    phone.call("restore_value", json!({"id": file, "field": "parties", "stamp": stamp}));
    let left = json!([{"name": "—", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    assert_eq!(phone.get(file).unwrap().fields["parties"], left);
}

#[test]
fn a_list_that_was_let_stand_in_vain_says_still_whom_else_the_case_is_about() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = person(&phone, "张三");
    let (file, stamp) = a_case_that_a_list_set_aside_keeps(&server, &phone, erased);
    phone.call("restore_value", json!({"id": file, "field": "parties", "stamp": stamp}));
    sync_and_be_refused(&server, &phone);
    let stands = json!([{"name": "—", "side": "applicant"}]);
    assert_eq!(phone.get(file).unwrap().fields["parties"], stands, "the server asks still");
    server.hub().erase(erased);
    phone.sync();
    assert!(!knows(&phone, "张三") && !knows(&phone, &erased.to_string()));
    assert_eq!(knows_of(&phone), [WORDS[0], WORDS[3]]);
}

#[test]
fn a_screen_reads_again_when_somebody_goes_from_nothing_but_a_list_that_was_set_aside() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = record_id(800);
    a_case_that_a_list_set_aside_keeps(&server, &phone, erased);
    phone.sync();
    let before = phone.device.generation();
    phone.sync();
    assert_eq!(phone.device.generation(), before, "nothing new");
    erase_elsewhere(&server, &phone, erased);
    let after = phone.device.generation();
    assert!(after > before);
    phone.sync();
    assert_eq!(phone.device.generation(), after, "once");
}

/// The server erases somebody in a cell of which this phone hears nothing.
fn erase_elsewhere(server: &Server, phone: &Phone, erased: RecordId) {
    assert!(knows(phone, "张三") && knows(phone, &erased.to_string()), "nobody was erased yet");
    server.hub().erased.insert(erased);
    phone.sync();
    assert!(!knows(phone, "张三") && !knows(phone, &erased.to_string()));
}

#[test]
fn who_was_erased_in_a_cell_that_this_phone_does_not_read_is_left_in_no_list_that_was_set_aside() {
    for is_decided in [false, true] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        let erased = record_id(800);
        let (file, stamp) = a_case_that_a_list_set_aside_keeps(&server, &phone, erased);
        if is_decided {
            phone.call("dismiss_conflict", json!({"id": file, "field": "parties", "stamp": stamp}));
            // Somebody has decided on the server too: no page names the list any more.
            tell(&server, &phone, file, Vec::new());
        }
        erase_elsewhere(&server, &phone, erased);
        if !is_decided {
            assert_eq!(knows_of(&phone), [WORDS[0], WORDS[3]], "the list says still that it may be 李四's");
            assert!(knows(&phone, "李四"));
        }
    }
}

#[test]
fn who_was_erased_in_a_cell_that_this_phone_does_not_read_is_left_in_no_list_that_gave_way() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = record_id(800);
    let file = case(&phone, &json!([{"person": erased, "name": "张三", "side": "applicant"}]), WORDS[0]);
    phone.sync();
    let stamp = Stamp::new(START - 1_000, 0, Node(7));
    let list = Conflict {
        record: file,
        field: "parties".into(),
        value: json!([{"name": "李四", "side": "applicant"}]),
        stamp,
        by: None,
        won_stamp: phone.get(file).unwrap().stamps.of("parties"),
        won_by: None,
    };
    tell(&server, &phone, file, vec![list]);
    phone.pass(1_000);
    phone.call("restore_value", json!({"id": file, "field": "parties", "stamp": stamp}));
    phone.sync();
    assert!(phone.is_sent(file));
    // The list with the resident can still be had back, and stands nowhere else.
    erase_elsewhere(&server, &phone, erased);
    assert_eq!(phone.get(file).unwrap().fields["parties"], json!([{"name": "李四", "side": "applicant"}]));
}
