//! The county's lists: published as a new version that phones get; what may not be published; and who may not.

use domain::scope::Role;
use domain::{Kind, ProblemCode};
use serde_json::{Value, json};
use sync_server::store::Store as _;

use crate::accounts::county;
use crate::common::{County, cell};
use crate::seat::Seat;

const PATH: &str = "/desk/api/county-lists";

async fn standing(seat: &Seat) -> Value {
    seat.get(PATH).await.json()["lists"].clone()
}

#[tokio::test]
async fn what_is_published_reaches_phones_and_is_what_changes_are_judged_by() {
    let mut county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let mut visit = phone.visit(home[1].id, &cell(1));
    visit.fields.insert("purposes".into(), json!(["flood"]));
    assert_eq!(phone.refused(&visit), ProblemCode::UnknownCode);
    let mut lists = standing(&admin).await;
    assert_eq!(lists["version"], 1);
    let flood = json!({"code": "flood", "name_zh": "汛期提醒", "name_en": "flood season", "retired": false});
    lists["purposes"].as_array_mut().unwrap().push(flood);
    lists["categories"][3]["retired"] = json!(true);
    let published = admin.done(PATH, lists.clone()).await;
    assert_eq!(published["version"], 2);
    assert_eq!(phone.round(Vec::new()).lists_version, 2);
    phone.push_all(&[visit]);
    let retired = lists["categories"][3]["code"].as_str().unwrap();
    let mut incident = phone.new_incident(&cell(1));
    incident.fields.insert("category".into(), json!(retired));
    phone.push_all(std::slice::from_ref(&incident));
    assert_eq!(incident.kind, Kind::Incident);
    let told = admin.get(PATH).await.json()["past"].clone();
    assert_eq!((&told[0]["version"], &told[0]["by"]), (&json!(2), &json!("admin-1")));
    let audit = county.hub.store().read(|reading| reading.audit(5)).unwrap();
    assert!(audit.iter().any(|entry| entry.action == "lists" && entry.subject == "2" && entry.who == "admin-1"));
    county.restart();
    assert_eq!(county.hub.lists().version, 2, "it stands after a restart");
}

#[tokio::test]
async fn of_two_who_publish_at_once_the_second_is_told_and_changes_nothing() {
    let county = county();
    let one = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let other = Seat::of(&county, "admin-2", Role::Admin, &["610722"]).await;
    let (mut ones, mut others) = (standing(&one).await, standing(&other).await);
    ones["care"]["a"] = json!(5);
    others["care"]["a"] = json!(9);
    one.done(PATH, ones.clone()).await;
    assert_eq!(other.refused(PATH, others).await.0, "stale");
    assert_eq!(one.refused(PATH, ones).await.0, "stale", "a double submit");
    assert_eq!(standing(&one).await["care"]["a"], 5);
}

#[tokio::test]
async fn what_would_make_records_unreadable_is_refused_with_its_place() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let lists = standing(&admin).await;
    let without = |list: &str| {
        let mut changed = lists.clone();
        changed[list].as_array_mut().unwrap().remove(0);
        changed
    };
    for list in ["categories", "purposes", "checklists", "severities"] {
        let (code, told) = admin.refused(PATH, without(list)).await;
        assert_eq!((code.as_str(), told.starts_with(list)), ("invalid", true), "{told}");
    }
    assert_eq!(standing(&admin).await, lists);
    let strange = admin.refused(PATH, json!({"version": 1})).await;
    assert_eq!(strange.0, "malformed");
}

#[tokio::test]
async fn who_administers_a_town_publishes_no_lists_of_the_county() {
    let county: County = county();
    let town = Seat::of(&county, "admin-town", Role::Admin, &["610722001"]).await;
    assert_eq!(town.get(PATH).await.code(), "not_allowed");
    let lists = serde_json::to_value(county.hub.lists().as_ref()).unwrap();
    assert_eq!(town.refused(PATH, lists).await.0, "not_allowed");
}
