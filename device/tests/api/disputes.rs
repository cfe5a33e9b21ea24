//! Disputes: the case file, its events, its deadline, and its forms on paper.

use device::api::{Answer, FailureCode, call};
use domain::conflict::Conflict;
use domain::{CellCode, Kind, Node, ProblemCode, Stamp, Stamps};
use serde_json::{Value, json};

use crate::phone::{CELL, DAY, MORNING, Phone, id_of, record};

fn case(phone: &Phone, accepted_on: &str) -> String {
    phone.save(
        "dispute",
        json!({"type": "02", "source": "applied", "accepted_on": accepted_on, "facts": "楼上漏水。", "amount": "7072300.00",
            "parties": [{"name": "李四", "side": "respondent"}, {"name": "张三", "side": "applicant", "phone": "13800005678"}]}),
    )
}

fn pdf(phone: &Phone, command: &str, args: Value) -> Vec<u8> {
    match call(&phone.device, command, args, None).unwrap() {
        Answer::Bytes { mime, bytes } => {
            assert_eq!(mime, "application/pdf");
            assert!(bytes.starts_with(b"%PDF-") && bytes.ends_with(b"%%EOF"));
            bytes
        }
        Answer::Json(json) => panic!("{json}"),
    }
}

#[test]
fn a_case_has_a_month_and_its_list_puts_the_most_urgent_first() {
    let phone = Phone::new();
    let fresh = case(&phone, "2026-11-20");
    let late = case(&phone, "2026-10-20");
    let soon = case(&phone, "2026-10-25");
    let lines = phone.ok("disputes", json!({}));
    let ids: Vec<&str> = lines.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&late, &soon, &fresh]);
    assert_eq!(lines[0]["standing"]["state"], "overdue");
    assert_eq!(lines[1]["standing"]["state"], "due_soon");
    assert_eq!((&lines[1]["standing"]["deadline"], &lines[1]["amount"]), (&json!("2026-11-25"), &json!("7072300.00")));
    let due = phone.ok("due_work", json!({}));
    assert_eq!(due["disputes"].as_array().unwrap().len(), 2, "the fresh one can wait");
    phone.ok(
        "add_dispute_event",
        json!({"dispute": late, "event": "extension", "until": "2026-12-20", "text": "等待鉴定"}),
    );
    let page = phone.ok("dispute", json!({"id": late}));
    assert_eq!((&page["standing"]["state"], &page["standing"]["extended"]), (&json!("open"), &json!(true)));
}

#[test]
fn an_agreement_changes_the_file_and_stands_in_its_events() {
    let phone = Phone::new();
    let id = case(&phone, "2026-11-10");
    let page = phone.ok("dispute", json!({"id": id}));
    assert_eq!(page["dispute"]["parties"][0]["name"], "张三", "applicants first");
    assert_eq!(page["standing"]["rights_told"], false);
    assert!(page["rights"].as_array().unwrap().len() >= 9);
    phone.ok("add_dispute_event", json!({"dispute": id, "event": "rights", "signed": true}));
    phone.wait(DAY);
    let mediation = json!({"dispute": id, "event": "mediation", "place": "社区调解室", "present": ["张三", "李四"], "text": "双方同意各承担一半。"});
    phone.ok("add_dispute_event", mediation);
    let file =
        json!({"agreement": "written", "agreed_on": "2026-11-23", "terms": "李四修好。", "perform_by": "2026-11-24"});
    phone.ok("add_dispute_event", json!({"dispute": id, "event": "agreement", "signed": true, "file": file}));
    let page = phone.ok("dispute", json!({"id": id}));
    let steps: Vec<&str> =
        page["events"].as_array().unwrap().iter().map(|event| event["event"]["event"].as_str().unwrap()).collect();
    assert_eq!(steps, ["rights", "mediation", "agreement"]);
    assert_eq!((&page["standing"]["state"], &page["standing"]["performance"]), (&json!("settled"), &json!("waiting")));
    phone.wait(2 * DAY);
    assert_eq!(phone.ok("due_work", json!({}))["disputes"][0]["standing"]["performance"], "late");
    let done = json!({"dispute": id, "event": "performance", "text": "已修好", "file": {"performed_on": "2026-11-25"}});
    phone.ok("add_dispute_event", done);
    assert_eq!(phone.ok("due_work", json!({}))["disputes"], json!([]));
}

