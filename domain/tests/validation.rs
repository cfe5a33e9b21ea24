//! What may be stored and what is refused, with the code that the screen translates.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeMap;

use domain::codes::Lists;
use domain::protocol::{CHANGE_BYTES_MAX, CHANGE_FIELDS_MAX};
use domain::spec::{FieldType, fields};
use domain::validate::{Setting, Warning, problems, problems_of_its_day, warnings};
use domain::{CellCode, Change, Fields, Kind, Node, ProblemCode, Record, RecordId, Stamp, Stamps};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

const NOW: i64 = 1_795_300_000_000; // 2026-11-22

fn change(kind: &str, fields: Value) -> Change {
    Change {
        id: RecordId(Uuid::from_u128(1)),
        kind: Kind::from_name(kind),
        cell: CellCode::new("610722001001001").unwrap(),
        fields: serde_json::from_value::<Fields>(fields).unwrap(),
        stamps: Stamps::all(Stamp::new(NOW, 0, Node(1))),
        base: BTreeMap::new(),
    }
}

fn judge(change: &Change, current: Option<&Record>) -> Vec<(String, ProblemCode)> {
    let lists = Lists::initial();
    problems(change, current, Setting { now: NOW, lists: &lists }).into_iter().map(|p| (p.field, p.code)).collect()
}

fn id() -> String {
    RecordId(Uuid::from_u128(2)).to_string()
}

fn person() -> Record {
    change("person", json!({"household": id(), "name": "单小明"})).into_record()
}

/// One field of an existing person gets this value: what is wrong with it?
fn person_field(field: &str, value: Value) -> Option<ProblemCode> {
    judge(&change("person", json!({field: value})), Some(&person())).first().map(|(_, code)| *code)
}

#[test]
fn target_and_result_are_enough_for_a_visit() {
    let visit = json!({"target": id(), "target_kind": "household", "at": NOW, "result": "met", "by": "worker-1"});
    assert_eq!(judge(&change("visit", visit), None), []);
    let empty = judge(&change("visit", json!({"note": "x"})), None);
    let missing: Vec<&str> = empty.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(missing, ["target", "target_kind", "at", "result", "by"]);
    assert!(empty.iter().all(|(_, code)| *code == ProblemCode::Required));
}

#[test]
fn a_remark_says_something() {
    let review = |remarks: Value| {
        let fields = json!({"target": id(), "target_kind": "visit", "version": "0".repeat(32), "verdict": "returned", "at": NOW,
            "by": "boss-1", "remarks": remarks});
        change("review", fields)
    };
    assert_eq!(judge(&review(json!({"note": "请写清位置"})), None), []);
    assert_eq!(judge(&review(json!({})), None), []);
    let lists = Lists::initial();
    for blank in ["", " \n", "\u{3000}"] {
        let review = review(json!({"at": "请核对", "note": blank}));
        assert_eq!(judge(&review, None), [("remarks".to_owned(), ProblemCode::Required)], "{blank:?}");
        // An older version took it: it comes back when a server has lost it.
        assert!(problems_of_its_day(&review, None, Setting { now: NOW, lists: &lists }).is_empty());
    }
}

#[test]
fn a_correction_needs_only_the_corrected_field() {
    assert_eq!(judge(&change("person", json!({"phone": "13800001111"})), Some(&person())), []);
}

#[test]
fn each_kind_of_wrong_value_has_its_code() {
    let cases = [
        ("name", json!(""), ProblemCode::Required),
        ("name", json!(null), ProblemCode::Required),
        ("name", json!("<script>"), ProblemCode::NameForm),
        ("name", json!("a1"), ProblemCode::NameForm),
        ("name", json!("名".repeat(51)), ProblemCode::TooLong),
        ("name", json!(7), ProblemCode::WrongType),
        ("sex", json!("3"), ProblemCode::UnknownCode),
        ("birth_date", json!("2026-02-30"), ProblemCode::NoSuchDate),
        ("birth_date", json!("2026-2-3"), ProblemCode::NoSuchDate),
        ("birth_date", json!("2027-01-01"), ProblemCode::InFuture),
        ("birth_date", json!("0001-01-01"), ProblemCode::NoSuchDate),
        ("phone", json!("1380000"), ProblemCode::PhoneForm),
        ("household", json!("somewhere"), ProblemCode::WrongType),
        ("deleted", json!("yes"), ProblemCode::WrongType),
        ("cell", json!("6107"), ProblemCode::WrongType),
        ("cell", json!(null), ProblemCode::WrongType),
        ("document_number", json!("610722199001011234"), ProblemCode::DocumentIncomplete),
    ];
    for (field, value, code) in cases {
        assert_eq!(person_field(field, value.clone()), Some(code), "{field} = {value}");
    }
}

