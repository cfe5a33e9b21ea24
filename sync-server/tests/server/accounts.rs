//! Accounts at the desk: made, changed, closed; first passwords; and who may not.

use axum::http::StatusCode;
use domain::protocol::{ExchangeAnswer, Verdict};
use domain::scope::Role;
use domain::{AccountId, CellCode, Kind, ProblemCode};
use serde_json::{Value, json};
use sync_server::store::Store as _;

use crate::common::{County, DAY, MINUTE, cell};
use crate::seat::Seat;

/// A county with its places: a town, two villages, three cells.
pub(crate) fn county() -> County {
    let county = County::new();
    let places = [
        ("610722", "城固县"),
        ("610722001", "博望街道"),
        ("610722001001", "江湾社区"),
        ("610722001002", "五郎社区"),
        ("610722001001001", "第1网格"),
        ("610722001001002", "第2网格"),
        ("610722001001003", "第3网格"),
        ("610702001001001", "别县网格"),
    ];
    let places =
        places.map(|(code, name)| sync_server::store::Place { code: crate::common::scope(code), name: name.into() });
    county.hub.put_places(&places).unwrap();
    county
}

fn words(account: &str, role: &str, scopes: &[&str], cells: &[&str]) -> Value {
    json!({"account": account, "display_name": "王小明", "role": role, "scopes": scopes, "cells": cells})
}

fn found(list: &Value, account: &str) -> Value {
    let rows = list.as_array().unwrap();
    rows.iter().find(|row| row["account"] == account).cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_first_password_is_shown_once_and_opens_nothing_before_it_is_changed() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let made = admin.done("/desk/api/accounts", words("boss-1", "supervisor", &["610722001001"], &[])).await;
    let password = made["password"].as_str().unwrap().to_owned();
    let boss = Seat::signed_in(&county, "boss-1", &password).await.unwrap();
    assert_eq!(boss.get("/desk/api/session").await.json()["password_first"], true);
    for path in ["/desk/api/inbox", "/desk/api/places", "/desk/api/accounts", "/desk/api/devices"] {
        let answer = boss.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "password_first"), "{path}");
    }
    let wish = |old: &str, new: &str| json!({"old": old, "new": new});
    assert_eq!(boss.refused("/desk/api/password", wish("wrong-one-1", "Long-enough-1")).await.0, "wrong_password");
    assert_eq!(boss.refused("/desk/api/password", wish(&password, "short")).await.1, "password too_small");
    assert_eq!(boss.refused("/desk/api/password", wish(&password, &password)).await.1, "password taken");
    boss.done("/desk/api/password", wish(&password, "Long-enough-1")).await;
    assert_eq!(boss.get("/desk/api/inbox").await.status, StatusCode::OK, "the session that changed it goes on");
    assert!(Seat::signed_in(&county, "boss-1", &password).await.is_none());
    assert!(Seat::signed_in(&county, "boss-1", "Long-enough-1").await.is_some());
    let listed = found(&admin.get("/desk/api/accounts").await.json(), "boss-1");
    assert_eq!((&listed["first_password"], &listed["has_password"]), (&json!(false), &json!(true)));
    assert!(!listed.to_string().contains(&password));
}

#[tokio::test]
async fn a_first_password_that_nobody_used_for_a_fortnight_is_over() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let made = admin.done("/desk/api/accounts", words("boss-1", "supervisor", &["610722001001"], &[])).await;
    county.world.pass(15 * DAY);
    assert!(Seat::signed_in(&county, "boss-1", made["password"].as_str().unwrap()).await.is_none());
}

#[tokio::test]
async fn a_reset_ends_every_session_of_the_account() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let boss = Seat::of(&county, "boss-1", Role::Supervisor, &["610722001001"]).await;
    let made = admin.done("/desk/api/accounts/boss-1/password", json!({})).await;
    assert_eq!(boss.get("/desk/api/session").await.status, StatusCode::UNAUTHORIZED);
    assert!(Seat::signed_in(&county, "boss-1", crate::common::PASSWORD).await.is_none());
    assert!(Seat::signed_in(&county, "boss-1", made["password"].as_str().unwrap()).await.is_some());
    assert_eq!(admin.refused("/desk/api/accounts/admin-1/password", json!({})).await.0, "not_allowed", "not the own");
}

