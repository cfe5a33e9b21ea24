//! Evacuations on the phone: hazard points, the order and its roster, marks and their totals, and phones that exchange all of
//! it without a server.

use device::api::{Answer, Failure, FailureCode, call};
use domain::scope::Role;
use domain::{Kind, ProblemCode};
use serde_json::{Value, json};

use crate::phone::{CELL, DAY, Phone, enrolment, id_of, record};

pub(crate) const HOUR: i64 = 60 * 60 * 1000;

/// A supervisor's phone with a point that threatens two households of three people, and a worker's phone that has nothing yet.
pub(crate) struct Valley {
    pub(crate) boss: Phone,
    point: String,
    pub(crate) people: Vec<String>,
    households: Vec<String>,
}

fn supervisor() -> Phone {
    let account = domain::AccountId::new("boss").unwrap();
    Phone::enrolled(&domain::protocol::Enrolment { role: Role::Supervisor, account, ..enrolment() }, 0x51)
}

pub(crate) fn valley() -> Valley {
    let boss = supervisor();
    let point = boss.save("hazard_point", json!({"name": "后坡", "hazard_kind": "landslide", "shelter": "学校"}));
    let building = boss.save("building", json!({"name": "1号楼", "building_kind": "residential"}));
    let first = boss.family(&building, "1", "101", "张三");
    let second = boss.family(&building, "1", "102", "李四");
    let child = boss.save("person", json!({"household": first.household, "name": "张小三"}));
    boss.save("person", json!({"household": first.household, "name": "张走远", "moved_out_on": "2026-01-02"}));
    for household in [&first.household, &second.household] {
        boss.ok("threaten", json!({"hazard_point": point, "household": household, "contact_name": "王五"}));
    }
    let people = vec![first.head, child, second.head];
    Valley { boss, point, people, households: vec![first.household, second.household] }
}

impl Valley {
    pub(crate) fn order(&self, drill: bool) -> String {
        let args = json!({"points": [self.point], "reason": "强降雨", "level": "red", "drill": drill});
        self.boss.ok("order_evacuation", args)["ids"][0].as_str().unwrap().to_owned()
    }

    /// A worker's phone that holds the register as the server sent it, without anything of this work.
    pub(crate) fn worker(&self) -> Phone {
        let phone = Phone::enrolled(&enrolment(), 0x77);
        let all = |kind| self.boss.device.with_open(|open| open.store().of_kind(&kind, None)).unwrap();
        phone.give([Kind::Building, Kind::Dwelling, Kind::Household, Kind::Person].into_iter().flat_map(all));
        phone
    }
}

pub(crate) fn mark(phone: &Phone, evacuation: &str, person: &str, mark: &str) -> String {
    let marked = phone.ok("mark_people", json!({"evacuation": evacuation, "people": [person], "mark": mark}));
    marked["marks"][0].as_str().unwrap().to_owned()
}

fn totals(phone: &Phone, evacuation: &str) -> Value {
    phone.ok("evacuation", json!({"id": evacuation}))["line"]["totals"].clone()
}

/// Due, moved, away, not moved.
pub(crate) fn sums(phone: &Phone, evacuation: &str) -> [i64; 4] {
    let totals = totals(phone, evacuation);
    let sums = ["due", "moved", "away", "unmoved"].map(|name| totals[name].as_i64().unwrap());
    assert_eq!(sums[0], sums[1] + sums[2] + sums[3], "{totals}");
    sums
}

pub(crate) fn take_file(phone: &Phone, file: &[u8], code: &str) -> Result<Value, Failure> {
    match call(&phone.device, "take_file", json!({"code": code}), Some(file.to_vec()))? {
        Answer::Json(value) => Ok(value),
        Answer::Bytes { .. } => panic!("bytes"),
    }
}

pub(crate) fn file_of(phone: &Phone, evacuation: &str) -> (Vec<u8>, String) {
    use base64::Engine;
    let file = phone.ok("handover_file", json!({"id": evacuation}));
    let content = base64::engine::general_purpose::STANDARD.decode(file["content"].as_str().unwrap()).unwrap();
    (content, file["code"].as_str().unwrap().to_owned())
}

