//! What an account may not read does not stay on its phone, and nothing that waits goes with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use device::DeviceError;
use domain::protocol::{CallError, Enrolment, ExchangeAnswer, Proof};
use domain::scope::{Action, Role, allowed, phone_writes, visible_field};
use domain::{Epoch, Fields, Kind, ProblemCode, RecordId, Sha256Hex};
use serde_json::json;
use uuid::Uuid;

use crate::fake::*;
use crate::phones::*;

const SERVER: &str = "https://server.example";

/// A server whose receipts say nothing of cells, as those of informants do: they do not see whole ones.
fn server() -> Server {
    let server = Server::new();
    server.hub().misstate = Box::new(|statement| statement.cells.clear());
    server
}

fn as_informant() -> Enrolment {
    Enrolment { role: Role::Informant, ..enrolment(1) }
}

fn become_informant(phone: &Phone) {
    phone.device.enrol_again(SERVER, &as_informant()).unwrap();
}

/// The server takes of an informant what informants may write.
fn judge_an_informant(server: &Server) {
    server.hub().refuse =
        Box::new(|change| (!phone_writes(Role::Informant, &change.kind)).then_some(ProblemCode::NotAllowed));
}

/// A photo that the server has, with its picture.
fn photo(server: &Server, number: u8, of: &str, by: &str) -> (RecordId, Sha256Hex, Vec<u8>) {
    let (id, picture) = (record_id(number.into()), vec![number; 40]);
    let hash = sha256_of(&picture);
    let fields = json!({"subject": record_id(42), "subject_kind": of, "sha256": hash, "width": 16, "height": 16,
        "bytes": picture.len(), "taken_at": START, "photo_kind": "scene", "by": by});
    server.write(change(id, Kind::Photo, cell(), START, fields));
    (id, hash, picture)
}

/// The same, with its picture on the phone.
fn photo_on(phone: &Phone, number: u8, of: &str, by: &str) -> (RecordId, Sha256Hex) {
    let (id, hash, picture) = photo(&phone.server, number, of, by);
    phone.sync();
    let keep = |open: &mut device::Open| open.store().keep_fetched_photo(&hash, Some(picture.as_slice()), None);
    assert!(phone.device.with_open(keep).unwrap());
    (id, hash)
}

/// Whether a photo is on the phone, and its picture.
fn has(phone: &Phone, (id, hash): &(RecordId, Sha256Hex)) -> [bool; 2] {
    let picture = phone.device.with_open(|open| open.store().photo_file(hash)).unwrap();
    [phone.get(*id).is_some(), picture.is_some()]
}

/// A household and somebody of it, whom the server has.
fn family(phone: &Phone) -> (RecordId, RecordId) {
    let dwelling = phone.write(Kind::Dwelling, None, json!({"house_number": "18", "use": "own"})).unwrap();
    let household = phone.write(Kind::Household, None, json!({"dwelling": dwelling, "access_note": "后门"})).unwrap();
    let fields = json!({"household": household, "name": "张三", "sex": "1", "phone": "13800000000"});
    let person = phone.write(Kind::Person, None, fields).unwrap();
    phone.sync();
    phone.pass(1_000);
    (household, person)
}

/// What waits to be sent of a family: another telephone, and a visit, which it answers.
fn telephone_and_visit(phone: &Phone, (household, person): (RecordId, RecordId)) -> RecordId {
    phone.write(Kind::Person, Some(person), json!({"phone": "13900000000"})).unwrap();
    phone.visit(household)
}

/// The server took neither from an informant: they are all that is among the refused words, and the register has what informants read.
#[track_caller]
fn telephone_and_visit_are_refused(phone: &Phone, person: RecordId, visit: RecordId) {
    assert_eq!((phone.get(visit), fields(phone, person)), (None, vec!["household".to_owned(), "name".to_owned()]));
    let words = refused(phone);
    assert_eq!((words.len(), words[&person].len()), (2, 1), "what the server has needs nobody to send it: {words:?}");
    assert_eq!((&words[&person]["phone"], &words[&visit]["result"]), (&json!("13900000000"), &json!("met")));
}

