//! Records as a file: masked, in full for a reason, within rights; read back by another library.

use std::io::Cursor;

use axum::http::StatusCode;
use calamine::{Data, Reader, Xlsx};
use domain::protocol::CallRefusal;
use domain::review::ReviewState;
use domain::scope::Role;
use domain::{AccountId, Kind, Record, Stamp, Stamps, World as _};
use serde_json::{Value, json};
use sync_server::store::{Account, BulkRecord, Store as _, StoreError};

use crate::accounts::county;
use crate::common::{County, cell, scope};
use crate::seat::Seat;

const PATH: &str = "/desk/api/exports";

fn people(format: &str, place: &str, reason: Option<&str>) -> Value {
    let column = |field: &str, head: &str| json!({"field": field, "head": head});
    json!({"kind": "person", "place": place, "format": format, "reason": reason, "columns": [
        column("cell_name", "网格"), column("address", "地址"), column("name", "姓名"), column("sex", "性别"),
        column("document_number", "证件号码"), column("phone", "电话"),
    ]})
}

/// A county with two residents in the first cell, one of them with a name that is a formula to a spreadsheet.
fn inhabited() -> County {
    let county = county();
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let second = json!({"household": home[1].id, "name": "李四", "sex": "2", "document_kind": "id_card",
        "document_number": "11010519491231002X", "phone": "13812345678"});
    let second = phone.new_record(Kind::Person, &cell(1), second);
    let noted = phone.change(Kind::Household, home[1].id, &cell(1), json!({"access_note": "=HYPERLINK(\"http://x\")"}));
    phone.push_all(&[second, noted]);
    county
}

async fn boss(county: &County) -> Seat {
    Seat::of(county, "boss-1", Role::Supervisor, &["610722001001"]).await
}

async fn text(seat: &Seat, wish: Value) -> String {
    let answer = seat.post(PATH, wish).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.bytes));
    String::from_utf8(answer.bytes).unwrap()
}