pub(crate) fn hand_over(from: &Phone, to: &Phone, evacuation: &str) -> Value {
    let (file, code) = file_of(from, evacuation);
    take_file(to, &file, &code).unwrap()
}

#[test]
fn an_order_lists_who_lives_there_now_and_everybody_waits_to_be_contacted() {
    let valley = valley();
    let evacuation = valley.order(true);
    let page = valley.boss.ok("evacuation", json!({"id": evacuation}));
    assert_eq!(sums(&valley.boss, &evacuation), [3, 0, 0, 3]);
    assert_eq!(page["line"]["totals"]["not_contacted"], 3);
    assert_eq!((&page["line"]["drill"], &page["may_end"]), (&json!(true), &json!(true)));
    assert_eq!(page["households"].as_array().unwrap().len(), 2);
    assert_eq!(page["households"][0]["contact_name"], "王五");
    assert_eq!(page["points"][0]["shelter"], "学校");
    let names: Vec<&str> =
        page["households"][0]["people"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["张三", "张小三"], "who moved out is not on it");
    let again = json!({"kind": "evacuation", "id": evacuation, "fields": {"roster": []}});
    assert_eq!(valley.boss.problems("save", again)[0].code, ProblemCode::Sealed, "a roster stays as it was");
}

#[test]
fn a_worker_orders_nothing_and_an_order_needs_somebody_to_bring_to_safety() {
    let valley = valley();
    let empty = valley.boss.save("hazard_point", json!({"name": "空地", "hazard_kind": "rockfall"}));
    let order = |points: Value| json!({"points": points, "reason": "强降雨", "level": "red", "drill": false});
    for (points, field) in [(json!([]), "points"), (json!([empty]), "roster")] {
        let problems = valley.boss.problems("order_evacuation", order(points));
        assert_eq!((problems[0].field.as_str(), problems[0].code), (field, ProblemCode::Required));
    }
    let worker = valley.worker();
    assert_eq!(worker.ok("evacuations", json!({}))["may_order"], false);
    let point = worker.save("hazard_point", json!({"name": "河边", "hazard_kind": "flash_flood"}));
    worker.ok("threaten", json!({"hazard_point": point, "household": valley.households[0]}));
    let problems = worker.problems("order_evacuation", order(json!([point])));
    assert_eq!(problems[0].code, ProblemCode::NotAllowed);
}

#[test]
fn a_household_is_threatened_once_and_a_card_is_issued_and_taken_back() {
    let Valley { boss, point, households, .. } = valley();
    let page = |boss: &Phone| boss.ok("hazard_point", json!({"id": point}));
    let first = page(&boss)["households"][0]["id"].as_str().unwrap().to_owned();
    let again = boss.ok("threaten", json!({"hazard_point": point, "household": households[0], "needs_help": true}));
    assert_eq!(id_of(&again), first);
    assert_eq!(page(&boss)["households"].as_array().unwrap().len(), 2);
    boss.ok("remove", json!({"id": first}));
    assert_eq!(page(&boss)["households"].as_array().unwrap().len(), 1);
    boss.ok("threaten", json!({"hazard_point": point, "household": households[0]}));
    boss.ok("issue_card", json!({"id": first}));
    assert_eq!(page(&boss)["households"][0]["card_issued_on"], "2026-11-22");
    boss.ok("issue_card", json!({"id": first}));
    assert_eq!(page(&boss)["households"][0]["card_issued_on"], json!(null));
    let line = boss.ok("hazard_points", json!({}))[0].clone();
    assert_eq!((&line["households"], &line["people"]), (&json!(2), &json!(3)));
    let nobody = json!({"hazard_point": point, "household": point});
    assert_eq!(boss.problems("threaten", nobody)[0].code, ProblemCode::MissingTarget);
}