/// The names of a record's fields.
fn fields(phone: &Phone, id: RecordId) -> Vec<String> {
    phone.get(id).unwrap().fields.into_keys().collect()
}

/// Somebody whom a colleague wrote down.
fn resident(server: &Server, number: u128) -> RecordId {
    let fields = json!({"household": record_id(9), "name": "张三", "phone": "13800000000"});
    server.write(change(record_id(number), Kind::Person, cell(), START, fields));
    record_id(number)
}

/// The refused words, by their records.
fn refused(phone: &Phone) -> BTreeMap<RecordId, Fields> {
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    refused.into_iter().map(|refused| (refused.id, refused.fields)).collect()
}

#[test]
fn photos_that_an_informant_does_not_see_go_with_their_pictures_at_the_end_of_a_round() {
    let server = server();
    let phone = Phone::new(&server, 1);
    let paper = photo_on(&phone, 1, "dispute", "colleague");
    let scene = photo_on(&phone, 2, "incident", "colleague");
    let own = photo_on(&phone, 3, "dwelling", "worker");
    become_informant(&phone);
    phone.sync();
    assert_eq!([&paper, &scene, &own].map(|photo| has(&phone, photo)), [[false, false], [true, true], [true, true]]);
    // A server of an older version sends them all the same.
    let (late, ..) = photo(&server, 4, "dispute", "colleague");
    phone.sync();
    assert_eq!((phone.get(late), phone.state().refused), (None, 0));
}

#[test]
fn whoever_becomes_an_informant_keeps_what_informants_read_and_what_is_unsent_until_it_is_sent() {
    let server = server();
    let mut phone = Phone::new(&server, 1);
    let paper = photo_on(&phone, 1, "dispute", "colleague");
    let (household, person) = family(&phone);
    let sent = phone.visit(household);
    phone.sync();
    let unsent = telephone_and_visit(&phone, (household, person));
    become_informant(&phone);
    phone.restart();
    assert!(phone.get(sent).is_some(), "nothing goes before it is known what the server has");
    assert_eq!(phone.state().waiting_records, 2);
    server.hub().lose_answers.push_back(domain::protocol::CallError::Offline("cut".into()));
    phone.round();
    assert!(phone.get(sent).is_some(), "nor in a round that breaks off");
    phone.sync();
    assert_eq!((has(&phone, &paper), phone.get(sent)), ([false, false], None));
    assert!(server.hub().records.contains_key(&unsent) && phone.get(unsent).is_none());
    assert_eq!(server.hub().records[&person].text("phone"), Some("13900000000"));
    assert_eq!(server.hub().records[&person].text("sex"), Some("1"), "there it stands as before");
    assert_eq!(fields(&phone, household), ["dwelling"]);
    assert_eq!(fields(&phone, person), ["household", "name"], "the telephone goes too, once it was sent");
}

#[test]
fn who_moved_to_another_cell_while_their_worker_became_an_informant_leaves_nothing_in_doubt() {
    let server = server();
    server.hub().cells = vec![cell(), other_cell()];
    let phone = Phone::new(&server, 1);
    let (_, person) = family(&phone);
    server.write(change(person, Kind::Person, cell(), START + 2_000, json!({"cell": other_cell()})));
    server.hub().role = Some(Role::Informant);
    // What an informant is sent of a resident lacks what the phone had as a worker's.
    server.hub().spoil = Box::new(|answer| {
        for record in answer.pages.iter_mut().flat_map(|page| &mut page.records) {
            record.fields.retain(|field, _| visible_field(Role::Informant, &record.kind, field));
            record.stamps = record.stamps.only(&record.fields);
        }
    });
    phone.sync();
    assert_eq!((phone.get(person).unwrap().cell, fields(&phone, person).len()), (other_cell(), 3));
    assert_eq!(phone.receipt()["verified"], true);
}

