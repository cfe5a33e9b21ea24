//! A record that was erased on purpose leaves nothing behind, and is told from one that merely moved away.

use std::collections::BTreeSet;

use domain::conflict::Conflict;
use domain::protocol::{CallError, WORDS_ABOUT_MAX};
use domain::{Epoch, Kind, Node, ProblemCode, RecordId, Stamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::*;
use crate::phones::*;

pub fn person(phone: &Phone, name: &str) -> RecordId {
    phone.write(Kind::Person, None, json!({"household": record_id(5), "name": name})).unwrap()
}

fn visit_to(phone: &Phone, person: RecordId) -> RecordId {
    let fields = json!({"target": person, "target_kind": "person", "at": START, "result": "met", "by": "worker"});
    phone.write(Kind::Visit, None, fields).unwrap()
}

pub fn drafts(phone: &Phone) -> Vec<String> {
    let drafts = phone.device.with_open(|open| open.store().drafts()).unwrap();
    drafts.into_iter().map(|draft| draft.key).collect()
}

fn keep_draft(phone: &Phone, key: &str) {
    phone.device.with_open(|open| open.store().save_draft(key, &json!({"note": "…"}), START)).unwrap();
}

/// Whether the name stands anywhere in the register.
pub fn knows(phone: &Phone, name: &str) -> bool {
    let sql = "SELECT (SELECT count(*) FROM record WHERE instr(body, ?1) > 0)
        + (SELECT count(*) FROM refused WHERE instr(fields, ?1) > 0)
        + (SELECT count(*) FROM overtaken WHERE instr(value, ?1) > 0)
        + (SELECT count(*) FROM draft WHERE instr(value, ?1) > 0)
        + (SELECT count(*) FROM received WHERE instr(body, ?1) > 0)
        + (SELECT count(*) FROM conflict WHERE instr(body || coalesce(replaced, ''), ?1) > 0)";
    let count: i64 = phone
        .device
        .with_open::<_, device::DeviceError>(|open| {
            Ok(open.store().connection().query_row(sql, [name], |row| row.get(0))?)
        })
        .unwrap();
    count > 0
}

/// The pictures that are on the phone, by their hashes.
pub fn pictures(phone: &Phone) -> Vec<String> {
    let read = |open: &mut device::Open| -> Result<Vec<String>, device::DeviceError> {
        let mut statement = open.store().connection().prepare("SELECT sha256 FROM photo_file")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    phone.device.with_open(read).unwrap()
}

#[test]
fn what_was_erased_goes_with_unsent_words_refused_words_and_drafts() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (erased, other) = (person(&phone, "张三"), person(&phone, "李四"));
    phone.sync();
    // Refused words about the person, a change and a visit that were not sent yet, unfinished forms.
    server.hub().refuse = Box::new(|_| Some(ProblemCode::TooLong));
    phone.write(Kind::Person, Some(erased), json!({"name": "张三三"})).unwrap();
    phone.sync();
    server.hub().refuse = Box::new(|_| None);
    assert_eq!(phone.state().refused, 1);
    phone.write(Kind::Person, Some(erased), json!({"name": "张三四"})).unwrap();
    let visit = visit_to(&phone, erased);
    keep_draft(&phone, &format!("edit:{erased}"));
    keep_draft(&phone, &format!("visit:{erased}:"));
    keep_draft(&phone, &format!("edit:{other}"));
    server.hub().erase(erased);
    phone.sync();
    assert!(phone.get(erased).is_none() && phone.get(visit).is_none());
    assert!(!knows(&phone, "张三"), "no word of it is left");
    assert_eq!((phone.state().refused, phone.state().waiting_records), (0, 0));
    assert_eq!(drafts(&phone), [format!("edit:{other}")]);
    assert!(knows(&phone, "李四"));
}

#[test]
fn refused_words_that_let_an_entry_give_way_to_who_was_erased_keep_nothing_of_what_that_one_had_said() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let mut entries = ["李四", "王五", "赵六"].map(|name| person(&phone, name));
    // The oldest of them stays.
    entries.sort();
    let [erased, other, third] = entries;
    phone.write(Kind::Person, Some(erased), json!({"name": "张三"})).unwrap();
    phone.sync();
    let gives_way = json!({"merged_into": erased, "merged_before": {"name": "张三"}});
    phone.write(Kind::Person, Some(other), gives_way.clone()).unwrap();
    phone.write(Kind::Person, Some(other), json!({"phone": "13800000000"})).unwrap();
    phone.write(Kind::Person, Some(third), gives_way).unwrap();
    // Erased before they come.
    server.hub().erase(erased);
    server.hub().refuse =
        Box::new(|change| change.fields.contains_key("merged_into").then_some(ProblemCode::MissingTarget));
    phone.sync();
    phone.sync();
    assert!(!knows(&phone, "张三"), "neither in the register nor among refused words");
    assert!(knows(&phone, "13800000000"), "what else was refused with it is the worker's own");
    let into: Vec<bool> = phone
        .device
        .with_open(|open| open.refused())
        .unwrap()
        .iter()
        .map(|refused| refused.fields.contains_key("merged_into"))
        .collect();
    assert_eq!(into, [false]);
}

