//! What phones tell of themselves, what the desk makes of it, and what it is told after a restore.

use axum::http::StatusCode;
use domain::health::{DeviceHealth, WAITING_MAX};
use domain::order::DeviceOrder;
use domain::protocol::CallRefusal;
use domain::scope::Role;
use serde_json::{Value, json};
use sync_server::hub::health::DeviceNeed;
use sync_server::hub::phones::DeviceLine;
use sync_server::store::{HealthTold, Store as _};

use crate::common::{County, DAY, HOUR, START, TestPhone, cell, json_request, send};

const GIB: u64 = 1 << 30;

fn health() -> DeviceHealth {
    DeviceHealth {
        app_version: "0.1.0".into(),
        waiting_changes: 0,
        waiting_photos: 0,
        refused: 0,
        register_bytes: GIB / 20,
        free_bytes: Some(4 * GIB),
    }
}

fn tell(phone: &mut TestPhone, health: DeviceHealth) {
    let mut request = phone.request(Vec::new());
    request.health = Some(health);
    phone.hub.exchange(&phone.phone(), &request).unwrap();
}

fn line(county: &County, phone: &TestPhone) -> DeviceLine {
    let id = phone.phone().device;
    let boss = county.supervisor("boss", "610722001001");
    county.hub.devices_for(&boss.actor).unwrap().into_iter().find(|line| line.device.id == id).unwrap()
}

fn told(county: &County, phone: &TestPhone) -> Option<HealthTold> {
    line(county, phone).device.health
}

#[test]
fn a_phone_that_never_told_is_unknown_and_one_that_told_is_known_with_its_moment() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    phone.round(Vec::new());
    assert_eq!(told(&county, &phone), None);
    assert!(line(&county, &phone).needs.is_empty(), "unknown is not unwell");
    county.world.pass(HOUR / 2);
    tell(&mut phone, DeviceHealth { waiting_photos: 3, refused: 1, app_version: "0.2.0".into(), ..health() });
    let wanted = HealthTold {
        at: START + HOUR / 2,
        waiting_changes: 0,
        waiting_photos: 3,
        waiting_since: Some(START + HOUR / 2),
        refused: 1,
        register_bytes: GIB / 20,
        free_bytes: Some(4 * GIB),
    };
    assert_eq!(told(&county, &phone), Some(wanted.clone()));
    assert_eq!(line(&county, &phone).device.app_version, "0.2.0");
    // A round that tells nothing changes nothing.
    county.world.pass(60_000);
    phone.round(Vec::new());
    assert_eq!(told(&county, &phone), Some(wanted));
}

#[test]
fn what_waits_counts_from_when_it_was_first_told_until_nothing_waits() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let since = |county: &County, phone: &TestPhone| told(county, phone).unwrap().waiting_since.map(|at| at - START);
    tell(&mut phone, DeviceHealth { waiting_photos: 3, ..health() });
    county.world.pass(HOUR / 2);
    tell(&mut phone, DeviceHealth { waiting_changes: 1, ..health() });
    assert_eq!(since(&county, &phone), Some(0));
    tell(&mut phone, health());
    assert_eq!(since(&county, &phone), None);
    tell(&mut phone, DeviceHealth { waiting_changes: 1, ..health() });
    assert_eq!(since(&county, &phone), Some(HOUR / 2));
}

#[test]
fn a_phone_needs_help_for_what_waits_long_was_refused_is_old_or_nearly_full_or_when_it_fell_silent() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let mut colleague = county.worker("worker-b", &[cell(2)]);
    let needs = |county: &County, phone: &TestPhone| line(county, phone).needs;
    tell(&mut phone, DeviceHealth { waiting_photos: 3, ..health() });
    tell(&mut colleague, DeviceHealth { app_version: "0.10.0".into(), ..health() });
    assert_eq!(
        needs(&county, &phone),
        [DeviceNeed::OldApp],
        "0.1.0 is before 0.10.0; what waits has only begun to wait"
    );
    assert_eq!(line(&county, &phone).newer_app.as_deref(), Some("0.10.0"));
    assert!(needs(&county, &colleague).is_empty());
    tell(&mut phone, DeviceHealth { refused: 2, free_bytes: Some(GIB / 8), app_version: "0.10.0".into(), ..health() });
    assert_eq!(needs(&county, &phone), [DeviceNeed::Refused, DeviceNeed::Storage]);
    tell(&mut phone, DeviceHealth { waiting_changes: 2, app_version: "nightly".into(), ..health() });
    let device = phone.phone().device;
    county.world.pass(2 * DAY);
    let of = |county: &County| {
        let boss = county.supervisor("boss", "610722001001");
        county.hub.devices_for(&boss.actor).unwrap().into_iter().find(|line| line.device.id == device).unwrap().needs
    };
    assert_eq!(of(&county), [DeviceNeed::Waiting], "a version that cannot be compared is not called old");
    county.world.pass(13 * DAY);
    assert_eq!(of(&county), [DeviceNeed::Waiting, DeviceNeed::Silent]);
    let boss = county.supervisor("boss", "610722001001");
    county.hub.order_device(&boss.actor, device, DeviceOrder::Lock).unwrap();
    assert!(of(&county).is_empty(), "an order looks after it");
}

#[test]
fn the_newest_app_is_that_of_the_phones_that_somebody_sees() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let elsewhere = domain::CellCode::new("610722002001001").unwrap();
    let mut far = county.worker("worker-z", &[elsewhere]);
    tell(&mut phone, health());
    tell(&mut far, DeviceHealth { app_version: "9.0.0".into(), ..health() });
    assert!(line(&county, &phone).needs.is_empty(), "what another town has is not told here");
    let chief = county.supervisor("chief", "610722");
    let lines = county.hub.devices_for(&chief.actor).unwrap();
    let own = lines.iter().find(|line| line.device.id == phone.phone().device).unwrap();
    assert_eq!(own.needs, [DeviceNeed::OldApp]);
}

