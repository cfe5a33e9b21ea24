//! Notices, tasks and opinions: published to places, taken back, answered.

use axum::http::StatusCode;
use serde_json::json;

use super::bench::{Bench, CELL, HOUSEHOLD, OTHER_CELL, id};
use crate::store::Store as _;

const WISH: &str = "11111111-1111-4111-8111-111111111111";

fn notice(places: &[&str]) -> serde_json::Value {
    json!({"wish": WISH, "places": places, "title": "谨防冒充客服", "text": "不转账。", "notice_kind": "fraud"})
}

#[tokio::test]
async fn a_notice_goes_once_to_every_cell_of_its_places_and_says_how_many_households_were_told() {
    let bench = Bench::new();
    let desk = bench.sign_in("county-boss").await;
    for _ in 0..2 {
        let (status, done) = desk.post("notices", notice(&["610722001", CELL])).await;
        assert_eq!((status, &done["cells"]), (StatusCode::OK, &json!(2)), "{done}");
    }
    let list = desk.read("notices").await;
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["cells"]), (1, &json!(2)));
    let own = bench.sign_in("supervisor").await;
    let one = own.read("notices").await["items"][0].clone();
    assert_eq!((&one["cells"], &one["stands"], &one["by"]), (&json!(1), &json!(true), &json!("county-boss 的名字")));
    let address = format!("notices/{}", one["id"].as_str().unwrap());
    let told = |page: &serde_json::Value| (page["places"][0]["told"].clone(), page["places"][0]["households"].clone());
    assert_eq!(told(&own.read(&address).await), (json!(0), json!(1)));
    let mut mark = bench.record_of(one["id"].as_str().unwrap());
    let notice = mark.id;
    for number in [50, 51] {
        (mark.id, mark.kind, mark.fields) = (id(number), domain::Kind::NoticeAck, Default::default());
        bench
            .enrol("worker")
            .write(&mark, json!({"notice": notice, "household": id(HOUSEHOLD), "at": bench.hub.now(), "by": "worker"}));
    }
    let page = own.read(&address).await;
    assert_eq!(told(&page), (json!(1), json!(1)), "told twice is told once");
    assert!(!page.to_string().contains("worker"), "by place, never by worker");
}

#[tokio::test]
async fn a_notice_for_a_foreign_place_for_none_or_without_words_is_refused_as_a_whole() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    for places in [vec![OTHER_CELL], vec![CELL, "610722001002"], vec![], vec!["x"], vec!["110101"], vec!["610722"]] {
        let (status, _) = desk.post("notices", notice(&places)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{places:?}");
    }
    let mut wordless = notice(&[CELL]);
    wordless["text"] = json!(" ");
    assert_eq!(desk.post("notices", wordless).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.read("notices").await["items"], json!([]));
}

#[tokio::test]
async fn a_withdrawn_notice_is_gone_from_the_phones_of_the_own_scope_and_a_stranger_cannot_withdraw_it() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let done = desk.post("notices", notice(&[CELL])).await.1;
    let address = format!("notices/{}/withdraw", done["id"].as_str().unwrap());
    assert_eq!(bench.sign_in("neighbour").await.post(&address, json!({})).await.0, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        assert_eq!(desk.post(&address, json!({})).await.0, StatusCode::NO_CONTENT);
    }
    assert!(bench.record_of(done["id"].as_str().unwrap()).is_deleted());
    assert_eq!(desk.read("notices").await["items"][0]["withdrawn"], true);
}

#[tokio::test]
async fn a_task_names_its_published_purpose_and_what_came_back_stands_with_its_place() {
    let bench = Bench::new();
    let desk = bench.sign_in("supervisor").await;
    let task = |purpose: &str| json!({"wish": WISH, "places": [CELL], "title": "查看独居老人取暖", "purpose": purpose, "due_on": "2026-01-01"});
    assert_eq!(desk.post("tasks", task("key_persons")).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, done) = desk.post("tasks", task("care")).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let address = format!("tasks/{}", done["id"].as_str().unwrap());
    let mut report = bench.record_of(done["id"].as_str().unwrap());
    let task = report.id;
    (report.id, report.kind, report.fields) = (id(52), domain::Kind::TaskReport, Default::default());
    bench
        .enrol("worker")
        .write(&report, json!({"task": task, "result": "done", "note": "都好", "at": bench.hub.now(), "by": "worker"}));
    let page = desk.read(&address).await;
    assert_eq!((&page["places"][0]["result"], &page["places"][0]["note"]), (&json!("done"), &json!("都好")));
    assert_eq!(page["task"]["overdue"], true);
    assert!(!page["places"].to_string().contains("worker"));
    assert_eq!(desk.post(&format!("{address}/withdraw"), json!({})).await.0, StatusCode::NO_CONTENT);
    assert!(desk.read(&address).await["task"]["ended_at"].is_number());
}