#[tokio::test]
async fn closing_ends_sessions_shuts_phones_out_and_frees_the_cells() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    admin.done("/desk/api/accounts", words("worker-1", "worker", &["610722001001"], &["610722001001001"])).await;
    let worker = AccountId::new("worker-1").unwrap();
    let mut phone = county.phone_of(&worker);
    let dwelling = phone.new_dwelling(&cell(1));
    phone.push_all(&[dwelling]);
    admin.done("/desk/api/accounts/worker-1/close", json!({})).await;
    admin.done("/desk/api/accounts/worker-1/close", json!({})).await;
    let refused = county.hub.phone(&phone.tokens.access).unwrap_err();
    assert_eq!(refused.code(), domain::protocol::CallRefusal::Revoked);
    assert!(county.hub.bearer(&phone.tokens.access).is_ok(), "it still hands in what is unsent");
    assert!(county.hub.store().read(|reading| reading.holders(&cell(1))).unwrap().is_empty());
    let listed = found(&admin.get("/desk/api/accounts").await.json(), "worker-1");
    assert!(listed["closed_at"].is_i64() && listed["phones"] == 0);
    admin.done("/desk/api/accounts/worker-1/reopen", json!({})).await;
    assert!(county.hub.phone(&phone.tokens.access).is_err(), "a reopened account enrols its phones anew");
    assert_eq!(
        admin.refused("/desk/api/accounts/admin-1/close", json!({})).await.0,
        "not_allowed",
        "nobody closes the own"
    );
}

#[tokio::test]
async fn what_an_account_is_made_is_told_its_phone_with_the_next_exchange() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let knows_the_telephone = |answer: &ExchangeAnswer| {
        let mut records = answer.pages.iter().flat_map(|page| &page.records);
        records.any(|record| record.id == home[2].id && record.fields.contains_key("phone"))
    };
    let answer = phone.round(Vec::new());
    assert_eq!((answer.role, knows_the_telephone(&answer)), (Some(Role::Worker), true));
    let seen = found(&admin.get("/desk/api/accounts").await.json(), "worker-1");
    let change = json!({"version": seen["version"], "display_name": "王小明", "role": "informant", "scopes": [], "cells": ["610722001001001"]});
    admin.done("/desk/api/accounts/worker-1", change).await;
    county.world.pass(5 * MINUTE);
    let visit = phone.visit(home[1].id, &cell(1));
    phone.cursors.clear();
    let answer = phone.round(vec![visit]);
    // What comes with the role is what the role may do: the two never belong to different moments.
    assert_eq!((answer.role, knows_the_telephone(&answer)), (Some(Role::Informant), false));
    assert!(matches!(&answer.verdicts[0], Verdict::Refused(refusal) if refusal.code == ProblemCode::NotAllowed));
    // From the command line.
    county.account("worker-1", Role::Worker, &[], &[cell(1)]);
    phone.cursors.clear();
    let answer = phone.round(Vec::new());
    assert_eq!((answer.role, knows_the_telephone(&answer)), (Some(Role::Worker), true));
}

