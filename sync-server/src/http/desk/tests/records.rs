//! Lines of the inbox and pages of records.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::bench::{Bench, HOUSEHOLD, INCIDENT, LOUD_VISIT, PERSON, VISIT, id};
use crate::store::Store as _;

fn item(inbox: &Value, number: u128) -> &Value {
    inbox["items"].as_array().unwrap().iter().find(|item| item["id"] == json!(id(number))).unwrap()
}

#[tokio::test]
async fn a_line_says_what_where_who_and_how_risky() {
    let bench = Bench::new();
    let inbox = bench.sign_in("supervisor").await.read("inbox").await;
    assert_eq!(inbox["by_kind"], json!({"visit": 2, "incident": 1}));
    let visit = item(&inbox, VISIT);
    assert_eq!((&visit["title"], &visit["subtitle"]), (&json!("单*"), &json!("3号楼 2单元 501室")));
    assert_eq!((&visit["place"], &visit["by"]), (&json!("江湾社区 第1网格"), &json!("worker 的名字")));
    assert_eq!((&visit["result"], &visit["low_risk"], &visit["is_new"]), (&json!("met"), &json!(true), &json!(true)));
    assert_eq!(item(&inbox, LOUD_VISIT)["low_risk"], false);
    let incident = item(&inbox, INCIDENT);
    assert_eq!((&incident["title"], &incident["subtitle"]), (&json!("井盖破损"), &json!("3号楼 2单元 501室")));
    assert_eq!((&incident["severity"], &incident["low_risk"]), (&json!(1), &json!(false)));
}

#[tokio::test]
async fn no_document_number_or_telephone_stands_in_a_list() {
    let bench = Bench::new();
    let mut phone = bench.enrol("worker");
    phone.write(&bench.record(PERSON), json!({"phone": "13911112222"}));
    phone.write(&bench.record(HOUSEHOLD), json!({"contact_phone": "13911113333", "head": null}));
    let inbox = bench.sign_in("supervisor").await.read("inbox").await.to_string();
    assert!(!inbox.contains("13911112222") && !inbox.contains("13911113333"), "{inbox}");
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_in_both_orders() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let mut orders = Vec::new();
    for order in ["oldest", "newest"] {
        let (mut after, mut seen) = (String::new(), Vec::new());
        loop {
            let page = desk.read(&format!("inbox?order={order}&limit=1&after={after}")).await;
            assert_eq!(page["total"], 3);
            seen.push(page["items"][0]["id"].as_str().unwrap().to_owned());
            let Some(next) = page["next"].as_str() else { break };
            after = next.to_owned();
        }
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 3);
        orders.push(seen);
    }
    orders[1].reverse();
    assert_eq!(orders[0], orders[1]);
}