#[tokio::test]
async fn a_file_is_masked_and_opens_with_its_chinese_intact() {
    let county = inhabited();
    let boss = boss(&county).await;
    let csv = text(&boss, people("csv", "610722001001", None)).await;
    assert!(csv.starts_with("\u{FEFF}网格,地址,姓名,性别,证件号码,电话\r\n"), "{csv}");
    assert!(csv.contains("第1网格,2组 18号,李*,女性,110***********002X,138****5678\r\n"), "{csv}");
    for hidden in ["李四", "张三", "11010519491231002X", "13812345678"] {
        assert!(!csv.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn a_spreadsheet_is_read_back_cell_by_cell() {
    let county = inhabited();
    let boss = boss(&county).await;
    let answer = boss.post(PATH, people("xlsx", "610722001001001", None)).await;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(answer.bytes)).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    assert_eq!(sheet.get_size(), (3, 6));
    let heads: Vec<String> = sheet.rows().next().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(heads, ["网格", "地址", "姓名", "性别", "证件号码", "电话"]);
    assert!(
        sheet.rows().any(|row| row[2] == Data::String("李*".into()) && row[5] == Data::String("138****5678".into()))
    );
}

#[tokio::test]
async fn names_and_numbers_leave_in_full_for_a_reason_that_is_noted_with_every_resident() {
    let county = inhabited();
    let boss = boss(&county).await;
    let csv = text(&boss, people("csv", "610722001001", Some("service"))).await;
    assert!(csv.contains("李四,女性,11010519491231002X,13812345678"), "{csv}");
    let audit = county.hub.store().read(|reading| reading.audit(10)).unwrap();
    let export = audit.iter().find(|entry| entry.action == "export").unwrap();
    assert_eq!((export.who.as_str(), export.subject.as_str()), ("boss-1", "person 610722001001 csv full:service"));
    let people_seen = audit.iter().filter(|entry| entry.action == "take_out").count();
    assert_eq!(people_seen, 2);
    let invented = boss.refused(PATH, people("csv", "610722001001", Some("curious"))).await;
    assert_eq!(invented, ("invalid".into(), "reason unknown_code".into()));
}

#[tokio::test]
async fn a_text_that_looks_like_a_formula_is_defused() {
    let county = inhabited();
    let boss = boss(&county).await;
    let wish = |format: &str| {
        json!({"kind": "household", "place": "610722001001", "format": format, "reason": null,
            "columns": [{"field": "access_note", "head": "=1+1"}]})
    };
    let csv = text(&boss, wish("csv")).await;
    assert_eq!(csv, "\u{FEFF}'=1+1\r\n\"'=HYPERLINK(\"\"http://x\"\")\"\r\n");
    let answer = boss.post(PATH, wish("xlsx")).await;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(answer.bytes)).unwrap();
    assert!(book.worksheet_formula("Sheet1").unwrap().is_empty());
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    assert_eq!(sheet.get((1, 0)), Some(&Data::String("=HYPERLINK(\"http://x\")".into())));
}

#[tokio::test]
async fn what_lies_on_a_map_leaves_as_geojson_and_residents_do_not() {
    let county = inhabited();
    let mut phone = county.worker("worker-2", &[cell(2)]);
    let house = json!({"name": "3号楼", "building_kind": "residential", "position": {"lat": 33.15, "lng": 107.33, "accuracy_m": 5.0}});
    let house = phone.new_record(Kind::Building, &cell(2), house);
    phone.push_all(&[house]);
    let boss = boss(&county).await;
    let wish = json!({"kind": "building", "place": "610722001001", "format": "geojson", "reason": null,
        "columns": [{"field": "name", "head": "名称"}]});
    let read: Value = serde_json::from_str(&text(&boss, wish).await).unwrap();
    assert_eq!(read["features"][0]["geometry"], json!({"type": "Point", "coordinates": [107.33, 33.15]}));
    assert_eq!(read["features"][0]["properties"], json!({"名称": "3号楼"}));
    let told = boss.refused(PATH, people("geojson", "610722001001", None)).await;
    assert_eq!(told, ("invalid".into(), "format not_allowed".into()));
}

#[tokio::test]
async fn nothing_leaves_that_the_role_or_the_place_does_not_allow() {
    let county = inhabited();
    let boss = boss(&county).await;
    for place in ["610722", "610722001002", "610702001001", "abc", ""] {
        assert_eq!(boss.refused(PATH, people("csv", place, None)).await.0, "not_allowed", "{place}");
    }
    for role in [Role::Admin, Role::Auditor] {
        let seat = Seat::of(&county, "somebody", role, &["610722"]).await;
        assert_eq!(seat.refused(PATH, people("csv", "610722001001", None)).await.0, "not_allowed", "{role:?}");
    }
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let cells = json!({"kind": "cell", "place": "610722", "format": "csv", "reason": null,
        "columns": [{"field": "cell_code", "head": "编码"}]});
    assert_eq!(admin.post(PATH, cells).await.status, StatusCode::OK);
    let forged = |field: &str| {
        json!({"kind": "person", "place": "610722001001", "format": "csv", "reason": null,
        "columns": [{"field": field, "head": "x"}]})
    };
    for field in ["household", "ethnicity", "stamp", ""] {
        assert_eq!(boss.refused(PATH, forged(field)).await.1, "columns unknown_code", "{field}");
    }
}

#[tokio::test]
async fn a_file_breaks_off_where_whoever_asked_for_it_is_not_any_more_who_they_were() {
    let county = inhabited();
    let wish = serde_json::from_value(people("csv", "610722001001", None)).unwrap();
    for (name, expected) in [("boss-3", CallRefusal::SignedOut), ("boss-4", CallRefusal::NotAllowed)] {
        let desk = county.supervisor(name, "610722001001");
        let export = county.hub.begin_export(&desk, &wish).unwrap();
        assert_eq!(county.hub.export_cell(&export, &cell(1)).unwrap().len(), 2);
        let changed: Result<(), StoreError> = county.hub.store().write(|writing| {
            let account = writing.account(&desk.actor.account)?.unwrap();
            writing.put_account(&match expected {
                CallRefusal::SignedOut => Account { closed_at: Some(1), ..account },
                _ => Account { scopes: vec![scope("610722001002")], ..account },
            })
        });
        changed.unwrap();
        assert_eq!(county.hub.export_cell(&export, &cell(1)).unwrap_err().code(), expected);
    }
}

#[tokio::test]
async fn what_gave_way_to_another_entry_leaves_in_no_file() {
    let county = inhabited();
    let mut phone = county.worker("worker-3", &[cell(1)]);
    let mut home = phone.new_home(&cell(1));
    home[0].fields.insert("house_number".into(), json!("19号"));
    phone.push_all(&home);
    county.world.pass(1_000);
    let twice = phone.new_record(Kind::Person, &cell(1), json!({"household": home[1].id, "name": "张三三"}));
    let into = json!({"merged_into": home[2].id});
    let gives_way = phone.change(Kind::Person, twice.id, &cell(1), into);
    phone.push_all(&[twice, gives_way]);
    let boss = boss(&county).await;
    let csv = text(&boss, people("csv", "610722001001", Some("service"))).await;
    assert!(csv.contains("张三,") && !csv.contains("张三三"), "{csv}");
    let audit = county.hub.store().read(|reading| reading.audit(20)).unwrap();
    assert_eq!(audit.iter().filter(|entry| entry.action == "take_out").count(), 3);
}

#[tokio::test]
async fn what_is_published_of_a_cell_is_not_masked_in_its_file() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let fields = serde_json::from_value(json!({"name": "第1网格", "public_phone": "0916-5123456"})).unwrap();
    let record = Record {
        id: county.world.clone().record_id(),
        kind: Kind::Cell,
        cell: cell(1),
        fields,
        stamps: Stamps::all(Stamp::ZERO),
    };
    let by = AccountId::new("admin-1").unwrap();
    county.hub.load(&[BulkRecord { record, by, at: 1, state: ReviewState::NotReviewed }]).unwrap();
    let wish = json!({"kind": "cell", "place": "610722", "format": "csv", "reason": null,
        "columns": [{"field": "public_phone", "head": "公开电话"}]});
    assert!(text(&admin, wish).await.contains("0916-5123456"));
}

#[tokio::test]
async fn a_heading_that_reads_in_another_order_than_it_is_stored_in_is_refused() {
    let county = inhabited();
    let boss = boss(&county).await;
    for (head, told) in [("地\u{202E}址", "control_character"), ("地\u{2028}址", "line_break"), (" ", "required")] {
        let wish = json!({"kind": "household", "place": "610722001001", "format": "csv", "reason": null,
            "columns": [{"field": "access_note", "head": head}]});
        assert_eq!(boss.refused(PATH, wish).await.1, format!("columns {told}"));
    }
}