#[test]
fn what_an_informant_s_server_refuses_of_the_time_before_is_among_the_refused_words() {
    let server = server();
    let phone = Phone::new(&server, 1);
    let family = family(&phone);
    let visit = telephone_and_visit(&phone, family);
    become_informant(&phone);
    judge_an_informant(&server);
    phone.sync();
    assert_eq!(phone.state().waiting_records, 0);
    telephone_and_visit_are_refused(&phone, family.1, visit);
}

#[test]
fn what_a_restored_server_has_lost_and_takes_of_no_informant_is_among_the_refused_words() {
    let server = server();
    let mut phone = Phone::new(&server, 1);
    let family = family(&phone);
    let sunday = server.hub().records.clone();
    let visit = telephone_and_visit(&phone, family);
    phone.sync();
    assert_eq!(phone.state().waiting_records, 0);
    {
        // The backup is from before the account was a worker's.
        let mut hub = server.hub();
        hub.epoch = Epoch(Uuid::from_u128(2));
        hub.records = sunday;
    }
    become_informant(&phone);
    phone.restart();
    judge_an_informant(&server);
    phone.sync();
    telephone_and_visit_are_refused(&phone, family.1, visit);
}

#[test]
fn nothing_goes_in_a_round_that_began_before_the_phone_was_enrolled_anew() {
    let server = server();
    let phone = Phone::new(&server, 1);
    let (household, _) = family(&phone);
    let visit = phone.visit(household);
    let (_, hash) = phone.photograph((household, "household"), &vec![1; 300 * 1024]).unwrap();
    server.hub().bad_photos.insert(hash);
    let (device, other) = (phone.device.clone(), server.clone());
    server.hub().on_append = Some(Arc::new(move || {
        // The text has gone up; and then the server is put back, and the phone enrolled with what that knows of its account.
        other.hub().epoch = Epoch(Uuid::from_u128(2));
        other.hub().records.remove(&visit);
        device.enrol_again(SERVER, &Enrolment { role: Role::Informant, ..enrolment(2) }).unwrap();
    }));
    phone.sync();
    assert!(phone.is_sent(visit) && phone.get(visit).is_some());
    server.hub().on_append = None;
    judge_an_informant(&server);
    phone.sync();
    assert!(phone.get(visit).is_none() && refused(&phone).contains_key(&visit));
}

#[test]
fn a_colleague_s_picture_that_a_restored_server_may_have_lost_stays_until_it_was_sent() {
    let server = server();
    let phone = Phone::new(&server, 1);
    let paper = photo_on(&phone, 1, "dispute", "colleague");
    server.hub().epoch = Epoch(Uuid::from_u128(2));
    server.hub().bad_photos.insert(paper.1.clone());
    become_informant(&phone);
    phone.sync();
    assert_eq!(has(&phone, &paper), [true, true]);
    server.hub().bad_photos.clear();
    phone.pass(60_000);
    server.hub().now += 60_000;
    phone.sync();
    assert!(server.hub().stored.contains_key(&paper.1));
    assert_eq!(has(&phone, &paper), [false, false]);
}

#[test]
fn what_an_older_version_left_to_an_informant_goes() {
    let server = server();
    let mut phone = Phone::new(&server, 1);
    let (household, person) = family(&phone);
    let visit = phone.visit(household);
    phone.sync();
    phone.tamper("UPDATE meta SET value = json_set(value, '$.role', 'informant') WHERE key = 'account'");
    phone.restart();
    phone.sync();
    assert_eq!(phone.get(visit), None);
    assert_eq!((fields(&phone, household), fields(&phone, person).len()), (vec!["dwelling".to_owned()], 2));
}

#[test]
fn what_an_older_version_took_away_is_read_anew_by_one_that_lets_the_account_read_it() {
    let server = server();
    let phone = Phone::enrolled(&server, 1, &as_informant());
    let person = resident(&server, 1);
    phone.sync();
    phone.tamper(
        r#"DELETE FROM record WHERE kind = 'person';
        UPDATE meta SET value = '["household.dwelling"]' WHERE key = 'cut_to'"#,
    );
    phone.sync();
    phone.sync();
    assert_eq!(fields(&phone, person), ["household", "name"]);
    let before = server.hub().requests.len();
    phone.sync();
    assert!(!server.hub().requests[before].cursors.is_empty(), "once");
}

