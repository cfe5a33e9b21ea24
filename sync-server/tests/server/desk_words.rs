//! Notices, tasks and answers go from the supervisor to the phones, never the other way; what the worker says of them goes up.

use domain::scope::Role;
use domain::{Kind, ProblemCode, RecordId, World as _};
use serde_json::{Value, json};

use crate::common::{County, MINUTE, TestPhone, cell};

fn notice(phone: &mut TestPhone) -> Value {
    let (at, by) = (phone.world.now(), phone.account());
    json!({"title": "医保缴费", "text": "请提醒居民按时缴费", "notice_kind": "policy", "at": at, "by": by})
}

fn task(phone: &mut TestPhone) -> Value {
    let (at, by) = (phone.world.now(), phone.account());
    json!({"title": "核对租户", "purpose": "register", "at": at, "by": by})
}

/// A supervisor who works on a phone as well, and a worker of the same cell.
fn two(county: &County) -> (TestPhone, TestPhone) {
    let boss = county.account("boss", Role::Supervisor, &["610722001001"], &[cell(1)]);
    (county.phone_of(&boss), county.worker("worker-a", &[cell(1)]))
}

#[test]
fn a_supervisor_s_notice_task_and_answer_reach_the_worker_s_phone() {
    let county = County::new();
    let (mut boss, mut worker) = two(&county);
    let (at, by) = (worker.world.now(), worker.account());
    let opinion = worker.new_record(Kind::Feedback, &cell(1), json!({"text": "字太小", "at": at, "by": by}));
    worker.push_all(std::slice::from_ref(&opinion));
    worker.round(Vec::new());

    county.world.pass(MINUTE);
    let fields = notice(&mut boss);
    let notice = boss.new_record(Kind::Notice, &cell(1), fields);
    let fields = task(&mut boss);
    let task = boss.new_record(Kind::Task, &cell(1), fields);
    let (at, by) = (boss.world.now(), boss.account());
    let answer =
        boss.new_record(Kind::Feedback, &cell(1), json!({"text": "可以调大", "at": at, "by": by, "about": opinion.id}));
    boss.push_all(&[notice.clone(), task.clone(), answer.clone()]);
    let mut pulled = worker.pulled();
    pulled.sort();
    let mut wanted: Vec<RecordId> = vec![notice.id, task.id, answer.id];
    wanted.sort();
    assert_eq!(pulled, wanted);

    // What the worker says of them goes up.
    let home = worker.new_home(&cell(1));
    worker.push_all(&home);
    let (at, by) = (worker.world.now(), worker.account());
    let told = worker.new_record(
        Kind::NoticeAck,
        &cell(1),
        json!({"notice": notice.id, "household": home[1].id, "at": at, "by": by}),
    );
    let done =
        worker.new_record(Kind::TaskReport, &cell(1), json!({"task": task.id, "result": "done", "at": at, "by": by}));
    let rated =
        worker.new_record(Kind::Feedback, &cell(1), json!({"about": answer.id, "rating": 5, "at": at, "by": by}));
    worker.push_all(&[told, done, rated]);
    let empty = worker.new_record(Kind::Feedback, &cell(1), json!({"about": answer.id, "at": at, "by": by}));
    assert_eq!(worker.refused(&empty), ProblemCode::Required);
}

#[test]
fn a_worker_writes_neither_notices_nor_tasks_and_changes_none() {
    let county = County::new();
    let (mut boss, mut worker) = two(&county);
    for (kind, make) in [(Kind::Notice, notice as fn(&mut TestPhone) -> Value), (Kind::Task, task)] {
        let fields = make(&mut worker);
        let own = worker.new_record(kind.clone(), &cell(1), fields);
        assert_eq!(worker.refused(&own), ProblemCode::NotAllowed, "{kind}");
        let fields = make(&mut boss);
        let given = boss.new_record(kind.clone(), &cell(1), fields);
        boss.push_all(std::slice::from_ref(&given));
        county.world.pass(MINUTE);
        let changed = worker.change(kind.clone(), given.id, &cell(1), json!({"title": "别的"}));
        assert_eq!(worker.refused(&changed), ProblemCode::NotAllowed, "{kind}");
        let removed = worker.change(kind.clone(), given.id, &cell(1), json!({"deleted": true}));
        assert_eq!(worker.refused(&removed), ProblemCode::NotAllowed, "{kind}");
        assert_ne!(county.stored(given.id).unwrap().record.text("title"), Some("别的"));
    }
}

#[test]
fn a_care_plan_and_the_visits_that_name_it_are_taken_in_one_push() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let home = worker.new_home(&cell(1));
    let by = worker.account();
    let fields = json!({"person": home[2].id, "reason": "alone", "level": "a", "responsible": by, "consent": "oral", "starts_on": "2026-11-22"});
    let plan = worker.new_record(Kind::CarePlan, &cell(1), fields);
    let mut visit = worker.visit(home[1].id, &cell(1));
    visit.fields.insert("care_plan".into(), json!(plan.id));
    let [dwelling, household, person] = home;
    worker.push_all(&[dwelling, household, person, plan.clone(), visit]);
    let mut odd = worker.change(Kind::CarePlan, plan.id, &cell(1), json!({"ends_on": "2026-11-21"}));
    assert_eq!(worker.refused(&odd), ProblemCode::EndBeforeStart);
    county.world.pass(MINUTE);
    odd = worker.change(Kind::CarePlan, plan.id, &cell(1), json!({"ends_on": "2026-11-23"}));
    worker.push_all(&[odd]);
    let mut wrong = worker.visit(plan.fields["person"].as_str().unwrap().parse().unwrap(), &cell(1));
    wrong.fields.insert("target_kind".into(), json!("person"));
    let other = wrong.fields["target"].clone();
    wrong.fields.insert("care_plan".into(), other);
    assert_eq!(worker.refused(&wrong), ProblemCode::MissingTarget, "a person is no care plan");
}
