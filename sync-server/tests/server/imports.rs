//! An existing register from a table: tried, written, repeated; bad files; and who may not.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::review::ReviewState;
use domain::scope::Role;
use domain::{CellCode, Kind, Record};
use serde_json::{Value, json};
use sync_server::store::Store as _;

use crate::accounts::county;
use crate::common::{Answered, County, cell, send};
use crate::seat::Seat;

const HEAD: &str = "网格编码,楼栋,单元,室,姓名,性别,出生日期,身份证号,联系电话,与户主关系\n";
const ROWS: &str = "\
610722001001001,3号楼,2单元,501,张三,男,1949年12月31日,11010519491231002X,13800001111,户主\n\
610722001001001,3幢,2,501室,李四,女,1950/1/2,,,配偶\n\
610722001001002,5号楼,1单元,101,王五,男,,,,户主\n";

async fn upload(seat: &Seat, what: &str, bytes: impl Into<Vec<u8>>) -> Answered {
    let request = Request::builder()
        .method("POST")
        .uri(format!("/desk/api/imports?what={what}&name=register.csv"))
        .header("cookie", &seat.cookie)
        .header("x-csrf-token", &seat.csrf)
        .header("content-type", "application/octet-stream");
    send(&seat.router, request.body(Body::from(bytes.into())).unwrap()).await
}

/// Uploads, tries with what was guessed, and waits for the trial.
async fn tried(seat: &Seat, what: &str, text: &str) -> Value {
    let uploaded = upload(seat, what, text).await;
    assert_eq!(uploaded.status, StatusCode::OK, "{}", String::from_utf8_lossy(&uploaded.bytes));
    let (id, plan) = (uploaded.json()["id"].as_str().unwrap().to_owned(), uploaded.json()["plan"].clone());
    seat.done(&format!("/desk/api/imports/{id}/check"), plan).await;
    waited(seat, &id, "checked").await
}

