//! The file: killed, full, from a newer version, damaged.

use device::DeviceError;
use domain::{Kind, Problem, ProblemCode, RecordId, Sha256Hex};
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

/// From here on the register may grow by so many pages only.
fn leave_room(phone: &Phone, pages: i64) {
    let limit = |open: &mut device::Open| {
        let connection = open.store().connection();
        let here: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        Ok::<_, DeviceError>(connection.pragma_update(None, "max_page_count", here + pages)?)
    };
    phone.device.with_open(limit).unwrap();
}

#[test]
fn on_a_full_phone_waiting_pictures_are_sent_and_then_make_room() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.sync();
    let incident = (record_id(42), "incident");
    let (_, hash) = phone.photograph(incident, &[7; 700_000]).unwrap();
    leave_room(&phone, 8);
    assert!(matches!(phone.photograph(incident, &[8; 700_000]), Err(DeviceError::StorageFull)));
    assert_eq!(phone.sync().photos, 1);
    assert!(server.hub().stored.contains_key(&hash));
    assert_eq!(phone.state().waiting_photos, 0);
    phone.call("free_storage", json!({}));
    phone.photograph(incident, &[8; 700_000]).unwrap();
}

#[test]
fn a_full_storage_refuses_the_new_and_keeps_the_old() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    leave_room(&phone, 6);
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
fn pieces_of_pictures_in_a_form_get_none_of_the_room_for_text() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let reserve = phone.path().join("reserve");
    std::fs::write(&reserve, [1; 100]).unwrap();
    leave_room(&phone, 2);
    let keep = |value: String| phone.device.with_open(|open| open.store().save_draft("form", &json!(value), START));
    assert!(matches!(keep("A".repeat(240_000)), Err(DeviceError::StorageFull)));
    assert!(reserve.exists(), "what somebody types next still fits");
    assert!(keep("字".repeat(20_000)).is_err() && !reserve.exists());
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
fn what_of_a_rescued_register_lies_in_its_log_alone_takes_the_damaged_ones_place_with_it() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    let rescued = ["", "-wal"].map(|ending| {
        let bytes = std::fs::read(phone.path().join(format!("register.db{ending}"))).unwrap();
        (phone.path().join(format!("register.rescue.db{ending}")), bytes)
    });
    phone.device.lock();
    rescued.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    std::fs::write(phone.path().join("register.db"), [1; 4096]).unwrap();
    std::fs::write(phone.path().join("register.replaced"), br#"{"number":1,"rescued":true}"#).unwrap();
    phone.restart();
    assert_eq!(phone.name(unsent), "未送");
    assert_eq!(std::fs::read(phone.path().join("register.damaged-1.db")).unwrap(), [1; 4096]);
}

#[test]
fn a_register_that_does_not_say_any_more_whose_it_is_keeps_what_was_unsent_for_whoever_is_signed_in_again() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    phone.tamper("DELETE FROM meta");
    replace_register(&mut phone);
    phone.restart();
    assert_eq!(phone.state().phase, device::SyncPhase::SignedOut);
    assert_eq!(phone.name(unsent), "未送");
    phone.device.enrol_again("https://server.example", &enrolment(1)).unwrap();
    phone.sync();
    assert!(server.hub().records.contains_key(&unsent));
}

#[test]
fn an_unsent_record_of_a_time_when_rows_did_not_say_who_wrote_them_survives_a_damaged_register() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    phone.tamper("UPDATE record SET own_at = NULL");
    replace_register(&mut phone);
    phone.restart();
    assert_eq!(phone.name(unsent), "未送");
    phone.sync();
    assert!(server.hub().records.contains_key(&unsent));
}

