//! A register whose file is broken: whatever page it is, nobody is locked out, nothing is made up, and what is unsent and can be read is
//! sent.

use device::api::{FailureCode, call};
use device::{DeviceError, Phase};
use domain::codes::Lists;
use domain::{Kind, RecordId};
use serde_json::json;

use crate::fake::*;
use crate::phones::*;

/// The pages on which long values of a table go on, in their order.
fn going_on(phone: &Phone, table: &str) -> Vec<usize> {
    const SQL: &str = "SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = 'overflow' ORDER BY path";
    let read = |open: &mut device::Open| {
        let mut statement = open.store().connection().prepare(SQL)?;
        let pages = statement.query_map([table], |row| Ok(row.get::<_, i64>(0)? as usize))?;
        Ok::<_, DeviceError>(pages.collect::<Result<_, _>>()?)
    };
    phone.device.with_open(read).unwrap()
}

/// A page of the register breaks; done a second time, it is whole again.
fn flip_page(phone: &Phone, page: usize) {
    const PAGE: usize = 4096;
    let register = phone.path().join("register.db");
    let mut bytes = std::fs::read(&register).unwrap();
    bytes[(page - 1) * PAGE..page * PAGE].iter_mut().for_each(|byte| *byte ^= 0x5A);
    std::fs::write(&register, bytes).unwrap();
}

/// The app ends, a page of the register breaks, and the app is started again.
fn break_page(phone: &mut Phone, page: usize) {
    phone.device.lock();
    flip_page(phone, page);
    phone.restart_locked();
}

/// While the register is open, a page of an incident cannot be read, and can be a moment later.
fn misread(phone: &Phone, page: usize, incident: RecordId) {
    flip_page(phone, page);
    let shown = call(&phone.device, "incident", json!({"id": incident}), None);
    assert_eq!(shown.unwrap_err().code, FailureCode::RegisterDamaged);
    assert_eq!(phone.device.phase(), Phase::Locked);
    flip_page(phone, page);
}

/// The PIN is told that the register is damaged, and opens the one that took its place.
fn opens_another(phone: &Phone) {
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::RegisterDamaged)));
    phone.device.unlock(PIN).unwrap();
    assert!(phone.path().join("register.damaged-1.db").exists());
}

/// An incident that is told at such length that its row goes on in two other pages.
fn long_incident(phone: &Phone) -> RecordId {
    let fields = json!({"category": "0601", "list_version": 1, "severity": 3, "title": "路灯不亮", "happened_at": START,
        "by": "worker", "text": "长".repeat(2000), "place": "路".repeat(200), "materials": "料".repeat(500)});
    phone.write(Kind::Incident, None, fields).unwrap()
}

/// A phone with a long incident that the server has too, and the page on which that ends.
fn with_a_long_incident() -> (Phone, RecordId, usize) {
    let phone = Phone::new(&Server::new(), 1);
    let long = long_incident(&phone);
    phone.sync();
    let page = *going_on(&phone, "record").last().unwrap();
    (phone, long, page)
}

/// An unlocked phone whose register breaks off in a long incident, which the server has whole.
fn with_a_broken_incident() -> (Phone, RecordId) {
    let (mut phone, long, page) = with_a_long_incident();
    break_page(&mut phone, page);
    phone.device.unlock(PIN).unwrap();
    (phone, long)
}

#[test]
fn a_broken_page_of_the_countys_lists_locks_nobody_out() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    let lists = serde_json::to_string(&Lists::initial()).unwrap().replace('\'', "''");
    for _ in 0..2 {
        phone.tamper(&format!("INSERT INTO meta (key, value) VALUES ('lists', '{lists}')"));
        let pages = going_on(&phone, "meta");
        break_page(&mut phone, *pages.last().unwrap());
        opens_another(&phone);
        assert_eq!(phone.name(unsent), "未送");
    }
    assert!(phone.path().join("register.damaged-2.db").exists(), "the first one stays");
    phone.sync();
    assert!(server.hub().records.contains_key(&unsent));
}

#[test]
fn of_a_long_record_with_a_broken_page_nothing_is_made_up_and_its_neighbours_are_sent() {
    for broken in 0..2 {
        let server = Server::new();
        let mut phone = Phone::new(&server, 1);
        let (before, long, after) = (phone.building("前"), long_incident(&phone), phone.building("后"));
        let pages = going_on(&phone, "record");
        assert_eq!(pages.len(), 2);
        break_page(&mut phone, pages[broken]);
        opens_another(&phone);
        assert!(phone.get(long).is_none());
        phone.sync();
        assert_eq!(phone.state().waiting_records, 0);
        let arrived = |id| server.hub().records.contains_key(&id);
        assert!(arrived(before) && arrived(after) && !arrived(long));
    }
}

