//! Entries that two people changed: what the screens are told, the tap that puts a value back, and the tap that undoes it.

use device::api::FailureCode;
use domain::conflict::{Conflict, Hand, Writer};
use domain::{AccountId, Node, Stamp};
use serde_json::{Value, json};

use crate::phone::{DAY, Phone};

fn writer(account: &str, name: &str, hand: Hand) -> Option<Writer> {
    Some(Writer { account: AccountId::new(account).unwrap(), name: name.to_owned(), hand })
}

/// The server tells that a value of a record was set aside for the one that stands.
fn set_aside(phone: &Phone, id: &str, field: &str, value: Value, by: Option<Writer>, won_by: Option<Writer>) -> Value {
    let record = phone.record(id);
    let stamp = Stamp::new(phone.now() - 60_000, 0, Node(0xC0));
    let won_stamp = record.stamps.of(field);
    phone
        .tell(record.clone(), Conflict { record: record.id, field: field.into(), value, stamp, by, won_stamp, won_by });
    json!({"id": id, "field": field, "stamp": stamp})
}

fn family(phone: &Phone) -> crate::phone::Family {
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "2", "501", "单雄");
    phone.edit("person", &family.head, json!({"phone": "13900000002"}));
    phone.round();
    family
}

#[test]
fn a_page_says_both_values_and_whose_they_are() {
    let phone = Phone::new();
    let family = family(&phone);
    let colleague = writer("worker-2", "李四", Hand::OtherPhone);
    let own = writer("worker-1", "演示网格员", Hand::ThisPhone);
    set_aside(&phone, &family.head, "phone", json!("13900000001"), colleague, own);
    let page = phone.ok("person", json!({"id": family.head}));
    let line = &page["conflicts"][0];
    assert_eq!(
        (&line["field"], &line["restored"], &line["restorable"]),
        (&json!("phone"), &json!(false), &json!(true))
    );
    assert_eq!((&line["present"]["value"], &line["present"]["whose"]), (&json!("13900000002"), &json!("mine")));
    let other = &line["other"];
    assert_eq!(
        (&other["value"], &other["whose"], &other["name"]),
        (&json!("13900000001"), &json!("colleague"), &json!("李四"))
    );
    assert_eq!(other["at"], phone.now() - 60_000);
    let today = phone.ok("today", json!({}));
    assert_eq!(today["conflicts"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&today["conflicts"][0]["title"], &today["conflicts"][0]["fields"]),
        (&json!("单雄"), &json!(["phone"]))
    );
}

#[test]
fn two_phones_of_one_worker_and_the_desk_are_told_apart() {
    let phone = Phone::new();
    let family = family(&phone);
    let desk = writer("boss", "王五", Hand::Desk);
    set_aside(
        &phone,
        &family.head,
        "phone",
        json!("13900000001"),
        writer("worker-1", "演示网格员", Hand::OtherPhone),
        desk,
    );
    let line = &phone.ok("record", json!({"id": family.head}))["conflicts"][0];
    assert_eq!((&line["other"]["whose"], &line["other"]["name"]), (&json!("mine_elsewhere"), &Value::Null));
    assert_eq!((&line["present"]["whose"], &line["present"]["name"]), (&json!("desk"), &json!("王五")));
}

#[test]
fn one_tap_puts_a_value_back_and_the_same_tap_undoes_it() {
    let phone = Phone::new();
    let family = family(&phone);
    let own = writer("worker-1", "演示网格员", Hand::ThisPhone);
    let colleague = writer("worker-2", "李四", Hand::OtherPhone);
    let named = set_aside(&phone, &family.head, "phone", json!("13900000001"), own, colleague);
    let person = |phone: &Phone| phone.ok("person", json!({"id": family.head}));
    phone.ok("restore_value", named.clone());
    let page = person(&phone);
    assert_eq!(
        (&page["person"]["phone"], &page["sent"]),
        (&json!("13900000001"), &json!(false)),
        "it goes up like any edit"
    );
    let line = &page["conflicts"][0];
    assert_eq!((&line["restored"], &line["present"]["whose"]), (&json!(true), &json!("mine")));
    assert_eq!((&line["other"]["value"], &line["other"]["name"]), (&json!("13900000002"), &json!("李四")));
    assert!(phone.ok("today", json!({}))["conflicts"].as_array().unwrap().is_empty(), "nothing is open");
    // Sent and settled by the server: the way back is still there.
    phone.give([phone.record(&family.head)]);
    assert_eq!(person(&phone)["conflicts"][0]["restored"], true);
    phone.ok("restore_value", named.clone());
    let page = person(&phone);
    let line = &page["conflicts"][0];
    assert_eq!((&page["person"]["phone"], &line["restored"]), (&json!("13900000002"), &json!(false)));
    assert_eq!(
        (&line["present"]["name"], &line["other"]["value"]),
        (&json!("李四"), &json!("13900000001")),
        "as it was before"
    );
    phone.ok("restore_value", named);
    let page = person(&phone);
    assert_eq!(page["person"]["phone"], "13900000001");
    assert_eq!(page["conflicts"][0]["other"]["name"], "李四", "the third time as the first");
}