#[test]
fn every_tap_is_a_mark_and_the_last_one_stands_until_it_is_taken_back() {
    let valley = valley();
    let (boss, evacuation) = (&valley.boss, valley.order(false));
    mark(boss, &evacuation, &valley.people[0], "called");
    boss.wait(1000);
    let moved = mark(boss, &evacuation, &valley.people[0], "moved_shelter");
    mark(boss, &evacuation, &valley.people[1], "away");
    assert_eq!(sums(boss, &evacuation), [3, 1, 1, 1]);
    boss.ok("unmark", json!({"marks": [moved]}));
    assert_eq!((sums(boss, &evacuation), totals(boss, &evacuation)["called"].as_i64()), ([3, 0, 1, 2], Some(1)));
    // Once the server may have it, what stood before is said anew.
    boss.wait(1000);
    let refused = mark(boss, &evacuation, &valley.people[0], "refused");
    boss.round();
    boss.wait(1000);
    boss.ok("unmark", json!({"marks": [refused]}));
    assert_eq!((sums(boss, &evacuation), totals(boss, &evacuation)["called"].as_i64()), ([3, 0, 1, 2], Some(1)));
    let stranger = json!({"evacuation": evacuation, "people": [valley.point], "mark": "called"});
    assert_eq!(boss.problems("mark_people", stranger)[0].code, ProblemCode::MissingTarget);
}

#[test]
fn a_mark_of_somebody_who_is_on_no_list_is_shown_apart() {
    let valley = valley();
    let (boss, evacuation) = (&valley.boss, valley.order(false));
    let cell = domain::CellCode::new(CELL).unwrap();
    let fields = json!({"evacuation": evacuation, "person": "01936a80-0000-7000-8000-000000000001", "mark": "moved_family",
        "at": boss.now(), "by": "worker-1"});
    boss.give([record(&cell, Kind::RollCall, boss.now(), fields)]);
    let page = boss.ok("evacuation", json!({"id": evacuation}));
    assert_eq!(page["strangers"].as_array().unwrap().len(), 1);
    assert_eq!(sums(boss, &evacuation), [3, 0, 0, 3]);
}

#[test]
fn three_counts_a_day_come_of_the_marks_and_saying_the_same_again_is_counting() {
    let valley = valley();
    let (boss, evacuation) = (&valley.boss, valley.order(false));
    let count = |index: usize| boss.ok("evacuation", json!({"id": evacuation}))["counts"][index].clone();
    mark(boss, &evacuation, &valley.people[0], "moved_shelter");
    assert_eq!((&count(0)["of"], &count(0)["checked"]), (&json!("morning"), &json!(1)));
    boss.wait(2 * HOUR);
    assert_eq!((&count(0)["of"], &count(0)["checked"], &count(0)["open"]), (&json!("noon"), &json!(0), &json!(true)));
    let again = boss.ok("mark_people", json!({"evacuation": evacuation, "people": valley.people}));
    assert_eq!(again["marks"].as_array().unwrap().len(), 1, "nothing was said of the others yet");
    assert_eq!((&count(0)["checked"], &count(0)["totals"]["moved"]), (&json!(1), &json!(1)));
    assert_eq!(count(1)["totals"]["moved"], 1, "the morning stays as it was");
    let standing = boss.ok("evacuations", json!({}))["standing"][0].clone();
    assert_eq!(standing["count"]["of"], "noon", "Today reminds of it");
}

#[test]
fn after_the_end_marks_are_taken_and_shown_as_late() {
    let valley = valley();
    let (boss, evacuation) = (&valley.boss, valley.order(false));
    mark(boss, &evacuation, &valley.people[0], "moved_shelter");
    boss.ok("end_evacuation", json!({"id": evacuation}));
    boss.wait(1000);
    mark(boss, &evacuation, &valley.people[1], "moved_family");
    let page = boss.ok("evacuation", json!({"id": evacuation}));
    assert_eq!((&page["late"], &page["may_end"]), (&json!(1), &json!(false)));
    assert_eq!(page["counts"][0]["totals"]["moved"], 1, "what stood at the end");
    assert_eq!(sums(boss, &evacuation), [3, 2, 0, 1]);
    let lists = boss.ok("evacuations", json!({}));
    assert_eq!((lists["standing"].as_array().unwrap().len(), lists["past"].as_array().unwrap().len()), (0, 1));
}