#[test]
fn whoever_sees_whole_cells_from_now_on_reads_them_anew() {
    let server = server();
    let phone = Phone::enrolled(&server, 1, &as_informant());
    let person = resident(&server, 1);
    phone.sync();
    assert_eq!(fields(&phone, person), ["household", "name"]);
    phone.sync();
    assert!(!server.hub().requests.last().unwrap().cursors.is_empty());
    let before = server.hub().requests.len();
    let as_worker = Enrolment { keys: server.hub().keys(), ..enrolment(1) };
    phone.device.enrol_again(SERVER, &as_worker).unwrap();
    server.hub().misstate = Box::new(|_| ());
    assert_eq!(phone.sync().differing, 0);
    assert!(server.hub().requests[before].cursors.is_empty());
    assert_eq!(fields(&phone, person), ["household", "name", "phone"]);
    assert_eq!(phone.receipt()["verified"], json!(true));
}

#[test]
fn what_waits_outlives_a_role_that_may_not_read_it() {
    let server = server();
    let phone = Phone::new(&server, 1);
    let (household, _) = family(&phone);
    let visit = phone.visit(household);
    become_informant(&phone);
    server.hub().refuse = Box::new(|_| Some(ProblemCode::StampFuture));
    phone.sync();
    assert!(phone.get(visit).is_some());
    phone.device.enrol_again(SERVER, &enrolment(1)).unwrap();
    server.hub().refuse = Box::new(|_| None);
    phone.sync();
    assert!(server.hub().records.contains_key(&visit) && phone.get(visit).is_some());
}

/// What an informant is sent of records.
fn cut(answer: &mut ExchangeAnswer) {
    for page in &mut answer.pages {
        page.records.retain(|record| allowed(Role::Informant, Action::Read, &record.kind));
        for record in &mut page.records {
            record.fields.retain(|field, _| visible_field(Role::Informant, &record.kind, field));
        }
    }
}

/// The office makes something else of the account, and the server tells what it is.
fn make(server: &Server, role: Role) {
    let in_part = role == Role::Informant;
    let mut hub = server.hub();
    hub.role = Some(role);
    hub.spoil = Box::new(move |answer| {
        if in_part {
            cut(answer);
        }
    });
    hub.misstate = Box::new(move |statement| {
        if in_part {
            statement.cells.clear();
        }
    });
    hub.refuse = Box::new(move |change| (!phone_writes(role, &change.kind)).then_some(ProblemCode::NotAllowed));
}

/// What the phone holds its account to be for.
fn role(phone: &Phone) -> Role {
    phone.device.with_open::<_, DeviceError>(|open| Ok(open.account().role)).unwrap()
}

#[test]
fn an_answer_that_was_under_way_while_the_phone_was_enrolled_anew_counts_for_its_verdicts_alone() {
    let server = server();
    server.hub().page_records = 2;
    let phone = Phone::enrolled(&server, 1, &as_informant());
    let people: Vec<RecordId> = (1..=6).map(|number| resident(&server, number)).collect();
    let said = phone.write(Kind::Feedback, None, json!({"text": "路灯", "at": START, "by": "worker"})).unwrap();
    server.hub().spoil = Box::new(cut);
    let (device, other) = (phone.device.clone(), server.clone());
    server.hub().meanwhile = Some(Box::new(move || {
        device.enrol_again(SERVER, &enrolment(2)).unwrap();
        other.hub().spoil = Box::new(|_| ());
    }));
    phone.sync();
    for person in people {
        assert_eq!(phone.get(person).unwrap().text("phone"), Some("13800000000"), "as a worker reads them");
    }
    assert!(phone.is_sent(said));
    let offers = server.hub().requests.iter().filter(|request| !request.push.is_empty()).count();
    assert_eq!(offers, 1, "what was judged is not sent again");
}