#[test]
fn what_is_read_of_a_broken_page_while_the_register_is_open_is_told_as_damage() {
    let (phone, long) = with_a_broken_incident();
    let unsent = phone.building("未送");
    let shown = call(&phone.device, "incident", json!({"id": long}), None);
    assert_eq!(shown.unwrap_err().code, FailureCode::RegisterDamaged);
    assert_eq!(phone.device.phase(), Phase::Locked);
    opens_another(&phone);
    phone.sync();
    assert!(phone.server.hub().records.contains_key(&unsent));
    assert_eq!(phone.get(long).unwrap().text("text"), Some(&*"长".repeat(2000)), "the server still had it");
}

#[test]
fn a_healthy_register_is_opened_again_after_a_read_that_failed_and_nothing_is_set_aside() {
    let (mut phone, long, page) = with_a_long_incident();
    phone.device.lock();
    phone.restart();
    misread(&phone, page, long);
    phone.device.unlock(PIN).unwrap();
    assert_eq!(phone.get(long).unwrap().text("text"), Some(&*"长".repeat(2000)));
    assert!(!phone.path().join("register.damaged-1.db").exists() && !phone.path().join("register.damaged").exists());
}

#[test]
fn what_a_colleague_wrote_is_still_there_when_the_damage_that_an_older_version_noted_was_none() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let theirs = json!({"name": "同事的楼", "building_kind": "farmhouse"});
    server.write(change(record_id(5), Kind::Building, cell(), START, theirs));
    phone.sync();
    phone.device.lock();
    std::fs::write(phone.path().join("register.damaged"), b"").unwrap();
    phone.restart();
    assert_eq!(phone.name(record_id(5)), "同事的楼");
    assert!(!phone.path().join("register.damaged-1.db").exists() && !phone.path().join("register.damaged").exists());
}

#[test]
fn a_register_that_seems_damaged_again_and_again_is_replaced_though_its_file_seems_whole() {
    let (mut phone, long, page) = with_a_long_incident();
    phone.device.lock();
    phone.restart();
    let unsent = phone.building("未送");
    for _ in 0..4 {
        misread(&phone, page, long);
        phone.device.unlock(PIN).unwrap();
    }
    misread(&phone, page, long);
    opens_another(&phone);
    phone.sync();
    assert!(phone.server.hub().records.contains_key(&unsent) && phone.get(long).is_some());
}

#[test]
fn where_no_other_can_be_made_a_register_in_which_nothing_is_found_is_opened_and_a_broken_one_is_not() {
    const AGAIN_AND_AGAIN: &str = r#"{"times":5,"since":0}"#;
    for is_broken in [false, true] {
        let mut phone = Phone::new(&Server::new(), 1);
        long_incident(&phone);
        let page = *going_on(&phone, "record").last().unwrap();
        let unsent = phone.building("未送");
        phone.device.lock();
        if is_broken {
            flip_page(&phone, page);
        }
        std::fs::write(phone.path().join("register.damaged"), AGAIN_AND_AGAIN).unwrap();
        // Something that cannot be removed lies where the new one would be filled.
        std::fs::create_dir(phone.path().join("register.rescue.db")).unwrap();
        phone.restart_locked();
        let opened = phone.device.unlock(PIN);
        match is_broken {
            true => assert!(matches!(opened, Err(DeviceError::StorageBroken(_))), "{opened:?}"),
            false => {
                opened.unwrap();
                assert_eq!(phone.name(unsent), "未送");
            }
        }
        assert!(!phone.path().join("register.damaged-1.db").exists());
    }
}

#[test]
fn what_is_written_after_a_broken_page_was_met_is_not_said_to_be_saved() {
    let (phone, long) = with_a_broken_incident();
    let form = json!({"text": "半句话"});
    let outcome = phone.device.with_open(|open| {
        let _made_up = open.store().get(long);
        open.store().save_draft("form", &form, START)
    });
    assert!(matches!(outcome, Err(DeviceError::RegisterDamaged)), "{outcome:?}");
}

#[test]
fn a_broken_page_of_one_form_costs_no_other_form() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    for (key, length) in [("a", 10), ("b", 3_000), ("c", 10), ("d", 3_000), ("e", 10)] {
        let value = json!({"text": "字".repeat(length)});
        phone.device.with_open(|open| open.store().save_draft(key, &value, START)).unwrap();
    }
    let pages = going_on(&phone, "draft");
    break_page(&mut phone, pages[0]);
    break_page(&mut phone, *pages.last().unwrap());
    phone.device.unlock(PIN).unwrap();
    assert_eq!(call(&phone.device, "draft", json!({"key": "d"}), None).unwrap_err().code, FailureCode::RegisterDamaged);
    opens_another(&phone);
    let kept = |key: &&str| phone.device.with_open(|open| open.store().draft(key)).unwrap().is_some();
    assert_eq!(["a", "b", "c", "d", "e"].into_iter().filter(|key| kept(key)).count(), 3);
    assert!(kept(&"c"), "it lies between the two");
}

