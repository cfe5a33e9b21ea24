//! No arguments make a command panic, and wrong ones are told by their code.

use std::sync::LazyLock;

use device::api::{COMMANDS, FailureCode, call};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::phone::Phone;

#[test]
fn a_command_that_does_not_exist_says_so() {
    let phone = Phone::new();
    for name in ["", "State", "state ", "drop_everything", "../state", "状态"] {
        assert_eq!(phone.fails(name, json!({})), FailureCode::UnknownCommand, "{name}");
    }
}

#[test]
fn arguments_of_another_shape_are_malformed() {
    let phone = Phone::new();
    let wrong = [
        ("state", json!([])),
        ("state", json!({"extra": 1})),
        ("unlock", json!({})),
        ("unlock", json!({"pin": 123_456})),
        ("search", json!({"text": null})),
        ("search", json!({"text": "x", "limit": -1})),
        ("household", json!({"id": "not-an-id"})),
        ("household", json!({"id": 7})),
        ("save", json!({"kind": "person"})),
        ("save", json!({"kind": "", "fields": {}})),
        ("save", json!({"kind": "person", "fields": []})),
        ("save", json!({"kind": "person", "cell": "61", "fields": {}})),
        ("doors", json!({"building": null})),
        ("set_preferences", json!({"language": "zh"})),
    ];
    for (command, args) in wrong {
        assert_eq!(phone.fails(command, args.clone()), FailureCode::Malformed, "{command} {args}");
    }
    let failure = call(&phone.device, "today", json!({}), Some(vec![1])).unwrap_err();
    assert_eq!(failure.code, FailureCode::Malformed, "a body where none is taken");
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(phone.fails("save_draft", json!({"key": "k", "value": deep})), FailureCode::Malformed);
}

#[test]
fn null_is_as_good_as_no_arguments() {
    Phone::new().ok("today", Value::Null);
}

#[test]
fn ids_that_nobody_has_are_not_found() {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    for id in ["00000000-0000-7000-8000-000000000000", building.as_str()] {
        for command in ["household", "person", "incident"] {
            assert_eq!(phone.fails(command, json!({"id": id})), FailureCode::NotFound, "{command}");
        }
    }
    let nobody = "00000000-0000-7000-8000-000000000000";
    for command in ["record", "remove", "put_back", "take_back"] {
        assert_eq!(phone.fails(command, json!({"id": nobody})), FailureCode::NotFound, "{command}");
    }
    assert_eq!(phone.fails("doors", json!({"building": nobody})), FailureCode::NotFound);
    for board in ["", "group:", "group:1:2", "group:610722001001001:", "x"] {
        assert_eq!(phone.fails("doors", json!({"building": board})), FailureCode::NotFound, "{board}");
    }
    let edit = json!({"kind": "person", "id": nobody, "fields": {"name": "张三"}});
    assert_eq!(phone.fails("save", edit), FailureCode::NotFound);
    let other_kind = json!({"kind": "person", "id": building, "fields": {"name": "张三"}});
    assert_eq!(phone.fails("save", other_kind), FailureCode::NotFound);
}

/// One phone with a family, for every case; `enrol` is left out, since it would ask the network each time.
struct Prepared {
    phone: Phone,
    ids: Vec<String>,
}

static PREPARED: LazyLock<Prepared> = LazyLock::new(|| {
    let phone = Phone::new();
    let building = phone.save("building", json!({"name": "3号楼", "building_kind": "residential"}));
    let family = phone.family(&building, "1", "101", "张三");
    let visit = phone.visit(&family.household, "met");
    let incident = phone.save("incident", json!({"category": "0601", "title": "井盖破损"}));
    let ids = vec![building, family.dwelling, family.household, family.head, visit, incident];
    Prepared { phone, ids }
});

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        any::<prop::sample::Index>().prop_map(|index| json!(PREPARED.ids[index.index(PREPARED.ids.len())])),
        prop::sample::select(vec![
            "person",
            "household",
            "dwelling",
            "building",
            "incident",
            "visit",
            "met",
            "0601",
            "01",
            "group:610722001001001:2",
            "full"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,10}", inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

/// Objects with the names that commands really have, and anything in them.
fn any_args() -> impl Strategy<Value = Value> {
    let names = vec![
        "id",
        "text",
        "limit",
        "building",
        "kind",
        "cell",
        "fields",
        "target",
        "target_kind",
        "result",
        "way",
        "purposes",
        "needs",
        "note",
        "at",
        "replaces",
        "subject",
        "subject_kind",
        "photo_kind",
        "size",
        "key",
        "value",
        "record_id",
        "pin",
        "language",
        "type_percent",
        "theme",
    ];
    let object = prop::collection::btree_map(prop::sample::select(names), any_json(), 0..8).prop_map(|map| json!(map));
    prop_oneof![1 => any_json(), 4 => object, 4 => plausible_save()]
}

fn plausible_save() -> impl Strategy<Value = Value> {
    let fields = vec![
        "name",
        "household",
        "dwelling",
        "head",
        "building",
        "unit",
        "floor",
        "room",
        "group",
        "house_number",
        "use",
        "phone",
        "document_kind",
        "document_number",
        "birth_date",
        "category",
        "severity",
        "title",
        "position",
        "by",
        "cell",
        "deleted",
    ];
    let kinds = prop::sample::select(vec!["person", "household", "dwelling", "building", "incident", "visit", "cell"]);
    let id = prop::option::of(any::<prop::sample::Index>());
    let fields = prop::collection::btree_map(prop::sample::select(fields), any_json(), 0..8);
    (kinds, id, fields).prop_map(|(kind, id, fields)| {
        let id = id.map(|id| PREPARED.ids[id.index(PREPARED.ids.len())].clone());
        json!({"kind": kind, "id": id, "fields": fields})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_arguments_make_a_command_panic(
        command in prop::sample::select(COMMANDS.iter().copied().filter(|name| !matches!(*name, "enrol" | "lock")).collect::<Vec<_>>()),
        args in any_args(),
        body in prop::option::weighted(0.2, prop::collection::vec(any::<u8>(), 0..64)),
    ) {
        let outcome = call(&PREPARED.phone.device, command, args, body);
        if let Err(failure) = outcome {
            prop_assert!(failure.code != FailureCode::StorageBroken, "{command}");
        }
        // Whatever was stored by it, the lists still read it.
        for list in ["today", "buildings", "incidents"] {
            prop_assert!(call(&PREPARED.phone.device, list, json!({}), None).is_ok(), "{list} after {command}");
        }
    }
}
