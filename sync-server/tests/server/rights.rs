//! What somebody may not do, and may not find out.

use domain::protocol::Verdict;
use domain::scope::Role;
use domain::{CellCode, Kind, ProblemCode, World as _};
use serde_json::json;
use sync_server::hub::HubError;

use crate::common::{County, MINUTE, cell};

#[test]
fn a_worker_can_neither_write_nor_probe_another_cell() {
    let county = County::new();
    let mut other = county.worker("worker-b", &[cell(2)]);
    let home = other.new_home(&cell(2));
    other.push_all(&home);
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let nowhere = CellCode::new("990000000000001").unwrap();
    for foreign in [cell(2), nowhere] {
        // The cell that exists and the one that does not are refused alike.
        let new = phone.new_dwelling(&foreign);
        let known = phone.change(Kind::Person, home[2].id, &foreign, json!({"phone": "13811111111"}));
        for change in [new, known] {
            let Verdict::Refused(refusal) = phone.push(&[change]).remove(0) else { panic!("accepted") };
            assert_eq!((refusal.code, refusal.current), (ProblemCode::ForeignCell, None));
        }
    }
    // Claiming the record for the own cell reveals nothing of it either.
    let claimed = phone.change(Kind::Person, home[2].id, &cell(1), json!({"phone": "13811111111"}));
    let Verdict::Refused(refusal) = phone.push(&[claimed]).remove(0) else { panic!("accepted") };
    assert_eq!((refusal.code, refusal.current), (ProblemCode::ForeignRecord, None));
    assert_eq!(county.stored(home[2].id).unwrap().record.text("phone"), Some("13800000000"));
}

#[test]
fn a_worker_cannot_read_another_cell_by_asking_with_its_cursor() {
    let county = County::new();
    let mut other = county.worker("worker-b", &[cell(2)]);
    let home = other.new_home(&cell(2));
    other.push_all(&home);
    let mut phone = county.worker("worker-a", &[cell(1)]);
    phone.round(Vec::new());
    phone.cursors.insert(cell(2), 0);
    let answer = phone.round(Vec::new());
    assert_eq!(answer.cells, [cell(1)]);
    assert!(answer.pages.iter().all(|page| page.cell == cell(1)));
}

#[test]
fn a_record_cannot_be_pushed_into_a_foreign_cell_by_moving_it() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let dwelling = phone.new_dwelling(&cell(1));
    phone.push_all(std::slice::from_ref(&dwelling));
    county.world.pass(MINUTE);
    let moved = phone.change(Kind::Dwelling, dwelling.id, &cell(1), json!({"cell": cell(2)}));
    assert_eq!(phone.refused(&moved), ProblemCode::ForeignCell);
    let mut born_away = phone.new_dwelling(&cell(1));
    born_away.fields.insert("cell".into(), json!(cell(2)));
    assert_eq!(phone.refused(&born_away), ProblemCode::ForeignCell);
}

#[test]
fn what_cannot_be_overwritten_cannot_be_moved_nor_written_into_another_cell() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let mut other = county.worker("worker-b", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    let visit = phone.visit(home[1].id, &cell(1));
    phone.push_all(&home);
    phone.push_all(std::slice::from_ref(&visit));
    county.world.pass(MINUTE);
    let taken_away = other.change(Kind::Visit, visit.id, &cell(1), json!({"cell": cell(2)}));
    assert_eq!(other.refused(&taken_away), ProblemCode::NotAllowed);
    let at = other.world.now();
    let born_away = json!({"text": "路灯不亮", "at": at, "by": other.account(), "cell": cell(2)});
    let born_away = other.new_record(Kind::Feedback, &cell(1), born_away);
    assert_eq!(other.refused(&born_away), ProblemCode::NotAllowed);
    assert_eq!(county.stored(visit.id).unwrap().record.cell, cell(1));
    // Not even a worker of both cells.
    let mut of_both = county.worker("worker-c", &[cell(1), cell(2)]);
    let moved = of_both.change(Kind::Visit, visit.id, &cell(1), json!({"cell": cell(2)}));
    assert_eq!(of_both.refused(&moved), ProblemCode::NotAllowed);
}

#[test]
fn a_record_is_never_moved_to_another_county() {
    let county = County::new();
    let abroad = domain::CellCode::new("610723001001001").unwrap();
    let mut phone = county.worker("worker-a", &[cell(1), abroad.clone()]);
    let dwelling = phone.new_dwelling(&cell(1));
    phone.push_all(std::slice::from_ref(&dwelling));
    county.world.pass(MINUTE);
    let moved = phone.change(Kind::Dwelling, dwelling.id, &cell(1), json!({"cell": abroad}));
    assert_eq!(phone.refused(&moved), ProblemCode::ForeignCell);
}