#[test]
fn a_row_of_what_is_unsent_that_holds_no_record_does_not_keep_the_others_from_being_sent() {
    for (spoilt, is_lost) in [
        ("UPDATE record SET body = '没有'", true),
        ("UPDATE record SET body = '{}'", true),
        ("UPDATE unsent SET fields = '没有'", false),
    ] {
        let server = Server::new();
        let mut phone = Phone::new(&server, 1);
        let (other, unreadable) = (phone.building("好"), phone.building("坏"));
        phone.tamper(&format!("{spoilt} WHERE id = '{unreadable}'"));
        phone.device.lock();
        phone.restart_locked();
        opens_another(&phone);
        phone.sync();
        let hub = server.hub();
        assert!(hub.records.contains_key(&other), "{spoilt}");
        assert_eq!(hub.records.contains_key(&unreadable), !is_lost, "{spoilt}");
    }
}

#[test]
fn a_register_that_does_not_say_whose_it_is_is_replaced_by_one_that_does() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let unsent = phone.building("未送");
    phone.tamper("DELETE FROM meta WHERE key = 'account'");
    phone.device.lock();
    phone.restart_locked();
    opens_another(&phone);
    phone.sync();
    assert!(server.hub().records.contains_key(&unsent));
}

#[test]
fn a_register_of_which_nothing_is_left_leaves_a_phone_that_can_be_enrolled() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    phone.device.lock();
    std::fs::write(phone.path().join("register.db"), b"").unwrap();
    phone.restart_locked();
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::RegisterDamaged)));
    assert_eq!(phone.device.phase(), Phase::Empty);
    let cost = device::crypto::KeyCost::SIMULATION;
    phone.device.enrol_at_cost("https://server.example", &enrolment(1), PIN, cost).unwrap();
}

#[test]
fn what_another_version_wrote_sets_nothing_aside() {
    for (written, damage_was_noted) in [
        (r#"UPDATE meta SET value = '{"role":"of another version"}' WHERE key = 'account'"#, false),
        ("PRAGMA user_version = 999", false),
        ("PRAGMA user_version = 999", true),
    ] {
        let server = Server::new();
        let mut phone = Phone::new(&server, 1);
        phone.tamper(written);
        phone.device.lock();
        if damage_was_noted {
            std::fs::write(phone.path().join("register.damaged"), b"").unwrap();
        }
        phone.restart_locked();
        let outcome = phone.device.unlock(PIN);
        let told = matches!(outcome, Err(DeviceError::StorageBroken(_) | DeviceError::NewerFile { .. }));
        assert!(told, "{written}: {outcome:?}");
        assert!(!phone.path().join("register.damaged-1.db").exists(), "{written}");
        assert!(phone.path().join("register.db").exists(), "{written}");
    }
}

#[test]
fn a_replacement_that_broke_off_is_finished_before_a_pin_opens_anything() {
    const MOVES: [(&str, &str); 4] = [
        ("register.db-wal", "register.damaged-1.db-wal"),
        ("register.db", "register.damaged-1.db"),
        ("register.rescue.db", "register.db"),
        ("register.rescue.db-wal", "register.db-wal"),
    ];
    for moved in 0..=MOVES.len() {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        let unsent = phone.building("未送");
        let file = |name: &str| phone.path().join(name);
        let rescued = ["", "-wal"].map(|ending| {
            (format!("register.rescue.db{ending}"), std::fs::read(file(&format!("register.db{ending}"))).unwrap())
        });
        phone.device.lock();
        for (name, bytes) in &rescued {
            std::fs::write(file(name), bytes).unwrap();
        }
        std::fs::write(file("register.db"), [1; 4096]).unwrap();
        std::fs::write(file("register.db-wal"), [2; 4096]).unwrap();
        std::fs::write(file("register.replaced"), br#"{"number":1,"rescued":true}"#).unwrap();
        for (from, to) in MOVES[..moved].iter().copied() {
            std::fs::rename(file(from), file(to)).unwrap();
        }
        phone.device.unlock(PIN).unwrap();
        assert_eq!(phone.name(unsent), "未送", "{moved}");
        assert_eq!(std::fs::read(file("register.damaged-1.db")).unwrap(), [1; 4096], "{moved}");
    }
}

#[test]
fn while_nobody_can_read_which_file_is_the_register_none_is_opened() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.device.lock();
    std::fs::create_dir(phone.path().join("register.replaced")).unwrap();
    let before = std::fs::read(phone.path().join("register.db")).unwrap();
    assert!(matches!(phone.device.unlock(PIN), Err(DeviceError::StorageBroken(_))));
    assert_eq!(std::fs::read(phone.path().join("register.db")).unwrap(), before);
    std::fs::remove_dir(phone.path().join("register.replaced")).unwrap();
    phone.device.unlock(PIN).unwrap();
}