#[test]
fn what_is_absurd_is_not_kept_and_holds_nothing_up() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    tell(&mut phone, health());
    let before = told(&county, &phone);
    for wrong in [
        DeviceHealth { waiting_changes: WAITING_MAX + 1, ..health() },
        DeviceHealth { free_bytes: Some(u64::MAX), ..health() },
        DeviceHealth { register_bytes: u64::MAX, ..health() },
        DeviceHealth { app_version: "1\u{0}".into(), ..health() },
        DeviceHealth { app_version: "9".repeat(200), ..health() },
        DeviceHealth { app_version: String::new(), ..health() },
    ] {
        let home = phone.new_home(&cell(1));
        let mut request = phone.request(home.to_vec());
        request.health = Some(wrong.clone());
        let answer = phone.hub.exchange(&phone.phone(), &request).unwrap();
        assert_eq!(answer.verdicts, vec![domain::protocol::Verdict::Accepted; 3], "{wrong:?}");
        assert_eq!(told(&county, &phone), before, "{wrong:?}");
    }
}

#[tokio::test]
async fn over_http_what_cannot_be_read_of_a_phones_health_is_left_out_and_the_round_goes_on() {
    let county = County::new();
    let router = county.router();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bearer = format!("Bearer {}", phone.tokens.access);
    for wrong in [
        json!({"app_version": "0.1.0", "waiting_changes": -1}),
        json!({"app_version": "0.1.0", "free_bytes": 1.5}),
        json!({"app_version": 1}),
        json!({"waiting_photos": 2}),
        json!([1, 2]),
        json!("well"),
        Value::Null,
    ] {
        let home = phone.new_home(&cell(1));
        let mut request = serde_json::to_value(phone.request(home.to_vec())).unwrap();
        request["health"] = wrong.clone();
        // The same goes for how much may come down.
        request["room"] = wrong.clone();
        let call = json_request("POST", "/v1/exchange", &[("authorization", &bearer)], request.to_string());
        let answer = send(&router, call).await;
        assert_eq!(answer.status, StatusCode::OK, "{wrong}");
        assert_eq!(answer.json()["verdicts"][0]["verdict"], "accepted", "{wrong}");
        assert_eq!(told(&county, &phone), None, "{wrong}");
    }
    // What a later version adds is left alone; what it leaves out is nought or unknown.
    let mut request = serde_json::to_value(phone.request(Vec::new())).unwrap();
    request["health"] = json!({"app_version": "0.1.0", "battery": 12});
    let call = json_request("POST", "/v1/exchange", &[("authorization", &bearer)], request.to_string());
    assert_eq!(send(&router, call).await.status, StatusCode::OK);
    assert_eq!(told(&county, &phone).map(|told| (told.waiting_changes, told.free_bytes)), Some((0, None)));
}

#[test]
fn after_a_restore_the_desk_is_told_until_an_administrator_has_looked_after_it() {
    let mut county = County::new();
    let admin = |county: &County, name: &str, scope: &str| {
        county.account(name, Role::Admin, &[scope], &[]);
        county.hub.sign_in(name, crate::common::PASSWORD).unwrap().desk.actor
    };
    let chief = admin(&county, "chief", "610722");
    let neighbour = admin(&county, "neighbour", "610723");
    let boss = county.supervisor("boss", "610722001001").actor;
    county.account("auditor", Role::Auditor, &["610722"], &[]);
    let auditor = county.hub.sign_in("auditor", crate::common::PASSWORD).unwrap().desk.actor;
    assert_eq!(county.hub.put_back_for(&chief).unwrap(), None);
    assert_eq!(county.hub.look_after_put_back(&chief, START).unwrap_err().code(), CallRefusal::Stale);
    // Put back twice: it must not lie in the folder that goes.
    let elsewhere = tempfile::tempdir().unwrap();
    let backup = elsewhere.path().join("copy.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(DAY);
    county.put_back(&backup);
    for actor in [&chief, &boss, &neighbour] {
        let found = county.hub.put_back_for(actor).unwrap().unwrap();
        assert_eq!((found.at, found.backed_up_at), (START + DAY, Some(START)));
    }
    assert_eq!(county.hub.put_back_for(&auditor).unwrap_err().code(), CallRefusal::NotAllowed);
    for actor in [&boss, &auditor] {
        let refused = county.hub.look_after_put_back(actor, START + DAY).unwrap_err();
        assert_eq!(refused.code(), CallRefusal::NotAllowed);
    }
    let stale = county.hub.look_after_put_back(&chief, START).unwrap_err();
    assert_eq!(stale.code(), CallRefusal::Stale, "of another restore");
    for _ in 0..2 {
        county.hub.look_after_put_back(&chief, START + DAY).unwrap();
    }
    assert_eq!((county.hub.put_back_for(&chief).unwrap(), county.hub.put_back_for(&boss).unwrap()), (None, None));
    assert!(county.hub.put_back_for(&neighbour).unwrap().is_some(), "another county looks after its own");
    let noted = county.hub.store().read(|reading| reading.audit(50)).unwrap();
    let noted: Vec<_> = noted.iter().filter(|entry| entry.action == "put_back_looked_after").collect();
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0].who, "chief");
    // Put back once more, it is to be looked after once more.
    county.world.pass(DAY);
    county.put_back(&backup);
    assert!(county.hub.put_back_for(&boss).unwrap().is_some());
}