#[test]
fn what_is_missing_or_wrong_is_named_by_field_and_nothing_is_stored() {
    let phone = Phone::new();
    let id = case(&phone, "2026-11-10");
    let wrong = [
        (json!({"event": "mediation"}), "text", ProblemCode::Required),
        (json!({"event": "extension"}), "until", ProblemCode::Required),
        (json!({"event": "agreement"}), "agreement", ProblemCode::Required),
        (json!({"event": "follow_up", "text": "长".repeat(4001)}), "text", ProblemCode::TooLong),
        (json!({"event": "rights", "file": {"parties": []}}), "parties", ProblemCode::NotAllowed),
        (json!({"event": "no_such"}), "event", ProblemCode::UnknownCode),
        (json!({"event": "rights", "present": ["7号"]}), "present", ProblemCode::NameForm),
        (json!({"event": "rights", "at": phone.now() + 3 * DAY}), "at", ProblemCode::InFuture),
    ];
    for (mut args, field, code) in wrong {
        args["dispute"] = json!(id);
        let problems = phone.problems("add_dispute_event", args.clone());
        assert!(problems.iter().any(|problem| problem.field == field && problem.code == code), "{args}: {problems:?}");
    }
    assert_eq!(phone.ok("dispute", json!({"id": id}))["events"], json!([]));
    for amount in ["1e3", "-5.00", "12.345", "1000000000000.00", "07.00"] {
        let problems = phone.problems("save", json!({"kind": "dispute", "id": id, "fields": {"amount": amount}}));
        assert_eq!(problems[0].code, ProblemCode::AmountForm, "{amount}");
    }
    for amount in ["0.00", "999999999999.99"] {
        phone.edit("dispute", &id, json!({"amount": amount}));
        assert_eq!(phone.ok("dispute", json!({"id": id}))["dispute"]["amount"], amount);
    }
}

#[test]
fn an_event_and_what_it_changes_in_the_file_are_stored_together_or_not_at_all() {
    let phone = Phone::new();
    let id = case(&phone, "2026-11-10");
    let file = json!({"agreement": "oral", "terms": "李四修好。"});
    let args = |text: &str| json!({"dispute": id, "event": "agreement", "text": text, "file": file});
    phone.problems("add_dispute_event", args(&"长".repeat(4001)));
    let page = phone.ok("dispute", json!({"id": id}));
    assert_eq!(
        (&page["events"], &page["dispute"]["agreement"]),
        (&json!([]), &json!(null)),
        "whoever was told no finds nothing changed"
    );
    phone.problems("add_dispute_event", json!({"dispute": id, "event": "rights", "file": {"perform_by": "not a day"}}));
    assert_eq!(phone.ok("dispute", json!({"id": id}))["events"], json!([]));
    phone.ok("add_dispute_event", args("谈妥"));
    let page = phone.ok("dispute", json!({"id": id}));
    assert_eq!((page["events"].as_array().unwrap().len(), &page["dispute"]["agreement"]), (1, &json!("oral")));
}

#[test]
fn an_agreement_that_stands_in_the_file_already_need_not_be_sent_again() {
    let phone = Phone::new();
    let id = case(&phone, "2026-11-10");
    phone.ok("add_dispute_event", json!({"dispute": id, "event": "agreement", "file": {"agreement": "oral"}}));
    phone.ok("add_dispute_event", json!({"dispute": id, "event": "agreement", "file": {"terms": "李四修好。"}}));
    let emptied = json!({"dispute": id, "event": "agreement", "file": {"agreement": null}});
    assert_eq!(phone.problems("add_dispute_event", emptied)[0].code, ProblemCode::Required);
    assert_eq!(phone.ok("dispute", json!({"id": id}))["events"].as_array().unwrap().len(), 2);
}

#[test]
fn every_form_can_be_printed_from_a_file_of_which_little_is_known() {
    let phone = Phone::new();
    let id = case(&phone, "2026-11-10");
    for form in
        ["application", "registration", "rights", "investigation", "mediation", "agreement", "oral", "follow_up"]
    {
        let bytes = pdf(&phone, "dispute_form", json!({"dispute": id, "form": form}));
        assert!(bytes.len() > 2000, "{form}");
    }
    let event = phone.ok("add_dispute_event", json!({"dispute": id, "event": "mediation", "text": "记".repeat(4000)}));
    let args = json!({"dispute": id, "form": "mediation", "event": event["id"]});
    assert!(pdf(&phone, "dispute_form", args).len() > 10_000, "the long record is on it");
}