#[test]
fn no_phone_approves_and_no_phone_writes_cells() {
    let county = County::new();
    county.account("boss", Role::Supervisor, &["610722001001"], &[cell(1)]);
    let supervisor = domain::AccountId::new("boss").unwrap();
    let worker = county.account("worker-a", Role::Worker, &[], &[cell(1)]);
    for account in [supervisor, worker] {
        let mut phone = county.phone_of(&account);
        let dwelling = phone.new_dwelling(&cell(1));
        phone.push_all(std::slice::from_ref(&dwelling));
        let stored = county.stored(dwelling.id).unwrap();
        let at = phone.world.now();
        let review = json!({"target": dwelling.id, "target_kind": "dwelling", "version": stored.version, "verdict": "approved",
            "at": at, "by": account});
        let review = phone.new_record(Kind::Review, &cell(1), review);
        assert_eq!(phone.refused(&review), ProblemCode::NotAllowed);
        let place = json!({"code": cell(1), "name": "第1网格", "cell_kind": "general"});
        let place = phone.new_record(Kind::Cell, &cell(1), place);
        assert_eq!(phone.refused(&place), ProblemCode::NotAllowed);
        assert_eq!(county.stored(dwelling.id).unwrap(), stored);
    }
}

#[test]
fn an_informant_reports_incidents_and_writes_no_register() {
    let county = County::new();
    let mut informant = county.phone_of(&county.account("informant-a", Role::Informant, &[], &[cell(1)]));
    let incident = informant.new_incident(&cell(1));
    informant.push_all(&[incident]);
    let dwelling = informant.new_dwelling(&cell(1));
    assert_eq!(informant.refused(&dwelling), ProblemCode::NotAllowed);
}

#[test]
fn an_informant_cannot_find_a_hidden_value_by_guessing_it() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let home = worker.new_home(&cell(1));
    worker.push_all(&home);
    let mut informant = county.phone_of(&county.account("informant-a", Role::Informant, &[], &[cell(1)]));
    for guess in ["13800000000", "13811111111"] {
        let mut change = informant.change(Kind::Person, home[2].id, &cell(1), json!({"phone": guess}));
        // Older than what stands: if it were merged, only the value would decide whether it is new.
        change.stamps.common = home[2].stamps.common.shifted(-1_000);
        assert_eq!(informant.refused(&change), ProblemCode::NotAllowed, "{guess}");
    }
}

#[test]
fn a_desk_sees_its_own_scope_and_a_handler_no_register() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let own = county.supervisor("boss-1", "610722001001");
    let elsewhere = county.supervisor("boss-2", "610722001002");
    assert!(county.hub.record_for(&own.actor, home[2].id).unwrap().is_some());
    assert!(county.hub.record_for(&elsewhere.actor, home[2].id).unwrap().is_none());
    for role in [Role::Handler, Role::Auditor, Role::Admin] {
        county.account("somebody", role, &["610722"], &[]);
        let desk = county.hub.sign_in("somebody", crate::common::PASSWORD).unwrap().desk;
        assert!(county.hub.record_for(&desk.actor, home[2].id).unwrap().is_none(), "{role:?}");
    }
}

#[test]
fn codes_are_made_for_those_below_in_the_own_scope_only() {
    let county = County::new();
    let worker = county.account("worker-a", Role::Worker, &[], &[cell(1)]);
    let idle = county.account("worker-idle", Role::Worker, &[], &[]);
    let own = county.supervisor("boss-1", "610722001001").actor;
    let elsewhere = county.supervisor("boss-2", "610722001002").actor;
    let may = |actor, account| county.hub.may_administer(actor, account).unwrap();
    assert!(may(&own, &worker));
    assert!(!may(&elsewhere, &worker));
    assert!(!may(&own, &elsewhere.account), "no supervisor looks after another");
    assert!(!may(&own, &own.account));
    assert!(!may(&own, &idle), "nobody knows whose an account without a cell is");
}

#[test]
fn the_server_s_own_name_is_nobody_s_account() {
    let county = County::new();
    let account = sync_server::store::Account {
        id: domain::AccountId::new("server").unwrap(),
        display_name: "server".into(),
        role: Role::Admin,
        scopes: Vec::new(),
        password_hash: None,
        closed_at: None,
        department: None,
    };
    assert!(matches!(county.hub.put_account(account, None, &[]), Err(HubError::Refused { .. })));
}

#[test]
fn a_handler_answers_for_a_department_of_the_list_and_nobody_else_does() {
    let county = County::new();
    let put = |role, department: Option<&str>| {
        let account = sync_server::store::Account {
            id: domain::AccountId::new("somebody").unwrap(),
            display_name: "某人".into(),
            role,
            scopes: Vec::new(),
            password_hash: None,
            closed_at: None,
            department: department.map(str::to_owned),
        };
        county.hub.put_account(account, None, &[]).is_ok()
    };
    assert!(put(Role::Handler, Some("12")) && put(Role::Supervisor, None));
    assert!(!put(Role::Handler, None) && !put(Role::Handler, Some("no such")) && !put(Role::Supervisor, Some("12")));
}
