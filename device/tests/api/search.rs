//! Finding people and doors by what one remembers.

use serde_json::{Value, json};

use crate::phone::Phone;

fn found(phone: &Phone, text: &str) -> Vec<(String, String, String)> {
    let text_of = |value: &Value| value.as_str().unwrap().to_owned();
    let hits = phone.ok("search", json!({"text": text}));
    let hits = hits.as_array().unwrap();
    hits.iter().map(|hit| (text_of(&hit["kind"]), text_of(&hit["title"]), text_of(&hit["matched"]))).collect()
}

#[test]
fn a_resident_is_found_by_name_pinyin_in_any_reading_phone_and_room() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "2", "501", "单玉芳");
    phone.edit("person", &family.head, json!({"phone": "13812345678"}));
    phone.family(&building, "2", "502", "张伟");
    let person = |matched: &str| vec![("person".to_owned(), "单玉芳".to_owned(), matched.to_owned())];
    for (text, matched) in [
        ("单玉", "name"),
        ("玉芳", "name"),
        ("syf", "pinyin"),
        ("dyf", "pinyin"),
        ("shan yufang", "pinyin"),
        ("5678", "phone"),
        ("678", "phone"),
    ] {
        assert_eq!(found(&phone, text), person(matched), "{text}");
    }
    for text in ["501", "2-501", "3号楼2单元501", "3-2-501"] {
        assert_eq!(found(&phone, text), [("household".to_owned(), "单玉芳".to_owned(), "room".to_owned())], "{text}");
    }
    assert_eq!(found(&phone, "3号楼")[0], ("building".to_owned(), "3号楼".to_owned(), "building".to_owned()));
    assert_eq!(found(&phone, "78"), [], "two digits are nobody's number");
    let hit = phone.ok("search", json!({"text": "syf"}))[0].clone();
    assert_eq!(hit["phone_masked"], "138****5678");
    assert_eq!(hit["subtitle"], "3号楼 2单元 501室");
    assert_eq!(hit["household_id"], json!(family.household));
}

#[test]
fn a_report_is_found_by_its_title() {
    let phone = Phone::new();
    phone.save("incident", json!({"category": "0601", "title": "井盖破损", "place": "东街口"}));
    assert_eq!(found(&phone, "井盖"), [("incident".to_owned(), "井盖破损".to_owned(), "name".to_owned())]);
    assert_eq!(found(&phone, "jgps"), [("incident".to_owned(), "井盖破损".to_owned(), "pinyin".to_owned())]);
}

#[test]
fn an_empty_flat_is_found_on_its_board() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    phone.save("dwelling", json!({"building": building, "unit": "1", "room": "601", "use": "vacant"}));
    let hit = phone.ok("search", json!({"text": "601"}))[0].clone();
    assert_eq!((&hit["kind"], &hit["id"]), (&json!("building"), &json!(building)));
}

#[test]
fn what_changed_is_found_at_once() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "2", "501", "张伟");
    assert_eq!(found(&phone, "zw").len(), 1);
    phone.edit("person", &family.head, json!({"name": "曾伟"}));
    assert_eq!(found(&phone, "zhangwei").len(), 0);
    assert_eq!(found(&phone, "cengwei").len(), 1);
    assert_eq!(found(&phone, "zengwei").len(), 1);
}

#[test]
fn nothing_typed_finds_nothing_and_the_limit_is_kept() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    for room in 101..106 {
        phone.family(&building, "1", &room.to_string(), "张伟");
    }
    assert_eq!(found(&phone, "  "), []);
    assert_eq!(found(&phone, "张").len(), 5);
    assert_eq!(phone.ok("search", json!({"text": "张", "limit": 2})).as_array().unwrap().len(), 2);
    assert_eq!(phone.ok("search", json!({"text": "张", "limit": 0})), json!([]));
    assert_eq!(found(&phone, "'; DROP TABLE record; --"), []);
    assert_eq!(found(&phone, "%"), []);
}