#[test]
fn two_phones_without_a_server_exchange_both_ways_and_show_the_same_totals() {
    let valley = valley();
    let (boss, worker) = (&valley.boss, valley.worker());
    let evacuation = valley.order(false);
    mark(boss, &evacuation, &valley.people[0], "moved_shelter");
    let taken = hand_over(boss, &worker, &evacuation);
    assert_eq!((&taken["evacuation"], &taken["marks"]), (&json!(evacuation), &json!(1)));
    assert_eq!(sums(&worker, &evacuation), [3, 1, 0, 2]);
    let page = worker.ok("evacuation", json!({"id": evacuation}));
    assert_eq!((&page["line"]["received"], &page["received_marks"]), (&json!(true), &json!(1)));
    assert!(page["households"][0]["address"].as_str().unwrap().contains("101"), "{page}");
    worker.wait(1000);
    mark(&worker, &evacuation, &valley.people[0], "returned");
    mark(&worker, &evacuation, &valley.people[1], "away");
    assert_eq!(hand_over(&worker, boss, &evacuation)["marks"], 2);
    assert_eq!(totals(boss, &evacuation), totals(&worker, &evacuation));
    assert_eq!(sums(boss, &evacuation), [3, 0, 1, 2]);
    assert_eq!(hand_over(&worker, boss, &evacuation)["new"], 0, "the same again is nothing new");
    // What came from the other phone is not sent from here.
    let waiting = |phone: &Phone| phone.ok("sync_state", json!({}))["waiting_records"].as_i64().unwrap();
    assert_eq!(waiting(&worker), 2);
}

#[test]
fn codes_in_any_order_some_twice_and_some_missing_at_first_bring_the_list_over() {
    let valley = valley();
    let evacuation = valley.order(true);
    for person in &valley.people {
        mark(&valley.boss, &evacuation, person, "moved_shelter");
    }
    let worker = valley.worker();
    let frames = valley.boss.ok("handover_frames", json!({"id": evacuation}))["frames"].as_array().unwrap().clone();
    assert!(frames.len() > 1, "{} frames", frames.len());
    let film = |frame: &Value| worker.ok("take_frame", json!({"text": frame}));
    assert_eq!(film(&json!("https://example.org"))["ours"], false);
    for frame in frames.iter().skip(1).rev() {
        film(frame);
        let heard = film(frame);
        assert_eq!((&heard["taken"], &heard["total"]), (&json!(null), &json!(frames.len())));
    }
    let last = film(&frames[0]);
    assert_eq!((&last["taken"]["marks"], &last["got"]), (&json!(3), &json!(frames.len())));
    assert_eq!(sums(&worker, &evacuation), [3, 3, 0, 0]);
}

#[test]
fn hostile_files_are_refused_with_a_code_and_store_nothing() {
    let valley = valley();
    let evacuation = valley.order(false);
    let (file, code) = file_of(&valley.boss, &evacuation);
    let worker = valley.worker();
    let refused = |file: &[u8], code: &str| take_file(&worker, file, code).unwrap_err().code;
    assert_eq!(refused(&file[..file.len() - 7], &code), FailureCode::HandoverUnreadable);
    assert_eq!(refused(b"", &code), FailureCode::HandoverUnreadable);
    assert_eq!(refused(b"DSHAND1\n", &code), FailureCode::HandoverUnreadable);
    assert_eq!(refused(&vec![0; 50 * 1024 * 1024], &code), FailureCode::HandoverTooLarge);
    let other = if code == "00000000" { "00000001" } else { "00000000" };
    assert_eq!(refused(&file, other), FailureCode::HandoverCode);
    assert_eq!(refused(&file, ""), FailureCode::HandoverCode);
    let mut changed = file.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&changed, &code), FailureCode::HandoverCode);
    let foreign = Phone::enrolled(
        &domain::protocol::Enrolment { cells: vec![domain::CellCode::new("610722001001003").unwrap()], ..enrolment() },
        0x99,
    );
    assert_eq!(take_file(&foreign, &file, &code).unwrap_err().code, FailureCode::HandoverForeign);
    let before = worker.ok("evacuations", json!({}));
    assert_eq!((before["standing"].as_array().unwrap().len(), before["past"].as_array().unwrap().len()), (0, 0));
    take_file(&worker, &file, &code).unwrap();
}

