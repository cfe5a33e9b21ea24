//! What belongs to the records of a cell that was split or merged since: what is written once stays where it was written, and is found at the
//! desk all the same.

use domain::scope::Role;
use domain::{CellCode, Change, Kind, Scope};
use serde_json::{Value, json};
use sync_server::store::Place;

use crate::common::{County, MINUTE, START, TestPhone, cell, jpeg};
use crate::seat::Seat;

/// A home in the second cell, its worker, the village's supervisor and whoever draws the cells.
struct Village {
    county: County,
    worker: TestPhone,
    home: [Change; 3],
    boss: Seat,
    admin: Seat,
}

async fn village() -> Village {
    let county = crate::accounts::county();
    let mut worker = county.worker("worker-1", &[cell(2)]);
    let home = worker.new_home(&cell(2));
    worker.push_all(&home);
    let boss = Seat::of(&county, "boss-1", Role::Supervisor, &["610722001001"]).await;
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    Village { county, worker, home, boss, admin }
}

impl Village {
    /// The second cell becomes a part of the first.
    async fn merge(&self) {
        self.county.world.pass(10 * MINUTE);
        self.admin.done("/desk/api/cells/610722001001002/merge", json!({"into": "610722001001001"})).await;
    }

    /// The home is threatened by a slope in its cell.
    fn below_a_slope(&mut self) -> Change {
        let worker = &mut self.worker;
        let point = worker.new_record(Kind::HazardPoint, &cell(2), json!({"name": "后坡", "hazard_kind": "landslide"}));
        let threatened = json!({"hazard_point": point.id, "household": self.home[1].id, "contact_name": "解平"});
        let threatened = worker.new_record(Kind::ThreatenedHousehold, &cell(2), threatened);
        worker.push_all(&[point.clone(), threatened]);
        point
    }

    /// The home is threatened by a slope in its cell, and then split off into another cell.
    async fn split_off_below_a_slope(&mut self, to: &str, name: Value) -> Change {
        let point = self.below_a_slope();
        self.county.world.pass(10 * MINUTE);
        let off = json!({"buildings": [], "groups": [["", "2组"]], "to": to, "name": name});
        let moved = self.admin.done("/desk/api/cells/610722001001002/split", off).await["moved"].clone();
        assert_eq!(moved, 4, "the slope stays");
        point
    }

    /// The household moves to the third cell by itself, as a phone moves it: with its people, to another door.
    fn moves_away(&self) {
        self.county.world.pass(10 * MINUTE);
        let mut mover = self.county.worker("worker-2", &[cell(2), cell(3)]);
        let door = mover.new_dwelling(&cell(3));
        let [_, household, person] = &self.home;
        let moved = json!({"dwelling": door.id, "cell": cell(3)});
        let moved = mover.change(Kind::Household, household.id, &cell(2), moved);
        let along = mover.change(Kind::Person, person.id, &cell(2), json!({"cell": cell(3)}));
        mover.push_all(&[door, moved, along]);
    }

    /// A notice of the second cell of which the household was told.
    async fn told_of_a_notice(&mut self) -> Value {
        let wish = "22222222-2222-4222-8222-222222222222";
        let notice = json!({"wish": wish, "places": ["610722001001002"], "title": "谨防冒充客服", "text": "不转账。",
            "notice_kind": "fraud"});
        let published = self.boss.done("/desk/api/notices", notice).await["id"].clone();
        let by = self.worker.account();
        let told = json!({"notice": published, "household": self.home[1].id, "at": START, "by": by});
        let told = self.worker.new_record(Kind::NoticeAck, &cell(2), told);
        self.worker.push_all(&[told]);
        published
    }

    /// Orders an evacuation for a slope, and reads its roll-call.
    async fn ordered(&self, point: &Change) -> Value {
        let order = json!({"points": [point.id], "reason": "强降雨", "level": "red", "drill": false});
        let ordered = self.boss.done("/desk/api/evacuations", order).await;
        self.page(&format!("evacuations/{}", ordered["ids"][0].as_str().unwrap())).await
    }