#[test]
fn a_wrong_check_digit_is_told_from_a_wrong_form() {
    let number = |text: &str| {
        let fields = json!({"document_kind": "id_card", "document_number": text});
        judge(&change("person", fields), Some(&person()))
    };
    assert_eq!(number("11010519491231002X"), []);
    assert_eq!(number("110105194912310021"), [("document_number".to_owned(), ProblemCode::IdCardCheck)]);
    assert_eq!(number("1101051949"), [("document_number".to_owned(), ProblemCode::IdCardForm)]);
}

#[test]
fn rare_characters_and_minority_names_are_names() {
    for name in ["阿卜杜拉·买买提", "𠀀𪚥", "单", "欧阳娜娜", "José María", "\u{E000}伟"] {
        assert_eq!(person_field("name", json!(name)), None, "{name}");
    }
}

#[test]
fn long_notes_and_marks_that_turn_text_around_are_refused_and_line_breaks_are_not() {
    let visit = |note: String| {
        let fields = json!({"target": id(), "target_kind": "household", "at": NOW, "result": "met", "by": "worker-1", "note": note});
        judge(&change("visit", fields), None)
    };
    assert_eq!(visit("老人独居😀\n下周再来\t。".into()), []);
    assert_eq!(visit("字".repeat(10_000)), [("note".to_owned(), ProblemCode::TooLong)]);
    assert_eq!(visit("a\u{202E}b".into()), [("note".to_owned(), ProblemCode::ControlCharacter)]);
    assert_eq!(visit("a\u{0}b".into()), [("note".to_owned(), ProblemCode::ControlCharacter)]);
}

/// What is wrong with a text in a field of a record that is there already.
fn text_field(kind: &Kind, field: &str, text: &str) -> Option<ProblemCode> {
    let change = change(kind.as_str(), json!({ field: text }));
    let current = change.clone().into_record();
    judge(&change, Some(&current)).first().map(|(_, code)| *code)
}

#[test]
fn every_text_of_every_kind_takes_what_people_write_and_says_what_it_does_not_take() {
    let mut seen = (0, 0);
    for kind in Kind::KNOWN {
        for spec in fields(&kind) {
            let (max, several) = match spec.of {
                FieldType::Text { max } => (max, false),
                FieldType::Lines { max } => (max, true),
                _ => continue,
            };
            let told = |text: &str| text_field(&kind, spec.name, text);
            let place = format!("{kind} {}", spec.name);
            seen = if several { (seen.0, seen.1 + 1) } else { (seen.0 + 1, seen.1) };
            for good in ["𠮷野家 𪚥", "𫝀𬺰𱍐", "🐕‍🦺👍🏽", "a\tb", "ü é 〇"] {
                assert_eq!(told(good), None, "{place}: {good}");
            }
            assert_eq!(told(&"𪚥".repeat(max)), None, "{place}: characters are counted, not bytes");
            assert_eq!(told(&"字".repeat(max + 1)), Some(ProblemCode::TooLong), "{place}");
            assert_eq!(told(&"字".repeat(10_000)), Some(ProblemCode::TooLong), "{place}");
            for mark in [
                '\u{061C}', '\u{200E}', '\u{200F}', '\u{202A}', '\u{202E}', '\u{2066}', '\u{2069}', '\u{0}', '\u{7F}',
                '\u{85}',
            ] {
                assert_eq!(told(&format!("甲{mark}乙")), Some(ProblemCode::ControlCharacter), "{place}: {mark:?}");
            }
            for line_break in ["\n", "\r\n", "\u{2028}", "\u{2029}"] {
                let expected = if several { None } else { Some(ProblemCode::LineBreak) };
                assert_eq!(told(&format!("甲{line_break}乙")), expected, "{place}: {line_break:?}");
            }
        }
    }
    assert!(seen.0 > 20 && seen.1 > 20, "{seen:?}");
}