async fn waited(seat: &Seat, id: &str, state: &str) -> Value {
    for _ in 0..400 {
        let now = seat.get(&format!("/desk/api/imports/{id}/progress")).await.json();
        if now["state"] == state {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("it never was {state}");
}

async fn written(seat: &Seat, id: &str) -> Value {
    seat.done(&format!("/desk/api/imports/{id}/run"), json!({})).await;
    waited(seat, id, "done").await
}

fn records(county: &County, cell: &CellCode, kind: &Kind) -> Vec<Record> {
    let found = county.hub.store().read(|reading| reading.of_kind(cell, kind)).unwrap();
    found.into_iter().map(|stored| stored.record).collect()
}

async fn admin(county: &County) -> Seat {
    Seat::of(county, "admin-1", Role::Admin, &["610722"]).await
}

#[tokio::test]
async fn a_register_is_tried_without_writing_and_then_enters_with_its_history() {
    let county = county();
    let admin = admin(&county).await;
    let tried = tried(&admin, "register", &format!("{HEAD}{ROWS}")).await;
    let expected = json!({"building": 2, "dwelling": 2, "household": 2, "person": 3});
    assert_eq!(tried["report"]["created"], expected, "{tried}");
    assert_eq!((&tried["report"]["rows"], &tried["report"]["wrong"]), (&json!(3), &json!(0)));
    assert!(records(&county, &cell(1), &Kind::Person).is_empty(), "a trial writes nothing");
    let done = written(&admin, tried["id"].as_str().unwrap()).await;
    assert_eq!(done["report"]["created"], expected);
    let people = records(&county, &cell(1), &Kind::Person);
    assert_eq!(people.len(), 2);
    let head = people.iter().find(|person| person.text("name") == Some("张三")).unwrap();
    assert_eq!((head.text("birth_date"), head.text("sex")), (Some("1949-12-31"), Some("1")));
    let household = &records(&county, &cell(1), &Kind::Household)[0];
    assert_eq!(household.reference("head"), Some(head.id));
    let stored = county.stored(head.id).unwrap();
    assert_eq!((stored.state, stored.changed_by.as_str()), (ReviewState::Approved, "admin-1"));
    let history = county.hub.store().read(|reading| reading.history(&crate::common::scope("610722"), head.id)).unwrap();
    assert_eq!(history.len(), 1);
    let mut phone = county.worker("worker-1", &[cell(1)]);
    assert!(phone.pulled().contains(&head.id), "and reaches the phones");
    assert_eq!(
        admin.refused(&format!("/desk/api/imports/{}/run", tried["id"].as_str().unwrap()), json!({})).await.0,
        "stale"
    );
}

#[tokio::test]
async fn the_same_table_twice_and_a_corrected_one_double_nobody_and_overwrite_nothing() {
    let county = county();
    let admin = admin(&county).await;
    let first = tried(&admin, "register", &format!("{HEAD}{ROWS}")).await;
    written(&admin, first["id"].as_str().unwrap()).await;
    // A worker has corrected a number meanwhile.
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let person =
        records(&county, &cell(1), &Kind::Person).into_iter().find(|one| one.text("name") == Some("张三")).unwrap();
    county.world.pass(1_000);
    let correction = phone.change(Kind::Person, person.id, &cell(1), json!({"phone": "13900000000"}));
    phone.push_all(&[correction]);
    for text in [format!("{HEAD}{ROWS}"), format!("{HEAD}{ROWS}610722001001002,5号楼,1单元,102,赵六,男,,,,户主\n")]
    {
        let again = tried(&admin, "register", &text).await;
        written(&admin, again["id"].as_str().unwrap()).await;
    }
    assert_eq!(records(&county, &cell(1), &Kind::Person).len(), 2);
    assert_eq!(records(&county, &cell(2), &Kind::Person).len(), 2, "only the new one came");
    assert_eq!(records(&county, &cell(2), &Kind::Building).len(), 1);
    assert_eq!(county.stored(person.id).unwrap().record.text("phone"), Some("13900000000"));
}

#[tokio::test]
async fn a_table_once_more_doubles_nobody_where_several_households_share_a_door_and_one_was_changed_since() {
    let county = county();
    let admin = admin(&county).await;
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let house = phone.new_record(Kind::Building, &cell(1), json!({"name": "3号楼", "building_kind": "residential"}));
    let door = json!({"use": "let", "building": house.id, "unit": "2", "room": "501"});
    let door = phone.new_record(Kind::Dwelling, &cell(1), door);
    let home = |phone: &mut crate::common::TestPhone| {
        phone.new_record(Kind::Household, &cell(1), json!({"dwelling": door.id}))
    };
    let (one, other) = (home(&mut phone), home(&mut phone));
    let lives = phone.new_record(Kind::Person, &cell(1), json!({"household": other.id, "name": "王五"}));
    phone.push_all(&[house, door.clone(), one.clone(), other.clone(), lives]);
    let rows = ["张三", "李四", "王五"].map(|name| format!("610722001001001,3号楼,2单元,501,{name},,,,,\n")).concat();
    let mut found = Vec::new();
    for household in [one.id, other.id] {
        let tried = tried(&admin, "register", &format!("{HEAD}{rows}")).await;
        written(&admin, tried["id"].as_str().unwrap()).await;
        found.push(records(&county, &cell(1), &Kind::Person).len());
        county.world.pass(1_000);
        let note = phone.change(Kind::Household, household, &cell(1), json!({"access_note": "敲门"}));
        phone.push_all(&[note]);
    }
    assert_eq!(found, [3, 3], "two came, behind whom nobody stood, and nobody came again");
    assert_eq!(records(&county, &cell(1), &Kind::Household).len(), 2);
}

#[tokio::test]
async fn the_same_table_once_more_brings_nothing_to_a_door_from_which_its_household_has_moved() {
    let county = county();
    let admin = admin(&county).await;
    let table = format!("{HEAD}610722001001001,3号楼,2单元,501,张三,男,,,,户主\n");
    let first = tried(&admin, "register", &table).await;
    written(&admin, first["id"].as_str().unwrap()).await;
    let mut phone = county.worker("worker-1", &[cell(1)]);
    county.world.pass(1_000);
    let house = records(&county, &cell(1), &Kind::Building)[0].id;
    let door = json!({"use": "own", "building": house, "unit": "2", "room": "502"});
    let door = phone.new_record(Kind::Dwelling, &cell(1), door);
    let household = records(&county, &cell(1), &Kind::Household)[0].id;
    let moves = phone.change(Kind::Household, household, &cell(1), json!({"dwelling": door.id}));
    phone.push_all(&[door, moves]);
    let again = tried(&admin, "register", &table).await;
    let done = written(&admin, again["id"].as_str().unwrap()).await;
    for report in [&again["report"], &done["report"]] {
        assert_eq!((&report["created"], &report["known"]), (&json!({}), &json!(1)), "{report}");
    }
    assert_eq!(records(&county, &cell(1), &Kind::Household).len(), 1);
}

#[tokio::test]
async fn a_corrected_table_that_numbers_its_households_finds_each_of_them_again() {
    const HEAD: &str = "网格编码,楼栋,单元,室,户号,姓名\n";
    let county = county();
    let admin = admin(&county).await;
    let row = |(number, name)| format!("610722001001001,3号楼,2单元,501,{number},{name}\n");
    let rows = [("1", "张三"), ("2", "李四"), ("2", "王五"), ("3", "赵六"), ("3", "钱七")].map(row);
    for people in [4, 5] {
        let tried = tried(&admin, "register", &format!("{HEAD}{}", rows[..people].concat())).await;
        written(&admin, tried["id"].as_str().unwrap()).await;
        assert_eq!(records(&county, &cell(1), &Kind::Household).len(), 3);
        assert_eq!(records(&county, &cell(1), &Kind::Person).len(), people);
        county.world.pass(1_000);
    }
}

#[tokio::test]
async fn an_import_that_was_cut_goes_on_where_it_stopped_and_writes_nothing_twice() {
    let mut county = county();
    let mut text = HEAD.to_owned();
    for row in 0..1_200 {
        text.push_str(&format!("610722001001001,{}号楼,1单元,{row},张三,男,,,,户主\n", row % 7));
    }
    {
        let admin = admin(&county).await;
        let tried = tried(&admin, "register", &text).await;
        let id = tried["id"].as_str().unwrap().to_owned();
        // The server stops after the batch has begun and before a row of it is done.
        let actor = county.hub.sign_in("admin-1", crate::common::PASSWORD).unwrap().desk.actor;
        county.hub.begin_import(&actor, &id).unwrap();
    }
    county.restart();
    county.hub.imports_have_stopped().unwrap();
    let admin = Seat::signed_in(&county, "admin-1", crate::common::PASSWORD).await.unwrap();
    let stopped = admin.get("/desk/api/imports").await.json()[0].clone();
    assert_eq!(stopped["state"], "stopped");
    let done = written(&admin, stopped["id"].as_str().unwrap()).await;
    assert_eq!((&done["done"], &done["report"]["created"]["person"]), (&json!(1_200), &json!(1_200)));
    assert_eq!(records(&county, &cell(1), &Kind::Person).len(), 1_200);
    assert_eq!(records(&county, &cell(1), &Kind::Building).len(), 7);
}

#[tokio::test]
async fn every_row_that_cannot_be_taken_says_why_and_the_others_are() {
    let county = county();
    let admin = admin(&county).await;
    let rows = [
        "610722001001001,3号楼,2,501,张三,男,1949-12-31,11010519491231002X,13800001111,户主",
        "610722001001001,3号楼,2,501,张三,男,1949-12-31,11010519491231002X,,户主",
        "610722001001001,3号楼,2,502,李四,男,,110105194912310021,,户主",
        "610702001001001,3号楼,2,503,王五,男,,,,户主",
        "610722001001099,3号楼,2,503,王五,男,,,,户主",
        "12,3号楼,2,503,王五,男,,,,户主",
        "610722001001001,3号楼,2,504,=cmd(),男,,,,户主",
        "610722001001001,3号楼,2,505,孙七,外星人,1988-03,,12,户主",
        "610722001001001,3号楼,2,,周八,男,,,,户主",
        "",
        "610722001001001,3号楼,2,506,吴九,女,1950-01-01,61072219491231004X,,户主",
    ];
    let tried = tried(&admin, "register", &format!("{HEAD}{}\n", rows.join("\n"))).await;
    let findings: Vec<(i64, String, bool)> = tried["report"]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let told = format!("{} {}", one["field"].as_str().unwrap(), one["code"].as_str().unwrap());
            (one["row"].as_i64().unwrap(), told, one["wrong"].as_bool().unwrap())
        })
        .collect();
    let told = |row: i64, word: &str, wrong: bool| {
        assert!(findings.contains(&(row, word.to_owned(), wrong)), "{row} {word}: {findings:?}");
    };
    told(3, "document_number same_as_row", false);
    told(4, "document_number id_card_check", true);
    told(5, "cell foreign_cell", true);
    told(6, "cell foreign_cell", true);
    told(7, "cell wrong_type", true);
    told(8, "name name_form", true);
    told(9, "sex unknown_code", true);
    told(9, "birth_date no_such_date", true);
    told(10, "room required", true);
    written(&admin, tried["id"].as_str().unwrap()).await;
    let names: Vec<String> = records(&county, &cell(1), &Kind::Person)
        .iter()
        .filter_map(|one| one.text("name").map(str::to_owned))
        .collect();
    assert!(names.contains(&"张三".to_owned()) && !names.contains(&"孙七".to_owned()), "{names:?}");
}