    async fn page(&self, path: &str) -> Value {
        let answer = self.boss.get(&format!("/desk/api/{path}")).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.status);
        answer.json()
    }
}

#[tokio::test]
async fn a_household_that_was_split_off_is_on_the_roster_of_the_slope_above_it() {
    let mut village = village().await;
    let point = village.split_off_below_a_slope("610722001001003", Value::Null).await;
    let points = village.page("hazard-points").await;
    assert_eq!((&points[0]["households"], &points[0]["people"]), (&json!(1), &json!(1)));
    let roll = village.ordered(&point).await;
    assert_eq!(roll["line"]["totals"]["due"], 1);
    let home = &roll["households"][0];
    assert_eq!(home["address"], "2组 18号");
    assert_eq!((&home["contact_name"], &home["people"][0]["phone"]), (&json!("解*"), &json!("138****0000")));
    let path = format!("/desk/api/evacuations/{}/marks", roll["line"]["id"].as_str().unwrap());
    let seen = json!({village.home[2].id.to_string(): null});
    village.boss.done(&path, json!({"people": seen, "mark": "moved_shelter", "note": null})).await;
    let standing = village.page("evacuations").await["standing"].clone();
    assert_eq!(standing[0]["totals"]["shelter"], 1);
}

#[tokio::test]
async fn a_household_that_was_split_off_before_it_came_that_it_is_threatened_is_on_the_roster_of_the_slope() {
    let mut village = village().await;
    let worker = &mut village.worker;
    let point = worker.new_record(Kind::HazardPoint, &cell(2), json!({"name": "后坡", "hazard_kind": "landslide"}));
    worker.push_all(std::slice::from_ref(&point));
    let threatened = json!({"hazard_point": point.id, "household": village.home[1].id});
    let threatened = worker.new_record(Kind::ThreatenedHousehold, &cell(2), threatened);
    village.county.world.pass(10 * MINUTE);
    let off = json!({"buildings": [], "groups": [["", "2组"]], "to": "610722001001003", "name": null});
    village.admin.done("/desk/api/cells/610722001001002/split", off).await;
    village.worker.push_all(std::slice::from_ref(&threatened));
    assert_eq!(village.county.stored(threatened.id).unwrap().record.cell, cell(2), "it stays where it came");
    let points = village.page("hazard-points").await;
    assert_eq!((&points[0]["households"], &points[0]["people"]), (&json!(1), &json!(1)));
    assert_eq!(village.ordered(&point).await["line"]["totals"]["due"], 1);
    // Whoever moves on from there by themselves has left the slope all the same.
    village.county.world.pass(10 * MINUTE);
    let mut mover = village.county.worker("worker-2", &[cell(3)]);
    let door = mover.new_dwelling(&cell(3));
    let moved = mover.change(Kind::Household, village.home[1].id, &cell(3), json!({"dwelling": door.id}));
    mover.push_all(&[door, moved]);
    assert_eq!(village.page("hazard-points").await[0]["households"], 0);
}

#[tokio::test]
async fn whoever_lives_in_a_foreign_village_by_now_is_on_the_roster_and_no_more_is_shown_of_them() {
    let mut village = village().await;
    let point = village.split_off_below_a_slope("610722001002001", json!("第1网格")).await;
    let roll = village.ordered(&point).await;
    assert_eq!(roll["line"]["totals"]["due"], 1);
    let home = &roll["households"][0];
    assert_eq!((&home["people"][0]["name"], &home["people"][0]["phone"]), (&json!("张*"), &Value::Null));
    assert_eq!((&home["address"], &home["contact_name"]), (&json!(""), &Value::Null));
}