#[tokio::test]
async fn an_account_gets_with_a_cell_what_was_merged_into_it_and_gives_it_up_with_that() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    admin.done("/desk/api/cells/610722001001002/merge", json!({"into": "610722001001001"})).await;
    let village = ["610722001001"];
    admin.done("/desk/api/accounts", words("worker-1", "worker", &village, &["610722001001001"])).await;
    let merged = json!(["610722001001001", "610722001001002"]);
    let stands = async || found(&admin.get("/desk/api/accounts").await.json(), "worker-1");
    let seen = stands().await;
    assert_eq!(seen["cells"], merged);
    let change = |seen: &Value, cells: &[&str]| json!({"version": seen["version"], "display_name": "王小明", "role": "worker", "scopes": village, "cells": cells});
    // What was merged is not taken away alone; without the cell that it was merged into it goes, though it is still named.
    admin.done("/desk/api/accounts/worker-1", change(&seen, &["610722001001001"])).await;
    let seen = stands().await;
    assert_eq!(seen["cells"], merged);
    admin.done("/desk/api/accounts/worker-1", change(&seen, &["610722001001002", "610722001001003"])).await;
    assert_eq!(stands().await["cells"], json!(["610722001001003"]));
}

/// A county in which a cell of the second village was merged into the first village's first one, and the office of the first village.
async fn merged_across_villages() -> (County, Seat) {
    let county = county();
    let foreign =
        sync_server::store::Place { code: crate::common::scope("610722001002001"), name: "第1网格".into() };
    county.hub.put_places(&[foreign]).unwrap();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    admin.done("/desk/api/cells/610722001002001/merge", json!({"into": "610722001001001"})).await;
    let office = Seat::of(&county, "admin-2", Role::Admin, &["610722001001"]).await;
    (county, office)
}

#[tokio::test]
async fn whoever_holds_a_cell_of_another_village_that_was_merged_is_still_the_own_offices() {
    let (county, office) = merged_across_villages().await;
    let village = ["610722001001"];
    let boss = Seat::of(&county, "boss-1", Role::Supervisor, &village).await;
    office.done("/desk/api/accounts", words("worker-1", "worker", &village, &["610722001001001"])).await;
    let listed = found(&office.get("/desk/api/accounts").await.json(), "worker-1");
    assert_eq!(listed["cells"], json!(["610722001001001", "610722001002001"]));
    boss.done("/desk/api/enrol-codes", json!({"account": "worker-1"})).await;
    let second = json!({"seen": [], "to": ["worker-1"]});
    office.done("/desk/api/cells/610722001001002/hand-over", second).await;
    let phone = county.phone_of(&AccountId::new("worker-1").unwrap());
    let device = phone.phone().device;
    // Their sheet names what came along, and can be saved; without the cell with which it came it goes.
    let change = |seen: &Value, cells: Value| json!({"version": seen["version"], "display_name": "李四", "role": "worker", "scopes": village, "cells": cells});
    let listed = found(&office.get("/desk/api/accounts").await.json(), "worker-1");
    office.done("/desk/api/accounts/worker-1", change(&listed, listed["cells"].clone())).await;
    let listed = found(&office.get("/desk/api/accounts").await.json(), "worker-1");
    let kept = json!(["610722001001002", "610722001002001"]);
    office.done("/desk/api/accounts/worker-1", change(&listed, kept)).await;
    let listed = found(&office.get("/desk/api/accounts").await.json(), "worker-1");
    assert_eq!((&listed["display_name"], &listed["cells"]), (&json!("李四"), &json!(["610722001001002"])));
    // The village from which the cell came has nothing to say about them.
    let other = Seat::of(&county, "boss-2", Role::Supervisor, &["610722001002"]).await;
    let revoke = format!("/desk/api/devices/{device}/revoke");
    assert_eq!(other.refused(&revoke, json!({})).await.0, "not_found");
    boss.done(&revoke, json!({})).await;
    assert!(county.hub.phone(&phone.tokens.access).is_err());
}

