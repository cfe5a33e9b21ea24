//! A full cell: 2,500 residents and 10,000 records come down and every list reads them. How fast is measured by the benchmarks
//! (and here when asked: `cargo test --release -p device --test api size -- --ignored --nocapture`).

use std::time::Instant;

use domain::{CellCode, Kind, Record};
use serde_json::json;

use crate::phone::{CELL, DAY, Phone, record};

/// Twenty buildings of fifty households of two or three residents; six visits each; a few incidents.
fn full_cell(phone: &Phone) -> Vec<Record> {
    let cell = CellCode::new(CELL).unwrap();
    let now = phone.now();
    let mut records = Vec::new();
    let surnames: Vec<char> = "王李张刘陈杨黄赵周吴单查曾翟仇解".chars().collect();
    let given: Vec<char> = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平".chars().collect();
    let mut add = |kind: Kind, fields| {
        let made = record(&cell, kind, now - 100 * DAY, fields);
        let id = made.id;
        records.push(made);
        id
    };
    let mut person = 0;
    for building in 1..=20 {
        let name = format!("{building}号楼");
        let building =
            add(Kind::Building, json!({"name": name, "building_kind": "residential", "floors": 13, "units": 2}));
        for door in 0..50 {
            let room = format!("{}{:02}", door / 4 + 1, door % 4 + 1);
            let unit = (door % 2 + 1).to_string();
            let dwelling = add(Kind::Dwelling, json!({"building": building, "unit": unit, "room": room, "use": "own"}));
            let household = add(Kind::Household, json!({"dwelling": dwelling, "contact_phone": "13800000000"}));
            for member in 0..2 + door % 2 {
                person += 1;
                let name: String =
                    [surnames[person % 16], given[person % 20], given[person / 20 % 20]].iter().collect();
                let phone = format!("138{:08}", person * 37);
                let relation = if member == 0 { "02" } else { "10" };
                let fields = json!({"household": household, "name": name, "sex": "1", "birth_date": "1980-05-06",
                    "document_kind": "none", "phone": phone, "relation": relation, "residence": "resident"});
                add(Kind::Person, fields);
            }
            for visit in 0..5 {
                let at = now - (visit * 29 + door % 60) * DAY;
                let result = if visit % 2 == 0 { "absent" } else { "met" };
                add(
                    Kind::Visit,
                    json!({"target": household, "target_kind": "household", "at": at, "result": result, "by": "worker-1", "way": "door"}),
                );
            }
        }
    }
    for incident in 0..400 {
        let title = format!("路灯不亮{incident}");
        add(
            Kind::Incident,
            json!({"category": "0601", "list_version": 1, "severity": 3, "title": title,
            "happened_at": now - i64::from(incident) * DAY, "by": "worker-1", "place": "东街"}),
        );
    }
    records
}

fn filled() -> Phone {
    let phone = Phone::new();
    let records = full_cell(&phone);
    assert!(records.len() > 9_900, "{}", records.len());
    phone.give(records);
    phone
}

#[test]
fn a_full_cell_is_listed_and_searched() {
    let phone = filled();
    let today = phone.ok("today", json!({}));
    assert_eq!(today["counts"]["households"], 1000);
    assert_eq!(today["counts"]["incidents_open"], 400);
    assert_eq!(today["due_doors"].as_array().unwrap().len(), 20);
    let buildings = phone.ok("buildings", json!({}));
    assert_eq!(buildings.as_array().unwrap().len(), 20);
    assert_eq!(buildings[1]["name"], "2号楼");
    let board = phone.ok("doors", json!({"building": buildings[9]["id"]}));
    assert_eq!(board["building"]["doors"], 50);
    assert_eq!(phone.ok("incidents", json!({})).as_array().unwrap().len(), 400);
    assert!(phone.ok("search", json!({"text": "s"})).as_array().unwrap().len() == 30);
}

#[test]
#[ignore = "prints how long each list takes; meaningful in release only"]
fn how_long_each_list_takes() {
    let phone = filled();
    let building = phone.ok("buildings", json!({}))[9]["id"].clone();
    let household = phone.ok("today", json!({}))["due_doors"][0]["household_id"].as_str().unwrap().to_owned();
    let calls = [
        ("today", json!({})),
        ("buildings", json!({})),
        ("doors", json!({"building": building})),
        ("household", json!({"id": household})),
        ("incidents", json!({})),
        ("search", json!({"text": "zw"})),
        ("search", json!({"text": "shan"})),
        ("search", json!({"text": "5678"})),
        ("search", json!({"text": "3-2-501"})),
        ("categories", json!({"text": "ld"})),
        ("sync_state", json!({})),
    ];
    for (command, args) in calls {
        // The best of several: other programs only ever add.
        let best = |changed: bool| {
            let one = |_| {
                if changed {
                    let forget = |open: &mut device::Open| -> Result<(), device::DeviceError> {
                        open.changed();
                        Ok(())
                    };
                    phone.device.with_open(forget).unwrap();
                }
                let started = Instant::now();
                phone.ok(command, args.clone());
                started.elapsed()
            };
            (0..7).map(one).min().unwrap_or_default()
        };
        println!("{command:12} after a change {:>10.1?}, again {:>10.1?}  {args}", best(true), best(false));
    }
    let saving = Instant::now();
    phone.visit(&household, "met");
    println!("record_visit {:>10.1?}", saving.elapsed());
}
