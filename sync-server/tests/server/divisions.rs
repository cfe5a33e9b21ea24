//! Divisions and cells: made, renamed, retired; cells handed over, merged and split; and who may not.

use domain::protocol::{CHANGE_BYTES_MAX, CHANGE_FIELDS_MAX};
use domain::review::ReviewState;
use domain::scope::Role;
use domain::{AccountId, CellCode, Fields, Kind, ProblemCode, RecordId};
use serde_json::{Value, json};
use sync_server::hub::reviews::{ReviewOf, ReviewVerdict};
use sync_server::store::{Place, Store as _};

use crate::accounts::county;
use crate::common::{County, MINUTE, cell, scope};
use crate::seat::Seat;

async fn admin(county: &County) -> Seat {
    Seat::of(county, "admin-1", Role::Admin, &["610722"]).await
}

fn line(list: &Value, code: &str) -> Value {
    list.as_array().unwrap().iter().find(|row| row["code"] == code).cloned().unwrap_or(Value::Null)
}

fn cell_of(county: &County, id: RecordId) -> CellCode {
    county.stored(id).unwrap().record.cell
}

#[tokio::test]
async fn a_new_cell_is_a_place_and_a_record_that_phones_get() {
    let county = county();
    let admin = admin(&county).await;
    admin.done("/desk/api/divisions", json!({"code": "610722001003", "name": "新社区"})).await;
    admin.done("/desk/api/divisions", json!({"code": "610722001003001", "name": " 第1网格 "})).await;
    let listed = admin.get("/desk/api/divisions").await.json();
    assert_eq!(line(&listed, "610722001003001")["name"], "第1网格");
    let code = CellCode::new("610722001003001").unwrap();
    county.account("worker-1", Role::Worker, &[], std::slice::from_ref(&code));
    let mut phone = county.phone_of(&AccountId::new("worker-1").unwrap());
    let records = phone.round(Vec::new()).pages.remove(0).records;
    assert_eq!(records[0].kind, Kind::Cell);
    assert_eq!((records[0].text("village_name"), records[0].text("town_name")), (Some("新社区"), Some("博望街道")));
    // Its village is called something else, and the phone hears of it.
    let wish = json!({"seen": "新社区", "name": "滨江社区"});
    admin.done("/desk/api/divisions/610722001003/rename", wish.clone()).await;
    assert_eq!(admin.refused("/desk/api/divisions/610722001003/rename", wish).await.0, "stale");
    let told = phone.round(Vec::new()).pages.remove(0).records;
    assert_eq!(told[0].text("village_name"), Some("滨江社区"));
    let past = admin.get("/desk/api/divisions/610722001003/past").await.json();
    let acts: Vec<(&str, &str)> = past
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["what"].as_str().unwrap(), row["name"].as_str().unwrap()))
        .collect();
    assert_eq!(acts, [("created", "新社区"), ("renamed", "滨江社区")]);
}

#[tokio::test]
async fn what_cannot_be_a_division_is_refused() {
    let county = county();
    let admin = admin(&county).await;
    let cases = [
        ("610722001001001", "第1网格", "code taken"),
        ("610702009", "别县的镇", "code foreign_cell"),
        ("610722009001", "没有上级", "code missing_target"),
        ("6107", "市", "code wrong_type"),
        ("61072200100", "短", "code wrong_type"),
        ("610722009", "  ", "name required"),
    ];
    for (code, name, expected) in cases {
        let told = admin.refused("/desk/api/divisions", json!({"code": code, "name": name})).await;
        assert_eq!(told, ("invalid".into(), expected.into()), "{code}");
    }
}

#[tokio::test]
async fn a_code_that_is_over_stays_readable_with_what_took_its_place() {
    let county = county();
    let admin = admin(&county).await;
    let retire = |code: &str| format!("/desk/api/divisions/{code}/retire");
    let to = |code: &str| json!({"succeeded_by": code});
    assert_eq!(admin.refused(&retire("610722001001"), to("610722001002")).await.1, "code in_use", "cells rest on it");
    county.account("worker-1", Role::Worker, &[], &[cell(3)]);
    assert_eq!(
        admin.refused(&retire("610722001001003"), to("610722001001001")).await.1,
        "code in_use",
        "somebody holds it"
    );
    county.account("worker-1", Role::Worker, &[], &[]);
    assert_eq!(admin.refused(&retire("610722001001003"), to("610722001")).await.1, "succeeded_by wrong_type");
    assert_eq!(admin.refused(&retire("610722001001003"), to("610702001001001")).await.1, "succeeded_by foreign_cell");
    admin.done(&retire("610722001001003"), to("610722001001001")).await;
    assert_eq!(admin.refused(&retire("610722001001003"), to("610722001001001")).await.0, "stale");
    let listed = line(&admin.get("/desk/api/divisions").await.json(), "610722001001003");
    assert!(listed["retired_at"].is_i64() && listed["name"] == "第3网格");
    assert_eq!(listed["succeeded_by"], "610722001001001");
    assert_eq!(admin.refused(&retire("610722001001002"), to("610722001001003")).await.1, "succeeded_by retired");
}

