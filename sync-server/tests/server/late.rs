//! What comes into a cell from phones that have not heard of how the cells were drawn anew: the office moves it after what it belongs to.

use domain::scope::Role;
use domain::{CellCode, Change, Kind, RecordId};
use serde_json::{Value, json};

use crate::accounts::county;
use crate::common::{County, MINUTE, TestPhone, cell};
use crate::seat::Seat;

/// A home in a house of the second cell, its worker, and whoever draws the cells.
struct Grid {
    county: County,
    worker: TestPhone,
    house: Change,
    home: [Change; 3],
    admin: Seat,
}

async fn grid() -> Grid {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let mut worker = county.worker("worker-2", &[cell(2)]);
    let named = json!({"name": "3号楼", "building_kind": "residential"});
    let house = worker.new_record(Kind::Building, &cell(2), named);
    let home = flat(&mut worker, house.id, "101");
    worker.push_all(std::slice::from_ref(&house));
    worker.push_all(&home);
    Grid { county, worker, house, home, admin }
}

/// A dwelling of a house in the second cell, its household and a person who heads it.
fn flat(phone: &mut TestPhone, house: RecordId, room: &str) -> [Change; 3] {
    let mut home = phone.new_home(&cell(2));
    home[0].fields = serde_json::from_value(json!({"use": "own", "building": house, "room": room})).unwrap();
    home
}

impl Grid {
    /// Written in the second cell and not sent yet: a child of the home, and an incident at it.
    fn unsent(&mut self) -> [Change; 2] {
        let child = json!({"household": self.home[1].id, "name": "张小"});
        let child = self.worker.new_record(Kind::Person, &cell(2), child);
        let mut incident = self.worker.new_incident(&cell(2));
        incident.fields.insert("household".into(), json!(self.home[1].id));
        [child, incident]
    }

    /// The office draws the cells anew, after a while.
    async fn draw(&self, path: &str, wish: Value) {
        self.county.world.pass(10 * MINUTE);
        self.admin.done(&format!("/desk/api/cells/{path}"), wish).await;
    }

    /// How many records the office moves after what they belong to.
    async fn move_late(&self, number: u32) -> Value {
        self.admin.done(&format!("/desk/api/cells/{}/late", cell(number)), json!({})).await["moved"].clone()
    }

    fn lies_in(&self, change: &Change) -> CellCode {
        self.county.stored(change.id).unwrap().record.cell
    }
}

/// The house alone.
fn split(house: &Change, to: &CellCode) -> Value {
    json!({"buildings": [house.id], "groups": [], "to": to, "name": null})
}

#[tokio::test]
async fn what_comes_late_about_a_house_that_was_split_off_goes_where_the_house_went() {
    let mut grid = grid().await;
    let mut new = grid.county.worker("worker-3", &[cell(3)]);
    let mut late = grid.unsent().to_vec();
    late.extend(flat(&mut grid.worker, grid.house.id, "102"));
    let stays = [grid.worker.new_dwelling(&cell(2)), grid.worker.new_incident(&cell(2))];
    grid.draw("610722001001002/split", split(&grid.house, &cell(3))).await;
    grid.worker.push_all(&late);
    grid.worker.push_all(&stays);
    assert!(late.iter().all(|change| grid.lies_in(change) == cell(2)), "as it was written");
    assert_eq!(grid.move_late(2).await, 5);
    assert!(late.iter().all(|change| grid.lies_in(change) == cell(3)));
    assert!(stays.iter().all(|change| grid.lies_in(change) == cell(2)));
    let pulled = new.pulled();
    assert!(late.iter().all(|change| pulled.contains(&change.id)));
    assert_eq!(grid.move_late(2).await, 0);
    let past = grid.admin.get("/desk/api/divisions/610722001001002/past").await.json();
    let acts: Vec<&str> = past.as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(acts, ["split", "late"]);
}