#[tokio::test]
async fn a_household_that_moved_to_another_cell_by_itself_has_left_the_slope_above_it() {
    let mut village = village().await;
    let point = village.below_a_slope();
    village.moves_away();
    let points = village.page("hazard-points").await;
    assert_eq!((&points[0]["households"], &points[0]["people"]), (&json!(0), &json!(0)));
    let order = json!({"points": [point.id], "reason": "强降雨", "level": "red", "drill": false});
    let (_, told) = village.boss.refused("/desk/api/evacuations", order).await;
    assert_eq!(told, "roster required", "nobody lives below it");
}

#[tokio::test]
async fn a_household_that_moved_away_before_its_cell_was_merged_is_not_on_the_roster() {
    let mut village = village().await;
    let point = village.below_a_slope();
    village.moves_away();
    village.merge().await;
    assert_eq!(village.county.stored(point.id).unwrap().record.cell, cell(1));
    let points = village.page("hazard-points").await;
    assert_eq!((&points[0]["households"], &points[0]["people"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn what_came_back_of_a_task_stands_with_it_when_its_cell_was_merged() {
    let mut village = village().await;
    let wish = "11111111-1111-4111-8111-111111111111";
    let task = json!({"wish": wish, "places": ["610722001001002"], "title": "查看取暖", "purpose": "care"});
    let given = village.boss.done("/desk/api/tasks", task).await["id"].clone();
    let by = village.worker.account();
    let report = json!({"task": given, "result": "done", "at": START, "by": by});
    let report = village.worker.new_record(Kind::TaskReport, &cell(2), report);
    village.worker.push_all(&[report]);
    village.merge().await;
    let places = village.page(&format!("tasks/{}", given.as_str().unwrap())).await["places"].clone();
    assert_eq!((&places[0]["cell"], &places[0]["result"]), (&json!("610722001001001"), &json!("done")));
}

#[tokio::test]
async fn a_task_for_a_village_goes_to_no_cell_that_is_over() {
    let village = village().await;
    village.merge().await;
    let task =
        |wish: &str, place: &str| json!({"wish": wish, "places": [place], "title": "查看取暖", "purpose": "care"});
    let whole = task("44444444-4444-4444-8444-444444444444", "610722001001");
    let given = village.boss.done("/desk/api/tasks", whole).await;
    assert_eq!(given["cells"], 2, "the first and the third");
    let page = village.page(&format!("tasks/{}", given["id"].as_str().unwrap())).await;
    let cells: Vec<&Value> = page["places"].as_array().unwrap().iter().map(|place| &place["cell"]).collect();
    assert_eq!(cells, ["610722001001001", "610722001001003"]);
    let over = task("55555555-5555-4555-8555-555555555555", "610722001001002");
    assert_eq!(village.boss.refused("/desk/api/tasks", over).await.1, "places missing_target");
}

/// A cell of another village than the supervisor's.
fn foreign() -> CellCode {
    CellCode::new("610722001002001").unwrap()
}

#[tokio::test]
async fn nothing_is_shown_of_a_slope_that_lies_in_a_foreign_village_by_now() {
    let mut village = village().await;
    let point = village.below_a_slope();
    let before = village.ordered(&point).await;
    assert_eq!(
        (&before["points"][0]["name"], &before["households"][0]["point_name"]),
        (&json!("后坡"), &json!("后坡"))
    );
    village.county.world.pass(10 * MINUTE);
    let mut mover = village.county.worker("worker-2", &[cell(2), foreign()]);
    let moved = mover.change(Kind::HazardPoint, point.id, &cell(2), json!({"cell": foreign()}));
    mover.push_all(&[moved]);
    let roll = village.page(&format!("evacuations/{}", before["line"]["id"].as_str().unwrap())).await;
    assert_eq!((&roll["points"], &roll["households"][0]["point_name"]), (&json!([]), &json!("")));
}

#[tokio::test]
async fn what_came_back_of_a_task_from_a_foreign_village_is_shown_to_whoever_may_read_it() {
    let village = village().await;
    let place = Place { code: Scope::from(&foreign()), name: "第1网格".into() };
    village.county.hub.put_places(&[place]).unwrap();
    let town = Seat::of(&village.county, "boss-2", Role::Supervisor, &["610722001"]).await;
    let wish = "33333333-3333-4333-8333-333333333333";
    let task = json!({"wish": wish, "places": ["610722001002001"], "title": "查看取暖", "purpose": "care"});
    let given = town.done("/desk/api/tasks", task).await["id"].clone();
    let mut worker = village.county.worker("worker-2", &[foreign()]);
    let by = worker.account();
    let report = json!({"task": given, "result": "done", "at": START, "by": by, "note": "炉子修好了"});
    let report = worker.new_record(Kind::TaskReport, &foreign(), report);
    worker.push_all(&[report]);
    village.county.world.pass(10 * MINUTE);
    village.admin.done("/desk/api/cells/610722001002001/merge", json!({"into": "610722001001001"})).await;
    let path = format!("/desk/api/tasks/{}", given.as_str().unwrap());
    for (seat, note) in [(&town, json!("炉子修好了")), (&village.boss, Value::Null)] {
        let place = seat.get(&path).await.json()["places"][0].clone();
        assert_eq!((&place["cell"], &place["note"]), (&json!("610722001001001"), &note));
    }
}

#[tokio::test]
async fn a_household_that_was_told_of_a_notice_still_counts_as_told_when_its_cell_was_merged() {
    let mut village = village().await;
    let published = village.told_of_a_notice().await;
    village.merge().await;
    let place = village.page("coverage?place=610722001001").await["place"].clone();
    assert_eq!((&place["to_tell"], &place["told"]), (&json!(1), &json!(1)));
    let page = village.page(&format!("notices/{}", published.as_str().unwrap())).await;
    assert_eq!(page["places"][0]["told"], 1);
    let file = village.page(&format!("residents/{}", village.home[2].id)).await;
    assert_eq!(parts(&file, "notice_ack"), 1, "{file}");
}

#[tokio::test]
async fn what_a_household_was_told_where_it_lived_is_in_the_file_of_its_people_though_that_cell_was_merged_since() {
    let mut village = village().await;
    let point = village.below_a_slope();
    village.ordered(&point).await;
    village.told_of_a_notice().await;
    village.moves_away();
    village.merge().await;
    let file = village.page(&format!("residents/{}", village.home[2].id)).await;
    assert_eq!((parts(&file, "notice_ack"), parts(&file, "evacuation")), (1, 1), "{file}");
}

/// How many records of a kind a resident's file has.
fn parts(file: &Value, kind: &str) -> usize {
    file["parts"].as_array().unwrap().iter().filter(|part| part["kind"] == kind).count()
}

#[tokio::test]
async fn photos_reviews_and_visits_are_found_where_their_household_went() {
    let mut village = village().await;
    let photo = village.worker.new_photo(&village.home[1], &jpeg(1));
    let visit = village.worker.visit(village.home[1].id, &cell(2));
    village.worker.push_all(&[photo, visit]);
    let household = village.home[1].id;
    let seen = village.page(&format!("records/{household}")).await;
    let remarks = json!({"id": household, "version": seen["version"], "seen": seen["review"]["state"], "verdict": "returned",
        "remarks": {}, "note": "请核对"});
    village.boss.done("/desk/api/reviews", remarks).await;
    village.merge().await;
    let page = village.page(&format!("records/{household}")).await;
    assert_eq!(page["photos"].as_array().unwrap().len(), 1);
    let said = page["history"].as_array().unwrap().iter().filter(|line| line["note"] == "请核对").count();
    assert_eq!(said, 1, "{page}");
    let photos = village.page(&format!("records/{household}/photos")).await;
    assert_eq!(photos["total"], 1);
    let file = village.page(&format!("residents/{}", village.home[2].id)).await;
    assert_eq!((parts(&file, "visit"), parts(&file, "photo")), (1, 1), "{file}");
}