#[test]
fn the_way_back_from_a_restored_value_is_shown_for_a_day() {
    let phone = Phone::new();
    let family = family(&phone);
    let named = set_aside(&phone, &family.head, "phone", json!("13900000001"), None, None);
    phone.ok("restore_value", named.clone());
    phone.wait(DAY + 60_000);
    assert!(phone.ok("person", json!({"id": family.head}))["conflicts"].as_array().unwrap().is_empty());
    assert_eq!(phone.fails("restore_value", named), FailureCode::NotFound);
}

#[test]
fn a_conflict_survives_the_end_of_the_program() {
    let mut phone = Phone::new();
    let family = family(&phone);
    let named = set_aside(&phone, &family.head, "phone", json!("13900000001"), None, None);
    phone.restart();
    phone.ok("restore_value", named);
    phone.restart();
    let page = phone.ok("person", json!({"id": family.head}));
    assert_eq!((&page["person"]["phone"], &page["conflicts"][0]["restored"]), (&json!("13900000001"), &json!(true)));
}

#[test]
fn a_value_that_names_a_person_is_told_by_the_name() {
    let phone = Phone::new();
    let family = family(&phone);
    let son = phone.save("person", json!({"household": family.household, "name": "单文"}));
    set_aside(&phone, &family.household, "head", json!(son), None, None);
    let line = &phone.ok("household", json!({"id": family.household}))["conflicts"][0];
    assert_eq!((&line["present"]["title"], &line["other"]["title"]), (&json!("单雄"), &json!("单文")));
    assert_eq!(line["present"]["whose"], "unknown");
}

#[test]
fn an_amount_names_and_a_day_ahead_are_told_like_any_other_value() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let door = phone.save("dwelling", json!({"building": building, "unit": "1", "room": "101", "use": "let"}));
    let tenancy = phone.save("tenancy", json!({"dwelling": door, "starts_on": "2026-01-01", "ends_on": "2027-01-31"}));
    let parties = json!([{"name": "张三", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    let case = phone.save(
        "dispute",
        json!({"type": "02", "source": "applied", "accepted_on": "2026-11-20", "parties": parties,
            "amount": "1200.00", "mediators": ["王五"]}),
    );
    phone.round();
    for (kind, id, field, other) in [
        ("tenancy", &tenancy, "ends_on", json!("2027-06-30")),
        ("dispute", &case, "amount", json!("12000.00")),
        ("dispute", &case, "mediators", json!(["王五", "赵六"])),
    ] {
        set_aside(&phone, id, field, other.clone(), None, None);
        let lines = phone.ok(kind, json!({"id": id}))["conflicts"].clone();
        assert_eq!(lines.as_array().unwrap().len(), 1, "{field}");
        assert_eq!((&lines[0]["field"], &lines[0]["other"]["value"]), (&json!(field), &other));
        let today = phone.ok("today", json!({}));
        let told = today["conflicts"].as_array().unwrap().iter().find(|item| item["record_id"] == id.as_str());
        assert_eq!(told.unwrap()["fields"], json!([field]));
    }
}

#[test]
fn whose_a_care_plan_was_to_be_is_told_by_the_name_to_whoever_has_it() {
    let phone = Phone::new();
    let family = family(&phone);
    let fields =
        json!({"person": family.head, "reason": "alone", "level": "a", "consent": "oral", "starts_on": "2026-11-22"});
    let plan = phone.save("care_plan", fields);
    phone.round();
    set_aside(&phone, &plan, "responsible", json!("worker-9"), None, None);
    let titles = |phone: &Phone| {
        let line = phone.ok("care_plan", json!({"id": plan}))["conflicts"][0].clone();
        (line["present"]["title"].clone(), line["other"]["title"].clone())
    };
    assert_eq!(titles(&phone), (json!("演示网格员"), json!("worker-9")), "of whom nothing but the account is known");
    let colleague = writer("worker-2", "李四", Hand::OtherPhone);
    let named = set_aside(&phone, &plan, "responsible", json!("worker-2"), colleague, None);
    assert_eq!(titles(&phone), (json!("演示网格员"), json!("李四")));
    let today = phone.ok("today", json!({}));
    assert_eq!(today["conflicts"][0]["fields"], json!(["responsible"]));
    phone.ok("restore_value", named);
    assert_eq!(phone.fails("care_plan", json!({"id": plan})), FailureCode::NotFound, "it is the colleague's now");
    assert_eq!(phone.ok("today", json!({}))["conflicts"], json!([]), "nothing of it is shown to who has it no longer");
}

#[test]
fn what_no_person_can_read_and_what_is_equal_is_not_asked() {
    let phone = Phone::new();
    let family = family(&phone);
    set_aside(&phone, &family.head, "phone", json!("13900000002"), None, None);
    set_aside(&phone, &family.head, "something_new", json!({"a": 1}), None, None);
    assert!(phone.ok("person", json!({"id": family.head}))["conflicts"].as_array().unwrap().is_empty());
    assert!(phone.ok("today", json!({}))["conflicts"].as_array().unwrap().is_empty());
}

#[test]
fn a_conflict_that_is_not_there_cannot_be_decided() {
    let phone = Phone::new();
    let family = family(&phone);
    let named = set_aside(&phone, &family.head, "phone", json!("13900000001"), None, None);
    let mut wrong = named.clone();
    wrong["field"] = json!("name");
    for command in ["restore_value", "dismiss_conflict"] {
        assert_eq!(phone.fails(command, wrong.clone()), FailureCode::NotFound);
    }
    phone.ok("dismiss_conflict", named.clone());
    assert_eq!(phone.fails("restore_value", named), FailureCode::NotFound);
}