#[test]
fn what_merely_moved_away_keeps_unsent_words_refused_words_and_drafts() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let moved = person(&phone, "张三");
    phone.sync();
    server.hub().refuse = Box::new(|_| Some(ProblemCode::TooLong));
    phone.write(Kind::Person, Some(moved), json!({"name": "张三三"})).unwrap();
    phone.sync();
    keep_draft(&phone, &format!("edit:{moved}"));
    server.hub().refuse = Box::new(|_| Some(ProblemCode::MissingTarget));
    server.hub().feed.entry(cell()).or_default().push((moved, true, domain::Node(0)));
    phone.sync();
    assert_eq!((phone.state().refused, drafts(&phone).len()), (1, 1), "they are the worker's own words");
}

#[test]
fn an_edit_that_races_an_erasure_is_refused_and_forgotten() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = person(&phone, "张三");
    phone.sync();
    phone.write(Kind::Person, Some(erased), json!({"name": "张三三"})).unwrap();
    // Erased while the edit is under way: its verdict says so, and the feed too.
    server.hub().erase(erased);
    server.hub().lose_answers.push_back(CallError::Offline("cut".into()));
    phone.round();
    assert!(phone.get(erased).is_some(), "the answer was lost");
    let report = phone.sync();
    assert_eq!(report.refused, 1);
    assert!(phone.get(erased).is_none() && !knows(&phone, "张三"));
    assert_eq!(phone.state().refused, 0);
}

#[test]
fn a_phone_that_offers_everything_to_a_restored_server_forgets_what_was_erased() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (erased, kept) = (person(&phone, "张三"), person(&phone, "李四"));
    phone.sync();
    server.hub().epoch = Epoch(Uuid::from_u128(2));
    server.hub().records.clear();
    server.hub().feed.clear();
    server.hub().erased.insert(erased);
    phone.sync();
    assert!(phone.get(erased).is_none() && !knows(&phone, "张三"));
    assert!(server.hub().records.contains_key(&kept) && !server.hub().records.contains_key(&erased));
    assert_eq!((phone.state().waiting_records, phone.state().refused), (0, 0));
}

