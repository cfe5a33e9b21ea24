//! The first screen, and what the server refused.

use device::api::FailureCode;
use domain::ProblemCode;
use serde_json::json;

use crate::phone::{DAY, OTHER_CELL, Phone, id_of};

#[test]
fn today_counts_doors_and_lists_who_was_not_met_for_longest() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let long_ago = phone.family(&building, "1", "101", "张三");
    let lately = phone.family(&building, "1", "102", "李四");
    let never = phone.family(&building, "1", "103", "王五");
    phone.visit(&long_ago.household, "met");
    phone.wait(95 * DAY);
    phone.visit(&lately.household, "met");
    phone.wait(DAY);
    let today = phone.ok("today", json!({}));
    let counts = json!({"households": 3, "met_30d": 1, "not_met_90d": 2, "visits_today": 0, "incidents_open": 0});
    assert_eq!(today["counts"], counts);
    let due: Vec<_> = today["due_doors"].as_array().unwrap().iter().map(|door| door["household_id"].clone()).collect();
    assert_eq!(due, [json!(never.household), json!(long_ago.household)]);
    // Where somebody tried today nobody needs to go again.
    phone.visit(&never.household, "absent");
    let today = phone.ok("today", json!({}));
    assert_eq!(today["due_doors"][0]["household_id"], json!(long_ago.household));
    assert_eq!(today["recent"][0]["result"], "absent");
    assert_eq!(today["counts"]["visits_today"], 1);
    assert_eq!(phone.ok("buildings", json!({}))[0]["not_met_90d"], 2);
}

#[test]
fn what_came_back_is_on_top_until_it_is_corrected() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let incident =
        phone.save("incident", json!({"category": "0601", "title": "井盖破损", "household": family.household}));
    phone.round();
    phone.review(&incident, "returned", json!({"title": "请写清位置"}), Some("补充后再报"));
    let returned = phone.ok("today", json!({}))["returned"].clone();
    assert_eq!(returned.as_array().unwrap().len(), 1);
    assert_eq!(returned[0]["title"], "井盖破损");
    assert_eq!(returned[0]["subtitle"], "3号楼 1单元 101室");
    assert_eq!(returned[0]["remarks"], json!({"title": "请写清位置"}));
    assert_eq!(returned[0]["note"], "补充后再报");
    assert_eq!(returned[0]["by"], "supervisor-1");
    phone.edit("incident", &incident, json!({"title": "3号楼前井盖破损"}));
    assert_eq!(phone.ok("today", json!({}))["returned"], json!([]));
}

#[test]
fn a_returned_visit_leaves_the_list_when_another_visit_corrects_it() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let visit = phone.visit(&family.household, "met");
    phone.round();
    phone.review(&visit, "returned", json!({"note": "请写明情况"}), None);
    assert_eq!(phone.ok("today", json!({}))["returned"][0]["record_id"], json!(visit));
    phone.wait(1000);
    let args = json!({"target": family.household, "target_kind": "household", "result": "met", "note": "已核对", "replaces": visit});
    phone.ok("record_visit", args);
    assert_eq!(phone.ok("today", json!({}))["returned"], json!([]));
}

#[test]
fn refused_words_wait_to_be_corrected_sent_again_or_dropped() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.round();
    let on_the_server = phone.record(&family.head);
    phone.edit("person", &family.head, json!({"phone": "13812345678"}));
    phone.refuse_next(ProblemCode::NotAllowed, Some(on_the_server));
    assert_eq!(phone.ok("person", json!({"id": family.head}))["person"]["phone"], json!(null));
    let items = phone.ok("refused", json!({}));
    assert_eq!(items.as_array().unwrap().len(), 1);
    assert_eq!((&items[0]["title"], &items[0]["code"]), (&json!("张三"), &json!("not_allowed")));
    assert_eq!(items[0]["fields"]["phone"], "13812345678");
    assert_eq!(phone.ok("today", json!({}))["not_sent"], items);
    assert_eq!(phone.ok("sync_state", json!({}))["refused"], 1);
    phone.ok("resend", json!({"record_id": family.head}));
    assert_eq!(phone.ok("refused", json!({})), json!([]));
    assert_eq!(phone.ok("person", json!({"id": family.head}))["person"]["phone"], "13812345678");
    phone.refuse_next(ProblemCode::NotAllowed, None);
    phone.ok("discard", json!({"record_id": family.head}));
    assert_eq!(phone.ok("refused", json!({})), json!([]));
    assert_eq!(phone.fails("discard", json!({"record_id": family.head})), FailureCode::NotFound);
    assert_eq!(phone.fails("resend", json!({"record_id": family.head})), FailureCode::NotFound);
}

#[test]
fn the_bar_tells_what_waits_and_that_everything_is_safe() {
    let phone = Phone::new();
    let generation = phone.ok("sync_state", json!({}))["generation"].as_i64().unwrap();
    phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let state = phone.ok("sync_state", json!({}));
    assert_eq!(state["waiting_records"], 1);
    assert!(state["generation"].as_i64().unwrap() > generation);
    phone.round();
    let state = phone.ok("sync_state", json!({}));
    assert_eq!((&state["phase"], &state["waiting_records"]), (&json!("safe"), &json!(0)));
}

#[test]
fn a_new_report_that_was_refused_is_corrected_and_made_again() {
    let phone = Phone::new();
    let args = json!({"kind": "incident", "cell": OTHER_CELL,
        "fields": {"category": "0601", "title": "井盖破损", "place": "东街口"}});
    let incident = id_of(&phone.ok("save", args));
    phone.refuse_next(ProblemCode::TooLong, None);
    assert_eq!(phone.fails("incident", json!({"id": incident})), FailureCode::NotFound);
    let item = phone.ok("today", json!({}))["not_sent"][0].clone();
    assert_eq!((&item["title"], &item["code"]), (&json!("井盖破损"), &json!("too_long")));
    phone.edit("incident", &incident, json!({"title": "井盖缺失", "place": null}));
    let record = phone.record(&incident);
    assert_eq!((record.text("title"), record.text("category")), (Some("井盖缺失"), Some("0601")));
    assert_eq!((record.text("place"), record.text("by")), (None, Some("worker-1")));
    assert_eq!(record.cell.as_str(), OTHER_CELL);
    assert_eq!(phone.ok("refused", json!({})), json!([]));
    phone.round();
    assert_eq!(phone.ok("incident", json!({"id": incident}))["sent"], true);
}
