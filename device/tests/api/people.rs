//! Households and residents: their pages, saving, and what is refused.

use device::api::FailureCode;
use domain::ProblemCode;
use serde_json::json;

use crate::phone::{CELL, OTHER_CELL, Phone, id_of};

#[test]
fn a_resident_is_shown_masked_and_given_in_full() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let fields = json!({"phone": " +86 138-1234 5678", "document_kind": "id_card",
        "document_number": "１１０１０５１９４９１２３１００２x", "birth_date": "1949-12-31", "sex": "2"});
    let saved = phone.edit("person", &family.head, fields);
    assert_eq!(saved["warnings"], json!([]));
    let page = phone.ok("person", json!({"id": family.head}));
    assert_eq!(page["person"]["phone"], "13812345678");
    assert_eq!(page["person"]["document_number"], "11010519491231002X");
    assert_eq!(page["masked"], json!({"phone": "138****5678", "document_number": "110***********002X"}));
    assert_eq!(page["address"], "3号楼 1单元 101室");
    let household = phone.ok("household", json!({"id": family.household}));
    assert_eq!(household["people"][0]["phone_masked"], "138****5678");
    assert_eq!(household["people"][0]["age"], 76);
    assert!(!household["people"].to_string().contains("13812345678"));
}

#[test]
fn what_looks_odd_is_taken_with_a_warning() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let fields = json!({"document_kind": "id_card", "document_number": "11010519491231002X", "sex": "1"});
    assert_eq!(phone.edit("person", &family.head, fields)["warnings"], json!(["sex_differs"]));
}

#[test]
fn the_head_comes_first_and_who_left_comes_last() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let moved = phone.save(
        "person",
        json!({"household": family.household, "name": "李四", "relation": "10", "moved_out_on": "2026-01-02"}),
    );
    let child = phone.save("person", json!({"household": family.household, "name": "张小", "relation": "20"}));
    let page = phone.ok("household", json!({"id": family.household}));
    let ids: Vec<&str> =
        page["people"].as_array().unwrap().iter().map(|person| person["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [family.head.as_str(), child.as_str(), moved.as_str()]);
    assert_eq!(page["people"][2]["left"], true);
    assert_eq!(phone.ok("search", json!({"text": "lisi"}))[0]["id"], moved.as_str());
}

#[test]
fn every_wrong_field_is_named_with_what_is_wrong() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let before = phone.record(&family.head);
    let wrong = [
        (
            json!({"document_kind": "id_card", "document_number": "110105194912310021"}),
            "document_number",
            ProblemCode::IdCardCheck,
        ),
        (json!({"document_kind": "id_card", "document_number": "123"}), "document_number", ProblemCode::IdCardForm),
        (json!({"document_kind": "id_card"}), "document_number", ProblemCode::DocumentIncomplete),
        (json!({"birth_date": "2001-02-30"}), "birth_date", ProblemCode::NoSuchDate),
        (json!({"birth_date": "2099-01-01"}), "birth_date", ProblemCode::InFuture),
        (json!({"name": "张".repeat(51)}), "name", ProblemCode::TooLong),
        (json!({"name": "张\u{0007}三"}), "name", ProblemCode::NameForm),
        (json!({"name": " "}), "name", ProblemCode::Required),
        (json!({"name": null}), "name", ProblemCode::Required),
        (json!({"phone": "12345678901234"}), "phone", ProblemCode::PhoneForm),
        (json!({"sex": "male"}), "sex", ProblemCode::UnknownCode),
        (json!({"sex": 1}), "sex", ProblemCode::WrongType),
        (json!({"household": "nobody"}), "household", ProblemCode::WrongType),
        (json!({"household": family.head}), "household", ProblemCode::MissingTarget),
        (json!({"Name!": "x"}), "", ProblemCode::FieldName),
        (json!({"name": [[[[[[[[[1]]]]]]]]]}), "name", ProblemCode::ValueSize),
    ];
    for (fields, field, code) in wrong {
        let problems = phone.problems("save", json!({"kind": "person", "id": family.head, "fields": fields}));
        assert!(
            problems.iter().any(|problem| problem.field == field && problem.code == code),
            "{fields}: {problems:?}"
        );
    }
    let note = json!({"access_note": "恶犬\u{202E}"});
    let problems = phone.problems("save", json!({"kind": "household", "id": family.household, "fields": note}));
    assert_eq!(problems[0].code, ProblemCode::ControlCharacter);
    assert_eq!(phone.record(&family.head), before, "nothing stored has changed");
}

#[test]
fn a_new_resident_needs_a_name_and_a_home() {
    let phone = Phone::new();
    let fields: Vec<String> = phone
        .problems("save", json!({"kind": "person", "fields": {"sex": "1"}}))
        .into_iter()
        .map(|problem| problem.field)
        .collect();
    assert_eq!(fields, ["household", "name"]);
}