#[test]
fn an_old_value_of_several_lines_stands_in_nobody_s_way() {
    let old = change("incident", json!({"category": "0601", "title": "井盖\n破损", "severity": 3})).into_record();
    assert_eq!(judge(&change("incident", json!({"severity": 2})), Some(&old)), [], "another field is corrected");
    assert_eq!(judge(&change("incident", json!({"title": "井盖破损"})), Some(&old)), []);
    assert_eq!(judge(&change("incident", json!({"title": "井盖\n坏了"})), Some(&old))[0].1, ProblemCode::LineBreak);
}

#[test]
fn no_amount_is_negative_and_no_day_impossible() {
    let field = |kind: &str, field: &str, value: Value| {
        let change = change(kind, json!({ field: value }));
        let current = change.clone().into_record();
        judge(&change, Some(&current)).first().map(|(_, code)| *code)
    };
    for amount in ["-1.00", "\u{2212}1.00", "+1.00", "1", "1.5", "1e3", "1,000.00", "１.００", "00.10", "1.00\n", "NaN"]
    {
        assert_eq!(field("dispute", "amount", json!(amount)), Some(ProblemCode::AmountForm), "{amount:?}");
    }
    assert_eq!(field("dispute", "amount", json!(-1)), Some(ProblemCode::WrongType));
    assert_eq!(field("dispute", "amount", json!("999999999999.99")), None);
    for (kind, name) in [("building", "floors"), ("building", "units"), ("tenancy", "tenants"), ("premises", "area_m2")]
    {
        assert_eq!(field(kind, name, json!(-1)), Some(ProblemCode::TooSmall), "{kind} {name}");
        assert_eq!(field(kind, name, json!(i64::MIN)), Some(ProblemCode::TooSmall), "{kind} {name}");
        assert_eq!(field(kind, name, json!(i64::MAX)), Some(ProblemCode::TooLarge), "{kind} {name}");
        assert_eq!(field(kind, name, json!("3")), Some(ProblemCode::WrongType), "{kind} {name}");
    }
    for kind in Kind::KNOWN {
        for spec in fields(&kind).iter().filter(|spec| matches!(spec.of, FieldType::Date | FieldType::PastDate)) {
            for day in [
                "2026-02-29",
                "2026-13-01",
                "2026-00-10",
                "2026-01-32",
                "0000-01-01",
                "20260101",
                "2026-1-1",
                "２０２６-01-01",
                "昨天",
            ] {
                assert_eq!(
                    field(kind.as_str(), spec.name, json!(day)),
                    Some(ProblemCode::NoSuchDate),
                    "{kind} {} {day}",
                    spec.name
                );
            }
        }
    }
}

#[test]
fn a_moment_in_the_future_is_refused_beyond_a_days_grace() {
    let visit = |at: i64| {
        judge(
            &change(
                "visit",
                json!({"target": id(), "target_kind": "household", "at": at, "result": "met", "by": "worker-1"}),
            ),
            None,
        )
    };
    assert_eq!(visit(NOW + 60_000), []);
    assert_eq!(visit(NOW + 30 * 86_400_000), [("at".to_owned(), ProblemCode::InFuture)]);
}

#[test]
fn an_unknown_kind_is_refused_and_an_unknown_field_is_kept() {
    assert_eq!(judge(&change("balloon", json!({"a": 1})), None), [(String::new(), ProblemCode::UnknownKind)]);
    assert_eq!(person_field("floor_heating", json!("gas")), None);
    assert_eq!(person_field("Floor heating", json!("gas")), Some(ProblemCode::FieldName));
}

#[test]
fn deep_and_huge_values_are_refused() {
    let mut deep = json!(1);
    for _ in 0..20 {
        deep = json!([deep]);
    }
    assert_eq!(person_field("newer", deep), Some(ProblemCode::ValueSize));
    assert_eq!(person_field("newer", json!("x".repeat(200_000))), Some(ProblemCode::TooManyBytes));
    let many: Fields = (0..200).map(|n| (format!("f{n}"), json!(1))).collect();
    assert_eq!(judge(&change("person", json!(many)), Some(&person()))[0].1, ProblemCode::FieldName);
    assert_eq!(judge(&change("person", json!({})), Some(&person()))[0].1, ProblemCode::FieldName);
}