#[test]
fn what_a_phone_was_told_before_it_was_enrolled_anew_is_asked_for_once_more_before_the_round_ends() {
    let server = server();
    let phone = Phone::enrolled(&server, 1, &as_informant());
    let person = resident(&server, 1);
    server.hub().spoil = Box::new(cut);
    let (device, other) = (phone.device.clone(), server.clone());
    server.hub().meanwhile = Some(Box::new(move || {
        device.enrol_again(SERVER, &enrolment(2)).unwrap();
        other.hub().spoil = Box::new(|_| ());
    }));
    phone.sync();
    assert_eq!(server.hub().requests.len(), 2);
    assert_eq!(phone.get(person).unwrap().text("phone"), Some("13800000000"));
}

#[test]
fn whoever_is_made_an_informant_hears_of_it_with_the_next_round_and_keeps_what_informants_read() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let (household, person) = family(&phone);
    let sent = phone.visit(household);
    phone.sync();
    phone.write(Kind::Person, Some(person), json!({"phone": "13900000000"})).unwrap();
    let unsent = phone.visit(household);
    make(&server, Role::Informant);
    phone.sync();
    assert_eq!((role(&phone), phone.state().waiting_records), (Role::Informant, 0));
    assert_eq!((phone.get(sent), phone.get(unsent)), (None, None));
    assert_eq!((fields(&phone, household), fields(&phone, person).len()), (vec!["dwelling".to_owned()], 2));
    let words = refused(&phone);
    assert_eq!((words.len(), words[&person].len()), (2, 1), "{words:?}");
    assert_eq!((&words[&person]["phone"], &words[&unsent]["result"]), (&json!("13900000000"), &json!("met")));
    let more = phone.write(Kind::Dwelling, None, json!({"house_number": "19", "use": "own"}));
    assert!(matches!(more, Err(DeviceError::Invalid(_))), "{more:?}");
    phone.restart();
    assert_eq!(role(&phone), Role::Informant);
}

#[test]
fn whoever_is_made_a_worker_reads_the_cells_anew_with_the_next_round_and_compares_them() {
    let server = Server::new();
    let phone = Phone::enrolled(&server, 1, &as_informant());
    let person = resident(&server, 1);
    make(&server, Role::Informant);
    phone.sync();
    assert_eq!(fields(&phone, person), ["household", "name"]);
    make(&server, Role::Worker);
    assert_eq!(phone.sync().differing, 0);
    assert_eq!(role(&phone), Role::Worker);
    assert_eq!(fields(&phone, person), ["household", "name", "phone"]);
    assert_eq!(phone.receipt()["cells"][0]["agrees"], json!(true));
    phone.write(Kind::Dwelling, None, json!({"house_number": "19", "use": "own"})).unwrap();
    phone.sync();
    assert!(!server.hub().requests.last().unwrap().cursors.is_empty(), "once");
}

#[test]
fn what_this_run_wrote_and_an_informant_may_not_read_comes_back_to_a_worker() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (household, _) = family(&phone);
    let visit = phone.visit(household);
    phone.sync();
    make(&server, Role::Informant);
    phone.sync();
    assert_eq!(phone.get(visit), None);
    make(&server, Role::Worker);
    assert_eq!(phone.sync().differing, 0);
    assert!(phone.get(visit).is_some());
}

#[test]
fn a_role_that_reads_as_much_is_told_as_well_and_the_proofs_of_what_it_may_not_write_are_read() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (household, _) = family(&phone);
    let visit = phone.visit(household);
    phone.sync();
    make(&server, Role::Supervisor);
    let proof = Proof("A".repeat(43));
    server.hub().proofs = BTreeMap::from([(visit, proof.clone())]);
    let before = phone.device.generation();
    assert_eq!(phone.sync().differing, 0);
    assert_eq!(role(&phone), Role::Supervisor);
    assert!(phone.device.generation() > before, "what the screens offer is another thing now");
    let known = server.hub().requests.len();
    server.hub().epoch = Epoch(Uuid::from_u128(2));
    phone.sync();
    let shown: BTreeMap<RecordId, Proof> =
        server.hub().requests[known..].iter().flat_map(|request| request.proofs.clone()).collect();
    assert_eq!(shown.get(&visit), Some(&proof), "with it a server that was put back takes the visit from here");
}