#[tokio::test]
async fn a_cell_is_handed_over_with_unsent_work_on_the_phone_and_nothing_is_lost() {
    let county = county();
    let admin = admin(&county).await;
    let mut old = county.worker("worker-old", &[cell(1), cell(2)]);
    county.account("worker-new", Role::Worker, &["610722001001"], &[]);
    let unsent = old.new_dwelling(&cell(1));
    let standing = admin.get("/desk/api/cells/610722001001001").await.json();
    assert_eq!(standing["holders"][0]["account"], "worker-old");
    assert_eq!(standing["holders"][0]["phones"][0]["device_name"], "Test phone");
    county.world.pass(10 * MINUTE);
    let path = "/desk/api/cells/610722001001001/hand-over";
    admin.done(path, json!({"seen": ["worker-old"], "to": ["worker-new"]})).await;
    assert_eq!(admin.refused(path, json!({"seen": ["worker-old"], "to": ["worker-new"]})).await.0, "stale");
    old.push_all(std::slice::from_ref(&unsent));
    assert_eq!(old.phone().cells, [cell(2)], "the other cell stays");
    let mut new = county.phone_of(&AccountId::new("worker-new").unwrap());
    assert!(new.pulled().contains(&unsent.id));
    for wrong in ["nobody-there", "admin-1", "worker-closed"] {
        let told = admin.refused(path, json!({"seen": ["worker-new"], "to": [wrong]})).await;
        assert_eq!(told, ("invalid".into(), "to not_allowed".into()), "{wrong}");
    }
}

#[tokio::test]
async fn cells_are_merged_and_what_comes_late_is_moved_by_merging_again() {
    let county = county();
    let admin = admin(&county).await;
    let mut one = county.worker("worker-1", &[cell(1)]);
    let mut two = county.worker("worker-2", &[cell(2)]);
    let home = two.new_home(&cell(2));
    two.push_all(&home);
    let visit = two.visit(home[1].id, &cell(2));
    two.push_all(std::slice::from_ref(&visit));
    // Approved before: the move gives the supervisor nothing to look at again.
    let boss = county.supervisor("boss-1", "610722001001");
    let (id, version) = (home[2].id, county.stored(home[2].id).unwrap().version);
    let (seen, verdict) = (domain::review::ReviewState::Waiting, ReviewVerdict::Approved);
    let review = ReviewOf { id, version, seen, verdict, remarks: Default::default(), note: None };
    county.hub.review(&boss, &review).unwrap();
    let late = two.new_dwelling(&cell(2));
    county.world.pass(10 * MINUTE);
    let path = "/desk/api/cells/610722001001002/merge";
    let moved = admin.done(path, json!({"into": "610722001001001"})).await;
    assert_eq!(moved["moved"], 3);
    assert!(home.iter().all(|change| cell_of(&county, change.id) == cell(1)));
    assert_eq!(cell_of(&county, visit.id), cell(2), "what was seen there stays written there");
    assert_eq!(county.stored(home[2].id).unwrap().state, ReviewState::Approved);
    assert_eq!(one.phone().cells, [cell(1), cell(2)], "and whoever got the households holds that cell too");
    assert!(two.phone().cells.is_empty());
    two.push_all(std::slice::from_ref(&late));
    assert_eq!(admin.done(path, json!({"into": "610722001001001"})).await["moved"], 1);
    assert_eq!(cell_of(&county, late.id), cell(1));
    assert_eq!(admin.done(path, json!({"into": "610722001001001"})).await["moved"], 0);
    assert_eq!(admin.refused(path, json!({"into": "610722001001003"})).await.1, "succeeded_by retired");
    assert_eq!(admin.refused(path, json!({"into": "610722001001002"})).await.1, "succeeded_by retired");
    let pulled = one.pulled();
    assert!([home[0].id, home[1].id, home[2].id, visit.id, late.id].iter().all(|id| pulled.contains(id)));
    // The worker corrects what moved, and it is one record with all its history.
    county.world.pass(MINUTE);
    let correction = one.change(Kind::Person, home[2].id, &cell(1), json!({"phone": "13900000000"}));
    one.push_all(&[correction]);
    assert_eq!(county.stored(home[2].id).unwrap().record.text("phone"), Some("13900000000"));
}