#[tokio::test]
async fn what_is_no_table_is_refused_with_its_reason_and_nothing_is_kept() {
    let county = county();
    let admin = admin(&county).await;
    let cases: [(Vec<u8>, &str); 5] = [
        (b"MZ\x90\x00\x03\x00\x00\x00".to_vec(), "not_a_table"),
        (b"PK\x03\x04nothing".to_vec(), "not_a_table"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), "old_format"),
        (HEAD.as_bytes().to_vec(), "empty_table"),
        (Vec::new(), "empty_table"),
    ];
    for (bytes, code) in cases {
        let answer = upload(&admin, "register", bytes).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.json()["problems"][0], json!({"field": "file", "code": code}));
    }
    let huge = Request::builder()
        .method("POST")
        .uri("/desk/api/imports?what=register")
        .header("cookie", &admin.cookie)
        .header("x-csrf-token", &admin.csrf)
        .header("content-length", (200 * 1024 * 1024).to_string());
    let answer = send(&admin.router, huge.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    assert_eq!(upload(&admin, "anything", "x").await.code(), "malformed");
    assert_eq!(admin.get("/desk/api/imports").await.json(), json!([]));
}

#[tokio::test]
async fn columns_that_do_not_fit_are_refused_before_anything_is_tried() {
    let county = county();
    let admin = admin(&county).await;
    let id = upload(&admin, "register", format!("{HEAD}{ROWS}")).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/desk/api/imports/{id}/check");
    let plan = |columns: Value, cell: Value| json!({"columns": columns, "cell": cell});
    for (wish, expected) in [
        (plan(json!({"cell": 0, "name": 4}), Value::Null), "columns required"),
        (plan(json!({"room": 3, "name": 4}), Value::Null), "cell required"),
        (plan(json!({"room": 3, "name": 3}), json!("610722001001001")), "columns wrong_type"),
        (plan(json!({"room": 3, "code": 4}), json!("610722001001001")), "columns wrong_type"),
        (plan(json!({"room": 3, "name": 4}), json!("610702001001001")), "cell foreign_cell"),
    ] {
        assert_eq!(admin.refused(&path, wish.clone()).await.1, expected, "{wish}");
    }
    assert_eq!(admin.refused(&path, plan(json!({"ethnicity": 3}), Value::Null)).await.0, "malformed");
    assert_eq!(admin.refused(&format!("/desk/api/imports/{id}/run"), json!({})).await.0, "stale", "it was not tried");
}