#[test]
fn who_was_erased_vanishes_from_rosters_and_marks_whether_they_were_sent_or_not() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (erased, other) = (person(&phone, "张三"), person(&phone, "李四"));
    phone.sync();
    let listed = |id: RecordId, name: &str| json!({"person": id, "household": record_id(5), "point": record_id(6), "name": name});
    let order = json!({"reason": "强降雨", "level": "red", "drill": false, "points": [record_id(6)], "ordered_at": START,
        "by": "boss", "roster": [listed(erased, "张三"), listed(other, "李四")]});
    let evacuation = domain::Record {
        id: record_id(700),
        kind: Kind::Evacuation,
        cell: cell(),
        fields: serde_json::from_value(order).unwrap(),
        stamps: domain::Stamps::all(domain::Stamp::new(START, 0, domain::Node(9))),
    };
    server.write(domain::Change::from_record(evacuation.clone()));
    phone.sync();
    let mark = |person: RecordId| {
        let fields =
            json!({"evacuation": evacuation.id, "person": person, "mark": "called", "at": START, "by": "worker"});
        phone.write(Kind::RollCall, None, fields).unwrap()
    };
    let (gone, kept) = (mark(erased), mark(other));
    // As the server does it: the person goes, the roster gets shorter, and a mark that comes later is refused.
    let shorter = domain::Change {
        fields: [("roster".to_owned(), json!([listed(other, "李四")]))].into(),
        stamps: domain::Stamps::all(domain::Stamp::new(START + 1, 0, domain::Node(9))),
        ..domain::Change::from_record(evacuation.clone())
    };
    server.write(shorter);
    server.hub().erase(erased);
    let name = erased.to_string();
    server.hub().refuse = Box::new(move |change| {
        let about = change.kind == Kind::RollCall && change.fields["person"] == json!(name);
        about.then_some(ProblemCode::Erased)
    });
    phone.sync();
    assert!(phone.get(gone).is_none() && phone.get(kept).is_some());
    assert!(!knows(&phone, "张三"), "no word of it is left");
    let roster = phone.get(evacuation.id).unwrap().fields["roster"].clone();
    assert_eq!(roster.as_array().map(Vec::len), Some(1), "{roster}");
    assert!(knows(&phone, "李四"));
}

#[test]
fn of_an_erased_resident_in_a_dispute_only_the_side_is_left_whatever_was_sent() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = person(&phone, "张三");
    phone.sync();
    let parties = json!([
        {"person": erased, "name": "张三", "side": "applicant", "phone": "13800000000"},
        {"name": "李四", "side": "respondent"},
    ]);
    let fields =
        json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "parties": parties, "by": "worker"});
    let dispute = phone.write(Kind::Dispute, None, fields).unwrap();
    let draft = json!({"facts": "漏水", "parties": parties});
    phone.device.with_open(|open| open.store().save_draft("new:dispute:", &draft, START)).unwrap();
    server.hub().erase(erased);
    phone.sync();
    assert!(!knows(&phone, "张三") && knows(&phone, "李四"));
    let record = phone.get(dispute).unwrap();
    assert_eq!(record.fields["parties"][0], json!({"name": "—", "side": "applicant"}));
    let kept = phone.device.with_open(|open| open.store().draft("new:dispute:")).unwrap().unwrap();
    assert_eq!((&kept["facts"], &kept["parties"][0]["name"]), (&json!("漏水"), &json!("—")), "{kept:?}");
}

#[test]
fn who_was_erased_in_a_cell_that_this_phone_does_not_read_is_left_in_no_dispute_that_goes_up() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let gone = person(&phone, "张三");
    phone.sync();
    // Moved away, and erased there: no feed of this phone says so.
    server.write(change(gone, Kind::Person, cell(), START + 60_000, json!({"cell": other_cell()})));
    phone.sync();
    server.hub().erased.insert(gone);
    let parties =
        json!([{"person": gone, "name": "张三", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    let fields =
        json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "parties": parties, "by": "worker"});
    let dispute = phone.write(Kind::Dispute, None, fields.clone()).unwrap();
    phone.sync();
    assert!(!knows(&phone, "张三") && knows(&phone, "李四"));
    assert_eq!(phone.get(dispute).unwrap().fields["parties"][0], json!({"name": "—", "side": "applicant"}));
    // Refused words are looked after in the same way.
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Dispute).then_some(ProblemCode::ForeignCell));
    server.hub().erased.clear();
    phone.write(Kind::Dispute, None, fields).unwrap();
    phone.sync();
    assert!(knows(&phone, "张三"));
    server.hub().erased.insert(gone);
    phone.sync();
    assert!(!knows(&phone, "张三") && phone.state().refused == 1);
}