#[tokio::test]
async fn who_gave_a_cell_back_with_what_was_merged_into_it_is_still_the_own_offices() {
    let (county, office) = merged_across_villages().await;
    office.done("/desk/api/accounts", words("worker-1", "worker", &[], &["610722001001001"])).await;
    let phone = county.phone_of(&AccountId::new("worker-1").unwrap());
    let device = phone.phone().device;
    // What came along is no place of its own.
    let listed = found(&office.get("/desk/api/accounts").await.json(), "worker-1");
    let alone = json!({"version": listed["version"], "display_name": "李四", "role": "worker", "scopes": [], "cells": ["610722001002001"]});
    assert_eq!(office.refused("/desk/api/accounts/worker-1", alone).await.1, "scopes required");
    let back = json!({"seen": ["worker-1"], "to": []});
    office.done("/desk/api/cells/610722001001001/hand-over", back).await;
    assert!(phone.phone().cells.is_empty());
    office.done(&format!("/desk/api/devices/{device}/order"), json!({"what": "lock"})).await;
    office.done("/desk/api/accounts/worker-1/close", json!({})).await;
    office.done("/desk/api/accounts/worker-1/reopen", json!({})).await;
    let second = json!({"seen": [], "to": ["worker-1"]});
    office.done("/desk/api/cells/610722001001002/hand-over", second).await;
    // Whoever was left with the merged one alone, by an older version, is the office's that they were.
    county.account("worker-2", Role::Worker, &[], &[CellCode::new("610722001002001").unwrap()]);
    assert_eq!(found(&office.get("/desk/api/accounts").await.json(), "worker-2"), Value::Null);
    let other = Seat::of(&county, "admin-3", Role::Admin, &["610722001002"]).await;
    assert_ne!(found(&other.get("/desk/api/accounts").await.json(), "worker-2"), Value::Null);
}

#[tokio::test]
async fn what_was_merged_into_the_cells_of_an_account_does_not_count_for_how_many_it_may_have() {
    let county = county();
    let many: Vec<CellCode> = (10..70).map(cell).collect();
    let place = |cell: &CellCode| sync_server::store::Place { code: domain::Scope::from(cell), name: "网格".into() };
    county.hub.put_places(&many.iter().map(place).collect::<Vec<_>>()).unwrap();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    admin.done("/desk/api/cells/610722001001002/merge", json!({"into": many[0]})).await;
    let new = |cells: &Value| json!({"account": "worker-1", "display_name": "王小明", "role": "worker", "scopes": [], "cells": cells});
    admin.done("/desk/api/accounts", new(&json!(many))).await;
    let listed = found(&admin.get("/desk/api/accounts").await.json(), "worker-1");
    assert_eq!(listed["cells"].as_array().unwrap().len(), 61);
    let change = |cells: &Value| json!({"version": listed["version"], "display_name": "李四", "role": "worker", "scopes": [], "cells": cells});
    let one_more: Vec<CellCode> = many.iter().cloned().chain([cell(3)]).collect();
    let told = admin.refused("/desk/api/accounts/worker-1", change(&json!(one_more))).await;
    assert_eq!(told.1, "cells too_long");
    admin.done("/desk/api/accounts/worker-1", change(&listed["cells"])).await;
}

#[test]
fn a_step_of_an_incident_that_was_written_before_its_worker_was_made_a_handler_is_taken_late() {
    let county = County::new();
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let incident = phone.new_incident(&cell(1));
    phone.push_all(std::slice::from_ref(&incident));
    let step = json!({"incident": incident.id, "action": "solve", "step": "draft", "at": crate::common::START, "by": "worker-1"});
    let step = phone.new_record(Kind::IncidentStep, &cell(1), step);
    county.world.pass(5 * MINUTE);
    county.account("worker-1", Role::Handler, &["610722001001"], &[cell(1)]);
    phone.push_all(&[step]);
}

