//! The register grows as the worker walks: a building by floors × doors, a household with its people, a resident who moves out of it.

use doorstep_tests::browser::{named, named_with};
use doorstep_tests::trouble::{Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::{Value, json};

use super::{list, words};

const BUILDING: &str = "新安小区9号楼";

#[tokio::test(flavor = "multi_thread")]
async fn a_building_fills_with_doors_a_household_and_its_people_and_one_of_them_moves() -> Outcome {
    Worker::live("day-register", journey).await
}

async fn journey(worker: &mut Worker) -> Outcome {
    let building = add_building(worker).await?;
    let (first, second) = two_doors(worker, &building).await?;
    let (household, head) = add_household(worker, &building, &first).await?;
    let other = add_resident(worker, &household, "张小禾", "20").await?;
    move_resident(worker, &head, &other, &household, &second).await
}

/// A building of two units, three storeys and two doors on each, all doors with one tap.
async fn add_building(worker: &mut Worker) -> Outcome<String> {
    worker.phone.tap(&named("tab-doors")).await?;
    worker.phone.tap(&named("add-building")).await?;
    worker.phone.write(&named("field-name"), BUILDING).await?;
    worker.phone.tap(&format!("{} [data-code=\"residential\"]", named("field-building_kind"))).await?;
    worker.phone.write(&named("field-units"), "2").await?;
    worker.phone.write(&named("field-floors"), "3").await?;
    worker.shot("building").await?;
    worker.phone.tap(&named("save")).await?;
    worker.phone.gone(&named("save")).await?;
    let buildings = worker.ask("buildings", json!({})).await?;
    let Some(building) = list(&buildings).iter().find(|line| line["name"] == BUILDING) else {
        return trouble(format!("The building was not stored: {buildings}"));
    };
    let id = words(&building["id"]).to_owned();
    worker.go(&format!("/doors/{id}")).await?;
    worker.phone.tap(&named("add-doors")).await?;
    worker.phone.see(&named("field-doors")).await?;
    worker.phone.tap(&named("save")).await?;
    worker.phone.gone(&named("save")).await?;
    worker.phone.see(&named("door")).await?;
    let doors = worker.phone.count(&named("door")).await?;
    if doors != 12 {
        return trouble(format!("Two units of three storeys with two doors are twelve doors, not {doors}."));
    }
    worker.shot("doors").await?;
    Ok(id)
}

/// The first two doors of the building.
async fn two_doors(worker: &Worker, building: &str) -> Outcome<(String, String)> {
    let board = worker.ask("doors", json!({ "building": building })).await?;
    let units = list(&board["units"]).iter();
    let doors = units.flat_map(|unit| list(&unit["floors"])).flat_map(|floor| list(&floor["doors"]));
    let ids: Vec<String> = doors.map(|door| words(&door["dwelling_id"]).to_owned()).collect();
    match ids.as_slice() {
        [first, second, ..] => Ok((first.clone(), second.clone())),
        _ => trouble(format!("The board shows no two doors: {board}")),
    }
}

/// A household behind a door, from its card, with its householder.
async fn add_household(worker: &mut Worker, building: &str, door: &str) -> Outcome<(String, String)> {
    worker.go(&format!("/doors/{building}")).await?;
    worker.phone.tap(&named_with("door", "data-id", door)).await?;
    worker.phone.see(&named("door-card")).await?;
    worker.phone.tap(&named("add-household")).await?;
    worker.phone.write(&named("field-best_time"), "晚上七点以后").await?;
    worker.phone.tap(&named("save")).await?;
    worker.phone.see(&named("add-person")).await?;
    let homes = worker.ask("dwelling", json!({ "id": door })).await?;
    let Some(home) = list(&homes["households"]).first() else { return trouble(format!("No household: {homes}")) };
    let household = words(&home["id"]).to_owned();
    let head = add_resident(worker, &household, "张禾田", "02").await?;
    worker.go(&format!("/edit/household/{household}")).await?;
    worker.phone.choose(&named("field-head"), &head).await?;
    worker.phone.tap(&named("save")).await?;
    worker.phone.gone(&named("save")).await?;
    Ok((household, head))
}

async fn add_resident(worker: &mut Worker, household: &str, name: &str, relation: &str) -> Outcome<String> {
    worker.go(&format!("/household/{household}")).await?;
    worker.phone.tap(&named("add-person")).await?;
    worker.phone.write(&named("field-name"), name).await?;
    worker.phone.choose(&named("field-relation"), relation).await?;
    worker.phone.tap(&named("save")).await?;
    worker.phone.gone(&named("save")).await?;
    let page = worker.ask("household", json!({ "id": household })).await?;
    match list(&page["people"]).iter().find(|person| person["name"] == name) {
        Some(person) => Ok(words(&person["id"]).to_owned()),
        None => trouble(format!("{name} was not stored: {page}")),
    }
}

/// The householder moves behind the next door: who stays is asked for, and told first beside its field.
async fn move_resident(worker: &mut Worker, head: &str, other: &str, household: &str, door: &str) -> Outcome {
    worker.go(&format!("/person/{head}")).await?;
    worker.phone.tap(&named("move")).await?;
    worker.phone.tap(&named("do-move")).await?;
    worker.phone.see(&named("problem-to")).await?;
    worker.phone.write(&named("room-search"), "9号楼").await?;
    worker.phone.tap(&named_with("room", "data-id", door)).await?;
    worker.phone.see_attribute(&named("home-own"), "aria-checked", "true").await?;
    worker.phone.tap(&named("do-move")).await?;
    worker.phone.see(&named("problem-head")).await?;
    worker.phone.choose(&named("field-head"), other).await?;
    worker.shot("move").await?;
    worker.phone.tap(&named("do-move")).await?;
    worker.phone.see(&named("open-household")).await?;
    worker.shot("moved").await?;
    let moved = worker.ask("person", json!({ "id": head })).await?;
    let left = worker.ask("household", json!({ "id": household })).await?;
    let there = worker.ask("dwelling", json!({ "id": door })).await?;
    let names: Vec<&Value> = list(&left["people"]).iter().map(|person| &person["name"]).collect();
    let right = moved["household_id"] == there["households"][0]["id"]
        && moved["person"]["relation"] == "02"
        && left["household"]["head"] == other
        && names == ["张小禾"];
    if right { Ok(()) } else { trouble(format!("They do not live as they should: {moved} {left} {there}")) }
}