#[test]
fn what_was_handed_over_erased_or_decided_survives_a_damaged_register() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    const TABLES: [&str; 3] = ["received", "erased", "conflict"];
    phone.tamper(
        "INSERT INTO received (id, kind, cell, body, deleted) VALUES ('a', 'evacuation', '610722001001001', '{}', 0);
         INSERT INTO erased (id) VALUES ('b');
         INSERT INTO conflict (id, field, stamp, body, told, state) VALUES ('c', 'name', '1', '{}', 0, 'decided')",
    );
    replace_register(&mut phone);
    phone.restart();
    for table in TABLES {
        let rows: i64 = phone
            .device
            .with_open::<_, DeviceError>(|open| {
                let sql = format!("SELECT count(*) FROM {table}");
                Ok(open.store().connection().query_row(&sql, [], |row| row.get(0))?)
            })
            .unwrap();
        assert_eq!(rows, 1, "{table}");
    }
}

/// A photo whose record the server has and whose picture waits; the record is lost with a page of the register, which is replaced.
fn photo_without_its_record(server: &Server, phone: &mut Phone) -> (RecordId, Sha256Hex) {
    let (id, hash) = phone.photograph((record_id(42), "incident"), &[7; 100_000]).unwrap();
    server.hub().appends_left = 0;
    phone.round();
    assert!(phone.is_sent(id));
    phone.tamper("DELETE FROM record WHERE kind = 'photo'");
    replace_register(phone);
    phone.restart();
    // Whatever is taken back looks for pictures that nothing names.
    let visit = phone.visit(record_id(77));
    phone.device.with_open(|open| open.take_back(visit)).unwrap();
    (id, hash)
}

fn has_picture(phone: &Phone, hash: &Sha256Hex) -> bool {
    phone.device.with_open(|open| open.store().photo_file(hash)).unwrap().is_some()
}

#[test]
fn a_picture_whose_record_was_lost_with_a_page_waits_for_it_to_come_down_and_is_sent() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let (id, hash) = photo_without_its_record(&server, &mut phone);
    assert!(phone.get(id).is_none() && has_picture(&phone, &hash));
    phone.round();
    assert_eq!((phone.get(id).is_some(), phone.state().waiting_photos), (true, 1), "it is this phone's to send");
    server.hub().appends_left = usize::MAX;
    phone.sync();
    assert!(server.hub().stored.contains_key(&hash));
    assert_eq!(phone.state().phase, device::SyncPhase::Safe);
}

#[test]
fn a_picture_whose_record_does_not_come_down_either_goes_after_a_whole_round() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let (id, hash) = photo_without_its_record(&server, &mut phone);
    server.hub().records.remove(&id);
    assert!(has_picture(&phone, &hash));
    phone.sync();
    assert!(!has_picture(&phone, &hash));
}

#[test]
fn a_picture_that_refused_or_unsent_words_name_survives_a_damaged_register_though_it_was_sent_for_another_photo() {
    for code in [ProblemCode::TooManyPhotos, ProblemCode::StampFuture] {
        let server = Server::new();
        let mut phone = Phone::new(&server, 1);
        let (_, hash) = phone.photograph((record_id(42), "incident"), &[7; 1000]).unwrap();
        let (second, _) = phone.photograph((record_id(43), "incident"), &[7; 1000]).unwrap();
        server.hub().refuse = Box::new(move |change| (change.id == second).then_some(code));
        assert_eq!((phone.sync().photos, phone.state().waiting_photos), (1, 0));
        replace_register(&mut phone);
        phone.restart();
        assert!(has_picture(&phone, &hash), "it is no copy of what the server has: {code:?}");
        assert_eq!(phone.state().waiting_photos, 1);
        server.hub().stored.clear();
        phone.sync();
        assert!(server.hub().stored.contains_key(&hash));
    }
}

/// The register is damaged where opening it does not look, and that was noted: another takes its place with the next PIN.
fn replace_register(phone: &mut Phone) {
    phone.tamper("INSERT INTO meta (key, value) VALUES ('half', '[\"half')");
    phone.device.lock();
    std::fs::write(phone.path().join("register.damaged"), b"").unwrap();
    phone.restart_locked();
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::RegisterDamaged)));
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