#[tokio::test]
async fn what_was_merged_into_a_cell_goes_along_when_that_one_is_merged_or_handed_over() {
    let county = county();
    let admin = admin(&county).await;
    let one = county.worker("worker-1", &[cell(1)]);
    let mut two = county.worker("worker-2", &[cell(2)]);
    let mut three = county.worker("worker-3", &[cell(3)]);
    let home = two.new_home(&cell(2));
    two.push_all(&home);
    let visit = two.visit(home[1].id, &cell(2));
    two.push_all(std::slice::from_ref(&visit));
    let late = two.new_dwelling(&cell(2));
    county.world.pass(10 * MINUTE);
    let second = "/desk/api/cells/610722001001002/merge";
    admin.done(second, json!({"into": "610722001001001"})).await;
    assert_eq!(one.phone().cells, [cell(1), cell(2)]);
    admin.done("/desk/api/cells/610722001001001/merge", json!({"into": "610722001001003"})).await;
    assert_eq!(three.phone().cells, [cell(1), cell(2), cell(3)], "the visit is still in the second");
    assert!(one.phone().cells.is_empty());
    assert!(three.pulled().contains(&visit.id));
    two.push_all(std::slice::from_ref(&late));
    assert_eq!(admin.done(second, json!({"into": "610722001001001"})).await["moved"], 1);
    assert_eq!(cell_of(&county, late.id), cell(3), "what comes late goes where the rest has gone");
    county.account("worker-4", Role::Worker, &["610722001001"], &[]);
    let path = "/desk/api/cells/610722001001003/hand-over";
    admin.done(path, json!({"seen": ["worker-3"], "to": ["worker-4"]})).await;
    assert!(three.phone().cells.is_empty());
    let pulled = county.phone_of(&AccountId::new("worker-4").unwrap()).pulled();
    assert!([home[1].id, visit.id, late.id].iter().all(|id| pulled.contains(id)));
}

#[tokio::test]
async fn whoever_was_left_with_a_cell_that_was_merged_gives_it_up_when_the_other_is_handed_over() {
    let county = county();
    let admin = admin(&county).await;
    county.account("worker-1", Role::Worker, &["610722001001"], &[cell(1)]);
    let merge = "/desk/api/cells/610722001001002/merge";
    admin.done(merge, json!({"into": "610722001001001"})).await;
    // As an older version left it, which handed over the one cell alone.
    let left = county.worker("worker-1", &[cell(2)]);
    let three = county.worker("worker-3", &[cell(1)]);
    let four = county.worker("worker-4", &[cell(3)]);
    let path = "/desk/api/cells/610722001001001/hand-over";
    let to = |seen: &[&str], to: &[&str]| json!({"seen": seen, "to": to});
    admin.done(path, to(&["worker-3"], &["worker-3", "worker-4"])).await;
    assert!(left.phone().cells.is_empty());
    assert_eq!(three.phone().cells, [cell(1), cell(2)], "also who goes on");
    assert_eq!(four.phone().cells, [cell(1), cell(2), cell(3)]);
    // Nor does it take another handover: what came late is moved, and the cell goes to where the rest is.
    county.account("worker-1", Role::Worker, &["610722001001"], &[cell(2)]);
    admin.done(merge, json!({"into": "610722001001001"})).await;
    assert!(left.phone().cells.is_empty());
}

