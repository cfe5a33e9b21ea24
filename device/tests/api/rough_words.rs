//! What people type and paste: told beside its field or stored exactly, and never lost.

use domain::{CellCode, Kind, ProblemCode};
use serde_json::{Value, json};

use crate::phone::{CELL, Phone, record};

const LONG: usize = 10_000;

/// A saved incident and dispute, to write into.
fn cases(phone: &Phone) -> (String, String) {
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    let parties = json!([{"name": "张三", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    let dispute = phone
        .save("dispute", json!({"type": "01", "source": "applied", "accepted_on": "2026-11-20", "parties": parties}));
    (incident, dispute)
}

fn told(phone: &Phone, kind: &str, id: &str, fields: Value) -> Vec<(String, ProblemCode)> {
    let before = phone.record(id);
    let problems = phone.problems("save", json!({"kind": kind, "id": id, "fields": fields}));
    assert_eq!(phone.record(id), before, "nothing was stored");
    problems.into_iter().map(|problem| (problem.field, problem.code)).collect()
}

#[test]
fn a_negative_amount_an_impossible_day_and_a_note_without_end_are_told_beside_their_fields() {
    let phone = Phone::new();
    let (incident, dispute) = cases(&phone);
    for amount in ["-1200.00", "\u{2212}1200.00", "1200", "一千"] {
        let problems = told(&phone, "dispute", &dispute, json!({"amount": amount}));
        assert_eq!(problems, [("amount".to_owned(), ProblemCode::AmountForm)], "{amount}");
    }
    let wrong = json!({"accepted_on": "2026-02-30", "facts": "长".repeat(LONG), "amount": "-0.01"});
    let mut problems = told(&phone, "dispute", &dispute, wrong);
    problems.sort_by(|one, other| one.0.cmp(&other.0));
    let all = [
        ("accepted_on", ProblemCode::NoSuchDate),
        ("amount", ProblemCode::AmountForm),
        ("facts", ProblemCode::TooLong),
    ];
    assert_eq!(problems, all.map(|(field, code)| (field.to_owned(), code)), "each beside its own field");
    let problems = told(&phone, "incident", &incident, json!({"text": "长".repeat(LONG)}));
    assert_eq!(problems, [("text".to_owned(), ProblemCode::TooLong)]);
    let building =
        json!({"kind": "building", "fields": {"name": "3号楼", "building_kind": "residential", "floors": -3}});
    assert_eq!(phone.problems("save", building)[0].code, ProblemCode::TooSmall);
}

#[test]
fn the_words_of_a_form_that_was_refused_are_there_after_a_crash() {
    let mut phone = Phone::new();
    let (_, dispute) = cases(&phone);
    let words = json!({"facts": format!("{}\u{202E}🐕‍🦺\n𪚥", "长".repeat(LONG)), "amount": "-1"});
    phone.ok("save_draft", json!({"key": format!("edit:{dispute}"), "value": words}));
    told(&phone, "dispute", &dispute, words.clone());
    phone.restart();
    assert_eq!(phone.ok("draft", json!({"key": format!("edit:{dispute}")}))["value"], words);
}

#[test]
fn emoji_and_rare_characters_are_stored_and_found_as_they_were_written() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "𡐓𡋾大楼 🏢", "building_kind": "residential"}));
    for (room, name) in [("101", "𠮷𪚥"), ("102", "𫝀𬺰"), ("103", "𱍐\u{E000}")] {
        let family = phone.family(&building, "1", room, name);
        let note = "两条狗 🐕‍🦺👍🏽\n\n门铃坏了，𠮷姓";
        phone.edit("household", &family.household, json!({"access_note": note, "best_time": "🌙 晚上"}));
        let page = phone.ok("household", json!({"id": family.household}));
        assert_eq!((&page["household"]["access_note"], &page["people"][0]["name"]), (&json!(note), &json!(name)));
        let hits = phone.ok("search", json!({"text": name}));
        assert_eq!((hits.as_array().unwrap().len(), &hits[0]["id"]), (1, &json!(family.head)), "{name}");
    }
    assert_eq!(phone.record(&building).text("name"), Some("𡐓𡋾大楼 🏢"));
}

#[test]
fn a_line_break_that_is_pasted_into_one_line_is_a_blank_and_one_in_a_note_stays() {
    let phone = Phone::new();
    let (incident, _) = cases(&phone);
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.edit("incident", &incident, json!({"title": "井盖\r\n\r\n破损 \u{2028}路口", "text": "第一行\n第二行"}));
    let stored = phone.record(&incident);
    assert_eq!((stored.text("title"), stored.text("text")), (Some("井盖 破损 路口"), Some("第一行\n第二行")));
    phone.edit("person", &family.head, json!({"name": "张\n三", "moved_to": "西安市\n未央区"}));
    let stored = phone.record(&family.head);
    assert_eq!((stored.text("name"), stored.text("moved_to")), (Some("张 三"), Some("西安市 未央区")));
    phone.edit("dwelling", &family.dwelling, json!({"room": "\n101\n"}));
    assert_eq!(phone.record(&family.dwelling).text("room"), Some("101"));
    let problems = told(&phone, "person", &family.head, json!({"name": "\n\r\n"}));
    assert_eq!(problems, [("name".to_owned(), ProblemCode::Required)], "nothing but line breaks is nothing");
}

#[test]
fn a_number_copied_out_of_an_address_book_is_taken_and_one_that_was_turned_round_is_not() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    phone.edit("person", &family.head, json!({"phone": "\u{202D}+86 138 0000 1111\u{202C}"}));
    assert_eq!(phone.record(&family.head).text("phone"), Some("13800001111"));
    for turned in ["\u{202E}11110000831\u{202C}", "\u{2067}13800001111\u{2069}", "\u{200F}13800001111"] {
        let problems = told(&phone, "person", &family.head, json!({"phone": turned}));
        assert_eq!(problems, [("phone".to_owned(), ProblemCode::PhoneForm)], "{turned:?}");
    }
    for (field, text, code) in [
        ("name", "\u{202E}三张", ProblemCode::NameForm),
        ("moved_to", "\u{2067}西安", ProblemCode::ControlCharacter),
        ("moved_to", "\u{061C}西安", ProblemCode::ControlCharacter),
    ] {
        let problems = told(&phone, "person", &family.head, json!({ field: text }));
        assert_eq!(problems, [(field.to_owned(), code)], "{text:?}");
    }
}

#[test]
fn an_old_record_with_several_lines_in_one_opens_and_can_be_corrected() {
    let phone = Phone::new();
    let cell = CellCode::new(CELL).unwrap();
    let fields = json!({"category": "0601", "title": "井盖\n破损", "by": "another-1", "happened_at": phone.now(), "source": "worker", "severity": 3});
    let old = record(&cell, Kind::Incident, phone.now(), fields);
    let id = old.id.to_string();
    phone.give([old]);
    assert_eq!(phone.ok("incident", json!({"id": id}))["incident"]["title"], "井盖\n破损");
    // The form sends what stood there along with what was corrected.
    phone.edit("incident", &id, json!({"title": "井盖\n破损", "text": "路口北侧"}));
    assert_eq!(phone.record(&id).text("title"), Some("井盖\n破损"), "nobody's words are touched in passing");
    phone.round();
    phone.edit("incident", &id, json!({"title": "井盖\n已换"}));
    assert_eq!(phone.record(&id).text("title"), Some("井盖 已换"));
    phone.round();
    assert_eq!(phone.ok("record", json!({"id": id}))["sent"], true);
}
