//! What comes from the desk: notices, warnings, tasks, answers to opinions.

use device::api::FailureCode;
use domain::{CellCode, Kind, ProblemCode, Record};
use serde_json::{Value, json};

use crate::phone::{CELL, DAY, MORNING, Phone, enrolment, id_of, record};

fn cell() -> CellCode {
    CellCode::new(CELL).unwrap()
}

fn notice(kind: &str, at: i64, more: Value) -> Record {
    let mut fields = json!({"title": "通知", "text": "内容", "notice_kind": kind, "at": at, "by": "supervisor-1"});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record(&cell(), Kind::Notice, at, fields)
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(id_of).collect()
}

#[test]
fn warnings_stand_on_top_of_today_the_most_urgent_first_until_they_end() {
    let phone = Phone::new();
    let policy = notice("policy", MORNING, json!({}));
    let blue = notice("warning", MORNING, json!({"level": "blue", "valid_until": "2026-11-25"}));
    let red = notice("warning", MORNING - DAY, json!({"level": "red"}));
    let over = notice("warning", MORNING - DAY, json!({"level": "red", "valid_until": "2026-11-21"}));
    let (policy_id, blue_id, red_id, over_id) =
        (policy.id.to_string(), blue.id.to_string(), red.id.to_string(), over.id.to_string());
    phone.give([policy, blue, red, over]);
    assert_eq!(ids(&phone.ok("today", json!({}))["warnings"]), [red_id.clone(), blue_id.clone()]);
    let listed = ids(&phone.ok("notices", json!({})));
    assert_eq!(listed.last(), Some(&over_id), "what is over goes to the end");
    assert_eq!(listed.len(), 4);
    phone.wait(4 * DAY);
    assert_eq!(ids(&phone.ok("today", json!({}))["warnings"]), [red_id]);
    phone.wait(10 * DAY);
    assert_eq!(phone.ok("today", json!({}))["warnings"], json!([]));
    assert_eq!(ids(&phone.ok("notices", json!({})))[0], policy_id);
}

#[test]
fn households_are_told_one_by_one_or_a_whole_building_and_counted_once() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let homes: Vec<_> = ["201", "101", "1001"].iter().map(|room| phone.family(&building, "2", room, "张三")).collect();
    phone.save("dwelling", json!({"building": building, "unit": "2", "room": "102", "use": "vacant"}));
    let policy = notice("policy", MORNING, json!({}));
    let id = policy.id.to_string();
    phone.give([policy]);
    let page = phone.ok("notice", json!({"id": id}));
    assert_eq!((page["line"]["told"].clone(), page["line"]["households"].clone()), (json!(0), json!(3)));
    let doors = page["buildings"][0]["units"][0]["doors"].as_array().unwrap().clone();
    let labels: Vec<_> = doors.iter().map(|door| door["label"].as_str().unwrap().to_owned()).collect();
    assert_eq!(labels, ["101", "201", "1001"]);

    let one = phone.ok("tell_notice", json!({"notice": id, "households": [homes[0].household]}));
    assert_eq!(one["ids"].as_array().unwrap().len(), 1);
    let all: Vec<_> = homes.iter().map(|home| home.household.clone()).collect();
    let rest = phone.ok("tell_notice", json!({"notice": id, "households": all}));
    assert_eq!(rest["ids"].as_array().unwrap().len(), 2, "nobody is marked twice");
    let page = phone.ok("notice", json!({"id": id}));
    assert_eq!((page["line"]["told"].clone(), page["buildings"][0]["told"].clone()), (json!(3), json!(3)));
    assert_eq!(phone.ok("notices", json!({}))[0]["told"], 3);

    phone.ok("take_back_several", json!({"ids": rest["ids"]}));
    assert_eq!(phone.ok("notice", json!({"id": id}))["line"]["told"], 1);
    // A household that is not there: nobody is marked.
    let wrong = json!({"notice": id, "households": [homes[1].household, "0192f0c1-0000-7000-8000-000000000001"]});
    assert_eq!(phone.problems("tell_notice", wrong)[0].code, ProblemCode::MissingTarget);
    assert_eq!(phone.ok("notice", json!({"id": id}))["line"]["told"], 1);
}