#[tokio::test]
async fn what_was_written_before_an_account_was_made_something_else_is_taken_late() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    let mut phone = county.worker("worker-1", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    let incident = phone.new_incident(&cell(1));
    phone.push_all(&home);
    phone.push_all(std::slice::from_ref(&incident));
    let step = json!({"incident": incident.id, "action": "solve", "step": "draft", "at": crate::common::START, "by": "worker-1"});
    let edit = json!({"phone": "13900000000"});
    let of_a_worker = [
        phone.visit(home[1].id, &cell(1)),
        phone.change(Kind::Person, home[2].id, &cell(1), edit),
        phone.new_record(Kind::IncidentStep, &cell(1), step),
    ];
    county.world.pass(5 * MINUTE);
    let seen = found(&admin.get("/desk/api/accounts").await.json(), "worker-1");
    let change = json!({"version": seen["version"], "display_name": "王小明", "role": "informant", "scopes": [], "cells": ["610722001001001"]});
    admin.done("/desk/api/accounts/worker-1", change).await;
    phone.push_all(&of_a_worker);
    assert_eq!(county.stored(home[2].id).unwrap().record.text("phone"), Some("13900000000"));
    // What nobody of that role writes from then on is not taken, and what is there is shown as to anybody of that role.
    county.world.pass(5 * MINUTE);
    let late = phone.visit(home[1].id, &cell(1));
    assert_eq!(phone.refused(&late), ProblemCode::NotAllowed);
    assert!(!phone.pulled().contains(&of_a_worker[0].id));
    // From the command line, and twice before the phone calls: each counts for its own time.
    county.account("worker-1", Role::Supervisor, &["610722001001"], &[cell(1)]);
    county.world.pass(5 * MINUTE);
    let task = json!({"title": "查燃气", "purpose": "safety", "at": crate::common::START, "by": "worker-1"});
    let task = phone.new_record(Kind::Task, &cell(1), task);
    county.world.pass(5 * MINUTE);
    county.account("worker-1", Role::Worker, &[], &[cell(1)]);
    county.world.pass(5 * MINUTE);
    let of_a_worker = phone.visit(home[1].id, &cell(1));
    county.world.pass(5 * MINUTE);
    county.account("worker-1", Role::Informant, &[], &[cell(1)]);
    phone.push_all(&[task, of_a_worker]);
    assert_eq!(phone.refused(&late), ProblemCode::NotAllowed, "that is of the time as an informant");
}

#[tokio::test]
async fn a_stale_tab_and_a_double_submit_change_nothing() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    admin.done("/desk/api/accounts", words("worker-1", "worker", &["610722001001"], &["610722001001001"])).await;
    let again = admin.refused("/desk/api/accounts", words("worker-1", "worker", &["610722001001"], &[])).await;
    assert_eq!(again, ("invalid".into(), "account taken".into()));
    let seen = found(&admin.get("/desk/api/accounts").await.json(), "worker-1");
    let change = |name: &str| json!({"version": seen["version"], "display_name": name, "role": "worker", "scopes": seen["scopes"], "cells": ["610722001001002"]});
    admin.done("/desk/api/accounts/worker-1", change("李四")).await;
    assert_eq!(admin.refused("/desk/api/accounts/worker-1", change("赵五")).await.0, "stale");
    let now = found(&admin.get("/desk/api/accounts").await.json(), "worker-1");
    assert_eq!((&now["display_name"], &now["cells"]), (&json!("李四"), &json!(["610722001001002"])));
}

#[tokio::test]
async fn words_that_do_not_fit_are_refused_with_their_field() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722001"]).await;
    let cases = [
        (words("A B", "worker", &["610722001001"], &[]), "account name_form"),
        (words("server", "admin", &["610722001"], &[]), "account taken"),
        (words("boss-2", "supervisor", &[], &[]), "scopes required"),
        (words("worker-2", "worker", &[], &[]), "scopes required"),
        (words("boss-2", "supervisor", &["610722"], &[]), "scopes foreign_cell"),
        (words("boss-2", "supervisor", &["610702001001"], &[]), "scopes foreign_cell"),
        (words("worker-2", "worker", &["610722001001"], &["610702001001001"]), "cells foreign_cell"),
        (words("worker-2", "worker", &["610722001001"], &["610722001001099"]), "cells foreign_cell"),
        (words("worker-2", "worker", &["abc"], &[]), "scopes wrong_type"),
        (words("hand-2", "handler", &["610722001"], &["610722001001001"]), "cells not_allowed"),
        (words("hand-2", "handler", &["610722001"], &[]), "department required"),
        (
            json!({"account": "boss-2", "display_name": " ", "role": "supervisor", "scopes": ["610722001"], "cells": []}),
            "display_name required",
        ),
    ];
    for (wish, expected) in cases {
        assert_eq!(
            admin.refused("/desk/api/accounts", wish.clone()).await,
            ("invalid".into(), expected.into()),
            "{wish}"
        );
    }
    let own = found(&admin.get("/desk/api/accounts").await.json(), "admin-1");
    let less = json!({"version": own["version"], "display_name": "王小明", "role": "auditor", "scopes": ["610722001"], "cells": []});
    assert_eq!(admin.refused("/desk/api/accounts/admin-1", less).await.1, "role not_allowed");
    let known = serde_json::to_value(ProblemCode::Taken).unwrap();
    assert_eq!(known, "taken");
}