#[tokio::test]
async fn what_comes_late_into_a_cell_that_is_over_goes_after_its_house_and_the_rest_to_the_cell_that_took_its_place() {
    let mut grid = grid().await;
    let late = grid.unsent();
    let [alone, later] = [grid.worker.new_dwelling(&cell(2)), grid.worker.new_dwelling(&cell(2))];
    grid.draw("610722001001002/merge", json!({"into": cell(1)})).await;
    grid.draw("610722001001001/split", split(&grid.house, &cell(3))).await;
    grid.worker.push_all(&late);
    grid.worker.push_all(std::slice::from_ref(&alone));
    assert_eq!(grid.move_late(2).await, 3);
    assert!(late.iter().all(|change| grid.lies_in(change) == cell(3)));
    assert_eq!(grid.lies_in(&alone), cell(1));
    // And so it does once that one is over too.
    grid.draw("610722001001001/merge", json!({"into": cell(3)})).await;
    grid.worker.push_all(std::slice::from_ref(&later));
    assert_eq!(grid.move_late(2).await, 1);
    assert_eq!(grid.lies_in(&later), cell(3));
}

#[tokio::test]
async fn what_came_late_before_its_cell_was_merged_follows_its_house_from_the_other_one() {
    let mut grid = grid().await;
    let late = grid.unsent();
    grid.admin.done("/desk/api/divisions", json!({"code": cell(9), "name": "第9网格"})).await;
    grid.draw("610722001001002/split", split(&grid.house, &cell(3))).await;
    grid.worker.push_all(&late);
    grid.draw("610722001001002/merge", json!({"into": cell(1)})).await;
    grid.draw("610722001001001/merge", json!({"into": cell(9)})).await;
    assert!(late.iter().all(|change| grid.lies_in(change) == cell(9)), "with the cell, without the house");
    assert_eq!(grid.move_late(9).await, 2);
    assert!(late.iter().all(|change| grid.lies_in(change) == cell(3)));
}

#[tokio::test]
async fn who_was_left_with_a_cell_that_is_over_gives_it_up_when_what_came_late_is_moved() {
    let grid = grid().await;
    let holder = grid.county.worker("worker-1", &[cell(1)]);
    grid.draw("610722001001002/merge", json!({"into": cell(1)})).await;
    // As an older version left it, when the first cell went on from one to the other.
    grid.county.account("worker-2", Role::Worker, &[], &[cell(2)]);
    grid.county.account("worker-1", Role::Worker, &[], &[cell(1)]);
    assert_eq!(grid.move_late(2).await, 0);
    assert_eq!(holder.phone().cells, [cell(1), cell(2)]);
    assert!(grid.worker.phone().cells.is_empty());
}

#[tokio::test]
async fn of_a_household_that_moved_away_by_itself_only_people_who_came_late_follow() {
    let mut grid = grid().await;
    let mut mover = grid.county.worker("worker-3", &[cell(2), cell(3)]);
    let [child, incident] = grid.unsent();
    grid.county.world.pass(10 * MINUTE);
    let door = mover.new_dwelling(&cell(3));
    let household =
        mover.change(Kind::Household, grid.home[1].id, &cell(2), json!({"dwelling": door.id, "cell": cell(3)}));
    let person = mover.change(Kind::Person, grid.home[2].id, &cell(2), json!({"cell": cell(3)}));
    mover.push_all(&[door, household, person]);
    grid.worker.push_all(&[child.clone(), incident.clone()]);
    assert_eq!(grid.move_late(2).await, 1);
    assert_eq!((grid.lies_in(&child), grid.lies_in(&incident)), (cell(3), cell(2)));
}

#[tokio::test]
async fn a_household_that_moved_to_a_door_that_was_split_off_leaves_its_incidents_behind() {
    let mut grid = grid().await;
    let other = json!({"name": "4号楼", "building_kind": "residential"});
    let other = grid.worker.new_record(Kind::Building, &cell(2), other);
    let [door, ..] = flat(&mut grid.worker, other.id, "101");
    let [_, incident] = grid.unsent();
    grid.worker.push_all(&[other.clone(), door.clone(), incident.clone()]);
    grid.draw("610722001001002/split", split(&other, &cell(3))).await;
    grid.county.world.pass(10 * MINUTE);
    let mut mover = grid.county.worker("worker-3", &[cell(2), cell(3)]);
    let moved = json!({"dwelling": door.id, "cell": cell(3)});
    let moved = mover.change(Kind::Household, grid.home[1].id, &cell(2), moved);
    let along = mover.change(Kind::Person, grid.home[2].id, &cell(2), json!({"cell": cell(3)}));
    mover.push_all(&[moved, along]);
    assert_eq!(grid.move_late(2).await, 0);
    assert_eq!((grid.lies_in(&grid.home[1]), grid.lies_in(&incident)), (cell(3), cell(2)));
}