#[tokio::test]
async fn nobody_sees_or_runs_the_tables_of_somebody_else() {
    let county = county();
    let one = admin(&county).await;
    let other = Seat::of(&county, "admin-2", Role::Admin, &["610722"]).await;
    let id = upload(&one, "register", format!("{HEAD}{ROWS}")).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(other.get("/desk/api/imports").await.json(), json!([]));
    assert_eq!(other.get(&format!("/desk/api/imports/{id}")).await.code(), "not_found");
    for act in ["run", "discard"] {
        assert_eq!(other.refused(&format!("/desk/api/imports/{id}/{act}"), json!({})).await.0, "not_found");
    }
    let boss = Seat::of(&county, "boss-1", Role::Supervisor, &["610722001001"]).await;
    assert_eq!(upload(&boss, "register", format!("{HEAD}{ROWS}")).await.code(), "not_allowed");
    one.done(&format!("/desk/api/imports/{id}/discard"), json!({})).await;
    assert_eq!(one.get("/desk/api/imports").await.json(), json!([]));
    upload(&one, "register", format!("{HEAD}{ROWS}")).await;
    county.world.pass(8 * crate::common::DAY);
    county.hub.forget_old_imports().unwrap();
    let one = Seat::signed_in(&county, "admin-1", crate::common::PASSWORD).await.unwrap();
    assert_eq!(one.get("/desk/api/imports").await.json(), json!([]), "nobody keeps a table of residents for nothing");
}