#[test]
fn a_new_record_lies_in_the_cell_of_what_it_belongs_to() {
    let phone = Phone::new();
    let args =
        json!({"kind": "building", "cell": OTHER_CELL, "fields": {"name": "9号楼", "building_kind": "residential"}});
    let building = id_of(&phone.ok("save", args));
    let args = json!({"kind": "dwelling", "fields": {"building": building, "room": "101", "use": "own"}});
    let dwelling = id_of(&phone.ok("save", args));
    assert_eq!(phone.record(&dwelling).cell.as_str(), OTHER_CELL);
    let foreign =
        json!({"kind": "building", "cell": "610722001002001", "fields": {"name": "1", "building_kind": "residential"}});
    assert_eq!(phone.problems("save", foreign)[0].code, ProblemCode::ForeignCell);
}

#[test]
fn one_door_in_town_is_entered_once_and_in_a_village_the_worker_is_asked() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let door = phone.save("dwelling", json!({"building": building, "unit": "2", "room": "501", "use": "own"}));
    let again = json!({"building": building, "unit": "二单元", "room": "５０１室", "use": "let"});
    let problems = phone.problems("save", json!({"kind": "dwelling", "cell": CELL, "fields": again}));
    assert_eq!((problems[0].field.as_str(), problems[0].code), ("room", ProblemCode::AddressTaken));
    // Another field of the same door is no new address.
    phone.edit("dwelling", &door, json!({"use": "let"}));
    phone.edit("dwelling", &door, json!({"room": "501", "floor": 5}));

    phone.save("dwelling", json!({"group": "二组", "house_number": "18", "use": "own"}));
    let again =
        json!({"kind": "dwelling", "cell": CELL, "fields": {"group": "2组", "house_number": "18号", "use": "own"}});
    assert_eq!(phone.ok("save", again)["warnings"], json!(["same_address"]));
}

#[test]
fn who_was_taken_out_of_the_register_can_be_put_back() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.ok("remove", json!({"id": family.head}));
    assert_eq!(phone.fails("person", json!({"id": family.head})), FailureCode::NotFound);
    assert_eq!(phone.ok("search", json!({"text": "张三"})), json!([]));
    phone.ok("put_back", json!({"id": family.head}));
    assert_eq!(phone.ok("person", json!({"id": family.head}))["person"]["name"], "张三");
}

#[test]
fn visits_photos_and_reviews_are_not_saved_as_records() {
    let phone = Phone::new();
    for kind in ["visit", "photo", "review"] {
        let problems = phone.problems("save", json!({"kind": kind, "fields": {"result": "met"}}));
        assert_eq!(problems[0].code, ProblemCode::NotAllowed, "{kind}");
    }
    let cell = json!({"kind": "cell", "fields": {"code": CELL, "name": "第1网格", "cell_kind": "general"}});
    assert_eq!(phone.problems("save", cell)[0].code, ProblemCode::NotAllowed);
    assert_eq!(
        phone.problems("save", json!({"kind": "kind_of_tomorrow", "fields": {"a": 1}}))[0].code,
        ProblemCode::NotAllowed
    );
}

#[test]
fn a_returned_entry_carries_the_remarks_until_it_is_corrected() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.round();
    phone.review(&family.head, "returned", json!({"phone": "请补电话"}), None);
    let page = phone.ok("person", json!({"id": family.head}));
    assert_eq!(page["review"]["state"], "returned");
    assert_eq!(page["review"]["remarks"], json!({"phone": "请补电话"}));
    assert_eq!(page["sent"], true);
    phone.edit("person", &family.head, json!({"phone": "13812345678"}));
    let page = phone.ok("person", json!({"id": family.head}));
    assert_eq!((&page["review"]["state"], &page["sent"]), (&json!("waiting"), &json!(false)));
    phone.round();
    phone.review(&family.head, "approved", json!({}), None);
    assert_eq!(phone.ok("person", json!({"id": family.head}))["review"]["state"], "approved");
}

#[test]
fn the_phone_says_that_the_community_approved_and_hears_when_it_takes_that_back() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.round();
    let state = || phone.ok("person", json!({"id": family.head}))["review"]["state"].clone();
    let review = phone.review_with(&family.head, json!({"verdict": "approved", "level": "community"}));
    assert_eq!(state(), "at_town");
    phone.review_with(&family.head, json!({"verdict": "taken_back", "takes_back": review}));
    assert_eq!(state(), "waiting");
    phone.review_with(&family.head, json!({"verdict": "approved", "level": "community"}));
    phone.review_with(&family.head, json!({"verdict": "returned", "note": "请核对", "level": "town"}));
    assert_eq!(state(), "returned");
    let returned = phone.ok("today", json!({}))["returned"].clone();
    assert_eq!((&returned[0]["record_id"], &returned[0]["note"]), (&json!(family.head), &json!("请核对")));
}

#[test]
fn the_phone_says_who_corrected_a_record_until_it_is_changed_again() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.round();
    phone.review_with(&family.head, json!({"verdict": "corrected", "corrected": ["phone"], "note": "按户主更正"}));
    let correction = phone.ok("person", json!({"id": family.head}))["review"]["correction"].clone();
    assert_eq!((&correction["by"], &correction["fields"]), (&json!("supervisor-1"), &json!(["phone"])));
    assert_eq!(correction["note"], "按户主更正");
    phone.edit("person", &family.head, json!({"phone": "13812345678"}));
    assert_eq!(phone.ok("person", json!({"id": family.head}))["review"]["correction"], json!(null));
}