#[tokio::test]
async fn that_nothing_took_the_place_of_a_cell_is_told_as_long_as_something_lies_in_it() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let mut phone = county.worker("worker-2", &[cell(2)]);
    let late = phone.new_incident(&cell(2));
    county.world.pass(10 * MINUTE);
    county.account("worker-2", Role::Worker, &[], &[]);
    admin.done("/desk/api/divisions/610722001001002/retire", json!({"succeeded_by": null})).await;
    let path = "/desk/api/cells/610722001001002/late";
    assert_eq!(admin.done(path, json!({})).await["moved"], 0);
    phone.push_all(std::slice::from_ref(&late));
    assert_eq!(admin.refused(path, json!({})).await, ("invalid".into(), "succeeded_by retired".into()));
}

#[tokio::test]
async fn an_entry_that_gave_way_goes_after_the_household_that_stands_for_it() {
    let mut grid = grid().await;
    let other = grid.worker.new_home(&cell(2));
    grid.worker.push_all(&other);
    let first = grid.home.clone();
    let (stands, gives_way) = if first[1].id < other[1].id { (first, other) } else { (other, first) };
    let gave_way = json!({"merged_into": stands[1].id});
    let gave_way = grid.worker.change(Kind::Household, gives_way[1].id, &cell(2), gave_way);
    grid.county.world.pass(10 * MINUTE);
    let mut mover = grid.county.worker("worker-3", &[cell(2), cell(3)]);
    let door = mover.new_dwelling(&cell(3));
    let moved = json!({"dwelling": door.id, "cell": cell(3)});
    let moved = mover.change(Kind::Household, stands[1].id, &cell(2), moved);
    let along = mover.change(Kind::Person, stands[2].id, &cell(2), json!({"cell": cell(3)}));
    mover.push_all(&[door, moved, along]);
    grid.worker.push_all(&[gave_way]);
    assert_eq!(grid.move_late(2).await, 2);
    assert_eq!(gives_way.each_ref().map(|part| grid.lies_in(part)), [cell(2), cell(3), cell(3)], "the door stays");
}

#[tokio::test]
async fn what_came_late_into_a_cell_that_was_retired_goes_along_when_the_one_that_took_its_place_is_handed_over() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let one = county.worker("worker-1", &[cell(1)]);
    let mut phone = county.worker("worker-2", &[cell(2)]);
    let incident = phone.new_incident(&cell(2));
    let step = json!({"incident": incident.id, "action": "solve", "step": "draft", "at": crate::common::START, "by": "worker-2"});
    let step = phone.new_record(Kind::IncidentStep, &cell(2), step);
    county.world.pass(10 * MINUTE);
    county.account("worker-2", Role::Worker, &["610722001001"], &[]);
    admin.done("/desk/api/divisions/610722001001002/retire", json!({"succeeded_by": "610722001001001"})).await;
    county.account("worker-3", Role::Worker, &["610722001001"], &[]);
    phone.push_all(&[incident.clone(), step.clone()]);
    let moved = admin.done("/desk/api/cells/610722001001002/late", json!({})).await;
    assert_eq!((&moved["moved"], one.phone().cells), (&json!(1), vec![cell(1), cell(2)]));
    let path = "/desk/api/cells/610722001001001/hand-over";
    admin.done(path, json!({"seen": ["worker-1"], "to": ["worker-3"]})).await;
    assert!(one.phone().cells.is_empty());
    let pulled = county.phone_of(&domain::AccountId::new("worker-3").unwrap()).pulled();
    assert!([incident.id, step.id].iter().all(|id| pulled.contains(id)));
}