#[tokio::test]
async fn an_administrator_of_a_town_neither_sees_nor_touches_accounts_of_elsewhere() {
    let county = county();
    let town = Seat::of(&county, "admin-town", Role::Admin, &["610722001"]).await;
    county.account("admin-county", Role::Admin, &["610722"], &[]);
    county.account("boss-far", Role::Supervisor, &["610702"], &[]);
    let listed = town.get("/desk/api/accounts").await.json();
    let names: Vec<&str> = listed.as_array().unwrap().iter().filter_map(|row| row["account"].as_str()).collect();
    assert_eq!(names, ["admin-town"]);
    for foreign in ["admin-county", "boss-far", "nobody-there", "A%20B"] {
        for act in ["close", "reopen", "password"] {
            let path = format!("/desk/api/accounts/{foreign}/{act}");
            assert_eq!(town.refused(&path, json!({})).await.0, "not_found", "{path}");
        }
        let change =
            json!({"version": "", "display_name": "x", "role": "worker", "scopes": ["610722001"], "cells": []});
        assert_eq!(town.refused(&format!("/desk/api/accounts/{foreign}"), change).await.0, "not_found");
    }
}

#[tokio::test]
async fn every_change_of_an_account_is_in_the_audit_log() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    admin.done("/desk/api/accounts", words("boss-1", "supervisor", &["610722001001"], &[])).await;
    let seen = found(&admin.get("/desk/api/accounts").await.json(), "boss-1");
    let change = json!({"version": seen["version"], "display_name": "李四", "role": "supervisor", "scopes": ["610722001"], "cells": []});
    admin.done("/desk/api/accounts/boss-1", change).await;
    admin.done("/desk/api/accounts/boss-1/password", json!({})).await;
    admin.done("/desk/api/accounts/boss-1/close", json!({})).await;
    admin.done("/desk/api/accounts/boss-1/reopen", json!({})).await;
    let audit = county.hub.store().read(|reading| reading.audit(20)).unwrap();
    let acts: Vec<&str> = audit
        .iter()
        .rev()
        .filter(|entry| entry.who == "admin-1" && entry.subject == "boss-1")
        .map(|entry| entry.action.as_str())
        .collect();
    assert_eq!(acts, ["account_create", "account_change", "account_password", "account_close", "account_reopen"]);
}

#[tokio::test]
async fn no_name_that_the_office_gives_reads_in_another_order_than_it_is_stored_in() {
    let county = county();
    let admin = Seat::of(&county, "admin-1", Role::Admin, &["610722"]).await;
    for (name, told) in
        [("王\u{202E}小明", "control_character"), ("王\u{2028}小明", "line_break"), ("王\t小明", "control_character")]
    {
        let account = json!({"account": "worker-9", "display_name": name, "role": "worker", "scopes": ["610722001001"],
            "cells": []});
        assert_eq!(admin.refused("/desk/api/accounts", account).await.1, format!("display_name {told}"));
        let division = json!({"code": "610722001009", "name": name});
        assert_eq!(admin.refused("/desk/api/divisions", division).await.1, format!("name {told}"));
    }
}