#[test]
fn a_pack_with_anything_else_in_it_is_refused() {
    let valley = valley();
    let evacuation = valley.order(false);
    let worker = valley.worker();
    let refused = |change: &dyn Fn(&mut Value)| {
        let frames = valley.boss.ok("handover_frames", json!({"id": evacuation}))["frames"].clone();
        let mut pack = unpacked(&frames);
        change(&mut pack);
        let frames = packed(&pack);
        let outcomes: Vec<_> = frames.iter().map(|frame| worker.call("take_frame", json!({"text": frame}))).collect();
        outcomes.into_iter().find_map(Result::err).map(|failure| failure.code)
    };
    let person = json!({"id": valley.people[0], "kind": "person", "cell": CELL, "fields": {"name": "王八"},
        "stamp": "0198000000000000000000000000000a"});
    type Spoil<'a> = &'a dyn Fn(&mut Value);
    let cases: [(&str, FailureCode, Spoil<'_>); 6] = [
        ("another kind", FailureCode::HandoverOther, &|pack| {
            pack["changes"].as_array_mut().unwrap().push(person.clone());
        }),
        ("another cell", FailureCode::HandoverForeign, &|pack| pack["changes"][0]["cell"] = json!("610722001001009")),
        ("a point of another order", FailureCode::HandoverOther, &|pack| {
            pack["changes"][0]["fields"]["points"] = json!([]);
        }),
        ("a level that does not exist", FailureCode::HandoverUnreadable, &|pack| {
            pack["changes"][0]["fields"]["level"] = json!("purple");
        }),
        ("a stamp of next year", FailureCode::HandoverClock, &|pack| {
            pack["changes"][0]["stamp"] = json!("02980000000000000000000000000000");
        }),
        ("a newer version", FailureCode::HandoverUnreadable, &|pack| pack["version"] = json!(2)),
    ];
    for (what, code, change) in cases {
        assert_eq!(refused(change), Some(code), "{what}");
        assert!(worker.ok("evacuations", json!({}))["standing"].as_array().unwrap().is_empty(), "{what}");
    }
    assert_eq!(refused(&|_| {}), None);
}

#[test]
fn a_record_that_this_version_cannot_judge_is_left_out_of_a_handover_and_counted() {
    let valley = valley();
    let evacuation = valley.order(false);
    let worker = valley.worker();
    let mut pack = unpacked(&valley.boss.ok("handover_frames", json!({"id": evacuation}))["frames"]);
    pack["of_a_newer_version"] = json!(true);
    let mut spoilt = 0;
    for change in pack["changes"].as_array_mut().unwrap() {
        let fields = &mut change["fields"];
        if fields.get("contact_name").is_some() {
            // One by the rules of an earlier day, which is put right; one by those of a later day.
            fields["contact_name"] = if spoilt == 0 { json!("王\n五") } else { json!(["王五"]) };
            spoilt += 1;
        }
    }
    assert_eq!(spoilt, 2);
    let outcomes: Vec<Value> =
        packed(&pack).iter().map(|frame| worker.call("take_frame", json!({"text": frame})).unwrap()).collect();
    let taken = &outcomes.last().unwrap()["taken"];
    assert_eq!((&taken["new"], &taken["left_out"]), (&json!(3), &json!(1)), "{taken}");
    assert_eq!(sums(&worker, &evacuation)[0], 3, "everybody is on the list");
}

fn unpacked(frames: &Value) -> Value {
    let mut collector = domain::frames::Collector::default();
    for frame in frames.as_array().unwrap() {
        if let domain::frames::Heard::Whole { pack, .. } = collector.hear(frame.as_str().unwrap()) {
            return serde_json::from_slice(&zstd::decode_all(pack.as_slice()).unwrap()).unwrap();
        }
    }
    panic!("not whole");
}

fn packed(pack: &Value) -> Vec<String> {
    let json = serde_json::to_vec(pack).unwrap();
    domain::frames::frames(&zstd::encode_all(json.as_slice(), 3).unwrap()).unwrap()
}

#[test]
fn what_was_handed_over_goes_when_the_server_sends_it_and_is_counted_once() {
    let valley = valley();
    let (boss, worker) = (&valley.boss, valley.worker());
    let evacuation = valley.order(false);
    mark(boss, &evacuation, &valley.people[0], "moved_shelter");
    hand_over(boss, &worker, &evacuation);
    let own = mark(&worker, &evacuation, &valley.people[1], "away");
    let all = |kind| boss.device.with_open(|open| open.store().of_kind(&kind, None)).unwrap();
    let kinds = [Kind::HazardPoint, Kind::ThreatenedHousehold, Kind::Evacuation, Kind::RollCall];
    worker.give(kinds.into_iter().flat_map(all));
    let page = worker.ok("evacuation", json!({"id": evacuation}));
    assert_eq!((&page["line"]["received"], &page["received_marks"]), (&json!(false), &json!(0)));
    assert_eq!(sums(&worker, &evacuation), [3, 1, 1, 1]);
    assert_eq!(received_rows(&worker), 0);
    assert_eq!(worker.record(&own).text("mark"), Some("away"));
}

pub(crate) fn received_rows(phone: &Phone) -> i64 {
    let count = |open: &mut device::Open| {
        Ok::<i64, device::DeviceError>(open.store().connection().query_row(
            "SELECT count(*) FROM received",
            [],
            |row| row.get(0),
        )?)
    };
    phone.device.with_open(count).unwrap()
}

#[test]
fn what_was_handed_over_keeps_its_stamps_and_cannot_be_taken_back_without_trace() {
    let valley = valley();
    let (boss, worker) = (&valley.boss, valley.worker());
    let evacuation = valley.order(false);
    let moved = mark(boss, &evacuation, &valley.people[0], "moved_shelter");
    let before = boss.record(&moved);
    hand_over(boss, &worker, &evacuation);
    assert_eq!(boss.fails("take_back", json!({"id": moved})), FailureCode::Sealed);
    // The clock turns out to be an hour slow: what another phone has seen stays as it is.
    boss.server_is_ahead(HOUR);
    boss.round();
    assert_eq!(boss.record(&moved), before);
    worker.wait(DAY / 2);
    mark(&worker, &evacuation, &valley.people[0], "returned");
    hand_over(&worker, boss, &evacuation);
    assert_eq!(totals(boss, &evacuation)["returned"], 1);
}

#[test]
fn marks_that_are_taken_back_with_one_tap_are_all_taken_back_or_none() {
    for (others, known) in [(0, false), (1, false), (0, true), (1, true)] {
        let valley = valley();
        let (boss, evacuation) = (&valley.boss, valley.order(false));
        let tap = json!({"evacuation": evacuation, "people": valley.people, "mark": "moved_shelter"});
        let marks = boss.ok("mark_people", tap)["marks"].clone();
        if known {
            // The server may have them: what stood before is said anew.
            boss.round();
        }
        boss.wait(1000);
        let done = boss.failing_commit(others, || boss.call("unmark", json!({"marks": marks}))).is_ok();
        let moved = if done { 0 } else { 3 };
        assert_eq!(sums(boss, &evacuation), [3, moved, 0, 3 - moved], "the commit after {others} others failed");
        boss.ok("unmark", json!({"marks": marks}));
        assert_eq!(sums(boss, &evacuation), [3, 0, 0, 3]);
    }
}

#[test]
fn of_two_marks_of_one_person_that_are_taken_back_neither_is_said_again() {
    let valley = valley();
    let (boss, evacuation) = (&valley.boss, valley.order(false));
    let first = mark(boss, &evacuation, &valley.people[0], "moved_shelter");
    boss.wait(1000);
    let second = mark(boss, &evacuation, &valley.people[0], "returned");
    boss.round();
    boss.wait(1000);
    boss.ok("unmark", json!({"marks": [first, second]}));
    assert_eq!(totals(boss, &evacuation)["not_contacted"], 3);
}

#[test]
fn marks_that_are_made_with_one_tap_are_one_save() {
    let valley = valley();
    let evacuation = valley.order(false);
    let before = valley.boss.device.generation();
    valley.boss.ok("mark_people", json!({"evacuation": evacuation, "people": valley.people, "mark": "called"}));
    assert_eq!(valley.boss.device.generation(), before + 1, "all of them, or none");
}