#[test]
fn a_role_whose_answer_was_lost_is_told_with_the_next_one() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (household, person) = family(&phone);
    let visit = phone.visit(household);
    make(&server, Role::Informant);
    server.hub().lose_answers.push_back(CallError::Offline("cut".into()));
    phone.round();
    assert_eq!((role(&phone), phone.state().waiting_records), (Role::Worker, 1));
    phone.sync();
    assert_eq!((role(&phone), phone.get(visit)), (Role::Informant, None));
    assert_eq!(refused(&phone)[&visit]["result"], json!("met"));
    assert_eq!(fields(&phone, person), ["household", "name"]);
}

#[test]
fn a_power_cut_after_a_role_was_told_leaves_the_rest_to_the_next_round() {
    let (whole, part): (&[&str], &[&str]) = (&["household", "name", "phone"], &["household", "name"]);
    for (before, saw, now, sees) in
        [(Role::Worker, whole, Role::Informant, part), (Role::Informant, part, Role::Worker, whole)]
    {
        let server = Server::new();
        let person = resident(&server, 1);
        let mut phone = Phone::enrolled(&server, 1, &Enrolment { role: before, ..enrolment(1) });
        make(&server, before);
        phone.sync();
        make(&server, now);
        server.hub().answers_left = 1;
        phone.round();
        phone.restart();
        assert_eq!(role(&phone), now);
        assert_eq!(fields(&phone, person), saw, "what goes goes at the end of a whole round");
        server.hub().answers_left = usize::MAX;
        assert_eq!(phone.sync().differing, 0);
        assert_eq!(fields(&phone, person), sees);
    }
}

#[test]
fn whichever_save_of_the_round_fails_a_role_is_told_and_stored_as_one() {
    for others in 0..5 {
        let server = Server::new();
        let mut phone = Phone::new(&server, 1);
        let (_, person) = family(&phone);
        make(&server, Role::Informant);
        phone.failing_commit(others, || phone.round());
        let known = role(&phone);
        phone.restart();
        assert_eq!(role(&phone), known, "{others}");
        phone.sync();
        assert_eq!((role(&phone), fields(&phone, person).len()), (Role::Informant, 2), "{others}");
    }
}

#[test]
fn a_role_that_is_told_in_the_middle_of_a_long_pull_is_read_for_from_the_beginning() {
    let server = Server::new();
    let phone = Phone::enrolled(&server, 1, &as_informant());
    let mut people = vec![resident(&server, 1), resident(&server, 2)];
    make(&server, Role::Informant);
    phone.sync();
    make(&server, Role::Worker);
    people.extend((3..=8).map(|number| resident(&server, number)));
    server.hub().page_records = 2;
    assert_eq!(phone.sync().differing, 0);
    for person in people {
        assert_eq!(phone.get(person).unwrap().text("phone"), Some("13800000000"));
    }
}

#[test]
fn a_role_that_was_told_before_the_phone_was_enrolled_anew_does_not_count() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    make(&server, Role::Informant);
    let device = phone.device.clone();
    server.hub().meanwhile = Some(Box::new(move || device.enrol_again(SERVER, &enrolment(2)).unwrap()));
    server.hub().answers_left = 1;
    phone.round();
    assert_eq!(role(&phone), Role::Worker);
}

#[test]
fn a_server_of_an_older_version_tells_no_role_and_changes_none() {
    let server = server();
    let phone = Phone::enrolled(&server, 1, &as_informant());
    resident(&server, 1);
    server.hub().spoil = Box::new(cut);
    phone.sync();
    phone.sync();
    assert_eq!(role(&phone), Role::Informant);
    assert!(!server.hub().requests.last().unwrap().cursors.is_empty());
}