#[tokio::test]
async fn an_opinion_is_answered_once_for_what_was_on_the_screen_and_its_rating_comes_back() {
    let bench = Bench::new();
    bench.put(70, "feedback", CELL, json!({"text": "字太小。", "at": 1_000, "by": "worker"}));
    bench.put(71, "feedback", OTHER_CELL, json!({"text": "别处的话。", "at": 1_000, "by": "far-worker"}));
    let desk = bench.sign_in("supervisor").await;
    let list = desk.read("feedback").await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!((&list[0]["text"], &list[0]["by"]), (&json!("字太小。"), &json!("worker 的名字")));
    let answer = format!("feedback/{}/answer", id(70));
    assert_eq!(desk.post(&answer, json!({"text": " ", "seen": 0})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.post(&answer, json!({"text": "已改。", "seen": 0})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(desk.post(&answer, json!({"text": "已改。", "seen": 0})).await.0, StatusCode::CONFLICT, "a stale tab");
    let foreign = format!("feedback/{}/answer", id(71));
    assert_eq!(desk.post(&foreign, json!({"text": "?", "seen": 0})).await.0, StatusCode::NOT_FOUND);
    let stored = bench
        .hub
        .store()
        .read(|reading| reading.referring(&domain::Scope::new("610722").unwrap(), id(70), &domain::Kind::Feedback));
    let given = stored.unwrap().remove(0).record;
    bench.put(72, "feedback", CELL, json!({"about": given.id, "rating": 4, "at": bench.hub.now() + 1, "by": "worker"}));
    let list = desk.read("feedback").await;
    assert_eq!((&list[0]["answers"][0]["text"], &list[0]["answers"][0]["rating"]), (&json!("已改。"), &json!(4)));
    let none = format!("feedback/{}/answer", given.id);
    assert_eq!(
        desk.post(&none, json!({"text": "?", "seen": 0})).await.0,
        StatusCode::NOT_FOUND,
        "an answer is no opinion"
    );
}

#[tokio::test]
async fn a_household_that_gave_way_is_counted_and_told_as_the_one_that_stands_for_it() {
    let bench = Bench::new();
    bench.put(80, "household", CELL, json!({"dwelling": id(2), "merged_into": id(HOUSEHOLD)}));
    bench.put(81, "person", CELL, json!({"household": id(80), "name": "单小宝"}));
    // Nobody lives here but an entry of somebody who lives elsewhere.
    bench.put(82, "household", CELL, json!({"dwelling": id(2)}));
    bench.put(
        83,
        "person",
        CELL,
        json!({"household": id(82), "name": "单雄", "merged_into": id(super::bench::PERSON)}),
    );
    let desk = bench.sign_in("supervisor").await;
    assert_eq!(desk.post("notices", notice(&[CELL])).await.0, StatusCode::OK);
    let written = desk.read("notices").await["items"][0]["id"].as_str().unwrap().to_owned();
    let mut mark = bench.record_of(&written);
    let notice = mark.id;
    for (number, household) in [(50, 80), (51, HOUSEHOLD), (52, 82)] {
        (mark.id, mark.kind, mark.fields) = (id(number), domain::Kind::NoticeAck, Default::default());
        let told = json!({"notice": notice, "household": id(household), "at": bench.hub.now(), "by": "worker"});
        bench.enrol("worker").write(&mark, told);
    }
    let page = desk.read(&format!("notices/{written}")).await;
    assert_eq!((&page["places"][0]["told"], &page["places"][0]["households"]), (&json!(1), &json!(1)), "{page}");
}