#[test]
fn a_task_stands_on_today_until_somebody_reports_it_or_the_desk_withdraws_it() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let home = phone.family(&building, "1", "101", "张三");
    let task = |title: &str, due: Option<&str>, target: Option<&str>| {
        let kind = target.map(|_| "household");
        record(
            &cell(),
            Kind::Task,
            MORNING,
            json!({"title": title, "purpose": "register", "at": MORNING, "by": "supervisor-1",
            "due_on": due, "target": target, "target_kind": kind}),
        )
    };
    let (open, late, withdrawn) = (
        task("无期限", None, None),
        task("已过期", Some("2026-11-20"), Some(&home.household)),
        task("撤销", None, None),
    );
    let (open_id, late_id, withdrawn_id) = (open.id.to_string(), late.id.to_string(), withdrawn.id.to_string());
    let mut ended = withdrawn.clone();
    phone.give([open, late, withdrawn]);
    assert_eq!(ids(&phone.ok("today", json!({}))["tasks"])[0], late_id);

    ended.fields.insert("ended_at".into(), json!(MORNING));
    ended.stamps = record(&cell(), Kind::Task, MORNING + 1000, json!({})).stamps;
    phone.give([ended]);
    let today = phone.ok("today", json!({}))["tasks"].clone();
    assert_eq!(ids(&today), [late_id.clone(), open_id.clone()]);
    assert_eq!(
        (today[0]["overdue"].clone(), today[0]["place"].clone()),
        (json!(true), json!("张三 · 3号楼 1单元 101室"))
    );
    assert_eq!(phone.fails("task", json!({"id": withdrawn_id})), FailureCode::NotFound);

    let report = id_of(&phone.ok("report_task", json!({"task": late_id, "result": "not_possible", "note": "已搬走"})));
    assert_eq!(ids(&phone.ok("today", json!({}))["tasks"]), [open_id]);
    let listed = phone.ok("tasks", json!({}));
    assert_eq!(listed[1]["report"]["note"], "已搬走");
    phone.ok("take_back", json!({"id": report}));
    assert_eq!(phone.ok("task", json!({"id": late_id}))["report"], json!(null));
}

#[test]
fn the_desk_s_words_cannot_be_written_on_a_phone() {
    let phone = Phone::new();
    let task = json!({"title": "自己的任务", "purpose": "register"});
    let notice = json!({"title": "通知", "text": "内容", "notice_kind": "policy"});
    for (kind, fields) in [("task", task), ("notice", notice)] {
        let problems = phone.problems("save", json!({"kind": kind, "cell": CELL, "fields": fields}));
        assert_eq!(problems[0].code, ProblemCode::NotAllowed, "{kind}");
    }
}

#[test]
fn an_opinion_is_answered_and_the_answer_is_rated() {
    let phone = Phone::new();
    assert_eq!(phone.problems("write_feedback", json!({"text": "  "}))[0].code, ProblemCode::Required);
    let asked = id_of(&phone.ok("write_feedback", json!({"text": "希望字再大一点"})));
    phone.round();
    phone.wait(DAY);
    let answer = record(
        &cell(),
        Kind::Feedback,
        phone.now(),
        json!({"text": "可以在我的里调大字号", "at": phone.now(), "by": "supervisor-1", "about": asked}),
    );
    let others = record(
        &cell(),
        Kind::Feedback,
        phone.now(),
        json!({"text": "别人的意见", "at": phone.now(), "by": "worker-2"}),
    );
    let (answer_id, others_id) = (answer.id.to_string(), others.id.to_string());
    phone.give([answer, others]);
    let threads = phone.ok("feedback", json!({}));
    assert_eq!(threads.as_array().unwrap().len(), 1, "a colleague's opinion is the colleague's");
    assert_eq!(
        (threads[0]["text"].clone(), threads[0]["answers"][0]["rating"].clone()),
        (json!("希望字再大一点"), json!(null))
    );
    phone.ok("rate_answer", json!({"answer": answer_id, "rating": 3}));
    phone.wait(1000);
    phone.ok("rate_answer", json!({"answer": answer_id, "rating": 5}));
    assert_eq!(phone.ok("feedback", json!({}))[0]["answers"][0]["rating"], 5);
    assert_eq!(phone.problems("rate_answer", json!({"answer": answer_id, "rating": 6}))[0].field, "rating");
    for not_an_answer in [asked, others_id] {
        phone.problems("rate_answer", json!({"answer": not_an_answer, "rating": 5}));
    }
}

#[test]
fn a_supervisor_s_phone_writes_no_review_and_no_cell_which_the_server_would_refuse_for_ever() {
    let account = domain::AccountId::new("boss").unwrap();
    let role = domain::scope::Role::Supervisor;
    let boss = Phone::enrolled(&domain::protocol::Enrolment { role, account, ..enrolment() }, 0x51);
    let fields =
        json!({"target": "00000000-0000-0000-0000-000000000001", "target_kind": "visit", "verdict": "approved"});
    let fields: domain::Fields = serde_json::from_value(fields).unwrap();
    for kind in [Kind::Review, Kind::Cell] {
        let refused = boss.device.with_open(|open| open.write(&kind, None, Some(&cell()), fields.clone()));
        match refused {
            Err(device::DeviceError::Invalid(problems)) => assert_eq!(problems[0].code, ProblemCode::NotAllowed),
            other => panic!("{kind}: {other:?}"),
        }
    }
}
