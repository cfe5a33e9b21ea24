//! What another phone handed over of an evacuation lies beside the register, and has an end.

use domain::protocol::Enrolment;
use domain::scope::Role;
use domain::{CellCode, Kind, Problem, ProblemCode, Record};
use serde_json::json;

use crate::evacuation::{HOUR, Valley, file_of, hand_over, mark, received_rows, sums, take_file, valley};
use crate::phone::{CELL, DAY, OTHER_CELL, Phone, enrolment};

/// An evacuation of the valley that the worker's phone has by handover alone.
struct HandedOver {
    valley: Valley,
    worker: Phone,
    evacuation: String,
}

/// Nobody of it is marked.
fn nobody_marked() -> HandedOver {
    handed_over(|_, _| ())
}

/// The supervisor had marked somebody as moved to the shelter.
fn one_moved() -> HandedOver {
    handed_over(|valley, evacuation| drop(mark(&valley.boss, evacuation, &valley.people[0], "moved_shelter")))
}

fn handed_over(before: impl FnOnce(&Valley, &str)) -> HandedOver {
    let valley = valley();
    let worker = valley.worker();
    let evacuation = valley.order(false);
    before(&valley, &evacuation);
    hand_over(&valley.boss, &worker, &evacuation);
    HandedOver { valley, worker, evacuation }
}

/// The server sends the worker everything of the evacuation but its marks.
fn send_all_but_marks(valley: &Valley, worker: &Phone) {
    let all = |kind| valley.boss.device.with_open(|open| open.store().of_kind(&kind, None)).unwrap();
    worker.give([Kind::HazardPoint, Kind::ThreatenedHousehold, Kind::Evacuation].into_iter().flat_map(all));
}

#[test]
fn a_mark_that_the_server_never_sends_stays_while_the_evacuation_runs_and_goes_some_weeks_after() {
    let HandedOver { valley, worker, evacuation } = one_moved();
    let boss = &valley.boss;
    send_all_but_marks(&valley, &worker);
    worker.wait(40 * DAY);
    worker.round();
    assert_eq!((sums(&worker, &evacuation), received_rows(&worker)), ([3, 1, 0, 2], 1), "it runs");
    boss.ok("end_evacuation", json!({"id": evacuation}));
    send_all_but_marks(&valley, &worker);
    worker.wait(29 * DAY);
    worker.round();
    assert_eq!(sums(&worker, &evacuation), [3, 1, 0, 2], "its writer may come back to a signal");
    worker.wait(DAY);
    worker.round();
    assert_eq!((sums(&worker, &evacuation), received_rows(&worker)), ([3, 0, 0, 3], 0), "what the server has");
}

#[test]
fn an_evacuation_that_the_server_never_sends_goes_weeks_after_the_last_that_was_heard_of_it() {
    let HandedOver { valley, worker, evacuation } = one_moved();
    let boss = &valley.boss;
    let stands = || !worker.ok("evacuations", json!({}))["standing"].as_array().unwrap().is_empty();
    worker.wait(100 * DAY);
    assert!(stands(), "without a server nothing ends");
    let later = |days: i64| {
        worker.wait(days * DAY);
        worker.round();
        stands()
    };
    assert!(later(0) && later(20), "counted from the first round on");
    mark(&worker, &evacuation, &valley.people[1], "called");
    assert!(later(20), "somebody was marked");
    hand_over(boss, &worker, &evacuation);
    assert!(later(20) && later(29), "it was handed over again, which is noted with the next round");
    assert_eq!(worker.ok("hazard_points", json!({})).as_array().unwrap().len(), 1);
    assert!(!later(1));
    assert_eq!(received_rows(&worker), 0, "the point and its households went with it");
}

#[test]
fn a_handover_that_was_taken_under_a_wrong_clock_is_not_over_when_the_clock_is_set_right() {
    let HandedOver { worker, evacuation, .. } = one_moved();
    worker.server_is_ahead(365 * DAY);
    worker.round();
    assert_eq!(sums(&worker, &evacuation), [3, 1, 0, 2]);
}

/// Something is not on the phone any more.
fn forget(phone: &Phone, table: &str, id: &str) {
    let sql = format!("DELETE FROM {table} WHERE id = '{id}'");
    let forget = |open: &mut device::Open| {
        open.store().connection().execute_batch(&sql)?;
        Ok::<_, device::DeviceError>(())
    };
    phone.device.with_open(forget).unwrap();
}

#[test]
fn what_was_handed_over_of_an_order_that_is_not_here_goes_weeks_after_it_was_seen_to_be_missing() {
    let HandedOver { worker, evacuation, .. } = one_moved();
    forget(&worker, "received", &evacuation);
    worker.round();
    worker.wait(29 * DAY);
    worker.round();
    assert_eq!(received_rows(&worker), 4, "the mark, the point and its two households");
    worker.wait(DAY);
    worker.round();
    assert_eq!(received_rows(&worker), 0);
}

