//! Entered once, reported many times: the files as another program reads them.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use device::api::{Answer, call};
use serde_json::{Value, json};

use crate::phone::Phone;

fn file(phone: &Phone, sheet: &str, format: &str, unreported: bool) -> Vec<u8> {
    let args = json!({"id": sheet, "format": format, "unreported": unreported});
    match call(&phone.device, "export_sheet", args, None).unwrap() {
        Answer::Bytes { bytes, .. } => bytes,
        Answer::Json(value) => panic!("{value}"),
    }
}

fn cells(xlsx: Vec<u8>) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(xlsx)).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    let text = |cell: &Data| match cell {
        Data::String(text) => text.clone(),
        Data::Empty => String::new(),
        other => panic!("{other:?} is not text"),
    };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

fn line(phone: &Phone, sheet: &str) -> Value {
    let sheets = phone.ok("sheets", json!({}));
    sheets.as_array().unwrap().iter().find(|line| line["id"] == sheet).unwrap().clone()
}

#[test]
fn the_list_of_residents_is_read_by_another_program_cell_by_cell() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.save("person", json!({"household": family.household, "name": "李四", "sex": "2", "phone": "13812345678"}));
    let rows = cells(file(&phone, "residents", "xlsx", false));
    assert_eq!(rows[0][..4], ["序号", "住址", "姓名", "性别"]);
    assert_eq!(rows.len(), 3);
    let li = rows.iter().find(|row| row[2] == "李四").unwrap();
    assert_eq!((li[1].as_str(), li[3].as_str(), li[8].as_str()), ("3号楼 1单元 101室", "女性", "13812345678"));
}

#[test]
fn a_csv_opens_in_excel_with_chinese_and_calculates_nothing() {
    let phone = Phone::new();
    phone.save("incident", json!({"category": "0601", "title": "=HYPERLINK(\"x\",1)", "text": "两行\n有,逗号"}));
    let text = String::from_utf8(file(&phone, "incidents", "csv", false)).unwrap();
    assert!(text.starts_with("\u{FEFF}编号,时间"));
    assert!(text.contains("\"'=HYPERLINK(\"\"x\"\",1)\""), "{text}");
    assert!(text.contains("\"两行\n有,逗号\"\r\n"), "{text}");
    let rows = cells(file(&phone, "incidents", "xlsx", false));
    assert_eq!(rows[1][4], "=HYPERLINK(\"x\",1)", "text stays text in a workbook");
}

#[test]
fn what_was_reported_is_left_out_until_it_changes() {
    let phone = Phone::new();
    let first = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    phone.save("incident", json!({"category": "0601", "title": "路灯不亮"}));
    assert_eq!(line(&phone, "incidents")["unreported"], 2);
    let stamped = phone.ok("stamp_sheet", json!({"id": "incidents"}));
    assert_eq!((&stamped["rows"], &stamped["unreported"]), (&json!(2), &json!(0)));
    assert_eq!(cells(file(&phone, "incidents", "xlsx", true)).len(), 1, "the file says what the list says");
    phone.ok("save", json!({"kind": "incident", "id": first, "fields": {"title": "井盖缺失"}}));
    assert_eq!(line(&phone, "incidents")["unreported"], 1);
    let rows = cells(file(&phone, "incidents", "xlsx", true));
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1][4], "井盖缺失");
    assert_eq!(cells(file(&phone, "incidents", "xlsx", false)).len(), 3);
}

#[test]
fn the_month_counts_what_is_in_the_register() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let target = json!({"target": family.household, "target_kind": "household", "result": "met"});
    phone.ok("record_visit", target);
    phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    let now = phone.ok("today", json!({}))["recent"][0]["at"].as_i64().unwrap();
    let day = domain::validate::today(now).to_string();
    let (year, month) = (day[..4].parse::<i32>().unwrap(), day[5..7].parse::<u32>().unwrap());
    let page = phone.ok("month", json!({"year": year, "month": month}));
    assert_eq!((&page["households"], &page["visits"], &page["incidents"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(page["by_category"][0]["code"], "0601");
    assert_eq!(phone.ok("month", json!({"year": year - 1, "month": month}))["visits"], 0);
    phone.fails("month", json!({"year": year, "month": 13}));
}