/// A mediation case with these parties and these words.
pub fn case(phone: &Phone, parties: &Value, facts: &str) -> RecordId {
    let fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "parties": parties, "facts": facts,
        "by": "worker"});
    phone.write(Kind::Dispute, None, fields).unwrap()
}

/// The server sends a case again, with what was set aside of it.
pub fn tell(server: &Server, phone: &Phone, case: RecordId, conflicts: Vec<Conflict>) {
    server.hub().conflicts = conflicts;
    server.hub().feed.entry(cell()).or_default().push((case, false, Node(0)));
    phone.sync();
}

#[test]
fn what_was_set_aside_of_a_dispute_goes_with_the_resident_whom_it_names() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = person(&phone, "张三");
    let parties = |name: &str, other: &str| json!([{"person": erased, "name": name, "side": "applicant"}, {"name": other, "side": "respondent"}]);
    let dispute = case(&phone, &parties("张三", "李四"), "墙漏水");
    phone.sync();
    let stands = phone.get(dispute).unwrap().stamps;
    let set_aside = |field: &str, value: Value| Conflict {
        record: dispute,
        field: field.into(),
        value,
        stamp: Stamp::new(START - 1_000, 0, Node(7)),
        by: None,
        won_stamp: stands.of(field),
        won_by: None,
    };
    let told = vec![set_aside("parties", parties("张三三", "王五")), set_aside("facts", json!("张三砸了墙"))];
    tell(&server, &phone, dispute, told.clone());
    phone.pass(1_000);
    for Conflict { field, stamp, .. } in &told {
        phone.call("restore_value", json!({"id": dispute, "field": field, "stamp": stamp}));
    }
    // Of one the other value can still be had back, of the other one the worker has decided; and the server has heard of both.
    phone.pass(1_000);
    phone.write(Kind::Dispute, Some(dispute), json!({"facts": "墙坏了"})).unwrap();
    phone.sync();
    tell(&server, &phone, dispute, Vec::new());
    assert!(knows(&phone, "张三砸了墙"), "it is kept beside the record");
    server.hub().erase(erased);
    phone.sync();
    assert!(!knows(&phone, "张三") && knows(&phone, "王五"));
    let undo = json!({"id": dispute, "field": "parties", "stamp": told[0].stamp});
    assert!(device::api::call(&phone.device, "restore_value", undo, None).is_err(), "nothing is left to be had back");
    assert_eq!(phone.get(dispute).unwrap().fields["facts"], json!("墙坏了"), "the file is also another's");
}

#[test]
fn the_words_of_a_case_that_is_about_nobody_leave_the_phone_that_wrote_them() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = person(&phone, "张三");
    phone.sync();
    let parties = json!([{"person": erased, "name": "张三", "side": "applicant"}]);
    let dispute = case(&phone, &parties, "他砸了墙");
    let version = phone.get(dispute).unwrap().version();
    server.hub().erase(erased);
    phone.sync();
    let record = phone.get(dispute).unwrap();
    assert_eq!(record.fields["parties"], json!([{"name": "—", "side": "applicant"}]));
    assert_eq!(record.fields.get("facts"), Some(&Value::Null), "as the server has it, under the same stamp");
    assert_eq!(record.version(), version);
    assert!(!knows(&phone, "张三") && !knows(&phone, "砸了墙"));
    assert_eq!(phone.state().waiting_records, 0);
}