#[test]
fn a_mark_counts_again_when_an_order_comes_back_that_the_server_had_lost() {
    let HandedOver { valley, worker, evacuation } = one_moved();
    send_all_but_marks(&valley, &worker);
    // A server that was put back takes no order from a worker's phone; the supervisor's brings it an hour later.
    forget(&worker, "record", &evacuation);
    worker.round();
    worker.wait(HOUR);
    send_all_but_marks(&valley, &worker);
    assert_eq!(sums(&worker, &evacuation), [3, 1, 0, 2]);
    worker.wait(40 * DAY);
    worker.round();
    assert_eq!(sums(&worker, &evacuation), [3, 1, 0, 2], "it runs");
}

#[test]
fn a_mark_stays_with_its_order_when_the_cell_is_merged_into_another() {
    let HandedOver { valley, worker, evacuation } = one_moved();
    send_all_but_marks(&valley, &worker);
    let mut order = valley.boss.record(&evacuation);
    order.fields.insert("cell".to_owned(), json!(OTHER_CELL));
    order.cell = CellCode::new(OTHER_CELL).unwrap();
    worker.hold(&[OTHER_CELL]);
    worker.give([order]);
    assert_eq!((sums(&worker, &evacuation), received_rows(&worker)), ([3, 1, 0, 2], 1));
    worker.hold(&[]);
    worker.round();
    assert_eq!(received_rows(&worker), 0, "the cell is somebody else's");
}

#[test]
fn marks_that_were_made_before_the_cell_was_merged_go_along_to_the_next_phone() {
    let HandedOver { valley, worker, evacuation } = one_moved();
    mark(&worker, &evacuation, &valley.people[1], "away");
    send_all_but_marks(&valley, &worker);
    // Orders and points move, what is written once does not. Whoever has the other cell holds both.
    let of_kind = |kind| valley.boss.device.with_open(|open| open.store().of_kind(&kind, None)).unwrap();
    let moved = [Kind::HazardPoint, Kind::ThreatenedHousehold, Kind::Evacuation].into_iter().flat_map(of_kind);
    let moved = moved.map(|mut record| {
        record.fields.insert("cell".to_owned(), json!(OTHER_CELL));
        record.cell = CellCode::new(OTHER_CELL).unwrap();
        record
    });
    let moved: Vec<Record> = moved.collect();
    worker.give(moved.clone());
    assert_eq!((sums(&worker, &evacuation), received_rows(&worker)), ([3, 1, 1, 1], 1));
    let third = valley.worker();
    third.give(moved);
    assert_eq!(hand_over(&worker, &third, &evacuation)["marks"], 2);
    assert_eq!((sums(&third, &evacuation), received_rows(&third)), ([3, 1, 1, 1], 2));
    let sent = |mark: Record| {
        assert_eq!(mark.cell.as_str(), CELL);
        mark
    };
    let marks = worker.device.with_open(|open| open.store().of_kind(&Kind::RollCall, None)).unwrap();
    third.give(marks.into_iter().map(sent));
    assert_eq!((sums(&third, &evacuation), received_rows(&third)), ([3, 1, 1, 1], 1), "each is counted once");
}

#[test]
fn an_informant_keeps_and_takes_nothing_of_an_evacuation() {
    let HandedOver { valley, worker, evacuation } = nobody_marked();
    assert!(received_rows(&worker) > 0);
    worker.device.enrol_again("http://127.0.0.1:9", &Enrolment { role: Role::Informant, ..enrolment() }).unwrap();
    worker.round();
    assert_eq!(received_rows(&worker), 0);
    let (file, code) = file_of(&valley.boss, &evacuation);
    let problems = take_file(&worker, &file, &code).unwrap_err().problems;
    assert_eq!(problems, [Problem::new("", ProblemCode::NotAllowed)]);
}

#[test]
fn a_mark_of_an_order_that_the_server_has_not_got_yet_waits_and_is_not_given_up() {
    let HandedOver { valley, worker, evacuation } = nobody_marked();
    let own = mark(&worker, &evacuation, &valley.people[0], "called");
    worker.refuse_next(ProblemCode::MissingTarget, None);
    assert_eq!(worker.ok("refused", json!({})), json!([]));
    assert_eq!(worker.record(&own).text("mark"), Some("called"));
    worker.round();
    assert_eq!(worker.ok("sync_state", json!({}))["waiting_records"], 0, "it goes up as soon as it can");
}

#[test]
fn a_mark_of_an_order_that_no_server_ever_gets_is_among_the_refused_words_weeks_later_and_can_be_sent_again() {
    let HandedOver { valley, worker, evacuation } = nobody_marked();
    let own = mark(&worker, &evacuation, &valley.people[0], "called");
    worker.refuse_next(ProblemCode::MissingTarget, None);
    worker.wait(30 * DAY);
    worker.refuse_next(ProblemCode::MissingTarget, None);
    assert_eq!((worker.ok("refused", json!({})), received_rows(&worker)), (json!([]), 0), "the order goes");
    worker.refuse_next(ProblemCode::MissingTarget, None);
    let refused = worker.ok("refused", json!({}));
    assert_eq!((&refused[0]["record_id"], &refused[0]["fields"]["mark"]), (&json!(own), &json!("called")));
    worker.ok("resend", json!({"record_id": own}));
    worker.round();
    assert_eq!(worker.record(&own).text("mark"), Some("called"));
    assert_eq!(worker.ok("sync_state", json!({}))["waiting_records"], 0);
}