/// A case that came down with nothing but the side of its one party.
fn case_of_nobody(phone: &Phone) -> String {
    let fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-11-10", "by": "worker-1",
        "parties": [{"name": "—", "side": "applicant"}]});
    let case = record(&CellCode::new(CELL).unwrap(), Kind::Dispute, MORNING, fields);
    let id = case.id.to_string();
    phone.give([case]);
    id
}

#[test]
fn to_a_case_that_is_about_nobody_any_more_no_photo_no_step_and_no_words_are_added() {
    let phone = Phone::new();
    let id = case_of_nobody(&phone);
    assert_eq!(phone.ok("dispute", json!({"id": id}))["about_nobody"], true);
    let photo = json!({"subject": id, "subject_kind": "dispute", "photo_kind": "paper"});
    let refused = call(&phone.device, "add_photo", photo, Some(vec![7; 9])).unwrap_err();
    assert_eq!((refused.code, refused.problems[0].code), (FailureCode::Invalid, ProblemCode::Erased));
    let step = phone.problems("add_dispute_event", json!({"dispute": id, "event": "rights"}));
    assert_eq!((step[0].field.as_str(), step[0].code), ("dispute", ProblemCode::Erased));
    assert_eq!(phone.ok("record", json!({"id": id}))["about_nobody"], true);
    let save = |fields: Value| json!({"kind": "dispute", "id": id, "fields": fields});
    let words = phone.problems("save", save(json!({"facts": "墙漏水", "amount": "12.00"})));
    assert_eq!((words.len(), words[0].field.as_str(), words[0].code), (1, "facts", ProblemCode::Erased));
    // What is for the statistics is put right as ever; and with somebody it is that one's file.
    phone.ok("save", save(json!({"amount": "12.00"})));
    let parties = json!([{"name": "—", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    phone.ok("save", save(json!({"parties": parties, "facts": "墙漏水"})));
    assert_eq!(phone.ok("dispute", json!({"id": id}))["about_nobody"], false);
    assert_eq!(phone.ok("record", json!({"id": id}))["about_nobody"], false);
    phone.ok("add_dispute_event", json!({"dispute": id, "event": "rights"}));
}

#[test]
fn a_case_that_a_list_of_parties_set_aside_leaves_to_somebody_is_gone_on_with() {
    let phone = Phone::new();
    let id = case_of_nobody(&phone);
    let case = phone.record(&id);
    let list = Conflict {
        record: case.id,
        field: "parties".into(),
        value: json!([{"name": "李四", "side": "applicant"}]),
        stamp: Stamp::new(MORNING - 60_000, 0, Node(0xC0)),
        by: None,
        won_stamp: case.stamps.of("parties"),
        won_by: None,
    };
    phone.tell(case, list);
    assert_eq!(phone.ok("dispute", json!({"id": id}))["about_nobody"], false);
    phone.ok("add_dispute_event", json!({"dispute": id, "event": "rights"}));
}

#[test]
fn what_was_refused_is_not_sent_again_into_a_case_that_was_left_to_nobody_since() {
    let phone = Phone::new();
    let nobody = json!({"name": "—", "side": "applicant"});
    let fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-11-10", "by": "worker-1",
        "parties": [nobody, {"name": "李四", "side": "respondent"}]});
    let case = record(&CellCode::new(CELL).unwrap(), Kind::Dispute, MORNING, fields);
    let id = case.id.to_string();
    phone.give([case.clone()]);
    phone.edit("dispute", &id, json!({"facts": "墙漏水"}));
    let event = id_of(&phone.ok("add_dispute_event", json!({"dispute": id, "event": "rights"})));
    phone.refuse_next(ProblemCode::TooLong, Some(case.clone()));
    assert_eq!(phone.ok("refused", json!({})).as_array().unwrap().len(), 2);
    // A correction takes 李四 out: by that nothing goes.
    let mut left = case;
    left.fields.insert("parties".into(), json!([nobody]));
    left.stamps = Stamps::all(Stamp::new(MORNING + 1_000, 0, Node(0xDE5C)));
    phone.give([left]);
    for (refused, field) in [(&id, "facts"), (&event, "dispute")] {
        let problems = phone.problems("resend", json!({"record_id": refused}));
        assert_eq!((problems.len(), problems[0].field.as_str(), problems[0].code), (1, field, ProblemCode::Erased));
    }
    assert_eq!(phone.ok("refused", json!({})).as_array().unwrap().len(), 2, "they can be discarded");
    phone.ok("discard", json!({"record_id": event}));
}