#[test]
fn the_words_of_a_case_that_was_about_nobody_before_stand_as_the_server_has_them_when_somebody_else_is_erased() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (erased, file) = (person(&phone, "张三"), record_id(900));
    // One party was erased, and the other one taken out by a correction, which left the words to whoever reads them.
    let fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "facts": "墙漏水", "by": "colleague",
        "parties": [{"name": "—", "side": "applicant"}]});
    server.write(change(file, Kind::Dispute, cell(), START, fields));
    let own = case(&phone, &json!([{"person": erased, "name": "张三", "side": "applicant"}]), "他砸了墙");
    phone.sync();
    server.hub().erase(erased);
    phone.sync();
    assert_eq!(phone.get(file).unwrap().text("facts"), Some("墙漏水"));
    assert_eq!(phone.get(file).as_ref(), server.hub().records.get(&file));
    assert_eq!(phone.get(own).unwrap().fields["facts"], Value::Null, "this one was about whoever was erased");
}

#[test]
fn words_that_were_emptied_here_stand_again_when_the_server_knows_of_another_party() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (erased, other) = (person(&phone, "张三"), person(&phone, "李四"));
    let file = case(&phone, &json!([{"person": erased, "name": "张三", "side": "applicant"}]), "墙漏水");
    phone.sync();
    // As the phone leaves it when it hears that 张三 was erased, before the page with the list of a colleague has come.
    phone.tamper("UPDATE record SET body = json_set(body, '$.fields.facts', NULL) WHERE kind = 'dispute'");
    assert_eq!(phone.get(file).unwrap().fields["facts"], Value::Null);
    let parties = json!({"parties": [{"name": "—", "side": "applicant"}, {"person": other, "name": "李四", "side": "respondent"}]});
    server.write(change(file, Kind::Dispute, cell(), START + 1_000, parties));
    phone.sync();
    assert_eq!(phone.get(file).unwrap().text("facts"), Some("墙漏水"));
    assert_eq!(phone.get(file).as_ref(), server.hub().records.get(&file));
}

#[test]
fn a_case_keeps_its_words_while_a_list_with_others_that_was_set_aside_waits_for_a_decision() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = person(&phone, "张三");
    let dispute = case(&phone, &json!([{"person": erased, "name": "张三", "side": "applicant"}]), "墙漏水");
    phone.sync();
    let form = json!({"claim": "要邻居修墙", "seen": {"claim": "…"}});
    phone.device.with_open(|open| open.store().save_draft(&format!("edit:{dispute}"), &form, START)).unwrap();
    let set_aside = Conflict {
        record: dispute,
        field: "parties".into(),
        value: json!([{"name": "—", "side": "applicant"}, {"name": "李四", "side": "respondent"}]),
        stamp: Stamp::new(START - 1_000, 0, Node(7)),
        by: None,
        won_stamp: phone.get(dispute).unwrap().stamps.of("parties"),
        won_by: None,
    };
    tell(&server, &phone, dispute, vec![set_aside]);
    server.hub().erase(erased);
    phone.sync();
    let file = phone.get(dispute).unwrap();
    assert_eq!(file.fields["parties"], json!([{"name": "—", "side": "applicant"}]));
    assert_eq!(file.text("facts"), Some("墙漏水"));
    assert!(knows(&phone, "要邻居修墙"), "the unfinished form stays");
    assert!(knows(&phone, "李四"), "and so does the question");
    // Settled, for the list that stands: nothing goes by itself.
    tell(&server, &phone, dispute, Vec::new());
    assert_eq!(phone.get(dispute).unwrap().text("facts"), Some("墙漏水"));
}