#[tokio::test]
async fn a_cell_that_is_over_is_not_taken_from_whoever_holds_the_one_that_took_its_place() {
    let county = county();
    let admin = admin(&county).await;
    let foreign = CellCode::new("610722001002001").unwrap();
    let place = Place { code: scope(foreign.as_str()), name: "第1网格".into() };
    county.hub.put_places(&[place]).unwrap();
    let mut two = county.worker("worker-2", std::slice::from_ref(&foreign));
    let home = two.new_home(&foreign);
    two.push_all(&home);
    let visit = two.visit(home[1].id, &foreign);
    two.push_all(std::slice::from_ref(&visit));
    let mut one = county.worker("worker-1", &[cell(1)]);
    county.world.pass(10 * MINUTE);
    admin.done("/desk/api/cells/610722001002001/merge", json!({"into": "610722001001001"})).await;
    // The office of the village in which it lay sees it, and nobody of those who hold it.
    let office = Seat::of(&county, "admin-2", Role::Admin, &["610722001002"]).await;
    let path = "/desk/api/cells/610722001002001/hand-over";
    let to = |to: &[&str]| json!({"seen": ["worker-1"], "to": to});
    assert_eq!(office.refused(path, to(&[])).await, ("invalid".into(), "to retired".into()));
    assert_eq!(office.refused(path, to(&["worker-1", "worker-2"])).await.1, "to retired");
    office.done(path, to(&["worker-1"])).await;
    assert_eq!(one.phone().cells, [cell(1), foreign.clone()]);
    assert!(one.pulled().contains(&visit.id), "what is written once is on the phone of whoever has the households");
    // One in whose place there is no other is given back to the office.
    let alone = CellCode::new("610722001002002").unwrap();
    admin.done("/desk/api/divisions", json!({"code": alone, "name": "第2网格"})).await;
    admin.done(&format!("/desk/api/divisions/{alone}/retire"), json!({"succeeded_by": null})).await;
    let left = county.worker("worker-3", std::slice::from_ref(&alone));
    let back = json!({"seen": ["worker-3"], "to": []});
    office.done(&format!("/desk/api/cells/{alone}/hand-over"), back).await;
    assert!(left.phone().cells.is_empty());
}

#[tokio::test]
async fn one_record_that_is_as_large_as_may_be_keeps_no_cell_from_being_merged() {
    let county = county();
    let admin = admin(&county).await;
    let mut phone = county.worker("worker-2", &[cell(2)]);
    let of_newer = |more: Fields| {
        let mut fields = Fields::from([("use".into(), json!("own")), ("house_number".into(), json!("18号"))]);
        fields.extend(more);
        fields
    };
    let many = of_newer((2..CHANGE_FIELDS_MAX).map(|number| (format!("later_{number}"), json!(number))).collect());
    let bare = serde_json::to_string(&of_newer(Fields::from([("later".into(), json!(""))]))).unwrap().len();
    let long = of_newer(Fields::from([("later".into(), json!("x".repeat(CHANGE_BYTES_MAX - bare)))]));
    let large = [many, long].map(|fields| phone.new_record(Kind::Dwelling, &cell(2), json!(fields)));
    phone.push_all(&large);
    county.world.pass(10 * MINUTE);
    let moved = admin.done("/desk/api/cells/610722001001002/merge", json!({"into": "610722001001001"})).await;
    assert_eq!(moved["moved"], 2);
    assert!(large.iter().all(|change| cell_of(&county, change.id) == cell(1)));
    // And its new worker goes on with them, as long as they do not grow.
    let mut new = county.worker("worker-1", &[cell(1)]);
    let shorter = large.each_ref().map(|large| new.change(Kind::Dwelling, large.id, &cell(1), json!({"use": "let"})));
    new.push_all(&shorter);
    let grows = new.change(Kind::Dwelling, large[0].id, &cell(1), json!({"later_still": 1}));
    assert_eq!(new.refused(&grows), ProblemCode::FieldName);
}

#[tokio::test]
async fn houses_and_groups_are_split_off_with_everybody_who_lives_there() {
    let county = county();
    let admin = admin(&county).await;
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let stays = phone.new_home(&cell(1));
    let house = phone.new_record(Kind::Building, &cell(1), json!({"name": "3号楼", "building_kind": "residential"}));
    let mut goes = phone.new_home(&cell(1));
    goes[0].fields = serde_json::from_value(json!({"use": "own", "building": house.id, "room": "101"})).unwrap();
    phone.push_all(std::slice::from_ref(&house));
    phone.push_all(&goes);
    phone.push_all(&stays);
    let parts = admin.get("/desk/api/cells/610722001001001").await.json()["parts"].clone();
    assert_eq!(parts.as_array().unwrap().len(), 2);
    assert!(!parts.to_string().contains("张三"), "no residents");
    let path = "/desk/api/cells/610722001001001/split";
    let wish = json!({"buildings": [house.id], "groups": [], "to": "610722001001009", "name": "第9网格"});
    assert_eq!(admin.done(path, wish.clone()).await["moved"], 4);
    let new = CellCode::new("610722001001009").unwrap();
    assert!(goes.iter().chain([&house]).all(|change| cell_of(&county, change.id) == new));
    assert!(stays.iter().all(|change| cell_of(&county, change.id) == cell(1)));
    assert_eq!(admin.refused(path, wish).await.0, "stale", "sent twice");
    let group = json!({"buildings": [], "groups": [["", "2组"]], "to": "610722001001002", "name": null});
    assert_eq!(admin.done(path, group).await["moved"], 3);
    let nowhere = json!({"buildings": [house.id], "groups": [], "to": "610722001001098", "name": null});
    assert_eq!(admin.refused("/desk/api/cells/610722001001009/split", nowhere).await.1, "succeeded_by foreign_cell");
}

