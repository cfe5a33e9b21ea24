//! The file: killed, full, from a newer version, damaged.

use device::DeviceError;
use domain::{Kind, Problem, ProblemCode};
use serde_json::json;

use crate::fake::*;
use crate::phones::*;

#[test]
fn everything_saved_is_there_after_the_app_was_killed() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    let visit = phone.visit(record_id(77));
    let draft = json!({"title": "井盖破损", "severity": 2});
    phone.device.with_open(|open| open.store().save_draft("incident", &draft, START)).unwrap();
    phone.device.with_open(|open| open.store().remember("recent", &["0101"])).unwrap();
    // No closing of anything: the old phone is simply dropped with its file open elsewhere.
    let killed = phone.device.clone();
    phone.restart();
    assert_eq!(phone.name(id), "一号楼");
    assert!(phone.get(visit).is_some() && !phone.is_sent(visit));
    let (found, recent) = phone
        .device
        .with_open::<_, DeviceError>(|open| {
            Ok((open.store().draft("incident")?, open.store().remembered::<Vec<String>>("recent")?))
        })
        .unwrap();
    assert_eq!((found, recent), (Some(draft), Some(vec!["0101".into()])));
    drop(killed);
    phone.sync();
    assert_eq!(server.hub().records.len(), 2);
}

#[test]
fn stamps_after_a_restart_are_later_than_those_before_even_when_the_clock_stands_still() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    let before = phone.get(id).unwrap().latest();
    phone.clock.fetch_add(-60_000, std::sync::atomic::Ordering::SeqCst);
    phone.restart();
    phone.rename(id, "二号楼");
    let after = phone.get(id).unwrap().latest();
    assert!(after > before && after.node() != before.node());
}

#[test]
fn a_full_storage_refuses_the_new_and_keeps_the_old() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone
        .device
        .with_open::<_, DeviceError>(|open| {
            let pages: i64 = open.store().connection().query_row("PRAGMA page_count", [], |row| row.get(0))?;
            open.store().connection().pragma_update(None, "max_page_count", pages + 6)?;
            Ok(())
        })
        .unwrap();
    let typed = json!({"text": "长".repeat(500)});
    phone.device.with_open(|open| open.store().save_draft("form", &typed, START)).unwrap();
    let mut written = 0;
    let refused = loop {
        match phone.write(Kind::Building, None, json!({"name": "楼".repeat(60), "building_kind": "farmhouse"})) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1000, "the bound is real");
    };
    assert!(matches!(refused, DeviceError::StorageFull), "{refused:?}");
    let photo = phone.photograph((id, "building"), &[7; 100_000]);
    assert!(matches!(photo, Err(DeviceError::StorageFull)));
    assert_eq!(
        phone.device.with_open(|open| open.store().draft("form")).unwrap(),
        Some(typed.clone()),
        "the typed text"
    );
    phone.restart();
    assert_eq!(phone.name(id), "一号楼");
    assert_eq!(phone.device.with_open(|open| open.store().draft("form")).unwrap(), Some(typed));
    phone.sync();
    assert_eq!(server.hub().records.len(), written + 1);
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    phone
        .device
        .with_open::<_, DeviceError>(|open| Ok(open.store().connection().pragma_update(None, "user_version", 999)?))
        .unwrap();
    phone.device.lock();
    let before = std::fs::read(phone.path().join("register.db")).unwrap();
    phone.restart_locked();
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::NewerFile { found: 999, .. })));
    assert_eq!(std::fs::read(phone.path().join("register.db")).unwrap(), before);
}

#[test]
fn a_damaged_file_is_said_to_be_damaged_and_is_set_aside_with_its_key() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    phone.device.lock();
    std::fs::write(phone.path().join("register.db"), [1; 4096]).unwrap();
    phone.restart_locked();
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::RegisterDamaged)));
    assert_eq!(std::fs::read(phone.path().join("register.damaged-1.db")).unwrap(), [1; 4096]);
    assert!(phone.path().join("register.damaged-1.db.key").exists());
    assert_eq!(phone.device.phase(), device::Phase::Empty);
}

#[test]
fn what_may_not_be_stored_is_not_stored() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let outcome = phone.write(Kind::Building, None, json!({"name": "", "building_kind": "castle"}));
    let Err(DeviceError::Invalid(problems)) = outcome else { panic!("{outcome:?}") };
    assert!(problems.contains(&Problem::new("building_kind", ProblemCode::UnknownCode)));
    let review = phone.write(Kind::Review, None, json!({"target": record_id(1)}));
    assert!(matches!(review, Err(DeviceError::Invalid(problems)) if problems[0].code == ProblemCode::NotAllowed));
    let foreign = phone.device.with_open(|open| {
        let fields = serde_json::from_value(json!({"name": "甲", "building_kind": "farmhouse"}))?;
        open.write(&Kind::Building, None, Some(&other_cell()), fields)
    });
    assert!(matches!(foreign, Err(DeviceError::Invalid(problems)) if problems[0].code == ProblemCode::ForeignCell));
    assert!(matches!(
        phone.write(Kind::Building, Some(record_id(1)), json!({"name": "甲"})),
        Err(DeviceError::NotFound)
    ));
    let of_kind = phone.device.with_open(|open| open.store().of_kind(&Kind::Building, None)).unwrap();
    assert!(of_kind.is_empty());
}

#[test]
fn saving_what_is_there_already_writes_nothing() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    let (before, generation) = (phone.get(id), phone.device.generation());
    phone.rename(id, "一号楼");
    assert_eq!((phone.get(id), phone.device.generation()), (before, generation));
}

#[test]
fn an_own_visit_is_taken_back_without_trace_until_somebody_could_know_of_it() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (wrong, kept) = (phone.visit(record_id(77)), phone.visit(record_id(78)));
    phone.device.with_open(|open| open.take_back(wrong)).unwrap();
    assert!(phone.get(wrong).is_none());
    server.hub().lose_answers.push_back(domain::protocol::CallError::Offline("cut".into()));
    phone.round();
    let outcome = phone.device.with_open(|open| open.take_back(kept));
    assert!(matches!(outcome, Err(DeviceError::Sealed)), "it was in a request: somebody may know");
    phone.sync();
    assert!(matches!(phone.device.with_open(|open| open.take_back(kept)), Err(DeviceError::Sealed)));
    assert!(!server.hub().records.contains_key(&wrong));
    let building = phone.building("一号楼");
    assert!(matches!(phone.device.with_open(|open| open.take_back(building)), Err(DeviceError::Sealed)));
    assert!(matches!(phone.write(Kind::Visit, Some(kept), json!({"result": "absent"})), Err(DeviceError::Sealed)));
}