#[test]
fn refused_and_unfinished_words_of_a_case_that_is_about_nobody_go_also_where_they_name_no_party() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let erased = person(&phone, "张三");
    phone.sync();
    let party = json!({"person": erased, "name": "张三", "side": "applicant"});
    let (alone, shared) = (
        case(&phone, &json!([party]), "墙漏水"),
        case(&phone, &json!([party, {"name": "李四", "side": "respondent"}]), "墙漏水"),
    );
    phone.sync();
    phone.pass(1_000);
    server.hub().refuse = Box::new(|_| Some(ProblemCode::TooLong));
    phone.write(Kind::Dispute, Some(alone), json!({"facts": "他砸了墙", "number": "2026-7"})).unwrap();
    phone.write(Kind::Dispute, Some(shared), json!({"facts": "李四砸了门"})).unwrap();
    let event = json!({"dispute": alone, "event": "investigation", "at": START, "by": "worker", "text": "他又砸了墙"});
    let event = phone.write(Kind::DisputeEvent, None, event).unwrap();
    let paper = phone.photograph((alone, "dispute"), &[7; 900]).unwrap();
    let kept = phone.photograph((shared, "dispute"), &[8; 900]).unwrap();
    phone.sync();
    let keep = |case: RecordId, claim: &str| {
        let form = json!({"claim": claim, "seen": {"claim": "…"}});
        phone.device.with_open(|open| open.store().save_draft(&format!("edit:{case}"), &form, START)).unwrap();
    };
    keep(alone, "要他修墙");
    keep(shared, "要李四修门");
    keep_draft(&phone, &format!("dispute:{alone}:visit"));
    assert!(phone.state().refused == 5 && knows(&phone, "砸了墙") && knows(&phone, "修墙"));
    server.hub().erase(erased);
    phone.sync();
    assert!(!knows(&phone, "砸了墙") && !knows(&phone, "修墙"));
    let refused = phone.device.with_open(|open: &mut device::Open| open.refused()).unwrap();
    let of = |case: RecordId| refused.iter().find(|refused| refused.id == case).map(|refused| &refused.fields);
    assert_eq!(of(alone), Some(&[("number".to_owned(), json!("2026-7"))].into()), "what is no sentence stays");
    assert_eq!((of(event), of(paper.0)), (None, None), "a file about nobody has no events and no photos");
    assert!(of(kept.0).is_some());
    assert_eq!(pictures(&phone), [kept.1.to_string()], "the picture goes with the photo");
    assert!(knows(&phone, "砸了门") && knows(&phone, "修门"), "the file is also another's");
    assert_eq!(drafts(&phone), [format!("edit:{shared}")]);
}

/// An evacuation whose roster names these people, as the phone that ordered it holds it: not sent yet.
fn evacuation(phone: &Phone, people: &[(RecordId, &str)]) -> RecordId {
    let listed = |(id, name): &(RecordId, &str)| json!({"person": id, "household": record_id(5), "point": record_id(6), "name": name});
    let roster: Vec<Value> = people.iter().map(listed).collect();
    let order = json!({"reason": "强降雨", "level": "red", "drill": false, "points": [record_id(6)], "ordered_at": START,
        "by": "worker", "roster": roster});
    phone.write(Kind::Evacuation, None, order).unwrap()
}

fn hand_over(from: &Phone, to: &Phone, evacuation: RecordId) {
    use base64::Engine;
    let file = from.call("handover_file", json!({"id": evacuation}));
    let content = base64::engine::general_purpose::STANDARD.decode(file["content"].as_str().unwrap()).unwrap();
    device::api::call(&to.device, "take_file", json!({"code": file["code"]}), Some(content)).unwrap();
}

#[test]
fn who_was_erased_elsewhere_vanishes_from_what_another_phone_handed_over() {
    let server = Server::new();
    let (boss, worker) = (Phone::of_supervisor(&server, 1), Phone::new(&server, 2));
    worker.sync();
    let (gone, stays) = (record_id(801), record_id(802));
    let order = evacuation(&boss, &[(gone, "张三"), (stays, "李四")]);
    for person in [gone, stays] {
        let mark = json!({"evacuation": order, "person": person, "mark": "called", "at": START, "by": "worker"});
        boss.write(Kind::RollCall, None, mark).unwrap();
    }
    hand_over(&boss, &worker, order);
    worker.sync();
    assert!(knows(&worker, "张三") && knows(&worker, &gone.to_string()), "nobody was erased yet");
    // Moved to another cell before, and erased there: no feed of this phone says so.
    server.hub().erased.insert(gone);
    worker.sync();
    assert!(!knows(&worker, "张三") && !knows(&worker, &gone.to_string()), "off the roster, and without a mark");
    assert!(knows(&worker, "李四"));
    let count = "SELECT count(*) FROM received WHERE kind = 'roll_call'";
    let marks: i64 = worker
        .device
        .with_open::<_, device::DeviceError>(|open| {
            Ok(open.store().connection().query_row(count, [], |row| row.get(0))?)
        })
        .unwrap();
    assert_eq!(marks, 1, "the other one's mark stays");
}

