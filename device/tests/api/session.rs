//! Whose phone it is, and whether it is open.

use device::api::{Answer, FailureCode, call};
use serde_json::json;

use crate::phone::{PIN, Phone, empty_device};

#[test]
fn a_new_phone_says_that_it_is_empty() {
    let (device, _folder, _) = empty_device();
    let Ok(Answer::Json(state)) = call(&device, "state", json!({}), None) else { panic!() };
    assert_eq!(state["phase"], "empty");
    assert_eq!(state["app_version"], "1.2.3");
    assert_eq!(call(&device, "unlock", json!({"pin": PIN}), None).unwrap_err().code, FailureCode::NotEnrolled);
    assert_eq!(call(&device, "today", json!({}), None).unwrap_err().code, FailureCode::Locked);
}

#[test]
fn enrolling_without_a_server_says_offline_and_leaves_the_phone_empty() {
    let (device, _folder, _) = empty_device();
    let args = json!({"server": "http://127.0.0.1:9", "code": "ABC", "pin": PIN, "device_name": "test"});
    assert_eq!(call(&device, "enrol", args, None).unwrap_err().code, FailureCode::Offline);
    let args = json!({"server": "http://127.0.0.1:9", "code": "ABC", "pin": "12345", "device_name": "test"});
    assert_eq!(call(&device, "enrol", args, None).unwrap_err().code, FailureCode::PinForm);
    let Ok(Answer::Json(state)) = call(&device, "state", json!({}), None) else { panic!() };
    assert_eq!(state["phase"], "empty");
}

#[test]
fn a_locked_phone_shows_nothing_of_its_register() {
    let phone = Phone::new();
    let state = phone.ok("state", json!({}));
    assert_eq!(
        (&state["phase"], &state["account"], &state["demo"]),
        (&json!("open"), &json!("worker-1"), &json!(true))
    );
    assert_eq!(state["cells"].as_array().unwrap().len(), 2);
    assert_eq!(phone.ok("lock", json!({}))["phase"], "locked");
    let state = phone.ok("state", json!({}));
    assert_eq!((&state["account"], &state["cells"]), (&json!(null), &json!([])));
    for command in ["today", "buildings", "incidents", "refused", "drafts", "lists", "sync_state", "sync_now"] {
        assert_eq!(phone.fails(command, json!({})), FailureCode::Locked, "{command}");
    }
    assert_eq!(phone.fails("search", json!({"text": "张"})), FailureCode::Locked);
    assert_eq!(phone.ok("unlock", json!({"pin": PIN}))["phase"], "open");
}

#[test]
fn a_wrong_pin_is_told_from_a_text_that_is_none() {
    let phone = Phone::new();
    phone.ok("lock", json!({}));
    assert_eq!(phone.fails("unlock", json!({"pin": "000000"})), FailureCode::WrongPin);
    assert_eq!(phone.fails("unlock", json!({"pin": "abc"})), FailureCode::PinForm);
    for _ in 0..20 {
        let failure = phone.call("unlock", json!({"pin": "000000"})).unwrap_err();
        if failure.code == FailureCode::TooManyTries {
            assert!(failure.wait_ms.is_some_and(|wait| wait > 0));
            assert!(phone.ok("state", json!({}))["wait_ms"].as_i64().is_some_and(|wait| wait > 0));
            phone.wait(failure.wait_ms.unwrap());
            assert_eq!(phone.ok("unlock", json!({"pin": PIN}))["phase"], "open");
            return;
        }
    }
    panic!("guessing was never slowed down");
}

#[test]
fn the_names_of_cells_come_from_the_desk() {
    let phone = Phone::new();
    let cell = domain::CellCode::new(crate::phone::CELL).unwrap();
    let fields = json!({"code": crate::phone::CELL, "name": "第1网格", "cell_kind": "general",
        "village_name": "江湾社区", "town_name": "博望街道"});
    phone.give([crate::phone::record(&cell, domain::Kind::Cell, phone.now(), fields)]);
    let cells = phone.ok("state", json!({}))["cells"].clone();
    assert_eq!(cells[0]["name"], "第1网格");
    assert_eq!(cells[0]["village_name"], "江湾社区");
    assert_eq!(cells[1]["name"], crate::phone::OTHER_CELL);
    assert_eq!((&cells[0]["over"], &cells[1]["over"]), (&json!(false), &json!(false)));
}

#[test]
fn nothing_new_is_put_into_a_cell_that_is_over() {
    let phone = Phone::new();
    let cell = domain::CellCode::new(crate::phone::CELL).unwrap();
    let merged = json!({"code": crate::phone::CELL, "name": "第1网格", "cell_kind": "general",
        "succeeded_by": crate::phone::OTHER_CELL});
    phone.give([crate::phone::record(&cell, domain::Kind::Cell, phone.now(), merged)]);
    let cells = phone.ok("state", json!({}))["cells"].clone();
    assert_eq!((&cells[0]["over"], &cells[1]["over"]), (&json!(true), &json!(false)), "for the choice in a form");
    // An incident at no door, as its form sends it.
    let fields = json!({"category": "0601", "title": "井盖破损", "severity": 3});
    let saved = phone.ok("save", json!({"kind": "incident", "id": null, "cell": null, "fields": fields}));
    let page = phone.ok("incident", json!({"id": saved["id"]}));
    assert_eq!(page["cell"], crate::phone::OTHER_CELL);
}

#[test]
fn preferences_are_there_before_anything_is_opened() {
    let phone = Phone::new();
    let chosen =
        json!({"language": "en", "type_percent": 150, "theme": "dark", "photos_on_wifi_only": true, "tour_seen": true});
    phone.ok("set_preferences", chosen.clone());
    phone.ok("lock", json!({}));
    assert_eq!(phone.ok("preferences", json!({})), chosen);
    let wrong = json!({"language": "en", "type_percent": 110, "theme": "dark"});
    assert_eq!(phone.fails("set_preferences", wrong), FailureCode::Malformed);
}

#[test]
fn the_network_is_told_before_anything_is_opened_too() {
    let phone = Phone::new();
    phone.ok("lock", json!({}));
    for metered in [json!(null), json!(true), json!(false)] {
        assert_eq!(phone.ok("network", json!({"online": true, "metered": metered})), json!({}));
    }
    assert_eq!(phone.fails("network", json!({"online": "yes", "metered": null})), FailureCode::Malformed);
    assert_eq!(
        phone.fails("network", json!({"online": true, "metered": null, "place": "home"})),
        FailureCode::Malformed
    );
    assert_eq!(phone.fails("send_photos_now", json!({})), FailureCode::Locked);
}