#[tokio::test]
async fn filters_by_kind_and_state_count_what_they_show() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let visits = desk.read("inbox?kind=visit").await;
    assert_eq!((&visits["total"], visits["items"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(desk.read("inbox?state=approved").await["total"], 4);
    assert_eq!(desk.read("inbox?state=returned").await["total"], 0);
    assert_eq!(desk.read("places").await[0]["children"][0]["waiting"], 3);
}

#[tokio::test]
async fn a_corrected_telephone_shows_before_and_after_and_nothing_else() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    bench.enrol("worker").write(&bench.record(PERSON), json!({"phone": "13911112222"}));
    let inbox = desk.read("inbox?kind=person").await;
    assert_eq!(item(&inbox, PERSON)["changed_fields"], json!(["phone"]));
    assert_eq!(item(&inbox, PERSON)["low_risk"], true);
    let page = desk.read(&format!("records/{}", id(PERSON))).await;
    assert_eq!(page["is_new"], false);
    assert_eq!(page["changes"], json!([{"field": "phone", "before": "138****1111", "after": "139****2222"}]));
    assert_eq!(page["record"]["fields"]["phone"], "139****2222");
    assert_eq!(page["masked"], json!(["name", "phone"]));
    assert_eq!(page["refs"][id(HOUSEHOLD).to_string()], json!({"kind": "household", "title": "单*"}));
    let last = page["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["device"], &last["by"]), (&json!("worker 的手机"), &json!("worker 的名字")));
    assert_eq!((&last["fields"], &last["lost"]), (&json!({"phone": "139****2222"}), &json!(false)));
}

#[tokio::test]
async fn two_who_wrote_without_knowing_of_each_other_are_both_in_the_history() {
    let bench = Bench::new();
    let seen = bench.record(PERSON);
    bench.enrol("worker").write(&seen, json!({"phone": "13911110001"}));
    bench.enrol("colleague").write(&seen, json!({"phone": "13911110002"}));
    let page = bench.sign_in("supervisor").await.read(&format!("records/{}", id(PERSON))).await;
    assert_eq!(page["record"]["fields"]["phone"], "139****0002");
    let lines: Vec<(&Value, &Value, &Value)> = page["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["by"], &line["fields"]["phone"], &line["lost"]))
        .collect();
    assert!(lines.contains(&(&json!("worker 的名字"), &json!("139****0001"), &json!(true))), "{lines:?}");
    assert!(lines.contains(&(&json!("colleague 的名字"), &json!("139****0002"), &json!(false))), "{lines:?}");
}

#[tokio::test]
async fn a_value_that_lost_says_what_stands_in_its_place_and_stands_again_with_one_call() {
    let bench = Bench::new();
    let seen = bench.record(PERSON);
    bench.enrol("worker").write(&seen, json!({"phone": "13911110001"}));
    bench.enrol("colleague").write(&seen, json!({"phone": "13911110002"}));
    let desk = bench.sign_in("supervisor").await;
    let address = format!("records/{}", id(PERSON));
    let lost = |page: &Value| {
        let lines = page["history"].as_array().unwrap().iter().filter(|line| line["lost"] == true);
        lines.cloned().collect::<Vec<Value>>()
    };
    let page = desk.read(&address).await;
    let [line] = &lost(&page)[..] else { panic!("{page}") };
    let set_aside = &line["set_aside"]["phone"];
    assert_eq!((&set_aside["kept_by"], &set_aside["restorable"]), (&json!("colleague 的名字"), &json!(true)));
    assert_eq!(set_aside["stands"], false);
    let wish =
        json!({"version": page["version"], "reached": page["reached"], "field": "phone", "stamp": set_aside["stamp"]});
    let restore = format!("{address}/restore");
    assert_eq!(bench.sign_in("neighbour").await.post(&restore, wish.clone()).await.0, StatusCode::NOT_FOUND);
    assert_eq!(desk.post_with(&restore, wish.clone(), None).await.0, StatusCode::FORBIDDEN);
    let (status, restored) = desk.post(&restore, wish.clone()).await;
    assert_eq!(status, StatusCode::OK, "{restored}");
    let page = desk.read(&address).await;
    assert_eq!((&page["record"]["fields"]["phone"], &page["version"]), (&json!("139****0001"), &restored["version"]));
    let stands: Vec<Value> = lost(&page).iter().map(|line| line["set_aside"]["phone"]["stands"].clone()).collect();
    assert!(stands.contains(&json!(true)), "{page}");
    assert_eq!(desk.post(&restore, wish).await.0, StatusCode::CONFLICT, "on a version that is not the present one");
}

#[tokio::test]
async fn of_two_values_that_look_alike_masked_the_page_says_that_the_one_that_lost_does_not_stand() {
    let bench = Bench::new();
    let seen = bench.record(PERSON);
    bench.enrol("worker").write(&seen, json!({"name": "张伟"}));
    bench.enrol("colleague").write(&seen, json!({"name": "张卫"}));
    let page = bench.sign_in("supervisor").await.read(&format!("records/{}", id(PERSON))).await;
    let line = page["history"].as_array().unwrap().iter().find(|line| line["lost"] == true).unwrap();
    assert_eq!((&page["record"]["fields"]["name"], &line["fields"]["name"]), (&json!("张*"), &json!("张*")));
    assert_eq!(line["set_aside"]["name"]["stands"], false);
}

#[tokio::test]
async fn a_value_of_the_loaded_register_that_lost_is_in_the_history_too() {
    let bench = Bench::new();
    let seen = bench.record(PERSON);
    let mut unseen = seen.clone();
    unseen.fields.remove("phone");
    bench.enrol("worker").write(&unseen, json!({"phone": "13911110001"}));
    let page = bench.sign_in("supervisor").await.read(&format!("records/{}", id(PERSON))).await;
    let line = page["history"].as_array().unwrap().iter().find(|line| line["lost"] == true).unwrap();
    assert_eq!((&line["fields"]["phone"], &line["by"]), (&json!("138****1111"), &json!("")));
    assert_eq!(line["set_aside"]["phone"]["kept_by"], "worker 的名字");
}

#[tokio::test]
async fn how_many_photos_have_arrived_can_be_asked_again_and_again() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let address = format!("records/{}/photos", id(INCIDENT));
    assert_eq!(desk.read(&address).await, json!({"arrived": 0, "total": 0}));
    let hashes = ["a", "b", "c", "d"].map(|digit| digit.repeat(64));
    let photos = [80, 81, 82, 83].into_iter().zip(&hashes).map(|(number, sha256)| {
        let mut photo = bench.record(INCIDENT);
        (photo.id, photo.kind) = (id(number), domain::Kind::Photo);
        photo.fields = serde_json::from_value(json!({"subject": id(INCIDENT), "sha256": sha256})).unwrap();
        let by = domain::AccountId::new("worker").unwrap();
        crate::store::BulkRecord { record: photo, by, at: 1, state: domain::review::ReviewState::NotReviewed }
    });
    bench.hub.load(&photos.collect::<Vec<_>>()).unwrap();
    for sha256 in &hashes[..3] {
        let sha256 = domain::Sha256Hex::new(sha256).unwrap();
        bench.hub.store().write(|writing| writing.put_photo_stored(&sha256, 9, 1)).unwrap();
    }
    assert_eq!(desk.read(&address).await, json!({"arrived": 3, "total": 4}));
    assert_eq!(item(&desk.read("inbox").await, INCIDENT)["photos"], json!({"arrived": 3, "total": 4}));
    assert_eq!(bench.sign_in("neighbour").await.get(&address).await.0, StatusCode::NOT_FOUND);
    let noted = bench.hub.store().read(|reading| reading.audit(10)).unwrap();
    assert!(noted.iter().all(|entry| entry.action != "view"), "a count is no look at the record");
}

#[tokio::test]
async fn whoever_looks_at_a_record_is_noted() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    desk.read(&format!("records/{}", id(PERSON))).await;
    let noted = bench.hub.store().read(|reading| reading.audit(10)).unwrap();
    let view = noted.iter().find(|entry| entry.action == "view").unwrap();
    assert_eq!((view.who.as_str(), view.subject.as_str()), ("supervisor", id(PERSON).to_string().as_str()));
}

#[tokio::test]
async fn references_in_a_circle_lead_nowhere() {
    let bench = Bench::new();
    let record = domain::Record { fields: Default::default(), ..bench.record(PERSON) };
    let mut circle = record.clone();
    circle.id = id(70);
    circle.fields = serde_json::from_value(json!({"household": id(70), "name": "自指"})).unwrap();
    let mut visit = record;
    visit.id = id(71);
    visit.kind = domain::Kind::Visit;
    visit.fields = serde_json::from_value(json!({"target": id(71), "result": "met"})).unwrap();
    let bulk = [circle, visit].map(|record| crate::store::BulkRecord {
        record,
        by: domain::AccountId::new("worker").unwrap(),
        at: 1,
        state: domain::review::ReviewState::Waiting,
    });
    bench.hub.load(&bulk).unwrap();
    let inbox = bench.sign_in("supervisor").await.read("inbox").await;
    assert_eq!(item(&inbox, 70)["subtitle"], "");
    assert_eq!(item(&inbox, 71)["title"], "");
}

#[tokio::test]
async fn a_look_is_noted_with_what_only_the_past_of_a_record_still_says_and_for_the_parties_of_a_dispute() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let looks_at = |number: u128| {
        let page = format!("residents/{}", id(number));
        let desk = &desk;
        async move { desk.read(&page).await["looks"].clone() }
    };
    // A telephone that was emptied is still in what changed, and in the history.
    bench.enrol("worker").write(&bench.record(PERSON), json!({"phone": null}));
    let (_, full) = desk.post(&format!("records/{}/look", id(PERSON)), json!({"reason": "review"})).await;
    assert!(full["changes"].to_string().contains("13800001111"));
    assert_eq!(looks_at(PERSON).await[0]["fields"], json!(["name", "phone"]));
    let parties = json!([
        {"person": id(PERSON), "name": "单雄", "side": "applicant", "phone": "13800001111", "address": "3号楼"},
        {"name": "外来人", "side": "respondent"}]);
    let dispute = json!({"type": "neighbour", "source": "visit", "accepted_on": "2026-01-01", "parties": parties});
    bench.put(90, "dispute", super::bench::CELL, dispute);
    assert_eq!(desk.post(&format!("records/{}/look", id(90)), json!({"reason": "service"})).await.0, StatusCode::OK);
    let looks = looks_at(PERSON).await;
    assert_eq!((&looks[0]["reason"], &looks[0]["fields"]), (&json!("service"), &json!(["address", "name", "phone"])));
}

#[tokio::test]
async fn no_masked_number_is_read_out_of_the_inbox_by_searching_for_its_digits() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let parties = json!([{"person": id(PERSON), "name": "解平", "side": "applicant", "phone": "13611112222", "address": "黄楼9号"}]);
    bench.put_waiting(91, "dispute", json!({"place": "河边13号", "parties": parties}));
    let merged = json!({"household": id(HOUSEHOLD), "name": "单双", "merged_before": {"phone": "13733334444"}});
    bench.put_waiting(92, "person", merged);
    for hidden in ["13911113333", "9111", "11133", "13800001111", "13611112222", "黄楼", "3334444"] {
        let found = desk.read(&format!("inbox?words={}", escaped(hidden))).await;
        assert_eq!(found["total"], 0, "{hidden}: {found}");
    }
    for (said, number) in [("河边13", 91), ("解平", 91), ("查敏", INCIDENT), ("边缘断", INCIDENT), ("单双", 92)]
    {
        let found = desk.read(&format!("inbox?words={}", escaped(said))).await;
        assert_eq!(found["items"][0]["id"], json!(id(number)), "{said}: {found}");
    }
}

/// Words as they stand in an address.
fn escaped(words: &str) -> String {
    words.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
