//! The map of the own cells: what stands on it, what waits for a position, and setting one.

use domain::{CellCode, Kind, ProblemCode};
use serde_json::{Value, json};

use crate::phone::{CELL, DAY, OTHER_CELL, Phone, record};

const HERE: [f64; 2] = [33.157, 107.333];

fn position() -> Value {
    json!({"lat": HERE[0], "lng": HERE[1]})
}

fn names(map: &Value, kind: &str) -> Vec<String> {
    let features = map["places"]["features"].as_array().unwrap();
    let of_kind = features.iter().filter(|feature| feature["properties"]["kind"] == kind);
    of_kind.map(|feature| feature["properties"]["name"].as_str().unwrap().to_owned()).collect()
}

fn cell_record(code: &str, boundary: Value) -> domain::Record {
    let fields = json!({"code": code, "name": "第1网格", "cell_kind": "general", "boundary": boundary});
    record(&CellCode::new(code).unwrap(), Kind::Cell, 1_790_000_000_000, fields)
}

fn square(lng: f64) -> Value {
    json!({"type": "Polygon", "coordinates":
        [[[lng, 33.15], [lng + 0.01, 33.15], [lng + 0.01, 33.16], [lng, 33.16], [lng, 33.15]]]})
}

#[test]
fn an_empty_register_has_an_empty_map() {
    let map = Phone::new().ok("cell_map", json!({}));
    assert_eq!(map["boundaries"], json!({"type": "FeatureCollection", "features": []}));
    assert_eq!((&map["places"]["features"], &map["unplaced"]), (&json!([]), &json!([])));
}

#[test]
fn the_boundaries_of_all_own_cells_are_geojson() {
    let phone = Phone::new();
    phone.give([cell_record(CELL, square(107.33)), cell_record(OTHER_CELL, square(107.43))]);
    let map = phone.ok("cell_map", json!({}));
    let [feature, _] = &map["boundaries"]["features"].as_array().unwrap()[..] else { panic!("{map}") };
    assert_eq!((&feature["type"], &feature["geometry"]), (&json!("Feature"), &square(107.33)));
    assert_eq!(feature["properties"], json!({"kind": "cell", "id": CELL, "name": "第1网格", "open": false}));
}

#[test]
fn a_boundary_that_cannot_be_drawn_is_left_out() {
    let phone = Phone::new();
    phone.give([cell_record(CELL, json!({"type": "Polygon", "coordinates": "somewhere"}))]);
    assert_eq!(phone.ok("cell_map", json!({}))["boundaries"]["features"], json!([]));
}

#[test]
fn a_building_waits_for_a_position_and_stands_on_the_map_once_it_has_one() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "10号楼", "building_kind": "residential"}));
    phone.save("building", json!({"name": "2号楼", "building_kind": "residential"}));
    phone.save("dwelling", json!({"group": "3组", "house_number": "5号", "use": "own"}));
    let waiting = |map: &Value| {
        let lines = map["unplaced"].as_array().unwrap().clone();
        lines.iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let map = phone.ok("cell_map", json!({}));
    assert_eq!(waiting(&map), ["2号楼", "10号楼"], "no group of a village");
    phone.round();
    assert_eq!(phone.ok("sync_state", json!({}))["waiting_records"], 0);
    phone.edit("building", &building, json!({"position": position()}));
    let map = phone.ok("cell_map", json!({}));
    assert_eq!((waiting(&map), names(&map, "building")), (vec!["2号楼".to_owned()], vec!["10号楼".to_owned()]));
    assert_eq!(map["places"]["features"][0]["geometry"], json!({"type": "Point", "coordinates": [HERE[1], HERE[0]]}));
    assert_eq!(phone.ok("sync_state", json!({}))["waiting_records"], 1, "written like anything else");
    assert_eq!(phone.ok("doors", json!({"building": building}))["building"]["position"], position());
}

#[test]
fn a_building_with_somebody_not_met_for_long_is_marked() {
    let phone = Phone::new();
    let fields = json!({"name": "1号楼", "building_kind": "residential", "position": position()});
    let building = phone.save("building", fields);
    let family = phone.family(&building, "1", "101", "张三");
    let open = |phone: &Phone| phone.ok("cell_map", json!({}))["places"]["features"][0]["properties"]["open"].clone();
    assert_eq!(open(&phone), json!(true));
    phone.visit(&family.household, "met");
    assert_eq!(open(&phone), json!(false));
}

#[test]
fn hazard_points_that_stand_and_incidents_with_a_position_are_layers() {
    let phone = Phone::new();
    let point = json!({"name": "后坡", "hazard_kind": "landslide", "position": position()});
    let retired = phone.save("hazard_point", point.clone());
    phone.save("hazard_point", point);
    phone.edit("hazard_point", &retired, json!({"retired_on": "2026-01-02"}));
    let incident = json!({"category": "0601", "title": "井盖", "position": position()});
    let solved = phone.save("incident", incident.clone());
    phone.save("incident", incident);
    phone.save("incident", json!({"category": "0601", "title": "无位置"}));
    phone.edit("incident", &solved, json!({"deleted": true}));
    phone.wait(DAY);
    let map = phone.ok("cell_map", json!({}));
    assert_eq!((names(&map, "hazard_point").len(), names(&map, "incident")), (1, vec!["井盖".to_owned()]));
    let incident = map["places"]["features"].as_array().unwrap().iter().find(|f| f["properties"]["kind"] == "incident");
    assert_eq!(incident.unwrap()["properties"]["open"], true);
}

#[test]
fn a_position_the_wrong_way_round_is_told_from_one_off_the_globe() {
    let phone = Phone::new();
    for (lat, lng, code) in [(107.333, 33.157, ProblemCode::PositionSwapped), (91.0, 200.0, ProblemCode::PositionForm)]
    {
        let fields = json!({"name": "1号楼", "building_kind": "residential", "position": {"lat": lat, "lng": lng}});
        let problems = phone.problems("save", json!({"kind": "building", "cell": CELL, "fields": fields}));
        assert_eq!((problems[0].field.as_str(), problems[0].code), ("position", code));
    }
    for typed in [json!("33.1, 107.3"), json!([33.1, 107.3]), json!({"lat": "33", "lng": 107})] {
        let fields = json!({"name": "1号楼", "building_kind": "residential", "position": typed});
        let problems = phone.problems("save", json!({"kind": "building", "cell": CELL, "fields": fields}));
        assert_eq!(problems[0].code, ProblemCode::PositionForm, "{typed}");
    }
}
