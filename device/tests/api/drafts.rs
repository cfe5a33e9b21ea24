//! Unfinished forms survive.

use device::api::FailureCode;
use domain::ProblemCode;
use serde_json::json;

use crate::phone::Phone;

#[test]
fn an_unfinished_form_stands_there_again_after_a_crash() {
    let mut phone = Phone::new();
    assert_eq!(phone.ok("draft", json!({"key": "incident/new"})), json!(null));
    phone.ok("save_draft", json!({"key": "incident/new", "value": {"title": "井盖"}}));
    phone.wait(1000);
    phone.ok("save_draft", json!({"key": "person/1", "value": null}));
    phone.ok("save_draft", json!({"key": "incident/new", "value": {"title": "井盖破损"}}));
    phone.restart();
    assert_eq!(phone.ok("draft", json!({"key": "incident/new"})), json!({"value": {"title": "井盖破损"}}));
    assert_eq!(phone.ok("draft", json!({"key": "person/1"})), json!({"value": null}));
    assert_eq!(phone.ok("drafts", json!({})).as_array().unwrap().len(), 2);
    phone.ok("drop_draft", json!({"key": "incident/new"}));
    phone.ok("drop_draft", json!({"key": "incident/new"}));
    assert_eq!(phone.ok("drafts", json!({})).as_array().unwrap().len(), 1);
}

#[test]
fn a_draft_has_bounds() {
    let phone = Phone::new();
    let code = |args| phone.problems("save_draft", args)[0].code;
    assert_eq!(code(json!({"key": "", "value": 1})), ProblemCode::Required);
    assert_eq!(code(json!({"key": "k".repeat(201), "value": 1})), ProblemCode::TooLong);
    assert_eq!(code(json!({"key": "k", "value": "v".repeat(300_000)})), ProblemCode::TooManyBytes);
    assert_eq!(phone.fails("save_draft", json!({"key": "k"})), FailureCode::Malformed);
    assert_eq!(phone.ok("drafts", json!({})), json!([]));
}
