//! A whole building by storeys and doors.

use domain::ProblemCode;
use serde_json::json;

use crate::phone::Phone;

#[test]
fn a_whole_building_is_added_at_once_and_what_was_there_stays() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let args = json!({"building": building, "units": 2, "floors": 6, "doors": 2, "use": "own"});
    assert_eq!(phone.ok("add_doors", args.clone()), json!({"added": 23, "there": 1}));
    assert_eq!(phone.ok("add_doors", args), json!({"added": 0, "there": 24}), "a second tap adds nothing");
    let board = phone.ok("doors", json!({"building": building}));
    assert_eq!(board["units"].as_array().map(Vec::len), Some(2));
    let first = &board["units"][0];
    assert_eq!(first["floors"].as_array().map(Vec::len), Some(6));
    assert!(board.to_string().contains(&family.household), "who lived there still does");
}

#[test]
fn a_layout_that_no_building_has_is_refused_beside_its_field() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let args = |floors: u32, doors: u32| json!({"building": building, "units": 1, "floors": floors, "doors": doors, "use": "own"});
    let problems = phone.problems("add_doors", args(0, 2));
    assert_eq!((problems[0].field.as_str(), problems[0].code), ("floors", ProblemCode::TooSmall));
    assert_eq!(phone.problems("add_doors", args(60, 60))[0].code, ProblemCode::TooLarge);
    let other = json!({"building": building, "units": 1, "floors": 1, "doors": 1, "use": "castle"});
    assert_eq!(phone.problems("add_doors", other)[0].code, ProblemCode::UnknownCode);
    assert_eq!(phone.ok("doors", json!({"building": building}))["units"], json!([]));
}