#[test]
fn who_was_erased_elsewhere_vanishes_from_rosters_and_forms_that_were_not_sent() {
    let server = Server::new();
    let phone = Phone::of_supervisor(&server, 1);
    phone.sync();
    let (gone, stays) = (record_id(801), record_id(802));
    let order = evacuation(&phone, &[(gone, "张三"), (stays, "李四")]);
    let form = json!({"facts": "漏水", "parties": [{"person": gone, "name": "张三", "side": "applicant"},
        {"name": "王五", "side": "respondent"}]});
    for key in ["new:dispute:".to_owned(), format!("edit:{}", record_id(803))] {
        phone.device.with_open(|open| open.store().save_draft(&key, &form, START)).unwrap();
    }
    server.hub().erased.insert(gone);
    phone.sync();
    assert!(!knows(&phone, "张三") && knows(&phone, "王五"));
    let roster = phone.get(order).unwrap().fields["roster"].clone();
    assert_eq!((roster[0]["name"].as_str(), roster.as_array().map(Vec::len)), (Some("李四"), Some(1)), "{roster}");
    // In refused words likewise.
    server.hub().erased.clear();
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Evacuation).then_some(ProblemCode::NotAllowed));
    let again = record_id(804);
    evacuation(&phone, &[(again, "赵六"), (stays, "李四")]);
    phone.sync();
    assert!(phone.state().refused == 1 && knows(&phone, "赵六"));
    server.hub().erased.insert(again);
    phone.sync();
    assert!(phone.state().refused == 1 && !knows(&phone, "赵六"));
}

/// Unfinished forms about more records than a request may name.
fn keep_many_forms(phone: &Phone) {
    let drafts: Vec<String> = (1..=1_500).map(|number| format!("('edit:{}', '{{}}', 0)", record_id(number))).collect();
    phone.tamper(&format!("INSERT INTO draft (key, value, saved_at) VALUES {}", drafts.join(", ")));
}

#[test]
fn whom_a_dispute_names_that_goes_up_is_asked_about_at_once_whoever_else_waits_for_a_turn() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let gone = record_id(5_000);
    server.hub().erased.insert(gone);
    phone.sync();
    keep_many_forms(&phone);
    let parties =
        json!([{"person": gone, "name": "张三", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    let dispute = case(&phone, &parties, "墙漏水");
    server.hub().requests.clear();
    phone.sync();
    assert!(phone.is_sent(dispute) && !knows(&phone, "张三") && knows(&phone, "李四"));
    let asked = server.hub().requests.iter().map(|request| request.words_about.len()).max();
    assert_eq!(asked, Some(WORDS_ABOUT_MAX), "nobody who waits loses the place for it");
}

#[test]
fn of_more_records_than_a_request_may_name_all_are_asked_about_by_turns() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    keep_many_forms(&phone);
    server.hub().requests.clear();
    for _ in 0..2 {
        phone.sync();
    }
    let hub = server.hub();
    assert!(hub.requests.iter().all(|request| request.words_about.len() <= WORDS_ABOUT_MAX));
    let asked: BTreeSet<&RecordId> = hub.requests.iter().flat_map(|request| &request.words_about).collect();
    assert_eq!(asked.len(), 1_500);
}