#[tokio::test]
async fn divisions_and_cells_come_from_a_table_in_any_order() {
    let county = county();
    let admin = admin(&county).await;
    let text = "编码,名称\n610722009001001,第1网格\n610722009,新镇\n610722009001,新村\n610722001001001,第1网格\n\
                610722001001002,改了名的网格\n610702,别县\n";
    let tried = tried(&admin, "divisions", text).await;
    assert_eq!(
        (&tried["report"]["created"]["division"], &tried["report"]["known"], &tried["report"]["wrong"]),
        (&json!(3), &json!(1), &json!(2))
    );
    written(&admin, tried["id"].as_str().unwrap()).await;
    let listed = admin.get("/desk/api/divisions").await.json();
    let named =
        |code: &str| listed.as_array().unwrap().iter().find(|row| row["code"] == code).map(|row| row["name"].clone());
    assert_eq!(named("610722009001001"), Some(json!("第1网格")));
    assert_eq!(named("610722001001002"), Some(json!("第2网格")), "nothing is renamed by an import");
}

#[tokio::test]
async fn a_table_hangs_nothing_on_a_door_that_gave_way_and_doubles_nobody_who_lives_behind_it() {
    let county = county();
    let admin = admin(&county).await;
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let house = phone.new_record(Kind::Building, &cell(1), json!({"name": "3号楼", "building_kind": "residential"}));
    let door = |room: &str| json!({"use": "own", "building": house.id, "unit": "2", "room": room});
    let (stays, gave_way) = (
        phone.new_record(Kind::Dwelling, &cell(1), door("501")),
        phone.new_record(Kind::Dwelling, &cell(1), door("502")),
    );
    let (stays, gave_way) = if stays.id < gave_way.id { (stays, gave_way) } else { (gave_way, stays) };
    let household = phone.new_record(Kind::Household, &cell(1), json!({"dwelling": gave_way.id}));
    let lives = json!({"household": household.id, "name": "张三", "birth_date": "1949-12-31"});
    let lives = phone.new_record(Kind::Person, &cell(1), lives);
    let merged = phone.change(Kind::Dwelling, gave_way.id, &cell(1), json!({"merged_into": stays.id}));
    phone.push_all(&[house.clone(), stays.clone(), gave_way.clone(), household.clone(), lives.clone(), merged]);
    for (room, other) in [("501", "李四"), ("502", "王五")] {
        let rows = format!(
            "610722001001001,3号楼,2单元,{room},张三,男,1949年12月31日,,,户主\n\
             610722001001001,3号楼,2单元,{room},{other},女,1950/1/2,,,配偶\n"
        );
        let tried = tried(&admin, "register", &format!("{HEAD}{rows}")).await;
        written(&admin, tried["id"].as_str().unwrap()).await;
    }
    assert_eq!(records(&county, &cell(1), &Kind::Dwelling).len(), 2);
    assert_eq!(records(&county, &cell(1), &Kind::Household).len(), 1);
    let people = records(&county, &cell(1), &Kind::Person);
    assert_eq!(people.len(), 3, "the one who was there, and two others");
    assert!(people.iter().all(|one| one.reference("household") == Some(household.id)));
}

#[tokio::test]
async fn a_household_without_a_head_that_the_office_moved_with_its_cell_stays_as_its_worker_left_it() {
    let county = county();
    let admin = admin(&county).await;
    let mut phone = county.worker("worker-1", &[cell(2)]);
    let house = phone.new_record(Kind::Building, &cell(2), json!({"name": "3号楼", "building_kind": "residential"}));
    let door = json!({"use": "own", "building": house.id, "unit": "2", "room": "501"});
    let door = phone.new_record(Kind::Dwelling, &cell(2), door);
    let household = phone.new_record(Kind::Household, &cell(2), json!({"dwelling": door.id}));
    phone.push_all(&[house, door, household.clone()]);
    county.world.pass(1_000);
    admin.done("/desk/api/cells/610722001001002/merge", json!({"into": "610722001001001"})).await;
    assert_eq!(county.stored(household.id).unwrap().changed_by.as_str(), "admin-1");
    let rows = "610722001001001,3号楼,2单元,501,张三,男,,,,户主\n";
    let tried = tried(&admin, "register", &format!("{HEAD}{rows}")).await;
    written(&admin, tried["id"].as_str().unwrap()).await;
    let people = records(&county, &cell(1), &Kind::Person);
    assert_eq!((people.len(), people[0].reference("household")), (1, Some(household.id)));
    assert!(!county.stored(household.id).unwrap().record.fields.contains_key("head"));
}