#[test]
fn a_record_that_is_as_large_as_may_be_is_no_larger_once_it_was_moved() {
    let standing = person();
    let code = |fields: Fields| judge(&change("person", json!(fields)), Some(&standing)).into_iter().next();
    let many = |count: usize| -> Fields { (0..count).map(|n| (format!("f{n}"), json!(1))).collect() };
    let moved = |mut fields: Fields| {
        fields.insert("cell".into(), json!("610722001001002"));
        fields
    };
    assert_eq!(code(moved(many(CHANGE_FIELDS_MAX))), None);
    let too_many = code(moved(many(CHANGE_FIELDS_MAX + 1)));
    assert_eq!(too_many, Some((String::new(), ProblemCode::FieldName)));
    let long = |bytes: usize| Fields::from([("newer".into(), json!("x".repeat(bytes - r#"{"newer":""}"#.len())))]);
    assert_eq!((code(long(CHANGE_BYTES_MAX)), code(moved(long(CHANGE_BYTES_MAX)))), (None, None));
    for fields in [long(CHANGE_BYTES_MAX + 1), moved(long(CHANGE_BYTES_MAX + 1))] {
        assert_eq!(code(fields), Some((String::new(), ProblemCode::TooManyBytes)));
    }
    // Nothing else hides behind the name of that field.
    let hidden = Fields::from([("cell".into(), json!("x".repeat(200_000)))]);
    assert_eq!(code(hidden), Some((String::new(), ProblemCode::TooManyBytes)));
}

#[test]
fn a_dwelling_needs_a_room_or_a_house_number() {
    assert_eq!(judge(&change("dwelling", json!({"use": "own"})), None), [("room".to_owned(), ProblemCode::Required)]);
    assert_eq!(judge(&change("dwelling", json!({"use": "own", "house_number": "18"})), None), []);
}

#[test]
fn a_birth_date_or_sex_that_does_not_fit_the_number_warns() {
    let fields = json!({"document_kind": "id_card", "document_number": "11010519491231002X", "birth_date": "1950-01-01", "sex": "1"});
    let fields: Fields = serde_json::from_value(fields).unwrap();
    let today = domain::validate::today(NOW);
    assert_eq!(warnings(&fields, today), [Warning::BirthDateDiffers, Warning::SexDiffers]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_value_in_any_field_of_any_kind_makes_the_judge_panic(
        kind in 0usize..9,
        field in 0usize..20,
        stray in any::<String>(),
        value in any_json(),
    ) {
        let kind = &Kind::KNOWN[kind];
        let specs = domain::spec::fields(kind);
        let name = specs.get(field).map_or(stray, |spec| spec.name.to_owned());
        let change = change(kind.as_str(), json!({name: value}));
        judge(&change, None);
        let record = change.clone().into_record();
        judge(&change, Some(&record));
        // Reading is lenient: whatever is stored can be read.
        let _ = domain::kinds::person::Person::from(&record);
        let _ = domain::kinds::visit::Visit::from(&record);
        let _ = domain::kinds::incident::Incident::from(&record);
        let _ = domain::kinds::photo::Photo::from(&record);
        let _ = domain::kinds::review::Review::from(&record);
        let _ = domain::kinds::dwelling::Dwelling::from(&record);
    }
}

#[test]
fn a_position_is_an_object_of_degrees_on_the_globe_the_right_way_round() {
    let judged = |value: Value| {
        let building = change("building", json!({"name": "1号楼", "building_kind": "residential", "position": value}));
        judge(&building, None).first().map(|(_, code)| *code)
    };
    assert_eq!(judged(json!({"lat": 33.157, "lng": 107.333, "accuracy_m": 12})), None);
    assert_eq!(judged(json!({"lat": 48.85, "lng": 2.35})), None, "a phone may say so abroad");
    assert_eq!(judged(json!({"lat": 107.333, "lng": 33.157})), Some(ProblemCode::PositionSwapped));
    for wrong in [json!([33.157, 107.333]), json!("33.157, 107.333"), json!({"lat": 91, "lng": 0}), json!({"lat": 33})]
    {
        assert_eq!(judged(wrong.clone()), Some(ProblemCode::PositionForm), "{wrong}");
    }
}

#[test]
fn a_cell_s_boundary_is_judged_before_it_is_stored() {
    let judged = |value: Value| judge(&change("cell", json!({"boundary": value})), Some(&cell())).first().cloned();
    let ring = json!([[107.3, 33.1], [107.4, 33.1], [107.4, 33.2], [107.3, 33.1]]);
    assert_eq!(judged(json!({"type": "Polygon", "coordinates": [ring]})), None);
    assert_eq!(judged(Value::Null), None, "it can be taken away");
    let form = Some(("boundary".to_owned(), ProblemCode::BoundaryForm));
    assert_eq!((judged(json!({"type": "LineString", "coordinates": ring})), judged(json!("x"))), (form.clone(), form));
}

fn cell() -> Record {
    change("cell", json!({"code": "610722001001001", "name": "第1网格", "cell_kind": "general"})).into_record()
}

#[test]
fn a_member_that_a_newer_version_adds_to_an_entry_is_kept_and_takes_no_entry_away() {
    use domain::kinds::dispute::Dispute;
    use domain::kinds::evacuation::Evacuation;
    use domain::kinds::inspection::Inspection;
    let listed = json!({"person": id(), "household": id(), "point": id(), "name": "张三", "lift": {"floor": 3}});
    let evacuation = json!({"reason": "强降雨", "level": "red", "drill": false, "points": [id()], "ordered_at": NOW,
        "by": "boss", "roster": [listed]});
    let evacuation = change("evacuation", evacuation);
    assert_eq!(judge(&evacuation, None), []);
    assert_eq!(Evacuation::from(&evacuation.into_record()).roster.len(), 1, "nobody is missing from the roll-call");
    let party = json!({"name": "李四", "side": "applicant", "lawyer": "王五"});
    let dispute = change("dispute", json!({ "parties": [party] }));
    assert_eq!(judge(&dispute, Some(&dispute.clone().into_record())), []);
    assert_eq!(Dispute::from(&dispute.into_record()).parties.len(), 1);
    let hazard = json!({"item": "01", "text": "堵塞", "severity": 2, "photo": id()});
    let answers = json!({"01": "bad", "02": "partly", "03": "ok"});
    let inspection = change("inspection", json!({ "hazards": [hazard, {"item": 7}], "answers": answers }));
    let read = Inspection::from(&inspection.into_record());
    assert_eq!((read.hazards.len(), read.answers.len()), (1, 2), "one that cannot be read takes no other along");
}

#[test]
fn what_is_added_to_an_entry_is_bounded_in_name_number_and_size() {
    let with = |name: &str, value: Value| {
        let mut party = json!({"name": "李四", "side": "applicant"});
        party[name] = value;
        let dispute = change("dispute", json!({ "parties": [party] }));
        judge(&dispute, Some(&dispute.clone().into_record())).first().map(|(_, code)| *code)
    };
    assert_eq!(with("lawyer", json!("王五")), None);
    assert_eq!(with("<script>", json!("王五")), Some(ProblemCode::FieldName));
    assert_eq!(with("lawyer", json!("王".repeat(8 * 1024))), Some(ProblemCode::ValueSize));
    let many: Fields = (0..30).map(|number| (format!("a{number}"), json!(1))).collect();
    let mut party = json!({"name": "李四", "side": "applicant"});
    party.as_object_mut().unwrap().extend(many);
    let dispute = change("dispute", json!({ "parties": [party] }));
    assert_eq!(judge(&dispute, Some(&dispute.clone().into_record()))[0].1, ProblemCode::FieldName);
}

#[test]
fn words_that_only_lose_are_not_judged_beside_those_that_won() {
    let plan = |starts: &str, ends: &str, at: i64| {
        let fields = json!({"person": id(), "reason": "elderly", "starts_on": starts, "ends_on": ends});
        Change { stamps: Stamps::all(Stamp::new(at, 0, Node(1))), ..change("tenancy", fields) }
    };
    let won = plan("2024-03-01", "2024-12-31", NOW).into_record();
    let mut own = plan("2020-01-01", "2020-01-31", NOW - 1);
    own.fields.retain(|field, _| field == "ends_on");
    assert_eq!(judge(&own, Some(&won)), []);
    own.stamps = Stamps::all(Stamp::new(NOW + 1, 0, Node(1)));
    assert_eq!(judge(&own, Some(&won)), [("ends_on".to_owned(), ProblemCode::EndBeforeStart)]);
}