#[tokio::test]
async fn an_incident_that_names_only_a_door_goes_along_when_that_is_split_off() {
    let county = county();
    let admin = admin(&county).await;
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let mut incidents = [(); 3].map(|()| phone.new_incident(&cell(1)));
    incidents[0].fields.insert("dwelling".into(), json!(home[0].id));
    incidents[1].fields.insert("household".into(), json!(home[1].id));
    phone.push_all(&incidents);
    let group = json!({"buildings": [], "groups": [["", "2组"]], "to": "610722001001002", "name": null});
    assert_eq!(admin.done("/desk/api/cells/610722001001001/split", group).await["moved"], 5);
    assert_eq!(incidents.each_ref().map(|incident| cell_of(&county, incident.id)), [cell(2), cell(2), cell(1)]);
}

#[tokio::test]
async fn cells_of_another_county_cannot_be_named() {
    let county = county();
    let admin = admin(&county).await;
    let foreign = "610702001001001";
    assert_eq!(admin.get(&format!("/desk/api/cells/{foreign}")).await.code(), "not_found");
    assert_eq!(admin.get(&format!("/desk/api/divisions/{foreign}/past")).await.code(), "not_found");
    for (path, wish) in [
        (format!("/desk/api/cells/{foreign}/merge"), json!({"into": "610722001001001"})),
        (format!("/desk/api/cells/{foreign}/hand-over"), json!({"seen": [], "to": []})),
        (
            format!("/desk/api/cells/{foreign}/split"),
            json!({"buildings": [], "groups": [], "to": "610722001001001", "name": null}),
        ),
        (format!("/desk/api/divisions/{foreign}/rename"), json!({"seen": "别县网格", "name": "改名"})),
        (format!("/desk/api/divisions/{foreign}/retire"), json!({"succeeded_by": null})),
    ] {
        assert_eq!(admin.refused(&path, wish).await.0, "not_found", "{path}");
    }
    let into = admin.refused("/desk/api/cells/610722001001001/merge", json!({"into": foreign})).await;
    assert_eq!(into, ("invalid".into(), "succeeded_by foreign_cell".into()));
    let named = county.hub.store().read(|reading| reading.place(&scope(foreign))).unwrap();
    assert_eq!(named.unwrap().name, "别县网格");
}

#[tokio::test]
async fn whoever_is_for_two_counties_moves_nothing_from_one_into_the_other() {
    let county = county();
    let admin = Seat::of(&county, "admin-2", Role::Admin, &["610722", "610702"]).await;
    let foreign = "610702001001001";
    let into = admin.refused("/desk/api/cells/610722001001001/merge", json!({"into": foreign})).await;
    assert_eq!(into, ("invalid".into(), "succeeded_by foreign_cell".into()));
    let retired = admin.refused("/desk/api/divisions/610722001001001/retire", json!({"succeeded_by": foreign})).await;
    assert_eq!(retired, ("invalid".into(), "succeeded_by foreign_cell".into()));
}

#[tokio::test]
async fn a_door_that_gave_way_is_no_part_of_a_cell_and_goes_where_the_one_goes_that_stands_for_it() {
    let county = county();
    let admin = admin(&county).await;
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let (one, other) = (phone.new_home(&cell(1)), phone.new_home(&cell(1)));
    let (mut stays, mut goes) = if one[0].id < other[0].id { (one, other) } else { (other, one) };
    stays[0].fields.insert("group".into(), json!("3组"));
    goes[0].fields.insert("house_number".into(), json!("19号"));
    phone.push_all(&stays);
    phone.push_all(&goes);
    let merged = phone.change(Kind::Dwelling, goes[0].id, &cell(1), json!({"merged_into": stays[0].id}));
    phone.push_all(&[merged]);
    let parts = admin.get("/desk/api/cells/610722001001001").await.json()["parts"].clone();
    assert_eq!(parts.as_array().unwrap().len(), 1, "{parts}");
    assert_eq!((&parts[0]["name"], &parts[0]["dwellings"]), (&json!("3组"), &json!(1)));
    let group = json!({"buildings": [], "groups": [["", "3组"]], "to": "610722001001002", "name": null});
    assert_eq!(admin.done("/desk/api/cells/610722001001001/split", group).await["moved"], 6);
    assert!(stays.iter().chain(&goes).all(|change| cell_of(&county, change.id) == cell(2)));
}
